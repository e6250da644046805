//! Reallocations: every rule, the way to the former supplier and back, silence, and what stands still meanwhile.

use super::*;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::accounting_points::{AccountingPoint, Dates, Process, ProcessKind, Status};
use crate::process::change_of_supplier::tests::*;
use crate::process::charge_documents::tests::at;
use crate::process::market_documents::Sent;
use crate::process::market_documents::answers::{Answered, SentReason};
use crate::process::market_documents::requests::RequestReallocateChangeOfSupplier;

const EVE: &str = "2023-03-31T21:59:59Z";
const AFTER: &str = "2023-04-03T09:00:00Z";

/// B has taken over on 1 April, or somebody has moved in with it; now it is the third.
fn taken_over(reason: &str) -> House {
    let mut house = House::opened();
    match reason {
        "D07" => house.send(&request(B, "E03", "c1", APRIL)),
        _ => house.send(&move_in(B, "c1", APRIL)),
    };
    house.pass(at(AFTER));
    assert_eq!(house.supplier(AFTER), B);
    house.sent.clear();
    house.events.clear();
    house
}

pub fn reallocate(sender: &str, reason: &str, transaction_id: &str, start: &str) -> RequestReallocateChangeOfSupplier {
    let record = Reallocation {
        transaction_id: transaction_id.into(),
        process_reference: Some("ref".into()),
        metering_point: id(POINT),
        start: start.into(),
    };
    let header = header(sender, reason, "D01", &format!("m-{transaction_id}"));
    Sent { header, reason_code: None, records: vec![record] }
}

fn answered(transaction_id: &str, original: Option<&str>) -> Answered {
    let original_transaction_id = original.map(str::to_string);
    Answered {
        transaction_id: transaction_id.into(),
        process_reference: None,
        original_transaction_id,
        metering_point: None,
    }
}

pub fn agree(sender: &str, transaction_id: &str, original: Option<&str>) -> ConfirmRequestReallocateChangeOfSupplier {
    let header = header(sender, "D07", "D02", &format!("m-{transaction_id}"));
    let record = ReallocationConfirmed { answered: answered(transaction_id, original) };
    Sent { header, reason_code: Some("A01".into()), records: vec![record] }
}

pub fn decline(sender: &str, transaction_id: &str, original: Option<&str>) -> RejectRequestReallocateChangeOfSupplier {
    let header = header(sender, "D07", "D02", &format!("m-{transaction_id}"));
    let reasons = vec![
        SentReason { code: "D20".into(), text: Some("Kunden har skrevet under".into()) },
        SentReason { code: "E14".into(), text: None },
    ];
    let record = ReallocationRejected { answered: answered(transaction_id, original), reasons };
    Sent { header, reason_code: None, records: vec![record] }
}

/// Sends a request, and gives the id under which the former supplier knows it.
fn forwarded(house: &mut House, reason: &str) -> String {
    let decision = house.send(&reallocate(B, reason, "r1", APRIL));
    assert_eq!(broken(&decision), Vec::<&str>::new());
    assert_eq!(house.post(), [format!("RequestReallocateChangeOfSupplier {reason} {A}/DDQ")]);
    let said = |name| value(&decision.outgoing[0], name).unwrap();
    assert_eq!(said("start_DateAndOrTime.dateTime"), APRIL);
    assert_eq!(said("marketEvaluationPoint.mRID"), POINT);
    said("mRID")
}

fn consumer(house: &House, instant: &str) -> String {
    let point = house.accounting_point(POINT);
    point.consumer_at(at(instant)).map_or("nobody".into(), |(process, _)| process.transaction_id.clone())
}

/// What is done to a house in which B has taken over, and to the request that breaks no rule there.
type Tweak = fn(&mut House, &mut RequestReallocateChangeOfSupplier);

#[test]
fn every_rule_has_its_code() {
    let rows: &[(Tweak, &[&str], &[&str])] = &[
        (|_, _| {}, &[], &[]),
        (|_, it| it.records[0].metering_point = id(" "), &["GsrnNumberIsRequired"], &["D64"]),
        (|_, it| it.records[0].metering_point = id("57131310000000100"), &["InvalidGsrnNumber"], &["E10"]),
        (|_, it| it.records[0].start = " ".into(), &["EffectiveDateIsEmpty"], &["E17"]),
        (|_, it| it.records[0].start = "2023-04-01".into(), &["DateFormatMustBeUTC"], &["E86"]),
        (|_, it| it.records[0].metering_point = id("571313100000001017"), &["UnknownAccountingPoint"], &["E10"]),
        (
            |_, it| it.header.sender_number = A.into(),
            &["SenderMustBeCurrentSupplier", "NothingToReallocate"],
            &["E16", "E0H"],
        ),
        (|_, it| it.records[0].start = "2023-04-01T22:00:00Z".into(), &["NothingToReallocate"], &["E0H"]),
        (|_, it| it.header.business_reason = "D33".into(), &["NothingToReallocate"], &["E0H"]),
        (|house, _| house.pass(at("2023-05-30T21:59:59Z")), &[], &[]),
        (|house, _| house.pass(at("2023-05-31T09:00:00Z")), &["ReallocationTooLate"], &["E17"]),
        (
            |house, _| {
                house.send(&move_in(B, "m1", "2023-04-01T22:00:00Z"));
            },
            &["ChangedSince"],
            &["D20"],
        ),
        (
            |house, _| {
                house.send(&request(C, "E03", "c2", "2023-04-30T22:00:00Z"));
                house.pass(at("2023-05-02T09:00:00Z"));
            },
            &["SenderMustBeCurrentSupplier", "ChangedSince"],
            &["E16", "D20"],
        ),
        (
            |house, _| {
                house.send(&reallocate(B, "D07", "r0", APRIL));
            },
            &["ReallocationRunning"],
            &["D07"],
        ),
    ];
    for (tweak, rules, answered) in rows {
        let mut house = taken_over("D07");
        let mut asked = reallocate(B, "D07", "r1", APRIL);
        tweak(&mut house, &mut asked);
        let decision = house.send(&asked);
        assert_eq!(broken(&decision), *rules);
        assert_eq!(codes(&decision), *answered, "{rules:?}");
        let forwarded = decision.outgoing[0].kind.name == "RequestReallocateChangeOfSupplier";
        assert_eq!((decision.outgoing.len(), forwarded), (1, rules.is_empty()), "{rules:?}");
    }
}

#[test]
fn the_former_supplier_agrees_and_goes_on_supplying() {
    for reason in ["D07", "D33"] {
        let mut house = taken_over(reason);
        let id = forwarded(&mut house, reason);
        house.pass(at("2023-04-04T09:00:00Z"));
        let decision = house.send(&agree(A, "a1", Some(&id)));
        assert_eq!(broken(&decision), Vec::<&str>::new());
        assert_eq!(
            house.post(),
            [
                format!("ConfirmRequestReallocateChangeOfSupplier {reason} {B}/DDQ"),
                format!("GenericNotification D34 {B}/DDQ"),
                format!("GenericNotification D36 {A}/DDQ"),
                format!("GenericNotification {reason} {GRID}/DDM"),
                format!("AccountingPointCharacteristics {reason} {A}/DDQ"),
                format!("CharacteristicsOfACustomerAtAnAP {reason} {A}/DDQ"),
            ]
        );
        let original = "originalTransactionIDReference_MktActivityRecord.mRID";
        assert_eq!(value(&decision.outgoing[0], original).as_deref(), Some("r1"));
        let shown = format!("{:?}", decision.outgoing);
        assert!(shown.contains("Example Bakery") && !shown.contains("Ann Example"), "the customer that was there");
        for instant in [EVE, APRIL, AFTER, "2030-01-01T00:00:00Z"] {
            assert_eq!(house.supplier(instant), A, "{instant}");
            assert_eq!(consumer(&house, instant), "", "the customer was there before the hub began");
        }
        let point = house.accounting_point(POINT);
        let wrong = point.processes().into_iter().find(|it| it.transaction_id == "c1").unwrap();
        assert!(point.is_reversed(wrong) && wrong.status == Status::Completed);
        let dates = wrong.supply.as_ref().unwrap().dates;
        assert_eq!(dates, Dates { start: Some(at(APRIL)), end: Some(at(APRIL)), reversed: true });
        let changed = house.told("EnergySupplierChanged");
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].payload["energy_supplier_gln"], A);
        assert_eq!(changed[0].payload["previous_energy_supplier_gln"], B);
        assert_eq!(changed[0].payload["effective_date"], APRIL);
        let reversed = &house.told("SupplierChangeReversed")[0].payload;
        assert_eq!(reversed["reversed_process_ids"], serde_json::json!([wrong.id]));
        assert_eq!(
            (&reversed["from_energy_supplier_gln"], &reversed["to_energy_supplier_gln"]),
            (&B.into(), &A.into())
        );
        // Answered once; undone once; nothing is left to do.
        assert_eq!(broken(&house.send(&agree(A, "a2", Some(&id)))), ["AnswerToNothingOpen"]);
        assert_eq!(broken(&house.send(&reallocate(B, reason, "r2", APRIL)))[1..], ["NothingToReallocate"]);
        house.post();
        house.pass(at("2023-06-01T00:00:00Z"));
        assert_eq!(house.post(), Vec::<String>::new(), "the wrong customer is told to nobody");
        assert_eq!(house.first_timer(), None);
    }
}

#[test]
fn the_former_supplier_declines_and_its_reasons_are_handed_on() {
    let mut house = taken_over("D07");
    let id = forwarded(&mut house, "D07");
    let decision = house.send(&decline(A, "a1", Some(&id)));
    assert_eq!(codes(&decision), ["D20", "E14"]);
    assert_eq!(decision.outgoing[0].records[0].reasons[0].1, "Kunden har skrevet under");
    assert_eq!(
        house.post(),
        [format!("RejectRequestReallocateChangeOfSupplier D07 {B}/DDQ"), format!("GenericNotification D35 {B}/DDQ"),]
    );
    assert_eq!((house.supplier(EVE).as_str(), house.supplier(AFTER).as_str()), (A, B));
    assert_eq!((house.first_timer(), house.events.len()), (None, 0));
    assert_eq!(broken(&house.send(&agree(A, "a2", Some(&id)))), ["AnswerToNothingOpen"]);
    assert_eq!(house.post(), [format!("Acknowledgement D07 {A}/DDQ")]);
    // It may be tried again.
    assert_eq!(broken(&house.send(&reallocate(B, "D07", "r2", APRIL))), Vec::<&str>::new());
}

#[test]
fn whoever_does_not_answer_in_time_declines_or_agrees_as_the_market_has_it() {
    for consent in [false, true] {
        let mut house = taken_over("D07");
        house.market.dk_mut().market_roles.reallocate.silence_is_consent = consent;
        let id = forwarded(&mut house, "D07");
        house.pass(at("2023-04-08T08:59:59Z"));
        assert_eq!(house.post(), Vec::<String>::new());
        let story = story(&house, &id);
        let due = story.iter().find(|row| row["what"] == "due").expect("something is due");
        assert_eq!(
            (&due["at"], story[1]["state"].as_str()),
            (&"2023-04-08T09:00:00Z".into(), Some("AwaitingFormerSupplierResponse"))
        );
        house.pass(at("2023-04-08T09:00:00Z"));
        let first = house.sent[0].clone();
        let post = house.post();
        if consent {
            assert_eq!(post[0], format!("ConfirmRequestReallocateChangeOfSupplier D07 {B}/DDQ"));
            assert_eq!(house.supplier(AFTER), A);
        } else {
            assert_eq!(post.len(), 2);
            assert_eq!(first.records[0].reasons[0].0, "D44");
            assert_eq!(house.supplier(AFTER), B);
        }
        assert_eq!(broken(&house.send(&agree(A, "a1", Some(&id)))), ["AnswerToNothingOpen"]);
    }
}

#[test]
fn an_answer_to_nothing_that_is_open_is_acknowledged_as_wrong() {
    let mut house = taken_over("D07");
    let id = forwarded(&mut house, "D07");
    let of_another_kind = house.course_of("c1").process;
    let rows = [
        (agree(A, "a1", None), "AnswerWithoutReference", A),
        (agree(A, "a2", Some(" ")), "AnswerWithoutReference", A),
        (agree(A, "a3", Some("r1")), "AnswerToNothingOpen", A),
        (agree(A, "a4", Some(&"0".repeat(32))), "AnswerToNothingOpen", A),
        (agree(A, "a5", Some(&of_another_kind)), "AnswerToNothingOpen", A),
        (agree(B, "a6", Some(&id)), "AnswerToNothingOpen", B),
        (agree(C, "a7", Some(&id)), "AnswerToNothingOpen", C),
    ];
    for (document, rule, receiver) in rows {
        assert_eq!(broken(&house.send(&document)), [rule]);
        assert_eq!(house.post(), [format!("Acknowledgement D07 {receiver}/DDQ")]);
    }
    assert_eq!(broken(&house.send(&agree(A, "a8", Some(&id)))), Vec::<&str>::new(), "it went on waiting");
}

#[test]
fn where_the_supplier_stays_a_move_is_undone_at_once() {
    let mut house = House::opened();
    house.send(&move_in(A, "m1", APRIL));
    house.pass(at(AFTER));
    assert_eq!(consumer(&house, AFTER), "m1");
    house.post();
    let decision = house.send(&reallocate(A, "D33", "r1", APRIL));
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestReallocateChangeOfSupplier D33 {A}/DDQ"),
            format!("GenericNotification D33 {GRID}/DDM"),
        ]
    );
    let reference = "businessProcessReference_MktActivityRecord.mRID";
    assert_eq!(value(&decision.outgoing[0], reference).as_deref(), Some("ref"));
    assert_eq!((house.supplier(AFTER).as_str(), consumer(&house, AFTER).as_str()), (A, ""));
    // The right customer moves in on the same day.
    assert_eq!(broken(&house.send(&move_in(A, "m2", APRIL))), Vec::<&str>::new());
    assert_eq!(consumer(&house, AFTER), "m2");
}

#[test]
fn what_has_ended_by_itself_is_not_given_back() {
    const DAY: &str = "2023-03-01T23:00:00Z";
    for (reason, stays) in [("E20", "opening"), ("E66", "nobody")] {
        let mut house = House::opened();
        house.send(&ending(A, reason, "x1", DAY));
        house.pass(at("2023-03-03T09:00:00Z"));
        house.send(&move_in(B, "m1", DAY));
        assert_eq!((house.supplier(DAY).as_str(), consumer(&house, DAY).as_str()), (B, "m1"));
        house.post();
        assert_eq!(broken(&house.send(&reallocate(B, "D33", "r1", DAY))), [""; 0]);
        assert_eq!(house.supplier(DAY), "nobody");
        let consumer = consumer(&house, DAY);
        assert_eq!(if consumer.is_empty() { "opening" } else { &*consumer }, stays);
        let post = [
            format!("ConfirmRequestReallocateChangeOfSupplier D33 {B}/DDQ"),
            format!("GenericNotification D34 {B}/DDQ"),
            format!("GenericNotification D33 {GRID}/DDM"),
        ];
        assert_eq!(house.post(), post, "{A} has nothing to agree to");
        assert_eq!(house.told("EnergySupplierChanged").len(), 1, "with the move alone");
    }
}

#[test]
fn the_supply_goes_back_to_whoever_it_was_taken_from_although_that_had_just_begun() {
    const DAY: &str = "2023-03-01T23:00:00Z";
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", DAY));
    house.pass(at("2023-03-03T09:00:00Z"));
    house.send(&move_in(A, "m1", DAY));
    assert_eq!(house.supplier(DAY), A);
    house.post();
    let decision = house.send(&reallocate(A, "D33", "r1", DAY));
    assert_eq!(house.post(), [format!("RequestReallocateChangeOfSupplier D33 {B}/DDQ")]);
    let reference = value(&decision.outgoing[0], "mRID");
    assert_eq!(broken(&house.send(&agree(A, "a1", reference.as_deref()))), ["AnswerToNothingOpen"]);
    assert_eq!(broken(&house.send(&agree(B, "a2", reference.as_deref()))), [""; 0]);
    assert_eq!((house.supplier(DAY).as_str(), consumer(&house, DAY).as_str()), (B, ""));
    assert_eq!(house.supplier("2023-03-01T22:59:59Z"), A);
}

#[test]
fn where_the_supply_passed_to_a_move_of_the_day_it_goes_back() {
    let mut house = House::opened();
    house.send(&ending(A, "E66", "x1", APRIL));
    house.send(&move_in(B, "m1", APRIL));
    house.pass(at(AFTER));
    let decision = house.send(&reallocate(B, "D33", "r1", APRIL));
    let asked = value(&decision.outgoing[0], "mRID");
    assert_eq!(broken(&house.send(&agree(A, "a1", asked.as_deref()))), [""; 0]);
    assert_eq!((house.supplier(AFTER).as_str(), consumer(&house, AFTER).as_str()), (A, "nobody"));
}

#[test]
fn everything_else_stands_still_meanwhile() {
    let mut house = taken_over("D07");
    house.send(&request(C, "E03", "c2", "2023-04-06T22:00:00Z"));
    house.post();
    let id = forwarded(&mut house, "D07");
    let status = |house: &House, of: &str| {
        let point = house.accounting_point(POINT);
        point.processes().into_iter().find(|it| it.transaction_id == of).unwrap().status
    };
    assert_eq!(status(&house, "c2"), Status::Suspended);
    for refused in [request(C, "E03", "c3", "2023-05-31T22:00:00Z"), move_in(C, "m3", "2023-05-31T22:00:00Z")] {
        assert_eq!(broken(&house.send(&refused)), ["ReallocationRunning"]);
    }
    house.pass(at("2023-04-07T09:00:00Z"));
    assert_eq!(house.supplier("2023-04-07T09:00:00Z"), B, "its day has come, and it stands still");
    let mut declined = house.clone();
    for (house, before) in [(&mut house, A), (&mut declined, B)] {
        match before {
            A => house.send(&agree(A, "a1", Some(&id))),
            _ => house.send(&decline(A, "a1", Some(&id))),
        };
        assert_eq!(status(house, "c2"), Status::Completed, "it has taken effect as of its day");
        assert_eq!(house.supplier("2023-04-06T21:59:59Z"), before);
        assert_eq!(house.supplier("2023-04-06T22:00:00Z"), C);
        let point = house.accounting_point(POINT);
        assert!(point.supplies().windows(2).all(|pair| pair[0].period.end <= pair[1].period.start));
    }
}

#[test]
fn a_consent_of_the_wrong_customer_lapses_with_its_move() {
    let mut house = taken_over("D33");
    let mut of_the_new = request(C, "E03", "c2", "2023-04-30T22:00:00Z");
    of_the_new.records[0].customer = Some(customer_id(PERSON));
    assert_eq!(broken(&house.send(&of_the_new)), Vec::<&str>::new());
    house.post();
    let id = forwarded(&mut house, "D33");
    house.send(&agree(A, "a1", Some(&id)));
    assert_eq!(house.post().last(), Some(&format!("NotifyCancellation E03 {C}/DDQ")));
    assert_eq!(house.told("FutureEnergySupplierChangeCancelled")[0].payload["reason"], "superseded");
    house.pass(at("2023-06-01T00:00:00Z"));
    assert_eq!((house.supplier("2023-06-01T00:00:00Z").as_str(), house.first_timer()), (A, None));
}

#[test]
fn a_consent_of_the_wrong_customer_lapses_although_somebody_else_is_to_move_in() {
    let mut house = taken_over("D33");
    let mut of_the_new = request(C, "E03", "c2", "2023-05-30T22:00:00Z");
    of_the_new.records[0].customer = Some(customer_id(PERSON));
    assert_eq!(broken(&house.send(&of_the_new)), Vec::<&str>::new());
    let mut third = move_in(C, "m3", "2023-04-30T22:00:00Z");
    third.records[0].customer = Some(customer_id("0202801234"));
    assert_eq!(broken(&house.send(&third)), Vec::<&str>::new());
    let mut of_the_third = request(A, "E03", "c3", "2023-05-31T22:00:00Z");
    of_the_third.records[0].customer = Some(customer_id("0202801234"));
    assert_eq!(broken(&house.send(&of_the_third)), Vec::<&str>::new());
    house.post();
    let id = forwarded(&mut house, "D33");
    house.send(&agree(A, "a1", Some(&id)));
    assert_eq!(house.post().last(), Some(&format!("NotifyCancellation E03 {C}/DDQ")));
    house.send(&cancellation(C, "E65", "x1", "m3"));
    assert_eq!(house.post().last(), Some(&format!("NotifyCancellation E03 {A}/DDQ")));
    house.pass(at("2023-07-01T00:00:00Z"));
    assert_eq!((house.supplier("2023-07-01T00:00:00Z").as_str(), house.first_timer()), (A, None));
}

/// The books of a move-out that ended a supply, as whoever reports it leaves them.
#[test]
fn a_move_out_that_was_wrong_leaves_no_trace() {
    let requester = ActorNumber::new(A);
    let (start, end): (Timestamp, Timestamp) = (at("2021-12-31T23:00:00Z"), at(APRIL));
    let process = |id: &str, kind, effective, reason: &str| Process {
        id: id.into(),
        kind,
        number: 0,
        reason: reason.into(),
        effective,
        status: Status::Pending,
        requester: Some(requester.clone()),
        transaction_id: id.into(),
        suspended_by: None,
        ends_supply: false,
        takes_over: None,
        supply: None,
        consumer: None,
        balance: None,
    };
    let mut point = AccountingPoint::unknown(MeteringPointId::new(POINT));
    let dates = Dates { start: Some(start), end: Some(end), reversed: false };
    let supply = crate::process::accounting_points::SupplyRegistration { supplier: requester.clone(), dates };
    let customer = "c-1".to_string();
    let consumer = crate::process::accounting_points::ConsumerRegistration { customer, second: None, dates };
    let opening = process("o", ProcessKind::Opening, start, "");
    point.register(Process {
        status: Status::Completed,
        supply: Some(supply),
        consumer: Some(consumer),
        requester: None,
        ..opening
    });
    let out = process("out", ProcessKind::MoveOut, end, "E66");
    point.register(Process { status: Status::Completed, ends_supply: true, ..out });
    assert_eq!(point.supplier_at(end), None);
    point.register(process("r", ProcessKind::Reallocation, end, "D33"));
    let reversal = point.reverse("r").unwrap();
    assert_eq!((reversal.reversed, reversal.to), (vec!["out".to_string()], Some(requester.clone())));
    assert_eq!(point.supplier_at(end), Some(&requester));
    assert!(point.consumer_at(end).is_some());
    assert_eq!(point.reverse("r"), None, "once");
}
