//! Who is calling: a bearer token or a client certificate, and a participant that is live (post-office 2.4).

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;

use super::{Door, Problem};
use crate::gateway::Gateway;
use crate::identity::Denied;
use crate::market::{Party, Timestamp};

/// What is known about a connection before its first request.
#[derive(Debug, Clone)]
pub struct Connection {
    pub address: std::net::SocketAddr,
    /// Whom the client certificate speaks for, if there is one and it is registered.
    pub certificate: Option<Certificate>,
}

/// A client certificate that passed the handshake.
#[derive(Debug, Clone)]
pub enum Certificate {
    Of(Party),
    Unregistered,
}

/// The caller, or why it is not known. A token wins over a certificate; a bad token is not excused by a good one.
pub async fn identify(door: &Door, parts: &Parts) -> Result<Party, Problem> {
    let certificate = parts.extensions.get::<Connection>().and_then(|connection| connection.certificate.as_ref());
    let party = match (bearer(parts)?, certificate) {
        (Some(token), _) => by_token(door, token).await?,
        (None, Some(Certificate::Of(party))) => party.clone(),
        (None, Some(Certificate::Unregistered)) => {
            return Err(unauthorized("The client certificate is not registered for a participant."));
        }
        (None, None) => return Err(unauthorized("A bearer token is needed: Authorization: Bearer …")),
    };
    if !door.gateway.is_live(&party).map_err(|fault| Problem::fault(&fault))? {
        return Err(unauthorized("The participant is not active."));
    }
    Ok(party)
}

fn bearer(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && values.next().is_none() => {
            Ok(Some(token.trim()))
        }
        _ => Err(unauthorized("The Authorization header is not one of the form: Bearer …")),
    }
}

async fn by_token(door: &Door, token: &str) -> Result<Party, Problem> {
    let mut claimed = door.verifier.verify(token, wall_clock());
    if claimed == Err(Denied::UnknownKey) {
        match door.verifier.renew().await {
            Ok(true) => claimed = door.verifier.verify(token, wall_clock()),
            Ok(false) => {}
            Err(fault) => {
                tracing::error!(error = &fault as &dyn std::error::Error, "failed to renew the issuer's keys")
            }
        }
    }
    let claimed = claimed.map_err(|denied| invalid_token(&denied.to_string()))?;
    let number = number_of(&door.gateway, &claimed.external_id)?
        .ok_or_else(|| invalid_token("No participant is registered for the client id of the bearer token."))?;
    Ok(Party { number, role: claimed.role })
}

fn number_of(gateway: &Gateway, external_id: &str) -> Result<Option<crate::market::ActorNumber>, Problem> {
    gateway.actor_by_external_id(external_id).map_err(|fault| Problem::fault(&fault))
}

fn unauthorized(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized", message).with(WWW_AUTHENTICATE, "Bearer")
}

fn invalid_token(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
        .with(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// Tokens live by the real clock, also where the market's clock is moved.
fn wall_clock() -> Timestamp {
    Timestamp::from_utc(chrono::Utc::now())
}
