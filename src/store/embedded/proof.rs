//! A proof that a record was committed: whoever holds it needs no store to check it, and sees nothing else of the store.
//!
//! It leads from the record through the tree of its frame to that frame's header, and from there, a link for each frame,
//! to a later *head*: the hash of a frame that its reader knows from elsewhere. All the worth of a proof is in that head.
//! A link is what of a header does not follow from the one before, about 55 bytes; so a proof grows with the number of
//! frames between the record and the head, and has none where the head is the record's own frame.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::frame::{self, HEADER_BYTES, Hash, Header, Write};
use super::tree::{self, Beside, Salt};
use crate::record::Key;

/// A frame and its hash: everything up to there is as it was when the hash was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub frame: u64,
    pub hash: Hash,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The change that put the record, in its stored form.
    item: Vec<u8>,
    salt: Salt,
    /// The hashes beside the way from the item to the root of its frame's tree, each behind its side: 0 left, 1 right.
    path: Vec<(u8, Hash)>,
    /// The hash of the frame's whole table.
    table: Hash,
    /// The header of the frame.
    header: Vec<u8>,
    /// One for each frame behind it, up to the head.
    links: Vec<Link>,
    head: Head,
}

/// What of a header does not follow from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    format: u32,
    commits: u32,
    table_bytes: u64,
    bodies_bytes: u64,
    table_hash: Hash,
    seal: [u8; 16],
}

/// What a sound proof says, if its head can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    pub key: Key,
    pub value: Bytes,
    /// The commits of the frame that holds the record.
    pub commits: Range<u64>,
    /// From the frame that holds the record to the head.
    pub heads: Vec<Head>,
}

impl Proof {
    pub(super) fn begin(
        item: Vec<u8>,
        (salt, path, table): (Salt, Vec<Beside>, Hash),
        header: &Header,
        seal: &[u8; 16],
    ) -> Self {
        let header_bytes = header.sealed_with(seal);
        let path = path.into_iter().map(|beside| (u8::from(!beside.is_left), beside.hash)).collect();
        let head = Head { frame: header.number, hash: frame::hash(&header_bytes) };
        Self { item, salt, path, table, header: header_bytes.into(), links: Vec::new(), head }
    }

    /// Goes on by one frame.
    pub(super) fn go_on(&mut self, header: &Header, seal: [u8; 16]) {
        let Header { format, commits, table_bytes, bodies_bytes, table_hash, .. } = *header;
        self.head = Head { frame: header.number, hash: frame::hash(&header.sealed_with(&seal)) };
        self.links.push(Link { format, commits, table_bytes, bodies_bytes, table_hash, seal });
    }

    /// Where it ends.
    pub fn head(&self) -> Head {
        self.head
    }

    /// What it proves, or where it does not hold together.
    pub fn check(&self) -> Result<Proved, String> {
        let bytes: &[u8; HEADER_BYTES] =
            self.header[..].try_into().map_err(|_| "the frame's header has not the length of one")?;
        let mut header = Header::read(bytes)?;
        if !header.is_hashed_as_a_tree() {
            return Err("the frame is of a format in which no record is proved alone".into());
        }
        let beside = |(side, hash): &(u8, Hash)| Beside { is_left: *side == 0, hash: *hash };
        let path: Vec<Beside> = self.path.iter().map(beside).collect();
        if self.path.iter().any(|(side, _)| *side > 1)
            || tree::climb(&self.salt, &self.item, &path, &self.table) != header.table_hash
        {
            return Err(format!("the record does not stand in frame {}", header.number));
        }
        let Ok((Write::Put(key, value), [])) = postcard::take_from_bytes(&self.item) else {
            return Err("what stands in the frame is no record that was put".into());
        };
        let commits = header.first_commit..header.first_commit.saturating_add(header.commits.into());
        let mut heads = vec![Head { frame: header.number, hash: frame::hash(bytes) }];
        for link in &self.links {
            let before = heads.last().expect("there is a first one").hash;
            header = link.behind(&header, before).ok_or("a chain of more frames than there can be")?;
            heads.push(Head { frame: header.number, hash: frame::hash(&header.sealed_with(&link.seal)) });
        }
        if key.is_empty() || heads.last() != Some(&self.head) {
            return Err(format!("the chain does not lead to frame {} with the hash that is said", self.head.frame));
        }
        Ok(Proved { key: Key::from_bytes(key.into()), value, commits, heads })
    }
}

impl Link {
    fn behind(&self, header: &Header, before: Hash) -> Option<Header> {
        Some(Header {
            format: self.format,
            number: header.number.checked_add(1)?,
            first_commit: header.first_commit.checked_add(header.commits.into())?,
            commits: self.commits,
            table_bytes: self.table_bytes,
            bodies_bytes: self.bodies_bytes,
            before,
            table_hash: self.table_hash,
        })
    }
}

impl Proved {
    /// Whether the chain goes through a frame with this hash.
    pub fn goes_through(&self, head: &Head) -> bool {
        self.heads.contains(head)
    }
}
