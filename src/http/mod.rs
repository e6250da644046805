//! The HTTPS door: bytes arrive, the caller is known, and an answer leaves (post-office 2.9).
//!
//! [`start`] listens and serves until [`Server::stop`]. What a document means, and whether it is taken in, is the
//! gateway's business; this module knows methods, headers, statuses, limits and error documents.

mod accept;
mod body;
mod caller;
mod clock;
mod commands;
mod credentials;
mod dry_run;
mod ebix;
mod error_document;
mod fairness;
mod gzip;
mod idle;
mod limits;
mod messages;
mod monitor;
mod observe;
mod operator;
mod orders;
mod patient;
mod peer;
mod post;
mod queues;
mod quiet;
mod receive;
mod reload;
mod routes;
mod schemas;
mod server;
mod tls;
mod wsdl;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::certs::PemFiles;
use crate::gateway::Gateway;
use crate::identity::{self, Verifier};
use crate::market::Timestamp;
use crate::receipts::Signer;

pub use caller::{Connection, MARKET_ROLE};
pub use error_document::{Format, Problem, body_of};
pub use limits::Limits;
pub use observe::{CorrelationId, Said};
pub use peer::{Presented, Standing};
pub use server::{Server, start};

/// How the door is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port 0 takes any free one; see [`Server::address`].
    pub listen: SocketAddr,
    /// The server's chain and key. Read again when the files change.
    pub certificate: PemFiles,
    /// Whose bearer tokens are accepted.
    pub tokens: identity::Settings,
    /// PEM file of the authorities that sign the client certificates which are accepted besides tokens; none when absent.
    /// Whom a certificate speaks for, the registry of participants knows.
    pub clients: Option<PathBuf>,
    /// Offer HTTP/2 besides HTTP/1.1.
    pub http2: bool,
    /// Answer 404 rather than 409 to a dequeue of a message that was not peeked.
    pub unpeeked_is_unknown: bool,
    /// Whether an operator may move the gateway's clock forward.
    pub clock_may_be_moved: bool,
    /// Signs receipts; none are given when absent.
    pub receipts: Option<Arc<Signer>>,
    /// Who may read `/metrics` and `/monitor/status`.
    pub watchers: Watchers,
    pub limits: Limits,
}

/// Who may look at the house's own figures. They name no participant, but tell how busy the market is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watchers {
    /// Only callers on the same machine.
    Loopback,
    Everyone,
}

/// What every request shares.
struct Door {
    gateway: Arc<Gateway>,
    settings: Settings,
    verifier: Verifier,
    tls: tls::Tls,
    /// Why files could not be read again, until they can.
    unread: reload::Unread,
    fairness: Arc<fairness::Fairness>,
    json_schemas: schemas::JsonSchemas,
    /// Whether the door is about to be closed: nobody is kept waiting then.
    stopping: tokio::sync::watch::Receiver<bool>,
}

/// Our world failed before or while the door opened.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("take the certificates")]
    Certificates(#[from] crate::certs::Fault),
    #[error("take the token keys")]
    Tokens(#[from] identity::Fault),
    #[error("set up TLS with {path}: {why}")]
    Tls { path: PathBuf, why: String },
    #[error("exchange the server's certificate for that in {path}, which is valid from {from} until {until} only")]
    OutOfTime { path: PathBuf, from: Timestamp, until: Timestamp },
}
