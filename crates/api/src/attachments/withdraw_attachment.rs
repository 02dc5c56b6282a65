use super::shape::{AttachmentResponse, attachment_response};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, Target, change_target};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::beside::attachment::FileWords;
use domain::ids::AttachmentId;
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 添付の取り下げ。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "別の人の書類を添付したため"}))]
pub(super) struct FileWithdrawalRequest {
    /// 理由
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Takes a file back.
#[utoipa::path(
    tag = "attachments",
    summary = "添付を取り下げる",
    description = "誤って添付したファイルを取り下げます。ファイルの中身と名前は、すべての人について消えます。添付したことと取り下げたことは記録に残ります。つなぎで読めた機関には、写しの扱いを尋ねる停止の通知を送ります。添付した機関と、受け付けた機関ができます。",
    request_body = FileWithdrawalRequest,
    responses((status = 200, description = "取り下げました", body = AttachmentResponse))
)]
#[post("/api/v1/attachments/{id}/withdrawal")]
pub(super) async fn withdraw_attachment(
    change: Change<op::WithdrawAttachment, AttachmentId, Body<FileWithdrawalRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let id = order.id;
    let found = order.app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_attachment(id)?)).await?;
    let sheet_id = found.ok_or(Problem::NotFound)?;
    change_target(order, Target::Sheet(sheet_id), move |scene| {
        let reason = Personal::new(body.reason.clone());
        let actor = scene.actor;
        let outcome = scene.locked.thing.clone().withdraw_file(id, reason.clone(), actor)?;
        let locked = scene.apply(outcome)?;
        let file = locked.thing.attachments.iter().find(|it| it.id == id).ok_or(Problem::NotFound)?;
        Ok(Answer::ok(&attachment_response(
            file,
            Some(FileWords::Withdrawn(reason)),
            locked.thing.can_with_file(file, actor),
        ))?)
    })
    .await
}
