//! Tokens: JWT (RFC 7519) signed with Ed25519, each naming a row that can be ended at any time.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::agency::Scope;
use domain::ids::{ClientId, SessionId};
use domain::time::Instant;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

const SESSION: &str = "session";
const CLIENT: &str = "client";

/// How long a client's token is good for, in seconds.
pub const CLIENT_TOKEN_SECONDS: i64 = 600;

/// By how much the clocks of several servers may differ, in seconds.
const SKEW_SECONDS: i64 = 60;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A person's session.
    Session(SessionId),
    /// A department system with these scopes.
    Client(ClientId, BTreeSet<Scope>),
}

/// The signing key could not be made.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct BadKey;

/// Issues and checks tokens under one key, one algorithm (EdDSA), `iss`, `aud` and `exp` required.
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    issuer: String,
    /// Tokens whose signature was found good: checking one again costs as much as a database read. Whether what a
    /// token names still counts is asked anew each time.
    good: Mutex<HashMap<String, (Token, Life)>>,
}

/// When a token was issued and when it ends, in seconds since 1970.
#[derive(Clone, Copy)]
struct Life {
    from: i64,
    until: i64,
}

/// So many good tokens are remembered: one for each person and system at work at once.
const REMEMBERED: usize = 4096;

/// The Ed25519 key of a seed (RFC 8032 §5.1.5), for signing, and its public half, 32 bytes.
///
/// # Errors
/// [`BadKey`].
pub(crate) fn key_pair(seed: &[u8; 32]) -> Result<(EncodingKey, Vec<u8>), BadKey> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey)?;
    let pkcs8 = pair.to_pkcs8().map_err(|_| BadKey)?;
    Ok((EncodingKey::from_ed_der(pkcs8.as_ref()), pair.public_key().as_ref().to_vec()))
}

impl Tokens {
    /// From 32 secret bytes: the seed of an Ed25519 key (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn new(seed: &[u8; 32], issuer: &str) -> Result<Self, BadKey> {
        let (signing, public) = key_pair(seed)?;
        Ok(Self {
            signing,
            checking: DecodingKey::from_ed_der(&public),
            issuer: issuer.to_owned(),
            good: Mutex::default(),
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String, BadKey> {
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &self.signing).map_err(|_| BadKey)
    }

    /// A session's token, good until `until` (whole seconds).
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn session(&self, id: SessionId, now: Instant, until: Instant) -> Result<String, BadKey> {
        self.sign(&Claims {
            iss: self.issuer.clone(),
            aud: SESSION.to_owned(),
            sub: id.to_string(),
            exp: until.as_micros() / 1_000_000,
            iat: now.as_micros() / 1_000_000,
            scope: None,
        })
    }

    /// A client's token, good for [`CLIENT_TOKEN_SECONDS`].
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn client(&self, id: ClientId, scopes: &BTreeSet<Scope>, now: Instant) -> Result<String, BadKey> {
        let scope: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
        self.sign(&Claims {
            iss: self.issuer.clone(),
            aud: CLIENT.to_owned(),
            sub: id.to_string(),
            exp: now.as_micros() / 1_000_000 + CLIENT_TOKEN_SECONDS,
            iat: now.as_micros() / 1_000_000,
            scope: Some(scope.join(" ")),
        })
    }

    /// Reads a token that is good at `now`; none for anything else, without saying why.
    pub fn read(&self, token: &str, now: Instant) -> Option<Token> {
        let remembered = self.good.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let (found, life) = match remembered {
            Some(known) => known,
            None => self.check(token)?,
        };
        let now = now.as_micros() / 1_000_000;
        // One from the future was issued before the clock was set back, and would outlive its time by as much.
        (life.from <= now + SKEW_SECONDS && now < life.until).then_some(found)
    }

    /// What a token says whose signature is ours, and when it holds.
    fn check(&self, token: &str) -> Option<(Token, Life)> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[SESSION, CLIENT]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The library asks the system's clock; ours is an argument, so the caller compares the times.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.checking, &validation).ok()?.claims;
        let found = match claims.aud.as_str() {
            SESSION => Token::Session(claims.sub.parse().ok()?),
            CLIENT => {
                let scopes =
                    claims.scope.unwrap_or_default().split(' ').filter_map(|scope| scope.parse().ok()).collect();
                Token::Client(claims.sub.parse().ok()?, scopes)
            }
            _ => return None,
        };
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= REMEMBERED {
            good.clear();
        }
        let life = Life { from: claims.iat, until: claims.exp };
        good.insert(token.to_owned(), (found.clone(), life));
        Some((found, life))
    }
}

/// What follows the scheme in `Authorization`; however its name is written (RFC 9110 §11.1).
pub fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    header.split_once(' ').filter(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, rest)| rest.trim())
}

/// Reads `Authorization: Basic` (RFC 7617) into id and secret.
pub fn basic(header: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(credentials(header, "Basic")?).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
