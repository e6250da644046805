//! Services: every rule, the way to the grid company and back, and taking a request back.

use super::*;
use crate::market::MeteringPointId;
use crate::process::change_of_supplier::tests::*;
use crate::process::charge_documents::tests::at;
use crate::process::market_documents::Sent;
use crate::process::market_documents::answers::{Answered, SentReason};
use crate::process::market_documents::requests::RequestService;
use crate::process::metering_points::GridAreaTable;
use crate::record::Change;

const OTHER_GRID: &str = "8200000000011";
const WISHED: &str = "2023-03-14T23:00:00Z";

/// A request that breaks no rule when A sends it.
fn asked(sender: &str, reason: &str, transaction_id: &str) -> RequestService {
    let record = requests::Service {
        transaction_id: transaction_id.into(),
        process_reference: None,
        start: WISHED.into(),
        metering_point: id(POINT),
        energy_supplier: Some(id(sender)),
        service: "D01".into(),
        description: Some("the meter is in the yard".into()),
    };
    Sent {
        header: header(sender, reason, "D03", &format!("m-{transaction_id}")),
        reason_code: None,
        records: vec![record],
    }
}

fn from_grid(sender: &str, reason: &str, transaction_id: &str) -> Header {
    Header { sender_role: "DDM".into(), ..header(sender, reason, "D04", &format!("m-{transaction_id}")) }
}

fn answered(transaction_id: &str, original: Option<&str>) -> Answered {
    Answered {
        transaction_id: transaction_id.into(),
        process_reference: None,
        original_transaction_id: original.map(str::to_string),
        metering_point: None,
    }
}

fn confirm(sender: &str, transaction_id: &str, original: Option<&str>) -> ConfirmRequestService {
    let record =
        ServiceConfirmed { answered: answered(transaction_id, original), description: Some("on the 15th".into()) };
    Sent { header: from_grid(sender, "D22", transaction_id), reason_code: Some("A02".into()), records: vec![record] }
}

fn reject(sender: &str, transaction_id: &str, original: Option<&str>) -> RejectRequestService {
    let reasons = vec![
        SentReason { code: "D58".into(), text: Some("Ingen adgang".into()) },
        SentReason { code: "D42".into(), text: None },
    ];
    let record = ServiceRejected { answered: answered(transaction_id, original), reasons, description: None };
    Sent { header: from_grid(sender, "D22", transaction_id), reason_code: None, records: vec![record] }
}

/// What is done to a request that breaks no rule.
type Tweak = fn(&mut House, &mut RequestService);
/// Sender, what is done, the rules that are broken, the codes that are told.
type Row = (&'static str, Tweak, &'static [&'static str], &'static [&'static str]);

#[test]
fn every_rule_has_its_code() {
    let rows: &[Row] = &[
        (A, |_, _| {}, &[], &[]),
        (A, |_, it| it.records[0].energy_supplier = None, &[], &[]),
        (A, |_, it| it.records[0].metering_point = id(" "), &["GsrnNumberIsRequired"], &["D64"]),
        (A, |_, it| it.records[0].metering_point = id("57131310000000100"), &["InvalidGsrnNumber"], &["E10"]),
        (
            A,
            |_, it| it.records[0].energy_supplier.as_mut().unwrap().coding_scheme = "A01".into(),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (A, |_, it| it.records[0].energy_supplier = Some(id(B)), &["EnergySupplierDoesNotMatchSender"], &["E16"]),
        (A, |_, it| it.records[0].energy_supplier = Some(id("")), &["EnergySupplierDoesNotMatchSender"], &["E16"]),
        (A, |_, it| it.records[0].start = "2023-03-15".into(), &["DateFormatMustBeUTC"], &["E86"]),
        (A, |_, it| it.records[0].description = Some("é".repeat(512)), &[], &[]),
        (A, |_, it| it.records[0].description = Some("é".repeat(513)), &["DescriptionLength"], &["E86"]),
        (A, |_, it| it.records[0].service = "D16".into(), &["ServiceMustBeKnown"], &["D60"]),
        (
            A,
            |_, it| {
                it.records[0].start = " ".into();
                it.records[0].service = String::new();
            },
            &["DateFormatMustBeUTC", "ServiceMustBeKnown"],
            &["E86", "D60"],
        ),
        (A, |_, it| it.records[0].metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        (B, |_, _| {}, &["SenderMustBeCurrentSupplier"], &["E16"]),
        // A company of two roles asks in the wrong one.
        (A, |_, it| it.header.sender_role = "DDM".into(), &["SenderMustBeCurrentSupplier"], &["E16"]),
        (A, |house, _| house.nobody_runs_the_grid(), &["GridOperatorMustBeKnown"], &["D28"]),
        (
            B,
            |house, _| house.nobody_runs_the_grid(),
            &["SenderMustBeCurrentSupplier", "GridOperatorMustBeKnown"],
            &["E16", "D28"],
        ),
    ];
    for (sender, tweak, rules, answered) in rows {
        let mut house = House::opened();
        let mut request = asked(sender, "D22", "s1");
        tweak(&mut house, &mut request);
        let decision = house.send(&request);
        assert_eq!(broken(&decision), *rules);
        assert_eq!(codes(&decision), *answered, "{rules:?}");
        let kind = if rules.is_empty() { "RequestService" } else { "RejectRequestService" };
        assert_eq!(decision.outgoing.len(), 1);
        assert_eq!(decision.outgoing[0].kind.name, kind);
    }
}

/// Sends a request, and gives the id under which the grid company knows it.
fn forwarded(house: &mut House, reason: &str, transaction_id: &str) -> String {
    let decision = house.send(&asked(A, reason, transaction_id));
    assert_eq!(broken(&decision), Vec::<&str>::new());
    value(&decision.outgoing[0], "mRID").unwrap()
}

fn state(house: &House, id: &str) -> State {
    service::service(&house.store.facts(&service::needs_of(id)), id).unwrap().state
}

#[test]
fn a_request_goes_to_the_grid_company_and_its_answer_back() {
    for reason in ["D22", "E20"] {
        let mut house = House::opened();
        let id = forwarded(&mut house, reason, "s1");
        let sent = house.sent.last().unwrap().clone();
        assert_eq!(house.post(), [format!("RequestService {reason} {GRID}/DDM")]);
        let said = |name| value(&sent, name).unwrap();
        assert_eq!(said("marketEvaluationPoint.energySupplier_MarketParticipant.mRID"), A);
        assert_eq!(said("start_DateAndOrTime.dateTime"), WISHED);
        assert_eq!(said("marketEvaluationPoint.request_ServiceCategory.kind"), "D01");
        assert_eq!(said("description"), "the meter is in the yard");
        assert_eq!(state(&house, &id), State::Open);

        let mut rejected = house.clone();
        let decision = house.send(&confirm(GRID, "g1", Some(&id)));
        assert_eq!(house.post(), [format!("ConfirmRequestService {reason} {A}/DDQ")]);
        let value_of = |name| value(&decision.outgoing[0], name);
        assert_eq!(value_of("originalTransactionIDReference_MktActivityRecord.mRID").as_deref(), Some("s1"));
        assert_eq!(value_of("marketEvaluationPoint.mRID").as_deref(), Some(POINT));
        assert_eq!(value_of("description").as_deref(), Some("on the 15th"));
        assert_eq!(state(&house, &id), State::Confirmed);

        let decision = rejected.send(&reject(GRID, "g1", Some(&id)));
        assert_eq!(rejected.post(), [format!("RejectRequestService {reason} {A}/DDQ")]);
        assert_eq!(codes(&decision), ["D58", "D42"]);
        assert_eq!(decision.outgoing[0].records[0].reasons[0].1, "Ingen adgang");
        assert_eq!(state(&rejected, &id), State::Rejected);
    }
}

#[test]
fn what_says_nothing_is_left_out() {
    let mut house = House::opened();
    let mut request = asked(A, "D22", "s1");
    request.records[0].description = Some(" ".into());
    let decision = house.send(&request);
    let (forwarded, name) = (&decision.outgoing[0], "description");
    let (id, said) = (value(forwarded, "mRID").unwrap(), value(forwarded, name));
    assert_eq!(said, None);
    let mut rejected = house.clone();
    let mut confirmation = confirm(GRID, "g1", Some(&id));
    confirmation.records[0].description = Some(String::new());
    assert_eq!(value(&house.send(&confirmation).outgoing[0], name), None);
    let mut rejection = reject(GRID, "g1", Some(&id));
    rejection.records[0].description = Some(String::new());
    rejection.records[0].reasons = vec![SentReason { code: "D58".into(), text: Some(String::new()) }];
    let decision = rejected.send(&rejection);
    assert_eq!(value(&decision.outgoing[0], name), None);
    assert!(!format!("{:?}", decision.outgoing[0].records[0].fields).contains("\"text\""));
}

#[test]
fn an_answer_to_nothing_that_is_open_is_acknowledged_as_wrong() {
    let mut house = House::opened();
    let id = forwarded(&mut house, "D22", "s1");
    house.post();
    let mut long = confirm(GRID, "g9", Some(&id));
    long.records[0].description = Some("é".repeat(513));
    let rows: [(ConfirmRequestService, &str, &str, &str); 6] = [
        (long, "DescriptionLength", "E86", GRID),
        (confirm(GRID, "g1", None), "AnswerWithoutReference", "D64", GRID),
        (confirm(GRID, "g2", Some(" ")), "AnswerWithoutReference", "D64", GRID),
        (confirm(GRID, "g3", Some("s1")), "AnswerToNothingOpen", "E0H", GRID),
        (confirm(GRID, "g4", Some(&"0".repeat(32))), "AnswerToNothingOpen", "E0H", GRID),
        (confirm(OTHER_GRID, "g5", Some(&id)), "AnswerToNothingOpen", "E0H", OTHER_GRID),
    ];
    for (document, rule, code, receiver) in rows {
        let decision = house.send(&document);
        assert_eq!(broken(&decision), [rule]);
        assert_eq!(codes(&decision), [code]);
        assert_eq!(house.post(), [format!("Acknowledgement D22 {receiver}/DDM")]);
        assert_eq!(state(&house, &id), State::Open, "it goes on waiting");
    }
    // One that is right and one that is wrong in one document; and the same answered twice in it.
    let mut document = confirm(GRID, "g6", Some(&id));
    document.records.push(ServiceConfirmed { answered: answered("g7", Some(&id)), description: None });
    let decision = house.send(&document);
    assert_eq!(decision.fates.iter().map(|it| it.broken.len()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(house.post(), [format!("ConfirmRequestService D22 {A}/DDQ"), format!("Acknowledgement D22 {GRID}/DDM")]);
    assert_eq!(broken(&house.send(&reject(GRID, "g8", Some(&id)))), ["AnswerToNothingOpen"]);
    assert_eq!(state(&house, &id), State::Confirmed);
}

#[test]
fn a_request_may_be_taken_back_until_there_is_an_answer() {
    for reason in ["D22", "E20"] {
        let mut house = House::opened();
        let id = forwarded(&mut house, reason, "s1");
        house.post();
        assert_eq!(broken(&house.send(&cancellation(A, "E20", "x1", "s1"))), ["ReasonDoesNotWithdrawOriginal"]);
        assert_eq!(broken(&house.send(&cancellation(B, "D22", "x2", "s1"))), ["OriginalTransactionUnknown"]);
        house.post();
        let mut answered = house.clone();
        let decision = house.send(&cancellation(A, "D22", "x3", "s1"));
        assert_eq!(broken(&decision), Vec::<&str>::new());
        assert_eq!(
            house.post(),
            [format!("ConfirmRequestCancellation D22 {A}/DDQ"), format!("NotifyCancellation D22 {GRID}/DDM")]
        );
        let original = value(&decision.outgoing[1], "originalTransactionIDReference_MktActivityRecord.mRID");
        assert_eq!(original.as_ref(), Some(&id), "what the grid company was sent");
        assert_eq!(broken(&house.send(&confirm(GRID, "g1", Some(&id)))), ["AnswerToNothingOpen"]);
        assert_eq!(broken(&house.send(&cancellation(A, "D22", "x4", "s1"))), ["OriginalIsNotOngoing"]);

        answered.send(&reject(GRID, "g1", Some(&id)));
        let decision = answered.send(&cancellation(A, "D22", "x3", "s1"));
        assert_eq!((broken(&decision), codes(&decision)), (vec!["CancellationTooLate"], vec!["E17".to_string()]));
    }
    let mut house = House::opened();
    house.send(&asked(B, "D22", "s1"));
    assert_eq!(broken(&house.send(&cancellation(B, "D22", "x1", "s1"))), ["OriginalIsNotOngoing"], "it was rejected");
    house.send(&asked(A, "D22", "s2"));
    let mut other = cancellation(A, "D22", "x2", "s2");
    house.point("571313100000001017", "E17", "Connected");
    other.records[0].metering_point = id("571313100000001017");
    assert_eq!(broken(&house.send(&other)), ["MeteringPointDiffersFromOriginal"]);
}

#[test]
fn two_of_one_document_are_one_commit_and_the_last_word_of_none() {
    let mut house = House::opened();
    forwarded(&mut house, "D22", "s1");
    let mut twice = cancellation(A, "D22", "x1", "s1");
    let mut again = twice.records[0].clone();
    again.transaction_id = "x2".into();
    twice.records.push(again);
    let decision = house.send(&twice);
    assert_eq!(
        decision.fates.iter().map(|it| it.broken.clone()).collect::<Vec<_>>(),
        [vec![], vec!["OriginalIsNotOngoing"]]
    );
}

#[test]
fn a_service_tells_its_story() {
    let mut house = House::opened();
    let id = forwarded(&mut house, "D22", "s1");
    house.send(&reject(GRID, "g1", Some(&id)));
    let rows = story(&house, &id);
    let steps: Vec<&str> = rows.iter().filter_map(|row| row["step"].as_str()).collect();
    assert_eq!(steps, [format!("forwarded to {GRID} as {id}"), "rejected".into()]);
    assert_eq!((&rows[0]["document"], &rows[1]["state"]), (&"RequestService".into(), &"rejected".into()));
}

#[test]
fn what_is_stored_is_read_back() {
    let service = Service {
        id: "0".repeat(32),
        point: MeteringPointId::new(POINT),
        service: "D08".into(),
        wished: at(WISHED),
        reason: "E20".into(),
        requester: actor(A),
        transaction_id: "s1".into(),
        grid_company: actor(GRID),
        asked: at(NOW),
        state: State::Open,
        closed: None,
    };
    for state in State::ALL {
        let mut house = House::opened();
        let service = service.clone().close(state, house.now);
        if state == State::Confirmed {
            let Change::Put(_, bytes) = service.put() else { panic!("it is put") };
            assert_eq!(bytes, OLD_SERVICE);
        }
        house.store.commit(&[service.put()]);
        let facts = house.store.facts(&service::needs_of(&service.id));
        assert_eq!(service::service(&facts, &service.id), Some(service));
    }
}

/// Version 1, as it was written first.
const OLD_SERVICE: &[u8] =
    b"\x01\x12571313100000001000\x03D08\x80\xf0\x9f\xfe\x85\xb9\xfb\x05\x03E20\r5790002000010\x02s1\r\
    8100000000030\x80\x90\x89\xfe\xdd\xf4\xfa\x05\x01\x01\x80\x90\x89\xfe\xdd\xf4\xfa\x05";

impl House {
    fn nobody_runs_the_grid(&mut self) {
        let area = GridAreaTable { code: "131".into(), owner: None };
        self.store.commit(&area.changes());
    }
}
