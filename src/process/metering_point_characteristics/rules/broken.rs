//! What a record has broken, and what is said of it.

use super::Rule;
use crate::market::Timestamp;
use crate::process::market_documents::Reason;

/// Rules that a record breaks on its own day, and those that it would break from a later day on because it changes what is so
/// then.
#[derive(Debug, Default)]
pub struct Broken {
    pub rules: Vec<Rule>,
    /// Each rule once, with the first of its days.
    pub later: Vec<(Rule, Timestamp)>,
}

impl From<Vec<Rule>> for Broken {
    fn from(rules: Vec<Rule>) -> Self {
        Self { rules, later: Vec::new() }
    }
}

impl Broken {
    pub fn names(&self) -> Vec<&'static str> {
        self.rules.iter().chain(self.later.iter().map(|(rule, _)| rule)).map(|rule| rule.name()).collect()
    }

    /// Each rule with its code and its words, and with the day where that is not the one that the record names.
    pub fn reasons(&self) -> Vec<Reason> {
        let reason = |rule: &Rule, text: String| Reason { code: rule.code().code().into(), text: Some(text) };
        let own = self.rules.iter().map(|rule| reason(rule, rule.text().into()));
        let later = self.later.iter().map(|(rule, day)| reason(rule, format!("as of {day}: {}", rule.text())));
        own.chain(later).collect()
    }
}
