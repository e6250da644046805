//! Where the text of schema files comes from: a folder or a table, by relative locations.

use std::path::PathBuf;

use super::SchemaFault;
use super::utf16::Decoder;

/// Folders that a reference may lead out of, where it may at all.
const CLIMBS_MAX: usize = 4;

/// Where schema files are kept: a folder, or a table in the program. Locations are relative paths with `/`.
#[derive(Debug, Clone)]
pub enum Sources {
    Folder(PathBuf),
    Table(Vec<(String, String)>),
}

impl Sources {
    /// A table of file names and texts, as `include_str!` gives them.
    pub fn table(files: &[(&str, &str)]) -> Sources {
        Sources::Table(files.iter().map(|&(name, text)| (name.to_string(), text.to_string())).collect())
    }

    /// All locations that end in `.xsd`, sorted. Folders within a folder are not looked into.
    pub(super) fn locations(&self) -> Result<Vec<String>, SchemaFault> {
        let mut locations = Vec::new();
        match self {
            Sources::Table(files) => locations.extend(files.iter().map(|(name, _)| name.clone())),
            Sources::Folder(folder) => {
                let unreadable = |cause| SchemaFault::Read { location: folder.display().to_string(), cause };
                for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                    locations.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
                }
            }
        }
        locations.retain(|location| location.ends_with(".xsd"));
        locations.sort();
        Ok(locations)
    }

    pub(super) fn text(&self, location: &str) -> Result<String, SchemaFault> {
        match self {
            Sources::Table(files) => match files.iter().find(|(name, _)| name == location) {
                Some((_, text)) => Ok(text.clone()),
                None => Err(SchemaFault::Missing { location: location.to_string() }),
            },
            Sources::Folder(folder) => {
                let unreadable = |cause| SchemaFault::Read { location: location.to_string(), cause };
                let bytes = std::fs::read(folder.join(location)).map_err(unreadable)?;
                decode(location, bytes)
            }
        }
    }
}

/// The location that `reference`, written in the file at `base`, means; none where it leads out of the sources, unless
/// it may climb.
pub(super) fn resolve(base: &str, reference: &str, climbs: bool) -> Option<String> {
    if reference.contains(':') || reference.contains('\\') || reference.starts_with('/') {
        return None;
    }
    if reference.is_empty() {
        return Some(base.to_string());
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "." | "" => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if climbs && parts.len() < CLIMBS_MAX => parts.push(".."),
                _ => return None,
            },
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Bytes of a schema file. The largest official one has 200,000.
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The text of a schema file: UTF-8, UTF-16 with a mark, or ISO-8859-1 where the file says so.
fn decode(location: &str, bytes: Vec<u8>) -> Result<String, SchemaFault> {
    let not_xml = |message: &str| SchemaFault::NotXml { location: location.to_string(), message: message.to_string() };
    if bytes.len() > FILE_BYTES_MAX {
        return Err(not_xml(&format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let mut decoder = Decoder::new(&bytes);
    if decoder.is_wide() {
        let (mut raw, mut text) = (bytes[decoder.mark()..].to_vec(), Vec::new());
        decoder.decode(&mut raw, &mut text, true);
        if decoder.wrong.is_some() {
            return Err(not_xml("these bytes are not UTF-16"));
        }
        return String::from_utf8(text).map_err(|_| not_xml("these bytes are not UTF-16"));
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
    let declared = head.split("?>").next().and_then(|head| head.split("encoding").nth(1)).unwrap_or("");
    let declared = declared.split(['"', '\'']).nth(1).unwrap_or("utf-8");
    if matches!(declared, "iso-8859-1" | "latin1") {
        return Ok(bytes.into_iter().map(char::from).collect());
    }
    if !matches!(declared, "utf-8" | "us-ascii" | "ascii") && !bytes.is_ascii() {
        let construct = format!("the encoding {declared}");
        return Err(SchemaFault::Unsupported { location: location.to_string(), line: 1, construct });
    }
    String::from_utf8(bytes).map_err(|_| not_xml("these bytes are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_stay_within_the_sources() {
        assert_eq!(resolve("a.xsd", "b.xsd", false).as_deref(), Some("b.xsd"));
        assert_eq!(resolve("document/a.xsd", "../generic/./b.xsd", false).as_deref(), Some("generic/b.xsd"));
        for outside in ["../b.xsd", "/etc/passwd", "http://example.org/b.xsd", "..\\b.xsd"] {
            assert_eq!(resolve("a.xsd", outside, false), None, "{outside}");
        }
        assert_eq!(resolve("a.xsd", "../../generic/b.xsd", true).as_deref(), Some("../../generic/b.xsd"));
        assert_eq!(resolve("../../generic/a.xsd", "../x/b.xsd", true).as_deref(), Some("../../x/b.xsd"));
        assert_eq!(resolve("a.xsd", "../../../../../etc/passwd", true), None);
    }
}
