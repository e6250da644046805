//! Certificates and keys as PEM files: reading any, and making toy ones for `gridpost local` and tests.
//!
//! A toy authority signs one certificate for the server and one for each actor that asks. What is there stays: a file
//! is only written anew when it nears its end. `certs/README.md` says what lies where.

mod files;
mod toy;

use std::path::PathBuf;

pub use files::{
    PemFiles, ed25519_public_key, fingerprint, fingerprint_of_pem, not_after, read_chain, read_key, validity,
    write_private, write_public,
};
pub use toy::{
    ActorCertificate, README, ReceiptKey, ServerCertificate, actor_certificate, receipt_key, server_certificate,
};

/// Our world failed while certificates were read or made.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("write {path}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("find {what} in {path}")]
    Missing { what: &'static str, path: PathBuf },
    #[error("understand the certificate in {path}: {why}")]
    Certificate { path: PathBuf, why: String },
    #[error("make a certificate for {subject}")]
    Make { subject: String, source: rcgen::Error },
    #[error("use the certificate in {path}")]
    Tls { path: PathBuf, source: rustls::Error },
}
