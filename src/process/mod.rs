//! The market's processes. Each takes typed requests and decides; none of them reads a clock, a store or chance.
//!
//! A process is registered by one line in [`DOCUMENTS`].

pub mod charges;
pub mod participants;

use crate::document::{Header, Outgoing, Reader, Refusal};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Facts, Key, Needs};

/// Every document that may be sent to us.
pub const DOCUMENTS: &[&Incoming] = &[&charges::REQUEST_CHANGE_OF_PRICE_LIST];

/// A kind of document that we take in.
pub struct Incoming {
    /// Name without `_MarketDocument`, such as `RequestChangeOfPriceList`.
    pub name: &'static str,
    pub namespace: &'static str,
    /// Names under `/v1.0/cim/`, lower case, the first one preferred.
    pub routes: &'static [&'static str],
    /// Roles whose tokens may send it (post-office 2.1).
    pub roles: &'static [ActorRole],
    pub reader: fn() -> Box<dyn RequestReader>,
}

/// Turns what a document says into a typed request.
pub trait RequestReader: Reader + Send {
    /// The request, or every reason why it is refused although it follows its schema.
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Vec<Refusal>>;
}

/// A typed request of one process, however it came.
pub trait Request: Send + Sync {
    fn header(&self) -> &Header;
    /// The sender's ids of the activity records, in document order.
    fn transaction_ids(&self) -> Vec<&str>;
    /// The records that this request takes turns on: requests that share one are decided in order of arrival.
    fn turns(&self) -> Vec<Key>;
    /// What must be known first.
    fn needs(&self, context: &Context) -> Needs;
    /// What happens. The same arguments always give the same decision, to the byte.
    fn decide(&self, facts: &Facts, context: &Context) -> Decision;
}

/// What a decision is told besides the facts.
pub struct Context<'a> {
    /// The moment of receipt.
    pub now: Timestamp,
    /// Who sent it, as the door knows them; the document's own header may differ in role.
    pub caller: Party,
    /// Hash over the message that is decided: outgoing ids are made from it.
    pub cause: [u8; 32],
    pub market: &'a Market,
}

impl Context<'_> {
    /// An id of 32 hexadecimal digits that is the same each time this message is decided.
    pub fn id(&self, parts: &[&str]) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.cause);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
        }
        hash.finalize().to_hex()[..32].to_string()
    }
}

/// A market's settings: who the hub is, where midnight falls, and what each process leaves to configuration.
#[derive(Debug, Clone)]
pub struct Market {
    pub hub: ActorNumber,
    pub zone: chrono_tz::Tz,
    pub charges: charges::Settings,
}

/// What is to be written and sent because of one message: all of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub changes: Vec<Change>,
    pub outgoing: Vec<Outgoing>,
    /// How each activity record fared, in document order, for the log.
    pub fates: Vec<Fate>,
}

/// How one activity record fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    pub transaction_id: String,
    /// The rules that it broke, such as `VR.209`; empty when it was accepted.
    pub broken: Vec<&'static str>,
}

impl Decision {
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    pub fn send(mut self, outgoing: Outgoing) -> Self {
        self.outgoing.push(outgoing);
        self
    }
}
