//! What our reader takes for a document, other readers take for one too, with the same elements and the same text.

#![no_main]

use gridpost::xml::{Event, Limits, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    let Some((names, text)) = ours(document) else { return };
    let source = std::str::from_utf8(document).expect("what we take is UTF-8");
    let source = source.strip_prefix('\u{FEFF}').unwrap_or(source);

    let tree = roxmltree::Document::parse(source).expect("what we take, others take");
    let elements = tree.descendants().filter(|node| node.is_element());
    let theirs: Vec<String> = elements.map(|node| node.tag_name().name().to_string()).collect();
    assert_eq!(names, theirs);
    let said: String = tree.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
    // A carriage return alone is a line end too (XML 1.0, 2.11), which roxmltree leaves as it is.
    assert_eq!(text.replace('\r', "\n"), said.replace('\r', "\n"));

    let mut reader = quick_xml::Reader::from_str(source);
    let mut tags = Vec::new();
    loop {
        match reader.read_event().expect("what we take, others take") {
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                tags.push(tag.local_name().as_ref().to_string());
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(names, tags);
});

/// Local names of the elements in order, and all text; none of what is no document to us.
fn ours(document: &[u8]) -> Option<(Vec<String>, String)> {
    let limits = Limits::default();
    let mut reader = Reader::new(document, &limits).ok()?;
    let (mut names, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read().ok()? {
            Event::Open { slot, .. } => names.push(reader.local(slot).to_string()),
            Event::Text { text: piece, .. } => text.push_str(piece),
            Event::Character { character, .. } => text.push(character),
            Event::Close { .. } => {}
            Event::End => return Some((names, text)),
        }
    }
}
