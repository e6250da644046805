//! The rules that turn a delivery down, each with its number in `message-specs/rules-installation-accounts.tsv`.
//!
//! What the schema says (lengths, code lists, code numbers of 13 digits) is refused at the door and stands there only.
//! Source: installation-accounts 6.

use super::account::Account;
use super::entity::{BillingContract, Entity, Prospect, TimeSlice};
use super::request::Delivery;
use crate::document::Header;
use crate::market::{Party, ReasonCode, is_market_location};
use crate::process::Context;
use crate::process::charge_documents::{Broken, shown};

/// Most characters of an installation's number.
pub const INSTALLATION_NUMBER_CHARACTERS_MAX: usize = 20;
/// Most billing contracts of one account: centuries of yearly ones. It keeps an account within one record.
pub const CONTRACTS_OF_ACCOUNT_MAX: usize = 200;

/// What is wrong with the document as a whole; then every record of it is turned down.
pub fn document(header: &Header, live: Option<&Party>, context: &Context) -> Vec<Broken> {
    let mut broken = Vec::new();
    if live.is_none() {
        let text = "the sender is not, or no longer, an active energy supplier (DDQ)";
        broken.push(Broken::new("IA.07", ReasonCode::D02, text));
    }
    let hub = context.market.hub.as_str();
    if header.receiver_number != hub {
        let text = format!("the receiver is {}, and this is {hub}", shown(&header.receiver_number));
        broken.push(Broken::new("IA.08", ReasonCode::E55, text));
    }
    broken
}

/// What is wrong with an entity, whatever else is known.
pub fn content(entity: &Entity) -> Vec<Broken> {
    match entity {
        Entity::Installation(installation) => {
            let slices = &installation.slices;
            let mut broken: Vec<Broken> = [number(&installation.number), market_location(installation.malo.as_deref())]
                .into_iter()
                .flatten()
                .collect();
            broken.extend(slices.iter().filter_map(reversed));
            broken.extend(slices.windows(2).filter_map(|pair| overlapping(&pair[0], &pair[1])));
            broken
        }
        Entity::BillingContract(contract) => {
            [contract.installation.as_deref().and_then(number), ends_before_it_starts(contract)]
                .into_iter()
                .flatten()
                .collect()
        }
        Entity::Prospect(prospect) => market_location(prospect.malo.as_deref()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `-` is left out: it joins partner and installation in an account's number.
fn number(number: &str) -> Option<Broken> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ['.', '_', '/'].contains(&c);
    let length = 1..=INSTALLATION_NUMBER_CHARACTERS_MAX;
    (!length.contains(&number.chars().count()) || !number.chars().all(allowed)).then(|| {
        let text = format!(
            "installation number {} is not made of 1 to {INSTALLATION_NUMBER_CHARACTERS_MAX} letters, digits, `.`, \
             `_` or `/`",
            shown(number)
        );
        Broken::new("IA.01", ReasonCode::E86, text)
    })
}

fn market_location(malo: Option<&str>) -> Option<Broken> {
    malo.filter(|malo| !is_market_location(malo)).map(|malo| {
        let text = format!(
            "market location {} is wrong: eleven digits, the first no zero, the last a check digit",
            shown(malo)
        );
        Broken::new("IA.02", ReasonCode::E10, text)
    })
}

fn overlapping(one: &TimeSlice, next: &TimeSlice) -> Option<Broken> {
    let overlap = one.valid_to.is_none_or(|to| to > next.valid_from);
    overlap.then(|| {
        let text = format!("the time slices from {} and from {} overlap", one.valid_from, next.valid_from);
        Broken::new("IA.03", ReasonCode::E86, text)
    })
}

fn reversed(slice: &TimeSlice) -> Option<Broken> {
    let to = slice.valid_to.filter(|to| *to <= slice.valid_from)?;
    let text = format!("the time slice from {} is valid to {to}, which is not after it", slice.valid_from);
    Some(Broken::new("IA.04", ReasonCode::E86, text))
}

fn ends_before_it_starts(contract: &BillingContract) -> Option<Broken> {
    let end = contract.end.filter(|end| *end < contract.start)?;
    let text = format!("the contract starts on {} and ends on {end}", contract.start);
    Some(Broken::new("IA.05", ReasonCode::E86, text))
}

/// The contract leads to another partner than the account that it names. Never merged silently.
pub fn another_partner(contract: &BillingContract, partner: &str, account: &Account) -> Broken {
    let text = format!(
        "billing contract {} leads to partner {partner}, but {} is an account of partner {}",
        contract.number,
        account.sync_id(),
        account.partner
    );
    Broken::new("IA.06", ReasonCode::E55, text)
}

pub fn partner_is_settled(prospect: &Prospect, account: &Account) -> Broken {
    let text = format!(
        "prospect {} cannot change to partner {}: {} has billing contracts of partner {}",
        prospect.number,
        prospect.partner,
        account.sync_id(),
        account.partner
    );
    Broken::new("IA.09", ReasonCode::E55, text)
}

pub fn too_many_contracts(contract: &BillingContract, account: &Account) -> Broken {
    let text = format!(
        "billing contract {} does not fit: {} has {CONTRACTS_OF_ACCOUNT_MAX} already",
        contract.number,
        account.sync_id()
    );
    Broken::new("IA.10", ReasonCode::E90, text)
}

pub fn same_version(delivery: &Delivery) -> Broken {
    let text = format!(
        "version {} of {} was delivered before with other content: give each change a higher version",
        delivery.version,
        delivery.entity.key()
    );
    Broken::new("IA.11", ReasonCode::E86, text)
}
