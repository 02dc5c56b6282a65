//! What the handlers of relays share: the check before sending, and the answer after a move.

use super::members::LeftOutMember;
use super::shape::{BasisRequest, RelayResponse};
use crate::auth::Op;
use crate::execute::{Answer, Order, Scene, Stop, change_sheet};
use crate::problem::Problem;
use actix_web::HttpResponse;
use domain::agency::Agency;
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::case::consent::{Clause, Disclosure, Judgement, Purpose, RefusedClause};
use domain::case::relay::{Basis, InvalidTransition, Relay};
use domain::case::sheet::Document;
use domain::case::{Move, Path, Refusal, Subject, Texts};
use domain::content::{Content, MemberChoice, Section, Sections, ToldMember, Warning};
use domain::door::FieldError;
use domain::ids::{AgencyId, RelayId};
use serde::Serialize;
use storage::{Locked, StoreError, WriteTx};
use utoipa::ToSchema;

/// The relay to judge.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) to_agency_id: AgencyId,
    pub(super) sections: Sections,
    pub(super) purpose: Purpose,
    pub(super) parent_relay_id: Option<RelayId>,
    pub(super) basis: Option<BasisRequest>,
    /// The members of the household whom the relay tells of although they did not consent.
    pub(super) members: Vec<MemberChoice>,
    /// Whether it may be the relay that was returned: an exception covers that one again, and no other.
    pub(super) may_be_resent: bool,
}

/// The judgement of the covering test, with the data from which it was made.
pub(super) struct Weighed {
    pub(super) judgement: Judgement,
    /// The fields that docs/domain.md marks ◎ and that are missing.
    pub(super) missing: Vec<FieldError>,
    /// The agency that asks.
    pub(super) sender: Agency,
    /// The present document.
    pub(super) document: Document,
}

impl Weighed {
    /// The disclosure, if every clause holds, it is what the preview showed, and the sheet is complete: a relay of an incomplete sheet
    /// would only be returned.
    pub(super) fn disclosure(self, digest: &str) -> Result<(Disclosure, Agency, Document), Stop> {
        let disclosure = match self.judgement.disclosure {
            None => return Err(Refusal::Consent(self.judgement.failed).into()),
            Some(disclosure) if disclosure.previewed() == digest => disclosure,
            Some(_) => return Err(Refusal::PreviewOutdated.into()),
        };
        let wrong: Vec<_> = self.judgement.household.wrong.into_iter().chain(self.missing).collect();
        if wrong.is_empty() {
            Ok((disclosure, self.sender, self.document))
        } else {
            Err(Problem::InvalidInput(wrong).into())
        }
    }
}

/// Runs the covering test on the case of `scene`, which is locked.
pub(super) fn weigh(scene: &mut Scene<'_, '_>, asked: &Asked) -> Result<Weighed, Stop> {
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
    let again = exception_id.and_then(|id| scene.locked.thing.returned_under(id));
    let agencies = scene.tx.find_agencies(&[asked.to_agency_id, actor.agency_id])?;
    let find = |id: AgencyId| agencies.iter().find(|record| record.agency.id == id).map(|record| &record.agency);
    let unknown = || {
        Problem::invalid("/to_agency_id", "unknown_agency", "この機関は見つかりません。一覧から選び直してください。")
    };
    let to = find(asked.to_agency_id).ok_or_else(unknown)?;
    let sender = find(actor.agency_id).ok_or(Problem::Forbidden)?;
    let document = scene.tx.document(&scene.locked)?;
    let key = scene.locked.commit_key()?;
    let judgement = scene.locked.thing.judge(
        to,
        &asked.sections,
        asked.purpose,
        asked.parent_relay_id,
        basis,
        again,
        sender,
        &document.content,
        &asked.members,
        &key,
        actor,
    )?;
    let missing = scene.locked.thing.missing_to_relay(&document.content, sender, actor.today());
    Ok(Weighed { judgement, missing, sender: sender.clone(), document })
}

/// Exactly what the recipient would see, or every reason why it may not.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewResponse {
    /// つないでよいか
    allowed: bool,
    /// つなげない理由(すべて)
    refusals: Vec<RefusedClause>,
    /// 送る前に記入が必要な項目
    missing: Vec<FieldError>,
    /// つなぎ先に見える内容(つないでよいときだけ)
    disclosure: Option<Content>,
    /// 同意がないため、伝わらない世帯員(つなぎ元が見られる世帯員のうち)
    household_left_out: Vec<LeftOutMember>,
    /// 確認した内容の指紋。送るときに付けます
    disclosure_digest: String,
    /// つなげるが、確かめてほしいこと
    warnings: Vec<Warning>,
    /// ここまでの道のり(受け付けた機関と、経過を見られる機関に示す)
    path: Option<Path>,
}

/// Checks a relay without sending it.
pub(super) fn preview(mut scene: Scene<'_, '_>, asked: &Asked, remarks: Vec<Warning>) -> Result<Answer, Stop> {
    let Weighed { mut judgement, missing, sender, .. } = weigh(&mut scene, asked)?;
    let left_out = left_out(&mut judgement)?;
    let case = &scene.locked.thing;
    let sees_way = case.grant(&sender, scene.actor.today()).shows_now(Section::History);
    let mut warnings = case.cautions(asked.parent_relay_id, asked.to_agency_id, sees_way);
    warnings.extend(remarks);
    let path = sees_way.then(|| case.path());
    note_preview(scene, asked, &judgement.failed, None)?;
    Ok(Answer::ok(&PreviewResponse {
        allowed: judgement.disclosure.is_some(),
        missing,
        refusals: judgement.failed.into_iter().map(Into::into).collect(),
        disclosure: judgement.content,
        household_left_out: left_out,
        disclosure_digest: judgement.digest,
        warnings,
        path,
    })?)
}

/// The members of the household who are left out; refused when the choices are invalid.
fn left_out(judgement: &mut Judgement) -> Result<Vec<LeftOutMember>, Problem> {
    let chosen = std::mem::take(&mut judgement.household);
    if chosen.wrong.is_empty() {
        Ok(chosen.left_out.into_iter().map(Into::into).collect())
    } else {
        Err(Problem::InvalidInput(chosen.wrong))
    }
}

fn note_preview(
    scene: Scene<'_, '_>,
    asked: &Asked,
    failed: &[Clause],
    amended: Option<RelayId>,
) -> Result<(), StoreError> {
    let Scene { tx, mut locked, actor, .. } = scene;
    let mut event = EventDraft::new(EventKind::RelayPreviewed, Stream::Sheet(locked.thing.sheet.id))
        .with("to_agency_id", Fact::Id(asked.to_agency_id.0))
        .with("sections", Fact::sections(&asked.sections))
        .with("clauses", Fact::List(failed.iter().map(|c| Fact::Code(c.as_str())).collect()));
    if let Some(relay) = amended {
        event = event.with("relay_id", Fact::Id(relay.0));
    }
    tx.note(&mut locked, &[event], actor)
}

/// What a relay tells from now on.
pub(super) struct Amendment {
    pub(super) asked: Asked,
    /// Whether it only tells less, on the basis that the relay has: then it does not go through the gate.
    pub(super) narrows: bool,
}

impl Amendment {
    /// The requested amendment. Refused when the relay is over, or when it would tell more on the basis of an exception: the exception was
    /// approved for the earlier request and is used up.
    pub(super) fn of(
        scene: &mut Scene<'_, '_>,
        id: RelayId,
        sections: &Sections,
        basis: Option<BasisRequest>,
        members: &[MemberChoice],
    ) -> Result<Self, Stop> {
        let told = Self::told(scene, id, members)?;
        let relay = scene.locked.thing.relay(id).ok_or(Problem::NotFound)?;
        if relay.is_over() {
            return Err(Refusal::from(InvalidTransition { state: relay.state().as_str() }).into());
        }
        let own = BasisRequest::from(relay.basis);
        let fewer = *sections != relay.sections || members.len() < relay.household.len();
        let less = told && fewer && !sections.is_empty() && sections.is_subset(&relay.sections);
        let narrows = less && basis.is_none_or(|basis| basis == own);
        if !narrows && basis.is_some_and(|basis| basis.exception_id.is_some()) {
            let detail = "伝える項目を変えるには、本人の同意を根拠にしてください。減らすだけなら、今の根拠のままで変えられます。";
            return Err(Problem::invalid("/basis/exception_id", "consent_needed", detail).into());
        }
        let asked = Asked {
            to_agency_id: relay.to_agency_id,
            sections: sections.clone(),
            purpose: relay.purpose,
            parent_relay_id: relay.parent_relay_id,
            basis: if narrows { Some(own) } else { basis },
            members: members.to_vec(),
            may_be_resent: false,
        };
        Ok(Self { asked, narrows })
    }

    /// Whether it was decided earlier that the relay tells of all these members.
    fn told(scene: &mut Scene<'_, '_>, id: RelayId, members: &[MemberChoice]) -> Result<bool, Stop> {
        if members.is_empty() {
            return Ok(true);
        }
        let sender = scene.tx.find_agency(scene.actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let now = scene.tx.document(&scene.locked)?;
        let case = &scene.locked.thing;
        let relay = case.relay(id).ok_or(Problem::NotFound)?;
        let before = case.choices_of(relay, &now.content, &sender, scene.actor.today());
        Ok(members.iter().all(|member| before.iter().any(|it| it.index == member.index)))
    }

    /// Checks the amendment without making it.
    pub(super) fn preview(&self, mut scene: Scene<'_, '_>, id: RelayId) -> Result<Answer, Stop> {
        let Weighed { mut judgement, missing, sender, document } = weigh(&mut scene, &self.asked)?;
        let told = judgement.household.told.clone();
        let household_left_out = left_out(&mut judgement)?;
        let response = if self.narrows {
            PreviewResponse {
                allowed: true,
                missing: Vec::new(),
                refusals: Vec::new(),
                disclosure: Some(self.left(&mut scene, id, &sender, &document, told)?),
                household_left_out,
                disclosure_digest: judgement.digest,
                warnings: Vec::new(),
                path: None,
            }
        } else {
            PreviewResponse {
                allowed: judgement.disclosure.is_some(),
                missing,
                refusals: judgement.failed.iter().copied().map(Into::into).collect(),
                disclosure: judgement.content,
                household_left_out,
                disclosure_digest: judgement.digest,
                warnings: Vec::new(),
                path: None,
            }
        };
        let failed = if self.narrows { Vec::new() } else { judgement.failed };
        note_preview(scene, &self.asked, &failed, Some(id))?;
        Ok(Answer::ok(&response)?)
    }

    /// What the receiver sees after it is told less, as far as the sender may see it.
    fn left(
        &self,
        scene: &mut Scene<'_, '_>,
        id: RelayId,
        sender: &Agency,
        document: &Document,
        household: Vec<ToldMember>,
    ) -> Result<Content, Stop> {
        let receiver = scene.tx.find_agency(self.asked.to_agency_id)?.ok_or(Problem::NotFound)?.agency;
        let case = &scene.locked.thing;
        let sections = self.asked.sections.clone();
        let relay = Relay { sections, household, ..case.relay(id).ok_or(Problem::NotFound)?.clone() };
        let grant = case.shown_by(&relay, &receiver, scene.actor.today());
        let (now, history) = (&document.content, case.history_for(&grant, Some(id)));
        let shown = grant.restrict(now, now, &history, case.files_of(&relay));
        Ok(case.as_far_as_seen(shown, sender, scene.actor.today()))
    }

    /// The move that makes the amendment, if it is what the preview showed.
    pub(super) fn step(self, scene: &mut Scene<'_, '_>, digest: &str) -> Result<Move, Stop> {
        let weighed = weigh(scene, &self.asked)?;
        if !self.narrows {
            return Ok(Move::Amend(Box::new(weighed.disclosure(digest)?.0)));
        }
        let Judgement { digest: now, household, .. } = weighed.judgement;
        if now != digest {
            return Err(Refusal::PreviewOutdated.into());
        }
        if !household.wrong.is_empty() {
            return Err(Problem::InvalidInput(household.wrong).into());
        }
        Ok(Move::Narrow(self.asked.sections, household))
    }
}

/// What a relay disclosed, and the content of its sheet now.
pub(super) struct Documents {
    /// None when the content was not corrected since.
    sent: Option<Document>,
    now: Document,
}

impl Documents {
    pub(super) fn of(tx: &mut WriteTx<'_>, locked: &Locked, relay: &Relay) -> Result<Self, Problem> {
        let now = tx.document(locked)?;
        let corrected = relay.content_revision < locked.thing.sheet.content_revision;
        let sent = if corrected { tx.find_document(locked, relay.content_revision)? } else { None };
        Ok(Self { sent: sent.map(|(_, document)| document), now })
    }

    pub(super) fn texts(&self) -> Texts<'_> {
        Texts { sent: self.sent.as_ref().unwrap_or(&self.now), now: &self.now }
    }
}

/// The answer with the relay as the caller may see it; `reader` is the caller's agency.
pub(super) fn answer(scene: Scene<'_, '_>, id: RelayId, reader: &Agency) -> Result<Answer, Problem> {
    let Scene { tx, locked, actor, permit } = scene;
    let relay = locked.thing.relay(id).ok_or(Problem::NotFound)?;
    let documents = Documents::of(tx, &locked, relay)?;
    let shown = RelayResponse::from(locked.thing.relay_view(relay, documents.texts(), reader, permit, actor));
    let seen = locked.thing.shown(Subject::Relay(id), reader, actor.today());
    let bare = RelayResponse::from(locked.thing.bare_relay_view(relay, reader, actor));
    Answer::ok(&shown)?.with_etag(shown.revision()).showing(seen, &bare)
}

/// One move of one relay. The order of checks is the same as for every write; the domain makes the move.
pub(super) async fn step<O: Op>(
    order: Order<O, RelayId>,
    step: impl Fn(&mut Scene<'_, '_>) -> Result<Move, Stop> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let id = order.id;
    change_sheet(order, move |mut scene| {
        let step = step(&mut scene)?;
        let mover = scene.tx.find_agency(scene.actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let outcome = scene.locked.thing.clone().move_relay(id, step, &mover, scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        Ok(answer(Scene { tx, locked, actor, permit }, id, &mover)?)
    })
    .await
}
