//! Receipts and proofs, held against altered bytes.

use std::sync::mpsc;

use super::*;
use crate::archive::{self, Direction, Place};
use crate::certs;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Batch, Packed};
use crate::store::{Embedded, Options, Store, Unproved, Until};

const ISSUER: &str = "5790001330552";

/// A store of documents, a few of them in each frame, in several segments.
struct House {
    dir: tempfile::TempDir,
    store: Embedded,
    signer: Signer,
    keys: Keys,
}

fn body(number: u64) -> String {
    format!("<document number='{number}'/>")
}

fn entry(number: u64) -> LogEntry {
    LogEntry {
        direction: Direction::In,
        at: Timestamp::from_seconds(1_690_880_400),
        party: Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider },
        addressee: None,
        document: "RequestChangeOfPriceList".into(),
        message_id: format!("doc-{number}"),
        correlation_id: format!("c-{number}"),
        refused: Vec::new(),
        hash: *blake3::hash(body(number).as_bytes()).as_bytes(),
        place: Place { part: 0, offset: 0, bytes: body(number).len() as u64 },
        came: None,
        request: None,
    }
}

fn signer(dir: &std::path::Path) -> (Signer, Keys) {
    let key = certs::receipt_key(dir).unwrap();
    (Signer::read(&key.private, ISSUER).unwrap(), Keys::read(&key.public).unwrap())
}

impl House {
    fn of(documents: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { segment_bytes_max: 4096, ..Options::default() };
        let store = Embedded::open(&dir.path().join("store"), options).unwrap();
        let (sender, committed) = mpsc::channel();
        for number in 1..=documents {
            let mut batch = Batch::default();
            batch
                .put_all([archive::log_in(&entry(number))])
                .body_all([archive::received(Packed::of(body(number).as_bytes()))]);
            let sender = sender.clone();
            store.submit(batch, Box::new(move |outcome| sender.send(outcome.unwrap()).unwrap()));
            // Whatever is submitted in between goes into frames together.
            if number % 5 == 0 {
                committed.iter().take(5).for_each(drop);
            }
        }
        let (signer, keys) = signer(&dir.path().join("certs"));
        Self { dir, store, signer, keys }
    }

    fn prove(&self, number: u64, until: Until) -> ProofFile {
        let proof = self.store.prove(number, &archive::log_key(number, 0).0, until).unwrap().unwrap();
        let signed_head = Some(self.signer.head(&proof.head()).unwrap());
        ProofFile { document: entry(number).hash, proof, signed_head }
    }

    fn receipt(&self, number: u64) -> String {
        let head = self.store.head_of(number).unwrap();
        self.signer.receipt(&Accepted { commit: number, entry: entry(number), head }).unwrap()
    }
}

#[test]
fn every_document_is_proved_to_its_own_frame_and_to_every_later_one() {
    let house = House::of(60);
    for number in [1, 2, 17, 59, 60] {
        let own = house.store.head_of(number).unwrap().unwrap();
        for until in [Until::Own, Until::Last, Until::Frame(own.frame), Until::Frame(own.frame + 1)] {
            if until == Until::Frame(own.frame + 1) && number >= 59 {
                continue;
            }
            let file = house.prove(number, until);
            let document = body(number);
            let receipt = house.receipt(number);
            let witnesses = Witnesses {
                document: Some(document.as_bytes()),
                keys: Some(&house.keys),
                receipt: Some(&receipt),
                head: Some(own.hash),
            };
            let read = ProofFile::from_bytes(&file.to_bytes()).unwrap();
            let checked = read.check(&witnesses).unwrap();
            assert_eq!((checked.entry, checked.place), (entry(number), place(number)));
            assert_eq!((checked.own, checked.believed.len()), (own, 3));
        }
    }
    let last = house.store.head_of(60).unwrap().unwrap();
    let record = archive::log_key(3, 0).0;
    assert_eq!(house.prove(1, Until::Last).proof.head(), last);
    let unproved = |commit, key, until| house.store.prove(commit, key, until).unwrap().unwrap_err();
    assert_eq!(unproved(3, &record, Until::Frame(last.frame + 1)), Unproved::NoFrame(last.frame + 1));
    assert_eq!(unproved(4, &record, Until::Own), Unproved::NoRecord);
    assert_eq!(unproved(61, &record, Until::Own), Unproved::NoRecord);
    assert_eq!(house.store.head_of(61).unwrap(), None);
    assert_eq!(house.store.head_of(0).unwrap(), None);
    let segments = std::fs::read_dir(house.dir.path().join("store/journal")).unwrap().count();
    assert!(segments > 2, "{segments} segments");
}

fn place(commit: u64) -> archive::LogPlace {
    archive::LogPlace { commit, nth: 0 }
}

#[test]
fn no_flipped_byte_of_a_proof_goes_unseen() {
    let house = House::of(20);
    let bytes = house.prove(3, Until::Last).to_bytes();
    let witnesses = Witnesses { keys: Some(&house.keys), ..Witnesses::default() };
    assert!(ProofFile::from_bytes(&bytes).unwrap().check(&witnesses).is_ok());
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let checked = ProofFile::from_bytes(&flipped).and_then(|file| file.check(&witnesses));
        assert!(checked.is_err(), "byte {at} of {}", bytes.len());
    }
    assert!(ProofFile::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(ProofFile::from_bytes(&[&bytes[..], b"\n"].concat()).is_err());
}

#[test]
fn a_proof_shows_one_document_and_nothing_of_those_beside_it() {
    let house = House::of(20);
    let bytes = house.prove(7, Until::Last).to_bytes();
    let shows = |number: u64| {
        let (id, hash) = (format!("doc-{number}"), entry(number).hash);
        let is_in = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        is_in(id.as_bytes()) || is_in(&hash)
    };
    assert_eq!((2..=20).filter(|number| shows(*number)).collect::<Vec<_>>(), [7], "doc-1 begins doc-10 and so on");
    let own = house.prove(7, Until::Own).to_bytes();
    assert!(own.len() < 1_200, "{} bytes", own.len());
    let frames = house.prove(7, Until::Last).proof.check().unwrap().heads.len() - 1;
    assert!(bytes.len() - own.len() < 60 * frames, "{frames} frames take {} bytes", bytes.len() - own.len());
}

#[test]
fn a_proof_is_held_against_everything_that_is_known_from_elsewhere() {
    let (house, other) = (House::of(20), House::of(20));
    let file = house.prove(3, Until::Last);
    let (own, later) = (house.receipt(3), house.receipt(19));
    let (foreign, earlier) = (other.receipt(3), house.receipt(1));
    let (keys, wrong_keys) = (Some(&house.keys), Some(&other.keys));
    let document = body(3);
    let altered = body(4);
    let all = Witnesses::default;
    let rows: [(&str, Witnesses<'_>, Result<usize, &str>); 10] = [
        ("nothing", all(), Ok(0)),
        ("the document", Witnesses { document: Some(document.as_bytes()), ..all() }, Ok(0)),
        ("another document", Witnesses { document: Some(altered.as_bytes()), ..all() }, Err("another hash")),
        ("the key", Witnesses { keys, ..all() }, Ok(1)),
        ("another key", Witnesses { keys: wrong_keys, ..all() }, Err("not signed with a key")),
        ("its receipt", Witnesses { keys, receipt: Some(&own), ..all() }, Ok(2)),
        ("a later receipt", Witnesses { keys, receipt: Some(&later), ..all() }, Ok(2)),
        (
            "a receipt of another house",
            Witnesses { keys, receipt: Some(&foreign), ..all() },
            Err("not signed with a key"),
        ),
        ("a receipt without a key", Witnesses { receipt: Some(&own), ..all() }, Err("without the key")),
        ("a head of another house", Witnesses { head: Some([7; 32]), ..all() }, Err("does not go through")),
    ];
    for (name, witnesses, expected) in rows {
        match (file.check(&witnesses), expected) {
            (Ok(checked), Ok(believed)) => assert_eq!(checked.believed.len(), believed, "{name}"),
            (Err(found), Err(why)) => assert!(found.contains(why), "{name}: {found}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    // What was signed before the document came cannot vouch for it.
    let before = Witnesses { keys, receipt: Some(&earlier), ..all() };
    let one_frame = house.store.head_of(1).unwrap() == house.store.head_of(3).unwrap();
    assert_eq!(file.check(&before).is_ok(), one_frame);
    let unsigned = ProofFile { signed_head: None, ..file.clone() };
    assert_eq!(unsigned.check(&Witnesses { keys, ..all() }).unwrap().believed, Vec::<String>::new());
    let exchanged = ProofFile { signed_head: house.prove(3, Until::Own).signed_head, ..file.clone() };
    let same = house.prove(3, Until::Own).proof.head() == file.proof.head();
    assert!(!same && exchanged.check(&Witnesses { keys, ..all() }).unwrap_err().contains("another head"));
    let as_receipt = house.keys.receipt(file.signed_head.as_ref().unwrap()).unwrap_err();
    assert!(as_receipt.contains("another kind"), "{as_receipt}");
}

#[test]
fn a_receipt_comes_out_the_same_each_time_and_no_flipped_byte_of_it_goes_unseen() {
    let house = House::of(5);
    let receipt = house.receipt(2);
    assert_eq!(house.receipt(2), receipt);
    let (again, _) = signer(&house.dir.path().join("certs"));
    let accepted = Accepted { commit: 2, entry: entry(2), head: house.store.head_of(2).unwrap() };
    assert_eq!(again.receipt(&accepted).unwrap(), receipt, "also after a restart");
    let stated = house.keys.receipt(&receipt).unwrap();
    assert_eq!(stated, Statement::of(ISSUER, &accepted));
    assert_eq!((stated.message_id.as_str(), stated.commit), ("doc-2", 2));
    let published = serde_json::to_string(&house.signer.published()).unwrap();
    assert_eq!(Keys::parse(&published).unwrap().receipt(&receipt), Ok(stated));
    for at in 0..receipt.len() {
        let mut flipped = receipt.clone().into_bytes();
        flipped[at] ^= 1;
        let flipped = String::from_utf8_lossy(&flipped).into_owned();
        assert!(house.keys.receipt(&flipped).is_err(), "byte {at}");
    }
}

#[test]
fn only_an_ed25519_key_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key.pem");
    for (text, why) in [
        (rcgen::KeyPair::generate().unwrap().serialize_pem(), "Ed25519"),
        ("nothing here".into(), "Ed25519"),
        (rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().public_key_pem(), "private key"),
    ] {
        std::fs::write(&path, text).unwrap();
        let fault = Signer::read(&path, ISSUER).unwrap_err().to_string();
        assert!(fault.contains(why) && fault.contains("key.pem"), "{fault}");
    }
    assert!(Keys::parse(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem()).is_err());
    assert!(Keys::parse(r#"{"keys":[]}"#).is_err());
}
