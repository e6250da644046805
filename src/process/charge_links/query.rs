//! RequestBillingMasterData (RSM-032, reason E0G): a participant asks which charges a metering point pays.
//!
//! Whoever asks is sent the links that intersect the period asked for and are its business, in one
//! NotifyBillingMasterData: the owner of the metering point's grid area all of them, the owner of a charge those to its
//! charges, a supplier those that intersect its own supply. What is nobody's business to ask is not there: a query that
//! finds nothing is rejected with E0H, whatever the reason. Nothing is changed. Source: charges 2.7, 7.3, 7.5.

use super::reply::{self, NOTIFY};
use super::request::{Operation, REFUSALS_MAX, is_blank};
use super::rules::TRANSACTION_ID_CHARACTERS_MAX;
use super::state::{self, Link};
use crate::document::{Category, Field, Header, HeaderReader, Kind, Outgoing, Reader, Record, Refusal};
use crate::market::{ActorRole, MeteringPointId, Party, Period, ReasonCode, Timestamp};
use crate::process::charges::ChargeIdentity;
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::participants;
use crate::process::{Context, Decision, Fate, Incoming, Request, RequestReader};
use crate::record::{Facts, Key, Needs};

/// RSM-032.
pub const REQUEST_BILLING_MASTER_DATA: Incoming = Incoming {
    name: "RequestBillingMasterData",
    namespace: "urn:ediel.org:structure:requestbillingmasterdata:0:1",
    routes: &["requestbillingmasterdata"],
    roles: &[
        ActorRole::EnergySupplier,
        ActorRole::GridAccessProvider,
        ActorRole::TransmissionSystemOperator,
        ActorRole::SystemOperator,
    ],
    reader: || Box::new(QueryReader::default()),
};

/// RSM-032, the answer to what cannot be answered.
pub static REJECT_QUERY: Kind = Kind {
    name: "RejectRequestBillingMasterData",
    namespace: "urn:ediel.org:structure:rejectrequestbillingmasterdata:0:1",
    type_code: "D09",
    category: Category::MasterData,
    status: Some("A02"),
};

/// Most links that one document is answered with: a document holds 50 MiB, some 700 bytes each.
pub const LINKS_MAX: usize = 50_000;

/// Business reason of queries for billing master data.
const REASON_QUERY: &str = "E0G";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestBillingMasterData {
    pub header: Header,
    pub queries: Vec<Query>,
}

/// One activity record. Without a start it asks for everything up to the end, without an end for everything from the
/// start on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub transaction_id: String,
    pub metering_point: String,
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
}

impl Query {
    fn point(&self) -> MeteringPointId {
        MeteringPointId::new(&*self.metering_point)
    }

    fn interval(&self) -> Period {
        let earliest = Timestamp::from_micros(i64::MIN);
        Period::new(self.start.unwrap_or(earliest), self.end.unwrap_or(Timestamp::OPEN_END))
    }
}

impl Request for RequestBillingMasterData {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        self.queries.iter().map(|query| query.transaction_id.as_str()).filter(|id| !is_blank(id)).collect()
    }

    /// Nobody waits for a query, and it waits for nobody.
    fn turns(&self) -> Vec<Key> {
        Vec::new()
    }

    fn needs(&self, context: &Context) -> Needs {
        let needs = participants::needs_of(&sender(&self.header).unwrap_or_else(|| context.caller.clone()));
        self.queries
            .iter()
            .map(Query::point)
            .fold(needs, |needs, point| needs.and(metering_points::needs_of(&point)).and(state::needs_of_point(&point)))
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        let points = self.queries.iter().filter_map(|it| metering_points::metering_point(facts, &it.point()));
        points.fold(Needs::default(), |needs, it| needs.and(metering_points::needs_of_grid_area(&it.grid_area)))
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut decision = Decision::default();
        let (mut notified, mut rejected) = (vec![], vec![]);
        let asker =
            sender(&self.header).filter(|party| participants::participant(facts, party).is_some_and(|it| it.is_live()));
        for (index, query) in self.queries.iter().enumerate() {
            let mut broken = flaws(self, query, asker.as_ref());
            if broken.is_empty() {
                match answer(query, asker.as_ref().expect("VR.152 holds"), facts) {
                    Ok(links) if notified.len() + links.len() > LINKS_MAX => {
                        let text = format!("the document asks for more than {LINKS_MAX} links: ask for less at a time");
                        broken.push(flaw("CH.16", ReasonCode::E86, text));
                    }
                    Ok(links) => notified.extend(links.into_iter().enumerate().map(|(place, link)| {
                        let id = context.id(&[NOTIFY.name, "record", &index.to_string(), &place.to_string()]);
                        notification(query, link, id)
                    })),
                    Err(flaw) => broken.push(flaw),
                }
            }
            if !broken.is_empty() {
                let id = context.id(&[REJECT_QUERY.name, "record", &index.to_string()]);
                rejected.push(rejection(query, id, &broken));
            }
            let transaction_id = query.transaction_id.clone();
            decision.fates.push(Fate { transaction_id, broken: broken.iter().map(|it| it.number).collect() });
        }
        let receiver = asker.unwrap_or_else(|| context.caller.clone());
        for (kind, records) in [(&NOTIFY, notified), (&REJECT_QUERY, rejected)] {
            if !records.is_empty() {
                let document = reply::send(kind, &receiver, records.into(), context);
                decision = decision.send(Outgoing { business_reason: REASON_QUERY.into(), ..document });
            }
        }
        decision
    }
}

/// A rule that does not hold, as in [`super::rules`], and the sentence that says so.
struct Flaw {
    number: &'static str,
    code: ReasonCode,
    text: String,
}

fn flaw(number: &'static str, code: ReasonCode, text: impl Into<String>) -> Flaw {
    Flaw { number, code, text: text.into() }
}

/// What is wrong with the document, or else with the query itself.
fn flaws(request: &RequestBillingMasterData, query: &Query, asker: Option<&Party>) -> Vec<Flaw> {
    let header = &request.header;
    let mut flaws = Vec::new();
    if asker.is_none() {
        let text = "the sender is not, or no longer, an active market participant in its role";
        flaws.push(flaw("VR.152", ReasonCode::D02, text));
    }
    if header.document_type != "D08" {
        flaws.push(flaw("VR.404", ReasonCode::D02, "the document type must be D08 with business reason E0G"));
    }
    if is_blank(&header.receiver_number) {
        flaws.push(flaw("VR.153", ReasonCode::D02, "the document has no recipient"));
    }
    if header.receiver_role != ActorRole::MeteringPointAdministrator.code() {
        flaws.push(flaw("VR.165", ReasonCode::E55, "the recipient role must be DDZ"));
    }
    if !flaws.is_empty() {
        return flaws;
    }
    if is_blank(&query.transaction_id) {
        flaws.push(flaw("VR.223", ReasonCode::E0H, "the transaction id is missing"));
    }
    if query.transaction_id.chars().count() > TRANSACTION_ID_CHARACTERS_MAX {
        let text = format!("the transaction id is longer than {TRANSACTION_ID_CHARACTERS_MAX} characters");
        flaws.push(flaw("VR.922", ReasonCode::E86, text));
    }
    if query.interval().is_empty() {
        flaws.push(flaw("CH.14", ReasonCode::E86, "the period asked for does not end after its start"));
    }
    flaws
}

/// The links that the asker may see, by type, charge and start.
fn answer(query: &Query, asker: &Party, facts: &Facts) -> Result<Vec<(ChargeIdentity, Link)>, Flaw> {
    let Some(point) = metering_points::metering_point(facts, &query.point()) else {
        return Err(flaw("VR.200", ReasonCode::E10, "the metering point is unknown"));
    };
    let seen = seen(query.interval(), asker, &point, facts);
    let links = state::links_of_point(facts, &point.id).into_iter().filter(|(charge, link)| {
        let owns = owner_role(asker) && charge.owner == asker.number && overlap(query.interval(), link.period);
        owns || seen.iter().any(|period| overlap(*period, link.period))
    });
    let mut links: Vec<(ChargeIdentity, Link)> = links.collect();
    links.sort_by_key(|(charge, link)| (charge.charge_type, charge.id.clone(), charge.owner.clone(), link.period));
    match links.is_empty() {
        true => Err(flaw("CH.15", ReasonCode::E0H, "there is nothing to send for what is asked")),
        false => Ok(links),
    }
}

/// When the asker may see every link, whoever's charge it is, within the period asked for.
fn seen(asked: Period, asker: &Party, point: &MeteringPoint, facts: &Facts) -> Vec<Period> {
    match asker.role {
        ActorRole::GridAccessProvider => {
            let area = metering_points::grid_area(facts, &point.grid_area);
            let runs = area.is_some_and(|area| area.owner.as_ref() == Some(&asker.number));
            if runs { vec![asked] } else { Vec::new() }
        }
        ActorRole::EnergySupplier => {
            let own = metering_points::supplies(facts, &point.id).into_iter().filter(|it| it.supplier == asker.number);
            own.map(|it| Period::new(it.period.start.max(asked.start), it.period.end.min(asked.end))).collect()
        }
        _ => Vec::new(),
    }
}

fn owner_role(asker: &Party) -> bool {
    matches!(asker.role, ActorRole::SystemOperator | ActorRole::GridAccessProvider)
}

fn overlap(a: Period, b: Period) -> bool {
    !a.is_empty() && a.start < b.end && b.start < a.end
}

fn notification(query: &Query, (charge, link): (ChargeIdentity, Link), id: String) -> Record {
    let operation = Operation {
        transaction_id: query.transaction_id.clone(),
        metering_point: query.metering_point.clone(),
        owner: charge.owner.to_string(),
        charge_type: Some(charge.charge_type),
        charge_id: charge.id,
        factor: Some(link.factor),
        effective: Some(link.period.start),
        termination: Some(link.period.end),
    };
    reply::notification(&operation, id)
}

fn rejection(query: &Query, id: String, broken: &[Flaw]) -> Record {
    let characters_max = reply::ORIGINAL_TRANSACTION_ID_CHARACTERS_MAX;
    let original = query.transaction_id.chars().take(characters_max).collect();
    let reasons = broken.iter().map(|it| (it.code.code().to_string(), format!("{}: {}", it.number, it.text)));
    let reasons: Vec<(String, String)> = reasons.collect();
    let mut fields =
        vec![Field::Text("mRID", id), Field::Text("originalTransactionIDReference_MktActivityRecord.mRID", original)];
    if !is_blank(&query.metering_point) {
        let scheme = query.point().coding_scheme();
        fields.push(Field::Id("marketEvaluationPoint.mRID", scheme, query.metering_point.clone()));
    }
    fields.extend(reasons.iter().map(|(code, text)| {
        Field::Item("Reason", vec![Field::Code("code", code.clone()), Field::Text("text", text.clone())])
    }));
    Record { transaction_id: query.transaction_id.clone(), reasons, fields }
}

/// Number and role in the document's header; nobody when the role is one that we do not know.
fn sender(header: &Header) -> Option<Party> {
    Some(Party { number: header.sender(), role: ActorRole::from_code(&header.sender_role)? })
}

/// Collects the queries of one document.
#[derive(Debug, Default)]
pub struct QueryReader {
    header: HeaderReader,
    in_record: bool,
    draft: Query,
    queries: Vec<Query>,
    refusals: Vec<Refusal>,
}

impl Reader for QueryReader {
    fn open(&mut self, name: &str) {
        if name == "MktActivityRecord" {
            (self.in_record, self.draft) = (true, Query::default());
        }
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        let draft = &mut self.draft;
        match name {
            _ if !self.in_record => self.header(name, value, byte),
            "mRID" => draft.transaction_id = value.to_string(),
            "marketEvaluationPoint.mRID" => draft.metering_point = value.to_string(),
            "start_DateAndOrTime.dateTime" => draft.start = Timestamp::parse_date_time(value),
            "end_DateAndOrTime.dateTime" => draft.end = Timestamp::parse_date_time(value),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "MktActivityRecord" && self.in_record {
            self.in_record = false;
            self.queries.push(std::mem::take(&mut self.draft));
        }
    }
}

impl QueryReader {
    fn header(&mut self, name: &str, value: &str, byte: usize) {
        if matches!(name, "mRID" | "type" | "process.processType") && is_blank(value) {
            self.refuse(format!("{name} is empty, and must say something"), byte);
        } else if name == "process.processType" && value != REASON_QUERY {
            self.refuse(
                "process.processType cannot be taken in: billing master data is asked for with E0G".into(),
                byte,
            );
        }
        self.header.value(name, value);
    }

    fn refuse(&mut self, message: String, byte: usize) {
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(Refusal { code: "B2B-005", target: None, message, byte: Some(byte) });
        }
    }
}

impl RequestReader for QueryReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Vec<Refusal>> {
        match self.refusals.is_empty() {
            true => Ok(Box::new(RequestBillingMasterData { header: self.header.finish(), queries: self.queries })),
            false => Err(self.refusals),
        }
    }
}
