//! Whose queues have grown, for those who tell participants so. It is forgotten when the gateway closes: who begins to
//! listen looks once at what waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::depth::Depth;
use super::{Fault, Gateway, figures, load};
use crate::document::Category;
use crate::market::Party;
use crate::post_office;
use crate::process::participants::{self, Webhook};
use crate::record::{Batch, Change, Outcome};
use crate::store::{self, Store};

/// The owners of queues that have grown since somebody looked; nothing is kept until somebody does.
#[derive(Default)]
pub struct News {
    grown: Mutex<Option<BTreeSet<Party>>>,
    came: Notify,
}

impl News {
    /// The queues of these have grown; kept once there is somebody to whom that is news.
    pub(super) fn add(&self, owners: BTreeSet<Party>) {
        if let Some(grown) = &mut *self.lock()
            && !owners.is_empty()
        {
            grown.extend(owners);
            self.came.notify_one();
        }
    }

    /// Everybody whose queue has grown since the last time, in each role that fetches from it; waits until there is somebody.
    /// One may listen at a time.
    pub async fn next(&self) -> BTreeSet<Party> {
        loop {
            if let Some(grown) = self.lock().as_mut().map(std::mem::take)
                && !grown.is_empty()
            {
                return grown.into_iter().flat_map(Party::fetchers).collect();
            }
            self.came.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<BTreeSet<Party>>> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a batch brings into queues, to be told to whom that concerns once it is committed.
pub(super) struct Growth {
    owners: BTreeSet<Party>,
    joined: Vec<Category>,
    news: Arc<News>,
    depth: Arc<Depth>,
}

impl Growth {
    pub fn of(changes: &[Change], news: &Arc<News>, depth: &Arc<Depth>) -> Self {
        let (owners, joined) = post_office::joined(changes).unzip();
        Self { owners, joined, news: news.clone(), depth: depth.clone() }
    }

    /// To be called in the order of commits.
    pub fn tell(self, outcome: &Result<Outcome, store::Fault>) {
        if let Ok(Outcome::Committed(commit)) = outcome {
            self.news.add(self.owners);
            self.depth.joined(*commit, &self.joined);
            self.joined.into_iter().for_each(figures::joined);
        }
    }
}

/// Why an address is not set.
#[derive(Debug, thiserror::Error)]
pub enum WebhookFault {
    #[error("{0} is not registered")]
    Unknown(Party),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What sets a participant's address, or takes it away, in a store as it is.
pub fn plan_webhook(store: &dyn Store, party: &Party, webhook: Option<&Webhook>) -> Result<Batch, WebhookFault> {
    let facts = load(store, &participants::needs_of_anywhere(party))?;
    if webhook.is_some() && !participants::is_registered(&facts, party) {
        return Err(WebhookFault::Unknown(party.clone()));
    }
    let mut batch = Batch::default();
    batch.unless_moved(facts.versions()).put_all([participants::set_webhook(party, webhook)]);
    Ok(batch)
}

impl Gateway {
    /// From now on it is remembered whose queues grow.
    pub fn news(&self) -> &News {
        self.news.lock().get_or_insert_default();
        &self.news
    }

    /// Where a participant wants to hear that post waits for it.
    pub fn webhook(&self, party: &Party) -> Result<Option<Webhook>, Fault> {
        let facts = load(&*self.store, &participants::webhook_needs(party))?;
        Ok(participants::webhook(&facts, party))
    }

    /// Sets the address at which a participant wants to hear that, or takes it away.
    pub async fn set_webhook(&self, party: &Party, webhook: Option<&Webhook>) -> Result<(), WebhookFault> {
        // Its registration may change meanwhile: look again.
        while let Outcome::Conflict(_) = self.write(plan_webhook(&*self.store, party, webhook)?).await? {}
        Ok(())
    }

    /// Everybody who wants to hear that.
    pub fn listeners(&self) -> Result<BTreeSet<Party>, Fault> {
        let range = participants::every_webhook();
        let records = store::records(&*self.store, &range, PAGE_RECORDS);
        let party = |record: Result<_, store::Fault>| {
            let (key, entry) = record.map_err(Fault::store("read the webhooks"))?;
            Ok(participants::read_webhook(&key, &entry).0)
        };
        records.map(party).collect()
    }
}

/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
