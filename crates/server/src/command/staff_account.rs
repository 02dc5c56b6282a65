//! What an operator does with an account when no administrator can: give a new code, bar the person from logging in, let them log in again.

use super::{desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use api::code::Code;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use std::process::ExitCode;
use storage::{StaffRecord, StoreError, WriteTx};

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
    let (id, record) = (staff.id, code.record);
    let event = |event: EventDraft| event.with("invitation", Fact::Flag(staff.password_hash.is_none()));
    if !change(&desk, &staff, event(draft(EventKind::CodeIssued, &staff)), move |tx| tx.keep_code(id, record, None))? {
        return Err("this person is disabled: `tsunagu staff enable` first".into());
    }
    println!("code={}\nexpires_at={}", code.shown, code.record.expires_at);
    Ok(ExitCode::SUCCESS)
}

/// Ends the person's sessions and keeps them from logging in.
pub(crate) fn disable(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let (id, now) = (staff.id, desk.now);
    let disable = move |tx: &mut WriteTx<'_>| {
        tx.end_sessions_of_staff(id, now)?;
        tx.disable_staff(id, now)
    };
    if !change(&desk, &staff, draft(EventKind::StaffDisabled, &staff), disable)? {
        return Err("this person is disabled already".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets the person log in again, with the posts that they had.
pub(crate) fn enable(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let id = staff.id;
    if !change(&desk, &staff, draft(EventKind::StaffEnabled, &staff), move |tx| tx.enable_staff(id, None))? {
        return Err("this person is not disabled".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the person's sessions; they may log in again. Prints how many sessions were ended.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn log_out(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let (id, now, stream) = (staff.id, desk.now, stream(&staff));
    let municipality = matches!(stream, Stream::Agency(_)).then_some(staff.municipality_id);
    let ended = wait(desk.store.write::<_, StoreError, _>(staff.municipality_id.0, move |tx| {
        let mut lock = tx.lock_stream(stream, municipality)?;
        let ended = tx.end_sessions_of_staff(id, now)?;
        let event = EventDraft::new(EventKind::SessionEnded, stream)
            .with("staff_id", Fact::Id(id.0))
            .with("sessions_ended", Fact::Count(ended as u64));
        tx.append(&mut lock, &[event], None, now)?;
        Ok(ended)
    }))?;
    println!("sessions_ended={ended}");
    Ok(ExitCode::SUCCESS)
}

/// The person with this log-in name.
pub(super) fn find(desk: &super::Desk, login: &str) -> Result<StaffRecord, Failure> {
    let login = api::folded(login);
    let found = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.find_staff_by_login(&login)))?;
    Ok(found.ok_or("there is nobody with this log-in name")?)
}

/// The stream for events about a person: that of the agency of their first post.
fn stream(staff: &StaffRecord) -> Stream {
    staff.posts.first().map_or(Stream::Service, |post| Stream::Agency(post.agency_id))
}

pub(super) fn draft(kind: EventKind, staff: &StaffRecord) -> EventDraft {
    EventDraft::new(kind, stream(staff)).with("staff_id", Fact::Id(staff.id.0))
}

/// Makes the change and appends its event; neither when there is nothing to change.
pub(super) fn change(
    desk: &super::Desk,
    staff: &StaffRecord,
    event: EventDraft,
    work: impl Fn(&mut WriteTx<'_>) -> Result<bool, StoreError> + Send + 'static,
) -> Result<bool, Failure> {
    let (stream, now) = (stream(staff), desk.now);
    let municipality = matches!(stream, Stream::Agency(_)).then_some(staff.municipality_id);
    let done = wait(desk.store.write::<_, StoreError, _>(staff.municipality_id.0, move |tx| {
        let mut lock = tx.lock_stream(stream, municipality)?;
        if !work(tx)? {
            return Ok(false);
        }
        tx.append(&mut lock, std::slice::from_ref(&event), None, now)?;
        Ok(true)
    }))?;
    Ok(done)
}
