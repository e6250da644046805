//! A disk that fails for a while: what it keeps is given out later, as it would have been, and nobody waits for it for ever.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::bundles::{announces, charges, house_over, supplier};
use super::*;
use crate::post_office::Bounds;
use crate::record::Packed;

/// A store whose bodies, or some of them, cannot be read for a while, some of which have come to harm, or in which commits hang.
#[derive(Default)]
pub(super) struct Failing {
    pub memory: Memory,
    fails: AtomicBool,
    pub unread: Mutex<BTreeSet<Key>>,
    pub harmed: Mutex<BTreeSet<Key>>,
    hanging: AtomicBool,
    /// So many batches are told that the disk is busy.
    pub busy: AtomicU32,
    held: Mutex<Vec<(Batch, store::Completion)>>,
}

impl Failing {
    fn fault(&self, is_unread: bool) -> Option<store::Fault> {
        let source = Arc::new(std::io::Error::other("the disk does not answer"));
        let unread = store::Fault::Unread { path: "journal".into(), source };
        (is_unread || self.fails.load(Ordering::Relaxed)).then_some(unread)
    }

    fn harm(&self, key: &Key) -> Option<store::Fault> {
        let damage =
            store::Fault::Corrupt { file: "journal".into(), offset: 0, found: "damage".into(), advice: "mend it" };
        self.harmed.lock().unwrap().contains(key).then_some(damage)
    }
}

impl Store for Failing {
    fn get(&self, key: &Key) -> Result<Option<Entry>, store::Fault> {
        self.memory.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.memory.page(range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.memory.page_back(range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, store::Fault> {
        if let Some(fault) = self.fault(self.unread.lock().unwrap().contains(key)) {
            return Err(fault);
        }
        // Only whoever unpacks a body sees that it is not as it was written.
        let harmed = self.harm(key).is_some();
        let wrong = |it: Packed| if harmed { Packed::again(it.stored().clone(), it.bytes(), [0; 32]) } else { it };
        Ok(self.memory.packed(key)?.map(wrong))
    }

    fn body(&self, key: &Key) -> Result<Option<bytes::Bytes>, store::Fault> {
        let packed = self.packed(key)?;
        self.harm(key).map_or_else(|| Ok(packed.map(|packed| packed.unpack().unwrap())), Err)
    }

    fn trouble(&self) -> Option<store::Trouble> {
        self.fault(false).map(store::Trouble::Unread)
    }

    fn hangs(&self) -> Option<Duration> {
        (!self.held.lock().unwrap().is_empty()).then_some(Duration::from_secs(17))
    }

    fn submit(&self, batch: Batch, done: store::Completion) {
        if self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            done(Err(store::Fault::Busy { batches: 1, bytes: 1 }));
        } else if self.hanging.load(Ordering::Relaxed) {
            self.held.lock().unwrap().push((batch, done));
        } else {
            self.memory.submit(batch, done);
        }
    }
}

impl Failing {
    pub fn hang(&self) {
        self.hanging.store(true, Ordering::Relaxed);
    }

    /// What was held is written after all.
    pub fn goes_on(&self) {
        self.hanging.store(false, Ordering::Relaxed);
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        held.into_iter().for_each(|(batch, done)| self.memory.submit(batch, done));
    }
}

async fn two_notices() -> (Arc<Failing>, Gateway) {
    let store = Arc::new(Failing::default());
    let gateway = house_over(store.clone(), Bounds::default()).await;
    for charge in ["A", "B"] {
        announces(&gateway, charge, &[charge]).await;
    }
    (store, gateway)
}

#[tokio::test]
async fn a_bundle_whose_members_cannot_be_read_for_a_while_is_made_later() {
    let (store, gateway) = two_notices().await;
    store.fails.store(true, Ordering::Relaxed);
    let fault = gateway.peek(&supplier(), None, gateway.now()).await.unwrap_err();
    assert!(fault.may_pass(), "{fault}");
    let health = gateway.health();
    assert!(health.ready, "all else can be served");
    assert!(health.checks[0].1.as_ref().is_err_and(|said| said.contains("could not be read")), "{health:?}");
    store.fails.store(false, Ordering::Relaxed);
    let peeked = gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap();
    assert_eq!(charges(&peeked.body), ["A", "B"]);
}

#[tokio::test]
async fn nobody_waits_for_a_disk_that_hangs_and_what_it_wrote_after_all_is_known_again() {
    let store = Arc::new(Failing::default());
    let gateway = house_over(store.clone(), Bounds::default()).await;
    store.hang();
    let sample = include_str!("../../../samples/charges/C1-create/01-in.xml");
    let send = |body: String| gateway.receive_from_its_sender(body.into_bytes().into(), "c");
    let fault = send(sample.into()).await.unwrap_err();
    assert!(matches!(fault, Fault::Hanging { doing: "take in a document", .. }), "{fault}");
    let other = send(sample.replace("DOC-1", "DOC-2").replace("T-1", "T-2")).await.unwrap_err();
    assert!(matches!(other, Fault::Hanging { .. }), "{other}");
    assert_eq!(store.held.lock().unwrap().len(), 1, "nothing more is handed to it");
    assert!(!gateway.health().ready);
    store.goes_on();
    gateway.settled().await.unwrap();
    let Receipt::Accepted(again) = send(sample.into()).await.unwrap() else { panic!("it is good") };
    assert!(again.duplicate && gateway.health().ready);
}
