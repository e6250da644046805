//! What the tests of both processes want: a store in memory, who is in it, and times to read.

use std::collections::BTreeMap;

use crate::document::{Header, Outgoing};
use crate::market::{ActorNumber, ActorRole, Calendar, Party, Timestamp};
use crate::process::delegations::{Delegation, Process, Wanted, configure, configure_needs};
use crate::process::participants::{self, Participant, Status};
use crate::process::{Decision, Fate, Pack};
use crate::record::{Change, Entry, Facts, Key, Needs, Page, VALUE_BYTES_MAX};

pub const HUB: &str = "5790001330552";
/// A grid access provider; the sender, unless a test says otherwise.
pub const GRID: &str = "8100000000030";
/// The system operator.
pub const OPERATOR: &str = "5790000432752";
/// A delegated party.
pub const ACTING: &str = "5790009000013";
pub const NOW: &str = "2023-08-01T09:00:00Z";

/// The head of a document that [`GRID`] sends to [`HUB`].
pub fn header(document_type: &str, reason: &str) -> Header {
    Header {
        message_id: "document-1".into(),
        document_type: document_type.into(),
        business_reason: reason.into(),
        business_sector: Some("23".into()),
        sender_number: GRID.into(),
        sender_role: "DDM".into(),
        receiver_number: HUB.into(),
        receiver_role: "DDZ".into(),
        created: NOW.into(),
    }
}

/// No rule broken.
pub const ACCEPTED: &[&str] = &[];

/// Everything a gateway would keep.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub records: BTreeMap<Key, Entry>,
    commits: u64,
}

impl Store {
    pub fn facts(&self, needs: &Needs) -> Facts {
        let mut facts = Facts::default();
        for key in needs.keys() {
            facts.insert(key.clone(), self.records.get(key).cloned());
        }
        for range in needs.ranges() {
            let found = self.records.range(range.from.clone()..range.to.clone());
            facts.insert_range(range.clone(), found.map(|(key, entry)| (key.clone(), entry.clone())).collect());
        }
        for (range, most) in needs.pages() {
            let mut found = self.records.range(range.from.clone()..range.to.clone());
            let records = found.by_ref().take(most).map(|(key, entry)| (key.clone(), entry.clone())).collect();
            facts.insert_page(range.clone(), Page { records, more: found.next().is_some() });
        }
        facts
    }

    pub fn commit(&mut self, changes: &[Change]) {
        self.commits += 1;
        for change in changes.iter().cloned() {
            match change {
                Change::Put(key, value) => {
                    assert!(value.len() <= VALUE_BYTES_MAX / 2, "{key} holds {} bytes", value.len());
                    self.records.insert(key.at_commit(self.commits), Entry { version: self.commits, value });
                }
                Change::Delete(key) => {
                    self.records.remove(&key);
                }
            }
        }
    }

    pub fn register(&mut self, number: &str, role: ActorRole, status: Status) {
        self.register_in(Pack::DK, number, role, status);
    }

    /// From a day on, [`ACTING`] acts for a grid company in a process in a grid area; until another, where there is one.
    pub fn delegate(
        &mut self,
        process: Process,
        grid_area: &str,
        by: &str,
        starts: Timestamp,
        stops: Option<Timestamp>,
    ) {
        let by = party(by, ActorRole::GridAccessProvider);
        self.delegate_to(process, grid_area, by, party(ACTING, ActorRole::Delegated), (starts, stops));
    }

    /// From a day on somebody acts for another; until another day, where there is one.
    pub fn delegate_to(
        &mut self,
        process: Process,
        grid_area: &str,
        by: Party,
        to: Party,
        (starts, stops): (Timestamp, Option<Timestamp>),
    ) {
        let row = Delegation { sequence: 0.into(), process, grid_area: grid_area.into(), starts, stops, by, to };
        let wanted = [Wanted { row, numbered: false }];
        let (changes, _) = configure(&self.facts(&configure_needs(&wanted)), &wanted).unwrap();
        self.commit(&changes);
    }

    pub fn register_in(&mut self, pack: Pack, number: &str, role: ActorRole, status: Status) {
        let one = [Participant {
            pack,
            party: party(number, role),
            name: number.into(),
            status,
            actor_id: number.into(),
            external_id: None,
            form: None,
        }];
        let changes = participants::register(&self.facts(&participants::register_needs(&one)), &one);
        self.commit(&changes.unwrap());
    }
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap_or_else(|| panic!("{text}"))
}

/// Local midnight of a date such as `2023-10-01`, or of `01-10`, which lies in 2023; `inf` is the open end.
pub fn local(date: &str) -> Timestamp {
    if date == "inf" {
        return Timestamp::OPEN_END;
    }
    let date = match date.split_once('-') {
        Some((day, month)) if date.len() == 5 => format!("2023-{month}-{day}"),
        _ => date.to_string(),
    };
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight(date.parse().unwrap_or_else(|_| panic!("{date}")))
}

pub fn party(number: &str, role: ActorRole) -> Party {
    Party { number: ActorNumber::new(number), role }
}

pub fn broken(decision: &Decision) -> Vec<Vec<&'static str>> {
    decision.fates.iter().map(|fate: &Fate| fate.broken.clone()).collect()
}

pub fn sent<'a>(decision: &'a Decision, kind: &str) -> Vec<&'a Outgoing> {
    decision.outgoing.iter().filter(|it| it.kind.name == kind).collect()
}
