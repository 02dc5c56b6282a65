use super::shape::{StopNoticeResponse, stop_response};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::StopReply;
use domain::case::stop::Disposition;
use domain::ids::StopRequestId;
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 停止の通知への回答(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StopAnswerRequest {
    /// 写しの扱い
    disposition: Disposition,
    /// 保有する根拠の法令(保有するときは必須)
    #[validate(length(max = 300), custom(function = "text::block"))]
    #[schema(max_length = 300)]
    legal_ground: Option<String>,
    /// 説明
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

impl StopAnswerRequest {
    fn reply(&self) -> StopReply {
        StopReply {
            disposition: self.disposition,
            legal_ground: self.legal_ground.clone().map(Personal::new),
            note: self.note.clone().map(Personal::new),
        }
    }
}

/// Records what the agency did with its copies.
#[utoipa::path(
    tag = "stop-notices",
    summary = "停止の通知に回答する",
    description = "手元の写しを廃棄・消去したか、法令により保有するかを回答します。保有するときは、根拠の法令が要ります。",
    request_body = StopAnswerRequest,
    responses((status = 200, description = "停止の通知", body = StopNoticeResponse))
)]
#[post("/api/v1/stop-notices/{id}/answer")]
pub(super) async fn answer_stop_notice(
    change: Change<op::AnswerStopNotice, StopRequestId, Body<StopAnswerRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let (id, asked) = (order.id, body);
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let outcome = scene.locked.thing.clone().answer_stop(id, asked.reply(), actor)?;
        let locked = scene.apply(outcome)?;
        let stop = locked.thing.stop(id).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&stop_response(&locked.thing, stop, permit, actor))?)
    })
    .await
}
