//! Lines of what customers raised, by department and topic. Pure.

use std::collections::{BTreeMap, HashMap};

use crate::{
    api::v1::Attribution,
    clock::{DAY, Micros},
    interaction::store::voice::Complaints,
    rating::store::voice::{CAUSES, Named},
    store::Stored,
};

/// Parts of a trend at most.
const PARTS: i64 = 12;

/// How many parts the trend of a period has, all of one length, since a shorter last one would look like a fall: of whole days where 7 to
/// 12 of them make the period, one for each day of a short one.
pub(super) fn parts_of(length: Micros) -> i64 {
    let days = (length + DAY - 1) / DAY;
    if days <= PARTS {
        return days.max(1);
    }
    (7..=PARTS).rev().find(|parts| days % parts == 0).unwrap_or(PARTS)
}

/// Who owns what, by cause and topic; unspecified and empty are any.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners(HashMap<(Attribution, String), String>);

impl Owners {
    /// Of rows: cause, topic, department.
    pub(super) fn new(owned: impl IntoIterator<Item = (Attribution, String, String)>) -> Self {
        Self(owned.into_iter().map(|(cause, topic, department)| ((cause, topic), department)).collect())
    }

    /// The owner of a cause, of a complaint where there is none, with a topic, which may be empty: an owner of both first, then of the
    /// topic, then of the cause, then of everything.
    pub(super) fn of(&self, cause: Option<Attribution>, topic: &str) -> Option<&str> {
        let cause = cause.unwrap_or(Attribution::Unspecified);
        let any = Attribution::Unspecified;
        let keys = [(cause, topic), (any, topic), (cause, ""), (any, "")];
        keys.into_iter().find_map(|(cause, topic)| self.0.get(&(cause, topic.to_owned()))).map(String::as_str)
    }

    /// The causes of a topic that a department owns, and whether complaints about it are its own. None: nobody's.
    pub(super) fn owned(&self, department: Option<&str>, topic: &str) -> (Vec<Attribution>, bool) {
        let is_its = |cause| self.of(cause, topic) == department;
        (CAUSES.into_iter().filter(|cause| is_its(Some(*cause))).collect(), is_its(None))
    }
}

/// What customers raised of a topic with a department.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) ratings: i64,
    pub(super) complaints: i64,
    pub(super) level_sum: i64,
    pub(super) causes: BTreeMap<Attribution, i64>,
    pub(super) trend: Vec<i64>,
    /// In the period before.
    pub(super) before: i64,
}

impl Line {
    pub(super) fn count(&self) -> i64 {
        self.ratings + self.complaints
    }

    /// Notes so many in a part; whether that is in the period.
    fn note(&mut self, part: i64, count: i64, parts: usize) -> bool {
        self.trend.resize(parts, 0);
        match usize::try_from(part) {
            Ok(part) => {
                if let Some(sum) = self.trend.get_mut(part.min(parts - 1)) {
                    *sum += count;
                }
                true
            }
            Err(_) => {
                self.before += count;
                false
            }
        }
    }
}

/// Department, none if nobody's, and topic, which may be empty.
pub(super) type Key = (Option<String>, String);

/// Makes lines of counts, the most often raised first. `parts`: of the period, from 1 up.
pub(super) fn lines(
    owners: &Owners,
    (named, complaints): (Vec<Named>, Vec<Complaints>),
    parts: usize,
) -> Vec<(Key, Line)> {
    let mut lines: BTreeMap<Key, Line> = BTreeMap::new();
    let key = |cause, topic: Option<String>| {
        let topic = topic.unwrap_or_default();
        (owners.of(cause, &topic).map(str::to_owned), topic)
    };
    for Named { attribution: Stored(cause), topic, part, count, level_sum } in named {
        let line = lines.entry(key(Some(cause), topic)).or_default();
        if line.note(part, count, parts) {
            line.ratings += count;
            line.level_sum += level_sum;
            *line.causes.entry(cause).or_default() += count;
        }
    }
    for Complaints { topic, part, count } in complaints {
        let line = lines.entry(key(None, topic)).or_default();
        if line.note(part, count, parts) {
            line.complaints += count;
        }
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|(_, line)| std::cmp::Reverse(line.count()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners() -> Owners {
        let owned = [
            (Attribution::System, "", "it"),
            (Attribution::Unspecified, "login", "app"),
            (Attribution::Policy, "login", "legal"),
            (Attribution::Unspecified, "", "service"),
        ];
        Owners::new(owned.map(|(cause, topic, department)| (cause, topic.to_owned(), department.to_owned())))
    }

    #[test]
    fn the_nearest_owner_is_the_owner() {
        let owners = owners();
        assert_eq!(owners.of(Some(Attribution::Policy), "login"), Some("legal"));
        assert_eq!(owners.of(Some(Attribution::System), "login"), Some("app"), "a topic before a cause");
        assert_eq!(owners.of(Some(Attribution::System), "billing"), Some("it"));
        assert_eq!(owners.of(None, "login"), Some("app"));
        assert_eq!(owners.of(None, "billing"), Some("service"));
        assert_eq!(Owners::default().of(None, "billing"), None);
        let (causes, has_complaints) = owners.owned(Some("app"), "login");
        assert_eq!(causes.len(), 4);
        assert!(has_complaints && !causes.contains(&Attribution::Policy));
        assert_eq!(owners.owned(None, "login"), (vec![], false));
    }

    #[test]
    fn lines_are_sums_of_their_parts() {
        let named = |cause, topic: &str, part, count| Named {
            attribution: Stored(cause),
            topic: Some(topic.to_owned()),
            part,
            count,
            level_sum: 2 * count,
        };
        let ratings = vec![
            named(Attribution::System, "login", 0, 3),
            named(Attribution::Product, "login", 2, 4),
            named(Attribution::Policy, "login", 1, 1),
            named(Attribution::System, "login", -1, 5),
        ];
        let complaints = vec![
            Complaints { topic: Some("login".to_owned()), part: 2, count: 2 },
            Complaints { topic: None, part: -1, count: 6 },
        ];
        let lines = lines(&owners(), (ratings, complaints), 3);
        let keys: Vec<_> = lines.iter().map(|((department, topic), _)| (department.as_deref(), &**topic)).collect();
        assert_eq!(keys, [(Some("app"), "login"), (Some("legal"), "login"), (Some("service"), "")]);
        let login = &lines[0].1;
        assert_eq!((login.count(), login.ratings, login.complaints, login.before), (9, 7, 2, 5));
        assert_eq!((login.trend.as_slice(), login.level_sum), (&[3, 0, 6][..], 14));
        assert_eq!(login.causes, BTreeMap::from([(Attribution::Product, 4), (Attribution::System, 3)]));
        assert_eq!((lines[2].1.count(), lines[2].1.before), (0, 6));
    }

    #[test]
    fn a_trend_has_twelve_parts_at_most() {
        assert!((1..=366).all(|days| (1..=PARTS).contains(&parts_of(days * DAY))));
        let some = [1, 5 * DAY, 28 * DAY, 30 * DAY, 31 * DAY, 84 * DAY].map(parts_of);
        assert_eq!(some, [1, 5, 7, 10, 12, 12]);
    }
}
