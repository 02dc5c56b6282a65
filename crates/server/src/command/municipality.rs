use super::{desk, municipalities, municipality, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::MunicipalityId;
use domain::time::Instant;
use std::process::ExitCode;
use storage::{MunicipalityRecord, StoreError, WriteTx};

/// A municipality by code and name.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The code (全国地方公共団体コード): six digits with the check digit, or a word for a body that has none.
    #[arg(long)]
    code: String,
    /// The name.
    #[arg(long)]
    name: String,
}

/// The record of a new municipality.
pub(super) fn new(code: &str, name: &str, id: MunicipalityId) -> Result<MunicipalityRecord, Failure> {
    domain::municipality::check(code)?;
    person_or_thing("the municipality's name", name)?;
    Ok(MunicipalityRecord { id, code: code.to_owned(), name: name.to_owned() })
}

/// Adds it, with its event.
pub(super) fn insert(tx: &mut WriteTx<'_>, record: &MunicipalityRecord, now: Instant) -> Result<(), StoreError> {
    tx.insert_municipality(record, now)?;
    note(tx, EventKind::MunicipalityCreated, record.id, now)
}

fn note(tx: &mut WriteTx<'_>, kind: EventKind, id: MunicipalityId, now: Instant) -> Result<(), StoreError> {
    let mut lock = tx.lock_stream(Stream::Service, None)?;
    let event = EventDraft::new(kind, Stream::Service).with("municipality_id", Fact::Id(id.0));
    tx.append(&mut lock, &[event], None, now)
}

/// Adds a municipality to the service.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn add(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let now = desk.now;
    let id = MunicipalityId::new(now, desk.chance.as_ref());
    let record = new(&arguments.code, &arguments.name, id)?;
    match wait(desk.store.write::<_, StoreError, _>(id.0, move |tx| insert(tx, &record, now))) {
        Err(StoreError::Conflict(_)) => return Err("there is a municipality with this code already".into()),
        added => added?,
    }
    println!("municipality_id={id}");
    Ok(ExitCode::SUCCESS)
}

/// Prints the code and name of each, one a line.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn list(config: &Config) -> Result<ExitCode, Failure> {
    for it in municipalities(&desk(config)?.store)? {
        println!("{} {}", it.code, it.name);
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives one another name.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn rename(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    person_or_thing("the municipality's name", &arguments.name)?;
    let desk = desk(config)?;
    let (now, name) = (desk.now, arguments.name.clone());
    let id = municipality(&desk.store, Some(&arguments.code))?.id;
    wait(desk.store.write::<_, StoreError, _>(id.0, move |tx| {
        tx.rename_municipality(id, &name)?;
        note(tx, EventKind::MunicipalityRenamed, id, now)
    }))?;
    println!("{} {}", arguments.code, arguments.name);
    Ok(ExitCode::SUCCESS)
}
