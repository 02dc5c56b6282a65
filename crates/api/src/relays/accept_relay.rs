use super::shape::RelayResponse;
use super::steps::step;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, IfMatch, OptionalBody};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::case::Move;
use domain::ids::{RelayId, StaffId};
use domain::time::Day;
use serde::Deserialize;
use storage::StaffRecord;
use utoipa::ToSchema;
use validator::Validate;

/// 受理(送る内容)。
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptRequest {
    /// 担当する職員
    assigned_staff_id: Option<StaffId>,
    /// いつまでに本人に連絡するか
    contact_by: Option<Day>,
}

/// See `Move::Accept`.
#[utoipa::path(
    tag = "relays",
    summary = "受理する",
    description = "引き受けます。送り元が主担当なら、主担当がここに移ります。",
    request_body = AcceptRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/accept")]
#[allow(clippy::too_many_arguments, reason = "each part of the request is an extractor of its own")]
pub(super) async fn accept_relay(
    guard: Guard<op::AcceptRelay>,
    id: Id<RelayId>,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: OptionalBody<AcceptRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let AcceptRequest { assigned_staff_id, contact_by } = body.value;
    step(&app, &guard, id.0, key, if_match, &request, &body.bytes, move |scene| {
        if let Some(staff_id) = assigned_staff_id {
            let (agency, today) = (scene.actor.agency_id, scene.actor.today());
            let here = |staff: StaffRecord| staff.posts.iter().any(|p| p.agency_id == agency && p.is_valid(today));
            if !scene.tx.find_staff(staff_id)?.is_some_and(here) {
                let detail = "担当者は、自分の部署の職員から選んでください。";
                return Err(Problem::invalid("/assigned_staff_id", "unknown_staff", detail).into());
            }
        }
        Ok(Move::Accept { assigned_staff_id, contact_by })
    })
    .await
}
