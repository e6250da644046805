//! Customer data and contact addresses: who hears of them, and what is known when.

mod properties;
mod rules;

use crate::market::{ActorRole, MeteringPointId};
use crate::process::Context;
use crate::process::accounting_points::transactions;
use crate::process::change_of_supplier::tests::*;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::charge_documents::tests::{at, party};
use crate::process::market_documents::customers::{
    CustomerCharacteristics, RequestChangeCustomerCharacteristics, SentContact,
};
use crate::process::market_documents::{Address, Sent};

/// 1 March, the day of [`NOW`].
const TODAY: &str = "2023-02-28T23:00:00Z";

fn contact(address_type: &str) -> SentContact {
    SentContact {
        address_type: address_type.into(),
        address: Some(Address { street: Some("Mill Lane".into()), ..Address::default() }),
        phone: Some("12345678".into()),
        ..SentContact::default()
    }
}

/// An update that breaks no rule at [`NOW`] when A sends it, but for the reason.
fn update(sender: &str, reason: &str, transaction_id: &str) -> RequestChangeCustomerCharacteristics {
    let record = CustomerCharacteristics {
        transaction_id: transaction_id.into(),
        metering_point: id(POINT),
        first_customer: Some(customer_id(COMPANY)),
        first_customer_name: Some("Example Bakery Ltd".into()),
        contacts: vec![contact("D01")],
        ..CustomerCharacteristics::default()
    };
    let mut header = header(sender, reason, "D15", &format!("m-{transaction_id}"));
    if reason == "D28" {
        header.sender_role = "DDM".into();
    }
    Sent { header, reason_code: None, records: vec![record] }
}

#[test]
fn an_update_is_kept_and_goes_to_the_grid_company_and_to_whoever_is_to_supply() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&request(C, "E03", "c2", "2023-04-30T22:00:00Z"));
    house.post();
    let mut asked = update(A, "E34", "u1");
    asked.records[0].second_customer_name = Some("Ann Example".into());
    asked.records[0].second_customer = Some(customer_id(PERSON));
    asked.records[0].protected_name = Some("1".into());
    let decision = house.send(&asked);
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeCustomerCharacteristics E34 {A}/DDQ"),
            format!("CharacteristicsOfACustomerAtAnAP E34 {GRID}/DDM"),
            format!("CharacteristicsOfACustomerAtAnAP E34 {B}/DDQ"),
            format!("CharacteristicsOfACustomerAtAnAP E34 {C}/DDQ"),
        ]
    );
    for (document, supply_start) in decision.outgoing[1..].iter().zip([None, Some(APRIL), Some("2023-04-30T22:00:00Z")])
    {
        let value = |name| value(document, name);
        assert_eq!(value("validityStart_DateAndOrTime.dateTime").as_deref(), Some(TODAY));
        assert_eq!(value("firstCustomer_MarketParticipant.mRID").as_deref(), Some(COMPANY));
        assert_eq!(value("firstCustomer_MarketParticipant.name").as_deref(), Some("Example Bakery Ltd"));
        assert_eq!(value("secondCustomer_MarketParticipant.mRID"), None, "a person's number goes to nobody");
        assert_eq!(value("secondCustomer_MarketParticipant.name").as_deref(), Some("Ann Example"));
        assert_eq!(value("protectedName").as_deref(), Some("true"));
        assert_eq!(value("supplyStart_DateAndOrTime.dateTime").as_deref(), supply_start);
        assert_eq!(value("ituPhone").as_deref(), Some("12345678"));
    }
    let told = house.told("CustomerMasterDataUpdated");
    assert_eq!((told.len(), told[0].payload["from"].as_str()), (1, Some(TODAY)));
    assert!(!house.is_written(PERSON), "a personal number is kept in one place");
    // Whoever asks later is sent all that is known by then.
    let decision = house.send(&request(B, "E03", "c3", "2023-05-31T22:00:00Z"));
    house.dequeue(&decision.outgoing[1].message_id);
    let details = house.sent.iter().rfind(|it| it.kind.name == "CharacteristicsOfACustomerAtAnAP").unwrap();
    assert_eq!(details.receiver.number.as_str(), B);
    assert_eq!(value(details, "ituPhone").as_deref(), Some("12345678"));
}

#[test]
fn what_was_told_of_a_customer_has_a_story_without_a_word_of_it() {
    let mut house = House::opened();
    house.send(&update(A, "E34", "u1"));
    let needs = transactions::needs_of(&actor(A), "u1");
    let id = transactions::transaction(&house.store.facts(&needs), &actor(A), "u1").unwrap().own_id;
    let rows = story(&house, &id);
    assert_eq!((&rows[0]["outcome"], &rows[1]["from"]), (&"accepted".into(), &TODAY.into()));
    assert!(rows.iter().all(|row| !row.to_string().contains("Bakery") && !row.to_string().contains("Mill Lane")));
}

#[test]
fn whoever_comes_with_another_customer_hears_nothing_of_this_one() {
    let mut house = House::opened();
    // Asked for while the bakery was to stay, and suspended; a move by B; and a change behind the move.
    house.send(&request(C, "E03", "c1", "2023-04-09T22:00:00Z"));
    house.send(&move_in(B, "m1", APRIL));
    let mut behind = request(C, "E03", "c2", "2023-04-30T22:00:00Z");
    behind.records[0].customer = Some(customer_id(PERSON));
    assert_eq!(broken(&house.send(&behind)), Vec::<&str>::new());
    house.post();
    house.send(&update(A, "E34", "u1"));
    let receivers: Vec<String> = house.post().into_iter().skip(1).collect();
    assert_eq!(
        receivers,
        [
            format!("CharacteristicsOfACustomerAtAnAP E34 {GRID}/DDM"),
            format!("CharacteristicsOfACustomerAtAnAP E34 {C}/DDQ"),
        ]
    );
}

fn name_at(house: &House, instant: &str) -> String {
    let point = MeteringPointId::new(POINT);
    let (market, caller) = (house.market.clone(), party(A, ActorRole::EnergySupplier));
    let context = Context { now: house.now, caller, cause: [0; 32], market: &market };
    let facts = house.store.facts(&work::needs([&point]));
    let facts = house.store.facts(&work::needs([&point]).and(work::needs_more(&facts, [&point])));
    let work = Work::load(&facts, &context, [point.clone()], &[]);
    let (at, expected) = (at(instant), work.site(&point).point.as_expected());
    let (process, _) = expected.consumer_at(at).unwrap();
    work.customers_known(&point, process, at, None).first.unwrap().name.unwrap()
}

#[test]
fn what_was_told_last_holds_from_its_day_on_and_nothing_is_overwritten() {
    let mut house = House::opened();
    let send = |house: &mut House, sender: &str, reason: &str, transaction: &str, start: Option<&str>| {
        let mut asked = update(sender, reason, transaction);
        asked.records[0].first_customer_name = Some(transaction.into());
        asked.records[0].start = start.map(str::to_string);
        assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new(), "{transaction}");
    };
    send(&mut house, A, "E34", "in February", Some("2023-01-31T23:00:00Z"));
    assert_eq!(name_at(&house, "2023-01-15T00:00:00Z"), "Example Bakery");
    assert_eq!(name_at(&house, TODAY), "in February");
    send(&mut house, A, "E34", "today", None);
    send(&mut house, A, "E34", "corrected in January", Some("2022-12-31T23:00:00Z"));
    assert_eq!(name_at(&house, "2023-01-15T00:00:00Z"), "corrected in January");
    assert_eq!(name_at(&house, TODAY), "corrected in January", "what was told last");
    // A supplier to come tells of its own time; the one before it does not replace that.
    house.send(&request(B, "E03", "c1", APRIL));
    send(&mut house, B, "E03", "in April", None);
    send(&mut house, A, "E34", "in March", None);
    assert_eq!(name_at(&house, TODAY), "in March");
    assert_eq!(name_at(&house, APRIL), "in April");
    // What never happens completes nothing.
    house.send(&cancellation(B, "E03", "x1", "c1"));
    assert_eq!(name_at(&house, APRIL), "in March");
}

#[test]
fn a_number_that_was_not_known_becomes_known() {
    let mut house = House::opened();
    let point = "571313100000001062";
    house.point(point, "E17", "Connected");
    house.supply(point, A);
    house.customer(point, "0101800000", "Ann Example");
    let mut asked = update(A, "E34", "u1");
    asked.records[0].metering_point = id(point);
    asked.records[0].first_customer = Some(customer_id(PERSON));
    asked.records[0].first_customer_name = Some("Ann Example".into());
    assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new());
    // From now on it is the number that a change of supplier must name, and it is a number like any other.
    let mut change = request(B, "E03", "c1", APRIL);
    change.records[0].metering_point = id(point);
    change.records[0].customer_name = Some("Somebody".into());
    assert_eq!(broken(&house.send(&change)), ["ConsumerMustMatch"]);
    change.records[0].customer = Some(customer_id(PERSON));
    change.records[0].transaction_id = "c2".into();
    assert_eq!(broken(&house.send(&change)), Vec::<&str>::new());
    asked.records[0].first_customer = Some(customer_id("0202801234"));
    asked.records[0].transaction_id = "u2".into();
    assert_eq!(broken(&house.send(&asked)), ["CustomerNumberCannotBeChangedHere"]);
    assert!(!house.is_written(PERSON) && !house.is_written("0202801234"));
}

#[test]
fn what_is_told_of_a_customer_who_moved_in_goes_to_the_grid_company_once() {
    let to_grid = |house: &mut House| {
        let post = house.post();
        post.into_iter().filter(|line| line.starts_with("Characteristics") && line.contains(GRID)).count()
    };
    let grace_over = at("2023-04-20T00:00:00Z");
    // Nobody tells more of the customer: what the move-in told goes to the grid company when the days of grace are over.
    let mut house = House::opened();
    house.send(&move_in(B, "m1", APRIL));
    house.pass(grace_over);
    assert_eq!(to_grid(&mut house), 1);
    // The supplier tells more within the days of grace: it goes out at once, and not again.
    for told_at in [NOW, "2023-04-03T09:00:00Z"] {
        let mut house = House::opened();
        house.send(&move_in(B, "m1", APRIL));
        house.pass(at(told_at));
        let mut asked = update(B, "E65", "u1");
        asked.records[0].first_customer = Some(customer_id(PERSON));
        assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new());
        assert_eq!(to_grid(&mut house), 1, "{told_at}");
        house.pass(grace_over);
        assert_eq!(to_grid(&mut house), 0, "{told_at}");
    }
}

#[test]
fn the_grid_company_hears_when_what_was_completed_does_not_happen() {
    for reason in ["E65", "E03"] {
        let mut house = House::opened();
        house.send(&if reason == "E65" { move_in(B, "p1", APRIL) } else { request(B, "E03", "p1", APRIL) });
        let mut told = Vec::new();
        for transaction in ["u1", "u2"] {
            let mut asked = update(B, reason, transaction);
            asked.records[0].start = None;
            asked.records[0].first_customer = None;
            let decision = house.send(&asked);
            assert_eq!(broken(&decision), [""; 0]);
            let to_grid = decision.outgoing.iter().find(|it| it.receiver.number.as_str() == GRID).unwrap();
            told.extend(value(to_grid, "mRID"));
        }
        house.post();
        let mut happens = house.clone();
        let decision = house.send(&cancellation(B, reason, "x1", "p1"));
        let to_grid: Vec<_> = decision.outgoing.iter().filter(|it| it.receiver.number.as_str() == GRID).collect();
        assert_eq!(to_grid.len(), 1, "of the last alone");
        assert_eq!((to_grid[0].kind.name, &*to_grid[0].business_reason), ("NotifyCancellation", reason));
        let original = value(to_grid[0], "originalTransactionIDReference_MktActivityRecord.mRID");
        assert_eq!(original.as_ref(), told.last());
        happens.pass(at("2023-05-01T00:00:00Z"));
        assert!(happens.post().iter().all(|it| !it.starts_with("NotifyCancellation")));
    }
}

#[test]
fn a_contact_address_is_passed_on_and_nothing_of_it_is_kept() {
    let mut house = House::opened();
    let mut asked = update(GRID, "D28", "u1");
    asked.records[0].first_customer = Some(customer_id(PERSON));
    let decision = house.send(&asked);
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeCustomerCharacteristics D28 {GRID}/DDM"),
            format!("CharacteristicsOfACustomerAtAnAP D28 {A}/DDQ"),
        ]
    );
    let passed_on = &decision.outgoing[1];
    assert_eq!(value(passed_on, "name").as_deref(), Some("Mill Lane"));
    assert_eq!(value(passed_on, "firstCustomer_MarketParticipant.mRID"), None);
    assert_eq!(value(passed_on, "supplyStart_DateAndOrTime.dateTime").as_deref(), Some("2021-12-31T23:00:00Z"));
    assert!(decision.events.is_empty());
    for text in ["Mill Lane", PERSON, "Example Bakery Ltd"] {
        assert!(!house.is_written(text), "{text}");
    }
    assert_eq!(name_at(&house, TODAY), "Example Bakery");
}
