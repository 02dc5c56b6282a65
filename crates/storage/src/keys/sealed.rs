use super::{KeyError, SecretKey, derive};
use aws_lc_rs::aead::{AES_256_GCM, Aad as BoundTo, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use domain::ids::Chance;
use uuid::Uuid;
use zeroize::Zeroizing;

/// The version of the format that [`DataKey::seal`] writes.
const FORM: u8 = 1;

/// The place to which sealed bytes belong: they cannot be opened for any other place.
pub struct Aad(Vec<u8>);

impl Aad {
    /// The place `column` of row `id` of `table`, at `revision` (0 where there are no revisions).
    pub fn new(table: &str, id: Uuid, column: &str, revision: u64) -> Self {
        let mut bytes = Vec::with_capacity(96);
        for part in [&b"tsunagu/aad/1"[..], table.as_bytes(), id.as_bytes(), column.as_bytes(), &revision.to_be_bytes()]
        {
            push(&mut bytes, part);
        }
        Self(bytes)
    }
}

/// Each part is preceded by its length, so that two different lists of parts never give the same bytes.
pub(super) fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

/// The key of one sheet. Its memory is overwritten when it is dropped; it cannot be printed.
#[derive(Clone)]
pub struct DataKey {
    bytes: SecretKey,
}

impl DataKey {
    /// A new key.
    pub fn new(chance: &dyn Chance) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        chance.fill(bytes.as_mut());
        Self { bytes }
    }

    pub(crate) fn of(bytes: SecretKey) -> Self {
        Self { bytes }
    }

    /// A second copy of the key, for work that goes on after the case is dropped.
    pub(crate) fn copy(&self) -> Self {
        Self { bytes: self.bytes.clone() }
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Seals `plaintext` for `place`: form ‖ nonce ‖ AES-256-GCM.
    pub fn seal(&self, place: &Aad, plaintext: &[u8], chance: &dyn Chance) -> Result<Vec<u8>, KeyError> {
        seal_as(FORM, self, place, plaintext, chance)
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: &Aad, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        open_as(FORM, self, place, sealed)
    }

    /// The key for commitments in the audit log. Once this data key is destroyed, the commitments are noise.
    pub fn commit_key(&self) -> Result<SecretKey, KeyError> {
        derive(&self.bytes, b"tsunagu/1/commit")
    }

    fn cipher(&self) -> Result<LessSafeKey, KeyError> {
        UnboundKey::new(&AES_256_GCM, self.bytes.as_ref()).map(LessSafeKey::new).map_err(|_| KeyError::Sealed)
    }
}

/// Binds the first byte, too, so that it cannot be exchanged for another version.
fn bound(first: u8, place: &Aad) -> BoundTo<Vec<u8>> {
    BoundTo::from([&[first], place.0.as_slice()].concat())
}

pub(super) fn seal_as(
    first: u8,
    key: &DataKey,
    place: &Aad,
    plaintext: &[u8],
    chance: &dyn Chance,
) -> Result<Vec<u8>, KeyError> {
    // Nonces are 96 random bits: one key seals a few revisions, or wraps a few million keys at most. That is far below 2^32.
    let mut nonce = [0; NONCE_LEN];
    chance.fill(&mut nonce);
    // The plaintext is sealed in a buffer of its own and appended: a buffer that grew would leave copies of it behind.
    let mut body = Zeroizing::new(plaintext.to_vec());
    let cipher = key.cipher()?;
    let tag = cipher.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), bound(first, place), &mut body);
    let tag = tag.map_err(|_| KeyError::Sealed)?;
    Ok([&[first], nonce.as_slice(), body.as_slice(), tag.as_ref()].concat())
}

pub(super) fn open_as(first: u8, key: &DataKey, place: &Aad, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (&form, rest) = sealed.split_first().ok_or(KeyError::Sealed)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(KeyError::Sealed)?;
    if form != first {
        return Err(KeyError::Sealed);
    }
    let mut body = Zeroizing::new(body.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.cipher()?.open_in_place(nonce, bound(first, place), &mut body).map(|plaintext| plaintext.len());
    let length = opened.map_err(|_| KeyError::Sealed)?;
    body.truncate(length);
    Ok(body)
}
