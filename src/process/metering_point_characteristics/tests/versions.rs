//! What is so on one day and not on another: changes that are announced, changes of the past, and what is told of each day.

use super::*;
use crate::process::market_documents::requests::{MasterDataQuery, RequestAccountingPointCharacteristics};

pub const MAY: &str = "2023-04-30T22:00:00Z";
pub const APRIL_5: &str = "2023-04-04T22:00:00Z";
pub const FEBRUARY: &str = "2023-01-31T23:00:00Z";
pub const MID_FEBRUARY: &str = "2023-02-14T23:00:00Z";

/// Everything may be announced a year ahead.
pub fn house() -> House {
    let mut house = House::opened();
    let settings = &mut house.market.dk_mut().metering_points;
    (settings.update_days_after, settings.connect_days_after, settings.connection_state_days_after) = (365, 365, 365);
    house
}

/// Who measures, and who is settled how: `meter settlement` of an update from a day on.
pub fn update(start: &str, meter: Option<&str>, settlement: Option<&str>) -> Characteristics {
    Characteristics {
        meter: meter.map(str::to_string),
        settlement_method: settlement.map(str::to_string),
        ..bare(POINT, start)
    }
}

fn query(number: u8, start: Option<&str>) -> RequestAccountingPointCharacteristics {
    let transaction_id = format!("q{number}");
    let record = MasterDataQuery {
        metering_point: id(POINT),
        start: start.map(str::to_string),
        transaction_id: transaction_id.clone(),
        ..MasterDataQuery::default()
    };
    let header = header(A, "E0G", "D18", &format!("m-{transaction_id}"));
    Sent { header, reason_code: None, records: vec![record] }
}

/// `day meter settlement` of every record about the metering point that has gone out since the last call.
fn told(house: &mut House) -> Vec<String> {
    let sent = std::mem::take(&mut house.sent);
    let letters = sent.iter().filter(|it| it.kind.name == "AccountingPointCharacteristics");
    let records = letters.flat_map(|letter| {
        letter.records.iter().map(|record| {
            let mut one = letter.clone();
            one.records = vec![record.clone()].into();
            one
        })
    });
    let said = |letter: &crate::document::Outgoing, name| value(letter, name).unwrap_or_default();
    records
        .map(|it| {
            let day = said(&it, "validityStart_DateAndOrTime.dateTime");
            format!("{day} {} {}", said(&it, "meter.mRID"), said(&it, "settlementMethod"))
        })
        .collect()
}

#[test]
fn what_is_announced_is_told_of_its_day_and_not_before() {
    let mut house = house();
    assert_eq!(send(&mut house, "E32", update(TODAY, Some("1"), Some("D01"))), Vec::<&str>::new());
    house.sent.clear();
    assert_eq!(send(&mut house, "E32", update(APRIL, Some("2"), Some("E02"))), Vec::<&str>::new());
    assert_eq!(told(&mut house), [format!("{APRIL} 2 E02")], "the supplier hears of it, with the day");
    assert_eq!(current(&house, POINT).master.meter.as_deref(), Some("1"));
    house.send(&query(1, None));
    assert_eq!(told(&mut house), [format!("{TODAY} 1 D01")]);
    house.send(&query(2, Some(MAY)));
    assert_eq!(told(&mut house), [format!("{MAY} 2 E02")]);
    house.send(&query(3, Some(TODAY)));
    assert_eq!(told(&mut house), [format!("{TODAY} 1 D01"), format!("{APRIL} 2 E02")]);
    // Whoever takes over is told what it will find.
    assert_eq!(broken(&house.send(&request(B, "E03", "c1", "2023-03-30T22:00:00Z"))), Vec::<&str>::new());
    assert_eq!(told(&mut house), ["2023-03-30T22:00:00Z 1 D01"]);
    assert_eq!(broken(&house.send(&request(C, "E03", "c2", MAY))), Vec::<&str>::new());
    assert_eq!(told(&mut house), [format!("{MAY} 2 E02")]);
    house.pass(at(APRIL));
    assert_eq!(current(&house, POINT).master.meter.as_deref(), Some("2"), "its day has come");
}

#[test]
fn a_change_of_the_past_leaves_what_was_changed_since() {
    let mut house = house();
    assert_eq!(send(&mut house, "E67", update(MID_FEBRUARY, Some("2"), None)), Vec::<&str>::new());
    assert_eq!(send(&mut house, "E32", update(FEBRUARY, Some("1"), Some("E02"))), Vec::<&str>::new());
    let point = known(&house, POINT).unwrap();
    let meter = |day| point.at(at(day)).master.meter.clone();
    assert_eq!(
        [meter("2023-01-31T22:59:59Z"), meter(FEBRUARY), meter(MID_FEBRUARY)].map(Option::unwrap_or_default),
        ["", "1", "2"]
    );
    let settled = point.at(at(TODAY)).master.settlement_method;
    assert_eq!(settled, Some(crate::market::SettlementMethod::NonProfiled), "nobody has said otherwise since");
    assert_eq!(point.at(at("2023-01-31T22:59:59Z")).master.settlement_method, None);
}

#[test]
fn states_follow_each_other_in_the_order_of_their_days() {
    let mut house = house();
    house.point(POINT, "E17", "New");
    assert_eq!(send(&mut house, "E67", update(MID_FEBRUARY, Some("2"), None)), Vec::<&str>::new());
    assert_eq!(send(&mut house, "D15", bare(POINT, FEBRUARY)), Vec::<&str>::new());
    assert_eq!(state(&house, POINT), ConnectionState::Connected, "a meter that was placed since does not make it new");
    assert_eq!(
        send(&mut house, "E79", Characteristics { start: APRIL.into(), ..to_state(POINT, "E23") }),
        Vec::<&str>::new()
    );
    assert_eq!(state(&house, POINT), ConnectionState::Connected);
    // It is to be disconnected in April already.
    assert_eq!(send(&mut house, "E79", to_state(POINT, "E23")), ["StateDoesNotFit"]);
    assert_eq!(
        send(&mut house, "E79", Characteristics { start: MAY.into(), ..to_state(POINT, "E23") }),
        ["StateDoesNotFit"]
    );
    assert_eq!(
        send(&mut house, "E79", Characteristics { start: MAY.into(), ..to_state(POINT, "E22") }),
        Vec::<&str>::new()
    );
    house.pass(at(APRIL));
    assert_eq!(state(&house, POINT), ConnectionState::Disconnected);
    house.pass(at(MAY));
    assert_eq!((state(&house, POINT), current(&house, POINT).state_since), (ConnectionState::Connected, at(MAY)));
}

#[test]
fn nobody_takes_over_what_is_to_be_closed_down() {
    let mut house = house();
    house.point(OTHER, "E17", "Connected");
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), Vec::<&str>::new());
    let mut moves = move_in(B, "m1", "2023-03-09T23:00:00Z");
    moves.records[0].metering_point = id(OTHER);
    assert_eq!(broken(&house.send(&moves)), ["CannotBeInStateOfClosedDown"]);
    assert_eq!(send(&mut house, "D14", bare(OTHER, MAY)), ["ClosedDown"], "it will be");
    assert_eq!(
        send(&mut house, "E32", Characteristics { meter: Some("7".into()), ..bare(OTHER, TODAY) }),
        Vec::<&str>::new()
    );
    assert_eq!(
        send(&mut house, "E32", Characteristics { meter: Some("8".into()), ..bare(OTHER, MAY) }),
        ["ClosedDown"]
    );
    let until = |house: &House| known(house, OTHER).unwrap().at(at("2023-03-31T21:59:59Z")).state;
    assert_eq!(until(&house), ConnectionState::Connected);
    house.pass(at(APRIL));
    assert_eq!((until(&house), state(&house, OTHER)), (ConnectionState::Connected, ConnectionState::ClosedDown));
    assert_eq!(house.told("MeteringPointClosed").len(), 1);
}

#[test]
fn a_child_has_its_parent_from_a_day_on() {
    let mut house = house();
    assert_eq!(send(&mut house, "E02", consumption()), Vec::<&str>::new());
    let mut child = of_type("D06");
    child.metering_point = id(OTHER);
    assert_eq!(send(&mut house, "E02", child), Vec::<&str>::new());
    let mut coupled = bare(OTHER, APRIL);
    coupled.parent = Some(id(NEW));
    assert_eq!(send(&mut house, "E32", coupled), Vec::<&str>::new());
    let family = |house: &House, day| {
        let children = known(house, NEW).unwrap().at(at(day)).master.children.len();
        (known(house, OTHER).unwrap().at(at(day)).master.parent.is_some(), children)
    };
    assert_eq!((family(&house, TODAY), family(&house, APRIL)), ((false, 0), (true, 1)));
    assert_eq!(send(&mut house, "D14", bare(NEW, TODAY)), ["ChildrenAreOpen"], "it is to have one");
    let mut alone = bare(OTHER, MAY);
    alone.parent = Some(id(""));
    assert_eq!(send(&mut house, "E32", alone), Vec::<&str>::new());
    assert_eq!((family(&house, APRIL), family(&house, MAY)), ((true, 1), (false, 0)));
    let mut closed = consumption();
    closed.metering_point = id("571313100000001093");
    closed.transaction_id = "t3".into();
    assert_eq!(send(&mut house, "E02", closed), Vec::<&str>::new());
    assert_eq!(send(&mut house, "D14", bare("571313100000001093", MAY)), Vec::<&str>::new());
    let mut too_late = bare(OTHER, MAY);
    too_late.parent = Some(id("571313100000001093"));
    assert_eq!(send(&mut house, "E32", too_late), ["ParentIsClosedDown"]);
}

/// A parent besides [`NEW`].
const SECOND: &str = "571313100000001093";

/// Two parents and a child of neither.
fn family() -> House {
    let mut house = house();
    let mut second = consumption();
    (second.metering_point, second.transaction_id) = (id(SECOND), "t2".into());
    let mut child = of_type("D06");
    (child.metering_point, child.transaction_id) = (id(OTHER), "t3".into());
    for record in [consumption(), second, child] {
        assert_eq!(send(&mut house, "E02", record), Vec::<&str>::new());
    }
    house
}

/// That the child belongs to this parent from a day on, or to nobody.
fn belongs(house: &mut House, parent: &str, start: &str) -> Vec<&'static str> {
    send(house, "E32", Characteristics { parent: Some(id(parent)), ..bare(OTHER, start) })
}

/// Whose the child is on a day, after having seen that the parents say the same.
fn parent(house: &House, day: &str) -> String {
    let parent = known(house, OTHER).unwrap().at(at(day)).master.parent_id().map(ToString::to_string);
    for id in [NEW, SECOND] {
        let listed = known(house, id).unwrap().at(at(day)).master.children.iter().any(|(it, _)| it.as_str() == OTHER);
        assert_eq!(listed, parent.as_deref() == Some(id), "{id} on {day}");
    }
    parent.unwrap_or_default()
}

#[test]
fn a_child_that_is_coupled_for_later_belongs_to_one_parent_until_then_and_to_the_other_from_then_on() {
    let mut house = family();
    assert_eq!(belongs(&mut house, NEW, MAY), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, SECOND, TODAY), Vec::<&str>::new());
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [SECOND, SECOND, NEW]);
    assert_eq!(send(&mut house, "D14", bare(SECOND, TODAY)), ["ChildrenAreOpen"]);
    assert_eq!(send(&mut house, "D14", bare(SECOND, MAY)), Vec::<&str>::new(), "it has no child from then on");
    assert_eq!(belongs(&mut house, "", APRIL), Vec::<&str>::new());
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [SECOND, "", NEW]);
}

#[test]
fn what_was_announced_of_a_parent_stays() {
    let mut house = family();
    assert_eq!(belongs(&mut house, NEW, TODAY), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, "", MAY), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, NEW, APRIL), Vec::<&str>::new(), "it is so already");
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [NEW, NEW, ""]);
    assert_eq!(house.told("CoupledToParent").len(), 1);
    assert_eq!(belongs(&mut house, SECOND, APRIL), Vec::<&str>::new());
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [NEW, SECOND, ""]);
}

#[test]
fn nobody_belongs_to_what_is_not_there_yet() {
    let mut house = family();
    let third = "571313180400014602";
    let begins = Characteristics {
        metering_point: id(third),
        transaction_id: "t4".into(),
        start: APRIL.into(),
        ..consumption()
    };
    assert_eq!(send(&mut house, "E02", begins), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, third, TODAY), ["UnknownParent"]);
    assert_eq!(belongs(&mut house, third, APRIL), Vec::<&str>::new());
}

#[test]
fn what_is_to_be_closed_down_is_nobodys_child_from_that_day_on() {
    let mut house = family();
    assert_eq!(belongs(&mut house, NEW, TODAY), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, SECOND, MAY), Vec::<&str>::new());
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), Vec::<&str>::new());
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [NEW, "", ""]);
    assert_eq!(send(&mut house, "D14", bare(NEW, APRIL)), Vec::<&str>::new(), "both on one day");
    assert_eq!(belongs(&mut house, SECOND, TODAY), Vec::<&str>::new());
    assert_eq!([TODAY, APRIL, MAY].map(|day| parent(&house, day)), [SECOND, "", ""]);
    house.pass(at(APRIL));
    assert_eq!(house.told("MeteringPointClosed").len(), 2);
    assert_eq!([state(&house, NEW), state(&house, OTHER)], [ConnectionState::ClosedDown; 2]);
}

/// A closing-down that was accepted before there were versions has left nothing but its timer.
#[test]
fn a_closing_down_of_an_older_store_happens_on_its_day() {
    let mut house = house();
    house.point(OTHER, "E17", "Connected");
    let before = house.store.records.clone();
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), Vec::<&str>::new());
    let of_points = [crate::record::Space(44), crate::record::Space(49)];
    house.store.records.retain(|key, _| !of_points.contains(&key.space()));
    house.store.records.extend(before.into_iter().filter(|(key, _)| of_points.contains(&key.space())));
    assert_eq!(known(&house, OTHER).unwrap().at(at(APRIL)).state, ConnectionState::Connected);
    house.pass(at(APRIL));
    assert_eq!(state(&house, OTHER), ConnectionState::ClosedDown);
    assert_eq!(house.told("MeteringPointClosed").len(), 1);
}
