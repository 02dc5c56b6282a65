use super::shape::AgencyResponse;
use super::steps::decide;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::agency::Decision;
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
    change: Change<op::RejectAgencyChange, AgencyId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    decide(order, Decision::Reject).await
}
