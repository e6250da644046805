//! Charges from a world file.

use super::*;

pub const TABLE: &str = r#"
    id = "C-1"
    type = "D03"
    owner = "8100000000030"
    resolution = "P1D"
    stop = "2023-09-03T22:00:00Z"
    periods = [
        { start = "2022-12-31T23:00:00Z", name = "A", description = "a", vat = "D01" },
        { start = "2023-08-31T22:00:00Z", name = "B", description = "b", vat = "D02", transparent = true },
    ]
    prices = [
        { start = "2023-08-31T22:00:00Z", end = "2023-09-02T22:00:00Z", amounts = ["1.5"] },
        { start = "2023-09-02T22:00:00Z", end = "2023-09-04T22:00:00Z", amounts = ["2", "3"] },
    ]
"#;

/// A change to the table, and what is then said about it.
type Row = (fn(&mut ChargeTable), &'static str);

fn table() -> ChargeTable {
    toml::from_str(TABLE).unwrap()
}

#[test]
fn a_table_becomes_a_charge() {
    let mut world = World::new();
    world.commit(&table().changes(Calendar::new(world.market.zone)).unwrap());
    let charge = world.charge(&identity()).unwrap();
    assert_eq!((charge.life(), charge.is_stopped()), (Period::new(local("01-01"), local("04-09")), true));
    let names: Vec<String> = world.timeline(&identity()).into_iter().map(|(_, data)| data.name).collect();
    let prices: Vec<String> = world.prices(&identity()).iter().map(|it| it.price.to_string()).collect();
    assert_eq!((names.join(" "), prices.join(" ")), ("A B".into(), "1.5 1.5 2".into()));
}

#[test]
fn a_table_that_cannot_be_is_named() {
    let rows: &[Row] = &[
        (|it| it.charge_type = "D04".into(), "`D04` is no type"),
        (|it| it.resolution = "P1Y".into(), "`P1Y` is no resolution"),
        (|it| it.periods.clear(), "`[]` is no list of periods"),
        (|it| it.periods[0].start = "2023".into(), "`2023` is no start"),
        (|it| it.periods[1].vat = "D03".into(), "`D03` is no vat"),
        (|it| it.prices[0].amounts[0] = "free".into(), "`free` is no amount"),
        (|it| it.prices[1].amounts.push("4".into()), "`3` is no number of amounts"),
        (|it| it.stop = Some("2020-01-01T00:00:00Z".into()), "`2020-01-01T00:00:00Z` is no stop"),
    ];
    for (change, flaw) in rows {
        let mut table = table();
        change(&mut table);
        let found = table.changes(Calendar::new(chrono_tz::Europe::Copenhagen)).unwrap_err().to_string();
        assert!(found.starts_with("charge 8100000000030/D0") && found.ends_with(flaw), "{found}");
    }
}
