//! A real gateway process over the embedded store, and a participant who talks to it over HTTPS.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Certificate, Client, Response};

/// The grid company of the toy world that the tests send as.
pub const GRID_COMPANY: &str = "8100000000030";

/// `gridpost local` over a store of its own; killed when dropped.
pub struct House {
    dir: tempfile::TempDir,
    process: Option<Child>,
    url: String,
}

/// The grid company's side of the door.
#[derive(Clone)]
pub struct Door {
    client: Client,
    url: String,
    token: String,
}

impl House {
    /// Prepares a folder; nothing runs yet.
    pub fn build() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), process: None, url: String::new() }
    }

    /// Starts the process and waits until its door is open.
    pub async fn start(&mut self) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_gridpost"))
            .args(["local", "--port", "0", "--clock", "2023-08-01T09:00:00Z"])
            .arg("--store")
            .arg(self.dir.path().join("store"))
            .arg("--certs")
            .arg(self.certs())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let opened = lines.next().expect("the gateway says where it is").unwrap();
        let url = opened.split_whitespace().find(|word| word.starts_with("https://")).expect("an address");
        self.url = url.trim_end_matches('.').to_string();
        // Whatever else it prints must go somewhere, or it would wait for a reader.
        std::thread::spawn(move || lines.count());
        self.process = Some(process);
        let door = self.door();
        while door.get("/monitor/ready").await.map_or(true, |answer| answer.status() != 200) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: no farewell, no flush.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Ends it gently, so that the store is free again.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        let asked = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().unwrap();
        assert!(asked.success());
        process.wait().unwrap();
    }

    /// Everything in the store is as it was written.
    pub fn verify_store(&self) {
        let verify = Command::new(env!("CARGO_BIN_EXE_gridpost"))
            .args(["store", "verify"])
            .arg(self.dir.path().join("store"))
            .output()
            .unwrap();
        assert!(verify.status.success(), "{}{}", text(&verify.stdout), text(&verify.stderr));
    }

    /// The charges that the grid company has in the store, by id.
    pub fn charges(&self) -> BTreeSet<String> {
        let shown = Command::new(env!("CARGO_BIN_EXE_gridpost"))
            .args(["process", "charges", "--owner", GRID_COMPANY, "--json", "--store"])
            .arg(self.dir.path().join("store"))
            .output()
            .unwrap();
        assert!(shown.status.success(), "{}", text(&shown.stderr));
        let id = |row: &str| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            row["charge_id"].as_str().unwrap().to_string()
        };
        text(&shown.stdout).lines().map(id).collect()
    }

    pub fn door(&self) -> Door {
        let authority = find_authority(&self.certs());
        let client =
            Client::builder().tls_certs_only([Certificate::from_pem(&authority).unwrap()]).no_proxy().build().unwrap();
        let token = std::fs::read_to_string(self.certs().join(format!("{GRID_COMPANY}-DDM.token"))).unwrap();
        Door { client, url: self.url.clone(), token }
    }

    fn certs(&self) -> std::path::PathBuf {
        self.dir.path().join("certs")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Door {
    pub async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await
    }

    pub async fn send(&self, body: String) -> reqwest::Result<Response> {
        let url = format!("{}/v1.0/cim/requestchangeofpricelist", self.url);
        let request = self.client.post(url).bearer_auth(&self.token).header("Content-Type", "application/xml");
        request.body(body).send().await
    }

    pub async fn dequeue(&self, id: &str) -> reqwest::Result<Response> {
        self.client.delete(format!("{}/v1.0/cim/dequeue/{id}", self.url)).bearer_auth(&self.token).send().await
    }

    /// Peeks and dequeues until nothing waits and nothing is left undecided.
    pub async fn drain(&self) -> Vec<String> {
        let mut documents = Vec::new();
        loop {
            let peeked = self.get("/v1.0/cim/masterdata").await.unwrap();
            if peeked.status() == 204 {
                let status = self.get("/monitor/status").await.unwrap().text().await.unwrap();
                if status.contains("\"0 undecided") && self.get("/v1.0/cim/masterdata").await.unwrap().status() == 204 {
                    return documents;
                }
                continue;
            }
            assert_eq!(peeked.status(), 200);
            let id = peeked.headers()["MessageId"].to_str().unwrap().to_string();
            documents.push(peeked.text().await.unwrap());
            assert_eq!(self.dequeue(&id).await.unwrap().status(), 200);
        }
    }
}

fn find_authority(certs: &Path) -> Vec<u8> {
    std::fs::read(certs.join("authority.pem")).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A document (D18) that creates one subscription.
pub fn price_list(message_id: &str, transaction_id: &str, charge_id: &str) -> String {
    format!(
        r#"<RequestChangeOfPriceList_MarketDocument xmlns="urn:ediel.org:structure:requestchangeofpricelist:0:1">
<mRID>{message_id}</mRID><type>D10</type><process.processType>D18</process.processType>
<businessSector.type>23</businessSector.type>
<sender_MarketParticipant.mRID codingScheme="A10">{GRID_COMPANY}</sender_MarketParticipant.mRID>
<sender_MarketParticipant.marketRole.type>DDM</sender_MarketParticipant.marketRole.type>
<receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</receiver_MarketParticipant.mRID>
<receiver_MarketParticipant.marketRole.type>DDZ</receiver_MarketParticipant.marketRole.type>
<createdDateTime>2023-08-01T09:00:00Z</createdDateTime>
<MktActivityRecord><mRID>{transaction_id}</mRID><ChargeGroup><ChargeType>
<chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{GRID_COMPANY}</chargeTypeOwner_MarketParticipant.mRID>
<type>D01</type><mRID>{charge_id}</mRID><name>Grid subscription</name><description>Paid each month</description>
<priceTimeFrame_Period.resolution>P1M</priceTimeFrame_Period.resolution>
<effectiveDate>2023-08-31T22:00:00Z</effectiveDate><VATPayer>D02</VATPayer>
<transparentInvoicing>false</transparentInvoicing><taxIndicator>false</taxIndicator>
</ChargeType></ChargeGroup></MktActivityRecord>
</RequestChangeOfPriceList_MarketDocument>"#
    )
}
