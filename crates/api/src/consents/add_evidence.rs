use super::shape::ConsentResponse;
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::consent::{NewEvidence, Point, Proof, Signature};
use domain::ids::{AttachmentId, ConsentId, EvidenceId};
use domain::permit::Permit;
use domain::personal::Personal;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 電子署名パッドの筆跡(送る内容)。
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignatureRequest {
    /// 線のならび。点は [x, y, 最初の点からのミリ秒](200本、8000点まで)
    #[schema(min_items = 1, max_items = 200)]
    strokes: Vec<Vec<Vec<u32>>>,
    /// 署名欄の幅
    #[schema(minimum = 1, maximum = 10000)]
    width: u32,
    /// 署名欄の高さ
    #[schema(minimum = 1, maximum = 10000)]
    height: u32,
    /// 署名したときに示していた文のハッシュ(同意の explained_text_hash と同じもの)
    #[schema(max_length = 64)]
    text_hash: String,
}

/// 同意の証拠(送る内容): 筆跡か、添付した同意書の写しの、どちらか一つ。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EvidenceRequest {
    /// 筆跡
    signature: Option<SignatureRequest>,
    /// この相談に添付した、署名のある同意書の写し
    attachment_id: Option<AttachmentId>,
}

/// Adds a signature or a scanned form to a consent. It proves that this person signed this text.
#[utoipa::path(
    tag = "consents",
    summary = "同意の証拠を加える",
    description = "電子署名パッドの筆跡を、示した文のハッシュと結び付けて保存します。紙に署名したときは、先に写しを添付し、その id を送ります。同意の答えには、ハッシュだけが載ります。一つの同意に5件までです。",
    request_body = EvidenceRequest,
    responses((status = 201, description = "加えました", body = ConsentResponse))
)]
#[post("/api/v1/consents/{id}/evidence")]
pub(super) async fn add_evidence(
    change: Change<op::AddEvidence, ConsentId, Body<EvidenceRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let evidence_id = EvidenceId::new(order.actor().at, order.app.chance.as_ref());
    let (consent_id, proof) = (order.id, proof(body)?);
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let consent = scene.locked.thing.consent(consent_id).ok_or(Problem::NotFound)?;
        let insight = scene.locked.thing.insight_of(consent, permit, actor).ok_or(Problem::NotFound)?;
        if permit != Permit::Allowed || !scene.locked.thing.keeps_evidence_of(consent, actor) {
            return Err(Problem::Forbidden.into());
        }
        let new = NewEvidence { id: evidence_id, consent_id, proof: proof.clone() };
        let reader = scene.tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let outcome = scene.locked.thing.clone().add_evidence(new, &reader, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(consent_id).ok_or(Problem::NotFound)?;
        let shown = ConsentResponse::from(locked.thing.consent_view(consent, insight, permit, actor));
        Ok(Answer::created(&shown, format!("/api/v1/consents/{consent_id}/evidence"))?)
    })
    .await
}

fn proof(sent: EvidenceRequest) -> Result<Proof, Problem> {
    let sent = match (sent.signature, sent.attachment_id) {
        (Some(signature), None) => signature,
        (None, Some(id)) => return Ok(Proof::Scan(id)),
        _ => {
            let detail = "筆跡(signature)か、添付した写し(attachment_id)の、どちらか一つを送ってください。";
            return Err(Problem::invalid("", "exactly_one", detail));
        }
    };
    let strokes = sent.strokes.into_iter().map(stroke).collect::<Option<Vec<_>>>();
    let detail = "点は [x, y, ミリ秒] の三つの数で送ってください。";
    let strokes = strokes.ok_or_else(|| Problem::invalid("/signature/strokes", "not_a_point", detail))?;
    let (width, height, text_hash) = (sent.width, sent.height, sent.text_hash);
    Ok(Proof::Signature(Signature { strokes: Personal::new(strokes), width, height, text_hash }))
}

fn stroke(points: Vec<Vec<u32>>) -> Option<Vec<Point>> {
    points.into_iter().map(|point| Point::try_from(point).ok()).collect()
}
