//! What a document is found by later, whatever its kind: its header, its transactions, and what they are about.

use std::collections::BTreeSet;

use super::{Header, HeaderReader, Reader};

/// Numbers and ids that a document names. Customers are not among them: their numbers are kept in one place only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    pub header: Header,
    /// Ids of its activity records, and of those that they answer or refer to.
    pub transactions: BTreeSet<String>,
    /// Metering points and charge ids.
    pub subjects: BTreeSet<String>,
}

impl Mentions {
    /// Adds what is known otherwise; its header where this one does not even have an id.
    pub fn add(&mut self, more: Mentions) {
        if self.header.message_id.is_empty() {
            self.header = more.header;
        }
        self.transactions.extend(more.transactions);
        self.subjects.extend(more.subjects);
    }
}

/// Collects mentions while a document is read.
#[derive(Debug, Default)]
pub struct MentionsReader {
    mentions: Mentions,
    header: HeaderReader,
    /// Of each open element, whether its `mRID` is that of a metering point or a charge.
    open: Vec<bool>,
}

impl MentionsReader {
    pub fn finish(self) -> Mentions {
        Mentions { header: self.header.finish(), ..self.mentions }
    }
}

impl Reader for MentionsReader {
    fn open(&mut self, name: &str) {
        self.open.push(names_subject(name));
    }

    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        let depth = self.open.len();
        if depth == HEADER && self.header.value(name, value) || value.is_empty() {
            return;
        }
        let in_subject = self.open.last().is_some_and(|subject| *subject);
        let into = match name {
            "mRID" if depth == RECORD && !in_subject => &mut self.mentions.transactions,
            "originalTransactionIDReference_MktActivityRecord.mRID" => &mut self.mentions.transactions,
            _ if is_subject(name, in_subject) => &mut self.mentions.subjects,
            _ => return,
        };
        into.insert(value.to_string());
    }

    fn close(&mut self, _name: &str) {
        self.open.pop();
    }
}

/// Whether the `mRID` of an element of this name is that of a metering point or a charge.
pub(super) fn names_subject(element: &str) -> bool {
    element.ends_with("arketEvaluationPoint") || element == "ChargeType"
}

/// Whether a value of this name is the id of a metering point or a charge.
pub(super) fn is_subject(name: &str, in_subject: bool) -> bool {
    name == "mRID" && in_subject || name.ends_with("arketEvaluationPoint.mRID") || name == "chargeType.mRID"
}

/// How many elements are open around a value of the header, and of a record.
const HEADER: usize = 1;
const RECORD: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::feed;

    #[test]
    fn transactions_points_and_charges_are_mentioned_and_customers_are_not() {
        let mut reader = MentionsReader::default();
        let text = "mRID=doc-1; process.processType=E03; MktActivityRecord; mRID=op-1; \
                    originalTransactionIDReference_MktActivityRecord.mRID=op-0; marketEvaluationPoint.mRID=571; \
                    marketEvaluationPoint.customer_MarketParticipant.mRID=0101701234; /MktActivityRecord; \
                    MktActivityRecord; mRID=op-2; ChargeGroup; ChargeType; mRID=TAX; /ChargeType; /ChargeGroup; \
                    MarketEvaluationPoint; mRID=572; /MarketEvaluationPoint; /MktActivityRecord";
        feed(&mut reader, "Any_MarketDocument", text);
        let Mentions { header, transactions, subjects } = reader.finish();
        assert_eq!((&*header.message_id, &*header.business_reason), ("doc-1", "E03"));
        assert_eq!(transactions.into_iter().collect::<Vec<_>>(), ["op-0", "op-1", "op-2"]);
        assert_eq!(subjects.into_iter().collect::<Vec<_>>(), ["571", "572", "TAX"]);
    }
}
