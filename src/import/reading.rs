//! A file that came with a call: what its columns mean, and what its rows become.

use std::{fs, io, path::PathBuf};

use jiff::{Timestamp, tz::TimeZone};
use rapport_import::{
    conversation::{self, OpenError},
    judge::{Judge, Made, Mapping},
    mapping::MappingFile,
    people::Creation,
    rows::{Judgement, Remarks},
    section::Problems,
    shipped::Shipped,
    suggest::{self, Kind, SuggestError},
    table::{RawRow, TableError},
};
use tempfile::TempDir;

use crate::{
    api::v1,
    clock::Micros,
    error::{Error, Reason, Result, Violation},
    interaction::reader::violations,
};

/// Rows in an answer where nobody says.
const PAGE: usize = 200;
/// Rows of a file: a small one may unpack to a long one, and every row is judged anew for each answer.
const ROWS: u64 = 100_000;

/// A file as the engine reads it. What it holds is deleted with it.
struct Upload {
    path: PathBuf,
    _directory: TempDir,
}

impl Upload {
    fn of(file_name: &str, content: &[u8]) -> io::Result<Self> {
        let directory = TempDir::with_prefix("rapport-import-")?;
        // Only the ending matters, and nothing of it may lead out of the directory.
        let endings = file_name.split('.').skip(1).filter(|part| part.chars().all(|one| one.is_ascii_alphanumeric()));
        let endings: Vec<&str> = endings.filter(|part| (1..=8).contains(&part.len())).collect();
        let endings = &endings[endings.len().saturating_sub(2)..];
        let path = directory.path().join(["rows"].iter().chain(endings).copied().collect::<Vec<_>>().join("."));
        fs::write(&path, content)?;
        Ok(Self { path, _directory: directory })
    }
}

/// None where the columns are to tell.
fn kind_of(kind: v1::ImportKind) -> Option<Kind> {
    match kind {
        v1::ImportKind::Unspecified => None,
        v1::ImportKind::Interactions => Some(Kind::Interactions),
        v1::ImportKind::Ratings => Some(Kind::Ratings),
        v1::ImportKind::Directory => Some(Kind::Directory),
    }
}

fn told_kind(kind: Kind) -> v1::ImportKind {
    match kind {
        Kind::Interactions => v1::ImportKind::Interactions,
        Kind::Ratings => v1::ImportKind::Ratings,
        Kind::Directory => v1::ImportKind::Directory,
    }
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::invalid("content", Reason::Malformed, format!("must be a file that can be read: {why}"))
}

fn mistakes(Problems(problems): Problems) -> Error {
    let violation = |problem| Violation::new("mapping", Reason::Malformed, format!("must fit the file: {problem}"));
    Error::Invalid(problems.into_iter().map(violation).collect())
}

fn too_long() -> Error {
    let rule = format!("must have at most {ROWS} rows: `rapport import` takes longer files");
    Error::invalid("content", Reason::LengthOutOfRange, rule)
}

/// What the columns of a file mean.
pub(super) fn suggest(request: &v1::SuggestMappingRequest, now: Micros) -> Result<v1::SuggestMappingResponse> {
    let upload = Upload::of(&request.file_name, &request.content).map_err(Error::internal)?;
    let at = Timestamp::from_microsecond(now).map_err(Error::internal)?;
    let rules = |request: &_| violations(request, now);
    let file = suggest::File { path: &upload.path, name: &request.file_name, most_rows: ROWS };
    let suggested = suggest::of_file(&file, kind_of(request.kind()), at, &rules);
    let (suggestion, notes) = suggested.map_err(|error| match error {
        SuggestError::Read(TableError::TooManyRows(_)) => too_long(),
        SuggestError::Read(error) => unreadable(error),
        error @ (SuggestError::NoRows | SuggestError::NoSoundRow { .. } | SuggestError::NoKind) => unreadable(error),
    })?;
    let columns = suggestion.columns.into_iter().map(|column| v1::ImportColumn {
        column: column.name,
        role: column.role.unwrap_or_default().to_owned(),
        filled_count: count(column.filled),
        examples: column.examples,
        used: column.used,
    });
    Ok(v1::SuggestMappingResponse {
        kind: told_kind(suggestion.kind).into(),
        mapping: suggestion.mapping,
        columns: columns.collect(),
        questions: suggestion.questions,
        notes,
    })
}

/// What a mapping makes of a file.
pub(super) fn read(request: &v1::ReadFileRequest, zone: &TimeZone, now: Micros) -> Result<v1::ReadFileResponse> {
    let Some(kind) = kind_of(request.kind()) else {
        return Err(Error::invalid("kind", Reason::FieldRequired, "must be set"));
    };
    let text = Shipped::named(&request.mapping).map_or(request.mapping.as_str(), |shipped| shipped.text);
    let file = MappingFile::parse(text).map_err(mistakes)?;
    let upload = Upload::of(&request.file_name, &request.content).map_err(Error::internal)?;
    let mut table = conversation::open(&upload.path, &file, zone).map_err(|error| match error {
        OpenError::File(error) => unreadable(error),
        OpenError::Mapping(problems) => mistakes(problems),
    })?;
    let mapping = Mapping::read(kind, &file, table.header()).map_err(mistakes)?;
    let rules = |request: &_| violations(request, now);
    let mut judge = Judge::new(&mapping, zone, &rules);
    let (first, most) = (u64::try_from(request.skip_rows).unwrap_or_default(), page(request.page_size));
    let (mut answer, mut remarks) = (Counted::default(), Remarks::default());
    while let Some(raw) = table.next_row().map_err(unreadable)? {
        if answer.read == ROWS {
            return Err(too_long());
        }
        let judgement = judge.row(&table, &raw);
        if let Judgement::Send(_, of_row) = &judgement {
            remarks.note(raw.line, of_row);
        }
        let shown = answer.read >= first && answer.rows.len() < most;
        answer.count(&judgement);
        if shown {
            answer.rows.push(row(&raw, judgement));
        }
    }
    let mut people = Creation::new(mapping.unknown());
    let named = answer.rows.iter().filter_map(|row| row.interaction.as_ref());
    let (teams, staff_members, customers) = people.needed(named);
    Ok(v1::ReadFileResponse {
        rows: answer.rows,
        row_count: count(answer.read),
        sent_count: count(answer.sent),
        skipped_count: count(answer.skipped),
        rejected_count: count(answer.read - answer.sent - answer.skipped),
        remarks: remarks.told().collect(),
        notes: table.notes().to_vec(),
        header: table.header().to_vec(),
        teams,
        staff_members,
        customers,
        mode: mapping.mode().into(),
        template: mapping.template().cloned(),
    })
}

fn page(asked: i32) -> usize {
    usize::try_from(asked).ok().filter(|asked| *asked > 0).unwrap_or(PAGE)
}

fn count(rows: u64) -> i64 {
    rows.try_into().unwrap_or(i64::MAX)
}

/// The rows shown, and counts of all.
#[derive(Default)]
struct Counted {
    rows: Vec<v1::ImportRow>,
    read: u64,
    sent: u64,
    skipped: u64,
}

impl Counted {
    fn count(&mut self, judgement: &Judgement<Made>) {
        self.read += 1;
        match judgement {
            Judgement::Send(..) => self.sent += 1,
            Judgement::Skip => self.skipped += 1,
            Judgement::Reject(_) => {}
        }
    }
}

fn row(raw: &RawRow, judgement: Judgement<Made>) -> v1::ImportRow {
    let row = v1::ImportRow {
        line: count(raw.line),
        cells: raw.record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect(),
        ..Default::default()
    };
    match judgement {
        Judgement::Skip => row,
        Judgement::Reject(reasons) => v1::ImportRow { reasons, ..row },
        Judgement::Send(Made::Interaction(interaction), _) => v1::ImportRow { interaction: Some(*interaction), ..row },
        Judgement::Send(Made::Rating(made), _) => {
            let (interaction, rating) = *made;
            v1::ImportRow { interaction: Some(interaction), rating: Some(rating), ..row }
        }
        Judgement::Send(Made::Records(records), _) => {
            v1::ImportRow { team: records.team, staff_member: records.staff_member, customer: records.customer, ..row }
        }
    }
}
