//! Shares: how much of the house one participant may take at a time, so that none can slow another.
//!
//! Whoever sends as fast as it can may have nearly all of the house while nobody else is there, and less while others come now and
//! then. As soon as somebody comes who asks for little, of what it asks few things are worked on at a time: it loses speed, and
//! the other hardly any.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::quiet::Quiet;
use super::{Limits, Problem};
use crate::market::Party;

/// What each participant uses right now. Entries come and go with requests, or a little later, so there are as many as callers.
pub struct Fairness {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    bodies_bytes: usize,
    requests: Requests,
    parties: HashMap<Party, PartyUse>,
    quiet: Quiet,
}

/// How many requests are under way, and how long one takes.
#[derive(Default)]
struct Requests {
    under_way: usize,
    /// Of those that have ended, the latest weigh most.
    each_took: Option<Duration>,
}

struct PartyUse {
    requests: Requests,
    bodies_bytes: usize,
    turns: Arc<Turns>,
    /// Of its requests, those that have a turn or wait for one: a poll that waits for post is none of them.
    wanting: usize,
    /// When it last wanted more turns at once than whoever asks for little.
    crowded: Option<Instant>,
    /// Requests that may begin now; refilled as time passes.
    tokens: f64,
    refilled: Instant,
}

/// What one participant's requests take turns on.
struct Turns {
    alone: Arc<Semaphore>,
    lately: Arc<Semaphore>,
    beside: Arc<Semaphore>,
}

/// Something of a participant's that is worked on, or waits for that. It ends when dropped.
pub struct Turn {
    fairness: Arc<Fairness>,
    party: Party,
    permit: Option<OwnedSemaphorePermit>,
}

/// One request's share; given back when dropped.
pub struct Share {
    fairness: Arc<Fairness>,
    party: Party,
    bodies_bytes: usize,
    began: Instant,
    turns: Arc<Turns>,
    turn: Option<Turn>,
}

impl Requests {
    fn begin(&mut self) {
        self.under_way += 1;
    }

    fn end(&mut self, took: Duration) {
        self.under_way -= 1;
        self.each_took = Some(self.each_took.map_or(took, |before| (before * 7 + took) / 8));
    }

    /// When one of them will have ended, as far as can be told.
    fn next_ends_in(&self) -> Duration {
        let all = self.each_took.unwrap_or_default();
        all / u32::try_from(self.under_way.max(1)).unwrap_or(u32::MAX)
    }
}

impl PartyUse {
    fn is_crowded(&self, now: Instant) -> bool {
        self.crowded.is_some_and(|at| now.saturating_duration_since(at) < QUIET_STAYS)
    }
}

impl Turns {
    fn new(limits: &Limits) -> Self {
        let [alone, lately, beside] = [usize::MAX, LATELY_MAX, limits.party_beside_max]
            .map(|most| Arc::new(Semaphore::new(most.min(limits.party_documents_max))));
        Self { alone, lately, beside }
    }
}

impl Fairness {
    pub fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    /// A share for one more request of `party`, or the reason why it must wait.
    pub fn admit(self: &Arc<Self>, party: &Party, now: Instant) -> Result<Share, Problem> {
        let mut used = self.lock();
        let rate = self.limits.party_requests_per_second_max.map(f64::from);
        let fresh = || PartyUse {
            requests: Requests::default(),
            bodies_bytes: 0,
            turns: Arc::new(Turns::new(&self.limits)),
            wanting: 0,
            crowded: None,
            tokens: rate.unwrap_or(0.0),
            refilled: now,
        };
        let mine = used.parties.entry(party.clone()).or_insert_with(fresh);
        if mine.requests.under_way >= self.limits.party_requests_max {
            let under_way = mine.requests.under_way;
            let message = format!("{under_way} of your requests are being answered, which is the most at a time.");
            return Err(Problem::too_many(&message, mine.requests.next_ends_in()));
        }
        if let Some(rate) = rate {
            let seconds = now.saturating_duration_since(mine.refilled).as_secs_f64();
            mine.tokens = (mine.tokens + seconds * rate).min(rate);
            mine.refilled = now;
            if mine.tokens < 1.0 {
                let refilled_in = Duration::try_from_secs_f64((1.0 - mine.tokens) / rate).unwrap_or(Duration::MAX);
                return Err(Problem::too_many(&format!("More than {rate} requests in a second."), refilled_in));
            }
            mine.tokens -= 1.0;
        }
        mine.requests.begin();
        let turns = Arc::clone(&mine.turns);
        used.requests.begin();
        let (fairness, party) = (Arc::clone(self), party.clone());
        Ok(Share { fairness, party, bodies_bytes: 0, began: now, turns, turn: None })
    }

    /// One more turn that is wanted, and those among which it waits.
    fn wants_turn(self: &Arc<Self>, party: &Party, turns: &Turns, now: Instant) -> (Turn, Arc<Semaphore>) {
        let used = &mut *self.lock();
        if let Some(mine) = used.parties.get_mut(party) {
            mine.wanting += 1;
            if mine.wanting > self.limits.party_beside_max {
                mine.crowded = Some(now);
            }
            if !mine.is_crowded(now) {
                used.quiet.comes(party, now);
            }
        }
        let turns = match used.quiet.another_came(party, now) {
            Some(before) if before < QUIET_STAYS => &turns.beside,
            Some(before) if before < VISITS_APART => &turns.lately,
            _ => &turns.alone,
        };
        (Turn { fairness: Arc::clone(self), party: party.clone(), permit: None }, Arc::clone(turns))
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Waits until few enough of the participant's requests are being worked on, and keeps the turn to the end of this one.
    pub async fn turn(&mut self) {
        if self.turn.is_none() {
            self.turn = self.turn_for_a_step().await;
        }
    }

    /// The same for a step of the request that has an end of its own.
    pub async fn turn_for_a_step(&self) -> Option<Turn> {
        let (mut turn, turns) = self.fairness.wants_turn(&self.party, &self.turns, Instant::now());
        turn.permit = Some(turns.acquire_owned().await.ok()?);
        Some(turn)
    }

    /// Takes memory for `bytes` more of the request's body.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let limits = &self.fairness.limits;
        let mut used = self.fairness.lock();
        if used.bodies_bytes + bytes > limits.bodies_bytes_max {
            let message = "Too much is being sent to us at this moment. Try again after the seconds in Retry-After.";
            return Err(Problem::busy(message, used.requests.next_ends_in()));
        }
        let mine = used.parties.get_mut(&self.party).expect("a share's party is on the list");
        if mine.bodies_bytes + bytes > limits.party_bodies_bytes_max {
            let message = "The documents that you are sending at this moment are too large together.";
            return Err(Problem::too_many(message, mine.requests.next_ends_in()));
        }
        mine.bodies_bytes += bytes;
        used.bodies_bytes += bytes;
        self.bodies_bytes += bytes;
        Ok(())
    }
}

impl Share {
    /// Begins the work at once, in a task of its own, which holds this share: what was begun is brought to its end, also when the
    /// client hangs up halfway. A panic in it goes on in the caller.
    pub fn during<T: Send + 'static, W: Future<Output = T> + Send + 'static>(
        self,
        work: W,
    ) -> impl Future<Output = T> + use<T, W> {
        Arc::new(self).lent(work)
    }

    /// The same for one step of a request that holds its share meanwhile, and between its steps may simply be dropped.
    pub fn lent<T: Send + 'static, W: Future<Output = T> + Send + 'static>(
        self: &Arc<Self>,
        work: W,
    ) -> impl Future<Output = T> + use<T, W> {
        let share = Arc::clone(self);
        let task = tokio::spawn(async move {
            let _share = share;
            work.await
        });
        async move { task.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // While the party is still on the list.
        drop(self.turn.take());
        let mut used = self.fairness.lock();
        let took = self.began.elapsed();
        used.bodies_bytes -= self.bodies_bytes;
        used.requests.end(took);
        let Some(mine) = used.parties.get_mut(&self.party) else { return };
        mine.requests.end(took);
        mine.bodies_bytes -= self.bodies_bytes;
        // With a rate to keep, the tokens must outlive the request; and so must what was asked for at once.
        let keeps_rate = self.fairness.limits.party_requests_per_second_max.is_some();
        if mine.requests.under_way == 0 && !keeps_rate && !mine.is_crowded(Instant::now()) {
            used.parties.remove(&self.party);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(mine) = self.fairness.lock().parties.get_mut(&self.party) {
            mine.wanting = mine.wanting.saturating_sub(1);
        }
    }
}

/// So long after it asked for something somebody who asks for little counts as being there.
const QUIET_STAYS: Duration = Duration::from_secs(1);
/// So long after it somebody is expected to come again.
const VISITS_APART: Duration = Duration::from_secs(60);
/// Most documents of one participant that are read and taken in at a time while somebody else may come at any moment.
const LATELY_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    fn party(number: &str) -> Party {
        Party { number: ActorNumber::new(number), role: ActorRole::EnergySupplier }
    }

    fn fairness(limits: Limits) -> Arc<Fairness> {
        Arc::new(Fairness::new(limits))
    }

    #[test]
    fn one_participant_at_its_limit_does_not_stop_another() {
        let house = fairness(Limits { party_requests_max: 2, ..Limits::default() });
        let now = Instant::now();
        let first = house.admit(&party("1"), now).unwrap();
        let _second = house.admit(&party("1"), now).unwrap();
        assert_eq!(house.admit(&party("1"), now).err().unwrap().status, 429);
        assert!(house.admit(&party("2"), now).is_ok());
        drop(first);
        assert!(house.admit(&party("1"), now).is_ok());
    }

    #[test]
    fn whoever_must_come_back_is_told_when_one_of_its_requests_will_have_ended() {
        let house = fairness(Limits { party_requests_max: 2, ..Limits::default() });
        let eight_minutes_ago = Instant::now().checked_sub(Duration::from_secs(480)).unwrap();
        let told = |problem: Problem| problem.headers[0].1.to_str().unwrap().parse::<u64>().unwrap();
        let stays = house.admit(&party("1"), Instant::now()).unwrap();
        let ends = house.admit(&party("1"), Instant::now()).unwrap();
        assert_eq!(told(house.admit(&party("1"), Instant::now()).err().unwrap()), 1, "none has ended yet");
        drop(ends);
        drop(house.admit(&party("1"), eight_minutes_ago).unwrap());
        let _another = house.admit(&party("1"), Instant::now()).unwrap();
        let seconds = told(house.admit(&party("1"), Instant::now()).err().unwrap());
        assert!((30..35).contains(&seconds), "an eighth of eight minutes, and two are under way: {seconds}");
        drop(stays);
    }

    #[tokio::test]
    async fn documents_of_one_participant_take_turns_and_those_of_another_do_not_wait() {
        let house = fairness(Limits { party_documents_max: 1, ..Limits::default() });
        let now = Instant::now();
        let [mut first, mut second, mut other] = ["1", "1", "2"].map(|it| house.admit(&party(it), now).unwrap());
        other.turn().await;
        first.turn().await;
        first.turn().await;
        assert!(second.turn().now_or_never().is_none(), "the first has not come to its end");
        drop(first);
        second.turn().await;
    }

    #[tokio::test]
    async fn who_asks_for_much_takes_turns_beside_whoever_asks_for_little() {
        let house = fairness(Limits { party_documents_max: 8, party_beside_max: 2, ..Limits::default() });
        let now = Instant::now();
        let mut flood: Vec<Share> = (0..8).map(|_| house.admit(&party("flood"), now).unwrap()).collect();
        for share in &mut flood[..4] {
            share.turn().now_or_never().expect("nobody else is there");
        }
        let mut quiet = house.admit(&party("quiet"), Instant::now()).unwrap();
        quiet.turn().now_or_never().expect("few of its requests are under way");
        let turns = flood[4..].iter_mut().filter_map(|share| share.turn().now_or_never()).count();
        assert_eq!(turns, 2, "somebody else is there");
        // What was taken before goes on, and the next of its turns comes when one has ended.
        flood.remove(4);
        flood[6].turn().now_or_never().expect("one of two has ended");
    }

    #[tokio::test]
    async fn polls_that_wait_count_for_nothing_and_bursts_for_much() {
        let house = fairness(Limits { party_beside_max: 2, ..Limits::default() });
        let comes = |number: &str, count: usize| -> Vec<Share> {
            (0..count).map(|_| house.admit(&party(number), Instant::now()).unwrap()).collect()
        };
        let is_beside = || house.lock().quiet.another_came(&party("flood"), Instant::now()).is_some();
        let mut burst = comes("burst", 3);
        house.lock().parties.get_mut(&party("burst")).unwrap().crowded = Some(Instant::now());
        burst[0].turn().await;
        assert!(!is_beside(), "a moment ago it asked for much");
        let polls = comes("polls", 5);
        assert!(!is_beside(), "they wait for post");
        drop(polls[0].turn_for_a_step().await.unwrap());
        assert!(is_beside(), "one of them has woken up");
        assert_eq!(house.lock().parties[&party("polls")].wanting, 0);
        drop((burst, polls));
        let left: Vec<Party> = house.lock().parties.keys().cloned().collect();
        assert_eq!(left, [party("burst")], "it is known for a little longer");
    }

    #[tokio::test]
    async fn somebody_who_comes_now_and_then_is_left_some_room() {
        let house = fairness(Limits::default());
        let now = Instant::now();
        let flood = house.admit(&party("flood"), now).unwrap();
        let turns = |at| house.wants_turn(&party("flood"), &flood.turns, at).1.available_permits();
        assert_eq!(turns(now), 256);
        let visitor = house.admit(&party("visitor"), now).unwrap();
        visitor.turn_for_a_step().await.unwrap();
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert_eq!([after(0), after(2), after(59), after(61)].map(turns), [2, 32, 32, 256]);
    }

    #[test]
    fn memory_is_shared_out_and_given_back() {
        let house = fairness(Limits { party_bodies_bytes_max: 100, bodies_bytes_max: 150, ..Limits::default() });
        let now = Instant::now();
        let mut first = house.admit(&party("1"), now).unwrap();
        assert!(first.grow(100).is_ok());
        assert_eq!(first.grow(1).unwrap_err().status, 429);
        let mut second = house.admit(&party("2"), now).unwrap();
        assert_eq!(second.grow(51).unwrap_err().status, 503);
        drop(first);
        assert!(second.grow(51).is_ok());
        drop(second);
        assert!(house.lock().parties.is_empty());
        assert_eq!(house.lock().bodies_bytes, 0);
    }

    #[test]
    fn a_rate_is_kept_on_average_over_a_second() {
        let house = fairness(Limits { party_requests_per_second_max: Some(10), ..Limits::default() });
        let start = Instant::now();
        let admitted =
            |at: u64| (0..20).filter(|_| house.admit(&party("1"), start + Duration::from_millis(at)).is_ok()).count();
        assert_eq!((admitted(0), admitted(0), admitted(500), admitted(10_000)), (10, 0, 5, 10));
    }
}
