//! `rapport import suggest`: a mapping for a file that nobody described, with what speaks for every line of it.
//!
//! The file is read several times and never kept: once to profile its columns, once to find its key, and once or twice to try
//! what was suggested. What a column holds is told from its name and its values, by the tables in `words/`, which anybody can
//! extend. The same file gets the same mapping.
//!
//! | file | subject |
//! |---|---|
//! | `words` | the tables of words, and how texts are compared with them |
//! | `chats` | the mapping of a chat |
//! | `dates` | formats of dates |
//! | `profile` | what the columns hold |
//! | `subheader` | rows that name the columns once more |
//! | `roles` | which column is what |
//! | `key` | what identifies a row |
//! | `clocks` | rules for instants |
//! | `values` | rules for words: channels, outcomes, scores |
//! | `people` | rules for a directory |
//! | `compose` | the mapping put together |
//! | `draft` | the mapping as a text |
//! | `file` | the whole of it for a file on disk |
//! | `trial` | the mapping on the file |

mod chats;
mod clocks;
mod compose;
mod dates;
mod draft;
mod file;
mod key;
mod people;
mod profile;
mod roles;
mod subheader;
#[cfg(test)]
mod tests;
mod trial;
mod values;
mod words;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

pub use self::file::{File, of_file};
pub use self::trial::{Trial, kind_of};
use self::{
    clocks::{Columns, Instants},
    compose::Composer,
    key::Candidate,
    profile::Profile,
    roles::Roles,
    subheader::Beginning,
    values::Scale,
};
use rapport_contract::{Violation, v1::RecordInteractionRequest};

use super::{detect, table::Row};

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What happened between the organisation and customers.
    Interactions,
    /// How customers rated what happened.
    Ratings,
    /// Teams, staff and customers.
    Directory,
}

impl Kind {
    /// As the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interactions => "interactions",
            Self::Ratings => "ratings",
            Self::Directory => "directory",
        }
    }
}

/// A row of the file with its line, or why it is none.
pub type Scanned<'a> = (u64, Result<Row<'a>, Vec<String>>);

/// Reads the file from its beginning and shows every row.
pub type Scan<'a, E> = dyn FnMut(&mut dyn FnMut(Scanned<'_>)) -> Result<(), E> + 'a;

/// Rules for whole messages, as the server has them.
pub type Rules<'a> = dyn Fn(&RecordInteractionRequest) -> Vec<Violation> + 'a;

/// What is known besides the file's rows.
pub struct Circumstances<'a> {
    /// The file's name without its folder.
    pub file_name: &'a str,
    /// The names of its columns.
    pub header: &'a [String],
    /// What the rows are, if the caller knows.
    pub kind: Option<Kind>,
    /// Lines for the top of the mapping by which the file can be read, such as its separator; each a key with a value in TOML.
    pub reading: &'a [(String, String)],
    /// The present.
    pub now: Timestamp,
    /// Rules for whole messages.
    pub rules: &'a Rules<'a>,
}

/// A suggested mapping and what it was made of.
#[derive(Debug, Serialize)]
pub struct Suggestion {
    /// What the rows are.
    pub kind: Kind,
    /// The mapping's text.
    #[serde(skip)]
    pub mapping: String,
    /// What every column holds.
    pub columns: Vec<Described>,
    /// What is asked.
    pub questions: Vec<String>,
    /// What would come of it.
    pub trial: Trial,
}

/// A column as it was understood.
#[derive(Debug, Serialize)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it was taken for; none: it is not used, or as an attribute.
    pub role: Option<&'static str>,
    /// What its values may be.
    pub kinds: Vec<&'static str>,
    /// Rows with a value.
    pub filled: u64,
    /// Rows without.
    pub empty: u64,
    /// Different values; none: more than are counted.
    pub different: Option<usize>,
    /// Whether no value stands in it twice.
    pub unique: bool,
    /// Three values.
    pub examples: Vec<String>,
    /// Whether the mapping uses it.
    pub used: bool,
}

/// Why there is no suggestion.
#[derive(Debug, thiserror::Error)]
pub enum SuggestError<E> {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] E),
    /// There is nothing to go by.
    #[error("the file has no rows below the names of its columns")]
    NoRows,
    /// There are rows, and none can be read.
    #[error("none of the {rows} rows can be read; the first, in line {line}, {reason}")]
    NoSoundRow {
        /// How many there are.
        rows: u64,
        /// Where the first begins.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// No mapping can be made of it.
    #[error(
        "nothing says what the rows of this file are: no column looks like the time of a contact, a score, a name or an address"
    )]
    NoKind,
}

/// Suggests a mapping.
///
/// # Errors
/// A file that cannot be read, or that says nothing.
pub fn suggest<E>(scan: &mut Scan<'_, E>, about: &Circumstances<'_>) -> Result<Suggestion, SuggestError<E>> {
    if chats::is_chat(about.header) && about.kind.is_none_or(|kind| kind == Kind::Interactions) {
        return chats::suggest(scan, about);
    }
    let today = TimeZone::UTC.to_datetime(about.now);
    let mut profile = Profile::new(about.header, today);
    let mut beginning = Beginning::default();
    let mut faulty = Faulty::default();
    scan(&mut |(line, row)| match row {
        Ok(row) => {
            beginning.see(line, row.cells());
            profile.see(row.cells());
        }
        Err(reasons) => faulty.see(line, reasons),
    })?;
    if profile.rows == 0 {
        return Err(faulty.error());
    }
    let subheader = beginning.subheader(about.header, today);
    if let Some(subheader) = &subheader {
        profile = Profile::new(about.header, today);
        scan(&mut |(line, row)| {
            if let Ok(row) = row
                && !subheader.lines.contains(&line)
            {
                profile.see(row.cells());
            }
        })?;
    }
    let (kind, roles, scale) = understand(&profile, about.kind);
    let key = if kind == Kind::Directory { Vec::new() } else { find_key(scan, &profile, &roles)? };
    let order = order_of(&profile);
    let columns = Columns { profile: &profile, roles: &roles, order };
    let mut instants = Instants::of(&columns);
    if kind == Kind::Directory && PERSON.iter().all(|role| columns.get(role).is_none()) {
        return Err(SuggestError::NoKind);
    }
    if kind != Kind::Directory && instants.is_empty() {
        // A survey that says nothing of what it is about: its answer is all that is known.
        let answered = columns.get("survey_answered").ok_or(SuggestError::NoKind)?;
        let (value, comments, _) = clocks::told(&columns, answered);
        instants.end_by(format!("{{ {value} }}"), comments);
    }
    let composer =
        Composer { about, columns: &columns, kind, scale: scale.as_ref(), key: &key, subheader: subheader.as_ref() };
    let mut trial = composer.trial(scan, &instants)?;
    if composer.repair(&mut instants, &trial) {
        trial = composer.trial(scan, &instants)?;
    }
    let mut draft = composer.draft(&instants);
    composer.head(&mut draft, &trial);
    let mapping = draft.text();
    let questions = draft.questions();
    let described = composer.describe(&mapping);
    Ok(Suggestion { kind, mapping, columns: described, questions, trial })
}

/// Rows that cannot be read.
#[derive(Default)]
struct Faulty {
    rows: u64,
    first: Option<(u64, Vec<String>)>,
}

impl Faulty {
    fn see(&mut self, line: u64, reasons: Vec<String>) {
        self.rows += 1;
        self.first.get_or_insert((line, reasons));
    }

    /// Why a file has no rows besides these.
    fn error<E>(self) -> SuggestError<E> {
        match self.first {
            Some((line, reasons)) => SuggestError::NoSoundRow { rows: self.rows, line, reason: reasons.join(", ") },
            None => SuggestError::NoRows,
        }
    }
}

/// Columns by which a row is about a person.
const PERSON: [&str; 6] = ["customer_id", "customer_email", "customer_phone", "person_name", "staff", "staff_role"];

/// What the rows are, which column is what, and the scale of scores.
fn understand(profile: &Profile, kind: Option<Kind>) -> (Kind, Roles, Option<Scale>) {
    const SURVEY: [&str; 2] = ["survey_answered", "survey_sent"];
    let with_survey = |kind: Option<Kind>| if kind == Some(Kind::Ratings) { Vec::new() } else { SURVEY.to_vec() };
    let mut roles = Roles::of(profile, &with_survey(kind));
    let scale = |roles: &Roles| roles.column("score").and_then(|place| values::scale(&profile.columns[place]));
    let found = scale(&roles);
    if found.is_none() {
        roles.forget("score");
    }
    let is_rated = found.is_some()
        && roles.column("score").is_some_and(|place| profile.columns[place].filled * 20 >= profile.rows * 19);
    let has_time = ["requested", "connected", "ended", "arrived"].iter().any(|role| roles.column(role).is_some());
    let speaks_of_people = PERSON.iter().any(|role| names_people(profile, &roles, role));
    // A date whose name says nothing is when it happened, where the file has no other.
    let only_date = (0..profile.columns.len())
        .find(|place| profile.columns[*place].kinds().contains(&"date") && !roles.is_taken(*place))
        .filter(|_| !has_time && !speaks_of_people);
    let has_time = has_time || only_date.is_some();
    let told = match (is_rated, has_time) {
        (true, _) => Kind::Ratings,
        (false, true) => Kind::Interactions,
        (false, false) => Kind::Directory,
    };
    let kind = kind.unwrap_or(told);
    if kind == Kind::Ratings {
        roles = Roles::of(profile, &[]);
    }
    if kind == Kind::Directory {
        roles = Roles::of(profile, &["requested", "connected", "ended", "case_id", "seen", "conclusion", "topic"]);
        if !names_people(profile, &roles, "customer_phone") {
            roles.forget("customer_phone");
        }
    }
    let scale = scale(&roles);
    if scale.is_none() {
        roles.forget("score");
    }
    if let Some(place) = only_date.filter(|place| kind != Kind::Directory && !roles.is_taken(*place)) {
        roles.give("requested", place);
    }
    name_clocks(profile, &mut roles);
    name_by_values(profile, &mut roles);
    (kind, roles, scale)
}

/// Whether a column by which rows are about people has what it is called after: "from" may be anything's beginning.
fn names_people(profile: &Profile, roles: &Roles, role: &str) -> bool {
    let column = roles.column(role).map(|place| &profile.columns[place]);
    column.is_some_and(|column| role != "customer_phone" || column.mostly(column.has("phone")))
}

/// Columns without names are known by their values, where all of them mean something.
fn name_by_values(profile: &Profile, roles: &mut Roles) {
    for role in ["outcome", "direction"] {
        let is_meant = |place: &usize| {
            let column = &profile.columns[*place];
            column.name == detect::letters(*place)
                && !roles.is_taken(*place)
                && column.filled > 0
                && roles::meant(column, role) == column.filled
        };
        if roles.column(role).is_none()
            && let Some(place) = (0..profile.columns.len()).find(is_meant)
        {
            roles.give(role, place);
        }
    }
}

/// A time of day that is the start of a queue or a service, as its name says.
fn name_clocks(profile: &Profile, roles: &mut Roles) {
    if roles.column("arrived_time_of_day").is_none()
        && let Some(place) = (0..profile.columns.len()).find(|place| {
            let column = &profile.columns[*place];
            let words = column.phrase.words().join(" ");
            column.kinds().contains(&"clock")
                && !roles.is_taken(*place)
                && (words.contains("vru entry") || words.contains("ivr"))
        })
    {
        roles.give("arrived_time_of_day", place);
    }
}

/// Day or month first, where the values of some column decide and no other's contradict.
fn order_of(profile: &Profile) -> Option<dates::Order> {
    let mut decided = profile.columns.iter().filter_map(|column| column.dates.decided());
    let first = decided.next()?;
    decided.all(|order| order == first).then_some(first)
}

/// Columns that identify a row, and how many rows repeat an earlier one in all of them.
fn find_key<E>(scan: &mut Scan<'_, E>, profile: &Profile, roles: &Roles) -> Result<Vec<Candidate>, E> {
    if let Some(place) = key::single(profile, roles) {
        return Ok(vec![Candidate::single(place)]);
    }
    let mut candidates = key::candidates(profile, roles);
    let mut count = 0;
    scan(&mut |(_, row)| {
        if let Ok(row) = row {
            count += 1;
            key::see(&mut candidates, &row.cells().collect::<Vec<_>>(), count);
        }
    })?;
    Ok(candidates)
}
