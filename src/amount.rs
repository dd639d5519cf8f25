//! Amounts: of money in the smallest unit of a currency, of things in pieces.

use iso_currency::Currency;

/// Whether it is a code of ISO 4217 such as CNY.
pub(crate) fn is_currency(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_uppercase()) && Currency::from_code(code).is_some()
}

/// Whether it is meant for a code of ISO 4217, right or wrong: no thing is called by three capital letters.
pub(crate) fn is_meant_for_currency(unit: &str) -> bool {
    unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// How many digits of a unit stand behind the point; none of things.
fn digits(unit: &str) -> Option<usize> {
    let currency = Currency::from_code(unit).filter(|_| is_meant_for_currency(unit))?;
    Some(usize::from(currency.exponent().unwrap_or(0)))
}

/// An amount as people write it: `12.5` CNY are 1250. None: it is none, or has more digits than the unit.
pub(crate) fn read(text: &str, unit: &str) -> Option<i64> {
    let digits = digits(unit).unwrap_or(0);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > digits || !is_number(whole) || !is_number(part) {
        return None;
    }
    format!("{whole}{part:0<digits$}").parse().ok()
}

/// An amount for people: `12.50 CNY`, `2 × 榴莲一箱`.
pub(crate) fn written(quantity: i64, unit: &str) -> String {
    let Some(digits) = digits(unit) else { return format!("{quantity} × {unit}") };
    let sign = if quantity < 0 { "-" } else { "" };
    let text = format!("{:0width$}", quantity.unsigned_abs(), width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    let point = if digits > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{part} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_their_currency_is() {
        let cases = [
            (1_250, "CNY", "12.50 CNY"),
            (5, "EUR", "0.05 EUR"),
            (-5, "EUR", "-0.05 EUR"),
            (1_250, "JPY", "1250 JPY"),
            (1_250, "KWD", "1.250 KWD"),
            (0, "CNY", "0.00 CNY"),
            (2, "榴莲一箱", "2 × 榴莲一箱"),
            (3, "tea", "3 × tea"),
        ];
        for (quantity, unit, text) in cases {
            assert_eq!(written(quantity, unit), text);
        }
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        let cases = [
            ("12.5", "CNY", Some(1_250)),
            ("12", "CNY", Some(1_200)),
            ("7", "榴莲一箱", Some(7)),
            ("7", "JPY", Some(7)),
        ];
        let wrong = [
            ("12.505", "CNY"),
            ("1.5", "tea"),
            ("-1", "CNY"),
            ("", "CNY"),
            (".5", "CNY"),
            ("1e3", "CNY"),
            ("9999999999999999999", "x"),
        ];
        for (text, unit, amount) in cases.into_iter().chain(wrong.map(|(text, unit)| (text, unit, None))) {
            assert_eq!(read(text, unit), amount, "{text} {unit}");
        }
    }

    #[test]
    fn what_is_no_currency_is_known() {
        assert!(is_currency("CNY") && !is_currency("RMB") && !is_currency("cny") && !is_currency(""));
        assert!(is_meant_for_currency("RMB") && !is_meant_for_currency("tea") && !is_meant_for_currency("茶叶"));
    }
}
