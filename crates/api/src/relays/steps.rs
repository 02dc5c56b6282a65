//! What the handlers of relays share: the judgement before sending, and the answer after a move.

use super::shape::{BasisRequest, relay_response};
use crate::app::App;
use crate::auth::{Guard, Op};
use crate::door::{IdempotencyKey, IfMatch};
use crate::execute::{Answer, Scene, Stop, Target, claim, on_sheet};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::agency::Agency;
use domain::case::{Move, Refusal};
use domain::codes::Purpose;
use domain::consent::{Disclosure, Judgement};
use domain::content::Sections;
use domain::door::FieldError;
use domain::ids::{AgencyId, RelayId};
use domain::relay::Basis;
use domain::sheet::Document;

/// What is to be judged.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) to_agency_id: AgencyId,
    pub(super) sections: Sections,
    pub(super) purpose: Purpose,
    pub(super) parent_relay_id: Option<RelayId>,
    pub(super) basis: Option<BasisRequest>,
    /// Whether it may be the relay that came back: an exception carries that one again, and no other.
    pub(super) may_be_resent: bool,
}

/// The covering test's judgement, with what it was made from.
pub(super) struct Weighed {
    pub(super) judgement: Judgement,
    /// What domain.md marks ◎ and is not there.
    pub(super) missing: Vec<FieldError>,
    /// The agency that asks.
    pub(super) sender: Agency,
    /// The document as it is.
    pub(super) document: Document,
}

impl Weighed {
    /// The disclosure, when every clause holds, it is what the preview showed, and the sheet is complete: a relay of an incomplete one
    /// would only come back.
    pub(super) fn disclosure(self, digest: &str) -> Result<(Disclosure, Agency, Document), Stop> {
        let disclosure = match self.judgement.disclosure {
            None => return Err(Refusal::Consent(self.judgement.failed).into()),
            Some(disclosure) if disclosure.digest() == digest => disclosure,
            Some(_) => return Err(Refusal::PreviewOutdated.into()),
        };
        if self.missing.is_empty() {
            Ok((disclosure, self.sender, self.document))
        } else {
            Err(Problem::InvalidInput(self.missing).into())
        }
    }
}

/// The covering test on the case of `scene`, which is under lock.
pub(super) fn judge(scene: &mut Scene<'_, '_>, asked: &Asked) -> Result<Weighed, Stop> {
    let actor = scene.actor;
    if asked.sections.is_empty() {
        return Err(Problem::invalid("/sections", "required", "伝える項目を一つ以上選んでください。").into());
    }
    let basis = match asked.basis {
        None => None,
        Some(BasisRequest { consent_id: Some(id), exception_id: None }) => Some(Basis::Consent(id)),
        Some(BasisRequest { consent_id: None, exception_id: Some(id) }) => Some(Basis::Exception(id)),
        Some(_) => {
            let detail = "根拠として、同意または例外のどちらか一つを指定してください。";
            return Err(Problem::invalid("/basis", "exactly_one", detail).into());
        }
    };
    let exception_id = basis.and_then(Basis::exception_id).filter(|_| asked.may_be_resent);
    let again = exception_id.and_then(|id| scene.locked.case.returned_under(id));
    let agencies = scene.tx.find_agencies(&[asked.to_agency_id, actor.agency_id])?;
    let find = |id: AgencyId| agencies.iter().find(|record| record.agency.id == id).map(|record| &record.agency);
    let unknown = || {
        Problem::invalid("/to_agency_id", "unknown_agency", "この機関は見つかりません。一覧から選び直してください。")
    };
    let to = find(asked.to_agency_id).ok_or_else(unknown)?;
    let sender = find(actor.agency_id).ok_or(Problem::Forbidden)?;
    let document = scene.tx.document(&scene.locked)?;
    let key = scene.locked.commit_key()?;
    let judgement = scene.locked.case.judge(
        to,
        &asked.sections,
        asked.purpose,
        asked.parent_relay_id,
        basis,
        again,
        sender,
        &document.content,
        &key,
        actor,
    )?;
    let missing = scene.locked.case.missing_to_relay(&document.content);
    Ok(Weighed { judgement, missing, sender: sender.clone(), document })
}

/// The relay as the actor, who is of the agency `reader`, may see it, as an answer.
pub(super) fn answer(scene: Scene<'_, '_>, id: RelayId, reader: &Agency) -> Result<Answer, Stop> {
    let relay = scene.locked.case.relay(id).ok_or(Problem::NotFound)?;
    let document = scene.tx.find_document(&scene.locked, relay.content_revision)?.map(|(_, document)| document);
    let shown = relay_response(&scene.locked.case, relay, document.as_ref(), reader, scene.permit, scene.actor);
    Ok(Answer::ok(&shown)?.with_etag(relay.revision).showing_content())
}

/// One move of one relay: the order of checks is that of every write, the move itself is the domain's.
#[allow(clippy::too_many_arguments, reason = "the parts of a request, each already parsed by its extractor")]
pub(super) async fn step<O: Op>(
    app: &web::Data<App>,
    guard: &Guard<O>,
    id: RelayId,
    key: IdempotencyKey,
    if_match: IfMatch,
    request: &HttpRequest,
    body: &[u8],
    step: impl Fn(&mut Scene<'_, '_>) -> Result<Move, Stop> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let claim = claim(app, guard.actor(), key, request, body);
    on_sheet(app, guard, Target::Relay(id), Some(claim), Some(if_match), move |mut scene| {
        let step = step(&mut scene)?;
        let mover = scene.tx.find_agency(scene.actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let outcome = scene.locked.case.clone().move_relay(id, step, &mover, scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        answer(Scene { tx, locked, actor, permit }, id, &mover)
    })
    .await
}
