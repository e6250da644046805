//! A metering point is created, or its master data are changed. Source: metering-points 8, 9.

use super::decide::{Case, Done};
use super::rules::fields::{Draft, Step};
use super::rules::{Broken, Rule, matrix, parents, suits};
use super::{Profile, family, later, notify, standing};
use crate::market::{MeteringPointId, MeteringPointType, Timestamp, is_gsrn};
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::{self, ConnectionState, MasterData, MeteringPoint, Relative, Version};
use crate::process::participants;

/// E02. Whatever state is asked for, it begins as new, and without a supplier.
pub fn create(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let profile = work.context.market.dk().metering_points.profile;
    let draft = Draft::of(case.record, &MasterData::default(), Step::Create);
    let (kind, effective) = create_input(work, case, &draft)?;
    let grid_area = case.record.grid_area.as_ref().map(|it| it.trimmed().to_string()).unwrap_or_default();
    create_standing(work, case, &grid_area, effective)?;

    let Draft { mut master, values, .. } = draft;
    let mut broken = values.clone();
    broken.extend(obligation_said(case, kind, Step::Create, profile));
    broken.extend(matrix::hold(kind, &mut master, None, &values, profile));
    broken.extend(suits::hold(kind, &master, None, profile));
    held(broken)?;
    let exchanged = [&master.from_grid_area, &master.to_grid_area].into_iter().flatten();
    let unknown = exchanged.filter(|area| metering_points::grid_area(work.facts, area).is_none());
    held(unknown.map(|_| Rule::UnknownExchangeGridArea).collect())?;
    // Exchange is no child, whatever is said.
    let parent = parent_named(case).filter(|_| kind != MeteringPointType::Exchange);
    if let Some(parent) = &parent {
        held(parents::hold(kind, &grid_area, work.site(parent).master.as_ref(), effective, profile))?;
        held(own_production(work, kind, &master, parent, effective))?;
    }

    let obliged = case.record.production_obligation.as_deref().is_some_and(is_true);
    let obliged = obliged && kind == MeteringPointType::Production;
    master.parent = parent.map(|parent| relative(work, parent));
    let first = Version::first(effective, born(case, kind, profile), obliged, master);
    family::keep(work, MeteringPoint::new(case.id.clone(), kind, &grid_area, first), effective)?;
    let created = notify::created(work, &case.id);
    work.tell(created);
    Ok(Done { told: None })
}

/// E32, E67, E75.
pub fn update(work: &mut Work, case: &Case) -> Result<Done, Broken> {
    let record = case.record;
    let areas = [&record.from_grid_area, &record.to_grid_area].into_iter().flatten();
    let effective = standing::judge(work, case, areas.map(|_| Rule::GridAreasCannotBeUpdated))?;
    let mut point = standing::point(work, &case.id).clone();
    let kind = point.kind;
    let before = standing::at(work, &case.id, effective).clone();
    let profile = work.context.market.dk().metering_points.profile;
    let parent = parent_named(case);
    if record.parent.as_ref().is_some_and(|it| !it.is_blank() && !is_gsrn(it.trimmed())) {
        held(vec![Rule::ParentMustBeGsrn])?;
    }
    if let Some(parent) = &parent {
        let from = effective.max(point.effective);
        held(parents::hold(kind, &point.grid_area, work.site(parent).master.as_ref(), from, profile))?;
    }

    let Draft { mut master, input, mut values } = Draft::of(record, &before.master, Step::Update);
    values.extend(input);
    let mut broken = values.clone();
    broken.extend(obligation_said(case, kind, Step::Update, profile));
    broken.extend(matrix::hold(kind, &mut master, Some(&before.master), &values, profile));
    held(broken)?;
    let settings = &work.context.market.dk().metering_points;
    let (days_before, days_after) = (settings.update_days_before, settings.update_days_after);
    if !standing::is_within(effective, work.now(), days_before, days_after, work.context.market) {
        held(vec![Rule::EffectiveDateOutsideWindow])?;
    }
    let mut broken = Vec::new();
    if before.state == ConnectionState::ClosedDown {
        broken.push(Rule::ClosedDown);
    }
    if profile == Profile::Strict && kind == MeteringPointType::ElectricalHeating {
        broken.push(Rule::HeatingIsNotChangedHere);
    }
    broken.extend(suits::hold(kind, &master, Some(&before.master), profile));
    match parent {
        Some(parent) => master.parent = Some(relative(work, parent)),
        None if is_decoupled(case) => master.parent = None,
        None => {}
    }
    broken.extend(suits_parent(work, kind, &master, effective));
    point.change(effective, |version| version.master = master);
    let mut later = later::hold(work, standing::point(work, &case.id), &mut point, effective);
    later.retain(|(rule, _)| !broken.contains(rule));
    if !broken.is_empty() || !later.is_empty() {
        return Err(Broken { rules: broken, later });
    }
    let was = family::keep(work, point, effective)?;
    notify::updated(work, &case.id, &before, effective);
    Ok(Done { told: was.map(|was| (effective, was)) })
}

/// 8.1: all of it is told at once.
fn create_input(work: &Work, case: &Case, draft: &Draft) -> Result<(MeteringPointType, Timestamp), Vec<Rule>> {
    let record = case.record;
    let (effective, mut broken) = standing::input(case, work.context.market);
    let said = record.point_type.as_deref().map(str::trim).filter(|said| !said.is_empty());
    let kind = said.and_then(|said| MeteringPointType::all().find(|kind| kind.code() == said));
    match (said, kind) {
        (None, _) => broken.push(Rule::MeteringPointTypeIsRequired),
        (_, None) => broken.push(Rule::MeteringPointTypeMustBeKnown),
        _ => {}
    }
    let country = record.address.as_ref().and_then(|it| it.country.as_deref()).map(str::trim);
    if country != Some("DK") {
        broken.push(Rule::CountryMustBeDenmark);
    }
    broken.extend(&draft.input);
    if draft.master.metering_method.is_none() && !broken.contains(&Rule::MeteringMethodMustBeKnown) {
        broken.push(Rule::MeteringMethodMustBeKnown);
    }
    if is_blank(&record.read_cycle) {
        broken.push(Rule::ReadCycleIsRequired);
    }
    if record.parent.as_ref().is_some_and(|it| !it.is_blank() && !is_gsrn(it.trimmed())) {
        broken.push(Rule::ParentMustBeGsrn);
    }
    match record.grid_area.as_ref().map(|it| it.trimmed().chars().count()) {
        None | Some(0) => broken.push(Rule::GridAreaIsRequired),
        Some(GRID_AREA_CHARACTERS) => {}
        Some(_) => broken.push(Rule::GridAreaLength),
    }
    if work.context.market.dk().metering_points.profile == Profile::Strict {
        let area = record.grid_area.as_ref().map(|it| it.trimmed()).unwrap_or_default();
        if area.chars().count() == GRID_AREA_CHARACTERS && !area.bytes().all(|byte| byte.is_ascii_digit()) {
            broken.push(Rule::GridAreaMustBeDigits);
        }
        if kind == Some(MeteringPointType::ElectricalHeating) {
            broken.push(Rule::HeatingIsNotChangedHere);
        }
    }
    if !matches!(record.connection_state.as_deref().map(str::trim), Some("D03" | "E22")) {
        broken.push(Rule::StateMustBeNewOrConnected);
    }
    let exchanged = record.from_grid_area.is_some() || record.to_grid_area.is_some();
    if kind == Some(MeteringPointType::ExchangeReactiveEnergy) && exchanged {
        broken.push(Rule::ReactiveExchangeHasNoGridAreas);
    }
    held(broken)?;
    Ok((kind.expect("its type is known"), effective.expect("its day is known")))
}

/// 8.2, up to the master data: the first that does not hold is told.
fn create_standing(work: &Work, case: &Case, grid_area: &str, effective: Timestamp) -> Result<(), Vec<Rule>> {
    let market = work.context.market;
    let ask = |holds: bool, rule: Rule| if holds { Ok(()) } else { Err(vec![rule]) };
    ask(work.site(&case.id).master.is_none(), Rule::MeteringPointIsNew)?;
    let area = metering_points::grid_area(work.facts, grid_area).ok_or(vec![Rule::UnknownGridArea])?;
    ask(!case.is_stranger, Rule::NoDelegation)?;
    let known = participants::is_live(work.facts, work.context.pack(), &case.sender);
    ask(known, Rule::SenderMustBeRegistered)?;
    ask(area.owner.as_ref() == Some(&case.sender.number), Rule::SenderMustOperateGridArea)?;
    let settings = &market.dk().metering_points;
    let (before, after) = (settings.create_days_before, settings.create_days_after);
    let within = standing::is_within(effective, work.now(), before, after, market);
    ask(within, Rule::EffectiveDateOutsideWindow)
}

/// In which state it begins: as new, whatever is asked for; in the strict profile what belongs to a group may be born connected.
fn born(case: &Case, kind: MeteringPointType, profile: Profile) -> ConnectionState {
    use MeteringPointType::{NetConsumption, SurplusProductionGroup};
    let asked = case.record.connection_state.as_deref().map(str::trim) == Some("E22");
    let may = profile == Profile::Strict && matches!(kind, SurplusProductionGroup | NetConsumption);
    if asked && may { ConnectionState::Connected } else { ConnectionState::New }
}

/// What the strict profile finds wrong with what is said of a production obligation; an update leaves it to the system operator.
fn obligation_said(case: &Case, kind: MeteringPointType, step: Step, profile: Profile) -> Option<Rule> {
    let is_said = !is_blank(&case.record.production_obligation);
    let is_production = kind == MeteringPointType::Production;
    let broken = match (is_production, is_said) {
        (true, false) if step == Step::Create => Some(Rule::ProductionObligationIsRequired),
        (false, true) => Some(Rule::ProductionObligationNotAllowed),
        _ => None,
    };
    broken.filter(|_| profile == Profile::Strict)
}

/// What a child that is updated is asked about its parent, if it has one: P7, and what the strict profile asks.
pub fn suits_parent(work: &Work, kind: MeteringPointType, master: &MasterData, at: Timestamp) -> Vec<Rule> {
    let Some(parent) = master.parent_id() else { return Vec::new() };
    let mut broken = own_production(work, kind, master, parent, at);
    if kind == MeteringPointType::ExchangeReactiveEnergy
        && let Some(parent) = &work.site(parent).master
        && parent.at(at).master.read_cycle != master.read_cycle
    {
        broken.push(Rule::ReadCycleMustEqualParents);
    }
    broken
}

/// What the strict profile asks of own production as a child.
fn own_production(
    work: &Work,
    kind: MeteringPointType,
    master: &MasterData,
    parent: &MeteringPointId,
    at: Timestamp,
) -> Vec<Rule> {
    let strict = work.context.market.dk().metering_points.profile == Profile::Strict;
    let parent = work.site(parent).master.as_ref().filter(|_| strict);
    let suits = parent.is_none_or(|it| parents::own_production_suits(kind, master, &it.at(at).master));
    if suits { Vec::new() } else { vec![Rule::OwnProductionMustSuitParent] }
}

/// The parent that is to be had.
fn parent_named(case: &Case) -> Option<MeteringPointId> {
    case.record.parent.as_ref().filter(|it| is_gsrn(it.trimmed())).map(|it| it.metering_point())
}

/// Whether the parent is taken away.
fn is_decoupled(case: &Case) -> bool {
    case.record.parent.as_ref().is_some_and(|it| it.is_blank())
}

/// A parent that there is, with its type.
fn relative(work: &Work, parent: MeteringPointId) -> Relative {
    let kind = standing::point(work, &parent).kind;
    (parent, Some(kind))
}

pub fn held(broken: Vec<Rule>) -> Result<(), Vec<Rule>> {
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

pub fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}

fn is_blank(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(|text| text.trim().is_empty())
}

const GRID_AREA_CHARACTERS: usize = 3;
