//! A document from a reader: a window of it at a time, and never the whole.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::check::{Checker, Handler};
use super::flaw::{Flaw, Found, Root, Verdict};
use super::schema::Schema;
use super::utf16::{self, Decoder};
use crate::xml::{Event, Limits, Malformed, Reader, State, Then, Walk};

/// Bytes asked for at a time. What is held beyond them is the piece of markup that they end in.
const CHUNK: usize = 256 * 1024;

/// Checks a document while it arrives. The verdict is the one that [`super::check`] would give of the whole.
///
/// UTF-8 and UTF-16 are taken. The memory used is that of a window, not of the document. `byte` in what the handler
/// hears counts in UTF-8; in the flaws it counts in the document as it arrived. An error is the source's own.
pub fn check_reader(
    schema: &Schema,
    source: impl Read,
    limits: &Limits,
    handler: &mut dyn Handler,
) -> io::Result<Verdict> {
    check_pieces(Checker::new(schema, limits, handler), source, CHUNK)
}

/// The same, with the size of the pieces to be read: for tests and fuzzing.
#[doc(hidden)]
pub fn check_reader_by(
    schema: &Schema,
    source: impl Read,
    limits: &Limits,
    handler: &mut dyn Handler,
    bytes: usize,
) -> io::Result<Verdict> {
    check_pieces(Checker::new(schema, limits, handler), source, bytes)
}

/// The same, with the size of the pieces to be read.
pub(super) fn check_pieces(mut checker: Checker, mut source: impl Read, chunk: usize) -> io::Result<Verdict> {
    let limits = checker.limits;
    let mut arrived = Arrived::default();
    let mut places = Places::new();
    let mut state: Option<State> = None;
    loop {
        let ended = !arrived.fill(&mut source, chunk, limits)?;
        if arrived.total > limits.body_bytes_max {
            return Ok(too_large(limits));
        }
        let Some(decoder) = &mut arrived.decoder else {
            if arrived.start(ended) {
                places.mark = arrived.decoder.as_ref().map_or(0, Decoder::mark);
                places.walk.wide = arrived.decoder.as_ref().is_some_and(Decoder::is_wide);
            }
            continue;
        };
        let known = state.take().unwrap_or_else(|| State::new(limits, decoder.encoding()));
        let then = match (&decoder.wrong, ended) {
            (Some(wrong), _) => Then::Broken(wrong.clone()),
            (None, true) => Then::End,
            (None, false) => Then::More,
        };
        let mut reader = Reader::resume(known, &arrived.text, then);
        let outcome = checker.run(&mut reader);
        let (next, used) = reader.suspend(arrived.text.len());
        let done = match outcome {
            Ok(done) => done,
            Err(wrong) => {
                checker.malformed(wrong);
                true
            }
        };
        let mut wanted: Vec<usize> = checker.recovery.bytes().chain(checker.frames.iter().map(|f| f.byte)).collect();
        wanted.extend(next.pending());
        wanted.extend(checker.referred());
        wanted.extend(checker.keys.bytes());
        let passed = if done { arrived.text.len() } else { used };
        places.note(wanted, &arrived.text, passed);
        if done {
            break;
        }
        arrived.text.drain(..used);
        state = Some(next);
    }
    // The rest is counted and thrown away: a body that is too large is refused for that, whatever stands in it.
    while arrived.total <= limits.body_bytes_max {
        arrived.text.clear();
        if !arrived.skip(&mut source)? {
            let Checker { recovery, root, .. } = checker;
            let (mut found, truncated) = recovery.finish();
            found.sort_by_key(|flaw| flaw.byte);
            return Ok(Verdict { root, flaws: found.into_iter().map(|flaw| places.settle(flaw)).collect(), truncated });
        }
    }
    Ok(too_large(limits))
}

/// A body over the limit is said nothing else of. Where in it the limit lies, in lines, is not worth counting.
pub(super) fn too_large(limits: &Limits) -> Verdict {
    let Malformed { byte, code, message } = Malformed::too_large(limits);
    let flaw = Flaw { line: 1, column: 1, byte, path: String::new(), code, message };
    Verdict { root: None, flaws: vec![flaw], truncated: false }
}

/// Is this UTF-16, by its mark or by its first characters?
pub(super) fn is_utf16(document: &[u8]) -> bool {
    utf16::detect(document).is_some()
}

/// As [`super::root_of`], of a document in UTF-16.
pub(super) fn root_of_utf16(document: &[u8], limits: &Limits) -> Result<Root, Flaw> {
    let mut arrived = Arrived::default();
    let mut source = document;
    let mut state = None;
    loop {
        // A slice cannot fail to be read.
        let ended = !arrived.fill(&mut source, CHUNK, limits).unwrap_or(false);
        let Some(decoder) = &arrived.decoder else {
            arrived.start(ended);
            continue;
        };
        let known = state.take().unwrap_or_else(|| State::new(limits, decoder.encoding()));
        let then = match (&decoder.wrong, ended) {
            (Some(wrong), _) => Then::Broken(wrong.clone()),
            (None, true) => Then::End,
            (None, false) => Then::More,
        };
        let mut reader = Reader::resume(known, &arrived.text, then);
        match reader.advance() {
            Ok(Some(Event::Open { slot, .. })) => {
                return Ok(Root {
                    namespace: reader.namespace(slot).to_string(),
                    name: reader.local(slot).to_string(),
                });
            }
            Ok(None) => {
                let (next, used) = reader.suspend(arrived.text.len());
                arrived.text.drain(..used);
                state = Some(next);
            }
            Ok(Some(_)) => return Err(Flaw::first(Malformed::new(0, "The document has no root element."))),
            Err(wrong) => return Err(Flaw::first(wrong)),
        }
    }
}

/// What has arrived and was not yet used, in UTF-8.
#[derive(Default)]
struct Arrived {
    text: Vec<u8>,
    raw: Vec<u8>,
    /// Known after the first four bytes.
    decoder: Option<Decoder>,
    total: usize,
}

impl Arrived {
    /// Reads on, by `chunk` bytes at most. Says whether the document goes on.
    fn fill(&mut self, source: &mut impl Read, chunk: usize, limits: &Limits) -> io::Result<bool> {
        // Markup that does not end makes the window grow, and the steps with it, so that nothing is quadratic.
        let wanted = chunk.max(self.text.len()).min(limits.body_bytes_max.saturating_add(1)).max(1);
        let into = match &self.decoder {
            Some(decoder) if !decoder.is_wide() => &mut self.text,
            _ => &mut self.raw,
        };
        let before = into.len();
        let mut limited = source.take(wanted as u64);
        let read = limited.read_to_end(into)?;
        self.total += read;
        debug_assert_eq!(into.len(), before + read);
        if let Some(decoder) = &mut self.decoder
            && decoder.is_wide()
        {
            decoder.decode(&mut self.raw, &mut self.text, read == 0);
        }
        Ok(read > 0)
    }

    /// Finds out the encoding, if there is enough to tell it by.
    fn start(&mut self, ended: bool) -> bool {
        if self.raw.len() < 4 && !ended {
            return false;
        }
        let mut decoder = Decoder::new(&self.raw);
        if decoder.is_wide() {
            self.raw.drain(..decoder.mark());
            decoder.decode(&mut self.raw, &mut self.text, false);
        } else {
            self.text = std::mem::take(&mut self.raw);
        }
        self.decoder = Some(decoder);
        true
    }

    fn skip(&mut self, source: &mut impl Read) -> io::Result<bool> {
        let mut bytes = [0; 8 * 1024];
        let read = source.read(&mut bytes)?;
        self.total += read;
        Ok(read > 0)
    }
}

/// Lines and columns of the few bytes that a verdict may still speak of.
struct Places {
    walk: Walk,
    known: BTreeMap<usize, (u32, u32, usize)>,
    /// Bytes of the mark that a document in UTF-16 begins with.
    mark: usize,
}

impl Places {
    fn new() -> Places {
        Places { walk: Walk::new(), known: BTreeMap::new(), mark: 0 }
    }

    /// Walks over the first `passed` bytes of the window, and keeps the places that are wanted.
    fn note(&mut self, mut wanted: Vec<usize>, window: &[u8], passed: usize) {
        wanted.sort_unstable();
        wanted.dedup();
        let start = self.walk.byte;
        let mut kept = BTreeMap::new();
        for byte in wanted {
            if let Some(&known) = self.known.get(&byte) {
                kept.insert(byte, known);
            } else if byte >= self.walk.byte {
                let to = (byte - start).min(passed);
                let from = self.walk.byte - start;
                self.walk.over(&window[from.min(to)..to]);
                kept.insert(byte, (self.walk.line, self.walk.column, self.arrived(byte)));
            }
        }
        let from = self.walk.byte - start;
        self.walk.over(&window[from.min(passed)..passed]);
        self.known = kept;
    }

    /// The offset in the document as it arrived.
    fn arrived(&self, byte: usize) -> usize {
        if self.walk.wide { self.mark + 2 * self.walk.units } else { byte }
    }

    fn settle(&self, found: Found) -> Flaw {
        let Found { byte, path, code, message } = found;
        let (line, column, byte) = self.known.get(&byte).copied().unwrap_or((1, 1, byte));
        Flaw { line, column, byte, path, code, message }
    }
}
