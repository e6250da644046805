//! What a pack lets be imported from files, told as data: which columns a file may have, which elements of which document
//! they become, and how the answers are read. Files are read and documents sent by the command line.

use std::collections::BTreeMap;

use super::Incoming;
use crate::document::{Kind, Reader};
use crate::market::ActorRole;

/// Everything of a pack that can be imported.
#[derive(Debug)]
pub struct Files {
    /// The columns of each kind of file, for `--help`.
    pub help: &'static str,
    pub tables: &'static [Table],
    /// Business reason of the documents.
    pub business_reason: &'static str,
    pub business_sector: &'static str,
    /// Of sender and receiver.
    pub role: ActorRole,
    /// The documents that answer, and what reads them.
    pub answers: &'static [&'static Kind],
    pub answer_reader: fn() -> Box<dyn AnswerReader>,
}

/// The columns of a kind of file. Elements of a group stand behind the group's name.
#[derive(Debug)]
pub struct Table {
    /// What a row is about, such as `BusinessPartner`.
    pub entity: &'static str,
    /// The document that it becomes an activity record of, and the document's type code.
    pub document: &'static Incoming,
    pub document_type: &'static str,
    /// In the order of the document: column, group (empty for none), element. The first is the version, the second says
    /// which entity a row is about and stands first in a file.
    pub columns: &'static [(&'static str, &'static str, &'static str)],
    /// The group of which an entity has one for each row, where rows that stand together are one entity.
    pub repeats: Option<&'static str>,
}

impl Table {
    /// The column that says which entity a row is about.
    pub fn key(&self) -> &'static str {
        self.columns[1].0
    }
}

impl Files {
    /// The table whose files begin with this column.
    pub fn table(&self, first: &str) -> Option<&'static Table> {
        self.tables.iter().find(|table| table.key() == first)
    }
}

/// Verdict and reasons by transaction id.
pub type Verdicts = BTreeMap<String, (String, Vec<String>)>;

/// Reads what a document was answered with, as its sender will read it.
pub trait AnswerReader: Reader {
    fn finish(self: Box<Self>) -> Verdicts;
}
