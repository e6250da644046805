//! The eight states and their documents, the date track beside them, and several processes at one accounting point.

use super::*;
use crate::process::accounting_points::transactions;
use crate::process::change_of_supplier::course::{Outcome, State};
use crate::process::change_of_supplier::settings::Means;

fn states(house: &House, transaction_id: &str) -> Vec<String> {
    let story = house.course_of(transaction_id).story;
    story.into_iter().filter_map(|entry| entry.what.strip_prefix("state ").map(str::to_string)).collect()
}

fn sent_to(house: &mut House, name: &str) -> String {
    house.sent.iter().rfind(|it| it.kind.name == name).expect("it was sent").message_id.clone()
}

#[test]
fn a_change_of_supplier_goes_through_its_eight_states_with_every_document() {
    let mut house = House::opened();
    house.link(POINT, "T-1");
    house.send(&request(B, "E03", "c1", APRIL));
    assert_eq!(house.course_of("c1").state, State::AwaitingMeteringPointDetailsDispatch);
    let details = sent_to(&mut house, "AccountingPointCharacteristics");
    assert_eq!(
        house.post(),
        [
            "ConfirmRequestChangeOfSupplier E03 7300000000011/DDQ",
            "AccountingPointCharacteristics E03 7300000000011/DDQ"
        ]
    );
    house.pass(at("2023-03-01T10:00:00Z"));
    house.dequeue(&details);
    assert_eq!(house.course_of("c1").state, State::AwaitingChargeDetailsDispatch);
    let charges = sent_to(&mut house, "NotifyBillingMasterData");
    assert_eq!(
        house.post(),
        ["CharacteristicsOfACustomerAtAnAP E03 7300000000011/DDQ", "NotifyBillingMasterData E03 7300000000011/DDQ"]
    );
    house.dequeue(&charges);
    house.dequeue(&charges);
    assert_eq!(house.course_of("c1").state, State::AwaitingCurrentSupplierNotificationDispatch);
    house.pass(at("2023-03-28T22:00:00Z"));
    assert_eq!(house.course_of("c1").state, State::AwaitingSupplierChange);
    assert_eq!(house.post(), ["GenericNotification E03 5790002000010/DDQ"]);
    house.pass(at(APRIL));
    assert_eq!(house.post(), Vec::<String>::new());
    let in_order: Vec<&str> = State::ALL[1..8].iter().map(|state| state.name()).collect();
    assert_eq!(states(&house, "c1"), in_order);
    assert_eq!(house.first_timer(), None);
}

#[test]
fn a_receiver_that_fetches_nothing_holds_nothing_up() {
    let mut house = House::opened();
    house.link(POINT, "T-1");
    house.send(&request(B, "E03", "c1", APRIL));
    house.post();
    house.pass(at("2023-03-02T08:59:59Z"));
    assert_eq!(house.post(), Vec::<String>::new());
    house.pass(at("2023-03-02T09:00:00Z"));
    assert_eq!(house.post().len(), 2, "customer and charges");
    assert_eq!(house.course_of("c1").state, State::AwaitingChargeDetailsDispatch);
    house.pass(at("2023-03-03T09:00:00Z"));
    assert_eq!(house.course_of("c1").state, State::AwaitingCurrentSupplierNotificationDispatch);
}

#[test]
fn a_change_on_its_day_does_not_wait_for_its_messages() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.dispatch.patience_hours = 24 * 60;
    house.send(&request(B, "E03", "c1", "2023-03-01T23:00:00Z"));
    let details = sent_to(&mut house, "AccountingPointCharacteristics");
    house.pass(at("2023-03-02T10:00:00Z"));
    assert_eq!(house.supplier("2023-03-02T10:00:00Z"), B);
    assert_eq!(house.course_of("c1").state, State::AwaitingMeteringPointDetailsDispatch);
    house.post();
    house.dequeue(&details);
    // It sends what is outstanding, and tells the supplier whose supply has ended.
    assert_eq!(
        house.post(),
        ["CharacteristicsOfACustomerAtAnAP E03 7300000000011/DDQ", "GenericNotification E03 5790002000010/DDQ"]
    );
    assert_eq!(house.course_of("c1").state, State::Completed);
    assert_eq!(house.told("EnergySupplierChanged").len(), 1);
}

#[test]
fn where_everything_counts_as_dispatched_at_once_only_dates_are_waited_for() {
    let mut house = House::opened();
    let dispatch = &mut house.market.dk_mut().market_roles.dispatch;
    (dispatch.metering_point_details, dispatch.charge_details) = (Means::Enqueued, Means::Enqueued);
    house.send(&request(B, "E03", "c1", APRIL));
    assert_eq!(house.course_of("c1").state, State::AwaitingCurrentSupplierNotificationDispatch);
    house.market.dk_mut().market_roles.dispatch.confirm = Means::Dequeued;
    let decision = house.send(&request(C, "E03", "c2", "2023-04-30T22:00:00Z"));
    assert_eq!(house.course_of("c2").state, State::AwaitingConfirmationMessageDispatch);
    house.dequeue(&decision.outgoing[0].message_id);
    assert_eq!(house.course_of("c2").state, State::AwaitingCurrentSupplierNotificationDispatch);
}

#[test]
fn it_can_be_cancelled_in_each_state_before_the_deadline() {
    for dequeued in 0..3 {
        let mut house = House::opened();
        house.link(POINT, "T-1");
        house.send(&request(B, "E03", "c1", APRIL));
        for kind in ["AccountingPointCharacteristics", "NotifyBillingMasterData"].iter().take(dequeued) {
            let message = sent_to(&mut house, kind);
            house.dequeue(&message);
        }
        house.post();
        house.send(&cancellation(B, "E03", "x1", "c1"));
        assert_eq!(house.post(), ["ConfirmRequestCancellation E03 7300000000011/DDQ"]);
        assert_eq!(house.course_of("c1").outcome, Outcome::Cancelled);
        assert_eq!(house.first_timer(), None, "all its timers are gone");
        house.pass(at("2023-04-02T00:00:00Z"));
        assert_eq!((house.supplier("2023-04-02T00:00:00Z").as_str(), house.post()), (A, vec![]));
        let told = house.told("FutureEnergySupplierChangeCancelled");
        assert_eq!((told.len(), told[0].payload["reason"].as_str()), (1, Some("requested")));
    }
}

/// Where every document is to be dequeued, each of the states is one that a change can be found in.
#[test]
fn what_a_cancellation_does_in_each_of_the_eight_states() {
    let expected = [
        (State::NotStarted, "E0H"),
        (State::AwaitingConfirmationMessageDispatch, ""),
        (State::AwaitingMeteringPointDetailsDispatch, ""),
        (State::AwaitingConsumerDetailsDispatch, ""),
        (State::AwaitingChargeDetailsDispatch, ""),
        (State::AwaitingCurrentSupplierNotificationDispatch, ""),
        (State::AwaitingSupplierChange, ""),
        (State::Completed, "E17"),
    ];
    for (steps, (state, code)) in expected.into_iter().enumerate() {
        let mut house = House::opened();
        house.market.dk_mut().market_roles.change_of_supplier.cancellation_period_hours = 24;
        let dispatch = &mut house.market.dk_mut().market_roles.dispatch;
        for means in [&mut dispatch.confirm, &mut dispatch.customer_details, &mut dispatch.notifications] {
            *means = Means::Dequeued;
        }
        house.link(POINT, "T-1");
        if steps > 0 {
            house.send(&request(B, "E03", "c1", APRIL));
        }
        for step in 1..steps {
            match step {
                5 => house.pass(at("2023-03-28T22:00:00Z")),
                6 => house.pass(at(APRIL)),
                _ => {}
            }
            let last = house.sent.last().unwrap().message_id.clone();
            house.dequeue(&last);
        }
        if steps > 0 {
            assert_eq!(house.course_of("c1").state, state);
        }
        house.post();
        let decision = house.send(&cancellation(B, "E03", "x1", "c1"));
        if !code.is_empty() {
            assert_eq!(codes(&decision), [code], "{state:?}");
            continue;
        }
        // Whoever had been told that its supply stops hears that it goes on.
        let told = if state == State::AwaitingSupplierChange { 2 } else { 1 };
        assert_eq!((decision.outgoing.len(), broken(&decision).len()), (told, 0), "{state:?}");
        assert_eq!(house.course_of("c1").outcome, Outcome::Cancelled);
        house.pass(at("2023-04-02T00:00:00Z"));
        assert_eq!(house.supplier("2023-04-02T00:00:00Z"), A, "{state:?}");
    }
}

#[test]
fn who_was_told_already_is_told_that_it_does_not_hold() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.change_of_supplier.cancellation_period_hours = 24;
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-03-28T22:00:00Z"));
    let notice = house.sent.last().unwrap().clone();
    house.post();
    house.send(&cancellation(B, "E03", "x1", "c1"));
    let withdrawal = house.sent.last().unwrap().clone();
    assert_eq!((withdrawal.kind.name, withdrawal.receiver.number.as_str()), ("NotifyCancellation", A));
    let original = crate::process::market_documents::letters::record_id(&notice.records[0]).to_string();
    assert!(format!("{:?}", withdrawal.records[0].fields[1]).contains(&original));
}

#[test]
fn two_future_suppliers_take_over_one_after_the_other() {
    let mut house = House::opened();
    house.send(&request(C, "E03", "later", "2023-04-30T22:00:00Z"));
    house.send(&request(B, "E03", "earlier", APRIL));
    assert_eq!(
        house.accounting_point(POINT).future_suppliers(),
        [(&actor(B), at(APRIL)), (&actor(C), at("2023-04-30T22:00:00Z"))]
    );
    house.post();
    house.pass(at("2023-05-02T00:00:00Z"));
    let stops: Vec<String> = house.post().into_iter().filter(|it| it.starts_with("GenericNotification")).collect();
    assert_eq!(stops, ["GenericNotification E03 5790002000010/DDQ", "GenericNotification E03 7300000000011/DDQ"]);
    let at_noon = ["2023-03-31T12:00:00Z", "2023-04-01T12:00:00Z", "2023-05-01T12:00:00Z"];
    assert_eq!(at_noon.map(|instant| house.supplier(instant)), [A, B, C]);
    let changed = house.told("EnergySupplierChanged");
    let previous: Vec<_> = changed.iter().map(|it| it.payload["previous_energy_supplier_gln"].as_str()).collect();
    assert_eq!(previous, [Some(A), Some(B)]);
}

#[test]
fn a_move_in_overtakes_a_pending_change_and_its_cancellation_brings_it_back() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-03-10T09:00:00Z"));
    house.send(&move_in(C, "m1", "2023-03-29T22:00:00Z"));
    house.post();
    let mut cancelled = house.clone();
    house.pass(at("2023-04-02T00:00:00Z"));
    let post = house.post();
    assert!(post.contains(&"NotifyCancellation E03 7300000000011/DDQ".to_string()), "{post:#?}");
    assert_eq!(house.supplier("2023-04-02T00:00:00Z"), C);
    assert_eq!(house.told("FutureEnergySupplierChangeCancelled")[0].payload["reason"], "superseded");
    assert_eq!(house.course_of("c1").outcome, Outcome::Cancelled);

    cancelled.pass(at("2023-03-29T12:00:00Z"));
    assert_eq!(cancelled.post(), Vec::<String>::new(), "what is suspended tells nobody");
    cancelled.send(&cancellation(C, "E65", "x1", "m1"));
    let post = cancelled.post();
    assert_eq!(
        post,
        ["ConfirmRequestCancellation E65 8100000000108/DDQ", "GenericNotification E03 5790002000010/DDQ"],
        "its notice was due meanwhile"
    );
    cancelled.pass(at("2023-04-02T00:00:00Z"));
    assert_eq!(cancelled.supplier("2023-04-02T00:00:00Z"), B);
}

#[test]
fn a_change_on_the_day_of_a_move_in_gives_way_whichever_came_first() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&move_in(C, "m1", APRIL));
    let refused = house.send(&request(A, "E03", "c2", APRIL));
    assert_eq!(
        broken(&refused)[..2],
        ["ChangeOfSupplierRegisteredOnSameDateIsNotAllowed", "MoveInRegisteredOnSameDateIsNotAllowed"]
    );
    house.pass(at("2023-04-02T00:00:00Z"));
    assert_eq!(house.supplier("2023-04-02T00:00:00Z"), C);
    assert_eq!(house.told("EnergySupplierChanged").len(), 1);
}

#[test]
fn a_change_behind_a_move_in_needs_the_consent_of_the_one_who_moves_in() {
    let mut house = House::opened();
    house.send(&move_in(C, "m1", "2023-03-19T23:00:00Z"));
    let mut asked = request(B, "E03", "c1", APRIL);
    assert_eq!(broken(&house.send(&asked)), ["ConsumerMustMatch"]);
    asked.records[0].customer = Some(customer_id(PERSON));
    asked.records[0].transaction_id = "c2".into();
    assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new());
}

#[test]
fn a_move_in_tells_whoever_is_concerned_and_no_personal_number() {
    let mut house = House::opened();
    house.send(&move_in(B, "m1", "2023-03-09T23:00:00Z"));
    assert_eq!(
        house.post(),
        [
            "ConfirmRequestChangeOfSupplier E65 7300000000011/DDQ",
            "AccountingPointCharacteristics E65 7300000000011/DDQ",
            "CharacteristicsOfACustomerAtAnAP E65 7300000000011/DDQ"
        ]
    );
    house.pass(at("2023-03-09T23:00:00Z"));
    assert_eq!(
        house.post(),
        ["GenericNotification E01 5790002000010/DDQ", "GenericNotification E65 8100000000030/DDM"]
    );
    house.pass(at("2023-03-24T23:00:00Z"));
    assert_eq!(house.post(), ["CharacteristicsOfACustomerAtAnAP E65 8100000000030/DDM"]);
    assert_eq!(house.first_timer(), None);
    assert!(!house.is_written(PERSON));
    assert!(!format!("{:?} {:?}", house.sent, house.events).contains(PERSON));
    let names: Vec<&str> = house.events.iter().map(|event| event.name).collect();
    assert_eq!(
        names,
        ["ConsumerRegistered", "FutureEnergySupplierChangeRegistered", "ConsumerMovedIn", "EnergySupplierChanged"]
    );
    assert_eq!(house.told("ConsumerRegistered")[0].payload["customer_type"], "CPR");
}

#[test]
fn a_move_in_with_the_current_supplier_changes_no_supplier() {
    let mut house = House::opened();
    house.send(&move_in(A, "m1", "2023-03-09T23:00:00Z"));
    house.post();
    house.pass(at("2023-03-10T00:00:00Z"));
    assert_eq!(house.post(), ["GenericNotification E65 8100000000030/DDM"]);
    let names: Vec<&str> = house.events.iter().map(|event| event.name).collect();
    assert_eq!(names, ["ConsumerRegistered", "ConsumerMovedIn"]);
}

#[test]
fn of_two_move_ins_on_one_day_the_later_one_counts() {
    for suffix in ["a", "b", "c", "d"] {
        let mut house = House::opened();
        house.send(&move_in(B, &format!("m1{suffix}"), APRIL));
        let mut secondary = move_in(B, &format!("m2{suffix}"), APRIL);
        secondary.header.business_reason = "D29".into();
        secondary.records[0].customer = Some(customer_id("0202801234"));
        assert_eq!(broken(&house.send(&secondary)), Vec::<&str>::new());
        house.pass(at(APRIL));
        let point = house.accounting_point(POINT);
        assert_eq!(point.consumer_at(at(APRIL)).unwrap().0.transaction_id, format!("m2{suffix}"));
        assert_eq!(house.told("EnergySupplierChanged").len(), 1);
    }
}

/// What is told as cancelled was told as registered, whichever of several move-ins brings the supplier.
#[test]
fn a_future_supplier_is_told_as_cancelled_where_it_was_told_as_registered() {
    let about = |house: &House, name: &str, transaction: &str| {
        house.told(name).iter().filter(|it| it.payload["transaction_id"] == transaction).count()
    };
    let (registered, cancelled) = ("FutureEnergySupplierChangeRegistered", "FutureEnergySupplierChangeCancelled");
    // The supplier stays.
    let mut house = House::opened();
    house.send(&move_in(A, "m1", APRIL));
    house.send(&cancellation(A, "E65", "x1", "m1"));
    assert_eq!((about(&house, registered, "m1"), about(&house, cancelled, "m1")), (0, 0));
    // The first does not come, and the second brings its supplier all the same.
    let mut house = House::opened();
    house.send(&move_in(B, "m1", APRIL));
    let mut secondary = move_in(B, "m2", APRIL);
    secondary.header.business_reason = "D29".into();
    secondary.records[0].customer = Some(customer_id("0202801234"));
    house.send(&secondary);
    house.send(&cancellation(B, "E65", "x1", "m1"));
    assert_eq!((about(&house, registered, "m1"), about(&house, cancelled, "m1")), (1, 1));
    assert_eq!((about(&house, registered, "m2"), about(&house, cancelled, "m2")), (1, 0));
    house.pass(at(APRIL));
    assert_eq!(house.supplier(APRIL), B);
}

#[test]
fn records_of_one_document_stand_alone_and_see_each_other() {
    let mut house = House::opened();
    let mut asked = request(B, "E03", "c1", APRIL);
    let again = ChangeOfSupplier { transaction_id: "c2".into(), ..asked.records[0].clone() };
    asked.records.push(again);
    let decision = house.send(&asked);
    assert_eq!(decision.fates[0].broken, Vec::<&str>::new());
    assert_eq!(
        decision.fates[1].broken,
        ["ChangeOfSupplierRegisteredOnSameDateIsNotAllowed", "CannotBeCurrentSupplier"]
    );
    assert_eq!(
        house.post()[..2],
        ["ConfirmRequestChangeOfSupplier E03 7300000000011/DDQ", "RejectRequestChangeOfSupplier E03 7300000000011/DDQ"]
    );
}

#[test]
fn another_balance_responsible_party_takes_over_on_its_day() {
    let mut house = House::opened();
    house.send(&request(A, "E56", "b1", APRIL));
    assert_eq!(house.post(), ["ConfirmRequestChangeOfSupplier E56 5790002000010/DDQ"]);
    house.pass(at(APRIL));
    let point = house.accounting_point(POINT);
    assert_eq!(point.balance_at(&actor(A), at(APRIL)).unwrap().responsible, actor(BALANCE));
    let mut other = request(A, "E56", "b2", "2023-04-30T22:00:00Z");
    assert_eq!(codes(&house.send(&other)), ["D20"]);
    other.records[0].balance_responsible = Some(id(OTHER_BALANCE));
    house.send(&other);
    house.pass(at("2023-05-01T00:00:00Z"));
    let point = house.accounting_point(POINT);
    assert_eq!(point.balance_at(&actor(A), at(APRIL)).unwrap().responsible, actor(BALANCE));
    assert_eq!(point.balance_at(&actor(A), at("2023-05-01T00:00:00Z")).unwrap().responsible, actor(OTHER_BALANCE));
    assert_eq!(house.told("BalanceResponsibleChanged").len(), 2);
}

#[test]
fn who_does_not_supply_on_the_day_has_no_other_balance_responsible_party() {
    let april = |between: &dyn Fn(&mut House)| {
        let mut house = House::opened();
        house.send(&request(B, "E03", "c1", "2023-03-20T23:00:00Z"));
        assert_eq!(broken(&house.send(&request(B, "E56", "b1", APRIL))), Vec::<&str>::new());
        between(&mut house);
        house.post();
        house.pass(at(APRIL));
        house
    };
    let cancelled = april(&|house| {
        house.send(&cancellation(B, "E03", "x1", "c1"));
        assert_eq!(broken(&house.send(&request(A, "E56", "b2", APRIL))), Vec::<&str>::new(), "B's is not in its way");
    });
    assert_eq!(cancelled.told("BalanceResponsibleChanged").len(), 1);
    assert_eq!(cancelled.accounting_point(POINT).balance_at(&actor(B), at(APRIL)), None);
    for mut house in [cancelled, april(&|house| drop(house.send(&move_in(C, "m1", "2023-03-28T22:00:00Z"))))] {
        assert!(house.post().contains(&format!("NotifyCancellation E56 {B}/DDQ")));
        let off = house.told("FutureBalanceResponsibleChangeCancelled");
        assert_eq!(off[0].payload["reason"].as_str(), Some("superseded"));
    }
    assert_eq!(april(&|_| {}).told("BalanceResponsibleChanged").len(), 1);
}

#[test]
fn a_course_is_read_back_as_it_was_written() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    let course = house.course_of("c1");
    assert!(!course.awaited.is_empty() && !course.story.is_empty());
    let bytes = crate::process::change_of_supplier::record::write(&course);
    assert_eq!(crate::process::change_of_supplier::record::read(&course.process, &bytes), course);
}

#[test]
fn a_process_tells_its_whole_story() {
    use crate::process::change_of_supplier::view;
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&request(B, "E03", "c2", APRIL));
    let tell = |house: &House, transaction: &str| {
        let needs = transactions::needs_of(&actor(B), transaction);
        let id = transactions::transaction(&house.store.facts(&needs), &actor(B), transaction).unwrap().own_id;
        story(house, &id)
    };
    let due = |rows: &[serde_json::Value]| rows.iter().filter(|row| row["what"] == "due").count();
    let rows = tell(&house, "c1");
    assert_eq!((&rows[0]["outcome"], &rows[1]["status"]), (&"accepted".into(), &"Pending".into()));
    assert_eq!(due(&rows), 3, "{rows:#?}");
    assert!(rows.iter().any(|row| row["step"].as_str().is_some_and(|it| it.starts_with("sent ConfirmRequest"))));
    let rejected = tell(&house, "c2");
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["broken"][0], "ChangeOfSupplierRegisteredOnSameDateIsNotAllowed (D07)");
    house.pass(at("2023-04-02T00:00:00Z"));
    let rows = tell(&house, "c1");
    assert_eq!((&rows[1]["status"], due(&rows)), (&"Completed".into(), 0));
    let facts = house.store.facts(&needs_of(&MeteringPointId::new(POINT)));
    let processes = view::processes(&facts, &MeteringPointId::new(POINT));
    assert_eq!(processes.last().unwrap()["supplies_from"], APRIL);
}
