use crate::app::App;
use crate::auth::{Guard, op};
use crate::execute::Answer;
use crate::problem::Problem;
use actix_web::{HttpResponse, get, web};
use domain::ids::StaffId;
use serde::Serialize;
use storage::ReadTx;
use utoipa::ToSchema;

/// 一人の職員が担当しているものの数。
#[derive(Serialize, ToSchema)]
pub(super) struct LoadItem {
    /// 担当者。だれも担当していないものは null
    staff_id: Option<StaffId>,
    /// 対応中のシート
    sheets: u64,
    /// そのシートについて、自分の部署を待っているもの
    tasks: u64,
    /// そのうち、期限を過ぎたもの
    overdue: u64,
}

/// 担当ごとの件数。
#[derive(Serialize, ToSchema)]
pub(super) struct Load {
    /// 担当者ごと。期限を過ぎたものの多い順
    items: Vec<LoadItem>,
}

/// How much the people of the caller's agency work on.
#[utoipa::path(
    tag = "tasks",
    summary = "担当ごとの件数を見る",
    description = "自分の部署の職員が担当しているシートと、待っているものの数です。所属長が、仕事の偏りと遅れに気づくために使います。",
    responses((status = 200, description = "担当ごとの件数", body = Load))
)]
#[get("/api/v1/load")]
pub(super) async fn show_load(guard: Guard<op::ShowLoad>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let (agency, today) = (guard.actor().agency_id, guard.actor().today());
    let read = move |tx: &mut ReadTx<'_>| Ok(tx.load_of(agency, today)?);
    let load = app.store.read::<_, Problem, _>(read).await?;
    let items = load.into_iter().map(|(staff_id, row)| LoadItem {
        staff_id,
        sheets: row.sheets,
        tasks: row.tasks,
        overdue: row.overdue,
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|it| std::cmp::Reverse((it.overdue, it.tasks, it.sheets)));
    Ok(Answer::ok(&Load { items })?.respond(false))
}
