//! What an operator does with an account when no administrator can: give a new code, bar the person from logging in, let them log in again.

use super::{change, desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use api::code::Code;
use domain::account::Person;
use std::process::ExitCode;
use storage::StoreError;

/// The person that the command means.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The log-in name.
    pub(super) login: String,
}

/// Prints a one-time code with which the person sets a password.
#[expect(clippy::print_stdout, reason = "the code is shown here, once")]
pub(crate) fn code(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let code = Code::new(&staff, desk.now, desk.chance.as_ref());
    let kept = code.record;
    if !change(&desk, staff.id.0, move |person: Person| person.issue_code(kept, None).ok())? {
        return Err("this person is disabled: `tsunagu staff enable` first".into());
    }
    println!("code={}\nexpires_at={}", code.shown, code.record.expires_at);
    Ok(ExitCode::SUCCESS)
}

/// Ends the person's sessions and keeps them from logging in.
pub(crate) fn disable(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let now = desk.now;
    if !change(&desk, staff.id.0, move |person: Person| person.disable(None, now).ok())? {
        return Err("this person is disabled already".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets the person log in again, with the posts that they had.
pub(crate) fn enable(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    if !change(&desk, staff.id.0, move |person: Person| person.enable(None).ok())? {
        return Err("this person is not disabled".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the person's sessions; they may log in again. Prints how many sessions were ended.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn log_out(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let (id, now) = (staff.id, desk.now);
    let ended = wait(desk.store.write::<_, StoreError, _>(id.0, move |tx| {
        let locked = tx.lock_person(id)?.ok_or(StoreError::Missing)?;
        let (outcome, ended) = locked.thing.clone().end_sessions(now);
        tx.apply(locked, outcome, None, now)?;
        Ok(ended)
    }))?;
    println!("sessions_ended={ended}");
    Ok(ExitCode::SUCCESS)
}

/// The person with this log-in name.
pub(super) fn find(desk: &super::Desk, login: &str) -> Result<Person, Failure> {
    let login = api::folded(login);
    let found = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.find_person_by_login(&login)))?;
    Ok(found.ok_or("there is nobody with this log-in name")?)
}
