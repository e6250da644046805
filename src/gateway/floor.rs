//! The floor: whoever has met one conflict after another is heard before all others. They wait until nothing is on its way to
//! disk, so a decision that others overtake again and again is made all the same. Errands speak like everybody else.

use std::collections::VecDeque;

/// Whose decision it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// Somebody in the hall, by place.
    Waiting(u64),
    /// The next piece of what decisions left behind, and how many conflicts in a row it has met.
    Errand { conflicts: u32 },
}

/// Decisions that are on their way to disk, and who waits for the floor.
#[derive(Default)]
pub(super) struct Floor {
    on_their_way: usize,
    asked: VecDeque<Speaker>,
    held: VecDeque<Speaker>,
}

impl Floor {
    /// Whether a decision may be made now; otherwise it is held until the floor is free.
    pub fn is_free_for(&mut self, speaker: Speaker) -> bool {
        if self.asked.is_empty() {
            return true;
        }
        self.held.push_back(speaker);
        false
    }

    /// Asks to be heard first.
    pub fn ask(&mut self, speaker: Speaker) {
        self.asked.push_back(speaker);
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
    pub fn next(&mut self) -> Vec<Speaker> {
        if self.on_their_way > 0 {
            return Vec::new();
        }
        let mut next: Vec<Speaker> = self.asked.pop_front().into_iter().collect();
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
        let [one, two, three, four, seven] = [1, 2, 3, 4, 7].map(Speaker::Waiting);
        let [errand, asking] = [0, 3].map(|conflicts| Speaker::Errand { conflicts });
        let mut floor = Floor::default();
        assert!(floor.is_free_for(one) && floor.is_free_for(errand));
        floor.leaves();
        floor.leaves();
        floor.ask(two);
        floor.ask(asking);
        assert!(!floor.is_free_for(four) && !floor.is_free_for(errand));
        floor.settles();
        assert_eq!(floor.next(), []);
        floor.settles();
        assert_eq!(floor.next(), [two]);
        floor.leaves();
        assert!(!floor.is_free_for(three), "another one has asked");
        assert_eq!(floor.next(), []);
        floor.settles();
        assert_eq!(floor.next(), [asking, four, errand, three]);
        assert!(floor.is_free_for(seven) && floor.next().is_empty());
    }
}
