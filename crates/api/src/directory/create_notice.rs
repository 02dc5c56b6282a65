use super::shape::{NoticeRequest, NoticeResponse};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Body, IdempotencyKey};
use crate::execute::{Answer, claim, on_agency};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::NoticeId;

/// Adds the next version of the text that is shown to the resident. A version is never changed: consents name it.
#[utoipa::path(
    tag = "directory",
    summary = "説明文の新しい版を登録する",
    description = "本人に示す説明文の次の版を加えます。前の版は、それを示して得た同意のために、そのまま残ります。",
    request_body = NoticeRequest,
    responses((status = 201, description = "登録しました。Location は説明文の一覧です", body = NoticeResponse))
)]
#[post("/api/v1/notices")]
pub(super) async fn create_notice(
    guard: Guard<op::CreateNotice>,
    key: IdempotencyKey,
    body: Body<NoticeRequest>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let claim = claim(&app, actor, key, &request, &body.bytes);
    let asked = body.value;
    asked.check()?;
    let id = NoticeId::new(actor.at, app.chance.as_ref());
    let municipality_id = actor.municipality_id;
    let new = asked.notice(id, municipality_id);
    on_agency(&app, actor, Some(claim), move |tx, actor| {
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
