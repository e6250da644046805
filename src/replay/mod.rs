//! Replay: the same road with files standing where the network was.
//!
//! Documents are fed in name order as the parties that they name as their senders, then the clock moves on, then every
//! queue is peeked and dequeued until it is empty. A conversation may move the clock and fetch its post in between. The same files in a fresh store always give the same bytes.

mod files;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub use files::{Run, Step, runs};
pub use report::{FileLine, Line, OrderLine, OutgoingLine, ParkedLine};

use crate::document::Wire;
use crate::gateway::orders::{self, CalledOff, OrderTable, Ordered, Refusal, order_row};
use crate::gateway::parked;
use crate::gateway::world::World;
use crate::gateway::{Access, Clock, Gateway, Peeked, Receipt};
use crate::market::{Party, Timestamp};

/// How to replay.
pub struct Plan<'a> {
    /// Opens a gateway with this clock: over a fresh store for each run, or over one that was there before.
    pub open: &'a dyn Fn(Clock) -> Result<Gateway>,
    /// What exists before the first document.
    pub world: World,
    /// What the clock shows throughout; without it the clock follows the documents' own `createdDateTime`.
    pub clock: Option<Timestamp>,
    /// Where the clock is moved once every document was fed.
    pub until: Option<Timestamp>,
    /// Where to write what is sent.
    pub out: Option<PathBuf>,
}

/// What a replay came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub files: usize,
    pub refused: usize,
    pub outgoing: usize,
    pub parked: usize,
}

/// Replays one run, telling `tell` about each file and each outgoing document as it goes.
pub async fn replay(plan: &Plan<'_>, run: &Run, tell: &mut dyn FnMut(Line) -> Result<()>) -> Result<Tally> {
    let gateway = (plan.open)(Clock::standing_at(plan.clock.unwrap_or(Timestamp::from_seconds(0))))?;
    let before: Vec<_> = parked::parked(&**gateway.store())?.into_iter().map(|it| it.key).collect();
    plan.world.settle_in(&gateway).await.context("settle the world")?;
    let mut tally = Tally::default();
    let folder = plan.out.as_deref().map(|out| out.join(&run.name));
    let (mut number, mut ordered) = (0, None);
    for path in &run.files {
        let body = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        match Step::of(path) {
            Some(Step::Clock) => {
                let to = instant(&body).with_context(|| format!("{} holds no instant", path.display()))?;
                gateway.pass_time(to).await.with_context(|| format!("move the clock as {} says", path.display()))?;
                continue;
            }
            Some(Step::Fetch) => {
                let text = String::from_utf8_lossy(&body);
                let (forms, numbers): (Vec<&str>, Vec<&str>) =
                    text.split_whitespace().partition(|word| Wire::from_name(word).is_some());
                let form = forms.first().and_then(|name| Wire::from_name(name)).unwrap_or(Wire::CimXml);
                let fetches = |owner: &Party| numbers.is_empty() || numbers.contains(&owner.number.as_str());
                fetch(&gateway, folder.as_deref(), (&fetches, form), &mut tally.outgoing, tell).await?;
                continue;
            }
            Some(Step::Order) => {
                let line =
                    order(&gateway, path, &body).await.with_context(|| format!("do as {} says", path.display()))?;
                ordered = line.order.as_ref().and_then(|row| row["id"].as_str()).map(str::to_string).or(ordered);
                tell(Line::Order(line))?;
                continue;
            }
            Some(Step::CallOff) => {
                let id = ordered.as_deref().with_context(|| format!("{}: nothing was ordered", path.display()))?;
                let line =
                    call_off(&gateway, path, id).await.with_context(|| format!("do as {} says", path.display()))?;
                tell(Line::Order(line))?;
                continue;
            }
            None => number += 1,
        }
        if plan.clock.is_none() {
            follow_the_documents(&gateway, &body).await?;
        }
        let receipt = gateway
            .receive_from_its_sender(body.into(), &format!("replay-{number:06}"))
            .await
            .with_context(|| format!("take in {}", path.display()))?;
        let settled = gateway.settled().await;
        if let Err(trouble) = settled {
            bail!("{} is {trouble}", path.display());
        }
        tally.files += 1;
        tally.refused += usize::from(matches!(receipt, Receipt::Refused { .. }));
        tell(Line::File(FileLine::new(path, &receipt)))?;
    }
    if let Some(until) = plan.until {
        gateway.pass_time(until).await.context("move the clock to --until")?;
    }
    fetch(&gateway, folder.as_deref(), (&|_| true, Wire::CimXml), &mut tally.outgoing, tell).await?;
    for parked in parked::parked(&**gateway.store())?.iter().filter(|it| !before.contains(&it.key)) {
        tally.parked += 1;
        tell(Line::Parked(ParkedLine::new(parked)))?;
    }
    gateway.write_down_the_clock().await?;
    Ok(tally)
}

/// Moves a clock that nobody set to the document's own time, never backwards.
async fn follow_the_documents(gateway: &Gateway, body: &[u8]) -> Result<()> {
    if let Some(created) = gateway.summary(body).and_then(|summary| Timestamp::parse_date_time(&summary.header.created))
        && created > gateway.now()
    {
        gateway.pass_time(created).await?;
    }
    Ok(())
}

/// Gives an order, and waits until all of it is done.
async fn order(gateway: &Gateway, path: &Path, text: &[u8]) -> Result<OrderLine> {
    let table: OrderTable = toml::from_str(std::str::from_utf8(text)?)?;
    match gateway.order(&table.order()?).await? {
        Ordered::Given(given) => carried_out(gateway, path, &given.id).await,
        Ordered::GivenBefore => bail!("it was ordered at this moment before"),
        Ordered::Refused(refused) => Ok(refusal(path, &refused)),
    }
}

/// Calls an order off, and waits until all of it is taken back.
async fn call_off(gateway: &Gateway, path: &Path, id: &str) -> Result<OrderLine> {
    match gateway.call_off(id).await? {
        CalledOff::Off(_) | CalledOff::Before(_) => carried_out(gateway, path, id).await,
        CalledOff::Refused(refused) => Ok(refusal(path, &[refused])),
        CalledOff::Unknown => bail!("there is no order {id}"),
    }
}

/// What has become of an order, once all that was to be done about it is.
async fn carried_out(gateway: &Gateway, path: &Path, id: &str) -> Result<OrderLine> {
    if let Err(trouble) = gateway.settled().await {
        bail!("the order is {trouble}");
    }
    let mut points = Vec::new();
    let found = orders::order(&**gateway.store(), id, &mut |row| points.push(row))?;
    let (given, tally) = found.context("find the order again")?;
    let file = path.display().to_string();
    Ok(OrderLine { file, order: Some(order_row(&given, &tally)), refused: Vec::new(), points })
}

fn refusal(path: &Path, refused: &[Refusal]) -> OrderLine {
    let file = path.display().to_string();
    OrderLine { file, order: None, refused: orders::refusal_rows(refused), points: Vec::new() }
}

fn instant(text: &[u8]) -> Option<Timestamp> {
    Timestamp::parse_date_time(std::str::from_utf8(text).ok()?.trim())
}

/// Peeks and dequeues every queue, owner by owner, until all are empty; writes each document into `folder`, if there is
/// one. Returns how many there were.
pub async fn drain(
    gateway: &Gateway,
    folder: Option<&Path>,
    tell: &mut dyn FnMut(Line) -> Result<()>,
) -> Result<usize> {
    let mut count = 0;
    fetch(gateway, folder, (&|_| true, Wire::CimXml), &mut count, tell).await?;
    Ok(count)
}

/// The same for those who fetch, and in the form in which they do, counting on from `count`: what is sent because something was
/// dequeued is fetched as well.
async fn fetch(
    gateway: &Gateway,
    folder: Option<&Path>,
    (fetches, form): (&dyn Fn(&Party) -> bool, Wire),
    count: &mut usize,
    tell: &mut dyn FnMut(Line) -> Result<()>,
) -> Result<()> {
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
    }
    loop {
        let before = *count;
        for owner in gateway.owners_of_post()?.into_iter().filter(fetches) {
            while let Some(peeked) = gateway.peek(Access { form, ..(&owner).into() }, None, gateway.now()).await? {
                *count += 1;
                let path = match folder {
                    Some(folder) => Some(write_document(folder, &owner, *count, &peeked)?),
                    None => None,
                };
                let summary = gateway.summary(&peeked.body).context("read a document of our own")?;
                tell(Line::Outgoing(OutgoingLine::new(&owner, &peeked, &summary, path.as_deref())))?;
                gateway.dequeue(&owner, &peeked.message_id, gateway.now()).await?;
                if let Err(trouble) = gateway.settled().await {
                    bail!("what follows from document {} is {trouble}", peeked.message_id);
                }
            }
        }
        if *count == before {
            return Ok(());
        }
    }
}

fn write_document(folder: &Path, owner: &Party, count: usize, peeked: &Peeked) -> Result<PathBuf> {
    let document = &peeked.document;
    let extension = if peeked.form == Wire::CimJson { "json" } else { "xml" };
    let number: String =
        owner.number.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let path = folder.join(format!("{count:03}-{number}-{}-{document}.{extension}", owner.role.code()));
    std::fs::write(&path, &peeked.body).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}
