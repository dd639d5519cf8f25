//! Arguments whose values are those of an enum of the contract: a value that is added there is known here.

use std::marker::PhantomData;

use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, TypedValueParser},
};

use crate::api::Named;

/// Takes the plain names of an enum's values, written with hyphens as arguments are.
pub(super) fn choice<E: Named>() -> Choice<E> {
    Choice(PhantomData)
}

/// See [`choice`].
#[derive(Debug)]
pub(super) struct Choice<E>(PhantomData<fn() -> E>);

impl<E> Clone for Choice<E> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<E: Named + Send + Sync> TypedValueParser for Choice<E> {
    type Value = E;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &std::ffi::OsStr) -> Result<E, Error> {
        let names: Vec<PossibleValue> = self.possible_values().into_iter().flatten().collect();
        // Says what was wrong as clap does for every other list of values.
        let name = clap::builder::PossibleValuesParser::new(names).parse_ref(command, arg, value)?;
        E::named(&name.replace('-', "_")).ok_or_else(|| Error::new(clap::error::ErrorKind::InvalidValue))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(E::VALUES.iter().map(|value| PossibleValue::new(value.plain_name().replace('_', "-")))))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;
    use crate::api::v1::Channel;

    #[test]
    fn every_value_is_taken_and_nothing_else() {
        let command = Command::new("x").arg(Arg::new("by").long("by").value_parser(choice::<Channel>()));
        let parsed = |text: &str| {
            let matches = command.clone().try_get_matches_from(["x", "--by", text])?;
            Ok::<_, clap::Error>(matches.get_one::<Channel>("by").copied())
        };
        for channel in Channel::VALUES {
            assert_eq!(parsed(&channel.plain_name().replace('_', "-")).unwrap(), Some(*channel));
        }
        for wrong in ["", "unspecified", "CHANNEL_SMS", "telepathy"] {
            let told = parsed(wrong).unwrap_err().to_string();
            assert!(told.contains("group-chat"), "{wrong}: {told}");
        }
    }
}
