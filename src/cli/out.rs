//! The one way out: everything the program prints goes through here, because much of it was written by others. A title, a topic
//! or an id from a file could otherwise steer the terminal, turn a line round, or end it and begin one that looks like ours.
//! `clippy.toml` refuses the ways past it.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    io::{self, IsTerminal as _, Write},
};

use comfy_table::{CellAlignment, presets};

use rapport_contract::printable::is_printable;

/// Takes text and lets pass what can be printed, and ends of lines. Every other character comes out as `\uXXXX`, in two parts
/// beyond U+FFFF: within a text of JSON that is the same text still. Bytes that are no UTF-8 come out as U+FFFD.
#[derive(Debug)]
pub struct Printer<W> {
    inner: W,
    /// The beginning of a character whose rest has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Printer<W> {
    /// Prints to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, begun: Vec::new() }
    }
}

impl<W: Write> Write for Printer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        let (mut rest, mut text) = (all.as_slice(), String::with_capacity(all.len()));
        while let Err(error) = std::str::from_utf8(rest) {
            let (valid, after) = rest.split_at(error.valid_up_to());
            escape(&String::from_utf8_lossy(valid), &mut text);
            match error.error_len() {
                Some(length) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = after.get(length..).unwrap_or_default();
                }
                None => {
                    self.begun = after.to_vec();
                    rest = &[];
                }
            }
        }
        escape(&String::from_utf8_lossy(rest), &mut text);
        self.inner.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.begun).is_empty() {
            write!(self.inner, "{}", char::REPLACEMENT_CHARACTER)?;
        }
        self.inner.flush()
    }
}

/// Standard output, for what was asked for.
#[allow(clippy::disallowed_methods, reason = "this is the way out")]
pub fn stdout() -> Printer<io::Stdout> {
    Printer::new(io::stdout())
}

/// Standard error, for what was not.
#[allow(clippy::disallowed_methods, reason = "this is the way out")]
pub fn stderr() -> Printer<io::Stderr> {
    Printer::new(io::stderr())
}

/// Whether somebody is looking at what standard error shows.
#[allow(clippy::disallowed_methods, reason = "nothing is printed")]
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Hands on a file as it is, since its hash must hold. Where standard output is a terminal it is shown like anything else.
///
/// # Errors
/// Nobody takes it.
#[allow(clippy::disallowed_methods, reason = "this is the way out")]
pub fn file(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    if out.is_terminal() {
        return stdout().write_all(bytes);
    }
    out.write_all(bytes)?;
    out.flush()
}

/// Says on standard error why a command failed. Where that takes several lines all but the first are indented, so that none of
/// them can pass for another error.
pub fn complain(error: &anyhow::Error) {
    let text = format!("error: {error:#}");
    let mut lines = text.lines();
    let mut out = stderr();
    // Nobody is left to tell where this fails.
    _ = writeln!(out, "{}", lines.next().unwrap_or_default());
    for line in lines {
        let indent = if line.starts_with("  ") { "" } else { "  " };
        _ = writeln!(out, "{indent}{line}");
    }
}

/// Prints a line on standard output; gives an [`io::Result`], because its reader may have gone.
macro_rules! say {
    ($($told:tt)*) => { std::io::Write::write_fmt(&mut $crate::cli::out::stdout(), format_args!("{}\n", format_args!($($told)*))) };
}

/// Prints a line on standard error. Nothing comes of it where nobody takes it: it was said by the way.
macro_rules! note {
    ($($told:tt)*) => {
        _ = std::io::Write::write_fmt(&mut $crate::cli::out::stderr(), format_args!("{}\n", format_args!($($told)*)))
    };
}

pub(crate) use {note, say};

/// An instant of the contract, if it is one.
pub fn instant(at: Option<prost_types::Timestamp>) -> Option<jiff::Timestamp> {
    at.and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok())
}

/// An instant as the contract has it.
pub fn timestamp(at: jiff::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant of the contract to the minute, for people; empty: it is none.
pub fn minute(zone: &jiff::tz::TimeZone, at: Option<prost_types::Timestamp>) -> String {
    instant(at).map_or_else(String::new, |at| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string())
}

/// An instant of the contract by RFC 3339, for programs.
pub fn rfc3339(at: Option<prost_types::Timestamp>) -> serde_json::Value {
    instant(at).map_or(serde_json::Value::Null, |at| at.to_string().into())
}

/// What somebody else wrote, for a line of ours: its line breaks are written out, so that it makes no line of its own.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|one| one == '\n' || !is_printable(one)) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for (number, part) in text.split('\n').enumerate() {
        if number > 0 {
            line.push_str("\\n");
        }
        escape(part, &mut line);
    }
    Cow::Owned(line)
}

/// A table without lines. Every cell is one line, no matter who wrote it; only the header, which is ours, may have several.
pub struct Table(comfy_table::Table);

/// A table with this header and these rows; the columns named are aligned to the right.
pub fn table<H, R>(
    header: impl IntoIterator<Item = H>,
    rows: impl IntoIterator<Item = R>,
    right: impl IntoIterator<Item = usize>,
) -> Table
where
    H: fmt::Display,
    R: IntoIterator<Item: AsRef<str>>,
{
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.into_iter().map(|title| title.to_string()));
    let cells = |row: R| row.into_iter().map(|cell| one_line(cell.as_ref()).into_owned()).collect::<Vec<_>>();
    table.add_rows(rows.into_iter().map(cells));
    for column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Table(table)
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

fn escape(text: &str, out: &mut String) {
    for one in text.chars() {
        if one == '\n' || is_printable(one) {
            out.push(one);
        } else {
            let mut units = [0; 2];
            for unit in one.encode_utf16(&mut units) {
                // Writing to a text cannot fail.
                _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// A figure with so many digits behind the point; what rounds to nothing has no sign.
pub fn figure(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|one| matches!(one, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn printed(text: &str) -> String {
        let mut out = Printer::new(Vec::new());
        write!(out, "{text}").unwrap();
        String::from_utf8(out.inner).unwrap()
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        let expected = [
            ("a\u{1b}[2Jb", "a\\u001b[2Jb"),
            ("a\r\u{7}\u{7f}\u{9b}", "a\\u000d\\u0007\\u007f\\u009b"),
            ("\u{202e}drow\u{2028}", "\\u202edrow\\u2028"),
            ("\u{e0041}", "\\udb40\\udc41"),
            ("王女士\n– “ok” 😀", "王女士\n– “ok” 😀"),
        ];
        for (text, printed) in expected {
            assert_eq!(self::printed(text), printed);
        }
    }

    #[test]
    fn a_line_of_ours_stays_one() {
        assert_eq!(one_line("title\nerror: gone\r\n"), "title\\nerror: gone\\u000d\\n");
        assert!(matches!(one_line("王女士"), Cow::Borrowed("王女士")));
        let table = table(["name", "n\nof"], [["a\nb", "1"], ["c\r\u{1b}", "10"]], [1]).to_string();
        let lines: Vec<_> = table.lines().map(str::trim).collect();
        assert_eq!(lines, ["name            n", "of", "a\\nb            1", "c\\u000d\\u001b  10"]);
    }

    #[test]
    fn characters_may_come_in_parts_and_nonsense_too() {
        let mut out = Printer::new(Vec::new());
        for byte in "é王😀\u{9b}".bytes() {
            out.write_all(&[byte]).unwrap();
        }
        out.write_all(b"\xff\xe7\x8e").unwrap();
        out.flush().unwrap();
        assert_eq!(String::from_utf8(out.inner).unwrap(), "é王😀\\u009b\u{fffd}\u{fffd}");
    }

    /// Much of what must not pass, among other things.
    fn hostile() -> impl Strategy<Value = String> {
        let bad = prop::sample::select(vec![
            '\u{1b}',
            '\r',
            '\n',
            '\u{7}',
            '\u{0}',
            '\t',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{200b}',
            '\u{202e}',
            '\u{2029}',
            '\u{2066}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0001}',
            '\\',
            '"',
            'u',
        ]);
        prop::collection::vec(prop_oneof![bad, any::<char>()], 0..40).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_but_printable_text_and_line_ends_comes_out(text in hostile()) {
            prop_assert!(printed(&text).chars().all(|one| one == '\n' || is_printable(one)));
            prop_assert!(one_line(&text).chars().all(is_printable));
            prop_assert_eq!(printed(&one_line(&text)), one_line(&text));
        }

        #[test]
        fn json_stays_the_same(key in hostile(), text in hostile()) {
            let value = json!({ (key): [text, 1.5, null] });
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(&serde_json::from_str::<Value>(&printed(&text)).unwrap(), &value);
            }
        }

        #[test]
        fn a_row_is_a_line(cells in prop::collection::vec(hostile(), 3), after in hostile()) {
            let rows = [cells, vec![after.clone(), after.clone(), after]];
            prop_assert_eq!(table(["a", "b", "c"], rows, [2]).to_string().split('\n').count(), 3);
        }
    }
}
