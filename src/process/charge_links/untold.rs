//! A grid area finds an owner: it hears of the taxes that were linked to metering points there while nobody ran the grid.
//!
//! A link to a tax is made whether or not there is a grid access provider to tell. Where there is none, or none that is
//! active, the pair is noted. That the area is given to one ([`metering_points::owned`]), or that its owner becomes active
//! ([`metering_points::owner_activated`]), becomes an [`Errand`] that goes through the notes of that area, page by page, tells
//! the owner which links there are by then, and takes the notes away. What somebody was told of is not told to the next
//! owner: each link is told once. Source: charges 6.6, 7.4, 9.

use serde::{Deserialize, Serialize};

use super::record;
use super::reply::{self, Answer};
use super::request::{Operation, RequestChangeBillingMasterData};
use super::standing;
use super::state::{self, LinkIdentity};
use crate::document::Header;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::errand::{self, Errand, cause};
use crate::process::participants::{self, is_live};
use crate::process::{Context, Decision, Event, Market, metering_points};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Grid areas whose new owners are still to be told: commit, place.
pub const TASKS: Space = Space(29);

/// Pairs of one page: as many records, at least.
const PAGE_PAIRS: usize = 500;

pub const OWNED: errand::Kind = errand::Kind {
    name: "a grid company to be told of the taxes of its area",
    waiting: tasks,
    read: |key, entry| Box::new(read_task(key, entry)),
};

/// A grid area that has found an owner, or whose owner has become active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    area: String,
    owner: Party,
    key: Key,
    at: Timestamp,
    cause: [u8; 32],
}

/// What must be written because of `events`, in the batch of the decision that raised them.
pub fn hear(events: &[Event], context: &Context) -> Vec<Change> {
    let areas = events.iter().filter_map(metering_points::owned_area);
    let tasks = areas.zip(0_u64..).map(|((area, owner), place)| {
        let cause = cause(&context.cause, &["grid area has an owner", &place.to_string()]);
        let task = StoredTask { area, owner: owner.to_string(), at: context.now.micros(), cause };
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
        area: found.area,
        owner: Party { number: ActorNumber::new(found.owner), role: ActorRole::GridAccessProvider },
        key: key.clone(),
        at: Timestamp::from_micros(found.at),
        cause: found.cause,
    }
}

impl Errand for Task {
    /// What was told leaves the range, so its beginning is always what is left.
    fn left(&self) -> Option<(KeyRange, usize)> {
        Some((record::untold(&self.area), PAGE_PAIRS))
    }

    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        Context { now: self.at, caller: market.hub_party(), cause: self.cause, market }
    }

    fn needs(&self, page: &[Key], context: &Context) -> Needs {
        let needs = participants::needs_of(context.pack(), &self.owner).key(self.key.clone());
        let needs = needs.and(metering_points::needs_of_grid_area(&self.area));
        let pairs = page.iter().map(record::read_untold);
        pairs.fold(needs, |needs, pair| needs.and(state::needs(&pair)).and(standing::needs(&pair.charge)))
    }

    fn needs_more(&self, _page: &[Key], _facts: &Facts, _context: &Context) -> Needs {
        Needs::default()
    }

    /// The notes stay for a later owner where this one is it no longer, or cannot be told.
    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision {
        let owner = metering_points::grid_area(facts, &self.area).and_then(|area| area.owner);
        if owner.as_ref() != Some(&self.owner.number) || !is_live(facts, context.pack(), &self.owner) {
            return Decision::default().change(Change::Delete(self.key.clone()));
        }
        let pairs: Vec<LinkIdentity> = page.iter().map(record::read_untold).collect();
        // Each page ends at another pair, so no two of them send one id.
        let last = pairs.last().map_or("", |pair| pair.metering_point.as_str());
        let charge = pairs.last().map_or("", |pair| pair.charge.id.as_str());
        let context = Context {
            cause: cause(&context.cause, &["page", last, charge]),
            caller: context.caller.clone(),
            ..*context
        };
        let operations: Vec<Operation> = pairs.iter().flat_map(|pair| links_of(pair, facts)).collect();
        let answers = vec![Answer::Accepted { told: [self.owner.clone()].into() }; operations.len()];
        let request = RequestChangeBillingMasterData { header: Header::default(), operations };
        let outgoing = reply::notifications(&request, &answers, None, &context);
        let mut changes: Vec<Change> = page.iter().cloned().map(Change::Delete).collect();
        if !more {
            changes.push(Change::Delete(self.key.clone()));
        }
        Decision { changes, outgoing, ..Decision::default() }
    }
}

/// The links of a pair as they are by now.
fn links_of(pair: &LinkIdentity, facts: &Facts) -> impl Iterator<Item = Operation> {
    let links = standing::links(facts, pair).into_iter();
    links.map(|link| standing::operation(&pair.charge.id, &pair.metering_point, &pair.charge, &link))
}

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredTask {
    area: String,
    owner: String,
    at: i64,
    cause: [u8; 32],
}
