//! What a schema describes, as people read it: the elements of a document, how often each may stand, and what it holds.

use super::schema::{Content, Model, Schema, WILD};
use super::simple::{Base, Facets, Simple, Variety, form};

/// An element or an attribute of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Local name; `*` for whatever a wildcard takes, and with `@` before it for an attribute.
    pub name: String,
    pub required: bool,
    pub repeats: bool,
    /// What its text must be; none where it holds elements, or nothing.
    pub value: Option<String>,
    /// Its attributes, and the elements in it, in the order of the schema.
    pub fields: Vec<Field>,
    /// It is of a type that it stands within: what follows is what stands above.
    pub recurs: bool,
}

/// Fields told of one document: types that hold each other in many ways grow without end.
const FIELDS_MAX: usize = 20_000;

/// Codes told of a list; the others are counted.
const CODES_SHOWN: usize = 12;

impl Schema {
    /// The fields of the documents that begin with `root`, an element of the schema's own namespace.
    pub fn fields(&self, root: &str) -> Option<Field> {
        let element = self.roots.iter().copied().find(|&at| self.local(self.elements[at as usize].name) == root)?;
        let mut left = FIELDS_MAX;
        Some(self.field(element, true, false, &mut Vec::new(), &mut left))
    }

    fn field(&self, element: u32, required: bool, repeats: bool, above: &mut Vec<u32>, left: &mut usize) -> Field {
        let element = &self.elements[element as usize];
        let typed = &self.types[element.typed as usize];
        let recurs = above.contains(&element.typed) || *left == 0;
        let value = match typed.content {
            Content::Simple(simple) => Some(self.described(simple)),
            Content::Mixed(_) => Some("text between its elements".to_string()),
            _ => None,
        };
        let mut field =
            Field { name: self.local(element.name).to_string(), required, repeats, value, fields: Vec::new(), recurs };
        *left = left.saturating_sub(1);
        if recurs {
            return field;
        }
        for attribute in &typed.attributes {
            let (name, value) = (format!("@{}", attribute.local), Some(self.described(attribute.simple)));
            let (required, repeats, recurs) = (attribute.required, false, false);
            field.fields.push(Field { name, required, repeats, value, fields: Vec::new(), recurs });
        }
        if let Content::Elements(model) | Content::Mixed(model) = typed.content {
            let model = &self.models[model as usize];
            above.push(element.typed);
            for (at, used) in model.uses.iter().enumerate() {
                let required = self.must(model, at as u32);
                if used.name == WILD {
                    let (name, value, fields) = ("*".to_string(), Some("any element".to_string()), Vec::new());
                    field.fields.push(Field { name, required, repeats: used.repeats, value, fields, recurs: false });
                } else {
                    field.fields.push(self.field(used.element, required, used.repeats, above, left));
                }
            }
            above.pop();
        }
        field
    }

    /// Does every content have a child of this use? Yes, if there is no way to an end without one.
    pub(super) fn must(&self, model: &Model, used: u32) -> bool {
        if let Some(required) = &model.counted {
            return required.contains(&used);
        }
        let mut seen = vec![false; model.states.len()];
        let mut waiting = vec![0u32];
        while let Some(state) = waiting.pop() {
            if std::mem::replace(&mut seen[state as usize], true) {
                continue;
            }
            if model.states[state as usize].accepting {
                return false;
            }
            waiting.extend(self.moves(model, state).iter().filter(|step| step.used != used).map(|step| step.next));
        }
        true
    }

    /// What a value of a type must be, in words.
    fn described(&self, simple: u32) -> String {
        let Simple { variety, facets, .. } = &self.simples[simple as usize];
        let mut words = match variety {
            Variety::Atomic(Base::String) if facets.codes.is_some() => String::new(),
            Variety::Atomic(base) => form(*base).to_string(),
            Variety::List(item) => format!("a list, each {}", self.described(*item)),
            Variety::Union(members) => {
                members.iter().map(|&member| self.described(member)).collect::<Vec<_>>().join(", or ")
            }
        };
        for part in said(facets, matches!(variety, Variety::List(_))) {
            if !words.is_empty() {
                words += ", ";
            }
            words += &part;
        }
        words
    }
}

/// What facets say, each in words.
fn said(facets: &Facets, items: bool) -> Vec<String> {
    let mut parts = Vec::new();
    let unit = if items { "items" } else { "characters" };
    if let Some(codes) = &facets.codes {
        let shown: Vec<String> = codes.iter().take(CODES_SHOWN).collect();
        let more = codes.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("one of {}{more}", shown.join(" ")));
    }
    let (least, most) = (facets.length.or(facets.length_min), facets.length.or(facets.length_max));
    match (least, most) {
        (Some(least), Some(most)) if least == most => parts.push(format!("{most} {unit}")),
        (Some(least), Some(most)) => parts.push(format!("{least} to {most} {unit}")),
        (Some(least), None) => parts.push(format!("at least {least} {unit}")),
        (None, Some(most)) => parts.push(format!("at most {most} {unit}")),
        (None, None) => {}
    }
    if let Some(min) = &facets.min {
        parts.push(format!("{} {}", if min.inclusive { "at least" } else { "more than" }, min.text));
    }
    if let Some(max) = &facets.max {
        parts.push(format!("{} {}", if max.inclusive { "at most" } else { "less than" }, max.text));
    }
    if let Some(digits) = facets.total_digits {
        parts.push(format!("at most {digits} digits"));
    }
    if let Some(digits) = facets.fraction_digits {
        parts.push(format!("at most {digits} behind the point"));
    }
    if !facets.patterns.is_empty() {
        parts.push("by a pattern".to_string());
    }
    parts
}
