//! The keys that sign receipts: one for each master key that is kept, so that receipts from before a change of keys can still be checked.

use crate::token::{BadKey, key_pair};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use storage::keys::SecretKey;

/// Signs tokens as compact JWS (RFC 7515) with EdDSA.
pub(crate) struct Signer {
    signing: EncodingKey,
    kid: String,
    keys: Value,
}

impl Signer {
    /// Makes a signer from one seed for each master key; the last one is the newest, and signs.
    pub(crate) fn new(seeds: &[SecretKey]) -> Result<Self, BadKey> {
        let pairs = seeds.iter().map(|seed| key_pair(seed)).collect::<Result<Vec<_>, _>>()?;
        let public: Vec<Value> = pairs.iter().map(|(_, public)| jwk(public)).collect();
        let (signing, public_key) = pairs.into_iter().next_back().ok_or(BadKey)?;
        Ok(Self { signing, kid: thumbprint(&public_key), keys: json!({"keys": public}) })
    }

    /// The public keys as a JWK set (RFC 7517).
    pub(crate) fn keys(&self) -> &Value {
        &self.keys
    }

    /// Signs `claims` as a token of the type `typ` (RFC 8725 §3.11).
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, BadKey> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signing).map_err(|_| BadKey)
    }
}

/// A public key as a JWK (RFC 8037).
fn jwk(public: &[u8]) -> Value {
    let x = URL_SAFE_NO_PAD.encode(public);
    json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": thumbprint(public), "alg": "EdDSA", "use": "sig"})
}

/// The key id after RFC 7638: the hash of the required members in alphabetical order of their names.
fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}
