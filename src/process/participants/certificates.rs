//! Client certificates: which of them speaks for which participant, and from when to when (post-office 2.4, 5.1).
//!
//! A participant may have several at a time, so that a new one is in use before the old one ends. Assignments carry a
//! sequence number of whoever made them: one that is not newer than the participant's last is a repetition, or comes too
//! late, and changes nothing. What is withdrawn speaks for nobody from the next request on.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record::{party, versioned};
use super::state::{is_registered, needs_of_anywhere};
use crate::market::{Party, Timestamp};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space};

/// Certificates, by thumbprint.
const CERTIFICATES: Space = Space(58);
/// Of each participant the last assignment and the certificates it has, by role and number.
const ASSIGNED: Space = Space(59);

const VERSION: u8 = 1;

/// Most certificates of one participant at a time: an old one, a new one, and some forgotten ones.
pub const CERTIFICATES_MAX: usize = 16;

/// A certificate's SHA-256, as `openssl x509 -fingerprint -sha256` tells it, in lower case and without colons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Takes 64 hexadecimal digits in either case, with or without colons between them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        let is_one = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(digits.to_ascii_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A certificate that speaks for a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub thumbprint: Thumbprint,
    pub party: Party,
    pub from: Timestamp,
    /// Excluded.
    pub until: Timestamp,
}

/// A certificate that a participant is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub certificate: Certificate,
    /// Of whoever makes assignments; one more than the last when it is left out.
    pub sequence: Option<u64>,
    /// When the certificates that the participant has end, if they are to end.
    pub others_until: Option<Timestamp>,
}

/// Why a certificate is not assigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAssigned {
    #[error("assignment {given} came already, or too late: the last one was {last}")]
    NotNewer { given: u64, last: u64 },
    #[error("{0} is not registered: register it first, or name another")]
    Unknown(Party),
    #[error("the certificate speaks for {0} already: withdraw it first")]
    Foreign(Party),
    #[error("the participant has {CERTIFICATES_MAX} certificates, which is the most: withdraw some")]
    TooMany,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    role: String,
    number: String,
    from: i64,
    until: i64,
}

#[derive(Default, Serialize, Deserialize)]
struct Assigned {
    sequence: u64,
    thumbprints: Vec<String>,
}

fn key(thumbprint: &Thumbprint) -> Key {
    Key::new(CERTIFICATES).text(thumbprint.as_str())
}

fn assigned_key(party: &Party) -> Key {
    Key::new(ASSIGNED).text(party.role.code()).text(party.number.as_str())
}

/// Every certificate that was assigned and not withdrawn, by thumbprint.
pub fn every_certificate() -> KeyRange {
    KeyRange::under(&Key::new(CERTIFICATES))
}

/// One record of [`every_certificate`].
///
/// # Panics
///
/// When it is none.
pub fn read_certificate(key: &Key, entry: &Entry) -> Certificate {
    let thumbprint = Thumbprint(key.reader().text().expect("a thumbprint stands in its key"));
    let stored: Stored = postcard::from_bytes(versioned(&entry.value)).expect("a stored certificate is read back");
    Certificate {
        thumbprint,
        party: party(stored.role, stored.number),
        from: Timestamp::from_micros(stored.from),
        until: Timestamp::from_micros(stored.until),
    }
}

pub fn certificate_needs(thumbprint: &Thumbprint) -> Needs {
    Needs::default().key(key(thumbprint))
}

/// Whose certificate it is. Needs: [`certificate_needs`].
pub fn certificate(facts: &Facts, thumbprint: &Thumbprint) -> Option<Certificate> {
    let key = key(thumbprint);
    facts.get(&key).map(|entry| read_certificate(&key, entry))
}

impl Certificate {
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }

    fn write(&self) -> Change {
        let stored = Stored {
            role: self.party.role.code().into(),
            number: self.party.number.to_string(),
            from: self.from.micros(),
            until: self.until.micros(),
        };
        Change::Put(key(&self.thumbprint), written(&stored))
    }
}

fn written(form: &impl Serialize) -> Bytes {
    postcard::to_extend(form, vec![VERSION]).expect("a certificate can be written").into()
}

fn assigned(facts: &Facts, party: &Party) -> Assigned {
    let read = |entry: &Entry| postcard::from_bytes(versioned(&entry.value)).expect("stored assignments are read back");
    facts.get(&assigned_key(party)).map(read).unwrap_or_default()
}

/// What [`assign`] must know first, besides [`more_needs`].
pub fn assign_needs(certificate: &Certificate) -> Needs {
    needs_of_anywhere(&certificate.party)
        .and(certificate_needs(&certificate.thumbprint))
        .key(assigned_key(&certificate.party))
}

/// What [`assign`] and [`withdraw`] must know besides: the participant's certificates, once it is known which those are.
pub fn more_needs(facts: &Facts, party: &Party) -> Needs {
    let needs = Needs::default().key(assigned_key(party));
    if !facts.knows(&assigned_key(party)) {
        return needs;
    }
    let thumbprints = assigned(facts, party).thumbprints.into_iter().map(Thumbprint);
    thumbprints.fold(needs, |needs, it| needs.and(certificate_needs(&it)))
}

/// What gives a participant a certificate.
pub fn assign(facts: &Facts, assignment: &Assignment) -> Result<Vec<Change>, NotAssigned> {
    let Assignment { certificate: new, sequence, others_until } = assignment;
    if !is_registered(facts, &new.party) {
        return Err(NotAssigned::Unknown(new.party.clone()));
    }
    let mut has = assigned(facts, &new.party);
    let given = sequence.unwrap_or(has.sequence + 1);
    if given <= has.sequence {
        return Err(NotAssigned::NotNewer { given, last: has.sequence });
    }
    if let Some(known) = certificate(facts, &new.thumbprint)
        && known.party != new.party
    {
        return Err(NotAssigned::Foreign(known.party));
    }
    has.sequence = given;
    has.thumbprints.retain(|thumbprint| thumbprint != new.thumbprint.as_str());
    if has.thumbprints.len() >= CERTIFICATES_MAX {
        return Err(NotAssigned::TooMany);
    }
    let mut changes = vec![new.write()];
    if let Some(end) = others_until {
        let others = has.thumbprints.iter().filter_map(|it| certificate(facts, &Thumbprint(it.clone())));
        let longer = others.filter(|other| other.until > *end);
        changes.extend(longer.map(|other| Certificate { until: *end, ..other }.write()));
    }
    has.thumbprints.push(new.thumbprint.0.clone());
    changes.push(Change::Put(assigned_key(&new.party), written(&has)));
    Ok(changes)
}

/// What takes a certificate from a participant; nothing where nobody has it.
pub fn withdraw(facts: &Facts, thumbprint: &Thumbprint) -> Vec<Change> {
    let Some(known) = certificate(facts, thumbprint) else { return Vec::new() };
    let mut has = assigned(facts, &known.party);
    has.thumbprints.retain(|it| it != thumbprint.as_str());
    vec![Change::Delete(key(thumbprint)), Change::Put(assigned_key(&known.party), written(&has))]
}
