//! What the commands share: files below folders, progress on a terminal, instants and participants as arguments.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::market::{ActorNumber, ActorRole, Party, Timestamp};

/// Every `.xml` file named or standing below a named folder, in name order.
pub fn documents_below(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    files_below(paths, &["xml"])
}

/// Every file that is named, or stands below a named folder and ends in one of these, in name order.
pub fn files_below(paths: &[PathBuf], endings: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, endings, &mut files)?;
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            bail!("find {}: it is neither a file nor a folder", path.display());
        }
    }
    if files.is_empty() {
        bail!(
            "find a document: there is no .{} file in {}",
            endings.join(" or ."),
            paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" ")
        );
    }
    Ok(files)
}

fn walk(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || format!("read the folder {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(reading)?;
    let mut entries: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().with_context(reading)?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            walk(&entry, endings, files)?;
        } else if entry.extension().is_some_and(|it| endings.iter().any(|ending| it.eq_ignore_ascii_case(ending))) {
            files.push(entry);
        }
    }
    Ok(())
}

/// A progress bar on a terminal; nothing in a pipe, and nothing for a single step.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn start(steps: usize, doing: &'static str) -> Self {
        // indicatif draws on standard error, and only when that is a terminal.
        let bar = if steps > 1 { ProgressBar::new(steps as u64) } else { ProgressBar::hidden() };
        let style =
            ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta} left").expect("the template is valid");
        bar.set_style(style);
        bar.set_message(doing);
        Self(bar)
    }

    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Runs `print` without the bar getting in between.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// A participant as two arguments name it, the role by its code in any case; `doing` is what it is wanted for.
pub fn party(doing: &str, number: &str, role: &str) -> Result<Party> {
    let known = ActorRole::from_code(&role.to_ascii_uppercase());
    let role = known.ok_or_else(|| anyhow!("{doing}: there is no role {role}"))?;
    Ok(Party { number: ActorNumber::new(number), role })
}

/// Reads an instant given on the command line: `2023-08-01T09:00:00Z`, or a date for its midnight in UTC.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_date_time(text)
        .or_else(|| Timestamp::parse_minutes(text))
        .or_else(|| Timestamp::parse_date_time(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "an instant looks like 2023-08-01T09:00:00Z or 2023-08-01".to_string())
}
