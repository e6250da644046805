//! The gateway's own key, which signs, and its public half, which everybody may have.

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Accepted, Journal, Standing, Statement};
use crate::certs;
use crate::store::Head;

/// The `typ` of each kind of statement: so that none can pose as another, nor as a bearer token.
const RECEIPT: &str = "gridpost-receipt";
const HEAD: &str = "gridpost-head";

/// Our world failed while a key was read or used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("use the key in {path}: {why}")]
    NoKey { path: PathBuf, why: String },
    #[error("sign a statement")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Signs what the gateway states.
pub struct Signer {
    key: EncodingKey,
    public: Jwk,
    issuer: String,
}

impl Signer {
    /// Takes an Ed25519 key in PKCS#8 from a PEM file; `issuer` is whose statements they are.
    pub fn read(path: &Path, issuer: &str) -> Result<Self, Fault> {
        let pem = std::fs::read_to_string(path).map_err(|source| Fault::Read { path: path.into(), source })?;
        Self::of_pem(&pem, issuer).map_err(|why| Fault::NoKey { path: path.into(), why })
    }

    fn of_pem(pem: &str, issuer: &str) -> Result<Self, String> {
        let text = |error: jsonwebtoken::errors::Error| error.to_string();
        let public = certs::ed25519_public_key(pem).ok_or("an Ed25519 private key in PKCS#8 is expected")?;
        let key = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(text)?;
        Ok(Self { key, public: jwk_of(&public).map_err(text)?, issuer: issuer.into() })
    }

    /// That a document was accepted. The same again comes out the same.
    pub fn receipt(&self, accepted: &Accepted) -> Result<String, Fault> {
        self.sign(RECEIPT, &Statement::of(&self.issuer, accepted))
    }

    /// That the journal stood there.
    pub fn head(&self, head: &Head) -> Result<String, Fault> {
        self.sign(HEAD, &Standing { iss: self.issuer.clone(), journal: Journal::of(head) })
    }

    /// The public key, as a JWKS.
    pub fn published(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, Fault> {
        let header =
            Header { typ: Some(kind.into()), kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.key).map_err(Fault::Sign)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.public.common.key_id).finish_non_exhaustive()
    }
}

fn jwk_of(public: &str) -> Result<Jwk, jsonwebtoken::errors::Error> {
    let mut jwk = Jwk::from_decoding_key(&DecodingKey::from_ed_pem(public.as_bytes())?, Some(Algorithm::EdDSA))?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}

/// The keys whose statements are believed.
pub struct Keys(Vec<Jwk>);

impl Keys {
    /// Takes a PEM public key or a JWKS from a file.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|source| Fault::Read { path: path.into(), source })?;
        Self::parse(&text).map_err(|why| Fault::NoKey { path: path.into(), why })
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            let set: JwkSet = serde_json::from_str(text).map_err(|error| format!("no JWKS: {error}"))?;
            return if set.keys.is_empty() { Err("the JWKS has no key".into()) } else { Ok(Self(set.keys)) };
        }
        if text.contains("PRIVATE KEY") {
            return Err("this is a private key; give the public key".into());
        }
        let jwk = jwk_of(text).map_err(|error| format!("no Ed25519 public key: {error}"))?;
        Ok(Self(vec![jwk]))
    }

    /// What a receipt states, if one of these keys has signed it.
    pub fn receipt(&self, signed: &str) -> Result<Statement, String> {
        self.verified(RECEIPT, "receipt", signed)
    }

    /// Where the journal stood, if one of these keys says so.
    pub fn head(&self, signed: &str) -> Result<Standing, String> {
        self.verified(HEAD, "head", signed)
    }

    fn verified<T: DeserializeOwned>(&self, kind: &str, name: &str, signed: &str) -> Result<T, String> {
        let signed = signed.trim();
        let header = decode_header(signed).map_err(|error| format!("this is no signed {name}: {error}"))?;
        if header.typ.as_deref() != Some(kind) {
            return Err(format!("this is no signed {name}, but another kind of statement"));
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        let named = self.0.iter().filter(|key| header.kid.is_none() || key.common.key_id == header.kid);
        let stated = named.filter_map(|key| decode(signed, &DecodingKey::from_jwk(key).ok()?, &rules).ok()).next();
        stated.map(|stated| stated.claims).ok_or_else(|| format!("the {name} is not signed with a key that was given"))
    }
}
