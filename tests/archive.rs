//! The archive through the door (post-office 4.4): what its list shows, in which order, and page by page both ways.

mod door;

use door::*;
use gridpost::market::ActorRole;
use serde_json::Value;

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
