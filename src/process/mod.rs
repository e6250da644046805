//! The market's processes. Each takes typed requests and decides; none of them reads a clock, a store or chance.
//!
//! A process is registered by a line in its pack, and a pack by one line in [`PACKS`].

pub mod accounting_points;
pub mod cancellation;
pub mod change_of_supplier;
mod charge_documents;
pub mod charge_links;
pub mod charges;
pub mod commands;
pub mod customer_characteristics;
pub mod delegations;
pub mod dispatch;
pub mod dk;
pub mod end_of_supply;
pub mod errand;
pub mod event;
pub mod files;
pub mod installation_accounts;
pub mod market_documents;
pub mod master_data_queries;
pub mod metering_point_characteristics;
pub mod metering_points;
mod pack;
pub mod participants;
pub mod portfolio_changes;
pub mod reallocation;
pub mod services;
pub mod timer;

pub use event::Event;
pub use pack::{Checked, Definition, Market, Markets, Pack, PackSettings, SettingsForm};
pub use timer::{Duty, Timer};

use crate::document::{Header, Outgoing, Reader, Refusal};
use crate::market::{ActorRole, Party, Timestamp};
use crate::record::{Change, Facts, Key, Needs};

/// Every pack of the house.
pub const PACKS: &[Pack] = &[Pack::DK, installation_accounts::PACK];

/// Every document that may be sent to us.
pub fn documents() -> impl Iterator<Item = &'static Incoming> + Clone {
    Pack::all().flat_map(|pack| pack.0.documents.iter().copied())
}

/// Those of them that only ask, and change nothing.
pub fn queries() -> impl Iterator<Item = &'static Incoming> {
    Pack::all().flat_map(|pack| pack.0.queries.iter().copied())
}

/// Every kind of timer that a process may set, with the pack whose hub and calendar its duty is told of.
pub fn timers() -> impl Iterator<Item = (Pack, &'static timer::Kind)> {
    Pack::all().flat_map(|pack| pack.0.timers.iter().map(move |kind| (pack, *kind)))
}

/// Everything that a decision may leave to be done behind it, with the pack whose settings it is decided with.
pub fn errands() -> impl Iterator<Item = (Pack, &'static errand::Kind)> {
    Pack::all().flat_map(|pack| pack.0.errands.iter().map(move |kind| (pack, kind)))
}

/// A kind of document that we take in.
#[derive(Debug)]
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

/// Why a document is refused although it can be read: what only its caller and the market's settings tell. `for_another` says
/// that the caller may use a role that is not its own ([`delegations::may_send_as`]).
pub fn turned_away(
    document: &Incoming,
    header: &Header,
    caller: &Party,
    for_another: bool,
    market: &Market,
) -> Vec<Refusal> {
    let acts =
        for_another || ActorRole::from_code(&header.sender_role).is_some_and(|it| it.queue_role() == caller.role);
    (market.pack.0.turned_away)(document, header, caller, acts, market)
}

/// Whether a caller may bring a document to the door: in a role that may send it, or as somebody who acts for others.
pub fn may_bring(document: &Incoming, role: ActorRole) -> bool {
    let for_another = role == ActorRole::Delegated && delegations::Process::of_incoming(document.name).is_some();
    document.roles.contains(&role) || for_another
}

/// Turns what a document says into a typed request.
pub trait RequestReader: Reader {
    /// The request, or every reason why it is refused although it follows its schema.
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused>;
}

/// A document that follows its schema and is refused for what it says.
#[derive(Debug)]
pub struct Refused {
    pub refusals: Vec<Refusal>,
    /// Its header and the ids of its records: what is wrong with these, and with who sent it, is told besides.
    pub head: Box<(Header, Vec<String>)>,
}

impl Refused {
    /// What was read, where there is no refusal.
    pub fn unless_none(refusals: Vec<Refusal>, request: impl Request + 'static) -> Result<Box<dyn Request>, Self> {
        if refusals.is_empty() {
            return Ok(Box::new(request));
        }
        let ids = request.transaction_ids().into_iter().map(str::to_string).collect();
        Err(Self { refusals, head: Box::new((request.header().clone(), ids)) })
    }
}

/// A typed request of one process, however it came.
pub trait Request: Send + Sync {
    fn header(&self) -> &Header;
    /// The sender's ids of the activity records, in document order.
    fn transaction_ids(&self) -> Vec<&str>;
    /// The records that this request takes turns on: requests that share one are decided in order of arrival.
    fn turns(&self) -> Vec<Key>;
    /// The records that it takes turns on besides, now that all `facts` are known: it waits for its turn on them, holding
    /// those that it has, and is decided on what is known then. No request may name them in [`Request::turns`] beside others,
    /// or two could wait for each other for ever.
    fn turns_more(&self, _facts: &Facts, _context: &Context) -> Vec<Key> {
        Vec::new()
    }
    /// What must be known first.
    fn needs(&self, context: &Context) -> Needs;
    /// What must be known besides, now that `facts` are: asked again with all of them until it names nothing new.
    fn needs_more(&self, _facts: &Facts, _context: &Context) -> Needs {
        Needs::default()
    }
    /// What happens. The same arguments always give the same decision, to the byte.
    fn decide(&self, facts: &Facts, context: &Context) -> Decision;
}

/// All that `request` wants to know, through `load`: what it names at once, then what it names knowing that.
///
/// What was loaded is not loaded again: all of it is held against the store when the decision is committed.
pub fn gather<E>(
    request: &dyn Request,
    context: &Context,
    load: impl FnMut(&Needs) -> Result<Facts, E>,
) -> Result<Facts, E> {
    gather_more(request.needs(context), |facts| request.needs_more(facts, context), load)
}

/// [`gather`], for whatever else is decided or shown.
pub fn gather_more<E>(
    mut needs: Needs,
    more: impl Fn(&Facts) -> Needs,
    mut load: impl FnMut(&Needs) -> Result<Facts, E>,
) -> Result<Facts, E> {
    let mut facts = load(&needs)?;
    loop {
        let wanted = more(&facts).besides(&needs);
        if wanted == Needs::default() {
            return Ok(facts);
        }
        facts.add(load(&wanted)?);
        needs = needs.and(wanted);
    }
}

/// What a decision is told besides the facts.
pub struct Context<'a> {
    /// The moment of receipt.
    pub now: Timestamp,
    /// Who sent it, as the door knows them; the document's own header may differ in role.
    pub caller: Party,
    /// Hash over the message that is decided: outgoing ids are made from it.
    pub cause: [u8; 32],
    /// Of the pack that the document, or the timer, belongs to.
    pub market: &'a Market,
}

impl Context<'_> {
    /// The pack that the message belongs to: who takes part in its market is asked of its registry.
    pub fn pack(&self) -> Pack {
        self.market.pack
    }

    /// An id of 32 hexadecimal digits that is the same each time this message is decided.
    pub fn id(&self, parts: &[&str]) -> String {
        blake3::Hash::from_bytes(errand::cause(&self.cause, parts)).to_hex()[..32].to_string()
    }
}

/// What is to be written and sent because of one message: all of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    pub changes: Vec<Change>,
    /// What other systems of the house hear; [`aftermath`] says what is written for it, in the decision's own batch.
    pub events: Vec<Event>,
    pub outgoing: Vec<Outgoing>,
    /// How each activity record fared, in document order, for the log.
    pub fates: Vec<Fate>,
}

/// What must be written because of a decision's events, in the decision's own batch: the log of events, and what other
/// processes have to do about them.
pub fn aftermath(events: &[Event], context: &Context) -> Vec<Change> {
    let mut changes = event::changes(events, context);
    changes.extend((context.pack().0.hear)(events, context));
    changes
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

    pub fn tell(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    pub fn change_all(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self
    }

    pub fn send(mut self, outgoing: Outgoing) -> Self {
        self.outgoing.push(outgoing);
        self
    }
}
