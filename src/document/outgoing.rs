//! Writing: an outgoing document as names and values, before it takes a wire form.

use std::sync::Arc;

use super::Bearing;
use super::mentions::{is_subject, names_subject};
use crate::market::{Party, Timestamp};

/// Which of a participant's queues a document goes to; it follows from the kind of document, never from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    MasterData,
    Aggregations,
    TimeSeries,
}

impl Category {
    pub const ALL: [Category; 3] = [Category::MasterData, Category::Aggregations, Category::TimeSeries];

    /// The name in routes and in `--json` output.
    pub fn name(self) -> &'static str {
        match self {
            Category::MasterData => "masterdata",
            Category::Aggregations => "aggregations",
            Category::TimeSeries => "timeseries",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name().eq_ignore_ascii_case(name))
    }
}

/// A kind of document that we send: everything about it that does not change from one to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Name without `_MarketDocument`, such as `NotifyPriceList`; the `MessageType` header of a peek.
    pub name: &'static str,
    pub namespace: &'static str,
    /// Document type code, such as `D12`. The Acknowledgement alone has none, and no business reason either: it has a head
    /// that says what it is about.
    pub type_code: &'static str,
    pub category: Category,
    /// `reason.code` after the header: `A01` confirmed, `A02` rejected.
    pub status: Option<&'static str>,
}

impl Kind {
    /// The name of the root element.
    pub fn root(&self) -> String {
        format!("{}_MarketDocument", self.name)
    }

    /// Whether it is about another document rather than about the market.
    pub fn is_typeless(&self) -> bool {
        self.type_code.is_empty()
    }
}

/// One element of a record. The variant says how each wire form shows it (post-office 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Plain text, a date, a boolean: bare in JSON.
    Text(&'static str, String),
    /// A coded value: `{"value": ...}` in JSON.
    Code(&'static str, String),
    /// A number of a party or a metering point with its coding scheme.
    Id(&'static str, &'static str, String),
    /// Text with an attribute that is data as well: name of the element, name of the attribute, its value, the text. A unit,
    /// or the coding scheme of a number that is repeated as it came.
    Attributed(&'static str, &'static str, String, String),
    /// A number: a JSON number inside `{"value": ...}`.
    Number(&'static str, String),
    /// One group of elements: an object in JSON.
    Group(&'static str, Vec<Field>),
    /// One of several groups of the same name: an element of an array in JSON.
    Item(&'static str, Vec<Field>),
}

/// The content of one `MktActivityRecord` (in an acknowledgement of one `Original_MktActivityRecord`, or of none where all
/// stands in its head), and what the archive and `--json` output say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The transaction that this record answers or tells about, as its sender named it.
    pub transaction_id: String,
    /// Rejected with these reasons (code, text); empty for anything else.
    pub reasons: Vec<(String, String)>,
    pub fields: Vec<Field>,
    /// What it says besides, for forms that have a place for it.
    pub bearing: Option<Bearing>,
}

impl Record {
    /// Points of its series: prices or quantities.
    pub fn points(&self) -> u64 {
        points(&self.fields)
    }

    /// The metering points and charges that it is about, by their ids: what the archive finds it by.
    pub fn subjects(&self) -> Vec<&str> {
        let mut found = Vec::new();
        subjects(&self.fields, false, &mut found);
        found
    }
}

fn subjects<'r>(fields: &'r [Field], in_subject: bool, found: &mut Vec<&'r str>) {
    for field in fields {
        match field {
            Field::Group(name, fields) | Field::Item(name, fields) => subjects(fields, names_subject(name), found),
            Field::Text(name, value)
            | Field::Code(name, value)
            | Field::Id(name, _, value)
            | Field::Attributed(name, _, _, value)
            | Field::Number(name, value) => found.extend(is_subject(name, in_subject).then_some(&**value)),
        }
    }
}

fn points(fields: &[Field]) -> u64 {
    let of = |field: &Field| match field {
        Field::Item("Point", _) => 1,
        Field::Group(_, fields) | Field::Item(_, fields) => points(fields),
        _ => 0,
    };
    fields.iter().map(of).sum()
}

/// A document on its way out: to whom, of what kind, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub kind: &'static Kind,
    /// Receiver in the header.
    pub receiver: Party,
    /// Owner of the queue, where that is another than the receiver: whoever acts for it.
    pub delegate: Option<Party>,
    /// Our own number and role in the header.
    pub sender: Party,
    /// Business reason in the header, such as `D18`.
    pub business_reason: String,
    /// `createdDateTime`, written in whole seconds.
    pub created: Timestamp,
    /// 32 hexadecimal digits, made from the message that caused it.
    pub message_id: String,
    /// What stands between header and records, in each document that they are divided among; of an acknowledgement alone.
    pub head: Vec<Field>,
    /// Shared by the documents of one decision that tell several receivers the same.
    pub records: Arc<[Record]>,
}

impl Outgoing {
    /// Whose queue it goes to.
    pub fn owner(&self) -> &Party {
        self.delegate.as_ref().unwrap_or(&self.receiver)
    }

    /// The same document, for the queue of `owner`; its header stays as it is.
    pub fn for_queue_of(self, owner: &Party) -> Self {
        let delegate = Some(owner).filter(|owner| **owner != self.receiver).cloned();
        Self { delegate, ..self }
    }
}
