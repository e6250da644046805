//! What keeps an order from being given, and a forced change from being made at one accounting point.
//!
//! An order is taken whole or not at all. What keeps it from a single accounting point is told with the outcome there; for a
//! change of balance responsible party that is what would have kept the supplier's own request from it.
//!
//! Source: market-roles 2.9, 2.10.

use super::fan_out;
use super::order::{ForcedKind, Order, Selection, What};
use super::record::{self, Given, Outcome, OutcomeKind, Progress, Way};
use crate::market::{ActorNumber, ActorRole, Calendar, MeteringPointType, Party};
use crate::process::accounting_points::{self, area_balance};
use crate::process::change_of_supplier::settings::NO_BOUND;
use crate::process::change_of_supplier::standing::{self, Standing};
use crate::process::change_of_supplier::window::Window;
use crate::process::{Context, metering_points, participants};
use crate::record::{Change, Facts, Needs};

/// A rule of the market's table: F01 to F10 of orders, F11 on of accounting points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    SupplierMustBeKnown,
    NewSupplierMustBeActive,
    SuppliersMustDiffer,
    NewSupplierIsFailing,
    DateMustBeLocalMidnight,
    DateMustBeInTime,
    GridAreaMustBeKnown,
    BalanceResponsibleMustBeActive,
    ActorBlockedInGridArea,
    OrderMustLieAhead,
    AccountingPointMustBeKnown,
    CannotBeInStateOfClosedDown,
    ForcedChangeIsRegistered,
    SupplierMustSupplyOnTheDate,
    GridAreaHasNoNewSupplier,
    NewSupplierBlockedInGridArea,
    OvertakenByAnother,
}

impl Rule {
    pub const ALL: [Rule; 17] = [
        Rule::SupplierMustBeKnown,
        Rule::NewSupplierMustBeActive,
        Rule::SuppliersMustDiffer,
        Rule::NewSupplierIsFailing,
        Rule::DateMustBeLocalMidnight,
        Rule::DateMustBeInTime,
        Rule::GridAreaMustBeKnown,
        Rule::BalanceResponsibleMustBeActive,
        Rule::ActorBlockedInGridArea,
        Rule::OrderMustLieAhead,
        Rule::AccountingPointMustBeKnown,
        Rule::CannotBeInStateOfClosedDown,
        Rule::ForcedChangeIsRegistered,
        Rule::SupplierMustSupplyOnTheDate,
        Rule::GridAreaHasNoNewSupplier,
        Rule::NewSupplierBlockedInGridArea,
        Rule::OvertakenByAnother,
    ];

    pub fn number(self) -> &'static str {
        match self {
            Rule::SupplierMustBeKnown => "F01",
            Rule::NewSupplierMustBeActive => "F02",
            Rule::SuppliersMustDiffer => "F03",
            Rule::NewSupplierIsFailing => "F04",
            Rule::DateMustBeLocalMidnight => "F05",
            Rule::DateMustBeInTime => "F06",
            Rule::GridAreaMustBeKnown => "F07",
            Rule::BalanceResponsibleMustBeActive => "F08",
            Rule::ActorBlockedInGridArea => "F09",
            Rule::OrderMustLieAhead => "F10",
            Rule::AccountingPointMustBeKnown => "F11",
            Rule::CannotBeInStateOfClosedDown => "F12",
            Rule::ForcedChangeIsRegistered => "F13",
            Rule::SupplierMustSupplyOnTheDate => "F14",
            Rule::GridAreaHasNoNewSupplier => "F15",
            Rule::NewSupplierBlockedInGridArea => "F16",
            Rule::OvertakenByAnother => "F17",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Rule::SupplierMustBeKnown => "SupplierMustBeKnown",
            Rule::NewSupplierMustBeActive => "NewSupplierMustBeActive",
            Rule::SuppliersMustDiffer => "SuppliersMustDiffer",
            Rule::NewSupplierIsFailing => "NewSupplierIsFailing",
            Rule::DateMustBeLocalMidnight => "DateMustBeLocalMidnight",
            Rule::DateMustBeInTime => "DateMustBeInTime",
            Rule::GridAreaMustBeKnown => "GridAreaMustBeKnown",
            Rule::BalanceResponsibleMustBeActive => "BalanceResponsibleMustBeActive",
            Rule::ActorBlockedInGridArea => "ActorBlockedInGridArea",
            Rule::OrderMustLieAhead => "OrderMustLieAhead",
            Rule::AccountingPointMustBeKnown => "AccountingPointMustBeKnown",
            Rule::CannotBeInStateOfClosedDown => "CannotBeInStateOfClosedDown",
            Rule::ForcedChangeIsRegistered => "ForcedChangeIsRegistered",
            Rule::SupplierMustSupplyOnTheDate => "SupplierMustSupplyOnTheDate",
            Rule::GridAreaHasNoNewSupplier => "GridAreaHasNoNewSupplier",
            Rule::NewSupplierBlockedInGridArea => "NewSupplierBlockedInGridArea",
            Rule::OvertakenByAnother => "OvertakenByAnother",
        }
    }

    /// What it says, as a sentence for an operator.
    pub fn text(self) -> &'static str {
        match self {
            Rule::SupplierMustBeKnown => "the supplier is not registered as one (DDQ)",
            Rule::NewSupplierMustBeActive => "the new supplier is not registered as an active supplier (DDQ)",
            Rule::SuppliersMustDiffer => "the new supplier is the old one",
            Rule::NewSupplierIsFailing => "the new supplier is itself to be replaced as failing (D13)",
            Rule::DateMustBeLocalMidnight => "the date is not a local midnight",
            Rule::DateMustBeInTime => "the date is too early, or outside what the settings allow",
            Rule::GridAreaMustBeKnown => "there is no such grid area",
            Rule::BalanceResponsibleMustBeActive => {
                "the balance responsible party is not registered as an active one (DDK)"
            }
            Rule::ActorBlockedInGridArea => "the party is blocked in the grid area",
            Rule::OrderMustLieAhead => "the day of the order has come, and what took effect stays",
            Rule::AccountingPointMustBeKnown => "there is no such metering point",
            Rule::CannotBeInStateOfClosedDown => "the metering point is closed down, or is to be",
            Rule::ForcedChangeIsRegistered => "another is to take it over from this supplier by then already",
            Rule::SupplierMustSupplyOnTheDate => "the supplier does not supply it on the date",
            Rule::GridAreaHasNoNewSupplier => "no new supplier is named for its grid area",
            Rule::NewSupplierBlockedInGridArea => "the new supplier is blocked in its grid area",
            Rule::OvertakenByAnother => "something else that is pending comes before it",
        }
    }
}

/// Why an order is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub rule: Rule,
    /// The party, the grid area or the date that it is about.
    pub what: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {} ({})", self.rule.number(), self.rule.name(), self.rule.text(), self.what)
    }
}

/// What must be known to judge an order, and to give it.
pub fn needs(order: &Order, context: &Context) -> Needs {
    let pack = context.pack();
    let mut needs = standing::needs(pack, order.supplier()).key(accounting_points::all_noted_key());
    match &order.what {
        What::ForceSupplierChange { from, to, .. } => {
            needs = needs.key(record::failing_key(from));
            for to in to.all() {
                needs = needs.and(standing::needs(pack, to)).key(record::failing_key(to));
            }
        }
        What::ChangeBalanceResponsible { supplier, responsible, .. } => {
            needs = needs.and(participants::needs_of(pack, &balance(responsible)));
            for area in order.areas() {
                needs = needs.and(area_balance::needs_of(supplier, area));
            }
        }
    }
    let areas = order.areas().into_iter();
    areas
        .fold(needs, |needs, area| needs.and(metering_points::needs_of_grid_area(area)))
        .key(record::order_key(&Given::new(order, context.now).id))
}

/// Every rule that the order breaks. Needs: [`needs`].
pub fn refusals(order: &Order, facts: &Facts, context: &Context) -> Vec<Refusal> {
    let mut broken = Vec::new();
    let mut hold = |holds: bool, rule: Rule, what: &str| {
        if !holds {
            broken.push(Refusal { rule, what: what.to_string() });
        }
    };
    let supplier = order.supplier();
    let standing = |number: &ActorNumber| standing::of(facts, context.pack(), number);
    let known = participants::participant(facts, context.pack(), &supplier_party(supplier)).is_some();
    hold(known, Rule::SupplierMustBeKnown, supplier.as_str());
    let blocked = &context.market.dk().market_roles.notices.blocked;
    let (window, may_be_today) = match &order.what {
        What::ForceSupplierChange { to, .. } => {
            for to in to.all() {
                hold(standing(to) == Standing::Live, Rule::NewSupplierMustBeActive, to.as_str());
                hold(to != supplier, Rule::SuppliersMustDiffer, to.as_str());
                let until = record::fails_until(facts, to);
                hold(until.is_none_or(|date| date <= context.now), Rule::NewSupplierIsFailing, to.as_str());
            }
            let settings = &context.market.dk().market_roles.forced;
            (Window { days_before: 0, days_after: NO_BOUND, min_notice_days: settings.min_notice_days }, true)
        }
        What::ChangeBalanceResponsible { responsible, .. } => {
            let live = participants::is_live(facts, context.pack(), &balance(responsible));
            hold(live, Rule::BalanceResponsibleMustBeActive, responsible.as_str());
            for (area, party) in order.areas().into_iter().flat_map(|area| [(area, supplier), (area, responsible)]) {
                let named = format!("{area}:{party}");
                hold(!blocked.contains(&named), Rule::ActorBlockedInGridArea, &named);
            }
            let settings = &context.market.dk().market_roles.balance_responsible;
            let (days_before, days_after) = (settings.days_before, settings.days_after);
            (Window { days_before, days_after, min_notice_days: 0 }, days_before != 0)
        }
    };
    let date = order.date.to_string();
    let in_time = window.allows(order.date, context.now, context.market) && (may_be_today || order.date >= context.now);
    hold(in_time, Rule::DateMustBeInTime, &date);
    let is_midnight = Calendar::new(context.market.zone).is_midnight(order.date);
    hold(is_midnight, Rule::DateMustBeLocalMidnight, &date);
    for area in order.areas() {
        hold(metering_points::grid_area(facts, area).is_some(), Rule::GridAreaMustBeKnown, area);
    }
    broken
}

/// What writes an order that breaks no rule, and sets it off. Needs: [`needs`].
pub fn give(order: &Order, facts: &Facts, context: &Context) -> (Given, Vec<Change>) {
    let given = Given::new(order, context.now);
    let mut changes = vec![given.put()];
    let way = match &order.selection {
        Selection::MeteringPoints(points) => {
            let waiting = Outcome::of(OutcomeKind::Waiting);
            changes.extend(points.iter().map(|point| waiting.put(&given.id, point)));
            Way::Named
        }
        _ if facts.get(&accounting_points::all_noted_key()).is_none() => Way::Noting,
        _ => Way::Supplied,
    };
    let progress = Progress {
        order: given.id.clone(),
        at: context.now,
        supplier: order.supplier().clone(),
        way,
        after: None,
        found: 0,
    };
    changes.push(fan_out::begin(&progress));
    match &order.what {
        What::ForceSupplierChange { kind: ForcedKind::Failure, from, .. } => {
            changes.push(record::fails(facts, from, &given));
        }
        What::ChangeBalanceResponsible { supplier, point_type: MeteringPointType::Consumption, responsible } => {
            let areas = order.areas().into_iter();
            let keep = |area| area_balance::keep(facts, supplier, area, order.date, responsible, &given.id);
            changes.extend(areas.map(keep));
        }
        What::ForceSupplierChange { .. } | What::ChangeBalanceResponsible { .. } => {}
    }
    (given, changes)
}

fn supplier_party(number: &ActorNumber) -> Party {
    Party { number: number.clone(), role: ActorRole::EnergySupplier }
}

fn balance(number: &ActorNumber) -> Party {
    Party { number: number.clone(), role: ActorRole::BalanceResponsibleParty }
}
