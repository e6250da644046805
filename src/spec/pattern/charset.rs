//! Sets of characters, as sorted ranges that do not touch.

use crate::xml::{is_name_char, is_name_start};

const LAST: u32 = 0x10_FFFF;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct CharSet {
    /// First and last code point of each range, both inside.
    pub ranges: Vec<(u32, u32)>,
}

impl CharSet {
    pub(super) fn one(c: char) -> CharSet {
        CharSet { ranges: vec![(c as u32, c as u32)] }
    }

    pub(super) fn of(ranges: &[(u32, u32)]) -> CharSet {
        let mut set = CharSet { ranges: ranges.to_vec() };
        set.settle();
        set
    }

    /// Sorts, and joins what overlaps or touches.
    fn settle(&mut self) {
        self.ranges.sort_unstable();
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for &(from, to) in &self.ranges {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.ranges = joined;
    }

    pub(super) fn add(&mut self, other: &CharSet) {
        self.ranges.extend_from_slice(&other.ranges);
        self.settle();
    }

    pub(super) fn negate(&self) -> CharSet {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = 0;
        for &(first, last) in &self.ranges {
            if first > from {
                ranges.push((from, first - 1));
            }
            from = last + 1;
        }
        if from <= LAST {
            ranges.push((from, LAST));
        }
        CharSet { ranges }
    }

    pub(super) fn without(&self, other: &CharSet) -> CharSet {
        let mut outside = self.negate();
        outside.add(other);
        outside.negate()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// All characters for which a property holds. Walks through Unicode, which takes a few milliseconds.
    fn filter(holds: impl Fn(char) -> bool) -> CharSet {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for c in (0..=LAST).filter_map(char::from_u32).filter(|&c| holds(c)) {
            match ranges.last_mut() {
                Some(last) if last.1 + 1 == c as u32 => last.1 += 1,
                _ => ranges.push((c as u32, c as u32)),
            }
        }
        CharSet { ranges }
    }

    /// `\s`, `\i`, `\c`, `\d` and `\w`; capitals are their complements. Source: XML Schema Part 2, F.1.1.
    pub(super) fn of_escape(letter: char) -> Option<CharSet> {
        Some(match letter {
            's' => CharSet::of(&[(0x20, 0x20), (9, 10), (13, 13)]),
            'i' => CharSet::filter(|c| c == ':' || is_name_start(c)),
            'c' => CharSet::filter(|c| c == ':' || is_name_char(c)),
            'd' => CharSet::of_category("Nd")?,
            'w' => {
                let mut outside = CharSet::of_category("P")?;
                outside.add(&CharSet::of_category("Z")?);
                outside.add(&CharSet::of_category("C")?);
                outside.negate()
            }
            'S' | 'I' | 'C' | 'D' | 'W' => CharSet::of_escape(letter.to_ascii_lowercase())?.negate(),
            _ => return None,
        })
    }

    /// A general category of Unicode by its one or two letters.
    pub(super) fn of_category(name: &str) -> Option<CharSet> {
        const KNOWN: &str = " L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po Z Zs Zl Zp S Sm Sc Sk So \
                             C Cc Cf Co Cn ";
        if name.contains(' ') || !KNOWN.contains(&format!(" {name} ")) {
            return None;
        }
        let parsed = regex_syntax::parse(&format!("\\p{{{name}}}")).ok()?;
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = parsed.kind() else {
            return None;
        };
        Some(CharSet::of(&class.ranges().iter().map(|r| (r.start() as u32, r.end() as u32)).collect::<Vec<_>>()))
    }
}
