//! A brief in Chinese.

use super::{
    Wall,
    fact::{Activity, Fact, Matter, Met, Topic, Value},
    vocabulary::{self, Word},
    words::{Span, Words, percent, times},
};
use crate::{
    api::{
        kinds::{ActivityKind, is_activity},
        v1::PreferenceDimension as Dimension,
    },
    clock::Micros,
};

pub(super) fn say(fact: &Fact, wall: &Wall) -> String {
    let day = |at: &Micros| day(wall, *at);
    match fact {
        Fact::Known { name, known_as, standing } => match (name, standing) {
            (_, None) => format!("尚未建档，只知道{}。", known_as.quoted()),
            (Some(name), Some(standing)) => {
                format!("{}（{}），{}。", name.quoted(), known_as.quoted(), vocabulary::standing(*standing).zh)
            }
            (None, Some(standing)) => format!("{}，{}。", known_as.quoted(), vocabulary::standing(*standing).zh),
        },
        Fact::Met { count, has_more, first, last, how } => {
            let often = match (first, has_more) {
                (_, true) => format!("联系至少{count}次"),
                (Some(first), false) => format!("{}以来联系{count}次", day(first)),
                (None, false) => format!("联系过{count}次"),
            };
            format!("{often}，最近一次是{}：{}。", day(last), met(how))
        }
        Fact::Suspended { reason, since, until } => {
            let until = until.as_ref().map_or("直到解除".to_owned(), |until| format!("至{}", moment(wall, *until)));
            format!("服务自{}起暂停，{until}：{}。投诉仍照常受理。", day(since), reason.quoted())
        }
        Fact::Matter { matter, count, since, because, last } => {
            let last = last.as_ref().map(|(at, text)| format!("{}的说法：{}。", day(at), text.quoted()));
            format!(
                "{}，{}以来联系{count}次，{}。{}",
                self::matter(matter),
                day(since),
                vocabulary::because(*because).zh,
                last.unwrap_or_default()
            )
        }
        Fact::Missed { at, channel, waited } => {
            let waited = waited.map(|waited| format!("，等了{}", span(waited))).unwrap_or_default();
            format!(
                "{}客户通过{}找过我们{waited}，没有接通，此后还没有人为其服务。",
                day(at),
                vocabulary::channel(*channel).zh
            )
        }
        Fact::Callback { at, attempts } => {
            format!("客户要求的回电还没有打通：试过{attempts}次，最近一次是{}。", moment(wall, *at))
        }
        Fact::Prefers { dimension, value, confidence, sample, tied } => {
            let sure = format!("把握{}%，依据{sample}次联系", percent(*confidence));
            let tied: Vec<String> = tied.iter().map(self::value).collect();
            let tied = if tied.is_empty() { String::new() } else { format!("，同样可能：{}", tied.join("、")) };
            format!("{}（{sure}{tied}）。", prefers(*dimension, value))
        }
        Fact::Stated { dimension, value, at, source } => {
            format!("{}（{}说明：{}）。", stated(*dimension, value), day(at), source.quoted())
        }
        Fact::NothingCertain => "还不清楚这位客户喜欢怎样联系。".to_owned(),
        Fact::Refuted { dimension, value, at, note } => {
            format!("{}（{}记录：{}）。", refuted(*dimension, value), day(at), note.quoted())
        }
        Fact::DoNotContact { channels, purposes, reason, until } => {
            let channels = named(channels, vocabulary::channel);
            let purposes = named(purposes, vocabulary::purpose);
            let by = if channels.is_empty() { String::new() } else { format!("通过{channels}") };
            let for_what = if purposes.is_empty() { String::new() } else { format!("为{purposes}") };
            let until = until.as_ref().map(|until| format!("，至{}", moment(wall, *until))).unwrap_or_default();
            format!("不希望我们{by}{for_what}联系{until}：{}。", reason.quoted())
        }
        Fact::InVain { channel, attempts, last } => format!(
            "通过{}联系过{attempts}次都没有成功，最近一次是{}，最好换一种方式。",
            vocabulary::channel(*channel).zh,
            day(last)
        ),
        Fact::Concluded { at, how, text } => format!("{}，{}：{}。", day(at), met(how), text.quoted()),
        Fact::Point { kind, value, source, obtained, consent } => {
            let obtained = obtained.as_ref().map(|at| format!("，{}", whole_day(wall, *at))).unwrap_or_default();
            format!(
                "{}{}：来自{}{obtained}；{}。",
                vocabulary::point(*kind).zh,
                value.quoted(),
                source.quoted(),
                vocabulary::consent(*consent).zh
            )
        }
        Fact::May { channel, purposes } => {
            let purposes = named(purposes, vocabulary::purpose);
            format!("现在可以通过{}联系，事由：{}。", vocabulary::channel(*channel).zh, purposes)
        }
        Fact::MayNot { channel, purposes, reasons, from } => {
            let purposes = named(purposes, vocabulary::purpose);
            let reasons = named(reasons, vocabulary::reason);
            let from = from
                .as_ref()
                .map_or("除非情况有变".to_owned(), |from| format!("{}之后可以", moment(wall, *from)));
            format!(
                "现在不可通过{}联系的事由：{}，因为{}；{from}。",
                vocabulary::channel(*channel).zh,
                purposes,
                reasons
            )
        }
        Fact::OnRecord { at, order, product, page, seen } => {
            let parts = [
                order.as_ref().map(|order| format!("订单{}", order.quoted())),
                product.as_ref().map(|product| format!("产品{}", product.quoted())),
                page.as_ref().map(|page| format!("页面{}", page.quoted())),
                seen.as_ref().map(|seen| format!("客户看到的{}", seen.quoted())),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("不必再问，{}已经说过：{}。", day(at), parts.join("、"))
        }
        Fact::Did(activities) => {
            let did: Vec<String> = activities.iter().map(|one| format!("{}{}", day(&one.at), activity(one))).collect();
            format!("客户主动：{}。", did.join("，"))
        }
        Fact::LongWait { at, waited } => format!("{}等了{}才接通，应当致歉。", day(at), span(*waited)),
        Fact::Opener { name, about } => {
            let hello = name.as_ref().map_or("您好！".to_owned(), |name| format!("{}，您好！", name.nested()));
            let rest = match about {
                Topic::Matter { topic, at } => format!(
                    "关于{}我们谈到的{}，我来向您说明现在的进展，也听听还有什么没有办好。",
                    day(at),
                    topic.as_ref().map_or("事情".to_owned(), |topic| format!("{}问题", topic.nested()))
                ),
                Topic::Missed { at } => format!("{}您联系我们没有接通，非常抱歉。请问现在有什么可以帮您？", day(at)),
                Topic::Callback { at } => format!("您要求我们回电，{}没有联系上您。请问现在方便吗？", day(at)),
                Topic::Did(one) => thanks(one, &day(&one.at)),
                Topic::Last { topic: Some(topic), at } => {
                    format!("{}我们谈过{}，请问现在一切都顺利吗？", day(at), topic.nested())
                }
                Topic::Last { topic: None, at } => format!("{}之后一切都顺利吗？", day(at)),
                Topic::Nothing => "请问有什么可以帮您？".to_owned(),
            };
            format!("“{hello}{rest}”")
        }
    }
}

fn thanks(Activity { activity_kind, what, .. }: &Activity, day: &str) -> String {
    let what = what.as_ref().map(Words::nested);
    match activity_kind {
        ActivityKind::Attended => {
            let what = what.unwrap_or_else(|| "我们的活动".to_owned());
            format!("感谢您{day}参加{what}。您有哪些收获，还想了解什么？")
        }
        ActivityKind::Ordered => {
            format!("感谢您{day}的订单{}。关于它您还想了解什么？", what.unwrap_or_default())
        }
        ActivityKind::Visited | ActivityKind::Downloaded => {
            let what = what.unwrap_or_else(|| "我们的服务".to_owned());
            format!("{day}您关注过{what}，有什么想了解的吗？")
        }
    }
}

fn day(wall: &Wall, at: Micros) -> String {
    match wall.at(at) {
        (then, true) => then.strftime("%-m月%-d日").to_string(),
        (then, false) => then.strftime("%Y年%-m月%-d日").to_string(),
    }
}

fn whole_day(wall: &Wall, at: Micros) -> String {
    wall.at(at).0.strftime("%Y年%-m月%-d日").to_string()
}

fn moment(wall: &Wall, at: Micros) -> String {
    format!("{}{}", day(wall, at), wall.at(at).0.strftime("%H:%M"))
}

fn span(micros: Micros) -> String {
    match Span::of(micros) {
        Span::Minutes(minutes) => format!("{minutes}分钟"),
        Span::Seconds(seconds) => format!("{seconds}秒"),
    }
}

fn named<T: Copy>(all: &[T], word: fn(T) -> Word) -> String {
    all.iter().map(|one| word(*one).zh).collect::<Vec<_>>().join("、")
}

fn met(how: &Met) -> String {
    let what = if is_activity(how.kind) { vocabulary::kind(how.kind).zh } else { vocabulary::channel(how.channel).zh };
    let people: Vec<_> = how.people.iter().map(Words::quoted).collect();
    let people = if people.is_empty() { String::new() } else { format!("（{}）", people.join("、")) };
    let in_vain = if how.served { "" } else { "，未接通" };
    format!("{what}{people}{in_vain}")
}

fn matter(matter: &Matter) -> String {
    let what = if matter.is_complaint { "未了的投诉" } else { "未了的事项" };
    let topic = matter.topic.as_ref().map(|topic| format!("：{}", topic.quoted())).unwrap_or_default();
    let case = matter.case_id.as_ref().map(|case| format!("案号{}", case.quoted()));
    let order = matter.order_id.as_ref().map(|order| format!("订单{}", order.quoted()));
    let names: Vec<String> = [case, order].into_iter().flatten().collect();
    let names = if names.is_empty() { String::new() } else { format!("（{}）", names.join("，")) };
    format!("{what}{topic}{names}")
}

fn prefers(dimension: Dimension, value: &Value) -> String {
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("常通过{value}联系"),
        Dimension::Hour => format!("常在当地时间{value}联系"),
        Dimension::Weekday => format!("常在{value}联系"),
        Dimension::Topic | Dimension::Unspecified => format!("常谈{value}"),
        Dimension::Kind => format!("常为{value}而来"),
        Dimension::Product => format!("常与产品{value}有关"),
        Dimension::Language => format!("常说{value}"),
        Dimension::Colleague => format!("常由{value}服务"),
        Dimension::Salutation => format!("常称{value}"),
        Dimension::Hours => format!("常在{value}接电话"),
    }
}

fn stated(dimension: Dimension, value: &Value) -> String {
    if let (Dimension::Hours, Value::Text(span)) = (dimension, value)
        && let Some((from, to)) = times(span)
    {
        return format!("当地时间{from}至{to}可以打电话");
    }
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("希望通过{value}联系"),
        Dimension::Hour => format!("希望在当地时间{value}联系"),
        Dimension::Weekday => format!("希望在{value}联系"),
        Dimension::Topic | Dimension::Unspecified => format!("关心{value}"),
        Dimension::Kind => format!("多为{value}而来"),
        Dimension::Product => format!("关心产品{value}"),
        Dimension::Language => format!("希望说{value}"),
        Dimension::Colleague => format!("希望由{value}服务"),
        Dimension::Salutation => format!("希望被称为{value}"),
        Dimension::Hours => format!("{value}可以打电话"),
    }
}

fn refuted(dimension: Dimension, value: &Value) -> String {
    let value = self::value(value);
    match dimension {
        Dimension::Channel => format!("不喜欢通过{value}联系"),
        Dimension::Hour => format!("不要在当地时间{value}联系"),
        Dimension::Weekday => format!("不要在{value}联系"),
        Dimension::Topic | Dimension::Unspecified => format!("并不关心{value}"),
        Dimension::Kind => format!("并非为{value}而来"),
        Dimension::Product => format!("并不关心产品{value}"),
        Dimension::Language => format!("不喜欢说{value}"),
        Dimension::Colleague => format!("不要由{value}服务"),
        Dimension::Salutation => format!("不要称为{value}"),
        Dimension::Hours => format!("不要在{value}打电话"),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Channel(one) => vocabulary::channel(*one).zh.to_owned(),
        Value::Kind(one) => vocabulary::kind(*one).zh.to_owned(),
        Value::Hour(hour) => format!("{hour}点至{}点", hour + 1),
        Value::Weekday(day) => vocabulary::weekday(*day).zh.to_owned(),
        Value::Language(tag) => {
            vocabulary::language(tag.to_compare()).map_or_else(|| tag.quoted(), |word| word.zh.to_owned())
        }
        Value::Text(text) => text.quoted(),
    }
}

fn activity(Activity { activity_kind, what, .. }: &Activity) -> String {
    let did = match activity_kind {
        ActivityKind::Visited => "浏览了",
        ActivityKind::Downloaded => "下载了",
        ActivityKind::Attended => "参加了",
        ActivityKind::Ordered => "订购了",
    };
    format!("{did}{}", what.as_ref().map_or("我们的内容".to_owned(), Words::quoted))
}
