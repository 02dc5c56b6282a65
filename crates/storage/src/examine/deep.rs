//! What `tsunagu doctor --deep` compares: the trail with itself, every document with the head of its trail, and every derived row with what
//! the document says. It rebuilds derived rows on request; a document or a head is never mended, because only a copy of the database knows
//! what stood there.

mod directory;
mod look;
mod sheet;
mod strays;
mod trail;

use crate::store::{ReadTx, Store, StoreError};
use domain::audit::Stream;
use domain::ids::{AgencyId, ClientId, SheetId, StaffId};
use domain::time::{Day, Instant};
use std::sync::{Arc, Mutex, PoisonError};
use trail::Reading;

/// Something that is not what the service wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The stream of the thing: `sheet:<id>`, `agency:<id>`, `person:<id>`, `client:<id>` or `service`.
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
    now: Instant,
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
        for name in &names {
            let Some((kind, id)) = name.split_once(':').and_then(|(kind, id)| Some((kind, id.parse().ok()?))) else {
                continue;
            };
            let kind = kind.to_owned();
            let looked = store.write::<_, StoreError, _>(id, move |tx| match kind.as_str() {
                "sheet" => tx.examine_sheet(SheetId(id), Day(now.date()), repair),
                "agency" => tx.examine_agency(AgencyId(id), repair),
                "client" => tx.examine_client(ClientId(id), repair),
                "person" => tx.examine_person(StaffId(id), now, repair),
                _ => Ok(Vec::new()),
            });
            match looked.await {
                Ok(found) => found.into_iter().for_each(&mut say),
                Err(error @ (StoreError::Busy | StoreError::Closed | StoreError::Unavailable(_))) => return Err(error),
                // One thing that cannot be compared or mended does not hide the others.
                Err(error) => {
                    let told = format!("it cannot be compared: {error}");
                    say(Difference { thing: name.clone(), what: "rows", told, mending: Mending::Never });
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
    let mut after = String::new();
    loop {
        let since = after.clone();
        let names = store.read::<_, StoreError, _>(move |tx| tx.list_without_trail(&since)).await?;
        let Some(last) = names.last() else { break };
        after.clone_from(last);
        names.into_iter().for_each(|name| say_gone(name, "it is there, its trail is gone"));
    }
    let (mut after, mut changed) = (uuid::Uuid::nil(), 0);
    loop {
        let since = after;
        let (found, last) = store.read::<_, StoreError, _>(move |tx| tx.examine_facts(since)).await?;
        changed += found;
        let Some(last) = last else { break };
        after = last;
    }
    for (what, count) in store.read::<_, StoreError, _>(|tx| tx.count_strays()).await? {
        let (thing, told) = (Stream::Service.to_string(), format!("{count} about a sheet that is not there"));
        say(Difference { thing, what, told, mending: Mending::Never });
    }
    let salts = store.read::<_, StoreError, _>(|tx| tx.examine_salts()).await?;
    if salts > 0 {
        let (thing, told) = (Stream::Service.to_string(), format!("{salts} changed"));
        say(Difference { thing, what: "figure_salt", told, mending: Mending::Never });
    }
    if changed > 0 {
        let (thing, told) = (Stream::Service.to_string(), format!("{changed} too many or changed"));
        say(Difference { thing, what: "figure_fact", told, mending: Mending::Never });
    }
    Ok(looked_at)
}
