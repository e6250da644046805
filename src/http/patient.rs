//! A connection whose peer must keep taking what we write: patience has an end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, Sleep, sleep};

/// A TCP stream that fails when a write has made no progress for a while. Reading has its own limits further up.
pub struct Patient {
    reading: Arc<OwnedReadHalf>,
    writing: OwnedWriteHalf,
    silence_max: Duration,
    waiting: Pin<Box<Sleep>>,
    stuck: bool,
}

/// The other end of a connection, for whoever keeps it waiting.
#[derive(Debug, Clone)]
pub struct Peer(Weak<OwnedReadHalf>);

impl Peer {
    /// Comes to its end when the peer will send nothing more: it has hung up, or at least is done asking. A server that
    /// allows half-closed connections does not look while it answers.
    pub async fn gone(&self) {
        // Our own end of the connection may be gone as well.
        while let Some(reading) = self.0.upgrade() {
            match reading.ready(CLOSING).await {
                Ok(ready) if !ready.is_read_closed() => {}
                _ => return,
            }
            // Something else came, such as the next request, and lies there unread.
            drop(reading);
            sleep(LOOK_AGAIN_PAUSE).await;
        }
    }
}

impl Patient {
    pub fn new(stream: TcpStream, silence_max: Duration) -> Self {
        let (reading, writing) = stream.into_split();
        let waiting = Box::pin(sleep(silence_max));
        Self { reading: Arc::new(reading), writing, silence_max, waiting, stuck: false }
    }

    pub fn peer(&self) -> Peer {
        Peer(Arc::downgrade(&self.reading))
    }

    fn no_longer_than<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = false;
            return written;
        }
        if !self.stuck {
            self.stuck = true;
            self.waiting.as_mut().reset(Instant::now() + self.silence_max);
        }
        ready!(self.waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client left the answer unread")))
    }
}

impl AsyncRead for Patient {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // The half is shared with whoever watches for its end, so it is read as something shared.
        loop {
            ready!((*self.reading).as_ref().poll_read_ready(cx))?;
            match self.reading.try_read_buf(&mut buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read.map(drop)),
            }
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.writing).poll_write(cx, bytes);
        this.no_longer_than(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.writing).poll_write_vectored(cx, slices);
        this.no_longer_than(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.writing.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writing).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writing).poll_shutdown(cx)
    }
}

/// What becomes ready when nothing more can be read. Where nothing does so alone, whatever can be read does as well.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOSING: Interest = Interest::PRIORITY;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOSING: Interest = Interest::READABLE;

/// How long it takes at most to see an end that lies behind something unread.
const LOOK_AGAIN_PAUSE: Duration = Duration::from_millis(100);
