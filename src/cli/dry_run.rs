//! `gridpost send --dry-run`: what the hub would say to documents, without sending them.
//!
//! Exit codes as for sending: 0 all would be accepted, record by record; 1 some would be refused or rejected.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Outcome;
use super::output::files_below;
use super::participant::{Send, connect, in_words, line, no_root, say};
use crate::client::{self, Client, Fault, Refusal};

pub async fn run(args: &Send) -> anyhow::Result<Outcome> {
    let client = connect(&args.hub)?;
    let mut outcome = Outcome::Fine;
    for path in files_below(&args.paths, &["xml", "json"])? {
        let told = match ask(&client, &path).await {
            Ok(told) => told,
            Err(fault @ (Fault::Read { .. } | Fault::NoRoot { .. })) => {
                line(&format!("not asked  {}  {}", path.display(), in_words(&fault)))?;
                outcome = Outcome::Partial;
                continue;
            }
            Err(Fault::Refused { refusal, .. }) => turned_away(&refusal),
            Err(fault) => return Err(fault).with_context(|| format!("ask about {}", path.display())),
        };
        if outcome == Outcome::Fine && !is_fine(&told) {
            outcome = Outcome::Flawed;
        }
        if args.hub.json {
            let mut told = told;
            told["file"] = path.display().to_string().into();
            say(&told)?;
        } else {
            line(&text(&path, &told))?;
        }
    }
    Ok(outcome)
}

async fn ask(client: &Client, path: &Path) -> Result<Value, Fault> {
    let body = tokio::fs::read(path).await.map_err(|source| Fault::Read { path: path.into(), source })?;
    let root = client::document_of(&body).ok_or_else(|| no_root(path, &body))?;
    client.dry_run(&client::route_of(&root), body.into()).await
}

/// A document that would not even be looked at, such as one that is not taken in here or not from this role: the next may be.
fn turned_away(refusal: &Refusal) -> Value {
    let details = refusal
        .details
        .iter()
        .map(|flaw| json!({ "code": flaw.code, "message": flaw.message, "innererror": { "lineNumber": flaw.line } }));
    let details: Vec<Value> = details.collect();
    json!({ "verdict": "refused", "error": { "code": refusal.code, "message": refusal.message, "details": details } })
}

fn is_fine(told: &Value) -> bool {
    told["verdict"] != "refused" && items(&told["records"]).all(|record| record["status"] == "accepted")
}

/// What the hub told, for people: the verdict, then each flaw, or each record with the reasons it would be given.
fn text(path: &Path, told: &Value) -> String {
    let mut lines = vec![format!("would be {}  {}", word(&told["verdict"]), path.display())];
    let error = &told["error"];
    let details = items(&error["details"]).count();
    let flaws: Vec<&Value> = if details > 0 { items(&error["details"]).collect() } else { vec![error] };
    for flaw in flaws.into_iter().filter(|flaw| flaw.is_object()) {
        let place = match flaw["innererror"]["lineNumber"].as_u64() {
            Some(number) => format!("line {number}: "),
            None => String::new(),
        };
        lines.push(format!("  {} {place}{}", word(&flaw["code"]), word(&flaw["message"])));
    }
    for record in items(&told["records"]) {
        let broken: Vec<&str> = items(&record["broken"]).map(word).collect();
        lines.push(
            format!("  {} {} {}", word(&record["id"]), word(&record["status"]), broken.join(" ")).trim_end().into(),
        );
    }
    for answer in items(&told["answers"]) {
        lines.push(format!("  -> {} {}", word(&answer["document"]), word(&answer["process"])));
        let reasons = items(&answer["records"]).flat_map(|record| items(&record["reasons"]));
        lines.extend(reasons.map(|reason| format!("     {} {}", word(&reason["code"]), word(&reason["text"]))));
    }
    lines.join("\n")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_each_flaw_or_each_record_with_its_reasons() {
        let flaw =
            |line| json!({"code": "SchemaValidationError", "message": "/A: no", "innererror": {"lineNumber": line}});
        let refused = json!({"verdict": "refused", "error": {"code": "B2B-005", "message": "two flaws", "details": [flaw(3), flaw(4)]}});
        insta::assert_snapshot!(text(Path::new("a.xml"), &refused), @r"
        would be refused  a.xml
          SchemaValidationError line 3: /A: no
          SchemaValidationError line 4: /A: no
        ");
        assert!(!is_fine(&refused));
        let refusal =
            Refusal::read(404, String::new(), br#"{"error": {"code": "NotFound", "message": "no such document"}}"#);
        let elsewhere = turned_away(&refusal);
        insta::assert_snapshot!(text(Path::new("c.xml"), &elsewhere), @r"
        would be refused  c.xml
          NotFound no such document
        ");
        assert!(!is_fine(&elsewhere));
        let reason = json!({"code": "E0I", "text": "VR.679: no such charge"});
        let rejected = json!({
            "verdict": "accepted",
            "records": [{"id": "op-1", "status": "rejected", "broken": ["VR.679"]}, {"id": "op-2", "status": "accepted", "broken": []}],
            "answers": [{"document": "RejectRequestChangeOfPriceList", "process": "D08", "records": [{"reasons": [reason]}]}],
        });
        insta::assert_snapshot!(text(Path::new("b.xml"), &rejected), @r"
        would be accepted  b.xml
          op-1 rejected VR.679
          op-2 accepted
          -> RejectRequestChangeOfPriceList D08
             E0I VR.679: no such charge
        ");
        assert!(!is_fine(&rejected));
        assert!(is_fine(&json!({"verdict": "duplicate"})));
    }
}
