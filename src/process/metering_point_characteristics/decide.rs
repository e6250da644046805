//! From an RSM-021 to its decision: each record is judged in turn, knowing what those before it have come to.

use std::collections::BTreeSet;

use super::rules::{Broken, Rule};
use super::{close, notify, obligation, states, write};
use crate::document::Record;
use crate::market::{ActorRole, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::delegations::{self, Process, Sender};
use crate::process::market_documents::kinds::{
    CONFIRM_METERING_POINT_CHANGE as CONFIRM, REJECT_METERING_POINT_CHANGE as REJECT,
};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::metering_point::{
    MeteringPointCharacteristics, RequestChangeAccountingPointCharacteristics as RequestChange,
};
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::{Context, Decision, Fate, participants};
use crate::record::{Facts, Key, Needs};

/// One record, and what it is judged by.
pub struct Case<'a> {
    pub record: &'a MeteringPointCharacteristics,
    pub reason: &'a str,
    /// Whom it is judged for.
    pub sender: Party,
    /// Whether it comes from a delegated party that may not act for anybody here.
    pub is_stranger: bool,
    pub id: MeteringPointId,
    /// Our id of the record.
    pub own_id: String,
}

/// What a record has come to.
pub struct Done {
    /// From when on something has changed that suppliers are to hear of, and how it was before; nothing where they are not.
    pub told: Option<(Timestamp, MeteringPoint)>,
}

pub fn turns(request: &RequestChange) -> Vec<Key> {
    points(request).iter().map(accounting_points::guard_key).collect()
}

pub fn needs(request: &RequestChange, context: &Context) -> Needs {
    let areas = request.records.iter().flat_map(|it| [&it.grid_area, &it.from_grid_area, &it.to_grid_area]);
    let areas = areas
        .flatten()
        .fold(Needs::default(), |needs, area| needs.and(metering_points::needs_of_grid_area(area.trimmed())));
    let sender = participants::needs_of(context.pack(), &sender(request, context));
    work::needs(&points(request)).and(areas).and(sender).and(delegations::needs_of_any())
}

/// And the parents that there are, and for whom the sender may act.
pub fn needs_more(request: &RequestChange, facts: &Facts, context: &Context) -> Needs {
    let points = all_points(request, facts);
    let known: Vec<&MeteringPointId> = points.iter().filter(|id| metering_points::is_looked_up(facts, id)).collect();
    let sender = sender(request, context);
    let owned = request.records.iter().filter_map(|record| owned_area(request, record, facts));
    owned.fold(work::needs(&points).and(work::needs_more(facts, known)), |needs, (area, owner)| {
        needs.and(delegations::sender_needs(facts, &sender, &owner, (PROCESS, &area), context))
    })
}

/// Answers the sender record by record, keeps what changes, and tells suppliers.
pub fn decide(request: &RequestChange, facts: &Facts, context: &Context) -> Decision {
    let points = all_points(request, facts);
    let mut work = Work::load(facts, context, points, &[]);
    let before: Vec<(MeteringPointId, Option<MeteringPoint>)> =
        work.sites.iter().map(|(id, site)| (id.clone(), site.master.clone())).collect();
    let (header, sender) = (&request.header, sender(request, context));
    let reason = &header.business_reason;
    let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
    for (place, record) in request.records.iter().enumerate() {
        let own_id = context.id(&["transaction", &place.to_string()]);
        let id = record.metering_point.metering_point();
        let Sender { party, is_stranger } = sent_for(request, record, &sender, facts, context);
        let case = Case { record, reason, sender: party, is_stranger, id, own_id: own_id.clone() };
        let about = About {
            transaction_id: &record.transaction_id,
            process_reference: record.process_reference.as_deref(),
            metering_point: &record.metering_point,
            description: None,
        };
        let answer = context.id(&["answer", &own_id]);
        let broken = match judge(&mut work, &case) {
            Ok(done) => {
                if let Some((from, before)) = done.told {
                    notify::suppliers(&mut work, &case, &before, from);
                }
                confirmed.push(letters::confirmation(answer, &about));
                Vec::new()
            }
            Err(broken) => {
                rejected.push(letters::rejection(answer, &about, &broken.reasons()));
                broken.names()
            }
        };
        fates.push(Fate { transaction_id: record.transaction_id.clone(), broken });
    }
    for (id, master) in before {
        let now = work.sites[&id].master.as_ref();
        work.changes.extend(now.into_iter().flat_map(|now| metering_points::changes(now, master.as_ref())));
    }
    let answers = letters::answers((&CONFIRM, confirmed), (&REJECT, rejected), &sender, reason, context);
    work.answered(answers.into_iter().map(|it| delegations::answering(it, context)).collect(), fates)
}

fn judge(work: &mut Work, case: &Case) -> Result<Done, Broken> {
    let done = match case.reason {
        "E02" => write::create(work, case),
        "E32" | "E67" | "E75" => return write::update(work, case),
        "D15" => states::connect(work, case),
        "E79" => states::change(work, case),
        "D14" => close::accept(work, case),
        "D39" => obligation::change(work, case),
        _ => Err(vec![Rule::ProcessIsNotOffered]),
    };
    Ok(done?)
}

fn sender(request: &RequestChange, context: &Context) -> Party {
    let role = ActorRole::from_code(&request.header.sender_role).unwrap_or(context.caller.role);
    Party { number: request.header.sender(), role }
}

/// Whom a record is judged for: whoever runs the grid area that it is about, where the sender may act for it.
fn sent_for(
    request: &RequestChange,
    record: &MeteringPointCharacteristics,
    sender: &Party,
    facts: &Facts,
    context: &Context,
) -> Sender {
    let owned = owned_area(request, record, facts);
    let (area, owner) = owned.as_ref().map_or(("", None), |(area, owner)| (&**area, Some(owner)));
    delegations::sender_for(facts, sender, owner, (PROCESS, area), context)
}

/// The grid area that a record is about, with whoever runs it: the one that it names where it creates a metering point, else
/// that of the metering point. Only a grid company's own to send can be sent for it.
fn owned_area(
    request: &RequestChange,
    record: &MeteringPointCharacteristics,
    facts: &Facts,
) -> Option<(String, Party)> {
    let role = ActorRole::GridAccessProvider;
    let area = match &*request.header.business_reason {
        "E02" => record.grid_area.as_ref()?.trimmed().to_string(),
        _ if record.metering_point.is_blank() => return None,
        _ => metering_points::metering_point(facts, &record.metering_point.metering_point())?.grid_area,
    };
    let known = request.header.sender_role == role.code() && metering_points::knows_grid_area(facts, &area);
    let number = known.then(|| metering_points::grid_area(facts, &area))??.owner?;
    Some((area, Party { number, role }))
}

/// What a grid company delegates to have its metering points changed by another.
const PROCESS: Process = Process::IncomingMeteringPointCharacteristics;

/// Those that the records are about, and the parents that they name.
fn points(request: &RequestChange) -> BTreeSet<MeteringPointId> {
    let parents = request.records.iter().filter_map(|it| it.parent.as_ref());
    let named = request.records.iter().map(|it| &it.metering_point).chain(parents);
    named.filter(|id| !id.is_blank()).map(|id| id.metering_point()).collect()
}

/// And the parents that they have, or had, or are to have.
fn all_points(request: &RequestChange, facts: &Facts) -> BTreeSet<MeteringPointId> {
    let mut points = points(request);
    let known = points.iter().filter_map(|id| metering_points::metering_point(facts, id));
    let parents: Vec<MeteringPointId> =
        known.flat_map(|it| it.parents().into_iter().cloned().collect::<Vec<_>>()).collect();
    points.extend(parents);
    points
}
