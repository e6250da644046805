//! Which characters XML 1.0 (fifth edition) allows, and where.

/// Bits of [`ASCII`].
const NAME_START: u8 = 1;
const NAME_CHAR: u8 = 2;

/// What each ASCII character may do in a name. The colon is left out: a prefix is split off before names are judged.
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() || byte == b'_' {
            table[at] = NAME_START | NAME_CHAR;
        } else if byte.is_ascii_digit() || byte == b'-' || byte == b'.' {
            table[at] = NAME_CHAR;
        }
        at += 1;
    }
    table
};

/// May this character begin a name (no colon)? Source: XML 1.0, production 4.
pub(crate) fn is_name_start(c: char) -> bool {
    match c {
        '\0'..='\x7f' => ASCII[c as usize] & NAME_START != 0,
        _ => matches!(c,
            '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}'),
    }
}

/// May this character stand in a name (no colon)? Source: XML 1.0, production 4a.
pub(crate) fn is_name_char(c: char) -> bool {
    match c {
        '\0'..='\x7f' => ASCII[c as usize] & NAME_CHAR != 0,
        '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}' => true,
        _ => is_name_start(c),
    }
}

/// A name without a colon. Source: Namespaces in XML 1.0, production 4.
pub fn is_nc_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// A name as XML itself has it, colons allowed anywhere. Source: XML 1.0, production 5.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == ':' || is_name_start(c)) && chars.all(|c| c == ':' || is_name_char(c))
}

/// One or more name characters in any order. Source: XML 1.0, production 7.
pub fn is_nmtoken(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == ':' || is_name_char(c))
}

/// May this character stand in a document at all? Source: XML 1.0, production 2.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The first character that no XML document may hold: one sweep over the text, so that nothing later need look.
pub fn first_illegal(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut found = None;
    for (chunk, block) in bytes.chunks(4096).enumerate() {
        // Without branches, which the compiler turns into vector code; only a bad block is looked at closely.
        let bad = block.iter().fold(0u8, |bad, &b| {
            bad | u8::from(b < 0x20) & u8::from(b != b'\t') & u8::from(b != b'\n') & u8::from(b != b'\r')
        });
        if bad != 0 {
            let within = block.iter().position(|&b| b < 0x20 && !is_space(b));
            found = within.map(|at| chunk * 4096 + at);
            break;
        }
    }
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let before = &bytes[..found.unwrap_or(bytes.len())];
    let high =
        memchr::memchr_iter(0xEF, before).find(|&at| matches!(before.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])));
    high.or(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_productions() {
        assert!(is_nc_name("sender_MarketParticipant.mRID"));
        assert!(is_nc_name("Ærø"));
        assert!(!is_nc_name(""));
        assert!(!is_nc_name("1a"));
        assert!(!is_nc_name("a:b"));
        assert!(is_name("a:b"));
        assert!(is_nmtoken("1-a"));
        assert!(!is_nmtoken("a b"));
    }

    #[test]
    fn illegal_characters_are_found_where_they_stand() {
        assert_eq!(first_illegal("a\tb\r\nc"), None);
        assert_eq!(first_illegal("ab\u{1}"), Some(2));
        assert_eq!(first_illegal("\u{FFFD}"), None);
        assert_eq!(first_illegal("x\u{FFFE}"), Some(1));
        let far = format!("{}\u{0}", "x".repeat(9000));
        assert_eq!(first_illegal(&far), Some(9000));
    }
}
