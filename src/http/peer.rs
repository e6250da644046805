//! A connection's client certificate, held against the clock and the present authority at each request.
//!
//! The handshake does so as well, but only once, and not at all where a session is resumed: what was good then may have come to
//! its end since, or its authority may have been taken away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};

use crate::certs;
use crate::market::Timestamp;
use crate::process::participants::Thumbprint;

/// A client certificate as a request sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    pub thumbprint: Thumbprint,
    pub standing: Standing,
}

/// What the present authority says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    NotYet,
    Expired,
    /// None of the authorities that are accepted now has signed it.
    Unvouched,
}

/// The authorities that are accepted now.
#[derive(Clone)]
pub struct Authorities {
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// Counts how often they were read, from 1.
    pub reading: u64,
}

/// The chain that a connection came with, leaf first.
pub struct Peer {
    thumbprint: Thumbprint,
    chain: Vec<CertificateDer<'static>>,
    /// The instant after which one of the chain has come to its end; until then the clock need not be asked of all again.
    ends: Option<Timestamp>,
    /// The reading of the authorities that vouched for it last; 0 for none yet.
    vouched: AtomicU64,
}

impl Peer {
    pub fn new(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let thumbprint = Thumbprint::parse(&certs::fingerprint(chain.first()?))?;
        let chain: Vec<_> = chain.iter().map(|each| each.clone().into_owned()).collect();
        let ends: Option<Vec<_>> = chain.iter().map(certs::not_after).collect();
        let ends = ends.and_then(|ends| ends.into_iter().min());
        Some(Self { thumbprint, chain, ends, vouched: AtomicU64::new(0) })
    }

    /// What it counts for at `now`, by the clock on the wall.
    pub fn presented(&self, authorities: &Authorities, now: Timestamp) -> Presented {
        Presented { thumbprint: self.thumbprint.clone(), standing: self.standing(authorities, now) }
    }

    fn standing(&self, authorities: &Authorities, now: Timestamp) -> Standing {
        let vouched = self.vouched.load(Ordering::Relaxed) == authorities.reading;
        if vouched && self.ends.is_some_and(|ends| now <= ends) {
            return Standing::Good;
        }
        let since_1970 = std::time::Duration::from_secs(now.seconds().max(0).unsigned_abs());
        let at = UnixTime::since_unix_epoch(since_1970);
        match authorities.verifier.verify_client_cert(&self.chain[0], &self.chain[1..], at) {
            Ok(_) => {
                self.vouched.store(authorities.reading, Ordering::Relaxed);
                Standing::Good
            }
            Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
                Standing::Expired
            }
            Err(Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            )) => Standing::NotYet,
            Err(_) => Standing::Unvouched,
        }
    }
}
