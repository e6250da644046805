//! A market of a few accounting points for random histories: the house, and beside it a model of each point. Whatever is asked
//! for must be accepted where the model accepts it, and come to what it comes to in the model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::{Instant, Kind, Model, State, Wish};
use super::*;
use crate::process::accounting_points::Status as ProcessStatus;
use crate::process::reallocation::tests::{agree, decline, reallocate};

pub const SUPPLIERS: [&str; 3] = [A, B, C];
pub const POINTS: [&str; 3] = [POINT, "571313100000200007", "571313100000200014"];
const CUSTOMERS: [&str; 3] = [COMPANY, PERSON, "0202801234"];
/// Balance responsible parties.
pub const PARTIES: [&str; 2] = [BALANCE, OTHER_BALANCE];
const BEGINS: &str = "2021-12-31T23:00:00Z";

#[derive(Debug, Clone)]
pub enum Act {
    Ask {
        kind: Kind,
        point: usize,
        by: usize,
        when: When,
        /// One of [`CUSTOMERS`], of a change of supplier otherwise whoever will consume on the day; or one of [`PARTIES`].
        whom: usize,
    },
    Cancel {
        by: usize,
        ago: usize,
    },
    /// What has come true, or was asked for at all, so many requests ago turns out to be wrong.
    Undo {
        by: usize,
        ago: usize,
        move_was_wrong: bool,
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

#[derive(Debug, Clone)]
pub enum When {
    InDays(i32),
    /// Where and when it was that somebody asked for something, so many requests ago.
    As(usize),
}

pub fn act() -> impl Strategy<Value = Act> {
    let ask = |kind: Kind, days: std::ops::Range<i32>, whom: usize| {
        let when = prop_oneof![5 => days.prop_map(When::InDays), 2 => (0..4_usize).prop_map(When::As)];
        (0..POINTS.len(), 0..SUPPLIERS.len(), when, 0..whom).prop_map(move |(point, by, when, whom)| Act::Ask {
            kind,
            point,
            by,
            when,
            whom,
        })
    };
    prop_oneof![
        6 => ask(Kind::Change, 0..20, 3 * CUSTOMERS.len()),
        4 => ask(Kind::MoveIn, -14..20, CUSTOMERS.len()),
        2 => ask(Kind::End, -2..20, 1),
        3 => ask(Kind::MoveOut, -14..20, 1),
        1 => ask(Kind::Balance, -1..20, PARTIES.len()),
        3 => (0..12_usize, 0..8_usize).prop_map(|(by, ago)| Act::Cancel { by, ago }),
        4 => (0..12_usize, 0..4_usize, any::<bool>())
            .prop_map(|(by, ago, move_was_wrong)| Act::Undo { by, ago, move_was_wrong }),
        3 => (0..POINTS.len(), any::<bool>()).prop_map(|(point, agreed)| Act::Answer { point, agreed }),
        5 => (1..240_i64).prop_map(|hours| Act::Wait { hours }),
        1 => (0..40_usize).prop_map(|which| Act::Dequeue { which }),
    ]
}

/// Something that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub id: String,
    point: usize,
    by: &'static str,
    reason: &'static str,
    day: String,
}

/// The house and the model of each point, side by side.
pub struct Market {
    pub house: House,
    pub models: Vec<Model>,
    pub asked: Vec<Asked>,
    /// Processes that orders have set off, with the order.
    pub ordered: BTreeMap<String, String>,
    sent: usize,
}

impl Market {
    pub fn opened() -> Self {
        let mut house = House::opened();
        for point in &POINTS[1..] {
            house.point(point, "E17", "Connected");
            house.supply(point, A);
            house.customer(point, COMPANY, "Example Bakery");
        }
        let models = POINTS.map(|_| Model::new(A, COMPANY, at(BEGINS).seconds())).to_vec();
        let mut market = Self { house, models, asked: Vec::new(), ordered: BTreeMap::new(), sent: 0 };
        // So that no patience ends at a midnight.
        market.wait(7 * 3_600);
        market
    }

    pub fn now(&self) -> Instant {
        self.house.now.seconds()
    }

    pub fn wait(&mut self, seconds: Instant) {
        let to = self.now() + seconds;
        self.house.pass(Timestamp::from_seconds(to));
        self.models.iter_mut().for_each(|model| model.pass(to));
    }

    fn new_id(&mut self) -> String {
        self.sent += 1;
        format!("t{:03}", self.sent)
    }

    pub fn day(&self, days: i32) -> String {
        crate::market::Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(self.house.now, days).to_string()
    }

    /// A document is sent; the model has said whether it is accepted.
    fn send(&mut self, act: &Act, request: &dyn Request, accepted: bool) {
        let broken = broken(&self.house.send(request));
        assert_eq!(broken.is_empty(), accepted, "{act:?} {broken:?} {:#?}", self.models);
    }

    pub fn act(&mut self, act: &Act) {
        let now = self.now();
        match act {
            Act::Ask { .. } => self.ask(act),
            Act::Cancel { by, ago } => {
                let Some(original) = self.asked.iter().rev().nth(*ago).cloned() else { return };
                let by = mostly(original.by, *by);
                let mut request = cancellation(by, original.reason, &self.new_id(), &original.id);
                request.records[0].metering_point = id(POINTS[original.point]);
                let accepted = self.models[original.point].may_cancel(&original.id, by, now);
                self.send(act, &request, accepted);
                if accepted {
                    self.models[original.point].withdraw(&original.id, now);
                }
            }
            Act::Undo { by, ago, move_was_wrong } => {
                let asked = self.asked.iter().rev();
                let mut done = asked.clone().filter(|it| self.models[it.point].is_done(&it.id));
                let Some(wrong) = done.nth(*ago).or(asked.clone().nth(*ago)).cloned() else { return };
                let (transaction, by) = (self.new_id(), mostly(wrong.by, *by));
                let reason = if *move_was_wrong { "D33" } else { "D07" };
                let mut request = reallocate(by, reason, &transaction, &wrong.day);
                request.records[0].metering_point = id(POINTS[wrong.point]);
                let day = at(&wrong.day).seconds();
                let accepted = self.models[wrong.point].may_undo(*move_was_wrong, by, day, now);
                self.send(act, &request, accepted);
                if accepted {
                    let kind = Kind::Undo { move_was_wrong: *move_was_wrong };
                    self.models[wrong.point].ask(Wish::new(kind, &transaction, by, day, ""), now);
                }
            }
            Act::Answer { point, agreed } => {
                let is_asked = |it: &&Outgoing| {
                    it.kind.name == "RequestReallocateChangeOfSupplier"
                        && said(it).iter().any(|(_, text)| text == POINTS[*point])
                };
                let Some(asked) = self.house.sent.iter().rfind(is_asked) else { return };
                let (former, reference) = (asked.receiver.number.to_string(), value(asked, "mRID"));
                let (transaction, accepted) = (self.new_id(), self.models[*point].undoing().is_some());
                if *agreed {
                    self.send(act, &agree(&former, &transaction, reference.as_deref()), accepted);
                } else {
                    self.send(act, &decline(&former, &transaction, reference.as_deref()), accepted);
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

    fn ask(&mut self, act: &Act) {
        let Act::Ask { kind, point, by, when, whom } = act else { return };
        let (point, day) = match when {
            When::InDays(days) => (*point, self.day(*days)),
            When::As(ago) => match self.asked.iter().rev().nth(*ago) {
                Some(it) => (it.point, it.day.clone()),
                None => return,
            },
        };
        let (transaction, by, now, instant) = (self.new_id(), SUPPLIERS[*by], self.now(), at(&day).seconds());
        let model = &self.models[point];
        let named = CUSTOMERS.get(*whom).map(ToString::to_string);
        let customer = named.or_else(|| model.expected().customer(instant)).unwrap_or(COMPANY.into());
        let (reason, whom, accepted) = match kind {
            Kind::Change => ("E03", &*customer, model.may_change(by, instant, &customer, now)),
            Kind::MoveIn => ("E65", &*customer, model.may_move_in(instant, &customer, now)),
            Kind::End => ("E20", "", model.may_end(*kind, by, instant, now)),
            Kind::MoveOut => ("E66", "", model.may_end(*kind, by, instant, now)),
            Kind::Balance => ("E56", PARTIES[*whom], model.may_be_responsible(PARTIES[*whom], by, instant, now)),
            Kind::Forced | Kind::Undo { .. } => panic!("it is asked for otherwise"),
        };
        if matches!(kind, Kind::End | Kind::MoveOut) {
            let mut request = ending(by, reason, &transaction, &day);
            request.records[0].metering_point = id(POINTS[point]);
            self.send(act, &request, accepted);
        } else {
            let mut request = request(by, reason, &transaction, &day);
            request.records[0].metering_point = id(POINTS[point]);
            match kind {
                Kind::Balance => request.records[0].balance_responsible = Some(id(whom)),
                _ => request.records[0].customer = Some(customer_id(whom)),
            }
            self.send(act, &request, accepted);
        }
        if accepted {
            self.models[point].ask(Wish::new(*kind, &transaction, by, instant, whom), now);
        }
        if *kind != Kind::Balance {
            self.asked.push(Asked { id: transaction, point, by, reason, day });
        }
    }

    /// Every point is as its model has it, on every day of which anything was said.
    pub fn compare(&self) {
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
                for supplier in SUPPLIERS {
                    let responsible = point.balance_at(&actor(supplier), time).map(|it| it.responsible.to_string());
                    let expected = model.responsible(supplier, instant);
                    assert_eq!(responsible, expected, "{number} at {time}: {model:#?}");
                }
            }
            let found: Vec<_> =
                point.processes().into_iter().filter_map(|it| Some((self.asked_by(it)?, it.status))).collect();
            let expected: Vec<_> = model.wishes.iter().map(|it| (&*it.id, status(&it.state))).collect();
            assert_eq!(found, expected, "{number}: {model:#?}");
        }
    }
}

impl Market {
    /// Nobody has lost a supply to a change, in the end, without having heard of the day (E03).
    pub fn all_losers_are_told(&self) {
        for (model, number) in self.models.iter().zip(POINTS) {
            for (loser, day) in model.losers() {
                let day = Timestamp::from_seconds(day).to_string();
                let tells = |it: &&Outgoing| {
                    let is_notice = it.kind.name == "GenericNotification" && it.business_reason == "E03";
                    let texts: Vec<String> = said(it).into_iter().map(|(_, text)| text).collect();
                    is_notice
                        && it.receiver.number.as_str() == loser
                        && [number, &day].iter().all(|it| texts.iter().any(|text| text == it))
                };
                assert!(self.house.sent.iter().any(|it| tells(&it)), "{loser} loses {number} at {day}: {model:#?}");
            }
        }
    }

    /// The transaction or the order that a process comes from; nothing where it was so in the beginning.
    fn asked_by<'a>(&'a self, process: &'a crate::process::accounting_points::Process) -> Option<&'a str> {
        let transaction = Some(&*process.transaction_id).filter(|id| !id.is_empty());
        transaction.or_else(|| self.ordered.get(&process.id).map(String::as_str))
    }
}

/// Mostly whoever has asked.
fn mostly(asker: &'static str, by: usize) -> &'static str {
    SUPPLIERS.get(by).copied().unwrap_or(asker)
}

pub fn status(state: &State) -> ProcessStatus {
    match state {
        State::Open => ProcessStatus::Pending,
        State::Held(_) => ProcessStatus::Suspended,
        State::Done => ProcessStatus::Completed,
        State::Gone => ProcessStatus::Cancelled,
    }
}
