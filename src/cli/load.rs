//! `gridpost load`: a load generator against a gateway that runs, and the world that it needs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use serde_json::json;

use super::Outcome;
use super::local::machine_now;
use super::output::parse_instant;
use super::participant;
use crate::client::load::{self, Latency, Plan, Progress, Report, Sender};
use crate::client::{self, Client};
use crate::identity::Issuer;
use crate::market::{ActorRole, Calendar, Timestamp, gln};

/// Sends small documents as many participants at once, peeks and dequeues the answers, and says how long it took.
///
/// Start a gateway with the participants first:
///
///   gridpost load --actors 100 --write-world load.toml
///   gridpost local --world load.toml --store load-store
///
/// Then, beside it:
///
///   gridpost load --to https://localhost:8443 --actors 100 --messages 200000
///
/// Each message creates a subscription of its own. Every answer is accounted for: exit 1 when one is lost, comes twice,
/// comes out of order, or when a message is refused.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Address of the gateway.
    #[arg(long, value_name = "URL", default_value = "https://localhost:8443")]
    to: String,
    /// PEM file of the authority to trust [default: the toy authority in --certs].
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Role in which each participant acts, sent as Market-Role [default: none is sent, for each token has one role].
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Folder of the toy issuer's key, with which `gridpost local` was started.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
    /// Participants that send at the same time.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=ACTORS_MAX))]
    actors: u64,
    /// Messages, all participants together.
    #[arg(long, default_value_t = 10_000)]
    messages: u64,
    /// Messages of one participant that are under way at a time; with more than one, order is not looked at.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    in_flight: u16,
    /// Messages a second, all participants together [default: as many as go].
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Nothing more is sent after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,
    /// Only sends; leaves the answers in the queues.
    #[arg(long)]
    no_drain: bool,
    /// Seconds to wait for an answer that does not come.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
    /// Tells the messages of this run from those of others [default: made from the time].
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// The instant that the gateway's clock shows, about [default: the machine's clock].
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
    /// The result as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Writes a world with the participants into FILE, and sends nothing.
    #[arg(long, value_name = "FILE")]
    write_world: Option<PathBuf>,
}

const ACTORS_MAX: u64 = 10_000;

pub fn run(args: &LoadArgs) -> Result<Outcome> {
    if let Some(path) = &args.write_world {
        std::fs::write(path, world(args.actors)).with_context(|| format!("write the world {}", path.display()))?;
        eprintln!("{} participants in {}", args.actors, path.display());
        return Ok(Outcome::Fine);
    }
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let report = runtime.block_on(load(args))?;
    if args.json {
        println!("{}", in_json(&report));
    } else {
        print!("{}", in_words(&report));
    }
    Ok(if report.is_sound() { Outcome::Fine } else { Outcome::Flawed })
}

async fn load(args: &LoadArgs) -> Result<Report> {
    let plan = Plan {
        route: "requestchangeofpricelist".into(),
        senders: senders(args)?,
        in_flight: args.in_flight.into(),
        rate: args.rate.filter(|rate| *rate > 0.0),
        duration: args.duration.map(Duration::from_secs),
        drain: !args.no_drain,
        patience: Duration::from_secs(args.patience),
    };
    let progress = Arc::new(Progress::default());
    let bar = participant::progress(args.messages * if args.no_drain { 1 } else { 2 });
    let shown = tokio::spawn({
        let (bar, progress) = (bar.clone(), progress.clone());
        async move {
            loop {
                let done = progress.accepted.load(Ordering::Relaxed) + progress.answered.load(Ordering::Relaxed);
                bar.set_position(done);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    });
    let report = load::run(plan, progress).await;
    shown.abort();
    bar.finish_and_clear();
    Ok(report?)
}

fn senders(args: &LoadArgs) -> Result<Vec<Sender>> {
    let issuer = Issuer::create_or_load(&args.certs)?;
    let now = machine_now();
    let authority = args.cacert.clone().or_else(|| {
        let toy = args.certs.join("authority.pem");
        toy.exists().then_some(toy)
    });
    let run = match &args.run {
        Some(run) if run.len() > RUN_LENGTH_MAX || !run.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            bail!("use --run {run}: it is 1 to {RUN_LENGTH_MAX} letters and digits")
        }
        Some(run) => run.clone(),
        None => base_36(now.seconds().unsigned_abs() % 36_u64.pow(RUN_LENGTH_MAX as u32)),
    };
    let zone = Calendar::new(chrono_tz::Europe::Copenhagen);
    let clock = args.clock.unwrap_or(now);
    let effective = zone.midnight_in_days(clock, 31);
    (0..args.actors)
        .map(|actor| {
            let token = issuer.issue(&external_id(actor), &[ActorRole::GridAccessProvider], now, TOKEN_LIFE)?;
            let settings = client::Settings {
                to: args.to.clone(),
                token: Some(token),
                role: args.role.clone(),
                authority: authority.clone(),
                ..client::Settings::default()
            };
            let (number, run) = (number(actor), run.clone());
            let document = move |message: u64| document(&number, &run, message, clock, effective);
            // The first ones send what does not divide.
            let documents = args.messages / args.actors + u64::from(actor < args.messages % args.actors);
            Ok(Sender { client: Client::new(&settings)?, document: Box::new(document), documents })
        })
        .collect()
}

/// A D18 that creates a subscription, and the id of its record.
fn document(sender: &str, run: &str, message: u64, now: Timestamp, effective: Timestamp) -> (Bytes, String) {
    let id = format!("{run}-{message}");
    let charge = format!("{run}{}", base_36(message));
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim="urn:ediel.org:structure:requestchangeofpricelist:0:1">
  <cim:mRID>{id}</cim:mRID>
  <cim:type>D10</cim:type>
  <cim:process.processType>D18</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">{sender}</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDM</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>{now}</cim:createdDateTime>
  <cim:MktActivityRecord>
    <cim:mRID>{id}</cim:mRID>
    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{sender}</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D01</cim:type>
        <cim:mRID>{charge}</cim:mRID>
        <cim:name>Load {id}</cim:name>
        <cim:description>A subscription that a load generator made</cim:description>
        <cim:priceTimeFrame_Period.resolution>P1M</cim:priceTimeFrame_Period.resolution>
        <cim:effectiveDate>{effective}</cim:effectiveDate>
        <cim:VATPayer>D02</cim:VATPayer>
        <cim:transparentInvoicing>false</cim:transparentInvoicing>
        <cim:taxIndicator>false</cim:taxIndicator>
      </cim:ChargeType>
    </cim:ChargeGroup>
  </cim:MktActivityRecord>
</cim:RequestChangeOfPriceList_MarketDocument>
"#,
        now = Timestamp::from_seconds(now.seconds()),
    );
    (text.into(), id)
}

/// A world of so many grid companies.
fn world(actors: u64) -> String {
    let mut text = String::from("# Participants for `gridpost load`; all numbers are toys.\n\n");
    text.push_str("[[actor]]\nnumber = \"5790001330552\"\nrole = \"DDZ\"\nname = \"Hub\"\n");
    for actor in 0..actors {
        let (number, id) = (number(actor), external_id(actor));
        text.push_str(&format!(
            "\n[[actor]]\nnumber = \"{number}\"\nrole = \"DDM\"\nname = \"Load {actor}\"\nexternal_id = \"{id}\"\n"
        ));
    }
    text
}

fn external_id(actor: u64) -> String {
    format!("load-{actor}")
}

/// A toy's GLN: it begins with 99.
fn number(actor: u64) -> String {
    gln(&format!("99{actor:010}"))
}

fn base_36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            digits.reverse();
            return digits.into_iter().map(char::from).collect();
        }
    }
}

fn in_words(report: &Report) -> String {
    let a_second = |count: u64, took: Duration| count as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
    let mut text = format!(
        "{} accepted in {:.2} s: {:.0} a second\n{} answered in {:.2} s: {:.0} a second\n",
        report.accepted,
        report.sending.as_secs_f64(),
        a_second(report.accepted, report.sending),
        report.answered,
        report.whole.as_secs_f64(),
        a_second(report.answered, report.whole),
    );
    text.push_str("              p50       p90       p99       max\n");
    for (name, latency) in [("send", &report.send), ("peek", &report.peek), ("dequeue", &report.dequeue)] {
        if latency.count() > 0 {
            let [p50, p90, p99, most] = shares(latency);
            text.push_str(&format!("{name:<8}{p50:>8.2}ms{p90:>8.2}ms{p99:>8.2}ms{most:>8.2}ms\n"));
        }
    }
    for (code, count) in &report.refused {
        text.push_str(&format!("{count} refused with {code}\n"));
    }
    for (what, ids) in [("lost", &report.lost), ("twice", &report.doubled), ("out of order", &report.reordered)] {
        if !ids.is_empty() {
            text.push_str(&format!("{what}: {}\n", ids.join(" ")));
        }
    }
    text
}

fn in_json(report: &Report) -> serde_json::Value {
    let latency = |latency: &Latency| {
        let [p50, p90, p99, most] = shares(latency);
        json!({"count": latency.count(), "p50Ms": p50, "p90Ms": p90, "p99Ms": p99, "maxMs": most})
    };
    json!({
        "accepted": report.accepted,
        "answered": report.answered,
        "sendingSeconds": report.sending.as_secs_f64(),
        "wholeSeconds": report.whole.as_secs_f64(),
        "refused": report.refused,
        "lost": report.lost,
        "doubled": report.doubled,
        "reordered": report.reordered,
        "send": latency(&report.send),
        "peek": latency(&report.peek),
        "dequeue": latency(&report.dequeue),
    })
}

fn shares(latency: &Latency) -> [f64; 4] {
    [500, 900, 990, 1_000].map(|share| latency.per_mille(share).as_secs_f64() * 1_000.0)
}

/// A run's name and a message's number are together a charge's id, which has ten characters.
const RUN_LENGTH_MAX: usize = 4;
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::world::World;

    #[test]
    fn the_world_of_a_load_holds_its_senders() {
        let participants = World::parse(&world(12)).unwrap().participants().unwrap();
        assert_eq!(participants.len(), 13);
        assert_eq!(participants[12].party.number.as_str(), number(11));
        assert_eq!(number(0), "9900000000004");
    }

    #[test]
    fn its_documents_follow_their_schema() {
        let now = Timestamp::from_seconds(1_690_880_400);
        let effective = Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(now, 31);
        let (document, id) = document(&number(3), "zzzz", 36_u64.pow(6) - 1, now, effective);
        let specs = crate::document::built_in();
        let limits = crate::xml::Limits::default();
        let schema = crate::document::recognise(&specs, &document, &limits).unwrap().unwrap();
        let verdict = crate::document::read(schema, &document, &limits, &mut crate::document::SummaryReader::default());
        assert!(verdict.is_valid() && id.len() <= 36, "{verdict:?}");
    }
}
