//! The attachment as an answer.

use domain::beside::attachment::{Attachment, AttachmentKind, FileWords, MediaType};
use domain::ids::{AgencyId, AttachmentId, StaffId};
use domain::personal::Personal;
use domain::time::Instant;
use serde::Serialize;
use utoipa::ToSchema;

/// ファイルそのもの
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "says in openapi.yaml what a body is that no type here holds")]
pub(super) struct File(Vec<u8>);

/// 添付.
#[derive(Serialize, ToSchema)]
pub(super) struct AttachmentResponse {
    id: AttachmentId,
    kind: AttachmentKind,
    media_type: MediaType,
    /// ファイルの名前(見られる人にだけ)
    #[schema(value_type = Option<String>)]
    name: Option<Personal<String>>,
    /// 大きさ(バイト)。写真の付加情報を除いたあとのもの
    size: u64,
    /// ハッシュ(SHA-256)
    sha256: String,
    agency_id: AgencyId,
    staff_id: Option<StaffId>,
    added_at: Instant,
    /// 取り下げられたとき、その日時。中身と名前は残っていません
    withdrawn_at: Option<Instant>,
    /// 取り下げた職員
    withdrawn_by: Option<StaffId>,
    /// 取り下げた理由(見られる人にだけ)
    #[schema(value_type = Option<String>)]
    withdrawal_reason: Option<Personal<String>>,
    /// いま、この人ができる変更(operationId)。入力によっては、断られることもある
    can: Vec<&'static str>,
}

/// The attachment. Its name and the reason for taking it back are shown where the words about it are there.
pub(super) fn attachment_response(
    it: &Attachment,
    words: Option<FileWords>,
    can: Vec<&'static str>,
) -> AttachmentResponse {
    let (name, withdrawal_reason) = match words {
        Some(FileWords::Name(name)) => (name, None),
        Some(FileWords::Withdrawn(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    AttachmentResponse {
        id: it.id,
        kind: it.kind,
        media_type: it.media_type,
        name,
        size: it.size,
        sha256: it.sha256.clone(),
        agency_id: it.agency_id,
        staff_id: it.staff_id,
        added_at: it.added_at,
        withdrawn_at: it.withdrawn.as_ref().map(|withdrawn| withdrawn.at),
        withdrawn_by: it.withdrawn.as_ref().and_then(|withdrawn| withdrawn.staff_id),
        withdrawal_reason,
        can,
    }
}
