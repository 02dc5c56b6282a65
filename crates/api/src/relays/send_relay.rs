use super::members::{MemberChoiceRequest, choices};
use super::shape::{BasisRequest, RelayResponse};
use super::steps::{Asked, weigh};
use crate::auth::op;
use crate::door::Body;
use crate::execute::{Answer, Change, Scene, change_sheet};
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::consent::Purpose;
use domain::case::relay::Handover;
use domain::case::{self, Subject, Texts};
use domain::content::{Section, Urgency};
use domain::ids::{AgencyId, RelayId, SheetId};
use domain::personal::Personal;
use domain::text;
use domain::time::Day;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// つなぎ(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "to_agency_id": "01a1ffec-ca20-759d-823a-055422f6df8f", "sections": ["identity", "statement"], "purpose": "support_referral",
    "request": "家計と仕事の相談をお願いします。", "urgency": "normal", "handover": "accompanied",
    "disclosure_digest": "(preview の答えの disclosure_digest)", "basis": {"consent_id": "01a1ffec-ca20-7115-9c34-82dfdfd161f0"}
}))]
pub(super) struct RelayRequest {
    /// つなぎ先
    to_agency_id: AgencyId,
    /// 伝える共有項目
    #[validate(length(max = 14))]
    #[schema(min_items = 1, max_items = 14)]
    sections: Vec<Section>,
    /// 利用目的
    purpose: Purpose,
    /// お願いしたいこと
    #[validate(length(max = 1000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 1000)]
    request: String,
    /// 緊急度
    urgency: Urgency,
    /// 引継ぎ方法
    handover: Handover,
    /// 回答期限(省略すると、緊急度から決まる開庁日)
    reply_due: Option<Day>,
    /// どのつなぎの続きか(受け付けた機関以外は必須)
    parent_relay_id: Option<RelayId>,
    /// 確かめた内容の指紋(preview の答え)
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    disclosure_digest: String,
    /// 根拠
    #[validate(nested)]
    basis: BasisRequest,
    /// 同意がなくても、理由があって伝える世帯員
    #[serde(default)]
    #[validate(nested)]
    #[schema(max_items = 20)]
    household_members: Vec<MemberChoiceRequest>,
}

impl RelayRequest {
    fn asked(&self) -> Asked {
        Asked {
            to_agency_id: self.to_agency_id,
            sections: self.sections.iter().copied().collect(),
            purpose: self.purpose,
            parent_relay_id: self.parent_relay_id,
            basis: Some(self.basis),
            members: choices(&self.household_members),
            may_be_resent: false,
        }
    }

    fn send(&self) -> case::RelayRequest {
        case::RelayRequest {
            request: Personal::new(self.request.clone()),
            urgency: self.urgency,
            handover: self.handover,
            reply_due: self.reply_due,
        }
    }
}

/// Sends the sheet on: first the gate, then whether the preview is still valid.
#[utoipa::path(
    tag = "relays",
    summary = "つなぐ",
    description = "本人の同意の範囲か、承認された例外のとおりかどうかを確かめてから送ります。例外は一回で使い切ります。つなげない理由があれば、すべて示します。同意のない世帯員は、household_members で理由とともに選ばない限り、伝わりません。つなぎ先には、内容を含まないメールで知らせます。",
    request_body = RelayRequest,
    responses((status = 201, description = "送りました", body = RelayResponse))
)]
#[post("/api/v1/sheets/{id}/relays")]
pub(super) async fn send_relay(
    change: Change<op::SendRelay, SheetId, Body<RelayRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    let relay_id = RelayId::new(order.actor().at, order.app.chance.as_ref());
    change_sheet(order, move |mut scene| {
        let weighed = weigh(&mut scene, &asked.asked())?;
        let (disclosure, sender, document) = weighed.disclosure(&asked.disclosure_digest)?;
        let outcome = scene.locked.thing.clone().send(relay_id, disclosure, asked.send(), scene.actor)?;
        let Scene { tx, locked, actor, permit } = scene;
        let locked = tx.apply(locked, outcome, Some(actor), actor.at)?;
        let relay = locked.thing.relay(relay_id).ok_or(Problem::NotFound)?;
        let texts = Texts { sent: &document, now: &document };
        let shown = RelayResponse::from(locked.thing.relay_view(relay, texts, &sender, permit, actor));
        let bare = RelayResponse::from(locked.thing.bare_relay_view(relay, &sender, actor));
        let seen = locked.thing.shown(Subject::Relay(relay_id), &sender, actor.today());
        Ok(Answer::created(&shown, format!("/api/v1/relays/{relay_id}"))?
            .with_etag(shown.revision())
            .showing(seen, &bare)?)
    })
    .await
}
