//! What becomes of a reply that was read, and what is written back: rules and words, without I/O.

use rapport_reply::{
    Ask, Outcome, Reading, ReplyReader,
    wording::{self as words, Direction, Wording},
};

use crate::{
    api::v1::{Attribution, RatingStanding, ScaleDirection},
    clock::Micros,
    rating::{Rating, store::CORRECTION_WINDOW},
    template::{Template, wording},
};

/// What is to be done about a reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Rate(Meant),
    Correct(Meant),
    /// It says again what the rating says: a second gateway, or a customer who was not sure.
    Known,
    AskBack(Ask),
    /// The customer puts their rating right, and it is too late for that.
    TakeBack(Meant),
    /// The same, but they cannot be understood, or said it before the answer that counts.
    TooLateToCorrect,
    ForAPerson,
}

/// What a customer means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meant {
    pub(crate) score: i32,
    pub(crate) attribution: Attribution,
    pub(crate) comment: Option<String>,
}

/// Reads replies to a template.
pub(crate) fn reader(template: &Template) -> ReplyReader {
    let direction = match template.direction {
        ScaleDirection::LowBest => Direction::LowBest,
        ScaleDirection::HighBest | ScaleDirection::Unspecified => Direction::HighBest,
    };
    let labels = template.wordings.iter().flat_map(|one| one.labels.iter().map(String::as_str).zip(1..));
    ReplyReader::new(Wording::of(direction, labels))
}

fn read_cause(cause: words::Attribution) -> Attribution {
    match cause {
        words::Attribution::Staff => Attribution::Staff,
        words::Attribution::Policy => Attribution::Policy,
        words::Attribution::Product => Attribution::Product,
        words::Attribution::System => Attribution::System,
        words::Attribution::Logistics => Attribution::Logistics,
        words::Attribution::Other => Attribution::Other,
    }
}

/// What is to be done about a reply of `at` that says `read`, where the invitation was answered by `earlier` already.
pub(crate) fn decide(read: Outcome, earlier: Option<&Rating>, at: Micros) -> Next {
    let Some(earlier) = earlier else {
        return match read {
            Outcome::Read(Reading { score: Some(score), attribution, comment, .. }) => Next::Rate(Meant {
                score,
                attribution: attribution.map(read_cause).unwrap_or_default(),
                comment: Some(comment).filter(|text| !text.is_empty()),
            }),
            // A cause without a score rates nothing.
            Outcome::Read(Reading { score: None, .. }) => Next::AskBack(Ask::OneDigit),
            Outcome::Ambiguous(ask) => Next::AskBack(ask),
            Outcome::Unreadable => Next::ForAPerson,
        };
    };
    let in_time = (0..=CORRECTION_WINDOW).contains(&(at - earlier.answered_at));
    match read {
        // What the customer does not say again stays as they said it.
        Outcome::Read(reading) => {
            let comment = Some(reading.comment).filter(|text| !text.is_empty());
            let meant = Meant {
                score: reading.score.unwrap_or(earlier.score.into()),
                attribution: reading.attribution.map_or(earlier.attribution, read_cause),
                comment: comment.or_else(|| earlier.comment.clone()),
            };
            let known = meant.score == i32::from(earlier.score)
                && meant.attribution == earlier.attribution
                && meant.comment == earlier.comment;
            match (known, in_time) {
                (true, _) => Next::Known,
                (false, true) => Next::Correct(meant),
                (false, false) if at > earlier.answered_at => Next::TakeBack(meant),
                (false, false) => Next::TooLateToCorrect,
            }
        }
        Outcome::Ambiguous(ask) if in_time => Next::AskBack(ask),
        Outcome::Ambiguous(_) => Next::TooLateToCorrect,
        Outcome::Unreadable => Next::ForAPerson,
    }
}

/// What is written back to a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Thanks,
    Corrected,
    /// It does not count for the colleague.
    Late,
    Ask(Ask),
    TooLateToCorrect,
    /// The rating is exempt instead.
    TakenBack,
    ForAPerson,
    /// Nothing more is sent there.
    OptedOut,
}

impl Answer {
    /// To a rating just taken, or one that another takes the place of.
    pub(crate) fn to_rating(standing: RatingStanding, corrected: bool) -> Self {
        match standing {
            RatingStanding::Late => Self::Late,
            RatingStanding::Unspecified
            | RatingStanding::Counted
            | RatingStanding::Exempt
            | RatingStanding::Incident
            | RatingStanding::NonStaff
            | RatingStanding::Superseded => {
                if corrected {
                    Self::Corrected
                } else {
                    Self::Thanks
                }
            }
        }
    }

    /// In Chinese to whom the template asks in Chinese, else in English.
    pub(crate) fn text(self, template: &Template, locale: &str) -> String {
        let wording = template.wording(locale);
        let labels = wording.map(|one| one.labels.as_slice()).unwrap_or_default();
        let chinese = wording.is_some_and(|one| wording::language(&one.locale).eq_ignore_ascii_case("zh"));
        let point = |score: i32| {
            let label = usize::try_from(score - 1).ok().and_then(|index| labels.get(index));
            match label {
                Some(label) if chinese => format!("{score}（{label}）"),
                Some(label) => format!("{score} ({label})"),
                None => score.to_string(),
            }
        };
        let scale = |separator| wording::scale(labels, template.direction, separator);
        match (self, chinese) {
            (Self::Thanks, true) => "感谢您的评价！".to_owned(),
            (Self::Thanks, false) => "Thank you for your rating!".to_owned(),
            (Self::Corrected, true) => "已按您的意思更正，谢谢！".to_owned(),
            (Self::Corrected, false) => "Corrected as you said. Thank you!".to_owned(),
            (Self::Late, true) => "已收到您的评价，会有专人查看；因超过答复时限，不计入服务人员的考核。".to_owned(),
            (Self::Late, false) => {
                "Received, and someone will look at it; it came too late to count for the colleague.".to_owned()
            }
            (Self::TooLateToCorrect, true) => "已收到。评价超过 30 分钟后只能由专人核实更改，会有专人查看。".to_owned(),
            (Self::TooLateToCorrect, false) => "Received. More than 30 minutes after your rating only a person can \
                change it; someone will look at it."
                .to_owned(),
            (Self::TakenBack, true) => {
                "已收到。评价超过 30 分钟后不能再更改，您原来的评价不再计入服务人员的考核。".to_owned()
            }
            (Self::TakenBack, false) => {
                "Received. More than 30 minutes after it was given a rating cannot be changed; \
                yours no longer counts for the colleague."
                    .to_owned()
            }
            (Self::ForAPerson, true) => "已收到，会有专人查看，谢谢！".to_owned(),
            (Self::ForAPerson, false) => "Received, and someone will read it. Thank you!".to_owned(),
            (Self::OptedOut, chinese) => opted_out(chinese).to_owned(),
            (Self::Ask(Ask::Cause(score)), true) => format!(
                "请问 {score} 分是对服务人员的评价吗？是请只回复 {score}；如果是其他原因（如网站、快递、商品），请回复 {score} 0。"
            ),
            (Self::Ask(Ask::Cause(score)), false) => format!(
                "Is your {score} about our colleague? If so, reply {score} only. If something else was the cause, such as \
                the website, the delivery or the product, reply {score} 0."
            ),
            (Self::Ask(Ask::OneDigit), true) => format!("请只回复一个数字：{}。", scale("，")),
            (Self::Ask(Ask::OneDigit), false) => format!("Please reply with one number only: {}.", scale(", ")),
            (Self::Ask(Ask::WhichOf(low, high)), true) => {
                format!("请问您的评价是 {}还是 {}？请只回复一个数字。", point(low), point(high))
            }
            (Self::Ask(Ask::WhichOf(low, high)), false) => {
                format!("Do you mean {} or {}? Please reply with one number only.", point(low), point(high))
            }
            (Self::Ask(Ask::Label), true) => {
                format!("为避免误解，请直接回复文字而不是数字：{}。", in_order(labels, template).join("、"))
            }
            (Self::Ask(Ask::Label), false) => format!(
                "So that we do not misunderstand you, please reply in words, not with a number: {}.",
                in_order(labels, template).join(", ")
            ),
        }
    }
}

/// That nothing more is sent.
pub(crate) fn opted_out(chinese: bool) -> &'static str {
    if chinese {
        "已退订，我们不会再通过此方式联系您。"
    } else {
        "You are unsubscribed. We will not contact you here again."
    }
}

/// The labels, the best first.
fn in_order(labels: &[String], template: &Template) -> Vec<String> {
    let mut labels = labels.to_vec();
    if template.direction.level(1) == 1 {
        labels.reverse();
    }
    labels
}

#[cfg(test)]
mod tests {
    use rapport_reply::wording::Attribution as Cause;
    use uuid::Uuid;

    use super::*;
    use crate::{
        api::v1::{Channel, InteractionKind},
        template::tests::template,
        template::wording::complete,
    };

    const MINUTE: Micros = 60 * 1_000_000;

    fn read(score: Option<i32>, attribution: Option<Cause>, comment: &str) -> Outcome {
        Outcome::Read(Reading { score, attribution, correction: false, comment: comment.to_owned() })
    }

    fn meant(score: i32, attribution: Attribution, comment: Option<&str>) -> Meant {
        Meant { score, attribution, comment: comment.map(str::to_owned) }
    }

    /// A one given at 0 that is about the system.
    fn earlier() -> Rating {
        Rating {
            id: Uuid::nil(),
            interaction_id: Uuid::nil(),
            template_id: "t".to_owned(),
            template_version: 1,
            score: 1,
            level: 1,
            answers: Default::default(),
            attribution: Attribution::System,
            comment: Some("系统崩溃".to_owned()),
            answered_at: 0,
            delivered_at: None,
            received_at: 0,
            rated: None,
            channel: Channel::Sms,
            kind: InteractionKind::Service,
            topic: None,
            occurred_at: 0,
            day: 0,
            standing: RatingStanding::NonStaff,
        }
    }

    #[test]
    fn a_first_reply_rates_or_is_asked_back() {
        let next = |read| decide(read, None, 0);
        assert_eq!(next(read(Some(4), None, "")), Next::Rate(meant(4, Attribution::Unspecified, None)));
        let told = read(Some(2), Some(Cause::Logistics), "2 快递慢");
        assert_eq!(next(told), Next::Rate(meant(2, Attribution::Logistics, Some("2 快递慢"))));
        assert_eq!(next(read(None, Some(Cause::Other), "")), Next::AskBack(Ask::OneDigit));
        assert_eq!(next(Outcome::Ambiguous(Ask::Label)), Next::AskBack(Ask::Label));
        assert_eq!(next(Outcome::Unreadable), Next::ForAPerson);
    }

    #[test]
    fn a_second_one_corrects_for_half_an_hour() {
        let earlier = earlier();
        let next = |read, at| decide(read, Some(&earlier), at);
        let kept = Some("系统崩溃");
        let corrected = Next::Correct(meant(5, Attribution::System, kept));
        assert_eq!(next(read(Some(5), None, ""), 30 * MINUTE), corrected);
        let taken_back = Next::TakeBack(meant(5, Attribution::System, kept));
        assert_eq!(next(read(Some(5), None, ""), 30 * MINUTE + 1), taken_back);
        assert_eq!(next(read(Some(5), None, ""), -1), Next::TooLateToCorrect, "said before the answer that counts");
        let blamed = Next::Correct(meant(1, Attribution::Staff, kept));
        assert_eq!(next(read(None, Some(Cause::Staff), ""), MINUTE), blamed);
        assert_eq!(next(read(Some(1), None, ""), 60 * MINUTE), Next::Known);
        assert_eq!(next(Outcome::Ambiguous(Ask::OneDigit), MINUTE), Next::AskBack(Ask::OneDigit));
        assert_eq!(next(Outcome::Ambiguous(Ask::OneDigit), 60 * MINUTE), Next::TooLateToCorrect);
        assert_eq!(next(Outcome::Unreadable, MINUTE), Next::ForAPerson);
    }

    #[test]
    fn what_is_missing_is_asked_for_in_the_customers_language() {
        let asked = |direction, ask, locale| {
            let wordings = complete(Vec::new(), direction);
            Answer::Ask(ask).text(&Template { direction, wordings, ..template() }, locale)
        };
        let (high, low) = (ScaleDirection::HighBest, ScaleDirection::LowBest);
        assert_eq!(
            asked(high, Ask::OneDigit, "zh-CN"),
            "请只回复一个数字：5 非常满意，4 满意，3 一般，2 不满意，1 非常不满意。"
        );
        assert_eq!(
            asked(low, Ask::WhichOf(1, 2), "en"),
            "Do you mean 1 (very satisfied) or 2 (satisfied)? Please reply with one number only."
        );
        assert!(asked(high, Ask::Label, "").ends_with("非常满意、满意、一般、不满意、非常不满意。"));
        assert!(
            asked(low, Ask::Label, "en")
                .ends_with("very satisfied, satisfied, neutral, dissatisfied, very dissatisfied.")
        );
    }
}
