//! SQLite: `VACUUM INTO` writes a new, compact database from one read transaction, beside the writers of a database in WAL mode.

use super::{BackupError, Copied, Manifest, Trail, at, create, draft, measured, parent, sync, trail};
use crate::connection::{ConnectError, DatabaseUrl, Role};
use crate::migrate;
use crate::service::NOT_COPIED;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use domain::ids::Chance;
use std::path::{Path, PathBuf};

pub(super) fn copy(url: &DatabaseUrl, to: &Path) -> Result<Copied, BackupError> {
    if !url.file().is_some_and(Path::exists) {
        return Err(BackupError::Nothing);
    }
    // A reader may write nothing, not even another file.
    let mut conn = url.connect(Role::Migrator)?;
    if migrate::applied(&mut conn)?.is_empty() {
        return Err(BackupError::Nothing);
    }
    // SQLite takes an empty file, and this one is the owner's alone.
    create(to)?;
    let path = to.to_str().ok_or_else(|| at(to)(std::io::ErrorKind::InvalidFilename.into()))?;
    diesel::sql_query("vacuum into $1").bind::<Text, _>(path).execute(&mut conn)?;
    leave_out(path)?;
    let (trail, schema) = look(to)?;
    Ok(Copied { schema, trail })
}

/// Empties the tables that do not go along, and forgets one-time codes. The file is a draft of our own: it needs no journal, and is on the disk once it was measured.
fn leave_out(copy: &str) -> Result<(), BackupError> {
    let refused =
        |error: ConnectionError| ConnectError::Refused { database: copy.to_owned(), reason: error.to_string() };
    let mut conn = SqliteConnection::establish(copy).map_err(refused)?;
    conn.batch_execute("pragma journal_mode = off; pragma secure_delete = on")?;
    for name in NOT_COPIED {
        conn.batch_execute(&format!("delete from {name}"))?;
    }
    conn.batch_execute(super::WITHOUT_CODES)?;
    Ok(())
}

/// What a file holds, and nothing of it changed.
fn look(file: &Path) -> Result<(Trail, Vec<String>), BackupError> {
    let url: DatabaseUrl = format!("sqlite:{}", file.display()).parse()?;
    let mut conn = url.connect(Role::Reader)?;
    Ok((trail::read(&mut conn)?, migrate::applied(&mut conn)?))
}

/// The database appears under its name when all of it is there and checked.
pub(super) fn put_back(
    target: &Path,
    data: &Path,
    manifest: &Manifest,
    chance: &dyn Chance,
) -> Result<(Trail, Vec<String>), BackupError> {
    // A log without its database would be played into the one that appears beside it.
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut there = target.as_os_str().to_owned();
        there.push(suffix);
        let there = PathBuf::from(there);
        if there.symlink_metadata().is_ok() {
            return Err(BackupError::Full(there.display().to_string()));
        }
    }
    let draft = draft(target, chance);
    let put = place(&draft, target, data, manifest);
    let _gone = std::fs::remove_file(&draft);
    put
}

fn place(draft: &Path, target: &Path, data: &Path, manifest: &Manifest) -> Result<(Trail, Vec<String>), BackupError> {
    let mut file = create(draft)?;
    let mut from = std::fs::File::open(data).map_err(at(data))?;
    std::io::copy(&mut from, &mut file).map_err(at(draft))?;
    drop(file);
    // The bytes that count are those that were just written.
    let (bytes, sha256) = measured(draft)?;
    if (bytes, &sha256) != (manifest.data.bytes, &manifest.data.sha256) {
        return Err(BackupError::Damaged(format!("{} changed while it was read", manifest.data.file)));
    }
    let found = look(draft)?;
    if found.0 != manifest.trail || found.1 != manifest.schema {
        return Err(BackupError::Damaged("the data is not what the manifest says".to_owned()));
    }
    // A link, unlike a new name, never replaces a file that appeared meanwhile.
    std::fs::hard_link(draft, target).map_err(at(target))?;
    sync(parent(target))?;
    Ok(found)
}
