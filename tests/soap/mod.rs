//! The SOAP service of ebIX clients: each of its operations, and each way to say no.

use std::path::Path;

use gridpost::spec::{self, Schema, Sources};
use gridpost::xml::Limits;

use crate::door::*;
use crate::{BODY_BYTES_MAX, EBIX};

const B2B: &str = "urn:www:datahub:dk:b2b:v01";

fn enveloped(inside: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:b=\"{B2B}\"><soapenv:Body>\
         {inside}</soapenv:Body></soapenv:Envelope>"
    )
}

fn sending(document_type: &str, payload: &str) -> String {
    enveloped(&format!(
        "<b:SendMessageRequest><b:MessageContainer><b:MessageReference>REF-1</b:MessageReference>\
         <b:DocumentType>{document_type}</b:DocumentType><b:MessageType>XML</b:MessageType>\
         <b:Payload>{payload}</b:Payload></b:MessageContainer></b:SendMessageRequest>"
    ))
}

fn about(operation: &str, id: &str) -> String {
    enveloped(&format!("<b:{operation}Request><b:MessageId>{id}</b:MessageId></b:{operation}Request>"))
}

const PEEK: &str = "<b:PeekMessageRequest/>";

/// A query for the one charge of the world.
const QUERY: &str = r#"<DK_QueryChargeInformation xmlns="un:unece:260:data:EEM-DK_QueryChargeInformation:v3">
  <HeaderEnergyDocument>
    <Identification>q-1</Identification>
    <DocumentType listIdentifier="DK" listAgencyIdentifier="260">D13</DocumentType>
    <Creation>2023-08-01T08:59:00Z</Creation>
    <SenderEnergyParty><Identification schemeAgencyIdentifier="9">8200000000011</Identification></SenderEnergyParty>
    <RecipientEnergyParty><Identification schemeAgencyIdentifier="9">5790001330552</Identification></RecipientEnergyParty>
  </HeaderEnergyDocument>
  <ProcessEnergyContext>
    <EnergyBusinessProcess listAgencyIdentifier="260">E0G</EnergyBusinessProcess>
    <EnergyBusinessProcessRole listAgencyIdentifier="260">DDM</EnergyBusinessProcessRole>
    <EnergyIndustryClassification listAgencyIdentifier="6">23</EnergyIndustryClassification>
  </ProcessEnergyContext>
  <PayloadRequestChargeInformation>
    <ObservationTimeSeriesPeriod><Start>2023-01-31T23:00:00Z</Start></ObservationTimeSeriesPeriod>
    <Identification>q-op-1</Identification>
    <PartyChargeTypeID>HOURLY</PartyChargeTypeID>
  </PayloadRequestChargeInformation>
</DK_QueryChargeInformation>"#;

/// What the official schemas of the envelope, of the wrapper and of what is in it say to an answer.
fn officially_valid(answer: &str) {
    let Some(folder) = std::env::var_os("GRIDPOST_CONFORMANCE") else { return };
    let mut files = vec!["wsdl/soap-envolope-manual.xsd".to_string(), "wsdl/DataHUBB2B-manual.xsd".to_string()];
    if let Some((_, rest)) = answer.split_once("<DK_") {
        let name = rest.split([' ', '>']).next().unwrap();
        files.push(format!("document/DK_{name}/ebIX_DK_{name}-2.xsd"));
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let schema = Schema::load_all(&Sources::Folder(Path::new(&folder).join("xsd/ebix")), &files).unwrap();
    let verdict = spec::check(&schema, answer.as_bytes(), &Limits::default(), &mut ());
    assert!(verdict.is_valid(), "{answer}: {:#?}", verdict.flaws);
}

/// The text between two words.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {text}")).0
}

/// The ids of what was sent to somebody within a time.
pub async fn ids(house: &House, token: &str, from: &str, to: &str) -> Vec<String> {
    let period = format!("<b:GetMessageIdsRequest><b:From>{from}</b:From><b:To>{to}</b:To></b:GetMessageIdsRequest>");
    let request = house.http.post(house.url("/ebix")).bearer_auth(token).body(enveloped(&period));
    let told = request.header("content-type", "text/xml; charset=utf-8").send().await.unwrap().text().await.unwrap();
    officially_valid(&told);
    told.split("<b2b:MessageId>").skip(1).map(|rest| rest.split('<').next().unwrap().to_string()).collect()
}

#[tokio::test]
async fn a_document_goes_in_and_its_answer_comes_out_over_soap() {
    let house = start().await;
    let ask = async |body: String| {
        let request = house.http.post(house.url("/ebix")).bearer_auth(house.token()).body(body);
        let response = request.header("content-type", "text/xml; charset=utf-8").send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "text/xml; charset=utf-8"));
        let text = response.text().await.unwrap();
        officially_valid(&text);
        text
    };
    assert!(
        ask(enveloped(PEEK)).await.contains(&format!("<b2b:PeekMessageResponse xmlns:b2b=\"{B2B}\"></")),
        "nothing"
    );
    let sent = ask(sending("RequestUpdateChargeInformation", EBIX)).await;
    assert_eq!(between(&sent, "<b2b:MessageId>", "</"), "e-1");
    assert_eq!(ask(sending("RequestUpdateChargeInformation", EBIX)).await, sent, "the same answer again");

    let peeked = loop {
        let peeked = ask(enveloped(PEEK)).await;
        if peeked.contains("MessageContainer") {
            break peeked;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!(ask(enveloped(PEEK)).await, peeked, "the same until it is dequeued");
    assert_eq!(between(&peeked, "<b2b:DocumentType>", "</"), "RejectUpdateChargeInformation");
    assert!(peeked.contains("<OriginalBusinessDocument>op-e-1</OriginalBusinessDocument>"), "{peeked}");
    let id = between(&peeked, "<Identification>", "</");
    assert_eq!(between(&peeked, "<b2b:MessageReference>", "</"), id);

    let container = between(&peeked, "<b2b:MessageContainer>", "</b2b:MessageContainer>");
    let again = ask(about("GetMessage", id)).await;
    assert!(again.contains("GetMessageResponse") && again.contains(container), "{again}");
    let token = house.token();
    let ids = async |from: &str, to: &str| ids(&house, &token, from, to).await;
    assert_eq!(ids("2023-08-01T00:00:00Z", "2023-08-02T00:00:00Z").await, [id]);
    assert_eq!(ids("2023-08-02T00:00:00Z", "2023-08-03T00:00:00Z").await, [""; 0]);
    assert_eq!(ask(enveloped(PEEK)).await, peeked, "looking changed nothing");

    assert!(ask(about("DequeueMessage", id)).await.contains("DequeueMessageResponse"));
    assert!(ask(about("DequeueMessage", id)).await.contains("DequeueMessageResponse"), "safe to repeat");
    assert!(!ask(enveloped(PEEK)).await.contains("MessageContainer"));
    assert!(ask(about("GetMessage", id)).await.contains(container), "long after it was dequeued");

    let found = ask(enveloped(&format!("<b:QueryDataRequest>{QUERY}</b:QueryDataRequest>"))).await;
    assert!(found.contains("QueryDataResponse") && found.contains("<DK_ResponseQueryChargeInformation "), "{found}");
    assert!(found.contains("<OriginalBusinessDocument>q-op-1<"), "{found}");
    assert!(found.contains("<PartyChargeTypeID>HOURLY<"), "{found}");
    assert_eq!(ids("2023-08-01T00:00:00Z", "2023-08-02T00:00:00Z").await, [id], "nothing was sent");
}

#[tokio::test]
async fn what_goes_wrong_over_soap_is_a_fault() {
    let house = start().await;
    let charge = "RequestUpdateChargeInformation";
    let injected = EBIX.replace("</Occurrence>", "</Occurrence><Extra>1</Extra>");
    let rows = [
        (about("DequeueMessage", "nothing"), "B2B-201:"),
        (about("GetMessage", "nothing"), "B2B-201:"),
        (sending(charge, ""), "B2B-900:"),
        (enveloped(""), "B2B-900:"),
        ("no envelope".into(), "B2B-900:"),
        (EBIX.into(), "B2B-900:"),
        (enveloped(PEEK).replace(B2B, "urn:www:datahub:dk:b2b:v02"), "B2B-900:"),
        (enveloped(EBIX), "B2B-900:"),
        (sending(charge, &EBIX.replace(":v3", ":v2")), "B2B-007:"),
        (sending(charge, &document("1").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")), "B2B-007:"),
        (sending("MeteredDataTimeSeries", EBIX), "B2B-006:"),
        (sending(charge, &injected), "B2B-005:line 1"),
        (sending(charge, &EBIX.replace("2023-08-31T22:00:00Z", "today")), "B2B-005:line 1"),
        (sending(charge, &EBIX.replacen("8200000000011", "8100000000030", 1)), "B2B-008:"),
        (sending(charge, EBIX).replace(">XML<", ">EDIFACT<"), "B2B-900:"),
        (enveloped(&format!("<b:QueryDataRequest>{EBIX}</b:QueryDataRequest>")), "B2B-006:"),
        (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", enveloped(PEEK)), "B2B-900:"),
    ];
    let ask = |body: String| house.http.post(house.url("/ebix")).bearer_auth(house.token()).body(body);
    for (body, expected) in rows {
        let response = ask(body.clone()).header("content-type", "application/ebix").send().await.unwrap();
        let (status, id) = (response.status().as_u16(), header(&response, "correlationid").to_string());
        let text = response.text().await.unwrap();
        officially_valid(&text);
        assert_eq!(status, 200, "{text}");
        assert_eq!(between(&text, "<faultcode>", "<"), "soapenv:Client");
        let string = between(&text, "<faultstring>", "</");
        assert!(string.starts_with(expected), "{body}\n{text}");
        assert_eq!(string.ends_with(&id), ["B2B-900:", "B2B-201:"].contains(&expected), "{text}");
        assert!(text.contains(&format!("<ErrorCode>{}</ErrorCode>", &expected[..7])), "{text}");
    }
    let used = ask(sending(charge, EBIX)).header("content-type", "text/xml").send().await.unwrap();
    assert!(used.text().await.unwrap().contains("SendMessageResponse"), "no id was used up");
    let other = ask(sending(charge, &EBIX.replace("op-e-1", "op-e-2"))).header("content-type", "text/xml");
    assert!(other.send().await.unwrap().text().await.unwrap().contains("<faultstring>B2B-003:"));

    let foreign = house.http.post(house.url("/ebix")).bearer_auth(house.supplier()).header("content-type", "text/xml");
    let foreign = foreign.body(sending(charge, EBIX)).send().await.unwrap();
    assert!(foreign.text().await.unwrap().contains("<faultstring>B2B-002:"), "a supplier may not send it");
}

#[tokio::test]
async fn the_head_of_a_soap_request_is_looked_at_first() {
    let house = start().await;
    let peek = || house.http.post(house.url("/ebix")).body(enveloped(PEEK));
    let rows = [
        (peek().header("content-type", "text/xml"), 401, "Unauthorized"),
        (peek().bearer_auth(house.token()), 415, "Content-Type"),
        (peek().bearer_auth(house.token()).header("content-type", "application/json"), 415, "Content-Type"),
        (peek().bearer_auth(house.token()).header("content-type", "text/xml; charset=latin1"), 415, "Content-Type"),
        (
            peek().bearer_auth(house.token()).header("content-type", "text/xml").body(vec![b' '; BODY_BYTES_MAX + 1]),
            413,
            "52428800",
        ),
        (house.http.put(house.url("/ebix")), 405, "POST"),
    ];
    for (request, status, words) in rows {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{words}");
        let text = response.text().await.unwrap();
        officially_valid(&text);
        assert!(text.contains("<faultstring>B2B-900:") && (text.contains(words) || status == 401), "{text}");
    }
    let rows = [
        ("peekMessage", "", true),
        ("\"peekMessage\"", "", true),
        ("\"urn:www:datahub:dk:b2b:service:v01/peekMessage\"", "", true),
        ("\"\"", "?soapAction=peekMessage", true),
        ("sendMessage", "", false),
        ("\"\"", "?soapaction=dequeueMessage", false),
    ];
    for (action, query, right) in rows {
        let request = house.http.post(house.url(&format!("/ebix{query}"))).bearer_auth(house.token());
        let request = request.header("content-type", "text/xml").header("soapaction", action).body(enveloped(PEEK));
        let text = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(text.contains("PeekMessageResponse"), right, "{action} {query}: {text}");
    }
    let packed =
        peek().bearer_auth(house.token()).header("content-type", "text/xml").header("content-encoding", "gzip");
    let packed = packed.body(crate::door::packed(enveloped(PEEK).as_bytes())).send().await.unwrap();
    assert!(packed.text().await.unwrap().contains("PeekMessageResponse"));
}

/// post-office 2.7.1: what is published is what is taken, to the name.
#[tokio::test]
async fn the_service_is_described_as_it_is() {
    let house = start().await;
    let get = async |path: &str| {
        let response = house.http.get(house.url(path)).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "text/xml; charset=utf-8"));
        response.text().await.unwrap()
    };
    let (wsdl, xsd) = (get("/ebix?wsdl").await, get("/ebix?xsd").await);
    assert_eq!([get("/ebix?WSDL").await, get("/ebix").await], [wsdl.clone(), wsdl.clone()]);
    let described = roxmltree::Document::parse(&wsdl).unwrap();
    let named = |name: &str| {
        described
            .descendants()
            .filter(|node| node.has_tag_name(("http://schemas.xmlsoap.org/wsdl/", name)))
            .collect::<Vec<_>>()
    };
    let attribute = |name: &str, attribute: &str| {
        let nodes = described.descendants().filter(|node| node.tag_name().name() == name);
        nodes.filter_map(|node| node.attribute(attribute)).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(described.root_element().attribute("targetNamespace"), Some("urn:www:datahub:dk:b2b:service:v01"));
    assert_eq!(attribute("service", "name"), ["marketMessagingB2BServiceV01"]);
    assert_eq!(attribute("address", "location"), [house.url("/ebix")]);
    let operations = ["sendMessage", "peekMessage", "dequeueMessage", "getMessage", "getMessageIds", "queryData"];
    assert_eq!(attribute("operation", "soapAction"), operations);
    assert_eq!(named("operation").len(), 12, "each in the port and in the binding");

    // The messages are elements of the schema that it refers to, and all of them.
    let location = attribute("import", "schemaLocation").remove(0);
    assert_eq!(house.http.get(&location).send().await.unwrap().text().await.unwrap(), xsd);
    let files = [("b2b.xsd", xsd.as_str())];
    let schema = Schema::load(&Sources::table(&files), "b2b.xsd").unwrap();
    assert_eq!(schema.namespace(), B2B);
    let mut elements: Vec<String> =
        attribute("part", "element").iter().map(|name| name.strip_prefix("b2b:").unwrap().to_string()).collect();
    let mut roots: Vec<String> = schema.roots().map(str::to_string).collect();
    elements.sort();
    roots.sort();
    assert_eq!((elements.len(), &elements), (12, &roots));

    // What the service takes follows the schema under the action that is published, and so does what it answers.
    let follows = |envelope: &str| {
        let parsed = roxmltree::Document::parse(envelope).unwrap();
        let body = parsed.descendants().find(|node| node.tag_name().name() == "Body").unwrap();
        let asked = body.first_element_child().unwrap();
        let text = &envelope[asked.range()];
        // What is declared around a request is declared in it here.
        let text = match text.contains("xmlns:b") {
            true => text.to_string(),
            false => text.replacen("Request", &format!("Request xmlns:b=\"{B2B}\""), 1),
        };
        let verdict = spec::check(&schema, text.as_bytes(), &Limits::default(), &mut ());
        assert!(verdict.is_valid(), "{text}: {:#?}", verdict.flaws);
        asked.tag_name().name().to_string()
    };
    let ids = "<b:GetMessageIdsRequest><b:From>2023-08-01T00:00:00Z</b:From><b:To>2023-09-01T00:00:00Z</b:To></b:GetMessageIdsRequest>";
    let requests = [
        sending("RequestUpdateChargeInformation", EBIX),
        enveloped(PEEK),
        about("DequeueMessage", "unknown"),
        about("GetMessage", "unknown"),
        enveloped(ids),
        enveloped(&format!("<b:QueryDataRequest>{QUERY}</b:QueryDataRequest>")),
    ];
    for (operation, request) in operations.iter().zip(requests) {
        let asked = follows(&request);
        assert!(asked.strip_suffix("Request").unwrap().eq_ignore_ascii_case(operation), "{asked} {operation}");
        let post = house.http.post(house.url("/ebix")).bearer_auth(house.token()).header("content-type", "text/xml");
        let answer = post.header("soapaction", *operation).body(request).send().await.unwrap().text().await.unwrap();
        if answer.contains("Fault>") {
            // Only these know nothing of what is asked for.
            assert!(["dequeueMessage", "getMessage"].contains(operation), "{operation}: {answer}");
        } else {
            assert_eq!(follows(&answer), asked.replace("Request", "Response"));
        }
    }
}
