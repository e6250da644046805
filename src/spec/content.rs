//! Content models: particles become a deterministic automaton, or are refused.
//!
//! Two particles that could both take one and the same element are a flaw of the schema (Unique Particle Attribution:
//! XML Schema Part 1, 3.8.6), so a state never has two moves on one name. The schema is checked for it; documents then
//! need no looking ahead.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::schema::{Model, Move, State, Use, WILD};

/// So many elements are no bound: of four bytes each they would make a document of 400 MB.
const COUNTED_MAX: u32 = 100_000_000;
/// Nodes a model may need before it is made deterministic, which bounds what `maxOccurs` unfolds to.
const NODES_MAX: usize = 50_000;
/// States of a finished model. The largest official one has 40.
const STATES_MAX: usize = 20_000;
/// Moves of a finished model, and nodes looked at to make it: many optional members in a row have as many squared.
const MOVES_MAX: usize = 1_000_000;
const WORK_MAX: usize = 10_000_000;
/// Members of an `all` that still gets an automaton: their order is free, so states double with each. Those of a larger
/// one are counted.
const ALL_MAX: usize = 8;

/// A particle as the schema states it, with references already followed.
#[derive(Debug, Clone)]
pub(super) struct Particle {
    pub min: u32,
    /// None is unbounded.
    pub max: Option<u32>,
    pub term: Term,
}

#[derive(Debug, Clone)]
pub(super) enum Term {
    /// Index of the element and of its name.
    Element(u32, u32),
    /// The same, for an element and all that may stand in its place; the first names it. May be none but abstract ones.
    Elements(u32, Vec<(u32, u32)>),
    /// Index of the wildcard.
    Any(u32),
    Sequence(Vec<Particle>),
    Choice(Vec<Particle>),
    All(Vec<Particle>),
}

/// Why a model cannot be compiled.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ModelFault {
    /// Two particles could take an element of this name (its index).
    Ambiguous(u32),
    TooLarge,
    /// `all` elsewhere than as the whole model, or with too many members.
    All,
}

#[derive(Default)]
struct Nfa {
    free: Vec<Vec<u32>>,
    /// Particle, names with their elements, target.
    step: Vec<Option<(u32, u32, u32)>>,
    uses: Vec<Use>,
    /// What a step takes: use, and each name with its element; of a wildcard [`WILD`] and its index.
    leaves: Vec<(u32, Vec<(u32, u32)>)>,
}

/// Compiles a model. `overlap` says whether two names, or wildcards, could take one and the same element.
pub(super) fn compile(particle: &Particle, overlap: &dyn Fn(&Move, &Move) -> bool) -> Result<Model, ModelFault> {
    if let Term::All(members) = &particle.term {
        return compile_all(particle, members);
    }
    let mut nfa = Nfa::default();
    let start = nfa.node()?;
    let end = nfa.add(particle, start, false, 0)?;
    nfa.determine(start, end, overlap)
}

impl Nfa {
    fn node(&mut self) -> Result<u32, ModelFault> {
        if self.free.len() == NODES_MAX {
            return Err(ModelFault::TooLarge);
        }
        self.free.push(Vec::new());
        self.step.push(None);
        Ok(self.free.len() as u32 - 1)
    }

    /// Adds a particle with its occurrences behind `from`. Copies of one particle keep its number, `id`.
    fn add(&mut self, particle: &Particle, from: u32, repeats: bool, id: u32) -> Result<u32, ModelFault> {
        // Nothing, however often, is nothing; and what is impossible leads nowhere.
        if size(particle) == 0 {
            return if is_impossible(particle) { self.node() } else { Ok(from) };
        }
        let repeats = repeats || particle.max.is_none_or(|max| max > 1);
        let mut at = from;
        for _ in 0..particle.min {
            at = self.term(&particle.term, at, repeats, id)?;
        }
        let to = self.node()?;
        match particle.max.filter(|&max| max < COUNTED_MAX) {
            None => {
                let start = self.node()?;
                self.free[at as usize].push(start);
                self.free[start as usize].push(to);
                let end = self.term(&particle.term, start, repeats, id)?;
                self.free[end as usize].push(start);
            }
            Some(max) => {
                for _ in particle.min..max {
                    self.free[at as usize].push(to);
                    let start = self.node()?;
                    self.free[at as usize].push(start);
                    at = self.term(&particle.term, start, repeats, id)?;
                }
                self.free[at as usize].push(to);
            }
        }
        Ok(to)
    }

    fn term(&mut self, term: &Term, from: u32, repeats: bool, id: u32) -> Result<u32, ModelFault> {
        match term {
            Term::Element(element, name) => self.leaf(*name, *element, vec![(*name, *element)], from, repeats, id),
            Term::Elements(name, members) => {
                let element = members.first().map_or(0, |&(element, _)| element);
                let members = members.iter().map(|&(element, name)| (name, element)).collect();
                self.leaf(*name, element, members, from, repeats, id)
            }
            Term::Any(wildcard) => self.leaf(WILD, *wildcard, vec![(WILD, *wildcard)], from, repeats, id),
            Term::Sequence(particles) => {
                let mut at = from;
                let mut id = id;
                for particle in particles {
                    at = self.add(particle, at, repeats, id)?;
                    id += size(particle);
                }
                Ok(at)
            }
            Term::Choice(particles) => {
                let to = self.node()?;
                let mut id = id;
                for particle in particles {
                    let start = self.node()?;
                    self.free[from as usize].push(start);
                    let end = self.add(particle, start, repeats, id)?;
                    self.free[end as usize].push(to);
                    id += size(particle);
                }
                Ok(to)
            }
            Term::All(_) => Err(ModelFault::All),
        }
    }

    fn leaf(
        &mut self,
        name: u32,
        element: u32,
        members: Vec<(u32, u32)>,
        from: u32,
        repeats: bool,
        id: u32,
    ) -> Result<u32, ModelFault> {
        let same = |used: &Use| used.name == name && (name != WILD || used.element == element);
        let used = match self.uses.iter().position(same) {
            Some(at) => at,
            None => {
                self.uses.push(Use { name, element, repeats });
                self.uses.len() - 1
            }
        };
        self.uses[used].repeats |= repeats;
        let start = self.node()?;
        let to = self.node()?;
        self.free[from as usize].push(start);
        let leaf = match self.leaves.iter().position(|(known, names)| *known == used as u32 && *names == members) {
            Some(leaf) => leaf,
            None => {
                self.leaves.push((used as u32, members));
                self.leaves.len() - 1
            }
        };
        self.step[start as usize] = Some((id, leaf as u32, to));
        Ok(to)
    }

    fn closure(&self, from: impl Iterator<Item = u32>, end: u32, seen: &mut [bool]) -> Vec<u32> {
        let mut stack: Vec<u32> = from.collect();
        let mut visited = Vec::new();
        while let Some(node) = stack.pop() {
            if !std::mem::replace(&mut seen[node as usize], true) {
                visited.push(node);
                stack.extend(&self.free[node as usize]);
            }
        }
        for &node in &visited {
            seen[node as usize] = false;
        }
        visited.retain(|&node| node == end || self.step[node as usize].is_some());
        visited.sort_unstable();
        visited
    }

    fn determine(self, start: u32, end: u32, overlap: &dyn Fn(&Move, &Move) -> bool) -> Result<Model, ModelFault> {
        let mut seen = vec![false; self.free.len()];
        let first = self.closure([start].into_iter(), end, &mut seen);
        let mut known = HashMap::from([(first.clone(), 0u32)]);
        let mut sets = vec![first];
        let mut model = Model::default();
        let mut at = 0;
        let mut work = 0;
        while at < sets.len() {
            let mut names_here = HashSet::new();
            let mut wild_here: Vec<Move> = Vec::new();
            // By particle, so that moves keep schema order.
            let mut targets: BTreeMap<u32, (u32, Vec<u32>)> = BTreeMap::new();
            for &node in &sets[at] {
                if let Some((particle, leaf, to)) = self.step[node as usize] {
                    targets.entry(particle).or_insert((leaf, Vec::new())).1.push(to);
                }
            }
            let first = model.moves.len();
            for (leaf, nodes) in targets.into_values() {
                let (used, names) = &self.leaves[leaf as usize];
                let set = self.closure(nodes.into_iter(), end, &mut seen);
                work += set.len() + names.len() + wild_here.len();
                if work > WORK_MAX || model.moves.len() + names.len() > MOVES_MAX {
                    return Err(ModelFault::TooLarge);
                }
                let fresh = sets.len() as u32;
                let next = *known.entry(set.clone()).or_insert(fresh);
                if next == fresh {
                    if sets.len() == STATES_MAX {
                        return Err(ModelFault::TooLarge);
                    }
                    sets.push(set);
                }
                // Those of one particle stand for each other, and are not beside each other.
                let before = model.moves.len();
                for &(name, element) in names {
                    let step = Move { name, element, used: *used, next };
                    let taken = if name == WILD {
                        work += before - first;
                        model.moves[first..before].iter().find(|taken| overlap(taken, &step))
                    } else {
                        wild_here.iter().find(|taken| overlap(taken, &step))
                    };
                    if let Some(taken) = taken {
                        return Err(ModelFault::Ambiguous(if name == WILD { taken.name } else { name }));
                    }
                    if name != WILD && names_here.contains(&name) {
                        return Err(ModelFault::Ambiguous(name));
                    }
                    model.moves.push(step);
                }
                names_here.extend(model.moves[before..].iter().map(|step| step.name));
                wild_here.extend(model.moves[before..].iter().filter(|step| step.name == WILD));
            }
            let first = first as u32;
            let accepting = sets[at].binary_search(&end).is_ok();
            model.states.push(State { first, end: model.moves.len() as u32, accepting });
            at += 1;
        }
        model.uses = self.uses;
        Ok(model)
    }
}

/// Element particles within a particle: how many numbers it takes.
pub(super) fn size(particle: &Particle) -> u32 {
    match &particle.term {
        Term::Element(..) | Term::Elements(..) | Term::Any(_) => 1,
        Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => inner.iter().map(size).sum(),
    }
}

/// A choice between nothing, which nothing can satisfy.
pub(super) fn is_impossible(particle: &Particle) -> bool {
    particle.min > 0
        && match &particle.term {
            Term::Choice(inner) => inner.iter().all(is_impossible),
            Term::Sequence(inner) | Term::All(inner) => inner.iter().any(is_impossible),
            _ => false,
        }
}

/// One state for each set of members that have been seen.
fn compile_all(particle: &Particle, members: &[Particle]) -> Result<Model, ModelFault> {
    if particle.max != Some(1) {
        return Err(ModelFault::All);
    }
    let mut model = Model::default();
    let mut required = Vec::new();
    let mut taken: Vec<(u32, Vec<(u32, u32)>)> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let (name, names) = match (&member.term, member.max) {
            (Term::Element(element, name), Some(1)) => (*name, vec![(*element, *name)]),
            (Term::Elements(name, names), Some(1)) => (*name, names.clone()),
            // Nothing at all may stand for a member that may stand no time.
            (Term::Element(..) | Term::Elements(..), Some(0)) => continue,
            _ => return Err(ModelFault::All),
        };
        for (_, other) in &names {
            if taken.iter().any(|(_, known)| known.iter().any(|(_, name)| name == other)) {
                return Err(ModelFault::Ambiguous(*other));
            }
        }
        let element = names.first().map_or(0, |&(element, _)| element);
        model.uses.push(Use { name, element, repeats: false });
        if member.min > 0 {
            required.push(taken.len() as u32);
        }
        taken.push((at as u32, names));
    }
    if taken.len() > ALL_MAX {
        for (at, (_, names)) in taken.iter().enumerate() {
            let moves = names.iter().map(|&(element, name)| Move { name, element, used: at as u32, next: 0 });
            model.moves.extend(moves);
        }
        let accepting = required.is_empty() || particle.min == 0;
        model.states.push(State { first: 0, end: model.moves.len() as u32, accepting });
        model.counted = Some(required);
        return Ok(model);
    }
    let required = required.iter().fold(0usize, |all, at| all | 1 << at);
    for seen in 0usize..1 << taken.len() {
        let first = model.moves.len() as u32;
        for (at, (_, names)) in taken.iter().enumerate().filter(|(at, _)| seen >> at & 1 == 0) {
            let next = (seen | 1 << at) as u32;
            let moves = names.iter().map(|&(element, name)| Move { name, element, used: at as u32, next });
            model.moves.extend(moves);
        }
        let accepting = seen & required == required || seen == 0 && particle.min == 0;
        model.states.push(State { first, end: model.moves.len() as u32, accepting });
    }
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(particle: &Particle) -> Result<Model, ModelFault> {
        super::compile(particle, &|a, b| a.name == b.name)
    }

    fn element(name: u32, min: u32, max: Option<u32>) -> Particle {
        Particle { min, max, term: Term::Element(name, name) }
    }

    fn once(term: Term) -> Particle {
        Particle { min: 1, max: Some(1), term }
    }

    fn takes(model: &Model, names: &[u32]) -> bool {
        let mut state = model.states[0];
        for name in names {
            let moves = &model.moves[state.first as usize..state.end as usize];
            match moves.iter().find(|step| step.name == *name) {
                Some(step) => state = model.states[step.next as usize],
                None => return false,
            }
        }
        state.accepting
    }

    #[test]
    fn a_sequence_keeps_order_and_counts() {
        let particle = once(Term::Sequence(vec![
            element(0, 1, Some(1)),
            element(1, 0, Some(1)),
            element(2, 2, Some(3)),
            element(3, 1, None),
        ]));
        let model = compile(&particle).unwrap();
        for right in [&[0, 2, 2, 3][..], &[0, 1, 2, 2, 2, 3, 3, 3]] {
            assert!(takes(&model, right), "{right:?}");
        }
        for wrong in [&[][..], &[0, 2, 3], &[0, 2, 2], &[0, 2, 2, 2, 2, 3], &[1, 0, 2, 2, 3], &[0, 1, 1, 2, 2, 3]] {
            assert!(!takes(&model, wrong), "{wrong:?}");
        }
        let repeats: Vec<bool> = model.uses.iter().map(|used| used.repeats).collect();
        assert_eq!(repeats, [false, false, true, true]);
    }

    #[test]
    fn a_choice_repeats_as_a_whole() {
        let choice =
            Particle { min: 0, max: None, term: Term::Choice(vec![element(0, 1, Some(1)), element(1, 1, Some(2))]) };
        // Two of element 1 could be one round or two: that is one particle, not two, and so no ambiguity.
        let model = compile(&choice).unwrap();
        for right in [&[][..], &[0], &[1, 1, 1, 0, 1], &[0, 0]] {
            assert!(takes(&model, right), "{right:?}");
        }
    }

    #[test]
    fn two_particles_for_one_element_are_refused() {
        let twice = once(Term::Sequence(vec![element(7, 0, Some(1)), element(7, 1, Some(1))]));
        assert_eq!(compile(&twice).unwrap_err(), ModelFault::Ambiguous(7));
        let either = once(Term::Choice(vec![
            once(Term::Sequence(vec![element(7, 1, Some(1)), element(8, 1, Some(1))])),
            element(7, 1, Some(1)),
        ]));
        assert_eq!(compile(&either).unwrap_err(), ModelFault::Ambiguous(7));
        let apart = once(Term::Sequence(vec![element(7, 1, Some(1)), element(8, 1, Some(1)), element(7, 1, Some(1))]));
        assert!(takes(&compile(&apart).unwrap(), &[7, 8, 7]));
    }

    #[test]
    fn all_takes_any_order_once_each() {
        let all = once(Term::All(vec![element(0, 1, Some(1)), element(1, 0, Some(1)), element(2, 1, Some(1))]));
        let model = compile(&all).unwrap();
        assert!(takes(&model, &[2, 0]) && takes(&model, &[1, 2, 0]));
        assert!(!takes(&model, &[0]) && !takes(&model, &[0, 0, 2]));
        let within = once(Term::Sequence(vec![all]));
        assert_eq!(compile(&within).unwrap_err(), ModelFault::All);
    }

    #[test]
    fn counts_that_unfold_too_far_are_refused() {
        assert!(compile(&element(0, 0, Some(9_000))).is_ok());
        assert_eq!(compile(&element(0, 0, Some(99_999_999))).unwrap_err(), ModelFault::TooLarge);
        assert_eq!(compile(&element(0, u32::MAX, None)).unwrap_err(), ModelFault::TooLarge);
        let empty = Particle { min: u32::MAX, max: None, term: Term::Sequence(vec![]) };
        assert!(takes(&compile(&once(Term::Sequence(vec![empty]))).unwrap(), &[]));
    }
}
