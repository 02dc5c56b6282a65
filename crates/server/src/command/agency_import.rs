use super::{Desk, codes, desk, municipalities, municipality, wait};
use crate::cli::Failure;
use crate::config::Config;
use domain::agency::AgencyRecord;
use domain::codes::Tables;
use domain::ids::{AgencyId, MunicipalityId};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use storage::{MunicipalityRecord, StoreError};

/// What the command asks for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// UTF-8 CSV with the columns code, name, kana, parent_code, class, topics, mailbox, phone, hub, active_from, active_until,
    /// agreement_number, agreement_from, agreement_until. Dates as 2026-04-01 or 令和8年4月1日; topics separated by spaces; hub yes or no.
    /// Class and topics as codes or in words; hub also はい or いいえ.
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// The municipality's code (全国地方公共団体コード); needed where the service has none yet, or several.
    #[arg(long, visible_alias = "municipality")]
    municipality_code: Option<String>,
    /// The name of a municipality that the service does not have yet.
    #[arg(long, requires = "municipality_code")]
    municipality_name: Option<String>,
    /// Only print a table to begin with: the columns and one row as an example.
    #[arg(long, conflicts_with = "file")]
    template: bool,
    /// Only say which rows are wrong; write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// All rows as records, or an error that lists every wrong row. `there` are the agencies that the municipality has already.
fn read(path: &Path, of: MunicipalityId, there: &[AgencyRecord], desk: &Desk) -> Result<Vec<AgencyRecord>, Failure> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let next_id = || AgencyId::new(desk.now, desk.chance.as_ref());
    api::agencies_of(&bytes, there, of, &Tables::default(), desk.now, next_id).map_err(|wrong| {
        let said = wrong.iter().map(|row| match row.column.as_str() {
            "" => format!("row {}: {}", row.line, row.detail),
            column => format!("row {}: {column}: {}", row.line, row.detail),
        });
        format!("nothing was imported:\n{}", said.collect::<Vec<_>>().join("\n")).into()
    })
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
            let id = MunicipalityId::new(desk.now, desk.chance.as_ref());
            Ok((municipality::new(code, name, id)?, true))
        }
    }
}

/// Imports all rows in one transaction.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Some(file) = arguments.file.as_deref().filter(|_| !arguments.template) else {
        print!("{}", api::TEMPLATE);
        return Ok(ExitCode::SUCCESS);
    };
    let desk = desk(config)?;
    let now = desk.now;
    let (whose, is_new) = whose(&desk, arguments)?;
    let of = whose.id;
    let there = wait(desk.store.read::<_, StoreError, _>(move |tx| tx.list_agencies(of, None, u32::MAX)))?;
    let records = read(file, of, &there, &desk)?;
    let count = records.len();
    if arguments.dry_run {
        println!("{count} rows are in order; nothing was written");
        return Ok(ExitCode::SUCCESS);
    }
    let imported = wait(desk.store.write::<_, StoreError, _>(of.0, move |tx| {
        if is_new {
            municipality::insert(tx, &whose, now)?;
        }
        for record in &records {
            tx.apply_new(record.clone().create(), None, now)?;
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
