use super::shape::{Save, SheetRequest, SheetResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, Id, IfMatch, SHEET_LIMIT};
use crate::execute::{Answer, Target, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, put, web};
use domain::calendar;
use domain::case::sheet::{MOST_REVISIONS_A_DAY, Standing};
use domain::ids::SheetId;
use domain::time::DAY_SECONDS;

/// Replaces the whole body of a sheet. The `state` in the request can turn a draft into a registered sheet.
#[utoipa::path(
    tag = "sheets",
    summary = "シートを書き直す",
    description = "全体を送ります。受付済のシートでは前の版も残ります。下書きは state=registered を送ると受付が確定し、番号が付きます。",
    request_body = SheetRequest,
    responses((status = 200, description = "書き直しました", body = SheetResponse))
)]
#[put("/api/v1/sheets/{id}")]
pub(super) async fn revise_sheet(
    guard: Guard<op::ReviseSheet>,
    id: Id<SheetId>,
    if_match: IfMatch,
    body: Body<SheetRequest, SHEET_LIMIT>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let sheet = body.value.check(&app.tables, guard.actor())?;
    on_sheet(&app, &guard, Target::Sheet(id.0), None, Some(if_match), move |scene| {
        let earlier = scene.tx.document(&scene.locked)?;
        let (actor, permit) = (scene.actor, scene.permit);
        let case = scene.locked.thing.clone();
        let is_draft = case.sheet.standing == Standing::Draft;
        if !is_draft && sheet.save == Save::Draft {
            let detail = "受付済のシートを下書きに戻すことはできません。state を registered にして送ってください。";
            return Err(Problem::invalid("/state", "not_a_draft", detail).into());
        }
        let since = actor.at.plus_seconds(-DAY_SECONDS);
        if !is_draft && scene.tx.has_revisions_since(&scene.locked, MOST_REVISIONS_A_DAY, since)? {
            let detail = "このシートは、この24時間にもう100回書き直されています。まとめて直し、明日保存してください。";
            return Err(Problem::invalid("", "too_many_today", detail).into());
        }
        let registers = is_draft && sheet.save == Save::Registered;
        let number = if registers {
            Some(scene.tx.next_number(case.sheet.municipality_id, calendar::fiscal_year(actor.at.date()))?)
        } else {
            None
        };
        let outcome = case.revise(sheet.input(), number, &earlier, actor)?;
        let reader = scene.tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let locked = scene.apply(outcome)?;
        let shown = SheetResponse::from(locked.thing.sheet_view(sheet.document(), None, &reader, permit, actor));
        Ok(Answer::ok(&shown)?.with_etag(shown.revision()))
    })
    .await
}
