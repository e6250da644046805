//! What a client sends and is willing to take: media types and codings in `Content-Type`, `Accept`, `Accept-Encoding`.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, IF_NONE_MATCH};

use crate::document::Wire;

/// Most entries of an `Accept` header that are looked at; browsers send eight.
const RANGES_MAX: usize = 32;

/// One entry of an `Accept` header: its name in lower case, and how much it is liked, from 0 (not at all) to 1,000.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    name: String,
    weight: u32,
}

/// The media type of the body: its name in lower case, without parameters. None where it is said in two ways.
pub fn content_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().filter(|first| values.all(|other| other == first))?;
    let text = value.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The `charset` parameter of the body's media type, in lower case and without quotes.
pub fn charset(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    text.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

/// The form in which a document is sent, of the three there are: the one that is liked best. `None` when none may be sent.
///
/// Clients of an older generation name what they want in `Content-Type` even on a GET (post-office 2.3), and their libraries
/// add an `Accept` that takes anything; so that is looked at where more are liked the same, then what is the participant's `own`,
/// and then XML is sent before JSON.
pub fn wanted(headers: &HeaderMap, own: Wire) -> Option<Wire> {
    let ranges = ranges(headers, &ACCEPT);
    let sent = content_type(headers).filter(|name| !name.is_empty()).map(|name| wire_of(&name));
    if ranges.is_empty() {
        return sent.unwrap_or(Some(own));
    }
    let weight = |is_named: &dyn Fn(&str) -> bool, families: &[&str]| {
        let most = |wanted: &dyn Fn(&str) -> bool| {
            ranges.iter().filter(|range| wanted(&range.name)).map(|range| range.weight).max()
        };
        most(is_named)
            .or_else(|| most(&|name| families.contains(&name)))
            .or_else(|| most(&|name| name == "*/*"))
            .unwrap_or(0)
    };
    let xml = weight(&is_xml, &["application/*", "text/*"]);
    let json = weight(&is_json, &["application/*"]);
    let ebix = weight(&is_ebix, &["application/*"]);
    let best = [(xml, Wire::CimXml), (json, Wire::CimJson), (ebix, Wire::Ebix)].into_iter().rev();
    let liked = best.max_by_key(|(weight, wire)| (*weight, Some(Some(*wire)) == sent, *wire == own));
    liked.filter(|(weight, _)| *weight > 0).map(|(_, wire)| wire)
}

/// The form that a media type names.
pub fn wire_of(name: &str) -> Option<Wire> {
    let forms = [(is_xml(name), Wire::CimXml), (is_json(name), Wire::CimJson), (is_ebix(name), Wire::Ebix)];
    forms.into_iter().find(|(named, _)| *named).map(|(_, wire)| wire)
}

/// The form that was asked for by name, and of several the one that is liked best.
pub fn named(headers: &HeaderMap) -> Option<Wire> {
    let mut best: Option<(u32, Wire)> = None;
    for range in ranges(headers, &ACCEPT) {
        let Some(wire) = wire_of(&range.name) else { continue };
        if range.weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((range.weight, wire));
        }
    }
    best.map(|(_, wire)| wire)
}

/// Whether the answer may be compressed with gzip, and is not liked better as it is.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = ranges(headers, &ACCEPT_ENCODING);
    let weight = |named: &[&str]| codings.iter().find(|range| named.contains(&&*range.name)).map(|range| range.weight);
    let gzip = weight(&["gzip", "x-gzip"]).or_else(|| weight(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= weight(&["identity"]).unwrap_or(0)
}

/// Whether the caller says that it has what this tag names (RFC 9110, 13.1.2).
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    let texts = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = texts.flat_map(|text| text.split(',')).map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

pub fn is_xml(name: &str) -> bool {
    name == "application/xml" || name == "text/xml"
}

pub fn is_json(name: &str) -> bool {
    name == "application/json"
}

pub fn is_ebix(name: &str) -> bool {
    name == "application/ebix" || name == "application/ebix+xml"
}

fn ranges(headers: &HeaderMap, header: &HeaderName) -> Vec<Range> {
    let texts = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).filter_map(range).take(RANGES_MAX).collect()
}

fn range(text: &str) -> Option<Range> {
    let mut parts = text.split(';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| {
        let value = part.trim().strip_prefix("q=").or_else(|| part.trim().strip_prefix("Q="))?;
        Some(value.trim().parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32))
    });
    (!name.is_empty()).then_some(Range { name, weight: weight.unwrap_or(1000) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(HeaderName, &str)]) -> HeaderMap {
        rows.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_document_is_sent_in_the_form_that_is_liked_best() {
        let (xml, json, ebix) = (Some(Wire::CimXml), Some(Wire::CimJson), Some(Wire::Ebix));
        let rows = [
            ("", xml),
            ("*/*", xml),
            ("application/xml", xml),
            ("Application/XML; charset=utf-8", xml),
            ("text/xml", xml),
            ("application/*;q=0.1", xml),
            ("application/json, */*;q=0.1", json),
            ("application/json", json),
            ("application/json, application/xml", xml),
            ("application/json, application/xml;q=0.9", json),
            ("application/xml;q=0, */*", json),
            ("application/json;q=0, */*", xml),
            ("application/ebix", ebix),
            ("application/EBIX+xml, application/json;q=0.9", ebix),
            ("application/xml;q=0, application/json;q=0, application/*", ebix),
            ("text/*", xml),
            ("application/xml;q=0", None),
            ("image/png", None),
            ("nonsense", None),
        ];
        for (accept, expected) in rows {
            assert_eq!(wanted(&headers(&[(ACCEPT, accept)]), Wire::CimXml), expected, "{accept}");
        }
        assert_eq!(wanted(&headers(&[]), Wire::CimXml), xml);
        assert_eq!(wanted(&headers(&[(CONTENT_TYPE, "application/json")]), Wire::CimXml), json);
        assert_eq!(wanted(&headers(&[(CONTENT_TYPE, "application/ebix")]), Wire::CimXml), ebix);
        assert_eq!(wanted(&headers(&[(CONTENT_TYPE, "image/png")]), Wire::CimXml), None);
        let rows = [
            ("*/*", "application/json", json),
            ("*/*", "application/ebix", ebix),
            ("*/*", "text/plain", xml),
            ("application/json, application/xml", "application/json", json),
            ("application/xml, */*;q=0.1", "application/json", xml),
            ("text/*", "application/json", xml),
            ("application/json;q=0, */*", "application/json", xml),
        ];
        for (accept, sent, expected) in rows {
            assert_eq!(
                wanted(&headers(&[(CONTENT_TYPE, sent), (ACCEPT, accept)]), Wire::CimXml),
                expected,
                "{accept} {sent}"
            );
        }
    }

    #[test]
    fn a_participants_own_form_is_sent_where_nothing_else_is_asked_for() {
        let (xml, json) = (Some(Wire::CimXml), Some(Wire::CimJson));
        type Row = (&'static [(HeaderName, &'static str)], Option<Wire>);
        let rows: &[Row] = &[
            (&[], json),
            (&[(ACCEPT, "*/*")], json),
            (&[(ACCEPT, "application/*")], json),
            (&[(ACCEPT, "application/xml, application/json")], json),
            (&[(ACCEPT, "application/xml")], xml),
            (&[(ACCEPT, "application/xml, */*;q=0.9")], xml),
            (&[(ACCEPT, "application/json;q=0, */*")], xml),
            (&[(ACCEPT, "text/*")], xml),
            (&[(CONTENT_TYPE, "application/xml")], xml),
            (&[(CONTENT_TYPE, "application/xml"), (ACCEPT, "*/*")], xml),
            (&[(CONTENT_TYPE, "text/plain"), (ACCEPT, "*/*")], json),
            (&[(CONTENT_TYPE, "image/png")], None),
            (&[(ACCEPT, "image/png")], None),
        ];
        for (asked, expected) in rows {
            assert_eq!(wanted(&headers(asked), Wire::CimJson), *expected, "{asked:?}");
        }
    }

    #[test]
    fn the_error_format_is_the_one_that_is_liked_best() {
        let rows = [
            ("", None),
            ("*/*", None),
            ("application/json", Some(Wire::CimJson)),
            ("text/xml", Some(Wire::CimXml)),
            ("application/json;q=0.5, application/xml", Some(Wire::CimXml)),
            ("application/json, application/xml", Some(Wire::CimJson)),
            ("application/xml;q=0.5, application/ebix", Some(Wire::Ebix)),
            ("application/json;q=0", None),
        ];
        for (accept, expected) in rows {
            assert_eq!(named(&headers(&[(ACCEPT, accept)])), expected, "{accept}");
        }
    }

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        let rows = [
            ("", false),
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0, *", false),
            ("*", true),
            ("br", false),
            ("gzip;q=0.5, identity", false),
            ("gzip, identity", true),
            ("identity;q=0.4, *;q=0.5", true),
        ];
        for (accept, expected) in rows {
            assert_eq!(takes_gzip(&headers(&[(ACCEPT_ENCODING, accept)])), expected, "{accept}");
        }
    }

    #[test]
    fn what_the_caller_has_is_known_by_its_tag() {
        let rows =
            [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false), ("a", false), ("", false)];
        for (known, expected) in rows {
            assert_eq!(has(&headers(&[(IF_NONE_MATCH, known)]), "\"a\""), expected, "{known}");
        }
    }

    #[test]
    fn a_body_has_one_media_type() {
        let mut headers = headers(&[(CONTENT_TYPE, "application/xml")]);
        headers.append(CONTENT_TYPE, "application/xml".parse().unwrap());
        assert_eq!(content_type(&headers).as_deref(), Some("application/xml"));
        headers.append(CONTENT_TYPE, "application/json".parse().unwrap());
        assert_eq!(content_type(&headers), None);
    }

    #[test]
    fn a_charset_is_read_with_and_without_quotes() {
        let rows = [
            ("application/xml", None),
            ("application/xml; charset=utf-8", Some("utf-8")),
            ("application/xml;Charset=\"UTF-8\"", Some("utf-8")),
        ];
        for (text, expected) in rows {
            assert_eq!(charset(&headers(&[(CONTENT_TYPE, text)])).as_deref(), expected, "{text}");
        }
    }
}
