//! One delivery: an upsert with a version, judged, kept, and followed to whatever it touches.

use super::account::{Account, sync_id};
use super::assign::{self, Place};
use super::book::Book;
use super::entity::{BillingContract, Entity, EntityKey, Prospect};
use super::events::Happening;
use super::mark;
use super::record::{self, Changed, StoredEntity, Unreadable};
use super::request::Delivery;
use super::rules;
use super::waiting;
use crate::process::Context;
use crate::process::charge_documents::Broken;

/// What became of a delivery that broke no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub outcome: Outcome,
    /// What a billing contract waits for.
    pub missing: Vec<EntityKey>,
    /// The account of a billing contract or a prospect.
    pub sync_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Stored,
    /// The same version was delivered before, with the same content.
    Unchanged,
    /// A newer version is known; this one is ignored.
    Superseded,
    /// Kept, and no account is made of it yet.
    Waiting,
}

impl Outcome {
    /// As documents name it.
    pub const fn code(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::Unchanged => "unchanged",
            Outcome::Superseded => "superseded",
            Outcome::Waiting => "waiting",
        }
    }
}

type Answered = Result<Accepted, Vec<Broken>>;

/// Takes one delivery of `sender` in, or says which rules it breaks; then nothing of it is kept.
pub fn deliver(book: &mut Book, delivery: &Delivery, sender: &str, context: &Context) -> Result<Answered, Unreadable> {
    let broken = rules::content(&delivery.entity);
    if !broken.is_empty() {
        return Ok(Err(broken));
    }
    let key = delivery.entity.key();
    let known = book.entity(&key)?;
    if let Some(known) = &known {
        let outcome = match known.version.cmp(&delivery.version) {
            std::cmp::Ordering::Greater => Some(Outcome::Superseded),
            std::cmp::Ordering::Equal if known.entity == delivery.entity => Some(Outcome::Unchanged),
            std::cmp::Ordering::Equal => return Ok(Err(vec![rules::same_version(delivery)])),
            std::cmp::Ordering::Less => None,
        };
        if let Some(outcome) = outcome {
            let missing = match &delivery.entity {
                Entity::BillingContract(contract) => {
                    waiting::waiter(book, &contract.number)?.map_or(Vec::new(), |waiter| waiter.missing)
                }
                _ => Vec::new(),
            };
            return Ok(Ok(Accepted { outcome, missing, sync_id: book.holder(&key).map(sync_id) }));
        }
    }
    match &delivery.entity {
        Entity::BillingContract(contract) => billing_contract(book, delivery, contract, sender, context),
        Entity::Prospect(prospect) => self::prospect(book, delivery, prospect, context),
        _ => {
            store(book, delivery);
            note_change(book, &key, context)?;
            waiting::run_if_awaited(book, &key, context);
            Ok(Ok(Accepted { outcome: Outcome::Stored, missing: Vec::new(), sync_id: None }))
        }
    }
}

fn billing_contract(
    book: &mut Book,
    delivery: &Delivery,
    contract: &BillingContract,
    sender: &str,
    context: &Context,
) -> Result<Answered, Unreadable> {
    let ground = assign::ground(book, contract)?;
    if let Place::Conflict(broken) = assign::place(book, contract, &ground, context)? {
        return Ok(Err(vec![broken]));
    }
    store(book, delivery);
    let delivered = Some((sender, delivery.transaction_id.as_str()));
    let (place, account) = waiting::place_and_settle(book, contract, delivered, context)?;
    if account.is_none() {
        note_change(book, &delivery.entity.key(), context)?;
    }
    let (outcome, missing) = match place {
        Place::Waits(missing) => (Outcome::Waiting, missing),
        _ => (Outcome::Stored, Vec::new()),
    };
    Ok(Ok(Accepted { outcome, missing, sync_id: account.map(sync_id) }))
}

fn prospect(
    book: &mut Book,
    delivery: &Delivery,
    prospect: &Prospect,
    context: &Context,
) -> Result<Answered, Unreadable> {
    let key = delivery.entity.key();
    let known = match book.holder(&key) {
        Some(number) => book.account(number)?,
        None => None,
    };
    if let Some(account) = &known
        && account.partner != prospect.partner
        && !account.contracts.is_empty()
    {
        return Ok(Err(vec![rules::partner_is_settled(prospect, account)]));
    }
    store(book, delivery);
    let (before, happening) = match known {
        Some(account) => (account, Happening::Updated),
        None => (Account::new(book.next_account()?, &prospect.partner), Happening::Created),
    };
    let mut account = before.clone();
    account.partner.clone_from(&prospect.partner);
    account.prospect = Some(prospect.number.clone());
    let number = account.number;
    book.put_number(record::holder_key(&key), number);
    assign::recalculate(book, &before, account, happening, context)?;
    waiting::run_if_awaited(book, &key, context);
    Ok(Ok(Accepted { outcome: Outcome::Stored, missing: Vec::new(), sync_id: Some(sync_id(number)) }))
}

fn store(book: &mut Book, delivery: &Delivery) {
    let stored = StoredEntity { version: delivery.version, entity: delivery.entity.clone() };
    book.put(record::entity_key(&delivery.entity.key()), record::write(&stored));
}

/// Notes that accounts follow from an entity that is not as it was; the next run looks at them.
fn note_change(book: &mut Book, entity: &EntityKey, context: &Context) -> Result<(), Unreadable> {
    let (links, _) = book.first_under(entity, record::links_after(entity, 0), 1);
    if !links.is_empty() {
        book.put(record::changed_key(entity), record::write(&Changed { entity: entity.clone(), after: 0 }));
        mark::run_by(book, context.now, context);
    }
    Ok(())
}
