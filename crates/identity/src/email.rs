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
    let text = strip_scheme(text).trim().replace('＠', "@");
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

fn strip_scheme(text: &str) -> &str {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notations_of_one_address() {
        for (written, expected) in [
            ("anna@example.com", "anna@example.com"),
            (" Anna@Example.COM ", "anna@example.com"),
            ("Anna Berg <ANNA@example.com>", "anna@example.com"),
            ("mailto:anna@example.com", "anna@example.com"),
            ("MAILTO:anna@EXAMPLE.com.", "anna@example.com"),
            ("anna＠example．com", "anna@example.com"),
            ("jürgen@müller.example", "jürgen@xn--mller-kva.example"),
            ("ju\u{308}rgen@MÜLLER.example", "jürgen@xn--mller-kva.example"),
            ("王@例子.中国", "王@xn--fsqu00a.xn--fiqs8s"),
            ("\"a b\"@example.com", "\"a b\"@example.com"),
            ("root@[192.0.2.1]", "root@[192.0.2.1]"),
        ] {
            assert_eq!(normal(written).as_deref(), Ok(expected), "{written}");
        }
    }

    #[test]
    fn addresses_that_differ_stay_apart() {
        // Providers that ignore dots or what stands behind a plus are few, and guessing which would join two people.
        let all = [
            "ann.a@example.com",
            "anna@example.com",
            "anna+x@example.com",
            "anna@example.org",
            "anna@mail.example.com",
        ];
        let forms: std::collections::BTreeSet<_> = all.iter().map(|one| normal(one).unwrap()).collect();
        assert_eq!(forms.len(), all.len());
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
