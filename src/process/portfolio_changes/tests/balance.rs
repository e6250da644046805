//! Another balance responsible party for all that a supplier supplies in a grid area.

use super::*;
use crate::process::change_of_supplier::tests::{BALANCE, OTHER_BALANCE, broken, id as number, request};

fn balance(point_type: &str, responsible: &str, date: &str) -> OrderTable {
    OrderTable::ChangeBalanceResponsible {
        supplier: A.into(),
        grid_area: "131".into(),
        point_type: point_type.into(),
        balance_responsible: responsible.into(),
        date: date.into(),
    }
}

fn responsible(house: &House, point: &str, instant: &str) -> Option<String> {
    let supplier = crate::market::ActorNumber::new(A);
    house.accounting_point(point).balance_at(&supplier, at(instant)).map(|it| it.responsible.to_string())
}

const PRODUCTION: &str = "571313100000001024";

#[test]
fn it_becomes_responsible_for_each_accounting_point_of_the_type() {
    let mut house = House::opened();
    house.point(PRODUCTION, "E18", "Connected");
    house.supply(PRODUCTION, A);
    let id = order(&mut house, &balance("Consumption", BALANCE, APRIL)).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    assert_eq!(outcome(&house, &id, PRODUCTION), None, "it produces");
    assert_eq!(house.post(), Vec::<String>::new(), "nobody has asked, so nobody is answered");
    house.pass(at(APRIL));
    assert_eq!(responsible(&house, POINT, APRIL).as_deref(), Some(BALANCE));
    assert_eq!(responsible(&house, PRODUCTION, APRIL), None);
    let told: Vec<&str> = house.events.iter().map(|it| it.name).collect();
    assert_eq!(told, ["FutureBalanceResponsibleChangeRegistered", "BalanceResponsibleChanged"]);
    let id = order(&mut house, &balance("production", OTHER_BALANCE, "2023-04-30T22:00:00Z")).unwrap();
    assert_eq!(outcome(&house, &id, PRODUCTION).unwrap().kind.name(), "done");
    assert_eq!(house.first_timer().map(|it| it.due), Some(at("2023-04-30T22:00:00Z")));
}

#[test]
fn the_supplier_is_sent_the_metering_point_where_the_settings_say_so() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.balance_responsible.send_master_data = true;
    order(&mut house, &balance("Consumption", BALANCE, APRIL)).unwrap();
    house.pass(at(APRIL));
    assert_eq!(house.post(), [format!("AccountingPointCharacteristics E56 {A}/DDQ")]);
}

#[test]
fn each_accounting_point_is_held_to_the_rules_of_a_request() {
    let mut house = House::opened();
    house.send(&request(A, "E56", "t1", APRIL));
    house.post();
    let id = order(&mut house, &balance("Consumption", OTHER_BALANCE, APRIL)).unwrap();
    assert_eq!(what_became(&house, &id), "skipped ChangeOfBalanceResponsibleOnSameDate");
    let id = order(&mut house, &balance("Consumption", BALANCE, "2023-04-30T22:00:00Z")).unwrap();
    assert_eq!(what_became(&house, &id), "skipped BalanceResponsibleIsCurrent");
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", "2023-03-14T23:00:00Z"));
    let id = order(&mut house, &balance("Consumption", BALANCE, APRIL)).unwrap();
    assert_eq!(what_became(&house, &id), "skipped SenderMustBeCurrentSupplier");
}

#[test]
fn a_request_for_one_accounting_point_is_held_to_the_party_of_the_area_where_the_settings_say_so() {
    let ask = |house: &mut House, transaction: &str, party: &str, day: &str| {
        let mut request = request(A, "E56", transaction, day);
        request.records[0].balance_responsible = Some(number(party));
        broken(&house.send(&request))
    };
    let mut house = House::opened();
    house.market.dk_mut().market_roles.balance_responsible.consumption_per_grid_area = true;
    let may = "2023-04-30T22:00:00Z";
    assert_eq!(ask(&mut house, "t0", OTHER_BALANCE, "2023-03-14T23:00:00Z"), [""; 0], "nobody has named one yet");
    order(&mut house, &balance("Consumption", BALANCE, APRIL)).unwrap();
    assert_eq!(ask(&mut house, "t1", OTHER_BALANCE, "2023-03-20T23:00:00Z"), ["BalanceResponsibleIsCurrent"]);
    assert_eq!(ask(&mut house, "t2", OTHER_BALANCE, may), ["BalanceResponsiblePerGridArea"]);
    house.market.dk_mut().market_roles.balance_responsible.consumption_per_grid_area = false;
    assert_eq!(ask(&mut house, "t3", OTHER_BALANCE, may), [""; 0]);
}
