//! What all documents have in common that ask for something at accounting points: each takes turns with whatever else is decided
//! about them, its records are judged one by one, and what became of each is kept and told.

use std::collections::BTreeSet;

use super::work::{self, Work};
use crate::document::{Header, Outgoing};
use crate::market::MeteringPointId;
use crate::process::accounting_points;
use crate::process::accounting_points::transactions::{Origin, Transaction};
use crate::process::market_documents::letters::About;
use crate::process::market_documents::{RequestKind, Rule, Sent, SentRecord};
use crate::process::{Context, Decision, Fate, Incoming, Request};
use crate::record::{Facts, Key, Needs};

/// A record of such a document.
pub trait Asking: SentRecord {
    /// What its answer is about.
    fn about(&self) -> About<'_>;

    /// The accounting points, and what must be known besides.
    fn needs(request: &Sent<Self>, _context: &Context) -> Needs {
        work::needs(&request.points())
    }

    fn needs_more(request: &Sent<Self>, facts: &Facts, _context: &Context) -> Needs {
        work::needs_more(facts, &request.points())
    }

    fn decide(request: &Sent<Self>, facts: &Facts, context: &Context) -> Decision;
}

impl<R: Asking> Sent<R> {
    /// The accounting points that it is about.
    pub fn points(&self) -> BTreeSet<MeteringPointId> {
        self.records.iter().map(|record| record.about().metering_point.metering_point()).collect()
    }
}

impl<R: Asking> Request for Sent<R> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        self.records.iter().map(SentRecord::transaction_id).collect()
    }

    fn turns(&self) -> Vec<Key> {
        self.points().iter().map(accounting_points::guard_key).collect()
    }

    fn needs(&self, context: &Context) -> Needs {
        R::needs(self, context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        R::needs_more(self, facts, context)
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        R::decide(self, facts, context)
    }
}

impl Work<'_> {
    /// Keeps what became of a record, and returns it for the log. `own_id` is ours.
    pub fn decided(
        &mut self,
        document: &Incoming,
        header: &Header,
        record: &impl Asking,
        own_id: &str,
        broken: &[Rule],
        kind: RequestKind,
    ) -> Fate {
        let About { transaction_id, metering_point, .. } = record.about();
        let origin = Origin { document: document.name, header, transaction_id, metering_point };
        let transaction = Transaction::decided(&origin, own_id, self.now(), broken, kind);
        self.changes.extend(transaction.keep());
        let broken = broken.iter().map(|rule| rule.name()).collect();
        Fate { transaction_id: transaction_id.to_string(), broken }
    }

    /// What the decision comes to where the sender has its answers before anybody is told anything else.
    pub fn answered(self, mut answers: Vec<Outgoing>, fates: Vec<Fate>) -> Decision {
        let mut decision = self.finish();
        answers.append(&mut decision.outgoing);
        Decision { outgoing: answers, fates, ..decision }
    }
}
