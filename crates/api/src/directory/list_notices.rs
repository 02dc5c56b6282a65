use super::shape::NoticeResponse;
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::Query;
use crate::page::{Limit, List, Page, PageQuery};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, get, web};

/// The versions of the text that is shown to the resident, newest first.
#[utoipa::path(
    tag = "directory",
    summary = "説明文の一覧",
    description = "本人に示す説明文のすべての版です。今日使うのは、使い始める日が今日までのもののうち、最も遅い日(同じ日なら大きい版)のものです。",
    params(PageQuery),
    responses((status = 200, description = "説明文の一覧", body = Page<NoticeResponse>))
)]
#[get("/api/v1/notices")]
pub(super) async fn list_notices(
    guard: Guard<op::ListNotices>,
    query: Query<PageQuery>,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let municipality = guard.actor().municipality_id;
    let limit = Limit::of(query.0.limit);
    let list = List::new(&app, "notices", guard.actor().agency_id, &());
    let after = list.after(query.0.after.as_deref())?;
    let one_more = u32::try_from(limit + 1).unwrap_or(u32::MAX);
    let read = move |tx: &mut storage::ReadTx<'_>| Ok(tx.list_notices(municipality, after, one_more)?);
    let found = app.store.read::<_, Problem, _>(read).await?;
    list.page(found, limit, |record| record.id.to_string())?.map(NoticeResponse::from).respond(&request)
}
