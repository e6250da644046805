//! Queries for master data: every rule, who sees what of which time.

use super::*;
use crate::document::Outgoing;
use crate::market::Party;
use crate::process::change_of_supplier::tests::*;
use crate::process::charge_documents::tests::{ACTING, at, party};
use crate::process::delegations::Process;
use crate::process::market_documents::Sent;
use crate::process::market_documents::customers::{CustomerCharacteristics, SentContact};
use crate::process::market_documents::requests::RequestAccountingPointCharacteristics;

const TODAY: &str = "2023-02-28T23:00:00Z";

/// A query that breaks no rule at [`NOW`] when A or the grid company sends it.
fn query(sender: &str, transaction_id: &str) -> RequestAccountingPointCharacteristics {
    let record = MasterDataQuery {
        transaction_id: transaction_id.into(),
        metering_point: id(POINT),
        ..MasterDataQuery::default()
    };
    let mut header = header(sender, "E0G", "D18", &format!("m-{transaction_id}"));
    if sender == GRID || sender == "8200000000011" {
        header.sender_role = "DDM".into();
    }
    Sent { header, reason_code: None, records: vec![record] }
}

fn between(
    sender: &str,
    transaction_id: &str,
    start: &str,
    end: Option<&str>,
) -> RequestAccountingPointCharacteristics {
    let mut query = query(sender, transaction_id);
    query.records[0].start = Some(start.into());
    query.records[0].end = end.map(str::to_string);
    query
}

/// On whose behalf, in which role the caller is logged in, and what comes of it: master data, or a broken rule.
#[test]
fn master_data_are_asked_for_on_behalf_of_whoever_lets_the_asker_in_the_grid_area() {
    const P: Process = Process::RequestMeteringPointCharacteristics;
    use ActorRole::{Delegated, EnergySupplier, GridAccessProvider};
    let told = |house: &mut House, role: &str, initiator: Option<(&str, &str)>| {
        let mut query = query(ACTING, &format!("t{}", house.sent.len()));
        query.header.sender_role = role.into();
        let record = &mut query.records[0];
        record.initiator = initiator.map(|(number, _)| id(number));
        record.initiator_role = initiator.map(|(_, role)| role.to_string());
        let decision = house.send(&query);
        let answer = &decision.outgoing[0];
        assert_eq!((answer.receiver.number.as_str(), answer.receiver.role.code()), (ACTING, role));
        assert_eq!(answer.owner(), &party(ACTING, house.calls_as.unwrap()));
        broken(&decision).first().copied().unwrap_or(answer.kind.name)
    };
    let asks = |by: Party, to_role: ActorRole, area: &str, stops: Option<&str>| {
        let mut house = House::opened();
        house.calls_as = Some(to_role);
        house.store.delegate_to(P, area, by, party(ACTING, to_role), (at(TODAY), stops.map(at)));
        house
    };
    let (supplier, grid) = (party(A, EnergySupplier), party(GRID, GridAccessProvider));
    let (data, no) = ("AccountingPointCharacteristics", "NoDelegation");
    let mut house = asks(supplier.clone(), Delegated, "131", None);
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDQ"))), data);
    assert_eq!(told(&mut house, "DDQ", Some((B, "DDQ"))), no);
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDM"))), no);
    assert_eq!(told(&mut house, "DDQ", Some((A, "XYZ"))), no);
    assert_eq!(told(&mut house, "DDM", Some((A, "DDQ"))), no, "it sends in the role of another");
    assert_eq!(told(&mut house, "DDQ", None), no, "a supplier is named");
    assert_eq!(told(&mut house, "DDM", None), no, "the grid company has not allowed it");
    let mut house = asks(grid.clone(), Delegated, "131", None);
    assert_eq!(told(&mut house, "DDM", None), data, "the grid company is known");
    assert_eq!(told(&mut house, "DDM", Some((GRID, "DDM"))), data);
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDQ"))), no);
    let mut house = asks(supplier.clone(), GridAccessProvider, "131", None);
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDQ"))), data);
    assert_eq!(told(&mut house, "DDM", None), "SenderMustBeGridOperator", "it asks for itself");
    assert_eq!(told(&mut house, "DDQ", None), no, "in another role than its own it asks for nobody");
    let mut house = asks(supplier.clone(), Delegated, "132", None);
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDQ"))), no);
    let mut house = asks(supplier, Delegated, "131", Some(NOW));
    assert_eq!(told(&mut house, "DDQ", Some((A, "DDQ"))), no);
}

/// A supplier that does not supply the metering point may see nothing there, and nobody for it.
#[test]
fn a_delegate_sees_no_more_than_whom_it_asks_for() {
    let mut house = House::opened();
    house.calls_as = Some(ActorRole::Delegated);
    let (by, to) = (party(B, ActorRole::EnergySupplier), party(ACTING, ActorRole::Delegated));
    house.store.delegate_to(Process::RequestMeteringPointCharacteristics, "131", by, to, (at(TODAY), None));
    let mut query = query(ACTING, "t1");
    (query.records[0].initiator, query.records[0].initiator_role) = (Some(id(B)), Some("DDQ".into()));
    assert_eq!(broken(&house.send(&query)), ["MayNotSeeAccountingPoint"]);
}

/// What is done to a query that breaks no rule.
type Tweak = fn(&mut MasterDataQuery);
/// Sender, what is done, the rules that are broken, the codes that are told.
type Row = (&'static str, Tweak, &'static [&'static str], &'static [&'static str]);

#[test]
fn every_rule_has_its_code() {
    let rows: &[Row] = &[
        (A, |_| {}, &[], &[]),
        (GRID, |_| {}, &[], &[]),
        (A, |it| it.metering_point = id(""), &["GsrnNumberIsRequired"], &["D64"]),
        (A, |it| it.metering_point = id("571313100000001001"), &["InvalidGsrnNumber"], &["E10"]),
        (A, |it| it.start = Some("2023-03-01T00:00:00+01:00".into()), &["DateFormatMustBeUTC"], &["E86"]),
        (
            A,
            |it| (it.start, it.end) = (Some(TODAY.into()), Some("2023-03-01T23:00:00.5Z".into())),
            &["DateFormatMustBeUTC"],
            &["E86"],
        ),
        (A, |it| it.end = Some(APRIL.into()), &["PeriodMustBeValid"], &["E50"]),
        (A, |it| (it.start, it.end) = (Some(APRIL.into()), Some(APRIL.into())), &["PeriodMustBeValid"], &["E50"]),
        (A, |it| (it.start, it.end) = (Some(TODAY.into()), Some(APRIL.into())), &[], &[]),
        (A, |it| it.initiator = Some(id(A)), &["InitiatorMustBeComplete"], &["D64"]),
        (A, |it| it.initiator_role = Some("DDQ".into()), &["InitiatorMustBeComplete"], &["D64"]),
        (A, |it| (it.initiator, it.initiator_role) = (Some(id(A)), Some("DDQ".into())), &[], &[]),
        (A, |it| (it.initiator, it.initiator_role) = (Some(id(B)), Some("DDQ".into())), &["NoDelegation"], &["D50"]),
        (A, |it| (it.initiator, it.initiator_role) = (Some(id(A)), Some("DDM".into())), &["NoDelegation"], &["D50"]),
        (
            A,
            |it| {
                (it.initiator, it.initiator_role) = (Some(id(B)), Some("DDQ".into()));
                it.initiator.as_mut().unwrap().coding_scheme = "A01".into();
            },
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (A, |it| it.metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        // The metering point begins with 2021.
        (
            GRID,
            |it| (it.start, it.end) = (Some("2019-12-31T23:00:00Z".into()), Some("2020-12-31T23:00:00Z".into())),
            &["UnknownAccountingPoint"],
            &["E10"],
        ),
        (
            GRID,
            |it| (it.start, it.end) = (Some("2019-12-31T23:00:00Z".into()), Some("2020-12-31T23:00:01Z".into())),
            &[],
            &[],
        ),
        (B, |_| {}, &["MayNotSeeAccountingPoint"], &["D27"]),
        // Its supply begins with 2022.
        (
            A,
            |it| (it.start, it.end) = (Some("2021-01-31T23:00:00Z".into()), Some("2021-12-31T23:00:00Z".into())),
            &["MayNotSeeAccountingPoint"],
            &["D27"],
        ),
        ("8200000000011", |_| {}, &["SenderMustBeGridOperator"], &["E0I"]),
    ];
    for (sender, tweak, rules, answered) in rows {
        let mut house = House::opened();
        let mut asked = query(sender, "q1");
        tweak(&mut asked.records[0]);
        let decision = house.send(&asked);
        assert_eq!(broken(&decision), *rules);
        assert_eq!(codes(&decision), *answered, "{rules:?}");
        let kinds: Vec<&str> = decision.outgoing.iter().map(|it| it.kind.name).collect();
        if rules.is_empty() {
            assert_eq!(kinds[0], "AccountingPointCharacteristics");
        } else {
            assert_eq!(kinds, ["RejectRequestAccountingPointCharacteristics"]);
        }
    }
}

/// `start name-of-a-value` of every record of the answers, metering points before customers.
fn told(house: &mut House, query: &RequestAccountingPointCharacteristics) -> Vec<String> {
    let decision = house.send(query);
    assert_eq!(broken(&decision), Vec::<&str>::new());
    let line = |document: &Outgoing| -> Vec<String> {
        let parts =
            document.records.iter().map(|record| Outgoing { records: vec![record.clone()].into(), ..document.clone() });
        let parts = parts.map(|part| {
            let of = |name| value(&part, name).unwrap_or_else(|| "nobody".into());
            assert_eq!(of("originalTransactionIDReference_MktActivityRecord.mRID"), query.records[0].transaction_id);
            let name = if part.kind.type_code == "D20" {
                of("energySupplier_MarketParticipant.mRID")
            } else {
                of("firstCustomer_MarketParticipant.name")
            };
            format!("{} {} {name}", part.kind.type_code, of("validityStart_DateAndOrTime.dateTime"))
        });
        parts.collect()
    };
    decision.outgoing.iter().flat_map(line).collect()
}

#[test]
fn a_supplier_sees_its_own_times_and_a_grid_company_all() {
    let mut house = House::opened();
    house.send(&move_in(B, "m1", APRIL));
    let before = "2022-12-31T23:00:00Z";
    let a = [format!("D20 {TODAY} {A}"), format!("D17 {TODAY} Example Bakery")];
    assert_eq!(told(&mut house, &query(A, "q1")), a);
    // Whoever is to supply one day is told how it will begin.
    let b = [format!("D20 {APRIL} {B}"), format!("D17 {APRIL} Ann Example")];
    assert_eq!(told(&mut house, &query(B, "q2")), b);
    assert_eq!(told(&mut house, &between(B, "q3", before, None)), b);
    assert_eq!(
        told(&mut house, &between(A, "q4", before, None)),
        [format!("D20 {before} {A}"), format!("D17 {before} Example Bakery")]
    );
    assert_eq!(
        told(&mut house, &between(GRID, "q5", before, None)),
        [
            format!("D20 {before} {A}"),
            format!("D20 {APRIL} {B}"),
            format!("D17 {before} Example Bakery"),
            format!("D17 {APRIL} Ann Example"),
        ]
    );
    assert_eq!(told(&mut house, &query(GRID, "q6")), a);
    // From before there was anybody; and up to a day that is no longer part of it.
    assert_eq!(
        told(&mut house, &between(GRID, "q7", "2019-12-31T23:00:00Z", Some(APRIL))),
        [
            "D20 2020-12-31T23:00:00Z nobody".to_string(),
            format!("D20 2021-12-31T23:00:00Z {A}"),
            "D17 2020-12-31T23:00:00Z nobody".to_string(),
            "D17 2021-12-31T23:00:00Z Example Bakery".to_string(),
        ]
    );
    assert!(!house.is_written(PERSON));
}

#[test]
fn a_record_is_told_for_every_day_on_which_more_was_told_of_a_customer() {
    let mut house = House::opened();
    let update = |transaction_id: &str, name: &str, start: &str| {
        let record = CustomerCharacteristics {
            transaction_id: transaction_id.into(),
            metering_point: id(POINT),
            start: Some(start.into()),
            first_customer_name: Some(name.into()),
            contacts: vec![SentContact { address_type: "D01".into(), ..SentContact::default() }],
            ..CustomerCharacteristics::default()
        };
        let header = header(A, "E34", "D15", &format!("m-{transaction_id}"));
        Sent { header, reason_code: None, records: vec![record] }
    };
    house.send(&update("u1", "Bakery in January", "2022-12-31T23:00:00Z"));
    house.send(&update("u2", "Bakery in February", "2023-01-31T23:00:00Z"));
    assert_eq!(
        told(&mut house, &between(A, "q1", "2022-11-30T23:00:00Z", None)),
        [
            format!("D20 2022-11-30T23:00:00Z {A}"),
            "D17 2022-11-30T23:00:00Z Example Bakery".to_string(),
            "D17 2022-12-31T23:00:00Z Bakery in January".to_string(),
            "D17 2023-01-31T23:00:00Z Bakery in February".to_string(),
        ]
    );
}

#[test]
fn a_supply_that_is_over_is_still_told_to_whoever_had_it() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-05-01T00:00:00Z"));
    assert_eq!(broken(&house.send(&query(A, "q1"))), ["MayNotSeeAccountingPoint"]);
    assert_eq!(
        told(&mut house, &between(A, "q2", TODAY, None)),
        [format!("D20 {TODAY} {A}"), format!("D17 {TODAY} Example Bakery")]
    );
}

#[test]
fn where_nobody_consumes_the_metering_point_alone_is_told() {
    let mut house = House::opened();
    house.point("571313100000001055", "D14", "Connected");
    let mut asked = query(GRID, "q1");
    asked.records[0].metering_point = id("571313100000001055");
    assert_eq!(told(&mut house, &asked), [format!("D20 {TODAY} nobody")]);
}

#[test]
fn a_customer_who_has_left_is_not_there_any_more() {
    let mut house = House::opened();
    assert_eq!(broken(&house.send(&ending(A, "E66", "o1", APRIL))), Vec::<&str>::new());
    assert_eq!(
        told(&mut house, &between(GRID, "q1", TODAY, None)),
        [
            format!("D20 {TODAY} {A}"),
            format!("D20 {APRIL} nobody"),
            format!("D17 {TODAY} Example Bakery"),
            format!("D17 {APRIL} nobody"),
        ]
    );
}
