use super::evidence::{EvidenceResponse, evidence_response};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Id;
use crate::execute::{Answer, Target, on_sheet};
use crate::page::Page;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::consent::{Point, Signature};
use domain::ids::ConsentId;
use domain::permit::Permit;
use domain::personal::Personal;
use serde::Serialize;
use utoipa::ToSchema;

/// 筆跡.
#[derive(Serialize, ToSchema)]
struct SignatureResponse {
    #[schema(value_type = Vec<Vec<Vec<u32>>>)]
    strokes: Personal<Vec<Vec<Point>>>,
    width: u32,
    height: u32,
    text_hash: String,
}

/// 同意の証拠と、その中身.
#[derive(Serialize, ToSchema)]
pub(super) struct EvidenceItem {
    #[serde(flatten)]
    evidence: EvidenceResponse,
    /// 筆跡。写しのときは、添付を開いて見ます
    signature: Option<SignatureResponse>,
}

/// The evidence of a consent, oldest first. There are five pieces at most, so there is one page.
#[utoipa::path(
    tag = "consents",
    summary = "同意の証拠を読む",
    description = "筆跡を含めて返します。同意を記録した部署と、シートを受け付けた部署だけが読めます。",
    responses((status = 200, description = "証拠の一覧", body = Page<EvidenceItem>))
)]
#[get("/api/v1/consents/{id}/evidence")]
pub(super) async fn list_evidence(
    guard: Guard<op::ListEvidence>,
    id: Id<ConsentId>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    on_sheet(&app, &guard, Target::Consent(id), None, None, move |scene| {
        let (tx, mut locked, actor, permit) = (scene.tx, scene.locked, scene.actor, scene.permit);
        let consent = locked.thing.consent(id).cloned().ok_or(Problem::NotFound)?;
        locked.thing.insight_of(&consent, permit, actor).ok_or(Problem::NotFound)?;
        if permit != Permit::Allowed || !locked.thing.keeps_evidence_of(&consent, actor) {
            return Err(Problem::Forbidden.into());
        }
        let event = EventDraft::new(EventKind::EvidenceRead, Stream::Sheet(locked.thing.sheet.id))
            .with("consent_id", Fact::Id(id.0));
        tx.note(&mut locked, &[event], actor)?;
        let signatures = tx.list_signatures(&locked, id)?;
        let signed = |kept: Signature| SignatureResponse {
            strokes: kept.strokes,
            width: kept.width,
            height: kept.height,
            text_hash: kept.text_hash,
        };
        let items = consent.evidence.iter().map(|evidence| {
            let signature = signatures.iter().find(|(id, _)| *id == evidence.id).map(|(_, kept)| signed(kept.clone()));
            EvidenceItem { evidence: evidence_response(evidence), signature }
        });
        Ok(Answer::ok(&Page { items: items.collect(), next: None })?)
    })
    .await
}
