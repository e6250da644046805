//! `GET /ebix?wsdl`: what the SOAP service takes and gives, for programs (WSDL 1.1, post-office 2.7.1); `GET /ebix?xsd` has the
//! schema of its messages. Who asks for neither gets the first. No token is needed.

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, VARY};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::ebix::EBIX;
use super::observe::Said;
use super::post::text;

const WSDL: &str = include_str!("ebix.wsdl");
const XSD: &str = include_str!("ebix.xsd");

/// What a GET asks for; nothing to any other method.
pub fn described(request: &Request) -> Option<Response> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return None;
    }
    let asked = request.uri().query().unwrap_or_default().split('&').map(|part| part.split('=').next());
    let content = match asked.flatten().any(|name| name.eq_ignore_ascii_case("xsd")) {
        true => XSD.to_string(),
        false => WSDL.replace("{address}", &address(request)),
    };
    let mut response = text(StatusCode::OK, content);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    // It names the host under which it was asked for.
    headers.insert(VARY, HeaderValue::from_static("Host"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.extensions_mut().insert(Said { route: EBIX, ..Said::default() });
    Some(response)
}

/// Where the service is, by the name under which it was found; a name that no host has is left out.
fn address(request: &Request) -> String {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named);
    let is_name = |host: &&str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    match host.filter(is_name) {
        Some(host) => format!("https://{host}{EBIX}"),
        None => EBIX.to_string(),
    }
}
