//! Schemas of several files: what includes, imports and redefinitions make of each other.

use super::*;

const XS: &str =
    "xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' xmlns:u='urn:u' elementFormDefault='qualified'";

const TYPE: &str =
    "<xs:complexType name='T'><xs:sequence><xs:element name='b' type='xs:string'/></xs:sequence></xs:complexType>";

const MORE: &str = "<xs:complexType name='T'><xs:complexContent><xs:extension base='t:T'><xs:sequence>
    <xs:element name='c'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>";

/// Loads `s.xsd` of the namespace `urn:t`, and other files by name, namespace and content.
fn files(main: &str, others: &[(&str, &str, &str)]) -> Result<Schema, String> {
    let file = |namespace: &str, body: &str| match namespace {
        "" => format!("<xs:schema {XS}>{body}</xs:schema>"),
        _ => format!("<xs:schema {XS} targetNamespace='{namespace}'>{body}</xs:schema>"),
    };
    let mut texts = vec![("s.xsd", file("urn:t", main))];
    texts.extend(others.iter().map(|(name, namespace, body)| (*name, file(namespace, body))));
    let table: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    Schema::load(&Sources::table(&table), "s.xsd").map_err(|fault| fault.to_string())
}

fn redefined(body: &str, namespace: &str, original: &str) -> Result<Schema, String> {
    let main = format!("<xs:redefine schemaLocation='i.xsd'>{body}</xs:redefine><xs:element name='a' type='t:T'/>");
    files(&main, &[("i.xsd", namespace, original)])
}

fn is_valid(schema: &Schema, inside: &str) -> bool {
    judge(schema, &format!("<a xmlns='urn:t'>{inside}</a>")).is_valid()
}

#[test]
fn a_redefined_type_takes_the_place_of_the_old() {
    for namespace in ["urn:t", ""] {
        let schema = redefined(MORE, namespace, TYPE).unwrap();
        assert!(is_valid(&schema, "<b/><c/>") && !is_valid(&schema, "<b/>"));
    }
    let plain = redefined("", "urn:t", TYPE).unwrap();
    assert!(is_valid(&plain, "<b/>"));
    // What the redefined file itself says of the type is said of the new one.
    let everywhere = files(
        &format!("<xs:redefine schemaLocation='i.xsd'>{MORE}</xs:redefine>"),
        &[("i.xsd", "urn:t", &format!("{TYPE}<xs:element name='a' type='t:T'/>"))],
    )
    .unwrap();
    assert!(is_valid(&everywhere, "<b/><c/>") && !is_valid(&everywhere, "<b/>"));
}

#[test]
fn redefinitions_build_on_each_other() {
    let inner = format!("<xs:redefine schemaLocation='j.xsd'>{MORE}</xs:redefine>");
    let outer = format!(
        "<xs:redefine schemaLocation='i.xsd'>{}</xs:redefine><xs:element name='a' type='t:T'/>",
        MORE.replace("'c'", "'d'")
    );
    let schema = files(&outer, &[("i.xsd", "urn:t", &inner), ("j.xsd", "urn:t", TYPE)]).unwrap();
    assert!(is_valid(&schema, "<b/><c/><d/>") && !is_valid(&schema, "<b/><d/>"));
}

#[test]
fn what_redefines_is_made_of_what_it_redefines() {
    let wrong = |body: &str, word: &str| {
        let fault = redefined(body, "urn:t", TYPE).unwrap_err();
        assert!(fault.contains(word), "{body}: {fault}");
    };
    wrong(&format!("{MORE}{MORE}"), "redefined twice");
    wrong(&MORE.replace("name='T'", "name='X'"), "not defined");
    wrong("<xs:complexType name='T'/>", "derived from itself");
    wrong("<xs:simpleType name='T'><xs:restriction base='t:T'/></xs:simpleType>", "something else");
    wrong("<xs:element name='a'/>", "may not stand in redefine");
    assert!(redefined(MORE, "urn:u", TYPE).unwrap_err().contains("another namespace"));
}

#[test]
fn a_redefined_group_refers_to_itself_or_narrows() {
    let group = |inside: &str| format!("<xs:group name='g'><xs:sequence>{inside}</xs:sequence></xs:group>");
    let load = |inside: &str| {
        let main = format!(
            "<xs:redefine schemaLocation='i.xsd'>{}</xs:redefine>
             <xs:element name='a'><xs:complexType><xs:group ref='t:g'/></xs:complexType></xs:element>",
            group(inside)
        );
        files(&main, &[("i.xsd", "urn:t", &group("<xs:element name='b' minOccurs='0'/><xs:element name='d'/>"))])
    };
    let more = load("<xs:group ref='t:g'/><xs:element name='c'/>").unwrap();
    assert!(is_valid(&more, "<d/><c/>") && !is_valid(&more, "<d/>"));
    let less = load("<xs:element name='d'/>").unwrap();
    assert!(is_valid(&less, "<d/>") && !is_valid(&less, "<b/><d/>"));
    assert!(load("<xs:element name='c'/>").unwrap_err().contains("takes what its base does not"));
    assert!(load("<xs:group ref='t:g'/><xs:group ref='t:g'/>").unwrap_err().contains("more than once"));
    assert!(load("<xs:group ref='t:g' minOccurs='0'/>").unwrap_err().contains("more than once"));

    let attributes = |inside: &str| format!("<xs:attributeGroup name='g'>{inside}</xs:attributeGroup>");
    let load = |inside: &str| {
        let main = format!("<xs:redefine schemaLocation='i.xsd'>{}</xs:redefine>", attributes(inside));
        let original = attributes("<xs:attribute name='x'/><xs:attribute name='y' use='required'/>");
        files(&main, &[("i.xsd", "urn:t", &original)]).err()
    };
    assert_eq!(load("<xs:attributeGroup ref='t:g'/><xs:attribute name='z'/>"), None);
    assert_eq!(load("<xs:attribute name='y' use='required'/>"), None);
    for wrong in [
        "<xs:attribute name='y'/>",
        "<xs:attribute name='x'/>",
        "<xs:attribute name='y' use='required'/><xs:attribute name='z'/>",
    ] {
        assert!(load(wrong).is_some(), "{wrong}");
    }
}

#[test]
fn each_file_imports_for_itself() {
    let import = "<xs:import namespace='urn:u' schemaLocation='i.xsd'/>";
    let element = "<xs:element name='a' type='u:T'/>";
    assert!(files(&format!("{import}{element}"), &[("i.xsd", "urn:u", TYPE)]).is_ok());
    let fault = files(
        &format!("<xs:include schemaLocation='j.xsd'/>{element}"),
        &[("j.xsd", "urn:t", import), ("i.xsd", "urn:u", TYPE)],
    );
    assert!(fault.unwrap_err().contains("not imported"));
    assert!(
        files("<xs:element name='a' type='T'/><xs:complexType name='T'/>", &[]).unwrap_err().contains("not imported")
    );
    assert!(files(import, &[("i.xsd", "", TYPE)]).unwrap_err().contains("is imported as"));
    assert!(files("<xs:import namespace='urn:t'/>", &[]).unwrap_err().contains("its own namespace"));
    assert!(files("<xs:import/>", &[]).is_ok());
}

#[test]
fn the_attributes_of_xml_are_at_hand() {
    let import =
        "<xs:import namespace='http://www.w3.org/XML/1998/namespace' schemaLocation='http://www.w3.org/2001/xml.xsd'/>";
    let element = "<xs:element name='a'><xs:complexType><xs:attribute ref='xml:lang'/><xs:attribute ref='xml:space'/></xs:complexType></xs:element>";
    let schema = files(&format!("{import}{element}"), &[]).unwrap();
    assert!(judge(&schema, "<a xmlns='urn:t' xml:lang='da' xml:space='preserve'/>").is_valid());
    assert_eq!(flaws(&schema, "<a xmlns='urn:t' xml:lang='1'/>"), ["value-type /a/@lang"]);
    assert!(files(element, &[]).unwrap_err().contains("not imported"));
}

#[test]
fn any_global_element_may_be_the_root() {
    let schema = files(
        "<xs:import namespace='urn:u' schemaLocation='i.xsd'/><xs:element name='a'/>",
        &[("i.xsd", "urn:u", "<xs:element name='x' type='xs:int'/>")],
    )
    .unwrap();
    assert!(judge(&schema, "<x xmlns='urn:u'>1</x>").is_valid());
    assert_eq!(schema.roots().collect::<Vec<_>>(), ["a"]);
}
