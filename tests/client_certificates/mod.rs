//! Client certificates over time: on connections that stand, and in TLS sessions that are resumed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gridpost::certs;
use gridpost::gateway::CertificateOrder;
use gridpost::http::Server;
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::process::participants::{Assignment, Certificate, Thumbprint};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion, version};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::door::{self, GRID_NUMBER, House, start_as};

/// An authority that signs client certificates for any time.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let pair = KeyPair::generate().unwrap();
        let pem = params.self_signed(&pair).unwrap().pem();
        Self { issuer: Issuer::new(params, pair), pem }
    }

    /// A certificate that ends so many seconds after 1970, and its key.
    fn sign(&self, ends: i64) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(ends.unsigned_abs());
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let pair = KeyPair::generate().unwrap();
        (params.signed_by(&pair, &self.issuer).unwrap(), pair)
    }
}

/// A client that resumes its session whenever it connects anew, like many do.
struct Client(Arc<ClientConfig>);

impl Client {
    fn new(
        house: &House,
        (certificate, pair): &(rcgen::Certificate, KeyPair),
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certs::read_chain(&house.certificate.authority).unwrap().remove(0)).unwrap();
        let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.resumption = Resumption::in_memory_sessions(8);
        Self(Arc::new(config))
    }

    async fn connect(&self, server: &Server) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        tokio_rustls::TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await.unwrap()
    }

    /// What a new connection that resumes the last session is answered.
    async fn resume(&self, server: &Server) -> String {
        let mut stream = self.connect(server).await;
        let told = ask(&mut stream).await;
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{told}");
        told
    }
}

/// A whole answer: its head and its body.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    door::write(stream, "GET /v1.0/cim/queue HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut told = door::head(stream).await;
    let (head, begun) = told.split_once("\r\n\r\n").unwrap();
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_string));
    let length: usize = length.unwrap().parse().unwrap();
    let mut rest = vec![0; length - begun.len()];
    stream.read_exact(&mut rest).await.unwrap();
    told.push_str(&String::from_utf8(rest).unwrap());
    told
}

/// A house that accepts what `authorities` have signed.
async fn house_of(authorities: &Path) -> House {
    start_as(|settings| (settings.clients, settings.http2) = (Some(authorities.to_path_buf()), false)).await
}

async fn register(house: &House, certificate: &rcgen::Certificate) {
    let thumbprint = Thumbprint::parse(&certs::fingerprint(certificate.der())).unwrap();
    let party = Party { number: ActorNumber::new(GRID_NUMBER), role: ActorRole::GridAccessProvider };
    let certificate = Certificate { thumbprint, party, from: Timestamp::from_seconds(0), until: Timestamp::OPEN_END };
    let others_until = Some(Timestamp::OPEN_END);
    let order = CertificateOrder::Assign(Assignment { certificate, sequence: None, others_until });
    house.gateway.order_certificate(&order).await.unwrap();
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

#[tokio::test]
async fn a_certificate_counts_until_its_end_on_whatever_connection() {
    let dir = tempfile::tempdir().unwrap();
    let (authorities, authority) = (dir.path().join("clients.pem"), Authority::new("one"));
    std::fs::write(&authorities, &authority.pem).unwrap();
    let house = house_of(&authorities).await;
    let ends = chrono::Utc::now().timestamp() + 5;
    let certificate = authority.sign(ends);
    register(&house, &certificate.0).await;
    let mut standing = Vec::new();
    for version in VERSIONS {
        let client = Client::new(&house, &certificate, version);
        let mut stream = client.connect(&house.server).await;
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
        assert!(client.resume(&house.server).await.starts_with("HTTP/1.1 200"));
        standing.push((client, stream));
    }
    while chrono::Utc::now().timestamp() <= ends {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (client, mut stream) in standing {
        for told in [ask(&mut stream).await, client.resume(&house.server).await] {
            assert!(told.starts_with("HTTP/1.1 401") && told.contains("certificate has expired"), "{told}");
        }
    }
}

#[tokio::test]
async fn an_authority_that_is_taken_away_vouches_for_nobody_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let (authorities, [one, two]) = (dir.path().join("clients.pem"), ["one", "two"].map(Authority::new));
    std::fs::write(&authorities, &one.pem).unwrap();
    let house = house_of(&authorities).await;
    let certificate = one.sign(chrono::Utc::now().timestamp() + 3_600);
    register(&house, &certificate.0).await;
    for version in VERSIONS {
        let client = Client::new(&house, &certificate, version);
        let mut stream = client.connect(&house.server).await;
        for (accepted, status) in [(&one, "200"), (&two, "401"), (&one, "200")] {
            std::fs::write(&authorities, &accepted.pem).unwrap();
            house.server.reload().await.unwrap();
            for told in [ask(&mut stream).await, client.resume(&house.server).await] {
                assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{told}");
                assert_eq!(told.contains("authority is not accepted"), status == "401", "{told}");
            }
        }
    }
}
