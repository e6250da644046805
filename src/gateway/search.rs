//! Searches in the archive's catalogue: documents that meet all criteria, in any of its orders, page by page both ways
//! (post-office 4.4).
//!
//! In the order of time a search walks along its rarest term and looks the others up. In another order it does the same
//! as long as that comes to an end soon, and sorts what it finds; where so much is found, or nothing but the order is
//! asked for, it walks along the order and looks all terms up.

use super::{Catalogue, Fault};
use crate::archive::{Cursor, LogEntry, Position, SortBy, Term};
use crate::market::Timestamp;
use crate::record::{Key, KeyRange};
use crate::store;

/// What is looked for: documents that have all of the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub terms: Vec<Term>,
    pub from: Timestamp,
    /// Excluded.
    pub to: Timestamp,
    pub by: SortBy,
    /// Last in its order first, such as the newest.
    pub descending: bool,
    /// Where the page begins or ends; without it, it is the first.
    pub start: Option<Start>,
    /// At least 1.
    pub take: usize,
    /// Leaves out what was given out within another document, and so never under its own id; and does not walk along other
    /// participants' documents, so that no cursor tells of one.
    pub for_participant: bool,
}

/// Where in its list a page stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Behind this place: where the page before it ended.
    After(Cursor),
    /// Right before this place: where the page behind it began.
    Before(Cursor),
}

impl Default for Search {
    fn default() -> Self {
        Self {
            terms: Vec::new(),
            from: Timestamp::from_micros(i64::MIN),
            to: Timestamp::OPEN_END,
            by: SortBy::Time,
            descending: false,
            start: None,
            take: 1_000,
            for_participant: false,
        }
    }
}

/// A page of documents, in the order that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub documents: Vec<(Position, LogEntry)>,
    /// The page behind this one begins after it; `None` when all has been looked through. There may be one although nothing
    /// was found: a search looks at a bounded number of documents at a time.
    pub next: Option<Cursor>,
    /// The page before this one ends before it; `None` when there can be none.
    pub previous: Option<Cursor>,
    /// More than [`SORTED_MAX`] documents would have to be sorted for a participant, so none were.
    pub too_many: bool,
}

/// Documents that a search in another order than that of time finds and sorts, at most; where its rarest term has more, it
/// walks along the order.
pub const SORTED_MAX: usize = 50_000;
/// Documents that one search looks at on its walk; the next page goes on.
const LOOKED_AT_MAX: usize = 100_000;
/// Documents that are counted: well below a second of work.
const COUNTED_MAX: usize = 50_000;
/// Entries of the catalogue that are read at a time.
const PAGE_RECORDS: usize = 500;

/// How far searches go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub looked_at: usize,
    pub sorted: usize,
    pub page: usize,
}

pub(super) const REACH: Reach = Reach { looked_at: LOOKED_AT_MAX, sorted: SORTED_MAX, page: PAGE_RECORDS };

impl Catalogue<'_> {
    /// A page of the documents that have all terms.
    pub fn search(&self, search: &Search) -> Result<Found, Fault> {
        self.search_within(search, REACH)
    }

    pub(super) fn search_within(&self, search: &Search, reach: Reach) -> Result<Found, Fault> {
        self.catch_up()?;
        self.search_entered(search, reach)
    }

    /// The same among those that are in the catalogue.
    pub(super) fn search_entered(&self, search: &Search, reach: Reach) -> Result<Found, Fault> {
        assert!(search.take > 0, "a page holds at least one document");
        let looking = Looking { catalogue: self, search, reach };
        let walked = if let Some(common) = search.by.common(&search.terms) {
            let (walked, terms) = search.rarest();
            looking.walk(&Along::Term { walked, common }, &terms)?
        } else if let Some(hits) = looking.hits()? {
            looking.pick(hits)?
        } else if search.for_participant {
            return Ok(Found { too_many: true, ..Found::default() });
        } else {
            looking.walk(&Along::Order(search.by), &search.terms)?
        };
        Ok(looking.page(walked))
    }

    /// How many documents a search finds on all its pages; `None` where that is more than are counted.
    pub fn count(&self, search: &Search) -> Result<Option<usize>, Fault> {
        let by = SortBy::Time;
        let mut search = Search { by, descending: false, start: None, take: PAGE_RECORDS, ..search.clone() };
        let mut counted = 0;
        loop {
            let found = self.search(&search)?;
            counted += found.documents.len();
            match found.next {
                None => return Ok(Some(counted)),
                // A page that is not full has looked at as much as a search may.
                Some(_) if found.documents.len() < search.take || counted >= COUNTED_MAX => return Ok(None),
                next => search.start = next.map(Start::After),
            }
        }
    }
}

impl Search {
    /// The term to walk along, and those to look up.
    fn rarest(&self) -> (Term, Vec<Term>) {
        let mut terms = self.terms.clone();
        terms.sort_by_key(Term::rank);
        let rarest = if terms.is_empty() { Term::Any } else { terms.remove(0) };
        (rarest, terms)
    }

    fn is_for_everything(&self) -> bool {
        let Self { from, to, .. } = Self::default();
        self.terms.is_empty() && (self.from, self.to) == (from, to)
    }

    /// Whether keys are gone through from the last to the first.
    fn goes_back(&self) -> bool {
        self.descending != matches!(self.start, Some(Start::Before(_)))
    }

    fn start(&self) -> Option<&Cursor> {
        self.start.as_ref().map(|(Start::After(cursor) | Start::Before(cursor))| cursor)
    }
}

/// What a search walks along.
enum Along {
    /// A term within the time that is asked for. All that is found has `common` in common, so its order is that of time.
    Term {
        walked: Term,
        common: Term,
    },
    Order(SortBy),
}

impl Along {
    fn range(&self, search: &Search) -> KeyRange {
        match self {
            Along::Term { walked, .. } => walked.range(search.from, search.to),
            Along::Order(by) => by.range(),
        }
    }

    /// Where a cursor stands in the range.
    fn place_of(&self, cursor: &Cursor, by: SortBy) -> Key {
        let key = cursor.key(by);
        match self {
            Along::Term { walked, common } if key < common.key(&Position::FIRST) => walked.key(&Position::FIRST),
            Along::Term { walked, common } if common.key(&Position::LAST) < key => walked.key(&Position::LAST),
            Along::Term { walked, .. } => walked.key(&cursor.position()),
            Along::Order(_) => key,
        }
    }

    /// The key in the order that is asked for, of what stands under a key of the range.
    fn in_order(&self, key: &Key, position: &Position) -> Key {
        match self {
            Along::Term { common, .. } => common.key(position),
            Along::Order(_) => key.clone(),
        }
    }

    /// Whether a document is in its place under a key of the range.
    fn is_place_of(&self, key: &Key, position: &Position, entry: &LogEntry) -> bool {
        match self {
            Along::Term { .. } => true,
            Along::Order(by) => by.term(entry).key(position) == *key,
        }
    }
}

/// What came of going one way: documents with their keys in the order, and the key behind which to go on.
#[derive(Default)]
struct Walked {
    rows: Vec<(Key, Position, LogEntry)>,
    on: Option<Key>,
}

struct Looking<'a> {
    catalogue: &'a Catalogue<'a>,
    search: &'a Search,
    reach: Reach,
}

impl Looking<'_> {
    /// Goes along until the page is full.
    fn walk(&self, along: &Along, terms: &[Term]) -> Result<Walked, Fault> {
        let range = along.range(self.search);
        let mut behind = self.search.start().map(|cursor| along.place_of(cursor, self.search.by));
        let (mut walked, mut seen) = (Walked::default(), 0);
        loop {
            let page = self.records(&range, behind.as_ref(), self.search.goes_back())?;
            for (key, position) in self.matching(&page, terms)? {
                let shown = self.shown(position)?.filter(|entry| along.is_place_of(&key, &position, entry));
                let Some(entry) = shown else { continue };
                if self.ends(&mut walked) {
                    return Ok(walked);
                }
                walked.rows.push((along.in_order(&key, &position), position, entry));
            }
            seen += page.records.len();
            let Some(key) = page.next_after() else { return Ok(walked) };
            if seen >= self.reach.looked_at {
                walked.on = Some(along.in_order(key, &position_of(key)?));
                return Ok(walked);
            }
            behind = Some(key.clone());
        }
    }

    /// Where all that is found stands in the order; `None` where the rarest term leads to more than are sorted.
    fn hits(&self) -> Result<Option<Vec<Key>>, Fault> {
        if self.search.is_for_everything() {
            return Ok(None);
        }
        let (walked, terms) = self.search.rarest();
        let range = walked.range(self.search.from, self.search.to);
        let (mut found, mut seen, mut behind) = (Vec::new(), 0, None);
        loop {
            let page = self.records(&range, behind.as_ref(), false)?;
            seen += page.records.len();
            if seen > self.reach.sorted {
                return Ok(None);
            }
            found.extend(self.matching(&page, &terms)?.into_iter().map(|(_, position)| position));
            match page.next_after() {
                Some(key) => behind = Some(key.clone()),
                None => break,
            }
        }
        // The log is read only once it is known that they are not too many.
        let mut hits = Vec::with_capacity(found.len());
        for positions in found.chunks(self.reach.page) {
            let entries = self.catalogue.documents(positions)?;
            hits.extend(positions.iter().zip(&entries).map(|(at, entry)| self.search.by.term(entry).key(at)));
        }
        Ok(Some(hits))
    }

    /// Takes a page out of all that was found.
    fn pick(&self, mut hits: Vec<Key>) -> Result<Walked, Fault> {
        let back = self.search.goes_back();
        hits.sort_unstable();
        if back {
            hits.reverse();
        }
        let start = self.search.start().map(|cursor| cursor.key(self.search.by));
        let is_passed = |key: &Key| start.as_ref().is_some_and(|start| if back { key >= start } else { key <= start });
        let mut walked = Walked::default();
        for key in hits.into_iter().skip_while(is_passed) {
            let position = position_of(&key)?;
            let Some(entry) = self.shown(position)? else { continue };
            if self.ends(&mut walked) {
                break;
            }
            walked.rows.push((key, position, entry));
        }
        Ok(walked)
    }

    /// Whether the page is full; it then says behind what to go on.
    fn ends(&self, walked: &mut Walked) -> bool {
        let full = walked.rows.len() == self.search.take;
        walked.on = walked.rows.last().filter(|_| full).map(|(key, ..)| key.clone());
        full
    }

    /// What was walked, as a page of the list: the other way round where it was walked to from behind.
    fn page(&self, walked: Walked) -> Found {
        let cursor = |key: &Key| Cursor::of_key(self.search.by, key).expect("it is a key of the order");
        let on = walked.on.as_ref().map(cursor);
        let begin = self.search.start().map(|start| match (walked.rows.first(), &on) {
            (Some((key, ..)), _) => cursor(key),
            (None, Some(on)) => on.clone(),
            (None, None) => start.clone().beside(self.search.goes_back()),
        });
        let mut documents: Vec<_> = walked.rows.into_iter().map(|(_, position, entry)| (position, entry)).collect();
        let (mut next, mut previous) = (on, begin);
        if matches!(self.search.start, Some(Start::Before(_))) {
            documents.reverse();
            std::mem::swap(&mut next, &mut previous);
        }
        Found { documents, next, previous, too_many: false }
    }

    fn records(&self, range: &KeyRange, behind: Option<&Key>, back: bool) -> Result<store::Page, Fault> {
        let store = self.catalogue.store;
        let page = match back {
            false => store.page(range, behind, self.reach.page),
            true => store.page_back(range, behind, self.reach.page),
        };
        page.map_err(Fault::store(DOING))
    }

    /// Of some records those whose documents are of the time and have all terms.
    fn matching(&self, page: &store::Page, terms: &[Term]) -> Result<Vec<(Key, Position)>, Fault> {
        let mut matching = Vec::new();
        for (key, _) in &page.records {
            let position = position_of(key)?;
            if (self.search.from..self.search.to).contains(&position.at) {
                matching.push((key.clone(), position));
            }
        }
        let asked: Vec<_> = matching.iter().flat_map(|(_, at)| terms.iter().map(|term| term.key(at))).collect();
        let others = self.catalogue.store.get_many(&asked).map_err(Fault::store(DOING))?;
        let mut others = others.iter();
        matching.retain(|_| others.by_ref().take(terms.len()).filter(|other| other.is_some()).count() == terms.len());
        Ok(matching)
    }

    /// The document at a position, unless it is left out.
    fn shown(&self, position: Position) -> Result<Option<LogEntry>, Fault> {
        let entry = self.catalogue.document(position.place)?.ok_or(Fault::Unreadable { what: "the log" })?;
        let left_out = self.search.for_participant && self.catalogue.is_bundled(&entry)?;
        Ok((!left_out).then_some(entry))
    }
}

fn position_of(key: &Key) -> Result<Position, Fault> {
    Position::of_key(key).ok_or(Fault::Unreadable { what: "the catalogue" })
}

const DOING: &str = "search the archive";
