//! What a text says before it is read as an answer: that the customer wants to hear nothing more, or that no person wrote it.

use crate::text;

/// What a text says about itself or about us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The customer wants no more messages; with `alone` the text says nothing else.
    OptOut {
        /// There is nothing else to read.
        alone: bool,
    },
    /// A machine wrote it: an out-of-office note, a refused call, a report that something was not delivered.
    Automatic,
}

/// Words that end messages where they are the whole text: what operators in the United States (CTIA) and China require, and
/// what customers take for it. A letter that the survey itself uses is the survey's.
const ALONE: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "opt out",
    "optout",
    "opt-out",
    "remove",
    "remove me",
    "t",
    "td",
    "r",
    "n td",
    "tuiding",
    "退订",
    "取消订阅",
    "取消",
    "停止",
    "停",
    "拒收",
    "拒绝",
    "勿扰",
    "请勿打扰",
    "回t",
    "回td",
    "回复t",
    "回复td",
];

/// Phrases that say it within a text.
const WITHIN: &[&str] = &[
    "unsubscribe",
    "opt me out",
    "opt out of",
    "stop texting",
    "stop messaging",
    "stop sending",
    "stop emailing",
    "stop contacting",
    "stop calling",
    "stop writing",
    "do not text",
    "don't text me",
    "do not message",
    "don't message",
    "do not contact",
    "don't contact",
    "do not send",
    "don't send me",
    "take me off",
    "remove me from",
    "退订",
    "取消订阅",
    "不要再发",
    "别再发",
    "不要发短信",
    "别发短信",
    "不要再联系",
    "别再联系",
    "不要联系我",
    "别联系我",
    "不要再打",
    "别再打",
    "不要打扰",
    "请勿打扰",
];

/// What turns such a phrase round.
const NOT: &[&str] = &[
    "不退订",
    "不想退订",
    "不要退订",
    "没有退订",
    "没退订",
    "别退订",
    "don't unsubscribe",
    "do not unsubscribe",
    "not unsubscribe",
    "don't opt",
    "please do not stop",
    "don't stop sending",
];

/// What goes with a word that ends messages and says nothing more.
const AROUND: &[&str] =
    &["please", "pls", "thanks", "thank you", "now", "me", "请", "谢谢", "我要", "我想", "给我", "短信", "吧", "了"];

/// What machines write.
const AUTOMATIC: &[&str] = &[
    "out of office",
    "out of the office",
    "out-of-office",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "automated reply",
    "automated response",
    "automated message",
    "auto response",
    "auto-response",
    "this is an automatic",
    "this is an automated",
    "do not reply to this",
    "currently away from",
    "currently unavailable and",
    "i am currently on vacation",
    "i'm currently on vacation",
    "on annual leave",
    "limited access to email",
    "limited access to my email",
    "will respond when i return",
    "will reply when i return",
    "i'm driving",
    "i am driving",
    "can't talk right now",
    "can't talk now",
    "i'll call you back",
    "delivery status notification",
    "delivery has failed",
    "delivery to the following",
    "undeliverable",
    "undelivered mail",
    "could not be delivered",
    "message not delivered",
    "message failed",
    "mailbox is full",
    "mailer-daemon",
    "自动回复",
    "自动答复",
    "系统自动",
    "我现在有事不在",
    "不在办公室",
    "休假期间",
    "我正在开会",
    "正在开车",
    "稍后联系您",
    "无法送达",
    "发送失败",
];

/// What a text says before it is read as an answer; `is_answer`: whether the survey takes a text, in its normal form, as an
/// answer by itself.
pub(crate) fn notice(raw: &str, is_answer: impl Fn(&str) -> bool) -> Option<Notice> {
    let text = text::normalise(raw);
    let bare = bare(&text);
    if ALONE.contains(&bare.as_str()) && !is_answer(&bare) {
        return Some(Notice::OptOut { alone: true });
    }
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        spaced.push_str(word);
        spaced.push(' ');
    }
    if AUTOMATIC.iter().any(|phrase| spaced.contains(phrase)) {
        return Some(Notice::Automatic);
    }
    let turned_round = NOT.iter().any(|phrase| spaced.contains(phrase));
    let says_so = !turned_round && WITHIN.iter().any(|phrase| spaced.contains(phrase));
    says_so.then(|| Notice::OptOut { alone: !spaced.contains(|letter: char| letter.is_ascii_digit()) })
}

/// A text without politeness and marks.
fn bare(text: &str) -> String {
    let is_mark = |letter: char| !letter.is_alphanumeric() && letter != '-';
    let mut rest = text.trim_matches(is_mark).to_owned();
    loop {
        let cut = AROUND.iter().find_map(|word| {
            let latin = word.is_ascii();
            let at_end = rest.strip_suffix(word).filter(|rest| !latin || rest.ends_with(is_mark));
            let at_start = rest.strip_prefix(word).filter(|rest| !latin || rest.starts_with(is_mark));
            at_end.or(at_start).map(|rest| rest.trim_matches(is_mark).to_owned())
        });
        match cut.filter(|cut| !cut.is_empty()) {
            Some(cut) => rest = cut,
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Notice> {
        notice(text, |text| text == "e")
    }

    #[test]
    fn words_that_end_messages() {
        for text in [
            "STOP",
            "stop.",
            "Stop please",
            "UNSUBSCRIBE",
            "Quit",
            "END",
            "cancel",
            "T",
            "t",
            "TD",
            "td。",
            "ＴＤ",
            "R",
            "退订",
            "退訂",
            "请退订",
            "我要退订，谢谢",
            "拒收",
            "停止",
            "【签名】退订",
            "opt-out",
            "Revoke",
            "please remove me",
        ] {
            assert_eq!(read(text), Some(Notice::OptOut { alone: true }), "{text}");
        }
        for text in ["please stop texting me", "我说了不要再发短信了", "Don't contact me again!", "请勿打扰，谢谢"]
        {
            assert_eq!(read(text), Some(Notice::OptOut { alone: true }), "{text}");
        }
        assert_eq!(read("5 退订"), Some(Notice::OptOut { alone: false }), "and a score");
    }

    #[test]
    fn what_only_sounds_like_it_is_none() {
        for text in [
            "E",
            "5",
            "1 stop being rude",
            "the agent did not stop talking",
            "不退订",
            "等等",
            "停车不方便",
            "到底停不停",
            "please cancel my order",
            "non stop",
            "5分，服务很好",
            "the end of the call was rude",
            "取消订单",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(notice("T", |text| text == "t"), None, "the survey's own letter");
    }

    #[test]
    fn what_machines_write() {
        for text in [
            "Automatic reply: I am out of the office until 5 May.",
            "Auto-Reply: Thanks for your message",
            "【自动回复】您好，我现在有事不在，一会再和您联系。",
            "Undeliverable: Your message could not be delivered to 5 recipients",
            "I'm driving - Sent from my car",
            "您好，我正在开会，稍后联系您",
        ] {
            assert_eq!(read(text), Some(Notice::Automatic), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = read(&text);
        }
    }
}
