//! A copy of everything but the master key, made while the service writes, and the way back (ADR 9).
//!
//! A copy is a directory of three files: the data (an SQLite database, or an archive of `pg_dump`); `manifest.json`, which says what the
//! data is and gives its SHA-256; and `manifest.mac`, which only a person with the master key can make. The directory gets its name when it
//! is complete.

mod postgres;
mod sqlite;
mod trail;

use crate::connection::{ConnectError, DatabaseUrl};
use crate::keys::{KeyError, Keyring};
use crate::migrate::{self, MigrateError};
use aws_lc_rs::digest;
use domain::ids::Chance;
use domain::time::Instant;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
pub use trail::Trail;

/// A restored database has no one-time codes: by now, somebody else may hold a code that was given out.
const WITHOUT_CODES: &str = "update staff set code_expires_at = null where code_expires_at is not null";

/// The version of the directory's format. A program refuses a higher one.
const FORMAT: u64 = 1;
const MANIFEST: &str = "manifest.json";
const MAC: &str = "manifest.mac";
/// The most bytes that a manifest may have.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// Why no copy was made, or why it was not restored. Nothing has changed then, unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The directory for the copy exists already.
    #[error("{0} exists already: name a directory that does not, each copy gets its own")]
    Taken(PathBuf),
    /// Nothing to copy.
    #[error("there is nothing to copy: the database is not there, or has no schema yet")]
    Nothing,
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] diesel::result::Error),
    /// The file system.
    #[error("{path}: {reason}")]
    File {
        /// Where.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// `pg_dump` or `pg_restore` cannot be run.
    #[error(
        "{0} cannot be run: install PostgreSQL's client programs, of the server's version or newer (Debian: postgresql-client)"
    )]
    Program(&'static str),
    /// The program ran and failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it printed, without rows.
        said: String,
    },
    /// The copy is not what was written.
    #[error("the copy is damaged ({0}): take another one; nothing was restored")]
    Damaged(String),
    /// The manifest's MAC is not that of the master key.
    #[error("the copy's manifest was changed, or the copy was made under another master key: nothing was restored")]
    Manifest,
    /// The master key of the copy is not in the key file.
    #[error(
        "the copy was made under master key v{0}, which is not in the key file: add that line to it; nothing was restored"
    )]
    KeyVersion(u8),
    /// A newer program made it.
    #[error("the copy is newer than this program ({0}): install the program that made it; nothing was restored")]
    Newer(String),
    /// A copy of SQLite for PostgreSQL, or the other way round.
    #[error(
        "the copy is of {copy}, the configured database is {configured}: name a database of the same kind; nothing was restored"
    )]
    OtherKind {
        /// Of the copy.
        copy: String,
        /// Of the configuration.
        configured: &'static str,
    },
    /// The target is in use.
    #[error(
        "{0} holds something already: restore into an empty place, then point the service there; nothing was restored"
    )]
    Full(String),
    /// The trail's heads are not those that the manifest names.
    #[error(
        "the data was restored, but its audit trail is not the one that the manifest names: do not put it into service"
    )]
    Trail,
    /// Keys.
    #[error("master key: {0}")]
    Key(#[from] KeyError),
    /// Migrations.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// What a copy says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u64,
    /// The version of the program that made it.
    pub program: String,
    /// When the copy was begun, RFC 3339.
    pub made_at: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The stamps of the schema, oldest first.
    pub schema: Vec<String>,
    /// The data.
    pub data: Part,
    /// The audit trail in it.
    pub trail: Trail,
}

/// A file of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |reason| BackupError::File { path, reason }
}

fn kind(url: &DatabaseUrl) -> &'static str {
    if url.is_sqlite() { "sqlite" } else { "postgres" }
}

/// Copies the database to the new directory `to`, consistently, while others write. Only the owner can read the directory.
///
/// # Errors
/// See [`BackupError`]; the directory does not exist then.
pub fn make(
    url: &DatabaseUrl,
    keys: &Keyring,
    to: &Path,
    now: Instant,
    chance: &dyn Chance,
) -> Result<Manifest, BackupError> {
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Taken(to.to_owned()));
    }
    let draft = draft(to, chance);
    DirBuilder::new().mode(0o700).create(&draft).map_err(at(&draft))?;
    let made = fill(url, keys, &draft, now).and_then(|manifest| {
        std::fs::rename(&draft, to).map_err(at(to))?;
        sync(parent(to))?;
        Ok(manifest)
    });
    if made.is_err() {
        let _best_effort = std::fs::remove_dir_all(&draft);
    }
    made
}

fn fill(url: &DatabaseUrl, keys: &Keyring, draft: &Path, now: Instant) -> Result<Manifest, BackupError> {
    let (file, copied) = match url.postgres() {
        None => ("database.sqlite", sqlite::copy(url, &draft.join("database.sqlite"))?),
        Some(_) => ("database.pgdump", postgres::copy(url, &draft.join("database.pgdump"))?),
    };
    let (bytes, sha256) = measured(&draft.join(file))?;
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now.to_string(),
        database: kind(url).to_owned(),
        schema: copied.schema,
        data: Part { file: file.to_owned(), bytes, sha256 },
        trail: copied.trail,
    };
    let unwritable = |error: serde_json::Error| at(&draft.join(MANIFEST))(error.into());
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(unwritable)?;
    text.push(b'\n');
    let mac = format!("v{} {}\n", keys.newest_version(), hex::encode(keys.mac_of_backup(&text)?));
    write(&draft.join(MANIFEST), &text)?;
    write(&draft.join(MAC), mac.as_bytes())?;
    sync(draft)?;
    Ok(manifest)
}

/// What was copied, as the copier reports it.
struct Copied {
    schema: Vec<String>,
    trail: Trail,
}

/// Restores the copy in the directory `from` into the empty database at `url`. An older schema is kept: the next start of the service
/// migrates it.
///
/// # Errors
/// See [`BackupError`].
pub fn restore(url: &DatabaseUrl, keys: &Keyring, from: &Path, chance: &dyn Chance) -> Result<Manifest, BackupError> {
    let manifest = checked(url, keys, from)?;
    let data = from.join(&manifest.data.file);
    let (trail, schema) = match url.file() {
        Some(target) => sqlite::put_back(target, &data, &manifest, chance)?,
        None => postgres::put_back(url, &data)?,
    };
    if trail == manifest.trail && schema == manifest.schema { Ok(manifest) } else { Err(BackupError::Trail) }
}

/// The manifest, after every check that is possible before the target is touched.
fn checked(url: &DatabaseUrl, keys: &Keyring, from: &Path) -> Result<Manifest, BackupError> {
    let text = read(&from.join(MANIFEST))?;
    let mac = read(&from.join(MAC))?;
    let unreadable = |what: &str| BackupError::Damaged(format!("{what} cannot be read"));
    let loose: serde_json::Value = serde_json::from_slice(&text).map_err(|_| unreadable(MANIFEST))?;
    let format = loose.get("format").and_then(serde_json::Value::as_u64).ok_or_else(|| unreadable(MANIFEST))?;
    if format > FORMAT {
        return Err(BackupError::Newer(format!("format {format}")));
    }
    let (version, mac) = mac_of(&mac).ok_or_else(|| unreadable(MAC))?;
    keys.check_backup(version, &text, &mac).map_err(|error| match error {
        KeyError::Version(version) => BackupError::KeyVersion(version),
        _ => BackupError::Manifest,
    })?;
    let manifest: Manifest = serde_json::from_value(loose).map_err(|_| unreadable(MANIFEST))?;
    if manifest.database != kind(url) {
        return Err(BackupError::OtherKind { copy: manifest.database, configured: kind(url) });
    }
    let unknown = migrate::compare(manifest.schema.clone())?.unknown;
    if let Some(newest) = unknown.last() {
        return Err(BackupError::Newer(format!("schema {newest}")));
    }
    let part = &manifest.data;
    let (bytes, sha256) = match measured(&from.join(&part.file)) {
        Err(BackupError::File { reason, .. }) if reason.kind() == std::io::ErrorKind::NotFound => {
            return Err(BackupError::Damaged(format!("{} is missing", part.file)));
        }
        measured => measured?,
    };
    match (bytes == part.bytes, sha256 == part.sha256) {
        (false, _) => Err(BackupError::Damaged(format!("{} has {bytes} bytes instead of {}", part.file, part.bytes))),
        (true, false) => Err(BackupError::Damaged(format!("{} is not what was written", part.file))),
        (true, true) => Ok(manifest),
    }
}

/// `v1 <hex>`.
fn mac_of(text: &[u8]) -> Option<(u8, Vec<u8>)> {
    let (version, mac) = std::str::from_utf8(text).ok()?.trim_end().split_once(' ')?;
    Some((version.strip_prefix('v')?.parse().ok()?, hex::decode(mac).ok()?))
}

fn read(path: &Path) -> Result<Vec<u8>, BackupError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BackupError::Damaged(format!("{name} is missing")));
        }
        file => file.map_err(at(path))?,
    };
    let mut text = Vec::new();
    file.take(LONGEST_MANIFEST).read_to_end(&mut text).map_err(at(path))?;
    Ok(text)
}

/// A new file that only its owner can read.
fn create(path: &Path) -> Result<File, BackupError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

fn write(path: &Path, text: &[u8]) -> Result<(), BackupError> {
    let mut file = create(path)?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(at(path))
}

/// The size and SHA-256 of a file; afterwards the file is safely on the disk.
fn measured(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(at(path))?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    file.sync_all().map_err(at(path))?;
    Ok((bytes, hex::encode(hash.finish())))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> Result<(), BackupError> {
    File::open(directory).and_then(|it| it.sync_all()).map_err(at(directory))
}

/// A unique name beside `path` that nobody mistakes for the finished file.
fn draft(path: &Path, chance: &dyn Chance) -> PathBuf {
    let mut unique = [0; 8];
    chance.fill(&mut unique);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.unfinished", hex::encode(unique)))
}
