use super::{agency, desk, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::Role;
use domain::ids::{PostId, StaffId};
use domain::time::Day;
use std::io::{BufRead, IsTerminal};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use storage::{PasswordHash, PostRecord, StaffRecord, StoreError};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The log-in name.
    #[arg(long)]
    login: String,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// The code of the agency of the first post.
    #[arg(long)]
    agency: String,
    /// Its role: counter manager hub privacy_officer auditor admin.
    #[arg(long)]
    role: String,
    /// The code of the agency's municipality, where the service has several.
    #[arg(long)]
    municipality: Option<String>,
}

/// As the API has it.
const PASSWORD_LENGTH: RangeInclusive<usize> = 12..=128;

/// Adds a person with one post, valid from today.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: Arguments) -> Result<ExitCode, Failure> {
    let roles = || Role::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
    let role: Role = arguments.role.parse().map_err(|_| format!("there is no such role; there are {}", roles()))?;
    api::login_name(&arguments.login)
        .map_err(|_| "the log-in name needs 1 to 64 of the characters A-Z a-z 0-9 . _ @ -")?;
    person_or_thing("name", &arguments.name)?;
    if std::io::stdin().is_terminal() {
        println!("password (12 to 128 characters), then Enter:");
    }
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if !PASSWORD_LENGTH.contains(&password.chars().count()) {
        return Err("the password needs 12 to 128 characters; it is the first line of standard input".into());
    }
    let desk = desk(config)?;
    let agency = agency(&desk.store, arguments.municipality.as_deref(), &arguments.agency)?;
    let hash = api::password::hash(password, desk.chance.as_ref()).map_err(|e| e.to_string())?;
    let (id, now) = (StaffId::new(desk.now, desk.chance.as_ref()), desk.now);
    let post = PostRecord {
        id: PostId::new(desk.now, desk.chance.as_ref()),
        staff_id: id,
        agency_id: agency.id,
        role,
        valid_from: Day(now.date()),
        valid_until: None,
    };
    let record = StaffRecord {
        id,
        municipality_id: agency.municipality_id,
        login: arguments.login,
        name: arguments.name,
        password_hash: PasswordHash(hash),
        posts: vec![post],
    };
    let added = wait(desk.store.write::<_, StoreError, _>(agency.id.0, move |tx| {
        let mut lock = tx.lock_stream(Stream::Agency(agency.id), Some(agency.municipality_id))?;
        tx.insert_staff(&record, now)?;
        let event =
            EventDraft::new(EventKind::StaffCreated, Stream::Agency(agency.id)).with("staff_id", Fact::Id(id.0));
        tx.append(&mut lock, &[event], None, now)
    }));
    match added {
        Err(StoreError::Conflict(_)) => return Err("this log-in name is taken".into()),
        added => added?,
    }
    println!("staff_id={id}");
    Ok(ExitCode::SUCCESS)
}
