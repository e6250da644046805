//! The house rules that a compiler does not check: who imports whom, who reads a clock, which rule is where.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DOORS: [&str; 5] = ["http", "client", "cli", "replay", "certs"];

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

#[test]
fn every_file_says_what_it_is_for() {
    for (path, _, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not open with what it is for", path.display());
    }
}

/// `VR.209`, `VR.505-1`, `CH.03` from text such as `VR_209`, `VR.505-1`, `CH_03`.
fn rules_in(text: &str) -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for prefix in ["VR", "CH"] {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at + prefix.len()..];
            let Some(rest) = rest.strip_prefix(['.', '_']) else { continue };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if digits.is_empty() {
                continue;
            }
            let variant = rest[digits.len()..]
                .strip_prefix(['-', '_'])
                .and_then(|rest| rest.chars().next().filter(char::is_ascii_digit))
                .filter(|_| digits == "505" || digits == "507");
            rules.insert(match variant {
                Some(variant) => format!("{prefix}.{digits}-{variant}"),
                None => format!("{prefix}.{digits}"),
            });
        }
    }
    rules
}

fn rules_below(folder: &str) -> BTreeSet<String> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap_or_default();
            rules_in(&format!("{}\n{text}", path.display()))
        })
        .collect()
}

#[test]
fn every_rule_stands_in_the_markets_table_in_code_and_is_broken_in_some_sample() {
    let table = fs::read_to_string(root().join("message-specs/rules-charges.tsv")).unwrap();
    let (code, acted) = (rules_below("src/process"), rules_below("samples"));
    let mut missing = Vec::new();
    let mut rules = 0;
    for line in table.lines().filter(|line| line.starts_with("VR.") || line.starts_with("CH.")) {
        let rule = line.split('\t').next().unwrap().to_string();
        rules += 1;
        if line.split('\t').any(|cell| cell == "planned") {
            continue;
        }
        if !code.contains(&rule) && !line.contains("at the door") {
            missing.push(format!("{rule} is not in code"));
        }
        if !acted.contains(&rule) {
            missing.push(format!("{rule} is not broken in any sample, nor does samples/charges/README.md say why"));
        }
    }
    assert!(rules > 30, "the table lists {rules} rules");
    assert!(missing.is_empty(), "{missing:#?}");
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
