//! Events of a document, in order, from a window that slides over it.
//!
//! The window is checked for its encoding and its characters as a whole, some thirty kilobytes at a time, so that the
//! bytes are still in the processor's cache when they are looked at again; nothing later need ask. What must survive
//! the window is in [`State`], and owns what it holds.

use super::attributes::Attribute;
use super::chars::first_illegal;
use super::declaration::{self, Encoding};
use super::names::{Names, Scope};
use super::tokens::{Cut, Token, cut};
use super::{Limits, Malformed};

/// Bytes looked at together: small enough for the first cache.
const WINDOW: usize = 32 * 1024;
/// With fewer bytes ahead the window slides before it must, so that the predicting path seldom comes to its end.
const AHEAD: usize = 2 * 1024;

/// What comes next in a document. Comments and processing instructions are checked and passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'d> {
    /// An element begins. Its name is asked for by slot, its attributes with [`Reader::attributes`]; both hold until
    /// the next event. An empty-element tag is followed by its own `Close`.
    Open { slot: usize, byte: usize },
    /// Character data, line ends already made into `\n`. An element's text may come in several pieces.
    Text { text: &'d str, byte: usize },
    /// A character that was written as a reference.
    Character { character: char, byte: usize },
    /// The innermost open element ends; `byte` is where its end tag begins.
    Close { byte: usize },
    /// The document ends, and was well-formed.
    End,
}

/// Reads one document. After an error it has nothing more to say.
pub struct Reader<'d> {
    /// The document from the window's beginning on, as far as it is at hand.
    source: &'d [u8],
    /// What follows the source.
    then: Then,
    /// The window: the source's beginning, known to be UTF-8 of legal characters.
    pub(super) text: &'d str,
    pub(super) at: usize,
    /// The document ends where the window ends.
    pub(super) last: bool,
    /// What is wrong just behind the window.
    fault: Option<Malformed>,
    pub(super) attributes: Vec<Attribute<'d>>,
    /// What is left of a run of character data that had carriage returns in it, and its offset in the document.
    pub(super) rest: (&'d str, usize),
    pub(super) state: State,
}

/// What is known about a document between one window and the next.
pub(crate) struct State {
    pub(super) limits: Limits,
    pub(super) names: Names,
    pub(super) open: Vec<Open>,
    /// The names of all open elements, one behind the other.
    pub(super) open_names: String,
    pub(super) inside: Inside,
    /// Where the comment, instruction or CDATA section begins that is being read.
    pub(super) inside_byte: usize,
    /// Bytes of character data since the last tag.
    pub(super) run: usize,
    /// The element just closed is still the innermost one, until whoever heard of it has looked up its prefixes.
    pub(super) leaving: bool,
    /// The empty-element tag just read, which is still to be closed.
    pub(super) closing: Option<usize>,
    pub(super) root_seen: bool,
    /// Bytes of the document before the window.
    pub(super) base: usize,
    /// Bytes before the first character: the byte-order mark. None until it was looked for.
    pub(super) mark: Option<usize>,
    pub(super) encoding: Encoding,
}

pub(super) struct Open {
    /// Where its name begins in [`State::open_names`].
    pub name: u32,
    /// Set on elements that declared namespaces.
    pub scope: Option<Scope>,
}

/// What follows the bytes at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Then {
    /// More bytes, not yet here.
    More,
    /// Nothing: the document ends here.
    End,
    /// Something that could not be read as characters.
    Broken(Malformed),
}

/// What the window's beginning is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Content,
    Comment,
    Instruction,
    CData,
}

impl State {
    pub(crate) fn new(limits: &Limits, encoding: Encoding) -> State {
        State {
            limits: limits.clone(),
            names: Names::new(),
            open: Vec::with_capacity(16),
            open_names: String::with_capacity(256),
            inside: Inside::Content,
            inside_byte: 0,
            run: 0,
            leaving: false,
            closing: None,
            root_seen: false,
            base: 0,
            mark: None,
            encoding,
        }
    }
}

impl State {
    /// Where something begins that is still being read, and may turn out wrong.
    pub(crate) fn pending(&self) -> impl Iterator<Item = usize> {
        let inside = (self.inside != Inside::Content).then_some(self.inside_byte);
        inside.into_iter().chain(self.closing)
    }
}

impl<'d> Reader<'d> {
    /// Takes a whole document in UTF-8.
    pub fn new(document: &'d [u8], limits: &Limits) -> Result<Reader<'d>, Malformed> {
        if document.len() > limits.body_bytes_max {
            return Err(Malformed::too_large(limits));
        }
        let mut reader = Reader::resume(State::new(limits, Encoding::Utf8), document, Then::End);
        reader.slide()?;
        Ok(reader)
    }

    /// Goes on with a document, of which `source` is the next part: what [`Reader::suspend`] left unread, and more.
    pub(crate) fn resume(state: State, source: &'d [u8], then: Then) -> Reader<'d> {
        Reader { source, then, text: "", at: 0, last: false, fault: None, attributes: Vec::new(), rest: ("", 0), state }
    }

    /// Stops after [`Reader::advance`] had nothing more to give. How many bytes of the source were used up.
    pub(crate) fn suspend(mut self, length: usize) -> (State, usize) {
        self.state.base += self.at;
        (self.state, length - self.source.len() + self.at)
    }

    /// The next event. The first error is the last thing a reader says.
    #[inline]
    pub fn read(&mut self) -> Result<Event<'d>, Malformed> {
        // A reader of a whole document never waits.
        Ok(self.advance()?.unwrap_or(Event::End))
    }

    /// The next event, or none when the source must be continued first.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<Option<Event<'d>>, Malformed> {
        self.settle();
        if let Some(byte) = self.state.closing.take() {
            self.state.run = 0;
            self.state.leaving = true;
            return Ok(Some(Event::Close { byte }));
        }
        if !self.rest.0.is_empty() {
            return Ok(Some(self.piece()));
        }
        loop {
            if self.state.inside != Inside::Content {
                match self.within()? {
                    Some(event) => return Ok(Some(event)),
                    None if self.state.inside == Inside::Content => continue,
                    None if self.slide()? => continue,
                    None => return Ok(None),
                }
            }
            let start = self.at;
            let (token, end) = match cut(self.text.as_bytes(), start, self.last) {
                Cut::Token(token, end) => (token, end),
                Cut::More => {
                    self.refuse_endless()?;
                    if self.slide()? {
                        continue;
                    }
                    return Ok(None);
                }
                Cut::Wrong(words) => return Err(self.misread(words)),
            };
            self.at = end;
            let raw = &self.text[start..end];
            match token {
                Token::Open(name) => return self.enter(raw, name, start, false).map(Some),
                Token::Empty(name) => return self.enter(raw, name, start, true).map(Some),
                Token::Close => return self.close(raw, start).map(Some),
                Token::Text => {
                    if let Some(event) = self.characters(raw, start)? {
                        return Ok(Some(event));
                    }
                }
                _ => {
                    if let Some(event) = self.seldom(token, raw, start)? {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    /// Forgets the element that was closed.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.state.leaving) {
            self.leave();
        }
    }

    /// Moves the window's beginning to where the reader is, and its end onwards. Says whether there is more to see.
    pub(super) fn slide(&mut self) -> Result<bool, Malformed> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if self.state.mark.is_none() && !self.begin()? {
            return Ok(false);
        }
        let kept = self.text.len() - self.at;
        self.source = &self.source[self.at..];
        self.state.base += self.at;
        self.at = 0;
        let wanted = &self.source[..self.source.len().min(WINDOW.max(2 * kept))];
        let whole = wanted.len() == self.source.len();
        let complete = whole && self.then == Then::End;
        self.text = match std::str::from_utf8(wanted) {
            Ok(text) => text,
            Err(wrong) => {
                if wrong.error_len().is_some() || complete {
                    let byte = self.state.base + wrong.valid_up_to();
                    self.fault = Some(Malformed::coded("encoding-invalid", byte, "These bytes are not UTF-8."));
                }
                std::str::from_utf8(&wanted[..wrong.valid_up_to()]).unwrap_or_default()
            }
        };
        if let Some(at) = first_illegal(self.text) {
            let message = "This character may not stand in an XML document.";
            self.fault = Some(Malformed::new(self.state.base + at, message));
            self.text = &self.text[..at];
        }
        if let (true, None, Then::Broken(wrong)) = (whole, &self.fault, &self.then) {
            self.fault = Some(wrong.clone());
        }
        self.last = complete && self.fault.is_none();
        if self.text.len() > kept || self.last {
            return Ok(true);
        }
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(false),
        }
    }

    /// Looks for a byte-order mark, which needs four bytes.
    fn begin(&mut self) -> Result<bool, Malformed> {
        if self.source.len() < 4 && self.then == Then::More {
            return Ok(false);
        }
        let mark = match self.state.encoding {
            Encoding::Utf8 => declaration::skip_mark(self.source)?,
            // Whoever made UTF-8 of it took the mark away.
            _ => 0,
        };
        self.source = &self.source[mark..];
        self.state.base += mark;
        self.state.mark = Some(self.state.base);
        Ok(true)
    }

    /// Slides early, if it can: called between tokens by whoever looks ahead.
    #[inline]
    pub(crate) fn look_ahead(&mut self) {
        if self.text.len() - self.at < AHEAD && self.source.len() > self.text.len() && self.fault.is_none() {
            // With a fault not yet come to, sliding cannot fail.
            let _ = self.slide();
        }
    }

    /// Open elements, the one just opened included, the one just closed not.
    pub fn depth(&self) -> usize {
        self.state.open.len() - usize::from(self.state.leaving)
    }

    /// The local part of a name.
    pub fn local(&self, slot: usize) -> &str {
        self.state.names.local(slot)
    }

    /// The prefix of a name as it is written, with its colon; empty for none.
    pub(crate) fn prefix(&self, slot: usize) -> &str {
        self.state.names.prefix(slot)
    }

    /// The namespace of a name, empty for none. Ask while the element is the innermost one.
    pub fn namespace(&self, slot: usize) -> &str {
        self.state.names.namespace(slot)
    }

    /// What was last said with [`Reader::set_tag`] about this very name in its present meaning, or [`super::UNTAGGED`].
    #[inline]
    pub fn tag(&self, slot: usize) -> u32 {
        self.state.names.tag(slot)
    }

    pub fn set_tag(&mut self, slot: usize, tag: u32) {
        self.state.names.set_tag(slot, tag);
    }

    /// Attributes of the element just opened, in document order, namespace declarations left out.
    #[inline]
    pub fn attributes(&self) -> &[Attribute<'d>] {
        &self.attributes
    }

    /// What a prefix means where the reader stands; the empty prefix is the default namespace.
    pub fn lookup(&self, prefix: &str) -> Option<&str> {
        self.state.names.lookup(prefix)
    }
}

/// For whoever knows what comes next, and takes it from the window without asking for events.
impl<'d> Reader<'d> {
    /// Stands the reader right behind a tag, within the root, so that what follows may be taken from the window?
    #[inline]
    pub(crate) fn is_between(&self) -> bool {
        self.state.run == 0
            && self.state.closing.is_none()
            && self.rest.0.is_empty()
            && self.state.inside == Inside::Content
            && !self.state.open.is_empty()
    }

    /// While it is the same, a prefix means the same.
    #[inline]
    pub(crate) fn epoch(&self) -> u32 {
        self.state.names.epoch()
    }

    /// The window, where the reader stands in it, and where it begins in the document.
    #[inline]
    pub(crate) fn window(&self) -> (&'d str, usize, usize) {
        (self.text, self.at, self.state.base)
    }

    /// The name of the innermost open element, if it declared no namespaces.
    #[inline]
    pub(crate) fn innermost(&self) -> Option<&str> {
        let open = self.state.open.last().filter(|open| open.scope.is_none())?;
        Some(&self.state.open_names[open.name as usize..])
    }

    /// An element without declarations was taken. Says no, and does nothing, where it is one too deep.
    #[inline]
    pub(crate) fn push(&mut self, name: &str) -> bool {
        let fits = self.state.open.len() < self.state.limits.depth_max;
        if fits {
            self.state.open.push(Open { name: self.state.open_names.len() as u32, scope: None });
            self.state.open_names.push_str(name);
        }
        fits
    }

    /// The end of the innermost element was taken.
    #[inline]
    pub(crate) fn pop(&mut self) {
        self.leave();
    }

    /// Everything up to `at` was taken, and the reader stands right behind a tag.
    #[inline]
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }
}
