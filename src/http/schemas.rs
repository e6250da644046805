//! `GET /schemas/{document}`: JSON Schemas of the documents in CIM JSON, for whoever checks what it sends before it does.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::body::Unread;
use super::observe::Said;
use super::post::text;
use super::routes::finish;
use super::{Door, Format, Problem};

pub const SCHEMAS: &str = "/schemas/{document}";

/// All schemas by the names of their documents, made when the first is asked for.
#[derive(Default)]
pub struct JsonSchemas(OnceLock<HashMap<String, Bytes>>);

impl JsonSchemas {
    fn of(&self, door: &Door, name: &str) -> Option<Bytes> {
        let made =
            || door.gateway.json_schemas().map(|(root, schema)| (bare(root), schema.to_string().into())).collect();
        self.0.get_or_init(made).get(&bare(name)).cloned()
    }
}

/// A name without its ending, in whatever case it was written.
fn bare(name: &str) -> String {
    let name = name.strip_suffix(".schema.json").unwrap_or(name);
    name.strip_suffix("_MarketDocument").unwrap_or(name).to_ascii_lowercase()
}

pub async fn schema(
    State(door): State<Arc<Door>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let (parts, body) = request.into_parts();
    let unread = Unread::new(body, &parts.headers);
    let answer = match door.json_schemas.of(&door, &name) {
        Some(schema) => {
            let mut response = text(StatusCode::OK, schema);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/schema+json"));
            Ok(response)
        }
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NotFound",
            "There is no document of this name. Schemas are named like RequestChangeOfSupplier.schema.json.",
        )),
    };
    let said = Said { route: SCHEMAS, ..Said::default() };
    finish(&door, answer, Format::of(&parts.headers), unread, said)
}
