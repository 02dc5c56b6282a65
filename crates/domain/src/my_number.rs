//! Finds an individual number (個人番号, マイナンバー) where none may be kept.
//!
//! The service may not keep one (番号法 第20条: nobody may collect or keep it outside the tasks that the Act lists). A field for other
//! systems' ids refuses it; for free text there is a warning.

use crate::text::is_hyphen;
use unicode_normalization::UnicodeNormalization;

/// Whether the text as a whole is an individual number: twelve digits (also full-width, or with spaces and hyphens between them), of which
/// the last is the right check digit.
///
/// 行政手続における特定の個人を識別するための番号の利用等に関する法律施行令 第8条; the formula is that of 平成26年総務省令
/// 第85号 第5条. One in eleven random numbers of twelve digits passes.
pub fn is_my_number(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.nfkc().filter(|c| !is_separator(*c)).map(|c| c.to_digit(10)).collect();
    let digits = digits.unwrap_or_default();
    let Some((check, body)) = digits.split_last() else {
        return false;
    };
    body.len() == 11 && *check == check_digit(body)
}

/// Whether free text holds an individual number: twelve digits that are not part of a longer number.
///
/// The digits are in one run, or in groups of equal length with only spaces and hyphens between them, as the card prints them (1234 5678
/// 9018). Groups of unequal length are dates and telephone numbers and are not joined.
pub fn appears_in(text: &str) -> bool {
    let text: String = text.nfkc().collect();
    text.split(|c: char| !c.is_ascii_digit() && !is_separator(c)).any(|stretch| {
        let groups: Vec<&str> = stretch.split(is_separator).filter(|group| !group.is_empty()).collect();
        groups.chunk_by(|a, b| a.len() == b.len()).any(|number| is_my_number(&number.concat()))
    })
}

/// 11 − (Σ Pₙ×Qₙ mod 11), or 0 where the remainder is 0 or 1. Pₙ is the nth digit from the right of the eleven;
/// Qₙ is n + 1 up to n = 6 and n − 5 from n = 7.
fn check_digit(body: &[u32]) -> u32 {
    let weights = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];
    let sum: u32 = body.iter().rev().zip(weights).map(|(p, q)| p * q).sum();
    match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

fn is_separator(c: char) -> bool {
    c == ' ' || is_hyphen(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // A made-up number: 12345678901 gives Σ = 212, 212 mod 11 = 3, 11 − 3 = 8.
    const MADE_UP: &str = "123456789018";

    #[test]
    fn twelve_digits_with_the_right_check_digit_are_a_number() {
        for text in [
            MADE_UP,
            "1234-5678-9018",
            "1234 5678 9018",
            "１２３４　５６７８　９０１８",
            "１２３４ー５６７８ー９０１８",
        ] {
            assert!(is_my_number(text), "{text}");
        }
    }

    #[test]
    fn a_remainder_of_0_or_1_gives_check_digit_0() {
        // Only P₅ = 2 (weight 6): Σ = 12, remainder 1. All zero: remainder 0.
        assert!(is_my_number("000000200000"));
        assert!(is_my_number("000000000000"));
        // Only P₁ = 1 (weight 2): 11 − 2 = 9.
        assert!(is_my_number("000000000019"));
    }

    #[test]
    fn other_ids_are_no_number() {
        for text in ["", "12345678901", "1234567890180", "123456789012", "12345678901a", "R6-000123", "1234/5678/9018"]
        {
            assert!(!is_my_number(text), "{text}");
        }
    }

    #[test]
    fn a_number_is_found_in_free_text() {
        for text in [
            "番号は123456789018です",
            "番号は１２３４５６７８９０１８です",
            "カード 1234 5678 9018 を見せた",
            "1234-5678-9018",
            "1234 - 5678 - 9018",
            "5月に1 1234 5678 9018",
            "a123456789018b",
            "03-5253-5111\n123456789018",
        ] {
            assert!(appears_in(text), "{text}");
        }
    }

    #[test]
    fn a_longer_number_is_left_alone() {
        for text in ["0123456789018", "1234567890189", "1234 5678 9018 3456", "口座12345678901800"] {
            assert!(!appears_in(text), "{text}");
        }
    }

    #[test]
    fn dates_and_telephone_numbers_are_left_alone() {
        // Joined, this would be twelve digits with the right check digit.
        assert!(is_my_number("2026-11-21-1432"));
        for text in ["2026-11-21 1432", "090-1234-5678", "03-5253-5111", "123456789012", ""] {
            assert!(!appears_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_noticed_unless_the_check_digit_is_0(
            body in 0u64..100_000_000_000,
            place in 0usize..11,
            add in 1u32..10,
        ) {
            let digits: Vec<u32> = format!("{body:011}").chars().filter_map(|c| c.to_digit(10)).collect();
            let mut wrong = digits.clone();
            wrong[place] = (wrong[place] + add) % 10;
            // 0 stands for two remainders, so two numbers that differ in one digit can share it.
            prop_assume!(check_digit(&digits) != 0);
            prop_assert_ne!(check_digit(&digits), check_digit(&wrong));
        }

        #[test]
        fn a_number_is_found_wherever_it_stands(body in 0u64..100_000_000_000, before: String, after: String) {
            let digits: Vec<u32> = format!("{body:011}").chars().filter_map(|c| c.to_digit(10)).collect();
            let number = format!("{body:011}{}", check_digit(&digits));
            prop_assert!(is_my_number(&number));
            let text = format!("あ{before}あ{number}あ{after}");
            prop_assert!(appears_in(&text));
        }
    }
}
