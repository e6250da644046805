//! `gridpost certs`: makes or shows the toy certificates, and issues toy tokens. For laptops and tests only.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::Outcome;
use super::local::machine_now;
use crate::certs;
use crate::identity::Issuer;
use crate::market::{ActorNumber, ActorRole, Party};

/// Make or show toy certificates
#[derive(Debug, clap::Args)]
pub struct Certs {
    /// Where they lie; what is there stays
    #[arg(long, default_value = "certs", value_name = "DIR")]
    pub dir: PathBuf,
    /// An actor that needs a client certificate, such as 8200000000011:DDM
    #[arg(long = "actor", value_name = "NUMBER:ROLE", value_parser = party)]
    pub actors: Vec<Party>,
    /// A client that needs a bearer token, such as CLIENT-ID:DDM
    #[arg(long = "token", value_name = "CLIENT:ROLE", value_parser = client)]
    pub tokens: Vec<(String, ActorRole)>,
    /// Hours that the tokens are valid
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub hours: u32,
    /// One JSON object per line on standard output
    #[arg(long)]
    pub json: bool,
}

/// Makes what is missing, and says where everything lies.
pub fn run(args: &Certs) -> anyhow::Result<Outcome> {
    let now = machine_now();
    let server = certs::server_certificate(&args.dir, now).context("make the server's certificate")?;
    let issuer = Issuer::create_or_load(&args.dir).context("make the issuer of tokens")?;
    let receipts = certs::receipt_key(&args.dir).context("make the key for receipts")?;
    show(args, "authority", json!({ "path": server.authority }));
    show(args, "server", json!({ "path": server.files.chain, "key": server.files.key }));
    show(args, "receipts", json!({ "path": receipts.public, "key": receipts.private }));
    for party in &args.actors {
        let made = certs::actor_certificate(&args.dir, party, now)
            .with_context(|| format!("make the certificate of {party}"))?;
        let files = json!({ "path": made.files.chain, "key": made.files.key, "fingerprint": made.fingerprint });
        show(args, &party.to_string(), files);
    }
    for (client, role) in &args.tokens {
        let ttl = Duration::from_secs(u64::from(args.hours) * 3600);
        let token = issuer.issue(client, &[*role], now, ttl).context("issue a token")?;
        show(args, client, json!({ "role": role.code(), "token": token }));
    }
    Ok(Outcome::Fine)
}

fn show(args: &Certs, name: &str, mut about: Value) {
    if args.json {
        about["name"] = json!(name);
        return println!("{about}");
    }
    println!("{name}");
    for (key, value) in about.as_object().into_iter().flatten() {
        println!("  {key:12} {}", value.as_str().unwrap_or_default());
    }
}

fn party(text: &str) -> Result<Party, String> {
    let (number, role) = client(text)?;
    if !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') || !(1..=16).contains(&number.len()) {
        return Err("an actor number is 1 to 16 letters, digits and hyphens".into());
    }
    Ok(Party { number: ActorNumber::new(number), role })
}

fn client(text: &str) -> Result<(String, ActorRole), String> {
    let (name, code) = text.split_once(':').ok_or("give it as NAME:ROLE, with a role code such as DDM")?;
    let role = ActorRole::from_code(code).ok_or_else(|| format!("{code} is no role code"))?;
    Ok((name.into(), role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_named_by_number_and_role_code() {
        assert_eq!(party("8200000000011:DDM").unwrap().to_string(), "8200000000011/DDM");
        for wrong in ["8200000000011", "8200000000011:XXX", "../up:DDM", ":DDM"] {
            assert!(party(wrong).is_err(), "{wrong}");
        }
    }
}
