//! TLS: certificates as they lie on disk, read again without a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use super::{Fault, Settings};
use crate::certs;
use crate::identity::KeySource;
use crate::process::participants::Thumbprint;

/// Sessions that clients may resume without a new handshake.
const SESSIONS_MAX: usize = 10_000;

/// The current TLS set-up. Connections that stand keep theirs; new ones take the newest.
pub struct Tls {
    settings: Settings,
    current: ArcSwap<ServerConfig>,
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
}

impl Tls {
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let tickets = aws_lc_rs::Ticketer::new().map_err(|error| failed(&settings.certificate.key, &error))?;
        let sessions: Arc<dyn StoresServerSessions> = ServerSessionMemoryCache::new(SESSIONS_MAX);
        let current = ArcSwap::new(config(settings, &tickets, &sessions)?);
        Ok(Self { settings: settings.clone(), current, tickets, sessions })
    }

    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Reads all files again. On a fault what was there stays.
    pub fn reload(&self) -> Result<(), Fault> {
        self.current.store(config(&self.settings, &self.tickets, &self.sessions)?);
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

    /// A connection's client certificate; its chain was checked by the handshake.
    pub fn certificate(&self, connection: &rustls::ServerConnection) -> Option<Thumbprint> {
        self.settings.clients.as_ref()?;
        let leaf = connection.peer_certificates()?.first()?;
        Thumbprint::parse(&certs::fingerprint(leaf))
    }
}

fn config(
    settings: &Settings,
    tickets: &Arc<dyn ProducesTickets>,
    sessions: &Arc<dyn StoresServerSessions>,
) -> Result<Arc<ServerConfig>, Fault> {
    let chain = certs::read_chain(&settings.certificate.chain)?;
    let key = certs::read_key(&settings.certificate.key)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&settings.certificate.chain, &error))?;
    let builder = match &settings.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            for root in certs::read_chain(authority)? {
                roots.add(root).map_err(|error| failed(authority, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| failed(authority, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|error| failed(&settings.certificate.chain, &error))?;
    config.alpn_protocols = match settings.http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    config.ticketer = Arc::clone(tickets);
    config.session_storage = Arc::clone(sessions);
    Ok(Arc::new(config))
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> Fault {
    Fault::Tls { path: path.into(), why: error.to_string() }
}
