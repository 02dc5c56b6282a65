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
        Err(_) if config.may_create_key && !config.master_key_file.exists() => {
            Ok(format!("{} will be made at the first start", config.master_key_file.display()))
        }
        Err(error) => Err(error.to_string()),
    };
    say("master key", keys);
    let database = config.database_url.parse::<DatabaseUrl>().map_err(|e| e.to_string());
    let kind = if config.is_embedded() { "SQLite" } else { "PostgreSQL" };
    let absent = config.database_url.strip_prefix("sqlite:").is_some_and(|path| !std::path::Path::new(path).exists());
    say(
        "database",
        match database {
            Ok(_) if absent => Ok(format!("{kind}; will be made at the first start")),
            Ok(url) => storage::migrate::pending(&url).map_err(|e| e.to_string()).map(|pending| match pending.len() {
                0 => format!("{kind}, schema up to date"),
                waiting => format!("{kind}, {waiting} migrations wait for the next start"),
            }),
            Err(error) => Err(error),
        },
    );
    let scheme = config.mail_url.split(':').next().unwrap_or_default().to_owned();
    // Without a port of its own, the public URL gets one at the start.
    let public_url = config.public_url.strip_suffix(":0").unwrap_or(&config.public_url);
    say(
        "mail",
        notifier::check(&config.mail_url, &config.mail_from, public_url)
            .map(|()| format!("goes out by {scheme}:"))
            .map_err(|e| e.to_string()),
    );
    let local = config.public_url.starts_with("http://127.0.0.1") || config.public_url.starts_with("http://localhost");
    let https = config.public_url.starts_with("https://");
    say(
        "public URL",
        match (https, local, &config.tls) {
            // The cookie would go without `Secure`.
            (false, _, Some(_)) => Err(format!("{} is not https, though [tls] is set", config.public_url)),
            (false, false, None) => Err(format!("{} is not https", config.public_url)),
            _ => Ok(config.public_url.clone()),
        },
    );
    say(
        "codes",
        domain::codes::Tables::default()
            .extend(&config.codes)
            .map(|()| format!("{} of this municipality's own", config.codes.len()))
            .map_err(|_| crate::running::StartError::Codes.to_string()),
    );
    if let Some(files) = &config.tls {
        say(
            "TLS",
            crate::tls::server_config(files).map(|_| "certificate and key fit".to_owned()).map_err(|e| e.to_string()),
        );
    }
    say("listen", Ok(config.listen.to_string()));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
