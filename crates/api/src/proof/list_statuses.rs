use crate::app::App;
use crate::door::Query;
use crate::problem::{Problem, ProblemDocument};
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::receipt::ReceiptStanding;
use domain::time::{Day, Instant};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use storage::{PLACES_OF_A_LIST, ReceiptState};
use utoipa::IntoParams;

/// The media type of a status list token (draft-ietf-oauth-status-list §5.1).
const STATUS_LIST: &str = "application/statuslist+jwt";
/// For how many seconds the same answer is given again; a withdrawal shows after this time at the latest.
const GIVEN_AGAIN: i64 = 5;
/// How long a list may be relied on, in seconds.
const GOOD_FOR: i64 = 24 * 3600;

/// The lists that were signed just now, by number. Anybody may ask for them, so the work is done once in [`GIVEN_AGAIN`] seconds.
#[derive(Default)]
pub(crate) struct Statuses(Mutex<BTreeMap<i64, (Instant, String)>>);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusQuery {
    /// 一覧の番号(控えに書いてあります)
    #[serde(default)]
    #[param(minimum = 0, maximum = 1_000_000)]
    list: Option<u32>,
}

/// The address of the list that holds the receipt at this index, and the place of the receipt in it.
pub(super) fn address(public_url: &str, index: i64) -> (String, u64) {
    let (list, place) = (index / PLACES_OF_A_LIST, index % PLACES_OF_A_LIST);
    (format!("{public_url}/api/v1/consents/status?list={list}"), place.unsigned_abs())
}

/// The current states of many receipts.
#[utoipa::path(
    tag = "consents",
    summary = "控えの状態一覧",
    description = "控えが今も有効かを、署名つきの一覧(Token Status List)で返します。個人情報はありません。\
                   0 有効、1 撤回、2 期限切れ、3 新しい版あり。",
    params(StatusQuery),
    responses(
        (status = 200, description = "署名つきの一覧", body = String, content_type = "application/statuslist+jwt"),
        (status = 404, description = "その番号の一覧はまだありません", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[get("/api/v1/consents/status")]
pub(super) async fn list_statuses(query: Query<StatusQuery>, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let (now, list) = (app.now(), i64::from(query.0.list.unwrap_or(0)));
    let known = app.statuses.0.lock().unwrap_or_else(PoisonError::into_inner).get(&list).cloned();
    let known = known.filter(|(made, _)| *made <= now && now < made.plus_seconds(GIVEN_AGAIN));
    let token = match known {
        Some((_, token)) => token,
        None => {
            let states = app.store.read::<_, Problem, _>(move |tx| Ok(tx.list_receipt_states(list)?)).await?;
            // The first list always exists, even when it is empty.
            if states.is_empty() && list != 0 {
                return Err(Problem::NotFound);
            }
            let token = signed(&app, list, &states, now)?;
            app.statuses.0.lock().unwrap_or_else(PoisonError::into_inner).insert(list, (now, token.clone()));
            token
        }
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).content_type(STATUS_LIST).body(token))
}

fn signed(app: &App, list: i64, states: &[ReceiptState], now: Instant) -> Result<String, Problem> {
    let at = now.as_micros() / 1_000_000;
    let (uri, _) = address(&app.public_url, list * PLACES_OF_A_LIST);
    let claims = json!({
        "iss": app.public_url, "sub": uri, "iat": at, "exp": at + GOOD_FOR, "ttl": GIVEN_AGAIN,
        "status_list": {"bits": 2, "lst": packed(list, states, Day(now.date()))?},
    });
    app.signer.sign("statuslist+jwt", &claims).map_err(|error| Problem::Internal(error.to_string()))
}

/// The packed list: two bits for each place, the first place in the lowest bits of a byte, compressed (draft-ietf-oauth-status-list §4.1).
fn packed(list: i64, states: &[ReceiptState], today: Day) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::Internal(error.to_string());
    let mut bytes = vec![0_u8; usize::try_from(PLACES_OF_A_LIST / 4).unwrap_or(0)];
    for state in states {
        let place = usize::try_from(state.index - list * PLACES_OF_A_LIST).unwrap_or(usize::MAX);
        if let Some(byte) = bytes.get_mut(place / 4) {
            *byte |= code(state, today) << (place % 4 * 2);
        }
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(encoder.finish().map_err(failed)?))
}

fn code(state: &ReceiptState, today: Day) -> u8 {
    match state.standing {
        ReceiptStanding::Withdrawn => 1,
        _ if state.until < today => 2,
        ReceiptStanding::Superseded => 3,
        ReceiptStanding::Standing => 0,
    }
}
