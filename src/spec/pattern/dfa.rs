//! A pattern's tree to a table with one row for each state and one column for each class of characters.

use std::collections::HashMap;

use super::Refused;
use super::charset::CharSet;
use super::parse::Node;

/// States a pattern may need before its table is built, which bounds what `{n,m}` unfolds to.
const NODES_MAX: usize = 10_000;
/// Cells of a finished table, of two bytes each: half a mebibyte for a pattern. An official date pattern takes 3,000.
const CELLS_MAX: usize = 262_144;
/// Nodes looked at to make a table.
const WORK_MAX: usize = 30_000_000;

/// The state from which nothing matches.
const DEAD: u16 = 0;

/// A compiled pattern.
#[derive(Debug)]
pub(in crate::spec) struct Dfa {
    /// Class of each ASCII character.
    ascii: [u16; 128],
    /// First code point and class of each run above ASCII, sorted.
    above: Vec<(u32, u16)>,
    classes: usize,
    /// `next[state * classes + class]`
    next: Vec<u16>,
    accepting: Vec<bool>,
}

impl Dfa {
    /// Does the whole of `value` match?
    pub(in crate::spec) fn matches(&self, value: &str) -> bool {
        let mut state = 1u16;
        if value.is_ascii() {
            for &byte in value.as_bytes() {
                state = self.next[state as usize * self.classes + self.ascii[byte as usize] as usize];
            }
            return self.accepting[state as usize];
        }
        for c in value.chars() {
            state = self.next[state as usize * self.classes + self.class(c)];
            if state == DEAD {
                return false;
            }
        }
        self.accepting[state as usize]
    }

    fn class(&self, c: char) -> usize {
        match self.ascii.get(c as usize) {
            Some(&class) => class as usize,
            None => {
                let after = self.above.partition_point(|&(first, _)| first <= c as u32);
                self.above[after - 1].1 as usize
            }
        }
    }
}

/// An automaton with several ways on: free moves, and moves on a set of characters.
#[derive(Default)]
struct Nfa {
    free: Vec<Vec<u32>>,
    step: Vec<Option<(u32, u32)>>,
    sets: Vec<CharSet>,
    known: HashMap<Vec<(u32, u32)>, u32>,
}

impl Nfa {
    fn node(&mut self) -> Result<u32, Refused> {
        if self.free.len() == NODES_MAX {
            return Err(Refused::TooLarge);
        }
        self.free.push(Vec::new());
        self.step.push(None);
        Ok(self.free.len() as u32 - 1)
    }

    /// Adds what matches `node` behind `from`, and returns where it ends.
    fn add(&mut self, node: &Node, from: u32) -> Result<u32, Refused> {
        match node {
            Node::Chars(set) => {
                let to = self.node()?;
                // A class that excludes everything matches nothing: no step at all.
                if !set.is_empty() {
                    let next = self.sets.len() as u32;
                    let id = *self.known.entry(set.ranges.clone()).or_insert(next);
                    if id == next {
                        self.sets.push(set.clone());
                    }
                    let start = self.node()?;
                    self.free[from as usize].push(start);
                    self.step[start as usize] = Some((id, to));
                }
                Ok(to)
            }
            Node::All(nodes) => nodes.iter().try_fold(from, |at, node| self.add(node, at)),
            Node::Any(nodes) => {
                let to = self.node()?;
                for node in nodes {
                    let start = self.node()?;
                    self.free[from as usize].push(start);
                    let end = self.add(node, start)?;
                    self.free[end as usize].push(to);
                }
                Ok(to)
            }
            Node::Repeat(node, min, max) => {
                let mut at = from;
                for _ in 0..*min {
                    at = self.add(node, at)?;
                }
                let to = self.node()?;
                match max {
                    None => {
                        let start = self.node()?;
                        self.free[at as usize].push(start);
                        self.free[start as usize].push(to);
                        let end = self.add(node, start)?;
                        self.free[end as usize].push(start);
                    }
                    Some(max) => {
                        for _ in *min..*max {
                            self.free[at as usize].push(to);
                            let start = self.node()?;
                            self.free[at as usize].push(start);
                            at = self.add(node, start)?;
                        }
                        self.free[at as usize].push(to);
                    }
                }
                Ok(to)
            }
        }
    }

    /// Everything reachable without a character, sorted; only nodes that step, and the end.
    fn closure(&self, from: impl Iterator<Item = u32>, end: u32, seen: &mut [bool]) -> Vec<u32> {
        let mut stack: Vec<u32> = from.collect();
        let mut visited = Vec::new();
        let mut kept = Vec::new();
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut seen[node as usize], true) {
                continue;
            }
            visited.push(node);
            if self.step[node as usize].is_some() || node == end {
                kept.push(node);
            }
            stack.extend(&self.free[node as usize]);
        }
        for node in visited {
            seen[node as usize] = false;
        }
        kept.sort_unstable();
        kept
    }
}

pub(super) fn build(root: &Node) -> Result<Dfa, Refused> {
    let mut nfa = Nfa::default();
    let start = nfa.node()?;
    let end = nfa.add(root, start)?;
    let (runs, classes, members) = classify(&nfa.sets);

    let mut seen = vec![false; nfa.free.len()];
    let first = nfa.closure([start].into_iter(), end, &mut seen);
    let mut states: Vec<Vec<u32>> = vec![Vec::new(), first.clone()];
    let mut known: HashMap<Vec<u32>, u16> = HashMap::from([(Vec::new(), DEAD), (first, 1)]);
    let mut next = vec![DEAD; classes];
    let mut at = 1;
    let mut work = 0;
    while at < states.len() {
        for class in members.iter() {
            work += states[at].len() + 1;
            if work > WORK_MAX {
                return Err(Refused::TooLarge);
            }
            let targets = states[at].iter().filter_map(|&node| nfa.step[node as usize]);
            let targets: Vec<u32> = targets.filter(|&(set, _)| class[set as usize]).map(|(_, to)| to).collect();
            let target = nfa.closure(targets.into_iter(), end, &mut seen);
            work += target.len();
            let id = match known.get(&target) {
                Some(&id) => id,
                None => {
                    if (states.len() + 1) * classes > CELLS_MAX || states.len() > u16::MAX as usize {
                        return Err(Refused::TooLarge);
                    }
                    let id = states.len() as u16;
                    known.insert(target.clone(), id);
                    states.push(target);
                    id
                }
            };
            next.push(id);
        }
        at += 1;
    }
    let accepting = states.iter().map(|nodes| nodes.binary_search(&end).is_ok()).collect();
    let mut ascii = [0; 128];
    for (code, class) in ascii.iter_mut().enumerate() {
        *class = runs[runs.partition_point(|&(first, _)| first <= code as u32) - 1].1;
    }
    Ok(Dfa { ascii, above: runs, classes, next, accepting })
}

/// Divides Unicode into classes of characters that no set tells apart: runs with their class, the number of classes,
/// and for each class which sets it lies in.
fn classify(sets: &[CharSet]) -> (Vec<(u32, u16)>, usize, Vec<Vec<bool>>) {
    let mut edges: Vec<u32> = vec![0];
    for set in sets {
        for &(from, to) in &set.ranges {
            edges.push(from);
            edges.push(to + 1);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let mut members: Vec<Vec<bool>> = Vec::new();
    let mut known: HashMap<Vec<bool>, u16> = HashMap::new();
    let mut runs = Vec::with_capacity(edges.len());
    for &edge in &edges {
        let inside = |set: &CharSet| {
            let after = set.ranges.partition_point(|&(from, _)| from <= edge);
            after > 0 && set.ranges[after - 1].1 >= edge
        };
        let signature: Vec<bool> = sets.iter().map(inside).collect();
        let id = *known.entry(signature.clone()).or_insert(members.len() as u16);
        if id as usize == members.len() {
            members.push(signature);
        }
        runs.push((edge, id));
    }
    let classes = members.len();
    (runs, classes, members)
}
