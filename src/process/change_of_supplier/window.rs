//! When an effective date may lie. One policy for every process. Source: market-roles 1.4 and 3.4.

use chrono::NaiveDate;

use super::settings::{CountIn, NO_BOUND};
use crate::market::{Calendar, Timestamp};
use crate::process::Market;

/// How many days from today an effective date may lie; [`NO_BOUND`] bounds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub days_before: i32,
    pub days_after: i32,
    /// Not sooner than this, whatever the window says.
    pub min_notice_days: i32,
}

impl Window {
    pub fn allows(self, effective: Timestamp, now: Timestamp, market: &Market) -> bool {
        let days = days_between(now, effective, market);
        let bound = |days: i64, most: i32| most == NO_BOUND || days <= i64::from(most);
        bound((-days).max(0), self.days_before)
            && bound(days.max(0), self.days_after)
            && (self.min_notice_days <= 0 || days >= i64::from(self.min_notice_days))
    }
}

/// Calendar days from the day of `from` to the day of `to`, negative when `to` comes first.
///
/// Counted in UTC, a local midnight lies on the day before, so that a window reaches one day less far back and one day
/// further ahead: so the market's systems have always counted.
pub fn days_between(from: Timestamp, to: Timestamp, market: &Market) -> i64 {
    let date = |at: Timestamp| -> NaiveDate {
        match market.dk().market_roles.effective_date.count_in {
            CountIn::Utc => Calendar::new(chrono_tz::UTC).date(at),
            CountIn::Local => Calendar::new(market.zone).date(at),
        }
    };
    (date(to) - date(from)).num_days()
}

/// The instant that a text names in the market's form, `YYYY-MM-DDThh:mm:ssZ` and nothing else.
pub fn instant(text: &str) -> Option<Timestamp> {
    let form = b"0000-00-00T00:00:00Z";
    let follows = text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form });
    follows.then(|| Timestamp::parse_date_time(text)).flatten()
}

/// The midnight that began the present day.
pub fn today(now: Timestamp, market: &Market) -> Timestamp {
    let calendar = Calendar::new(market.zone);
    calendar.midnight(calendar.date(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        instant(text).unwrap()
    }

    #[test]
    fn only_one_form_of_an_instant_is_taken() {
        assert!(instant("2023-03-31T22:00:00Z").is_some());
        for text in [
            "xx2023-03-31T22:00:00Z",
            "2023-03-31T22:00:00.00Z",
            "2023-03-31T22:00:00+00:00",
            "2023-03-31T22:00:00",
            " 2023-03-31T22:00:00Z",
            "2023-02-30T22:00:00Z",
            "2023-03-31 22:00:00Z",
            "",
        ] {
            assert_eq!(instant(text), None, "{text:?}");
        }
    }

    #[test]
    fn days_are_counted_in_utc_or_in_local_time() {
        let mut market = Market::dk_defaults();
        let (now, effective) = (at("2023-03-10T09:00:00Z"), at("2023-03-04T23:00:00Z"));
        let window = Window { days_before: 5, days_after: NO_BOUND, min_notice_days: 0 };
        assert_eq!(days_between(now, effective, &market), -6);
        assert!(!window.allows(effective, now, &market));
        market.dk_mut().market_roles.effective_date.count_in = CountIn::Local;
        assert_eq!(days_between(now, effective, &market), -5);
        assert!(window.allows(effective, now, &market));
    }

    #[test]
    fn a_window_holds_on_both_sides_of_its_edges() {
        let mut market = Market::dk_defaults();
        market.dk_mut().market_roles.effective_date.count_in = CountIn::Local;
        let now = at("2023-10-20T09:00:00Z");
        // The day of 25 hours lies within.
        let rows = [
            ("2023-10-03T22:00:00Z", 16, 60, 0, true),
            ("2023-10-02T22:00:00Z", 16, 60, 0, false),
            ("2023-12-18T23:00:00Z", 16, 60, 0, true),
            ("2023-12-19T23:00:00Z", 16, 60, 0, false),
            ("2023-10-19T22:00:00Z", 0, 0, 0, true),
            ("2023-10-20T22:00:00Z", 0, 0, 0, false),
            ("2033-10-20T22:00:00Z", 0, NO_BOUND, 0, true),
            ("2013-10-20T22:00:00Z", NO_BOUND, 0, 0, true),
            ("2023-10-24T22:00:00Z", 0, NO_BOUND, 5, true),
            ("2023-10-23T22:00:00Z", 0, NO_BOUND, 5, false),
        ];
        for (effective, days_before, days_after, min_notice_days, allowed) in rows {
            let window = Window { days_before, days_after, min_notice_days };
            assert_eq!(window.allows(at(effective), now, &market), allowed, "{effective} {window:?}");
        }
    }
}
