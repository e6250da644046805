//! Where a page begins and ends, the same for every store.

use std::ops::Bound;

use crate::record::{Key, KeyRange};

pub(super) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The bounds of what is left of `range` behind `after`, or `None` when nothing can be.
pub(super) fn rest_of<'a>(range: &'a KeyRange, after: Option<&'a Key>) -> Option<Bounds<'a>> {
    let (from, to) = (range.from.as_bytes(), range.to.as_bytes());
    let after = after.map(Key::as_bytes).filter(|after| *after >= from);
    let empty = from >= to || after.is_some_and(|after| after >= to);
    (!empty).then_some((after.map_or(Bound::Included(from), Bound::Excluded), Bound::Excluded(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Space;

    #[test]
    fn nothing_is_left_behind_the_end_and_everything_before_the_beginning() {
        let key = |number| Key::new(Space(1)).number(number);
        let range = KeyRange { from: key(10), to: key(20) };
        let rest = |after: u64| rest_of(&range, Some(&key(after))).map(|(from, _)| from.map(<[u8]>::to_vec));
        assert_eq!(rest(9), Some(Bound::Included(key(10).as_bytes().to_vec())));
        assert_eq!(rest(10), Some(Bound::Excluded(key(10).as_bytes().to_vec())));
        assert_eq!(rest(19), Some(Bound::Excluded(key(19).as_bytes().to_vec())));
        assert_eq!(rest(20), None);
        assert!(rest_of(&KeyRange { from: key(2), to: key(1) }, None).is_none());
    }
}
