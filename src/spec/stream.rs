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
/// Bytes that are gathered before they are looked at, where they are handed over: what a network brings is less.
const PIECE: usize = 64 * 1024;

/// Checks a document from a reader. The verdict is the one that [`super::check`] would give of the whole.
///
/// UTF-8 and UTF-16 are taken. The memory used is that of a window, not of the document. `byte` in what the handler
/// hears counts in UTF-8; in the flaws it counts in the document as it arrived. An error is the source's own.
pub fn check_reader(
    schema: &Schema,
    source: impl Read,
    limits: &Limits,
    handler: &mut dyn Handler,
) -> io::Result<Verdict> {
    check_reader_by(schema, source, limits, handler, CHUNK)
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

/// The same, of a check that was begun.
pub(super) fn check_pieces(checker: Checker, mut source: impl Read, chunk: usize) -> io::Result<Verdict> {
    let mut pieces = Pieces::of(checker, chunk);
    while pieces.fill(&mut source)? {}
    Ok(pieces.finish())
}

/// The check of a document that is handed over piece by piece, for those who cannot wait on a reader. What is said of
/// [`check_reader`] holds for it too.
pub struct Pieces<'a> {
    checker: Checker<'a>,
    arrived: Arrived,
    places: Places,
    /// Where in the text the reader stands, once it has begun.
    state: Option<State>,
    /// Bytes that are waited for before they are looked at.
    chunk: usize,
    /// All has been said of the document but that it is too large: that is said whatever stands in it.
    done: bool,
}

impl<'a> Pieces<'a> {
    pub fn new(schema: &'a Schema, limits: &'a Limits, handler: &'a mut dyn Handler) -> Pieces<'a> {
        Pieces::of(Checker::new(schema, limits, handler), PIECE)
    }

    fn of(checker: Checker<'a>, chunk: usize) -> Pieces<'a> {
        Pieces { checker, arrived: Arrived::default(), places: Places::new(), state: None, chunk, done: false }
    }

    /// Takes the next bytes. They are looked at once there are enough of them.
    pub fn feed(&mut self, piece: &[u8]) {
        self.arrived.total += piece.len();
        if self.done || self.is_too_large() {
            return;
        }
        self.arrived.buffer().extend_from_slice(piece);
        self.arrived.fresh += piece.len();
        if self.arrived.fresh >= self.wanted() {
            self.look(false);
        }
    }

    /// The document has ended: the verdict.
    pub fn finish(mut self) -> Verdict {
        if self.is_too_large() {
            return too_large(self.checker.limits);
        }
        if !self.done {
            self.look(true);
        }
        let Checker { recovery, root, .. } = self.checker;
        let (mut found, truncated) = recovery.finish();
        found.sort_by_key(|flaw| flaw.byte);
        let flaws = found.into_iter().map(|flaw| self.places.settle(flaw)).collect();
        Verdict { root, flaws, truncated }
    }

    /// Reads on, by as much as is wanted. Says whether there may be more that matters.
    fn fill(&mut self, source: &mut impl Read) -> io::Result<bool> {
        let limits = self.checker.limits;
        if self.done {
            let mut thrown_away = [0; 8 * 1024];
            let read = source.read(&mut thrown_away)?;
            self.arrived.total += read;
            return Ok(read > 0 && !self.is_too_large());
        }
        let wanted = self.wanted().min(limits.body_bytes_max.saturating_add(1)).max(1);
        if self.arrived.fill(source, wanted)? == 0 || self.is_too_large() {
            return Ok(false);
        }
        self.look(false);
        Ok(true)
    }

    fn is_too_large(&self) -> bool {
        self.arrived.total > self.checker.limits.body_bytes_max
    }

    /// Bytes to wait for. Markup that does not end makes the window grow, and the steps with it, so that nothing is
    /// quadratic.
    fn wanted(&self) -> usize {
        self.chunk.max(self.arrived.left)
    }

    /// Goes on as far as what has arrived allows.
    fn look(&mut self, ended: bool) {
        let begun = self.arrived.decoder.is_some();
        self.arrived.decode(ended);
        let Some(decoder) = &self.arrived.decoder else { return };
        if !begun {
            self.places.mark = decoder.mark();
            self.places.walk.wide = decoder.is_wide();
        }
        let checker = &mut self.checker;
        let known = self.state.take().unwrap_or_else(|| State::new(checker.limits, decoder.encoding()));
        let then = match (&decoder.wrong, ended) {
            (Some(wrong), _) => Then::Broken(wrong.clone()),
            (None, true) => Then::End,
            (None, false) => Then::More,
        };
        let text = &self.arrived.text;
        let mut reader = Reader::resume(known, text, then);
        let outcome = checker.run(&mut reader);
        let (next, used) = reader.suspend(text.len());
        self.done = outcome.unwrap_or_else(|wrong| {
            checker.malformed(wrong);
            true
        });
        let mut wanted: Vec<usize> = checker.recovery.bytes().chain(checker.frames.iter().map(|f| f.byte)).collect();
        wanted.extend(next.pending());
        wanted.extend(checker.referred());
        wanted.extend(checker.keys.bytes());
        let passed = if self.done { text.len() } else { used };
        self.places.note(wanted, text, passed);
        self.arrived.pass(passed);
        self.state = Some(next);
    }
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
        let ended = arrived.fill(&mut source, CHUNK).unwrap_or(0) == 0;
        arrived.decode(ended);
        let Some(decoder) = &arrived.decoder else { continue };
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
                arrived.pass(used);
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
    /// Bytes that have come since the last look, and those that it left.
    fresh: usize,
    left: usize,
}

impl Arrived {
    /// Where the next bytes go.
    fn buffer(&mut self) -> &mut Vec<u8> {
        match &self.decoder {
            Some(decoder) if !decoder.is_wide() => &mut self.text,
            _ => &mut self.raw,
        }
    }

    /// Reads `bytes` bytes, or as many as there are.
    fn fill(&mut self, source: &mut impl Read, bytes: usize) -> io::Result<usize> {
        let read = source.take(bytes as u64).read_to_end(self.buffer())?;
        self.total += read;
        self.fresh += read;
        Ok(read)
    }

    /// Turns what has come into UTF-8, once there is enough to tell its encoding by.
    fn decode(&mut self, ended: bool) {
        if self.decoder.is_none() && (self.raw.len() >= 4 || ended) {
            let decoder = self.decoder.insert(Decoder::new(&self.raw));
            if decoder.is_wide() {
                self.raw.drain(..decoder.mark());
            } else {
                self.text = std::mem::take(&mut self.raw);
            }
        }
        if let Some(decoder) = &mut self.decoder
            && decoder.is_wide()
        {
            decoder.decode(&mut self.raw, &mut self.text, ended);
        }
    }

    /// The first `bytes` of the text are done with.
    fn pass(&mut self, bytes: usize) {
        self.text.drain(..bytes);
        (self.fresh, self.left) = (0, self.text.len());
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
