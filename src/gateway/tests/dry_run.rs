//! A dry run says what its sender would find in its queues, and nothing of anybody else's.

use super::bundles::house;
use super::*;
use crate::market::ActorRole;
use crate::spec::Sources;

/// A company that is grid company and supplier makes a charge known: as a supplier it hears of that like every other.
const SAMPLE: &str = include_str!("../../../samples/charges/C1-create-by-a-company-of-two-roles/01-in.xml");

async fn tries(gateway: &Gateway) -> Result<DryRun, Fault> {
    let caller = Party { number: ActorNumber::new("8500000000014"), role: ActorRole::GridAccessProvider };
    let document = gateway.document_for("requestchangeofpricelist").unwrap();
    let arrived = gateway.read_whole(&caller, document, SAMPLE.into()).await.unwrap();
    gateway.dry_run(&caller, arrived, gateway.now()).await
}

#[tokio::test]
async fn what_another_role_of_the_same_number_would_be_told_is_not_the_callers() {
    let gateway = house(Bounds::default()).await;
    let DryRun::Decided(preview) = tries(&gateway).await.unwrap() else { panic!("it would be taken in") };
    let answers: Vec<&str> = preview.answers.iter().map(|letter| letter.document).collect();
    assert_eq!(answers, ["ConfirmRequestChangeOfPriceList"]);
}

/// Here a bug of ours is that the schema of every answer is missing.
#[tokio::test]
async fn what_cannot_be_decided_is_a_fault_and_leaves_nothing() {
    let folder = Sources::Folder("message-specs/dk".into());
    let specs = Specs::files(&folder, &["RequestChangeOfPriceList.xsd"]).unwrap();
    let kinds = (process::timers().collect(), process::errands().collect());
    let clock = Clock::standing_at(at(1_690_891_200));
    let store = Arc::new(Memory::default());
    let gateway = Gateway::open_with(kinds, store, Arc::new(specs), Settings::default(), clock).unwrap();
    world::World::toy().settle_in(&gateway).await.unwrap();
    let tried = tries(&gateway).await;
    assert!(matches!(tried, Err(Fault::Deciding { document: "RequestChangeOfPriceList", .. })), "{tried:?}");
    assert!(gateway.health().checks.iter().all(|(_, found)| found.is_ok()));
}
