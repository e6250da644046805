//! Errands: what a decision leaves to be done behind it, because it may be too much for one commit, or because it must
//! look at what that commit has made true.
//!
//! An errand is written as a record in the batch of the decision that leaves it, by [`super::aftermath`], so it is there
//! exactly when its cause is. Whoever drives the gateway takes the oldest, page by page; each page is a decision of its
//! own that moves the errand on, or ends it by deleting its record. After a crash it goes on with the page that was not
//! committed. Pages are decided as of the moment that caused them, and their ids are made from it, so they come out the
//! same whenever they are made.

use super::{Context, Decision, Market};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs};

/// A kind of errand: where its records are, and what one of them says.
pub struct Kind {
    /// Every errand of the kind that is not done, the oldest first.
    pub waiting: fn() -> KeyRange,
    /// May panic when the record is not one that the kind has written.
    pub read: fn(&Key, &Entry) -> Box<dyn Errand>,
}

/// Something that is still to be done.
pub trait Errand {
    /// Records that are to be gone through, and how many of them make a page; nothing when one decision does it all.
    fn left(&self) -> Option<(KeyRange, usize)> {
        None
    }
    /// The moment and the message that caused it, as far as this page goes.
    fn context<'a>(&self, market: &'a Market) -> Context<'a>;
    /// What must be known about `page`; the errand's own record is part of it, so that no page is done twice.
    fn needs(&self, page: &[Key], context: &Context) -> Needs;
    /// What must be known besides, now that `facts` are: asked again until it names nothing new.
    fn needs_more(&self, page: &[Key], facts: &Facts, context: &Context) -> Needs;
    /// What happens, the errand's own record included; `more` says whether another page follows.
    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision;
}

/// Whether something is left to be done by what is written here.
pub fn is_left_by(changes: &[Change]) -> bool {
    let waiting: Vec<KeyRange> = super::ERRANDS.iter().map(|kind| (kind.waiting)()).collect();
    changes.iter().any(|change| waiting.iter().any(|range| range.contains(change.key())))
}

/// A hash for what one message causes apart from its own documents.
pub fn cause(cause: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(cause);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
    }
    *hash.finalize().as_bytes()
}
