//! What a survey may be answered with: its scale, and the words, letters and codes that stand for its scores.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use crate::text::normalise;

/// Which end of a scale is the good one (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The greatest score is the best.
    HighBest,
    /// The least score is the best.
    LowBest,
}

/// The whole numbers from `min` to `max`; at least two of them, at most eleven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The least.
    pub min: i32,
    /// The greatest.
    pub max: i32,
    /// Which end is the good one.
    pub direction: Direction,
}

impl Scale {
    /// All of them.
    pub fn scores(self) -> RangeInclusive<i32> {
        self.min..=self.max
    }

    /// Whether it is one of them.
    pub fn contains(self, score: i32) -> bool {
        self.scores().contains(&score)
    }

    /// The score with the good end up, which figures and rankings count in. Its own inverse.
    pub fn upright(self, score: i32) -> i32 {
        match self.direction {
            Direction::HighBest => score,
            Direction::LowBest => self.min + self.max - score,
        }
    }
}

/// Whom or what the customer holds to be the cause, good or bad (R5). Unanswered means staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribution {
    /// The colleague.
    Staff,
    /// A rule that they have to keep.
    Policy,
    /// What was bought.
    Product,
    /// A program or the network.
    System,
    /// How it was delivered.
    Logistics,
    /// Something else; not the colleague.
    Other,
}

/// What stands for one score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Within the scale.
    pub score: i32,
    /// What the survey calls it, by locale.
    pub labels: BTreeMap<String, String>,
    /// What else means exactly that.
    pub synonyms: Vec<String>,
    /// That means it alone.
    pub letter: Option<char>,
}

/// Everything that a reply to one template may be made of, in all its locales: customers mix them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// All scores.
    pub scale: Scale,
    /// What stands for each of them.
    pub choices: Vec<Choice>,
    /// Words that mean one of two scores, and nobody can say which.
    pub between: Vec<(String, [i32; 2])>,
    /// Words that name a cause.
    pub causes: Vec<(String, Attribution)>,
    /// The digit for "not the colleague's fault"; outside the scale.
    pub not_staff_code: Option<i32>,
}

/// Best first, and as many again for the other direction: label in Chinese, in English, letter, synonyms.
const SATISFACTION: [(&str, &str, char, &[&str]); 5] = [
    (
        "非常满意",
        "very satisfied",
        'A',
        &[
            "十分满意",
            "特别满意",
            "超级满意",
            "极其满意",
            "非常的满意",
            "非常非常满意",
            "extremely satisfied",
            "completely satisfied",
            "very very satisfied",
            "very much satisfied",
        ],
    ),
    ("满意", "satisfied", 'B', &[]),
    ("一般", "neutral", 'C', &["一般般", "neither satisfied nor dissatisfied"]),
    ("不满意", "dissatisfied", 'D', &["不太满意", "unsatisfied", "not satisfied"]),
    (
        "非常不满意",
        "very dissatisfied",
        'E',
        &[
            "十分不满意",
            "特别不满意",
            "超级不满意",
            "极其不满意",
            "非常非常不满意",
            "非常的不满意",
            "very unsatisfied",
            "extremely dissatisfied",
            "extremely unsatisfied",
            "completely dissatisfied",
            "very very dissatisfied",
        ],
    ),
];

/// Words between the fifth, fourth, third, second and first best.
const BETWEEN: [(&[&str], [usize; 2]); 4] = [
    (
        &[
            "很满意",
            "挺满意",
            "蛮满意",
            "太满意",
            "相当满意",
            "quite satisfied",
            "really satisfied",
            "so satisfied",
            "well satisfied",
        ],
        [0, 1],
    ),
    (&["比较满意", "还算满意", "基本满意", "somewhat satisfied", "fairly satisfied", "mostly satisfied"], [1, 2]),
    (
        &[
            "不是很满意",
            "不很满意",
            "不怎么满意",
            "不是太满意",
            "不够满意",
            "有点不满意",
            "有些不满意",
            "not very satisfied",
            "not so satisfied",
            "not really satisfied",
            "not too satisfied",
            "not quite satisfied",
            "not fully satisfied",
            "somewhat dissatisfied",
            "a bit dissatisfied",
        ],
        [2, 3],
    ),
    (
        &[
            "很不满意",
            "太不满意",
            "相当不满意",
            "quite dissatisfied",
            "really dissatisfied",
            "not satisfied at all",
            "not at all satisfied",
        ],
        [3, 4],
    ),
];

const CAUSES: [(Attribution, &[&str]); 6] = [
    (
        Attribution::Other,
        &[
            "不是客服的问题",
            "不是客服问题",
            "不是客服的错",
            "不是客服的责任",
            "不怪客服",
            "不怪他",
            "不怪她",
            "不怪你",
            "不是他的错",
            "不是她的错",
            "不是他的问题",
            "不是她的问题",
            "不是你的错",
            "不是你的问题",
            "不是您的问题",
            "与客服无关",
            "和客服无关",
            "跟客服无关",
            "跟客服没关系",
            "和客服没关系",
            "不关客服的事",
            "非客服原因",
            "非客服责任",
            "not the agent's fault",
            "not the agents fault",
            "not the colleague's fault",
            "not his fault",
            "not her fault",
            "not their fault",
            "not your fault",
            "wasn't his fault",
            "wasn't her fault",
            "wasn't the agent's fault",
            "isn't her fault",
            "isn't his fault",
            "don't blame him",
            "don't blame her",
            "don't blame the agent",
        ],
    ),
    (
        Attribution::System,
        &[
            "系统问题",
            "系统的问题",
            "系统故障",
            "系统的错",
            "网络问题",
            "网络的问题",
            "网络故障",
            "网络不好",
            "系统崩溃",
            "app问题",
            "app的问题",
            "system problem",
            "system issue",
            "system error",
            "system's fault",
            "network problem",
            "network issue",
            "your system was down",
            "website was down",
            "app keeps crashing",
        ],
    ),
    (
        Attribution::Logistics,
        &[
            "物流慢",
            "物流太慢",
            "物流问题",
            "物流的问题",
            "物流的错",
            "快递慢",
            "快递太慢",
            "快递问题",
            "快递的问题",
            "配送慢",
            "配送太慢",
            "配送问题",
            "送货慢",
            "送货太慢",
            "delivery was late",
            "late delivery",
            "slow delivery",
            "delivery problem",
            "delivery issue",
            "courier's fault",
            "shipping was slow",
            "slow shipping",
        ],
    ),
    (
        Attribution::Policy,
        &[
            "政策问题",
            "政策的问题",
            "政策不合理",
            "规定不合理",
            "公司政策不合理",
            "公司规定不合理",
            "制度问题",
            "policy problem",
            "policy issue",
            "because of the policy",
            "because of company policy",
        ],
    ),
    (
        Attribution::Product,
        &[
            "质量问题",
            "商品质量问题",
            "商品质量差",
            "商品质量不好",
            "产品质量问题",
            "产品质量差",
            "产品质量不好",
            "质量的问题",
            "质量差",
            "质量太差",
            "质量不好",
            "产品问题",
            "产品的问题",
            "商品问题",
            "product problem",
            "product issue",
            "product defect",
            "defective product",
            "faulty product",
        ],
    ),
    (
        Attribution::Staff,
        &[
            "是客服的问题",
            "是客服的错",
            "客服的问题",
            "都怪客服",
            "就怪客服",
            "客服态度差",
            "客服态度不好",
            "客服太差",
            "客服差",
            "态度差",
            "态度太差",
            "态度恶劣",
            "服务态度差",
            "the agent's fault",
            "it's her fault",
            "it's his fault",
            "agent was rude",
            "the agent was rude",
            "rude agent",
        ],
    ),
];

impl Wording {
    /// What replies to a survey may be made of: the shipped words for its direction, and its own labels, each with its score.
    /// Where it calls a score by a word that is shipped for another one, its own meaning holds; where its languages call two
    /// scores the same, nobody can say which is meant.
    pub fn of<'a>(direction: Direction, labels: impl IntoIterator<Item = (&'a str, i32)>) -> Self {
        let mut wording = Self::satisfaction(direction);
        let mut own: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
        for (label, score) in labels {
            own.entry(normalise(label)).or_default().insert(score);
        }
        let is_own = |word: &str| own.contains_key(&normalise(word));
        for choice in &mut wording.choices {
            choice.labels.retain(|_, word| !is_own(word));
            choice.synonyms.retain(|word| !is_own(word));
        }
        wording.between.retain(|(word, _)| !is_own(word));
        for (word, scores) in own {
            let (Some(&low), Some(&high)) = (scores.first(), scores.last()) else { continue };
            if low != high {
                wording.between.push((word, [low, high]));
            } else if let Some(choice) = wording.choices.iter_mut().find(|choice| choice.score == low) {
                choice.synonyms.push(word);
            }
        }
        wording
    }

    /// Satisfaction from 1 to 5 in Chinese and English, `A` the best, `0` for "not the colleague's fault".
    pub fn satisfaction(direction: Direction) -> Self {
        let scale = Scale { min: 1, max: 5, direction };
        let score = |rank: usize| scale.upright(5 - rank as i32);
        let choices = SATISFACTION.iter().enumerate().map(|(rank, (zh, en, letter, synonyms))| Choice {
            score: score(rank),
            labels: [("zh", zh), ("en", en)].map(|(locale, label)| (locale.to_owned(), (*label).to_owned())).into(),
            synonyms: synonyms.iter().map(|word| (*word).to_owned()).collect(),
            letter: Some(*letter),
        });
        let between =
            BETWEEN.iter().flat_map(|(words, ranks)| words.iter().map(|word| ((*word).to_owned(), ranks.map(score))));
        let causes = CAUSES.iter().flat_map(|(cause, words)| words.iter().map(|word| ((*word).to_owned(), *cause)));
        Self {
            scale,
            choices: choices.collect(),
            between: between.collect(),
            causes: causes.collect(),
            not_staff_code: Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ask, Outcome, ReplyReader};

    #[test]
    fn the_surveys_own_words_go_before_the_shipped_ones() {
        let labels = [
            ["不满意", "不太满意", "还行", "比较满意", "满意"],
            ["poor", "fair", "good", "great", "superb"],
            ["poor", "weak", "fair", "great", "superb"],
        ];
        let labels = labels.iter().flat_map(|labels| labels.iter().copied().zip(1..));
        let reader = ReplyReader::new(Wording::of(Direction::HighBest, labels));
        let score = |text| match reader.read(text, false) {
            Outcome::Read(reading) => Ok(reading.score),
            Outcome::Ambiguous(ask) => Err(Some(ask)),
            Outcome::Unreadable => Err(None),
        };
        for (text, expected) in
            [("满意", 5), ("比较满意", 4), ("不满意", 1), ("非常不满意", 1), ("Superb!", 5), ("3", 3)]
        {
            assert_eq!(score(text), Ok(Some(expected)), "{text}");
        }
        assert_eq!(score("fair"), Err(Some(Ask::WhichOf(2, 3))));
    }
}
