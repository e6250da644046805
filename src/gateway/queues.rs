//! What waits for everybody, for operators: each queue with how much waits in it, and the documents of a participant in the order in
//! which they would be peeked.

use serde_json::{Value, json};

use super::delivery::{self, tell_shown};
use super::{Fault, PAGE_RECORDS};
use crate::document::Category;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Waiting};
use crate::record::{Key, KeyRange};
use crate::store::Store;
use crate::view::Counted;

/// A queue in which something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTotal {
    pub owner: Party,
    pub category: Category,
    pub counted: Counted,
    /// Whether there are more documents than were counted.
    pub more: bool,
    /// When the first of them was enqueued.
    pub oldest: Timestamp,
}

/// A document in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDocument {
    pub category: Category,
    /// The commit that put it there, and which of its documents it is.
    pub place: (u64, u64),
    pub waiting: Waiting,
}

/// The queues behind one of them in which something waits, at most `take`, and whether there are more. Of each at most `most`
/// documents are counted, which is 1 or more.
pub fn totals(
    store: &dyn Store,
    behind: Option<&(Party, Category)>,
    take: usize,
    most: usize,
) -> Result<(Vec<QueueTotal>, bool), Fault> {
    let all = post_office::all_queues_range();
    let end_of = |(owner, category): &(Party, Category)| post_office::queue_range(owner, *category).to;
    let mut rest = KeyRange { from: behind.map_or(all.from.clone(), end_of), to: all.to.clone() };
    let mut totals = Vec::new();
    while let Some((first, _)) = store.page(&rest, None, 1).map_err(Fault::store(DOING))?.records.into_iter().next() {
        if totals.len() == take {
            return Ok((totals, true));
        }
        let queue = queue_of(&first)?;
        let range = post_office::queue_range(&queue.0, queue.1);
        rest.from = range.to.clone();
        totals.extend(total(store, queue, &range, most)?);
    }
    Ok((totals, false))
}

/// How much waits in one queue; nothing where that has been fetched meanwhile.
fn total(
    store: &dyn Store,
    (owner, category): (Party, Category),
    range: &KeyRange,
    most: usize,
) -> Result<Option<QueueTotal>, Fault> {
    let (mut counted, mut oldest, mut after) = (Counted::default(), None, None);
    let more = loop {
        let left = most - counted.documents as usize;
        let page = store.page(range, after.as_ref(), PAGE_RECORDS.min(left)).map_err(Fault::store(DOING))?;
        for (_, entry) in &page.records {
            let waiting = delivery::waiting(entry)?;
            counted.add(&waiting);
            oldest = oldest.or(Some(waiting.enqueued));
        }
        match page.next_after() {
            Some(next) if (counted.documents as usize) < most => after = Some(next.clone()),
            next => break next.is_some(),
        }
    };
    Ok(oldest.map(|oldest| QueueTotal { owner, category, counted, more, oldest }))
}

/// The documents of a participant's queues, in the order in which they would be peeked in each, behind a place: at most `take`, and
/// whether there are more.
pub fn documents(
    store: &dyn Store,
    owner: &Party,
    behind: Option<(Category, (u64, u64))>,
    take: usize,
) -> Result<(Vec<QueueDocument>, bool), Fault> {
    let mut documents = Vec::new();
    let from = behind.map_or(Category::ALL[0], |(category, _)| category);
    for category in Category::ALL.into_iter().skip_while(|category| *category != from) {
        let range = post_office::queue_range(owner, category);
        let mut after = behind
            .filter(|(queue, _)| *queue == category)
            .map(|(_, place)| post_office::place_key(owner, category, place));
        loop {
            let left = take - documents.len();
            let page =
                store.page(&range, after.as_ref(), PAGE_RECORDS.min(left.max(1))).map_err(Fault::store(DOING))?;
            if left == 0 && !page.records.is_empty() {
                return Ok((documents, true));
            }
            let next = page.next_after().cloned();
            for (key, entry) in page.records {
                let place = post_office::position(&key).ok_or(Fault::Unreadable { what: PLACE })?;
                documents.push(QueueDocument { category, place, waiting: delivery::waiting(&entry)? });
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok((documents, false))
}

/// A queue as a row of JSON.
pub fn total_row(total: &QueueTotal) -> Value {
    let QueueTotal { owner, category, counted: Counted { pending, documents, closed }, more, oldest } = total;
    json!({
        "actor": owner.number.as_str(), "role": owner.role.code(), "category": category.name(), "pending": pending,
        "documents": documents, "closed": closed, "more": more, "oldest": oldest.to_string(),
    })
}

/// A waiting document as a row of JSON.
pub fn document_row(document: &QueueDocument) -> Value {
    let QueueDocument { category, place: (commit, nth), waiting } = document;
    let Waiting { message_id, document, records, enqueued, bytes, shown, .. } = waiting;
    let mut row = json!({
        "place": format!("{}.{commit}.{nth}", category.name()), "category": category.name(), "messageId": message_id,
        "document": document, "records": records, "enqueued": enqueued.to_string(), "bytes": bytes, "closed": waiting.is_settled(),
    });
    if let Some(shown) = shown {
        tell_shown(shown, &mut row);
    }
    row
}

fn queue_of(key: &Key) -> Result<(Party, Category), Fault> {
    post_office::queue_of(key).ok_or(Fault::Unreadable { what: PLACE })
}

const DOING: &str = "read the queues";
const PLACE: &str = "a place in a queue";
