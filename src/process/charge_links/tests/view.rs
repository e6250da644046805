//! What may be seen of links: charges 10.5.

use super::super::view;
use super::*;
use crate::process::gather_more;

fn shown(world: &World, point: &str) -> Option<Vec<view::LinkRow>> {
    let point = MeteringPointId::new(point);
    let more = |facts: &Facts| view::links_needs_more(&point, facts);
    let Ok(facts) = gather_more(view::links_needs(&point), more, |needs| world.load(needs));
    view::links(&facts, &point, world.now)
}

#[test]
fn a_metering_point_is_shown_with_what_it_pays() {
    let mut world = World::new();
    world.send(&request(vec![
        of("NET", ChargeType::Tariff, GRID, link("01-09", "inf", 1)),
        link("01-07", "01-09", 1),
        link("01-10", "inf", 2),
        of("FEE", ChargeType::Fee, GRID, link("01-09", "02-09", 3)),
        of("ENDS", ChargeType::Subscription, GRID, link("01-09", "01-12", 1)),
    ]));
    let rows = shown(&world, POINT).unwrap();
    let brief: Vec<String> = rows
        .iter()
        .map(|it| {
            format!("{} {} {} {:?}", it.charge_type, it.charge_id, it.factor, it.end.as_deref().map(|it| &it[..10]))
        })
        .collect();
    let expected = [
        "D01 ENDS 1 Some(\"2023-11-30\")",
        "D01 SUB 2 None",
        "D01 SUB 1 Some(\"2023-08-31\")",
        "D02 FEE 3 Some(\"2023-09-01\")",
        "D03 NET 1 None",
    ];
    assert_eq!(brief, expected);
    assert_eq!((rows[0].name.as_str(), rows[0].tax, rows[0].owner.as_str()), ("A", false, GRID));
    // Long after its stop a charge still has a name.
    world.now = at("2030-01-01T00:00:00Z");
    assert_eq!(shown(&world, POINT).unwrap()[0].name, "A");
}

#[test]
fn an_unknown_metering_point_is_not_one_without_links() {
    let mut world = World::new();
    assert_eq!((shown(&world, "0"), shown(&world, POINT)), (None, Some(vec![])));
    world.point("571313110000000012", "E18", "131");
    assert_eq!(shown(&world, "571313110000000012"), Some(vec![]));
}
