//! The command line: the wiring, and how results are shown. How any of it works is left to the modules it wires.

mod actor;
mod archive;
mod archive_list;
mod audit;
mod audited;
mod certificates;
mod certs;
mod check;
mod clock;
mod config;
mod dry_run;
mod ending;
mod excerpt;
mod going_on;
mod handles;
mod import;
mod load;
mod local;
mod new_charge;
mod orders;
mod output;
mod pack_commands;
pub mod participant;
mod pipe;
mod process;
mod prove;
mod queue;
mod register;
mod replay;
mod retain_daily;
mod retention;
mod serve;
mod spec;
mod store;
mod webhooks;
mod what_if;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::client;
use config::{Config, LogFormat};

/// A market-message gateway: takes in ebIX/CIM documents, answers them, runs the market's processes, keeps the post.
#[derive(Debug, Parser)]
#[command(name = "gridpost", version, propagate_version = true, after_help = FIRST_STEPS)]
struct Arguments {
    /// Settings to use over the defaults; config.toml explains each of them.
    #[arg(long, global = true, value_name = "FILE", env = "GRIDPOST_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const FIRST_STEPS: &str = "First steps:
  gridpost local                          a gateway to try, with toy participants and their tokens
  gridpost check samples/charges          documents against their schemas
  gridpost replay samples/charges         documents down the whole road, and what comes out";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Local(local::LocalArgs),
    Check(check::CheckArgs),
    Replay(replay::ReplayArgs),
    Send(participant::Send),
    Peek(participant::Peek),
    Dequeue(participant::Dequeue),
    Drain(participant::Drain),
    Load(load::LoadArgs),
    Clock(clock::ClockArgs),
    WhatIf(what_if::WhatIfArgs),
    Queue(queue::QueueArgs),
    Archive(archive::ArchiveArgs),
    Audit(audit::AuditArgs),
    Certs(certs::Certs),
    Process(process::ProcessArgs),
    Import(import::ImportArgs),
    #[command(subcommand)]
    Actor(actor::ActorCommand),
    #[command(subcommand)]
    Store(store::StoreCommand),
    #[command(subcommand)]
    Spec(spec::SpecCommand),
}

/// How a command ended, apart from not having been able to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Fine,
    /// It ran, and found what it was looking for: flaws, refusals, damage.
    Flawed,
    /// Some of what it was asked for could not be done at all.
    Partial,
}

/// Runs the command that the arguments name: 0 when all is fine, 1 when something was found to be wrong, 2 when it
/// could not run. Whoever has read enough of what it shows may close the pipe, which ends it quietly.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match pipe::unless_it_closes(|| dispatch(arguments)).unwrap_or(Ok(Outcome::Fine)) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Flawed) => ExitCode::from(1),
        Ok(Outcome::Partial) => ExitCode::from(2),
        Err(error) => {
            eprintln!("{}", explain(&error));
            ExitCode::from(2)
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<Outcome> {
    let config = Config::read(arguments.config.as_deref())?;
    match arguments.command {
        Command::Serve(args) => {
            log_to_stderr(&config)?;
            serve::run(&args, &config)
        }
        Command::Local(args) => {
            log_to_stderr(&config)?;
            local::run(&args, &config)
        }
        Command::Check(args) => check::run(&args, &config.specs()?, &config.xml_limits()),
        Command::Replay(args) => replay::run(&args, &config),
        Command::Send(args) => talk(participant::send(args)),
        Command::Peek(args) => talk(participant::peek(args)),
        Command::Dequeue(args) => talk(participant::dequeue(args)),
        Command::Drain(args) => talk(participant::drain(args)),
        Command::Load(args) => load::run(&args),
        Command::WhatIf(args) => what_if::run(&args, &config),
        Command::Clock(args) => talk(clock::clock(args)),
        Command::Queue(args) => queue::run(&args, &config),
        Command::Archive(args) => archive::run(&args, &config),
        Command::Audit(args) => audit::run(&args, &config),
        Command::Process(args) => process::run(&args, &config),
        Command::Import(args) => import::run(&args, &config),
        Command::Certs(args) => certs::run(&args),
        Command::Actor(command) => actor::run(&command),
        Command::Store(command) => store::run(&command, &config),
        Command::Spec(command) => spec::run(&command, &config),
    }
}

/// Runs a participant's conversation with a hub.
fn talk(conversation: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(conversation)
}

/// Says why a command could not run: what failed, why, and what to do.
pub fn explain(error: &anyhow::Error) -> String {
    let mut causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // A library's error often says again what its cause says.
    causes.dedup_by(|later, earlier| earlier.contains(&**later));
    let text = format!("gridpost: failed to {}", causes.join(": "));
    match error.chain().find_map(|cause| cause.downcast_ref::<client::Fault>()).and_then(client::Fault::advice) {
        Some(advice) => format!("{text}\n{advice}"),
        None => text,
    }
}

/// One line per message and stage, on standard error, as text or JSON; `RUST_LOG` goes over the level.
fn log_to_stderr(config: &Config) -> Result<()> {
    let wanted = match std::env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() => wanted.parse().context("use RUST_LOG")?,
        _ => {
            let level = config.log.level.filter();
            Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("gridpost", level)
        }
    };
    let filter = discreet(&wanted);
    // What nobody hears costs its writer nothing: sled has lines for whatever it does.
    let finest = Layer::<Registry>::max_level_hint(&filter).unwrap_or(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt()
        .with_max_level(finest)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match config.log.format {
        LogFormat::Text => lines.compact().finish().with(filter).init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().with(filter).init(),
    }
    Ok(())
}

/// The same, but that of libraries that write what they handle no finer lines are heard, however they are named.
fn discreet(wanted: &Targets) -> Targets {
    let default = wanted.default_level().unwrap_or(LevelFilter::OFF);
    let named = wanted.iter().map(|(target, level)| {
        let is_library = WRITE_WHAT_THEY_HANDLE.iter().any(|library| target.starts_with(library));
        (target, if is_library { level.min(LevelFilter::WARN) } else { level })
    });
    let libraries = WRITE_WHAT_THEY_HANDLE.map(|library| (library, default.min(LevelFilter::WARN)));
    Targets::new().with_default(default).with_targets(libraries).with_targets(named)
}

/// Libraries whose finer lines hold records and header fields, and so what belongs in no log.
const WRITE_WHAT_THEY_HANDLE: [&str; 3] = ["sled", "h2", "hyper"];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use tracing::Level;

    use super::*;

    #[test]
    fn what_libraries_handle_stays_out_of_the_log_however_they_are_named() {
        for wanted in ["trace", "sled=trace,gridpost=trace", "gridpost=trace,sled::pagecache=trace,hyper::proto=debug"]
        {
            let filter = discreet(&wanted.parse().unwrap());
            for target in ["sled", "sled::pagecache::logger", "h2::codec", "hyper::proto::h1"] {
                assert!(!filter.would_enable(target, &Level::DEBUG), "{wanted}: {target}");
            }
            assert!(filter.would_enable("gridpost::gateway", &Level::TRACE), "{wanted}");
        }
        let silent = discreet(&"gridpost=info".parse().unwrap());
        assert!(!silent.would_enable("sled", &Level::ERROR));
        assert_eq!(Layer::<Registry>::max_level_hint(&silent), Some(LevelFilter::INFO));
    }

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
