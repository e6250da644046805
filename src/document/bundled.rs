//! One document that says what several of ours say: their records, in their order, under one header.

use crate::market::Timestamp;

/// A document of ours in CIM XML, and the byte at which its records begin.
pub type Part<'a> = (&'a [u8], usize);

/// Puts the records of documents together under the header of the first, with an id and a time of its own. `None` where one
/// is not a document that we have written.
pub fn bundled(parts: &[Part], message_id: &str, created: Timestamp) -> Option<Vec<u8>> {
    let (first, records_from) = parts.first()?;
    let header = std::str::from_utf8(first.get(..*records_from)?).ok()?;
    let header = with_value(header, "cim:mRID", message_id)?;
    let header = with_value(&header, "cim:createdDateTime", &created.to_string())?;
    let mut out = Vec::with_capacity(header.len() + parts.iter().map(|(bytes, _)| bytes.len()).sum::<usize>());
    out.extend_from_slice(header.as_bytes());
    let mut end: &[u8] = &[];
    for (bytes, records_from) in parts {
        let from_records = bytes.get(*records_from..)?;
        let records;
        (records, end) = from_records.split_at_checked(memchr::memmem::rfind(from_records, b"</")?)?;
        out.extend_from_slice(records);
    }
    out.extend_from_slice(end);
    Some(out)
}

/// The same header with another text in the first element of this name.
fn with_value(header: &str, name: &str, value: &str) -> Option<String> {
    let (before, rest) = header.split_once(&format!("<{name}>"))?;
    let (_, after) = rest.split_once(&format!("</{name}>"))?;
    Some(format!("{before}<{name}>{value}</{name}>{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, records: &str) -> (Vec<u8>, usize) {
        let header = format!("<cim:D><cim:mRID>{id}</cim:mRID><cim:createdDateTime>T</cim:createdDateTime>");
        (format!("{header}{records}</cim:D>\n").into_bytes(), header.len())
    }

    #[test]
    fn records_follow_each_other_under_one_header() {
        let parts = [part("a", "<cim:R><cim:mRID>1</cim:mRID></cim:R>"), part("bb", ""), part("c", "<cim:R/><cim:R/>")];
        let parts: Vec<Part> = parts.iter().map(|(bytes, from)| (&**bytes, *from)).collect();
        let bytes = bundled(&parts, "new", Timestamp::from_seconds(1_690_880_400)).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "<cim:D><cim:mRID>new</cim:mRID><cim:createdDateTime>2023-08-01T09:00:00Z</cim:createdDateTime>\
             <cim:R><cim:mRID>1</cim:mRID></cim:R><cim:R/><cim:R/></cim:D>\n"
        );
    }

    #[test]
    fn what_we_have_not_written_is_not_put_together() {
        let at = Timestamp::from_seconds(0);
        for (bytes, from) in [("", 0), ("<cim:D>", 3), ("<cim:mRID>x</cim:mRID>", 22), ("<cim:D></cim:D>", 99)] {
            assert_eq!(bundled(&[(bytes.as_bytes(), from)], "new", at), None, "{bytes}");
        }
        assert_eq!(bundled(&[], "new", at), None);
    }
}
