//! Canaries: every personal value that a test sends is remembered, and searched for wherever it must not stand: in log lines, errors,
//! metrics, mails, the audit trail and the database, in every form in which it could be written there.
//!
//! A test marks nothing: every value in a personal field of a request is a canary. There are two exceptions. A value that is too short or
//! too common (「母」, a postal code) could match by chance. And the demonstration shows some values to everybody: the directory of agencies
//! and staff, the notice and the code lists are plain by design.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use unicode_normalization::UnicodeNormalization;

/// The wrong value that tests send in any place.
const ALWAYS: [&str; 1] = ["ZZmarkerZZ"];

/// Words that every demonstration and error text shows: 見本 is the name of its ward, and the digits are the code of its office.
const COMMON: &str = "見本 ミホン テスト 1208510";

/// Only the beginning of a long text is searched for.
const LONGEST: usize = 24;

/// Fields that hold names: two letters make a canary there. Other texts need five, or 「電話」 would be a canary.
const NAMES: [&str; 7] = ["family_name", "given_name", "kana_family", "kana_given", "name", "kana", "kana_prefix"];

/// The values, all forms of each, and what was found.
struct Aviary {
    values: BTreeSet<String>,
    forms: Vec<(Vec<u8>, String)>,
    automaton: Option<Arc<AhoCorasick>>,
    plain: String,
    heard: BTreeSet<u64>,
    found: Vec<String>,
}

static AVIARY: Mutex<Aviary> = Mutex::new(Aviary {
    values: BTreeSet::new(),
    forms: Vec::new(),
    automaton: None,
    plain: String::new(),
    heard: BTreeSet::new(),
    found: Vec::new(),
});

fn aviary() -> std::sync::MutexGuard<'static, Aviary> {
    AVIARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes a text that everybody may see: a value that stands in it is no canary.
pub(crate) fn plain(text: &str) {
    let mut aviary = aviary();
    aviary.plain.push_str(text);
    for value in ALWAYS {
        aviary.add(value.to_owned());
    }
}

/// Remembers the personal values of a request.
pub(crate) fn listen_to(path: &str, body: &[u8]) {
    let personal =
        ["/api/v1/sheets", "/api/v1/relays", "/api/v1/consents", "/api/v1/stop-notices", "/api/v1/address-releases"]
            .iter()
            .any(|about| path.starts_with(about));
    let secret = path.starts_with("/api/v1/session") || path.starts_with("/api/v1/staff");
    if !personal && !secret {
        return;
    }
    // Most bodies are sent many times.
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    if !aviary().heard.insert(hasher.finish()) {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let mut values = Vec::new();
    gather(&body, "", "", personal, &mut values);
    let mut aviary = aviary();
    for value in values {
        let value: String = value.chars().take(LONGEST).collect();
        if !spellings(&value).iter().any(|spelling| {
            memmem::find(aviary.plain.as_bytes(), spelling.as_bytes()).is_some() || COMMON.contains(spelling.as_str())
        }) {
            aviary.add(value);
        }
    }
}

/// The personal values in `json`, whose key is `key` and whose parent has the key `above`.
fn gather<'a>(json: &'a Value, key: &'a str, above: &'a str, personal: bool, values: &mut Vec<&'a str>) {
    match json {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| gather(value, field, key, personal, values)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, key, above, personal, values)),
        Value::String(text) if is_canary(text, key, above, personal) => values.push(text),
        _ => {}
    }
}

fn is_canary(text: &str, key: &str, above: &str, personal: bool) -> bool {
    let varies = || text.chars().next().is_some_and(|first| text.chars().any(|other| other != first));
    let is_long = |least: usize| text.chars().count() >= least && varies();
    match key {
        "password" | "old_password" | "new_password" | "code" => is_long(8),
        _ if !personal => false,
        // The number of a sheet is also a `number`, and may be typed in full or half width.
        "number" => above == "phones" && is_long(10),
        _ if !text.is_ascii() => is_long(if NAMES.contains(&key) { 2 } else { 5 }),
        "phone" | "email" => is_long(8),
        // Days after 1999 also stand in the directory.
        "birth_date" => is_long(10) && text < "2000",
        _ => false,
    }
}

impl Aviary {
    fn add(&mut self, value: String) {
        if self.values.contains(&value) {
            return;
        }
        self.forms.extend(forms(&value).into_iter().map(|form| (form, value.clone())));
        self.values.insert(value);
        self.automaton = None;
    }
}

/// A value as it was sent, normalised, and in katakana.
fn spellings(value: &str) -> BTreeSet<String> {
    let katakana =
        |c: char| if ('ぁ'..='ゖ').contains(&c) { char::from_u32(u32::from(c) + 0x60).unwrap_or(c) } else { c };
    [value.to_owned(), value.nfkc().collect(), value.nfd().collect(), value.chars().map(katakana).collect()].into()
}

/// Every way in which a value could be written down.
fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let spellings = spellings(value);
    let mut forms = BTreeSet::new();
    for spelling in &spellings {
        let bytes = spelling.as_bytes();
        let utf16: Vec<u16> = spelling.encode_utf16().collect();
        let mut texts = vec![spelling.clone()];
        let mut write = |each: &dyn Fn(&mut String)| {
            let mut text = String::new();
            each(&mut text);
            texts.push(text.to_uppercase());
            texts.push(text);
        };
        write(&|text| bytes.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap()));
        write(&|text| bytes.iter().for_each(|byte| write!(text, "%{byte:02x}").unwrap()));
        forms.extend(texts.into_iter().map(String::into_bytes));
        if !spelling.is_ascii() {
            let escaped: String = utf16.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let rust: String = spelling.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect();
            forms.insert(escaped.replace("\\u", "\\U").to_uppercase().replace("\\U", "\\u").into_bytes());
            forms.extend([escaped.into_bytes(), rust.into_bytes()]);
        }
        forms.insert(utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect());
        forms.insert(utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect());
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3usize {
                // In the middle of a longer text, the first and the last digit also hold bits of the neighbours.
                let encoded = engine.encode([&vec![0; before][..], bytes].concat());
                let first = (before * 8).div_ceil(6);
                let last = (before + bytes.len()) * 8 / 6;
                let core = &encoded.as_bytes()[first..last];
                if core.len() >= 10 {
                    forms.insert(core.to_vec());
                }
            }
        }
    }
    // A form of fewer than six bytes could match by chance.
    forms.retain(|form| form.len() >= 6);
    forms
}

/// The canaries that stand in `bytes`.
pub fn find(bytes: &[u8]) -> BTreeSet<String> {
    if bytes.is_empty() {
        return BTreeSet::new();
    }
    let automaton = {
        let mut aviary = aviary();
        if aviary.automaton.is_none() {
            let built = AhoCorasick::new(aviary.forms.iter().map(|(form, _)| form)).expect("an automaton");
            aviary.automaton = Some(Arc::new(built));
        }
        aviary.automaton.clone().expect("an automaton")
    };
    let hits: BTreeSet<usize> = automaton.find_overlapping_iter(bytes).map(|hit| hit.pattern().as_usize()).collect();
    let aviary = aviary();
    hits.into_iter().map(|hit| aviary.forms[hit].1.clone()).collect()
}

/// Searches, and remembers what it finds until [`nothing_was_found`] is called.
pub(crate) fn look_in(place: &str, bytes: &[u8]) {
    for value in find(bytes) {
        let text = String::from_utf8_lossy(bytes);
        let around = text.find(&value).map(|at| {
            let from = (0..=at.saturating_sub(300)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text[from..].chars().take(500).collect::<String>()
        });
        aviary()
            .found
            .push(format!("{place} holds {value:?}: {}", around.unwrap_or_else(|| "in another form".to_owned())));
    }
}

/// Panics if any canary was found anywhere since the last time.
#[track_caller]
pub(crate) fn nothing_was_found() {
    let found = std::mem::take(&mut aviary().found);
    assert!(found.is_empty(), "personal data where none may be:\n{}", found.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_every_form() {
        let name = "印鑰原 試鳥子";
        listen_to(
            "/api/v1/sheets",
            format!(r#"{{"content":{{"statement":{{"subject_words":"{name}"}}}}}}"#).as_bytes(),
        );
        let base64 = |before: &str| STANDARD_NO_PAD.encode(format!("{before}{name}、"));
        let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let escaped: String = name.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        let debug: String = name.escape_unicode().collect();
        let texts = [name.to_owned(), base64(""), base64("a"), base64("ab"), hex, percent, escaped, debug];
        for text in texts.iter().map(|text| text.as_bytes()).chain([utf16.as_slice()]) {
            let line = [b"before \xff", text, b" after"].concat();
            assert_eq!(find(&line), BTreeSet::from([name.to_owned()]), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(find("印鑰原 別鳥子".as_bytes()), BTreeSet::new());
    }

    #[test]
    fn what_is_personal_is_a_canary_and_what_is_a_code_or_common_is_not() {
        let body = serde_json::json!({
            "channel": "home_visit", "visitor": {"name": "鳥居原", "relation": "母"}, "content": {
                "identity": {"family_name": "鳴禽", "birth_date": "1931-02-03", "sex": "2"},
                "contact": {"phones": [{"number": "070-1234-9876", "kind": "mobile"}]}, "topics": {"codes": ["03"]},
                "statement": {"subject_words": "歌を忘れたと話した。", "done_here": "電話"}, "address": {"postal_code": "1200001"}
            }
        });
        let mut values = Vec::new();
        gather(&body, "", "", true, &mut values);
        values.sort_unstable();
        assert_eq!(values, ["070-1234-9876", "1931-02-03", "歌を忘れたと話した。", "鳥居原", "鳴禽"]);
    }
}
