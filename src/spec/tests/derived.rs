//! Types from types, elements for elements, and wildcards.

use super::*;

const XSI: &str = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";

fn doc(inside: &str) -> String {
    format!("<a xmlns='urn:t' xmlns:t='urn:t' xmlns:xs='http://www.w3.org/2001/XMLSchema' {XSI}>{inside}</a>")
}

const SHAPES: &str = "
    <xs:element name='a'><xs:complexType><xs:sequence><xs:element name='s' type='t:Shape' maxOccurs='9'/></xs:sequence></xs:complexType></xs:element>
    <xs:complexType name='Shape' abstract='true'><xs:sequence><xs:element name='id' type='xs:token'/></xs:sequence>
      <xs:attribute name='colour' type='xs:token'/></xs:complexType>
    <xs:complexType name='Circle'><xs:complexContent><xs:extension base='t:Shape'><xs:sequence>
      <xs:element name='radius' type='xs:decimal'/></xs:sequence><xs:attribute name='fill' type='xs:boolean' use='required'/></xs:extension></xs:complexContent></xs:complexType>
    <xs:complexType name='Dot'><xs:complexContent><xs:restriction base='t:Circle'><xs:sequence><xs:element name='id' type='xs:NMTOKEN'/>
      <xs:element name='radius' type='xs:integer'/></xs:sequence><xs:attribute name='colour' use='prohibited'/></xs:restriction></xs:complexContent></xs:complexType>
    <xs:complexType name='Other'/>";

#[test]
fn extensions_add_and_restrictions_take_away() {
    let schema = schema(SHAPES);
    let judged = |inside: &str| flaws(&schema, &doc(inside));
    assert_eq!(judged("<s xsi:type='Circle' fill='1' colour='red'><id>1</id><radius>1.5</radius></s>"), [""; 0]);
    assert_eq!(judged("<s xsi:type='t:Dot' fill='1'><id>1</id><radius>1</radius></s>"), [""; 0]);
    assert_eq!(judged("<s><id>1</id></s>"), ["abstract /a/s[1]"]);
    assert_eq!(judged("<s xsi:type='Circle'><id>1</id><radius>1</radius></s>"), ["attribute-missing /a/s[1]/@fill"]);
    assert_eq!(judged("<s xsi:type='Circle' fill='1'><id>1</id></s>"), ["element-missing /a/s[1]/radius"]);
    assert_eq!(judged("<s xsi:type='Dot' fill='1'><id>1</id><radius>1.5</radius></s>"), ["value-type /a/s[1]/radius"]);
    assert_eq!(
        judged("<s xsi:type='Dot' fill='1' colour='red'><id>1</id><radius>1</radius></s>"),
        ["attribute-unexpected /a/s[1]"]
    );
    assert!(judged("<s xsi:type='Other'/>").contains(&"xsi-type-unsupported /a/s[1]".to_string()));
}

#[test]
fn what_is_blocked_cannot_be_derived() {
    let blocked =
        SHAPES.replace("<xs:element name='s' type='t:Shape'", "<xs:element name='s' type='t:Shape' block='extension'");
    let schema = schema(&blocked);
    let circle = "<s xsi:type='Circle' fill='1'><id>1</id><radius>1</radius></s>";
    assert!(flaws(&schema, &doc(circle)).contains(&"xsi-type-unsupported /a/s[1]".to_string()));
}

#[test]
fn simple_types_are_followed_too() {
    let schema = schema(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='v' type='xs:anySimpleType'/><xs:element name='n' type='xs:decimal'/><xs:element name='x' minOccurs='0'/><xs:element name='u' type='t:Either' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>
         <xs:simpleType name='One'><xs:restriction base='xs:token'><xs:enumeration value='1'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='Two'><xs:restriction base='xs:token'><xs:enumeration value='2'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='Either'><xs:union memberTypes='t:One t:Two'/></xs:simpleType>
         <xs:simpleType name='Small'><xs:restriction base='xs:decimal'><xs:maxInclusive value='9'/></xs:restriction></xs:simpleType>",
    );
    let judged = |inside: &str| flaws(&schema, &doc(inside));
    assert_eq!(judged("<v>anything</v><n>10</n>"), [""; 0]);
    assert_eq!(judged("<v xsi:type='xs:int'>1</v><n xsi:type='Small'>9</n>"), [""; 0]);
    assert_eq!(judged("<v xsi:type='xs:int'>x</v><n xsi:type='Small'>10</n>"), ["value-type /a/v", "value-range /a/n"]);
    assert_eq!(judged("<v>1</v><n xsi:type='xs:string'>1</n>"), ["xsi-type-unsupported /a/n"]);
    // Anything at all, looked at where it is known.
    assert_eq!(judged("<v/><n>1</n><x y='1'>text <b xmlns='urn:z'><c/></b></x>"), [""; 0]);
    assert_eq!(judged("<v/><n>1</n><x><b xsi:type='xs:int'>z</b></x>"), ["value-type /a/x/b"]);
    assert_eq!(judged("<v/><n>1</n><u xsi:type='One'>1</u>"), [""; 0]);
    assert_eq!(judged("<v/><n>1</n><u xsi:type='One'>2</u>"), ["value-not-in-list /a/u"]);
    assert_eq!(judged("<v/><n>1</n><u>2</u>"), [""; 0]);
    assert_eq!(judged("<v/><n>1</n><x><a/></x>"), ["element-missing /a/x/a[1]/v", "element-missing /a/x/a[1]/n"]);
}

#[test]
fn an_element_may_stand_for_another() {
    let schema = schema(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element ref='t:head' maxOccurs='3'/><xs:element ref='t:closed' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>
         <xs:element name='head' type='xs:decimal' abstract='true'/><xs:element name='one' type='xs:integer' substitutionGroup='t:head'/>
         <xs:element name='two' substitutionGroup='t:one'/><xs:element name='closed' type='xs:token' block='substitution'/>
         <xs:element name='three' substitutionGroup='t:closed'/>",
    );
    let judged = |inside: &str| flaws(&schema, &doc(inside));
    assert_eq!(judged("<one>1</one><two>2</two><closed/>"), [""; 0]);
    assert_eq!(judged("<one>1.5</one>"), ["value-type /a/one[1]"]);
    assert_eq!(judged("<head>1</head>"), ["abstract /a/head[1]"]);
    assert!(!judged("<two>1</two><three/>").is_empty());
    assert!(!judged("<two>1</two><two>1</two><two>1</two><two>1</two>").is_empty());
}

#[test]
fn wildcards_look_as_closely_as_they_are_told() {
    let within = |process: &str| {
        schema(&format!(
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:any namespace='##any' processContents='{process}' minOccurs='0' maxOccurs='2'/></xs:sequence>
             <xs:anyAttribute namespace='##local' processContents='{process}'/></xs:complexType></xs:element><xs:element name='n' type='xs:integer'/>"
        ))
    };
    let (strict, lax, skip) = (within("strict"), within("lax"), within("skip"));
    let judged = |schema: &Schema, inside: &str| flaws(schema, &doc(inside));
    for schema in [&strict, &lax, &skip] {
        assert_eq!(judged(schema, "<n>1</n>"), [""; 0]);
        assert_eq!(judged(schema, "<n>1</n><n>1</n><n>1</n>").len(), 1);
    }
    assert_eq!(judged(&strict, "<n>x</n>"), ["value-type /a/n[1]"]);
    assert_eq!(judged(&lax, "<n>x</n>"), ["value-type /a/n[1]"]);
    assert_eq!(judged(&skip, "<n>x</n>"), [""; 0]);
    assert_eq!(judged(&strict, "<m xmlns='urn:m'><n/></m>"), ["element-unexpected /a/m"]);
    assert_eq!(judged(&lax, "<m xmlns='urn:m'><n/></m>"), [""; 0]);
    assert_eq!(judged(&lax, "<m xmlns='urn:m'><t:n>x</t:n></m>"), ["value-type /a/m/n[1]"]);
    let attribute = |schema: &Schema| flaws(schema, "<a xmlns='urn:t' b='1'/>");
    assert_eq!((attribute(&strict).len(), attribute(&lax).len(), attribute(&skip).len()), (1, 0, 0));
    assert_eq!(flaws(&lax, "<a xmlns='urn:t' xmlns:q='urn:q' q:b='1'/>"), ["attribute-unexpected /a"]);
}

#[test]
fn names_and_ids_mean_something_where_they_stand() {
    let schema = schema(
        "<xs:element name='a'><xs:complexType><xs:choice minOccurs='0' maxOccurs='unbounded'><xs:element name='q' type='xs:QName'/>
           <xs:element name='i' type='xs:ID'/><xs:element name='r' type='xs:IDREFS'/><xs:element name='u' type='xs:anyURI'/></xs:choice></xs:complexType></xs:element>",
    );
    let judged = |inside: &str| flaws(&schema, &doc(inside));
    assert_eq!(
        judged("<q>xs:x</q><q>x</q><q xmlns:own='urn:o'>own:x</q><r>b c</r><i>b</i><i>c</i><u>http://x/é y</u>"),
        [""; 0]
    );
    assert_eq!(judged("<q>no:x</q>"), ["value-type /a/q[1]"]);
    assert_eq!(judged("<q>a:b:c</q>"), ["value-type /a/q[1]"]);
    assert_eq!(judged("<i>b</i><i>b</i>"), ["id-repeated /a/i[2]"]);
    assert_eq!(judged("<r>b c</r><i>b</i>"), ["id-missing /a/r[1]"]);
    assert_eq!(judged("<u>%zz</u>"), ["value-type /a/u[1]"]);
}
