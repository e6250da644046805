//! The registry against what it was told.

use std::collections::BTreeMap;

use super::*;
use crate::document::Wire;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::Pack;
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs};

type Store = BTreeMap<Key, Entry>;

fn load(store: &Store, needs: &Needs) -> Facts {
    let mut facts = Facts::default();
    for key in needs.keys() {
        facts.insert(key.clone(), store.get(key).cloned());
    }
    for range in needs.ranges() {
        let entries = store.iter().filter(|(key, _)| range.contains(key));
        facts.insert_range(range.clone(), entries.map(|(key, entry)| (key.clone(), entry.clone())).collect());
    }
    facts
}

fn register_all(store: &mut Store, participants: &[Participant]) {
    let changes = register(&load(store, &register_needs(participants)), participants).unwrap();
    for change in changes {
        match change {
            Change::Put(key, value) => store.insert(key, Entry { version: 1, value }),
            Change::Delete(key) => store.remove(&key),
        };
    }
}

fn somebody(number: &str, role: ActorRole, status: Status, external_id: Option<&str>) -> Participant {
    Participant {
        pack: Pack::DK,
        party: Party { number: ActorNumber::new(number), role },
        name: format!("{number} A/S"),
        status,
        actor_id: format!("actor-{number}"),
        external_id: external_id.map(str::to_string),
        form: None,
    }
}

#[test]
fn who_is_live_in_a_role_is_found_by_number() {
    use ActorRole::{EnergySupplier, GridAccessProvider};
    let mut store = Store::new();
    let all: Vec<Participant> = Status::ALL
        .into_iter()
        .enumerate()
        .flat_map(|(n, status)| {
            [EnergySupplier, GridAccessProvider].map(|role| somebody(&format!("{}", 5 - n), role, status, None))
        })
        .collect();
    register_all(&mut store, &all);
    let live = live_in_role(&load(&store, &needs_of_role(Pack::DK, EnergySupplier)), Pack::DK, EnergySupplier);
    assert_eq!(live.iter().map(|party| party.number.as_str()).collect::<Vec<_>>(), ["2", "4"]);
    assert!(live.iter().all(|party| party.role == EnergySupplier));
    for one in &all {
        assert_eq!(
            participant(&load(&store, &needs_of(Pack::DK, &one.party)), Pack::DK, &one.party).as_ref(),
            Some(one)
        );
    }
    let nobody = Party { number: ActorNumber::new("9"), role: EnergySupplier };
    assert_eq!(participant(&load(&store, &needs_of(Pack::DK, &nobody)), Pack::DK, &nobody), None);
}

/// One number in one role, in two markets: each knows its own, and what becomes of one is not seen in the other.
#[test]
fn each_pack_has_a_registry_of_its_own() {
    let role = ActorRole::EnergySupplier;
    let mut store = Store::new();
    let here = somebody("1", role, Status::Active, Some("id"));
    let elsewhere = another_pack();
    let there = Participant { pack: elsewhere, name: "1 GmbH".into(), status: Status::New, ..here.clone() };
    let live = |store: &Store, pack| live_in_role(&load(store, &needs_of_role(pack, role)), pack, role);
    let known = |store: &Store, pack| participant(&load(store, &needs_of(pack, &here.party)), pack, &here.party);
    let logins = |store: &Store| by_external_id(&load(store, &needs_of_external_id("id")), "id").len();
    register_all(&mut store, std::slice::from_ref(&here));
    assert_eq!((live(&store, Pack::DK).len(), live(&store, elsewhere).len()), (1, 0));
    assert_eq!(known(&store, elsewhere), None);
    register_all(&mut store, &[here.clone(), there.clone()]);
    assert_eq!((live(&store, Pack::DK).len(), live(&store, elsewhere).len()), (1, 0));
    assert_eq!((known(&store, Pack::DK), known(&store, elsewhere)), (Some(here.clone()), Some(there.clone())));
    assert_eq!(logins(&store), 2);
    register_all(&mut store, &[Participant { external_id: None, ..there }]);
    assert_eq!(logins(&store), 1, "who leaves one market still logs in for the other");
}

/// Spaces are listed in `ARCHITECTURE.md`; no two packs share one.
#[test]
fn no_two_packs_share_a_range() {
    let ranges: Vec<KeyRange> = Pack::all().map(record::everybody).collect();
    for (place, one) in ranges.iter().enumerate() {
        assert!(ranges[place + 1..].iter().all(|other| !one.contains(&other.from) && !other.contains(&one.from)));
    }
}

#[test]
fn an_external_id_leads_to_every_role_of_its_actor_until_it_changes() {
    let long = "x".repeat(500);
    for (first, second) in [("id-1", "id-2"), (long.as_str(), "id-2")] {
        let mut store = Store::new();
        let find = |store: &Store, id: &str| by_external_id(&load(store, &needs_of_external_id(id)), id);
        let supplier = somebody("1", ActorRole::EnergySupplier, Status::Active, Some(first));
        let grid = somebody("1", ActorRole::GridAccessProvider, Status::Active, Some(first));
        register_all(&mut store, &[supplier.clone(), grid.clone()]);
        assert_eq!(find(&store, first), [grid.party.clone(), supplier.party.clone()]);
        assert_eq!(find(&store, "id"), []);
        register_all(&mut store, &[Participant { external_id: Some(second.into()), ..supplier.clone() }]);
        assert_eq!((find(&store, first), find(&store, second)), (vec![grid.party], vec![supplier.party.clone()]));
        register_all(&mut store, &[Participant { external_id: None, ..supplier.clone() }]);
        assert_eq!(find(&store, second), []);
    }
}

/// Who has somebody else's external id would act as them.
#[test]
fn an_external_id_stands_for_one_number_in_all_packs() {
    use ActorRole::{EnergySupplier, GridAccessProvider};
    let has = |number: &str, role, id| somebody(number, role, Status::Active, Some(id));
    let elsewhere = |number: &str, id| Participant { pack: another_pack(), ..has(number, EnergySupplier, id) };
    let without = |number: &str| somebody(number, GridAccessProvider, Status::Active, None);
    let rows = [
        (vec![has("0", GridAccessProvider, "a")], "0 a 1"),
        (vec![has("2", EnergySupplier, "a")], "2 a 1"),
        (vec![elsewhere("2", "a")], "2 a 1"),
        (vec![somebody("2", GridAccessProvider, Status::Deleted, Some("a"))], "2 a 1"),
        (vec![has("3", GridAccessProvider, "c"), has("4", GridAccessProvider, "c")], "4 c 3"),
        (vec![elsewhere("2", "b"), has("1", GridAccessProvider, "b")], "1 b 2"),
        (vec![has("1", EnergySupplier, "a"), elsewhere("1", "a")], ""),
        (vec![without("1"), has("2", GridAccessProvider, "a")], ""),
        (vec![has("1", GridAccessProvider, "b"), has("2", GridAccessProvider, "a")], ""),
    ];
    for (told, taken) in rows {
        let mut store = Store::new();
        register_all(&mut store, &[has("1", GridAccessProvider, "a"), has("2", GridAccessProvider, "b")]);
        let found = register(&load(&store, &register_needs(&told)), &told).err();
        let found = found.map(|it| format!("{} {} {}", it.number, it.external_id, it.holder));
        assert_eq!(found.unwrap_or_default(), taken, "{told:?}");
    }
}

#[test]
fn every_change_rewrites_the_record_that_guards_the_ranges() {
    let mut store = Store::new();
    let one = [somebody("1", ActorRole::EnergySupplier, Status::Active, None)];
    for changes in 1..4 {
        register_all(&mut store, &one);
        assert_eq!(record::read_owner(&store[&record::owner_key()].value), changes);
    }
    assert_eq!(register(&load(&store, &register_needs(&[])), &[]), Ok(vec![]));
}

/// Bytes that version 1 wrote. They must be read for as long as a store may hold them.
#[test]
fn old_bytes_are_read() {
    let one = somebody("1", ActorRole::SystemOperator, Status::Passive, Some("e"));
    let bytes = b"\x01\x04\x051 A/S\x07actor-1\x01\x01e";
    assert_eq!(&record::write(&one)[..], bytes);
    assert_eq!(record::read(Pack::DK, one.party.clone(), bytes), one);
    for (form, number) in [(Wire::CimXml, 1), (Wire::CimJson, 2), (Wire::Ebix, 3)] {
        let chosen = Participant { form: Some(form), ..one.clone() };
        let bytes = [b"\x02", &bytes[1..], &[number]].concat();
        assert_eq!(&record::write(&chosen)[..], bytes);
        assert_eq!(record::read_status(&bytes), one.status);
        assert_eq!(record::read(Pack::DK, one.party.clone(), &bytes), chosen);
    }
    assert_eq!(record::read_status(bytes), Status::Passive);
    assert_eq!(record::read_owner(b"\x01\xac\x02"), 300);
    assert_eq!(record::read_external(b"\x01\x02EZ\x011"), one.party);
}

#[test]
fn a_world_file_names_what_it_got_wrong() {
    let actor: Actor = toml::from_str("number = '1'\nrole = 'DDX'\nname = 'One'").unwrap();
    assert_eq!(actor.participant().unwrap().status, Status::Active);
    let wrong = Actor { role: "D99".into(), ..actor };
    assert_eq!(wrong.participant().unwrap_err().to_string(), "actor 1: `D99` is no role");
    let elsewhere = Actor { pack: another_pack().name().into(), role: "DDQ".into(), ..wrong };
    assert_eq!(elsewhere.participant().unwrap().pack, another_pack());
    let nowhere = Actor { pack: "xx".into(), ..elsewhere };
    assert_eq!(nowhere.participant().unwrap_err().to_string(), "actor 1: `xx` is no pack");
}

fn another_pack() -> Pack {
    Pack::all().next_back().filter(|pack| *pack != Pack::DK).expect("there are several")
}

fn carry_out(store: &mut Store, changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::Put(key, value) => store.insert(key, Entry { version: 1, value }),
            Change::Delete(key) => store.remove(&key),
        };
    }
}

#[test]
fn a_newer_assignment_counts_and_what_comes_late_or_again_does_not() {
    use crate::market::Timestamp;
    let at = Timestamp::from_seconds;
    let print = |digit: char| Thumbprint::parse(&digit.to_string().repeat(64)).unwrap();
    let grid = |number: &str| Party { number: ActorNumber::new(number), role: ActorRole::GridAccessProvider };
    let assignment = |digit, number: &str, sequence, others_until| Assignment {
        certificate: Certificate { thumbprint: print(digit), party: grid(number), from: at(0), until: at(1_000) },
        sequence,
        others_until,
    };
    let mut store = Store::new();
    let registered = |number| somebody(number, ActorRole::GridAccessProvider, Status::New, None);
    register_all(&mut store, &["1", "2", "3"].map(registered));
    let known = |store: &Store, digit| {
        let thumbprint = print(digit);
        certificate(&load(store, &certificate_needs(&thumbprint)), &thumbprint)
    };
    let give = |store: &mut Store, assignment: &Assignment| {
        let first = load(store, &assign_needs(&assignment.certificate));
        let more = more_needs(&first, &assignment.certificate.party);
        let facts = load(store, &assign_needs(&assignment.certificate).and(more));
        assign(&facts, assignment).map(|changes| carry_out(store, changes))
    };
    assert_eq!(give(&mut store, &assignment('a', "4", None, None)), Err(NotAssigned::Unknown(grid("4"))));
    assert_eq!(give(&mut store, &assignment('a', "1", Some(5), None)), Ok(()));
    for late in [5, 4] {
        let told = give(&mut store, &assignment('b', "1", Some(late), None));
        assert_eq!(told, Err(NotAssigned::NotNewer { given: late, last: 5 }));
    }
    assert_eq!(give(&mut store, &assignment('b', "1", None, Some(at(70)))), Ok(()));
    let good = |store: &Store, digit, second| known(store, digit).unwrap().is_good_at(at(second));
    assert!(good(&store, 'a', 69) && !good(&store, 'a', 70) && good(&store, 'b', 999) && !good(&store, 'b', 1_000));
    assert_eq!(give(&mut store, &assignment('c', "1", None, Some(at(500)))), Ok(()));
    assert!(!good(&store, 'a', 70), "what has its end is not made longer");
    assert_eq!(give(&mut store, &assignment('b', "2", None, None)), Err(NotAssigned::Foreign(grid("1"))));

    let facts = load(&store, &certificate_needs(&print('b')).and(more_needs(&Facts::default(), &grid("1"))));
    carry_out(&mut store, withdraw(&facts, &print('b')));
    assert_eq!(known(&store, 'b'), None);
    let again = give(&mut store, &assignment('b', "1", Some(6), None));
    assert_eq!(again, Err(NotAssigned::NotNewer { given: 6, last: 7 }), "its assignment comes again, too late");
    assert_eq!(give(&mut store, &assignment('b', "2", None, None)), Ok(()), "it is free for somebody else");
    assert_eq!(withdraw(&load(&store, &certificate_needs(&print('f'))), &print('f')), Vec::new());
    for count in 0..CERTIFICATES_MAX {
        let digit = char::from_digit(count as u32 % 16, 16).unwrap();
        let thumbprint = Thumbprint::parse(&format!("{digit}{}", "9".repeat(63))).unwrap();
        let mut one = assignment('a', "3", None, None);
        one.certificate.thumbprint = thumbprint;
        assert_eq!(give(&mut store, &one), Ok(()));
    }
    assert_eq!(give(&mut store, &assignment('d', "3", None, None)), Err(NotAssigned::TooMany));
}

#[test]
fn a_thumbprint_is_read_as_openssl_writes_it() {
    let digits = "AB:".repeat(31) + "AB";
    assert_eq!(Thumbprint::parse(&digits).unwrap().as_str(), "ab".repeat(32));
    for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(65)] {
        assert_eq!(Thumbprint::parse(wrong), None, "{wrong}");
    }
}
