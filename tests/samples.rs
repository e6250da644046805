//! The samples are the specification acted out: every conversation walks the whole road, and its whole footprint is
//! compared with what stands beside it. `UPDATE_SAMPLES=1 cargo test --test samples every_conversation` writes it anew; the difference is
//! then reviewed like code.
//!
//! Beside the `NN-in.xml` that are fed stand `NN-out-….xml`, the documents that are sent (of several receivers that are
//! told the same, the first), and `after.txt`: how each file was answered, and what each queue then held. A `config.toml` in a
//! conversation's folder, or above it, has the settings that it is held under, instead of the defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridpost::document::Wire;
use gridpost::gateway::world::World;
use gridpost::gateway::{Gateway, Settings};
use gridpost::market::Timestamp;
use gridpost::process::market_documents::{RequestKind, Rule};
use gridpost::process::{Markets, Pack};
use gridpost::replay::{Line, Plan, Run, replay, runs};
use gridpost::spec::{Schema, Sources, Specs};
use gridpost::store::Memory;

/// What the clock shows in every conversation of the toy world. Where a world of its own stands above a conversation, the
/// clock follows the documents.
const CLOCK: &str = "2023-08-01T09:00:00Z";

fn settings(markets: Markets) -> Settings {
    Settings { markets, undecided_max: 1_000, ..Settings::default() }
}

/// Name to content: what a conversation leaves behind.
fn footprint(specs: &Arc<Specs>, run: &Run) -> BTreeMap<String, String> {
    footprint_in(run.files[0].parent().unwrap(), specs, run)
}

/// In the world and under the settings of a conversation.
fn footprint_in(conversation: &Path, specs: &Arc<Specs>, run: &Run) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let own_world = nearest_above(conversation, "world.toml").map(|world| World::read(&world).unwrap());
    let settings = settings(own_markets(conversation));
    let open = |clock| Ok(Gateway::open(Arc::new(Memory::default()), specs.clone(), settings.clone(), clock)?);
    let plan = Plan {
        open: &open,
        clock: if own_world.is_some() { None } else { Timestamp::parse_date_time(CLOCK) },
        world: own_world.unwrap_or_else(World::toy),
        until: None,
        out: Some(out.path().to_path_buf()),
    };
    let (mut after, mut sent) = (String::new(), Vec::new());
    let mut tell = |line: Line| {
        let line = match line {
            Line::File(mut file) => {
                file.file = Path::new(&file.file).file_name().unwrap().to_string_lossy().into_owned();
                Line::File(file)
            }
            Line::Order(mut order) => {
                order.file = Path::new(&order.file).file_name().unwrap().to_string_lossy().into_owned();
                Line::Order(order)
            }
            Line::Outgoing(outgoing) => {
                sent.push((outgoing.document.clone(), outgoing.path.clone().unwrap()));
                Line::Outgoing(outgoing)
            }
            Line::Parked(parked) => panic!("{parked:?}"),
        };
        writeln!(after, "{line}")?;
        Ok(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(replay(&plan, run, &mut tell)).unwrap();
    let mut files = BTreeMap::from([("after.txt".to_string(), after)]);
    let (mut told, mut number) = (BTreeSet::new(), run.files.len());
    for (document, path) in sent {
        let body = std::fs::read_to_string(&path).unwrap();
        let records = ["<cim:MktActivityRecord>", "<Payload"].iter().find_map(|record| body.split_once(record));
        let records = records.map_or("", |(_, records)| records).to_string();
        if told.insert(records) {
            number += 1;
            files.insert(format!("{number:02}-out-{document}.xml"), body);
        }
    }
    files
}

/// A file of this name in a conversation, or else nearest above it; what stands above all of them is nobody's own.
fn nearest_above(conversation: &Path, name: &str) -> Option<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let folders = conversation.ancestors().take_while(|folder| *folder != top);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Every pack's settings, as a conversation's own `config.toml`, which is the gateway's configuration, changes them.
fn own_markets(conversation: &Path) -> Markets {
    let config = nearest_above(conversation, "config.toml").map(|config| std::fs::read_to_string(config).unwrap());
    let own: toml::Table = toml::from_str(&config.unwrap_or_default()).unwrap();
    assert!(own.keys().all(|section| section == "market"), "{own:?}");
    let market = |pack: Pack| {
        let mut market = pack.market();
        if let Some(section) = own.get("market").and_then(|packs| packs.get(pack.name())) {
            market.settings = (pack.definition().settings.read)(section.as_table().unwrap().clone()).unwrap();
        }
        market
    };
    Markets::new(Pack::all().map(market).collect())
}

fn conversations() -> Vec<(PathBuf, Run)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let runs = runs(&[top]).unwrap();
    runs.into_iter().map(|run| (run.files[0].parent().unwrap().to_path_buf(), run)).collect()
}

#[test]
fn every_conversation_leaves_the_footprint_that_stands_beside_it() {
    let specs = Arc::new(gridpost::document::built_in());
    let update = std::env::var_os("UPDATE_SAMPLES").is_some();
    let mut wrong = Vec::new();
    let conversations = conversations();
    for (folder, run) in &conversations {
        let expected = footprint(&specs, run);
        if update {
            for stale in outgoing_in(folder) {
                std::fs::remove_file(folder.join(stale)).unwrap();
            }
            for (name, content) in &expected {
                std::fs::write(folder.join(name), content).unwrap();
            }
        }
        if outgoing_in(folder) != expected.keys().cloned().collect() {
            wrong.push(format!("{}: other documents than expected", folder.display()));
        }
        for (name, content) in &expected {
            if std::fs::read_to_string(folder.join(name)).unwrap_or_default() != *content {
                wrong.push(format!("{}/{name}", folder.display()));
            }
        }
    }
    assert!(conversations.len() > 30, "{} conversations", conversations.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn outgoing_in(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name == "after.txt" || name.contains("-out")).collect()
}

#[test]
fn a_folder_named_for_a_rule_breaks_that_rule_and_says_so() {
    for (folder, _) in conversations() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Some(rule) = rule_of(&name) else { continue };
        let after = std::fs::read_to_string(folder.join("after.txt")).unwrap();
        let refused = after.lines().any(|line| line.starts_with("400 "));
        assert!(after.contains(&format!("{rule}: ")) || refused, "{name} does not show {rule}:\n{after}");
    }
}

#[test]
fn a_folder_named_for_a_rule_of_the_market_roles_is_answered_with_its_code() {
    let mut seen = BTreeSet::new();
    for (folder, _) in conversations() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Some(rule) = Rule::all().find(|rule| Some(rule.name()) == name.split('-').next()) else { continue };
        let codes: BTreeSet<&str> = REQUESTS.iter().map(|kind| rule.code(*kind).code()).collect();
        let after = std::fs::read_to_string(folder.join("after.txt")).unwrap();
        let told = after.lines().any(|line| codes.contains(line.split_whitespace().next().unwrap_or_default()));
        assert!(told, "{name} is not answered with one of {codes:?}:\n{after}");
        seen.insert(rule);
    }
    assert!(seen.len() > 25, "{seen:?}");
}

#[test]
fn no_document_that_is_sent_holds_a_personal_number() {
    let world = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/world.toml")).unwrap();
    let numbers = ["0101801234", "0202801234", "0303801234", "0101800000", "0303830000"];
    assert!(world.contains(numbers[0]));
    for (folder, _) in conversations() {
        for name in outgoing_in(&folder) {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap();
            for number in numbers {
                assert!(!text.contains(number), "{}/{name}", folder.display());
            }
        }
    }
}

/// Invariant 12 of charges 12: the older formats have room for so many characters.
#[test]
fn no_id_that_is_sent_is_longer_than_the_older_formats_take() {
    let mut ids = 0;
    for (folder, _) in conversations() {
        for name in outgoing_in(&folder).into_iter().filter(|name| name.ends_with(".xml")) {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap();
            for line in text.lines().filter(|line| line.contains("mRID") && !line.contains("originalTransactionID")) {
                let (Some((tag, rest)), true) = (line.split_once('>'), line.contains("</")) else { continue };
                let (id, most) =
                    (rest.split('<').next().unwrap(), if tag.contains("MarketParticipant") { 16 } else { 35 });
                assert!(id.chars().count() <= most, "{}/{name}: {line}", folder.display());
                ids += 1;
            }
        }
    }
    assert!(ids > 1_000, "{ids} ids");
}

/// The requests whose rules have conversations.
const REQUESTS: [RequestKind; 12] = [
    RequestKind::ChangeOfSupplier,
    RequestKind::MoveIn,
    RequestKind::ChangeOfBalanceResponsible,
    RequestKind::EndOfSupply,
    RequestKind::MoveOut,
    RequestKind::Reallocation,
    RequestKind::Cancellation,
    RequestKind::CustomerData,
    RequestKind::Contact,
    RequestKind::Query,
    RequestKind::Service,
    RequestKind::Answer,
];

/// `VR.505-1` from `VR.505-1-tariff-by-month`, `CH.03` from `CH.03-no-interval`.
fn rule_of(name: &str) -> Option<String> {
    if !["VR.", "CH.", "IA."].iter().any(|list| name.starts_with(list)) {
        return None;
    }
    let mut parts = name.split('-');
    let rule = parts.next()?.to_string();
    match parts.next() {
        Some(variant) if variant.bytes().all(|byte| byte.is_ascii_digit()) => Some(format!("{rule}-{variant}")),
        _ => Some(rule),
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let specs = Arc::new(gridpost::document::built_in());
    for (_, run) in conversations().into_iter().step_by(7) {
        assert_eq!(footprint(&specs, &run), footprint(&specs, &run));
    }
}

fn is_ours(word: &str) -> bool {
    // The marks of what a notice means.
    let word = word.strip_suffix(['E', 'S']).unwrap_or(word);
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Ids that we made, which follow the bytes of what was sent, as one word; codes without the place that they are about.
fn without_ids(after: &str) -> String {
    let plain = |word: &'_ str| {
        let placed = word.starts_with("B2B-") || word.starts_with("00");
        let code = if placed { word.split(':').next().unwrap_or_default() } else { word };
        if is_ours(word) { "#".to_string() } else { code.to_string() }
    };
    let line = |line: &str| line.split(' ').map(plain).collect::<Vec<_>>().join(" ");
    after.lines().map(line).collect::<Vec<_>>().join("\n").replace(".json", ".xml")
}

/// The run with every document in another form, where it can be said there: `translate` is given its schema and its CIM
/// XML. In `said` are the namespaces of those that could.
fn in_another_form(
    run: &Run,
    specs: &Specs,
    dir: &Path,
    extension: &str,
    said: &mut BTreeMap<String, usize>,
    translate: impl Fn(&Schema, &[u8]) -> Option<Vec<u8>>,
) -> Run {
    let limits = gridpost::xml::Limits::default();
    for file in &run.files {
        let (bytes, name) = (std::fs::read(file).unwrap(), Path::new(file.file_name().unwrap()));
        let is_xml = file.extension().is_some_and(|extension| extension == "xml");
        let recognise = || gridpost::document::recognise(specs, &bytes, &limits).ok().flatten();
        let schema = if is_xml { recognise() } else { None };
        match schema.and_then(|schema| Some((schema, translate(schema, &bytes)?))) {
            Some((schema, body)) => {
                *said.entry(schema.namespace().to_string()).or_default() += 1;
                std::fs::write(dir.join(name.with_extension(extension)), body).unwrap();
            }
            None => std::fs::write(dir.join(name), bytes).unwrap(),
        }
    }
    let mut runs = runs(&[dir.to_path_buf()]).unwrap();
    assert_eq!((runs.len(), runs[0].files.len()), (1, run.files.len()));
    runs.remove(0)
}

#[test]
fn a_suppliers_integrations_may_send_every_document_as_json() {
    let specs = Arc::new(gridpost::document::built_in());
    let limits = gridpost::xml::Limits::default();
    let mut said = BTreeMap::new();
    for (folder, run) in
        conversations().into_iter().filter(|it| it.0.iter().any(|part| part == "installation-accounts"))
    {
        let dir = tempfile::tempdir().unwrap();
        let in_json = in_another_form(&run, &specs, dir.path(), "json", &mut said, |schema, xml| {
            gridpost::document::cim_json::from_xml(schema, xml, &limits).ok()
        });
        let after = &footprint_in(&folder, &specs, &in_json)["after.txt"];
        let expected = std::fs::read_to_string(folder.join("after.txt")).unwrap();
        assert_eq!(without_ids(after), without_ids(&expected), "{}", folder.display());
    }
    assert_eq!(said.len(), 6, "{said:?}");
}

/// A request that names no balance responsible party, with one: ebIX wants it, and CIM does not.
fn with_a_balance_responsible_party(xml: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(xml).ok()?;
    let (supplier, party) = ("marketEvaluationPoint.energySupplier_MarketParticipant.mRID>", BALANCE_RESPONSIBLE);
    if !text.contains("RequestChangeOfSupplier_MarketDocument") || text.contains("balanceResponsibleParty") {
        return None;
    }
    let end = format!("</cim:{supplier}");
    let name = "cim:marketEvaluationPoint.balanceResponsibleParty_MarketParticipant.mRID";
    Some(text.replace(&end, &format!("{end}<{name} codingScheme=\"A10\">{party}</{name}>")).into_bytes())
}

/// Conversations that turn on what ebIX has no place for: who else asks, a supplier beside the sender, a text too long; or on
/// what it may write and CIM may not, a fraction of zeros.
const UNSAID_IN_EBIX: [&str; 9] = [
    "DateFormatMustBeUTC-a-fraction",
    "delegation/in-a-delegated-party-asks-for-a-supplier",
    "end-of-supply/ActorNumberMustMatchItsScheme-a-gln-as-an-eic",
    "end-of-supply/EnergySupplierDoesNotMatchSender-another",
    "master-data-queries/ActorNumberMustMatchItsScheme-a-gln-as-an-eic",
    "master-data-queries/InitiatorMustBeComplete-no-role",
    "master-data-queries/NoDelegation-on-behalf-of-another",
    "move-out/EnergySupplierDoesNotMatchSender-another",
    "services/DescriptionLength-too-long",
];

/// An answer to a document of ours names its id, which is another one when the request had other bytes.
fn answers_us(run: &Run) -> bool {
    let texts = run.files.iter().map(|file| std::fs::read_to_string(file).unwrap_or_default());
    texts.into_iter().any(|text| text.split(['<', '>']).any(is_ours))
}

/// One of the toy world's.
const BALANCE_RESPONSIBLE: &str = "5790002000027";

#[test]
fn what_is_sent_as_ebix_gets_the_same_answers() {
    let specs = Arc::new(gridpost::document::built_in());
    let limits = gridpost::xml::Limits::default();
    let (mut said, mut completed, mut conversations_said) = (BTreeMap::new(), BTreeMap::new(), 0);
    let mut wrong = Vec::new();
    for (nth, (folder, run)) in conversations().into_iter().enumerate() {
        if answers_us(&run) || UNSAID_IN_EBIX.iter().any(|it| folder.ends_with(it)) {
            continue;
        }
        let (cim, ebix) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let before = (said.values().sum::<usize>(), completed.values().sum::<usize>());
        // These are walked twice, and there are many.
        let completes = nth % 3 == 0;
        let in_cim = in_another_form(&run, &specs, cim.path(), "xml", &mut completed, |_, xml| {
            with_a_balance_responsible_party(xml).filter(|_| completes)
        });
        let in_ebix = in_another_form(&in_cim, &specs, ebix.path(), "xml", &mut said, |schema, xml| {
            gridpost::document::ebix::from_cim(schema, xml, &[], &limits)
        });
        if said.values().sum::<usize>() == before.0 {
            continue;
        }
        conversations_said += 1;
        let expected = match completed.values().sum::<usize>() == before.1 {
            true => std::fs::read_to_string(folder.join("after.txt")).unwrap(),
            false => footprint_in(&folder, &specs, &in_cim).remove("after.txt").unwrap(),
        };
        let after = &footprint_in(&folder, &specs, &in_ebix)["after.txt"];
        if without_ids(after) != without_ids(&expected) {
            wrong.push(format!("{}:\n{after}\n{expected}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{conversations_said} conversations, {said:#?}");
    assert!(conversations_said > 300 && said.len() > 12, "{conversations_said} conversations, {said:?}");
}

#[test]
fn every_document_that_is_sent_has_a_valid_ebix_form_or_none() {
    let Some(conformance) = std::env::var_os("GRIDPOST_CONFORMANCE") else {
        println!("left out: GRIDPOST_CONFORMANCE does not name the official schemas");
        return;
    };
    let official = Sources::Folder(Path::new(&conformance).join("xsd/ebix"));
    let (specs, limits) = (gridpost::document::built_in(), gridpost::xml::Limits::default());
    let (mut schemas, mut checked) = (BTreeMap::new(), 0);
    for (folder, _) in conversations() {
        for name in outgoing_in(&folder).into_iter().filter(|name| name.ends_with(".xml")) {
            let document = std::fs::read(folder.join(&name)).unwrap();
            // Some were asked for in ebIX; the others have a form that goes by what is kept in them alone.
            let ebix = match Wire::of(&document, &limits) {
                Wire::Ebix => Some(document),
                _ => {
                    let schema = gridpost::document::recognise(&specs, &document, &limits).unwrap().unwrap();
                    gridpost::document::ebix::from_cim(schema, &document, &[], &limits)
                }
            };
            let Some(ebix) = ebix else { continue };
            let root = gridpost::spec::root_of(&ebix, &limits).unwrap().name;
            let file = format!("document/{root}/ebIX_{root}-2.xsd");
            let schema = schemas.entry(root).or_insert_with(|| Schema::load(&official, &file).unwrap());
            let verdict = gridpost::spec::check(schema, &ebix, &limits, &mut ());
            let first = verdict.flaws.first().map(|flaw| format!("{} {}", flaw.path, flaw.message));
            assert_eq!(first, None, "{}/{name}", folder.display());
            checked += 1;
        }
    }
    println!("{checked} documents of {} kinds", schemas.len());
    assert!(checked > 500 && schemas.len() > 20, "{checked} documents of {} kinds", schemas.len());
}

#[test]
fn every_document_that_is_sent_follows_the_official_schema() {
    let Some(conformance) = std::env::var_os("GRIDPOST_CONFORMANCE") else {
        println!("left out: GRIDPOST_CONFORMANCE does not name the official schemas");
        return;
    };
    let official = Specs::folder(&Path::new(&conformance).join("xsd/cim")).unwrap();
    let limits = gridpost::xml::Limits::default();
    let mut checked = 0;
    for (folder, _) in conversations() {
        for name in outgoing_in(&folder).into_iter().filter(|name| name.ends_with(".xml")) {
            let document = std::fs::read(folder.join(&name)).unwrap();
            let root = gridpost::spec::root_of(&document, &limits).ok().unwrap();
            // Of ours, ours is the official schema; what was asked for in ebIX is looked at above.
            if root.namespace.starts_with("urn:gridpost:") || Wire::of(&document, &limits) == Wire::Ebix {
                continue;
            }
            let schema = official.schema_for(&root.namespace).unwrap();
            let verdict = gridpost::spec::check(schema, &document, &limits, &mut ());
            let first = verdict.flaws.first().map(|flaw| format!("{} {}", flaw.path, flaw.message));
            assert_eq!(first, None, "{}/{name}", folder.display());
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} documents");
}
