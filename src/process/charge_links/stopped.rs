//! A subscription or a fee is stopped: the suppliers of the metering points that pay it hear of it, link by link.
//!
//! There may be a million of them, so no decision does it at once: the event becomes an [`Errand`], and each page of
//! metering points sends what it has to say. A link that is made later cannot reach beyond the stop (CH.08), so none is
//! missed.
//!
//! Source: charges 6.6, last row.

use serde::{Deserialize, Serialize};

use super::decide::supplier;
use super::record;
use super::reply::{self, Answer};
use super::request::{Operation, RequestChangeBillingMasterData};
use super::state::{self, LinkIdentity};
use crate::document::Header;
use crate::market::{ActorNumber, ChargeType, MeteringPointId, Timestamp};
use crate::process::accounting_points;
use crate::process::charges::ChargeIdentity;
use crate::process::errand::{self, Errand, cause};
use crate::process::participants::{self, is_live};
use crate::process::{Context, Decision, Event, Market};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Stopped charges whose metering points are still to be told about: commit, place.
pub const TASKS: Space = Space(47);

/// Metering points of one page: as many records, at most, for each supplier.
pub const PAGE_POINTS: usize = 500;

/// A stopped charge, and how far its metering points have been gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub charge: ChargeIdentity,
    pub stop: Timestamp,
    key: Key,
    at: Timestamp,
    cause: [u8; 32],
    /// The last metering point of the page before.
    after: Option<MeteringPointId>,
}

/// What must be written because of `events`, in the batch of the decision that raised them.
pub fn hear(events: &[Event], context: &Context) -> Vec<Change> {
    let stops = events.iter().filter(|event| event.name == "ChargeDiscontinued").filter_map(|event| {
        let text = |name: &str| event.payload[name].as_str().map(str::to_string);
        let number = event.payload["charge_type"].as_u64();
        let told = [ChargeType::Subscription, ChargeType::Fee];
        let charge_type = told.into_iter().find(|it| Some(u64::from(it.number())) == number)?;
        let owner = ActorNumber::new(text("charge_owner")?);
        let charge = ChargeIdentity { owner, charge_type, id: text("charge_id")? };
        Some((charge, Timestamp::parse_date_time(&text("end")?)?))
    });
    let tasks = stops.zip(0_u64..).map(|((charge, stop), place)| {
        let key = Key::new(TASKS).stamp().number(place);
        let cause = cause(&context.cause, &["charge is stopped", &place.to_string()]);
        Task { charge, stop, key, at: context.now, cause, after: None }.put()
    });
    tasks.collect()
}

pub const STOPPED: errand::Kind = errand::Kind {
    name: "suppliers to be told of a stopped charge",
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
    let found: StoredTask = stored::read(VERSION, &entry.value).expect("a stored task is read back");
    let charge_type = ChargeType::from_code(&found.charge_type).expect("a stored charge has a known type");
    Task {
        charge: ChargeIdentity { owner: ActorNumber::new(found.owner), charge_type, id: found.id },
        stop: Timestamp::from_micros(found.stop),
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
        let pairs = self.pairs(page);
        let needs = Needs::default().key(self.key.clone());
        pairs.iter().fold(needs, |needs, pair| {
            needs.and(state::needs(pair)).and(accounting_points::needs_of(&pair.metering_point))
        })
    }

    /// And who supplies them.
    fn needs_more(&self, page: &[Key], facts: &Facts, context: &Context) -> Needs {
        let supplies =
            self.pairs(page).into_iter().flat_map(|it| accounting_points::supplies(facts, &it.metering_point));
        let suppliers = supplies.map(|it| participants::needs_of(context.pack(), &supplier(it.supplier)));
        suppliers.fold(Needs::default(), Needs::and)
    }

    /// Tells the suppliers of `page`, and moves on.
    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision {
        let (mut operations, mut answers) = (Vec::new(), Vec::new());
        for pair in self.pairs(page) {
            let supplies = accounting_points::supplies(facts, &pair.metering_point);
            let beyond = state::links(facts, &pair).into_iter().filter(|link| link.period.end > self.stop);
            for link in beyond {
                let later = |start| start > self.stop && self.charge.charge_type != ChargeType::Fee;
                let told = supplies.iter().filter(|it| it.period.contains(self.stop) || later(it.period.start));
                let told = told.map(|it| supplier(it.supplier.clone()));
                let told = told.filter(|it| is_live(facts, context.pack(), it)).collect();
                answers.push(Answer::Accepted { told });
                operations.push(Operation {
                    transaction_id: self.charge.id.clone(),
                    metering_point: pair.metering_point.to_string(),
                    owner: self.charge.owner.to_string(),
                    charge_type: Some(self.charge.charge_type),
                    charge_id: self.charge.id.clone(),
                    factor: Some(link.factor),
                    effective: Some(link.period.start.min(self.stop)),
                    termination: Some(self.stop),
                });
            }
        }
        let request = RequestChangeBillingMasterData { header: Header::default(), operations };
        let change = match (more, self.pairs(page).pop()) {
            (true, Some(last)) => Task { after: Some(last.metering_point), ..self.clone() }.put(),
            _ => Change::Delete(self.key.clone()),
        };
        let outgoing = reply::notifications(&request, &answers, None, context);
        Decision { changes: vec![change], outgoing, ..Decision::default() }
    }
}

impl Task {
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
        Change::Put(self.key.clone(), stored::write(VERSION, &task))
    }
}

const VERSION: u8 = 1;

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
