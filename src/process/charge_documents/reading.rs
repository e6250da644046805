//! Taking a request in: what counts as missing, what is refused, who sent it.

use crate::document::{Header, HeaderReader, Refusal};
use crate::market::{ActorRole, Party};
use crate::process::participants::{self, Participant};
use crate::process::{Context, Pack, Refused, Request};
use crate::record::{Facts, Needs};

/// Most refusals that one document is answered with; who sends more flaws than this will not miss the rest.
pub const REFUSALS_MAX: usize = 100;

/// Most characters of a sender's own text that a refusal repeats.
const QUOTED_CHARACTERS_MAX: usize = 60;

/// Why a document is not taken in although it follows its schema; nothing as long as it is.
#[derive(Debug, Default)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// Whether a value of the header says something that it must say. A header without one of these is refused.
    pub fn header_speaks(&mut self, name: &str, value: &str, byte: usize) -> bool {
        let blank = matches!(name, "mRID" | "type" | "process.processType") && is_blank(value);
        if blank {
            self.blank(name, byte);
        }
        !blank
    }

    /// Hands a value of the header on; refuses it when it is the business reason and not the one that is taken.
    pub fn query_header(
        &mut self,
        header: &mut HeaderReader,
        (name, value, byte): (&str, &str, usize),
        reason: &str,
        advice: &str,
    ) {
        if self.header_speaks(name, value, byte) && name == "process.processType" && value != reason {
            self.push(format!("process.processType cannot be taken in: {advice}"), Some(byte));
        }
        header.value(name, value);
    }

    pub fn blank(&mut self, element: &str, byte: usize) {
        self.push(format!("{element} is empty, and must say something"), Some(byte));
    }

    pub fn value(&mut self, element: &str, value: &str, advice: &str, byte: usize) {
        let value: String = value.chars().take(QUOTED_CHARACTERS_MAX).collect();
        self.push(format!("{element} `{value}` cannot be taken in: {advice}"), Some(byte));
    }

    pub fn push(&mut self, message: String, byte: Option<usize>) {
        if self.0.len() < REFUSALS_MAX {
            self.0.push(Refusal { code: "B2B-005", target: None, message, byte });
        }
    }

    /// What was read, where there is no refusal.
    pub fn or(self, request: impl Request + 'static) -> Result<Box<dyn Request>, Refused> {
        Refused::unless_none(self.0, request)
    }

    #[cfg(test)]
    pub fn none(self) -> Result<(), Vec<Refusal>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Empty, or nothing but white space: it counts as missing.
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A blank id is left out: it is no id that could be repeated, and VR.223 has a word for it.
pub fn transaction_ids<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    ids.map(String::as_str).filter(|id| !is_blank(id)).collect()
}

/// Number and role in the document's header; nobody when the role is one that we do not know.
pub fn sender(header: &Header) -> Option<Party> {
    Some(Party { number: header.sender(), role: ActorRole::from_code(&header.sender_role)? })
}

/// The sender, if it is an active market participant in the role that the header names.
pub fn live_sender(header: &Header, facts: &Facts, pack: Pack) -> Option<Party> {
    sender(header).filter(|party| participants::is_live(facts, pack, party))
}

/// Who is answered: whom the header names, if that is an active market participant, else who is logged in. A delegated party
/// is answered in the role that it uses, for no document can name its own.
pub fn answered(sender: Option<&Participant>, header: &Header, context: &Context) -> Party {
    let caller = &context.caller;
    match sender.filter(|it| it.is_live()) {
        Some(sender) if caller.role != ActorRole::Delegated => sender.party.clone(),
        None if caller.role != ActorRole::Delegated => caller.clone(),
        _ => self::sender(header).unwrap_or_else(|| caller.clone()),
    }
}

/// What must be known about who asks: whom the header names as its sender, else who is logged in.
pub fn asker_needs(header: &Header, context: &Context) -> Needs {
    participants::needs_of(context.pack(), &sender(header).unwrap_or_else(|| context.caller.clone()))
}
