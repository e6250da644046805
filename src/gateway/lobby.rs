//! The lobby: documents whose turn it is on every record they are about, and that are not decided yet. Here participants
//! take turns, so nobody waits behind another's flood; what one participant has sent is decided in order of arrival.
//!
//! Turns on a record come before those of a participant: of two documents about one charge the one that arrived first is
//! decided first, whoever sent it, see [`super::turns`].

use std::collections::{HashMap, VecDeque};

use crate::market::ActorNumber;

#[derive(Default)]
pub(super) struct Lobby {
    /// Places in the hall, by whose document waits there.
    lines: HashMap<ActorNumber, VecDeque<u64>>,
    /// Participants in the order of their turns: each of those above, once.
    next: VecDeque<ActorNumber>,
}

impl Lobby {
    pub fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// A document of this participant waits at this place in the hall.
    pub fn join(&mut self, participant: &ActorNumber, place: u64) {
        if let Some(line) = self.lines.get_mut(participant) {
            return line.push_back(place);
        }
        self.lines.insert(participant.clone(), VecDeque::from([place]));
        self.next.push_back(participant.clone());
    }

    /// The place of the document to be decided next; its participant's turn comes again behind all others.
    pub fn leave(&mut self) -> Option<u64> {
        let participant = self.next.pop_front()?;
        let line = self.lines.get_mut(&participant)?;
        let place = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&participant);
        } else {
            self.next.push_back(participant);
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn participants_take_turns_and_each_ones_documents_keep_their_order() {
        let [flood, quiet, third] = ["8100000000030", "5790000000005", "7300000000011"].map(ActorNumber::new);
        let mut lobby = Lobby::default();
        for place in 1..=4 {
            lobby.join(&flood, place);
        }
        lobby.join(&quiet, 5);
        lobby.join(&third, 6);
        assert_eq!([(); 3].map(|()| lobby.leave()), [Some(1), Some(5), Some(6)]);
        lobby.join(&quiet, 7);
        assert_eq!([(); 4].map(|()| lobby.leave()), [Some(2), Some(7), Some(3), Some(4)]);
        assert!(lobby.is_empty() && lobby.leave().is_none() && lobby.lines.is_empty());
    }
}
