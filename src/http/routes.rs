//! Which path and method goes where (post-office 2.9).

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::ALLOW;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};

use super::body::Unread;
use super::observe::{Said, observe};
use super::{Door, Format, Problem, dry_run, ebix, messages, monitor, operator, post, queues, receive, schemas};
use crate::document::Category;

const CIM: &str = "/v1.0/cim/{document}";
const PEEK: &str = "/v1.0/cim/{category}";
const QUEUE: &str = "/v1.0/cim/queue";
const DEQUEUE: &str = "/v1.0/cim/dequeue/{messageId}";

/// The door's routes, with `more` beside them (other doors on the same port).
pub fn routes(door: &Arc<Door>, more: Router) -> Router {
    let pages = monitor::PAGES.into_iter();
    let pages = pages.fold(Router::new(), |pages, page| pages.route(page.0, get(move || monitor::page(page))));
    let own = Router::new()
        .merge(pages)
        .route("/v1.0/cim/{name}", any(cim))
        .route(dry_run::CHECK, any(dry_run::check))
        .route("/v1.0/cim/dequeue/{id}", any(dequeue))
        .route(ebix::EBIX, any(ebix::serve))
        .route(schemas::SCHEMAS, get(schemas::schema))
        .route("/ping", get(monitor::ping))
        .route("/monitor/live", get(monitor::live))
        .route("/monitor/ready", get(monitor::ready))
        .route("/monitor/status", get(monitor::status))
        .route("/metrics", get(monitor::metrics))
        .merge(operator::routes())
        .merge(queues::routes())
        .merge(messages::routes())
        .method_not_allowed_fallback(only_get)
        .fallback(nowhere)
        .with_state(Arc::clone(door));
    own.merge(more).layer(from_fn_with_state(Arc::clone(door), observe))
}

/// Documents in and post out share a path, so the method and the name decide together. A name that we do not know
/// gets the same answer for every method.
async fn cim(State(door): State<Arc<Door>>, name: Result<Path<String>, PathRejection>, request: Request) -> Response {
    // A name that is not UTF-8 is a name that we do not know.
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said::default();
    let category = match Category::from_name(&name) {
        Some(category) => Some(Some(category)),
        None if name.eq_ignore_ascii_case("all") => Some(None),
        None => None,
    };
    let answer = if name.eq_ignore_ascii_case("queue") {
        said.route = QUEUE;
        if parts.method == Method::GET {
            Box::pin(post::queue(&door, &parts, &mut said)).await
        } else {
            Err(only("GET"))
        }
    } else if let Some(category) = category {
        said.route = PEEK;
        if parts.method == Method::GET {
            Box::pin(post::peek(&door, category, &parts, &mut said)).await
        } else {
            Err(only("GET"))
        }
    } else {
        said.route = CIM;
        if parts.method == Method::POST || door.gateway.document_for(&name).is_none() {
            receive::receive(&door, &name, &parts, &mut unread, &mut said).await
        } else {
            Err(only("POST"))
        }
    };
    finish(&door, answer, format, unread, said)
}

async fn dequeue(State(door): State<Arc<Door>>, id: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: DEQUEUE, ..Said::default() };
    let answer = match parts.method {
        Method::DELETE => post::dequeue(&door, &id, &parts, &mut said).await,
        _ => Err(only("DELETE")),
    };
    finish(&door, answer, format, unread, said)
}

async fn only_get(State(door): State<Arc<Door>>, request: Request) -> Response {
    refuse(&door, request, only("GET, HEAD"))
}

/// A path that takes these methods, and says so to every other.
pub fn taking(methods: &'static str, router: MethodRouter<Arc<Door>>) -> MethodRouter<Arc<Door>> {
    let refused =
        move |State(door): State<Arc<Door>>, request: Request| async move { refuse(&door, request, only(methods)) };
    router.fallback(refused)
}

async fn nowhere(State(door): State<Arc<Door>>, request: Request) -> Response {
    refuse(&door, request, Problem::new(StatusCode::NOT_FOUND, "NotFound", "There is nothing at this path."))
}

fn refuse(door: &Door, request: Request, problem: Problem) -> Response {
    let (parts, body) = request.into_parts();
    let unread = Unread::new(body, &parts.headers);
    finish(door, Err(problem), Format::of(&parts.headers), unread, Said::default())
}

pub fn finish(
    door: &Door,
    answer: Result<Response, Problem>,
    format: Format,
    unread: Unread,
    mut said: Said,
) -> Response {
    // Whoever was too slow has had its time.
    if !matches!(&answer, Err(problem) if problem.status == StatusCode::REQUEST_TIMEOUT) {
        unread.linger(&door.settings.limits);
    }
    let mut response = answer.unwrap_or_else(|problem| {
        said.code = Some(problem.error.code.clone());
        problem.answer(format)
    });
    response.extensions_mut().insert(said);
    response
}

pub fn only(methods: &'static str) -> Problem {
    let message = format!("This path takes {methods} only.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).with(ALLOW, methods)
}
