//! A directory as a table (CSV). Each row becomes the request that would add its agency, so the same rules apply.

use super::agency::LEVELS;
use super::shape::AgencyRequest;
use crate::problem::Problem;
use domain::agency::{AgencyClass, AgencyRecord};
use domain::codes::Tables;
use domain::door::{DoorError, FieldError, from_json};
use domain::ids::{AgencyId, MunicipalityId};
use domain::time::Instant;
use domain::wareki;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The columns. Their order in the file is free, and columns that may be empty may be left out.
const COLUMNS: [&str; 14] = [
    "code",
    "name",
    "kana",
    "parent_code",
    "class",
    "topics",
    "mailbox",
    "phone",
    "hub",
    "active_from",
    "active_until",
    "agreement_number",
    "agreement_from",
    "agreement_until",
];
const NEEDED: [&str; 5] = ["code", "name", "kana", "class", "active_from"];
/// A template, with the byte order mark by which spreadsheets recognise UTF-8, and one row as an example.
pub const TEMPLATE: &str = "\u{feff}code,name,kana,parent_code,class,topics,mailbox,phone,hub,active_from,active_until,agreement_number,agreement_from,agreement_until\r\n\
mihon-soudan,見本 相談課,ミホンソウダンカ,,区の部署,収入・生活費 仕事探し・就職,mihon@example.jp,03-0000-0000,いいえ,令和8年4月1日,,,,\r\n";
/// The most rows that one import may have: they go into one transaction, and their errors into one answer.
const MOST_ROWS: usize = 2_000;

/// An error in a row; it repeats nothing from the row.
#[derive(Debug)]
pub struct BadRow {
    /// The line in the file; the heading is 1.
    pub line: usize,
    /// The column; empty when the row as a whole is wrong.
    pub column: String,
    /// What is wrong, for programs.
    pub code: String,
    /// What to do, in Japanese.
    pub detail: String,
}

impl BadRow {
    /// What to do, with the line and the column.
    pub(super) fn told(&self) -> String {
        match self.column.as_str() {
            "" => format!("{}行目: {}", self.line, self.detail),
            column => format!("{}行目 {column}: {}", self.line, self.detail),
        }
    }

    fn new(line: usize, column: &str, code: &str, detail: &str) -> Self {
        Self { line, column: column.to_owned(), code: code.to_owned(), detail: detail.to_owned() }
    }
}

/// Finds the line of the file in which a row begins: a cell may contain line breaks, and empty lines are skipped.
struct Lines<'a> {
    text: &'a [u8],
    read: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the first byte at or after `from` that is no line break. The rows come in the order of the file.
    fn at(&mut self, from: u64) -> usize {
        let from = usize::try_from(from).unwrap_or(self.read);
        let ends = self.text.get(from..).unwrap_or_default().iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let passed = self.text.get(self.read..from + ends).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.read += passed.len();
        self.line
    }
}

/// An agency that can be a parent, and how many agencies are above it.
#[derive(Clone, Copy)]
struct Known {
    id: AgencyId,
    above: usize,
}

/// Every row as an agency of the municipality `of`, or else every row that is wrong. `there` are the agencies that it has already.
///
/// # Errors
/// All that is wrong, in the order of the lines.
pub fn agencies_of(
    csv: &[u8],
    there: &[AgencyRecord],
    of: MunicipalityId,
    tables: &Tables,
    at: Instant,
    mut next_id: impl FnMut() -> AgencyId,
) -> Result<Vec<AgencyRecord>, Vec<BadRow>> {
    let whole = |code, detail| vec![BadRow::new(1, "", code, detail)];
    let text = std::str::from_utf8(csv)
        .map_err(|_| whole("not_utf8", "UTF-8 として読めません。「CSV UTF-8」の形式で保存してください。"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let mut lines = Lines { text: text.as_bytes(), read: 0, line: 1 };
    let heading: Vec<String> =
        reader.headers().map(|row| row.iter().map(|name| name.trim().to_owned()).collect()).unwrap_or_default();
    let is_known = heading.iter().enumerate().all(|(index, name)| {
        COLUMNS.contains(&name.as_str()) && !heading.iter().take(index).any(|earlier| earlier == name)
    });
    if !is_known || !NEEDED.iter().all(|name| heading.iter().any(|there| there == name)) {
        let detail = "見出しが正しくありません。code、name、kana、class、active_from が要り、ほかは parent_code、topics、mailbox、phone、hub、active_until、agreement_number、agreement_from、agreement_until だけが使えます。";
        return Err(whole("bad_heading", detail));
    }
    let (mut known, mut records, mut wrong) = (known(there), Vec::new(), Vec::new());
    let mut in_file = BTreeMap::new();
    for (index, row) in reader.records().enumerate() {
        let position = match &row {
            Ok(row) => row.position(),
            Err(error) => error.position(),
        };
        let line = lines.at(position.map_or(0, csv::Position::byte));
        if index >= MOST_ROWS {
            wrong.push(BadRow::new(
                line,
                "",
                "too_many",
                "一度に取り込めるのは2000行までです。ファイルを分けてください。",
            ));
            break;
        }
        let Ok(row) = row else {
            wrong.push(BadRow::new(
                line,
                "",
                "not_a_row",
                "列の数が見出しと合いません。引用符とコンマを確かめてください。",
            ));
            continue;
        };
        let cells: BTreeMap<&str, &str> = heading.iter().map(String::as_str).zip(row.iter().map(str::trim)).collect();
        let row = Row { cells };
        match row.record(next_id(), of, &known, tables, at) {
            Ok((record, _)) if in_file.contains_key(&record.code) => {
                wrong.push(BadRow::new(line, "code", "duplicate", "同じコードが、このファイルに二度あります。"));
            }
            Ok((record, _)) if known.contains_key(&record.code) => {
                wrong.push(BadRow::new(line, "code", "taken", "この機関コードはすでに使われています。"));
            }
            Ok((record, above)) => {
                known.insert(record.code.clone(), Known { id: record.agency.id, above });
                in_file.insert(record.code.clone(), line);
                records.push(record);
            }
            Err(errors) => wrong.extend(errors.into_iter().map(|error| BadRow {
                line,
                column: column(&error.pointer),
                code: error.code,
                detail: error.detail,
            })),
        }
    }
    if wrong.is_empty() && records.is_empty() {
        return Err(whole("required", "見出しの下に行がありません。"));
    }
    if wrong.is_empty() { Ok(records) } else { Err(wrong) }
}

fn known(there: &[AgencyRecord]) -> BTreeMap<String, Known> {
    let parents: BTreeMap<AgencyId, Option<AgencyId>> = there.iter().map(|it| (it.agency.id, it.parent_id)).collect();
    let above = |id: AgencyId| {
        let next = |id: &AgencyId| parents.get(id).copied().flatten();
        std::iter::successors(next(&id), next).take(LEVELS + 1).count()
    };
    there.iter().map(|it| (it.code.clone(), Known { id: it.agency.id, above: above(it.agency.id) })).collect()
}

/// The column that a pointer into the request means.
fn column(pointer: &str) -> String {
    match pointer.trim_start_matches('/') {
        "parent_id" => "parent_code".to_owned(),
        "agreement/valid_from" => "agreement_from".to_owned(),
        "agreement/valid_until" => "agreement_until".to_owned(),
        other => {
            other.split('/').take(if other.starts_with("agreement") { 2 } else { 1 }).collect::<Vec<_>>().join("_")
        }
    }
}

struct Row<'a> {
    cells: BTreeMap<&'a str, &'a str>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&str> {
        self.cells.get(column).copied().filter(|text| !text.is_empty())
    }

    /// A day in 和暦 or 西暦, as the request writes it.
    fn day(&self, column: &str, wrong: &mut Vec<FieldError>) -> Option<String> {
        match wareki::parse(self.cell(column)?) {
            Ok(day) => Some(day.to_string()),
            Err(error) => {
                wrong.push(FieldError::new(format!("/{column}"), "not_a_date", error.to_string()));
                None
            }
        }
    }

    /// The agency, and how many agencies are above it.
    fn record(
        &self,
        id: AgencyId,
        of: MunicipalityId,
        known: &BTreeMap<String, Known>,
        tables: &Tables,
        at: Instant,
    ) -> Result<(AgencyRecord, usize), Vec<FieldError>> {
        let mut wrong = Vec::new();
        let parent = self.cell("parent_code").map(|code| {
            known.get(code).copied().ok_or_else(|| {
                let detail =
                    "上位の機関が見つかりません。このファイルのこの行より前か、台帳にあるコードにしてください。";
                FieldError::new("/parent_code", "unknown_agency", detail)
            })
        });
        let parent = parent.transpose().unwrap_or_else(|error| {
            wrong.push(error);
            None
        });
        let above = parent.map_or(0, |parent| parent.above + 1);
        if above > LEVELS {
            wrong.push(FieldError::new("/parent_code", "too_deep", "上位の機関は10段までです。"));
        }
        let hub = match self.cell("hub") {
            None | Some("no" | "いいえ") => false,
            Some("yes" | "はい") => true,
            Some(_) => {
                wrong.push(FieldError::new("/hub", "unknown_code", "yes か no(はい・いいえ)にしてください。"));
                false
            }
        };
        let agreement = self.agreement(&mut wrong);
        let request = json!({
            "code": self.cell("code").unwrap_or_default(),
            "name": self.cell("name").unwrap_or_default(),
            "kana": self.cell("kana").unwrap_or_default(),
            "parent_id": parent.map(|parent| parent.id),
            "class": self.class(),
            "topics": self.topics(tables),
            "mailbox": self.cell("mailbox"),
            "phone": self.cell("phone"),
            "hub": hub,
            "active_from": self.first_day(&mut wrong),
            "active_until": self.day("active_until", &mut wrong),
            "agreement": agreement,
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let request: AgencyRequest = from_json(request.to_string().as_bytes()).map_err(|error| match error {
            DoorError::Malformed(error) => vec![error],
            DoorError::Invalid(errors) => errors,
        })?;
        match request.check(id, tables, of, at) {
            Ok(record) => Ok((record, above)),
            Err(Problem::InvalidInput(errors)) => Err(errors),
            Err(_) => Err(vec![FieldError::new("", "refused", "この行を確かめてください。")]),
        }
    }

    /// The class by its code or its label.
    fn class(&self) -> &str {
        let cell = self.cell("class").unwrap_or_default();
        AgencyClass::ALL.iter().find(|class| class.label() == cell).map_or(cell, |class| class.as_str())
    }

    /// The topics by code or by label, separated by spaces or 、.
    fn topics<'t>(&'t self, tables: &'t Tables) -> Vec<&'t str> {
        let words = self.cell("topics").unwrap_or_default().split(|c: char| c.is_whitespace() || c == '、');
        words.filter(|word| !word.is_empty()).map(|word| tables.topic_called(word).unwrap_or(word)).collect()
    }

    fn first_day(&self, wrong: &mut Vec<FieldError>) -> Option<String> {
        if self.cell("active_from").is_none() {
            wrong.push(FieldError::required("/active_from"));
        }
        self.day("active_from", wrong)
    }

    fn agreement(&self, wrong: &mut Vec<FieldError>) -> Value {
        let columns = ["agreement_number", "agreement_from", "agreement_until"];
        if columns.iter().all(|column| self.cell(column).is_none()) {
            return Value::Null;
        }
        let missing = columns.iter().filter(|column| self.cell(column).is_none());
        wrong.extend(missing.map(|column| FieldError::required(format!("/{column}"))));
        json!({
            "number": self.cell("agreement_number"),
            "valid_from": self.day("agreement_from", wrong),
            "valid_until": self.day("agreement_until", wrong),
        })
    }
}
