//! `gridpost process certificate`: which client certificate speaks for which participant (post-office 2.4, 5.1).

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::Outcome;
use super::output::parse_instant;
use super::process::show;
use crate::certs;
use crate::gateway::{CertificateFault, CertificateOrder, Clock};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::participants::{self, Assignment, Certificate, Thumbprint};
use crate::record;
use crate::store::{self, Embedded, Store};

/// Gives participants their client certificates and takes them away.
#[derive(Debug, Subcommand)]
pub enum Certificates {
    /// Every certificate that speaks for somebody.
    List,
    /// Lets a certificate speak for a participant, beside those that it has: so a new one is in use before the old one ends.
    Assign {
        /// Number of the participant.
        number: String,
        /// Its role by code, such as DDM.
        role: String,
        /// The certificate as a PEM file, or its SHA-256 thumbprint in hexadecimal.
        #[arg(value_name = "FILE|THUMBPRINT")]
        certificate: String,
        /// From when on [default: now].
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        from: Option<Timestamp>,
        /// Until when, excluded [default: until it is withdrawn; a certificate's own end is looked at in any case].
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        until: Option<Timestamp>,
        /// Lets the participant's other certificates end then.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        others_until: Option<Timestamp>,
        /// Number of this assignment, where they come from a registry that counts them: one that is not newer than the
        /// participant's last changes nothing [default: one more than the last].
        #[arg(long, value_name = "N")]
        sequence: Option<u64>,
    },
    /// Lets a certificate speak for nobody any longer, from the next request on.
    Withdraw {
        /// The certificate as a PEM file, or its SHA-256 thumbprint in hexadecimal.
        #[arg(value_name = "FILE|THUMBPRINT")]
        certificate: String,
    },
}

pub fn run(store: &Embedded, what: &Certificates, json: bool) -> Result<Outcome> {
    let order = match what {
        Certificates::List => return list(store, json),
        Certificates::Assign { number, role, certificate, from, until, others_until, sequence } => {
            let role = ActorRole::from_code(&role.to_ascii_uppercase())
                .ok_or_else(|| anyhow!("assign a certificate: there is no role {role}"))?;
            let (from, until) = (from.unwrap_or_else(|| Clock::machine().now()), until.unwrap_or(Timestamp::OPEN_END));
            let party = Party { number: ActorNumber::new(&**number), role };
            let certificate = Certificate { thumbprint: thumbprint(certificate)?, party, from, until };
            CertificateOrder::Assign(Assignment { certificate, sequence: *sequence, others_until: *others_until })
        }
        Certificates::Withdraw { certificate } => CertificateOrder::Withdraw(thumbprint(certificate)?),
    };
    let batch = match order.plan(store) {
        Ok(batch) => batch,
        Err(CertificateFault::Fault(fault)) => return Err(fault.into()),
        Err(refusal) => bail!("change certificates: {refusal}"),
    };
    match store.commit(batch)? {
        record::Outcome::Committed(_) => list(store, json),
        record::Outcome::Conflict(_) => bail!("change certificates: they have changed meanwhile; try again"),
    }
}

fn list(store: &Embedded, json: bool) -> Result<Outcome> {
    let mut rows: Vec<Value> = Vec::new();
    for record in store::records(store, &participants::every_certificate(), PAGE_RECORDS) {
        let (key, entry) = record.context("read the certificates")?;
        rows.push(row(&participants::read_certificate(&key, &entry)));
    }
    show(&rows, json)
}

fn row(certificate: &Certificate) -> Value {
    let Certificate { thumbprint, party, from, until } = certificate;
    json!({
        "number": party.number.as_str(), "role": party.role.code(), "thumbprint": thumbprint.as_str(),
        "from": from.to_string(), "until": (*until < Timestamp::OPEN_END).then(|| until.to_string()),
    })
}

fn thumbprint(text: &str) -> Result<Thumbprint> {
    if let Some(thumbprint) = Thumbprint::parse(text) {
        return Ok(thumbprint);
    }
    let chain = certs::read_chain(Path::new(text)).with_context(|| {
        format!("find the certificate {text}, which is no SHA-256 thumbprint of 64 hexadecimal digits")
    })?;
    Thumbprint::parse(&certs::fingerprint(&chain[0])).context("read the certificate's thumbprint")
}

/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
