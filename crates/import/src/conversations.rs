//! Messages gathered into conversations: what a chat was between two silences.
//!
//! Held are the conversations that may still go on, and of every chat when its last one ended: rows that come in the order of
//! time, or chat by chat, need little memory. What comes too late for its conversation is refused.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
};

use csv::ByteRecord;
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    conversation::{ConversationMapping, Side},
    table::{RawRow, Row, Rows, TableError},
};

/// The columns of a conversation. Behind them stand those of its first message.
pub const COLUMNS: [&str; 16] = [
    "conversation.chat",
    "conversation.begin",
    "conversation.begun_by",
    "conversation.side",
    "conversation.answered",
    "conversation.state",
    "conversation.end",
    "conversation.customer",
    "conversation.customers",
    "conversation.staff",
    "conversation.other_staff",
    "conversation.group",
    "conversation.customer_messages",
    "conversation.staff_messages",
    "conversation.bot_messages",
    "conversation.lines",
];

/// Between the ids of `conversation.other_staff`.
const SEPARATOR: &str = "; ";

/// Whether a file has conversations already, as a file of rejected ones has.
pub(crate) fn are_conversations(header: &[String]) -> bool {
    COLUMNS.iter().all(|column| header.iter().any(|name| name == column))
}

/// What became of the messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Messages {
    /// All of them.
    pub read: u64,
    /// Left out, as the mapping says, or among colleagues.
    pub left_out: u64,
    /// Those that belong to no conversation, since they cannot be read or come too late.
    pub refused: u64,
    /// Conversations of the others.
    pub conversations: u64,
}

impl fmt::Display for Messages {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, left_out, refused, conversations } = self;
        write!(
            out,
            "{read} messages make {conversations} conversations; {left_out} were left out, {refused} are rejected rows"
        )
    }
}

/// A conversation that may go on.
#[derive(Debug)]
struct Open {
    first: RawRow,
    last_line: u64,
    /// Who wrote when, by place in `authors`, in the order of the file.
    messages: Vec<(Timestamp, usize)>,
    authors: Vec<(String, Side)>,
    /// Up to three who write or read.
    people: BTreeSet<String>,
    customer: Option<String>,
    end: Timestamp,
}

/// Messages between two sweeps, at least.
const LEAST: usize = 64;

/// Gathers messages.
#[derive(Debug)]
pub struct Grouping {
    mapping: ConversationMapping,
    messages: Vec<String>,
    header: Vec<String>,
    zone: TimeZone,
    /// Of a file that is one chat.
    customer: Option<String>,
    open: HashMap<String, Open>,
    /// When the last conversation of a chat ended that is not open, and until when it could have gone on.
    ended: HashMap<u64, (Timestamp, Timestamp), BuildHasherDefault<DefaultHasher>>,
    /// Messages until the next sweep.
    to_sweep: usize,
    ready: VecDeque<RawRow>,
    counts: Messages,
}

impl Grouping {
    /// For rows with this header. `customer` is with whom the chat is, where a file is one.
    pub fn new(mapping: ConversationMapping, messages: &[String], zone: TimeZone, customer: Option<String>) -> Self {
        Self {
            mapping,
            messages: messages.to_vec(),
            header: COLUMNS.iter().map(|&name| name.to_owned()).chain(messages.iter().cloned()).collect(),
            zone,
            customer,
            open: HashMap::new(),
            ended: HashMap::default(),
            to_sweep: LEAST,
            ready: VecDeque::new(),
            counts: Messages::default(),
        }
    }

    /// The columns of what comes out.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What became of the messages so far.
    pub fn counts(&self) -> Messages {
        self.counts
    }

    /// What is complete: conversations, and messages that are none of any.
    pub fn pop(&mut self) -> Option<RawRow> {
        self.ready.pop_front()
    }

    /// Takes the next message.
    pub fn push(&mut self, raw: RawRow) {
        self.counts.read += 1;
        if let Err(reasons) = self.take(&raw) {
            self.counts.refused += 1;
            let record = COLUMNS.iter().map(|_| &b""[..]).chain(raw.record.iter()).collect();
            self.ready.push_back(RawRow {
                fault: Some(reasons.join("; ")),
                record,
                ..RawRow::new(raw.line, ByteRecord::new())
            });
        }
    }

    fn take(&mut self, raw: &RawRow) -> Result<(), Vec<String>> {
        let row = raw.texts(&self.messages)?;
        if self.mapping.leaves_out(&row) {
            self.counts.left_out += 1;
            return Ok(());
        }
        let faults =
            self.mapping.used.iter().filter_map(|(index, name)| Some(format!("{name:?} {}", row.unread(*index)?)));
        let faults: Vec<_> = faults.collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let author = self.mapping.author_of(&row);
        if author.is_empty() {
            return Err(vec!["has no author".to_owned()]);
        }
        let side = self.mapping.side(author).map_err(|why| vec![why])?;
        let recipients = self.mapping.recipients_of(&row);
        let customers = recipients.iter().find(|name| self.mapping.side(name) == Ok(Side::Customer));
        if self.mapping.recipients.is_some() && side != Side::Customer && customers.is_none() {
            self.counts.left_out += 1;
            return Ok(());
        }
        let customer = customers.map(|name| (*name).to_owned()).or_else(|| self.customer.clone());
        let chat = self.chat(&row, author, &recipients);
        let before = self.open.get(&chat).map(|open| open.end).or_else(|| Some(self.ended.get(&hash(&chat))?.0));
        let at = self.mapping.time_of(&row, &self.zone, before).map_err(|why| vec![why])?;
        self.place(&chat, at)?;
        let open = self.open.entry(chat).or_insert_with(|| Open::new(raw.clone(), at));
        open.add(raw.line, at, (author, side), customer);
        let readers = recipients.into_iter().map(str::to_owned);
        let bots = |name: &String| self.mapping.side(name) == Ok(Side::Bot);
        open.people.extend(readers.filter(|name| !bots(name)).take(3));
        while open.people.len() > 3 {
            open.people.pop_last();
        }
        self.sweep(at);
        Ok(())
    }

    /// What chat a message is of.
    fn chat(&self, row: &Row<'_>, author: &str, recipients: &[&str]) -> String {
        let by: Vec<_> = self.mapping.by.iter().map(|column| row.cell(column)).collect();
        if by.iter().any(|part| !self.mapping.missing.has(part)) {
            return by.join(" / ");
        }
        match &self.customer {
            Some(customer) => customer.clone(),
            None => {
                let all: BTreeSet<_> = recipients.iter().copied().chain([author]).collect();
                all.into_iter().collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Makes place for a message of this time, where the chat's conversation is over.
    fn place(&mut self, chat: &str, at: Timestamp) -> Result<(), Vec<String>> {
        let (end, until) = match self.open.get(chat) {
            Some(open) => (open.end, open.until(&self.mapping)),
            None => match self.ended.get(&hash(chat)) {
                Some(&ended) => ended,
                None => return Ok(()),
            },
        };
        if at > until {
            if let Some(open) = self.open.remove(chat) {
                self.close(chat, &open);
            }
            return Ok(());
        }
        let back = at.duration_until(end);
        if back > self.mapping.gap {
            return Err(vec![format!(
                "is of {at}, but the message before it in its chat of {end}: rows must be in the order of time"
            )]);
        }
        if self.open.contains_key(chat) {
            return Ok(());
        }
        Err(vec![format!(
            "belongs to the conversation that ended at {end}, and comes too late: rows must be in the order of time, or those of \
             a chat together"
        )])
    }

    /// Closes what the time of the rows has left behind, or will not come back to. Now and then: what stays open doubles at most
    /// between two sweeps, which then cost a constant for each message.
    fn sweep(&mut self, now: Timestamp) {
        self.to_sweep -= 1;
        if self.to_sweep > 0 {
            return;
        }
        let is_over = |open: &Open| now > open.until(&self.mapping) || now.duration_until(open.end) > self.mapping.wait;
        let over: Vec<_> = self.open.iter().filter(|(_, open)| is_over(open)).map(|(chat, _)| chat.clone()).collect();
        self.close_all(over);
        self.to_sweep = self.open.len().max(LEAST);
    }

    /// Closes what is open at the end of the file.
    pub fn finish(&mut self) {
        let all = self.open.keys().cloned().collect();
        self.close_all(all);
    }

    fn close_all(&mut self, chats: Vec<String>) {
        let mut over: Vec<_> =
            chats.into_iter().filter_map(|chat| self.open.remove(&chat).map(|open| (chat, open))).collect();
        over.sort_by_key(|(_, open)| open.first.line);
        over.iter().for_each(|(chat, open)| self.close(chat, open));
    }

    fn close(&mut self, chat: &str, open: &Open) {
        self.ended.insert(hash(chat), (open.end, open.until(&self.mapping)));
        self.counts.conversations += 1;
        self.ready.push_back(open.row(chat));
    }
}

fn hash(chat: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(chat)
}

impl Open {
    fn new(first: RawRow, at: Timestamp) -> Self {
        Self {
            last_line: first.line,
            first,
            messages: Vec::new(),
            authors: Vec::new(),
            people: BTreeSet::new(),
            customer: None,
            end: at,
        }
    }

    fn add(&mut self, line: u64, at: Timestamp, (author, side): (&str, Side), customer: Option<String>) {
        self.last_line = line;
        self.end = self.end.max(at);
        if side != Side::Bot {
            self.people.insert(author.to_owned());
        }
        let writes_first = side == Side::Customer && !self.has(|side| *side == Side::Customer);
        if writes_first {
            self.customer = Some(author.to_owned());
        } else if self.customer.is_none() {
            self.customer = customer;
        }
        let place = self.authors.iter().position(|(name, _)| name == author).unwrap_or_else(|| {
            self.authors.push((author.to_owned(), side));
            self.authors.len() - 1
        });
        self.messages.push((at, place));
    }

    fn has(&self, is: impl Fn(&Side) -> bool) -> bool {
        self.authors.iter().any(|(_, side)| is(side))
    }

    /// How long it may go on: what the customer asked and nobody answered waits longer, or every question of an evening would
    /// be one that nobody answered, and every answer of the next morning a contact of our own accord.
    fn until(&self, mapping: &ConversationMapping) -> Timestamp {
        let waits = self.has(|side| *side == Side::Customer) && !self.has(|side| matches!(side, Side::Staff(_)));
        let limit = if waits { mapping.wait } else { mapping.gap };
        self.end.checked_add(limit).unwrap_or(Timestamp::MAX)
    }

    fn row(&self, chat: &str) -> RawRow {
        // Messages may be told a little out of order.
        let mut messages: Vec<_> = self.messages.iter().map(|(at, place)| (*at, &self.authors[*place])).collect();
        messages.sort_by_key(|(at, _)| *at);
        let Some(&(begin, (begun_by, side))) = messages.first() else { return self.first.clone() };
        let from_customer = *side == Side::Customer;
        let is_answer = |side: &Side| match side {
            Side::Customer => !from_customer,
            Side::Staff(_) => from_customer,
            Side::Bot => false,
        };
        let answered = messages.iter().find(|(_, (_, side))| is_answer(side)).map(|(at, _)| at.to_string());
        let mut counts = [0_u64; 3];
        let mut staff: Vec<(&str, u64)> = Vec::new();
        for (_, (_, side)) in &messages {
            match side {
                Side::Customer => counts[0] += 1,
                Side::Bot => counts[2] += 1,
                Side::Staff(id) => {
                    counts[1] += 1;
                    match staff.iter_mut().find(|(one, _)| one == id) {
                        Some((_, count)) => *count += 1,
                        None => staff.push((id, 1)),
                    }
                }
            }
        }
        staff.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let others: Vec<_> = staff.iter().skip(1).map(|(id, _)| *id).collect();
        let customers = self.authors.iter().filter(|(_, side)| *side == Side::Customer).count();
        let (first, last) = (self.first.line, self.last_line);
        let cells: [String; COLUMNS.len()] = [
            chat.to_owned(),
            begin.to_string(),
            begun_by.clone(),
            side.name().to_owned(),
            answered.clone().unwrap_or_default(),
            if answered.is_some() { "answered" } else { "unanswered" }.to_owned(),
            self.end.to_string(),
            self.customer.clone().unwrap_or_default(),
            customers.to_string(),
            staff.first().map(|(id, _)| (*id).to_owned()).unwrap_or_default(),
            others.join(SEPARATOR),
            if self.people.len() > 2 { "yes" } else { "no" }.to_owned(),
            counts[0].to_string(),
            counts[1].to_string(),
            counts[2].to_string(),
            if first == last { first.to_string() } else { format!("{first}-{last}") },
        ];
        let record = cells.iter().map(String::as_bytes).chain(self.first.record.iter()).collect();
        RawRow::new(first, record)
    }
}

impl Side {
    /// As it stands in `conversation.side`.
    const fn name(&self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff(_) => "staff",
            Self::Bot => "bot",
        }
    }
}

/// Conversations, made of the rows of a table.
pub(crate) struct Grouped<'a> {
    pub(crate) messages: Box<dyn Rows + 'a>,
    pub(crate) grouping: Grouping,
    pub(crate) is_over: bool,
}

impl Rows for Grouped<'_> {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        loop {
            if let Some(row) = self.grouping.pop() {
                return Ok(Some(row));
            }
            if self.is_over {
                return Ok(None);
            }
            match self.messages.next_row()? {
                Some(raw) => self.grouping.push(raw),
                None => {
                    self.grouping.finish();
                    self.is_over = true;
                }
            }
        }
    }

    fn messages(&self) -> Option<Messages> {
        Some(self.grouping.counts())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::mapping::MappingFile;

    const HEADER: [&str; 4] = ["room", "from", "to", "at"];

    /// A message: room, from, to, minutes since 2026.
    type Message = (&'static str, &'static str, &'static str, i64);

    fn grouping(more: &str, customer: Option<&str>) -> Grouping {
        let text = format!("[conversation]\nauthor = 'from'\ntime = {{ column = 'at', format = 'epoch s' }}\n{more}");
        let header = HEADER.map(str::to_owned);
        let mapping = MappingFile::parse(&text).unwrap().conversations(&header).unwrap().unwrap();
        Grouping::new(mapping, &header, TimeZone::UTC, customer.map(str::to_owned))
    }

    const WECOM: &str = "recipients = 'to'\nby = 'room'\ncustomers = ['wm*', 'wo*']\nbots = 'wb*'";

    fn raw(line: u64, (room, from, to, minutes): Message) -> RawRow {
        let at = (1_767_225_600 + minutes * 60).to_string();
        RawRow::new(line, ByteRecord::from(vec![room, from, to, &at]))
    }

    /// The wanted columns of every conversation, or the fault of a row.
    fn run(mut grouping: Grouping, messages: &[Message], columns: &[&str]) -> Vec<Result<String, String>> {
        (1..).zip(messages).for_each(|(line, message)| grouping.push(raw(line, *message)));
        grouping.finish();
        let header = grouping.header().to_vec();
        let cell = |row: &RawRow, name: &str| {
            let place = header.iter().position(|column| column == &format!("conversation.{name}")).unwrap();
            String::from_utf8(row.record[place].to_vec()).unwrap()
        };
        let rows = std::iter::from_fn(|| grouping.pop());
        rows.map(|row| match &row.fault {
            Some(fault) => Err(format!("{}: {fault}", row.line)),
            None => Ok(columns.iter().map(|name| cell(&row, name)).collect::<Vec<_>>().join("|")),
        })
        .collect()
    }

    #[test]
    fn silence_ends_a_conversation_and_a_question_waits_for_its_answer() {
        let messages = [
            ("", "Ann", "", 0),
            ("", "Ann", "", 5),
            ("", "Support", "", 15 * 60),
            ("", "Ann", "", 15 * 60 + 10),
            ("", "Support", "", 24 * 60),
            ("", "Support", "", 24 * 60 + 1),
        ];
        let columns =
            ["side", "begin", "answered", "state", "end", "customer_messages", "staff_messages", "customer", "lines"];
        let rows = run(grouping("staff = { Support = 'desk' }", Some("Ann")), &messages, &columns);
        let expected = [
            "customer|2026-01-01T00:00:00Z|2026-01-01T15:00:00Z|answered|2026-01-01T15:10:00Z|3|1|Ann|1-4",
            "staff|2026-01-02T00:00:00Z||unanswered|2026-01-02T00:01:00Z|0|2|Ann|5-6",
        ];
        assert_eq!(rows, expected.map(|row| Ok(row.to_owned())));
        // A shorter wait leaves the question without an answer.
        let rows =
            run(grouping("staff = 'Support'\nwait = '6:00:00'", Some("Ann")), &messages, &["side", "state", "lines"]);
        assert_eq!(rows[..2], ["customer|unanswered|1-2", "staff|answered|3-4"].map(|row| Ok(row.to_owned())));
    }

    #[test]
    fn chats_are_told_apart_by_who_takes_part_or_by_their_room() {
        let messages = [
            ("", "wm1", "lili", 0),
            ("", "wm2", "lili", 1),
            ("", "lili", "wm1", 2),
            ("r", "wm1", "lili, wang, wm2", 3),
            ("", "lili", "wang", 4),
            ("r", "wb1", "lili, wang, wm1, wm2", 5),
            ("r", "wang", "lili, wm1, wm2", 6),
            ("r", "wm2", "lili, wang, wm1", 7),
            ("r", "lili", "wang, wm1, wm2", 8),
            ("r", "lili", "wang, wm1, wm2", 9),
            ("", "wang", "wm3", 10),
        ];
        let columns = ["chat", "customer", "customers", "staff", "other_staff", "group", "bot_messages", "side"];
        let rows = run(grouping(WECOM, None), &messages, &columns);
        let expected = [
            "lili, wm1|wm1|1|lili||no|0|customer",
            "lili, wm2|wm2|1|||no|0|customer",
            "r|wm1|2|lili|wang|yes|1|customer",
            "wang, wm3|wm3|0|wang||no|0|staff",
        ];
        assert_eq!(rows, expected.map(|row| Ok(row.to_owned())));
        let mut counted = grouping(WECOM, None);
        (1..).zip(messages).for_each(|(line, message)| counted.push(raw(line, message)));
        counted.finish();
        assert_eq!(counted.counts(), Messages { read: 11, left_out: 1, refused: 0, conversations: 4 });
    }

    #[test]
    fn what_comes_too_late_or_from_nobody_is_refused() {
        let both = "staff = 'Support'\ncustomers = 'Ann'";
        let messages = [
            ("", "Ann", "", 600),
            ("", "Support", "", 590),
            ("", "Bob", "", 601),
            ("", "", "", 602),
            ("", "Ann", "", 10),
        ];
        let rows = run(grouping(both, Some("Ann")), &messages, &["begin", "lines"]);
        assert!(
            rows[0].as_ref().unwrap_err().starts_with("3: \"Bob\" is neither in staff nor in customers"),
            "{rows:?}"
        );
        assert_eq!(rows[1], Err("4: has no author".to_owned()));
        assert!(rows[2].as_ref().unwrap_err().contains("in the order of time"), "{rows:?}");
        // A little out of order is sorted.
        assert_eq!(rows[3], Ok("2026-01-01T09:50:00Z|1-2".to_owned()));
        // A chat that was closed because the rows went on to others long ago.
        let mut late: Vec<Message> = vec![("a", "wm1", "lili", 0), ("a", "lili", "wm1", 1)];
        late.extend((0..200).map(|minute| ("b", "wm2", "lili", 10_000 + minute)));
        late.push(("a", "wm1", "lili", 2));
        let rows = run(grouping(WECOM, None), &late, &["lines"]);
        assert!(rows[1].as_ref().unwrap_err().contains("comes too late"), "{rows:?}");
    }

    #[test]
    fn a_repeated_hour_is_read_in_the_order_of_the_chat() {
        let header = HEADER.map(str::to_owned);
        let text =
            "time_zone = 'Europe/Berlin'\n[conversation]\nauthor = 'from'\ntime = { column = 'at' }\nstaff = 'S'";
        let mapping = MappingFile::parse(text).unwrap().conversations(&header).unwrap().unwrap();
        let mut grouping = Grouping::new(mapping, &header, TimeZone::UTC, Some("A".to_owned()));
        for (line, at) in (1..).zip(["2026-10-25T02:50:00", "2026-10-25T02:10:00"]) {
            grouping.push(RawRow::new(line, ByteRecord::from(vec!["", "A", "", at])));
        }
        grouping.finish();
        let row = grouping.pop().unwrap();
        assert_eq!((&row.record[1], &row.record[6]), (&b"2026-10-25T00:50:00Z"[..], &b"2026-10-25T01:10:00Z"[..]));
    }

    #[test]
    fn mistakes_of_the_section_are_reported() {
        let header = HEADER.map(str::to_owned);
        let mistakes = |text: &str| MappingFile::parse(text).unwrap().conversations(&header).unwrap_err().0;
        let found = mistakes("[conversation]\ngap = 'x'\nwait = '1:00:00'\nauthor = 'who'\nteam = 1");
        for problem in [
            "conversation.time: must be given",
            "conversation.gap: must be seconds or h:mm:ss",
            "conversation.gap: must be more than nothing, and wait no shorter",
            "conversation: needs staff, customers or both",
            "conversation.author: the file has no column \"who\"",
            "conversation.team: is not known here",
        ] {
            assert!(found.iter().any(|one| one.starts_with(problem)), "{problem} is not in {found:#?}");
        }
        let open = mistakes("[conversation]\nauthor = 'from'\ntime = { column = 'at' }\nstaff = '?'");
        assert!(open[0].contains("only you can answer"), "{open:?}");
    }

    fn any_messages() -> impl Strategy<Value = Vec<Message>> {
        let who = prop::sample::select(vec![
            ("", "wm1", "lili"),
            ("", "lili", "wm1"),
            ("", "wm2", "lili"),
            ("r", "wang", "lili, wm1, wm2"),
            ("r", "wm1", "lili, wang, wm2"),
        ]);
        prop::collection::vec((who, 0i64..500), 1..200).prop_map(|steps| {
            let mut now = 0;
            let message = |((room, from, to), step): ((&'static str, &'static str, &'static str), i64)| {
                now += step;
                (room, from, to, now)
            };
            steps.into_iter().map(message).collect()
        })
    }

    proptest! {
        #[test]
        fn every_message_is_in_exactly_one_conversation(messages in any_messages()) {
            let counts = ["customer_messages", "staff_messages", "bot_messages"];
            let rows = run(grouping(WECOM, None), &messages, &counts);
            let sum: usize =
                rows.iter().flat_map(|row| row.as_ref().unwrap().split('|')).map(|count| count.parse::<usize>().unwrap()).sum();
            prop_assert_eq!(sum, messages.len());
        }

        /// An earlier export has the same conversations, but for the last of each chat, which keeps its key.
        #[test]
        fn an_export_cut_short_has_the_same_conversations(messages in any_messages(), share in 0usize..100) {
            let columns = ["chat", "begin", "begun_by", "end", "customer_messages", "staff_messages", "state", "lines"];
            let key = |row: &str| row.split('|').take(3).collect::<Vec<_>>().join("|");
            let of = |messages: &[Message]| -> BTreeMap<String, String> {
                run(grouping(WECOM, None), messages, &columns).into_iter().map(|row| row.map(|row| (key(&row), row)).unwrap()).collect()
            };
            let (whole, part) = (of(&messages), of(&messages[..messages.len() * share / 100]));
            let mut differing = BTreeMap::<String, usize>::new();
            for (key, row) in part {
                prop_assert!(whole.contains_key(&key), "{key} is not in the longer export");
                if whole[&key] != row {
                    *differing.entry(key.split('|').next().unwrap_or_default().to_owned()).or_default() += 1;
                }
            }
            prop_assert!(differing.values().all(|count| *count == 1), "{differing:?}");
        }
    }

    #[test]
    fn few_conversations_are_held_however_many_there_were() {
        let mut grouping = grouping(WECOM, None);
        for room in 0..2_000_u32 {
            let at = (1_767_225_600 + i64::from(room) * 1_000).to_string();
            let cells = [room.to_string(), "lili".to_owned(), "wm1, wm2".to_owned(), at];
            grouping.push(RawRow::new(room.into(), ByteRecord::from(cells.to_vec())));
            assert!(grouping.open.len() <= 2 * LEAST, "{}", grouping.open.len());
        }
    }
}
