//! Packs: one market's documents, rules, calendar and hub each. A pack says all that the rest of the house must know of it
//! in its [`Definition`]; being named in [`super::PACKS`] registers it.

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::commands::Commands;
use super::errand;
use super::files::Files;
use super::timer;
use super::{Context, Event, Incoming, PACKS};
use crate::document::{Header, Refusal};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::record::{Change, Space};

/// Everything that the house asks a pack for.
pub struct Definition {
    /// Its name in the configuration, in a world file and on the command line; no two packs share one.
    pub name: &'static str,
    /// Where midnight falls, unless `[market.<pack>] zone` says otherwise.
    pub zone: chrono_tz::Tz,
    /// Number of the hub, unless `[market.<pack>] hub` says otherwise.
    pub hub: &'static str,
    /// Every document that may be sent to it.
    pub documents: &'static [&'static Incoming],
    /// Those of them that only ask, and change nothing.
    pub queries: &'static [&'static Incoming],
    /// Every kind of timer that its processes may set.
    pub timers: &'static [&'static timer::Kind],
    /// Everything that its decisions may leave to be done behind them.
    pub errands: &'static [errand::Kind],
    /// What `[market.<pack>]` may hold besides `hub` and `zone`.
    pub settings: SettingsForm,
    /// Where its participants are kept, by role and number.
    pub participants: Space,
    /// Where the parties are kept that log in with an external id.
    pub external_ids: Space,
    /// Why a document is refused although it can be read: what only its caller, whether that one may use the role that the
    /// header names, and the market's settings tell.
    pub turned_away: fn(&Incoming, &Header, &Party, bool, &Market) -> Vec<Refusal>,
    /// The code of a flaw against a document's schema, and its target.
    pub schema_flaw: fn(&Incoming) -> (&'static str, Option<&'static str>),
    /// What its processes have to do about events, in the batch of the decision that raised them.
    pub hear: fn(&[Event], &Context) -> Vec<Change>,
    /// What `gridpost process` shows and does of it by names of the pack's own.
    pub commands: Option<&'static Commands>,
    /// What `gridpost import` makes documents of.
    pub files: Option<&'static Files>,
}

/// A pack of the house.
#[derive(Clone, Copy)]
pub struct Pack(pub(super) &'static Definition);

impl Pack {
    /// Every pack, the house's first one first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + Clone {
        PACKS.iter().copied()
    }

    pub fn name(self) -> &'static str {
        self.0.name
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|pack| pack.name() == name)
    }

    pub fn schema_flaw(self, document: &Incoming) -> (&'static str, Option<&'static str>) {
        (self.0.schema_flaw)(document)
    }

    /// The pack that takes a document in, by the document's name.
    pub fn of_document(name: &str) -> Option<Self> {
        Self::all().find(|pack| pack.0.documents.iter().any(|document| document.name == name))
    }

    pub fn definition(self) -> &'static Definition {
        self.0
    }

    /// Its market as `config.toml` has it before anybody changes it.
    pub fn market(self) -> Market {
        let settings = (self.0.settings.read)(toml::Table::new()).expect("the defaults of a pack can be used");
        Market { pack: self, hub: ActorNumber::new(self.0.hub), zone: self.0.zone, settings }
    }
}

impl PartialEq for Pack {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Pack {}

impl PartialOrd for Pack {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pack {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for Pack {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pack({})", self.name())
    }
}

/// A pack's settings, as nobody but the pack itself can look at them.
pub type PackSettings = Arc<dyn Any + Send + Sync>;

/// How a pack reads its settings.
#[derive(Clone, Copy)]
pub struct SettingsForm {
    /// Reads what `[market.<pack>]` holds besides `hub` and `zone`; the error names the setting.
    pub read: fn(toml::Table) -> Result<PackSettings, String>,
    /// Every setting with its default.
    pub defaults: fn() -> toml::Table,
}

/// Settings that say themselves whether they can be used.
pub trait Checked: Any + Clone + Default + Send + Sync + Serialize + DeserializeOwned {
    /// The setting that cannot be used, and why not: a fragment behind `[market.<pack>`.
    fn check(&self) -> Result<(), String>;
}

impl SettingsForm {
    /// That of settings of this type.
    pub const fn of<T: Checked>() -> Self {
        Self {
            read: |table| {
                let settings: T = table.try_into().map_err(|flaw: toml::de::Error| format!("] {flaw}"))?;
                settings.check()?;
                Ok(Arc::new(settings))
            },
            defaults: || toml::Table::try_from(T::default()).expect("settings can be written as TOML"),
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
    pub settings: PackSettings,
}

impl Market {
    /// The hub in its role.
    pub fn hub_party(&self) -> Party {
        Party { number: self.hub.clone(), role: ActorRole::MeteringPointAdministrator }
    }

    /// The settings of its pack, for the pack.
    ///
    /// # Panics
    ///
    /// When they are not of this type: then somebody looks at another pack's market.
    pub fn settings<T: Any>(&self) -> &T {
        self.settings.downcast_ref().unwrap_or_else(|| panic!("{:?} has settings of another type", self.pack))
    }

    /// The same, to be changed by a test.
    #[cfg(test)]
    pub fn settings_mut<T: Checked>(&mut self) -> &mut T {
        self.settings = Arc::new(self.settings::<T>().clone());
        Arc::get_mut(&mut self.settings).and_then(|settings| settings.downcast_mut()).expect("nobody else holds them")
    }
}

/// The settings of every pack.
#[derive(Debug, Clone)]
pub struct Markets(Vec<Market>);

impl Markets {
    /// As `config.toml` has them before anybody changes them.
    pub fn defaults() -> Self {
        Self(Pack::all().map(Pack::market).collect())
    }

    /// Those of these markets; every pack has one of them.
    pub fn new(markets: Vec<Market>) -> Self {
        assert!(Pack::all().all(|pack| markets.iter().any(|market| market.pack == pack)), "every pack has its market");
        Self(markets)
    }

    pub fn of(&self, pack: Pack) -> &Market {
        self.0.iter().find(|market| market.pack == pack).expect("every pack has its market")
    }
}
