//! What belongs together: a request, what it led to, and the bundles in which that was given out (post-office 4.4, item 4).
//!
//! It is told by the commit that took the request in, which everything that is made from it names. What senders call their
//! requests is another thing: they may call several alike, and each other's.

use std::collections::{BTreeMap, BTreeSet};

use super::search::Search;
use super::{Catalogue, Fault};
use crate::archive::{Direction, LogEntry, LogPlace, Position, Term};
use crate::market::Party;

/// Documents with where they stand.
type Documents = Vec<(Position, LogEntry)>;

impl Catalogue<'_> {
    /// The documents that have a transaction with this one in common, or the request that led to them: the request that was
    /// answered, the answers and notices to a request, and bundles of such notices; only those of `own`, where that is given, as
    /// it was given them. Oldest first. None of it needs the documents' bytes.
    pub fn related(&self, place: LogPlace, own: Option<&Party>) -> Result<Documents, Fault> {
        let Some(entry) = self.document(place)? else { return Ok(Vec::new()) };
        self.catch_up()?;
        let mut related = BTreeMap::new();
        for transaction in self.said(place)?.transactions {
            // Somebody else's transaction may be called alike.
            let found = self.with(Term::TransactionId(transaction), own)?.into_iter();
            related.extend(found.filter(|(_, it)| it.shares_a_party_with(&entry)));
        }
        for request in self.requests_of(place, &entry)? {
            related.extend(self.with(Term::Request(request), own)?);
        }
        related.extend(self.related_before(&entry, own)?);
        related.retain(|position, _| position.place != place);
        Ok(related.into_iter().take(RELATED_MAX).collect())
    }

    fn with(&self, term: Term, own: Option<&Party>) -> Result<Documents, Fault> {
        let terms = std::iter::once(term).chain(own.cloned().map(Term::Party)).collect();
        let search = Search { terms, take: RELATED_MAX, for_participant: own.is_some(), ..Search::default() };
        Ok(self.search(&search)?.documents)
    }

    /// The requests that led to a document, by the commits that took them in: itself, if it is one, several where it is a bundle,
    /// none where nobody asked.
    fn requests_of(&self, place: LogPlace, entry: &LogEntry) -> Result<BTreeSet<u64>, Fault> {
        let mut requests: BTreeSet<u64> =
            entry.request.into_iter().chain(is_request(entry).then_some(place.commit)).collect();
        if entry.direction == Direction::Out && entry.request.is_none() {
            let members = self.bundled_in(entry)?;
            requests.extend(members.into_iter().filter_map(|member| member.request));
        }
        Ok(requests)
    }

    /// The documents that were given out in a bundle, and the bundle; of anything else none.
    fn bundled_in(&self, bundle: &LogEntry) -> Result<Vec<LogEntry>, Fault> {
        let found = self.with(Term::Bundle(bundle.message_id.clone()), None)?;
        Ok(found.into_iter().map(|(_, member)| member).collect())
    }

    /// What went out before it was kept which request had led to it says only how that was named; its sender may have named others
    /// alike.
    fn related_before(&self, entry: &LogEntry, own: Option<&Party>) -> Result<Documents, Fault> {
        let is_before = |it: &LogEntry| it.direction == Direction::Out && it.request.is_none();
        let mut names = BTreeSet::from([entry.correlation_id.clone()]);
        if is_before(entry) {
            names.extend(self.bundled_in(entry)?.into_iter().filter(is_before).map(|member| member.correlation_id));
        } else if !is_request(entry) {
            return Ok(Vec::new());
        }
        names.remove("");
        let mut related = Vec::new();
        for name in names {
            let mut found = self.with(Term::CorrelationId(name), own)?;
            // No answer comes before its request.
            found.retain(|(_, it)| match entry.direction {
                Direction::In => is_before(it) && it.at >= entry.at,
                Direction::Out => is_before(it) || is_request(it) && it.at <= entry.at,
            });
            related.extend(found);
        }
        Ok(related)
    }
}

/// Whether a document may have led to others.
pub(super) fn is_request(entry: &LogEntry) -> bool {
    entry.direction == Direction::In && entry.refused.is_empty()
}

/// Related documents that are shown.
const RELATED_MAX: usize = 1_000;
