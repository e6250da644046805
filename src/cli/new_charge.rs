//! `gridpost process create-charge`: a charge that an operator creates in its owner's name, in the store of a gateway that is
//! not running. A running one is asked by `POST /v1.0/operator/charges`. Source: charges 10.7.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::config::Config;
use super::going_on::as_of;
use super::output::parse_instant;
use super::process;
use super::{Outcome, audited};
use crate::gateway::{Creation, Gateway};
use crate::market::Timestamp;
use crate::process::charges::{NewCharge, document_id};
use crate::store::{Embedded, Memory, Store};

/// What is to be created.
#[derive(Debug, clap::Args)]
pub struct NewChargeArgs {
    /// Number of its owner, a grid company or the system operator.
    owner: String,
    /// D01 subscription, D02 fee, D03 tariff.
    charge_type: String,
    /// Up to 10 characters.
    id: String,
    #[arg(long)]
    name: String,
    #[arg(long)]
    description: String,
    /// PT15M, PT1H or P1D for a tariff; P1M for a subscription or a fee.
    #[arg(long)]
    resolution: String,
    /// From when on it is valid, such as 2023-08-31T22:00:00Z.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    from: Timestamp,
    /// D01 no VAT, D02 VAT of 25 %.
    #[arg(long, value_name = "CODE")]
    vat: String,
    /// Shown as a line of its own on the customer's bill; not for fees.
    #[arg(long)]
    transparent: bool,
    /// A duty that is paid through the bill: a tariff of the system operator.
    #[arg(long)]
    tax: bool,
    /// The owner's role, EZ or DDM [default: the one in which it takes part].
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Only says what would come of it; nothing is kept.
    #[arg(long)]
    dry_run: bool,
    /// The time of receipt, not before what the store has seen [default: now].
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
}

pub const HELP: &str = "The hub writes the document that the owner would have sent (RequestChangeOfPriceList, D18), under an id that \
begins with gehUI, and takes it in: every rule is asked, the owner finds a confirmation in its queue, suppliers are notified, \
of a tax grid companies too, and the event ChargeCreated is raised. A charge that exists is left alone, and of what the rules \
reject nothing is kept: the answer lists the reasons, and the command ends with 1. Prices are sent by the owner.

  gridpost process create-charge 8100000000030 D03 NET-2 --name \"Grid tariff\" --description \"By the hour\" \\
      --resolution PT1H --from 2023-08-31T22:00:00Z --vat D02 --dry-run

Whatever else is due in the store happens first, as whenever a gateway opens; of a dry run nothing is kept.";

pub fn run(store: Embedded, config: &Config, args: &NewChargeArgs, json: bool) -> Result<Outcome> {
    let new = NewCharge {
        owner: args.owner.clone(),
        owner_role: args.role.clone(),
        charge_type: args.charge_type.clone(),
        charge_id: args.id.clone(),
        valid_from: args.from.to_string(),
        name: Some(args.name.clone()),
        description: Some(args.description.clone()),
        resolution: Some(args.resolution.clone()),
        vat_class: Some(args.vat.clone()),
        transparent_invoicing: Some(args.transparent),
        tax: Some(args.tax),
    };
    let wanted = new.wanted().context("create the charge")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let store: Arc<dyn Store> = Arc::new(store);
    let clock = as_of(args.clock, &*store)?;
    if !args.dry_run {
        let target = format!("{} {} {}", args.owner, args.charge_type, args.id);
        audited::begins(&*store, "process create-charge", target)?;
    }
    let store = if args.dry_run { Arc::new(Memory::fork(store)) } else { store };
    let gateway = Gateway::open(store, Arc::new(config.specs()?), config.gateway_settings()?, clock)?;
    let id = document_id(&uuid::Uuid::now_v7().to_string());
    let creation = runtime.block_on(async {
        match args.dry_run {
            true => gateway.could_create(&wanted, &id).await,
            false => gateway.create_charge(&wanted, &id, &id, PATIENCE).await,
        }
    });
    let creation = creation.context("create the charge")?;
    let mut row = json!({ "charge_id": new.charge_id, "charge_type": new.charge_type, "owner": new.owner });
    let (verdict, reasons) = creation.told();
    row["verdict"] = verdict.into();
    if !reasons.is_empty() {
        row["reasons"] = reasons.into();
    }
    if matches!(creation, Creation::Created | Creation::TakenIn) {
        row["document_id"] = id.into();
    }
    process::show(&[row], json)?;
    Ok(match creation {
        Creation::Created | Creation::Possible => Outcome::Fine,
        Creation::Exists | Creation::Refused(_) | Creation::Rejected(_) | Creation::TakenIn => Outcome::Flawed,
    })
}

/// Whatever is due in the store goes first; after that a decision takes no time to speak of.
const PATIENCE: Duration = Duration::from_secs(600);
