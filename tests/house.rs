//! The house rules that a compiler does not check: who imports whom, who reads a clock, which rule is where.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DOORS: [&str; 6] = ["http", "client", "hint", "cli", "replay", "certs"];

/// Source files below `src`, with their module and their text without tests.
fn sources() -> Vec<(PathBuf, String, String)> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    files.sort();
    files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let below = path.strip_prefix(root().join("src")).unwrap();
            let first = below.components().next().unwrap().as_os_str().to_string_lossy();
            let module = first.trim_end_matches(".rs").to_string();
            let text = fs::read_to_string(&path).unwrap();
            (path.clone(), module, text)
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    // However the folder is called that all of it lies in.
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

/// Top-level modules that a text names after `crate::`, in single and in grouped imports.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !name.is_empty() {
            found.insert(name);
        } else if let Some(group) = rest.strip_prefix('{') {
            found.extend(heads_of_group(group));
        }
    }
    found
}

fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut head, mut heads) = (1, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match (depth, c) {
            (0, _) | (1, ',') => {
                let name = head.trim().split("::").next().unwrap_or_default().trim().to_string();
                heads.extend(Some(name).filter(|name| !name.is_empty()));
                head.clear();
            }
            (1, '{' | '}') => {}
            (1, c) => head.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// The table "Who may know whom" of ARCHITECTURE.md; `None` means anything.
fn allowed() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("## Who may know whom").nth(1).expect("ARCHITECTURE.md has the table");
    let table = table.split("\n## ").next().unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_string).collect::<BTreeSet<_>>();
            let module = names(cells[1]).pop_first().unwrap();
            (module, (cells[2].trim() != "anything").then(|| names(cells[2])))
        })
        .collect()
}

#[test]
fn imports_are_as_the_table_in_architecture_md_says() {
    let allowed = allowed();
    let mut breaches = Vec::new();
    for (path, module, text) in sources() {
        if module == "lib" || module == "main" {
            continue;
        }
        let may = allowed.get(&module).unwrap_or_else(|| panic!("ARCHITECTURE.md does not list `{module}`"));
        let Some(may) = may else { continue };
        for import in imports(without_tests(&text)) {
            if import != module && !may.contains(&import) && !is_test(&path) {
                breaches.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{breaches:#?}");
}

#[test]
fn the_table_lists_no_import_that_nobody_needs() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, module, text) in sources() {
        used.entry(module).or_default().extend(imports(&text));
    }
    for (module, may) in allowed() {
        let Some(used) = used.get(&module) else { panic!("there is no module `{module}`") };
        for import in may.unwrap_or_default() {
            assert!(used.contains(&import), "`{module}` may import `{import}` and does not");
        }
    }
}

#[test]
fn a_process_looks_at_a_siblings_state_and_never_at_its_rules() {
    for (path, module, text) in sources() {
        if module != "process" {
            continue;
        }
        let own = path.strip_prefix(root().join("src/process")).unwrap().components().next().unwrap();
        let own = own.as_os_str().to_string_lossy().to_string();
        for hidden in ["rules", "decide", "reply"] {
            for (at, _) in text.match_indices(&format!("::{hidden}")) {
                let before = &text[..at];
                let sibling = before.rsplit("process::").next().unwrap_or_default();
                let crossing =
                    before.ends_with(&format!("process::{sibling}")) && sibling != own && !sibling.contains(' ');
                assert!(!crossing, "{} reaches into {sibling}::{hidden}", path.display());
            }
        }
    }
}

#[test]
fn no_clock_and_no_chance_below_the_doors() {
    for (path, module, text) in sources() {
        if DOORS.contains(&&*module) || path.ends_with("gateway/clock.rs") {
            continue;
        }
        for reading in ["SystemTime::now(", "Utc::now(", "Local::now(", "rand::", "Uuid::new_v", "Uuid::now_v"] {
            let mut found = without_tests(&text).match_indices(reading);
            let called = found.any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric()));
            assert!(!called, "{} calls {reading}", path.display());
        }
        // Durations for the log are measured in the gateway and the store; nothing is decided by them.
        if !["gateway", "store", "identity"].contains(&&*module) {
            assert!(!without_tests(&text).contains("Instant::now("), "{} measures time", path.display());
        }
    }
}

#[test]
fn every_space_of_the_store_has_one_owner_and_stands_in_the_table() {
    let listed = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut owners: BTreeMap<u8, PathBuf> = BTreeMap::new();
    for (path, module, text) in sources().into_iter().filter(|(path, ..)| !is_test(path)) {
        for declaration in without_tests(&text).split(": Space = Space(").skip(1) {
            let number = declaration.split(')').next().unwrap().parse().expect("a space has a number");
            if let Some(other) = owners.insert(number, path.clone()) {
                panic!("space {number} is declared in {} and in {}", other.display(), path.display());
            }
            let row = format!("| {number} | `{module}");
            assert!(listed.contains(&row), "ARCHITECTURE.md does not list space {number} of {module}");
        }
    }
    assert!(!owners.is_empty());
}

/// A pack but the first is its folder, its specs, its samples, and its line of registration: in the source, whatever it is
/// called stands in its folder and in the two lines that declare and register that, and in the published description of the
/// door.
#[test]
fn a_pack_is_its_folder_and_one_line_of_registration() {
    let processes = fs::read_to_string(root().join("src/process/mod.rs")).unwrap();
    let table = processes.split_once("pub const PACKS: &[Pack] = &[").and_then(|(_, rest)| rest.split_once("];"));
    let entries: Vec<&str> = table.unwrap().0.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    assert!(entries.len() > 1 && entries[0] == "Pack::DK", "{entries:?}");
    let mut names = vec!["dk".to_string()];
    for entry in &entries[1..] {
        let folder = entry.strip_suffix("::PACK").unwrap_or_else(|| panic!("{entry} is no folder's PACK"));
        let home = root().join("src/process").join(folder);
        let mut own = Vec::new();
        walk(&home, &mut own);
        let own: String = own.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let defined = own.split_once("Definition {").unwrap().1;
        let name = defined.split("name: \"").nth(1).unwrap().split('"').next().unwrap();
        let specs = root().join("message-specs").join(name);
        assert!(specs.is_dir(), "{name} has no schemas in {}", specs.display());
        let words = [folder.to_string(), format!("\"{name}\""), format!(":{name}:"), format!("message-specs/{name}/")];
        for (path, _, text) in sources().into_iter().filter(|(path, ..)| !path.starts_with(&home)) {
            let registered =
                |line: &&str| [format!("pub mod {folder};"), format!("{entry},")].contains(&line.trim().into());
            let is_table = path.ends_with("process/mod.rs");
            for line in text.lines().filter(|line| !(is_table && (registered(line) || line.contains("const PACKS:")))) {
                let told = words.iter().find(|word| line.contains(&**word) && !is_field(line, word));
                assert!(told.is_none(), "{} knows the pack {name}: {line}", path.display());
            }
        }
        names.push(name.to_string());
    }
    let published: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("src/http/openapi.json")).unwrap()).unwrap();
    let participant = &published["components"]["schemas"];
    let listed = participant.to_string();
    let packs = format!("\"enum\":{}", serde_json::to_string(&names).unwrap());
    assert!(listed.contains(&packs), "openapi.json does not list {packs}");
}

/// Whether a word in quotes is the name of a field of JSON: a supplier is also one of the parties of a market.
fn is_field(line: &str, word: &str) -> bool {
    line.contains(&format!("{word}:")) || line.contains(&format!("{word}, json!"))
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, _, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with what it is for", path.display());
    }
}

/// In code a rule is a text of its own, not a mention; in a sample it is broken when an answer says so, with the code of
/// the table, or when the folder named for it is refused.
#[test]
fn every_rule_stands_in_the_markets_table_in_code_and_is_broken_in_some_sample() {
    let table = fs::read_to_string(root().join("message-specs/rules-charges.tsv")).unwrap();
    let processes = sources().into_iter().filter(|(path, module, _)| module == "process" && !is_test(path));
    let code: String = processes.map(|(_, _, text)| without_tests(&text).to_string()).collect();
    let mut files = Vec::new();
    walk(&root().join("samples"), &mut files);
    let texts: Vec<(String, String)> = files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt" || extension == "md"))
        .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
        .collect();
    let (mut missing, mut rules) = (Vec::new(), 0);
    for row in table.lines().filter(|line| line.starts_with("VR.") || line.starts_with("CH.")) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (rule, reason) = (cells[0], cells[4]);
        rules += 1;
        let asked = code.contains(&format!("\"{rule}\"")) || code.contains(&format!("({rule})"));
        if !asked && !row.contains("at the door") {
            missing.push(format!("{rule} is not in code"));
        }
        let acted = texts.iter().any(|(path, text)| {
            let answered = text.lines().any(|line| line.trim_start().starts_with(&format!("{reason} {rule}: ")));
            let refused = path.contains(&format!("/{rule}-")) && text.lines().any(|line| line.starts_with("400 "));
            let excused =
                path.ends_with("README.md") && text.lines().any(|line| line.starts_with(&format!("| {rule} ")));
            answered || refused || excused
        });
        if !acted {
            missing.push(format!("{rule} is not broken in any sample, nor does samples/charges/README.md say why"));
        }
    }
    assert!(rules > 30, "the table lists {rules} rules");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// What is said about the reference's defects and about what must hold is shown by tests and conversations that are there.
#[test]
fn every_defect_and_every_invariant_has_its_tests() {
    every_row_is_shown("defects-charges.tsv", &[("11.2", 28), ("12", 12)]);
    every_row_is_shown("defects-market-roles.tsv", &[("7", 30), ("7.1", 10)]);
}

/// `sections`: each with how many rows it has, in order.
fn every_row_is_shown(table: &str, sections: &[(&str, usize)]) {
    let text = fs::read_to_string(root().join("message-specs").join(table)).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let numbers: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let numbered =
        |(section, rows): &(&str, usize)| (1..=*rows).map(|row| format!("{section}-{row}")).collect::<Vec<_>>();
    assert_eq!(numbers, sections.iter().flat_map(numbered).collect::<Vec<_>>(), "{table}");
    for row in &rows {
        assert!(row.len() == 4 && !row[1].is_empty() && !row[3].is_empty(), "{row:?}");
        for shown in row[3].split("; ") {
            let Some((file, test)) = shown.split_once("::") else {
                assert!(root().join(shown).join("after.txt").is_file(), "{}: there is no {shown}", row[0]);
                continue;
            };
            let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let before = text.split_once(&format!("fn {test}(")).map(|(before, _)| before);
            let before = before.unwrap_or_else(|| panic!("{}: {file} has no {test}", row[0]));
            let is_run =
                before.lines().rev().take(3).any(|line| line.contains("#[test]") || line.contains("#[tokio::test"));
            assert!(is_run, "{}: {test} is no test", row[0]);
        }
    }
}

#[test]
fn every_rule_of_installation_accounts_stands_in_its_table_in_code_and_in_some_sample() {
    let table = fs::read_to_string(root().join("message-specs/rules-installation-accounts.tsv")).unwrap();
    let text_below = |folder: &str| {
        let mut files = Vec::new();
        walk(&root().join(folder), &mut files);
        let texts =
            files.iter().map(|path| format!("{}\n{}", path.display(), fs::read_to_string(path).unwrap_or_default()));
        texts.collect::<String>()
    };
    let code = fs::read_to_string(root().join("src/process/installation_accounts/rules.rs")).unwrap();
    let acted = text_below("samples/installation-accounts");
    let rules: BTreeSet<&str> =
        table.lines().filter_map(|line| line.split('\t').next()).filter(|it| it.starts_with("IA.")).collect();
    assert!(rules.len() >= 11, "{rules:?}");
    for rule in &rules {
        assert!(code.contains(&format!("\"{rule}\"")), "{rule} is not in code");
        assert!(acted.contains(*rule), "{rule} is not broken in any sample");
    }
    for (at, _) in code.match_indices("\"IA.") {
        assert!(rules.contains(&code[at + 1..at + 6]), "{} does not stand in the table", &code[at + 1..at + 6]);
    }
}

/// A folder that is named for a rule is answered with its code and its words; or the folder's README says why none is.
#[test]
fn every_rule_of_metering_points_is_broken_in_some_sample() {
    let table = fs::read_to_string(root().join("message-specs/rules-metering-points.tsv")).unwrap();
    let samples = root().join("samples/metering-points");
    let excuses = fs::read_to_string(samples.join("README.md")).unwrap();
    let folders: Vec<PathBuf> = fs::read_dir(&samples).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (mut missing, mut rules) = (Vec::new(), 0);
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (rule, answer) = (cells[0], format!("{} {}", cells[1], cells[5]));
        rules += 1;
        let is_answered = |folder: &&PathBuf| {
            fs::read_to_string(folder.join("after.txt")).unwrap_or_default().lines().any(|line| line.trim() == answer)
        };
        let named = |folder: &&PathBuf| {
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{rule}-")))
        };
        let acted = folders.iter().filter(named).any(|folder| is_answered(&folder));
        if acted == excuses.contains(&format!("| {rule} |")) {
            missing.push(rule);
        }
    }
    assert!(rules > 90, "the table lists {rules} rules");
    assert!(missing.is_empty(), "neither acted nor excused, or both: {missing:#?}");
}

/// Whatever the table says is asked is asked: in code, or of metering points under the names of their own table.
#[test]
fn every_rule_of_the_market_roles_that_is_said_to_be_asked_is_asked() {
    let table = fs::read_to_string(root().join("message-specs/rules-market-roles.tsv")).unwrap();
    let of_points = fs::read_to_string(root().join("message-specs/rules-metering-points.tsv")).unwrap();
    let names: BTreeSet<&str> = of_points.lines().filter_map(|line| line.split('\t').next()).collect();
    let lists = |path: &Path| path.ends_with("market_documents/rule.rs") || is_test(path);
    let code: String = sources()
        .into_iter()
        .filter(|(path, module, _)| module == "process" && !lists(path))
        .map(|(_, _, text)| without_tests(&text).to_string())
        .collect();
    let mut asked = 0;
    for row in table.lines().filter(|line| line.starts_with("-\t")) {
        let cells: Vec<&str> = row.split('\t').collect();
        let (rule, kinds, answered, status) = (cells[1], cells[2], cells[5], cells[7]);
        let name = format!("Rule::{rule}");
        let mut named = code.match_indices(&name);
        let in_code = named.any(|(at, _)| !code[at + name.len()..].starts_with(char::is_alphanumeric));
        let elsewhere = cells[8]
            .split_once("; of APC as ")
            .and_then(|(_, rest)| rest.strip_suffix(" of rules-metering-points.tsv"));
        for name in elsewhere.into_iter().flat_map(|names| names.split(", ")) {
            assert!(names.contains(name), "{rule}: {name} is no rule of metering points");
        }
        let of_points_alone = kinds == "APC" && (elsewhere.is_some() || answered == "at the door");
        assert_eq!(status != "planned", in_code || of_points_alone, "{rule} is {status}");
        asked += usize::from(in_code);
    }
    assert!(asked > 60, "{asked}");
}

/// A folder that is named for a rule of orders shows it; or the folder's README says why none does.
#[test]
fn every_rule_of_an_operators_order_is_broken_in_some_sample() {
    let table = fs::read_to_string(root().join("message-specs/rules-market-roles.tsv")).unwrap();
    let samples = root().join("samples/portfolio-changes");
    let excuses = fs::read_to_string(samples.join("README.md")).unwrap();
    let mut files = Vec::new();
    walk(&samples, &mut files);
    let shown: Vec<String> =
        files.iter().filter(|it| it.ends_with("after.txt")).map(|it| fs::read_to_string(it).unwrap()).collect();
    let rules: Vec<Vec<&str>> =
        table.lines().filter(|line| line.starts_with('F')).map(|line| line.split('\t').collect()).collect();
    assert!(rules.len() > 15, "{rules:?}");
    for rule in rules {
        let said = format!("{} {}", rule[0], rule[1]);
        let acted = shown.iter().any(|after| after.contains(&format!("{said}: {}", rule[8])));
        assert!(acted != excuses.contains(&said), "{said} is neither acted nor excused, or both");
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first text behind each `call`, where it is one of its first two arguments.
fn codes_of<'t>(text: &'t str, call: &str) -> Vec<&'t str> {
    let arguments = text.split(call).skip(1).map(|rest| &rest[..rest.find(';').unwrap_or(rest.len())]);
    let texts = arguments.filter(|rest| {
        rest.split('"').next().is_some_and(|before| !before.contains(')') && before.matches(',').count() < 2)
    });
    texts.filter_map(|rest| rest.split('"').nth(1)).filter(|code| !code.contains(' ')).collect()
}

#[test]
fn every_code_of_an_error_document_is_in_the_published_list() {
    let list = fs::read_to_string(root().join("src/http/error-codes.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = list.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 4 && row[1].parse::<u16>().is_ok() && !row[3].is_empty()));
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(listed.len(), rows.len(), "no code stands twice");
    for (path, module, text) in sources() {
        if is_test(&path) || !["http", "gateway"].contains(&&*module) {
            continue;
        }
        let text = without_tests(&text);
        for code in ["Problem::new(", "Error::new("].iter().flat_map(|call| codes_of(text, call)) {
            assert!(listed.contains(code), "{}: {code} is not listed", path.display());
        }
    }
}
