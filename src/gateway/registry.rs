//! What the registry of participants tells the hub: who takes part, who runs which grid area (charges 8.4), and who acts for
//! whom there (post-office 5.3). It comes by an operator's hand, at the command line or over HTTPS; both do what is planned
//! here.
//!
//! What is told is a statement. Whoever stands in it is registered as it says; what is not said of them, and everybody else, stays
//! as it was. What is so already raises no event. A statement holds as a whole or not at all. Areas that change hands, or whose
//! owner becomes active, raise events, of which the charge links hear.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use thiserror::Error;

use super::{Fault, Gateway, load};
use crate::document::Wire;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp, is_eic, is_gln};
use crate::process::delegations::{self, Delegation, NotConfigured};
use crate::process::metering_points::{self, GridAreaTable};
use crate::process::participants::{self, ExternalIdTaken, Listed, Participant, Status};
use crate::process::{Context, Event, Market, Pack, aftermath, gather_more};
use crate::record::{Batch, Change, Expected, Facts, Needs, Outcome};
use crate::store::Store;

/// What is told at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// What a world file lists of it.
    Register(Registration),
    /// An actor changes in every role and market in which it is registered.
    Actor(ActorChange),
}

/// Participants, grid areas with whoever runs them, and who acts for whom there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registration {
    pub participants: Vec<Listed>,
    pub areas: Vec<GridAreaTable>,
    pub delegations: Vec<delegations::Wanted>,
}

/// What is changed about an actor; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActorChange {
    /// Its id in the registry.
    pub id: String,
    pub name: Option<String>,
    pub status: Option<Status>,
    /// The `azp` claim of its tokens; empty for none.
    pub external_id: Option<String>,
    /// The form in which it is given its post where it does not say which, or none.
    pub form: Option<Option<Wire>>,
}

/// Why a statement is not taken over.
#[derive(Debug, Error)]
pub enum RegistryFault {
    #[error("give grid area {code} to {owner}: it is no active grid company (DDM)")]
    NotActive { code: String, owner: String },
    #[error("change {id}: nobody is registered under this id")]
    Nobody { id: String },
    #[error("add a delegation: {0} is not registered")]
    UnknownParty(Party),
    #[error("add a delegation: there is no grid area {0}")]
    UnknownArea(String),
    #[error("add a delegation: {0}")]
    NotConfigured(#[from] NotConfigured),
    #[error(
        "register {0}: it is neither a GLN of 13 digits nor an EIC of 16 characters, or its last character does not check the others"
    )]
    NoNumber(ActorNumber),
    #[error(transparent)]
    ExternalIdTaken(#[from] ExternalIdTaken),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a statement comes to: what is to be written, and a row for each participant and area with what that does to it.
pub struct Plan {
    pub batch: Batch,
    pub rows: Vec<Value>,
}

impl Gateway {
    /// Takes a statement over; says of each participant and area whether that changed anything.
    pub async fn told_by_registry(&self, statement: &Statement) -> Result<Vec<Value>, RegistryFault> {
        loop {
            let plan = plan(&*self.store, self.settings.markets.of(Pack::DK), self.now(), statement)?;
            if plan.batch.changes.is_empty() {
                return Ok(plan.rows);
            }
            // Somebody else has changed the registry meanwhile: look again.
            if let Outcome::Committed(_) = self.write(plan.batch).await? {
                return Ok(plan.rows);
            }
        }
    }
}

/// What a statement comes to in a store as it is.
pub fn plan(store: &dyn Store, market: &Market, now: Timestamp, statement: &Statement) -> Result<Plan, RegistryFault> {
    let look = |needs: &Needs| load(store, needs);
    match statement {
        Statement::Register(said) => {
            let more = |facts: &Facts| participants::register_needs(&said.as_it_is_to_be(facts));
            register(&gather_more(said.needs(), more, look)?, said, market, now)
        }
        Statement::Actor(change) => {
            let more = |facts: &Facts| participants::register_needs(&change.of(facts));
            let everybody = participants::needs_of_everybody().and(metering_points::needs_of_grid_areas());
            let facts = gather_more(everybody, more, look)?;
            let said = change.of(&facts);
            if said.is_empty() {
                return Err(RegistryFault::Nobody { id: change.id.clone() });
            }
            let participants = said.into_iter().map(Listed::from).collect();
            register(&facts, &Registration { participants, ..Registration::default() }, market, now)
        }
    }
}

impl Registration {
    fn needs(&self) -> Needs {
        let rows = self.delegations.iter().map(|it| &it.row);
        let owners = self.areas.iter().filter_map(owner_of);
        let listed: Vec<Participant> = self.participants.iter().map(|it| it.participant.clone()).collect();
        let in_doubt = listed.iter().filter(|one| is_no_number(one, true)).flat_map(every_role);
        let parties = owners.chain(in_doubt).chain(rows.clone().flat_map(|row| [row.by.clone(), row.to.clone()]));
        let codes = self.areas.iter().map(|area| &area.code).chain(rows.map(|row| &row.grid_area));
        let mut needs = participants::register_needs(&listed).and(metering_points::needs_of_grid_areas());
        if !self.delegations.is_empty() {
            needs = needs.and(delegations::configure_needs(&self.delegations));
        }
        let needs = parties.fold(needs, |needs, it| needs.and(participants::needs_of(Pack::DK, &it)));
        codes.fold(needs, |needs, code| needs.and(metering_points::needs_of_grid_area(code)))
    }

    /// The participants, with what is not said as it was.
    fn as_it_is_to_be(&self, facts: &Facts) -> Vec<Participant> {
        let before = |one: &Participant| participants::participant(facts, one.pack, &one.party);
        self.participants.iter().map(|it| it.over(before(&it.participant).as_ref())).collect()
    }
}

impl ActorChange {
    /// The actor as it is to be, in each of its roles. Needs: [`participants::needs_of_everybody`].
    fn of(&self, facts: &Facts) -> Vec<Participant> {
        let own = participants::everyone(facts).filter(|before| before.actor_id == self.id);
        let changed = own.map(|before| Participant {
            name: self.name.clone().unwrap_or(before.name),
            status: self.status.unwrap_or(before.status),
            external_id: match &self.external_id {
                None => before.external_id,
                Some(id) => Some(id.clone()).filter(|id| !id.is_empty()),
            },
            form: self.form.unwrap_or(before.form),
            ..before
        });
        changed.collect()
    }
}

fn owner_of(area: &GridAreaTable) -> Option<Party> {
    let number = ActorNumber::new(area.owner.as_ref()?);
    Some(Party { number, role: ActorRole::GridAccessProvider })
}

fn register(
    facts: &Facts,
    registration: &Registration,
    market: &Market,
    now: Timestamp,
) -> Result<Plan, RegistryFault> {
    let areas = &registration.areas;
    let as_it_is_to_be = registration.as_it_is_to_be(facts);
    let said = the_later_counts(&as_it_is_to_be, |one| (one.pack, &one.party));
    let (mut rows, mut moved) = (Vec::new(), Vec::new());
    for one in &said {
        let what = match participants::participant(facts, one.pack, &one.party) {
            None if is_no_number(one, market.dk().verify_numbers) && !is_known_in_some_role(facts, one) => {
                return Err(RegistryFault::NoNumber(one.party.number.clone()));
            }
            None => "new",
            Some(before) if before == **one => "unchanged",
            Some(_) => "changed",
        };
        if what != "unchanged" {
            moved.push((*one).clone());
        }
        rows.push(json!({
            "number": one.party.number.as_str(), "role": one.party.role.code(), "pack": one.pack.name(),
            "status": one.status.name(), "what": what,
        }));
    }
    // By the end of the statement.
    let is_live = |owner: &Party| match said.iter().find(|one| (one.pack, &one.party) == (Pack::DK, owner)) {
        Some(one) => one.is_live(),
        None => participants::is_live(facts, Pack::DK, owner),
    };
    let mut changes = participants::register(facts, &moved)?;
    let mut events: Vec<Event> = Vec::new();
    for area in the_later_counts(areas, |area| &area.code) {
        let before = metering_points::grid_area(facts, &area.code).and_then(|area| area.owner);
        let owner = owner_of(area);
        let what = match give(&area.code, owner.as_ref(), before.as_ref()) {
            None => "unchanged",
            Some((written, event)) => {
                if let Some(owner) = owner.as_ref().filter(|owner| !is_live(owner)) {
                    let (code, owner) = (area.code.clone(), owner.number.to_string());
                    return Err(RegistryFault::NotActive { code, owner });
                }
                changes.extend(written);
                events.push(event);
                "changed"
            }
        };
        rows.push(json!({ "gridArea": area.code, "owner": area.owner, "what": what }));
    }
    events.extend(activated(facts, &moved, areas));
    if !events.is_empty() && moved.is_empty() {
        changes.push(participants::touched(facts));
    }
    let is_known = |party: &Party| {
        said.iter().any(|one| (one.pack, &one.party) == (Pack::DK, party))
            || participants::participant(facts, Pack::DK, party).is_some()
    };
    for row in registration.delegations.iter().map(|it| &it.row) {
        if let Some(unknown) = [&row.by, &row.to].into_iter().find(|party| !is_known(party)) {
            return Err(RegistryFault::UnknownParty(unknown.clone()));
        }
        let is_told = areas.iter().any(|area| area.code == row.grid_area);
        if !is_told && metering_points::grid_area(facts, &row.grid_area).is_none() {
            return Err(RegistryFault::UnknownArea(row.grid_area.clone()));
        }
    }
    if !registration.delegations.is_empty() {
        let (written, configured) = delegations::configure(facts, &registration.delegations)?;
        changes.extend(written);
        events.extend(configured.iter().filter(|it| it.new).map(|it| delegations::configured(&it.row)));
        rows.extend(configured.iter().map(|it| {
            let mut row = delegation_row(&it.row);
            row["what"] = if it.new { "new" } else { "unchanged" }.into();
            row
        }));
    }
    let context = Context { now, caller: market.hub_party(), cause: cause(facts, now), market };
    let mut batch = Batch::default();
    batch.unless_moved(facts.versions()).put_all(changes).put_all(aftermath(&events, &context));
    Ok(Plan { batch, rows })
}

/// Whether its number is none of a participant: by its length, and by its check character where that is verified (market-roles
/// 1.3; post-office 5.1, 8.2 row 27). Other markets number as they like.
fn is_no_number(one: &Participant, verified: bool) -> bool {
    let number = one.party.number.as_str();
    let is_number = match number.len() {
        13 => number.bytes().all(|byte| byte.is_ascii_digit()) && (!verified || is_gln(number)),
        16 => number.bytes().all(|byte| byte.is_ascii_graphic()) && (!verified || is_eic(number)),
        _ => false,
    };
    one.pack == Pack::DK && !is_number
}

/// Whether its number has been taken in before. Needs: [`every_role`].
fn is_known_in_some_role(facts: &Facts, one: &Participant) -> bool {
    every_role(one).any(|party| participants::participant(facts, one.pack, &party).is_some())
}

fn every_role(one: &Participant) -> impl Iterator<Item = Party> {
    ActorRole::all().map(|role| Party { number: one.party.number.clone(), role })
}

/// A delegation as it is shown.
pub fn delegation_row(row: &Delegation) -> Value {
    let mut shown = json!({
        "sequence": row.sequence.listed,
        "process": row.process.name(),
        "carried": row.process.is_carried(),
        "gridArea": row.grid_area,
        "by": row.by.number.as_str(),
        "byRole": row.by.role.code(),
        "to": row.to.number.as_str(),
        "toRole": row.to.role.code(),
        "starts": row.starts.to_string(),
        "stops": row.stops.map(|stops| stops.to_string()),
    });
    if row.sequence.own > 0 {
        shown["ownNumber"] = row.sequence.own.into();
    }
    shown
}

/// Of several entries for one thing the last one, in their order.
fn the_later_counts<'a, T, K: Ord>(entries: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<&'a T> {
    let last: BTreeMap<K, usize> = entries.iter().map(key).zip(0..).collect();
    let mut places: Vec<usize> = last.into_values().collect();
    places.sort_unstable();
    places.into_iter().map(|place| &entries[place]).collect()
}

/// What is written and told when an area gets another owner, or none; nothing when it keeps the one that it has.
fn give(code: &str, owner: Option<&Party>, before: Option<&ActorNumber>) -> Option<(Vec<Change>, Event)> {
    match (owner, before) {
        (Some(owner), Some(before)) if owner.number == *before => None,
        (Some(owner), _) => Some(metering_points::owned(code, &owner.number)),
        (None, Some(before)) => Some(metering_points::disowned(code, before)),
        (None, None) => None,
    }
}

/// What is told of the areas that keep an owner which has become active.
fn activated(facts: &Facts, moved: &[Participant], areas: &[GridAreaTable]) -> Vec<Event> {
    let was_live = |one: &Participant| participants::is_live(facts, one.pack, &one.party);
    let is_grid_company = |one: &&Participant| one.pack == Pack::DK && one.party.role == ActorRole::GridAccessProvider;
    let activated = moved.iter().filter(is_grid_company).filter(|one| one.is_live() && !was_live(one));
    let keeps = |code: &String, owner: &ActorNumber| {
        let said = areas.iter().rfind(|area| area.code == *code);
        said.is_none_or(|area| area.owner.as_deref() == Some(owner.as_str()))
    };
    let owned = activated.flat_map(|one| {
        let owner = &one.party.number;
        let codes = metering_points::grid_areas_of(facts, owner).into_iter();
        codes.filter(move |code| keeps(code, owner)).map(move |code| metering_points::owner_activated(&code, owner))
    });
    owned.collect()
}

/// A hash for what this statement raises: no two states of the registry have the same versions, so no two events one id.
fn cause(facts: &Facts, now: Timestamp) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(&now.micros().to_be_bytes());
    for (key, expected) in facts.versions() {
        let version = match expected {
            Expected::Absent => 0,
            Expected::At(version) => version,
        };
        hash.update(&(key.as_bytes().len() as u64).to_be_bytes()).update(key.as_bytes()).update(&version.to_be_bytes());
    }
    *hash.finalize().as_bytes()
}
