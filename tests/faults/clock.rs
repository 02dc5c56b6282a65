//! The clock of the service: the system's and an offset, by libfaketime. Timeouts run on the monotonic clock, which stays the system's.

use domain::time::{Clock, Instant};
use server::world::SystemClock;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that can be stepped while the service runs.
pub struct SteppedClock {
    file: PathBuf,
    offset: AtomicI64,
}

/// Debian keeps the library in the directory of the architecture.
fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = places.map(|place| place.path().join("faketime/libfaketimeMT.so.1")).filter(|path| path.exists());
    found.next().expect("libfaketime is missing: `cargo xtask test` installs it; by hand, apt-get install libfaketime")
}

impl SteppedClock {
    pub fn new(directory: &Path) -> Self {
        let clock = Self { file: directory.join("offset"), offset: AtomicI64::new(0) };
        clock.step(0);
        clock
    }

    /// Moves it, forward or back.
    pub fn step(&self, seconds: i64) {
        let offset = self.offset.fetch_add(seconds, Ordering::SeqCst) + seconds;
        let draft = self.file.with_extension("new");
        std::fs::write(&draft, format!("{offset:+}\n")).unwrap();
        std::fs::rename(draft, &self.file).unwrap();
    }

    /// The present instant by this clock.
    pub fn now(&self) -> Instant {
        SystemClock.now().plus_seconds(self.offset.load(Ordering::SeqCst))
    }

    /// The environment that makes a process see this clock.
    pub fn environment(&self) -> [(String, String); 4] {
        [
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// Removes the files that libfaketime leaves behind when a process is killed: the next process with the same number would not start.
    pub fn forget(process: u32) {
        for name in [format!("faketime_shm_{process}"), format!("sem.faketime_sem_{process}")] {
            let _not_there = std::fs::remove_file(Path::new("/dev/shm").join(name));
        }
    }
}
