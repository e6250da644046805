//! The schemas that come with the house: our own XSDs of `message-specs/`, built into the binary.

use crate::spec::{Sources, Specs};

/// The built-in schemas.
///
/// # Panics
///
/// Never, once the tests have passed: what is built in is loaded by one of them.
pub fn built_in() -> Specs {
    Specs::load(&Sources::table(DK)).expect("the built-in schemas load")
}

const DK: &[(&str, &str)] = &[
    (
        "ConfirmRequestChangeBillingMasterData.xsd",
        include_str!("../../message-specs/dk/ConfirmRequestChangeBillingMasterData.xsd"),
    ),
    ("ConfirmRequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/ConfirmRequestChangeOfPriceList.xsd")),
    ("NotifyBillingMasterData.xsd", include_str!("../../message-specs/dk/NotifyBillingMasterData.xsd")),
    ("NotifyPriceList.xsd", include_str!("../../message-specs/dk/NotifyPriceList.xsd")),
    ("RejectRequestBillingMasterData.xsd", include_str!("../../message-specs/dk/RejectRequestBillingMasterData.xsd")),
    (
        "RejectRequestChangeBillingMasterData.xsd",
        include_str!("../../message-specs/dk/RejectRequestChangeBillingMasterData.xsd"),
    ),
    ("RejectRequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/RejectRequestChangeOfPriceList.xsd")),
    ("RejectRequestPriceList.xsd", include_str!("../../message-specs/dk/RejectRequestPriceList.xsd")),
    ("RequestBillingMasterData.xsd", include_str!("../../message-specs/dk/RequestBillingMasterData.xsd")),
    ("RequestChangeBillingMasterData.xsd", include_str!("../../message-specs/dk/RequestChangeBillingMasterData.xsd")),
    ("RequestChangeOfPriceList.xsd", include_str!("../../message-specs/dk/RequestChangeOfPriceList.xsd")),
    ("RequestPriceList.xsd", include_str!("../../message-specs/dk/RequestPriceList.xsd")),
    ("codes.xsd", include_str!("../../message-specs/dk/codes.xsd")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_in_message_specs_is_built_in() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("message-specs/dk");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".xsd"))
            .collect();
        names.sort_unstable();
        let mut built_in_names: Vec<&str> = DK.iter().map(|(name, _)| *name).collect();
        built_in_names.sort_unstable();
        assert_eq!(names, built_in_names);
        assert_eq!(built_in().iter().count(), names.len() - 1, "all but the code lists define a document");
    }
}
