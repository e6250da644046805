//! The issuer's public keys: PEM keys, or a JWKS. Each key brings the one algorithm that it may be used with.

use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::Fault;

/// Most keys that a file or a JWKS may hold; a real one holds two or three while keys change.
pub const KEYS_MAX: usize = 64;

/// Keys that tokens may be signed with; none while an issuer has not answered yet.
///
/// The algorithm belongs to the key and is never taken from the token: so neither `none` nor an HMAC over a public
/// key can pass.
#[derive(Default)]
pub struct Keys {
    keys: Vec<PublicKey>,
    left_out: Vec<LeftOut>,
}

/// A key of a JWKS that is not used.
struct LeftOut {
    id: Option<String>,
    why: String,
}

pub(super) struct PublicKey {
    pub id: Option<String>,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

impl Keys {
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|source| Fault::Read { path: path.into(), source })?;
        Self::parse(&text).map_err(|why| Fault::NoKey { path: path.into(), why })
    }

    /// Reads PEM public keys, or a JWKS when the text begins with a brace.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim_start().starts_with('{') {
            true => keys_of_set(text),
            false => Ok(Self { keys: keys_of_pem(text)?, left_out: Vec::new() }),
        }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What is not used: each key's `kid` and the reason.
    pub fn left_out(&self) -> impl Iterator<Item = String> + '_ {
        let id = |key: &LeftOut| key.id.as_deref().map_or("a key without kid".into(), plain);
        self.left_out.iter().map(move |key| format!("{}: {}", id(key), key.why))
    }

    /// Whether this `kid` is only that of a key that is not used.
    pub(super) fn leaves_out(&self, id: &str) -> bool {
        let is_id = |own: &Option<String>| own.as_deref() == Some(id);
        self.left_out.iter().any(|key| is_id(&key.id)) && !self.keys.iter().any(|key| is_id(&key.id))
    }

    /// Whether one of the keys carries this `kid`, or one carries none and so may be any.
    pub(super) fn may_have(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref().is_none_or(|own| own == id))
    }

    /// The keys that may have signed a token: those that carry its `kid`, or carry none, and have its algorithm.
    pub(super) fn candidates<'a>(
        &'a self,
        id: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a PublicKey> {
        self.keys.iter().filter(move |key| {
            let named = key.id.is_none() || id.is_none() || key.id.as_deref() == id;
            named && key.algorithm == algorithm
        })
    }
}

/// Every key of a text counts, so one that cannot be used is a fault and not left out: nobody put it there for others.
fn keys_of_pem(text: &str) -> Result<Vec<PublicKey>, String> {
    if text.contains("PRIVATE KEY") {
        return Err("this is a private key; give the public key".into());
    }
    let blocks: Vec<_> = text.match_indices(PEM_BEGIN).map(|(at, _)| block(&text[at..])).collect();
    match blocks.len() {
        0 => Err(NO_PEM_KEY.into()),
        1 => Ok(vec![key_of_pem(blocks[0])?]),
        count if count > KEYS_MAX => Err(format!("{count} keys, at most {KEYS_MAX} are taken")),
        count => {
            let key = |(nth, block): (usize, &&str)| {
                key_of_pem(block).map_err(|why| format!("key {} of {count}: {why}", nth + 1))
            };
            blocks.iter().enumerate().map(key).collect()
        }
    }
}

/// A block of PEM from the beginning of a text to the end of its last line.
fn block(text: &str) -> &str {
    let end = text.find(PEM_END).map(|at| at + PEM_END.len());
    let end = end.and_then(|end| text[end..].find("-----").map(|dashes| end + dashes + 5));
    &text[..end.unwrap_or(text.len())]
}

const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const NO_PEM_KEY: &str = "a PEM public key of kind EC P-256, Ed25519 or RSA is expected";

fn key_of_pem(text: &str) -> Result<PublicKey, String> {
    let pem = text.as_bytes();
    let (algorithm, key) = if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        (Algorithm::ES256, key)
    } else if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        (Algorithm::EdDSA, key)
    } else if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        (Algorithm::RS256, key)
    } else {
        return Err(NO_PEM_KEY.into());
    };
    // A P-256 point is a byte and two coordinates of 32 bytes; a longer one belongs to another curve.
    if algorithm == Algorithm::ES256 && key.try_get_as_bytes().is_ok_and(|point| point.len() != 65) {
        return Err("the EC key is not on curve P-256".into());
    }
    Ok(PublicKey { id: None, algorithm, key })
}

/// Keys that are not for signatures, or of a kind that we do not use, are left out: a set may serve others as well.
fn keys_of_set(text: &str) -> Result<Keys, String> {
    let set: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let members = set["keys"].as_array().ok_or("a JWKS has a member \"keys\"")?;
    if members.len() > KEYS_MAX {
        return Err(format!("{} keys, at most {KEYS_MAX} are taken", members.len()));
    }
    let mut found = Keys::default();
    for member in members {
        match usable(member) {
            Ok(key) => found.keys.push(key),
            Err(why) => found.left_out.push(LeftOut { id: member["kid"].as_str().map(str::to_string), why }),
        }
    }
    if found.is_empty() {
        let others: Vec<_> = found.left_out().collect();
        return Err(format!("no key for ES256, EdDSA or RS256 in the set ({})", others.join("; ")));
    }
    Ok(found)
}

/// A member of a set as a key, or what it is instead.
fn usable(member: &Value) -> Result<PublicKey, String> {
    let other = || {
        let said = ["kty", "crv", "alg"].iter().filter_map(|name| member[name].as_str()).map(plain);
        let said: Vec<_> = said.collect();
        if said.is_empty() { "no key".to_string() } else { said.join(" ") }
    };
    let jwk: Jwk = serde_json::from_value(member.clone()).map_err(|_| other())?;
    if matches!(&jwk.common.public_key_use, Some(purpose) if *purpose != PublicKeyUse::Signature) {
        return Err("not for signatures".into());
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return Err(other()),
    };
    if jwk.common.key_algorithm.is_some_and(|declared| declared != name) {
        return Err(other());
    }
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| format!("{}, but damaged", other()))?;
    Ok(PublicKey { id: jwk.common.key_id.clone(), algorithm, key })
}

/// What an issuer wrote, fit for a log.
fn plain(text: &str) -> String {
    let fit: String = text.chars().take(PLAIN_LENGTH_MAX).filter(|each| each.is_ascii_graphic()).collect();
    if fit.is_empty() { "?".into() } else { fit }
}

const PLAIN_LENGTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_the_keys_that_we_can_use_and_only_those() {
        let set = r#"{"keys":[
            {"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
            {"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {"kty":"oct","kid":"c","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
            {"kty":"EC","crv":"P-256","kid":"d","use":"enc","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
            {"kty":"something new","kid":"e"}]}"#;
        let keys = Keys::parse(set).unwrap();
        let kept: Vec<_> = keys.keys.iter().map(|key| (key.id.as_deref().unwrap(), key.algorithm)).collect();
        assert_eq!(kept, [("a", Algorithm::ES256), ("b", Algorithm::EdDSA)]);
        let left_out: Vec<_> = keys.left_out().collect();
        assert_eq!(left_out, ["c: oct", "d: not for signatures", "e: somethingnew"]);
    }

    #[test]
    fn a_secret_or_a_private_key_is_no_public_key() {
        assert!(Keys::parse(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#).is_err());
        let private = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert!(Keys::parse(&private).is_err());
        assert!(Keys::parse("not a key").is_err());
    }

    #[test]
    fn a_pem_key_of_another_curve_is_refused() {
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap().public_key_pem();
        assert!(Keys::parse(&other).is_err());
        let right = rcgen::KeyPair::generate().unwrap().public_key_pem();
        assert_eq!(Keys::parse(&right).unwrap().len(), 1);
        let why = Keys::parse(&format!("{right}{other}")).err().unwrap();
        assert_eq!(why, "key 2 of 2: the EC key is not on curve P-256");
    }

    #[test]
    fn every_key_of_a_pem_file_counts_whatever_stands_between_them() {
        let pairs = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256]
            .map(|kind| rcgen::KeyPair::generate_for(kind).unwrap().public_key_pem());
        for between in ["", "\n", "# the next one\r\n"] {
            let keys = Keys::parse(&pairs.join(between)).unwrap();
            let kinds: Vec<_> = keys.keys.iter().map(|key| key.algorithm).collect();
            assert_eq!(kinds, [Algorithm::ES256, Algorithm::EdDSA, Algorithm::ES256], "{between:?}");
        }
        let many = pairs[0].repeat(KEYS_MAX + 1);
        assert!(Keys::parse(&many).is_err());
    }
}
