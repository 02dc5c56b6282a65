//! Keys and their uses: sealing, wrapping, blind-index tokens, keyed commitments. All of it with aws-lc-rs.
//!
//! A master key wraps the data key of each sheet; the data key seals the sheet's content. Each purpose has a key of its own, which
//! HKDF-SHA256 derives from a master key. Errors never contain keys or contents.

mod file;
mod known;
mod sealed;

pub(crate) use known::missing;
pub use known::note;
pub use sealed::{Aad, DataKey};

use aws_lc_rs::{constant_time, hkdf, hmac};
use domain::ids::{Chance, MunicipalityId};
use std::collections::BTreeMap;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A key; its memory is overwritten when it is dropped.
pub type SecretKey = Zeroizing<[u8; 32]>;

/// Why a key could not be read or does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key file {path}: {reason}")]
    File {
        /// Where.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others than the owner can read the file, and its mode is not 0440 (see [`Keyring::load`]).
    #[error("key file {path} may be read by others (mode {mode:03o}): run chmod 600 on it")]
    Readable {
        /// Where.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line is not `v1 <base64 of 32 bytes>`, or its version is not higher than that of the line before.
    #[error("line {0} of the keys is not `v<number> <base64 of 32 bytes>` with ascending numbers 1 to 255")]
    Line(usize),
    /// There is no key in the text.
    #[error("there is no master key")]
    Empty,
    /// The master key under which this was wrapped is not here.
    #[error("master key v{0} is missing")]
    Version(u8),
    /// The key of this version is not the one under which the database was written.
    #[error("master key v{0} is another one than that of the database")]
    Other(u8),
    /// The bytes were sealed under another key, for another place, or were changed.
    #[error("cannot be opened: sealed under another key, for another place, or changed")]
    Sealed,
}

/// The purpose of a derived key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Wrapping data keys.
    Wrap,
    /// Blind-index tokens.
    Index,
    /// Signing session tokens (the seed of an Ed25519 key).
    SessionSigning,
    /// CSRF tokens.
    Csrf,
    /// Fingerprints of requests under an Idempotency-Key.
    Idempotency,
    /// Page cursors.
    Cursor,
    /// Cookies that recognize a browser in which somebody has logged in before.
    Device,
    /// Digests of networks, for failed log-ins in the audit trail.
    Network,
    /// Signing audit checkpoints (the seed of an Ed25519 key).
    Checkpoint,
    /// Authenticating the manifest of a backup.
    Backup,
    /// Commitments in the trail to the words of the directory.
    Directory,
    /// Signing receipts and their status lists (the seed of an Ed25519 key).
    Receipt,
    /// Recognizing a master key; the database holds this mark in the clear.
    Mark,
    /// Vouching for rows: somebody who writes the database without this key cannot make a row that the service believes.
    Vouch,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Wrap => b"tsunagu/1/wrap",
            Self::Index => b"tsunagu/1/index",
            Self::SessionSigning => b"tsunagu/1/session-signing",
            Self::Csrf => b"tsunagu/1/csrf",
            Self::Idempotency => b"tsunagu/1/idempotency",
            Self::Cursor => b"tsunagu/1/cursor",
            Self::Device => b"tsunagu/1/device",
            Self::Network => b"tsunagu/1/network",
            Self::Checkpoint => b"tsunagu/1/checkpoint",
            Self::Backup => b"tsunagu/1/backup",
            Self::Directory => b"tsunagu/1/directory",
            Self::Receipt => b"tsunagu/1/receipt",
            Self::Mark => b"tsunagu/1/mark",
            Self::Vouch => b"tsunagu/1/vouch",
        }
    }
}

/// The master keys, by version.
pub struct Keyring {
    masters: BTreeMap<u8, SecretKey>,
    newest: u8,
    wrapping: BTreeMap<u8, DataKey>,
    vouching: BTreeMap<u8, hmac::Key>,
    index: hmac::Key,
}

impl Keyring {
    fn of(masters: BTreeMap<u8, SecretKey>) -> Result<Self, KeyError> {
        let (Some((_, oldest)), Some((&newest, _))) = (masters.first_key_value(), masters.last_key_value()) else {
            return Err(KeyError::Empty);
        };
        // Tokens of all rows are compared with each other, so they stay with the oldest key when a newer one comes.
        let index = hmac::Key::new(hmac::HMAC_SHA256, derive(oldest, Purpose::Index.label())?.as_ref());
        let wrapping =
            masters.iter().map(|(&version, master)| Ok((version, DataKey::of(derive(master, Purpose::Wrap.label())?))));
        let wrapping = wrapping.collect::<Result<_, KeyError>>()?;
        let vouching = masters.iter().map(|(&version, master)| {
            let key = derive(master, Purpose::Vouch.label())?;
            Ok((version, hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())))
        });
        let vouching = vouching.collect::<Result<_, KeyError>>()?;
        Ok(Self { masters, newest, wrapping, vouching, index })
    }

    /// The key for `purpose` from the newest master key. [`Purpose::Index`] takes the oldest; see [`Keyring::index_token`].
    pub fn derive(&self, purpose: Purpose) -> Result<SecretKey, KeyError> {
        let version = match purpose {
            Purpose::Index => self.masters.keys().next().copied().unwrap_or(self.newest),
            _ => self.newest,
        };
        derive(self.masters.get(&version).ok_or(KeyError::Version(version))?, purpose.label())
    }

    /// The keys for `purpose` from every master key in the file, oldest first: signatures from before the last change can still be checked.
    pub fn derive_all(&self, purpose: Purpose) -> Result<Vec<SecretKey>, KeyError> {
        self.masters.values().map(|master| derive(master, purpose.label())).collect()
    }

    /// The data key, sealed under the newest master key: version ‖ nonce ‖ AES-256-GCM.
    pub fn wrap(&self, key: &DataKey, aad: &Aad, chance: &dyn Chance) -> Result<Vec<u8>, KeyError> {
        let wrapping = self.wrapping.get(&self.newest).ok_or(KeyError::Version(self.newest))?;
        sealed::seal_as(self.newest, wrapping, aad, key.bytes(), chance)
    }

    /// The data key that [`Keyring::wrap`] sealed, under any of the master keys.
    pub fn unwrap_key(&self, wrapped: &[u8], aad: &Aad) -> Result<DataKey, KeyError> {
        let version = *wrapped.first().ok_or(KeyError::Sealed)?;
        let wrapping = self.wrapping.get(&version).ok_or(KeyError::Version(version))?;
        let bytes = sealed::open_as(version, wrapping, aad, wrapped)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Sealed)?;
        Ok(DataKey::of(Zeroizing::new(key)))
    }

    /// Vouches for `parts`, which are a `what`: the version of the newest master key ‖ HMAC-SHA256 under a key of the service. No key of a
    /// sheet helps to make it.
    ///
    /// # Errors
    /// There is no key.
    pub(crate) fn vouch(&self, what: &str, parts: &[&[u8]]) -> Result<Vec<u8>, KeyError> {
        let key = self.vouching.get(&self.newest).ok_or(KeyError::Version(self.newest))?;
        let mut mac = vec![self.newest];
        mac.extend_from_slice(vouched(key, what, parts).sign().as_ref());
        Ok(mac)
    }

    /// Whether `mac` is what [`Keyring::vouch`] made of the same, under any of the master keys.
    pub(crate) fn vouches(&self, what: &str, parts: &[&[u8]], mac: &[u8]) -> bool {
        let Some((version, mac)) = mac.split_first() else { return false };
        let Some(key) = self.vouching.get(version) else { return false };
        constant_time::verify_slices_are_equal(vouched(key, what, parts).sign().as_ref(), mac).is_ok()
    }

    /// The version under which [`Keyring::wrap`] wraps.
    pub fn newest_version(&self) -> u8 {
        self.newest
    }

    /// Each version with the mark that recognizes its key. A mark reveals nothing about the key.
    pub(crate) fn marks(&self) -> Result<BTreeMap<u8, SecretKey>, KeyError> {
        let marks = self.masters.iter().map(|(version, master)| Ok((*version, derive(master, Purpose::Mark.label())?)));
        marks.collect()
    }

    /// A MAC (HMAC-SHA256) of a backup's manifest under the newest master key; [`Keyring::newest_version`] is its version.
    pub fn mac_of_backup(&self, manifest: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(hmac::sign(&self.backup_key(self.newest)?, manifest).as_ref().to_vec())
    }

    /// Whether `mac` is the MAC of a backup's manifest under the master key `version`.
    ///
    /// # Errors
    /// That key is not here, or the MAC does not match.
    pub fn check_backup(&self, version: u8, manifest: &[u8], mac: &[u8]) -> Result<(), KeyError> {
        hmac::verify(&self.backup_key(version)?, manifest, mac).map_err(|_| KeyError::Sealed)
    }

    fn backup_key(&self, version: u8) -> Result<hmac::Key, KeyError> {
        let master = self.masters.get(&version).ok_or(KeyError::Version(version))?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, derive(master, Purpose::Backup.label())?.as_ref()))
    }

    /// A token that is equal for equal values of one kind in one municipality, and for nothing else. It comes from the oldest master key:
    /// if that one is removed from the file, the index must be rebuilt.
    pub fn index_token(&self, municipality: MunicipalityId, kind: &str, value: &str) -> [u8; 16] {
        let mut message = Zeroizing::new(Vec::with_capacity(64));
        for part in [municipality.0.as_bytes().as_slice(), kind.as_bytes(), value.as_bytes()] {
            sealed::push(&mut message, part);
        }
        let tag = hmac::sign(&self.index, &message);
        let mut token = [0; 16];
        token.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        token
    }
}

/// Each part is preceded by its length, so that two different lists of parts never give the same bytes.
fn vouched(key: &hmac::Key, what: &str, parts: &[&[u8]]) -> hmac::Context {
    let mut context = hmac::Context::with_key(key);
    for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context
}

/// HKDF-SHA256 with a fixed salt: the input is uniformly random already.
fn derive(secret: &[u8; 32], label: &[u8]) -> Result<SecretKey, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tsunagu keyring 1").extract(secret);
    let info = [label];
    let okm = prk.expand(&info, hkdf::HKDF_SHA256).map_err(|_| KeyError::Sealed)?;
    okm.fill(key.as_mut()).map_err(|_| KeyError::Sealed)?;
    Ok(key)
}
