//! From a request to its decision: commands, stages, and what each accepted operation does.

use std::collections::{BTreeMap, BTreeSet};

use super::acting;
use super::events;
use super::receivers::{self, LinkChange};
use super::record;
use super::reply::{self, Answer};
use super::request::{Operation, RequestChangeBillingMasterData};
use super::rules::{self, Broken, Case, Rule};
use super::state::{self, By, LinkIdentity, LinkState};
use crate::market::{ActorRole, ChargeType, MeteringPointId, Party, Period, Timestamp};
use crate::process::accounting_points::{self, Supply};
use crate::process::charge_documents::{answered, fate, sender};
use crate::process::charges::state::{ChargeState, Reach};
use crate::process::charges::{self, Charge};
use crate::process::delegations;
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::participants::{self, Participant};
use crate::process::{Context, Decision, Event, Pack};
use crate::record::{Change, Facts, Key, Needs};

/// Most characters of a document id that a link remembers; the archive has all of it.
const DOCUMENT_ID_CHARACTERS_MAX: usize = 100;

/// Roles in which one owns charges.
pub const OWNER_ROLES: [ActorRole; 2] = [ActorRole::SystemOperator, ActorRole::GridAccessProvider];

/// The pairs of metering point and charge that a request is about.
pub fn turns(request: &RequestChangeBillingMasterData) -> Vec<Key> {
    let pairs: BTreeSet<LinkIdentity> = request.operations.iter().filter_map(Operation::identity).collect();
    pairs.iter().map(record::timeline_key).collect()
}

/// The sender, and of each pair its links, its metering point, its charge and who owns it.
pub fn needs(request: &RequestChangeBillingMasterData, context: &Context) -> Needs {
    let pack = context.pack();
    let needs = sender(&request.header).map_or_else(Needs::default, |party| participants::needs_of(pack, &party));
    let mut needs = needs.and(delegations::needs_of_any());
    let pairs: BTreeSet<LinkIdentity> = request.operations.iter().filter_map(Operation::identity).collect();
    for pair in &pairs {
        needs = needs
            .and(state::needs(pair))
            .and(metering_points::needs_of(&pair.metering_point))
            .and(accounting_points::needs_of(&pair.metering_point))
            .and(charges::state::needs(&pair.charge, &Reach::default()));
        for role in OWNER_ROLES {
            needs = needs.and(participants::needs_of(pack, &Party { number: pair.charge.owner.clone(), role }));
        }
    }
    needs
}

/// Who may have to be told: the suppliers of the metering points, their grid areas, and then who owns those. And for whom the
/// sender may act.
pub fn needs_more(request: &RequestChangeBillingMasterData, facts: &Facts, context: &Context) -> Needs {
    let typed = request.operations.iter().filter(|operation| operation.charge_type.is_some());
    let points: BTreeSet<MeteringPointId> = typed.map(Operation::point).collect();
    acting::needs_more(request, facts, context).and(receivers::needs_more(&points, facts, context.pack()))
}

/// Answers the sender, operation by operation, and tells everybody concerned what was accepted.
pub fn decide(request: &RequestChangeBillingMasterData, facts: &Facts, context: &Context) -> Decision {
    let sender = sender(&request.header).and_then(|party| participants::participant(facts, context.pack(), &party));
    let work = carry_out(request, facts, context, Asker::Sender(sender.as_ref()));
    // Who is not, or no longer, registered as the document says still hears why: as who is logged in.
    let asker = answered(sender.as_ref(), &request.header, context);
    let mut outgoing = reply::receipts(request, &work.answers, &asker, context);
    outgoing.extend(reply::notifications(request, &work.answers, Some(&asker), context));
    let fates = request
        .operations
        .iter()
        .zip(&work.answers)
        .map(|(operation, answer)| fate(&operation.transaction_id, answer.broken()));
    Decision { changes: work.changes, events: work.events, fates: fates.collect(), outgoing }
}

/// Whose wish is carried out.
#[derive(Clone, Copy)]
pub enum Asker<'a> {
    /// A market participant's, by document: number and role in its header, if they are registered.
    Sender(Option<&'a Participant>),
    /// The hub's own: a default link.
    Hub,
}

/// What became of each operation, and what must be written and told for it.
pub struct Work {
    pub answers: Vec<Answer>,
    pub changes: Vec<Change>,
    pub events: Vec<Event>,
}

pub fn carry_out(request: &RequestChangeBillingMasterData, facts: &Facts, context: &Context, asker: Asker) -> Work {
    let mut answers = vec![Answer::default(); request.operations.len()];
    let mut changes = Vec::new();
    let mut events: BTreeMap<usize, Event> = BTreeMap::new();
    for command in commands(request) {
        let (_, first) = command[0];
        let known = Known::load(facts, first, context.pack());
        let area = known.point.as_ref().map(|point| &*point.grid_area);
        let (acting, is_stranger) = match asker {
            Asker::Sender(_) => acting::sent_for(request, first, area, facts, context),
            Asker::Hub => (None, false),
        };
        let asker = (acting.as_ref().map_or(asker, |original| Asker::Sender(Some(original))), is_stranger);
        let document = case(request, first, context, asker, &known, None, None);
        if let Asker::Sender(_) = asker.0
            && let Err(broken) =
                rules::hold(rules::DELEGATION, &document).and_then(|()| rules::hold(rules::DOCUMENT, &document))
        {
            command.iter().for_each(|(index, _)| answers[*index] = Answer::Rejected(broken.clone()));
            continue;
        }
        let mut state = first.identity().map(|identity| LinkState::load(facts, identity));
        let (mut failed, mut accepted) = (None, false);
        for (index, operation) in command {
            match judge(&case(request, operation, context, asker, &known, state.as_ref(), failed)) {
                Ok(step) => {
                    let state = state.as_mut().expect("an operation that holds VR.449 has a link");
                    let by = By {
                        at: context.now,
                        document_id: request.header.message_id.chars().take(DOCUMENT_ID_CHARACTERS_MAX).collect(),
                        transaction_id: operation.transaction_id.clone(),
                    };
                    let effect = match step {
                        Step::Set { period, factor } => state.set(period, factor, &by),
                        Step::Stop { at } => state.stop(at, &by),
                    };
                    events.insert(index, events::of(operation, &effect, state));
                    let change = known.change(&state.identity, operation.effective.expect("VR.531 holds"));
                    let told = change.as_ref().map(|change| receivers::told(facts, change, context.pack()));
                    answers[index] = Answer::Accepted { told: told.unwrap_or_default() };
                    changes.extend(
                        change.and_then(|change| receivers::untold(facts, &change, &state.identity, context.pack())),
                    );
                    accepted = true;
                }
                Err(broken) => {
                    failed = failed.or(Some(operation.transaction_id.as_str()));
                    answers[index] = Answer::Rejected(broken);
                }
            }
        }
        if accepted {
            changes.extend(state.iter().flat_map(LinkState::changes));
        }
    }
    Work { answers, changes: without_repeats(changes), events: events.into_values().collect() }
}

/// What an operation that broke no rule does to its link.
enum Step {
    Set { period: Period, factor: i64 },
    Stop { at: Timestamp },
}

/// The stages that are an operation's own, in order of precedence; whoever holds a step need not ask again.
fn judge(case: &Case) -> Result<Step, Vec<Broken>> {
    rules::hold(&[&Rule::VR_906], case)?;
    rules::hold(rules::INPUT, case)?;
    rules::hold(rules::METERING_POINT, case)?;
    rules::hold(rules::CHARGE, case)?;
    rules::hold(rules::LINK, case)?;
    let start = case.operation.effective.expect("VR.531 holds");
    let factor = case.operation.factor.expect("CH.10 holds");
    Ok(match case.operation.is_stop() {
        true => Step::Stop { at: start },
        false => Step::Set { period: Period::new(start, case.operation.end()), factor },
    })
}

/// What is known about the metering point and the charge of a command.
#[derive(Default)]
struct Known {
    point: Option<MeteringPoint>,
    supplies: Vec<Supply>,
    charge: Option<Charge>,
    owner: Vec<Participant>,
}

impl Known {
    fn load(facts: &Facts, operation: &Operation, pack: Pack) -> Self {
        let Some(pair) = operation.identity() else { return Self::default() };
        let owner = OWNER_ROLES.map(|role| Party { number: pair.charge.owner.clone(), role });
        Self {
            point: metering_points::metering_point(facts, &pair.metering_point),
            supplies: accounting_points::supplies(facts, &pair.metering_point),
            charge: ChargeState::load(facts, pair.charge, &Reach::default()).charge().cloned(),
            owner: owner.iter().filter_map(|party| participants::participant(facts, pack, party)).collect(),
        }
    }

    /// A change of the links of a pair, of which metering point and charge are known.
    fn change(&self, pair: &LinkIdentity, from: Timestamp) -> Option<LinkChange<'_>> {
        let (point, charge) = (self.point.as_ref()?, self.charge.as_ref()?);
        let (is_tax, to_later) = (charge.tax_indicator, pair.charge.charge_type != ChargeType::Fee);
        Some(LinkChange { point, supplies: &self.supplies, is_tax, from, to_later })
    }
}

/// The operations on one pair, with their place in the document.
type Command<'a> = Vec<(usize, &'a Operation)>;

/// Operations by metering point and charge exactly as sent, each in document order; the commands by their first.
fn commands(request: &RequestChangeBillingMasterData) -> Vec<Command<'_>> {
    let mut places: BTreeMap<(&str, &str, &str, Option<ChargeType>), usize> = BTreeMap::new();
    let mut commands: Vec<Command> = Vec::new();
    for (index, operation) in request.operations.iter().enumerate() {
        let Operation { metering_point, charge_id, owner, charge_type, .. } = operation;
        let place = *places.entry((metering_point, charge_id, owner, *charge_type)).or_insert(commands.len());
        if place == commands.len() {
            commands.push(Vec::new());
        }
        commands[place].push((index, operation));
    }
    commands
}

/// Guards are written by every command of a metering point; once is enough.
fn without_repeats(changes: Vec<Change>) -> Vec<Change> {
    let mut seen = BTreeSet::new();
    changes.into_iter().filter(|change| seen.insert(change.key().clone())).collect()
}

fn case<'a>(
    request: &'a RequestChangeBillingMasterData,
    operation: &'a Operation,
    context: &Context<'a>,
    (asker, is_stranger): (Asker<'a>, bool),
    known: &'a Known,
    links: Option<&'a LinkState>,
    failed: Option<&'a str>,
) -> Case<'a> {
    let (sender, by_default) = match asker {
        Asker::Sender(sender) => (sender, false),
        Asker::Hub => (None, true),
    };
    Case {
        header: &request.header,
        operation,
        now: context.now,
        market: context.market,
        by_default,
        sender,
        is_stranger,
        failed,
        point: known.point.as_ref(),
        supplies: &known.supplies,
        charge: known.charge.as_ref(),
        owner: &known.owner,
        links,
    }
}
