//! Stored forms: what was once written is read for as long as a store may hold it.

use super::super::record::{Accepted, Rejected, Said};
use super::*;
use crate::record::VALUE_BYTES_MAX;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn points() -> Vec<PricePoint> {
    let point = |start, end, amount| PricePoint {
        period: Period::new(Timestamp::from_seconds(start), Timestamp::from_seconds(end)),
        price: price(amount),
    };
    vec![point(3_600, 7_200, "1.1"), point(7_200, 10_800, "-99999999.999999"), point(86_400, 90_000, "0")]
}

/// Bytes of version 1, as it wrote them first.
#[test]
fn old_bytes_are_read() {
    let charge = Charge {
        changes: 300,
        tax_indicator: true,
        resolution: Resolution::Hour,
        start: at("2014-12-31T23:00:00Z"),
        stop: Timestamp::OPEN_END,
    };
    let data = MasterData {
        name: "Elafgift".into(),
        description: "a tax".into(),
        vat_class: VatClass::Vat25,
        transparent_invoicing: true,
    };
    let accepted = |said| Accepted { at: at(NOW), document_id: "d".into(), transaction_id: "t".into(), said };
    let information = accepted(Said::Information {
        start: at("2014-12-31T23:00:00Z"),
        stops: false,
        tax_indicator: true,
        resolution: Resolution::Hour,
        data: data.clone(),
    });
    let prices = accepted(Said::Prices {
        resolution: Resolution::Hour,
        interval: Period::new(Timestamp::from_seconds(3_600), Timestamp::from_seconds(90_000)),
        points: points(),
    });

    assert_eq!(hex(&record::write_charge(&charge)), OLD_CHARGE);
    assert_eq!(record::read_charge(&bytes(OLD_CHARGE)), charge);
    assert_eq!(hex(&record::write_master_data(&data)), OLD_MASTER_DATA);
    assert_eq!(record::read_master_data(&bytes(OLD_MASTER_DATA)), data);
    assert_eq!(hex(&record::write_block(&points())), OLD_BLOCK);
    assert_eq!(record::read_block(&bytes(OLD_BLOCK)), points());
    let rejected = Rejected {
        at: at(NOW),
        document_id: "d".into(),
        transaction_id: "t".into(),
        prices: true,
        broken: vec!["VR.209".into()],
    };
    assert_eq!(hex(&record::write_rejected(&rejected)), OLD_REJECTED);
    assert_eq!(record::read_rejected(&bytes(OLD_REJECTED)), rejected);
    for (accepted, old) in [(information, OLD_INFORMATION), (prices, OLD_PRICES)] {
        assert_eq!(record::write_history(&accepted).iter().map(|it| hex(it)).collect::<Vec<_>>(), [old]);
        assert_eq!(record::read_history(&bytes(old)), accepted);
    }
}

const OLD_CHARGE: &str = "01ac02010280f0de92e2e2850580f7a0c69983a28407";
const OLD_MASTER_DATA: &str = "0108456c6166676966740561207461780201";
const OLD_REJECTED: &str = "018090ccd998f680060164017401010656522e323039";
const OLD_BLOCK: &str = "01a0380300901c160100901cfdffd187e2bc2d06d0ce04901c0000";
const OLD_INFORMATION: &str = "018090ccd998f68006016401740080f0de92e2e2850500010208456c6166676966740561207461780201";
const OLD_PRICES: &str =
    "018090ccd998f6800601640174010280909de91a8090d8c69e05a0380300901c160100901cfdffd187e2bc2d06d0ce04901c0000";

#[test]
fn the_largest_records_are_far_below_what_a_value_may_hold() {
    let day = 86_400;
    let largest = |n: i64| PricePoint {
        period: Period::new(Timestamp::from_seconds(n * day), Timestamp::from_seconds((n + 1) * day)),
        price: price("-99999999.999999"),
    };
    for resolution in Resolution::ALL {
        let span = record::block_seconds(resolution);
        // The finest that a series of this resolution can be cut: monthly prices may begin on any day.
        let unit = match resolution {
            Resolution::QuarterHour => 900,
            Resolution::Hour => 3_600,
            Resolution::Day | Resolution::Month => day,
        };
        let block: Vec<PricePoint> = (0..span / unit).map(largest).collect();
        assert!(record::write_block(&block).len() < VALUE_BYTES_MAX / 3, "{resolution:?}");
    }
    let long: Vec<PricePoint> = (0..record::HISTORY_POINTS_MAX as i64 + 1).map(largest).collect();
    let accepted = Accepted {
        at: at(NOW),
        document_id: "ø".repeat(100),
        transaction_id: "ø".repeat(36),
        said: Said::Prices { resolution: Resolution::Day, interval: Period::from(at(NOW)), points: long },
    };
    let records = record::write_history(&accepted);
    assert_eq!(records.len(), 2);
    assert!(records[0].len() < VALUE_BYTES_MAX / 2);
}

#[test]
fn blocks_are_found_by_where_they_end() {
    for resolution in Resolution::ALL {
        let span = record::block_seconds(resolution);
        for (at, end) in [(0, span), (span - 1, span), (span, 2 * span), (-1, 0), (-span, 0), (-span - 1, -span)] {
            assert_eq!(record::block_end(resolution, at), end, "{resolution:?} {at}");
        }
    }
    let key = record::block_key(&identity(), -5);
    assert_eq!((record::read_block_end(&key), record::read_identity(&key)), (-5, identity()));
}
