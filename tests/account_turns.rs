//! What a supplier's integrations deliver all at once: documents about unrelated entities do not wait for each other, and
//! whatever comes between whatever, in the end every account shows what it would show had they come one after the other.

mod gated;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Receipt, Settings, parked};
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};

use gridpost::process::installation_accounts::{Account, view};
use gridpost::record::{Batch, Change, KeyRange};
use gridpost::store::{self, Completion, Embedded, Memory, Options, Store};

use gated::{Gate, Gated};

const INTEGRATION: &str = "9900000000015";
const ACCOUNTS: usize = 24;
/// Partners and connection objects that these share.
const SHARED: usize = 4;
const VERSIONS: u64 = 3;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

async fn house(store: Arc<dyn Store>) -> Arc<Gateway> {
    let limits = gridpost::xml::Limits::default();
    let settings = Settings { limits, undecided_max: 10_000, ..Settings::default() };
    let clock = Clock::standing_at(at("2026-03-10T09:07:00Z"));
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    let world = World::parse(include_str!("../samples/installation-accounts/world.toml")).unwrap();
    world.settle_in(&gateway).await.unwrap();
    Arc::new(gateway)
}

/// A document of one record: what is delivered, under which name of a request, with which type code.
#[derive(Debug, Clone)]
struct Delivery {
    request: &'static str,
    type_code: &'static str,
    number: String,
    version: u64,
    record: String,
}

impl Delivery {
    async fn send(&self, house: &Gateway) {
        let Self { request, type_code, number, version, record } = self;
        let (namespace, id) = (request.to_lowercase(), format!("{number}-{version}"));
        let document = format!(
            r#"<{request}_MarketDocument xmlns="urn:gridpost:supplier:{namespace}:1:0">
<mRID>document-{id}</mRID><type>{type_code}</type><process.processType>S01</process.processType>
<businessSector.type>23</businessSector.type>
<sender_MarketParticipant.mRID codingScheme="A10">{INTEGRATION}</sender_MarketParticipant.mRID>
<sender_MarketParticipant.marketRole.type>DDQ</sender_MarketParticipant.marketRole.type>
<receiver_MarketParticipant.mRID codingScheme="A10">9900000000008</receiver_MarketParticipant.mRID>
<receiver_MarketParticipant.marketRole.type>DDQ</receiver_MarketParticipant.marketRole.type>
<createdDateTime>2026-03-10T09:07:00Z</createdDateTime>
<MktActivityRecord><mRID>record-{id}</mRID><version>{version}</version>{record}</MktActivityRecord>
</{request}_MarketDocument>"#
        );
        let known = house.document_for(&namespace).unwrap();
        let caller = Party { number: ActorNumber::new(INTEGRATION), role: ActorRole::EnergySupplier };
        let document = house.read_whole(&caller, known, document.into()).await.unwrap();
        let receipt = house.receive(&caller, document, "c", house.now()).await.unwrap();
        assert!(matches!(receipt, Receipt::Accepted(_)), "{self:?}: {receipt:?}");
    }
}

fn partner(number: usize, version: u64) -> Delivery {
    let record =
        format!("<partnerNumber>P{number}</partnerNumber><kind>company</kind><name>N{number}.{version}</name>");
    let (request, type_code) = ("RequestChangeBusinessPartner", "S02");
    Delivery { request, type_code, number: format!("P{number}"), version, record }
}

fn object(number: usize, version: u64) -> Delivery {
    let record = format!(
        "<connectionObjectNumber>C{number}</connectionObjectNumber>\
         <Address><city>City {number}.{version}</city><country>DE</country></Address>\
         <gridOperator>9900000000039</gridOperator>"
    );
    let (request, type_code) = ("RequestChangeConnectionObject", "S03");
    Delivery { request, type_code, number: format!("C{number}"), version, record }
}

fn installation(number: usize, version: u64) -> Delivery {
    let record = format!(
        "<installationNumber>I{number}</installationNumber>\
         <connectionObjectNumber>C{}</connectionObjectNumber><division>electricity</division>\
         <TimeSlice><validFrom>2026-01-01</validFrom><rateCategory>R{number}.{version}</rateCategory></TimeSlice>",
        number % SHARED
    );
    let (request, type_code) = ("RequestChangeInstallation", "S04");
    Delivery { request, type_code, number: format!("I{number}"), version, record }
}

fn contract_account(number: usize, version: u64) -> Delivery {
    let record = format!(
        "<contractAccountNumber>V{number}</contractAccountNumber><partnerNumber>P{}</partnerNumber>\
         <paymentMethod>Pay {number}.{version}</paymentMethod>",
        number / 2 % SHARED
    );
    let (request, type_code) = ("RequestChangeContractAccount", "S05");
    Delivery { request, type_code, number: format!("V{number}"), version, record }
}

fn contract(number: usize, version: u64) -> Delivery {
    let record = format!(
        "<billingContractNumber>B{number}</billingContractNumber><contractAccountNumber>V{number}</contractAccountNumber>\
         <installationNumber>I{number}</installationNumber><startDate>2026-01-0{version}</startDate>\
         <product>Product {number}.{version}</product>"
    );
    let (request, type_code) = ("RequestChangeBillingContract", "S06");
    Delivery { request, type_code, number: format!("B{number}"), version, record }
}

/// Every version of everything.
fn deliveries() -> Vec<Delivery> {
    let mut all = Vec::new();
    for version in 1..=VERSIONS {
        all.extend((0..SHARED).flat_map(|number| [partner(number, version), object(number, version)]));
        all.extend((0..ACCOUNTS).flat_map(|number| {
            [contract(number, version), installation(number, version), contract_account(number, version)]
        }));
    }
    all
}

fn accounts(house: &Gateway) -> Vec<Account> {
    let range = view::accounts();
    let found = store::records(&**house.store(), &range, 1_000);
    found.map(|record| view::account(&record.unwrap().1).unwrap()).collect()
}

/// What each account shows, by partner and installation.
fn shown(house: &Gateway) -> BTreeMap<String, Vec<(String, String)>> {
    let of = |account: &Account| {
        let values = view::value_rows(account).into_iter().map(|row| (row.name.to_string(), row.value));
        let more = [("status".to_string(), view::account_row(account).status.to_string())];
        (account.account_no().unwrap(), values.chain(more).collect())
    };
    accounts(house).iter().map(of).collect()
}

async fn settled(house: &Gateway) {
    house.settled().await.unwrap();
    assert_eq!(parked::parked(&**house.store()).unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_at_once_ends_as_if_it_had_come_one_after_the_other() {
    let model = house(Arc::new(Memory::default())).await;
    for delivery in deliveries() {
        delivery.send(&model).await;
        settled(&model).await;
    }
    model.pass_time(at("2026-03-11T09:00:00Z")).await.unwrap();
    let expected = shown(&model);
    assert_eq!(expected.len(), ACCOUNTS);
    assert!(expected["P0-I0"].contains(&("address".to_string(), format!("City 0.{VERSIONS}, DE"))), "{expected:?}");

    let dir = tempfile::tempdir().unwrap();
    let embedded = || Arc::new(Embedded::open(dir.path(), Options::default()).unwrap());
    for (round, store) in [Arc::new(Memory::default()) as Arc<dyn Store>, embedded()].into_iter().enumerate() {
        let house = house(store).await;
        let mut all = deliveries();
        // Another order each time; versions overtake each other.
        all.sort_by_key(|it| *blake3::hash(format!("{round} {} {}", it.number, it.version).as_bytes()).as_bytes());
        let sending: Vec<_> = all
            .into_iter()
            .map(|delivery| {
                let house = Arc::clone(&house);
                tokio::spawn(async move { delivery.send(&house).await })
            })
            .collect();
        for sent in sending {
            sent.await.unwrap();
        }
        settled(&house).await;
        let waiting = house.store().page(&view::waiting(), None, 1).unwrap();
        assert!(waiting.records.is_empty(), "everything that a contract waits for is there");
        let mut numbers: Vec<u64> = accounts(&house).iter().map(|account| account.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=ACCOUNTS as u64).collect::<Vec<_>>(), "sync ids run on without a gap");
        house.pass_time(at("2026-03-11T09:00:00Z")).await.unwrap();
        settled(&house).await;
        assert_eq!(shown(&house), expected, "round {round}");
        let marked = house.store().page(&view::marked(), None, 1).unwrap();
        assert!(marked.records.is_empty() && accounts(&house).iter().all(|account| account.mark.is_none()));
    }
}

/// Keeps decisions back while it is told to: what of them is there at once has not waited for another.
#[derive(Default)]
struct Held {
    /// The decisions that are kept back; `None` while none is.
    back: Mutex<Option<Vec<(Batch, Completion)>>>,
}

impl Held {
    fn hold(&self) {
        *self.back.lock().unwrap() = Some(Vec::new());
    }

    fn count(&self) -> usize {
        self.back.lock().unwrap().as_ref().map_or(0, Vec::len)
    }

    /// Whether the decision about this entity is among those that are kept back.
    fn knows(&self, number: &str) -> bool {
        let names = |change: &Change| change.key().as_bytes().windows(number.len()).any(|it| it == number.as_bytes());
        let back = self.back.lock().unwrap();
        back.iter().flatten().any(|(batch, _)| batch.changes.iter().any(names))
    }

    fn release(&self, store: &Memory) {
        let back = self.back.lock().unwrap().take();
        back.into_iter().flatten().for_each(|(batch, done)| store.submit(batch, done));
    }
}

impl Gate for Held {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion) {
        // A decision takes its document out of the inbox.
        let decides = |change: &Change| matches!(change, Change::Delete(key) if INBOX.contains(key));
        let mut back = self.back.lock().unwrap();
        match &mut *back {
            Some(back) if batch.changes.iter().any(decides) => back.push((batch, done)),
            _ => {
                drop(back);
                store.submit(batch, done);
            }
        }
    }
}

static INBOX: std::sync::LazyLock<KeyRange> = std::sync::LazyLock::new(gridpost::archive::inbox_range);

/// How many of these documents are decided while nothing of what was decided is on disk yet, where `known` was delivered before.
async fn decided_at_once(known: &[Delivery], documents: &[Delivery]) -> usize {
    let store = Arc::new(Gated::<Held>::default());
    let house = house(store.clone()).await;
    for delivery in known {
        delivery.send(&house).await;
    }
    settled(&house).await;
    store.gate.hold();
    for document in documents {
        document.send(&house).await;
    }
    // The last one is about nothing that the others are about: when it is decided, they have had their chance.
    partner(99, 1).send(&house).await;
    for _ in 0..6_000 {
        if store.gate.knows("P99") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let count = store.gate.count() - 1;
    store.gate.release(&store.store);
    settled(&house).await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_about_unrelated_entities_do_not_wait_for_each_other() {
    let unrelated = [partner(1, 1), partner(2, 1), object(1, 1), installation(1, 1), contract_account(1, 1)];
    assert_eq!(decided_at_once(&[], &unrelated).await, 5);
    assert_eq!(decided_at_once(&[], &[contract(1, 1), partner(1, 1), object(1, 1)]).await, 3, "what a contract awaits");
    assert_eq!(decided_at_once(&[], &[partner(1, 1), partner(1, 2), partner(1, 3)]).await, 1, "one entity");
    assert_eq!(
        decided_at_once(&[], &[installation(1, 1), contract(1, 1)]).await,
        1,
        "a contract names its installation"
    );
    assert_eq!(decided_at_once(&[], &[contract(1, 1), contract(2, 1)]).await, 2, "contracts that wait");

    let ground =
        |number| [partner(number / 2, 1), object(number, 1), installation(number, 1), contract_account(number, 1)];
    let known = [ground(1), ground(2)].concat();
    assert_eq!(decided_at_once(&known, &[contract(1, 1), contract(2, 1)]).await, 1, "sync ids run on");
    let known = [known, vec![contract(1, 1), contract(2, 1)]].concat();
    assert_eq!(
        decided_at_once(&known, &[contract(1, 2), contract(2, 2)]).await,
        2,
        "contracts that have their accounts"
    );
}
