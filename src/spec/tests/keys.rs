//! Keys, uniqueness and references, in schemas and in documents.

use super::*;
use crate::spec::check_reader_by;

/// A list of rows with attributes `id` and `to` and elements `k` and `n`, and these keys.
fn rows(keys: &str) -> Schema {
    schema(&format!(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='r' minOccurs='0' maxOccurs='unbounded'>
           <xs:complexType><xs:sequence><xs:element name='k' type='xs:decimal' minOccurs='0' maxOccurs='unbounded'/>
             <xs:element name='n' type='xs:int' nillable='true' minOccurs='0'/></xs:sequence>
             <xs:attribute name='id' type='xs:int'/><xs:attribute name='to' type='xs:integer'/></xs:complexType>
         </xs:element></xs:sequence></xs:complexType>{keys}</xs:element>"
    ))
}

fn key(kind: &str, selector: &str, fields: &[&str]) -> String {
    let fields = fields.iter().map(|path| format!("<xs:field xpath='{path}'/>")).collect::<String>();
    format!("<xs:{kind}><xs:selector xpath='{selector}'/>{fields}</xs:{}>", kind.split(' ').next().unwrap())
}

#[track_caller]
fn finds(keys: &str, inside: &str, expected: &[&str]) {
    let schema = rows(keys);
    let document = format!("<a xmlns='urn:t' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{inside}</a>");
    assert_eq!(flaws(&schema, &document), expected, "{keys} {inside}");
    let whole = judge(&schema, &document);
    for step in [1, 7, 64] {
        let pieces = check_reader_by(&schema, document.as_bytes(), &Limits::default(), &mut (), step).unwrap();
        assert_eq!(whole, pieces, "in steps of {step}");
    }
}

#[test]
fn what_is_unique_stands_once() {
    let unique = key("unique name='u'", "t:r", &["@id"]);
    finds(&unique, "<r id='1'/><r id='2'/><r/><r/>", &[]);
    finds(&unique, "<r id='1'/><r id='01'/>", &["key-repeated /a/r[2]"]);
    let spaced = key("unique name='u'", " . // t:r ", &[" @ id "]);
    finds(&spaced, "<r id='1'/><r id='01'/>", &["key-repeated /a/r[2]"]);
    let both = key("unique name='u'", "t:r", &["@id", "t:k"]);
    finds(&both, "<r id='1'><k>1</k></r><r id='1'><k>2</k></r><r id='1'/><r id='1'/>", &[]);
    finds(&both, "<r id='1'><k>1</k></r><r id='1'><k>1.0</k></r>", &["key-repeated /a/r[2]"]);
    finds(&key("unique name='u'", ".//t:k", &["."]), "<r><k>1</k><k>1.0</k></r>", &["key-repeated /a/r[1]/k[2]"]);
    // What is wrong in itself is said once.
    finds(&unique, "<r id='x'/><r id='x'/>", &["value-type /a/r[1]/@id", "value-type /a/r[2]/@id"]);
}

#[test]
fn a_key_has_all_its_fields() {
    let whole = key("key name='k'", "t:r", &["@id"]);
    finds(&whole, "<r id='1'/><r/>", &["key-missing /a/r[2]"]);
    finds(&key("key name='k'", "t:r", &["t:k"]), "<r><k>1</k><k>2</k></r>", &["key-field /a/r[1]/k[2]"]);
    finds(&key("key name='k'", "t:r", &["t:n"]), "<r><n>1</n></r>", &["key-field /a/r[1]/n"]);
    finds(&key("key name='k'", "t:r", &["."]), "<r/>", &["key-field /a/r[1]"]);
    finds(&key("unique name='k'", "t:r", &["t:n"]), "<r><n xsi:nil='true'/></r><r><n xsi:nil='1'/></r>", &[]);
}

#[test]
fn references_lead_to_a_key_within_the_element() {
    let keys = key("key name='k'", "t:r", &["@id"]) + &key("keyref name='q' refer='t:k'", "t:r", &["@to"]);
    finds(&keys, "<r id='1' to='2'/><r id='2' to='01'/>", &[]);
    finds(&keys, "<r id='1' to='3'/><r id='2' to='3'/>", &["key-unknown /a/r[1]"]);
}

#[test]
fn an_inner_key_is_known_outside_unless_it_stands_twice() {
    let schema = schema(&format!(
        "<xs:element name='a'><xs:complexType><xs:sequence>
           <xs:element name='g' maxOccurs='unbounded'><xs:complexType><xs:sequence>
             <xs:element name='r' minOccurs='0' maxOccurs='unbounded'><xs:complexType><xs:attribute name='id'/></xs:complexType></xs:element>
           </xs:sequence></xs:complexType>{}</xs:element>
           <xs:element name='f' minOccurs='0' maxOccurs='unbounded'><xs:complexType><xs:attribute name='to'/></xs:complexType></xs:element>
         </xs:sequence></xs:complexType>{}</xs:element>",
        key("key name='k'", "t:r", &["@id"]),
        key("keyref name='q' refer='t:k'", "t:f", &["@to"])
    ));
    let judged = |inside: &str| flaws(&schema, &format!("<a xmlns='urn:t'>{inside}</a>"));
    assert_eq!(judged("<g><r id='1'/></g><g><r id='2'/></g><f to='1'/><f to='2'/>"), [""; 0]);
    assert_eq!(judged("<g><r id='1'/></g><g><r id='1'/></g><f to='1'/>"), ["key-unknown /a/f[1]"]);
    assert_eq!(judged("<g><r id='1'/><r id='1'/></g>"), ["key-repeated /a/g[1]/r[2]"]);
}

#[test]
fn values_of_different_kinds_are_never_one() {
    let schema = schema(&format!(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='x' type='xs:anySimpleType' maxOccurs='9'/></xs:sequence></xs:complexType>{}</xs:element>",
        key("unique name='u'", "t:x", &["."])
    ));
    let one = |a: (&str, &str), b: (&str, &str)| {
        let typed = |(typed, value): (&str, &str)| format!("<x xsi:type='xs:{typed}'>{value}</x>");
        let document = format!(
            "<a xmlns='urn:t' xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{}{}</a>",
            typed(a),
            typed(b)
        );
        !judge(&schema, &document).is_valid()
    };
    for (a, b) in [
        (("int", "1"), ("decimal", "1.0")),
        (("string", "a"), ("token", "a")),
        (("dateTime", "2000-01-01T00:00:00Z"), ("dateTime", "2000-01-01T01:00:00+01:00")),
        (("duration", "P1Y"), ("duration", "P12M")),
        (("hexBinary", "aa"), ("hexBinary", "AA")),
        (("NMTOKENS", "a b"), ("NMTOKENS", "a  b")),
    ] {
        assert!(one(a, b), "{a:?} {b:?}");
    }
    for (a, b) in [
        (("int", "1"), ("string", "1")),
        (("float", "1"), ("double", "1")),
        (("date", "2000-01-01"), ("dateTime", "2000-01-01T00:00:00")),
        (("anyURI", "a"), ("string", "a")),
    ] {
        assert!(!one(a, b), "{a:?} {b:?}");
    }
}

#[test]
fn keys_are_held_within_a_bound() {
    let schema = rows(&key("unique name='u'", "t:r", &["@id"]));
    let many: String = (0..90_000).map(|id| format!("<r id='{id}'/>")).collect();
    assert!(judge(&schema, &format!("<a xmlns='urn:t'>{many}</a>")).is_valid());
    let long = super::schema(&format!(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='x' type='xs:string' maxOccurs='unbounded'/></xs:sequence></xs:complexType>{}</xs:element>",
        key("unique name='u'", "t:x", &["."])
    ));
    let values: String = (0..18).map(|at| format!("<x>{at}{}</x>", "x".repeat(1_000_000))).collect();
    assert_eq!(flaws(&long, &format!("<a xmlns='urn:t'>{values}</a>")), ["records-limit /a/x[17]"]);
}

#[test]
fn keys_are_stated_rightly() {
    let on = |keys: &str| format!("<xs:element name='a'>{keys}</xs:element>");
    let with = |selector: &str, field: &str| on(&key("key name='k'", selector, &[field]));
    for (selector, field) in [
        (".", "@x"),
        ("t:a/*", ".//t:b/@t:c"),
        ("child::t:a|.//t:*", "attribute::x | ."),
        (" .// t:a ", "./@*"),
        (". // t:a", ".// @x"),
    ] {
        check_schemas(&[(&with(selector, field), "")]);
    }
    for wrong in ["", "..", "/t:a", "//t:a", "t:a[1]", "t:a/", "t:a//t:b", "q:a", "self::t:a", "t:a| ", "text()", ".//"]
    {
        check_schemas(&[(&with(wrong, "."), "the path"), (&with(".", wrong), "the path")]);
    }
    check_schemas(&[
        (&with("@id", "."), "the path"),
        (&with(".", "@id/t:a"), "the path"),
        (&on(&(key("key name='k'", ".", &["@x"]) + &key("unique name='k'", ".", &["@x"]))), "two keys"),
        (&on(&key("keyref name='q' refer='t:k'", ".", &["@x"])), "refers to no key"),
        (
            &on(&(key("key name='k'", ".", &["@x"]) + &key("keyref name='q' refer='t:k'", ".", &["@x", "@y"]))),
            "more or fewer",
        ),
        (&on("<xs:key name='k'><xs:selector xpath='.'/></xs:key>"), "right order"),
    ]);
}
