use super::cleaned::cleaned;
use super::shape::{AttachmentResponse, attachment_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, Query, Upload};
use crate::execute::{Answer, Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::http::header::{self, ContentDisposition};
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::digest;
use domain::attachment::{Attachment, AttachmentKind, NewAttachment};
use domain::case::Refusal;
use domain::door::FieldError;
use domain::ids::{AttachmentId, SheetId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// So many characters a file's name may have.
const LONGEST_NAME: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AttachmentQuery {
    /// 種類
    kind: AttachmentKind,
}

/// Adds a file to a sheet. The body is the file itself; its name, which is personal, comes in a header.
#[utoipa::path(
    tag = "attachments",
    summary = "ファイルを添付する",
    description = "本文にファイルをそのまま入れて送ります。PDF・JPEG・PNG だけを、中身で見分けて受け付けます(10 MiB、10件まで)。写真に付いた位置や日時などの情報は取り除きます。ファイルの名前は Content-Disposition の filename* で送れます。",
    params(AttachmentQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "ファイル"),
    responses((status = 201, description = "添付しました", body = AttachmentResponse))
)]
#[post("/api/v1/sheets/{id}/attachments")]
pub(super) async fn add_attachment(
    guard: Guard<op::AddAttachment>,
    id: Id<SheetId>,
    query: Query<AttachmentQuery>,
    key: IdempotencyKey,
    upload: Upload,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let kind = query.0.kind;
    let name = file_name(&request)?;
    // The place for an upload is given back only when all of this is over.
    let Upload { bytes, place: _place } = upload;
    let sent = format!("{kind} {} {}", sha256(&bytes), name.as_deref().unwrap_or_default());
    let claim = claim(&app, guard.actor(), key, &request, sent.as_bytes());
    let id_of_new = AttachmentId::new(guard.actor().at, app.chance.as_ref());
    let kept = cleaned(&bytes).map(|kept| (kept.media_type, sha256(&kept.bytes), Arc::new(kept.bytes.into_owned())));
    drop(bytes);
    on_sheet(&app, &guard, Target::Sheet(id.0), Some(claim), None, move |scene| {
        let actor = scene.actor;
        // Said after the question who asks: what a stranger sends is not looked at aloud.
        let Some((media_type, sha256, bytes)) = kept.clone() else {
            let detail = "PDF・JPEG・PNG のファイルではないか、壊れています。別の形式で保存し直して、送ってください。";
            return Err(Refusal::Invalid(vec![FieldError::new("", "unknown_format", detail)]).into());
        };
        let attachment = Attachment {
            id: id_of_new,
            kind,
            media_type,
            name: name.clone().map(Personal::new),
            size: bytes.len() as u64,
            sha256,
            agency_id: actor.agency_id,
            staff_id: actor.staff_id(),
            added_at: actor.at,
        };
        let shown = attachment_response(&attachment, true);
        let outcome = scene.locked.case.clone().attach(NewAttachment { attachment, bytes }, actor)?;
        scene.apply(outcome)?;
        Ok(Answer::created(&shown, format!("/api/v1/attachments/{id_of_new}"))?.showing_content())
    })
    .await
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// The name in `Content-Disposition: attachment; filename*=UTF-8''…` (RFC 6266 §4.3, RFC 8187).
fn file_name(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(header::CONTENT_DISPOSITION) else { return Ok(None) };
    let detail = "ファイルの名前は、Content-Disposition の filename*=UTF-8''… で、200文字までで送ってください。";
    let bad = || Problem::invalid("", "bad_file_name", detail);
    let disposition = ContentDisposition::from_raw(value).map_err(|_| bad())?;
    let Some(named) = disposition.get_filename_ext() else { return Ok(None) };
    let name = String::from_utf8(named.value.clone()).map_err(|_| bad())?;
    let short = name.chars().count() <= LONGEST_NAME;
    if short && text::line(&name).is_ok() { Ok(Some(name)) } else { Err(bad()) }
}
