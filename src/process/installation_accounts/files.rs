//! What can be imported from files: business partners, connection objects, installations, contract accounts, billing
//! contracts.

use super::reply::{CONFIRM, REJECT};
use super::{
    EntityKind, REQUEST_CHANGE_BILLING_CONTRACT, REQUEST_CHANGE_BUSINESS_PARTNER, REQUEST_CHANGE_CONNECTION_OBJECT,
    REQUEST_CHANGE_CONTRACT_ACCOUNT, REQUEST_CHANGE_INSTALLATION,
};
use crate::document::Reader;
use crate::market::ActorRole;
use crate::process::files::{AnswerReader, Files, Table, Verdicts};

pub const FILES: Files = Files {
    help: HELP,
    tables: TABLES,
    business_reason: "S01",
    business_sector: "23",
    role: ActorRole::EnergySupplier,
    answers: &[&CONFIRM, &REJECT],
    answer_reader: || Box::new(Answers::default()),
};

const HELP: &str = "Columns, the first one first (those in brackets may be missing or empty):
  partner_no            version kind(person|company) name [street house_number postal_code city country phone email]
  connection_object_no  version [street house_number postal_code] city country grid_operator
  installation_no       version connection_object_no division(electricity|gas|water|heat) [malo_id]
                        [valid_from valid_to rate_category metering_procedure(SLP|RLM|iMS) forecast_consumption
                        voltage_level metering_operator grid_operator supplier_code]
  contract_account_no   version partner_no [payment_method dunning_procedure street house_number postal_code city country]
  billing_contract_no   version [contract_account_no installation_no] start [end product external_reference]

Of an installation each row is one time slice, and rows of one installation stand together. Dates look like 2026-03-01.
valid_to is the first day on which a time slice is no longer valid, end the last day of a contract.";

const TABLES: &[Table] = &[
    Table {
        entity: EntityKind::BusinessPartner.name(),
        document: &REQUEST_CHANGE_BUSINESS_PARTNER,
        document_type: "S02",
        repeats: None,
        columns: &[
            ("version", "", "version"),
            ("partner_no", "", "partnerNumber"),
            ("kind", "", "kind"),
            ("name", "", "name"),
            ("street", "Address", "street"),
            ("house_number", "Address", "houseNumber"),
            ("postal_code", "Address", "postalCode"),
            ("city", "Address", "city"),
            ("country", "Address", "country"),
            ("phone", "Contact", "phone"),
            ("email", "Contact", "email"),
        ],
    },
    Table {
        entity: EntityKind::ConnectionObject.name(),
        document: &REQUEST_CHANGE_CONNECTION_OBJECT,
        document_type: "S03",
        repeats: None,
        columns: &[
            ("version", "", "version"),
            ("connection_object_no", "", "connectionObjectNumber"),
            ("street", "Address", "street"),
            ("house_number", "Address", "houseNumber"),
            ("postal_code", "Address", "postalCode"),
            ("city", "Address", "city"),
            ("country", "Address", "country"),
            ("grid_operator", "", "gridOperator"),
        ],
    },
    Table {
        entity: EntityKind::Installation.name(),
        document: &REQUEST_CHANGE_INSTALLATION,
        document_type: "S04",
        repeats: Some(SLICE),
        columns: &[
            ("version", "", "version"),
            ("installation_no", "", "installationNumber"),
            ("connection_object_no", "", "connectionObjectNumber"),
            ("division", "", "division"),
            ("malo_id", "", "marketLocation"),
            ("valid_from", SLICE, "validFrom"),
            ("valid_to", SLICE, "validTo"),
            ("rate_category", SLICE, "rateCategory"),
            ("metering_procedure", SLICE, "meteringProcedure"),
            ("forecast_consumption", SLICE, "forecastConsumption"),
            ("voltage_level", SLICE, "voltageLevel"),
            ("metering_operator", SLICE, "meteringOperator"),
            ("grid_operator", SLICE, "gridOperator"),
            ("supplier_code", SLICE, "supplierCode"),
        ],
    },
    Table {
        entity: EntityKind::ContractAccount.name(),
        document: &REQUEST_CHANGE_CONTRACT_ACCOUNT,
        document_type: "S05",
        repeats: None,
        columns: &[
            ("version", "", "version"),
            ("contract_account_no", "", "contractAccountNumber"),
            ("partner_no", "", "partnerNumber"),
            ("payment_method", "", "paymentMethod"),
            ("dunning_procedure", "", "dunningProcedure"),
            ("street", "BillingAddress", "street"),
            ("house_number", "BillingAddress", "houseNumber"),
            ("postal_code", "BillingAddress", "postalCode"),
            ("city", "BillingAddress", "city"),
            ("country", "BillingAddress", "country"),
        ],
    },
    Table {
        entity: EntityKind::BillingContract.name(),
        document: &REQUEST_CHANGE_BILLING_CONTRACT,
        document_type: "S06",
        repeats: None,
        columns: &[
            ("version", "", "version"),
            ("billing_contract_no", "", "billingContractNumber"),
            ("contract_account_no", "", "contractAccountNumber"),
            ("installation_no", "", "installationNumber"),
            ("start", "", "startDate"),
            ("end", "", "endDate"),
            ("product", "", "product"),
            ("external_reference", "", "externalReference"),
        ],
    },
];

/// The group of which an installation has one for each row.
const SLICE: &str = "TimeSlice";

#[derive(Default)]
struct Answers {
    found: Verdicts,
    transaction_id: String,
    verdict: String,
    reasons: Vec<String>,
    entity: String,
}

impl Reader for Answers {
    fn open(&mut self, name: &str) {
        if name == "MktActivityRecord" {
            (self.verdict, self.reasons) = ("rejected".into(), Vec::new());
        }
    }

    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        match name {
            "originalTransactionIDReference_MktActivityRecord.mRID" => self.transaction_id = value.to_string(),
            "outcome" => self.verdict = value.to_string(),
            "text" => self.reasons.push(value.to_string()),
            "entity" => self.entity = value.to_string(),
            "number" => self.reasons.push(format!("waiting for {} {value}", self.entity)),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "MktActivityRecord" {
            let answer = (std::mem::take(&mut self.verdict), std::mem::take(&mut self.reasons));
            self.found.insert(std::mem::take(&mut self.transaction_id), answer);
        }
    }
}

impl AnswerReader for Answers {
    fn finish(self: Box<Self>) -> Verdicts {
        self.found
    }
}
