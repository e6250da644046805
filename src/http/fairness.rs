//! Shares: how much of the house one participant may take at a time, so that none can slow another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, Problem};
use crate::market::Party;

/// What each participant uses right now. Entries come and go with requests, so there are as many as callers.
pub struct Fairness {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    bodies_bytes: usize,
    parties: HashMap<Party, PartyUse>,
}

struct PartyUse {
    requests: usize,
    bodies_bytes: usize,
    /// Its documents take turns on these.
    turns: Arc<Semaphore>,
    /// Requests that may begin now; refilled as time passes.
    tokens: f64,
    refilled: Instant,
}

/// One request's share; given back when dropped.
pub struct Share {
    fairness: Arc<Fairness>,
    party: Party,
    bodies_bytes: usize,
    turns: Arc<Semaphore>,
    turn: Option<OwnedSemaphorePermit>,
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
            requests: 0,
            bodies_bytes: 0,
            turns: Arc::new(Semaphore::new(self.limits.party_documents_max)),
            tokens: rate.unwrap_or(0.0),
            refilled: now,
        };
        let mine = used.parties.entry(party.clone()).or_insert_with(fresh);
        if mine.requests >= self.limits.party_requests_max {
            return Err(too_many(&format!(
                "{} of your requests are being answered, which is the most at a time.",
                mine.requests
            )));
        }
        if let Some(rate) = rate {
            let seconds = now.saturating_duration_since(mine.refilled).as_secs_f64();
            mine.tokens = (mine.tokens + seconds * rate).min(rate);
            mine.refilled = now;
            if mine.tokens < 1.0 {
                return Err(too_many(&format!("More than {rate} requests in a second.")));
            }
            mine.tokens -= 1.0;
        }
        mine.requests += 1;
        let turns = Arc::clone(&mine.turns);
        Ok(Share { fairness: Arc::clone(self), party: party.clone(), bodies_bytes: 0, turns, turn: None })
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Waits until few enough documents of the participant are being taken in; in order of arrival.
    pub async fn turn(&mut self) {
        if self.turn.is_none() {
            self.turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        }
    }

    /// Takes memory for `bytes` more of the request's body.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let limits = &self.fairness.limits;
        let mut used = self.fairness.lock();
        if used.bodies_bytes + bytes > limits.bodies_bytes_max {
            return Err(Problem::busy("Too much is being sent to us at this moment. Try again."));
        }
        let mine = used.parties.get_mut(&self.party).expect("a share's party is on the list");
        if mine.bodies_bytes + bytes > limits.party_bodies_bytes_max {
            return Err(too_many("The documents that you are sending at this moment are too large together."));
        }
        mine.bodies_bytes += bytes;
        used.bodies_bytes += bytes;
        self.bodies_bytes += bytes;
        Ok(())
    }
}

impl Share {
    /// Does the work in a task of its own, which holds this share: what was begun is brought to its end, also when the
    /// client hangs up halfway. A panic in it goes on in the caller.
    pub async fn during<T: Send + 'static>(self, work: impl Future<Output = T> + Send + 'static) -> T {
        let task = tokio::spawn(async move {
            let _share = self;
            work.await
        });
        task.await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.fairness.lock();
        used.bodies_bytes -= self.bodies_bytes;
        let Some(mine) = used.parties.get_mut(&self.party) else { return };
        mine.requests -= 1;
        mine.bodies_bytes -= self.bodies_bytes;
        // With a rate to keep, the tokens must outlive the request.
        if mine.requests == 0 && self.fairness.limits.party_requests_per_second_max.is_none() {
            used.parties.remove(&self.party);
        }
    }
}

fn too_many(message: &str) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).with(RETRY_AFTER, "1")
}

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

    #[tokio::test]
    async fn documents_of_one_participant_take_turns_and_those_of_another_do_not_wait() {
        let house = fairness(Limits { party_documents_max: 1, ..Limits::default() });
        let now = Instant::now();
        let [mut first, mut second, mut other] = ["1", "1", "2"].map(|it| house.admit(&party(it), now).unwrap());
        first.turn().await;
        first.turn().await;
        other.turn().await;
        assert!(second.turn().now_or_never().is_none(), "the first has not come to its end");
        drop(first);
        second.turn().await;
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
