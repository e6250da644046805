//! The life of a charge: charges 4.2, scenario by scenario.

use super::*;

const UNCHANGED: &str = "unchanged";

/// Before, what is asked, which rules are broken, after. Periods are `start name`, a stop is `date ■`.
///
/// Asked is `date name`, `stop date` or `date name until date`; `tax` and `PT1H` after it ask for these.
const SCENARIOS: &[(&str, &str, &str, &[&str], &str)] = &[
    ("C1", "", "01-03 U", &[], "01-03 U"),
    ("C2 on its date", "", "stop 01-03", &["VR.914"], UNCHANGED),
    ("C2 later", "", "01-03 U until 01-06", &["VR.917"], UNCHANGED),
    ("U1", "01-01 A", "01-04 U", &[], "01-01 A, 01-04 U"),
    ("U2", "01-01 A, 01-04 B, 01-07 C", "15-02 U", &[], "01-01 A, 15-02 U"),
    ("U3", "01-01 A, 01-04 B, 01-07 C", "01-04 U", &[], "01-01 A, 01-04 U"),
    ("U4 one period", "01-04 A", "01-02 U", &[], "01-02 U"),
    ("U4 two periods", "01-04 A, 01-07 B", "01-02 U", &[], "01-02 U"),
    ("U5", "01-04 A", "01-04 U", &[], "01-04 U"),
    ("U6", "01-01 A, 01-04 B, 01-09 ■", "01-06 U", &[], "01-01 A, 01-04 B, 01-06 U, 01-09 ■"),
    ("U7", "01-04 A, 01-09 ■", "01-02 U", &[], "01-02 U, 01-09 ■"),
    ("U7 of no length", "01-04 A, 01-04 ■", "01-02 U", &[], "01-02 U, 01-04 ■"),
    ("U8", "01-01 A, 01-09 ■", "01-10 U", &["VR.905"], UNCHANGED),
    ("U9 tax", "01-01 A", "01-04 U tax", &["VR.903"], UNCHANGED),
    ("U9 resolution", "01-01 A", "01-04 U PT1H", &["VR.907"], UNCHANGED),
    ("U9 all", "01-01 A, 01-09 ■", "01-10 U tax PT1H", &["VR.903", "VR.905", "VR.907"], UNCHANGED),
    ("U10 earliest", "01-01 A", "2021-08-11 U", &[], "2021-08-11 U"),
    ("U10 too early", "01-01 A", "2021-08-10 U", &["VR.209"], UNCHANGED),
    ("U10 latest", "01-01 A", "2026-07-31 U", &[], "01-01 A, 2026-07-31 U"),
    ("U10 too late", "01-01 A", "2026-08-01 U", &["VR.209"], UNCHANGED),
    ("K1", "01-01 A, 01-09 ■", "01-09 U", &[], "01-01 A, 01-09 U"),
    ("K2", "01-04 A, 01-04 ■", "01-04 U", &[], "01-04 U"),
    ("K3 tax", "01-01 A, 01-09 ■", "01-09 U tax", &["VR.903"], UNCHANGED),
    ("K3 resolution", "01-01 A, 01-09 ■", "01-09 U PT1H", &["VR.907"], UNCHANGED),
    ("S1", "01-01 A, 01-04 B, 01-07 C", "stop 15-02", &[], "01-01 A, 15-02 ■"),
    ("S2", "01-01 A, 01-04 B, 01-07 C", "stop 01-07", &[], "01-01 A, 01-04 B, 01-07 ■"),
    ("S3", "01-01 A, 01-04 B, 01-09 ■", "stop 01-03", &[], "01-01 A, 01-03 ■"),
    ("S4", "01-04 A", "stop 01-04", &[], "01-04 A, 01-04 ■"),
    ("S4 two periods", "01-04 A, 01-07 B", "stop 01-04", &[], "01-04 A, 01-04 ■"),
    ("S5", "01-01 A, 01-09 ■", "stop 01-09", &[], "01-01 A, 01-09 ■"),
    ("S6", "01-01 A, 01-09 ■", "stop 01-12", &["CH.01"], UNCHANGED),
    ("S7", "01-04 A", "stop 01-02", &["CH.01"], UNCHANGED),
    ("a stop compares neither tax nor resolution", "01-01 A", "stop 01-09 PT1H", &[], "01-01 A, 01-09 ■"),
];

fn check(name: &str, before: &str, request_text: &str, rules: &[&str], after: &str) {
    let mut world = World::new();
    seed(&mut world, before);
    assert_eq!(shown(&world), before, "{name}: before");
    // As the system operator, who alone may ask for a tax at all.
    world.register(GRID, ActorRole::SystemOperator, Status::Active);
    let mut request = request(vec![operation("t-1", request_text)]);
    request.header.sender_role = "EZ".into();
    assert_eq!(broken(&world.send(&request)), [rules], "{name}");
    assert_eq!(shown(&world), if after == UNCHANGED { before } else { after }, "{name}: after");
    assert_eq!(world.history(&identity()).len(), usize::from(rules.is_empty()), "{name}: history");
}

#[test]
fn every_scenario_leads_where_the_table_says() {
    for (name, before, request, rules, after) in SCENARIOS {
        check(name, before, request, rules, after);
    }
}

#[test]
fn an_accepted_request_sent_again_changes_nothing() {
    for (name, before, text, rules, after) in SCENARIOS.iter().filter(|row| row.3.is_empty()) {
        let mut world = World::new();
        seed(&mut world, before);
        let request = request(vec![operation("t-1", text)]);
        let first = world.send(&request);
        // A stop taken back is not there to be taken back again: what was a cancellation is then an update.
        let again = world.send(&request);
        assert_eq!(shown(&world), *after, "{name}");
        assert_eq!((broken(&again), again.outgoing), (vec![rules.to_vec()], first.outgoing), "{name}");
    }
}

#[test]
fn b1_a_whole_life_fits_into_one_document() {
    let mut world = World::new();
    world.register("5", ActorRole::EnergySupplier, Status::Active);
    let texts = ["10-11 1", "11-11 2", "stop 12-11", "12-11 4"];
    let operations = texts.iter().zip(1..).map(|(text, n)| operation(&format!("t-{n}"), text)).collect();
    let decision = world.send(&request(operations));
    assert_eq!(shown(&world), "10-11 1, 11-11 2, 12-11 4");
    for kind in ["ConfirmRequestChangeOfPriceList", "NotifyPriceList"] {
        let documents = sent(&decision, kind);
        let ids: Vec<&str> = documents[0].records.iter().map(|it| it.transaction_id.as_str()).collect();
        assert_eq!((documents.len(), &*ids), (1, &["t-1", "t-2", "t-3", "t-4"][..]), "{kind}");
    }
    let steps: Vec<String> = world.history(&identity()).into_iter().map(|it| it.transaction_id).collect();
    assert_eq!(steps, ["t-1", "t-2", "t-3", "t-4"]);
}

#[test]
fn b2_what_fails_takes_everything_behind_it_along() {
    let mut world = World::new();
    world.register("5", ActorRole::EnergySupplier, Status::Active);
    let mut other = operation("t-4", "01-10 X");
    other.charge_id = "C-2".into();
    let operations = vec![
        operation("t-1", "01-09 A"),
        operation("t-2", "01-10 B tax"),
        operation("t-3", "01-11 C"),
        other,
        operation("t-5", "stop 01-01"),
    ];
    // The system operator, for it may ask for a tax.
    world.register(GRID, ActorRole::SystemOperator, Status::Active);
    let mut request = request(operations);
    request.header.sender_role = "EZ".into();
    let decision = world.send(&request);
    assert_eq!(broken(&decision), [&[][..], &["VR.903"], &["VR.906"], &[], &["VR.906"]]);
    let rejected = sent(&decision, "RejectRequestChangeOfPriceList");
    let texts: Vec<&str> = rejected[0].records.iter().map(|it| it.reasons[0].1.as_str()).collect();
    for (text, own) in texts[1..].iter().zip(["t-3", "t-5"]) {
        assert!(text.starts_with(&format!("VR.906: transaction {own} ")) && text.contains("transaction t-2 before it"));
    }
    let told: Vec<&str> = sent(&decision, "NotifyPriceList")[0].records.iter().map(|it| &*it.transaction_id).collect();
    assert_eq!(told, ["t-1", "t-4"]);
    assert_eq!(shown(&world), "01-09 A");
}

/// Writes the charge as a world file would.
fn seed(world: &mut World, timeline: &str) {
    let mut state = ChargeState::unknown(identity());
    for part in timeline.split(", ").filter(|part| !part.is_empty()) {
        let (date, name) = part.split_once(' ').unwrap();
        let data = MasterData { name: name.into(), ..data() };
        match (state.charge(), name) {
            (None, _) => state.create(local(date), false, Resolution::Day, data),
            (Some(_), "■") => state.stop(local(date)),
            (Some(_), _) => state.update(local(date), data),
        }
    }
    world.commit(&state.changes());
}

fn data() -> MasterData {
    MasterData {
        name: "A".into(),
        description: "what it is".into(),
        vat_class: VatClass::Vat25,
        transparent_invoicing: false,
    }
}

fn operation(transaction_id: &str, text: &str) -> Operation {
    let words: Vec<&str> = text.split(' ').collect();
    let mut operation = Operation { transaction_id: transaction_id.into(), ..information() };
    let stops = words[0] == "stop";
    operation.effective = Some(local(words[usize::from(stops)]));
    let effective = operation.effective;
    let asked = asked(&mut operation);
    asked.name = Some(if stops { "not applied" } else { words[1] }.into());
    asked.termination = effective.filter(|_| stops);
    asked.tax_indicator = Some(words.contains(&"tax"));
    if let Some(at) = words.iter().position(|word| *word == "until") {
        asked.termination = Some(local(words[at + 1]));
    }
    if words.contains(&"PT1H") {
        asked.resolution = Some(Resolution::Hour);
    }
    operation
}

fn shown(world: &World) -> String {
    let date = |instant: Timestamp| {
        let date = Calendar::new(world.market.zone).date(instant);
        if date.format("%Y").to_string() == "2023" { date.format("%d-%m").to_string() } else { date.to_string() }
    };
    let timeline = world.timeline(&identity());
    let periods = timeline.iter().map(|(period, data)| format!("{} {}", date(period.start), data.name));
    let stop =
        timeline.last().filter(|(last, _)| !last.end.is_open_end()).map(|(last, _)| format!("{} ■", date(last.end)));
    periods.chain(stop).collect::<Vec<_>>().join(", ")
}
