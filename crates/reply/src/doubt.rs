//! Whether a score may be about something else than the colleague, although no cause of the wording was named (R5).
//!
//! Counting "1 because of the website" for the colleague would be a guess, and so would taking "5 but slow delivery" from them.
//! Words are looked for, not understood: asking once too often costs a message.

use crate::{lexicon::is_latin, wording::Attribution};

/// What customers name that is not a person; Latin words whole, others within.
const THINGS: &[&str] = &[
    "website",
    "web site",
    "site",
    "web page",
    "webpage",
    "app",
    "application",
    "login",
    "log in",
    "password",
    "portal",
    "delivery",
    "delivered",
    "shipping",
    "shipment",
    "courier",
    "parcel",
    "package",
    "packaging",
    "driver",
    "price",
    "prices",
    "pricing",
    "cost",
    "costs",
    "fee",
    "fees",
    "expensive",
    "product",
    "products",
    "item",
    "items",
    "goods",
    "quality",
    "refund",
    "refunds",
    "invoice",
    "bill",
    "billing",
    "payment",
    "system",
    "software",
    "internet",
    "network",
    "connection",
    "wifi",
    "queue",
    "hold music",
    "parking",
    "weather",
    "contract",
    "robot",
    "bot",
    "menu",
    "warranty",
    "stock",
    "网站",
    "网页",
    "页面",
    "登录",
    "密码",
    "快递",
    "物流",
    "配送",
    "送货",
    "包裹",
    "价格",
    "费用",
    "太贵",
    "产品",
    "商品",
    "退款",
    "发票",
    "系统",
    "排队",
    "东西",
    "质量",
    "货",
    "退货",
    "账单",
    "付款",
    "支付",
    "软件",
    "网络",
    "停车",
    "合同",
    "机器人",
];
/// Who or what they did is named as well, or that it was not the other thing: then it is the score.
const PERSONS: &[&str] = &[
    "agent",
    "staff",
    "service",
    "colleague",
    "operator",
    "representative",
    "rep",
    "she",
    "he",
    "her",
    "his",
    "him",
    "rude",
    "unfriendly",
    "服务",
    "客服",
    "态度",
    "人员",
    "她",
    "他",
    "不是",
    "not",
];
/// What names a cause whatever follows.
const BECAUSE_OF: &[&str] = &["because of", "due to", "on account of", "owing to"];
/// What sets something against the score.
const CONTRAST: &[&str] = &[
    "but",
    "however",
    "although",
    "though",
    "except",
    "only",
    "just",
    "pity",
    "apart from",
    "但",
    "不过",
    "可惜",
    "就是",
    "只是",
    "除了",
    "虽然",
    "美中不足",
    "遗憾",
];

/// Whether to ask what a score is about. `is_good`: it praises; `cause`: what the reply was read to name.
pub(crate) fn asks_for_cause(text: &str, is_good: bool, cause: Option<Attribution>) -> bool {
    if cause == Some(Attribution::Staff) {
        return false;
    }
    let names_thing = || names(text, THINGS) || names(text, BECAUSE_OF);
    if is_good {
        names(text, CONTRAST) && (cause.is_some() || names_thing())
    } else {
        cause.is_none() && names_thing() && !names(text, PERSONS)
    }
}

fn names(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + word.len()..]);
            !word.ends_with(is_latin) || !before.ends_with(is_latin) && !after.starts_with(is_latin)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_something_else_is_asked_about() {
        for (text, is_good) in [
            ("1 because of the website", false),
            ("1 the app keeps crashing", false),
            ("2 too expensive", false),
            ("1分 网站打不开", false),
            ("1 because of your music", false),
            ("5 but the parking was terrible", true),
            ("5，就是物流差了点", true),
        ] {
            assert!(asks_for_cause(text, is_good, None), "{text}");
        }
        assert!(asks_for_cause("5 but slow delivery", true, Some(Attribution::Logistics)));
    }

    #[test]
    fn praise_that_names_a_matter_and_blame_that_names_its_cause_are_not() {
        for (text, is_good, cause) in [
            ("5 she solved my payment problem", true, None),
            ("1 rude", false, None),
            ("1分，快递太慢", false, Some(Attribution::Logistics)),
            ("1 the agent was rude about my refund", false, Some(Attribution::Staff)),
            ("1 unhappy with the application", true, None),
            ("4 happy", true, None),
        ] {
            assert!(!asks_for_cause(text, is_good, cause), "{text}");
        }
    }
}
