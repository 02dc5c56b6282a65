//! Configuration: one TOML file, and environment variables, which win. Without either, the service runs embedded under `./var`.

use api::app::Chosen;
use api::limit::{self, Settings};
use domain::codes::LocalCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is not TOML of the right shape.
    #[error("{path}: {reason}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A value is not valid.
    #[error("{key}: {reason}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// TLS by the service itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    database_url: Option<String>,
    master_key_file: Option<PathBuf>,
    listen: Option<String>,
    metrics_listen: Option<String>,
    mail_url: Option<String>,
    mail_from: Option<String>,
    public_url: Option<String>,
    log: Option<String>,
    tls: Option<TlsFiles>,
    codes: Vec<LocalCode>,
    scanner: Option<String>,
    security_contact: Option<String>,
    trusted_proxies: Vec<String>,
    consent_years: Option<u8>,
    requests_per_minute_person: Option<NonZeroU32>,
    requests_per_minute_system: Option<NonZeroU32>,
    requests_per_minute_address: Option<NonZeroU32>,
}

/// Requests a minute of one person, one department system and one address when nothing is configured. Neither a person, nor a system of a
/// ward, nor a ward office full of people who are not logged in sends as many. A program out of control does.
const PERSON: u32 = 600;
const SYSTEM: u32 = 6_000;
const ADDRESS: u32 = 6_000;

/// How many years a consent lasts at most when nothing is configured, and the range that may be configured. After longer, a person has
/// forgotten what they agreed to.
const CONSENT_YEARS: u8 = 5;
const CONSENT_YEARS_RANGE: std::ops::RangeInclusive<u8> = 1..=10;

/// The configuration that is in force.
#[derive(Clone)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://…`; may hold a password.
    pub database_url: String,
    /// The master keys.
    pub master_key_file: PathBuf,
    /// Whether the key file is made when it does not exist: only for an embedded database.
    pub may_create_key: bool,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address that serves the metrics to the monitoring; without it, no address serves them.
    pub metrics_listen: Option<SocketAddr>,
    /// How mail goes out; may hold a password.
    pub mail_url: String,
    /// The sender of mails.
    pub mail_from: String,
    /// Where people reach the service.
    pub public_url: String,
    /// Which log lines are written.
    pub log: String,
    /// TLS by the service itself.
    pub tls: Option<TlsFiles>,
    /// Codes that the municipality adds or rewords.
    pub codes: Vec<LocalCode>,
    /// The choices for the whole service.
    pub chosen: Chosen,
    /// How much one caller may ask for, and which proxies are trusted to say where a caller is.
    pub limits: Settings,
}

/// The environment variables of this service.
#[expect(clippy::disallowed_methods, reason = "here the environment enters")]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(key, _)| key.starts_with("TSUNAGU_"))
        .collect()
}

/// The parser's message without everything between its first and last quotation mark: that may be a value, and a value may be a password.
/// Names of keys stand between backticks and stay.
fn without_values(message: &str) -> String {
    match (message.split_once('"'), message.rsplit_once('"')) {
        (Some((before, _)), Some((until, after))) if until.len() > before.len() => format!("{before}…{after}"),
        _ => message.to_owned(),
    }
}

/// Whether RFC 9116 §2.5.3 allows it as a contact: a URI that does not go over the network in the clear.
fn is_contact(text: &str) -> bool {
    let has_scheme =
        ["mailto:", "https://", "tel:"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    has_scheme && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn per_minute(
    key: &'static str,
    variable: Option<String>,
    file: Option<NonZeroU32>,
    usual: u32,
) -> Result<NonZeroU32, ConfigError> {
    let wrong = || ConfigError::Value { key, reason: "a whole number of requests, from 1".to_owned() };
    match variable {
        Some(text) => text.parse().map_err(|_| wrong()),
        None => file.or(NonZeroU32::new(usual)).ok_or_else(wrong),
    }
}

fn consent_years(variable: Option<String>, file: Option<u8>) -> Result<u8, ConfigError> {
    let years = match variable {
        Some(text) => text.parse().ok(),
        None => Some(file.unwrap_or(CONSENT_YEARS)),
    };
    let reason = "a whole number of years, from 1 to 10".to_owned();
    years.filter(|years| CONSENT_YEARS_RANGE.contains(years)).ok_or(ConfigError::Value { key: "consent_years", reason })
}

impl Config {
    /// Reads the configuration from a file, if one is named, and from the environment.
    ///
    /// # Errors
    /// Something cannot be read or is not valid.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let file = match file {
            None => File::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| ConfigError::Read { path: path.to_owned(), reason: e.to_string() })?;
                // The parser's message quotes the line, and the line may hold the password. So only its position is reported.
                toml::from_str(&text).map_err(|e: toml::de::Error| {
                    let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                    let line = before.matches('\n').count() + 1;
                    let reason = format!("line {line}: {}", without_values(e.message()));
                    ConfigError::Parse { path: path.to_owned(), reason }
                })?
            }
        };
        let var = |name: &str| environment.get(name).cloned();
        let database_url =
            var("TSUNAGU_DATABASE_URL").or(file.database_url).unwrap_or_else(|| "sqlite:var/tsunagu.db".to_owned());
        let embedded = database_url.strip_prefix("sqlite:").map(PathBuf::from);
        let beside = embedded.as_ref().map(|path| path.with_file_name("master.key"));
        let named = var("TSUNAGU_MASTER_KEY_FILE").map(PathBuf::from).or(file.master_key_file);
        let may_create_key = named.is_none() && beside.is_some();
        let reason = "needed with PostgreSQL: the path of the master key file (TSUNAGU_MASTER_KEY_FILE)".to_owned();
        let master_key_file = named.or(beside).ok_or(ConfigError::Value { key: "master_key_file", reason })?;
        let listen = var("TSUNAGU_LISTEN").or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let wrong = |key, reason: &str| ConfigError::Value { key, reason: reason.to_owned() };
        let unlike = |key| wrong(key, "an address and port, such as 127.0.0.1:8080");
        let listen: SocketAddr = listen.parse().map_err(|_| unlike("listen"))?;
        let metrics_listen = var("TSUNAGU_METRICS_LISTEN").or(file.metrics_listen);
        let metrics_listen = metrics_listen.map(|at| at.parse().map_err(|_| unlike("metrics_listen"))).transpose()?;
        let scanner = var("TSUNAGU_SCANNER").or(file.scanner).map(|place| place.parse());
        let scanner = scanner.transpose().map_err(|()| {
            wrong("scanner", "unix:/PATH or tcp:HOST:PORT of clamd, such as unix:/run/clamav/clamd.ctl")
        })?;
        let consent_years = consent_years(var("TSUNAGU_CONSENT_YEARS"), file.consent_years)?;
        let security_contact = var("TSUNAGU_SECURITY_CONTACT").or(file.security_contact);
        if security_contact.as_deref().is_some_and(|contact| !is_contact(contact)) {
            return Err(wrong("security_contact", "a URI: mailto:ADDRESS, https://PAGE or tel:NUMBER"));
        }
        let scheme = if file.tls.is_some() { "https" } else { "http" };
        let proxies = match var("TSUNAGU_TRUSTED_PROXIES") {
            Some(list) => list.split(',').map(|net| net.trim().to_owned()).filter(|net| !net.is_empty()).collect(),
            None => file.trusted_proxies,
        };
        let limits = Settings {
            trusted_proxies: limit::trusted(&proxies).ok_or_else(|| ConfigError::Value {
                key: "trusted_proxies",
                reason: "addresses or networks, such as 10.0.0.0/8".to_owned(),
            })?,
            person_per_minute: per_minute(
                "requests_per_minute_person",
                var("TSUNAGU_REQUESTS_PER_MINUTE_PERSON"),
                file.requests_per_minute_person,
                PERSON,
            )?,
            system_per_minute: per_minute(
                "requests_per_minute_system",
                var("TSUNAGU_REQUESTS_PER_MINUTE_SYSTEM"),
                file.requests_per_minute_system,
                SYSTEM,
            )?,
            address_per_minute: per_minute(
                "requests_per_minute_address",
                var("TSUNAGU_REQUESTS_PER_MINUTE_ADDRESS"),
                file.requests_per_minute_address,
                ADDRESS,
            )?,
        };
        Ok(Self {
            database_url,
            master_key_file,
            may_create_key,
            mail_url: var("TSUNAGU_MAIL_URL").or(file.mail_url).unwrap_or_else(|| "file:var/mail".to_owned()),
            mail_from: var("TSUNAGU_MAIL_FROM").or(file.mail_from).unwrap_or_else(|| "tsunagu@localhost".to_owned()),
            public_url: var("TSUNAGU_PUBLIC_URL").or(file.public_url).unwrap_or_else(|| format!("{scheme}://{listen}")),
            log: var("TSUNAGU_LOG").or(file.log).unwrap_or_else(|| "info".to_owned()),
            listen,
            metrics_listen,
            chosen: Chosen { consent_years, scanner, security_contact },
            tls: file.tls,
            codes: file.codes,
            limits,
        })
    }

    /// Whether the database is embedded.
    pub fn is_embedded(&self) -> bool {
        self.database_url.starts_with("sqlite:")
    }

    /// Where people reach a service that listens at `address`: the configured URL; if its port is 0, with the port that the system chose.
    pub(crate) fn public_url_at(&self, address: SocketAddr) -> String {
        match self.public_url.strip_suffix(":0") {
            Some(before) if self.listen.port() == 0 => format!("{before}:{}", address.port()),
            _ => self.public_url.clone(),
        }
    }

    /// Makes the directory of an embedded database.
    ///
    /// # Errors
    /// It does not exist and cannot be made.
    pub(crate) fn make_directory(&self) -> Result<(), ConfigError> {
        let path = self.database_url.strip_prefix("sqlite:").map(Path::new);
        match path.and_then(Path::parent).filter(|d| !d.as_os_str().is_empty()) {
            None => Ok(()),
            Some(directory) => std::fs::create_dir_all(directory).map_err(|e| ConfigError::Value {
                key: "database_url",
                reason: format!("cannot make {}: {e}", directory.display()),
            }),
        }
    }
}
