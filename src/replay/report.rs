//! What a replay tells: a line for each file, a line for each outgoing document, as text or JSON (design 7).

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::document::Summary;
use crate::gateway::parked::{Parked, What};
use crate::gateway::{Peeked, Receipt};
use crate::market::Party;

/// One line of a replay's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Line {
    File(FileLine),
    Order(OrderLine),
    Outgoing(OutgoingLine),
    Parked(ParkedLine),
}

/// What was set aside through a bug of ours, and is neither answered nor done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedLine {
    /// By which `gridpost queue` knows it.
    pub parked: String,
    /// A document by its name, a timer by its kind, an errand by what it does.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    pub cause: String,
}

/// What became of an operator's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    pub file: String,
    /// As `gridpost process orders` shows it; nothing when it was refused.
    pub order: Option<Value>,
    pub refused: Vec<Value>,
    /// What became of each accounting point.
    pub points: Vec<Value>,
}

/// How one file was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLine {
    pub file: String,
    /// The status that HTTP would have answered with.
    pub status: u16,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    pub errors: Vec<ErrorLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorLine {
    /// The code at the top of the error document.
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// One document as its receiver fetched it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingLine {
    pub receiver: String,
    pub role: String,
    pub category: String,
    pub document: String,
    /// Business reason, `process.processType`.
    pub process: String,
    pub message_id: String,
    pub records: Vec<RecordLine>,
    /// Where it was written; null without `--out`.
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordLine {
    pub id: String,
    pub status: &'static str,
    pub reasons: Vec<ReasonLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonLine {
    pub code: String,
    pub text: String,
}

impl FileLine {
    pub fn new(path: &Path, receipt: &Receipt) -> Self {
        let file = path.display().to_string();
        let error = match receipt {
            Receipt::Accepted(received) => {
                return Self { file, status: 202, duplicate: received.duplicate, errors: Vec::new() };
            }
            Receipt::Refused { error, .. } => error,
        };
        let line = |each: &crate::gateway::Error, detail| ErrorLine {
            code: error.code.clone(),
            message: each.message.clone(),
            detail,
            line: each.line,
            column: each.column,
        };
        let errors = match &*error.details {
            [] => vec![line(error, None)],
            details => details.iter().map(|detail| line(detail, Some(detail.code.clone()))).collect(),
        };
        Self { file, status: 400, duplicate: false, errors }
    }
}

impl ParkedLine {
    pub fn new(parked: &Parked) -> Self {
        let (what, correlation_id) = match &parked.what {
            What::Document(entry) => (entry.document.clone(), Some(entry.correlation_id.clone())),
            What::Timer { kind, .. } => (kind.clone().unwrap_or_else(|| "timer".to_string()), None),
            What::Errand(name) => (name.to_string(), None),
        };
        Self { parked: parked.key.to_string(), what, correlation_id, cause: parked.cause.clone() }
    }
}

impl OutgoingLine {
    pub fn new(receiver: &Party, peeked: &Peeked, summary: &Summary, path: Option<&Path>) -> Self {
        let reason = |(code, text): &(String, String)| ReasonLine { code: code.clone(), text: text.clone() };
        let records = summary.records.iter().map(|record| RecordLine {
            id: record.id.clone(),
            status: record.status.name(),
            reasons: record.reasons.iter().map(reason).collect(),
        });
        Self {
            receiver: receiver.number.to_string(),
            role: receiver.role.code().to_string(),
            category: peeked.category.name().to_string(),
            document: peeked.document.clone(),
            process: summary.header.business_reason.clone(),
            message_id: peeked.message_id.clone(),
            records: records.collect(),
            path: path.map(|path| path.display().to_string()),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::File(file) => {
                let again = if file.duplicate { " (sent before; the first answer again)" } else { "" };
                write!(f, "{} {}{again}", file.status, file.file)?;
                for error in &file.errors {
                    let place = match (error.line, error.column) {
                        (Some(line), Some(column)) => format!(":{line}:{column}"),
                        _ => String::new(),
                    };
                    write!(f, "\n    {}{place} {}", error.code, error.message)?;
                }
                Ok(())
            }
            Line::Order(order) => {
                let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_string();
                match &order.order {
                    None => write!(f, "refused {}", order.file)?,
                    Some(row) => {
                        let done = if row["called_off"].is_null() { "ordered" } else { "called off" };
                        write!(f, "{done} {} {} {}", order.file, text(row, "order"), text(row, "kind"))?;
                    }
                }
                for refused in &order.refused {
                    let [rule, name, said, what] = ["rule", "name", "text", "what"].map(|name| text(refused, name));
                    write!(f, "\n    {rule} {name}: {said} ({what})")?;
                }
                for point in &order.points {
                    write!(f, "\n    {} {}", text(point, "metering_point"), text(point, "outcome"))?;
                    let why = point["why"].as_array().into_iter().flatten();
                    for why in why.filter_map(Value::as_str) {
                        write!(f, "\n      {why}")?;
                    }
                    let cancelled = point["cancelled"].as_array().map_or(0, Vec::len);
                    if cancelled > 0 {
                        write!(f, "\n      cancelled: {cancelled}")?;
                    }
                }
                Ok(())
            }
            Line::Parked(parked) => {
                let ParkedLine { what, correlation_id, cause, .. } = parked;
                let which = correlation_id.iter().map(|id| format!(" {id}")).collect::<String>();
                write!(f, "parked {what}{which}, which is neither answered nor done: {cause}")
            }
            Line::Outgoing(sent) => {
                write!(f, "    -> {} {} {} {}", sent.receiver, sent.role, sent.document, sent.process)?;
                for record in &sent.records {
                    write!(f, "\n         {} {}", record.id, record.status)?;
                    for reason in &record.reasons {
                        write!(f, "\n           {} {}", reason.code, reason.text)?;
                    }
                }
                Ok(())
            }
        }
    }
}
