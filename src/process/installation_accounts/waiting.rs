//! Billing contracts that wait: kept with what is missing, and tried again when anything that they build on arrives or
//! changes.
//!
//! Source: installation-accounts 2, preconditions.

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::assign::{self, Place};
use super::book::Book;
use super::decide::finish;
use super::entity::{BillingContract, EntityKey};
use super::mark::set;
use super::record::{self, Unreadable, Waiter};
use super::reply::Answer;
use crate::process::{Context, Decision, Duty, Timer, timer};
use crate::record::{Facts, Needs};

pub const ASSIGN: timer::Kind =
    timer::Kind { name: "installation accounts: assign", rank: 40, duty: |timer| Box::new(AssignRun::of(timer)) };

/// Billing contracts that are tried again in one commit.
pub const CONTRACTS_PER_PAGE: usize = 250;

/// Has everything tried again that waits for `entity`, right behind this decision.
pub fn run_if_awaited(book: &mut Book, entity: &EntityKey, context: &Context) {
    let (waiting, _) = book.first_under(entity, record::awaited_after(entity, None), 1);
    if !waiting.is_empty() {
        set(book, &timer_for(entity, None, context), context);
    }
}

/// What the contract waits for, if it does.
pub fn waiter(book: &Book, contract: &str) -> Result<Option<Waiter>, Unreadable> {
    let Some(value) = book.get(&record::waiter_key(contract)) else { return Ok(None) };
    record::read(&value, || format!("wait of billing contract {contract}")).map(Some)
}

/// The central method: puts the contract where it belongs, or lets it wait. `delivered` names sender and transaction when
/// it has just arrived. Returns its place and, where it has one, its account.
///
/// A contract that waited and now meets a conflict is rejected to whoever delivered it, and goes on waiting: what is in
/// the way may be corrected.
pub fn place_and_settle(
    book: &mut Book,
    contract: &BillingContract,
    delivered: Option<(&str, &str)>,
    context: &Context,
) -> Result<(Place, Option<u64>), Unreadable> {
    let ground = assign::ground(book, contract)?;
    let place = assign::place(book, contract, &ground, context)?;
    let before = waiter(book, &contract.number)?;
    let (missing, conflict) = match &place {
        Place::Waits(missing) => (missing.clone(), None),
        Place::Conflict(broken) => (Vec::new(), Some(broken.clone())),
        _ => {
            forget(book, &contract.number, before.as_ref());
            let account = assign::settle(book, contract, &place, context)?;
            return Ok((place, account));
        }
    };
    let mut awaited = ground.awaited.clone();
    awaited.extend(assign::referenced(book, contract)?.as_ref().and_then(Account::prospect_key));
    let delivered = delivered.map(|(sender, transaction)| (sender.to_string(), transaction.to_string()));
    let told = before.as_ref().map(|before| (before.sender.clone(), before.transaction_id.clone()));
    let (sender, transaction_id) = delivered.or(told).unwrap_or_default();
    let waiter = Waiter {
        since: before.as_ref().map_or(context.now, |before| before.since),
        missing,
        conflict: conflict.as_ref().map(|broken| broken.text.clone()),
        awaited,
        sender,
        transaction_id,
    };
    if let Some(broken) = conflict
        && before.as_ref().is_some_and(|before| before.conflict != waiter.conflict)
    {
        book.answers.push(Answer {
            receiver: waiter.sender(),
            transaction_id: waiter.transaction_id.clone(),
            result: Err(vec![broken]),
        });
    }
    forget(book, &contract.number, before.as_ref());
    for entity in &waiter.awaited {
        book.put_under(entity, record::awaited_key(entity, &contract.number), Default::default());
    }
    book.put(record::waiter_key(&contract.number), record::write(&waiter));
    Ok((place, None))
}

fn forget(book: &mut Book, contract: &str, before: Option<&Waiter>) {
    let Some(before) = before else { return };
    for entity in &before.awaited {
        book.delete(record::awaited_key(entity, contract));
    }
    book.delete(record::waiter_key(contract));
}

fn timer_for(entity: &EntityKey, after: Option<String>, context: &Context) -> Timer {
    let note = record::write(&Note { entity: entity.clone(), after });
    Timer::new(&ASSIGN, context.now, record::register_key(), entity.to_string()).note(note)
}

#[derive(Serialize, Deserialize)]
struct Note {
    entity: EntityKey,
    /// The contract up to which this run has come.
    after: Option<String>,
}

struct AssignRun(Note);

impl AssignRun {
    fn of(timer: &Timer) -> Self {
        Self(record::read(&timer.note, || format!("timer {}", timer.id)).unwrap_or_else(|fault| panic!("{fault}")))
    }

    fn run(&self, book: &mut Book, context: &Context) -> Result<(), Unreadable> {
        let Self(note) = self;
        let range = record::awaited_after(&note.entity, note.after.as_deref());
        let (waiting, more) = book.first_under(&note.entity, range, CONTRACTS_PER_PAGE);
        for (key, _) in &waiting {
            let number = record::contract_of(key);
            if let Some(contract) = book.contract(&number)? {
                place_and_settle(book, &contract, None, context)?;
            }
        }
        if let Some((last, _)) = waiting.last()
            && more
        {
            let after = Some(record::contract_of(last));
            set(book, &timer_for(&note.entity, after, context), context);
        }
        Ok(())
    }
}

impl Duty for AssignRun {
    fn needs(&self, context: &Context) -> Needs {
        self.needs_more(&Facts::default(), context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        Book::missing(facts, |book| self.run(book, context)).key(record::register_key())
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut book = Book::open_on_the_register(facts);
        let run = self.run(&mut book, context).and_then(|()| finish(book, context));
        run.unwrap_or_else(|fault| panic!("{fault}"))
    }
}
