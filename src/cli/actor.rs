//! `gridpost actor`: the participants of a world, and toy tokens for them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};

use super::Outcome;
use super::local::world_or_toy;
use crate::identity::Issuer;
use crate::market::{ActorNumber, ActorRole, Party};

/// Shows who takes part, and makes tokens for trying out.
#[derive(Debug, Subcommand)]
pub enum ActorCommand {
    /// Lists the participants of a world.
    List {
        /// The world [default: the built-in toy world].
        #[arg(long, value_name = "FILE")]
        world: Option<PathBuf>,
        /// One line of JSON for each participant.
        #[arg(long)]
        json: bool,
    },
    /// Prints a bearer token that `gridpost local` accepts.
    Token(TokenArgs),
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Number of the participant.
    number: String,
    /// Its role by code, such as DDM; may be left out when it has only one.
    role: Option<String>,
    /// The world that knows it [default: the built-in toy world].
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Folder of the toy issuer's key.
    #[arg(long, value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
    /// For how long it is good.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=HOURS_MAX))]
    hours: u32,
}

/// A toy token is good for a year at most.
const HOURS_MAX: i64 = 24 * 366;

pub fn run(command: &ActorCommand) -> Result<Outcome> {
    match command {
        ActorCommand::List { world, json } => list(world.as_ref(), *json)?,
        ActorCommand::Token(args) => println!("{}", token(args)?),
    }
    Ok(Outcome::Fine)
}

fn list(world: Option<&PathBuf>, json: bool) -> Result<()> {
    for participant in world_or_toy(world)?.participants()? {
        let (party, status) = (&participant.party, participant.status.name());
        if json {
            let line = serde_json::json!({
                "number": party.number.as_str(),
                "role": party.role.code(),
                "status": status,
                "name": participant.name,
                "externalId": participant.external_id,
            });
            println!("{line}");
        } else {
            println!("{:<16} {:<3} {status:<8} {}", party.number.as_str(), party.role.code(), participant.name);
        }
    }
    Ok(())
}

fn token(args: &TokenArgs) -> Result<String> {
    let participants = world_or_toy(args.world.as_ref())?.participants()?;
    let number = ActorNumber::new(&*args.number);
    let mut roles = participants.iter().filter(|each| each.party.number == number);
    let participant = match &args.role {
        Some(code) => {
            let role = ActorRole::from_code(&code.to_ascii_uppercase())
                .ok_or_else(|| anyhow!("make a token: there is no role {code}"))?;
            let party = Party { number, role };
            participants.iter().find(|each| each.party == party)
        }
        None => roles.next().filter(|_| roles.next().is_none()),
    };
    let participant = participant.ok_or_else(|| {
        anyhow!("make a token: the world has no {} in that role alone; see `gridpost actor list`", args.number)
    })?;
    let external_id = participant
        .external_id
        .as_deref()
        .ok_or_else(|| anyhow!("make a token: {} has no external_id in the world", participant.party))?;
    let issuer = Issuer::create_or_load(&args.certs)?;
    let life = Duration::from_secs(u64::from(args.hours) * 3_600);
    issuer
        .issue(external_id, &[participant.party.role], super::local::machine_now(), life)
        .with_context(|| format!("make a token for {}", participant.party))
}
