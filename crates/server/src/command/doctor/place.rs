//! What the machine says about the places where the service keeps its files.

use rustix::fs::{Access, access, statfs, statvfs};
use rustix::process::{Resource, getrlimit};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use storage::examine::Verdict::{self, Fine, Wrong};

/// With less free space than this, a busy day or a long backup may fill the disk.
const FREE_BYTES: u64 = 1 << 30;
/// Enough files for the connections of people and the database, and for other files.
const OPEN_FILES: u64 = 1024;

/// File systems on which SQLite's locks and shared memory cannot be trusted, by the numbers of statfs(2): NFS, SMB (three of them), CIFS, AFS,
/// Coda, NCP, 9P, Ceph, OCFS2, Lustre, GFS2.
const NETWORK: &[u64] = &[
    0x6969,
    0x517B,
    0xFE53_4D42,
    0xFF53_4D42,
    0x5346_414F,
    0x7375_7245,
    0x564C,
    0x0102_1997,
    0x00C3_6400,
    0x7461_636F,
    0x0BD0_0BD0,
    0x0116_1970,
];

/// The path, or the nearest directory above it that exists.
fn standing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/")).to_owned()
}

/// Whether others could replace the files in the directory of `file`.
pub(super) fn directory_of(file: &Path) -> Verdict {
    let directory = standing(file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    match std::fs::metadata(&directory) {
        Err(error) => Wrong(format!("{}: {error}", directory.display())),
        Ok(metadata) if metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0 => {
            let mode = metadata.mode() & 0o777;
            Wrong(format!("{} can be written by others (mode {mode:03o}): run chmod go-w on it", directory.display()))
        }
        Ok(_) => Fine(format!("{} can be written by its owner alone", directory.display())),
    }
}

/// Whether only the owner can read the files of an SQLite database, and they are on this machine.
pub(super) fn database_file(file: &Path) -> Verdict {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        let mode = std::fs::metadata(&path).map_or(0, |it| it.mode() & 0o777);
        if mode & 0o077 != 0 {
            return Wrong(format!("{} may be read by others (mode {mode:03o}): run chmod 600 on it", path.display()));
        }
    }
    match statfs(file) {
        Err(error) => Wrong(format!("{}: {error}", file.display())),
        Ok(it) if NETWORK.contains(&(it.f_type as u64 & 0xFFFF_FFFF)) => Wrong(format!(
            "{} lies on a network file system, where SQLite loses data: move it to a disk",
            file.display()
        )),
        Ok(_) => Fine(format!("{} is its owner's alone, on this machine", file.display())),
    }
}

/// Whether there is room on the disk where `path` is, or will be.
pub(super) fn room(path: &Path) -> Verdict {
    let place = standing(path);
    match statvfs(&place) {
        Err(error) => Wrong(format!("{}: {error}", place.display())),
        Ok(it) => {
            let free = it.f_bavail.saturating_mul(it.f_frsize);
            let told = format!("{} MB free at {}", free >> 20, place.display());
            if free < FREE_BYTES { Wrong(format!("{told}: make room, 1 GB at least")) } else { Fine(told) }
        }
    }
}

/// Whether a file could be made in the directory `path`, or the directory itself could be made.
pub(super) fn writable(path: &Path) -> Verdict {
    let place = standing(path);
    if !place.is_dir() {
        return Wrong(format!("{} is no directory", place.display()));
    }
    match access(&place, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Fine(format!("is written to {}", path.display())),
        Err(error) => Wrong(format!("{} cannot be written to: {error}", place.display())),
    }
}

/// Whether this process may open enough files.
pub(super) fn open_files() -> Verdict {
    match getrlimit(Resource::Nofile).current {
        None => Fine("without limit".to_owned()),
        Some(limit) if limit >= OPEN_FILES => Fine(format!("{limit} allowed")),
        Some(limit) => {
            Wrong(format!("{limit} allowed: raise the limit to {OPEN_FILES} or more (systemd: LimitNOFILE=)"))
        }
    }
}
