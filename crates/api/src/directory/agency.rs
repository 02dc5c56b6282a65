//! What an agency in the directory must be, as far as it takes more than its own fields to tell.

use crate::problem::Problem;
use domain::ids::{AgencyId, MunicipalityId};
use storage::{AgencyRecord, StoreError, WriteTx};

/// How many agencies may stand above one another.
pub(super) const LEVELS: usize = 10;

/// Refuses a parent that is not of the municipality, and one that stands below the agency itself.
///
/// # Errors
/// [`Problem::InvalidInput`] at `/parent_id`.
pub(super) fn check_parent(tx: &mut WriteTx<'_>, record: &AgencyRecord) -> Result<(), Problem> {
    let wrong = |code, detail| Problem::invalid("/parent_id", code, detail);
    let mut above = record.parent_id;
    // One look a level, and no more than ten: where two changes at once have made a circle after all, this ends, too.
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

/// Refuses agencies that are not of the municipality; `at` makes the pointer to the one at a place of the list.
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

/// What the database says when a code or login is taken: it knows, even where two arrive at once.
pub(super) fn taken(error: StoreError, pointer: &str, detail: &str) -> Problem {
    match error {
        StoreError::Conflict(_) => Problem::invalid(pointer, "taken", detail),
        other => other.into(),
    }
}
