//! What is known of a queue behind its first document, by what may be given out together: so each place is read once, however
//! many documents of other keys stand in front of those that make a bundle.
//!
//! Documents join a queue behind all others, so what was read of it stays so, but for what leaves; whoever has taken something
//! out that was not there any more finds out when it is committed, and reads anew.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::bundle::{Bundle, Member};
use super::record::{BundleKey, Bundling, Subjects, Waiting};
use crate::record::Key;

/// The places of a queue that were read, in their order, without those that have left.
#[derive(Debug, Default)]
pub struct Ahead {
    through: Option<Key>,
    places: BTreeMap<Key, Member>,
    /// Where the documents stand that have something in common, in their order.
    lists: HashMap<List, VecDeque<Key>>,
}

/// What documents have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum List {
    /// They may be given out together.
    Key(BundleKey),
    /// They leave alone and have this name: what of the same kind stands behind one joins nothing before it.
    Alone(String),
    /// They are about this: none overtakes one before it.
    Subject(u32),
    /// They may be about anything: nothing overtakes one.
    Anything,
}

impl Ahead {
    /// The last place that was read.
    pub fn through(&self) -> Option<&Key> {
        self.through.as_ref()
    }

    /// How many places it holds.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The first document of the queue stands here: what stood before it, and itself, are no longer ahead.
    pub fn begin_at(&mut self, first: &Key) {
        while let Some(past) = self.places.keys().next().filter(|key| *key <= first).cloned() {
            self.leave(&past);
        }
        if self.through.as_ref().is_none_or(|through| through < first) {
            self.through = Some(first.clone());
        }
    }

    /// The next place was read.
    pub fn add(&mut self, place: Member) {
        self.through = Some(place.key.clone());
        for list in lists_of(&place.waiting) {
            self.lists.entry(list).or_default().push_back(place.key.clone());
        }
        self.places.insert(place.key.clone(), place);
    }

    /// Lets all join that are known and may. Returns whether what stands behind the last place that was read may join too.
    pub fn fill(&mut self, bundle: &mut Bundle) -> bool {
        let (own, alone) = (List::Key(bundle.key()), List::Alone(bundle.document().to_string()));
        loop {
            let barrier = [&alone, &List::Anything].into_iter().filter_map(|list| self.first(list)).min();
            let Some(next) = self.first(&own).and_then(|key| self.places.get(key)) else { return barrier.is_none() };
            if barrier.is_some_and(|barrier| *barrier < next.key)
                || self.overtakes(next)
                || !bundle.may_take(&next.waiting)
            {
                return false;
            }
            let Some(next) = self.leave(&next.key.clone()) else { return false };
            bundle.take(next);
        }
    }

    /// Whether something stands before it that is about the same.
    fn overtakes(&self, next: &Member) -> bool {
        let is_first = |first: Option<&Key>| first.is_none_or(|first| *first >= next.key);
        match &next.waiting.about {
            Subjects::These(subjects) => subjects.iter().any(|it| !is_first(self.first(&List::Subject(*it)))),
            Subjects::Anything => !is_first(self.places.keys().next()),
        }
    }

    fn first(&self, list: &List) -> Option<&Key> {
        self.lists.get(list).and_then(VecDeque::front)
    }

    /// A place leaves that is the first of everything that it has in common with others.
    fn leave(&mut self, place: &Key) -> Option<Member> {
        let left = self.places.remove(place)?;
        for list in lists_of(&left.waiting) {
            let keys = self.lists.get_mut(&list)?;
            assert_eq!(
                keys.pop_front().as_ref(),
                Some(place),
                "nothing that has something in common with it is before it"
            );
            if keys.is_empty() {
                self.lists.remove(&list);
            }
        }
        Some(left)
    }
}

fn lists_of(waiting: &Waiting) -> Vec<List> {
    let with = match &waiting.bundling {
        Bundling::With { key, .. } => List::Key(*key),
        Bundling::Alone | Bundling::Bundle => List::Alone(waiting.document.clone()),
    };
    let mut lists = vec![with];
    match &waiting.about {
        Subjects::These(subjects) => lists.extend(subjects.iter().copied().map(List::Subject)),
        Subjects::Anything => lists.push(List::Anything),
    }
    lists
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
        let mut stay: Vec<&Subjects> = Vec::new();
        for next in &queue[1..] {
            match next.waiting.bundling {
                Bundling::With { key, .. } if key == bundle.key() => {
                    let overtakes = stay.iter().any(|it| have_in_common(it, &next.waiting.about));
                    if overtakes || !bundle.may_take(&next.waiting) {
                        break;
                    }
                    bundle.take(next.clone());
                }
                Bundling::Alone if next.waiting.document == bundle.document() => break,
                _ => stay.push(&next.waiting.about),
            }
        }
        bundle.members().iter().map(|member| member.version).collect()
    }

    fn have_in_common(one: &Subjects, other: &Subjects) -> bool {
        match (one, other) {
            (Subjects::These(one), Subjects::These(other)) => one.iter().any(|it| other.contains(it)),
            (Subjects::Anything, _) | (_, Subjects::Anything) => true,
        }
    }

    #[test]
    fn nothing_overtakes_what_is_about_the_same() {
        let about = |place, key, subjects: &[u32]| {
            let mut member = member(place, (key, 1, 1, 10, 0));
            member.waiting.about =
                if subjects.is_empty() { Subjects::Anything } else { Subjects::These(subjects.to_vec()) };
            member
        };
        type Place<'p> = (u8, &'p [u32]);
        let rows: [(&str, &[Place], &[u64]); 6] = [
            ("another subject", &[(b'a', &[1]), (b'b', &[2]), (b'a', &[3])], &[0, 2]),
            ("the same subject", &[(b'a', &[1]), (b'b', &[2, 3]), (b'a', &[4]), (b'a', &[3]), (b'a', &[5])], &[0, 2]),
            ("that of the first is taken along", &[(b'a', &[1]), (b'a', &[1]), (b'a', &[1])], &[0, 1, 2]),
            ("what leaves alone counts too", &[(b'a', &[1]), (b'-', &[2]), (b'a', &[2])], &[0]),
            ("about anything, between", &[(b'a', &[1]), (b'a', &[2]), (b'b', &[]), (b'a', &[3])], &[0, 1]),
            ("about anything, behind", &[(b'a', &[1]), (b'a', &[]), (b'b', &[2]), (b'a', &[])], &[0, 1]),
        ];
        for (name, rows, expected) in rows {
            let queue: Vec<Member> = (0..).zip(rows).map(|(place, (key, of))| about(place, *key, of)).collect();
            assert_eq!(together(&queue), expected, "{name}");
            let mut bundle = Bundle::begin(queue[0].clone(), BOUNDS).unwrap();
            let mut ahead = Ahead::default();
            queue[1..].iter().for_each(|it| ahead.add(it.clone()));
            ahead.fill(&mut bundle);
            let taken: Vec<u64> = bundle.members().iter().map(|member| member.version).collect();
            assert_eq!(taken, expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_remembered_of_a_queue_makes_the_same_bundles_and_no_place_is_read_twice(
            rows in prop::collection::vec((prop::sample::select(b"ab!-".to_vec()), 1..6u64, 1..40u64, 1..300u64, 0..3i64), 1..60),
            about in prop::collection::vec(prop::option::weighted(0.95, prop::collection::vec(0..40u32, 0..3)), 60),
            page in 1..8usize,
        ) {
            // Time goes on from place to place.
            let later = rows.iter().scan(0, |after, row| {
                *after += row.4 * 100;
                Some((row.0, row.1, row.2, row.3, *after))
            });
            let mut queue: Vec<Member> = later.zip(0..).map(|(row, place)| member(place, row)).collect();
            for (member, about) in queue.iter_mut().zip(about) {
                member.waiting.about = about.map_or(Subjects::Anything, |subjects| subjects.into_iter().collect());
            }
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
