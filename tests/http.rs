//! The door over real TLS sockets: every status, every limit, both error formats.

mod client_certificates;
mod door;
mod gated;
mod soap;
mod waiting;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use door::*;
use gated::{Gate, Gated};
use gridpost::http::Limits;
use gridpost::identity;
use gridpost::market::{ActorRole, Timestamp};
use gridpost::record::Batch;
use gridpost::spec;
use gridpost::store::{Completion, Fault, Memory, Store};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

const BODY_BYTES_MAX: usize = 52_428_800;

#[tokio::test]
async fn a_document_is_accepted_and_its_repetition_told_apart() {
    let house = start().await;
    let send = |path: &str, body: String| house.post(path).body(body).send();
    let first = send(PRICES, document("1")).await.unwrap();
    assert_eq!((first.status().as_u16(), header(&first, "duplicate")), (202, ""));
    assert_eq!(header(&first, "content-length"), "0");
    let again = send(PRICES, document("1")).await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "duplicate")), (202, "true"));
    assert_eq!(header(&again, "correlationid"), header(&first, "correlationid"), "the first answer again");
    let alias = send("/v1.0/cim/RequestChangePriceList", document("2")).await.unwrap();
    assert_eq!(alias.status(), 202);
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_keeps_nothing() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let check = |body: String| client.dry_run("requestchangeofpricelist", body.into());
    let told = check(document("1")).await.unwrap();
    assert_eq!((&told["verdict"], &told["document"]), (&"accepted".into(), &"RequestChangeOfPriceList".into()));
    assert_eq!(told["records"], json!([{ "id": "op-1", "status": "rejected", "broken": ["VR.927"] }]));
    let answer = &told["answers"][0];
    assert_eq!((&answer["document"], &answer["process"]), (&"RejectRequestChangeOfPriceList".into(), &"D08".into()));
    assert_eq!(answer["records"][0]["reasons"][0]["code"], "D14");
    let preview = answer["body"].as_str().unwrap().to_string();
    assert_eq!(client.queue().await.unwrap()["categories"][0]["pending"], 0, "nothing has been sent");

    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    let again = check(document("1")).await.unwrap();
    assert_eq!(again["verdict"], "duplicate");
    let mut other = document("1").replace("op-1", "op-2");
    let used = check(other.clone()).await.unwrap();
    assert_eq!((&used["verdict"], &used["error"]["details"][0]["code"]), (&"refused".into(), &"00101".into()));
    other = other.replace("doc-1", "doc-2");
    assert_eq!(check(other).await.unwrap()["verdict"], "accepted", "the refused ids are free");
    assert_eq!(check(flawed()).await.unwrap()["error"]["details"][0]["code"], "SchemaValidationError");

    let sent = loop {
        match client.peek("all").await.unwrap() {
            Some(message) => break message,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    // The clock goes on meanwhile, so the time of creation alone may differ.
    let text = |told: &str| {
        let parts = told.split("createdDateTime>").enumerate();
        parts.filter(|(place, _)| *place != 1).map(|(_, part)| part).collect::<String>()
    };
    let sent = String::from_utf8(sent.body.to_vec()).unwrap();
    assert_eq!(text(&sent), text(&preview), "what was foretold is what came, but for the time of day");

    let foreign = house.client(Some(house.supplier())).dry_run("requestchangeofpricelist", document("3").into()).await;
    assert!(foreign.unwrap_err().to_string().contains("ask about a document"));
    let wrong = house.http.get(house.url("/v1.0/cim/requestchangeofpricelist/check")).bearer_auth(house.token());
    assert_eq!(wrong.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_participant_finds_its_own_documents_and_the_hub_everybodys() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let hub = house.token_of(HUB, ActorRole::MeteringPointAdministrator);
    let looked =
        async |token: &str, path: &str| house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
    let rows = async |token: &str, path: &str| {
        let found: Value = looked(token, path).await.json().await.unwrap();
        found["rows"].as_array().unwrap_or_else(|| panic!("{path}: {found}")).clone()
    };
    client.send("requestchangeofpricelist", flawed().into()).await.unwrap();
    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    let answer = loop {
        match client.peek("all").await.unwrap() {
            Some(message) => break message,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert_eq!(client.peek("all").await.unwrap().unwrap().id, answer.id);
    let own = house.token();
    let all = rows(&own, "/v1.0/cim/messages").await;
    let told: Vec<_> = all.iter().map(|row| (row["direction"].as_str().unwrap(), row["refused"][0].as_str())).collect();
    assert_eq!(told, [("in", Some("B2B-005")), ("in", None), ("out", None)]);
    assert_eq!(all[2]["delivery"]["status"], "peeked");
    client.dequeue(&answer.id).await.unwrap();
    let out = rows(&own, "/v1.0/cim/messages?direction=out&reason=D08&transactionId=op-1").await;
    assert_eq!((out.len(), &out[0]["delivery"]["status"]), (1, &"dequeued".into()));
    let delivery = &out[0]["delivery"];
    assert_eq!((&delivery["peeked"], &delivery["times"]), (&all[2]["delivery"]["peeked"], &2.into()), "{delivery}");
    assert_eq!((&delivery["firstFormat"], &delivery["lastFormat"]), (&"xml".into(), &"xml".into()), "{delivery}");
    let again = looked(&own, &format!("/v1.0/cim/messages/{}", answer.id)).await;
    assert_eq!((header(&again, "messageid"), header(&again, "messagetype")), (&*answer.id, &*answer.document));
    assert_eq!(again.bytes().await.unwrap(), answer.body, "long after it was dequeued");
    let sent = looked(&own, "/v1.0/cim/messages/doc-1").await.text().await.unwrap();
    assert_eq!(sent, document("1"), "byte for byte");
    let related = rows(&own, "/v1.0/cim/messages/doc-1/related").await;
    assert_eq!(related.iter().map(|row| &row["messageId"]).collect::<Vec<_>>(), [&Value::from(&*answer.id)]);
    let back = rows(&own, &format!("/v1.0/cim/messages/{}/related", answer.id)).await;
    assert_eq!(back[0]["messageId"], "doc-1");

    let foreign = house.supplier();
    assert_eq!(rows(&foreign, "/v1.0/cim/messages").await, Vec::<Value>::new());
    for path in ["doc-1", &answer.id, all[1]["id"].as_str().unwrap()] {
        assert_eq!(looked(&foreign, &format!("/v1.0/cim/messages/{path}")).await.status(), 404, "{path}");
    }
    assert_eq!(looked(&foreign, "/v1.0/operator/messages").await.status(), 403);

    let everybody = format!("/v1.0/operator/messages?party={GRID_NUMBER}&role=DDM&subject=SUB-7");
    assert_eq!(rows(&hub, &everybody).await.len(), 1, "the request; its rejection does not name the charge");
    for (role, found) in [("ddm", 3), ("DDQ", 0), ("DDM&direction=out", 1), ("MDR", 1)] {
        assert_eq!(rows(&hub, &format!("/v1.0/operator/messages?role={role}")).await.len(), found, "{role}");
    }
    let mut page = "/v1.0/operator/messages?take=1".to_string();
    let mut seen = Vec::new();
    loop {
        let found: Value = looked(&hub, &page).await.json().await.unwrap();
        seen.extend(found["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        match found["next"].as_str() {
            Some(next) => page = next.to_string(),
            None => break,
        }
    }
    assert_eq!(seen, all.iter().map(|row| row["id"].clone()).collect::<Vec<_>>());
    for (path, total) in [("?total=true&take=1", json!(3)), ("?total=true&direction=out", json!(1)), ("", Value::Null)]
    {
        let found: Value = looked(&own, &format!("/v1.0/cim/messages{path}")).await.json().await.unwrap();
        assert_eq!(found["total"], total, "{path}");
    }
    for wrong in [
        "after=%27%20or%201=1",
        "take=1001",
        "direction=sideways",
        "role=XXX",
        "party=1&role=XXX",
        "sort=at",
        "total=1",
    ] {
        assert_eq!(looked(&hub, &format!("/v1.0/operator/messages?{wrong}")).await.status(), 400, "{wrong}");
    }
}

/// Post-office 4.4, item 1: also what was turned away before it was looked at.
#[tokio::test]
async fn what_was_turned_away_is_in_the_archive_byte_for_byte() {
    let house = start().await;
    let rows = [
        (house.supplier(), "application/xml", document("role"), 403, "Forbidden"),
        (house.token(), "text/plain", document("type"), 415, "UnsupportedMediaType"),
        (house.token(), "application/json", document("form"), 400, "B2B-005"),
        (house.token(), "application/xml", "{}".repeat(100_000), 400, "B2B-005"),
    ];
    for (token, form, sent, status, code) in rows {
        let post = house.http.post(house.url(PRICES)).bearer_auth(&token).header("content-type", form);
        let answer = post.body(sent.clone()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{form}");
        let id = header(&answer, "correlationid").to_string();
        let get = async |path: &str| house.http.get(house.url(path)).bearer_auth(&token).send().await.unwrap();
        let list: Value = get(&format!("/v1.0/cim/messages?correlationId={id}")).await.json().await.unwrap();
        let [row] = &list["rows"].as_array().unwrap()[..] else { panic!("{form}: {list}") };
        assert_eq!((&row["direction"], &row["refused"][0]), (&"in".into(), &code.into()), "{row}");
        let kept = get(&format!("/v1.0/cim/messages/{}", row["id"].as_str().unwrap())).await;
        assert_eq!(kept.text().await.unwrap(), sent);
    }
}

#[tokio::test]
async fn a_document_may_have_another_path() {
    let house = start().await;
    for (path, document) in [
        ("RequestChangePriceList", "RequestChangeOfPriceList"),
        ("requestchangeofaccountingpointcharacteristics", "RequestChangeAccountingPointCharacteristics"),
    ] {
        assert_eq!(house.gateway.document_for(path).map(|it| it.name), Some(document));
    }
}

#[tokio::test]
async fn the_checks_of_a_post_come_in_their_order() {
    let house = start().await;
    let grid = house.token();
    let supplier = house.supplier();
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    let rows: [(_, _, _, _, &[u8]); 7] = [
        (401, None, "/v1.0/cim/nothing", "text/plain", &large),
        (404, Some(&supplier), "/v1.0/cim/nothing", "text/plain", &large),
        (403, Some(&supplier), PRICES, "text/plain", &large),
        (415, Some(&grid), PRICES, "text/plain", &large),
        (413, Some(&grid), PRICES, "application/xml", &large),
        (400, Some(&grid), PRICES, "application/xml", b"<x/>"),
        (400, Some(&grid), PRICES, "application/json", b"{}"),
    ];
    for (expected, token, path, content_type, body) in rows {
        let mut request = house.http.post(house.url(path)).header("content-type", content_type).body(body.to_vec());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{path} {content_type}");
        assert!(!header(&response, "correlationid").is_empty());
        let body = response.text().await.unwrap();
        assert!(body.contains("<Error><Code>") || body.contains(r#"{"error":"#), "{body}");
    }
}

#[tokio::test]
async fn the_content_type_says_what_the_body_is() {
    let house = start().await;
    let rows = [
        ("application/xml", 202),
        ("Application/XML; Charset=\"UTF-8\"", 202),
        ("text/xml", 202),
        ("application/xml; charset=iso-8859-1", 415),
        ("application/json; charset=utf-8", 400),
        ("application/json; charset=utf-16", 415),
        ("", 415),
    ];
    for (n, (content_type, expected)) in rows.into_iter().enumerate() {
        let request = house.http.post(house.url(PRICES)).bearer_auth(house.token()).body(document(&n.to_string()));
        let response = request.header("content-type", content_type).send().await.unwrap();
        assert_eq!(response.status(), expected, "{content_type}");
    }
    let said_twice = house.post(PRICES).header("content-type", "application/json").body(document("twice"));
    assert_eq!(said_twice.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn fifty_mebibytes_are_taken_and_one_byte_more_is_not() {
    let house = start().await;
    for (bytes, chunked, expected) in [
        (BODY_BYTES_MAX - 1, false, 202),
        (BODY_BYTES_MAX, false, 202),
        (BODY_BYTES_MAX, true, 202),
        (BODY_BYTES_MAX + 1, false, 413),
        (BODY_BYTES_MAX + 1, true, 413),
    ] {
        let body = bytes::Bytes::from(padded(&format!("{bytes}-{chunked}"), bytes));
        let request = house.post(PRICES);
        let request = match chunked {
            false => request.body(body),
            true => {
                let pieces: Vec<_> =
                    body.chunks(1 << 16).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
                request.body(reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)))
            }
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{bytes} chunked {chunked}");
        if expected == 413 {
            assert!(response.text().await.unwrap().contains("52428800"));
        }
    }
}

#[tokio::test]
async fn a_large_document_is_judged_while_it_arrives_as_a_small_one_is() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let padding = format!("<!--{}-->\n", "x".repeat(99)).repeat(3_000);
    let at_the_end =
        |document: String| document.replacen("  <cim:MktActivity", &format!("{padding}  <cim:MktActivity"), 1);
    let long_id = "op-".repeat(40);
    for (small, fine) in [
        (document("1"), true),
        (document("2").replace("<cim:mRID>op-2", "<cim:mRID>"), false),
        (document("3").replace("<cim:mRID>op-3", &format!("<cim:mRID>{long_id}")), true),
        (document("4").replace("MktActivityRecord", "MktActivityRecords"), false),
        (document("5").replace("</cim:MktActivityRecord>", ""), false),
    ] {
        let small = small.replace("doc-", "doc-of-");
        let large = at_the_end(small.clone());
        let told = async |body: String| client.dry_run("requestchangeofpricelist", body.into()).await.unwrap();
        let (mut short, long) = (told(small).await, told(large.clone()).await);
        assert_eq!(short["verdict"] == "accepted", fine, "{short}");
        let details = short.pointer_mut("/error/details").and_then(Value::as_array_mut);
        for line in details.into_iter().flatten().filter_map(|detail| detail.pointer_mut("/innererror/lineNumber")) {
            *line = json!(line.as_u64().unwrap() + 3_000);
        }
        assert_eq!(short["error"], long["error"]);
        assert_eq!((&short["records"], &short["verdict"]), (&long["records"], &long["verdict"]));
    }
    let large = at_the_end(document("6"));
    for body in [large.clone().into_bytes(), packed(large.as_bytes())] {
        let coding = if body.starts_with(b"<") { "identity" } else { "gzip" };
        let sent = house.post(PRICES).header("content-encoding", coding).body(body).send().await.unwrap();
        assert_eq!(
            (sent.status().as_u16(), header(&sent, "duplicate")),
            (202, if coding == "gzip" { "true" } else { "" })
        );
    }
    let kept = house.get("/v1.0/cim/messages/doc-6").send().await.unwrap();
    assert_eq!(kept.text().await.unwrap(), large, "byte for byte");
}

#[tokio::test]
async fn a_body_without_end_is_refused_as_soon_as_it_is_too_large() {
    let limits = Limits { body_bytes_max: 1 << 20, linger_bytes_max: 1 << 20, ..Limits::default() };
    let house = start_with(limits).await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{}Transfer-Encoding: chunked\r\n\r\n", house.post_head())).await;
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let (mut reader, mut writer) = tokio::io::split(stream);
    let answered = tokio::spawn(async move {
        let mut first = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut reader, &mut first).await.unwrap();
        String::from_utf8_lossy(&first).into_owned()
    });
    let mut sent = 0;
    while !answered.is_finished() && sent < 64 << 20 {
        if writer.write_all(piece.as_bytes()).await.is_err() {
            break;
        }
        sent += 0x10000;
    }
    assert_eq!(answered.await.unwrap(), "HTTP/1.1 413");
    assert!(sent < 16 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn a_packed_document_is_taken_within_its_limits() {
    const BODY_BYTES_MAX: usize = 2 << 20;
    let limits = Limits { body_bytes_max: BODY_BYTES_MAX, gzip_ratio_from_bytes: 1 << 19, ..Limits::default() };
    let house = start_with(limits).await;
    let send =
        |coding: &'static str, body: Vec<u8>| house.post(PRICES).header("content-encoding", coding).body(body).send();
    let mut damaged = packed(document("damaged").as_bytes());
    damaged.truncate(damaged.len() - 9);
    let rows = [
        ("gzip", packed(document("a").as_bytes()), 202),
        ("GZIP", packed(document("b").as_bytes()), 202),
        ("identity", document("c").into_bytes(), 202),
        ("gzip", packed(&padded("d", 1 << 20)), 202),
        ("gzip", packed(&padded("e", BODY_BYTES_MAX)), 202),
        ("gzip", packed(&padded("f", BODY_BYTES_MAX + 1)), 413),
        ("gzip", packed(&vec![b' '; 20 << 20]), 413),
        ("gzip", packed(&vec![b' '; 1 << 20]), 413),
        ("gzip", damaged, 400),
        ("gzip", document("g").into_bytes(), 400),
        ("br", document("h").into_bytes(), 415),
        ("gzip, gzip", packed(&packed(document("i").as_bytes())), 415),
    ];
    for (n, (coding, body, expected)) in rows.into_iter().enumerate() {
        assert_eq!(send(coding, body).await.unwrap().status(), expected, "row {n}, {coding}");
    }
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_a_bad_request() {
    let house = start().await;
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut stream = house.raw().await;
        write(&mut stream, &format!("{}{framing}\r\n\r\n5\r\n<cim:", house.post_head())).await;
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{framing}: {answer}");
        assert!(answer.contains("The body ended before it was complete"), "{answer}");
    }
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_slow_client_is_let_go_and_holds_nobody_up() {
    let limits = Limits {
        head: Duration::from_millis(1000),
        handshake: Duration::from_millis(1000),
        body_silence: Duration::from_millis(1000),
        ..Limits::default()
    };
    let house = start_with(limits).await;
    let start = Instant::now();
    let mut silent = tokio::net::TcpStream::connect(house.server.address()).await.unwrap();
    let mut idle = house.raw().await;
    let mut slow_head = house.raw().await;
    write(&mut slow_head, "POST / HTTP/1.1\r\nHost: ").await;
    let mut slow_body = house.raw().await;
    write(&mut slow_body, &format!("{}Content-Length: 1000\r\n\r\n<cim:", house.post_head())).await;
    assert_eq!(house.post(PRICES).body(document("1")).send().await.unwrap().status(), 202);
    assert_eq!(tokio::io::AsyncReadExt::read(&mut silent, &mut [0; 10]).await.unwrap_or(0), 0);
    assert_eq!(rest(&mut idle).await, "");
    let head = rest(&mut slow_head).await;
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    let answer = rest(&mut slow_body).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("RequestTimeout"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_client_that_trickles_its_body_is_let_go() {
    let limits = Limits { body_grace: Duration::from_millis(500), ..Limits::default() };
    let house = start_with(limits).await;
    let mut stream = house.raw().await;
    write(&mut stream, &format!("{}Content-Length: 1000\r\n\r\n", house.post_head())).await;
    for _ in 0..10 {
        if stream.write_all(b"x").await.is_err() || stream.flush().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 408"));
}

/// More answers of a megabyte than the buffers between two ends hold.
const PEEKS: usize = 40;

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_let_go() {
    let limits = Limits { write_silence: Duration::from_millis(500), ..Limits::default() };
    let house = start_with(limits).await;
    let sent = house.post(PRICES).body(year_of_prices("1")).send().await.unwrap();
    assert_eq!(sent.status(), 202);
    let one = peek_until_as(&house, "/v1.0/cim/all", house.supplier()).await.bytes().await.unwrap().len();
    let mut stream = house.raw().await;
    let token = house.supplier();
    let peek = format!("GET /v1.0/cim/all HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    write(&mut stream, &peek.repeat(PEEKS)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let got = rest(&mut stream).await;
    assert!(got.starts_with("HTTP/1.1 200") && got.len() < one * PEEKS, "{} bytes came", got.len());
}

#[tokio::test]
async fn an_unknown_path_or_method_gets_an_error_document() {
    let house = start().await;
    let rows = [
        ("GET", "/", 404, ""),
        ("GET", "/v1.0/cim/masterdata/", 404, ""),
        ("POST", "/v2.0/cim/requestchangeofpricelist", 404, ""),
        ("GET", "/v1.0/cim/nothing", 404, ""),
        ("POST", "/v1.0/cim/%ff", 404, ""),
        ("POST", "/v1.0/cim/masterdata", 405, "GET"),
        ("HEAD", "/v1.0/cim/masterdata", 405, "GET"),
        ("PUT", "/v1.0/cim/queue", 405, "GET"),
        ("GET", PRICES, 405, "POST"),
        ("GET", "/v1.0/cim/dequeue/abc", 405, "DELETE"),
        ("POST", "/ping", 405, "GET, HEAD"),
        ("DELETE", "/metrics", 405, "GET, HEAD"),
    ];
    for (method, path, expected, allow) in rows {
        let request = house.http.request(method.parse().unwrap(), house.url(path)).bearer_auth(house.token());
        let response = request.send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (expected, allow), "{method} {path}");
        assert!(!header(&response, "correlationid").is_empty());
        assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
        let text = response.text().await.unwrap();
        assert_eq!(text.starts_with(r#"{"error":"#), method != "HEAD", "{method} {path}");
    }
}

#[tokio::test]
async fn errors_come_in_the_form_that_was_asked_for() {
    let house = start().await;
    let ask = |accept: &'static str| house.post(PRICES).header("accept", accept).body(flawed()).send();
    let xml = ask("*/*").await.unwrap();
    assert_eq!((xml.status().as_u16(), header(&xml, "content-type")), (400, "application/xml; charset=utf-8"));
    let text = xml.text().await.unwrap();
    assert!(text.starts_with("<Error><Code>B2B-005</Code>") && text.contains("<LineNumber>"), "{text}");
    let json = ask("application/json").await.unwrap();
    assert_eq!((json.status().as_u16(), header(&json, "content-type")), (400, "application/json; charset=utf-8"));
    let json: Value = json.json().await.unwrap();
    assert_eq!(json["error"]["code"], "B2B-005");
    assert_eq!(json["error"]["details"][0]["code"], "SchemaValidationError");
    assert!(json["error"]["details"][0]["innererror"]["lineNumber"].is_u64());
}

#[tokio::test]
async fn every_answer_carries_a_correlation_id() {
    let house = start().await;
    for path in ["/ping", "/nowhere", "/v1.0/cim/all", "/monitor/live"] {
        let own = house.get(path).header("CorrelationId", "my-id-1").send().await.unwrap();
        assert_eq!(header(&own, "correlationid"), "my-id-1", "{path}");
        let made = house.get(path).header("CorrelationId", "x".repeat(65)).send().await.unwrap();
        assert_eq!(header(&made, "correlationid").len(), 36, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_does_not_pass_is_told_why_and_nothing_more() {
    let house = start().await;
    let now = Timestamp::from_utc(chrono::Utc::now());
    let at = |seconds: i64| Timestamp::from_seconds(now.seconds() + seconds);
    let issue = |id: &str, from| {
        house.issuer.issue(id, &[ActorRole::GridAccessProvider], from, Duration::from_secs(60)).unwrap()
    };
    let good = house.token();
    let mut tampered = good.clone();
    tampered.replace_range(60..61, if &good[60..61] == "A" { "B" } else { "A" });
    let rows = [
        (format!("Bearer {}", issue(GRID, at(-61))), "expired"),
        (format!("Bearer {}", issue(GRID, at(30))), "not valid yet"),
        (format!("Bearer {}", issue("nobody", at(0))), "No participant"),
        (format!("Bearer {}", issue(RETIRED, at(0))), "not active"),
        (format!("Bearer {}", house.token_of(GRID, ActorRole::EnergySupplier)), "not registered in the role DDQ"),
        (format!("Bearer {tampered}"), "bearer token"),
        ("Bearer rubbish".into(), "not a signed"),
        ("Bearer".into(), "Authorization header"),
        ("Basic dXNlcjpwYXNz".into(), "Authorization header"),
        (format!("bearer {}", &good[..good.len() - 8]), "bearer token"),
    ];
    for (authorization, why) in rows {
        let response =
            house.http.get(house.url("/v1.0/cim/all")).header("authorization", &authorization).send().await.unwrap();
        assert_eq!(response.status(), 401, "{why}");
        assert!(header(&response, "www-authenticate").starts_with("Bearer"));
        let text = response.text().await.unwrap();
        assert!(text.contains(why) && !text.contains("rubbish"), "{text}");
    }
    let lower = house.http.get(house.url("/v1.0/cim/all")).header("authorization", format!("bearer {good}"));
    assert_eq!(lower.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_participant_lists_the_bundle_that_it_was_given_and_not_what_went_into_it() {
    let house = start().await;
    let sample = include_str!("../samples/charges/C1-create/01-in.xml").replace("8100000000030", GRID_NUMBER);
    for charge in ["A", "B"] {
        let document = sample.replace("TARIFF-1", charge).replace("T-1", charge).replace("DOC-1", charge);
        assert_eq!(house.post(PRICES).body(document).send().await.unwrap().status(), 202);
    }
    let client = house.client(Some(house.supplier()));
    while client.queue().await.unwrap()["categories"][0]["pending"] != 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let hub = house.token_of(HUB, ActorRole::MeteringPointAdministrator);
    let rows = async |token: &str, path: &str| -> Vec<Value> {
        let found = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
        found.json::<Value>().await.unwrap()["rows"].as_array().unwrap().clone()
    };
    let ids = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["messageId"].as_str().unwrap().to_string()).collect()
    };
    let own = house.supplier();
    let waiting = ids(&rows(&own, "/v1.0/cim/messages").await);
    assert_eq!(waiting.len(), 2, "they may still be given out alone");
    let bundle = client.peek("all").await.unwrap().unwrap().id;
    assert_eq!(ids(&rows(&own, "/v1.0/cim/messages").await), [&*bundle]);
    assert_eq!(ids(&rows(&own, &format!("/v1.0/cim/messages/{}/related", waiting[0])).await), [&*bundle]);
    for id in waiting.iter().chain([&bundle]) {
        let kept = house.http.get(house.url(&format!("/v1.0/cim/messages/{id}"))).bearer_auth(&own);
        assert_eq!(kept.send().await.unwrap().status(), 200, "what was ever listed can be fetched");
    }
    assert_eq!(soap::ids(&house, &own, "2023-08-01T00:00:00Z", "2023-08-02T00:00:00Z").await, [&*bundle]);

    let everybodys = rows(&hub, "/v1.0/operator/messages?party=8100000000030&role=DDQ&direction=out").await;
    let within: Vec<&str> = everybodys.iter().filter_map(|row| row["delivery"]["within"].as_str()).collect();
    assert_eq!((everybodys.len(), within), (3, vec![&*bundle; 2]));
}

#[tokio::test]
async fn a_bundle_is_shown_until_it_is_dequeued() {
    let house = start().await;
    assert_eq!(house.get("/v1.0/cim/masterdata").send().await.unwrap().status(), 204);
    assert_eq!(house.post(PRICES).body(document("1")).send().await.unwrap().status(), 202);
    let first = peek_until(&house, "/v1.0/cim/MasterData").await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "content-type"), "application/xml; charset=utf-8");
    let id = header(&first, "messageid").to_string();
    let tag = header(&first, "etag").to_string();
    assert!(!id.is_empty() && !header(&first, "messagetype").is_empty() && tag.starts_with('"'));
    assert_eq!(header(&first, "bundlesize"), "1");
    let body = first.bytes().await.unwrap();
    let second = house.get("/v1.0/cim/all").send().await.unwrap();
    assert_eq!((header(&second, "messageid"), header(&second, "etag")), (&*id, &*tag));
    assert_eq!(second.bytes().await.unwrap(), body);
    for path in ["/v1.0/cim/all".to_string(), format!("/v1.0/cim/messages/{id}")] {
        let tag = header(&house.get(&path).send().await.unwrap(), "etag").to_string();
        for (known, status) in [(format!("\"other\", {tag}"), 304), ("\"other\"".to_string(), 200)] {
            let answer = house.get(&path).header("if-none-match", known).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), header(&answer, "etag")), (status, &*tag), "{path}");
            assert_eq!(answer.bytes().await.unwrap().is_empty(), status == 304);
        }
    }

    let dequeue = |id: &str, token: String| {
        house.http.delete(house.url(&format!("/v1.0/cim/dequeue/{id}"))).bearer_auth(token).send()
    };
    assert_eq!(dequeue(&id, house.supplier()).await.unwrap().status(), 404, "not theirs");
    assert_eq!(dequeue("unknown-id", house.token()).await.unwrap().status(), 404);
    for bad in ["a_b", "a%20b", "%2e%2e%2f", &"x".repeat(65)] {
        assert_eq!(dequeue(bad, house.token()).await.unwrap().status(), 400, "{bad}");
    }
    let done = dequeue(&id, house.token()).await.unwrap();
    assert_eq!((done.status().as_u16(), header(&done, "dequeue-status")), (200, ""));
    let again = dequeue(&id, house.token()).await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "dequeue-status")), (200, "already"));
}

#[tokio::test]
async fn a_message_that_was_not_peeked_is_not_dequeued() {
    for (unpeeked_is_unknown, expected) in [(false, 409), (true, 404)] {
        let house = start_as(|settings| settings.unpeeked_is_unknown = unpeeked_is_unknown).await;
        for id in ["1", "2"] {
            house.post(PRICES).body(document(id)).send().await.unwrap();
        }
        let waiting = loop {
            let list = house.get("/v1.0/cim/messages?direction=out").send().await.unwrap();
            let list: Value = list.json().await.unwrap();
            if list["rows"].as_array().is_some_and(|rows| rows.len() == 2) {
                break list["rows"].as_array().unwrap().clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        for row in &waiting {
            let path = format!("/v1.0/cim/dequeue/{}", row["messageId"].as_str().unwrap());
            assert_eq!(house.delete(&path).send().await.unwrap().status(), expected, "{row}");
        }
        assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 200);
        let queue: Value = house.get("/v1.0/cim/queue").send().await.unwrap().json().await.unwrap();
        assert_eq!(queue["categories"][0]["pending"], 2);
    }
}

#[tokio::test]
async fn the_queue_tells_lengths_and_ages() {
    let house = start().await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    peek_until(&house, "/v1.0/cim/all").await;
    let response = house.get("/v1.0/cim/queue").send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    let queue: Value = response.json().await.unwrap();
    assert_eq!((&queue["actor"], &queue["role"]), (&GRID_NUMBER.into(), &"DDM".into()));
    let categories = queue["categories"].as_array().unwrap();
    assert_eq!(
        categories.iter().map(|c| c["category"].as_str().unwrap()).collect::<Vec<_>>(),
        ["masterdata", "aggregations", "timeseries"]
    );
    assert!(categories[0]["pending"].as_u64().unwrap() >= 1 && categories[0]["oldestAgeSeconds"].is_u64());
    assert_eq!(categories[1]["pending"], 0);
}

#[tokio::test]
async fn what_waits_is_counted_in_records_that_bundling_makes_no_fewer() {
    let house = start().await;
    let sample = include_str!("../samples/charges/C1-create/01-in.xml").replace("8100000000030", GRID_NUMBER);
    for charge in ["A", "B", "C"] {
        let document = sample.replace("TARIFF-1", charge).replace("T-1", charge).replace("DOC-1", charge);
        assert_eq!(house.post(PRICES).body(document).send().await.unwrap().status(), 202);
    }
    house.gateway.settled().await.unwrap();
    let client = house.client(Some(house.supplier()));
    let counted = async || {
        let queue = client.queue().await.unwrap();
        ["pending", "documents", "closed"].map(|name| queue["categories"][0][name].as_u64().unwrap())
    };
    assert_eq!(counted().await, [3, 3, 0]);
    let bundle = client.peek("all").await.unwrap().unwrap();
    assert_eq!(counted().await, [3, 1, 1]);
    client.dequeue(&bundle.id).await.unwrap();
    assert_eq!(counted().await, [0, 0, 0]);
    let sender = house.client(Some(house.token()));
    let queue = sender.queue().await.unwrap();
    assert_eq!((&queue["categories"][0]["documents"], &queue["categories"][0]["closed"]), (&3.into(), &3.into()));
    assert_eq!(queue["categories"][0]["more"], false);
}

#[tokio::test]
async fn a_peek_is_packed_when_asked_and_refused_when_xml_is_not_wanted() {
    let house = start().await;
    house.post(PRICES).body(year_of_prices("1")).send().await.unwrap();
    let peek = || house.http.get(house.url("/v1.0/cim/all")).bearer_auth(house.supplier());
    let plain = peek_until_as(&house, "/v1.0/cim/all", house.supplier()).await;
    let tag = header(&plain, "etag").to_string();
    let plain = plain.bytes().await.unwrap();
    let packed = peek().header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_ne!(header(&packed, "etag"), tag);
    let packed = packed.bytes().await.unwrap();
    assert!(packed.len() < plain.len());
    let mut back = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut back).unwrap();
    assert!(back == plain);
    for (accept, expected) in
        [("image/png", 406), ("application/json", 200), ("text/xml", 200), ("application/ebix", 200)]
    {
        let response = peek().header("accept", accept).send().await.unwrap();
        assert_eq!(response.status(), expected, "{accept}");
    }
}

/// The document of [`document`] as JSON.
fn json_document(id: &str) -> String {
    let document = document(id);
    let schemas = gridpost::document::built_in();
    let limits = gridpost::xml::Limits::default();
    let schema = gridpost::document::recognise(&schemas, document.as_bytes(), &limits).unwrap().unwrap();
    let json = gridpost::document::cim_json::from_xml(schema, document.as_bytes(), &limits).unwrap();
    String::from_utf8(json).unwrap()
}

#[tokio::test]
async fn documents_travel_in_json_both_ways() {
    let house = start().await;
    let send = |id: &str, body: String| {
        let request = house.http.post(house.url(PRICES)).bearer_auth(house.token()).body(body);
        request.header("content-type", "application/json").header("correlationid", id.to_string()).send()
    };
    let sent = send("j-1", json_document("j-1")).await.unwrap();
    assert_eq!((sent.status().as_u16(), header(&sent, "duplicate")), (202, ""));
    let again = send("j-2", json_document("j-1")).await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "duplicate")), (202, "true"));

    let refused = send("j-3", json_document("j-3").replace("\"D08\"", "\"D9X\"")).await.unwrap();
    assert_eq!((refused.status().as_u16(), header(&refused, "content-type")), (400, "application/json; charset=utf-8"));
    let error: Value = refused.json().await.unwrap();
    let detail = &error["error"]["details"][0];
    assert_eq!(detail["code"], "SchemaValidationError", "{error}");
    assert!(detail["innererror"]["linePosition"].as_u64() > Some(1), "its place in the JSON: {error}");

    let peek = |accept: &'static str| {
        let request = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(house.token());
        async move {
            for _ in 0..200 {
                let response = request.try_clone().unwrap().header("accept", accept).send().await.unwrap();
                if response.status() == 200 {
                    return response;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("no answer came");
        }
    };
    let json = peek("application/json").await;
    let xml = peek("application/xml").await;
    assert_eq!(header(&json, "content-type"), "application/json; charset=utf-8");
    assert_eq!(header(&json, "messageid"), header(&xml, "messageid"), "one document, two forms");
    assert_ne!(header(&json, "etag"), header(&xml, "etag"));
    let tag = header(&json, "etag").to_string();
    let json: Value = json.json().await.unwrap();
    let answer = &json["RejectRequestChangeOfPriceList_MarketDocument"];
    let record = &answer["MktActivityRecord"][0];
    assert_eq!(record["originalTransactionIDReference_MktActivityRecord.mRID"], "op-j-1", "{json}");
    assert_eq!(
        (&answer["reason.code"]["value"], &record["Reason"][0]["code"]["value"]),
        (&"A02".into(), &"D14".into())
    );
    let same = peek("application/json").await;
    assert_eq!(header(&same, "etag"), tag);
    assert_eq!(same.json::<Value>().await.unwrap(), json, "the same until it is dequeued");
}

/// A charge of the grid operator that nobody has the right to: the ebIX form of a RequestChangeOfPriceList.
const EBIX: &str = r#"<DK_RequestUpdateChargeInformation xmlns="un:unece:260:data:EEM-DK_RequestUpdateChargeInformation:v3">
  <HeaderEnergyDocument>
    <Identification>e-1</Identification>
    <DocumentType listIdentifier="DK" listAgencyIdentifier="260">D10</DocumentType>
    <Creation>2023-08-01T08:59:00Z</Creation>
    <SenderEnergyParty><Identification schemeAgencyIdentifier="9">8200000000011</Identification></SenderEnergyParty>
    <RecipientEnergyParty><Identification schemeAgencyIdentifier="9">5790001330552</Identification></RecipientEnergyParty>
  </HeaderEnergyDocument>
  <ProcessEnergyContext>
    <EnergyBusinessProcess listIdentifier="DK" listAgencyIdentifier="260">D18</EnergyBusinessProcess>
    <EnergyBusinessProcessRole listAgencyIdentifier="260">DDM</EnergyBusinessProcessRole>
    <EnergyIndustryClassification listAgencyIdentifier="6">23</EnergyIndustryClassification>
  </ProcessEnergyContext>
  <PayloadChargeEvent>
    <Identification>op-e-1</Identification>
    <Occurrence>2023-08-31T22:00:00Z</Occurrence>
    <Function listAgencyIdentifier="6">3</Function>
    <RelatedChargeChargeInformation>
      <ChargeType listIdentifier="DK" listAgencyIdentifier="260">D03</ChargeType>
      <PartyChargeTypeID>NOBODYS</PartyChargeTypeID>
      <Description>A</Description>
      <LongDescription>What A stands for</LongDescription>
      <VATClass listIdentifier="DK" listAgencyIdentifier="260">D02</VATClass>
      <TransparentInvoicing>false</TransparentInvoicing>
      <TaxIndicator>false</TaxIndicator>
      <ObservationTimeSeriesPeriod><ResolutionDuration>P1D</ResolutionDuration></ObservationTimeSeriesPeriod>
      <ChargeTypeOwnerEnergyParty><Identification schemeAgencyIdentifier="9">8200000000011</Identification></ChargeTypeOwnerEnergyParty>
    </RelatedChargeChargeInformation>
  </PayloadChargeEvent>
</DK_RequestUpdateChargeInformation>
"#;

#[tokio::test]
async fn a_document_that_does_not_begin_is_told_its_flaw_and_one_of_another_form_that() {
    let house = start().await;
    let another = "The Content-Type says";
    let rows = [
        ("application/ebix", EBIX.replacen("<DK_", "<!DOCTYPE a><DK_", 1), "doctype-refused"),
        ("application/ebix", EBIX[..60].to_string(), "not-well-formed"),
        ("application/ebix", document("1"), another),
        ("application/json", String::new(), "json-misformed"),
        ("application/json", "[]".into(), "json-misformed"),
        ("application/json", document("1"), another),
        ("application/xml", "{}".into(), another),
    ];
    for (form, body, expected) in rows {
        let request = house.http.post(house.url(PRICES)).bearer_auth(house.token()).header("content-type", form);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let text = answer.text().await.unwrap();
        assert!(text.contains(expected) && !text.contains("\"message\":\": "), "{form}: {text}");
    }
}

#[tokio::test]
async fn documents_travel_in_ebix_both_ways() {
    let house = start().await;
    let send = |body: String| {
        let request = house.http.post(house.url(PRICES)).bearer_auth(house.token()).body(body);
        request.header("content-type", "application/ebix").send()
    };
    let sent = send(EBIX.into()).await.unwrap();
    assert_eq!((sent.status().as_u16(), header(&sent, "duplicate")), (202, ""));
    assert_eq!(sent.text().await.unwrap(), "e-1", "the id of the message");
    let again = send(EBIX.into()).await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "duplicate")), (202, "true"));

    for (from, to, code) in [
        (">D18<", ">D08<", "B2B-005"),
        ("op-e-1", "op-e-2", "B2B-003"),
        ("<Identification>e-1", "<Identification>e-2", "B2B-009"),
        ("<Identification>e-1", "<Identification>&#1;", "B2B-005"),
        (
            r#""9">8200000000011</Identification></SenderEnergyParty>"#,
            r#""9">8100000000030</Identification></SenderEnergyParty>"#,
            "B2B-008",
        ),
    ] {
        let refused = send(EBIX.replacen(from, to, 1)).await.unwrap();
        assert_eq!((refused.status().as_u16(), header(&refused, "content-type")), (400, "text/xml; charset=utf-8"));
        let error = refused.text().await.unwrap();
        let start = format!("<Error><faultcode>soapenv:Client</faultcode><faultstring>{code}:");
        assert!(error.starts_with(&start) && error.contains(&format!("<ErrorCode>{code}</ErrorCode>")), "{error}");
    }
    let cim = send(document("e-9")).await.unwrap();
    assert_eq!(cim.status(), 400, "the header says ebIX, and it is CIM");

    let peek = |accept: &'static str| {
        let request = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(house.token());
        async move {
            for _ in 0..200 {
                let response = request.try_clone().unwrap().header("accept", accept).send().await.unwrap();
                if response.status() == 200 {
                    return response;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("no answer came");
        }
    };
    let (ebix, xml) = (peek("application/ebix").await, peek("application/xml").await);
    assert_eq!(header(&ebix, "content-type"), "text/xml; charset=utf-8");
    assert_eq!(header(&ebix, "messageid"), header(&xml, "messageid"), "one document, two forms");
    assert_ne!(header(&ebix, "etag"), header(&xml, "etag"));
    let tag = header(&ebix, "etag").to_string();
    let text = ebix.text().await.unwrap();
    assert!(text.contains("<DK_RejectUpdateChargeInformation "), "{text}");
    assert!(text.contains("<OriginalBusinessDocument>op-e-1</OriginalBusinessDocument>"), "{text}");
    let same = peek("application/ebix").await;
    assert_eq!(header(&same, "etag"), tag);
    assert_eq!(same.text().await.unwrap(), text, "the same until it is dequeued");
}

#[tokio::test]
async fn a_peek_may_wait_for_what_is_yet_to_come() {
    let house = start().await;
    let peek = |query: &str| house.get(&format!("/v1.0/cim/all{query}")).send();
    for query in ["?wait=", "?wait=-1", "?wait=56", "?wait=soon", "?wait=1&wait=soon", "?wait=1&wait=1"] {
        assert_eq!(peek(query).await.unwrap().status(), 400, "{query}");
    }
    assert_eq!(peek("?wait=%31&_=7").await.unwrap().status(), 204, "and what else is said is nobody's business");
    let (answer, sent) = tokio::join!(peek("?wait=50"), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        house.post(PRICES).body(document("w-1")).send().await.unwrap()
    });
    let answer = answer.unwrap();
    assert_eq!((sent.status().as_u16(), answer.status().as_u16()), (202, 200));
    let again = peek("?wait=50").await.unwrap();
    assert_eq!(header(&again, "messageid"), header(&answer, "messageid"), "waiting changes nothing");
}

/// Lets a store fail on demand.
#[derive(Default)]
struct Moody {
    mood: AtomicU8,
}

const WELL: u8 = 0;
const PANICS: u8 = 1;
const BUSY: u8 = 2;
const CLOSED: u8 = 3;
const FAILS: u8 = 4;

impl Gate for Moody {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion) {
        let source = || Arc::new(std::io::Error::other("a bug in the store"));
        match self.mood.load(Ordering::Relaxed) {
            PANICS => panic!("a bug in the store"),
            BUSY => done(Err(Fault::Busy { batches: 7, bytes: 7 })),
            CLOSED => done(Err(Fault::Closed)),
            FAILS => done(Err(Fault::Io { doing: "write the store", path: "/store".into(), source: source() })),
            _ => store.submit(batch, done),
        }
    }
}

#[tokio::test]
async fn our_own_failures_are_told_without_their_causes() {
    let moody = Arc::new(Gated::<Moody>::default());
    let house = start_over(moody.clone(), axum::Router::new(), |_| {}).await;
    for (mood, status, retry) in [(PANICS, 500, ""), (BUSY, 503, "1"), (CLOSED, 503, "5"), (FAILS, 500, "")] {
        moody.gate.mood.store(mood, Ordering::Relaxed);
        let response = house.post(PRICES).body(document("1")).send().await.unwrap();
        moody.gate.mood.store(WELL, Ordering::Relaxed);
        assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (status, retry), "{mood}");
        assert!(!header(&response, "correlationid").is_empty());
        let text = response.text().await.unwrap();
        assert!(text.starts_with("<Error>") && !text.contains("store") && !text.contains("bug"), "{text}");
    }
    assert_eq!(house.post(PRICES).body(document("1")).send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let house = start().await;
    let right = house.get("/ping").header("x-filler", "x".repeat(8_000)).send().await.unwrap();
    assert_eq!(right.status(), 200);
    let large = house.get("/ping").header("x-filler", "x".repeat(20_000)).send().await.unwrap();
    assert_eq!(large.status(), 431);
    let id = header(&large, "correlationid").to_string();
    let told: Value = large.json().await.unwrap();
    assert_eq!(told["error"]["innererror"]["correlationId"], id, "in the body too");
    let mut stream = house.raw().await;
    let endless = format!("GET /ping HTTP/1.1\r\nHost: x\r\nX-Filler: {}", "x".repeat(400_000));
    let _ = stream.write_all(endless.as_bytes()).await;
    let answer = head(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn the_house_tells_how_it_is() {
    let house = start().await;
    for (path, begin) in [("/ping", "pong"), ("/monitor/live", "Healthy"), ("/monitor/ready", "Healthy")] {
        let response = house.http.get(house.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.text().await.unwrap().starts_with(begin), "{path}");
    }
    let status: Value = house.http.get(house.url("/monitor/status")).send().await.unwrap().json().await.unwrap();
    assert_eq!(status["status"], "Healthy");
    house.post(PRICES).body(document("1")).send().await.unwrap();
    let figures = house.http.get(house.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains(r#"gridpost_http_requests_total{route="/v1.0/cim/{document}",method="POST",status="202",document="RequestChangeOfPriceList"}"#), "{figures}");
    assert!(figures.contains("gridpost_http_request_seconds_bucket"), "{figures}");
}

/// A disk without any room left, once it is full.
#[derive(Default)]
struct Full(std::sync::atomic::AtomicBool);

impl Full {
    fn fault(&self) -> Option<Fault> {
        let source = Arc::new(std::io::Error::from(std::io::ErrorKind::StorageFull));
        let fault = Fault::Io { doing: "append to the journal segment", path: "journal".into(), source };
        self.0.load(Ordering::Relaxed).then_some(fault)
    }
}

impl Gate for Full {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion) {
        match self.fault() {
            Some(fault) => done(Err(Fault::Stopped { source: Arc::new(fault) })),
            None => store.submit(batch, done),
        }
    }

    fn stopped(&self) -> Option<Fault> {
        self.fault()
    }
}

/// A disk that answers neither reads nor writes, for a while.
#[derive(Default)]
struct Silent(std::sync::atomic::AtomicBool);

impl Gate for Silent {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion) {
        store.submit(batch, done);
    }

    fn hangs(&self) -> Option<Duration> {
        self.0.load(Ordering::Relaxed).then_some(Duration::from_secs(17))
    }

    fn unread(&self) -> Option<Fault> {
        let source = Arc::new(std::io::Error::other("input/output error"));
        self.0.load(Ordering::Relaxed).then(|| Fault::Unread { path: "journal".into(), source })
    }
}

#[tokio::test]
async fn while_the_disk_does_not_answer_everybody_is_told_to_come_back() {
    let store = Arc::new(Gated::<Silent>::default());
    let house = start_over(store.clone(), axum::Router::new(), |_| {}).await;
    assert_eq!(house.post(PRICES).body(document("1")).send().await.unwrap().status(), 202);
    house.gateway.settled().await.unwrap();
    store.gate.0.store(true, Ordering::Relaxed);
    let peek = house.get("/v1.0/cim/all").send().await.unwrap();
    assert_eq!((peek.status().as_u16(), header(&peek, "retry-after")), (503, "10"));
    let sent = house.post(PRICES).body(document("2")).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), header(&sent, "retry-after")), (503, "60"));
    assert!(sent.text().await.unwrap().contains("under the same ids"));
    assert_eq!(house.http.get(house.url("/monitor/ready")).send().await.unwrap().status(), 503);
    store.gate.0.store(false, Ordering::Relaxed);
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_for_a_while_and_the_status_names_it() {
    let store = Arc::new(Gated::<Full>::default());
    let house = start_over(store.clone(), axum::Router::new(), |_| {}).await;
    for id in ["1", "2"] {
        assert_eq!(house.post(PRICES).body(document(id)).send().await.unwrap().status(), 202);
    }
    let peeked = header(&peek_until(&house, "/v1.0/cim/all").await, "messageid").to_string();
    assert_eq!(house.delete(&format!("/v1.0/cim/dequeue/{peeked}")).send().await.unwrap().status(), 200);
    house.gateway.settled().await.unwrap();
    store.gate.0.store(true, Ordering::Relaxed);
    let sent = house.post(PRICES).body(document("3")).send().await.unwrap();
    let peek = house.get("/v1.0/cim/all").send().await.unwrap();
    for answer in [sent, peek] {
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "60"));
    }
    let status: Value = house.http.get(house.url("/monitor/status")).send().await.unwrap().json().await.unwrap();
    let check = status["checks"].as_array().unwrap().iter().find(|check| check["name"] == "store").unwrap();
    let told = check["description"].as_str().unwrap();
    assert!(
        check["status"] == "Unhealthy" && told.contains("append to the journal") && told.contains("restart"),
        "{told}"
    );
    assert_eq!(house.http.get(house.url("/monitor/ready")).send().await.unwrap().status(), 503);
}

#[tokio::test]
async fn figures_follow_a_document_from_the_door_to_its_receiver() {
    let house = start().await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    let answer = house.get("/v1.0/cim/all?wait=30").send().await.unwrap();
    let dequeue = house.url(&format!("/v1.0/cim/dequeue/{}", header(&answer, "messageid")));
    assert_eq!(house.http.delete(dequeue).bearer_auth(house.token()).send().await.unwrap().status(), 200);
    // The decider hears of its commit a moment after the receiver may.
    house.gateway.settled().await.unwrap();
    house.gateway.count_the_post().await.unwrap();
    let figures = house.http.get(house.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for named in [
        r#"gridpost_queue_documents{category="masterdata"}"#,
        r#"gridpost_queue_documents{category="timeseries"} 0"#,
        r#"gridpost_queue_oldest_age_seconds{category="masterdata"}"#,
        r#"gridpost_documents_in_total{document="RequestChangeOfPriceList",verdict="accepted"}"#,
        "gridpost_reading_seconds_bucket",
        "gridpost_taking_in_seconds_bucket",
        "gridpost_deciding_seconds_bucket",
        "gridpost_settling_seconds_bucket",
        r#"gridpost_documents_out_total{document="#,
        r#"gridpost_documents_queued_total{category="masterdata"}"#,
        r#"gridpost_documents_dequeued_total{category="masterdata"}"#,
        r#"gridpost_waiting_seconds_bucket{category="masterdata",le="60"}"#,
    ] {
        assert!(figures.contains(named), "{named}\n{figures}");
    }
}

#[tokio::test]
async fn the_published_description_names_only_what_is_there() {
    let house = start().await;
    let description: Value = house.http.get(house.url("/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    let alike = |path: &str| {
        path.split('/').map(|it| if it.starts_with('{') { "{}" } else { it }).collect::<Vec<_>>().join("/")
    };
    let templates: std::collections::BTreeSet<String> = paths.keys().map(|path| alike(path)).collect();
    assert_eq!(templates.len(), paths.len(), "templates that differ in their parameters' names alone are one path");
    for page in ["/openapi.json", "/error-document.xsd", "/error-document.schema.json", "/error-codes.tsv"] {
        assert!(paths.contains_key(page), "{page} is not described");
    }
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let mut path = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, example) = (parameter["name"].as_str(), parameter["example"].as_str());
                if let (Some(name), Some(example)) = (name, example) {
                    path = path.replace(&format!("{{{name}}}"), example);
                }
            }
            assert!(!path.contains('{'), "{path} has a parameter without an example");
            let refers = |name: &str| {
                operation["parameters"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|it| it["$ref"] == format!("#/components/parameters/{name}")))
            };
            if refers("MarketRole") {
                assert!(operation["responses"].get("403").is_some(), "{method} {path}: a role may be another's");
            }
            assert!(!path.starts_with("/v1.0/cim/") || refers("MarketRole"), "{method} {path}: whose role");
            let url = house.url(&path);
            let request = house.http.request(method.to_uppercase().parse().unwrap(), url).bearer_auth(house.token());
            let answer = request.send().await.unwrap();
            let (status, kind) = (answer.status().as_u16().to_string(), header(&answer, "content-type").to_string());
            let described = &operation["responses"][&status];
            assert!(described.is_object(), "{method} {path}: {status}");
            assert_ne!(status, "405", "{method} {path}");
            // What is described elsewhere in the document is an error, or a document in one of several forms.
            let elsewhere = described.get("$ref").is_some();
            let kind = kind.split(';').next().unwrap_or_default();
            if !elsewhere && !answer.bytes().await.unwrap().is_empty() {
                assert!(described["content"].get(kind).is_some(), "{method} {path}: {status} {kind}");
            }
        }
    }
}

#[tokio::test]
async fn a_sender_gets_a_signed_receipt_for_what_was_accepted_and_nobody_else_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = gridpost::store::Embedded::open(dir.path(), gridpost::store::Options::default()).unwrap();
    let key = gridpost::certs::receipt_key(&dir.path().join("certs")).unwrap();
    let signer = gridpost::receipts::Signer::read(&key.private, "5790001330552").unwrap();
    let house =
        start_over(Arc::new(store), axum::Router::new(), |settings| settings.receipts = Some(Arc::new(signer))).await;
    let sent = document("1");
    let accepted = house.post(PRICES).body(sent.clone()).send().await.unwrap();
    assert_eq!(accepted.status(), 202);
    let answer = house.get("/v1.0/cim/messages/doc-1/receipt").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/jose".parse().unwrap())
    );
    let receipt = answer.text().await.unwrap();
    let published = house.http.get(house.url("/receipt-keys.json")).send().await.unwrap().text().await.unwrap();
    let stated = gridpost::receipts::Keys::parse(&published).unwrap().receipt(&receipt).unwrap();
    assert_eq!(stated.correlation_id, accepted.headers()["correlationid"].to_str().unwrap());
    assert_eq!((stated.message_id.as_str(), stated.sender.number.as_str()), ("doc-1", GRID_NUMBER));
    assert_eq!((stated.bytes, stated.blake3), (sent.len() as u64, blake3::hash(sent.as_bytes()).to_hex().to_string()));
    assert!(stated.journal.is_some_and(|journal| journal.frame > 0));

    let row = format!("/v1.0/cim/messages/{}.0/receipt", stated.commit);
    for path in [row.as_str(), "/v1.0/cim/messages/doc-1/receipt"] {
        assert_eq!(house.get(path).send().await.unwrap().text().await.unwrap(), receipt, "the same each time");
        let foreign = house.http.get(house.url(path)).bearer_auth(house.supplier()).send().await.unwrap();
        assert_eq!(foreign.status(), 404, "{path}");
    }
    let refused = house.post(PRICES).body(flawed()).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let refused = format!("/v1.0/cim/messages/{}.0/receipt", stated.commit + 1);
    for path in [refused.as_str(), "/v1.0/cim/messages/doc-2/receipt", "/v1.0/cim/messages/1.1/receipt"] {
        assert_eq!(house.get(path).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_gateway_without_a_key_signs_no_receipts_and_says_so() {
    let house = start().await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    let answer = house.get("/v1.0/cim/messages/doc-1/receipt").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("no key for receipts"));
    let keys: Value = house.http.get(house.url("/receipt-keys.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(keys, json!({ "keys": [] }));
}

#[tokio::test]
async fn error_documents_follow_the_schema_that_is_published_for_them() {
    let house = start().await;
    let page = async |path: &str| house.http.get(house.url(path)).send().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("e.xsd"), page("/error-document.xsd").await.text().await.unwrap()).unwrap();
    let schema = spec::Schema::load(&spec::Sources::Folder(dir.path().into()), "e.xsd").unwrap();
    let listed = page("/error-codes.tsv").await.text().await.unwrap();
    let codes: Vec<&str> = listed.lines().map(|line| line.split('\t').next().unwrap()).collect();
    let other = document("1").replace(":0:1\"", ":0:2\"");
    let foreign = document("1").replace(GRID_NUMBER, "8100000000030");
    let rows = [(PRICES, flawed()), (PRICES, other), (PRICES, foreign), ("/v1.0/cim/nothing", "<x/>".into())];
    for (accept, tag) in [("application/xml", "<Code>"), ("application/ebix", "<ErrorCode>")] {
        for (path, body) in &rows {
            let answer = house.post(path).header("accept", accept).body(body.clone()).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let verdict = spec::check(&schema, text.as_bytes(), &gridpost::xml::Limits::default(), &mut ());
            assert!(verdict.is_valid(), "{text}: {:?}", verdict.flaws);
            let told: Vec<_> = text.split(tag).skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
            assert!(!told.is_empty() && told.iter().all(|code| codes.contains(code)), "{text}");
        }
    }
    let json: Value = page("/error-document.schema.json").await.json().await.unwrap();
    assert_eq!(json["required"], json!(["error"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_at_once_are_all_answered() {
    let house = start().await;
    let clients = (0..100).map(|n| {
        let client = http_client(&house.certificate, None);
        let (url, token) = (house.url(PRICES), house.token());
        tokio::spawn(async move {
            for turn in 0..5 {
                let request = client.post(&url).bearer_auth(&token).header("content-type", "application/xml");
                let response = request.body(document(&format!("{n}-{turn}"))).send().await.unwrap();
                assert_eq!((response.status().as_u16(), header(&response, "duplicate")), (202, ""));
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let house = start_with(Limits { connections_per_address_max: 2, ..Limits::default() }).await;
    let (_one, two) = (house.raw().await, house.raw().await);
    let third = http_client(&house.certificate, None).get(house.url("/ping")).send().await;
    assert!(third.is_err());
    drop(two);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(http_client(&house.certificate, None).get(house.url("/ping")).send().await.is_ok());
}

/// A place is for whoever asks for something, whatever the protocol.
#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_for_is_closed() {
    let head = Duration::from_millis(500);
    let house = start_with(Limits { head, connections_max: 2, ..Limits::default() }).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for said in ["", &preface[..10], preface] {
        let mut silent = [house.raw_speaking(b"h2").await, house.raw_speaking(b"h2").await];
        for stream in &mut silent {
            write(stream, said).await;
        }
        let closed = async {
            for stream in &mut silent {
                let _ = tokio::io::AsyncReadExt::read_to_end(stream, &mut Vec::new()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap_or_else(|_| panic!("{said:?} is let go"));
    }
    // A client that asks again later connects anew, and one that waits for its post is not disturbed.
    for path in ["/ping", "/monitor/live"] {
        assert_eq!(house.http.get(house.url(path)).send().await.unwrap().status(), 200);
        tokio::time::sleep(head * 3).await;
    }
    assert_eq!(house.get("/v1.0/cim/all?wait=2").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_participant_that_asks_too_often_is_told_when_to_come_back() {
    let house = start_with(Limits { party_requests_per_second_max: Some(2), ..Limits::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let response = house.get("/v1.0/cim/all").send().await.unwrap();
        let (status, retry) = (response.status().as_u16(), header(&response, "retry-after").to_string());
        assert_eq!(status == 429, retry == "1");
        statuses.push(status);
    }
    assert!(statuses.starts_with(&[204; 2]) && statuses.contains(&429), "{statuses:?}");
    let other = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(house.supplier()).send().await.unwrap();
    assert_eq!(other.status(), 204);
}

#[tokio::test]
async fn a_new_certificate_is_taken_without_a_restart() {
    let house = start().await;
    assert_eq!(house.get("/ping").send().await.unwrap().status(), 200);
    let before = house.raw().await.get_ref().1.peer_certificates().unwrap()[0].clone();
    std::fs::remove_file(&house.certificate.files.chain).unwrap();
    assert!(house.server.reload().await.is_err());
    assert_eq!(house.raw().await.get_ref().1.peer_certificates().unwrap()[0], before, "what was there stays");
    gridpost::certs::server_certificate(house.dir.path(), Timestamp::from_utc(chrono::Utc::now())).unwrap();
    house.server.reload().await.unwrap();
    assert_ne!(house.raw().await.get_ref().1.peer_certificates().unwrap()[0], before);
    assert_eq!(house.get("/ping").send().await.unwrap().status(), 200);
}

/// Each of the files goes its own way: what cannot be used leaves what was there, and holds up no other.
#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_told_and_neither_replaces_a_good_one_nor_holds_up_the_rest() {
    let now = Timestamp::from_utc(chrono::Utc::now());
    let at = |days: i64| Timestamp::from_seconds(now.seconds() + days * 86_400);
    let made = |days: i64| {
        let dir = tempfile::tempdir().unwrap();
        let files = gridpost::certs::server_certificate(dir.path(), at(days)).unwrap().files;
        (std::fs::read(files.chain).unwrap(), std::fs::read(files.key).unwrap())
    };
    let (expired, early, (other, _)) = (made(-1_000), made(1_000), made(0));
    let house = start().await;
    let files = &house.certificate.files;
    let good = (std::fs::read(&files.chain).unwrap(), std::fs::read(&files.key).unwrap());
    let check = async || {
        let status: Value = house.http.get(house.url("/monitor/status")).send().await.unwrap().json().await.unwrap();
        let check = status["checks"].as_array().unwrap().iter().find(|it| it["name"] == "certificates").unwrap();
        (check["status"].as_str().unwrap().to_string(), check["description"].as_str().unwrap().to_string())
    };
    assert_eq!(check().await.0, "Healthy");
    let before = house.raw().await.get_ref().1.peer_certificates().unwrap()[0].clone();
    let half = good.0[..good.0.len() / 2].to_vec();
    let rows = [
        (expired.clone(), "is valid from"),
        (early, "is valid from"),
        ((other, good.1.clone()), "set up TLS"),
        ((half, good.1.clone()), "certificate"),
    ];
    let mut tokens = house.token();
    for ((chain, key), why) in rows {
        std::fs::write(&files.chain, chain).unwrap();
        std::fs::write(&files.key, key).unwrap();
        // The issuer's key is another from now on.
        let issuer = tempfile::tempdir().unwrap();
        let issuer = gridpost::identity::Issuer::create_or_load(issuer.path()).unwrap();
        let identity::KeySource::File(public) = issuer.settings().keys else { panic!("it is in a file") };
        std::fs::copy(public, house.dir.path().join("token-public-key.pem")).unwrap();
        assert!(house.server.reload().await.is_err());
        assert_eq!(house.raw().await.get_ref().1.peer_certificates().unwrap()[0], before, "what was there stays");
        let (status, told) = check().await;
        assert!(status == "Unhealthy" && told.contains(why), "{told}");
        let asked = |token: &str| house.http.get(house.url("/v1.0/cim/queue")).bearer_auth(token).send();
        assert_eq!(asked(&tokens).await.unwrap().status(), 401, "the key that was replaced vouches for nobody");
        tokens = issuer.issue(GRID, &[ActorRole::GridAccessProvider], now, Duration::from_secs(60)).unwrap();
        assert_eq!(asked(&tokens).await.unwrap().status(), 200, "the new one does");
    }
    std::fs::write(&files.chain, good.0).unwrap();
    std::fs::write(&files.key, good.1).unwrap();
    house.server.reload().await.unwrap();
    assert_eq!(check().await.0, "Healthy");
}

/// An issuer's pages: its OpenID configuration, and the set of one key, which `key` may exchange.
fn issuer_pages(at: Arc<std::sync::OnceLock<String>>, key: Arc<Mutex<Jwk>>) -> axum::Router {
    let configuration = move || async move {
        let base = at.get().unwrap().clone();
        json!({ "issuer": "https://idp.example", "jwks_uri": format!("{base}/keys") }).to_string()
    };
    let keys = move || async move { json!({ "keys": [*key.lock().unwrap()] }).to_string() };
    axum::Router::new()
        .route("/.well-known/openid-configuration", axum::routing::get(configuration))
        .route("/keys", axum::routing::get(keys))
}

#[tokio::test]
async fn the_issuers_published_keys_are_followed_when_they_change() {
    let make = |id: &str| {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        public.common.key_id = Some(id.into());
        (key, public)
    };
    let token = |id: &str, key: &EncodingKey| {
        let head = jsonwebtoken::Header { kid: Some(id.into()), ..jsonwebtoken::Header::new(Algorithm::ES256) };
        let until = chrono::Utc::now().timestamp() + 600;
        let claims =
            json!({ "iss": "https://idp.example", "aud": "b2b", "azp": GRID, "roles": "gridoperator", "exp": until });
        jsonwebtoken::encode(&head, &claims, key).unwrap()
    };
    let ((first, public), (second, next), (third, last)) = (make("1"), make("2"), make("3"));
    let (address, published) = (Arc::default(), Arc::new(Mutex::new(public)));
    let idp = start_beside(issuer_pages(Arc::clone(&address), Arc::clone(&published)), |_| {}).await;
    address.set(idp.url("")).unwrap();
    let house = start_as(|settings| {
        let url = idp.url("/.well-known/openid-configuration").parse().unwrap();
        let authority = Some(idp.certificate.authority.clone());
        settings.tokens = identity::Settings {
            keys: identity::KeySource::Discovery(identity::Discovery { url, authority }),
            issuer: "https://idp.example".into(),
            audience: "b2b".into(),
        };
    })
    .await;
    let ask = async |token: String| {
        let answer = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), header(&answer, "retry-after").to_string())
    };
    let now = |status: u16| (status, String::new());
    assert_eq!(ask(token("1", &first)).await, now(204));
    *published.lock().unwrap() = next;
    assert_eq!(ask(token("2", &second)).await, now(204), "an unknown key is looked for at once");
    assert_eq!(ask(token("1", &first)).await.0, 503, "what was withdrawn vouches for nobody, remembered or not");
    *published.lock().unwrap() = last;
    let (status, again_in) = ask(token("3", &third)).await;
    assert_eq!(status, 503, "strangers do not make us ask again and again, and shut nobody out for good");
    assert_eq!(ask(token("2", &second)).await, now(204));
    let again_in: u64 = again_in.parse().unwrap();
    assert!((1..=10).contains(&again_in), "{again_in}");
    tokio::time::sleep(Duration::from_secs(again_in)).await;
    assert_eq!(ask(token("3", &third)).await, now(204), "as was promised");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(ask(token("1", &first)).await, now(401), "the issuer was asked, and has not published it");
}

/// While an issuer is silent nobody is told that a token is bad, and whoever needs no issuer is served.
#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_said_so_until_it_answers() {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    public.common.key_id = Some("1".into());
    let until = chrono::Utc::now().timestamp() + 600;
    let claims =
        json!({ "iss": "https://idp.example", "aud": "b2b", "azp": GRID, "roles": "gridoperator", "exp": until });
    let token = |kid: Option<&str>| {
        let head = jsonwebtoken::Header { kid: kid.map(str::to_string), ..jsonwebtoken::Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&head, &claims, &key).unwrap()
    };
    // A port that nobody listens at, until the issuer does.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::from_utc(chrono::Utc::now());
    let authority = gridpost::certs::server_certificate(dir.path(), now).unwrap();
    let house = start_as(|settings| {
        let url = format!("https://{address}/.well-known/openid-configuration").parse().unwrap();
        settings.tokens = identity::Settings {
            keys: identity::KeySource::Discovery(identity::Discovery {
                url,
                authority: Some(authority.authority.clone()),
            }),
            issuer: "https://idp.example".into(),
            audience: "b2b".into(),
        };
    })
    .await;
    let ask = |token: String| house.http.get(house.url("/v1.0/cim/all")).bearer_auth(token).send();
    let issuer = async || {
        let status: Value = house.http.get(house.url("/monitor/status")).send().await.unwrap().json().await.unwrap();
        status["checks"].as_array().unwrap().iter().find(|it| it["name"] == "issuer").unwrap().clone()
    };
    for kid in [Some("1"), None] {
        let answer = ask(token(kid)).await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "10"), "{kid:?}");
    }
    assert_eq!(ask("no token".into()).await.unwrap().status(), 401, "what is no token needs no issuer");
    let unwell = issuer().await;
    assert_eq!(unwell["status"], "Unhealthy");
    assert!(unwell["description"].as_str().unwrap().contains("onnection refused"), "the whole cause: {unwell}");
    assert_eq!(house.http.get(house.url("/monitor/ready")).send().await.unwrap().status(), 200, "others are served");

    let at = Arc::new(std::sync::OnceLock::from(format!("https://{address}")));
    let _idp = start_beside(issuer_pages(at, Arc::new(Mutex::new(public))), |settings| {
        settings.listen = address;
        settings.certificate = authority.files.clone();
    })
    .await;
    house.server.reload().await.unwrap();
    assert_eq!(ask(token(Some("1"))).await.unwrap().status(), 204);
    assert_eq!(issuer().await["status"], "Healthy");
}

#[tokio::test]
async fn a_closing_door_lets_running_requests_finish() {
    let house = start().await;
    let mut stream = house.raw().await;
    let body = document("late");
    let (first, second) = body.split_at(100);
    write(&mut stream, &format!("{}Content-Length: {}\r\n\r\n{first}", house.post_head(), body.len())).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let address = house.server.address();
    let closing = tokio::spawn(house.server.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody new comes in");
    write(&mut stream, second).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 202"));
    tokio::time::timeout(Duration::from_secs(5), closing).await.expect("the door closes").unwrap();
}

#[tokio::test]
async fn a_closing_door_keeps_nobody_waiting_for_post() {
    let house = start().await;
    let waiting = tokio::spawn(house.get("/v1.0/cim/all?wait=55").send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    let closing = tokio::spawn(house.server.stop());
    assert_eq!(waiting.await.unwrap().unwrap().status(), 204);
    tokio::time::timeout(Duration::from_secs(5), closing).await.expect("the door closes").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// RFC 9112, 3.2.
#[tokio::test]
async fn a_request_of_http_1_1_has_one_host() {
    let house = start().await;
    let rows = [
        ("GET /ping HTTP/1.1\r\nHost: a\r\n", "200"),
        ("GET /ping HTTP/1.1\r\n", "400"),
        ("GET /ping HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "400"),
        ("GET /ping HTTP/1.0\r\n", "200"),
    ];
    for (lines, status) in rows {
        let mut stream = house.raw().await;
        write(&mut stream, &format!("{lines}Connection: close\r\n\r\n")).await;
        let answer = rest(&mut stream).await;
        assert!(answer.split(' ').nth(1) == Some(status) && answer.contains("correlationid: "), "{lines}: {answer}");
    }
}

/// What cannot be a request has an answer too, although more of it lies there unread.
#[tokio::test]
async fn a_head_that_is_no_request_is_answered() {
    let house = start().await;
    let many: String = (0..110).map(|nth| format!("x-{nth}: y\r\n")).collect();
    for (head, status) in [(many, "431"), ("Content-Length: 1\r\nContent-Length: 2\r\n".into(), "400")] {
        let mut stream = house.raw().await;
        write(&mut stream, &format!("POST {PRICES} HTTP/1.1\r\nHost: localhost\r\n{head}\r\nbody")).await;
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

#[tokio::test]
async fn a_client_certificate_speaks_for_its_participant_while_it_is_registered() {
    use gridpost::gateway::CertificateOrder;
    use gridpost::market::{ActorNumber, Party};
    use gridpost::process::participants::{Assignment, Certificate, Thumbprint};
    let toys = tempfile::tempdir().unwrap();
    let now = Timestamp::from_utc(chrono::Utc::now());
    let (past, future) = (Timestamp::from_seconds(now.seconds() - 60), Timestamp::from_seconds(now.seconds() + 3_600));
    let party = |number: &str| Party { number: ActorNumber::new(number), role: ActorRole::GridAccessProvider };
    // Two certificates of one authority; the file's name says nothing.
    let [first, second] = ["8200000000028", "8200000000035"]
        .map(|name| gridpost::certs::actor_certificate(toys.path(), &party(name), now).unwrap());
    let house = start_as(|settings| settings.clients = Some(toys.path().join("authority.pem"))).await;
    let [(old, as_old), (new, as_new)] = [&first, &second].map(|certificate| {
        let files = [&certificate.files.chain, &certificate.files.key];
        let pem = files.map(|file| std::fs::read(file).unwrap()).concat();
        let client = http_client(&house.certificate, Some(reqwest::Identity::from_pem(&pem).unwrap()));
        (Thumbprint::parse(&certificate.fingerprint).unwrap(), client)
    });
    let asked = async |client: &reqwest::Client| {
        let answer = client.get(house.url("/v1.0/cim/all")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let assign = async |thumbprint: &Thumbprint, from, others_until| {
        let thumbprint = thumbprint.clone();
        let certificate = Certificate { thumbprint, party: party(GRID_NUMBER), from, until: Timestamp::OPEN_END };
        let order = CertificateOrder::Assign(Assignment { certificate, sequence: None, others_until });
        house.gateway.order_certificate(&order).await.unwrap();
    };
    let over_soap = async |client: &reqwest::Client| {
        let request = client.post(house.url("/ebix")).header("content-type", "text/xml").body("<no-envelope/>");
        request.send().await.unwrap().status().as_u16()
    };
    assert!(asked(&as_old).await.1.contains("is not registered"));
    assert_eq!(over_soap(&as_old).await, 403);
    assign(&old, past, None).await;
    assert_eq!((asked(&as_old).await.0, over_soap(&as_old).await), (204, 200), "a fault");
    assign(&new, future, None).await;
    assert!(asked(&as_new).await.1.contains("for a later time"), "the new one is not in use yet");
    assign(&new, past, Some(future)).await;
    assert_eq!((asked(&as_old).await.0, asked(&as_new).await.0), (204, 204), "both, until the old one ends");
    assign(&new, past, Some(now)).await;
    assert!(asked(&as_old).await.1.contains("its time is over"));
    house.gateway.order_certificate(&CertificateOrder::Withdraw(new.clone())).await.unwrap();
    assert_eq!(asked(&as_new).await.0, 401, "on a connection that stands");
    assert!(house.gateway.order_certificate(&CertificateOrder::Withdraw(new)).await.is_err(), "there is none");
    assert_eq!(asked(&house.http).await.0, 401, "neither");
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204, "a token will do");
}

#[tokio::test]
async fn a_caller_with_several_roles_names_the_one_in_which_it_acts() {
    let house = start().await;
    let both = house.token_in(GRID, &[ActorRole::GridAccessProvider, ActorRole::EnergySupplier]);
    let asked = async |token: &str, role: Option<&str>| {
        let request = house.http.get(house.url("/v1.0/cim/queue")).bearer_auth(token);
        let request = match role {
            Some(role) => request.header("market-role", role),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, told) = asked(&both, None).await;
    assert!(status == 401 && told.contains("DDM, DDQ") && told.contains("Market-Role"), "{told}");
    for (token, role, expected) in [
        (&both, "DDM", 200),
        (&both, "gridoperator", 200),
        (&both, "ddm", 200),
        (&both, "DDQ", 401),
        (&both, "EZ", 403),
        (&both, "king", 403),
        (&house.token(), "DDM", 200),
        (&house.token(), "DDQ", 403),
    ] {
        let (status, told) = asked(token, Some(role)).await;
        assert_eq!(status, expected, "{role}: {told}");
    }
}
