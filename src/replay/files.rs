//! Which files a replay feeds, and which of them belong together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Files that are taken one after the other into one store: documents, and in a conversation what else is done in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Folder below `--out` for what this run sends; empty for loose files.
    pub name: PathBuf,
    pub files: Vec<PathBuf>,
}

/// Sorts files and folders into runs.
///
/// A conversation folder, one with files named `…-in-….xml` or `…-in.xml`, is a run of its own: it starts from the
/// world. Between its documents, in name order, `…-clock.txt` moves the clock to the instant that it holds,
/// `…-fetch.txt` lets the participants whose numbers it holds, or everybody, empty their queues, in the form that it names (`json` or
/// `ebix`) instead of CIM XML, and `…-order.toml` is
/// what an operator orders about a supplier's portfolio, and `…-call-off.txt` calls off what was ordered last; a folder with an
/// order is a conversation too. All other files are one run together, in the order given, folders in name order.
pub fn runs(paths: &[PathBuf]) -> Result<Vec<Run>> {
    let mut loose = Vec::new();
    let mut conversations = BTreeMap::new();
    for path in paths {
        if path.is_dir() {
            walk(path, path, &mut loose, &mut conversations)?;
        } else if path.is_file() {
            loose.push(path.clone());
        } else {
            bail!("find {}: it is neither a file nor a folder", path.display());
        }
    }
    let mut runs = Vec::new();
    if !loose.is_empty() {
        runs.push(Run { name: PathBuf::new(), files: loose });
    }
    runs.extend(conversations.into_iter().map(|(name, files)| Run { name, files }));
    if runs.is_empty() {
        let named = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ");
        bail!("find a document: there is no .xml or .json file in {named}");
    }
    Ok(runs)
}

fn walk(
    top: &Path,
    folder: &Path,
    loose: &mut Vec<PathBuf>,
    conversations: &mut BTreeMap<PathBuf, Vec<PathBuf>>,
) -> Result<()> {
    let reading = || format!("read the folder {}", folder.display());
    let mut entries = std::fs::read_dir(folder)
        .with_context(reading)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(reading)?;
    entries.sort();
    let documents: Vec<PathBuf> = entries.iter().filter(|path| path.is_file() && is_document(path)).cloned().collect();
    let orders = |path: &PathBuf| path.is_file() && Step::of(path) == Some(Step::Order);
    if !documents.iter().any(|path| is_incoming(path)) && !entries.iter().any(orders) {
        loose.extend(documents);
    } else {
        let taken =
            |path: &&PathBuf| path.is_file() && (is_document(path) && is_incoming(path) || Step::of(path).is_some());
        let incoming: Vec<PathBuf> = entries.iter().filter(taken).cloned().collect();
        let below = folder.strip_prefix(top).unwrap_or(folder);
        let name =
            if below.as_os_str().is_empty() { folder.file_name().map(PathBuf::from) } else { Some(below.into()) };
        conversations.insert(name.unwrap_or_default(), incoming);
    }
    for child in entries.iter().filter(|path| path.is_dir()) {
        walk(top, child, loose, conversations)?;
    }
    Ok(())
}

/// What a conversation does besides sending documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Clock,
    Fetch,
    Order,
    CallOff,
}

impl Step {
    /// By the end of a file's name; nothing when the file is a document.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if name.ends_with("-clock.txt") {
            Some(Step::Clock)
        } else if name.ends_with("-fetch.txt") {
            Some(Step::Fetch)
        } else if name.ends_with("-order.toml") {
            Some(Step::Order)
        } else if name.ends_with("-call-off.txt") {
            Some(Step::CallOff)
        } else {
            None
        }
    }
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("xml") || it.eq_ignore_ascii_case("json"))
}

/// `01-in.xml`, `02-in-prices.xml`.
fn is_incoming(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.ends_with("-in") || name.contains("-in-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_a_run_of_its_own_and_feeds_only_what_comes_in() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
            path
        };
        let talk = [file("talk/01-in.xml"), file("talk/02-clock.txt"), file("talk/03-in-prices.xml")];
        file("talk/04-out.xml");
        file("talk/after.txt");
        let loose = [file("b/2.xml"), file("b/c/1.XML"), file("b/notes.txt")];
        let runs = runs(&[folder.path().to_path_buf()]).unwrap();
        assert_eq!(
            runs,
            [
                Run { name: PathBuf::new(), files: loose[..2].to_vec() },
                Run { name: "talk".into(), files: talk.to_vec() }
            ]
        );
    }

    #[test]
    fn nothing_to_feed_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let none = runs(&[folder.path().to_path_buf()]).unwrap_err();
        assert!(none.to_string().starts_with("find a document: there is no .xml or .json file in"), "{none}");
    }
}
