//! Every reason why a request cannot be taken back.

use crate::market::ActorRole;
use crate::process::change_of_supplier::tests::*;
use crate::process::charge_documents::tests::at;
use crate::process::market_documents::requests::RequestCancellation;

/// What is done to a house in which B has asked for a change on 1 April as `c1`, and to the cancellation of it.
type Tweak = fn(&mut House, &mut RequestCancellation);

fn check(tweak: Tweak, rules: &[&str], answered: &[&str]) {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    let mut asked = cancellation(B, "E03", "x1", "c1");
    tweak(&mut house, &mut asked);
    let decision = house.send(&asked);
    assert_eq!(broken(&decision), rules);
    assert_eq!(codes(&decision), answered, "{rules:?}");
    let kind = if rules.is_empty() { "ConfirmRequestCancellation" } else { "RejectRequestCancellation" };
    assert_eq!(decision.outgoing[0].kind.name, kind);
    assert_eq!(decision.outgoing[0].receiver.role, ActorRole::EnergySupplier);
}

#[test]
fn every_rule_has_its_code() {
    let rows: &[(Tweak, &[&str], &[&str])] = &[
        (|_, _| {}, &[], &[]),
        (|_, it| it.records[0].metering_point = id(""), &["GsrnNumberIsRequired"], &["E10"]),
        (|_, it| it.records[0].metering_point = id("571313100000001001"), &["InvalidGsrnNumber"], &["E10"]),
        (|_, it| it.records[0].original_transaction_id = None, &["TransactionIdIsEmpty"], &["D64"]),
        (|_, it| it.records[0].original_transaction_id = Some(" ".into()), &["TransactionIdIsEmpty"], &["D64"]),
        (
            |_, it| {
                it.records[0].metering_point = id("1");
                it.records[0].original_transaction_id = None;
            },
            &["InvalidGsrnNumber", "TransactionIdIsEmpty"],
            &["E10", "D64"],
        ),
        (|_, it| it.records[0].metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        (|_, it| it.records[0].original_transaction_id = Some("c2".into()), &["OriginalTransactionUnknown"], &["E0H"]),
        (|_, it| it.header.sender_number = C.into(), &["OriginalTransactionOfAnother"], &["E16"]),
        (
            |house, it| {
                house.point("571313100000001017", "E17", "Connected");
                it.records[0].metering_point = id("571313100000001017");
            },
            &["MeteringPointDiffersFromOriginal"],
            &["D05"],
        ),
        (|_, it| it.header.business_reason = "E65".into(), &["ReasonDoesNotWithdrawOriginal"], &["D40"]),
        (
            |house, it| {
                house.point("571313100000001017", "E17", "Connected");
                it.records[0].metering_point = id("571313100000001017");
                it.header.business_reason = "E56".into();
            },
            &["MeteringPointDiffersFromOriginal", "ReasonDoesNotWithdrawOriginal"],
            &["D05", "D40"],
        ),
        (
            |house, it| {
                house.send(&request(C, "E03", "rejected", APRIL));
                it.header.sender_number = C.into();
                it.records[0].original_transaction_id = Some("rejected".into());
            },
            &["OriginalIsNotOngoing"],
            &["E47"],
        ),
        (
            |house, _| {
                house.send(&cancellation(B, "E03", "x0", "c1"));
            },
            &["OriginalIsNotOngoing"],
            &["E47"],
        ),
        // All that is wrong with what it names is told at once.
        (
            |house, it| {
                house.send(&cancellation(B, "E03", "x0", "c1"));
                house.point("571313100000001017", "E17", "Connected");
                it.records[0].metering_point = id("571313100000001017");
                it.header.business_reason = "E65".into();
            },
            &["MeteringPointDiffersFromOriginal", "ReasonDoesNotWithdrawOriginal", "OriginalIsNotOngoing"],
            &["D05", "D40", "E47"],
        ),
        (
            |house, it| {
                house.pass(at("2023-03-28T22:00:00Z"));
                it.header.business_reason = "E65".into();
            },
            &["ReasonDoesNotWithdrawOriginal", "CancellationTooLate"],
            &["D40", "E17"],
        ),
        (|house, _| house.pass(at("2023-03-28T21:59:59Z")), &[], &[]),
        (|house, _| house.pass(at("2023-03-28T22:00:00Z")), &["CancellationTooLate"], &["E17"]),
        (|house, _| house.pass(at("2023-04-10T00:00:00Z")), &["CancellationTooLate"], &["E17"]),
    ];
    for (tweak, rules, answered) in rows {
        check(*tweak, rules, answered);
    }
}

#[test]
fn a_reason_withdraws_what_it_stands_for() {
    for (original, reason, taken) in [
        ("D30", "E03", true),
        ("D30", "D30", true),
        ("E03", "D30", false),
        ("D21", "E65", true),
        ("D29", "D29", true),
        ("E65", "D21", false),
        ("E56", "E56", true),
        ("E56", "E03", false),
    ] {
        let mut house = House::opened();
        let sender = if original == "E56" { A } else { B };
        let mut asked = if matches!(original, "D21" | "D29" | "E65") {
            move_in(sender, "o", APRIL)
        } else {
            request(sender, original, "o", APRIL)
        };
        asked.header.business_reason = original.into();
        assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new(), "{original}");
        let decision = house.send(&cancellation(sender, reason, "x", "o"));
        assert_eq!(broken(&decision).is_empty(), taken, "{original} withdrawn with {reason}");
    }
}

#[test]
fn a_move_in_may_be_cancelled_until_its_day() {
    let cancelled_at = |instant: &str| {
        let mut house = House::opened();
        house.send(&move_in(B, "m1", APRIL));
        house.pass(at(instant));
        codes(&house.send(&cancellation(B, "E65", "x1", "m1")))
    };
    assert_eq!(cancelled_at("2023-03-31T21:59:59Z"), Vec::<String>::new());
    assert_eq!(cancelled_at(APRIL), ["E17"]);
}

/// 2.10: as a change of supplier.
#[test]
fn a_change_of_balance_responsible_party_may_be_cancelled_until_72_hours_before_its_day() {
    for (instant, expected) in [("2023-03-28T21:59:59Z", vec![]), ("2023-03-28T22:00:00Z", vec!["E17"])] {
        let mut house = House::opened();
        house.send(&request(A, "E56", "b1", APRIL));
        house.pass(at(instant));
        assert_eq!(codes(&house.send(&cancellation(A, "E56", "x1", "b1"))), expected, "{instant}");
    }
}

#[test]
fn a_cancelled_change_leaves_its_day_to_others() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&cancellation(B, "E03", "x1", "c1"));
    assert_eq!(house.accounting_point(POINT).future_suppliers(), []);
    assert_eq!(broken(&house.send(&request(C, "E03", "c2", APRIL))), Vec::<&str>::new());
    house.pass(at("2023-04-02T00:00:00Z"));
    assert_eq!(house.supplier("2023-04-02T00:00:00Z"), C);
}
