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

    /// How long ago somebody else came last.
    pub fn another_came(&self, party: &Party, now: Instant) -> Option<Duration> {
        let others = self.0.iter().flatten().filter(|(other, _)| other != party);
        others.map(|(_, at)| now.saturating_duration_since(*at)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    #[test]
    fn for_everybody_it_is_known_when_another_came_last() {
        let (mut quiet, now) = (Quiet::default(), Instant::now());
        let [one, two, three] =
            ["1", "2", "3"].map(|it| Party { number: ActorNumber::new(it), role: ActorRole::EnergySupplier });
        let second = Duration::from_secs(1);
        let another = |quiet: &Quiet, at| {
            [&one, &two, &three].map(|each| quiet.another_came(each, now + second * at).map(|before| before.as_secs()))
        };
        assert_eq!(another(&quiet, 0), [None, None, None]);
        quiet.comes(&one, now);
        assert_eq!(another(&quiet, 1), [None, Some(1), Some(1)]);
        quiet.comes(&two, now + second);
        quiet.comes(&two, now + second * 3);
        assert_eq!(another(&quiet, 5), [Some(2), Some(5), Some(2)]);
        quiet.comes(&one, now + second * 5);
        assert_eq!(another(&quiet, 5), [Some(2), Some(0), Some(0)]);
        quiet.comes(&three, now + second * 6);
        assert_eq!(another(&quiet, 6), [Some(0), Some(0), Some(1)], "three and one");
    }
}
