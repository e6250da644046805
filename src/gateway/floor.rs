//! The floor: whoever has met one conflict after another is heard before all others. They wait until nothing is on its way to
//! disk, so a decision that others overtake again and again is made all the same.

use std::collections::VecDeque;

/// Decisions that are on their way to disk, and who waits for the floor, by place in the hall.
#[derive(Default)]
pub(super) struct Floor {
    on_their_way: usize,
    asked: VecDeque<u64>,
    held: VecDeque<u64>,
}

impl Floor {
    /// Whether a decision may be made now; otherwise it is held until the floor is free.
    pub fn is_free_for(&mut self, place: u64) -> bool {
        if self.asked.is_empty() {
            return true;
        }
        self.held.push_back(place);
        false
    }

    /// Asks to be heard first.
    pub fn ask(&mut self, place: u64) {
        self.asked.push_back(place);
    }

    /// A decision goes to disk.
    pub fn leaves(&mut self) {
        self.on_their_way += 1;
    }

    /// What became of it is known.
    pub fn settles(&mut self) {
        self.on_their_way -= 1;
    }

    /// Who is to be decided now that nothing is on its way, in this order: the next one that asked, for it sees all that was
    /// decided and nothing can come before it; and behind the last one that asked, everybody who was held. Nobody while
    /// something is on its way.
    pub fn next(&mut self) -> Vec<u64> {
        if self.on_their_way > 0 {
            return Vec::new();
        }
        let mut next: Vec<u64> = self.asked.pop_front().into_iter().collect();
        if self.asked.is_empty() {
            next.extend(self.held.drain(..));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_heard_once_nothing_is_on_its_way_and_the_others_come_behind() {
        let mut floor = Floor::default();
        assert!(floor.is_free_for(1));
        floor.leaves();
        floor.leaves();
        floor.ask(2);
        floor.ask(3);
        assert!(!floor.is_free_for(4) && !floor.is_free_for(5));
        floor.settles();
        assert_eq!(floor.next(), [0; 0]);
        floor.settles();
        assert_eq!(floor.next(), [2]);
        floor.leaves();
        assert!(!floor.is_free_for(6), "another one has asked");
        assert_eq!(floor.next(), [0; 0]);
        floor.settles();
        assert_eq!(floor.next(), [3, 4, 5, 6]);
        assert!(floor.is_free_for(7) && floor.next().is_empty());
    }
}
