//! Error documents: what a refused request is answered with, in XML, in JSON or as ebIX has it (post-office 2.6.1,
//! charges 2.1).

use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::accept;
use crate::document::Wire;
use crate::gateway::{self, Error};

/// A refusal with its status: becomes an answer once the format is known.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub error: Box<Error>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Which form an error document takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Xml,
    Json,
    /// What a SOAP fault holds.
    Ebix,
}

impl From<gateway::Fault> for Problem {
    fn from(fault: gateway::Fault) -> Self {
        Self::fault(&fault)
    }
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let error = Error { code: code.into(), message: message.into(), ..Error::default() };
        Self { status, error: Box::new(error), headers: Vec::new() }
    }

    /// A document that was refused.
    pub fn refused(error: Error) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: Box::new(error), headers: Vec::new() }
    }

    /// Our world failed. The cause is for the log; the caller hears whether to try again.
    pub fn fault(fault: &gateway::Fault) -> Self {
        match fault {
            gateway::Fault::Busy { again_in, .. } => {
                let message = "Too much waits for its decision. Try again after the seconds in Retry-After.";
                Self::busy(message, *again_in)
            }
            gateway::Fault::Cataloguing => {
                let message = "The archive is being catalogued anew. Try again after the seconds in Retry-After.";
                Self::busy(message, CATALOGUED_IN)
            }
            gateway::Fault::Hanging { .. } => {
                tracing::error!(error = fault as &dyn std::error::Error, "failed to answer a request in time");
                let message = "The disk does not answer at the moment. What you asked for may have been done or not: send the same \
                               again, under the same ids, after the seconds in Retry-After.";
                Self::busy(message, SEEN_TO_IN)
            }
            gateway::Fault::Moving { .. } => {
                let message = "What this is about changes at this moment. Try again after the seconds in Retry-After.";
                Self::busy(message, CHANGED_IN)
            }
            gateway::Fault::Stopping => Self::busy("The gateway is about to be started again.", STARTED_AGAIN_IN),
            fault => {
                tracing::error!(error = fault as &dyn std::error::Error, "failed to answer a request");
                match fault {
                    gateway::Fault::Store { source, .. } if source.stops_writing() => {
                        let message = "Nothing can be written down at the moment, so nothing is taken in or given out. It is safe \
                                       to try again after the seconds in Retry-After.";
                        Self::busy(message, SEEN_TO_IN)
                    }
                    gateway::Fault::Store { source, .. } if source.is_unread() => {
                        let message = "What this needs cannot be read at the moment. It is safe to try again after the seconds in \
                                       Retry-After.";
                        Self::busy(message, READ_AGAIN_IN)
                    }
                    fault if fault.is_damage() => {
                        let message = "What this needs has come to harm on our disk. Nothing was done. Asking again comes to the same \
                                       until an operator has mended it: quote the CorrelationId when you ask.";
                        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, message)
                    }
                    _ => Self::internal(),
                }
            }
        }
    }

    /// 503: something is short for everybody. With the time after which to try again.
    pub fn busy(message: &str, again_in: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message).again_in(again_in)
    }

    /// 429: the caller asks for more than its share. With the time after which to try again.
    pub fn too_many(message: &str, again_in: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).again_in(again_in)
    }

    /// In whole seconds, rounded up, and no less than one.
    fn again_in(mut self, again_in: Duration) -> Self {
        let seconds = again_in.as_secs() + u64::from(again_in.subsec_nanos() > 0);
        self.headers.push((RETRY_AFTER, HeaderValue::from(seconds.max(1))));
        self
    }

    pub fn internal() -> Self {
        let message = "Something failed on our side. It may have been done or not: send the same again, and quote the CorrelationId when you ask.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, message)
    }

    /// The same where nothing is done or kept whatever comes of it, such as a dry run.
    pub fn of_a_question(mut self) -> Self {
        if self.error.code == INTERNAL {
            self.error.message = "Something failed on our side while this was looked at, and nothing was done or kept. Asking again may come to the same: quote the CorrelationId when you ask what is wrong.".into();
        }
        self
    }

    pub fn target(mut self, target: &str) -> Self {
        self.error.target = Some(target.into());
        self
    }

    pub fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// The answer, but for its words: those [`word`] finds, once it is known what the request is called.
    pub fn answer(self, format: Format) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
        response.headers_mut().extend(self.headers);
        response.extensions_mut().insert(Unworded { error: self.error, format });
        response
    }
}

/// An error whose document is still to be written: an extension of its response.
#[derive(Debug, Clone)]
struct Unworded {
    error: Box<Error>,
    format: Format,
}

/// Gives a response its error document, if it is to have one; it names the request, whose header some clients never look at
/// (post-office 8.1, #271).
pub fn word(response: &mut Response, correlation_id: &str) {
    if let Some(Unworded { error, format }) = response.extensions_mut().remove() {
        *response.body_mut() = Body::from(body_of(&error, format, correlation_id));
    }
}

impl Format {
    /// What was asked for by name wins, then the form of the request, then JSON.
    pub fn of(headers: &HeaderMap) -> Self {
        let sent = || accept::content_type(headers).and_then(|name| accept::wire_of(&name));
        match accept::named(headers).or_else(sent) {
            Some(Wire::CimXml) => Format::Xml,
            Some(Wire::Ebix) => Format::Ebix,
            Some(Wire::CimJson) | None => Format::Json,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::Xml => "application/xml; charset=utf-8",
            Format::Json => "application/json; charset=utf-8",
            Format::Ebix => "text/xml; charset=utf-8",
        }
    }
}

/// The text of the error document that answers a request.
pub fn body_of(error: &Error, format: Format, correlation_id: &str) -> String {
    match format {
        Format::Json => {
            let mut told = json_of(error);
            told["innererror"]["correlationId"] = correlation_id.into();
            json!({ "error": told }).to_string()
        }
        Format::Xml => {
            let mut text = String::new();
            write_xml(error, Some(correlation_id), &mut text);
            text
        }
        Format::Ebix => {
            let mut text = String::from("<Error>");
            write_fault(error, correlation_id, &mut text);
            text.push_str("</Error>");
            text
        }
    }
}

/// What an ebIX client hears, with the codes that ebIX has: the first error, as clients know it, and all of them in the
/// detail (post-office 2.6.1, 8.2 row 13). The string names the request instead, where the code says little (2.6.4).
pub fn write_fault(error: &Error, request: &str, text: &mut String) {
    let own = std::slice::from_ref(error);
    let errors = if error.details.is_empty() { own } else { &error.details };
    let code = |each: &Error| ebix_code(&each.code).or_else(|| ebix_code(&error.code)).unwrap_or(FAILED).to_string();
    let first = code(&errors[0]);
    let says_little = [FAILED, NOT_DEQUEUED].contains(&&*first);
    let string = if says_little { request.to_string() } else { placed(&errors[0]) };
    let blamed = if ["VersionMismatch", "MustUnderstand"].contains(&&*error.code) { &error.code } else { "Client" };
    element("faultcode", &format!("soapenv:{blamed}"), text);
    element("faultstring", &format!("{first}:{string}"), text);
    text.push_str("<detail>");
    for each in errors {
        text.push_str("<fault>");
        element("ErrorCode", &code(each), text);
        element("ErrorText", &placed(each), text);
        text.push_str("</fault>");
    }
    text.push_str("</detail>");
}

/// An error in one text, with its place.
fn placed(error: &Error) -> String {
    match (error.line, error.column) {
        (Some(line), Some(column)) => format!("line {line}, position {column}: {}", error.message),
        (Some(line), None) => format!("line {line}: {}", error.message),
        (None, _) => error.message.clone(),
    }
}

/// The ebIX code of an error (post-office 2.6.3, market-roles 5.3).
fn ebix_code(code: &str) -> Option<&str> {
    Some(match code {
        "00001" | "00402" | "Forbidden" => "B2B-002",
        "00101" | "00201" | "00305" => "B2B-003",
        "00302" | "SchemaValidationError" => "B2B-005",
        "00401" | "00403" => "B2B-006",
        "00301" => "B2B-007",
        "00002" => "B2B-008",
        "00102" | "00202" | "00205" => "B2B-009",
        "00003" => "B2B-010",
        "00303" | "00304" => "B2B-011",
        _ => return Some(code).filter(|code| code.starts_with("B2B-")),
    })
}

/// Anything that has no code of its own.
const FAILED: &str = "B2B-900";
/// Our world failed.
const INTERNAL: &str = "INTERNAL_ERROR";
/// A message that is not there to be dequeued, or to be fetched again.
const NOT_DEQUEUED: &str = "B2B-201";

pub fn json_of(error: &Error) -> Value {
    let mut object = json!({ "code": error.code, "message": error.message });
    if let Some(target) = &error.target {
        object["target"] = json!(target);
    }
    if !error.details.is_empty() {
        object["details"] = error.details.iter().map(json_of).collect();
    }
    if let Some(line) = error.line {
        object["innererror"] = json!({ "lineNumber": line });
        if let Some(column) = error.column {
            object["innererror"]["linePosition"] = json!(column);
        }
    }
    object
}

fn write_xml(error: &Error, request: Option<&str>, text: &mut String) {
    text.push_str("<Error>");
    element("Code", &error.code, text);
    element("Message", &error.message, text);
    if let Some(target) = &error.target {
        element("Target", target, text);
    }
    if !error.details.is_empty() {
        text.push_str("<Details>");
        error.details.iter().for_each(|detail| write_xml(detail, None, text));
        text.push_str("</Details>");
    }
    if error.line.is_some() || request.is_some() {
        text.push_str("<InnerError>");
        if let Some(line) = error.line {
            let _ = write!(text, "<LineNumber>{line}</LineNumber>");
            if let Some(column) = error.column {
                let _ = write!(text, "<LinePosition>{column}</LinePosition>");
            }
        }
        if let Some(request) = request {
            element("CorrelationId", request, text);
        }
        text.push_str("</InnerError>");
    }
    text.push_str("</Error>");
}

/// Messages quote what was sent, so they may hold anything: what XML cannot carry becomes U+FFFD.
fn element(name: &str, value: &str, text: &mut String) {
    let _ = write!(text, "<{name}>");
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\r' => text.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => text.push(c),
            _ => text.push('\u{fffd}'),
        }
    }
    let _ = write!(text, "</{name}>");
}

/// What a restart takes, the end of what is under way included.
const STARTED_AGAIN_IN: Duration = Duration::from_secs(5);

/// When whoever searches may ask again; more of the archive is catalogued by then.
const CATALOGUED_IN: Duration = Duration::from_secs(30);

/// When what changes under one's eyes is worth another look.
const CHANGED_IN: Duration = Duration::from_secs(1);

/// When what could not be read is worth another try.
const READ_AGAIN_IN: Duration = Duration::from_secs(10);

/// When a client may look whether an operator has seen to the disk.
const SEEN_TO_IN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_error() -> Error {
        let detail = |message: &str, line| Error {
            code: "SchemaValidationError".into(),
            message: message.into(),
            line: Some(line),
            column: Some(17),
            ..Error::default()
        };
        Error {
            code: "B2B-005".into(),
            message: "The document does not follow its schema.".into(),
            details: vec![detail("'<x>' & \"more\" \u{1}", 22), detail("second", 23)],
            ..Error::default()
        }
    }

    #[test]
    fn a_schema_error_is_told_with_line_and_position() {
        insta::assert_snapshot!(body_of(&schema_error(), Format::Xml, "c-1"), @r#"<Error><Code>B2B-005</Code><Message>The document does not follow its schema.</Message><Details><Error><Code>SchemaValidationError</Code><Message>'&lt;x&gt;' &amp; "more" �</Message><InnerError><LineNumber>22</LineNumber><LinePosition>17</LinePosition></InnerError></Error><Error><Code>SchemaValidationError</Code><Message>second</Message><InnerError><LineNumber>23</LineNumber><LinePosition>17</LinePosition></InnerError></Error></Details><InnerError><CorrelationId>c-1</CorrelationId></InnerError></Error>"#);
        insta::assert_snapshot!(body_of(&schema_error(), Format::Ebix, "c-1"));
        let json: Value = serde_json::from_str(&body_of(&schema_error(), Format::Json, "c-1")).unwrap();
        assert_eq!(
            json["error"]["details"][1],
            json!({"code": "SchemaValidationError", "message": "second", "innererror": {"lineNumber": 23, "linePosition": 17}})
        );
        assert_eq!(json["error"]["innererror"], json!({"correlationId": "c-1"}));
        assert!(json["error"].get("target").is_none());
    }

    #[test]
    fn a_fault_never_tells_its_cause() {
        let problem = Problem::fault(&gateway::Fault::Reading { document: "RequestChangeOfPriceList" });
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body_of(&problem.error, Format::Xml, "c-1").contains("store"));
        assert!(problem.error.message.contains("may have been done"));
        let asked = problem.of_a_question();
        assert_eq!((asked.status.as_u16(), &*asked.error.code), (500, "INTERNAL_ERROR"));
        assert!(asked.error.message.contains("nothing was done") && !asked.error.message.contains("send the same"));
        let damage =
            crate::store::Fault::Corrupt { file: "j".into(), offset: 7, found: "dust".into(), advice: "mend it" };
        let harmed = Problem::fault(&gateway::Fault::Store { doing: "read", source: damage });
        assert_eq!((harmed.status, &*harmed.error.code), (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL));
        assert!(harmed.error.message.contains("come to harm") && !harmed.error.message.contains("dust"));
        for (millis, told) in [(1, "1"), (1_000, "1"), (1_001, "2"), (17_000, "17")] {
            let busy = gateway::Fault::Busy { waiting: 7, again_in: Duration::from_millis(millis) };
            let busy = Problem::fault(&busy).answer(Format::Json);
            assert_eq!((busy.status().as_u16(), busy.headers()[RETRY_AFTER].to_str().unwrap()), (503, told));
        }
    }

    #[test]
    fn the_request_decides_the_form_when_nothing_is_asked_for_by_name() {
        let rows = [
            (None, None, Format::Json),
            (Some("*/*"), Some("application/json"), Format::Json),
            (Some("application/json"), Some("application/xml"), Format::Json),
            (Some("text/xml"), Some("application/json"), Format::Xml),
            (None, Some("application/octet-stream"), Format::Json),
            (None, Some("application/ebix"), Format::Ebix),
            (Some("application/ebix, application/json;q=0.5"), Some("application/xml"), Format::Ebix),
        ];
        for (asked, sent, expected) in rows {
            let mut headers = HeaderMap::new();
            asked.map(|text| headers.insert("accept", HeaderValue::from_static(text)));
            sent.map(|text| headers.insert("content-type", HeaderValue::from_static(text)));
            assert_eq!(Format::of(&headers), expected, "{asked:?} {sent:?}");
        }
    }
}
