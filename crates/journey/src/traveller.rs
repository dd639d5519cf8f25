//! Whose journey an interaction is part of: a customer's; else that of the alias by which somebody came; else that of
//! an order, which is one customer's, so that what is on record of it stays together though nobody knows whose it is.

use std::collections::{HashMap, hash_map::Entry};

/// Who an interaction says it was with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names<'a> {
    /// Whom the directory knows.
    pub customer: Option<&'a str>,
    /// Kind and value, where that is all that is known.
    pub alias: Option<(i32, &'a str)>,
    /// What was ordered.
    pub order: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Customer(String),
    Alias(i32, String),
    Order(String),
}

impl Name {
    /// With whether it is that of a person.
    fn of(names: Names<'_>) -> Option<(Self, bool)> {
        match names {
            Names { customer: Some(id), .. } => Some((Self::Customer(id.to_owned()), true)),
            Names { alias: Some((kind, value)), .. } => Some((Self::Alias(kind, value.to_owned()), true)),
            Names { order: Some(id), .. } => Some((Self::Order(id.to_owned()), false)),
            Names { .. } => None,
        }
    }
}

/// Numbers travellers while interactions come, in any order.
#[derive(Clone, Debug, Default)]
pub struct Travellers {
    numbers: HashMap<Name, u32>,
    /// By order: the traveller who named it; none: several did.
    owners: HashMap<String, Option<u32>>,
    count: u32,
}

impl Travellers {
    /// The number of whom it was with, until [`Self::settle`]; none: nothing tells.
    pub fn number(&mut self, names: Names<'_>) -> Option<u32> {
        let (name, is_named) = Name::of(names)?;
        let next = self.count;
        let number = *self.numbers.entry(name).or_insert(next);
        self.count += u32::from(number == next);
        if let (true, Some(order)) = (is_named, names.order) {
            match self.owners.entry(order.to_owned()) {
                Entry::Vacant(none) => {
                    none.insert(Some(number));
                }
                Entry::Occupied(mut some) if *some.get() != Some(number) => {
                    some.insert(None);
                }
                Entry::Occupied(_) => {}
            }
        }
        Some(number)
    }

    /// The number of whom these names name, if they came.
    pub fn find(&self, names: Names<'_>) -> Option<u32> {
        self.numbers.get(&Name::of(names)?.0).copied()
    }

    /// Customers whom the directory knows, with their numbers.
    pub fn customers(&self) -> impl Iterator<Item = (&str, u32)> {
        self.numbers.iter().filter_map(|(name, number)| match name {
            Name::Customer(id) => Some((id.as_str(), *number)),
            Name::Alias(..) | Name::Order(_) => None,
        })
    }

    /// By number, whose it is in the end: an order that one traveller named is theirs.
    pub fn settle(&self) -> Vec<u32> {
        let mut whose: Vec<u32> = (0..self.count).collect();
        for (name, number) in &self.numbers {
            if let Name::Order(order) = name
                && let Some(Some(owner)) = self.owners.get(order)
            {
                whose[*number as usize] = *owner;
            }
        }
        whose
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names<'a>(customer: &'a str, order: &'a str) -> Names<'a> {
        let some = |text: &'a str| (!text.is_empty()).then_some(text);
        Names { customer: some(customer), alias: None, order: some(order) }
    }

    #[test]
    fn an_order_is_whose_it_is_known_to_be() {
        let mut all = Travellers::default();
        let told = [("", "o1"), ("carla", "o1"), ("", "o2"), ("carla", "o3"), ("dora", "o3"), ("", "o3"), ("", "")];
        let found = told.map(|(customer, order)| all.number(names(customer, order)));
        let whose = all.settle();
        let whose = found.map(|one| one.map(|number| whose[number as usize]));
        assert_eq!(whose[0], whose[1], "known by another interaction");
        assert_eq!(whose[3], whose[1]);
        assert!(whose[2] != whose[1] && whose[5] != whose[3] && whose[5] != whose[4], "two named it: it is neither's");
        assert_eq!(whose[6], None);
        let alias = Names { alias: Some((1, "carla")), ..Names::default() };
        assert_ne!(all.number(alias), found[1], "an alias is no id");
    }

    proptest! {
        #[test]
        fn whose_it_is_does_not_depend_on_the_order_of_coming(
            told in prop::collection::vec(("[ab]?", "[xyz]?"), 0..20),
            at in 0_usize..20,
        ) {
            let partition = |told: &[(String, String)]| {
                let mut all = Travellers::default();
                let found: Vec<_> = told.iter().map(|(customer, order)| all.number(names(customer, order))).collect();
                let whose = all.settle();
                found.into_iter().map(|one| one.map(|number| whose[number as usize])).collect::<Vec<_>>()
            };
            let at = at.min(told.len());
            let mut turned = told.clone();
            turned.rotate_left(at);
            let (one, mut other) = (partition(&told), partition(&turned));
            other.rotate_right(at);
            for (first, second) in (0..told.len()).flat_map(|first| (0..first).map(move |second| (first, second))) {
                prop_assert_eq!(one[first] == one[second], other[first] == other[second]);
            }
        }
    }
}
