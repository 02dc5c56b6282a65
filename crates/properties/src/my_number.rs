//! The detector of individual numbers (個人番号).

use crate::text;
use domain::my_number::{appears_in, is_my_number};
use unicode_normalization::UnicodeNormalization;

/// What it calls a number has twelve digits and the check digit of the ministerial order; a made-up number is found in every spelling.
pub(crate) fn my_number(data: &[u8]) {
    let sent = text(data).unwrap_or_default();
    let folded: String = sent.nfkc().collect();
    if is_my_number(sent) {
        let figures: Vec<u32> = folded.chars().filter_map(|c| c.to_digit(10)).collect();
        assert_eq!(figures.len(), 12);
        assert_eq!(figures[11], check_digit(&figures[..11]));
    }
    if appears_in(sent) {
        assert!(folded.chars().filter(char::is_ascii_digit).count() >= 12);
    }
    let Some(eleven) = data.first_chunk::<11>() else { return };
    let mut figures: Vec<u32> = eleven.iter().map(|byte| u32::from(byte % 10)).collect();
    figures.push(check_digit(&figures));
    let plain: String = figures.iter().filter_map(|figure| char::from_digit(*figure, 10)).collect();
    let wide: String = figures.iter().filter_map(|figure| char::from_u32(u32::from('０') + figure)).collect();
    let grouped = format!("{} {}-{}", &plain[..4], &plain[4..8], &plain[8..]);
    for number in [plain, wide, grouped] {
        assert!(is_my_number(&number));
        assert!(appears_in(&number));
        assert!(appears_in(&format!("{sent}、番号は{number}です。{sent}")), "whatever stands around it");
    }
}

/// 平成26年総務省令第85号 第5条, counted from the right as in the order.
fn check_digit(body: &[u32]) -> u32 {
    let sum: u32 = (1..=11u32).zip(body.iter().rev()).map(|(n, p)| p * if n <= 6 { n + 1 } else { n - 5 }).sum();
    if sum % 11 <= 1 { 0 } else { 11 - sum % 11 }
}
