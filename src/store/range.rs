//! Where a page begins and ends, and which way it goes, the same for every store.

use std::ops::Bound;

use crate::record::{Key, KeyRange};

pub(super) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The order in which a page gives out the records of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From the first key on.
    Onward,
    /// From the last key back.
    Back,
}

impl Way {
    /// The bounds of what is left of `range` once everything up to `behind`, with it, has been given out; `None` when
    /// nothing can be.
    pub fn rest_of<'a>(self, range: &'a KeyRange, behind: Option<&'a Key>) -> Option<Bounds<'a>> {
        let (mut from, mut to) = (Bound::Included(range.from.as_bytes()), range.to.as_bytes());
        let behind = behind.map(Key::as_bytes);
        match self {
            Way::Onward => from = behind.filter(|key| *key >= range.from.as_bytes()).map_or(from, Bound::Excluded),
            Way::Back => to = behind.map_or(to, |key| key.min(to)),
        }
        let (Bound::Included(first) | Bound::Excluded(first)) = from else { return None };
        (first < to).then_some((from, Bound::Excluded(to)))
    }

    /// Whether one key is given out before another.
    pub fn is_before(self, one: &[u8], other: &[u8]) -> bool {
        match self {
            Way::Onward => one < other,
            Way::Back => one > other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Space;

    #[test]
    fn nothing_is_left_behind_the_end_and_everything_before_the_beginning() {
        let key = |number| Key::new(Space(1)).number(number);
        let range = KeyRange { from: key(10), to: key(20) };
        let bytes = |number| key(number).as_bytes().to_vec();
        let rest =
            |after: u64| Way::Onward.rest_of(&range, Some(&key(after))).map(|(from, _)| from.map(<[u8]>::to_vec));
        assert_eq!(rest(9), Some(Bound::Included(bytes(10))));
        assert_eq!(rest(10), Some(Bound::Excluded(bytes(10))));
        assert_eq!(rest(19), Some(Bound::Excluded(bytes(19))));
        assert_eq!(rest(20), None);
        let rest = |before: u64| Way::Back.rest_of(&range, Some(&key(before))).map(|(_, to)| to.map(<[u8]>::to_vec));
        assert_eq!(rest(21), Some(Bound::Excluded(bytes(20))));
        assert_eq!(rest(20), Some(Bound::Excluded(bytes(20))));
        assert_eq!(rest(11), Some(Bound::Excluded(bytes(11))));
        assert_eq!(rest(10), None);
        for way in [Way::Onward, Way::Back] {
            assert!(way.rest_of(&KeyRange { from: key(2), to: key(1) }, None).is_none());
        }
    }
}
