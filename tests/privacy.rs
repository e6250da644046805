//! Personal numbers stand in one place: no log line however detailed, no event, no error text, and no record but those of
//! customers tells one. Every conversation that holds one is replayed, and then again with its documents broken.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Question, Receipt, Settings, ask};
use gridpost::market::Timestamp;
use gridpost::process::Market;
use gridpost::record::{Key, KeyRange, Space};
use gridpost::replay::{Line, Plan, Run, replay, runs};
use gridpost::spec::Specs;
use gridpost::store::{self, Memory, Store};

const NOW: &str = "2023-08-01T09:00:00Z";
/// The records of customers, the only ones that hold numbers.
const CUSTOMERS: Space = Space(62);

/// Looks for numbers in whatever is logged.
#[derive(Clone)]
struct Watch(Arc<Watched>);

struct Watched {
    numbers: BTreeSet<String>,
    lines: AtomicUsize,
    found: Mutex<BTreeSet<String>>,
}

impl Watched {
    /// The numbers that a text tells.
    fn told(&self, text: &str) -> Vec<&str> {
        self.numbers.iter().map(String::as_str).filter(|number| text.contains(*number)).collect()
    }
}

impl io::Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        self.0.lines.fetch_add(1, Ordering::Relaxed);
        if !self.0.told(&line).is_empty() {
            self.0.found.lock().unwrap().insert(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Numbers of persons in a document: what has the coding scheme of one, and is not as short as a company's.
fn persons_in(document: &str) -> impl Iterator<Item = String> {
    let values = document.split("codingScheme=\"ARR\">").skip(1).filter_map(|rest| rest.split('<').next());
    values.map(|number| number.trim().to_string()).filter(|number| number.len() > 8)
}

/// Ten digits in a world are a person's.
fn persons_of(world: &str) -> impl Iterator<Item = String> {
    let values = world.lines().filter_map(|line| line.strip_prefix("number = \"")?.strip_suffix('"'));
    values.filter(|number| number.len() == 10).map(str::to_string)
}

fn open(store: Arc<dyn Store>, specs: &Arc<Specs>, clock: Clock) -> Gateway {
    let settings = Settings { undecided_max: 1_000, ..Settings::default() };
    Gateway::open(store, specs.clone(), settings, clock).unwrap()
}

/// Replays a conversation; returns what stands in the store then, and all that was said.
async fn walk(specs: &Arc<Specs>, run: &Run) -> (Arc<dyn Store>, String) {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let over = store.clone();
    let plan = Plan {
        open: &move |clock| Ok(open(over.clone(), specs, clock)),
        world: World::toy(),
        clock: Timestamp::parse_date_time(NOW),
        until: Timestamp::parse_date_time("2024-02-01T00:00:00Z"),
        out: None,
    };
    let mut said = String::new();
    let mut tell = |line: Line| {
        said.push_str(&format!("{line}\n{line:?}\n"));
        Ok(())
    };
    replay(&plan, run, &mut tell).await.unwrap();
    (store, said)
}

/// A document as somebody may have broken it, with the number still in it.
fn broken(document: &str) -> Vec<String> {
    let cut = document.find("codingScheme=\"ARR\">").map_or(0, |at| at + 30);
    vec![
        document.replace("codingScheme=\"ARR\"", "codingScheme=\"XXX\""),
        document.replace("codingScheme=\"ARR\">", "codingScheme=\"ARR\">99999999999999999999"),
        document.replace("codingScheme=\"ARR\">", "codingScheme=\"ARR\">\u{1}"),
        document.replace(" codingScheme=\"ARR\"", ""),
        document
            .replace("customer_MarketParticipant.mRID codingScheme", "customer_MarketParticipant.number codingScheme"),
        document[..cut].to_string(),
    ]
}

#[test]
fn a_personal_number_is_told_by_nothing_but_the_record_of_its_customer() {
    let mut conversations = Vec::new();
    let mut numbers: BTreeSet<String> =
        persons_of(&std::fs::read_to_string(samples().join("world.toml")).unwrap()).collect();
    for run in runs(&[samples()]).unwrap() {
        let documents = run.files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        let persons: Vec<String> = documents.flat_map(|document| persons_in(&document).collect::<Vec<_>>()).collect();
        if !persons.is_empty() {
            numbers.extend(persons);
            conversations.push(run);
        }
    }
    assert!(numbers.len() > 4 && conversations.len() > 20, "{} {}", numbers.len(), conversations.len());
    let watch = Watch(Arc::new(Watched { numbers, lines: AtomicUsize::new(0), found: Mutex::default() }));
    let writer = watch.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let specs = Arc::new(gridpost::document::built_in());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let everything = KeyRange { from: Key::from_bytes(vec![0]), to: Key::from_bytes(vec![255]) };
    let (mut kept, mut refused) = (0, 0);
    for run in &conversations {
        let name = run.name.display();
        let (store, said) = runtime.block_on(walk(&specs, run));
        assert_eq!(watch.0.told(&said), [""; 0], "{name} is answered with it");
        let question = Question::Events { after: None, take: 10_000 };
        let events = ask(&*store, &Market::dk_defaults(), &question).unwrap().unwrap();
        let events = serde_json::Value::from(events.rows).to_string();
        assert_eq!(watch.0.told(&events), [""; 0], "an event of {name} tells it");
        for record in store::records(&*store, &everything, 1_000) {
            let (key, entry) = record.unwrap();
            let bytes = [key.as_bytes(), &entry.value].concat();
            let text = String::from_utf8_lossy(&bytes);
            if key.space() == CUSTOMERS {
                kept += watch.0.told(&text).len();
            } else {
                assert_eq!(watch.0.told(&text), [""; 0], "{key} of {name} holds it");
            }
        }
        for file in &run.files {
            let document = std::fs::read_to_string(file).unwrap();
            if persons_in(&document).next().is_none() {
                continue;
            }
            for body in broken(&document) {
                let gateway = open(store.clone(), &specs, Clock::standing_at(Timestamp::parse_date_time(NOW).unwrap()));
                let receipt =
                    runtime.block_on(gateway.receive_from_its_sender(body.into_bytes().into(), "c-1")).unwrap();
                runtime.block_on(gateway.settled()).unwrap();
                if let Receipt::Refused { error, .. } = &receipt {
                    refused += 1;
                    assert_eq!(watch.0.told(&format!("{error:?}")), [""; 0], "{} is refused with it", file.display());
                }
            }
        }
    }
    assert!(kept > 20 && refused > 40, "{kept} {refused}");
    let lines = watch.0.lines.load(Ordering::Relaxed);
    assert!(lines > 300, "{lines} lines were logged");
    assert_eq!(*watch.0.found.lock().unwrap(), BTreeSet::new());
}
