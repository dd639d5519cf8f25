//! The import engine: delimited files become messages by a declarative mapping file.
//!
//! Pure: it reads a file and a mapping and hands out messages; sending them is up to the command
//! (`rapport import`). Nothing is guessed: a row that cannot be read as the mapping says is rejected with every reason,
//! the others go in.
//!
//! | file | subject |
//! |---|---|
//! | `lines` | the physical lines of a file |
//! | `cells` | a row's text as cells, where quotation marks are meant as they stand |
//! | `chat` | a chat that WhatsApp exported, as rows |
//! | `conversation`, `conversations` | what a mapping says of messages, and messages gathered into conversations |
//! | `table` | a delimited file as rows with exact line numbers |
//! | `section` | reading TOML so that every mistake is reported at once |
//! | `names` | texts as values: enum names, counts, durations |
//! | `field` | one value of a message from the columns of a row |
//! | `instant` | dates and times in any format, time zones, midnight |
//! | `mapping` | the mapping file |
//! | `moment`, `times`, `zone` | when something happened, by dates, durations and zones |
//! | `number`, `duration`, `calendar` | numbers, durations and dates in the words of many languages |
//! | `rows` | a row becomes a message |
//! | `judge` | the rows of a whole file, whatever they are |
//! | `people` | whom rows name and the directory may not know |
//! | `shipped` | the mappings that come with the program |
//! | `suggest` | a mapping for a file that nobody described |
//! | `rejects` | the file of rows that were not taken |
//!
//! # The mapping file
//! The files in `examples/mappings/` show it in use. At the top:
//!
//! | key | meaning |
//! |---|---|
//! | `source` | name of the file's system; with the key it makes a row's request id, so renaming it imports everything again |
//! | `delimiter` | one character; default: what a line `sep=` says, else what makes equal rows, else by the extension |
//! | `encoding` | of a text, by its name on the web: `"gb18030"`, `"windows-1252"`; a mark in the file counts for more; default: UTF-8, else found |
//! | `header_line` | line, or row of a sheet, with the names of the columns; default: the first that looks like it |
//! | `header` | `false`: there is none, and columns are called `A`, `B`, ... as in a sheet |
//! | `sheet` | of a workbook; default: the first that has rows |
//! | `records` | of a JSON object, the keys of the array that has the records, with points between them; default: the only one |
//! | `dates` | of an exported chat whose dates do not say it: `"day first"`, `"month first"` or `"year first"` |
//! | `quoting` | `false`: quotation marks are ordinary characters; needs `delimiter` |
//! | `missing` | texts that mean "no value" in every column; the empty text always does |
//! | `time_zone` | IANA name for local times; default: the organisation's |
//! | `key` | column or columns that identify a row (interactions only) |
//! | `[[skip]]` | `column`, `values`, `reason`: rows to leave out, counted as skipped |
//! | `[[keep]]` | the same keys: the only rows to take; the others are counted as skipped |
//! | `[unknown]` | `teams`, `staff`, `customers`: `"create"` or `"reject"` (default); `customer_standing` of created ones |
//! | `[interaction]` | the fields of an interaction (`import interactions`) |
//! | `[conversation]` | how rows that are messages become conversations (`import interactions`); then `[[skip]]` and `[[keep]]` are about messages, and `key` and `[interaction]` about conversations |
//! | `mode`, `[team]`, `[staff_member]`, `[customer]` | the records of a directory row (`import directory`) |
//!
//! A **field** is one rule or a list of rules; the first that yields a value wins. A rule has
//!
//! | key | meaning |
//! |---|---|
//! | `column` or `constant` | where the text comes from; blanks around a cell are dropped |
//! | `missing` | more texts that mean "no value" here |
//! | `values` | table from the file's words to ours; an unknown word rejects the row |
//! | `default` | what an unknown word becomes instead |
//! | `when` | table from column to value or values; the rule counts only where all hold |
//!
//! Enum values are written as in summaries: lower case without prefix (`inbound_call`). Durations are seconds or
//! `h:mm:ss` unless a rule's `format` says otherwise (`s`, `ms`, `min`, `h`, `d`, `h:mm:ss`, `mm:ss`, `h:mm`, `h:mm am/pm`,
//! `words`; several may be listed). Numbers have a point before their fraction, or a comma with `decimal = ","` at the top; amounts
//! of money and grouped digits are refused.
//!
//! An **instant** (`arrived_time`, `requested_time`, `connected_time`, `ended_time`) is a table: `from` is one rule or a
//! list of rules with `column` or `columns` (joined by a blank; missing if one of them is), `format` (strptime
//! directives; several may be listed, the first that fits wins; default RFC 3339, with or without offset), `missing`
//! and `when`. `missing_if_earlier_than` and `missing_if_later_than` name another instant; both look at the instants as
//! they were read, before any of them was dropped. With `roll_over_at_midnight = true` in `[interaction]`, a local
//! time more than 12 hours earlier than the known instant before it is of the next day. A local time that a
//! clock change skips rejects the row; one that it repeats is read so that the row's own instants keep their order, and as
//! the earlier of the two where that does not tell. Formats are also `standard`, `epoch s`, `epoch ms`, `epoch us`, `epoch ns`,
//! `excel` and `excel 1904`; `time_of_day` names a column with the time beside a date, in a form of durations; `time_zone` is a
//! zone's name, an offset, or a table with the `column` that names it. A rule with `after` or `before` another instant and a
//! `column` with a duration tells an instant by that one; `longest` allows durations above 366 days.
//!
//! In `[[interaction.participants]]`, `separator` is what stands between the ids where `staff_id` yields several.
//!
//! # Conversations
//! `[conversation]` gathers messages:
//!
//! | key | meaning |
//! |---|---|
//! | `time` | when a message was written: an instant's `from` |
//! | `author` | the column with who wrote it |
//! | `recipients` | the column with who read it, joined by `, `; a message in which no customer takes part is left out |
//! | `by` | columns that name the chat; where they are empty, those who take part do; without `recipients`, a file is one chat |
//! | `staff` | names of colleagues, or a table from their names to our ids |
//! | `customers`, `bots` | names, or how names begin: `"wm*"` |
//! | `gap` | silence that ends a conversation; default `"4:00:00"` |
//! | `wait` | silence in which a question waits that nobody of ours has answered; default `"72:00:00"` |
//!
//! An author is a customer if only `staff` is given and does not have them, a colleague by their name if only `customers` is
//! given; where both are, whom neither has is refused. The columns of a conversation are
//!
//! | column | holds |
//! |---|---|
//! | `conversation.chat` | what `by` names, else the chat's customer, else all who take part |
//! | `conversation.begin`, `.end` | the first and the last message |
//! | `conversation.begun_by`, `.side` | who wrote first, as the file names them; `customer`, `staff` or `bot` |
//! | `conversation.answered`, `.state` | the first message of the other side, `answered` or `unanswered`; bots do not answer |
//! | `conversation.customer`, `.customers` | the customer who wrote first, else the chat's; how many wrote |
//! | `conversation.staff`, `.other_staff` | the id of the colleague who wrote most, and of the others, joined by `; ` |
//! | `conversation.group` | `yes` if more than two people take part, else `no` |
//! | `conversation.customer_messages`, `.staff_messages`, `.bot_messages` | how many messages |
//! | `conversation.lines` | the lines of the file, from first to last |
//!
//! and behind them those of its first message. The key `["conversation.chat", "conversation.begin", "conversation.begun_by"]` is
//! the same in a later export.

mod archive;
pub mod calendar;
mod cells;
pub mod chat;
pub mod conversation;
pub mod conversations;
mod delimited;
mod detect;
pub mod duration;
mod encoding;
pub mod field;
pub mod instant;
mod json;
pub mod judge;
mod kind;
mod lines;
pub mod mapping;
pub mod moment;
pub mod names;
pub mod number;
pub mod people;
pub mod rejects;
pub mod rows;
pub mod section;
pub mod seen;
mod sheet;
pub mod shipped;
mod stream;
pub mod suggest;
pub mod table;
pub mod times;
pub mod values;
pub mod zone;
