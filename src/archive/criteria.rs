//! What people search the archive by: criteria by name, each of which stands for a term of the catalogue.

use std::collections::BTreeMap;

use super::catalogue::{Term, Verdict};
use super::log::Direction;
use crate::market::{ActorNumber, ActorRole, Party};

/// A kind of term that is any text.
type TextTerm = fn(String) -> Term;

/// The criteria that are any text, by the names under which people give them.
const TEXTS: [(&str, TextTerm); 8] = [
    ("messageId", Term::MessageId),
    ("transactionId", Term::TransactionId),
    ("correlationId", Term::CorrelationId),
    ("subject", Term::Subject),
    ("document", Term::Document),
    ("reason", Term::Reason),
    ("refused", Term::Refused),
    ("bundle", Term::Bundle),
];

/// What people search by besides time: each of these names at most once, all that are given must be met.
pub const CRITERIA: [&str; 13] = [
    "party",
    "role",
    "direction",
    "messageId",
    "transactionId",
    "correlationId",
    "subject",
    "document",
    "reason",
    "refused",
    "bundle",
    "rsm",
    "verdict",
];

/// Why a criterion cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {advice}")]
pub struct NoCriterion {
    pub name: &'static str,
    pub advice: &'static str,
}

/// The terms that criteria stand for, each given by one of the names of [`CRITERIA`] and its text.
pub fn terms_for(mut given: BTreeMap<&'static str, String>) -> Result<Vec<Term>, NoCriterion> {
    let wrong = |name, advice| NoCriterion { name, advice };
    let mut terms = Vec::new();
    let role = given
        .remove("role")
        .map(|code| ActorRole::from_code(&code.to_ascii_uppercase()).ok_or(wrong("role", "a role looks like DDQ")));
    match (given.remove("party"), role.transpose()?) {
        (None, None) => {}
        (Some(number), None) => terms.push(Term::Number(number)),
        (None, Some(role)) => terms.push(Term::Role(role)),
        (Some(number), Some(role)) => terms.push(Term::Party(Party { number: ActorNumber::new(number), role })),
    }
    if let Some(name) = given.remove("direction") {
        let direction = Direction::from_name(&name).ok_or(wrong("direction", "it is in or out"))?;
        terms.push(Term::Direction(direction));
    }
    if let Some(number) = given.remove("rsm") {
        terms.push(Term::Rsm(rsm(&number).ok_or(wrong("rsm", "it looks like RSM-033"))?));
    }
    if let Some(name) = given.remove("verdict") {
        let verdict = Verdict::from_name(&name).ok_or(wrong("verdict", "it is accepted or refused"))?;
        terms.push(Term::Verdict(verdict));
    }
    terms.extend(TEXTS.into_iter().filter_map(|(name, term)| given.remove(name).map(term)));
    assert!(given.is_empty(), "{given:?} are no criteria");
    Ok(terms)
}

/// A number as documents are catalogued under it, from one that may lack what all have in common.
fn rsm(text: &str) -> Option<String> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.strip_prefix("RSM-").unwrap_or(&upper);
    let is_one = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| format!("RSM-{digits:0>3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_become_terms_and_what_cannot_be_one_is_named() {
        let terms = |given: &[(&'static str, &str)]| {
            let given = given.iter().map(|(name, text)| {
                assert!(CRITERIA.contains(name));
                (*name, text.to_string())
            });
            terms_for(given.collect()).map_err(|it| it.name)
        };
        let party = Party { number: ActorNumber::new("1"), role: ActorRole::EnergySupplier };
        assert_eq!(terms(&[]), Ok(vec![]));
        assert_eq!(terms(&[("party", "1")]), Ok(vec![Term::Number("1".into())]));
        assert_eq!(terms(&[("party", "1"), ("role", "ddq")]), Ok(vec![Term::Party(party)]));
        assert_eq!(terms(&[("role", "ddm")]), Ok(vec![Term::Role(ActorRole::GridAccessProvider)]));
        let mixed = [("subject", "7"), ("direction", "out"), ("messageId", "m")];
        let expected = [Term::Direction(Direction::Out), Term::MessageId("m".into()), Term::Subject("7".into())];
        assert_eq!(terms(&mixed), Ok(expected.to_vec()));
        for number in ["RSM-033", "rsm-033", "033", "33"] {
            assert_eq!(terms(&[("rsm", number)]), Ok(vec![Term::Rsm("RSM-033".into())]));
        }
        assert_eq!(terms(&[("verdict", "refused")]), Ok(vec![Term::Verdict(Verdict::Refused)]));
        for (wrong, name) in [
            (&[("role", "D99")][..], "role"),
            (&[("party", "1"), ("role", "D99")], "role"),
            (&[("direction", "up")], "direction"),
            (&[("verdict", "rejected")], "verdict"),
            (&[("rsm", "RSM-1234")], "rsm"),
            (&[("rsm", "RSM-")], "rsm"),
            (&[("rsm", "D10")], "rsm"),
        ] {
            assert_eq!(terms(wrong), Err(name));
        }
        let texts = CRITERIA.iter().filter(|name| TEXTS.iter().any(|(text, _)| text == *name)).count();
        assert_eq!((texts, CRITERIA.len()), (TEXTS.len(), TEXTS.len() + 5), "no criterion is overlooked");
    }
}
