//! What the records of a document say besides its CIM form stays beside it: in its queue, in a bundle, in the archive.

use super::bundles::supplier;
use super::*;
use crate::document::Wire;
use crate::gateway::orders::OrderTable;

/// A house in which a whole portfolio is to be taken over.
async fn taken_over() -> Gateway {
    let now = Timestamp::parse_date_time("2023-08-01T12:00:00Z").unwrap();
    let (store, specs) = (Arc::new(Memory::default()), Arc::new(crate::document::built_in()));
    let gateway = Gateway::open(store, specs, Settings::default(), Clock::standing_at(now)).unwrap();
    world::World::toy().settle_in(&gateway).await.unwrap();
    let order = include_str!("../../../samples/portfolio-changes/E06-a-whole-portfolio-is-taken-over/01-order.toml");
    let order = toml::from_str::<OrderTable>(order).unwrap().order().unwrap();
    gateway.order(&order).await.unwrap();
    gateway.settled().await.unwrap();
    gateway
}

/// A document that was sent to the supplier, as the archive gives it in ebIX.
async fn archived(gateway: &Gateway, id: &str) -> String {
    let told = {
        let catalogue = gateway.catalogue();
        let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
        catalogue.kept(position.place.commit, &entry).unwrap().unwrap()
    };
    let (body, form) = gateway.in_form(told, Wire::Ebix).await;
    assert_eq!(form, Wire::Ebix);
    String::from_utf8(body.to_vec()).unwrap()
}

fn starts_and_ends(ebix: &str) -> (usize, usize) {
    (ebix.matches("<StartOfOccurrence>").count(), ebix.matches("<EndOfOccurrence>").count())
}

#[tokio::test]
async fn whoever_loses_a_portfolio_is_told_in_ebix_of_ends_wherever_it_looks() {
    let gateway = taken_over().await;
    let loses = supplier();
    let access = Access { form: Wire::Ebix, ..(&loses).into() };
    let bundle = gateway.peek(access, None, gateway.now()).await.unwrap().unwrap();
    assert_eq!((&*bundle.document, bundle.records), ("GenericNotification", 5));
    let body = String::from_utf8(bundle.body.to_vec()).unwrap();
    assert_eq!(starts_and_ends(&body), (0, 5), "{body}");
    assert_eq!(archived(&gateway, &bundle.message_id).await, body);
    let members = delivery::members(&*gateway.store, &bundle.message_id, 1).unwrap().pop().unwrap().1.ids;
    assert_eq!(members.len(), 5);
    for id in members {
        assert_eq!(starts_and_ends(&archived(&gateway, &id).await), (0, 1));
    }
    // The hash of a document is over its own bytes, not over what is kept beside them.
    let catalogue = gateway.catalogue();
    let (position, entry) = catalogue.find(&bundle.message_id, None).unwrap().unwrap();
    let document = catalogue.body(position.place.commit, &entry).unwrap().unwrap();
    assert_eq!((entry.hash, &*bundle.hash), (hash(&document), &*blake3::hash(&document).to_hex()));
}
