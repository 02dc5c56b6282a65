use super::cleaned::{Cleaned, Unfit, cleaned};
use super::shape::{AttachmentResponse, File, attachment_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{Id, IdempotencyKey, Query, Upload};
use crate::execute::{Answer, Target, claim, on_sheet, read_sheet};
use crate::problem::Problem;
use actix_web::http::header::{self, ContentDisposition};
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::digest;
use domain::beside::attachment::{Attachment, AttachmentKind, FileWords, MediaType, NewAttachment};
use domain::case::{Refusal, Subject};
use domain::door::FieldError;
use domain::ids::{AttachmentId, SheetId};
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// The most characters that the name of a file may have.
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
    description = "本文にファイルをそのまま入れて送ります。PDF・JPEG・PNG だけを、中身で見分けて受け付けます(10 MiB、10件まで)。JavaScript や別のファイルが入ったPDF、暗号化されたPDF、1億画素を超える画像は受け付けません(422)。写真に付いた位置や日時などの情報は取り除きます。ファイルの名前は Content-Disposition の filename* で送れます。",
    params(AttachmentQuery),
    request_body(content = File, content_type = "application/octet-stream", description = "ファイル"),
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
    // A person who may not attach to this sheet takes no place, and nothing that they send is read.
    read_sheet(&app, &guard, id.0, |_| Ok(())).await?;
    // The place is given back only when this function returns.
    let _place = app.uploads.take(&guard.actor().principal)?;
    let bytes = upload.read().await?;
    let sent = format!("{kind} {} {}", sha256(&bytes), name.as_deref().unwrap_or_default());
    let claim = claim(&app, guard.actor(), key, &request, sent.as_bytes());
    let id_of_new = AttachmentId::new(guard.actor().at, app.chance.as_ref());
    // Inflating and scanning take time, so they run outside the worker.
    let its_app = app.clone();
    let looked_at = web::block(move || look_at(&its_app, &bytes)).await;
    let kept = looked_at.map_err(|e| Problem::Internal(e.to_string()))?.map_err(Problem::ScannerAway)?;
    on_sheet(&app, &guard, Target::Sheet(id.0), Some(claim), None, move |scene| {
        let actor = scene.actor;
        // An unwanted file is refused under the lock, so that the same key gets the same answer.
        let (media_type, sha256, bytes) = kept.clone().map_err(|unwanted| Refusal::Invalid(vec![unwanted.error()]))?;
        let attachment = Attachment {
            id: id_of_new,
            kind,
            media_type,
            size: bytes.len() as u64,
            sha256,
            agency_id: actor.agency_id,
            staff_id: actor.staff_id(),
            added_at: actor.at,
            withdrawn: None,
        };
        let name = name.clone().map(Personal::new);
        let words = FileWords::Name(name.clone());
        let added = attachment.clone();
        let reader = scene.tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let outcome = scene.locked.thing.clone().attach(NewAttachment { attachment, name, bytes }, actor)?;
        let locked = scene.apply(outcome)?;
        let shown = attachment_response(&added, Some(words), locked.thing.can_with_file(&added, actor));
        let bare = attachment_response(&added, None, Vec::new());
        let seen = locked.thing.shown(Subject::Attachment(id_of_new), &reader, actor.today());
        Ok(Answer::created(&shown, format!("/api/v1/attachments/{id_of_new}"))?.showing(seen, &bare)?)
    })
    .await
}

/// Why a file is not kept.
#[derive(Clone, Copy)]
enum Unwanted {
    Unfit(Unfit),
    Harmful,
}

impl Unwanted {
    fn error(self) -> FieldError {
        let (code, detail) = match self {
            Self::Unfit(Unfit::Unknown) => (
                "unknown_format",
                "PDF・JPEG・PNG のファイルではないか、壊れています。別の形式で保存し直して、送ってください。",
            ),
            Self::Unfit(Unfit::Huge) => {
                ("too_many_pixels", "画像が大きすぎます(1億画素まで)。縮小して保存し直して、送ってください。")
            }
            Self::Unfit(Unfit::Active) => (
                "active_pdf",
                "このPDFには、開くと動くもの(JavaScript など)や別のファイルが入っているか、暗号化されていて中を確かめられません。PDFを開き、「印刷」で「PDFとして保存」を選んで作り直したものを送ってください。",
            ),
            Self::Harmful => (
                "harmful",
                "このファイルから、ウイルスなど害のあるものが見つかりました。保存していません。開かずに、情報システムの担当に知らせてください。",
            ),
        };
        FieldError::new("", code, detail)
    }
}

/// A file as it is kept: its format, its hash, its bytes.
type Kept = (MediaType, String, Arc<Vec<u8>>);

/// Checks a file: what to keep of it, or why it is not kept. Fails when the scanner does not answer.
fn look_at(app: &App, sent: &[u8]) -> Result<Result<Kept, Unwanted>, String> {
    let Cleaned { media_type, bytes } = match cleaned(sent) {
        Ok(cleaned) => cleaned,
        Err(unfit) => return Ok(Err(Unwanted::Unfit(unfit))),
    };
    if let Some(scanner) = &app.scanner
        && !scanner.is_clean(&bytes).map_err(|e| e.to_string())?
    {
        return Ok(Err(Unwanted::Harmful));
    }
    Ok(Ok((media_type, sha256(&bytes), Arc::new(bytes.into_owned()))))
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
