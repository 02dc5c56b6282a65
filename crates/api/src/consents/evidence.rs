//! Evidence of a consent as an answer.

use domain::case::consent::{Evidence, EvidenceKind};
use domain::ids::{AttachmentId, EvidenceId, StaffId};
use domain::time::Instant;
use serde::Serialize;
use utoipa::ToSchema;

/// 同意の証拠.
#[derive(Serialize, ToSchema)]
pub(super) struct EvidenceResponse {
    id: EvidenceId,
    kind: EvidenceKind,
    /// 中身のハッシュ(SHA-256。筆跡は正準 JSON から、写しはファイルから)
    sha256: String,
    /// 同意書の写しのときは、その添付
    attachment_id: Option<AttachmentId>,
    added_by: Option<StaffId>,
    added_at: Instant,
}

pub(super) fn evidence_response(evidence: &Evidence) -> EvidenceResponse {
    EvidenceResponse {
        id: evidence.id,
        kind: evidence.kind,
        sha256: evidence.sha256.clone(),
        attachment_id: evidence.attachment_id,
        added_by: evidence.added_by,
        added_at: evidence.added_at,
    }
}
