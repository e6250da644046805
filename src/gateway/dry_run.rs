//! A dry run: everything that would be said to a document if it were sent now, and nothing of it kept.
//!
//! It is not archived, its ids are not used up, and nobody else hears of it. Documents that were taken in and are not
//! decided yet may still change what is known, so the answer holds for this moment only.

use std::sync::Arc;

use super::delivery::Told;
use super::desk::{self, Desk, Failure};
use super::door::{Head, Judged};
use super::{Arrived, Error, Fault, Gateway};
use crate::market::{Party, Timestamp};
use crate::process::{self, Context, Fate, Pack};

/// What would become of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// It would not be taken in.
    Refused(Error),
    /// This very document was taken in before, under this id: it would get the same answer again.
    SentBefore { correlation_id: String },
    /// It would be taken in.
    Decided(Preview),
}

/// How a document would be decided, as far as it concerns its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// How each activity record would fare, in document order.
    pub fates: Vec<Fate>,
    /// The documents that the sender would find in its queues, in their order. What others would be told is theirs.
    pub answers: Vec<Letter>,
}

/// A document that the sender would find in its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Name without `_MarketDocument`.
    pub document: &'static str,
    pub told: Told,
}

impl Gateway {
    /// What would become of a document that `caller` sent now.
    pub async fn dry_run(&self, caller: &Party, arrived: Arrived, now: Timestamp) -> Result<DryRun, Fault> {
        let Arrived { document, body, reading, .. } = arrived;
        let request = match reading {
            Ok(request) => request,
            Err(unread) => return Ok(DryRun::Refused(self.why_unread(caller, document, &body, &unread)?)),
        };
        match self.judge(caller, document, &body, &Head::of(&*request))? {
            Judged::New(_) => {}
            Judged::Accepted { correlation_id } => return Ok(DryRun::SentBefore { correlation_id }),
            Judged::Refused(error) => return Ok(DryRun::Refused(error)),
        }
        let hash = body.hash();
        let (store, specs, settings) = (self.store.clone(), self.specs.clone(), self.settings.clone());
        let (timers, errands) = (process::timers().collect(), process::errands().collect());
        let desk = Desk { store, specs, settings: Arc::clone(&settings), timers, errands };
        let caller = caller.clone();
        let decide = move || {
            let pack = Pack::of_document(document.name).expect("what is taken in has a pack");
            let cause = desk::cause(&*request, &hash);
            let context = Context { now, caller, cause, market: settings.markets.of(pack) };
            let (fates, documents) = desk.preview(&*request, &context)?;
            // Another role of the same number is another party, unless they share a queue.
            let own_queue = context.caller.queue_owner();
            let own = documents.into_iter().filter(|(owner, _)| owner.queue_owner() == own_queue);
            let answers = own.map(|(_, letter)| letter).collect();
            Ok(Preview { fates, answers })
        };
        let decided = tokio::task::spawn_blocking(decide).await.map_err(|_| Fault::Stopping)?;
        decided.map(DryRun::Decided).map_err(|failure| match failure {
            Failure::Fault(fault) => fault,
            Failure::Bug(cause) => Fault::Deciding { document: document.name, cause },
        })
    }
}
