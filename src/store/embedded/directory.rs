//! The store's folder: who has it, and whether the machine went down while somebody had it.
//!
//! ```text
//! lock       locked while the store is open; holds the owner's process id
//! running    there while the store is open, or after a crash; holds the id of the machine's boot, or that sled has failed
//! journal/   what happened; see segment.rs
//! sled/      what follows from it; can be made anew from the journal at any time
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::Fault;

/// How long, and how often, the lock is waited for before its holder is named: half a second in all.
const LOCK_WAIT: Duration = Duration::from_millis(10);
const LOCK_WAITS_MAX: u32 = 50;

/// What stands in `running` where sled has failed.
const SLED_FAILED: &str = "sled failed";

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

pub(super) struct Directory {
    dir: PathBuf,
    /// Held for its lock, which ends with it.
    _lock: File,
}

impl Directory {
    /// Makes the folder if need be and takes it for this process.
    pub fn open(dir: &Path) -> Result<Self, Fault> {
        let journal = dir.join("journal");
        make_durably(&journal).map_err(Fault::io("make the folder", &journal))?;
        let path = dir.join("lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock = opened.map_err(Fault::io("open the lock file", &path))?;
        let mut waits = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                // A child process holds a copy of every open file for a moment while it is started, and so the lock of
                // a store that was closed meanwhile. It lets go as soon as it runs.
                Err(TryLockError::WouldBlock) if waits < LOCK_WAITS_MAX => std::thread::sleep(LOCK_WAIT),
                Err(TryLockError::WouldBlock) => {
                    return Err(Fault::InUse { dir: dir.to_owned(), owner: owner(&mut lock) });
                }
                Err(TryLockError::Error(cause)) => return Err(Fault::io("lock", &path)(cause)),
            }
            waits += 1;
        }
        let signed = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        signed.map_err(Fault::io("write the process id to", &path))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// Takes a store that must be there already.
    pub fn open_existing(dir: &Path) -> Result<Self, Fault> {
        match fs::metadata(dir.join("journal")) {
            Ok(_) => Self::open(dir),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(Fault::NoStore { dir: dir.to_owned() })
            }
            Err(error) => Err(Fault::io("look into the folder", dir)(error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.dir
    }

    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub fn sled(&self) -> PathBuf {
        self.dir.join("sled")
    }

    /// Where sled is made anew, beside the one that is in use.
    pub fn new_sled(&self) -> PathBuf {
        self.dir.join("sled.new")
    }

    /// Puts the sled that was made anew in the place of the old one, which is thrown away.
    pub fn swap_sled(&self) -> Result<(), Fault> {
        let (sled, old) = (self.sled(), self.dir.join("sled.old"));
        let swapped = remove_folder(&old).and_then(|()| {
            if sled.exists() {
                fs::rename(&sled, &old)?;
            }
            fs::rename(self.new_sled(), &sled)?;
            self.sync()?;
            remove_folder(&old)
        });
        swapped.map_err(Fault::io("replace", &sled))
    }

    /// Why sled may lack what it says that it has, if it may. What the last process had written is in the files after any crash of
    /// its own, but perhaps not after one of the machine.
    pub fn distrust(&self) -> Option<&'static str> {
        match fs::read_to_string(self.running()).ok()? {
            text if text == SLED_FAILED => Some("sled could not be written when the store was last open"),
            boot if boot != this_boot() => Some("the machine went down while the store was open"),
            _ => None,
        }
    }

    pub fn begin_running(&self) -> Result<(), Fault> {
        self.write_running(&this_boot())
    }

    /// Makes the next start throw sled away.
    pub fn distrust_sled(&self) -> Result<(), Fault> {
        self.write_running(SLED_FAILED)
    }

    /// Everything is on disk: the next start may trust what it finds.
    pub fn end_running(&self) -> Result<(), Fault> {
        let path = self.running();
        fs::remove_file(&path).and_then(|()| self.sync()).map_err(Fault::io("remove", &path))
    }

    fn write_running(&self, text: &str) -> Result<(), Fault> {
        let path = self.running();
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            self.sync()
        });
        written.map_err(Fault::io("write", &path))
    }

    fn running(&self) -> PathBuf {
        self.dir.join("running")
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
}

/// Removes a folder with all in it, if there is one, or the file that stands in its place.
pub(super) fn remove_folder(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => fs::remove_file(dir),
        other => other,
    }
}

/// Makes a folder and those above it, so that they are there after a power cut.
fn make_durably(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_durably(above)?;
    fs::create_dir(dir)?;
    File::open(above)?.sync_all()
}

/// A store id that nobody can guess.
pub(super) fn random_id() -> Result<[u8; 16], Fault> {
    let source = Path::new("/dev/urandom");
    let mut id = [0; 16];
    File::open(source).and_then(|mut file| file.read_exact(&mut id)).map_err(Fault::io("read", source))?;
    Ok(id)
}

fn owner(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
        _ => "another process".into(),
    }
}

/// Where the system does not say, every boot looks the same and sled is trusted.
fn this_boot() -> String {
    fs::read_to_string(BOOT_ID).unwrap_or_else(|_| "unknown boot".into())
}
