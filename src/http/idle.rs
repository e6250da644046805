//! A connection on which nobody asks for anything: it takes a place, so it does not stay for ever.
//!
//! HTTP/1.1 has a time for the next head. HTTP/2 has none of its own: neither for its preface nor between requests.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::timeout;

/// How many requests of a connection are under way.
pub struct Requests(watch::Sender<usize>);

impl Requests {
    pub fn none() -> Self {
        Self(watch::Sender::new(0))
    }

    /// One has come; it is over when what this gives back is dropped.
    pub fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| *count += 1);
        UnderWay(self.0.clone())
    }

    /// Comes to its end once none has been under way for so long.
    pub async fn silence(&self, so_long: Duration) {
        let mut count = self.0.subscribe();
        loop {
            let _ = count.wait_for(|count| *count == 0).await;
            if timeout(so_long, count.changed()).await.is_err() {
                return;
            }
        }
    }
}

/// A request that is under way.
pub struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    /// A request is under way until its answer has been given out, or nobody wants it any longer.
    pub fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Sent { body, _under_way: self }))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

struct Sent {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn silence_begins_when_the_last_answer_has_been_given_out() {
        let requests = Requests::none();
        let (first, second) = (requests.begin(), requests.begin());
        let answer = second.until_sent(Response::new(Body::from("said")));
        assert_eq!(answer.body().size_hint().exact(), Some(4));
        drop(first);
        assert!(timeout(Duration::from_millis(30), requests.silence(Duration::ZERO)).await.is_err());
        axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        requests.silence(Duration::from_millis(1)).await;
        assert!(requests.silence(Duration::from_secs(60)).now_or_never().is_none());
    }
}
