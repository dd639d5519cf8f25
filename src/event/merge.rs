//! Lines of several logs in one order. Pure.
//!
//! What caused a line was committed before it or together with it, so it is in the same reading of all logs or in an earlier one.
//! Within a reading the database's time orders, and where that is the same the order of the sources. Lines of one log stay in its
//! order whatever the clock did.

use std::collections::VecDeque;

use super::{Line, Position};

/// What was read of one log.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// In order.
    pub(super) lines: VecDeque<Line>,
    /// There may be more.
    pub(super) is_cut: bool,
}

/// The lines in order, each with the place behind it, beginning at `position`; whether they are all that was read. Ends where a
/// log is used up of which there may be more: what comes next there may have to come first.
pub(super) fn merge(mut parts: Vec<Part>, position: &Position) -> (Vec<(Line, Position)>, bool) {
    let (mut merged, mut position) = (Vec::new(), position.clone());
    loop {
        if parts.iter().any(|part| part.is_cut && part.lines.is_empty()) {
            return (merged, false);
        }
        let first = |part: &Part| part.lines.front().map(|line| (line.at, line.source));
        let next = parts.iter_mut().filter(|part| !part.lines.is_empty()).min_by_key(|part| first(part));
        let Some(line) = next.and_then(|part| part.lines.pop_front()) else { return (merged, true) };
        position.set(line.source, line.sequence);
        merged.push((line, position.clone()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LOGS: usize = 3;

    fn line(source: usize, sequence: i64, at: i64) -> Line {
        let subject = Uuid::from_u128(1);
        Line { source, sequence, at, kind: 1, subject, late_by: None, customer: None, interaction: None }
    }

    /// A history: which log each line went to, and by how much the clock went on, which may be less than nothing.
    fn history(steps: &[(usize, i64)]) -> Vec<Line> {
        let (mut at, mut next) = (1_000, [0; LOGS]);
        let line = |(source, step): &(usize, i64)| {
            at += step;
            next[*source] += 1;
            line(*source, next[*source], at)
        };
        steps.iter().map(line).collect()
    }

    /// A reading behind a place of what was committed so far, at most `limit` lines of each log.
    fn reading(committed: &[Line], position: &Position, limit: usize) -> Vec<Part> {
        let part = |source: usize| {
            let lines = committed.iter().filter(|one| one.source == source && one.sequence > position.of(source));
            let lines: VecDeque<_> = lines.take(limit).cloned().collect();
            Part { is_cut: lines.len() == limit, lines }
        };
        (0..LOGS).map(part).collect()
    }

    fn steps(step: impl Strategy<Value = i64>) -> impl Strategy<Value = Vec<(usize, i64)>> {
        proptest::collection::vec((0..LOGS, step), 0..60)
    }

    proptest! {
        /// Whatever the clock does and however readings are cut, each line comes once and each log in its order.
        #[test]
        fn nothing_is_missing_and_each_log_keeps_its_order(
            steps in steps(-50_i64..50),
            limit in 1_usize..7,
            seen in proptest::collection::vec(0_usize..20, 0..30),
        ) {
            let history = history(&steps);
            let (mut position, mut told, mut committed) = (Position::beginning(), Vec::new(), 0);
            for more in seen.into_iter().chain(std::iter::repeat_n(history.len(), history.len() + 1)) {
                committed = (committed + more).min(history.len());
                let (lines, _) = merge(reading(&history[..committed], &position, limit), &position);
                if let Some((_, behind)) = lines.last() {
                    position = behind.clone();
                }
                told.extend(lines.into_iter().map(|(line, _)| line));
            }
            let of = |lines: &[Line], source| {
                lines.iter().filter(|one| one.source == source).cloned().collect::<Vec<_>>()
            };
            for source in 0..LOGS {
                prop_assert_eq!(of(&told, source), of(&history, source));
            }
        }

        /// While the clock does not go back, all comes in the order in which it happened, and going on behind any line gives the
        /// rest of it.
        #[test]
        fn by_a_clock_that_goes_on_the_order_is_that_of_what_happened(
            steps in steps(1_i64..50),
            limit in 1_usize..7,
            at in any::<prop::sample::Index>(),
        ) {
            let history = history(&steps);
            let all = |from: Position| {
                let (mut position, mut told) = (from, Vec::new());
                loop {
                    let (lines, _) = merge(reading(&history, &position, limit), &position);
                    let Some((_, behind)) = lines.last() else { return told };
                    position = behind.clone();
                    told.extend(lines);
                }
            };
            let told = all(Position::beginning());
            prop_assert_eq!(&told.iter().map(|(line, _)| line.clone()).collect::<Vec<_>>(), &history);
            if !told.is_empty() {
                let at = at.index(told.len());
                prop_assert_eq!(&all(told[at].1.clone()), &told[at + 1..]);
            }
        }
    }

    #[test]
    fn of_the_same_moment_the_cause_comes_first() {
        let part = |line: Line| Part { lines: VecDeque::from([line]), is_cut: false };
        let (merged, is_all) = merge(vec![part(line(1, 1, 5)), part(line(0, 1, 5))], &Position::beginning());
        assert_eq!(merged.iter().map(|(line, _)| line.source).collect::<Vec<_>>(), [0, 1]);
        assert!(is_all);
    }
}
