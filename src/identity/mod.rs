//! Who is calling: a bearer token becomes a client id and one role, or a reason why not (post-office 2.4).
//!
//! Which participant the client id stands for, and whether that participant is live, is asked elsewhere and anew for
//! each request. No clock is read here: `now` is an argument. The toy [`Issuer`] is for `gridpost local` and tests; a
//! real market brings its own issuer, of which we only see the public keys.

mod issuer;
mod keys;
mod verifier;

use std::path::PathBuf;

pub use issuer::{Issuer, TOKEN_AUDIENCE, TOKEN_ISSUER};
pub use keys::Keys;
pub use verifier::{Claimed, Denied, TOKEN_BYTES_MAX, Verifier};

/// Where the issuer's public keys are, and what its tokens must say.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A PEM public key, or a JWKS in JSON.
    pub keys: PathBuf,
    /// The `iss` that every token must carry.
    pub issuer: String,
    /// The `aud` that every token must carry, alone or among others.
    pub audience: String,
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
    #[error("make a signing key")]
    Make(#[source] rcgen::Error),
    #[error("sign a token")]
    Sign(#[source] jsonwebtoken::errors::Error),
}
