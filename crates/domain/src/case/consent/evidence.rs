//! Evidence of a consent beside the record itself: a signature on a pad, stroke by stroke, bound to exactly the text that was shown, or the
//! scanned form that was signed.

use crate::audit::canonical;
use crate::codes::code_list;
use crate::door::FieldError;
use crate::ids::{AttachmentId, ConsentId, EvidenceId, StaffId};
use crate::personal::{Personal, Revealed};
use crate::time::Instant;
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// The most pieces of evidence that a consent may have.
pub const MOST_EVIDENCE: usize = 5;
const MOST_STROKES: usize = 200;
const MOST_POINTS: usize = 8_000;
const LARGEST_PAD: u32 = 10_000;

code_list! {
    /// 証拠の種類.
    pub enum EvidenceKind ("evidence_kind", "証拠の種類") {
        Signature = "signature", "電子署名パッドの筆跡"; Scan = "scan", "署名した同意書の写し";
    }
}

/// A point of a stroke: x and y in units of the pad, and milliseconds since the first.
pub type Point = [u32; 3];

/// A signature as it was drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signature {
    /// The strokes.
    pub strokes: Personal<Vec<Vec<Point>>>,
    /// The pad's width.
    pub width: u32,
    /// The pad's height.
    pub height: u32,
    /// The hash of the text that was shown beside it.
    pub text_hash: String,
}

impl Signature {
    /// What does not hold in it, with pointers into the request; empty when it may be kept. `shown` is the hash of the text that the
    /// consent names.
    pub fn wrong(&self, shown: Option<&str>) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, pointer: &str, code: &str, detail: &str| {
            if !holds {
                wrong.push(FieldError::new(format!("/signature/{pointer}"), code, detail));
            }
        };
        let pad = "署名欄の大きさは、1から10000までにしてください。";
        let fits = |side: u32| (1..=LARGEST_PAD).contains(&side);
        must(fits(self.width), "width", "out_of_range", pad);
        must(fits(self.height), "height", "out_of_range", pad);
        let strokes = self.strokes.expose();
        let points = || strokes.iter().flatten();
        let drawn = !strokes.is_empty() && strokes.iter().all(|stroke| !stroke.is_empty());
        must(drawn, "strokes", "required", "署名がありません。もう一度書いてもらってください。");
        let few = strokes.len() <= MOST_STROKES && points().count() <= MOST_POINTS;
        must(few, "strokes", "length", "署名の線が多すぎます。もう一度書いてもらってください。");
        // Without a valid pad size, no point can be judged.
        let sized = fits(self.width) && fits(self.height);
        let inside = !sized || points().all(|[x, y, _]| *x <= self.width && *y <= self.height);
        let forward = points().zip(points().skip(1)).all(|([_, _, earlier], [_, _, later])| earlier <= later);
        must(
            inside && forward,
            "strokes",
            "out_of_range",
            "署名の点が、署名欄の外にあるか、時間の順になっていません。",
        );
        let bound = "署名したときに示した文が、この同意の説明文と違います。示した文で、署名し直してもらってください。";
        must(shown == Some(self.text_hash.as_str()), "text_hash", "other_text", bound);
        wrong
    }

    /// SHA-256, hex, over its canonical JSON (RFC 8785).
    pub fn hash(&self) -> String {
        let json = serde_json::to_value(Revealed(self)).map(|json| canonical(&json)).unwrap_or_default();
        hex::encode(digest::digest(&digest::SHA256, json.as_bytes()))
    }
}

/// A piece of evidence in its consent's record; the evidence itself is kept apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// What it is.
    pub kind: EvidenceKind,
    /// SHA-256 over it, hex.
    pub sha256: String,
    /// The attachment, for a scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<AttachmentId>,
    /// The person who added it; none for a department system.
    pub added_by: Option<StaffId>,
    /// When.
    pub added_at: Instant,
}

/// The evidence itself.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A signature, drawn beside the text.
    Signature(Signature),
    /// The signed form, an attachment of the same sheet. Its text is on the paper.
    Scan(AttachmentId),
}

/// A piece of evidence with its proof, for storage.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// Its id.
    pub id: EvidenceId,
    /// The consent that it proves.
    pub consent_id: ConsentId,
    /// The thing itself.
    pub proof: Proof,
}
