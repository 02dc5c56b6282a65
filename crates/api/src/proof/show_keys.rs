use crate::app::App;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

/// The keys by which receipts and status lists are checked (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct KeySet {
    /// 公開鍵(新しいものが最後)
    keys: Vec<PublicKey>,
}

/// One Ed25519 key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub(super) struct PublicKey {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    /// 公開鍵(base64url)
    x: String,
    /// 鍵の名前(RFC 7638)
    kid: String,
    #[schema(example = "EdDSA")]
    alg: String,
    #[schema(example = "sig")]
    r#use: String,
}

/// The public keys.
#[utoipa::path(
    tag = "consents",
    summary = "控えの署名を確かめる鍵",
    description = "同意の控えと状態一覧の署名を確かめる公開鍵です。鍵を替えても、前の鍵はしばらく残ります。",
    responses((status = 200, description = "公開鍵", body = KeySet))
)]
#[get("/.well-known/jwks.json")]
pub(super) async fn show_keys(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(app.signer.keys())
}
