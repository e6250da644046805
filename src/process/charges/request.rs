//! Reading a RequestChangeOfPriceList: names and values become operations, or refusals.
//!
//! What the schema has already said is not said again. What it cannot say stands here: no blank ids in the header, a
//! reason that this document may have, one charge in each record, one series in each operation (charges 3.2, CH.06).

use super::state::ChargeIdentity;
use crate::document::{Header, HeaderReader, Reader};
use crate::market::{ActorNumber, ChargeType, Period, Price, Resolution, Timestamp, VatClass};
use crate::process::charge_documents::{Refusals, is_blank};
use crate::process::{Refused, Request, RequestReader};

/// RSM-033: new or changed charge information (D18), or prices (D08), each operation for one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestChangeOfPriceList {
    pub header: Header,
    pub operations: Vec<Operation>,
}

/// One activity record. Texts are as sent; a blank one counts as missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub transaction_id: String,
    pub owner: String,
    pub charge_type: Option<ChargeType>,
    pub charge_id: String,
    pub effective: Option<Timestamp>,
    pub asked: Asked,
}

/// What an operation asks for; the business reason of its document says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// D18.
    Information(Information),
    /// D08; without a series when the sender gave none.
    Prices(Option<Series>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Information {
    pub name: Option<String>,
    pub description: Option<String>,
    pub resolution: Option<Resolution>,
    /// Present when the charge is to be stopped.
    pub termination: Option<Timestamp>,
    pub vat_class: Option<VatClass>,
    pub transparent_invoicing: Option<bool>,
    pub tax_indicator: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Series {
    pub resolution: Option<Resolution>,
    pub interval: Option<Period>,
    /// By position, whatever their order in the document.
    pub points: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub position: u32,
    pub price: Price,
}

impl Operation {
    /// Which charge it is about, once its type is known.
    pub fn identity(&self) -> Option<ChargeIdentity> {
        let charge_type = self.charge_type?;
        Some(ChargeIdentity { owner: ActorNumber::new(&*self.owner), charge_type, id: self.charge_id.clone() })
    }

    pub fn information(&self) -> Option<&Information> {
        match &self.asked {
            Asked::Information(information) => Some(information),
            Asked::Prices(_) => None,
        }
    }

    pub fn series(&self) -> Option<&Series> {
        match &self.asked {
            Asked::Prices(series) => series.as_ref(),
            Asked::Information(_) => None,
        }
    }

    pub fn resolution(&self) -> Option<Resolution> {
        match &self.asked {
            Asked::Information(information) => information.resolution,
            Asked::Prices(series) => series.as_ref().and_then(|series| series.resolution),
        }
    }
}

/// Business reason of charge information.
pub const REASON_INFORMATION: &str = "D18";
/// Business reason of charge prices.
pub const REASON_PRICES: &str = "D08";

pub fn reader() -> Box<dyn RequestReader> {
    Box::new(PriceListReader::default())
}

/// Collects the operations of one document.
#[derive(Debug, Default)]
pub struct PriceListReader {
    header: HeaderReader,
    prices: bool,
    place: Place,
    /// The record that is being read; a new one for each, so that nothing is inherited from the one before.
    draft: Draft,
    operations: Vec<Operation>,
    refusals: Refusals,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Header,
    Record,
    Charge,
    Series,
    Interval,
    Point,
}

#[derive(Debug, Default)]
struct Draft {
    transaction_id: String,
    owner: String,
    charge_type: Option<ChargeType>,
    charge_id: String,
    effective: Option<Timestamp>,
    information: Information,
    series: Option<Series>,
    interval: (Option<Timestamp>, Option<Timestamp>),
    position: Option<u32>,
    /// How many of them were opened.
    charge_types: usize,
    series_periods: usize,
}

impl Reader for PriceListReader {
    fn open(&mut self, name: &str) {
        self.place = match (self.place, name) {
            (Place::Header, "MktActivityRecord") => {
                self.draft = Draft::default();
                Place::Record
            }
            (Place::Record, "ChargeType") => {
                self.draft.charge_types += 1;
                Place::Charge
            }
            (Place::Charge, "Series_Period") => {
                self.draft.series_periods += 1;
                self.draft.series.get_or_insert_default();
                Place::Series
            }
            (Place::Series, "timeInterval") => Place::Interval,
            (Place::Series, "Point") => {
                self.draft.position = None;
                Place::Point
            }
            (place, _) => place,
        };
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        match self.place {
            Place::Point => self.point(name, value, byte),
            Place::Header => self.header(name, value, byte),
            Place::Record => {
                if name == "mRID" {
                    self.mandatory(name, value, byte);
                    self.draft.transaction_id.push_str(value);
                }
            }
            Place::Charge => self.charge(name, value, byte),
            Place::Series => self.series(name, value, byte),
            Place::Interval => match name {
                "start" => self.draft.interval.0 = Timestamp::parse_minutes(value),
                "end" => self.draft.interval.1 = Timestamp::parse_minutes(value),
                _ => {}
            },
        }
    }

    fn default_value(&mut self, name: &str, _default: &str, byte: usize) {
        self.value(name, "", byte);
    }

    fn close(&mut self, name: &str) {
        self.place = match (self.place, name) {
            (Place::Point, "Point") | (Place::Interval, "timeInterval") => Place::Series,
            (Place::Series, "Series_Period") => Place::Charge,
            (Place::Charge, "ChargeType") => Place::Record,
            (Place::Record, "MktActivityRecord") => {
                let operation = std::mem::take(&mut self.draft).operation(self.prices);
                self.operations.push(operation);
                Place::Header
            }
            (place, _) => place,
        };
    }
}

impl RequestReader for PriceListReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        let (request, refusals) = self.read();
        refusals.or(request)
    }
}

impl PriceListReader {
    /// [`RequestReader::finish`], with its type still known.
    #[cfg(test)]
    pub fn finish_typed(self) -> Result<RequestChangeOfPriceList, Vec<crate::document::Refusal>> {
        let (request, refusals) = self.read();
        refusals.none().map(|()| request)
    }

    fn read(self) -> (RequestChangeOfPriceList, Refusals) {
        (RequestChangeOfPriceList { header: self.header.finish(), operations: self.operations }, self.refusals)
    }

    fn header(&mut self, name: &str, value: &str, byte: usize) {
        if self.refusals.header_speaks(name, value, byte) && name == "process.processType" {
            self.prices = value == REASON_PRICES;
            if value != REASON_PRICES && value != REASON_INFORMATION {
                self.refusals.value(
                    name,
                    value,
                    "a price list is changed with D08 (prices) or D18 (information)",
                    byte,
                );
            }
        }
        self.header.value(name, value);
    }

    fn charge(&mut self, name: &str, value: &str, byte: usize) {
        if self.draft.charge_types > 1 {
            // Once for each record: with its second charge, where that begins.
            if self.draft.charge_types == 2 && name == "chargeTypeOwner_MarketParticipant.mRID" {
                self.refusals.push(
                    "a record has a second ChargeType: send one activity record for each charge (CH.06)".into(),
                    Some(byte),
                );
            }
            return;
        }
        let draft = &mut self.draft;
        let information = &mut draft.information;
        match name {
            "chargeTypeOwner_MarketParticipant.mRID" => {
                draft.owner.push_str(value);
                self.mandatory(name, value, byte);
            }
            "mRID" => {
                draft.charge_id.push_str(value);
                self.mandatory(name, value, byte);
            }
            "type" => draft.charge_type = ChargeType::from_code(value),
            "effectiveDate" => draft.effective = Timestamp::parse_date_time(value),
            _ if self.prices => {}
            "name" => information.name = Some(value.to_string()),
            "description" => information.description = Some(value.to_string()),
            "priceTimeFrame_Period.resolution" => information.resolution = Resolution::from_code(value),
            // A date that we cannot hold is a date all the same: the operation must not pass for an update.
            "terminationDate" => {
                information.termination = Some(Timestamp::parse_date_time(value).unwrap_or(Timestamp::OPEN_END));
            }
            "VATPayer" => information.vat_class = VatClass::from_code(value),
            "transparentInvoicing" => information.transparent_invoicing = boolean(value),
            "taxIndicator" => information.tax_indicator = boolean(value),
            _ => {}
        }
    }

    fn series(&mut self, name: &str, value: &str, byte: usize) {
        // Prices in a document about charge information are ignored, however many series there are.
        if !self.prices || name != "resolution" {
            return;
        }
        let resolution = Resolution::from_code(value);
        if resolution.is_none() {
            self.refusals.value(name, value, "prices come as PT15M, PT1H, P1D or P1M", byte);
        }
        if self.draft.series_periods == 2 {
            self.refusals.push(
                "an operation has a second Series_Period: send one activity record for each series (CH.06)".into(),
                Some(byte),
            );
        }
        self.draft.series.get_or_insert_default().resolution = resolution;
    }

    /// The path of a series' many points: nothing is allocated but the point.
    fn point(&mut self, name: &str, value: &str, byte: usize) {
        match name {
            "position" => self.draft.position = position(value),
            "price.amount" if self.prices => match (Price::parse(value), self.draft.position, &mut self.draft.series) {
                (Some(price), Some(position), Some(series)) => series.points.push(Point { position, price }),
                (None, ..) => self.refusals.value(name, value, "a price has at most 17 digits", byte),
                _ => {}
            },
            _ => {}
        }
    }

    /// An element of a D08 operation that the schema wants present must also say something. In D18 the rules ask for it.
    fn mandatory(&mut self, name: &str, value: &str, byte: usize) {
        if self.prices && is_blank(value) {
            self.refusals.blank(name, byte);
        }
    }
}

impl Draft {
    fn operation(self, prices: bool) -> Operation {
        let asked = if prices {
            Asked::Prices(self.series.map(|mut series| {
                series.interval = self.interval.0.zip(self.interval.1).map(|(start, end)| Period::new(start, end));
                if !series.points.is_sorted_by_key(|point| point.position) {
                    series.points.sort_by_key(|point| point.position);
                }
                series
            }))
        } else {
            Asked::Information(self.information)
        };
        Operation {
            transaction_id: self.transaction_id,
            owner: self.owner,
            charge_type: self.charge_type,
            charge_id: self.charge_id,
            effective: self.effective,
            asked,
        }
    }
}

/// An `xs:boolean`.
fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// An `xs:integer` that may be a position, such as `7`, `+7` or `007`.
fn position(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}
