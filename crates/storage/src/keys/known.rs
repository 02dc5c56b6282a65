//! The master keys under which a database was written, and whether all of them are here.

use super::{KeyError, Keyring};
use crate::connection::{Conn, DatabaseUrl, Role};
use crate::schema::master_key;
use crate::store::StoreError;
use diesel::prelude::*;
use std::collections::BTreeMap;

fn known(conn: &mut Conn) -> QueryResult<BTreeMap<i32, Vec<u8>>> {
    // At most one for each version: 255.
    let rows: Vec<(i32, Vec<u8>)> =
        master_key::table.order(master_key::version.asc()).limit(255).select(master_key::all_columns).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The first key of the database that is missing from the keyring, or differs from the key there.
pub(crate) fn missing(conn: &mut Conn, keys: &Keyring) -> Result<Option<KeyError>, StoreError> {
    let marks = keys.marks()?;
    for (version, mark) in known(conn)? {
        let version = u8::try_from(version).unwrap_or_default();
        match marks.get(&version) {
            None => return Ok(Some(KeyError::Version(version))),
            Some(found) if found.as_slice() != mark => return Ok(Some(KeyError::Other(version))),
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Notes in the database the keys of the keyring that it does not know yet. Notes nothing when a key of the database is missing from the
/// keyring, because then this is the wrong key file.
///
/// # Errors
/// The database refuses.
pub fn note(url: &DatabaseUrl, keys: &Keyring) -> Result<(), StoreError> {
    let mut conn = url.connect(Role::Migrator)?;
    if missing(&mut conn, keys)?.is_some() {
        return Ok(());
    }
    let known = known(&mut conn)?;
    let new = keys.marks()?.into_iter().filter(|(version, _)| !known.contains_key(&i32::from(*version)));
    for (version, mark) in new {
        let row = (master_key::version.eq(i32::from(version)), master_key::mark.eq(mark.to_vec()));
        match diesel::insert_into(master_key::table).values(row).execute(&mut conn).map_err(StoreError::from) {
            // Another process was first.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
