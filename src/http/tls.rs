//! TLS: certificates as they lie on disk, read again without a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier};
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
    authorities: Option<Authorities>,
    /// Counts how often the files were read, from 1.
    reading: u64,
}

impl Tls {
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let tickets = aws_lc_rs::Ticketer::new().map_err(|error| failed(&settings.certificate.key, &error))?;
        let sessions: Arc<dyn StoresServerSessions> = ServerSessionMemoryCache::new(SESSIONS_MAX);
        let current = ArcSwap::from_pointee(read(settings, &tickets, &sessions, 1)?);
        Ok(Self { settings: settings.clone(), current, tickets, sessions })
    }

    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().server)
    }

    /// Reads all files again. On a fault what was there stays.
    pub fn reload(&self) -> Result<(), Fault> {
        let reading = self.current.load().reading + 1;
        self.current.store(read(&self.settings, &self.tickets, &self.sessions, reading)?.into());
        Ok(())
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
        self.current.load().authorities.as_ref().map(|authorities| peer.presented(authorities, now))
    }
}

fn read(
    settings: &Settings,
    tickets: &Arc<dyn ProducesTickets>,
    sessions: &Arc<dyn StoresServerSessions>,
    reading: u64,
) -> Result<Current, Fault> {
    let chain = certs::read_chain(&settings.certificate.chain)?;
    let key = certs::read_key(&settings.certificate.key)?;
    let authorities = settings.clients.as_ref().map(|path| authorities(path, reading)).transpose()?;
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&settings.certificate.chain, &error))?;
    let builder = match &authorities {
        None => builder.with_no_client_auth(),
        Some(authorities) => builder.with_client_cert_verifier(Arc::clone(&authorities.verifier)),
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| failed(&settings.certificate.chain, &error))?;
    config.alpn_protocols = match settings.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    config.ticketer = Arc::clone(tickets);
    config.session_storage = Arc::clone(sessions);
    Ok(Current { server: Arc::new(config), authorities, reading })
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
