//! A market of a few accounting points in a page, for tests: it is written from the market's text alone and calls nothing of what
//! it is compared with.
//!
//! Whatever has been asked for is a [`Wish`]. What has come true is told anew from the beginning whenever somebody asks who
//! supplies or consumes; so what is undone is simply left out of the story. Source: market-roles 2.2.3, 2.4, 2.5.3, 2.6 to
//! 2.8, 2.14.

use std::collections::BTreeMap;

/// Seconds.
pub type Instant = i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Change,
    MoveIn,
    End,
    MoveOut,
    /// That a change was wrong (D07), or that a move was (D33).
    Undo {
        move_was_wrong: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Open,
    /// Stands still because of another.
    Held(String),
    Done,
    Gone,
}

#[derive(Debug, Clone)]
pub struct Wish {
    /// The transaction that asked for it.
    pub id: String,
    pub kind: Kind,
    pub at: Instant,
    pub by: String,
    pub customer: String,
    pub state: State,
    /// It came true and was undone.
    pub undone: bool,
    /// Of a move-out on whose day somebody moves in: the supply passes to whoever that is with.
    pub supply_stays: bool,
    /// Of an undoing that the former supplier is asked about: until when.
    pub patience: Option<Instant>,
}

impl Wish {
    fn is_undone_by(&self, undoing: &Wish) -> bool {
        let Kind::Undo { move_was_wrong } = undoing.kind else { return false };
        self.is_wrong(move_was_wrong, &undoing.by, undoing.at)
    }

    /// Whether it is what somebody says was wrong: it has come true, and nobody has undone it.
    pub fn is_wrong(&self, move_was_wrong: bool, by: &str, day: Instant) -> bool {
        let is_about = match self.kind {
            Kind::Change => !move_was_wrong,
            Kind::MoveIn | Kind::MoveOut => move_was_wrong,
            _ => false,
        };
        is_about && self.at == day && self.by == by && self.state == State::Done && !self.undone
    }

    /// What happens first on one day: the lowest.
    pub fn rank(&self) -> u8 {
        match self.kind {
            Kind::End | Kind::MoveOut => 0,
            Kind::Change => 1,
            Kind::MoveIn => 2,
            Kind::Undo { .. } => 3,
        }
    }
}

/// One accounting point.
#[derive(Debug, Clone)]
pub struct Model {
    pub first_supplier: String,
    pub first_customer: String,
    pub begins: Instant,
    /// In the order in which they were asked for.
    pub wishes: Vec<Wish>,
    /// What has come true, in the order in which it did.
    told: Vec<String>,
}

/// From each instant on somebody, or nobody.
type Steps = BTreeMap<Instant, Option<String>>;

fn at(steps: &Steps, instant: Instant) -> Option<String> {
    steps.range(..=instant).next_back().and_then(|(_, who)| who.clone())
}

/// Somebody begins, until the next who begins.
fn begin(steps: &mut Steps, from: Instant, who: &str) {
    let next = steps.range(from + 1..).find(|(_, who)| who.is_some()).map_or(Instant::MAX, |(at, _)| *at);
    steps.retain(|at, _| *at <= from || *at >= next);
    steps.insert(from, Some(who.to_string()));
}

impl Model {
    pub fn new(supplier: &str, customer: &str, begins: Instant) -> Self {
        let (first_supplier, first_customer) = (supplier.to_string(), customer.to_string());
        Self { first_supplier, first_customer, begins, wishes: Vec::new(), told: Vec::new() }
    }

    /// Who supplies, and whose wish it was that somebody consumes.
    fn story(&self) -> (Steps, Steps) {
        let mut supply = Steps::from([(self.begins, Some(self.first_supplier.clone()))]);
        let mut consumption = Steps::from([(self.begins, Some(String::new()))]);
        let mut left = Vec::new();
        for id in &self.told {
            let wish = self.wish(id);
            left.extend((!wish.undone).then_some(wish));
        }
        for wish in left {
            let brings = matches!(wish.kind, Kind::Change | Kind::MoveIn);
            if brings && at(&supply, wish.at).as_ref() != Some(&wish.by) {
                begin(&mut supply, wish.at, &wish.by);
            }
            if wish.kind == Kind::MoveIn {
                begin(&mut consumption, wish.at, &wish.id);
            }
            if wish.kind == Kind::MoveOut && at(&consumption, wish.at).is_some() {
                consumption.insert(wish.at, None);
            }
            let ends = matches!(wish.kind, Kind::End | Kind::MoveOut) && !wish.supply_stays;
            if ends && at(&supply, wish.at).as_ref() == Some(&wish.by) {
                supply.insert(wish.at, None);
            }
        }
        (supply, consumption)
    }

    pub fn supplier(&self, instant: Instant) -> Option<String> {
        at(&self.story().0, instant)
    }

    /// The transaction that somebody moved in with; nothing said of the first customer.
    pub fn consumer(&self, instant: Instant) -> Option<String> {
        at(&self.story().1, instant)
    }

    pub fn customer(&self, instant: Instant) -> Option<String> {
        let id = self.consumer(instant)?;
        Some(if id.is_empty() { self.first_customer.clone() } else { self.wish(&id).customer.clone() })
    }

    /// Whoever begins to supply at an instant.
    pub fn begins(&self, instant: Instant) -> Option<String> {
        self.story().0.get(&instant).cloned().flatten()
    }

    pub fn wish(&self, id: &str) -> &Wish {
        self.wishes.iter().find(|it| it.id == id).expect("it was asked for")
    }

    /// Whether it was asked for, accepted, and has come true.
    pub fn is_done(&self, id: &str) -> bool {
        self.wishes.iter().any(|it| it.id == id && it.state == State::Done)
    }

    fn number(&self, id: &str) -> usize {
        self.wishes.iter().position(|it| it.id == id).expect("it was asked for")
    }

    fn set(&mut self, id: &str, state: State) {
        let number = self.number(id);
        self.wishes[number].state = state;
    }

    /// As it will be if nothing comes between.
    pub fn expected(&self) -> Self {
        let mut expected = self.clone();
        for id in expected.due(Instant::MAX) {
            expected.come_true(&id);
        }
        expected
    }

    /// Whether somebody has asked for the same day; of what is done only what was not undone.
    pub fn is_taken(&self, kind: Kind, day: Instant, also_held: bool) -> bool {
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

    pub fn undoing(&self) -> Option<&Wish> {
        self.wishes.iter().find(|it| matches!(it.kind, Kind::Undo { .. }) && it.state == State::Open)
    }

    /// Something is asked for and accepted.
    pub fn ask(&mut self, kind: Kind, id: &str, by: &str, day: Instant, customer: &str, now: Instant) {
        let (id, by, customer) = (id.to_string(), by.to_string(), customer.to_string());
        let wish = Wish {
            id: id.clone(),
            kind,
            at: day,
            by: by.clone(),
            customer,
            state: State::Open,
            undone: false,
            supply_stays: false,
            patience: None,
        };
        if let Kind::Undo { .. } = kind {
            let former = self.without(&wish).supplier(day).filter(|former| *former != by);
            for other in self.wishes.iter_mut().filter(|it| it.state == State::Open) {
                other.state = State::Held(id.clone());
            }
            self.wishes.push(wish);
            let number = self.number(&id);
            match former {
                Some(_) => self.wishes[number].patience = Some(now + PATIENCE),
                None => self.undo(&id, now),
            }
            return;
        }
        if kind == Kind::MoveIn {
            let held = |it: &&mut Wish| it.kind == Kind::Change && it.state == State::Open && it.at >= day;
            self.wishes.iter_mut().filter(held).for_each(|it| it.state = State::Held(id.clone()));
        }
        self.wishes.push(wish);
        if day <= now {
            self.come_true(&id);
        }
    }

    /// What was asked for is withdrawn.
    pub fn withdraw(&mut self, id: &str, now: Instant) {
        let by = match &self.wish(id).state {
            State::Held(by) if self.wish(by).state == State::Open => Some(by.clone()),
            _ => None,
        };
        self.set(id, State::Gone);
        for other in self.wishes.iter_mut().filter(|it| it.state == State::Held(id.to_string())) {
            other.state = by.clone().map_or(State::Open, State::Held);
        }
        self.catch_up(now);
    }

    /// The former supplier agrees, or does not.
    pub fn answer(&mut self, agreed: bool, now: Instant) {
        let Some(id) = self.undoing().map(|it| it.id.clone()) else { return };
        if agreed { self.undo(&id, now) } else { self.withdraw(&id, now) }
    }

    /// As it would be if what somebody says was wrong had not been.
    fn without(&self, undoing: &Wish) -> Self {
        let mut without = self.clone();
        without.wishes.iter_mut().filter(|it| it.is_undone_by(undoing)).for_each(|it| it.undone = true);
        without
    }

    fn undo(&mut self, id: &str, now: Instant) {
        let undoing = self.wish(id).clone();
        let Wish { kind: Kind::Undo { move_was_wrong }, by, .. } = &undoing else { panic!("it is to undo something") };
        let first = self.wishes.iter().position(|it| it.is_undone_by(&undoing)).expect("something is wrong");
        *self = self.without(&undoing);
        let to = self.supplier(undoing.at);
        self.set(id, State::Done);
        let loses = to.as_ref() != Some(by);
        for (number, other) in self.wishes.iter_mut().enumerate() {
            if other.state != State::Held(id.to_string()) {
                continue;
            }
            let wrong_consent = *move_was_wrong && other.kind == Kind::Change && number > first;
            let of_what_is_lost = loses && other.by == *by && matches!(other.kind, Kind::End | Kind::MoveOut);
            other.state = if wrong_consent || of_what_is_lost { State::Gone } else { State::Open };
        }
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

    /// Whatever is open and due, in the order of its days, on one day ends first.
    fn due(&self, by: Instant) -> Vec<String> {
        let mut due: Vec<(usize, &Wish)> =
            self.wishes.iter().enumerate().filter(|(_, it)| self.is_due(it, by)).collect();
        due.sort_by_key(|(number, it)| (it.at, it.rank(), *number));
        due.into_iter().map(|(_, it)| it.id.clone()).collect()
    }

    fn catch_up(&mut self, now: Instant) {
        for id in self.due(now) {
            self.come_true(&id);
        }
    }

    fn come_true(&mut self, id: &str) {
        let Wish { kind, at: day, by, state, .. } = self.wish(id).clone();
        if state != State::Open {
            return;
        }
        let number = self.number(id);
        let announced_after = |earlier: usize, other: &Wish| number > earlier && other.by == by;
        let same_day = |it: &Wish| it.state == State::Open && it.at == day;
        let overtaken = self.wishes.iter().enumerate().any(|(earlier, it)| {
            same_day(it) && matches!(it.kind, Kind::Change | Kind::MoveIn) && !announced_after(earlier, it)
        });
        let is_end = matches!(kind, Kind::End | Kind::MoveOut);
        if kind == Kind::End && overtaken {
            return;
        }
        if is_end && self.supplier(day - 1).as_ref() != Some(&by) {
            self.set(id, State::Gone);
            return;
        }
        if kind == Kind::MoveOut && self.wishes.iter().any(|it| same_day(it) && it.kind == Kind::MoveIn) {
            self.wishes[number].supply_stays = true;
        }
        self.set(id, State::Done);
        self.told.push(id.to_string());
        if is_end {
            return;
        }
        for (later, other) in self.wishes.iter_mut().enumerate() {
            let ends = matches!(other.kind, Kind::End | Kind::MoveOut) && other.state == State::Open && other.at >= day;
            let of_its_own = later > number && other.by == by;
            if ends && !of_its_own || other.state == State::Held(id.to_string()) {
                other.state = State::Gone;
            }
        }
    }
}

/// How long a former supplier may think.
const PATIENCE: Instant = 5 * 86_400;
