use super::shape::{Checked, Save, SheetRequest, SheetResponse};
use crate::auth::op;
use crate::door::{Body, SHEET_LIMIT};
use crate::execute::{Answer, Change, Target, Verdict, replay};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::agency::Actor;
use domain::calendar;
use domain::case::{Case, Subject};
use domain::ids::SheetId;
use domain::permit::Permit;
use storage::{Claim, Found, WriteTx};

/// Records a sheet: as a draft with whatever is known, or registered with a number.
#[utoipa::path(
    tag = "sheets",
    summary = "シートを作成する",
    description = "下書き(state=draft)は途中の内容のまま保存できます。受付済(state=registered)は必須項目がそろっている必要があり、番号が付きます。",
    request_body = SheetRequest,
    responses((status = 201, description = "作成しました", body = SheetResponse))
)]
#[post("/api/v1/sheets")]
pub(super) async fn create_sheet(
    change: Change<op::CreateSheet, (), Body<SheetRequest, SHEET_LIMIT>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let actor = order.actor().clone();
    let sheet = body.check(&order.app.tables, &actor)?;
    // The id of the sheet chooses the lane of the write. The same request sent twice may run in two lanes; both meet at the row of the key.
    let id = SheetId::new(actor.at, order.app.chance.as_ref());
    order
        .app
        .store
        .write::<_, Problem, _>(id.0, move |tx| create(tx, id, &sheet, &order.claim, &actor))
        .await?
        .respond()
}

fn create(
    tx: &mut WriteTx<'_>,
    id: SheetId,
    sheet: &Checked,
    claim: &Claim,
    actor: &Actor,
) -> Result<Verdict, Problem> {
    // Nearly every key is new: only a run after one whose answer could not be kept looks for an earlier answer.
    if tx.is_run_again() {
        match tx.find_answer(claim)? {
            Found::Nothing => {}
            Found::Answer(kept) => {
                // The content is shown again, and this reading is noted in the stream of the sheet that the request created.
                let made = kept.sheet_id.ok_or(Problem::NotFound)?;
                let locked = tx.lock_case(made)?.ok_or(Problem::NotFound)?;
                return replay(tx, locked, Target::Sheet(made), *kept, actor);
            }
            Found::Reused => return Err(Problem::IdempotencyKeyReused),
        }
    }
    let number = match sheet.save {
        Save::Draft => None,
        // A sheet that cannot be registered has been refused before this; a later refusal would give the number back anyway.
        Save::Registered => Some(tx.next_number(actor.municipality_id, calendar::fiscal_year(actor.at.date()))?),
    };
    let outcome = Case::create(id, sheet.input(), number, actor)?;
    let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
    let locked = tx.apply_new(outcome, Some(actor), actor.at)?;
    let view = locked.thing.sheet_view(sheet.document(), None, &reader, Permit::Allowed, actor);
    let (shown, bare) = (SheetResponse::from(view.clone()), SheetResponse::from(view.bare()));
    let seen = locked.thing.shown(Subject::Sheet, &reader, actor.today());
    let answer =
        Answer::created(&shown, format!("/api/v1/sheets/{id}"))?.with_etag(shown.revision()).showing(seen, &bare)?;
    tx.keep_answer(claim, &answer.stored(), Some(id), actor.at)?;
    Ok(Verdict::Done(answer, false))
}
