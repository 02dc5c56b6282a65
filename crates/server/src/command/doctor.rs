use crate::cli::Failure;
use crate::config::Config;
use std::process::ExitCode;
use storage::DatabaseUrl;
use storage::keys::Keyring;

/// Says what is in force and what is wrong; fails when something is. Changes nothing.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config) -> Result<ExitCode, Failure> {
    let mut sound = true;
    let mut say = |what: &str, verdict: Result<String, String>| match verdict {
        Ok(fine) => println!("ok     {what}: {fine}"),
        Err(wrong) => {
            sound = false;
            println!("WRONG  {what}: {wrong}");
        }
    };
    let keys = match Keyring::load(&config.master_key_file) {
        Ok(_) => Ok(format!("{} can be read", config.master_key_file.display())),
        Err(_) if config.may_create_key && !config.master_key_file.exists() => Ok(format!(
            "{} will be made at the first start",
            config.master_key_file.display()
        )),
        Err(error) => Err(error.to_string()),
    };
    say("master key", keys);
    let database = config.database_url.parse::<DatabaseUrl>().map_err(|e| e.to_string());
    let kind = if config.is_embedded() { "SQLite" } else { "PostgreSQL" };
    let absent = config
        .database_url
        .strip_prefix("sqlite:")
        .is_some_and(|path| !std::path::Path::new(path).exists());
    say(
        "database",
        match database {
            Ok(_) if absent => Ok(format!("{kind}; will be made at the first start")),
            Ok(url) => storage::migrate::pending(&url)
                .map_err(|e| e.to_string())
                .map(|pending| match pending.len() {
                    0 => format!("{kind}, schema up to date"),
                    waiting => format!("{kind}, {waiting} migrations wait for the next start"),
                }),
            Err(error) => Err(error),
        },
    );
    let scheme = config.mail_url.split(':').next().unwrap_or_default().to_owned();
    let known = ["smtp", "smtps", "file"].contains(&scheme.as_str());
    say(
        "mail",
        if known {
            Ok(format!("goes out by {scheme}:"))
        } else {
            Err("mail_url must begin with smtp:, smtps: or file:".into())
        },
    );
    let local = config.public_url.starts_with("http://127.0.0.1") || config.public_url.starts_with("http://localhost");
    let secure = config.public_url.starts_with("https://") || local;
    say(
        "public URL",
        if secure {
            Ok(config.public_url.clone())
        } else {
            Err(format!("{} is not https", config.public_url))
        },
    );
    if let Some(files) = &config.tls {
        say(
            "TLS",
            crate::tls::server_config(files)
                .map(|_| "certificate and key fit".to_owned())
                .map_err(|e| e.to_string()),
        );
    }
    say("listen", Ok(config.listen.to_string()));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
