//! Flawed documents: their values come to the readers as well, in any order, and what is made of them is thrown away.

use proptest::prelude::*;

use super::super::answers::{ReallocationConfirmed, ReallocationRejected, ServiceConfirmed, ServiceRejected};
use super::super::customers::CustomerCharacteristics;
use super::super::metering_point::MeteringPointCharacteristics;
use super::super::requests::{Cancellation, ChangeOfSupplier, EndOfSupply, MasterDataQuery, Reallocation, Service};
use super::super::{DocumentReader, SentRecord};
use crate::document::Reader;

const NAMES: [&str; 24] = [
    "MktActivityRecord",
    "MarketEvaluationPoint",
    "UsagePointLocation",
    "usagePointLocation.mainAddress",
    "mainAddress",
    "streetDetail",
    "townDetail",
    "phone1",
    "electronicAddress",
    "Series",
    "Reason",
    "mRID",
    "type",
    "process.processType",
    "businessSector.type",
    "sender_MarketParticipant.mRID",
    "marketEvaluationPoint.mRID",
    "firstCustomer_MarketParticipant.mRID",
    "start_DateAndOrTime.dateTime",
    "name",
    "code",
    "description",
    "product",
    "ituPhone",
];
const VALUES: [&str; 8] =
    ["", " ", "E03", "392", "0101701234", "5790002000010", "\u{1F409}\u{301}", "2023-03-31T22:00:00Z"];

/// What happens: something opens, closes, has an attribute or a value.
type Happening = (u8, usize, usize);

fn survives<R: SentRecord>(happenings: &[Happening]) {
    let mut reader = DocumentReader::<R>::default();
    for &(kind, name, value) in happenings {
        let (name, value) = (NAMES[name % NAMES.len()], VALUES[value % VALUES.len()]);
        match kind % 4 {
            0 => reader.open(name),
            1 => reader.close(name),
            2 => reader.attribute(name, if value.is_empty() { "unit" } else { "codingScheme" }, value),
            _ => reader.value(name, value, 7),
        }
    }
    let shown = format!("{:?}", reader.finish_typed());
    // It may stand where no number of a person belongs; where one does, it is not shown.
    assert!(!shown.contains("CustomerNumber(0101701234"), "{shown}");
}

proptest! {
    #[test]
    fn every_reader_survives_anything(happenings in prop::collection::vec((0..4_u8, 0..24_usize, 0..8_usize), 0..80)) {
        survives::<ChangeOfSupplier>(&happenings);
        survives::<EndOfSupply>(&happenings);
        survives::<Reallocation>(&happenings);
        survives::<Cancellation>(&happenings);
        survives::<Service>(&happenings);
        survives::<MasterDataQuery>(&happenings);
        survives::<CustomerCharacteristics>(&happenings);
        survives::<MeteringPointCharacteristics>(&happenings);
        survives::<ReallocationConfirmed>(&happenings);
        survives::<ReallocationRejected>(&happenings);
        survives::<ServiceConfirmed>(&happenings);
        survives::<ServiceRejected>(&happenings);
    }
}
