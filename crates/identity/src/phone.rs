//! Telephone numbers (ITU-T E.164), by the rules of libphonenumber.
//!
//! A number that those rules call valid has its E.164 form. So has one that is written with a country's code and is not
//! known to be in use: ranges are opened faster than rules are published. Any other number is nobody's but the
//! organisation's own: a short code, an extension of its switchboard, a number without its area. It stands for itself by its
//! digits, and never meets one of the world's. What a switchboard writes in place of a number stands for itself as well,
//! since the record of a call is not lost for it; only what cannot be dialled anywhere is refused.

use rlibphonenumber::{PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat};
use unicode_normalization::UnicodeNormalization as _;

use super::Fault;

pub(super) use rlibphonenumber::enums::Region;

const RULE: Fault = Fault("must be a telephone number, and has no digit");
const NOWHERE: Fault = Fault("must be a telephone number of some country: none has this code");

/// Digits of a number that can be dialled from another country, with its country's code.
const SHORTEST: usize = 7;

/// How an extension is written in Chinese and Japanese; what holds another comes before it.
const EXTENSIONS: [&str; 9] = ["分机号", "分機號", "分机", "分機", "内线", "內線", "内線", "转", "轉"];

/// Digits of an extension that only a dash tells from the number before it.
const LONGEST_EXTENSION: usize = 6;

const DASHES: [char; 7] = ['-', '‐', '‑', '‒', '–', '—', '−'];

pub(super) fn region(code: &str) -> Option<Region> {
    let region = code.to_ascii_uppercase().parse().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

pub(super) fn normal(written: &str, country: Option<Region>) -> Result<String, Fault> {
    let text = readable(written);
    let parse = |text: &str| PHONE_NUMBER_UTIL.parse(text, country);
    let abroad = dialled_abroad(&text);
    let readings = [Some(text.clone()), abroad.clone(), extended(&text), abroad.as_deref().and_then(extended)];
    let is_valid = |number: &PhoneNumber| number.is_valid();
    if let Some(number) = readings.iter().flatten().find_map(|text| parse(text).ok().filter(is_valid)) {
        return Ok(e164(&number));
    }
    let is_international =
        text.trim_start_matches(|letter: char| !letter.is_ascii_digit() && letter != '+').starts_with('+');
    match parse(&text) {
        Ok(number) => match today(&number) {
            Some(number) => Ok(e164(&number)),
            None if is_international => Ok(e164(&number)),
            None => own(&text),
        },
        Err(ParseError::InvalidCountryCode) if is_international && digits(&text) >= SHORTEST => Err(NOWHERE),
        Err(_) => own(&text),
    }
}

/// With a plus for the 00 that most countries dial before a country's code, and systems write in all the others.
fn dialled_abroad(text: &str) -> Option<String> {
    Some(format!("+{}", text.strip_prefix("00")?))
}

/// An extension behind a dash: 010-65551234-8021.
fn extended(text: &str) -> Option<String> {
    let (number, extension) = text.rsplit_once(DASHES)?;
    let is_extension =
        (1..=LONGEST_EXTENSION).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_digit());
    is_extension.then(|| format!("{number} ext. {extension}"))
}

/// Digits of any script and width as ASCII, and extensions as everybody writes them.
fn readable(written: &str) -> String {
    let mut text: String = written.nfkc().map(|letter| digit(letter).unwrap_or(letter)).collect();
    for word in EXTENSIONS {
        text = text.replace(word, " ext. ").replace(" ext. :", " ext. ");
    }
    // As the Swiss group digits.
    text.replace(['\'', '’'], " ").trim().to_owned()
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Decimal digits of the scripts in which numbers are written that form KC leaves alone.
fn digit(letter: char) -> Option<char> {
    const ZEROS: [char; 10] = ['٠', '۰', '०', '০', '੦', '૦', '௦', '๐', '໐', '၀'];
    let value = |zero: &char| u32::from(letter).checked_sub(u32::from(*zero)).filter(|value| *value < 10);
    ZEROS.iter().find_map(value).and_then(|value| char::from_digit(value, 10))
}

/// A Mexican number with what was dialled before it until 2019 (1 from abroad, 01, 044 or 045 at home), as it is dialled
/// since.
fn today(number: &PhoneNumber) -> Option<PhoneNumber> {
    if number.country_code != 52 {
        return None;
    }
    let digits = number.national_number.to_string();
    let rest =
        ["1", "44", "45"].iter().find_map(|prefix| digits.strip_prefix(prefix).filter(|rest| rest.len() == 10))?;
    let number = PHONE_NUMBER_UTIL.parse(format!("+52{rest}"), None).ok()?;
    number.is_valid().then_some(number)
}

fn e164(number: &PhoneNumber) -> String {
    let digits = number.format_as(PhoneNumberFormat::E164).to_string();
    match number.extension.as_deref().filter(|extension| !extension.is_empty()) {
        Some(extension) => format!("{digits};ext={extension}"),
        None => digits,
    }
}

/// A number that only the organisation knows, by its digits; or what stands in the place of one, without case.
fn own(text: &str) -> Result<String, Fault> {
    if !text.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(RULE);
    }
    let is_between = |letter: char| letter.is_whitespace() || DASHES.contains(&letter) || ".()/".contains(letter);
    let number: String = text.chars().filter(|letter| !is_between(*letter)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    Ok(if digits.bytes().all(|byte| byte.is_ascii_digit()) { number } else { super::spaced(text).to_lowercase() })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::notations::NUMBERS;

    fn of(country: &str, written: &str) -> Result<String, Fault> {
        normal(written, region(country))
    }

    #[test]
    fn every_notation_of_a_number_has_its_one_form() {
        let mut wrong = Vec::new();
        for (country, expected, written) in NUMBERS {
            for one in written.iter().chain([expected]) {
                let form = of(country, one);
                if form.as_deref() != Ok(*expected) {
                    wrong.push(format!("{country} {one:?} is {expected}, not {form:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn no_two_numbers_coincide() {
        let forms: Vec<_> = NUMBERS
            .iter()
            .flat_map(|(country, number, written)| written.iter().map(move |one| (number, one, of(country, one))))
            .collect();
        for (at, (number, one, form)) in forms.iter().enumerate() {
            for (other_number, other, other_form) in &forms[at + 1..] {
                assert_eq!(number == other_number, form == other_form, "{one} and {other}");
            }
        }
    }

    #[test]
    fn the_notations_are_of_many_numbers_and_countries() {
        let countries: BTreeSet<_> = NUMBERS.iter().map(|(country, ..)| country).collect();
        let numbers: BTreeSet<_> = NUMBERS.iter().map(|(_, number, _)| number).collect();
        let written: usize = NUMBERS.iter().map(|(_, _, written)| written.len()).sum();
        assert!(
            countries.len() >= 12 && numbers.len() >= 40 && written >= 200,
            "{countries:?} {} {written}",
            numbers.len()
        );
    }

    #[test]
    fn what_only_the_organisation_knows_stands_for_itself() {
        for (written, expected) in [
            ("10086", "10086"),
            ("100-86", "10086"),
            ("95588", "95588"),
            ("1001", "1001"),
            ("6555 1234", "65551234"),
            ("+86 1", "+861"),
            ("+1", "+1"),
            ("+999", "+999"),
            ("1234567890123456", "1234567890123456"),
            ("SIP:Desk-7", "sip:desk-7"),
            ("138 1234 5678 / 139 1234 5678", "1381234567813912345678"),
            ("8001-12", "800112"),
            ("00", "00"),
            ("0099 123456", "0099123456"),
        ] {
            assert_eq!(of("CN", written).as_deref(), Ok(expected), "{written}");
        }
        assert_eq!(normal("138 1234 5678", None).as_deref(), Ok("13812345678"), "no country to read it by");
        assert_ne!(normal("138 1234 5678", None), normal("+86 138 1234 5678", None));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for written in ["+999 123456", "+0 123 456 789", "(+999) 123456"] {
            assert_eq!(of("CN", written), Err(NOWHERE), "{written}");
        }
        for written in ["", "anonymous", "anna@example.com", "+", "一三八"] {
            assert_eq!(of("CN", written), Err(RULE), "{written}");
        }
    }

    const COUNTRIES: [&str; 12] = ["CN", "US", "GB", "DE", "FR", "IT", "JP", "KR", "IN", "RU", "BR", "AU"];

    proptest! {
        /// Whatever the punctuation, and whichever of three notations: one number, one form.
        #[test]
        fn notations_meet(country in prop::sample::select(&COUNTRIES[..]), digits in "[1-9][0-9]{6,11}", gap in prop::sample::select(vec![" ", "-", ".", ""])) {
            let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region(country).unwrap()).unwrap();
            let international = format!("+{code}{digits}");
            let Ok(number) = PHONE_NUMBER_UTIL.parse(&international, None) else { return Ok(()) };
            if !number.is_valid() || PHONE_NUMBER_UTIL.get_region_for_number(&number) != region(country) {
                return Ok(());
            }
            let form = of(country, &international).unwrap();
            for shape in [PhoneNumberFormat::National, PhoneNumberFormat::International, PhoneNumberFormat::RFC3966] {
                let written = number.format_as(shape).to_string();
                prop_assert_eq!(of(country, &written), Ok(form.clone()), "{}", written);
                if !gap.is_empty() && !matches!(shape, PhoneNumberFormat::RFC3966) {
                    prop_assert_eq!(of(country, &written.replace([' ', '-'], gap)), Ok(form.clone()), "{} with {:?}", written, gap);
                }
            }
        }

        /// Different digits behind a plus are different numbers.
        #[test]
        fn numbers_stay_apart(digits in prop::collection::btree_set("[1-9][0-9]{7,14}", 2..40)) {
            let mut known: BTreeMap<String, String> = BTreeMap::new();
            for one in digits {
                let number = PHONE_NUMBER_UTIL.parse(format!("+{one}"), None);
                let Ok(form) = normal(&format!("+{one}"), None) else { continue };
                // A trunk prefix behind the country's code is none of the number's digits.
                let rest = number.map(|number| number.national_number.to_string()).unwrap_or_default();
                if !one.ends_with(&rest) || one.len() != form.len() - 1 { continue }
                prop_assert_eq!(&form, &format!("+{}", one));
                prop_assert!(known.insert(form, one).is_none());
            }
        }

        #[test]
        fn a_normal_form_is_its_own(written in "[+0-9 ()x.-]{1,20}", country in prop::sample::select(&COUNTRIES[..])) {
            if let Ok(once) = of(country, &written) {
                prop_assert_eq!(of(country, &once), Ok(once.clone()));
            }
        }

        #[test]
        fn no_text_panics(written in any::<String>()) {
            let _ = of("CN", &written);
        }
    }
}
