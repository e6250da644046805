//! The books of an accounting point: single cases, and random histories against a naive model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::market::{ActorNumber, AddressType, CustomerNumber, MeteringPointId, Timestamp};
use crate::process::charge_documents::tests::Store;
use crate::process::market_documents::Address;
use crate::process::market_documents::master_data::Contact;
use crate::record::{Change, Entry};

/// Midnight at the start of a day; which calendar it is in does not matter here.
fn day(day: i64) -> Timestamp {
    Timestamp::from_seconds(day * 86_400)
}

fn supplier(number: u8) -> ActorNumber {
    ActorNumber::new(number.to_string())
}

fn process(id: &str, kind: ProcessKind, effective: i64, by: u8) -> Process {
    let dates = Dates::default();
    let consumes = kind == ProcessKind::MoveIn;
    let supplies = consumes || kind == ProcessKind::ChangeOfSupplier;
    Process {
        id: id.into(),
        kind,
        number: 0,
        reason: "E03".into(),
        effective: day(effective),
        status: Status::Pending,
        requester: Some(supplier(by)),
        transaction_id: format!("t-{id}"),
        suspended_by: None,
        supply: supplies.then(|| SupplyRegistration { supplier: supplier(by), dates }),
        consumer: consumes.then(|| ConsumerRegistration { customer: format!("{id}-1"), second: None, dates }),
        balance: None,
        ends_supply: kind == ProcessKind::EndOfSupply,
        takes_over: None,
    }
}

fn customer(number: &str, name: &str) -> Customer {
    Customer::new(CustomerNumber::new(number), name)
}

fn point() -> AccountingPoint {
    AccountingPoint::unknown(MeteringPointId::new("571313100000000010"))
}

fn suppliers(point: &AccountingPoint, days: &[i64]) -> Vec<String> {
    let at = |at: &i64| point.supplier_at(day(*at)).map_or("-".to_string(), ToString::to_string);
    days.iter().map(at).collect()
}

#[test]
fn a_change_of_supplier_ends_one_supply_and_begins_another() {
    let mut point = point();
    point.register(process("a", ProcessKind::MoveIn, 0, 1));
    point.effectuate("a", day(0)).unwrap();
    point.register(process("b", ProcessKind::ChangeOfSupplier, 10, 2));
    assert_eq!(point.effectuate("b", Timestamp::from_micros(day(10).micros() - 1)), None, "its day has not come");
    assert_eq!(suppliers(&point, &[9, 10, 11]), ["1", "1", "1"]);
    assert_eq!(point.future_suppliers(), [(&supplier(2), day(10))]);
    let effect = point.effectuate("b", day(12)).unwrap();
    assert_eq!((effect.supplier, effect.previous), (Some(supplier(2)), Some(supplier(1))));
    assert_eq!(suppliers(&point, &[-1, 0, 9, 10, 11]), ["-", "1", "1", "2", "2"]);
    assert_eq!(point.effectuate("b", day(12)), None, "never twice");
    assert_eq!(point.consumer_at(day(11)).unwrap().0.id, "a", "the consumer stays");
}

#[test]
fn a_move_in_by_the_current_supplier_lets_its_supply_go_on() {
    let mut point = point();
    point.register(process("a", ProcessKind::MoveIn, 0, 1));
    point.effectuate("a", day(0)).unwrap();
    point.register(process("b", ProcessKind::MoveIn, 10, 1));
    let effect = point.effectuate("b", day(10)).unwrap();
    assert_eq!((effect.supplier, effect.previous), (None, None));
    assert_eq!(point.supplies().len(), 1);
    assert_eq!(point.consumer_at(day(9)).unwrap().0.id, "a");
    assert_eq!(point.consumer_at(day(10)).unwrap().0.id, "b");
}

#[test]
fn a_move_in_in_the_past_takes_only_the_time_until_the_next_supply() {
    let mut point = point();
    for (id, kind, at, by) in [
        ("a", ProcessKind::MoveIn, 0, 1),
        ("b", ProcessKind::ChangeOfSupplier, 10, 2),
        ("c", ProcessKind::MoveIn, 5, 3),
    ] {
        point.register(process(id, kind, at, by));
        point.effectuate(id, day(12)).unwrap();
    }
    assert_eq!(suppliers(&point, &[4, 5, 9, 10]), ["1", "3", "3", "2"]);
    assert_eq!(point.consumer_at(day(20)).unwrap().0.id, "c");
}

#[test]
fn a_move_in_suspends_the_changes_on_its_day_and_behind_it() {
    let mut point = point();
    for (id, at) in [("earlier", 4), ("same day", 5), ("later", 6)] {
        point.register(process(id, ProcessKind::ChangeOfSupplier, at, 2));
    }
    point.register(process("m", ProcessKind::MoveIn, 5, 3));
    assert_eq!(point.suspend_for("m"), ["later", "same day"]);
    assert_eq!(point.effectuate("same day", day(5)), None);
    let mut withdrawn = point.clone();
    assert_eq!(withdrawn.cancel("m").unwrap(), ["later", "same day"]);
    assert!(["earlier", "same day", "later"].iter().all(|id| withdrawn.process(id).unwrap().status == Status::Pending));
    assert_eq!(point.effectuate("m", day(5)).unwrap().lapsed, ["later", "same day"]);
    assert_eq!(point.process("later").unwrap().status, Status::Cancelled);
    assert_eq!(point.process("earlier").unwrap().status, Status::Pending);
}

#[test]
fn what_several_move_ins_hold_back_comes_back_when_none_is_to_come() {
    let mut point = point();
    point.register(process("c", ProcessKind::ChangeOfSupplier, 8, 2));
    for (id, at, held) in [("late", 6, vec!["c".to_string()]), ("early", 5, vec![]), ("behind", 9, vec![])] {
        point.register(process(id, ProcessKind::MoveIn, at, 3));
        assert_eq!(point.suspend_for(id), held);
    }
    point.register(process("agreed", ProcessKind::ChangeOfSupplier, 8, 4));
    for (gone, comes) in [("late", "early"), ("early", "late")] {
        let mut point = point.clone();
        assert_eq!(point.cancel(gone), Some(vec![]));
        assert_eq!(point.process("c").unwrap().suspended_by.as_deref(), Some(comes));
        assert_eq!(point.clone().cancel(comes), Some(vec!["c".to_string()]));
        assert_eq!(point.effectuate(comes, day(6)).unwrap().lapsed, ["c"]);
    }
    assert_eq!(point.effectuate("early", day(5)).unwrap().lapsed, ["c"], "whichever has suspended it");
    assert_eq!(point.process("agreed").unwrap().status, Status::Pending, "its customer is the one who moves in");
}

#[test]
fn whoever_begins_earlier_leaves_alone_what_another_has_announced_of_a_later_supply() {
    let mut point = point();
    point.register(process("first", ProcessKind::MoveIn, 0, 1));
    point.effectuate("first", day(0)).unwrap();
    for (id, kind, at, by) in [
        ("early", ProcessKind::ChangeOfSupplier, 5, 2),
        ("late", ProcessKind::MoveIn, 10, 3),
        ("change", ProcessKind::ChangeOfSupplier, 20, 4),
        ("of late", ProcessKind::EndOfSupply, 15, 3),
        ("of change", ProcessKind::MoveOut, 30, 4),
        ("of nobody", ProcessKind::MoveOut, 31, 1),
    ] {
        point.register(process(id, kind, at, by));
    }
    assert_eq!(point.effectuate("early", day(5)).unwrap().superseded, ["of nobody"]);
    let mut other = point.clone();
    other.register(process("other", ProcessKind::MoveIn, 8, 5));
    other.suspend_for("other");
    let effect = other.effectuate("other", day(8)).unwrap();
    assert_eq!((effect.lapsed, effect.superseded), (vec!["change".to_string()], vec!["of change".to_string()]));
    for (id, at) in [("late", 10), ("of late", 15), ("change", 20), ("of change", 30)] {
        point.effectuate(id, day(at)).unwrap();
    }
    assert_eq!(suppliers(&point, &[4, 5, 10, 15, 20, 30]), ["1", "2", "3", "-", "4", "4"]);
    assert_eq!(point.consumer_at(day(30)), None);
}

#[test]
fn what_is_cancelled_registers_nothing() {
    let mut point = point();
    point.register(process("a", ProcessKind::ChangeOfSupplier, 5, 2));
    assert_eq!(point.cancel("a"), Some(vec![]));
    assert_eq!((point.cancel("a"), point.effectuate("a", day(6))), (None, None));
    assert_eq!((point.supplies(), point.future_suppliers()), (vec![], vec![]));
}

#[test]
fn an_end_of_supply_leaves_nobody_and_a_change_before_it_overtakes_it() {
    let mut point = point();
    point.register(process("a", ProcessKind::MoveIn, 0, 1));
    point.effectuate("a", day(0)).unwrap();
    point.register(process("x", ProcessKind::EndOfSupply, 8, 1));
    let mut overtaken = point.clone();
    overtaken.register(process("b", ProcessKind::ChangeOfSupplier, 8, 2));
    assert_eq!(suppliers(&overtaken.as_expected(), &[7, 8, 9]), ["1", "2", "2"]);
    assert_eq!(point.effectuate("x", day(8)).unwrap().previous, Some(supplier(1)));
    assert_eq!(suppliers(&point, &[7, 8]), ["1", "-"]);
}

/// A supplier announces the end of its supply for the day of a change of its own that it has asked for before.
#[test]
fn an_end_that_its_own_change_does_not_overtake_is_carried_out() {
    let mut point = point();
    point.register(process("a", ProcessKind::MoveIn, 0, 1));
    point.effectuate("a", day(0)).unwrap();
    point.register(process("b", ProcessKind::ChangeOfSupplier, 5, 1));
    let mut end = process("e", ProcessKind::EndOfSupply, 5, 1);
    end.supply = None;
    point.register(end);
    assert_eq!(point.effectuate("e", day(5)).unwrap().previous, Some(supplier(1)));
    point.effectuate("b", day(5)).unwrap();
    assert!(point.open().is_empty());
    assert_eq!(suppliers(&point, &[4, 5]), ["1", "1"]);
}

#[test]
fn what_is_written_is_read_back_and_guarded() {
    let mut store = Store::default();
    let id = MeteringPointId::new("571313100000000010");
    let needs = needs_of(&id);
    let mut point = AccountingPoint::load(&store.facts(&needs), &id);
    assert_eq!(point.changes(), []);
    point.register(process("a", ProcessKind::MoveIn, 3, 1));
    point.register(process("b", ProcessKind::ChangeOfSupplier, 9, 2));
    point.register(process("c", ProcessKind::MoveIn, 7, 3));
    point.suspend_for("c");
    point.effectuate("a", day(3)).unwrap();
    store.commit(&point.changes());
    let mut found = AccountingPoint::load(&store.facts(&needs), &id);
    assert_eq!(found.processes(), point.processes());
    assert_eq!(found.changes(), []);
    found.cancel("c").unwrap();
    let written: Vec<_> = found.changes().into_iter().map(|change| change.key().clone()).collect();
    let keys = ["b", "c"].map(|process| record::process_key(&id, process));
    let no_more = record::supplied_key(&supplier(3), &id);
    assert_eq!(written, [keys[0].clone(), keys[1].clone(), guard_key(&id), no_more]);
    assert_eq!(supplies(&store.facts(&needs), &id).len(), 2, "the suspended change is not expected to happen");
}

/// Bytes that were written, those of version 1 of a process first. They must be read for as long as a store may hold them.
#[test]
fn old_bytes_are_read() {
    let mut process = process("b", ProcessKind::MoveIn, 1, 2);
    process.suspended_by = Some("m".into());
    process.supply.as_mut().unwrap().dates.end = Some(day(2));
    let id = MeteringPointId::new("5713");
    let key = record::process_key(&id, "b");
    let old = b"\x01\x02\0\x03E03\x80\x80\xbb\xdd\x83\x05\0\x01\x012\x03t-b\x01\x01m\x01\x012\0\x01\x80\x80\xf6\xba\x87\x0a\0\x01\x03b-1\0\0\0\0\0";
    assert_eq!(record::read_process(&key, old), process);
    let second = [&[2], &old[1..], &[0]].concat();
    assert_eq!(record::read_process(&key, &second), process);
    let bytes = record::write_process(&process);
    assert_eq!(&bytes[..], [&[3], &old[1..], &[0, 0]].concat());
    assert_eq!(record::read_process(&key, &bytes), process);
    let forced = Process { takes_over: Some(supplier(1)), ..process };
    assert_eq!(record::read_process(&key, &record::write_process(&forced)), forced);
    let kept = customer("0101801234", "Ann").keep("r");
    let Change::Put(_, bytes) = kept else { panic!("it is put") };
    assert_eq!(&bytes[..], b"\x01\x0a0101801234\x03Ann");
}

/// Under whom an accounting point is noted, after what has changed since `before`.
fn noted(changes: &[Change]) -> Vec<String> {
    let noted = changes.iter().filter(|it| it.key().space() == record::SUPPLIED);
    let line = |it: &Change| {
        let by = it.key().reader().text().unwrap();
        if matches!(it, Change::Put(..)) { format!("+{by}") } else { format!("-{by}") }
    };
    noted.map(line).collect()
}

#[test]
fn an_accounting_point_is_noted_under_whoever_supplies_it_or_is_to() {
    let written = |point: &mut AccountingPoint| {
        let changes = point.changes();
        let mut store = Store::default();
        for process in point.processes() {
            store.commit(&[Change::Put(record::process_key(&point.id, &process.id), record::write_process(process))]);
        }
        let id = point.id.clone();
        *point = AccountingPoint::load(&store.facts(&needs_of(&id)), &id);
        noted(&changes)
    };
    let mut point = point();
    point.register(process("a", ProcessKind::MoveIn, 0, 1));
    assert_eq!(written(&mut point), ["+1"]);
    point.effectuate("a", day(0)).unwrap();
    point.register(process("b", ProcessKind::ChangeOfSupplier, 10, 2));
    assert_eq!(written(&mut point), ["+2"]);
    let mut cancelled = point.clone();
    cancelled.cancel("b");
    assert_eq!(written(&mut cancelled), ["-2"]);
    point.effectuate("b", day(10)).unwrap();
    assert_eq!(written(&mut point), ["-1"]);
    let mut ending = process("e", ProcessKind::EndOfSupply, 20, 2);
    ending.supply = None;
    point.register(ending);
    assert_eq!(written(&mut point), [""; 0]);
    point.effectuate("e", day(20)).unwrap();
    assert_eq!(written(&mut point), ["-2"]);
    assert!(point.note_suppliers().is_empty());
}

#[test]
fn customers_are_the_same_by_number_and_by_name_where_a_number_is_not_known() {
    let rows = [
        ("0101801234", "Ann", "0101801234", "Anne Marie", true),
        ("0101801234", "Ann", "0101801235", "Ann", false),
        ("0101800000", "Ann", "0101801235", " ann ", true),
        ("0101800000", "Ann", "0101800000", "Bea", false),
        ("0101800000", "", "0101800000", "", false),
        ("12345678", "Firm", "12345678", "Firm Ltd", true),
        ("11111111", "Firm", "12345678", "FIRM", true),
        ("10000000", "Firm", "12345678", "Firm", false),
    ];
    for (one, name, other, other_name, same) in rows {
        let (one, other) = (customer(one, name), customer(other, other_name));
        assert_eq!((one.is_same_as(&other), other.is_same_as(&one)), (same, same), "{name} {other_name}");
    }
}

#[test]
fn a_personal_number_is_not_shown() {
    let table: CustomerTable = toml::from_str(
        "metering_point = '571313'\nnumber = '0101801234'\nname = 'Ann'\nstart = '2021-01-01T00:00:00Z'",
    )
    .unwrap();
    let shown = format!("{:?} {:?}", customer("0101801234", ""), table);
    assert_eq!(
        shown,
        "Customer { number: CustomerNumber(a CPR number), name: \"\" } CustomerTable(571313 2021-01-01T00:00:00Z)"
    );
    let in_its_space = |change: &Change| change.key().space() == record::CUSTOMERS;
    for change in table.changes().unwrap() {
        let Change::Put(_, bytes) = &change else { panic!("a world puts") };
        assert_eq!(bytes.windows(10).any(|part| part == b"0101801234"), in_its_space(&change));
    }
}

#[test]
fn a_world_says_who_supplies_and_who_consumes() {
    let mut store = Store::default();
    let supply = |supplier: &str, start: &str, end: Option<&str>| SupplyTable {
        metering_point: "571313".into(),
        supplier: supplier.into(),
        start: start.into(),
        end: end.map(str::to_string),
    };
    let customer = CustomerTable {
        metering_point: "571313".into(),
        number: "12345678".into(),
        name: "Firm".into(),
        start: "2020-01-01T23:00:00Z".into(),
        end: None,
    };
    store.commit(&supply("1", "2021-01-01T23:00:00Z", None).changes().unwrap());
    store.commit(&supply("2", "2020-01-01T23:00:00Z", Some("2021-01-01T23:00:00Z")).changes().unwrap());
    store.commit(&customer.changes().unwrap());
    // A metering point whose number only begins alike is another one.
    let other = SupplyTable { metering_point: "5713130".into(), ..supply("3", "2020-01-01T23:00:00Z", None) };
    store.commit(&other.changes().unwrap());
    let id = MeteringPointId::new("571313");
    let at = |text| Timestamp::parse_date_time(text).unwrap();
    let facts = store.facts(&needs_of(&id));
    let found = AccountingPoint::load(&facts, &id);
    let names: Vec<String> = found.supplies().into_iter().map(|it| it.supplier.to_string()).collect();
    assert_eq!(names, ["2", "1"]);
    let (_, consumer) = found.consumer_at(at("2022-01-01T00:00:00Z")).unwrap();
    let facts = store.facts(&customers::needs_of(&consumer.customer));
    assert_eq!(customers::customer(&facts, &consumer.customer).unwrap().name, "Firm");
    let wrong = supply("1", "2021-01-01T23:00:00Z", Some("2021-01-01T23:00:00Z")).changes().unwrap_err();
    assert_eq!(wrong.to_string(), "supply 571313: `2021-01-01T23:00:00Z` is no end");
}

#[test]
fn transactions_are_found_by_the_senders_id_and_by_ours() {
    let transaction = transactions::Transaction {
        sender: supplier(1),
        transaction_id: "c0001".into(),
        own_id: "0".repeat(32),
        document: "RequestChangeOfSupplier".into(),
        message_id: "m".into(),
        reason: "E03".into(),
        point: MeteringPointId::new("571313"),
        received: day(3),
        broken: vec![("InvalidGsrnNumber".into(), "E10".into())],
    };
    let mut store = Store::default();
    store.commit(&transaction.keep());
    let needs = transactions::needs_of(&supplier(1), "c0001").and(transactions::needs_of_own_id(&transaction.own_id));
    let facts = store.facts(&needs);
    assert_eq!(transactions::transaction(&facts, &supplier(1), "c0001"), Some(transaction.clone()));
    assert_eq!(transactions::by_own_id(&facts, &transaction.own_id), Some((supplier(1), "c0001".into())));
    assert!(!transaction.is_accepted());
    let _: &BTreeMap<_, Entry> = &store.records;
}

#[derive(Debug, Clone)]
enum Step {
    Register { move_in: bool, effective: i64, by: u8 },
    Cancel(usize),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let register = (any::<bool>(), -10..30_i64, 1..5_u8).prop_map(|(move_in, effective, by)| Step::Register {
        move_in,
        effective,
        by,
    });
    let step =
        prop_oneof![3 => register, 1 => (0..20_usize).prop_map(Step::Cancel), 2 => (1..8_i64).prop_map(Step::Wait)];
    prop::collection::vec(step, 1..40)
}

/// The naive model: from a day on, somebody supplies, until the next day on which somebody begins.
fn at_day(model: &BTreeMap<i64, u8>, day: i64) -> Option<u8> {
    model.range(..=day).next_back().map(|(_, by)| *by)
}

proptest! {
    #[test]
    fn no_instant_has_two_suppliers_and_all_is_as_a_naive_model_has_it(steps in steps()) {
        let mut point = point();
        let (mut model, mut now, mut ids) = (BTreeMap::new(), 0_i64, Vec::<String>::new());
        for step in steps {
            match step {
                Step::Register { move_in, effective, by } => {
                    let effective = now + effective;
                    let kind = if move_in { ProcessKind::MoveIn } else { ProcessKind::ChangeOfSupplier };
                    let id = format!("{:03}", ids.len());
                    point.register(process(&id, kind, effective, by));
                    if move_in {
                        point.suspend_for(&id);
                    }
                    ids.push(id);
                }
                Step::Cancel(which) => {
                    if let Some(id) = ids.get(which) {
                        let open = point.process(id).unwrap().status.is_open();
                        prop_assert_eq!(point.cancel(id).is_some(), open);
                    }
                }
                Step::Wait(days) => now += days,
            }
            let due: Vec<(String, i64, u8)> = point
                .open()
                .into_iter()
                .filter(|it| it.effective <= day(now) && it.status == Status::Pending)
                .map(|it| (it.id.clone(), it.effective.seconds() / 86_400, it.requester.as_ref().unwrap().as_str().parse().unwrap()))
                .collect();
            for (id, effective, by) in due {
                if point.effectuate(&id, day(now)).is_some() && at_day(&model, effective) != Some(by) {
                    model.insert(effective, by);
                }
                prop_assert_eq!(point.effectuate(&id, day(now)), None);
            }
            let supplies = point.supplies();
            prop_assert!(supplies.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start));
            let expected = point.as_expected().supplies();
            prop_assert!(expected.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start));
            for at in -40..now + 40 {
                prop_assert_eq!(point.supplier_at(day(at)).cloned(), at_day(&model, at).map(supplier), "day {}", at);
                let consumers = point.processes().into_iter().filter_map(|it| it.consumer.as_ref()?.dates.period());
                prop_assert!(consumers.filter(|period| period.contains(day(at))).count() <= 1);
            }
        }
    }
}

#[test]
fn old_bytes_of_customer_data_are_read() {
    let text = |text: &str| Some(text.to_string());
    let contact = Contact {
        address_type: AddressType::Juridical,
        address_reference: None,
        address: Address { street: text("Mill Lane"), post_box: text("7"), ..Address::default() },
        name: text("Ann"),
        attention: None,
        phone: None,
        mobile: None,
        email: text("a@b.dk"),
        protected_address: Some(true),
    };
    let data = CustomerData {
        number: 3,
        process: "p".into(),
        from: day(1),
        supplier: supplier(1),
        supply_start: day(0),
        completes: text("c"),
        first: "o-1".into(),
        second: None,
        electrical_heating: Some(true),
        electrical_heating_from: None,
        protected_name: None,
        contacts: vec![contact],
    };
    let id = MeteringPointId::new("571313");
    let Change::Put(key, bytes) = data.keep(&id) else { panic!("it is put") };
    assert_eq!(bytes, OLD_CUSTOMER_DATA);
    let mut store = Store::default();
    store.commit(&[Change::Put(key, bytes)]);
    assert_eq!(customer_data::versions(&store.facts(&customer_data::needs_of(&id)), &id), [data]);
}

/// Version 1, as it was written first.
const OLD_CUSTOMER_DATA: &[u8] =
    b"\x01\x01p\x80\x80\xbb\xdd\x83\x05\x011\x00\x01\x01c\x03o-1\x00\x01\x01\x00\x00\x01\x01\x01\x01\x00\x01\
    \x03Ann\x00\x00\x00\x01\x06a@b.dk\x00\x01\tMill Lane\x00\x00\x00\x00\x00\x00\x00\x00\x01\x017";
