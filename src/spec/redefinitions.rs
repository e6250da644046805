//! Groups that were redefined without referring to themselves: they may only narrow what was there.
//!
//! Source: XML Schema Part 1, 4.2.2 (6.2 and 7.2). What a redefinition is made of was looked at when it was registered.

use super::SchemaFault;
use super::compile::Compiler;
use super::complex::Parts;
use super::content::Particle;
use super::load::Place;
use super::register::Space;
use super::schema::AttributeUse;

impl Compiler<'_> {
    pub(super) fn redefined_particle(&self, group: Place) -> Option<&Particle> {
        self.groups.get(&group)
    }

    /// Groups that were redefined without referring to themselves. Source: XML Schema Part 1, 4.2.2 (6.2).
    pub(super) fn find_redefined_groups(&mut self) -> Result<(), SchemaFault> {
        let register = self.register;
        for redefined in register.redefined.iter().filter(|redefined| redefined.space == Space::Group) {
            if register.refers_to_itself(self.library, redefined) {
                continue;
            }
            for place in [redefined.place, redefined.original] {
                if let Some(child) = self.children(place).next() {
                    let particle = self.particle(child, 0)?;
                    self.groups.insert(place, particle);
                }
            }
            self.redefined_groups.push((redefined.place, redefined.original));
        }
        for redefined in register.redefined.iter().filter(|redefined| redefined.space == Space::AttributeGroup) {
            if register.refers_to_itself(self.library, redefined) {
                continue;
            }
            let mut before = Parts::default();
            for child in self.children(redefined.original) {
                self.attribute(child, &mut before, 0)?;
            }
            let own: Vec<Place> = self.children(redefined.place).collect();
            let lost = before.attributes.clone();
            self.derive_attributes(redefined.place, &own, true, &mut before)?;
            // A group has what it says, and not what it does not take away.
            let mut says = Parts::default();
            for child in own {
                self.attribute(child, &mut says, 0)?;
            }
            let same = |a: &AttributeUse, b: &AttributeUse| a.local == b.local && a.namespace == b.namespace;
            if lost.iter().any(|a| a.required && !says.attributes.iter().any(|b| same(a, b))) {
                return self.broken(redefined.place, "an attribute that must be there is left out");
            }
        }
        Ok(())
    }
}
