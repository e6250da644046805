//! What is known of the customers of an accounting point besides their numbers: addresses, contacts, protection, heating.
//!
//! It is kept as versions, each from a day on, and none is ever overwritten. A version belongs to the process that has
//! registered the consumer; it names its customers by their references, so that numbers stand where [`super::customers`]
//! keeps them and nowhere else. What was told last replaces everything from its day on; but what a supplier tells of its own
//! supply is not replaced by what a supplier before it tells later.
//!
//! Source: market-roles 2.11.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record;
use super::state::{AccountingPoint, Status};
use crate::market::{ActorNumber, AddressType, MeteringPointId, Timestamp};
use crate::process::market_documents::Address;
use crate::process::market_documents::master_data::Contact;
use crate::record::{Change, Facts, Key, KeyRange, Needs, Space, stored};

/// Versions of customer data, by accounting point and number.
const CUSTOMER_DATA: Space = Space(70);

const VERSION: u8 = 1;

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerData {
    /// How many versions there were at the accounting point before it.
    pub number: u64,
    /// The process that has registered the consumer.
    pub process: String,
    /// From when on it holds.
    pub from: Timestamp,
    /// Who told it, when its supply began or begins, and which process of its own it completes, if it does.
    pub supplier: ActorNumber,
    pub supply_start: Timestamp,
    pub completes: Option<String>,
    /// References of the customers.
    pub first: String,
    pub second: Option<String>,
    pub electrical_heating: Option<bool>,
    pub electrical_heating_from: Option<Timestamp>,
    pub protected_name: Option<bool>,
    pub contacts: Vec<Contact>,
}

/// Every version at a metering point.
pub fn needs_of(id: &MeteringPointId) -> Needs {
    Needs::default().range(versions_of(id), record::guard_key(id))
}

/// In the order in which they were told. Needs: [`needs_of`].
pub fn versions(facts: &Facts, id: &MeteringPointId) -> Vec<CustomerData> {
    facts.range(&versions_of(id)).iter().map(|(key, entry)| read(key, &entry.value)).collect()
}

/// The version that a transaction told, by our own id of it. Needs: [`needs_of`].
pub fn told_by(facts: &Facts, id: &MeteringPointId, own_id: &str) -> Option<CustomerData> {
    versions(facts, id).into_iter().find(|told| told.first == CustomerData::reference(own_id, 1))
}

/// What holds at `at` for the consumer that `process` has registered; nothing when nothing was told of that time.
pub fn known_at<'a>(
    versions: &'a [CustomerData],
    point: &AccountingPoint,
    process: &str,
    at: Timestamp,
) -> Option<&'a CustomerData> {
    let told = versions.iter().filter(|it| it.process == process && it.from <= at && it.stands(point));
    told.max_by_key(|it| (it.supply_start, it.number))
}

impl CustomerData {
    /// What keeps it. The accounting point's guard must be written with it: [`AccountingPoint::touch`].
    pub fn keep(&self, id: &MeteringPointId) -> Change {
        Change::Put(Key::new(CUSTOMER_DATA).text(id.as_str()).number(self.number), write(self))
    }

    /// The reference under which a transaction keeps the first or the second customer.
    pub fn reference(own_id: &str, place: u8) -> String {
        format!("{own_id}-{place}")
    }

    /// What completed a process that was cancelled or reversed counts for nothing.
    fn stands(&self, point: &AccountingPoint) -> bool {
        let completed = self.completes.as_ref().and_then(|id| point.process(id));
        completed.is_none_or(|process| process.status != Status::Cancelled && !point.is_reversed(process))
    }

    pub fn references(&self) -> impl Iterator<Item = &str> {
        [Some(&*self.first), self.second.as_deref()].into_iter().flatten()
    }
}

fn versions_of(id: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(CUSTOMER_DATA).text(id.as_str()))
}

#[derive(Serialize, Deserialize)]
struct Stored {
    process: String,
    from: i64,
    supplier: String,
    supply_start: i64,
    completes: Option<String>,
    first: String,
    second: Option<String>,
    electrical_heating: Option<bool>,
    electrical_heating_from: Option<i64>,
    protected_name: Option<bool>,
    contacts: Vec<StoredContact>,
}

#[derive(Serialize, Deserialize)]
struct StoredContact {
    juridical: bool,
    protected: Option<bool>,
    /// Reference, name, attention, phone, mobile, mail.
    reached: [Option<String>; 6],
    /// In the order of [`Address`].
    address: [Option<String>; 11],
}

fn write(data: &CustomerData) -> Bytes {
    let contacts = data.contacts.iter().cloned().map(|contact| StoredContact {
        juridical: contact.address_type == AddressType::Juridical,
        protected: contact.protected_address,
        reached: [
            contact.address_reference,
            contact.name,
            contact.attention,
            contact.phone,
            contact.mobile,
            contact.email,
        ],
        address: parts(contact.address),
    });
    stored::write(
        VERSION,
        &Stored {
            process: data.process.clone(),
            from: data.from.micros(),
            supplier: data.supplier.to_string(),
            supply_start: data.supply_start.micros(),
            completes: data.completes.clone(),
            first: data.first.clone(),
            second: data.second.clone(),
            electrical_heating: data.electrical_heating,
            electrical_heating_from: data.electrical_heating_from.map(Timestamp::micros),
            protected_name: data.protected_name,
            contacts: contacts.collect(),
        },
    )
}

fn read(key: &Key, bytes: &[u8]) -> CustomerData {
    let found: Stored = stored::read(VERSION, bytes).expect("stored customer data are read back");
    let mut parts = key.reader();
    let number = parts.text().and_then(|_| parts.number()).expect("a version's key ends in its number");
    let contacts = found.contacts.into_iter().map(|contact| {
        let [address_reference, name, attention, phone, mobile, email] = contact.reached;
        Contact {
            address_type: if contact.juridical { AddressType::Juridical } else { AddressType::Technical },
            address_reference,
            address: address(contact.address),
            name,
            attention,
            phone,
            mobile,
            email,
            protected_address: contact.protected,
        }
    });
    CustomerData {
        number,
        process: found.process,
        from: Timestamp::from_micros(found.from),
        supplier: ActorNumber::new(found.supplier),
        supply_start: Timestamp::from_micros(found.supply_start),
        completes: found.completes,
        first: found.first,
        second: found.second,
        electrical_heating: found.electrical_heating,
        electrical_heating_from: found.electrical_heating_from.map(Timestamp::from_micros),
        protected_name: found.protected_name,
        contacts: contacts.collect(),
    }
}

/// As an address is stored.
pub fn parts(it: Address) -> [Option<String>; 11] {
    [
        it.street_code,
        it.street,
        it.number,
        it.floor,
        it.room,
        it.municipality_code,
        it.city,
        it.city_section,
        it.country,
        it.post_code,
        it.post_box,
    ]
}

/// As it was before it was stored.
pub fn address(parts: [Option<String>; 11]) -> Address {
    let [street_code, street, number, floor, room, municipality_code, city, city_section, country, post_code, post_box] =
        parts;
    Address {
        street_code,
        street,
        number,
        floor,
        room,
        municipality_code,
        city,
        city_section,
        country,
        post_code,
        post_box,
    }
}
