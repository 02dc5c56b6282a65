use super::{KeyError, Keyring, SecretKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ids::Chance;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Room for 255 keys and comments; a longer file is no key file.
const MAX_BYTES: u64 = 32 * 1024;

impl Keyring {
    /// Reads the lines `v1 <base64 of 32 bytes>`, newest last. Empty lines and lines that begin with `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut masters = BTreeMap::<u8, SecretKey>::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (version, key) = parse_line(line).ok_or(KeyError::Line(number + 1))?;
            if masters.last_key_value().is_some_and(|(&before, _)| before >= version) {
                return Err(KeyError::Line(number + 1));
            }
            masters.insert(version, key);
        }
        Self::of(masters)
    }

    /// Reads a file that only its owner may read, or that has mode 0440.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let fail = |error: Error| KeyError::File { path: path.to_owned(), reason: error.to_string() };
        let file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        let mode = metadata.mode() & 0o777;
        // 0440 is allowed, too: with it, docs/operation.md gives root's key file to the group of the service, and systemd passes on a
        // credential.
        if mode & 0o077 != 0 && mode != 0o440 {
            return Err(KeyError::Readable { path: path.to_owned(), mode });
        }
        // The buffer has its full size from the start: a string that grew would leave copies of the keys behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES as usize + 1));
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(fail)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(KeyError::File { path: path.to_owned(), reason: "too long for a key file".to_owned() });
        }
        Self::parse(&text)
    }

    /// Writes a new file with one new key, mode 0600. The file appears complete or not at all, and never replaces another one.
    pub fn create(path: &Path, chance: &dyn Chance) -> Result<Self, KeyError> {
        write_new(path, chance).map_err(|error| KeyError::File { path: path.to_owned(), reason: error.to_string() })?;
        Self::load(path)
    }

    /// Loads the file, and makes it first if it does not exist: for the first start in embedded mode.
    pub fn load_or_create(path: &Path, chance: &dyn Chance) -> Result<Self, KeyError> {
        match write_new(path, chance) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(KeyError::File { path: path.to_owned(), reason: error.to_string() })
            }
            _ => Self::load(path),
        }
    }
}

fn parse_line(line: &str) -> Option<(u8, SecretKey)> {
    let (version, encoded) = line.split_once(char::is_whitespace)?;
    let digits = version.strip_prefix('v')?;
    let version = digits.parse::<u8>().ok().filter(|version| *version > 0 && version.to_string() == digits)?;
    let mut decoded = Zeroizing::new([0; 36]);
    let length = STANDARD.decode_slice(encoded.trim(), decoded.as_mut()).ok()?;
    let key = decoded.get(..length).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())?;
    Some((version, Zeroizing::new(key)))
}

fn write_new(path: &Path, chance: &dyn Chance) -> Result<(), Error> {
    if path.try_exists()? {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let mut key = Zeroizing::new([0; 32]);
    chance.fill(key.as_mut());
    let mut line = Zeroizing::new([0; 44]);
    let length = STANDARD.encode_slice(key.as_ref(), line.as_mut()).map_err(Error::other)?;

    // Each process writes to a name of its own; the link that follows cannot replace a file that has appeared since.
    let mut unique = [0; 8];
    chance.fill(&mut unique);
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.new", hex::encode(unique)));
    let draft = Path::new(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    let written =
        [b"v1 ", line.get(..length).unwrap_or_default(), b"\n"].iter().try_for_each(|part| file.write_all(part));
    let linked = written.and_then(|()| file.sync_all()).and_then(|()| std::fs::hard_link(draft, path));
    std::fs::remove_file(draft)?;
    linked?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
