//! From a request to its decision: commands, stages, and what each accepted operation does.

use std::collections::{BTreeMap, BTreeSet};

use super::acting::{self, Sent};
use super::events;
use super::record::{self, Accepted, Rejected, Said};
use super::reply::{self, Answer};
use super::request::{Information, Operation, RequestChangeOfPriceList, Series};
use super::rules::{self, Broken, Case, Rule};
use super::state::{self, ChargeIdentity, ChargeState, MasterData, PricePoint, Reach};
use crate::market::{ActorRole, Calendar, ChargeType, Period, Resolution, Timestamp};
use crate::process::charge_documents::{CHARGE_ID_CHARACTERS_MAX, at_most, fate, is_blank, sender};
use crate::process::delegations;
use crate::process::participants;
use crate::process::{Context, Decision, Event};
use crate::record::{Change, Facts, Key, Needs};

/// Most characters of a document's or a transaction's id that history and log keep; the archive has all of it.
const ID_CHARACTERS_MAX: usize = 100;
/// Most characters of the number of an owner (charges 1.4).
const OWNER_CHARACTERS_MAX: usize = 35;

/// The charges that a request is about.
pub fn turns(request: &RequestChangeOfPriceList) -> Vec<Key> {
    let charges: BTreeSet<ChargeIdentity> = request.operations.iter().filter_map(Operation::identity).collect();
    charges.iter().map(record::charge_key).collect()
}

/// The sender, everybody who may have to be told, and of each charge the part that the operations reach.
pub fn needs(request: &RequestChangeOfPriceList, context: &Context) -> Needs {
    let pack = context.pack();
    let mut needs = participants::needs_of_role(pack, ActorRole::EnergySupplier)
        .and(participants::needs_of_role(pack, ActorRole::GridAccessProvider))
        .and(delegations::needs_of_any());
    if let Some(sender) = sender(&request.header) {
        needs = needs.and(participants::needs_of(pack, &sender));
    }
    for command in commands(request) {
        if let Some(identity) = command[0].1.identity() {
            let is_owners = acting::is_senders(request, command[0].1);
            needs = needs.and(state::needs(&identity, &reach(request, &command, is_owners, context)));
        }
    }
    needs
}

/// For whom the sender may act, and then of each of their charges what the operations reach.
pub fn needs_more(request: &RequestChangeOfPriceList, facts: &Facts, context: &Context) -> Needs {
    let mut needs = Needs::default();
    if !delegations::any(facts) {
        return needs;
    }
    for command in commands(request) {
        let (_, first) = command[0];
        needs = needs.and(acting::needs_more(request, first, facts, context));
        let sent = acting::sent_for(request, first, facts, context);
        if let Some(identity) = first.identity().filter(|_| sent.is_owners && !acting::is_senders(request, first)) {
            needs = needs.and(state::needs(&identity, &reach(request, &command, true, context)));
        }
    }
    needs
}

/// Answers the sender, operation by operation, and tells everybody concerned what was accepted: participants by
/// document, other systems by event.
pub fn decide(request: &RequestChangeOfPriceList, facts: &Facts, context: &Context) -> Decision {
    let sender = sender(&request.header).and_then(|party| participants::participant(facts, context.pack(), &party));
    let mut answers = vec![Answer::default(); request.operations.len()];
    let mut changes = Vec::new();
    let mut told: BTreeMap<usize, Event> = BTreeMap::new();
    for command in commands(request) {
        let (_, first) = command[0];
        let sent = acting::sent_for(request, first, facts, context);
        let document = case(request, first, context, &sent, None);
        let asked = rules::hold(rules::DELEGATION, &document).and_then(|()| rules::hold(rules::DOCUMENT, &document));
        if let Err(broken) = asked {
            command.iter().for_each(|(index, _)| answers[*index] = Answer::Rejected(broken.clone()));
            continue;
        }
        let mut state = first.identity().map(|identity| {
            let reach = reach(request, &command, sent.is_owners, context);
            ChargeState::load(facts, identity, &reach)
        });
        let (mut failed, mut history) = (None, Vec::new());
        for (index, operation) in command {
            match judge(case(request, operation, context, &sent, failed), state.as_ref()) {
                Ok(step) => {
                    let state = state.as_mut().expect("an operation that holds VR.449 has a charge");
                    history.extend(history_of(request, index, &step, &state.identity, context));
                    told.insert(index, events::of(&step, state, &context.market.dk().charges));
                    apply(step, state);
                    answers[index] = Answer::Accepted { tax: concerns_tax(operation, state) };
                }
                Err(broken) => {
                    failed = failed.or(Some(operation.transaction_id.as_str()));
                    answers[index] = Answer::Rejected(broken);
                }
            }
        }
        if !history.is_empty() {
            changes.extend(state.iter().flat_map(ChargeState::changes));
            changes.extend(history);
        }
    }
    changes.extend(log_of_rejections(request, &answers, context));
    let fates = request
        .operations
        .iter()
        .zip(&answers)
        .map(|(operation, answer)| fate(&operation.transaction_id, answer.broken()));
    let fates = fates.collect();
    let outgoing = reply::documents(request, &answers, facts, sender.as_ref(), context);
    Decision { changes, events: told.into_values().collect(), outgoing, fates }
}

/// What an operation that broke no rule does to its charge.
pub enum Step {
    Create { start: Timestamp, tax_indicator: bool, resolution: Resolution, data: MasterData },
    Update { start: Timestamp, data: MasterData },
    CancelStop { data: MasterData },
    Stop { on: Timestamp },
    Prices { interval: Period, points: Vec<PricePoint> },
}

/// The stages that are an operation's own, in order of precedence; whoever holds a step need not ask again.
fn judge<'a>(mut case: Case<'a>, state: Option<&'a ChargeState>) -> Result<Step, Vec<Broken>> {
    rules::hold(&[&Rule::VR_906], &case)?;
    rules::hold(input_rules(case.operation), &case)?;
    let start = case.operation.effective.expect("VR.531 holds");
    let resolution = case.operation.resolution().expect("VR.912 holds");
    let charge = state.expect("VR.449 holds").charge();
    case.charge = charge;

    let Some(information) = case.operation.information() else {
        rules::hold(rules::PRICES, &case)?;
        let series = case.operation.series().expect("VR.926 holds");
        let interval = series.interval.expect("CH.03 holds");
        let prices: Vec<_> = series.points.iter().map(|point| point.price).collect();
        let points = state::points(Calendar::new(case.market.zone), resolution, interval, &prices);
        return Ok(Step::Prices { interval, points });
    };
    let data = master_data(information);
    let tax_indicator = information.tax_indicator.expect("VR.916 holds");
    match (charge, information.termination) {
        (None, _) => {
            rules::hold(rules::CREATE, &case)?;
            Ok(Step::Create { start, tax_indicator, resolution, data })
        }
        (Some(_), Some(on)) => {
            rules::hold(rules::STOP, &case)?;
            Ok(Step::Stop { on })
        }
        (Some(charge), None) => {
            rules::hold(rules::UPDATE, &case)?;
            Ok(if start == charge.stop { Step::CancelStop { data } } else { Step::Update { start, data } })
        }
    }
}

fn master_data(information: &Information) -> MasterData {
    MasterData {
        name: information.name.clone().expect("VR.910 holds"),
        description: information.description.clone().expect("VR.911 holds"),
        vat_class: information.vat_class.expect("VR.488 holds"),
        transparent_invoicing: information.transparent_invoicing.expect("VR.915 holds"),
    }
}

fn apply(step: Step, state: &mut ChargeState) {
    match step {
        Step::Create { start, tax_indicator, resolution, data } => state.create(start, tax_indicator, resolution, data),
        Step::Update { start, data } => state.update(start, data),
        Step::CancelStop { data } => state.cancel_stop(data),
        Step::Stop { on } => state.stop(on),
        Step::Prices { interval, points } => state.replace_prices(interval, &points),
    }
}

/// Whether grid access providers hear of it: charge information says so itself, prices go by their charge.
fn concerns_tax(operation: &Operation, state: &ChargeState) -> bool {
    match operation.information() {
        Some(information) => information.tax_indicator == Some(true),
        None => state.charge().is_some_and(|charge| charge.tax_indicator),
    }
}

/// The operations on one charge, with their place in the document.
type Command<'a> = Vec<(usize, &'a Operation)>;

/// Operations by charge exactly as sent, each in document order; the commands by their first operation.
fn commands(request: &RequestChangeOfPriceList) -> Vec<Command<'_>> {
    let mut places: BTreeMap<(&str, &str, Option<ChargeType>), usize> = BTreeMap::new();
    let mut commands: Vec<Command> = Vec::new();
    for (index, operation) in request.operations.iter().enumerate() {
        let charge = (operation.charge_id.as_str(), operation.owner.as_str(), operation.charge_type);
        let place = *places.entry(charge).or_insert(commands.len());
        if place == commands.len() {
            commands.push(Vec::new());
        }
        commands[place].push((index, operation));
    }
    commands
}

/// What a command may touch: that of its operations up to the first that breaks an input rule.
fn reach(request: &RequestChangeOfPriceList, command: &Command, is_owners: bool, context: &Context) -> Reach {
    let mut reach = Reach::default();
    let sent = Sent { sender: None, is_owners, is_stranger: false };
    for (_, operation) in command {
        if rules::hold(input_rules(operation), &case(request, operation, context, &sent, None)).is_err() {
            break;
        }
        let start = operation.effective.expect("VR.531 holds");
        match (operation.information(), operation.series()) {
            (Some(information), _) => {
                reach.from(start);
                if information.termination.is_some() {
                    reach.prices_from(start);
                }
            }
            (None, Some(Series { resolution: Some(resolution), interval: Some(interval), .. })) => {
                reach.prices_in(*resolution, *interval);
            }
            (None, _) => {}
        }
    }
    reach
}

fn input_rules(operation: &Operation) -> &'static [&'static rules::Rule] {
    match operation.information() {
        Some(_) => rules::INFORMATION_INPUT,
        None => rules::PRICES_INPUT,
    }
}

fn case<'a>(
    request: &'a RequestChangeOfPriceList,
    operation: &'a Operation,
    context: &Context<'a>,
    sent: &'a Sent,
    failed: Option<&'a str>,
) -> Case<'a> {
    let Sent { sender, is_owners, is_stranger } = sent;
    Case {
        header: &request.header,
        operation,
        now: context.now,
        market: context.market,
        sender: sender.as_ref(),
        is_owners: *is_owners,
        is_stranger: *is_stranger,
        charge: None,
        failed,
    }
}

fn history_of(
    request: &RequestChangeOfPriceList,
    index: usize,
    step: &Step,
    identity: &ChargeIdentity,
    context: &Context,
) -> Vec<Change> {
    let operation = &request.operations[index];
    let resolution = operation.resolution().expect("VR.912 holds");
    let said = match (step, operation.information()) {
        (Step::Prices { interval, points }, _) => {
            Said::Prices { resolution, interval: *interval, points: points.clone() }
        }
        (_, Some(information)) => Said::Information {
            start: operation.effective.expect("VR.531 holds"),
            stops: information.termination.is_some(),
            tax_indicator: information.tax_indicator.expect("VR.916 holds"),
            resolution,
            data: master_data(information),
        },
        (_, None) => unreachable!("only information and prices are asked for"),
    };
    let accepted = Accepted {
        at: context.now,
        document_id: shortened(&request.header.message_id),
        transaction_id: operation.transaction_id.clone(),
        said,
    };
    let records = record::write_history(&accepted).into_iter().enumerate();
    records.map(|(part, value)| Change::Put(record::history_key(identity, index, part), value)).collect()
}

/// What was rejected about a charge stands in its log, whether the charge exists or not, as long as it could.
fn log_of_rejections<'a>(
    request: &'a RequestChangeOfPriceList,
    answers: &'a [Answer],
    context: &'a Context,
) -> impl Iterator<Item = Change> + 'a {
    let rejected = request.operations.iter().zip(answers).enumerate().filter(|(_, (_, it))| !it.broken().is_empty());
    rejected.filter_map(|(index, (operation, answer))| {
        let id = operation.charge_id.as_str();
        let can_exist = !is_blank(id) && at_most(id, CHARGE_ID_CHARACTERS_MAX);
        let owned = !is_blank(&operation.owner) && at_most(&operation.owner, OWNER_CHARACTERS_MAX);
        let identity = operation.identity().filter(|_| can_exist && owned)?;
        let rejected = Rejected {
            at: context.now,
            document_id: shortened(&request.header.message_id),
            transaction_id: shortened(&operation.transaction_id),
            prices: operation.information().is_none(),
            broken: answer.broken().iter().map(|it| it.number.to_string()).collect(),
        };
        Some(Change::Put(record::rejected_key(&identity, index), record::write_rejected(&rejected)))
    })
}

fn shortened(id: &str) -> String {
    id.chars().take(ID_CHARACTERS_MAX).collect()
}
