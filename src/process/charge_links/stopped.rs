//! A subscription or a fee is stopped: the suppliers of the metering points that pay it hear of it, link by link. A stop
//! is taken back: they hear which links go on.
//!
//! There may be a million of them, so no decision does it at once: the event becomes an [`Errand`], and each page of
//! metering points sends what it has to say. A link that is made later cannot reach beyond the stop (CH.08), so none is
//! missed.
//!
//! Each page looks at the charge as it stands. A stop that has been taken back or moved meanwhile, be it in the document that
//! asked for it, is not told any more: what took its place has an errand of its own, behind this one.
//!
//! While a charge is stopped, whoever takes over a supply or a grid area is told nothing of its links beyond the stop
//! ([`standing`]). So a stop that is taken back is told for charges of every type, to everybody who hears of a link from
//! that date on.
//!
//! Source: charges 6.6, last row.

use serde::{Deserialize, Serialize};

use super::receivers::{self, LinkChange};
use super::record;
use super::reply::{self, Answer};
use super::request::RequestChangeBillingMasterData;
use super::standing;
use super::state::{self, Link, LinkIdentity};
use crate::document::Header;
use crate::market::{ActorNumber, ChargeType, MeteringPointId, Period, Timestamp};
use crate::process::accounting_points::{self, Supply};
use crate::process::charges::{Charge, ChargeIdentity};
use crate::process::errand::{self, Errand, cause};
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::{Context, Decision, Event, Market};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Charges that are stopped, or stopped no longer, whose metering points are still to be told about: commit, place.
pub const TASKS: Space = Space(47);

/// Metering points of one page: as many records, at most, for each supplier.
pub const PAGE_POINTS: usize = 500;

/// A charge that is stopped, or stopped no longer, and how far its metering points have been gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub charge: ChargeIdentity,
    pub stop: Timestamp,
    /// Whether that stop was taken back.
    pub goes_on: bool,
    key: Key,
    at: Timestamp,
    cause: [u8; 32],
    /// The last metering point of the page before.
    after: Option<MeteringPointId>,
}

/// What must be written because of `events`, in the batch of the decision that raised them.
pub fn hear(events: &[Event], context: &Context) -> Vec<Change> {
    let mut stops: Vec<(ChargeIdentity, Timestamp, bool)> = Vec::new();
    for (charge, stop, goes_on) in events.iter().filter_map(stop_in) {
        let undoes = |(other, at, went_on): &(ChargeIdentity, Timestamp, bool)| {
            (other, *at, *went_on) == (&charge, stop, !goes_on)
        };
        // What one document both does and undoes, nobody need hear of.
        match stops.iter().rposition(undoes) {
            Some(nth) => drop(stops.remove(nth)),
            None => stops.push((charge, stop, goes_on)),
        }
    }
    stops.retain(|(charge, _, goes_on)| *goes_on || charge.charge_type != ChargeType::Tariff);
    let tasks = stops.into_iter().zip(0_u64..).map(|((charge, stop, goes_on), place)| {
        let key = Key::new(TASKS).stamp().number(place);
        let what = if goes_on { "charge goes on" } else { "charge is stopped" };
        let cause = cause(&context.cause, &[what, &place.to_string()]);
        Task { charge, stop, goes_on, key, at: context.now, cause, after: None }.put()
    });
    tasks.collect()
}

/// The charge that an event stops or lets go on, the date, and which of the two it is.
fn stop_in(event: &Event) -> Option<(ChargeIdentity, Timestamp, bool)> {
    let (goes_on, date) = match event.name {
        "ChargeDiscontinued" => (false, "end"),
        "ChargeDiscontinuationCancelled" => (true, "cancelled_end"),
        _ => return None,
    };
    let text = |name: &str| event.payload[name].as_str().map(str::to_string);
    let number = event.payload["charge_type"].as_u64();
    let charge_type = ChargeType::ALL.into_iter().find(|it| Some(u64::from(it.number())) == number)?;
    let owner = ActorNumber::new(text("charge_owner")?);
    let charge = ChargeIdentity { owner, charge_type, id: text("charge_id")? };
    Some((charge, Timestamp::parse_date_time(&text(date)?)?, goes_on))
}

pub const STOPPED: errand::Kind = errand::Kind {
    name: "suppliers to be told that a charge is stopped, or goes on",
    waiting: tasks,
    read: |key, entry| Box::new(read_task(key, entry)),
};

/// Every task that is not done.
pub fn tasks() -> KeyRange {
    KeyRange::under(&Key::new(TASKS))
}

/// # Panics
///
/// When the bytes are not what [`hear`] or [`Errand::decide`] made of a task.
pub fn read_task(key: &Key, entry: &Entry) -> Task {
    let first = || Some((stored::read(FIRST, &entry.value)?, false));
    let (found, goes_on): (StoredTask, bool) =
        stored::read(VERSION, &entry.value).or_else(first).expect("a stored task is read back");
    let charge_type = ChargeType::from_code(&found.charge_type).expect("a stored charge has a known type");
    Task {
        charge: ChargeIdentity { owner: ActorNumber::new(found.owner), charge_type, id: found.id },
        stop: Timestamp::from_micros(found.stop),
        goes_on,
        key: key.clone(),
        at: Timestamp::from_micros(found.at),
        cause: found.cause,
        after: found.after.map(MeteringPointId::new),
    }
}

impl Errand for Task {
    fn origin(&self) -> Option<[u8; 32]> {
        Some(self.cause)
    }

    /// The records of all metering points that are left.
    fn left(&self) -> Option<(KeyRange, usize)> {
        let all = record::points_of_charge(&self.charge);
        let Some(after) = &self.after else { return Some((all, PAGE_POINTS)) };
        let identity = LinkIdentity { metering_point: after.clone(), charge: self.charge.clone() };
        let mut next = record::point_of_charge_key(&identity).as_bytes().to_vec();
        next.push(0);
        Some((KeyRange { from: Key::from_bytes(next), to: all.to }, PAGE_POINTS))
    }

    /// As of the stop: outgoing ids are made from the message that stopped the charge, and from the page.
    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        let after = self.after.as_ref().map_or("", MeteringPointId::as_str);
        Context { now: self.at, caller: market.hub_party(), cause: cause(&self.cause, &["page", after]), market }
    }

    fn needs(&self, page: &[Key], _context: &Context) -> Needs {
        let needs = standing::needs(&self.charge).key(self.key.clone());
        self.pairs(page).iter().fold(needs, |needs, pair| {
            let point = &pair.metering_point;
            needs.and(state::needs(pair)).and(metering_points::needs_of(point)).and(accounting_points::needs_of(point))
        })
    }

    /// And who is to be told.
    fn needs_more(&self, page: &[Key], facts: &Facts, context: &Context) -> Needs {
        let points: Vec<MeteringPointId> = self.pairs(page).into_iter().map(|pair| pair.metering_point).collect();
        receivers::needs_more(&points, facts, context.pack())
    }

    /// Tells of the links of `page`, and moves on.
    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision {
        let (mut operations, mut answers, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let charge = standing::charge(facts, &self.charge).expect("a charge that was stopped exists");
        for pair in self.pairs(page) {
            let Some(point) = metering_points::metering_point(facts, &pair.metering_point) else { continue };
            let supplies = accounting_points::supplies(facts, &pair.metering_point);
            for link in self.said(&pair, &charge, facts) {
                let change = self.change((&point, &supplies), &charge, &link);
                answers.push(Answer::Accepted { told: receivers::told(facts, &change, context.pack()) });
                operations.push(standing::operation(&self.charge.id, &pair.metering_point, &self.charge, &link));
                let untold = self.goes_on.then(|| receivers::untold(facts, &change, &pair, context.pack()));
                changes.extend(untold.flatten());
            }
        }
        let request = RequestChangeBillingMasterData { header: Header::default(), operations };
        changes.push(match (more, self.pairs(page).pop()) {
            (true, Some(last)) => Task { after: Some(last.metering_point), ..self.clone() }.put(),
            _ => Change::Delete(self.key.clone()),
        });
        let outgoing = reply::notifications(&request, &answers, None, context);
        Decision { changes, outgoing, ..Decision::default() }
    }
}

impl Task {
    /// The links of which there is something to say, with the period that is said.
    fn said(&self, pair: &LinkIdentity, charge: &Charge, facts: &Facts) -> Vec<Link> {
        let beyond = |link: &Link| link.period.end > self.stop;
        if self.goes_on {
            return standing::links(facts, pair).into_iter().filter(beyond).collect();
        }
        if charge.stop != self.stop {
            return Vec::new();
        }
        let ended = |link: Link| Link { period: Period::new(link.period.start.min(self.stop), self.stop), ..link };
        state::links(facts, pair).into_iter().filter(beyond).map(ended).collect()
    }

    /// What becomes of a link. One that goes on may be news to whoever came meanwhile, whatever its charge; and one that begins
    /// behind the stop is nobody's before.
    fn change<'a>(
        &self,
        (point, supplies): (&'a MeteringPoint, &'a [Supply]),
        charge: &Charge,
        link: &Link,
    ) -> LinkChange<'a> {
        let from = if self.goes_on { link.period.start.max(self.stop) } else { self.stop };
        let to_later = self.goes_on || self.charge.charge_type != ChargeType::Fee;
        LinkChange { point, supplies, is_tax: charge.tax_indicator, from, to_later }
    }

    fn pairs(&self, page: &[Key]) -> Vec<LinkIdentity> {
        let pair = |metering_point| LinkIdentity { metering_point, charge: self.charge.clone() };
        page.iter().map(|key| pair(record::read_point_of_charge(key))).collect()
    }

    fn put(&self) -> Change {
        let task = StoredTask {
            owner: self.charge.owner.to_string(),
            charge_type: self.charge.charge_type.code().to_string(),
            id: self.charge.id.clone(),
            stop: self.stop.micros(),
            at: self.at.micros(),
            cause: self.cause,
            after: self.after.as_ref().map(ToString::to_string),
        };
        Change::Put(self.key.clone(), stored::write(VERSION, &(task, self.goes_on)))
    }
}

const VERSION: u8 = 2;
/// When only stops were told.
const FIRST: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredTask {
    owner: String,
    charge_type: String,
    id: String,
    stop: i64,
    at: i64,
    cause: [u8; 32],
    after: Option<String>,
}
