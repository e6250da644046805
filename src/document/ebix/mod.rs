//! The ebIX XML form, version 3 (post-office 3.5, market-roles 4.10): other names, another order, the same document.
//!
//! What one form calls `marketEvaluationPoint.mRID` the other calls `MeteringPointDomainLocation/Identification`. Which
//! is which stands in [`twins`], a row for each value; nothing else here knows a particular document. What comes in is
//! checked against its own schema and told to the same reader as CIM XML would be; what goes out is made from its CIM
//! XML, so the same document gives the same bytes each time, and is checked before it is given away. Both go through a
//! document one record at a time.
//!
//! | In CIM | In ebIX |
//! |---|---|
//! | `codingScheme` A10, A01, NDK | `schemeAgencyIdentifier` 9, 305, 260 with `schemeIdentifier` DK |
//! | a code | says whose it is: 6 for digits, 260 for others, and DK for those that Denmark has added |
//! | roles of sender and receiver | the role of whichever is not the hub |
//! | `reason.code` of the document | `StatusType` of each record |
//! | several reasons | the first |
//!
//! CIM does not say all that ebIX wants to be told: whether something starts or ends, whether it is an answer. That is
//! kept beside the document, record by record ([`crate::document::Bearing`]).
//!
//! What ebIX has no words for, such as prices alone (D08), is given in CIM XML whatever was asked for: nothing that waits
//! for a participant may be kept from it.

mod from_cim;
mod master_data;
mod pieces;
mod places;
mod records;
mod table;
mod to_cim;
mod tree;
mod twins;
mod writer;

#[cfg(test)]
mod tests;

pub use from_cim::from_cim;
pub use places::paths;
pub use to_cim::to_cim;

use table::Twin;

use crate::spec::Schema;

/// What the namespaces of all ebIX documents begin with, whatever their version.
pub(super) const FAMILY: &str = "un:unece:260:data:EEM-";
/// What the namespaces of those that we know end with.
const VERSION: &str = ":v3";

/// Whether a namespace is that of an ebIX document, be it one that we do not know.
pub fn is_namespace(namespace: &str) -> bool {
    namespace.starts_with(FAMILY)
}

/// The root element's name in the namespace of an ebIX document of the version that we know.
pub fn root_of_namespace(namespace: &str) -> Option<&str> {
    namespace.strip_prefix(FAMILY)?.strip_suffix(VERSION)
}

/// The namespace of an ebIX document, by its root element's name.
pub fn namespace(root: &str) -> String {
    format!("{FAMILY}{root}{VERSION}")
}

/// The name of the CIM document's root that says the same as an ebIX document that begins with this element.
pub fn cim_root(root: &str) -> Option<String> {
    twins::ALL.iter().find(|twin| twin.root() == root).map(Twin::cim_root)
}

/// The name, without `_MarketDocument`, of the CIM document that says the same as this one, in whatever case it is written.
pub fn cim_name(root: &str) -> Option<&'static str> {
    twins::ALL.iter().find(|twin| twin.root().eq_ignore_ascii_case(root)).map(|twin| twin.cim)
}

/// The namespaces that a document has in ebIX, by its CIM name.
pub fn namespaces(name: &str) -> Vec<String> {
    twins::ALL.iter().filter(|twin| twin.cim == name).map(|twin| namespace(&twin.root())).collect()
}

/// What CIM calls a value of an ebIX header, by its path behind the root.
pub fn header_in_cim(path: &str) -> Option<&'static str> {
    records::HEADER.iter().find(|pair| pair.ebix == path).map(|pair| pair.cim)
}

/// Whether something ends by the notice with this id, or starts, if its id has a mark. Where the last two digits of an id were not
/// what business reason and role say, they said it, before that was kept beside the document ([`crate::document::Bearing`]).
fn marked(id: &str) -> Option<bool> {
    let is_one = |mark: &str| id.ends_with(mark);
    is_one(END_MARK).then_some(true).or_else(|| is_one(START_MARK).then_some(false))
}

/// How the id of a notice ended by which something ends.
const END_MARK: &str = "ed";
/// And of one by which something starts.
const START_MARK: &str = "5a";

fn twins_of(cim: &Schema) -> impl Iterator<Item = &'static Twin> {
    twins::ALL.iter().filter(|twin| cim.root_part(&twin.cim_root()).is_some())
}

/// The role of the hub, which no ebIX document mentions.
const HUB_ROLE: &str = "DDZ";

/// Elements of one record, or of one part of the header, that are held at a time. The largest record that the market
/// knows, master data with all addresses and children, has some two hundred.
const PIECE_NODES_MAX: usize = 100_000;
