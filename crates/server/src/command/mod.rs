//! One file for each command.

pub(crate) mod agency;
pub(crate) mod agency_import;
pub(crate) mod audit_export;
pub(crate) mod audit_verify;
pub(crate) mod backup;
pub(crate) mod client;
pub(crate) mod client_add;
pub(crate) mod consent_verify;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod migrate;
pub(crate) mod municipality;
pub(crate) mod openapi;
pub(crate) mod reopen;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod staff_account;
pub(crate) mod staff_add;
pub(crate) mod staff_post;

use crate::cli::Failure;
use crate::config::Config;
use crate::running;
use crate::world::{SystemChance, SystemClock};
use domain::agency::Agency;
use domain::aggregate::Outcome;
use domain::ids::Chance;
use domain::text;
use domain::time::{Clock, Instant};
use std::sync::Arc;
use storage::{MunicipalityRecord, Store, StoreError, Stored};
use uuid::Uuid;

/// What a command that works on the database needs.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) now: Instant,
}

/// Opens the database (and migrates it).
pub(crate) fn desk(config: &Config) -> Result<Desk, Failure> {
    let chance: Arc<dyn Chance> = Arc::new(SystemChance::new());
    let store = running::open(config, Arc::clone(&chance))?;
    Ok(Desk { store, chance, now: SystemClock.now() })
}

/// Every municipality of the service.
pub(crate) fn municipalities(store: &Store) -> Result<Vec<MunicipalityRecord>, Failure> {
    Ok(wait(store.read::<_, StoreError, _>(|tx| tx.list_municipalities()))?)
}

/// The municipality that a command means: the one with this code, or the only one there is.
pub(crate) fn municipality(store: &Store, code: Option<&str>) -> Result<MunicipalityRecord, Failure> {
    let all = municipalities(store)?;
    let codes = codes(&all);
    let mut meant = all.into_iter().filter(|it| code.is_none_or(|code| it.code == code));
    match (meant.next(), meant.next()) {
        (Some(it), None) => Ok(it),
        (Some(_), Some(_)) => Err(format!("there are several municipalities: say which one ({codes})").into()),
        (None, _) if codes.is_empty() => Err(
            "there is no municipality yet: begin with `tsunagu municipality add` or `tsunagu agency import FILE.csv`"
                .into(),
        ),
        (None, _) => Err(format!("there is no such municipality; there are: {codes}").into()),
    }
}

/// The codes of some municipalities, for a person to read.
pub(crate) fn codes(of: &[MunicipalityRecord]) -> String {
    of.iter().map(|it| it.code.as_str()).collect::<Vec<_>>().join(", ")
}

/// The agency with this code in the municipality that a command means.
pub(crate) fn agency(store: &Store, of: Option<&str>, code: &str) -> Result<Agency, Failure> {
    let of = municipality(store, of)?;
    let wanted = code.to_owned();
    let found = wait(store.read::<_, StoreError, _>(move |tx| tx.find_agency_by_code(of.id, &wanted)))?;
    let found = found.ok_or_else(|| format!("there is no agency {code:?} in {}", of.code))?;
    Ok(found.agency)
}

/// Refuses what the API would refuse as a name.
pub(crate) fn person_or_thing(what: &str, name: &str) -> Result<(), String> {
    match text::line(name) {
        Ok(()) if name.chars().count() <= 100 => Ok(()),
        _ => Err(format!("{what}: one line of 1 to 100 characters")),
    }
}

/// Runs a future of a command to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

/// Carries out a transition of the thing with this id; false when there is nothing to change.
pub(crate) fn change<A: Stored>(
    desk: &Desk,
    id: Uuid,
    step: impl Fn(A) -> Option<Outcome<A>> + Send + 'static,
) -> Result<bool, Failure> {
    let now = desk.now;
    Ok(wait(desk.store.write::<_, StoreError, _>(id, move |tx| {
        let locked = A::lock(tx, id)?.ok_or(StoreError::Missing)?;
        let Some(outcome) = step(locked.thing.clone()) else { return Ok(false) };
        tx.apply(locked, outcome, None, now)?;
        Ok(true)
    }))?)
}
