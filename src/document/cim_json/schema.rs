//! JSON Schemas (draft 07) of documents, made from their XSDs: each says of names, arrays, codes and lengths what the XSD
//! says, in the form in which the document stands in JSON. What the XSD says besides, of patterns, ranges and digits, is
//! checked all the same when a document comes in.

use serde_json::{Map, Value, json};

use super::{Bare, Form};
use crate::spec::{Part, Schema, Values};

/// The schema of the documents that begin with this root element, by its name with or without `_MarketDocument`.
pub fn json_schema(schema: &Schema, name: &str) -> Option<Value> {
    let root = schema.root_part(name).or_else(|| schema.root_part(&format!("{name}_MarketDocument")))?;
    Some(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": schema.namespace(),
        "title": root.name(),
        "type": "object",
        "additionalProperties": false,
        "required": [root.name()],
        "properties": { root.name(): group(root, &mut Vec::new()) },
    }))
}

/// An object of the elements of a part; `above` are those that it stands in.
fn group<'s>(part: Part<'s>, above: &mut Vec<Part<'s>>) -> Value {
    if above.iter().any(|it| it.is_like(part)) {
        // A type that holds itself is described once.
        return json!({ "type": "object" });
    }
    above.push(part);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for child in part.children() {
        let one = element(child, part.name(), above);
        let must = part.requires(child);
        let property = match child.repeats {
            true => json!({ "type": "array", "minItems": usize::from(must), "items": one }),
            false => one,
        };
        required.extend(must.then(|| child.name()));
        properties.insert(child.name().to_string(), property);
    }
    above.pop();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn element<'s>(part: Part<'s>, parent: &str, above: &mut Vec<Part<'s>>) -> Value {
    match Form::of(part, parent) {
        Form::Group => group(part, above),
        Form::Bare(bare) => text(bare, part.values()),
        Form::Valued(bare) => {
            let mut properties = Map::new();
            let mut required = vec!["value"];
            for (name, must, values) in part.described_attributes() {
                required.extend(must.then_some(name));
                properties.insert(name.to_string(), text(Bare::Text, values));
            }
            properties.insert("value".to_string(), text(bare, part.values()));
            json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
        }
    }
}

fn text(bare: Bare, values: Values) -> Value {
    let mut described = match bare {
        Bare::Text => json!({ "type": "string" }),
        Bare::Boolean => json!({ "type": "boolean" }),
        Bare::Number { whole } => return json!({ "type": if whole { "integer" } else { "number" } }),
    };
    if !values.codes.is_empty() {
        described["enum"] = values.codes.into();
        return described;
    }
    for (keyword, length) in [("minLength", values.length_min), ("maxLength", values.length_max)] {
        if let Some(length) = length {
            described[keyword] = length.into();
        }
    }
    described
}
