//! A look at the root element alone, to find out which schema a document asks for.

use super::flaw::{Flaw, Found, Root, settle};
use super::stream;
use crate::xml::{Event, Limits, Malformed, Reader};

/// The namespace and name of a document's root. Reads no further than it must: what follows may still be wrong.
pub fn root_of(document: &[u8], limits: &Limits) -> Result<Root, Flaw> {
    if stream::is_utf16(document) {
        return stream::root_of_utf16(document, limits);
    }
    peek(document, limits).map_err(|wrong| {
        let byte = wrong.byte;
        let found = Found::malformed(wrong, String::new());
        let mut flaws = settle(vec![found], document);
        flaws.pop().unwrap_or(Flaw {
            line: 1,
            column: 1,
            byte,
            path: String::new(),
            code: "not-well-formed",
            message: String::new(),
        })
    })
}

fn peek(document: &[u8], limits: &Limits) -> Result<Root, Malformed> {
    let mut reader = Reader::new(document, limits)?;
    match reader.read()? {
        Event::Open { slot, .. } => {
            Ok(Root { namespace: reader.namespace(slot).to_string(), name: reader.local(slot).to_string() })
        }
        // The reader begins with the root element or with an error.
        _ => Err(Malformed { byte: 0, code: "not-well-formed", message: "The document has no root element.".into() }),
    }
}
