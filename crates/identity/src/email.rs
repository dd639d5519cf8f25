//! E-mail addresses (RFC 5321). The local part is compared without case: no provider that matters keeps it, and two
//! customers whose addresses differ in nothing else are nobody's.

use unicode_normalization::UnicodeNormalization as _;

use super::Fault;

const RULE: Fault = Fault("must be an e-mail address such as anna@example.com");

pub(super) fn normal(written: &str) -> Result<String, Fault> {
    let text = written.trim();
    // As mail programs write it: Anna <anna@example.com>.
    let text = match (text.rfind('<'), text.ends_with('>')) {
        (Some(start), true) => &text[start + 1..text.len() - 1],
        _ => text,
    };
    let text: String = strip_scheme(text).trim().chars().map(narrow).collect();
    let (local, domain) = text.rsplit_once('@').ok_or(RULE)?;
    let is_plain = |text: &str| !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    if local.is_empty() || !(quoted || is_plain(local) && !local.contains('@')) {
        return Err(RULE);
    }
    let domain = domain.trim_end_matches('.');
    let domain = if domain.starts_with('[') { domain.to_lowercase() } else { ascii(domain)? };
    let local: String = local.nfc().collect::<String>().to_lowercase();
    // Lower case may compose anew.
    Ok(format!("{}@{domain}", local.nfc().collect::<String>()))
}

fn ascii(domain: &str) -> Result<String, Fault> {
    let ascii = idna::domain_to_ascii(domain).map_err(|_| RULE)?;
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if ascii.split('.').all(is_label) { Ok(ascii) } else { Err(RULE) }
}

/// The address of a link, without what a mail to it would begin with.
fn strip_scheme(text: &str) -> &str {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text[7..].split('?').next().unwrap_or_default(),
        _ => text,
    }
}

/// A letter of full width, as input methods for Chinese and Japanese write it, in its usual width (RFC 8265).
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::notations::ADDRESSES;

    #[test]
    fn every_notation_of_an_address_has_its_one_form() {
        let mut wrong = Vec::new();
        for (expected, written) in ADDRESSES {
            for one in written.iter().chain([expected]) {
                let form = normal(one);
                if form.as_deref() != Ok(*expected) {
                    wrong.push(format!("{one:?} is {expected}, not {form:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn no_two_addresses_coincide() {
        // Providers that ignore dots or what stands behind a plus are few, and guessing which would join two people.
        let forms: std::collections::BTreeSet<_> =
            ADDRESSES.iter().map(|(_, written)| normal(written[0]).unwrap()).collect();
        assert_eq!(forms.len(), ADDRESSES.len());
        assert!(forms.len() >= 40);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for written in
            ["", "anna", "@example.com", "anna@", "an na@example.com", "anna@exa mple.com", "a@b@c.com", "+86 138"]
        {
            assert_eq!(normal(written), Err(RULE), "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(written in "[a-zA-Z0-9äßİ.+-]{1,8}@[a-zA-Z0-9äß]{1,8}(\\.[a-z]{2,5}){1,2}") {
            if let Ok(once) = normal(&written) {
                prop_assert_eq!(normal(&once), Ok(once.clone()));
                prop_assert_eq!(normal(&written.to_lowercase()), Ok(once));
            }
        }

        #[test]
        fn no_text_panics(written in any::<String>()) {
            let _ = normal(&written);
        }
    }
}
