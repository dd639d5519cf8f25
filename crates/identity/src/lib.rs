//! By what a customer is recognised (I7): the normal form of a contact point, which is compared, beside the notation as
//! it was given, which is shown. Two notations of one point have one normal form; two points never share one.
//!
//! - Telephone numbers: E.164, with an extension behind `;ext=` (RFC 3966). A number in national notation is read by the
//!   rules of the organisation's country. What no country's rules know but is a number, such as a short code or the
//!   extension of a switchboard, stands for itself by its digits.
//! - E-mail addresses: without case; a domain in other letters in its ASCII form (IDNA).
//! - Accounts and other names: Unicode form C, with case, since channels hand out ids that differ in nothing else.
//! - Postal addresses: without case, any white space as one space.

mod email;
#[cfg(test)]
mod notations;
mod phone;

use unicode_normalization::UnicodeNormalization as _;

/// Of the rules by which normal forms are made. It goes up whenever one of them changes, those of the library for
/// telephone numbers included: what is stored is then brought into the new form.
pub const RULES: u32 = 2;

/// What kind of name a contact point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// An account of a chat service or social network.
    Chat,
    /// A postal address.
    Post,
    /// Anything else.
    Other,
}

/// Why a text is no contact point of its kind, as the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(pub &'static str);

/// A country, by whose rules telephone numbers in national notation are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(phone::Region);

impl Country {
    /// By its code of two letters (ISO 3166-1), in any case; none where no telephone numbers are known of it.
    pub fn of(code: &str) -> Option<Self> {
        phone::region(code).map(Self)
    }
}

/// Makes normal forms.
#[derive(Clone, Copy, Debug, Default)]
pub struct NormalForms {
    country: Option<Country>,
}

impl NormalForms {
    /// Without a country a telephone number in national notation stands for itself by its digits.
    pub fn new(country: Option<Country>) -> Self {
        Self { country }
    }

    /// By what these forms differ from others: rules and country.
    pub fn name(&self) -> String {
        let country = self.country.map(|country| country.0.to_string()).unwrap_or_default();
        format!("{RULES} {country}")
    }

    /// The normal form of a contact point as it was written. It is its own normal form.
    ///
    /// # Errors
    /// What is no contact point of this kind.
    pub fn of(&self, kind: Kind, written: &str) -> Result<String, Fault> {
        match kind {
            Kind::Phone => phone::normal(written, self.country.map(|country| country.0)),
            Kind::Email => email::normal(written),
            Kind::Post => Ok(spaced(written).to_lowercase()),
            Kind::Chat | Kind::Other => Ok(written.trim().nfc().collect()),
        }
    }
}

fn spaced(text: &str) -> String {
    let text: String = text.nfkc().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_the_library_in_use() {
        // Raise RULES together with the version.
        assert_eq!(RULES, 2);
        assert!(include_str!("../Cargo.toml").contains("rlibphonenumber = \"=2.2.15\""));
    }

    #[test]
    fn accounts_keep_their_case_and_addresses_do_not() {
        let forms = NormalForms::default();
        let of = |kind, text| forms.of(kind, text).unwrap();
        assert_ne!(of(Kind::Chat, "oX1yZ"), of(Kind::Chat, "ox1yz"));
        assert_eq!(of(Kind::Chat, "Ame\u{301}lie "), of(Kind::Chat, "Am\u{e9}lie"));
        assert_eq!(of(Kind::Post, "1 High  Street,\nYork"), of(Kind::Post, "1 HIGH Street, York"));
        assert_eq!(of(Kind::Post, "北京市　朝阳区"), of(Kind::Post, "北京市 朝阳区"));
    }

    #[test]
    fn forms_are_named_by_what_makes_them_differ() {
        assert_ne!(NormalForms::default().name(), NormalForms::new(Country::of("cn")).name());
        assert!(Country::of("XX").is_none() && Country::of("China").is_none() && Country::of("").is_none());
    }
}
