//! PEM files: reading chains and keys, writing private ones so that only their owner may read them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Fault;
use crate::market::Timestamp;

/// A certificate chain, leaf first, and the leaf's private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFiles {
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// Reads all certificates of a PEM file, in order. At least one.
pub fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = fs::read(path).map_err(|source| Fault::Read { path: path.into(), source })?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| Fault::Certificate { path: path.into(), why: error.to_string() })?;
    if chain.is_empty() { Err(Fault::Missing { what: "a certificate", path: path.into() }) } else { Ok(chain) }
}

/// Reads the first private key of a PEM file: PKCS#8, SEC1 or PKCS#1.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let text = fs::read(path).map_err(|source| Fault::Read { path: path.into(), source })?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| Fault::Missing { what: "a private key", path: path.into() })
}

/// The public half, in PEM, of an Ed25519 private key in PEM; `None` where it is another kind of key.
pub fn ed25519_public_key(private: &str) -> Option<String> {
    let pair = rcgen::KeyPair::from_pem(private).ok()?;
    pair.is_compatible(&rcgen::PKCS_ED25519).then(|| pair.public_key_pem())
}

/// The SHA-256 thumbprint of a certificate, in lower-case hexadecimal: what `openssl x509 -fingerprint -sha256`
/// prints, without its colons.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same of the first certificate in a PEM text; none where that is not there or no certificate.
pub fn fingerprint_of_pem(text: &[u8]) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(text).ok()?;
    validity(&certificate).is_some().then(|| fingerprint(&certificate))
}

/// The last instant at which a certificate is valid.
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    validity(certificate).map(|(_, until)| until)
}

/// The first and the last instant at which a certificate is valid.
pub fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let validity = parsed.validity();
    Some([validity.not_before, validity.not_after].map(|at| Timestamp::from_seconds(at.timestamp())).into())
}

/// Writes a private file: mode 0600 from its first byte on, there as a whole or not at all.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    write(path, text, 0o600)
}

/// Writes a file that anyone may read, there as a whole or not at all.
pub fn write_public(path: &Path, text: &str) -> io::Result<()> {
    write(path, text, 0o644)
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", uuid::Uuid::new_v4().simple()));
    let draft = PathBuf::from(draft);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_or_a_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty.pem");
        fs::write(&path, "nothing here").unwrap();
        assert!(read_chain(&path).unwrap_err().to_string().contains("empty.pem"));
        assert!(read_key(&path).unwrap_err().to_string().contains("empty.pem"));
        assert!(matches!(read_key(&dir.path().join("absent.pem")), Err(Fault::Read { .. })));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/key.pem");
        write_private(&path, "one").unwrap();
        write_private(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
