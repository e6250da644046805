//! The two timers: bounded pages, going on after a crash, failures that stop nobody.

use super::*;

/// A house with so many accounts of one partner.
fn many(accounts: usize) -> House {
    let mut house = House::new();
    let all = |make: &dyn Fn(usize) -> Entity| (0..accounts).map(|n| (1, make(n))).collect::<Vec<_>>();
    house.deliver(1, partner("P1")).deliver(1, object("C1", "Berlin")).deliver(1, contract_account("V1", "P1"));
    house.deliver_all(all(&|n| installation(&format!("I{n}"), "C1", None, &[])));
    house.deliver_all(all(&|n| contract(&format!("B{n}"), "V1", &format!("I{n}"), "2026-01-01", Some("2026-03-10"))));
    assert_eq!(house.accounts().len(), accounts);
    house
}

fn all_show(house: &House, city: &str) -> bool {
    let address = format!("Lindenweg 4, 10115 {city}, DE");
    house
        .accounts()
        .iter()
        .all(|account| account.value(ValueName::Address) == Some(&*address) && account.mark.is_none())
}

#[test]
fn a_change_reaches_every_account_page_by_page_and_a_crash_loses_nothing() {
    let accounts = mark::LINKS_PER_PAGE * 2 + update::ACCOUNTS_PER_PAGE;
    let mut house = many(accounts);
    house.settings().mark_interval_seconds = 3_600;
    house.settings().update_interval_seconds = 3_600;
    house.now = at("2026-03-10T09:30:00Z");
    house.deliver(2, object("C1", "Hamburg"));
    let mut pages = 0;
    while house.run_first_timer(at("2026-03-10T10:00:00Z")) {
        // A crash between two pages: what is in the store is all that is left.
        let mut after_crash = House::new();
        after_crash.store = house.store.clone();
        after_crash.market = house.market.clone();
        if pages % 4 == 1 {
            after_crash.pass_time(at("2026-03-10T10:00:00Z"));
            assert!(all_show(&after_crash, "Hamburg"), "after page {pages}");
        }
        pages += 1;
    }
    assert!(all_show(&house, "Hamburg"));
    let expected = accounts.div_ceil(mark::LINKS_PER_PAGE) + accounts.div_ceil(update::ACCOUNTS_PER_PAGE);
    assert_eq!(pages, expected);
    assert_eq!(house.count(timer::all()), house.count(KeyRange::under(&Key::new(timer::TIMERS))));
}

#[test]
fn a_day_that_passes_reaches_every_account_and_a_second_run_finds_nothing() {
    let mut house = many(300);
    let told = house.sent("NotifyInstallationAccount").len();
    house.pass_time(house.midnight("2026-03-11"));
    assert!(house.accounts().iter().all(|account| account.page.status == Status::Ended && account.mark.is_none()));
    assert_eq!(house.sent("NotifyInstallationAccount").len(), told + 300);
    assert_eq!(house.count(KeyRange::under(&Key::new(record::DUE))), 0);
    let facts = house.store.facts(&by_hand_needs());
    let by_hand = [mark_now(&facts, house.now), update_now(&facts, house.now)].concat();
    house.set(&by_hand);
    house.pass_time(house.now);
    assert_eq!(house.sent("NotifyInstallationAccount").len(), told + 300);
    assert_eq!(house.count(timer::all()), 0, "nothing is due, so nothing is set");
}

#[test]
fn a_house_that_was_closed_for_a_year_makes_up_for_it_in_due_order() {
    let mut house = settled();
    house.deliver(2, contract("B1", "V1", "I1", "2026-01-01", Some("2026-05-31")));
    house.deliver(1, contract("B2", "V1", "I1", "2026-07-01", Some("2026-09-30")));
    house.pass_time(house.midnight("2027-03-10"));
    let told = house.sent("NotifyInstallationAccount");
    let statuses: Vec<&str> = told.iter().filter_map(|record| field(record, "status")).collect();
    // Between the contracts the next one to start is shown.
    assert_eq!(statuses, ["active", "active", "active", "future", "active", "ended"]);
}

#[test]
fn an_account_that_fails_stays_marked_and_stops_no_other() {
    let mut house = many(3);
    house.now = at("2026-03-10T09:20:00Z");
    house.deliver(2, object("C1", "Hamburg"));
    let broken = record::entity_key(&EntityKey::new(EntityKind::BillingContract, "B1"));
    let whole = house.store.records[&broken].value.clone();
    house.set(&[Change::Put(broken.clone(), b"\x09not readable".as_slice().into())]);
    house.pass_time(at("2026-03-10T10:00:00Z"));
    let shown = |house: &House| -> Vec<bool> {
        let accounts = house.accounts();
        let hamburg = accounts.iter().map(|it| it.value(ValueName::Address) == Some("Lindenweg 4, 10115 Hamburg, DE"));
        hamburg.collect()
    };
    assert_eq!(shown(&house), [true, false, true]);
    let failed = &house.accounts()[1];
    assert!(failed.mark.is_some());
    assert_eq!(failed.failure.as_deref(), Some("the stored BillingContract B1 cannot be read"));
    assert!(house.events().contains(&"InstallationAccountUpdateFailed"));
    // Repaired, the next run takes it along.
    let by_hand = update_now(&house.store.facts(&by_hand_needs()), house.now);
    house.set(&[Change::Put(broken, whole)]).set(&by_hand);
    house.pass_time(house.now);
    assert_eq!(shown(&house), [true, true, true]);
    assert_eq!((house.accounts()[1].mark.clone(), house.accounts()[1].failure.clone()), (None, None));
}

#[test]
fn contracts_that_wait_for_one_partner_are_tried_page_by_page() {
    let mut house = House::new();
    let count = waiting::CONTRACTS_PER_PAGE + 5;
    house.deliver(1, object("C1", "Berlin")).deliver(1, contract_account("V1", "P1"));
    let all = |make: &dyn Fn(usize) -> Entity| (0..count).map(|n| (1, make(n))).collect::<Vec<_>>();
    house.deliver_all(all(&|n| contract(&format!("B{n}"), "V1", &format!("I{n}"), "2026-01-01", None)));
    house.deliver_all(all(&|n| installation(&format!("I{n}"), "C1", None, &[])));
    assert_eq!(house.waiting().len(), count);
    house.deliver(1, partner("P1"));
    assert_eq!((house.accounts().len(), house.waiting().len()), (count, 0));
}

#[test]
fn an_account_has_room_for_so_many_contracts_and_no_more() {
    let mut house = settled();
    let contract = |n: usize| contract(&format!("N{n}"), "V1", "I1", "2026-01-01", None);
    house.deliver_all((1..rules::CONTRACTS_OF_ACCOUNT_MAX).map(|n| (1, contract(n))).collect());
    assert_eq!(house.account().contracts.len(), rules::CONTRACTS_OF_ACCOUNT_MAX);
    house.deliver(1, contract(rules::CONTRACTS_OF_ACCOUNT_MAX));
    assert_eq!(house.broken(), ["IA.10"]);
    house.deliver(2, contract(1));
    assert_eq!(house.broken(), [""; 0]);
}

#[test]
fn runs_are_set_for_the_ends_of_intervals() {
    let at = Timestamp::from_seconds;
    let end = |seconds, interval| assign::end_of_interval(at(seconds), interval);
    assert_eq!([end(0, 900), end(1, 900), end(900, 900), end(901, 900)], [at(0), at(900), at(900), at(1_800)]);
    assert_eq!([end(-1, 900), end(7, 1), end(7, 0)], [at(0), at(7), at(7)]);
    let _ = assign::end_of_interval(Timestamp::from_micros(i64::MAX), 900);
}
