//! `POST /v1.0/cim/{document}/check`: everything that would be said to a document, and nothing of it kept.
//!
//! The answer is JSON with status 200 whatever the verdict: the question was answered.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::body::Unread;
use super::error_document::json_of;
use super::observe::Said;
use super::post::json_answer;
use super::receive::{self, Admitted};
use super::routes::{finish, only};
use super::{Door, Format, Problem};
use crate::gateway::{DryRun, Gateway, Letter, Preview};
use crate::process::Fate;

pub const CHECK: &str = "/v1.0/cim/{document}/check";

pub async fn check(
    State(door): State<Arc<Door>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: CHECK, ..Said::default() };
    let answer = match parts.method {
        Method::POST => {
            let admitted = receive::admit(&door, &name, &parts, &mut unread, &mut said).await;
            let answer = match admitted {
                Ok(admitted) => answer(&door, admitted).await,
                Err(problem) => Err(problem),
            };
            answer.map_err(Problem::of_a_question)
        }
        _ => Err(only("POST")),
    };
    finish(&door, answer, format, unread, said)
}

async fn answer(door: &Arc<Door>, admitted: Admitted) -> Result<Response, Problem> {
    let Admitted { caller, document, arrived, share, .. } = admitted;
    let gateway = Arc::clone(&door.gateway);
    let run = share.during(async move { gateway.dry_run(&caller, arrived, gateway.now()).await });
    let run = run.await.map_err(|fault| Problem::fault(&fault))?;
    let mut told = match run {
        DryRun::Refused(error) => json!({ "verdict": "refused", "error": json_of(&error) }),
        DryRun::SentBefore { correlation_id } => json!({ "verdict": "duplicate", "correlationId": correlation_id }),
        DryRun::Decided(preview) => told(&door.gateway, &preview),
    };
    told["document"] = json!(document.name);
    Ok(json_answer(StatusCode::OK, &told))
}

fn told(gateway: &Gateway, preview: &Preview) -> Value {
    let fate = |fate: &Fate| {
        let status = if fate.broken.is_empty() { "accepted" } else { "rejected" };
        json!({ "id": fate.transaction_id, "status": status, "broken": fate.broken })
    };
    let letter = |letter: &Letter| {
        let summary = gateway.summary(&letter.told.document).unwrap_or_default();
        let reason = |(code, text): &(String, String)| json!({ "code": code, "text": text });
        let record = |record: &crate::document::RecordSummary| {
            let reasons: Vec<Value> = record.reasons.iter().map(reason).collect();
            json!({ "id": record.id, "status": record.status.name(), "reasons": reasons })
        };
        json!({
            "document": letter.document,
            "process": summary.header.business_reason,
            "records": summary.records.iter().map(record).collect::<Vec<_>>(),
            "body": String::from_utf8_lossy(&letter.told.document),
        })
    };
    json!({
        "verdict": "accepted",
        "records": preview.fates.iter().map(fate).collect::<Vec<_>>(),
        "answers": preview.answers.iter().map(letter).collect::<Vec<_>>(),
    })
}
