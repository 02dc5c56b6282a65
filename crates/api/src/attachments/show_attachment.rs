use super::shape::File;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::read_sheet;
use crate::problem::Problem;
use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::beside::attachment::MediaType;
use domain::ids::AttachmentId;
use futures_util::stream::try_unfold;
use std::sync::Arc;

/// The file itself, chunk by chunk. The audit trail records that it was read before the first byte leaves.
#[utoipa::path(
    tag = "attachments",
    summary = "添付のファイルを受け取る",
    description = "ファイルそのものを返します。画面の中では開かれず、保存されます。",
    responses((status = 200, description = "ファイル", content(
        (File = "application/pdf"),
        (File = "image/jpeg"),
        (File = "image/png"),
    )))
)]
#[get("/api/v1/attachments/{id}")]
pub(super) async fn show_attachment(
    guard: Guard<op::ShowAttachment>,
    id: Id<AttachmentId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    let found = app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_sheet_of_attachment(id)?)).await?;
    let sheet_id = found.ok_or(Problem::NotFound)?;
    let (media_type, size, opened) = read_sheet(&app, &guard, sheet_id, move |scene| {
        let (tx, mut locked, actor) = (scene.tx, scene.locked, scene.actor);
        let reader = tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let seen = locked.thing.attachments_for(&reader, actor.today());
        let attachment = seen.into_iter().find(|it| it.id == id).cloned().ok_or(Problem::NotFound)?;
        let event =
            EventDraft::new(EventKind::AttachmentRead, Stream::Sheet(sheet_id)).with("attachment_id", Fact::Id(id.0));
        tx.note(&mut locked, &[event], actor)?;
        Ok((attachment.media_type, attachment.size, tx.open_attachment(&locked, id)?))
    })
    .await?;
    let end = match media_type {
        MediaType::Pdf => "pdf",
        MediaType::Jpeg => "jpg",
        MediaType::Png => "png",
    };
    let opened = Arc::new(opened);
    let chunks = try_unfold(0, move |index| {
        let (app, opened) = (app.clone(), Arc::clone(&opened));
        async move {
            if index >= opened.chunks() {
                return Ok(None);
            }
            let bytes = app.store.read::<_, Problem, _>(move |tx| Ok(tx.read_chunk(&opened, index)?)).await?;
            Ok::<_, Problem>(Some((web::Bytes::from(bytes), index + 1)))
        }
    });
    Ok(HttpResponse::Ok()
        .content_type(media_type.as_str())
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.{end}\"")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(SizedStream::new(size, chunks)))
}
