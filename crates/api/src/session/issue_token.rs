use super::device;
use super::shape::{TokenRequest, TokenResponse};
use crate::app::App;
use crate::door::Form;
use crate::execute::{Answer, on_agency};
use crate::limit::Key;
use crate::problem::{NO_CACHE, Problem, TokenError, TokenRefusal};
use crate::token::{CLIENT_TOKEN_SECONDS, basic};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use domain::account::Client;
use domain::agency::{Actor, Principal, Scope};
use domain::audit::{EventDraft, EventKind, Fact, Stream};
use domain::ids::ClientId;
use domain::time::{Day, Instant};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Issues a token for a department system: client credentials (RFC 6749 §4.4). The client authenticates by HTTP Basic or in the form (§2.3.1).
#[utoipa::path(
    tag = "session",
    summary = "連携システムのトークンを発行する",
    description = "OAuth 2.0 の client credentials(RFC 6749 4.4)です。client_id と client_secret は HTTP Basic か、フォームの項目で送ります(両方は送れません)。トークンは10分間有効です。断るときの答えは RFC 6749 5.2 の形です。",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "発行しました", body = TokenResponse),
        (status = 400, description = "求めに誤りがあります", body = TokenError),
        (status = 401, description = "連携システムを確認できません", body = TokenError),
    )
)]
#[post("/oauth2/token")]
pub(super) async fn issue_token(
    request: HttpRequest,
    // Errors in the form are reported later: a stranger is told nothing about the body.
    form: Result<Form<TokenRequest>, Problem>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (id, secret) = credentials(&request, form.as_ref())?;
    let client = find_client(&app, &id, Day(app.now().date())).await?;
    let client = match client {
        Some(client) if is_secret_of(&client, &secret, app.now()) && client.counts() => client,
        other => {
            // A right secret is never refused because of failures of others: nobody guesses 32 random bytes. The budget only limits what is
            // written to the trail.
            let network = app.limits.network(&request);
            let keys = [Key::Pair(device::account(&app, &id), network), Key::Address(network)];
            let paid = app.limits.attempts.take(&keys).map_err(Problem::TooManyRequests)?;
            if app.limits.strangers.may_be_noted() {
                note_failure(&app, other, paid.is_last, network.keyed(&app.network)).await?;
            }
            return Err(Problem::TokenRefused(TokenRefusal::Client));
        }
    };
    let form = form.map_err(refused)?.0;
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
    let Client { agency_id, municipality_id, .. } = client;
    let actor = Actor { principal, agency_id, municipality_id, at: now };
    let mut issued = on_agency(&app, &actor, None, move |_, actor| {
        let scopes = Fact::List(names.iter().map(|name| Fact::Code(name)).collect());
        let event = EventDraft::new(EventKind::TokenIssued, Stream::Agency(actor.agency_id)).with("scopes", scopes);
        Ok((answer.clone(), vec![event]))
    })
    .await?;
    issued.headers_mut().insert(header::PRAGMA, NO_CACHE);
    Ok(issued)
}

/// The id and the secret of the client, from the header or from the form, never from both. Parameters without a value count as left out
/// (RFC 6749 §3.2).
fn credentials(
    request: &HttpRequest,
    form: Result<&Form<TokenRequest>, &Problem>,
) -> Result<(String, String), Problem> {
    let given = |text: Option<&String>| text.filter(|text| !text.is_empty()).cloned();
    let in_form = form.map(|Form(form)| (given(form.client_id.as_ref()), given(form.client_secret.as_ref())));
    let Some(sent) = request.headers().get(header::AUTHORIZATION) else {
        return match in_form.map_err(|problem| refused(problem.clone()))? {
            (Some(id), Some(secret)) => Ok((id, secret)),
            _ => Err(Problem::TokenRefused(TokenRefusal::Client)),
        };
    };
    let (id, secret) = sent.to_str().ok().and_then(basic).unwrap_or_default();
    match in_form {
        Ok((_, Some(_))) => Err(Problem::TokenRefused(TokenRefusal::TwoClients)),
        Ok((Some(other), _)) if other != id => Err(Problem::TokenRefused(TokenRefusal::TwoClients)),
        _ => Ok((id, secret)),
    }
}

/// The refusal of a form that cannot be read, in the terms of RFC 6749. A form that is too large or too slow keeps its status.
fn refused(problem: Problem) -> Problem {
    match problem {
        Problem::Malformed(_) | Problem::UnsupportedMediaType => Problem::TokenRefused(TokenRefusal::Malformed),
        other => other,
    }
}

async fn find_client(app: &App, id: &str, today: Day) -> Result<Option<Client>, Problem> {
    match id.parse::<ClientId>() {
        Ok(id) => app.store.read::<_, Problem, _>(move |tx| Ok(tx.find_client(id, today)?)).await,
        Err(_) => Ok(None),
    }
}

/// Whether `secret` is a secret of the client. Secrets are 32 random bytes (`directory::Secret`), not words that somebody thought of, so
/// trying many gains nothing, and a fast hash protects them as well as a slow one.
fn is_secret_of(client: &Client, secret: &str, now: Instant) -> bool {
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    let is = |kept: &[u8; 32]| verify_slices_are_equal(hash.as_ref(), kept).is_ok();
    is(&client.secret_hash) || client.earlier_secret.is_some_and(|(earlier, until)| now < until && is(&earlier))
}

fn check_grant_type(sent: Option<&str>) -> Result<(), Problem> {
    match sent.unwrap_or_default() {
        "client_credentials" => Ok(()),
        "" => Err(Problem::TokenRefused(TokenRefusal::Malformed)),
        _ => Err(Problem::TokenRefused(TokenRefusal::GrantType)),
    }
}

/// The requested scopes, all of which the client must have; when none are requested, all that it has (RFC 6749 §3.3).
fn granted(wish: Option<&str>, own: &BTreeSet<Scope>) -> Result<BTreeSet<Scope>, Problem> {
    let wish = wish.unwrap_or_default().trim();
    if wish.is_empty() {
        return Ok(own.clone());
    }
    let scopes =
        wish.split_ascii_whitespace().map(|name| name.parse().ok().filter(|scope: &Scope| own.contains(scope)));
    scopes.collect::<Option<_>>().ok_or(Problem::TokenRefused(TokenRefusal::Scope))
}

async fn note_failure(app: &App, client: Option<Client>, is_last: bool, network: String) -> Result<(), Problem> {
    let now = app.now();
    let (stream, municipality, key) = match &client {
        Some(client) => (Stream::Agency(client.agency_id), Some(client.municipality_id), client.agency_id.0),
        None => (Stream::Service, None, Uuid::nil()),
    };
    let event = EventDraft::new(EventKind::TokenFailed, stream).with("network", Fact::Commitment(network));
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
