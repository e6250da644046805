//! A supplier's house from the command line: files are imported, accounts are looked at, the timers are run by hand.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const WORLD: &str = "samples/installation-accounts/world.toml";
const CLOCK: &str = "2026-03-10T09:07:00Z";

fn gridpost(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("GRIDPOST_CONFIG").args(arguments);
    command.args(["--store", dir.join("store").to_str().unwrap(), "--json"]).output().unwrap()
}

/// Exit status, and each line as JSON.
fn rows(output: &Output) -> (i32, Vec<Value>) {
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
    let rows = rows.collect();
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), rows)
}

fn import(dir: &Path, name: &str, content: &str, clock: &str) -> (i32, Vec<String>) {
    let file = dir.join(name);
    std::fs::write(&file, content).unwrap();
    let file = file.to_str().unwrap();
    let arguments =
        ["import", "--pack", "supplier", "--world", WORLD, "--clock", clock, "--sender", "9900000000015", file];
    let (code, rows) = rows(&gridpost(dir, &arguments));
    let verdict =
        |row: &Value| format!("{} {} {}", row["line"], row["key"].as_str().unwrap(), row["verdict"].as_str().unwrap());
    (code, rows.iter().map(verdict).collect())
}

fn accounts(dir: &Path, what: &[&str]) -> Vec<Value> {
    rows(&gridpost(dir, &[&["process", "accounts"], what].concat())).1
}

#[test]
fn files_in_any_order_make_accounts_and_every_row_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let contracts = "billing_contract_no,version,contract_account_no,installation_no,start,end,product
B1,1,V1,I1,2026-01-01,,Green
B2,1,V1,I2,2026-05-01,2026-04-01,Green
B3,1,V1,I3,first of May,,Green
B1,1,V1,I1,2026-01-01,,Green
";
    let (code, verdicts) = import(dir, "contracts.csv", contracts, CLOCK);
    assert_eq!(
        (code, verdicts),
        (1, vec!["2 B1 waiting".into(), "3 B2 rejected".into(), "4 B3 refused".into(), "5 B1 unchanged".into()])
    );
    let waiting = accounts(dir, &["waiting"]);
    assert_eq!(waiting[0]["waiting_for"], "ContractAccount V1, Installation I1");

    let installations =
        "installation_no;version;connection_object_no;division;malo_id;valid_from;valid_to;rate_category
I1;1;C1;electricity;12345678905;2025-01-01;2026-03-11;H0
I1;1;C1;electricity;12345678905;2026-03-11;;G0
";
    assert_eq!(
        import(dir, "installations.csv", installations, CLOCK),
        (0, vec!["2 I1 stored".into(), "3 I1 stored".into()])
    );
    let account = "contract_account_no,version,partner_no,payment_method\nV1,1,P1,SEPA\n";
    assert_eq!(import(dir, "accounts.csv", account, CLOCK).1, ["2 V1 stored"]);
    let object = "connection_object_no,version,city,country,grid_operator\nC1,1,Berlin,DE,9900000000039\n";
    assert_eq!(import(dir, "objects.csv", object, CLOCK).1, ["2 C1 stored"]);
    let partner = "partner_no,version,kind,name\nP1,1,company,\"Müller & Söhne <GmbH>\"\n";
    assert_eq!(import(dir, "partners.csv", partner, CLOCK).1, ["2 P1 stored"]);
    assert_eq!(import(dir, "partners.csv", partner, CLOCK).1, ["2 P1 unchanged"]);

    assert_eq!(accounts(dir, &["waiting"]), Vec::<Value>::new());
    let list = accounts(dir, &["list"]);
    assert_eq!((list.len(), &list[0]["account_no"], &list[0]["status"]), (1, &"P1-I1".into(), &"active".into()));
    let value = |dir: &Path, name: &str| -> String {
        let rows = accounts(dir, &["show", "EVIAK0000000001"]);
        let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"));
        row["value"].as_str().unwrap().to_string()
    };
    assert_eq!(value(dir, "partnerName"), "Müller & Söhne <GmbH>");

    // A change and a night, worked off by hand.
    import(
        dir,
        "objects.csv",
        "connection_object_no,version,city,country,grid_operator\nC1,2,Hamburg,DE,9900000000039\n",
        CLOCK,
    );
    assert_eq!(value(dir, "address"), "Berlin, DE");
    let marked = accounts(dir, &["mark", "--clock", CLOCK]);
    assert_eq!((&marked[0]["due"], &marked[0]["left"], &marked[0]["marked"]), (&1.into(), &0.into(), &1.into()));
    assert_eq!(accounts(dir, &["list", "--marked"])[0]["marked_for"], "change");
    let updated = accounts(dir, &["update", "--clock", CLOCK]);
    assert_eq!((&updated[0]["due"], &updated[0]["left"], &updated[0]["marked"]), (&1.into(), &0.into(), &0.into()));
    assert_eq!((value(dir, "address"), value(dir, "rateCategory")), ("Hamburg, DE".into(), "H0".into()));
    accounts(dir, &["update", "--clock", "2026-03-11T09:00:00Z"]);
    assert_eq!(value(dir, "rateCategory"), "G0");
}

/// Whoever is not registered when it first delivers need not change its file to deliver it again.
#[test]
fn a_row_that_was_rejected_is_judged_again_and_one_that_is_stored_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, file) = (folder.path(), folder.path().join("partners.csv"));
    let partners = "partner_no,version,kind,name\nP1,1,person,Anna\n";
    std::fs::write(&file, partners).unwrap();
    let early = ["import", "--pack", "supplier", "--clock", CLOCK, "--sender", "9900000000015", file.to_str().unwrap()];
    for _ in 0..2 {
        let output = gridpost(dir, &early);
        let (code, told) = rows(&output);
        assert_eq!((code, &told[0]["verdict"]), (1, &"rejected".into()), "{told:?}");
    }
    assert_eq!(import(dir, "partners.csv", partners, CLOCK), (0, vec!["2 P1 stored".into()]));
    assert_eq!(import(dir, "partners.csv", partners, CLOCK), (0, vec!["2 P1 unchanged".into()]));
}

#[test]
fn a_file_of_something_else_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.csv");
    std::fs::write(&file, "meter,reading\n1,2\n").unwrap();
    let output = gridpost(folder.path(), &["import", "--pack", "supplier", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("\"meter\"") && told.contains("gridpost import --help"), "{told}");
    assert!(!folder.path().join("store").exists());
}

/// The JSON Schemas beside the XSDs are those that are made from them; `UPDATE_SPECS=1` writes them anew.
#[test]
fn each_schema_of_the_pack_has_its_json_form_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("message-specs/supplier");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut compared = 0;
    for name in names.filter(|name| name.ends_with(".xsd") && name != "supplier-codes.xsd") {
        let document = name.strip_suffix(".xsd").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridpost"));
        let output = command.env_remove("GRIDPOST_CONFIG").args(["spec", "json-schema", document]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let beside = folder.join(format!("{document}.schema.json"));
        if std::env::var_os("UPDATE_SPECS").is_some() {
            std::fs::write(&beside, &output.stdout).unwrap();
        }
        let made = String::from_utf8(output.stdout).unwrap();
        assert_eq!(std::fs::read_to_string(&beside).unwrap(), made, "{}", beside.display());
        compared += 1;
    }
    assert!(compared > 8, "{compared} documents");
}
