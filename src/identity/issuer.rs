//! A toy issuer of tokens, for `gridpost local` and tests. Whoever holds its key file may be anyone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::{Fault, KeySource, Settings};
use crate::certs;
use crate::market::{ActorRole, Timestamp};

/// The `iss` of toy tokens.
pub const TOKEN_ISSUER: &str = "gridpost-local";

/// The `aud` of toy tokens.
pub const TOKEN_AUDIENCE: &str = "gridpost";

const PRIVATE_KEY: &str = "token-key.pem";
const PUBLIC_KEY: &str = "token-public-key.pem";

/// Signs tokens (ES256) with a key that lies in the certificates' directory.
pub struct Issuer {
    key: EncodingKey,
    public_key: PathBuf,
}

impl Issuer {
    /// Takes the key in `dir`, or makes one (mode 0600) with its public half beside it.
    pub fn create_or_load(dir: &Path) -> Result<Self, Fault> {
        let (private_key, public_key) = (dir.join(PRIVATE_KEY), dir.join(PUBLIC_KEY));
        if !private_key.exists() {
            let pair = rcgen::KeyPair::generate().map_err(Fault::Make)?;
            certs::write_private(&private_key, &pair.serialize_pem())
                .map_err(|source| Fault::Write { path: private_key.clone(), source })?;
        }
        let pem = std::fs::read_to_string(&private_key)
            .map_err(|source| Fault::Read { path: private_key.clone(), source })?;
        let no_key = |why: String| Fault::NoKey { path: private_key.clone(), why };
        // The public half is written each time: it follows from the private one, and may have been lost.
        let pair = rcgen::KeyPair::from_pem(&pem).map_err(|error| no_key(error.to_string()))?;
        certs::write_public(&public_key, &pair.public_key_pem())
            .map_err(|source| Fault::Write { path: public_key.clone(), source })?;
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|error| no_key(error.to_string()))?;
        Ok(Self { key, public_key })
    }

    /// A token for one client in these roles, valid from `now` on.
    pub fn issue(
        &self,
        external_id: &str,
        roles: &[ActorRole],
        now: Timestamp,
        ttl: Duration,
    ) -> Result<String, Fault> {
        let claims = json!({
            "iss": TOKEN_ISSUER,
            "aud": TOKEN_AUDIENCE,
            "azp": external_id,
            "roles": roles.iter().map(|role| role.claim()).collect::<Vec<_>>(),
            "iat": now.seconds(),
            "nbf": now.seconds(),
            "exp": now.seconds().saturating_add_unsigned(ttl.as_secs()),
        });
        encode(&Header::new(Algorithm::ES256), &claims, &self.key).map_err(Fault::Sign)
    }

    /// What a [`super::Verifier`] needs in order to accept this issuer's tokens.
    pub fn settings(&self) -> Settings {
        let keys = KeySource::File(self.public_key.clone());
        Settings { keys, issuer: TOKEN_ISSUER.into(), audience: TOKEN_AUDIENCE.into() }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::identity::Verifier;

    #[test]
    fn a_token_of_the_toy_issuer_passes_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_seconds(1_700_000_000);
        let first = Issuer::create_or_load(dir.path()).unwrap();
        let token = first.issue("client-1", &[ActorRole::EnergySupplier], now, Duration::from_secs(60)).unwrap();
        let again = Issuer::create_or_load(dir.path()).unwrap();
        let claimed = Verifier::start(again.settings()).now_or_never().unwrap().unwrap().verify(&token, now).unwrap();
        assert_eq!((claimed.external_id.as_str(), claimed.roles), ("client-1", vec![ActorRole::EnergySupplier]));
    }

    #[cfg(unix)]
    #[test]
    fn the_private_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Issuer::create_or_load(dir.path()).unwrap();
        let mode = std::fs::metadata(dir.path().join(PRIVATE_KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
