//! There are several ways through a document, and one verdict: predicted or not, whole or in pieces, in any encoding.

use std::io::Read;

use proptest::prelude::*;

use super::*;
use crate::spec::{Pieces, check_generally, check_reader_by};

/// A schema with everything that the predicting path looks at.
const PARTS: &str = "
    <xs:element name='doc' type='t:Doc'/>
    <xs:complexType name='Doc'><xs:sequence>
      <xs:element name='id' type='t:Id'/>
      <xs:element name='kind' type='t:Kind' default='A01' minOccurs='0'/>
      <xs:element name='party' type='t:Party' maxOccurs='2'/>
      <xs:element name='at' type='xs:dateTime'/>
      <xs:choice minOccurs='0' maxOccurs='unbounded'>
        <xs:element name='point' type='t:Point'/>
        <xs:element name='note' type='xs:token' nillable='true'/>
      </xs:choice>
    </xs:sequence><xs:attribute name='version' type='xs:integer'/></xs:complexType>
    <xs:complexType name='Point'><xs:sequence>
      <xs:element name='position' type='t:Position'/><xs:element name='quantity' type='xs:decimal' minOccurs='0'/>
      <xs:element name='quality' type='t:Kind' minOccurs='0'/><xs:element name='a_name_longer_than_a_word' type='xs:string' minOccurs='0'/>
    </xs:sequence></xs:complexType>
    <xs:complexType name='Party'><xs:simpleContent><xs:extension base='t:Id'>
      <xs:attribute name='scheme' type='t:Kind' use='required'/><xs:attribute name='list' type='xs:string'/>
    </xs:extension></xs:simpleContent></xs:complexType>
    <xs:simpleType name='Id'><xs:restriction base='xs:string'><xs:maxLength value='8'/></xs:restriction></xs:simpleType>
    <xs:simpleType name='Position'><xs:restriction base='xs:integer'><xs:minInclusive value='1'/><xs:maxInclusive value='999'/></xs:restriction></xs:simpleType>
    <xs:simpleType name='Kind'><xs:restriction base='xs:token'><xs:enumeration value='A01'/><xs:enumeration value='E17'/>
      <xs:enumeration value='8716867000030'/><xs:enumeration value='B2'/></xs:restriction></xs:simpleType>";

const DOCUMENT: &str = "<?xml version='1.0' encoding='UTF-8'?>\n<t:doc xmlns:t=\"urn:t\" version=\"3\">\r\n  <t:id>æøå-1</t:id>
  <t:kind>A01</t:kind>\n  <t:party scheme=\"B2\">5790</t:party><t:party list=\"x\" scheme=\"8716867000030\">1</t:party>
  <t:at>2024-02-28T23:00:00Z</t:at><!-- between -->
  <t:point>\n    <t:position>1</t:position>\n    <t:quantity>-12.50</t:quantity>\n    <t:quality>E17</t:quality>\n  </t:point>
  <t:note>a  <![CDATA[b]]> &amp; c</t:note><t:note/>
  <t:point><t:position>999</t:position><t:a_name_longer_than_a_word>x</t:a_name_longer_than_a_word></t:point>\n</t:doc>\n";

/// Hands out a few bytes at a time, however many are asked for.
struct Drops<'d>(&'d [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// Text in one piece, whatever the reader made of it, for the handler hears whole values anyway.
fn all_ways(schema: &Schema, document: &[u8], steps: &[usize]) -> Verdict {
    let limits = Limits::default();
    let mut heard = Heard::default();
    let verdict = check(schema, document, &limits, &mut heard);
    let mut generally = Heard::default();
    let general = check_generally(schema, document, &limits, &mut generally);
    let shown = String::from_utf8_lossy(document);
    assert_eq!(verdict, general, "{shown}");
    assert_eq!(heard.0, generally.0, "{shown}");
    for &step in steps {
        let mut pieces = Heard::default();
        let streamed = check_reader_by(schema, Drops(document, step), &limits, &mut pieces, step).unwrap();
        assert_eq!(verdict, streamed, "in steps of {step}: {shown}");
        assert_eq!(heard.0, pieces.0, "in steps of {step}: {shown}");
        let mut handed = Heard::default();
        let mut check = Pieces::new(schema, &limits, &mut handed);
        document.chunks(step).for_each(|piece| check.feed(piece));
        assert_eq!(verdict, check.finish(), "handed over in steps of {step}: {shown}");
        assert_eq!(heard.0, handed.0, "handed over in steps of {step}: {shown}");
    }
    verdict
}

#[test]
fn limits_hold_on_every_way() {
    let schema = schema(PARTS);
    let plain = Limits::default;
    let few = |n: usize| {
        [
            Limits { name_bytes_max: n, ..plain() },
            Limits { text_bytes_max: n, ..plain() },
            Limits { attributes_max: n, ..plain() },
            Limits { depth_max: n, ..plain() },
            Limits { records_max: n, ..plain() },
            Limits { flaws_max: n, ..plain() },
            Limits { body_bytes_max: n * 40, ..plain() },
        ]
    };
    for limits in (0..30).flat_map(few) {
        let (mut a, mut b, mut c) = (Heard::default(), Heard::default(), Heard::default());
        let verdict = check(&schema, DOCUMENT.as_bytes(), &limits, &mut a);
        assert_eq!(verdict, check_generally(&schema, DOCUMENT.as_bytes(), &limits, &mut b), "{limits:?}");
        let pieces = check_reader_by(&schema, DOCUMENT.as_bytes(), &limits, &mut c, 17).unwrap();
        assert_eq!(verdict, pieces, "{limits:?}");
        let mut nobody = ();
        let mut handed = Pieces::new(&schema, &limits, &mut nobody);
        DOCUMENT.as_bytes().chunks(17).for_each(|piece| handed.feed(piece));
        assert_eq!(verdict, handed.finish(), "{limits:?}");
        assert_eq!(a.0, b.0, "{limits:?}");
    }
}

/// Found by fuzzing: what is wrong with a declaration is told alike, however much of it has come.
#[test]
fn a_long_declaration_that_is_none_is_no_long_name() {
    let document = format!("<?xml version=\"1.0\"?><!cim:{}>", "n".repeat(300));
    let verdict = all_ways(&schema(PARTS), document.as_bytes(), &[1, 3, 7, 64, 400]);
    let told: Vec<(&str, usize)> = verdict.flaws.iter().map(|flaw| (flaw.code, flaw.byte)).collect();
    assert_eq!(told, [("not-well-formed", 21)]);
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let text = text.replace("encoding='UTF-8'", "encoding='UTF-16'");
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

/// The names of a document's elements by another reader, in order; none where it finds no document.
fn names_by_another(document: &[u8]) -> Option<Vec<String>> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_reader(document);
    let mut names = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => names.push(tag.name().as_ref().to_string()),
            Event::Eof => return Some(names),
            _ => {}
        }
    }
}

#[test]
fn another_reader_finds_the_same_elements() {
    let limits = Limits::default();
    for (from, to) in [
        ("", ""),
        ("A01", "<!-- > -->"),
        ("x</t:a", "<![CDATA[<b>]]></t:a"),
        ("list=\"x\"", "list='>'"),
        (">1<", ">&#x31;<"),
    ] {
        let document = DOCUMENT.replacen(from, to, 1);
        let mut reader = crate::xml::Reader::new(document.as_bytes(), &limits).unwrap();
        let mut names = Vec::new();
        loop {
            match reader.read().unwrap() {
                crate::xml::Event::Open { slot, .. } => names.push(format!("t:{}", reader.local(slot))),
                crate::xml::Event::End => break,
                _ => {}
            }
        }
        assert_eq!(Some(names), names_by_another(document.as_bytes()), "{document}");
    }
}

#[test]
fn every_cut_gives_the_same_verdict() {
    let schema = schema(PARTS);
    let steps: Vec<usize> = (1..40).chain([63, 64, 65, 500, DOCUMENT.len() - 1, DOCUMENT.len()]).collect();
    assert!(all_ways(&schema, DOCUMENT.as_bytes(), &steps).is_valid());
    // The first piece ends at each byte in turn.
    for cut in 1..DOCUMENT.len() {
        let mut heard = Heard::default();
        let (first, second) = DOCUMENT.as_bytes().split_at(cut);
        let verdict = check_reader_by(&schema, first.chain(second), &Limits::default(), &mut heard, cut).unwrap();
        assert!(verdict.is_valid(), "{cut}: {verdict:?}");
    }
}

#[test]
fn a_truncated_document_is_found_out_wherever_it_ends() {
    let schema = schema(PARTS);
    let end = DOCUMENT.trim_end().len();
    for cut in 0..end {
        assert!(!all_ways(&schema, &DOCUMENT.as_bytes()[..cut], &[7]).is_valid(), "{cut}");
    }
}

#[test]
fn sixteen_bits_say_what_eight_do() {
    let schema = schema(PARTS);
    let mut eight = Heard::default();
    check(&schema, DOCUMENT.as_bytes(), &Limits::default(), &mut eight);
    let names = |heard: &Heard| heard.0.iter().map(|s| s.split(" at ").next().unwrap().to_string()).collect::<Vec<_>>();
    for little in [false, true] {
        let wide = utf16(DOCUMENT, little);
        assert!(all_ways(&schema, &wide, &[1, 2, 3, 5, 64]).is_valid());
        let mut heard = Heard::default();
        check(&schema, &wide, &Limits::default(), &mut heard);
        assert_eq!(names(&heard), names(&eight));
        assert_eq!(crate::spec::root_of(&wide, &Limits::default()).unwrap().name, "doc");
        // A flaw is where it is in the document that arrived.
        let wrong = DOCUMENT.replace("E17", "😀17");
        let narrow = judge(&schema, &wrong);
        let verdict = all_ways(&schema, &utf16(&wrong, little), &[1, 3, 64]);
        let place = |v: &Verdict| (v.flaws[0].line, v.flaws[0].column, v.flaws[0].code);
        assert_eq!(place(&verdict), place(&narrow));
        let before: usize =
            wrong[..narrow.flaws[0].byte].replace("encoding='UTF-8'", "encoding='UTF-16'").encode_utf16().count();
        assert_eq!(verdict.flaws[0].byte, 2 + 2 * before);
        assert_eq!(all_ways(&schema, &wide[..wide.len() - 1], &[3]).flaws[0].code, "encoding-invalid");
    }
    // No mark, and a declaration that says so; no mark, and none; a declaration that is wrong.
    let bare = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let judged = |bytes: &[u8]| check(&schema, bytes, &Limits::default(), &mut ()).flaws.first().map(|f| f.code);
    assert_eq!(judged(&bare(&DOCUMENT.replace("UTF-8", "UTF-16BE"))), None);
    assert_eq!(judged(&bare("<?xml version='1.0'?><t:doc xmlns:t='urn:t'/>")), Some("encoding-unsupported"));
    assert_eq!(judged(&bare("<t:doc xmlns:t='urn:t'/>")), Some("encoding-unsupported"));
    assert_eq!(judged(DOCUMENT.replace("UTF-8", "UTF-16").as_bytes()), Some("not-well-formed"));
    assert_eq!(judged(b"\xFE\xFF\xD8\x00\x00<"), Some("encoding-invalid"));
}

#[test]
fn comments_and_sections_may_be_larger_than_any_window() {
    let schema = schema(PARTS);
    let long = "x-]?\r".repeat(100_000);
    for piece in [format!("<!--{long}-->"), format!("<?p {long}?>")] {
        let document = DOCUMENT.replace("<!-- between -->", &piece);
        assert!(all_ways(&schema, document.as_bytes(), &[1000, 4096]).is_valid());
    }
    let document = DOCUMENT.replace("a  <![CDATA[b]]>", &format!("<![CDATA[{long}]]>{}", "y]]\r".repeat(50_000)));
    assert!(all_ways(&schema, document.as_bytes(), &[1000, 70_000]).is_valid());
}

/// How many documents are tried; PROPTEST_CASES asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

const PIECES: &[&str] = &[
    "<",
    ">",
    "/",
    "</",
    "t:",
    "&",
    ";",
    "\"",
    "'",
    " ",
    "\n",
    "\r\n",
    "\t",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?",
    "?>",
    "A01",
    "E17",
    "B2 ",
    "1",
    "0",
    "-",
    ".5",
    "2024-02-30T00:00:00Z",
    "24",
    "æ",
    "\u{FFFE}",
    "\u{0}",
    "<t:note>",
    "</t:note>",
    "<t:point>",
    "</t:point>",
    "<t:position>1</t:position>",
    "<t:kind>",
    "<t:other/>",
    "<t:note/>",
    " scheme=\"A01\"",
    " xmlns:t=\"urn:t\"",
    " xmlns:t=\"urn:u\"",
    " xmlns:u=\"urn:u\"",
    " nil=\"1\"",
    "&amp;",
    "&#65;",
    "&#13;",
    "t:point",
    "t:position",
    "=",
    "  ",
    "x",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_paths_agree_on_damaged_documents(
        changes in prop::collection::vec((0..DOCUMENT.len(), 0..12usize, 0..PIECES.len()), 0..4),
        step in 1..200usize,
        wide in 0..4usize,
    ) {
        let mut bytes = DOCUMENT.as_bytes().to_vec();
        for (at, removed, piece) in changes {
            let at = at.min(bytes.len());
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, PIECES[piece].bytes());
        }
        if wide == 0 {
            bytes = utf16(&String::from_utf8_lossy(&bytes), step % 2 == 0);
        }
        all_ways(&schema(PARTS), &bytes, &[step]);
    }
}
