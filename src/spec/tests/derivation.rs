//! What one complex type makes of another: extensions, and restrictions particle by particle.

use super::*;

fn restricted(base: &str, own: &str) -> String {
    format!(
        "<xs:complexType name='B'>{base}</xs:complexType><xs:complexType name='R'><xs:complexContent>
           <xs:restriction base='t:B'>{own}</xs:restriction></xs:complexContent></xs:complexType>{HEAD}"
    )
}

fn extended(base: &str, own: &str) -> String {
    format!(
        "<xs:complexType name='B'>{base}</xs:complexType><xs:complexType name='R'><xs:complexContent>
           <xs:extension base='t:B'>{own}</xs:extension></xs:complexContent></xs:complexType>"
    )
}

const HEAD: &str =
    "<xs:element name='h' type='xs:string'/><xs:element name='m' type='xs:token' substitutionGroup='t:h'/>
    <xs:element name='n' type='xs:string' substitutionGroup='t:h'/>";

/// `b c? d+ e{2,3}` to the elements of a group; `h` and `m` are references, `*` takes anything.
fn group(kind: &str, occurs: &str, members: &str) -> String {
    let members = members.split_whitespace().map(|member| {
        let (name, occurs) = member.split_at(1);
        let (least, most) = match occurs {
            "" => ("1", "1"),
            "?" => ("0", "1"),
            "*" => ("0", "unbounded"),
            "+" => ("1", "unbounded"),
            range => range.trim_matches(['{', '}']).split_once(',').unwrap(),
        };
        let occurs = format!("minOccurs='{least}' maxOccurs='{most}'");
        match name {
            "h" | "m" | "n" => format!("<xs:element ref='t:{name}' {occurs}/>"),
            "*" => format!("<xs:any {occurs} processContents='lax'/>"),
            name => format!("<xs:element name='{name}' type='xs:string' {occurs}/>"),
        }
    });
    format!("<xs:{kind} {occurs}>{}</xs:{kind}>", members.collect::<String>())
}

#[test]
fn a_restriction_is_held_against_its_base_particle_by_particle() {
    let (sequence, choice, all) = ("sequence", "choice", "all");
    // The base, what restricts it, and whether it may. Source: XML Schema Part 1, 3.9.6, by the name of its rules.
    let cases = [
        ((sequence, "b c"), (sequence, "b c"), true),
        ((sequence, "b? c"), (sequence, "c"), true),
        ((sequence, "b c"), (sequence, "c b"), false),
        ((sequence, "b c"), (sequence, "b"), false),
        ((sequence, "b{2,3}"), (sequence, "b{2,2}"), true),
        ((sequence, "b{2,3}"), (sequence, "b{1,2}"), false),
        // Recurse lax: in the order of the base.
        ((choice, "b c d"), (choice, "b d"), true),
        ((choice, "b c d"), (choice, "d b"), false),
        // Recurse unordered.
        ((all, "b c? d"), (sequence, "d b"), true),
        ((all, "b c? d"), (sequence, "d c"), false),
        ((all, "b c? d"), (all, "b d"), true),
        ((all, "b c d"), (all, "c b d"), false),
        // Map and sum: all of the members together.
        ((choice, "b c"), (sequence, "b"), true),
        ((choice, "b c"), (sequence, "b c"), false),
        // Documents would not tell, but the Recommendation does.
        ((sequence, "b c"), (choice, "b c"), false),
        // Name and type, wildcards.
        ((sequence, "*{1,2}"), (sequence, "b c"), true),
        ((sequence, "*{1,2}"), (sequence, "b c d"), false),
        ((sequence, "b"), (sequence, "*"), false),
        // A head stands for a choice between its members.
        ((sequence, "h"), (sequence, "m"), true),
        ((sequence, "m"), (sequence, "h"), false),
        ((sequence, "h"), (choice, "m n"), true),
    ];
    for ((base_kind, base), (own_kind, own), fits) in cases {
        let body = restricted(&group(base_kind, "", base), &group(own_kind, "", own));
        check_schemas(&[(&body, if fits { "" } else { "takes what its base does not" })]);
    }
    let twice = "minOccurs='0' maxOccurs='2'";
    for (base, own, fits) in [
        (group(choice, twice, "b c"), group(sequence, "", "b c"), true),
        (group(choice, twice, "b c"), group(sequence, "", "b c d"), false),
        (group(sequence, twice, "b c"), group(sequence, "", "b c"), true),
        (group(sequence, twice, "b"), String::new(), true),
        (group(sequence, "", "b"), String::new(), false),
    ] {
        check_schemas(&[(&restricted(&base, &own), if fits { "" } else { "takes what its base does not" })]);
    }
}

#[test]
fn what_an_element_says_of_itself_is_restricted_too() {
    let one = |says: &str| format!("<xs:sequence><xs:element name='b' {says}/></xs:sequence>");
    for (base, own, fits) in [
        ("type='xs:string'", "type='xs:token'", true),
        ("type='xs:token'", "type='xs:string'", false),
        ("type='xs:int'", "type='xs:int' nillable='true'", false),
        ("type='xs:int' nillable='true'", "type='xs:int'", true),
        ("type='xs:int' fixed='1'", "type='xs:int'", false),
        ("type='xs:int' fixed='1'", "type='xs:int' fixed='01'", true),
        ("type='xs:int' block='extension'", "type='xs:int'", false),
        ("type='xs:int' block='extension'", "type='xs:int' block='#all'", true),
        ("type='t:U'", "type='xs:int'", false),
    ] {
        let unions = "<xs:simpleType name='U'><xs:union memberTypes='xs:int xs:token'/></xs:simpleType>";
        let body = restricted(&one(base), &one(own)) + unions;
        check_schemas(&[(&body, if fits { "" } else { "takes what its base does not" })]);
    }
}

#[test]
fn attributes_are_restricted_one_by_one() {
    let one = |says: &str| format!("<xs:attribute name='x' {says}/>");
    for (base, own, word) in [
        (one("use='required'"), one(""), "must stay required"),
        (one("use='required'"), one("use='prohibited'"), "must stay required"),
        (one("use='required'"), String::new(), ""),
        (one("fixed='1'"), one(""), "must stay fixed"),
        (one("fixed='1'"), one("fixed='1'"), ""),
        (one("type='xs:string'"), one("type='xs:token'"), ""),
        (one("type='xs:int'"), one("type='xs:token'"), "not derived"),
        (String::new(), one(""), "has no attribute"),
        ("<xs:anyAttribute namespace='##local'/>".into(), one(""), ""),
        ("<xs:anyAttribute namespace='##other'/>".into(), one(""), "has no attribute"),
        ("<xs:anyAttribute namespace='##local'/>".into(), "<xs:anyAttribute/>".into(), "takes attributes"),
        ("<xs:anyAttribute/>".into(), "<xs:anyAttribute processContents='lax'/>".into(), "takes attributes"),
    ] {
        check_schemas(&[(&restricted(&base, &own), word)]);
    }
}

#[test]
fn extensions_add_behind_what_is_there() {
    let (b, c) = (group("sequence", "", "b"), group("sequence", "", "c"));
    for (base, own, word) in [
        (b.clone(), c.clone(), ""),
        (group("all", "", "b"), c.clone(), "neither extended"),
        (b.clone(), group("all", "", "c"), "neither extended"),
        (String::new(), group("all", "", "c"), ""),
        (group("all", "", "b"), "<xs:attribute name='x'/>".into(), ""),
        ("<xs:attribute name='x'/>".into(), "<xs:attribute name='x'/>".into(), "declared twice"),
        ("<xs:attribute name='i' type='xs:ID'/>".into(), "<xs:attribute name='j' type='xs:ID'/>".into(), "ids"),
    ] {
        check_schemas(&[(&extended(&base, &own), word)]);
    }
    let mixed = |base: bool, own: bool, inside: &str| {
        format!(
            "<xs:complexType name='B' mixed='{base}'>{b}</xs:complexType><xs:complexType name='R'>
               <xs:complexContent mixed='{own}'><xs:extension base='t:B'>{inside}</xs:extension></xs:complexContent></xs:complexType>"
        )
    };
    for (base, own, inside, word) in [
        (true, true, &c[..], ""),
        (true, false, &c, "both be mixed"),
        (false, true, &c, "both be mixed"),
        (false, true, "", "both be mixed"),
        (true, false, "", ""),
    ] {
        check_schemas(&[(&mixed(base, own, inside), word)]);
    }
}

#[test]
fn a_member_that_is_blocked_does_not_stand_for_its_head() {
    let body = |block: &str| {
        format!(
            "<xs:element name='a'><xs:complexType><xs:sequence><xs:element ref='t:head'/></xs:sequence></xs:complexType></xs:element>
             <xs:element name='head' type='t:B' {block}/><xs:element name='same' type='t:B' substitutionGroup='t:head'/>
             <xs:element name='more' type='t:R' substitutionGroup='t:head'/>{}",
            extended("<xs:sequence/>", "<xs:attribute name='x'/>")
        )
    };
    let judged = |block: &str, member: &str| flaws(&schema(&body(block)), &format!("<a xmlns='urn:t'><{member}/></a>"));
    assert_eq!(judged("", "more"), [""; 0]);
    assert_eq!(judged("block='extension'", "same"), [""; 0]);
    assert_eq!(judged("block='extension'", "more"), ["element-unexpected /a/more", "element-missing /a/head"]);
    assert_eq!(judged("block='substitution'", "same"), ["element-unexpected /a/same", "element-missing /a/head"]);
}

#[test]
fn a_choice_between_nothing_cannot_be_made() {
    let schema = schema("<xs:element name='a'><xs:complexType><xs:choice/></xs:complexType></xs:element>");
    assert_eq!(flaws(&schema, "<a xmlns='urn:t'/>"), ["element-missing /a"]);
    let optional =
        super::schema("<xs:element name='a'><xs:complexType><xs:choice minOccurs='0'/></xs:complexType></xs:element>");
    assert_eq!(flaws(&optional, "<a xmlns='urn:t'/>"), [""; 0]);
}
