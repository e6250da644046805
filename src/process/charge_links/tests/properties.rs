//! The laws of charges 12 for links, against a model that is too simple to be wrong: a factor for each day.

use proptest::prelude::*;

use super::state::known_at;
use super::*;

/// Days after 1 July 2023 on which something may happen.
const DAYS: i32 = 30;

/// From a day, for so many days (0 stops, beyond the last day has no end), so many times.
type Act = (i32, i32, i64);

fn day(days: i32) -> Timestamp {
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(local("01-07"), days)
}

fn asked(n: usize, (start, length, factor): Act) -> Operation {
    let termination = (start + length < DAYS).then(|| day(start + length));
    let transaction_id = format!("t-{n}");
    Operation { transaction_id, effective: Some(day(start)), termination, factor: Some(factor), ..operation() }
}

/// The factor of each day, the last of which stands for all that follow.
type Model = Vec<Option<i64>>;

/// Returns whether the act is accepted.
fn act(model: &mut Model, (start, length, factor): Act) -> bool {
    let start = start as usize;
    if length > 0 || start as i32 + length >= DAYS {
        let end = (start + length as usize).min(DAYS as usize);
        model[start..end].iter_mut().for_each(|it| *it = Some(factor));
        return true;
    }
    // A stop needs a link that is there on that day or later, or ends exactly there.
    let found = model[start.saturating_sub(1)..].iter().any(Option::is_some);
    model[start..].iter_mut().for_each(|it| *it = None);
    found
}

fn assert_follows(world: &World, model: &Model) {
    let links = world.links(&identity());
    for (at, factor) in model.iter().enumerate() {
        let found: Vec<i64> =
            links.iter().filter(|link| link.period.contains(day(at as i32))).map(|it| it.factor).collect();
        assert_eq!(found, factor.iter().copied().collect::<Vec<_>>(), "day {at}");
    }
    // Invariant 10, and that links which touch and agree are one.
    assert!(links.iter().all(|link| !link.period.is_empty()));
    for pair in links.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        assert!(left.period.end <= right.period.start, "{pair:?}");
        assert!(left.period.end < right.period.start || left.factor != right.factor, "{pair:?}");
    }
    let charge = identity().charge;
    let indexed = state::points_of_charge(&world.facts(&state::needs_of_charge(&charge)), &charge);
    assert_eq!(indexed.is_empty(), links.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn links_follow_the_model(
        acts in prop::collection::vec((0..DAYS, 0..DAYS, 1..4_i64), 1..20), in_one_document: bool,
    ) {
        let (mut world, mut model) = (World::new(), vec![None; DAYS as usize]);
        let mut states = Vec::new();
        let mut operations = Vec::new();
        for (n, it) in acts.into_iter().enumerate() {
            let mut next = model.clone();
            let accepted = act(&mut next, it);
            if in_one_document {
                // What fails takes the rest along, which another test looks at.
                if accepted {
                    operations.push(asked(n, it));
                    model = next;
                }
                continue;
            }
            world.now = Timestamp::from_seconds(at(NOW).seconds() + n as i64);
            let before = world.links(&identity());
            let decision = world.send(&request(vec![asked(n, it)]));
            assert_eq!(decision.fates[0].broken.is_empty(), accepted, "{it:?}");
            if accepted {
                model = next;
                assert_event(&decision, &before, &world.links(&identity()));
            }
            assert_follows(&world, &model);
            states.push((world.now, world.links(&identity())));
            // Invariant 6: the same again changes nothing.
            if accepted && it.1 > 0 {
                let links = world.links(&identity());
                world.send(&request(vec![asked(n, it)]));
                assert_eq!(world.links(&identity()), links);
            }
        }
        if !operations.is_empty() {
            world.send(&request(operations));
            assert_follows(&world, &model);
        }
        let (links, retired) = (world.links(&identity()), world.retired(&identity()));
        for (at, state) in states {
            assert_eq!(known_at(&links, &retired, at), state, "{at}");
        }
    }
}

/// Whoever keeps a copy by events alone, and replaces what they speak of, has the links.
fn assert_event(decision: &Decision, before: &[Link], after: &[Link]) {
    let payload = &decision.events[0].payload;
    let read = |value: &serde_json::Value| {
        let instant = |name: &str| at(value[name].as_str().unwrap());
        (Period::new(instant("start"), instant("end")), value["factor"].as_i64().unwrap())
    };
    let mut copy: Vec<(Period, i64)> = before.iter().map(|it| (it.period, it.factor)).collect();
    match decision.events[0].name {
        "ChargeLinkCreated" => copy.push(read(&payload["period"])),
        _ => {
            let start = at(payload["updated_period_start"].as_str().unwrap());
            let end = at(payload["updated_period_end"].as_str().unwrap());
            copy.retain(|(period, _)| period.end <= start || end <= period.start);
            copy.extend(payload["periods"].as_array().unwrap().iter().map(read));
        }
    }
    copy.sort();
    assert_eq!(copy, after.iter().map(|it| (it.period, it.factor)).collect::<Vec<_>>());
}
