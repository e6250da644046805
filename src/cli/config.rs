//! Settings: a TOML file over the defaults, environment variables over the file. `config.toml` explains each of them.

mod sections;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
pub use sections::LogFormat;
use sections::{
    Audit, Gateway, Http, Identity, Limits, Log, PostOffice, Receipts, Retention, SpecsFolder, Store, Tls, Webhooks,
};
use serde::{Deserialize, Serialize};

use crate::archive::Policy;
use crate::gateway::Settings;
use crate::identity::KeySource;
use crate::market::ActorNumber;
use crate::process::{Market, Markets, Pack};
use crate::receipts::Signer;
use crate::spec::Specs;
use crate::{document, hint, http, identity, store, xml};

/// Everything that may be set; the field names are the names in the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub http: Http,
    pub tls: Tls,
    pub identity: Identity,
    pub webhooks: Webhooks,
    pub receipts: Receipts,
    pub store: Store,
    pub retention: Retention,
    pub audit: Audit,
    pub specs: SpecsFolder,
    pub limits: Limits,
    pub gateway: Gateway,
    pub post_office: PostOffice,
    pub market: Sections,
    pub log: Log,
}

/// `[market.<pack>]` of each pack: hub, zone, and what the pack itself reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sections(BTreeMap<String, toml::Table>);

impl Config {
    /// Reads a file over the defaults, and the environment over the file.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let mut table = match path {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("read the configuration {}", path.display()))?
                .parse::<toml::Table>()
                .with_context(|| format!("understand the configuration {}", path.display()))?,
            None => toml::Table::new(),
        };
        // What is no text is no setting.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        overlay(&mut table, variables)?;
        Self::from_table(table).with_context(|| match path {
            Some(path) => format!("use the configuration {}", path.display()),
            None => "use the settings of the environment".to_string(),
        })
    }

    fn from_table(table: toml::Table) -> Result<Self> {
        let config: Self = table.try_into()?;
        config.bounds_are_bounds()?;
        config.gateway_settings()?;
        config.http_dequeue_unpeeked()?;
        let Retention { years, hour, documents } = &config.retention;
        if !(-1..24).contains(hour) {
            bail!("[retention] hour = {hour}: it is a number from 0 to 23, or -1 for never");
        }
        let days = config.post_office.expire_inactive_days;
        if !(-1..=EXPIRE_DAYS_MAX).contains(&days) {
            bail!(
                "[post_office] expire_inactive_days = {days}: it is a number from 0 to {EXPIRE_DAYS_MAX}, or -1 for never"
            );
        }
        if days >= 0 && *hour < 0 {
            bail!("[post_office] expire_inactive_days = {days}: post expires at [retention] hour, which is never");
        }
        if let Some(years) = documents.values().chain([years]).find(|years| !(-1..=YEARS_MAX).contains(*years)) {
            bail!("[retention] {years} years: it is a number from 0 to {YEARS_MAX}, or -1 for ever");
        }
        config.kept_documents_exist()?;
        Ok(config)
    }

    /// Where at most nothing may be taken in, nothing ever is.
    fn bounds_are_bounds(&self) -> Result<()> {
        for (section, settings) in toml::Table::try_from(self)? {
            for (name, value) in settings.as_table().into_iter().flatten() {
                let is_bound = name.ends_with("_max") && !MAY_BE_UNBOUNDED.contains(&name.as_str());
                if is_bound && value.as_integer().is_some_and(|most| most < 1) {
                    bail!("[{section}] {name} = {value}: it is a number from 1");
                }
            }
        }
        Ok(())
    }

    /// A misspelt name would let go of a document years too early.
    fn kept_documents_exist(&self) -> Result<()> {
        let documents = &self.retention.documents;
        if documents.is_empty() {
            return Ok(());
        }
        let specs = self.specs()?;
        let names =
            specs.iter().flat_map(|schema| schema.roots()).filter_map(|root| root.strip_suffix("_MarketDocument"));
        let names: BTreeSet<&str> = names.collect();
        match documents.keys().find(|name| !names.contains(name.as_str())) {
            None => Ok(()),
            Some(unknown) => bail!(
                "[retention.documents] {unknown}: there is no document of this name; there are {}",
                names.into_iter().collect::<Vec<_>>().join(", ")
            ),
        }
    }

    pub fn gateway_settings(&self) -> Result<Settings> {
        let markets = Markets::new(self.market.markets()?);
        Ok(Settings {
            markets,
            limits: self.xml_limits(),
            undecided_max: self.gateway.undecided_max,
            bundles: self.post_office.bounds(),
        })
    }

    /// The settings of the Danish market.
    pub fn dk(&self) -> Result<Market> {
        self.market.market(Pack::DK)
    }

    pub fn xml_limits(&self) -> xml::Limits {
        xml::Limits {
            body_bytes_max: self.http.body_bytes_max,
            depth_max: self.limits.depth_max,
            attributes_max: self.limits.attributes_max,
            name_bytes_max: self.limits.name_bytes_max,
            text_bytes_max: self.limits.text_bytes_max,
            records_max: self.limits.records_max,
            flaws_max: self.limits.flaws_max,
            ..xml::Limits::default()
        }
    }

    pub fn http_limits(&self) -> http::Limits {
        let seconds = Duration::from_secs;
        http::Limits {
            body_bytes_max: self.http.body_bytes_max,
            header_bytes_max: self.http.header_bytes_max,
            handshake: seconds(self.http.handshake_seconds),
            head: seconds(self.http.head_seconds),
            body_silence: seconds(self.http.body_silence_seconds),
            connections_max: self.http.connections_max,
            connections_per_address_max: self.http.connections_per_address_max,
            party_requests_max: self.http.party_requests_max,
            party_documents_max: self.http.party_documents_max,
            party_beside_max: self.http.party_beside_max,
            party_requests_per_second_max: Some(self.http.party_requests_per_second_max).filter(|max| *max > 0),
            drain: seconds(self.http.drain_seconds),
            ..http::Limits::default()
        }
    }

    /// Whether an unpeeked document is answered for like an unknown one.
    pub fn http_dequeue_unpeeked(&self) -> Result<bool> {
        match self.http.dequeue_unpeeked_status {
            409 => Ok(false),
            404 => Ok(true),
            other => bail!("use [http] dequeue_unpeeked_status: {other} is neither 409 nor 404"),
        }
    }

    /// How participants are told that post waits for them.
    pub fn hint_settings(&self) -> hint::Settings {
        let Webhooks { authority, pause_seconds } = &self.webhooks;
        let authority = Some(authority.clone()).filter(|path| !path.as_os_str().is_empty());
        hint::Settings { authority, pause: Duration::from_secs(*pause_seconds), ..hint::Settings::default() }
    }

    /// Whose client certificates are accepted, if any are.
    pub fn client_authority(&self) -> Option<PathBuf> {
        Some(self.tls.client_authority.clone()).filter(|path| !path.as_os_str().is_empty())
    }

    pub fn identity_settings(&self) -> Result<identity::Settings> {
        let Identity { keys, authority, issuer, audience } = &self.identity;
        let is_there = Path::new(keys).exists();
        if !keys.starts_with("https:") && keys.contains("://") && !is_there {
            bail!(
                "use [identity] keys = \"{keys}\": an issuer's OpenID configuration is read from an https:// address; anything else is \
                 the path of a file with its public keys"
            );
        }
        let keys = match keys.starts_with("https:") {
            false => KeySource::File(keys.into()),
            true => KeySource::Discovery(identity::Discovery {
                url: keys.parse().with_context(|| format!("use [identity] keys: {keys} is no address"))?,
                authority: Some(authority).filter(|path| !path.as_os_str().is_empty()).cloned(),
            }),
        };
        Ok(identity::Settings { keys, issuer: issuer.clone(), audience: audience.clone() })
    }

    /// Whoever signs receipts in the hub's name, where a key is configured.
    pub fn receipt_signer(&self) -> Result<Option<Signer>> {
        let key = Some(&self.receipts.key).filter(|path| !path.as_os_str().is_empty());
        let hub = self.dk()?.hub;
        key.map(|path| Signer::read(path, hub.as_str()).context("use [receipts] key")).transpose()
    }

    /// How long documents are kept.
    pub fn retention_policy(&self) -> Policy {
        Policy { years: self.retention.years, documents: self.retention.documents.clone() }
    }

    /// How many hours after local midnight `serve` lets go of what has been kept long enough, if it does.
    pub fn retention_hour(&self) -> Option<u8> {
        u8::try_from(self.retention.hour).ok()
    }

    /// For how many days a participant must have been inactive before its post expires, if it ever does.
    pub fn expire_inactive_days(&self) -> Option<u32> {
        u32::try_from(self.post_office.expire_inactive_days).ok()
    }

    pub fn store_options(&self) -> store::Options {
        store::Options { segment_bytes_max: self.store.segment_bytes_max, ..store::Options::default() }
    }

    /// The schemas that documents are held against.
    pub fn specs(&self) -> Result<Specs> {
        if self.specs.dir.as_os_str().is_empty() {
            return Ok(document::built_in());
        }
        let dir = &self.specs.dir;
        let specs = Specs::folder(dir).with_context(|| format!("load the schemas in {}", dir.display()))?;
        if specs.iter().next().is_none() {
            bail!("load the schemas in {}: there is none, [specs] dir names a folder with files *.xsd", dir.display());
        }
        Ok(specs)
    }
}

/// Nobody keeps a document for longer than that.
const YEARS_MAX: i64 = 1_000;
/// Bounds of which 0 says that there is none.
const MAY_BE_UNBOUNDED: [&str; 1] = ["party_requests_per_second_max"];
/// Nor does anybody wait so long for somebody who has left.
const EXPIRE_DAYS_MAX: i64 = 36_500;

impl Default for Sections {
    fn default() -> Self {
        let section = |pack: Pack| {
            let mut section = (pack.definition().settings.defaults)();
            section.insert("hub".into(), pack.definition().hub.into());
            section.insert("zone".into(), pack.definition().zone.name().into());
            (pack.name().to_string(), section)
        };
        Self(Pack::all().map(section).collect())
    }
}

impl Sections {
    fn markets(&self) -> Result<Vec<Market>> {
        if let Some(name) = self.0.keys().find(|name| Pack::from_name(name).is_none()) {
            let packs: Vec<&str> = Pack::all().map(Pack::name).collect();
            bail!("[market.{name}] there is no such pack; those are: {}", packs.join(", "));
        }
        Pack::all().map(|pack| self.market(pack)).collect()
    }

    fn market(&self, pack: Pack) -> Result<Market> {
        let (name, mut section) = (pack.name(), self.0.get(pack.name()).cloned().unwrap_or_default());
        let mut text = |setting: &str| match section.remove(setting) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(anyhow!("[market.{name}] {setting}: {other} is no text")),
        };
        let (hub, zone) = (text("hub")?, text("zone")?);
        let zone =
            zone.map(|zone| zone.parse().map_err(|_| anyhow!("[market.{name}] zone: there is no zone \"{zone}\"")));
        let settings = (pack.definition().settings.read)(section).map_err(|flaw| anyhow!("[market.{name}{flaw}"))?;
        let defaults = pack.market();
        let hub = hub.map_or(defaults.hub, ActorNumber::new);
        Ok(Market { pack, hub, zone: zone.transpose()?.unwrap_or(defaults.zone), settings })
    }
}

/// Puts `GRIDPOST_SECTION_NAME=value` over the setting `name` of `[section]`, a list with commas between its entries. Other variables are
/// left alone, for the client has some of its own; but what begins with a section names a setting of it.
fn overlay(table: &mut toml::Table, variables: impl Iterator<Item = (String, String)>) -> Result<()> {
    let defaults = toml::Table::try_from(Config::default()).context("list the settings")?;
    for (name, value) in variables {
        let Some(setting) = name.strip_prefix("GRIDPOST_") else { continue };
        let setting = setting.to_ascii_lowercase();
        let Some((path, default)) = find(&defaults, &setting) else {
            let of_section =
                |section: &&String| setting.strip_prefix(&***section).is_some_and(|rest| rest.starts_with('_'));
            match defaults.keys().find(of_section) {
                Some(section) => {
                    bail!("use the setting {name}: [{section}] has no such setting; config.toml lists them")
                }
                None => continue,
            }
        };
        let value = match default {
            toml::Value::Integer(_) => toml::Value::Integer(
                value.parse().with_context(|| format!("use the setting {name}: \"{value}\" is no whole number"))?,
            ),
            toml::Value::Boolean(_) => toml::Value::Boolean(
                value
                    .parse()
                    .with_context(|| format!("use the setting {name}: \"{value}\" is neither true nor false"))?,
            ),
            toml::Value::Array(_) => {
                let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                toml::Value::Array(entries.map(|entry| toml::Value::String(entry.to_string())).collect())
            }
            _ => toml::Value::String(value),
        };
        let (last, sections) = path.split_last().expect("a setting has a name");
        let mut section = &mut *table;
        for part in sections {
            section = section
                .entry(part.clone())
                .or_insert_with(|| toml::Table::new().into())
                .as_table_mut()
                .with_context(|| format!("{part} is a section"))?;
        }
        section.insert(last.clone(), value);
    }
    Ok(())
}

/// Finds a setting by its path joined with underscores.
fn find<'a>(table: &'a toml::Table, name: &str) -> Option<(Vec<String>, &'a toml::Value)> {
    table.iter().find_map(|(key, value)| {
        let rest = name.strip_prefix(key.as_str())?;
        match value {
            toml::Value::Table(inner) => {
                let (mut path, found) = find(inner, rest.strip_prefix('_')?)?;
                path.insert(0, key.clone());
                Some((path, found))
            }
            value => rest.is_empty().then(|| (vec![key.clone()], value)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_toml_names_every_setting_with_its_default() {
        let file: toml::Table = include_str!("../../config.toml").parse().unwrap();
        assert_eq!(file, toml::Table::try_from(Config::default()).unwrap());
    }

    #[test]
    fn every_setting_in_config_toml_has_its_reason_above_it() {
        let mut explained = false;
        for line in include_str!("../../config.toml").lines() {
            match line {
                "" => explained = false,
                comment if comment.starts_with('#') => explained = true,
                section if section.starts_with('[') => {}
                setting => assert!(explained, "{setting}"),
            }
        }
    }

    #[test]
    fn the_environment_goes_over_the_file_and_knows_the_type_of_a_setting() {
        let mut table: toml::Table = "[limits]\ndepth_max = 8".parse().unwrap();
        let variable = |name: &str, value: &str| (name.to_string(), value.to_string());
        let variables = [
            variable("GRIDPOST_LIMITS_DEPTH_MAX", "16"),
            variable("GRIDPOST_MARKET_DK_CHARGES_CURRENCY", "EUR"),
            variable("GRIDPOST_AUDIT_POST", "false"),
            variable("GRIDPOST_MARKET_DK_MARKET_ROLES_NOTICES_BLOCKED", "131:5790002000010, 244:5790002000010"),
            variable("GRIDPOST_TOKEN", "left alone"),
            variable("GRIDPOST_CONFORMANCE", "left alone"),
            variable("PATH", "/bin"),
        ];
        overlay(&mut table, variables.into_iter()).unwrap();
        let config = Config::from_table(table).unwrap();
        assert_eq!((config.limits.depth_max, config.audit.post), (16, false));
        assert_eq!(config.dk().unwrap().dk().charges.currency, "EUR");
        let blocked =
            toml::Table::try_from(&config).unwrap()["market"]["dk"]["market_roles"]["notices"]["blocked"].clone();
        assert_eq!(blocked, toml::Value::Array(vec!["131:5790002000010".into(), "244:5790002000010".into()]));
    }

    #[test]
    fn a_setting_that_cannot_be_used_is_named() {
        for (text, named) in [
            ("[limits]\ndeepth_max = 8", "deepth_max"),
            ("[market.dk]\nzone = \"Europe/Kopenhagen\"", "Europe/Kopenhagen"),
            ("[market.dk]\nzoon = \"Europe/Copenhagen\"", "zoon"),
            ("[market.dk]\nhub = 5790001330552", "5790001330552 is no text"),
            ("[market.atlantis]\nhub = \"1\"", "[market.atlantis]"),
            ("[market.dk.charges]\ncurrency = \"kr\"", "kr"),
            ("[http]\ndequeue_unpeeked_status = 410", "410"),
            ("[http]\nparty_documents_max = 0", "[http] party_documents_max = 0"),
            ("[limits]\ndepth_max = 0", "[limits] depth_max = 0"),
            ("[market.dk.market_roles.move_in]\ndays_before = -5", "market_roles.move_in] days_before = -5"),
            ("[market.dk.metering_points]\ncreate_days_after = -2", "metering_points] create_days_after = -2"),
            ("[market.dk.market_roles.notices]\nblocked = [\"nonsense\"]", "notices] blocked: \"nonsense\""),
            ("[market.dk.charge_links.correction_window]\nopen_days = 99", "correction_window] open_days = 99"),
            ("[market.dk.charges.prices_effective]\nupper_days = -800", "prices_effective] lower_days = -720"),
            ("[log]\nlevel = \"loud\"", "loud"),
            ("[retention]\nyears = -2", "-2 years"),
            ("[retention]\nhour = 24", "hour = 24"),
            ("[retention]\nhour = 2\n[post_office]\nexpire_inactive_days = -2", "expire_inactive_days = -2"),
            ("[retention]\nhour = 2\n[post_office]\nexpire_inactive_days = 36501", "36501"),
            ("[post_office]\nexpire_inactive_days = 90", "[retention] hour"),
            ("[retention.documents]\nNotifyPriceList = 1001", "1001 years"),
            ("[retention.documents]\nnotifypricelist = 10", "NotifyPriceList"),
        ] {
            let flaw = Config::from_table(text.parse().unwrap()).unwrap_err();
            assert!(format!("{flaw:#}").contains(named), "{flaw:#}");
        }
        for (name, value) in [
            ("GRIDPOST_LIMITS_DEPTH_MAX", "deep"),
            ("GRIDPOST_HTTP_ADRESS", "127.0.0.1:1"),
            ("GRIDPOST_MARKET_DK_CHARGES", "EUR"),
        ] {
            let variable = [(name.to_string(), value.to_string())];
            let flaw = overlay(&mut toml::Table::new(), variable.into_iter()).unwrap_err();
            assert!(flaw.to_string().contains(name), "{flaw}");
        }
    }
}
