//! The words of the table of twins.

/// One document in both forms.
pub struct Twin {
    /// Without `_MarketDocument`.
    pub cim: &'static str,
    /// Without `DK_`.
    pub ebix: &'static str,
    /// Document type in both; an acknowledgement has none in CIM.
    pub types: (&'static str, &'static str),
    /// The business reasons with which the CIM document is this one in ebIX; all of them when empty. A cancellation is
    /// three documents there.
    pub reasons: &'static [&'static str],
    /// Whether it answers a query, which is kept beside the CIM document ([`crate::document::Bearing::Answers`]).
    pub answers: bool,
    /// A business reason that has another code in ebIX.
    pub renamed: Option<(&'static str, &'static str)>,
    pub header: &'static [Pair],
    /// The element of a record in ebIX; in CIM its name ends in [`RECORD`].
    pub record: &'static str,
    pub pairs: &'static [&'static [Pair]],
}

impl Twin {
    pub fn cim_root(&self) -> String {
        format!("{}_MarketDocument", self.cim)
    }

    pub fn root(&self) -> String {
        format!("DK_{}", self.ebix)
    }
}

/// How the element of a record ends in CIM: an acknowledgement calls it after the record that it is about.
pub const RECORD: &str = "MktActivityRecord";

/// One value, or one group: where it stands in its record or in the group around it, in CIM and in ebIX, and how it is
/// told. A path that is empty is no place of its own.
pub struct Pair {
    pub cim: &'static str,
    pub ebix: &'static str,
    pub how: How,
}

pub enum How {
    /// The same characters in both.
    Text,
    /// An instant. A fraction of zeros, which ebIX may write, is left out in CIM (market-roles 1.4).
    Instant,
    /// When the document was created, by its sender's clock.
    Created,
    /// At most so many characters in ebIX.
    Short(usize),
    /// An id of our own; one of 36 characters is a UUID and fits 35 without its hyphens (market-roles 1.3).
    Id,
    /// An id that somebody else has given: it is compared exactly, so one of 36 characters cannot be said.
    Given,
    /// An id that ebIX wants and CIM has none for: made from the document's and the record's place in it.
    NewId,
    /// A code, which in ebIX says whose it is.
    Code,
    /// A code that means another thing there: each code in both forms. What has no twin cannot be said.
    Recoded(&'static [(&'static str, &'static str)]),
    /// A code that ebIX wants and CIM does not know.
    Always(&'static str),
    /// A group that ebIX wants, were it empty.
    Stands,
    /// The number of a participant or a metering point, with who gave it out.
    Number,
    /// That of a metering point which ebIX need not name: CIM has an empty number then.
    NumberIfAny,
    /// A grid area, which Denmark has numbered.
    Area,
    /// A customer's number, with this coding scheme in CIM.
    Customer(&'static str),
    /// Text whose unit CIM says and ebIX implies.
    In(&'static str),
    /// A day of the year: `--12-31` and `1231`.
    YearDay,
    /// The document's type.
    Type,
    /// The business reason.
    Reason,
    /// The role of the participant, which has one place in ebIX whoever sends: as the sender's, on the way in alone.
    SenderRole,
    /// The same as the receiver's, who is the hub on the way in.
    ReceiverRole,
    /// `Function` beside `Occurrence`: 3 ends what is told, from the termination date on, which is the effective date.
    /// What is not ended is written with this function.
    Function(&'static str),
    /// The effective date of a notice, as the start or as the end: as the record's bearing says. One from before there were any
    /// goes by its business reason and its receiver's role, or by the mark of its id.
    StartOrEnd,
    /// What stands in a group in either form.
    Within(&'static [Pair]),
    /// A group that may stand there several times.
    Each(&'static [Pair]),
    /// The same, of links to charges: one that ends is told twice in ebIX, its start and its end.
    EachLink(&'static [Pair]),
    /// What the other form does not say there, with what to do instead: it is not left out in silence.
    Foreign(&'static str),
}

pub const fn pair(cim: &'static str, ebix: &'static str, how: How) -> Pair {
    Pair { cim, ebix, how }
}
