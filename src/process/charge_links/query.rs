//! RequestBillingMasterData (RSM-032, reason E0G): a participant asks which charges a metering point pays.
//!
//! Whoever asks is sent the links that intersect the period asked for and are its business, in one
//! NotifyBillingMasterData: the owner of the metering point's grid area all of them, the owner of a charge those to its
//! charges, a supplier those that intersect its own supply. What is nobody's business to ask is not there: a query that
//! finds nothing is rejected with E0H, whatever the reason. No link is told of beyond the stop of its charge ([`standing`]).
//! Nothing is changed. Source: charges 2.7, 7.3, 7.5.

use super::reply::{self, NOTIFY};
use super::standing;
use super::state::{self, Link};
use crate::document::{Category, Header, HeaderReader, Kind, Reader};
use crate::market::{ActorRole, MeteringPointId, Party, Period, ReasonCode, Timestamp};
use crate::process::accounting_points;
use crate::process::charge_documents::{
    Broken, Refusals, asker_needs, document, document_flaws, fate, live_sender, receipt, transaction_flaws,
    transaction_ids,
};
use crate::process::charges::ChargeIdentity;
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::{Context, Decision, Incoming, Refused, Request, RequestReader};
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
pub const REASON_QUERY: &str = "E0G";

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
        transaction_ids(self.queries.iter().map(|query| &query.transaction_id))
    }

    /// Nobody waits for a query, and it waits for nobody.
    fn turns(&self) -> Vec<Key> {
        Vec::new()
    }

    fn needs(&self, context: &Context) -> Needs {
        let needs = asker_needs(&self.header, context);
        self.queries.iter().map(Query::point).fold(needs, |needs, point| {
            let supplied = accounting_points::needs_of(&point);
            needs.and(metering_points::needs_of(&point)).and(supplied).and(state::needs_of_point(&point))
        })
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        let points = self.queries.iter().filter_map(|it| metering_points::metering_point(facts, &it.point()));
        points.fold(Needs::default(), |needs, it| {
            let charges = standing::needs_of_point(facts, &it.id);
            needs.and(metering_points::needs_of_grid_area(&it.grid_area)).and(charges)
        })
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut decision = Decision::default();
        let (mut notified, mut rejected) = (vec![], vec![]);
        let asker = live_sender(&self.header, facts, context.pack());
        for (index, query) in self.queries.iter().enumerate() {
            let mut broken = flaws(self, query, asker.as_ref());
            if broken.is_empty() {
                match answer(query, asker.as_ref().expect("VR.152 holds"), facts) {
                    Ok(links) if notified.len() + links.len() > LINKS_MAX => {
                        let text = format!("the document asks for more than {LINKS_MAX} links: ask for less at a time");
                        broken.push(Broken::new("CH.16", ReasonCode::E86, text));
                    }
                    Ok(links) => notified.extend(links.iter().enumerate().map(|(place, (charge, link))| {
                        let id = context.id(&[NOTIFY.name, "record", &index.to_string(), &place.to_string()]);
                        let told = standing::operation(&query.transaction_id, &query.point(), charge, link);
                        reply::answer(&told, id)
                    })),
                    Err(flaw) => broken.push(flaw),
                }
            }
            if !broken.is_empty() {
                let id = context.id(&[REJECT_QUERY.name, "record", &index.to_string()]);
                let point = reply::about(&query.metering_point);
                rejected.push(receipt(&query.transaction_id, id, point, &broken));
            }
            decision.fates.push(fate(&query.transaction_id, &broken));
        }
        let receiver = asker.unwrap_or_else(|| context.caller.clone());
        for (kind, records) in [(&NOTIFY, notified), (&REJECT_QUERY, rejected)] {
            if !records.is_empty() {
                decision = decision.send(document(kind, &receiver, REASON_QUERY, records.into(), context));
            }
        }
        decision
    }
}

/// What is wrong with the document, or else with the query itself.
fn flaws(request: &RequestBillingMasterData, query: &Query, asker: Option<&Party>) -> Vec<Broken> {
    let mut flaws = document_flaws(&request.header, asker, "D08", REASON_QUERY);
    if !flaws.is_empty() {
        return flaws;
    }
    flaws.extend(transaction_flaws(&query.transaction_id));
    if query.interval().is_empty() {
        flaws.push(Broken::new("CH.14", ReasonCode::E86, "the period asked for does not end after its start"));
    }
    flaws
}

/// The links that the asker may see, by type, charge and start.
fn answer(query: &Query, asker: &Party, facts: &Facts) -> Result<Vec<(ChargeIdentity, Link)>, Broken> {
    let Some(point) = metering_points::metering_point(facts, &query.point()) else {
        return Err(Broken::new("VR.200", ReasonCode::E10, "the metering point is unknown"));
    };
    let seen = seen(query.interval(), asker, &point, facts);
    let mut links = standing::links_of_point(facts, &point.id);
    links.retain(|(charge, link)| {
        let owns = owner_role(asker) && charge.owner == asker.number && overlap(query.interval(), link.period);
        owns || seen.iter().any(|period| overlap(*period, link.period))
    });
    match links.is_empty() {
        true => Err(Broken::new("CH.15", ReasonCode::E0H, "there is nothing to send for what is asked")),
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
            let own =
                accounting_points::supplies(facts, &point.id).into_iter().filter(|it| it.supplier == asker.number);
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

/// Collects the queries of one document.
#[derive(Debug, Default)]
pub struct QueryReader {
    header: HeaderReader,
    in_record: bool,
    draft: Query,
    queries: Vec<Query>,
    refusals: Refusals,
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
            _ if !self.in_record => {
                self.refusals.query_header(
                    &mut self.header,
                    (name, value, byte),
                    REASON_QUERY,
                    "billing master data is asked for with E0G",
                );
            }
            "mRID" => draft.transaction_id = value.to_string(),
            "marketEvaluationPoint.mRID" => draft.metering_point = value.to_string(),
            "start_DateAndOrTime.dateTime" => draft.start = Timestamp::parse_date_time(value),
            "end_DateAndOrTime.dateTime" => draft.end = Timestamp::parse_date_time(value),
            _ => {}
        }
    }

    fn default_value(&mut self, name: &str, _default: &str, byte: usize) {
        self.value(name, "", byte);
    }

    fn close(&mut self, name: &str) {
        if name == "MktActivityRecord" && self.in_record {
            self.in_record = false;
            self.queries.push(std::mem::take(&mut self.draft));
        }
    }
}

impl RequestReader for QueryReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        self.refusals.or(RequestBillingMasterData { header: self.header.finish(), queries: self.queries })
    }
}
