//! `gridpost local`: a gateway to try, with toy participants, their tokens, and commands to copy.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use futures_util::future::try_join_all;

use super::Outcome;
use super::config::Config;
use super::ending::{close, until_told_to_stop_or_fails};
use super::going_on::not_before_what_was_seen;
use super::handles::limits;
use super::output::parse_instant;
use crate::gateway::world::World;
use crate::gateway::{CertificateOrder, Clock, Gateway};
use crate::identity::Issuer;
use crate::market::{Calendar, Period, Resolution, Timestamp};
use crate::process::charges::ChargeTable;
use crate::process::participants::{Assignment, Certificate, Participant, Thumbprint};
use crate::receipts::Signer;
use crate::store::{Embedded, Memory, Store};
use crate::{certs, hint, http};

/// Runs a gateway on this machine alone, with everything embedded and toy participants.
///
/// Certificates, token keys and one token for each live participant are made on first use under --certs. Prints the
/// address, the tokens, and three commands to copy.
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// What exists before the first document [default: the built-in toy world].
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// What the clock shows at the start; it runs on from there [default: the machine's clock]. Where the store in --store has seen
    /// a later instant, the clock goes on from that one, and the gateway says so.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 8443)]
    port: u16,
    /// Keeps everything here instead of in memory.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Folder of the toy certificates, keys and tokens.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
}

/// Toy tokens are good for this long: a working day, and the night before a deadline.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3_600);

pub fn run(args: &LocalArgs, config: &Config) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(local(args, config))?;
    Ok(Outcome::Fine)
}

async fn local(args: &LocalArgs, config: &Config) -> Result<()> {
    let world = world_or_toy(args.world.as_ref())?;
    let store: Arc<dyn Store> = match &args.store {
        Some(dir) => Arc::new(Embedded::open(dir, config.store_options())?),
        None => Arc::new(Memory::default()),
    };
    let clock = args.clock.map_or_else(Clock::machine, Clock::running_from);
    let (clock, moved_on) = not_before_what_was_seen(clock, &*store)?;
    let gateway = Arc::new(Gateway::open(store, Arc::new(config.specs()?), config.gateway_settings()?, clock)?);
    gateway.audit_post(config.audit.post);
    gateway.catalogue_at_leisure();
    gateway.write_down_peeks_at_leisure();
    gateway.count_the_post_at_leisure();
    world.settle_in(&gateway).await?;

    let toys = Toys::make(&args.certs, &world)?;
    let assign = async |certificate: &Certificate| {
        if gateway.certificate(&certificate.thumbprint)?.is_none() {
            let assignment = Assignment { certificate: certificate.clone(), sequence: None, others_until: None };
            gateway.order_certificate(&CertificateOrder::Assign(assignment)).await?;
        }
        anyhow::Ok(())
    };
    // Each participant has its own, so all of them go to disk together.
    try_join_all(toys.clients.iter().map(assign)).await?;
    let settings = http::Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        certificate: toys.server.files.clone(),
        tokens: toys.issuer.settings(),
        clients: Some(toys.server.authority.clone()),
        http2: true,
        unpeeked_is_unknown: config.http_dequeue_unpeeked()?,
        clock_may_be_moved: true,
        receipts: Some(Arc::new(Signer::read(&toys.receipts.private, config.dk()?.hub.as_str())?)),
        watchers: http::Watchers::Loopback,
        limits: limits(config),
    };
    let hints = hint::Sender::new(config.hint_settings())?;
    let server = http::start(gateway.clone(), settings, axum::Router::new()).await?;
    let zone = Calendar::new(config.dk()?.zone);
    print!("{}", toys.welcome(args, &world, server.address(), (zone, gateway.now()), moved_on.as_deref())?);
    let hints = tokio::spawn(hint::run(gateway.clone(), hints));
    until_told_to_stop_or_fails(hints).await?;
    close(server, &gateway, config.http_limits().drain).await;
    gateway.write_down_peeks_or_tell().await;
    gateway.write_down_the_clock().await.context("write down what the clock shows")
}

/// A world file, or the toy world that comes with the house.
pub fn world_or_toy(path: Option<&PathBuf>) -> Result<World> {
    Ok(match path {
        Some(path) => World::read(path)?,
        None => World::toy(),
    })
}

/// The machine's clock: what certificates and tokens live by, also where the market's clock was moved.
pub fn machine_now() -> Timestamp {
    Clock::machine().now()
}

/// What is made on first use.
struct Toys {
    server: certs::ServerCertificate,
    /// Of every live participant the certificate.
    clients: Vec<Certificate>,
    issuer: Issuer,
    receipts: certs::ReceiptKey,
    /// Every live participant with an external id, and the file that holds its token.
    tokens: Vec<(Participant, String, PathBuf)>,
}

impl Toys {
    fn make(dir: &Path, world: &World) -> Result<Self> {
        let now = machine_now();
        let server = certs::server_certificate(dir, now)?;
        let issuer = Issuer::create_or_load(dir)?;
        let receipts = certs::receipt_key(dir)?;
        let (mut clients, mut tokens) = (Vec::new(), Vec::new());
        for participant in world.participants()?.into_iter().filter(Participant::is_live) {
            let certificate = certs::actor_certificate(dir, &participant.party, now)?;
            let thumbprint = Thumbprint::parse(&certificate.fingerprint).context("read a certificate's thumbprint")?;
            let (party, from, until) = (participant.party.clone(), Timestamp::from_seconds(0), Timestamp::OPEN_END);
            clients.push(Certificate { thumbprint, party, from, until });
            let Some(external_id) = &participant.external_id else { continue };
            let token = issuer.issue(external_id, &[participant.party.role], now, TOKEN_LIFE)?;
            let party = &participant.party;
            let file = dir.join(format!("{}-{}.token", party.number.as_str(), party.role.code()));
            certs::write_private(&file, &token).with_context(|| format!("write {}", file.display()))?;
            tokens.push((participant, token, file));
        }
        Ok(Self { server, clients, issuer, receipts, tokens })
    }

    fn welcome(
        &self,
        args: &LocalArgs,
        world: &World,
        address: SocketAddr,
        (calendar, now): (Calendar, Timestamp),
        moved_on: Option<&str>,
    ) -> Result<String> {
        let mut text = String::new();
        let kept = args.store.as_ref().map_or("in memory".to_string(), |dir| format!("in {}", dir.display()));
        let url = format!("https://localhost:{}", address.port());
        writeln!(text, "Gridpost is open at {url}. Its clock shows {now}; everything is kept {kept}.\n")?;
        if let Some(moved_on) = moved_on {
            writeln!(text, "{moved_on}\n")?;
        }
        writeln!(
            text,
            "Participants, each with a bearer token that is good for 24 hours (and the file that holds it):\n"
        )?;
        for (participant, token, file) in &self.tokens {
            writeln!(text, "  {}  {}  {}\n    {token}\n", participant.party, participant.name, file.display())?;
        }
        // Two documents: whoever has sent the one with our client can send the other with curl.
        match (self.example("client", world, calendar, now), self.example("curl", world, calendar, now)) {
            (Some((ours, token)), Some((for_curl, _))) => {
                let write = |name: &str, document: &str| {
                    let file = args.certs.join(name);
                    std::fs::write(&file, document).with_context(|| format!("write {}", file.display()))?;
                    anyhow::Ok(file)
                };
                let ours = write("example-prices.xml", &ours)?;
                let for_curl = write("example-prices-curl.xml", &for_curl)?;
                text.push_str(&commands(&url, &self.server.authority, &token, &ours, &for_curl));
            }
            _ => text.push_str(
                "The world has no tariff of a live participant, so there are no prices to send as an example.\n",
            ),
        }
        writeln!(text, "\nMore tokens: gridpost actor token NUMBER ROLE. Stop with Ctrl-C.")?;
        Ok(text)
    }

    /// Prices (D08) for tomorrow, of the first tariff in the world whose owner has a token.
    fn example(&self, sent_with: &str, world: &World, calendar: Calendar, now: Timestamp) -> Option<(String, PathBuf)> {
        world.charges().iter().find_map(|charge| {
            let (owner, _, token) =
                self.tokens.iter().find(|(owner, ..)| owner.party.number.as_str() == charge.owner)?;
            let tariff = charge.charge_type == "D03" && charge.stop.is_none();
            let resolution = Resolution::from_code(&charge.resolution).filter(|_| tariff)?;
            Some((prices_of_tomorrow(sent_with, owner, charge, resolution, calendar, now), token.clone()))
        })
    }
}

fn prices_of_tomorrow(
    sent_with: &str,
    owner: &Participant,
    charge: &ChargeTable,
    resolution: Resolution,
    calendar: Calendar,
    now: Timestamp,
) -> String {
    let day = Period::new(calendar.midnight_in_days(now, 1), calendar.midnight_in_days(now, 2));
    let mut points = String::new();
    for position in 1..=calendar.point_count(resolution, day) {
        let _ = write!(
            points,
            "\n          <Point><position>{position}</position><price.amount>0.{:02}</price.amount></Point>",
            10 + position % 24
        );
    }
    let (number, scheme) = (owner.party.number.as_str(), owner.party.number.coding_scheme());
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<RequestChangeOfPriceList_MarketDocument xmlns="urn:ediel.org:structure:requestchangeofpricelist:0:1">
  <mRID>example-{id}</mRID>
  <type>D10</type>
  <process.processType>D08</process.processType>
  <businessSector.type>23</businessSector.type>
  <sender_MarketParticipant.mRID codingScheme="{scheme}">{number}</sender_MarketParticipant.mRID>
  <sender_MarketParticipant.marketRole.type>{role}</sender_MarketParticipant.marketRole.type>
  <receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</receiver_MarketParticipant.mRID>
  <receiver_MarketParticipant.marketRole.type>DDZ</receiver_MarketParticipant.marketRole.type>
  <createdDateTime>{now}</createdDateTime>
  <MktActivityRecord>
    <mRID>prices-{id}</mRID>
    <ChargeGroup>
      <ChargeType>
        <chargeTypeOwner_MarketParticipant.mRID codingScheme="{scheme}">{number}</chargeTypeOwner_MarketParticipant.mRID>
        <type>{charge_type}</type>
        <mRID>{charge_id}</mRID>
        <effectiveDate>{start}</effectiveDate>
        <Series_Period>
          <resolution>{resolution}</resolution>
          <timeInterval><start>{from}</start><end>{to}</end></timeInterval>{points}
        </Series_Period>
      </ChargeType>
    </ChargeGroup>
  </MktActivityRecord>
</RequestChangeOfPriceList_MarketDocument>
"#,
        id = format_args!("{}-{sent_with}", now.seconds()),
        role = owner.party.role.code(),
        charge_type = charge.charge_type,
        charge_id = charge.id,
        start = day.start,
        resolution = resolution.code(),
        from = day.start.to_minutes(),
        to = day.end.to_minutes(),
    )
}

/// The three commands, for our own client and for curl.
fn commands(url: &str, authority: &Path, token: &Path, document: &Path, for_curl: &Path) -> String {
    let gridpost = std::env::current_exe().map_or("gridpost".to_string(), |path| path.display().to_string());
    let (authority, token) = (authority.display(), token.display());
    let (document, for_curl) = (document.display(), for_curl.display());
    let ours = format!("--to {url} --cacert {authority} --token @{token}");
    let curl = format!("curl -sS --cacert {authority} -H \"Authorization: Bearer $(cat {token})\"");
    format!(
        "Send prices (D08), peek the confirm, dequeue it:

  {gridpost} send {ours} {document}
  {gridpost} peek {ours}
  {gridpost} dequeue {ours} --peeked

The same with curl:

  {curl} -H 'Content-Type: application/xml' --data-binary @{for_curl} -w '%{{http_code}}\\n' {url}/v1.0/cim/requestchangeofpricelist
  {curl} {url}/v1.0/cim/masterdata
  {curl} -X DELETE -w '%{{http_code}}\\n' \"{url}/v1.0/cim/dequeue/$({curl} -o /dev/null -D - {url}/v1.0/cim/masterdata | tr -d '\\r' | sed -n 's/^messageid: //Ip')\"
"
    )
}
