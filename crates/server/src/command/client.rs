//! What can be done with department systems: show them, give them another secret, shut them out.

use super::{change, desk, municipalities, wait};
use crate::cli::Failure;
use crate::config::Config;
use api::Secret;
use domain::account::Client;
use domain::ids::ClientId;
use domain::time::Day;
use std::process::ExitCode;
use storage::StoreError;

/// The longest time for which two secrets of one system may count, in hours: a month.
const LONGEST_OVERLAP: i64 = 31 * 24;

/// Which system.
#[derive(clap::Args)]
pub(crate) struct Which {
    /// Its client_id.
    id: String,
}

/// Which system, and how long its earlier secret still counts.
#[derive(clap::Args)]
pub(crate) struct Rotation {
    #[command(flatten)]
    which: Which,
    /// How many hours the earlier secret still counts; 0 ends it at once.
    #[arg(long, default_value_t = 24)]
    overlap_hours: i64,
}

/// Prints the systems of every municipality, a line each.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn list(config: &Config) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    for municipality in municipalities(&desk.store)? {
        let of = municipality.id;
        for (client, agency) in
            wait(desk.store.read::<_, StoreError, _>(move |tx| tx.list_clients(of, None, u32::MAX)))?
        {
            let scopes = client.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
            let since = client.created_at;
            let end = client.revoked_at.map(|at| format!("\trevoked {at}")).unwrap_or_default();
            let earlier = client.earlier_secret.filter(|(_, until)| desk.now < *until);
            let two = earlier.map(|(_, until)| format!("\ttwo secrets until {until}")).unwrap_or_default();
            let waits = if client.confirmed_at.is_none() { "\twaits for a second person" } else { "" };
            let id = client.id;
            println!(
                "{id}\t{}\t{agency}\t{}\t{scopes}\tsince {since}{two}{waits}{end}",
                municipality.code, client.name
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shuts a system out, at once and forever; its tokens end, too.
pub(crate) fn revoke(config: &Config, which: &Which) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let client = find(&desk, which)?;
    let (id, now) = (client.id, desk.now);
    if !change(&desk, id.0, move |client: Client| client.revoke(now).ok())? {
        return Err("this system is revoked already".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives a system another secret and prints it once.
#[expect(clippy::print_stdout, reason = "the secret is shown here, once")]
pub(crate) fn rotate(config: &Config, rotation: &Rotation) -> Result<ExitCode, Failure> {
    if !(0..=LONGEST_OVERLAP).contains(&rotation.overlap_hours) {
        return Err(format!("--overlap-hours: 0 to {LONGEST_OVERLAP}").into());
    }
    let desk = desk(config)?;
    let client = find(&desk, &rotation.which)?;
    let Secret { shown, hash } = Secret::new(desk.chance.as_ref());
    let (id, until) = (client.id, desk.now.plus_seconds(rotation.overlap_hours * 3600));
    if !change(&desk, id.0, move |client: Client| client.rotate(hash, until).ok())? {
        return Err("this system is revoked: add another one".into());
    }
    println!("client_id={id}\nclient_secret={shown}\nearlier_secret_until={until}");
    Ok(ExitCode::SUCCESS)
}

fn find(desk: &super::Desk, which: &Which) -> Result<Client, Failure> {
    let id: ClientId = which.id.parse().map_err(|_| "this is no client_id; `tsunagu client list` shows them")?;
    let today = Day(desk.now.date());
    let found = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.find_client(id, today)))?;
    Ok(found.ok_or("there is no such system; `tsunagu client list` shows them")?)
}
