//! ebIX in: checked against its own schema, then put into the words of its CIM twin.

use std::borrow::Cow;

use super::pieces::Pieces;
use super::table::{How, Pair, RECORD, Twin};
use super::tree::Node;
use super::writer::Writer;
use super::{HUB_ROLE, PIECE_NODES_MAX, twins_of};
use crate::document::schemas;
use crate::document::translated::{Translated, Untranslated, created};
use crate::spec::{self, Flaw, Schema, Verdict};
use crate::xml::Limits;

/// The document in CIM XML, which remembers where everything stood; `cim` is the schema of that, `root` the name that the
/// document's namespace says it begins with.
///
/// # Errors
///
/// The flaws by the ebIX schema, or what CIM has no place for.
pub fn to_cim(cim: &Schema, root: &str, document: &[u8], limits: &Limits) -> Result<Translated, Untranslated<Verdict>> {
    let twins: Vec<&Twin> = twins_of(cim).collect();
    // Another document is held to the schema of one that would do: that is what it should have been.
    let twin = twins.iter().find(|twin| twin.root() == root).or(twins.first());
    let Some((twin, schema)) = twin.and_then(|twin| Some((*twin, schemas::ebix(&twin.root())?))) else {
        return Err(Untranslated::at_all(spec::check(cim, document, limits, &mut ())));
    };
    let mut inward = Inward { twin, cim, header: Node::default(), out: None, flaws: Vec::new() };
    let mut pieces = Pieces::new(|_: &str, piece| inward.take(piece));
    let mut verdict = spec::check(schema, document, limits, &mut pieces);
    let too_large = pieces.too_large;
    if !verdict.is_valid() {
        if twins.iter().any(|twin| twin.root() == root) {
            // It is in the namespace that it should be in.
            verdict.root = None;
        }
        return Err(Untranslated { wrong: verdict, rest: Box::new(inward.end()) });
    }
    if let Some(byte) = too_large {
        let message = format!("a record may have at most {PIECE_NODES_MAX} elements");
        inward.flaws.push(Flaw { byte, ..flaw(&Node::group(twin.record, byte), &message) });
    }
    inward.flaws.truncate(limits.flaws_max);
    if inward.flaws.is_empty() {
        Ok(inward.end())
    } else {
        let truncated = inward.flaws.len() == limits.flaws_max;
        let wrong = Verdict { root: None, flaws: std::mem::take(&mut inward.flaws), truncated };
        Err(Untranslated { wrong, rest: Box::new(inward.end()) })
    }
}

/// Puts a document into CIM, a piece at a time.
struct Inward<'s> {
    twin: &'static Twin,
    cim: &'s Schema,
    /// What stands before the records, in ebIX.
    header: Node,
    out: Option<Writer<'s>>,
    flaws: Vec<Flaw>,
}

impl<'s> Inward<'s> {
    fn take(&mut self, piece: Node) {
        if piece.name != self.twin.record {
            return self.header.push(piece);
        }
        let mut record = Node::group(RECORD, piece.byte);
        for pairs in self.twin.pairs {
            self.translate(pairs, &piece, &mut record);
        }
        self.out().write(&record);
    }

    fn end(mut self) -> Translated {
        self.out();
        self.out.map(Writer::end).unwrap_or_default()
    }

    /// The header is written when the first record has come.
    fn out(&mut self) -> &mut Writer<'s> {
        if self.out.is_none() {
            let (source, mut header) = (std::mem::take(&mut self.header), Node::default());
            self.translate(self.twin.header, &source, &mut header);
            self.out = Some(Writer::begin(self.cim, self.twin.cim_root(), &header));
        }
        self.out.as_mut().expect("it was just begun")
    }

    fn translate(&mut self, pairs: &[Pair], source: &Node, target: &mut Node) {
        for pair in pairs {
            match &pair.how {
                How::Within(inner) => {
                    if let Some(group) = source.at(pair.ebix) {
                        target.within(pair.cim, group.byte, |target| self.translate(inner, group, target));
                    }
                }
                How::Each(inner) | How::EachLink(inner) => {
                    let mut groups: Vec<Node> = Vec::new();
                    for item in source.all_at(pair.ebix) {
                        let mut group = Node::group("", item.byte);
                        self.translate(inner, item, &mut group);
                        let before = groups.last_mut().filter(|_| matches!(pair.how, How::EachLink(_)));
                        if !before.is_some_and(|before| is_end_of(before, &group)) {
                            groups.push(group);
                        }
                    }
                    groups.into_iter().for_each(|group| target.put(pair.cim, group));
                }
                _ => {
                    let mut found = pair.ebix.split(' ').flat_map(|path| source.all_at(path));
                    let Some(node) = found.next() else {
                        if matches!(pair.how, How::NumberIfAny) {
                            target.put(pair.cim, Node::text("", source.byte).with("codingScheme", "A10"));
                        }
                        continue;
                    };
                    if let Some(more) = found.next() {
                        self.flaws.push(flaw(more, "there is place for one of them only"));
                    }
                    match told(self.twin, &pair.how, node, source) {
                        Ok(told) => told.into_iter().for_each(|told| target.put(pair.cim, told)),
                        Err(why) => self.flaws.push(flaw(node, why)),
                    }
                }
            }
        }
    }
}

/// One value in CIM; none where CIM has no need of it.
///
/// # Errors
///
/// Why CIM cannot say it.
fn told(twin: &Twin, how: &How, node: &Node, source: &Node) -> Result<Option<Node>, &'static str> {
    let value = node.value();
    let text = |value: &str| Node::text(value, node.byte);
    Ok(Some(match how {
        How::Text | How::Short(_) | How::Id | How::Given | How::Code | How::SenderRole => text(value),
        How::Instant | How::StartOrEnd => text(&without_zeros(value)),
        How::Created => text(&created(value)),
        How::ReceiverRole => text(HUB_ROLE),
        How::Type => text(twin.types.0),
        How::Reason => text(twin.renamed.filter(|(_, ebix)| *ebix == value).map_or(value, |(cim, _)| cim)),
        How::Recoded(codes) => {
            let known = codes.iter().find(|(_, ebix)| *ebix == value);
            text(known.ok_or("this code means nothing here")?.0)
        }
        How::Number | How::NumberIfAny => text(value).with("codingScheme", scheme(node)),
        How::Area => text(value).with("codingScheme", "NDK"),
        How::Customer(scheme) => text(value).with("codingScheme", scheme),
        How::In(unit) => text(value).with("unit", unit),
        How::YearDay => match value.split_at_checked(2) {
            Some((month, day)) => text(&format!("--{month}-{day}")),
            None => text(value),
        },
        How::Function(_) => match source.at("Occurrence").filter(|_| value == ENDS) {
            Some(occurrence) => Node::text(without_zeros(occurrence.value()), occurrence.byte),
            None => return Ok(None),
        },
        How::Foreign(why) => return Err(why),
        How::Always(_) | How::NewId | How::Stands => return Ok(None),
        How::Within(_) | How::Each(_) | How::EachLink(_) => return Ok(None),
    }))
}

/// Whether the second of two links is the end of the first, which then has it: in CIM they are one.
fn is_end_of(link: &mut Node, end: &Node) -> bool {
    let same = |name| link.says(name) == end.says(name);
    let one = ["chargeTypeOwner_MarketParticipant.mRID", "type", "mRID"].into_iter().all(same);
    match end.at("terminationDate") {
        Some(date) if one && link.at("terminationDate").is_none() => {
            link.push(date.clone());
            true
        }
        _ => false,
    }
}

/// The scheme that CIM has for whoever gave out a number.
fn scheme(node: &Node) -> &'static str {
    match node.attribute("schemeAgencyIdentifier") {
        "305" => "A01",
        "260" => "NDK",
        _ => "A10",
    }
}

/// An instant without a fraction that says nothing; any other says something.
fn without_zeros(instant: &str) -> Cow<'_, str> {
    let Some((whole, fraction)) = instant.split_once('.') else { return Cow::Borrowed(instant) };
    let rest = fraction.trim_start_matches('0');
    if rest.len() == fraction.len() || rest.starts_with(|digit: char| digit.is_ascii_digit()) {
        return Cow::Borrowed(instant);
    }
    Cow::Owned(format!("{whole}{rest}"))
}

fn flaw(node: &Node, message: &str) -> Flaw {
    let (path, message) = (node.name.clone(), message.to_string());
    Flaw { line: 1, column: 1, byte: node.byte, path, code: "ebix-unsaid", message }
}

/// Function 3: what is told ends (post-office 3.5.1).
const ENDS: &str = "3";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ebix::from_cim;
    use crate::document::{built_in, recognise};

    const CANCELLATION: &str = r#"<DK_RequestCancellation xmlns="un:unece:260:data:EEM-DK_RequestCancellation:v3">
  <HeaderEnergyDocument>
    <Identification>M-1</Identification>
    <DocumentType listAgencyIdentifier="260">E67</DocumentType>
    <Creation>2023-08-01T10:59:00.25+02:00</Creation>
    <SenderEnergyParty><Identification schemeAgencyIdentifier="9">8100000000108</Identification></SenderEnergyParty>
    <RecipientEnergyParty><Identification schemeAgencyIdentifier="9">5790001330552</Identification></RecipientEnergyParty>
  </HeaderEnergyDocument>
  <ProcessEnergyContext>
    <EnergyBusinessProcess listAgencyIdentifier="260">E56</EnergyBusinessProcess>
    <EnergyBusinessProcessRole listAgencyIdentifier="260">DDQ</EnergyBusinessProcessRole>
    <EnergyIndustryClassification listAgencyIdentifier="6">23</EnergyIndustryClassification>
  </ProcessEnergyContext>
  <PayloadMPEvent>
    <Identification>T-1</Identification>
    <OriginalBusinessDocument>T-0</OriginalBusinessDocument>
  </PayloadMPEvent>
</DK_RequestCancellation>"#;

    #[test]
    fn a_cancellation_need_not_name_its_metering_point() {
        let (specs, limits) = (built_in(), Limits::default());
        let cim = recognise(&specs, CANCELLATION.as_bytes(), &limits).unwrap().unwrap();
        let told = to_cim(cim, "DK_RequestCancellation", CANCELLATION.as_bytes(), &limits).unwrap();
        let text = String::from_utf8(told.xml.clone()).unwrap();
        assert!(spec::check(cim, &told.xml, &limits, &mut ()).is_valid(), "{text}");
        assert!(
            text.contains("<marketEvaluationPoint.mRID codingScheme=\"A10\"></marketEvaluationPoint.mRID>"),
            "{text}"
        );
        assert!(text.contains("<createdDateTime>2023-08-01T08:59:00Z<"), "{text}");
        let back = String::from_utf8(from_cim(cim, &told.xml, &[], &limits).unwrap()).unwrap();
        assert!(back.contains("T-0") && !back.contains("MeteringPointDomainLocation"), "{back}");
    }

    #[test]
    fn a_fraction_of_zeros_says_nothing() {
        let rows = [
            ("2023-08-31T22:00:00Z", "2023-08-31T22:00:00Z"),
            ("2023-08-31T22:00:00.0Z", "2023-08-31T22:00:00Z"),
            ("2023-08-31T22:00:00.000000000Z", "2023-08-31T22:00:00Z"),
            ("2023-08-31T22:00:00.00+02:00", "2023-08-31T22:00:00+02:00"),
            ("2023-08-31T22:00:00.00", "2023-08-31T22:00:00"),
            // Whatever says something is judged by the rules.
            ("2023-08-31T22:00:00.01Z", "2023-08-31T22:00:00.01Z"),
            ("2023-08-31T22:00:00.5Z", "2023-08-31T22:00:00.5Z"),
        ];
        for (ebix, cim) in rows {
            assert_eq!(without_zeros(ebix), cim);
        }
    }
}
