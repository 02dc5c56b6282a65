//! Rules for an agency in the directory that need more than its own fields.

use crate::problem::Problem;
use domain::agency::AgencyRecord;
use domain::ids::{AgencyId, MunicipalityId};
use storage::{StillOpen, StoreError, WriteTx};

/// The most levels of agencies above an agency, and the most successors one after another.
pub(super) const LEVELS: usize = 10;

/// Refuses a parent outside the municipality, and one that is below the agency itself.
///
/// # Errors
/// [`Problem::InvalidInput`] at `/parent_id`.
pub(super) fn check_parent(tx: &mut WriteTx<'_>, record: &AgencyRecord) -> Result<(), Problem> {
    let wrong = |code, detail| Problem::invalid("/parent_id", code, detail);
    let mut above = record.parent_id;
    // One query for each level, and no more than ten, so that this ends even when two changes at once have made a circle.
    for _ in 0..LEVELS {
        let Some(id) = above else { return Ok(()) };
        if id == record.agency.id {
            return Err(wrong("circle", "自分自身や、自分の下にある機関を上位にすることはできません。"));
        }
        let parent = tx.find_agency(id)?;
        let parent = parent.filter(|parent| parent.agency.municipality_id == record.agency.municipality_id);
        let unknown = || wrong("unknown_agency", "上位の機関が見つかりません。一覧から選び直してください。");
        above = parent.ok_or_else(unknown)?.parent_id;
    }
    match above {
        None => Ok(()),
        Some(_) => Err(wrong("too_deep", "上位の機関は10段までです。もっと上の機関を選んでください。")),
    }
}

/// Refuses a successor outside the municipality, the agency itself, and an agency that it succeeds.
///
/// # Errors
/// [`Problem::InvalidInput`] at `/successor_id`.
pub(super) fn check_successor(tx: &mut WriteTx<'_>, record: &AgencyRecord) -> Result<(), Problem> {
    let wrong = |code, detail| Problem::invalid("/successor_id", code, detail);
    let mut after = record.successor_id;
    for _ in 0..LEVELS {
        let Some(id) = after else { return Ok(()) };
        if id == record.agency.id {
            return Err(wrong("circle", "自分自身や、自分が引き継いだ機関を後継にすることはできません。"));
        }
        let found = tx.find_agency(id)?.filter(|it| it.agency.municipality_id == record.agency.municipality_id);
        let unknown = || wrong("unknown_agency", "後を引き継ぐ機関が見つかりません。一覧から選び直してください。");
        after = found.ok_or_else(unknown)?.successor_id;
    }
    match after {
        None => Ok(()),
        Some(_) => Err(wrong("too_deep", "引き継ぎは10段までです。今ある機関を選んでください。")),
    }
}

/// Refuses to end an agency without a successor while it still holds something, and to change the last day of an agency that has ended.
/// Returns what it still holds.
///
/// # Errors
/// [`Problem::InvalidInput`] at `/successor_id` or `/active_until`.
pub(super) fn check_ending(
    tx: &mut WriteTx<'_>,
    found: &AgencyRecord,
    wanted: &AgencyRecord,
) -> Result<StillOpen, Problem> {
    let is_other_day = found.agency.active_until != wanted.agency.active_until;
    if found.ended_at.is_some() && is_other_day {
        let detail = "この機関はもう終わり、手元のものは引き継がれました。同じ機関をまた使うときは、新しい機関として登録してください。";
        return Err(Problem::invalid("/active_until", "ended", detail));
    }
    let open = tx.count_open(wanted.agency.id)?;
    let asks = is_other_day || found.successor_id != wanted.successor_id;
    if asks && wanted.agency.active_until.is_some() && wanted.successor_id.is_none() && !open.is_nothing() {
        return Err(Problem::invalid("/successor_id", "something_open", &still_open(&open)));
    }
    Ok(open)
}

/// What must be done before an agency can end, in words.
fn still_open(open: &StillOpen) -> String {
    let named = [
        ("シート", open.sheets),
        ("主担当のシート", open.held_sheets),
        ("届いたつなぎ", open.relays_received),
        ("送ったつなぎ", open.relays_sent),
        ("停止の通知", open.stop_notices),
        ("例外の申請", open.exceptions),
    ];
    let left = named.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}{count}件"));
    let left = left.collect::<Vec<_>>().join("、");
    format!("この機関には、まだ残っているものがあります({left})。後を引き継ぐ機関を選んでください。")
}

/// Refuses agencies outside the municipality; `at` makes the pointer to the agency at an index of the list.
///
/// # Errors
/// [`Problem::InvalidInput`] with each of them.
pub(super) fn check_agencies(
    tx: &mut WriteTx<'_>,
    municipality: MunicipalityId,
    ids: &[AgencyId],
    at: impl Fn(usize) -> String,
) -> Result<(), Problem> {
    let known = tx.find_agencies(ids)?;
    let is_known = |id: AgencyId| known.iter().any(|a| a.agency.id == id && a.agency.municipality_id == municipality);
    let detail = "機関が見つかりません。一覧から選び直してください。";
    let unknown = ids.iter().enumerate().filter(|(_, id)| !is_known(**id));
    let wrong: Vec<_> =
        unknown.map(|(index, _)| domain::door::FieldError::new(at(index), "unknown_agency", detail)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Problem::InvalidInput(wrong)) }
}

/// Turns the database's conflict into the refusal that a code or a login is taken. The database knows even when two requests arrive at once.
pub(super) fn taken(error: StoreError, pointer: &str, detail: &str) -> Problem {
    match error {
        StoreError::Conflict(_) => Problem::invalid(pointer, "taken", detail),
        other => other.into(),
    }
}
