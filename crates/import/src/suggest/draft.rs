//! A mapping as it is put together, and as it is written: every line with what speaks for it.

use std::fmt::Write as _;

/// A mapping in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// What is said before anything else.
    pub(super) head: Vec<String>,
    /// Keys at the top.
    pub(super) top: Vec<Line>,
    /// Tables, in order, each with its keys.
    pub(super) sections: Vec<Section>,
    /// What is said behind everything else.
    pub(super) tail: Vec<String>,
}

/// A table of the mapping.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// As it stands between the brackets.
    pub(super) name: &'static str,
    /// Whether it is one of several of this name.
    pub(super) is_list: bool,
    /// Its keys.
    pub(super) lines: Vec<Line>,
}

/// A key with its value and what is said of it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Comments above it.
    pub(super) comments: Vec<String>,
    /// The key, as it is written.
    pub(super) key: String,
    /// The value, as it is written.
    pub(super) value: String,
}

impl Line {
    /// A key with a value in TOML.
    pub(super) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { comments: Vec::new(), key: key.into(), value: value.into() }
    }

    /// With a comment above it.
    pub(super) fn saying(mut self, comment: impl Into<String>) -> Self {
        self.comments.push(comment.into());
        self
    }

    /// With comments above it.
    pub(super) fn saying_all(mut self, comments: impl IntoIterator<Item = String>) -> Self {
        self.comments.extend(comments);
        self
    }
}

impl Draft {
    /// Adds a key to a table, which is made where it is not there.
    pub(super) fn add(&mut self, section: &'static str, line: Line) {
        match self.sections.iter_mut().find(|one| one.name == section) {
            Some(found) => found.lines.push(line),
            None => self.sections.push(Section { name: section, is_list: false, lines: vec![line] }),
        }
    }

    /// Adds a table of which there may be several.
    pub(super) fn add_list(&mut self, name: &'static str, lines: Vec<Line>) {
        self.sections.push(Section { name, is_list: true, lines });
    }

    /// What is asked.
    pub(super) fn questions(&self) -> Vec<String> {
        let lines = self.top.iter().chain(self.sections.iter().flat_map(|section| &section.lines));
        let comments = lines.flat_map(|line| &line.comments);
        comments.filter_map(|comment| comment.strip_prefix("QUESTION: ").map(str::to_owned)).collect()
    }

    /// The mapping's text.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.head.iter().for_each(|line| comment(&mut out, line));
        out.push('\n');
        self.top.iter().for_each(|line| write_line(&mut out, line));
        for section in &self.sections {
            let (open, close) = if section.is_list { ("[[", "]]") } else { ("[", "]") };
            let _ = writeln!(out, "\n{open}{}{close}", section.name);
            section.lines.iter().for_each(|line| write_line(&mut out, line));
        }
        if !self.tail.is_empty() {
            out.push('\n');
            self.tail.iter().for_each(|line| comment(&mut out, line));
        }
        out
    }
}

fn write_line(out: &mut String, line: &Line) {
    line.comments.iter().for_each(|text| comment(out, text));
    let _ = writeln!(out, "{} = {}", line.key, line.value);
}

const WIDTH: usize = 118;

/// A comment, broken at blanks; nothing in it can end it.
fn comment(out: &mut String, text: &str) {
    let text: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > 1 {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#  ");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A text as TOML writes it, on one line: as JSON does, but for one character that TOML wants escaped.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A text as a key.
pub(super) fn key(text: &str) -> String {
    let bare =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare { text.to_owned() } else { quoted(text) }
}

/// A list of texts.
pub(super) fn list(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        texts => format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
    }
}

/// A value for a comment: short, and on one line.
pub(super) fn shown(text: &str) -> String {
    const LENGTH: usize = 40;
    let one_line: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    match one_line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("\"{}...\"", &one_line[..end]),
        None => format!("\"{one_line}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut draft = Draft { head: vec!["a \n comment".to_owned()], ..Draft::default() };
        let nasty = "a\"b'c\\d\ne\t\u{7f}客";
        draft.top.push(Line::new("source", quoted(nasty)).saying("why\nsource = 1"));
        draft.add("interaction.context.attributes", Line::new(key(nasty), "{ column = \"x\" }"));
        draft
            .add_list("interaction.participants", vec![Line::new("staff_id", list(&["x".to_owned(), "y".to_owned()]))]);
        let read: toml::Table = draft.text().parse().unwrap();
        assert_eq!(read["source"].as_str(), Some(nasty));
        assert!(read["interaction"]["context"]["attributes"].as_table().unwrap().contains_key(nasty));
        assert_eq!(read["interaction"]["participants"][0]["staff_id"].as_array().unwrap().len(), 2);
    }
}
