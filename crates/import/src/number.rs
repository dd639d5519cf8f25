//! Decimal numbers as people and programs write them, exactly; what may be money is refused.

/// Which character stands before the fraction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mark {
    /// `12.5`
    #[default]
    Point,
    /// `12,5`
    Comma,
}

/// A number: `digits` × 10^-`scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// More digits than any export has; the product with the nanoseconds of a day stays within 128 bits.
const MAX_DIGITS: u32 = 22;

impl Decimal {
    /// Reads a number, or says what the text should have been; completes "the text ...".
    ///
    /// Amounts and grouped digits are refused: `1,234` is a thousand here and one and a bit there.
    pub fn read(text: &str, mark: Mark) -> Result<Self, String> {
        if text.chars().any(is_currency) {
            return Err("looks like an amount of money, which is not read as a number".to_owned());
        }
        plain(text, mark).ok_or_else(|| why_not(text, mark).to_owned())
    }

    /// The whole number that it is: `5` and `5.0`, but not `5.5`.
    pub fn whole(self) -> Option<i128> {
        let power = 10_i128.pow(self.scale);
        (self.digits % power == 0).then_some(self.digits / power)
    }

    /// Roughly.
    #[allow(clippy::cast_precision_loss, reason = "for figures about many numbers")]
    pub fn to_f64(self) -> f64 {
        self.digits as f64 / 10_f64.powi(i32::try_from(self.scale).unwrap_or_default())
    }

    /// This many units, each of `unit`; rounded to the nearest whole.
    pub fn times(self, unit: i128) -> i128 {
        let power = 10_i128.pow(self.scale);
        let product = self.digits * unit;
        (2 * product + if product < 0 { -power } else { power }) / (2 * power)
    }
}

fn plain(text: &str, mark: Mark) -> Option<Decimal> {
    let (negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text, exponent.parse::<i32>().ok().filter(|one| one.abs() <= 18)?),
        None => (text, 0),
    };
    let separator = if mark == Mark::Point { '.' } else { ',' };
    let (whole, fraction) = text.split_once(separator).unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let room = MAX_DIGITS as usize;
    if whole.is_empty() || whole.len() > room || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // Programs write more digits than they know.
    let fraction = &fraction[..fraction.len().min(room - whole.len())];
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = i32::try_from(fraction.len()).ok()? - exponent;
    let digits = if negative { -digits } else { digits };
    let limit = 10_i128.pow(MAX_DIGITS);
    if scale <= 0 {
        let digits = digits.checked_mul(10_i128.pow(scale.unsigned_abs()))?;
        return (digits.abs() < limit).then_some(Decimal { digits, scale: 0 });
    }
    let scale = scale.unsigned_abs();
    let lost = scale.saturating_sub(MAX_DIGITS);
    Some(Decimal { digits: digits / 10_i128.pow(lost.min(MAX_DIGITS)), scale: scale - lost })
}

fn why_not(text: &str, mark: Mark) -> &'static str {
    let bare = text.trim_start_matches(['-', '+']);
    let is_grouped = bare.split(|one: char| !one.is_ascii_digit()).count() > 1
        && bare.starts_with(|one: char| one.is_ascii_digit())
        && bare.chars().all(|one| one.is_ascii_digit() || is_separator(one));
    match (is_grouped, mark) {
        (false, _) => "is not a number",
        (true, Mark::Point) if plain(text, Mark::Comma).is_some() => {
            "has a comma: if it stands before the fraction, say decimal = \",\" in the mapping; if it groups digits, take it out"
        }
        (true, Mark::Comma) if plain(text, Mark::Point).is_some() => {
            "has a point, but the mapping says decimal = \",\""
        }
        (true, _) => "has grouped digits, which are not read as a number",
    }
}

fn is_separator(one: char) -> bool {
    matches!(one, '.' | ',' | '\'' | '\u{2019}' | '\u{66c}' | '_') || one.is_whitespace()
}

/// Signs of currencies (Unicode category Sc, and what stands for one in Chinese and Japanese).
fn is_currency(one: char) -> bool {
    matches!(one, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' | '\u{fdfc}' | '\u{fe69}' | '\u{ff04}')
        || matches!(one, '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}' | '元' | '円' | '원')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<Option<i128>, String> {
        Decimal::read(text, Mark::Point).map(Decimal::whole)
    }

    #[test]
    fn whole_numbers_in_every_spelling() {
        for (text, number) in [("5", 5), ("5.0", 5), ("5.00", 5), ("-3", -3), ("+7", 7), ("1.2e3", 1200), ("5e0", 5)] {
            assert_eq!(whole(text), Ok(Some(number)), "{text}");
        }
        assert_eq!(whole("5.5"), Ok(None));
        assert_eq!(Decimal::read("5,0", Mark::Comma).map(Decimal::whole), Ok(Some(5)));
    }

    #[test]
    fn money_and_grouped_digits_are_refused_by_name() {
        for text in ["$5", "5 €", "￥12.00", "12元", "₹1,200"] {
            assert!(whole(text).unwrap_err().contains("money"), "{text}");
        }
        for text in ["1,234.50", "1 234", "1'234'567", "1.234.567"] {
            assert!(whole(text).unwrap_err().contains("grouped"), "{text}");
        }
        assert!(whole("1,234").unwrap_err().contains("decimal = \",\""));
        assert!(whole("12,5").unwrap_err().contains("decimal = \",\""));
        assert!(Decimal::read("12.5", Mark::Comma).unwrap_err().contains("has a point"));
        for text in ["", "x", "1e", "1e99", "NaN", ".5", "--1", "5/5", "99999999999999999999999"] {
            assert!(whole(text).unwrap_err().contains("is not a number"), "{text}");
        }
    }

    #[test]
    fn units_are_counted_exactly() {
        let times = |text, unit| Decimal::read(text, Mark::Point).unwrap().times(unit);
        assert_eq!(times("0.25", 1_000), 250);
        assert_eq!(times("261.3160766843023", 60_000_000), 15_678_964_601);
        assert_eq!(times("-0.5", 3), -2);
        assert_eq!(times("4.62962962962963E-4", 86_400_000), 40_000);
    }
}
