//! Keys, uniqueness and references while a document streams by: what was selected, what of it is compared, and what
//! came of it.
//!
//! Source: XML Schema Part 1, 3.11.4. What is kept are the values of the fields, in as many bytes as [`HELD_BYTES_MAX`]:
//! a document that would need more is refused with a flaw that names the limit.

use std::collections::HashMap;

use super::check::Checker;
use super::flaw::Found;
use super::meaning;
use super::schema::{Content, KeyKind, Path, Test};
use super::values;
use crate::xml::Reader;

/// Bytes of values held for comparison at one time, each row counted with what holds it.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes that a row takes besides its values.
const ROW_BYTES: usize = 96;

/// All that is held of one document.
#[derive(Default)]
pub(super) struct Keys {
    scopes: Vec<Scope>,
    /// Namespace and name of the open elements, from the outermost one with keys on.
    trail: Vec<(String, String)>,
    /// Depth of the first of the trail.
    first: usize,
    /// Values of the attributes of the element just opened: namespace, name, canonical spelling.
    attributes: Vec<(String, String, String)>,
    /// Rows that elements already closed left behind, for references in elements around them.
    tables: Vec<Table>,
    bytes: usize,
    full: bool,
}

/// An open element with a key.
struct Scope {
    key: u32,
    /// Depth of its element.
    depth: usize,
    targets: Vec<Target>,
    rows: HashMap<String, Row>,
    /// Of references: each with the place of the first that says so.
    referring: HashMap<String, Row>,
}

struct Row {
    byte: usize,
    path: String,
}

/// An open element that was selected.
struct Target {
    depth: usize,
    byte: usize,
    path: String,
    fields: Vec<Field>,
}

#[derive(Default)]
struct Field {
    value: Option<String>,
    /// The depth of the open element whose text it is.
    awaits: Option<usize>,
    /// It was found at fault, and that was said: the row is not compared.
    flawed: bool,
    seen: bool,
}

/// The rows of a key, by the depth of the element that they were left to.
struct Table {
    depth: usize,
    key: u32,
    /// No, where two elements left the same row.
    rows: HashMap<String, bool>,
}

impl Keys {
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Remembers a valid attribute of the element being opened.
    pub(super) fn note(&mut self, namespace: &str, local: &str, canonical: String) {
        self.attributes.push((namespace.to_string(), local.to_string(), canonical));
    }

    /// Where something stands that may still be spoken of.
    pub(super) fn bytes(&self) -> impl Iterator<Item = usize> + '_ {
        let referring = self.scopes.iter().flat_map(|scope| scope.referring.values().map(|row| row.byte));
        let targets = self.scopes.iter().flat_map(|scope| scope.targets.iter().map(|target| target.byte));
        referring.chain(targets)
    }

    fn hold(&mut self, bytes: usize) {
        self.bytes += bytes + ROW_BYTES;
        self.full |= self.bytes > HELD_BYTES_MAX;
    }
}

impl Checker<'_> {
    /// Does anybody wait for the values of the element that is being opened?
    #[inline]
    pub(super) fn is_keyed(&self, element: u32) -> bool {
        !self.keys.is_idle() || !self.schema.elements[element as usize].keys.is_empty()
    }

    /// An element was opened, its attributes noted.
    #[cold]
    pub(super) fn open_keys(&mut self, element: u32, namespace: &str, local: &str) {
        let schema = self.schema;
        let depth = self.frames.len() - 1;
        if self.keys.is_idle() {
            self.keys.trail.clear();
            self.keys.first = depth;
        }
        self.keys.trail.push((namespace.to_string(), local.to_string()));
        for &key in &schema.elements[element as usize].keys {
            let (targets, rows, referring) = (Vec::new(), HashMap::new(), HashMap::new());
            self.keys.scopes.push(Scope { key, depth, targets, rows, referring });
        }
        let (byte, content) = self.frames.last().map_or((0, Content::Empty), |frame| (frame.byte, frame.content));
        let nillable = schema.elements[element as usize].nillable;
        let path = self.path();
        let Keys { scopes, trail, first, attributes, .. } = &mut self.keys;
        let mut flaws = Vec::new();
        for scope in scopes.iter_mut() {
            let key = &schema.keys[scope.key as usize];
            let below = |from: usize| &trail[from + 1 - *first..];
            if key.selector.iter().any(|selector| selects(selector, below(scope.depth))) {
                let fields = key.fields.iter().map(|_| Field::default()).collect();
                scope.targets.push(Target { depth, byte, path: path.clone(), fields });
            }
            for target in &mut scope.targets {
                for (field, paths) in target.fields.iter_mut().zip(&key.fields) {
                    for one in paths.iter().filter(|one| selects(one, below(target.depth))) {
                        match &one.attribute {
                            Some(test) => {
                                for (_, _, value) in attributes.iter().filter(|(ns, name, _)| passes(test, ns, name)) {
                                    field.take(Some(value.clone()), &mut flaws, &key.name);
                                }
                            }
                            None if field.awaits == Some(depth) => {}
                            None => {
                                let texted = matches!(content, Content::Simple(_));
                                if !texted || nillable && key.kind == KeyKind::Key {
                                    let what = if texted { "may be nil" } else { "holds more than a value" };
                                    flaws.push(format!("The key {} takes this element, which {what}.", key.name));
                                    field.flawed = true;
                                }
                                field.take(None, &mut flaws, &key.name);
                                field.awaits = Some(depth);
                            }
                        }
                    }
                }
            }
        }
        attributes.clear();
        for message in flaws {
            self.report(byte, "key-field", message);
        }
    }

    /// The element about to close has this value; none where it is at fault.
    #[cold]
    pub(super) fn key_value(&mut self, reader: &Reader, simple: u32, value: Option<&str>) {
        let depth = self.frames.len() - 1;
        let canonical = value
            .map(|value| values::canonical(&self.schema.simples, simple, value, &|name| meaning::named(reader, name)));
        for target in self.keys.scopes.iter_mut().flat_map(|scope| &mut scope.targets) {
            for field in target.fields.iter_mut().filter(|field| field.awaits == Some(depth)) {
                field.awaits = None;
                match &canonical {
                    Some(value) => field.value = Some(value.clone()),
                    None => field.flawed = true,
                }
            }
        }
    }

    /// The innermost element ends, and with it what it selected and what it keeps apart.
    #[cold]
    pub(super) fn close_keys(&mut self) {
        let depth = self.frames.len() - 1;
        let schema = self.schema;
        let mut scopes = std::mem::take(&mut self.keys.scopes);
        for scope in &mut scopes {
            let waiting = scope.targets.iter_mut().flat_map(|target| &mut target.fields);
            waiting.filter(|field| field.awaits == Some(depth)).for_each(|field| field.awaits = None);
            while let Some(target) = scope.targets.pop_if(|target| target.depth == depth) {
                self.settle_row(scope, target);
            }
        }
        let ended: Vec<Scope> = scopes.extract_if(.., |scope| scope.depth == depth).collect();
        self.keys.scopes = scopes;
        self.keys.trail.pop();
        // What this element keeps itself counts before what was left to it.
        for scope in &ended {
            if matches!(schema.keys[scope.key as usize].kind, KeyKind::Key | KeyKind::Unique) {
                let table = self.table(scope.key, depth);
                for row in scope.rows.keys() {
                    table.rows.insert(row.clone(), true);
                }
            }
        }
        for scope in &ended {
            let KeyKind::Reference(target) = schema.keys[scope.key as usize].kind else { continue };
            let known = self.keys.tables.iter().find(|table| table.key == target && table.depth == depth);
            let lost: Vec<Found> = scope
                .referring
                .iter()
                .filter(|(row, _)| known.is_none_or(|table| table.rows.get(*row) != Some(&true)))
                .map(|(_, row)| {
                    let key = &schema.keys[target as usize].name;
                    let message = format!("Nothing has the {key} that is referred to here.");
                    Found { byte: row.byte, path: row.path.clone(), code: "key-unknown", message }
                })
                .collect();
            lost.into_iter().for_each(|found| {
                self.recovery.report(found);
            });
        }
        self.leave_tables(depth);
        for scope in ended {
            let held = scope.rows.iter().chain(&scope.referring);
            let bytes: usize = held.map(|(row, place)| row.len() + place.path.len() + ROW_BYTES).sum();
            self.keys.bytes = self.keys.bytes.saturating_sub(bytes);
        }
        if self.keys.is_idle() {
            self.keys.tables.clear();
            self.keys.bytes = 0;
        }
    }

    /// A selected element ends: its fields are a row, or one is missing.
    fn settle_row(&mut self, scope: &mut Scope, target: Target) {
        let key = &self.schema.keys[scope.key as usize];
        let Target { byte, path, fields, .. } = target;
        if fields.iter().any(|field| field.flawed) || self.keys.full {
            return;
        }
        let missing = fields.iter().any(|field| field.value.is_none());
        if missing {
            if key.kind == KeyKind::Key {
                let message = format!("This element must have every field of the key {}.", key.name);
                self.recovery.report(Found { byte, path, code: "key-missing", message });
            }
            return;
        }
        let place = path.clone();
        let row = fields.into_iter().filter_map(|field| field.value).collect::<Vec<_>>().join("\n\n");
        if let KeyKind::Reference(_) = key.kind {
            let bytes = row.len() + path.len();
            if let std::collections::hash_map::Entry::Vacant(free) = scope.referring.entry(row) {
                free.insert(Row { byte, path });
                self.keys.hold(bytes);
            }
        } else if let Some(first) = scope.rows.get(&row) {
            let message = format!("The {} of this element is that of {} too.", key.name, first.path);
            self.recovery.report(Found { byte, path, code: "key-repeated", message });
        } else {
            let bytes = row.len() + path.len();
            scope.rows.insert(row, Row { byte, path });
            self.keys.hold(bytes);
        }
        if self.keys.full {
            let message = format!("The keys of one document may take at most {HELD_BYTES_MAX} bytes.");
            self.recovery.report(Found { byte, path: place, code: "records-limit", message });
        }
    }

    fn table(&mut self, key: u32, depth: usize) -> &mut Table {
        let tables = &mut self.keys.tables;
        let at = match tables.iter().position(|table| table.key == key && table.depth == depth) {
            Some(at) => at,
            None => {
                tables.push(Table { depth, key, rows: HashMap::new() });
                tables.len() - 1
            }
        };
        &mut tables[at]
    }

    /// What an element knows is left to the element around it, where a reference may still ask for it.
    fn leave_tables(&mut self, depth: usize) {
        let schema = self.schema;
        let wanted = |key: u32, scopes: &[Scope]| {
            scopes.iter().any(|scope| schema.keys[scope.key as usize].kind == KeyKind::Reference(key))
        };
        let leaving: Vec<Table> = self.keys.tables.extract_if(.., |table| table.depth == depth).collect();
        for table in leaving {
            if depth == 0 || !wanted(table.key, &self.keys.scopes) {
                continue;
            }
            if !self.keys.tables.iter().any(|known| known.key == table.key && known.depth == depth - 1) {
                self.keys.tables.push(Table { depth: depth - 1, ..table });
                continue;
            }
            let bytes: usize = table.rows.keys().map(|row| row.len()).sum();
            let above = self.table(table.key, depth - 1);
            for (row, alone) in table.rows {
                above.rows.entry(row).and_modify(|alone| *alone = false).or_insert(alone);
            }
            self.keys.hold(bytes);
        }
    }
}

impl Field {
    /// A field is one thing of each element, or nothing.
    fn take(&mut self, value: Option<String>, flaws: &mut Vec<String>, key: &str) {
        if std::mem::replace(&mut self.seen, true) {
            flaws.push(format!("The key {key} finds more than one value for a field."));
            self.flawed = true;
            return;
        }
        self.value = value;
    }
}

/// Does a path lead from an element to the last of those below it?
fn selects(path: &Path, below: &[(String, String)]) -> bool {
    let steps = &path.steps;
    if steps.len() > below.len() || !path.deep && steps.len() != below.len() {
        return false;
    }
    below[below.len() - steps.len()..].iter().zip(steps).all(|((ns, name), test)| passes(test, ns, name))
}

fn passes(test: &Test, namespace: &str, local: &str) -> bool {
    match test {
        Test::Any => true,
        Test::Namespace(known) => known == namespace,
        Test::Name(known, name) => known == namespace && name == local,
    }
}
