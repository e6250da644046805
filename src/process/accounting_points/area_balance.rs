//! Who is balance responsible for all that a supplier supplies to consumers in a grid area, as an operator has ordered it.
//!
//! Source: market-roles 2.10.

use bytes::Bytes;

use crate::market::{ActorNumber, Timestamp};
use crate::record::{Change, Facts, Key, Needs, Space, stored};

/// The parties of a supplier in a grid area, each with the day from which it is responsible.
const AREA_BALANCES: Space = Space(68);
/// Beside each party stands the order that named it.
const VERSION: u8 = 2;

/// From when a party is responsible, which, and by which order; an older store does not know the last.
type Named = (i64, String, Option<String>);

pub fn needs_of(supplier: &ActorNumber, area: &str) -> Needs {
    Needs::default().key(key(supplier, area))
}

/// The party that is responsible at an instant; nothing when no operator has said so. Needs: [`needs_of`].
pub fn responsible_at(facts: &Facts, supplier: &ActorNumber, area: &str, at: Timestamp) -> Option<ActorNumber> {
    let parties = parties(facts, supplier, area);
    let found = parties.into_iter().rfind(|(from, ..)| *from <= at.micros());
    found.map(|(_, party, _)| ActorNumber::new(party))
}

/// Keeps that a party is responsible from a day on, until another follows, by an order. Of two orders of one day the one that
/// was given last holds, and the other again once that is called off. Needs: [`needs_of`].
pub fn keep(
    facts: &Facts,
    supplier: &ActorNumber,
    area: &str,
    from: Timestamp,
    party: &ActorNumber,
    order: &str,
) -> Change {
    let mut parties = parties(facts, supplier, area);
    parties.push((from.micros(), party.to_string(), Some(order.to_string())));
    parties.sort_by_key(|(from, ..)| *from);
    Change::Put(key(supplier, area), write(&parties))
}

/// That a party is responsible from a day on holds no more by an order; nothing where it did not. Needs: [`needs_of`].
pub fn forget(
    facts: &Facts,
    supplier: &ActorNumber,
    area: &str,
    from: Timestamp,
    party: &ActorNumber,
    order: &str,
) -> Option<Change> {
    let mut parties = parties(facts, supplier, area);
    let at = parties.iter().position(|(start, who, by)| match by {
        Some(by) => by == order,
        None => *start == from.micros() && who == party.as_str(),
    })?;
    parties.remove(at);
    Some(Change::Put(key(supplier, area), write(&parties)))
}

fn key(supplier: &ActorNumber, area: &str) -> Key {
    Key::new(AREA_BALANCES).text(supplier.as_str()).text(area)
}

/// By the day, and those of one day as they were given.
fn parties(facts: &Facts, supplier: &ActorNumber, area: &str) -> Vec<Named> {
    let Some(entry) = facts.get(&key(supplier, area)) else { return Vec::new() };
    let older = || -> Option<Vec<Named>> {
        let parties: Vec<(i64, String)> = stored::read(1, &entry.value)?;
        Some(parties.into_iter().map(|(from, party)| (from, party, None)).collect())
    };
    stored::read(VERSION, &entry.value).or_else(older).expect("stored parties are read back")
}

fn write(parties: &[Named]) -> Bytes {
    stored::write(VERSION, &parties)
}
