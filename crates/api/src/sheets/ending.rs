//! What closing, reopening and voiding have in common: a reason for the progress record, and the sheet as the answer.

use super::shape::{SheetResponse, shown_document};
use crate::app::App;
use crate::execute::{Answer, Scene, Stop};
use crate::problem::Problem;
use domain::agency::Actor;
use domain::beside::entry::{Entry, EntryMethod};
use domain::case::{Outcome, Subject};
use domain::content::Section;
use domain::ids::{EntryId, SheetId};
use domain::personal::Personal;

/// The reason as an entry of the progress record (支援経過): encrypted like everything that is written about a person.
pub(super) fn reason(app: &App, sheet_id: SheetId, text: String, actor: &Actor) -> Entry {
    Entry {
        id: EntryId::new(actor.at, app.chance.as_ref()),
        sheet_id,
        agency_id: actor.agency_id,
        staff_id: actor.staff_id(),
        occurred_at: actor.at,
        method: EntryMethod::Other,
        section: Section::Opinion,
        text: Personal::new(text),
        recorded_at: actor.at,
    }
}

/// Writes the outcome and answers with the sheet as it is after that.
pub(super) fn answer(scene: Scene<'_, '_>, outcome: Outcome) -> Result<Answer, Stop> {
    let Scene { tx, locked, actor, permit } = scene;
    let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
    let document = shown_document(tx, &locked, &reader, actor.today())?;
    let closure = outcome.changes.closure.clone();
    let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
    let view = locked.thing.sheet_view(&document, closure, &reader, permit, actor);
    let seen = locked.thing.shown(Subject::Sheet, &reader, actor.today());
    let (shown, bare) = (SheetResponse::from(view.clone()), SheetResponse::from(view.bare()));
    Ok(Answer::ok(&shown)?.with_etag(shown.revision()).showing(seen, &bare)?)
}
