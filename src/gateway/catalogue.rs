//! The archive's catalogue at work: it follows the log, and finds documents (post-office 4.4).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::related::is_request;
use super::search::Search;
use super::trail::Trail;
use super::{Fault, Gateway, delivery};
use crate::archive::{self, Direction, Kept, LetGo, LogEntry, LogPlace, Position, Said, Term, Verdict};
use crate::document::{self, MentionsReader};
use crate::market::{Party, Timestamp};
use crate::receipts::Accepted;
use crate::record::{Batch, Change, Expected, Key, Outcome, Packed};
use crate::spec::Specs;
use crate::store::{self, Store, let_go_key};
use crate::xml::Limits;

/// The catalogue over a store, whoever opened it.
pub struct Catalogue<'a> {
    pub store: &'a dyn Store,
    pub specs: &'a Specs,
    pub limits: &'a Limits,
    /// What is not yet written down of how post was shown; none where no gateway is open.
    pub(super) trail: Option<&'a Trail>,
}

/// What the log has of a document, as a row of JSON.
pub fn log_row(place: LogPlace, entry: &LogEntry) -> Value {
    let party = |party: &Party| json!({ "number": party.number.as_str(), "role": party.role.code() });
    let mut row = json!({
        "id": place.to_string(),
        "at": entry.at.to_string(),
        "direction": entry.direction.name(),
        "party": party(&entry.party),
        "document": entry.document,
        "messageId": entry.message_id,
        "correlationId": entry.correlation_id,
        "refused": entry.refused,
        "bytes": entry.place.bytes,
        "hash": blake3::Hash::from_bytes(entry.hash).to_hex().as_str(),
    });
    if let Some(addressee) = &entry.addressee {
        row["addressee"] = party(addressee);
    }
    if let Some(verdict) = Verdict::of(entry) {
        row["verdict"] = verdict.name().into();
    }
    if let Some(came) = &entry.came {
        let headers: BTreeMap<_, _> = came.headers.iter().map(|(name, value)| (name, value)).collect();
        row["request"] = json!({ "path": came.path, "headers": headers, "kept": came.kept.name() });
    }
    row
}

impl<'a> Catalogue<'a> {
    /// The catalogue over a store without a gateway.
    pub fn over(store: &'a dyn Store, specs: &'a Specs, limits: &'a Limits) -> Self {
        Self { store, specs, limits, trail: None }
    }
}

impl Catalogue<'_> {
    /// Enters everything that has been logged since. One thread of the program does so at a time: whoever else searches waits for it
    /// instead of reading the same bodies. Nobody who asks a gateway waits longer than [`CATCHING_UP_MAX`], and that only where
    /// a store is catalogued anew.
    pub fn catch_up(&self) -> Result<(), Fault> {
        let began = Instant::now();
        let _turn = CATCHING_UP.lock().unwrap_or_else(PoisonError::into_inner);
        while self.enter_some()? {
            if self.trail.is_some() && began.elapsed() > CATCHING_UP_MAX {
                return Err(Fault::Cataloguing);
            }
        }
        self.enter_what_was_unread()
    }

    /// The same, for as long as it may go on. Returns whether everything is entered.
    pub fn catch_up_while(&self, may_go_on: &dyn Fn() -> bool) -> Result<bool, Fault> {
        while may_go_on() {
            if !self.enter_some()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Enters the next documents of the log. Returns whether there may be more.
    fn enter_some(&self) -> Result<bool, Fault> {
        let unreadable = |what| move || Fault::Unreadable { what };
        let record = self.store.get(&archive::reached_key()).map_err(Fault::store(DOING))?;
        let reached = record.as_ref().map_or(Some(None), archive::reached).ok_or_else(unreadable("the catalogue"))?;
        let page =
            self.store.page(&archive::log_range(), reached.as_ref(), LOG_RECORDS).map_err(Fault::store(DOING))?;
        let Some((last, _)) = page.records.last() else { return Ok(false) };
        let (mut changes, mut sent) = (Vec::new(), HashMap::new());
        for (key, record) in &page.records {
            let (commit, first) = archive::nth_in_record(key).ok_or_else(unreadable("the log"))?;
            let entries = LogEntry::from_record(record).ok_or_else(unreadable("the log"))?;
            for (entry, nth) in entries.into_iter().zip(first..) {
                let position = Position { at: entry.at, place: LogPlace { commit, nth } };
                let mentions = self.mentions(&position, &entry, &mut changes)?;
                changes.extend(entered(&position, &entry, mentions));
                if entry.direction == Direction::Out {
                    changes.extend(self.bundled(&entry, &position, &sent)?);
                    sent.insert(entry.message_id, position);
                }
                self.write_full_batches(&mut changes)?;
            }
        }
        let seen = record.map_or(Expected::Absent, |record| Expected::At(record.version));
        let mut batch = Batch::default();
        batch.expect(archive::reached_key(), seen).put_all(changes).put_all([archive::reach(last)]);
        let outcome = self.store.commit(batch).map_err(Fault::store(DOING))?;
        Ok(page.more || matches!(outcome, Outcome::Conflict(_)))
    }

    /// Enters what could not be read when its turn came, and can be now. It is not tried as long as the store knows of a body that cannot.
    fn enter_what_was_unread(&self) -> Result<(), Fault> {
        let (range, mut behind) = (archive::unread_range(), None);
        while self.store.trouble().is_none() {
            let page = self.store.page(&range, behind.as_ref(), LOG_RECORDS).map_err(Fault::store(DOING))?;
            let next = page.next_after().cloned();
            for (key, _) in page.records {
                let place = archive::unread_place(&key).ok_or(Fault::Unreadable { what: "the catalogue" })?;
                let mut changes = Vec::new();
                if let Some(entry) = self.document(place)? {
                    // The store learns by this where it still cannot.
                    let read = self.body(place.commit, &entry).and_then(|_| self.read_mentions(place.commit, &entry));
                    let Ok(mentions) = read else { continue };
                    changes.extend(entered(&Position { at: entry.at, place }, &entry, mentions));
                }
                self.write_full_batches(&mut changes)?;
                let mut batch = Batch::default();
                batch.put_all(changes).delete(key);
                self.store.commit(batch).map_err(Fault::store(DOING))?;
            }
            match next {
                Some(next) => behind = Some(next),
                None => break,
            }
        }
        Ok(())
    }

    /// A document may have a hundred thousand records. Entering a term twice changes nothing, so its terms need not all
    /// go into the commit that says that they are in.
    fn write_full_batches(&self, changes: &mut Vec<Change>) -> Result<(), Fault> {
        while changes.len() > BATCH_CHANGES_MAX {
            let mut batch = Batch::default();
            batch.put_all(changes.drain(..BATCH_CHANGES_MAX));
            self.store.commit(batch).map_err(Fault::store(DOING))?;
        }
        Ok(())
    }

    /// The changes that enter a bundle, and the documents that were given out in it, under its id, and the bundle under the
    /// requests that led to these. They may be among those that were `sent` and are only about to be entered.
    fn bundled(
        &self,
        bundle: &LogEntry,
        position: &Position,
        sent: &HashMap<String, Position>,
    ) -> Result<Vec<Change>, Fault> {
        // Whatever answers somebody is no bundle.
        if !bundle.correlation_id.is_empty() || bundle.request.is_some() {
            return Ok(Vec::new());
        }
        let records = delivery::members(self.store, &bundle.message_id, MEMBER_RECORDS_MAX)?;
        let mut positions = BTreeSet::new();
        for id in records.into_iter().flat_map(|(_, members)| members.ids) {
            positions.extend(match sent.get(&id) {
                Some(position) => Some(*position),
                None => self.sent_as(&id, &bundle.party)?,
            });
        }
        let members: Vec<Position> = positions.iter().copied().collect();
        let requests: BTreeSet<u64> = self.documents(&members)?.iter().filter_map(|member| member.request).collect();
        if !positions.is_empty() {
            positions.insert(*position);
        }
        let term = Term::Bundle(bundle.message_id.clone());
        let entered = positions.iter().map(|position| archive::enter(&term, position));
        let asked = requests.into_iter().map(|request| archive::enter(&Term::Request(request), position));
        Ok(entered.chain(asked).collect())
    }

    /// Where a document stands that was sent to somebody under an id, as far as it is entered.
    fn sent_as(&self, id: &str, party: &Party) -> Result<Option<Position>, Fault> {
        let Search { from, to, .. } = Search::default();
        let range = Term::MessageId(id.to_string()).range(from, to);
        let page = self.store.page(&range, None, PAGE_RECORDS).map_err(Fault::store(DOING))?;
        let positions: Vec<Position> = page.records.iter().filter_map(|(key, _)| Position::of_key(key)).collect();
        let keys: Vec<Key> = positions.iter().map(|at| Term::Party(party.clone()).key(at)).collect();
        let is_its = self.store.get_many(&keys).map_err(Fault::store(DOING))?;
        Ok(positions.into_iter().zip(is_its).find(|(_, its)| its.is_some()).map(|(position, _)| position))
    }

    /// What a document says of itself; `None` where its bytes are gone, were never kept as it is, or have come to harm: one
    /// damaged document must not keep the others out, and is entered once it can be read.
    fn mentions(
        &self,
        Position { place, .. }: &Position,
        entry: &LogEntry,
        changes: &mut Vec<Change>,
    ) -> Result<Option<document::Mentions>, Fault> {
        let commit = place.commit;
        match self.read_mentions(commit, entry) {
            Err(fault) if fault.is_damage() => {
                changes.push(archive::unread(*place));
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    commit,
                    message_id = entry.message_id,
                    "a document of the archive has come to harm, and is found only by what the log says of it"
                );
                Ok(None)
            }
            read => read,
        }
    }

    fn read_mentions(&self, commit: u64, entry: &LogEntry) -> Result<Option<document::Mentions>, Fault> {
        if entry.kept() != Kept::Whole {
            return Ok(None);
        }
        // What one decision sends is packed together and short; what came in has a body of its own.
        let body: Option<Box<dyn Read>> = match entry.direction {
            Direction::Out => self.body(commit, entry)?.map(|body| Box::new(io::Cursor::new(body)) as _),
            Direction::In => self.packed(commit, entry)?.map(|packed| Box::new(packed.reader()) as _),
        };
        let Some(body) = body else { return Ok(None) };
        let mut reader = MentionsReader::default();
        document::read_from(self.specs, body, self.limits, &mut reader).map_err(damaged)?;
        let mut mentions = reader.finish();
        // What was refused because it could not be read is found by what it seems to say.
        if !entry.refused.is_empty()
            && (mentions.header.message_id.is_empty() || mentions.transactions.is_empty())
            && let Some(packed) = self.packed(commit, entry)?
        {
            let mut bytes = Vec::new();
            let mut looked_at = packed.reader().take(document::GLIMPSED_BYTES_MAX as u64);
            looked_at.read_to_end(&mut bytes).map_err(damaged)?;
            mentions.add(document::glimpse(&bytes, self.limits));
        }
        Ok(Some(mentions))
    }

    /// The document at a place of the log.
    pub fn document(&self, place: LogPlace) -> Result<Option<LogEntry>, Fault> {
        logged(self.store, place)
    }

    /// The documents at places of the log that are known to be there. Those of one record that follow each other are read
    /// together.
    pub(super) fn documents(&self, positions: &[Position]) -> Result<Vec<LogEntry>, Fault> {
        let unreadable = || Fault::Unreadable { what: "the log" };
        let mut keys: Vec<(Key, Vec<usize>)> = Vec::new();
        for Position { place, .. } in positions {
            let (key, nth) = archive::log_key(place.commit, place.nth);
            match keys.last_mut().filter(|(last, _)| *last == key) {
                Some((_, nths)) => nths.push(nth),
                None => keys.push((key, vec![nth])),
            }
        }
        let (keys, nths): (Vec<Key>, Vec<Vec<usize>>) = keys.into_iter().unzip();
        let mut documents = Vec::with_capacity(positions.len());
        for (record, nths) in self.store.get_many(&keys).map_err(Fault::store(DOING))?.iter().zip(nths) {
            let entries = record.as_ref().and_then(LogEntry::from_record).ok_or_else(unreadable)?;
            for nth in nths {
                documents.push(entries.get(nth).cloned().ok_or_else(unreadable)?);
            }
        }
        Ok(documents)
    }

    /// The document that was accepted under a message id of its sender's, or stands at a place of the log: what its receipt
    /// states. Used ids say where it is, so nothing need be catalogued first.
    pub fn accepted(&self, id: &str, sender: &Party) -> Result<Option<Accepted>, Fault> {
        let used = self.store.get(&archive::message_id_key(&sender.number, id)).map_err(Fault::store(DOING))?;
        let commit = match (used, id.parse()) {
            (Some(first), _) => first.version,
            (None, Ok(LogPlace { commit, nth: 0 })) => commit,
            (None, _) => return Ok(None),
        };
        Ok(self.accepted_by(commit)?.filter(|accepted| accepted.entry.party == *sender))
    }

    /// The document that a commit took in and accepted.
    pub fn accepted_by(&self, commit: u64) -> Result<Option<Accepted>, Fault> {
        let Some(entry) = self.document(LogPlace { commit, nth: 0 })?.filter(|entry| entry.refused.is_empty()) else {
            return Ok(None);
        };
        let head = self.store.head_of(commit).map_err(Fault::store(DOING))?;
        Ok(Some(Accepted { commit, entry, head }))
    }

    /// A document's exact bytes.
    pub fn body(&self, commit: u64, entry: &LogEntry) -> Result<Option<Bytes>, Fault> {
        let body = self.store.body(&archive::body_key(commit, entry.place.part)).map_err(Fault::store(DOING))?;
        Ok(body.and_then(|body| entry.place.in_body(&body)))
    }

    /// The body in which a document stands.
    fn packed(&self, commit: u64, entry: &LogEntry) -> Result<Option<Packed>, Fault> {
        self.store.packed(&archive::body_key(commit, entry.place.part)).map_err(Fault::store(DOING))
    }

    /// What is kept of what a document says of itself, once it is catalogued.
    pub(super) fn said(&self, place: LogPlace) -> Result<Said, Fault> {
        let kept = self.store.get(&Said::key(place)).map_err(Fault::store(DOING))?;
        let said = kept.map_or(Some(Said::default()), |kept| Said::from_entry(&kept));
        said.ok_or(Fault::Unreadable { what: "the catalogue" })
    }

    /// A document as a row of JSON; what went out says how far it has come.
    pub fn row(&self, position: &Position, entry: &LogEntry) -> Result<Value, Fault> {
        let mut row = log_row(position.place, entry);
        let said = self.said(position.place)?;
        (row["reason"], row["rsm"]) = (said.reason.into(), said.rsm.into());
        if entry.message_id.is_empty() {
            row["messageId"] = said.message_id.into();
        }
        if let Some(let_go) = self.let_go(position.place.commit, entry)? {
            row["removed"] = let_go.to_string().into();
        }
        if entry.direction == Direction::Out {
            row["delivery"] = self.delivery(position.place, entry)?;
        }
        Ok(row)
    }

    /// When the body in which a document stands was let go, if it was.
    pub fn let_go(&self, commit: u64, entry: &LogEntry) -> Result<Option<Timestamp>, Fault> {
        let key = let_go_key(&archive::body_key(commit, entry.place.part));
        let Some(record) = self.store.get(&key).map_err(Fault::store(DOING))? else { return Ok(None) };
        let why = LetGo::from_entry(&record).ok_or(Fault::Unreadable { what: "the log of deletions" })?;
        Ok(Some(why.at()))
    }

    /// The documents that stand in a body.
    pub fn in_body(&self, body: &Key) -> Result<Vec<(Position, LogEntry)>, Fault> {
        let unreadable = |what| move || Fault::Unreadable { what };
        let (commit, part) = archive::body_of_key(body).ok_or_else(unreadable("the log of deletions"))?;
        let mut documents = Vec::new();
        for record in store::records(self.store, &archive::log_of(commit), PAGE_RECORDS) {
            let (key, record) = record.map_err(Fault::store(DOING))?;
            let (_, first) = archive::nth_in_record(&key).ok_or_else(unreadable("the log"))?;
            let entries = LogEntry::from_record(&record).ok_or_else(unreadable("the log"))?.into_iter().zip(first..);
            let in_part = entries.filter(|(entry, _)| entry.place.part == part);
            documents.extend(
                in_part.map(|(entry, nth)| (Position { at: entry.at, place: LogPlace { commit, nth } }, entry)),
            );
        }
        Ok(documents)
    }
}

/// What is kept of what a document says of itself.
fn said(entry: &LogEntry, mentions: &document::Mentions, rsm: &str) -> Said {
    let transactions = mentions.transactions.iter().take(archive::TIES_MAX).cloned().collect();
    let message_id = if entry.message_id.is_empty() { &*mentions.header.message_id } else { "" }.to_string();
    Said { message_id, reason: mentions.header.business_reason.clone(), rsm: rsm.to_string(), transactions }
}

fn damaged(cause: io::Error) -> Fault {
    match cause.downcast() {
        Ok(source) => Fault::Store { doing: DOING, source: store::Fault::Damaged { source } },
        Err(_) => Fault::Unreadable { what: "an archived document" },
    }
}

/// What it is found by.
fn mentioned(mentions: document::Mentions, rsm: &str) -> BTreeSet<Term> {
    let mut terms = BTreeSet::new();
    terms.extend((!rsm.is_empty()).then(|| Term::Rsm(rsm.to_string())));
    let header = [Term::Reason(mentions.header.business_reason), Term::MessageId(mentions.header.message_id)];
    terms.extend(
        header.into_iter().filter(|term| !matches!(term, Term::Reason(it) | Term::MessageId(it) if it.is_empty())),
    );
    terms.extend(mentions.transactions.into_iter().map(Term::TransactionId));
    terms.extend(mentions.subjects.into_iter().map(Term::Subject));
    terms
}

impl Gateway {
    pub fn catalogue(&self) -> Catalogue<'_> {
        Catalogue { trail: Some(&self.trail), ..Catalogue::over(&*self.store, &self.specs, &self.settings.limits) }
    }

    /// Keeps the catalogue up to date while there is nothing better to do, for as long as the gateway is open.
    pub fn catalogue_at_leisure(self: &Arc<Self>) {
        let gateway = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LEISURE_PAUSE).await;
                let Some(gateway) = gateway.upgrade() else { return };
                if gateway.decider.undecided() > 0 {
                    continue;
                }
                let leisure = move || {
                    let began = Instant::now();
                    let idle = || gateway.decider.undecided() == 0 && began.elapsed() < LEISURE_PAUSE;
                    gateway.catalogue().catch_up_while(&idle)
                };
                if let Ok(Err(fault)) = tokio::task::spawn_blocking(leisure).await {
                    tracing::error!(error = &fault as &dyn std::error::Error, "failed to keep the catalogue");
                }
            }
        });
    }
}

/// What the log has of the document at a place.
pub(super) fn logged(store: &dyn Store, place: LogPlace) -> Result<Option<LogEntry>, Fault> {
    let (key, entry) = archive::log_key(place.commit, place.nth);
    let Some(record) = store.get(&key).map_err(Fault::store(DOING))? else { return Ok(None) };
    let mut entries = LogEntry::from_record(&record).ok_or(Fault::Unreadable { what: "the log" })?;
    Ok((entry < entries.len()).then(|| entries.swap_remove(entry)))
}

/// The changes that enter a document under all of its terms, by what the log says and what it says of itself, if that can be read.
fn entered(position: &Position, entry: &LogEntry, mentions: Option<document::Mentions>) -> Vec<Change> {
    let mut terms = archive::terms_of(entry);
    terms.extend(is_request(entry).then_some(Term::Request(position.place.commit)));
    let type_code = mentions.as_ref().map_or("", |mentions| &mentions.header.document_type);
    let rsm = document::rsm(&entry.document, type_code).unwrap_or_default();
    // What was kept of a document stays, where it can be read no more.
    let kept = mentions.as_ref().and_then(|mentions| said(entry, mentions, rsm).keep(position.place));
    terms.extend(mentioned(mentions.unwrap_or_default(), rsm));
    kept.into_iter().chain(terms.iter().map(|term| archive::enter(term, position))).collect()
}

const DOING: &str = "look into the archive";
/// Records of the log that are entered at a time.
const LOG_RECORDS: usize = 500;
/// Changes in one batch: well below what a batch may hold, and a fraction of a second to write.
const BATCH_CHANGES_MAX: usize = 5_000;
/// Records of one commit that are read at a time.
const PAGE_RECORDS: usize = 500;
/// Records of a bundle's members that are read: more than any bundle has.
const MEMBER_RECORDS_MAX: usize = 1_000;
/// Held by whoever catches up with the log before a search.
static CATCHING_UP: Mutex<()> = Mutex::new(());
/// How long whoever asks a gateway waits for that.
const CATCHING_UP_MAX: Duration = Duration::from_secs(20);
/// How often it is looked whether there is something to enter, and how long it is entered at a time.
const LEISURE_PAUSE: Duration = Duration::from_secs(1);
