//! One accounting point of an order: what is ordered is done there, or why not.
//!
//! A job is a timer that is due at the moment of the order. It takes turns with whatever else is decided about the accounting
//! point, and what it decides is committed with its outcome.

use super::force;
use super::order::What;
use super::record::{self, Given, Outcome, OutcomeKind};
use super::rules::Rule;
use crate::market::{ActorRole, MeteringPointId, Party};
use crate::process::accounting_points;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::change_of_supplier::{balance_order, standing};
use crate::process::errand::cause;
use crate::process::timer::Kind;
use crate::process::{Context, Decision, Duty, Timer, participants};
use crate::record::{Facts, Needs};

/// After whatever takes effect at the moment of the order.
pub const JOB: Kind = Kind { name: "portfolio-change", rank: 65, duty: |timer| Box::new(Job::of(timer)) };

/// The timer of an accounting point's job.
pub fn timer(given: &Given, point: &MeteringPointId) -> Timer {
    Timer::new(&JOB, given.at, accounting_points::guard_key(point), &*given.id)
}

/// What everything that an order causes is made from.
pub fn cause_of(order: &str) -> [u8; 32] {
    cause(&[0; 32], &["order", order])
}

/// The accounting point of a job's timer.
pub fn point_of(timer: &Timer) -> MeteringPointId {
    MeteringPointId::new(timer.turn.reader().text().expect("the turn of such a timer is an accounting point"))
}

pub struct Job {
    order: String,
    point: MeteringPointId,
}

impl Job {
    fn of(timer: &Timer) -> Self {
        Self { order: timer.id.clone(), point: point_of(timer) }
    }

    fn given(&self, facts: &Facts) -> Given {
        let key = record::order_key(&self.order);
        Given::read(&key, facts.get(&key).expect("an order stays where it was given"))
    }
}

impl Duty for Job {
    fn needs(&self, _context: &Context) -> Needs {
        let needs = work::needs([&self.point]).key(record::order_key(&self.order));
        needs.key(record::result_key(&self.order, &self.point))
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        let needs = work::needs_more(facts, [&self.point]);
        match self.given(facts).what {
            What::ForceSupplierChange { .. } => needs,
            What::ChangeBalanceResponsible { supplier, responsible, .. } => {
                let responsible = Party { number: responsible, role: ActorRole::BalanceResponsibleParty };
                let of_request = balance_order::needs_more(facts, &self.point, &supplier);
                let parties = standing::needs(context.pack(), &supplier)
                    .and(participants::needs_of(context.pack(), &responsible));
                needs.and(of_request).and(parties)
            }
        }
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let waits = facts.get(&record::result_key(&self.order, &self.point)).map(Outcome::read);
        if waits.is_none_or(|outcome| outcome.kind != OutcomeKind::Waiting) {
            return Decision::default();
        }
        let given = self.given(facts);
        if given.called_off.is_some() {
            let off = Outcome::of(OutcomeKind::CalledOff).put(&given.id, &self.point);
            return Decision::default().change(off);
        }
        let mut work = Work::load(facts, context, [self.point.clone()], &[]);
        let outcome = match &given.what {
            What::ForceSupplierChange { kind, from, to } => force::force(
                &mut work,
                &force::Takeover { order: &given.id, point: &self.point, kind: *kind, from, to, date: given.date },
            ),
            What::ChangeBalanceResponsible { supplier, responsible, .. } => {
                match balance_order::order(&mut work, &self.point, supplier, responsible, given.date, &given.id) {
                    Ok(process) => Outcome { process: Some(process), ..Outcome::of(OutcomeKind::Done) },
                    Err(broken) => {
                        let broken = broken.iter().map(|rule| rule.name().to_string()).collect();
                        Outcome { broken, ..Outcome::of(OutcomeKind::Skipped) }
                    }
                }
            }
        };
        work.changes.push(outcome.put(&given.id, &self.point));
        work.finish()
    }
}

impl Outcome {
    /// Nothing was registered, because of a rule.
    pub fn skipped(rule: Rule, cancelled: Vec<String>) -> Self {
        Self { broken: vec![rule.name().to_string()], cancelled, ..Self::of(OutcomeKind::Skipped) }
    }
}
