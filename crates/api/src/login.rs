//! Log-in names: plain characters only, and the same name in upper and lower case.

use unicode_normalization::UnicodeNormalization;
use validator::ValidationError;

/// Accepts plain characters only, so that no two log-in names look alike.
///
/// # Errors
/// It holds another character, none, or more than 64.
pub fn login_name(value: &str) -> Result<(), ValidationError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-');
    if (1..=64).contains(&value.len()) && value.bytes().all(plain) {
        return Ok(());
    }
    let message = "半角の英数字と . _ @ - を使って、64文字までで入力してください。";
    Err(ValidationError::new("login").with_message(message.into()))
}

/// A log-in name as it is stored and compared: in lower case and half width, even when it was typed in full width, as Japanese keyboards do.
pub fn folded(typed: &str) -> String {
    typed.trim().nfkc().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_plain() {
        assert!(login_name("Mihon.Taro_1@city-office").is_ok());
        for login in ["", "見本", "a b", "a\u{0}", &"a".repeat(65)] {
            assert!(login_name(login).is_err(), "{login:?}");
        }
    }

    #[test]
    fn a_login_is_the_same_in_every_case_and_width() {
        for typed in ["Mihon.Taro", "MIHON.TARO", "ｍｉｈｏｎ．ｔａｒｏ", " mihon.taro "] {
            assert_eq!(folded(typed), "mihon.taro", "{typed:?}");
        }
    }
}
