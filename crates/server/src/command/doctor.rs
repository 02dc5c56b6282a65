//! `tsunagu doctor`: what is in force, and what is wrong with it.

mod place;

use super::{desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use crate::world::SystemClock;
use std::process::ExitCode;
use storage::examine::{Difference, Mending, Verdict, Verdict::*, examine, examine_deeply};
use storage::keys::Keyring;
use storage::{DatabaseUrl, Settings};

/// What the command looks at.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also compare every sheet, agency, person and department system with its trail, and every row for lists and searches with what it
    /// repeats. The service may run at the same time.
    #[arg(long)]
    deep: bool,
    /// Write the rows for lists and searches again where they differ. What decides, and the trail, are never changed.
    #[arg(long, requires = "deep")]
    repair: bool,
}

/// Prints what was found and remembers whether anything was wrong.
struct Report {
    sound: bool,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "this is the command line")]
    fn say(&mut self, what: &str, verdict: Verdict) {
        let (word, told) = match verdict {
            Fine(told) => ("ok     ", told),
            Note(told) => ("note   ", told),
            Wrong(told) => {
                self.sound = false;
                ("WRONG  ", told)
            }
        };
        println!("{word}{what}: {told}");
    }
}

fn verdict(result: Result<String, impl std::fmt::Display>) -> Verdict {
    result.map_or_else(|wrong| Wrong(wrong.to_string()), Fine)
}

/// Says what is in force and what is wrong; fails when something is. Sends nothing, and changes nothing but what `--repair` mends.
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut report = Report { sound: true };
    let keys = key(config, &mut report);
    database(config, keys.as_ref(), &mut report);
    mail(config, &mut report);
    public_url(config, &mut report);
    let codes = domain::codes::Tables::default()
        .extend(&config.codes)
        .map(|()| format!("{} of this municipality's own", config.codes.len()))
        .map_err(|_| crate::running::StartError::Codes);
    report.say("codes", verdict(codes));
    report.say("consents", Fine(format!("last {} years at most", config.chosen.consent_years)));
    if let Some(files) = &config.tls {
        report.say("TLS", verdict(crate::tls::Certificate::read(files).map(|_| "certificate and key fit".to_owned())));
    }
    report.say("open files", place::open_files());
    report.say("listen", Fine(config.listen.to_string()));
    if arguments.deep {
        deep(config, arguments.repair, &mut report)?;
    }
    Ok(if report.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares everything that is stored with what the service wrote.
fn deep(config: &Config, repair: bool, report: &mut Report) -> Result<(), Failure> {
    let desk = desk(config)?;
    let looked_at = wait(examine_deeply(&desk.store, desk.now, repair, |it| {
        let Difference { thing, what, told, mending } = it;
        let verdict = match mending {
            Mending::Never => Wrong(format!("{what}: {told}")),
            Mending::Possible => {
                Wrong(format!("{what}: {told}; `tsunagu doctor --deep --repair` writes these rows again"))
            }
            Mending::Done => Note(format!("{what}: {told}; written again")),
        };
        report.say(&thing, verdict);
    }))?;
    report.say("looked at", Fine(format!("{looked_at} streams of the trail, with all that belongs to them")));
    Ok(())
}

fn key(config: &Config, report: &mut Report) -> Option<Keyring> {
    let path = &config.master_key_file;
    match Keyring::load(path) {
        Ok(keys) => {
            report.say("master key", Fine(format!("{} can be read, by its owner alone", path.display())));
            report.say("directory of the key", place::directory_of(path));
            Some(keys)
        }
        Err(_) if config.may_create_key && !path.exists() => {
            report.say("master key", Fine(format!("{} will be made at the first start", path.display())));
            None
        }
        Err(error) => {
            report.say("master key", Wrong(error.to_string()));
            None
        }
    }
}

fn database(config: &Config, keys: Option<&Keyring>, report: &mut Report) {
    let url = match config.database_url.parse::<DatabaseUrl>() {
        Ok(url) => url,
        Err(error) => return report.say("database", Wrong(error.to_string())),
    };
    match url.file() {
        Some(file) if !file.exists() => {
            report.say("database", Fine("SQLite; will be made at the first start".to_owned()));
            report.say("room for the database", place::room(file));
            return;
        }
        Some(file) => {
            report.say("database file", place::database_file(file));
            report.say("room for the database", place::room(file));
        }
        // The disk of a PostgreSQL database is in another machine, or PostgreSQL's own monitoring watches it.
        None => {}
    }
    for finding in examine(&url, keys, &SystemClock, &Settings::default()) {
        report.say(finding.what, finding.verdict);
    }
}

fn mail(config: &Config, report: &mut Report) {
    let scheme = config.mail_url.split(':').next().unwrap_or_default().to_owned();
    // A public URL with port 0 gets the real port at the start.
    let public_url = config.public_url.strip_suffix(":0").unwrap_or(&config.public_url);
    match (notifier::probe(&config.mail_url, &config.mail_from, public_url), notifier::directory(&config.mail_url)) {
        (Err(error), _) => report.say("mail", Wrong(error.to_string())),
        (Ok(()), Some(directory)) => {
            report.say("mail", place::writable(&directory));
            report.say("room for mail", place::room(&directory));
        }
        (Ok(()), None) => report.say("mail", Fine(format!("goes out by {scheme}:, and the mail server takes it"))),
    }
}

fn public_url(config: &Config, report: &mut Report) {
    let url = &config.public_url;
    let local = url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
    let verdict = match (url.starts_with("https://"), local, &config.tls) {
        // The cookie would be sent without `Secure`.
        (false, _, Some(_)) => Wrong(format!("{url} is not https, though [tls] is set")),
        (false, false, None) => Wrong(format!("{url} is not https")),
        _ => Fine(url.clone()),
    };
    report.say("public URL", verdict);
}
