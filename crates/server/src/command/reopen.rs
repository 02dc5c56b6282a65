use super::{desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::time::Instant;
use std::process::ExitCode;
use storage::StoreError;

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// When the restored copy was made, as `tsunagu restore` prints it: the service knows nothing of what happened between then and now.
    #[arg(long)]
    from: Instant,
}

/// Lets receivers read again after a restore, and writes the gap into the audit trail.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let (from, now) = (arguments.from, desk.now);
    if from >= now {
        return Err("--from is later than now: name the instant at which the copy was made".into());
    }
    let opened = wait(desk.store.write::<_, StoreError, _>(uuid::Uuid::nil(), move |tx| {
        let mut lock = tx.lock_stream(Stream::Service, None)?;
        if tx.is_open_to_receivers()? {
            return Ok(false);
        }
        tx.open_to_receivers()?;
        let event = EventDraft::new(EventKind::ServiceReopened, Stream::Service)
            .with("gap_from", Fact::Instant(from))
            .with("gap_until", Fact::Instant(now));
        tx.append(&mut lock, &[event], None, now)?;
        Ok(true)
    }))?;
    if !opened {
        return Err("receivers may read already: nothing was changed".into());
    }
    println!("receivers may read again; the audit trail names the gap from {from} until {now}");
    Ok(ExitCode::SUCCESS)
}
