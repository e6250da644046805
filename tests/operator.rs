//! What an operator asks of a store: that it is whole, what happened in it, and what it knows.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn gridpost(args: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_gridpost")).current_dir(folder).args(args).output().unwrap()
}

fn rows(args: &[&str]) -> Vec<Value> {
    let output = gridpost(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_replayed_store_tells_its_events_its_charges_and_that_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let clock = "2023-08-01T09:00:00Z";
    let life = "samples/charges/B1-a-whole-life-in-one-document";
    let replayed = rows(&["replay", life, "--clock", clock, "--store", &store, "--json"]);
    assert_eq!(replayed[0]["status"], 202);

    let events = rows(&["process", "events", "--store", &store, "--json"]);
    let names: Vec<&str> = events.iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ChargeCreated", "ChargePeriodUpdated", "ChargeDiscontinued", "ChargeDiscontinuationCancelled"]);
    let second = events[1]["position"].as_str().unwrap();
    let behind = rows(&["process", "events", "--store", &store, "--json", "--from", second]);
    assert_eq!(behind, events[2..]);
    assert_eq!(rows(&["process", "events", "--store", &store, "--json", "--from", "0", "--most", "1"]), events[..1]);

    let id = events[0]["payload"]["charge_id"].as_str().unwrap();
    let owner = events[0]["payload"]["charge_owner"].as_str().unwrap();
    let found = rows(&["process", "charges", id, "--owner", owner, "--store", &store, "--json"]);
    let kind = found[0]["charge_type"].as_str().unwrap();
    let charge = rows(&["process", "charge", owner, kind, id, "--store", &store, "--json"]);
    assert_eq!(charge.len(), 3, "as scenario B1 leaves it");
    let messages = rows(&["process", "messages", owner, kind, id, "--store", &store, "--json"]);
    assert!(messages.len() == 4 && messages.iter().all(|message| message["verdict"] == "accepted"));
    let history = rows(&["process", "history", owner, kind, id, "--store", &store, "--json"]);
    let steps: Vec<&str> = history.iter().map(|row| row["operation"].as_str().unwrap()).collect();
    assert_eq!(steps, ["cancel stop", "stop", "update", "create"], "the newest first");
    let participants = rows(&["process", "participants", "--store", &store, "--json"]);
    assert!(participants.iter().any(|row| row["number"] == owner && row["role"] == "DDM"));
    let before = rows(&["process", "charge", owner, kind, id, "--known-at", "2023-07-31", "--store", &store, "--json"]);
    assert_eq!(before.len(), 0);

    let list = |options: &[&str]| {
        let found = rows(&[&["archive", "list", "--store", &store, "--json"], options].concat());
        found.iter().map(|row| row["id"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let all = list(&[]);
    let mut newest = list(&["--descending"]);
    assert_eq!(list(&["--descending", "--before", &newest[3], "--most", "2"]), newest[1..3]);
    assert_eq!(list(&["--descending", "--after", &newest[2], "--most", "2"]), newest[3..5]);
    newest.reverse();
    assert_eq!(newest, all);
    let found = rows(&["archive", "list", "--store", &store, "--json", "--sort", "messageId"]);
    let by_id: Vec<_> = found.iter().map(|row| row["messageId"].as_str().unwrap()).collect();
    assert!(by_id.len() == all.len() && by_id.is_sorted(), "{by_id:?}");

    assert_eq!([list(&["--rsm", "033"]), list(&["--rsm", "034"])].concat().len(), all.len(), "of price lists");
    assert_eq!(list(&["--verdict", "accepted"]), list(&["--direction", "in"]));
    assert_eq!(list(&["--verdict", "refused"]), [""; 0]);
    assert_eq!(list(&["--role", "DDM", "--direction", "in"]), list(&["--direction", "in"]), "whatever their number");
    assert_eq!(list(&["--role", "ddm", "--party", owner]), list(&["--party", owner]));
    let suppliers = list(&["--role", "DDQ"]);
    assert!(!suppliers.is_empty() && suppliers == list(&["--role", "DDQ", "--direction", "out"]), "{suppliers:?}");

    let listed = all.len();
    let verified = rows(&["archive", "verify", "--store", &store, "--json"]);
    assert!(listed > 4, "what came in, and what went out to several");
    assert_eq!(verified, [serde_json::json!({"documents": listed, "removed": 0, "altered": [], "found": []})]);

    let whole = rows(&["store", "verify", &store, "--json"]);
    assert_eq!(whole[0]["problems"], Value::Array(Vec::new()));
    let rebuilt = rows(&["store", "rebuild", &store, "--json"]);
    assert_eq!((&rebuilt[0]["records"], &rebuilt[0]["commits"]), (&whole[0]["records"], &whole[0]["commits"]));
    assert_eq!(rows(&["process", "events", "--store", &store, "--json"]), events, "as before the rebuild");
}

/// Post-office 4.4, item 4: suppliers are told of a stopped charge after its decision, page by page, by documents that name no
/// transaction of the request.
#[test]
fn what_is_told_behind_a_decision_belongs_to_its_request() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let sample = "samples/charge-links/a-stopped-subscription-is-told-to-the-suppliers";
    rows(&["replay", sample, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let list = |options: &[&str]| rows(&[&["archive", "list", "--store", &store, "--json"], options].concat());
    let stop = list(&["--transaction-id", "T-2", "--direction", "in"]);
    let [stop] = &stop[..] else { panic!("one request: {stop:?}") };
    let told = list(&["--document", "NotifyBillingMasterData"]);
    let told = told.last().unwrap();
    assert_eq!(told["correlationId"], stop["correlationId"], "{told}");
    let related = |row: &Value| rows(&["archive", "related", row["id"].as_str().unwrap(), "--store", &store, "--json"]);
    assert!(related(stop).contains(told) && related(told).contains(stop));
}

#[test]
fn a_grid_company_that_is_given_an_area_hears_of_the_taxes_that_are_paid_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let replay = |path: &str| rows(&["replay", path, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let sent = |rows: &[Value]| -> Vec<String> {
        let documents = rows.iter().filter(|row| row["document"].is_string());
        documents
            .map(|row| format!("{} {}", row["document"].as_str().unwrap(), row["role"].as_str().unwrap()))
            .collect()
    };
    let before = sent(&replay("samples/charge-links/a-grid-area-that-nobody-runs"));
    assert!(
        before.iter().any(|it| it.starts_with("Confirm")) && !before.contains(&"NotifyBillingMasterData DDM".into())
    );
    let give = |owner: &str| gridpost(&["process", "grid-area", "999", "--owner", owner, "--store", &store]);
    assert_eq!(give("8100000000207").status.code(), Some(2), "it is not active");
    assert_eq!(give("8100000000030").status.code(), Some(0));
    let events = rows(&["process", "events", "--store", &store, "--json"]);
    assert_eq!(events.last().unwrap()["name"], "GridAreaAddedToActor");
    let after = sent(&replay("samples/charge-links/VR.440-no-charge-id"));
    assert!(after.contains(&"NotifyBillingMasterData DDM".into()), "{after:?}");
}

/// What the registry of participants tells the hub: charges 8.4.
#[test]
fn the_registry_says_who_takes_part_and_who_runs_which_area() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let file = dir.path().join("registry.toml").display().to_string();
    let ask = |args: &[&str]| rows(&[&["process"], args, &["--store", &store, "--json"]].concat());
    let what =
        |rows: &[Value]| -> Vec<String> { rows.iter().map(|row| row["what"].as_str().unwrap().into()).collect() };
    let company = |role: &str, status: &str| {
        format!(
            "[[actor]]\nnumber = \"5790000000012\"\nrole = \"{role}\"\nname = \"One\"\nstatus = \"{status}\"\nexternal_id = \"e\"\n"
        )
    };
    let areas = "[[grid_area]]\ncode = \"131\"\nowner = \"5790000000012\"\n[[grid_area]]\ncode = \"132\"\nowner = \"5790000000012\"\n";
    std::fs::write(&file, company("DDM", "Active") + &company("DDQ", "New") + areas).unwrap();
    assert_eq!(what(&ask(&["register", &file])), ["new", "new", "changed", "changed"]);
    assert_eq!(what(&ask(&["register", &file])), ["unchanged"; 4]);
    std::fs::write(&file, company("DDQ", "Active")).unwrap();
    assert_eq!(what(&ask(&["register", &file])), ["changed"], "who is not named stays as it is");

    assert_eq!(
        what(&ask(&["actor", "5790000000012", "--name", "First", "--status", "passive", "--external-id", ""])),
        ["changed"; 2]
    );
    let registered = ask(&["participants"]);
    let shown = |row: &Value| format!("{} {} {}", row["role"], row["name"], row["status"]).replace('"', "");
    assert_eq!(registered.iter().map(shown).collect::<Vec<_>>(), ["DDM First Passive", "DDQ First Passive"]);
    for (format, expected) in [("ebix", "ebix".into()), ("json", "json".into()), ("none", Value::Null)] {
        assert_eq!(what(&ask(&["actor", "5790000000012", "--format", format])), ["changed"; 2]);
        let formats: Vec<Value> = ask(&["participants"]).iter().map(|row| row["format"].clone()).collect();
        assert_eq!(formats, [&expected; 2].map(Value::clone));
    }
    std::fs::write(&file, company("DDM", "Passive") + "format = \"json\"\n").unwrap();
    ask(&["register", &file]);
    assert_eq!(ask(&["participants"])[0]["format"], "json");
    // What is not said stays as it is.
    std::fs::write(&file, company("DDM", "Passive")).unwrap();
    ask(&["register", &file]);
    assert_eq!(ask(&["participants"])[0]["format"], "json");
    ask(&["grid-area", "131", "--nobody"]);
    let told: Vec<String> = ask(&["events"])
        .iter()
        .map(|row| format!("{} {}", row["name"], row["payload"]["grid_area"]).replace('"', ""))
        .collect();
    assert_eq!(told, ["GridAreaAddedToActor 131", "GridAreaAddedToActor 132", "GridAreaRemovedFromActor 131"]);
    std::fs::write(&file, company("DDM", "Active")).unwrap();
    ask(&["register", &file]);
    std::fs::write(&file, company("DDM", "Active").replace("\"5790000000012\"", "\"5790000000036\"")).unwrap();
    let twelve = dir.path().join("twelve.toml").display().to_string();
    std::fs::write(&twelve, company("DDM", "Active").replace("5790000000012", "579000000001")).unwrap();
    let (wrong, verifies) = (dir.path().join("wrong.toml"), dir.path().join("verifies.toml"));
    std::fs::write(
        &wrong,
        company("DDM", "Active").replace("5790000000012", "5790000000013").replace("\"e\"", "\"w\""),
    )
    .unwrap();
    std::fs::write(&verifies, "[market.dk]\nverify_numbers = true\n").unwrap();
    let [wrong, verifies] = [wrong, verifies].map(|file| file.display().to_string());
    let output = gridpost(&["--config", &verifies, "process", "register", &wrong, "--store", &store]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("register 5790000000013: it is neither a GLN"), "{said}");
    assert_eq!(what(&ask(&["register", &wrong])), ["new"], "its length is that of a GLN");
    for (args, why) in [
        (&["register", &twelve][..], "register 579000000001: it is neither a GLN"),
        (&["register", &file], "the external id \"e\" is that of 5790000000012"),
        (&["actor", "5790000000029", "--status", "Active"], "nobody is registered"),
        (&["actor", "5790000000012", "--status", "Gone"], "no status Gone"),
        (&["grid-area", "131", "--owner", "5790000000029"], "no active grid company"),
    ] {
        let output = gridpost(&[&["process"], args, &["--store", &store]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{args:?}: {said}");
    }
}

/// Who acts for whom, by hand and from a file: post-office 5.3.
#[test]
fn the_registry_says_who_acts_for_whom() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let file = dir.path().join("registry.toml").display().to_string();
    let ask = |args: &[&str]| rows(&[&["process"], args, &["--store", &store, "--json"]].concat());
    let actor =
        |number: &str, role: &str| format!("[[actor]]\nnumber = \"{number}\"\nrole = \"{role}\"\nname = \"One\"\n");
    let area = "[[grid_area]]\ncode = \"131\"\nowner = \"5790000000012\"\n";
    let row = |sequence: u64, stops: &str| {
        format!(
            "[[delegation]]\nsequence = {sequence}\nprocess = \"IncomingMeteringPointCharacteristics\"\n\
             grid_area = \"131\"\nby = \"5790000000012\"\nby_role = \"DDM\"\nto = \"5790000000029\"\nto_role = \"DEL\"\n\
             starts = \"2023-01-01T00:00:00Z\"\n{stops}"
        )
    };
    // Events may come late and twice: the newer row is told before the older one.
    let newer = row(7, "stops = \"2023-06-01T00:00:00Z\"\n");
    std::fs::write(&file, actor("5790000000012", "DDM") + &actor("5790000000029", "DEL") + area + &newer).unwrap();
    let what = |rows: &[Value]| rows.iter().map(|row| row["what"].clone()).collect::<Vec<_>>();
    assert_eq!(what(&ask(&["register", &file])), ["new", "new", "changed", "new"]);
    std::fs::write(&file, row(3, "") + &newer).unwrap();
    assert_eq!(what(&ask(&["register", &file])), ["new", "unchanged"]);
    let shown = |at: &str| -> Vec<String> {
        let rows = ask(&["delegations", "--at", at]);
        rows.iter().map(|row| format!("{} {} {}", row["sequence"], row["to"], row["inForce"])).collect()
    };
    assert_eq!(shown("2023-05-31T23:59:59Z"), ["3 \"5790000000029\" false", "7 \"5790000000029\" true"]);
    assert_eq!(shown("2023-06-01T00:00:00Z"), ["3 \"5790000000029\" false", "7 \"5790000000029\" false"]);
    let by_hand = |process: &'static str, number: &'static str| {
        let parties = ["--by", "5790000000012", "--by-role", "ddm", "--to", number, "--to-role", "del"];
        [&["delegate", process, "131"], &parties[..], &["--starts", "2023-07-01T00:00:00Z"]].concat()
    };
    let told = ask(&by_hand("IncomingMeteringPointCharacteristics", "5790000000029"));
    let number = |row: &Value| format!("{} {} {}", row["sequence"], row["ownNumber"], row["what"]);
    assert_eq!(number(&told[0]), "7 1 \"new\"", "behind all that was listed");
    assert_eq!(what(&ask(&by_hand("incomingmeteringpointcharacteristics", "5790000000029"))), ["unchanged"]);
    assert_eq!(shown("2023-07-01T00:00:00Z")[2], "7 \"5790000000029\" true");
    // The market's own processes are kept, and it is said that nothing comes of them here.
    let carried = |rows: &[Value]| rows[0]["carried"].clone();
    assert_eq!(
        (carried(&told), carried(&ask(&by_hand("missingmeasurementlog", "5790000000029")))),
        (true.into(), false.into())
    );
    let events = ask(&["events"]);
    let configured = events.iter().filter(|it| it["name"] == "ProcessDelegationConfigured");
    let sequences =
        configured.map(|it| format!("{} {}", it["payload"]["sequence_number"], it["payload"]["own_number"]));
    assert_eq!(sequences.collect::<Vec<_>>(), ["7 null", "3 null", "7 1", "7 1"]);
    for (args, why) in [
        (by_hand("Everything", "5790000000029"), "`Everything` is no process"),
        (by_hand("MissingMeasurementLog", "9"), "9/DEL is not registered"),
    ] {
        let output = gridpost(&[&["process"], &args[..], &["--store", &store]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{args:?}: {said}");
    }
}

/// A statement of the registry holds as a whole or not at all.
#[test]
fn a_registry_that_cannot_be_taken_over_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let file = dir.path().join("registry.toml").display().to_string();
    let actor = "[[actor]]\nnumber = \"5790000000012\"\nrole = \"DDM\"\nname = \"One\"\n";
    let areas = "[[grid_area]]\ncode = \"131\"\nowner = \"5790000000012\"\n[[grid_area]]\ncode = \"132\"\nowner = \"5790000000029\"\n";
    std::fs::write(&file, format!("{actor}{areas}")).unwrap();
    let output = gridpost(&["process", "register", &file, "--store", &store]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("give grid area 132 to 5790000000029"), "{said}");
    for nothing in ["participants", "events"] {
        assert_eq!(rows(&["process", nothing, "--store", &store, "--json"]), [Value::Null; 0]);
    }
}

/// Charges 10.7: by the operator's hand, by the same rules, told to the same parties.
#[test]
fn an_operator_creates_a_charge_in_its_owners_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let clock = "2023-08-01T09:00:00Z";
    rows(&["replay", "samples/charges/C1-create", "--clock", clock, "--store", &store, "--json"]);
    let create = |of: [&str; 3], name: &str, more: &[&str]| {
        let said = ["--name", name, "--description", "By the hour", "--resolution", "PT1H", "--vat", "D02"];
        let when = ["--from", "2023-08-31T22:00:00Z", "--clock", clock, "--store", &store, "--json"];
        let output = gridpost(&[&["process", "create-charge"], &of[..], &said, &when, more].concat());
        let row: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), row)
    };
    let ask = |args: &[&str]| rows(&[&["process"], args, &["--store", &store, "--json"]].concat());
    let grid = ["8100000000030", "D03", "NET-2"];
    let verdict = |(code, row): &(i32, Value)| (*code, row["verdict"].as_str().unwrap_or_default().to_string());

    let before = ask(&["events"]);
    assert_eq!(verdict(&create(grid, "Net", &["--dry-run"])), (0, "possible".into()));
    let rejected = create(grid, " ", &["--tax"]);
    assert_eq!(verdict(&rejected), (1, "rejected".into()));
    let reasons: Vec<&str> = rejected.1["reasons"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(reasons.len() == 2 && reasons[0].starts_with("E0H VR.910: ") && reasons[1].starts_with("E0I VR.508: "));
    let stranger = create(["1", "D03", "NET-2"], "Net", &[]);
    assert!(stranger.1["reasons"][0].as_str().unwrap().starts_with("D02 VR.152: "), "{stranger:?}");
    let too_long = create(["12345678901234567", "D03", "NET-2"], "Net", &[]);
    assert_eq!(verdict(&too_long), (1, "refused".into()));
    assert_eq!(ask(&["events"]), before, "nothing of it is kept");

    let created = create(grid, "Net", &[]);
    assert_eq!(verdict(&created), (0, "created".into()));
    let id = created.1["document_id"].as_str().unwrap();
    assert!(id.starts_with("gehUI") && id.len() == 36, "{id}");
    assert_eq!(ask(&["events"]).last().unwrap()["name"], "ChargeCreated");
    let message = &ask(&["messages", "8100000000030", "D03", "NET-2"])[0];
    assert_eq!((&message["document_id"], &message["transaction_id"]), (&id.into(), &id.into()));
    let queues = rows(&["queue", "list", "--store", &store, "--json"]);
    let waits = |actor: &str| queues.iter().any(|queue| queue["actor"] == actor && queue["pending"] == 1);
    assert!(waits("8100000000030") && waits("8100000000108") && waits("7300000000011"), "{queues:#?}");
    let archived = rows(&["archive", "related", id, "--store", &store, "--json"]);
    assert!(archived.iter().any(|row| row["document"] == "ConfirmRequestChangeOfPriceList"), "{archived:#?}");
    assert_eq!(verdict(&create(grid, "Another", &[])), (1, "exists".into()));

    // A duty is the system operator's, so grid companies hear of it too.
    let tax = create(["5790000432752", "D03", "TAX-2"], "Duty", &["--tax"]);
    assert_eq!(verdict(&tax), (0, "created".into()));
    let queues = rows(&["queue", "list", "--store", &store, "--json"]);
    assert!(queues.iter().any(|queue| queue["actor"] == "8200000000011" && queue["role"] == "DDM"), "{queues:#?}");
    let wrong = gridpost(&[
        "process",
        "create-charge",
        "1",
        "D09",
        "A",
        "--store",
        &store,
        "--name",
        "n",
        "--description",
        "d",
        "--resolution",
        "P1M",
        "--vat",
        "D02",
        "--from",
        "2023-09-01",
    ]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(wrong.status.code() == Some(2) && said.contains("charge 1/D09/A: `D09` is no charge_type"), "{said}");
}

/// Market-roles 2.9: tried out, ordered, looked at, and carried out on its day.
#[test]
fn an_operator_lets_one_supplier_take_over_from_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let change = "samples/change-of-supplier/E03-a-customer-whose-number-is-not-known";
    rows(&["replay", change, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let order = |from: &str, to: &str, more: &[&str]| {
        let date = ["--date", "2023-11-01", "--clock", "2023-10-06T09:00:00Z", "--store", &store, "--json"];
        let parties = ["process", "force-supplier", "--from", from, "--to", to, "--kind", "D13"];
        gridpost(&[&parties[..], &date, more].concat())
    };
    let said = |output: &Output| -> Vec<Value> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let refused = order("8100000000108", "5790002263057", &[]);
    assert_eq!((refused.status.code(), &said(&refused)[0]["rule"]), (Some(1), &"F02".into()));
    let tried = order("8100000000108", "7300000000011", &["--dry-run"]);
    let tried_rows = said(&tried);
    assert_eq!(tried.status.code(), Some(0));
    let outcomes = |rows: &[Value]| -> Vec<String> {
        let row = |it: &Value| Some(format!("{} {}", it["metering_point"].as_str()?, it["outcome"].as_str()?));
        rows.iter().filter_map(row).collect()
    };
    assert_eq!(rows(&["process", "orders", "--store", &store, "--json"]), [Value::Null; 0], "nothing was changed");
    let given = order("8100000000108", "7300000000011", &[]);
    assert_eq!(given.status.code(), Some(0), "{}", String::from_utf8_lossy(&given.stderr));
    assert_eq!(outcomes(&said(&given)[1..]), outcomes(&tried_rows), "as was foretold");
    assert!(tried_rows.iter().any(|row| row["documents"].as_array().is_some_and(|it| it.len() == 5)));
    let orders = rows(&["process", "orders", "--store", &store, "--json"]);
    assert_eq!((orders.len(), &orders[0]["gone_through"], &orders[0]["waiting"]), (1, &true.into(), &0.into()));
    let id = orders[0]["id"].as_str().unwrap();
    let shown = rows(&["process", "orders", id, "--store", &store, "--json"]);
    assert_eq!(shown, said(&given));
    let process = shown.iter().find_map(|row| row["process"].as_str()).unwrap();
    let story = rows(&["process", "show", process, "--store", &store, "--json"]);
    assert!(story.iter().any(|row| row["step"] == "state AwaitingMasterDataDispatch"), "{story:?}");
    let until = ["what-if", "--until", "2023-11-02T00:00:00Z", "--store", &store, "--json"];
    assert_eq!(gridpost(&until).status.code(), Some(0));
    assert_eq!(gridpost(&["process", "orders", "unknown", "--store", &store]).status.code(), Some(2));
    let call_off = |id: &str, clock: &str| {
        gridpost(&["process", "orders", "--call-off", id, "--clock", clock, "--store", &store, "--json"])
    };
    assert_eq!(call_off("unknown", "2023-10-07T09:00:00Z").status.code(), Some(2));
    let off = said(&call_off(id, "2023-10-07T09:00:00Z"));
    assert_eq!((&off[0]["called_off"], &off[0]["done"]), (&"2023-10-07T09:00:00Z".into(), &0.into()), "{off:?}");
    assert_eq!(off, said(&call_off(id, "2023-10-08T09:00:00Z")), "it is safe to repeat");
    let help = String::from_utf8(gridpost(&["process", "force-supplier", "--help"]).stdout).unwrap();
    assert!(help.contains("--dry-run") && help.contains("Examples:"), "{help}");
}

#[test]
fn no_clock_goes_behind_what_its_store_has_seen() {
    let dir = tempfile::tempdir().unwrap();
    let [store, certs] = ["store", "certs"].map(|name| dir.path().join(name).display().to_string());
    let (before, until) = ("2023-08-01T09:00:00Z", "2023-09-15T12:00:00Z");
    let life = "samples/charges/C1-create";
    rows(&["replay", life, "--clock", before, "--until", until, "--store", &store, "--json"]);

    let refused = |args: &[&str]| {
        let output = gridpost(&[args, &["--store", &store]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {said}");
        assert!(said.contains(until) && said.contains("only moves forward"), "{args:?}: {said}");
    };
    refused(&["what-if", "--until", "2023-09-15T11:59:59Z"]);
    let new = "process create-charge 8100000000030 D03 NET-2 --name n --description d --resolution PT1H --vat D02";
    let new: Vec<&str> = new.split(' ').chain(["--from", "2023-12-31T23:00:00Z", "--clock", before]).collect();
    refused(&new);
    assert_eq!(rows(&["what-if", "--until", until, "--store", &store, "--json"]), [Value::Null; 0]);

    let again = gridpost(&["replay", "samples/charges/P1-first-prices", "--clock", before, "--store", &store]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.success() && said.contains(until) && said.contains(before), "{said}");
    let newest = rows(&["archive", "list", "--descending", "--most", "1", "--store", &store, "--json"]);
    assert_eq!(newest[0]["at"], until);

    let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
    command.args(["local", "--port", "0", "--clock", before, "--store", &store, "--certs", &certs]);
    let mut local = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(local.stdout.take().unwrap()).lines().map_while(Result::ok);
    let opened = lines.by_ref().take(3).collect::<Vec<_>>();
    local.kill().unwrap();
    local.wait().unwrap();
    assert!(opened[0].contains("Its clock shows 2023-09-15T12:0"), "{opened:?}");
    assert!(opened[2].starts_with(&format!("The store has seen {until} already")), "{opened:?}");
}

#[test]
fn a_metering_point_is_shown_through_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let change = "samples/change-of-supplier/E03-of-a-person/01-in.xml";
    rows(&["replay", change, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let show =
        |more: &[&str]| gridpost(&[&["process", "show", "571313100000001017", "--store", &store], more].concat());
    let shown = rows(&["process", "show", "571313100000001017", "--store", &store, "--json"]);
    let lines: Vec<String> =
        shown.iter().map(|row| format!("{} {}", row["at"].as_str().unwrap(), row["what"].as_str().unwrap())).collect();
    assert_eq!(
        lines,
        [
            "2021-12-31T23:00:00Z metering point",
            "2021-12-31T23:00:00Z state",
            "2021-12-31T23:00:00Z consumption begins",
            "2021-12-31T23:00:00Z supply begins",
            "2023-09-30T22:00:00Z will happen",
        ]
    );
    assert_eq!((&shown[2]["customer"], &shown[4]["kind"]), (&"CPR".into(), &"ChangeOfSupplier".into()), "{shown:?}");
    let text = String::from_utf8(show(&[]).stdout).unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(text.starts_with("2021-12-31T23:00:00Z  metering point") && text.contains("grid_area 131"), "{text}");
    for told in [text, format!("{shown:?}")] {
        assert!(!told.contains("0101801234") && !told.contains("Ann"), "{told}");
    }
    let unknown = gridpost(&["process", "show", "571313100000009990", "--store", &store]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn what_has_changed_of_a_metering_point_is_shown_with_its_days() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    for change in ["E32-flex-to-hourly", "E79-disconnected-and-connected-again"] {
        let change = format!("samples/metering-points/{change}");
        rows(&["replay", &change, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    }
    let shown = rows(&["process", "show", "571313100000001000", "--store", &store, "--json"]);
    let data: Vec<&serde_json::Value> = shown.iter().filter(|row| row["what"] == "master data").collect();
    assert_eq!(data.len(), 1, "{shown:?}");
    assert_eq!((&data[0]["at"], &data[0]["settlement_method"]), (&"2023-07-31T22:00:00Z".into(), &"E02".into()));
    assert_eq!(data[0]["meter"], serde_json::Value::Null, "nothing has changed about it");
}

/// Receipt, proof and journal, with nothing but files and commands in between.
#[test]
fn a_document_is_proved_to_somebody_who_has_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let store = file("store");
    let life = "samples/charges/B1-a-whole-life-in-one-document";
    rows(&["replay", life, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    rows(&["certs", "--dir", &file("certs"), "--json"]);
    let (private, public) = (file("certs/receipt-key.pem"), file("certs/receipt-public-key.pem"));
    let documents = rows(&["archive", "list", "--store", &store, "--json"]);
    let of =
        |direction: &str| documents.iter().find(|row| row["direction"] == direction).unwrap()["id"].as_str().unwrap();
    let (came, went) = (of("in"), of("out"));

    let receipt = gridpost(&["archive", "receipt", came, "--store", &store, "--key", &private]);
    std::fs::write(file("receipt"), &receipt.stdout).unwrap();
    let stated = rows(&["archive", "verify", "--receipt", &file("receipt"), "--key", &public, "--json"]);
    assert_eq!((&stated[0]["holds"], &stated[0]["messageId"]), (&true.into(), &documents[0]["messageId"]));
    let none = gridpost(&["archive", "receipt", went, "--store", &store, "--key", &private]);
    assert_eq!(none.status.code(), Some(2), "what we sent has no receipt of ours");

    let shown = gridpost(&["archive", "show", came, "--store", &store]);
    std::fs::write(file("document"), &shown.stdout).unwrap();
    let proof = |id: &str, to: &[&str]| {
        let out = file("proof");
        rows(&[&["archive", "prove", id, "--store", &store, "--out", &out, "--key", &private, "--json"], to].concat())
    };
    let verify = |more: &[&str]| {
        let proof = file("proof");
        let output = gridpost(&[&["archive", "verify", "--proof", &proof, "--json"], more].concat());
        let row: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(if row["holds"] == true { 0 } else { 1 }), "{row}");
        row
    };
    let (document, signed) = (file("document"), file("receipt"));
    let witnesses = ["--document", &document, "--key", &public, "--receipt", &signed];
    let short = proof(came, &[]);
    let checked = verify(&witnesses);
    assert_eq!((&checked["holds"], &checked["sameBytes"]), (&true.into(), &true.into()));
    assert_eq!(checked["believed"].as_array().unwrap().len(), 2);
    let long = proof(came, &["--to", "last"]);
    assert!(long[0]["bytes"].as_u64() > short[0]["bytes"].as_u64());
    let head = verify(&witnesses)["head"]["hash"].as_str().unwrap().to_string();
    assert_eq!(verify(&["--head", &head])["believed"].as_array().unwrap().len(), 1);
    assert_eq!(verify(&["--head", &"0".repeat(64)])["holds"], false);

    let mut altered = shown.stdout.clone();
    altered[100] ^= 1;
    std::fs::write(&document, &altered).unwrap();
    assert!(verify(&witnesses)["why"].as_str().unwrap().contains("another hash"));
    let mut altered = std::fs::read(file("proof")).unwrap();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    std::fs::write(file("proof"), altered).unwrap();
    assert_eq!(verify(&[])["holds"], false);

    proof(went, &[]);
    assert_eq!((&verify(&[])["direction"], &verify(&[])["holds"]), (&"out".into(), &true.into()));
    let unknown = gridpost(&["archive", "prove", "nothing", "--store", &store]);
    assert_eq!(unknown.status.code(), Some(2));

    // The journal is not what it was: whoever asks for a proof hears so.
    let journal = dir.path().join("store/journal/00000000000000000001.journal");
    let bytes = std::fs::read(&journal).unwrap();
    let commit: u64 = came.split('.').next().unwrap().parse().unwrap();
    let message = documents[0]["messageId"].as_str().unwrap();
    let at = bytes.windows(message.len()).position(|window| window == message.as_bytes()).unwrap();
    let mut altered = bytes.clone();
    altered[at] ^= 1;
    std::fs::write(&journal, altered).unwrap();
    let output = gridpost(&["archive", "prove", &format!("{commit}.0"), "--store", &store]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("checksum of the changes"), "{said}");
}

#[test]
fn the_environment_may_hold_anything_but_a_misspelt_setting() {
    use std::os::unix::ffi::OsStrExt;

    let run = |name: &str, value: &[u8]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
        command.env(name, std::ffi::OsStr::from_bytes(value)).args(["spec", "list"]).output().unwrap()
    };
    assert!(run("OTHERS", b"\xff").status.success());
    let refused = run("GRIDPOST_HTTP_ADRESS", b"127.0.0.1:1");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        (refused.status.code(), said.contains("GRIDPOST_HTTP_ADRESS: [http] has no such setting")),
        (Some(2), true),
        "{said}"
    );
}

/// post-office 4.4 item 6: what is old goes, unless somebody holds it, and everything can still be proved.
#[test]
fn old_documents_go_and_leave_their_hashes_unless_they_are_held() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let store = file("store");
    let life = "samples/charges/B1-a-whole-life-in-one-document";
    let run = |args: &[&str]| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
        // A segment for each frame, and nothing is kept but what this year has brought.
        command.env("GRIDPOST_STORE_SEGMENT_BYTES_MAX", "1").env("GRIDPOST_RETENTION_YEARS", "0");
        let output = command.current_dir(folder).args(args).args(["--store", &store, "--json"]).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{args:?}: {lines} {}", String::from_utf8_lossy(&output.stderr));
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    run(&["replay", life, "--clock", "2023-08-01T09:00:00Z"]);
    let documents = run(&["archive", "list"]);
    let came = documents.iter().find(|row| row["direction"] == "in").unwrap();
    let id = came["id"].as_str().unwrap();
    let shown = gridpost(&["archive", "show", id, "--store", &store]).stdout;

    run(&[
        "archive",
        "hold",
        "case-7",
        "--because",
        "a court asks",
        "--message-id",
        came["messageId"].as_str().unwrap(),
    ]);
    let would = run(&["archive", "retain", "--dry-run"]).remove(0);
    let (removed, all) = (would["removed"].as_u64().unwrap(), documents.len() as u64);
    assert_eq!((removed, &would["kept"]["held"], &would["dryRun"]), (all - 1, &1.into(), &true.into()), "{would}");
    assert_eq!(run(&["archive", "deletions"]), [Value::Null; 0]);
    assert!(run(&["archive", "list"]).iter().all(|row| row["removed"].is_null()));

    let done = run(&["archive", "retain"]).remove(0);
    assert_eq!(
        (&done["removed"], &done["kept"], &done["byDocument"]),
        (&would["removed"], &would["kept"], &would["byDocument"])
    );
    let listed = run(&["archive", "list"]);
    assert_eq!(listed.iter().filter(|row| row["removed"].is_string()).count() as u64, removed);
    assert_eq!(gridpost(&["archive", "show", id, "--store", &store]).stdout, shown, "what is held stays");
    let other = listed.iter().find(|row| row["removed"].is_string()).unwrap()["id"].as_str().unwrap();
    let gone = gridpost(&["archive", "show", other, "--store", &store]);
    assert!(gone.status.code() == Some(2) && String::from_utf8_lossy(&gone.stderr).contains("has been let go"));
    let again = run(&["archive", "retain"]).remove(0);
    assert_eq!((&again["removed"], &again["removedBefore"]), (&0.into(), &removed.into()));

    run(&["archive", "hold", "case-7", "--lift"]);
    for (name, told) in [("case-7", "lifted already"), ("case-8", "none of this name")] {
        let refused = gridpost(&["archive", "hold", name, "--lift", "--store", &store]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(told), "{name}");
    }
    assert!(run(&["archive", "holds"])[0]["lifted"].is_string());
    assert_eq!(run(&["archive", "retain"])[0]["removed"], 1);
    let deletions = run(&["archive", "deletions"]);
    assert_eq!(deletions.len() as u64, all);
    let trail = run(&["audit"]);
    let by_hand = trail.iter().filter(|row| row["number"].as_str().unwrap().starts_with("user:"));
    let by_hand: Vec<&str> =
        by_hand.map(|row| row["activity"].as_str().unwrap().trim_start_matches("gridpost archive ")).collect();
    let changed: Vec<_> = by_hand.iter().filter(|it| !["list", "show", "related"].contains(it)).collect();
    assert_eq!(changed, [&"hold", &"retain", &"retain", &"hold --lift", &"retain"], "a dry run changes nothing");
    let looked = |activity: &str, target: &str| {
        trail.iter().any(|row| row["activity"] == format!("gridpost archive {activity}") && row["target"] == target)
    };
    assert!(looked("list", "") && looked("show", id), "{trail:?}");
    assert!(deletions.iter().any(|row| row["messageId"] == came["messageId"] && row["hash"] == came["hash"]));

    assert_eq!(run(&["archive", "verify"])[0]["altered"], Value::Array(Vec::new()));
    let whole = rows(&["store", "verify", &store, "--json"]);
    assert_eq!((&whole[0]["problems"], &whole[0]["bodies"]), (&Value::Array(Vec::new()), &0.into()));
    rows(&["store", "rebuild", &store, "--json"]);
    let whole = rows(&["store", "verify", &store, "--json"]);
    assert_eq!(whole[0]["problems"], Value::Array(Vec::new()));

    // Whoever has kept the document can still show that it is the one.
    run(&["archive", "prove", id, "--out", &file("proof"), "--to", "last"]);
    std::fs::write(file("document"), &shown).unwrap();
    let proved = rows(&["archive", "verify", "--proof", &file("proof"), "--document", &file("document"), "--json"]);
    assert_eq!(proved[0]["sameBytes"], true);
    let wrong = gridpost(&["archive", "hold", "case-7", "--because", "again", "--store", &store]);
    assert_eq!(wrong.status.code(), Some(2), "a hold's name is used once");
    let ahead = gridpost(&["archive", "retain", "--now", "2999-01-01", "--store", &store]);
    assert_eq!(ahead.status.code(), Some(2));
}

/// Damage is no fault that ends the walk: each document that has come to harm is named, and the exit code says that some have.
#[test]
fn every_document_that_has_come_to_harm_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    let sample = "samples/charges/C1-create";
    rows(&["replay", sample, "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let journal = std::fs::read_dir(dir.path().join("store/journal")).unwrap().next().unwrap().unwrap().path();
    let replayed = std::fs::metadata(&journal).unwrap().len() as usize;
    let documents = rows(&["archive", "list", "--store", &store, "--json"]);
    assert_eq!(rows(&["archive", "verify", "--store", &store, "--json"])[0]["altered"], Value::Array(Vec::new()));
    let mut bytes = std::fs::read(&journal).unwrap();
    // All but the header of the file and its last frames, at which the store is opened.
    bytes[96..replayed].iter_mut().step_by(61).for_each(|byte| *byte ^= 1);
    std::fs::write(&journal, bytes).unwrap();
    let verified = gridpost(&["archive", "verify", "--store", &store, "--json"]);
    let told: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((verified.status.code(), &told["documents"]), (Some(1), &documents.len().into()), "{told}");
    let found = told["found"].as_array().unwrap();
    assert!(found.len() > 1 && found.len() == told["altered"].as_array().unwrap().len(), "{told}");
    let came = documents.iter().find(|row| row["direction"] == "in").unwrap();
    let harmed = found.iter().find(|row| row["id"] == came["id"]).unwrap();
    assert_eq!((&harmed["messageId"], &harmed["document"]), (&came["messageId"], &came["document"]));
    assert!(harmed["found"].as_str().unwrap().contains(".journal at byte"), "{harmed}");
    let text = gridpost(&["archive", "verify", "--store", &store]);
    let lines = String::from_utf8(text.stdout).unwrap();
    assert!(text.status.code() == Some(1) && lines.contains(came["messageId"].as_str().unwrap()), "{lines}");
}

/// A document that has come to harm before it was catalogued is found by what the log says of it, and so are all others.
#[test]
fn a_damaged_document_does_not_stop_the_catalogue_and_is_entered_once_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    rows(&["replay", "samples/charges/C1-create", "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    let journal = std::fs::read_dir(dir.path().join("store/journal")).unwrap().next().unwrap().unwrap().path();
    let replayed = std::fs::metadata(&journal).unwrap().len() as usize;
    // The frames at which the store is opened are to stay whole.
    let area = gridpost(&["process", "grid-area", "131", "--nobody", "--store", &store]);
    assert!(area.status.success(), "{area:?}");
    let flip = || {
        let mut bytes = std::fs::read(&journal).unwrap();
        bytes[96..replayed].iter_mut().step_by(61).for_each(|byte| *byte ^= 1);
        std::fs::write(&journal, bytes).unwrap();
    };
    flip();
    let listed = gridpost(&["archive", "list", "--store", &store, "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    assert!(String::from_utf8(listed.stdout).unwrap().contains("\"direction\":\"in\""));
    let search = ["archive", "list", "--transaction-id", "T-1", "--direction", "in", "--store", &store, "--json"];
    assert_eq!(rows(&search), [Value::Null; 0], "what it says cannot be read");
    flip();
    let found = rows(&search);
    assert_eq!((found.len(), &found[0]["reason"]), (1, &"D18".into()));
}

/// post-office 6.7: retention never touches what is not dequeued, nor what is not decided.
#[tokio::test]
async fn what_is_not_fetched_stays_however_old_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = path.display().to_string();
    {
        let options = gridpost::store::Options { segment_bytes_max: 1, ..Default::default() };
        let embedded = std::sync::Arc::new(gridpost::store::Embedded::open(&path, options).unwrap());
        let settings = gridpost::gateway::Settings { undecided_max: 10, ..Default::default() };
        let now = gridpost::market::Timestamp::parse_date_time("2019-08-01T09:00:00Z").unwrap();
        let specs = std::sync::Arc::new(gridpost::document::built_in());
        let clock = gridpost::gateway::Clock::standing_at(now);
        let gateway = gridpost::gateway::Gateway::open(embedded.clone(), specs, settings, clock).unwrap();
        gridpost::gateway::world::World::toy().settle_in(&gateway).await.unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charges/C1-create/01-in.xml");
        gateway.receive_from_its_sender(std::fs::read(sample).unwrap().into(), "c-1").await.unwrap();
        gateway.settled().await.unwrap();
        // The journal goes on, so that nothing of it stands in the last segment.
        let mut batch = gridpost::record::Batch::default();
        batch.put(gridpost::record::Key::new(gridpost::record::Space(250)), "later");
        gateway.write(batch).await.unwrap();
    }
    let waiting = rows(&["archive", "list", "--direction", "out", "--store", &store, "--json"]);
    assert!(!waiting.is_empty() && waiting.iter().all(|row| row["delivery"]["status"] == "waiting"));
    let done = rows(&["archive", "retain", "--store", &store, "--json"]).remove(0);
    assert_eq!((&done["removed"], &done["kept"]["unfetched"]), (&1.into(), &waiting.len().into()), "{done}");
    for row in &waiting {
        let shown = gridpost(&["archive", "show", row["id"].as_str().unwrap(), "--store", &store]);
        assert!(shown.status.success() && !shown.stdout.is_empty());
    }
    let whole = rows(&["store", "verify", &store, "--json"]);
    assert_eq!((&whole[0]["problems"], &whole[0]["erased"]), (&Value::Array(Vec::new()), &1.into()));
}

/// An id is its sender's own, so others may have used it: which document is meant is said.
#[test]
fn whoever_looks_for_an_id_that_several_have_used_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let (documents, store) = (dir.path().join("documents"), dir.path().join("store").display().to_string());
    std::fs::create_dir(&documents).unwrap();
    let sample = include_str!("../samples/charges/C1-create/01-in.xml");
    std::fs::write(documents.join("01-in.xml"), sample).unwrap();
    std::fs::write(documents.join("02-in.xml"), sample.replace(">T-1<", ">T-2<")).unwrap();
    let documents = documents.display().to_string();
    gridpost(&["replay", &documents, "--clock", "2023-08-01T09:00:00Z", "--store", &store]);
    let shown = gridpost(&["archive", "show", "DOC-1", "--store", &store]);
    let told = String::from_utf8_lossy(&shown.stderr).into_owned();
    assert!(shown.stdout == sample.as_bytes() && told.contains("others with the id DOC-1"), "{told}");
    let place = told.split_once(" at ").unwrap().1.split_once(',').unwrap().0;
    let shown = gridpost(&["archive", "show", place, "--store", &store]);
    assert_eq!((shown.stdout, shown.stderr), (sample.into(), vec![]));
}

/// As in `gridpost archive list | head -1`: whoever has read enough has not found a fault.
#[test]
fn a_command_whose_reader_has_read_enough_ends_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store").display().to_string();
    rows(&["replay", "samples/charges/C1-create", "--clock", "2023-08-01T09:00:00Z", "--store", &store, "--json"]);
    for args in [
        &["archive", "list", "--store", &store][..],
        &["archive", "verify", "--store", &store],
        &["queue", "list", "--store", &store, "--json"],
        &["process", "events", "--store", &store],
        &["store", "verify", &store],
        &["spec", "list"],
        &["spec", "list", "--json"],
        &["check", "samples/charges/C1-create"],
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.current_dir(folder).args(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_command_that_only_looks_makes_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let commands = [
        "queue list",
        "queue show 8100000000030 DDM",
        "queue parked",
        "queue timers",
        "queue retry --all",
        "queue quarantined",
        "queue quarantine 8100000000030 DDM x",
        "queue release --all",
        "queue discard 3",
        "archive list",
        "archive show x",
        "archive verify",
        "archive prove x",
        "archive retain",
        "archive holds",
        "audit",
        "process charges",
        "process participants",
        "process events",
        "process orders",
        "process grid-area 131 --nobody",
        "process certificate list",
        "process webhook list",
        "process accounts waiting",
        "process force-supplier --from 8100000000108 --to 7300000000011 --kind D13 --date 2099-01-01",
        "what-if --until 2099-01-01",
    ];
    for command in commands {
        for store in [&empty, &dir.path().join("mistyped")] {
            let text = store.display().to_string();
            let output = gridpost(&command.split(' ').chain(["--store", &text]).collect::<Vec<_>>());
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{command}: {said}");
            assert!(said.contains(&format!("find a store in {text}: there is no folder {text}/journal")), "{said}");
            assert!(std::fs::read_dir(store).map_or(true, |mut files| files.next().is_none()), "{command}");
        }
    }
}

#[test]
fn what_cannot_be_run_says_why_and_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = dir.path().display().to_string();
    for (args, why) in [
        (vec!["replay", "/absent"], "failed to find /absent: it is neither a file nor a folder"),
        (vec!["replay", &nothing], "failed to find a document: there is no .xml or .json file in"),
        (
            vec!["check", "--schema", "/absent.xsd", "samples/world.toml"],
            "failed to load the schema /absent.xsd: it is not a file",
        ),
        (vec!["send", "--to", "https://localhost:1", "/absent"], "failed to find /absent: it is neither a file nor"),
        (vec!["send", "--to", "https://localhost:1", &nothing], "failed to find a document: there is no .xml or .json"),
        (vec!["actor", "token", "0000000000000"], "the world has no 0000000000000"),
        (vec!["--config", "/absent.toml", "spec", "list"], "read the configuration /absent.toml"),
    ] {
        let output = gridpost(&args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.starts_with("gridpost: failed to ") && said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn check_ends_with_1_when_it_finds_a_flaw_and_lists_it_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let sample = std::fs::read_to_string("samples/charges/C1-create/01-in.xml").unwrap();
    let flawed = dir.path().join("flawed.xml");
    std::fs::write(&flawed, sample.replace("<cim:type>D10<", "<cim:type>D999<")).unwrap();
    let output = gridpost(&["check", "--json", &flawed.display().to_string(), "samples/charges/C1-create"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["valid"], false);
    let flaw = &lines[0]["flaws"][0];
    assert_eq!(flaw["code"], "value-not-in-list");
    assert_eq!(flaw["path"], "/RequestChangeOfPriceList_MarketDocument/type");
    assert!(flaw["line"].as_u64().unwrap() > 1 && flaw["column"].is_u64() && flaw["byte"].is_u64());
    assert!(lines[1..].iter().all(|line| line["valid"] == true && line["document"].is_string()));
}

#[tokio::test]
async fn an_operator_sees_what_waits_for_whom() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = path.display().to_string();
    {
        let embedded = std::sync::Arc::new(gridpost::store::Embedded::open(&path, Default::default()).unwrap());
        let settings = gridpost::gateway::Settings { undecided_max: 10, ..Default::default() };
        let now = gridpost::market::Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap();
        let specs = std::sync::Arc::new(gridpost::document::built_in());
        let clock = gridpost::gateway::Clock::standing_at(now);
        let gateway = gridpost::gateway::Gateway::open(embedded, specs, settings, clock).unwrap();
        gridpost::gateway::world::World::toy().settle_in(&gateway).await.unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charges/C1-create/01-in.xml");
        gateway.receive_from_its_sender(std::fs::read(sample).unwrap().into(), "c-1").await.unwrap();
        gateway.settled().await.unwrap();
        let number = gridpost::market::ActorNumber::new("8100000000030");
        let sender = gridpost::market::Party { number, role: gridpost::market::ActorRole::GridAccessProvider };
        for form in [gridpost::document::Wire::Ebix, gridpost::document::Wire::CimXml] {
            let access = gridpost::gateway::Access { form, ..(&sender).into() };
            gateway.peek(access, None, now).await.unwrap().expect("the answer waits");
        }
        gateway.write_down_peeks().await.unwrap();
    }
    let queues = rows(&["queue", "list", "--store", &store, "--json"]);
    let sender = queues.iter().find(|queue| queue["actor"] == "8100000000030").expect("the sender has its answer");
    assert_eq!(
        (&sender["role"], &sender["category"], &sender["pending"]),
        (&"DDM".into(), &"masterdata".into(), &1.into())
    );
    assert_eq!((&sender["documents"], &sender["closed"]), (&1.into(), &1.into()), "an answer leaves alone");
    let waiting = rows(&["queue", "show", "8100000000030", "ddm", "--store", &store, "--json"]);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["document"], "ConfirmRequestChangeOfPriceList");
    let how = ["peeked", "times", "firstFormat", "lastFormat"].map(|name| waiting[0][name].to_string());
    assert_eq!(how, ["\"2023-08-01T09:00:00Z\"", "2", "\"ebix\"", "\"xml\""]);
    let shown = gridpost(&["queue", "show", "8100000000030", "ddm", "--store", &store]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.trim_end().ends_with("peeked 2 times since 2023-08-01T09:00:00Z, first as ebix, last as xml"),
        "{shown}"
    );
    for empty in [&["queue", "parked"][..], &["queue", "timers"], &["queue", "show", "8100000000030", "DDQ"]] {
        assert_eq!(rows(&[empty, &["--store", &store, "--json"]].concat()), [Value::Null; 0]);
    }
    let none = rows(&["queue", "retry", "--all", "--store", &store, "--json"]);
    assert_eq!(none[0], serde_json::json!({"taken": 0, "kept": 0, "harmed": [], "unknown": 0}));
    let unknown = gridpost(&["queue", "retry", "16:x", "--store", &store]);
    assert_eq!(unknown.status.code(), Some(1));
    let nobody = gridpost(&["queue", "show", "8100000000030", "nobody", "--store", &store]);
    assert_eq!(nobody.status.code(), Some(2));
    let unknown = gridpost(&["queue", "show", "8100000000039", "DDM", "--store", &store]);
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("nobody is registered with the number 8100000000039"), "{said}");
}

/// post-office 1.6 (9), with a byte of the journal changed on the disk.
#[tokio::test]
async fn a_document_that_has_come_to_harm_is_let_back_or_given_up() {
    use gridpost::{archive, gateway, market, store};

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let name = path.display().to_string();
    let sender = market::Party {
        number: market::ActorNumber::new("8100000000030"),
        role: market::ActorRole::GridAccessProvider,
    };
    let now = market::Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap();
    let id = {
        let embedded: std::sync::Arc<dyn store::Store> =
            std::sync::Arc::new(store::Embedded::open(&path, Default::default()).unwrap());
        let specs = std::sync::Arc::new(gridpost::document::built_in());
        let clock = gateway::Clock::standing_at(now);
        let gateway = gateway::Gateway::open(embedded.clone(), specs, Default::default(), clock).unwrap();
        gateway::world::World::toy().settle_in(&gateway).await.unwrap();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charges/C1-create/01-in.xml");
        gateway.receive_from_its_sender(std::fs::read(sample).unwrap().into(), "c-1").await.unwrap();
        gateway.settled().await.unwrap();
        let (waiting, _) = gateway::queues::documents(&*embedded, &sender, None, 10).unwrap();
        let [gateway::queues::QueueDocument { place, waiting, .. }] = &waiting[..] else { panic!("{waiting:?}") };

        let body = embedded.packed(&archive::body_key(place.0, waiting.part)).unwrap().unwrap();
        let file = std::fs::read_dir(path.join("journal")).unwrap().map(|file| file.unwrap().path());
        let file = file.max_by_key(|file| std::fs::metadata(file).unwrap().len()).unwrap();
        let whole = std::fs::read(&file).unwrap();
        let at = whole.windows(body.stored().len()).rposition(|bytes| *bytes == **body.stored()).unwrap() + 9;
        let change = |by: u8| {
            use std::os::unix::fs::FileExt;
            let file = std::fs::File::options().write(true).open(&file).unwrap();
            file.write_all_at(&[whole[at] ^ by], at as u64).unwrap();
        };
        change(1);
        let ahead = market::Timestamp::parse_date_time("2093-08-01T09:00:00Z").unwrap();
        gateway.pass_time(ahead).await.unwrap();
        assert!(gateway.peek(&sender, None, ahead).await.unwrap().is_none(), "nothing else waits");
        change(0);
        waiting.message_id.clone()
    };
    let queue = |args: &[&str]| {
        let output = gridpost(&[&["queue"], args, &["--store", &name, "--json"]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code().unwrap(), rows)
    };
    let (_, aside) = queue(&["quarantined"]);
    let what = ["messageId", "actor", "role", "document"].map(|field| aside[0][field].as_str().unwrap());
    assert_eq!((aside.len(), what), (1, [&*id, "8100000000030", "DDM", "ConfirmRequestChangeOfPriceList"]));
    assert!(aside[0]["cause"].as_str().unwrap().contains("read a waiting document: "), "{aside:?}");
    assert_eq!(queue(&["show", "8100000000030", "DDM"]), (0, vec![]));
    assert_eq!(queue(&["release", "no such", &id]), (1, aside));
    let (_, waiting) = queue(&["show", "8100000000030", "DDM"]);
    assert_eq!(waiting[0]["messageId"], *id);
    let stop = ["quarantine", "8100000000030", "DDM", &id, "--cause", "sent by mistake"];
    let (code, stopped) = queue(&stop);
    assert_eq!((code, &stopped[0]["cause"]), (0, &"sent by mistake".into()));
    assert!(stopped[0]["quarantined"].as_str() > Some("2093-08-01"), "as the clock of its store goes: {stopped:?}");
    assert_eq!(queue(&stop), (1, vec![]), "it does not wait any more");
    assert_eq!(queue(&["discard", &id]), (0, stopped));
    assert_eq!((queue(&["discard", &id]), queue(&["release", "--all"])), ((1, vec![]), (0, vec![])));
    let done = rows(&["audit", "--store", &name, "--json"]);
    let done: Vec<[&str; 2]> =
        done.iter().map(|row| ["activity", "target"].map(|it| row[it].as_str().unwrap())).collect();
    let named = ["quarantine", "gridpost queue release", "gridpost queue quarantine", "gridpost queue discard"];
    let with_cause = format!("{id} sent by mistake");
    assert_eq!(done, std::array::from_fn::<_, 4, _>(|it| [named[it], if it == 2 { &*with_cause } else { &*id }]));
    let shown = rows(&["archive", "list", "--message-id", &id, "--store", &name, "--json"]);
    assert_eq!(shown[0]["delivery"]["status"], "discarded");
}
