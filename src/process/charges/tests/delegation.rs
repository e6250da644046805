//! Price lists that somebody changes for a grid company.

use super::*;
use crate::market::ActorRole;
use crate::process::delegations::Process;
use crate::process::metering_points::GridAreaTable;

const P: Process = Process::IncomingPriceList;

/// [`ACTING`] calls; [`GRID`] runs these areas.
fn called(areas: &[&str]) -> World {
    let mut world = World::new();
    world.register(ACTING, ActorRole::Delegated, Status::Active);
    world.caller = party(ACTING, ActorRole::Delegated);
    for area in areas {
        world.commit(&GridAreaTable { code: (*area).into(), owner: Some(GRID.into()) }.changes());
    }
    world.commit(&GridAreaTable { code: "999".into(), owner: None }.changes());
    world
}

fn acting(operations: Vec<Operation>) -> RequestChangeOfPriceList {
    let mut request = request(operations);
    request.header.sender_number = ACTING.into();
    request
}

#[test]
fn a_price_list_is_changed_by_whoever_may_in_all_grid_areas_of_its_owner() {
    let stranger: &[&str] = &["CH.17"];
    let (start, stopped) = (local("01-01"), Some(local("01-08")));
    for (areas, delegated, expected) in [
        (&["131"][..], &[(P, "131", None)][..], ACCEPTED),
        (&["131", "132"], &[(P, "131", None), (P, "132", None)], ACCEPTED),
        (&["131", "132"], &[(P, "131", None)], stranger),
        (&["131", "132"], &[(P, "131", None), (P, "132", stopped)], stranger),
        (&["131"], &[(P, "131", stopped)], stranger),
        (&["131"], &[(Process::IncomingBillingMasterData, "131", None)], stranger),
        (&["131"], &[], stranger),
        // Who runs no area has nothing to delegate.
        (&[], &[(P, "131", None)], stranger),
    ] {
        let mut world = called(areas);
        for (process, area, stops) in delegated {
            world.store.delegate(*process, area, GRID, start, *stops);
        }
        let decision = world.send(&acting(vec![information()]));
        assert_eq!(broken(&decision), [expected], "{areas:?} {delegated:?}");
        let answer = &decision.outgoing[0];
        assert_eq!((answer.receiver.role, answer.owner()), (ActorRole::GridAccessProvider, &world.caller));
        let mut own = called(areas);
        own.caller = party(GRID, ActorRole::GridAccessProvider);
        let by_owner = own.send(&request(vec![information()]));
        if expected.is_empty() {
            assert_eq!((&decision.events, &decision.changes), (&by_owner.events, &by_owner.changes));
        }
    }
}

/// Of its prices, all that is reached is known: what was there before is replaced.
#[test]
fn a_delegate_changes_prices_that_are_there() {
    let mut world = called(&["131"]);
    world.store.delegate(P, "131", GRID, local("01-01"), None);
    let change = |world: &mut World, operation: Operation| broken(&world.send(&acting(vec![operation]))).remove(0);
    let mut charge = information();
    charge.effective = Some(local("01-09"));
    assert_eq!(change(&mut world, charge), ACCEPTED);
    for price in ["1", "2"] {
        let mut prices = prices(Resolution::Day, local("01-09"), local("03-09"), &[price; 2]);
        prices.transaction_id = format!("t-{price}");
        let mut request = acting(vec![prices]);
        request.header.business_reason = "D08".into();
        assert_eq!(broken(&world.send(&request)), [ACCEPTED]);
    }
    let identity = information().identity().unwrap();
    let known: Vec<Price> = world.prices(&identity).iter().map(|point| point.price).collect();
    assert!(!known.is_empty() && known.iter().all(|it| *it == price("2")), "{known:?}");
}

#[test]
fn a_charge_of_another_is_anothers_whoever_calls() {
    let mut world = called(&["131"]);
    world.store.delegate(P, "131", GRID, local("01-01"), None);
    for owner in [ACTING, OPERATOR, "8200000000011"] {
        let mut operation = information();
        operation.owner = owner.into();
        assert_eq!(broken(&world.send(&acting(vec![operation]))), [["CH.17"]], "{owner}");
    }
}
