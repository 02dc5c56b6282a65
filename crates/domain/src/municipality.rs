//! 全国地方公共団体コード: five digits and a check digit (総務省, JIS X 0401 and 0402), which identify a municipality.

/// Why a text is no municipality's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Neither a code nor a word.
    #[error("the municipality's code: 1-40 characters A-Z a-z 0-9 -")]
    Shape,
    /// Five digits, so the check digit is missing.
    #[error("the municipality's code: six digits, with the check digit at the end")]
    NoCheckDigit,
    /// Six digits of which the last is not the right check digit.
    #[error("the municipality's code: the check digit is wrong; look the six digits up once more")]
    CheckDigit,
}

/// Whether `code` may stand for a municipality: a 全国地方公共団体コード with its check digit, or a word for a body that has none.
///
/// # Errors
/// What is wrong with it.
pub fn check(code: &str) -> Result<(), CodeError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=40).contains(&code.len()) || !code.bytes().all(plain) {
        return Err(CodeError::Shape);
    }
    let digits: Vec<u32> = code.chars().filter_map(|c| c.to_digit(10)).collect();
    match digits.as_slice() {
        [_, _, _, _, _] if code.len() == 5 => Err(CodeError::NoCheckDigit),
        [body @ .., check] if code.len() == 6 && body.len() == 5 => {
            let sum: u32 = body.iter().zip([6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
            if (11 - sum % 11) % 10 == *check { Ok(()) } else { Err(CodeError::CheckDigit) }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_tells_one_municipality_from_a_slip() {
        // 北海道, 札幌市, 東京都, 千代田区, 足立区, 葛飾区, 大阪市, 那覇市.
        for code in ["010006", "011002", "130001", "131016", "131211", "131229", "271004", "472018", "mihon-ku", "999"]
        {
            assert_eq!(check(code), Ok(()), "{code}");
        }
        for last in 0..10 {
            let code = format!("13121{last}");
            let right = if last == 1 { Ok(()) } else { Err(CodeError::CheckDigit) };
            assert_eq!(check(&code), right, "{code}");
        }
        assert_eq!(check("13121"), Err(CodeError::NoCheckDigit));
        for code in ["", "13 12", "１３１２１１", &"a".repeat(41)] {
            assert_eq!(check(code), Err(CodeError::Shape), "{code}");
        }
    }
}
