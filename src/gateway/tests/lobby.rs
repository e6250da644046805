//! Participants take turns: a document does not wait behind another's flood, unless both are about one record.

use super::*;
use crate::document::Header;
use crate::market::ActorRole;
use crate::process::Request;

/// Writes the name of its sender and of the record on which it takes turns into the diary.
struct Note {
    header: Header,
    sender: &'static str,
    record: &'static str,
}

impl Request for Note {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        Vec::new()
    }

    fn turns(&self) -> Vec<Key> {
        vec![Key::new(Space(98)).text(self.record)]
    }

    fn needs(&self, _: &Context) -> Needs {
        Needs::default()
    }

    fn decide(&self, _: &Facts, _: &Context) -> Decision {
        let line = format!("{} {}", self.sender, self.record);
        Decision::default().change(Change::Put(Key::new(DIARY).stamp(), line.into()))
    }
}

#[tokio::test]
async fn a_document_waits_behind_one_of_a_flood_and_behind_all_that_are_about_its_record() {
    let store = Arc::new(Memory::default());
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
        let request = Note { header: Header::default(), sender, record };
        let message = decider::Message { number, version: number, entry, request: Ok(Box::new(request)) };
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
    let hall = hall::Hall::new(desk, clock, events.clone(), counter, Default::default());
    let deciding = std::thread::spawn(move || hall.run(&inbound));
    backlog.wait_for(decider::Backlog::is_empty).await.unwrap();
    events.send(hall::Event::Stop).unwrap();
    deciding.join().unwrap();
    let page = store.page(&KeyRange::under(&Key::new(DIARY)), None, 100).unwrap();
    let decided: Vec<_> = page.records.iter().map(|(_, entry)| String::from_utf8_lossy(&entry.value)).collect();
    let place = |line: &str| decided.iter().position(|other| other == line);
    assert_eq!(decided[..3], ["8100000000030 a", "5790000000005 e", "8100000000030 b"], "{decided:?}");
    assert!(
        place("8100000000030 c") < place("7300000000011 c"),
        "one that shares a record with the flood: {decided:?}"
    );
    assert_eq!(decided.len(), 6);
}
