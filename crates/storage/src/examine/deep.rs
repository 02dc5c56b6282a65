//! What `tsunagu doctor --deep` compares: the trail with itself, every document with the head of its trail, and every derived row with what
//! the document says. It rebuilds derived rows on request; a document or a head is never mended, because only a copy of the database knows
//! what stood there.

mod sheet;
mod trail;

use crate::store::{ReadTx, Store, StoreError};
use domain::audit::Stream;
use domain::ids::SheetId;
use domain::time::Day;
use std::sync::{Arc, Mutex, PoisonError};
use trail::Reading;

/// Something that is not what the service wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The stream of the thing: `sheet:<id>`, `agency:<id>` or `service`.
    pub thing: String,
    /// What differs: the name of a table, or `head`, `document`, `trail`.
    pub what: &'static str,
    /// In numbers, for an operator.
    pub told: String,
    /// How it can be mended.
    pub mending: Mending,
}

/// How a difference can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mending {
    /// Not at all: restore a copy, and look for whoever did it.
    Never,
    /// `--repair` writes the derived rows again.
    Possible,
    /// That was done.
    Done,
}

/// Streams or sheets that one read lists.
const AT_ONCE: i64 = 500;

/// Compares everything, and says each difference. The service may run at the same time: each sheet is looked at under its lock.
///
/// # Errors
/// The database refuses.
pub async fn examine_deeply(
    store: &Store,
    today: Day,
    repair: bool,
    mut say: impl FnMut(Difference),
) -> Result<u64, StoreError> {
    let (mut after, mut looked_at) = (String::new(), 0);
    loop {
        let since = after.clone();
        let (names, found) =
            store.write::<_, StoreError, _>(uuid::Uuid::nil(), move |tx| tx.examine_heads(&since)).await?;
        found.into_iter().for_each(&mut say);
        let Some(last) = names.last() else { break };
        after.clone_from(last);
        looked_at += names.len() as u64;
        for name in &names {
            let reading = Arc::new(Mutex::new(Reading::of(name.clone())));
            loop {
                let reading = Arc::clone(&reading);
                let read = move |tx: &mut ReadTx<'_>| {
                    tx.examine_events(&mut reading.lock().unwrap_or_else(PoisonError::into_inner))
                };
                let (more, told) = store.read::<_, StoreError, _>(read).await?;
                if let Some(told) = told {
                    say(Difference { thing: name.clone(), what: "trail", told, mending: Mending::Never });
                }
                if !more {
                    break;
                }
            }
        }
        let sheets = names.iter().filter_map(|name| name.strip_prefix("sheet:")?.parse::<uuid::Uuid>().ok());
        for id in sheets {
            let looked = store.write::<_, StoreError, _>(id, move |tx| tx.examine_sheet(SheetId(id), today, repair));
            match looked.await {
                Ok(found) => found.into_iter().for_each(&mut say),
                Err(error @ (StoreError::Busy | StoreError::Closed | StoreError::Unavailable(_))) => return Err(error),
                // One sheet that cannot be compared or mended does not hide the others.
                Err(error) => {
                    let (thing, told) =
                        (Stream::Sheet(SheetId(id)).to_string(), format!("it cannot be compared: {error}"));
                    say(Difference { thing, what: "sheet", told, mending: Mending::Never });
                }
            }
        }
    }
    let mut say_gone = |thing: String, told: &str| {
        say(Difference { thing, what: "trail", told: told.to_owned(), mending: Mending::Never });
    };
    for name in store.read::<_, StoreError, _>(|tx| tx.list_streams_without_head()).await? {
        say_gone(name, "it has events and no head");
    }
    let mut after = SheetId(uuid::Uuid::nil());
    loop {
        let since = after;
        let sheets = store.read::<_, StoreError, _>(move |tx| tx.list_sheets_with_trail(since)).await?;
        let Some((last, _)) = sheets.last() else { break };
        after = *last;
        for (id, _) in sheets.iter().filter(|(_, has_trail)| !has_trail) {
            say_gone(Stream::Sheet(*id).to_string(), "the sheet is there, its trail is gone");
        }
    }
    Ok(looked_at)
}
