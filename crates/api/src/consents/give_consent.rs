use super::shape::{ConsentRequest, ConsentResponse, all_known};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::account::Post;
use domain::case::{ConsentInput, Insight};
use domain::ids::{ConsentId, SheetId};

/// Records what the person decided: consent, partial consent, refusal or deferral.
#[utoipa::path(
    tag = "consents",
    summary = "同意の意思を記録する",
    description = "同意・一部同意・不同意・保留のどれも、同じように記録します。口頭・電話・代筆の同意は、別の職員が立会人として確認するまで保留です。連携システムだけで記録した同意も、その機関の職員が確認するまで保留です。",
    request_body = ConsentRequest,
    responses((status = 201, description = "記録しました", body = ConsentResponse))
)]
#[post("/api/v1/sheets/{id}/consents")]
pub(super) async fn give_consent(
    change: Change<op::GiveConsent, SheetId, Body<ConsentRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body } = change;
    let consent_id = ConsentId::new(order.actor().at, order.app.chance.as_ref());
    let (asked, years) = (body, order.app.consent_years);
    change_sheet(order, move |scene| {
        let (actor, permit) = (scene.actor, scene.permit);
        let named = all_known(scene.tx, &asked.agencies())?;
        if let Some(witness) = asked.witness_staff_id() {
            let known = scene.tx.find_person(witness)?.is_some_and(|s| s.municipality_id == actor.municipality_id);
            if !known {
                let detail = "立会人となる職員が見つかりません。一覧から選び直してください。";
                return Err(Problem::invalid("/witness_staff_id", "unknown_staff", detail).into());
            }
        }
        if let Some(hearer) = asked.heard_by_staff_id() {
            let here = |post: &Post| post.agency_id == actor.agency_id && post.is_valid(actor.today());
            if !scene.tx.find_person(hearer)?.is_some_and(|person| person.posts.iter().any(here)) {
                let detail = "本人から聞いた職員が見つかりません。この機関にいる職員を指定してください。";
                return Err(Problem::invalid("/heard_by_staff_id", "unknown_staff", detail).into());
            }
        }
        let notice = match asked.notice_id {
            Some(id) => {
                let here = scene.tx.find_notice(id)?.filter(|n| n.municipality_id == actor.municipality_id);
                let detail = "説明文が見つかりません。一覧から選び直してください。";
                let here = here.ok_or_else(|| Problem::invalid("/notice_id", "unknown_notice", detail))?;
                if here.in_force_from > asked.obtained_on() {
                    let detail = "この説明文は、同意を得た日にはまだ使われていませんでした。その日に示した説明文を選んでください。";
                    return Err(Problem::invalid("/notice_id", "not_yet_in_force", detail).into());
                }
                Some(here)
            }
            None => scene.tx.find_notice_in_force(actor.municipality_id, asked.obtained_on())?,
        };
        let explained = asked.explained(notice.as_ref())?;
        let recorder = scene.tx.find_agency(actor.agency_id)?.ok_or(Problem::NotFound)?.agency;
        let content = scene.tx.document(&scene.locked)?.content;
        let terms = asked.terms(notice.map(|notice| notice.id), explained, &named, actor);
        if let Some(wrong) = terms.too_long(years) {
            return Err(Problem::InvalidInput(vec![wrong]).into());
        }
        let (lifted, heard_by) = (asked.lifted(), asked.heard_by_staff_id());
        let input = ConsentInput { id: consent_id, terms, lifted, heard_by };
        let outcome = scene.locked.thing.clone().give_consent(input, &content, &recorder, actor)?;
        let locked = scene.apply(outcome)?;
        let consent = locked.thing.consent(consent_id).ok_or(Problem::NotFound)?;
        let shown = ConsentResponse::from(locked.thing.consent_view(consent, Insight::Whole, permit, actor));
        Ok(Answer::created(&shown, format!("/api/v1/consents/{consent_id}"))?)
    })
    .await
}
