//! One pass over a document: every element held against the schema's tables, every flaw collected.
//!
//! Nothing is kept but the open elements. A valid element costs a comparison of numbers for its name, a look into a
//! short table for its place, and a scan of its value; `recover` is entered only where a document goes wrong.

use super::flaw::{self, Found, Root, Verdict};
use super::recover::Recovery;
use super::schema::{Content, Model, Schema, Type};
use super::simple;
use crate::xml::{Event, Limits, Malformed, Reader, UNTAGGED};

/// The namespace of attributes that speak to the validator. Source: XML Schema Part 1, 2.6.
const INSTANCE_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Tag of a name that no element of the schema has.
pub(super) const NOT_OURS: u32 = UNTAGGED - 1;
/// Index of no element.
pub(super) const NO_ELEMENT: u32 = u32::MAX;

/// Hears what a document says while it is checked, so that nobody need read it again.
///
/// Names are local. What is said before a flaw is found cannot be unsaid: whoever listens throws everything away when
/// the verdict has flaws. Elements that are flawed or unknown are not told of.
pub trait Handler {
    /// An element with elements in it begins.
    fn open(&mut self, _name: &str) {}
    /// Follows the `open` of its element, and precedes the `value` of its element. Defaults are filled in.
    fn attribute(&mut self, _element: &str, _name: &str, _value: &str) {}
    /// An element with text in it, white space handled by its type, default filled in. `byte` is where its tag begins.
    /// An element that is nil has no value.
    fn value(&mut self, _name: &str, _value: &str, _byte: usize) {}
    /// An element with elements in it ends.
    fn close(&mut self, _name: &str) {}
}

/// For those who want the verdict alone.
impl Handler for () {}

/// Checks a whole document, and tells the handler what is in it.
pub fn check(schema: &Schema, document: &[u8], limits: &Limits, handler: &mut dyn Handler) -> Verdict {
    let mut checker = Checker {
        schema,
        limits,
        handler,
        frames: Vec::with_capacity(16),
        counts: Vec::with_capacity(64),
        skipping: 0,
        text: Text::default(),
        recovery: Recovery::new(limits.flaws_max),
        root: None,
    };
    let outcome = match Reader::new(document, limits) {
        Ok(mut reader) => checker.run(&mut reader),
        Err(wrong) => Err(wrong),
    };
    if let Err(wrong) = outcome {
        let path = checker.path();
        checker.recovery.report(Found::malformed(wrong, path));
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

/// Text of the open element with simple content. There is never more than one.
#[derive(Default)]
struct Text<'d> {
    only: &'d str,
    joined: String,
    pieces: usize,
}

impl<'d> Text<'d> {
    fn clear(&mut self) {
        self.pieces = 0;
    }

    #[inline]
    fn push(&mut self, piece: &'d str) {
        if self.pieces == 0 {
            self.only = piece;
        } else {
            self.join();
            self.joined.push_str(piece);
        }
        self.pieces += 1;
    }

    fn push_char(&mut self, c: char) {
        if self.pieces == 0 {
            self.only = "";
        }
        self.join_always();
        self.joined.push(c);
        self.pieces += 2;
    }

    fn join(&mut self) {
        if self.pieces == 1 {
            self.joined.clear();
            self.joined.push_str(self.only);
        }
    }

    fn join_always(&mut self) {
        if self.pieces <= 1 {
            self.joined.clear();
            self.joined.push_str(if self.pieces == 1 { self.only } else { "" });
        }
    }

    fn get(&self) -> &str {
        match self.pieces {
            0 => "",
            1 => self.only,
            _ => &self.joined,
        }
    }
}

pub(super) struct Checker<'a, 'd> {
    pub schema: &'a Schema,
    pub limits: &'a Limits,
    handler: &'a mut dyn Handler,
    pub frames: Vec<Frame>,
    /// How many children of each use an open element has had: use and count, for all open elements in turn.
    pub counts: Vec<(u32, u32)>,
    /// Open elements that are passed over, because the schema does not know them.
    pub skipping: usize,
    text: Text<'d>,
    pub recovery: Recovery,
    root: Option<Root>,
}

impl<'d> Checker<'_, 'd> {
    fn run(&mut self, reader: &mut Reader<'d>) -> Result<(), Malformed> {
        loop {
            match reader.read()? {
                Event::Open { slot, byte } => {
                    if self.skipping > 0 {
                        self.skipping += 1;
                    } else {
                        self.open(reader, slot, byte)?;
                    }
                    if self.recovery.full() {
                        return Ok(());
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
                        self.close(byte);
                    }
                }
                Event::End => return Ok(()),
            }
        }
    }

    #[inline]
    fn open(&mut self, reader: &mut Reader<'d>, slot: usize, byte: usize) -> Result<(), Malformed> {
        let Some(parent) = self.frames.last() else {
            self.open_root(reader, slot, byte);
            return Ok(());
        };
        let (Content::Elements(model) | Content::Mixed(model)) = parent.content else {
            self.child_in_text(reader.local(slot), byte);
            return Ok(());
        };
        let schema = self.schema;
        let model = &schema.models[model as usize];
        let name = self.name(reader, slot);
        let found = schema.moves(model, parent.state).iter().find(|step| step.name == name);
        match found {
            Some(step) if !parent.nil && !parent.tentative => {
                let (element, used, next) = (step.element, step.used, step.next);
                let silent = parent.silent;
                let depth = self.frames.len() - 1;
                self.frames[depth].state = next;
                let index = self.count(model, used, byte)?;
                self.enter(reader, element, index, byte, silent);
                Ok(())
            }
            _ => self.misfit(reader, slot, name, byte),
        }
    }

    /// The schema's index for a name, worked out the first time it is met.
    #[inline]
    fn name(&self, reader: &mut Reader<'d>, slot: usize) -> u32 {
        let tag = reader.tag(slot);
        if tag != UNTAGGED {
            return tag;
        }
        let name = self.schema.name(reader.namespace(slot), reader.local(slot)).unwrap_or(NOT_OURS);
        reader.set_tag(slot, name);
        name
    }

    fn open_root(&mut self, reader: &mut Reader<'d>, slot: usize, byte: usize) {
        let root = Root { namespace: reader.namespace(slot).to_string(), name: reader.local(slot).to_string() };
        let name = self.name(reader, slot);
        let schema = self.schema;
        let element = schema.roots.iter().copied().find(|&root| schema.elements[root as usize].name == name);
        match element {
            Some(element) => {
                self.root = Some(root);
                self.enter(reader, element, 0, byte, false);
            }
            None => {
                let wanted = schema.roots().map(|root| format!("<{root}>")).collect::<Vec<_>>().join(" or ");
                let message = format!(
                    "The document must begin with {wanted} of the namespace {}, not with <{}> of {}.",
                    flaw::quote(schema.namespace()),
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
    pub(super) fn enter(&mut self, reader: &Reader<'d>, element: u32, index: u32, byte: usize, silent: bool) {
        let schema = self.schema;
        let typed = schema.elements[element as usize].typed;
        let compiled = &schema.types[typed as usize];
        let content = compiled.content;
        let counts = self.counts.len();
        self.frames.push(Frame {
            element,
            typed,
            content,
            state: 0,
            byte,
            index,
            counts,
            nil: false,
            silent,
            texted: false,
            tentative: false,
        });
        self.text.clear();
        if !silent && !matches!(content, Content::Simple(_)) {
            self.handler.open(schema.local(schema.elements[element as usize].name));
        }
        if !reader.attributes().is_empty() || !compiled.attributes.is_empty() {
            self.attributes(reader, element, compiled);
        }
    }

    fn attributes(&mut self, reader: &Reader<'d>, element: u32, compiled: &Type) {
        let schema = self.schema;
        let name = schema.local(schema.elements[element as usize].name);
        let silent = self.frames.last().is_some_and(|frame| frame.silent);
        let mut missing = compiled.attributes.len();
        for attribute in reader.attributes() {
            let namespace = match attribute.prefix {
                "" => "",
                prefix => reader.lookup(prefix).unwrap_or(""),
            };
            if namespace == INSTANCE_NAMESPACE {
                self.instance(reader, attribute.local, &attribute.value, attribute.byte);
                continue;
            }
            let known = compiled.attributes.iter().find(|a| a.local == attribute.local && a.namespace == namespace);
            let Some(known) = known else {
                let near = flaw::nearest(attribute.local, compiled.attributes.iter().map(|a| a.local.as_str()));
                let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
                let message = format!("The attribute {} is not known on <{name}>.{hint}", flaw::quote(attribute.local));
                self.report(attribute.byte, "attribute-unexpected", message);
                continue;
            };
            missing -= 1;
            match simple::check(&schema.simples, known.simple, &attribute.value) {
                Ok(value) => {
                    if let Some(fixed) = known.value.as_ref().filter(|v| v.fixed)
                        && !self.equal(known.simple, &fixed.text, &value)
                    {
                        let message = format!("The attribute {} must be {}.", known.local, flaw::quote(&fixed.text));
                        self.report(attribute.byte, "value-fixed", message);
                    } else if !silent {
                        self.handler.attribute(name, &known.local, &value);
                    }
                }
                Err(wrong) => {
                    let (code, message) = flaw::word(schema, known.simple, &attribute.value, wrong);
                    self.report_at(attribute.byte, code, message, &format!("/@{}", known.local));
                }
            }
        }
        // Doubles were refused by the reader, so a number is enough to know that none is missing.
        if missing > 0 {
            self.absent_attributes(reader, name, compiled, silent);
        }
    }

    fn absent_attributes(&mut self, reader: &Reader<'d>, name: &str, compiled: &Type, silent: bool) {
        let byte = self.frames.last().map_or(0, |frame| frame.byte);
        for known in &compiled.attributes {
            let given = reader.attributes().iter().any(|a| {
                a.local == known.local
                    && (if a.prefix.is_empty() { Some("") } else { reader.lookup(a.prefix) })
                        == Some(known.namespace.as_str())
            });
            if given {
                continue;
            }
            if known.required {
                let message = format!("<{name}> must have the attribute {}.", known.local);
                self.report_at(byte, "attribute-missing", message, &format!("/@{}", known.local));
            } else if let Some(value) = &known.value
                && !silent
            {
                self.handler.attribute(name, &known.local, &value.text);
            }
        }
    }

    /// An attribute that speaks to us. Schema locations are not followed: the schema is ours to choose.
    fn instance(&mut self, reader: &Reader<'d>, local: &str, value: &str, byte: usize) {
        let schema = self.schema;
        let Some(frame) = self.frames.last().copied() else { return };
        let element = &schema.elements[frame.element as usize];
        match local {
            "schemaLocation" | "noNamespaceSchemaLocation" => {}
            "nil" => match value.trim_matches([' ', '\t', '\n', '\r']) {
                _ if !element.nillable => {
                    let name = schema.local(element.name);
                    self.report(byte, "nil-not-allowed", format!("<{name}> may not carry xsi:nil."));
                }
                "true" | "1" if element.value.as_ref().is_some_and(|v| v.fixed) => {
                    let message = "An element with a fixed value may not be nil.".to_string();
                    self.report(byte, "nil-not-allowed", message);
                }
                "true" | "1" => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.nil = true;
                    }
                }
                "false" | "0" => {}
                _ => self.report(byte, "nil-not-allowed", "xsi:nil must be true or false.".to_string()),
            },
            "type" => {
                let value = value.trim_matches([' ', '\t', '\n', '\r']);
                let (prefix, local) = value.split_once(':').unwrap_or(("", value));
                let meant = reader.lookup(prefix).map(|namespace| (namespace, local));
                let declared = schema.types[frame.typed as usize].name.as_ref();
                if declared.is_none() || meant != declared.map(|(n, l)| (n.as_str(), l.as_str())) {
                    let message = format!("xsi:type is not followed: {} is not the declared type.", flaw::quote(value));
                    self.report(byte, "xsi-type-unsupported", message);
                }
            }
            other => {
                let message = format!("The attribute xsi:{} means nothing.", flaw::quote(other));
                self.report(byte, "attribute-unexpected", message);
            }
        }
    }

    #[inline]
    fn characters(&mut self, text: &'d str, byte: usize) {
        let Some(frame) = self.frames.last() else { return };
        match frame.content {
            Content::Simple(_) => self.text.push(text),
            Content::Mixed(_) if !frame.nil => {}
            Content::Elements(_) if !frame.nil => {
                if let Some(at) = text.bytes().position(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r')) {
                    self.text_between(byte + at, &text[at..]);
                }
            }
            _ => self.text_between(byte, text),
        }
    }

    fn character(&mut self, c: char, byte: usize) {
        let Some(frame) = self.frames.last() else { return };
        match frame.content {
            Content::Simple(_) => self.text.push_char(c),
            Content::Mixed(_) if !frame.nil => {}
            Content::Elements(_) if !frame.nil && matches!(c, ' ' | '\n' | '\t' | '\r') => {}
            _ => self.text_between(byte, c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Text where there may be none; said once for each element.
    fn text_between(&mut self, byte: usize, text: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        if std::mem::replace(&mut frame.texted, true) {
            return;
        }
        if frame.nil {
            self.report(byte, "nil-with-content", "An element that is nil must be empty.".to_string());
            return;
        }
        let empty = frame.content == Content::Empty;
        let name = self.schema.local(self.schema.elements[frame.element as usize].name);
        let holds = if empty { "must be empty" } else { "holds elements only" };
        let message = format!("<{name}> {holds}; the text {} has no place in it.", flaw::quote(text.trim()));
        self.report(byte, "text-unexpected", message);
    }

    #[inline]
    fn close(&mut self, byte: usize) {
        let Some(frame) = self.frames.last().copied() else { return };
        match frame.content {
            Content::Simple(simple) => self.close_value(frame, simple),
            Content::Elements(model) | Content::Mixed(model) => {
                let model = &self.schema.models[model as usize];
                if !frame.nil && (frame.tentative || !model.states[frame.state as usize].accepting) {
                    self.unfinished(model, byte);
                }
                self.leave(frame);
            }
            Content::Empty => self.leave(frame),
        }
        self.recovery.forget(self.frames.len());
        self.counts.truncate(frame.counts);
        self.frames.pop();
    }

    fn leave(&mut self, frame: Frame) {
        if !frame.silent {
            self.handler.close(self.schema.local(self.schema.elements[frame.element as usize].name));
        }
    }

    #[inline]
    fn close_value(&mut self, frame: Frame, simple: u32) {
        let schema = self.schema;
        let element = &schema.elements[frame.element as usize];
        let name = schema.local(element.name);
        if frame.nil {
            if self.text.pieces > 0 {
                self.report(frame.byte, "nil-with-content", "An element that is nil must be empty.".to_string());
            }
            return;
        }
        if self.text.pieces == 0
            && let Some(value) = &element.value
        {
            // The default was checked when the schema was loaded; white space it may still have.
            let value = simple::check(&schema.simples, simple, &value.text).unwrap_or_default();
            if !frame.silent {
                self.handler.value(name, &value, frame.byte);
            }
            return;
        }
        match simple::check(&schema.simples, simple, self.text.get()) {
            Ok(value) => {
                if let Some(fixed) = element.value.as_ref().filter(|v| v.fixed)
                    && !self.equal(simple, &fixed.text, &value)
                {
                    let message = format!("<{name}> must be {}.", flaw::quote(&fixed.text));
                    self.report(frame.byte, "value-fixed", message);
                } else if !frame.silent {
                    self.handler.value(name, &value, frame.byte);
                }
            }
            Err(wrong) => {
                let (code, message) = flaw::word(schema, simple, self.text.get(), wrong);
                self.report(frame.byte, code, message);
            }
        }
    }

    /// Is `value` the fixed value, as far as its type tells values apart?
    fn equal(&self, simple: u32, fixed: &str, value: &str) -> bool {
        let typed = &self.schema.simples[simple as usize];
        let fixed = simple::check(&self.schema.simples, simple, fixed).unwrap_or_default();
        fixed == value || simple::is_same_number(typed, &fixed, value)
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
        for frame in &self.frames {
            path.push('/');
            path.push_str(self.schema.local(self.schema.elements[frame.element as usize].name));
            if frame.index > 0 {
                path.push_str(&format!("[{}]", frame.index));
            }
        }
        path
    }
}
