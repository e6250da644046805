//! Documents about one charge, or about one link, that come all at once take turns: no change is lost, and nobody is told of
//! what is not so yet. Invariants 10 and 11 of charges 12, and defect 9 of 11.2.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Question, Receipt, Settings};
use gridpost::market::{ActorNumber, ActorRole, Calendar, ChargeType, MeteringPointId, Party, Period, Timestamp};
use gridpost::process::charges::ChargeIdentity;
use gridpost::process::charges::view::{EVERYTHING, PriceOrder};
use gridpost::store::{Embedded, Memory, Options, Store};
use serde_json::Value;

const GRID: &str = "8100000000030";
/// Documents that are on their way at a time.
const TOGETHER: i32 = 40;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

/// Local midnight so many days after 1 September 2023.
fn day(days: i32) -> Timestamp {
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(at("2023-08-31T22:00:00Z"), days)
}

fn grid() -> Party {
    Party { number: ActorNumber::new(GRID), role: ActorRole::GridAccessProvider }
}

/// A house with the toy world in it, over each store in turn.
async fn houses(dir: &Path) -> Vec<Arc<Gateway>> {
    let stores: [Arc<dyn Store>; 2] =
        [Arc::new(Memory::default()), Arc::new(Embedded::open(dir, Options::default()).unwrap())];
    let mut houses = Vec::new();
    for store in stores {
        let limits = gridpost::xml::Limits::default();
        let settings = Settings { limits, undecided_max: 10_000, ..Settings::default() };
        let clock = Clock::running_from(at("2023-08-01T09:00:00Z"));
        let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
        World::toy().settle_in(&gateway).await.unwrap();
        houses.push(Arc::new(gateway));
    }
    houses
}

/// Hands all of them in at once.
async fn send_together(house: &Arc<Gateway>, route: &str, documents: Vec<String>) {
    let known = house.document_for(route).unwrap();
    let sending: Vec<_> = documents
        .into_iter()
        .map(|document| {
            let house = Arc::clone(house);
            tokio::spawn(async move {
                let document = house.read_whole(&grid(), known, document.into()).await.unwrap();
                let receipt = house.receive(&grid(), document, "c", house.now()).await.unwrap();
                assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
            })
        })
        .collect();
    for sent in sending {
        sent.await.unwrap();
    }
}

fn rows(house: &Gateway, question: &Question) -> Vec<Value> {
    house.ask(question).unwrap().unwrap_or_default().rows
}

/// A document of one record, from the grid company to the hub.
fn document(root: &str, type_code: &str, reason: &str, number: i32, record: &str) -> String {
    let namespace = root.to_lowercase();
    format!(
        r#"<{root}_MarketDocument xmlns="urn:ediel.org:structure:{namespace}:0:1">
<mRID>doc-{number}</mRID><type>{type_code}</type><process.processType>{reason}</process.processType>
<businessSector.type>23</businessSector.type>
<sender_MarketParticipant.mRID codingScheme="A10">{GRID}</sender_MarketParticipant.mRID>
<sender_MarketParticipant.marketRole.type>DDM</sender_MarketParticipant.marketRole.type>
<receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</receiver_MarketParticipant.mRID>
<receiver_MarketParticipant.marketRole.type>DDZ</receiver_MarketParticipant.marketRole.type>
<createdDateTime>2023-08-01T09:00:00Z</createdDateTime>
<MktActivityRecord><mRID>op-{number}</mRID>{record}</MktActivityRecord></{root}_MarketDocument>"#
    )
}

fn price_list(reason: &str, number: i32, id: &str, rest: &str) -> String {
    let charge = format!(
        r#"<ChargeGroup><ChargeType><chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{GRID}</chargeTypeOwner_MarketParticipant.mRID>
<type>D03</type><mRID>{id}</mRID>{rest}</ChargeType></ChargeGroup>"#
    );
    document("RequestChangeOfPriceList", "D10", reason, number, &charge)
}

/// Creates the charge, or changes it from a day on.
fn information(number: i32, from: Timestamp) -> String {
    let rest = format!(
        "<name>N{number}</name><description>d</description>\
         <priceTimeFrame_Period.resolution>P1D</priceTimeFrame_Period.resolution><effectiveDate>{from}</effectiveDate>\
         <VATPayer>D02</VATPayer><transparentInvoicing>false</transparentInvoicing><taxIndicator>false</taxIndicator>"
    );
    price_list("D18", number, "DAILY", &rest)
}

/// The price of one day.
fn price(number: i32, days: i32) -> String {
    let (start, end) = (day(days), day(days + 1));
    let rest = format!(
        "<effectiveDate>{start}</effectiveDate><Series_Period><resolution>P1D</resolution><timeInterval><start>{}</start>\
         <end>{}</end></timeInterval><Point><position>1</position><price.amount>{number}.5</price.amount></Point></Series_Period>",
        start.to_minutes(),
        end.to_minutes()
    );
    price_list("D08", number, "DAILY", &rest)
}

fn daily() -> ChargeIdentity {
    ChargeIdentity { owner: ActorNumber::new(GRID), charge_type: ChargeType::Tariff, id: "DAILY".into() }
}

fn prices() -> Question {
    let interval = Period::from(day(-1));
    Question::Prices { charge: daily(), interval, known_at: None, order: PriceOrder::Time, cut: EVERYTHING }
}

/// Fetches the answers while documents are still being decided. Each must find what it confirms.
async fn fetch_confirmations(house: &Gateway, count: i32) {
    let mut confirmed = 0;
    while confirmed < count {
        let grid = grid();
        let comes = tokio::time::timeout(Duration::from_secs(30), house.comes(&grid, None));
        comes.await.expect("an answer comes").unwrap();
        let peeked = house.peek(&grid, None, house.now()).await.unwrap().expect("an answer is there");
        assert_eq!(peeked.document, "ConfirmRequestChangeOfPriceList");
        let text = String::from_utf8(peeked.body.to_vec()).unwrap();
        for reference in text.split("<cim:originalTransactionIDReference_MktActivityRecord.mRID>op-").skip(1) {
            let price = format!("{}.5", reference.split('<').next().unwrap());
            let stands = rows(house, &prices()).iter().any(|row| row["price"] == *price);
            assert!(stands, "{price} is confirmed before it is there");
            confirmed += 1;
        }
        house.dequeue(&grid, &peeked.message_id, house.now()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_price_is_lost_where_many_documents_change_one_charge_and_none_is_confirmed_before_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    for house in houses(dir.path()).await {
        send_together(&house, "requestchangeofpricelist", vec![information(0, day(0))]).await;
        house.settled().await.unwrap();
        let peeked = house.peek(&grid(), None, house.now()).await.unwrap().unwrap();
        house.dequeue(&grid(), &peeked.message_id, house.now()).await.unwrap();
        // All of them write into one block of prices.
        let documents = (0..TOGETHER).map(|n| price(n + 1, n)).collect();
        let fetching = fetch_confirmations(&house, TOGETHER);
        tokio::join!(send_together(&house, "requestchangeofpricelist", documents), fetching);
        let found = rows(&house, &prices());
        let expected: Vec<(String, String)> =
            (0..TOGETHER).map(|n| (format!("{}.5", n + 1), day(n).to_string())).collect();
        let found: Vec<(String, String)> = found
            .iter()
            .map(|row| (row["price"].as_str().unwrap().into(), row["from"].as_str().unwrap().into()))
            .collect();
        assert_eq!(found, expected);
    }
}

/// Whatever the order in which they are taken in, the timeline is what the operations make of it one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn many_documents_about_one_charge_do_what_they_would_do_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    for house in houses(dir.path()).await {
        let documents = (0..TOGETHER).map(|n| information(n, day(n * 7 % TOGETHER))).collect();
        send_together(&house, "requestchangeofpricelist", documents).await;
        house.settled().await.unwrap();
        let history = rows(&house, &Question::History { charge: daily(), known_at: None, cut: EVERYTHING });
        assert_eq!(history.len(), TOGETHER as usize, "every one was accepted");
        assert_eq!(history.iter().filter(|row| row["operation"] == "create").count(), 1);
        let timeline = |known_at| rows(&house, &Question::Charge { charge: daily(), known_at });
        assert_eq!(timeline(None), timeline(Some(Timestamp::OPEN_END)), "history done again is the present");
        assert_eq!(timeline(None).last().unwrap()["name"], history[0]["name"], "the last one counts");
    }
}

fn link(number: i32, from: Timestamp, to: Timestamp) -> String {
    let record = format!(
        r#"<marketEvaluationPoint.mRID codingScheme="A10">571313100000000010</marketEvaluationPoint.mRID>
<ChargeGroup><ChargeType><chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{GRID}</chargeTypeOwner_MarketParticipant.mRID>
<type>D01</type><mRID>N-SUB</mRID><factor>{}</factor><effectiveDate>{from}</effectiveDate><terminationDate>{to}</terminationDate>
</ChargeType></ChargeGroup>"#,
        number + 2
    );
    document("RequestChangeBillingMasterData", "D05", "D17", number, &record)
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_one_charge_and_metering_point_never_overlap_however_they_come() {
    let dir = tempfile::tempdir().unwrap();
    for house in houses(dir.path()).await {
        // From each day on for a week: each overlaps six others.
        let documents = (0..TOGETHER).map(|n| link(n, day(n), day(n + 7))).collect();
        send_together(&house, "requestchangebillingmasterdata", documents).await;
        house.settled().await.unwrap();
        let point = MeteringPointId::new("571313100000000010");
        let found = rows(&house, &Question::Links { point, at: day(0), cut: EVERYTHING });
        let own: BTreeMap<Timestamp, Timestamp> = found
            .iter()
            .filter(|row| row["charge_id"] == "N-SUB")
            .map(|row| (at(row["start"].as_str().unwrap()), row["end"].as_str().map_or(Timestamp::OPEN_END, at)))
            .collect();
        let of_sub = found.iter().filter(|row| row["charge_id"] == "N-SUB").count();
        assert_eq!(own.len(), of_sub, "no two begin on one day");
        let links: Vec<(Timestamp, Timestamp)> = own.into_iter().collect();
        let ours: Vec<_> = links.iter().filter(|(start, _)| (day(0)..day(TOGETHER + 6)).contains(start)).collect();
        assert!(links.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{links:?}");
        assert!(ours.windows(2).all(|pair| pair[0].1 == pair[1].0), "every day of them is linked once: {ours:?}");
        assert_eq!((ours[0].0, ours[ours.len() - 1].1 >= day(TOGETHER + 6)), (day(0), true));
    }
}

/// Market-roles 2.14: of two commands on one accounting point at one time, the other is judged again, knowing the first.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_suppliers_that_ask_for_one_day_at_once_one_is_confirmed() {
    const SUPPLIERS: [&str; 2] = ["7300000000011", "8500000000014"];
    let asked = std::fs::read_to_string("samples/change-of-supplier/E03-from-request-to-effect/01-in.xml").unwrap();
    let dir = tempfile::tempdir().unwrap();
    for house in houses(dir.path()).await {
        let sending: Vec<_> = (0..TOGETHER)
            .map(|number| {
                let supplier = SUPPLIERS[number as usize % SUPPLIERS.len()];
                let document = asked
                    .replace(SUPPLIERS[0], supplier)
                    .replace("<cim:mRID>cos-1<", &format!("<cim:mRID>cos-{number}<"))
                    .replace("<cim:mRID>c1<", &format!("<cim:mRID>c-{number}<"));
                let house = Arc::clone(&house);
                tokio::spawn(async move { house.receive_from_its_sender(document.into(), "c").await.unwrap() })
            })
            .collect();
        for sent in sending {
            let receipt = sent.await.unwrap();
            assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
        }
        house.settled().await.unwrap();
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        for supplier in SUPPLIERS {
            let owner = Party { number: ActorNumber::new(supplier), role: ActorRole::EnergySupplier };
            while let Some(peeked) = house.peek(&owner, None, house.now()).await.unwrap() {
                *answers.entry(peeked.document.clone()).or_default() += 1;
                house.dequeue(&owner, &peeked.message_id, house.now()).await.unwrap();
            }
        }
        assert_eq!(answers["ConfirmRequestChangeOfSupplier"], 1, "{answers:?}");
        assert_eq!(answers["RejectRequestChangeOfSupplier"], TOGETHER as usize - 1, "{answers:?}");
    }
}

/// Defect 16: what a rejection weighs is what it has in bytes, so its words keep nobody from fetching it.
#[tokio::test]
async fn a_rejection_of_many_operations_with_many_words_is_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let house = houses(dir.path()).await.remove(0);
    let name = "n".repeat(5_000);
    let records: String = (0..500)
        .map(|n| {
            let one = information(n, day(0)).replace("DAILY", &format!("C-{n}"));
            let one = one.replace(&format!("<name>N{n}<"), &format!("<name>{name}<"));
            one[one.find("<MktActivityRecord>").unwrap()..one.find("</RequestChange").unwrap()].to_string()
        })
        .collect();
    let first = information(0, day(0));
    let head = &first[..first.find("<MktActivityRecord>").unwrap()];
    let whole = format!("{head}{records}</RequestChangeOfPriceList_MarketDocument>");
    send_together(&house, "requestchangeofpricelist", vec![whole]).await;
    house.settled().await.unwrap();
    let peeked = house.peek(&grid(), None, house.now()).await.unwrap().unwrap();
    assert_eq!((&*peeked.document, peeked.records), ("RejectRequestChangeOfPriceList", 500));
    assert!(peeked.body.len() > 150_000, "more characters than the reference allowed kilobytes");
    let waits: u64 = house.queue(&grid()).unwrap().iter().map(|queue| queue.waits.documents).sum();
    assert_eq!(waits, 1);
}
