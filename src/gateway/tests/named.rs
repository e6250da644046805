//! Which document an id names, as the hub's own people and as a participant look for it.

use super::search::plain;
use crate::archive::{self, Direction, LogEntry, LogPlace};
use crate::gateway::Catalogue;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Batch, Outcome};
use crate::spec::Specs;
use crate::store::{Memory, Store};
use crate::xml::Limits;

/// `in 1`, `refused 1` or `out 1`: what came from a number, or went to it, under an id.
fn entry(said: &str, message_id: &str) -> LogEntry {
    let (way, number) = said.split_once(' ').unwrap();
    LogEntry {
        direction: if way == "out" { Direction::Out } else { Direction::In },
        party: party(number),
        refused: if way == "refused" { vec!["B2B-005".into()] } else { vec![] },
        message_id: message_id.into(),
        ..plain()
    }
}

fn party(number: &str) -> Party {
    Party { number: ActorNumber::new(number), role: ActorRole::EnergySupplier }
}

#[derive(Default)]
struct House {
    store: Memory,
    specs: Specs,
    limits: Limits,
}

impl House {
    fn catalogue(&self) -> Catalogue<'_> {
        Catalogue::over(&self.store, &self.specs, &self.limits)
    }

    /// Logs a document a second after the one before, and says where.
    fn log(&self, entry: &LogEntry, second: usize) -> LogPlace {
        let mut batch = Batch::default();
        let entry = LogEntry { at: Timestamp::from_seconds(second as i64), ..entry.clone() };
        batch.put_all(archive::log_out(&[entry]));
        let Ok(Outcome::Committed(commit)) = self.store.commit(batch) else { panic!("it is committed") };
        LogPlace { commit, nth: 1 }
    }

    fn log_all(&self, said: &[&str]) -> Vec<LogPlace> {
        said.iter().enumerate().map(|(second, said)| self.log(&entry(said, "m"), second)).collect()
    }

    fn found(&self, id: &str, own: &str) -> Option<LogPlace> {
        self.catalogue().find(id, Some(&party(own))).unwrap().map(|(position, _)| position.place)
    }
}

#[test]
fn an_id_that_several_have_used_leaves_open_which_is_meant() {
    // What has one id; which of them is meant, and whether that is left open; and which one participant 1 means.
    let rows: [(&[&str], usize, bool, Option<usize>); 9] = [
        (&["in 1"], 0, false, Some(0)),
        (&["refused 1", "in 1"], 1, false, Some(1)),
        (&["in 1", "refused 1"], 0, false, Some(0)),
        (&["refused 1", "refused 1"], 1, false, Some(1)),
        (&["in 1", "in 2"], 1, true, Some(0)),
        (&["in 1", "refused 2", "refused 1"], 0, true, Some(0)),
        // Its own document and one that it received are both its own: it means the last.
        (&["in 1", "out 1"], 1, true, Some(1)),
        (&["out 1", "in 1"], 1, true, Some(1)),
        (&["out 2", "in 3"], 1, true, None),
    ];
    for (said, meant, open, own) in rows {
        let house = House::default();
        let places = house.log_all(said);
        let named = house.catalogue().named("m").unwrap().unwrap();
        assert_eq!((named.document.0.place, named.is_ambiguous()), (places[meant], open), "{said:?}");
        assert_eq!((named.documents().count(), named.more), (said.len(), false), "{said:?}");
        assert_eq!(house.found("m", "1"), own.map(|nth| places[nth]), "{said:?}");
        for place in places {
            let named = house.catalogue().named(&place.to_string()).unwrap().unwrap();
            assert_eq!((named.document.0.place, named.is_ambiguous()), (place, false), "{said:?}");
        }
        assert_eq!((house.catalogue().named("").unwrap(), house.catalogue().named("n").unwrap()), (None, None));
    }
}

/// Whoever calls a document as a list calls a row takes that row from nobody.
#[test]
fn the_id_of_a_row_comes_before_a_message_id_for_whoever_sees_all_rows() {
    let house = House::default();
    let first = house.log(&entry("in 2", "m"), 0);
    let row = first.to_string();
    let (own, others) = (house.log(&entry("in 1", &row), 1), house.log(&entry("in 3", &row), 2));
    let named = house.catalogue().named(&row).unwrap().unwrap();
    assert_eq!((named.document.0.place, named.is_ambiguous()), (first, false));
    assert_eq!([house.found(&row, "1"), house.found(&row, "3")], [Some(own), Some(others)], "as it calls it itself");
    let no_row = house.log(&entry("in 1", "9.9"), 3);
    assert_eq!(house.catalogue().named("9.9").unwrap().unwrap().document.0.place, no_row);
}

#[test]
fn an_id_that_more_carry_than_are_looked_at_leaves_open_which_is_meant() {
    for (carrying, open) in [(1_000, false), (1_001, true)] {
        let house = House::default();
        house.log_all(&vec!["refused 1"; carrying]);
        let named = house.catalogue().named("m").unwrap().unwrap();
        assert_eq!((named.documents().count(), named.more, named.is_ambiguous()), (1_000, open, open));
    }
}

#[test]
fn a_document_that_was_refused_again_and_again_is_found_as_it_was_accepted() {
    for accepted in [0, 1_200] {
        let house = House::default();
        let mut said = vec!["refused 1"; 1_200];
        said.insert(accepted, "in 1");
        let places = house.log_all(&said);
        assert_eq!(house.found("m", "1"), Some(places[accepted]));
    }
}
