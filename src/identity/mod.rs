//! Who is calling: a bearer token becomes a client id and its roles, or a reason why not (post-office 2.4).
//!
//! Which participant the client id stands for, and whether that participant is live, is asked elsewhere and anew for
//! each request. No clock is read here: `now` is an argument. The toy [`Issuer`] is for `gridpost local` and tests; a
//! real market brings its own issuer, of which we only see the public keys.

mod discovery;
mod issuer;
mod keys;
mod verifier;

use std::path::PathBuf;

pub use discovery::Discovery;
pub use issuer::{Issuer, TOKEN_AUDIENCE, TOKEN_ISSUER};
pub use keys::Keys;
pub use verifier::{Claimed, Denied, RENEWAL_PAUSE, Renewal, TOKEN_BYTES_MAX, Verifier, unverified_client};

/// Where the issuer's public keys are, and what its tokens must say.
#[derive(Debug, Clone)]
pub struct Settings {
    pub keys: KeySource,
    /// The `iss` that every token must carry.
    pub issuer: String,
    /// The `aud` that every token must carry, alone or among others.
    pub audience: String,
}

/// Where the issuer's public keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// PEM public keys, or a JWKS in JSON.
    File(PathBuf),
    /// What the issuer publishes.
    Discovery(Discovery),
}

/// Our world failed while keys were read or made.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("read the key file {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("write the key file {path}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("find a usable key in {path}: {why}")]
    NoKey { path: PathBuf, why: String },
    #[error("read the issuer's keys from {url}: {why}")]
    Discover { url: String, why: String },
    /// Nobody answers there, or not for us; `why` is the whole chain of causes.
    #[error("ask the issuer for its keys at {url}: {why}")]
    Unreachable { url: String, why: String },
    #[error("prepare for asking the issuer")]
    Client(#[source] reqwest::Error),
    #[error("make a signing key")]
    Make(#[source] rcgen::Error),
    #[error("sign a token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}
