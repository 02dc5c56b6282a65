//! Readings and search keys.

use crate::text;
use domain::kana::{katakana, search_key};

/// Applying either function twice changes nothing; a reading holds nothing but kana; a name and its reading have the same key.
pub(crate) fn kana(data: &[u8]) {
    let Some(sent) = text(data) else { return };
    let key = search_key(sent);
    assert_eq!(search_key(&key), key, "a search key is its own search key");
    assert!(!key.contains(|c: char| c.is_whitespace() || c.is_ascii_lowercase()));
    let Ok(reading) = katakana(sent) else { return };
    assert_eq!(katakana(&reading).as_ref(), Ok(&reading), "a reading is its own reading");
    assert_eq!(search_key(&reading), key, "a reading is found by what was typed");
    let is_kana = |c| matches!(c, 'ァ'..='ヺ' | 'ヽ' | 'ヾ' | 'ㇰ'..='ㇿ');
    assert!(reading.chars().any(is_kana));
    assert!(reading.chars().all(|c| is_kana(c) || matches!(c, 'ー' | '・' | '\u{3000}')));
}
