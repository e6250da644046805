//! The market's processes. Each takes typed requests and decides; none of them reads a clock, a store or chance.
//!
//! A process is registered by one line in [`DOCUMENTS`].

pub mod accounting_points;
pub mod cancellation;
pub mod change_of_supplier;
mod charge_documents;
pub mod charge_links;
pub mod charges;
pub mod customer_characteristics;
pub mod dispatch;
pub mod end_of_supply;
pub mod errand;
pub mod event;
pub mod installation_accounts;
pub mod market_documents;
pub mod master_data_queries;
pub mod metering_point_characteristics;
pub mod metering_points;
pub mod participants;
pub mod portfolio_changes;
pub mod reallocation;
pub mod services;
pub mod timer;

pub use event::Event;
pub use timer::{Duty, Timer};

use crate::document::{Header, Outgoing, Reader, Refusal};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Facts, Key, Needs};

/// Every document that may be sent to us.
pub const DOCUMENTS: &[&Incoming] = &[
    &charges::REQUEST_CHANGE_OF_PRICE_LIST,
    &charges::REQUEST_PRICE_LIST,
    &charge_links::REQUEST_CHANGE_BILLING_MASTER_DATA,
    &charge_links::REQUEST_BILLING_MASTER_DATA,
    &change_of_supplier::REQUEST_CHANGE_OF_SUPPLIER,
    &end_of_supply::REQUEST_END_OF_SUPPLY,
    &cancellation::REQUEST_CANCELLATION,
    &reallocation::REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
    &reallocation::CONFIRM_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
    &reallocation::REJECT_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
    &customer_characteristics::REQUEST_CHANGE_CUSTOMER_CHARACTERISTICS,
    &master_data_queries::REQUEST_ACCOUNTING_POINT_CHARACTERISTICS,
    &services::REQUEST_SERVICE,
    &services::CONFIRM_REQUEST_SERVICE,
    &services::REJECT_REQUEST_SERVICE,
    &metering_point_characteristics::REQUEST_CHANGE_ACCOUNTING_POINT_CHARACTERISTICS,
    &installation_accounts::REQUEST_CHANGE_BUSINESS_PARTNER,
    &installation_accounts::REQUEST_CHANGE_CONNECTION_OBJECT,
    &installation_accounts::REQUEST_CHANGE_INSTALLATION,
    &installation_accounts::REQUEST_CHANGE_CONTRACT_ACCOUNT,
    &installation_accounts::REQUEST_CHANGE_BILLING_CONTRACT,
    &installation_accounts::REQUEST_CHANGE_PROSPECT_ACCOUNT,
];

/// Those of them that only ask, and change nothing.
pub const QUERIES: &[&Incoming] = &[
    &charges::REQUEST_PRICE_LIST,
    &charge_links::REQUEST_BILLING_MASTER_DATA,
    &master_data_queries::REQUEST_ACCOUNTING_POINT_CHARACTERISTICS,
];

/// Every kind of timer that a process may set.
pub const TIMERS: &[&timer::Kind] = &[
    &change_of_supplier::timers::SUPPLIER,
    &change_of_supplier::timers::MOVE_IN,
    &change_of_supplier::timers::END_OF_SUPPLY,
    &change_of_supplier::timers::MOVE_OUT,
    &change_of_supplier::timers::FORCED,
    &change_of_supplier::timers::BALANCE,
    &change_of_supplier::timers::NOTICE,
    &change_of_supplier::timers::PATIENCE,
    &change_of_supplier::timers::GRACE,
    &change_of_supplier::timers::SILENCE,
    &metering_point_characteristics::CLOSE_DOWN,
    &portfolio_changes::JOB,
    &installation_accounts::ASSIGN,
    &installation_accounts::MARK,
    &installation_accounts::UPDATE,
];

/// Everything that a decision may leave to be done behind it.
pub const ERRANDS: &[errand::Kind] =
    &[charge_links::STOPPED, charge_links::CREATED, charge_links::OWNED, portfolio_changes::FAN_OUT];

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

/// Why a document is refused although it can be read: what only its caller and the market's settings tell.
pub fn turned_away(document: &Incoming, header: &Header, caller: &Party, market: &Market) -> Vec<Refusal> {
    market_documents::turned_away_from(document.namespace, header, caller, &market.hub)
}

/// Turns what a document says into a typed request.
pub trait RequestReader: Reader {
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
    /// What must be known besides, now that `facts` are: asked again with all of them until it names nothing new.
    fn needs_more(&self, _facts: &Facts, _context: &Context) -> Needs {
        Needs::default()
    }
    /// What happens. The same arguments always give the same decision, to the byte.
    fn decide(&self, facts: &Facts, context: &Context) -> Decision;
}

/// All that `request` wants to know, through `load`: what it names at once, then what it names knowing that.
///
/// Everything is loaded again each time, so that all facts are as old as the last load.
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
    loop {
        let facts = load(&needs)?;
        let wider = needs.clone().and(more(&facts));
        if wider == needs {
            return Ok(facts);
        }
        needs = wider;
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

/// One market's documents, rules, calendar and hub (design 2). Nothing outside the processes and the gateway's desk asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pack {
    /// `dk`
    Denmark,
    /// `supplier`: one supplier's own house, of which it is the hub.
    Supplier,
}

impl Pack {
    pub const ALL: [Pack; 2] = [Pack::Denmark, Pack::Supplier];

    /// Its name in the configuration, in a world file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Pack::Denmark => "dk",
            Pack::Supplier => "supplier",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pack| pack.name() == name)
    }

    /// The pack of a document, by its namespace.
    pub fn of(namespace: &str) -> Self {
        if namespace.starts_with("urn:gridpost:supplier:") { Pack::Supplier } else { Pack::Denmark }
    }
}

/// The pack of a document that we take in, by its name.
pub fn pack_of(document: &str) -> Option<Pack> {
    DOCUMENTS.iter().find(|known| known.name == document).map(|known| Pack::of(known.namespace))
}

/// The settings of every pack.
#[derive(Debug, Clone)]
pub struct Markets {
    pub dk: Market,
    pub supplier: Market,
}

impl Markets {
    /// As `config.toml` has them before anybody changes them.
    pub fn defaults() -> Self {
        Self { dk: Market::dk_defaults(), supplier: Market::supplier_defaults() }
    }

    pub fn of(&self, pack: Pack) -> &Market {
        match pack {
            Pack::Denmark => &self.dk,
            Pack::Supplier => &self.supplier,
        }
    }
}

/// A market's settings: who the hub is, where midnight falls, and what each process leaves to configuration.
#[derive(Debug, Clone)]
pub struct Market {
    /// Whose participants, documents and calendar these are.
    pub pack: Pack,
    pub hub: ActorNumber,
    pub zone: chrono_tz::Tz,
    pub charges: charges::Settings,
    pub charge_links: charge_links::Settings,
    pub market_roles: change_of_supplier::Settings,
    pub metering_points: metering_point_characteristics::Settings,
    pub accounts: installation_accounts::Settings,
}

impl Market {
    /// The hub in its role.
    pub fn hub_party(&self) -> Party {
        Party { number: self.hub.clone(), role: ActorRole::MeteringPointAdministrator }
    }

    /// The Danish market as `config.toml` has it before anybody changes it.
    pub fn dk_defaults() -> Self {
        Self {
            pack: Pack::Denmark,
            hub: ActorNumber::new("5790001330552"),
            zone: chrono_tz::Europe::Copenhagen,
            charges: charges::Settings::default(),
            charge_links: charge_links::Settings::default(),
            market_roles: change_of_supplier::Settings::default(),
            metering_points: metering_point_characteristics::Settings::default(),
            accounts: installation_accounts::Settings::default(),
        }
    }

    /// A supplier's own house as `config.toml` has it; the number is a toy.
    pub fn supplier_defaults() -> Self {
        Self {
            pack: Pack::Supplier,
            hub: ActorNumber::new("9900000000008"),
            zone: chrono_tz::Europe::Berlin,
            ..Self::dk_defaults()
        }
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
    changes.extend(charge_links::hear(events, context));
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
