//! The market's numbers for the business documents that are carried here: RSM-001 and so on. A request, its answers and their
//! forms in ebIX share one, but for what answers a query about links or price lists: it goes by the notification that it is in CIM. Source: post-office 3.2.

/// The number of a document, by its name without `_MarketDocument`; of two names that have two numbers each, the type code in
/// the header says which. `None` where the market gives it none, or where that code is not known.
pub fn rsm(document: &str, type_code: &str) -> Option<&'static str> {
    let about = ["ConfirmRequest", "RejectRequest", "Request"].iter().find_map(|start| document.strip_prefix(start));
    let (list, name) = about.map_or((&NOTICES[..], document), |about| (&REQUESTS[..], about));
    let mut rows = list.iter().filter(|(known, ..)| *known == name);
    if type_code.is_empty() && rows.clone().count() > 1 {
        return None;
    }
    rows.find(|(_, code, _)| code.is_empty() || *code == type_code).map(|(.., number)| *number)
}

/// What is asked for, confirmed or rejected.
const REQUESTS: [(&str, &str, &str); 12] = [
    ("ChangeOfSupplier", "", "RSM-001"),
    ("ReallocateChangeOfSupplier", "", "RSM-003"),
    ("EndOfSupply", "", "RSM-005"),
    ("AccountingPointCharacteristics", "", "RSM-006"),
    ("Service", "", "RSM-020"),
    ("ChangeAccountingPointCharacteristics", "", "RSM-021"),
    ("Cancellation", "", "RSM-024"),
    ("ChangeCustomerCharacteristics", "", "RSM-027"),
    ("ChangeBillingMasterData", "", "RSM-030"),
    ("BillingMasterData", "", "RSM-032"),
    ("ChangeOfPriceList", "", "RSM-033"),
    ("PriceList", "", "RSM-035"),
];

/// Everything else, with the type code where the number depends on it.
const NOTICES: [(&str, &str, &str); 9] = [
    ("GenericNotification", "", "RSM-004"),
    ("Acknowledgement", "", "RSM-009"),
    ("AccountingPointCharacteristics", "D20", "RSM-023"),
    ("AccountingPointCharacteristics", "", "RSM-022"),
    ("NotifyCancellation", "", "RSM-025"),
    ("CharacteristicsOfACustomerAtAnAP", "D17", "RSM-029"),
    ("CharacteristicsOfACustomerAtAnAP", "", "RSM-028"),
    ("NotifyBillingMasterData", "", "RSM-031"),
    ("NotifyPriceList", "", "RSM-034"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_with_the_name_and_where_it_must_with_the_type() {
        for (document, code, number) in [
            ("RequestChangeOfSupplier", "392", Some("RSM-001")),
            ("RejectRequestChangeOfSupplier", "", Some("RSM-001")),
            ("RequestAccountingPointCharacteristics", "D18", Some("RSM-006")),
            ("AccountingPointCharacteristics", "E07", Some("RSM-022")),
            ("AccountingPointCharacteristics", "", None),
            ("AccountingPointCharacteristics", "D20", Some("RSM-023")),
            ("CharacteristicsOfACustomerAtAnAP", "E21", Some("RSM-028")),
            ("CharacteristicsOfACustomerAtAnAP", "D17", Some("RSM-029")),
            ("RequestPriceList", "D13", Some("RSM-035")),
            ("NotifyPriceList", "D12", Some("RSM-034")),
            ("PriceList", "", None),
            ("RequestNotifyPriceList", "", None),
            ("RequestChangeContractAccount", "", None),
            ("", "", None),
        ] {
            assert_eq!(rsm(document, code), number, "{document} {code}");
        }
    }

    /// `message-specs/index.tsv` names the numbers in its remarks.
    #[test]
    fn the_list_of_documents_says_the_same() {
        let index = include_str!("../../message-specs/index.tsv");
        let rows = index.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let mut compared = 0;
        for row in rows.filter(|row| row[4].starts_with("RSM-") && !row[0].starts_with("DK_")) {
            assert_eq!(rsm(row[0], row[2]), Some(&row[4][..7]), "{}", row[0]);
            compared += 1;
        }
        assert!(compared > 20, "{compared}");
        let danish = index.lines().filter(|line| line.starts_with(char::is_alphabetic) && line.contains(":ediel"));
        for line in danish.filter(|line| !line.contains("pack supplier")) {
            let row: Vec<_> = line.split('\t').collect();
            assert!(rsm(row[0], row[2]).is_some(), "{} has a number", row[0]);
        }
    }
}
