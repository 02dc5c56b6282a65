use super::shape::RelayResponse;
use super::steps::step;
use crate::auth::op;
use crate::door::Body;
use crate::execute::Change;
use crate::problem::Problem;
use actix_web::{HttpResponse, post};
use domain::case::Move;
use domain::ids::RelayId;
use domain::personal::Personal;
use domain::text;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// 差戻し(送る内容)。
#[derive(Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRequest {
    /// 足りないもの
    #[validate(length(max = 20), custom(function = "lines"))]
    #[schema(max_items = 20)]
    missing: Vec<String>,
    /// 説明
    #[validate(length(max = 500), custom(function = "text::block"))]
    #[schema(min_length = 1, max_length = 500)]
    note: String,
}

fn lines(items: &[String]) -> Result<(), ValidationError> {
    for item in items {
        text::line(item)?;
        if item.chars().count() > 100 {
            return Err(ValidationError::new("length").with_message("一つ100文字以内で入力してください。".into()));
        }
    }
    Ok(())
}

/// See `Move::Return`.
#[utoipa::path(
    tag = "relays",
    summary = "差し戻す",
    description = "足りないものを挙げて、送り元に戻します。",
    request_body = ReturnRequest,
    responses((status = 200, description = "つなぎ", body = RelayResponse))
)]
#[post("/api/v1/relays/{id}/return")]
pub(super) async fn return_relay(
    change: Change<op::ReturnRelay, RelayId, Body<ReturnRequest>>,
) -> Result<HttpResponse, Problem> {
    let Change { order, body: asked } = change;
    step(order, move |_| {
        let missing = asked.missing.iter().cloned().map(Personal::new).collect();
        Ok(Move::Return { missing, note: Personal::new(asked.note.clone()) })
    })
    .await
}
