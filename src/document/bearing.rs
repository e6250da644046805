//! What a record says besides its CIM form, which has no place for it.

/// What another form tells of a record and CIM does not. It is kept beside the document's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    /// Something starts on the day that it names (market-roles 4.5).
    Starts,
    /// Something ends on that day.
    Ends,
    /// It answers a query, whose record it names: a document of its own in ebIX (post-office 3.5.2, RSM-035).
    Answers,
}

/// What the records of a document say besides, each in its place; none where there is nothing to say, or where it was not yet kept
/// when the document was made.
pub type Bearings = Vec<Option<Bearing>>;
