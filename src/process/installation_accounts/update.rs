//! UpdateInstallationAccountsFromLinkedEntities: works the marks off, account by account, as of today.
//!
//! Whatever an account is calculated from is guarded by its version, so a mark is only cleared when nothing has changed
//! meanwhile; what changes later is noted anew by the change itself. An account that cannot be read stays marked, with
//! the reason, and is tried again by the next run; it stops no other. Source: installation-accounts 4.

use super::account::Account;
use super::assign::{self, end_of_interval};
use super::book::Book;
use super::decide::finish;
use super::entity::BillingContract;
use super::events::Happening;
use super::mark::{by_hand, run, set};
use super::record::{self, Unreadable};
use super::waiting;
use crate::market::Timestamp;
use crate::process::{Context, Decision, Duty, Event, timer};
use crate::record::{Change, Facts, Needs};

pub const UPDATE: timer::Kind = timer::Kind {
    name: "installation accounts: update",
    rank: 60,
    duty: |timer| {
        let after = timer.note.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Box::new(UpdateRun { after })
    },
};

/// Has a run set if accounts are marked.
pub fn run_if_marked(book: &mut Book, context: &Context) {
    let (marked, _) = book.first(record::marked_after(0), 1);
    if !marked.is_empty() || book.has_written(&record::marked_after(0)) {
        let due = end_of_interval(context.now, super::settings(context.market).update_interval_seconds);
        set(book, &run(&UPDATE, due), context);
    }
}

/// What sets a run for now, by an operator's hand. Needs: [`super::by_hand_needs`].
pub fn update_now(facts: &Facts, now: Timestamp) -> Vec<Change> {
    by_hand(&UPDATE, facts, now)
}

/// Accounts in one commit, and in one notification.
pub const ACCOUNTS_PER_PAGE: usize = 250;

struct UpdateRun {
    /// The account up to which this run has come.
    after: u64,
}

impl Duty for UpdateRun {
    fn needs(&self, context: &Context) -> Needs {
        self.needs_more(&Facts::default(), context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        Book::missing(facts, |book| self.run(book, context).map(drop)).key(record::register_key())
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut book = Book::open_on_the_register(facts);
        let decision = self.run(&mut book, context).and_then(|failed| {
            let mut decision = finish(book, context)?;
            decision.events.extend(failed);
            Ok(decision)
        });
        decision.unwrap_or_else(|fault| panic!("{fault}"))
    }
}

impl UpdateRun {
    /// Returns an event for each account that failed.
    fn run(&self, book: &mut Book, context: &Context) -> Result<Vec<Event>, Unreadable> {
        let (marked, more) = book.first(record::marked_after(self.after), ACCOUNTS_PER_PAGE);
        let mut failed = Vec::new();
        for (key, _) in &marked {
            let number = record::account_of(key);
            let done = book.unless_it_fails(|book| update(book, number, context));
            if let Err(fault) = done {
                failed.push(super::events::failed(number, &fault.to_string()));
                if let Ok(Some(account)) = book.account(number) {
                    book.put_account(&Account { failure: Some(fault.to_string()), ..account });
                }
            }
        }
        if let Some((last, _)) = marked.last()
            && more
        {
            let after = record::account_of(last).to_be_bytes().to_vec();
            set(book, &run(&UPDATE, context.now).note(after), context);
        }
        Ok(failed)
    }
}

fn update(book: &mut Book, number: u64, context: &Context) -> Result<(), Unreadable> {
    let Some(account) = book.account(number)? else {
        book.delete(record::marked_key(number));
        return Ok(());
    };
    for contract in &account.contracts {
        if let Some(contract) = book.contract(contract)?
            && !stays(book, &contract, &account)?
        {
            waiting::place_and_settle(book, &contract, None, context)?;
        }
    }
    // It may have lost a contract just now.
    let Some(account) = book.account(number)? else { return Ok(()) };
    assign::recalculate(book, &account.clone(), account, Happening::Updated, context)
}

/// Whether the contract's own account still leads to the account's partner: that one may have been changed behind it.
fn stays(book: &Book, contract: &BillingContract, account: &Account) -> Result<bool, Unreadable> {
    let ground = assign::ground(book, contract)?;
    Ok(ground.partner.is_none_or(|partner| partner == account.partner))
}
