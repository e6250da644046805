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
        let forced = Wish::new(Kind::Forced, &order.id, order.to, order.day, order.from);
        let (state, became) = match self.fate(&forced) {
            Some(State::Open) => (State::Open, "done"),
            Some(state) => (state, "stands by OvertakenByAnother"),
            None => return "skipped SupplierMustSupplyOnTheDate",
        };
        self.wishes.push(Wish { known: state == State::Open, state, ..forced });
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

    /// What becomes of a forced change: open where it comes about, held where it would but for something that is pending; nothing
    /// where there is nothing to take over.
    pub(super) fn fate(&self, forced: &Wish) -> Option<State> {
        let is_from = |supplier: Option<String>| supplier.as_ref() == Some(&forced.whom);
        if let Some(undoing) = self.undoing() {
            let former = self.without(undoing).supplier(undoing.at);
            let involved = is_from(self.supplier(forced.at)) || is_from(former);
            return involved.then(|| State::Held(undoing.id.clone()));
        }
        let mut with_it = self.clone();
        if !with_it.wishes.iter().any(|it| it.id == forced.id) {
            with_it.wishes.push(forced.clone());
        }
        let expected = with_it.expected();
        if expected.is_done(&forced.id) {
            return Some(State::Open);
        }
        let comes_first = self.comes_first(&expected, forced).or_else(|| {
            // It is to come back, unless somebody moves in.
            let returns = |it: &&Wish| it.brings() && it.by == forced.whom && it.at <= forced.at;
            let held_by = |it: &Wish| match &it.state {
                State::Held(by) if self.wish(by).state == State::Open => Some(by.clone()),
                _ => None,
            };
            let held = self.wishes.iter().filter(returns).filter(|it| held_by(it).is_some());
            held.min_by_key(|it| (it.at, it.rank())).and_then(held_by)
        });
        comes_first.map(State::Held)
    }

    /// With what is pending the last supply of whom a forced change takes over from ends before it.
    fn comes_first(&self, expected: &Self, forced: &Wish) -> Option<String> {
        let supply = expected.story().0;
        let is_own = |id: &Option<String>| id.as_ref().is_some_and(|id| expected.by(id) == forced.whom);
        let own = supply.range(..=forced.at).rfind(|(_, id)| is_own(id));
        let (end, next) = supply.range(own?.0 + 1..).next()?;
        let is_end = |it: &&Wish| it.is_end() && it.at == *end && expected.is_done(&it.id);
        let before = match next {
            Some(next) => self.wishes.iter().find(|it| it.id == *next),
            None => self.wishes.iter().find(is_end),
        };
        before.filter(|it| it.state == State::Open).map(|it| it.id.clone())
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
