//! The worked cases of the domain, each a test. Source: installation-accounts 7.

use super::*;

#[test]
fn case_1_five_deliveries_make_one_account() {
    let house = settled();
    let account = house.account();
    assert_eq!(account.account_no().as_deref(), Some("P1-I1"));
    assert_eq!((account.sync_id().as_str(), account.version), ("EVIAK0000000001", 1));
    assert_eq!(account.page.status, Status::Active);
    let shown = [
        (ValueName::MarketLocation, M1),
        (ValueName::PartnerName, "Partner P1"),
        (ValueName::Address, "Lindenweg 4, 10115 Berlin, DE"),
        (ValueName::RateCategory, "H0"),
        (ValueName::MeteringProcedure, "SLP"),
        (ValueName::ForecastConsumption, "3500"),
        (ValueName::PaymentMethod, "SEPA"),
        (ValueName::BillingAddress, "Lindenweg 4, 10115 Potsdam, DE"),
        (ValueName::Product, "Green 12"),
        (ValueName::ContractStart, "2026-01-01"),
    ];
    for (name, value) in shown {
        assert_eq!(account.value(name), Some(value), "{name:?}");
    }
    let rate = &account.page.values[&ValueName::RateCategory];
    assert_eq!(rate.source, EntityKey::new(EntityKind::Installation, "I1"));
    assert_eq!((rate.valid_from, rate.standing), (Some(date("2025-01-01")), Standing::Current));
    assert_eq!(rate.taken, date("2026-03-10"));
    assert_eq!(house.events(), ["InstallationAccountCreated"]);
    let [told] = house.sent("NotifyInstallationAccount")[..] else { panic!("one notification") };
    assert_eq!(field(told, "accountNumber"), Some("P1-I1"));
    assert_eq!(field(told, "status"), Some("active"));
    assert!(house.waiting().is_empty());
}

#[test]
fn case_3_the_same_contract_again_changes_nothing_and_sends_nothing() {
    let mut house = settled();
    let (kept, told) = (house.kept(), house.events.len());
    house.deliver(1, contract("B1", "V1", "I1", "2026-01-01", None));
    assert_eq!(house.kept(), kept);
    assert_eq!((house.events.len(), house.sent("NotifyInstallationAccount").len()), (told, 1));
    let confirmed = house.sent("ConfirmChangeSupplierData");
    assert_eq!(field(confirmed.last().unwrap(), "outcome"), Some("unchanged"));
    assert_eq!(field(confirmed.last().unwrap(), "syncId"), Some("EVIAK0000000001"));

    // And in a new version with the same content, only the version is written.
    house.deliver(2, contract("B1", "V1", "I1", "2026-01-01", None));
    assert_eq!((house.events.len(), house.account().version), (told, 1));
}

#[test]
fn case_4_a_new_installation_at_the_same_market_location_is_assigned_to_the_account() {
    let mut house = settled();
    house.deliver(1, installation("I2", "C1", Some(M1), &[time_slice("2026-03-01", None, "G0")]));
    house.deliver(1, contract("B2", "V1", "I2", "2026-03-10", None));
    let account = house.account();
    assert_eq!(account.sync_id(), "EVIAK0000000001");
    let history: Vec<&str> = account.assignments.iter().map(|it| it.installation.as_str()).collect();
    assert_eq!(history, ["I1", "I2"]);
    assert_eq!(account.account_no().as_deref(), Some("P1-I2"));
    assert_eq!(account.value(ValueName::RateCategory), Some("G0"));
    assert_eq!(account.page.billing_contract.as_deref(), Some("B2"));
    assert_eq!(house.events(), ["InstallationAccountCreated", "InstallationAssignedToAccount"]);

    // What comes for the old installation still belongs to it, and does not bring the old one back.
    house.deliver(2, contract("B1", "V1", "I1", "2026-01-01", Some("2026-03-09")));
    assert_eq!(house.account().account_no().as_deref(), Some("P1-I2"));
}

#[test]
fn case_4_makes_an_account_of_its_own_where_the_operator_wants_it() {
    let mut house = House::new();
    house.settings().on_malo_match = OnMaloMatch::Create;
    for entity in case_1() {
        house.deliver(1, entity);
    }
    house.deliver(1, installation("I2", "C1", Some(M1), &[]));
    house.deliver(1, contract("B2", "V1", "I2", "2026-03-10", None));
    let numbers: Vec<Option<String>> = house.accounts().iter().map(Account::account_no).collect();
    assert_eq!(numbers, [some("P1-I1"), some("P1-I2")]);
}

#[test]
fn case_5_another_partner_gets_an_account_of_its_own() {
    let mut house = settled();
    house.deliver(1, partner("P2")).deliver(1, contract_account("V2", "P2"));
    house.deliver(1, contract("B2", "V2", "I1", "2026-06-01", None));
    let accounts = house.accounts();
    let numbers: Vec<Option<String>> = accounts.iter().map(Account::account_no).collect();
    assert_eq!(numbers, [some("P1-I1"), some("P2-I1")]);
    assert_eq!(accounts[1].sync_id(), "EVIAK0000000002");
    assert_eq!(accounts[1].page.status, Status::Future);
}

#[test]
fn case_6_a_prospect_account_becomes_the_account() {
    let mut house = House::new();
    house.deliver(1, partner("P1")).deliver(1, prospect("S1", "P1", M1));
    let account = house.account();
    assert_eq!((account.page.status, account.account_no()), (Status::Prospect, None));
    assert_eq!(account.malo(), Some(M1));
    assert_eq!(account.value(ValueName::Address), Some("Lindenweg 4, 10115 Cottbus, DE"));
    let sync_id = account.sync_id();
    let confirmed = house.sent("ConfirmChangeSupplierData");
    assert_eq!(field(confirmed.last().unwrap(), "syncId"), Some(&*sync_id));

    let [_, object, installation, contract_account, contract] = case_1();
    for entity in [object, installation, contract_account, named(contract, &sync_id)] {
        house.deliver(1, entity);
    }
    let account = house.account();
    assert_eq!((account.sync_id(), account.account_no()), (sync_id, some("P1-I1")));
    assert_eq!(account.page.status, Status::Active);
    // What the ERP delivers counts; what it has not delivered stays the prospect's.
    assert_eq!(account.value(ValueName::Address), Some("Lindenweg 4, 10115 Berlin, DE"));
    assert_eq!(account.value(ValueName::Product), Some("Green 12"));
    assert_eq!(house.events(), ["InstallationAccountCreated", "InstallationAssignedToAccount"]);
}

#[test]
fn a_prospect_may_be_edited_until_the_erp_delivers() {
    let mut house = House::new();
    house.deliver(1, partner("P1")).deliver(1, prospect("S1", "P1", M1)).deliver(2, prospect("S1", "P2", M2));
    assert_eq!((house.account().partner.as_str(), house.account().malo()), ("P2", Some(M2)));
    assert_eq!(house.account().version, 2);
    let [_, object, installation, contract_account, contract] = case_1();
    house.deliver(3, prospect("S1", "P1", M1));
    for entity in [object, installation, contract_account, named(contract, "EVIAK0000000001")] {
        house.deliver(1, entity);
    }
    house.deliver(4, prospect("S1", "P2", M1));
    assert_eq!(house.broken(), ["IA.09"]);
    assert_eq!(house.account().partner, "P1");
}

#[test]
fn case_7_a_prospect_of_another_partner_is_never_merged() {
    let mut house = House::new();
    house.deliver(1, partner("P1")).deliver(1, partner("P2")).deliver(1, prospect("S1", "P1", M1));
    let [_, object, installation, _, contract] = case_1();
    house.deliver(1, object).deliver(1, installation).deliver(1, contract_account("V1", "P2"));
    let kept = house.kept();
    house.deliver(1, named(contract, "EVIAK0000000001"));
    assert_eq!(house.broken(), ["IA.06"]);
    assert_eq!(house.kept(), kept);
    assert_eq!(house.account().page.status, Status::Prospect);
}

#[test]
fn case_7_in_another_order_is_rejected_as_soon_as_it_is_known() {
    let mut house = House::new();
    house.deliver(1, partner("P1")).deliver(1, partner("P2")).deliver(1, prospect("S1", "P1", M1));
    let [_, object, installation, _, contract] = case_1();
    house.deliver(1, named(contract, "EVIAK0000000001")).deliver(1, object).deliver(1, installation);
    let prospect = house.account();
    house.deliver(1, contract_account("V1", "P2"));
    assert_eq!(house.account(), prospect);
    let [rejected] = house.sent("RejectChangeSupplierData")[..] else { panic!("one reject") };
    assert_eq!((rejected.transaction_id.as_str(), rejected.reasons[0].0.as_str()), ("t-4-0", "E55"));
    let [waiting] = &house.waiting()[..] else { panic!("it is still seen") };
    assert!(waiting.conflict.as_ref().unwrap().starts_with("IA.06: "), "{waiting:?}");

    // Put right, it goes on by itself.
    house.deliver(2, contract_account("V1", "P1"));
    assert_eq!(house.account().account_no().as_deref(), Some("P1-I1"));
    assert!(house.waiting().is_empty());
}

#[test]
fn case_8_midnight_passes_and_the_next_time_slice_is_shown() {
    let mut house = House::new();
    let slices = [time_slice("2025-01-01", Some("2026-03-11"), "H0"), time_slice("2026-03-11", None, "G1")];
    let [partner, object, _, contract_account, contract] = case_1();
    let two_slices = installation("I1", "C1", Some(M1), &slices);
    for entity in [partner, object, two_slices, contract_account, contract] {
        house.deliver(1, entity);
    }
    assert_eq!(house.account().value(ValueName::RateCategory), Some("H0"));
    let midnight = house.midnight("2026-03-11");
    house.settings().update_interval_seconds = 3_600 * 24;
    house.pass_time(midnight);
    let marked = house.account();
    let mark = marked.mark.as_ref().expect("it is marked when the day comes");
    assert_eq!((mark.since, mark.reasons.iter().copied().collect::<Vec<_>>()), (midnight, vec![Reason::Time]));
    assert_eq!(marked.value(ValueName::RateCategory), Some("H0"));
    house.pass_time(at("2026-03-12T09:00:00Z"));
    let account = house.account();
    assert_eq!(account.value(ValueName::RateCategory), Some("G1"));
    assert_eq!((account.mark, account.version), (None, 2));
    assert_eq!(account.page.values[&ValueName::RateCategory].taken, date("2026-03-11"));
    assert_eq!(house.events(), ["InstallationAccountCreated", "InstallationAccountUpdated"]);
}

#[test]
fn case_9_the_day_after_its_last_day_a_contract_has_ended() {
    let mut house = settled();
    house.deliver(2, contract("B1", "V1", "I1", "2026-01-01", Some("2026-03-12")));
    let last_moment = Timestamp::from_micros(house.midnight("2026-03-13").micros() - 1);
    house.pass_time(last_moment);
    assert_eq!(house.account().page.status, Status::Active);
    house.pass_time(house.midnight("2026-03-13"));
    assert_eq!(house.account().page.status, Status::Ended);
    assert_eq!(house.account().mark, None);
    // In Berlin it was midnight; in UTC it was an hour earlier.
    assert_eq!(house.account().calculated_at, at("2026-03-12T23:00:00Z"));
}

#[test]
fn case_10_a_change_between_marking_and_updating_is_never_lost() {
    let mut house = settled();
    house.settings().update_interval_seconds = 3_600;
    house.deliver(2, object("C1", "Hamburg"));
    house.pass_time(at("2026-03-10T09:30:00Z"));
    // Delivered on the hour: marked a quarter later at most, and updated on the next hour.
    house.deliver(3, object("C1", "Bremen"));
    house.pass_time(at("2026-03-10T10:00:00Z"));
    let account = house.account();
    assert_eq!(account.value(ValueName::Address), Some("Lindenweg 4, 10115 Bremen, DE"));
    assert_eq!((account.mark, house.count(view::marked()), house.count(view::changed())), (None, 0, 0));
    house.pass_time(at("2026-03-11T10:00:00Z"));
    assert_eq!(house.account().version, account.version, "and nothing more happens");
}

#[test]
fn a_mark_keeps_its_first_time_and_adds_reasons() {
    let mut house = settled();
    house.settings().update_interval_seconds = 7 * 86_400;
    house.deliver(2, contract("B1", "V1", "I1", "2026-01-01", Some("2026-03-10")));
    house.deliver(2, partner("P1"));
    let first = house.account().mark.expect("marked at once: nine o'clock is the end of a quarter").since;
    house.pass_time(house.midnight("2026-03-11"));
    let mark = house.account().mark.unwrap();
    assert_eq!(mark.since, first);
    assert_eq!(mark.reasons.into_iter().collect::<Vec<_>>(), [Reason::Change, Reason::Time]);
}

#[test]
fn an_older_version_is_superseded_and_one_version_has_one_content() {
    let mut house = settled();
    house.deliver(3, object("C1", "Hamburg")).deliver(2, object("C1", "Bremen"));
    let confirmed = house.sent("ConfirmChangeSupplierData");
    assert_eq!(field(confirmed.last().unwrap(), "outcome"), Some("superseded"));
    house.deliver(3, object("C1", "Bremen"));
    assert_eq!(house.broken(), ["IA.11"]);
    house.pass_time(at("2026-03-10T10:00:00Z"));
    assert_eq!(house.account().value(ValueName::Address), Some("Lindenweg 4, 10115 Hamburg, DE"));
}

#[test]
fn a_contract_account_that_moves_to_another_partner_takes_its_contracts_along() {
    let mut house = settled();
    house.deliver(1, partner("P2")).deliver(2, contract_account("V1", "P2"));
    house.pass_time(at("2026-03-10T10:00:00Z"));
    let accounts = house.accounts();
    assert_eq!(accounts.len(), 2);
    assert_eq!((accounts[0].contracts.len(), accounts[0].page.status), (0, Status::Prospect));
    assert_eq!((accounts[1].account_no(), accounts[1].page.status), (some("P2-I1"), Status::Active));
}
