//! The kinds of documents that go out, by their RSM numbers. Source: market-roles 4.1.

use crate::document::{Category, Kind};

/// RSM-001, the answer to what was accepted.
pub static CONFIRM_CHANGE_OF_SUPPLIER: Kind = Kind {
    name: "ConfirmRequestChangeOfSupplier",
    namespace: "urn:ediel.org:structure:confirmrequestchangeofsupplier:0:1",
    type_code: "414",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-001, the answer to what was rejected.
pub static REJECT_CHANGE_OF_SUPPLIER: Kind = Kind {
    name: "RejectRequestChangeOfSupplier",
    namespace: "urn:ediel.org:structure:rejectrequestchangeofsupplier:0:1",
    type_code: "414",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-003, forwarded to the former supplier.
pub static FORWARD_REALLOCATION: Kind = Kind {
    name: "RequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:requestreallocatechangeofsupplier:0:1",
    type_code: "D01",
    category: Category::MasterData,
    status: None,
};

/// RSM-003.
pub static CONFIRM_REALLOCATION: Kind = Kind {
    name: "ConfirmRequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:confirmrequestreallocatechangeofsupplier:0:1",
    type_code: "D02",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-003.
pub static REJECT_REALLOCATION: Kind = Kind {
    name: "RejectRequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:rejectrequestreallocatechangeofsupplier:0:1",
    type_code: "D02",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-004.
pub static GENERIC_NOTIFICATION: Kind = Kind {
    name: "GenericNotification",
    namespace: "urn:ediel.org:structure:genericnotification:0:1",
    type_code: "E44",
    category: Category::MasterData,
    status: None,
};

/// RSM-005.
pub static CONFIRM_END_OF_SUPPLY: Kind = Kind {
    name: "ConfirmRequestEndOfSupply",
    namespace: "urn:ediel.org:structure:confirmrequestendofsupply:0:1",
    type_code: "E44",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-005.
pub static REJECT_END_OF_SUPPLY: Kind = Kind {
    name: "RejectRequestEndOfSupply",
    namespace: "urn:ediel.org:structure:rejectrequestendofsupply:0:1",
    type_code: "E44",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-006. What is confirmed is sent instead: [`METERING_POINT_ANSWER`] and [`CUSTOMER_ANSWER`].
pub static REJECT_QUERY: Kind = Kind {
    name: "RejectRequestAccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:rejectrequestaccountingpointcharacteristics:0:1",
    type_code: "D19",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-009. It waits among the time series, whatever it is about (post-office 3.1).
pub static ACKNOWLEDGEMENT: Kind = Kind {
    name: "Acknowledgement",
    namespace: "urn:ediel.org:general:acknowledgement:0:1",
    type_code: "",
    category: Category::TimeSeries,
    status: None,
};

/// RSM-020, forwarded to the grid company.
pub static FORWARD_SERVICE: Kind = Kind {
    name: "RequestService",
    namespace: "urn:ediel.org:structure:requestservice:0:1",
    type_code: "D03",
    category: Category::MasterData,
    status: None,
};

/// RSM-020.
pub static CONFIRM_SERVICE: Kind = Kind {
    name: "ConfirmRequestService",
    namespace: "urn:ediel.org:structure:confirmrequestservice:0:1",
    type_code: "D04",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-020.
pub static REJECT_SERVICE: Kind = Kind {
    name: "RejectRequestService",
    namespace: "urn:ediel.org:structure:rejectrequestservice:0:1",
    type_code: "D04",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-021.
pub static CONFIRM_METERING_POINT_CHANGE: Kind = Kind {
    name: "ConfirmRequestChangeAccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:confirmrequestchangeaccountingpointcharacteristics:0:1",
    type_code: "E59",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-021.
pub static REJECT_METERING_POINT_CHANGE: Kind = Kind {
    name: "RejectRequestChangeAccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:rejectrequestchangeaccountingpointcharacteristics:0:1",
    type_code: "E59",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-022.
pub static METERING_POINT_DATA: Kind = Kind {
    name: "AccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:accountingpointcharacteristics:0:1",
    type_code: "E07",
    category: Category::MasterData,
    status: None,
};

/// RSM-023, the same as the answer to RSM-006.
pub static METERING_POINT_ANSWER: Kind = Kind {
    name: "AccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:accountingpointcharacteristics:0:1",
    type_code: "D20",
    category: Category::MasterData,
    status: None,
};

/// RSM-024.
pub static CONFIRM_CANCELLATION: Kind = Kind {
    name: "ConfirmRequestCancellation",
    namespace: "urn:ediel.org:structure:confirmrequestcancellation:0:1",
    type_code: "E68",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-024.
pub static REJECT_CANCELLATION: Kind = Kind {
    name: "RejectRequestCancellation",
    namespace: "urn:ediel.org:structure:rejectrequestcancellation:0:1",
    type_code: "E68",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-025.
pub static NOTIFY_CANCELLATION: Kind = Kind {
    name: "NotifyCancellation",
    namespace: "urn:ediel.org:structure:notifycancellation:0:1",
    type_code: "E78",
    category: Category::MasterData,
    status: None,
};

/// RSM-027.
pub static CONFIRM_CUSTOMER_CHANGE: Kind = Kind {
    name: "ConfirmRequestChangeCustomerCharacteristics",
    namespace: "urn:ediel.org:structure:confirmrequestchangecustomercharacteristics:0:1",
    type_code: "D16",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-027.
pub static REJECT_CUSTOMER_CHANGE: Kind = Kind {
    name: "RejectRequestChangeCustomerCharacteristics",
    namespace: "urn:ediel.org:structure:rejectrequestchangecustomercharacteristics:0:1",
    type_code: "D16",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-028.
pub static CUSTOMER_DATA: Kind = Kind {
    name: "CharacteristicsOfACustomerAtAnAP",
    namespace: "urn:ediel:org:structure:characteristicsofacustomeratanap:0:1",
    type_code: "E21",
    category: Category::MasterData,
    status: None,
};

/// RSM-029, the same as the answer to RSM-006.
pub static CUSTOMER_ANSWER: Kind = Kind {
    name: "CharacteristicsOfACustomerAtAnAP",
    namespace: "urn:ediel:org:structure:characteristicsofacustomeratanap:0:1",
    type_code: "D17",
    category: Category::MasterData,
    status: None,
};

/// All of them.
pub static ALL: [&Kind; 24] = [
    &CONFIRM_CHANGE_OF_SUPPLIER,
    &REJECT_CHANGE_OF_SUPPLIER,
    &FORWARD_REALLOCATION,
    &CONFIRM_REALLOCATION,
    &REJECT_REALLOCATION,
    &GENERIC_NOTIFICATION,
    &CONFIRM_END_OF_SUPPLY,
    &REJECT_END_OF_SUPPLY,
    &REJECT_QUERY,
    &ACKNOWLEDGEMENT,
    &FORWARD_SERVICE,
    &CONFIRM_SERVICE,
    &REJECT_SERVICE,
    &CONFIRM_METERING_POINT_CHANGE,
    &REJECT_METERING_POINT_CHANGE,
    &METERING_POINT_DATA,
    &METERING_POINT_ANSWER,
    &CONFIRM_CANCELLATION,
    &REJECT_CANCELLATION,
    &NOTIFY_CANCELLATION,
    &CONFIRM_CUSTOMER_CHANGE,
    &REJECT_CUSTOMER_CHANGE,
    &CUSTOMER_DATA,
    &CUSTOMER_ANSWER,
];
