use super::agency::taken;
use super::table::{BadRow, agencies_of};
use crate::app::App;
use crate::auth::{Guard, op};
use crate::door::{CsvBody, IdempotencyKey, Query};
use crate::execute::{Answer, claim, on_new};
use crate::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::agency::AgencyRecord;
use domain::door::FieldError;
use domain::ids::AgencyId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// true のときは確かめるだけで、何も変えません
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
}

/// 取込みの結果.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportResponse {
    /// 正しい行の数
    rows: usize,
    /// 取り込んだか(確かめただけのときは false)
    imported: bool,
}

/// Adds all agencies of a table to the directory, or none of them.
#[utoipa::path(
    tag = "directory",
    summary = "機関の台帳を CSV から取り込む",
    description = "1 MiB、2000行までの CSV(UTF-8)を、すべて取り込むか、一行も取り込まないかのどちらかにします。見出しは code,name,kana,parent_code,class,topics,mailbox,phone,hub,active_from,active_until,agreement_number,agreement_from,agreement_until です。日付は西暦でも和暦でもよく、topics は空白で区切り、hub は yes か no です。class、topics、hub は、画面に出る言葉でも書けます。誤りは、行番号と列名を `/行/列` の形で示します。",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "結果", body = ImportResponse))
)]
#[post("/api/v1/agencies/import")]
pub(super) async fn import_agencies(
    guard: Guard<op::ImportAgencies>,
    key: IdempotencyKey,
    query: Query<ImportQuery>,
    body: CsvBody,
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    guard.on_collection()?;
    let actor = guard.actor();
    let of = actor.municipality_id;
    let (data, bytes, at) = (app.clone(), body.0.clone(), actor.at);
    let read = move |there: &[AgencyRecord]| {
        let next_id = || AgencyId::new(at, data.chance.as_ref());
        agencies_of(&bytes, there, of, &data.tables, at, next_id).map_err(|wrong| {
            let at = |row: BadRow| FieldError::new(format!("/{}/{}", row.line, row.column), &row.code, row.told());
            Problem::InvalidInput(wrong.into_iter().map(at).collect())
        })
    };
    if query.0.dry_run {
        let there = app.store.read::<_, Problem, _>(move |tx| Ok(tx.list_agencies(of, None, u32::MAX)?)).await?;
        return Ok(Answer::ok(&ImportResponse { rows: read(&there)?.len(), imported: false })?.respond(false));
    }
    let claim = claim(&app, actor, key, &request, &body.0);
    let directory = app.directory.clone();
    on_new(&app, actor, claim, move |tx, actor| {
        let records = read(&tx.all_agencies(of)?)?;
        let answer = Answer::ok(&ImportResponse { rows: records.len(), imported: true })?;
        let detail = "取込みの途中で、同じ機関コードがほかで登録されました。もう一度確かめてください。";
        for record in records {
            let added = tx.apply_new(record.create_by(actor, &directory), Some(actor), actor.at);
            added.map_err(|error| taken(error, "", detail))?;
        }
        Ok(answer)
    })
    .await
}
