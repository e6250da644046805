//! The former supplier's answers: each decides a reallocation, or is acknowledged as wrong.
//!
//! The document's name is the verdict; whatever reason code stands in its header changes nothing.

use std::collections::BTreeSet;

use super::undo::is_waiting;
use crate::document::Header;
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party};
use crate::process::accounting_points::transactions::{Origin, Transaction};
use crate::process::accounting_points::{self, ProcessKind};
use crate::process::change_of_supplier::course::{self, Course};
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::answers::{
    Answered, ConfirmRequestReallocateChangeOfSupplier, RejectRequestReallocateChangeOfSupplier, SentReason,
};
use crate::process::market_documents::letters;
use crate::process::market_documents::{Id, Reason, RequestKind, Rule, reasons};
use crate::process::{Context, Decision, Fate};
use crate::record::{Facts, Key, Needs};

/// One record of an answer, whatever its verdict.
pub struct Answer<'a> {
    pub answered: &'a Answered,
    /// Nothing in a confirmation.
    pub reasons: Option<&'a [SentReason]>,
}

pub fn confirmations(document: &ConfirmRequestReallocateChangeOfSupplier) -> Vec<Answer<'_>> {
    document.records.iter().map(|it| Answer { answered: &it.answered, reasons: None }).collect()
}

pub fn rejections(document: &RejectRequestReallocateChangeOfSupplier) -> Vec<Answer<'_>> {
    document.records.iter().map(|it| Answer { answered: &it.answered, reasons: Some(&it.reasons) }).collect()
}

/// The reallocations that are answered, and the accounting points where an answer names them: with those its timers take
/// turns.
pub fn turns(answers: &[Answer]) -> Vec<Key> {
    let processes = answers.iter().filter_map(|answer| reference(answer.answered)).map(accounting_points::own_id_key);
    let points = answers.iter().filter_map(|answer| answer.answered.metering_point.as_ref());
    processes.chain(points.map(|id| accounting_points::guard_key(&id.metering_point()))).collect()
}

pub fn needs(answers: &[Answer]) -> Needs {
    let references = answers.iter().filter_map(|answer| reference(answer.answered));
    references.fold(Needs::default(), |needs, id| needs.and(course::needs_of(id)))
}

pub fn needs_more(answers: &[Answer], facts: &Facts) -> Needs {
    let points = points(answers, facts);
    let loaded = points.iter().filter(|id| facts.knows(&accounting_points::guard_key(id)));
    work::needs(&points).and(work::needs_more(facts, loaded))
}

/// Carries out what is agreed to, ends what is not, and says what was wrong with the rest.
pub fn decide(header: &Header, document: &str, answers: &[Answer], facts: &Facts, context: &Context) -> Decision {
    let processes: Vec<&str> = answers.iter().filter_map(|answer| reference(answer.answered)).collect();
    let mut work = Work::load(facts, context, points(answers, facts), &processes);
    let (mut wrong, mut fates) = (Vec::new(), Vec::new());
    let nothing = Id::default();
    for (place, answer) in answers.iter().enumerate() {
        let own_id = context.id(&["transaction", &place.to_string()]);
        let transaction_id = &*answer.answered.transaction_id;
        let broken = match judge(&work, answer, &header.sender()) {
            Ok(process) => {
                let now = work.now();
                work.course_mut(&process).tell(now, format!("{document} {transaction_id} received"));
                match answer.reasons {
                    None => work.agree(&process),
                    Some(reasons) => work.decline(&process, &handed_on(reasons)),
                }
                Vec::new()
            }
            Err(rule) => {
                wrong.push((transaction_id, reasons(&[rule], RequestKind::Answer)));
                vec![rule]
            }
        };
        let metering_point = answer.answered.metering_point.as_ref().unwrap_or(&nothing);
        let origin = Origin { document, header, transaction_id, metering_point };
        let transaction = Transaction::decided(&origin, &own_id, context.now, &broken, RequestKind::Answer);
        work.changes.extend(transaction.keep());
        let broken = broken.iter().map(|rule| rule.name()).collect();
        fates.push(Fate { transaction_id: transaction_id.to_string(), broken });
    }
    let mut decision = work.finish();
    if !wrong.is_empty() {
        let sender = Party { number: header.sender(), role: ActorRole::EnergySupplier };
        decision.outgoing.push(letters::acknowledgement(header, &sender, &[], &wrong, context));
    }
    Decision { fates, ..decision }
}

/// The reallocation that an answer is to: it was forwarded to whoever answers, and is waited for.
fn judge(work: &Work, answer: &Answer, sender: &ActorNumber) -> Result<String, Rule> {
    if answer.answered.original_transaction_id.as_deref().is_none_or(|id| id.trim().is_empty()) {
        return Err(Rule::AnswerWithoutReference);
    }
    let course = reference(answer.answered).and_then(|id| work.courses.get(id));
    let open = course.filter(|course| {
        let point = &work.site(&course.point).point;
        let asked = point.former_supplier(&course.reason, &course.requester, course.effective);
        let in_time = course.awaited.iter().any(|awaited| work.now() < awaited.due);
        course.kind == ProcessKind::Reallocation && is_waiting(course) && in_time && asked == Some(sender)
    });
    open.map(|course| course.process.clone()).ok_or(Rule::AnswerToNothingOpen)
}

fn handed_on(reasons: &[SentReason]) -> Vec<Reason> {
    reasons.iter().map(|it| Reason { code: it.code.clone(), text: it.text.clone() }).collect()
}

/// Where the reallocations are that are answered.
fn points(answers: &[Answer], facts: &Facts) -> BTreeSet<MeteringPointId> {
    let references = answers.iter().filter_map(|answer| reference(answer.answered));
    let known = references.filter(|id| course::is_known(facts, id));
    known.filter_map(|id| course::course(facts, id)).map(|course: Course| course.point).collect()
}

/// The id that an answer names, if it may be one of ours.
fn reference(answered: &Answered) -> Option<&str> {
    let id = answered.original_transaction_id.as_deref()?.trim();
    (id.len() == OWN_ID_CHARACTERS).then_some(id)
}

/// What [`Context::id`] makes.
const OWN_ID_CHARACTERS: usize = 32;
