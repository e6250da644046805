//! A world: what exists before the first message, as a TOML file says it.

use std::path::Path;

use futures_util::future::try_join_all;
use serde::Deserialize;
use thiserror::Error;

use super::{Fault, Gateway, load};
use crate::market::Calendar;
use crate::process::Pack;
use crate::process::accounting_points::{CustomerTable, SupplyTable};
use crate::process::charge_links::{DefaultLinkTable, LinkTable};
use crate::process::charges::ChargeTable;
use crate::process::delegations::{self, DelegationTable, NotConfigured, Wanted};
use crate::process::metering_points::{GridAreaTable, MeteringPointTable};
use crate::process::participants::{self, ExternalIdTaken, Listed, Participant, WorldFlaw};
use crate::record::{Batch, Change, Expected, Outcome};

/// What a world file may hold. A table of another name is refused, for nobody would miss what was meant by it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    #[serde(default, rename = "actor")]
    actors: Vec<participants::Actor>,
    #[serde(default, rename = "charge")]
    charges: Vec<ChargeTable>,
    #[serde(default, rename = "grid_area")]
    grid_areas: Vec<GridAreaTable>,
    #[serde(default, rename = "delegation")]
    delegations: Vec<DelegationTable>,
    #[serde(default, rename = "metering_point")]
    metering_points: Vec<MeteringPointTable>,
    #[serde(default, rename = "supply")]
    supplies: Vec<SupplyTable>,
    #[serde(default, rename = "customer")]
    customers: Vec<CustomerTable>,
    #[serde(default, rename = "default_link")]
    default_links: Vec<DefaultLinkTable>,
    #[serde(default, rename = "charge_link")]
    charge_links: Vec<LinkTable>,
}

#[derive(Debug, Error)]
pub enum WorldFault {
    #[error("read the world {path}")]
    Read { path: String, source: std::io::Error },
    #[error("understand the world")]
    Toml(#[source] Box<toml::de::Error>),
    #[error("use the world")]
    Flaw(#[from] WorldFlaw),
    #[error("use the delegations of the world")]
    Delegation(#[from] NotConfigured),
    #[error("use the participants of the world")]
    ExternalIdTaken(#[from] ExternalIdTaken),
    #[error("write the world into the store")]
    Gateway(#[from] Fault),
}

impl World {
    /// The toy world that comes with the house.
    pub fn toy() -> Self {
        Self::parse(include_str!("../../samples/world.toml")).expect("the built-in world is read by every test")
    }

    pub fn read(path: &Path) -> Result<Self, WorldFault> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| WorldFault::Read { path: name, source })?;
        Self::parse(&text)
    }

    /// Reads a world from the text of a file.
    pub fn parse(text: &str) -> Result<Self, WorldFault> {
        let world: Self = toml::from_str(text).map_err(|source| WorldFault::Toml(Box::new(source)))?;
        world.participants()?;
        world.delegations()?;
        Ok(world)
    }

    /// Everybody in it, in the order of the file.
    pub fn participants(&self) -> Result<Vec<Participant>, WorldFlaw> {
        self.actors.iter().map(participants::Actor::participant).collect()
    }

    /// The same for a registry in which they may stand already.
    pub fn listed(&self) -> Result<Vec<Listed>, WorldFlaw> {
        self.actors.iter().map(participants::Actor::listed).collect()
    }

    /// Who acts for whom, in the order of the file.
    pub fn delegations(&self) -> Result<Vec<Wanted>, WorldFlaw> {
        self.delegations.iter().map(DelegationTable::wanted).collect()
    }

    pub fn charges(&self) -> &[ChargeTable] {
        &self.charges
    }

    pub fn grid_areas(&self) -> &[GridAreaTable] {
        &self.grid_areas
    }

    /// Writes the world into a gateway whose store has none yet. Returns whether it did.
    pub async fn settle_in(&self, gateway: &Gateway) -> Result<bool, WorldFault> {
        let participants = self.participants()?;
        let calendar = Calendar::new(gateway.settings.markets.of(Pack::DK).zone);
        let records = self.records(calendar)?;
        let delegations = self.delegations()?;
        let needs = participants::register_needs(&participants).and(delegations::configure_needs(&delegations));
        let facts = load(&*gateway.store, &needs)?;
        if facts.versions().any(|(_, expected)| expected != Expected::Absent) {
            return Ok(false);
        }
        let mut batch = Batch::default();
        batch.unless_moved(facts.versions()).put_all(participants::register(&facts, &participants)?);
        batch.put_all(delegations::configure(&facts, &delegations)?.0);
        if let Outcome::Conflict(_) = gateway.write(batch).await? {
            return Ok(false);
        }
        // Nothing here looks at what is written, so many go to disk together.
        for changes in records.chunks(WRITTEN_TOGETHER) {
            let write = |changes: &Vec<Change>| {
                let mut batch = Batch::default();
                batch.put_all(changes.iter().cloned());
                gateway.write(batch)
            };
            try_join_all(changes.iter().map(write)).await?;
        }
        Ok(true)
    }

    /// What writes everything but the participants, table by table, in an order in which each finds what it refers to.
    fn records(&self, calendar: Calendar) -> Result<Vec<Vec<Change>>, WorldFlaw> {
        let mut records: Vec<Vec<Change>> = Vec::new();
        for charge in &self.charges {
            records.push(charge.changes(calendar)?);
        }
        records.extend(self.grid_areas.iter().map(GridAreaTable::changes));
        for point in &self.metering_points {
            records.push(point.changes()?);
        }
        for supply in &self.supplies {
            records.push(supply.changes()?);
        }
        for customer in &self.customers {
            records.push(customer.changes()?);
        }
        for default in &self.default_links {
            records.push(default.changes()?);
        }
        for link in &self.charge_links {
            records.push(link.changes()?);
        }
        Ok(records)
    }
}

/// Records of a world that are on their way to disk at a time.
const WRITTEN_TOGETHER: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_there_is_not_is_refused_by_name() {
        for table in ["[[actors]]", "[[grid_aera]]", "[actor]"] {
            let fault = World::parse(table).unwrap_err();
            let told = crate::gateway::with_causes(&fault);
            assert!(told.contains(table.trim_matches(['[', ']'])), "{told}");
        }
    }
}
