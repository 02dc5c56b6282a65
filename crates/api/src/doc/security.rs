//! The ways to authenticate: a person's session, or a department system with the scopes that [`permit`](domain::permit::permit) requires.

use domain::agency::Scope;
use domain::permit::{Operation, System};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityRequirement,
    SecurityScheme,
};
use utoipa::openapi::{Components, RefOr};

/// Adds the security schemes to which the operations refer.
pub(super) fn put(components: &mut Components) {
    let scopes: Scopes = Scope::ALL.iter().map(|scope| (scope.as_str(), scope.label())).collect();
    let client = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
    let client = client.description(Some("連携システムの client_id と client_secret。トークンの発行だけに使います。"));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let bearer = bearer.description(Some("ログインのクッキーの値、または連携システムのトークン。"));
    let cookie = "ログインのクッキー。変更には X-CSRF-Token も要ります。";
    let system = "連携システムのトークン(RFC 6749 4.4)。10分間有効です。";
    let schemes = [
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("tsunagu_session", cookie)))),
        ("bearer", SecurityScheme::Http(bearer.build())),
        ("client", SecurityScheme::Http(client.build())),
        (
            "oauth2",
            SecurityScheme::OAuth2(OAuth2::with_description(
                [Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", scopes))],
                system,
            )),
        ),
    ];
    components.security_schemes.extend(schemes.map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme))));
}

/// The ways to authenticate for the operation; one of them is enough.
pub(super) fn of(id: &str, is_public: bool) -> Vec<SecurityRequirement> {
    let with = |scheme: &str, scopes: Vec<&str>| SecurityRequirement::new(scheme, scopes);
    if id == "issue_token" {
        // The secret may also be sent in the form.
        return vec![with("client", Vec::new()), SecurityRequirement::default()];
    }
    if is_public {
        return Vec::new();
    }
    let mut enough = vec![with("bearer", Vec::new()), with("session", Vec::new())];
    match Operation::all().find(|operation| operation.id() == id).map(Operation::system) {
        Some(System::With(scope)) => enough.push(with("oauth2", vec![scope.as_str()])),
        Some(System::Any) => enough.push(with("oauth2", Vec::new())),
        Some(System::Never) | None => {}
    }
    enough
}
