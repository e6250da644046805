//! What the post office has stored of a document, read: where it waits, how it left, and how far it has come by that.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Catalogue, Fault};
use crate::archive::{self, Direction, LogEntry, LogPlace, Place};
use crate::document::{Bearings, Category};
use crate::market::Party;
use crate::post_office::{self, Left, Members, Parting, Shown, Slip, Waiting};
use crate::record::{Entry, Key};
use crate::store::Store;

/// A document of ours as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In CIM XML.
    pub document: Bytes,
    /// What its records say besides.
    pub bearings: Bearings,
}

impl Told {
    /// A document out of the body in which it stands; `None` where it is not in there.
    pub(super) fn in_body(place: Place, body: &Bytes) -> Option<Self> {
        let bearings = post_office::read_beside(&place.beside_in_body(body));
        Some(Self { document: place.in_body(body)?, bearings })
    }
}

/// A place of a queue.
pub(super) fn waiting(entry: &Entry) -> Result<Waiting, Fault> {
    Waiting::decode(&entry.value).ok_or(Fault::Unreadable { what: "a queue" })
}

/// The slip of a document that has left its queue.
pub(super) fn slip(store: &dyn Store, message_id: &str) -> Result<Option<Slip>, Fault> {
    let record = store.get(&post_office::slip_key(message_id)).map_err(Fault::store("read a document's slip"))?;
    let read = |record: Entry| Slip::from_entry(&record).ok_or(Fault::Unreadable { what: "a document's slip" });
    record.map(read).transpose()
}

/// What a bundle is made of, record by record, each with its key; nothing where there is none of this id.
pub(super) fn members(store: &dyn Store, message_id: &str, records: usize) -> Result<Vec<(Key, Members)>, Fault> {
    let page =
        store.page(&post_office::bundle_range(message_id), None, records).map_err(Fault::store("read a bundle"))?;
    let read = |(key, record): (Key, Entry)| Some((key, Members::decode(&record.value)?));
    page.records.into_iter().map(|it| read(it).ok_or(Fault::Unreadable { what: "a bundle" })).collect()
}

impl Catalogue<'_> {
    /// What went out, as it is kept; nothing once its bytes are gone.
    pub fn kept(&self, commit: u64, entry: &LogEntry) -> Result<Option<Told>, Fault> {
        let key = archive::body_key(commit, entry.place.part);
        let body = self.store.body(&key).map_err(Fault::store("look into the archive"))?;
        Ok(body.and_then(|body| Told::in_body(entry.place, &body)))
    }

    /// How far something has come that went out. What was given out in a bundle has come as far as that, which is named.
    pub(super) fn delivery(&self, place: LogPlace, entry: &LogEntry) -> Result<Value, Fault> {
        for category in Category::ALL {
            let key = post_office::place_key(&entry.party, category, (place.commit, place.nth.saturating_sub(1)));
            if let Some(waiting) = self.waiting(&key)?.filter(|waiting| waiting.message_id == entry.message_id) {
                return Ok(self.in_queue(&key, &waiting));
            }
        }
        match slip(self.store, &entry.message_id)?.map(|slip| slip.left) {
            Some(Left::Bundled(into)) => {
                let left = slip(self.store, &into)?.map(|slip| slip.left);
                let mut delivery = self.of_left(left, &into, &entry.party)?;
                delivery["within"] = into.into();
                Ok(delivery)
            }
            left => self.of_left(left, &entry.message_id, &entry.party),
        }
    }

    /// Whether nobody is to fetch what went out any more: its receiver has dequeued it, it has expired, or was given up.
    pub fn is_settled(&self, place: LogPlace, entry: &LogEntry) -> Result<bool, Fault> {
        let delivery = self.delivery(place, entry)?;
        Ok(["dequeued", "expired", "discarded"].iter().any(|status| delivery["status"] == *status))
    }

    /// Whether what went out waits for its receiver, by itself, and was never shown.
    pub(super) fn is_unseen(&self, place: LogPlace, entry: &LogEntry) -> Result<bool, Fault> {
        let delivery = self.delivery(place, entry)?;
        Ok(delivery["status"] == "waiting" && delivery["within"].is_null())
    }

    /// Whether what went out was given out within another document.
    pub(super) fn is_bundled(&self, entry: &LogEntry) -> Result<bool, Fault> {
        let went_out = entry.direction == Direction::Out;
        let slip = if went_out { slip(self.store, &entry.message_id)? } else { None };
        Ok(slip.is_some_and(|slip| matches!(slip.left, Left::Bundled(_))))
    }

    /// How far what has left its queue has come, or a bundle that still waits: it stands where its first member stood.
    fn of_left(&self, left: Option<Left>, message_id: &str, owner: &Party) -> Result<Value, Fault> {
        Ok(match left {
            Some(Left::Dequeued(parting)) => at_last("dequeued", &parting),
            Some(Left::Expired(parting)) => at_last("expired", &parting),
            Some(Left::Quarantined(parting)) => at_last("quarantined", &parting),
            Some(Left::Discarded(parting)) => at_last("discarded", &parting),
            Some(Left::Returned(category, place)) => self.standing(owner, category, place)?,
            None | Some(Left::Bundled(_)) => match members(self.store, message_id, 1)?.pop() {
                None => Value::Null,
                Some((_, members)) => self.standing(owner, members.category, members.place)?,
            },
        })
    }

    /// How far what stands at a place has come; nothing where it has left it.
    fn standing(&self, owner: &Party, category: Category, place: (u64, u64)) -> Result<Value, Fault> {
        let place = post_office::place_key(owner, category, place);
        Ok(self.waiting(&place)?.map_or(Value::Null, |waiting| self.in_queue(&place, &waiting)))
    }

    fn in_queue(&self, place: &Key, waiting: &Waiting) -> Value {
        let Some(known) = waiting.shown else { return json!({ "status": "waiting" }) };
        let mut delivery = json!({ "status": "peeked" });
        tell_shown(&self.trail.map_or(known, |trail| trail.shown(place, known)), &mut delivery);
        delivery
    }

    fn waiting(&self, place: &Key) -> Result<Option<Waiting>, Fault> {
        let record = self.store.get(place).map_err(Fault::store("read a queue"))?;
        record.as_ref().map(waiting).transpose()
    }
}

/// How something was shown until now, into a row that says how far it has come.
pub fn tell_shown(shown: &Shown, row: &mut Value) {
    let Shown { at, first, last, times } = shown;
    row["peeked"] = at.to_string().into();
    row["times"] = (*times).into();
    for (name, form) in [("firstFormat", first), ("lastFormat", last)] {
        if let Some(form) = form {
            row[name] = form.name().into();
        }
    }
}

fn at_last(status: &str, Parting { at, shown }: &Parting) -> Value {
    let mut delivery = json!({ "status": status, status: at.to_string() });
    if let Some(shown) = shown {
        tell_shown(shown, &mut delivery);
    }
    delivery
}
