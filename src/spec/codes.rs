//! A list of codes, found fast. Market codes have three letters; eight fit into one number.

/// A closed list of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// Codes of up to eight bytes, packed so that they sort as numbers.
    short: Vec<u64>,
    /// All longer ones, sorted.
    long: Vec<String>,
}

impl Codes {
    pub(super) fn new(values: impl IntoIterator<Item = String>) -> Codes {
        let mut codes = Codes::default();
        for value in values {
            match pack(&value) {
                Some(packed) => codes.short.push(packed),
                None => codes.long.push(value),
            }
        }
        codes.short.sort_unstable();
        codes.short.dedup();
        codes.long.sort_unstable();
        codes.long.dedup();
        codes
    }

    #[inline]
    pub(super) fn contains(&self, value: &str) -> bool {
        match pack(value) {
            Some(packed) => self.short.binary_search(&packed).is_ok(),
            None => self.long.binary_search_by(|code| code.as_str().cmp(value)).is_ok(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    /// All of them, the short ones first.
    pub(super) fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.short.iter().map(|&packed| unpack(packed)).chain(self.long.iter().cloned())
    }
}

/// Packs up to eight bytes, first byte highest. No value holds a zero byte, so no two values pack alike.
#[inline]
fn pack(value: &str) -> Option<u64> {
    if value.len() > 8 {
        return None;
    }
    let packed = value.bytes().fold(0u64, |sum, byte| sum << 8 | u64::from(byte));
    // Eight bytes fill the number; fewer are moved up, so that "A" stays before "A01".
    Some(if value.is_empty() { 0 } else { packed << (8 * (8 - value.len())) })
}

fn unpack(packed: u64) -> String {
    let bytes: Vec<u8> = packed.to_be_bytes().into_iter().take_while(|&b| b != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_nothing_else() {
        let list = ["D10", "E17", "23", "", "12345678", "5790001330590", "NTZZÆ"];
        let codes = Codes::new(list.iter().map(|c| c.to_string()));
        for code in list {
            assert!(codes.contains(code), "{code}");
        }
        for wrong in ["D1", "D100", "d10", "2", "1234567", "123456789", "579000133059", " D10"] {
            assert!(!codes.contains(wrong), "{wrong}");
        }
        assert_eq!(codes.len(), 7);
        assert_eq!(codes.iter().count(), 7);
        assert!(codes.iter().any(|code| code == "NTZZÆ"));
    }
}
