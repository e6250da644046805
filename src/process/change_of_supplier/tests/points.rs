//! Random histories of several accounting points, beside a model that is written on its own: what is accepted, who supplies, who
//! consumes, what becomes of everything that was asked for.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::{Kind, Model, State};
use super::*;
use crate::process::accounting_points::Status as ProcessStatus;
use crate::process::reallocation::tests::{agree, decline, reallocate};

const SUPPLIERS: [&str; 3] = [A, B, C];
const CUSTOMERS: [&str; 3] = [COMPANY, PERSON, "0202801234"];
const POINTS: [&str; 3] = [POINT, "571313100000200007", "571313100000200014"];
const BEGINS: &str = "2021-12-31T23:00:00Z";

#[derive(Debug, Clone)]
enum Act {
    /// With the consent of one of [`CUSTOMERS`], or else of whoever will consume on the day.
    Change {
        point: usize,
        by: usize,
        days: i32,
        customer: usize,
    },
    MoveIn {
        point: usize,
        by: usize,
        days: i32,
        customer: usize,
    },
    End {
        point: usize,
        by: usize,
        days: i32,
        reason: &'static str,
    },
    Cancel {
        by: usize,
        ago: usize,
    },
    /// What was asked for so many requests ago turns out to be wrong.
    Undo {
        ago: usize,
        reason: &'static str,
    },
    Answer {
        point: usize,
        agreed: bool,
    },
    Wait {
        hours: i64,
    },
    Dequeue {
        which: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let point = || 0..POINTS.len();
    let end = prop_oneof![Just("E20"), Just("E66")];
    let wrong = prop_oneof![Just("D07"), Just("D33")];
    let one = prop_oneof![
        6 => (point(), 0..3_usize, 0..20_i32, 0..9_usize)
            .prop_map(|(point, by, days, customer)| Act::Change { point, by, days, customer }),
        4 => (point(), 0..3_usize, -14..20_i32, 0..3_usize)
            .prop_map(|(point, by, days, customer)| Act::MoveIn { point, by, days, customer }),
        4 => (point(), 0..3_usize, -14..20_i32, end).prop_map(|(point, by, days, reason)| Act::End { point, by, days, reason }),
        3 => (0..4_usize, 0..8_usize).prop_map(|(by, ago)| Act::Cancel { by, ago }),
        4 => (0..8_usize, wrong).prop_map(|(ago, reason)| Act::Undo { ago, reason }),
        3 => (point(), any::<bool>()).prop_map(|(point, agreed)| Act::Answer { point, agreed }),
        5 => (1..240_i64).prop_map(|hours| Act::Wait { hours }),
        1 => (0..40_usize).prop_map(|which| Act::Dequeue { which }),
    ];
    prop::collection::vec(one, 1..40)
}

/// Something that was asked for.
#[derive(Debug, Clone)]
struct Asked {
    id: String,
    point: usize,
    by: &'static str,
    reason: &'static str,
    day: String,
}

/// The house and the model of each point, side by side.
struct Market {
    house: House,
    models: Vec<Model>,
    asked: Vec<Asked>,
    sent: usize,
}

impl Market {
    fn opened() -> Self {
        let mut house = House::opened();
        for point in &POINTS[1..] {
            house.point(point, "E17", "Connected");
            house.supply(point, A);
            house.customer(point, COMPANY, "Example Bakery");
        }
        let models = POINTS.map(|_| Model::new(A, COMPANY, at(BEGINS).seconds())).to_vec();
        let mut market = Self { house, models, asked: Vec::new(), sent: 0 };
        // So that no patience ends at a midnight.
        market.wait(7 * 60);
        market
    }

    fn now(&self) -> i64 {
        self.house.now.seconds()
    }

    fn wait(&mut self, seconds: i64) {
        let to = self.now() + seconds;
        self.house.pass(Timestamp::from_seconds(to));
        self.models.iter_mut().for_each(|model| model.pass(to));
    }

    fn new_id(&mut self) -> String {
        self.sent += 1;
        format!("t{:03}", self.sent)
    }

    fn day(&self, days: i32) -> String {
        crate::market::Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(self.house.now, days).to_string()
    }

    /// A document is sent; which rules it broke.
    fn send(&mut self, request: &dyn Request) -> Vec<&'static str> {
        broken(&self.house.send(request))
    }

    fn ask(&mut self, kind: Kind, asked: Asked, customer: &str, accepted: bool) {
        let (day, now) = (at(&asked.day).seconds(), self.now());
        if accepted {
            self.models[asked.point].ask(kind, &asked.id, asked.by, day, customer, now);
        }
        self.asked.push(asked);
    }

    fn act(&mut self, act: &Act) {
        let now = self.now();
        match act {
            Act::Change { point, by, days, customer } => {
                let (id, day, by) = (self.new_id(), self.day(*days), SUPPLIERS[*by]);
                let at = at(&day).seconds();
                let right = self.models[*point].expected().customer(at).unwrap_or(COMPANY.into());
                let customer = CUSTOMERS.get(*customer).map_or(right, |customer| (*customer).into());
                let mut request = request(by, "E03", &id, &day);
                request.records[0].metering_point = super::id(POINTS[*point]);
                request.records[0].customer = Some(customer_id(&customer));
                let broken = self.send(&request);
                let model = &self.models[*point];
                let accepted = may_change(model, by, at, &customer, now);
                assert_eq!(broken.is_empty(), accepted, "{act:?} {broken:?} {model:#?}");
                let asked = Asked { id, point: *point, by, reason: "E03", day };
                self.ask(Kind::Change, asked, &customer, accepted);
            }
            Act::MoveIn { point, by, days, customer } => {
                let (id, day, by) = (self.new_id(), self.day(*days), SUPPLIERS[*by]);
                let mut request = move_in(by, &id, &day);
                request.records[0].metering_point = super::id(POINTS[*point]);
                request.records[0].customer = Some(customer_id(CUSTOMERS[*customer]));
                let broken = self.send(&request);
                let at = at(&day).seconds();
                let model = &self.models[*point];
                let accepted = may_move_in(model, at, CUSTOMERS[*customer]);
                assert_eq!(broken.is_empty(), accepted, "{act:?} {broken:?} {model:#?}");
                let asked = Asked { id, point: *point, by, reason: "E65", day };
                self.ask(Kind::MoveIn, asked, CUSTOMERS[*customer], accepted);
            }
            Act::End { point, by, days, reason } => {
                let (id, day, by) = (self.new_id(), self.day(*days), SUPPLIERS[*by]);
                let mut request = ending(by, reason, &id, &day);
                request.records[0].metering_point = super::id(POINTS[*point]);
                let accepted = self.send(&request).is_empty();
                let kind = if *reason == "E20" { Kind::End } else { Kind::MoveOut };
                self.ask(kind, Asked { id, point: *point, by, reason, day }, "", accepted);
            }
            Act::Cancel { by, ago } => {
                let Some(original) = self.asked.iter().rev().nth(*ago).cloned() else { return };
                let id = self.new_id();
                // Mostly whoever has asked.
                let by = SUPPLIERS.get(*by).filter(|_| *by == 0).copied().unwrap_or(original.by);
                let mut request = cancellation(by, original.reason, &id, &original.id);
                request.records[0].metering_point = super::id(POINTS[original.point]);
                if self.send(&request).is_empty() {
                    assert_eq!(by, original.by);
                    self.models[original.point].withdraw(&original.id, now);
                }
            }
            Act::Undo { ago, reason } => {
                let Some(wrong) = self.asked.iter().rev().nth(*ago).cloned() else { return };
                let id = self.new_id();
                let mut request = reallocate(wrong.by, reason, &id, &wrong.day);
                request.records[0].metering_point = super::id(POINTS[wrong.point]);
                if self.send(&request).is_empty() {
                    let kind = Kind::Undo { move_was_wrong: *reason == "D33" };
                    let day = at(&wrong.day).seconds();
                    self.models[wrong.point].ask(kind, &id, wrong.by, day, "", now);
                }
            }
            Act::Answer { point, agreed } => {
                let is_asked = |it: &&Outgoing| {
                    it.kind.name == "RequestReallocateChangeOfSupplier"
                        && said(it).iter().any(|(_, text)| text == POINTS[*point])
                };
                let Some(asked) = self.house.sent.iter().rfind(is_asked) else { return };
                let (former, reference) = (asked.receiver.number.to_string(), value(asked, "mRID"));
                let id = self.new_id();
                if *agreed {
                    self.house.send(&agree(&former, &id, reference.as_deref()));
                } else {
                    self.house.send(&decline(&former, &id, reference.as_deref()));
                }
                self.models[*point].answer(*agreed, now);
            }
            Act::Wait { hours } => self.wait(hours * 3_600),
            Act::Dequeue { which } => {
                let Some(message) = self.house.sent.get(*which).map(|it| it.message_id.clone()) else { return };
                self.house.dequeue(&message);
            }
        }
    }

    /// Every point is as its model has it, on every day of which anything was said.
    fn compare(&self) {
        for (model, number) in self.models.iter().zip(POINTS) {
            let point = self.house.accounting_point(number);
            let supplies = point.supplies();
            assert!(supplies.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start), "{supplies:#?}");
            let days: BTreeSet<i64> = model.wishes.iter().map(|it| it.at).chain([model.begins, self.now()]).collect();
            for instant in days.into_iter().flat_map(|day| [day - 1, day]) {
                let time = Timestamp::from_seconds(instant);
                let supplier = point.supplier_at(time).map(ToString::to_string);
                assert_eq!(supplier, model.supplier(instant), "{number} at {time}: {model:#?}");
                let consumer = point.consumer_at(time).map(|(process, _)| process.transaction_id.clone());
                assert_eq!(consumer, model.consumer(instant), "{number} at {time}: {model:#?}");
            }
            for process in point.processes().into_iter().filter(|it| !it.transaction_id.is_empty()) {
                let wish = model.wish(&process.transaction_id);
                let expected = match wish.state {
                    State::Open => ProcessStatus::Pending,
                    State::Held(_) => ProcessStatus::Suspended,
                    State::Done => ProcessStatus::Completed,
                    State::Gone => ProcessStatus::Cancelled,
                };
                assert_eq!(process.status, expected, "{} of {number}: {model:#?}", wish.id);
            }
        }
    }
}

/// Whether a change of supplier is accepted, as far as these histories can break a rule. Source: market-roles 3.4.
fn may_change(model: &Model, by: &str, day: i64, customer: &str, now: i64) -> bool {
    let expected = model.expected();
    model.supplier(now).is_some()
        && !model.is_taken(Kind::Change, day, true)
        && !model.is_taken(Kind::MoveIn, day, false)
        && !model.is_taken(Kind::MoveOut, day, false)
        && day >= now
        && expected.supplier(day).as_deref() != Some(by)
        && expected.customer(day).as_deref() == Some(customer)
        && model.undoing().is_none()
}

/// Whether somebody may move in.
fn may_move_in(model: &Model, day: i64, customer: &str) -> bool {
    !model.is_taken(Kind::MoveIn, day, false)
        && model.expected().customer(day).as_deref() != Some(customer)
        && model.undoing().is_none()
}

fn play(acts: &[Act]) -> Market {
    let mut market = Market::opened();
    for act in acts {
        market.act(act);
        market.compare();
    }
    market.wait(90 * 86_400);
    market.compare();
    market
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_point_fares_as_a_model_of_its_own_has_it(acts in acts()) {
        let market = play(&acts);
        let house = &market.house;

        // Every transaction that was sent has exactly one answer, but for answers, which are acknowledged or take effect.
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        let answering = house.sent.iter().filter(|it| it.kind.status.is_some());
        for record in answering.flat_map(|it| it.records.iter()) {
            *answers.entry(&record.transaction_id).or_default() += 1;
        }
        prop_assert!(answers.values().all(|count| *count == 1), "{:?}", answers);
        for asked in &market.asked {
            prop_assert!(answers.contains_key(&*asked.id), "{} was not answered", asked.id);
        }

        // What takes effect does so once, and what is over tells nobody anything any more.
        let mut effected = BTreeSet::new();
        for name in ["EnergySupplierChanged", "ConsumerMovedIn", "EndOfSupplyEffectuated", "ConsumerMovedOut"] {
            for event in house.told(name) {
                let process = event.payload["process_id"].as_str().unwrap();
                prop_assert!(effected.insert((name, process)), "{} of {} twice", name, process);
            }
        }
        prop_assert_eq!(house.first_timer(), None);
        for number in POINTS {
            prop_assert!(house.accounting_point(number).open().is_empty());
        }

        // A replay sends the same, and tells the same.
        let again = play(&acts);
        prop_assert_eq!(&again.house.sent, &house.sent);
        prop_assert_eq!(&again.house.events, &house.events);
    }
}
