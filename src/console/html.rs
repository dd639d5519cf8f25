//! Pages without script, for people without an account: what those of surveys and of invited judges have in common.

use bytes::Bytes;
use http::{Response, StatusCode};

/// A page, and whether it was asked for by a token that nobody was given.
pub(crate) struct Page {
    pub(crate) response: Response<Bytes>,
    pub(crate) is_guess: bool,
}

impl Page {
    pub(crate) fn told(status: StatusCode, html: &str) -> Self {
        Self { response: super::page(status, html.to_owned()), is_guess: false }
    }

    /// Of a token that leads nowhere.
    pub(crate) fn guess(html: &str) -> Self {
        Self { is_guess: true, ..Self::told(StatusCode::NOT_FOUND, html) }
    }
}

/// What stands around every page.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// BCP 47.
    pub(crate) language: &'static str,
    pub(crate) title: &'static str,
    /// How the page leads to the root of the console, which a proxy may have put anywhere: `..` a step.
    pub(crate) root: &'static str,
}

impl Frame {
    /// Up to the content of `main`.
    pub(crate) fn begin(self) -> String {
        format!(
            "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
             <title>{}</title><link rel=\"stylesheet\" href=\"{}{}\"><main>",
            self.language,
            self.title,
            self.root,
            super::form_style()
        )
    }

    /// A page that says one thing.
    pub(crate) fn sentence(self, text: &str) -> String {
        format!("{}<h1>{}</h1></main></html>", self.begin(), escape(text))
    }
}

/// Text as HTML shows it, in elements and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// Of those there are, the one for a locale, or for what a browser accepts: Chinese where that comes first, else English.
pub(crate) fn is_chinese(language: &str) -> bool {
    let first = language.split([',', ';', '-', '_']).next().unwrap_or_default().trim();
    first.eq_ignore_ascii_case("zh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        assert_eq!(escape("<b a=\"x\" c='y'>&"), "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
    }

    #[test]
    fn the_language_is_the_first_that_is_wished() {
        for (wished, chinese) in
            [("zh-CN,en;q=0.8", true), ("zh", true), ("ZH_TW", true), ("en-GB,zh", false), ("de", false), ("", false)]
        {
            assert_eq!(is_chinese(wished), chinese, "{wished}");
        }
    }
}
