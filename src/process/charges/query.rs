//! RequestPriceList (RSM-035, reason D48): a participant asks for price lists to be sent again.
//!
//! What is asked for, and intersects the period asked for, goes to whoever asks and to nobody else: charge information
//! in one NotifyPriceList (D18), a record for each period and one for a stop; prices in another (D08), a record for each
//! series. Each record names the transaction that it answers. A query that finds nothing, or is no query, is answered with RejectRequestPriceList. Nothing is changed.
//!
//! A charge that is named in full takes its turn with those who change it. Source: charges 2.7, 7.3, 7.4.

use std::sync::Arc;

use super::record;
use super::reply::{self, NOTIFY};
use super::request::{Asked, Information, Operation, Point, REASON_INFORMATION, REASON_PRICES, Series};
use super::state::{Charge, ChargeIdentity, MasterData, PricePoint};
use super::view;
use crate::document::{Bearing, Category, Header, HeaderReader, Kind, Outgoing, Reader, Record};
use crate::market::{ActorNumber, ActorRole, Calendar, ChargeType, Party, Period, ReasonCode, Timestamp};
use crate::process::charge_documents::{
    Broken, Refusals, answering, asker_needs, document, document_flaws, fate, is_blank, live_sender, receipt,
    transaction_flaws, transaction_ids,
};
use crate::process::{Context, Decision, Incoming, Refused, Request, RequestReader};
use crate::record::{Facts, Key, KeyRange, Needs};

/// RSM-035.
pub const REQUEST_PRICE_LIST: Incoming = Incoming {
    name: "RequestPriceList",
    namespace: "urn:ediel.org:structure:requestpricelist:0:1",
    routes: &["requestpricelist"],
    roles: &[
        ActorRole::EnergySupplier,
        ActorRole::GridAccessProvider,
        ActorRole::TransmissionSystemOperator,
        ActorRole::SystemOperator,
    ],
    reader: || Box::new(QueryReader::default()),
};

/// RSM-035, the answer to what cannot be answered.
pub static REJECT_QUERY: Kind = Kind {
    name: "RejectRequestPriceList",
    namespace: "urn:ediel.org:structure:rejectrequestpricelist:0:1",
    type_code: "D14",
    category: Category::MasterData,
    status: Some("A02"),
};

/// Business reason of queries for price lists.
const REASON_QUERY: &str = "D48";

/// Most activity records of one document: each looks at every charge that its filter leaves.
pub const QUERIES_MAX: usize = 1_000;
/// Most charges that one document is answered with: more than the market has.
pub const CHARGES_MAX: usize = 4_000;
/// Most prices that one document is answered with: eleven years of hours. A document holds 50 MiB, some 150 bytes each.
pub const POINTS_MAX: usize = 100_000;
/// Most prices that there could be within the periods asked for, so that they are loaded at all: some 50 MiB.
pub const POINTS_LOADED_MAX: i64 = 10_000_000;
/// Nobody sends prices for later than this many days from now.
const AHEAD_DAYS: i64 = 1_500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPriceList {
    pub header: Header,
    pub queries: Vec<Query>,
}

/// One activity record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub transaction_id: String,
    pub start: Option<Timestamp>,
    /// Everything from the start on without it.
    pub end: Option<Timestamp>,
    /// Any, where these are left out.
    pub owner: Option<String>,
    pub charge_type: Option<ChargeType>,
    pub charge_id: Option<String>,
}

impl Query {
    fn interval(&self) -> Option<Period> {
        Some(Period::new(self.start?, self.end.unwrap_or(Timestamp::OPEN_END))).filter(|it| !it.is_empty())
    }

    /// The charge, when it is named in full.
    fn identity(&self) -> Option<ChargeIdentity> {
        let owner = ActorNumber::new(self.owner.as_deref()?);
        Some(ChargeIdentity { owner, charge_type: self.charge_type?, id: self.charge_id.clone()? })
    }

    /// The charges among which those that are asked for are found.
    fn range(&self) -> KeyRange {
        let mut prefix = Key::new(record::CHARGES);
        if let Some(owner) = &self.owner {
            prefix = prefix.text(owner);
            if let Some(charge_type) = self.charge_type {
                prefix = prefix.text(charge_type.code());
            }
        }
        KeyRange::under(&prefix)
    }

    fn admits(&self, identity: &ChargeIdentity) -> bool {
        self.owner.as_ref().is_none_or(|it| it == identity.owner.as_str())
            && self.charge_type.is_none_or(|it| it == identity.charge_type)
            && self.charge_id.as_ref().is_none_or(|it| *it == identity.id)
    }

    fn charges(&self, facts: &Facts) -> Vec<(ChargeIdentity, Charge)> {
        let entries = facts.range(&self.range()).iter();
        let charges = entries.map(|(key, entry)| (record::read_identity(key), record::read_charge(&entry.value)));
        charges.filter(|(identity, _)| self.admits(identity)).collect()
    }
}

impl RequestPriceList {
    /// Whether what is asked for can be looked at without filling the house.
    fn fits(&self, facts: &Facts, now: Timestamp) -> bool {
        let ahead = Timestamp::from_seconds(now.seconds() + AHEAD_DAYS * 86_400);
        let (mut charges, mut points) = (0, 0_i64);
        for query in &self.queries {
            let Some(interval) = query.interval() else { continue };
            let seconds = Period::new(interval.start, interval.end.min(ahead)).seconds().max(0);
            for (_, charge) in query.charges(facts) {
                charges += 1;
                points = points.saturating_add(seconds / charge.resolution.unit_seconds_max());
            }
        }
        charges <= CHARGES_MAX && points <= POINTS_LOADED_MAX
    }
}

impl Request for RequestPriceList {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        transaction_ids(self.queries.iter().map(|query| &query.transaction_id))
    }

    fn turns(&self) -> Vec<Key> {
        let charges: std::collections::BTreeSet<_> = self.queries.iter().filter_map(Query::identity).collect();
        charges.iter().map(record::charge_key).collect()
    }

    fn needs(&self, context: &Context) -> Needs {
        let needs = asker_needs(&self.header, context);
        // Whatever is answered was true a moment ago, and nothing is written: no charge need stand still for it.
        let nobody = Key::new(record::CHARGES);
        let asked = self.queries.iter().filter(|query| query.interval().is_some());
        asked.fold(needs, |needs, query| needs.range(query.range(), nobody.clone()))
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        let mut needs = Needs::default();
        if !self.fits(facts, context.now) {
            return needs;
        }
        for query in &self.queries {
            let Some(interval) = query.interval() else { continue };
            for (identity, _) in query.charges(facts) {
                needs = needs.and(view::timeline_needs(&identity)).and(view::prices_needs(&identity, interval));
            }
        }
        needs
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut decision = Decision::default();
        let (mut information, mut prices, mut rejected) = (vec![], vec![], vec![]);
        let asker = live_sender(&self.header, facts, context.pack());
        let mut points_left = if self.fits(facts, context.now) { Some(POINTS_MAX) } else { None };
        for (index, query) in self.queries.iter().enumerate() {
            let mut broken = flaws(self, query, asker.as_ref());
            let mut found = Vec::new();
            if broken.is_empty() {
                match answer(query, facts, Calendar::new(context.market.zone), &mut points_left) {
                    Ok(operations) => found = operations,
                    Err(flaw) => broken.push(flaw),
                }
            }
            for (place, operation) in found.iter().enumerate() {
                let id = context.id(&[NOTIFY.name, "record", &index.to_string(), &place.to_string()]);
                let into = if operation.information().is_some() { &mut information } else { &mut prices };
                let record = answering(&query.transaction_id, reply::notification(operation, id));
                into.push(Record { bearing: Some(Bearing::Answers), ..record });
            }
            if !broken.is_empty() {
                let id = context.id(&[REJECT_QUERY.name, "record", &index.to_string()]);
                rejected.push(receipt(&query.transaction_id, id, None, &broken));
            }
            decision.fates.push(fate(&query.transaction_id, &broken));
        }
        let receiver = asker.unwrap_or_else(|| context.caller.clone());
        for (kind, reason, records) in [
            (&NOTIFY, REASON_INFORMATION, information),
            (&NOTIFY, REASON_PRICES, prices),
            (&REJECT_QUERY, REASON_QUERY, rejected),
        ] {
            if !records.is_empty() {
                let records: Arc<[Record]> = records.into();
                let document = document(kind, &receiver, reason, records, context);
                let message_id = context.id(&[kind.name, reason, "document"]);
                decision = decision.send(Outgoing { message_id, ..document });
            }
        }
        decision
    }
}

/// What is wrong with the document, or else with the query itself.
fn flaws(request: &RequestPriceList, query: &Query, asker: Option<&Party>) -> Vec<Broken> {
    let mut flaws = document_flaws(&request.header, asker, "D13", REASON_QUERY);
    if !flaws.is_empty() {
        return flaws;
    }
    flaws.extend(transaction_flaws(&query.transaction_id));
    if query.interval().is_none() {
        flaws.push(Broken::new(
            "CH.14",
            ReasonCode::E86,
            "the period asked for has no start, or does not end after it",
        ));
    }
    flaws
}

/// Everything that the query finds, as the operations that would have led to it. `points_left` is how many prices the
/// document may still hold, and nothing if it asks for more than will be looked at.
fn answer(
    query: &Query,
    facts: &Facts,
    calendar: Calendar,
    points_left: &mut Option<usize>,
) -> Result<Vec<Operation>, Broken> {
    let too_much = || {
        let text = format!("it takes more than {CHARGES_MAX} charges or {POINTS_MAX} prices: ask for less at a time");
        Broken::new("CH.16", ReasonCode::E86, text)
    };
    let interval = query.interval().expect("CH.14 holds");
    let mut left = points_left.ok_or_else(too_much)?;
    let mut found = Vec::new();
    for (identity, charge) in query.charges(facts) {
        let periods = facts.range(&record::periods(&identity)).iter().map(|(key, entry)| (key, entry));
        let timeline = record::read_timeline(&charge, periods);
        // A period of no length is within, too: where its stop is told, it is told what is stopped.
        let within = |(period, _): &&(Period, MasterData)| {
            interval.contains(period.start) || (period.start < interval.end && interval.start < period.end)
        };
        for (period, data) in timeline.iter().filter(within) {
            found.push(information(query, &identity, &charge, data, period.start, None));
        }
        if let Some((_, data)) = timeline.last()
            && interval.contains(charge.stop)
        {
            found.push(information(query, &identity, &charge, data, charge.stop, Some(charge.stop)));
        }
        let points = view::price_points(facts, &identity, interval);
        left = left.checked_sub(points.len()).ok_or_else(too_much)?;
        found.extend(series(calendar, &charge, &points).into_iter().map(|series| Operation {
            effective: series.interval.map(|interval| interval.start),
            asked: Asked::Prices(Some(series)),
            ..operation(query, &identity)
        }));
    }
    *points_left = Some(left);
    match found.is_empty() {
        true => Err(Broken::new("CH.15", ReasonCode::E0H, "there is nothing to send for what is asked")),
        false => Ok(found),
    }
}

/// Points in as few series as positions can say: one begins wherever a price does not begin where the unit does, or
/// there is a gap.
fn series(calendar: Calendar, charge: &Charge, mut points: &[PricePoint]) -> Vec<Series> {
    let mut all = Vec::new();
    while let Some(first) = points.first() {
        let starts = calendar.point_starts(charge.resolution, first.period.start, points.len());
        let fits = |at: &usize| points[*at].period.start == starts[*at] && points[*at - 1].period.end == starts[*at];
        let count = 1 + (1..points.len()).take_while(fits).count();
        let (run, rest) = points.split_at(count);
        let end = run.last().expect("at least the first").period.end;
        let point = |(point, position): (&PricePoint, u32)| Point { position, price: point.price };
        all.push(Series {
            resolution: Some(charge.resolution),
            interval: Some(Period::new(first.period.start, end)),
            points: run.iter().zip(1..).map(point).collect(),
        });
        points = rest;
    }
    all
}

fn operation(query: &Query, identity: &ChargeIdentity) -> Operation {
    Operation {
        transaction_id: query.transaction_id.clone(),
        owner: identity.owner.to_string(),
        charge_type: Some(identity.charge_type),
        charge_id: identity.id.clone(),
        effective: None,
        asked: Asked::Prices(None),
    }
}

fn information(
    query: &Query,
    identity: &ChargeIdentity,
    charge: &Charge,
    data: &MasterData,
    start: Timestamp,
    termination: Option<Timestamp>,
) -> Operation {
    let asked = Asked::Information(Information {
        name: Some(data.name.clone()),
        description: Some(data.description.clone()),
        resolution: Some(charge.resolution),
        termination,
        vat_class: Some(data.vat_class),
        transparent_invoicing: Some(data.transparent_invoicing),
        tax_indicator: Some(charge.tax_indicator),
    });
    Operation { effective: Some(start), asked, ..operation(query, identity) }
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
        let text = || Some(value.to_string()).filter(|value| !is_blank(value));
        let draft = &mut self.draft;
        match name {
            _ if !self.in_record => {
                self.refusals.query_header(
                    &mut self.header,
                    (name, value, byte),
                    REASON_QUERY,
                    "price lists are asked for with D48",
                );
            }
            "mRID" => draft.transaction_id = value.to_string(),
            "start_DateAndOrTime.dateTime" => draft.start = Timestamp::parse_date_time(value),
            "end_DateAndOrTime.dateTime" => draft.end = Timestamp::parse_date_time(value),
            "chargeGroup.chargeType.chargeTypeOwner_MarketParticipant.mRID" => draft.owner = text(),
            "chargeGroup.chargeType.type" => draft.charge_type = ChargeType::from_code(value),
            "chargeGroup.chargeType.mRID" => draft.charge_id = text(),
            _ => {}
        }
    }

    fn default_value(&mut self, name: &str, _default: &str, byte: usize) {
        self.value(name, "", byte);
    }

    fn close(&mut self, name: &str) {
        if name == "MktActivityRecord" && self.in_record {
            self.in_record = false;
            if self.queries.len() == QUERIES_MAX {
                let message = format!("a document asks for price lists at most {QUERIES_MAX} times");
                self.refusals.push(message, None);
            }
            self.queries.push(std::mem::take(&mut self.draft));
        }
    }
}

impl RequestReader for QueryReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        self.refusals.or(RequestPriceList { header: self.header.finish(), queries: self.queries })
    }
}
