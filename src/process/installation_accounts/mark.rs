//! MarkInstallationAccountsForRecalculation: follows the notes of what has changed and of which day has come, and marks
//! the accounts that can no longer be right. Its cost is that of the accounts due.
//!
//! Source: installation-accounts 3.

use super::account::{Account, Reason};
use super::assign::end_of_interval;
use super::book::Book;
use super::record::{self, Changed, Unreadable};
use super::update;
use crate::market::{Calendar, Timestamp};
use crate::process::errand::cause;
use crate::process::{Context, Decision, Duty, Timer, timer};
use crate::record::{Change, Facts, Needs};

pub const MARK: timer::Kind =
    timer::Kind { name: "installation accounts: mark", rank: 50, duty: |_| Box::new(MarkRun) };

/// Has a run set that marks whatever is due at `at`. Setting one twice is the same as once.
pub fn run_by(book: &mut Book, at: Timestamp, context: &Context) {
    let due = end_of_interval(at, super::settings(context.market).mark_interval_seconds);
    set(book, &run(&MARK, due), context);
}

/// What an operator's hand must know to set a run.
pub fn by_hand_needs() -> Needs {
    Needs::default().key(record::register_key())
}

/// What sets a run for now, by an operator's hand. Needs: [`by_hand_needs`].
pub fn mark_now(facts: &Facts, now: Timestamp) -> Vec<Change> {
    by_hand(&MARK, facts, now)
}

pub fn by_hand(kind: &timer::Kind, facts: &Facts, now: Timestamp) -> Vec<Change> {
    // Another run at this very instant finds a register that the one before has rewritten, or that one has sent nothing.
    let version = facts.get(&record::register_key()).map_or(0, |entry| entry.version);
    run(kind, now).set_because(cause(&[0; 32], &["by hand", &version.to_string()]))
}

/// A run, or its next page.
pub fn run(kind: &timer::Kind, due: Timestamp) -> Timer {
    Timer::new(kind, due, record::register_key(), "run")
}

/// Writes a timer through the book, so that it is part of what the decision writes.
pub fn set(book: &mut Book, timer: &Timer, context: &Context) {
    for change in timer.set(context) {
        match change {
            Change::Put(key, value) => book.put(key, value),
            Change::Delete(key) => book.delete(key),
        }
    }
}

/// Entities whose accounts are looked at in one commit, and accounts of one entity.
pub const ENTITIES_PER_PAGE: usize = 64;
pub const LINKS_PER_PAGE: usize = 64;
/// Accounts that are marked in one commit because their day has come. Some hundred bytes each.
pub const DUE_PER_PAGE: usize = 1_000;

struct MarkRun;

impl Duty for MarkRun {
    fn needs(&self, context: &Context) -> Needs {
        self.needs_more(&Facts::default(), context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        Book::missing(facts, |book| self.run(book, context)).key(record::register_key())
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut book = Book::open_on_the_register(facts);
        let run = self.run(&mut book, context).and_then(|()| book.changes());
        Decision { changes: run.unwrap_or_else(|fault| panic!("{fault}")), ..Decision::default() }
    }
}

impl MarkRun {
    fn run(&self, book: &mut Book, context: &Context) -> Result<(), Unreadable> {
        let (changed, more_changed) = book.first(record::changed(), ENTITIES_PER_PAGE);
        let mut more = more_changed;
        for (key, value) in changed {
            let mut changed: Changed = record::read(&value, || "note of a change".into())?;
            let version = book.entity(&changed.entity)?.map_or(0, |found| found.version);
            let (links, more_links) =
                book.first_under(&changed.entity, record::links_after(&changed.entity, changed.after), LINKS_PER_PAGE);
            for (link, _) in &links {
                let number = record::account_of(link);
                let Some(mut account) = book.account(number)? else { continue };
                // It may have been calculated anew since, for another reason.
                if account.calculated_from.get(&changed.entity).is_some_and(|seen| *seen < version) {
                    account.mark(Reason::Change, context.now);
                    self.mark(book, &account);
                }
            }
            match links.last() {
                Some((last, _)) if more_links => {
                    more = true;
                    changed.after = record::account_of(last);
                    book.put(key, record::write(&changed));
                }
                _ => book.delete(key),
            }
        }
        let today = Calendar::new(context.market.zone).date(context.now);
        let (due, more_due) = book.first(record::due_by(today), DUE_PER_PAGE);
        for (key, _) in due {
            if let Some(mut account) = book.account(record::account_of(&key))? {
                account.mark(Reason::Time, context.now);
                self.mark(book, &account);
            }
            book.delete(key);
        }
        if more || more_due {
            set(book, &run(&MARK, context.now), context);
            return Ok(());
        }
        update::run_if_marked(book, context);
        Ok(())
    }

    fn mark(&self, book: &mut Book, account: &Account) {
        book.put(record::marked_key(account.number), Default::default());
        book.put_account(account);
    }
}
