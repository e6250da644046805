//! Whatever is delivered, in whatever order and version, with time passing in between: in the end every account shows what
//! a model says that looks at all entities at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use proptest::prelude::*;

use super::*;

/// One thing that happens. Entities are numbered; what a version says follows from its number.
#[derive(Debug, Clone)]
enum Step {
    Deliver { kind: usize, number: usize, version: u64 },
    Hours(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let deliver =
        (0..5_usize, 0..4_usize, 1..4_u64).prop_map(|(kind, number, version)| Step::Deliver { kind, number, version });
    prop::collection::vec(prop_oneof![6 => deliver, 1 => (0..60_i64).prop_map(Step::Hours)], 1..90)
}

/// Two installations share a market location; one has none.
fn malo(installation: usize) -> Option<&'static str> {
    [Some(M1), Some(M1), Some(M2), None][installation]
}

fn day(offset: u64) -> NaiveDate {
    date("2026-03-08").checked_add_days(Days::new(offset)).unwrap()
}

/// The slices of an installation in a version: a gap may lie between them, and the last one may end.
fn slices(number: usize, version: u64) -> Vec<TimeSlice> {
    let first = day(version + number as u64);
    let last = first.checked_add_days(Days::new(3 + version)).unwrap();
    let make = |from: NaiveDate, to: Option<NaiveDate>, rate: String| TimeSlice {
        valid_from: from,
        valid_to: to,
        ..time_slice("2026-01-01", None, &rate)
    };
    vec![
        make(day(0), Some(first), format!("R{number}{version}a")),
        make(first.checked_add_days(Days::new(version - 1)).unwrap(), Some(last), format!("R{number}{version}b")),
    ]
}

fn dates(number: usize, version: u64) -> (NaiveDate, Option<NaiveDate>) {
    let start = day(2 * number as u64 + version);
    (start, (version != 2).then(|| start.checked_add_days(Days::new(version + number as u64)).unwrap()))
}

fn entity(kind: usize, number: usize, version: u64) -> Entity {
    let named = |letter: &str| format!("{letter}{number}");
    match kind {
        0 => match partner(&named("P")) {
            Entity::BusinessPartner(it) => {
                Entity::BusinessPartner(BusinessPartner { name: format!("Name {number}.{version}"), ..it })
            }
            other => other,
        },
        1 => object(&named("C"), &format!("City {number}.{version}")),
        2 => installation(&named("I"), &format!("C{}", number / 2), malo(number), &slices(number, version)),
        3 => match contract_account(&named("V"), &format!("P{}", number % 2)) {
            Entity::ContractAccount(it) => Entity::ContractAccount(ContractAccount {
                payment_method: some(&format!("Pay {number}.{version}")),
                ..it
            }),
            other => other,
        },
        _ => {
            let (start, end) = dates(number, version);
            let (account, installation) = (contract_account_of(number), number);
            Entity::BillingContract(BillingContract {
                number: named("B"),
                contract_account: Some(format!("V{account}")),
                installation: Some(format!("I{installation}")),
                start,
                end,
                product: some(&format!("Product {number}.{version}")),
                external_reference: None,
            })
        }
    }
}

fn contract_account_of(contract: usize) -> usize {
    [0, 2, 1, 3][contract]
}

/// The highest version of each entity that was delivered.
type Known = BTreeMap<(usize, usize), u64>;

/// The contracts of each account, by partner and market location or, where there is none, installation.
fn groups(known: &Known) -> BTreeMap<(usize, String), BTreeSet<usize>> {
    let mut groups: BTreeMap<(usize, String), BTreeSet<usize>> = BTreeMap::new();
    for contract in 0..4 {
        let (account, installation) = (contract_account_of(contract), contract);
        let (partner, object) = (account % 2, installation / 2);
        let ground = [(4, contract), (3, account), (0, partner), (2, installation), (1, object)];
        if ground.iter().all(|entity| known.contains_key(entity)) {
            let place = malo(installation).map_or(format!("I{installation}"), str::to_string);
            groups.entry((partner, place)).or_default().insert(contract);
        }
    }
    groups
}

/// What an account with these contracts and this installation shows on a day.
fn shown(
    known: &Known,
    partner: usize,
    contracts: &BTreeSet<usize>,
    installation: usize,
    today: NaiveDate,
) -> Vec<(ValueName, String)> {
    let mut values = vec![
        (ValueName::PartnerName, format!("Name {partner}.{}", known[&(0, partner)])),
        (ValueName::Address, {
            let object = installation / 2;
            address(&format!("City {object}.{}", known[&(1, object)])).to_string()
        }),
    ];
    let slices = slices(installation, known[&(2, installation)]);
    let holds = |slice: &&TimeSlice| slice.valid_from <= today && today < slice.valid_to.unwrap();
    let slice = slices.iter().find(holds).or_else(|| slices.iter().find(|slice| slice.valid_from > today));
    values.push((ValueName::RateCategory, slice.unwrap_or(&slices[1]).rate_category.clone().unwrap()));
    let contract = contract_of(known, contracts, today).0;
    values.push((ValueName::Product, format!("Product {contract}.{}", known[&(4, contract)])));
    let account = contract_account_of(contract);
    values.push((ValueName::PaymentMethod, format!("Pay {account}.{}", known[&(3, account)])));
    values
}

/// The contract that counts, and the status that follows from it.
fn contract_of(known: &Known, contracts: &BTreeSet<usize>, today: NaiveDate) -> (usize, Status) {
    let dated = contracts.iter().map(|contract| (dates(*contract, known[&(4, *contract)]), *contract));
    let dated: Vec<((NaiveDate, Option<NaiveDate>), usize)> = dated.collect();
    let current = dated.iter().filter(|((start, end), _)| *start <= today && end.is_none_or(|end| today <= end));
    if let Some((_, contract)) = current.max_by_key(|((start, _), contract)| (*start, *contract)) {
        return (*contract, Status::Active);
    }
    let coming = dated.iter().filter(|((start, _), _)| *start > today);
    if let Some((_, contract)) = coming.min_by_key(|((start, _), contract)| (*start, usize::MAX - *contract)) {
        return (*contract, Status::Future);
    }
    let last = dated.iter().max_by_key(|((start, end), contract)| (*end, *start, *contract)).unwrap();
    (last.1, Status::Ended)
}

fn compare(house: &House, known: &Known) {
    let today = Calendar::new(house.market.zone).date(house.now);
    let mut expected = groups(known);
    for account in house.accounts() {
        let partner: usize = account.partner[1..].parse().unwrap();
        let installation: usize = account.installation().unwrap()[1..].parse().unwrap();
        let place = malo(installation).map_or(format!("I{installation}"), str::to_string);
        let contracts = expected.remove(&(partner, place)).unwrap_or_else(|| panic!("too much: {account:?}"));
        let found: BTreeSet<usize> = account.contracts.iter().map(|it| it[1..].parse().unwrap()).collect();
        assert_eq!(found, contracts);
        assert!(contracts.contains(&installation), "it is about an installation of its own");
        for (name, value) in shown(known, partner, &contracts, installation, today) {
            assert_eq!(account.value(name), Some(&*value), "{name:?} of {account:?} on {today}");
        }
        assert_eq!(account.page.status, contract_of(known, &contracts, today).1);
        assert_eq!(account.mark, None);
    }
    assert!(expected.is_empty(), "missing: {expected:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_account_is_what_all_entities_at_once_say(steps in steps()) {
        let mut house = House::new();
        let mut known = Known::new();
        for step in &steps {
            match step {
                Step::Deliver { kind, number, version } => {
                    house.deliver(*version, entity(*kind, *number, *version));
                    let newest = known.entry((*kind, *number)).or_insert(*version);
                    *newest = (*newest).max(*version);
                }
                Step::Hours(hours) => {
                    let to = Timestamp::from_seconds(house.now.seconds() + hours * 3_600);
                    house.pass_time(to);
                }
            }
        }
        // All that is due by the end of this quarter, and of this day.
        let quarter = Timestamp::from_seconds(house.now.seconds() + 900);
        house.pass_time(quarter);
        compare(&house, &known);
        let tomorrow = Calendar::new(house.market.zone).midnight_in_days(house.now, 1);
        house.pass_time(tomorrow);
        compare(&house, &known);
        // Everything again, in another order: nothing changes, nobody is told.
        let (kept, told) = (house.kept(), house.events.len());
        for step in steps.iter().rev() {
            if let Step::Deliver { kind, number, version } = step {
                house.deliver(*version, entity(*kind, *number, *version));
            }
        }
        house.pass_time(Timestamp::from_seconds(house.now.seconds() + 900));
        prop_assert_eq!(house.kept(), kept);
        prop_assert_eq!(house.events.len(), told);
    }

    #[test]
    fn two_orders_of_the_same_deliveries_make_the_same_accounts(steps in steps(), seed: u64) {
        let deliveries: Vec<(usize, usize, u64)> = steps.iter().filter_map(|step| match step {
            Step::Deliver { kind, number, version } => Some((*kind, *number, *version)),
            Step::Hours(_) => None,
        }).collect();
        let mut shuffled = deliveries.clone();
        shuffled.sort_by_key(|(kind, number, version)| {
            let text = format!("{seed} {kind} {number} {version}");
            *blake3::hash(text.as_bytes()).as_bytes()
        });
        let sheets = [deliveries, shuffled].map(|order| {
            let mut house = House::new();
            for (kind, number, version) in order {
                house.deliver(version, entity(kind, number, version));
            }
            house.pass_time(Timestamp::from_seconds(house.now.seconds() + 900));
            // Which of two installations at one market location came last is the order's to say.
            house.accounts().into_iter().map(|account| {
                let place = account.malo().map_or(account.account_no(), |malo| Some(malo.to_string()));
                (account.partner, place, account.contracts, account.page.status)
            }).collect::<BTreeSet<_>>()
        });
        prop_assert_eq!(&sheets[0], &sheets[1]);
    }
}
