//! The words of a survey, and those that the server comes with.

use serde::{Deserialize, Serialize};

use crate::api::{kinds::POINTS, v1::ScaleDirection};

/// How a survey is put in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wording {
    /// BCP 47.
    pub(crate) locale: String,
    /// Empty: the shipped one.
    pub(crate) question: String,
    /// Names of the scores from 1 to 5; none: the shipped ones.
    pub(crate) labels: Vec<String>,
}

/// What is shipped for one language.
struct Shipped {
    language: &'static str,
    /// By level, the worst first.
    levels: [&'static str; POINTS as usize],
    question: fn(&str) -> String,
    separator: &'static str,
}

const SHIPPED: [Shipped; 2] = [
    Shipped {
        language: "zh",
        levels: ["非常不满意", "不满意", "一般", "满意", "非常满意"],
        question: |scale| {
            format!("请您为本次服务评分，直接回复数字：{scale}。如果不是服务人员的原因，请在后面加 0，例如：3 0")
        },
        separator: "，",
    },
    Shipped {
        language: "en",
        levels: ["very dissatisfied", "dissatisfied", "neutral", "satisfied", "very satisfied"],
        question: |scale| {
            format!(
                "How satisfied were you with our service? Reply with a number: {scale}. \
                If it was not our colleague's fault, add 0, for example: 3 0"
            )
        },
        separator: ", ",
    },
];

impl Wording {
    /// Whether the server comes with words for the language.
    pub(super) fn has_shipped_words(&self) -> bool {
        shipped(&self.locale).is_some()
    }

    /// With shipped words for what is left out, if there are any.
    fn complete(self, direction: ScaleDirection) -> Self {
        let Some(shipped) = shipped(&self.locale) else { return self };
        let Self { locale, mut question, mut labels } = self;
        if labels.is_empty() {
            let label = |score| shipped.levels[(direction.level(score) - 1) as usize].to_owned();
            labels = (1..=POINTS).map(label).collect();
        }
        if question.is_empty() {
            question = (shipped.question)(&scale(&labels, direction, shipped.separator));
        }
        Self { locale, question, labels }
    }
}

/// Whether a question is one that the server comes with, whatever the labels in it.
pub(crate) fn is_shipped_question(question: &str) -> bool {
    const LABELS: &str = "\n";
    SHIPPED.iter().any(|shipped| {
        let shipped = (shipped.question)(LABELS);
        let around = shipped.split_once(LABELS);
        around.is_some_and(|(before, after)| question.starts_with(before) && question.ends_with(after))
    })
}

/// The scores with their labels, the best first.
pub(crate) fn scale(labels: &[String], direction: ScaleDirection, separator: &str) -> String {
    let mut scale: Vec<String> = labels.iter().zip(1..).map(|(label, score)| format!("{score} {label}")).collect();
    if direction.level(1) == 1 {
        scale.reverse();
    }
    scale.join(separator)
}

/// All words of a survey that is published: those told, and the shipped ones for what was left out.
pub(crate) fn complete(told: Vec<Wording>, direction: ScaleDirection) -> Vec<Wording> {
    let mut wordings = told;
    for Shipped { language, .. } in &SHIPPED {
        if !wordings.iter().any(|one| self::language(&one.locale).eq_ignore_ascii_case(language)) {
            let locale = (*language).to_owned();
            wordings.push(Wording { locale, question: String::new(), labels: Vec::new() });
        }
    }
    wordings.into_iter().map(|wording| wording.complete(direction)).collect()
}

/// The language of a language tag.
pub(crate) fn language(locale: &str) -> &str {
    locale.split('-').next().unwrap_or_default()
}

fn shipped(locale: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|one| one.language.eq_ignore_ascii_case(language(locale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_shipped() {
        let told = vec![Wording { locale: "en-GB".into(), question: "Well?".into(), labels: vec![] }];
        let words = complete(told, ScaleDirection::LowBest);
        let (locales, questions): (Vec<_>, Vec<_>) =
            words.iter().map(|one| (one.locale.as_str(), one.question.as_str())).unzip();
        assert_eq!(locales, ["en-GB", "zh"]);
        assert_eq!(questions[0], "Well?");
        assert!(questions[1].contains("1 非常满意，2 满意，3 一般，4 不满意，5 非常不满意"), "{}", questions[1]);
        assert_eq!(words[0].labels[0], "very satisfied");
        assert_eq!(words[1].labels[4], "非常不满意");
    }
}
