//! What somebody finds who looks whether all is well: of one thing, how it is, and what to do about it.

/// How one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// Not looked at; why is told.
    Unchecked,
    /// It works, and somebody should know.
    Doubtful,
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) subject: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) words: String,
    /// What to do; empty where there is nothing to do.
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn good(subject: &'static str, words: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Good, words: words.into(), remedy: String::new() }
    }

    pub(crate) fn unchecked(subject: &'static str, words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unchecked, ..Self::good(subject, words) }
    }

    pub(crate) fn doubtful(subject: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, remedy: remedy.into(), ..Self::good(subject, words) }
    }

    pub(crate) fn bad(subject: &'static str, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, remedy: remedy.into(), ..Self::good(subject, words) }
    }

    /// Good, in these words, or bad by this error.
    pub(crate) fn of(subject: &'static str, found: anyhow::Result<String>) -> Self {
        match found {
            Ok(words) => Self::good(subject, words),
            Err(error) => Self::bad(subject, format!("{error:#}"), ""),
        }
    }
}
