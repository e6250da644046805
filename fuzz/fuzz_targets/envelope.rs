//! Whatever is posted to the SOAP service is taken for a request or refused with a reason. A document that stood in an
//! envelope stands on its own, and comes out of another envelope as it went in.

#![no_main]

use bytes::Bytes;
use gridpost::document::envelope::{self, Container, Payload, Request};
use gridpost::spec::root_of;
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

const CODES: [&str; 3] = ["Client", "MustUnderstand", "VersionMismatch"];

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let request = match envelope::read(&Bytes::copy_from_slice(bytes), &limits) {
        Ok(request) => request,
        Err(wrong) => {
            assert!(CODES.contains(&wrong.code) && !wrong.message.is_empty());
            return;
        }
    };
    let payload = match request {
        Request::SendMessage(Container { payload, .. }) | Request::QueryData(payload) => payload,
        _ => return,
    };
    let root = root_of(&payload.document, &limits).expect("it begins with an element, whose namespaces are declared");
    assert_eq!(root.name, payload.root);
    let text = std::str::from_utf8(&payload.document).expect("what we take is UTF-8");
    roxmltree::Document::parse(text).expect("it is well-formed, without what was around it");

    let sent = [
        b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><x:QueryDataRequest \
          xmlns:x='urn:www:datahub:dk:b2b:v01'>"
            .as_slice(),
        &payload.document,
        b"</x:QueryDataRequest></s:Body></s:Envelope>",
    ];
    let again = envelope::read(&sent.concat().into(), &limits).expect("what was taken is taken again");
    let Request::QueryData(Payload { document, .. }) = again else { panic!("it is a query") };
    assert_eq!(document, payload.document);

    let answer = envelope::given("GetMessage", "reference", payload.document).concat();
    let answer = std::str::from_utf8(&answer).expect("an answer is UTF-8");
    roxmltree::Document::parse(answer).expect("an answer is well-formed");
});
