//! Fills a new database: the directory by the ordinary writers of the storage, the cases by its bulk loader.

use crate::Result;
use crate::chance::Seeded;
use crate::world::World;
use domain::calendar::fiscal_year;
use domain::time::Day;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use storage::keys::Keyring;
use storage::{DatabaseUrl, Finished, Settings, Store, StoreError};
use uuid::Uuid;

/// The number of cases in one transaction.
const BATCH: u32 = 2000;

/// Makes the schema, the directory, and the cases 0 to `stored` - 1.
pub(crate) fn fill(url: &DatabaseUrl, key_file: &Path, world: &Arc<World>, stored: u32) -> Result {
    storage::migrate::run(url)?;
    let chance = Arc::new(Seeded::new(u64::from(stored)));
    let keys = Keyring::load_or_create(key_file, chance.as_ref())?;
    let settings = Settings { readers: 1, ..Settings::default() };
    let store = Store::open(url, keys, chance, &settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(directory(&store, world, stored))?;

    // The next batch is prepared while the last one is written.
    let (sender, batches) = sync_channel::<Vec<Finished>>(2);
    let maker = Arc::clone(world);
    let made = std::thread::spawn(move || -> Result {
        for first in (0..stored).step_by(BATCH as usize) {
            let batch = (first..stored.min(first + BATCH)).map(|n| maker.case(n, stored));
            if sender.send(batch.collect::<Result<_>>()?).is_err() {
                break;
            }
        }
        Ok(())
    });
    let today = Day(world.now.date());
    for batch in batches {
        let load = move |tx: &mut storage::WriteTx<'_>| tx.load(&batch, today);
        runtime.block_on(store.write::<_, StoreError, _>(Uuid::nil(), load))?;
    }
    made.join().map_err(|_| "the maker of cases panicked")?
}

async fn directory(store: &Store, world: &Arc<World>, stored: u32) -> Result {
    let world = Arc::clone(world);
    let year = fiscal_year(world.now.date());
    store
        .write::<_, StoreError, _>(world.municipality.id.0, move |tx| {
            let now = world.now;
            tx.insert_municipality(&world.municipality, now)?;
            world.agencies.iter().try_for_each(|it| tx.apply_new(it.clone().create(), None, now).map(drop))?;
            world.staff.iter().try_for_each(|it| tx.apply_new(it.clone().create(), None, now).map(drop))?;
            tx.begin_numbers_after(world.municipality.id, year, i32::try_from(stored).unwrap_or(i32::MAX))
        })
        .await?;
    Ok(())
}
