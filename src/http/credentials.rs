//! What the hub's own people say under `/v1.0/operator/…` of participants' certificates (post-office 5.1), and of the addresses at
//! which they hear that post waits (post-office 8.3).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::commands::{Change, answer, unusable};
use super::operator::{party, unknown, wrong};
use super::post::json_answer;
use super::{Door, Problem};
use crate::gateway::{CertificateFault, CertificateOrder, Gateway, WebhookFault};
use crate::market::Timestamp;
use crate::process::participants::{Assignment, Certificate, Thumbprint, Webhook};
use crate::{certs, hint};

pub const CERTIFICATES: &str = "/v1.0/operator/certificates";
pub const CERTIFICATE: &str = "/v1.0/operator/certificates/{thumbprint}";
pub const WEBHOOKS: &str = "/v1.0/operator/webhooks";
pub const WEBHOOK: &str = "/v1.0/operator/webhooks/{number}/{role}";

type Named = Result<Path<String>, PathRejection>;
type Whose = Result<Path<(String, String)>, PathRejection>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assigned {
    number: String,
    role: String,
    /// In PEM, or its SHA-256 thumbprint.
    certificate: String,
    /// Now, when it is left out.
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    sequence: Option<u64>,
    #[serde(default)]
    others_until: Option<String>,
}

impl Assigned {
    fn order(&self, now: Timestamp) -> Result<CertificateOrder, Problem> {
        let instant = |name: &'static str, text: &Option<String>| {
            let parsed = text.as_ref().map(|text| Timestamp::parse_date_time(text));
            let advice = "an instant looks like 2023-08-31T22:00:00Z";
            parsed.map(|instant| instant.ok_or_else(|| wrong(name, advice))).transpose()
        };
        let of_pem = || certs::fingerprint_of_pem(self.certificate.as_bytes()).as_deref().and_then(Thumbprint::parse);
        let thumbprint = Thumbprint::parse(&self.certificate).or_else(of_pem).ok_or_else(|| {
            wrong("certificate", "it is a certificate in PEM, or its SHA-256 thumbprint of 64 hexadecimal digits")
        })?;
        let certificate = Certificate {
            thumbprint,
            party: party(&self.number, &self.role)?,
            from: instant("from", &self.from)?.unwrap_or(now),
            until: instant("until", &self.until)?.unwrap_or(Timestamp::OPEN_END),
        };
        if certificate.until <= certificate.from {
            return Err(wrong("until", "it is not later than from, so the certificate would never speak for anybody"));
        }
        let others_until = instant("others_until", &self.others_until)?;
        Ok(CertificateOrder::Assign(Assignment { certificate, sequence: self.sequence, others_until }))
    }
}

/// `POST /v1.0/operator/certificates`.
pub async fn assign(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, CERTIFICATES, request, |gateway: Arc<Gateway>, said: Assigned, _| async move {
        // Certificates live by the real clock, like tokens.
        carry_out(&gateway, said.order(Timestamp::from_utc(chrono::Utc::now()))?).await
    })
    .await
}

/// `DELETE /v1.0/operator/certificates/{thumbprint}`.
pub async fn withdraw(State(door): State<Arc<Door>>, thumbprint: Named, request: Request) -> Response {
    answer(door, CERTIFICATE, request, |gateway: Arc<Gateway>, (): (), _| async move {
        let thumbprint = thumbprint.ok().and_then(|Path(text)| Thumbprint::parse(&text)).ok_or_else(unknown)?;
        let spoke_for = gateway.certificate(&thumbprint).map_err(|fault| Problem::fault(&fault))?;
        let mut response = carry_out(&gateway, CertificateOrder::Withdraw(thumbprint)).await?;
        if let Some(known) = spoke_for {
            response.extensions_mut().insert(Change(format!("spoke for {}", known.party)));
        }
        Ok(response)
    })
    .await
}

async fn carry_out(gateway: &Gateway, order: CertificateOrder) -> Result<Response, Problem> {
    match gateway.order_certificate(&order).await {
        Ok(()) => {
            let (CertificateOrder::Assign(Assignment { certificate: Certificate { thumbprint, .. }, .. })
            | CertificateOrder::Withdraw(thumbprint)) = &order;
            let known = gateway.certificate(thumbprint).map_err(|fault| Problem::fault(&fault))?;
            let of =
                known.map(|known| json!({ "number": known.party.number.as_str(), "role": known.party.role.code() }));
            Ok(json_answer(StatusCode::OK, &json!({ "thumbprint": thumbprint.as_str(), "speaks_for": of })))
        }
        Err(CertificateFault::Fault(fault)) => Err(Problem::fault(&fault)),
        Err(CertificateFault::Unknown) => Err(unknown()),
        Err(CertificateFault::NotAssigned(refusal)) => {
            Err(Problem::new(StatusCode::CONFLICT, "NotAssigned", format!("Nothing was changed: {refusal}.")))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: String,
    /// One is made, and told this once, when it is left out.
    #[serde(default)]
    secret: Option<String>,
}

/// `PUT /v1.0/operator/webhooks/{number}/{role}`.
pub async fn set_webhook(State(door): State<Arc<Door>>, whose: Whose, request: Request) -> Response {
    answer(door, WEBHOOK, request, |gateway: Arc<Gateway>, said: Address, _| async move {
        let Path((number, role)) = whose.map_err(|_| unknown())?;
        let secret = said.secret.clone().unwrap_or_else(hint::new_secret);
        let webhook = Webhook::new(&said.url, &secret).map_err(|flaw| unusable(&flaw.to_string()))?;
        let party = party(&number, &role)?;
        gateway.set_webhook(&party, Some(&webhook)).await.map_err(not_set)?;
        let mut told = json!({ "number": number, "role": party.role.code(), "url": webhook.url });
        if said.secret.is_none() {
            told["secret"] = webhook.secret.into();
        }
        Ok(json_answer(StatusCode::OK, &told))
    })
    .await
}

/// `DELETE /v1.0/operator/webhooks/{number}/{role}`.
pub async fn remove_webhook(State(door): State<Arc<Door>>, whose: Whose, request: Request) -> Response {
    answer(door, WEBHOOK, request, |gateway: Arc<Gateway>, (): (), _| async move {
        let Path((number, role)) = whose.map_err(|_| unknown())?;
        let party = party(&number, &role)?;
        if gateway.webhook(&party).map_err(|fault| Problem::fault(&fault))?.is_none() {
            return Err(unknown());
        }
        gateway.set_webhook(&party, None).await.map_err(not_set)?;
        Ok(json_answer(StatusCode::OK, &json!({ "number": number, "role": party.role.code(), "url": null })))
    })
    .await
}

fn not_set(fault: WebhookFault) -> Problem {
    match fault {
        WebhookFault::Fault(fault) => Problem::fault(&fault),
        WebhookFault::Unknown(party) => {
            let message = format!("Nothing was changed: {party} is not registered.");
            Problem::new(StatusCode::NOT_FOUND, "NotFound", message).target("number")
        }
    }
}
