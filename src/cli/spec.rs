//! `gridpost spec`: which documents the gateway knows, what is in them, and which schemas it could know.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Subcommand;

use super::Outcome;
use super::check::load_schemas;
use super::config::Config;
use crate::document::{self, cim_json, ebix};
use crate::process::{self, Incoming};
use crate::spec::{Field, Schema, SchemaFault, Specs};

/// Shows the documents that the gateway has schemas for, and tries other schemas.
#[derive(Debug, Subcommand)]
pub enum SpecCommand {
    /// Lists the documents: their namespace, and the routes under which they are taken in. Those in ebIX stand at the end.
    List {
        /// One line of JSON for each document.
        #[arg(long)]
        json: bool,
    },
    /// Shows the fields of one document as a tree: `?` may be absent, `*` may repeat or be absent, `+` may repeat.
    Show {
        /// Name of the document, with or without its ending, or its namespace.
        document: String,
        /// An XSD to look into instead of the built-in ones; may be given more than once.
        #[arg(long, value_name = "XSD")]
        schema: Vec<PathBuf>,
    },
    /// Prints the JSON Schema (draft 07) of one document in CIM JSON. A gateway serves the same under /schemas.
    JsonSchema {
        /// Name of the document, with or without its ending, such as RequestChangeOfSupplier.
        document: String,
    },
    /// Loads schemas, each with all the others at hand, and says what each describes or why it is refused.
    Check {
        /// One line of JSON for each schema: its file, whether it loads, and if not the kind of fault and a message.
        #[arg(long)]
        json: bool,
        #[arg(required = true, value_name = "XSD")]
        schemas: Vec<PathBuf>,
    },
}

pub fn run(command: &SpecCommand, config: &Config) -> Result<Outcome> {
    match command {
        SpecCommand::List { json } => list(&config.specs()?, *json),
        SpecCommand::Show { document, schema } if schema.is_empty() => {
            let specs = config.specs()?;
            let root = ebix::root_of_namespace(document).unwrap_or(document);
            show(specs.iter().chain(document::ebix_schema(root)), document)
        }
        SpecCommand::Show { document, schema } => show(load_schemas(schema)?.iter(), document),
        SpecCommand::JsonSchema { document } => json_schema(&config.specs()?, document),
        SpecCommand::Check { json, schemas } => check(schemas, *json),
    }
}

fn list(specs: &Specs, json: bool) -> Result<Outcome> {
    let in_cim = specs.iter().map(|schema| {
        let namespace = schema.namespace();
        let incoming = process::documents().find(|document| document.namespace == namespace);
        (namespace.to_string(), schema.roots().collect(), routes(incoming, None))
    });
    let in_ebix = document::ebix_roots().map(|root| {
        let twin = ebix::cim_name(root);
        let incoming = process::documents().find(|document| Some(document.name) == twin);
        (ebix::namespace(root), vec![root], routes(incoming, Some("/ebix")))
    });
    for (namespace, documents, routes) in in_cim.chain(in_ebix) {
        let documents: Vec<&str> = documents;
        if json {
            println!("{}", serde_json::json!({ "namespace": namespace, "documents": documents, "routes": routes }));
        } else if routes.is_empty() {
            println!("{namespace}\n    {}\n    sent, not taken in", documents.join(", "));
        } else {
            println!("{namespace}\n    {}\n    POST {}", documents.join(", "), routes.join(", POST "));
        }
    }
    Ok(Outcome::Fine)
}

/// Where a document is taken in; nowhere where it is only sent.
fn routes(incoming: Option<&Incoming>, besides: Option<&str>) -> Vec<String> {
    let Some(document) = incoming else { return Vec::new() };
    let routes = document.routes.iter().map(|route| format!("/v1.0/cim/{route}"));
    routes.chain(besides.map(str::to_string)).collect()
}

fn show<'s>(schemas: impl Iterator<Item = &'s Schema>, wanted: &str) -> Result<Outcome> {
    for schema in schemas {
        let named = |root: &&str| *root == wanted || root.strip_suffix("_MarketDocument") == Some(wanted);
        let roots: Vec<&str> = match schema.namespace() == wanted {
            true => schema.roots().collect(),
            false => schema.roots().filter(named).collect(),
        };
        for field in roots.iter().filter_map(|root| schema.fields(root)) {
            println!("namespace {}\n{}", schema.namespace(), tree(&field));
        }
        if !roots.is_empty() {
            return Ok(Outcome::Fine);
        }
    }
    bail!("find a schema of {wanted}; `gridpost spec list` shows those that there are")
}

fn json_schema(specs: &Specs, document: &str) -> Result<Outcome> {
    match specs.iter().find_map(|schema| cim_json::json_schema(schema, document)) {
        Some(schema) => println!("{}", serde_json::to_string_pretty(&schema)?),
        None => bail!("find a document called {document}; `gridpost spec list` shows those that there are"),
    }
    Ok(Outcome::Fine)
}

/// A line for each field, below the one it stands in.
fn tree(field: &Field) -> String {
    let mut text = String::new();
    branch(field, "", "", &mut text);
    text
}

fn branch(field: &Field, lead: &str, below: &str, text: &mut String) {
    let often = match (field.required, field.repeats) {
        (true, false) => "",
        (false, false) => "?",
        (true, true) => "+",
        (false, true) => "*",
    };
    let value = field.value.as_ref().map(|value| format!("  {value}")).unwrap_or_default();
    let again = if field.recurs { "  as above" } else { "" };
    *text += &format!("{lead}{}{often}{value}{again}\n", field.name);
    for (at, inner) in field.fields.iter().enumerate() {
        let (branches, spaces) = if at + 1 < field.fields.len() { ("├─ ", "│  ") } else { ("└─ ", "   ") };
        branch(inner, &format!("{below}{branches}"), &format!("{below}{spaces}"), text);
    }
}

fn check(paths: &[PathBuf], json: bool) -> Result<Outcome> {
    let mut outcome = Outcome::Fine;
    for at in 0..paths.len() {
        let mut order = paths.to_vec();
        order.swap(0, at);
        let file = paths[at].display();
        match load_schemas(&order) {
            Ok(schemas) => {
                let schema = &schemas[0];
                let documents: Vec<&str> = schema.roots().collect();
                let missing = schema.missing();
                if json {
                    let namespace = schema.namespace();
                    println!(
                        "{}",
                        serde_json::json!({ "file": file.to_string(), "loads": true, "namespace": namespace, "documents": documents, "missing": missing })
                    );
                } else {
                    println!(
                        "{file}: loads; describes {}{}",
                        if documents.is_empty() { "no document".into() } else { documents.join(", ") },
                        if missing.is_empty() { String::new() } else { format!("; without {}", missing.join(", ")) }
                    );
                }
            }
            Err(error) => {
                let Some(fault) = error.chain().find_map(|cause| cause.downcast_ref::<SchemaFault>()) else {
                    return Err(error);
                };
                outcome = Outcome::Flawed;
                if json {
                    let (kind, message) = (fault.kind(), fault.to_string());
                    println!(
                        "{}",
                        serde_json::json!({ "file": file.to_string(), "loads": false, "fault": { "kind": kind, "message": message } })
                    );
                } else {
                    println!("{file}: refused ({}): failed to {fault}", fault.kind());
                }
            }
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Sources;

    #[test]
    fn documents_are_shown_in_ebix_as_well() {
        let shown = |document: &str| {
            let command = SpecCommand::Show { document: document.into(), schema: Vec::new() };
            run(&command, &Config::default()).is_ok()
        };
        assert!(shown("DK_RequestChangeOfSupplier"));
        assert!(shown("un:unece:260:data:EEM-DK_RequestChangeOfSupplier:v3"));
        assert!(shown("RequestChangeOfSupplier"));
        assert!(!shown("DK_RequestChangeOfWeather"));
    }

    #[test]
    fn a_document_is_shown_as_a_tree() {
        let schema = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" xmlns:t="urn:t">
            <xs:element name="letter"><xs:complexType><xs:sequence>
              <xs:element name="id" type="xs:NMTOKEN"/>
              <xs:element name="line" maxOccurs="unbounded"><xs:complexType><xs:sequence>
                <xs:element name="price" type="t:Price" minOccurs="0"/></xs:sequence>
                <xs:attribute name="kind" type="t:Kind" use="required"/></xs:complexType></xs:element>
              <xs:element ref="t:letter" minOccurs="0"/>
            </xs:sequence></xs:complexType></xs:element>
            <xs:simpleType name="Price"><xs:restriction base="xs:decimal"><xs:fractionDigits value="2"/></xs:restriction></xs:simpleType>
            <xs:simpleType name="Kind"><xs:restriction base="xs:string"><xs:enumeration value="A01"/><xs:enumeration value="A02"/></xs:restriction></xs:simpleType>
          </xs:schema>"#;
        let schema = Schema::load(&Sources::table(&[("t.xsd", schema)]), "t.xsd").unwrap();
        insta::assert_snapshot!(tree(&schema.fields("letter").unwrap()), @"
        letter
        ├─ id  a word of letters, digits and .-_:
        ├─ line+
        │  ├─ @kind  one of A01 A02
        │  └─ price?  a decimal number such as 12.50, at most 2 behind the point
        └─ letter?  as above
        ");
    }
}
