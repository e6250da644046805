//! The rules by name, and the code that each leads to: the market's translation table, complete.
//!
//! Source: market-roles 3.3 to 3.5; what single processes ask besides, 2.3 to 2.13 and 4.8. Where those give two codes for
//! one rule, the kind of request decides. Conditions stand with the processes that ask them; the order in which a level is
//! asked stands in `message-specs/rules-market-roles.tsv`.

use super::texts::text_of;
use crate::market::ReasonCode;

/// What a rule is asked of. One document may be several kinds, by its business reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// RSM-001 with E03 or D30.
    ChangeOfSupplier,
    /// RSM-001 with E65, D21 or D29.
    MoveIn,
    /// RSM-001 with E56.
    ChangeOfBalanceResponsible,
    /// RSM-005 with E20.
    EndOfSupply,
    /// RSM-005 with E66.
    MoveOut,
    /// RSM-003.
    Reallocation,
    /// RSM-024.
    Cancellation,
    /// RSM-027 but for D28.
    CustomerData,
    /// RSM-027 with D28.
    Contact,
    /// RSM-021.
    MeteringPointData,
    /// RSM-006.
    Query,
    /// RSM-020.
    Service,
    /// A confirmation or a rejection that comes in, to RSM-003 or RSM-020.
    Answer,
}

use RequestKind::{
    Answer, Cancellation, ChangeOfBalanceResponsible, ChangeOfSupplier, Contact, CustomerData, EndOfSupply,
    MeteringPointData, MoveIn, MoveOut, Query, Reallocation, Service,
};

/// A rule that a request can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    GsrnNumberIsRequired,
    InvalidGsrnNumber,
    EnergySupplierIdIsEmpty,
    InvalidEnergySupplierGln,
    ActorNumberMustMatchItsScheme,
    EnergySupplierDoesNotMatchSender,
    BalanceResponsibleMissing,
    EffectiveDateIsEmpty,
    DateFormatMustBeUTC,
    ConsumerNameIsRequired,
    ConsumerIdentifierIsRequired,
    InvalidCustomerNumber,
    TransactionIdIsEmpty,
    CustomerAddressTypeMustBeKnown,
    CustomerAddressTechnicalIsRequired,
    ElectricalHeatingDateWithoutHeating,
    CustomerTextLength,
    PeriodMustBeValid,
    InitiatorMustBeComplete,
    DescriptionLength,
    ServiceMustBeKnown,
    UnknownAccountingPoint,
    UnknownEnergySupplier,
    EnergySupplierMustBeActive,
    MeteringPointMustBeEnergySuppliable,
    ProductionMeteringPointMustBeObligated,
    CannotBeInStateOfClosedDown,
    MustHaveEnergySupplierAssociated,
    ChangeOfSupplierRegisteredOnSameDateIsNotAllowed,
    MoveInRegisteredOnSameDateIsNotAllowed,
    MoveOutRegisteredOnSameDateIsNotAllowed,
    EffectiveDateCannotBeInThePast,
    EffectiveDateIsNotWithinAllowedTimePeriod,
    InvalidEffectiveDateTimeOfDay,
    CannotBeCurrentSupplier,
    ConsumerMustMatch,
    CustomerMustBeDifferentFromCurrentCustomer,
    SenderMustBeCurrentSupplier,
    CurrentSupplierIsAnother,
    OngoingEndOfSupply,
    MoveInAfterCompletedEndOfSupply,
    ActorBlockedInGridArea,
    OtherActorBlockedInGridArea,
    ReallocationRunning,
    NetSettlementGroup6,
    NoLaterCompletedChange,
    ChangeCannotBeCancelledAnyMore,
    ConsumerMustBeRegistered,
    OriginalTransactionUnknown,
    OriginalTransactionOfAnother,
    MeteringPointDiffersFromOriginal,
    ReasonDoesNotWithdrawOriginal,
    NoEndOfSupplyRegistered,
    OriginalIsNotOngoing,
    CancellationTooLate,
    NothingToReallocate,
    ReallocationTooLate,
    ChangedSince,
    FormerSupplierIsSilent,
    BalanceResponsibleMustBeKnown,
    ChangeOfBalanceResponsibleOnSameDate,
    BalanceResponsibleIsCurrent,
    BalanceResponsiblePerGridArea,
    NothingToComplete,
    CustomerNumberCannotBeChangedHere,
    SenderMustBeGridOperator,
    SenderMustBeSystemOperator,
    NoContract,
    ContactAddressIsRequired,
    AccountingPointExists,
    SupplierExists,
    WrongStateForStep,
    CannotBeConnected,
    MayNotSeeAccountingPoint,
    NoDelegation,
    GridOperatorMustBeKnown,
    AnswerWithoutReference,
    AnswerToNothingOpen,
}

/// A reason as a reject document gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub code: String,
    pub text: Option<String>,
}

impl Rule {
    pub fn all() -> impl Iterator<Item = Rule> {
        let mut rules: Vec<Rule> = TABLE.iter().map(|row| row.0).collect();
        rules.dedup();
        rules.into_iter()
    }

    /// As the market spells it.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("a rule without a row", |row| row.1)
    }

    /// The code for a rule broken by this kind of request; the first one that the rule has where it is not asked of them.
    pub fn code(self, kind: RequestKind) -> ReasonCode {
        let rows = || TABLE.iter().filter(|row| row.0 == self);
        let row = rows().find(|row| row.3.contains(&kind)).or_else(|| rows().next());
        row.map_or(ReasonCode::Unspecified, |row| row.2)
    }

    /// What the sender is told.
    pub fn reason(self, kind: RequestKind) -> Reason {
        let code = self.code(kind);
        Reason { code: code.code().to_string(), text: Some(text_of(code).danish.to_string()) }
    }
}

/// The reasons for these broken rules, in their order; a code that several rules lead to stands once.
pub fn reasons(broken: &[Rule], kind: RequestKind) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in broken.iter().map(|rule| rule.reason(kind)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

const STARTING: &[RequestKind] = &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible];
const DATED: &[RequestKind] = &[
    ChangeOfSupplier,
    MoveIn,
    ChangeOfBalanceResponsible,
    EndOfSupply,
    MoveOut,
    Reallocation,
    CustomerData,
    Contact,
    MeteringPointData,
    Query,
    Service,
];
const CHANGING: &[RequestKind] = &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut];
const ALL_BUT_ANSWERS: &[RequestKind] = &[
    ChangeOfSupplier,
    MoveIn,
    ChangeOfBalanceResponsible,
    EndOfSupply,
    MoveOut,
    Reallocation,
    Cancellation,
    CustomerData,
    Contact,
    MeteringPointData,
    Query,
    Service,
];

type Row = (Rule, &'static str, ReasonCode, &'static [RequestKind]);

/// Rule, name, code, and the kinds of request that it is asked of and that get this code. A rule with two codes has two rows.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Input (3.3).
    (Rule::GsrnNumberIsRequired, "GsrnNumberIsRequired", ReasonCode::D64, &[MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Reallocation, CustomerData, Contact, MeteringPointData, Query, Service]),
    (Rule::GsrnNumberIsRequired, "GsrnNumberIsRequired", ReasonCode::E10, &[ChangeOfSupplier, Cancellation]),
    (Rule::InvalidGsrnNumber, "InvalidGsrnNumber", ReasonCode::E10, ALL_BUT_ANSWERS),
    (Rule::EnergySupplierIdIsEmpty, "EnergySupplierIdIsEmpty", ReasonCode::E16, STARTING),
    (Rule::InvalidEnergySupplierGln, "InvalidEnergySupplierGln", ReasonCode::D02, STARTING),
    (Rule::ActorNumberMustMatchItsScheme, "ActorNumberMustMatchItsScheme", ReasonCode::D66, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Service, Query]),
    (Rule::EnergySupplierDoesNotMatchSender, "EnergySupplierDoesNotMatchSender", ReasonCode::E16, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Service]),
    (Rule::BalanceResponsibleMissing, "BalanceResponsibleMissing", ReasonCode::E18, STARTING),
    (Rule::EffectiveDateIsEmpty, "EffectiveDateIsEmpty", ReasonCode::E17, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Reallocation]),
    (Rule::DateFormatMustBeUTC, "DateFormatMustBeUTC", ReasonCode::E86, DATED),
    (Rule::ConsumerNameIsRequired, "ConsumerNameIsRequired", ReasonCode::D64, &[MoveIn]),
    (Rule::ConsumerNameIsRequired, "ConsumerNameIsRequired", ReasonCode::D03, &[CustomerData]),
    (Rule::ConsumerIdentifierIsRequired, "ConsumerIdentifierIsRequired", ReasonCode::D64, &[MoveIn]),
    (Rule::ConsumerIdentifierIsRequired, "ConsumerIdentifierIsRequired", ReasonCode::D17, &[ChangeOfSupplier]),
    (Rule::InvalidCustomerNumber, "InvalidCustomerNumber", ReasonCode::D17, &[ChangeOfSupplier, MoveIn, CustomerData]),
    (Rule::TransactionIdIsEmpty, "TransactionIdIsEmpty", ReasonCode::D64, &[Cancellation]),
    (Rule::CustomerAddressTypeMustBeKnown, "CustomerAddressTypeMustBeKnown", ReasonCode::D71, &[CustomerData, Contact]),
    (Rule::CustomerAddressTechnicalIsRequired, "CustomerAddressTechnicalIsRequired", ReasonCode::D70, &[CustomerData]),
    (Rule::ElectricalHeatingDateWithoutHeating, "ElectricalHeatingDateWithoutHeating", ReasonCode::D51, &[CustomerData]),
    (Rule::CustomerTextLength, "CustomerTextLength", ReasonCode::E86, &[MoveIn, CustomerData, Contact]),
    (Rule::PeriodMustBeValid, "PeriodMustBeValid", ReasonCode::E50, &[Query]),
    (Rule::InitiatorMustBeComplete, "InitiatorMustBeComplete", ReasonCode::D64, &[Query]),
    (Rule::DescriptionLength, "DescriptionLength", ReasonCode::E86, &[Service, Answer]),
    (Rule::ServiceMustBeKnown, "ServiceMustBeKnown", ReasonCode::D60, &[Service]),
    // Domain (3.4).
    (Rule::UnknownAccountingPoint, "UnknownAccountingPoint", ReasonCode::E10, ALL_BUT_ANSWERS),
    (Rule::UnknownEnergySupplier, "UnknownEnergySupplier", ReasonCode::D02, CHANGING),
    (Rule::EnergySupplierMustBeActive, "EnergySupplierMustBeActive", ReasonCode::E16, CHANGING),
    (Rule::MeteringPointMustBeEnergySuppliable, "MeteringPointMustBeEnergySuppliable", ReasonCode::E22, CHANGING),
    (Rule::ProductionMeteringPointMustBeObligated, "ProductionMeteringPointMustBeObligated", ReasonCode::E22, &[ChangeOfSupplier]),
    (Rule::CannotBeInStateOfClosedDown, "CannotBeInStateOfClosedDown", ReasonCode::D16, CHANGING),
    (Rule::MustHaveEnergySupplierAssociated, "MustHaveEnergySupplierAssociated", ReasonCode::E22, &[ChangeOfSupplier, ChangeOfBalanceResponsible, EndOfSupply, MoveOut]),
    (Rule::ChangeOfSupplierRegisteredOnSameDateIsNotAllowed, "ChangeOfSupplierRegisteredOnSameDateIsNotAllowed", ReasonCode::D07, &[ChangeOfSupplier]),
    (Rule::MoveInRegisteredOnSameDateIsNotAllowed, "MoveInRegisteredOnSameDateIsNotAllowed", ReasonCode::E22, &[MoveIn]),
    (Rule::MoveInRegisteredOnSameDateIsNotAllowed, "MoveInRegisteredOnSameDateIsNotAllowed", ReasonCode::D07, &[ChangeOfSupplier, EndOfSupply, MoveOut]),
    (Rule::MoveOutRegisteredOnSameDateIsNotAllowed, "MoveOutRegisteredOnSameDateIsNotAllowed", ReasonCode::D07, &[ChangeOfSupplier, EndOfSupply, MoveOut]),
    (Rule::EffectiveDateCannotBeInThePast, "EffectiveDateCannotBeInThePast", ReasonCode::E17, &[ChangeOfSupplier, ChangeOfBalanceResponsible, EndOfSupply]),
    (Rule::EffectiveDateIsNotWithinAllowedTimePeriod, "EffectiveDateIsNotWithinAllowedTimePeriod", ReasonCode::E17, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, CustomerData]),
    (Rule::InvalidEffectiveDateTimeOfDay, "InvalidEffectiveDateTimeOfDay", ReasonCode::D66, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, CustomerData]),
    (Rule::CannotBeCurrentSupplier, "CannotBeCurrentSupplier", ReasonCode::D02, &[ChangeOfSupplier]),
    (Rule::ConsumerMustMatch, "ConsumerMustMatch", ReasonCode::D17, &[ChangeOfSupplier]),
    (Rule::CustomerMustBeDifferentFromCurrentCustomer, "CustomerMustBeDifferentFromCurrentCustomer", ReasonCode::D17, &[MoveIn]),
    (Rule::SenderMustBeCurrentSupplier, "SenderMustBeCurrentSupplier", ReasonCode::E16, &[ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Reallocation, CustomerData, Service]),
    (Rule::CurrentSupplierIsAnother, "CurrentSupplierIsAnother", ReasonCode::D08, &[EndOfSupply, CustomerData]),
    (Rule::OngoingEndOfSupply, "OngoingEndOfSupply", ReasonCode::D39, &[EndOfSupply]),
    (Rule::MoveInAfterCompletedEndOfSupply, "MoveInAfterCompletedEndOfSupply", ReasonCode::D54, &[MoveIn]),
    (Rule::ActorBlockedInGridArea, "ActorBlockedInGridArea", ReasonCode::D48, STARTING),
    (Rule::OtherActorBlockedInGridArea, "OtherActorBlockedInGridArea", ReasonCode::D49, STARTING),
    (Rule::ReallocationRunning, "ReallocationRunning", ReasonCode::D07, &[ChangeOfSupplier, MoveIn, ChangeOfBalanceResponsible, EndOfSupply, MoveOut, Reallocation]),
    (Rule::NetSettlementGroup6, "NetSettlementGroup6", ReasonCode::D47, &[ChangeOfSupplier]),
    // End of supply and move-out (2.4, 2.6).
    (Rule::NoLaterCompletedChange, "NoLaterCompletedChange", ReasonCode::E17, &[EndOfSupply]),
    (Rule::ChangeCannotBeCancelledAnyMore, "ChangeCannotBeCancelledAnyMore", ReasonCode::D20, &[EndOfSupply]),
    (Rule::ConsumerMustBeRegistered, "ConsumerMustBeRegistered", ReasonCode::D72, &[MoveOut, CustomerData]),
    // Cancellation (2.3, 2.4.4, 2.13).
    (Rule::OriginalTransactionUnknown, "OriginalTransactionUnknown", ReasonCode::E0H, &[Cancellation]),
    (Rule::OriginalTransactionOfAnother, "OriginalTransactionOfAnother", ReasonCode::E16, &[Cancellation]),
    (Rule::MeteringPointDiffersFromOriginal, "MeteringPointDiffersFromOriginal", ReasonCode::D05, &[Cancellation]),
    (Rule::ReasonDoesNotWithdrawOriginal, "ReasonDoesNotWithdrawOriginal", ReasonCode::D40, &[Cancellation]),
    (Rule::NoEndOfSupplyRegistered, "NoEndOfSupplyRegistered", ReasonCode::D38, &[Cancellation]),
    (Rule::OriginalIsNotOngoing, "OriginalIsNotOngoing", ReasonCode::E47, &[Cancellation]),
    (Rule::CancellationTooLate, "CancellationTooLate", ReasonCode::E17, &[Cancellation]),
    // Reallocation (2.7, 2.8).
    (Rule::NothingToReallocate, "NothingToReallocate", ReasonCode::E0H, &[Reallocation]),
    (Rule::ReallocationTooLate, "ReallocationTooLate", ReasonCode::E17, &[Reallocation]),
    (Rule::ChangedSince, "ChangedSince", ReasonCode::D20, &[Reallocation]),
    (Rule::FormerSupplierIsSilent, "FormerSupplierIsSilent", ReasonCode::D44, &[Reallocation]),
    // Balance responsible party (2.10).
    (Rule::BalanceResponsibleMustBeKnown, "BalanceResponsibleMustBeKnown", ReasonCode::E18, &[ChangeOfBalanceResponsible]),
    (Rule::ChangeOfBalanceResponsibleOnSameDate, "ChangeOfBalanceResponsibleOnSameDate", ReasonCode::D07, &[ChangeOfBalanceResponsible]),
    (Rule::BalanceResponsibleIsCurrent, "BalanceResponsibleIsCurrent", ReasonCode::D20, &[ChangeOfBalanceResponsible]),
    (Rule::BalanceResponsiblePerGridArea, "BalanceResponsiblePerGridArea", ReasonCode::D20, &[ChangeOfBalanceResponsible]),
    // Customer data and contacts (2.11, 2.12).
    (Rule::NothingToComplete, "NothingToComplete", ReasonCode::E0H, &[CustomerData]),
    (Rule::CustomerNumberCannotBeChangedHere, "CustomerNumberCannotBeChangedHere", ReasonCode::D30, &[CustomerData]),
    (Rule::SenderMustBeGridOperator, "SenderMustBeGridOperator", ReasonCode::E0I, &[Contact, MeteringPointData, Query]),
    (Rule::SenderMustBeSystemOperator, "SenderMustBeSystemOperator", ReasonCode::D26, &[MeteringPointData]),
    (Rule::NoContract, "NoContract", ReasonCode::D29, &[Contact]),
    (Rule::ContactAddressIsRequired, "ContactAddressIsRequired", ReasonCode::D70, &[Contact]),
    // Metering point data, queries, services (2.13, 4.8).
    (Rule::AccountingPointExists, "AccountingPointExists", ReasonCode::E59, &[MeteringPointData]),
    (Rule::SupplierExists, "SupplierExists", ReasonCode::D35, &[MeteringPointData]),
    (Rule::WrongStateForStep, "WrongStateForStep", ReasonCode::D16, &[MeteringPointData]),
    (Rule::CannotBeConnected, "CannotBeConnected", ReasonCode::D36, &[MeteringPointData]),
    (Rule::MayNotSeeAccountingPoint, "MayNotSeeAccountingPoint", ReasonCode::D27, &[Query]),
    (Rule::NoDelegation, "NoDelegation", ReasonCode::D50, &[Query]),
    (Rule::GridOperatorMustBeKnown, "GridOperatorMustBeKnown", ReasonCode::D28, &[Service]),
    (Rule::AnswerWithoutReference, "AnswerWithoutReference", ReasonCode::D64, &[Answer]),
    (Rule::AnswerToNothingOpen, "AnswerToNothingOpen", ReasonCode::E0H, &[Answer]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_code_for_every_request_that_it_is_asked_of() {
        let mut seen = BTreeSet::new();
        for (rule, name, code, kinds) in TABLE {
            assert_eq!(format!("{rule:?}"), *name, "a rule is named as it is spelled");
            assert_ne!(*code, ReasonCode::Unspecified, "{name}");
            assert!(!kinds.is_empty(), "{name}");
            for kind in *kinds {
                assert!(seen.insert((rule, kind)), "{name} has two codes for {kind:?}");
                assert_eq!(rule.code(*kind), *code);
            }
        }
        // The last rule of the list is found by its place: none is without a row.
        assert_eq!(Rule::all().count(), Rule::AnswerToNothingOpen as usize + 1);
        assert!(
            Rule::all().zip(0..).all(|(rule, place)| rule as usize == place),
            "rows stand in the order of the rules"
        );
    }

    #[test]
    fn the_kind_of_request_decides_between_two_codes() {
        let code = |rule: Rule, kind| rule.code(kind).code();
        assert_eq!(code(Rule::GsrnNumberIsRequired, MoveIn), "D64");
        assert_eq!(code(Rule::GsrnNumberIsRequired, Cancellation), "E10");
        assert_eq!(code(Rule::MoveInRegisteredOnSameDateIsNotAllowed, MoveIn), "E22");
        assert_eq!(code(Rule::MoveInRegisteredOnSameDateIsNotAllowed, ChangeOfSupplier), "D07");
        assert_eq!(code(Rule::ConsumerNameIsRequired, CustomerData), "D03");
        assert_eq!(code(Rule::ConsumerIdentifierIsRequired, ChangeOfSupplier), "D17");
    }

    #[test]
    fn the_final_code_of_the_reference_is_kept() {
        for (rule, kind, code) in [
            (Rule::ConsumerNameIsRequired, MoveIn, "D64"),
            (Rule::ConsumerIdentifierIsRequired, MoveIn, "D64"),
            (Rule::GsrnNumberIsRequired, MoveIn, "D64"),
            (Rule::UnknownAccountingPoint, MoveIn, "E10"),
            (Rule::InvalidGsrnNumber, MoveIn, "E10"),
            (Rule::EffectiveDateIsNotWithinAllowedTimePeriod, MoveIn, "E17"),
            (Rule::InvalidEffectiveDateTimeOfDay, MoveIn, "D66"),
            (Rule::EnergySupplierIdIsEmpty, MoveIn, "E16"),
            (Rule::EnergySupplierDoesNotMatchSender, MoveIn, "E16"),
            (Rule::MoveInRegisteredOnSameDateIsNotAllowed, MoveIn, "E22"),
            (Rule::InvalidCustomerNumber, MoveIn, "D17"),
            (Rule::CustomerMustBeDifferentFromCurrentCustomer, MoveIn, "D17"),
            (Rule::CannotBeCurrentSupplier, ChangeOfSupplier, "D02"),
            (Rule::CannotBeInStateOfClosedDown, ChangeOfSupplier, "D16"),
            (Rule::ChangeOfSupplierRegisteredOnSameDateIsNotAllowed, ChangeOfSupplier, "D07"),
            (Rule::MoveOutRegisteredOnSameDateIsNotAllowed, ChangeOfSupplier, "D07"),
            (Rule::InvalidCustomerNumber, ChangeOfSupplier, "D17"),
            (Rule::EffectiveDateCannotBeInThePast, ChangeOfSupplier, "E17"),
            (Rule::EffectiveDateIsEmpty, ChangeOfSupplier, "E17"),
            (Rule::UnknownEnergySupplier, ChangeOfSupplier, "D02"),
            (Rule::InvalidEnergySupplierGln, ChangeOfSupplier, "D02"),
            (Rule::MeteringPointMustBeEnergySuppliable, ChangeOfSupplier, "E22"),
            (Rule::ProductionMeteringPointMustBeObligated, ChangeOfSupplier, "E22"),
            (Rule::DateFormatMustBeUTC, ChangeOfSupplier, "E86"),
        ] {
            assert_eq!(rule.code(kind).code(), code, "{rule:?} of {kind:?}");
        }
    }

    #[test]
    fn a_code_that_two_rules_lead_to_is_told_once_and_in_order() {
        let broken = [Rule::EffectiveDateCannotBeInThePast, Rule::ConsumerMustMatch, Rule::EffectiveDateIsEmpty];
        let told = reasons(&broken, ChangeOfSupplier);
        let codes: Vec<&str> = told.iter().map(|reason| &*reason.code).collect();
        assert_eq!(codes, ["E17", "D17"]);
        assert_eq!(told[0].text.as_deref(), Some("Skæringsdato uden for tidsfrist"));
    }

    /// How the market's table names the kinds.
    const KINDS: [(&str, RequestKind); 13] = [
        ("CoS", ChangeOfSupplier),
        ("MI", MoveIn),
        ("BRP", ChangeOfBalanceResponsible),
        ("EoS", EndOfSupply),
        ("MO", MoveOut),
        ("REA", Reallocation),
        ("CAN", Cancellation),
        ("CUS", CustomerData),
        ("D28", Contact),
        ("APC", MeteringPointData),
        ("QRY", Query),
        ("SVC", Service),
        ("ANS", Answer),
    ];

    #[test]
    fn every_rule_has_a_row_in_the_markets_table_with_the_same_codes() {
        let table = include_str!("../../../message-specs/rules-market-roles.tsv");
        let mut rows: BTreeSet<(String, String, &str)> = BTreeSet::new();
        for line in table.lines().filter(|line| line.starts_with("-\t")) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), 9, "{line}");
            // One code for all, or `E10: CoS CAN; D64: MI`.
            for part in cells[4].split("; ") {
                let (code, kinds) = part.split_once(": ").unwrap_or((part, cells[2]));
                rows.extend(kinds.split(' ').map(|kind| (cells[1].to_string(), code.to_string(), kind)));
            }
            assert!(["planned", "partial", "yes"].contains(&cells[7]), "{line}");
        }
        let known = TABLE.iter().flat_map(|(_, name, code, kinds)| {
            let kinds = KINDS.iter().filter(|(_, kind)| kinds.contains(kind));
            kinds.map(|(kind, _)| (name.to_string(), code.code().to_string(), *kind))
        });
        assert_eq!(rows, known.collect());
    }
}
