//! From a request to its decision: delivery by delivery, then one confirm, one reject, one notification.

use super::book::Book;
use super::deliver;
use super::events;
use super::record::{self, Unreadable};
use super::reply::{self, Answer};
use super::request::DeliverEntities;
use super::rules;
use crate::process::charge_documents::{fate, live_sender, sender};
use crate::process::{Context, Decision, participants};
use crate::record::{Facts, Key, Needs};

/// What a decision on these facts would still have to know.
pub fn needs(request: &DeliverEntities, facts: &Facts, context: &Context) -> Needs {
    Book::missing(facts, |book| take_in(request, book, context).map(drop))
}

/// The register, where an account is made: it hands out the number.
pub fn turns(request: &DeliverEntities, facts: &Facts, context: &Context) -> Option<Key> {
    let mut book = Book::open(facts);
    let made = take_in(request, &mut book, context).is_ok() && book.is_on_the_register();
    made.then(record::register_key)
}

pub fn decide(request: &DeliverEntities, facts: &Facts, context: &Context) -> Decision {
    let mut book = Book::open(facts);
    let decision = take_in(request, &mut book, context).and_then(|()| {
        let fates = book.answers.iter().map(|answer| fate(&answer.transaction_id, answer.broken())).collect();
        Ok(Decision { fates, ..finish(book, context)? })
    });
    decision.unwrap_or_else(|fault| panic!("{fault}"))
}

fn take_in(request: &DeliverEntities, book: &mut Book, context: &Context) -> Result<(), Unreadable> {
    let registered =
        sender(&request.header).is_none_or(|party| book.knows(&participants::needs_of(context.pack(), &party)));
    let live = if registered { live_sender(&request.header, book.facts(), context.pack()) } else { None };
    let broken = rules::document(&request.header, live.as_ref(), context);
    // Who is not, or no longer, registered as the document says still hears why: as who is logged in.
    let receiver = live.unwrap_or_else(|| context.caller.clone());
    for delivery in &request.deliveries {
        let result = match broken.is_empty() {
            true => deliver::deliver(book, delivery, receiver.number.as_str(), context)?,
            false => Err(broken.clone()),
        };
        let transaction_id = delivery.transaction_id.clone();
        book.answers.push(Answer { receiver: receiver.clone(), transaction_id, result });
    }
    Ok(())
}

/// Everything that a book comes to: what is written, what is told, what is sent.
pub fn finish(book: Book, context: &Context) -> Result<Decision, Unreadable> {
    let mut outgoing = reply::answers(&book.answers, context);
    let mut accounts = Vec::new();
    let mut told = Vec::new();
    for (number, happening) in &book.happened {
        let Some(account) = book.account(*number)? else { continue };
        told.push(events::of(*happening, &account));
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    outgoing.extend(reply::notification(&accounts, context));
    Ok(Decision { changes: book.changes()?, events: told, outgoing, fates: Vec::new() })
}
