use super::{Dice, keyring};
use crate::keys::{Aad, DataKey, KeyError, Keyring, Purpose};
use domain::ids::{Chance, MunicipalityId};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use uuid::Uuid;

const V1: &str = "v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const V2: &str = "v2 //////////////////////////////////////////8=";

/// A nonce that a test knows.
struct Sevens;
impl Chance for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn place() -> Aad {
    Aad::new("sheet_revision", Uuid::from_u128(1), "content", 3)
}

#[test]
fn derived_keys_are_those_of_an_independent_program() {
    let keys = keyring();
    assert_eq!(
        hex::encode(keys.derive(Purpose::Csrf).unwrap()),
        "6fd89fa38aa89c17bbf636fbbc38543c218ffc86f95831fd1c94ada68c3cd5f8"
    );
    assert_eq!(
        hex::encode(keys.derive(Purpose::Index).unwrap()),
        "0c8368041493579e80d602ffc7a787593886f2ee8245e279f505dd683dfcac98"
    );
    let town = MunicipalityId(Uuid::from_u128(9));
    assert_eq!(hex::encode(keys.index_token(town, "kana", "ヤマダ")), "d2e0141ea36fb12a574917a8319e41b0");
    assert_eq!(
        hex::encode(DataKey::new(&Sevens).commit_key().unwrap()),
        "030019b7c9af0ba65045d8a8f56ed403eb82f09b30c9bcac8aa207780e953bf2"
    );
}

#[test]
fn sealed_bytes_are_those_of_an_independent_program() {
    let sealed = DataKey::new(&Sevens).seal(&place(), "山田".as_bytes(), &Sevens).unwrap();
    assert_eq!(hex::encode(sealed), "010707070707070707070707072b2afbd89256017b1bbdbf218f0cc12080ec0b42c240");
}

#[test]
fn sealed_bytes_open_only_where_they_belong() {
    let dice = Dice::default();
    let key = DataKey::new(&dice);
    let sealed = key.seal(&place(), b"content", &dice).unwrap();
    assert_eq!(key.open(&place(), &sealed).unwrap().as_slice(), b"content");
    assert_ne!(sealed, key.seal(&place(), b"content", &dice).unwrap(), "another nonce");
    let elsewhere = [
        Aad::new("sheet", Uuid::from_u128(1), "content", 3),
        Aad::new("sheet_revision", Uuid::from_u128(2), "content", 3),
        Aad::new("sheet_revision", Uuid::from_u128(1), "note", 3),
        Aad::new("sheet_revision", Uuid::from_u128(1), "content", 4),
    ];
    for place in elsewhere {
        assert_eq!(key.open(&place, &sealed), Err(KeyError::Sealed));
    }
    assert_eq!(DataKey::new(&dice).open(&place(), &sealed), Err(KeyError::Sealed));
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert_eq!(key.open(&place(), &changed), Err(KeyError::Sealed), "byte {position}");
        assert_eq!(key.open(&place(), &sealed[..position]), Err(KeyError::Sealed));
    }
}

#[test]
fn a_wrapped_key_survives_a_new_master_key() {
    let dice = Dice::default();
    let key = DataKey::new(&dice);
    let place = Aad::new("sheet", Uuid::from_u128(1), "data_key", 0);
    let old = Keyring::parse(V1).unwrap();
    let wrapped = old.wrap(&key, &place, &dice).unwrap();
    let rotated = Keyring::parse(&format!("# after the change\n{V1}\n\n{V2}\n")).unwrap();
    assert_eq!((wrapped[0], rotated.newest_version()), (1, 2));
    let sealed = key.seal(&place, b"x", &dice).unwrap();
    assert_eq!(rotated.unwrap_key(&wrapped, &place).unwrap().open(&place, &sealed).unwrap().as_slice(), b"x");
    let rewrapped = rotated.wrap(&key, &place, &dice).unwrap();
    assert_eq!(old.unwrap_key(&rewrapped, &place).err(), Some(KeyError::Version(2)));
    assert_eq!(rotated.unwrap_key(&wrapped, &super::keys::place()).err(), Some(KeyError::Sealed));
    // A different version in front does not turn it into a text under another key.
    let forged = [&[2], &wrapped[1..]].concat();
    assert_eq!(rotated.unwrap_key(&forged, &place).err(), Some(KeyError::Sealed));
    let town = MunicipalityId(Uuid::from_u128(9));
    assert_eq!(old.index_token(town, "kana", "ア"), rotated.index_token(town, "kana", "ア"), "the index stays");
    assert_ne!(old.derive(Purpose::Csrf).unwrap(), rotated.derive(Purpose::Csrf).unwrap());
}

#[test]
fn index_tokens_differ_by_town_kind_and_value() {
    let keys = keyring();
    let [here, there] = [1, 2].map(|number| MunicipalityId(Uuid::from_u128(number)));
    let token = keys.index_token(here, "kana", "アベ");
    assert_eq!(token, keys.index_token(here, "kana", "アベ"));
    for other in [
        keys.index_token(there, "kana", "アベ"),
        keys.index_token(here, "birth", "アベ"),
        keys.index_token(here, "kana", "アペ"),
        keys.index_token(here, "kanaア", "ベ"),
    ] {
        assert_ne!(token, other);
    }
}

#[test]
fn a_key_file_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let made = Keyring::load_or_create(&path, &Dice::default()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<PathBuf> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, std::slice::from_ref(&path), "no draft is left");
    let again = Keyring::load_or_create(&path, &Sevens).unwrap();
    assert_eq!(made.derive(Purpose::Csrf).unwrap(), again.derive(Purpose::Csrf).unwrap());
    assert!(matches!(Keyring::create(&path, &Sevens), Err(KeyError::File { .. })), "never replaced");

    for mode in [0o640, 0o604, 0o620, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Keyring::load(&path).err().unwrap();
        assert_eq!(error, KeyError::Readable { path: path.clone(), mode });
        assert!(error.to_string().contains("chmod 600"));
    }
    assert!(matches!(Keyring::load(&folder.path().join("none")), Err(KeyError::File { .. })));
}

#[test]
fn processes_that_start_at_once_make_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (dice, start) = (Dice::default(), std::sync::Barrier::new(4));
        let keys: Vec<_> = std::thread::scope(|scope| {
            let make = || {
                start.wait();
                let keys = Keyring::load_or_create(&path, &dice).unwrap();
                keys.derive(Purpose::Csrf).unwrap()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}

#[test]
fn a_bad_line_is_named_and_not_shown() {
    for (text, line) in [
        ("v1 short", 1),
        ("v0 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1),
        ("v01 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1),
        ("v256 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1),
        ("v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==", 1),
        (&format!("{V1}\n{V1}"), 2),
        (&format!("{V2}\n\n{V1}"), 3),
    ] {
        let error = Keyring::parse(text).err().unwrap();
        assert_eq!(error, KeyError::Line(line), "{text}");
        assert!(!error.to_string().contains("AAEC"));
    }
    assert_eq!(Keyring::parse("# nothing\n").err(), Some(KeyError::Empty));
}
