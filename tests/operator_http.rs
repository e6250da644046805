//! The operator's side of the HTTPS door: who is answered, what is shown, and how a long list goes on.

mod door;

use door::*;
use gridpost::market::ActorRole;
use serde_json::Value;

/// The hub's own token.
fn hub(house: &House) -> String {
    house.token_of(HUB, ActorRole::MeteringPointAdministrator)
}

async fn ask(house: &House, path: &str) -> (u16, Value) {
    let response = house.http.get(house.url(path)).bearer_auth(hub(house)).header("accept", "application/json");
    let response = response.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn rows(house: &House, path: &str) -> Vec<Value> {
    let (status, body) = ask(house, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body["rows"].as_array().unwrap().clone()
}

/// Fetches so many answers: what they answer has then been decided.
async fn fetch(house: &House, answers: usize) {
    for _ in 0..answers {
        let peeked = peek_until(house, "/v1.0/cim/all").await;
        let gone = format!("/v1.0/cim/dequeue/{}", header(&peeked, "messageid"));
        assert_eq!(house.delete(&gone).send().await.unwrap().status(), 200);
    }
}

const CHARGE: &str = "/v1.0/operator/charges/8200000000011/D03/HOURLY";

#[tokio::test]
async fn only_the_hub_itself_is_answered() {
    let house = start().await;
    let paths = [
        "/v1.0/operator/charges",
        CHARGE,
        &format!("{CHARGE}/prices"),
        &format!("{CHARGE}/history"),
        &format!("{CHARGE}/messages"),
        "/v1.0/operator/metering-points/571313110000000005/links",
        "/v1.0/operator/events",
        "/v1.0/operator/participants",
    ];
    for path in paths {
        let without = house.http.get(house.url(path)).send().await.unwrap();
        assert_eq!((without.status().as_u16(), header(&without, "www-authenticate")), (401, "Bearer"), "{path}");
        for token in [house.token(), house.supplier()] {
            let other = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
            assert_eq!(other.status(), 403, "{path}");
            let body = other.text().await.unwrap();
            assert!(body.starts_with("<Error><Code>Forbidden</Code>"), "{body}");
        }
        // The hub's number in another role is not the hub, and not even a participant.
        let token = house.token_of(HUB, ActorRole::GridAccessProvider);
        let other = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
        assert_eq!(other.status(), 401, "{path}");
        let posted = house.http.post(house.url(path)).bearer_auth(hub(&house)).send().await.unwrap();
        assert_eq!((posted.status().as_u16(), header(&posted, "allow")), (405, "GET, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn a_charge_is_shown_with_all_that_is_known_of_it() {
    let house = start().await;
    for id in ["1", "2"] {
        assert_eq!(house.post(PRICES).body(year_of_prices(id)).send().await.unwrap().status(), 202);
    }
    let implausible = year_of_prices("3").replace(">0.0001<", ">1000000<");
    assert_eq!(house.post(PRICES).body(implausible).send().await.unwrap().status(), 202);
    fetch(&house, 3).await;

    let charges = rows(&house, "/v1.0/operator/charges?text=HOUR&type=D03&owner=8200000000011").await;
    assert_eq!(charges.len(), 1);
    assert_eq!((&charges[0]["has_prices"], &charges[0]["valid_to"]), (&true.into(), &Value::Null));
    assert!(charges[0]["owner_name"].is_string());
    let timeline = rows(&house, CHARGE).await;
    assert_eq!((timeline.len(), &timeline[0]["charge_id"]), (1, &"HOURLY".into()));
    assert_eq!(rows(&house, &format!("{CHARGE}?known_at=2000-01-01T00:00:00Z")).await, Vec::<Value>::new());

    let prices = rows(&house, &format!("{CHARGE}/prices")).await;
    assert_eq!(
        (prices.len(), &prices[0]["price"], &prices[8_759]["price"]),
        (8_760, &"0.0001".into(), &"0.876".into())
    );
    let day = format!("{CHARGE}/prices?from=2023-09-01T22:00:00Z&to=2023-09-02T22:00:00Z&sort=price");
    assert_eq!(rows(&house, &day).await, prices[24..48]);
    assert_eq!(rows(&house, &format!("{CHARGE}/prices?known_at=2000-01-01T00:00:00Z")).await, Vec::<Value>::new());

    let messages = rows(&house, &format!("{CHARGE}/messages")).await;
    let said: Vec<String> =
        messages.iter().map(|it| format!("{} {} {}", it["document_id"], it["verdict"], it["broken"])).collect();
    let expected = ["\"doc-3\" \"rejected\" [\"VR.509\"]", "\"doc-2\" \"accepted\" []", "\"doc-1\" \"accepted\" []"];
    assert_eq!(said, expected);
    let history = rows(&house, &format!("{CHARGE}/history")).await;
    let steps: Vec<&str> = history.iter().map(|it| it["operation"].as_str().unwrap()).collect();
    assert_eq!(steps, ["prices", "prices", "create"], "the world's own creation is the first");
}

#[tokio::test]
async fn a_long_list_goes_on_where_its_answer_says() {
    let house = start().await;
    for id in ["1", "2"] {
        assert_eq!(house.post(PRICES).body(year_of_prices(id)).send().await.unwrap().status(), 202);
    }
    fetch(&house, 2).await;
    let day = format!("{CHARGE}/prices?sort=price&to=2023-09-01T22:00:00Z");
    for path in ["/v1.0/operator/participants", &day, &format!("{CHARGE}/messages")] {
        let whole = rows(&house, path).await;
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("{path}{separator}take=1"));
        let mut pieces = Vec::new();
        while let Some(path) = next {
            let (status, body) = ask(&house, &path).await;
            assert_eq!((status, &body["total"]), (200, &whole.len().into()), "{path}");
            pieces.extend(body["rows"].as_array().unwrap().iter().cloned());
            next = body["next"].as_str().map(String::from);
        }
        assert!(whole.len() > 1 && pieces == whole, "{path}");
    }
    let events = rows(&house, "/v1.0/operator/events").await;
    let (_, first) = ask(&house, "/v1.0/operator/events?take=1").await;
    assert_eq!((&first["rows"][0], events.len()), (&events[0], 2));
    assert_eq!(rows(&house, first["next"].as_str().unwrap()).await, events[1..]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_named() {
    let house = start().await;
    for (path, status, target) in [
        ("/v1.0/operator/charges?type=D04", 400, "type"),
        ("/v1.0/operator/charges?owner=", 400, "owner"),
        ("/v1.0/operator/charges?take=1001", 400, "take"),
        ("/v1.0/operator/charges?skip=-1", 400, "skip"),
        ("/v1.0/operator/charges?txet=a", 400, ""),
        ("/v1.0/operator/charges/8200000000011/D09/HOURLY", 400, "type"),
        ("/v1.0/operator/charges/8200000000011/D01/absent", 404, ""),
        ("/v1.0/operator/charges/8200000000011/D01/absent/prices", 404, ""),
        ("/v1.0/operator/charges/8200000000011/D01/%FF", 404, ""),
        ("/v1.0/operator/charges/8200000000011/D03/HOURLY?known_at=2023-13-01T00:00:00Z", 400, "known_at"),
        ("/v1.0/operator/charges/8200000000011/D03/HOURLY/prices?sort=name", 400, "sort"),
        ("/v1.0/operator/metering-points/0/links", 404, ""),
        ("/v1.0/operator/events?from=first", 400, "from"),
        ("/v1.0/operator/charges/8200000000011", 404, ""),
        ("/v1.0/operator", 404, ""),
    ] {
        let (found, body) = ask(&house, path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert_eq!(body["error"]["target"].as_str().unwrap_or_default(), target, "{path}");
        assert!(body["error"]["message"].as_str().is_some_and(|it| !it.is_empty()), "{path}");
    }
}

#[tokio::test]
async fn the_hub_moves_the_clock_forward_and_nobody_else_does() {
    let house = start().await;
    let path = "/v1.0/operator/clock";
    let (status, shown) = ask(&house, path).await;
    assert_eq!((status, &shown["movable"]), (200, &Value::Bool(true)));
    let send = |token: String, body: &'static str| {
        let request = house.http.post(house.url(path)).bearer_auth(token).header("content-type", "application/json");
        async move { request.body(body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send(house.token(), r#"{"to": "2024-01-01T00:00:00Z"}"#).await, 403);
    for wrong in ["", "{}", r#"{"to": "tomorrow"}"#, r#"{"to": "2024-01-01T00:00:00Z", "by": "me"}"#] {
        assert_eq!(send(hub(&house), wrong).await, 400, "{wrong}");
    }
    assert_eq!(send(hub(&house), r#"{"to": "2023-01-01T00:00:00Z"}"#).await, 409, "it only moves forward");
    assert_eq!(send(hub(&house), r#"{"to": "2024-01-01T00:00:00Z"}"#).await, 200);
    let (_, shown) = ask(&house, path).await;
    assert!(shown["now"].as_str().unwrap().starts_with("2024-01-01T00:00:"), "{shown}");
    let still = start_as(|settings| settings.clock_may_be_moved = false).await;
    let request = still.http.post(still.url(path)).bearer_auth(hub(&still)).body(r#"{"to": "2024-01-01T00:00:00Z"}"#);
    assert_eq!(request.send().await.unwrap().status(), 403);
}
