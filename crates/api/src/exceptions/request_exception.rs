use super::shape::{ExceptionRequest, ExceptionResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Role;
use domain::ids::{ExceptionId, SheetId};
use std::collections::BTreeSet;

/// Asks for leave to tell one agency something without consent, on the ground of an article of law.
#[utoipa::path(
    tag = "exceptions",
    summary = "同意の例外を申請する",
    description = "法律上の根拠、事実、同意を得ない理由、不利益の検討、事後の計画を記録します。申請した人以外の所属長か個人情報保護管理者が承認すると、一回だけ、申請した相手と項目で、つなぎの根拠(basis の exception_id)に使えます。根拠によっては、緊急のときに限り承認の前に使えますが、使った日の次の開庁日までに承認がなければ、つなぎ先の閲覧を止めます。",
    request_body = ExceptionRequest,
    responses((status = 201, description = "申請しました", body = ExceptionResponse))
)]
#[post("/api/v1/sheets/{id}/exceptions")]
pub(super) async fn request_exception(
    change: Change<op::RequestException, SheetId, Body<ExceptionRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    let exception_id = ExceptionId::new(order.actor().at, order.app.chance.as_ref());
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let agencies = scene.tx.find_agencies(&[asked.to_agency_id, actor.agency_id])?;
        let find = |id| agencies.iter().find(|record| record.agency.id == id).map(|record| &record.agency);
        let detail = "この機関は見つかりません。一覧から選び直してください。";
        find(asked.to_agency_id).ok_or_else(|| Problem::invalid("/to_agency_id", "unknown_agency", detail))?;
        let sender = find(actor.agency_id).ok_or(Problem::Forbidden)?;
        // The manager of the caller's agency can approve it, and so can the privacy officers of the sheet's municipality.
        let municipality = scene.locked.thing.sheet.municipality_id;
        let officers = scene.tx.list_agencies_with(Role::PrivacyOfficer, municipality, actor.today())?;
        let approvers: BTreeSet<_> = officers.into_iter().chain([actor.agency_id]).collect();
        let case = scene.locked.thing.clone();
        let outcome = case.request_exception(exception_id, asked.reasons(), sender, approvers, actor)?;
        let locked = scene.apply(outcome)?;
        let exception = locked.thing.exception(exception_id).ok_or(Problem::NotFound)?;
        let shown = ExceptionResponse::from(locked.thing.exception_view(exception, permit, actor));
        Ok(Answer::created(&shown, format!("/api/v1/exceptions/{exception_id}"))?.with_etag(exception.revision))
    })
    .await
}
