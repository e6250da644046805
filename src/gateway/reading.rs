//! A document as it comes: recognised, checked against its schema and read into a request, or why it is none; and packed for the
//! archive meanwhile.

use std::time::Instant;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::door::{Head, refused};
use super::{Error, Fault, Gateway, figures};
use crate::archive::Came;
use crate::document::{self, Wire, cim_xml};
use crate::market::Party;
use crate::process::{self, Incoming, Pack, Refused, Request, RequestReader};
use crate::record::{Packed, Packer};
use crate::spec::{self, Flaw, Schema, Specs, Verdict};
use crate::xml::Limits;

/// A document that has been read to its end: a request, or why it is none; and its bytes, packed.
pub struct Arrived {
    pub(super) document: &'static Incoming,
    pub(super) body: Packed,
    pub(super) reading: Result<Box<dyn Request>, Unread>,
    pub(super) came: Option<Came>,
}

/// Why a document has not become a request.
pub(super) enum Unread {
    /// It has flaws by its schema, or is not in the form that it was said to be in.
    Flawed(Error),
    /// It has none, and says what is not taken in.
    Refused(Refused),
}

impl Unread {
    /// None where nothing past the schema is looked at.
    pub(super) fn head(&self) -> Option<Head<'_>> {
        match self {
            Unread::Flawed(_) => None,
            Unread::Refused(refused) => Some(Head::of_refused(refused)),
        }
    }

    /// What it is answered with, whoever sent it.
    pub(super) fn error(&self, body: &Packed) -> Error {
        match self {
            Unread::Flawed(error) => error.clone(),
            Unread::Refused(it) => refused(&it.refusals, body),
        }
    }
}

impl Arrived {
    /// Says how it came, which is kept if it is refused.
    pub fn by(self, came: Came) -> Self {
        Self { came: Some(came), ..self }
    }

    /// How large it is.
    pub fn bytes(&self) -> u64 {
        self.body.bytes()
    }

    pub(super) fn head(&self) -> Option<Head<'_>> {
        match &self.reading {
            Ok(request) => Some(Head::of(&**request)),
            Err(unread) => unread.head(),
        }
    }

    pub(super) fn of(specs: &Specs, limits: &Limits, document: &'static Incoming, bytes: &[u8]) -> Self {
        let began = Instant::now();
        let body = Packed::of(bytes);
        let mut reader = (document.reader)();
        let verdict = schema_of(specs, document).map(|schema| document::read(schema, bytes, limits, &mut *reader));
        let reading = verdict.map_err(Unread::Flawed).and_then(|verdict| finished(document, verdict, reader));
        figures::read(began);
        Self { document, body, reading, came: None }
    }
}

/// A document that was taken in before, out of the archive.
pub(super) fn read_again(
    specs: &Specs,
    limits: &Limits,
    document: &'static Incoming,
    body: &Packed,
) -> Result<Result<Box<dyn Request>, Error>, Fault> {
    let mut reader = (document.reader)();
    let verdict = document::read_from(specs, body.reader(), limits, &mut *reader);
    let verdict = verdict.map_err(|_| Fault::Unreadable { what: "an archived document" })?;
    Ok(match verdict {
        Some(verdict) => finished(document, verdict, reader).map_err(|unread| unread.error(body)),
        None => Err(no_schema(document)),
    })
}

fn schema_of<'s>(specs: &'s Specs, document: &Incoming) -> Result<&'s Schema, Error> {
    specs.schema_for(document.namespace).ok_or_else(|| no_schema(document))
}

fn no_schema(document: &Incoming) -> Error {
    Error::new(SYNTAX, format!("no schema is loaded for {}, see [specs] in the configuration", document.name))
}

/// The request of a document that was checked, or why it is none.
fn finished(incoming: &Incoming, verdict: Verdict, reader: Box<dyn RequestReader>) -> Result<Box<dyn Request>, Unread> {
    if !verdict.flaws.is_empty() {
        return Err(Unread::Flawed(flawed(incoming, &verdict)));
    }
    reader.finish().map_err(Unread::Refused)
}

/// The error that names the flaws of a document; of one in an unknown namespace nothing else can be said (market-roles 5.4).
fn flawed(incoming: &Incoming, verdict: &Verdict) -> Error {
    let other = verdict.root.as_ref().filter(|root| ![incoming.namespace, ""].contains(&&*root.namespace));
    if let Some(root) = other {
        let error = schema_unknown(format!(
            "there is no schema of {} for namespace {}: write {}",
            incoming.name,
            shown(&root.namespace),
            document::namespaces_like(incoming.name, incoming.namespace, &root.namespace).join(" or ")
        ));
        return Error::new(SYNTAX, error.message.clone()).details(vec![error]);
    }
    let count = verdict.flaws.len();
    let more = if verdict.truncated { " or more" } else { "" };
    let plural = if count == 1 { "" } else { "s" };
    let message = format!("the document does not follow its schema: {count}{more} flaw{plural}");
    let code = Pack::of_document(incoming.name).map_or(FLAW, |pack| pack.schema_flaw(incoming));
    let details = verdict.flaws.iter().map(|flaw| flaw_error(flaw, code));
    Error::new(SYNTAX, message).details(details.collect())
}

impl Gateway {
    /// Which document it is, by its root's namespace.
    pub fn recognise(&self, body: &[u8]) -> Result<&'static Incoming, Error> {
        let schema = document::recognise(&self.specs, body, &self.settings.limits).map_err(|flaw| {
            Error::new(SYNTAX, "the document is not well-formed").details(vec![flaw_error(&flaw, FLAW)])
        })?;
        let namespace = schema.map(Schema::namespace);
        let known = process::documents().find(|document| Some(document.namespace) == namespace);
        known.ok_or_else(|| {
            let message = "no document with this root element and namespace is taken in here";
            Error::new(SYNTAX, message).details(vec![schema_unknown(message.into())])
        })
    }

    /// Reads a caller's document that is at hand, a large one on a thread of its own: the doors' threads stay free for
    /// others. Nothing is read while more of the caller waits for its decision than may.
    pub async fn read_whole(&self, caller: &Party, document: &'static Incoming, body: Bytes) -> Result<Arrived, Fault> {
        self.decider.has_room(&caller.number, self.settings.undecided_max)?;
        if body.len() <= READ_AT_ONCE_BYTES_MAX {
            return Ok(Arrived::of(&self.specs, &self.settings.limits, document, &body));
        }
        let (specs, settings) = (self.specs.clone(), self.settings.clone());
        tokio::task::spawn_blocking(move || Arrived::of(&specs, &settings.limits, document, &body))
            .await
            .map_err(|_| Fault::Reading { document: document.name })
    }

    /// What is wrong with a document that has not begun like the form which it is said to be in; none where it is simply in
    /// another form.
    pub async fn misfit(&self, document: &'static Incoming, body: &Bytes, said: Wire) -> Result<Option<Error>, Fault> {
        let (small, body, limits) = (body.len() <= READ_AT_ONCE_BYTES_MAX, body.clone(), self.settings.limits.clone());
        let look = move || {
            let flaws = vec![document::misfit(&body, said, &limits)?];
            Some(flawed(document, &Verdict { root: None, flaws, truncated: false }))
        };
        if small {
            return Ok(look());
        }
        tokio::task::spawn_blocking(look).await.map_err(|_| Fault::Reading { document: document.name })
    }

    /// A document that is not read at all: to be kept in the archive, and answered with this error.
    pub async fn not_read(&self, document: &'static Incoming, body: Bytes, error: Error) -> Result<Arrived, Fault> {
        let small = body.len() <= READ_AT_ONCE_BYTES_MAX;
        let reading = Err(Unread::Flawed(error));
        let pack = move || Arrived { document, body: Packed::of(&body), reading, came: None };
        if small {
            return Ok(pack());
        }
        tokio::task::spawn_blocking(pack).await.map_err(|_| Fault::Reading { document: document.name })
    }

    /// Reads a document in CIM XML while it arrives: of its bytes no more than a window and what is packed for the
    /// archive are held. An error of `pieces` ends it.
    pub async fn read_pieces<E: From<Fault>>(
        &self,
        caller: &Party,
        document: &'static Incoming,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Arrived, E> {
        self.decider.has_room(&caller.number, self.settings.undecided_max)?;
        let mut pieces = std::pin::pin!(pieces);
        let mut reader = (document.reader)();
        let mut packer = Packer::new();
        let schema = schema_of(&self.specs, document);
        let verdict = {
            let mut pass = cim_xml::Pass(&mut *reader);
            let mut check = schema.map(|schema| spec::Pieces::new(schema, &self.settings.limits, &mut pass));
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                packer.add(&piece);
                if let Ok(check) = &mut check {
                    check.feed(&piece);
                }
            }
            check.map(spec::Pieces::finish)
        };
        let finish = move || {
            let body = packer.finish();
            let reading = verdict.map_err(Unread::Flawed).and_then(|verdict| finished(document, verdict, reader));
            Arrived { document, body, reading, came: None }
        };
        let finished = tokio::task::spawn_blocking(finish).await;
        Ok(finished.map_err(|_| Fault::Reading { document: document.name })?)
    }
}

/// Document type or schema version that we have no schema for (post-office 2.6.3).
fn schema_unknown(message: String) -> Error {
    Error::new("00301", message).target("schemaVersion")
}

fn flaw_error(flaw: &Flaw, (code, target): (&str, Option<&str>)) -> Error {
    // A wrong value is repeated, but not where it may be a person's number with one digit too many.
    let is_customers = |step: &str| step.contains(CUSTOMER_NUMBER) || step == EBIX_CUSTOMER_NUMBER;
    let message = if flaw.path.split('/').any(is_customers) {
        "The customer's number does not have the form of its type."
    } else {
        &flaw.message
    };
    Error {
        code: code.to_string(),
        message: if flaw.path.is_empty() {
            format!("{message} ({})", flaw.code)
        } else {
            format!("{}: {message} ({})", flaw.path, flaw.code)
        },
        line: Some(flaw.line),
        column: Some(flaw.column),
        target: target.map(str::to_string),
        ..Error::default()
    }
}

/// An id as an error text shows it: quoted, and cut where a stranger sent a novel.
pub(super) fn shown(id: &str) -> String {
    let cut: String = id.chars().take(ID_CHARS_SHOWN).collect();
    if cut.len() < id.len() { format!("\"{cut}…\"") } else { format!("\"{cut}\"") }
}

/// Not well-formed, off its schema, or unreadable for another reason.
pub(super) const SYNTAX: &str = "B2B-005";
/// A flaw of a document that is no pack's, and its target.
const FLAW: (&str, Option<&str>) = ("00302", Some("schema"));
/// Documents up to this size are read where they arrive; it takes well below a millisecond.
pub const READ_AT_ONCE_BYTES_MAX: usize = 64 * 1024;
const ID_CHARS_SHOWN: usize = 64;
/// How the elements that hold customers' numbers end: first, second, or the only one.
const CUSTOMER_NUMBER: &str = "ustomer_MarketParticipant.mRID";
/// A person's number in ebIX.
const EBIX_CUSTOMER_NUMBER: &str = "CPR";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_number_that_is_too_long_is_not_repeated() {
        let specs = crate::document::built_in();
        let namespace = "urn:ediel.org:structure:requestchangeofsupplier:0:1";
        let element = "marketEvaluationPoint.customer_MarketParticipant.mRID";
        let document = format!(
            "<RequestChangeOfSupplier_MarketDocument xmlns=\"{namespace}\"><MktActivityRecord>\
             <{element} codingScheme=\"ARR\">010170-1234-01017</{element}>\
             <marketEvaluationPoint.energySupplier_MarketParticipant.mRID codingScheme=\"A10\">5790001330552-579\
             </marketEvaluationPoint.energySupplier_MarketParticipant.mRID>"
        );
        let schema = specs.schema_for(namespace).unwrap();
        let verdict = crate::spec::check(schema, document.as_bytes(), &Limits::default(), &mut ());
        let told: Vec<String> = verdict.flaws.iter().map(|flaw| flaw_error(flaw, FLAW).message).collect();
        assert!(told.iter().any(|it| it.contains(element) && it.contains("(value-length)")), "{told:#?}");
        assert!(told.iter().any(|it| it.contains("5790001330552-579")), "other values are: {told:#?}");
        assert!(!told.iter().any(|it| it.contains("0101")), "{told:#?}");
    }
}
