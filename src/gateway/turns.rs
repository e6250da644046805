//! Turns: requests that share a record are decided one after the other, in order of arrival.

use std::collections::{HashMap, VecDeque};

use crate::record::Key;

/// Who is next on each record: numbers in order of arrival.
#[derive(Default)]
pub(super) struct Turns {
    lines: HashMap<Key, VecDeque<u64>>,
    /// In how many lines a number is not first.
    behind: HashMap<u64, usize>,
}

impl Turns {
    /// Joins the line of every key; one that is first in its lines may join others. Returns whether it is first in all of them.
    pub fn join(&mut self, number: u64, keys: &[Key]) -> bool {
        let mut behind = 0;
        for key in keys {
            let line = self.lines.entry(key.clone()).or_default();
            if line.back() != Some(&number) {
                behind += usize::from(!line.is_empty());
                line.push_back(number);
            }
        }
        if behind > 0 {
            self.behind.insert(number, behind);
        }
        behind == 0
    }

    /// Leaves the head of every line. Returns, in order of arrival, whose turn it has become.
    pub fn leave(&mut self, number: u64, keys: &[Key]) -> Vec<u64> {
        let mut ready = Vec::new();
        for key in keys {
            let Some(line) = self.lines.get_mut(key).filter(|line| line.front() == Some(&number)) else { continue };
            line.pop_front();
            let Some(next) = line.front() else {
                self.lines.remove(key);
                continue;
            };
            let behind = self.behind.get_mut(next).expect("whoever was not first is counted");
            *behind -= 1;
            if *behind == 0 {
                self.behind.remove(next);
                ready.push(*next);
            }
        }
        ready.sort_unstable();
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Space;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| Key::new(Space(99)).text(name)).collect()
    }

    #[test]
    fn messages_about_one_record_take_turns_and_others_go_ahead() {
        let mut turns = Turns::default();
        assert!(turns.join(1, &keys(&["a", "b"])));
        assert!(!turns.join(2, &keys(&["b", "c", "b"])));
        assert!(!turns.join(3, &keys(&["c"])));
        assert!(turns.join(4, &keys(&["d"])));
        assert!(!turns.join(5, &keys(&["a"])));
        assert!(turns.join(6, &[]));
        assert!(turns.leave(6, &[]).is_empty());
        assert_eq!(turns.leave(1, &keys(&["a", "b"])), [2, 5]);
        assert_eq!(turns.leave(2, &keys(&["b", "c", "b"])), [3]);
        assert!(turns.leave(5, &keys(&["a"])).is_empty());
        assert!(turns.leave(3, &keys(&["c"])).is_empty());
        assert!(turns.leave(4, &keys(&["d"])).is_empty());
        assert!(turns.lines.is_empty() && turns.behind.is_empty());
    }

    #[test]
    fn whoever_is_first_may_join_another_line_and_keeps_its_place_in_its_own() {
        let mut turns = Turns::default();
        assert!(turns.join(1, &keys(&["a"])) && turns.join(2, &keys(&["b"])));
        assert!(turns.join(2, &keys(&["x"])));
        assert!(!turns.join(1, &keys(&["x"])));
        assert!(!turns.join(3, &keys(&["a"])));
        assert_eq!(turns.leave(2, &keys(&["b", "x"])), [1]);
        assert_eq!(turns.leave(1, &keys(&["a", "x"])), [3]);
        assert!(turns.leave(3, &keys(&["a"])).is_empty());
        assert!(turns.lines.is_empty() && turns.behind.is_empty());
    }
}
