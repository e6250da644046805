//! A 202 means: on disk. The real process is killed in the middle of a load of sends, again and again; every document
//! that was answered with 202 is then answered by post exactly once, and nothing else is.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{House, price_list};

/// How often the process is killed.
const KILLS: usize = 5;
/// Clients that send at a time.
const CLIENTS: u64 = 8;
/// How long it runs before it is killed, longer each time.
const LIFE: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn every_202_is_answered_exactly_once_however_often_the_process_is_killed() {
    let mut house = House::build();
    let accepted: Arc<std::sync::Mutex<BTreeSet<String>>> = Arc::default();
    let next = Arc::new(AtomicU64::new(0));
    for kill in 0..KILLS {
        house.start().await;
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (door, accepted, next, stop) = (house.door(), accepted.clone(), next.clone(), stop.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let operation = format!("op-{number}");
                        let body = price_list(&format!("doc-{number}"), &operation, &format!("C{number}"));
                        // An answer that never came promises nothing.
                        let Ok(answer) = door.send(body).await else { return };
                        assert_eq!(answer.status(), 202);
                        accepted.lock().unwrap().insert(operation);
                    }
                })
            })
            .collect();
        tokio::time::sleep(LIFE * (kill as u32 + 1)).await;
        house.kill();
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.await.unwrap();
        }
    }
    house.start().await;
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    for document in house.door().drain().await {
        for operation in originals(&document) {
            *answered.entry(operation).or_default() += 1;
        }
    }
    let accepted = accepted.lock().unwrap().clone();
    let unanswered: Vec<_> = accepted.iter().filter(|operation| !answered.contains_key(*operation)).collect();
    assert!(unanswered.is_empty(), "{} of {} were never answered: {unanswered:?}", unanswered.len(), accepted.len());
    let twice: Vec<_> = answered.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "answered more than once: {twice:?}");
    assert!(accepted.len() > 20, "only {} documents were accepted", accepted.len());
    house.stop();
    house.verify_store();
    // What a confirmation says is in the store, and nothing is that was not confirmed: invariant 11 of charges 12.
    let told: BTreeSet<String> = answered.keys().map(|operation| operation.replace("op-", "C")).collect();
    let ours = |id: &String| id.strip_prefix('C').is_some_and(|number| number.parse::<u64>().is_ok());
    assert_eq!(house.charges().into_iter().filter(ours).collect::<BTreeSet<_>>(), told);
}

/// The transactions that a confirm or reject answers.
fn originals(document: &str) -> Vec<String> {
    const TAG: &str = "<cim:originalTransactionIDReference_MktActivityRecord.mRID>";
    document.split(TAG).skip(1).map(|rest| rest.split('<').next().unwrap().to_string()).collect()
}
