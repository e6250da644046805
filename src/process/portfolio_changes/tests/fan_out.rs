//! Many accounting points: pages, crashes between them, jobs that come twice, and stores that are older than the notes.

use super::*;
use crate::process::portfolio_changes::fan_out::PAGE_POINTS;
use crate::record::Space;

/// Numbers of accounting points that A supplies besides [`POINT`].
fn many(house: &mut House, count: usize) -> Vec<String> {
    let numbers: Vec<String> = (0..count).map(|number| format!("5713131000002{number:05}")).collect();
    for number in &numbers {
        house.point(number, "E17", "Connected");
        house.supply(number, A);
    }
    numbers
}

fn all_supplied_by(house: &House, numbers: &[String], supplier: &str) -> bool {
    let by = |number: &String| house.accounting_point(number).supplier_at(at(APRIL)).map(|it| it.to_string());
    numbers.iter().all(|number| by(number).as_deref() == Some(supplier))
}

#[test]
fn a_portfolio_is_gone_through_page_by_page_and_each_page_may_be_made_again() {
    let mut house = House::opened();
    let numbers = many(&mut house, PAGE_POINTS + 10);
    house.point("571313100000300000", "E17", "Connected");
    house.supply("571313100000300000", C);
    let id = give_only(&mut house, &takeover()).unwrap();
    let mut pages = 0;
    while let Some(page) = next_page(&house) {
        assert_eq!(next_page(&house), Some(page.clone()), "a page that was not committed comes out the same");
        assert!(page.changes.len() <= 4 * PAGE_POINTS + 2, "{} changes", page.changes.len());
        house.store.commit(&page.changes);
        pages += 1;
    }
    assert_eq!(pages, 4, "two that note who supplies what, two of jobs");
    house.pass(house.now);
    let results = record::results(&id, None);
    assert_eq!(house.store.records.range(results.from..results.to).count(), numbers.len() + 1);
    assert_eq!(house.told("FutureEnergySupplierChangeRegistered").len(), numbers.len() + 1);
    house.pass(at(APRIL));
    assert!(all_supplied_by(&house, &numbers, B));
    assert!(all_supplied_by(&house, &["571313100000300000".to_string()], C));
    let messages: std::collections::BTreeSet<&str> = house.sent.iter().map(|it| &*it.message_id).collect();
    assert_eq!(messages.len(), house.sent.len(), "no message id is given twice");
}

#[test]
fn an_order_is_only_about_what_its_supplier_supplies() {
    let mut house = House::opened();
    let numbers = many(&mut house, 3);
    order(&mut house, &takeover()).unwrap();
    house.pass(at(APRIL));
    // A has nothing left, and nothing is gone through for it.
    let id = order(&mut house, &on("2023-05-31T22:00:00Z", takeover())).unwrap();
    let results = record::results(&id, None);
    assert_eq!(house.store.records.range(results.from..results.to).count(), 0);
    let back = order(&mut house, &on("2023-06-30T22:00:00Z", forced("E06", B, A))).unwrap();
    let results = record::results(&back, None);
    assert_eq!(house.store.records.range(results.from..results.to).count(), numbers.len() + 1);
}

#[test]
fn a_job_that_is_done_is_not_done_again() {
    let mut house = House::opened();
    let id = give_only(&mut house, &takeover()).unwrap();
    go_through(&mut house);
    let timer = house.first_timer().expect("a job waits");
    house.pass(house.now);
    house.post();
    house.store.commit(&timer.set_because(timer.set_by));
    house.pass(house.now);
    assert_eq!((house.post(), what_became(&house, &id).as_str()), (vec![], "done"));
}

#[test]
fn a_store_that_is_older_than_the_notes_is_gone_through_once() {
    let mut house = House::opened();
    let numbers = many(&mut house, 5);
    let noted = |house: &House| house.store.records.keys().filter(|key| key.space() == Space(67)).count();
    let before = noted(&house);
    house.store.records.retain(|key, _| key.space() != Space(67));
    order(&mut house, &takeover()).unwrap();
    house.pass(at(APRIL));
    assert!(all_supplied_by(&house, &numbers, B));
    assert_eq!(noted(&house), before + 1, "what A supplied is B's, and a mark");
    give_only(&mut house, &on("2023-05-31T22:00:00Z", forced("E06", B, A))).unwrap();
    assert_eq!(go_through(&mut house), 1);
}

#[test]
fn a_grid_area_is_looked_for_at_the_metering_point() {
    use crate::process::metering_points::{GridAreaTable, MeteringPointTable};
    let mut house = House::opened();
    let elsewhere = "571313100000300000";
    house.store.commit(&GridAreaTable { code: "151".into(), owner: None }.changes());
    let table = MeteringPointTable {
        number: elsewhere.into(),
        kind: "E17".into(),
        grid_area: "151".into(),
        status: "Connected".into(),
        effective_date: "2020-12-31T23:00:00Z".into(),
        production_obligated: true,
    };
    house.store.commit(&table.changes().unwrap());
    house.supply(elsewhere, A);
    let OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, metering_points, .. } = takeover()
    else {
        panic!("it is one")
    };
    let grid_areas = Some(vec!["151".to_string()]);
    let table = OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, grid_areas, metering_points };
    let id = order(&mut house, &table).unwrap();
    assert_eq!(outcome(&house, &id, elsewhere).unwrap().kind.name(), "done");
    assert_eq!(outcome(&house, &id, POINT), None);
    let post = house.post();
    assert_eq!(
        post.len(),
        4,
        "nobody runs the grid: two notices, the metering point, and that nobody consumes: {post:?}"
    );
}
