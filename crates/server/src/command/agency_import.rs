use super::{desk, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::agency::{Agency, Agreement};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::{AgencyClass, Tables};
use domain::ids::{AgencyId, Chance, MunicipalityId};
use domain::time::{Day, Instant};
use domain::{kana, text, wareki};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use storage::{AgencyRecord, MunicipalityRecord, StoreError};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// UTF-8 CSV with the columns code, name, kana, parent_code, class, topics, mailbox, phone, hub, active_from, active_until,
    /// agreement_number, agreement_from, agreement_until. Dates as 2026-04-01 or 令和8年4月1日; topics separated by spaces; hub yes or no.
    file: PathBuf,
    /// The municipality's code (全国地方公共団体コード); needed for the first import into an empty database.
    #[arg(long, requires = "municipality_name")]
    municipality_code: Option<String>,
    /// Its name.
    #[arg(long, requires = "municipality_code")]
    municipality_name: Option<String>,
    /// Only say which rows are wrong; write nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    name: String,
    kana: String,
    #[serde(default)]
    parent_code: String,
    class: String,
    #[serde(default)]
    topics: String,
    #[serde(default)]
    mailbox: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    hub: String,
    active_from: String,
    #[serde(default)]
    active_until: String,
    #[serde(default)]
    agreement_number: String,
    #[serde(default)]
    agreement_from: String,
    #[serde(default)]
    agreement_until: String,
}

fn filled(value: &str) -> Option<String> {
    Some(value.trim().to_owned()).filter(|v| !v.is_empty())
}

fn day(column: &str, value: &str) -> Result<Day, String> {
    wareki::parse(value.trim())
        .map(Day)
        .map_err(|e| format!("{column}: {e}"))
}

impl Row {
    fn record(
        &self,
        id: AgencyId,
        of: MunicipalityId,
        known: &BTreeMap<String, AgencyId>,
        now: Instant,
    ) -> Result<AgencyRecord, String> {
        let code = self.code.trim();
        let formed = (1..=40).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !code.starts_with('-');
        if !formed {
            return Err("code: 1-40 characters a-z 0-9 -".to_owned());
        }
        text::line(&self.name).map_err(|_| "name: one line of text".to_owned())?;
        let class: AgencyClass = self.class.trim().parse().map_err(|_| {
            format!(
                "class: one of {}",
                AgencyClass::ALL
                    .iter()
                    .map(|c| c.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        })?;
        let topics: Vec<String> = self.topics.split_whitespace().map(str::to_owned).collect();
        let tables = Tables::default();
        if let Some(unknown) = topics.iter().find(|t| !tables.is_topic(t)) {
            return Err(format!("topics: {unknown} is not in the list"));
        }
        let phone = filled(&self.phone);
        if phone.as_deref().is_some_and(|p| text::phone(p).is_err()) {
            return Err("phone: digits with hyphens".to_owned());
        }
        let parent_id = match filled(&self.parent_code) {
            None => None,
            Some(parent) => Some(
                *known
                    .get(&parent)
                    .ok_or("parent_code: no such agency in the file before this row")?,
            ),
        };
        let agreement = match filled(&self.agreement_number) {
            None => None,
            Some(number) => Some(Agreement {
                number,
                valid_from: day("agreement_from", &self.agreement_from)?,
                valid_until: day("agreement_until", &self.agreement_until)?,
            }),
        };
        let active_until = filled(&self.active_until)
            .map(|until| day("active_until", &until))
            .transpose()?;
        let hub = match self.hub.trim() {
            "" | "no" => false,
            "yes" => true,
            _ => return Err("hub: yes or no".to_owned()),
        };
        Ok(AgencyRecord {
            agency: Agency {
                id,
                municipality_id: of,
                class,
                active_from: day("active_from", &self.active_from)?,
                active_until,
                agreement,
            },
            code: code.to_owned(),
            name: self.name.trim().to_owned(),
            kana: kana::katakana(self.kana.trim()).map_err(|_| "kana: katakana".to_owned())?,
            parent_id,
            topics,
            mailbox: filled(&self.mailbox),
            phone,
            hub,
            revision: 1,
            updated_at: now,
        })
    }
}

/// Every row as a record, or every row that is wrong.
fn read(path: &PathBuf, of: MunicipalityId, now: Instant, chance: &dyn Chance) -> Result<Vec<AgencyRecord>, Failure> {
    let bytes = std::fs::read(path)?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::None).from_reader(text);
    let (mut records, mut known, mut wrong) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let line = index + 2;
        let id = AgencyId::new(now, chance);
        let record = row
            .map_err(|e| e.to_string())
            .and_then(|row| row.record(id, of, &known, now));
        match record {
            Ok(record) if known.contains_key(&record.code) => wrong.push(format!("row {line}: code: stands twice")),
            Ok(record) => {
                known.insert(record.code.clone(), id);
                records.push(record);
            }
            Err(reason) => wrong.push(format!("row {line}: {reason}")),
        }
    }
    if wrong.is_empty() {
        Ok(records)
    } else {
        Err(format!("nothing was imported:\n{}", wrong.join("\n")).into())
    }
}

/// Imports all rows in one transaction.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let now = desk.now;
    let there = wait(desk.store.read::<_, StoreError, _>(|tx| tx.the_only_municipality()))?;
    let fresh = match (&arguments.municipality_code, &arguments.municipality_name) {
        (Some(code), Some(name)) => Some(MunicipalityRecord {
            id: MunicipalityId::new(now, desk.chance.as_ref()),
            code: code.clone(),
            name: name.clone(),
        }),
        _ => None,
    };
    let hint = "the database has no municipality yet: add --municipality-code and --municipality-name";
    let (municipality, is_new) = match (there, fresh) {
        (Some(there), _) => (there, false),
        (None, Some(fresh)) => (fresh, true),
        (None, None) => return Err(hint.into()),
    };
    let of = municipality.id;
    let records = read(&arguments.file, of, now, desk.chance.as_ref())?;
    let count = records.len();
    if arguments.dry_run {
        println!("{count} rows are in order; nothing was written");
        return Ok(ExitCode::SUCCESS);
    }
    let imported = wait(desk.store.write::<_, StoreError, _>(of.0, move |tx| {
        let mut lock = tx.lock_stream(Stream::Service, None)?;
        if is_new {
            tx.insert_municipality(&municipality, now)?;
        }
        let mut events = Vec::with_capacity(records.len());
        for record in &records {
            tx.insert_agency(record)?;
            let event = EventDraft::new(EventKind::AgencyCreated, Stream::Service);
            events.push(event.with("agency_id", Fact::Id(record.agency.id.0)));
        }
        tx.append(&mut lock, &events, None, now)
    }));
    match imported {
        Err(StoreError::Conflict(_)) => Err("nothing was imported: a code of the file is taken already".into()),
        Err(error) => Err(error.into()),
        Ok(()) => {
            println!("{count} agencies imported");
            Ok(ExitCode::SUCCESS)
        }
    }
}
