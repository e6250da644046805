//! Whatever bytes arrive, the reader ends without a panic, and what it passes another parser passes too.

#![no_main]

use gridpost::xml::{Event, Limits, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    let limits = Limits::default();
    let Ok(mut reader) = Reader::new(document, &limits) else { return };
    let mut depth = 0usize;
    loop {
        match reader.read() {
            Ok(Event::Open { slot, byte }) => {
                depth += 1;
                assert_eq!(reader.depth(), depth);
                assert_eq!(document[byte], b'<');
                assert!(!reader.local(slot).is_empty());
                let _ = reader.namespace(slot);
            }
            Ok(Event::Close { byte }) => {
                depth -= 1;
                assert_eq!(document[byte], b'<');
            }
            Ok(Event::Text { text, .. }) => assert!(!text.is_empty() && !text.contains('\r') || text == "\n"),
            Ok(Event::Character { .. }) => {}
            Ok(Event::End) => {
                assert_eq!(depth, 0);
                return;
            }
            Err(wrong) => {
                assert!(wrong.byte <= document.len());
                return;
            }
        }
    }
});
