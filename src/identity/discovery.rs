//! The issuer's keys by its OpenID configuration: the document that says where the keys are, then the keys.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use super::{Fault, Keys};

/// Where an issuer publishes its configuration, and whom to trust that it is the issuer.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// Such as `https://login.example.org/.well-known/openid-configuration`.
    pub url: Url,
    /// PEM file of the authority that signed the issuer's certificate; the system's authorities when absent.
    pub authority: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

impl Discovery {
    /// The keys as they are published now, if the configuration is that of `issuer`.
    pub(super) async fn keys(&self, issuer: &str) -> Result<Keys, Fault> {
        let fault = |why: String| Fault::Discover { url: self.url.to_string(), why };
        let http = self.client()?;
        let configuration: Configuration = serde_json::from_slice(&self.read(&http, &self.url).await?)
            .map_err(|error| fault(format!("it is no OpenID configuration: {error}")))?;
        if configuration.issuer != issuer {
            return Err(fault(format!("it is the configuration of {}, not of {issuer}", configuration.issuer)));
        }
        let keys = Url::parse(&configuration.jwks_uri).ok().filter(|url| url.scheme() == "https");
        let keys = keys.ok_or_else(|| fault("its jwks_uri is no https address".into()))?;
        let text = String::from_utf8(self.read(&http, &keys).await?);
        Keys::parse(&text.map_err(|_| fault("its keys are not in UTF-8".into()))?).map_err(fault)
    }

    fn client(&self) -> Result<reqwest::Client, Fault> {
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("gridpost/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &self.authority {
            let pem = std::fs::read(path).map_err(|source| Fault::Read { path: path.clone(), source })?;
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).map_err(Fault::Client)?);
        }
        builder.build().map_err(Fault::Client)
    }

    async fn read(&self, http: &reqwest::Client, url: &Url) -> Result<Vec<u8>, Fault> {
        let fault = |why: String| Fault::Discover { url: url.to_string(), why };
        let told =
            |error: reqwest::Error| Fault::Unreachable { url: url.to_string(), why: chain(&error.without_url()) };
        let mut answer =
            http.get(url.clone()).send().await.and_then(reqwest::Response::error_for_status).map_err(told)?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(told)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(fault(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes")));
            }
        }
        Ok(bytes)
    }
}

/// An error with all its causes: the first of them says little.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| (**cause).source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Longest answer that is read: a set of 64 keys with their certificates is a quarter of this.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long an issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
