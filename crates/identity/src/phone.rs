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

/// How an extension is written in Chinese.
const EXTENSIONS: [&str; 6] = ["转", "轉", "分机", "分機", "内线", "內線"];

pub(super) fn region(code: &str) -> Option<Region> {
    let region = code.to_ascii_uppercase().parse().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

pub(super) fn normal(written: &str, country: Option<Region>) -> Result<String, Fault> {
    let text = readable(written);
    let is_international =
        text.trim_start_matches(|letter: char| !letter.is_ascii_digit() && letter != '+').starts_with('+');
    match PHONE_NUMBER_UTIL.parse(&text, country) {
        Ok(number) if number.is_valid() => Ok(e164(&number)),
        Ok(number) if is_international => Ok(e164(&today(&number).unwrap_or(number))),
        Err(ParseError::InvalidCountryCode) if is_international && digits(&text) >= SHORTEST => Err(NOWHERE),
        Ok(_) | Err(_) => own(&text),
    }
}

/// Digits of any script and width as ASCII, and extensions as everybody writes them.
fn readable(written: &str) -> String {
    let mut text: String = written.nfkc().map(|letter| digit(letter).unwrap_or(letter)).collect();
    for word in EXTENSIONS {
        text = text.replace(word, " ext. ");
    }
    text.trim().to_owned()
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

/// A Mexican mobile number with the 1 that it had until 2019, as it is dialled since.
fn today(number: &PhoneNumber) -> Option<PhoneNumber> {
    let digits = number.national_number.to_string();
    let rest = digits.strip_prefix('1').filter(|rest| number.country_code == 52 && rest.len() == 10)?;
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
    let is_between = |letter: char| letter.is_whitespace() || "-‐‑‒–—.()/".contains(letter);
    let number: String = text.chars().filter(|letter| !is_between(*letter)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    Ok(if digits.bytes().all(|byte| byte.is_ascii_digit()) { number } else { super::spaced(text).to_lowercase() })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn of(country: &str, written: &str) -> Result<String, Fault> {
        normal(written, region(country))
    }

    /// Numbers of twelve countries, each as people of that country and others write it.
    const WRITTEN: &[(&str, &str, &[&str])] = &[
        (
            "CN",
            "+8613812345678",
            &[
                "13812345678",
                "138 1234 5678",
                "138-1234-5678",
                "+86 138 1234 5678",
                "0086 13812345678",
                "86 13812345678",
                "(+86)13812345678",
                "１３８１２３４５６７８",
                "tel:+86-138-1234-5678",
                "+86 (0) 138 1234 5678",
                "013812345678",
            ],
        ),
        (
            "CN",
            "+861065551234",
            &["010-65551234", "(010) 6555 1234", "+86 10 6555 1234", "0086-10-65551234", "010 65551234"],
        ),
        (
            "CN",
            "+861065551234;ext=12",
            &[
                "010-65551234 转12",
                "010-65551234-ext12",
                "010 6555 1234 x12",
                "+86 10 6555 1234 分机12",
                "tel:+86-10-6555-1234;ext=12",
                "010-65551234#12",
            ],
        ),
        (
            "US",
            "+12015550123",
            &[
                "(201) 555-0123",
                "201-555-0123",
                "201.555.0123",
                "1 201 555 0123",
                "+1 201 555 0123",
                "+1-201-555-0123",
                "2015550123",
            ],
        ),
        ("US", "+18003569377", &["1-800-FLOWERS", "1 800 356 9377", "(800) 356-9377"]),
        (
            "GB",
            "+442079460958",
            &["020 7946 0958", "+44 20 7946 0958", "+44 (0)20 7946 0958", "0044 20 7946 0958", "(020) 79460958"],
        ),
        ("GB", "+447911123456", &["07911 123456", "+44 7911 123456", "00447911123456"]),
        (
            "DE",
            "+491711234567",
            &["0171/1234567", "0171 1234567", "+49 171 1234567", "+49 (0) 171 / 123 45 67", "0049 171 1234567"],
        ),
        ("DE", "+4930123456", &["030 123456", "030/12 34 56", "+49 30 123456", "(030) 123456"]),
        (
            "FR",
            "+33612345678",
            &["06 12 34 56 78", "06.12.34.56.78", "+33 6 12 34 56 78", "0033612345678", "+33 (0)6 12345678"],
        ),
        ("IT", "+390612345678", &["06 12345678", "+39 06 1234 5678", "0039 06 12345678"]),
        ("JP", "+819012345678", &["090-1234-5678", "+81 90 1234 5678", "+81 (0)90-1234-5678", "010 81 90 1234 5678"]),
        ("KR", "+821012345678", &["010-1234-5678", "+82 10 1234 5678", "+82-10-1234-5678"]),
        ("IN", "+919123456789", &["09123456789", "91234 56789", "+91 91234 56789", "٩١٢٣٤٥٦٧٨٩", "९१२३४५६७८९"]),
        ("RU", "+79123456789", &["8 (912) 345-67-89", "+7 912 345 67 89", "89123456789"]),
        ("BR", "+5511961234567", &["(11) 96123-4567", "+55 11 96123 4567", "011 96123-4567", "0 15 11 96123-4567"]),
        ("AU", "+61412345678", &["0412 345 678", "+61 412 345 678", "0011 61 412 345 678"]),
        ("MX", "+525512345678", &["55 1234 5678", "+52 55 1234 5678", "+52 1 55 1234 5678"]),
        ("AR", "+5491123456789", &["011 15 2345 6789", "+54 9 11 2345 6789"]),
    ];

    #[test]
    fn every_notation_of_a_number_has_its_one_form() {
        for (country, expected, written) in WRITTEN {
            for one in *written {
                assert_eq!(of(country, one).as_deref(), Ok(*expected), "{country} {one}");
            }
            assert_eq!(of(country, expected).as_deref(), Ok(*expected), "its own");
            assert_eq!(of("BR", expected).as_deref(), Ok(*expected), "wherever it is read");
        }
        let forms: BTreeSet<_> = WRITTEN.iter().map(|(_, form, _)| form).collect();
        assert_eq!(forms.len(), WRITTEN.len());
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
