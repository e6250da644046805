//! `gridpost store`: is everything as it was written, and what to do if not.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use super::config::Config;
use crate::store::{self, Progress, Report};

/// Looks after the embedded store of a gateway that is not running.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Reads the whole journal and every document in it, and compares sled with what follows from it. Changes nothing.
    ///
    /// Ends with 0 when all is as it was written, with 1 when something is not.
    Verify(Folder),
    /// Throws sled away and makes it anew from the journal, equal in every byte.
    Rebuild(Folder),
}

#[derive(Debug, Args)]
pub struct Folder {
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub fn run(command: &StoreCommand, config: &Config) -> Result<Outcome> {
    let (StoreCommand::Verify(folder) | StoreCommand::Rebuild(folder)) = command;
    let dir = folder.dir.as_ref().unwrap_or(&config.store.dir);
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta} left")?);
    let mut progress = |progress: Progress| {
        bar.set_message(progress.doing);
        bar.set_length(progress.bytes_all);
        bar.set_position(progress.bytes);
    };
    let report = match command {
        StoreCommand::Verify(_) => store::verify(dir, &mut progress),
        StoreCommand::Rebuild(_) => store::rebuild(dir, &mut progress),
    };
    bar.finish_and_clear();
    let report = report?;
    match folder.json {
        true => println!("{}", json(&report)),
        false => print(&report),
    }
    Ok(if report.problems.is_empty() { Outcome::Fine } else { Outcome::Flawed })
}

fn print(report: &Report) {
    println!(
        "{} frames, {} commits, {} records, {} documents",
        report.frames, report.commits, report.records, report.bodies
    );
    if report.erased > 0 {
        println!("{} documents were let go and erased", report.erased);
    }
    if let Some(torn) = &report.torn {
        println!(
            "torn tail in {} at byte {}: {}; the next start cuts it",
            torn.file.display(),
            torn.offset,
            torn.found
        );
    }
    if report.sled_missing {
        println!(
            "there is no sled, so only the journal was looked at; the next start, or gridpost store rebuild, makes it from that"
        );
    }
    for problem in &report.problems {
        println!("{} at byte {}: {}; {}", problem.file.display(), problem.offset, problem.found, problem.advice);
    }
    if report.problems.is_empty() {
        println!("everything is as it was written");
    }
}

fn json(report: &Report) -> serde_json::Value {
    let problem = |problem: &store::Problem| {
        serde_json::json!({
            "file": problem.file.display().to_string(),
            "offset": problem.offset,
            "found": problem.found,
            "advice": problem.advice,
        })
    };
    serde_json::json!({
        "frames": report.frames,
        "commits": report.commits,
        "records": report.records,
        "bodies": report.bodies,
        "erased": report.erased,
        "sledMissing": report.sled_missing,
        "torn": report.torn.as_ref().map(problem),
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}
