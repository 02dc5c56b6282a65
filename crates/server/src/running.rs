//! A running service: store, HTTP, mail and reminders wired together.

use crate::config::{Config, ConfigError};
use crate::connections;
use crate::rounds;
use crate::tls::{self, Certificate};
use actix_web::dev::{Server, ServerHandle};
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
    server: Server,
    metrics: Option<(SocketAddr, ServerHandle)>,
    stop_mail: Arc<Notify>,
    mail: Option<JoinHandle<()>>,
    certificate: Option<Arc<Certificate>>,
}

/// The workers beside the requests, for a caller that runs them by hand.
#[derive(Clone)]
pub struct Workers {
    app: web::Data<App>,
    notifier: Notifier,
}

impl Workers {
    /// Makes every round once; returns how many things were written.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn sweep(&self, clock: &dyn Clock) -> Result<usize, storage::StoreError> {
        rounds::sweep(&self.app, clock).await
    }

    /// Sends the mails that are due, once; returns how many were sent, put off or given up.
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
    storage::keys::note(&url, &keys)?;
    Ok(Store::open(&url, keys, chance, &Settings::default())?)
}

/// Starts the service. Mail and reminders run by themselves only with `workers`; a test runs them by hand.
///
/// # Errors
/// Something is missing or wrong.
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
    let (limits, chosen) = (config.limits.clone(), config.chosen.clone());
    let app = web::Data::new(App::new(store, Arc::clone(&clock), chance, tables, public_url, limits, chosen)?);
    let served = app.clone();
    connections::allow_files();
    let http = HttpServer::new(move || api::service(served.clone()))
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
    let certificate = config.tls.as_ref().map(Certificate::read).transpose()?.map(Arc::new);
    let http = match &certificate {
        None => http.listen(listener),
        Some(certificate) => http.listen_rustls_0_23(listener, Arc::clone(certificate).server_config()?),
    };
    let server = http.map_err(|e| StartError::Listen(address, e))?.run();
    let metrics = config.metrics_listen.map(|at| metrics(at, app.clone())).transpose()?;
    let stop_mail = Arc::new(Notify::new());
    let mail = workers.then(|| {
        actix_web::rt::spawn(rounds::run(app.clone(), clock));
        let stop = Arc::clone(&stop_mail);
        actix_web::rt::spawn(notifier.clone().run(async move { stop.notified().await }))
    });
    Ok(Running { address, workers: Workers { app, notifier }, server, metrics, stop_mail, mail, certificate })
}

/// Serves the metrics, and nothing else, at an address that only the monitoring can reach.
fn metrics(at: SocketAddr, app: web::Data<App>) -> Result<(SocketAddr, ServerHandle), StartError> {
    let refused = |e| StartError::Listen(at, e);
    let listener = TcpListener::bind(at).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let http = HttpServer::new(move || api::metrics(app.clone()))
        .workers(1)
        .max_connections(connections::METRICS)
        .worker_max_blocking_threads(1)
        .client_request_timeout(connections::HEAD)
        .keep_alive(connections::KEEP_ALIVE)
        .client_disconnect_timeout(connections::CLOSING)
        .disable_signals();
    let server = http.listen(listener).map_err(refused)?.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    tracing::info!(%address, "the metrics are served");
    Ok((address, handle))
}

impl Running {
    /// The address of the metrics.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(address, _)| *address)
    }

    /// The handle that stops the service.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// The workers beside the requests.
    pub fn workers(&self) -> Workers {
        self.workers.clone()
    }

    /// The certificate that is shown, where the service speaks TLS itself.
    pub(crate) fn certificate(&self) -> Option<Arc<Certificate>> {
        self.certificate.clone()
    }

    /// Tells the mail worker to take no more mails; it finishes those that it is sending.
    pub(crate) fn stop_mail(&self) -> Arc<Notify> {
        Arc::clone(&self.stop_mail)
    }

    /// Serves until it is stopped and the mails that are being sent then are gone.
    ///
    /// # Errors
    /// The sockets fail.
    pub async fn serve(self) -> std::io::Result<()> {
        let served = self.server.await;
        self.stop_mail.notify_one();
        if let Some(mail) = self.mail {
            let _ = mail.await;
        }
        // The metrics are served until the end.
        if let Some((_, metrics)) = self.metrics {
            metrics.stop(false).await;
        }
        let Workers { app, .. } = self.workers;
        if let Err(error) = api::note_counted_failures(&app, app.now()).await {
            tracing::warn!(cause = %error, "failures of strangers that were counted are not noted");
        }
        served
    }
}
