use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::case::relay::{ReportKind, ReportResult};
use domain::ids::RelayId;
use domain::personal::Personal;
use domain::text;
use domain::time::Day;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// 対応結果報告(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportRequest {
    /// 途中の報告か、最後の報告か。途中の報告のあとも、つなぎは受理のまま続く
    #[serde(default = "last")]
    #[schema(default = "final")]
    kind: ReportKind,
    /// 結果
    result: ReportResult,
    /// 文章(報告の同意が要ります。なければ省略して結果だけを)
    #[validate(length(max = 4000), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 4000)]
    text: Option<String>,
    /// 本人と連絡がついた日
    contact_made_on: Option<Day>,
    /// ここから続くつなぎ
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    next_relay_ids: Vec<RelayId>,
}

fn last() -> ReportKind {
    ReportKind::Final
}

/// See `Move::Report`.
#[utoipa::path(
    tag = "relays",
    summary = "結果を報告する",
    description = "対応の結果を送り元に報告します。文章には、報告の同意が要ります。同意がないとき、送り元には対応が続くかどうかだけが伝わります。途中の報告(29回まで)のあとも、つなぎは受理のまま続きます。",
    request_body = ReportRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/report")]
pub(super) async fn report_relay(
    change: Change<op::ReportRelay, RelayId, Body<ReportRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    step(order, move |_| {
        Ok(Move::Report {
            kind: asked.kind,
            result: asked.result,
            text: asked.text.clone().map(Personal::new),
            contact_made_on: asked.contact_made_on,
            next_relay_ids: asked.next_relay_ids.clone(),
        })
    })
    .await
}
