//! The operator's side of the HTTPS door: who is answered, what is shown, and how a long list goes on.

mod door;

use std::sync::Arc;

use door::*;
use gridpost::archive::{self, LetGo};
use gridpost::gateway::world::World;
use gridpost::gateway::{self, Clock, Gateway};
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::record::{Batch, Outcome, Packed};
use gridpost::store::{Embedded, Memory, Options, Store, let_go_key};
use reqwest::Method;
use serde_json::{Value, json};

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
        "/v1.0/operator/delegations",
        "/v1.0/operator/audit",
        "/v1.0/operator/queues",
        "/v1.0/operator/queues/8100000000030/DDM",
        "/v1.0/operator/parked",
        "/v1.0/operator/quarantine",
    ];
    for path in paths {
        let without = house.http.get(house.url(path)).send().await.unwrap();
        assert_eq!((without.status().as_u16(), header(&without, "www-authenticate")), (401, "Bearer"), "{path}");
        for token in [house.token(), house.supplier()] {
            let other = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
            assert_eq!(other.status(), 403, "{path}");
            let body = other.text().await.unwrap();
            assert!(body.contains(r#""code":"Forbidden""#), "{body}");
        }
        // The hub's number in another role is not the hub, and not even a participant.
        let token = house.token_of(HUB, ActorRole::GridAccessProvider);
        let other = house.http.get(house.url(path)).bearer_auth(token).send().await.unwrap();
        assert_eq!(other.status(), 401, "{path}");
        let deleted = house.http.delete(house.url(path)).bearer_auth(hub(&house)).send().await.unwrap();
        let takes = if CHANGED.contains(&path) { "GET, HEAD, POST" } else { "GET, HEAD" };
        assert_eq!((deleted.status().as_u16(), header(&deleted, "allow")), (405, takes), "{path}");
    }
    for (method, path) in [
        (Method::POST, "/v1.0/operator/charges"),
        (Method::POST, "/v1.0/operator/charges/check"),
        (Method::POST, "/v1.0/operator/participants"),
        (Method::POST, "/v1.0/operator/delegations"),
        (Method::PATCH, "/v1.0/operator/actors/8100000000030"),
        (Method::PUT, "/v1.0/operator/grid-areas/131"),
        (Method::POST, "/v1.0/operator/parked/retry"),
        (Method::POST, "/v1.0/operator/parked/discard"),
        (Method::POST, "/v1.0/operator/quarantine"),
        (Method::POST, "/v1.0/operator/quarantine/release"),
        (Method::POST, "/v1.0/operator/quarantine/discard"),
    ] {
        for (token, expected) in [(house.token(), 403), (house.supplier(), 403), (String::from("x"), 401)] {
            let request = house.http.request(method.clone(), house.url(path)).bearer_auth(token).body("{}");
            assert_eq!(request.send().await.unwrap().status(), expected, "{method} {path}");
        }
    }
    let got = house.http.get(house.url("/v1.0/operator/grid-areas/131")).bearer_auth(hub(&house)).send().await.unwrap();
    assert_eq!((got.status().as_u16(), header(&got, "allow")), (405, "PUT"));
}

/// Paths under which something may be changed besides being looked at.
const CHANGED: [&str; 4] = [
    "/v1.0/operator/charges",
    "/v1.0/operator/participants",
    "/v1.0/operator/delegations",
    "/v1.0/operator/quarantine",
];

/// Sends JSON as the hub; the status and what is answered.
async fn tell(house: &House, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = house.http.request(method, house.url(path)).bearer_auth(hub(house));
    let response = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn tariff() -> Value {
    json!({
        "owner": GRID_NUMBER, "charge_type": "D03", "charge_id": "NET/2", "valid_from": "2023-08-31T22:00:00Z",
        "name": "Net", "description": "By the hour", "resolution": "PT1H", "vat_class": "D02",
        "transparent_invoicing": false, "tax": false
    })
}

/// Charges 10.7.
#[tokio::test]
async fn the_hub_creates_a_charge_in_its_owners_name() {
    let house = start().await;
    let (charges, check) = ("/v1.0/operator/charges", "/v1.0/operator/charges/check");
    let with = |name: &str, value: Value| {
        let mut wanted = tariff();
        wanted[name] = value;
        wanted
    };
    let before = rows(&house, "/v1.0/operator/events").await;
    assert_eq!(tell(&house, Method::POST, check, tariff()).await, (200, json!({"verdict": "possible"})));
    let (status, told) = tell(&house, Method::POST, check, with("name", json!(""))).await;
    assert_eq!((status, &told["verdict"], &told["error"]["code"]), (200, &"rejected".into(), &"RulesBroken".into()));
    let (status, told) = tell(&house, Method::POST, charges, with("tax", json!(true))).await;
    assert_eq!((status, &told["error"]["code"]), (400, &"RulesBroken".into()));
    let detail = &told["error"]["details"][0];
    assert_eq!(detail["code"], "RuleBroken");
    assert!(detail["message"].as_str().unwrap().starts_with("E0I VR.508: "), "{detail}");
    let (status, told) = tell(&house, Method::POST, charges, with("owner", json!("12345678901234567"))).await;
    assert_eq!((status, &told["error"]["code"]), (400, &"B2B-005".into()), "off the schema of the document");
    for (wrong, target) in [
        (with("resolution", json!("P2D")), "resolution"),
        (with("valid_from", json!("tomorrow")), "valid_from"),
        (with("valid_to", json!("2024-01-01T00:00:00Z")), ""),
        (json!({"owner": GRID_NUMBER}), ""),
        (json!([]), ""),
    ] {
        let (status, told) = tell(&house, Method::POST, charges, wrong).await;
        let error = &told["error"];
        assert_eq!((status, &error["code"]), (400, &"BadRequest".into()), "{error}");
        assert_eq!(error["target"].as_str().unwrap_or_default(), target, "{error}");
    }
    assert_eq!(rows(&house, "/v1.0/operator/events").await, before, "nothing of it is kept");

    let (status, told) = tell(&house, Method::POST, charges, tariff()).await;
    assert_eq!((status, &told["verdict"]), (201, &"created".into()), "{told}");
    let place = told["charge"].as_str().unwrap();
    assert_eq!(place, "/v1.0/operator/charges/8200000000011/D03/NET%2F2");
    assert_eq!(rows(&house, place).await[0]["name"], "Net");
    let events = rows(&house, "/v1.0/operator/events").await;
    assert_eq!((events.len(), &events[before.len()]["name"]), (before.len() + 1, &"ChargeCreated".into()));
    let (status, told) = tell(&house, Method::POST, charges, with("name", json!("Other"))).await;
    assert_eq!((status, &told["error"]["code"]), (409, &"ChargeExists".into()));
    assert_eq!(tell(&house, Method::POST, check, tariff()).await.1, json!({"verdict": "exists", "charge": place}));

    // The owner finds a confirmation, the supplier hears of it; both as if the owner had asked.
    let id = &rows(&house, &format!("{place}/messages")).await[0]["document_id"];
    assert!(id.as_str().unwrap().starts_with("gehUI"), "{id}");
    let confirmed = peek_until(&house, "/v1.0/cim/all").await;
    assert_eq!(header(&confirmed, "messagetype"), "ConfirmRequestChangeOfPriceList");
    assert!(confirmed.text().await.unwrap().contains(id.as_str().unwrap()));
    let heard = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(house.supplier()).send().await.unwrap();
    assert_eq!(header(&heard, "messagetype"), "NotifyPriceList");
}

/// Post-office 1.6 (6), 2.3.
#[tokio::test]
async fn a_participant_is_given_its_post_in_the_form_that_it_has_chosen() {
    let house = start().await;
    // An answer that can be said in ebIX.
    let sample = include_str!("../samples/charges/C1-create/01-in.xml").replace("8100000000030", GRID_NUMBER);
    house.post(PRICES).body(sample).send().await.unwrap();
    let given = async || header(&peek_until(&house, "/v1.0/cim/all").await, "content-type").to_string();
    assert_eq!(given().await, "application/xml; charset=utf-8");
    let actor = format!("/v1.0/operator/actors/{GRID_NUMBER}");
    for (format, expected) in [("JSON", "application/json"), ("ebix", "text/xml"), ("", "application/xml")] {
        let (status, told) = tell(&house, Method::PATCH, &actor, json!({"format": format})).await;
        assert_eq!((status, &told["rows"][0]["what"]), (200, &"changed".into()), "{told}");
        assert_eq!(given().await, format!("{expected}; charset=utf-8"), "{format}");
        let participants = rows(&house, "/v1.0/operator/participants").await;
        let own = participants.iter().find(|row| row["number"] == GRID_NUMBER).unwrap();
        let known = own["format"].as_str().unwrap_or_default();
        assert_eq!(known, format.to_lowercase());
    }
    // Whatever else is said about an actor leaves that as it is, and who asks for a form is given that.
    tell(&house, Method::PATCH, &actor, json!({"format": "json"})).await;
    tell(&house, Method::PATCH, &actor, json!({"name": "Grid"})).await;
    assert_eq!(given().await, "application/json; charset=utf-8");
    let asked = house.get("/v1.0/cim/all").header("accept", "application/xml").send().await.unwrap();
    assert_eq!(header(&asked, "content-type"), "application/xml; charset=utf-8");
}

/// Charges 8.4.
#[tokio::test]
async fn the_registry_tells_who_takes_part_and_who_runs_which_area() {
    let house = start().await;
    let participants = "/v1.0/operator/participants";
    let what = |told: &Value| -> Vec<String> {
        told["rows"].as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap().into()).collect()
    };
    let said = json!({
        "actor": [
            {"number": "8500000000014", "role": "DDM", "name": "Town", "external_id": "town-1"},
            {"number": "8500000000014", "role": "DDQ", "name": "Town", "external_id": "town-1"},
        ],
        "grid_area": [{"code": "131", "owner": "8500000000014"}, {"code": "132", "owner": GRID_NUMBER}],
    });
    let (status, told) = tell(&house, Method::POST, participants, said.clone()).await;
    assert_eq!((status, what(&told)), (200, ["new", "new", "changed", "changed"].map(String::from).to_vec()), "{told}");
    let (status, told) = tell(&house, Method::POST, participants, said).await;
    assert_eq!((status, what(&told)), (200, vec![String::from("unchanged"); 4]));
    let names = async || {
        let events = rows(&house, "/v1.0/operator/events").await;
        let name = |it: &Value| format!("{} {}", it["name"], it["payload"]["grid_area"]).replace('"', "");
        events.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["GridAreaAddedToActor 131", "GridAreaAddedToActor 132"]);

    // Who is registered may come in at once, and who is switched off may not.
    let knock = async || {
        let token = house.token_of("town-1", ActorRole::GridAccessProvider);
        house.http.get(house.url("/v1.0/cim/all")).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(knock().await, 204);
    // What is not said of somebody who is registered stays as it is.
    let renamed = json!({"actor": [{"number": "8500000000014", "role": "DDM", "name": "The town"}]});
    let (status, told) = tell(&house, Method::POST, participants, renamed.clone()).await;
    assert_eq!((status, what(&told)), (200, vec!["changed".to_string()]), "{told}");
    assert_eq!(knock().await, 204, "with the client id that it had");
    let town = "/v1.0/operator/actors/8500000000014";
    let (status, told) =
        tell(&house, Method::PATCH, town, json!({"status": "inactive", "name": "Town that was"})).await;
    assert_eq!((status, what(&told)), (200, vec![String::from("changed"); 2]), "in both of its roles");
    assert_eq!(knock().await, 401);
    let (_, told) = tell(&house, Method::POST, participants, renamed).await;
    assert_eq!((&told["rows"][0]["status"], knock().await), (&json!("Inactive"), 401), "it was not said to be active");
    let (_, told) = tell(&house, Method::PATCH, town, json!({"status": "Inactive"})).await;
    assert_eq!(what(&told), ["unchanged", "unchanged"]);

    let area = "/v1.0/operator/grid-areas/131";
    let (status, told) = tell(&house, Method::PUT, area, json!({"owner": null})).await;
    assert_eq!((status, what(&told)), (200, vec!["changed".to_string()]));
    let (_, told) = tell(&house, Method::PUT, area, json!({"owner": null})).await;
    assert_eq!(what(&told), ["unchanged"]);
    let (status, told) = tell(&house, Method::PUT, area, json!({"owner": "8500000000014"})).await;
    assert_eq!((status, &told["error"]["code"], &told["error"]["target"]), (409, &"NotActive".into(), &"owner".into()));
    let (status, _) = tell(&house, Method::PUT, area, json!({"owner": GRID_NUMBER})).await;
    assert_eq!(status, 200);
    assert_eq!(names().await[2..], ["GridAreaRemovedFromActor 131", "GridAreaAddedToActor 131"]);

    for (method, path, body, status, target) in [
        (Method::PATCH, "/v1.0/operator/actors/1", json!({"name": "Nobody"}), 404, ""),
        (
            Method::POST,
            participants,
            json!({"actor": [{"number": "850000000001", "role": "DDM", "name": "x"}]}),
            400,
            "number",
        ),
        (Method::PATCH, town, json!({"external_id": "grid-1"}), 409, "external_id"),
        (
            Method::POST,
            participants,
            json!({"actor": [{"number": "8500000000021", "role": "DDM", "name": "x", "external_id": "grid-1"}]}),
            409,
            "external_id",
        ),
        (Method::PATCH, town, json!({"status": "Gone"}), 400, "status"),
        (Method::PATCH, town, json!({"format": "pdf"}), 400, "format"),
        (
            Method::POST,
            participants,
            json!({"actor": [{"number": "8500000000021", "role": "DDM", "name": "x", "format": "pdf"}]}),
            400,
            "",
        ),
        (Method::PATCH, town, json!({"number": "1"}), 400, ""),
        (Method::PUT, area, json!({}), 400, ""),
        (Method::PUT, area, json!({"owner": 1}), 400, "owner"),
        (Method::POST, participants, json!({"actor": [{"number": "1", "role": "D99", "name": "x"}]}), 400, ""),
        (Method::POST, participants, json!({"charge": []}), 400, ""),
        (Method::POST, participants, json!([]), 400, ""),
    ] {
        let (found, told) = tell(&house, method, path, body).await;
        assert_eq!((found, told["error"]["target"].as_str().unwrap_or_default()), (status, target), "{told}");
    }
}

/// Who acts for whom is told over HTTPS; from then on the delegate fetches what is about the area.
#[tokio::test]
async fn who_acts_for_whom_is_told_and_shown() {
    const DELEGATIONS: &str = "/v1.0/operator/delegations";
    const ACTING: &str = "5790009000013";
    let house = start().await;
    let row = |stops: Value| {
        json!({"process": "OutgoingBillingMasterData", "grid_area": "999", "by": GRID_NUMBER, "by_role": "DDM",
            "to": ACTING, "to_role": "DEL", "starts": "2023-06-30T22:00:00Z", "stops": stops})
    };
    let acting = json!({"number": ACTING, "role": "DEL", "name": "Data services", "external_id": "data-1"});
    let area = json!({"code": "999", "owner": GRID_NUMBER});
    let said = json!({"actor": [acting], "grid_area": [area]});
    assert_eq!(tell(&house, Method::POST, "/v1.0/operator/participants", said).await.0, 200);
    let told = |told: &Value| (told["rows"][0]["ownNumber"].clone(), told["rows"][0]["what"].clone());
    let open = row(Value::Null);
    let (status, first) = tell(&house, Method::POST, DELEGATIONS, open.clone()).await;
    assert_eq!((status, told(&first)), (200, (json!(1), json!("new"))), "{first}");
    let (_, again) = tell(&house, Method::POST, DELEGATIONS, open.clone()).await;
    assert_eq!(told(&again), (json!(1), json!("unchanged")));
    let events = rows(&house, "/v1.0/operator/events").await;
    let configured: Vec<&Value> = events.iter().filter(|it| it["name"] == "ProcessDelegationConfigured").collect();
    assert_eq!(configured.len(), 1);
    assert_eq!(configured[0]["payload"]["delegated_to"], json!({"number": ACTING, "role": "DEL"}));

    let sample = "samples/charge-links/a-grid-area-that-nobody-runs/01-in.xml";
    let link = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(sample)).unwrap();
    let path = house.url("/v1.0/cim/requestchangebillingmasterdata");
    let token = house.token_of(SYSTEM, ActorRole::SystemOperator);
    let sent = house.http.post(path).bearer_auth(&token).header("content-type", "application/xml").body(link);
    assert_eq!(sent.send().await.unwrap().status(), 202);
    peek_until_as(&house, "/v1.0/cim/all", token).await;
    let acting = house.token_of("data-1", ActorRole::Delegated);
    let waiting =
        rows(&house, &format!("/v1.0/operator/messages?document=NotifyBillingMasterData&party={ACTING}")).await;
    let unseen = format!("/v1.0/cim/dequeue/{}", waiting[0]["messageId"].as_str().unwrap());
    assert_eq!(house.delete(&unseen).send().await.unwrap().status(), 404, "it never waited for whoever has delegated");
    let early = house.http.delete(house.url(&unseen)).bearer_auth(&acting).send().await.unwrap();
    assert_eq!(early.status(), 409, "the delegate is to peek it first");
    let peeked = peek_until_as(&house, "/v1.0/cim/all", acting.clone()).await;
    assert_eq!(header(&peeked, "messagetype"), "NotifyBillingMasterData");
    let id = header(&peeked, "messageid").to_string();
    let text = peeked.text().await.unwrap();
    assert!(
        text.contains(&format!("<cim:receiver_MarketParticipant.mRID codingScheme=\"A10\">{GRID_NUMBER}<")),
        "{text}"
    );
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204, "it waits for the delegate");
    // Both find it, and nobody else.
    for (token, expected) in [(acting.clone(), 200), (house.token(), 200), (house.supplier(), 404)] {
        let url = house.url(&format!("/v1.0/cim/messages/{id}"));
        assert_eq!(house.http.get(url).bearer_auth(&token).send().await.unwrap().status(), expected);
    }
    let found = rows(&house, &format!("/v1.0/operator/messages?messageId={id}")).await;
    assert_eq!(found[0]["party"], json!({"number": ACTING, "role": "DEL"}));
    assert_eq!(found[0]["addressee"], json!({"number": GRID_NUMBER, "role": "DDM"}));
    assert_eq!(found[0]["delivery"]["status"], "peeked");
    // Who is switched off is not answered, and finds its post again once it is back.
    let data_services = format!("/v1.0/operator/actors/{ACTING}");
    for (status, expected) in [("Inactive", 401), ("Active", 200)] {
        assert_eq!(tell(&house, Method::PATCH, &data_services, json!({"status": status})).await.0, 200);
        let asked = house.http.get(house.url("/v1.0/cim/all")).bearer_auth(&acting).send().await.unwrap();
        assert_eq!(asked.status(), expected, "{status}");
        assert!(expected == 401 || header(&asked, "messageid") == id);
    }
    let gone = format!("/v1.0/cim/dequeue/{id}");
    assert_eq!(house.delete(&gone).send().await.unwrap().status(), 404, "it is its delegate's to dequeue");
    let dequeued = house.http.delete(house.url(&gone)).bearer_auth(acting).send().await.unwrap();
    assert_eq!(dequeued.status(), 200);

    let (_, ended) = tell(&house, Method::POST, DELEGATIONS, row(json!("2023-07-31T22:00:00Z"))).await;
    assert_eq!(told(&ended), (json!(2), json!("new")));
    let in_force = |rows: Vec<Value>| rows.iter().map(|row| row["inForce"].clone()).collect::<Vec<_>>();
    let then = format!("{DELEGATIONS}?at=2023-07-31T21:59:59Z");
    assert_eq!(in_force(rows(&house, &then).await), [false, true], "the newer row, until it stops");
    assert_eq!(in_force(rows(&house, &format!("{DELEGATIONS}?at=2023-07-31T22:00:00Z")).await), [false, false]);

    let with = |name: &str, value: Value| {
        let mut body = open.clone();
        body[name] = value;
        body
    };
    let mut listed = row(json!("2023-08-31T22:00:00Z"));
    listed["sequence"] = json!(7);
    assert_eq!(tell(&house, Method::POST, DELEGATIONS, listed).await.0, 200);
    for (body, status, target) in [
        (with("process", json!("Everything")), 400, "process"),
        (with("by_role", json!("D99")), 400, "by_role"),
        (with("starts", json!("soon")), 400, "starts"),
        (with("note", json!("x")), 400, ""),
        (with("grid_area", json!("777")), 409, ""),
        (with("to", json!("8100000000999")), 409, ""),
        (with("to_role", json!("DDQ")), 409, ""),
        (with("sequence", json!(7)), 409, ""),
    ] {
        let (found, told) = tell(&house, Method::POST, DELEGATIONS, body.clone()).await;
        let target_told = told["error"]["target"].as_str().unwrap_or_default();
        assert_eq!((found, target_told), (status, target), "{body} {told}");
        assert!(status == 400 || told["error"]["code"] == "DelegationRefused", "{told}");
    }
    let said = json!({"delegation": [with("sequence", json!(9))], "actor": []});
    let (status, told) = tell(&house, Method::POST, "/v1.0/operator/participants", said).await;
    assert_eq!((status, &told["rows"][0]["what"]), (200, &json!("new")));
}

/// A metered data responsible fetches what waits for its number as grid access provider, and the other way round.
#[tokio::test]
async fn a_number_has_one_queue_for_both_of_its_roles_in_the_grid() {
    let house = start().await;
    let responsible = json!({"number": GRID_NUMBER, "role": "MDR", "name": "Grid", "external_id": "grid-1"});
    let said = json!({"actor": [responsible]});
    assert_eq!(tell(&house, Method::POST, "/v1.0/operator/participants", said).await.0, 200);
    let responsible = house.token_of(GRID, ActorRole::MeteredDataResponsible);
    assert_eq!(house.post(PRICES).body(year_of_prices("1")).send().await.unwrap().status(), 202);
    let as_grid = peek_until(&house, "/v1.0/cim/all").await;
    let id = header(&as_grid, "messageid").to_string();
    let as_responsible = peek_until_as(&house, "/v1.0/cim/all", responsible.clone()).await;
    assert_eq!(header(&as_responsible, "messageid"), id);
    let archived = async |path: &str| {
        let answer = house.http.get(house.url(path)).bearer_auth(&responsible).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (_, listed) = archived("/v1.0/cim/messages").await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let ways: Vec<_> = listed["rows"].as_array().unwrap().iter().map(|row| &row["direction"]).collect();
    assert!(
        !ways.is_empty() && ways.iter().all(|way| *way == "out"),
        "what it fetches, not what the other sent: {listed}"
    );
    assert_eq!(archived(&format!("/v1.0/cim/messages/{id}")).await.0, 200);
    let gone = house.url(&format!("/v1.0/cim/dequeue/{id}"));
    let dequeued = house.http.delete(&gone).bearer_auth(&responsible).send().await.unwrap();
    assert_eq!((dequeued.status().as_u16(), header(&dequeued, "dequeue-status")), (200, ""));
    let again = house.http.delete(&gone).bearer_auth(house.token()).send().await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "dequeue-status")), (200, "already"));
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204);
}

/// A delegated party sends as whoever it acts for, and fetches its answers as itself.
#[tokio::test]
async fn a_delegated_party_sends_for_another_and_fetches_as_itself() {
    const ACTING: &str = "5790009000013";
    let house = start().await;
    let acting = json!({"number": ACTING, "role": "DEL", "name": "Data services", "external_id": "data-1"});
    let said = json!({"actor": [acting]});
    assert_eq!(tell(&house, Method::POST, "/v1.0/operator/participants", said).await.0, 200);
    let acting = house.token_of("data-1", ActorRole::Delegated);
    let sample = "samples/delegation/in-a-delegated-party-links-a-charge/01-in.xml";
    let link = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(sample)).unwrap();
    let link = |id: &str| link.replace("DOC-1", id).replace("T-1", &format!("T-{id}"));
    let send = |document: &str, body: String| {
        let to = house.http.post(house.url(&format!("/v1.0/cim/{document}"))).bearer_auth(&acting);
        to.header("content-type", "application/xml").body(body).send()
    };
    for document in ["requestchangeofsupplier", "requestservice", "requestbillingmasterdata"] {
        assert_eq!(send(document, String::new()).await.unwrap().status(), 403, "{document} is nobody's to delegate");
    }
    assert_eq!(send("requestchangebillingmasterdata", link("L")).await.unwrap().status(), 202);
    let answer = peek_until_as(&house, "/v1.0/cim/all", acting.clone()).await;
    assert_eq!(header(&answer, "messagetype"), "RejectRequestChangeBillingMasterData");
    let id = header(&answer, "messageid").to_string();
    let text = answer.text().await.unwrap();
    assert!(text.contains("<cim:code>D50</cim:code>") && text.contains("CH.17"), "{text}");
    let receiver = format!("receiver_MarketParticipant.mRID codingScheme=\"A10\">{ACTING}<");
    assert!(text.contains(&receiver) && text.contains("receiver_MarketParticipant.marketRole.type>DDM<"), "{text}");
    let gone = house.http.delete(house.url(&format!("/v1.0/cim/dequeue/{id}"))).bearer_auth(&acting);
    assert_eq!(gone.send().await.unwrap().status(), 200);
    // A market role's document is looked at in the same way: its header may name a role that is not the token's.
    let sample = "samples/delegation/in-a-delegated-party-changes-a-metering-point/01-in.xml";
    let change = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(sample)).unwrap();
    let name = "requestchangeaccountingpointcharacteristics";
    assert_eq!(send(name, change.clone()).await.unwrap().status(), 202);
    let answer = peek_until_as(&house, "/v1.0/cim/all", acting.clone()).await;
    assert_eq!(header(&answer, "messagetype"), "RejectRequestChangeAccountingPointCharacteristics");
    let another = change.replace("DOC-1", "DOC-2").replace(ACTING, GRID_NUMBER);
    assert_eq!(send(name, another).await.unwrap().status(), 400, "it sends with a number of its own");
}

/// The system operator links a tax to a metering point there, and hears that it is done.
async fn link_a_tax_in_area_999(house: &House) {
    let link = include_str!("../samples/charge-links/a-grid-area-that-nobody-runs/01-in.xml");
    let path = house.url("/v1.0/cim/requestchangebillingmasterdata");
    let token = house.token_of(SYSTEM, ActorRole::SystemOperator);
    let sent = house.http.post(path).bearer_auth(&token).header("content-type", "application/xml").body(link);
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let answer = peek_until_as(house, "/v1.0/cim/all", token).await;
    assert_eq!(header(&answer, "messagetype"), "ConfirmRequestChangeBillingMasterData");
}

/// A grid company that is given an area over HTTPS hears of the taxes that were linked there before, without a restart.
#[tokio::test]
async fn an_area_that_is_given_to_a_grid_company_is_told_of_its_taxes_at_once() {
    let house = start().await;
    link_a_tax_in_area_999(&house).await;
    assert_eq!(house.get("/v1.0/cim/all").send().await.unwrap().status(), 204, "nobody runs the area yet");
    let (status, _) = tell(&house, Method::PUT, "/v1.0/operator/grid-areas/999", json!({"owner": GRID_NUMBER})).await;
    assert_eq!(status, 200);
    let heard = peek_until(&house, "/v1.0/cim/all").await;
    assert_eq!(header(&heard, "messagetype"), "NotifyBillingMasterData");
}

/// So does one that becomes active, of its own area.
#[tokio::test]
async fn a_grid_company_that_becomes_active_is_told_of_the_taxes_of_its_area() {
    let house = start().await;
    let actor = format!("/v1.0/operator/actors/{GRID_NUMBER}");
    let (status, _) = tell(&house, Method::PUT, "/v1.0/operator/grid-areas/999", json!({"owner": GRID_NUMBER})).await;
    assert_eq!((status, tell(&house, Method::PATCH, &actor, json!({"status": "Inactive"})).await.0), (200, 200));
    link_a_tax_in_area_999(&house).await;
    assert_eq!(tell(&house, Method::PATCH, &actor, json!({"status": "Active"})).await.0, 200);
    let heard = peek_until(&house, "/v1.0/cim/all").await;
    assert_eq!(header(&heard, "messagetype"), "NotifyBillingMasterData");
    let events = rows(&house, "/v1.0/operator/events").await;
    let last = &events.last().unwrap();
    assert_eq!((&last["name"], &last["payload"]["grid_area"]), (&"GridAreaOwnerActivated".into(), &"999".into()));
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

#[tokio::test]
async fn certificates_and_addresses_are_given_and_taken_while_the_gateway_runs() {
    let house = start().await;
    let (token, thumbprint) = (hub(&house), "ab".repeat(32));
    let said = async |method: &str, path: &str, body: Option<Value>| {
        let request = house.http.request(method.parse().unwrap(), house.url(path)).bearer_auth(&token);
        let request = request.header("accept", "application/json");
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    const CERTIFICATES: &str = "/v1.0/operator/certificates";
    let assignment = json!({ "number": GRID_NUMBER, "role": "DDM", "certificate": thumbprint, "sequence": 3 });
    let (status, told) = said("POST", CERTIFICATES, Some(assignment.clone())).await;
    assert_eq!((status, &told["speaks_for"]), (200, &json!({ "number": GRID_NUMBER, "role": "DDM" })), "{told}");
    let (status, told) = said("POST", CERTIFICATES, Some(assignment)).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("NotAssigned")), "it came already");
    let pem = std::fs::read_to_string(&house.certificate.authority).unwrap();
    let (status, told) =
        said("POST", CERTIFICATES, Some(json!({ "number": GRID_NUMBER, "role": "ddm", "certificate": pem }))).await;
    assert_eq!((status, told["thumbprint"].as_str().unwrap().len()), (200, 64), "{told}");
    for wrong in [
        json!({ "number": GRID_NUMBER, "role": "DDM", "certificate": "no" }),
        json!({ "number": GRID_NUMBER, "role": "XXX", "certificate": thumbprint }),
        json!({ "number": "", "role": "DDM", "certificate": thumbprint }),
        json!({ "number": GRID_NUMBER, "role": "DDM", "certificate": thumbprint, "from": "now" }),
        json!({ "number": GRID_NUMBER, "role": "DDM", "certificate":
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" }),
        json!({ "number": GRID_NUMBER, "role": "DDM", "certificate": thumbprint,
            "from": "2027-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" }),
        json!({ "number": GRID_NUMBER }),
    ] {
        assert_eq!(said("POST", CERTIFICATES, Some(wrong.clone())).await.0, 400, "{wrong}");
    }
    assert_eq!(rows(&house, CERTIFICATES).await.len(), 2);
    let one = format!("{CERTIFICATES}/{thumbprint}");
    assert_eq!(said("DELETE", &one, None).await, (200, json!({ "thumbprint": thumbprint, "speaks_for": null })));
    assert_eq!(said("DELETE", &one, None).await.0, 404);
    assert_eq!(rows(&house, CERTIFICATES).await.len(), 1);

    let nobody = json!({ "number": "8200000000999", "role": "DDM", "certificate": thumbprint });
    let (status, told) = said("POST", CERTIFICATES, Some(nobody)).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("NotAssigned")), "{told}");
    let nobodys = "/v1.0/operator/webhooks/8200000000999/DDM";
    assert_eq!(said("PUT", nobodys, Some(json!({ "url": "https://example.org/" }))).await.0, 404);
    let address = format!("/v1.0/operator/webhooks/{GRID_NUMBER}/DDM");
    let (status, told) = said("PUT", &address, Some(json!({ "url": "https://example.org/post" }))).await;
    assert_eq!((status, told["secret"].as_str().unwrap().len()), (200, 64), "one is made, and told this once");
    let secret = "s".repeat(32);
    let (_, told) = said("PUT", &address, Some(json!({ "url": "https://example.org/", "secret": secret }))).await;
    assert_eq!(told["secret"], Value::Null);
    for (url, secret) in [("http://example.org/", &*secret), ("https://example.org/", "short")] {
        assert_eq!(said("PUT", &address, Some(json!({ "url": url, "secret": secret }))).await.0, 400);
    }
    let expected = json!({ "number": GRID_NUMBER, "role": "DDM", "url": "https://example.org/" });
    assert_eq!(rows(&house, "/v1.0/operator/webhooks").await, [expected], "without the secret");
    assert_eq!((said("DELETE", &address, None).await.0, said("DELETE", &address, None).await.0), (200, 404));

    // The trail says what was changed, and no secret.
    let actor = "/v1.0/operator/actors/5790000432752".to_string();
    assert_eq!(said("PATCH", &actor, Some(json!({ "status": "Inactive" }))).await.0, 200);
    let trail = rows(&house, "/v1.0/operator/audit").await;
    let targets = |activity: &str| {
        let of = trail.iter().filter(|row| row["activity"] == activity);
        of.map(|row| row["target"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let assigned = targets("POST /v1.0/operator/certificates");
    let named = [&*thumbprint, GRID_NUMBER, "\"role\":\"DDM\""];
    assert!(named.iter().all(|it| assigned[0].contains(it)), "{assigned:?}");
    assert!(assigned.iter().all(|it| !it.contains("BEGIN CERTIFICATE")), "{assigned:?}");
    let withdrawn = targets("DELETE /v1.0/operator/certificates/{thumbprint}");
    assert_eq!(withdrawn[0], format!("{one} spoke for {GRID_NUMBER}/DDM"));
    assert!(targets("PUT /v1.0/operator/webhooks/{number}/{role}").iter().all(|it| !it.contains(&*secret)));
    let patched = targets("PATCH /v1.0/operator/actors/{id}");
    assert_eq!(patched, [format!("{actor} {{\"status\":\"Inactive\"}}")]);
}

#[tokio::test]
async fn whoever_looks_is_written_down_before_it_sees_anything() {
    let house = start().await;
    rows(&house, "/v1.0/operator/charges?text=hour").await;
    house.get("/v1.0/cim/messages/nothing").header("correlationid", "own-1").send().await.unwrap();
    house.get("/v1.0/operator/participants").send().await.unwrap();
    house.get("/v1.0/cim/queue").send().await.unwrap();
    house.http.get(house.url("/v1.0/operator/charges")).send().await.unwrap();
    let trail = rows(&house, "/v1.0/operator/audit").await;
    let told = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_string();
        format!("{} {} {} {} {}", text("role"), text("number"), text("activity"), text("target"), row["status"])
    };
    let expected = [
        "DDZ 5790001330552 GET /v1.0/operator/charges /v1.0/operator/charges?text=hour 200".to_string(),
        format!("DDM {GRID_NUMBER} GET /v1.0/cim/messages/{{id}} /v1.0/cim/messages/nothing 404"),
        format!("DDM {GRID_NUMBER} GET /v1.0/operator/participants /v1.0/operator/participants 403"),
    ];
    assert_eq!(trail.iter().map(told).collect::<Vec<_>>(), expected, "no queue, and nobody who is not known");
    assert_eq!(trail[1]["correlationId"], "own-1");
    let (_, page) = ask(&house, "/v1.0/operator/audit?take=2").await;
    let next = page["next"].as_str().unwrap();
    assert_eq!(rows(&house, next).await[0], trail[2]);
    assert_eq!(ask(&house, "/v1.0/operator/audit?from=x").await.0, 400);
}

/// post-office 6.6 and Appendix D: what participants do with their post, in the commits that it makes anyway.
#[tokio::test]
async fn what_is_fetched_is_written_down_once_and_how_often_it_was_looked_at() {
    let house = start().await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    let id = header(&peek_until(&house, "/v1.0/cim/all").await, "messageid").to_string();
    for _ in 0..2 {
        house.get("/v1.0/cim/all").header("correlationid", "again").send().await.unwrap();
    }
    let gone = format!("/v1.0/cim/dequeue/{id}");
    for _ in 0..2 {
        house.delete(&gone).header("correlationid", "gone-1").send().await.unwrap();
    }
    house.get("/v1.0/cim/all").send().await.unwrap();
    let soap = |inside: &str| {
        let body = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <b:{inside} xmlns:b=\"urn:www:datahub:dk:b2b:v01\"><b:MessageId>{id}</b:MessageId></b:{inside}></s:Body></s:Envelope>"
        );
        let post = house.http.post(house.url("/ebix")).bearer_auth(house.token()).header("content-type", "text/xml");
        post.header("correlationid", "soap-1").body(body).send()
    };
    assert!(soap("GetMessageRequest").await.unwrap().text().await.unwrap().contains("GetMessageResponse"));
    soap("DequeueMessageRequest").await.unwrap();
    let trail = rows(&house, "/v1.0/operator/audit").await;
    let told: Vec<String> = trail
        .iter()
        .map(|row| {
            assert_eq!(
                (&row["number"], &row["role"], &row["status"]),
                (&GRID_NUMBER.into(), &"DDM".into(), &200.into())
            );
            format!("{} {}", row["activity"].as_str().unwrap(), row["target"].as_str().unwrap())
        })
        .collect();
    let dequeued = format!("dequeue {id} peeked again: 2");
    assert_eq!(told, [format!("peek {id}"), dequeued, format!("POST /ebix getMessage {id}")]);
    assert_eq!((&trail[1]["correlationId"], &trail[2]["correlationId"]), (&"gone-1".into(), &"soap-1".into()));

    house.gateway.audit_post(false);
    house.post(PRICES).body(document("2")).send().await.unwrap();
    fetch(&house, 1).await;
    assert_eq!(rows(&house, "/v1.0/operator/audit").await.len(), 4, "the question before, and nothing of the post");
}

/// post-office 4.4 item 6: who asks for what retention has removed hears that it was there.
#[tokio::test]
async fn a_document_whose_bytes_were_removed_is_gone_and_still_listed() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes_max: 1, ..Options::default() };
    let store = Arc::new(Embedded::open(dir.path(), options).unwrap());
    let house = start_over(store.clone(), axum::Router::new(), |_| ()).await;
    house.post(PRICES).body(document("1")).send().await.unwrap();
    fetch(&house, 1).await;
    let own = "/v1.0/cim/messages/doc-1";
    assert_eq!(house.get(own).send().await.unwrap().status(), 200);
    let found = rows(&house, "/v1.0/operator/messages?messageId=doc-1").await;
    let commit = found[0]["id"].as_str().unwrap().split('.').next().unwrap().parse().unwrap();
    let body = archive::received_key(commit);
    let at = Timestamp::parse_date_time("2027-01-01T03:00:00Z").unwrap();
    let mut batch = Batch::default();
    batch.put(let_go_key(&body), LetGo::new(at, 3, 1, 1).encode());
    store.commit(batch).unwrap();
    assert_eq!(store.erase(&[body]).unwrap().bodies, 1);

    for (path, token) in [(own, house.token()), ("/v1.0/operator/messages/doc-1", hub(&house))] {
        let request = house.http.get(house.url(path)).bearer_auth(token).header("accept", "application/json");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 410, "{path}");
        let told: Value = response.json().await.unwrap();
        assert_eq!(told["error"]["code"], "Removed", "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains("removed on 2027-01-01T03:00:00Z"), "{told}");
    }
    let foreign = house.http.get(house.url(own)).bearer_auth(house.supplier()).send().await.unwrap();
    assert_eq!(foreign.status(), 404, "of other participants' documents nobody hears anything");
    assert_eq!(rows(&house, "/v1.0/operator/messages?messageId=doc-1").await[0]["removed"], at.to_string());
}

#[tokio::test]
async fn the_hub_orders_a_takeover_and_sees_what_became_of_it() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    {
        let specs = Arc::new(gridpost::document::built_in());
        let settings = gateway::Settings { undecided_max: 10, ..Default::default() };
        let clock = Clock::standing_at(Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap());
        let gateway = Gateway::open(store.clone(), specs, settings, clock).unwrap();
        World::toy().settle_in(&gateway).await.unwrap();
    }
    let house = start_over(store, axum::Router::new(), |_| ()).await;
    let path = "/v1.0/operator/orders";
    let [hub, other] = [(1, ActorRole::MeteringPointAdministrator), (3, ActorRole::GridAccessProvider)]
        .map(|(number, role)| house.token_of(&format!("0a6f3c1e-0000-4000-8000-00000000000{number}"), role));
    let order = |to: &str| {
        json!({
            "order": "ForceSupplierChange", "kind": "E06", "from": "8100000000108", "to": to,
            "date": "2023-09-30T22:00:00Z", "metering_points": ["571313100000001000", "571313100000001048"],
        })
    };
    let talk = async |token: &str, request: reqwest::RequestBuilder| {
        let response = request.bearer_auth(token).header("accept", "application/json").send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let send = |path: &str, body: Value| house.http.post(house.url(path)).body(body.to_string());
    let see = |path: &str| house.http.get(house.url(path));
    assert_eq!(talk(&other, send(path, order("7300000000011"))).await.0, 403);
    let (status, refused) = talk(&hub, send(path, order("8100000000108"))).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &"OrderRefused".into()), "{refused}");
    assert_eq!(refused["error"]["details"][0]["code"], "F03", "{refused}");
    assert_eq!(talk(&hub, send(path, json!({"order": "ForceSupplierChange"}))).await.0, 400);
    assert_eq!(talk(&hub, send(&format!("{path}?dry_run=1"), order("7300000000011"))).await.0, 400);
    let (status, tried) = talk(&hub, send(&format!("{path}?dry_run=true"), order("7300000000011"))).await;
    assert_eq!((status, &tried["would"]["done"], &tried["would"]["skipped"]), (200, &1.into(), &1.into()), "{tried}");
    assert_eq!(tried["rows"][0]["documents"][0], "GenericNotification E06 to 7300000000011/DDQ");
    assert_eq!(talk(&hub, see(path)).await.1["total"], 0, "nothing was kept");
    let (status, given) = talk(&hub, send(path, order("7300000000011"))).await;
    assert_eq!(status, 202, "{given}");
    let one = format!("{path}/{}", given["id"].as_str().unwrap());
    let shown = loop {
        let (status, shown) = talk(&hub, see(&format!("{one}?take=1"))).await;
        assert_eq!(status, 200, "{shown}");
        if shown["order"]["gone_through"] == true && shown["order"]["waiting"] == 0 {
            break shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((&shown["total"], &shown["order"]["done"]), (&2.into(), &1.into()), "{shown}");
    assert_eq!(shown["rows"][0]["metering_point"], "571313100000001000");
    let (_, rest) = talk(&hub, see(shown["next"].as_str().unwrap())).await;
    assert_eq!((&rest["rows"][0]["outcome"], &rest["next"]), (&"skipped".into(), &Value::Null), "{rest}");
    assert_eq!(talk(&hub, see(path)).await.1["total"], 1);
    assert_eq!(talk(&hub, see(&format!("{path}/unknown"))).await.0, 404);

    let call_off = |path: &str| house.http.delete(house.url(path));
    assert_eq!(talk(&other, call_off(&one)).await.0, 403);
    assert_eq!(talk(&hub, call_off(&format!("{path}/unknown"))).await.0, 404);
    let (status, off) = talk(&hub, call_off(&one)).await;
    assert_eq!((status, &off["id"]), (202, &given["id"]), "{off}");
    assert_eq!(talk(&hub, call_off(&one)).await, (200, off), "it is safe to repeat");
    loop {
        let (_, shown) = talk(&hub, see(&one)).await;
        if shown["order"]["taken_back"] == 1 {
            assert_eq!((&shown["order"]["done"], &shown["rows"][0]["outcome"]), (&0.into(), &"called off".into()));
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let audited = talk(&hub, see("/v1.0/operator/audit")).await.1.to_string();
    assert!(audited.contains("DELETE /v1.0/operator/orders/{id}"), "{audited}");
}

/// post-office 1.6 (9), 1.6 (11).
#[tokio::test]
async fn the_hub_sees_what_waits_and_stops_a_document() {
    let house = start().await;
    for id in ["1", "2"] {
        house.post(PRICES).body(document(id)).send().await.unwrap();
    }
    let first = header(&peek_until(&house, "/v1.0/cim/all").await, "messageid").to_string();
    // Its suppliers hear of it, too.
    assert_eq!(tell(&house, Method::POST, "/v1.0/operator/charges", tariff()).await.0, 201);
    house.gateway.settled().await.unwrap();
    let queue = format!("/v1.0/operator/queues/{GRID_NUMBER}/DDM");
    let waiting = rows(&house, &queue).await;
    let queues = rows(&house, "/v1.0/operator/queues").await;
    let own = queues.iter().find(|queue| queue["actor"] == GRID_NUMBER).unwrap();
    assert_eq!(
        (&own["role"], &own["category"], &own["documents"]),
        (&"DDM".into(), &"masterdata".into(), &waiting.len().into())
    );
    let (mut pieces, mut next) = (Vec::new(), Some("/v1.0/operator/queues?take=1".to_string()));
    while let Some(path) = next {
        let (_, body) = ask(&house, &path).await;
        pieces.extend(body["rows"].as_array().unwrap().iter().cloned());
        next = body["next"].as_str().map(String::from);
    }
    assert!(pieces == queues && pieces.len() > 1, "{pieces:?}");

    assert_eq!((&waiting[0]["messageId"], &waiting[0]["times"]), (&first.as_str().into(), &1.into()));
    let (_, piece) = ask(&house, &format!("{queue}?take=1")).await;
    assert_eq!(
        rows(&house, &format!("{}&take=9", piece["next"].as_str().unwrap().replace("take=1&", ""))).await,
        waiting[1..]
    );
    let (_, piece) = ask(&house, &format!("{queue}?take={}", waiting.len())).await;
    assert_eq!(piece["next"], Value::Null);

    let quarantine = "/v1.0/operator/quarantine";
    let stop = |id: &str| json!({"number": GRID_NUMBER, "role": "DDM", "messageId": id, "cause": "sent by mistake"});
    let (status, stopped) = tell(&house, Method::POST, quarantine, stop(&first)).await;
    assert_eq!((status, &stopped["cause"], &stopped["times"]), (200, &"sent by mistake".into(), &1.into()));
    assert_eq!(tell(&house, Method::POST, quarantine, stop(&first)).await, (200, stopped.clone()), "it is so already");
    assert_eq!(tell(&house, Method::POST, quarantine, stop("no such")).await.0, 404);
    assert_eq!(rows(&house, quarantine).await, std::slice::from_ref(&stopped));
    let second = header(&peek_until(&house, "/v1.0/cim/all").await, "messageid").to_string();
    assert_eq!(waiting[1]["messageId"], *second);
    let status = house.http.get(house.url("/monitor/status")).send().await.unwrap();
    assert_eq!(status.status(), 503);
    assert!(status.text().await.unwrap().contains("1 in quarantine"));
    let figures = house.http.get(house.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("gridpost_quarantine_documents 1"), "{figures}");

    let named = |id: &str| json!({"messageIds": [id]});
    let (status, released) = tell(&house, Method::POST, "/v1.0/operator/quarantine/release", named(&first)).await;
    assert_eq!((status, released), (200, json!({"rows": [stopped], "anew": [], "harmed": [], "unknown": []})));
    assert_eq!(rows(&house, &queue).await.len(), waiting.len());
    let (_, stopped) = tell(&house, Method::POST, quarantine, stop(&first)).await;
    let discard = "/v1.0/operator/quarantine/discard";
    let (status, gone) = tell(&house, Method::POST, discard, named(&first)).await;
    assert_eq!((status, gone), (200, json!({"rows": [stopped], "unknown": []})));
    let (_, gone) = tell(&house, Method::POST, discard, named(&first)).await;
    assert_eq!(gone, json!({"rows": [], "unknown": [first]}));
    assert_eq!(rows(&house, quarantine).await, [Value::Null; 0]);

    for (path, body, target) in [
        (quarantine, json!({"number": GRID_NUMBER, "role": "XXX", "messageId": "x", "cause": "y"}), "role"),
        (quarantine, json!({"number": GRID_NUMBER, "role": "DDM", "messageId": "x", "cause": " "}), "cause"),
        (quarantine, json!({"number": GRID_NUMBER, "role": "DDM", "messageId": "x", "cause": "a\nb"}), "cause"),
        (quarantine, json!(5), ""),
        (discard, json!({"all": true}), ""),
        (discard, json!({"messageIds": []}), ""),
        ("/v1.0/operator/parked/retry", json!({}), ""),
        ("/v1.0/operator/parked/retry", json!({"keys": ["x"], "all": true}), ""),
        ("/v1.0/operator/parked/discard", json!({"all": true}), ""),
    ] {
        let (status, told) = tell(&house, Method::POST, path, body.clone()).await;
        assert_eq!((status, told["error"]["target"].as_str().unwrap_or("")), (400, target), "{path} {body}");
        assert!(!told.to_string().contains("struct"), "{told}");
    }
}

/// post-office 6.3: what could not be decided is seen, taken up again and given up while the gateway runs.
#[tokio::test]
async fn the_hub_has_what_is_parked_decided_again() {
    let house = start().await;
    let entry = archive::InboxEntry {
        caller: Party { number: ActorNumber::new(GRID_NUMBER), role: ActorRole::GridAccessProvider },
        document: "RequestChangeOfPriceList".into(),
        at: house.gateway.now(),
        correlation_id: "c-1".into(),
        hash: *blake3::hash(document("1").as_bytes()).as_bytes(),
    };
    let mut batch = Batch::default();
    batch.body_all([archive::received(Packed::of(document("1").as_bytes()))]);
    let Outcome::Committed(number) = house.gateway.write(batch).await.unwrap() else { panic!("it is written") };
    let mut batch = Batch::default();
    batch.put_all([entry.put()]).put_all(archive::park(number, &entry, "a bug"));
    batch.changes.retain(|change| change.key().space() == archive::parked_key(number).space());
    house.gateway.write(batch).await.unwrap();

    let parked = rows(&house, "/v1.0/operator/parked").await;
    let what = ["document", "correlationId", "cause"].map(|field| parked[0][field].as_str().unwrap());
    assert_eq!((parked.len(), what), (1, ["RequestChangeOfPriceList", "c-1", "a bug"]));
    let (retry, discard) = ("/v1.0/operator/parked/retry", "/v1.0/operator/parked/discard");
    let key = parked[0]["key"].as_str().unwrap();
    let (status, told) = tell(&house, Method::POST, retry, json!({"keys": [key, "16:x"]})).await;
    assert_eq!((status, told), (200, json!({"taken": 1, "kept": 0, "harmed": [], "unknown": 1})));
    let answer = peek_until(&house, "/v1.0/cim/all").await;
    assert_eq!(header(&answer, "messagetype"), "RejectRequestChangeOfPriceList");
    assert_eq!(rows(&house, "/v1.0/operator/parked").await, [Value::Null; 0]);
    let (_, told) = tell(&house, Method::POST, discard, json!({"keys": [key]})).await;
    assert_eq!(told, json!({"rows": [], "unknown": [key]}));
}
