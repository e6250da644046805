//! Where everything of this process is kept: entities, accounts, the ways from one to the other, and what is still to do.
//!
//! One record, the register, is rewritten by everything that takes its turn on it: whatever makes an account, and the runs,
//! whose ranges its version guards. What stands under an entity (accounts that follow from it, contracts that wait for it) is
//! guarded by a record of the entity's own: whoever adds to it rewrites that, unseen, and whoever delivers the entity has
//! looked at it. A partner's accounts at a market location have such a guard too. The other way round the entity's record is the guard: whoever adds to what stands under it has seen it.

use bytes::Bytes;
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::entity::{Entity, EntityKey, EntityKind};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Key, KeyRange, Space, stored};

/// Of an entity, one record: rewritten whenever an account comes to follow from it, or a contract to wait for it. The same of
/// a partner's accounts at a market location.
const GUARDS: Space = Space(76);
/// One record: how many accounts were ever made.
pub const REGISTER: Space = Space(96);
/// Entities with their versions, by kind and number.
pub const ENTITIES: Space = Space(97);
/// Accounts, by the running number of their sync id.
pub const ACCOUNTS: Space = Space(98);
/// The accounts that follow from an entity: kind, number, account.
pub const LINKS: Space = Space(99);
/// The account of a partner and an installation: partner, installation.
pub const PAIRS: Space = Space(100);
/// The accounts of a partner at a market location: partner, market location, account.
pub const MALOS: Space = Space(101);
/// The account that a billing contract or a prospect belongs to: kind, number.
pub const HOLDERS: Space = Space(102);
/// Billing contracts that wait, by number.
pub const WAITERS: Space = Space(103);
/// What they wait for: kind, number, billing contract.
pub const AWAITED: Space = Space(104);
/// Entities that have changed since their accounts were looked at: kind, number.
pub const CHANGED: Space = Space(105);
/// Accounts by the day on which they change by themselves: day, account.
pub const DUE: Space = Space(106);
/// Accounts that are marked.
pub const MARKED: Space = Space(107);

const VERSION: u8 = 1;

/// An entity and the version in which it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntity {
    pub version: u64,
    pub entity: Entity,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Accounts ever made: the last running number that was given.
    pub accounts: u64,
    /// Decisions that took their turn on it and changed anything.
    pub changes: u64,
}

/// A billing contract without an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    #[serde(with = "instant")]
    pub since: Timestamp,
    /// What is not there yet; empty where something else is in the way.
    pub missing: Vec<EntityKey>,
    /// What is in the way: the sentence of the rule.
    pub conflict: Option<String>,
    /// Whatever may let it go on when it arrives or changes: the keys under [`AWAITED`].
    pub awaited: Vec<EntityKey>,
    /// Who delivered it, and in which transaction.
    pub sender: String,
    pub transaction_id: String,
}

impl Waiter {
    pub fn sender(&self) -> Party {
        Party { number: ActorNumber::new(&*self.sender), role: ActorRole::EnergySupplier }
    }
}

/// An entity whose accounts are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub entity: EntityKey,
    /// The account up to which that has been done.
    pub after: u64,
}

/// A stored record that cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored {0} cannot be read")]
pub struct Unreadable(pub String);

pub fn write(value: &impl Serialize) -> Bytes {
    stored::write(VERSION, value)
}

/// `what` names the record for the one who must repair it.
pub fn read<T: DeserializeOwned>(value: &[u8], what: impl FnOnce() -> String) -> Result<T, Unreadable> {
    stored::read(VERSION, value).ok_or_else(|| Unreadable(what()))
}

pub fn read_account(value: &[u8]) -> Result<Account, Unreadable> {
    read(value, || "installation account".into())
}

pub fn register_key() -> Key {
    Key::new(REGISTER)
}

/// The register as far as it is known.
pub fn register(value: Option<&[u8]>) -> Result<Register, Unreadable> {
    value.map_or(Ok(Register::default()), |value| read(value, || "register of installation accounts".into()))
}

/// The guard of a partner's accounts at a market location.
pub fn malo_guard_key(partner: &str, malo: &str) -> Key {
    Key::new(GUARDS).text("ml").text(partner).text(malo)
}

/// The guard of what stands under an entity.
pub fn guard_key(entity: &EntityKey) -> Key {
    of_entity(GUARDS, entity)
}

pub fn entity_key(entity: &EntityKey) -> Key {
    of_entity(ENTITIES, entity)
}

pub fn account_key(number: u64) -> Key {
    Key::new(ACCOUNTS).number(number)
}

pub fn accounts() -> KeyRange {
    KeyRange::under(&Key::new(ACCOUNTS))
}

pub fn link_key(entity: &EntityKey, account: u64) -> Key {
    of_entity(LINKS, entity).number(account)
}

/// The accounts that follow from an entity, behind account `after`.
pub fn links_after(entity: &EntityKey, after: u64) -> KeyRange {
    let all = of_entity(LINKS, entity);
    KeyRange::under_from(&all, all.clone().number(after + 1))
}

pub fn pair_key(partner: &str, installation: &str) -> Key {
    Key::new(PAIRS).text(partner).text(installation)
}

pub fn malo_key(partner: &str, malo: &str, account: u64) -> Key {
    Key::new(MALOS).text(partner).text(malo).number(account)
}

pub fn malos(partner: &str, malo: &str) -> KeyRange {
    KeyRange::under(&Key::new(MALOS).text(partner).text(malo))
}

pub fn holder_key(entity: &EntityKey) -> Key {
    of_entity(HOLDERS, entity)
}

pub fn waiter_key(contract: &str) -> Key {
    Key::new(WAITERS).text(contract)
}

pub fn waiters() -> KeyRange {
    KeyRange::under(&Key::new(WAITERS))
}

pub fn awaited_key(entity: &EntityKey, contract: &str) -> Key {
    of_entity(AWAITED, entity).text(contract)
}

/// The billing contracts that wait for an entity, behind contract `after`.
pub fn awaited_after(entity: &EntityKey, after: Option<&str>) -> KeyRange {
    let all = of_entity(AWAITED, entity);
    match after {
        None => KeyRange::under(&all),
        Some(after) => {
            let mut next = awaited_key(entity, after).as_bytes().to_vec();
            next.push(0);
            KeyRange::under_from(&all, Key::from_bytes(next))
        }
    }
}

pub fn changed_key(entity: &EntityKey) -> Key {
    of_entity(CHANGED, entity)
}

pub fn changed() -> KeyRange {
    KeyRange::under(&Key::new(CHANGED))
}

pub fn due_key(day: NaiveDate, account: u64) -> Key {
    Key::new(DUE).text(&day.to_string()).number(account)
}

/// The accounts that have changed by themselves up to `day`, the day included.
pub fn due_by(day: NaiveDate) -> KeyRange {
    KeyRange { from: Key::new(DUE), to: KeyRange::under(&Key::new(DUE).text(&day.to_string())).to }
}

pub fn marked_key(account: u64) -> Key {
    Key::new(MARKED).number(account)
}

/// The marked accounts behind account `after`.
pub fn marked_after(after: u64) -> KeyRange {
    KeyRange::under_from(&Key::new(MARKED), marked_key(after + 1))
}

/// The account whose number a key ends in.
pub fn account_of(key: &Key) -> u64 {
    let bytes = key.as_bytes();
    let last = bytes.last_chunk().expect("the key ends in the number of an account");
    u64::from_be_bytes(*last)
}

/// The billing contract of a key under [`AWAITED`].
pub fn contract_of(key: &Key) -> String {
    let mut parts = key.reader();
    let texts = [parts.text(), parts.text(), parts.text()];
    texts.into_iter().next_back().flatten().expect("the key ends in the number of a contract")
}

fn of_entity(space: Space, entity: &EntityKey) -> Key {
    Key::new(space).text(kind_text(entity.kind)).text(&entity.number)
}

/// Part of stored keys: it may not change.
fn kind_text(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::BusinessPartner => "bp",
        EntityKind::ConnectionObject => "co",
        EntityKind::Installation => "in",
        EntityKind::ContractAccount => "ca",
        EntityKind::BillingContract => "bc",
        EntityKind::ProspectAccount => "pr",
    }
}

/// An instant in microseconds, for `#[serde(with)]`.
pub mod instant {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::market::Timestamp;

    pub fn serialize<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(instant.micros())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_micros)
    }
}
