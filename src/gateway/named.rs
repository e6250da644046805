//! What an id names (post-office 4.4). A message id is its sender's own, so several may have used the same, and what was refused does
//! not use it up; the id of a row of a list names one document.

use super::search::{REACH, Search};
use super::{Catalogue, Fault};
use crate::archive::{LogEntry, LogPlace, Position, Term};
use crate::market::Party;

/// What an id names among everybody's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The one that is meant unless somebody says otherwise: the last of those that were not refused, if there is one.
    pub document: (Position, LogEntry),
    /// What else carries it as its message id: what was not refused first, the latest first. Nothing, where it is the id of a row.
    pub others: Vec<(Position, LogEntry)>,
    /// Whether there is more than was looked at.
    pub more: bool,
}

impl Named {
    /// Whether it leaves open which is meant: not all of them came from one sender, or went to one receiver. What one sender tried
    /// again under an id leaves nothing open.
    pub fn is_ambiguous(&self) -> bool {
        let user = |(_, entry): &(Position, LogEntry)| (entry.direction, entry.party.number.clone());
        self.more || self.others.iter().any(|other| user(other) != user(&self.document))
    }

    /// All that was looked at.
    pub fn documents(&self) -> impl Iterator<Item = &(Position, LogEntry)> {
        std::iter::once(&self.document).chain(&self.others)
    }
}

impl Catalogue<'_> {
    /// What an id names among everybody's documents. The id of a row comes before a message id: whatever senders call their
    /// documents, each is found by its row.
    pub fn named(&self, id: &str) -> Result<Option<Named>, Fault> {
        self.catch_up()?;
        self.named_entered(id)
    }

    fn named_entered(&self, id: &str) -> Result<Option<Named>, Fault> {
        if let Some(document) = self.in_row(id, None)? {
            return Ok(Some(Named { document, others: Vec::new(), more: false }));
        }
        let (mut documents, more) = self.carrying(id, None)?;
        Ok((!documents.is_empty()).then(|| Named { document: documents.remove(0), others: documents, more }))
    }

    /// The document of a message id, or of the id of a row; only one of `own`, where that is given. Of those that came
    /// under one message id it is the one that was not refused.
    pub fn find(&self, id: &str, own: Option<&Party>) -> Result<Option<(Position, LogEntry)>, Fault> {
        self.catch_up()?;
        self.find_entered(id, own)
    }

    /// The same among those that are in the catalogue.
    pub(super) fn find_entered(&self, id: &str, own: Option<&Party>) -> Result<Option<(Position, LogEntry)>, Fault> {
        if own.is_none() {
            return Ok(self.named_entered(id)?.map(|named| named.document));
        }
        match self.carrying(id, own)?.0.into_iter().next() {
            None => self.in_row(id, own),
            found => Ok(found),
        }
    }

    /// The documents that carry a message id, in the order in which they are likely to be meant, and whether there are more.
    fn carrying(&self, id: &str, own: Option<&Party>) -> Result<(Vec<(Position, LogEntry)>, bool), Fault> {
        if id.is_empty() {
            return Ok((Vec::new(), false));
        }
        let terms = std::iter::once(Term::MessageId(id.to_string())).chain(own.cloned().map(Term::Party)).collect();
        let last = Search { terms, descending: true, ..Search::default() };
        let found = self.search_entered(&last, REACH)?;
        let mut documents = found.documents;
        // Where there are more than can be looked at, the last of them are meant, or what was accepted before all of them.
        if found.next.is_some() && documents.iter().all(|(_, entry)| !entry.refused.is_empty()) {
            let first = self.search_entered(&Search { descending: false, ..last }, REACH)?.documents;
            documents.extend(first.into_iter().filter(|(_, entry)| entry.refused.is_empty()));
        }
        documents.sort_by_key(|(position, entry)| std::cmp::Reverse((entry.refused.is_empty(), *position)));
        Ok((documents, found.next.is_some()))
    }

    /// The document that a list shows under the id of a row.
    fn in_row(&self, id: &str, own: Option<&Party>) -> Result<Option<(Position, LogEntry)>, Fault> {
        let Ok(place) = id.parse::<LogPlace>() else { return Ok(None) };
        let entry = self.document(place)?.filter(|entry| own.is_none_or(|own| entry.is_of(own)));
        Ok(entry.map(|entry| (Position { at: entry.at, place }, entry)))
    }
}
