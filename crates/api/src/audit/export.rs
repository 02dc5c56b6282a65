//! The whole trail as a stream, oldest first. One page is in memory at a time, and no database connection is held while the client reads.

use super::shape::EventResponse;
use crate::app::App;
use crate::problem::Problem;
use actix_web::web;
use domain::ids::MunicipalityId;
use futures_util::stream::{Stream, try_unfold};
use std::time::Duration;
use storage::{EventFilter, StoredEvent};

/// Events in one read.
const PAGE: usize = 500;

/// The pauses before a read is tried again because the store was busy: a moment of load must not break off an export that has run for minutes.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// How the stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One JSON object a line.
    Ndjson,
    /// A table that spreadsheets open (RFC 4180).
    Csv,
}

const COLUMNS: [&str; 13] = [
    "id",
    "stream",
    "seq",
    "kind",
    "at",
    "sheet_id",
    "staff_id",
    "client_id",
    "post_id",
    "agency_id",
    "prev",
    "hash",
    "body",
];

/// What is exported.
#[derive(Clone)]
pub(super) struct Export {
    /// The application.
    pub(super) app: web::Data<App>,
    /// Whose trail.
    pub(super) municipality: MunicipalityId,
    /// Which events of it.
    pub(super) filter: EventFilter,
    /// The last position: events after it are not part of the export.
    pub(super) end: i64,
    /// How it is written.
    pub(super) format: Format,
}

/// Where an export stands.
enum Progress {
    Start,
    After(i64),
    Done,
}

impl Export {
    /// The stream. An error in the middle closes the connection, so that half an export never looks complete.
    pub(super) fn stream(self) -> impl Stream<Item = Result<web::Bytes, Problem>> + 'static {
        try_unfold((self, Progress::Start), |(export, progress)| async move {
            let (after, mut chunk) = match progress {
                Progress::Start => (0, export.format.head()?),
                Progress::After(position) => (position, Vec::new()),
                Progress::Done => return Ok(None),
            };
            let events = export.page(after).await?;
            let full = events.len() == PAGE;
            let next = match events.last() {
                Some(last) if full => Progress::After(last.position),
                _ => Progress::Done,
            };
            export.format.write(events, &mut chunk)?;
            Ok(Some((web::Bytes::from(chunk), (export, next))))
        })
    }

    async fn page(&self, after: i64) -> Result<Vec<StoredEvent>, Problem> {
        for pause in PAUSES {
            match self.read(after).await {
                Err(Problem::Overloaded) => actix_web::rt::time::sleep(pause).await,
                answer => return answer,
            }
        }
        self.read(after).await
    }

    async fn read(&self, after: i64) -> Result<Vec<StoredEvent>, Problem> {
        let (municipality, filter, end) = (self.municipality, self.filter.clone(), self.end);
        let read =
            move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_events_from(municipality, &filter, after, end, PAGE)?);
        self.app.store.read::<_, Problem, _>(read).await
    }
}

impl Format {
    /// The media type.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The name of the file that a browser saves.
    pub(super) fn disposition(self) -> &'static str {
        match self {
            Self::Ndjson => "attachment; filename=\"audit-events.ndjson\"",
            Self::Csv => "attachment; filename=\"audit-events.csv\"",
        }
    }

    /// The code in the audit trail.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// What comes before the first event.
    fn head(self) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Ndjson => Ok(Vec::new()),
            Self::Csv => {
                // Without the byte order mark Excel reads UTF-8 as Shift_JIS.
                let mut head = "\u{feff}".as_bytes().to_vec();
                table(&mut head, |rows| rows.write_record(COLUMNS))?;
                Ok(head)
            }
        }
    }

    fn write(self, events: Vec<StoredEvent>, chunk: &mut Vec<u8>) -> Result<(), Problem> {
        match self {
            Self::Ndjson => events.into_iter().try_for_each(|event| {
                serde_json::to_writer(&mut *chunk, &EventResponse::from(event))
                    .map_err(|e| Problem::Internal(e.to_string()))?;
                chunk.push(b'\n');
                Ok(())
            }),
            Self::Csv => {
                table(chunk, |rows| events.iter().try_for_each(|event| rows.write_record(cells(event).map(harmless))))
            }
        }
    }
}

fn table<'a>(
    chunk: &'a mut Vec<u8>,
    write: impl FnOnce(&mut csv::Writer<&'a mut Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<(), Problem> {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(chunk);
    let written = write(&mut rows).and_then(|()| Ok(rows.flush()?));
    written.map_err(|e| Problem::Internal(e.to_string()))
}

fn cells(event: &StoredEvent) -> [String; 13] {
    fn maybe<T: std::fmt::Display>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    [
        event.id.to_string(),
        event.stream.clone(),
        event.seq.to_string(),
        event.kind.clone(),
        event.at.to_string(),
        maybe(event.sheet_id),
        maybe(event.staff_id),
        maybe(event.client_id),
        maybe(event.post_id),
        maybe(event.agency_id),
        event.prev.clone(),
        event.hash.clone(),
        event.body.clone(),
    ]
}

/// A cell that no spreadsheet takes for a formula. Somebody may have tampered with what is stored, so not even our own columns are trusted.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::EventId;
    use domain::time::Instant;

    fn event(kind: &str) -> StoredEvent {
        StoredEvent {
            position: 1,
            id: EventId(uuid::Uuid::nil()),
            stream: "service".to_owned(),
            seq: 1,
            kind: kind.to_owned(),
            at: Instant::from_micros(0),
            sheet_id: None,
            relay_id: None,
            staff_id: None,
            client_id: None,
            post_id: None,
            agency_id: None,
            prev: "00".to_owned(),
            hash: "ff".to_owned(),
            body: "{\"a\":1}".to_owned(),
            basis: None,
        }
    }

    #[test]
    fn a_table_has_a_mark_a_header_and_windows_line_ends() {
        let mut text = Format::Csv.head().unwrap();
        Format::Csv.write(vec![event("session.failed")], &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let row = "00000000-0000-0000-0000-000000000000,service,1,session.failed,1970-01-01T09:00:00+09:00,,,,,,00,ff,\"{\"\"a\"\":1}\"\r\n";
        assert_eq!(text, format!("\u{feff}{}\r\n{row}", COLUMNS.join(",")));
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for start in ['=', '+', '-', '@', '\t', '\r'] {
            let cell = format!("{start}1");
            assert_eq!(harmless(cell.clone()), format!("'{cell}"));
        }
        let mut text = Vec::new();
        Format::Csv.write(vec![event("=cmd()")], &mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().contains(",'=cmd(),"));
    }

    #[test]
    fn a_line_of_json_leaves_out_what_is_not_known() {
        let mut text = Vec::new();
        Format::Ndjson.write(vec![event("session.failed")], &mut text).unwrap();
        let line = concat!(
            "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"stream\":\"service\",\"seq\":1,\"kind\":\"session.failed\",",
            "\"at\":\"1970-01-01T09:00:00+09:00\",\"actor\":{},\"prev\":\"00\",\"hash\":\"ff\",\"body\":\"{\\\"a\\\":1}\"}\n"
        );
        assert_eq!(String::from_utf8(text).unwrap(), line);
    }
}
