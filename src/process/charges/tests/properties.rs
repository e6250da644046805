//! The laws of charges 12, against models that are too simple to be wrong.

use proptest::prelude::*;

use super::super::view;
use super::*;

/// Days after 1 January 2023 on which something may happen in a model.
const DAYS: i32 = 40;

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Update, create or take a stop back, whichever it turns out to be.
    Inform(i32),
    Stop(i32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![3 => (0..DAYS).prop_map(Act::Inform), 2 => (0..DAYS).prop_map(Act::Stop)];
    prop::collection::vec(act, 1..25)
}

fn day(days: i32) -> Timestamp {
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(local("01-01"), days)
}

/// What is valid on each day by the letter of charges 4.1: a list of periods, cut by hand.
#[derive(Debug, Default)]
struct Timeline(Vec<(i32, i32, usize)>);

const OPEN: i32 = i32::MAX;

impl Timeline {
    /// Returns whether the act is accepted.
    fn act(&mut self, act: Act, name: usize) -> bool {
        let stop_date = self.0.iter().map(|it| it.1).max();
        match (act, stop_date) {
            (Act::Inform(start), None) => self.0.push((start, OPEN, name)),
            (Act::Stop(_), None) => return false,
            (Act::Inform(start), Some(stop)) if start > stop => return false,
            (Act::Inform(start), Some(stop)) if start == stop => {
                if self.0.last().is_some_and(|it| it.0 == it.1) {
                    self.0.pop();
                }
                self.0.push((start, OPEN, name));
            }
            (Act::Inform(start), Some(stop)) => {
                self.cut(start);
                self.0.push((start, stop, name));
            }
            (Act::Stop(on), Some(stop)) if on < self.0[0].0 || on > stop => return false,
            (Act::Stop(on), Some(stop)) if on < stop => {
                let first = self.0[0];
                self.cut(on);
                if self.0.is_empty() {
                    self.0.push((first.0, first.0, first.2));
                }
            }
            (Act::Stop(_), Some(_)) => {}
        }
        true
    }

    fn cut(&mut self, on: i32) {
        self.0.retain(|it| it.0 < on);
        if let Some(last) = self.0.last_mut() {
            last.1 = last.1.min(on);
        }
    }
}

fn operation(n: usize, act: Act) -> Operation {
    let mut operation = Operation { transaction_id: format!("t-{n}"), ..information() };
    let (Act::Inform(start) | Act::Stop(start)) = act;
    operation.effective = Some(day(start));
    let asked = asked(&mut operation);
    asked.name = Some(n.to_string());
    asked.termination = matches!(act, Act::Stop(_)).then(|| day(start));
    operation
}

fn assert_timeline(world: &World, model: &Timeline) {
    let expected: Vec<(Period, String)> = model
        .0
        .iter()
        .map(|(start, end, name)| {
            let end = if *end == OPEN { Timestamp::OPEN_END } else { day(*end) };
            (Period::new(day(*start), end), name.to_string())
        })
        .collect();
    let found: Vec<_> = world.timeline(&identity()).into_iter().map(|(period, data)| (period, data.name)).collect();
    assert_eq!(found, expected);
    let empty = found.iter().filter(|(period, _)| period.is_empty()).count();
    assert!(empty == 0 || found.len() == 1, "a period of no length is the only one");
    assert!(found.windows(2).all(|pair| pair[0].0.end == pair[1].0.start), "periods touch");
}

/// An accepted operation is told by one event, and the event says what became of the charge: where it begins, which
/// period changed up to where, or where it ends now or ended before.
fn assert_event(decision: &Decision, accepted: bool, before: &[(Period, MasterData)], world: &World) {
    assert_eq!(decision.events.len(), usize::from(accepted));
    let Some(event) = decision.events.first() else { return };
    let instant = |value: &serde_json::Value| at(value.as_str().unwrap());
    let after: Vec<Period> = world.timeline(&identity()).into_iter().map(|(period, _)| period).collect();
    let (first, last) = (after[0], after[after.len() - 1]);
    let stop_before = before.last().map(|(period, _)| period.end);
    let payload = &event.payload;
    match event.name {
        "ChargeCreated" => {
            assert_eq!((stop_before, first), (None, Period::new(instant(&payload["start"]), instant(&payload["end"]))));
        }
        "ChargePeriodUpdated" => {
            let period = &payload["period"];
            assert_eq!(last, Period::new(instant(&period["start"]), instant(&period["end"])));
            assert_eq!(stop_before, Some(last.end), "an update moves no stop");
        }
        "ChargeDiscontinued" => assert_eq!(last.end, instant(&payload["end"])),
        "ChargeDiscontinuationCancelled" => {
            assert_eq!((stop_before, last.end), (Some(instant(&payload["cancelled_end"])), Timestamp::OPEN_END));
        }
        other => panic!("{other} is no event of charge information"),
    }
}

/// Does to a copy of the prices what the events say.
fn listen(copy: &mut BTreeMap<Timestamp, Price>, decision: &Decision) {
    for event in &decision.events {
        let instant = |name: &str| at(event.payload[name].as_str().unwrap());
        match event.name {
            "ChargeDiscontinued" => copy.retain(|at, _| *at < instant("end")),
            "ChargePricesUpdated" => {
                let replaced = Period::new(instant("update_period_start"), instant("update_period_end"));
                copy.retain(|at, _| !replaced.contains(*at));
                for point in event.payload["points"].as_array().unwrap() {
                    let (units, nanos) = (point["price"]["units"].as_i64(), point["price"]["nanos"].as_i64());
                    let mantissa = units.unwrap() * 1_000_000_000 + nanos.unwrap();
                    copy.insert(at(point["time"].as_str().unwrap()), Price::from_parts(mantissa, 9).unwrap());
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Invariants 1, 2, 6 and 7, each act in a document of its own.
    #[test]
    fn a_timeline_follows_the_model(acts in acts()) {
        let (mut world, mut model) = (World::new(), Timeline::default());
        for (n, act) in acts.into_iter().enumerate() {
            let accepted = model.act(act, n);
            let before = world.timeline(&identity());
            let request = request(vec![operation(n, act)]);
            let decision = world.send(&request);
            assert_eq!(decision.fates[0].broken.is_empty(), accepted, "{act:?}");
            assert_timeline(&world, &model);
            assert_event(&decision, accepted, &before, &world);
            let facts = world.facts(&view::timeline_needs(&identity()));
            let known = world.past(&identity(), world.now).timeline();
            assert_eq!(known, view::timeline(&facts, &identity()), "history done again is the present");
            if accepted {
                let charge = world.charge(&identity()).unwrap();
                assert_eq!((charge.tax_indicator, charge.resolution), (false, Resolution::Day));
                let again = world.send(&request);
                assert_eq!(broken(&again), [ACCEPTED]);
                assert_timeline(&world, &model);
            }
        }
    }

    /// Invariant 2: whatever is asked for later, they stay as the charge was created with.
    #[test]
    fn tax_indicator_and_resolution_are_for_life(
        acts in prop::collection::vec((0..DAYS, any::<bool>(), any::<bool>(), any::<bool>()), 1..15),
    ) {
        let mut world = World::new();
        world.register(GRID, ActorRole::SystemOperator, Status::Active);
        let mut created = None;
        for (n, (start, stops, tax, by_the_hour)) in acts.into_iter().enumerate() {
            let mut operation = operation(n, if stops { Act::Stop(start) } else { Act::Inform(start) });
            let resolution = if by_the_hour { Resolution::Hour } else { Resolution::Day };
            asked(&mut operation).tax_indicator = Some(tax);
            asked(&mut operation).resolution = Some(resolution);
            let mut request = request(vec![operation]);
            request.header.sender_role = "EZ".into();
            let rules = world.send(&request).fates.remove(0).broken;
            let Some(charge) = world.charge(&identity()) else { continue };
            let (tax_of_charge, resolution_of_charge) = *created.get_or_insert((tax, resolution));
            assert_eq!((charge.tax_indicator, charge.resolution), (tax_of_charge, resolution_of_charge));
            if !stops {
                assert_eq!(rules.contains(&"VR.903"), tax != tax_of_charge);
                assert_eq!(rules.contains(&"VR.907"), resolution != resolution_of_charge);
            }
        }
    }

    /// Invariants 4, 5 and 7, all acts in one document: the first that fails ends it.
    #[test]
    fn one_document_does_as_many_up_to_the_first_that_fails(acts in acts()) {
        let (mut world, mut model) = (World::new(), Timeline::default());
        let mut failed = false;
        let expected: Vec<bool> = acts.iter().enumerate().map(|(n, act)| {
            failed = failed || !model.act(*act, n);
            !failed
        }).collect();
        let operations = acts.iter().enumerate().map(|(n, act)| operation(n, *act)).collect();
        let decision = world.send(&request(operations));
        let found: Vec<bool> = decision.fates.iter().map(|fate| fate.broken.is_empty()).collect();
        assert_eq!(found, &expected[..]);
        let behind = decision.fates.iter().skip_while(|fate| fate.broken.is_empty()).skip(1);
        assert!(behind.clone().all(|fate| fate.broken == ["VR.906"]));
        let first = expected.iter().position(|accepted| !accepted);
        for record in sent(&decision, "RejectRequestChangeOfPriceList").iter().flat_map(|it| it.records.iter().skip(1)) {
            let names_it = format!("transaction t-{} before it", first.unwrap());
            assert!(record.reasons.len() == 1 && record.reasons[0].1.contains(&names_it));
        }
        assert_timeline(&world, &model);
    }

    /// Invariant 3 and the second half of 7: for each hour, the last series that covered it has its price.
    #[test]
    fn prices_follow_the_last_writer(
        acts in prop::collection::vec((0..DAYS, 1..9_i32, any::<bool>()), 1..12),
        resolution in prop_oneof![Just(Resolution::Day), Just(Resolution::Hour)],
        in_one_document: bool,
    ) {
        let mut world = World::new();
        let mut create = operation(0, Act::Inform(0));
        asked(&mut create).resolution = Some(resolution);
        assert_eq!(broken(&world.send(&request(vec![create]))), [ACCEPTED]);
        let calendar = Calendar::new(world.market.zone);
        let mut model: BTreeMap<Timestamp, Price> = BTreeMap::new();
        let mut heard: BTreeMap<Timestamp, Price> = BTreeMap::new();
        let mut stop = OPEN;
        let mut operations = Vec::new();
        for (n, (start, days, stops)) in acts.into_iter().enumerate() {
            let interval = Period::new(day(start), day(start + days));
            if stops && !in_one_document {
                stop = start.min(stop);
                let mut stopping = operation(n, Act::Stop(start));
                asked(&mut stopping).resolution = Some(resolution);
                listen(&mut heard, &world.send(&request(vec![stopping])));
                model.retain(|at, _| *at < day(stop));
                let late = world.prices(&identity()).iter().any(|it| it.period.start >= day(stop) || it.period.end > day(stop));
                assert!(!late, "no price is left behind the stop");
                continue;
            }
            if start + days > stop {
                continue;
            }
            let count = calendar.point_count(resolution, interval) as usize;
            let amounts: Vec<String> = (0..count).map(|at| format!("{n}.{at}1")).collect();
            let amounts: Vec<&str> = amounts.iter().map(String::as_str).collect();
            model.retain(|at, _| !interval.contains(*at));
            model.extend(calendar.point_starts(resolution, interval.start, count).into_iter().zip(amounts.iter().map(|it| price(it))));
            let operation = Operation { transaction_id: format!("t-{n}"), ..prices(resolution, interval.start, interval.end, &amounts) };
            if in_one_document {
                operations.push(operation);
            } else {
                let request = request(vec![operation]);
                let decision = world.send(&request);
                assert_eq!(broken(&decision), [ACCEPTED]);
                listen(&mut heard, &decision);
                // Invariant 6, of a few of them: each costs as much as the first time.
                if n % 4 == 0 {
                    let stored = world.prices(&identity());
                    assert_eq!(broken(&world.send(&request)), [ACCEPTED]);
                    assert_eq!(world.prices(&identity()), stored, "the same again changes nothing");
                }
            }
        }
        if !operations.is_empty() {
            listen(&mut heard, &world.send(&request(operations)));
        }
        let found = world.prices(&identity());
        let starts: Vec<(Timestamp, Price)> = found.iter().map(|it| (it.period.start, it.price)).collect();
        assert_eq!(heard, model, "whoever keeps a copy by events alone has the prices");
        assert_eq!(starts, model.into_iter().collect::<Vec<_>>());
        let known = world.past(&identity(), world.now).prices(Period::from(day(-1)));
        assert_eq!(&known, &found, "history done again is the present");
        assert!(found.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start), "no two prices at once");
        assert!(found.iter().all(|it| calendar.point_count(resolution, it.period) == 1), "each for its whole unit");
    }

    /// The same, for monthly prices that begin and end within months.
    #[test]
    fn monthly_prices_follow_the_last_writer(acts in prop::collection::vec((0..200, 1..5_i32), 1..12)) {
        let mut world = World::new();
        let fee = ChargeIdentity { charge_type: ChargeType::Fee, ..identity() };
        let mut state = ChargeState::unknown(fee.clone());
        let data = MasterData {
            name: "A".into(), description: "a".into(), vat_class: VatClass::NoVat, transparent_invoicing: false,
        };
        state.create(day(0), false, Resolution::Month, data);
        world.commit(&state.changes());
        let calendar = Calendar::new(world.market.zone);
        // For each day, the price that applies and the series it came from.
        let mut model: BTreeMap<Timestamp, (Price, usize)> = BTreeMap::new();
        for (n, (start, months)) in acts.into_iter().enumerate() {
            let start = day(start);
            let end = calendar.point_starts(Resolution::Month, start, months as usize + 1)[months as usize];
            let interval = Period::new(start, end);
            let amounts: Vec<String> = (0..months).map(|at| format!("{n}.{at}1")).collect();
            let amounts: Vec<&str> = amounts.iter().map(String::as_str).collect();
            let operation = Operation {
                charge_type: Some(ChargeType::Fee),
                ..prices(Resolution::Month, start, end, &amounts)
            };
            assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
            let count = calendar.point_count(Resolution::Day, interval) as usize;
            for at in calendar.point_starts(Resolution::Day, start, count) {
                let month = calendar.months_touched(Period::new(start, Timestamp::from_micros(at.micros() + 1)));
                model.insert(at, (price(amounts[month as usize - 1]), n));
            }
        }
        let mut found: BTreeMap<Timestamp, Price> = BTreeMap::new();
        for point in world.prices(&fee) {
            let count = calendar.point_count(Resolution::Day, point.period) as usize;
            for at in calendar.point_starts(Resolution::Day, point.period.start, count) {
                assert_eq!(found.insert(at, point.price), None, "one price at a time");
            }
        }
        assert_eq!(found, model.into_iter().map(|(at, (price, _))| (at, price)).collect::<BTreeMap<_, _>>());
    }
}
