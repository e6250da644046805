//! Documents that went a little wrong, the same ones on every run.

use std::ops::Range;

/// xorshift64*: chance from a seed, and from nothing else.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }

    fn pick<'v>(&mut self, from: &[&'v str]) -> &'v str {
        from[self.below(from.len())]
    }
}

/// Values on both sides of the edges of the types that price lists use.
const VALUES: &[&str] = &[
    "",
    " ",
    "  D01 ",
    "D01",
    "D02",
    "D03",
    "D04",
    "d01",
    "D10",
    "D11",
    "E17",
    "23",
    "27",
    "A01",
    "A10",
    "DDQ",
    "EZ",
    "ZZZ",
    "1",
    "0",
    "-0",
    "+1",
    "01",
    "999999",
    "1000000",
    "0000999999",
    "1.0",
    "1.",
    ".5",
    ".",
    "-",
    "1e3",
    "1,5",
    "12345678901234567",
    "123456789012345678",
    "0.00000000000000001",
    "0.12345678901234567",
    "-1.10",
    "00012.300",
    "NaN",
    "INF",
    "true",
    "false",
    "TRUE",
    "2",
    " true ",
    "\n1\n",
    "\t12\t",
    "1 2",
    "PT1H",
    "P1D",
    "P1M",
    "P",
    "PT",
    "P1H",
    "-P1D",
    "P1DT",
    "PT0.5S",
    "PT.5S",
    "P1Y2M3DT4H5M6S",
    "PT15M ",
    "2024-02-29T23:00:00Z",
    "2023-02-29T23:00:00Z",
    "2000-02-29T23:00:00Z",
    "1900-02-29T23:00:00Z",
    "2024-04-31T00:00:00Z",
    "2024-12-31T24:00:00Z",
    "2024-12-31T23:59:60Z",
    "2024-12-31T23:00:00",
    "2024-12-31T23:00:00+02:00",
    "2024-12-31T23:00:00+14:00",
    "2024-12-31T23:00:00+14:01",
    "2024-12-31T23:00:00.000Z",
    "2024-12-31T23:00Z",
    "2023-02-29T23:00Z",
    "2024-02-29T23:00Z",
    "2100-02-29T23:00Z",
    "2000-02-29T00:00Z",
    "2024-02-30T23:00Z",
    "2024-13-01T00:00Z",
    "2024-11-31T00:00Z",
    "2024-12-31T24:00Z",
    "2024-12-31",
    " 2024-12-31T23:00:00Z ",
    "\n2024-12-31T23:00:00Z",
    " PT1H",
    "0000-12-31T23:00:00Z",
    "0000-12-31T23:00Z",
    "20241231",
    "-2024-12-31T23:00:00Z",
    "12024-12-31T23:00:00Z",
    "2024-12-31T23:00:00Zx",
    "2024-12-31t23:00:00z",
    "5790001330552",
    "1234567890123456",
    "12345678901234567",
    "æøåæøåæøåæøåæøå",
    "æøåæøåæøåæøåæøåæø",
    "&amp;",
    "&#65;01",
    "&#x44;01",
    "&lt;a>",
    "<![CDATA[D01]]>",
    "<![CDATA[]]>",
    "<!-- note -->",
    "D<!-- x -->01",
    "D0<?pi x?>1",
    "&#32;",
    "]]&gt;",
    "a\r\nb",
    "&#13;",
];

/// Edges of the types that master data use.
const EDGES: &[&str] = &[
    "D16",
    "D19",
    "D99",
    "E19",
    "E22",
    "B52",
    "B53",
    "KWT",
    "AMP",
    "K3",
    "kwt",
    "8716867000030",
    "8716867000031",
    "DK",
    "D",
    "DKK",
    "dk",
    "D1",
    " DK",
    "--02-29",
    "--02-30",
    "--04-31",
    "--12-31",
    "--13-01",
    "--1-1",
    "--12-31Z",
    "--12-31+14:00",
    "--12-31+14:01",
    "--12-31--",
    " --12-31 ",
    "12-31",
    "---31",
    "True",
    "False",
    "0.0",
    "-0.5",
    "1.5e3",
    "123456789012345678901234567890.5",
    "15 characters..",
    "16 characters...",
    "18 characters.....",
    "19 characters......",
    "36 characters.......................",
    "37 characters........................",
    "571313100000000010-571313100000000010",
    "35 characters......................",
    "60 characters...............................................",
    "61 characters................................................",
    "70 characters.........................................................",
    "71 characters..........................................................",
    "70 tegn, nogle lange æøå..............................................",
    "15 tegn æøå....",
    "999",
    "1000",
    "001",
    "0",
];

/// The same, but no XML.
const BROKEN: &[&str] = &[
    "]]>",
    "&nbsp;",
    "&",
    "&#0;",
    "&#xD800;",
    "<",
    "<!-- a--b -->",
    "<?xml version='1.0'?>",
    "\u{1}",
    "&#xFFFF;",
    "<a",
    "</a>",
];

const ATTRIBUTES: &[&str] = &[
    " codingScheme=\"A01\"",
    " codingScheme=\"XXX\"",
    " codingScheme=\" A10 \"",
    " codingScheme=\"\"",
    " CodingScheme=\"A10\"",
    " cim:codingScheme=\"A10\"",
    " xsi:schemaLocation=\"urn:a a.xsd\"",
    " xsi:noNamespaceSchemaLocation=\"a.xsd\"",
    " xsi:nil=\"true\"",
    " xsi:nil=\"false\"",
    " xml:lang=\"da\"",
    " id=\"1\"",
    " a=\"1\" a=\"2\"",
    " p:a=\"1\"",
    " xmlns=\"urn:other\"",
    " xmlns=\"\"",
    " xmlns:q=\"urn:q\"",
    " xmlns:cim=\"urn:other\"",
    " xsi:other=\"1\"",
    " a='<'",
    " a=1",
    " a",
    "a=\"1\"",
    " xmlns:q=\"\"",
    " xmlns:xml=\"urn:x\"",
    " \n\t ",
];

const ATTRIBUTE_VALUES: &[&str] =
    &["A10", "A01", "NDK", "VAT", "VA", "ARR", "KWT", "AMP", " AMP ", "K3", "kwt", "", "&#65;MP"];

/// One to three changes to a valid document.
pub fn mutate(document: &str, chance: &mut Chance) -> Vec<u8> {
    let mut text = document.to_string();
    for _ in 0..1 + chance.below(2) {
        text = change(&text, chance);
    }
    match chance.below(20) {
        0 => damage(text.into_bytes(), chance),
        1 => {
            let mut bytes = text.into_bytes();
            bytes.truncate(chance.below(bytes.len()));
            bytes
        }
        2 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        _ => text.into_bytes(),
    }
}

/// A byte replaced, inserted or taken out.
fn damage(mut bytes: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    let at = chance.below(bytes.len());
    let byte = *b"<>&\"'/=:;#! \n\x00\xFFa1[]-?"[..].get(chance.below(21)).unwrap_or(&b'x');
    match chance.below(3) {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        _ => {
            bytes.remove(at);
        }
    }
    bytes
}

fn change(text: &str, chance: &mut Chance) -> String {
    // A document that an earlier change broke is left as it is.
    let Ok(tree) = roxmltree::Document::parse(text) else { return text.to_string() };
    let elements: Vec<roxmltree::Node> = tree.descendants().filter(|node| node.is_element()).collect();
    let element = elements[chance.below(elements.len())];
    let range = element.range();
    match chance.below(16) {
        0 => cut(text, range),
        1 => insert(text, range.end, &text[range.clone()]),
        2 | 3 => {
            let siblings: Vec<_> =
                element.parent().map(|p| p.children().filter(|c| c.is_element()).collect()).unwrap_or_default();
            let Some(other) = siblings.get(chance.below(siblings.len())) else { return text.to_string() };
            exchange(text, range, other.range())
        }
        4 => rename(text, range, chance),
        5..=9 => {
            let leaves: Vec<_> = elements.iter().filter(|e| !e.children().any(|c| c.is_element())).collect();
            let Some(leaf) = leaves.get(chance.below(leaves.len())) else { return text.to_string() };
            let value = match chance.below(12) {
                0 => chance.pick(BROKEN),
                1..=5 => chance.pick(EDGES),
                _ => chance.pick(VALUES),
            };
            revalue(text, leaf.range(), value)
        }
        10 | 11 => {
            let end = range.start + text[range].find(['>', '/', ' ']).unwrap_or(1);
            insert(text, end, chance.pick(ATTRIBUTES))
        }
        12 => {
            let attributes: Vec<_> = elements.iter().flat_map(|element| element.attributes()).collect();
            let Some(attribute) = attributes.get(chance.below(attributes.len())) else { return text.to_string() };
            if chance.below(3) == 0 {
                // With the space before it.
                return cut(text, attribute.range().start - 1..attribute.range().end);
            }
            let name = if attribute.namespace().is_some() { "q:unit" } else { attribute.name() };
            exchange_with(text, attribute.range(), &format!("{name}=\"{}\"", chance.pick(ATTRIBUTE_VALUES)))
        }
        13 => {
            let piece = chance.pick(&[
                "<!-- x -->",
                "<?p x?>",
                "text",
                "&#32;",
                "&#65;",
                "<![CDATA[ ]]>",
                "<cim:other/>",
                "<other/>",
                "\n\n",
            ]);
            insert(text, range.end, piece)
        }
        14 => {
            let target = elements[chance.below(elements.len())].range();
            let moved = text[range.clone()].to_string();
            if target.end <= range.start { insert(&cut(text, range), target.end, &moved) } else { text.to_string() }
        }
        _ => {
            let (from, to) = [
                ("xmlns:cim=\"urn", "xmlns:cim=\"URN"),
                (":0:1\"", ":0:2\""),
                ("cim:", ""),
                ("xmlns:cim", "xmlns"),
                ("UTF-8", "utf-8"),
            ][chance.below(5)];
            text.replacen(from, to, 1 + chance.below(3))
        }
    }
}

fn cut(text: &str, range: Range<usize>) -> String {
    format!("{}{}", &text[..range.start], &text[range.end..])
}

fn insert(text: &str, at: usize, piece: &str) -> String {
    format!("{}{piece}{}", &text[..at], &text[at..])
}

fn exchange_with(text: &str, range: Range<usize>, piece: &str) -> String {
    [&text[..range.start], piece, &text[range.end..]].concat()
}

fn exchange(text: &str, a: Range<usize>, b: Range<usize>) -> String {
    let (a, b) = if a.start <= b.start { (a, b) } else { (b, a) };
    if a.end > b.start {
        return text.to_string();
    }
    [&text[..a.start], &text[b.clone()], &text[a.end..b.start], &text[a], &text[b.end..]].concat()
}

fn rename(text: &str, range: Range<usize>, chance: &mut Chance) -> String {
    let whole = &text[range.clone()];
    let end = whole.find(['>', ' ', '/']).unwrap_or(whole.len());
    let name = &whole[1..end];
    let other = match chance.below(5) {
        0 => name.to_lowercase(),
        1 => format!("{name}x"),
        2 => name[..name.len() - 1].to_string(),
        3 => format!(
            "cim:{}",
            chance.pick(&[
                "mRID",
                "type",
                "name",
                "Point",
                "Reason",
                "text",
                "code",
                "Series",
                "description",
                "reason.code"
            ])
        ),
        _ => name.replace("cim:", ""),
    };
    let inside = whole.replacen(name, &other, 1);
    let inside = match inside.rfind(name) {
        Some(at) => format!("{}{other}{}", &inside[..at], &inside[at + name.len()..]),
        None => inside,
    };
    [&text[..range.start], &inside, &text[range.end..]].concat()
}

fn revalue(text: &str, range: Range<usize>, value: &str) -> String {
    let whole = &text[range.clone()];
    let (Some(open), Some(close)) = (whole.find('>'), whole.rfind("</")) else { return text.to_string() };
    if close <= open {
        return text.to_string();
    }
    [&text[..range.start], &whole[..=open], value, &whole[close..], &text[range.end..]].concat()
}
