//! Where each value of a header and of a record stands, in CIM and in ebIX. Sources: post-office 3.5.1 and Appendix B,
//! market-roles 4.4 to 4.10, charges 7.

use super::table::How::{
    Always, Code, Created, Customer, EachLink, Foreign, Function, Given, Id, Instant, NewId, Number, NumberIfAny,
    Reason, ReceiverRole, Recoded, SenderRole, Short, StartOrEnd, Text, Type, Within,
};
use super::table::{Pair, pair};

pub const HEADER: &[Pair] = &[
    pair("mRID", "HeaderEnergyDocument/Identification", Id),
    pair("type", "HeaderEnergyDocument/DocumentType", Type),
    pair("process.processType", "ProcessEnergyContext/EnergyBusinessProcess", Reason),
    BUSINESS_SECTOR,
    SENDER,
    pair("sender_MarketParticipant.marketRole.type", "ProcessEnergyContext/EnergyBusinessProcessRole", SenderRole),
    RECEIVER,
    RECEIVER_ROLE,
    CREATED,
];

/// An acknowledgement goes out only. It has a business reason in ebIX, and in CIM that of the document it is about.
pub const HEADER_OF_ACKNOWLEDGEMENT: &[Pair] = &[
    pair("mRID", "HeaderEnergyDocument/Identification", Id),
    pair("", "HeaderEnergyDocument/DocumentType", Type),
    pair("received_MarketDocument.process.processType", "ProcessEnergyContext/EnergyBusinessProcess", Reason),
    BUSINESS_SECTOR,
    SENDER,
    RECEIVER,
    RECEIVER_ROLE,
    CREATED,
    pair("received_MarketDocument.mRID", "ProcessEnergyContext/OriginalBusinessMessage", Given),
    pair("Reason", "", Foreign("ebIX acknowledges records, not whole documents")),
];

const BUSINESS_SECTOR: Pair = pair("businessSector.type", "ProcessEnergyContext/EnergyIndustryClassification", Code);
const SENDER: Pair =
    pair("sender_MarketParticipant.mRID", "HeaderEnergyDocument/SenderEnergyParty/Identification", Number);
const RECEIVER: Pair =
    pair("receiver_MarketParticipant.mRID", "HeaderEnergyDocument/RecipientEnergyParty/Identification", Number);
const RECEIVER_ROLE: Pair =
    pair("receiver_MarketParticipant.marketRole.type", "ProcessEnergyContext/EnergyBusinessProcessRole", ReceiverRole);
const CREATED: Pair = pair("createdDateTime", "HeaderEnergyDocument/Creation", Created);

const IDENTIFICATION: Pair = pair("mRID", "Identification", Id);
const ANSWERED: Pair = pair("originalTransactionIDReference_MktActivityRecord.mRID", "OriginalBusinessDocument", Given);
const REASON_CODE: Pair = pair("Reason/code", "ResponseReasonType", Code);

pub const ID: &[Pair] = &[IDENTIFICATION];
pub const ORIGINAL: &[Pair] = &[ANSWERED];
pub const POINT: &[Pair] = &[pair("marketEvaluationPoint.mRID", "MeteringPointDomainLocation/Identification", Number)];
/// Generic cancellations need not name it (market-roles 4.10).
pub const POINT_IF_ANY: &[Pair] =
    &[pair("marketEvaluationPoint.mRID", "MeteringPointDomainLocation/Identification", NumberIfAny)];
pub const START: &[Pair] = &[pair("start_DateAndOrTime.dateTime", "StartOfOccurrence", Instant)];
pub const END: &[Pair] = &[pair("end_DateAndOrTime.dateTime", "EndOfOccurrence", Instant)];
/// At most 512 characters in ebIX (Appendix D).
pub const DESCRIPTION: &[Pair] = &[pair("description", "ReasonText", Short(512))];

pub const CONFIRM: &[Pair] = &[IDENTIFICATION, ANSWERED, pair("", "StatusType", Always("39"))];
/// An ebIX document gives one reason (market-roles 4.10).
pub const REJECT: &[Pair] = &[IDENTIFICATION, ANSWERED, pair("", "StatusType", Always("41")), REASON_CODE];
pub const CANCEL: &[Pair] = &[pair("", "Function", Always("1"))];

/// A record of an acknowledgement, whose own id is that of the record it is about (post-office 3.6).
pub const ACKNOWLEDGED: &[Pair] = &[
    pair("", "Identification", NewId),
    pair("mRID", "OriginalBusinessDocument", Given),
    pair("", "StatusType", Always("41")),
    REASON_CODE,
    pair("Reason/text", "ReasonText", Short(512)),
];

pub const CHANGE_OF_SUPPLIER: &[Pair] = &[
    pair("start_DateAndOrTime.dateTime", "StartOfOccurrence", Instant),
    pair(
        "marketEvaluationPoint.energySupplier_MarketParticipant.mRID",
        "BalanceSupplierEnergyParty/Identification",
        Number,
    ),
    pair(
        "marketEvaluationPoint.balanceResponsibleParty_MarketParticipant.mRID",
        "BalanceResponsiblePartyEnergyParty/Identification",
        Number,
    ),
    pair("marketEvaluationPoint.customer_MarketParticipant.name", "ConsumerConsumerParty/Name", Text),
    pair("marketEvaluationPoint.customer_MarketParticipant.mRID", "ConsumerConsumerParty/CPR", Customer("ARR")),
    pair("marketEvaluationPoint.customer_MarketParticipant.mRID", "ConsumerConsumerParty/CVR", Customer("VAT")),
];

pub const NOTIFIED: &[Pair] =
    &[pair("validityStart_DateAndOrTime.dateTime", "StartOfOccurrence EndOfOccurrence", StartOrEnd)];

/// Whether a notice for this business reason, to this role, tells of an end where nothing says otherwise: a supply ends for
/// whoever loses the customer or hears of an end; for all others something starts (market-roles 4.5).
pub fn ends(reason: &str, role: &str) -> bool {
    matches!((reason, role), ("E20" | "E66" | "E01" | "D34", _) | ("E03", "DDQ"))
}

pub const MASTER_DATA_QUERY: &[Pair] = &[
    pair("start_DateAndOrTime.dateTime", "SearchPeriodTimeSeriesPeriod/Start", Instant),
    pair("end_DateAndOrTime.dateTime", "SearchPeriodTimeSeriesPeriod/End", Instant),
    pair("includeChildMeteringPoints", "IncludeChildMeteringPoints", Text),
];

/// D01 and D02 mean each other's thing; what CIM has besides is a disconnection there, or is not there at all
/// (market-roles 4.9).
pub const SERVICE: &[Pair] = &[
    pair(
        "marketEvaluationPoint.request_ServiceCategory.kind",
        "ServiceRequest",
        Recoded(&[
            ("D01", "D02"),
            ("D02", "D01"),
            ("D03", "D03"),
            ("D08", "D02"),
            ("D09", "D02"),
            ("D10", "D02"),
            ("D11", "D02"),
            ("D12", "D02"),
        ]),
    ),
    pair(
        "marketEvaluationPoint.energySupplier_MarketParticipant.mRID",
        "BalanceSupplierEnergyParty/Identification",
        Number,
    ),
];

pub const CHARGE_INFORMATION: &[Pair] = &[
    pair("ChargeGroup/ChargeType/effectiveDate", "Occurrence", Instant),
    pair("ChargeGroup/ChargeType/terminationDate", "Function", Function("4")),
    pair(
        "ChargeGroup/ChargeType",
        "RelatedChargeChargeInformation",
        Within(&[
            CHARGE_OWNER,
            CHARGE_TYPE,
            CHARGE_ID,
            NAME,
            LONG_DESCRIPTION,
            VAT,
            TRANSPARENT,
            TAX,
            RESOLUTION,
            SERIES,
        ]),
    ),
];

/// The same in answer to a query.
pub const CHARGE_ANSWER: &[Pair] = &[
    ANSWERED,
    pair(
        "ChargeGroup/ChargeType",
        "RelatedChargeChargeInformation",
        Within(&[
            pair("effectiveDate", "Occurrence", Instant),
            pair("terminationDate", "Function", Function("4")),
            CHARGE_OWNER,
            CHARGE_TYPE,
            CHARGE_ID,
            NAME,
            LONG_DESCRIPTION,
            VAT,
            TRANSPARENT,
            TAX,
            RESOLUTION,
            SERIES,
        ]),
    ),
];

/// ebIX has prices among the charge information, and CIM in a document of their own.
const PRICES: &str =
    "prices are sent in CIM, in a RequestChangeOfPriceList with D08: leave IntervalEnergyObservation out";

const CHARGE_OWNER: Pair =
    pair("chargeTypeOwner_MarketParticipant.mRID", "ChargeTypeOwnerEnergyParty/Identification", Number);
const CHARGE_TYPE: Pair = pair("type", "ChargeType", Code);
const CHARGE_ID: Pair = pair("mRID", "PartyChargeTypeID", Text);
const NAME: Pair = pair("name", "Description", Text);
const LONG_DESCRIPTION: Pair = pair("description", "LongDescription", Text);
const VAT: Pair = pair("VATPayer", "VATClass", Code);
const TRANSPARENT: Pair = pair("transparentInvoicing", "TransparentInvoicing", Text);
const TAX: Pair = pair("taxIndicator", "TaxIndicator", Text);
const RESOLUTION: Pair =
    pair("priceTimeFrame_Period.resolution", "ObservationTimeSeriesPeriod/ResolutionDuration", Text);
const SERIES: Pair = pair("Series_Period", "IntervalEnergyObservation", Foreign(PRICES));

pub const CHARGE_QUERY: &[Pair] = &[
    pair("start_DateAndOrTime.dateTime", "ObservationTimeSeriesPeriod/Start", Instant),
    pair("end_DateAndOrTime.dateTime", "ObservationTimeSeriesPeriod/End", Instant),
    pair("chargeGroup.chargeType.mRID", "PartyChargeTypeID", Text),
    pair(
        "chargeGroup.chargeType.chargeTypeOwner_MarketParticipant.mRID",
        "PartyResponsibleForChargeEnergyParty/Identification",
        Number,
    ),
    pair("chargeGroup.chargeType.type", "ChargeType", Code),
];

pub const LINKS: &[Pair] = &[pair(
    "ChargeGroup/ChargeType",
    "RelatedChargeChargeInformation",
    EachLink(&[
        CHARGE_OWNER,
        CHARGE_TYPE,
        CHARGE_ID,
        pair("factor", "ChargeOccurrences", Text),
        pair("effectiveDate", "Occurrence", Instant),
        pair("terminationDate", "Function", Function("2")),
    ]),
)];

pub const LINKS_QUERY: &[Pair] = &[
    pair("start_DateAndOrTime.dateTime", "RelatedChargeChargeInformation/ObservationTimeSeriesPeriod/Start", Instant),
    pair("end_DateAndOrTime.dateTime", "RelatedChargeChargeInformation/ObservationTimeSeriesPeriod/End", Instant),
];
