use crate::app::App;
use crate::auth::{Guard, op};
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::case::relay::RelayCounts;
use domain::ids::{AgencyId, RelayId};
use domain::time::Instant;
use serde::Serialize;
use storage::ReadTx;
use utoipa::ToSchema;

/// 一つの機関に送られたつなぎの数。
#[derive(Serialize, ToSchema)]
pub(super) struct BoardItem {
    /// つなぎ先
    agency_id: AgencyId,
    /// 終わっていないもの(受理されていないもの、差し戻されたもの)
    open: u64,
    /// そのうち、つなぎ先の答えを待つもの
    unanswered: u64,
    /// つなぎ先の答えを待つもののうち、回答期限を過ぎたもの
    overdue: u64,
    /// 辞退されたもの
    declined: u64,
    /// 受理または辞退されたもの
    answered: u64,
    /// その半分が、何開庁日のうちに答えられたか。まだ一つもなければ null
    median_days: Option<u32>,
}

/// つなぎの数の一覧。
#[derive(Serialize, ToSchema)]
pub(super) struct Board {
    /// 機関ごと。遅れているものの多い順
    items: Vec<BoardItem>,
}

impl BoardItem {
    fn of((agency_id, counts): (AgencyId, RelayCounts)) -> Self {
        let (answered, median_days) = (counts.answered(), counts.median_days());
        let RelayCounts { open, unanswered, overdue, declined, .. } = counts;
        Self { agency_id, open, unanswered, overdue, declined, answered, median_days }
    }
}

/// How the relays of the municipality go, by receiver.
#[utoipa::path(
    tag = "relays",
    summary = "つなぎの状況を機関ごとに見る",
    description = "自治体のなかでこの一年に送られたつなぎの数を、つなぎ先ごとに返します。だれのことかは含みません。",
    responses((status = 200, description = "つなぎの状況", body = Board))
)]
#[get("/api/v1/board")]
pub(super) async fn show_board(guard: Guard<op::ShowBoard>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let (of, today) = (actor.municipality_id, actor.today());
    let since = RelayId::first_at(Instant::at_midnight(RelayCounts::since(today).0));
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.board(of, since, today)?);
    let board = app.store.read::<_, Problem, _>(read).await?;
    let mut items: Vec<_> = board.into_iter().map(BoardItem::of).collect();
    items.sort_by_key(|it| std::cmp::Reverse((it.overdue, it.unanswered, it.open)));
    Ok(Answer::ok(&Board { items })?.respond(false))
}
