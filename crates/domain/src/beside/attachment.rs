//! 添付: a scanned form or another file that belongs to a sheet. The case holds what its rules look at; the words about a file and its bytes
//! stand beside it.

use crate::codes::code_list;
use crate::ids::{AgencyId, AttachmentId, StaffId};
use crate::personal::Personal;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// The most attachments that a sheet may have (docs/domain.md).
pub const MOST_ATTACHMENTS: usize = 10;
/// The largest size of an attachment, in bytes.
pub const LARGEST_ATTACHMENT: usize = 10 << 20;

code_list! {
    /// 添付の種類.
    pub enum AttachmentKind ("attachment_kind", "添付の種類") {
        ConsentForm = "consent_form", "同意書"; IntakeForm = "intake_form", "相談受付票"; Other = "other", "その他";
    }
}

code_list! {
    /// ファイルの形式.
    pub enum MediaType ("media_type", "ファイルの形式") {
        Pdf = "application/pdf", "PDF"; Jpeg = "image/jpeg", "JPEG"; Png = "image/png", "PNG";
    }
}

/// An attachment as the case holds it: without its bytes, and without a word that somebody typed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// In which format, by its content.
    pub media_type: MediaType,
    /// Its size in bytes, as it is kept.
    pub size: u64,
    /// SHA-256 over the bytes that are kept, hex.
    pub sha256: String,
    /// The agency that added it.
    pub agency_id: AgencyId,
    /// The person who added it; none for a department system.
    pub staff_id: Option<StaffId>,
    /// When.
    pub added_at: Instant,
    /// Set when the file was taken back: its bytes and its name are gone then.
    pub withdrawn: Option<FileWithdrawn>,
}

/// When a file was taken back, by whom, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileWithdrawn {
    /// When.
    pub at: Instant,
    /// The agency.
    pub agency_id: AgencyId,
    /// The person there; none for a department system.
    pub staff_id: Option<StaffId>,
}

/// What somebody typed about an attachment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FileWords {
    /// The file's name, if one was given.
    Name(Option<Personal<String>>),
    /// Why it was taken back. Its name is gone then.
    Withdrawn(Personal<String>),
}

/// One line of the section `attachments`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttachmentItem {
    /// The attachment.
    pub id: AttachmentId,
    /// What it is.
    pub kind: AttachmentKind,
    /// In which format.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: u64,
    /// When it was added.
    pub added_at: Instant,
}

impl From<&Attachment> for AttachmentItem {
    fn from(it: &Attachment) -> Self {
        Self { id: it.id, kind: it.kind, media_type: it.media_type, size: it.size, added_at: it.added_at }
    }
}

/// An attachment with its bytes, for storage.
#[derive(Clone)]
pub struct NewAttachment {
    /// What the case holds of it.
    pub attachment: Attachment,
    /// The file's name, if one was given.
    pub name: Option<Personal<String>>,
    /// Its bytes.
    pub bytes: Arc<Vec<u8>>,
}
