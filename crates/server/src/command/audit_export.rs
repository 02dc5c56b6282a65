use super::{desk, municipality, wait};
use crate::cli::Failure;
use crate::config::Config;
use std::io::{BufWriter, Write};
use std::process::ExitCode;
use storage::{EventFilter, StoreError};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The code of the municipality, where the service has several.
    #[arg(long)]
    municipality: Option<String>,
}

/// The most events that one query reads.
const AT_ONCE: usize = 1000;

/// Writes every event of the municipality as NDJSON, in constant memory. For the operator; auditors use the API.
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let municipality = municipality(&desk.store, arguments.municipality.as_deref())?.id;
    let mut out = BufWriter::new(std::io::stdout().lock());
    wait(async {
        let end = desk.store.write::<_, StoreError, _>(uuid::Uuid::nil(), |tx| tx.settled_event_position()).await?;
        let mut after = 0;
        loop {
            let read = move |tx: &mut storage::ReadTx<'_>| {
                tx.list_events_from(municipality, &EventFilter::default(), after, end, AT_ONCE)
            };
            let events = desk.store.read::<_, StoreError, _>(read).await?;
            let Some(last) = events.last() else { break };
            after = last.position;
            for event in events {
                serde_json::to_writer(&mut out, &api::event_json(event))?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok::<_, Failure>(())
    })?;
    Ok(ExitCode::SUCCESS)
}
