use super::device;
use super::shape::{TokenRequest, TokenResponse};
use crate::app::App;
use crate::door::Form;
use crate::execute::{Answer, on_agency};
use crate::limit::Key;
use crate::problem::Problem;
use crate::token::{CLIENT_TOKEN_SECONDS, basic};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use domain::agency::{Actor, Principal, Scope};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::ClientId;
use std::collections::BTreeSet;
use storage::ClientRecord;
use uuid::Uuid;

/// A token for a department system: client credentials (RFC 6749 §4.4), the client authenticated by HTTP Basic only.
#[utoipa::path(
    tag = "session",
    summary = "連携システムのトークンを発行する",
    description = "OAuth 2.0 の client credentials(RFC 6749 4.4)です。client_id と client_secret は HTTP Basic で送ります。トークンは10分間有効です。",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "発行しました", body = TokenResponse))
)]
#[post("/oauth2/token")]
pub(super) async fn issue_token(
    request: HttpRequest,
    // Opened later: a stranger is told nothing about the body.
    form: Result<Form<TokenRequest>, Problem>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let sent = request.headers().get(header::AUTHORIZATION).ok_or(Problem::ClientRefused)?;
    let (id, secret) = sent.to_str().ok().and_then(basic).unwrap_or_default();
    let client = find_client(&app, &id).await?;
    let client = match client {
        Some(client) if is_secret_of(&client, &secret) && client.revoked_at.is_none() => client,
        other => {
            // A right secret is never refused for others' failures: nobody guesses 32 random bytes. What is bounded is the trail.
            let network = app.limits.network(&request);
            let keys = [Key::Pair(device::account(&app, &id), network), Key::Address(network)];
            let paid = app.limits.attempts.take(&keys).map_err(Problem::TooManyRequests)?;
            note_failure(&app, other, paid.is_last).await?;
            return Err(Problem::ClientRefused);
        }
    };
    let form = form?.0;
    check_grant_type(form.grant_type.as_deref())?;
    let scopes = granted(form.scope.as_deref(), &client.scopes)?;
    let now = app.now();
    let access_token = app.tokens.client(client.id, &scopes, now);
    let access_token = access_token.map_err(|e| Problem::Internal(e.to_string()))?;
    let names: Vec<&'static str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let answer = Answer::ok(&TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: CLIENT_TOKEN_SECONDS,
        scope: names.join(" "),
    })?;
    let principal = Principal::Client { client_id: client.id, scopes };
    let ClientRecord { agency_id, municipality_id, .. } = client;
    let actor = Actor { principal, agency_id, municipality_id, at: now };
    on_agency(&app, &actor, None, move |_, actor| {
        let scopes = Fact::List(names.iter().map(|name| Fact::Code(name)).collect());
        let event = EventDraft::new(EventKind::TokenIssued, Stream::Agency(actor.agency_id)).with("scopes", scopes);
        Ok((answer.clone(), vec![event]))
    })
    .await
}

async fn find_client(app: &App, id: &str) -> Result<Option<ClientRecord>, Problem> {
    match id.parse::<ClientId>() {
        Ok(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_client(id)?)).await,
        Err(_) => Ok(None),
    }
}

/// A secret is 32 random bytes made by `tsunagu client add`, not a word that somebody thought of: nothing can be guessed by trying
/// many, so a plain hash keeps it as well as a slow one would.
fn is_secret_of(client: &ClientRecord, secret: &str) -> bool {
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    verify_slices_are_equal(hash.as_ref(), &client.secret_hash).is_ok()
}

fn check_grant_type(sent: Option<&str>) -> Result<(), Problem> {
    match sent {
        Some("client_credentials") => Ok(()),
        _ => {
            let detail = "grant_type には client_credentials を指定してください。";
            Err(Problem::invalid("/grant_type", "unsupported_grant_type", detail))
        }
    }
}

/// The scopes that were asked for, all of which the client must have; without a wish all that it has (RFC 6749 §3.3).
fn granted(wish: Option<&str>, own: &BTreeSet<Scope>) -> Result<BTreeSet<Scope>, Problem> {
    let wish = wish.unwrap_or_default().trim();
    if wish.is_empty() {
        return Ok(own.clone());
    }
    let scopes = wish.split_ascii_whitespace().map(|name| Scope::parse(name).filter(|scope| own.contains(scope)));
    scopes.collect::<Option<_>>().ok_or_else(|| {
        let detail = "この連携システムに登録されているスコープの中から指定してください。";
        Problem::invalid("/scope", "invalid_scope", detail)
    })
}

async fn note_failure(app: &App, client: Option<ClientRecord>, is_last: bool) -> Result<(), Problem> {
    let now = app.now();
    let (stream, municipality, key) = match &client {
        Some(client) => (Stream::Agency(client.agency_id), Some(client.municipality_id), client.agency_id.0),
        None => (Stream::Service, None, Uuid::nil()),
    };
    let event = EventDraft::new(EventKind::TokenFailed, stream);
    let event = match client {
        Some(client) => event.with("client_id", Fact::Id(client.id.0)),
        None => event,
    };
    let event = if is_last { event.with("limited", Fact::Flag(true)) } else { event };
    app.store
        .write::<_, Problem, _>(key, move |tx| {
            let mut lock = tx.lock_stream(stream, municipality)?;
            Ok(tx.append(&mut lock, std::slice::from_ref(&event), None, now)?)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_what_it_asks_for_and_has_or_all_that_it_has() {
        let own = BTreeSet::from([Scope::SheetsRead, Scope::RelaysRead]);
        let wish = |text| granted(Some(text), &own).ok();
        assert_eq!(granted(None, &own).ok(), Some(own.clone()));
        assert_eq!(wish(" "), Some(own.clone()));
        assert_eq!(wish("sheets:read"), Some(BTreeSet::from([Scope::SheetsRead])));
        assert_eq!(wish("relays:read sheets:read relays:read"), Some(own.clone()));
        assert_eq!(wish("sheets:read audit:read"), None);
        assert_eq!(wish("sheets:Read"), None);
    }
}
