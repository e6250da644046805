//! The archive through the door (post-office 4.4): what its list shows, in which order, and page by page both ways; and that
//! whatever a known caller sends is in it.

mod door;

use door::*;
use gridpost::http::Limits;
use gridpost::market::ActorRole;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

/// What a path answers to a token, with its status.
async fn asked(house: &House, token: &str, path: &str) -> (u16, Value) {
    let answer = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn ids(found: &Value) -> Vec<&str> {
    let rows = found["rows"].as_array().unwrap_or_else(|| panic!("{found}"));
    rows.iter().map(|row| row["messageId"].as_str().unwrap()).collect()
}

/// The pages from one on, whichever way `link` leads.
async fn pages(house: &House, token: &str, first: &str, link: &str) -> Vec<Value> {
    let (mut path, mut pages) = (first.to_string(), Vec::new());
    loop {
        let (status, found) = asked(house, token, &path).await;
        assert_eq!(status, 200, "{path}: {found}");
        let next = found[link].as_str().map(str::to_string);
        pages.push(found);
        match next {
            Some(next) => path = next,
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_list_is_sorted_and_leafed_through_both_ways_whatever_comes_meanwhile() {
    let house = start().await;
    let (own, hub) = (house.token(), house.token_of(HUB, ActorRole::MeteringPointAdministrator));
    let send = async |id: &str| {
        let body = document("1").replace("doc-1", id).replace("op-1", &format!("op-{id}"));
        let sent = house.post(PRICES).body(body).send().await.unwrap();
        assert!([202, 400].contains(&sent.status().as_u16()));
    };
    for id in ["b", "x&apos; or 1=1 --", "a", "c"] {
        send(id).await;
    }
    house.gateway.settled().await.unwrap();

    let newest = pages(&house, &own, "/v1.0/cim/messages?direction=in&descending=true&take=3", "next").await;
    assert_eq!(newest.iter().map(ids).collect::<Vec<_>>(), [vec!["c", "a", "x' or 1=1 --"], vec!["b"]]);
    assert_eq!((&newest[0]["previous"], &newest[1]["next"]), (&Value::Null, &Value::Null));

    let by_id = "/v1.0/cim/messages?sort=messageId&direction=in&take=1";
    let sorted = pages(&house, &own, by_id, "next").await;
    assert_eq!(sorted.iter().flat_map(ids).collect::<Vec<_>>(), ["a", "b", "c", "x' or 1=1 --"]);
    let last = sorted[3]["previous"].as_str().unwrap();
    let back = pages(&house, &own, last, "previous").await;
    assert_eq!(back.iter().flat_map(ids).collect::<Vec<_>>(), ["c", "b", "a"], "a quote in a cursor does no harm");

    // What comes meanwhile is found on its side, and nothing is told twice or left out.
    send("bb").await;
    send("aa").await;
    let rest = pages(&house, &own, sorted[1]["next"].as_str().unwrap(), "next").await;
    assert_eq!(rest.iter().flat_map(ids).collect::<Vec<_>>(), ["bb", "c", "x' or 1=1 --"]);
    let before = pages(&house, &own, sorted[1]["previous"].as_str().unwrap(), "previous").await;
    assert_eq!(before.iter().flat_map(ids).collect::<Vec<_>>(), ["aa", "a"]);

    let both = pages(&house, &own, "/v1.0/cim/messages?sort=sender&take=4", "next").await;
    let directions = |page: &Value| -> Vec<String> {
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| row["direction"].as_str().unwrap().into()).collect()
    };
    let directions = both.iter().flat_map(directions).collect::<Vec<_>>();
    assert!(directions.is_sorted_by(|one, other| one >= other), "what the hub sent comes first: {directions:?}");
    let everybodys = pages(&house, &hub, "/v1.0/operator/messages?sort=document&descending=true&take=5", "next").await;
    let names: Vec<_> = everybodys
        .iter()
        .flat_map(|page| page["rows"].as_array().unwrap())
        .map(|row| row["document"].as_str())
        .collect();
    assert!(names.len() > 6 && names.is_sorted_by(|one, other| one >= other), "{names:?}");
}

#[tokio::test]
async fn documents_are_found_by_their_verdict_and_by_the_number_of_their_kind() {
    let house = start().await;
    let own = house.token();
    house.post(PRICES).body(document("1")).send().await.unwrap();
    house.post(PRICES).body(flawed()).send().await.unwrap();
    house.post("/v1.0/cim/requestchangeofsupplier").body("<x/>").send().await.unwrap();
    house.gateway.settled().await.unwrap();
    let found = async |criteria: &str| -> Vec<(String, String, String)> {
        let (status, found) = asked(&house, &own, &format!("/v1.0/cim/messages?{criteria}")).await;
        assert_eq!(status, 200, "{found}");
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_string();
        let rows = found["rows"].as_array().unwrap().iter();
        rows.map(|row| (text(row, "verdict"), text(row, "rsm"), text(row, "reason"))).collect()
    };
    let row = |verdict: &str, rsm: &str, reason: &str| (verdict.to_string(), rsm.to_string(), reason.to_string());
    let (sent, answer) = (row("accepted", "RSM-033", "D08"), row("-", "RSM-033", "D08"));
    let (wrong, foreign) = (row("refused", "RSM-033", "D08"), row("refused", "RSM-001", ""));
    for (criteria, expected) in [
        ("", vec![sent.clone(), answer.clone(), wrong.clone(), foreign.clone()]),
        ("rsm=RSM-033", vec![sent.clone(), answer, wrong.clone()]),
        ("rsm=033&verdict=accepted", vec![sent]),
        ("verdict=refused", vec![wrong.clone(), foreign.clone()]),
        ("verdict=refused&refused=Forbidden", vec![foreign]),
        ("verdict=refused&reason=D08", vec![wrong]),
        ("rsm=004", vec![]),
    ] {
        let mut found = found(criteria).await;
        // Decided while the others came.
        found.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(found, expected, "{criteria}");
    }
    for wrong in ["verdict=rejected", "rsm=D10"] {
        assert_eq!(asked(&house, &own, &format!("/v1.0/cim/messages?{wrong}")).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn an_order_or_a_place_that_nobody_gave_out_is_refused() {
    let house = start().await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    house.post(PRICES).body(document("2")).send().await.unwrap();
    let own = house.token();
    let (_, found) = asked(&house, &own, "/v1.0/cim/messages?sort=messageId&take=1").await;
    let next = found["next"].as_str().unwrap();
    let after = next.split_once("after=").unwrap().1;
    for (wrong, target) in [
        ("sort=size".to_string(), "sort"),
        ("sort=messageId%27".into(), "sort"),
        ("descending=yes".into(), "descending"),
        ("take=1001".into(), "take"),
        (format!("after={after}"), "after"),
        ("sort=messageId&after=1.2.3".into(), "after"),
        ("sort=messageId&after=1.2.3.%27;--".into(), "after"),
        ("before=1.2".into(), "before"),
        (format!("sort=messageId&after={after}&before={after}"), "before"),
    ] {
        let (status, error) = asked(&house, &own, &format!("/v1.0/cim/messages?{wrong}")).await;
        assert_eq!((status, &error["error"]["target"]), (400, &target.into()), "{wrong}: {error}");
    }
    // A place is a place in any list of its order, even where no document stands.
    let (status, found) = asked(&house, &own, "/v1.0/cim/messages?before=9000000000000000.7.0&direction=in").await;
    assert_eq!((status, ids(&found)), (200, vec!["doc-1", "doc-2"]));
}

/// A message id is its sender's own: who sees everybody's documents is told which rows it may mean, and each row is one document.
#[tokio::test]
async fn an_id_that_several_have_used_is_told_apart_by_rows() {
    let house = start().await;
    let (own, hub) = (house.token(), house.token_of(HUB, ActorRole::MeteringPointAdministrator));
    let system = house.token_of(SYSTEM, ActorRole::SystemOperator);
    let one = "/v1.0/operator/messages/doc-1";
    let sent = async |token: &str, body: String| {
        let sent = house.http.post(house.url(PRICES)).bearer_auth(token).header("content-type", "application/xml");
        sent.body(body).send().await.unwrap().status().as_u16()
    };
    let bytes = async |token: &str, path: &str| {
        let answer = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let first = document("1");
    assert_eq!(sent(&own, flawed_as("doc-1")).await, 400);
    assert_eq!(sent(&own, first.clone()).await, 202);
    assert_eq!(sent(&own, first.replace("12.5", "12.6")).await, 400, "the id is used up");
    assert_eq!(bytes(&hub, one).await, (200, first.clone()), "of one sender's the one that was not refused is meant");

    let other = first.replace(GRID_NUMBER, "5790000432752").replace(">DDM<", ">EZ<");
    assert_eq!(sent(&system, other.clone()).await, 202);
    house.gateway.settled().await.unwrap();
    let (_, listed) = asked(&house, &hub, "/v1.0/operator/messages?messageId=doc-1").await;
    let rows = listed["rows"].as_array().unwrap();
    let row = |nth: usize| rows[nth]["id"].as_str().unwrap();
    for path in [one.to_string(), format!("{one}/related")] {
        let (status, told) = asked(&house, &hub, &path).await;
        let error = &told["error"];
        assert_eq!((status, &error["code"]), (409, &"AmbiguousId".into()), "{told}");
        assert!(error["message"].as_str().unwrap().starts_with("4 documents carry this message id"), "{told}");
        let targets: Vec<_> = error["details"].as_array().unwrap().iter().map(|it| it["target"].clone()).collect();
        assert_eq!(targets, [row(3), row(1), row(2), row(0)], "accepted ones first, the latest first: {told}");
        let said = error["details"][0]["message"].as_str().unwrap();
        assert!(said.starts_with("RequestChangeOfPriceList from 5790000432752/EZ at 20"), "{told}");
        assert!(error["details"][2]["message"].as_str().unwrap().ends_with(", refused"), "{told}");
    }
    for (nth, body) in [(1, &first), (3, &other)] {
        assert_eq!(bytes(&hub, &format!("/v1.0/operator/messages/{}", row(nth))).await, (200, body.clone()));
        let (status, related) = asked(&house, &hub, &format!("/v1.0/operator/messages/{}/related", row(nth))).await;
        assert!(status == 200 && !ids(&related).is_empty(), "{related}");
    }
    for (token, body) in [(&own, first), (&system, other)] {
        assert_eq!(bytes(token, "/v1.0/cim/messages/doc-1").await, (200, body), "each has its own");
        assert_eq!(bytes(token, "/v1.0/cim/messages/doc-1/related").await.0, 200);
    }
    // What is told is bounded, however often somebody tries.
    for _ in 0..20 {
        assert_eq!(sent(&system, flawed_as("doc-1")).await, 400);
    }
    let (status, told) = asked(&house, &hub, one).await;
    let (message, details) = (told["error"]["message"].as_str().unwrap(), told["error"]["details"].as_array().unwrap());
    assert_eq!((status, details.len()), (409, 20), "{told}");
    assert!(message.starts_with("24 documents") && message.contains("the details name 20 of them"), "{told}");
}

/// A document with an id that breaks its schema.
fn flawed_as(id: &str) -> String {
    document("x").replace("doc-x", id).replace("cim:type>D10", "cim:type>X10")
}

/// The one row of a correlation id.
async fn row_of(house: &House, token: &str, id: &str) -> Value {
    let (_, found) = asked(house, token, &format!("/v1.0/cim/messages?correlationId={id}")).await;
    let [row] = &found["rows"].as_array().unwrap()[..] else { panic!("{id}: {found}") };
    row.clone()
}

/// Post-office 4.4, item 1: raw bytes, headers, caller and verdict of every request, including those that nobody can read.
#[tokio::test]
async fn whatever_a_known_caller_sends_is_archived_with_its_verdict() {
    const BODY_BYTES_MAX: usize = 2 << 20;
    let limits = Limits { body_bytes_max: BODY_BYTES_MAX, gzip_ratio_from_bytes: 1 << 19, ..Limits::default() };
    let house = start_with(limits).await;
    let mut damaged = packed(document("damaged").as_bytes());
    damaged.truncate(damaged.len() - 9);
    let mut damaged_late = packed(&padded("late", 1 << 20));
    let middle = damaged_late.len() / 2;
    damaged_late[middle..middle + 64].fill(7);
    let (unknown, ebix) = ("/v1.0/cim/requestofnothing", "/ebix");
    let (bomb, opened) = (packed(&vec![b' '; 20 << 20]), packed(&padded("f", BODY_BYTES_MAX + 1)));
    let (fine, in_xml, of_prices) = (document("1").into_bytes(), "application/xml", "RequestChangeOfPriceList");
    let rows = [
        (PRICES, in_xml, "gzip", damaged, 400, "BadRequest", of_prices, "encoded"),
        (PRICES, in_xml, "gzip", damaged_late, 400, "BadRequest", of_prices, "encoded"),
        (PRICES, in_xml, "gzip", vec![], 400, "BadRequest", of_prices, "encoded"),
        (PRICES, in_xml, "gzip", bomb.clone(), 413, "ContentTooLarge", of_prices, "encoded"),
        (PRICES, in_xml, "gzip", opened, 413, "ContentTooLarge", of_prices, "encoded"),
        (PRICES, in_xml, "br", fine.clone(), 415, "UnsupportedMediaType", of_prices, "encoded"),
        (PRICES, "text/html", "gzip", packed(&fine), 415, "UnsupportedMediaType", of_prices, "whole"),
        (PRICES, in_xml, "identity", padded("g", BODY_BYTES_MAX + 1), 413, "ContentTooLarge", of_prices, "nothing"),
        (PRICES, in_xml, "identity", b"<a".to_vec(), 400, "B2B-005", of_prices, "whole"),
        (PRICES, in_xml, "identity", b"\x00\xff\xfe".to_vec(), 400, "B2B-005", of_prices, "whole"),
        (PRICES, in_xml, "identity", vec![], 400, "B2B-005", of_prices, "whole"),
        (unknown, in_xml, "identity", fine.clone(), 404, "NotFound", "", "whole"),
        (unknown, "text/plain", "gzip", packed(&fine), 404, "NotFound", "", "whole"),
        (unknown, in_xml, "gzip", bomb, 404, "NotFound", "", "encoded"),
        (ebix, "text/xml", "identity", fine.clone(), 200, "BadRequest", "", "whole"),
        (ebix, "text/xml", "identity", b"no envelope".to_vec(), 200, "BadRequest", "", "whole"),
        (ebix, "text/xml", "gzip", b"no gzip".to_vec(), 400, "BadRequest", "", "encoded"),
        (ebix, "application/json", "identity", b"{}".to_vec(), 415, "UnsupportedMediaType", "", "whole"),
    ];
    for (path, media, coding, sent, status, code, document, kept) in rows {
        let told = format!("{path} {media} {coding} {code} {}", sent.len());
        let request = house.http.post(house.url(path)).bearer_auth(house.token()).header("user-agent", "a client/1");
        let request = request.header("content-type", media).header("content-encoding", coding).body(sent.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{told}");
        let row = row_of(&house, &house.token(), header(&answer, "correlationid")).await;
        let found = (&row["direction"], &row["refused"][0], &row["document"], &row["party"]["number"]);
        assert_eq!(found, (&"in".into(), &code.into(), &document.into(), &GRID_NUMBER.into()), "{told}: {row}");
        let request = (&row["request"]["path"], &row["request"]["kept"], &row["request"]["headers"]["user-agent"]);
        assert_eq!(request, (&path.into(), &kept.into(), &"a client/1".into()), "{told}");
        assert_eq!(row["request"]["headers"]["content-encoding"], coding);
        assert!(!row.to_string().to_lowercase().contains("bearer"), "no credential is kept: {row}");
        let body = house.get(&format!("/v1.0/cim/messages/{}", row["id"].as_str().unwrap())).send().await.unwrap();
        if kept == "nothing" {
            assert_eq!((body.status().as_u16(), &row["bytes"]), (410, &0.into()), "{told}");
            continue;
        }
        assert_eq!((body.status().as_u16(), header(&body, "content-disposition")), (200, "attachment"), "{told}");
        let of_anything = header(&body, "content-type") == "application/octet-stream";
        assert_eq!(of_anything, kept == "encoded", "{told}");
        let expected = if kept == "whole" && coding == "gzip" { fine.clone() } else { sent };
        assert!(body.bytes().await.unwrap() == expected, "{told}: byte for byte");
    }
    // A document that came under a wrong name is found by what it says of itself.
    let (_, found) = asked(&house, &house.token(), "/v1.0/cim/messages?transactionId=op-1&refused=NotFound").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 2, "{found}");
    let (_, found) = asked(&house, &house.token(), "/v1.0/cim/messages?document=").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 7, "what was not recognised: {found}");
    let (_, found) = asked(&house, &house.supplier(), "/v1.0/cim/messages").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 0, "each sees its own");
}

/// Whatever keeps a document from being read, whoever is asked about it finds it by the ids that it was given.
#[tokio::test]
async fn what_no_schema_recognises_is_found_by_its_ids() {
    let house = start().await;
    let ebix = include_str!("../samples/ebix/C1-create/01-in.xml");
    let xml = |id: &str| document(id);
    let in_ebix = |id: &str| ebix.replace("ebix-1", &format!("doc-{id}")).replace("ebix-op-1", &format!("op-{id}"));
    let json = |id: &str| {
        format!(r#"{{"Foo_MarketDocument":{{"mRID":"doc-{id}","MktActivityRecord":[{{"mRID":"op-{id}"}}]}}}}"#)
    };
    let bare = |text: String| text.replace("cim:", "").replace(" xmlns:cim=", " id=");
    let rows = [
        ("application/xml", xml("1").replace(":0:1\"", ":0:2\"")),
        ("application/xml", xml("2").replace("RequestChangeOfPriceList_", "Foo_")),
        ("application/xml", bare(xml("3"))),
        ("application/xml", xml("4").replace("requestchangeofpricelist:", "requestchangeofsupplier:")),
        ("application/xml", format!("<!DOCTYPE a [<!ENTITY e 'x'>]>{}", xml("5"))),
        ("application/xml", xml("6").split_once("<cim:Series_Period>").unwrap().0.into()),
        ("application/json", xml("7")),
        ("application/ebix", in_ebix("8").replace(":v3", ":v2")),
        ("application/ebix", in_ebix("9").replace(":v3", "")),
        ("application/ebix", in_ebix("10").replace("DK_RequestUpdateChargeInformation", "DK_Foo")),
        ("application/json", json("11")),
        ("application/json", json("12").replace("}]}}", "")),
        ("application/json", json("13").replace("\"mRID\":\"doc", "\"mRID\":\"doc-13\",\"mRID\":\"doc")),
    ];
    for (nth, (media, body)) in (1..).zip(rows) {
        let sent = house.http.post(house.url(PRICES)).bearer_auth(house.token()).header("content-type", media);
        assert_eq!(sent.body(body.clone()).send().await.unwrap().status(), 400, "{body}");
        for criterion in [format!("messageId=doc-{nth}"), format!("transactionId=op-{nth}")] {
            let (_, found) = asked(&house, &house.token(), &format!("/v1.0/cim/messages?{criterion}")).await;
            assert_eq!(ids(&found), [format!("doc-{nth}")], "{criterion}: {body}");
            assert_eq!(found["rows"][0]["verdict"], "refused");
            let (_, foreign) = asked(&house, &house.supplier(), &format!("/v1.0/cim/messages?{criterion}")).await;
            assert_eq!(ids(&foreign), [""; 0], "each sees its own");
        }
        let kept = house.get(&format!("/v1.0/cim/messages/doc-{nth}")).send().await.unwrap();
        assert_eq!(kept.text().await.unwrap(), body, "byte for byte");
    }
}

#[tokio::test]
async fn a_document_that_does_not_come_to_its_end_leaves_its_request() {
    let house = start().await;
    let mut stream = house.raw().await;
    let head = format!("{}CorrelationId: torn\r\nContent-Length: 1000\r\n\r\n<cim:", house.post_head());
    write(&mut stream, &head).await;
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 400"));
    let row = row_of(&house, &house.token(), "torn").await;
    assert_eq!((&row["refused"][0], &row["request"]["kept"]), (&"BadRequest".into(), &"nothing".into()), "{row}");
    // What is only announced is refused before it is sent.
    let mut stream = house.raw().await;
    let head = format!("{}CorrelationId: announced\r\nContent-Length: 99999999\r\n", house.post_head());
    write(&mut stream, &format!("{head}Expect: 100-continue\r\n\r\n")).await;
    assert!(door::head(&mut stream).await.starts_with("HTTP/1.1 413"));
    let row = row_of(&house, &house.token(), "announced").await;
    let headers = &row["request"]["headers"];
    assert_eq!((&headers["content-length"], &headers["expect"]), (&"99999999".into(), &"100-continue".into()));
    // Whoever is not known, and whoever only asks, leaves nothing.
    house.http.post(house.url(PRICES)).header("correlationid", "c-1").body("<x/>").send().await.unwrap();
    house.http.post(house.url(PRICES)).bearer_auth("no").body("<x/>").send().await.unwrap();
    house.post(&format!("{PRICES}/check")).body("<x/>").send().await.unwrap();
    house.get("/v1.0/cim/nothing").send().await.unwrap();
    let hub = house.token_of(HUB, ActorRole::MeteringPointAdministrator);
    let (_, found) = asked(&house, &hub, "/v1.0/operator/messages").await;
    assert_eq!(found["rows"].as_array().unwrap().len(), 2, "{found}");
}

/// A document over SOAP that goes no further than to the service is kept as it stood in its envelope.
#[tokio::test]
async fn a_document_that_is_turned_away_over_soap_is_archived() {
    let house = start().await;
    let ebix = "<DK_RequestUpdateChargeInformation xmlns=\"un:unece:260:data:EEM-DK_RequestUpdateChargeInformation:v3\"><a/></DK_RequestUpdateChargeInformation>";
    let sending = |document_type: &str, payload: &str| {
        format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:b=\"urn:www:datahub:dk:b2b:v01\"><e:Body>\
             <b:SendMessageRequest><b:MessageContainer><b:MessageReference>REF-1</b:MessageReference>\
             <b:DocumentType>{document_type}</b:DocumentType><b:MessageType>XML</b:MessageType>\
             <b:Payload>{payload}</b:Payload></b:MessageContainer></b:SendMessageRequest></e:Body></e:Envelope>"
        )
    };
    let (fine, peek) = ("RequestUpdateChargeInformation", "peekMessage");
    let rows = [
        (house.token(), "", "Other", ebix, "B2B-006", "RequestChangeOfPriceList"),
        (house.token(), peek, fine, ebix, "BadRequest", ""),
        (house.token(), "", fine, "<x><y/></x>", "B2B-007", ""),
        (house.token(), "", fine, "<DK_X xmlns=\"un:unece:260:data:EEM-DK_X:v3\"><a/></DK_X>", "B2B-005", ""),
        (house.supplier(), "", fine, ebix, "Forbidden", "RequestChangeOfPriceList"),
        (house.token(), "", fine, ebix, "B2B-005", "RequestChangeOfPriceList"),
    ];
    for (token, action, document_type, payload, code, document) in rows {
        let request = house.http.post(house.url("/ebix")).bearer_auth(&token).header("soapaction", action);
        let request = request.header("content-type", "text/xml").body(sending(document_type, payload));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let row = row_of(&house, &token, header(&answer, "correlationid")).await;
        let text = answer.text().await.unwrap();
        assert_eq!((&row["refused"][0], &row["document"]), (&code.into(), &document.into()), "{row} {text}");
        assert_eq!(row["request"]["headers"]["soapaction"], action);
        let path = format!("/v1.0/cim/messages/{}", row["id"].as_str().unwrap());
        let body = house.http.get(house.url(&path)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(body.text().await.unwrap(), payload);
    }
}
