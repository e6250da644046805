//! Is everything as it was written? And if sled is not: make it anew.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Options;
use super::directory::{self, Directory};
use super::recover::{self, Counter, Recovered};
use super::segment;
use super::state::{self, Flat, State};
use super::walk::{Frame, Step, Walk};
use super::window::Window;
use crate::record::Key;
use crate::store::{Fault, let_go_key, let_go_range};

/// How far a long piece of work has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub doing: &'static str,
    /// Bytes of the journal that are done, of all.
    pub bytes: u64,
    pub bytes_all: u64,
}

/// What [`verify`] or [`rebuild`] went through, and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub frames: u64,
    pub commits: u64,
    /// Records that the state holds now.
    pub records: u64,
    /// Bodies that can be read now.
    pub bodies: u64,
    /// Bodies that were let go and erased. No problem.
    pub erased: u64,
    /// What was never finished and never acknowledged; the next start cuts it. No problem.
    pub torn: Option<Problem>,
    /// There is a journal and no sled; the next start makes it anew. No problem.
    pub sled_missing: bool,
    /// At most [`PROBLEMS_MAX`], in the order in which they were found.
    pub problems: Vec<Problem>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub offset: u64,
    pub found: String,
    pub advice: &'static str,
}

/// More problems than this say nothing new.
pub const PROBLEMS_MAX: usize = 100;

/// Whoever reads this has run `store verify` already.
const ADVICE: &str = "a journal is not repaired by guessing: put this file back from a backup";

const REBUILD: &str = "run `gridpost store rebuild`";

/// Reads the whole journal and every body in it, and compares sled with what follows from the journal. Changes
/// nothing. The store must not be open.
///
/// Where a part of the journal is damaged the rest is still read, but sled can no longer be compared.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, Fault> {
    let directory = Directory::open_existing(dir)?;
    let cache_bytes = Options::default().cache_bytes;
    let mut report = Report::default();
    let segments = segment::list(&directory.journal())?;
    let sled = open_sled(&directory, cache_bytes, &mut report);
    if segments.is_empty() {
        if sled.is_some() {
            report.add(directory.journal(), 0, "sled without any journal".into(), ADVICE);
        }
        return Ok(report);
    }

    report.sled_missing = !directory.sled().exists();
    let scratch = directory.new_sled();
    directory::remove_folder(&scratch).map_err(Fault::io("remove", &scratch))?;
    let replayed = State::open(&scratch, cache_bytes)?;
    let mut counter = Counter::new(&directory.journal(), &segments, "verify the journal");
    let known = sled.as_ref().map_or(0, |(_, frame)| *frame);
    let mut walk = match Walk::from_start(&directory.journal(), segments) {
        Ok(walk) => walk,
        Err(fault) => return report.with(fault),
    };
    let mut whole = true;
    let mut window = Window::default();
    let mut differences = Differences::new();
    let mut gone = Vec::new();
    // What is said behind damage of bodies that were let go; what comes before it is replayed.
    let mut let_go_behind = HashSet::new();
    loop {
        match walk.step(false) {
            Ok(Step::Frame(frame)) => {
                check_bodies(&walk, &frame, known, &mut report, &mut gone);
                report.frames += 1;
                report.commits += u64::from(frame.header.commits);
                let flat = Flat::of(&frame);
                if !whole {
                    let_go_behind.extend(flat.writes.into_iter().map(|(key, _)| key).filter(|key| is_let_go(key)));
                } else {
                    explain(&mut differences, &flat);
                    recover::take_in(&mut window, flat, &replayed)?;
                }
                if let Some((sled, _)) = sled.as_ref().filter(|_| whole && frame.header.number == known) {
                    replayed.apply(&std::mem::take(&mut window))?;
                    differences = compare(sled, &replayed)?;
                }
                progress(counter.after(frame.header.frame_bytes()));
            }
            Ok(Step::Torn { file, offset, found }) if walk.place().frame > known => {
                report.torn = Some(Problem { file, offset, found, advice: "the next start cuts it" });
                break;
            }
            Ok(Step::Torn { file, offset, found }) => {
                report.add(file, offset, found, ADVICE);
                break;
            }
            Ok(Step::End) => break,
            Err(fault) => {
                report = report.with(fault)?;
                whole = false;
                if !walk.step_over_damage()? {
                    break;
                }
            }
        }
    }
    replayed.apply(&window)?;
    for (key, (found, _)) in differences {
        report.add(directory.sled(), 0, format!("{} {found}", State::describe(&key)), REBUILD);
    }
    if whole && walk.place().frame <= known {
        let found = format!("sled knows frame {known}, the journal ends before it");
        report.add(directory.sled(), 0, found, recover::JOURNAL_LOST);
    }
    for Gone { body, file, offset } in gone {
        let key = state::record_key(let_go_key(&Key::from_bytes(body.into())).as_bytes());
        // Sled knows what was said in the damaged part.
        let is_in_sled = || sled.as_ref().is_some_and(|(sled, _)| sled.read(&key).is_ok_and(|record| record.is_some()));
        let was_let_go = replayed.read(&key)?.is_some() || let_go_behind.contains(&key[..]) || is_in_sled();
        match was_let_go {
            true => report.erased += 1,
            false => report.add(file, offset, "a body is gone, and nobody let it go".into(), ADVICE),
        }
    }
    (report.records, report.bodies) = replayed.count()?;
    // Behind damage bodies are looked at that the replayed state does not have.
    report.bodies = report.bodies.saturating_sub(report.erased);
    drop(replayed);
    directory::remove_folder(&scratch).map_err(Fault::io("remove", &scratch))?;
    Ok(report)
}

/// Throws sled away and makes it anew from the journal. The store must not be open. Where the journal is damaged the
/// old sled stays as it is.
pub fn rebuild(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, Fault> {
    let directory = Directory::open_existing(dir)?;
    let options = Options::default();
    let segments = segment::list(&directory.journal())?;
    directory.begin_running()?;
    if segments.is_empty() {
        let sled = directory.sled();
        directory::remove_folder(&sled).map_err(Fault::io("remove", &sled))?;
    } else {
        recover::remake(&directory, &options, segments, progress)?;
    }
    let Recovered { state, .. } = recover::recover(&directory, &options)?;
    state.checkpoint()?;
    let mark = state.mark()?;
    let (records, bodies) = state.count()?;
    directory.end_running()?;
    let (frames, commits) = mark.map_or((0, 0), |mark| (mark.frame, mark.next_commit - 1));
    Ok(Report { frames, commits, records, bodies, ..Report::default() })
}

impl Report {
    fn add(&mut self, file: PathBuf, offset: u64, found: String, advice: &'static str) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { file, offset, found, advice });
        }
    }

    /// Damage is something to report; any other fault ends the work.
    fn with(mut self, fault: Fault) -> Result<Self, Fault> {
        match fault {
            Fault::Corrupt { file, offset, found, advice } => {
                let advice = if advice == segment::ADVICE { ADVICE } else { advice };
                self.add(file, offset, found, advice);
                Ok(self)
            }
            other => Err(other),
        }
    }
}

/// Sled with the last frame that it knows; a missing one is none, one that does not open is a problem.
fn open_sled(directory: &Directory, cache_bytes: u64, report: &mut Report) -> Option<(State, u64)> {
    let dir = directory.sled();
    if !dir.exists() {
        return None;
    }
    let opened = State::open(&dir, cache_bytes).and_then(|state| {
        let frame = state.mark()?.map_or(0, |mark| mark.frame);
        Ok((state, frame))
    });
    opened.map_err(|fault| report.add(dir, 0, format!("sled cannot be opened ({fault:?})"), REBUILD)).ok()
}

/// Whether a key of sled's is that of a record which says that a body was let go.
fn is_let_go(key: &[u8]) -> bool {
    let range = let_go_range();
    let (from, to) = (state::record_key(range.from.as_bytes()), state::record_key(range.to.as_bytes()));
    (&from[..]..&to[..]).contains(&key)
}

/// A body where there are only zeros: was it let go?
struct Gone {
    body: Bytes,
    file: PathBuf,
    offset: u64,
}

fn check_bodies(walk: &Walk, frame: &Frame, known: u64, report: &mut Report, gone: &mut Vec<Gone>) {
    let lines = frame.commits.iter().flat_map(|commit| &commit.bodies);
    for (place, line) in frame.locations().iter().flatten().zip(lines) {
        let Err(found) = walk.check_body(place) else { continue };
        if !walk.may_be_torn() && walk.is_erased(place) {
            gone.push(Gone { body: line.key.clone(), file: walk.path(), offset: place.offset });
        } else if walk.is_at_end() && frame.header.number > known {
            let (file, offset) = (walk.path(), frame.offset);
            report.torn = Some(Problem { file, offset, found, advice: "the next start cuts it" });
        } else {
            report.add(walk.path(), place.offset, format!("{found} in frame {}", frame.header.number), ADVICE);
        }
    }
}

/// Where sled is not as it should be: what is wrong, and what it holds.
type Differences = BTreeMap<Bytes, (&'static str, Option<Bytes>)>;

/// More differences than this are not remembered. It is more than one window of frames can hold, and a crash leaves
/// sled with a part of one at most.
const DIFFERENCES_MAX: usize = 1 << 20;

/// Goes through both in key order; they should be the same in every byte.
fn compare(sled: &State, replayed: &State) -> Result<Differences, Fault> {
    let mut differences = Differences::new();
    let (mut ours, mut theirs) = (sled.everything()?, replayed.everything()?);
    let (mut left, mut right) = (ours.next().transpose()?, theirs.next().transpose()?);
    while differences.len() < DIFFERENCES_MAX {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((left, _)), Some((right, _))) => left.cmp(right),
        };
        match (order, &left, &right) {
            (Ordering::Less, Some((key, value)), _) => {
                differences.insert(key.clone(), ("should not be there", Some(value.clone())));
            }
            (Ordering::Greater, _, Some((key, _))) => {
                differences.insert(key.clone(), ("is missing", None));
            }
            (Ordering::Equal, Some((key, value)), _) if left != right => {
                differences.insert(key.clone(), ("is another", Some(value.clone())));
            }
            _ => {}
        }
        if order != Ordering::Greater {
            left = ours.next().transpose()?;
        }
        if order != Ordering::Less {
            right = theirs.next().transpose()?;
        }
    }
    Ok(differences)
}

/// A crash may leave sled with a part of the frames behind its mark: what such a frame wrote is no difference.
fn explain(differences: &mut Differences, flat: &Flat) {
    if differences.is_empty() {
        return;
    }
    for (key, value) in &flat.writes {
        if differences.get(key).is_some_and(|(_, held)| held == value) {
            differences.remove(key);
        }
    }
}
