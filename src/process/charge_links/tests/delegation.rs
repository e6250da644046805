//! Links that somebody makes for the owner of the charge.

use super::*;
use crate::market::ActorRole;
use crate::process::delegations::Process;

const P: Process = Process::IncomingBillingMasterData;

/// [`ACTING`] calls, with a document in the role of the owner.
fn acting(role: &str, operation: Operation) -> RequestChangeBillingMasterData {
    from(ACTING, role, vec![operation])
}

fn called() -> World {
    let mut world = World::new();
    world.register(ACTING, ActorRole::Delegated, Status::Active);
    world.caller = party(ACTING, ActorRole::Delegated);
    world
}

#[test]
fn a_delegate_links_the_charges_of_whoever_lets_it_in_the_metering_points_grid_area() {
    let tax = of("TAX", ChargeType::Tariff, OPERATOR, operation());
    let other_point = Operation { metering_point: "571313110000000012".into(), ..operation() };
    let stopped = Some(local("01-08"));
    let stranger: &[&str] = &["CH.17"];
    for (process, area, stops, role, operation, expected) in [
        (P, "131", None, "DDM", operation(), ACCEPTED),
        (P, "131", stopped, "DDM", operation(), stranger),
        (P, "132", None, "DDM", operation(), stranger),
        (P, "131", None, "DDM", other_point.clone(), stranger),
        (P, "132", None, "DDM", other_point, ACCEPTED),
        (Process::IncomingPriceList, "131", None, "DDM", operation(), stranger),
        (P, "131", None, "EZ", tax.clone(), stranger),
        (P, "131", None, "DDM", tax, stranger),
        (P, "131", None, "EZ", operation(), stranger),
        (P, "131", None, "DDQ", operation(), stranger),
        (P, "131", None, "DDM", Operation { owner: ACTING.into(), ..operation() }, stranger),
    ] {
        let mut world = called();
        world.point("571313110000000012", "E17", "132");
        world.store.delegate(process, area, GRID, local("01-01"), stops);
        let decision = world.send(&acting(role, operation.clone()));
        assert_eq!(broken(&decision), [expected], "{process:?} {area} {stops:?} {role} {operation:?}");
        let answer = &decision.outgoing[0];
        assert_eq!(answer.receiver.number.as_str(), ACTING);
        assert_eq!((answer.receiver.role.code(), answer.owner()), (role, &world.caller));
    }
}

#[test]
fn what_a_delegate_links_is_linked_and_told_as_if_its_owner_had_done_so() {
    let tax = || vec![of("TAX", ChargeType::Tariff, OPERATOR, operation())];
    let mut world = called();
    let (by, to) = (party(OPERATOR, ActorRole::SystemOperator), world.caller.clone());
    world.store.delegate_to(P, "131", by, to, (local("01-01"), None));
    let by_delegate = world.send(&from(ACTING, "EZ", tax()));
    let mut own = World::new();
    own.caller = party(OPERATOR, ActorRole::SystemOperator);
    let by_owner = own.send(&from(OPERATOR, "EZ", tax()));
    assert_eq!(broken(&by_delegate), [ACCEPTED]);
    assert_eq!((&by_delegate.events, &by_delegate.changes), (&by_owner.events, &by_owner.changes));
    let told = |decision: &Decision| sent(decision, NOTIFY.name).iter().map(|it| (*it).clone()).collect::<Vec<_>>();
    assert_eq!(told(&by_delegate), told(&by_owner));
}

/// Without a word of the owner, the rules say what they have always said.
#[test]
fn a_grid_company_without_leave_is_told_that_the_charge_is_anothers() {
    let mut world = World::new();
    world.register("8200000000011", ActorRole::GridAccessProvider, Status::Active);
    world.caller = party("8200000000011", ActorRole::GridAccessProvider);
    let decision = world.send(&from("8200000000011", "DDM", vec![operation()]));
    assert_eq!(broken(&decision), [["CH.09"]]);
    let (by, to) = (party(GRID, ActorRole::GridAccessProvider), world.caller.clone());
    world.store.delegate_to(P, "131", by, to, (local("01-01"), None));
    let decision = world.send(&from("8200000000011", "DDM", vec![operation()]));
    assert_eq!(broken(&decision), [ACCEPTED]);
    assert_eq!(decision.outgoing[0].owner(), &world.caller);
}
