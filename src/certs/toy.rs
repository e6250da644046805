//! The toy authority and what it signs. Never for a real market: its key lies in the clear beside its certificate.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use chrono::Datelike;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::CertificateDer;

use super::{Fault, PemFiles, ed25519_public_key, fingerprint, not_after, read_chain, write_private, write_public};
use crate::market::{Party, Timestamp};

/// What `certs/README.md` says; written on first use.
pub const README: &str = include_str!("../../certs/README.md");

/// Days that a toy authority lives.
const AUTHORITY_DAYS: i64 = 3_650;

/// Days that a toy certificate lives: the longest that browsers accept.
const LEAF_DAYS: i64 = 397;

/// A certificate with fewer days left is made anew at the next start.
const RENEW_DAYS: i64 = 30;

const DAY_SECONDS: i64 = 86_400;

/// The server's certificate, and the authority that a client must trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    /// Root certificate, for `--cacert`.
    pub authority: PathBuf,
    pub files: PemFiles,
}

/// An actor's client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorCertificate {
    pub files: PemFiles,
    /// SHA-256 thumbprint, by which the door knows whose certificate it is.
    pub fingerprint: String,
}

/// Takes the server's certificate from `dir` (for localhost, 127.0.0.1 and ::1), or makes it and its authority.
pub fn server_certificate(dir: &Path, now: Timestamp) -> Result<ServerCertificate, Fault> {
    let authority = authority(dir, now)?;
    let files = PemFiles { chain: dir.join("server.pem"), key: dir.join("server-key.pem") };
    if !still_good(&files, &authority, now) {
        let mut params = leaf("localhost", now);
        params.subject_alt_names = vec![
            SanType::DnsName(ascii("localhost")),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        sign("localhost", params, &authority, &files)?;
    }
    Ok(ServerCertificate { authority: authority.chain, files })
}

/// Takes an actor's client certificate from `dir`, or makes it.
pub fn actor_certificate(dir: &Path, party: &Party, now: Timestamp) -> Result<ActorCertificate, Fault> {
    let authority = authority(dir, now)?;
    let name = format!("{}-{}", party.number, party.role.code());
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "an actor number is no path: {name}");
    let files = PemFiles {
        chain: dir.join("actors").join(format!("{name}.pem")),
        key: dir.join("actors").join(format!("{name}-key.pem")),
    };
    if !still_good(&files, &authority, now) {
        let mut params = leaf(&name, now);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        sign(&name, params, &authority, &files)?;
    }
    let fingerprint = fingerprint(&read_chain(&files.chain)?[0]);
    Ok(ActorCertificate { files, fingerprint })
}

/// The key that signs receipts, and its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptKey {
    pub private: PathBuf,
    pub public: PathBuf,
}

/// Takes the key for receipts (Ed25519) from `dir`, or makes it. The public half follows from it and is written each time.
pub fn receipt_key(dir: &Path) -> Result<ReceiptKey, Fault> {
    let subject = "receipts";
    let files = ReceiptKey { private: dir.join("receipt-key.pem"), public: dir.join("receipt-public-key.pem") };
    let write = |path: &PathBuf| {
        let path = path.clone();
        move |source| Fault::Write { path, source }
    };
    if !files.private.exists() {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519)
            .map_err(|source| Fault::Make { subject: subject.into(), source })?;
        write_private(&files.private, &pair.serialize_pem()).map_err(write(&files.private))?;
    }
    let pem =
        fs::read_to_string(&files.private).map_err(|source| Fault::Read { path: files.private.clone(), source })?;
    let missing = Fault::Missing { what: "an Ed25519 private key", path: files.private.clone() };
    let public = ed25519_public_key(&pem).ok_or(missing)?;
    write_public(&files.public, &public).map_err(write(&files.public))?;
    Ok(files)
}

fn authority(dir: &Path, now: Timestamp) -> Result<PemFiles, Fault> {
    let files = PemFiles { chain: dir.join("authority.pem"), key: dir.join("authority-key.pem") };
    if !in_time(&files, now) {
        let subject = "Gridpost toy authority";
        let mut params = params(subject, now, AUTHORITY_DAYS);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let make = |source| Fault::Make { subject: subject.into(), source };
        let pair = KeyPair::generate().map_err(make)?;
        let certificate = params.self_signed(&pair).map_err(make)?;
        write_pair(&files, &certificate.pem(), &pair)?;
        let readme = dir.join("README.md");
        if !readme.exists() {
            write_public(&readme, README).map_err(|source| Fault::Write { path: readme.clone(), source })?;
        }
    }
    Ok(files)
}

fn sign(subject: &str, params: CertificateParams, authority: &PemFiles, files: &PemFiles) -> Result<(), Fault> {
    let make = |source| Fault::Make { subject: subject.into(), source };
    let read = |path: &PathBuf| fs::read_to_string(path).map_err(|source| Fault::Read { path: path.clone(), source });
    let authority_pair = KeyPair::from_pem(&read(&authority.key)?).map_err(make)?;
    let issuer = Issuer::from_ca_cert_pem(&read(&authority.chain)?, authority_pair).map_err(make)?;
    let pair = KeyPair::generate().map_err(make)?;
    let certificate = params.signed_by(&pair, &issuer).map_err(make)?;
    write_pair(files, &certificate.pem(), &pair)
}

/// The key goes first: a certificate without its key would look complete to `still_good`.
fn write_pair(files: &PemFiles, certificate: &str, pair: &KeyPair) -> Result<(), Fault> {
    write_private(&files.key, &pair.serialize_pem())
        .map_err(|source| Fault::Write { path: files.key.clone(), source })?;
    write_public(&files.chain, certificate).map_err(|source| Fault::Write { path: files.chain.clone(), source })
}

/// Both files are there, have time left, belong together, and come from the authority as it is now.
fn still_good(files: &PemFiles, authority: &PemFiles, now: Timestamp) -> bool {
    let signed = || {
        let (leaf, root) = (first(files)?, first(authority)?);
        let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).ok()?;
        let (_, root) = x509_parser::parse_x509_certificate(&root).ok()?;
        leaf.verify_signature(Some(root.public_key())).ok()
    };
    in_time(files, now) && signed().is_some()
}

fn in_time(files: &PemFiles, now: Timestamp) -> bool {
    let matches = || {
        let certificate = first(files)?;
        let pair = KeyPair::from_pem(&fs::read_to_string(&files.key).ok()?).ok()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        let same = parsed.public_key().subject_public_key.data == pair.public_key_raw();
        Some(same && not_after(&certificate)?.seconds() - now.seconds() > RENEW_DAYS * DAY_SECONDS)
    };
    matches().unwrap_or(false)
}

fn first(files: &PemFiles) -> Option<CertificateDer<'static>> {
    read_chain(&files.chain).ok()?.into_iter().next()
}

fn leaf(subject: &str, now: Timestamp) -> CertificateParams {
    let mut params = params(subject, now, LEAF_DAYS);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Valid from the day before `now`, so that a clock a little behind ours does not mind.
fn params(subject: &str, now: Timestamp, days: i64) -> CertificateParams {
    let date = |days: i64| {
        let day = Timestamp::from_seconds(now.seconds() + days * DAY_SECONDS).to_utc();
        rcgen::date_time_ymd(day.year(), day.month() as u8, day.day() as u8)
    };
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date(-1), date(days));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.distinguished_name.push(DnType::OrganizationName, "Gridpost toys");
    params
}

fn ascii(name: &str) -> rcgen::string::Ia5String {
    name.try_into().expect("the names here are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn later(days: i64) -> Timestamp {
        Timestamp::from_seconds(NOW.seconds() + days * DAY_SECONDS)
    }

    #[test]
    fn what_is_there_stays_until_it_nears_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let read =
            || (fs::read(dir.path().join("authority.pem")).unwrap(), fs::read(dir.path().join("server.pem")).unwrap());
        server_certificate(dir.path(), NOW).unwrap();
        let first = read();
        server_certificate(dir.path(), later(LEAF_DAYS - RENEW_DAYS - 2)).unwrap();
        assert!(read() == first);
        server_certificate(dir.path(), later(LEAF_DAYS - RENEW_DAYS + 1)).unwrap();
        let second = read();
        assert!(second.0 == first.0 && second.1 != first.1, "a new leaf from the old authority");
        server_certificate(dir.path(), later(AUTHORITY_DAYS)).unwrap();
        let third = read();
        assert!(third.0 != second.0 && third.1 != second.1, "a new authority signs anew");
    }

    #[test]
    fn a_lost_or_foreign_key_is_replaced_with_its_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let server = server_certificate(dir.path(), NOW).unwrap();
        let before = fs::read(&server.files.chain).unwrap();
        fs::write(&server.files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        server_certificate(dir.path(), NOW).unwrap();
        assert!(fs::read(&server.files.chain).unwrap() != before);
    }

    #[test]
    fn each_actor_has_its_own_certificate_and_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let party = |number: &str| Party { number: ActorNumber::new(number), role: ActorRole::EnergySupplier };
        let one = actor_certificate(dir.path(), &party("8100000000030"), NOW).unwrap();
        let two = actor_certificate(dir.path(), &party("8100000000047"), NOW).unwrap();
        assert_ne!(one.fingerprint, two.fingerprint);
        assert_eq!(actor_certificate(dir.path(), &party("8100000000030"), NOW).unwrap(), one);
        assert_eq!(one.fingerprint.len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn every_private_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let server = server_certificate(dir.path(), NOW).unwrap();
        for key in [&server.files.key, &dir.path().join("authority-key.pem")] {
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{key:?}");
        }
    }
}
