//! Hints: a participant that wants it is told, at an address of its own, that post waits for it (post-office 8.3).
//!
//! A hint says in which categories something waits and nothing of what it is, and changes nothing: peek and dequeue mean
//! what they always mean, and who gets no hint loses nothing. It is signed with a secret that the participant shares with the
//! hub, and tried again ever more slowly while post waits. A participant's hints go out one after the other, so what grows
//! meanwhile is one more hint, however much it is.

mod sender;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::gateway::Gateway;
use crate::market::Party;
pub use sender::{SIGNATURE, Sender};

/// How hints are sent.
#[derive(Debug, Clone)]
pub struct Settings {
    /// PEM file of the authorities that participants' servers are trusted by, besides those of the machine.
    pub authority: Option<PathBuf>,
    /// Shortest time between two hints to one participant.
    pub pause: Duration,
    /// Times between a hint that failed and the next attempt, the last one again and again.
    pub retries: Vec<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let retries = [5, 30, 120, 600, 3_600].map(Duration::from_secs).to_vec();
        Self { authority: None, pause: Duration::from_secs(1), retries }
    }
}

/// Hints cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("read the authorities of webhooks in {path}")]
    Authority { path: PathBuf, source: std::io::Error },
    #[error("read the authorities of webhooks in {path}: there is no certificate in it")]
    NoAuthority { path: PathBuf },
    #[error("prepare for sending hints")]
    Client(#[source] reqwest::Error),
}

/// A secret to sign hints with: two random UUIDs, 244 bits that nobody guesses.
pub fn new_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Hints to one participant that are under way.
#[derive(Default)]
struct UnderWay {
    /// The queue has grown since the hint was begun.
    again: bool,
}

/// Hints that go out at a time; others wait.
const AT_A_TIME: usize = 32;

/// Sends hints until it is dropped or aborted.
pub async fn run(gateway: Arc<Gateway>, sender: Sender) {
    let sender = Arc::new(sender);
    let room = Arc::new(Semaphore::new(AT_A_TIME));
    let mut under_way: HashMap<Party, UnderWay> = HashMap::new();
    let mut hints = JoinSet::new();
    let news = gateway.news();
    let mut due = gateway.listeners().unwrap_or_else(|fault| {
        tracing::error!(error = &fault as &dyn std::error::Error, "failed to find out who wants hints");
        Default::default()
    });
    loop {
        for party in std::mem::take(&mut due) {
            match under_way.get_mut(&party) {
                Some(hint) => hint.again = true,
                None if wants_hints(&gateway, &party) => {
                    under_way.insert(party.clone(), UnderWay::default());
                    let (gateway, sender, room) = (gateway.clone(), sender.clone(), room.clone());
                    hints.spawn(async move {
                        sender.tell(&gateway, &party, &room).await;
                        party
                    });
                }
                None => {}
            }
        }
        tokio::select! {
            grown = news.next() => due = grown,
            Some(done) = hints.join_next() => {
                if let Ok(party) = done
                    && under_way.remove(&party).is_some_and(|hint| hint.again)
                {
                    due.insert(party);
                }
            }
        }
    }
}

fn wants_hints(gateway: &Gateway, party: &Party) -> bool {
    gateway.webhook(party).is_ok_and(|webhook| webhook.is_some())
}
