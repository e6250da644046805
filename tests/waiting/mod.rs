//! Whoever waits for post and hangs up was shown nothing, and takes up nothing any more.

use std::time::{Duration, Instant};

use axum::body::Body;
use gridpost::http::Limits;
use gridpost::market::{ActorNumber, ActorRole, Party};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt;

use super::door::*;

const WAIT: &str = "/v1.0/cim/all?wait=50";

/// How a client goes away.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Closes,
    /// Without a word of TLS.
    Drops,
    Resets,
    /// With another request behind the one that waits.
    LeavesMoreBehind,
    /// A request of several on a connection.
    CancelsOverHttp2,
    ClosesHttp2,
}

impl Leaving {
    const ALL: [Leaving; 6] = [
        Leaving::Closes,
        Leaving::Drops,
        Leaving::Resets,
        Leaving::LeavesMoreBehind,
        Leaving::CancelsOverHttp2,
        Leaving::ClosesHttp2,
    ];

    /// Begins to wait, and goes away once it does.
    async fn wait_and_leave(self, house: &House) {
        let get = format!("GET {WAIT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", house.token());
        match self {
            Leaving::CancelsOverHttp2 | Leaving::ClosesHttp2 => {
                let mut stream = house.raw_speaking(b"h2").await;
                let (near, mut far) = tokio::io::duplex(1 << 16);
                let carrying =
                    tokio::spawn(async move { tokio::io::copy_bidirectional(&mut far, &mut stream).await.map(drop) });
                let (mut sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
                let connection = tokio::spawn(connection);
                let request = hyper::Request::get(house.url(WAIT));
                let request = request.header("authorization", format!("Bearer {}", house.token()));
                let waiting = tokio::spawn(sender.send_request(request.body(Body::empty()).unwrap()));
                is_waiting(house).await;
                if let Leaving::ClosesHttp2 = self {
                    carrying.abort();
                    return;
                }
                waiting.abort();
                is_forgotten(house, self).await;
                assert!(!connection.is_finished(), "others may go on");
            }
            _ => {
                let mut stream = house.raw().await;
                let more = matches!(self, Leaving::LeavesMoreBehind);
                write(&mut stream, &get.repeat(1 + usize::from(more))).await;
                is_waiting(house).await;
                match self {
                    Leaving::Closes => stream.shutdown().await.unwrap(),
                    Leaving::Resets => stream.get_ref().0.set_zero_linger().unwrap(),
                    _ => {}
                }
            }
        }
    }
}

async fn status(house: &House) -> u16 {
    house.get("/v1.0/cim/all").send().await.unwrap().status().as_u16()
}

/// Returns once the participant's only request is under way.
async fn is_waiting(house: &House) {
    while status(house).await != 429 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns once another request of the participant is answered.
async fn is_forgotten(house: &House, leaving: Leaving) {
    let begun = Instant::now();
    while status(house).await == 429 {
        assert!(begun.elapsed() < Duration::from_secs(5), "{leaving:?}: its place was not given back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn whoever_hangs_up_while_it_waits_was_shown_nothing_and_holds_no_place() {
    for leaving in Leaving::ALL {
        let house = start_with(Limits { party_requests_max: 1, ..Limits::default() }).await;
        leaving.wait_and_leave(&house).await;
        is_forgotten(&house, leaving).await;
        assert_eq!(house.post(PRICES).body(document("1")).send().await.unwrap().status(), 202);
        house.gateway.settled().await.unwrap();
        // Time enough for whoever were still waiting.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let grid = Party { number: ActorNumber::new(GRID_NUMBER), role: ActorRole::GridAccessProvider };
        let mut queues = house.gateway.queue(&grid).unwrap().into_iter();
        let id = queues.find_map(|queue| queue.next_message_id).expect("the answer waits");
        let dequeued = house.delete(&format!("/v1.0/cim/dequeue/{id}")).send().await.unwrap();
        assert_eq!(dequeued.status(), 409, "{leaving:?}: nobody has been shown it");
    }
}

#[tokio::test]
async fn an_http2_connection_lasts_as_long_as_something_is_asked_for_on_it() {
    let house = start_with(Limits { head: Duration::from_secs(1), ..Limits::default() }).await;
    let stream = house.raw_speaking(b"h2").await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    for wait in ["3", "0"] {
        let request = hyper::Request::get(house.url(&format!("/v1.0/cim/all?wait={wait}")));
        let request = request.header("authorization", format!("Bearer {}", house.token()));
        let answer = sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 204);
    }
    let closed = tokio::time::timeout(Duration::from_secs(15), connection).await;
    assert!(closed.is_ok(), "it was left open with nothing asked for");
}
