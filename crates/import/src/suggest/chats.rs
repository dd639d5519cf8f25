//! A mapping for a chat: its columns are known, who of its authors is who is not.

use std::{cell::RefCell, collections::BTreeMap};

use csv::ByteRecord;
use jiff::tz::TimeZone;

use super::{
    Circumstances, Described, Kind, Scan, SuggestError, Suggestion, Trial,
    draft::{Draft, Line, list, quoted, shown},
};
use crate::{
    chat,
    conversation::Side,
    conversations::Grouping,
    mapping::MappingFile,
    rows::{self, Judgement},
    section::Problems,
    table::RawRow,
};

/// Authors that are counted, and of them those that are named.
const AUTHORS: usize = 1_000;
const NAMED: usize = 30;

/// Whether a file is a chat.
pub(super) fn is_chat(header: &[String]) -> bool {
    header == chat::COLUMNS
}

/// What is known of a chat.
#[derive(Default)]
struct Profile {
    rows: u64,
    filled: [u64; 4],
    /// With their messages, in the order in which they first wrote.
    authors: Vec<(String, u64)>,
}

/// Who of the authors is who, and why; none: only a person knows.
struct Who {
    customers: Vec<String>,
    staff: Vec<String>,
    why: &'static str,
}

/// Suggests a mapping.
pub(super) fn suggest<E>(scan: &mut Scan<'_, E>, about: &Circumstances<'_>) -> Result<Suggestion, SuggestError<E>> {
    let profile = profile(scan)?;
    if profile.authors.is_empty() {
        return Err(SuggestError::NoRows);
    }
    let who = who(&profile.authors, about.file_name);
    let mut draft = draft(&profile, who.as_ref(), about);
    let trial = trial(scan, about, &profile, &draft.text())?;
    head(&mut draft, about, &trial);
    let columns = chat::COLUMNS.iter().zip(profile.filled).map(|(name, filled)| Described {
        name: (*name).to_owned(),
        role: None,
        kinds: Vec::new(),
        filled,
        empty: profile.rows - filled,
        different: (*name == "author").then_some(profile.authors.len()),
        unique: false,
        examples: Vec::new(),
        used: *name != "text",
    });
    Ok(Suggestion {
        kind: Kind::Interactions,
        mapping: draft.text(),
        columns: columns.collect(),
        questions: draft.questions(),
        trial,
    })
}

fn profile<E>(scan: &mut Scan<'_, E>) -> Result<Profile, E> {
    let mut profile = Profile::default();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    scan(&mut |(_, row)| {
        profile.rows += 1;
        let Ok(row) = row else { return };
        let cells: Vec<_> = row.cells().collect();
        for (filled, cell) in profile.filled.iter_mut().zip(&cells) {
            *filled += u64::from(!cell.is_empty());
        }
        let [_, author, kind, _] = cells[..] else { return };
        if kind == chat::NOTICE || author.is_empty() {
            return;
        }
        match places.get(author) {
            Some(&place) => profile.authors[place].1 += 1,
            None if places.len() < AUTHORS => {
                places.insert(author.to_owned(), places.len());
                profile.authors.push((author.to_owned(), 1));
            }
            None => {}
        }
    })?;
    Ok(profile)
}

/// An export is called by the contact with whom the chat is; and of two authors, a number without a name is no colleague's.
fn who(authors: &[(String, u64)], file_name: &str) -> Option<Who> {
    if authors.len() < 2 {
        return None;
    }
    let file = file_name.replace('_', " ").to_lowercase();
    let stem = file.split('.').next().unwrap_or_default();
    let is_named = |name: &str| name.chars().count() > 1 && stem.contains(&name.to_lowercase());
    let is_number = |name: &str| name.starts_with('+');
    let split = |is_customer: &dyn Fn(&str) -> bool, why| {
        let (customers, staff): (Vec<_>, Vec<_>) =
            authors.iter().map(|(name, _)| name.clone()).partition(|name| is_customer(name));
        (customers.len() == 1).then_some(Who { customers, staff, why })
    };
    let by_number = || (authors.len() == 2).then(|| split(&is_number, "the phone knows the customer by number only"));
    split(&is_named, "the file is called by the customer").or_else(|| by_number().flatten())
}

fn draft(profile: &Profile, who: Option<&Who>, about: &Circumstances<'_>) -> Draft {
    let mut draft = Draft::default();
    draft.top.push(Line::new("source", "\"whatsapp\""));
    let dates = about.reading.iter().map(|(key, value)| {
        Line::new(key.clone(), value.clone()).saying(
            "QUESTION: how are the dates of this chat written? No value decides: put \"day first\", \"month first\" or \
             \"year first\" in the place of \"?\".",
        )
    });
    draft.top.extend(dates);
    let key = r#"["conversation.chat", "conversation.begin", "conversation.begun_by"]"#;
    draft.top.push(Line::new("key", format!("{key}\n# time_zone = \"Europe/Berlin\"")));
    let skip = [("column", "\"kind\""), ("values", "[\"notice\"]"), ("reason", "\"WhatsApp itself said it\"")];
    draft.add_list("skip", skip.map(|(key, value)| Line::new(key, value)).to_vec());
    draft.add("conversation", Line::new("time", "{ column = \"time\" }"));
    draft.add("conversation", Line::new("author", "\"author\""));
    let named: Vec<_> =
        profile.authors.iter().take(NAMED).map(|(name, count)| format!("{} ({count})", shown(name))).collect();
    let more = profile.authors.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let authors = format!("The authors with their messages: {}{more}.", named.join(", "));
    match who {
        Some(who) => {
            let why = format!("QUESTION: who is staff? It is taken that {}.", who.why);
            draft.add("conversation", Line::new("customers", list(&who.customers)).saying(authors).saying(why));
            draft.add("conversation", Line::new("staff", list(&who.staff)));
        }
        None => draft.add(
            "conversation",
            Line::new("staff", "\"?\"").saying(authors).saying(
                "QUESTION: who is staff? Put their names, [\"...\", \"...\"], in the place of \"?\", or a table from their names \
                 to their ids; everybody else is a customer.",
            ),
        ),
    }
    draft.add("conversation", Line::new("gap", "\"4:00:00\"").saying("Silence that ends a conversation."));
    draft.add(
        "conversation",
        Line::new("wait", "\"72:00:00\"").saying("How long a question waits for its first answer."),
    );
    draft.add("unknown", Line::new("staff", "\"create\"").saying("Whom the directory does not know is created."));
    interaction(&mut draft, profile, who);
    draft
}

fn interaction(draft: &mut Draft, profile: &Profile, who: Option<&Who>) {
    let is_group = profile.authors.len() > 2;
    let (channel, why) =
        if is_group { ("group_chat", "More than two people write.") } else { ("online_chat", "Two people write.") };
    let mut line = |key: &str, value: &str, why: &str| {
        let line = Line::new(key, value);
        draft.add("interaction", if why.is_empty() { line } else { line.saying(why) });
    };
    line("channel", &format!("{{ constant = {} }}", quoted(channel)), why);
    line("kind", "{ constant = \"service\" }", "");
    let sides = r#"values = { customer = "inbound", staff = "outbound", bot = "outbound" }"#;
    line("direction", &format!("{{ column = \"conversation.side\", {sides} }}"), "Who wrote first.");
    let states = r#"{ column = "conversation.state", values = { answered = "answered" }, missing = ["unanswered"] }"#;
    line("outcome", states, "What nobody answered may still be answered.");
    let is_number = who.is_some_and(|who| who.customers.iter().all(|name| name.starts_with('+')));
    let kind = if is_number { "phone" } else { "chat" };
    let alias = format!("{{ kind = {{ constant = \"{kind}\" }}, value = {{ column = \"conversation.customer\" }} }}");
    line("customer_alias", &alias, "");
    line("requested_time.from", "{ column = \"conversation.begin\" }", "");
    line("connected_time.from", "{ column = \"conversation.answered\" }", "");
    line("ended_time.from", "{ column = \"conversation.end\" }", "");
    for (column, separator, involvement) in
        [("conversation.staff", None, "primary"), ("conversation.other_staff", Some("; "), "assisting")]
    {
        let mut lines = vec![Line::new("staff_id", format!("{{ column = \"{column}\" }}"))];
        lines.extend(separator.map(|separator| Line::new("separator", quoted(separator))));
        lines.push(Line::new("role", "{ constant = \"agent\" }"));
        lines.push(Line::new("involvement", format!("{{ constant = \"{involvement}\" }}")));
        draft.add_list("interaction.participants", lines);
    }
    for side in ["customer", "staff"] {
        let value = format!("{{ column = \"conversation.{side}_messages\" }}");
        draft.add("interaction.message_counts", Line::new(side, value));
    }
}

fn trial<E>(scan: &mut Scan<'_, E>, about: &Circumstances<'_>, profile: &Profile, mapping: &str) -> Result<Trial, E> {
    let trial = RefCell::new(Trial::default());
    let both = MappingFile::parse(mapping).and_then(|file| {
        let Some(messages) = file.conversations(about.header)? else { return Err(Problems(Vec::new())) };
        let customer = profile.authors.iter().find(|(name, _)| messages.side(name) == Ok(Side::Customer));
        let customer = customer.map(|(name, _)| name.clone());
        let grouping = Grouping::new(messages, about.header, TimeZone::UTC, customer);
        let interactions = file.interactions(grouping.header())?;
        Ok((grouping, interactions))
    });
    let (mut grouping, mapping) = match both {
        Ok(both) => both,
        // Questions are open: only what was asked is known.
        Err(Problems(problems)) => {
            let reasons = problems.into_iter().map(|problem| (problem, 0)).collect();
            return Ok(Trial { reasons, ..Trial::default() });
        }
    };
    let header = grouping.header().to_vec();
    let judge = |grouping: &mut Grouping| {
        while let Some(raw) = grouping.pop() {
            let mut trial = trial.borrow_mut();
            trial.read += 1;
            let row = raw.texts(&header);
            let judgement = row.map_or_else(Judgement::Reject, |row| {
                rows::interaction(&mapping, &TimeZone::UTC, &row, about.rules).map(drop)
            });
            match judgement {
                Judgement::Send((), remarks) => trial.send(raw.line, &remarks),
                Judgement::Skip => trial.skipped += 1,
                Judgement::Reject(reasons) => trial.reject(raw.line, &reasons),
            }
        }
    };
    scan(&mut |(line, row)| {
        grouping.push(match row {
            Ok(row) => RawRow::new(line, ByteRecord::from(row.cells().collect::<Vec<_>>())),
            Err(reasons) => {
                RawRow { fault: Some(reasons.join("; ")), ..RawRow::new(line, ByteRecord::from(vec![""; 4])) }
            }
        });
        judge(&mut grouping);
    })?;
    grouping.finish();
    judge(&mut grouping);
    Ok(trial.into_inner())
}

fn head(draft: &mut Draft, about: &Circumstances<'_>, trial: &Trial) {
    let file = shown(about.file_name);
    let run = "rapport import check interactions FILE --mapping THIS";
    draft.head.push(format!("A suggestion for {file}, a chat: several messages are read as one interaction."));
    draft.head.push(format!("Look at what `{run}` says, then run `rapport import interactions FILE --mapping THIS`."));
    draft.head.extend(trial.summary("conversations"));
    let questions = draft.questions().len();
    draft.head.push(format!(
        "{questions} line(s) below are marked QUESTION; each says what is taken unless you say otherwise."
    ));
}
