//! A step of an operator's: so much as one commit takes, written down in that commit with all that it is about (post-office 6.6).

use super::{By, Fault, Gateway};
use crate::record::{Batch, Outcome};

/// A step as it is planned.
pub(super) struct Step<T, F> {
    pub batch: Batch,
    /// What it is about, for the audit trail; where that is nothing, nothing is done.
    pub names: Vec<String>,
    /// Told the commit once it is on disk.
    pub then: F,
    /// What whoever orders it is told.
    pub done: T,
}

impl Gateway {
    /// Does what is planned, and writes down to what. It is planned again where `what` it is about has changed meanwhile: others may have
    /// been quicker.
    pub(super) async fn step<T, F: FnOnce(u64) + Send + 'static>(
        &self,
        by: &By,
        activity: &str,
        what: &'static str,
        plan: impl Fn() -> Result<Step<T, F>, Fault>,
    ) -> Result<T, Fault> {
        for _ in 0..ATTEMPTS_MAX {
            let Step { mut batch, names, then, done } = plan()?;
            if names.is_empty() {
                return Ok(done);
            }
            batch.put_all([by.did(activity, names, self.now())]);
            if let Outcome::Committed(_) = self.write_and(batch, then).await? {
                return Ok(done);
            }
        }
        Err(Fault::Moving { what })
    }
}

/// How much one commit moves aside, takes up, lets back or gives up, at most.
pub(super) const PIECE: usize = 100;
/// How often a step is planned, where what it is about changes at that moment.
pub(super) const ATTEMPTS_MAX: u32 = 10;
