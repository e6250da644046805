//! Which columns a file may have, and which elements of a document they become.

use crate::process::installation_accounts::EntityKind;

/// The columns of a kind of file. Elements of a group stand behind the group's name.
pub struct Table {
    pub kind: EntityKind,
    /// In the order of the document: column, group (empty for none), element.
    pub columns: &'static [(&'static str, &'static str, &'static str)],
}

pub const HELP: &str = "Columns, the first one first (those in brackets may be missing or empty):
  partner_no            version kind(person|company) name [street house_number postal_code city country phone email]
  connection_object_no  version [street house_number postal_code] city country grid_operator
  installation_no       version connection_object_no division(electricity|gas|water|heat) [malo_id]
                        [valid_from valid_to rate_category metering_procedure(SLP|RLM|iMS) forecast_consumption
                        voltage_level metering_operator grid_operator supplier_code]
  contract_account_no   version partner_no [payment_method dunning_procedure street house_number postal_code city country]
  billing_contract_no   version [contract_account_no installation_no] start [end product external_reference]

Dates look like 2026-03-01. valid_to is the first day on which a time slice is no longer valid, end the last day of a
contract. Exit status: 0 when every row was taken in, 1 when some were rejected or refused, 2 when it could not run.";

pub const TABLES: [Table; 5] = [
    Table {
        kind: EntityKind::BusinessPartner,
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
        kind: EntityKind::ConnectionObject,
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
        kind: EntityKind::Installation,
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
        kind: EntityKind::ContractAccount,
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
        kind: EntityKind::BillingContract,
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
pub const SLICE: &str = "TimeSlice";

impl Table {
    /// The table whose files begin with this column.
    pub fn of(first: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.key() == first)
    }

    /// The column that says which entity a row is about: the one behind the version.
    pub fn key(&self) -> &'static str {
        self.columns[1].0
    }
}
