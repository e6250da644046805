//! Schemas meant to hurt: each is loaded or refused, and soon. What goes wrong here takes hours, so that it ends at all
//! is the test.

use super::*;

#[track_caller]
fn refused(what: &str, body: &str) {
    let fault = load(body).err().unwrap_or_else(|| panic!("{what} must be refused"));
    assert_eq!(fault.kind(), "unsupported", "{what}: {fault}");
}

fn doubling(kind: &str, inside: &str) -> String {
    let wrap = |inside: String| match kind {
        "group" => format!("<xs:sequence>{inside}</xs:sequence>"),
        _ => inside,
    };
    let first = format!("<xs:{kind} name='g0'>{}</xs:{kind}>", wrap(inside.to_string()));
    let next = |at: usize| {
        let twice = format!("<xs:{kind} ref='t:g{}'/>", at - 1).repeat(2);
        format!("<xs:{kind} name='g{at}'>{}</xs:{kind}>", wrap(twice))
    };
    first + &(1..50).map(next).collect::<String>()
}

#[test]
fn groups_of_groups_do_not_grow_for_ever() {
    refused("groups", &doubling("group", "<xs:element name='b' minOccurs='0'/>"));
    refused("empty groups", &doubling("group", ""));
    refused("attribute groups", &doubling("attributeGroup", ""));
}

#[test]
fn content_models_do_not_unfold_for_ever() {
    let model = |inside: &str| format!("<xs:element name='a'><xs:complexType>{inside}</xs:complexType></xs:element>");
    let nested = |levels: usize| {
        let open = "<xs:sequence minOccurs='0' maxOccurs='100'>".repeat(levels);
        format!("{open}<xs:element name='b' type='xs:int'/>{}", "</xs:sequence>".repeat(levels))
    };
    refused("nested counts", &model(&nested(10)));
    let optional = |count: usize| {
        let members = (0..count).map(|at| format!("<xs:element name='e{at}' type='xs:int' minOccurs='0'/>"));
        format!("<xs:sequence>{}</xs:sequence>", members.collect::<String>())
    };
    assert!(load(&model(&optional(300))).is_ok());
    refused("many optional members", &model(&optional(3_000)));
}

#[test]
fn unions_of_unions_do_not_grow_for_ever() {
    let next = |at: usize| {
        format!("<xs:simpleType name='U{at}'><xs:union memberTypes='t:U{} t:U{}'/></xs:simpleType>", at - 1, at - 1)
    };
    let types: String = (1..50).map(next).collect();
    let schema = load(&format!("<xs:element name='a' type='t:U49'/><xs:simpleType name='U0'><xs:union memberTypes='xs:int xs:boolean'/></xs:simpleType>{types}"),
    )
    .unwrap();
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'>x</a>"), ["value-type /a"]);
}

#[test]
fn patterns_do_not_blow_up() {
    let typed = |pattern: &str| {
        format!(
            "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:string'><xs:pattern value='{pattern}'/></xs:restriction></xs:simpleType></xs:element>"
        )
    };
    refused("a pattern of many states", &typed("(a|b)*a(a|b){20}"));
    refused("nested counts", &typed("((a{0,99}){0,99}){0,99}"));
    assert!(load(&typed(&"\\i\\c".repeat(100))).is_ok());
    // Where others look back, ours looks at each character once.
    let schema = load(&typed("(a*)*b|(a|aa)*c")).unwrap();
    let value = "a".repeat(500_000);
    assert_eq!(flaws(&schema, &format!("<a xmlns='urn:t'>{value}</a>")), ["value-pattern /a"]);
}

#[test]
fn long_lists_of_codes_are_looked_into_and_not_through() {
    let codes: String = (0..20_000).map(|at| format!("<xs:enumeration value='{at}.5'/>")).collect();
    let schema = load(&format!("<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' maxOccurs='unbounded'><xs:simpleType><xs:restriction base='xs:decimal'>{codes}</xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element>"),
    )
    .unwrap();
    let values: String = (0..20_000).map(|at| format!("<b>0{}.50</b>", at % 19_999)).collect();
    assert!(judge(&schema, &format!("<a xmlns='urn:t'>{values}</a>")).is_valid());
}

#[test]
fn chains_and_crowds_of_substitutes_are_bounded() {
    let members: String = (0..3_000).map(|at| format!("<xs:element name='m{at}' substitutionGroup='t:h'/>")).collect();
    assert!(load(&format!("<xs:element name='h'/>{members}")).is_ok());
    let refs = "<xs:element ref='t:h'/>".repeat(200);
    let crowd = format!(
        "<xs:element name='h'/>{members}<xs:element name='a'><xs:complexType><xs:sequence>{refs}</xs:sequence></xs:complexType></xs:element>"
    );
    refused("a crowd that is referred to often", &crowd);
    let circle: String =
        (0..200).map(|at| format!("<xs:element name='c{at}' substitutionGroup='t:c{}'/>", (at + 1) % 200)).collect();
    assert!(load(&circle).is_err());
}

#[test]
fn restrictions_are_compared_within_a_bound() {
    let nest = |levels: usize, leaf: &str| {
        (0..levels).fold(leaf.to_string(), |inside, _| {
            format!(
                "<xs:choice>{inside}<xs:sequence>{inside}<xs:element name='x' minOccurs='0'/></xs:sequence></xs:choice>"
            )
        })
    };
    let base = nest(9, "<xs:element name='b'/>");
    let own = nest(9, "<xs:element name='c'/>");
    let body = format!(
        "<xs:group name='g'><xs:sequence>{base}</xs:sequence></xs:group><xs:group name='h'><xs:sequence>{own}</xs:sequence></xs:group>"
    );
    let _ = load(&body);
}
