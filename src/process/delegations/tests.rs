//! Delegations against the market's rules (post-office 5.3, Appendix D "Delegation and registry").

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::configure::{DELEGATES_MAX, ROWS_MAX};
use super::*;
use crate::document::{Field, Kind, Outgoing, Record};
use crate::market::{ActorNumber, ActorRole, MeteringPointId, MeteringPointType, Party, Timestamp};
use crate::process::market_documents::kinds::{CUSTOMER_ANSWER, CUSTOMER_DATA, METERING_POINT_DATA};
use crate::process::market_documents::letters::point_of;
use crate::process::metering_points::{self, ConnectionState, MasterData, MeteringPoint, Version};
use crate::process::{Context, Market, charge_links, charges};
use crate::record::{Change, Entry, Facts, Key, Needs};

const P: Process = Process::OutgoingCustomerCharacteristics;

#[derive(Default)]
struct Store(BTreeMap<Key, Entry>);

impl Store {
    fn load(&self, needs: &Needs) -> Facts {
        let mut facts = Facts::default();
        for key in needs.keys() {
            facts.insert(key.clone(), self.0.get(key).cloned());
        }
        for range in needs.ranges() {
            let entries = self.0.iter().filter(|(key, _)| range.contains(key));
            facts.insert_range(range.clone(), entries.map(|(key, entry)| (key.clone(), entry.clone())).collect());
        }
        facts
    }

    fn write(&mut self, changes: Vec<Change>) {
        for change in changes {
            let Change::Put(key, value) = change else { panic!("rows are never taken back") };
            self.0.insert(key, Entry { version: 1, value });
        }
    }

    fn configure(&mut self, wanted: &[Wanted]) -> Result<Vec<Configured>, NotConfigured> {
        let (changes, configured) = configure(&self.load(&configure_needs(wanted)), wanted)?;
        self.write(changes);
        Ok(configured)
    }

    fn of(rows: &[Delegation]) -> Self {
        let mut store = Store::default();
        for row in rows {
            store.configure(&[numbered(row)]).unwrap();
        }
        store
    }

    fn delegate(&self, by: &Party, process: Process, area: &str, at: i64) -> Option<String> {
        let facts = self.load(&needs_of(by, process, area));
        delegate(&facts, by, process, area, day(at)).map(|to| to.number.to_string())
    }
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_seconds(1_690_840_800 + number * 86_400)
}

fn party(number: &str, role: ActorRole) -> Party {
    Party { number: ActorNumber::new(number), role }
}

fn grid() -> Party {
    party("8100000000030", ActorRole::GridAccessProvider)
}

fn acting(number: &str) -> Party {
    party(number, ActorRole::Delegated)
}

fn row(sequence: u64, starts: i64, stops: Option<i64>, to: &str) -> Delegation {
    let (starts, stops) = (day(starts), stops.map(day));
    let sequence = sequence.into();
    Delegation { sequence, process: P, grid_area: "131".into(), starts, stops, by: grid(), to: acting(to) }
}

fn numbered(row: &Delegation) -> Wanted {
    Wanted { row: row.clone(), numbered: true }
}

/// Rows, and who acts on each of the days 0 to 6.
#[test]
fn of_the_rows_that_have_begun_the_highest_number_counts_until_it_stops() {
    type Days = [&'static str; 7];
    let rows: Vec<(&str, Vec<Delegation>, Days)> = vec![
        ("nothing", vec![], [""; 7]),
        ("open end", vec![row(1, 2, None, "a")], ["", "", "a", "a", "a", "a", "a"]),
        ("half-open", vec![row(1, 1, Some(3), "a")], ["", "a", "a", "", "", "", ""]),
        ("empty", vec![row(1, 2, Some(2), "a")], [""; 7]),
        ("cancelled", vec![row(1, 2, Some(1), "a")], [""; 7]),
        (
            "cancelled by a newer row",
            vec![row(1, 1, None, "a"), row(2, 3, Some(2), "a")],
            ["", "a", "a", "", "", "", ""],
        ),
        ("overlapping", vec![row(1, 0, Some(5), "a"), row(2, 2, Some(4), "b")], ["a", "a", "b", "b", "", "", ""]),
        (
            "the lower number begins later",
            vec![row(2, 0, Some(3), "b"), row(1, 2, None, "a")],
            ["b", "b", "b", "", "", "", ""],
        ),
        (
            "one after the other",
            vec![row(1, 0, Some(2), "a"), row(2, 2, None, "b")],
            ["a", "a", "b", "b", "b", "b", "b"],
        ),
        ("the end is moved", vec![row(1, 1, None, "a"), row(2, 1, Some(4), "a")], ["", "a", "a", "a", "", "", ""]),
        (
            "a newer row is yet to begin",
            vec![row(1, 0, None, "a"), row(9, 6, None, "b")],
            ["a", "a", "a", "a", "a", "a", "b"],
        ),
    ];
    for (what, rows, expected) in rows {
        // They may come in any order, and again.
        let mut orders = vec![rows.clone(), rows.iter().rev().cloned().collect()];
        orders.push(rows.iter().chain(&rows).cloned().collect());
        for order in orders {
            let store = Store::of(&order);
            for (at, expected) in (0..).zip(expected) {
                let found = store.delegate(&grid(), P, "131", at).unwrap_or_default();
                assert_eq!(found, expected, "{what}, day {at}");
            }
            let shown: Vec<Delegation> = (store.0.iter())
                .filter(|(key, _)| every_delegation().contains(key))
                .map(|(key, entry)| read_delegation(key, entry))
                .collect();
            for (at, expected) in (0..).zip(expected) {
                let in_force = with_force(shown.clone(), day(at)).into_iter().filter(|(_, in_force)| *in_force);
                let told: String = in_force.map(|(row, _)| row.to.number.to_string()).collect();
                assert_eq!(told, expected, "{what}, shown of day {at}");
            }
        }
    }
    let store = Store::of(&[row(1, 1, Some(3), "a")]);
    let facts = store.load(&needs_of(&grid(), P, "131"));
    let at = |micros: i64| delegate(&facts, &grid(), P, "131", Timestamp::from_micros(micros)).is_some();
    let (starts, stops) = (day(1).micros(), day(3).micros());
    assert_eq!([at(starts - 1), at(starts), at(stops - 1), at(stops)], [false, true, true, false]);
}

#[test]
fn a_delegation_is_of_one_participant_one_process_and_one_grid_area() {
    let store = Store::of(&[row(1, 0, None, "a")]);
    let other_role = party("8100000000030", ActorRole::EnergySupplier);
    let other_number = party("8200000000011", ActorRole::GridAccessProvider);
    for (by, process, area, expected) in [
        (&grid(), P, "131", Some("a")),
        (&grid(), P, "13", None),
        (&grid(), P, "132", None),
        (&grid(), Process::OutgoingBillingMasterData, "131", None),
        (&grid(), Process::IncomingMeteringPointCharacteristics, "131", None),
        (&other_role, P, "131", None),
        (&other_number, P, "131", None),
    ] {
        assert_eq!(store.delegate(by, process, area, 1).as_deref(), expected, "{by} {process:?} {area}");
    }
}

#[test]
fn only_a_grid_access_provider_or_a_delegated_party_that_is_named_may_act() {
    let to_grid = Delegation { to: party("8200000000011", ActorRole::GridAccessProvider), ..row(1, 0, None, "a") };
    for (row, caller, expected) in [
        (row(1, 0, None, "a"), acting("a"), true),
        (row(1, 0, None, "a"), acting("b"), false),
        (row(1, 0, None, "a"), party("a", ActorRole::GridAccessProvider), false),
        (to_grid.clone(), to_grid.to.clone(), true),
        (to_grid.clone(), acting("8200000000011"), false),
        (to_grid, grid(), false),
    ] {
        let store = Store::of(std::slice::from_ref(&row));
        let facts = store.load(&needs_of(&grid(), P, "131"));
        assert_eq!(may_act(&facts, &caller, &grid(), P, "131", day(1)), expected, "{caller}");
        assert!(!may_act(&facts, &caller, &grid(), P, "131", day(-1)), "{caller}");
        let facts = store.load(&needs_of_any());
        assert_eq!(is_delegate(&facts, &caller), row.to == caller, "{caller}");
    }
    for role in ActorRole::all() {
        let may = matches!(role, ActorRole::GridAccessProvider | ActorRole::Delegated);
        assert_eq!(may_be_delegate(role), may);
        let refused =
            Store::default().configure(&[numbered(&Delegation { to: party("1", role), ..row(1, 0, None, "a") })]);
        assert_eq!(refused.is_ok(), may, "{role:?}");
    }
}

#[test]
fn a_row_that_is_there_changes_nothing_and_is_never_changed() {
    let mut store = Store::of(&[row(3, 0, None, "a")]);
    let before = store.0.clone();
    let again = store.configure(&[numbered(&row(3, 0, None, "a"))]).unwrap();
    assert_eq!(again, [Configured { row: row(3, 0, None, "a"), new: false }]);
    assert_eq!(store.0, before);
    let other = store.configure(&[numbered(&row(4, 0, None, "a")), numbered(&row(3, 0, None, "b"))]);
    assert_eq!(other, Err(NotConfigured::SequenceUsed { sequence: 3.into(), by: grid() }));
    assert_eq!(store.0, before, "all of a statement, or nothing");
    let twice = [numbered(&row(5, 0, None, "a")), numbered(&row(5, 0, None, "a"))];
    let told: Vec<bool> = store.configure(&twice).unwrap().iter().map(|it| it.new).collect();
    assert_eq!(told, [true, false]);
}

/// Rows without a number, as a file says them.
fn file(rows: &[(i64, &str)]) -> Vec<Wanted> {
    rows.iter().map(|(starts, to)| Wanted { row: row(0, *starts, None, to), numbered: false }).collect()
}

/// Numbers of rows, with a star for those that are new.
fn told(store: &mut Store, wanted: &[Wanted]) -> String {
    let told = store.configure(wanted).unwrap();
    let one = |it: &Configured| format!("{}{}", it.row.sequence, if it.new { "*" } else { "" });
    told.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_row_without_a_number_comes_behind_all_that_was_listed_and_before_what_is_listed_next() {
    let mut store = Store::default();
    assert_eq!(told(&mut store, &file(&[(0, "a")])), "0.1*");
    assert_eq!(told(&mut store, &file(&[(2, "b")])), "0.2*");
    assert_eq!(told(&mut store, &[numbered(&row(0, 0, None, "z"))]), "0*", "no number of a list is ever ours");
    assert_eq!(store.delegate(&grid(), P, "131", 1).as_deref(), Some("a"), "it came later than what was listed so far");
    assert_eq!(told(&mut store, &[numbered(&row(1, 0, None, "c"))]), "1*");
    assert_eq!(store.delegate(&grid(), P, "131", 3).as_deref(), Some("c"), "what is listed now came later");
    assert_eq!(told(&mut store, &[numbered(&row(70, 3, None, "d"))]), "70*");
    assert_eq!(told(&mut store, &file(&[(4, "e"), (5, "f")])), "70.1* 70.2*");
    assert_eq!(told(&mut store, &[numbered(&row(9, 0, None, "late"))]), "9*");
    assert_eq!(store.delegate(&grid(), P, "131", 6).as_deref(), Some("f"));
    let last = numbered(&row(u64::MAX, 6, None, "g"));
    assert_eq!(told(&mut store, std::slice::from_ref(&last)), format!("{}*", u64::MAX));
    assert_eq!(told(&mut store, &file(&[(6, "h")])), format!("{}.1*", u64::MAX));
    assert_eq!(told(&mut store, &[last]), u64::MAX.to_string());
    assert_eq!(store.delegate(&grid(), P, "131", 6).as_deref(), Some("h"));
    let other = Delegation { grid_area: "132".into(), ..row(0, 0, None, "a") };
    let other = Wanted { row: other, numbered: false };
    assert_eq!(told(&mut store, &[other]), format!("{}.1*", u64::MAX), "counted for each thing that rows are about");
}

#[test]
fn a_file_of_rows_without_numbers_that_is_told_again_changes_nothing() {
    let files: [&[(i64, &str)]; 4] =
        [&[(0, "a")], &[(0, "a"), (0, "b")], &[(0, "a"), (0, "b"), (0, "a")], &[(0, "a"), (0, "a"), (1, "a")]];
    let first = ["0.1*", "0.1* 0.2*", "0.1* 0.2* 0.3*", "0.1* 0.1 0.2*"];
    for (rows, first) in files.into_iter().zip(first) {
        let mut store = Store::default();
        assert_eq!(told(&mut store, &file(rows)), first);
        let before = store.0.clone();
        assert_eq!(told(&mut store, &file(rows)), first.replace('*', ""));
        assert_eq!(store.0, before, "{rows:?}");
        // Nor does it take back what has been said in between, by hand or by a list.
        told(&mut store, &file(&[(2, "x")]));
        told(&mut store, &[numbered(&row(5, 3, None, "y"))]);
        let before = store.0.clone();
        assert_eq!(told(&mut store, &file(rows)), first.replace('*', ""));
        assert_eq!(store.0, before, "{rows:?}");
    }
    // What was so earlier is said anew with another start.
    let mut store = Store::default();
    assert_eq!(told(&mut store, &file(&[(0, "a"), (2, "b"), (4, "a")])), "0.1* 0.2* 0.3*");
    // A row that is listed says it as well as one of our own.
    let mut store = Store::of(&[row(7, 0, None, "a")]);
    assert_eq!(told(&mut store, &file(&[(0, "a"), (1, "b")])), "7 7.1*");
}

/// A store from before rows of our own were kept apart has them under plain numbers.
#[test]
fn rows_that_were_numbered_with_the_listed_ones_are_read_and_known_again() {
    let mut store = Store::of(&[row(1, 0, None, "a"), row(2, 1, None, "b")]);
    assert_eq!(told(&mut store, &file(&[(0, "a"), (1, "b"), (2, "c")])), "1 2 2.1*");
    assert_eq!(store.delegate(&grid(), P, "131", 3).as_deref(), Some("c"));
    let keys: Vec<Key> = store.0.keys().filter(|key| every_delegation().contains(key)).cloned().collect();
    let read: Vec<Delegation> = keys.iter().map(|key| read_delegation(key, &store.0[key])).collect();
    let sequences: Vec<String> = read.iter().map(|row| row.sequence.to_string()).collect();
    assert_eq!(sequences, ["1", "2", "2.1"], "they stand in their order");
}

#[test]
fn what_cannot_be_a_row_is_refused() {
    let good = row(1, 0, None, "a");
    let area = |text: &str| Delegation { grid_area: text.into(), ..good.clone() };
    let by_itself = Delegation { by: acting("a"), ..good.clone() };
    for (row, expected) in [
        (area(""), NotConfigured::NoGridArea("".into())),
        (area(" "), NotConfigured::NoGridArea(" ".into())),
        (area(&"é".repeat(17)), NotConfigured::NoGridArea("é".repeat(16))),
        (row(1, 0, None, ""), NotConfigured::NoNumber("".into())),
        (row(1, 0, None, &"1".repeat(17)), NotConfigured::NoNumber("1".repeat(16))),
        (by_itself, NotConfigured::Itself(acting("a"))),
    ] {
        assert_eq!(Store::default().configure(&[numbered(&row)]), Err(expected));
    }
    assert!(Store::default().configure(&[numbered(&area(&"é".repeat(16)))]).is_ok());
    let many = |count: usize| -> Vec<Wanted> { (1..).take(count).map(|it| numbered(&row(it, 0, None, "a"))).collect() };
    let mut store = Store::default();
    assert!(store.configure(&many(ROWS_MAX)).is_ok());
    assert_eq!(store.configure(&many(ROWS_MAX + 1)), Err(NotConfigured::TooManyRows(grid())));
    let delegates = |count: u64| -> Vec<Wanted> {
        let one = |it: u64| Delegation { grid_area: format!("{}", it % 5), ..row(it, 0, None, &format!("{it}")) };
        (1..=count).map(|it| numbered(&one(it))).collect()
    };
    let mut store = Store::default();
    assert!(store.configure(&delegates(DELEGATES_MAX as u64)).is_ok());
    assert_eq!(store.configure(&delegates(DELEGATES_MAX as u64 + 1)), Err(NotConfigured::TooManyDelegates));
}

#[test]
fn every_process_is_found_again_by_its_name() {
    for process in Process::ALL {
        assert_eq!(Process::from_name(process.name()), Some(process));
        assert_eq!(format!("{process:?}"), process.name());
    }
    assert_eq!(Process::from_name("Everything"), None);
    // Whatever is carried is that of a document, out or in, and the other way round.
    let incoming = crate::process::documents().filter_map(|it| Process::of_incoming(it.name)).map(|it| it.0);
    let outgoing = [&METERING_POINT_DATA, &CUSTOMER_DATA, &charge_links::NOTIFY];
    let outgoing = outgoing.into_iter().filter_map(|kind| Process::of_outgoing(&document(kind, &[])));
    let mut found: Vec<Process> = incoming.chain(outgoing).collect();
    found.sort_unstable();
    assert_eq!(found, Process::ALL.into_iter().filter(|it| it.is_carried()).collect::<Vec<_>>());
}

#[test]
fn rows_of_the_first_version_are_read_back() {
    let written = row(7, 0, Some(3), "a");
    let store = Store::of(std::slice::from_ref(&written));
    let bytes: Vec<String> =
        store.0.values().map(|it| it.value.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    insta::assert_snapshot!(bytes.join("\n"));
    let (key, entry) = store.0.iter().find(|(key, _)| every_delegation().contains(key)).unwrap();
    assert_eq!(read_delegation(key, entry), written);
}

/// Metering points `…1` and `…2` in area 131, `…3` in area 132.
fn points() -> Vec<Change> {
    let point = |(number, area): (&str, &str)| {
        let first = Version::first(day(-100), ConnectionState::Connected, false, MasterData::default());
        let id = MeteringPointId::new(number);
        let point = MeteringPoint::new(id, MeteringPointType::Consumption, area, first);
        metering_points::changes(&point, None)
    };
    [("1", "131"), ("2", "131"), ("3", "132")].into_iter().flat_map(point).collect()
}

fn about(point: &str) -> Record {
    let details = vec![Field::Id("mRID", "A10", point.into())];
    let fields = vec![Field::Text("mRID", format!("r{point}")), Field::Group("MarketEvaluationPoint", details)];
    Record { transaction_id: String::new(), reasons: Vec::new(), fields, bearing: None }
}

fn document(kind: &'static Kind, points: &[&str]) -> Outgoing {
    Outgoing {
        kind,
        receiver: grid(),
        delegate: None,
        sender: party("5790001330552", ActorRole::MeteringPointAdministrator),
        business_reason: "E32".into(),
        created: day(1),
        message_id: "m".into(),
        head: Vec::new(),
        records: points.iter().map(|point| about(point)).collect(),
    }
}

/// Each document as its owner's number and its metering points, and the keys that were looked at.
fn forward(rows: &[Delegation], document: Outgoing) -> (Vec<String>, usize) {
    let mut store = Store::of(rows);
    store.write(points());
    let market = Market::dk_defaults();
    let context = Context { now: day(1), caller: market.hub_party(), cause: [7; 32], market: &market };
    let mut looked = 0;
    let load = |needs: &Needs| -> Result<Facts, Infallible> {
        looked = needs.keys().count();
        Ok(store.load(needs))
    };
    let Ok((sent, seen)) = forwarded(vec![document.clone()], &context, load);
    let guarded = seen.versions().any(|(key, _)| needs_of_any().keys().any(|guard| *guard == key));
    assert_eq!(guarded, Process::of_outgoing(&document).is_some(), "a row that comes meanwhile has it decided again");
    assert!(sent.iter().all(|it| it.receiver == grid()), "the header names whom it is for");
    assert_eq!(sent[0].message_id, document.message_id);
    let ids: std::collections::BTreeSet<_> = sent.iter().map(|it| &it.message_id).collect();
    assert_eq!(ids.len(), sent.len(), "no id is sent twice");
    let line = |it: &Outgoing| {
        let points = it.records.iter().map(|record| format!(" {}", point_of(record).unwrap()));
        format!("{}{}", it.owner().number, points.collect::<String>())
    };
    (sent.iter().map(line).collect(), looked)
}

#[test]
fn notifications_go_to_whoever_acts_in_the_area_that_they_are_about() {
    let own = "8100000000030";
    let to_a = row(1, 0, None, "a");
    let elsewhere = |sequence, to: &str| Delegation { grid_area: "132".into(), ..row(sequence, 0, None, to) };
    let other_process = Delegation { process: Process::OutgoingBillingMasterData, ..to_a.clone() };
    for (rows, points, expected) in [
        (vec![], &["1", "3"][..], vec![format!("{own} 1 3")]),
        (vec![to_a.clone()], &["1"], vec!["a 1".into()]),
        (vec![to_a.clone()], &["1", "2"], vec!["a 1 2".into()]),
        (vec![to_a.clone()], &["3"], vec![format!("{own} 3")]),
        (vec![to_a.clone()], &["4"], vec![format!("{own} 4")]),
        (vec![to_a.clone()], &["1", "3", "2"], vec!["a 1 2".into(), format!("{own} 3")]),
        (vec![to_a.clone()], &["3", "1", "4"], vec![format!("{own} 3 4"), "a 1".into()]),
        (vec![to_a.clone(), elsewhere(2, "b")], &["1", "3"], vec!["a 1".into(), "b 3".into()]),
        (vec![to_a.clone(), elsewhere(2, "a")], &["1", "3"], vec!["a 1 3".into()]),
        (vec![row(1, 0, Some(1), "a")], &["1"], vec![format!("{own} 1")]),
        (vec![row(1, 2, None, "a")], &["1"], vec![format!("{own} 1")]),
        (vec![other_process], &["1"], vec![format!("{own} 1")]),
    ] {
        assert_eq!(forward(&rows, document(&CUSTOMER_DATA, points)).0, expected, "{rows:?} {points:?}");
    }
}

#[test]
fn nothing_but_one_record_is_looked_at_where_nothing_is_delegated() {
    assert_eq!(forward(&[], document(&METERING_POINT_DATA, &["1", "2", "3"])).1, 1);
    // Of what cannot be delegated, not even that.
    assert_eq!(forward(&[row(1, 0, None, "a")], document(&CUSTOMER_ANSWER, &["1"])).1, 0);
}

#[test]
fn answers_are_never_delegated_and_of_notifications_those_that_are_about_an_area() {
    let of = |kind: &'static Kind, reason: &str| {
        let document = Outgoing { business_reason: reason.into(), ..document(kind, &["1"]) };
        Process::of_outgoing(&document).map(Process::name)
    };
    for kind in crate::process::market_documents::kinds::ALL {
        let expected = match kind {
            _ if *kind == METERING_POINT_DATA => Some("OutgoingMeteringPointCharacteristics"),
            _ if *kind == CUSTOMER_DATA => Some("OutgoingCustomerCharacteristics"),
            _ => None,
        };
        assert_eq!(of(kind, "E03"), expected, "{}", kind.name);
        assert!(expected.is_none() || kind.status.is_none());
    }
    assert_eq!(of(&charge_links::NOTIFY, "D17"), Some("OutgoingBillingMasterData"));
    assert_eq!(of(&charge_links::NOTIFY, "E0G"), None, "it answers a query");
    for kind in [&charge_links::CONFIRM, &charge_links::REJECT, &charges::CONFIRM, &charges::REJECT, &charges::NOTIFY] {
        assert_eq!(of(kind, "D17"), None, "{}", kind.name);
    }
}
