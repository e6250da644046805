//! Invariants 1 to 7 over long histories: thousands of operations on a few charges, in documents of several operations,
//! held against models that are too simple to be wrong, and looked back upon from the end.

use super::*;

/// Days after 1 January 2023 on which something may happen.
const DAYS: u64 = 300;
const DOCUMENTS: u64 = 700;

/// Numbers that look like chance and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn day(days: u64) -> Timestamp {
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(local("01-01"), days as i32)
}

/// A charge day by day: the name and the price of each day, if it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    start: u64,
    /// None while the charge is unknown; `DAYS * 2` stands for no end.
    stop: Option<u64>,
    names: BTreeMap<u64, String>,
    prices: BTreeMap<u64, Price>,
}

const OPEN: u64 = DAYS * 2;

impl Model {
    /// Does charge information by the letter of charges 4.1; returns whether it is accepted.
    fn inform(&mut self, on: u64, name: &str, stops: bool) -> bool {
        match (self.stop, stops) {
            (None, true) => return false,
            (None, false) => (self.start, self.stop) = (on, Some(OPEN)),
            (Some(stop), true) => {
                if on < self.start || on > stop {
                    return false;
                }
                self.stop = Some(on);
                self.names.retain(|day, _| *day < on);
                self.prices.retain(|day, _| *day < on);
                return true;
            }
            (Some(stop), false) if on > stop => return false,
            (Some(stop), false) if on == stop => self.stop = Some(OPEN),
            (Some(_), false) => self.start = self.start.min(on),
        }
        let stop = self.stop.unwrap_or(OPEN);
        self.names.retain(|day, _| *day < on);
        self.names.extend((on..stop).map(|day| (day, name.to_string())));
        true
    }

    fn price(&mut self, from: u64, amounts: &[Price]) -> bool {
        let to = from + amounts.len() as u64;
        if self.stop.is_none_or(|stop| from < self.start || to > stop) {
            return false;
        }
        self.prices.extend((from..to).zip(amounts.iter().copied()));
        true
    }
}

/// What a timeline and prices say of each day.
fn by_day(periods: &[(Period, String)], points: &[PricePoint]) -> (BTreeMap<u64, String>, BTreeMap<u64, Price>) {
    let starts: Vec<Timestamp> = (0..OPEN).map(day).collect();
    let days = |period: Period| {
        let count = |bound| starts.partition_point(|start| *start < bound) as u64;
        count(period.start)..count(period.end)
    };
    let names = periods.iter().flat_map(|(period, name)| days(*period).map(|day| (day, name.clone()))).collect();
    let prices = points.iter().flat_map(|point| days(point.period).map(|day| (day, point.price))).collect();
    (names, prices)
}

fn charge(number: u64) -> String {
    format!("C-{number}")
}

fn live_through(seed: u64) {
    let (mut dice, mut world) = (Dice(seed), World::new());
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    let mut snapshots: Vec<(Timestamp, BTreeMap<String, Model>)> = Vec::new();
    let mut operations_done = 0;
    for document in 0..DOCUMENTS {
        world.now = Timestamp::from_seconds(at(NOW).seconds() + document as i64);
        let about_prices = dice.below(2) == 0;
        let mut failed: Vec<String> = Vec::new();
        let (mut operations, mut expected) = (Vec::new(), Vec::new());
        for n in 0..=dice.below(5) {
            let (id, on) = (charge(dice.below(3)), dice.below(DAYS));
            let mut model = models.remove(&id).unwrap_or_default();
            let name = format!("{document}.{n}");
            let operation = Operation { transaction_id: name.clone(), charge_id: id.clone(), ..information() };
            let before = model.clone();
            let (operation, accepted) = if about_prices {
                let count = 1 + dice.below(9) as usize;
                let amounts: Vec<String> = (0..count).map(|at| format!("{document}.{n}{at}")).collect();
                let amounts: Vec<&str> = amounts.iter().map(String::as_str).collect();
                let series = prices(Resolution::Day, day(on), day(on + count as u64), &amounts);
                let asked: Vec<Price> = amounts.iter().map(|it| price(it)).collect();
                let accepted = model.price(on, &asked);
                (Operation { effective: series.effective, asked: series.asked, ..operation }, accepted)
            } else {
                // Stops are rare, and mostly late: charges are to have a life.
                let stops = dice.below(6) == 0;
                let on = if stops { on.max(dice.below(DAYS)) } else { on };
                let mut operation = Operation { effective: Some(day(on)), ..operation };
                asked(&mut operation).name = Some(name.clone());
                asked(&mut operation).termination = stops.then(|| day(on));
                (operation, model.inform(on, &name, stops))
            };
            let accepted = accepted && !failed.contains(&id);
            if !accepted {
                model = before;
                failed.push(id.clone());
            }
            models.insert(id, model);
            operations.push(operation);
            expected.push(accepted);
        }
        let request = request(operations);
        let decision = world.send(&request);
        let found: Vec<bool> = decision.fates.iter().map(|fate| fate.broken.is_empty()).collect();
        assert_eq!(found, expected, "seed {seed}, document {document}: {:?}", decision.fates);
        operations_done += found.len();
        if document % 100 == 99 {
            assert_as_modelled(&world, &models);
            snapshots.push((world.now, models.clone()));
        }
    }
    assert!(operations_done > 1_500, "{operations_done} operations");
    // From the end, every earlier state can be told.
    for (then, models) in snapshots {
        for (id, model) in models {
            let past = world.past(&ChargeIdentity { id, ..identity() }, then);
            let instant = |text: &str| at(text);
            let periods = past.timeline().into_iter().map(|row| {
                let end = row.valid_to.as_deref().map_or(Timestamp::OPEN_END, instant);
                (Period::new(instant(&row.valid_from), end), row.name)
            });
            let periods: Vec<(Period, String)> = periods.collect();
            let points = past.prices(Period::from(day(0)));
            assert_eq!(by_day(&periods, &points), (model.names, model.prices), "seed {seed}, as known at {then}");
        }
    }
}

fn assert_as_modelled(world: &World, models: &BTreeMap<String, Model>) {
    for (id, model) in models {
        let identity = ChargeIdentity { id: id.clone(), ..identity() };
        let periods: Vec<(Period, String)> =
            world.timeline(&identity).into_iter().map(|(period, data)| (period, data.name)).collect();
        let points = world.prices(&identity);
        assert_eq!(by_day(&periods, &points), (model.names.clone(), model.prices.clone()), "{id}");
        assert!(periods.windows(2).all(|pair| pair[0].0.end == pair[1].0.start), "periods touch");
        assert!(periods.len() <= 1 || periods.iter().all(|(period, _)| !period.is_empty()), "none is empty");
        assert!(points.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start), "one price at a time");
        let stop = periods.last().map(|(last, _)| last.end);
        assert!(points.iter().all(|point| Some(point.period.end) <= stop), "nothing is priced behind the stop");
        if let Some(charge) = world.charge(&identity) {
            assert_eq!((charge.tax_indicator, charge.resolution), (false, Resolution::Day));
        }
    }
}

#[test]
fn a_charge_with_thousands_of_operations_behind_it_is_as_the_model_says() {
    (1..=3).for_each(live_through);
}
