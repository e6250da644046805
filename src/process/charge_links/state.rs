//! What is known about the links of one metering point and one charge, and how an operation changes them. No rule is
//! asked here.
//!
//! Links never overlap, and two that touch have different factors. What an operation replaces is not lost: it is
//! retired, and still says who made it. Source: charges 6.4.

use std::collections::BTreeMap;

use super::record;
use crate::market::{MeteringPointId, Period, Timestamp};
use crate::process::charges::ChargeIdentity;
use crate::record::{Change, Facts, Needs};

/// What makes a link the one it is: all links of the pair are one timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIdentity {
    pub metering_point: MeteringPointId,
    pub charge: ChargeIdentity,
}

/// The metering point pays the charge so many times within the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub period: Period,
    pub factor: i64,
    pub created_by: By,
}

/// The operation that did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The moment of receipt.
    pub at: Timestamp,
    pub document_id: String,
    pub transaction_id: String,
}

/// A link that another operation has replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    pub link: Link,
    pub by: By,
}

/// What one operation did to a timeline; both empty when all was so already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    pub retired: Vec<Link>,
    pub created: Vec<Link>,
}

/// The links of one pair, as a command leaves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    pub identity: LinkIdentity,
    /// How many operations were accepted.
    changes: u64,
    links: BTreeMap<Timestamp, Link>,
    /// As they were loaded.
    before: BTreeMap<Timestamp, Link>,
    retired: Vec<Retired>,
}

pub fn needs(identity: &LinkIdentity) -> Needs {
    Needs::default().range(record::links(identity), record::timeline_key(identity))
}

/// The links of a metering point to all its charges, in order of owner, type, id, start.
pub fn needs_of_point(point: &MeteringPointId) -> Needs {
    Needs::default().range(record::links_of_point(point), record::point_guard_key(point))
}

/// Needs: [`needs_of_point`].
pub fn links_of_point(facts: &Facts, point: &MeteringPointId) -> Vec<(ChargeIdentity, Link)> {
    let entries = facts.range(&record::links_of_point(point)).iter();
    entries.map(|(key, entry)| (record::read_identity(key).charge, record::read_link(key, &entry.value))).collect()
}

/// Every metering point that is linked to the charge now, or will be. Whoever asks for it must be ready for millions.
pub fn needs_of_charge(charge: &ChargeIdentity) -> Needs {
    Needs::default().range(record::points_of_charge(charge), record::charge_guard_key(charge))
}

/// Needs: [`needs_of_charge`].
pub fn points_of_charge(facts: &Facts, charge: &ChargeIdentity) -> Vec<MeteringPointId> {
    facts.range(&record::points_of_charge(charge)).iter().map(|(key, _)| record::read_point_of_charge(key)).collect()
}

/// The links of a timeline by their start. Needs: [`needs`].
pub fn links(facts: &Facts, identity: &LinkIdentity) -> Vec<Link> {
    let entries = facts.range(&record::links(identity)).iter();
    entries.map(|(key, entry)| record::read_link(key, &entry.value)).collect()
}

/// Which of `links` and `retired` were known at `at`, by their start.
pub fn known_at(links: &[Link], retired: &[Retired], at: Timestamp) -> Vec<Link> {
    let still = links.iter().filter(|link| link.created_by.at <= at);
    let once = retired.iter().filter(|it| it.link.created_by.at <= at && at < it.by.at).map(|it| &it.link);
    let mut known: Vec<Link> = still.chain(once).cloned().collect();
    known.sort_by_key(|link| link.period);
    known
}

impl LinkState {
    /// Needs: [`needs`].
    pub fn load(facts: &Facts, identity: LinkIdentity) -> Self {
        let changes =
            facts.get(&record::timeline_key(&identity)).map_or(0, |entry| record::read_timeline(&entry.value));
        let links: BTreeMap<_, _> =
            self::links(facts, &identity).into_iter().map(|link| (link.period.start, link)).collect();
        Self { identity, changes, before: links.clone(), links, retired: Vec::new() }
    }

    /// A pair that was never linked.
    pub fn unknown(identity: LinkIdentity) -> Self {
        Self { identity, changes: 0, links: BTreeMap::new(), before: BTreeMap::new(), retired: Vec::new() }
    }

    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Whether the pair was ever linked, even if it is not any more.
    pub fn is_known(&self) -> bool {
        self.changes > 0
    }

    /// Whether something can be stopped at `at`: a link that runs then, begins later, or ends exactly there.
    pub fn reaches(&self, at: Timestamp) -> bool {
        self.links().any(|link| link.period.end >= at)
    }

    /// Within `period` the factor is `factor`, whatever it was; outside nothing changes.
    pub fn set(&mut self, period: Period, factor: i64, by: &By) -> Effect {
        assert!(!period.is_empty(), "a link lasts");
        self.changes += 1;
        let mut merged = period;
        let touched: Vec<Link> = self
            .links()
            .filter(|link| {
                let touches = link.period.start <= period.end && period.start <= link.period.end;
                let overlaps = link.period.start < period.end && period.start < link.period.end;
                overlaps || (touches && link.factor == factor)
            })
            .cloned()
            .collect();
        let mut created = Vec::new();
        let link = |period, factor| Link { period, factor, created_by: by.clone() };
        for old in &touched {
            if old.factor == factor {
                merged = Period::new(merged.start.min(old.period.start), merged.end.max(old.period.end));
                continue;
            }
            let left = Period::new(old.period.start, period.start);
            let right = Period::new(period.end, old.period.end);
            created.extend([left, right].into_iter().filter(|it| !it.is_empty()).map(|it| link(it, old.factor)));
        }
        if let [only] = &touched[..]
            && only.period == merged
            && only.factor == factor
        {
            return Effect::default();
        }
        created.push(link(merged, factor));
        created.sort_by_key(|link| link.period);
        self.replace(touched, created, by)
    }

    /// The charge is not paid from `at` on.
    pub fn stop(&mut self, at: Timestamp, by: &By) -> Effect {
        self.changes += 1;
        let ended: Vec<Link> = self.links().filter(|link| link.period.end > at).cloned().collect();
        let kept = ended.iter().filter(|link| link.period.start < at);
        let kept = kept.map(|link| Link {
            period: Period::new(link.period.start, at),
            factor: link.factor,
            created_by: by.clone(),
        });
        let kept = kept.collect();
        self.replace(ended, kept, by)
    }

    fn replace(&mut self, retired: Vec<Link>, created: Vec<Link>, by: &By) -> Effect {
        for link in &retired {
            self.links.remove(&link.period.start);
            self.retired.push(Retired { link: link.clone(), by: by.clone() });
        }
        self.links.extend(created.iter().map(|link| (link.period.start, link.clone())));
        Effect { retired, created }
    }

    /// Everything that must be written for what was done here.
    pub fn changes(&self) -> Vec<Change> {
        let identity = &self.identity;
        let mut changes = vec![
            Change::Put(record::timeline_key(identity), record::write_timeline(self.changes)),
            // Nobody counts these: that they were written is all that they say.
            Change::Put(record::point_guard_key(&identity.metering_point), record::write_guard()),
        ];
        for (start, link) in &self.links {
            if self.before.get(start) != Some(link) {
                changes.push(Change::Put(record::link_key(identity, *start), record::write_link(link)));
            }
        }
        let gone = self.before.keys().filter(|start| !self.links.contains_key(start));
        changes.extend(gone.map(|start| Change::Delete(record::link_key(identity, *start))));
        let retired = self.retired.iter().enumerate();
        changes.extend(
            retired.map(|(at, retired)| Change::Put(record::retired_key(identity, at), record::write_retired(retired))),
        );
        if self.links.is_empty() != self.before.is_empty() {
            let key = record::point_of_charge_key(identity);
            changes.push(Change::Put(record::charge_guard_key(&identity.charge), record::write_guard()));
            changes.push(match self.links.is_empty() {
                true => Change::Delete(key),
                false => Change::Put(key, record::write_guard()),
            });
        }
        changes
    }
}
