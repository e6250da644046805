//! A house with an open door, over real TLS sockets, and ways to knock at it.

#![allow(dead_code)]

use std::sync::Arc;
use std::time::Duration;

use gridpost::certs::{self, ServerCertificate};
use gridpost::client;
use gridpost::gateway::world::World;
use gridpost::gateway::{self, Clock, Gateway};
use gridpost::http::{self, Limits, Server, Settings, Watchers};
use gridpost::identity::Issuer;
use gridpost::market::{ActorRole, Timestamp};
use gridpost::process::Markets;
use gridpost::store::{Memory, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The grid operator that most tests speak as, by its client id.
pub const GRID: &str = "grid-1";
pub const GRID_NUMBER: &str = "8200000000011";
/// A supplier, who may peek but not send a price list.
pub const SUPPLIER: &str = "supplier-1";
/// The hub's own people.
pub const HUB: &str = "hub-1";
/// The system operator, which owns a tax that is paid in an area that nobody runs.
pub const SYSTEM: &str = "system-1";
/// A participant that was switched off.
pub const RETIRED: &str = "retired-1";

/// The world behind the door.
const WORLD: &str = r#"
[[actor]]
number = "8200000000011"
role = "DDM"
name = "Grid"
external_id = "grid-1"

[[actor]]
number = "8100000000030"
role = "DDQ"
name = "Supplier"
external_id = "supplier-1"

[[actor]]
number = "8100000000047"
role = "DDM"
status = "Inactive"
name = "Retired"
external_id = "retired-1"

[[actor]]
number = "5790001330552"
role = "DDZ"
name = "Hub"
external_id = "hub-1"

[[actor]]
number = "5790000432752"
role = "EZ"
name = "System operator"
external_id = "system-1"

[[grid_area]]
code = "999"

[[metering_point]]
number = "571313100000000058"
type = "E17"
grid_area = "999"
effective_date = "2022-12-31T23:00:00Z"

[[charge]]
id = "EA-001"
type = "D03"
owner = "5790000432752"
tax = true
resolution = "PT1H"
periods = [{ start = "2022-12-31T23:00:00Z", name = "Duty", description = "A tax", vat = "D02" }]

[[charge]]
id = "HOURLY"
type = "D03"
owner = "8200000000011"
resolution = "PT1H"
periods = [{ start = "2022-12-31T23:00:00Z", name = "Grid tariff", description = "By the hour", vat = "D02" }]
"#;

pub const PRICES: &str = "/v1.0/cim/requestchangeofpricelist";

pub struct House {
    pub gateway: Arc<Gateway>,
    pub server: Server,
    pub certificate: ServerCertificate,
    pub issuer: Issuer,
    pub dir: tempfile::TempDir,
    pub http: reqwest::Client,
}

pub async fn start() -> House {
    start_with(Limits::default()).await
}

pub async fn start_with(limits: Limits) -> House {
    start_as(|settings| settings.limits = limits).await
}

pub async fn start_as(change: impl FnOnce(&mut Settings)) -> House {
    start_beside(axum::Router::new(), change).await
}

/// `more` are routes of other doors on the same port.
pub async fn start_beside(more: axum::Router, change: impl FnOnce(&mut Settings)) -> House {
    start_over(Arc::new(Memory::default()), more, change).await
}

/// The one place that knows how a gateway is made.
pub async fn start_over(store: Arc<dyn Store>, more: axum::Router, change: impl FnOnce(&mut Settings)) -> House {
    let markets = Markets::defaults();
    let house = gateway::Settings { markets, undecided_max: 10_000, ..gateway::Settings::default() };
    let clock = Clock::running_from(Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap());
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), house, clock).unwrap();
    World::parse(WORLD).unwrap().settle_in(&gateway).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::from_utc(chrono::Utc::now());
    let certificate = certs::server_certificate(dir.path(), now).unwrap();
    let issuer = Issuer::create_or_load(dir.path()).unwrap();
    let mut settings = Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: certificate.files.clone(),
        tokens: issuer.settings(),
        clients: None,
        http2: true,
        unpeeked_is_unknown: false,
        clock_may_be_moved: true,
        receipts: None,
        watchers: Watchers::Loopback,
        limits: Limits::default(),
    };
    change(&mut settings);
    let gateway = Arc::new(gateway);
    let server = http::start(gateway.clone(), settings, more).await.unwrap();
    let http = http_client(&certificate, None);
    House { gateway, server, certificate, issuer, dir, http }
}

pub fn http_client(certificate: &ServerCertificate, identity: Option<reqwest::Identity>) -> reqwest::Client {
    let roots = reqwest::Certificate::from_pem_bundle(&std::fs::read(&certificate.authority).unwrap()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only(roots).timeout(Duration::from_secs(60));
    match identity {
        Some(identity) => builder.identity(identity).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

impl House {
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.server.address())
    }

    pub fn token_of(&self, external_id: &str, role: ActorRole) -> String {
        self.token_in(external_id, &[role])
    }

    pub fn token_in(&self, external_id: &str, roles: &[ActorRole]) -> String {
        let now = Timestamp::from_utc(chrono::Utc::now());
        self.issuer.issue(external_id, roles, now, Duration::from_secs(600)).unwrap()
    }

    pub fn token(&self) -> String {
        self.token_of(GRID, ActorRole::GridAccessProvider)
    }

    pub fn supplier(&self) -> String {
        self.token_of(SUPPLIER, ActorRole::EnergySupplier)
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path)).bearer_auth(self.token()).header("content-type", "application/xml")
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path)).bearer_auth(self.token())
    }

    pub fn delete(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.delete(self.url(path)).bearer_auth(self.token())
    }

    pub fn client(&self, token: Option<String>) -> client::Client {
        let settings = client::Settings {
            to: self.url(""),
            token,
            authority: Some(self.certificate.authority.clone()),
            ..client::Settings::default()
        };
        client::Client::new(&settings).unwrap()
    }

    /// A connection on which a test writes what it likes.
    pub async fn raw(&self) -> TlsStream<TcpStream> {
        self.raw_speaking(b"http/1.1").await
    }

    pub async fn raw_speaking(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certs::read_chain(&self.certificate.authority).unwrap().remove(0)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.server.address()).await.unwrap();
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// The head of a POST, without the empty line that ends it.
    pub fn post_head(&self) -> String {
        format!(
            "POST {PRICES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/xml\r\n",
            self.token()
        )
    }
}

/// Everything that comes until the connection ends, or for as long as a test has patience.
pub async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What comes until there is a whole head.
pub async fn head(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece)).await;
        match read.expect("an answer in time") {
            Ok(0) | Err(_) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub async fn write(stream: &mut TlsStream<TcpStream>, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// A price request (charges 2.6) of which each `id` makes another document.
pub fn document(id: &str) -> String {
    format!(
        r#"<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim="urn:ediel.org:structure:requestchangeofpricelist:0:1">
  <cim:mRID>doc-{id}</cim:mRID><cim:type>D10</cim:type><cim:process.processType>D08</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">{GRID_NUMBER}</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDM</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2023-08-01T09:00:00Z</cim:createdDateTime>
  <cim:MktActivityRecord><cim:mRID>op-{id}</cim:mRID><cim:ChargeGroup><cim:ChargeType>
    <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{GRID_NUMBER}</cim:chargeTypeOwner_MarketParticipant.mRID>
    <cim:type>D01</cim:type><cim:mRID>SUB-7</cim:mRID><cim:effectiveDate>2023-08-31T22:00:00Z</cim:effectiveDate>
    <cim:Series_Period><cim:resolution>P1M</cim:resolution>
      <cim:timeInterval><cim:start>2023-08-31T22:00Z</cim:start><cim:end>2023-10-31T23:00Z</cim:end></cim:timeInterval>
      <cim:Point><cim:position>1</cim:position><cim:price.amount>12.5</cim:price.amount></cim:Point>
      <cim:Point><cim:position>2</cim:position><cim:price.amount>13</cim:price.amount></cim:Point>
    </cim:Series_Period></cim:ChargeType></cim:ChargeGroup></cim:MktActivityRecord>
</cim:RequestChangeOfPriceList_MarketDocument>
"#
    )
}

/// A year of hourly prices: the supplier is told of them in a document of a megabyte.
pub fn year_of_prices(id: &str) -> String {
    let points: String = (1..=8_760)
        .map(|position| format!("<cim:Point><cim:position>{position}</cim:position><cim:price.amount>0.{position:04}</cim:price.amount></cim:Point>"))
        .collect();
    let month = document(id);
    let (head, rest) = month.split_once("<cim:Series_Period>").unwrap();
    let (_, tail) = rest.split_once("</cim:Series_Period>").unwrap();
    let head = head.replace("D01</cim:type><cim:mRID>SUB-7", "D03</cim:type><cim:mRID>HOURLY");
    let series = "<cim:Series_Period><cim:resolution>PT1H</cim:resolution><cim:timeInterval>\
         <cim:start>2023-08-31T22:00Z</cim:start><cim:end>2024-08-30T22:00Z</cim:end></cim:timeInterval>";
    format!("{head}{series}{points}</cim:Series_Period>{tail}")
}

/// A document that breaks its schema: the message id is missing.
pub fn flawed() -> String {
    document("x")
        .replace("<cim:mRID>doc-x</cim:mRID>", "")
        .replace("<cim:mRID>", "<cim:id>")
        .replace("</cim:mRID>", "</cim:id>")
}

/// A document of exactly so many bytes, padded after its end with comments that do not pack: they repeat further apart
/// than gzip looks back.
pub fn padded(id: &str, bytes: usize) -> Vec<u8> {
    let comment = |number: u64| format!("<!--{}-->\n", blake3::hash(&number.to_be_bytes()).to_hex());
    let comments: String = (0..1000).map(comment).collect();
    let mut body = document(id).into_bytes();
    while body.len() + comments.len() <= bytes {
        body.extend_from_slice(comments.as_bytes());
    }
    body.resize(bytes, b'\n');
    body
}

pub fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Peeks until something is there: the gateway decides after it has answered.
pub async fn peek_until(house: &House, path: &str) -> reqwest::Response {
    peek_until_as(house, path, house.token()).await
}

pub async fn peek_until_as(house: &House, path: &str, token: String) -> reqwest::Response {
    for _ in 0..200 {
        let response = house.http.get(house.url(path)).bearer_auth(&token).send().await.unwrap();
        if response.status() != 204 {
            return response;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing to peek at {path}");
}

pub fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}
