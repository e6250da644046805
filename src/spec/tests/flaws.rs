//! Each flaw by its code, and one flaw for one mistake.

use super::*;
use crate::spec::CODES;

const LETTER: &str = r#"
  <xs:element name="letter" type="t:Letter"/>
  <xs:complexType name="Letter">
    <xs:sequence>
      <xs:element name="id" type="xs:string"/>
      <xs:element name="kind" type="t:Kind" default="A"/>
      <xs:element name="party" type="t:Party"/>
      <xs:element name="date" type="xs:date"/>
      <xs:element name="note" type="xs:string" minOccurs="0" nillable="true"/>
      <xs:element name="version" type="xs:decimal" fixed="1.0" minOccurs="0"/>
      <xs:element name="line" type="t:Line" maxOccurs="unbounded"/>
      <xs:element name="nothing" type="t:Nothing" minOccurs="0"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="Line"><xs:sequence>
    <xs:element name="at" type="xs:positiveInteger"/>
    <xs:element name="price" type="t:Price"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Nothing"/>
  <xs:complexType name="Party"><xs:simpleContent><xs:extension base="t:Number">
    <xs:attribute name="scheme" type="t:Kind" use="required"/>
    <xs:attribute name="form" type="xs:token" default="long"/>
    <xs:attribute name="year" type="xs:integer" fixed="7"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:simpleType name="Kind"><xs:restriction base="xs:NMTOKEN">
    <xs:enumeration value="A"/><xs:enumeration value="B"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Number"><xs:restriction base="xs:string"><xs:maxLength value="4"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Price"><xs:restriction base="xs:decimal">
    <xs:totalDigits value="5"/><xs:pattern value="[0-9.\-]*"/>
  </xs:restriction></xs:simpleType>"#;

const HEAD: &str = "<id>1</id><kind>A</kind><party scheme='A'>12</party><date>2024-01-01</date>";
const LINE: &str = "<line><at>1</at><price>1.5</price></line>";

fn letter(inside: &str) -> Vec<String> {
    flaws(
        &schema(LETTER),
        &format!("<letter xmlns='urn:t' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{inside}</letter>"),
    )
}

#[test]
fn a_right_letter_has_no_flaw() {
    assert_eq!(letter(&format!("{HEAD}<note xsi:nil='true'/><version>1</version>{LINE}{LINE}<nothing/>")), [""; 0]);
}

#[test]
fn every_code_has_a_document_that_earns_it() {
    let with = |inside: &str| format!("{HEAD}{inside}{LINE}");
    let party = |party: &str| format!("<id/><kind/>{party}<date>2024-01-01</date>{LINE}");
    let cases: &[(&str, &str)] = &[
        (&with("<strange/>"), "element-unexpected /letter/strange"),
        (&with("<note><b/></note>"), "element-unexpected /letter/note/b"),
        (&with("<note xmlns='urn:other'/>"), "element-namespace /letter/note"),
        (&format!("{HEAD}{LINE}<note/>"), "element-misplaced /letter/note"),
        (&format!("{HEAD}<note/><note/>{LINE}"), "element-repeated /letter/note[2]"),
        (HEAD, "element-missing /letter/line"),
        (&format!("{HEAD}{LINE}<line><at>1</at></line>"), "element-missing /letter/line[2]/price"),
        (&with("words"), "text-unexpected /letter"),
        (&with("&#65;"), "text-unexpected /letter"),
        (&format!("{HEAD}{LINE}<nothing> </nothing>"), "text-unexpected /letter/nothing"),
        (&format!("{HEAD}{LINE}<nothing><id/></nothing>"), "element-unexpected /letter/nothing/id"),
        (&party("<party scheme='A' sort='1'>1</party>"), "attribute-unexpected /letter/party"),
        (&party("<party scheme='A' xsi:sort='1'>1</party>"), "attribute-unexpected /letter/party"),
        (&party("<party>1</party>"), "attribute-missing /letter/party/@scheme"),
        (&party("<party scheme='C'>1</party>"), "value-not-in-list /letter/party/@scheme"),
        (&party("<party scheme='A' year='8'>1</party>"), "value-fixed /letter/party"),
        (&party("<party scheme='A'>12345</party>"), "value-length /letter/party"),
        (&with("<version>1.1</version>"), "value-fixed /letter/version"),
        (&format!("{HEAD}<line><at>0</at><price>1</price></line>"), "value-range /letter/line[1]/at"),
        (&format!("{HEAD}<line><at>x</at><price>1</price></line>"), "value-type /letter/line[1]/at"),
        (&format!("{HEAD}<line><at>1</at><price>123456</price></line>"), "value-digits /letter/line[1]/price"),
        (&format!("{HEAD}<line><at>1</at><price>+1</price></line>"), "value-pattern /letter/line[1]/price"),
        (&with("<version xsi:nil='true'/>"), "nil-not-allowed /letter/version"),
        (&with("<note xsi:nil='perhaps'/>"), "nil-not-allowed /letter/note"),
        (&with("<note xsi:nil='true'>x</note>"), "nil-with-content /letter/note"),
        (&with("<note xsi:type='Line'>A</note>"), "xsi-type-unsupported /letter/note"),
        (&with("<note>&nbsp;</note>"), "not-well-formed /letter/note"),
    ];
    for (inside, expected) in cases {
        assert_eq!(letter(inside), [*expected], "{inside}");
    }
    let covered_elsewhere = |code: &str| {
        code.ends_with("-limit")
            || code.starts_with("encoding")
            || code.starts_with("key-")
            || matches!(code, "doctype-refused" | "abstract" | "id-repeated" | "id-missing")
    };
    for (code, _) in CODES {
        let here = cases.iter().any(|(_, expected)| expected.split(' ').next() == Some(code));
        assert!(here || covered_elsewhere(code) || *code == "root-unexpected", "{code} has no case");
    }
}

#[test]
fn another_root_is_refused_at_once() {
    let schema = schema(LETTER);
    let verdict = judge(&schema, "<letter><anything/></letter>");
    assert_eq!(verdict.flaws.len(), 1);
    assert_eq!(verdict.flaws[0].code, "root-unexpected");
    assert_eq!(verdict.root.map(|root| (root.namespace, root.name)), Some((String::new(), "letter".into())));
    assert_eq!(flaws(&schema, "<Line xmlns='urn:t'/>"), ["root-unexpected /Line"]);
}

#[test]
fn one_mistake_is_one_flaw() {
    let swapped = "<kind>A</kind><id>1</id><party scheme='A'>12</party><date>2024-01-01</date>";
    assert_eq!(letter(&format!("{swapped}{LINE}")), ["element-misplaced /letter/id"]);
    let first = "<date>2024-01-01</date><id>1</id><kind>A</kind><party scheme='A'>12</party>";
    assert_eq!(letter(&format!("{first}{LINE}")), ["element-misplaced /letter/date"]);
    let without_two = "<id>1</id><date>2024-01-01</date>";
    assert_eq!(
        letter(&format!("{without_two}{LINE}")),
        ["element-missing /letter/kind", "element-missing /letter/party"]
    );
    assert_eq!(
        letter(&format!("<id>1</id><king>A</king><party scheme='A'>12</party><date>2024-01-01</date>{LINE}")),
        ["element-unexpected /letter/king"]
    );
    let last = "<id>1</id><kind>A</kind><date>2024-01-01</date>";
    assert_eq!(letter(&format!("{last}{LINE}<party scheme='A'>1</party>")), ["element-misplaced /letter/party"]);
    assert_eq!(
        letter(&format!("{HEAD}<strange><deep><id/></deep></strange>{LINE}")),
        ["element-unexpected /letter/strange"]
    );
}

#[test]
fn a_near_name_is_suggested() {
    let verdict = judge(&schema(LETTER), &format!("<letter xmlns='urn:t'>{HEAD}<notes/>{LINE}</letter>"));
    assert!(verdict.flaws[0].message.contains("Did you mean <note>?"), "{}", verdict.flaws[0].message);
    let verdict = judge(&schema(LETTER), &format!("<letter xmlns='urn:t'>{HEAD}<date/>{LINE}</letter>"));
    assert_eq!(verdict.flaws[0].code, "element-repeated");
}

#[test]
fn flaws_come_in_the_order_of_the_document_with_their_places() {
    let document = format!("<letter xmlns='urn:t'>\n{HEAD}\n  <line><at>æ</at><price>x</price></line>\n</letter>");
    let verdict = judge(&schema(LETTER), &document);
    let places: Vec<_> = verdict.flaws.iter().map(|flaw| (flaw.line, flaw.column)).collect();
    assert_eq!(places, [(3, 9), (3, 19)]);
    assert_eq!(&document[verdict.flaws[1].byte..][..7], "<price>");
}

#[test]
fn what_comes_before_a_break_is_still_judged() {
    let found = letter(&format!("{HEAD}<line><at>0</at></line><line>&broken;"));
    assert_eq!(
        found,
        ["value-range /letter/line[1]/at", "element-missing /letter/line[1]/price", "not-well-formed /letter/line[2]"]
    );
}

#[test]
fn the_handler_hears_values_with_defaults() {
    let document = "<p:letter xmlns:p='urn:t'><p:id> 1 </p:id><p:kind/><p:party scheme=' B '>12</p:party>\
                    <p:date> 2024-01-01\n</p:date><p:line><p:at>1</p:at><p:price>1.5</p:price></p:line></p:letter>";
    assert_eq!(
        heard(&schema(LETTER), document),
        [
            "<letter>",
            "id= 1  at 26",
            "kind=A at 42",
            "party@scheme=B",
            "party@form=long",
            "party@year=7",
            "party=12 at 51",
            "date=2024-01-01 at 85",
            "<line>",
            "at=1 at 122",
            "price=1.5 at 136",
            "</line>",
            "</letter>"
        ]
    );
}

#[test]
fn text_is_joined_over_comments_references_and_line_ends() {
    let schema = schema("<xs:element name='a' type='xs:string'/>");
    let value = |inside: &str| heard(&schema, &format!("<a xmlns='urn:t'>{inside}</a>"))[0].clone();
    assert_eq!(value("a<!-- x -->b<?p?>c"), "a=abc at 0");
    assert_eq!(value("&lt;a&#x62;<![CDATA[<c>]]>&amp;"), "a=<ab<c>& at 0");
    assert_eq!(value("a\r\nb\rc"), "a=a\nb\nc at 0");
    assert_eq!(value("&#13;"), "a=\r at 0");
    assert_eq!(value("x&#65;&#66;y"), "a=xABy at 0");
    assert_eq!(value("<![CDATA[]]>"), "a= at 0");
}
