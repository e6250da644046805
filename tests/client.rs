//! The participant's client against an open door: what it sends, keeps and says.

mod door;

use clap::Parser;
use door::*;
use gridpost::cli::participant::{self, Drain, Hub, Peek, Send};
use gridpost::cli::{Outcome, explain};
use gridpost::client::{self, Client, Dequeued, Fault, Sent};
use gridpost::market::ActorRole;

fn hub(house: &House) -> Hub {
    Hub {
        to: house.url(""),
        token: Some(house.token()),
        role: None,
        cacert: Some(house.certificate.authority.clone()),
        json: false,
    }
}

#[tokio::test]
async fn a_document_is_sent_answered_kept_and_dequeued() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let send = || client.send("requestchangeofpricelist", document("1").into());
    assert!(
        matches!(send().await.unwrap(), Sent::Accepted { duplicate: false, correlation_id } if correlation_id.len() == 36)
    );
    assert!(matches!(send().await.unwrap(), Sent::Accepted { duplicate: true, .. }));
    peek_until(&house, "/v1.0/cim/all").await;
    let message = client.peek("all").await.unwrap().expect("it was there a moment ago");
    assert_eq!(client.queue().await.unwrap()["categories"][0]["pending"], 1);
    assert_eq!(client.dequeue(&message.id).await.unwrap(), Dequeued::Done);
    assert_eq!(client.dequeue(&message.id).await.unwrap(), Dequeued::Already);
    assert!(matches!(client.dequeue("unknown").await.unwrap(), Dequeued::Refused(refusal) if refusal.status == 404));
    assert_eq!(client.peek("all").await.unwrap(), None);
}

#[tokio::test]
async fn whoever_has_several_roles_says_in_which_it_acts() {
    let house = start().await;
    let both = house.token_in(GRID, &[ActorRole::GridAccessProvider, ActorRole::EnergySupplier]);
    let acting = |role: Option<&str>| Hub { token: Some(both.clone()), role: role.map(str::to_string), ..hub(&house) };
    let peek = async |role| {
        let (hub, category, form) = (acting(role), "all".into(), "xml".into());
        participant::peek(Peek { hub, category, form }).await
    };
    let told = explain(&peek(None).await.unwrap_err());
    assert!(told.contains("several roles") && told.contains("--role"), "{told}");
    for role in ["DDM", "ddm", " GridOperator "] {
        assert_eq!(peek(Some(role)).await.unwrap(), Outcome::Fine, "{role}");
    }
    let told = explain(&peek(Some("DDK")).await.unwrap_err());
    assert!(told.contains("does not name one of your roles"), "{told}");
    let told = explain(&peek(Some("D\nM")).await.unwrap_err());
    assert!(told.contains("use the role"), "{told}");
}

#[tokio::test]
async fn a_refusal_is_told_with_line_and_column() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let Sent::Refused(refusal) = client.send("requestchangeofpricelist", flawed().into()).await.unwrap() else {
        panic!("a flawed document was accepted");
    };
    assert_eq!((refusal.status, &*refusal.code), (400, "B2B-005"));
    assert!(refusal.flaws()[0].line.is_some() && refusal.to_string().contains("\n  line "), "{refusal}");
}

#[tokio::test]
async fn each_way_not_to_reach_the_hub_says_what_to_do() {
    let house = start().await;
    let settings = |to: String, token: Option<String>, trusted: bool| client::Settings {
        to,
        token,
        authority: trusted.then(|| house.certificate.authority.clone()),
        attempts_max: 1,
        ..client::Settings::default()
    };
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("https://{}", listener.local_addr().unwrap())
    };
    let rows = [
        (settings(nobody, None, true), "nobody listens there", "Is the gateway running"),
        (settings(house.url(""), None, false), "trust the certificate", "--cacert"),
        (settings(house.url(""), None, true), "A bearer token is needed", "--token"),
        (settings(house.url(""), Some("rubbish".into()), true), "not a signed", "--token"),
    ];
    for (settings, what, advice) in rows {
        let client = Client::new(&settings).unwrap();
        let error = anyhow::Error::from(client.peek("all").await.unwrap_err());
        let text = explain(&error);
        assert!(text.starts_with("gridpost: failed to ") && text.contains(what) && text.contains(advice), "{text}");
        assert!(!text.contains("rubbish"), "{text}");
    }
    let plain = Client::new(&settings("http://localhost".into(), None, true)).unwrap_err();
    assert!(matches!(plain, Fault::Address { .. }));
}

#[tokio::test]
async fn a_folder_is_sent_and_the_exit_code_tells_how_it_went() {
    let house = start().await;
    let dir = tempfile::tempdir().unwrap();
    for n in 0..5 {
        std::fs::write(dir.path().join(format!("{n}.xml")), document(&n.to_string())).unwrap();
    }
    let send = || Send { hub: hub(&house), paths: vec![dir.path().into()], concurrency: 2, dry_run: false };
    assert_eq!(participant::send(send()).await.unwrap(), Outcome::Fine);
    std::fs::write(dir.path().join("flawed.xml"), flawed()).unwrap();
    assert_eq!(participant::send(send()).await.unwrap(), Outcome::Flawed);
    std::fs::write(dir.path().join("no.xml"), "no document").unwrap();
    assert_eq!(participant::send(send()).await.unwrap(), Outcome::Partial);
}

#[tokio::test]
async fn a_dry_run_goes_on_behind_a_file_that_is_not_taken_in() {
    let house = start().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("1.xml"), document("1").replace("RequestChangeOfPriceList", "Unheard")).unwrap();
    std::fs::write(dir.path().join("2.txt.xml"), "no document").unwrap();
    let ask = || Send { hub: hub(&house), paths: vec![dir.path().into()], concurrency: 1, dry_run: true };
    assert_eq!(participant::send(ask()).await.unwrap(), Outcome::Partial, "the second was reached");
    std::fs::remove_file(dir.path().join("2.txt.xml")).unwrap();
    assert_eq!(participant::send(ask()).await.unwrap(), Outcome::Flawed);
}

#[tokio::test]
async fn a_drain_keeps_every_document_and_leaves_nothing() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    for n in 0..5 {
        client.send("requestchangeofpricelist", document(&n.to_string()).into()).await.unwrap();
    }
    while client.queue().await.unwrap()["categories"][0]["pending"] != 5 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let out = tempfile::tempdir().unwrap();
    let drain = || Drain { hub: hub(&house), out: out.path().join("post"), category: "all".into() };
    assert_eq!(participant::drain(drain()).await.unwrap(), Outcome::Fine);
    assert_eq!(client.peek("all").await.unwrap(), None);
    let kept = std::fs::read_dir(out.path().join("post")).unwrap().count();
    assert_eq!(kept, 5);
    assert_eq!(participant::drain(drain()).await.unwrap(), Outcome::Fine);
}

/// Says "not now" twice to every path below `/flaky`, then yes.
fn flaky() -> axum::Router {
    use axum::http::StatusCode;
    use std::sync::atomic::{AtomicU32, Ordering};
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let answer = || async {
        match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")]),
            1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]),
            _ => (StatusCode::ACCEPTED, [("x-none", "")]),
        }
    };
    axum::Router::new().route("/flaky/v1.0/cim/{name}", axum::routing::post(answer))
}

#[tokio::test]
async fn a_hub_that_says_not_now_is_asked_again() {
    let house = start_beside(flaky(), |_| {}).await;
    let settings = |attempts_max| client::Settings {
        to: house.url("/flaky"),
        authority: Some(house.certificate.authority.clone()),
        attempts_max,
        ..client::Settings::default()
    };
    let impatient = Client::new(&settings(1)).unwrap();
    assert!(matches!(impatient.send("x", "<x/>".into()).await, Err(Fault::Unwell(refusal)) if refusal.status == 503));
    let patient = Client::new(&settings(2)).unwrap();
    let sent = patient.send("x", "<x/>".into()).await.unwrap();
    assert!(matches!(sent, Sent::Accepted { correlation_id, .. } if correlation_id.len() == 36));
}

#[test]
fn the_command_line_is_as_promised() {
    #[derive(Parser)]
    enum Command {
        Send(Send),
        Peek(participant::Peek),
        Dequeue(participant::Dequeue),
        Drain(Drain),
    }
    let rows = [
        ("gridpost send --to https://hub a.xml dir --concurrency 8 --json", true),
        ("gridpost send --to https://hub", false),
        ("gridpost send --to https://hub a.xml --concurrency 0", false),
        ("gridpost peek --to https://hub --category timeseries --cacert a.pem --token @file", true),
        ("gridpost peek --to https://hub --category other", false),
        ("gridpost dequeue --to https://hub abc-1", true),
        ("gridpost dequeue --to https://hub --peeked", true),
        ("gridpost dequeue --to https://hub", false),
        ("gridpost dequeue --to https://hub abc-1 --peeked", false),
        ("gridpost drain --to https://hub", false),
        ("gridpost drain --to https://hub --out dir", true),
    ];
    for (line, right) in rows {
        assert_eq!(Command::try_parse_from(line.split(' ')).is_ok(), right, "{line}");
    }
}
