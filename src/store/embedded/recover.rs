//! From what is on disk to a store that can go on: frames that sled lacks are applied, a torn tail is cut, a sled
//! that cannot be trusted is made anew.

use std::fs::OpenOptions;
use std::path::Path;

use super::directory::{self, Directory};
use super::journal::Journal;
use super::segment::{self, ADVICE, SegmentHeader};
use super::state::{Flat, Mark, State};
use super::walk::{Step, Walk};
use super::window::Window;
use super::{Options, Progress};
use crate::store::Fault;

pub(super) const JOURNAL_LOST: &str =
    "put the journal back from a backup, or accept the loss of what it held with `gridpost store rebuild`";

pub(super) struct Recovered {
    pub state: State,
    pub journal: Journal,
}

/// Brings journal and sled to the same frame. The folder must already be ours.
pub(super) fn recover(directory: &Directory, options: &Options) -> Result<Recovered, Fault> {
    let journal = directory.journal();
    let mut segments = segment::list(&journal)?;
    if segments.is_empty() {
        refuse_sled_without_journal(directory)?;
        segments.push(begin_journal(&journal)?);
    }
    let (state, mut known) = open_state(directory, options, &segments)?;
    let mark = state.mark()?;
    let mut walk = match &mark {
        Some(mark) => Walk::from_place(&journal, segments.clone(), mark.next())?,
        None => Walk::from_start(&journal, segments.clone())?,
    };
    known = known.max(mark.map_or(0, |mark| mark.frame));

    let mut window = Window::default();
    loop {
        match walk.step(walk.may_be_torn())? {
            Step::Frame(frame) => take_in(&mut window, Flat::of(&frame), &state)?,
            Step::Torn { file, offset, found } if walk.place().frame > known => {
                tracing::warn!(file = %file.display(), offset, found, "cut the end of the journal: never acknowledged");
                cut(&file, offset)?;
                break;
            }
            Step::Torn { file, offset, found } => return Err(Fault::Corrupt { file, offset, found, advice: ADVICE }),
            Step::End => break,
        }
    }
    state.apply(&window)?;
    let place = walk.place().clone();
    if place.frame <= known {
        let found = format!("sled knows frame {known}, the journal ends with frame {}", place.frame - 1);
        let (file, offset) = (segment::path(&journal, place.segment), place.offset);
        return Err(Fault::Corrupt { file, offset, found, advice: JOURNAL_LOST });
    }
    let journal = Journal::open(&journal, walk.store(), place, options.segment_bytes_max)?;
    Ok(Recovered { state, journal })
}

/// Makes sled anew from the journal beside the old one, then takes the old one's place. A torn tail is left alone.
pub(super) fn remake(
    directory: &Directory,
    options: &Options,
    segments: Vec<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Fault> {
    let new = directory.new_sled();
    directory::remove_folder(&new).map_err(Fault::io("remove", &new))?;
    let state = State::open(&new, options.cache_bytes)?;
    let mut counter = Counter::new(&directory.journal(), &segments, "rebuild sled");
    let mut walk = Walk::from_start(&directory.journal(), segments)?;
    let mut window = Window::default();
    while let Step::Frame(frame) = walk.step(walk.may_be_torn())? {
        take_in(&mut window, Flat::of(&frame), &state)?;
        progress(counter.after(frame.header.frame_bytes()));
    }
    state.apply(&window)?;
    state.checkpoint()?;
    drop(state);
    directory.swap_sled()
}

/// Memory that a window may take while the journal is gone through, in bytes, about.
const WINDOW_BYTES: usize = 32 << 20;

/// Adds a frame to a window, which goes into sled when it is large enough.
pub(super) fn take_in(window: &mut Window, flat: Flat, state: &State) -> Result<(), Fault> {
    window.take_in(flat);
    if window.bytes >= WINDOW_BYTES {
        state.apply(&std::mem::take(window))?;
    }
    Ok(())
}

/// How far a walk through the whole journal has come.
pub(super) struct Counter(Progress);

impl Counter {
    pub fn new(journal: &Path, segments: &[u64], doing: &'static str) -> Self {
        let size = |first: &u64| std::fs::metadata(segment::path(journal, *first)).map_or(0, |file| file.len());
        Self(Progress { doing, bytes: 0, bytes_all: segments.iter().map(size).sum() })
    }

    pub fn after(&mut self, bytes: u64) -> Progress {
        self.0.bytes += bytes;
        self.0.clone()
    }
}

/// Sled as it is, or made anew; and the last frame that the old one is known to have had.
fn open_state(directory: &Directory, options: &Options, segments: &[u64]) -> Result<(State, u64), Fault> {
    let distrust = directory.distrust();
    directory.begin_running()?;
    let opened = State::open(&directory.sled(), options.cache_bytes).and_then(|state| {
        let (mark, begun) = (state.mark()?, state.frame_begun()?);
        Ok((state, mark, begun))
    });
    let mut known = 0;
    match opened {
        Ok((state, None, begun)) => {
            must_reach(begun, None, directory, segments)?;
            return Ok((state, known));
        }
        Ok((state, Some(mark), begun)) => {
            must_be_in_journal(&mark, directory, segments)?;
            must_reach(begun, Some(&mark), directory, segments)?;
            let Some(why) = distrust else { return Ok((state, mark.frame)) };
            tracing::warn!("{why}: making sled anew from the journal");
            known = mark.frame;
        }
        Err(fault) => tracing::warn!(?fault, "sled cannot be opened: making it anew from the journal"),
    }
    remake(directory, options, segments.to_vec(), &mut |_| {})?;
    Ok((State::open(&directory.sled(), options.cache_bytes)?, known))
}

/// Sled follows from the journal, so the journal must have the frame that sled stands behind.
fn must_be_in_journal(mark: &Mark, directory: &Directory, segments: &[u64]) -> Result<(), Fault> {
    let journal = directory.journal();
    let found = match segments.contains(&mark.segment) {
        true => Walk::header_at(&journal, mark.segment, mark.offset)?,
        false => None,
    };
    match found {
        Some((header, hash)) if header.number == mark.frame && hash == mark.hash => Ok(()),
        _ => Err(Fault::Corrupt {
            file: segment::path(&journal, mark.segment),
            offset: mark.offset,
            found: format!("frame {}, which sled knows, is not", mark.frame),
            advice: JOURNAL_LOST,
        }),
    }
}

/// Sled may hold a part of the frames behind its mark, up to the one that was `begun` last, and the journal had them all before: one
/// that ends earlier is another's, or an older copy. What is in sled of the rest would be listed and could not be read.
fn must_reach(begun: u64, mark: Option<&Mark>, directory: &Directory, segments: &[u64]) -> Result<(), Fault> {
    if begun <= mark.map_or(0, |mark| mark.frame) {
        return Ok(());
    }
    let journal = directory.journal();
    let mut walk = match mark {
        Some(mark) => Walk::from_place(&journal, segments.to_vec(), mark.next())?,
        None => Walk::from_start(&journal, segments.to_vec())?,
    };
    while let Step::Frame(_) = walk.step(walk.may_be_torn())? {}
    let last = walk.place().frame - 1;
    if last >= begun {
        return Ok(());
    }
    let found = format!("sled holds something of frame {begun}, the journal ends with frame {last}");
    Err(Fault::Corrupt { file: walk.path(), offset: walk.place().offset, found, advice: JOURNAL_LOST })
}

fn refuse_sled_without_journal(directory: &Directory) -> Result<(), Fault> {
    if !directory.sled().exists() {
        return Ok(());
    }
    let found = "sled without any journal".into();
    Err(Fault::Corrupt { file: directory.path().to_owned(), offset: 0, found, advice: JOURNAL_LOST })
}

fn begin_journal(journal: &Path) -> Result<u64, Fault> {
    let store = directory::random_id()?;
    segment::create(journal, &SegmentHeader { first_frame: 1, store, before: segment::first_hash(&store) })?;
    Ok(1)
}

fn cut(file: &Path, offset: u64) -> Result<(), Fault> {
    let cut = OpenOptions::new().write(true).open(file).and_then(|file| {
        file.set_len(offset)?;
        file.sync_all()
    });
    cut.map_err(Fault::io("cut the torn end of", file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Batch, Key, Space};
    use crate::store::{Embedded, Store, rebuild, verify};

    fn commit(dir: &Path, name: &str) {
        let store = Embedded::open(dir, Options::default()).unwrap();
        let mut batch = Batch::default();
        batch.put(Key::new(Space(1)).text(name), name.to_owned());
        store.commit(batch).unwrap();
    }

    fn holds(dir: &Path, name: &str) -> bool {
        Embedded::open(dir, Options::default()).unwrap().get(&Key::new(Space(1)).text(name)).unwrap().is_some()
    }

    /// What a copy of a running store may be: the journal first, then sled, whose mark was not written yet.
    #[test]
    fn sled_that_holds_what_the_journal_lacks_is_not_taken_silently() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, sled) = (dir.path(), dir.path().join("sled"));
        commit(dir, "before");
        let mark = State::open(&sled, 1 << 20).unwrap().mark().unwrap().unwrap();
        let file = segment::path(&dir.join("journal"), 1);
        let journal = std::fs::read(&file).unwrap();
        commit(dir, "after");
        let whole = std::fs::read(&file).unwrap();
        let put_mark_back = || {
            let state = State::open(&sled, 1 << 20).unwrap();
            state.put_mark_back(&mark);
            state.checkpoint().unwrap();
        };
        put_mark_back();
        assert!(holds(dir, "after"), "a crash in between is nothing: the frame is in the journal, and applied again");
        put_mark_back();
        std::fs::write(&file, &journal).unwrap();
        for _ in 0..2 {
            let fault = Embedded::open(dir, Options::default()).map(drop).unwrap_err();
            let Fault::Corrupt { found, advice, .. } = fault else { panic!("{fault}") };
            assert!(found.contains("frame 2") && advice == JOURNAL_LOST, "{found}");
        }
        assert!(!verify(dir, &mut |_| {}).unwrap().problems.is_empty());
        std::fs::write(&file, &whole).unwrap();
        assert!(holds(dir, "after"), "with its journal it is whole again");
        std::fs::write(&file, &journal).unwrap();
        rebuild(dir, &mut |_| {}).unwrap();
        assert!(holds(dir, "before") && !holds(dir, "after"), "an operator may accept the loss");
    }
}
