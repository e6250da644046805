//! CreateOrUpdateInstallationAccount, the central method: which account a billing contract belongs to, and what the
//! account then shows. It runs the same way whichever integration delivered, and twice with the same data it does
//! nothing the second time.
//!
//! Source: installation-accounts 2. The market's text asks for the market location only once an account was found, where
//! that could never change anything; read as here it prevents the duplicate that it is there to prevent. The setting
//! `on_malo_match = "create"` has the text's own reading, so the question is not asked.

use std::collections::BTreeMap;

use super::OnMaloMatch;
use super::account::{Account, Assignment, sync_number};
use super::book::Book;
use super::derive::{self, Linked};
use super::entity::{BillingContract, Entity, EntityKey, EntityKind};
use super::events::Happening;
use super::record::{self, Unreadable};
use super::rules;
use crate::market::{Calendar, Timestamp};
use crate::process::Context;
use crate::process::charge_documents::Broken;
use crate::record::Key;

/// Where a billing contract belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It names no contract account or no installation yet: nothing happens until it does.
    Unnamed,
    /// Entities that it builds on are not there yet.
    Waits(Vec<EntityKey>),
    /// It may not go where it wants to go.
    Conflict(Broken),
    Account(u64),
    /// None is there yet: one is made for this partner.
    New(String),
}

/// What a billing contract builds on, as far as the names are known, and whether it is there.
pub struct Ground {
    pub partner: Option<String>,
    malo: Option<String>,
    /// Whatever it builds on, there or not.
    pub awaited: Vec<EntityKey>,
    missing: Vec<EntityKey>,
}

/// Looks up what `contract` builds on.
pub fn ground(book: &Book, contract: &BillingContract) -> Result<Ground, Unreadable> {
    let mut ground = Ground { partner: None, malo: None, awaited: Vec::new(), missing: Vec::new() };
    if let Some(number) = &contract.contract_account {
        let found = ground.stand_on(book, EntityKind::ContractAccount, number)?;
        if let Some(Entity::ContractAccount(account)) = found {
            ground.stand_on(book, EntityKind::BusinessPartner, &account.partner)?;
            ground.partner = Some(account.partner);
        }
    }
    if let Some(number) = &contract.installation {
        let found = ground.stand_on(book, EntityKind::Installation, number)?;
        if let Some(Entity::Installation(installation)) = found {
            ground.stand_on(book, EntityKind::ConnectionObject, &installation.connection_object)?;
            ground.malo = installation.malo;
        }
    }
    Ok(ground)
}

impl Ground {
    fn stand_on(&mut self, book: &Book, kind: EntityKind, number: &str) -> Result<Option<Entity>, Unreadable> {
        let key = EntityKey::new(kind, number);
        let found = book.entity(&key)?.map(|found| found.entity);
        if found.is_none() {
            self.missing.push(key.clone());
        }
        self.awaited.push(key);
        Ok(found)
    }
}

/// The checks, in order. Nothing is written.
pub fn place(book: &Book, contract: &BillingContract, ground: &Ground, context: &Context) -> Result<Place, Unreadable> {
    let (Some(_), Some(installation)) = (&contract.contract_account, &contract.installation) else {
        return Ok(Place::Unnamed);
    };
    // The partner may be known before it is there, and then so is the conflict; but deliveries may come in any order,
    // and whoever waits has not been turned down.
    if !ground.missing.is_empty() {
        return Ok(Place::Waits(ground.missing.clone()));
    }
    let Some(partner) = &ground.partner else { return Ok(Place::Waits(ground.missing.clone())) };
    let found = match referenced(book, contract)? {
        Some(account) if account.partner != *partner => {
            return Ok(Place::Conflict(rules::another_partner(contract, partner, &account)));
        }
        Some(account) => Some(account.number),
        None => book.number_at(&record::pair_key(partner, installation)).or_else(|| {
            let malo =
                ground.malo.as_ref().filter(|_| super::settings(context.market).on_malo_match == OnMaloMatch::Link)?;
            let guard = record::malo_guard_key(partner, malo);
            book.first_key(&record::malos(partner, malo), guard).map(|key| record::account_of(&key))
        }),
    };
    let Some(number) = found else { return Ok(Place::New(partner.clone())) };
    if let Some(account) = book.account(number)?
        && !account.contracts.contains(&contract.number)
        && account.contracts.len() >= rules::CONTRACTS_OF_ACCOUNT_MAX
    {
        return Ok(Place::Conflict(rules::too_many_contracts(contract, &account)));
    }
    Ok(Place::Account(number))
}

/// The account whose sync id the contract names, if there is one.
pub fn referenced(book: &Book, contract: &BillingContract) -> Result<Option<Account>, Unreadable> {
    let number = contract.external_reference.as_deref().and_then(sync_number);
    number.map_or(Ok(None), |number| book.account(number))
}

/// Puts the contract where it belongs: references, history, page, version. Returns the account's number.
pub fn settle(
    book: &mut Book,
    contract: &BillingContract,
    place: &Place,
    context: &Context,
) -> Result<Option<u64>, Unreadable> {
    let mut account = match place {
        Place::Account(number) => match book.account(*number)? {
            Some(account) => account,
            None => return Ok(None),
        },
        Place::New(partner) => Account::new(book.next_account()?, partner),
        _ => return Ok(None),
    };
    let key = EntityKey::new(EntityKind::BillingContract, &contract.number);
    if let Some(other) = book.holder(&key).filter(|holder| *holder != account.number) {
        leave(book, other, &contract.number, context)?;
    }
    book.put_number(record::holder_key(&key), account.number);
    let before = account.clone();
    account.contracts.insert(contract.number.clone());
    let mut happening = if account.version == 0 { Happening::Created } else { Happening::Updated };
    if let Some(installation) = &contract.installation {
        if !account.assignments.iter().any(|it| it.installation == *installation) {
            account.assignments.push(Assignment { installation: installation.clone(), since: context.now });
            if happening == Happening::Updated {
                happening = Happening::Assigned;
            }
        }
        let pair = record::pair_key(&account.partner, installation);
        if book.number_at(&pair).is_none() {
            book.put_number(pair, account.number);
        }
    }
    let number = account.number;
    recalculate(book, &before, account, happening, context)?;
    Ok(Some(number))
}

/// The contract no longer belongs to this account.
fn leave(book: &mut Book, number: u64, contract: &str, context: &Context) -> Result<(), Unreadable> {
    let Some(before) = book.account(number)? else { return Ok(()) };
    let mut account = before.clone();
    account.contracts.remove(contract);
    recalculate(book, &before, account, Happening::Updated, context)
}

/// Computes the page anew from all linked entities, as of now, and clears the mark: what it was calculated from is
/// guarded, so it cannot be out of date when it is written. What follows from no effective change is written all the
/// same (which versions were seen), and told to nobody.
pub fn recalculate(
    book: &mut Book,
    before: &Account,
    mut account: Account,
    happening: Happening,
    context: &Context,
) -> Result<(), Unreadable> {
    // A run that makes up for lost time never takes an account back behind what it shows already.
    let now = context.now.max(before.calculated_at);
    let today = Calendar::new(context.market.zone).date(now);
    let (linked, versions) = linked(book, &account)?;
    account.page = derive::page(&linked, today, &before.page);
    account.next_change = derive::next_change(&linked, today);
    account.calculated_from = versions;
    account.mark = None;
    account.failure = None;
    let effective = before.version == 0
        || account.page != before.page
        || account.assignments != before.assignments
        || account.contracts != before.contracts
        || account.partner != before.partner
        || account.prospect != before.prospect;
    if effective {
        account.version += 1;
        account.calculated_at = now;
        book.happened.push((account.number, happening));
    } else if account.calculated_from != before.calculated_from || before.mark.is_some() {
        account.calculated_at = now;
    }
    index(book, before, &account, context);
    if account != *before {
        book.put_account(&account);
    }
    Ok(())
}

/// Everything that an account follows from, and the versions of it.
fn linked(book: &Book, account: &Account) -> Result<(Linked, BTreeMap<EntityKey, u64>), Unreadable> {
    let mut versions = BTreeMap::new();
    let mut look = |kind, number: &str| -> Result<Option<Entity>, Unreadable> {
        let key = EntityKey::new(kind, number);
        let found = book.entity(&key)?;
        versions.insert(key, found.as_ref().map_or(0, |found| found.version));
        Ok(found.map(|found| found.entity))
    };
    let mut linked = Linked::default();
    if let Some(Entity::BusinessPartner(partner)) = look(EntityKind::BusinessPartner, &account.partner)? {
        linked.partner = Some(partner);
    }
    if let Some(number) = account.installation()
        && let Some(Entity::Installation(installation)) = look(EntityKind::Installation, number)?
    {
        if let Some(Entity::ConnectionObject(object)) =
            look(EntityKind::ConnectionObject, &installation.connection_object)?
        {
            linked.connection_object = Some(object);
        }
        linked.installation = Some(installation);
    }
    for number in &account.contracts {
        let Some(Entity::BillingContract(contract)) = look(EntityKind::BillingContract, number)? else { continue };
        let account = match &contract.contract_account {
            Some(number) => match look(EntityKind::ContractAccount, number)? {
                Some(Entity::ContractAccount(account)) => Some(account),
                _ => None,
            },
            None => None,
        };
        linked.contracts.push((contract, account));
    }
    if let Some(number) = &account.prospect
        && let Some(Entity::Prospect(prospect)) = look(EntityKind::ProspectAccount, number)?
    {
        linked.prospect = Some(prospect);
    }
    Ok((linked, versions))
}

/// Keeps the ways to the account true: by entity, by market location, by the day on which it changes, by its mark.
fn index(book: &mut Book, before: &Account, account: &Account, context: &Context) {
    let number = account.number;
    for gone in before.linked().filter(|entity| !account.calculated_from.contains_key(entity)) {
        book.delete(record::link_key(gone, number));
    }
    for come in account.linked().filter(|entity| !before.calculated_from.contains_key(entity)) {
        book.put_under(come, record::link_key(come, number), Default::default());
    }
    let malo = |account: &Account| account.malo().map(|malo| record::malo_key(&account.partner, malo, number));
    if malo(before) != malo(account) {
        account.malo().into_iter().for_each(|malo| book.guard(record::malo_guard_key(&account.partner, malo)));
    }
    replace(book, malo(before), malo(account));
    let due = |account: &Account| account.next_change.map(|day| record::due_key(day, number));
    if due(before) != due(account) {
        replace(book, due(before), due(account));
        if let Some(day) = account.next_change {
            let midnight = Calendar::new(context.market.zone).midnight(day);
            super::mark::run_by(book, midnight, context);
        }
    }
    // When it was due is taken away with its mark, so it is put back here.
    if let Some(key) = due(account) {
        book.put(key, Default::default());
    }
    if before.mark.is_some() {
        book.delete(record::marked_key(number));
    }
}

fn replace(book: &mut Book, before: Option<Key>, after: Option<Key>) {
    if before != after {
        before.into_iter().for_each(|key| book.delete(key));
        after.into_iter().for_each(|key| book.put(key, Default::default()));
    }
}

/// The instant at which a run is due that follows from something at `at`.
pub fn end_of_interval(at: Timestamp, interval_seconds: u32) -> Timestamp {
    let interval = i64::from(interval_seconds.max(1)) * 1_000_000;
    let into = at.micros().rem_euclid(interval);
    let rest = if into == 0 { 0 } else { interval - into };
    Timestamp::from_micros(at.micros().saturating_add(rest))
}
