//! Master data in both forms: customers (RSM-027, RSM-028, RSM-029) and metering points (RSM-021, RSM-022, RSM-023).
//! Sources: market-roles 4.3, 4.6, 4.7 and 4.10.

use super::table::How::{
    Area, Code, Customer, Each, Foreign, In, Instant, Number, Recoded, Stands, Text, Within, YearDay,
};
use super::table::{Pair, pair};

pub const CUSTOMERS: &[Pair] = &[
    pair("MarketEvaluationPoint/mRID", "MeteringPointDomainLocation/Identification", Number),
    pair(
        "MarketEvaluationPoint",
        PARTIES,
        Within(&[
            pair("serviceCategory.ElectricalHeating", "ElectricalHeating", Text),
            pair("firstCustomer_MarketParticipant.name", "FirstConsumerConsumerParty/Name", Text),
            pair("secondCustomer_MarketParticipant.name", "SecondConsumerConsumerParty/Name", Text),
            pair("protectedName", "ProtectedName", Text),
            pair("UsagePointLocation", "AdministrativePartyMPAdministrativeParty", Each(CONTACT)),
        ]),
    ),
];

pub const CUSTOMERS_SENT: &[Pair] = &[
    pair("start_DateAndOrTime.dateTime", "Occurrence", Instant),
    pair(
        "MarketEvaluationPoint",
        PARTIES,
        Within(&[
            // The market's own spelling.
            pair("eletricalHeating_DateAndOrTime.dateTime", "ElectricalHeatingDate", Instant),
            pair("firstCustomer_MarketParticipant.mRID", "FirstConsumerConsumerParty/CPR", Customer("ARR")),
            FIRST_COMPANY,
            pair("secondCustomer_MarketParticipant.mRID", "SecondConsumerConsumerParty/CPR", Customer("ARR")),
            SECOND_COMPANY,
        ]),
    ),
    pair("", PARTIES, Stands),
];

/// Personal numbers are not told in ebIX (market-roles 4.10).
pub const CUSTOMERS_TOLD: &[Pair] = &[
    pair("validityStart_DateAndOrTime.dateTime", "Occurrence", Instant),
    pair(
        "MarketEvaluationPoint",
        PARTIES,
        Within(&[
            pair("electricalHeating_DateAndOrTime.dateTime", "ElectricalHeatingDate", Instant),
            FIRST_COMPANY,
            SECOND_COMPANY,
            pair("hasEnergySupplier", "HasBalanceSupplier", Text),
            pair("supplyStart_DateAndOrTime.dateTime", "SupplyStart", Instant),
        ]),
    ),
    pair("", PARTIES, Stands),
];

const PARTIES: &str = "MeteringPointPartyDetailMeteringPointPartyCharacteristic";
const FIRST_COMPANY: Pair =
    pair("firstCustomer_MarketParticipant.mRID", "FirstConsumerConsumerParty/CVR", Customer("VAT"));
const SECOND_COMPANY: Pair =
    pair("secondCustomer_MarketParticipant.mRID", "SecondConsumerConsumerParty/CVR", Customer("VAT"));

const CONTACT: &[Pair] = &[
    pair("type", "MPRelationType", Code),
    pair("name", "Name1", Text),
    pair("attn_Names.name", "Attention", Text),
    pair("mainAddress", CONTACT_ADDRESS, Within(ADDRESS)),
    pair("mainAddress/poBox", "AdministrativePartyAddressLocationAddress/PostOfficeBox", Text),
    pair("geoInfoReference", "AdministrativePartyAddressLocationAddress/DARReference", Text),
    pair("phone1/ituPhone", "Phone", Text),
    pair("phone2/ituPhone", "Mobile", Text),
    pair("electronicAddress/email1", "Email", Text),
    pair("protectedAddress", "ProtectedAddress", Text),
];

const CONTACT_ADDRESS: &str = "AdministrativePartyAddressLocationAddress";

const ADDRESS: &[Pair] = &[
    pair("streetDetail/name", "StreetName", Text),
    pair("streetDetail/code", "StreetCode", Text),
    pair("streetDetail/number", "BuildingNumber", Text),
    pair("streetDetail/floorIdentification", "FloorIdentification", Text),
    pair("streetDetail/suiteNumber", "RoomIdentification", Text),
    pair("townDetail/section", "CitySubDivisionName", Text),
    pair("postalCode", "Postcode", Text),
    pair("townDetail/name", "CityName", Text),
    pair("townDetail/code", "MunicipalityCode", Text),
    pair("townDetail/country", "CountryName", Text),
];

/// Where a metering point is and how it is measured; units are implied (market-roles 4.6).
pub const METERING_POINT: &[Pair] = &[
    pair("validityStart_DateAndOrTime.dateTime", "Occurrence", Instant),
    pair("MarketEvaluationPoint/mRID", "MeteringPointDomainLocation/Identification", Number),
    pair(
        "MarketEvaluationPoint",
        DETAILS,
        Within(&[
            pair("type", "TypeOfMeteringPoint", Code),
            pair("settlementMethod", "SettlementMethod", Code),
            pair("meteringMethod", "SubTypeOfMeteringPoint", Code),
            pair("connectionState", "PhysicalStatusOfMeteringPoint", Code),
            pair("readCycle", "MeterReadingOccurrence", Text),
            pair("netSettlementGroup", "NetSettlementGroup", Text),
            pair("nextReadingDate", "ScheduledMeterReadingDate", YearDay),
            pair("meteringGridArea_Domain.mRID", "MeteringGridAreaUsedDomainLocation/Identification", Area),
            // `in` is the source.
            pair("inMeteringGridArea_Domain.mRID", "FromGridDomainLocation/Identification", Area),
            pair("outMeteringGridArea_Domain.mRID", "ToGridDomainLocation/Identification", Area),
            pair("linked_MarketEvaluationPoint.mRID", "PowerPlantDomainLocation/Identification", Number),
            pair("physicalConnectionCapacity", "MPCapacity", In("KWT")),
            pair("mPConnectionType", "MPConnectionType", Code),
            pair("disconnectionMethod", "DisconnectionType", Code),
            pair("asset_MktPSRType.psrType", "AssetType", Code),
            pair("productionObligation", "ProductionObligation", Text),
            pair("contractedConnectionCapacity", "LimitationContractedCapacityCharacteristics/MaximumPower", In("KWT")),
            pair("ratedCurrent", "LimitationContractedCapacityCharacteristics/MaximumCurrent", In("AMP")),
            pair("Series/product", "IncludedProductCharacteristic/Identification", Code),
            pair("Series/quantity_Measure_Unit.name", "IncludedProductCharacteristic/UnitType", Code),
            pair("description", "LocationDescription", Text),
        ]),
    ),
    pair("", DETAILS, Stands),
    pair("MarketEvaluationPoint/meter.mRID", "MeteringInstallationMeterFacility/MeterIdentification", Text),
    pair("MarketEvaluationPoint/usagePointLocation.mainAddress", "InstallationLocationAddress", Within(ADDRESS)),
    pair("MarketEvaluationPoint/usagePointLocation.geoInfoReference", "InstallationLocationAddress/DARReference", Text),
    // An address that may be matched with the register's is an actual one.
    pair(
        "MarketEvaluationPoint/usagePointLocation.actualAddressIndicator",
        "InstallationLocationAddress/MPAddressWashInstructions",
        Recoded(&[("true", "D01"), ("false", "D02"), ("1", "D01"), ("0", "D02")]),
    ),
];

pub const METERING_POINT_SENT: &[Pair] = &[pair(
    "MarketEvaluationPoint/parent_MarketEvaluationPoint.mRID",
    "ParentRelatedMeteringPoint/IdentificationDomainLocation/Identification",
    Number,
)];

pub const METERING_POINT_TOLD: &[Pair] = &[
    pair(
        "MarketEvaluationPoint",
        DETAILS,
        Within(&[
            pair("Series/estimatedAnnualVolume_Quantity.quantity", "EstimatedAnnualVolume", Text),
            pair("energySupplier_MarketParticipant.mRID", "BalanceSupplierEnergyParty/Identification", Number),
            pair("supplyStart_DateAndOrTime.dateTime", "SupplyStart", Instant),
        ]),
    ),
    pair("MarketEvaluationPoint/Parent_MarketEvaluationPoint", "ParentRelatedMeteringPoint", Within(RELATIVE)),
];

/// Children are told to whoever asks.
pub const RELATIVES: &[Pair] =
    &[pair("MarketEvaluationPoint/Child_MarketEvaluationPoint", "ChildRelatedMeteringPoint", Each(RELATIVE))];

/// What a supplier is told unasked has no place for them.
pub const CHILDLESS: &[Pair] = &[pair(
    "MarketEvaluationPoint/Child_MarketEvaluationPoint",
    "",
    Foreign("ebIX names children only to whoever asks for the metering point"),
)];

const RELATIVE: &[Pair] =
    &[pair("mRID", "IdentificationDomainLocation/Identification", Number), pair("description", "Type", Code)];

const DETAILS: &str = "DetailMeteringPointCharacteristic";
