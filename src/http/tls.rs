//! TLS: certificates as they lie on disk, read again without a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};

use super::peer::{Authorities, Peer, Presented};
use super::{Fault, Settings};
use crate::certs;
use crate::identity::KeySource;
use crate::market::Timestamp;

/// Sessions that clients may resume without a new handshake.
const SESSIONS_MAX: usize = 10_000;

/// The current TLS set-up. Connections that stand keep theirs; new ones take the newest. Whose client certificates are
/// accepted is asked of the newest at each request, whenever the connection or the session that it resumes was made.
pub struct Tls {
    settings: Settings,
    current: ArcSwap<Current>,
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
}

struct Current {
    server: Arc<ServerConfig>,
    parts: Parts,
}

/// What is read from files, each by itself.
#[derive(Clone)]
struct Parts {
    own: Arc<CertifiedKey>,
    authorities: Option<Authorities>,
}

impl Tls {
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let tickets = aws_lc_rs::Ticketer::new().map_err(|error| failed(&settings.certificate.key, &error))?;
        let sessions: Arc<dyn StoresServerSessions> = ServerSessionMemoryCache::new(SESSIONS_MAX);
        let authorities = settings.clients.as_ref().map(|path| authorities(path, 1)).transpose()?;
        let parts = Parts { own: own(settings)?, authorities };
        let current = ArcSwap::from_pointee(set_up(settings, &tickets, &sessions, parts)?);
        Ok(Self { settings: settings.clone(), current, tickets, sessions })
    }

    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().server)
    }

    /// Reads all files again. What cannot be read, or is not valid at `now`, is told and does not replace what was there; the
    /// rest does.
    pub fn reload(&self, now: Timestamp) -> Vec<Fault> {
        let (mut parts, mut faults) = (self.current.load().parts.clone(), Vec::new());
        let reading = parts.authorities.as_ref().map_or(1, |known| known.reading + 1);
        match own(&self.settings).and_then(|own| in_time(&self.settings, own, now)) {
            Ok(own) => parts.own = own,
            Err(fault) => faults.push(fault),
        }
        match self.settings.clients.as_ref().map(|path| authorities(path, reading)).transpose() {
            Ok(authorities) => parts.authorities = authorities,
            Err(fault) => faults.push(fault),
        }
        match set_up(&self.settings, &self.tickets, &self.sessions, parts) {
            Ok(current) => self.current.store(current.into()),
            Err(fault) => faults.push(fault),
        }
        faults
    }

    /// The last instant at which the server's certificate is valid.
    pub fn ends(&self) -> Option<Timestamp> {
        certs::validity(self.current.load().parts.own.cert.first()?).map(|(_, until)| until)
    }

    /// Changes whenever one of the files does.
    pub fn stamp(&self) -> Vec<Option<(SystemTime, u64)>> {
        let clients = self.settings.clients.as_ref();
        let tokens = match &self.settings.tokens.keys {
            KeySource::File(path) => Some(path),
            KeySource::Discovery(discovery) => discovery.authority.as_ref(),
        };
        let files = [&self.settings.certificate.chain, &self.settings.certificate.key];
        files.into_iter().chain(clients).chain(tokens).map(|path| stamp(path)).collect()
    }

    /// A connection's client certificate, if it has shown one.
    pub fn peer(&self, connection: &rustls::ServerConnection) -> Option<Peer> {
        self.settings.clients.as_ref()?;
        Peer::new(connection.peer_certificates()?)
    }

    /// What it counts for at `now`.
    pub fn presented(&self, peer: &Peer, now: Timestamp) -> Option<Presented> {
        self.current.load().parts.authorities.as_ref().map(|authorities| peer.presented(authorities, now))
    }
}

/// The server's chain with its key, which belong together.
fn own(settings: &Settings) -> Result<Arc<CertifiedKey>, Fault> {
    let files = &settings.certificate;
    let (chain, key) = (certs::read_chain(&files.chain)?, certs::read_key(&files.key)?);
    let own = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    own.map(Arc::new).map_err(|error| failed(&files.chain, &error))
}

fn in_time(settings: &Settings, own: Arc<CertifiedKey>, now: Timestamp) -> Result<Arc<CertifiedKey>, Fault> {
    match own.cert.first().and_then(certs::validity) {
        Some((from, until)) if !(from..=until).contains(&now) => {
            Err(Fault::OutOfTime { path: settings.certificate.chain.clone(), from, until })
        }
        _ => Ok(own),
    }
}

fn set_up(
    settings: &Settings,
    tickets: &Arc<dyn ProducesTickets>,
    sessions: &Arc<dyn StoresServerSessions>,
    parts: Parts,
) -> Result<Current, Fault> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&settings.certificate.chain, &error))?;
    let builder = match &parts.authorities {
        None => builder.with_no_client_auth(),
        Some(authorities) => builder.with_client_cert_verifier(Arc::clone(&authorities.verifier)),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&parts.own))));
    config.alpn_protocols = match settings.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    config.ticketer = Arc::clone(tickets);
    config.session_storage = Arc::clone(sessions);
    Ok(Current { server: Arc::new(config), parts })
}

fn authorities(path: &Path, reading: u64) -> Result<Authorities, Fault> {
    let mut roots = RootCertStore::empty();
    for root in certs::read_chain(path)? {
        roots.add(root).map_err(|error| failed(path, &error))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| failed(path, &error))?;
    Ok(Authorities { verifier, reading })
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> Fault {
    Fault::Tls { path: path.into(), why: error.to_string() }
}
