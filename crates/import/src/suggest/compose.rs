//! A mapping put together from what is known of a file's columns, and put right after its trial.

use jiff::tz::TimeZone;

use super::{
    Circumstances, Described, Kind, Scan, Trial,
    clocks::{self, Columns, Instants, said},
    draft::{self, Draft, Line, list, quoted, shown},
    key::Candidate,
    people, profile, roles,
    subheader::Subheader,
    values::{self, Scale},
    words,
};
use crate::{
    mapping::MappingFile,
    rows::{self, Judgement},
    section::Problems,
    table::Row,
};

/// Writes a mapping from what is known of a file.
pub(super) struct Composer<'a> {
    pub(super) about: &'a Circumstances<'a>,
    pub(super) columns: &'a Columns<'a>,
    pub(super) kind: Kind,
    pub(super) scale: Option<&'a Scale>,
    pub(super) key: &'a [Candidate],
    pub(super) subheader: Option<&'a Subheader>,
}

/// All of a context's texts may have 16 KiB; some room is left.
const CONTEXT_BYTES: usize = 15_000;
const ATTRIBUTES: usize = 30;

/// Judges a row by a mapping that is on trial.
type Judge<'a> = Box<dyn Fn(&Row<'_>) -> Judgement<()> + 'a>;

impl Composer<'_> {
    pub(super) fn draft(&self, instants: &Instants) -> Draft {
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
        if let Some(Subheader { lines, column, values }) = self.subheader {
            let lines = lines.iter().map(u64::to_string).collect::<Vec<_>>().join(" and ");
            let why = format!("No dates and numbers where the other rows have some: line {lines}.");
            let column = &self.columns.profile.columns[*column].name;
            draft.add_list("skip", skip(column, values, "names the columns once more", Some(why)));
        }
        if self.kind == Kind::Ratings
            && let Some(score) = self.columns.get("score").filter(|score| score.empty > 0)
        {
            let mut values = vec![String::new()];
            values.extend(score.missing.iter().map(|text| (*text).to_owned()));
            draft.add_list("skip", skip(&score.name, &values, "not rated", None));
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

    pub(super) fn trial<E>(&self, scan: &mut Scan<'_, E>, instants: &Instants) -> Result<Trial, E> {
        let text = self.draft(instants).text();
        let mut trial = Trial::default();
        match self.judge(&text) {
            Ok(judge) => scan(&mut |(line, row)| {
                trial.read += 1;
                match row.map_or_else(Judgement::Reject, |row| judge(&row)) {
                    Judgement::Send((), remarks) => trial.send(line, &remarks),
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
    pub(super) fn repair(&self, instants: &mut Instants, trial: &Trial) -> bool {
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
        changed | instants.lengthen(self.columns, trial)
    }

    pub(super) fn head(&self, draft: &mut Draft, trial: &Trial) {
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
        draft.head.extend(trial.summary("rows"));
        draft.head.extend(trial.remarks.told().map(|told| format!("  {told}")));
        let questions = draft.questions().len();
        if questions > 0 {
            draft.head.push(format!(
                "{questions} lines below are marked QUESTION; each says what is taken unless you say otherwise."
            ));
        }
    }

    pub(super) fn describe(&self, mapping: &str) -> Vec<Described> {
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

/// Keys of a `[[skip]]`.
fn skip(column: &str, values: &[String], reason: &str, why: Option<String>) -> Vec<Line> {
    let values = values.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    vec![
        Line::new("column", quoted(column)).saying_all(why),
        Line::new("values", format!("[{values}]")),
        Line::new("reason", quoted(reason)),
    ]
}

/// Whether a mapping's text names a column outside its comments.
fn is_used(mapping: &str, name: &str) -> bool {
    let quoted = quoted(name);
    mapping.lines().filter(|line| !line.starts_with('#')).any(|line| line.contains(&quoted))
}
