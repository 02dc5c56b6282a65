use super::shape::AgencyResponse;
use super::steps::{Decision, decide};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::ids::AgencyId;

/// See [`Decision::Confirm`].
#[utoipa::path(
    tag = "directory",
    summary = "機関の区分・協定の変更を確認する",
    description = "求めた人とは別のシステム管理者か個人情報保護管理者が確認すると、そのときから変わります。新しい機関は、確認されてから使えます。",
    responses((status = 200, description = "機関", body = AgencyResponse))
)]
#[post("/api/v1/agencies/{id}/pending/confirm")]
pub(super) async fn confirm_agency_change(
    guard: Guard<op::ConfirmAgencyChange>,
    id: Id<AgencyId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    decide(&app, guard.actor(), id.0, key, if_match, &request, &body.bytes, Decision::Confirm).await
}
