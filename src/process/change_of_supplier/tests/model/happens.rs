//! What happens to wishes: they are asked for, taken back, come true, or are undone.

use super::{Instant, Kind, Model, State, Wish};

impl Model {
    fn number(&self, id: &str) -> usize {
        self.wishes.iter().position(|it| it.id == id).expect("it was asked for")
    }

    fn set(&mut self, id: &str, state: State) {
        let number = self.number(id);
        self.wishes[number].state = state;
    }

    /// Something is asked for and accepted.
    pub fn ask(&mut self, wish: Wish, now: Instant) {
        let (id, kind, day) = (wish.id.clone(), wish.kind, wish.at);
        if let Kind::Undo { .. } = kind {
            let former = self.without(&wish).supplier(day).filter(|former| *former != wish.by);
            for other in self.wishes.iter_mut().filter(|it| it.state == State::Open) {
                other.state = State::Held(id.clone());
            }
            self.wishes.push(Wish { patience: former.as_ref().map(|_| now + PATIENCE), ..wish });
            if former.is_none() {
                self.undo(&id, now);
            }
            return;
        }
        if kind == Kind::MoveIn {
            let held = |it: &&mut Wish| it.kind == Kind::Change && it.state == State::Open && it.at >= day;
            self.wishes.iter_mut().filter(held).for_each(|it| it.state = State::Held(id.clone()));
        }
        let agreed = (kind == Kind::Change).then(|| self.expected().consumer(day)).flatten();
        self.wishes.push(Wish { agreed, ..wish });
        if day <= now {
            self.come_true(&id);
            self.catch_up(now);
        }
    }

    /// What was asked for is withdrawn, and with who does not move in now all that this customer alone has agreed to.
    pub fn withdraw(&mut self, id: &str, now: Instant) {
        self.vanish(id);
        let expected = self.expected();
        let (mut lapsed, of_it) = (Vec::new(), |it: &Wish| it.is_ahead() && it.agreed.as_deref() == Some(id));
        for change in self.wishes.iter_mut().filter(|it| of_it(it)) {
            change.agreed = expected.consumer(change.at);
            if expected.customer(change.at).as_ref() != Some(&change.whom) {
                lapsed.push(change.id.clone());
            }
        }
        lapsed.iter().for_each(|id| self.vanish(id));
        self.look_again();
        self.catch_up(now);
    }

    /// It will not happen: what has stood still because of it goes on, unless somebody else moves in of whom a change has not known,
    /// or a reallocation keeps all from happening. A forced change goes on standing by where a move-in has held what it stood by for, and comes before it likewise.
    fn vanish(&mut self, id: &str) {
        let held_by = match &self.wish(id).state {
            State::Held(by) => Some(self.wish(by).clone()),
            _ => None,
        };
        self.set(id, State::Gone);
        let undoing = self.undoing().map(|it| it.id.clone());
        let held_back: Vec<_> = self.wishes.iter().map(|it| self.moved_in_upon(it).map(|it| it.id.clone())).collect();
        for (other, moved_in_upon) in self.wishes.iter_mut().zip(held_back) {
            if other.state != State::Held(id.to_string()) {
                continue;
            }
            let comes_before = |it: &&Wish| {
                let forced_after = other.kind == Kind::Forced && it.at <= other.at && it.by != other.whom;
                it.kind == Kind::MoveIn && it.is_ahead() && forced_after
            };
            let by = held_by.as_ref().filter(comes_before).map(|it| it.id.clone()).or(undoing.clone());
            other.state = moved_in_upon.or(by).map_or(State::Open, State::Held);
            if other.kind == Kind::Forced && other.state == State::Open {
                self.doubtful.push(other.id.clone());
            }
        }
    }

    /// A forced change that nothing holds any more comes about, or not; as long as nobody knows of it, it may stand by for something
    /// else. One whose supply was lost does not, unless it is to be there again.
    fn look_again(&mut self) {
        while !self.foresees && !self.doubtful.is_empty() {
            let mut doubtful = std::mem::take(&mut self.doubtful);
            doubtful.sort_by_key(|id| (self.wish(id).at, self.number(id)));
            let id = doubtful.remove(0);
            self.doubtful = doubtful;
            let wish = self.wish(&id).clone();
            match self.fate(&wish) {
                _ if wish.state != State::Open => {}
                None => self.vanish(&id),
                Some(State::Held(by)) if !wish.known => self.set(&id, State::Held(by)),
                Some(_) => {
                    let number = self.number(&id);
                    self.wishes[number].known = true;
                }
            }
        }
    }

    /// Who is to move in before a change, or on its day, and was not known of when the customer agreed to it.
    fn moved_in_upon(&self, change: &Wish) -> Option<&Wish> {
        let asked = self.number(&change.id);
        let moves = self.wishes[asked..].iter().filter(|it| it.kind == Kind::MoveIn && it.is_ahead());
        moves.filter(|it| change.kind == Kind::Change && it.at <= change.at).min_by_key(|it| it.at)
    }

    /// The former supplier agrees, or does not.
    pub fn answer(&mut self, agreed: bool, now: Instant) {
        let Some(id) = self.undoing().map(|it| it.id.clone()) else { return };
        if agreed { self.undo(&id, now) } else { self.withdraw(&id, now) }
    }

    /// As it would be if what somebody says was wrong had not been.
    pub(super) fn without(&self, undoing: &Wish) -> Self {
        let mut without = self.clone();
        without.wishes.iter_mut().filter(|it| it.is_undone_by(undoing)).for_each(|it| it.undone = true);
        without
    }

    fn undo(&mut self, id: &str, now: Instant) {
        let undoing = self.wish(id).clone();
        let by = &undoing.by;
        let wrong: Vec<_> = self.wishes.iter().filter(|it| it.is_undone_by(&undoing)).map(|it| it.id.clone()).collect();
        assert!(!wrong.is_empty(), "something is wrong");
        *self = self.without(&undoing);
        let loses = self.supplier(undoing.at).as_ref() != Some(by);
        self.set(id, State::Done);
        let mut lapsed = Vec::new();
        for other in self.wishes.iter_mut().filter(|it| it.is_ahead()) {
            let held = other.state == State::Held(id.to_string());
            let wrong_consent = other.agreed.as_ref().is_some_and(|agreed| wrong.contains(agreed));
            let of_what_is_lost = loses && other.by == *by && (other.is_end() || other.kind == Kind::Balance);
            if wrong_consent || held && of_what_is_lost {
                lapsed.push(other.id.clone());
            }
            if held && other.kind == Kind::Forced {
                self.doubtful.push(other.id.clone());
            }
            if held {
                other.state = State::Open;
            }
        }
        lapsed.iter().for_each(|id| self.vanish(id));
        self.look_again();
        self.catch_up(now);
    }

    /// Time passes.
    pub fn pass(&mut self, to: Instant) {
        loop {
            let silent = self.undoing().and_then(|it| it.patience).filter(|until| *until <= to);
            let day = self.wishes.iter().filter(|it| self.is_due(it, to)).map(|it| it.at).min();
            match (silent, day) {
                (Some(until), day) if day.is_none_or(|day| until < day) => self.answer(false, until),
                (_, Some(day)) => self.catch_up(day),
                _ => return,
            }
        }
    }

    fn is_due(&self, wish: &Wish, by: Instant) -> bool {
        wish.state == State::Open && wish.at <= by && !matches!(wish.kind, Kind::Undo { .. })
    }

    /// Whatever is open and due comes true in the order of its days, on one day ends first; and what goes on because of it.
    pub(super) fn catch_up(&mut self, now: Instant) {
        let mut tried = Vec::new();
        loop {
            let due = self.wishes.iter().enumerate().filter(|(_, it)| self.is_due(it, now) && !tried.contains(&it.id));
            let first = due.min_by_key(|(number, it)| (it.at, it.rank(), *number));
            let Some(id) = first.map(|(_, it)| it.id.clone()) else { return };
            self.come_true(&id);
            tried.push(id);
        }
    }

    fn come_true(&mut self, id: &str) {
        let wish = self.wish(id).clone();
        let number = self.number(id);
        let (day, there) = (wish.at, self.supplier(wish.at));
        let same_day = |it: &Wish| it.state == State::Open && it.at == day;
        let announced_after = |earlier: usize, other: &Wish| number > earlier && other.by == wish.by;
        let supplies = self.supplier(day - 1).as_ref() == Some(&wish.by);
        let by_force = |it: &Wish| it.kind == Kind::Forced && it.whom == wish.by && supplies;
        let of_its_own = |it: &Wish| matches!(it.kind, Kind::Change | Kind::MoveIn);
        let mut others = self.wishes.iter().enumerate().filter(|(_, it)| same_day(it));
        let overtaken = match wish.kind {
            Kind::End => others.any(|(earlier, it)| by_force(it) || of_its_own(it) && !announced_after(earlier, it)),
            Kind::MoveOut => {
                others.clone().any(|(_, it)| by_force(it)) && !others.any(|(_, it)| it.kind == Kind::MoveIn)
            }
            _ => false,
        };
        if overtaken {
            return;
        }
        // Nobody else speaks for a customer whose supply has ended before.
        let last = if wish.kind == Kind::MoveOut { self.last_supplier(day) } else { self.supplier(day - 1) };
        let ends_nothing = wish.is_end() && last.as_ref() != Some(&wish.by);
        let takes_nothing = wish.kind == Kind::Forced && there.as_ref() != Some(&wish.whom);
        let answers_for_nothing = wish.kind == Kind::Balance && there.as_ref() != Some(&wish.by);
        if ends_nothing || takes_nothing || answers_for_nothing {
            return self.vanish(id);
        }
        if wish.kind == Kind::MoveOut && self.wishes.iter().any(|it| same_day(it) && it.kind == Kind::MoveIn) {
            self.wishes[number].supply_stays = true;
        }
        self.set(id, State::Done);
        self.told.push(id.to_string());
        let lost = there.filter(|there| self.supplier(day).as_ref() != Some(there));
        if let Some(lost) = lost.as_ref().filter(|_| wish.kind == Kind::Change) {
            self.losses.push((id.to_string(), lost.clone()));
        }
        // The customer who agreed to a change has gone, whoever else moves in as well.
        let leaves = |earlier: usize, it: &Wish| {
            let moved_in = wish.kind == Kind::MoveIn && earlier < number && it.at >= day;
            it.kind == Kind::Change && it.is_ahead() && moved_in
        };
        let is_gone = |(later, other): &(usize, &Wish)| {
            let of_its_own = *later > number && other.by == wish.by;
            // What somebody ends is a supply of its own that has yet to begin, and had when it announced the end.
            let mut before = self.wishes.iter().enumerate().take(*later);
            let begins = |it: &Wish| it.brings() && it.is_ahead() && it.by == other.by && it.at < other.at;
            let of_what_is_ahead = before.any(|(earlier, it)| begins(it) && !leaves(earlier, it));
            let ends = wish.brings() && other.is_end() && other.at >= day && !of_its_own && !of_what_is_ahead;
            let stood_still = other.state == State::Held(id.to_string()) && other.kind != Kind::Forced;
            other.state == State::Open && ends || leaves(*later, other) || stood_still
        };
        let gone = self.wishes.iter().enumerate().filter(is_gone).map(|(_, it)| it.id.clone());
        gone.collect::<Vec<String>>().iter().for_each(|id| self.vanish(id));
        for other in self.wishes.iter_mut().filter(|it| it.kind == Kind::Forced) {
            let stood_by = other.state == State::Held(id.to_string());
            // Whose supply it was to take over does not supply any more.
            let loses = other.state == State::Open && other.at >= day && lost.as_ref() == Some(&other.whom);
            if stood_by || loses {
                other.state = State::Open;
                self.doubtful.push(other.id.clone());
            }
        }
        self.look_again();
    }
}

/// How long a former supplier may think.
const PATIENCE: Instant = 5 * 86_400;
