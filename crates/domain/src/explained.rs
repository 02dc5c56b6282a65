//! 説明文: the text that is shown to the resident before anything is agreed, with the purpose, which the law wants shown beforehand
//! (個人情報の保護に関する法律 第61条・第62条), in several variants for different readers. A consent keeps the hash of exactly what was
//! shown.

use crate::audit::canonical;
use crate::codes::code_list;
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// The language of the standard text.
pub const JAPANESE: &str = "ja";

code_list! {
    /// 説明文の種類.
    pub enum VariantKind ("notice_variant", "説明文の種類") {
        Standard = "standard", "標準"; Plain = "plain", "やさしい日本語"; Furigana = "furigana", "ふりがな付き"; OtherLanguage = "other_language", "外国語";
    }
}

/// One variant of a version of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The readers that it is for.
    pub kind: VariantKind,
    /// The language (BCP 47): `ja`, `en`, …
    pub language: String,
    /// Title.
    pub title: String,
    /// Text; with furigana written `{漢字|かんじ}`.
    pub body: String,
}

impl Variant {
    /// SHA-256, hex, over the canonical JSON (RFC 8785) of what is shown: the variant and the purpose.
    pub fn text_hash(&self, purpose: Option<&str>) -> String {
        let shown = serde_json::json!({
            "kind": self.kind, "language": self.language, "title": self.title, "body": self.body, "purpose": purpose,
        });
        hex::encode(digest::digest(&digest::SHA256, canonical(&shown).as_bytes()))
    }
}

/// Which variant was shown, and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The variant's kind.
    pub kind: VariantKind,
    /// Its language.
    pub language: String,
    /// The hash of [`Variant::text_hash`].
    pub text_hash: String,
}

/// Whether every `{漢字|かんじ}` in a text is complete: one bar, something on each side, and no braces inside.
pub fn is_ruby(text: &str) -> bool {
    let mut pieces = text.split('{');
    let outside = |piece: &str| !piece.contains('}');
    pieces.next().is_some_and(outside)
        && pieces.all(|piece| {
            let Some((ruby, rest)) = piece.split_once('}') else { return false };
            let sides = ruby.split_once('|');
            outside(rest)
                && sides.is_some_and(|(base, kana)| !base.is_empty() && !kana.is_empty() && !kana.contains('|'))
        })
}

/// Whether a text looks like a language tag (BCP 47): letters, digits and hyphens, two letters first.
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_lowercase())
        && text.len() <= 35
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_over_canonical_json() {
        let (kind, language) = (VariantKind::Plain, JAPANESE.to_owned());
        let variant =
            Variant { kind, language, title: "せつめい".to_owned(), body: "あなたの\nはなし".to_owned() };
        // sha256 of {"body":"あなたの\nはなし","kind":"plain","language":"ja","purpose":null,"title":"せつめい"}, computed by another
        // program.
        let expected = "a613c049667c06c5ee939a15b238f2898637ce95d662d8ec29d8e57d29092971";
        assert_eq!(variant.text_hash(None), expected);
        assert_ne!(variant.text_hash(Some("支援")), expected);
    }

    #[test]
    fn furigana_and_language_tags_are_whole() {
        for good in ["", "同意", "{同意|どうい}します", "{個人|こじん}{情報|じょうほう}"] {
            assert!(is_ruby(good), "{good}");
        }
        for bad in ["{同意}", "{同意|}", "{|どうい}", "{同意|どうい", "同意|どうい}", "{同{意|い}", "{同|ど|い}"]
        {
            assert!(!is_ruby(bad), "{bad}");
        }
        for good in ["ja", "en", "zh-Hans", "pt-BR", "fil"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "j", "JA", "日本語", "en_US", "en-", "-en", "abcd"] {
            assert!(!is_language(bad), "{bad}");
        }
    }
}
