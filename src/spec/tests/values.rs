//! Derived types: unions, lists, bounds, and what elements of every kind of content take.

use super::*;

#[track_caller]
fn takes(typed: &str, right: &[&str], wrong: &[&str]) {
    let schema = schema(&format!("<xs:element name='a' type='t:T'/><xs:simpleType name='T'>{typed}</xs:simpleType>"));
    for value in right {
        let verdict = judge(&schema, &format!("<a xmlns='urn:t'>{value}</a>"));
        assert!(verdict.is_valid(), "{value:?}: {:?}", verdict.flaws);
    }
    for value in wrong {
        assert!(!judge(&schema, &format!("<a xmlns='urn:t'>{value}</a>")).is_valid(), "{value:?}");
    }
}

#[test]
fn unions_take_what_any_member_takes() {
    takes("<xs:union memberTypes='xs:integer xs:boolean'/>", &["1", " true ", "-5"], &["", "yes", "1.5"]);
    let lists = "<xs:union><xs:simpleType><xs:restriction base='xs:token'><xs:enumeration value='A 1'/></xs:restriction></xs:simpleType>
        <xs:simpleType><xs:restriction base='xs:NMTOKEN'><xs:enumeration value='B'/></xs:restriction></xs:simpleType></xs:union>";
    takes(lists, &["B", "A 1", " A \n 1 "], &["A1", "", "b"]);
}

#[test]
fn lists_count_items() {
    let list = "<xs:restriction><xs:simpleType><xs:list itemType='xs:integer'/></xs:simpleType><xs:maxLength value='2'/></xs:restriction>";
    takes(list, &["", "1", " 1\n2 "], &["1 2 3", "a"]);
    takes("<xs:restriction base='xs:NMTOKENS'/>", &["a", "a b"], &["", "a ,"]);
}

#[test]
fn facets_bound_values() {
    takes(
        "<xs:restriction base='xs:integer'><xs:minExclusive value='0'/><xs:maxExclusive value='10'/></xs:restriction>",
        &["1", "9", "+09"],
        &["0", "10", "-1", "1.0"],
    );
    takes(
        "<xs:restriction base='xs:decimal'><xs:fractionDigits value='2'/></xs:restriction>",
        &["1.25", "1.2500"],
        &["1.255"],
    );
    takes("<xs:restriction base='xs:string'><xs:length value='3'/></xs:restriction>", &["æøå", " a "], &["ab", "abcd"]);
    takes("<xs:restriction base='xs:hexBinary'><xs:length value='2'/></xs:restriction>", &["00FF"], &["00", "0"]);
    takes(
        "<xs:restriction base='xs:decimal'><xs:enumeration value='1.0'/></xs:restriction>",
        &["1", "01.00"],
        &["1.1"],
    );
    takes(
        "<xs:restriction base='xs:string'><xs:pattern value='a'/><xs:pattern value='b'/></xs:restriction>",
        &["a", "b"],
        &["ab", ""],
    );
    takes("<xs:restriction base='xs:unsignedByte'/>", &["0", "255"], &["256", "-1"]);
    takes(
        "<xs:restriction base='xs:long'/>",
        &["9223372036854775807", "-9223372036854775808"],
        &["9223372036854775808"],
    );
    takes(
        "<xs:restriction base='xs:string'><xs:whiteSpace value='collapse'/><xs:maxLength value='1'/></xs:restriction>",
        &[" a "],
        &["ab"],
    );
}

#[test]
fn dates_durations_and_floats_have_bounds_and_lists() {
    let bound = |base: &str, facets: &str| format!("<xs:restriction base='xs:{base}'>{facets}</xs:restriction>");
    takes(
        &bound(
            "dateTime",
            "<xs:minInclusive value='2000-01-01T00:00:00Z'/><xs:maxExclusive value='2001-01-01T00:00:00Z'/>",
        ),
        &["2000-01-01T00:00:00Z", "2000-01-01T01:00:00+01:00", "2000-06-01T00:00:00"],
        &["1999-12-31T23:59:59Z", "2001-01-01T00:00:00Z", "2000-01-01T00:00:00", "2000-12-31T24:00:00Z"],
    );
    takes(&bound("duration", "<xs:maxInclusive value='P1M'/>"), &["P27D", "P1M", "-P9Y"], &["P30D", "P32D"]);
    takes(&bound("duration", "<xs:enumeration value='P1Y'/>"), &["P12M", "P1Y", "P1Y0M"], &["P365D"]);
    takes(&bound("float", "<xs:minExclusive value='0'/>"), &["1e-3", "INF"], &["0", "-1", "NaN", "-INF"]);
    takes(&bound("double", "<xs:enumeration value='1.5'/><xs:enumeration value='NaN'/>"), &["15e-1", "NaN"], &["1"]);
    takes(&bound("date", "<xs:minInclusive value='2024-02-29'/>"), &["2024-02-29", "2024-03-01"], &["2024-02-28"]);
    takes(&bound("hexBinary", "<xs:enumeration value='0A'/>"), &["0a"], &["0b"]);
    takes(&bound("NMTOKENS", "<xs:enumeration value='a b'/>"), &["a b", " a  b "], &["a", "b a"]);
}

#[test]
fn a_choice_a_group_and_mixed_content_work() {
    let schema = schema(
        "<xs:element name='a'><xs:complexType mixed='true'><xs:choice maxOccurs='unbounded'>
           <xs:element name='b' type='xs:token'/><xs:group ref='t:g'/></xs:choice></xs:complexType></xs:element>
         <xs:group name='g'><xs:sequence><xs:element name='c' type='xs:token'/><xs:element name='d' type='xs:token'/></xs:sequence></xs:group>",
    );
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'>text<b/>more<c/><d/><b/></a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'><c/><b/></a>"), ["element-missing /a/d"]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'/>"), ["element-missing /a/b"]);
}

#[test]
fn xsi_type_may_say_what_is_so_anyway() {
    let schema = schema(
        "<xs:element name='a' type='t:T'/><xs:simpleType name='T'><xs:restriction base='xs:token'/></xs:simpleType>",
    );
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
    assert_eq!(
        flaws(&schema, &format!("<p:a xmlns:p='urn:t' {xsi} xsi:type='p:T' xsi:schemaLocation='urn:t t.xsd'/>")),
        [""; 0]
    );
    assert_eq!(flaws(&schema, &format!("<p:a xmlns:p='urn:t' {xsi} xsi:type='T'/>")), ["xsi-type-unsupported /a"]);
}

#[test]
fn simple_content_can_be_restricted() {
    let schema = schema(
        "<xs:element name='a' type='t:R'/>
         <xs:complexType name='B'><xs:simpleContent><xs:extension base='xs:token'><xs:attribute name='x' type='xs:token'/>
           <xs:attribute name='y' type='xs:token'/></xs:extension></xs:simpleContent></xs:complexType>
         <xs:complexType name='R'><xs:simpleContent><xs:restriction base='t:B'><xs:maxLength value='2'/>
           <xs:attribute name='x' type='xs:token' use='prohibited'/></xs:restriction></xs:simpleContent></xs:complexType>",
    );
    assert_eq!(flaws(&schema, "<a xmlns='urn:t' y='1'>ab</a>"), [""; 0]);
    assert_eq!(flaws(&schema, "<a xmlns='urn:t' x='1'>abc</a>"), ["value-length /a", "attribute-unexpected /a"]);
}
