use super::{agency, change, desk, municipality, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::agency::AgencyRecord;
use domain::ids::AgencyId;
use domain::kana;
use domain::time::{Day, Instant};
use std::process::ExitCode;
use storage::{StillOpen, StoreError, WriteTx};

/// The municipality that is meant.
#[derive(clap::Args)]
pub(crate) struct Of {
    /// The municipality's code; needed where the service has several.
    #[arg(long)]
    municipality: Option<String>,
}

/// An agency that gets another name.
#[derive(clap::Args)]
pub(crate) struct Renaming {
    /// Its code.
    #[arg(long)]
    code: String,
    /// The name.
    #[arg(long)]
    name: String,
    /// The name in kana.
    #[arg(long)]
    kana: String,
    #[command(flatten)]
    of: Of,
}

/// An agency that is to end.
#[derive(clap::Args)]
pub(crate) struct End {
    /// Its code.
    #[arg(long)]
    code: String,
    /// Its last day, as 2027-03-31.
    #[arg(long)]
    until: String,
    /// The code of the agency to which its sheets go; needed where something is in its hands.
    #[arg(long)]
    successor: Option<String>,
    #[command(flatten)]
    of: Of,
}

/// Prints the agencies, a line each, by code: code, name, last day, code of the successor.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn list(config: &Config, of: &Of) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let municipality = municipality(&desk.store, of.municipality.as_deref())?.id;
    let mut all = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.list_agencies(municipality, None, u32::MAX)))?;
    all.sort_by(|one, other| one.code.cmp(&other.code));
    for it in &all {
        let until = it.agency.active_until.map(|day| format!(" until {day}")).unwrap_or_default();
        let after = all.iter().find(|other| it.successor_id == Some(other.agency.id));
        let after = after.map(|other| format!(" then {}", other.code)).unwrap_or_default();
        println!("{} {}{until}{after}", it.code, it.called(desk.now).0);
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives one another name from now on.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn rename(config: &Config, renaming: &Renaming) -> Result<ExitCode, Failure> {
    person_or_thing("the agency's name", &renaming.name)?;
    let kana = kana::katakana(&renaming.kana).map_err(|_| "the name in kana: hiragana or katakana")?;
    let desk = desk(config)?;
    let id = agency(&desk.store, renaming.of.municipality.as_deref(), &renaming.code)?.id;
    let (now, name) = (desk.now, renaming.name.clone());
    change(&desk, id.0, move |agency: AgencyRecord| Some(agency.rename(name.clone(), kana.clone(), now)))?;
    println!("{} {}", renaming.code, renaming.name);
    Ok(ExitCode::SUCCESS)
}

/// Gives one a last day and a successor. From the day after, the service hands on what is in its hands.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn end(config: &Config, end: &End) -> Result<ExitCode, Failure> {
    let until: Day = end.until.parse().map_err(|_| "--until: a day, as 2027-03-31")?;
    let desk = desk(config)?;
    let of = end.of.municipality.as_deref();
    let id = agency(&desk.store, of, &end.code)?.id;
    let successor = end.successor.as_deref().map(|code| agency(&desk.store, of, code)).transpose()?;
    if successor.as_ref().is_some_and(|it| it.id == id) {
        return Err("--successor: another agency".into());
    }
    let (now, successor_id) = (desk.now, successor.map(|it| it.id));
    let refused = wait(desk.store.write::<_, StoreError, _>(id.0, move |tx| ended(tx, id, until, successor_id, now)))?;
    if let Some(refused) = refused {
        return Err(refused.into());
    }
    println!("{} until {until}", end.code);
    Ok(ExitCode::SUCCESS)
}

/// Why it cannot end so, or nothing.
fn ended(
    tx: &mut WriteTx<'_>,
    id: AgencyId,
    until: Day,
    successor_id: Option<AgencyId>,
    now: Instant,
) -> Result<Option<String>, StoreError> {
    let locked = tx.lock_agency(id)?.ok_or(StoreError::Missing)?;
    if locked.thing.ended_at.is_some() {
        return Ok(Some("this agency is no more, and what it had is handed on".to_owned()));
    }
    if until < locked.thing.agency.active_from {
        return Ok(Some("--until: not before its first day".to_owned()));
    }
    let open = tx.count_open(id)?;
    if successor_id.is_none() && !open.is_nothing() {
        return Ok(Some(still_open(&open)));
    }
    let outcome = locked.thing.clone().end_on(until, successor_id, now);
    tx.apply(locked, outcome, None, now)?;
    Ok(None)
}

fn still_open(open: &StillOpen) -> String {
    format!(
        "something is in its hands (sheets {}, held {}, relays received {}, relays sent {}, stop requests {}, exceptions {}): add --successor CODE",
        open.sheets, open.held_sheets, open.relays_received, open.relays_sent, open.stop_notices, open.exceptions
    )
}
