//! A metering point is created: the charges that every metering point of its type pays are linked to it.
//!
//! Whoever creates one raises `MeteringPointCreated` ([`metering_points::created`]) and need not know of charges. The
//! event becomes an [`Errand`]: links look at the metering point's own record, so they are made behind the commit that
//! writes it. What came of it is told as `CreateDefaultChargeLinksReply`. Source: charges 6.5, 8.3, 8.4.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::default::{Defaults, Reply, default_links, default_links_needs, default_links_needs_more};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::errand::{self, Errand, cause};
use crate::process::{Context, Decision, Event, Market, metering_points};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Metering points whose default links are still to be made: commit, place.
pub const TASKS: Space = Space(30);

pub const CREATED: errand::Kind = errand::Kind {
    name: "default links of a created metering point",
    waiting: tasks,
    read: |key, entry| Box::new(read_task(key, entry)),
};

/// A metering point that has been created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    point: MeteringPointId,
    key: Key,
    at: Timestamp,
    cause: [u8; 32],
}

/// What must be written because of `events`, in the batch of the decision that raised them.
pub fn hear(events: &[Event], context: &Context) -> Vec<Change> {
    let points = events.iter().filter_map(metering_points::created_point);
    let tasks = points.zip(0_u64..).map(|(point, place)| {
        let cause = cause(&context.cause, &["metering point is created", &place.to_string()]);
        let task = StoredTask { point: point.to_string(), at: context.now.micros(), cause };
        Change::Put(Key::new(TASKS).stamp().number(place), stored::write(VERSION, &task))
    });
    tasks.collect()
}

/// Every task that is not done.
pub fn tasks() -> KeyRange {
    KeyRange::under(&Key::new(TASKS))
}

/// # Panics
///
/// When the bytes are not what [`hear`] made of a task.
pub fn read_task(key: &Key, entry: &Entry) -> Task {
    let found: StoredTask = stored::read(VERSION, &entry.value).expect("a stored task is read back");
    Task {
        point: MeteringPointId::new(found.point),
        key: key.clone(),
        at: Timestamp::from_micros(found.at),
        cause: found.cause,
    }
}

impl Errand for Task {
    fn origin(&self) -> Option<[u8; 32]> {
        Some(self.cause)
    }

    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        Context { now: self.at, caller: market.hub_party(), cause: self.cause, market }
    }

    fn needs(&self, _page: &[Key], _context: &Context) -> Needs {
        default_links_needs(&self.point).key(self.key.clone())
    }

    fn needs_more(&self, _page: &[Key], facts: &Facts, context: &Context) -> Needs {
        default_links_needs_more(&self.point, facts, context)
    }

    fn decide(&self, _page: &[Key], _more: bool, facts: &Facts, context: &Context) -> Decision {
        let Defaults { decision, reply } = default_links(&self.point, facts, context);
        decision.change(Change::Delete(self.key.clone())).tell(told(&self.point, reply))
    }
}

/// Error codes are numbers: 0 is the market's own, 1 is ours (charges 6.5, 8.3).
fn told(point: &MeteringPointId, reply: Reply) -> Event {
    let mut payload = json!({"metering_point_id": point.as_str()});
    match reply {
        Reply::Succeeded { did_create_charge_links } => {
            payload["succeeded"] = json!({"did_create_charge_links": did_create_charge_links});
        }
        Reply::MeteringPointUnknown => payload["failed"] = json!({"error_code": 0}),
        Reply::LinksRejected => payload["failed"] = json!({"error_code": 1}),
    }
    Event { name: "CreateDefaultChargeLinksReply", payload }
}

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredTask {
    point: String,
    at: i64,
    cause: [u8; 32],
}
