//! How the store's world fails. Each message reads well after "failed to"; the cause stands in the source.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::record::Damaged;

/// One fault may be told to every batch of a group, so it can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Try again a little later: the disk is slower than what arrives.
    #[error("queue a batch: {batches} batches of {bytes} bytes wait already")]
    Busy { batches: usize, bytes: usize },

    #[error("commit a batch: the store is closed")]
    Closed,

    /// What is on disk is no longer certain to be what is in memory. Reads go on; writing begins again at the next
    /// start.
    #[error("commit a batch: the store writes nothing more until it is opened again, because of an earlier fault")]
    Stopped { source: Arc<Fault> },

    /// A bug of the store's own, or of sled's.
    #[error("commit a group of batches: the committer panicked")]
    Panicked,

    #[error("open the store in {}: {owner} has it open", dir.display())]
    InUse { dir: PathBuf, owner: String },

    #[error("find a store in {}: there is no folder {}", dir.display(), dir.join("journal").display())]
    NoStore { dir: PathBuf },

    #[error("{doing} {}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: Arc<io::Error> },

    /// It may go well the next time: the disk or the system would not give a body away, of which nothing is known to be wrong.
    #[error("read a body from {}", path.display())]
    Unread { path: PathBuf, source: Arc<io::Error> },

    #[error("{doing}")]
    Sled { doing: &'static str, source: sled::Error },

    /// A body that has come to harm since it was read from where it is kept.
    #[error("unpack a body")]
    Damaged { source: Damaged },

    #[error("trust the store: {found} in {} at byte {offset}; {advice}", file.display())]
    Corrupt { file: PathBuf, offset: u64, found: String, advice: &'static str },
}

impl Fault {
    /// Whether the store writes nothing more, or the disk has no room: whatever was asked may be asked again once an operator has
    /// seen to it.
    pub fn stops_writing(&self) -> bool {
        let full =
            |cause: &io::Error| matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        match self {
            Fault::Stopped { .. } => true,
            Fault::Io { source, .. } => full(source),
            _ => false,
        }
    }

    /// Whether a body could not be read of which nothing is known to be wrong.
    pub fn is_unread(&self) -> bool {
        matches!(self, Fault::Unread { .. })
    }

    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Fault {
        move |source| Fault::Io { doing, path: path.to_owned(), source: Arc::new(source) }
    }

    pub(super) fn unread(path: &Path) -> impl FnOnce(io::Error) -> Fault {
        move |source| Fault::Unread { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(super) fn sled(doing: &'static str) -> impl FnOnce(sled::Error) -> Fault {
        move |source| Fault::Sled { doing, source }
    }
}

/// What a store that goes on writing has to say all the same; it may pass by itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    /// What is being committed has been so for this long.
    #[error(
        "the disk has not answered a write for {} s: nobody's document is taken in or let go. If it does not go on by itself, see to \
         the disk and restart the gateway: what was answered is kept", _0.as_secs()
    )]
    Hangs(Duration),
    /// Something has been committed for this long, and is still to go into sled.
    #[error(
        "what was committed has not gone into sled for {} s, so commits will have to wait: see to the disk, and restart the gateway \
         if it does not catch up; what was answered is kept", _0.as_secs()
    )]
    Behind(Duration),
    /// A body that was read is not as it was written, and will not be until an operator has seen to it.
    #[error("a document has come to harm, and cannot be given out")]
    Harmed(#[source] Fault),
    /// When a body was last read, that failed.
    #[error("a body could not be read when one was last asked for")]
    Unread(#[source] Fault),
}
