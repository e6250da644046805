//! A request's body as it comes: within size, time and memory, and without copying it more than once; and what is left of one
//! that is refused.

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

use super::fairness::Share;
use super::gzip::{Flaw, Unpacker};
use super::{Limits, Problem};
use crate::archive::Kept;

/// Memory that is set aside before anything has come, and taken from the share at a time.
const STEP_BYTES: usize = 1 << 20;

/// Packed bytes that are unpacked at a time: the most that can come out of them is a mebibyte.
const UNPACKED_AT_ONCE_BYTES: usize = 1024;

/// A body that has not been read to its end. Dropping it would reset the connection under the client's feet, so
/// whoever refuses a request lets it [`Unread::linger`].
pub struct Unread {
    stream: BodyDataStream,
    /// Waits for our word before it sends its body, so there is nothing to read.
    expects: bool,
    /// What has come of a packed one, as it came.
    came: BytesMut,
    /// Some of it is nowhere any more, or will not come.
    is_torn: bool,
    /// When it was first read.
    begun: Option<Instant>,
}

impl Unread {
    pub fn new(body: Body, headers: &HeaderMap) -> Self {
        let (stream, expects) = (body.into_data_stream(), headers.contains_key(EXPECT));
        Self { stream, expects, came: BytesMut::new(), is_torn: false, begun: None }
    }

    /// What can be kept of a body whose document goes no further, read to its end.
    pub async fn remains(&mut self, headers: &HeaderMap, share: &mut Share, limits: &Limits) -> (Bytes, Kept) {
        let too_large = content_length(headers).is_some_and(|length| length > limits.body_bytes_max as u64);
        let nothing = (Bytes::new(), Kept::Nothing);
        if self.expects || too_large {
            return nothing;
        }
        if self.came.is_empty()
            && !self.is_torn
            && let Ok(mut pieces) = Pieces::new(self, headers, share, limits)
            && let Ok(body) = pieces.gather(usize::MAX).await
        {
            return (body, Kept::Whole);
        }
        match self.as_sent(share, limits).await {
            Ok(body) if !self.is_torn => (body, Kept::AsSent),
            _ => nothing,
        }
    }

    /// The whole body as it is sent, where no piece of it was given out.
    async fn as_sent(&mut self, share: &mut Share, limits: &Limits) -> Result<Bytes, Problem> {
        // The share that what has come was taken from is gone.
        if let Err(problem) = share.grow(self.came.len()) {
            self.came = BytesMut::new();
            self.is_torn = true;
            return Err(problem);
        }
        let start = *self.begun.get_or_insert_with(Instant::now);
        let mut incoming = Incoming { bytes: self.came.len(), unread: self, limits, start };
        while !incoming.unread.is_torn
            && let Some(piece) = incoming.next().await?
        {
            incoming.unread.keep(&piece, share)?;
        }
        Ok(self.came.split().freeze())
    }

    /// Keeps a piece as it came, in the memory of this share.
    fn keep(&mut self, piece: &[u8], share: &mut Share) -> Result<(), Problem> {
        let grown = share.grow(piece.len());
        self.is_torn |= grown.is_err();
        grown?;
        self.came.extend_from_slice(piece);
        Ok(())
    }

    /// Goes on reading for a while, into nothing, while the answer is on its way.
    pub fn linger(mut self, limits: &Limits) {
        if self.expects || self.stream.is_end_stream() {
            return;
        }
        self.came = BytesMut::new();
        let (until, mut bytes_left) = (Instant::now() + limits.linger, limits.linger_bytes_max);
        tokio::spawn(async move {
            while let Ok(Some(Ok(piece))) = timeout_at(until, self.stream.next()).await {
                match bytes_left.checked_sub(piece.len()) {
                    Some(left) => bytes_left = left,
                    None => break,
                }
            }
        });
    }
}

/// Refuses a body that says beforehand that it is too large, or in a coding that we do not read.
pub fn check_head(headers: &HeaderMap, limits: &Limits) -> Result<(), Problem> {
    packed(headers)?;
    match content_length(headers) {
        Some(length) if length > limits.body_bytes_max as u64 => Err(too_large(limits, Some(length))),
        _ => Ok(()),
    }
}

/// A body on its way in, unpacked. What it takes of memory is charged to a share.
pub struct Pieces<'a> {
    incoming: Incoming<'a>,
    unpacker: Option<Unpacker>,
    /// Packed bytes that have come and are still to be unpacked.
    packed: Bytes,
    share: &'a mut Share,
    expected: Option<usize>,
    ended: bool,
}

impl<'a> Pieces<'a> {
    /// The body of a request whose head was checked.
    pub fn new(
        unread: &'a mut Unread,
        headers: &HeaderMap,
        share: &'a mut Share,
        limits: &'a Limits,
    ) -> Result<Self, Problem> {
        check_head(headers, limits)?;
        unread.expects = false;
        let start = *unread.begun.get_or_insert_with(Instant::now);
        let incoming = Incoming { unread, limits, start, bytes: 0 };
        let unpacker = packed(headers)?.then(|| Unpacker::new(limits));
        let length = content_length(headers).map(|length| length as usize);
        let expected = length.filter(|_| unpacker.is_none());
        Ok(Self { incoming, unpacker, packed: Bytes::new(), share, expected, ended: false })
    }

    /// Whether nothing comes any more.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What comes next, together: to the end of the body, or until it is more than `enough` bytes.
    pub async fn gather(&mut self, enough: usize) -> Result<Bytes, Problem> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if self.ended || first.len() > enough {
            return Ok(first);
        }
        let most = enough.saturating_add(1);
        let mut body = BytesMut::with_capacity(self.expected.unwrap_or(0).min(STEP_BYTES).min(most).max(first.len()));
        body.extend_from_slice(&first);
        while body.len() <= enough
            && let Some(piece) = self.next().await?
        {
            // A client that has sent this much is believed about the rest: one move of a mebibyte instead of many.
            if body.len() + piece.len() > body.capacity()
                && let Some(rest) = self.expected.and_then(|expected| expected.checked_sub(body.len()))
            {
                body.reserve(rest.min(most));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.ended {
            return Ok(None);
        }
        let piece = match self.unpacker {
            None => {
                let piece = self.incoming.next().await?;
                self.incoming.unread.is_torn |= piece.is_some();
                piece
            }
            Some(_) => self.unpacked().await?,
        };
        match &piece {
            Some(piece) => self.share.grow(piece.len())?,
            None => self.ended = true,
        }
        // Nothing is sent behind the length that was announced.
        self.ended |= self.expected == Some(self.incoming.bytes);
        Ok(piece)
    }

    /// Unpacks on, so little at a time that even what packs best stays small, until something comes out.
    async fn unpacked(&mut self) -> Result<Option<Bytes>, Problem> {
        let limits = self.incoming.limits;
        while let Some(unpacker) = &mut self.unpacker {
            if !self.packed.is_empty() {
                let piece = self.packed.split_to(self.packed.len().min(UNPACKED_AT_ONCE_BYTES));
                let out = unpacker.feed(&piece).map_err(|flaw| flawed(flaw, limits))?;
                if !out.is_empty() {
                    return Ok(Some(out));
                }
            } else if let Some(piece) = self.incoming.next().await? {
                self.incoming.unread.keep(&piece, self.share)?;
                self.packed = piece;
            } else {
                let rest = unpacker.finish().map_err(|flaw| flawed(flaw, limits))?;
                self.unpacker = None;
                self.incoming.unread.came = BytesMut::new();
                self.incoming.unread.is_torn = true;
                return Ok(Some(rest));
            }
        }
        Ok(None)
    }

    /// The rest, piece by piece.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Problem>> {
        stream::try_unfold(self, async |mut pieces| Ok(pieces.next().await?.map(|piece| (piece, pieces))))
    }
}

/// A body on its way in, as it was sent.
struct Incoming<'a> {
    unread: &'a mut Unread,
    limits: &'a Limits,
    start: Instant,
    bytes: usize,
}

impl Incoming<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let earned = (self.bytes / self.limits.body_bytes_per_second_min) as u64;
        let in_all = self.start + self.limits.body_grace + std::time::Duration::from_secs(earned);
        let until = in_all.min(Instant::now() + self.limits.body_silence);
        let piece = match timeout_at(until, self.unread.stream.next()).await {
            Err(_) => Err(too_slow()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => Err(cut_short()),
            Ok(Some(Ok(piece))) => Ok(piece),
        };
        self.bytes += piece.as_ref().map_or(0, Bytes::len);
        let piece = piece.and_then(|piece| match self.bytes > self.limits.body_bytes_max {
            true => Err(too_large(self.limits, None)),
            false => Ok(piece),
        });
        self.unread.is_torn |= piece.is_err();
        piece.map(Some)
    }
}

/// Whether the body is packed with gzip; any other coding is refused.
fn packed(headers: &HeaderMap) -> Result<bool, Problem> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = codings.next().map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    match coding.as_deref() {
        None | Some("identity") if codings.next().is_none() => Ok(false),
        Some("gzip" | "x-gzip") if codings.next().is_none() => Ok(true),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "The Content-Encoding is not supported. Send the document as it is, or packed once with gzip.",
        )
        .with(axum::http::header::ACCEPT_ENCODING, "gzip, identity")),
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn too_large(limits: &Limits, actual: Option<u64>) -> Problem {
    let max = limits.body_bytes_max;
    let message = match actual {
        Some(actual) => format!("The document has {actual} bytes; at most {max} are taken. Split it into several."),
        None => format!("The document has more than {max} bytes, which is the most. Split it into several."),
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "ContentTooLarge", message)
}

fn flawed(flaw: Flaw, limits: &Limits) -> Problem {
    match flaw {
        Flaw::TooLarge => too_large(limits, None),
        Flaw::Ratio => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "ContentTooLarge",
            format!("The document is packed more than {} : 1. Send it as it is.", limits.gzip_ratio_max),
        ),
        Flaw::Broken => Problem::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "The body is not what Content-Encoding says: the gzip data is damaged or ends too early.",
        ),
    }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", "The document came too slowly. Nothing was taken in.")
        .with(axum::http::header::CONNECTION, "close")
}

fn cut_short() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "BadRequest",
        "The body ended before it was complete. Nothing was taken in; send it again.",
    )
}
