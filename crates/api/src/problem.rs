//! The one place for errors: RFC 9457 problem documents, with a text in Japanese for the caller and the cause in the log.

mod token;

pub(crate) use token::{TokenError, TokenRefusal};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use domain::agency::Scope;
use domain::case::Refusal;
use domain::case::consent::RefusedClause;
use domain::door::{DoorError, FieldError};
use domain::second_person::NotSecond;
use serde::Serialize;
use storage::StoreError;
use utoipa::ToSchema;

/// What RFC 6749 §5.1 asks for beside `Cache-Control: no-store`.
pub(crate) const NO_CACHE: header::HeaderValue = header::HeaderValue::from_static("no-cache");

/// Everything that can be answered instead of success.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Problem {
    /// 400: not JSON, an unknown field, a duplicate key, a bad id in the path.
    #[error("malformed")]
    Malformed(FieldError),
    /// 422.
    #[error("invalid input")]
    InvalidInput(Vec<FieldError>),
    /// 401.
    #[error("unauthenticated")]
    Unauthenticated,
    /// 401: a bearer token that we did not issue, or that was ended or has expired, without saying which.
    #[error("token unknown")]
    TokenUnknown,
    /// 401: wrong login or password, without saying which.
    #[error("login refused")]
    LoginRefused,
    /// 400 or 401: a department system gets no token.
    #[error("token refused")]
    TokenRefused(TokenRefusal),
    /// 403.
    #[error("csrf")]
    Csrf,
    /// 403.
    #[error("forbidden")]
    Forbidden,
    /// 403: the department system's token lacks this scope.
    #[error("scope missing")]
    ScopeMissing(Scope),
    /// 403: the step needs a second person, and the caller is the first one, or would act for themselves.
    #[error("second person")]
    SecondPerson {
        /// Whether the trail has recorded it already.
        noted: bool,
    },
    /// 401: a one-time code that is wrong, used or expired, or that belongs to nobody.
    #[error("code refused")]
    CodeRefused,
    /// 403.
    #[error("consent refused")]
    ConsentRefused(Vec<RefusedClause>),
    /// 404: nothing has this id.
    #[error("not found")]
    NotFound,
    /// 404, word for word the same: the thing exists, but the caller may not know that.
    #[error("hidden")]
    Hidden,
    /// 405, with the methods that the path has.
    #[error("method not allowed")]
    MethodNotAllowed(String),
    /// 409, with the current state of the thing.
    #[error("invalid transition")]
    InvalidTransition(&'static str),
    /// The same, with what must be done first.
    #[error("held up")]
    HeldUp(&'static str, String),
    /// 409.
    #[error("preview outdated")]
    PreviewOutdated,
    /// 409: the same code, login or version is registered already, or is being registered.
    #[error("in progress")]
    Taken,
    /// 412.
    #[error("stale revision")]
    StaleRevision,
    /// 408: the body did not come in time.
    #[error("request timeout")]
    RequestTimeout,
    /// 413.
    #[error("too large")]
    TooLarge,
    /// 414.
    #[error("uri too long")]
    UriTooLong,
    /// 415.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// 422.
    #[error("idempotency key reused")]
    IdempotencyKeyReused,
    /// 428.
    #[error("precondition required")]
    PreconditionRequired,
    /// 400.
    #[error("idempotency key required")]
    IdempotencyKeyRequired,
    /// 429, with the seconds to wait.
    #[error("too many requests")]
    TooManyRequests(u32),
    /// 431.
    #[error("headers too large")]
    HeadersTooLarge,
    /// 503.
    #[error("overloaded")]
    Overloaded,
    /// 503: the store does not answer; the cause is in the log only.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// 503: the program that scans files does not answer; the cause is in the log only.
    #[error("the scanner is away: {0}")]
    ScannerAway(String),
    /// 503, with every part that keeps the service from being ready.
    #[error("not ready")]
    NotReady(Vec<FieldError>),
    /// 503: the data were restored from a copy, and the withdrawals since then have not been recorded again yet.
    #[error("restored")]
    Restored,
    /// 503: somebody other than the service has changed the thing in the database; which one is in the log only.
    #[error("state diverged: {0}")]
    StateDiverged(String),
    /// 500; the cause is in the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl Problem {
    /// A single invalid value.
    pub fn invalid(pointer: &str, code: &str, detail: &str) -> Self {
        Self::InvalidInput(vec![FieldError::new(pointer, code, detail)])
    }

    /// The name in `type`.
    pub fn name(&self) -> &'static str {
        self.facts().0
    }

    fn facts(&self) -> (&'static str, StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed(_) => (
                "malformed",
                S::BAD_REQUEST,
                "読み取れない入力です",
                "送られた内容を読み取れません。示された場所を直して、もう一度送ってください。",
            ),
            Self::InvalidInput(_) => (
                "invalid-input",
                S::UNPROCESSABLE_ENTITY,
                "入力に誤りがあります",
                "直すところがあります。示された項目を直して、もう一度送ってください。",
            ),
            Self::Unauthenticated | Self::TokenUnknown => (
                "unauthenticated",
                S::UNAUTHORIZED,
                "ログインが必要です",
                "ログインしていないか、時間が過ぎました。もう一度ログインしてください。",
            ),
            Self::LoginRefused => (
                "unauthenticated",
                S::UNAUTHORIZED,
                "ログインできません",
                "ログイン名またはパスワードが違います。確かめて、もう一度入力してください。",
            ),
            // Its document is `TokenError`, which has no title and is read by programs only.
            Self::TokenRefused(why) => ("token-refused", why.status(), "", ""),
            Self::Csrf => {
                ("csrf", S::FORBIDDEN, "画面の確認ができません", "画面を開き直して、もう一度操作してください。")
            }
            Self::Forbidden => (
                "forbidden",
                S::FORBIDDEN,
                "この操作はできません",
                "いまの職では、この操作は認められていません。担当の部署または所属長に相談してください。",
            ),
            Self::ScopeMissing(_) => (
                "forbidden",
                S::FORBIDDEN,
                "この操作はできません",
                "この連携システムのトークンには、この操作に要るスコープがありません。システム管理者に、登録されているスコープを確かめてください。",
            ),
            Self::SecondPerson { .. } => (
                "forbidden",
                S::FORBIDDEN,
                "別の人が行う操作です",
                "申請した人や加えた人、その対象になる人は、別の職に就いていても、自分では承認・確認・発行・停止できません。ほかの所属長、個人情報保護管理者、またはシステム管理者に依頼してください。",
            ),
            Self::CodeRefused => (
                "unauthenticated",
                S::UNAUTHORIZED,
                "コードを確認できません",
                "ログイン名またはコードが違うか、コードの期限が過ぎています。確かめて、もう一度入力してください。期限が過ぎたときは、システム管理者に新しいコードを依頼してください。",
            ),
            Self::ConsentRefused(_) => (
                "consent-refused",
                S::FORBIDDEN,
                "同意の範囲を超えています",
                "本人の同意(または法律上の根拠)がないため、伝えられません。refusals に示した理由を確かめてください。",
            ),
            Self::NotFound | Self::Hidden => (
                "not-found",
                S::NOT_FOUND,
                "見つかりません",
                "指定されたものはありません。番号や宛先を確かめてください。",
            ),
            Self::MethodNotAllowed(_) => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "使えない方法です",
                "この場所では、その方法(メソッド)は使えません。",
            ),
            Self::InvalidTransition(_) | Self::HeldUp(..) => (
                "invalid-transition",
                S::CONFLICT,
                "いまの状態ではできません",
                "ほかの人が先に進めたか、順番が違います。画面を更新して、いまの状態を確かめてください。",
            ),
            Self::PreviewOutdated => (
                "preview-outdated",
                S::CONFLICT,
                "確認した内容から変わっています",
                "つなぐ内容が確認のあとで変わりました。もう一度、内容を確認してから送ってください。",
            ),
            Self::Taken => (
                "in-progress",
                S::CONFLICT,
                "すでに使われています",
                "同じものがすでに登録されているか、登録の途中です。少し待って確かめてください。",
            ),
            Self::StaleRevision => (
                "stale-revision",
                S::PRECONDITION_FAILED,
                "古い内容に基づいています",
                "ほかの人が先に変更しました。新しい内容を読み込んでから、やり直してください。",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                S::REQUEST_TIMEOUT,
                "時間内に届きませんでした",
                "送信に時間がかかりすぎました。回線を確かめて、もう一度送ってください。何も保存されていません。",
            ),
            Self::TooLarge => (
                "too-large",
                S::PAYLOAD_TOO_LARGE,
                "大きすぎます",
                "送られた内容が大きすぎます。シートは1MiB、ファイルは10MiB、ほかは256KiB以下にしてください。",
            ),
            Self::UriTooLong => (
                "uri-too-long",
                S::URI_TOO_LONG,
                "アドレスが長すぎます",
                "アドレス(URL)が長すぎます。検索条件を減らしてください。",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "対応していない形式です",
                "API の説明にある形式(Content-Type)で、圧縮せずに送ってください。ほとんどの操作は application/json です。",
            ),
            Self::IdempotencyKeyReused => (
                "idempotency-key-reused",
                S::UNPROCESSABLE_ENTITY,
                "同じ鍵が別の内容に使われています",
                "Idempotency-Key が別の内容ですでに使われています。新しい鍵で送ってください。",
            ),
            Self::PreconditionRequired => (
                "precondition-required",
                S::PRECONDITION_REQUIRED,
                "版の指定が必要です",
                "If-Match ヘッダーに、読み込んだときの ETag を付けて送ってください。",
            ),
            Self::IdempotencyKeyRequired => (
                "idempotency-key-required",
                S::BAD_REQUEST,
                "二重送信を防ぐ鍵が必要です",
                "Idempotency-Key ヘッダー(1〜128文字の英数字と記号)を付けて送ってください。",
            ),
            Self::TooManyRequests(_) => (
                "too-many-requests",
                S::TOO_MANY_REQUESTS,
                "回数が多すぎます",
                "短い間に多くの要求がありました。少し待ってから、もう一度試してください。",
            ),
            Self::HeadersTooLarge => (
                "headers-too-large",
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "ヘッダーが大きすぎます",
                "要求のヘッダーが大きすぎます。ブラウザーのクッキーを消してから、もう一度試してください。",
            ),
            Self::Overloaded | Self::Unavailable(_) => (
                "overloaded",
                S::SERVICE_UNAVAILABLE,
                "混み合っています",
                "ただいま混み合っています。少し待ってから、もう一度試してください。何も失われていません。",
            ),
            Self::ScannerAway(_) => (
                "overloaded",
                S::SERVICE_UNAVAILABLE,
                "ファイルを検査できません",
                "ファイルを検査する仕組みが答えないため、受け取れませんでした。何も保存していません。少し待ってから、もう一度送ってください。続くときは、システム管理者に知らせてください。",
            ),
            Self::NotReady(_) => (
                "not-ready",
                S::SERVICE_UNAVAILABLE,
                "いまは使えません",
                "サービスの準備が整っていません。示された部分をシステム管理者に知らせてください。記録は失われていません。",
            ),
            Self::Restored => (
                "not-ready",
                S::SERVICE_UNAVAILABLE,
                "復元後の確認が済むまで開けません",
                "システムを復元したため、ほかの機関が記録したシートとつなぎは、確認が済むまで閉じています。急ぎの場合は、記録した機関に電話で確かめてください。",
            ),
            Self::StateDiverged(_) => (
                "state-diverged",
                S::SERVICE_UNAVAILABLE,
                "この記録は、確かめが済むまで使えません",
                "保存されている内容が、監査証跡と合いません。ほかの記録は、そのまま使えます。問い合わせ番号を添えて、システム管理者に知らせてください。急ぎの場合は、記録した機関に電話で確かめてください。",
            ),
            Self::Internal(_) => (
                "internal",
                S::INTERNAL_SERVER_ERROR,
                "システムの不具合です",
                "処理できませんでした。問い合わせ番号を添えて、システム管理者に知らせてください。",
            ),
        }
    }

    /// The media type and the text of the answer to the request at the path `instance`.
    pub fn body(&self, instance: String, trace_id: String) -> (&'static str, Vec<u8>) {
        let (media, text) = match self {
            Self::TokenRefused(why) => ("application/json", serde_json::to_vec(&why.document())),
            other => ("application/problem+json", serde_json::to_vec(&other.document(instance, trace_id))),
        };
        (media, text.unwrap_or_default())
    }

    fn document(&self, instance: String, trace_id: String) -> ProblemDocument {
        let (name, status, title, detail) = self.facts();
        let mut document = ProblemDocument {
            kind: format!("urn:tsunagu:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.to_owned(),
            instance,
            trace_id,
            errors: None,
            refusals: None,
            state: None,
        };
        match self {
            Self::Malformed(error) => document.errors = Some(vec![error.clone()]),
            Self::InvalidInput(errors) | Self::NotReady(errors) => document.errors = Some(errors.clone()),
            Self::ConsentRefused(refusals) => document.refusals = Some(refusals.clone()),
            Self::InvalidTransition(state) => document.state = Some((*state).to_owned()),
            Self::HeldUp(state, why) => {
                document.state = Some((*state).to_owned());
                document.detail.clone_from(why);
            }
            _ => {}
        }
        document
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:tsunagu:problem:<name>`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "urn:tsunagu:problem:invalid-input")]
    pub kind: String,
    /// 見出し.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do, in plain Japanese.
    pub detail: String,
    /// The path that was asked.
    pub instance: String,
    /// By which the log finds the request.
    pub trace_id: String,
    /// What is wrong with the input, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
    /// The clauses that refuse, all at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusals: Option<Vec<RefusedClause>>,
    /// The state in which the thing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.facts().1
    }

    /// Sets the status and the headers only: the outermost middleware knows the request and writes the document (see `trace`).
    fn error_response(&self) -> HttpResponse {
        let mut builder = HttpResponse::build(self.status_code());
        match self {
            Self::Unauthenticated | Self::LoginRefused => {
                builder.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"tsunagu\""));
            }
            // RFC 6750 §3.1.
            Self::TokenUnknown => {
                let challenge = "Bearer realm=\"tsunagu\", error=\"invalid_token\"";
                builder.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            Self::ScopeMissing(scope) => {
                let scope = scope.as_str();
                let challenge = format!("Bearer realm=\"tsunagu\", error=\"insufficient_scope\", scope=\"{scope}\"");
                builder.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            Self::TokenRefused(why) => {
                builder.insert_header((header::PRAGMA, NO_CACHE));
                // RFC 6749 §5.2 asks for this header when Basic was used; RFC 9110 §15.5.2 asks for it with every 401.
                if *why == TokenRefusal::Client {
                    builder.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"tsunagu\""));
                }
            }
            Self::MethodNotAllowed(allowed) => {
                builder.insert_header((header::ALLOW, allowed.clone()));
            }
            Self::TooManyRequests(seconds) => {
                builder.insert_header((header::RETRY_AFTER, seconds.to_string()));
            }
            Self::Overloaded | Self::Unavailable(_) | Self::ScannerAway(_) | Self::NotReady(_) => {
                builder.insert_header((header::RETRY_AFTER, "1"));
            }
            // RFC 9110 §15.5.9: the service does not wait for the rest of the body.
            Self::RequestTimeout => {
                builder.force_close().insert_header((header::RETRY_AFTER, "1"));
            }
            _ => {}
        }
        let mut response = builder.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<DoorError> for Problem {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::Malformed(error) => Self::Malformed(error),
            DoorError::Invalid(errors) => Self::InvalidInput(errors),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Closed | StoreError::Unavailable(_) | StoreError::Disk(_) => {
                Self::Unavailable(error.to_string())
            }
            StoreError::Conflict(_) | StoreError::Retry => Self::Taken,
            StoreError::Diverged(_) => Self::StateDiverged(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<NotSecond> for Problem {
    fn from(why: NotSecond) -> Self {
        match why {
            NotSecond::Elsewhere | NotSecond::NotOfficer => Self::Forbidden,
            NotSecond::Own => Self::SecondPerson { noted: false },
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Transition(invalid) => Self::InvalidTransition(invalid.state),
            Refusal::HeldUp(held) => Self::InvalidTransition(held.state),
            Refusal::Consent(clauses) => Self::ConsentRefused(clauses.into_iter().map(Into::into).collect()),
            Refusal::PreviewOutdated => Self::PreviewOutdated,
            Refusal::Invalid(errors) => Self::InvalidInput(errors),
            Refusal::SecondPerson => Self::SecondPerson { noted: true },
            Refusal::Forbidden => Self::Forbidden,
            Refusal::NotFound => Self::NotFound,
        }
    }
}

/// The problem that a response carries, for the middleware that writes documents.
pub(crate) fn carried<B>(response: &HttpResponse<B>) -> Option<Problem> {
    response.extensions().get::<Problem>().cloned()
}
