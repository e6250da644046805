//! `gridpost clock`: what a running gateway's clock shows; that of `gridpost local` may be moved forward.

use anyhow::Result;
use clap::Args;

use super::Outcome;
use super::output::parse_instant;
use super::participant::{Hub, connect};
use crate::market::Timestamp;

/// Shows the clock of a running gateway, or moves that of gridpost local forward.
///
/// Everything that falls due on the way happens in its order, each as of its own instant, as if one had waited; the
/// command returns when it has. A token of the hub itself (role DDZ) is needed.
#[derive(Debug, Args)]
pub struct ClockArgs {
    #[command(flatten)]
    hub: Hub,
    /// Where to move it, such as 2023-08-31T22:00:00Z.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    set: Option<Timestamp>,
}

pub async fn clock(args: ClockArgs) -> Result<Outcome> {
    let client = connect(&args.hub)?;
    let shown = match args.set {
        Some(to) => client.move_clock(&to.to_string()).await?,
        None => client.clock().await?,
    };
    if args.hub.json {
        println!("{shown}");
    } else {
        println!("{}", shown["now"].as_str().unwrap_or_default());
    }
    Ok(Outcome::Fine)
}
