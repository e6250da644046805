//! What a model accepts: the market's rules as far as random histories can break them, and as its text has them.
//!
//! Source: market-roles 2.3, 2.4, 2.4.3, 2.4.4, 2.6 to 2.8, 2.10, 2.14, 3.4.

use super::{Instant, Kind, Model, State, Wish};

impl Model {
    /// Whether somebody has asked for the same day; of what is done only what was not undone.
    fn is_taken(&self, kind: Kind, day: Instant, also_held: bool) -> bool {
        self.wishes.iter().any(|it| {
            let counts = match it.state {
                State::Open => true,
                State::Held(_) => also_held,
                State::Done => !it.undone,
                State::Gone => false,
            };
            it.kind == kind && it.at == day && counts
        })
    }

    /// Whether somebody may take over with the consent of a customer.
    pub fn may_change(&self, by: &str, day: Instant, customer: &str, now: Instant) -> bool {
        let expected = self.expected();
        self.supplier(now).is_some()
            && !self.is_taken(Kind::Change, day, true)
            && !self.is_taken(Kind::MoveIn, day, false)
            && !self.is_taken(Kind::MoveOut, day, false)
            && day >= now
            && expected.supplier(day).as_deref() != Some(by)
            && expected.customer(day).as_deref() == Some(customer)
            && self.undoing().is_none()
    }

    /// Whether a customer may move in.
    pub fn may_move_in(&self, day: Instant, customer: &str, now: Instant) -> bool {
        MOVE_DAYS.contains(&days(now, day))
            && !self.is_taken(Kind::MoveIn, day, false)
            && self.expected().customer(day).as_deref() != Some(customer)
            && self.undoing().is_none()
    }

    /// Whether a supply may end, or its customer may move out.
    pub fn may_end(&self, kind: Kind, by: &str, day: Instant, now: Instant) -> bool {
        self.supplier(now).is_some()
            && !self.is_taken(Kind::MoveIn, day, false)
            && !self.is_taken(Kind::MoveOut, day, false)
            && self.undoing().is_none()
            && if kind == Kind::End { self.may_end_supply(by, day, now) } else { self.may_move_out(by, day, now) }
    }

    /// Its own until the day; or so as long as what is to replace it before may be taken back.
    fn may_end_supply(&self, by: &str, day: Instant, now: Instant) -> bool {
        let all_done = self.expected();
        let (there, expected) = (self.supplier(day - 1), all_done.supplier(day - 1));
        let ends = |it: &Wish| it.by == by || all_done.wish(&it.id).state != State::Gone;
        let is_open = |it: &&Wish| it.state == State::Open;
        let mut open = self.wishes.iter().filter(is_open);
        let of_another = |it: &Wish| it.kind == Kind::Change && it.by != by && it.at <= day;
        day >= now
            && expected.is_some()
            && (expected.as_deref() == Some(by) || there.as_deref() == Some(by))
            && self.begins(day).is_none_or(|begins| begins == by)
            && !self.wishes.iter().filter(is_open).any(|it| it.kind == Kind::End && ends(it))
            && !open.any(|it| of_another(it) && now >= it.at - NOTICE)
            && !self.wishes.iter().any(|it| it.is_ahead() && it.kind == Kind::Forced && it.whom == by)
    }

    fn may_move_out(&self, by: &str, day: Instant, now: Instant) -> bool {
        let expected = self.expected();
        MOVE_DAYS.contains(&days(now, day))
            && expected.supplier(day - 1).as_deref() == Some(by)
            && expected.begins(day).is_none_or(|begins| begins == by)
            && expected.consumer(day - 1).is_some()
    }

    /// Whether a supplier may have another balance responsible party.
    pub fn may_be_responsible(&self, party: &str, by: &str, day: Instant, now: Instant) -> bool {
        let expected = self.expected();
        let asked = |it: &Wish| it.kind == Kind::Balance && it.by == by && it.at == day;
        self.supplier(now).is_some()
            && !self.wishes.iter().any(|it| asked(it) && matches!(it.state, State::Open | State::Done))
            && day >= now
            && expected.supplier(day).as_deref() == Some(by)
            && expected.responsible(by, day).as_deref() != Some(party)
            && self.undoing().is_none()
    }

    /// Whether somebody may take back what was asked for; what was rejected is not known here.
    pub fn may_cancel(&self, id: &str, by: &str, now: Instant) -> bool {
        self.wishes.iter().any(|it| {
            let until = match it.kind {
                Kind::MoveIn => it.at,
                _ => it.at - NOTICE,
            };
            it.id == id && it.by == by && it.is_ahead() && now < until
        })
    }

    /// Whether what has happened on a day may be undone.
    pub fn may_undo(&self, move_was_wrong: bool, by: &str, day: Instant, now: Instant) -> bool {
        let place = |(number, it): (usize, &Wish)| (it.at, it.rank(), number);
        let done = || self.wishes.iter().enumerate().filter(|(_, it)| it.state == State::Done && !it.undone);
        let wrong = || done().filter(|(_, it)| it.is_wrong(move_was_wrong, by, day));
        let last = wrong().map(place).max();
        let left = || wrong().any(|(_, it)| it.kind == Kind::MoveOut);
        last.is_some()
            && self.supplier(now).map_or_else(left, |supplier| supplier == by)
            && days(day, now) <= DAYS_BACK_MAX
            && !done().any(|it| !matches!(it.1.kind, Kind::Undo { .. } | Kind::Balance) && Some(place(it)) > last)
            && self.undoing().is_none()
    }
}

/// From one instant to another, in days of UTC.
fn days(from: Instant, to: Instant) -> Instant {
    to.div_euclid(DAY) - from.div_euclid(DAY)
}

const DAY: Instant = 86_400;
/// A change or an end may be taken back until so long before its day.
const NOTICE: Instant = 72 * 3_600;
/// Days from today within which somebody may move.
const MOVE_DAYS: std::ops::RangeInclusive<Instant> = -16..=60;
/// How many days old a mistake may be.
const DAYS_BACK_MAX: Instant = 60;
