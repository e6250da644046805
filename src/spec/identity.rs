//! Keys, uniqueness and references as a schema states them: which elements they select, and what of those is compared.
//!
//! Source: XML Schema Part 1, 3.11, with its subset of XPath. What they mean for a document is looked after by `keys`.

use std::collections::HashMap;

use super::SchemaFault;
use super::compile::Compiler;
use super::load::Place;
use super::nodes::QName;
use super::schema::{Key, KeyKind, Path, Test};

/// Steps of one path, and alternatives of one selector: more is nothing that anybody would read.
const STEPS_MAX: usize = 64;

impl Compiler<'_> {
    /// Reads the keys of all elements, and finds what each reference refers to.
    pub(super) fn keys(&mut self) -> Result<(), SchemaFault> {
        let mut elements: Vec<(Place, u32)> = self.elements.iter().map(|(&place, &at)| (place, at)).collect();
        elements.sort_unstable();
        let mut known: HashMap<QName, u32> = HashMap::new();
        let mut referring: Vec<(Place, u32)> = Vec::new();
        for (place, element) in elements {
            for child in self.children(place) {
                let node = self.node(child);
                if !matches!(node.kind, "key" | "unique" | "keyref") {
                    continue;
                }
                let at = self.schema.keys.len() as u32;
                let local = node.attribute("name").unwrap_or("").to_string();
                let name = QName { namespace: self.register.units[place.unit].namespace.clone(), local: local.clone() };
                if known.insert(name, at).is_some() {
                    return self.broken(child, format!("the name {local} is given to two keys"));
                }
                let kind = match node.kind {
                    "key" => KeyKind::Key,
                    "unique" => KeyKind::Unique,
                    _ => KeyKind::Reference(u32::MAX),
                };
                if matches!(kind, KeyKind::Reference(_)) {
                    referring.push((child, at));
                }
                let mut key = Key { name: local, kind, selector: Vec::new(), fields: Vec::new(), referred: false };
                for inside in self.children(child) {
                    let paths = self.paths(inside)?;
                    match self.node(inside).kind {
                        "selector" => key.selector = paths,
                        _ => key.fields.push(paths),
                    }
                }
                self.schema.keys.push(key);
                self.schema.elements[element as usize].keys.push(at);
            }
        }
        for (place, at) in referring {
            let name = self.node(place).qname("refer");
            let name = name.map(|name| self.register.adopt(self.library, place, &name));
            let target = name.as_ref().and_then(|name| known.get(name)).copied();
            let Some(target) =
                target.filter(|&target| !matches!(self.schema.keys[target as usize].kind, KeyKind::Reference(_)))
            else {
                return self.broken(place, "it refers to no key");
            };
            if self.schema.keys[target as usize].fields.len() != self.schema.keys[at as usize].fields.len() {
                return self.broken(place, "it has more or fewer fields than the key that it refers to");
            }
            self.schema.keys[at as usize].kind = KeyKind::Reference(target);
            self.schema.keys[target as usize].referred = true;
        }
        Ok(())
    }

    /// The alternatives of the path in a selector or a field.
    fn paths(&self, place: Place) -> Result<Vec<Path>, SchemaFault> {
        let text = self.node(place).attribute("xpath").unwrap_or("");
        let is_field = self.node(place).kind == "field";
        let mut paths = Vec::new();
        for one in text.split('|') {
            match self.path(place, one, is_field) {
                Some(path) if path.steps.len() <= STEPS_MAX && paths.len() < STEPS_MAX => paths.push(path),
                Some(_) => return self.unsupported(place, "a path that goes this far"),
                None => {
                    return self.broken(
                        place,
                        format!("the path {text} is not one that a {} may have", self.node(place).kind),
                    );
                }
            }
        }
        Ok(paths)
    }

    /// `(.//)? step (/ step)*`, where a step is a name, `*`, `prefix:*` or `.`, and the last step of a field may be an
    /// attribute. White space may stand between the words.
    fn path(&self, place: Place, text: &str, is_field: bool) -> Option<Path> {
        let words = words(text)?;
        let mut words = words.as_slice();
        let mut path = Path { deep: false, steps: Vec::new(), attribute: None };
        if let [".", "//", rest @ ..] = words {
            path.deep = true;
            words = rest;
        }
        loop {
            let (attribute, rest) = match words {
                ["child", "::", rest @ ..] => (false, rest),
                ["attribute", "::", rest @ ..] | ["@", rest @ ..] => (true, rest),
                _ => (false, words),
            };
            let explicit = rest.len() < words.len();
            let (test, rest) = match rest {
                [".", rest @ ..] if !explicit => (None, rest),
                ["*", rest @ ..] => (Some(Test::Any), rest),
                [name, rest @ ..] if !matches!(*name, "/" | "//" | "::" | "@" | ".") => {
                    (Some(self.test(place, name)?), rest)
                }
                _ => return None,
            };
            match (test, attribute) {
                (test, true) => path.attribute = test,
                (Some(test), false) => path.steps.push(test),
                (None, false) => {}
            }
            match rest {
                [] => break,
                ["/", rest @ ..] if !attribute => words = rest,
                _ => return None,
            }
        }
        (is_field || path.attribute.is_none()).then_some(path)
    }

    /// A name without a prefix is of no namespace, whatever the default. Source: XPath 1.0, 2.3.
    fn test(&self, place: Place, name: &str) -> Option<Test> {
        let Some((prefix, local)) = name.split_once(':') else {
            return Some(Test::Name(String::new(), name.to_string()));
        };
        let namespace = self.library.files[self.file(place)].meaning(place.node, &format!("{prefix}:x"))?.namespace;
        Some(match local {
            "*" => Test::Namespace(namespace),
            local => Test::Name(namespace, local.to_string()),
        })
    }
}

/// The words of a path: names with their prefixes, and signs.
fn words(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', '\n', '\r']);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => 2,
            ':' if rest.starts_with("::") => 2,
            '/' | '@' | '.' | '*' => 1,
            _ => {
                let mut length = name_length(rest)?;
                let colon = rest[length..].starts_with(':') && !rest[length..].starts_with("::");
                if colon && rest[length + 1..].starts_with('*') {
                    length += 2;
                } else if colon {
                    length += 1 + name_length(&rest[length + 1..])?;
                }
                length
            }
        };
        words.push(&rest[..length]);
        rest = rest[length..].trim_start_matches([' ', '\t', '\n', '\r']);
    }
    Some(words)
}

fn name_length(text: &str) -> Option<usize> {
    let first = text.chars().next().filter(|&c| crate::xml::is_name_start(c) && c != ':')?;
    let rest = &text[first.len_utf8()..];
    let more = rest.find(|c| !crate::xml::is_name_char(c) || c == ':').unwrap_or(rest.len());
    Some(first.len_utf8() + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_into_words() {
        assert_eq!(words(".//a:b / child::*/@x").unwrap(), [".", "//", "a:b", "/", "child", "::", "*", "/", "@", "x"]);
        assert_eq!(words("p:*").unwrap(), ["p:*"]);
        assert_eq!(words(" a-b.c").unwrap(), ["a-b.c"]);
        for wrong in ["1a", "a:", "a[1]", "p:1", "$a", "a()"] {
            assert!(words(wrong).is_none(), "{wrong}");
        }
    }
}
