//! Participants take turns: a document does not wait behind another's flood, unless both are about one record.

use std::sync::Mutex;

use super::*;
use crate::document::Header;
use crate::market::ActorRole;
use crate::process::Request;
use crate::record::Packed;

/// Comes to nothing, and takes turns on one record.
struct Empty {
    header: Header,
    turn: Key,
}

impl Request for Empty {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        Vec::new()
    }

    fn turns(&self) -> Vec<Key> {
        vec![self.turn.clone()]
    }

    fn needs(&self, _: &Context) -> Needs {
        Needs::default()
    }

    fn decide(&self, _: &Facts, _: &Context) -> Decision {
        Decision::default()
    }
}

/// Remembers in which order documents leave the inbox.
#[derive(Default)]
struct Watched(Memory, Mutex<Vec<Key>>);

impl Store for Watched {
    fn get(&self, key: &Key) -> Result<Option<Entry>, store::Fault> {
        self.0.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.0.page(range, after, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, store::Fault> {
        self.0.packed(key)
    }

    fn submit(&self, batch: Batch, done: store::Completion) {
        let left = batch.changes.iter().filter(|change| matches!(change, Change::Delete(_)));
        self.1.lock().unwrap().extend(left.map(|change| change.key().clone()));
        self.0.submit(batch, done);
    }
}

#[tokio::test]
async fn a_document_waits_behind_one_of_a_flood_and_behind_all_that_are_about_its_record() {
    let store = Arc::new(Watched::default());
    let sent = [
        ("8100000000030", "a"),
        ("8100000000030", "b"),
        ("8100000000030", "c"),
        ("8100000000030", "d"),
        ("5790000000005", "e"),
        ("7300000000011", "c"),
    ];
    let (events, inbound) = std::sync::mpsc::channel();
    let (counter, mut backlog) = decider::Counter::new();
    let counter = Arc::new(counter);
    for (sender, record) in sent {
        let caller = Party { number: ActorNumber::new(sender), role: ActorRole::GridAccessProvider };
        let (document, correlation_id) = ("RequestChangeOfPriceList".to_string(), String::new());
        let entry = InboxEntry { caller, document, at: at(0), correlation_id, hash: [0; 32] };
        let mut batch = Batch::default();
        batch.put_all([entry.put()]);
        let Outcome::Committed(number) = store.commit(batch).unwrap() else { panic!("nothing stands in its way") };
        counter.add_document(&entry.caller.number);
        let request = Empty { header: Header::default(), turn: Key::new(Space(98)).text(record) };
        let message = decider::Message { number, version: number, entry, request: Some(Box::new(request)) };
        events.send(hall::Event::Arrived(message)).unwrap();
    }
    let desk = Desk {
        store: store.clone(),
        specs: Arc::new(Specs::default()),
        settings: Arc::new(Settings::default()),
        timers: Vec::new(),
        errands: Vec::new(),
    };
    let clock = Arc::new(Clock::standing_at(at(0)));
    let hall = hall::Hall::new(desk, clock, events.clone(), counter, Arc::default());
    let deciding = std::thread::spawn(move || hall.run(&inbound));
    backlog.wait_for(decider::Backlog::is_empty).await.unwrap();
    events.send(hall::Event::Stop).unwrap();
    deciding.join().unwrap();
    let expected = [1, 5, 2, 3, 4, 6].map(archive::inbox_key);
    let left = store.1.lock().unwrap();
    let place = |key: &Key| left.iter().position(|other| other == key);
    assert_eq!(left[..3], expected[..3], "{left:?}");
    assert!(place(&expected[3]) < place(&expected[5]), "one that shares a record with the flood: {left:?}");
    assert_eq!(left.len(), 6);
}
