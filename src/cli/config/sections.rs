//! The sections of the settings, each with its defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;

use crate::post_office::Bounds;
use crate::{hint, http, identity, store, xml};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    pub address: SocketAddr,
    pub body_bytes_max: usize,
    pub header_bytes_max: usize,
    pub handshake_seconds: u64,
    pub head_seconds: u64,
    pub body_silence_seconds: u64,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub party_requests_max: usize,
    pub party_documents_max: usize,
    pub party_beside_max: usize,
    pub party_requests_per_second_max: u32,
    pub drain_seconds: u64,
    pub dequeue_unpeeked_status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_authority: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    pub keys: String,
    pub authority: PathBuf,
    pub issuer: String,
    pub audience: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Receipts {
    pub key: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    pub authority: PathBuf,
    pub pause_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    pub dir: PathBuf,
    pub segment_bytes_max: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    pub years: i64,
    pub hour: i8,
    pub documents: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    pub post: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpecsFolder {
    pub dir: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub depth_max: usize,
    pub attributes_max: usize,
    pub name_bytes_max: usize,
    pub text_bytes_max: usize,
    pub records_max: usize,
    pub flaws_max: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    pub undecided_max: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostOffice {
    pub bundle_records_max: u64,
    pub bundle_points_max: u64,
    pub bundle_bytes_max: u64,
    pub bundle_wait_seconds: u32,
    pub expire_inactive_days: i64,
}

impl PostOffice {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            records_max: self.bundle_records_max,
            points_max: self.bundle_points_max,
            bytes_max: self.bundle_bytes_max,
            wait_seconds: self.bundle_wait_seconds.into(),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub fn filter(self) -> LevelFilter {
        match self {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        let limits = http::Limits::default();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 8443)),
            body_bytes_max: limits.body_bytes_max,
            header_bytes_max: limits.header_bytes_max,
            handshake_seconds: limits.handshake.as_secs(),
            head_seconds: limits.head.as_secs(),
            body_silence_seconds: limits.body_silence.as_secs(),
            connections_max: limits.connections_max,
            connections_per_address_max: limits.connections_per_address_max,
            party_requests_max: limits.party_requests_max,
            party_documents_max: limits.party_documents_max,
            party_beside_max: limits.party_beside_max,
            party_requests_per_second_max: limits.party_requests_per_second_max.unwrap_or(0),
            drain_seconds: limits.drain.as_secs(),
            dequeue_unpeeked_status: 409,
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: "certs/server.pem".into(),
            key: "certs/server-key.pem".into(),
            client_authority: PathBuf::new(),
        }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { authority: PathBuf::new(), pause_seconds: hint::Settings::default().pause.as_secs() }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            keys: "certs/token-public-key.pem".into(),
            authority: PathBuf::new(),
            issuer: identity::TOKEN_ISSUER.to_string(),
            audience: identity::TOKEN_AUDIENCE.to_string(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { dir: "gridpost-store".into(), segment_bytes_max: store::Options::default().segment_bytes_max }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { years: 3, hour: -1, documents: BTreeMap::new() }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { post: true }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let limits = xml::Limits::default();
        Self {
            depth_max: limits.depth_max,
            attributes_max: limits.attributes_max,
            name_bytes_max: limits.name_bytes_max,
            text_bytes_max: limits.text_bytes_max,
            records_max: limits.records_max,
            flaws_max: limits.flaws_max,
        }
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self { undecided_max: 20_000 }
    }
}

impl Default for PostOffice {
    fn default() -> Self {
        let Bounds { records_max, points_max, bytes_max, wait_seconds } = Bounds::default();
        Self {
            bundle_records_max: records_max,
            bundle_points_max: points_max,
            bundle_bytes_max: bytes_max,
            bundle_wait_seconds: wait_seconds.try_into().unwrap_or(u32::MAX),
            expire_inactive_days: -1,
        }
    }
}
