//! ebIX out: what a document's CIM XML says, in the words of its twin, and valid by the schema of that.

use super::pieces::Pieces;
use super::table::{How, Pair, RECORD, Twin};
use super::tree::{Inside, Node};
use super::writer::Writer;
use super::{HUB_ROLE, marked, records, twins_of};
use crate::document::{Bearing, schemas};
use crate::spec::{self, Schema};
use crate::xml::Limits;

/// A document of this CIM schema in its ebIX form; none when ebIX cannot say it. `bearings` is what its records say besides, each in
/// its place.
pub fn from_cim(cim: &Schema, xml: &[u8], bearings: &[Option<Bearing>], limits: &Limits) -> Option<Vec<u8>> {
    let mut outward = Outward { cim, bearings, header: Node::default(), begun: None, records: 0, unsaid: false };
    let mut pieces = Pieces::new(|_: &str, piece| outward.take(piece));
    let valid = spec::check(cim, xml, limits, &mut pieces).is_valid();
    if !valid || pieces.too_large.is_some() || outward.unsaid {
        return None;
    }
    let Begun { schema, out, .. } = outward.begun?;
    let document = out.end().xml;
    spec::check(schema, &document, limits, &mut ()).is_valid().then_some(document)
}

/// Puts a document into ebIX, a piece at a time.
struct Outward<'s> {
    cim: &'s Schema,
    bearings: &'s [Option<Bearing>],
    /// What stands before the records, in CIM.
    header: Node,
    /// Once the first record has come, and it is known which document it is there.
    begun: Option<Begun>,
    records: usize,
    /// Something has no words in ebIX.
    unsaid: bool,
}

struct Begun {
    twin: &'static Twin,
    schema: &'static Schema,
    out: Writer<'static>,
}

/// What the way of telling a value may depend on.
struct About<'a> {
    twin: &'a Twin,
    reason: &'a str,
    /// Of whichever party is not the hub.
    role: &'a str,
    message_id: &'a str,
    record: usize,
    /// What the record says besides.
    bearing: Option<&'a Bearing>,
}

impl Outward<'_> {
    fn take(&mut self, piece: Node) {
        if !piece.name.ends_with(RECORD) {
            return self.header.push(piece);
        }
        if !self.unsaid && self.record(&piece).is_none() {
            self.unsaid = true;
        }
    }

    fn record(&mut self, piece: &Node) -> Option<()> {
        let bearing = self.bearings.get(self.records).and_then(Option::as_ref);
        let answers = bearing == Some(&Bearing::Answers);
        if self.begun.is_none() {
            self.begun = Some(self.begin(answers)?);
        }
        self.records += 1;
        let Begun { twin, out, .. } = self.begun.as_mut()?;
        // One document answers or it does not.
        (twin.answers == answers).then_some(())?;
        let about = About { bearing, ..About::new(twin, &self.header, self.records)? };
        let mut record = Node::group(twin.record, 0);
        twin.pairs.iter().try_for_each(|pairs| translate(pairs, piece, &mut record, &about))?;
        out.write(&record);
        Some(())
    }

    /// `answers` says whether the first record answers a query.
    fn begin(&self, answers: bool) -> Option<Begun> {
        let kind = self.header.says("type").unwrap_or_default();
        let reason = reason_of(&self.header)?;
        let is_of = |twin: &&Twin| twin.types.0 == kind && twin.answers == answers;
        let suits = |twin: &&Twin| twin.reasons.is_empty() || twin.reasons.contains(&reason);
        let twin = twins_of(self.cim).filter(is_of).find(suits)?;
        let schema = schemas::ebix(&twin.root())?;
        let mut header = Node::default();
        translate(twin.header, &self.header, &mut header, &About::new(twin, &self.header, 0)?)?;
        Some(Begun { twin, schema, out: Writer::begin(schema, twin.root(), &header) })
    }
}

impl<'a> About<'a> {
    fn new(twin: &'a Twin, header: &'a Node, record: usize) -> Option<Self> {
        let sender = header.says("sender_MarketParticipant.marketRole.type")?;
        let receiver = header.says("receiver_MarketParticipant.marketRole.type")?;
        // One of the two is the hub, for ebIX says the other one's role alone.
        let role = match (sender, receiver) {
            (HUB_ROLE, role) | (role, HUB_ROLE) => role,
            _ => return None,
        };
        let message_id = header.says("mRID")?;
        Some(About { twin, reason: reason_of(header)?, role, message_id, record, bearing: None })
    }
}

/// The business reason; an acknowledgement has that of what it is about.
fn reason_of(header: &Node) -> Option<&str> {
    header.says("process.processType").or_else(|| header.says("received_MarketDocument.process.processType"))
}

/// None when something cannot be said.
fn translate(pairs: &[Pair], source: &Node, target: &mut Node, about: &About<'_>) -> Option<()> {
    for pair in pairs {
        match &pair.how {
            How::Within(inner) => {
                let mut groups = source.all_at(pair.cim);
                if let Some(group) = groups.next() {
                    // There is place for one.
                    groups.next().is_none().then_some(())?;
                    target.within(pair.ebix, 0, |target| translate(inner, group, target, about))?;
                }
            }
            How::Each(inner) => {
                for item in source.all_at(pair.cim) {
                    put_group(inner, item, pair.ebix, target, about)?;
                }
            }
            How::EachLink(inner) => {
                for link in source.all_at(pair.cim) {
                    for part in start_and_end(link) {
                        put_group(inner, &part, pair.ebix, target, about)?;
                    }
                }
            }
            How::Stands => {
                if target.at(pair.ebix).is_none() {
                    target.put(pair.ebix, Node::default());
                }
            }
            how => {
                if let Some((path, told)) = told(pair, how, source, about)? {
                    target.put(path, told);
                }
            }
        }
    }
    Some(())
}

fn put_group(inner: &[Pair], item: &Node, path: &str, target: &mut Node, about: &About<'_>) -> Option<()> {
    let mut group = Node::default();
    translate(inner, item, &mut group, about)?;
    target.put(path, group);
    Some(())
}

/// One value in ebIX and where it stands: none within when there is nothing to tell, none at all when it cannot be said.
fn told<'p>(pair: &'p Pair, how: &How, source: &Node, about: &About<'_>) -> Option<Option<(&'p str, Node)>> {
    // These do not ask what CIM says.
    let unasked = match how {
        How::Always(code) => Some(coded(code)),
        How::NewId => Some(Node::text(new_id(about), 0)),
        How::Function(_) if ends(source, pair.cim) => Some(coded("3")),
        // An end on another day than the start has no words.
        How::Function(_) if source.at(pair.cim).is_some() => return None,
        How::Function(otherwise) => Some(coded(otherwise)),
        How::Type => Some(coded(about.twin.types.1)),
        _ => None,
    };
    if let Some(node) = unasked {
        return Some(Some((pair.ebix, node)));
    }
    let Some(node) = source.at(pair.cim) else { return Some(None) };
    let value = node.value();
    let mut path = pair.ebix;
    let told = match how {
        How::Text | How::Instant | How::Created | How::In(_) => Node::text(value, 0),
        How::Short(most) => Node::text(value.chars().take(*most).collect::<String>(), 0),
        How::Id if value.chars().count() > ID_LENGTH_MAX => Node::text(value.replace('-', ""), 0),
        How::Given if value.chars().count() > ID_LENGTH_MAX => return None,
        How::Id | How::Given => Node::text(value, 0),
        How::Code => coded(value),
        How::ReceiverRole => coded(about.role),
        How::Reason => coded(about.twin.renamed.filter(|(cim, _)| *cim == value).map_or(value, |(_, ebix)| ebix)),
        How::Recoded(codes) => coded(codes.iter().find(|(cim, _)| *cim == value)?.1),
        How::NumberIfAny if value.trim().is_empty() => return Some(None),
        How::Number | How::NumberIfAny => numbered(node),
        How::Area => Node::text(value, 0).with(SCHEME, "DK").with(SCHEME_AGENCY, "260"),
        How::Customer(scheme) if node.attribute("codingScheme") == *scheme => Node::text(value, 0),
        How::Customer(_) | How::SenderRole => return Some(None),
        How::YearDay => Node::text(value.replace('-', ""), 0),
        How::StartOrEnd => {
            let (start, end) = pair.ebix.split_once(' ')?;
            let before_bearings = || {
                let marked = source.says("mRID").and_then(marked);
                marked.unwrap_or_else(|| records::ends(about.reason, about.role))
            };
            let ends = match about.bearing {
                Some(Bearing::Ends) => true,
                Some(Bearing::Starts) => false,
                _ => before_bearings(),
            };
            path = if ends { end } else { start };
            Node::text(value, 0)
        }
        How::Foreign(_) => return None,
        How::Always(_) | How::NewId | How::Function(_) | How::Type | How::Stands => return Some(None),
        How::Within(_) | How::Each(_) | How::EachLink(_) => return Some(None),
    };
    Some(Some((path, told)))
}

/// The same each time for the same record of the same document.
fn new_id(about: &About<'_>) -> String {
    blake3::hash(format!("{} {}", about.message_id, about.record).as_bytes()).to_hex()[..NEW_ID_LENGTH].to_string()
}

/// Whether what is told ends on the day on which it is told to begin.
fn ends(source: &Node, termination: &str) -> bool {
    let effective = termination.replace("terminationDate", "effectiveDate");
    source.says(termination).is_some() && source.says(termination) == source.says(&effective)
}

/// A link that ends, as its start and its end; an end says how many times as well, and there it is once.
fn start_and_end(link: &Node) -> Vec<Node> {
    let without = |name: &str| {
        let kept = link.nodes().iter().filter(|node| node.name != name).cloned().collect();
        Node { inside: Inside::Nodes(kept), ..Node::default() }
    };
    let Some(end) = link.at("terminationDate") else { return vec![link.clone()] };
    let mut ended = without("effectiveDate");
    ended.put("effectiveDate", Node::text(end.value(), 0));
    if link.at("factor").is_none() {
        ended.put("factor", Node::text("1", 0));
    }
    if ends(link, "terminationDate") { vec![ended] } else { vec![without("terminationDate"), ended] }
}

/// A code that says whose it is.
fn coded(code: &str) -> Node {
    let danish = code.len() == 3 && code.starts_with('D') && code.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let agency = match code.len() {
        _ if !code.bytes().all(|byte| byte.is_ascii_digit()) => "260",
        PRODUCT_LENGTH => "9",
        _ => "6",
    };
    let node = Node::text(code, 0);
    let node = if danish { node.with("listIdentifier", "DK") } else { node };
    node.with("listAgencyIdentifier", agency)
}

/// A number with who gave it out, as ebIX says it.
fn numbered(node: &Node) -> Node {
    let agency = if node.attribute("codingScheme") == "A01" { "305" } else { "9" };
    Node::text(node.value(), 0).with(SCHEME_AGENCY, agency)
}

const SCHEME: &str = "schemeIdentifier";
const SCHEME_AGENCY: &str = "schemeAgencyIdentifier";
/// Characters of an id.
const ID_LENGTH_MAX: usize = 35;
/// Characters of an id that is made here, as of all ids of ours.
const NEW_ID_LENGTH: usize = 32;
/// Digits of a product's number, which GS1 gave it.
const PRODUCT_LENGTH: usize = 13;
