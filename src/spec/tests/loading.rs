//! Schemas that load, and schemas that must not.

use super::*;
use crate::spec::Specs;

const XS: &str = "xmlns:xs='http://www.w3.org/2001/XMLSchema'";

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let within = |inside: &str| format!("<xs:element name='a'><xs:complexType>{inside}</xs:complexType></xs:element>");
    let typed =
        |inside: &str| format!("<xs:element name='a' type='t:T'/><xs:simpleType name='T'>{inside}</xs:simpleType>");
    let nested = (1..40).map(|at| {
        let inner = at - 1;
        format!("<xs:group name='g{at}'><xs:sequence><xs:group ref='t:g{inner}'/><xs:group ref='t:g{inner}'/></xs:sequence></xs:group>")
    });
    let nested = nested.collect::<String>() + "<xs:group name='g0'><xs:sequence/></xs:group>";
    let cases = [
        (within("<xs:assert test='1'/>"), "assert, which is of XML Schema 1.1,"),
        ("<xs:override schemaLocation='x.xsd'/>".into(), "override"),
        (within("<xs:attribute name='a' inheritable='true'/>"), "the attribute inheritable"),
        (within("<xs:openContent/>"), "openContent"),
        ("<xs:include schemaLocation='../x.xsd'/>".into(), "leads out of the folder"),
        (typed("<xs:restriction base='xs:string'><xs:pattern value='a{20000}'/></xs:restriction>"), "pattern"),
        (
            within("<xs:sequence><xs:element name='b' type='xs:token' maxOccurs='99999999'/></xs:sequence>"),
            "unfolds this far",
        ),
        (
            typed(
                "<xs:restriction><xs:simpleType><xs:list itemType='xs:QName'/></xs:simpleType><xs:enumeration value='a'/></xs:restriction>",
            ),
            "an enumeration of lists",
        ),
        (nested, "particles"),
    ];
    for (body, word) in cases {
        match load(&body) {
            Err(fault @ SchemaFault::Unsupported { .. }) => {
                assert!(fault.to_string().contains(word), "{body}: {fault}");
            }
            other => panic!("{body}: {:?}", other.map(|_| "loaded")),
        }
    }
    let file =
        |text: &str| Schema::load(&Sources::table(&[("t.xsd", text)]), "t.xsd").err().map(|fault| fault.to_string());
    let dtd = |inside: &str| file(&format!("<!DOCTYPE xs:schema PUBLIC 'x' 'y' [{inside}]><xs:schema {XS}/>"));
    for refused in ["<!ATTLIST xs:schema version CDATA 'b'>", "<!ATTLIST xs:schema a CDATA"] {
        assert!(dtd(refused).is_some_and(|fault| fault.contains("document type")), "{refused}");
    }
    for harmless in [
        "",
        "<!ENTITY a 'b'>",
        "<!ATTLIST xs:schema id ID #IMPLIED>",
        "<!ATTLIST xs:schema xmlns:xs CDATA #FIXED 'http://www.w3.org/2001/XMLSchema'>",
        "<!ATTLIST xs:element form (qualified|unqualified) 'qualified'>",
    ] {
        assert_eq!(dtd(harmless), None, "{harmless}");
    }
}

/// Source: XML Schema Part 1, 4.2.1 (include), 4.2.2 (redefine), 4.2.3 (import).
#[test]
fn what_is_not_there_is_done_without_unless_it_is_needed() {
    let needs = "<xs:element name='a' type='T'/>";
    let cases = [
        ("<xs:include schemaLocation='no.xsd'/>", Ok(vec!["no.xsd"])),
        (
            "<xs:import namespace='urn:x' schemaLocation='http://example.org/x.xsd'/>",
            Ok(vec!["http://example.org/x.xsd"]),
        ),
        ("<xs:redefine schemaLocation='no.xsd'><xs:annotation/></xs:redefine>", Ok(vec!["no.xsd"])),
        ("<xs:include schemaLocation=''/>", Ok(vec![])),
        (
            "<xs:redefine schemaLocation='no.xsd'><xs:group name='g'><xs:sequence/></xs:group></xs:redefine>",
            Err("no.xsd"),
        ),
        (
            &*format!("<xs:include schemaLocation='no.xsd'/>{needs}"),
            Err("T is not defined anywhere, and no.xsd is not there"),
        ),
        ("<xs:include schemaLocation='../no.xsd'/>", Err("leads out of the folder")),
    ];
    for (body, expected) in cases {
        let text = format!("<xs:schema {XS}>{body}</xs:schema>");
        let sources = Sources::table(&[("t.xsd", &text)]);
        match (Schema::load(&sources, "t.xsd"), expected) {
            (Ok(schema), Ok(missing)) => assert_eq!(schema.missing(), missing, "{body}"),
            (Err(fault), Err(word)) => assert!(fault.to_string().contains(word), "{body}: {fault}"),
            (outcome, _) => panic!("{body}: {:?}", outcome.map(|_| "loaded")),
        }
        // A set of one's own is whole.
        assert_eq!(Specs::files(&sources, &["t.xsd"]).is_ok(), body.contains("''"), "{body}");
    }
}

#[test]
fn what_is_broken_is_refused_with_its_line() {
    let within = |inside: &str| format!("<xs:element name='a'><xs:complexType>{inside}</xs:complexType></xs:element>");
    let cases = [
        ("<xs:element name='a' type='t:Nowhere'/>".to_string(), "Nowhere is not defined"),
        (within("<xs:complexContent/>"), "what stands in complexContent"),
        ("<xs:element name='a' type='xs:token' substitutionGroup='t:b'/>".into(), "b is not defined"),
        ("<xs:element name='a' type='xs:token' substitutionGroup='t:a'/>".into(), "circle"),
        ("<xs:element name='a' type='xs:token'/><xs:element name='b' type='xs:integer' substitutionGroup='t:a'/>".into(), "not derived"),
        ("<xs:element name='a' type='xs:token' final='restriction'/><xs:element name='b' type='xs:NMTOKEN' substitutionGroup='t:a'/>".into(), "not derived"),
        (within("<xs:sequence><xs:any minOccurs='0'/><xs:element name='b' type='xs:token'/></xs:sequence>"), "ambiguous"),
        (within("<xs:sequence><xs:any namespace='##other' minOccurs='0'/><xs:any namespace='urn:x'/></xs:sequence>"), "ambiguous"),
        (within("<xs:complexContent><xs:extension base='t:F'/></xs:complexContent>") + "<xs:complexType name='F' final='extension'/>", "final"),
        (within("<xs:complexContent><xs:restriction base='t:F'><xs:sequence><xs:element name='c' type='xs:token'/></xs:sequence></xs:restriction></xs:complexContent>")
            + "<xs:complexType name='F'><xs:sequence><xs:element name='b' type='xs:token'/></xs:sequence></xs:complexType>", "takes what its base does not"),
        ("<xs:element name='a' type='xs:integer' default='x'/>".into(), "the default x is not"),
        ("<xs:element name='a' type='xs:token'/><xs:element name='a' type='xs:string'/>".into(), "defined in t.xsd too"),
        (within("<xs:sequence><xs:element name='b' type='xs:token' minOccurs='0'/><xs:element name='b' type='xs:token'/></xs:sequence>"), "ambiguous"),
        (within("<xs:sequence><xs:element name='b' type='xs:token'/><xs:element name='c' type='xs:token'/><xs:element name='b' type='xs:string'/></xs:sequence>"), "two types"),
        (within("<xs:sequence minOccurs='2' maxOccurs='1'/>"), "minOccurs is more"),
        (within("<xs:group ref='t:g'/>") + "<xs:group name='g'><xs:sequence><xs:group ref='t:g'/></xs:sequence></xs:group>", "circle"),
        (within("<xs:attributeGroup ref='t:g'/>") + "<xs:attributeGroup name='g'><xs:attributeGroup ref='t:g'/></xs:attributeGroup>", "circle"),
        ("<xs:element name='a' type='t:T'/><xs:simpleType name='T'><xs:restriction base='t:T'/></xs:simpleType>".into(), "circle"),
        ("<xs:element name='a' type='t:T'/><xs:simpleType name='T'><xs:union memberTypes='t:T xs:token'/></xs:simpleType>".into(), "circle"),
        ("<xs:element name='a' type='t:T'/><xs:complexType name='T'><xs:simpleContent><xs:extension base='t:T'/></xs:simpleContent></xs:complexType>".into(), "circle"),
        ("<xs:element name='a' type='t:T'/><xs:simpleType name='T'><xs:restriction base='xs:byte'><xs:maxInclusive value='128'/></xs:restriction></xs:simpleType>".into(), "wider"),
        ("<xs:element name='a' type='t:T'/><xs:simpleType name='T'><xs:restriction base='xs:byte'><xs:enumeration value='128'/></xs:restriction></xs:simpleType>".into(), "not of the base type"),
    ];
    for (body, word) in cases {
        match load(&body) {
            Err(fault @ SchemaFault::Broken { .. }) => assert!(fault.to_string().contains(word), "{body}: {fault}"),
            other => panic!("{body}: {:?}", other.map(|_| "loaded")),
        }
    }
}

#[test]
fn files_may_include_and_import_in_circles() {
    let a = format!(
        "<xs:schema {XS} xmlns:a='urn:a' xmlns:b='urn:b' targetNamespace='urn:a'><xs:import namespace='urn:b' schemaLocation='b.xsd'/>
         <xs:include schemaLocation='c.xsd'/><xs:include schemaLocation='a.xsd'/><xs:element name='a' type='b:T'/>
         <xs:simpleType name='S'><xs:restriction base='a:Own'/></xs:simpleType></xs:schema>"
    );
    let b = format!(
        "<xs:schema {XS} xmlns:a='urn:a' targetNamespace='urn:b'><xs:import namespace='urn:a' schemaLocation='a.xsd'/>
         <xs:simpleType name='T'><xs:restriction base='a:S'/></xs:simpleType></xs:schema>"
    );
    // No namespace of its own: it takes that of whoever includes it, and so do the names in it.
    let c = format!(
        "<xs:schema {XS}><xs:include schemaLocation='c.xsd'/><xs:simpleType name='Own'><xs:restriction base='Inner'/></xs:simpleType>
         <xs:simpleType name='Inner'><xs:restriction base='xs:token'><xs:enumeration value='1'/></xs:restriction></xs:simpleType></xs:schema>"
    );
    let sources = Sources::table(&[("a.xsd", &a), ("b.xsd", &b), ("c.xsd", &c)]);
    let schema = Schema::load(&sources, "a.xsd").unwrap();
    assert_eq!(flaws(&schema, "<a xmlns='urn:a'>1</a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:a'>2</a>"), ["value-not-in-list /a"]);
    let specs = Specs::load(&sources).unwrap();
    assert_eq!(specs.iter().map(Schema::namespace).collect::<Vec<_>>(), ["urn:a"]);
    assert!(specs.schema_for("urn:b").is_none());
}

#[test]
fn several_imports_of_one_namespace_are_merged() {
    let a = format!(
        "<xs:schema {XS} xmlns:b='urn:b' targetNamespace='urn:a' elementFormDefault='qualified'>
         <xs:import namespace='urn:b' schemaLocation='b1.xsd'/><xs:import namespace='urn:b' schemaLocation='b2.xsd'/>
         <xs:element name='a'><xs:complexType><xs:sequence><xs:element name='x' type='b:X'/><xs:element name='y' type='b:Y'/></xs:sequence></xs:complexType></xs:element></xs:schema>"
    );
    let b = |name: &str| {
        format!(
            "<xs:schema {XS} targetNamespace='urn:b'><xs:simpleType name='{name}'><xs:restriction base='xs:token'/></xs:simpleType></xs:schema>"
        )
    };
    let sources = Sources::table(&[("a.xsd", &a), ("b1.xsd", &b("X")), ("b2.xsd", &b("Y"))]);
    let schema = Schema::load(&sources, "a.xsd").unwrap();
    assert_eq!(flaws(&schema, "<a xmlns='urn:a'><x/><y/></a>"), [""; 0]);
}

#[test]
fn one_namespace_has_one_schema_in_a_set() {
    let a = format!("<xs:schema {XS} targetNamespace='urn:a'><xs:element name='a' type='xs:token'/></xs:schema>");
    assert!(matches!(Specs::load(&Sources::table(&[("a.xsd", &a), ("b.xsd", &a)])), Err(SchemaFault::Twice { .. })));
    assert!(matches!(Specs::load(&Sources::table(&[("a.xsd", "<a/>")])), Err(SchemaFault::NotXml { .. })));
    assert!(matches!(Schema::load(&Sources::table(&[]), "a.xsd"), Err(SchemaFault::Missing { .. })));
    assert!(matches!(Specs::folder(std::path::Path::new("/nowhere/at/all")), Err(SchemaFault::Read { .. })));
}

#[test]
fn types_may_contain_themselves() {
    let schema = schema(
        "<xs:element name='a' type='t:A'/><xs:complexType name='A'><xs:sequence><xs:element name='a' type='t:A' minOccurs='0'/></xs:sequence></xs:complexType>",
    );
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'><a><a/></a></a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'><a/><a/></a>"), ["element-repeated /a/a[2]"]);
}
