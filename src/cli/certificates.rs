//! `gridpost process certificate`: which client certificate speaks for which participant (post-office 2.4, 5.1).

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use super::output::{parse_instant, party};
use super::process::show;
use super::{Outcome, audited};
use crate::certs;
use crate::gateway::{self, CertificateFault, CertificateOrder, Clock, Question};
use crate::market::Timestamp;
use crate::process::Market;
use crate::process::charges::view::EVERYTHING;
use crate::process::participants::{Assignment, Certificate, Thumbprint};
use crate::record;
use crate::store::{Embedded, Store};

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

pub fn run(store: &Embedded, market: &Market, what: &Certificates, json: bool) -> Result<Outcome> {
    let order = match what {
        Certificates::List => return list(store, market, json),
        Certificates::Assign { number, role, certificate, from, until, others_until, sequence } => {
            let (from, until) = (from.unwrap_or_else(|| Clock::machine().now()), until.unwrap_or(Timestamp::OPEN_END));
            if until <= from {
                bail!("assign a certificate: it would end at {until}, which is not later than {from}, when it begins");
            }
            let party = party("assign a certificate", number, role)?;
            let certificate = Certificate { thumbprint: thumbprint(certificate)?, party, from, until };
            CertificateOrder::Assign(Assignment { certificate, sequence: *sequence, others_until: *others_until })
        }
        Certificates::Withdraw { certificate } => CertificateOrder::Withdraw(thumbprint(certificate)?),
    };
    let done = match &order {
        CertificateOrder::Assign(Assignment { certificate, .. }) => audited::entry(
            "process certificate assign",
            format!("{} {}", certificate.party, certificate.thumbprint.as_str()),
        ),
        CertificateOrder::Withdraw(thumbprint) => audited::entry("process certificate withdraw", thumbprint.as_str()),
    };
    let mut batch = match order.plan(store) {
        Ok(batch) => batch,
        Err(CertificateFault::Fault(fault)) => return Err(fault.into()),
        Err(refusal) => bail!("change certificates: {refusal}"),
    };
    if !batch.changes.is_empty() {
        batch.put_all([done.put()]);
    }
    match store.commit(batch)? {
        record::Outcome::Committed(_) => list(store, market, json),
        record::Outcome::Conflict(_) => bail!("change certificates: they have changed meanwhile; try again"),
    }
}

fn list(store: &Embedded, market: &Market, json: bool) -> Result<Outcome> {
    let answer = gateway::ask(store, market, &Question::Certificates { cut: EVERYTHING })?;
    show(&answer.unwrap_or_default().rows, json)
}

fn thumbprint(text: &str) -> Result<Thumbprint> {
    if let Some(thumbprint) = Thumbprint::parse(text) {
        return Ok(thumbprint);
    }
    let chain = certs::read_chain(Path::new(text)).with_context(|| {
        format!("find the certificate {text}, which is no SHA-256 thumbprint of 64 hexadecimal digits")
    })?;
    if certs::validity(&chain[0]).is_none() {
        bail!("read the certificate in {text}: what stands there is none, though it is marked as one");
    }
    Thumbprint::parse(&certs::fingerprint(&chain[0])).context("read the certificate's thumbprint")
}
