//! What a decision reads and writes, so that each record of a document sees what the records before it did.
//!
//! A book is opened on the facts that are known. Whoever reads what is not known yet gets nothing, and the book notes that
//! it is missing: running a decision on too few facts says what it needs, so nothing has to be named twice.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::account::Account;
use super::entity::{BillingContract, Entity, EntityKey, EntityKind};
use super::events::Happening;
use super::record::{self, Register, StoredEntity, Unreadable};
use super::reply::Answer;
use crate::record::{Change, Facts, Key, KeyRange, Needs};

pub struct Book<'a> {
    facts: &'a Facts,
    /// `None` where a record was deleted.
    written: BTreeMap<Key, Option<Bytes>>,
    /// Of entities under which something was written.
    guards: BTreeSet<Key>,
    /// Whether this takes its turn on the register.
    on_the_register: bool,
    missing: RefCell<Needs>,
    /// Effective changes of accounts, in the order in which they happened.
    pub happened: Vec<(u64, Happening)>,
    /// What senders are told about their records, in that order.
    pub answers: Vec<Answer>,
}

impl<'a> Book<'a> {
    pub fn open(facts: &'a Facts) -> Self {
        let (written, guards, missing) = (BTreeMap::new(), BTreeSet::new(), RefCell::default());
        Self { facts, written, guards, on_the_register: false, missing, happened: Vec::new(), answers: Vec::new() }
    }

    /// The same for what takes its turn on the register.
    pub fn open_on_the_register(facts: &'a Facts) -> Self {
        Self { on_the_register: true, ..Self::open(facts) }
    }

    /// Whether this takes its turn on the register: an account is made.
    pub fn is_on_the_register(&self) -> bool {
        self.on_the_register
    }

    /// What `run` asks for that is not among the facts. What it cannot read is said when it is decided.
    pub fn missing(facts: &'a Facts, run: impl FnOnce(&mut Self) -> Result<(), Unreadable>) -> Needs {
        let mut book = Self::open(facts);
        let _ = run(&mut book);
        book.missing.into_inner()
    }

    /// Whether all of these keys are known; otherwise they are missing.
    pub fn knows(&self, needs: &Needs) -> bool {
        let known = needs.keys().all(|key| self.facts.knows(key));
        if !known {
            self.miss(|missing| missing.and(needs.clone()));
        }
        known
    }

    pub fn facts(&self) -> &'a Facts {
        self.facts
    }

    pub fn get(&self, key: &Key) -> Option<Bytes> {
        if let Some(written) = self.written.get(key) {
            return written.clone();
        }
        if !self.facts.knows(key) {
            self.miss(|missing| missing.key(key.clone()));
            return None;
        }
        self.facts.get(key).map(|entry| entry.value.clone())
    }

    pub fn put(&mut self, key: Key, value: Bytes) {
        self.written.insert(key, Some(value));
    }

    pub fn delete(&mut self, key: Key) {
        self.written.insert(key, None);
    }

    /// Writes a record under an entity: whoever has seen what stands there, and decides on it, decides again.
    pub fn put_under(&mut self, entity: &EntityKey, key: Key, value: Bytes) {
        self.put(key, value);
        self.guard(record::guard_key(entity));
    }

    /// Rewrites a guard: something was written that it guards.
    pub fn guard(&mut self, guard: Key) {
        self.guards.insert(guard);
    }

    /// The first records of a range as they were when the decision began, and whether more follow. Only what takes its turn
    /// on the register may look at one that is not an entity's.
    pub fn first(&self, range: KeyRange, most: usize) -> (Vec<(Key, Bytes)>, bool) {
        self.first_guarded(range, most, record::register_key)
    }

    /// The same of a range that stands under an entity.
    pub fn first_under(&self, entity: &EntityKey, range: KeyRange, most: usize) -> (Vec<(Key, Bytes)>, bool) {
        self.first_guarded(range, most, || record::guard_key(entity))
    }

    fn first_guarded(&self, range: KeyRange, most: usize, guard: impl FnOnce() -> Key) -> (Vec<(Key, Bytes)>, bool) {
        let Some(page) = self.facts.page(&range) else {
            self.miss(|missing| missing.first(range, most, guard()));
            return Default::default();
        };
        let records = page.records.iter().take(most).map(|(key, entry)| (key.clone(), entry.value.clone())).collect();
        (records, page.more || page.records.len() > most)
    }

    /// The first key of a range as it stands now; `guard` is rewritten whenever a record comes into it.
    pub fn first_key(&self, range: &KeyRange, guard: Key) -> Option<Key> {
        if !self.facts.knows_range(range) {
            self.miss(|missing| missing.range(range.clone(), guard));
        }
        let known = self.facts.knows_range(range).then(|| self.facts.range(range)).into_iter().flatten();
        let known = known.map(|(key, _)| key).filter(|key| !self.written.contains_key(key));
        let written = self.written.range(range.from.clone()..range.to.clone());
        let written = written.filter(|(_, value)| value.is_some()).map(|(key, _)| key);
        known.chain(written).min().cloned()
    }

    /// Whether something was written into a range.
    pub fn has_written(&self, range: &KeyRange) -> bool {
        self.written.range(range.from.clone()..range.to.clone()).any(|(_, value)| value.is_some())
    }

    pub fn entity(&self, key: &EntityKey) -> Result<Option<StoredEntity>, Unreadable> {
        let Some(value) = self.get(&record::entity_key(key)) else { return Ok(None) };
        record::read(&value, || key.to_string()).map(Some)
    }

    pub fn contract(&self, number: &str) -> Result<Option<BillingContract>, Unreadable> {
        let found = self.entity(&EntityKey::new(EntityKind::BillingContract, number))?;
        Ok(found.and_then(|found| match found.entity {
            Entity::BillingContract(contract) => Some(contract),
            _ => None,
        }))
    }

    pub fn account(&self, number: u64) -> Result<Option<Account>, Unreadable> {
        let Some(value) = self.get(&record::account_key(number)) else { return Ok(None) };
        record::read(&value, || format!("account {}", super::account::sync_id(number))).map(Some)
    }

    pub fn put_account(&mut self, account: &Account) {
        self.put(record::account_key(account.number), record::write(account));
    }

    /// The account that a billing contract or a prospect belongs to.
    pub fn holder(&self, entity: &EntityKey) -> Option<u64> {
        self.number_at(&record::holder_key(entity))
    }

    /// The account number that stands under a key.
    pub fn number_at(&self, key: &Key) -> Option<u64> {
        self.get(key).and_then(|value| Some(u64::from_be_bytes(*value.first_chunk()?)))
    }

    pub fn put_number(&mut self, key: Key, number: u64) {
        self.put(key, Bytes::copy_from_slice(&number.to_be_bytes()));
    }

    /// The next running number; none is used twice.
    pub fn next_account(&mut self) -> Result<u64, Unreadable> {
        self.on_the_register = true;
        let mut register = self.register()?;
        register.accounts += 1;
        self.put(record::register_key(), record::write(&register));
        Ok(register.accounts)
    }

    /// Does `work`, or none of it when it fails.
    pub fn unless_it_fails<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        let (written, guards) = (self.written.clone(), self.guards.clone());
        let (happened, answers) = (self.happened.len(), self.answers.len());
        let result = work(self);
        if result.is_err() {
            (self.written, self.guards) = (written, guards);
            self.happened.truncate(happened);
            self.answers.truncate(answers);
        }
        result
    }

    /// Everything that is to be written, the register with it if this takes its turn on that; nothing when all is as it was.
    pub fn changes(mut self) -> Result<Vec<Change>, Unreadable> {
        if self.keeps_what_differs() && self.on_the_register {
            // Taken for a new one, it would hand out numbers again.
            assert!(
                self.facts.knows(&record::register_key()),
                "whoever takes its turn on the register has looked at it"
            );
            let mut register = self.register()?;
            register.changes += 1;
            self.put(record::register_key(), record::write(&register));
        }
        Ok(self.into_changes())
    }

    /// Forgets what is to be written as it is already. Returns whether anything is left.
    fn keeps_what_differs(&mut self) -> bool {
        let facts = self.facts;
        let before = |key: &Key| facts.knows(key).then(|| facts.get(key)).flatten().map(|entry| entry.value.clone());
        self.written.retain(|key, value| !facts.knows(key) || before(key) != *value);
        !self.written.is_empty()
    }

    fn into_changes(self) -> Vec<Change> {
        let Self { written, guards, .. } = self;
        // Where nothing is written under an entity, nobody need look again.
        let guards = if written.is_empty() { BTreeSet::new() } else { guards };
        let changes = written.into_iter().map(|(key, value)| match value {
            Some(value) => Change::Put(key, value),
            None => Change::Delete(key),
        });
        changes.chain(guards.into_iter().map(|guard| Change::Put(guard, Bytes::new()))).collect()
    }

    fn register(&self) -> Result<Register, Unreadable> {
        record::register(self.get(&record::register_key()).as_deref())
    }

    fn miss(&self, more: impl FnOnce(Needs) -> Needs) {
        let missing = self.missing.take();
        self.missing.replace(more(missing));
    }
}
