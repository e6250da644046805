//! What is known of a queue behind its first document, by what may be given out together: so each place is read once, however
//! many documents of other keys stand in front of those that make a bundle.
//!
//! Documents join a queue behind all others, so what was read of it stays so, but for what leaves; whoever has taken something
//! out that was not there any more finds out when it is committed, and reads anew.

use std::collections::{HashMap, VecDeque};

use super::bundle::{Bundle, Member};
use super::record::{BundleKey, Bundling};
use crate::record::Key;

/// The places of a queue that were read, in their order, without those that have left.
#[derive(Debug, Default)]
pub struct Ahead {
    through: Option<Key>,
    by_key: HashMap<BundleKey, VecDeque<Member>>,
    /// Where documents stand that leave alone, by their name: what of the same kind stands behind one joins nothing before it.
    alone: HashMap<String, VecDeque<Key>>,
    places: usize,
}

impl Ahead {
    /// The last place that was read.
    pub fn through(&self) -> Option<&Key> {
        self.through.as_ref()
    }

    /// How many places it holds.
    pub fn places(&self) -> usize {
        self.places
    }

    /// The first document of the queue stands here: what stood before it, and itself, are no longer ahead.
    pub fn begin_at(&mut self, first: &Key) {
        let places = &mut self.places;
        self.by_key.retain(|_, members| {
            *places -= drop_while(members, |member| member.key <= *first);
            !members.is_empty()
        });
        self.alone.retain(|_, keys| {
            *places -= drop_while(keys, |key| key <= first);
            !keys.is_empty()
        });
        if self.through.as_ref().is_none_or(|through| through < first) {
            self.through = Some(first.clone());
        }
    }

    /// The next place was read.
    pub fn add(&mut self, place: Member) {
        self.through = Some(place.key.clone());
        self.places += 1;
        match place.waiting.bundling {
            Bundling::With { key, .. } => self.by_key.entry(key).or_default().push_back(place),
            Bundling::Alone | Bundling::Bundle => {
                self.alone.entry(place.waiting.document).or_default().push_back(place.key);
            }
        }
    }

    /// Lets all join that are known and may. Returns whether what stands behind the last place that was read may join too.
    pub fn fill(&mut self, bundle: &mut Bundle) -> bool {
        let barrier = self.alone.get(bundle.document()).and_then(|keys| keys.front());
        let Some(members) = self.by_key.get_mut(&bundle.key()) else { return barrier.is_none() };
        while let Some(next) = members.front() {
            if barrier.is_some_and(|barrier| *barrier < next.key) || !bundle.may_take(&next.waiting) {
                return false;
            }
            if let Some(next) = members.pop_front() {
                self.places -= 1;
                bundle.take(next);
            }
        }
        barrier.is_none()
    }
}

fn drop_while<T>(items: &mut VecDeque<T>, is_past: impl Fn(&T) -> bool) -> usize {
    let before = items.len();
    while items.front().is_some_and(&is_past) {
        items.pop_front();
    }
    before - items.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bundle::tests::{BOUNDS, member};
    use super::*;

    /// What goes out together with the first of these, by looking at each of the others.
    fn together(queue: &[Member]) -> Vec<u64> {
        let mut bundle = Bundle::begin(queue[0].clone(), BOUNDS);
        let Some(bundle) = &mut bundle else { return vec![queue[0].version] };
        for next in &queue[1..] {
            match next.waiting.bundling {
                Bundling::With { key, .. } if key == bundle.key() => {
                    if !bundle.may_take(&next.waiting) {
                        break;
                    }
                    bundle.take(next.clone());
                }
                Bundling::Alone if next.waiting.document == bundle.document() => break,
                _ => {}
            }
        }
        bundle.members().iter().map(|member| member.version).collect()
    }

    proptest! {
        #[test]
        fn what_is_remembered_of_a_queue_makes_the_same_bundles_and_no_place_is_read_twice(
            rows in prop::collection::vec((prop::sample::select(b"ab!-".to_vec()), 1..6u64, 1..40u64, 1..300u64, 0..3i64), 1..60),
            page in 1..8usize,
        ) {
            // Time goes on from place to place.
            let later = rows.iter().scan(0, |after, row| {
                *after += row.4 * 100;
                Some((row.0, row.1, row.2, row.3, *after))
            });
            let mut queue: Vec<Member> = later.zip(0..).map(|(row, place)| member(place, row)).collect();
            let (mut ahead, mut read) = (Ahead::default(), 0);
            let all = queue.len();
            while let Some(first) = queue.first().cloned() {
                let expected = together(&queue);
                ahead.begin_at(&first.key);
                let mut taken = vec![first.version];
                if let Some(mut bundle) = Bundle::begin(first, BOUNDS) {
                    while ahead.fill(&mut bundle) {
                        let through = ahead.through().cloned().unwrap();
                        let some: Vec<Member> = queue.iter().filter(|it| it.key > through).take(page).cloned().collect();
                        read += some.len();
                        if some.is_empty() {
                            break;
                        }
                        some.into_iter().for_each(|it| ahead.add(it));
                    }
                    taken = bundle.members().iter().map(|member| member.version).collect();
                }
                prop_assert_eq!(&taken, &expected);
                queue.retain(|it| !taken.contains(&it.version));
            }
            prop_assert!(read <= all, "{} of {}", read, all);
            ahead.begin_at(&member(1_000, (b'a', 1, 1, 1, 0)).key);
            prop_assert_eq!(ahead.places(), 0);
        }
    }
}
