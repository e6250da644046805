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
    /// it was given them. Oldest first; where they are more than are shown, some of them. None of it needs the documents' bytes.
    pub fn related(&self, place: LogPlace, own: Option<&Party>) -> Result<Documents, Fault> {
        let Some(entry) = self.document(place)? else { return Ok(Vec::new()) };
        self.catch_up()?;
        let mut related = Related { catalogue: self, place, own, found: BTreeMap::new(), loaded: 0 };
        for request in self.requests_of(place, &entry)? {
            related.add(Term::Request(request), |_| true)?;
        }
        for transaction in self.said(place)?.transactions {
            // Somebody else's transaction may be called alike.
            related.add(Term::TransactionId(transaction), |it| it.shares_a_party_with(&entry))?;
        }
        for name in self.names_before(&entry)? {
            // No answer comes before its request.
            related.add(Term::CorrelationId(name), |it| match entry.direction {
                Direction::In => is_before(it) && it.at >= entry.at,
                Direction::Out => is_before(it) || is_request(it) && it.at <= entry.at,
            })?;
        }
        Ok(related.found.into_iter().collect())
    }

    /// The oldest documents, so many, that have a term.
    fn with(&self, term: Term, own: Option<&Party>, take: usize) -> Result<Documents, Fault> {
        let terms = std::iter::once(term).chain(own.cloned().map(Term::Party)).collect();
        let search = Search { terms, take, for_participant: own.is_some(), ..Search::default() };
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
        let found = self.with(Term::Bundle(bundle.message_id.clone()), None, RELATED_MAX)?;
        Ok(found.into_iter().map(|(_, member)| member).collect())
    }

    /// What went out before it was kept which request had led to it says only how that was named; its sender may have named others
    /// alike. The names by which this document may belong to such.
    fn names_before(&self, entry: &LogEntry) -> Result<BTreeSet<String>, Fault> {
        let mut names = BTreeSet::from([entry.correlation_id.clone()]);
        if is_before(entry) {
            names.extend(self.bundled_in(entry)?.into_iter().filter(is_before).map(|member| member.correlation_id));
        } else if !is_request(entry) {
            names.clear();
        }
        names.remove("");
        Ok(names)
    }
}

/// Collects what is related to a document, until it is enough.
struct Related<'a> {
    catalogue: &'a Catalogue<'a>,
    place: LogPlace,
    own: Option<&'a Party>,
    found: BTreeMap<Position, LogEntry>,
    /// What searches have found, however often.
    loaded: usize,
}

impl Related<'_> {
    /// Adds the documents that have a term, and belong to it, as far as there is room for them.
    fn add(&mut self, term: Term, belongs: impl Fn(&LogEntry) -> bool) -> Result<(), Fault> {
        let room = (RELATED_MAX - self.found.len()).min(LOADED_MAX.saturating_sub(self.loaded));
        if room == 0 {
            return Ok(());
        }
        // The document itself may be among them.
        let found = self.catalogue.with(term, self.own, room + 1)?;
        self.loaded += found.len();
        let others = found.into_iter().filter(|(position, it)| position.place != self.place && belongs(it));
        self.found.extend(others.take(room));
        Ok(())
    }
}

/// Whether a document went out before it was kept which request had led to it; bundles are like that too.
fn is_before(entry: &LogEntry) -> bool {
    entry.direction == Direction::Out && entry.request.is_none()
}

/// Whether a document may have led to others.
pub(super) fn is_request(entry: &LogEntry) -> bool {
    entry.direction == Direction::In && entry.refused.is_empty()
}

/// Related documents that are shown.
pub(super) const RELATED_MAX: usize = 1_000;
/// Documents that searches may find for that: many find the same.
const LOADED_MAX: usize = 10 * RELATED_MAX;
