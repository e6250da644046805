//! RequestChangeCustomerCharacteristics: who the customers are and how to reach them. Source: market-roles 4.7.

use super::door::{Door, GRID, SUPPLIER};
use super::requests::{PROCESS_REFERENCE, START};
use super::{Address, CustomerId, Id, Said, Sent, SentRecord};

pub type RequestChangeCustomerCharacteristics = Sent<CustomerCharacteristics>;

/// RSM-027: customer data from the supplier, or a contact that a grid company proposes (D28).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerCharacteristics {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub start: Option<String>,
    pub metering_point: Id,
    /// `true` or `false`, `1` or `0`, as all booleans here.
    pub electrical_heating: Option<String>,
    pub electrical_heating_from: Option<String>,
    pub first_customer: Option<CustomerId>,
    pub first_customer_name: Option<String>,
    pub second_customer: Option<CustomerId>,
    pub second_customer_name: Option<String>,
    pub protected_name: Option<String>,
    pub contacts: Vec<SentContact>,
}

/// `UsagePointLocation`: an address, and who is reached there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentContact {
    /// D01 technical, D04 juridical.
    pub address_type: String,
    pub address_reference: Option<String>,
    pub address: Option<Address>,
    pub protected_address: Option<String>,
    pub name: Option<String>,
    pub attention: Option<String>,
    pub phone: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
}

impl SentRecord for CustomerCharacteristics {
    const DOOR: Door = Door {
        name: "RequestChangeCustomerCharacteristics",
        namespace: "urn:ediel.org:structure:requestchangecustomercharacteristics:0:1",
        type_code: "D15",
        reasons: &[
            ("E34", SUPPLIER),
            ("E03", SUPPLIER),
            ("E65", SUPPLIER),
            ("D21", SUPPLIER),
            ("D28", GRID),
            ("D29", SUPPLIER),
            ("D30", SUPPLIER),
        ],
    };

    fn open(&mut self, group: &str) {
        match (group, self.contacts.last_mut()) {
            ("UsagePointLocation", _) => self.contacts.push(SentContact::default()),
            ("mainAddress", Some(contact)) => contact.address = Some(Address::default()),
            _ => {}
        }
    }

    fn take(&mut self, group: &str, name: &str, said: &Said) {
        match (group, name) {
            ("MktActivityRecord", "mRID") => self.transaction_id = said.text(),
            ("MktActivityRecord", PROCESS_REFERENCE) => self.process_reference = Some(said.text()),
            ("MktActivityRecord", START) => self.start = Some(said.text()),
            ("MarketEvaluationPoint", _) => self.take_customers(name, said),
            _ => {
                if let Some(contact) = self.contacts.last_mut() {
                    contact.take(group, name, said);
                }
            }
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

impl CustomerCharacteristics {
    fn take_customers(&mut self, name: &str, said: &Said) {
        match name {
            "mRID" => self.metering_point = said.id(),
            "serviceCategory.ElectricalHeating" => self.electrical_heating = Some(said.text()),
            // The market's own spelling.
            "eletricalHeating_DateAndOrTime.dateTime" => self.electrical_heating_from = Some(said.text()),
            "firstCustomer_MarketParticipant.mRID" => self.first_customer = Some(said.customer()),
            "firstCustomer_MarketParticipant.name" => self.first_customer_name = Some(said.text()),
            "secondCustomer_MarketParticipant.mRID" => self.second_customer = Some(said.customer()),
            "secondCustomer_MarketParticipant.name" => self.second_customer_name = Some(said.text()),
            "protectedName" => self.protected_name = Some(said.text()),
            _ => {}
        }
    }
}

impl SentContact {
    fn take(&mut self, group: &str, name: &str, said: &Said) {
        if self.address.as_mut().is_some_and(|address| address.take(group, name, said)) {
            return;
        }
        let field = match (group, name) {
            ("UsagePointLocation", "type") => {
                self.address_type = said.text();
                return;
            }
            ("UsagePointLocation", "geoInfoReference") => &mut self.address_reference,
            ("UsagePointLocation", "protectedAddress") => &mut self.protected_address,
            ("UsagePointLocation", "name") => &mut self.name,
            ("UsagePointLocation", "attn_Names.name") => &mut self.attention,
            ("phone1", "ituPhone") => &mut self.phone,
            ("phone2", "ituPhone") => &mut self.mobile,
            ("electronicAddress", "email1") => &mut self.email,
            _ => return,
        };
        *field = Some(said.text());
    }
}
