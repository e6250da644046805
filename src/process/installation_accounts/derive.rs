//! What an account shows, from the entities that it is linked to and the day. Pure; nothing here knows where they are kept.
//!
//! Source: installation-accounts 1 and 5.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::account::{Page, Shown, Standing, Status, ValueName};
use super::entity::{
    BillingContract, BusinessPartner, ConnectionObject, ContractAccount, EntityKey, EntityKind, Installation, Prospect,
    TimeSlice,
};

/// The entities of one account, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Linked {
    pub partner: Option<BusinessPartner>,
    pub installation: Option<Installation>,
    pub connection_object: Option<ConnectionObject>,
    pub contracts: Vec<(BillingContract, Option<ContractAccount>)>,
    pub prospect: Option<Prospect>,
}

/// The page as of `today`. `before` says since when each value has been shown.
pub fn page(linked: &Linked, today: NaiveDate, before: &Page) -> Page {
    let mut sheet = Sheet { today, before, values: BTreeMap::new() };
    let chosen = contract(&linked.contracts, today);
    if let Some(partner) = &linked.partner {
        let from = sheet.from(EntityKind::BusinessPartner, &partner.number);
        sheet.show(ValueName::PartnerName, Some(&partner.name), &from);
    }
    if let Some(object) = &linked.connection_object {
        let from = sheet.from(EntityKind::ConnectionObject, &object.number);
        sheet.show(ValueName::Address, Some(&object.address), &from);
    }
    if let Some(installation) = &linked.installation {
        let from = sheet.from(EntityKind::Installation, &installation.number);
        sheet.show(ValueName::MarketLocation, installation.malo.as_ref(), &from);
        if let Some((slice, standing)) = slice(&installation.slices, today) {
            sheet.slice(slice, &From { valid_from: Some(slice.valid_from), standing, ..from });
        }
    }
    if let Some(((contract, account), standing)) = chosen {
        let from = sheet.from(EntityKind::BillingContract, &contract.number);
        let from = From { valid_from: Some(contract.start), standing, ..from };
        sheet.show(ValueName::Product, contract.product.as_ref(), &from);
        sheet.show(ValueName::ContractStart, Some(contract.start), &from);
        sheet.show(ValueName::ContractEnd, contract.end, &from);
        if let Some(account) = account {
            let from = sheet.from(EntityKind::ContractAccount, &account.number);
            sheet.show(ValueName::PaymentMethod, account.payment_method.as_ref(), &from);
            sheet.show(ValueName::DunningProcedure, account.dunning_procedure.as_ref(), &from);
            sheet.show(ValueName::BillingAddress, account.billing_address.as_ref(), &from);
        }
    }
    if let Some(prospect) = &linked.prospect {
        sheet.prospect(prospect, linked.installation.is_some());
    }
    let status = match chosen {
        None => Status::Prospect,
        Some((_, Standing::Coming)) => Status::Future,
        Some((_, Standing::Current)) => Status::Active,
        Some((_, Standing::Past)) => Status::Ended,
    };
    Page {
        status,
        connection_object: linked.installation.as_ref().map(|it| it.connection_object.clone()),
        contract_account: chosen.and_then(|((contract, _), _)| contract.contract_account.clone()),
        billing_contract: chosen.map(|((contract, _), _)| contract.number.clone()),
        values: sheet.values,
    }
}

/// The first day after `today` on which the page changes by itself: a slice begins or ends, a contract begins, or the
/// day after its last one.
pub fn next_change(linked: &Linked, today: NaiveDate) -> Option<NaiveDate> {
    let slices = linked.installation.iter().flat_map(|installation| &installation.slices);
    let slices = slices.flat_map(|slice| [Some(slice.valid_from), slice.valid_to]);
    let contracts = linked.contracts.iter().flat_map(|(contract, _)| {
        let day_after = contract.end.and_then(|end| end.succ_opt());
        [Some(contract.start), day_after]
    });
    slices.chain(contracts).flatten().filter(|day| *day > today).min()
}

/// The slice valid today, else the next to come, else the last.
fn slice(slices: &[TimeSlice], today: NaiveDate) -> Option<(&TimeSlice, Standing)> {
    let current = slices.iter().find(|slice| slice.holds(today)).map(|slice| (slice, Standing::Current));
    let coming = || {
        let coming = slices.iter().filter(|slice| slice.valid_from > today).min_by_key(|slice| slice.valid_from);
        coming.map(|slice| (slice, Standing::Coming))
    };
    let past = || slices.iter().max_by_key(|slice| slice.valid_from).map(|slice| (slice, Standing::Past));
    current.or_else(coming).or_else(past)
}

type Contract = (BillingContract, Option<ContractAccount>);

/// The contract valid today, else the next to start, else the last ended. Of several valid today the one that started
/// last; of several alike the one with the highest number.
fn contract(contracts: &[Contract], today: NaiveDate) -> Option<(&Contract, Standing)> {
    let current = contracts
        .iter()
        .filter(|(contract, _)| contract.holds(today))
        .max_by_key(|(contract, _)| (contract.start, &contract.number));
    let coming = || {
        let coming = contracts.iter().filter(|(contract, _)| contract.start > today);
        coming.min_by_key(|(contract, _)| (contract.start, std::cmp::Reverse(&contract.number)))
    };
    let past = || contracts.iter().max_by_key(|(contract, _)| (contract.end, contract.start, &contract.number));
    current
        .map(|it| (it, Standing::Current))
        .or_else(|| coming().map(|it| (it, Standing::Coming)))
        .or_else(|| past().map(|it| (it, Standing::Past)))
}

/// Where the next values come from.
#[derive(Clone)]
struct From {
    source: EntityKey,
    valid_from: Option<NaiveDate>,
    standing: Standing,
}

/// The values found so far.
struct Sheet<'a> {
    today: NaiveDate,
    before: &'a Page,
    values: BTreeMap<ValueName, Shown>,
}

impl Sheet<'_> {
    fn from(&self, kind: EntityKind, number: &str) -> From {
        From { source: EntityKey::new(kind, number), valid_from: None, standing: Standing::Current }
    }

    /// Shows a value, unless an earlier source has one. It keeps its day as long as it is the same from the same source.
    fn show(&mut self, name: ValueName, value: Option<impl ToString>, from: &From) {
        let Some(value) = value else { return };
        let mut shown = Shown {
            text: value.to_string(),
            source: from.source.clone(),
            valid_from: from.valid_from,
            standing: from.standing,
            taken: self.today,
        };
        if let Some(before) = self.before.values.get(&name) {
            let today = std::mem::replace(&mut shown.taken, before.taken);
            if shown != *before {
                shown.taken = today;
            }
        }
        self.values.entry(name).or_insert(shown);
    }

    fn slice(&mut self, slice: &TimeSlice, from: &From) {
        self.show(ValueName::RateCategory, slice.rate_category.as_ref(), from);
        self.show(ValueName::MeteringProcedure, slice.metering_procedure.map(|it| it.code()), from);
        self.show(ValueName::ForecastConsumption, slice.forecast.as_ref(), from);
        self.show(ValueName::VoltageLevel, slice.voltage_level.as_ref(), from);
        self.show(ValueName::MeteringOperator, slice.metering_operator.as_ref(), from);
        self.show(ValueName::GridOperator, slice.grid_operator.as_ref(), from);
        self.show(ValueName::SupplierCode, slice.supplier_code.as_ref(), from);
    }

    /// What the ERP has not delivered yet. A market location of its own counts until an installation is assigned.
    fn prospect(&mut self, prospect: &Prospect, installed: bool) {
        let from = self.from(EntityKind::ProspectAccount, &prospect.number);
        if !installed {
            self.show(ValueName::MarketLocation, prospect.malo.as_ref(), &from);
        }
        self.show(ValueName::Address, prospect.address.as_ref(), &from);
        self.show(ValueName::Product, prospect.product.as_ref(), &from);
        self.show(ValueName::RateCategory, prospect.rate_category.as_ref(), &from);
        self.show(ValueName::MeteringProcedure, prospect.metering_procedure.map(|it| it.code()), &from);
        self.show(ValueName::ForecastConsumption, prospect.forecast.as_ref(), &from);
    }
}
