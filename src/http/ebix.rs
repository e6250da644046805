//! `POST /ebix`: the SOAP service of ebIX clients, all six operations (post-office 2.7). `GET` describes it, see [`wsdl`].
//!
//! The operation is what the body asks for; a `SOAPAction` beside it must not say another. What a client did wrong is a
//! fault with status 200, as the market's facade has it; who may not come in, or must come back later, hears so by the status.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use super::body::{self, Pieces, Unread};
use super::caller::{self, Connection};
use super::error_document::write_fault;
use super::fairness::Share;
use super::messages::removed;
use super::observe::{CORRELATION_ID, CorrelationId, Said};
use super::post::{MESSAGE_ID, MESSAGE_TYPE};
use super::receive::{self, DUPLICATE};
use super::routes::{finish, only};
use super::{Door, Format, Problem, accept, gzip, wsdl};
use crate::archive::{AuditEntry, Came, Direction, Kept, Term};
use crate::document::Wire;
use crate::document::envelope::{self, Container, Payload};
use crate::gateway::{
    Access, Dequeued, DryRun, Error, Fault, Gateway, READ_AT_ONCE_BYTES_MAX, Receipt, Search, Start, TurnedAway,
};
use crate::market::{Party, Timestamp};
use crate::process::{self, Incoming};

pub const EBIX: &str = "/ebix";

pub async fn serve(State(door): State<Arc<Door>>, request: Request) -> Response {
    if let Some(description) = wsdl::described(&request) {
        return description;
    }
    let (parts, body) = request.into_parts();
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: EBIX, ..Said::default() };
    let answer = match parts.method {
        Method::POST => answer(&door, &parts, &mut unread, &mut said).await,
        _ => Err(only("GET, HEAD, POST")),
    };
    let answer = match answer {
        // Whoever was too slow is not waited for.
        Err(problem) if problem.status != StatusCode::REQUEST_TIMEOUT => {
            said.code = Some(problem.error.code.clone());
            Ok(fault(problem, &CorrelationId::of(&parts)))
        }
        answer => answer,
    };
    finish(&door, answer, Format::Ebix, unread, said)
}

/// The order of checks is part of the contract: 401, 403, 415, 413, 429, then faults.
async fn answer(door: &Arc<Door>, parts: &Parts, unread: &mut Unread, said: &mut Said) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await.map_err(|problem| without_certificate(parts, problem))?;
    said.party = Some(caller.clone());
    let (body, share) = match arrived(door, &caller, parts, unread).await {
        Ok(arrived) => arrived,
        Err(problem) => {
            receive::keep_turned_away(door, None, parts, unread, said, &problem).await?;
            return Err(problem);
        }
    };
    said.document_bytes = body.len();
    let (id, came) = (CorrelationId::of(parts), receive::came(parts, Kept::Whole));
    let work = Work { gateway: Arc::clone(&door.gateway), caller, id, came };
    let named = named(parts);
    let answered = share.during(async move { work.of_body(body, &named).await }).await?;
    said.document = answered.document;
    Ok(response(answered.answer, answered.headers, accept::takes_gzip(&parts.headers)))
}

/// The whole body, unpacked, with the share that it takes.
async fn arrived(
    door: &Arc<Door>,
    caller: &Party,
    parts: &Parts,
    unread: &mut Unread,
) -> Result<(Bytes, Share), Problem> {
    supported(parts)?;
    body::check_head(&parts.headers, &door.settings.limits)?;
    let mut share = door.fairness.admit(caller, Instant::now())?;
    let body = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?.gather(usize::MAX).await?;
    share.turn().await;
    Ok((body, share))
}

/// An error in an envelope.
fn fault(problem: Problem, id: &str) -> Response {
    let mut inside = String::new();
    write_fault(&problem.error, id, &mut inside);
    let mut response = response(vec![envelope::fault(&inside).into()], Vec::new(), false);
    *response.status_mut() = problem.status;
    response.headers_mut().extend(problem.headers);
    response
}

/// One request, once it is known who asks for what.
#[derive(Clone)]
struct Work {
    gateway: Arc<Gateway>,
    caller: Party,
    id: String,
    came: Came,
}

/// What an operation came to.
#[derive(Default)]
struct Answered {
    answer: envelope::Answer,
    document: Option<String>,
    headers: Vec<(HeaderName, String)>,
}

impl Work {
    /// What cannot be opened, and a document that is sent and goes no further than to this service, is kept in the archive with its
    /// verdict (post-office 4.4, item 1). A query is not: nothing is ever kept of one.
    async fn of_body(&self, body: Bytes, named: &[String]) -> Result<Answered, Problem> {
        let request = match self.opened(body.clone()).await {
            Ok(request) => request,
            // A header that is for us and not understood is one that may hold a password.
            Err(problem) if problem.error.code == "MustUnderstand" => {
                let came = Came { kept: Kept::Nothing, ..self.came.clone() };
                return Err(Work { came, ..self.clone() }.turned_away("", Bytes::new(), problem).await?);
            }
            Err(problem) => return Err(self.turned_away("", body, problem).await?),
        };
        if let Err(problem) = agrees(named, &request) {
            return Err(match request {
                envelope::Request::SendMessage(container) => {
                    self.turned_away("", container.payload.document, problem).await?
                }
                _ => problem,
            });
        }
        self.of(request).await
    }

    /// Keeps what goes no further; gives back why.
    async fn turned_away(&self, document: &'static str, body: Bytes, problem: Problem) -> Result<Problem, Problem> {
        let what = TurnedAway { document, body, came: Some(self.came.clone()), error: (*problem.error).clone() };
        self.gateway.turn_away(&self.caller, what, &self.id, self.gateway.now()).await?;
        Ok(problem)
    }

    /// What a body asks for; a large one is read on a thread of its own.
    async fn opened(&self, body: Bytes) -> Result<envelope::Request, Problem> {
        let read = if body.len() <= READ_AT_ONCE_BYTES_MAX {
            envelope::read(&body, self.gateway.limits())
        } else {
            self.aside(move |gateway| envelope::read(&body, gateway.limits())).await
        };
        read.map_err(|wrong| {
            let code = if wrong.code == "Client" { "BadRequest" } else { wrong.code };
            Problem::new(StatusCode::OK, code, wrong.message)
        })
    }

    async fn of(&self, request: envelope::Request) -> Result<Answered, Problem> {
        let looks = match &request {
            envelope::Request::GetMessage { message_id } => Some(message_id.clone()),
            envelope::Request::GetMessageIds { from, to } => Some(format!("from {from} to {to}")),
            _ => None,
        };
        let Some(target) = looks else { return self.answered(request).await };
        let activity = format!("POST {EBIX} {}", request.operation());
        let answered = self.answered(request).await;
        // Who looks into the archive is written down before they are answered, as at the other doors.
        let status = answered.as_ref().map_or_else(|problem| problem.status, |_| StatusCode::OK).as_u16();
        let (at, party, correlation_id) = (self.gateway.now(), self.caller.clone(), self.id.clone());
        self.gateway.audit(&AuditEntry { at, party, activity, target, status, correlation_id }).await?;
        answered
    }

    async fn answered(&self, request: envelope::Request) -> Result<Answered, Problem> {
        match request {
            envelope::Request::SendMessage(container) => self.send(container).await,
            envelope::Request::PeekMessage => self.peek().await,
            envelope::Request::DequeueMessage { message_id } => self.dequeue(&message_id).await,
            envelope::Request::GetMessage { message_id } => self.get(message_id).await,
            envelope::Request::GetMessageIds { from, to } => self.ids(from, to).await,
            envelope::Request::QueryData(payload) => self.query(payload).await.map_err(Problem::of_a_question),
        }
    }

    async fn send(&self, container: Container) -> Result<Answered, Problem> {
        let Container { document_type, payload, .. } = container;
        let document = match self.taken_in(&payload) {
            Ok(document) => document,
            Err((name, problem)) => return Err(self.turned_away(name, payload.document, problem).await?),
        };
        if document_type.trim() != envelope::document_type(&payload.root) {
            let message = format!("the DocumentType is not that of the payload, {}", payload.root);
            let problem = refused(Error::new("B2B-006", message));
            return Err(self.turned_away(document.name, payload.document, problem).await?);
        }
        let arrived = self.gateway.read_whole(&self.caller, document, payload.document).await?.by(self.came.clone());
        match self.gateway.receive(&self.caller, arrived, &self.id, self.gateway.now()).await? {
            Receipt::Refused { error, .. } => Err(refused(error)),
            Receipt::Accepted(receipt) => {
                let mut headers = vec![(CORRELATION_ID, receipt.correlation_id)];
                headers.extend(receipt.duplicate.then(|| (DUPLICATE, "true".to_string())));
                let answer = envelope::sent(&receipt.message_id);
                Ok(Answered { answer, document: Some(document.name.into()), headers })
            }
        }
    }

    /// The queue of all categories: ebIX clients know one.
    async fn peek(&self) -> Result<Answered, Problem> {
        let Some(peeked) = self.gateway.peek(self.access(), None, self.gateway.now()).await? else {
            return Ok(Answered { answer: envelope::done("PeekMessage"), ..Answered::default() });
        };
        Ok(given("PeekMessage", peeked.message_id, peeked.document, peeked.body))
    }

    async fn dequeue(&self, message_id: &str) -> Result<Answered, Problem> {
        match self.gateway.dequeue(self.access(), message_id, self.gateway.now()).await? {
            Dequeued::Done | Dequeued::Already => {
                Ok(Answered { answer: envelope::done("DequeueMessage"), ..Answered::default() })
            }
            Dequeued::NotPeeked => Err(not_there("the message has not been peeked yet")),
            Dequeued::Unknown => Err(not_there("there is no message of this id in your queues")),
        }
    }

    /// A document that was sent to the caller, whether it still waits or not; the queue stays as it is.
    async fn get(&self, message_id: String) -> Result<Answered, Problem> {
        let terms = vec![Term::MessageId(message_id), self.own(), Term::Direction(Direction::Out)];
        let found = self.look(move |gateway| {
            let catalogue = gateway.catalogue();
            let found = catalogue.search(&Search { terms, take: 1, ..Search::default() })?.documents.pop();
            let Some((position, entry)) = found else { return Ok(None) };
            let (commit, kept) = (position.place.commit, catalogue.kept(position.place.commit, &entry)?);
            let let_go = if kept.is_none() { catalogue.let_go(commit, &entry)? } else { None };
            Ok(Some((entry.message_id, entry.document, kept, let_go)))
        });
        match found.await? {
            Some((id, name, Some(kept), _)) => {
                let (document, _) = self.gateway.in_form(kept, Wire::Ebix).await;
                Ok(given("GetMessage", id, name, document))
            }
            Some((.., Some(at))) => Err(not_there(&removed(at))),
            _ => Err(not_there("no message of this id has been sent to you")),
        }
    }

    /// The ids of what was sent to the caller within a time, its end excluded, each of which can be fetched.
    async fn ids(&self, from: Timestamp, to: Timestamp) -> Result<Answered, Problem> {
        let terms = vec![self.own(), Term::Direction(Direction::Out)];
        let found = self.look(move |gateway| {
            let mut ids = Vec::new();
            let mut search = Search { terms, from, to, for_participant: true, ..Search::default() };
            loop {
                let found = gateway.catalogue().search(&search)?;
                ids.extend(found.documents.into_iter().map(|(_, entry)| entry.message_id));
                search.start = found.next.map(Start::After);
                if search.start.is_none() || ids.len() > IDS_MAX {
                    return Ok(ids);
                }
            }
        });
        let ids = found.await?;
        if ids.len() > IDS_MAX {
            let message = format!("more than {IDS_MAX} messages were sent in that time: ask for a shorter one");
            return Err(Problem::new(StatusCode::OK, "BadRequest", message));
        }
        Ok(Answered { answer: envelope::ids(&ids), ..Answered::default() })
    }

    /// A query answered at once: nothing is kept of it, and its ids are not used up.
    async fn query(&self, payload: Payload) -> Result<Answered, Problem> {
        let document = self.taken_in(&payload).map_err(|(_, problem)| problem)?;
        if !process::queries().any(|query| query.name == document.name) {
            let message = format!("{} is no query: send it with sendMessage", payload.root);
            return Err(refused(Error::new("B2B-006", message)));
        }
        let arrived = self.gateway.read_whole(&self.caller, document, payload.document).await?;
        let answers = match self.gateway.dry_run(&self.caller, arrived, self.gateway.now()).await? {
            DryRun::Refused(error) => return Err(refused(error)),
            DryRun::SentBefore { .. } => {
                let message = "this document was sent before: give each document an id of its own";
                return Err(refused(Error::new("B2B-003", message)));
            }
            DryRun::Decided(preview) => preview.answers,
        };
        let mut documents = Vec::new();
        for letter in answers {
            documents.push(self.gateway.in_form(letter.told, Wire::Ebix).await.0);
        }
        let answer = envelope::found(documents);
        Ok(Answered { answer, document: Some(document.name.into()), ..Answered::default() })
    }

    /// The kind of an ebIX document that the caller may send; otherwise why not, with its name if it has one here.
    fn taken_in(&self, payload: &Payload) -> Result<&'static Incoming, (&'static str, Problem)> {
        if Wire::of(&payload.document, self.gateway.limits()) != Wire::Ebix {
            let message = format!("the payload begins with {}, which is no ebIX document", payload.root);
            return Err(("", refused(Error::new("B2B-007", message))));
        }
        let document = self.gateway.recognise(&payload.document).map_err(|error| ("", refused(error)))?;
        let admitted = receive::admitted(document, &self.caller);
        admitted.map_err(|problem| (document.name, Problem { status: StatusCode::OK, ..problem }))?;
        Ok(document)
    }

    fn access(&self) -> Access<'_> {
        Access { party: &self.caller, correlation_id: &self.id, form: Wire::Ebix }
    }

    fn own(&self) -> Term {
        Term::Party(self.caller.clone())
    }

    /// Looks through the archive, which takes its time.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Gateway) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.aside(look).await?)
    }

    /// Works on a thread of its own; connections are served meanwhile.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(&Gateway) -> T + Send + 'static) -> T {
        let gateway = Arc::clone(&self.gateway);
        let worked = tokio::task::spawn_blocking(move || work(&gateway)).await;
        worked.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
    }
}

/// A document that was sent to the caller, in its ebIX form, or in CIM XML if it has none.
fn given(operation: &str, id: String, name: String, document: Bytes) -> Answered {
    let answer = envelope::given(operation, &id, document);
    Answered { answer, document: Some(name.clone()), headers: vec![(MESSAGE_ID, id), (MESSAGE_TYPE, name)] }
}

/// A document that was refused is a fault, not a status.
fn refused(error: Error) -> Problem {
    Problem { status: StatusCode::OK, ..Problem::refused(error) }
}

fn not_there(message: &str) -> Problem {
    Problem::new(StatusCode::OK, "B2B-201", message)
}

/// A certificate that passed the handshake and speaks for nobody is turned away for good (post-office 2.7.2).
fn without_certificate(parts: &Parts, problem: Problem) -> Problem {
    let certificate = parts.extensions.get::<Connection>().and_then(|connection| connection.certificate.as_ref());
    let token = parts.headers.contains_key(AUTHORIZATION);
    if problem.status == StatusCode::UNAUTHORIZED && certificate.is_some() && !token {
        Problem { status: StatusCode::FORBIDDEN, ..problem }
    } else {
        problem
    }
}

fn supported(parts: &Parts) -> Result<(), Problem> {
    let utf8 = accept::charset(&parts.headers).is_none_or(|charset| charset == "utf-8");
    let form = accept::content_type(&parts.headers).and_then(|name| accept::wire_of(&name));
    if utf8 && matches!(form, Some(Wire::CimXml | Wire::Ebix)) {
        return Ok(());
    }
    let message = "The Content-Type must be text/xml, application/xml or application/ebix, in UTF-8.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message))
}

/// The operations that the head names.
fn named(parts: &Parts) -> Vec<String> {
    let headers = parts.headers.get_all("soapaction").iter().filter_map(|value| value.to_str().ok());
    let query = parts.uri.query().unwrap_or_default();
    let query =
        query.split('&').filter_map(|part| part.split_once('=').filter(|it| it.0.eq_ignore_ascii_case("soapAction")));
    let named = headers.chain(query.map(|(_, named)| named));
    let named = named.map(|named| named.trim().trim_matches('"').rsplit(['/', ':', '#']).next().unwrap_or_default());
    named.filter(|named| !named.is_empty()).map(str::to_string).collect()
}

/// The operation that the head names, if it does, must be that of the body, each time.
fn agrees(named: &[String], request: &envelope::Request) -> Result<(), Problem> {
    for named in named {
        if named != request.operation() {
            let message = format!("the SOAPAction is not {}, which the body asks for", request.operation());
            return Err(Problem::new(StatusCode::OK, "BadRequest", message));
        }
    }
    Ok(())
}

fn response(answer: envelope::Answer, headers: Vec<(HeaderName, String)>, gzip: bool) -> Response {
    let bytes: usize = answer.iter().map(Bytes::len).sum();
    let gzip = gzip && bytes >= gzip::PACKED_BYTES_MIN;
    let body = match gzip {
        true => gzip::pack(answer.concat().into()),
        false => Body::from_stream(stream::iter(answer.into_iter().map(Ok::<_, std::convert::Infallible>))),
    };
    let mut response = Response::new(body);
    let into = response.headers_mut();
    into.insert(CONTENT_TYPE, HeaderValue::from_static(Format::Ebix.content_type()));
    if gzip {
        into.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    into.extend(headers.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text).ok()?))));
    response
}

/// Message ids in one answer.
const IDS_MAX: usize = 10_000;
