//! What customers are asked after an interaction: templates, their words and which end of a scale is the good one. Types and
//! rules, without I/O; rows are in `store`. Who is invited to answer is `survey`'s.

pub(crate) mod entity;
pub(crate) mod store;
pub(crate) mod wording;

pub(crate) use wording::Wording;

use crate::{
    api::{
        Named as _,
        kinds::POINTS,
        v1::{Channel, IssueMode, RatingQuestion, ScaleDirection, TemplateState},
    },
    clock::Micros,
    contact::{Channels, EnumSet},
    error::{Reason, Violation},
};

pub(crate) type Questions = EnumSet<RatingQuestion>;

pub(crate) const MINUTE: Micros = 60 * 1_000_000;
const HOUR: Micros = 60 * MINUTE;
pub(crate) const DAY: Micros = 24 * HOUR;
/// How long an answer counts for staff where the template does not say (R2).
pub(crate) const ANSWER_WINDOW: Micros = HOUR;
/// How often a customer is invited at most where the template does not say (R11).
pub(crate) const INVITE_INTERVAL: Micros = 30 * DAY;
/// Working time in which a follow-up is answered where the template does not say (L1).
pub(crate) const FOLLOW_UP_WITHIN: Micros = 16 * HOUR;
/// For how long customers may take a scale that was turned round for what it was (R1).
pub(crate) const HABIT: Micros = 90 * DAY;

/// A version of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template {
    pub(crate) id: String,
    /// From 1 up.
    pub(crate) version: i32,
    pub(crate) state: TemplateState,
    pub(crate) display_name: String,
    pub(crate) direction: ScaleDirection,
    /// Empty: any.
    pub(crate) channels: Channels,
    /// Besides the score and who or what it was about.
    pub(crate) questions: Questions,
    /// The first one is for customers whose language is not among them.
    pub(crate) wordings: Vec<Wording>,
    /// From the delivery on.
    pub(crate) answer_window: Micros,
    pub(crate) issue_mode: IssueMode,
    pub(crate) invite_interval: Micros,
    /// A rating of this level or a lower one opens a follow-up; 0: none does.
    pub(crate) follow_up_level: i16,
    /// Working time in which that is answered.
    pub(crate) follow_up_within: Micros,
    /// Until then a number alone is no answer.
    pub(crate) label_until: Option<Micros>,
    pub(crate) published_at: Option<Micros>,
    pub(crate) retired_at: Option<Micros>,
    pub(crate) revision: i64,
}

impl Template {
    /// What people call the version.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.id, self.version)
    }

    /// Whether it may be used after interactions by a channel.
    pub(crate) fn covers(&self, channel: Channel) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }

    /// The channels after which it may be used, by name.
    pub(crate) fn covered(&self) -> Vec<Channel> {
        let all = Channel::VALUES.iter().copied();
        all.filter(|channel| self.covers(*channel)).collect()
    }

    /// Whether a number alone is no answer at `now`, since customers may still mean the scale of before (R1).
    pub(crate) fn confirm_by_label(&self, now: Micros) -> bool {
        self.label_until.is_some_and(|until| now < until)
    }

    /// The words for a customer who speaks `locale`: in that very language, else in another form of it, else the first.
    pub(crate) fn wording(&self, locale: &str) -> Option<&Wording> {
        let exactly = || self.wordings.iter().find(|one| one.locale.eq_ignore_ascii_case(locale));
        let language = wording::language(locale);
        let nearly = || self.wordings.iter().find(|one| wording::language(&one.locale).eq_ignore_ascii_case(language));
        exactly().or_else(nearly).or(self.wordings.first())
    }
}

/// What is wrong with a template beyond the limits of its fields.
pub(crate) fn check(template: &Template) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, wording) in template.wordings.iter().enumerate() {
        let mut add = |field: &str, reason, rule| {
            found.push(Violation::new(format!("wordings[{index}]{field}"), reason, rule));
        };
        let earlier = &template.wordings[..index];
        if earlier.iter().any(|one| one.locale.eq_ignore_ascii_case(&wording.locale)) {
            add("", Reason::Contradiction, "must not be for a locale that is there already");
        }
        if !crate::directory::is_language_tag(&wording.locale) {
            add(".locale", Reason::Malformed, "must be a BCP 47 language tag such as zh-CN");
        } else if !wording.has_shipped_words() {
            if wording.question.is_empty() {
                add(".question", Reason::FieldRequired, "must be set: no words are shipped for the language");
            }
            if wording.labels.is_empty() {
                add(".labels", Reason::FieldRequired, "must be set: no words are shipped for the language");
            }
        }
        if !wording.labels.is_empty() && wording.labels.len() != POINTS as usize {
            add(".labels", Reason::CountOutOfRange, "must have five items or none");
        }
        let labels = wording.labels.iter().enumerate();
        if labels.into_iter().any(|(at, label)| wording.labels[..at].iter().any(|one| one.trim() == label.trim())) {
            add(".labels", Reason::Contradiction, "must not have two of the same name");
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn template() -> Template {
        Template {
            id: "t".into(),
            version: 1,
            state: TemplateState::Draft,
            display_name: String::new(),
            direction: ScaleDirection::HighBest,
            channels: Channels::default(),
            questions: Questions::default(),
            wordings: vec![],
            answer_window: ANSWER_WINDOW,
            issue_mode: IssueMode::Manual,
            invite_interval: INVITE_INTERVAL,
            follow_up_level: 0,
            follow_up_within: FOLLOW_UP_WITHIN,
            label_until: None,
            published_at: None,
            retired_at: None,
            revision: 1,
        }
    }

    fn wording(locale: &str) -> Wording {
        Wording { locale: locale.into(), question: String::new(), labels: vec![] }
    }

    #[test]
    fn no_channels_are_all_channels() {
        assert_eq!(template().covered().len(), 15);
        let sms = Template { channels: [Channel::Sms].into_iter().collect(), ..template() };
        assert_eq!(sms.covered(), [Channel::Sms]);
        assert!(sms.covers(Channel::Sms) && !sms.covers(Channel::Email));
    }

    #[test]
    fn labels_are_asked_for_until_the_habit_is_over() {
        assert!(!template().confirm_by_label(0));
        let turned = Template { label_until: Some(HABIT), ..template() };
        assert!(turned.confirm_by_label(HABIT - 1));
        assert!(!turned.confirm_by_label(HABIT));
    }

    #[test]
    fn words_are_found_by_language() {
        let wordings = ["fr", "zh-TW", "zh"].map(wording).to_vec();
        let template = Template { wordings, ..template() };
        let found = |locale| template.wording(locale).unwrap().locale.as_str();
        assert_eq!(
            [found("ZH"), found("zh-CN"), found("zh-TW"), found("de"), found("")],
            ["zh", "zh-TW", "zh-TW", "fr", "fr"]
        );
    }

    #[test]
    fn every_mistake_in_the_words_is_named() {
        let labels = |labels: &[&str]| labels.iter().map(|&label| label.into()).collect();
        let bad = Template {
            wordings: vec![
                wording("fr"),
                Wording { labels: labels(&["a", "b"]), ..wording("en") },
                wording("EN"),
                wording("not a language"),
                Wording { labels: labels(&["a", "b", "c", "d", "a "]), ..wording("zh") },
            ],
            ..template()
        };
        let found: Vec<_> = check(&bad).into_iter().map(|one| (one.field, one.reason)).collect();
        let expected = [
            ("wordings[0].question", Reason::FieldRequired),
            ("wordings[0].labels", Reason::FieldRequired),
            ("wordings[1].labels", Reason::CountOutOfRange),
            ("wordings[2]", Reason::Contradiction),
            ("wordings[3].locale", Reason::Malformed),
            ("wordings[4].labels", Reason::Contradiction),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason)));
    }
}
