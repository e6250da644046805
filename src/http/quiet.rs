//! Who is at the door and asks for little, so that those who ask for much can make room for it.

use std::time::{Duration, Instant};

use crate::market::Party;

/// The two participants that came last with few requests under way: for anybody one of them is another, if there is any.
#[derive(Default)]
pub struct Quiet([Option<(Party, Instant)>; 2]);

impl Quiet {
    pub fn comes(&mut self, party: &Party, now: Instant) {
        match &mut self.0 {
            [Some((last, at)), _] if last == party => *at = now,
            [last, before] => *before = last.replace((party.clone(), now)),
        }
    }

    /// Whether somebody else is there, or was a moment ago.
    pub fn is_beside(&self, party: &Party, now: Instant) -> bool {
        let lately = |at: Instant| now.saturating_duration_since(at) < STAYS;
        self.0.iter().flatten().any(|(other, at)| other != party && lately(*at))
    }
}

/// So long after its last request somebody counts as being there.
const STAYS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    #[test]
    fn somebody_is_beside_all_but_itself_until_it_came_too_long_ago() {
        let (mut quiet, now) = (Quiet::default(), Instant::now());
        let [one, two, three] =
            ["1", "2", "3"].map(|it| Party { number: ActorNumber::new(it), role: ActorRole::EnergySupplier });
        let beside = |quiet: &Quiet, at| [&one, &two, &three].map(|each| quiet.is_beside(each, at));
        assert_eq!(beside(&quiet, now), [false, false, false]);
        quiet.comes(&one, now);
        assert_eq!(beside(&quiet, now), [false, true, true]);
        quiet.comes(&two, now);
        quiet.comes(&two, now + STAYS / 2);
        assert_eq!(beside(&quiet, now + STAYS / 2), [true, true, true]);
        assert_eq!(beside(&quiet, now + STAYS), [true, false, true], "the first came too long ago");
        quiet.comes(&one, now + STAYS);
        assert_eq!(beside(&quiet, now + STAYS), [true, true, true]);
        quiet.comes(&three, now + STAYS);
        assert_eq!(beside(&quiet, now + STAYS * 3 / 2), [true, true, true], "three and one");
        assert_eq!(beside(&quiet, now + STAYS * 2), [false, false, false]);
    }
}
