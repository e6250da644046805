//! Wildcards: which namespaces they take, and what becomes of what they took. Source: XML Schema Part 1, 3.10.

/// How closely what a wildcard took is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Process {
    /// Not at all.
    Skip,
    /// If it is declared.
    Lax,
    /// It must be declared.
    Strict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Namespaces {
    Any,
    /// Any but this one, and not none.
    Other(String),
    /// Any namespace at all, but some.
    Some,
    /// Of these; empty for none.
    Of(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    pub namespaces: Namespaces,
    pub process: Process,
}

impl Namespaces {
    /// Reads the attribute `namespace` of a wildcard in a schema of the namespace `target`.
    pub(super) fn read(text: &str, target: &str) -> Namespaces {
        match text.trim() {
            "##any" => Namespaces::Any,
            "##other" if target.is_empty() => Namespaces::Some,
            "##other" => Namespaces::Other(target.to_string()),
            list => Namespaces::Of(
                list.split_ascii_whitespace()
                    .map(|name| match name {
                        "##targetNamespace" => target.to_string(),
                        "##local" => String::new(),
                        name => name.to_string(),
                    })
                    .collect(),
            ),
        }
    }

    pub(super) fn takes(&self, namespace: &str) -> bool {
        match self {
            Namespaces::Any => true,
            Namespaces::Some => !namespace.is_empty(),
            Namespaces::Other(not) => !namespace.is_empty() && namespace != not,
            Namespaces::Of(list) => list.iter().any(|one| one == namespace),
        }
    }

    /// Could one namespace be taken by both?
    pub(super) fn overlaps(&self, other: &Namespaces) -> bool {
        match (self, other) {
            (Namespaces::Of(list), set) | (set, Namespaces::Of(list)) => list.iter().any(|one| set.takes(one)),
            // Whatever else is left out, there are namespaces enough.
            _ => true,
        }
    }

    /// What both take.
    pub(super) fn both(&self, other: &Namespaces) -> Option<Namespaces> {
        use Namespaces::{Any, Of, Other, Some as Named};
        Some(match (self, other) {
            (Any, set) | (set, Any) => set.clone(),
            (Of(list), set) | (set, Of(list)) => Of(list.iter().filter(|one| set.takes(one)).cloned().collect()),
            (Other(not), Other(neither)) if not != neither => return None,
            (Other(not), _) | (_, Other(not)) => Other(not.clone()),
            (Named, Named) => Named,
        })
    }

    /// What either takes. None where it cannot be said. Source: XML Schema Part 1, 3.10.6.
    pub(super) fn either(&self, other: &Namespaces) -> Option<Namespaces> {
        use Namespaces::{Any, Of, Other, Some as Named};
        Some(match (self, other) {
            (Any, _) | (_, Any) => Any,
            (Of(list), Of(more)) => {
                let mut list = list.clone();
                list.extend(more.iter().filter(|one| !self.takes(one)).cloned());
                Of(list)
            }
            (Other(not), Other(neither)) if not == neither => Other(not.clone()),
            (Other(_) | Named, Other(_) | Named) => Named,
            (Of(list), Other(not)) | (Other(not), Of(list)) => {
                match (list.iter().any(|one| one == not), list.iter().any(String::is_empty)) {
                    (true, true) => Any,
                    (true, false) => Named,
                    (false, true) => return None,
                    (false, false) => Other(not.clone()),
                }
            }
            (Of(list), Named) | (Named, Of(list)) => {
                if list.iter().any(String::is_empty) {
                    Any
                } else {
                    Named
                }
            }
        })
    }

    /// Does this take nothing that `other` does not?
    pub(super) fn within(&self, other: &Namespaces) -> bool {
        match (self, other) {
            (_, Namespaces::Any) => true,
            (Namespaces::Of(list), set) => list.iter().all(|one| set.takes(one)),
            (Namespaces::Other(_), Namespaces::Some) => true,
            (a, b) => a == b,
        }
    }
}

impl Process {
    pub(super) fn read(text: Option<&str>) -> Option<Process> {
        Some(match text {
            None | Some("strict") => Process::Strict,
            Some("lax") => Process::Lax,
            Some("skip") => Process::Skip,
            Some(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_taken_as_the_recommendation_says() {
        let other = Namespaces::read("##other", "urn:t");
        assert!(other.takes("urn:u") && !other.takes("urn:t") && !other.takes(""));
        let list = Namespaces::read(" ##local\n##targetNamespace urn:x ", "urn:t");
        assert!(list.takes("") && list.takes("urn:t") && list.takes("urn:x") && !list.takes("urn:y"));
        assert!(Namespaces::read("##other", "").takes("urn:t") && !Namespaces::read("##other", "").takes(""));
        assert!(other.overlaps(&list) && !other.overlaps(&Namespaces::Of(vec!["urn:t".into(), String::new()])));
        assert_eq!(other.both(&list), Some(Namespaces::Of(vec!["urn:x".into()])));
        assert_eq!(other.either(&list), Some(Namespaces::Any));
        assert!(Namespaces::Of(vec!["urn:x".into()]).within(&other) && !list.within(&other));
    }
}
