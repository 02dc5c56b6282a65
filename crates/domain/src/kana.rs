//! Readings (フリガナ) in one script, and the keys by which names are searched.
//!
//! Only readings are converted. A name itself is never normalised: NFC alone rewrites about a thousand ideographs that
//! stand in family registers. A search key is made from the name, used for its token, and thrown away.

use unicode_normalization::UnicodeNormalization;
use validator::ValidationError;

/// The text is no reading: it holds something other than kana, the long mark, the middle dot and spaces, or no kana at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("フリガナは、ひらがなかカタカナで入力してください。長音（ー）、中黒（・）、空白も使えます。")]
pub struct NotKana;

/// A reading in full-width katakana (政府相互運用性フレームワーク, 氏(カナ)).
///
/// Hiragana and half-width kana are converted, voiced marks are joined to their kana, every space becomes U+3000. The result holds only
/// full-width katakana (with ヽ, ヾ and the small kana of Ainu), ー, ・ and U+3000; anything else is [`NotKana`].
pub fn katakana(value: &str) -> Result<String, NotKana> {
    // The second normalisation joins what only katakana can join: わ with a voiced mark becomes ヷ.
    let reading = value.nfkc().map(to_katakana).nfc().map(|c| if c == ' ' { '\u{3000}' } else { c });
    let reading: String = reading.collect();
    let is_kana = |c| matches!(c, 'ァ'..='ヺ' | 'ヽ' | 'ヾ' | 'ㇰ'..='ㇿ');
    let has_kana = reading.chars().any(is_kana);
    let only_kana = reading.chars().all(|c| is_kana(c) || matches!(c, 'ー' | '・' | '\u{3000}'));
    if has_kana && only_kana { Ok(reading) } else { Err(NotKana) }
}

/// Whether [`katakana`] can read it; for `validator`.
///
/// # Errors
/// `not_kana`.
pub fn only(value: &str) -> Result<(), ValidationError> {
    let detail = "カタカナ(ひらがなも可)で入力してください。";
    katakana(value).map(|_| ()).map_err(|_| ValidationError::new("not_kana").with_message(detail.into()))
}

/// The key by which a name or a reading is searched: two spellings of one name should make the same key.
///
/// NFKC, no variation selectors, no spaces and middle dots, hiragana as katakana, variant kanji folded (`VARIANTS`),
/// ASCII in capitals. Never stored as a name, never shown. Applying it twice changes nothing.
pub fn search_key(value: &str) -> String {
    let key: String =
        value.nfkc().filter(|c| !is_skipped(*c)).map(|c| fold(to_katakana(c.to_ascii_uppercase()))).collect();
    // A dropped character may have separated a kana from its voiced mark: join them.
    key.nfkc().collect()
}

/// Variant kanji in names, each row after the plain form that replaces them in a search key.
///
/// The first four rows are required by the field (docs/domain.md, "Dates, names, numbers"); 斉 goes with 齊, whose everyday form it is. The
/// rest were chosen by hand: old forms (康熙字典体) and popular ones that are common in names. Each pair was looked up in PyPI `ja-itaiji`
/// 1.0.2, which knows all but 斎齊, 斎斉, 吉𠮷, 橋𣘺, 土𡈽, 内內 and 鶴靍. Only shapes of one character belong here, not different
/// characters with one reading (坂 and 阪). Compatibility ideographs such as U+FA19 need no row: NFKC folds them.
const VARIANTS: &[(char, &str)] = &[
    ('高', "髙"),
    ('崎', "﨑嵜"),
    ('辺', "邊邉"),
    ('斎', "齋齊斉"),
    ('亜', "亞"),
    ('為', "爲"),
    ('栄', "榮"),
    ('円', "圓"),
    ('園', "薗"),
    ('塩', "鹽"),
    ('応', "應"),
    ('横', "橫"),
    ('黄', "黃"),
    ('桜', "櫻"),
    ('鴎', "鷗"),
    ('会', "會"),
    ('学', "學"),
    ('楽', "樂"),
    ('岳', "嶽"),
    ('巻', "卷"),
    ('関', "關"),
    ('寛', "寬"),
    ('館', "舘"),
    ('巌', "巖"),
    ('喜', "㐂"),
    ('気', "氣"),
    ('吉', "𠮷"),
    ('峡', "峽"),
    ('教', "敎"),
    ('尭', "堯"),
    ('橋', "槗𣘺"),
    ('薫', "薰"),
    ('勲', "勳"),
    ('恵', "惠"),
    ('県', "縣"),
    ('剣', "劍劒"),
    ('権', "權"),
    ('顕', "顯"),
    ('厳', "嚴"),
    ('呉', "吳"),
    ('広', "廣"),
    ('恒', "恆"),
    ('昂', "昻"),
    ('郷', "鄕"),
    ('国', "國"),
    ('黒', "黑"),
    ('桑', "桒"),
    ('芸', "藝"),
    ('児', "兒"),
    ('実', "實"),
    ('釈', "釋"),
    ('寿', "壽"),
    ('渋', "澁澀"),
    ('渉', "涉"),
    ('将', "將"),
    ('昇', "曻"),
    ('焼', "燒"),
    ('奨', "獎"),
    ('浄', "淨"),
    ('場', "塲"),
    ('条', "條"),
    ('縄', "繩"),
    ('嬢', "孃"),
    ('譲', "讓"),
    ('穣', "穰"),
    ('真', "眞"),
    ('晋', "晉"),
    ('図', "圖"),
    ('瀬', "瀨"),
    ('清', "淸"),
    ('青', "靑"),
    ('静', "靜"),
    ('浅', "淺"),
    ('船', "舩"),
    ('壮', "壯"),
    ('曽', "曾"),
    ('総', "總"),
    ('聡', "聰"),
    ('荘', "莊"),
    ('増', "增"),
    ('蔵', "藏"),
    ('台', "臺"),
    ('沢', "澤"),
    ('滝', "瀧"),
    ('団', "團"),
    ('鎮', "鎭"),
    ('壷', "壺"),
    ('鶴', "靏靍"),
    ('鉄', "鐵"),
    ('転', "轉"),
    ('伝', "傳"),
    ('土', "圡𡈽"),
    ('島', "嶋嶌"),
    ('当', "當"),
    ('灯', "燈"),
    ('兎', "兔"),
    ('徳', "德"),
    ('富', "冨"),
    ('内', "內"),
    ('祢', "禰"),
    ('梅', "楳"),
    ('麦', "麥"),
    ('浜', "濱濵"),
    ('万', "萬"),
    ('桧', "檜"),
    ('淵', "渕渊"),
    ('仏', "佛"),
    ('変', "變"),
    ('歩', "步"),
    ('穂', "穗"),
    ('宝', "寶寳"),
    ('豊', "豐"),
    ('峰', "峯"),
    ('槙', "槇"),
    ('弥', "彌"),
    ('野', "埜"),
    ('薮', "藪"),
    ('柳', "栁"),
    ('与', "與"),
    ('遥', "遙"),
    ('来', "來"),
    ('竜', "龍"),
    ('涼', "凉"),
    ('緑', "綠"),
    ('凛', "凜"),
    ('礼', "禮"),
    ('篭', "籠"),
    ('禄', "祿"),
    ('芦', "蘆"),
    ('稲', "稻"),
    ('縁', "緣"),
    ('駅', "驛"),
    ('戸', "戶"),
];

fn fold(c: char) -> char {
    VARIANTS.iter().find(|(_, variants)| variants.contains(c)).map_or(c, |(plain, _)| *plain)
}

/// Hiragana (ぁ–ゖ, ゝ, ゞ) lie 0x60 below their katakana.
fn to_katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        _ => c,
    }
}

fn is_skipped(c: char) -> bool {
    let is_variation_selector = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    is_variation_selector || c.is_whitespace() || matches!(c, '・' | '·')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hiragana_and_half_width_kana_become_full_width_katakana() {
        assert_eq!(katakana("みほん　はなこ").unwrap(), "ミホン　ハナコ");
        assert_eq!(katakana("ﾐﾎﾝ ﾊﾅｺ").unwrap(), "ミホン　ハナコ");
        assert_eq!(katakana("ｶﾞｷﾞﾊﾟｳﾞｧｰ･ｯ").unwrap(), "ガギパヴァー・ッ");
        assert_eq!(katakana("ゔゕゖすゞ").unwrap(), "ヴヵヶスヾ");
        assert_eq!(katakana("か\u{3099}わ\u{3099}").unwrap(), "ガヷ");
        assert_eq!(katakana("マリア・デ・ラ").unwrap(), "マリア・デ・ラ");
    }

    #[test]
    fn anything_but_kana_is_no_reading() {
        for text in
            ["見本", "Mihon", "ミホン1", "ミホン-ハナコ", "ミホン\nハナコ", "ミホン\tハナコ", "ア\u{3099}", "ミホン、"]
        {
            assert_eq!(katakana(text), Err(NotKana), "{text}");
        }
    }

    #[test]
    fn a_reading_has_at_least_one_kana() {
        for text in ["", "　", "ー", "・"] {
            assert_eq!(katakana(text), Err(NotKana), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_name_have_one_search_key() {
        let same = [
            ["髙橋", "高槗"],
            ["山﨑", "山崎"],
            ["渡邊 花子", "渡邉　花子"],
            ["渡邉", "渡辺"],
            ["齋藤", "斎藤"],
            ["齊藤", "斉藤"],
            ["齊藤", "斎藤"],
            ["辻\u{e0100}", "辻"],
            ["\u{fa19}田", "神田"],
            ["𠮷田", "吉田"],
            ["みほん はなこ", "ﾐﾎﾝﾊﾅｺ"],
            ["か゛", "ガ"],
            ["マリア・デ", "まりあで"],
            ["ｍａｒｉａ", "MARIA"],
        ];
        for [a, b] in same {
            assert_eq!(search_key(a), search_key(b), "{a} {b}");
        }
    }

    #[test]
    fn different_names_have_different_search_keys() {
        for [a, b] in [["坂本", "阪本"], ["ミホン", "ミボン"], ["太田", "大田"], ["安達", "足立"]] {
            assert_ne!(search_key(a), search_key(b), "{a} {b}");
        }
    }

    #[test]
    fn a_variant_stands_in_the_table_once_and_its_plain_form_is_no_variant() {
        let variants: Vec<char> = VARIANTS.iter().flat_map(|(_, variants)| variants.chars()).collect();
        let unique: std::collections::BTreeSet<_> = variants.iter().collect();
        assert_eq!(unique.len(), variants.len());
        for (plain, _) in VARIANTS {
            assert!(!variants.contains(plain), "{plain}");
            assert_eq!(VARIANTS.iter().filter(|(p, _)| p == plain).count(), 1, "{plain}");
        }
        // A form that NFKC rewrites never reaches the table.
        for variant in variants {
            assert!(std::iter::once(variant).nfkc().eq([variant]), "{variant}");
        }
    }

    /// Characters that the key changes, and those that compose with them.
    fn name() -> impl Strategy<Value = String> {
        let touched =
            "[ぁ-ゟァ-ヿ㇀-ㇿｦ-ﾟ㌀-㍗\u{3099}\u{309a}\u{301}\u{fe00}\u{e0100} 　・·a-zａ-ｚ髙﨑邊齊斉﨟\u{fa19}𠮷]";
        prop_oneof![proptest::string::string_regex(&format!("{touched}{{0,8}}")).unwrap(), any::<String>()]
    }

    proptest! {
        #[test]
        fn a_search_key_is_its_own_search_key(name in name()) {
            let key = search_key(&name);
            prop_assert_eq!(search_key(&key), key);
        }

        #[test]
        fn a_reading_is_its_own_reading(text in name()) {
            if let Ok(reading) = katakana(&text) {
                prop_assert_eq!(katakana(&reading).unwrap(), reading);
            }
        }

        #[test]
        fn hiragana_and_its_katakana_have_one_search_key(text in "[ぁ-ゖー・ 　]{1,12}") {
            prop_assert_eq!(katakana(&text).map_or_else(|_| search_key(&text), |k| search_key(&k)), search_key(&text));
        }
    }
}
