//! What the token endpoint answers instead of a token (RFC 6749 §5.2): the only place where programs do not expect a problem document.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a department system gets no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// The request is not a form, lacks a parameter, or has one twice.
    Malformed,
    /// The client authenticates in the header and in the form at once, or the form names another client than the header.
    TwoClients,
    /// The id or the secret is wrong or missing, or the client was revoked.
    Client,
    /// The request asks for something other than client credentials.
    GrantType,
    /// The request asks for a scope that the client does not have.
    Scope,
}

impl TokenRefusal {
    /// 401 for an unknown client, else 400.
    pub fn status(self) -> StatusCode {
        if self == Self::Client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
    }

    /// The document.
    pub fn document(self) -> TokenError {
        let error_description = match self {
            Self::Malformed => {
                "Send an uncompressed application/x-www-form-urlencoded body with grant_type, each parameter once."
            }
            Self::TwoClients => {
                "Authenticate one client in one way: HTTP Basic, or client_id and client_secret in the form."
            }
            Self::Client => "The client id or secret is wrong, missing or revoked.",
            Self::GrantType => "grant_type must be client_credentials.",
            Self::Scope => "Ask for scopes that this client has, or leave scope out to get all of them.",
        };
        let error = match self {
            Self::Malformed | Self::TwoClients => TokenErrorCode::InvalidRequest,
            Self::Client => TokenErrorCode::InvalidClient,
            Self::GrantType => TokenErrorCode::UnsupportedGrantType,
            Self::Scope => TokenErrorCode::InvalidScope,
        };
        TokenError { error, error_description }
    }
}

/// トークンを発行できない理由(RFC 6749 5.2)
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenError {
    error: TokenErrorCode,
    /// 直し方。RFC 6749 が ASCII と定めるので英語です
    #[schema(example = "The client id or secret is wrong, missing or revoked.")]
    error_description: &'static str,
}

/// 理由: `invalid_request` 求めの形が違う / `invalid_client` 連携システムを確認できない / `unsupported_grant_type` client_credentials でない /
/// `invalid_scope` 登録されていないスコープ
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::enum_variant_names, reason = "the names of RFC 6749")]
enum TokenErrorCode {
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
}
