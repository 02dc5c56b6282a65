//! The secret with which a department system logs in.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::Chance;

/// The secret of a department system, in plain text: shown once, kept as a hash. It has no `Debug`.
pub struct Secret {
    /// As it is handed over: 32 random bytes in base64url.
    pub shown: String,
    /// Its hash, which is kept: SHA-256.
    pub hash: [u8; 32],
}

impl Secret {
    /// A new secret.
    pub fn new(chance: &dyn Chance) -> Self {
        let mut random = [0u8; 32];
        chance.fill(&mut random);
        let shown = URL_SAFE_NO_PAD.encode(random);
        let hash = hash(&shown);
        Self { shown, hash }
    }
}

fn hash(secret: &str) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}
