//! SQLite: `VACUUM INTO` writes a new, compact database from one read transaction, while others write to the database in WAL mode.

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
    // The role `Reader` may write nothing, not even another file.
    let mut conn = url.connect(Role::Migrator)?;
    if migrate::applied(&mut conn)?.is_empty() {
        return Err(BackupError::Nothing);
    }
    // SQLite accepts an existing empty file; this one belongs to the owner alone.
    create(to)?;
    let path = to.to_str().ok_or_else(|| at(to)(std::io::ErrorKind::InvalidFilename.into()))?;
    diesel::sql_query("vacuum into $1").bind::<Text, _>(path).execute(&mut conn)?;
    leave_out(path)?;
    let (trail, schema) = look(to)?;
    Ok(Copied { schema, trail })
}

/// Empties the tables that are not copied, and forgets one-time codes. The file is our own draft: it needs no journal, and `measured` puts
/// it on the disk.
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

/// Reads where the trail ends and the schema's stamps, without changing the file.
fn look(file: &Path) -> Result<(Trail, Vec<String>), BackupError> {
    let url: DatabaseUrl = format!("sqlite:{}", file.display()).parse()?;
    let mut conn = url.connect(Role::Reader)?;
    Ok((trail::read(&mut conn)?, migrate::applied(&mut conn)?))
}

/// Restores the data; the database appears under its name only when it is complete and checked.
pub(super) fn put_back(
    target: &Path,
    data: &Path,
    manifest: &Manifest,
    chance: &dyn Chance,
) -> Result<(Trail, Vec<String>), BackupError> {
    // SQLite would play a leftover log into the database that appears beside it.
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
    // What counts is the file that was just written, not the copy.
    let (bytes, sha256) = measured(draft)?;
    if (bytes, &sha256) != (manifest.data.bytes, &manifest.data.sha256) {
        return Err(BackupError::Damaged(format!("{} changed while it was read", manifest.data.file)));
    }
    let found = look(draft)?;
    if found.0 != manifest.trail || found.1 != manifest.schema {
        return Err(BackupError::Damaged("the data is not what the manifest says".to_owned()));
    }
    // Unlike a rename, a link never replaces a file that has appeared since.
    std::fs::hard_link(draft, target).map_err(at(target))?;
    sync(parent(target))?;
    Ok(found)
}
