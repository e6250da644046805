//! Small valid documents of our own, one for each kind and shape; mutations begin with them.

pub const KINDS: [&str; 4] = ["Request", "Confirm", "Reject", "Notify"];

fn header(root: &str, typed: &str, process: &str, extra: &str, records: &str) -> String {
    let namespace = format!("urn:ediel.org:structure:{}:0:1", root.to_lowercase());
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:{root}_MarketDocument xmlns:cim="{namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <cim:mRID>DOC-1</cim:mRID>
  <cim:type>{typed}</cim:type>
  <cim:process.processType>{process}</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDZ</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">8100000000108</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDM</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2024-02-29T08:00:00Z</cim:createdDateTime>{extra}
{records}</cim:{root}_MarketDocument>
"#
    )
}

const MASTER_DATA: &str = r#"        <cim:name>Grid tariff</cim:name>
        <cim:description>What the grid costs, æøå &amp; more</cim:description>
        <cim:priceTimeFrame_Period.resolution>PT1H</cim:priceTimeFrame_Period.resolution>
        <cim:effectiveDate>2024-02-29T23:00:00Z</cim:effectiveDate>
        <cim:terminationDate>2024-12-31T23:00:00.5+01:00</cim:terminationDate>
        <cim:VATPayer>D02</cim:VATPayer>
        <cim:transparentInvoicing>true</cim:transparentInvoicing>
        <cim:taxIndicator>0</cim:taxIndicator>
"#;

const PRICES: &str = r#"        <cim:effectiveDate>2024-02-29T23:00:00Z</cim:effectiveDate>
        <cim:Series_Period>
          <cim:resolution>PT1H</cim:resolution>
          <cim:timeInterval>
            <cim:start>2024-02-29T23:00Z</cim:start>
            <cim:end>2024-03-01T23:00Z</cim:end>
          </cim:timeInterval>
          <cim:Point>
            <cim:position>1</cim:position>
            <cim:price.amount>0.123456</cim:price.amount>
          </cim:Point>
          <cim:Point>
            <cim:position>2</cim:position>
            <cim:price.amount>-12</cim:price.amount>
          </cim:Point>
        </cim:Series_Period>
"#;

fn charges(original: &str, details: &str) -> String {
    format!(
        r#"  <cim:MktActivityRecord>
    <cim:mRID>OP-1</cim:mRID>
{original}    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">8100000000030</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D03</cim:type>
        <cim:mRID>T-100</cim:mRID>
{details}      </cim:ChargeType>
    </cim:ChargeGroup>
  </cim:MktActivityRecord>
"#
    )
}

const REFERENCE: &str = "    <cim:originalTransactionIDReference_MktActivityRecord.mRID>OP-1\
                         </cim:originalTransactionIDReference_MktActivityRecord.mRID>\n";

fn receipt(reasons: &str) -> String {
    format!(
        "  <cim:MktActivityRecord>\n    <cim:mRID>T-900</cim:mRID>\n{REFERENCE}{reasons}  </cim:MktActivityRecord>\n"
    )
}

/// Valid documents of one kind.
pub fn valid(kind: &str) -> Vec<String> {
    let reason = |code| format!("\n  <cim:reason.code>{code}</cim:reason.code>");
    match kind {
        "Request" => vec![
            header("RequestChangeOfPriceList", "D10", "D18", "", &charges("", MASTER_DATA)),
            header("RequestChangeOfPriceList", "D10", "D08", "", &(charges("", PRICES) + &charges("", PRICES))),
        ],
        "Confirm" => {
            vec![header("ConfirmRequestChangeOfPriceList", "D11", "D18", &reason("A01"), &(receipt("") + &receipt("")))]
        }
        "Reject" => {
            let one = "    <cim:Reason>\n      <cim:code>E0H</cim:code>\n    </cim:Reason>\n";
            let two = "    <cim:Reason>\n      <cim:code>D01</cim:code>\n      <cim:text>Not so</cim:text>\n    </cim:Reason>\n";
            let records = receipt(one) + &receipt(&format!("{one}{two}"));
            vec![header("RejectRequestChangeOfPriceList", "D11", "D08", &reason("A02"), &records)]
        }
        _ => vec![
            header("NotifyPriceList", "D12", "D18", "", &charges(REFERENCE, MASTER_DATA)),
            header("NotifyPriceList", "D12", "D08", "", &charges("", PRICES)),
        ],
    }
}
