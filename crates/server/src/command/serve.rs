use crate::cli::Failure;
use crate::config::Config;
use crate::running::start;
use crate::telemetry;
use crate::tls::Certificate;
use crate::world::{SystemChance, SystemClock};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Serves until SIGTERM or SIGINT, then finishes what is under way; a second signal ends it at once.
#[expect(clippy::print_stdout, reason = "the one line that says that the service is ready")]
pub(crate) fn run(config: &Config) -> Result<ExitCode, Failure> {
    telemetry::start(&config.log);
    // Arms the points that `FAILPOINTS` names.
    #[cfg(all(feature = "failpoints", debug_assertions))]
    let _armed = fail::FailScenario::setup();
    super::wait(async {
        let running = start(config, Arc::new(SystemClock), Arc::new(SystemChance::new()), true)?;
        // Before the line that others wait for: once they read it, a signal must not end the process at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let hangup = signal(SignalKind::hangup())?;
        actix_web::rt::spawn(keep_certificate(running.certificate(), hangup));
        let (handle, stop_mail) = (running.handle(), running.stop_mail());
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        println!("listening on {scheme}://{}", running.address);
        actix_web::rt::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::info!("stopping: no new connections, those under way are finished");
            stop_mail.notify_one();
            actix_web::rt::spawn(async move { handle.stop(true).await });
            either(&mut terminate, &mut interrupt).await;
            // Nothing that was acknowledged is lost: it was committed before.
            tracing::warn!("a second signal: ending at once");
            std::process::exit(1);
        });
        running.serve().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The longest time that a renewed certificate can go unnoticed without SIGHUP.
const LOOKS: Duration = Duration::from_secs(60);

/// Loads a renewed certificate: at SIGHUP, and every minute. Without TLS, SIGHUP does nothing; it never ends the process.
async fn keep_certificate(certificate: Option<Arc<Certificate>>, mut hangup: Signal) {
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            () = tokio::time::sleep(LOOKS) => {}
        }
        let Some(certificate) = certificate.clone() else { continue };
        // It reads two small files, on a thread that may wait for a disk.
        match actix_web::web::block(move || certificate.renew()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => tracing::info!("a renewed certificate was taken up"),
            Ok(Err(error)) => {
                tracing::error!(cause = %error, "a renewed certificate cannot be used; the one before stays")
            }
            Err(_) => tracing::error!("a renewed certificate cannot be looked for"),
        }
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
