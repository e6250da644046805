//! What is an order and what is not, and every rule that one may break.

use super::*;
use crate::market::ActorRole;
use crate::process::change_of_supplier::tests::{BALANCE, GRID};
use crate::process::participants::Status;

fn refused(table: &OrderTable) -> Vec<&'static str> {
    order(&mut House::opened(), table).err().unwrap_or_default()
}

fn in_areas(areas: &[&str], table: OrderTable) -> OrderTable {
    match table {
        OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, metering_points, .. } => {
            let grid_areas = Some(areas.iter().map(ToString::to_string).collect());
            OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, grid_areas, metering_points }
        }
        other => other,
    }
}

pub fn balance(supplier: &str, area: &str, responsible: &str, date: &str) -> OrderTable {
    OrderTable::ChangeBalanceResponsible {
        supplier: supplier.into(),
        grid_area: area.into(),
        point_type: "consumption".into(),
        balance_responsible: responsible.into(),
        date: date.into(),
    }
}

#[test]
fn every_rule_of_an_order_is_held_to() {
    for (table, numbers) in [
        (takeover(), &[][..]),
        (forced("D13", A, B), &[]),
        (forced("E06", "5790002263057", B), &["F01"]),
        (forced("E06", GRID, B), &["F01"]),
        (forced("E06", A, "5790002263057"), &["F02"]),
        (forced("E06", A, GRID), &["F02"]),
        (forced("E06", A, A), &["F03"]),
        (on("2023-03-31T23:00:00Z", takeover()), &["F05"]),
        (on("2023-02-28T23:00:00Z", takeover()), &["F06"]),
        (on("2023-03-01T23:00:00Z", takeover()), &[]),
        (in_areas(&["131"], takeover()), &[]),
        (in_areas(&["131", "777"], takeover()), &["F07"]),
        (forced("E06", GRID, GRID), &["F01", "F02", "F03"]),
        (balance(A, "131", BALANCE, APRIL), &[]),
        (balance(GRID, "131", BALANCE, APRIL), &["F01"]),
        (balance(A, "131", B, APRIL), &["F08"]),
        (balance(A, "777", BALANCE, APRIL), &["F07"]),
        (balance(A, "131", BALANCE, "2023-02-28T23:00:00Z"), &["F06"]),
    ] {
        assert_eq!(refused(&table), numbers, "{table:?}");
    }
}

#[test]
fn the_settings_say_how_soon_and_who_is_blocked() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.forced.min_notice_days = 31;
    assert_eq!(order(&mut house, &takeover()), Err(vec!["F06"]), "30 days from today, counted in UTC");
    house.market.dk_mut().market_roles.forced.min_notice_days = 30;
    assert!(order(&mut house, &takeover()).is_ok());
    house.market.dk_mut().market_roles.notices.blocked = vec![format!("131:{BALANCE}"), format!("131:{A}")];
    assert_eq!(order(&mut house, &balance(A, "131", BALANCE, APRIL)), Err(vec!["F09", "F09"]));
    house.market.dk_mut().market_roles.effective_date.count_in =
        crate::process::change_of_supplier::settings::CountIn::Local;
    house.market.dk_mut().market_roles.forced.min_notice_days = 0;
    assert!(order(&mut house, &on("2023-02-28T23:00:00Z", takeover())).is_ok(), "today is in time");
    assert_eq!(order(&mut house, &on("2023-02-27T23:00:00Z", takeover())), Err(vec!["F06"]));
}

#[test]
fn who_fails_takes_nothing_over_until_it_is_replaced() {
    let mut house = House::opened();
    order(&mut house, &forced("D13", B, C)).unwrap();
    assert_eq!(order(&mut house, &takeover()), Err(vec!["F04"]));
    house.pass(at(APRIL));
    // From then on the registry says whether it takes part.
    assert!(order(&mut house, &on("2023-04-30T22:00:00Z", takeover())).is_ok());
    house.store.register(B, ActorRole::EnergySupplier, Status::Inactive);
    assert_eq!(order(&mut house, &on("2023-05-31T22:00:00Z", takeover())), Err(vec!["F02"]));
    assert!(order(&mut house, &on("2023-05-31T22:00:00Z", forced("E06", B, A))).is_ok(), "who is gone may be replaced");
}

#[test]
fn what_is_written_otherwise_is_no_order() {
    let table =
        |text: &str| toml::from_str::<OrderTable>(text).map_err(|_| ()).and_then(|it| it.order().map_err(|_| ()));
    let base = "order = \"ForceSupplierChange\"\nfrom = \"1\"\n";
    let whole = "kind = \"E06\"\nto = \"2\"\ndate = \"2023-03-31T22:00:00Z\"\n";
    let read = table(&format!("{base}{whole}")).unwrap();
    assert_eq!((read.supplier().as_str(), &read.selection, read.date), ("1", &Selection::All, at(APRIL)));
    let named = table(&format!("{base}{whole}metering_points = [\"b \", \"a\", \"b\"]\n")).unwrap();
    let Selection::MeteringPoints(points) = &named.selection else { panic!("it names them") };
    assert_eq!(points.iter().map(MeteringPointId::as_str).collect::<Vec<_>>(), ["a", "b"]);
    for wrong in [
        base.to_string(),
        format!("{base}{whole}unknown = 1\n"),
        format!("{base}{}", whole.replace("E06", "E03")),
        format!("{base}{}", whole.replace("to = \"2\"\n", "")),
        format!("{base}{whole}[to_by_grid_area]\n131 = \"2\"\n"),
        format!("{base}{whole}grid_areas = [\"131\"]\nmetering_points = [\"a\"]\n"),
        format!("{base}{whole}grid_areas = []\n"),
        format!("{base}{whole}metering_points = []\n"),
        format!("{base}{whole}grid_areas = []\nmetering_points = []\n"),
        format!("{base}{}", whole.replace("2023-03-31T22:00:00Z", "soon")),
        format!("order = \"Something\"\nfrom = \"1\"\n{whole}"),
    ] {
        assert_eq!(table(&wrong), Err(()), "{wrong}");
    }
    let many = OrderTable::ForceSupplierChange {
        kind: "E06".into(),
        from: A.into(),
        to: Some(B.into()),
        to_by_grid_area: BTreeMap::new(),
        date: APRIL.into(),
        grid_areas: None,
        metering_points: Some(vec![POINT.to_string(); super::super::order::METERING_POINTS_MAX + 1]),
    };
    assert_eq!(many.order(), Err(Flaw::TooMany));
}

#[test]
fn every_rule_stands_in_the_markets_table_with_its_sentence() {
    let table = include_str!("../../../../message-specs/rules-market-roles.tsv");
    let rows: Vec<Vec<&str>> =
        table.lines().filter(|it| it.starts_with('F')).map(|it| it.split('\t').collect()).collect();
    let listed: Vec<(&str, &str, &str)> = rows.iter().map(|cells| (cells[0], cells[1], cells[8])).collect();
    let known: Vec<(&str, &str, &str)> = Rule::ALL.iter().map(|it| (it.number(), it.name(), it.text())).collect();
    assert_eq!(listed, known);
}

#[test]
fn an_order_is_read_back_as_it_was_given() {
    let by_area = OrderTable::ForceSupplierChange {
        kind: "D13".into(),
        from: A.into(),
        to: None,
        to_by_grid_area: BTreeMap::from([("131".into(), B.into()), ("151".into(), C.into())]),
        date: APRIL.into(),
        grid_areas: Some(vec!["131".into()]),
        metering_points: None,
    };
    for table in [takeover(), by_area, balance(A, "131", BALANCE, APRIL)] {
        let given = record::Given::new(&table.order().unwrap(), at("2023-03-01T09:00:00Z"));
        let Change::Put(key, value) = given.put() else { panic!("it is written") };
        let entry = crate::record::Entry { version: 1, value };
        assert_eq!(record::Given::read(&key, &entry), given);
        assert_eq!(given.id.len(), 32);
        let later = record::Given::new(&table.order().unwrap(), at("2023-03-01T09:00:01Z"));
        assert_ne!(later.id, given.id);
    }
    let progress = Progress {
        order: "o".into(),
        at: Timestamp::from_seconds(7),
        supplier: crate::market::ActorNumber::new(A),
        way: record::Way::Named,
        after: Some(MeteringPointId::new(POINT)),
        found: 9,
    };
    let Change::Put(_, value) = progress.put(record::order_key("x")) else { panic!("it is written") };
    assert_eq!(Progress::read(&crate::record::Entry { version: 1, value }), progress);
}
