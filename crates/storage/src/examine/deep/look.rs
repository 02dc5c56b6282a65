//! One thing under its lock, and the rows that repeat parts of its document.

use super::{Difference, Mending};
use crate::lane::WriteTx;
use crate::locked::{Locked, Stored};
use crate::sql_types::DomainId;
use crate::store::StoreError;
use domain::audit::Stream;

/// The rows of a table that are missing, too many, or not as they must be.
#[derive(Default)]
pub(super) struct Count {
    pub(super) missing: usize,
    pub(super) extra: usize,
    pub(super) changed: usize,
}

impl Count {
    pub(super) fn is_nothing(&self) -> bool {
        self.missing + self.extra + self.changed == 0
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} missing, {} too many, {} changed", self.missing, self.extra, self.changed)
    }
}

/// Compares the rows of a table that belong to the thing with those that must be there, and writes them again when `repair` says so. A macro,
/// because each table has a type of its own.
macro_rules! compare {
    ($look:ident, $table:ident, $owner:ident, $row:ty, $key:ident, $expected:expr) => {{
        let (id, repair) = ($look.id, $look.repair);
        let rows = $table::table.filter($table::$owner.eq(Uid(id))).select(<$row>::as_select());
        let rows: Vec<$row> = rows.load($look.tx.conn)?;
        let stored: BTreeMap<_, $row> = rows.into_iter().map(|row| (row.$key.clone(), row)).collect();
        let expected: BTreeMap<_, $row> = $expected.into_iter().map(|row: $row| (row.$key.clone(), row)).collect();
        let mut count = Count::default();
        for key in stored.keys().filter(|key| !expected.contains_key(*key)) {
            count.extra += 1;
            if repair {
                let row = $table::table.filter($table::$owner.eq(Uid(id)).and($table::$key.eq(key.clone())));
                diesel::delete(row).execute($look.tx.conn)?;
            }
        }
        for (key, row) in &expected {
            match stored.get(key) {
                None => {
                    count.missing += 1;
                    if repair {
                        diesel::insert_into($table::table).values(row).execute($look.tx.conn)?;
                    }
                }
                Some(kept) if kept != row => {
                    count.changed += 1;
                    if repair {
                        let kept = $table::table.filter($table::$owner.eq(Uid(id)).and($table::$key.eq(key.clone())));
                        diesel::update(kept).set(row).execute($look.tx.conn)?;
                    }
                }
                Some(_) => {}
            }
        }
        $look.derived(stringify!($table), &count);
    }};
}

pub(super) use compare;

/// One thing that is looked at.
pub(super) struct Look<'a, 'b, I> {
    pub(super) tx: &'a mut WriteTx<'b>,
    pub(super) id: I,
    pub(super) repair: bool,
    pub(super) found: Vec<Difference>,
    stream: Stream,
}

impl<'a, 'b, I: DomainId> Look<'a, 'b, I> {
    pub(super) fn at(tx: &'a mut WriteTx<'b>, id: I, repair: bool, stream: Stream) -> Self {
        Self { tx, id, repair, found: Vec::new(), stream }
    }

    pub(super) fn say(&mut self, what: &'static str, told: String, mending: Mending) {
        self.found.push(Difference { thing: self.stream.to_string(), what, told, mending });
    }

    pub(super) fn derived(&mut self, table: &'static str, count: &Count) {
        if !count.is_nothing() {
            let mending = if self.repair { Mending::Done } else { Mending::Possible };
            self.say(table, count.to_string(), mending);
        }
    }

    /// The thing under its lock; none when it is gone, or is not what the service wrote, which is said.
    pub(super) fn locked<A: Stored>(&mut self) -> Result<Option<Locked<A>>, StoreError> {
        let id = self.id.uuid();
        match A::lock(self.tx, id) {
            // Rows are never compared with, or written from, a document that the trail has left behind.
            Ok(Some(locked)) => {
                let is_last = self.tx.ends_well(&self.stream.to_string())?;
                Ok(Some(locked).filter(|_| is_last))
            }
            Ok(None) => Ok(None),
            Err(StoreError::Diverged(_)) if !A::is_there(self.tx, id)? => {
                self.say(A::TABLE, format!("the {} is gone, its trail is not", A::TABLE), Mending::Never);
                Ok(None)
            }
            Err(StoreError::Diverged(_) | StoreError::Key(_)) => {
                let told = "the document or the head of its trail is not what the service wrote".to_owned();
                self.say("document", told, Mending::Never);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
