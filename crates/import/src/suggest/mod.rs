//! `rapport import suggest`: a mapping for a file that nobody described, with what speaks for every line of it.
//!
//! The file is read several times and never kept: once to profile its columns, once to find its key, and once or twice to try
//! what was suggested. What a column holds is told from its name and its values, by the tables in `words/`, which anybody can
//! extend. The same file gets the same mapping.
//!
//! | file | subject |
//! |---|---|
//! | `words` | the tables of words, and how texts are compared with them |
//! | `dates` | formats of dates |
//! | `profile` | what the columns hold |
//! | `roles` | which column is what |
//! | `key` | what identifies a row |
//! | `clocks` | rules for instants |
//! | `values` | rules for words: channels, outcomes, scores |
//! | `people` | rules for a directory |
//! | `draft` | the mapping as a text |
//! | `trial` | the mapping on the file |

mod clocks;
mod dates;
mod draft;
mod key;
mod people;
mod profile;
mod roles;
#[cfg(test)]
mod tests;
mod trial;
mod values;
mod words;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

pub use self::trial::{Trial, kind_of};
use self::{
    clocks::{Columns, Instants, said},
    draft::{Draft, Line, list, quoted, shown},
    key::Candidate,
    profile::Profile,
    roles::Roles,
    values::Scale,
};
use rapport_contract::{Violation, v1::RecordInteractionRequest};

use super::{
    mapping::MappingFile,
    rows::{self, Judgement},
    section::Problems,
    table::Row,
};

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
    let today = TimeZone::UTC.to_datetime(about.now);
    let mut profile = Profile::new(about.header, today);
    scan(&mut |(_, row)| match row {
        Ok(row) => profile.see(row.cells()),
        Err(_) => profile.faulty += 1,
    })?;
    if profile.rows == 0 {
        return Err(SuggestError::NoRows);
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
    let composer = Composer { about, columns: &columns, kind, scale: scale.as_ref(), key: &key };
    let mut trial = composer.trial(scan, &instants)?;
    if composer.repair(&mut instants, &trial) {
        trial = composer.trial(scan, &instants)?;
    }
    let mut draft = composer.draft(&instants);
    composer.head(&mut draft, &trial);
    let mapping = draft.text();
    let questions = composer.questions(&draft);
    let described = composer.describe(&mapping);
    Ok(Suggestion { kind, mapping, columns: described, questions, trial })
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
    let speaks_of_people = PERSON.iter().any(|role| roles.column(role).is_some());
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
    }
    let scale = scale(&roles);
    if scale.is_none() {
        roles.forget("score");
    }
    if let Some(place) = only_date.filter(|place| kind != Kind::Directory && !roles.is_taken(*place)) {
        roles.give("requested", place);
    }
    name_clocks(profile, &mut roles);
    (kind, roles, scale)
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

struct Composer<'a> {
    about: &'a Circumstances<'a>,
    columns: &'a Columns<'a>,
    kind: Kind,
    scale: Option<&'a Scale>,
    key: &'a [Candidate],
}

/// All of a context's texts may have 16 KiB; some room is left.
const CONTEXT_BYTES: usize = 15_000;
const ATTRIBUTES: usize = 30;

/// Judges a row by a mapping that is on trial.
type Judge<'a> = Box<dyn Fn(&Row<'_>) -> Judgement<()> + 'a>;

impl Composer<'_> {
    fn draft(&self, instants: &Instants) -> Draft {
        let mut draft = Draft::default();
        self.top(&mut draft);
        if self.kind == Kind::Directory {
            people::write(self.columns, &mut draft);
            self.leftovers(&mut draft);
            return draft;
        }
        if self.kind == Kind::Ratings {
            self.rating(&mut draft, instants);
        }
        self.unknown(&mut draft);
        values::channel(self.columns, &mut draft);
        draft.add("interaction", Line::new("kind", "{ constant = \"service\" }"));
        values::outcome(self.columns, &mut draft);
        self.texts(&mut draft);
        self.durations(&mut draft);
        self.customer(&mut draft);
        instants.write(&mut draft);
        self.staff(&mut draft);
        self.context(&mut draft);
        self.leftovers(&mut draft);
        draft
    }

    fn top(&self, draft: &mut Draft) {
        draft.top.push(
            Line::new("source", quoted(&self.source())).saying(
                "Together with the key it makes the id of a row, so that a second import records nothing twice.",
            ),
        );
        for (key, value) in self.about.reading {
            draft.top.push(Line::new(key.clone(), value.clone()));
        }
        if let Some(key) = self.key.first() {
            let names: Vec<_> =
                key.columns.iter().map(|place| self.columns.profile.columns[*place].name.clone()).collect();
            let line = match (names.len(), key.repeats) {
                (_, 1..) => Line::new("key", list(&names)).saying(format!(
                    "QUESTION: what identifies a row? Even all columns together repeat in {} rows; those are taken as the same one told again.",
                    key.repeats
                )),
                (1, 0) => Line::new("key", list(&names)).saying("No two rows have the same value here."),
                (_, 0) => Line::new("key", list(&names)).saying("No column is unique by itself; these are together."),
            };
            draft.top.push(line);
        }
        let numbers = self.columns.profile.columns.iter().map(|column| &column.numbers);
        let (comma, point) = numbers.fold((0, 0), |sums, one| (sums.0 + one.comma, sums.1 + one.point));
        if comma > 0 && point == 0 {
            draft.top.push(Line::new("decimal", "\",\"").saying("Numbers have a comma before their fraction."));
        }
        let missing: std::collections::BTreeSet<_> =
            self.columns.profile.columns.iter().flat_map(|column| column.missing.iter().copied()).collect();
        if !missing.is_empty() {
            let texts: Vec<_> = missing.into_iter().map(str::to_owned).collect();
            draft.top.push(Line::new("missing", list(&texts)).saying("Texts that stand for no value."));
        }
        if self.kind != Kind::Directory {
            let comment = "# time_zone = \"Europe/Berlin\"";
            if let Some(last) = draft.top.last_mut() {
                last.value = format!("{}\n{comment}", last.value);
            }
        }
        if self.kind == Kind::Ratings
            && let Some(score) = self.columns.get("score").filter(|score| score.empty > 0)
        {
            let mut values = vec![String::new()];
            values.extend(score.missing.iter().map(|text| (*text).to_owned()));
            draft.add_list(
                "skip",
                vec![
                    Line::new("column", quoted(&score.name)),
                    Line::new(
                        "values",
                        format!("[{}]", values.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
                    ),
                    Line::new("reason", "\"not rated\""),
                ],
            );
        }
    }

    /// The file's name as a source: without dates and counters, which change from export to export.
    fn source(&self) -> String {
        let stem = self.about.file_name.split('.').next().unwrap_or_default();
        let words: Vec<_> = words::Phrase::of(stem)
            .words()
            .iter()
            .filter(|word| word.chars().any(|one| !one.is_ascii_digit()))
            .cloned()
            .collect();
        let name: String = words.join("_").chars().take(60).collect();
        if name.is_empty() { "import".to_owned() } else { name }
    }

    fn rating(&self, draft: &mut Draft, instants: &Instants) {
        let answered = self.columns.get("survey_answered");
        let folded = self.scale.is_some_and(|scale| scale.how.contains("folded"));
        if answered.is_none() && !folded {
            draft.add(
                "template",
                Line::new("template_id", "\"csat\"")
                    .saying("The survey by which customers were asked; this one every server has."),
            );
        } else {
            let id: String = format!("{}_survey", self.source()).chars().take(64).collect();
            draft.add("template", Line::new("template_id", quoted(&id)).saying("The survey by which customers were asked. It is published by the import, for which the token must be an administrator's."));
            draft.add("template", Line::new("display_name", quoted(self.about.file_name)));
            draft.add(
                "template",
                Line::new("answer_window", "\"168:00:00\"").saying(
                    "QUESTION: how long after the contact does an answer still count for staff? A week is taken.",
                ),
            );
        }
        if let (Some(scale), Some(score)) = (self.scale, self.columns.get("score")) {
            draft.add("rating", scale.line(score));
        }
        if let Some(comment) = self.columns.get("comment").filter(|column| column.longest <= 4_000) {
            draft.add(
                "rating",
                Line::new("comment", format!("{{ column = {} }}", quoted(&comment.name)))
                    .saying(said(comment, "the customer's words")),
            );
        }
        let line = match answered {
            Some(column) => {
                let (value, comments, _) = clocks::told(self.columns, column);
                Line::new("answered_time", format!("{{ {value} }}")).saying_all(comments)
            }
            None => {
                Line::new("answered_time", format!("{{ after = \"{}\" }}", instants.last().unwrap_or("ended_time")))
                    .saying("No column says when the customer answered; the end of the contact is taken.")
            }
        };
        draft.add("rating", line);
    }

    fn unknown(&self, draft: &mut Draft) {
        let parts = [("teams", "team"), ("staff", "staff"), ("customers", "customer_id")];
        let mut first = true;
        for (key, _) in parts.iter().filter(|(_, role)| self.columns.get(role).is_some()) {
            let mut line = Line::new(*key, "\"create\"");
            if std::mem::take(&mut first) {
                line = line.saying("Whom the directory does not know is created; \"reject\" would reject the row.");
            }
            draft.add("unknown", line);
        }
    }

    fn text(&self, draft: &mut Draft, key: &str, role: &str, limit: usize, why: &str) {
        if let Some(column) = self.columns.get(role).filter(|column| column.longest <= limit) {
            let line = Line::new(key, format!("{{ column = {} }}", quoted(&column.name))).saying(said(column, why));
            draft.add("interaction", line);
        }
    }

    fn texts(&self, draft: &mut Draft) {
        self.text(draft, "topic", "topic", 128, "what it was about");
        let is_case =
            |column: &profile::ColumnProfile| {
                column.phrase.words().iter().any(|word| {
                    matches!(word.as_str(), "ticket" | "case" | "incident" | "issue") || word.contains("工单")
                })
            };
        if self.columns.get("case_id").is_some() {
            self.text(draft, "case_id", "case_id", 128, "the matter");
        } else if self.columns.get("id").is_some_and(is_case) {
            self.text(draft, "case_id", "id", 128, "the matter");
        }
        self.text(draft, "conclusion", "conclusion", 4_000, "what was found or agreed");
    }

    fn durations(&self, draft: &mut Draft) {
        for role in ["hold", "after_call_work"] {
            let Some(column) = self.columns.get(role) else { continue };
            let (value, comments) = clocks::lasting(column, role);
            draft.add("interaction", Line::new(role, format!("{{ {value} }}")).saying_all(comments));
        }
        let sides = [("customer", "customer_messages"), ("staff", "staff_messages"), ("bot", "bot_messages")];
        for (key, role) in sides {
            if let Some(column) = self.columns.get(role).filter(|column| column.numbers.whole == column.filled) {
                draft.add(
                    "interaction.message_counts",
                    Line::new(key, format!("{{ column = {} }}", quoted(&column.name))).saying(said(column, "messages")),
                );
            }
        }
    }

    fn customer(&self, draft: &mut Draft) {
        if let Some(column) = self.columns.get("customer_id") {
            let line = Line::new("customer_id", format!("{{ column = {} }}", quoted(&column.name)))
                .saying(said(column, "names the customer"));
            return draft.add("interaction", line);
        }
        if let Some(phone) = self.columns.get("customer_phone") {
            let mut rules = Vec::new();
            if let (Some(called), Some(direction)) = (self.columns.get("called_phone"), self.columns.get("direction")) {
                let words = values::meanings(direction, "direction");
                let outbound: Vec<_> =
                    words.iter().filter(|(_, one)| one == "outbound").map(|(word, _)| word.clone()).collect();
                if !outbound.is_empty() && called.longest <= 254 {
                    rules.push(format!(
                        "{{ column = {}, when = {{ {} = {} }} }}",
                        quoted(&called.name),
                        draft::key(&direction.name),
                        list(&outbound)
                    ));
                }
            }
            rules.push(format!("{{ column = {} }}", quoted(&phone.name)));
            let value = if let [one] = rules.as_slice() { one.clone() } else { format!("[{}]", rules.join(", ")) };
            draft.add(
                "interaction.customer_alias",
                match phone.mostly(phone.has("phone")) {
                    true => Line::new("kind", "{ constant = \"phone\" }")
                        .saying(said(phone, "the customer's telephone number")),
                    // Called a caller's number, and filled with names or devices.
                    false => {
                        Line::new("kind", "{ constant = \"other\" }").saying(said(phone, "what the customer is called"))
                    }
                },
            );
            return draft.add("interaction.customer_alias", Line::new("value", value));
        }
        if let Some(email) = self.columns.get("customer_email") {
            draft.add(
                "interaction.customer_alias",
                Line::new("kind", "{ constant = \"email\" }").saying(said(email, "the customer's address")),
            );
            draft.add(
                "interaction.customer_alias",
                Line::new("value", format!("{{ column = {} }}", quoted(&email.name))),
            );
        }
    }

    fn staff(&self, draft: &mut Draft) {
        let Some(staff) = self.columns.get("staff") else { return };
        let value = |name: &str| format!("{{ column = {} }}", quoted(name));
        let mut lines = vec![
            Line::new("staff_id", value(&staff.name)).saying(said(staff, "who served")),
            Line::new("role", "{ constant = \"agent\" }"),
        ];
        if let Some(team) = self.columns.get("team") {
            lines.push(Line::new("team_id", value(&team.name)).saying(said(team, "their team")));
        }
        lines.push(Line::new("involvement", "{ constant = \"primary\" }"));
        draft.add_list("interaction.participants", lines);
    }

    fn context(&self, draft: &mut Draft) {
        let mut bytes = 0;
        let limits = [
            ("order_id", 128, "the order"),
            ("product_id", 128, "the product"),
            ("page", 2_048, "a page"),
            ("seen", 2_000, "what it was about, in words"),
        ];
        for (role, limit, why) in limits {
            let Some(column) = self.columns.get(role).filter(|column| column.longest <= limit) else { continue };
            bytes += column.longest * 3;
            let line = Line::new(role, format!("{{ column = {} }}", quoted(&column.name))).saying(said(column, why));
            draft.add("interaction.context", line);
        }
        let used = draft.text();
        let mut names = Vec::new();
        for column in self.spare(&used) {
            bytes += column.longest * 3 + 64;
            if names.len() == ATTRIBUTES || bytes > CONTEXT_BYTES {
                break;
            }
            let name = values::attribute_name(&column.name, &names);
            let line = Line::new(draft::key(&name), format!("{{ column = {} }}", quoted(&column.name)))
                .saying(said(column, "kept beside the contact"));
            draft.add("interaction.context.attributes", line);
            names.push(name);
        }
    }

    /// Columns that the mapping does not use yet and that are fit to stand beside a contact, those with few values first.
    fn spare(&self, used: &str) -> Vec<&profile::ColumnProfile> {
        let profile = self.columns.profile;
        let is_fit = |place: &usize| {
            let column = &profile.columns[*place];
            let is_personal = matches!(
                self.columns.roles.role(*place),
                Some(
                    "person_name"
                        | "customer_email"
                        | "customer_phone"
                        | "called_phone"
                        | "private"
                        | "score"
                        | "comment"
                )
            ) || (self.columns.roles.is_taken(*place)
                && self.columns.roles.role(*place).is_none()
                && column.kinds().iter().all(|kind| *kind != "date"));
            let is_personal = is_personal || column.mostly(column.has("email")) || column.mostly(column.has("phone"));
            column.filled > 0
                && !column.name.is_empty()
                && column.longest <= 1_024
                && !is_personal
                && !roles::is_twice(profile, column)
                && !is_used(used, &column.name)
        };
        let mut places: Vec<_> = (0..profile.columns.len()).filter(is_fit).collect();
        places.sort_by_key(|place| {
            let column = &profile.columns[*place];
            (column.words.is_none(), column.longest > 200, column.longest > 64, *place)
        });
        places.into_iter().map(|place| &profile.columns[place]).collect()
    }

    /// What of the file is lost, and why.
    fn leftovers(&self, draft: &mut Draft) {
        let used = draft.text();
        let profile = self.columns.profile;
        let mut lost = Vec::new();
        for (place, column) in profile.columns.iter().enumerate().filter(|(_, column)| !is_used(&used, &column.name)) {
            let why = match self.columns.roles.role(place) {
                _ if column.filled == 0 => "it is empty",
                _ if column.name.is_empty() => "it has no name",
                _ if roles::is_twice(profile, column) => "several columns have this name",
                Some("score" | "comment") if self.kind == Kind::Interactions => {
                    "it is about a rating: `suggest --kind ratings` makes a mapping for those"
                }
                Some("person_name" | "customer_email" | "customer_phone" | "called_phone") => {
                    "it is about a person; give it a place if you need it"
                }
                Some("private") => "it is private",
                None if self.columns.roles.is_taken(place) && !column.kinds().contains(&"date") => "it is private",
                _ if column.longest > 1_024 => "its texts are longer than any field takes",
                _ => "there is no place left for it",
            };
            lost.push(format!("  {}: {why}.", shown(&column.name)));
        }
        if !lost.is_empty() {
            draft.tail.push("Not used:".to_owned());
            draft.tail.extend(lost);
        }
    }

    fn trial<E>(&self, scan: &mut Scan<'_, E>, instants: &Instants) -> Result<Trial, E> {
        let text = self.draft(instants).text();
        let mut trial = Trial::default();
        match self.judge(&text) {
            Ok(judge) => scan(&mut |(line, row)| {
                trial.read += 1;
                match row.map_or_else(Judgement::Reject, |row| judge(&row)) {
                    Judgement::Send(()) => trial.sent += 1,
                    Judgement::Skip => trial.skipped += 1,
                    Judgement::Reject(reasons) => trial.reject(line, &reasons),
                }
            })?,
            // Questions are open: only what was asked is known.
            Err(Problems(problems)) => trial.reasons.extend(problems.into_iter().map(|problem| (problem, 0))),
        }
        Ok(trial)
    }

    fn judge(&self, text: &str) -> Result<Judge<'_>, Problems> {
        let file = MappingFile::parse(text)?;
        let zone = TimeZone::UTC;
        let header = self.about.header;
        let rules = self.about.rules;
        Ok(match self.kind {
            Kind::Interactions => {
                let mapping = file.interactions(header)?;
                Box::new(move |row| rows::interaction(&mapping, &zone, row, rules).map(drop))
            }
            Kind::Ratings => {
                let mapping = file.ratings(header)?;
                Box::new(move |row| rows::rating(&mapping, &zone, row, rules).map(drop))
            }
            Kind::Directory => {
                let mapping = file.directory(header)?;
                Box::new(move |row| rows::directory(&mapping, &zone, row).map(drop))
            }
        })
    }

    /// Counts instants as missing that contradict others, where the trial found such rows; says whether anything changed.
    fn repair(&self, instants: &mut Instants, trial: &Trial) -> bool {
        let mut changed = false;
        let mut guard = |place: usize, field: &str, key, other: &'static str| {
            let rows = trial.count(&format!("interaction.{field}"), &format!("must not be before {other}"));
            if rows > 0 {
                instants.guard(place, key, other, format!("In {rows} rows this is earlier than {other}: one of the two is wrong, so it is taken as not known."));
                changed = true;
            }
        };
        guard(2, "connected_time", "missing_if_earlier_than", "requested_time");
        guard(3, "ended_time", "missing_if_earlier_than", "connected_time");
        guard(3, "ended_time", "missing_if_earlier_than", "requested_time");
        changed
    }

    fn head(&self, draft: &mut Draft, trial: &Trial) {
        let kind = self.kind.name();
        let file = shown(self.about.file_name);
        draft.head.push(format!(
            "A suggestion for {file}: each row is read as {}.",
            match self.kind {
                Kind::Interactions => "one interaction",
                Kind::Ratings => "one interaction with its rating",
                Kind::Directory => "a record of the directory",
            }
        ));
        draft.head.push(format!("Look at what `rapport import check {kind} FILE --mapping THIS` says, then run `rapport import {kind} FILE --mapping THIS`."));
        if trial.read > 0 {
            draft.head.push(format!(
                "Of {} rows {} would be sent, {} skipped, {} rejected{}",
                trial.read,
                trial.sent,
                trial.skipped,
                trial.rejected,
                if trial.rejected > 0 { ":" } else { "." }
            ));
            let mut reasons: Vec<_> = trial.reasons.iter().collect();
            reasons.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
            for (reason, rows) in reasons.into_iter().take(5) {
                let line = trial.first.get(reason).map_or(0, |(line, _)| *line);
                draft.head.push(format!("  {rows} rows, first in line {line}: {reason}"));
            }
        }
        let questions = self.questions(draft).len();
        if questions > 0 {
            draft.head.push(format!(
                "{questions} lines below are marked QUESTION; each says what is taken unless you say otherwise."
            ));
        }
    }

    fn questions(&self, draft: &Draft) -> Vec<String> {
        let lines = draft.top.iter().chain(draft.sections.iter().flat_map(|section| &section.lines));
        let comments = lines.flat_map(|line| &line.comments);
        comments.filter_map(|comment| comment.strip_prefix("QUESTION: ").map(str::to_owned)).collect()
    }

    fn describe(&self, mapping: &str) -> Vec<Described> {
        let columns = self.columns.profile.columns.iter().enumerate();
        columns
            .map(|(place, column)| Described {
                name: column.name.clone(),
                role: self.columns.roles.role(place),
                kinds: column.kinds().into_iter().filter(|kind| *kind != "any").collect(),
                filled: column.filled,
                empty: column.empty,
                different: column.words.as_ref().map(std::collections::BTreeMap::len),
                unique: column.is_unique(),
                examples: column.examples.clone(),
                used: is_used(mapping, &column.name),
            })
            .collect()
    }
}

/// Whether a mapping's text names a column outside its comments.
fn is_used(mapping: &str, name: &str) -> bool {
    let quoted = quoted(name);
    mapping.lines().filter(|line| !line.starts_with('#')).any(|line| line.contains(&quoted))
}
