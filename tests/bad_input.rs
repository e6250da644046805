//! What a stranger may send: each gets the answer specified, nothing panics, and nothing but the archive remembers it.

mod door;

use std::sync::Arc;

use door::*;
use gridpost::market::ActorRole;
use gridpost::record::{Key, KeyRange, Space};
use gridpost::store::{Memory, Store};

/// Spaces of the archive: its log, and the bodies.
const LOG: u8 = 11;
const BODIES: u8 = 14;

fn with(part: &str, other: &str) -> String {
    let document = document("1");
    assert!(document.contains(part), "the document has no {part}");
    document.replacen(part, other, 1)
}

#[tokio::test]
async fn every_hostile_document_is_refused_by_name_and_leaves_nothing_but_its_archive_entry() {
    let store = Arc::new(Memory::default());
    let house = start_over(store.clone(), axum::Router::new(), |_| {}).await;
    let root = "<cim:RequestChangeOfPriceList_MarketDocument ";
    let flood: String = (0..100_000).map(|n| format!("a{n}=\"\" ")).collect();
    let depth = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let records: String = (0..200).map(|n| format!("<x{n}/>")).collect();
    let rows: Vec<(&str, String, &str)> = vec![
        ("nothing at all", String::new(), "B2B-005"),
        ("not XML", "price list: see attachment".into(), "not-well-formed"),
        ("JSON that is said to be XML", r#"{"RequestChangeOfPriceList_MarketDocument":{}}"#.into(), "B2B-005"),
        ("another root", "<Letter/>".into(), "root-unexpected"),
        (
            "another namespace",
            with(":requestchangeofpricelist:0:1", ":requestchangeofpricelist:9:9"),
            "<Code>00301</Code>",
        ),
        ("a DTD", format!("<!DOCTYPE a [<!ELEMENT a ANY>]>{}", document("1")), "doctype-refused"),
        (
            "an external entity",
            format!(r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{}"#, document("1")),
            "doctype-refused",
        ),
        ("an undeclared entity", with("doc-1", "&secret;"), "not-well-formed"),
        ("a depth bomb", depth, "root-unexpected"),
        (
            "a depth bomb inside",
            with("<cim:mRID>doc-1", &format!("{}<cim:mRID>doc-1", "<cim:a>".repeat(70))),
            "depth-limit",
        ),
        ("a flood of attributes", with(root, &format!("{root}{flood}")), "attributes-limit"),
        ("a name without end", with(root, &format!("{root}{}=\"\" ", "n".repeat(1 << 20))), "name-limit"),
        ("a flood of elements", with("<cim:mRID>doc-1", &format!("{records}<cim:mRID>doc-1")), "element-unexpected"),
        ("cut in the middle", document("1")[..800].to_string(), "not-well-formed"),
        ("a control character", with("doc-1", "doc\u{1}"), "not-well-formed"),
        ("a reference to a control character", with("doc-1", "doc&#1;"), "not-well-formed"),
        ("angle brackets only", "<".repeat(1 << 20), "name-limit"),
        ("another sender", with(&format!(">{GRID_NUMBER}<"), ">8100000000030<"), "<Code>00002</Code>"),
        ("a blank id", with("doc-1", " "), "B2B-005"),
        ("an empty type", with("<cim:type>D10</cim:type>", "<cim:type/>"), "type is empty"),
        ("another reason", with("processType>D08", "processType>D17"), "B2B-005"),
    ];
    let before = everything(&*store);
    for (name, body, expected) in rows {
        let answer = house.post(PRICES).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{name}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("<Error><Code>B2B-00"), "{name}: {text}");
        assert!(text.contains(expected), "{name}: {expected} is not in {}", &text[..text.len().min(2_000)]);
        assert!(text.len() < 100_000, "{name} is answered with {} bytes", text.len());
    }
    let added: Vec<Key> = everything(&*store).into_iter().filter(|key| !before.contains(key)).collect();
    assert!(added.iter().all(|key| key.space() == Space(LOG)), "only the archive's log has grown");
    assert!(!added.is_empty());
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204);
}

/// Charges 2.1, step 4. All of it is told (post-office 2.6.2).
#[tokio::test]
async fn a_syntax_error_wins_over_a_sender_mismatch() {
    let house = start().await;
    let anothers = with(&format!(">{GRID_NUMBER}<"), ">8100000000030<");
    for (from, to) in [("doc-1", " "), ("processType>D08", "processType>D48"), (">P1M<", ">PT30M<")] {
        assert!(anothers.contains(from));
        let text = house.post(PRICES).body(anothers.replacen(from, to, 1)).send().await.unwrap().text().await.unwrap();
        let start = "<Error><Code>B2B-005</Code><Message>2 errors</Message><Details><Error><Code>B2B-005</Code>";
        assert!(text.starts_with(start) && text.contains("<Code>00002</Code>"), "{text}");
    }
    let text = house.post(PRICES).body(anothers).send().await.unwrap().text().await.unwrap();
    assert!(text.starts_with("<Error><Code>B2B-008</Code>"), "{text}");
}

#[tokio::test]
async fn every_flaw_of_a_document_is_named_with_its_line_and_column() {
    let house = start().await;
    let body = document("1")
        .replace("<cim:type>D10</cim:type>", "<cim:type>D999</cim:type>")
        .replace("09:00:00Z", "09:00:00.5Z")
        .replace("<cim:position>2<", "<cim:position>zwei<");
    let text = house.post(PRICES).body(body).send().await.unwrap().text().await.unwrap();
    let details = text.matches("<Code>SchemaValidationError</Code>").count();
    assert_eq!(details, 3, "{text}");
    for line in [2, 8, 15] {
        assert!(text.contains(&format!("<LineNumber>{line}</LineNumber>")), "line {line}: {text}");
    }
}

#[tokio::test]
async fn an_id_is_used_once_the_document_is_accepted_and_not_before() {
    let house = start().await;
    let send = |body: String| house.post(PRICES).body(body).send();
    let refused = with("processType>D08", "processType>D17");
    assert_eq!(send(refused).await.unwrap().status(), 400);
    assert_eq!(send(document("1")).await.unwrap().status(), 202, "corrected, under the same id");
    let again = send(document("1")).await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "duplicate")), (202, "true"));
    let other_bytes = send(with("12.5", "12.6")).await.unwrap();
    assert_eq!(other_bytes.status(), 400);
    let text = other_bytes.text().await.unwrap();
    assert!(
        text.contains("B2B-005") && text.contains("00101") && text.contains("<Target>MessageId</Target>"),
        "{text}"
    );
    let text = send(with("processType>D08", "processType>D17")).await.unwrap().text().await.unwrap();
    assert!(["`D17`", "00101", "00102"].iter().all(|each| text.contains(each)), "{text}");
    let used_transaction = send(with("doc-1", "doc-2")).await.unwrap();
    assert_eq!(used_transaction.status(), 400);
    let text = used_transaction.text().await.unwrap();
    assert!(text.contains("00102") && text.contains("<Target>TransactionId</Target>"), "{text}");
}

/// A cancellation with all that its header and its records can say wrong, or nothing.
fn cancellation(wrong: bool, records: &str) -> String {
    let name = "RequestCancellation";
    let or = |right: &'static str, other: &'static str| if wrong { other } else { right };
    format!(
        "<{name}_MarketDocument xmlns=\"urn:ediel.org:structure:requestcancellation:0:1\"><mRID>can-1</mRID>\
         <type>{}</type><process.processType>{}</process.processType><businessSector.type>{}</businessSector.type>\
         <sender_MarketParticipant.mRID codingScheme=\"A10\">{}</sender_MarketParticipant.mRID>\
         <sender_MarketParticipant.marketRole.type>{}</sender_MarketParticipant.marketRole.type>\
         <receiver_MarketParticipant.mRID codingScheme=\"A10\">{}</receiver_MarketParticipant.mRID>\
         <receiver_MarketParticipant.marketRole.type>{}</receiver_MarketParticipant.marketRole.type>\
         <createdDateTime>2023-08-01T08:59:00Z</createdDateTime>{records}</{name}_MarketDocument>",
        or("E67", "E68"),
        or("D22", "D18"),
        or("23", "27"),
        or(GRID_NUMBER, "8100000000030"),
        or("DDM", "DDQ"),
        or("5790001330552", "8100000000030"),
        or("DDZ", "EZ"),
    )
}

fn cancelled(id: &str) -> String {
    format!(
        "<MktActivityRecord><mRID>{id}</mRID><marketEvaluationPoint.mRID codingScheme=\"A10\">571313100000001000\
         </marketEvaluationPoint.mRID></MktActivityRecord>"
    )
}

#[tokio::test]
async fn all_that_is_wrong_with_header_and_ids_is_told_at_once() {
    let house = start().await;
    let send = async |token: String, body: String| {
        let send = async |path: &str| {
            let post = house.http.post(house.url(path)).bearer_auth(&token).body(body.clone());
            post.header("content-type", "application/xml").header("accept", "application/json").send().await.unwrap()
        };
        let foretold: serde_json::Value = send("/v1.0/cim/requestcancellation/check").await.json().await.unwrap();
        let answer = send("/v1.0/cim/requestcancellation").await;
        if answer.status() == 202 {
            let is_first = header(&answer, "duplicate").is_empty();
            assert_eq!(foretold["verdict"], if is_first { "accepted" } else { "duplicate" });
            return if is_first { "202".to_string() } else { "202 again".to_string() };
        }
        let error: serde_json::Value = answer.json().await.unwrap();
        let details = &error["error"]["details"];
        assert_eq!(&foretold["error"]["details"], details);
        let codes = details.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap().to_string());
        codes.collect::<Vec<_>>().join(" ")
    };
    let codes = async |body: String| send(house.token(), body).await;
    let ids = ["", &"x".repeat(37), "z", " z "].map(cancelled).concat();
    let all = "00002 00001 00303 00304 00401 00402 00403 00202 00205 00102";
    assert_eq!(codes(cancellation(true, &ids)).await, all);
    assert_eq!(codes(cancellation(false, &ids)).await, "00202 00205 00102");

    // What was refused has used no id up; what was accepted has, the document's as well as the records'.
    let two = ["z", "y"].map(cancelled).concat();
    assert_eq!(codes(cancellation(false, &two)).await, "202");
    assert_eq!(codes(cancellation(false, &two.replace(">y<", "> y <"))).await, "00101 00102 00102");
    assert_eq!(codes(cancellation(false, &two).replace("can-1", "can-2")).await, "00102 00102");
    assert_eq!(codes(cancellation(false, &two)).await, "202 again");
    // Here an empty type stands for the one that its schema fills in (market-roles 4.1).
    let empty = cancellation(false, &cancelled("e")).replace("can-1", "can-3").replace("<type>E67</type>", "<type/>");
    assert!(empty.contains("<type/>"));
    assert_eq!(codes(empty).await, "202");
    // So it is beside all else that is wrong.
    assert_eq!(codes(cancellation(false, &two).replace(">E67<", ">E68<")).await, "00401 00101 00102 00102");
    assert_eq!(codes(cancellation(false, &ids)).await, "00101 00202 00205 00102 00102");
    let third = ["x", "x", "y"].map(cancelled).concat();
    assert_eq!(codes(cancellation(false, &third).replace("can-1", "can-2")).await, "00102 00102");
    // Another is not told what the sender has used.
    assert_eq!(send(house.supplier(), cancellation(false, &two)).await, "00002 00001");

    assert_eq!(codes(cancellation(false, "<MktActivityRecord/>")).await, "00302 00302");
    assert_eq!(codes(cancellation(false, &two).replace(":0:1", ":0:2")).await, "00301");
}

/// Two roles of one number are two participants: the token of one does not speak for the other.
#[tokio::test]
async fn a_document_is_sent_in_the_role_of_its_token() {
    let house = start().await;
    let as_ez = |id: &str| document(id).replace("marketRole.type>DDM<", "marketRole.type>EZ<");
    // Nobody of this number has the role: the rules say so to whoever sent it (VR.152).
    assert_eq!(house.post(PRICES).body(as_ez("r-1")).send().await.unwrap().status(), 202);
    let roles = [("DDM", 200), ("EZ", 200)].map(|(role, status)| {
        let actor = serde_json::json!({ "number": GRID_NUMBER, "role": role, "name": "Both", "external_id": GRID });
        (serde_json::json!({ "actor": [actor] }), status)
    });
    let hub = house.token_of(HUB, ActorRole::MeteringPointAdministrator);
    for (body, status) in roles {
        let url = house.url("/v1.0/operator/participants");
        let request = house.http.post(url).bearer_auth(&hub).header("content-type", "application/json");
        assert_eq!(request.body(body.to_string()).send().await.unwrap().status(), status);
    }
    let refused = house.post(PRICES).body(as_ez("r-2")).send().await.unwrap();
    let (status, told) = (refused.status(), refused.text().await.unwrap());
    assert!(status == 400 && told.contains("<Code>00001</Code>") && told.contains("token of a DDM"), "{told}");
    assert_eq!(house.post(PRICES).body(document("r-3")).send().await.unwrap().status(), 202);
    let token = house.token_in(GRID, &[ActorRole::from_code("EZ").unwrap()]);
    let request = house.http.post(house.url(PRICES)).bearer_auth(token).header("content-type", "application/xml");
    assert_eq!(request.body(as_ez("r-2")).send().await.unwrap().status(), 202, "its id is not used up");
}

#[tokio::test]
async fn of_equal_documents_sent_at_the_same_time_one_has_an_effect() {
    let house = start().await;
    let sending = (0..16).map(|_| house.post(PRICES).body(document("1")).send());
    let answers = futures_util::future::join_all(sending).await;
    let first: Vec<_> = answers.iter().flatten().filter(|answer| header(answer, "duplicate").is_empty()).collect();
    assert_eq!(first.len(), 1);
    for answer in answers.iter().flatten() {
        assert_eq!(answer.status(), 202);
        assert_eq!(header(answer, "correlationid"), header(first[0], "correlationid"));
    }
    peek_until(&house, "/v1.0/cim/all").await;
    let queue: serde_json::Value = house.get("/v1.0/cim/queue").send().await.unwrap().json().await.unwrap();
    assert_eq!(queue["categories"][0]["pending"], 1);
}

/// Every record's key; bodies are no records.
fn everything(store: &dyn Store) -> Vec<Key> {
    let all = KeyRange { from: Key::new(Space(0)), to: Key::new(Space(255)) };
    let page = store.page(&all, None, 10_000).unwrap();
    assert!(!page.more);
    page.records.into_iter().map(|(key, _)| key).filter(|key| key.space() != Space(BODIES)).collect()
}
