//! Documents as files: which ones there are, where each is to be sent, and keeping what was peeked.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use quick_xml::events::Event;
use reqwest::Url;
use serde::de::IgnoredAny;

use super::{Fault, Message};

/// Longest message id that a file is named after.
const ID_LENGTH_MAX: usize = 64;

/// How the root elements of ebIX documents begin.
const EBIX: &str = "DK_";

pub(super) fn base_url(to: &str) -> Result<Url, Fault> {
    let address = || Fault::Address { to: to.into() };
    let url = Url::parse(to).map_err(|_| address())?;
    if url.scheme() == "https" && url.has_host() { Ok(url) } else { Err(address()) }
}

/// Whether a document is in JSON rather than in XML, by how it begins.
fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// The media type of a document.
pub(super) fn media_type(body: &[u8]) -> &'static str {
    if is_json(body) {
        return "application/json";
    }
    match document_of(body) {
        Some(root) if root.starts_with(EBIX) => "application/ebix",
        _ => "application/xml",
    }
}

/// The local name of the root element, such as `RequestChangeOfPriceList_MarketDocument`.
pub fn document_of(body: &[u8]) -> Option<String> {
    if is_json(body) {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let members: BTreeMap<String, IgnoredAny> = serde_json::from_slice(body).ok()?;
        return members.into_keys().next();
    }
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(tag) | Event::Empty(tag) => return Some(local_name(&tag)),
            Event::Eof => return None,
            _ => buffer.clear(),
        }
    }
}

/// What is wrong with bytes in which [`document_of`] finds nothing.
pub fn why_no_document(body: &[u8]) -> String {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if text.trim_ascii().is_empty() {
        return "it is empty".into();
    }
    if is_json(body) {
        return match serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(text) {
            Ok(_) => "it is a JSON object with nothing in it".into(),
            Err(error) => format!("it is no JSON object: {error}"),
        };
    }
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Err(error) => return format!("it is no XML: {error}"),
            Ok(Event::Eof) => return "it holds no element, so it is neither XML nor JSON".into(),
            Ok(_) => buffer.clear(),
        }
    }
}

fn local_name(tag: &quick_xml::events::BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_string()
}

/// The route that a document of this root element is sent to, such as `requestchangeofpricelist`.
pub fn route_of(root: &str) -> String {
    root.strip_suffix("_MarketDocument").unwrap_or(root).to_ascii_lowercase()
}

/// Writes a peeked document into `dir` so that it survives a power cut, and returns where it lies. Only then may it be
/// dequeued. The same message gives the same file again.
pub fn keep(dir: &Path, message: &Message) -> Result<PathBuf, Fault> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // The id comes from outside, and must not name a place of its own choosing.
    if !(1..=ID_LENGTH_MAX).contains(&message.id.len()) || !plain(&message.id) {
        return Err(Fault::UnsafeId { id: message.id.clone() });
    }
    let kind = if plain(&message.document) && message.document.len() <= 100 { &*message.document } else { "" };
    let name = if kind.is_empty() { format!("{}.xml", message.id) } else { format!("{kind}-{}.xml", message.id) };
    let path = dir.join(name);
    let write = |source| Fault::Write { path: path.clone(), source };
    fs::create_dir_all(dir).map_err(write)?;
    let draft = path.with_extension("part");
    let mut file = fs::File::create(&draft).map_err(write)?;
    file.write_all(&message.body).map_err(write)?;
    file.sync_all().map_err(write)?;
    fs::rename(&draft, &path).map_err(write)?;
    fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(write)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_element_tells_the_route() {
        let rows = [
            ("<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim='u'>", Some("requestchangeofpricelist")),
            ("\u{feff} {\"RequestPriceList_MarketDocument\": {\"mRID\": \"1\"}}", Some("requestpricelist")),
            ("{\"RequestPriceList_MarketDocument\"", None),
            ("\u{feff}<?xml version='1.0'?>\n<!-- a --><NotifyX_MarketDocument/>", Some("notifyx")),
            ("<e:DK_RequestEndOfSupply xmlns:e='u'>", Some("dk_requestendofsupply")),
            ("<Error/>", Some("error")),
            ("", None),
            ("{}", None),
        ];
        for (text, expected) in rows {
            let route = document_of(text.as_bytes()).map(|root| route_of(&root));
            assert_eq!(route.as_deref(), expected, "{text}");
        }
        let types = ["<x:DK_RequestEndOfSupply/>", " {}", "<RequestEndOfSupply_MarketDocument/>", ""]
            .map(|it| media_type(it.as_bytes()));
        assert_eq!(types, ["application/ebix", "application/json", "application/xml", "application/xml"]);
    }

    #[test]
    fn what_is_no_document_is_told_why() {
        for (text, expected) in [
            ("", "it is empty"),
            ("\u{feff} \n", "it is empty"),
            ("{}", "it is a JSON object with nothing in it"),
            ("{\"A\"", "it is no JSON object: EOF while parsing an object at line 1 column 4"),
            ("no document", "it holds no element, so it is neither XML nor JSON"),
            ("<?xml version='1.0'?><Request", "it is no XML: "),
        ] {
            assert_eq!(document_of(text.as_bytes()), None, "{text}");
            let why = why_no_document(text.as_bytes());
            assert!(why == expected || expected.ends_with(": ") && why.starts_with(expected), "{text}: {why}");
        }
    }

    #[test]
    fn only_https_is_spoken() {
        for (to, right) in [("https://hub", true), ("http://hub", false), ("hub:8443", false), ("", false)] {
            assert_eq!(base_url(to).is_ok(), right, "{to}");
        }
    }

    #[test]
    fn a_message_is_kept_under_its_own_name_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let message = |id: &str, document: &str| Message {
            id: id.into(),
            document: document.into(),
            records: None,
            body: "<x/>".into(),
        };
        let path = keep(dir.path(), &message("a-1", "NotifyPriceList")).unwrap();
        assert_eq!(path, dir.path().join("NotifyPriceList-a-1.xml"));
        assert_eq!(keep(dir.path(), &message("a-1", "NotifyPriceList")).unwrap(), path);
        assert_eq!(keep(dir.path(), &message("a-1", "../x")).unwrap(), dir.path().join("a-1.xml"));
        for id in ["", "../up", "a/b", "a.b", &"x".repeat(65)] {
            assert!(keep(dir.path(), &message(id, "X")).is_err(), "{id}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
