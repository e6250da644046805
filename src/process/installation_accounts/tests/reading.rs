//! The reader: names and values in, entities or refusals out. It survives whatever comes.

use proptest::prelude::*;

use super::*;
use crate::document::feed;

fn read(kind: EntityKind, text: &str) -> Result<Box<dyn Request>, Vec<crate::document::Refusal>> {
    let mut reader = request::reader(kind);
    feed(&mut *reader, "Document", text);
    reader.finish().map_err(|refused| refused.refusals)
}

#[test]
fn what_is_no_date_and_no_number_is_refused() {
    let slice = |from: &str, forecast: &str| {
        format!(
            "mRID=m; MktActivityRecord; mRID=t; version=1; installationNumber=I; connectionObjectNumber=C; \
             division=gas; TimeSlice; validFrom={from}; forecastConsumption={forecast}; /TimeSlice; /MktActivityRecord"
        )
    };
    assert!(read(EntityKind::Installation, &slice("2026-01-01", "1.50")).is_ok());
    for (from, forecast) in [("2026-02-30", "1"), ("today", "1"), ("2026-01-01", "much")] {
        let Err(refusals) = read(EntityKind::Installation, &slice(from, forecast)) else { panic!("{from} {forecast}") };
        assert_eq!(refusals.len(), 1);
    }
    let Err(refusals) = read(EntityKind::BillingContract, "mRID= ; MktActivityRecord; /MktActivityRecord") else {
        panic!("a blank id")
    };
    assert_eq!(refusals.len(), 2);
}

proptest! {
    #[test]
    fn the_reader_survives_anything(
        kind in 0..6_usize,
        parts in prop::collection::vec("(MktActivityRecord|/x|TimeSlice|Address|mRID|version|validFrom|name)(=\\PC{0,8})?", 0..40),
    ) {
        let _ = read(EntityKind::ALL[kind], &parts.join(";"));
    }
}
