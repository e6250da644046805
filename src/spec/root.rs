//! A look at the root element alone, to find out which schema a document asks for.

use super::flaw::{Flaw, Found, Root, settle};
use crate::xml::{Event, Limits, Malformed, Reader};

/// Bytes looked at first: nearly every root stands within them. The whole document is the last resort.
const WINDOWS: [usize; 2] = [4 * 1024, 256 * 1024];

/// The namespace and name of a document's root. Reads no further than it must: what follows may still be wrong.
pub fn root_of(document: &[u8], limits: &Limits) -> Result<Root, Flaw> {
    for window in WINDOWS {
        if document.len() > window
            && let Ok(root) = peek(cut(document, window), limits)
        {
            return Ok(root);
        }
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

/// The first bytes of a document, not ending within a character.
fn cut(document: &[u8], bytes: usize) -> &[u8] {
    let mut end = bytes.min(document.len());
    while end > 0 && document[end - 1] >= 0x80 {
        end -= 1;
    }
    &document[..end]
}
