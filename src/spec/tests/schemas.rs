//! The grammar of schema files, and what facets, names and types may say together.

use super::*;

#[test]
fn a_schema_file_has_a_grammar() {
    check_schemas(&[
        ("<xs:element/>", "must have the attribute name"),
        ("<xs:element name='1'/>", "is 1"),
        ("<xs:element name=' a '/>", ""),
        ("<xs:element name='a' nillable='yes'/>", "is yes"),
        ("<xs:element name='a' minOccurs='1'/>", "may not have the attribute minOccurs"),
        ("<xs:element name='a' colour='red'/>", "may not have the attribute colour"),
        ("<xs:element name='a' xs:colour='red'/>", "may not have a namespace"),
        ("<xs:element name='a' final='substitution'/>", "is substitution"),
        ("<xs:element name='a' block='#all extension'/>", "is #all extension"),
        ("<xs:element name='a' block='#all' final=''/>", ""),
        ("<xs:element name='a' type='q:x'/>", "the prefix q is not declared"),
        ("<xs:element name='a' id='x'/><xs:element name='b' id='x'/>", "stands twice"),
        ("<xs:element name='a' default='1' fixed='1'/>", "exclude each other"),
        (
            "<xs:element name='a' type='xs:int'><xs:simpleType><xs:restriction base='xs:int'/></xs:simpleType></xs:element>",
            "two types",
        ),
        ("<xs:element name='a'/><xs:import namespace='urn:x'/>", "right order"),
        ("<xs:attribute name='xmlns'/>", "is xmlns"),
        ("<xs:complexType name='T'><xs:sequence/><xs:sequence/></xs:complexType>", "right order"),
        ("<xs:complexType name='T'><xs:attribute name='x'/><xs:sequence/></xs:complexType>", "right order"),
        ("<xs:complexType name='T'><xs:annotation/><xs:annotation/></xs:complexType>", "right order"),
        ("<xs:complexType name='T'><xs:all><xs:element name='b' maxOccurs='2'/></xs:all></xs:complexType>", "is 2"),
        (
            "<xs:complexType name='T'><xs:sequence><xs:all/></xs:sequence></xs:complexType>",
            "all may not stand in sequence",
        ),
        (
            "<xs:complexType name='T'><xs:sequence><xs:any namespace='##any urn:a'/></xs:sequence></xs:complexType>",
            "is ##any urn:a",
        ),
        (
            "<xs:complexType name='T'><xs:sequence><xs:element ref='t:b' nillable='true'/></xs:sequence></xs:complexType><xs:element name='b'/>",
            "nothing of its own",
        ),
        (
            "<xs:complexType name='T'><xs:sequence><xs:element name='b' maxOccurs='-1'/></xs:sequence></xs:complexType>",
            "is -1",
        ),
        ("<xs:complexType name='T'><xs:anything/></xs:complexType>", "anything may not stand"),
        ("<xs:group name='g'><xs:sequence minOccurs='0'/></xs:group>", "may not have the attribute minOccurs"),
        ("<xs:notation name='n'/>", "public or a system"),
        ("<xs:annotation><xs:appinfo><b/>text</xs:appinfo><xs:documentation xml:lang='da'/></xs:annotation>", ""),
        ("<xs:annotation>text</xs:annotation>", "text stands"),
    ]);
}

#[test]
fn facets_agree_with_each_other_and_with_their_base() {
    let of = |base: &str, facets: &str| {
        let facets = facets.split_whitespace().map(|facet| {
            let (name, value) = facet.split_once('=').unwrap();
            let (value, fixed) = value.strip_suffix('!').map_or((value, ""), |value| (value, " fixed='true'"));
            format!("<xs:{name} value='{value}'{fixed}/>")
        });
        format!("<xs:restriction base='{base}'>{}</xs:restriction>", facets.collect::<String>())
    };
    // Primitive type, facets of the base, facets of what is derived from it, what is wrong.
    let cases = [
        ("string", "length=5", "length=5", ""),
        ("string", "length=5", "length=6", "wider"),
        ("string", "length=5", "minLength=5", "exclude"),
        ("string", "minLength=3", "length=5 minLength=3", ""),
        ("string", "minLength=3", "length=5 minLength=4", "exclude"),
        ("string", "minLength=3", "length=2", "exclude"),
        ("string", "minLength=5", "minLength=4", "wider"),
        ("string", "minLength=5", "maxLength=4", "more than maxLength"),
        ("string", "maxLength=5!", "maxLength=4", "fixed"),
        ("string", "maxLength=5!", "maxLength=5", ""),
        ("string", "whiteSpace=replace", "whiteSpace=preserve", "does more"),
        ("token", "pattern=a*", "whiteSpace=collapse", ""),
        ("decimal", "totalDigits=5", "totalDigits=6", "wider"),
        ("decimal", "totalDigits=2", "fractionDigits=3", "more than totalDigits"),
        ("decimal", "fractionDigits=2", "fractionDigits=3", "wider"),
        ("integer", "fractionDigits=0", "fractionDigits=1", "wider"),
        ("integer", "totalDigits=0", "", "is 0"),
        ("integer", "minInclusive=5", "minInclusive=4", "wider"),
        ("integer", "minInclusive=5", "minExclusive=5", ""),
        ("integer", "minExclusive=5", "minInclusive=5", "wider"),
        ("integer", "minExclusive=5", "minExclusive=5", ""),
        ("integer", "minInclusive=5", "maxExclusive=5", "nothing between"),
        ("integer", "minInclusive=5", "maxInclusive=5", ""),
        ("integer", "minInclusive=5 minExclusive=5", "", "both"),
        ("integer", "minInclusive=1.0", "", "not a value"),
        ("integer", "maxLength=3", "", "does not apply"),
        ("boolean", "enumeration=true", "", "does not apply"),
        ("boolean", "pattern=true", "", ""),
        ("integer", "enumeration=5", "enumeration=6", "not of the base type"),
        ("integer", "maxInclusive=5", "enumeration=05", ""),
        ("anySimpleType", "", "", "cannot be restricted"),
        ("NOTATION", "length=3", "", ""),
    ];
    for (primitive, base, derived, word) in cases {
        let body = format!(
            "<xs:simpleType name='B'>{}</xs:simpleType><xs:simpleType name='T'>{}</xs:simpleType>",
            of(&format!("xs:{primitive}"), base),
            of("t:B", derived)
        );
        check_schemas(&[(&body, word)]);
    }
    check_schemas(&[
        (
            "<xs:simpleType name='T'><xs:restriction base='xs:string'><xs:length value='1'/><xs:length value='1'/></xs:restriction></xs:simpleType>",
            "stands twice",
        ),
        ("<xs:simpleType name='T'><xs:list itemType='xs:NMTOKENS'/></xs:simpleType>", "list of lists"),
        (
            "<xs:simpleType name='B' final='list'><xs:restriction base='xs:int'/></xs:simpleType><xs:simpleType name='T'><xs:list itemType='t:B'/></xs:simpleType>",
            "final",
        ),
        (
            "<xs:simpleType name='B' final='union'><xs:restriction base='xs:int'/></xs:simpleType><xs:simpleType name='T'><xs:union memberTypes='t:B'/></xs:simpleType>",
            "final",
        ),
        (
            "<xs:simpleType name='B' final='#all'><xs:restriction base='xs:int'/></xs:simpleType><xs:simpleType name='T'><xs:restriction base='t:B'/></xs:simpleType>",
            "final",
        ),
        (
            "<xs:simpleType name='T'><xs:restriction base='xs:string'><xs:pattern value='a**'/></xs:restriction></xs:simpleType>",
            "pattern",
        ),
        (
            "<xs:simpleType name='T'><xs:restriction base='xs:string'><xs:pattern value='a'/><xs:pattern value='b)(c'/></xs:restriction></xs:simpleType>",
            "pattern",
        ),
    ]);
}

#[test]
fn attributes_and_defaults_agree_with_their_declarations() {
    let within = |inside: &str| format!("<xs:complexType name='T'>{inside}</xs:complexType>");
    let global = "<xs:attribute name='x' fixed='1'/>";
    let cases = [
        (within("<xs:attribute name='x' use='required' default='1'/>"), "must be there"),
        (within("<xs:attribute name='x' use='prohibited' default='1'/>"), "may not be there"),
        (within("<xs:attribute name='x' type='xs:int' default='a'/>"), "not of its type"),
        (
            within("<xs:attribute name='x' type='xs:ID'/><xs:attribute name='y' type='xs:ID'/>"),
            "two attributes are ids",
        ),
        (within("<xs:attribute name='x' type='xs:ID' fixed='a'/>"), "no default"),
        (within("<xs:attribute name='x' type='xs:NOTATION'/>"), "enumeration only"),
        (within("<xs:attribute ref='t:x' fixed='2'/>") + global, "fixed to 1"),
        (within("<xs:attribute ref='t:x' default='1'/>") + global, "fixed to 1"),
        (within("<xs:attribute ref='t:x' fixed='1'/>") + global, ""),
        (within("<xs:attribute ref='t:x'/><xs:attribute name='x'/>") + global, ""),
        (within("<xs:attribute ref='t:x'/><xs:attribute name='x' form='qualified'/>") + global, "declared twice"),
        ("<xs:element name='a' type='xs:ID' default='x'/>".into(), "no default"),
        (
            "<xs:element name='a' default='x'><xs:complexType><xs:sequence/></xs:complexType></xs:element>".into(),
            "cannot be text",
        ),
        ("<xs:element name='a' default='x'/>".into(), ""),
        (
            "<xs:group name='g'><xs:sequence><xs:element ref='t:nowhere'/></xs:sequence></xs:group>".into(),
            "not defined",
        ),
        (
            "<xs:attributeGroup name='g'><xs:attribute name='x'/><xs:attribute name='x'/></xs:attributeGroup>".into(),
            "declared twice",
        ),
        // What is prohibited is no use of an attribute.
        (within("<xs:attribute name='x'/><xs:attribute name='x' use='prohibited'/>"), ""),
        ("<xs:simpleType name='T'><xs:union memberTypes=''/></xs:simpleType>".into(), "a union of nothing"),
        (within("<xs:sequence><xs:element name='b' minOccurs='0' maxOccurs='999999999'/></xs:sequence>"), ""),
        (
            within("<xs:sequence><xs:element name='b' maxOccurs='999999999'/><xs:element name='b'/></xs:sequence>"),
            "ambiguous",
        ),
    ];
    for (body, word) in &cases {
        check_schemas(&[(body, word)]);
    }
}

/// Source: XML Schema Part 1, 3.3.6 (Substitution Group OK (Transitive)).
#[test]
fn a_head_that_blocks_a_derivation_has_no_substitute_by_it() {
    for (block, expected) in [("restriction", true), ("extension", false), ("substitution", true), ("", false)] {
        let declared = format!(
            "<xs:element name='h' type='xs:int' block='{block}'/><xs:element name='m' type='xs:short' substitutionGroup='t:h'/>"
        );
        let within = |inside: &str| {
            format!("{declared}<xs:element name='a'><xs:complexType>{inside}</xs:complexType></xs:element>")
        };
        let schema = schema(&within("<xs:sequence><xs:element ref='t:h'/></xs:sequence>"));
        assert_eq!(!flaws(&schema, "<a xmlns='urn:t'><m>1</m></a>").is_empty(), expected, "{block}");
        let either = within("<xs:choice><xs:element ref='t:h'/><xs:element ref='t:m'/></xs:choice>");
        check_schemas(&[(&either, if expected { "" } else { "ambiguous" })]);
    }
}

#[test]
fn fixed_mixed_content_is_that_text_and_nothing_else() {
    let schema = schema(
        "<xs:element name='a' fixed='x y'><xs:complexType mixed='true'><xs:sequence>
           <xs:element name='b' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>",
    );
    let judged = |inside: &str| flaws(&schema, &format!("<a xmlns='urn:t'>{inside}</a>"));
    for right in ["", "x y", "x<!-- -->&#32;y", "<![CDATA[x y]]>"] {
        assert_eq!(judged(right), [""; 0], "{right}");
    }
    for wrong in ["x", " x y", "<b/>", "x y<b/>"] {
        assert_eq!(judged(wrong), ["value-fixed /a"], "{wrong}");
    }
}

#[test]
fn prefixed_names_are_compared_by_what_they_mean() {
    let schema = schema(
        "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:QName'><xs:enumeration value='t:x'/></xs:restriction></xs:simpleType></xs:element>",
    );
    assert_eq!(flaws(&schema, "<p:a xmlns:p='urn:t'>p:x</p:a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'>x</a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<p:a xmlns:p='urn:t'>x</p:a>"), ["value-type /a"]);
    assert_eq!(flaws(&schema, "<p:a xmlns:p='urn:t' xmlns:t='urn:z'>t:x</p:a>"), ["value-type /a"]);
    let notations = super::schema(
        "<xs:notation name='gif' public='g'/><xs:element name='a'><xs:simpleType><xs:restriction base='xs:NOTATION'>
           <xs:enumeration value='t:gif'/></xs:restriction></xs:simpleType></xs:element>",
    );
    assert_eq!(flaws(&notations, "<a xmlns='urn:t'>gif</a>"), [""; 0]);
    assert_eq!(flaws(&notations, "<a xmlns='urn:t'>png</a>"), ["value-type /a"]);
    check_schemas(&[(
        "<xs:simpleType name='T'><xs:restriction base='xs:NOTATION'><xs:enumeration value='t:gif'/></xs:restriction></xs:simpleType>",
        "not declared",
    )]);
}

#[test]
fn an_all_of_many_members_is_counted() {
    let members = |names: &[usize]| names.iter().map(|n| format!("<e{n}>1</e{n}>")).collect::<String>();
    let declared = (0..14).map(|n| {
        let least = usize::from(n % 3 != 0);
        format!("<xs:element name='e{n}' type='xs:int' minOccurs='{least}'/>")
    });
    let schema = schema(&format!(
        "<xs:element name='a'><xs:complexType><xs:all>{}</xs:all></xs:complexType></xs:element>",
        declared.collect::<String>()
    ));
    let judged = |names: &[usize]| flaws(&schema, &format!("<a xmlns='urn:t'>{}</a>", members(names)));
    let all: Vec<usize> = (0..14).rev().collect();
    assert_eq!(judged(&all), [""; 0]);
    assert_eq!(judged(&all.iter().copied().filter(|n| n % 3 != 0).collect::<Vec<_>>()), [""; 0]);
    assert_eq!(judged(&[&all[..], &[5]].concat()), ["element-repeated /a/e5[2]"]);
    let without: Vec<usize> = all.iter().copied().filter(|&n| n != 4 && n != 7 && n != 9).collect();
    assert_eq!(judged(&without), ["element-missing /a/e4", "element-missing /a/e7"]);
}

#[test]
fn what_is_not_declared_may_say_of_itself_what_it_likes() {
    let schema = schema(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:any namespace='##other' processContents='lax'/></xs:sequence>
           <xs:anyAttribute namespace='##other' processContents='lax'/></xs:complexType></xs:element>",
    );
    let judged = |attributes: &str, inside: &str| {
        let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
        flaws(&schema, &format!("<a xmlns='urn:t' {xsi} {attributes}><o xmlns='urn:o' {inside}/></a>"))
    };
    assert_eq!(judged("xsi:whatever='1'", "xsi:nil='true'"), [""; 0]);
    assert_eq!(judged("xsi:nil='true'", ""), ["nil-not-allowed /a"]);
}

#[test]
fn a_message_is_one_line() {
    let schema = schema("<xs:element name='a' type='xs:int'/>");
    let verdict = judge(&schema, "<a xmlns='urn:t'>1\n2\t\u{85}</a>");
    assert!(!verdict.flaws[0].message.contains(char::is_control), "{}", verdict.flaws[0].message);
}
