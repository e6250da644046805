//! An operator creates a charge in its owner's name (charges 10.7): looked at first as a dry run, then taken in as the
//! owner's own document would be.
//!
//! What the rules would reject is turned down here, with every reason, and nothing of it is kept: the owner hears of what
//! was done in its name, and not of an operator's slips.

use std::time::Duration;

use super::{DryRun, Error, Fault, Gateway, Receipt, load};
use crate::archive;
use crate::market::Party;
use crate::process::charges::{OWNER_ROLES, REQUEST_CHANGE_OF_PRICE_LIST, Wanted, record};
use crate::process::{Pack, participants};
use crate::record::Needs;

/// What became of the wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// There is such a charge. Changing it is its owner's business.
    Exists,
    /// The document that would be written is not one that is taken in.
    Refused(Error),
    /// The rules say no: reason codes, each with its sentence.
    Rejected(Vec<(String, String)>),
    /// The rules say yes. This was only asked.
    Possible,
    /// It was taken in under its id, and is not decided yet.
    TakenIn,
    /// The charge is there, and everybody has been told.
    Created,
}

impl Creation {
    /// In a word, and each reason against it in a sentence.
    pub fn told(&self) -> (&'static str, Vec<String>) {
        match self {
            Creation::Exists => ("exists", Vec::new()),
            Creation::Refused(error) if error.details.is_empty() => ("refused", vec![error.message.clone()]),
            Creation::Refused(error) => ("refused", error.details.iter().map(|it| it.message.clone()).collect()),
            Creation::Rejected(reasons) => {
                ("rejected", reasons.iter().map(|(code, text)| format!("{code} {text}")).collect())
            }
            Creation::Possible => ("possible", Vec::new()),
            Creation::TakenIn => ("taken in", Vec::new()),
            Creation::Created => ("created", Vec::new()),
        }
    }
}

impl Gateway {
    /// What would become of a charge if it were created now under `id`.
    pub async fn could_create(&self, wanted: &Wanted, id: &str) -> Result<Creation, Fault> {
        let key = record::charge_key(&wanted.identity);
        if self.read("look for a charge", &key)?.is_some() {
            return Ok(Creation::Exists);
        }
        let now = self.now();
        let owner = self.owner(wanted)?;
        let document = wanted.document(&owner, id, self.settings.markets.of(Pack::DK), now);
        let document = self.read_whole(&owner, &REQUEST_CHANGE_OF_PRICE_LIST, document.into()).await?;
        Ok(match self.dry_run(&owner, document, now).await? {
            DryRun::Refused(error) => Creation::Refused(error),
            DryRun::SentBefore { .. } => Creation::TakenIn,
            DryRun::Decided(preview) if preview.fates.iter().all(|fate| fate.broken.is_empty()) => Creation::Possible,
            DryRun::Decided(preview) => {
                let told = preview.answers.iter().filter_map(|letter| self.summary(&letter.told.document));
                let records = told.flat_map(|summary| summary.records);
                Creation::Rejected(records.flat_map(|record| record.reasons).collect())
            }
        })
    }

    /// Creates a charge, and waits at most `patience` until that is decided.
    pub async fn create_charge(
        &self,
        wanted: &Wanted,
        id: &str,
        correlation_id: &str,
        patience: Duration,
    ) -> Result<Creation, Fault> {
        match self.could_create(wanted, id).await? {
            Creation::Possible => {}
            otherwise => return Ok(otherwise),
        }
        let now = self.now();
        let owner = self.owner(wanted)?;
        let document = wanted.document(&owner, id, self.settings.markets.of(Pack::DK), now);
        let document = self.read_whole(&owner, &REQUEST_CHANGE_OF_PRICE_LIST, document.into()).await?;
        if let Receipt::Refused { error, .. } = self.receive(&owner, document, correlation_id, now).await? {
            return Ok(Creation::Refused(error));
        }
        let taken_in = archive::message_id_key(&owner.number, id);
        let number = self.read("look up a document", &taken_in)?.map(|entry| entry.version);
        let waiting = archive::inbox_key(number.ok_or(Fault::Unreadable { what: "a used id" })?);
        let mut seen = self.decider.seen();
        let decided = async {
            while self.read("read the inbox", &waiting)?.is_some() {
                self.decider.moves_on(&mut seen).await;
            }
            Ok::<(), Fault>(())
        };
        if let Ok(looked) = tokio::time::timeout(patience, decided).await {
            looked?;
        }
        let there = self.read("look for a charge", &record::charge_key(&wanted.identity))?.is_some();
        Ok(if there { Creation::Created } else { Creation::TakenIn })
    }

    /// The owner in the role that was said, else in the one in which it takes part; the rules judge it.
    fn owner(&self, wanted: &Wanted) -> Result<Party, Fault> {
        let parties = OWNER_ROLES.map(|role| Party { number: wanted.identity.owner.clone(), role });
        let needs = parties.iter().map(|party| participants::needs_of(Pack::DK, party));
        let facts = load(&*self.store, &needs.fold(Needs::default(), Needs::and))?;
        let [_, least] = &parties;
        let meant = parties.iter().find(|party| match wanted.role {
            Some(role) => party.role == role,
            None => participants::is_live(&facts, Pack::DK, party),
        });
        Ok(meant.unwrap_or(least).clone())
    }
}
