use super::shape::{NoticeRequest, NoticeResponse};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_directory};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::NoticeId;

/// Adds the next version of the text that is shown to the resident. A version never changes, because consents refer to it.
#[utoipa::path(
    tag = "directory",
    summary = "説明文の新しい版を登録する",
    description = "本人に示す説明文の次の版を加えます。前の版は、それを示して得た同意のために、そのまま残ります。",
    request_body = NoticeRequest,
    responses((status = 201, description = "登録しました。Location は説明文の一覧です", body = NoticeResponse))
)]
#[post("/api/v1/notices")]
pub(super) async fn create_notice(
    change: Change<op::CreateNotice, (), Body<NoticeRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    let actor = order.actor();
    asked.check()?;
    let id = NoticeId::new(actor.at, order.app.chance.as_ref());
    let municipality_id = actor.municipality_id;
    let new = asked.notice(id, municipality_id);
    change_directory(order, move |tx, actor| {
        let record = tx.insert_notice(&new, actor.at)?;
        let event = EventDraft::new(EventKind::NoticeCreated, Stream::Agency(actor.agency_id))
            .with("notice_id", Fact::Id(id.0))
            .with("version", Fact::Count(u64::from(record.version)))
            .with("in_force_from", Fact::Day(record.in_force_from));
        let shown = NoticeResponse::from(record);
        Ok((Answer::created(&shown, "/api/v1/notices".to_owned())?, vec![event]))
    })
    .await
}
