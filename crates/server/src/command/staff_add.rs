use super::{agency, desk, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use api::code::Code;
use api::password;
use domain::account::{PasswordHash, Person, Post, Role};
use domain::ids::{PostId, StaffId};
use domain::time::Day;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use storage::StoreError;

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

/// Adds a person with one post, valid from today. Without a password it prints an invitation to hand over.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: Arguments) -> Result<ExitCode, Failure> {
    let role = role(&arguments.role)?;
    api::login_name(&arguments.login)
        .map_err(|_| "the log-in name needs 1 to 64 of the characters A-Z a-z 0-9 . _ @ -")?;
    person_or_thing("name", &arguments.name)?;
    let typed = password_of(&arguments)?;
    let desk = desk(config)?;
    let agency = agency(&desk.store, arguments.municipality.as_deref(), &arguments.agency)?;
    let chance = desk.chance.as_ref();
    let hash = typed.map(|typed| password::hash(&typed, chance).map_err(|e| e.to_string())).transpose()?;
    let (id, now) = (StaffId::new(desk.now, chance), desk.now);
    let post = Post::confirmed(PostId::new(now, chance), id, agency.id, role, Day(now.date()), now);
    let mut person = Person {
        id,
        municipality_id: agency.municipality_id,
        login: api::folded(&arguments.login),
        name: arguments.name,
        password_hash: hash.map(PasswordHash),
        code: None,
        code_from: None,
        disabled_at: None,
        posts: vec![post],
        sessions: Vec::new(),
    };
    let invitation = person.password_hash.is_none().then(|| Code::new(&person, now, chance));
    person.code = invitation.as_ref().map(|code| code.record);
    let added = wait(
        desk.store
            .write::<_, StoreError, _>(id.0, move |tx| tx.apply_new(person.clone().create(), None, now).map(drop)),
    );
    match added {
        Err(StoreError::Conflict(_)) => return Err("this log-in name is taken".into()),
        added => added?,
    }
    println!("staff_id={id}");
    if let Some(code) = invitation {
        println!("code={}\nexpires_at={}", code.shown, code.record.expires_at);
    }
    Ok(ExitCode::SUCCESS)
}

/// The role with this name.
pub(super) fn role(name: &str) -> Result<Role, Failure> {
    let roles = || Role::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
    Ok(name.parse().map_err(|_| format!("there is no such role; there are {}", roles()))?)
}

/// The first line of standard input; none when the input is empty.
#[expect(clippy::print_stdout, reason = "this is the command line")]
fn password_of(arguments: &Arguments) -> Result<Option<String>, Failure> {
    if std::io::stdin().is_terminal() {
        println!("password (12 to 128 characters), then Enter; nothing makes an invitation:");
    }
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    let typed = password::normalised(typed.trim_end_matches(['\r', '\n']));
    if typed.is_empty() {
        return Ok(None);
    }
    let length = u64::try_from(typed.chars().count()).unwrap_or(u64::MAX);
    if !(password::SHORTEST..=password::LONGEST).contains(&length) {
        return Err("the password needs 12 to 128 characters; it is the first line of standard input".into());
    }
    if password::is_guessable(&typed, &[&arguments.login, &arguments.name, &arguments.agency]) {
        return Err("the password is a common one, or made of the person's own names: choose another".into());
    }
    Ok(Some(typed))
}
