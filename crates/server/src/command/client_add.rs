use super::{agency, desk, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use api::Secret;
use domain::account::Client;
use domain::agency::Scope;
use domain::ids::ClientId;
use std::collections::BTreeSet;
use std::process::ExitCode;
use storage::StoreError;

/// The scopes that this command may give. `consents:record` needs an administrator and a privacy officer, who log in to the page for it.
const SCOPES: [Scope; 6] = [
    Scope::SheetsWrite,
    Scope::SheetsRead,
    Scope::RelaysWrite,
    Scope::RelaysRead,
    Scope::AuditRead,
    Scope::DirectoryWrite,
];

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What the system is called.
    #[arg(long)]
    name: String,
    /// The code of the agency that it belongs to.
    #[arg(long)]
    agency: String,
    /// What it may do: sheets:write sheets:read relays:write relays:read audit:read directory:write.
    #[arg(long = "scope", required = true, value_delimiter = ',')]
    scopes: Vec<String>,
    /// The code of the agency's municipality, where the service has several.
    #[arg(long)]
    municipality: Option<String>,
}

/// The credentials of a department system; the secret is shown once.
pub struct Credentials {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
}

/// Adds a department system and prints its credentials.
#[expect(clippy::print_stdout, reason = "the secret is shown here, once")]
pub(crate) fn run(config: &Config, arguments: Arguments) -> Result<ExitCode, Failure> {
    let Credentials { id, secret } = add(config, &arguments)?;
    println!("client_id={id}\nclient_secret={secret}");
    Ok(ExitCode::SUCCESS)
}

/// Adds a department system to an agency of the only municipality.
///
/// # Errors
/// There is no such agency or scope, or the store refuses.
pub fn make(config: &Config, name: String, agency: String, scopes: &[String]) -> Result<Credentials, Failure> {
    let scopes = scopes.to_vec();
    add(config, &Arguments { name, agency, scopes, municipality: None })
}

/// Adds a department system. Of its secret only a hash is kept.
fn add(config: &Config, arguments: &Arguments) -> Result<Credentials, Failure> {
    person_or_thing("name", &arguments.name)?;
    let unknown = |s: &String| format!("{s:?} is no scope; there are {}", SCOPES.map(Scope::as_str).join(", "));
    let scopes =
        arguments.scopes.iter().map(|s| s.parse().map_err(|_| unknown(s))).collect::<Result<BTreeSet<Scope>, _>>()?;
    if !scopes.iter().all(|scope| SCOPES.contains(scope)) {
        return Err(
            "consents:record is given in the page: an administrator adds the system, a privacy officer confirms it"
                .into(),
        );
    }
    let desk = desk(config)?;
    let secret = Secret::new(desk.chance.as_ref());
    let (id, now) = (ClientId::new(desk.now, desk.chance.as_ref()), desk.now);
    let agency = agency(&desk.store, arguments.municipality.as_deref(), &arguments.agency)?;
    let client = Client {
        id,
        municipality_id: agency.municipality_id,
        agency_id: agency.id,
        name: arguments.name.clone(),
        secret_hash: secret.hash,
        scopes,
        earlier_secret: None,
        next_secret: None,
        created_at: now,
        made_by: None,
        // A user of the service's command line could change the database, too.
        confirmed_at: Some(now),
        revoked_at: None,
    };
    wait(
        desk.store
            .write::<_, StoreError, _>(id.0, move |tx| tx.apply_new(client.clone().create(), None, now).map(drop)),
    )?;
    Ok(Credentials { id: id.to_string(), secret: secret.shown })
}
