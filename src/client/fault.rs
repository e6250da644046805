//! What can keep a participant from reaching the hub, and what to do about each.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use reqwest::Url;

use super::Refusal;

/// Our world failed, or the hub's; the document may well be in order.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("understand the address {to}")]
    Address { to: String },
    #[error("use the token: it has characters that no header can carry")]
    Token,
    #[error("use the role: it has characters that no header can carry")]
    Role,
    #[error("read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("find a certificate in {path}")]
    Authority { path: PathBuf },
    #[error("find the root element of {path}: {why}")]
    NoRoot { path: PathBuf, why: String },
    #[error("set up the client")]
    Build(#[source] reqwest::Error),
    #[error("reach {url}: nobody listens there")]
    RefusedConnection { url: Url, source: reqwest::Error },
    #[error("find the host of {url}")]
    UnknownHost { url: Url, source: reqwest::Error },
    #[error("trust the certificate of {url}: {why}")]
    Certificate { url: Url, why: String },
    #[error("get an answer from {url} in time")]
    Timeout { url: Url, source: reqwest::Error },
    #[error("talk to {url}")]
    Connection { url: Url, source: reqwest::Error },
    #[error("be let in: {}", .0.message)]
    Unauthorized(Box<Refusal>),
    #[error("get an answer that helps: {0}")]
    Unwell(Box<Refusal>),
    #[error("{what}: {refusal}")]
    Refused { what: &'static str, refusal: Box<Refusal> },
    #[error("understand the answer of {url}")]
    Answer { url: Url, source: serde_json::Error },
    #[error("find a MessageId in the answer of {url}")]
    NoMessageId { url: Url },
    #[error("read an answer of more than {bytes_max} bytes from {url}")]
    TooLarge { url: Url, bytes_max: usize },
    /// A bug of ours.
    #[error("go on: a participant came to a sudden end")]
    Interrupted,
    #[error("keep the message {id}: its id is not one that a file could be named after")]
    UnsafeId { id: String },
}

impl Fault {
    /// Finds out what went wrong from the causes below the library's error.
    pub fn of(error: reqwest::Error, url: &Url) -> Self {
        let url = url.clone();
        if let Some(why) = certificate_error(&error) {
            return Fault::Certificate { url, why };
        }
        if error.is_timeout() {
            return Fault::Timeout { url, source: error };
        }
        if causes(&error).any(|cause| cause.to_string().contains("dns error")) {
            return Fault::UnknownHost { url, source: error };
        }
        let refused = causes(&error)
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
        if refused {
            return Fault::RefusedConnection { url, source: error };
        }
        Fault::Connection { url, source: error }
    }

    /// Whether another try may do better.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Fault::RefusedConnection { .. } | Fault::Timeout { .. } | Fault::Connection { .. } | Fault::Unwell(_)
        )
    }

    /// What the person at the keyboard can do about it.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Fault::Address { .. } => "Give an address like https://localhost:8443 with --to. Plain http is not spoken.",
            Fault::RefusedConnection { .. } => "Is the gateway running, and are host and port in --to right?",
            Fault::UnknownHost { .. } => "Check the host name in --to.",
            Fault::Certificate { .. } => {
                "Give the hub's authority with --cacert; for gridpost local it is certs/authority.pem."
            }
            Fault::Timeout { .. } => "The hub is slow or the network swallows packets. Sending again is safe.",
            Fault::Connection { .. } => "The connection broke. Sending again is safe.",
            Fault::Unauthorized(_) => {
                "Give a fresh token with --token, --token @file or GRIDPOST_TOKEN; where it has several roles, say which with --role."
            }
            Fault::Unwell(_) => "The hub failed, not your document. Try later, and quote the correlation id.",
            Fault::Token => {
                "A token is three parts of letters, digits, - and _ between dots. Use --token @file for a file."
            }
            Fault::Role => "A role is a code such as DDM.",
            Fault::Authority { .. } => "--cacert takes a PEM file with BEGIN CERTIFICATE.",
            Fault::NoRoot { .. } => "Documents are sent in XML (CIM or ebIX) or in JSON.",
            _ => return None,
        })
    }
}

fn certificate_error(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| match innermost(cause).downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(why) => Some(why.to_string()),
        _ => None,
    })
}

/// An `io::Error` may wrap another error without naming it as its source, several times over.
fn innermost<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}
