//! Who takes part: numbers, roles, and the pair of both that owns a queue.

use std::fmt;

/// The number of a market participant: a GLN of 13 digits or an EIC of 16 characters.
///
/// What a document says is kept as it is, well-formed or not: the schema allows any text of up to 16 characters, and
/// an unknown number is turned down by the rules, not by the type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorNumber(String);

impl ActorNumber {
    pub fn new(number: impl Into<String>) -> Self {
        Self(number.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `A01` for an EIC (16 characters), else `A10` for GS1 (ENTSO-E coding scheme list).
    pub fn coding_scheme(&self) -> &'static str {
        if self.0.len() == 16 { "A01" } else { "A10" }
    }
}

impl fmt::Display for ActorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A market role, by its code in the CIM role list. Source: charges 1.2, post-office 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorRole {
    BalanceResponsibleParty,
    GridAccessProvider,
    EnergySupplier,
    ImbalanceSettlementResponsible,
    MeteringPointAdministrator,
    MeteredDataAdministrator,
    MeteredDataAggregator,
    SystemOperator,
    MeteredDataResponsible,
    EnergyAgency,
    TransmissionSystemOperator,
    Delegated,
}

/// Role, its code on the wire, and the names that a token's `roles` claim may give it (post-office 2.1 and 2.4).
const ROLES: [(ActorRole, &str, &[&str]); 12] = [
    (ActorRole::BalanceResponsibleParty, "DDK", &["balanceresponsibleparty"]),
    (ActorRole::GridAccessProvider, "DDM", &["gridoperator", "gridaccessprovider"]),
    (ActorRole::EnergySupplier, "DDQ", &["electricalsupplier", "energysupplier"]),
    (ActorRole::ImbalanceSettlementResponsible, "DDX", &["imbalancesettlementresponsible"]),
    (ActorRole::MeteringPointAdministrator, "DDZ", &["meteringpointadministrator"]),
    (ActorRole::MeteredDataAdministrator, "DGL", &["metereddataadministrator"]),
    (ActorRole::MeteredDataAggregator, "DEA", &["metereddataaggregator"]),
    (ActorRole::SystemOperator, "EZ", &["systemoperator"]),
    (ActorRole::MeteredDataResponsible, "MDR", &["meterdataresponsible", "metereddataresponsible"]),
    (ActorRole::EnergyAgency, "STS", &["danishenergyagency"]),
    (ActorRole::TransmissionSystemOperator, "TSO", &["transmissionsystemoperator"]),
    (ActorRole::Delegated, "DEL", &["delegated"]),
];

/// Roles without a queue of their own, and the role that answers for them.
const QUEUE_ROLES: [(ActorRole, ActorRole); 1] = [(ActorRole::MeteredDataResponsible, ActorRole::GridAccessProvider)];

impl ActorRole {
    pub fn all() -> impl Iterator<Item = ActorRole> {
        ROLES.iter().map(|(role, ..)| *role)
    }

    /// The role's code on the wire.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    pub fn from_code(code: &str) -> Option<Self> {
        ROLES.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// The name that our own tokens use in their `roles` claim.
    pub fn claim(self) -> &'static str {
        self.row().2[0]
    }

    pub fn from_claim(claim: &str) -> Option<Self> {
        ROLES.iter().find(|row| row.2.iter().any(|name| name.eq_ignore_ascii_case(claim))).map(|row| row.0)
    }

    /// The role in whose queue documents for this role stand: its own, unless it is a role that a holder of another acts
    /// in. A grid access provider acts as metered data responsible as well, and has one queue for both (post-office 5.6).
    pub fn queue_role(self) -> ActorRole {
        QUEUE_ROLES.iter().find(|(role, _)| *role == self).map_or(self, |(_, queue)| *queue)
    }

    /// The other roles that this role's queue serves.
    pub fn roles_served(self) -> impl Iterator<Item = ActorRole> {
        QUEUE_ROLES.iter().filter(move |(_, queue)| *queue == self).map(|(role, _)| *role)
    }

    fn row(self) -> &'static (ActorRole, &'static str, &'static [&'static str]) {
        ROLES.iter().find(|row| row.0 == self).expect("every role has a row, see the test")
    }
}

/// One number in one role: what sends a document, and what owns a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    pub number: ActorNumber,
    pub role: ActorRole,
}

impl Party {
    /// The same number in the role in whose queue its documents stand.
    pub fn queue_owner(&self) -> Party {
        Party { number: self.number.clone(), role: self.role.queue_role() }
    }

    /// Everybody who fetches from the queue that this one owns: itself, and the same number in the other roles that it serves.
    pub fn fetchers(self) -> impl Iterator<Item = Party> {
        let others = self.role.roles_served().map({
            let number = self.number.clone();
            move |role| Party { number: number.clone(), role }
        });
        std::iter::once(self).chain(others)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.role.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_again_by_its_code_and_by_its_claim() {
        for role in ActorRole::all() {
            assert_eq!(ActorRole::from_code(role.code()), Some(role));
            assert_eq!(ActorRole::from_claim(role.claim()), Some(role));
        }
        assert_eq!(ActorRole::from_code("D99"), None);
    }

    #[test]
    fn every_role_has_a_queue_of_its_own_but_for_the_one_that_a_grid_access_provider_acts_in() {
        let elsewhere = ActorRole::all().filter(|role| role.queue_role() != *role);
        assert_eq!(elsewhere.collect::<Vec<_>>(), [ActorRole::MeteredDataResponsible]);
        assert!(ActorRole::all().all(|role| role.queue_role().queue_role() == role.queue_role()));
        for role in ActorRole::all() {
            let owner = Party { number: ActorNumber::new("8100000000030"), role }.queue_owner();
            assert_eq!(owner.clone().fetchers().filter(|party| party.role == role).count(), 1, "{role:?}");
            assert!(owner.clone().fetchers().all(|party| party.queue_owner() == owner));
        }
    }
}
