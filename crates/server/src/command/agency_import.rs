use super::{Desk, codes, desk, municipalities, person_or_thing, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::agency::{Agency, Agreement};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::codes::{AgencyClass, Tables};
use domain::ids::{AgencyId, MunicipalityId};
use domain::time::{Day, Instant};
use domain::{kana, text, wareki};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use storage::{AgencyRecord, MunicipalityRecord, StoreError};
use validator::ValidateEmail;

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// UTF-8 CSV with the columns code, name, kana, parent_code, class, topics, mailbox, phone, hub, active_from, active_until,
    /// agreement_number, agreement_from, agreement_until. Dates as 2026-04-01 or 令和8年4月1日; topics separated by spaces; hub yes or no.
    file: PathBuf,
    /// The municipality's code (全国地方公共団体コード); needed where the service has none yet, or several.
    #[arg(long, visible_alias = "municipality")]
    municipality_code: Option<String>,
    /// The name of a municipality that the service does not have yet.
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
    wareki::parse(value.trim()).map(Day).map_err(|e| format!("{column}: {e}"))
}

/// Refuses a last day before the first.
fn in_order(column: &str, from: Day, until: Option<Day>) -> Result<(), String> {
    match until {
        Some(until) if until < from => Err(format!("{column}: before the first day")),
        _ => Ok(()),
    }
}

impl Row {
    /// `known` are the agencies of the municipality, and those of the rows before.
    fn record(
        &self,
        id: AgencyId,
        of: MunicipalityId,
        known: &BTreeMap<String, AgencyId>,
        now: Instant,
    ) -> Result<AgencyRecord, String> {
        let code = self.code.trim();
        let formed = (1..=40).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !code.starts_with('-');
        if !formed {
            return Err("code: 1-40 characters a-z 0-9 -".to_owned());
        }
        person_or_thing("name", &self.name)?;
        let class: AgencyClass = self.class.trim().parse().map_err(|_| {
            let classes = AgencyClass::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>();
            format!("class: one of {}", classes.join(" "))
        })?;
        let mailbox = filled(&self.mailbox);
        if mailbox.as_deref().is_some_and(|m| !m.validate_email()) {
            return Err("mailbox: an address such as kurashi@example.jp".to_owned());
        }
        let phone = filled(&self.phone);
        if phone.as_deref().is_some_and(|p| text::phone(p).is_err()) {
            return Err("phone: digits with hyphens".to_owned());
        }
        let parent_id = match filled(&self.parent_code) {
            None => None,
            Some(parent) => {
                let unknown = "parent_code: no such agency, in this file before this row or in the service";
                Some(*known.get(&parent).ok_or(unknown)?)
            }
        };
        let hub = match self.hub.trim() {
            "" | "no" => false,
            "yes" => true,
            _ => return Err("hub: yes or no".to_owned()),
        };
        let active_from = day("active_from", &self.active_from)?;
        let active_until = filled(&self.active_until).map(|until| day("active_until", &until)).transpose()?;
        in_order("active_until", active_from, active_until)?;
        Ok(AgencyRecord {
            agency: Agency { id, municipality_id: of, class, active_from, active_until, agreement: self.agreement()? },
            code: code.to_owned(),
            name: self.name.trim().to_owned(),
            kana: kana::katakana(self.kana.trim()).map_err(|_| "kana: katakana".to_owned())?,
            parent_id,
            topics: self.topics()?,
            mailbox,
            phone,
            hub,
            revision: 1,
            updated_at: now,
        })
    }

    fn topics(&self) -> Result<Vec<String>, String> {
        let topics: Vec<String> = self.topics.split_whitespace().map(str::to_owned).collect();
        let tables = Tables::default();
        if let Some(unknown) = topics.iter().find(|t| !tables.is_topic(t)) {
            return Err(format!("topics: {unknown} is not in the list"));
        }
        let once: BTreeSet<_> = topics.iter().collect();
        if once.len() < topics.len() {
            return Err("topics: one stands twice".to_owned());
        }
        Ok(topics)
    }

    fn agreement(&self) -> Result<Option<Agreement>, String> {
        let Some(number) = filled(&self.agreement_number) else {
            let dates = [&self.agreement_from, &self.agreement_until];
            return match dates.into_iter().any(|date| filled(date).is_some()) {
                true => Err("agreement_number: needed where the agreement has dates".to_owned()),
                false => Ok(None),
            };
        };
        person_or_thing("agreement_number", &number)?;
        let valid_from = day("agreement_from", &self.agreement_from)?;
        let valid_until = day("agreement_until", &self.agreement_until)?;
        in_order("agreement_until", valid_from, Some(valid_until))?;
        Ok(Some(Agreement { number, valid_from, valid_until }))
    }
}

/// Every row as a record, or every row that is wrong. `known` are the agencies that the municipality has already.
fn read(
    path: &Path,
    of: MunicipalityId,
    mut known: BTreeMap<String, AgencyId>,
    desk: &Desk,
) -> Result<Vec<AgencyRecord>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "the file is not UTF-8: save it as \"CSV UTF-8\"")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::None).from_reader(text.as_bytes());
    let (mut records, mut in_file, mut wrong) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let line = index + 2;
        let id = AgencyId::new(desk.now, desk.chance.as_ref());
        let record = row.map_err(|e| e.to_string()).and_then(|row| row.record(id, of, &known, desk.now));
        match record {
            Ok(record) if in_file.contains(&record.code) => wrong.push(format!("row {line}: code: stands twice")),
            Ok(record) if known.contains_key(&record.code) => wrong.push(format!("row {line}: code: taken already")),
            Ok(record) => {
                known.insert(record.code.clone(), id);
                in_file.insert(record.code.clone());
                records.push(record);
            }
            Err(reason) => wrong.push(format!("row {line}: {reason}")),
        }
    }
    if !wrong.is_empty() {
        return Err(format!("nothing was imported:\n{}", wrong.join("\n")).into());
    }
    if records.is_empty() {
        return Err("nothing was imported: the file has no row below its heading".into());
    }
    Ok(records)
}

/// The municipality of the agencies, and whether it is new.
fn whose(desk: &Desk, arguments: &Arguments) -> Result<(MunicipalityRecord, bool), Failure> {
    let all = municipalities(&desk.store)?;
    let Some(code) = &arguments.municipality_code else {
        let several = format!("there are several municipalities: say which one ({})", codes(&all));
        let mut all = all.into_iter();
        return match (all.next(), all.next()) {
            (Some(it), None) => Ok((it, false)),
            (Some(_), Some(_)) => Err(several.into()),
            (None, _) => {
                Err("the database has no municipality yet: add --municipality-code and --municipality-name".into())
            }
        };
    };
    match (all.into_iter().find(|it| it.code == *code), &arguments.municipality_name) {
        (Some(it), Some(name)) if it.name != *name => {
            Err(format!("the municipality {code} has another name: {}", it.name).into())
        }
        (Some(it), _) => Ok((it, false)),
        (None, None) => Err(format!("there is no municipality {code:?} yet: add --municipality-name").into()),
        (None, Some(name)) => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if !(1..=40).contains(&code.len()) || !code.bytes().all(plain) {
                return Err("the municipality's code: 1-40 characters A-Z a-z 0-9 -".into());
            }
            person_or_thing("the municipality's name", name)?;
            let id = MunicipalityId::new(desk.now, desk.chance.as_ref());
            let (code, name) = (code.clone(), name.clone());
            Ok((MunicipalityRecord { id, code, name }, true))
        }
    }
}

/// Imports all rows in one transaction.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let desk = desk(config)?;
    let now = desk.now;
    let (municipality, is_new) = whose(&desk, arguments)?;
    let of = municipality.id;
    let there = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.list_agencies(of, None, u32::MAX)))?;
    let known = there.into_iter().map(|record| (record.code, record.agency.id)).collect();
    let records = read(&arguments.file, of, known, &desk)?;
    let count = records.len();
    if arguments.dry_run {
        println!("{count} rows are in order; nothing was written");
        return Ok(ExitCode::SUCCESS);
    }
    let imported = wait(desk.store.write::<_, StoreError, _>(of.0, move |tx| {
        if is_new {
            tx.insert_municipality(&municipality, now)?;
        }
        for record in &records {
            tx.insert_agency(record)?;
            // In a stream of its own, which belongs to its municipality: that of the service is everybody's.
            let id = record.agency.id;
            let mut lock = tx.lock_stream(Stream::Agency(id), Some(of))?;
            let event = EventDraft::new(EventKind::AgencyCreated, Stream::Agency(id));
            tx.append(&mut lock, &[event.with("agency_id", Fact::Id(id.0))], None, now)?;
        }
        Ok(())
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
