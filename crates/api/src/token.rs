//! Tokens: JWT (RFC 7519) signed with Ed25519. Each names a session or a department system in the database, which can be ended at any time.

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

/// How long the token of a department system is valid, in seconds.
pub const CLIENT_TOKEN_SECONDS: i64 = 600;

/// How far the clocks of several servers may differ, in seconds.
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

/// Issues and checks tokens with one key and one algorithm (EdDSA); `iss`, `aud` and `exp` are required.
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    issuer: String,
    /// Tokens whose signature was valid: checking a signature again costs as much as a database read. Whether the session or client that a
    /// token names still counts is checked each time.
    good: Mutex<HashMap<String, (Token, Life)>>,
}

/// When a token was issued and when it ends, in seconds since 1970.
#[derive(Clone, Copy)]
struct Life {
    from: i64,
    until: i64,
}

/// The most valid tokens that are remembered: one for each person and system that work at the same time.
const REMEMBERED: usize = 4096;

/// The Ed25519 key of a seed (RFC 8032 §5.1.5): the signing key, and the public key in 32 bytes.
///
/// # Errors
/// [`BadKey`].
pub(crate) fn key_pair(seed: &[u8; 32]) -> Result<(EncodingKey, Vec<u8>), BadKey> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey)?;
    let pkcs8 = pair.to_pkcs8().map_err(|_| BadKey)?;
    Ok((EncodingKey::from_ed_der(pkcs8.as_ref()), pair.public_key().as_ref().to_vec()))
}

impl Tokens {
    /// Makes the keys from 32 secret bytes: the seed of an Ed25519 key (RFC 8032 §5.1.5).
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

    /// The token of a session, valid until `until` (whole seconds).
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

    /// The token of a department system, valid for [`CLIENT_TOKEN_SECONDS`].
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

    /// Reads a token that is valid at `now`; none for anything else, without saying why.
    pub fn read(&self, token: &str, now: Instant) -> Option<Token> {
        let remembered = self.good.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let (found, life) = match remembered {
            Some(known) => known,
            None => self.check(token)?,
        };
        let now = now.as_micros() / 1_000_000;
        // A token from the future was issued before the clock was set back, and would be valid for too long.
        (life.from <= now + SKEW_SECONDS && now < life.until).then_some(found)
    }

    /// What a token says, if we signed it, and from when until when it is valid.
    fn check(&self, token: &str) -> Option<(Token, Life)> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[SESSION, CLIENT]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // The library would use the system's clock; our clock is an argument, so the caller compares the times.
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

/// The credentials after the scheme in `Authorization`, in whatever case the scheme is written (RFC 9110 §11.1).
pub fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    header.split_once(' ').filter(|(name, _)| name.eq_ignore_ascii_case(scheme)).map(|(_, rest)| rest.trim())
}

/// Reads `Authorization: Basic` (RFC 7617) into id and secret.
pub fn basic(header: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(credentials(header, "Basic")?).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
