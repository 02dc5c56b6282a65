use super::shape::AgencyResponse;
use super::steps::{Decision, decide};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, Nothing, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::ids::AgencyId;

/// See [`Decision::Reject`].
#[utoipa::path(
    tag = "directory",
    summary = "機関の区分・協定の変更を取りやめる",
    description = "待っている変更を取りやめます。求めた人が自分で取りやめることもできます。",
    responses((status = 200, description = "機関", body = AgencyResponse))
)]
#[post("/api/v1/agencies/{id}/pending/reject")]
pub(super) async fn reject_agency_change(
    guard: Guard<op::RejectAgencyChange>,
    id: Id<AgencyId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<Nothing>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    decide(&app, guard.actor(), id.0, key, if_match, &request, &body.bytes, Decision::Reject).await
}
