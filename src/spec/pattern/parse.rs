//! A pattern's text to its tree.

use std::collections::HashMap;

use super::Refused;
use super::blocks;
use super::charset::CharSet;

pub(super) enum Node {
    Chars(CharSet),
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

/// Groups may be nested so deep; the parser recurses.
const DEPTH_MAX: usize = 50;

/// Highest count in a quantifier. Larger ones do not fit the table anyway.
const COUNT_MAX: u32 = 10_000;

pub(super) fn parse(pattern: &str) -> Result<Node, Refused> {
    let mut parser = Parser { chars: pattern.chars().collect(), at: 0, depth: 0, known: HashMap::new() };
    let node = parser.branches()?;
    match parser.peek() {
        None => Ok(node),
        Some(c) => wrong(format!("\"{c}\" without its opening")),
    }
}

fn wrong<T>(words: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Wrong(words.into()))
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    /// Sets that were looked up, by what stands behind their backslash: some take a walk through all of Unicode.
    known: HashMap<String, CharSet>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let here = self.peek() == Some(c);
        self.at += usize::from(here);
        here
    }

    fn enter(&mut self) -> Result<(), Refused> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Refused::TooLarge) } else { Ok(()) }
    }

    fn branches(&mut self) -> Result<Node, Refused> {
        let mut branches = vec![self.branch()?];
        while self.take('|') {
            branches.push(self.branch()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Any(branches) })
    }

    fn branch(&mut self) -> Result<Node, Refused> {
        let mut pieces = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let atom = self.atom()?;
            pieces.push(self.quantified(atom)?);
        }
        Ok(Node::All(pieces))
    }

    fn atom(&mut self) -> Result<Node, Refused> {
        let c = self.chars[self.at];
        self.at += 1;
        Ok(match c {
            '(' => {
                self.enter()?;
                let inside = self.branches()?;
                if !self.take(')') {
                    return wrong("\"(\" that is not closed");
                }
                self.depth -= 1;
                inside
            }
            '[' => Node::Chars(self.class()?),
            '\\' => Node::Chars(self.escape()?),
            '.' => Node::Chars(CharSet::of(&[(10, 10), (13, 13)]).negate()),
            '?' | '*' | '+' | '{' | '}' | ']' => return wrong(format!("\"{c}\" where a character must stand")),
            c => Node::Chars(CharSet::one(c)),
        })
    }

    fn quantified(&mut self, atom: Node) -> Result<Node, Refused> {
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => return self.counted(atom),
            _ => return Ok(atom),
        };
        self.at += 1;
        Ok(Node::Repeat(Box::new(atom), min, max))
    }

    fn counted(&mut self, atom: Node) -> Result<Node, Refused> {
        let Some(length) = self.chars[self.at..].iter().position(|&c| c == '}') else {
            return wrong("\"{\" that is not closed");
        };
        let inside: String = self.chars[self.at + 1..self.at + length].iter().collect();
        self.at += length + 1;
        let number = |text: &str| match text.parse::<u32>() {
            Ok(count) if text.bytes().all(|b| b.is_ascii_digit()) && count <= COUNT_MAX => Ok(count),
            Ok(_) if text.bytes().all(|b| b.is_ascii_digit()) => Err(Refused::TooLarge),
            Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => Err(Refused::TooLarge),
            _ => wrong(format!("the quantifier {{{inside}}}")),
        };
        let (min, max) = match inside.split_once(',') {
            None => (number(&inside)?, Some(number(&inside)?)),
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        if max.is_some_and(|max| max < min) {
            return wrong(format!("the quantifier {{{inside}}}"));
        }
        Ok(Node::Repeat(Box::new(atom), min, max))
    }

    /// Behind `[`: members, perhaps negated, perhaps with another class taken away at the end.
    fn class(&mut self) -> Result<CharSet, Refused> {
        self.enter()?;
        let negated = self.take('^');
        let mut set = CharSet::default();
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return wrong("\"[\" that is not closed") };
            let next = self.chars.get(self.at + 1).copied();
            if c == ']' {
                if first {
                    return wrong("the empty class []");
                }
                self.at += 1;
                self.depth -= 1;
                return Ok(if negated { set.negate() } else { set });
            }
            if c == '-' && next == Some('[') && !first {
                self.at += 2;
                let taken = self.class()?;
                if !self.take(']') {
                    return wrong("a class that goes on after its subtraction");
                }
                self.depth -= 1;
                let whole = if negated { set.negate() } else { set };
                return Ok(whole.without(&taken));
            }
            let hyphen = c == '-';
            let member = self.member(first)?;
            first = false;
            // A range, unless the hyphen is the last member or begins a subtraction.
            let to = self.chars.get(self.at + 1).copied();
            if self.peek() == Some('-') && to != Some(']') && to != Some('[') {
                if hyphen || to == Some('-') {
                    return wrong("a range from or to \"-\"; write \\-");
                }
                self.at += 1;
                let end = self.member(false)?;
                match (single(&member), single(&end)) {
                    (Some(from), Some(to)) if from <= to => set.add(&CharSet::of(&[(from, to)])),
                    (Some(from), Some(to)) => return wrong(format!("the range {}-{}", show(from), show(to))),
                    _ => return wrong("a range between classes"),
                }
            } else {
                set.add(&member);
            }
        }
    }

    fn member(&mut self, first: bool) -> Result<CharSet, Refused> {
        let Some(c) = self.peek() else { return wrong("\"[\" that is not closed") };
        self.at += 1;
        match c {
            '\\' => self.escape(),
            '[' => wrong("\"[\" inside a class"),
            '-' if !first && self.peek() != Some(']') => wrong("\"-\" in the middle of a class"),
            c => Ok(CharSet::one(c)),
        }
    }

    /// Behind a backslash.
    fn escape(&mut self) -> Result<CharSet, Refused> {
        let Some(c) = self.peek() else { return wrong("\"\\\" at the end") };
        self.at += 1;
        match c {
            'n' => Ok(CharSet::one('\n')),
            'r' => Ok(CharSet::one('\r')),
            't' => Ok(CharSet::one('\t')),
            '\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' => Ok(CharSet::one(c)),
            'p' | 'P' => {
                let end = self.chars[self.at..].iter().position(|&c| c == '}');
                let Some(end) = end.filter(|_| self.peek() == Some('{')) else {
                    return wrong(format!("\"\\{c}\" without a category"));
                };
                let name: String = self.chars[self.at + 1..self.at + end].iter().collect();
                self.at += end + 1;
                let set = self.set_of(name.clone(), |name| match name.strip_prefix("Is") {
                    Some(name) => blocks::block(name),
                    None => CharSet::of_category(name),
                });
                let Some(set) = set else { return wrong(format!("the category \\{c}{{{name}}}")) };
                Ok(if c == 'P' { set.negate() } else { set })
            }
            c => match self.set_of(format!("\\{c}"), |_| CharSet::of_escape(c)) {
                Some(set) => Ok(set),
                None => wrong(format!("the escape \\{c}")),
            },
        }
    }
}

impl Parser {
    fn set_of(&mut self, name: String, look_up: impl Fn(&str) -> Option<CharSet>) -> Option<CharSet> {
        if let Some(known) = self.known.get(&name) {
            return Some(known.clone());
        }
        let set = look_up(&name)?;
        self.known.insert(name, set.clone());
        Some(set)
    }
}

fn single(set: &CharSet) -> Option<u32> {
    match set.ranges[..] {
        [(from, to)] if from == to => Some(from),
        _ => None,
    }
}

fn show(code: u32) -> char {
    char::from_u32(code).unwrap_or('\u{FFFD}')
}
