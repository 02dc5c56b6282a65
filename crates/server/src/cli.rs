//! The command line.

use crate::command;
use crate::config::{Config, environment};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// つなぐシート: records, consents, relays, and an audit trail that can be proved.
#[derive(Parser)]
#[command(name = "tsunagu", version)]
pub struct Cli {
    /// The configuration file (TOML).
    #[arg(long, global = true, env = "TSUNAGU_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP, send mail, remind.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Fill an empty database with a demonstration.
    Demo,
    /// Municipalities.
    #[command(subcommand)]
    Municipality(Municipality),
    /// People who work with the service.
    #[command(subcommand)]
    Staff(Staff),
    /// Department systems.
    #[command(subcommand)]
    Client(Client),
    /// Agencies.
    #[command(subcommand)]
    Agency(Agency),
    /// The audit trail.
    #[command(subcommand)]
    Audit(Audit),
    /// Receipts of consents.
    #[command(subcommand)]
    Consent(Consent),
    /// Print openapi.yaml.
    Openapi,
    /// Say what is in force and what is wrong. Sends nothing, and changes nothing without --repair.
    Doctor(command::doctor::Arguments),
    /// Copy the database to a new directory while the service runs. The master key is not in the copy.
    Backup(command::backup::Arguments),
    /// Put a copy back into an empty database; the master key must be in place. Receivers stay shut out until `reopen`.
    Restore(command::restore::Arguments),
    /// After a restore, let receivers read again, once everything that was taken back since the copy has been recorded anew.
    Reopen(command::reopen::Arguments),
}

#[derive(Subcommand)]
enum Municipality {
    /// Add a municipality to the service.
    Add(command::municipality::Arguments),
    /// Print the municipalities of the service, code and name.
    List,
    /// Give a municipality another name.
    Rename(command::municipality::Arguments),
}

#[derive(Subcommand)]
enum Staff {
    /// Add a person with one post. The password is read from standard input; if there is none, an invitation is printed.
    Add(command::staff_add::Arguments),
    /// Print a one-time code for a person who has forgotten the password.
    Code(command::staff_account::Arguments),
    /// End a person's sessions and keep them from logging in.
    Disable(command::staff_account::Arguments),
    /// Let a person log in again.
    Enable(command::staff_account::Arguments),
    /// Print a person's posts and what they have open.
    Show(command::staff_account::Arguments),
    /// End what a person has open; they may log in again.
    LogOut(command::staff_account::Arguments),
    /// Give a person one more post, or a post in place of another.
    AddPost(command::staff_post::Adding),
    /// End a post at once.
    EndPost(command::staff_post::Ending),
}

#[derive(Subcommand)]
enum Client {
    /// Add a department system; its secret is printed once.
    Add(command::client_add::Arguments),
    /// Print the department systems, a line each.
    List,
    /// Shut a department system out, at once and forever.
    Revoke(command::client::Which),
    /// Give a department system another secret, printed once; the earlier one still counts for a while.
    Rotate(command::client::Rotation),
}

#[derive(Subcommand)]
enum Agency {
    /// Import a directory from CSV: all rows or none.
    Import(command::agency_import::Arguments),
    /// Print the agencies, a line each.
    List(command::agency::Of),
    /// Give an agency another name.
    Rename(command::agency::Renaming),
    /// Give an agency a last day, and an agency that gets its sheets.
    End(command::agency::End),
}

#[derive(Subcommand)]
enum Audit {
    /// Check an unfiltered NDJSON export: 0 sound, 1 tampered, 2 incomplete, 4 unusable.
    Verify {
        /// The export; `-` for standard input.
        file: PathBuf,
    },
    /// Write every event as NDJSON to standard output.
    Export(command::audit_export::Arguments),
}

#[derive(Subcommand)]
enum Consent {
    /// Check a receipt without the service: 0 in force at the moment it names, 1 tampered, 2 no longer in force, 4 unusable.
    Verify(command::consent_verify::Arguments),
}

/// The error of a command that fails.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs the command and returns its exit code.
#[expect(clippy::print_stderr, reason = "this is the command line")]
pub fn run(cli: Cli) -> ExitCode {
    match execute(cli) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("tsunagu: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<ExitCode, Failure> {
    // These commands need neither configuration nor database.
    match &cli.command {
        Command::Openapi => return command::openapi::run(),
        Command::Audit(Audit::Verify { file }) => return command::audit_verify::run(file),
        Command::Consent(Consent::Verify(arguments)) => return Ok(command::consent_verify::run(arguments)),
        _ => {}
    }
    let config = Config::load(cli.config.as_deref(), &environment())?;
    match cli.command {
        Command::Serve => command::serve::run(&config),
        Command::Migrate => command::migrate::run(&config),
        Command::Demo => command::demo::run(&config),
        Command::Municipality(Municipality::Add(arguments)) => command::municipality::add(&config, &arguments),
        Command::Municipality(Municipality::List) => command::municipality::list(&config),
        Command::Municipality(Municipality::Rename(arguments)) => command::municipality::rename(&config, &arguments),
        Command::Staff(Staff::Add(arguments)) => command::staff_add::run(&config, arguments),
        Command::Staff(Staff::Code(arguments)) => command::staff_account::code(&config, &arguments),
        Command::Staff(Staff::Disable(arguments)) => command::staff_account::disable(&config, &arguments),
        Command::Staff(Staff::Enable(arguments)) => command::staff_account::enable(&config, &arguments),
        Command::Staff(Staff::Show(arguments)) => command::staff_post::show(&config, &arguments),
        Command::Staff(Staff::LogOut(arguments)) => command::staff_account::log_out(&config, &arguments),
        Command::Staff(Staff::AddPost(adding)) => command::staff_post::add(&config, &adding),
        Command::Staff(Staff::EndPost(ending)) => command::staff_post::end(&config, &ending),
        Command::Client(Client::Add(arguments)) => command::client_add::run(&config, arguments),
        Command::Client(Client::List) => command::client::list(&config),
        Command::Client(Client::Revoke(which)) => command::client::revoke(&config, &which),
        Command::Client(Client::Rotate(rotation)) => command::client::rotate(&config, &rotation),
        Command::Agency(Agency::Import(arguments)) => command::agency_import::run(&config, &arguments),
        Command::Agency(Agency::List(of)) => command::agency::list(&config, &of),
        Command::Agency(Agency::Rename(renaming)) => command::agency::rename(&config, &renaming),
        Command::Agency(Agency::End(end)) => command::agency::end(&config, &end),
        Command::Audit(Audit::Export(arguments)) => command::audit_export::run(&config, &arguments),
        Command::Audit(Audit::Verify { file }) => command::audit_verify::run(&file),
        Command::Consent(Consent::Verify(arguments)) => Ok(command::consent_verify::run(&arguments)),
        Command::Openapi => command::openapi::run(),
        Command::Doctor(arguments) => command::doctor::run(&config, &arguments),
        Command::Backup(arguments) => command::backup::run(&config, &arguments),
        Command::Restore(arguments) => command::restore::run(&config, &arguments),
        Command::Reopen(arguments) => command::reopen::run(&config, &arguments),
    }
}
