//! A document of another form as CIM XML that remembers where each of its elements came from.

use std::borrow::Cow;

use crate::market::Timestamp;

#[derive(Debug, Default)]
pub struct Translated {
    pub xml: Vec<u8>,
    /// For each element, in order: where it begins in the XML and where it stands in the document as it came, in bytes.
    places: Vec<(u32, u32)>,
}

/// Why a document cannot be put into CIM XML.
#[derive(Debug)]
pub struct Untranslated<W> {
    pub wrong: W,
    /// What could be put into it all the same, well-formed; nothing where not even a beginning could.
    pub rest: Box<Translated>,
}

impl<W> Untranslated<W> {
    pub fn at_all(wrong: W) -> Self {
        Self { wrong, rest: Box::default() }
    }
}

impl Translated {
    /// Where in the document as it came something is that stands at `byte` in the XML.
    pub fn place(&self, byte: usize) -> usize {
        let after = self.places.partition_point(|(xml, _)| *xml as usize <= byte);
        after.checked_sub(1).map_or(0, |at| self.places[at].1 as usize)
    }

    /// The element that is written next stood there.
    pub fn came_from(&mut self, byte: usize) {
        self.places.push((position(self.xml.len()), position(byte)));
    }

    pub fn write(&mut self, text: &str) {
        self.xml.extend_from_slice(text.as_bytes());
    }
}

/// Bodies are far below four gigabytes; what is beyond points to the end.
fn position(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

/// When a document was created, as every schema of CIM XML takes it: to the second, in UTC. JSON and ebIX allow a fraction and
/// an offset (post-office 3.4, 3.5.1), and nobody goes by the sender's clock. What is no such instant is left to the schema.
pub fn created(text: &str) -> Cow<'_, str> {
    let offset = text.find('T').and_then(|time| text[time..].find(['Z', '+', '-']));
    let read = offset.and_then(|_| Timestamp::parse_date_time(text));
    let whole = read.map(|instant| instant.to_string()).filter(|whole| whole.len() == WHOLE_SECOND_LENGTH);
    whole.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `YYYY-MM-DDThh:mm:ssZ`.
const WHOLE_SECOND_LENGTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_clock_is_told_to_the_second_and_in_utc() {
        let rows = [
            ("2023-08-01T09:00:00Z", "2023-08-01T09:00:00Z"),
            ("2023-08-01T09:00:00.123+02:00", "2023-08-01T07:00:00Z"),
            ("2023-08-01T00:30:00.9999999-01:30", "2023-08-01T02:00:00Z"),
            // Of another place, of no calendar, or nothing of the kind: the schema has its say.
            ("2023-08-01T09:00:00", "2023-08-01T09:00:00"),
            ("2023-02-30T09:00:00.5Z", "2023-02-30T09:00:00.5Z"),
            ("12023-08-01T09:00:00.5Z", "12023-08-01T09:00:00.5Z"),
            ("-2023-08-01T09:00:00.5Z", "-2023-08-01T09:00:00.5Z"),
            ("yesterday", "yesterday"),
        ];
        for (text, expected) in rows {
            assert_eq!(created(text), expected, "{text}");
        }
    }
}
