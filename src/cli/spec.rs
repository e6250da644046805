//! `gridpost spec`: which documents the gateway knows.

use anyhow::Result;
use clap::Subcommand;

use super::Outcome;
use super::config::Config;
use crate::process;
use crate::spec::Schema;

/// Shows which documents the gateway has schemas for.
#[derive(Debug, Subcommand)]
pub enum SpecCommand {
    /// Lists the documents: their namespace, and the routes under which they are taken in.
    List {
        /// One line of JSON for each document.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: &SpecCommand, config: &Config) -> Result<Outcome> {
    let SpecCommand::List { json } = command;
    let specs = config.specs()?;
    for namespace in specs.iter().map(Schema::namespace) {
        let incoming = process::DOCUMENTS.iter().find(|document| document.namespace == namespace);
        let routes: Vec<String> = incoming
            .map(|document| document.routes.iter().map(|route| format!("/v1.0/cim/{route}")).collect())
            .unwrap_or_default();
        if *json {
            println!("{}", serde_json::json!({ "namespace": namespace, "routes": routes }));
        } else if routes.is_empty() {
            println!("{namespace}\n    sent, not taken in");
        } else {
            println!("{namespace}\n    POST {}", routes.join(", POST "));
        }
    }
    Ok(Outcome::Fine)
}
