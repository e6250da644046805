//! The small document that the benches of the road send.

use bytes::Bytes;

/// A document (D18, 2 KB) that creates a subscription of its own.
pub fn document(sender: &str, id: &str) -> Bytes {
    let padding = "x".repeat(400);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim="urn:ediel.org:structure:requestchangeofpricelist:0:1">
  <cim:mRID>doc-{id}</cim:mRID>
  <cim:type>D10</cim:type>
  <cim:process.processType>D18</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">{sender}</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDM</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2023-08-01T09:00:00Z</cim:createdDateTime>
  <cim:MktActivityRecord>
    <cim:mRID>op-{id}</cim:mRID>
    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{sender}</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D01</cim:type>
        <cim:mRID>{id}</cim:mRID>
        <cim:name>Grid subscription</cim:name>
        <cim:description>{padding}</cim:description>
        <cim:priceTimeFrame_Period.resolution>P1M</cim:priceTimeFrame_Period.resolution>
        <cim:effectiveDate>2023-08-31T22:00:00Z</cim:effectiveDate>
        <cim:VATPayer>D02</cim:VATPayer>
        <cim:transparentInvoicing>false</cim:transparentInvoicing>
        <cim:taxIndicator>false</cim:taxIndicator>
      </cim:ChargeType>
    </cim:ChargeGroup>
  </cim:MktActivityRecord>
</cim:RequestChangeOfPriceList_MarketDocument>
"#
    )
    .into()
}
