//! Rows below the header that name its columns once more, in words or for machines, as survey tools write them: they are
//! no rows of the file, and the mapping skips them.

use std::collections::BTreeSet;

use jiff::civil::DateTime;

use super::profile::{ColumnProfile, Profile};

/// So many such rows there may be.
const LINES: usize = 2;
/// So many rows say what the columns hold.
const SAMPLE: usize = 50;
/// In so many columns of dates or numbers such a row must have something else.
const EVIDENCE: usize = 2;

/// The first rows of a file.
#[derive(Debug, Default)]
pub(super) struct Beginning(Vec<(u64, Vec<String>)>);

/// Rows that are no rows.
#[derive(Debug)]
pub(super) struct Subheader {
    /// Their lines.
    pub(super) lines: BTreeSet<u64>,
    /// A column by which they are known.
    pub(super) column: usize,
    /// What they have there.
    pub(super) values: Vec<String>,
}

impl Beginning {
    /// Takes a row into account.
    pub(super) fn see<'a>(&mut self, line: u64, cells: impl Iterator<Item = &'a str>) {
        if self.0.len() < LINES + SAMPLE {
            self.0.push((line, cells.map(str::to_owned).collect()));
        }
    }

    /// The rows that name the columns once more, if there are any.
    pub(super) fn subheader(&self, header: &[String], today: DateTime) -> Option<Subheader> {
        let (first, others) = self.0.split_at_checked(LINES)?;
        let mut profile = Profile::new(header, today);
        others.iter().for_each(|(_, cells)| profile.see(cells.iter()));
        let has = |place: &usize, kind| profile.columns[*place].kinds().contains(&kind);
        let is_told = |place: &usize| profile.columns[*place].filled > 0;
        let (dates, others): (Vec<_>, Vec<_>) = (0..header.len()).filter(is_told).partition(|place| has(place, "date"));
        let told: Vec<_> = dates.into_iter().chain(others.into_iter().filter(|place| has(place, "number"))).collect();
        let names: Vec<_> = first.iter().take_while(|(_, cells)| is_subheader(&told, cells, today)).collect();
        let cell = |cells: &[String], place: usize| cells.get(place).filter(|text| !text.is_empty()).cloned();
        let column = told.into_iter().find(|place| names.iter().all(|(_, cells)| cell(cells, *place).is_some()))?;
        let values: Vec<_> = names.iter().filter_map(|(_, cells)| cell(cells, column)).collect();
        let lines = names.iter().map(|(line, _)| *line).collect();
        (!names.is_empty()).then_some(Subheader { lines, column, values })
    }
}

/// Whether a row has a text wherever the others have a date or a number.
fn is_subheader(told: &[usize], cells: &[String], today: DateTime) -> bool {
    let filled: Vec<_> =
        told.iter().filter_map(|place| cells.get(*place)).map(|text| ColumnProfile::of(text, today)).collect();
    let filled: Vec<_> = filled.iter().filter(|value| value.filled > 0).collect();
    filled.len() >= EVIDENCE && filled.iter().all(|value| value.numbers.count == 0 && value.dates.count() == 0)
}
