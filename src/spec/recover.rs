//! Where a document goes wrong: what to call it, and how to go on so that one mistake is one flaw.
//!
//! An element that comes too soon means that others are missing, or that it stands too early itself. Which of the two
//! only its successor tells, so where more than one element would be missing the decision waits for the next child.

use super::check::{Checker, NO_ELEMENT, NOT_OURS};
use super::flaw::{self, Found};
use super::schema::{Content, Model, Move};
use crate::xml::{Malformed, Reader};

/// States looked at in search of a place for an element. Real models have under fifty.
const SEARCHED_MAX: usize = 2_000;

/// Names listed in a message.
const LISTED_MAX: usize = 6;

/// Flaws so far, and what may still change about them.
pub(super) struct Recovery {
    flaws: Vec<Option<Found>>,
    live: usize,
    max: usize,
    truncated: bool,
    /// Elements reported as missing: a later one of the kind was merely misplaced.
    missing: Vec<Doubt>,
    /// Elements reported as too early: they are not missing where they belong.
    early: Vec<Doubt>,
}

/// A flaw that may turn out otherwise while the element at `depth` is open.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    depth: usize,
    used: u32,
    flaw: usize,
}

impl Recovery {
    pub(super) fn new(max: usize) -> Recovery {
        Recovery { flaws: Vec::new(), live: 0, max, truncated: false, missing: Vec::new(), early: Vec::new() }
    }

    /// Takes a flaw, or notes that there was one too many. Says where it was put.
    pub(super) fn report(&mut self, found: Found) -> usize {
        if self.live >= self.max {
            self.truncated = true;
            return usize::MAX;
        }
        self.live += 1;
        self.flaws.push(Some(found));
        self.flaws.len() - 1
    }

    fn withdraw(&mut self, flaw: usize) {
        if let Some(place) = self.flaws.get_mut(flaw)
            && place.take().is_some()
        {
            self.live -= 1;
        }
    }

    /// Nothing more would be reported.
    #[inline]
    pub(super) fn full(&self) -> bool {
        self.truncated
    }

    /// The element at this depth ends; its doubts are settled.
    #[inline]
    pub(super) fn forget(&mut self, depth: usize) {
        if !self.missing.is_empty() || !self.early.is_empty() {
            self.missing.retain(|doubt| doubt.depth < depth);
            self.early.retain(|doubt| doubt.depth < depth);
        }
    }

    /// Where the flaws so far are.
    pub(super) fn bytes(&self) -> impl Iterator<Item = usize> {
        self.flaws.iter().flatten().map(|found| found.byte)
    }

    pub(super) fn finish(self) -> (Vec<Found>, bool) {
        (self.flaws.into_iter().flatten().collect(), self.truncated)
    }
}

impl Checker<'_> {
    /// A child where the parent holds text or nothing.
    #[cold]
    pub(super) fn child_in_text(&mut self, local: &str, byte: usize) {
        let Some(parent) = self.frames.last() else { return };
        let name = self.schema.local(self.schema.elements[parent.element as usize].name);
        let holds = if parent.content == Content::Empty { "must be empty" } else { "holds a value only" };
        let message = format!("<{name}> {holds}; the element {} has no place in it.", flaw::quote(local));
        self.report_at(byte, "element-unexpected", message, &below(local));
        self.skipping = 1;
    }

    /// A child that does not fit, or one that follows another which did not.
    #[cold]
    pub(super) fn misfit(&mut self, reader: &Reader, slot: usize, name: u32, byte: usize) -> Result<(), Malformed> {
        let depth = self.frames.len() - 1;
        let parent = self.frames[depth];
        let (Content::Elements(model) | Content::Mixed(model)) = parent.content else { return Ok(()) };
        let schema = self.schema;
        let model = &schema.models[model as usize];
        let local = reader.local(slot);
        if parent.nil {
            self.report(byte, "nil-with-content", "An element that is nil must be empty.".to_string());
            self.skipping = 1;
            return Ok(());
        }
        if parent.tentative {
            self.frames[depth].tentative = false;
            self.decide(model, name);
        }
        let state = self.frames[depth].state;
        if let Some(step) = step(schema.moves(model, state), name)
            && !self.is_taken(model, step.used)
        {
            self.frames[depth].state = step.next;
            let index = self.count(model, step.used, byte)?;
            self.enter(reader, step.element, slot, index, byte, parent.silent);
            return Ok(());
        }
        let Some(used) = model.uses.iter().position(|used| used.name == name) else {
            return self.stranger(reader, model, slot, byte);
        };
        let (used, element, repeats) = (used as u32, model.uses[used].element, model.uses[used].repeats);
        let seen = self.counts[parent.counts..].iter().any(|&(known, count)| known == used && count > 0);
        let index = self.count(model, used, byte)?;
        if seen && !repeats {
            let message = format!("<{local}> may stand only once.");
            self.report_at(byte, "element-repeated", message, &numbered(local, index));
        } else if let Some(path) = self.way(model, state, name) {
            let required: Vec<Move> =
                path[..path.len() - 1].iter().copied().filter(|s| !self.came_early(s.used)).collect();
            if required.len() >= 2 {
                let message =
                    format!("<{local}> stands too early; {} must come before it.", self.expected(model, state));
                let flaw = self.report_numbered(byte, "element-misplaced", message, &numbered(local, index));
                self.recovery.early.push(Doubt { depth, used, flaw });
                self.frames[depth].tentative = true;
            } else {
                self.missing(&required, byte);
                self.frames[depth].state = path.last().map_or(state, |step| step.next);
                self.enter(reader, element, slot, index, byte, parent.silent);
                return Ok(());
            }
        } else {
            self.recovered(depth, used);
            let message = match self.expected(model, state).as_str() {
                "" => format!("<{local}> stands too late; nothing may follow here."),
                expected => format!("<{local}> stands too late; {expected} must follow here."),
            };
            self.report_at(byte, "element-misplaced", message, &numbered(local, index));
        }
        // Out of place, but its own content can still be judged.
        self.enter(reader, element, slot, index, byte, true);
        Ok(())
    }

    /// An element of a name that has no place under this parent at all.
    fn stranger(&mut self, reader: &Reader, model: &Model, slot: usize, byte: usize) -> Result<(), Malformed> {
        let depth = self.frames.len() - 1;
        let schema = self.schema;
        let (local, state) = (reader.local(slot), self.frames[depth].state);
        let moves = schema.moves(model, state);
        let foreign = reader.namespace(slot) != schema.namespace();
        let meant = if foreign {
            moves.iter().find(|step| schema.local(step.name) == local)
        } else {
            let near = flaw::nearest(local, moves.iter().map(|step| schema.local(step.name)));
            moves.iter().find(|step| Some(schema.local(step.name)) == near)
        };
        let expected = self.expected(model, state);
        let (code, message) = match meant {
            Some(step) if foreign => {
                let wanted = flaw::quote(&schema.names[step.name as usize].namespace);
                let found = flaw::quote(reader.namespace(slot));
                ("element-namespace", format!("<{local}> must be of the namespace {wanted}, not of {found}."))
            }
            _ => {
                let uses = model.uses.iter().map(|used| schema.local(used.name));
                let near = meant.map(|step| schema.local(step.name)).or_else(|| flaw::nearest(local, uses));
                let hint = near.map(|near| format!(" Did you mean <{near}>?")).unwrap_or_default();
                let wanted = if expected.is_empty() { "nothing more is".to_string() } else { format!("{expected} is") };
                (
                    "element-unexpected",
                    format!("The element {} is not known here; {wanted} expected.{hint}", flaw::quote(local)),
                )
            }
        };
        self.report_at(byte, code, message, &below(local));
        match meant {
            // A slip of the pen: go on as if it had been written right.
            Some(step) => {
                self.frames[depth].state = step.next;
                let index = self.count(model, step.used, byte)?;
                self.enter(reader, step.element, slot, index, byte, true);
            }
            None => self.skipping = 1,
        }
        Ok(())
    }

    /// The child after a doubtful one: if it could follow that one, those before were missing.
    fn decide(&mut self, model: &Model, next: u32) {
        let depth = self.frames.len() - 1;
        let Some(doubt) = self.recovery.early.last().copied().filter(|doubt| doubt.depth == depth) else { return };
        let state = self.frames[depth].state;
        if step(self.schema.moves(model, state), next).is_some() {
            return;
        }
        let name = model.uses[doubt.used as usize].name;
        let Some(path) = self.way(model, state, name) else { return };
        let behind = path.last().map_or(state, |step| step.next);
        let follows = next == NO_ELEMENT && model.states[behind as usize].accepting
            || step(self.schema.moves(model, behind), next).is_some();
        if follows {
            self.accept_early(doubt, &path);
        }
    }

    fn accept_early(&mut self, doubt: Doubt, path: &[Move]) {
        let depth = self.frames.len() - 1;
        let byte = match self.recovery.flaws.get(doubt.flaw) {
            Some(Some(found)) => found.byte,
            _ => 0,
        };
        self.recovery.withdraw(doubt.flaw);
        self.recovery.early.pop();
        self.missing(&path[..path.len() - 1], byte);
        self.frames[depth].state = path.last().map_or(0, |step| step.next);
    }

    /// The parent ends where it may not.
    #[cold]
    pub(super) fn unfinished(&mut self, model: &Model, byte: usize) {
        let depth = self.frames.len() - 1;
        if self.frames[depth].tentative {
            self.decide(model, NO_ELEMENT);
        }
        let state = self.frames[depth].state;
        if let Some(required) = &model.counted {
            let absent = |step: &&Move| required.contains(&step.used) && !self.counted(step.used);
            let mut missing: Vec<Move> = model.moves.iter().filter(absent).copied().collect();
            missing.dedup_by_key(|step| step.used);
            self.missing(&missing, byte);
        } else if let Some(path) = self.way(model, state, NO_ELEMENT) {
            self.missing(&path, byte);
        } else {
            let parent = self.schema.local(self.schema.elements[self.frames[depth].element as usize].name);
            let message = format!("<{parent}> cannot end here, and nothing that its schema takes would complete it.");
            self.report(byte, "element-missing", message);
        }
    }

    fn missing(&mut self, steps: &[Move], byte: usize) {
        let depth = self.frames.len() - 1;
        for step in steps {
            if self.came_early(step.used) {
                continue;
            }
            let name = self.schema.local(step.name);
            let parent = self.schema.elements[self.frames[depth].element as usize].name;
            let message = format!("<{}> must have <{name}> before this point.", self.schema.local(parent));
            let flaw = self.report_numbered(byte, "element-missing", message, &below(name));
            self.recovery.missing.push(Doubt { depth, used: step.used, flaw });
        }
    }

    /// An element of this use stood too early, and is not missing as well.
    fn came_early(&self, used: u32) -> bool {
        let depth = self.frames.len() - 1;
        self.recovery.early.iter().any(|doubt| doubt.depth == depth && doubt.used == used)
    }

    /// An element of this use was called missing, and is there after all.
    fn recovered(&mut self, depth: usize, used: u32) {
        let found = self.recovery.missing.iter().position(|doubt| doubt.depth == depth && doubt.used == used);
        if let Some(at) = found {
            let doubt = self.recovery.missing.swap_remove(at);
            self.recovery.withdraw(doubt.flaw);
        }
    }

    fn report_numbered(&mut self, byte: usize, code: &'static str, message: String, below: &str) -> usize {
        let path = self.path() + below;
        self.recovery.report(Found { byte, path, code, message })
    }

    /// The shortest way from a state to an element of this name, its own move last; or, for no element, to an end.
    fn way(&self, model: &Model, from: u32, name: u32) -> Option<Vec<Move>> {
        if name == NOT_OURS {
            return None;
        }
        // Each state with the place in this list it was reached from, and by which move.
        let mut reached: Vec<(u32, usize, Option<Move>)> = vec![(from, 0, None)];
        let mut seen = vec![false; model.states.len()];
        seen[from as usize] = true;
        let mut at = 0;
        while at < reached.len() && at < SEARCHED_MAX {
            let (state, ..) = reached[at];
            let moves = self.schema.moves(model, state);
            let arrived = if name == NO_ELEMENT {
                model.states[state as usize].accepting.then_some(None)
            } else {
                step(moves, name).map(Some)
            };
            if let Some(last) = arrived {
                let mut path: Vec<Move> = last.into_iter().collect();
                let mut back = at;
                while let (_, before, Some(step)) = reached[back] {
                    path.push(step);
                    back = before;
                }
                path.reverse();
                return Some(path);
            }
            for step in moves {
                if !std::mem::replace(&mut seen[step.next as usize], true) {
                    reached.push((step.next, at, Some(*step)));
                }
            }
            at += 1;
        }
        None
    }

    /// What may stand in this state, for messages: everything up to what must.
    fn expected(&self, model: &Model, state: u32) -> String {
        let moves = self.schema.moves(model, state);
        let names: Vec<String> =
            moves.iter().take(LISTED_MAX).map(|step| format!("<{}>", self.schema.local(step.name))).collect();
        match &names[..] {
            [] => String::new(),
            [one] => one.clone(),
            [most @ .., last] if moves.len() <= LISTED_MAX => format!("{} or {last}", most.join(", ")),
            _ => format!("{} or another", names.join(", ")),
        }
    }
}

fn step(moves: &[Move], name: u32) -> Option<Move> {
    moves.iter().find(|step| step.name == name).copied()
}

fn below(local: &str) -> String {
    format!("/{}", flaw::quote(local).trim_matches('"'))
}

fn numbered(local: &str, index: u32) -> String {
    if index > 0 { format!("{}[{index}]", below(local)) } else { below(local) }
}
