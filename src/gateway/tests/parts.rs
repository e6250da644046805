//! What one decision says beyond the bounds of a document is divided, also what is said about another document.

use super::bundles::house;
use super::*;
use crate::market::ActorRole;
use crate::spec::check;

/// A grid company answers services that nobody asked it for.
const SAMPLE: &str = include_str!("../../../samples/services/AnswerWithoutReference-none/02-in.xml");

fn answers(ids: &[&str]) -> String {
    let (head, rest) = SAMPLE.split_once("  <cim:MktActivityRecord>").unwrap();
    let (record, end) = rest.split_once("</cim:MktActivityRecord>\n").unwrap();
    let record = |id: &&str| format!("  <cim:MktActivityRecord>{}</cim:MktActivityRecord>\n", record.replace("a1", id));
    [head, &ids.iter().map(record).collect::<String>(), end].concat()
}

/// Each acknowledgement of five records that waits: how many records it is said to have, and which they are.
async fn acknowledged(bounds: Bounds) -> (u64, Vec<(u64, Vec<String>)>) {
    let gateway = house(bounds).await;
    let document = answers(&["a1", "a2", "a3", "a4", "a5"]);
    gateway.receive_from_its_sender(document.into(), "c-1").await.unwrap();
    gateway.settled().await.unwrap();
    let grid = Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider };
    let pending = gateway.queue(&grid).unwrap().iter().map(|queue| queue.waits.pending).sum();
    let mut documents = Vec::new();
    while let Some(peeked) = gateway.peek(&grid, None, gateway.now()).await.unwrap() {
        let schema = crate::document::recognise(&gateway.specs, &peeked.body, gateway.limits()).unwrap().unwrap();
        assert_eq!(check(schema, &peeked.body, gateway.limits(), &mut ()).flaws, []);
        let text = std::str::from_utf8(&peeked.body).unwrap();
        assert!(text.contains("<cim:received_MarketDocument.mRID>an-1</"), "each says what it is about: {text}");
        let records = gateway.summary(&peeked.body).unwrap().records.into_iter().map(|record| record.id).collect();
        documents.push((peeked.records, records));
        let dequeued = gateway.dequeue(&grid, &peeked.message_id, gateway.now()).await.unwrap();
        assert_eq!(dequeued, post::Dequeued::Done);
    }
    (pending, documents)
}

#[tokio::test]
async fn the_records_of_an_acknowledgement_are_counted_and_divided_like_those_of_any_document() {
    let ids = |ids: &[&str]| (ids.len() as u64, ids.iter().map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(acknowledged(Bounds::default()).await, (5, vec![ids(&["a1", "a2", "a3", "a4", "a5"])]));
    let (two, few) =
        (Bounds { records_max: 2, ..Bounds::default() }, vec![ids(&["a1", "a2"]), ids(&["a3", "a4"]), ids(&["a5"])]);
    assert_eq!(acknowledged(two).await, (5, few));
    // A record has about 200 bytes; what is around all of them counts as well.
    let short = Bounds { bytes_max: 4 * 1024 + 700, ..Bounds::default() };
    let (pending, documents) = acknowledged(short).await;
    assert!(pending == 5 && documents.len() > 1, "{documents:?}");
}
