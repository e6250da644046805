//! Does a restriction restrict? Particle by particle, as the Recommendation words it: narrower by its letter than by
//! what documents would tell apart, and everybody's schemas are written to it.
//!
//! Source: XML Schema Part 1, 3.9.6 (Particle Valid (Restriction)), with pointless particles taken away first, and a head
//! of a substitution group read as a choice between its members.

use super::SchemaFault;
use super::compile::Compiler;
use super::content::{Particle, Term};
use super::load::Place;
use super::schema::{Content, Derivations};

/// Particles looked at in one schema: hostile nests of choices would need more than anybody has time for.
const STEPS_MAX: usize = 5_000_000;

/// Particles beside one another.
struct Comparison<'c> {
    compiler: &'c Compiler<'c>,
    steps: usize,
}

/// How often something may stand.
type Range = (u64, Option<u64>);

/// A particle in the light of its context: unary groups opened, heads of substitution groups spread out.
struct View {
    kind: Kind,
    range: Range,
    particle: Particle,
    children: Vec<Particle>,
    /// The members of a substitution group are not looked up once more.
    spread: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Element,
    Wildcard,
    Sequence,
    Choice,
    All,
}

impl Compiler<'_> {
    /// A restriction takes nothing that its base would not.
    pub(super) fn check_restrictions(&self) -> Result<(), SchemaFault> {
        let mut comparison = Comparison { compiler: self, steps: 0 };
        for &(typed, base, place) in &self.restrictions {
            if base == Self::ANY {
                continue;
            }
            let (of, from) = (self.schema.types[typed as usize].content, self.schema.types[base as usize].content);
            let inherited = self.places.get(&base).and_then(|place| self.parts.get(place));
            let (own, inherited) = (self.parts[&place].particle.clone(), inherited.and_then(|of| of.particle.clone()));
            let fits = match (of, from) {
                (Content::Simple(_), _) => true,
                (_, Content::Simple(_)) => false,
                _ => comparison.contents(own, inherited),
            };
            comparison.answer(place, fits)?;
        }
        for &(place, original) in &self.redefined_groups {
            let both = (self.redefined_particle(place), self.redefined_particle(original));
            if let (Some(own), Some(before)) = both {
                let fits = comparison.fits(own, false, before, false, true);
                comparison.answer(place, fits)?;
            }
        }
        for &(place, narrow, wide) in &self.narrowed {
            if !self.schema.simple_derived(narrow, wide, false) {
                return self.broken(place, "the type is not derived from that in the base");
            }
        }
        for &(place, base) in &self.emptied {
            let optional = match self.schema.types[base as usize].content {
                Content::Mixed(model) => self.schema.models[model as usize].is_optional(),
                _ => false,
            };
            if !optional {
                return self.broken(place, "mixed content that must hold elements cannot be restricted to text");
            }
        }
        Ok(())
    }
}

impl Comparison<'_> {
    fn answer(&self, place: Place, fits: bool) -> Result<(), SchemaFault> {
        match fits {
            _ if self.steps > STEPS_MAX => self.compiler.unsupported(place, "a restriction that is compared so long"),
            true => Ok(()),
            false => self.compiler.broken(place, "a restriction takes what its base does not"),
        }
    }

    fn contents(&mut self, own: Option<Particle>, base: Option<Particle>) -> bool {
        match (own, base) {
            (None, None) => true,
            (None, Some(base)) => is_emptiable(&base),
            (Some(_), None) => false,
            (Some(own), Some(base)) if is_empty(&own) => is_empty(&base) || is_emptiable(&base),
            (Some(own), Some(base)) => self.fits(&own, false, &base, false, true),
        }
    }

    /// May `own` stand where `base` does? `counted` is off within a group whose number was compared as a whole.
    fn fits(&mut self, own: &Particle, own_spread: bool, base: &Particle, base_spread: bool, counted: bool) -> bool {
        self.steps += 1 + weight(own) + weight(base);
        if self.steps > STEPS_MAX {
            return false;
        }
        if is_empty(own) && !is_emptiable(base) || !is_empty(own) && is_empty(base) {
            return false;
        }
        let (own, base) = (self.view(own, own_spread), self.view(base, base_spread));
        use Kind::*;
        match (own.kind, base.kind) {
            (Element, Element) => self.name_and_type(&own, &base),
            (Element, Wildcard) => (!counted || within(own.range, base.range)) && self.takes(&base, &own),
            (Element, Choice) => self.lax(&alone(own), &base),
            (Element, Sequence | All) => self.recurse(&alone(own), &base),
            (Wildcard, Wildcard) => self.subset(&own, &base, counted),
            (Wildcard, _) => false,
            (Sequence | Choice | All, Wildcard) => {
                let total = total(&own.particle_as(&own.children));
                (!counted || within(total, base.range))
                    && own.children.iter().all(|child| self.fits(child, own.spread, &base.particle, true, false))
            }
            (All, All) | (Sequence, Sequence) => self.recurse(&own, &base),
            (Sequence, All) => self.unordered(&own, &base),
            (Choice, Choice) => self.lax(&own, &base),
            (Sequence, Choice) => self.map_and_sum(&own, &base),
            (All, _) | (Choice, _) | (Sequence, Element) => false,
        }
    }

    fn view(&self, particle: &Particle, spread: bool) -> View {
        let mut particle = particle;
        let inner = loop {
            match &particle.term {
                Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner)
                    if inner.len() == 1 && (particle.min, particle.max) == (1, Some(1)) =>
                {
                    particle = &inner[0];
                }
                term => break term,
            }
        };
        let range = (u64::from(particle.min), particle.max.map(u64::from));
        let (kind, children, spread) = match inner {
            Term::Elements(_, members) if !spread && members.len() > 1 => {
                let one = |&(element, name): &(u32, u32)| once(Term::Element(element, name));
                (Kind::Choice, members.iter().map(one).collect(), true)
            }
            Term::Element(..) | Term::Elements(..) => (Kind::Element, Vec::new(), spread),
            Term::Any(_) => (Kind::Wildcard, Vec::new(), spread),
            Term::Sequence(inner) => (Kind::Sequence, gathered(Kind::Sequence, inner), spread),
            Term::Choice(inner) => (Kind::Choice, gathered(Kind::Choice, inner), spread),
            Term::All(inner) => (Kind::All, gathered(Kind::All, inner), spread),
        };
        View { kind, range, particle: particle.clone(), children, spread }
    }

    fn name_and_type(&self, own: &View, base: &View) -> bool {
        let (Some((element, name)), Some((of, of_name))) = (element(&own.particle), element(&base.particle)) else {
            return false;
        };
        if name != of_name || !within(own.range, base.range) {
            return false;
        }
        let schema = &self.compiler.schema;
        let (one, other) = (&schema.elements[element as usize], &schema.elements[of as usize]);
        let fixed = other.value.as_ref().filter(|value| value.fixed);
        element == of
            || (other.nillable || !one.nillable)
                && fixed.is_none_or(|fixed| {
                    one.value.as_ref().is_some_and(|own| own.fixed && own.canonical == fixed.canonical)
                })
                && one.block.with(other.block) == one.block
                && schema
                    .derived_strictly(one.typed, other.typed)
                    .is_some_and(|taken| !taken.meets(Derivations::EXTENSION))
    }

    fn takes(&self, wildcard: &View, element_of: &View) -> bool {
        let schema = &self.compiler.schema;
        match (&wildcard.particle.term, element(&element_of.particle)) {
            (Term::Any(at), Some((_, name))) => {
                let namespace = &schema.names[name as usize].namespace;
                schema.wildcards[*at as usize].namespaces.takes(namespace)
            }
            _ => false,
        }
    }

    fn subset(&self, own: &View, base: &View, counted: bool) -> bool {
        let schema = &self.compiler.schema;
        let (Term::Any(own_at), Term::Any(base_at)) = (&own.particle.term, &base.particle.term) else { return false };
        let (one, other) = (&schema.wildcards[*own_at as usize], &schema.wildcards[*base_at as usize]);
        (!counted || within(own.range, base.range))
            && one.namespaces.within(&other.namespaces)
            && one.process >= other.process
    }

    /// Each in its turn; what is passed over may be absent.
    fn recurse(&mut self, own: &View, base: &View) -> bool {
        if !within(own.range, base.range) {
            return false;
        }
        let mut rest = base.children.iter();
        for child in &own.children {
            loop {
                let Some(next) = rest.next() else { return false };
                if self.fits(child, own.spread, next, base.spread, true) {
                    break;
                }
                if !is_emptiable(next) {
                    return false;
                }
            }
        }
        rest.all(is_emptiable)
    }

    /// Each to one of its own, in any order.
    fn unordered(&mut self, own: &View, base: &View) -> bool {
        if !within(own.range, base.range) {
            return false;
        }
        let mut taken = vec![false; base.children.len()];
        for child in &own.children {
            let fitting = (0..taken.len())
                .find(|&at| !taken[at] && self.fits(child, own.spread, &base.children[at], base.spread, true));
            let Some(at) = fitting else { return false };
            taken[at] = true;
        }
        base.children.iter().zip(taken).all(|(child, taken)| taken || is_emptiable(child))
    }

    /// Each to one, in the order of the base; the others are not chosen.
    fn lax(&mut self, own: &View, base: &View) -> bool {
        if !within(own.range, base.range) {
            return false;
        }
        let mut rest = base.children.iter();
        own.children.iter().all(|child| rest.any(|next| self.fits(child, own.spread, next, base.spread, true)))
    }

    /// Each to any, and as many together as the choice may be made.
    fn map_and_sum(&mut self, own: &View, base: &View) -> bool {
        let count = own.children.len() as u64;
        let sum = (own.range.0.saturating_mul(count), own.range.1.map(|max| max.saturating_mul(count)));
        within(sum, base.range)
            && own
                .children
                .iter()
                .all(|child| base.children.iter().any(|next| self.fits(child, own.spread, next, base.spread, true)))
    }
}

impl View {
    /// The particle as it is after pointless ones within it were taken away.
    fn particle_as(&self, children: &[Particle]) -> Particle {
        let children = children.to_vec();
        let term = match self.kind {
            Kind::Choice => Term::Choice(children),
            _ => Term::Sequence(children),
        };
        Particle { min: self.particle.min, max: self.particle.max, term }
    }
}

/// An element as the only member of a group.
fn alone(own: View) -> View {
    let children = vec![own.particle.clone()];
    View { range: (1, Some(1)), children, ..own }
}

fn once(term: Term) -> Particle {
    Particle { min: 1, max: Some(1), term }
}

fn element(particle: &Particle) -> Option<(u32, u32)> {
    match &particle.term {
        Term::Element(element, name) => Some((*element, *name)),
        Term::Elements(_, members) => members.first().copied(),
        _ => None,
    }
}

/// The members of a group, those of groups of its kind within it that stand once among them.
fn gathered(kind: Kind, inner: &[Particle]) -> Vec<Particle> {
    let mut all = Vec::new();
    for particle in inner {
        let once = (particle.min, particle.max) == (1, Some(1));
        match (&particle.term, kind) {
            (Term::Sequence(inner), Kind::Sequence) | (Term::Choice(inner), Kind::Choice) if once => {
                all.extend(gathered(kind, inner));
            }
            (Term::Sequence(_) | Term::Choice(_) | Term::All(_), _) if once && is_empty(particle) => {}
            _ => all.push(particle.clone()),
        }
    }
    all
}

/// Particles in a particle.
fn weight(particle: &Particle) -> usize {
    match &particle.term {
        Term::Element(..) | Term::Any(_) => 1,
        Term::Elements(_, members) => members.len(),
        Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => 1 + inner.iter().map(weight).sum::<usize>(),
    }
}

/// Is there nothing in it?
fn is_empty(particle: &Particle) -> bool {
    match &particle.term {
        Term::Element(..) | Term::Elements(..) | Term::Any(_) => false,
        Term::Sequence(inner) | Term::Choice(inner) | Term::All(inner) => inner.iter().all(is_empty),
    }
}

fn is_emptiable(particle: &Particle) -> bool {
    total(particle).0 == 0
}

/// How many elements a particle takes, at least and at most. Source: XML Schema Part 1, 3.8.6.
fn total(particle: &Particle) -> Range {
    let times = |(min, max): Range| {
        let most = match (max, particle.max) {
            (Some(0), _) => Some(0),
            (Some(max), Some(times)) => Some(max.saturating_mul(u64::from(times))),
            _ => None,
        };
        (min.saturating_mul(u64::from(particle.min)), most)
    };
    match &particle.term {
        Term::Element(..) | Term::Elements(..) | Term::Any(_) => times((1, Some(1))),
        Term::Choice(inner) => {
            let ranges = || inner.iter().map(total);
            let most = ranges().try_fold(0, |most, (_, max)| max.map(|max| most.max(max)));
            times((ranges().map(|(min, _)| min).min().unwrap_or(0), most))
        }
        Term::Sequence(inner) | Term::All(inner) => {
            let ranges = || inner.iter().map(total);
            let most = ranges().try_fold(0u64, |sum, (_, max)| max.map(|max| sum.saturating_add(max)));
            times((ranges().fold(0u64, |sum, (min, _)| sum.saturating_add(min)), most))
        }
    }
}

fn within(own: Range, base: Range) -> bool {
    own.0 >= base.0 && base.1.is_none_or(|most| own.1.is_some_and(|own| own <= most))
}
