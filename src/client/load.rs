//! Load: many participants send, peek and dequeue at once, and every answer is accounted for.
//!
//! Each participant sends its documents and, at the same time, takes its own post off its queue until every document is
//! answered. What comes back is compared with what was sent: nothing lost, nothing twice, and, where a participant sends
//! one document after the other, nothing out of order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::task::JoinSet;

use super::{Client, Dequeued, Fault, Sent};

/// Somebody who sends.
pub struct Sender {
    pub client: Client,
    /// Its documents, by number: the bytes, and the id of the one record in it.
    pub document: Box<dyn Fn(u64) -> (Bytes, String) + Send + Sync>,
    /// How many of them it sends.
    pub documents: u64,
}

/// How to load.
pub struct Plan {
    /// Where documents go, such as `requestchangeofpricelist`.
    pub route: String,
    pub senders: Vec<Sender>,
    /// Documents of one participant that are under way at a time. With more than one, order is not looked at.
    pub in_flight: usize,
    /// Documents a second, all participants together; as many as go when it is not given.
    pub rate: Option<f64>,
    /// Nothing more is sent after this long.
    pub duration: Option<Duration>,
    /// Whether the answers are peeked and dequeued, too.
    pub drain: bool,
    /// How long a participant waits for an answer that does not come.
    pub patience: Duration,
}

/// What a load came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// From the first request to the last 202.
    pub sending: Duration,
    /// From the first request to the last dequeue.
    pub whole: Duration,
    pub accepted: u64,
    /// By the code of the error.
    pub refused: BTreeMap<String, u64>,
    pub answered: u64,
    /// Ids of records that were accepted and never answered; a few of them.
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    /// Answered before a record that was accepted earlier.
    pub reordered: Vec<String>,
    pub send: Latency,
    pub peek: Latency,
    pub dequeue: Latency,
}

/// How long requests took, in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    micros: Vec<u32>,
}

/// How far a load has come; shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    pub accepted: AtomicU64,
    pub answered: AtomicU64,
}

impl Report {
    /// Whether everything came back once, and in its order.
    pub fn is_sound(&self) -> bool {
        self.refused.is_empty() && self.lost.is_empty() && self.doubled.is_empty() && self.reordered.is_empty()
    }
}

impl Latency {
    fn add(&mut self, since: Instant) {
        self.micros.push(u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX));
    }

    fn join(&mut self, mut other: Latency) {
        self.micros.append(&mut other.micros);
    }

    fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// The time within which so many of a thousand requests were answered; zero when there were none.
    pub fn per_mille(&self, per_mille: usize) -> Duration {
        let last = self.micros.len().saturating_sub(1);
        let at = (self.micros.len() * per_mille / 1_000).min(last);
        Duration::from_micros(self.micros.get(at).copied().unwrap_or(0).into())
    }
}

/// Runs a plan. A request that fails for good ends it.
pub async fn run(plan: Plan, progress: Arc<Progress>) -> Result<Report, Fault> {
    let started = Instant::now();
    let senders = plan.senders.len().max(1);
    let plan = Arc::new(plan);
    let mut tasks = JoinSet::new();
    for at in 0..plan.senders.len() {
        let (plan, progress) = (plan.clone(), progress.clone());
        let pause = plan.rate.map(|rate| Duration::from_secs_f64(senders as f64 / rate.max(f64::MIN_POSITIVE)));
        tasks.spawn(async move { participant(&plan, &plan.senders[at], pause, started, &progress).await });
    }
    let mut report = Report::default();
    while let Some(done) = tasks.join_next().await {
        let part = done.map_err(|_| Fault::Interrupted)??;
        report.add(part);
    }
    for latency in [&mut report.send, &mut report.peek, &mut report.dequeue] {
        latency.sort();
    }
    Ok(report)
}

impl Report {
    fn add(&mut self, part: Report) {
        self.sending = self.sending.max(part.sending);
        self.whole = self.whole.max(part.whole);
        self.accepted += part.accepted;
        self.answered += part.answered;
        for (code, count) in part.refused {
            *self.refused.entry(code).or_default() += count;
        }
        for (all, some) in
            [(&mut self.lost, part.lost), (&mut self.doubled, part.doubled), (&mut self.reordered, part.reordered)]
        {
            all.extend(some);
            all.truncate(IDS_SHOWN);
        }
        self.send.join(part.send);
        self.peek.join(part.peek);
        self.dequeue.join(part.dequeue);
    }
}

async fn participant(
    plan: &Plan,
    sender: &Sender,
    pause: Option<Duration>,
    started: Instant,
    progress: &Progress,
) -> Result<Report, Fault> {
    let (done, all_sent) = tokio::sync::watch::channel(None);
    let send = async {
        let sent = send_all(plan, sender, pause, started, progress).await;
        let _ = done.send(Some(sent.as_ref().map_or(0, |sent| sent.accepted.len() as u64)));
        sent
    };
    let drain = async {
        if plan.drain { drain(plan, sender, all_sent, started, progress).await } else { Ok(Drained::default()) }
    };
    let (sent, drained) = tokio::join!(send, drain);
    let (sent, drained) = (sent?, drained?);
    let mut report = Report {
        sending: sent.took,
        whole: drained.took.max(sent.took),
        accepted: sent.accepted.len() as u64,
        refused: sent.refused,
        send: sent.latency,
        peek: drained.peek,
        dequeue: drained.dequeue,
        ..Report::default()
    };
    if plan.drain {
        account(&sent.accepted, &drained.answers, plan.in_flight == 1, &mut report);
    }
    Ok(report)
}

#[derive(Default)]
struct SentAll {
    /// Ids of records in the order in which they were accepted.
    accepted: Vec<String>,
    refused: BTreeMap<String, u64>,
    latency: Latency,
    took: Duration,
}

async fn send_all(
    plan: &Plan,
    sender: &Sender,
    pause: Option<Duration>,
    started: Instant,
    progress: &Progress,
) -> Result<SentAll, Fault> {
    let mut all = SentAll::default();
    let beginning = tokio::time::Instant::now();
    let late = || plan.duration.is_some_and(|duration| started.elapsed() >= duration);
    let mut under_way = stream::iter(0..sender.documents)
        .map(|number| async move {
            if let Some(pause) = pause {
                tokio::time::sleep_until(beginning + pause.mul_f64(number as f64)).await;
            }
            if late() {
                return Ok(None);
            }
            let (body, id) = (sender.document)(number);
            let since = Instant::now();
            let sent = sender.client.send(&plan.route, body).await?;
            Ok::<_, Fault>(Some((id, sent, since)))
        })
        .buffered(plan.in_flight.max(1));
    while let Some(sent) = under_way.next().await {
        let Some((id, sent, since)) = sent? else { break };
        all.latency.add(since);
        all.took = started.elapsed();
        match sent {
            Sent::Accepted { .. } => {
                all.accepted.push(id);
                progress.accepted.fetch_add(1, Ordering::Relaxed);
            }
            Sent::Refused(refusal) => *all.refused.entry(refusal.code).or_default() += 1,
        }
    }
    Ok(all)
}

#[derive(Default)]
struct Drained {
    /// Ids of answered records in the order in which they were peeked.
    answers: Vec<String>,
    peek: Latency,
    dequeue: Latency,
    took: Duration,
}

async fn drain(
    plan: &Plan,
    sender: &Sender,
    all_sent: tokio::sync::watch::Receiver<Option<u64>>,
    started: Instant,
    progress: &Progress,
) -> Result<Drained, Fault> {
    let mut drained = Drained::default();
    let mut quiet_since = Instant::now();
    loop {
        let since = Instant::now();
        let Some(message) = sender.client.peek("all").await? else {
            let complete = all_sent.borrow().is_some_and(|sent| drained.answers.len() as u64 >= sent);
            if complete || quiet_since.elapsed() > plan.patience {
                return Ok(drained);
            }
            tokio::time::sleep(EMPTY_PAUSE).await;
            continue;
        };
        drained.peek.add(since);
        let ids = answered_by(&message.body);
        progress.answered.fetch_add(ids.len() as u64, Ordering::Relaxed);
        drained.answers.extend(ids);
        let since = Instant::now();
        if let Dequeued::Refused(refusal) = sender.client.dequeue(&message.id).await? {
            return Err(Fault::Refused { what: "dequeue", refusal: Box::new(refusal) });
        }
        drained.dequeue.add(since);
        drained.took = started.elapsed();
        quiet_since = Instant::now();
    }
}

/// The records that a document answers.
fn answered_by(body: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    let name = memchr::memmem::Finder::new(REFERENCE);
    let mut rest = body;
    while let Some(at) = name.find(rest) {
        rest = &rest[at + REFERENCE.len()..];
        let end = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
        ids.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        // The element's end has the same name.
        rest = rest.get(end + 2 + REFERENCE.len()..).unwrap_or_default();
    }
    ids
}

fn account(accepted: &[String], answers: &[String], in_order: bool, report: &mut Report) {
    let mut times: HashMap<&str, u32> = HashMap::new();
    for id in answers {
        *times.entry(id).or_default() += 1;
    }
    let some = |ids: &mut dyn Iterator<Item = &String>| ids.take(IDS_SHOWN).cloned().collect::<Vec<_>>();
    report.lost = some(&mut accepted.iter().filter(|id| !times.contains_key(id.as_str())));
    report.doubled = some(&mut accepted.iter().filter(|id| times.get(id.as_str()).is_some_and(|times| *times > 1)));
    let place: HashMap<&str, usize> = accepted.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let places: Vec<usize> = answers.iter().filter_map(|id| place.get(id.as_str()).copied()).collect();
    report.answered = places.len() as u64;
    if in_order {
        let before = places.windows(2).filter(|pair| pair[1] < pair[0]).map(|pair| &accepted[pair[1]]);
        report.reordered = before.take(IDS_SHOWN).cloned().collect();
    }
}

const REFERENCE: &[u8] = b"originalTransactionIDReference_MktActivityRecord.mRID>";
/// How long an empty queue is left alone.
const EMPTY_PAUSE: Duration = Duration::from_millis(20);
/// Ids of each kind that a report names.
const IDS_SHOWN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn every_answer_is_accounted_for() {
        let rows = [
            ("a b c", "a b c", true, "", "", ""),
            ("a b c", "a c", true, "b", "", ""),
            ("a b c", "a a b c", true, "", "a", ""),
            ("a b c", "b a c", true, "", "", "a"),
            ("a b c", "b a c", false, "", "", ""),
            ("a", "a somebody-else", true, "", "", ""),
        ];
        for (accepted, answers, in_order, lost, doubled, reordered) in rows {
            let mut report = Report::default();
            account(&ids(accepted), &ids(answers), in_order, &mut report);
            let found = (report.lost.clone(), report.doubled.clone(), report.reordered.clone());
            assert_eq!(found, (ids(lost), ids(doubled), ids(reordered)), "{accepted} | {answers}");
            assert_eq!(report.is_sound(), lost.len() + doubled.len() + reordered.len() == 0);
        }
    }

    #[test]
    fn the_records_of_an_answer_are_read_from_its_bytes() {
        let one = |id: &str| {
            let name = "originalTransactionIDReference_MktActivityRecord.mRID";
            format!("<cim:{name}>{id}</cim:{name}>")
        };
        let body = format!("<a>{}<b/>{}</a>", one("op-1"), one("op-2"));
        assert_eq!(answered_by(body.as_bytes()), ["op-1", "op-2"]);
        assert_eq!(answered_by(b"originalTransactionIDReference_MktActivityRecord.mRID>x"), ["x"]);
        assert_eq!(answered_by(b""), [""; 0]);
    }

    #[test]
    fn latencies_are_told_by_share() {
        let mut latency = Latency { micros: (1..=1_000).rev().collect() };
        latency.sort();
        assert_eq!(latency.per_mille(500), Duration::from_micros(501));
        assert_eq!(latency.per_mille(990), Duration::from_micros(991));
        assert_eq!(latency.per_mille(1_000), Duration::from_micros(1_000));
        assert_eq!(Latency::default().per_mille(990), Duration::ZERO);
    }
}
