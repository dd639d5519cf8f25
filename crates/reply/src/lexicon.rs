//! The words a reply is read by: those of the template, and those around an answer.

use std::collections::HashMap;

use crate::{
    text,
    wording::{Attribution, Wording},
};

/// What a word or phrase does in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A label, its synonym, or words between two labels: the scores it may stand for.
    Label(Vec<i32>),
    /// Full marks; a score only where the good end is the high one.
    FullMarks,
    /// A number in words, which counts only as a plain answer or with a unit.
    Numeral(i32),
    Cause(Attribution),
    /// Surrounds an answer and changes nothing in it.
    Filler,
    /// Politeness; not worth keeping as a comment.
    Polite,
    /// Gives what follows as the customer's mark: 打, 给.
    Give,
    /// A judgement that is no label of the scale.
    Judgement(Tone),
    /// A laugh or a sigh beside which words may mean the opposite.
    Irony,
    /// The last answer was wrong.
    Wrong,
    /// What follows is the right one.
    Instead,
    /// What follows is not it.
    NotThis,
    /// 是: joins; behind what is not so it names what is.
    Is,
    /// What is said here or later is not what is the case: if, last time, wanted to.
    Hypothetical,
    /// Takes back what was said: no way, just kidding.
    Retraction,
    /// Turns a statement into a question.
    Asking,
}

/// Which way a judgement points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Fair,
    Bad,
}

use Meaning::{Asking, Filler, Give, Hypothetical, Instead, Irony, Is, Judgement, NotThis, Polite, Retraction, Wrong};

const COMMON: [(Meaning, &[&str]); 14] = [
    (
        Filler,
        &[
            "我",
            "我们",
            "俺",
            "本人",
            "对",
            "这次",
            "本次",
            "此次",
            "这个",
            "的",
            "服务",
            "客服",
            "感觉",
            "觉得",
            "总体",
            "整体",
            "总的来说",
            "整体来说",
            "选",
            "选择",
            "选项",
            "评价",
            "评分",
            "分数",
            "打分",
            "回复",
            "回",
            "按",
            "您",
            "你",
            "你们",
            "他",
            "她",
            "了",
            "吧",
            "哦",
            "因为",
            "由于",
            "刚才",
            "刚刚",
            "主要",
            "呢",
            "啦",
            "嗯",
            "呀",
            "哈",
            "啊",
            "亲",
            "都",
            "就",
            "还是",
            "那",
            "那就",
            "服务态度",
            "态度",
            "i",
            "i'm",
            "im",
            "i am",
            "we",
            "we are",
            "with",
            "service",
            "your service",
            "the service",
            "very much",
            "i'd",
            "i'll",
            "it",
            "a",
            "an",
            "you",
            "him",
            "her",
            "them",
            "my",
            "rating",
            "score",
            "answer",
            "choose",
            "option",
            "reply",
            "press",
            "here",
            "it's",
            "my rating",
            "my answer",
            "my score",
            "feel",
            "overall",
        ],
    ),
    (
        Polite,
        &[
            "您好",
            "你好",
            "亲爱的",
            "谢谢",
            "多谢",
            "谢谢你",
            "谢谢您",
            "谢谢你们",
            "谢谢了",
            "感谢",
            "非常感谢",
            "十分感谢",
            "辛苦了",
            "辛苦",
            "麻烦了",
            "再见",
            "拜拜",
            "早上好",
            "上午好",
            "下午好",
            "晚上好",
            "收到",
            "好的",
            "哈哈",
            "哈哈哈",
            "hi",
            "hello",
            "hey",
            "dear",
            "dear sir",
            "thanks",
            "thank you",
            "thank you very much",
            "many thanks",
            "thanks a lot",
            "thx",
            "ty",
            "tks",
            "please",
            "pls",
            "cheers",
            "regards",
            "best regards",
            "kind regards",
            "good morning",
            "good afternoon",
            "good evening",
            "bye",
            "haha",
            "ok thanks",
            "sorry",
            "对不起",
            "不好意思",
            "抱歉",
        ],
    ),
    (
        Give,
        &[
            "打",
            "给",
            "给你",
            "给您",
            "给他",
            "给她",
            "给你们",
            "我给",
            "评",
            "give",
            "rate",
            "i give",
            "i rate",
            "scored",
        ],
    ),
    (
        Judgement(Tone::Good),
        &[
            "很好",
            "非常好",
            "挺好",
            "挺好的",
            "蛮好",
            "不错",
            "很不错",
            "还不错",
            "棒",
            "很棒",
            "太棒了",
            "赞",
            "点赞",
            "好评",
            "五星好评",
            "完美",
            "优秀",
            "👍",
            "good",
            "very good",
            "great",
            "great service",
            "good service",
            "excellent",
            "excellent service",
            "nice",
            "perfect",
            "amazing",
            "awesome",
            "not bad",
            "best",
            "love it",
            "happy",
            "very happy",
        ],
    ),
    (
        Judgement(Tone::Fair),
        &[
            "好",
            "还行",
            "还可以",
            "可以",
            "行",
            "凑合",
            "马马虎虎",
            "普通",
            "ok",
            "okay",
            "fine",
            "so so",
            "so-so",
            "average",
            "meh",
        ],
    ),
    (
        Judgement(Tone::Bad),
        &[
            "不满",
            "差",
            "很差",
            "太差",
            "太差了",
            "差劲",
            "差评",
            "垃圾",
            "不好",
            "不行",
            "👎",
            "😡",
            "😠",
            "🤬",
            "💩",
            ":(",
            ":-(",
            "not good",
            "bad",
            "very bad",
            "poor",
            "terrible",
            "awful",
            "horrible",
            "worst",
            "unhappy",
            "bad service",
            "poor service",
            "terrible service",
        ],
    ),
    (Irony, &["呵呵", "呵", "呵呵呵", "哼", "lol", "lmao", "/s", "😏", "🙄", "🙃"]),
    (
        Wrong,
        &[
            "不对",
            "错了",
            "打错了",
            "打错",
            "按错了",
            "按错",
            "发错了",
            "发错",
            "点错了",
            "选错了",
            "选错",
            "说错了",
            "写错了",
            "更正",
            "更正一下",
            "纠正",
            "修改",
            "改一下",
            "手滑",
            "手抖",
            "刚才打错了",
            "刚才按错了",
            "刚刚按错了",
            "刚刚打错了",
            "刚才发错了",
            "刚才错了",
            "刚才选错了",
            "wrong",
            "wrong number",
            "wrong key",
            "correction",
            "oops",
            "typo",
            "my mistake",
            "my bad",
            "mistake",
            "sorry wrong",
            "sorry typo",
            "i made a mistake",
            "pressed the wrong key",
        ],
    ),
    (
        Instead,
        &[
            "应该是",
            "应为",
            "应是",
            "改成",
            "改为",
            "更正为",
            "换成",
            "我想打",
            "我是说",
            "我的意思是",
            "i meant",
            "i mean",
            "meant",
            "should be",
            "it should be",
            "should have been",
            "change to",
            "change it to",
            "change my rating to",
            "make it",
            "make that",
        ],
    ),
    (NotThis, &["不是", "并非", "从", "把", "由", "not", "from", "instead of", "change", "change from"]),
    (Is, &["是", "为", "而是", "is", "but", "to"]),
    (
        Hypothetical,
        &[
            "如果",
            "要是",
            "假如",
            "除非",
            "否则",
            "要不是",
            "若",
            "本来",
            "原本",
            "原来",
            "想给",
            "以为",
            "差点",
            "差一点",
            "上次",
            "上回",
            "之前",
            "以前",
            "曾经",
            "下次",
            "最多",
            "最少",
            "至少",
            "顶多",
            "几乎",
            "大概",
            "可能",
            "也许",
            "大约",
            "左右",
            "不想",
            "不给",
            "别给",
            "不值",
            "扣",
            "减",
            "也就",
            "if",
            "unless",
            "would",
            "could",
            "would have",
            "otherwise",
            "last time",
            "previously",
            "before",
            "almost",
            "nearly",
            "maybe",
            "perhaps",
            "about",
            "around",
            "at most",
            "at least",
            "less than",
            "more than",
            "used to",
            "never",
            "don't",
            "wouldn't",
            "can't",
            "minus",
        ],
    ),
    (
        Retraction,
        &[
            "不可能",
            "才怪",
            "做梦",
            "休想",
            "没门",
            "想得美",
            "想多了",
            "开玩笑",
            "骗你",
            "逗你",
            "别想",
            "反话",
            "假的",
            "怎么可能",
            "你信吗",
            "算了",
            "当我没说",
            "kidding",
            "joking",
            "jk",
            "yeah right",
            "as if",
            "in your dreams",
            "not really",
            "no way",
            "never mind",
            "nevermind",
            "psych",
            "just joking",
        ],
    ),
    (
        Asking,
        &[
            "吗",
            "难道",
            "为什么",
            "为啥",
            "凭什么",
            "什么意思",
            "谁",
            "怎么",
            "是不是",
            "why",
            "what",
            "which",
            "how",
            "who",
        ],
    ),
];

const NUMERALS: [(&str, i32); 33] = [
    ("一", 1),
    ("二", 2),
    ("两", 2),
    ("三", 3),
    ("四", 4),
    ("五", 5),
    ("六", 6),
    ("七", 7),
    ("八", 8),
    ("九", 9),
    ("十", 10),
    ("壹", 1),
    ("贰", 2),
    ("叁", 3),
    ("肆", 4),
    ("伍", 5),
    ("陆", 6),
    ("柒", 7),
    ("捌", 8),
    ("玖", 9),
    ("拾", 10),
    ("零", 0),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("zero", 0),
];

/// Looked up by the longest phrase at a place.
pub(crate) struct Lexicon {
    by_first: HashMap<char, Vec<(String, Meaning)>>,
    /// Phrases that stand for exactly one score.
    pub(crate) labels: Vec<(String, i32)>,
}

impl Lexicon {
    pub(crate) fn new(wording: &Wording) -> Self {
        let scale = wording.scale;
        let mut lexicon = Self { by_first: HashMap::new(), labels: Vec::new() };
        for choice in wording.choices.iter().filter(|choice| scale.contains(choice.score)) {
            for word in choice.labels.values().chain(&choice.synonyms) {
                let word = text::normalise(word);
                lexicon.labels.push((word.clone(), choice.score));
                lexicon.add(word, Meaning::Label(vec![choice.score]));
            }
        }
        for (word, scores) in &wording.between {
            let scores = scores.iter().copied().filter(|score| scale.contains(*score)).collect();
            lexicon.add(text::normalise(word), Meaning::Label(scores));
        }
        for (word, cause) in &wording.causes {
            lexicon.add(text::normalise(word), Meaning::Cause(*cause));
        }
        for (meaning, words) in COMMON {
            words.iter().for_each(|word| lexicon.add((*word).to_owned(), meaning.clone()));
        }
        for word in ["满分", "打满分", "full marks", "full score", "top marks"] {
            lexicon.add(word.to_owned(), Meaning::FullMarks);
        }
        for (word, number) in NUMERALS {
            lexicon.add(word.to_owned(), Meaning::Numeral(number));
        }
        // Stable: where the template and the common words say the same, the template was there first.
        lexicon
            .by_first
            .values_mut()
            .for_each(|phrases| phrases.sort_by_key(|(word, _)| std::cmp::Reverse(word.len())));
        lexicon
    }

    fn add(&mut self, word: String, meaning: Meaning) {
        if let Some(first) = word.chars().next() {
            self.by_first.entry(first).or_default().push((word, meaning));
        }
    }

    /// The longest phrase at the start of `rest`, with its length in bytes. Latin words match whole.
    pub(crate) fn at(&self, rest: &str) -> Option<(usize, &Meaning)> {
        let phrases = self.by_first.get(&rest.chars().next()?)?;
        let whole = |word: &str| !word.ends_with(is_latin) || !rest[word.len()..].starts_with(is_latin);
        phrases
            .iter()
            .find(|(word, _)| rest.starts_with(word) && whole(word))
            .map(|(word, meaning)| (word.len(), meaning))
    }
}

/// A character of a word that is written between spaces.
pub(crate) fn is_latin(char: char) -> bool {
    char == '\'' || (char.is_alphabetic() && !is_han(char))
}

pub(crate) fn is_han(char: char) -> bool {
    matches!(char, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
