//! Cursors: the position in a list, encrypted (AES-256-GCM), because it may be the id of something that the reader may not see.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::Chance;

/// The key for cursors cannot be used, or the position is too long to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor cannot be sealed")]
pub struct NotSealed;

/// Encrypts and decrypts positions under one key. A cursor opens only in the scope for which it was sealed.
pub struct Cursors(LessSafeKey);

impl Cursors {
    /// From 32 secret bytes.
    ///
    /// # Errors
    /// [`NotSealed`] for a key of another length.
    pub fn new(key: &[u8]) -> Result<Self, NotSealed> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| NotSealed)
    }

    /// The cursor for a position: nonce, ciphertext and tag in base64url without padding.
    ///
    /// # Errors
    /// [`NotSealed`] beyond 64 GiB, so never.
    pub fn seal(&self, scope: &str, position: &str, chance: &dyn Chance) -> Result<String, NotSealed> {
        let mut nonce = [0; NONCE_LEN];
        chance.fill(&mut nonce);
        let mut bytes = position.as_bytes().to_vec();
        let scope = Aad::from(scope.as_bytes());
        let sealed = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), scope, &mut bytes);
        sealed.map_err(|_| NotSealed)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat()))
    }

    /// The position in a cursor that was sealed here for this scope; none for anything else, without saying why.
    pub fn open(&self, scope: &str, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        let position = self.0.open_in_place(nonce, Aad::from(scope.as_bytes()), &mut sealed).ok()?;
        String::from_utf8(position.to_vec()).ok()
    }
}
