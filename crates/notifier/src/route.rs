//! Where mails leave: to a mail server, or into a directory. Blocks.

use crate::NotifierError;
use crate::url::{MailUrl, Protection};
use domain::ids::MailId;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::extension::ClientId;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) enum Route {
    File(PathBuf),
    Smtp(Box<Server>),
}

pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Option<TlsParameters>,
    /// Whether TLS begins with STARTTLS.
    starttls: bool,
    credentials: Option<Credentials>,
    hello: ClientId,
    /// To connect, and for each answer.
    timeout: Duration,
}

/// A mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The class of the error, for the log and the database: never what the server said.
    pub(crate) code: String,
    /// Whether another attempt would fail the same way.
    pub(crate) hopeless: bool,
}

impl Failure {
    pub(crate) fn hopeless(code: impl Into<String>) -> Self {
        Self { code: code.into(), hopeless: true }
    }

    pub(crate) fn passing(code: impl Into<String>) -> Self {
        Self { code: code.into(), hopeless: false }
    }
}

impl Route {
    /// A server must show a certificate that leads to a root of this machine or to one of `more_roots`.
    pub(crate) fn new(
        url: &MailUrl,
        own_host: &str,
        timeout: Duration,
        more_roots: Vec<Certificate>,
    ) -> Result<Self, NotifierError> {
        match url {
            MailUrl::File(directory) => {
                std::fs::create_dir_all(directory).map_err(|error| NotifierError::Directory(error.kind()))?;
                Ok(Self::File(directory.clone()))
            }
            MailUrl::Smtp { protection, host, port, credentials } => {
                if *protection == Protection::Plain && credentials.is_some() {
                    tracing::warn!(
                        "the mail URL sends a password over a plain connection; smtps:// or ?tls=starttls would not"
                    );
                }
                let tls = match protection {
                    Protection::Plain => None,
                    Protection::StartTls | Protection::Tls => {
                        // The same provider as everywhere; another part of the program may have set it already.
                        let _already_set = rustls::crypto::aws_lc_rs::default_provider().install_default();
                        let plain = TlsParameters::builder(host.clone());
                        let with_roots = more_roots.into_iter().fold(plain, TlsParametersBuilder::add_root_certificate);
                        Some(with_roots.build().map_err(|_| NotifierError::Tls)?)
                    }
                };
                let hello = match own_host.parse() {
                    Ok(address) => ClientId::Ipv4(address),
                    Err(_) if own_host.starts_with('[') => ClientId::default(),
                    Err(_) => ClientId::Domain(own_host.to_owned()),
                };
                Ok(Self::Smtp(Box::new(Server {
                    host: host.clone(),
                    port: *port,
                    tls,
                    starttls: *protection == Protection::StartTls,
                    credentials: credentials.clone().map(|(user, password)| Credentials::new(user, password)),
                    hello,
                    timeout,
                })))
            }
        }
    }

    pub(crate) fn send(&self, id: MailId, letter: &Message) -> Result<(), Failure> {
        match self {
            Self::File(directory) => put(directory, id, &letter.formatted()).map_err(|_| Failure::passing("file")),
            Self::Smtp(server) => server.send(letter),
        }
    }
}

impl Route {
    /// Connects as for a mail, and leaves without sending one.
    pub(crate) fn probe(&self) -> Result<(), Failure> {
        if let Self::Smtp(server) = self {
            let mut connection = server.connect().map_err(|error| Failure::passing(class("connect", &error)))?;
            let _polite = connection.quit();
        }
        Ok(())
    }
}

/// Writes a file that appears complete or not at all. A mail that is sent twice is one file.
fn put(directory: &Path, id: MailId, letter: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let draft = directory.join(format!(".{id}.{}.part", std::process::id()));
    // The letter says which agency is told of which sheet, so only the owner may read it.
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let written = file.write_all(letter).and_then(|()| file.sync_all());
    written.and_then(|()| std::fs::rename(&draft, directory.join(format!("{id}.eml")))).inspect_err(|_| {
        let _best_effort = std::fs::remove_file(&draft);
    })
}

impl Server {
    fn send(&self, letter: &Message) -> Result<(), Failure> {
        // A failure before the mail is offered (no service, a wrong password) is not the mail's fault, so it is never hopeless.
        let mut connection = self.connect().map_err(|error| Failure::passing(class("connect", &error)))?;
        let sent = connection.send(letter.envelope(), &letter.formatted());
        // Once the server has accepted the mail, the mail is delivered. After an error, lettre has closed the connection.
        match sent {
            Ok(_) => {
                let _polite = connection.quit();
                Ok(())
            }
            Err(error) if error.is_permanent() => Err(Failure::hopeless(class("smtp", &error))),
            Err(error) => Err(Failure::passing(class("smtp", &error))),
        }
    }

    fn connect(&self) -> Result<SmtpConnection, Error> {
        let from_the_start = self.tls.as_ref().filter(|_| !self.starttls);
        let server = (self.host.as_str(), self.port);
        let mut connection = SmtpConnection::connect(server, Some(self.timeout), &self.hello, from_the_start, None)?;
        if let (Some(tls), true) = (&self.tls, self.starttls) {
            // This fails when the server does not offer STARTTLS: nothing is sent in the clear.
            connection.starttls(tls, &self.hello)?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials)?;
        }
        Ok(connection)
    }
}

/// `smtp_451`, `connect_535`, `timeout`, `tls`, …: of what the server said, only its code.
fn class(stage: &str, error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("{stage}_{code}");
    }
    if timed_out(error) {
        return "timeout".to_owned();
    }
    if error.is_tls() { "tls".to_owned() } else { stage.to_owned() }
}

/// On Linux, a read that waits too long gives `WouldBlock`, which `Error::is_timeout` does not know.
fn timed_out(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        }
        source = error.source();
    }
    false
}
