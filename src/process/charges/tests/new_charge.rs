//! A charge created by the hub's hand: what is asked for becomes a document like any other.

use super::super::request::PriceListReader;
use super::*;
use crate::document::{built_in, cim_xml};
use crate::xml::Limits;

/// The same as [`information`] asks for.
fn new() -> NewCharge {
    let text = r#"{
        "owner": "8100000000030", "charge_type": "D03", "charge_id": "C-1", "valid_from": "2023-09-01T00:00:00+02:00",
        "name": "U", "description": "what it is", "resolution": "P1D", "vat_class": "D02",
        "transparent_invoicing": false, "tax": false
    }"#;
    serde_json::from_str(text).unwrap()
}

/// Writes the document and reads it as it would be read at the door.
fn read_back(new: &NewCharge, id: &str) -> RequestChangeOfPriceList {
    let owner = party(&new.owner, ActorRole::GridAccessProvider);
    let bytes = new.wanted().unwrap().document(&owner, id, &Market::dk_defaults(), at(NOW));
    let specs = built_in();
    let schema = specs.schema_for(REQUEST_CHANGE_OF_PRICE_LIST.namespace).unwrap();
    let mut reader = PriceListReader::default();
    let verdict = cim_xml::read(schema, &bytes, &Limits::default(), &mut reader);
    assert!(verdict.is_valid(), "{:?}", verdict.flaws);
    reader.finish_typed().unwrap()
}

#[test]
fn the_hub_writes_what_the_owner_would_have_sent() {
    let found = read_back(&new(), "gehUI-1");
    let mut expected = request(vec![Operation { transaction_id: "gehUI-1".into(), ..information() }]);
    expected.header.message_id = "gehUI-1".into();
    assert_eq!(found, expected);
    let mut world = World::new();
    let decision = world.send(&found);
    assert!(decision.fates[0].broken.is_empty() && world.charge(&identity()).is_some());
    assert_eq!(decision.events[0].name, "ChargeCreated");
}

#[test]
fn texts_arrive_as_they_were_given() {
    let name = "\"5 < 6\" & Ærø \u{1F50C}";
    let found = read_back(&NewCharge { name: Some(name.into()), description: Some(String::new()), ..new() }, "gehUI-1");
    let information = found.operations[0].information().unwrap();
    assert_eq!((information.name.as_deref(), information.description.as_deref()), (Some(name), Some("")));
}

#[test]
fn the_rules_speak_about_what_is_left_out() {
    let (name, description, resolution, vat_class) = (None, None, None, None);
    let bare = NewCharge { name, description, resolution, vat_class, transparent_invoicing: None, tax: None, ..new() };
    let decision = World::new().send(&read_back(&bare, "gehUI-1"));
    assert_eq!(decision.fates[0].broken, ["VR.488", "VR.910", "VR.911", "VR.912", "VR.915", "VR.916"]);
}

#[test]
fn what_cannot_be_understood_is_named() {
    let some = |text: &str| Some(text.to_string());
    for (wrong, flaw) in [
        (NewCharge { charge_type: "D04".into(), ..new() }, "charge 8100000000030/D04/C-1: `D04` is no charge_type"),
        (NewCharge { valid_from: "now".into(), ..new() }, "charge 8100000000030/D03/C-1: `now` is no valid_from"),
        (
            NewCharge { valid_from: "2023-08-31T22:00:00.5Z".into(), ..new() },
            "charge 8100000000030/D03/C-1: `2023-08-31T22:00:00.5Z` is no valid_from",
        ),
        (NewCharge { resolution: some("P2D"), ..new() }, "charge 8100000000030/D03/C-1: `P2D` is no resolution"),
        (NewCharge { vat_class: some("D03"), ..new() }, "charge 8100000000030/D03/C-1: `D03` is no vat_class"),
        (NewCharge { owner_role: some("DDQ"), ..new() }, "charge 8100000000030/D03/C-1: `DDQ` is no owner_role"),
    ] {
        assert_eq!(wrong.wanted().unwrap_err().to_string(), flaw);
    }
    assert_eq!(NewCharge { owner_role: some("EZ"), ..new() }.wanted().unwrap().role, Some(ActorRole::SystemOperator));
    let strange = r#"{"owner": "1", "charge_type": "D01", "charge_id": "1", "valid_from": "x", "valid_to": "y"}"#;
    assert!(serde_json::from_str::<NewCharge>(strange).is_err(), "nothing is overlooked");
}

/// 10.7: `gehUI` and a UUID, cut to 36 characters.
#[test]
fn an_id_says_where_it_comes_from_and_is_no_longer_than_ids_may_be() {
    let id = document_id("0192a7c4-7d3e-7000-8000-0123456789ab");
    assert_eq!(id, "gehUI0192a7c4-7d3e-7000-8000-0123456");
    assert_eq!(id.len(), 36);
}
