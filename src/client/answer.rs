//! Reading an error document, in JSON or XML, so that it can be shown to a person.

use std::fmt;

use serde_json::Value;

/// A request that the hub refused, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    pub target: Option<String>,
    pub details: Vec<Flaw>,
    /// Quote it when you ask the hub's operator.
    pub correlation_id: String,
}

/// One of several reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flaw {
    pub code: String,
    pub message: String,
    pub target: Option<String>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// Most bytes of an answer that is no error document which are shown.
const RAW_CHARS_MAX: usize = 300;

impl Refusal {
    /// Reads what came with an error status; anything unknown is shown as it is, cut short.
    pub fn read(status: u16, correlation_id: String, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut refusal = of_json(&text).or_else(|| of_xml(&text)).unwrap_or_else(|| Refusal {
            message: text.trim().chars().take(RAW_CHARS_MAX).collect(),
            ..Refusal::default()
        });
        (refusal.status, refusal.correlation_id) = (status, correlation_id);
        refusal
    }

    /// Every reason: the details, or the refusal itself when it has none.
    pub fn flaws(&self) -> Vec<Flaw> {
        if !self.details.is_empty() {
            return self.details.clone();
        }
        let (code, message, target) = (self.code.clone(), self.message.clone(), self.target.clone());
        vec![Flaw { code, message, target, line: None, column: None }]
    }
}

/// The head in one line, then a line for each detail.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.message)?;
        if let Some(target) = &self.target {
            write!(f, " [{target}]")?;
        }
        self.details.iter().try_for_each(|flaw| write!(f, "\n  {flaw}"))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            _ => {}
        }
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(target) = &self.target {
            write!(f, " [{target}]")?;
        }
        Ok(())
    }
}

fn of_json(text: &str) -> Option<Refusal> {
    let document: Value = serde_json::from_str(text).ok()?;
    let error = document.get("error")?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_string);
    let details = error["details"].as_array().into_iter().flatten().map(|detail| Flaw {
        code: text(detail, "code").unwrap_or_default(),
        message: text(detail, "message").unwrap_or_default(),
        target: text(detail, "target"),
        line: detail["innererror"]["lineNumber"].as_u64().map(|line| line as u32),
        column: detail["innererror"]["linePosition"].as_u64().map(|column| column as u32),
    });
    Some(Refusal {
        code: text(error, "code")?,
        message: text(error, "message").unwrap_or_default(),
        target: text(error, "target"),
        details: details.collect(),
        ..Refusal::default()
    })
}

fn of_xml(text: &str) -> Option<Refusal> {
    let document = roxmltree::Document::parse(text).ok()?;
    let root = document.root_element();
    if root.tag_name().name() != "Error" {
        return None;
    }
    let child = |node: roxmltree::Node<'_, '_>, name: &str| {
        let found = node.children().find(|child| child.tag_name().name() == name)?;
        found.text().map(str::to_string)
    };
    let details = root.children().filter(|node| node.tag_name().name() == "Details");
    let details = details.flat_map(|node| node.children()).filter(|node| node.is_element()).map(|node| {
        let place = node.children().find(|child| child.tag_name().name() == "InnerError");
        let number = |name: &str| place.and_then(|place| child(place, name)).and_then(|text| text.parse().ok());
        Flaw {
            code: child(node, "Code").unwrap_or_default(),
            message: child(node, "Message").unwrap_or_default(),
            target: child(node, "Target"),
            line: number("LineNumber"),
            column: number("LinePosition"),
        }
    });
    Some(Refusal {
        code: child(root, "Code").unwrap_or_default(),
        message: child(root, "Message").unwrap_or_default(),
        target: child(root, "Target"),
        details: details.collect(),
        ..Refusal::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_document_reads_the_same_from_json_and_from_xml() {
        let error = r#"{"error":{"code":"B2B-005","message":"Not valid.","target":"x","details":[{"code":"SchemaValidationError","message":"Expected <mRID>.","innererror":{"lineNumber":22,"linePosition":17}}]}}"#;
        let json = Refusal::read(400, "c-1".into(), error.as_bytes());
        let xml = Refusal::read(400, "c-1".into(), b"<Error><Code>B2B-005</Code><Message>Not valid.</Message><Target>x</Target><Details><Error><Code>SchemaValidationError</Code><Message>Expected &lt;mRID&gt;.</Message><InnerError><LineNumber>22</LineNumber><LinePosition>17</LinePosition></InnerError></Error></Details></Error>");
        assert_eq!(json, xml);
        insta::assert_snapshot!(json, @r"
        400 B2B-005: Not valid. [x]
          line 22, column 17: SchemaValidationError: Expected <mRID>.
        ");
    }

    #[test]
    fn what_the_door_writes_reads_back() {
        use crate::gateway::Error;
        use crate::http::{Format, body_of};
        let detail =
            Error { code: "D".into(), message: "a < b & c".into(), line: Some(3), column: Some(9), ..Error::default() };
        let error = Error { code: "C".into(), message: "m".into(), details: vec![detail], ..Error::default() };
        let [xml, json] = [Format::Xml, Format::Json]
            .map(|f| Refusal::read(400, String::new(), body_of(&error, f, "c-1").as_bytes()));
        assert_eq!(xml, json);
        assert_eq!((xml.details[0].line, &*xml.details[0].message), (Some(3), "a < b & c"));
    }

    #[test]
    fn an_answer_of_a_stranger_is_shown_as_it_is() {
        let html = Refusal::read(502, String::new(), b"<html>Bad gateway</html>");
        assert_eq!(html.message, "<html>Bad gateway</html>");
        assert_eq!(Refusal::read(500, String::new(), b"").message, "");
    }
}
