//! The schemas that come with the house: our own XSDs of `message-specs/`, built into the binary.

use crate::spec::{Sources, Specs};

/// The built-in schemas.
///
/// # Panics
///
/// Never, once the tests have passed: what is built in is loaded by one of them.
pub fn built_in() -> Specs {
    let files: Vec<_> = [DK, SUPPLIER].concat();
    Specs::load(&Sources::table(&files)).expect("the built-in schemas load")
}

const DK: &[(&str, &str)] = &[
    ("AccountingPointCharacteristics.xsd", include_str!("../../message-specs/dk/AccountingPointCharacteristics.xsd")),
    ("Acknowledgement.xsd", include_str!("../../message-specs/dk/Acknowledgement.xsd")),
    (
        "CharacteristicsOfACustomerAtAnAP.xsd",
        include_str!("../../message-specs/dk/CharacteristicsOfACustomerAtAnAP.xsd"),
    ),
    ("ConfirmRequestCancellation.xsd", include_str!("../../message-specs/dk/ConfirmRequestCancellation.xsd")),
    (
        "ConfirmRequestChangeAccountingPointCharacteristics.xsd",
        include_str!("../../message-specs/dk/ConfirmRequestChangeAccountingPointCharacteristics.xsd"),
    ),
    (
        "ConfirmRequestChangeBillingMasterData.xsd",
        include_str!("../../message-specs/dk/ConfirmRequestChangeBillingMasterData.xsd"),
    ),
    (
        "ConfirmRequestChangeCustomerCharacteristics.xsd",
        include_str!("../../message-specs/dk/ConfirmRequestChangeCustomerCharacteristics.xsd"),
    ),
    ("ConfirmRequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/ConfirmRequestChangeOfPriceList.xsd")),
    ("ConfirmRequestChangeOfSupplier.xsd", include_str!("../../message-specs/dk/ConfirmRequestChangeOfSupplier.xsd")),
    ("ConfirmRequestEndOfSupply.xsd", include_str!("../../message-specs/dk/ConfirmRequestEndOfSupply.xsd")),
    (
        "ConfirmRequestReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/dk/ConfirmRequestReallocateChangeOfSupplier.xsd"),
    ),
    ("ConfirmRequestService.xsd", include_str!("../../message-specs/dk/ConfirmRequestService.xsd")),
    ("GenericNotification.xsd", include_str!("../../message-specs/dk/GenericNotification.xsd")),
    ("NotifyBillingMasterData.xsd", include_str!("../../message-specs/dk/NotifyBillingMasterData.xsd")),
    ("NotifyCancellation.xsd", include_str!("../../message-specs/dk/NotifyCancellation.xsd")),
    ("NotifyPriceList.xsd", include_str!("../../message-specs/dk/NotifyPriceList.xsd")),
    (
        "RejectRequestAccountingPointCharacteristics.xsd",
        include_str!("../../message-specs/dk/RejectRequestAccountingPointCharacteristics.xsd"),
    ),
    ("RejectRequestBillingMasterData.xsd", include_str!("../../message-specs/dk/RejectRequestBillingMasterData.xsd")),
    ("RejectRequestCancellation.xsd", include_str!("../../message-specs/dk/RejectRequestCancellation.xsd")),
    (
        "RejectRequestChangeAccountingPointCharacteristics.xsd",
        include_str!("../../message-specs/dk/RejectRequestChangeAccountingPointCharacteristics.xsd"),
    ),
    (
        "RejectRequestChangeBillingMasterData.xsd",
        include_str!("../../message-specs/dk/RejectRequestChangeBillingMasterData.xsd"),
    ),
    (
        "RejectRequestChangeCustomerCharacteristics.xsd",
        include_str!("../../message-specs/dk/RejectRequestChangeCustomerCharacteristics.xsd"),
    ),
    ("RejectRequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/RejectRequestChangeOfPriceList.xsd")),
    ("RejectRequestChangeOfSupplier.xsd", include_str!("../../message-specs/dk/RejectRequestChangeOfSupplier.xsd")),
    ("RejectRequestEndOfSupply.xsd", include_str!("../../message-specs/dk/RejectRequestEndOfSupply.xsd")),
    ("RejectRequestPriceList.xsd", include_str!("../../message-specs/dk/RejectRequestPriceList.xsd")),
    (
        "RejectRequestReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/dk/RejectRequestReallocateChangeOfSupplier.xsd"),
    ),
    ("RejectRequestService.xsd", include_str!("../../message-specs/dk/RejectRequestService.xsd")),
    (
        "RequestAccountingPointCharacteristics.xsd",
        include_str!("../../message-specs/dk/RequestAccountingPointCharacteristics.xsd"),
    ),
    ("RequestBillingMasterData.xsd", include_str!("../../message-specs/dk/RequestBillingMasterData.xsd")),
    ("RequestCancellation.xsd", include_str!("../../message-specs/dk/RequestCancellation.xsd")),
    (
        "RequestChangeAccountingPointCharacteristics.xsd",
        include_str!("../../message-specs/dk/RequestChangeAccountingPointCharacteristics.xsd"),
    ),
    ("RequestChangeBillingMasterData.xsd", include_str!("../../message-specs/dk/RequestChangeBillingMasterData.xsd")),
    (
        "RequestChangeCustomerCharacteristics.xsd",
        include_str!("../../message-specs/dk/RequestChangeCustomerCharacteristics.xsd"),
    ),
    ("RequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/RequestChangeOfPriceList.xsd")),
    ("RequestChangeOfSupplier.xsd", include_str!("../../message-specs/dk/RequestChangeOfSupplier.xsd")),
    ("RequestEndOfSupply.xsd", include_str!("../../message-specs/dk/RequestEndOfSupply.xsd")),
    ("RequestPriceList.xsd", include_str!("../../message-specs/dk/RequestPriceList.xsd")),
    (
        "RequestReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/dk/RequestReallocateChangeOfSupplier.xsd"),
    ),
    ("RequestService.xsd", include_str!("../../message-specs/dk/RequestService.xsd")),
    ("codes.xsd", include_str!("../../message-specs/dk/codes.xsd")),
];

const SUPPLIER: &[(&str, &str)] = &[
    ("ConfirmChangeSupplierData.xsd", include_str!("../../message-specs/supplier/ConfirmChangeSupplierData.xsd")),
    ("NotifyInstallationAccount.xsd", include_str!("../../message-specs/supplier/NotifyInstallationAccount.xsd")),
    ("RejectChangeSupplierData.xsd", include_str!("../../message-specs/supplier/RejectChangeSupplierData.xsd")),
    ("RequestChangeBillingContract.xsd", include_str!("../../message-specs/supplier/RequestChangeBillingContract.xsd")),
    ("RequestChangeBusinessPartner.xsd", include_str!("../../message-specs/supplier/RequestChangeBusinessPartner.xsd")),
    (
        "RequestChangeConnectionObject.xsd",
        include_str!("../../message-specs/supplier/RequestChangeConnectionObject.xsd"),
    ),
    ("RequestChangeContractAccount.xsd", include_str!("../../message-specs/supplier/RequestChangeContractAccount.xsd")),
    ("RequestChangeInstallation.xsd", include_str!("../../message-specs/supplier/RequestChangeInstallation.xsd")),
    ("RequestChangeProspectAccount.xsd", include_str!("../../message-specs/supplier/RequestChangeProspectAccount.xsd")),
    ("supplier-codes.xsd", include_str!("../../message-specs/supplier/supplier-codes.xsd")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_in_message_specs_is_built_in() {
        let mut documents = 0;
        for (pack, table) in [("dk", DK), ("supplier", SUPPLIER)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("message-specs").join(pack);
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".xsd"))
                .collect();
            names.sort_unstable();
            let mut built_in_names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
            built_in_names.sort_unstable();
            assert_eq!(names, built_in_names);
            documents += names.len() - 1;
        }
        assert_eq!(built_in().iter().count(), documents, "all but each pack's code lists define a document");
    }
}
