//! Contact points: compared by their normal form, shown as they were written.

use std::hash::{Hash, Hasher};

use rapport_identity::{Kind, NormalForms};
use serde::{Deserialize, Serialize};

use crate::{
    api::{
        convert::normal,
        v1::{self, ContactKind},
    },
    error::{Reason, Violation},
};

/// A name by which somebody is reached or recognised. Two notations of one point are equal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alias {
    #[serde(with = "super::by_number")]
    pub(crate) kind: ContactKind,
    /// The normal form, by which it is compared; the text itself where it is no point of its kind.
    pub(crate) value: String,
    /// As it was given, which is shown.
    pub(crate) written: String,
}

impl Alias {
    /// A point as a caller gives it.
    pub(crate) fn read(message: v1::CustomerAlias, forms: NormalForms) -> Self {
        Self::given(message.kind(), message.value, forms)
    }

    /// A point of a kind as it was written.
    pub(crate) fn given(kind: ContactKind, written: String, forms: NormalForms) -> Self {
        let written = normal(written);
        let value = forms.of(normal_kind(kind), &written).unwrap_or_else(|_| written.clone());
        Self { kind, value, written }
    }

    /// A point as the database has it: [`notation`] where it is not the normal form itself.
    pub(crate) fn stored(kind: ContactKind, value: String, written: Option<String>) -> Self {
        Self { kind, written: written.unwrap_or_else(|| value.clone()), value }
    }

    /// The notation as the database keeps it.
    pub(crate) fn notation(&self) -> Option<String> {
        notation(&self.value, &self.written)
    }

    /// What is wrong with it as a point of its kind.
    pub(crate) fn fault(&self, forms: NormalForms) -> Option<Violation> {
        let fault = forms.of(normal_kind(self.kind), &self.written).err()?;
        Some(Violation::new("value", Reason::Malformed, fault.0))
    }

    fn key(&self) -> (ContactKind, &str) {
        (self.kind, &self.value)
    }
}

/// None: the point is written in its normal form.
pub(super) fn notation(value: &str, written: &str) -> Option<String> {
    (written != value).then(|| written.to_owned())
}

/// All that a text may be where nobody says of what kind it is.
pub(crate) fn of_any_kind(written: &str, forms: NormalForms) -> Vec<Alias> {
    let kinds =
        [ContactKind::Phone, ContactKind::Email, ContactKind::Chat, ContactKind::Post, ContactKind::Other].into_iter();
    kinds.map(|kind| Alias::given(kind, written.to_owned(), forms)).collect()
}

pub(super) fn normal_kind(kind: ContactKind) -> Kind {
    match kind {
        ContactKind::Phone => Kind::Phone,
        ContactKind::Email => Kind::Email,
        ContactKind::Chat => Kind::Chat,
        ContactKind::Post => Kind::Post,
        ContactKind::Other | ContactKind::Unspecified => Kind::Other,
    }
}

impl PartialEq for Alias {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Alias {}

impl Hash for Alias {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Alias {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alias {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use rapport_identity::Country;

    use super::*;

    fn phone(written: &str) -> Alias {
        Alias::given(ContactKind::Phone, written.to_owned(), NormalForms::new(Country::of("CN")))
    }

    #[test]
    fn notations_are_equal_and_shown_as_they_came() {
        let (one, other) = (phone("138 1234 5678"), phone("+86-138-1234-5678"));
        assert_eq!(one, other);
        assert_eq!((one.written.as_str(), one.notation().as_deref()), ("138 1234 5678", Some("138 1234 5678")));
        assert_eq!(phone("+8613812345678").notation(), None, "kept once");
        assert_ne!(one, Alias { kind: ContactKind::Chat, ..one.clone() });
    }

    #[test]
    fn a_text_of_unknown_kind_is_found_as_what_it_is() {
        let all = of_any_kind("0138 1234 5678", NormalForms::new(Country::of("CN")));
        assert!(all.contains(&phone("13812345678")));
        assert_eq!(all.len(), 5);
    }
}
