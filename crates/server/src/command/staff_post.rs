//! The posts and sessions of a person: shown, made, prolonged, moved, ended. A post that is made here counts at once, because a user of the
//! service's command line could change the database, too.

use super::staff_account::{Arguments, find};
use super::staff_add::role;
use super::{agency, change, desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::account::{Person, Post};
use domain::floor::Floor;
use domain::ids::PostId;
use domain::time::Day;
use std::process::ExitCode;
use storage::StoreError;

/// The most sessions that are shown; nobody has more on purpose.
const SHOWN: u32 = 200;

/// The new post.
#[derive(clap::Args)]
pub(crate) struct Adding {
    /// The log-in name.
    login: String,
    /// The code of the agency.
    #[arg(long)]
    agency: String,
    /// The role: counter manager hub privacy_officer auditor admin.
    #[arg(long)]
    role: String,
    /// The first day; without it, today.
    #[arg(long)]
    from: Option<Day>,
    /// The last day, if it is known.
    #[arg(long)]
    until: Option<Day>,
    /// The id of the post of the same person that ends where this one begins: to prolong or move it.
    #[arg(long)]
    replaces: Option<PostId>,
    /// The code of the agency's municipality, where the service has several.
    #[arg(long)]
    municipality: Option<String>,
}

/// The post that ends.
#[derive(clap::Args)]
pub(crate) struct Ending {
    /// The log-in name.
    login: String,
    /// The id of the post; `tsunagu staff show LOGIN` prints it.
    post: PostId,
}

/// Prints the posts and open sessions of a person, a line each.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn show(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &arguments.login)?;
    let (id, now) = (staff.id, desk.now);
    let today = Day(now.date());
    let agencies: Vec<_> = staff.posts.iter().map(|post| post.agency_id).collect();
    let (agencies, open) = wait(desk.store.read::<_, StoreError, _>(move |tx| {
        let idle_since = now.plus_seconds(-api::IDLE_SECONDS);
        Ok((tx.find_agencies(&agencies)?, tx.list_sessions(id, now, idle_since, SHOWN)?))
    }))?;
    println!("staff_id={id}{}", if staff.disabled_at.is_some() { "\tdisabled" } else { "" });
    for post in &staff.posts {
        let code = agencies.iter().find(|record| record.agency.id == post.agency_id).map_or("", |record| &record.code);
        let until = post.valid_until.map(|day| format!(" until {day}")).unwrap_or_default();
        let stands = match (post.ended_at, post.confirmed_at) {
            (Some(at), _) => format!("ended {at}"),
            (None, None) => "waits for a second person".to_owned(),
            _ if post.is_valid(today) => "counts".to_owned(),
            _ => "does not count today".to_owned(),
        };
        println!("post={}\t{code}\t{}\tfrom {}{until}\t{stands}", post.id, post.role, post.valid_from);
    }
    for session in open {
        println!("session={}\tsince {}\tlast used {}", session.id, session.created_at, session.last_used_at);
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives a person one more post, or a post in place of another.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn add(config: &Config, adding: &Adding) -> Result<ExitCode, Failure> {
    let role = role(&adding.role)?;
    let desk = desk(config)?;
    let staff = find(&desk, &adding.login)?;
    let agency = agency(&desk.store, adding.municipality.as_deref(), &adding.agency)?;
    if agency.municipality_id != staff.municipality_id {
        return Err("this agency is of another municipality than the person".into());
    }
    let from = adding.from.unwrap_or(Day(desk.now.date()));
    if Floor::Office.wrong("", from).is_some() {
        return Err(format!("--from: not before {}", Floor::Office.first()).into());
    }
    if adding.until.is_some_and(|until| until < from) {
        return Err("--until: not before the first day".into());
    }
    adding.replaces.map(|id| post_of(&staff, id)).transpose()?;
    let id = PostId::new(desk.now, desk.chance.as_ref());
    let post = Post {
        valid_until: adding.until,
        replaces_post_id: adding.replaces,
        ..Post::confirmed(id, staff.id, agency.id, role, from, desk.now)
    };
    if !change(&desk, staff.id.0, move |person: Person| person.add_post(post, None).ok())? {
        return Err("the post was not added: the person has changed in between; try again".into());
    }
    println!("post_id={id}");
    Ok(ExitCode::SUCCESS)
}

/// Ends a post at once, and all sessions of the person; or rejects a post that waits.
pub(crate) fn end(config: &Config, ending: &Ending) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let staff = find(&desk, &ending.login)?;
    let post = post_of(&staff, ending.post)?;
    let now = desk.now;
    let ended = change(&desk, staff.id.0, move |person: Person| person.end_post(post.id, None, None, now).ok())?;
    if ended { Ok(ExitCode::SUCCESS) } else { Err("this post was ended before".into()) }
}

fn post_of(staff: &Person, id: PostId) -> Result<Post, Failure> {
    let found = staff.posts.iter().copied().find(|post| post.id == id);
    Ok(found.ok_or("the person has no such post; `tsunagu staff show LOGIN` prints them")?)
}
