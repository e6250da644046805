//! Who is balance responsible for all that a supplier supplies to consumers in a grid area, as an operator has ordered it.
//!
//! Source: market-roles 2.10.

use bytes::Bytes;

use super::record;
use crate::market::{ActorNumber, Timestamp};
use crate::record::{Change, Facts, Key, Needs, Space, stored};

/// The parties of a supplier in a grid area, each with the day from which it is responsible.
const AREA_BALANCES: Space = Space(68);

pub fn needs_of(supplier: &ActorNumber, area: &str) -> Needs {
    Needs::default().key(key(supplier, area))
}

/// The party that is responsible at an instant; nothing when no operator has said so. Needs: [`needs_of`].
pub fn responsible_at(facts: &Facts, supplier: &ActorNumber, area: &str, at: Timestamp) -> Option<ActorNumber> {
    let parties = parties(facts, supplier, area);
    let found = parties.into_iter().rfind(|(from, _)| *from <= at.micros());
    found.map(|(_, party)| ActorNumber::new(party))
}

/// Keeps that a party is responsible from a day on, until another follows. Needs: [`needs_of`].
pub fn keep(facts: &Facts, supplier: &ActorNumber, area: &str, from: Timestamp, party: &ActorNumber) -> Change {
    let mut parties = parties(facts, supplier, area);
    parties.retain(|(start, _)| *start != from.micros());
    parties.push((from.micros(), party.to_string()));
    parties.sort_unstable();
    Change::Put(key(supplier, area), write(&parties))
}

/// That a party is responsible from a day on holds no more; nothing where another has taken its place. Needs: [`needs_of`].
pub fn forget(
    facts: &Facts,
    supplier: &ActorNumber,
    area: &str,
    from: Timestamp,
    party: &ActorNumber,
) -> Option<Change> {
    let mut parties = parties(facts, supplier, area);
    let before = parties.len();
    parties.retain(|(start, who)| *start != from.micros() || who != party.as_str());
    (parties.len() < before).then(|| Change::Put(key(supplier, area), write(&parties)))
}

fn key(supplier: &ActorNumber, area: &str) -> Key {
    Key::new(AREA_BALANCES).text(supplier.as_str()).text(area)
}

/// By the day.
fn parties(facts: &Facts, supplier: &ActorNumber, area: &str) -> Vec<(i64, String)> {
    let entry = facts.get(&key(supplier, area));
    entry.map_or_else(Vec::new, |it| stored::read(record::VERSION, &it.value).expect("stored parties are read back"))
}

fn write(parties: &[(i64, String)]) -> Bytes {
    stored::write(record::VERSION, &parties)
}
