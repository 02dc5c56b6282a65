//! The rules for free text: people's own words are kept as typed; characters that nobody can see or type on purpose are refused.
//!
//! Stored text is never normalised (行政事務標準文字 and variation sequences stay as they are); a field's declaration limits its length. No
//! error repeats the text that it refuses.

use unicode_normalization::UnicodeNormalization;
use validator::ValidationError;

/// One line of text: at least one visible character ([`visible`]), no control character, no line break, nothing that reorders what is
/// shown.
///
/// Variation sequences (IVS) and characters beyond the basic plane are fine. Error codes: `blank`, `line_break`,
/// `control_character` (C0, C1, U+FEFF and the noncharacters too), `bidi_control` (the controls and marks of UAX #9).
pub fn line(value: &str) -> Result<(), ValidationError> {
    not_blank(value)?;
    if value.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        return Err(refusal("line_break", "改行は使えません。1行で入力してください。"));
    }
    nothing_hidden(value, |_| false)
}

/// Text of several lines: as [`line()`], but `\n`, `\r\n` and tabs are allowed. Any other line end is a `control_character`.
pub fn block(value: &str) -> Result<(), ValidationError> {
    not_blank(value)?;
    if value.replace("\r\n", "\n").contains(['\r', '\u{2028}', '\u{2029}']) {
        return Err(control_character());
    }
    nothing_hidden(value, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// A postal code as data: exactly seven ASCII digits, no hyphen (DS-443). Error code: `postal_code`.
pub fn postal_code(value: &str) -> Result<(), ValidationError> {
    if value.len() == 7 && value.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(refusal("postal_code", "郵便番号は、ハイフンなしの半角数字7桁で入力してください（例：1208510）。"))
}

/// A mailbox that mail can be addressed to (RFC 5321 §4.1.2, without quoted words and address literals): ASCII, at most 64 characters before
/// the `@` and 254 in all. Error code: `email`.
pub fn mailbox(value: &str) -> Result<(), ValidationError> {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let label = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-')
    };
    let fits = value.rsplit_once('@').is_some_and(|(local, domain)| {
        local.len() <= 64 && local.split('.').all(word) && domain.contains('.') && domain.split('.').all(label)
    });
    if fits && value.len() <= 254 {
        return Ok(());
    }
    Err(refusal(
        "email",
        "メールアドレスは、madoguchi@example.jp の形で、半角で入力してください。この形でないと、お知らせを送れません。",
    ))
}

/// A telephone number as people type it: 6–20 digits, also full-width, with spaces, hyphens, parentheses and a leading
/// `+`, and perhaps an extension (内線) of up to 8 digits; at most 30 characters. Error code: `phone`.
pub fn phone(value: &str) -> Result<(), ValidationError> {
    let number: String = value.nfkc().collect();
    let (number, extension) = number.split_once(EXTENSION).unwrap_or((&number, "0"));
    let extension = extension.trim();
    let extended = (1..=8).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_digit());
    let number = number.trim();
    let number = number.strip_prefix('+').unwrap_or(number);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let dialled = number.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '(' | ')') || is_hyphen(c));
    if dialled && extended && (6..=20).contains(&digits) && value.chars().count() <= 30 {
        return Ok(());
    }
    let message = "電話番号は、6桁から20桁の数字で、全体を30文字以内で入力してください（例：03-5253-5111）。\
                   使える記号は、ハイフン、かっこ、空白、先頭の+です。内線は「内線12」のように続けてください。";
    Err(refusal("phone", message))
}

/// The word before an extension.
const EXTENSION: &str = "内線";

/// The digits of a telephone number, without its extension.
pub fn phone_digits(value: &str) -> String {
    let number: String = value.nfkc().collect();
    let number = number.split_once(EXTENSION).map_or(number.as_str(), |(number, _)| number);
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Whether a Japanese keyboard produces this character where a hyphen is meant, after NFKC: `ー` is the most frequent typing error.
pub(crate) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー')
}

/// The number of characters in a text that a reader can see: those that are no white space, no braille blank (U+2800) and not ignored in
/// display. Where a text, or a least length, is required, only these count.
pub fn visible(value: &str) -> usize {
    value.chars().filter(|c| !c.is_whitespace() && *c != '\u{2800}' && !is_ignored(*c)).count()
}

/// `Default_Ignorable_Code_Point` of the Unicode Character Database, DerivedCoreProperties.txt of 16.0.0, unassigned code points included.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text holds a character of a private use area (外字): each computer may show a different glyph for it, or none.
pub(crate) fn has_private_use(value: &str) -> bool {
    value
        .chars()
        .any(|c| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}'))
}

fn not_blank(value: &str) -> Result<(), ValidationError> {
    if visible(value) == 0 {
        return Err(refusal("blank", "入力してください。空白や目に見えない文字だけでは保存できません。"));
    }
    Ok(())
}

fn nothing_hidden(value: &str, allowed: impl Fn(char) -> bool) -> Result<(), ValidationError> {
    if value.chars().any(|c| (c.is_control() && !allowed(c)) || c == '\u{feff}' || is_noncharacter(c)) {
        return Err(control_character());
    }
    if value.chars().any(is_bidi_control) {
        let message = "文字の並びを変える見えない記号が入っています。いったん消して、手で入力し直してください。";
        return Err(refusal("bidi_control", message));
    }
    Ok(())
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Unicode §23.7: U+FDD0–FDEF and the last two code points of each plane.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

fn control_character() -> ValidationError {
    refusal("control_character", "目に見えない制御文字が入っています。いったん消して、手で入力し直してください。")
}

fn refusal(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(result: Result<(), ValidationError>) -> String {
        result.map_or_else(|error| error.code.into_owned(), |()| "ok".to_owned())
    }

    #[test]
    fn names_with_variation_sequences_and_rare_kanji_are_one_line() {
        for name in ["見本　花子", "𠮷田", "辻\u{e0100}", "神\u{fe00}", "福", "O’Brien", "👩\u{200d}👧"]
        {
            assert_eq!(code(line(name)), "ok", "{name}");
        }
    }

    #[test]
    fn blank_text_is_refused() {
        for text in ["", " ", "　\t", "\n", "\r\n　"] {
            assert_eq!(code(line(text)), "blank", "{text:?}");
            assert_eq!(code(block(text)), "blank", "{text:?}");
        }
    }

    #[test]
    fn text_that_nobody_can_see_is_blank() {
        let tags: String = "tag".chars().filter_map(|c| char::from_u32(0xe_0000 + u32::from(c))).collect();
        for unseen in
            ["\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}", "\u{ffa0}\u{115f}", "\u{e0100}", "\u{2060}　\u{fe0f}", &tags]
        {
            assert_eq!(code(line(unseen)), "blank", "{unseen:?}");
            assert_eq!(code(block(unseen)), "blank", "{unseen:?}");
            // Next to a visible character they stay as they are.
            assert_eq!(code(line(&format!("辻{unseen}"))), "ok", "{unseen:?}");
            assert_eq!(visible(&format!(" 辻{unseen}\n子　")), 2, "{unseen:?}");
        }
    }

    #[test]
    fn private_use_characters_are_found_in_all_three_planes() {
        for c in ['\u{e000}', '\u{f8ff}', '\u{f0000}', '\u{10fffd}'] {
            assert!(has_private_use(&format!("見{c}")), "{c:?}");
        }
        assert!(!has_private_use("見本 𠮷田 辻\u{e0100} \u{f900}"));
    }

    #[test]
    fn a_line_holds_no_line_break_and_no_tab() {
        for text in ["a\nb", "a\r\nb", "a\r", "a\u{85}b", "a\u{2028}b", "a\u{2029}b"] {
            assert_eq!(code(line(text)), "line_break", "{text:?}");
        }
        assert_eq!(code(line("a\tb")), "control_character");
    }

    #[test]
    fn a_block_holds_line_breaks_and_tabs_but_no_other_line_end() {
        assert_eq!(code(block("一行目\n二行目\r\n\t三行目\n")), "ok");
        for text in ["a\rb", "a\r", "a\r\r\n", "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "a\u{b}b", "a\u{c}b"] {
            assert_eq!(code(block(text)), "control_character", "{text:?}");
        }
    }

    #[test]
    fn characters_nobody_can_see_are_refused() {
        for c in ['\0', '\u{1b}', '\u{7f}', '\u{9f}', '\u{feff}', '\u{fdd0}', '\u{fdef}', '\u{fffe}', '\u{10ffff}'] {
            assert_eq!(code(line(&format!("a{c}"))), "control_character", "{c:?}");
            assert_eq!(code(block(&format!("a{c}"))), "control_character", "{c:?}");
        }
        for c in ['\u{fdcf}', '\u{fdf0}', '\u{fffd}', '\u{10fffd}'] {
            assert_eq!(code(line(&format!("a{c}"))), "ok", "{c:?}");
        }
    }

    #[test]
    fn bidirectional_controls_are_refused() {
        let controls = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        for c in controls.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(code(line(&format!("a{c}b"))), "bidi_control", "{c:?}");
            assert_eq!(code(block(&format!("a{c}b"))), "bidi_control", "{c:?}");
        }
    }

    #[test]
    fn a_postal_code_is_seven_ascii_digits() {
        assert_eq!(code(postal_code("1208510")), "ok");
        for text in ["", "120851", "12085100", "120-8510", "１２０８５１０", "120851a", " 1208510"] {
            assert_eq!(code(postal_code(text)), "postal_code", "{text}");
        }
    }

    #[test]
    fn a_phone_number_is_taken_as_people_type_it() {
        for text in [
            "(03)5253-5111",
            "０３ー５２５３ー５１１１",
            "+81 3 5253 5111",
            "090−9999−9999",
            "0120999999",
            "123456",
            "03-5253-5111内線2",
            "０３ー５２５３ー５１１１　内線１２",
        ] {
            assert_eq!(code(phone(text)), "ok", "{text}");
        }
        let long = "1".repeat(21);
        let wide = format!("03{}52535111", " ".repeat(21));
        for text in [
            "",
            "12345",
            long.as_str(),
            wide.as_str(),
            "03-5253-5111内線",
            "03-5253-5111内線a",
            "03-5253-5111内線1内線2",
            "03-5253-5111内線123456789",
            "内線12",
            "03+52535111",
            "見本",
            "03\n52535111",
        ] {
            assert_eq!(code(phone(text)), "phone", "{text}");
        }
        assert_eq!(phone_digits("０３ー５２５３ー５１１１　内線１２"), "0352535111");
        assert_eq!(code(phone(&"1".repeat(20))), "ok");
        assert_eq!(code(phone(&format!("03{}52535111", " ".repeat(20)))), "ok");
    }

    proptest! {
        #[test]
        fn a_refusal_has_a_message_and_never_the_value(value in "\\PC{0,8}[\n\r\u{202e}\u{0}x]\\PC{0,8}") {
            let results = [line(&value), block(&value), postal_code(&value), phone(&value)];
            for error in results.into_iter().filter_map(Result::err) {
                prop_assert!(error.message.is_some_and(|m| !m.is_empty()));
                prop_assert!(error.params.is_empty());
            }
        }

        #[test]
        fn what_is_ignored_changes_nothing_in_what_counts(seen in "\\PC{0,8}", unseen in "[\u{200b}\u{ad}\u{3164}\u{2800}\u{e0041} ]{0,8}") {
            prop_assert_eq!(visible(&format!("{unseen}{seen}{unseen}")), visible(&seen));
            prop_assert_eq!(code(line(&seen)) == "blank", code(line(&format!("{seen}{unseen}"))) == "blank");
        }

        #[test]
        fn every_line_is_also_a_block(value in any::<String>()) {
            prop_assert!(line(&value).is_err() || block(&value).is_ok());
        }
    }
}
