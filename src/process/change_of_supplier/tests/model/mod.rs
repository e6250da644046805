//! A market of a few accounting points in a few pages, for tests: it is written from the market's text alone and calls nothing of
//! what it is compared with.
//!
//! Whatever has been asked for or ordered is a [`Wish`]. What has come true is told anew from the beginning whenever somebody asks
//! who supplies or consumes; so what is undone is simply left out of the story. What is accepted is in [`may`], what happens to
//! wishes in [`happens`], what an operator orders in [`orders`].
//!
//! Source: market-roles 2.2.3, 2.3, 2.4, 2.5.3, 2.6 to 2.10, 2.14; where it is silent, `message-specs/divergences.md`.

mod happens;
mod may;
mod orders;

pub use orders::Takeover;

use std::collections::BTreeMap;

/// Seconds.
pub type Instant = i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Change,
    MoveIn,
    End,
    MoveOut,
    Forced,
    /// Another balance responsible party.
    Balance,
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
    /// The transaction that asked for it, or the order.
    pub id: String,
    pub kind: Kind,
    pub at: Instant,
    /// Who asked; of what was ordered, for whom.
    pub by: String,
    /// The customer; of a forced change whose supply it takes over; the balance responsible party.
    pub whom: String,
    pub state: State,
    /// Of a change: the move-in of the customer who has agreed to it.
    pub agreed: Option<String>,
    /// It came true and was undone.
    pub undone: bool,
    /// Of a move-out on whose day somebody moves in: the supply passes to whoever that is with.
    pub supply_stays: bool,
    /// Of a forced change: whoever it concerns has been told.
    pub known: bool,
    /// Of an undoing that the former supplier is asked about: until when.
    pub patience: Option<Instant>,
}

impl Wish {
    pub fn new(kind: Kind, id: &str, by: &str, at: Instant, whom: &str) -> Self {
        let (id, by, whom) = (id.to_string(), by.to_string(), whom.to_string());
        let (state, agreed, patience) = (State::Open, None, None);
        let (undone, supply_stays, known) = (false, false, false);
        Self { id, kind, at, by, whom, state, agreed, undone, supply_stays, known, patience }
    }

    /// Whether it has yet to happen.
    pub fn is_ahead(&self) -> bool {
        matches!(self.state, State::Open | State::Held(_))
    }

    pub fn is_end(&self) -> bool {
        matches!(self.kind, Kind::End | Kind::MoveOut)
    }

    /// Whether somebody is to supply with it.
    pub fn brings(&self) -> bool {
        matches!(self.kind, Kind::Change | Kind::MoveIn | Kind::Forced)
    }

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
            Kind::Forced => 3,
            Kind::Balance => 4,
            Kind::Undo { .. } => 5,
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
    /// Forced changes of which it is to be asked again whether they come about.
    doubtful: Vec<String>,
    /// It looks ahead, and decides nothing.
    foresees: bool,
    /// The changes that have ended a supply, with whose.
    losses: Vec<(String, String)>,
}

/// From each instant on what somebody wished, or nothing: an id, which of what was so in the beginning is empty.
type Steps = BTreeMap<Instant, Option<String>>;

fn at(steps: &Steps, instant: Instant) -> Option<&String> {
    steps.range(..=instant).next_back().and_then(|(_, wish)| wish.as_ref())
}

/// Something begins, until the next that begins.
fn begin(steps: &mut Steps, wish: &Wish) {
    let next = steps.range(wish.at + 1..).find(|(_, wish)| wish.is_some()).map_or(Instant::MAX, |(at, _)| *at);
    steps.retain(|at, _| *at <= wish.at || *at >= next);
    steps.insert(wish.at, Some(wish.id.clone()));
}

impl Model {
    pub fn new(supplier: &str, customer: &str, begins: Instant) -> Self {
        let (first_supplier, first_customer) = (supplier.to_string(), customer.to_string());
        let (wishes, told, losses, doubtful) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { first_supplier, first_customer, begins, wishes, told, losses, doubtful, foresees: false }
    }

    fn left(&self) -> impl Iterator<Item = &Wish> {
        self.told.iter().map(|id| self.wish(id)).filter(|wish| !wish.undone)
    }

    /// With which wishes there is a supply, and a consumer.
    fn story(&self) -> (Steps, Steps) {
        let mut supply = Steps::from([(self.begins, Some(String::new()))]);
        let mut consumption = supply.clone();
        for wish in self.left() {
            let supplies = |steps: &Steps| at(steps, wish.at).is_some_and(|id| self.by(id) == wish.by);
            if wish.brings() && !supplies(&supply) {
                begin(&mut supply, wish);
            }
            if wish.kind == Kind::MoveIn {
                begin(&mut consumption, wish);
            }
            if wish.kind == Kind::MoveOut && at(&consumption, wish.at).is_some() {
                consumption.insert(wish.at, None);
            }
            if wish.is_end() && !wish.supply_stays && supplies(&supply) {
                supply.insert(wish.at, None);
            }
        }
        (supply, consumption)
    }

    /// With whom a supply is.
    fn by(&self, id: &str) -> &str {
        if id.is_empty() { &self.first_supplier } else { &self.wish(id).by }
    }

    pub fn supplier(&self, instant: Instant) -> Option<String> {
        at(&self.story().0, instant).map(|id| self.by(id).to_string())
    }

    /// Whoever supplied last before an instant.
    pub fn last_supplier(&self, instant: Instant) -> Option<String> {
        self.story().0.range(..instant).rev().find_map(|(_, id)| id.clone()).map(|id| self.by(&id).to_string())
    }

    /// Who has lost a supply to a change, and when, where that holds: not where it has ended its supply before, in hindsight.
    pub fn losers(&self) -> Vec<(&str, Instant)> {
        let losses = self.losses.iter().map(|(id, loser)| (&**loser, self.wish(id)));
        let holds =
            |(loser, wish): &(&str, &Wish)| !wish.undone && self.supplier(wish.at - 1).as_deref() == Some(*loser);
        losses.filter(holds).map(|(loser, wish)| (loser, wish.at)).collect()
    }

    /// Whoever begins to supply at an instant.
    pub fn begins(&self, instant: Instant) -> Option<String> {
        self.story().0.get(&instant).cloned().flatten().map(|id| self.by(&id).to_string())
    }

    /// The transaction that somebody moved in with; nothing said of the first customer.
    pub fn consumer(&self, instant: Instant) -> Option<String> {
        at(&self.story().1, instant).cloned()
    }

    pub fn customer(&self, instant: Instant) -> Option<String> {
        let id = self.consumer(instant)?;
        Some(if id.is_empty() { self.first_customer.clone() } else { self.wish(&id).whom.clone() })
    }

    /// Who is balance responsible for what a supplier supplies.
    pub fn responsible(&self, supplier: &str, instant: Instant) -> Option<String> {
        let mut steps = Steps::new();
        self.left().filter(|it| it.kind == Kind::Balance && it.by == supplier).for_each(|it| begin(&mut steps, it));
        at(&steps, instant).map(|id| self.wish(id).whom.clone())
    }

    pub fn wish(&self, id: &str) -> &Wish {
        self.wishes.iter().find(|it| it.id == id).expect("it was asked for")
    }

    /// Whether it was asked for, accepted, and has come true.
    pub fn is_done(&self, id: &str) -> bool {
        self.wishes.iter().any(|it| it.id == id && it.state == State::Done)
    }

    /// As it will be if nothing comes between.
    pub fn expected(&self) -> Self {
        let mut expected = Self { foresees: true, ..self.clone() };
        expected.catch_up(Instant::MAX);
        expected
    }

    pub fn undoing(&self) -> Option<&Wish> {
        self.wishes.iter().find(|it| matches!(it.kind, Kind::Undo { .. }) && it.state == State::Open)
    }
}
