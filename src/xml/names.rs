//! Element names as they are met: checked, taken apart and resolved once, then recognised by their bytes.
//!
//! A document of a million elements has some twenty names. Each is kept in a small table together with the namespace
//! it meant, for as long as the same declarations are in force; so a tag without `xmlns` costs one comparison.

use super::chars::is_nc_name;
use super::{Malformed, XML_NAMESPACE, XMLNS_NAMESPACE};

/// The tag of a name that nobody has tagged since it was last resolved.
pub const UNTAGGED: u32 = u32::MAX;

/// Names remembered at one time. A power of two; a table of 512 names and up would cost small documents more than it
/// gives large ones.
const SLOTS: usize = 128;

/// Marks a name without a namespace, in place of the index of a declaration.
const NO_NAMESPACE: u32 = u32::MAX;
/// Marks a name with the prefix `xml`.
const OF_XML: u32 = u32::MAX - 1;

/// Bytes of names kept at one time; only a document of thousands of different names ever comes so far.
const POOL_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Copy)]
struct Name {
    /// Where it lies in the pool.
    start: u32,
    length: u32,
    /// Bytes of the prefix and its colon.
    prefix: u32,
    /// Index into the declarations, or one of the marks above.
    namespace: u32,
    /// The state of the declarations this was resolved under; 0 is none.
    epoch: u32,
    /// Whatever the reader's user wants to remember about this name.
    tag: u32,
}

struct Declaration {
    prefix: Box<str>,
    uri: Box<str>,
}

/// Owns what it remembers, so that it outlives the window that a name was met in.
pub(super) struct Names {
    slots: Vec<Name>,
    pool: String,
    declarations: Vec<Declaration>,
    epoch: u32,
    epoch_last: u32,
}

/// What to return to when the element that made declarations is closed.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    declarations: usize,
    epoch: u32,
}

impl Names {
    pub(super) fn new() -> Names {
        let nothing = Name { start: 0, length: 0, prefix: 0, namespace: NO_NAMESPACE, epoch: 0, tag: UNTAGGED };
        let pool = String::with_capacity(1024);
        Names { slots: vec![nothing; SLOTS], pool, declarations: Vec::new(), epoch: 1, epoch_last: 1 }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope { declarations: self.declarations.len(), epoch: self.epoch }
    }

    /// Forgets what was declared since, and trusts again what was known before.
    pub(super) fn leave(&mut self, scope: Scope) {
        self.declarations.truncate(scope.declarations);
        self.epoch = scope.epoch;
    }

    pub(super) fn declared(&self) -> usize {
        self.declarations.len()
    }

    /// Tells apart the states of the declarations: while it is the same, a prefix means the same.
    #[inline]
    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) fn declare(&mut self, prefix: &str, uri: &str, byte: usize) -> Result<(), Malformed> {
        let wrong = |message: &str| Err(Malformed::new(byte, message));
        if prefix == "xmlns" || uri == XMLNS_NAMESPACE {
            return wrong("The prefix xmlns and its namespace cannot be declared.");
        }
        if (prefix == "xml") != (uri == XML_NAMESPACE) {
            return wrong("The prefix xml and its namespace belong to each other alone.");
        }
        if !prefix.is_empty() && uri.is_empty() {
            return wrong("A prefix cannot be declared to mean no namespace.");
        }
        self.declarations.push(Declaration { prefix: prefix.into(), uri: uri.into() });
        // 2^32 elements with declarations do not fit into any body we take.
        self.epoch_last += 1;
        self.epoch = self.epoch_last;
        Ok(())
    }

    /// The slot of an element's name, resolved under the declarations now in force.
    #[inline]
    pub(super) fn slot(&mut self, raw: &str, byte: usize) -> Result<usize, Malformed> {
        let home = home(raw.as_bytes());
        for slot in [home, home ^ 1] {
            if self.slots[slot].epoch == self.epoch && self.raw(slot) == raw {
                return Ok(slot);
            }
        }
        self.resolve(raw, home, byte)
    }

    #[cold]
    fn resolve(&mut self, raw: &str, home: usize, byte: usize) -> Result<usize, Malformed> {
        let (prefix, local) = split(raw);
        if !is_nc_name(local) || (local.len() < raw.len() && !is_nc_name(prefix)) {
            return Err(Malformed::new(byte, format!("\"{}\" is not a name an element can have.", short(raw))));
        }
        let namespace = match self.find(prefix) {
            Some(namespace) => namespace,
            None => return Err(undeclared(prefix, byte)),
        };
        if self.pool.len() + raw.len() > POOL_BYTES_MAX {
            self.pool.clear();
            self.slots.iter_mut().for_each(|slot| slot.epoch = 0);
        }
        let at = if self.slots[home].epoch == self.epoch { home ^ 1 } else { home };
        let (start, length, prefix) = (self.pool.len() as u32, raw.len() as u32, (raw.len() - local.len()) as u32);
        self.pool.push_str(raw);
        self.slots[at] = Name { start, length, prefix, namespace, epoch: self.epoch, tag: UNTAGGED };
        Ok(at)
    }

    fn find(&self, prefix: &str) -> Option<u32> {
        if prefix == "xml" {
            return Some(OF_XML);
        }
        if prefix == "xmlns" {
            return None;
        }
        match self.declarations.iter().rposition(|declaration| &*declaration.prefix == prefix) {
            Some(at) if self.declarations[at].uri.is_empty() => Some(NO_NAMESPACE),
            Some(at) => Some(at as u32),
            None if prefix.is_empty() => Some(NO_NAMESPACE),
            None => None,
        }
    }

    #[inline]
    fn raw(&self, slot: usize) -> &str {
        let name = &self.slots[slot];
        &self.pool[name.start as usize..(name.start + name.length) as usize]
    }

    pub(super) fn local(&self, slot: usize) -> &str {
        &self.raw(slot)[self.slots[slot].prefix as usize..]
    }

    /// The prefix with its colon, as it stands in the document.
    pub(super) fn prefix(&self, slot: usize) -> &str {
        &self.raw(slot)[..self.slots[slot].prefix as usize]
    }

    #[inline]
    pub(super) fn tag(&self, slot: usize) -> u32 {
        self.slots[slot].tag
    }

    pub(super) fn set_tag(&mut self, slot: usize, tag: u32) {
        self.slots[slot].tag = tag;
    }

    /// The namespace of a name, empty for none. Only true while the element it was met on is open.
    pub(super) fn namespace(&self, slot: usize) -> &str {
        match self.slots[slot].namespace {
            NO_NAMESPACE => "",
            OF_XML => XML_NAMESPACE,
            at => &self.declarations[at as usize].uri,
        }
    }

    /// What a prefix means here; the empty prefix means the default namespace, or none.
    pub(super) fn lookup(&self, prefix: &str) -> Option<&str> {
        Some(match self.find(prefix)? {
            NO_NAMESPACE => "",
            OF_XML => XML_NAMESPACE,
            at => &self.declarations[at as usize].uri,
        })
    }
}

/// Prefix and local part; the prefix is empty where there is none.
pub(super) fn split(raw: &str) -> (&str, &str) {
    raw.split_once(':').unwrap_or(("", raw))
}

pub(super) fn undeclared(prefix: &str, byte: usize) -> Malformed {
    Malformed::new(byte, format!("The prefix \"{}\" is not declared here.", short(prefix)))
}

/// The beginning of a name, for messages: a stranger's name may be long.
pub(super) fn short(name: &str) -> &str {
    match name.char_indices().nth(60) {
        Some((end, _)) => &name[..end],
        None => name,
    }
}

/// Where a name is looked for first: its length and its last eight bytes, which is where market names differ.
#[inline]
fn home(name: &[u8]) -> usize {
    let tail = match name.last_chunk::<8>() {
        Some(tail) => u64::from_le_bytes(*tail),
        None => name.iter().fold(0, |sum, &b| sum << 8 | u64::from(b)),
    };
    let mixed = (tail ^ (name.len() as u64) << 56 ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 57) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_index_is_within_the_table() {
        assert_eq!(SLOTS, 128, "home() keeps seven bits");
        for name in ["", "a", "cim:position", "sender_MarketParticipant.marketRole.type"] {
            assert!(home(name.as_bytes()) < SLOTS);
        }
    }

    #[test]
    fn a_closed_scope_gives_the_old_meaning_back() {
        let mut names = Names::new();
        names.declare("p", "urn:a", 0).unwrap();
        let outer = names.slot("p:x", 0).unwrap();
        names.set_tag(outer, 7);
        let scope = names.scope();
        names.declare("p", "urn:b", 0).unwrap();
        let inner = names.slot("p:x", 0).unwrap();
        assert_eq!(names.namespace(inner), "urn:b");
        names.leave(scope);
        let again = names.slot("p:x", 0).unwrap();
        assert_eq!(names.namespace(again), "urn:a");
    }
}
