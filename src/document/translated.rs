//! A document of another form as CIM XML that remembers where each of its elements came from.

#[derive(Debug, Default)]
pub struct Translated {
    pub xml: Vec<u8>,
    /// For each element, in order: where it begins in the XML and where it stands in the document as it came, in bytes.
    places: Vec<(u32, u32)>,
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
