//! One pass over a document: every element held against the schema's tables, every flaw collected.
//!
//! Nothing is kept but the open elements. A valid element costs a comparison of numbers for its name, a look into a
//! short table for its place, and a scan of its value; `recover` is entered only where a document goes wrong.

use std::collections::{BTreeMap, HashSet};

use super::flaw::{self, Found, Root, Verdict};
use super::keys::Keys;
use super::predict::Learned;
use super::recover::Recovery;
use super::schema::{Content, Model, Schema, WILD};
use super::stream;
use crate::xml::{Event, Limits, Malformed, Reader, UNTAGGED};

/// The namespace of attributes that speak to the validator. Source: XML Schema Part 1, 2.6.
pub(super) const INSTANCE_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Tag of a name that no element of the schema has.
pub(super) const NOT_OURS: u32 = UNTAGGED - 1;
/// Index of no element.
pub(super) const NO_ELEMENT: u32 = u32::MAX;

/// Hears what a document says while it is checked, so that nobody need read it again.
///
/// Names are local. What is said before a flaw is found cannot be unsaid: whoever listens throws everything away when
/// the verdict has flaws. Elements that are flawed or unknown are not told of. A check goes from thread to thread with
/// its handler while its document arrives.
pub trait Handler: Send {
    /// An element with elements in it begins.
    fn open(&mut self, _name: &str) {}
    /// Follows the `open` of its element, and precedes the `value` of its element. Defaults are filled in.
    fn attribute(&mut self, _element: &str, _name: &str, _value: &str) {}
    /// An element with text in it, white space handled by its type, default filled in. `byte` is where its tag begins.
    /// An element that is nil has no value.
    fn value(&mut self, _name: &str, _value: &str, _byte: usize) {}
    /// An empty element, with the default that is filled in.
    fn default_value(&mut self, name: &str, value: &str, byte: usize) {
        self.value(name, value, byte);
    }
    /// An element with elements in it ends.
    fn close(&mut self, _name: &str) {}
}

/// For those who want the verdict alone.
impl Handler for () {}

/// Checks a whole document, and tells the handler what is in it.
pub fn check(schema: &Schema, document: &[u8], limits: &Limits, handler: &mut dyn Handler) -> Verdict {
    judge(Checker::new(schema, limits, handler), document)
}

/// The same without the predicting path, which must make no difference: for tests and fuzzing.
#[doc(hidden)]
pub fn check_generally(schema: &Schema, document: &[u8], limits: &Limits, handler: &mut dyn Handler) -> Verdict {
    let mut checker = Checker::new(schema, limits, handler);
    checker.predicts = false;
    judge(checker, document)
}

fn judge(mut checker: Checker, document: &[u8]) -> Verdict {
    let limits = checker.limits;
    if document.len() > limits.body_bytes_max {
        return stream::too_large(limits);
    }
    if stream::is_utf16(document) {
        // It has to be turned into UTF-8 first, a piece at a time.
        return stream::check_pieces(checker, document, usize::MAX).unwrap_or_default();
    }
    let outcome = match Reader::new(document, limits) {
        Ok(mut reader) => checker.run(&mut reader).map(|_| ()),
        Err(wrong) => Err(wrong),
    };
    if let Err(wrong) = outcome {
        checker.malformed(wrong);
    }
    let Checker { recovery, root, .. } = checker;
    let (found, truncated) = recovery.finish();
    Verdict { root, flaws: flaw::settle(found, document), truncated }
}

/// An open element that the schema knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub element: u32,
    pub typed: u32,
    pub content: Content,
    /// State of the content model.
    pub state: u32,
    /// Where its start tag begins.
    pub byte: usize,
    /// Which one of its name under its parent, from 1; 0 where it cannot repeat.
    pub index: u32,
    /// Where the counts of its children begin.
    pub counts: usize,
    /// `xsi:nil` was true.
    pub nil: bool,
    /// Not told to the handler, because it or an element around it is flawed.
    pub silent: bool,
    /// Text was found between its elements, and reported.
    pub texted: bool,
    /// Its last child came too early, or others before it are missing: the next child decides.
    pub tentative: bool,
}

impl Frame {
    #[inline]
    pub(super) fn new(element: u32, typed: u32, content: Content, byte: usize, counts: usize, silent: bool) -> Frame {
        Frame {
            element,
            typed,
            content,
            state: 0,
            byte,
            index: 0,
            counts,
            nil: false,
            silent,
            texted: false,
            tentative: false,
        }
    }
}

pub(super) struct Checker<'a> {
    pub schema: &'a Schema,
    pub limits: &'a Limits,
    pub handler: &'a mut dyn Handler,
    pub frames: Vec<Frame>,
    /// How many children of each use an open element has had: use and count, for all open elements in turn.
    pub counts: Vec<(u32, u32)>,
    /// Open elements that are passed over, because the schema does not know them.
    pub skipping: usize,
    /// Text of the open element with simple content; there is never more than one.
    pub text: String,
    pub recovery: Recovery,
    pub root: Option<Root>,
    pub learned: Learned,
    /// Off only to hold both paths against each other.
    pub predicts: bool,
    /// What the predicting path counted last, and whether that use repeats.
    pub counted: u32,
    pub repeats: bool,
    /// Names of open elements that no declaration is known of, with their depths.
    pub strangers: Vec<(usize, String)>,
    pub keys: Keys,
    pub ids: HashSet<String>,
    /// References to ids not yet met, with the place of the first.
    pub references: BTreeMap<String, (usize, String)>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(schema: &'a Schema, limits: &'a Limits, handler: &'a mut dyn Handler) -> Checker<'a> {
        Checker {
            schema,
            limits,
            handler,
            frames: Vec::with_capacity(16),
            counts: Vec::with_capacity(64),
            skipping: 0,
            text: String::new(),
            recovery: Recovery::new(limits.flaws_max),
            root: None,
            learned: Learned::default(),
            predicts: true,
            counted: 0,
            repeats: false,
            strangers: Vec::new(),
            keys: Keys::default(),
            ids: HashSet::new(),
            references: BTreeMap::new(),
        }
    }

    /// The document is not XML; nothing follows.
    pub(super) fn malformed(&mut self, wrong: Malformed) {
        let path = self.path();
        self.recovery.report(Found::malformed(wrong, path));
    }

    /// Goes on to the end of the document, which is answered with yes, or to the end of what is at hand.
    pub(super) fn run(&mut self, reader: &mut Reader) -> Result<bool, Malformed> {
        loop {
            if self.predicts && self.skipping == 0 && self.keys.is_idle() {
                self.predict(reader);
            }
            let Some(event) = reader.advance()? else { return Ok(false) };
            match event {
                Event::Open { slot, byte } => {
                    if self.skipping > 0 {
                        self.skipping += 1;
                    } else {
                        self.open(reader, slot, byte)?;
                    }
                    if self.recovery.full() {
                        return Ok(true);
                    }
                }
                Event::Text { text, byte } => {
                    if self.skipping == 0 {
                        self.characters(text, byte);
                    }
                }
                Event::Character { character, byte } => {
                    if self.skipping == 0 {
                        self.character(character, byte);
                    }
                }
                Event::Close { byte } => {
                    if self.skipping > 0 {
                        self.skipping -= 1;
                    } else {
                        self.close(reader, byte);
                    }
                }
                Event::End => {
                    self.end();
                    return Ok(true);
                }
            }
        }
    }

    #[inline]
    fn open(&mut self, reader: &mut Reader, slot: usize, byte: usize) -> Result<(), Malformed> {
        let Some(parent) = self.frames.last() else {
            self.open_root(reader, slot, byte);
            return Ok(());
        };
        let (Content::Elements(model) | Content::Mixed(model)) = parent.content else {
            let local = reader.local(slot).to_string();
            self.child_in_text(&local, byte);
            return Ok(());
        };
        let schema = self.schema;
        let model = &schema.models[model as usize];
        let name = self.name(reader, slot);
        let moves = schema.moves(model, parent.state);
        let found = moves.iter().find(|step| step.name == name);
        let found = found.or_else(|| self.wild(reader, slot, moves));
        match found {
            Some(step) if !parent.nil && !parent.tentative && !self.is_taken(model, step.used) => {
                let (step, silent) = (*step, parent.silent);
                let depth = self.frames.len() - 1;
                self.frames[depth].state = step.next;
                let index = self.count(model, step.used, byte)?;
                if step.name == WILD {
                    self.enter_wild(reader, step.element, slot, name, index, byte, silent);
                } else {
                    self.learn(reader, slot, name);
                    self.enter(reader, step.element, slot, index, byte, silent);
                }
                Ok(())
            }
            _ => self.misfit(reader, slot, name, byte),
        }
    }

    /// Is this a child of an `all` that was there already?
    #[inline]
    pub(super) fn is_taken(&self, model: &Model, used: u32) -> bool {
        model.counted.is_some() && self.counted(used)
    }

    /// Has the innermost element a child of this use?
    pub(super) fn counted(&self, used: u32) -> bool {
        let base = self.frames.last().map_or(0, |frame| frame.counts);
        self.counts[base..].iter().any(|&(known, count)| known == used && count > 0)
    }

    /// May the innermost element end in this state?
    #[inline]
    pub(super) fn may_end(&self, model: &Model, state: u32) -> bool {
        let accepting = model.states[state as usize].accepting;
        match &model.counted {
            None => accepting,
            Some(required) => {
                let nothing = self.counts.len() == self.frames.last().map_or(0, |frame| frame.counts);
                accepting && nothing || required.iter().all(|&used| self.counted(used))
            }
        }
    }

    /// The schema's index for a name, worked out the first time it is met.
    #[inline]
    fn name(&self, reader: &mut Reader, slot: usize) -> u32 {
        let tag = reader.tag(slot);
        if tag != UNTAGGED {
            return tag;
        }
        let name = self.schema.name(reader.namespace(slot), reader.local(slot)).unwrap_or(NOT_OURS);
        reader.set_tag(slot, name);
        name
    }

    fn open_root(&mut self, reader: &mut Reader, slot: usize, byte: usize) {
        let root = Root { namespace: reader.namespace(slot).to_string(), name: reader.local(slot).to_string() };
        let name = self.name(reader, slot);
        let schema = self.schema;
        let element = schema.globals.get(&name).copied();
        match element {
            Some(element) => {
                self.root = Some(root);
                self.learn(reader, slot, name);
                self.enter(reader, element, slot, 0, byte, false);
            }
            None => {
                let wanted = schema.roots().map(|root| format!("<{root}>")).collect::<Vec<_>>().join(" or ");
                let wanted = match wanted.as_str() {
                    "" => "an element, and the schema declares none,".to_string(),
                    wanted => format!("{wanted} of the namespace {},", flaw::quote(schema.namespace())),
                };
                let message = format!(
                    "The document must begin with {wanted} not with <{}> of {}.",
                    flaw::quote(&root.name).trim_matches('"'),
                    flaw::quote(&root.namespace),
                );
                let path = format!("/{}", root.name);
                self.root = Some(root);
                self.recovery.report(Found { byte, path, code: "root-unexpected", message });
                self.skipping = 1;
            }
        }
    }

    /// Counts a child of the innermost element; its number where it may repeat, else 0.
    #[inline]
    pub(super) fn count(&mut self, model: &Model, used: u32, byte: usize) -> Result<u32, Malformed> {
        let base = self.frames.last().map_or(0, |frame| frame.counts);
        let count = match self.counts[base..].iter_mut().rev().find(|(known, _)| *known == used) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.push((used, 1));
                1
            }
        };
        if count as usize > self.limits.records_max {
            let name = self.schema.local(model.uses[used as usize].name);
            let message = format!("<{name}> may stand at most {} times in one element.", self.limits.records_max);
            return Err(Malformed { byte, code: "records-limit", message });
        }
        Ok(if model.uses[used as usize].repeats || count > 1 { count } else { 0 })
    }

    /// Begins an element that the schema knows.
    pub(super) fn enter(&mut self, reader: &Reader, element: u32, slot: usize, index: u32, byte: usize, silent: bool) {
        let schema = self.schema;
        let declared = &schema.elements[element as usize];
        let typed = declared.typed;
        let content = schema.types[typed as usize].content;
        let counts = self.counts.len();
        self.frames.push(Frame { index, ..Frame::new(element, typed, content, byte, counts, silent) });
        self.text.clear();
        let followed = reader.attributes().is_empty() || self.retype(reader);
        let Some(frame) = self.frames.last().copied() else { return };
        let compiled = &schema.types[frame.typed as usize];
        if followed && (declared.is_abstract || compiled.is_abstract) {
            let name = schema.local(declared.name);
            let what = if declared.is_abstract { "the element" } else { "its type" };
            let message = format!("<{name}> cannot stand here: {what} is abstract, and something derived must.");
            self.report(byte, "abstract", message);
        }
        if !silent && !matches!(frame.content, Content::Simple(_)) {
            self.handler.open(schema.local(declared.name));
        }
        if !reader.attributes().is_empty() || !compiled.attributes.is_empty() {
            self.attributes(reader, element, compiled);
        }
        if self.is_keyed(element) {
            self.open_keys(element, reader.namespace(slot), reader.local(slot));
        }
    }

    #[inline]
    fn close(&mut self, reader: &Reader, byte: usize) {
        let Some(frame) = self.frames.last().copied() else { return };
        match frame.content {
            Content::Simple(simple) => self.close_value(reader, frame, simple),
            Content::Elements(model) | Content::Mixed(model) => {
                let model = &self.schema.models[model as usize];
                if !frame.nil && (frame.tentative || !self.may_end(model, frame.state)) {
                    self.unfinished(model, byte);
                }
                self.close_mixed(frame);
                self.leave(frame);
            }
            Content::Empty => self.leave(frame),
        }
        if !self.keys.is_idle() {
            self.close_keys();
        }
        self.recovery.forget(self.frames.len());
        self.counts.truncate(frame.counts);
        self.frames.pop();
        while self.strangers.last().is_some_and(|(depth, _)| *depth >= self.frames.len()) {
            self.strangers.pop();
        }
    }

    pub(super) fn leave(&mut self, frame: Frame) {
        if !frame.silent {
            self.handler.close(self.schema.local(self.schema.elements[frame.element as usize].name));
        }
    }

    pub(super) fn report(&mut self, byte: usize, code: &'static str, message: String) {
        self.report_at(byte, code, message, "");
    }

    pub(super) fn report_at(&mut self, byte: usize, code: &'static str, message: String, below: &str) {
        let path = self.path() + below;
        self.recovery.report(Found { byte, path, code, message });
    }

    /// The open elements, from the root down.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for (depth, frame) in self.frames.iter().enumerate() {
            path.push('/');
            match self.strangers.iter().find(|(at, _)| *at == depth) {
                Some((_, name)) => path.push_str(flaw::quote(name).trim_matches('"')),
                None => path.push_str(self.schema.local(self.schema.elements[frame.element as usize].name)),
            }
            if frame.index > 0 {
                path.push_str(&format!("[{}]", frame.index));
            }
        }
        path
    }
}
