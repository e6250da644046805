//! The order in which entities arrive does not matter.

use super::*;

/// All orders of the first `n` numbers.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    let with_last = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, n - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..n).map(|at| with_last(order, at)).collect::<Vec<_>>()).collect()
}

#[test]
fn all_120_orders_of_case_2_give_the_same_account() {
    let expected = settled().account();
    let orders = orders(5);
    assert_eq!(orders.len(), 120);
    for order in orders {
        let mut house = House::new();
        let entities = case_1();
        for (arrived, index) in order.iter().enumerate() {
            house.deliver(1, entities[*index].clone());
            let accounts = house.accounts().len();
            assert_eq!(accounts, usize::from(arrived == 4), "{order:?}: no account before the last delivery");
        }
        assert_eq!(house.account(), expected, "{order:?}");
        assert_eq!(house.events(), ["InstallationAccountCreated"], "{order:?}");
        assert_eq!(house.sent("NotifyInstallationAccount").len(), 1);
        assert!(house.waiting().is_empty());
    }
}

#[test]
fn what_a_contract_waits_for_is_seen_while_it_waits() {
    let mut house = House::new();
    let [partner, object, installation, contract_account, contract] = case_1();
    house.deliver(1, contract);
    let waiting = |house: &House| house.waiting().iter().map(|it| it.waiting_for.clone()).collect::<Vec<_>>();
    assert_eq!(waiting(&house), ["ContractAccount V1, Installation I1"]);
    let told = house.sent("ConfirmChangeSupplierData")[0];
    assert_eq!(field(told, "outcome"), Some("waiting"));
    assert_eq!(told.fields.iter().filter(|field| matches!(field, Field::Item("WaitingFor", _))).count(), 2);
    house.deliver(1, contract_account);
    assert_eq!(waiting(&house), ["BusinessPartner P1, Installation I1"]);
    house.deliver(1, partner).deliver(1, installation);
    assert_eq!(waiting(&house), ["ConnectionObject C1"]);
    assert_eq!(house.waiting()[0].since, NOW);
    house.deliver(1, object);
    assert!(house.waiting().is_empty());
    assert_eq!(house.count(KeyRange::under(&Key::new(record::AWAITED))), 0);
}

#[test]
fn a_contract_that_names_no_installation_yet_waits_for_its_own_next_version() {
    let mut house = House::new();
    let [partner, object, installation, contract_account, contract] = case_1();
    let Entity::BillingContract(named) = &contract else { unreachable!() };
    let unnamed = Entity::BillingContract(BillingContract { installation: None, ..named.clone() });
    for entity in [partner, object, installation, contract_account, unnamed] {
        house.deliver(1, entity);
    }
    assert!(house.accounts().is_empty() && house.waiting().is_empty());
    house.deliver(2, contract);
    assert_eq!(house.account().account_no().as_deref(), Some("P1-I1"));
}

#[test]
fn records_of_one_document_see_those_before_them() {
    let mut house = House::new();
    let [partner, object, _, contract_account, _] = case_1();
    house.deliver(1, partner).deliver(1, object).deliver(1, contract_account);
    house.deliver_all(vec![
        (1, installation("I1", "C1", Some(M1), &[])),
        (1, installation("I2", "C1", Some(M1), &[])),
        (2, installation("I2", "C1", Some(M1), &[time_slice("2026-01-01", None, "H0")])),
    ]);
    house.deliver_all(vec![
        (1, contract("B1", "V1", "I1", "2026-01-01", Some("2026-02-01"))),
        (1, contract("B2", "V1", "I2", "2026-02-02", None)),
        (1, contract("B2", "V1", "I2", "2026-02-02", None)),
    ]);
    let account = house.account();
    assert_eq!((account.assignments.len(), account.contracts.len(), account.version), (2, 2, 2));
    assert_eq!(house.sent("NotifyInstallationAccount").len(), 1, "an account is told once, as it is in the end");
}
