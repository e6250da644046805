//! The schemas that come with the house: our own XSDs of `message-specs/`, built into the binary.

use std::sync::OnceLock;

use crate::spec::{Schema, Sources, Specs};

/// The built-in schemas.
///
/// # Panics
///
/// Never, once the tests have passed: what is built in is loaded by one of them.
pub fn built_in() -> Specs {
    let files: Vec<_> = [DK, SUPPLIER].concat();
    Specs::load(&Sources::table(&files)).expect("the built-in schemas load")
}

/// The schema of a document whose root is of this namespace: one of `specs`, or that of an ebIX document.
pub fn schema_for<'s>(specs: &'s Specs, namespace: &str) -> Option<&'s Schema> {
    specs.schema_for(namespace).or_else(|| ebix(super::ebix::root_of_namespace(namespace)?))
}

/// The schema of an ebIX document, by the name of its root element. Each is compiled when its first document comes: there
/// are fifty, most participants use another form, and starting should not wait for them.
///
/// # Panics
///
/// Never, once the tests have passed: they load all of them.
pub fn ebix(root: &str) -> Option<&'static Schema> {
    static COMPILED: [OnceLock<Schema>; EBIX.len()] = [const { OnceLock::new() }; EBIX.len()];
    let at = EBIX.iter().position(|(file, _)| file.strip_suffix(".xsd") == Some(root) && root.starts_with("DK_"))?;
    let compile = || Schema::load(&Sources::table(EBIX), EBIX[at].0).expect("the built-in schemas load");
    Some(COMPILED[at].get_or_init(compile))
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

/// The ebIX form of the Danish market's documents.
const EBIX: &[(&str, &str)] = &[
    ("DK_Acknowledgement.xsd", include_str!("../../message-specs/ebix/DK_Acknowledgement.xsd")),
    (
        "DK_ConfirmCancelChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmCancelChangeOfSupplier.xsd"),
    ),
    ("DK_ConfirmCancelEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_ConfirmCancelEndOfSupply.xsd")),
    ("DK_ConfirmCancellation.xsd", include_str!("../../message-specs/ebix/DK_ConfirmCancellation.xsd")),
    ("DK_ConfirmChangeOfSupplier.xsd", include_str!("../../message-specs/ebix/DK_ConfirmChangeOfSupplier.xsd")),
    ("DK_ConfirmEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_ConfirmEndOfSupply.xsd")),
    (
        "DK_ConfirmReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmReallocateChangeOfSupplier.xsd"),
    ),
    ("DK_ConfirmServices.xsd", include_str!("../../message-specs/ebix/DK_ConfirmServices.xsd")),
    (
        "DK_ConfirmUpdateChargeInformation.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmUpdateChargeInformation.xsd"),
    ),
    (
        "DK_ConfirmUpdateMasterDataCharge.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmUpdateMasterDataCharge.xsd"),
    ),
    (
        "DK_ConfirmUpdateMasterDataConsumer.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmUpdateMasterDataConsumer.xsd"),
    ),
    (
        "DK_ConfirmUpdateMasterDataMeteringPoint.xsd",
        include_str!("../../message-specs/ebix/DK_ConfirmUpdateMasterDataMeteringPoint.xsd"),
    ),
    ("DK_NotifyCancellation.xsd", include_str!("../../message-specs/ebix/DK_NotifyCancellation.xsd")),
    ("DK_NotifyChangeOfSupplier.xsd", include_str!("../../message-specs/ebix/DK_NotifyChangeOfSupplier.xsd")),
    ("DK_NotifyChargeInformation.xsd", include_str!("../../message-specs/ebix/DK_NotifyChargeInformation.xsd")),
    ("DK_NotifyMasterDataCharge.xsd", include_str!("../../message-specs/ebix/DK_NotifyMasterDataCharge.xsd")),
    ("DK_NotifyMasterDataConsumer.xsd", include_str!("../../message-specs/ebix/DK_NotifyMasterDataConsumer.xsd")),
    (
        "DK_NotifyMasterDataMeteringPoint.xsd",
        include_str!("../../message-specs/ebix/DK_NotifyMasterDataMeteringPoint.xsd"),
    ),
    ("DK_QueryChargeInformation.xsd", include_str!("../../message-specs/ebix/DK_QueryChargeInformation.xsd")),
    ("DK_QueryMasterData.xsd", include_str!("../../message-specs/ebix/DK_QueryMasterData.xsd")),
    ("DK_QueryMasterDataCharge.xsd", include_str!("../../message-specs/ebix/DK_QueryMasterDataCharge.xsd")),
    (
        "DK_RejectCancelChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_RejectCancelChangeOfSupplier.xsd"),
    ),
    ("DK_RejectCancelEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_RejectCancelEndOfSupply.xsd")),
    ("DK_RejectCancellation.xsd", include_str!("../../message-specs/ebix/DK_RejectCancellation.xsd")),
    ("DK_RejectChangeOfSupplier.xsd", include_str!("../../message-specs/ebix/DK_RejectChangeOfSupplier.xsd")),
    ("DK_RejectEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_RejectEndOfSupply.xsd")),
    ("DK_RejectMasterDataCharge.xsd", include_str!("../../message-specs/ebix/DK_RejectMasterDataCharge.xsd")),
    (
        "DK_RejectQueryChargeInformation.xsd",
        include_str!("../../message-specs/ebix/DK_RejectQueryChargeInformation.xsd"),
    ),
    ("DK_RejectQueryMasterData.xsd", include_str!("../../message-specs/ebix/DK_RejectQueryMasterData.xsd")),
    (
        "DK_RejectReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_RejectReallocateChangeOfSupplier.xsd"),
    ),
    ("DK_RejectServices.xsd", include_str!("../../message-specs/ebix/DK_RejectServices.xsd")),
    (
        "DK_RejectUpdateChargeInformation.xsd",
        include_str!("../../message-specs/ebix/DK_RejectUpdateChargeInformation.xsd"),
    ),
    (
        "DK_RejectUpdateMasterDataCharge.xsd",
        include_str!("../../message-specs/ebix/DK_RejectUpdateMasterDataCharge.xsd"),
    ),
    (
        "DK_RejectUpdateMasterDataConsumer.xsd",
        include_str!("../../message-specs/ebix/DK_RejectUpdateMasterDataConsumer.xsd"),
    ),
    (
        "DK_RejectUpdateMasterDataMeteringPoint.xsd",
        include_str!("../../message-specs/ebix/DK_RejectUpdateMasterDataMeteringPoint.xsd"),
    ),
    (
        "DK_RequestCancelChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_RequestCancelChangeOfSupplier.xsd"),
    ),
    ("DK_RequestCancelEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_RequestCancelEndOfSupply.xsd")),
    ("DK_RequestCancellation.xsd", include_str!("../../message-specs/ebix/DK_RequestCancellation.xsd")),
    ("DK_RequestChangeOfSupplier.xsd", include_str!("../../message-specs/ebix/DK_RequestChangeOfSupplier.xsd")),
    ("DK_RequestEndOfSupply.xsd", include_str!("../../message-specs/ebix/DK_RequestEndOfSupply.xsd")),
    (
        "DK_RequestReallocateChangeOfSupplier.xsd",
        include_str!("../../message-specs/ebix/DK_RequestReallocateChangeOfSupplier.xsd"),
    ),
    ("DK_RequestServices.xsd", include_str!("../../message-specs/ebix/DK_RequestServices.xsd")),
    (
        "DK_RequestUpdateChargeInformation.xsd",
        include_str!("../../message-specs/ebix/DK_RequestUpdateChargeInformation.xsd"),
    ),
    (
        "DK_RequestUpdateMasterDataCharge.xsd",
        include_str!("../../message-specs/ebix/DK_RequestUpdateMasterDataCharge.xsd"),
    ),
    (
        "DK_RequestUpdateMasterDataConsumer.xsd",
        include_str!("../../message-specs/ebix/DK_RequestUpdateMasterDataConsumer.xsd"),
    ),
    (
        "DK_RequestUpdateMasterDataMeteringPoint.xsd",
        include_str!("../../message-specs/ebix/DK_RequestUpdateMasterDataMeteringPoint.xsd"),
    ),
    ("DK_ResponseMasterDataCharge.xsd", include_str!("../../message-specs/ebix/DK_ResponseMasterDataCharge.xsd")),
    ("DK_ResponseMasterDataConsumer.xsd", include_str!("../../message-specs/ebix/DK_ResponseMasterDataConsumer.xsd")),
    (
        "DK_ResponseMasterDataMeteringPoint.xsd",
        include_str!("../../message-specs/ebix/DK_ResponseMasterDataMeteringPoint.xsd"),
    ),
    (
        "DK_ResponseQueryChargeInformation.xsd",
        include_str!("../../message-specs/ebix/DK_ResponseQueryChargeInformation.xsd"),
    ),
    ("ebix.xsd", include_str!("../../message-specs/ebix/ebix.xsd")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_in_message_specs_is_built_in() {
        let mut documents = 0;
        for (pack, table) in [("dk", DK), ("ebix", EBIX), ("supplier", SUPPLIER)] {
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
            if pack == "ebix" {
                for name in names.iter().filter_map(|name| name.strip_suffix(".xsd")).filter(|name| *name != "ebix") {
                    let namespace = format!("un:unece:260:data:EEM-{name}:v3");
                    let none = Specs::default();
                    let schema = schema_for(&none, &namespace).unwrap();
                    assert!(schema.namespace() == namespace && schema.root_part(name).is_some(), "{name}");
                }
                assert!(schema_for(&Specs::default(), "un:unece:260:data:EEM-DK_RequestChangeOfSupplier:v2").is_none());
                continue;
            }
            documents += names.len() - 1;
        }
        assert_eq!(built_in().iter().count(), documents, "all but each pack's code lists define a document");
    }
}
