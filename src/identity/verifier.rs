//! Verifying a token: signature, lifetime, issuer, audience, client id, roles.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jsonwebtoken::Validation;
use serde::Deserialize;
use serde_json::Value;

use super::{Fault, KeySource, Keys, Settings};
use crate::market::{ActorRole, Timestamp};

/// Longest token that is looked at. Tokens with exactly one role are about 1 KiB.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Most verified tokens that are remembered; one client holds one or two at a time.
pub const TOKENS_REMEMBERED_MAX: usize = 10_000;

/// Shortest time between two questions to the issuer because of unknown keys.
pub const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The client id (`azp`), by which the participant is found.
    pub external_id: String,
    /// One or more, each once.
    pub roles: Vec<ActorRole>,
}

/// Why a token does not pass. The text is for the caller, so it never quotes the token or what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("The bearer token is not a signed JSON Web Token.")]
    Malformed,
    #[error("The bearer token is longer than {TOKEN_BYTES_MAX} bytes, which is the most that is read.")]
    TooLong,
    /// RFC 7515, 4.1.11: none is known here.
    #[error("The bearer token asks for extensions (header crit) that are not known here.")]
    Critical,
    #[error("The signature of the bearer token does not match a key of the issuer.")]
    Signature,
    /// Signed with a key that we have not seen: the issuer may have published it since.
    #[error("The bearer token is signed with a key that the issuer has not published.")]
    UnknownKey,
    #[error(
        "The bearer token is signed with a key that the issuer has published but that is not used here: it is for another \
         purpose, or not one for ES256, EdDSA (Ed25519) or RS256."
    )]
    UnusedKey,
    #[error("The bearer token has expired. Ask the issuer for a new one.")]
    Expired,
    #[error("The bearer token does not say when it expires (claim exp).")]
    NoExpiry,
    #[error("The bearer token is not valid yet. Check the clock of the issuer.")]
    NotYet,
    #[error("The bearer token comes from another issuer.")]
    Issuer,
    #[error("The bearer token is meant for another audience.")]
    Audience,
    #[error("The bearer token has no client id (claim azp).")]
    ClientId,
    #[error("The bearer token has no role. It must have one at least (claim roles).")]
    NoRole,
    #[error("None of the roles in the bearer token is a market role.")]
    UnknownRole,
}

/// Verifies tokens, and remembers those that passed, so that a busy client's signature is checked once.
pub struct Verifier {
    settings: Settings,
    keys: ArcSwap<Keys>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    /// When an unknown key last made us ask the issuer, and it had answered or failed to.
    renewed: tokio::sync::Mutex<Option<Instant>>,
    /// Why the issuer did not give its keys when it was last asked.
    trouble: Mutex<Option<String>>,
}

/// Whether keys that were not known may be known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The issuer was asked for its keys.
    Asked,
    /// It was asked a moment ago, perhaps before it published what is looked for, and is asked again after this time.
    TooSoon(Duration),
    /// Its keys are in a file, and there is nobody to ask.
    Nobody,
}

#[derive(Clone)]
struct Remembered {
    claimed: Claimed,
    not_before: i64,
    expires: i64,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    nbf: Option<f64>,
    iss: Option<String>,
    #[serde(default)]
    aud: Value,
    azp: Option<String>,
    #[serde(default)]
    roles: Value,
}

impl Verifier {
    /// Reads the issuer's keys, from wherever they are. Without an issuer that can be reached it begins with none: see
    /// [`Verifier::trouble`].
    pub async fn start(settings: Settings) -> Result<Self, Fault> {
        let (keys, trouble) = match read(&settings).await {
            Ok(keys) => (keys, None),
            Err(fault @ Fault::Unreachable { .. }) => (Keys::default(), Some(fault.to_string())),
            Err(fault) => return Err(fault),
        };
        tell_left_out(&keys);
        let (keys, trouble) = (ArcSwap::from_pointee(keys), Mutex::new(trouble));
        Ok(Self { settings, keys, remembered: Mutex::default(), renewed: Default::default(), trouble })
    }

    /// Why the issuer did not give its keys when it was last asked, after "failed to"; until it does, tokens with keys that are not
    /// known cannot be judged.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many keys vouch for tokens.
    pub fn keys_known(&self) -> usize {
        self.keys.load().len()
    }

    /// The keys that were read and vouch for nothing, each with the reason.
    pub fn keys_left_out(&self) -> Vec<String> {
        self.keys.load().left_out().collect()
    }

    /// Reads the keys again and forgets every token that an old key vouched for. The old keys stay on a fault.
    pub async fn reload(&self) -> Result<(), Fault> {
        let read = read(&self.settings).await;
        let published = matches!(self.settings.keys, KeySource::Discovery(_));
        let trouble = read.as_ref().err().filter(|_| published).map(Fault::to_string);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        let keys = read?;
        if !keys.left_out().eq(self.keys.load().left_out()) {
            tell_left_out(&keys);
        }
        self.keys.store(keys.into());
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Asks the issuer for new keys because one was used that is not known, but not more often than every so often:
    /// anybody can send a token with a key of his own. Whoever comes while it is asked waits for the answer, and is told that
    /// it was too soon: the issuer may have published a key after it gave that answer.
    pub async fn renew(&self) -> Result<Renewal, Fault> {
        if matches!(self.settings.keys, KeySource::File(_)) {
            return Ok(Renewal::Nobody);
        }
        let mut renewed = self.renewed.lock().await;
        let pause = renewed.and_then(|last| RENEWAL_PAUSE.checked_sub(last.elapsed()));
        if let Some(pause) = pause.filter(|pause| !pause.is_zero()) {
            return Ok(Renewal::TooSoon(pause));
        }
        let outcome = self.reload().await;
        *renewed = Some(Instant::now());
        outcome.map(|()| Renewal::Asked)
    }

    /// Checks a token as of `now`, without leeway: clock skew is 0 in the market (post-office 2.4).
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claimed, Denied> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Denied::TooLong);
        }
        let name = *blake3::hash(token.as_bytes()).as_bytes();
        let known = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known {
            known.in_time(now)?;
            return Ok(known.claimed);
        }
        let keys = self.keys.load_full();
        let fresh = self.judge(&keys, token, now)?;
        self.remember(&keys, name, fresh.clone(), now);
        Ok(fresh.claimed)
    }

    fn judge(&self, keys: &Keys, token: &str, now: Timestamp) -> Result<Remembered, Denied> {
        let claims = verified_claims(keys, token)?;
        let expires = claims.exp.ok_or(Denied::NoExpiry)?;
        let fresh = Remembered {
            claimed: Claimed { external_id: String::new(), roles: Vec::new() },
            not_before: claims.nbf.map_or(i64::MIN, |seconds| seconds.ceil() as i64),
            expires: expires.floor() as i64,
        };
        fresh.in_time(now)?;
        if claims.iss.as_deref() != Some(&*self.settings.issuer) {
            return Err(Denied::Issuer);
        }
        if !one_or_many(&claims.aud).any(|audience| audience == self.settings.audience) {
            return Err(Denied::Audience);
        }
        let external_id = claims.azp.filter(|id| !id.is_empty()).ok_or(Denied::ClientId)?;
        Ok(Remembered { claimed: Claimed { external_id, roles: market_roles(&claims.roles)? }, ..fresh })
    }

    fn remember(&self, keys: &std::sync::Arc<Keys>, name: [u8; 32], fresh: Remembered, now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        // Keys that were replaced since must not vouch for a token from here on.
        if !std::sync::Arc::ptr_eq(keys, &self.keys.load()) {
            return;
        }
        if remembered.len() >= TOKENS_REMEMBERED_MAX {
            remembered.retain(|_, token| token.in_time(now).is_ok());
        }
        if remembered.len() >= TOKENS_REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(name, fresh);
    }
}

impl Remembered {
    fn in_time(&self, now: Timestamp) -> Result<(), Denied> {
        match now.seconds() {
            now if now >= self.expires => Err(Denied::Expired),
            now if now < self.not_before => Err(Denied::NotYet),
            _ => Ok(()),
        }
    }
}

/// The claims, once one of the issuer's keys has vouched for them. What they say is judged by us, against our `now`.
fn verified_claims(keys: &Keys, token: &str) -> Result<Claims, Denied> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Denied::Malformed)?;
    if header.crit.is_some() {
        return Err(Denied::Critical);
    }
    let otherwise = match header.kid.as_deref() {
        _ if keys.is_empty() => Denied::UnknownKey,
        Some(id) if keys.leaves_out(id) => Denied::UnusedKey,
        Some(id) if !keys.may_have(id) => Denied::UnknownKey,
        _ => Denied::Signature,
    };
    for key in keys.candidates(header.kid.as_deref(), header.alg) {
        let mut only = Validation::new(key.algorithm);
        only.required_spec_claims.clear();
        (only.validate_exp, only.validate_nbf, only.validate_aud) = (false, false, false);
        match jsonwebtoken::decode::<Claims>(token, &key.key, &only) {
            Ok(data) => return Ok(data.claims),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => {
                return Err(Denied::Malformed);
            }
            Err(_) => continue,
        }
    }
    Err(otherwise)
}

fn tell_left_out(keys: &Keys) {
    for key in keys.left_out() {
        tracing::warn!(key, "a key of the issuer is not used");
    }
}

/// The client id that a token claims, whoever has signed it: for the log, and to be believed by nobody.
pub fn unverified_client(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        azp: String,
    }
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let Claimed { azp } = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    let plain = azp.len() <= UNVERIFIED_BYTES_MAX && azp.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then_some(azp)
}

/// Longest client id that is told without being believed.
const UNVERIFIED_BYTES_MAX: usize = 64;

async fn read(settings: &Settings) -> Result<Keys, Fault> {
    match &settings.keys {
        KeySource::File(path) => Keys::read(path),
        KeySource::Discovery(discovery) => discovery.keys(&settings.issuer).await,
    }
}

/// The market's roles among those of a token; an issuer may know others, which mean nothing here.
fn market_roles(roles: &Value) -> Result<Vec<ActorRole>, Denied> {
    one_or_many(roles).next().ok_or(Denied::NoRole)?;
    let known: BTreeSet<ActorRole> = one_or_many(roles).filter_map(ActorRole::from_claim).collect();
    if known.is_empty() { Err(Denied::UnknownRole) } else { Ok(known.into_iter().collect()) }
}

/// A claim that is one text, or an array of texts.
fn one_or_many(claim: &Value) -> impl Iterator<Item = &str> {
    let many = claim.as_array().into_iter().flatten();
    many.chain(claim.is_string().then_some(claim)).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    struct House {
        pair: rcgen::KeyPair,
        verifier: Verifier,
        _dir: tempfile::TempDir,
    }

    fn house() -> House {
        let dir = tempfile::tempdir().unwrap();
        let pair = rcgen::KeyPair::generate().unwrap();
        let keys = dir.path().join("keys.pem");
        std::fs::write(&keys, pair.public_key_pem()).unwrap();
        let settings = Settings { keys: KeySource::File(keys), issuer: "us".into(), audience: "b2b".into() };
        House { pair, verifier: now(Verifier::start(settings)).unwrap(), _dir: dir }
    }

    /// Files are read at once.
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("nothing is waited for")
    }

    fn good() -> Value {
        json!({"exp": 1_700_000_600, "nbf": 1_699_999_000, "iss": "us", "aud": "b2b", "azp": "client-1", "roles": ["gridoperator"]})
    }

    fn with(change: Value) -> Value {
        let mut claims = good();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn sign(pair: &rcgen::KeyPair, claims: &Value) -> String {
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        encode(&Header::new(Algorithm::ES256), claims, &key).unwrap()
    }

    #[test]
    fn a_good_token_gives_client_and_role_again_and_again() {
        let house = house();
        let token = sign(&house.pair, &good());
        for _ in 0..3 {
            let claimed = house.verifier.verify(&token, NOW).unwrap();
            assert_eq!(claimed, Claimed { external_id: "client-1".into(), roles: vec![ActorRole::GridAccessProvider] });
        }
    }

    #[test]
    fn all_market_roles_are_told_each_once() {
        let house = house();
        let token =
            sign(&house.pair, &with(json!({"roles": ["king", "energysupplier", "gridoperator", "gridoperator"]})));
        let roles: BTreeSet<_> = house.verifier.verify(&token, NOW).unwrap().roles.into_iter().collect();
        assert_eq!(roles, [ActorRole::EnergySupplier, ActorRole::GridAccessProvider].into());
    }

    #[test]
    fn each_wrong_claim_is_named() {
        let rows = [
            (json!({"exp": 1_700_000_000}), Err(Denied::Expired)),
            (json!({"exp": 1_700_000_001}), Ok(())),
            (json!({"exp": null}), Err(Denied::NoExpiry)),
            (json!({"exp": "soon"}), Err(Denied::Malformed)),
            (json!({"nbf": 1_700_000_000}), Ok(())),
            (json!({"nbf": 1_700_000_001}), Err(Denied::NotYet)),
            (json!({"nbf": null}), Ok(())),
            (json!({"iss": "them"}), Err(Denied::Issuer)),
            (json!({"iss": null}), Err(Denied::Issuer)),
            (json!({"aud": "b2c"}), Err(Denied::Audience)),
            (json!({"aud": ["b2c", "b2b"]}), Ok(())),
            (json!({"aud": null}), Err(Denied::Audience)),
            (json!({"azp": null}), Err(Denied::ClientId)),
            (json!({"azp": ""}), Err(Denied::ClientId)),
            (json!({"roles": "gridoperator"}), Ok(())),
            (json!({"roles": []}), Err(Denied::NoRole)),
            (json!({"roles": null}), Err(Denied::NoRole)),
            (json!({"roles": [7]}), Err(Denied::NoRole)),
            (json!({"roles": ["gridoperator", "systemoperator"]}), Ok(())),
            (json!({"roles": ["gridoperator", 7]}), Ok(())),
            (json!({"roles": ["king"]}), Err(Denied::UnknownRole)),
        ];
        let house = house();
        for (change, expected) in rows {
            let token = sign(&house.pair, &with(change.clone()));
            assert_eq!(house.verifier.verify(&token, NOW).map(|_| ()), expected, "{change}");
        }
    }

    #[test]
    fn a_token_that_asks_for_an_extension_is_refused() {
        let house = house();
        let key = EncodingKey::from_ec_pem(house.pair.serialize_pem().as_bytes()).unwrap();
        for crit in [vec!["exp".to_string()], Vec::new()] {
            let header = Header { crit: Some(crit), ..Header::new(Algorithm::ES256) };
            let token = encode(&header, &good(), &key).unwrap();
            assert_eq!(house.verifier.verify(&token, NOW), Err(Denied::Critical));
        }
    }

    #[test]
    fn a_client_id_is_read_from_whatever_has_one_and_only_where_it_is_plain() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let long = "x".repeat(UNVERIFIED_BYTES_MAX + 1);
        let rows = [
            (json!({}), Some("client-1")),
            (json!({ "exp": 1 }), Some("client-1")),
            (json!({ "azp": "two lines\nmore" }), None),
            (json!({ "azp": long }), None),
            (json!({ "azp": 7 }), None),
        ];
        for (change, expected) in rows {
            assert_eq!(unverified_client(&sign(&pair, &with(change.clone()))).as_deref(), expected, "{change}");
        }
        assert_eq!(unverified_client("no.token.at all"), None);
    }

    #[test]
    fn a_token_that_is_too_long_is_told_so() {
        let token = "x".repeat(TOKEN_BYTES_MAX + 1);
        assert_eq!(house().verifier.verify(&token, NOW), Err(Denied::TooLong));
        assert_eq!(house().verifier.verify(&token[1..], NOW), Err(Denied::Malformed));
    }

    #[test]
    fn a_remembered_token_still_expires() {
        let house = house();
        let token = sign(&house.pair, &good());
        assert!(house.verifier.verify(&token, NOW).is_ok());
        assert_eq!(house.verifier.verify(&token, Timestamp::from_seconds(1_700_000_600)), Err(Denied::Expired));
        assert_eq!(house.verifier.verify(&token, Timestamp::from_seconds(1_699_998_999)), Err(Denied::NotYet));
    }

    #[test]
    fn another_key_does_not_pass_and_a_replaced_key_is_forgotten() {
        let house = house();
        let other = rcgen::KeyPair::generate().unwrap();
        assert_eq!(house.verifier.verify(&sign(&other, &good()), NOW), Err(Denied::Signature));
        let token = sign(&house.pair, &good());
        assert!(house.verifier.verify(&token, NOW).is_ok());
        let KeySource::File(path) = &house.verifier.settings.keys else { panic!("its keys are in a file") };
        std::fs::write(path, other.public_key_pem()).unwrap();
        now(house.verifier.reload()).unwrap();
        assert_eq!(house.verifier.verify(&token, NOW), Err(Denied::Signature));
        assert!(house.verifier.verify(&sign(&other, &good()), NOW).is_ok());
    }

    #[test]
    fn neither_none_nor_an_hmac_over_the_public_key_passes() {
        let house = house();
        let signed = sign(&house.pair, &good());
        let payload = signed.split('.').nth(1).unwrap();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
        assert_eq!(house.verifier.verify(&none, NOW), Err(Denied::Malformed));
        let public = house.pair.public_key_pem();
        for secret in [public.as_bytes(), house.pair.public_key_raw()] {
            let token = encode(&Header::new(Algorithm::HS256), &good(), &EncodingKey::from_secret(secret)).unwrap();
            assert_eq!(house.verifier.verify(&token, NOW), Err(Denied::Signature));
        }
    }

    #[test]
    fn the_kid_chooses_among_several_keys() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let jwk = |pair: &rcgen::KeyPair, kid: &str| {
            let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
            let mut jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
            jwk.common.key_id = Some(kid.into());
            serde_json::to_value(jwk).unwrap()
        };
        let keys = dir.path().join("keys.json");
        std::fs::write(&keys, json!({"keys": [jwk(&one, "1"), jwk(&two, "2")]}).to_string()).unwrap();
        let verifier =
            now(Verifier::start(Settings { keys: KeySource::File(keys), issuer: "us".into(), audience: "b2b".into() }))
                .unwrap();
        let sign_as = |pair: &rcgen::KeyPair, kid: &str| {
            let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
            let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::ES256) };
            encode(&header, &good(), &key).unwrap()
        };
        assert!(verifier.verify(&sign_as(&one, "1"), NOW).is_ok());
        assert!(verifier.verify(&sign_as(&two, "2"), NOW).is_ok());
        assert_eq!(verifier.verify(&sign_as(&two, "1"), NOW), Err(Denied::Signature));
        assert_eq!(verifier.verify(&sign_as(&one, "3"), NOW), Err(Denied::UnknownKey));
        assert!(verifier.verify(&sign(&two, &good()), NOW).is_ok(), "without a kid, each key is tried");
    }

    #[test]
    fn a_key_that_is_published_and_not_used_is_told_from_one_that_is_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let (keys, own) = (dir.path().join("keys.json"), rcgen::KeyPair::generate().unwrap());
        let used = EncodingKey::from_ec_pem(own.serialize_pem().as_bytes()).unwrap();
        let mut used = jsonwebtoken::jwk::Jwk::from_encoding_key(&used, Algorithm::ES256).unwrap();
        used.common.key_id = Some("used".into());
        let other = json!({"kty": "EC", "crv": "P-384", "kid": "other", "x": "AA", "y": "AA"});
        std::fs::write(&keys, json!({"keys": [used, other]}).to_string()).unwrap();
        let settings = Settings { keys: KeySource::File(keys), issuer: "us".into(), audience: "b2b".into() };
        let verifier = now(Verifier::start(settings)).unwrap();
        assert_eq!(verifier.keys_left_out(), ["other: EC P-384"]);
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        for (kid, denied) in
            [("other", Denied::UnusedKey), ("used", Denied::Signature), ("neither", Denied::UnknownKey)]
        {
            let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::ES384) };
            let token = encode(&header, &good(), &key).unwrap();
            assert_eq!(verifier.verify(&token, NOW), Err(denied), "{kid}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_token_changed_in_any_place_does_not_pass(at in 0usize..10_000, to in "[A-Za-z0-9_-]") {
            let house = house();
            let token = sign(&house.pair, &good());
            let at = at % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            proptest::prop_assume!(changed != token);
            // The last character of a signature carries unused bits, which a strict decoder refuses as well.
            proptest::prop_assert!(house.verifier.verify(&changed, NOW).is_err());
        }

        #[test]
        fn any_text_is_survived(token in "\\PC{0,200}") {
            proptest::prop_assert!(house().verifier.verify(&token, NOW).is_err());
        }
    }
}
