//! A running service: store, HTTP, mail and reminders wired together.

use crate::config::{Config, ConfigError};
use crate::connections;
use crate::tls;
use crate::worker;
use actix_web::{HttpServer, web};
use api::app::App;
use domain::codes::Tables;
use domain::ids::Chance;
use domain::time::Clock;
use notifier::Notifier;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use storage::keys::Keyring;
use storage::{DatabaseUrl, Settings, Store};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error("database: {0}")]
    Store(#[from] storage::StoreError),
    /// Its URL.
    #[error("database_url: {0}")]
    Url(#[from] storage::ConnectError),
    /// Its schema.
    #[error("migrations: {0}")]
    Migrate(#[from] storage::migrate::MigrateError),
    /// The master key.
    #[error("master key: {0}")]
    Key(#[from] storage::keys::KeyError),
    /// Mail.
    #[error("mail: {0}")]
    Mail(#[from] notifier::NotifierError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The address to listen on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// A code of the configuration.
    #[error("codes: each needs list = \"topics\", a code of 1-20 characters a-z 0-9 _ - and a label")]
    Codes,
}

/// A service that runs on the current actix system.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    workers: Workers,
    server: actix_web::dev::Server,
    stop_mail: Arc<Notify>,
    mail: Option<JoinHandle<()>>,
}

/// What works beside the requests, for whoever runs it by hand.
#[derive(Clone)]
pub struct Workers {
    store: Store,
    notifier: Notifier,
}

impl Workers {
    /// Reminds of what is overdue, once; says of how many.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn sweep(&self, clock: &dyn Clock) -> Result<usize, storage::StoreError> {
        worker::sweep(&self.store, clock).await
    }

    /// Sends what is due, once; says how many mails were claimed.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn mail_once(&self) -> Result<usize, storage::StoreError> {
        let report = self.notifier.run_once().await?;
        Ok(report.sent + report.retried + report.dead)
    }
}

/// The store of a configuration, migrated.
pub(crate) fn open(config: &Config, chance: Arc<dyn Chance>) -> Result<Store, StartError> {
    let url: DatabaseUrl = config.database_url.parse()?;
    config.make_directory()?;
    let keys = match config.may_create_key {
        true => Keyring::load_or_create(&config.master_key_file, chance.as_ref())?,
        false => Keyring::load(&config.master_key_file)?,
    };
    storage::migrate::run(&url)?;
    Ok(Store::open(&url, keys, chance, &Settings::default())?)
}

/// Starts the service. Mail and reminders run by themselves only with `workers`; a test runs them by hand.
///
/// # Errors
/// Whatever is missing or wrong.
pub fn start(
    config: &Config,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    workers: bool,
) -> Result<Running, StartError> {
    let store = open(config, Arc::clone(&chance))?;
    let mut tables = Tables::default();
    tables.extend(&config.codes).map_err(|_| StartError::Codes)?;
    let listener = TcpListener::bind(config.listen).map_err(|e| StartError::Listen(config.listen, e))?;
    let address = listener.local_addr().map_err(|e| StartError::Listen(config.listen, e))?;
    let public_url = config.public_url_at(address);
    let notifier = Notifier::new(
        store.clone(),
        &config.mail_url,
        &config.mail_from,
        &public_url,
        Arc::clone(&clock),
        Arc::clone(&chance),
    )?;
    let app = App::new(store.clone(), Arc::clone(&clock), chance, tables, public_url, config.limits.clone())?;
    let app = web::Data::new(app);
    connections::allow_files();
    let http = HttpServer::new(move || api::service(app.clone()))
        .tcp_nodelay(true)
        .workers(2)
        .max_connections(connections::PER_WORKER)
        .max_connection_rate(connections::HANDSHAKES)
        .worker_max_blocking_threads(connections::BLOCKING)
        .tls_handshake_timeout(connections::HANDSHAKE)
        .client_request_timeout(connections::HEAD)
        .keep_alive(connections::KEEP_ALIVE)
        .client_disconnect_timeout(connections::CLOSING)
        .on_connect(connections::opened)
        .shutdown_timeout(20)
        .disable_signals();
    let http = match &config.tls {
        None => http.listen(listener),
        Some(files) => http.listen_rustls_0_23(listener, tls::server_config(files)?),
    };
    let server = http.map_err(|e| StartError::Listen(address, e))?.run();
    let stop_mail = Arc::new(Notify::new());
    let mail = workers.then(|| {
        actix_web::rt::spawn(worker::run(store.clone(), clock));
        let stop = Arc::clone(&stop_mail);
        actix_web::rt::spawn(notifier.clone().run(async move { stop.notified().await }))
    });
    Ok(Running { address, workers: Workers { store, notifier }, server, stop_mail, mail })
}

impl Running {
    /// The handle that stops the service.
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    /// What works beside the requests.
    pub fn workers(&self) -> Workers {
        self.workers.clone()
    }

    /// What tells the mail worker to take no more; what it is sending it finishes.
    pub(crate) fn stop_mail(&self) -> Arc<Notify> {
        Arc::clone(&self.stop_mail)
    }

    /// Serves until it is stopped, and the mail that is being sent then has gone.
    ///
    /// # Errors
    /// The sockets fail.
    pub async fn serve(self) -> std::io::Result<()> {
        let served = self.server.await;
        self.stop_mail.notify_one();
        if let Some(mail) = self.mail {
            let _ = mail.await;
        }
        served
    }
}
