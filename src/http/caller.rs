//! Who is calling: a bearer token or a client certificate, and a participant that is live (post-office 2.4).

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderName, WWW_AUTHENTICATE};
use axum::http::request::Parts;

use super::observe::CorrelationId;
use super::patient::Peer;
use super::peer::{Presented, Standing};
use super::{Door, Problem};
use crate::gateway::Gateway;
use crate::identity::{Denied, RENEWAL_PAUSE, Renewal, unverified_client};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};

/// Says in which of its roles a caller acts: by code, such as `DDQ`, or as in a token, such as `energysupplier`.
pub const MARKET_ROLE: HeaderName = HeaderName::from_static("market-role");

/// What is known about a request's connection before its first header.
#[derive(Debug, Clone)]
pub struct Connection {
    pub address: std::net::SocketAddr,
    /// The client certificate that the connection came with, if there is one. Whether it still counts and whom it speaks for
    /// is asked at each request: its time may end, and it may be withdrawn, while the connection stands.
    pub certificate: Option<Presented>,
    pub(super) peer: Peer,
}

/// The caller, or why it is not known. A token wins over a certificate; a bad token is not excused by a good one.
pub async fn identify(door: &Door, parts: &Parts) -> Result<Party, Problem> {
    let known = known(door, parts).await;
    if let Err(problem) = &known {
        tell_refused(parts, problem);
    }
    known
}

/// Why somebody was not let in, for whoever helps them. What the token says of itself was believed by nobody.
fn tell_refused(parts: &Parts, problem: &Problem) {
    let token = bearer(parts).ok().flatten();
    tracing::info!(
        status = problem.status.as_u16(),
        reason = problem.error.message,
        unverified_azp = token.and_then(unverified_client),
        certificate = certificate(parts).map(|presented| presented.thumbprint.as_str()),
        correlation_id = CorrelationId::of(parts),
        "a caller was refused"
    );
}

fn certificate(parts: &Parts) -> Option<&Presented> {
    parts.extensions.get::<Connection>()?.certificate.as_ref()
}

async fn known(door: &Door, parts: &Parts) -> Result<Party, Problem> {
    let (number, roles) = match (bearer(parts)?, certificate(parts)) {
        (Some(token), _) => by_token(door, token).await?,
        (None, Some(certificate)) => by_certificate(&door.gateway, certificate)?,
        (None, None) => return Err(unauthorized("A bearer token is needed: Authorization: Bearer …")),
    };
    let party = Party { number, role: chosen(parts, &roles)? };
    if !door.gateway.is_live(&party).map_err(|fault| Problem::fault(&fault))? {
        let registered = door.gateway.is_registered(&party).map_err(|fault| Problem::fault(&fault))?;
        return Err(unauthorized(&match registered {
            true => "The participant is not active.".to_string(),
            false => format!("The participant is not registered in the role {}.", party.role.code()),
        }));
    }
    Ok(party)
}

/// The role that the caller names, which must be one of its own; its only one where it names none.
fn chosen(parts: &Parts, roles: &[ActorRole]) -> Result<ActorRole, Problem> {
    let own = || roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    let mut named = parts.headers.get_all(MARKET_ROLE).iter();
    match (named.next(), roles) {
        (None, [only]) => Ok(*only),
        (None, _) => Err(unauthorized(&format!(
            "The bearer token has several roles ({}). Name the one in which you act with the header Market-Role.",
            own()
        ))),
        (Some(name), _) => {
            let name = name.to_str().unwrap_or_default().trim();
            let role = ActorRole::from_code(&name.to_ascii_uppercase()).or_else(|| ActorRole::from_claim(name));
            role.filter(|role| roles.contains(role) && named.next().is_none()).ok_or_else(|| {
                let message = format!("The header Market-Role does not name one of your roles. Those are: {}.", own());
                Problem::new(StatusCode::FORBIDDEN, "Forbidden", message)
            })
        }
    }
}

fn by_certificate(gateway: &Gateway, presented: &Presented) -> Result<(ActorNumber, Vec<ActorRole>), Problem> {
    match presented.standing {
        Standing::Good => {}
        Standing::NotYet => return Err(unauthorized("The client certificate is not valid yet.")),
        Standing::Expired => return Err(unauthorized("The client certificate has expired. Connect with a new one.")),
        Standing::Unvouched => return Err(unauthorized("The client certificate's authority is not accepted here.")),
    }
    let known = gateway.certificate(&presented.thumbprint).map_err(|fault| Problem::fault(&fault))?;
    let known = known.ok_or_else(|| unauthorized("The client certificate is not registered for a participant."))?;
    let now = wall_clock();
    if now < known.from {
        return Err(unauthorized("The client certificate is registered for a later time."));
    }
    if !known.is_good_at(now) {
        return Err(unauthorized("The client certificate has been replaced, and its time is over."));
    }
    Ok((known.party.number, vec![known.party.role]))
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

async fn by_token(door: &Door, token: &str) -> Result<(ActorNumber, Vec<ActorRole>), Problem> {
    let mut claimed = door.verifier.verify(token, wall_clock());
    if claimed == Err(Denied::UnknownKey) {
        let again_in = asked_anew(door).await;
        claimed = door.verifier.verify(token, wall_clock());
        if let (Err(Denied::UnknownKey), Some(again_in)) = (&claimed, again_in) {
            return Err(not_known_yet(door, again_in));
        }
    }
    let claimed = claimed.map_err(|denied| invalid_token(&denied.to_string()))?;
    let number = number_of(&door.gateway, &claimed.external_id)?
        .ok_or_else(|| invalid_token("No participant is registered for the client id of the bearer token."))?;
    Ok((number, claimed.roles))
}

/// Has the issuer asked for its keys; the time after which that can be done again where it could not be done now. Until then
/// nobody knows whether a key has been published.
async fn asked_anew(door: &Door) -> Option<Duration> {
    match door.verifier.renew().await {
        Ok(Renewal::TooSoon(again_in)) => Some(again_in),
        Ok(Renewal::Asked | Renewal::Nobody) => None,
        Err(fault) => {
            tracing::error!(error = &fault as &dyn std::error::Error, "failed to renew the issuer's keys");
            Some(RENEWAL_PAUSE)
        }
    }
}

fn not_known_yet(door: &Door, again_in: Duration) -> Problem {
    let message = match door.verifier.trouble() {
        Some(_) => {
            "The bearer token is signed with a key that is not known here, and the issuer, who may have published it, \
             cannot be reached. Try again after the seconds in Retry-After."
        }
        None => {
            "The bearer token is signed with a key that was not among the issuer's when it was last asked, a moment ago. It is \
             asked again after the seconds in Retry-After: try again then."
        }
    };
    Problem::busy(message, again_in)
}

fn number_of(gateway: &Gateway, external_id: &str) -> Result<Option<ActorNumber>, Problem> {
    gateway.actor_by_external_id(external_id).map_err(|fault| Problem::fault(&fault))
}

fn unauthorized(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized", message).with(WWW_AUTHENTICATE, "Bearer")
}

fn invalid_token(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
        .with(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// Tokens and certificates live by the real clock, also where the market's clock is moved.
pub fn wall_clock() -> Timestamp {
    Timestamp::from_utc(chrono::Utc::now())
}
