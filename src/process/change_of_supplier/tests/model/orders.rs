//! What an operator orders about a supplier's accounting points, at one of them; and that an order is called off.
//!
//! Source: market-roles 2.9, 2.10.

use super::{Instant, Kind, Model, State, Wish};

/// An order that one supplier takes over from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    pub id: String,
    /// The supplier fails (D13).
    pub fails: bool,
    pub from: &'static str,
    pub to: &'static str,
    pub day: Instant,
}

impl Model {
    /// Whether somebody supplies, or is to, and an order about its supplies is about this accounting point.
    pub fn concerns(&self, supplier: &str, now: Instant) -> bool {
        let is_to = |it: &Wish| it.is_ahead() && it.brings() && it.by == supplier;
        let gets_back = |it: &Wish| self.supplier(it.at - 1).as_deref() == Some(supplier);
        self.supplier(now).as_deref() == Some(supplier)
            || self.wishes.iter().any(is_to)
            || self.undoing().is_some_and(gets_back)
    }

    /// The order is carried out. Returns what became of it, as operators are told.
    pub fn force(&mut self, order: &Takeover, now: Instant) -> &'static str {
        if order.fails {
            self.cancel_pending(order, now);
        }
        let taken = |it: &Wish| it.kind == Kind::Forced && it.whom == order.from && it.at <= order.day;
        if self.wishes.iter().any(|it| it.is_ahead() && taken(it)) {
            return "skipped ForcedChangeIsRegistered";
        }
        let (state, became) = match self.coming_before(order) {
            Some(State::Open) => (State::Open, "done"),
            Some(state) => (state, "stands by OvertakenByAnother"),
            None => return "skipped SupplierMustSupplyOnTheDate",
        };
        let forced = Wish::new(Kind::Forced, &order.id, order.to, order.day, order.from);
        self.wishes.push(Wish { state, ..forced });
        became
    }

    /// What a failing supplier has pending: who moves in with it until the day is taken over with it.
    fn cancel_pending(&mut self, order: &Takeover, now: Instant) {
        let is_off = |it: &&Wish| {
            let of_its_kind = match it.kind {
                Kind::Change | Kind::End => true,
                Kind::MoveIn => it.at > order.day,
                _ => false,
            };
            it.is_ahead() && it.by == order.from && of_its_kind
        };
        let mut off: Vec<&Wish> = self.wishes.iter().filter(is_off).collect();
        off.sort_by_key(|it| (it.at, it.rank()));
        for id in off.into_iter().map(|it| it.id.clone()).collect::<Vec<String>>() {
            if self.wish(&id).is_ahead() {
                self.withdraw(&id, now);
            }
        }
    }

    /// How it begins: open where the supplier supplies on the day, held where it would but for something that is pending; nothing
    /// where it does not.
    fn coming_before(&self, order: &Takeover) -> Option<State> {
        let is_from = |supplier: Option<String>| supplier.as_deref() == Some(order.from);
        if let Some(undoing) = self.undoing() {
            let former = self.without(undoing).supplier(undoing.at);
            let involved = is_from(self.supplier(order.day)) || is_from(former);
            return involved.then(|| State::Held(undoing.id.clone()));
        }
        let expected = self.expected();
        if is_from(expected.supplier(order.day)) {
            return Some(State::Open);
        }
        let supply = expected.story().0;
        let own =
            supply.range(..=order.day).rfind(|(_, id)| id.as_ref().is_some_and(|id| expected.by(id) == order.from));
        let (end, next) = supply.range(own?.0 + 1..).next()?;
        let is_end = |it: &&Wish| it.is_end() && it.at == *end && expected.is_done(&it.id);
        let before = match next {
            Some(next) => self.wishes.iter().find(|it| it.id == *next),
            None => self.wishes.iter().find(is_end),
        };
        before.filter(|it| it.state == State::Open).map(|it| State::Held(it.id.clone()))
    }

    /// What an order has registered is taken back; what has happened stays. Returns whether there was anything to take back.
    pub fn call_off(&mut self, order: &str, now: Instant) -> bool {
        let is_ahead = self.wishes.iter().any(|it| it.id == order && it.is_ahead());
        if is_ahead {
            self.withdraw(order, now);
        }
        is_ahead
    }
}
