//! What is known about a charge, and how an operation changes it. Dates decide; no rule is asked here.
//!
//! The timeline holds only where each period starts: periods are contiguous, so each ends where the next one starts,
//! and the last one on the charge's stop date. Cutting the timeline at an instant is then dropping what starts later,
//! and no gap and no overlap can be written down. Source: charges 4.1 and 5.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::record;
use crate::market::{ActorNumber, Calendar, ChargeType, Period, Price, Resolution, Timestamp, VatClass};
use crate::record::{Change, Facts, Needs};

/// What makes a charge the one it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargeIdentity {
    pub owner: ActorNumber,
    pub charge_type: ChargeType,
    /// Given by the owner, up to 10 characters.
    pub id: String,
}

/// What is true of a charge all its life, and where its life begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Every accepted operation adds one; the charge's record guards its periods and prices.
    pub changes: u64,
    pub tax_indicator: bool,
    pub resolution: Resolution,
    pub start: Timestamp,
    /// [`Timestamp::OPEN_END`] unless the charge is stopped.
    pub stop: Timestamp,
}

impl Charge {
    pub fn life(&self) -> Period {
        Period::new(self.start, self.stop)
    }

    pub fn is_stopped(&self) -> bool {
        !self.stop.is_open_end()
    }
}

/// What may differ from one period of a charge to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterData {
    pub name: String,
    pub description: String,
    pub vat_class: VatClass,
    pub transparent_invoicing: bool,
}

/// A price and when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricePoint {
    pub period: Period,
    pub price: Price,
}

/// Which part of a charge an operation may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Periods that start at or after this.
    pub periods_from: Option<Timestamp>,
    /// Prices that apply at or after this.
    pub prices_from: Option<Timestamp>,
    /// Price blocks, by the instant where they end, in seconds.
    pub blocks: BTreeSet<i64>,
}

impl Reach {
    pub fn from(&mut self, start: Timestamp) {
        self.periods_from = Some(self.periods_from.map_or(start, |from| from.min(start)));
    }

    pub fn prices_from(&mut self, stop: Timestamp) {
        self.prices_from = Some(self.prices_from.map_or(stop, |from| from.min(stop)));
    }

    /// The blocks that hold a point of `interval`, or the point that applies when it begins.
    pub fn prices_in(&mut self, resolution: Resolution, interval: Period) {
        let span = usize::try_from(record::block_seconds(resolution)).expect("a block has a length");
        self.blocks.extend(blocks_around(resolution, interval).step_by(span));
    }
}

/// The part of a charge that a command touches, as it was and as the command leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeState {
    pub identity: ChargeIdentity,
    charge: Option<Charge>,
    periods: Part<Timestamp, MasterData>,
    blocks: Part<i64, Vec<PricePoint>>,
}

/// Records as they were loaded, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part<K, V> {
    now: BTreeMap<K, V>,
    /// What was there under every key that may have changed; `None` where there was nothing.
    before: BTreeMap<K, Option<V>>,
}

impl<K: Ord + Copy, V: Clone + PartialEq> Part<K, V> {
    fn new(now: BTreeMap<K, V>) -> Self {
        Self { now, before: BTreeMap::new() }
    }

    fn touch(&mut self, key: K) {
        self.before.entry(key).or_insert_with(|| self.now.get(&key).cloned());
    }

    fn put(&mut self, key: K, value: V) {
        self.touch(key);
        self.now.insert(key, value);
    }

    fn remove(&mut self, key: K) {
        self.touch(key);
        self.now.remove(&key);
    }

    /// What must be written (`Some`) or deleted (`None`).
    fn changed(&self) -> impl Iterator<Item = (K, Option<&V>)> {
        let changed = self.before.iter().filter(|(key, before)| self.now.get(key) != before.as_ref());
        changed.map(|(key, _)| (*key, self.now.get(key)))
    }
}

pub fn needs(identity: &ChargeIdentity, reach: &Reach) -> Needs {
    let owner = record::charge_key(identity);
    let mut needs = Needs::default().key(owner.clone());
    if let Some(from) = reach.periods_from {
        needs = needs.range(record::periods_from(identity, from), owner.clone());
    }
    if let Some(from) = reach.prices_from {
        needs = needs.range(record::blocks_from(identity, from), owner);
    }
    reach.blocks.iter().fold(needs, |needs, block| needs.key(record::block_key(identity, *block)))
}

impl ChargeState {
    /// Needs: [`needs`] of the same identity and reach.
    pub fn load(facts: &Facts, identity: ChargeIdentity, reach: &Reach) -> Self {
        let charge = facts.get(&record::charge_key(&identity)).map(|entry| record::read_charge(&entry.value));
        let mut periods = BTreeMap::new();
        if let Some(from) = reach.periods_from {
            for (key, entry) in facts.range(&record::periods_from(&identity, from)) {
                periods.insert(record::read_period_start(key), record::read_master_data(&entry.value));
            }
        }
        let mut blocks = BTreeMap::new();
        if let Some(from) = reach.prices_from {
            for (key, entry) in facts.range(&record::blocks_from(&identity, from)) {
                blocks.insert(record::read_block_end(key), record::read_block(&entry.value));
            }
        }
        for block in &reach.blocks {
            if let Some(entry) = facts.get(&record::block_key(&identity, *block)) {
                blocks.insert(*block, record::read_block(&entry.value));
            }
        }
        Self { identity, charge, periods: Part::new(periods), blocks: Part::new(blocks) }
    }

    /// A charge that nobody knows yet.
    pub fn unknown(identity: ChargeIdentity) -> Self {
        Self { identity, charge: None, periods: Part::new(BTreeMap::new()), blocks: Part::new(BTreeMap::new()) }
    }

    pub fn charge(&self) -> Option<&Charge> {
        self.charge.as_ref()
    }

    /// The periods that were loaded, as they are now: all of them, if the reach was the whole life.
    pub fn timeline(&self) -> Vec<(Period, MasterData)> {
        let stop = self.charge.as_ref().map_or(Timestamp::OPEN_END, |charge| charge.stop);
        let ends = self.periods.now.keys().skip(1).copied().chain([stop]);
        self.periods.now.iter().zip(ends).map(|((start, data), end)| (Period::new(*start, end), data.clone())).collect()
    }

    /// The prices that were loaded, as they are now.
    pub fn prices(&self) -> impl Iterator<Item = &PricePoint> {
        self.blocks.now.values().flatten()
    }

    pub fn create(&mut self, start: Timestamp, tax_indicator: bool, resolution: Resolution, data: MasterData) {
        assert!(self.charge.is_none(), "a charge is created once");
        self.charge = Some(Charge { changes: 1, tax_indicator, resolution, start, stop: Timestamp::OPEN_END });
        self.periods.put(start, data);
    }

    /// From `start` on `data` is what counts, up to the stop date if there is one.
    pub fn update(&mut self, start: Timestamp, data: MasterData) {
        let charge = self.known();
        assert!(start <= charge.stop, "an update never leaves a gap");
        charge.start = charge.start.min(start);
        self.drop_periods_from(start);
        self.periods.put(start, data);
    }

    /// The charge goes on with `data` where it was to stop. A period of no length gives way.
    pub fn cancel_stop(&mut self, data: MasterData) {
        let charge = self.known();
        let start = std::mem::replace(&mut charge.stop, Timestamp::OPEN_END);
        self.periods.put(start, data);
    }

    /// Nothing of the charge is valid from `stop` on, and no price either.
    ///
    /// The charge may stop when it starts: it was then never valid, and one period of no length says that it is known.
    pub fn stop(&mut self, stop: Timestamp) {
        let charge = self.known();
        assert!(charge.start <= stop && stop <= charge.stop, "a stop lies within the charge's life");
        charge.stop = stop;
        let first = charge.start;
        let last_that_stays = stop.max(Timestamp::from_micros(first.micros() + 1));
        self.drop_periods_from(last_that_stays);
        self.clear_prices(Period::from(stop));
    }

    /// Within `interval` only `points` apply; outside it nothing changes, but that the price before it ends with it.
    pub fn replace_prices(&mut self, interval: Period, points: &[PricePoint]) {
        let resolution = self.known().resolution;
        self.clear_prices(interval);
        for run in points.chunk_by(|a, b| block_of(resolution, a) == block_of(resolution, b)) {
            let key = block_of(resolution, &run[0]);
            let mut block = self.blocks.now.get(&key).cloned().unwrap_or_default();
            let at = block.partition_point(|point| point.period.start < run[0].period.start);
            block.splice(at..at, run.iter().copied());
            self.blocks.put(key, block);
        }
    }

    /// Everything that must be written for what was done here.
    pub fn changes(&self) -> Vec<Change> {
        let identity = &self.identity;
        let mut changes = Vec::new();
        if let Some(charge) = &self.charge {
            changes.push(Change::Put(record::charge_key(identity), record::write_charge(charge)));
        }
        for (start, data) in self.periods.changed() {
            let key = record::period_key(identity, start);
            changes.push(match data {
                Some(data) => Change::Put(key, record::write_master_data(data)),
                None => Change::Delete(key),
            });
        }
        for (end, points) in self.blocks.changed() {
            let key = record::block_key(identity, end);
            changes.push(match points {
                Some(points) => Change::Put(key, record::write_block(points)),
                None => Change::Delete(key),
            });
        }
        changes
    }

    /// The charge's record, about to be changed.
    fn known(&mut self) -> &mut Charge {
        let charge = self.charge.as_mut().expect("only a charge that exists is changed");
        charge.changes += 1;
        charge
    }

    fn drop_periods_from(&mut self, start: Timestamp) {
        let dropped: Vec<Timestamp> = self.periods.now.range(start..).map(|(start, _)| *start).collect();
        dropped.into_iter().for_each(|start| self.periods.remove(start));
    }

    /// Removes every point that begins in `gone`; the one before them ends where they began.
    fn clear_prices(&mut self, gone: Period) {
        let resolution = self.charge.as_ref().expect("only a charge that exists has prices").resolution;
        let keys: Vec<i64> = self.blocks.now.range(blocks_around(resolution, gone)).map(|(key, _)| *key).collect();
        for key in keys {
            let before = &self.blocks.now[&key];
            let mut after: Vec<PricePoint> =
                before.iter().filter(|it| !gone.contains(it.period.start)).copied().collect();
            for point in after.iter_mut().filter(|point| point.period.start < gone.start) {
                point.period.end = point.period.end.min(gone.start);
            }
            if after.is_empty() {
                self.blocks.remove(key);
            } else if &after != before {
                self.blocks.put(key, after);
            }
        }
    }
}

/// The ends of the blocks that hold a point of `interval`, or the point that applies when it begins.
fn blocks_around(resolution: Resolution, interval: Period) -> RangeInclusive<i64> {
    let first = record::block_end(resolution, interval.start.seconds() - resolution.unit_seconds_max());
    first..=record::block_end(resolution, interval.end.seconds() - 1)
}

/// The points of a series over `interval`: each lasts until the next position begins or the interval ends.
pub fn points(calendar: Calendar, resolution: Resolution, interval: Period, prices: &[Price]) -> Vec<PricePoint> {
    let starts = calendar.point_starts(resolution, interval.start, prices.len() + 1);
    let ends = starts.iter().skip(1).map(|end| (*end).min(interval.end));
    let periods = starts.iter().zip(ends).map(|(start, end)| Period::new(*start, end));
    periods.zip(prices).map(|(period, price)| PricePoint { period, price: *price }).collect()
}

fn block_of(resolution: Resolution, point: &PricePoint) -> i64 {
    record::block_end(resolution, point.period.start.seconds())
}
