//! The paths of elements in a document as it came, for flaws that are found in its CIM form.

use std::collections::{BTreeMap, BTreeSet};

use crate::xml::{Event, Limits, Reader};

/// The paths of the elements that begin at these bytes, as far as they are found. Records are numbered, and whatever else stands
/// more than once in the same element from the second on.
pub fn paths(document: &[u8], limits: &Limits, mut wanted: BTreeSet<usize>) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    let Ok(mut reader) = Reader::new(document, limits) else { return found };
    let (mut path, mut open) = (String::new(), vec![Inside::default()]);
    while !wanted.is_empty() {
        match reader.read() {
            Ok(Event::Open { slot, byte }) => {
                let name = reader.local(slot);
                let depth = open.len();
                let Some(parent) = open.last_mut() else { break };
                let nth = parent.counts.entry(name.to_string()).or_default();
                *nth += 1;
                let nth = *nth;
                open.push(Inside { path_length: path.len(), ..Inside::default() });
                path.push('/');
                path.push_str(name);
                if nth > 1 || depth == RECORD_DEPTH && name.starts_with(RECORD_PREFIX) {
                    path.push_str(&format!("[{nth}]"));
                }
                if wanted.remove(&byte) {
                    found.insert(byte, path.clone());
                }
            }
            Ok(Event::Close { .. }) => {
                let Some(closed) = open.pop() else { break };
                path.truncate(closed.path_length);
            }
            Ok(Event::Text { .. } | Event::Character { .. }) => {}
            Ok(Event::End) | Err(_) => break,
        }
    }
    found
}

/// An element that is open.
#[derive(Default)]
struct Inside {
    /// How long the path was before it.
    path_length: usize,
    /// How often each name has stood in it.
    counts: BTreeMap<String, usize>,
}

/// Elements around a record, and what its name begins with.
const RECORD_DEPTH: usize = 2;
const RECORD_PREFIX: &str = "Payload";
