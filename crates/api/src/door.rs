//! What comes in with a request: ids in the path, JSON bodies, queries, `If-Match`, `Idempotency-Key`. Each is parsed once, here.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use domain::beside::attachment::LARGEST_ATTACHMENT;
use domain::door::{self, FieldError};
use domain::time::Instant;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use std::str::FromStr;
use std::time::Duration;
use validator::Validate;

/// The largest body, in bytes…
pub const BODY_LIMIT: usize = 256 << 10;
/// …the largest body with a sheet…
pub const SHEET_LIMIT: usize = 1 << 20;
/// …and the largest body from a stranger: those of two thousand strangers at once must fit into memory.
pub const STRANGERS_LIMIT: usize = 8 << 10;
/// While a file comes in, in each window of this length…
const UPLOAD_WINDOW: Duration = Duration::from_secs(10);
/// …at least this many bytes must come, or all that is left: half of what a line of 1 Mbit/s carries.
const UPLOAD_STEP: usize = 640 << 10;
/// How long a file can take at that rate.
pub(crate) const UPLOAD_LONGEST: Duration = Duration::from_secs(170);
/// How long a body may take to arrive; the rest of the deadline of the request (see `trace`) is left for the work.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A JSON body of at most `LIMIT` bytes, validated, with its exact bytes for the fingerprint of an Idempotency-Key.
pub struct Body<T, const LIMIT: usize = BODY_LIMIT> {
    /// The value.
    pub value: T,
    /// The bytes as sent.
    pub bytes: web::Bytes,
}

impl<T: DeserializeOwned + Validate + 'static, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_media(request, "application/json");
        let bytes = read(request, payload, LIMIT);
        Box::pin(async move {
            if !json {
                return Err(Problem::UnsupportedMediaType);
            }
            let bytes = bytes.await?;
            let value = door::from_json(&bytes)?;
            Ok(Self { value, bytes })
        })
    }
}

/// A file as the body of a request, in any format. It is read only once it is known that the caller may send it.
pub struct Upload(Incoming);

impl FromRequest for Upload {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(Incoming::of(request, payload))))
    }
}

impl Upload {
    /// The bytes as sent, if they come fast enough.
    ///
    /// # Errors
    /// Too large, compressed, broken off, or slower than 640 KiB in 10 s.
    pub async fn read(self) -> Result<web::Bytes, Problem> {
        let mut payload = self.0.opened(LARGEST_ATTACHMENT)?;
        let mut body = web::BytesMut::new();
        loop {
            let enough = body.len() + UPLOAD_STEP;
            let step = collect(&mut payload, &mut body, enough, LARGEST_ATTACHMENT);
            let step = actix_web::rt::time::timeout(UPLOAD_WINDOW, step).await;
            if step.map_err(|_| Problem::RequestTimeout)?? {
                return Ok(body.freeze());
            }
        }
    }
}

fn is_media(request: &HttpRequest, media: &str) -> bool {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(media)
}

/// A body that has not been read yet.
struct Incoming {
    announced: Option<usize>,
    is_plain: bool,
    payload: Payload,
}

impl Incoming {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        let headers = request.headers();
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        let mut codings = headers.get_all(header::CONTENT_ENCODING);
        let is_plain = codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        Self { announced, is_plain, payload: payload.take() }
    }

    /// The payload, if it may be read. A compressed body is refused, because nobody knows how large it would become.
    fn opened(self, limit: usize) -> Result<Payload, Problem> {
        match self {
            Self { announced: Some(length), .. } if length > limit => Err(Problem::TooLarge),
            Self { is_plain: false, .. } => Err(Problem::UnsupportedMediaType),
            Self { payload, .. } => Ok(payload),
        }
    }
}

/// The body, if it comes within the deadline and is not larger than `limit`.
fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> LocalBoxFuture<'static, Result<web::Bytes, Problem>> {
    let incoming = Incoming::of(request, payload);
    Box::pin(async move {
        let mut payload = incoming.opened(limit)?;
        let mut body = web::BytesMut::new();
        let whole = collect(&mut payload, &mut body, usize::MAX, limit);
        actix_web::rt::time::timeout(BODY_DEADLINE, whole).await.map_err(|_| Problem::RequestTimeout)??;
        Ok(body.freeze())
    })
}

/// Reads on until the body holds `enough` bytes or has ended; true when it has ended.
async fn collect(
    payload: &mut Payload,
    body: &mut web::BytesMut,
    enough: usize,
    limit: usize,
) -> Result<bool, Problem> {
    while body.len() < enough {
        let Some(chunk) = payload.next().await else { return Ok(true) };
        let chunk = chunk.map_err(|_| {
            let detail = "送信が途中で切れました。もう一度送ってください。";
            Problem::Malformed(FieldError::new("", "unreadable", detail))
        })?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(false)
}

/// A form (`application/x-www-form-urlencoded`), as OAuth demands it. A parameter that comes twice is refused, an unknown one is ignored
/// (RFC 6749 §3.2).
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = is_media(request, "application/x-www-form-urlencoded");
        let bytes = read(request, payload, STRANGERS_LIMIT);
        Box::pin(async move {
            if !form {
                return Err(Problem::UnsupportedMediaType);
            }
            let bytes = bytes.await?;
            let detail =
                "フォーム(application/x-www-form-urlencoded)として読めません。送信する側の設定を確認してください。";
            let unreadable = || Problem::Malformed(FieldError::new("", "not_a_form", detail));
            let text = std::str::from_utf8(&bytes).map_err(|_| unreadable())?;
            let parsed = web::Query::<T>::from_query(text).map_err(|_| unreadable())?;
            Ok(Self(parsed.into_inner()))
        })
    }
}

/// A JSON body that may be left out when there is nothing to say.
pub struct OptionalBody<T> {
    /// The value; its default when there was no body.
    pub value: T,
    /// The bytes as sent.
    pub bytes: web::Bytes,
}

impl<T: DeserializeOwned + Validate + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_media(request, "application/json");
        let bytes = read(request, payload, BODY_LIMIT);
        Box::pin(async move {
            let bytes = bytes.await?;
            let value = match (bytes.is_empty(), json) {
                (true, _) => T::default(),
                (false, true) => door::from_json(&bytes)?,
                (false, false) => return Err(Problem::UnsupportedMediaType),
            };
            Ok(Self { value, bytes })
        })
    }
}

/// A table (`text/csv`) of at most [`SHEET_LIMIT`] bytes.
pub(crate) struct CsvBody(pub(crate) web::Bytes);

impl FromRequest for CsvBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let csv = is_media(request, "text/csv");
        let bytes = read(request, payload, SHEET_LIMIT);
        Box::pin(async move { if csv { bytes.await.map(Self) } else { Err(Problem::UnsupportedMediaType) } })
    }
}

/// The body of an operation that needs no input: `{}`, or none.
#[derive(Default, serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// An id in the path, under the name `id`.
pub struct Id<T>(pub T);

impl<T: FromStr + 'static> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(Self))
    }
}

/// A segment of the path, parsed.
pub(crate) fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| {
        Problem::Malformed(FieldError::new(
            "",
            "not_an_id",
            "アドレス(URL)の番号の形が正しくありません。一覧から開き直してください。",
        ))
    })
}

/// The query string, read strictly: a parameter that is unknown or comes twice is refused.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes());
        let parsed = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        ready(parsed.map(Self).map_err(|error| bad_query(&error)))
    }
}

/// The error in a query: the parameter, if it is one of ours, and which values it may have.
fn bad_query(error: &serde_path_to_error::Error<serde::de::value::Error>) -> Problem {
    let said = error.inner().to_string();
    let named = |name: &str, detail: &str| FieldError::new(format!("/{name}"), "bad_query", detail);
    if said.starts_with("unknown field") {
        // The sender made up the name, so it is not repeated.
        let detail = "この一覧で使えない検索条件(URLの ? より後)があります。使えるものだけにしてください。";
        let error = FieldError::new("", "bad_query", detail);
        return Problem::Malformed(FieldError { allowed: door::fields(&said), ..error });
    }
    if let Some(name) = said.strip_prefix("duplicate field `") {
        return Problem::Malformed(named(
            name.trim_end_matches('`'),
            "この検索条件が二度あります。一つだけにしてください。",
        ));
    }
    if let Some(name) = said.strip_prefix("missing field `") {
        return Problem::InvalidInput(vec![named(name.trim_end_matches('`'), "この検索条件を指定してください。")]);
    }
    let wrong = door::wrong_value(door::pointer(error.path()), &said);
    let detail = match wrong.code.as_str() {
        "wrong_type" => "この検索条件の値を読み取れません。種類と範囲を API の説明で確認してください。".to_owned(),
        _ => wrong.detail,
    };
    Problem::InvalidInput(vec![FieldError { code: "bad_query".to_owned(), detail, ..wrong }])
}

/// An instant in a query, for `#[serde(default, deserialize_with = "query_instant")]`. In a URL `+` means a space, and hardly anybody
/// writes `%2B09:00`. No instant contains a space, so a space is read as `+`.
pub(crate) fn query_instant<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    text.replace(' ', "+").parse().map(Some).map_err(serde::de::Error::custom)
}

/// What proxies append to a tag when they compress (Apache's `DeflateAlterETag AddSuffix`).
const COMPRESSED: [&str; 3] = ["-gzip", "-br", "-zstd"];

/// `If-Match` (RFC 9110 §13.1.1) with the ETag that was read: `"<revision>"`.
///
/// A proxy that compresses makes the ETag weak, or appends the name of its coding. Our ETags number what the thing contains, not the bytes
/// that carry it, so both still name the same revision.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(u32);

impl IfMatch {
    /// Refuses unless the thing is still at that revision.
    ///
    /// # Errors
    /// [`Problem::StaleRevision`].
    pub fn check(self, revision: u32) -> Result<(), Problem> {
        if self.0 == revision { Ok(()) } else { Err(Problem::StaleRevision) }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(header::IF_MATCH);
        let text = header.map(|value| value.to_str().unwrap_or("?").trim());
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return ready(Err(Problem::PreconditionRequired));
        };
        let tag = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let Some(tag) = tag.filter(|tag| !tag.is_empty()) else {
            let detail = "If-Match には、読み込んだときの ETag を引用符ごと入れてください。";
            return ready(Err(Problem::Malformed(FieldError::new("", "bad_if_match", detail))));
        };
        let coded = COMPRESSED.iter().find_map(|coding| tag.strip_suffix(coding));
        // A tag that we did not make matches nothing.
        let revision = coded.unwrap_or(tag).parse().ok();
        ready(revision.map(Self).ok_or(Problem::StaleRevision))
    }
}

/// `Idempotency-Key`: 1–128 visible ASCII characters (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = request.headers().get("Idempotency-Key").and_then(|value| value.to_str().ok()).map(str::trim);
        let good = key.filter(|k| (1..=128).contains(&k.len()) && k.bytes().all(|b| b.is_ascii_graphic()));
        ready(good.map(|k| Self(k.to_owned())).ok_or(Problem::IdempotencyKeyRequired))
    }
}
