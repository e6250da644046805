//! Prices: charges 5.1, 5.4, 5.5 and 5.6, and what a stop does to them (4.3).

use super::*;

/// Name, life of the charge, stored series, new series, rules broken, prices after.
///
/// A series is `start end price price...`, monthly, in local dates of 2023 and 2024; several are separated by `;`.
/// Prices after are `start end price`, which is where a point's own end shows.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], &'static str);

const LIFE: &str = "01-10 inf";
const OCT: &str = "01-10 01-11 1";
const OCT_NOV: &str = "01-10 01-11 1; 01-11 01-12 2";

const MONTHLY: &[Row] = &[
    ("P1", "01-01 inf", "", "01-10 01-12 5 6", &[], "01-10 01-11 5; 01-11 01-12 6"),
    ("P2", "01-01 inf", "01-10 01-12 1 2", "01-10 01-12 5 6", &[], "01-10 01-11 5; 01-11 01-12 6"),
    ("P3", "01-01 inf", "01-09 01-12 1 2 3", "01-09 01-11 5 6", &[], "01-09 01-10 5; 01-10 01-11 6; 01-11 01-12 3"),
    ("P4", "01-01 inf", "01-09 01-11 1 2", "01-09 01-12 5 6 7", &[], "01-09 01-10 5; 01-10 01-11 6; 01-11 01-12 7"),
    ("P5", "01-01 inf", "01-11 01-12 3", "01-09 01-11 5 6", &[], "01-09 01-10 5; 01-10 01-11 6; 01-11 01-12 3"),
    ("P6", "01-01 inf", "01-09 01-11 1 2", "01-11 01-12 7", &[], "01-09 01-10 1; 01-10 01-11 2; 01-11 01-12 7"),
    ("P7", "01-01 inf", "01-09 01-11 1 2", "01-10 01-12 5 6", &[], "01-09 01-10 1; 01-10 01-11 5; 01-11 01-12 6"),
    ("a gap", "01-01 inf", "01-02 01-03 1", "01-10 01-11 5", &[], "01-02 01-03 1; 01-10 01-11 5"),
    ("I1", LIFE, OCT_NOV, "15-10 01-11 3", &[], "01-10 15-10 1; 15-10 01-11 3; 01-11 01-12 2"),
    ("I2", LIFE, OCT_NOV, "01-10 20-10 3", &["VR.923"], OCT_NOV),
    ("I3", LIFE, OCT_NOV, "15-10 25-10 3", &["VR.923"], OCT_NOV),
    ("I4 one price", LIFE, OCT_NOV, "15-10 15-11 3", &["VR.909"], OCT_NOV),
    ("I4 two prices", LIFE, OCT_NOV, "15-10 15-11 3 4", &["VR.923"], OCT_NOV),
    ("I5", "01-10 20-10", "", "01-10 20-10 3", &[], "01-10 20-10 3"),
    ("I6", "01-10 20-10", "01-10 20-10 1", "12-10 20-10 2", &[], "01-10 12-10 1; 12-10 20-10 2"),
    ("I7", LIFE, OCT, "12-10 01-12 2 3", &[], "01-10 12-10 1; 12-10 01-11 2; 01-11 01-12 3"),
    ("I8", "01-10 20-11", OCT, "12-10 20-11 2 3", &[], "01-10 12-10 1; 12-10 01-11 2; 01-11 20-11 3"),
    (
        "all of its life",
        "01-08 01-12",
        "",
        "01-08 01-12 1 2 3 4",
        &[],
        "01-08 01-09 1; 01-09 01-10 2; 01-10 01-11 3; 01-11 01-12 4",
    ),
    ("its beginning", "01-08 01-12", "", "01-08 01-10 1 2", &[], "01-08 01-09 1; 01-09 01-10 2"),
    ("its end", "01-08 01-12", "", "01-10 01-12 1 2", &[], "01-10 01-11 1; 01-11 01-12 2"),
    ("its middle", "01-08 01-12", "", "01-09 01-11 1 2", &[], "01-09 01-10 1; 01-10 01-11 2"),
    ("begins before it", "01-08 01-12", "", "01-07 01-09 1 2", &["CH.05"], ""),
    ("ends after it", "01-08 01-12", "", "01-11 2024-01-01 1 2", &["CH.05"], ""),
    ("both", "01-11 01-12", "", "01-10 2024-01-01 1 2 3", &["CH.05"], ""),
    ("wholly before it", "01-08 01-12", "", "01-06 01-07 1", &["CH.05"], ""),
    ("wholly after it", "01-08 01-12", "", "01-12 2024-01-01 1", &["CH.05"], ""),
];

fn check((name, life, stored, new, rules, after): &Row) {
    let mut world = World::new();
    let (start, stop) = life.split_once(' ').unwrap();
    seed(&mut world, Resolution::Month, local(start));
    if stop != "inf" {
        let mut stopping = fee();
        stopping.effective = Some(local(stop));
        asked(&mut stopping).termination = Some(local(stop));
        world.send(&request(vec![stopping]));
    }
    for series in stored.split("; ").filter(|series| !series.is_empty()) {
        assert_eq!(broken(&world.send(&request(vec![monthly(series)]))), [ACCEPTED], "{name}: stored");
    }
    let decision = world.send(&request(vec![monthly(new)]));
    assert_eq!(broken(&decision), [*rules], "{name}");
    assert_eq!(shown(&world, &fee().identity().unwrap()), *after, "{name}");
}

#[test]
fn every_series_leaves_what_the_table_says() {
    MONTHLY.iter().for_each(check);
}

#[test]
fn p8_prices_in_the_middle_of_others_replace_just_these() {
    let mut world = World::new();
    seed(&mut world, Resolution::Day, local("01-01"));
    let days = |start, end, amounts| prices(Resolution::Day, local(start), local(end), amounts);
    world.send(&request(vec![days("01-10", "06-10", &["0", "1", "2", "3", "4"])]));
    world.send(&request(vec![days("03-10", "05-10", &["7", "8"])]));
    let expected = "01-10 02-10 0; 02-10 03-10 1; 03-10 04-10 7; 04-10 05-10 8; 05-10 06-10 4";
    assert_eq!(shown(&world, &identity()), expected);
}

#[test]
fn the_last_series_of_a_document_wins_whatever_its_dates() {
    let mut world = World::new();
    seed(&mut world, Resolution::Day, local("01-01"));
    let days = |id: &str, start, end, amounts| Operation {
        transaction_id: id.into(),
        ..prices(Resolution::Day, local(start), local(end), amounts)
    };
    let operations = vec![days("t-1", "03-10", "05-10", &["1", "2"]), days("t-2", "01-10", "04-10", &["3", "4", "5"])];
    world.send(&request(operations));
    assert_eq!(shown(&world, &identity()), "01-10 02-10 3; 02-10 03-10 4; 03-10 04-10 5; 04-10 05-10 2");
}

#[test]
fn a_stop_ends_the_price_that_runs_and_removes_those_to_come() {
    let mut world = World::new();
    seed(&mut world, Resolution::Month, local("01-01"));
    world.send(&request(vec![monthly("01-09 01-12 1 2 3")]));
    let mut stopping = fee();
    stopping.effective = Some(at("2023-10-20T08:11:12Z"));
    asked(&mut stopping).termination = stopping.effective;
    world.send(&request(vec![stopping]));
    let identity = fee().identity().unwrap();
    let left = world.prices(&identity);
    let ends: Vec<String> = left.iter().map(|point| point.period.end.to_string()).collect();
    assert_eq!(ends, ["2023-09-30T22:00:00Z", "2023-10-20T08:11:12Z"]);
    // The series is still known: who sent it, when, and what it said.
    let record::Said::Prices { points, .. } = &world.history(&identity)[0].said else { panic!("prices came first") };
    assert_eq!(points.len(), 3);
    // Taking the stop back does not bring prices back.
    let mut again = fee();
    again.effective = Some(at("2023-10-20T08:11:12Z"));
    assert_eq!(broken(&world.send(&request(vec![again]))), [ACCEPTED]);
    assert_eq!(world.prices(&identity), left);
}

#[test]
fn a_small_series_rewrites_little_of_a_long_history() {
    for (resolution, per_day) in [(Resolution::QuarterHour, 96), (Resolution::Hour, 24), (Resolution::Day, 1)] {
        let mut world = World::new();
        seed(&mut world, resolution, local("2021-09-01"));
        let days = 800;
        let start = local("2021-10-01");
        let calendar = Calendar::new(world.market.zone);
        let end = calendar.midnight_in_days(start, days);
        let count = calendar.point_count(resolution, Period::new(start, end)) as usize;
        let year = prices(resolution, start, end, &vec!["1.234567"; count]);
        world.send(&request(vec![year]));
        assert_eq!(world.prices(&identity()).len(), count);
        let parts = world.history(&identity()).len();
        assert_eq!(parts, count.div_ceil(record::HISTORY_POINTS_MAX));
        let day = prices(resolution, local("01-06"), local("02-06"), &vec!["2"; per_day]);
        let decision = world.send(&request(vec![day]));
        let bytes: usize =
            decision.changes.iter().map(|it| if let Change::Put(_, value) = it { value.len() } else { 0 }).sum();
        assert!(decision.changes.len() <= 4 && bytes < 16 * 1024, "{resolution:?}: {bytes}");
    }
}

/// Records and bytes that are looked up for one operation; a benchmark shows the time (`benches/charges.rs`).
#[test]
fn what_an_operation_looks_at_does_not_grow_with_what_is_stored() {
    let mut looked_at = Vec::new();
    for stored in [1_000, 100_000, 1_000_000] {
        let (mut world, end) = (World::new(), local("2024-01-01"));
        let start = Timestamp::from_seconds(end.seconds() - stored * 3_600);
        let mut state = ChargeState::unknown(identity());
        let data = MasterData {
            name: "A".into(),
            description: "what it is".into(),
            vat_class: VatClass::NoVat,
            transparent_invoicing: false,
        };
        state.create(start, false, Resolution::Hour, data);
        let interval = Period::new(start, end);
        let amounts = vec![price("1.234567"); stored as usize];
        let points = state::points(Calendar::new(world.market.zone), Resolution::Hour, interval, &amounts);
        state.replace_prices(interval, &points);
        world.commit(&state.changes());
        let day = prices(Resolution::Hour, local("01-12"), local("02-12"), &["2"; 24]);
        let mut later = information();
        later.effective = Some(local("01-12"));
        asked(&mut later).resolution = Some(Resolution::Hour);
        let mut row = Vec::new();
        for request in [request(vec![day]), request(vec![later])] {
            let context =
                Context { now: world.now, caller: world.caller.clone(), cause: [7; 32], market: &world.market };
            let needs = request.needs(&context);
            let keys = needs.keys().filter_map(|key| world.store.records.get(key));
            let ranges = needs.ranges().flat_map(|it| world.store.records.range(it.from.clone()..it.to.clone()));
            let sizes: Vec<usize> = keys.chain(ranges.map(|(_, entry)| entry)).map(|it| it.value.len()).collect();
            assert!(sizes.iter().sum::<usize>() < 8 * 1024, "{stored}: {sizes:?}");
            row.push(sizes.len());
            assert_eq!(broken(&world.send(&request)), [ACCEPTED]);
        }
        looked_at.push(row);
    }
    assert!(looked_at.windows(2).all(|pair| pair[0] == pair[1]), "{looked_at:?}");
}

#[test]
fn an_interval_without_end_asks_for_nothing() {
    let world = World::new();
    let context = Context { now: world.now, caller: world.caller.clone(), cause: [7; 32], market: &world.market };
    let end = at("9999-12-31T23:00:00Z");
    let needs = |operation| request(vec![operation]).needs(&context).keys().count();
    let few = prices(Resolution::QuarterHour, local("01-09"), local("02-09"), &["1"]);
    let vast = prices(Resolution::QuarterHour, local("01-09"), end, &vec!["1"; 96]);
    assert_eq!(
        (needs(few), needs(vast)),
        (4, 4),
        "the charge, the sender, the registry, whether anybody acts for another"
    );
}

fn fee() -> Operation {
    let mut fee = information();
    fee.charge_type = Some(ChargeType::Fee);
    asked(&mut fee).resolution = Some(Resolution::Month);
    fee
}

/// A charge with open end: a fee when it is monthly, else a tariff.
fn seed(world: &mut World, resolution: Resolution, start: Timestamp) {
    let mut operation = if resolution == Resolution::Month { fee() } else { information() };
    asked(&mut operation).resolution = Some(resolution);
    let mut state = ChargeState::unknown(operation.identity().unwrap());
    let data = MasterData {
        name: "A".into(),
        description: "what it is".into(),
        vat_class: VatClass::NoVat,
        transparent_invoicing: false,
    };
    state.create(start, false, resolution, data);
    world.commit(&state.changes());
    // Histories below begin with what the test sends.
    assert_eq!(world.history(&operation.identity().unwrap()), []);
}

fn monthly(series: &str) -> Operation {
    let words: Vec<&str> = series.split(' ').collect();
    Operation {
        charge_type: Some(ChargeType::Fee),
        ..prices(Resolution::Month, local(words[0]), local(words[1]), &words[2..])
    }
}

fn shown(world: &World, identity: &ChargeIdentity) -> String {
    let date = |instant: Timestamp| {
        assert!(Calendar::new(world.market.zone).is_midnight(instant), "{instant}");
        let date = Calendar::new(world.market.zone).date(instant);
        if date.format("%Y").to_string() == "2023" { date.format("%d-%m").to_string() } else { date.to_string() }
    };
    let points = world.prices(identity);
    let shown = points.iter().map(|it| format!("{} {} {}", date(it.period.start), date(it.period.end), it.price));
    shown.collect::<Vec<_>>().join("; ")
}
