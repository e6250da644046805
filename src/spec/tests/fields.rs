//! What people are told of a schema.

use super::*;
use crate::spec::Field;

/// One line for each field: indent, name, how often, what it holds.
fn lines(field: &Field, depth: usize, into: &mut Vec<String>) {
    let often = match (field.required, field.repeats) {
        (true, false) => "",
        (false, false) => "?",
        (true, true) => "+",
        (false, true) => "*",
    };
    let value = field.value.as_deref().unwrap_or("");
    let again = if field.recurs { " again" } else { "" };
    into.push(format!("{}{}{often} {value}{again}", " ".repeat(depth), field.name).trim_end().to_string());
    field.fields.iter().for_each(|inner| lines(inner, depth + 1, into));
}

#[test]
fn a_field_says_how_often_it_stands_and_what_it_holds() {
    let schema = schema(
        "<xs:element name='a' type='t:A'/><xs:complexType name='A'><xs:sequence>
           <xs:element name='id'><xs:simpleType><xs:restriction base='xs:string'><xs:maxLength value='3'/></xs:restriction></xs:simpleType></xs:element>
           <xs:choice><xs:element name='b' type='t:Code'/><xs:element name='c' type='xs:int'/></xs:choice>
           <xs:element name='a' type='t:A' minOccurs='0' maxOccurs='unbounded'/>
           <xs:any minOccurs='0' namespace='##other'/></xs:sequence>
           <xs:attribute name='x' type='xs:boolean' use='required'/></xs:complexType>
         <xs:simpleType name='Code'><xs:restriction base='xs:NMTOKEN'><xs:enumeration value='A01'/><xs:enumeration value='A02'/></xs:restriction></xs:simpleType>",
    );
    let mut told = Vec::new();
    lines(&schema.fields("a").unwrap(), 0, &mut told);
    assert_eq!(
        told,
        [
            "a",
            " @x true or false",
            " id a text, at most 3 characters",
            " b? a word of letters, digits and .-_:, one of A01 A02",
            " c? a whole number, at least -2147483648, at most 2147483647",
            " a*  again",
            " *? any element",
        ]
    );
    assert_eq!(schema.fields("b"), None);
}

#[test]
fn types_that_hold_each_other_in_many_ways_are_told_within_a_bound() {
    let types: String = (0..30)
        .map(|at| {
            let inner: String = (0..30).map(|to| format!("<xs:element name='e{to}' type='t:T{to}'/>")).collect();
            format!("<xs:complexType name='T{at}'><xs:sequence>{inner}</xs:sequence></xs:complexType>")
        })
        .collect();
    let schema = schema(&format!("<xs:element name='a' type='t:T0'/>{types}"));
    assert!(schema.fields("a").is_some());
}
