use super::shape::AgencyResponse;
use super::steps::decide;
use crate::auth::op;
use crate::door::{Nothing, OptionalBody};
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::agency::Decision;
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
    change: Change<op::ConfirmAgencyChange, AgencyId, OptionalBody<Nothing>>,
) -> Result<HttpResponse, Problem> {
    let order = change.order;
    decide(order, Decision::Confirm).await
}
