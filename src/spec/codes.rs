//! A list of codes, found fast. Market codes have three letters; eight fit into one number.

/// A closed list of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// Codes of up to eight bytes, packed so that they sort as numbers.
    short: Vec<u64>,
    /// The same in a table to look into: a power of two of places, half of them free. Zero is free.
    table: Vec<u64>,
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
        codes.table = vec![0; (codes.short.len() * 2 + 1).next_power_of_two()];
        // The empty code is zero, and found otherwise.
        for &packed in codes.short.iter().filter(|&&packed| packed != 0) {
            let mut at = place(packed, codes.table.len());
            while codes.table[at] != 0 {
                at = (at + 1) % codes.table.len();
            }
            codes.table[at] = packed;
        }
        codes
    }

    /// Is this one of the codes of one to eight bytes? Packed: the first byte highest, the rest zero.
    #[inline]
    pub(super) fn contains_packed(&self, packed: u64) -> bool {
        let mut at = place(packed, self.table.len());
        loop {
            let found = self.table[at];
            if found == packed {
                return packed != 0;
            }
            if found == 0 {
                return false;
            }
            at = (at + 1) & (self.table.len() - 1);
        }
    }

    #[inline]
    pub(super) fn contains(&self, value: &str) -> bool {
        match pack(value) {
            Some(0) => self.short.first() == Some(&0),
            Some(packed) => self.contains_packed(packed),
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

/// Where a code is looked for first.
#[inline]
fn place(packed: u64, places: usize) -> usize {
    (packed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & (places - 1)
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
