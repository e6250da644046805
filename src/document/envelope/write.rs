//! An envelope out.

use bytes::Bytes;

use super::{B2B, document_type};
use crate::spec;
use crate::xml::{Limits, escape_text};

/// An answer, in the pieces that it is made of: a document is not copied into it.
pub type Answer = Vec<Bytes>;

/// The answer to an operation that says nothing more, such as `dequeueMessage`.
pub fn done(operation: &str) -> Answer {
    answer(operation, Vec::new())
}

/// The id of the document that was taken in.
pub fn sent(message_id: &str) -> Answer {
    answer("SendMessage", vec![format!("<b2b:MessageId>{}</b2b:MessageId>", escape_text(message_id)).into()])
}

/// A document in its container: the answer to `PeekMessage` and `GetMessage`.
pub fn given(operation: &str, reference: &str, document: Bytes) -> Answer {
    let root = spec::root_of(&document, &Limits::default()).map(|root| root.name).unwrap_or_default();
    let (reference, document_type) = (escape_text(reference), escape_text(document_type(&root)));
    let head = format!(
        "<b2b:MessageContainer><b2b:MessageReference>{reference}</b2b:MessageReference>\
         <b2b:DocumentType>{document_type}</b2b:DocumentType><b2b:MessageType>XML</b2b:MessageType><b2b:Payload>"
    );
    let inside = vec![head.into(), bare(document), Bytes::from_static(b"</b2b:Payload></b2b:MessageContainer>")];
    answer(operation, inside)
}

/// Ids of documents.
pub fn ids(message_ids: &[String]) -> Answer {
    let ids = message_ids.iter().map(|id| format!("<b2b:MessageId>{}</b2b:MessageId>", escape_text(id)));
    let list = format!("<b2b:MessageIdList>{}</b2b:MessageIdList>", ids.collect::<String>());
    answer("GetMessageIds", vec![list.into()])
}

/// The documents that answer a query.
pub fn found(documents: Vec<Bytes>) -> Answer {
    answer("QueryData", documents.into_iter().map(bare).collect())
}

fn answer(operation: &str, inside: Answer) -> Answer {
    let name = format!("b2b:{operation}Response");
    let mut pieces = vec![Bytes::from(format!("{HEAD}<{name} xmlns:b2b=\"{B2B}\">"))];
    pieces.extend(inside);
    pieces.push(format!("</{name}>{TAIL}").into());
    pieces
}

/// An envelope around what a fault holds.
pub fn fault(inside: &str) -> String {
    format!("{HEAD}<soapenv:Fault>{inside}</soapenv:Fault>{TAIL}")
}

/// A document without its XML declaration, which stands at a beginning only.
fn bare(document: Bytes) -> Bytes {
    if !document.starts_with(b"<?xml ") {
        return document;
    }
    let end = document.windows(2).position(|it| it == b"?>").map_or(0, |at| at + 2);
    document.slice(end..)
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>";
const TAIL: &str = "</soapenv:Body></soapenv:Envelope>\n";
