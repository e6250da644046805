//! Who is sent what: charges 7.3, 7.4 and 7.6; invariant 9.

use std::sync::Arc;

use super::*;
use crate::document::{Field, built_in, cim_xml};
use crate::process::Pack;

/// Every role in every status: who is told of a plain tariff, and who of a tax.
#[test]
fn exactly_the_live_are_told() {
    let mut world = World::new();
    let mut told = Vec::new();
    for (role, r) in ActorRole::all().zip(10..) {
        for (status, s) in Status::ALL.into_iter().zip(1..) {
            let number = format!("{r}{s}");
            world.register(&number, role, status);
            if status.is_live() && [ActorRole::EnergySupplier, ActorRole::GridAccessProvider].contains(&role) {
                told.push(party(&number, role));
            }
        }
    }
    // Whoever takes part in another market only is nobody here.
    let elsewhere = Pack::all().find(|pack| *pack != Pack::DK).unwrap();
    world.store.register_in(elsewhere, "99", ActorRole::EnergySupplier, Status::Active);
    // The grid company that sends is told nothing, but another role of its number is somebody else.
    told.push(party(GRID, ActorRole::EnergySupplier));
    world.register(GRID, ActorRole::EnergySupplier, Status::Passive);
    world.register(GRID, ActorRole::SystemOperator, Status::Active);
    told.push(party(GRID, ActorRole::GridAccessProvider));
    told.sort();

    for tax in [false, true] {
        let role = if tax { ActorRole::SystemOperator } else { ActorRole::GridAccessProvider };
        let mut create = information();
        create.charge_id = format!("C-{tax}");
        asked(&mut create).tax_indicator = Some(tax);
        let mut request_prices = prices(Resolution::Day, local("01-09"), local("02-09"), &["1"]);
        request_prices.charge_id = create.charge_id.clone();
        for operation in [create, request_prices] {
            let mut request = request(vec![operation]);
            request.header.sender_role = role.code().into();
            let decision = world.send(&request);
            assert_eq!(broken(&decision), [ACCEPTED]);
            let mut receivers: Vec<Party> =
                sent(&decision, "NotifyPriceList").iter().map(|it| it.receiver.clone()).collect();
            receivers.sort();
            let expected: Vec<Party> =
                told.iter().filter(|it| tax || it.role == ActorRole::EnergySupplier).cloned().collect();
            assert_eq!(receivers, expected, "tax: {tax}");
            let confirms: Vec<&Party> =
                sent(&decision, "ConfirmRequestChangeOfPriceList").iter().map(|it| &it.receiver).collect();
            assert_eq!(confirms, [&party(GRID, role)]);
        }
    }
}

#[test]
fn grid_companies_hear_of_taxes_only_and_receivers_share_what_they_are_told() {
    let mut world = World::new();
    for (number, role) in
        [("1", ActorRole::EnergySupplier), ("2", ActorRole::EnergySupplier), ("3", ActorRole::GridAccessProvider)]
    {
        world.register(number, role, Status::Active);
    }
    let mut tax =
        Operation { transaction_id: "t-2".into(), charge_id: "TAX".into(), owner: OPERATOR.into(), ..information() };
    asked(&mut tax).tax_indicator = Some(true);
    let plain = Operation { owner: OPERATOR.into(), ..information() };
    let mut both = request(vec![plain, tax.clone()]);
    both.header.sender_number = OPERATOR.into();
    both.header.sender_role = "EZ".into();
    let decision = world.send(&both);
    let told = sent(&decision, "NotifyPriceList");
    let ids = |at: usize| told[at].records.iter().map(|it| it.transaction_id.as_str()).collect::<Vec<_>>();
    // 1 and 2, then the grid companies 3 and GRID.
    assert_eq!(
        (told.len(), ids(0), ids(1), ids(2), ids(3)),
        (4, vec!["t-1", "t-2"], vec!["t-1", "t-2"], vec!["t-2"], vec!["t-2"])
    );
    assert!(Arc::ptr_eq(&told[0].records, &told[1].records) && Arc::ptr_eq(&told[2].records, &told[3].records));
    assert_eq!(told[0].records[1], told[2].records[0], "one record, one id, whoever reads it");
    both.operations.remove(0);
    let decision = world.send(&both);
    let told = sent(&decision, "NotifyPriceList");
    assert!(told.iter().all(|it| Arc::ptr_eq(&it.records, &told[0].records)));
}

#[test]
fn who_is_not_registered_as_the_document_says_hears_it_as_who_is_logged_in() {
    let mut world = World::new();
    let mut request = request(vec![information()]);
    request.header.sender_role = "EZ".into();
    let decision = world.send(&request);
    assert_eq!(broken(&decision), [["VR.152"]]);
    assert_eq!(decision.outgoing[0].receiver, world.caller);
    request.header.sender_role = "DDM".into();
    request.header.document_type = "D05".into();
    world.caller = party(GRID, ActorRole::TransmissionSystemOperator);
    assert_eq!(world.send(&request).outgoing[0].receiver, party(GRID, ActorRole::GridAccessProvider));
}

/// Defect 25 of 11.2: a number is a GLN or an EIC, of whoever owns a charge and of whoever is told.
#[test]
fn owners_and_receivers_may_have_an_eic() {
    const EIC: &str = "45X000000000042Q";
    let mut world = World::new();
    world.register(EIC, ActorRole::GridAccessProvider, Status::Active);
    world.register("45X000000000043O", ActorRole::EnergySupplier, Status::Active);
    let mut create = request(vec![Operation { owner: EIC.into(), ..information() }]);
    create.header.sender_number = EIC.into();
    let decision = world.send(&create);
    let [confirm, notify] = &decision.outgoing[..] else { panic!("a confirmation and a notification") };
    assert_eq!(confirm.receiver, party(EIC, ActorRole::GridAccessProvider));
    assert_eq!(notify.receiver, party("45X000000000043O", ActorRole::EnergySupplier));
    assert!(shown(&notify.records[0].fields).contains(&format!("chargeTypeOwner_MarketParticipant.mRID=A01:{EIC} ")));
    let text = cim_xml::write(notify, &cim_xml::write_records(notify.kind, &notify.records));
    let schema = built_in();
    let schema = schema.schema_for(notify.kind.namespace).unwrap();
    let verdict = crate::spec::check(schema, &text, &crate::xml::Limits::default(), &mut ());
    assert!(verdict.is_valid(), "{:?}", verdict.flaws);
    let receiver = "<cim:receiver_MarketParticipant.mRID codingScheme=\"A01\">45X000000000043O<";
    assert!(String::from_utf8(text).unwrap().contains(receiver));
}

#[test]
fn documents_say_what_the_tables_say() {
    let mut world = World::new();
    world.register("1", ActorRole::EnergySupplier, Status::Active);
    let mut stopping = Operation { transaction_id: "x".repeat(120), ..information() };
    asked(&mut stopping).termination = Some(local("02-09"));
    let decision = world.send(&request(vec![information(), stopping.clone()]));
    let [confirm, reject, notify] = &decision.outgoing[..] else { panic!("three documents") };
    for document in &decision.outgoing {
        assert_eq!(document.sender, party(HUB, ActorRole::MeteringPointAdministrator));
        assert_eq!((&*document.business_reason, document.created), ("D18", at(NOW)));
    }
    assert_eq!(shown(&confirm.records[0].fields), "mRID=* originalTransactionIDReference_MktActivityRecord.mRID=t-1");
    let original = format!("originalTransactionIDReference_MktActivityRecord.mRID={}", "x".repeat(100));
    let reasons = "Reason[code=E86 text=VR.922: *] Reason[code=E0H text=VR.917: *]";
    assert_eq!(shown(&reject.records[0].fields), format!("mRID=* {original} {reasons}"));
    let charge = "chargeTypeOwner_MarketParticipant.mRID=A10:8100000000030 type=D03 mRID=C-1";
    assert_eq!(
        shown(&notify.records[0].fields),
        format!(
            "mRID=* ChargeGroup[ChargeType[{charge} name=U description=what it is priceTimeFrame_Period.resolution=P1D \
             effectiveDate=2023-08-31T22:00:00Z VATPayer=D02 transparentInvoicing=false taxIndicator=false]]"
        )
    );
    stopping.transaction_id = "t-2".into();
    asked(&mut stopping).termination = stopping.effective;
    let decision = world.send(&request(vec![stopping]));
    let said = shown(&decision.outgoing[1].records[0].fields);
    assert!(
        said.contains("effectiveDate=2023-08-31T22:00:00Z terminationDate=2023-08-31T22:00:00Z VATPayer"),
        "{said}"
    );
    asked(&mut information());
    world.send(&request(vec![information()]));
    let day = prices(Resolution::Day, local("01-09"), local("03-09"), &["1.1", "-.5"]);
    let decision = world.send(&request(vec![day]));
    assert_eq!(
        shown(&decision.outgoing[1].records[0].fields),
        format!(
            "mRID=* ChargeGroup[ChargeType[{charge} effectiveDate=2023-08-31T22:00:00Z \
             Series_Period[resolution=P1D timeInterval[start=2023-08-31T22:00Z end=2023-09-02T22:00Z] \
             Point[position=1 price.amount=1.100000] Point[position=2 price.amount=-0.500000]]]]"
        )
    );
}

/// Fields as text; a generated id and what stands behind a rule's number are `*`.
fn shown(fields: &[Field]) -> String {
    let shown = fields.iter().map(|field| match field {
        Field::Text("text", text) => format!("text={} *", text.split_once(' ').unwrap().0),
        Field::Text(name, id) if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) => format!("{name}=*"),
        Field::Text(name, value) | Field::Code(name, value) | Field::Number(name, value) => format!("{name}={value}"),
        Field::Id(name, scheme, value) => format!("{name}={scheme}:{value}"),
        Field::Attributed(name, _, said, value) => format!("{name}={said}:{value}"),
        Field::Group(name, fields) | Field::Item(name, fields) => format!("{name}[{}]", self::shown(fields)),
    });
    shown.collect::<Vec<_>>().join(" ")
}
