//! Envelopes as clients write them, and as nobody should.

use super::*;
use crate::document::Wire;
use crate::spec;
use crate::xml::Limits;

fn enveloped(inside: &str) -> String {
    format!("<s:Envelope xmlns:s='{SOAP}' xmlns:b='{B2B}'><s:Body>{inside}</s:Body></s:Envelope>")
}

fn contained(payload: &str) -> String {
    enveloped(&format!(
        "<b:SendMessageRequest><b:MessageContainer><b:MessageReference>R-1</b:MessageReference>\
         <b:DocumentType>X</b:DocumentType><b:MessageType>XML</b:MessageType><b:Payload>{payload}</b:Payload>\
         </b:MessageContainer></b:SendMessageRequest>"
    ))
}

fn read_text(text: &str) -> Result<Request, Wrong> {
    read(&Bytes::from(text.to_string()), &Limits::default())
}

fn payload(text: &str) -> String {
    match read_text(text).unwrap() {
        Request::SendMessage(container) => String::from_utf8(container.payload.document.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_operation_is_known_by_its_body() {
    let rows = [
        ("<b:PeekMessageRequest/>", "peekMessage"),
        ("<PeekMessageRequest xmlns='urn:www:datahub:dk:b2b:v01'> </PeekMessageRequest>", "peekMessage"),
        ("<b:DequeueMessageRequest><b:MessageId>a&#45;1</b:MessageId></b:DequeueMessageRequest>", "dequeueMessage"),
        ("<b:GetMessageRequest><b:MessageId>a</b:MessageId></b:GetMessageRequest>", "getMessage"),
        (
            "<b:GetMessageIdsRequest><b:From>2023-08-01T00:00:00Z</b:From><b:To>2023-08-02T00:00:00+02:00</b:To>\
             </b:GetMessageIdsRequest>",
            "getMessageIds",
        ),
        ("<b:QueryDataRequest><x>1</x></b:QueryDataRequest>", "queryData"),
    ];
    for (inside, operation) in rows {
        assert_eq!(read_text(&enveloped(inside)).map(|it| it.operation()), Ok(operation), "{inside}");
    }
    assert_eq!(read_text(&contained("<x>1</x>")).unwrap().operation(), "sendMessage");
    let id = read_text(&enveloped(rows[2].0)).unwrap();
    assert_eq!(id, Request::DequeueMessage { message_id: "a-1".into() });
    // What need not be understood, and what is for somebody else.
    for header in ["s:mustUnderstand='0'", "s:mustUnderstand='1' s:actor='urn:somebody-else'"] {
        let headed = format!("<!-- a --><s:Header><a {header}><b/></a></s:Header> <s:Body>");
        assert_eq!(read_text(&enveloped(rows[0].0).replace("<s:Body>", &headed)), Ok(Request::PeekMessage));
    }
}

#[test]
fn a_document_is_cut_out_as_it_was_written() {
    let rows = [
        ("<x:a xmlns:x='u'>  <x:b c='>'/>&lt;</x:a >", ""),
        ("<!-- before --><a><b/></a>\n<!-- behind -->", "<a><b/></a>"),
        ("<a>æ<q:x xmlns:q='v'/></a>", ""),
        ("<x:a xmlns:x='>' />", ""),
        ("<!-- before --><a/><!-- behind -->", "<a/>"),
    ];
    for (written, expected) in rows {
        let expected = if expected.is_empty() { written } else { expected };
        assert_eq!(payload(&contained(written)), expected);
    }
}

#[test]
fn declarations_around_a_document_that_it_leans_on_go_with_it() {
    let around = contained("<e:a f:y='1'><e:b/><c/></e:a>")
        .replace("<s:Body>", "<s:Body xmlns:e='outer' xmlns:unused='n'>")
        .replace("<b:Payload>", "<b:Payload xmlns:e = \"e&amp;u\" xmlns='d' note='&gt;>' xmlns:f='f'>");
    let cut = payload(&around);
    assert_eq!(cut, "<e:a xmlns='d' xmlns:e = \"e&amp;u\" xmlns:f='f' f:y='1'><e:b/><c/></e:a>");
    assert_eq!(spec::root_of(cut.as_bytes(), &Limits::default()).unwrap().namespace, "e&u");
    let bare = contained("<b:a/>");
    assert_eq!(payload(&bare), format!("<b:a xmlns:b='{B2B}'/>"));
    let own = contained("<a xmlns=''><b:c/></a>").replace("<b:Payload>", "<b:Payload xmlns='d'>");
    assert_eq!(payload(&own), format!("<a xmlns:b='{B2B}' xmlns=''><b:c/></a>"));
    let ebix = contained("<x><y/></x>").replace("<b:Payload>", "<b:Payload xmlns='un:unece:260:data:EEM-DK_X:v3'>");
    assert_eq!(Wire::of(payload(&ebix).as_bytes(), &Limits::default()), Wire::Ebix);
}

#[test]
fn what_is_no_envelope_says_why() {
    let peek = "<b:PeekMessageRequest/>";
    let rows = [
        ("".into(), "Client", "not well-formed"),
        ("<x/>".into(), "Client", "must begin with Envelope"),
        (enveloped(peek).replace(SOAP, "http://www.w3.org/2003/05/soap-envelope"), "VersionMismatch", "namespace"),
        (
            enveloped(peek).replace("<s:Body>", "<s:Header><a s:mustUnderstand='1'/></s:Header><s:Body>"),
            "MustUnderstand",
            "a is not",
        ),
        (
            enveloped(peek).replace(
                "<s:Body>",
                &format!("<s:Header><a s:actor='{NEXT}' s:mustUnderstand='1'/></s:Header><s:Body>"),
            ),
            "MustUnderstand",
            "a is not",
        ),
        (enveloped(""), "Client", "Body is empty"),
        (enveloped("<x/>"), "Client", "no request of urn"),
        (enveloped(peek).replace(B2B, "urn:www:datahub:dk:b2b:v02"), "Client", "no request of urn"),
        (enveloped(&format!("{peek}{peek}")), "Client", "nothing more may"),
        (enveloped("<b:PeekMessageRequest>1</b:PeekMessageRequest>"), "Client", "text stands"),
        (enveloped("<b:DequeueMessageRequest/>"), "Client", "MessageId is missing"),
        (
            enveloped(&format!(
                "<b:GetMessageRequest><b:MessageId>{}</b:MessageId></b:GetMessageRequest>",
                "1".repeat(36)
            )),
            "Client",
            "at most 35",
        ),
        (
            enveloped("<b:GetMessageIdsRequest><b:From>soon</b:From><b:To>x</b:To></b:GetMessageIdsRequest>"),
            "Client",
            "From is a date",
        ),
        (contained(""), "Client", "payload is missing"),
        (contained("<a>1</a><a>2</a>"), "Client", "nothing more may"),
        (contained("<a>1</a>").replace(">XML<", ">EDIFACT<"), "Client", "must be XML"),
        (contained("<a>1</a>").replace("b:MessageReference", "b:Reference"), "Client", "MessageReference"),
        (enveloped(peek) + "<x/>", "Client", "not well-formed"),
        (enveloped(peek).replace("</s:Body>", "</s:Body><s:Header/>"), "Client", "Header stands behind"),
        (enveloped(peek).replace("</s:Body>", "</s:Body><s:Body/>"), "Client", "Body stands behind"),
        (format!("<!DOCTYPE x>{}", enveloped(peek)), "Client", "document type"),
        (enveloped(&"<a>".repeat(70)), "Client", ""),
    ];
    for (text, code, words) in rows {
        let wrong = read_text(&text).unwrap_err();
        assert!(wrong.code == code && wrong.message.contains(words), "{text}: {wrong:?}");
    }
    let utf16: Vec<u8> = enveloped(peek).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&utf16.into(), &Limits::default()).is_err());
}

#[test]
fn an_answer_reads_as_it_was_meant() {
    let text = |answer: Answer| String::from_utf8(answer.concat()).unwrap();
    let document = Bytes::from_static(b"<?xml version=\"1.0\"?>\n<x xmlns=\"u\">&lt;</x>\n");
    let told = [
        text(done("PeekMessage")),
        text(sent("<1>")),
        text(given("GetMessage", "ab", document.clone())),
        text(ids(&["1".into(), "2".into()])),
        text(found(vec![document])),
        fault("<faultcode>soapenv:Client</faultcode><faultstring>no</faultstring>"),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn whatever_comes_ends_in_an_answer() {
    let whole = contained("<e:a xmlns:e='u' f='&lt;'><e:b><![CDATA[>]]></e:b><!-- > --></e:a>")
        .replace("<s:Body>", "<s:Header><a s:mustUnderstand='0' b='>'/></s:Header><s:Body>");
    assert!(read_text(&whole).is_ok());
    for at in (0..whole.len()).step_by(3) {
        assert!(read_text(&whole[..at]).is_err(), "{}", &whole[..at]);
        for other in *b"<>&'\"=/: \0\xff" {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = other;
            let Ok(Request::SendMessage(container)) = read(&bytes.into(), &Limits::default()) else { continue };
            let root = spec::root_of(&container.payload.document, &Limits::default());
            assert_eq!(root.map(|root| root.name), Ok(container.payload.root), "{at} {other}");
        }
    }
}
