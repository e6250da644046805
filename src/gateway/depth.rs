//! How many documents wait in the queues of each category, and since when (post-office 6.5), for `/metrics`.
//!
//! A counter in the store would be one record that every decision writes. So the queues are gone through once when the gateway
//! opens, in small pieces and at leisure, while whatever joins or leaves them is counted as it happens; until that has come to its
//! end there is no figure. Nothing is counted twice or left out: what a commit behind the beginning brings is counted when that
//! commit is told, and only what stood there before is counted on the way; and whoever takes a document from its place says so
//! first, so that it is passed over, or known to have been counted.
//!
//! The oldest of a category is the oldest of its queues' first documents. They are looked at when the figures are asked for, again at the
//! earliest after [`OLDEST_KNOWN_FOR`]: a look-up for each queue in which something waits, however long it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Fault, Gateway, PAGE_RECORDS, delivery, figures};
use crate::document::Category;
use crate::market::Timestamp;
use crate::post_office;
use crate::record::{Batch, Change, Key, KeyRange, Outcome};
use crate::store::{self, Store};

#[derive(Default)]
pub(super) struct Depth {
    state: Mutex<State>,
    oldest: Mutex<Option<(Instant, Oldest)>>,
    /// Documents in quarantine.
    aside: AtomicI64,
}

/// When the oldest document of each category was enqueued; those in which nothing waits are not in it.
pub type Oldest = HashMap<Category, Timestamp>;

#[derive(Default)]
struct State {
    /// The commit behind which everything is counted as it happens.
    begun: Option<u64>,
    /// The place through which the queues have been gone through since.
    through: Option<Key>,
    done: bool,
    counts: HashMap<Category, u64>,
    /// Places that somebody is about to leave.
    leaving: HashMap<Key, Leaving>,
}

#[derive(Default)]
struct Leaving {
    /// How many commits that would take the document away are on their way; one of them succeeds at most.
    commits: u32,
    counted: bool,
    /// Whether it was seen on the way, and not counted because it was about to leave.
    passed_over: bool,
    gone: bool,
}

impl Depth {
    /// What a batch takes out of queues: to be said before it is submitted, and answered with [`Depth::left`].
    pub fn leaving(&self, changes: &[Change]) -> Vec<Key> {
        let places: Vec<Key> = post_office::left(changes).cloned().collect();
        if !places.is_empty() {
            let mut state = self.state();
            places.iter().for_each(|place| state.leaves(place));
        }
        places
    }

    /// Counts what stands aside as the gateway opens, before anything changes.
    pub fn count_aside(&self, store: &dyn Store) -> Result<(), Fault> {
        let range = post_office::quarantine_range();
        let records = store::records(store, &range, PAGE_RECORDS);
        let aside = records.map(|record| record.map(|_| 1).map_err(Fault::store(DOING))).sum::<Result<_, _>>()?;
        self.aside.store(aside, Ordering::Relaxed);
        Ok(())
    }

    /// So many more documents stand aside since.
    pub fn moved_aside(&self, documents: i64) {
        self.aside.fetch_add(documents, Ordering::Relaxed);
    }

    /// What became of that batch: whether the documents have left.
    pub fn left(&self, places: &[Key], gone: bool) {
        if !places.is_empty() {
            let mut state = self.state();
            places.iter().for_each(|place| state.has_left(place, gone));
        }
    }

    /// What a commit has brought, in the order of commits.
    pub fn joined(&self, commit: u64, documents: &[Category]) {
        if !documents.is_empty() {
            let mut state = self.state();
            if state.begun.is_some_and(|begun| commit > begun) {
                documents.iter().for_each(|category| *state.counts.entry(*category).or_default() += 1);
            }
        }
    }

    /// Begins to count anew with the commit that is told at this moment.
    pub(super) fn begin(&self, commit: u64) {
        let mut state = self.state();
        let leaving = std::mem::take(&mut state.leaving);
        *state = State { begun: Some(commit), leaving, ..State::default() };
        for (place, leaving) in &mut state.leaving {
            // What can be seen is told a moment later, so it may have come behind this commit.
            let counted = of(place).is_some_and(|(_, came)| came > commit);
            (leaving.counted, leaving.passed_over) = (counted, false);
        }
    }

    /// Goes through some more places. Returns whether that was all.
    pub(super) fn count_some(&self, store: &dyn Store, places: usize) -> Result<bool, Fault> {
        let mut state = self.state();
        let Some(begun) = state.begun.filter(|_| !state.done) else { return Ok(true) };
        // With the state held, so that nobody says in between that a document leaves.
        let range = post_office::all_queues_range();
        let page = store.page(&range, state.through.as_ref(), places).map_err(Fault::store(DOING))?;
        for (place, _) in &page.records {
            let (category, commit) = of(place).ok_or(Fault::Unreadable { what: "a place in a queue" })?;
            match state.leaving.get_mut(place) {
                _ if commit > begun => {}
                Some(leaving) => leaving.passed_over = true,
                None => *state.counts.entry(category).or_default() += 1,
            }
        }
        state.through = page.records.into_iter().next_back().map(|(place, _)| place).or(state.through.take());
        state.done = !page.more;
        Ok(state.done)
    }

    /// How many documents wait in a category; `None` until all have been counted.
    pub fn documents(&self, category: Category) -> Option<u64> {
        let state = self.state();
        state.done.then(|| state.counts.get(&category).copied().unwrap_or(0))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leaves(&mut self, place: &Key) {
        let counted = self.has_passed(place) || self.came_later(place);
        let new = || Leaving { counted, ..Leaving::default() };
        self.leaving.entry(place.clone()).or_insert_with(new).commits += 1;
    }

    fn has_left(&mut self, place: &Key, gone: bool) {
        let Some(leaving) = self.leaving.get_mut(place) else { return };
        leaving.commits -= 1;
        if gone {
            leaving.gone = true;
            if std::mem::take(&mut leaving.counted) {
                self.change(place, |count| count.saturating_sub(1));
            }
        }
        if let Some(Leaving { commits: 0, passed_over, gone, .. }) = self.leaving.get(place) {
            if *passed_over && !gone {
                self.change(place, |count| count + 1);
            }
            self.leaving.remove(place);
        }
    }

    fn change(&mut self, place: &Key, to: impl FnOnce(u64) -> u64) {
        if let Some((category, _)) = of(place) {
            let count = self.counts.entry(category).or_default();
            *count = to(*count);
        }
    }

    fn has_passed(&self, place: &Key) -> bool {
        self.done || self.through.as_ref().is_some_and(|through| place <= through)
    }

    /// Whether it was counted when it came.
    fn came_later(&self, place: &Key) -> bool {
        self.begun.is_some_and(|begun| of(place).is_some_and(|(_, commit)| commit > begun))
    }
}

/// The category of a place, and the commit that brought the document that stands there.
fn of(place: &Key) -> Option<(Category, u64)> {
    Some((post_office::queue_of(place)?.1, post_office::position(place)?.0))
}

impl Gateway {
    /// Counts what waits, and keeps that count from then on.
    pub async fn count_the_post(&self) -> Result<(), Fault> {
        self.begin_to_count().await?;
        while !self.depth.count_some(&*self.store, PIECE)? {}
        Ok(())
    }

    /// The same in pieces, while there is nothing better to do; where it fails the log says so, and there is no figure.
    pub fn count_the_post_at_leisure(self: &Arc<Self>) {
        let gateway = Arc::downgrade(self);
        tokio::spawn(async move {
            let Some(begins) = gateway.upgrade() else { return };
            let mut done = begins.begin_to_count().await.map(|()| false);
            drop(begins);
            while let Ok(false) = done {
                tokio::time::sleep(PAUSE).await;
                let Some(gateway) = gateway.upgrade() else { return };
                let some = move || gateway.depth.count_some(&*gateway.store, PIECE);
                done = tokio::task::spawn_blocking(some).await.unwrap_or(Err(Fault::Stopping));
            }
            if let Err(fault) = done {
                tracing::error!(error = &fault as &dyn std::error::Error, "failed to count what waits in the queues");
            }
        });
    }

    /// Commits nothing, to learn between which two commits counting begins.
    async fn begin_to_count(&self) -> Result<(), Fault> {
        let (done, begun) = oneshot::channel();
        let depth = self.depth.clone();
        let tell = move |outcome| {
            if let Ok(Outcome::Committed(commit)) = outcome {
                depth.begin(commit);
            }
            drop(done.send(outcome.map(|_| ())));
        };
        self.store.submit(Batch::default(), Box::new(tell));
        begun.await.map_err(|_| Fault::Stopping)?.map_err(Fault::store(DOING))
    }

    /// How many documents wait in a category; `None` until all have been counted.
    pub fn documents_waiting(&self, category: Category) -> Option<u64> {
        self.depth.documents(category)
    }

    /// When the oldest waiting document of each category was enqueued.
    pub fn oldest_waiting(&self) -> Result<Oldest, Fault> {
        let all = post_office::all_queues_range();
        let (mut rest, mut oldest) = (all.clone(), Oldest::new());
        loop {
            let page = self.store.page(&rest, None, 1).map_err(Fault::store(DOING))?;
            let Some((place, entry)) = page.records.into_iter().next() else { return Ok(oldest) };
            let queue = post_office::queue_of(&place).ok_or(Fault::Unreadable { what: "a place in a queue" })?;
            let enqueued = delivery::waiting(&entry)?.enqueued;
            let known = oldest.entry(queue.1).or_insert(enqueued);
            *known = enqueued.min(*known);
            rest = KeyRange { from: post_office::queue_range(&queue.0, queue.1).to, to: all.to.clone() };
        }
    }

    /// Puts what waits into the figures, as far as it is known.
    pub async fn tell_what_waits(self: &Arc<Self>) -> Result<(), Fault> {
        let known = self.depth.oldest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let oldest = match known.filter(|(looked, _)| looked.elapsed() < OLDEST_KNOWN_FOR) {
            Some((_, oldest)) => oldest,
            None => {
                let gateway = self.clone();
                let look = tokio::task::spawn_blocking(move || gateway.oldest_waiting());
                let oldest = look.await.map_err(|_| Fault::Stopping)??;
                let mut known = self.depth.oldest.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((Instant::now(), oldest.clone()));
                oldest
            }
        };
        figures::stand_aside(self.depth.aside.load(Ordering::Relaxed));
        for category in Category::ALL {
            figures::waits(category, self.documents_waiting(category), oldest.get(&category).copied(), self.now());
        }
        Ok(())
    }
}

const DOING: &str = "count what waits in the queues";
/// Places gone through at a time. Whoever wants to dequeue waits meanwhile, a fraction of a millisecond.
const PIECE: usize = 50;
const PAUSE: Duration = Duration::from_millis(1);
/// How long it is not looked again since when something waits.
const OLDEST_KNOWN_FOR: Duration = Duration::from_secs(10);
