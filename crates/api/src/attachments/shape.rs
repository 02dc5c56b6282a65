//! The attachment as it goes out.

use domain::attachment::{Attachment, AttachmentKind, MediaType};
use domain::ids::{AgencyId, AttachmentId, StaffId};
use domain::personal::Personal;
use domain::time::Instant;
use serde::Serialize;
use utoipa::ToSchema;

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
}

/// The attachment; its name only `with_name`.
pub(super) fn attachment_response(it: &Attachment, with_name: bool) -> AttachmentResponse {
    AttachmentResponse {
        id: it.id,
        kind: it.kind,
        media_type: it.media_type,
        name: it.name.clone().filter(|_| with_name),
        size: it.size,
        sha256: it.sha256.clone(),
        agency_id: it.agency_id,
        staff_id: it.staff_id,
        added_at: it.added_at,
    }
}
