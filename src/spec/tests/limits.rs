//! Each limit on both sides, and shapes meant to hurt.

use super::*;
use crate::spec::{check_reader, root_of};

const TREE: &str = "<xs:element name='a' type='t:A'/><xs:complexType name='A'><xs:sequence>
    <xs:element name='v' type='xs:string' minOccurs='0' maxOccurs='unbounded'/>
    <xs:element ref='t:a' minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType>";

#[track_caller]
fn both_sides(limits: Limits, code: &str, document: impl Fn(usize) -> String, bound: usize) {
    let schema = schema(TREE);
    let within = check(&schema, document(bound).as_bytes(), &limits, &mut ());
    assert!(within.flaws.iter().all(|flaw| flaw.code != code), "{code} at the bound: {:?}", within.flaws.first());
    let beyond = check(&schema, document(bound + 1).as_bytes(), &limits, &mut ());
    assert_eq!(beyond.flaws.last().map(|flaw| flaw.code), Some(code));
}

fn root(attributes: &str, inside: &str) -> String {
    format!("<a xmlns='urn:t'{attributes}>{inside}</a>")
}

#[test]
fn each_limit_holds_on_both_sides() {
    let limits = Limits::default;
    both_sides(limits(), "depth-limit", |n| root("", &format!("{}{}", "<a>".repeat(n - 1), "</a>".repeat(n - 1))), 64);
    let attributes = |n: usize| (1..n).map(|at| format!(" b{at}=''")).collect::<String>();
    both_sides(limits(), "attributes-limit", |n| root(&attributes(n), ""), 64);
    let namespaces = |n: usize| (1..n).map(|at| format!(" xmlns:b{at}='u'")).collect::<String>();
    both_sides(Limits { attributes_max: 99, ..limits() }, "namespaces-limit", |n| root(&namespaces(n), ""), 64);
    both_sides(limits(), "name-limit", |n| root("", &format!("<{}/>", "n".repeat(n))), 256);
    both_sides(limits(), "name-limit", |n| root(&format!(" {}=''", "n".repeat(n)), ""), 256);
    both_sides(limits(), "text-limit", |n| root("", &format!("<v>{}</v>", "x".repeat(n))), 1024 * 1024);
    both_sides(limits(), "text-limit", |n| root("", &format!("<v>x<!-- -->{}</v>", "x".repeat(n - 1))), 1024 * 1024);
    both_sides(limits(), "text-limit", |n| root(&format!(" b='{}'", "x".repeat(n)), ""), 1024 * 1024);
    both_sides(limits(), "records-limit", |n| root("", &"<v/>".repeat(n)), 100_000);
    both_sides(
        Limits { body_bytes_max: 1000, ..limits() },
        "body-limit",
        |n| root("", &" ".repeat(n - root("", "").len())),
        1000,
    );
}

#[test]
fn flaws_are_reported_up_to_the_limit() {
    let schema = schema(TREE);
    let exactly = judge(&schema, &root("", &"<b/>".repeat(100)));
    assert_eq!((exactly.flaws.len(), exactly.truncated), (100, false));
    let more = judge(&schema, &root("", &"<b/>".repeat(101)));
    assert_eq!((more.flaws.len(), more.truncated), (100, true));
}

#[test]
fn hostile_shapes_end_soon_and_never_in_a_panic() {
    let schema = schema(TREE);
    let many = 200_000;
    let shapes = [
        "<".repeat(many),
        "<a".repeat(many),
        "<a>".repeat(many),
        format!("<a{}", " b='1'".repeat(80_000)),
        format!("<a{}/>", (0..80_000).map(|n| format!(" b{n}='1'")).collect::<String>()),
        format!("<a {}/>", "x".repeat(many)),
        format!("<{}", "x".repeat(many)),
        format!("<a b='{}", "x".repeat(many)),
        format!("<a>{}", "&amp;".repeat(many)),
        format!("<a>{}", "&".repeat(many)),
        format!("<a>&#{};</a>", "0".repeat(many)),
        format!("<a>{}", "]]".repeat(many)),
        format!("<a>{}", "\r".repeat(many)),
        format!("<a><!--{}", "-".repeat(many)),
        format!("<a>{}</a>", "<!---->".repeat(many)),
        format!("<a>{}", "<![CDATA[".repeat(many)),
        format!("<?{}", "?".repeat(many)),
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".to_string(),
        format!("<!DOCTYPE {}", "[".repeat(many)),
        "</a>".repeat(many),
        format!("<a>{}</a>", "<v xmlns:q='u'/>".repeat(20_000)),
        format!("<a xmlns='urn:t'>{}</a>", (0..50_000).map(|n| format!("<n{n}/>")).collect::<String>()),
        "\u{FEFF}\u{FEFF}<a/>".to_string(),
        "\u{FEFF}".to_string(),
        String::new(),
        "<".to_string(),
        "<>".to_string(),
        "</>".to_string(),
        "<?>".to_string(),
        "<??>".to_string(),
        "<!>".to_string(),
        "<a/".to_string(),
        "<a:/>".to_string(),
        "<:a/>".to_string(),
        "<a:b:c/>".to_string(),
    ];
    for shape in shapes {
        let verdict = judge(&schema, &shape);
        assert!(!verdict.is_valid(), "{:.40}", shape);
        assert!(verdict.flaws.len() <= 100);
        assert!(verdict.flaws.iter().all(|flaw| flaw.message.len() < 1_000 && flaw.path.len() < 20_000));
        let _ = root_of(shape.as_bytes(), &Limits::default());
    }
    for bytes in [&b"\xFF"[..], b"<a>\xC3</a>", b"\0", b"<\0a\0/\0>\0", b"<a>\xED\xA0\x80</a>"] {
        assert!(!check(&schema, bytes, &Limits::default(), &mut ()).is_valid());
        let _ = root_of(bytes, &Limits::default());
    }
}

/// What the whole body limit holds, of one shape: each ends with a flaw that names what it went against, from memory and
/// from a reader alike.
#[test]
fn fifty_mebibytes_of_one_shape_end_with_the_limit_that_they_pass() {
    let schema = schema(TREE);
    let limits = Limits::default();
    let whole = limits.body_bytes_max;
    let filled = |head: &str, piece: &str, tail: &str| {
        let count = (whole - head.len() - tail.len()) / piece.len();
        format!("{head}{}{tail}", piece.repeat(count))
    };
    let attributes: String = (0..800_000).map(|n| format!(" b{n}='1'")).collect();
    let namespaces: String = (0..20_000).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
    let ends = |shape: String, expected: &str| {
        let from_memory = check(&schema, shape.as_bytes(), &limits, &mut ());
        let from_reader = check_reader(&schema, shape.as_bytes(), &limits, &mut ()).unwrap();
        let told: Vec<_> = from_memory.flaws.iter().map(|flaw| flaw.code).collect();
        assert!(told.contains(&expected), "{shape:.40}: {told:?} lacks {expected}");
        assert!(from_memory.flaws.len() <= limits.flaws_max);
        assert_eq!(from_memory, from_reader, "{shape:.40}");
    };
    ends(filled("", "<", ""), "text-limit");
    ends(format!("<a xmlns='urn:t'{attributes}/>"), "text-limit");
    ends(format!("<a xmlns='urn:t'{namespaces}/>"), "attributes-limit");
    ends(filled("<a xmlns='urn:t'>", "<b>", ""), "depth-limit");
    ends(filled("<a xmlns='urn:t'><", "n", "/></a>"), "name-limit");
    ends(filled("<a xmlns='urn:t'><v>", "1", "</v></a>"), "text-limit");
    ends(filled("<a xmlns='urn:t'><v>", "&#49;", "</v></a>"), "text-limit");
    ends(filled("<a xmlns='urn:t' b='", "1", "'/>"), "text-limit");
    ends(filled("<a xmlns='urn:t'>", "<v/>", "</a>"), "records-limit");
    ends(filled("<a xmlns='urn:t'><!--", "-", "--></a>"), "not-well-formed");
}

#[test]
fn the_root_is_found_behind_any_prolog() {
    let limits = Limits::default();
    let root = |document: &str| root_of(document.as_bytes(), &limits).map(|r| (r.namespace, r.name));
    let expected = Ok(("urn:t".to_string(), "a".to_string()));
    assert_eq!(
        root("<p:a xmlns:p='urn:t' broken"),
        root_of(b"<p:a", &limits).map(|r| (r.namespace, r.name)).map_err(|mut f| {
            f.byte = 0;
            f
        })
    );
    assert_eq!(root("<p:a xmlns:p='urn:t'><never closed"), expected);
    for size in [10, 5_000, 300_000] {
        assert_eq!(
            root(&format!("\u{FEFF}<?xml version='1.0'?><!--{}--><a xmlns='urn:t'/>", "æ".repeat(size))),
            expected
        );
    }
    assert_eq!(root_of(b"", &limits).unwrap_err().code, "not-well-formed");
    assert_eq!(root_of(b"<!DOCTYPE a><a/>", &limits).unwrap_err().code, "doctype-refused");
    assert_eq!(root_of(b"\xFE\xFF\0<", &limits).unwrap_err().code, "not-well-formed");
    assert_eq!(root_of(b"\0\0\xFE\xFF", &limits).unwrap_err().code, "encoding-unsupported");
}
