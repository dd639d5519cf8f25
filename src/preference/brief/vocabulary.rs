//! The words for what has a name in the contract, in each language.

use super::matters::Because;
use crate::api::v1::{
    Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding, InteractionKind,
};

/// The same in each language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
}

/// Why a matter is open.
pub(super) fn because(because: Because) -> Word {
    match because {
        Because::CustomerSays => {
            Word { en: "the customer says that it is not resolved", zh: "客户表示没有解决" }
        }
        Because::StaffSay => Word { en: "we noted that it is not resolved", zh: "我们记录为没有解决" },
        Because::CameBack => Word {
            en: "the customer came back after it had been called resolved",
            zh: "说过已经解决，客户又来联系",
        },
        Because::NobodySaid => {
            Word { en: "nobody has noted that it is resolved", zh: "还没有人记录已经解决" }
        }
    }
}

/// A weekday, 1 is Monday.
pub(super) fn weekday(day: u8) -> Word {
    match day {
        1 => Word { en: "Monday", zh: "星期一" },
        2 => Word { en: "Tuesday", zh: "星期二" },
        3 => Word { en: "Wednesday", zh: "星期三" },
        4 => Word { en: "Thursday", zh: "星期四" },
        5 => Word { en: "Friday", zh: "星期五" },
        6 => Word { en: "Saturday", zh: "星期六" },
        _ => Word { en: "Sunday", zh: "星期日" },
    }
}

/// A language by its BCP 47 tag, if it is one that customers often speak.
pub(super) fn language(tag: &str) -> Option<Word> {
    Some(match tag.split('-').next().unwrap_or_default() {
        "ar" => Word { en: "Arabic", zh: "阿拉伯语" },
        "de" => Word { en: "German", zh: "德语" },
        "en" => Word { en: "English", zh: "英语" },
        "es" => Word { en: "Spanish", zh: "西班牙语" },
        "fr" => Word { en: "French", zh: "法语" },
        "he" => Word { en: "Hebrew", zh: "希伯来语" },
        "ja" => Word { en: "Japanese", zh: "日语" },
        "ko" => Word { en: "Korean", zh: "韩语" },
        "pt" => Word { en: "Portuguese", zh: "葡萄牙语" },
        "ru" => Word { en: "Russian", zh: "俄语" },
        "yue" => Word { en: "Cantonese", zh: "粤语" },
        "zh" => Word { en: "Chinese", zh: "中文" },
        _ => return None,
    })
}

/// The customer's standing.
pub(super) fn standing(standing: CustomerStanding) -> Word {
    match standing {
        CustomerStanding::Prospect | CustomerStanding::Unspecified => Word { en: "a prospect", zh: "潜在客户" },
        CustomerStanding::Active => Word { en: "an active customer", zh: "现有客户" },
        CustomerStanding::Lapsed => Word { en: "a lapsed customer", zh: "流失客户" },
        CustomerStanding::Suspended => Word { en: "a suspended customer", zh: "已暂停服务的客户" },
    }
}

/// A way to meet, after "by".
pub(super) fn channel(channel: Channel) -> Word {
    match channel {
        Channel::InboundCall => Word { en: "calling us", zh: "来电" },
        Channel::OutboundCall => Word { en: "telephone", zh: "去电" },
        Channel::Callback => Word { en: "a callback", zh: "回电" },
        Channel::Email => Word { en: "email", zh: "邮件" },
        Channel::OnlineChat => Word { en: "online chat", zh: "在线聊天" },
        Channel::GroupChat => Word { en: "group chat", zh: "群聊" },
        Channel::Bot => Word { en: "the bot", zh: "机器人" },
        Channel::Sms => Word { en: "text message", zh: "短信" },
        Channel::Visit => Word { en: "a visit", zh: "上门" },
        Channel::Counter => Word { en: "coming to the counter", zh: "柜台" },
        Channel::Delivery => Word { en: "delivery", zh: "配送" },
        Channel::SelfService => Word { en: "self-service", zh: "自助服务" },
        Channel::SocialMedia => Word { en: "social media", zh: "社交媒体" },
        Channel::Event => Word { en: "events", zh: "活动" },
        Channel::Other | Channel::Unspecified => Word { en: "another way", zh: "其他方式" },
    }
}

/// What it was about.
pub(super) fn kind(kind: InteractionKind) -> Word {
    match kind {
        InteractionKind::Service | InteractionKind::Unspecified => Word { en: "a service", zh: "服务" },
        InteractionKind::Inquiry => Word { en: "an inquiry", zh: "咨询" },
        InteractionKind::Complaint => Word { en: "a complaint", zh: "投诉" },
        InteractionKind::Order => Word { en: "an order", zh: "下单" },
        InteractionKind::Fulfilment => Word { en: "a fulfilment", zh: "履约" },
        InteractionKind::Repair => Word { en: "a repair", zh: "维修" },
        InteractionKind::Sales => Word { en: "a sales talk", zh: "销售" },
        InteractionKind::FollowUp => Word { en: "a follow-up", zh: "回访" },
        InteractionKind::Visited => Word { en: "a look at our pages", zh: "浏览页面" },
        InteractionKind::Downloaded => Word { en: "a download", zh: "下载资料" },
        InteractionKind::Attended => Word { en: "coming to an event", zh: "参加活动" },
        InteractionKind::Ordered => Word { en: "an order placed", zh: "自行下单" },
    }
}

/// A kind of contact point.
pub(super) fn point(kind: ContactKind) -> Word {
    match kind {
        ContactKind::Phone => Word { en: "Telephone", zh: "电话" },
        ContactKind::Email => Word { en: "Email", zh: "邮箱" },
        ContactKind::Chat => Word { en: "Chat account", zh: "聊天账号" },
        ContactKind::Post => Word { en: "Address", zh: "地址" },
        ContactKind::Other | ContactKind::Unspecified => Word { en: "Contact", zh: "联系方式" },
    }
}

/// Whether the customer agreed.
pub(super) fn consent(consent: Consent) -> Word {
    match consent {
        Consent::Unspecified => Word { en: "whether the customer agreed is not known", zh: "是否同意联系不详" },
        Consent::Granted => Word { en: "the customer agreed", zh: "客户同意联系" },
        Consent::Denied => Word { en: "the customer did not agree", zh: "客户不同意联系" },
        Consent::Withdrawn => Word { en: "the customer does not agree any more", zh: "客户已撤回同意" },
    }
}

/// What for we reach out.
pub(super) fn purpose(purpose: ContactPurpose) -> Word {
    match purpose {
        ContactPurpose::Campaign => Word { en: "a campaign", zh: "营销" },
        ContactPurpose::FollowUp => Word { en: "a follow-up", zh: "回访" },
        ContactPurpose::RequestedCallback => Word { en: "a callback that was asked for", zh: "客户要求的回电" },
        ContactPurpose::ComplaintAnswer => Word { en: "an answer to a complaint", zh: "答复投诉" },
        ContactPurpose::IncidentNotice => Word { en: "a notice of an incident", zh: "故障通知" },
        ContactPurpose::Survey => Word { en: "a survey", zh: "满意度调查" },
        ContactPurpose::Unspecified => Word { en: "anything", zh: "任何事由" },
    }
}

/// Why not to.
pub(super) fn reason(reason: ContactRefusalReason) -> Word {
    match reason {
        ContactRefusalReason::DoNotContact => Word { en: "the customer does not wish it", zh: "客户不希望" },
        ContactRefusalReason::ConsentDenied => {
            Word { en: "the customer does not agree to be contacted there", zh: "客户不同意用这个联系方式" }
        }
        ContactRefusalReason::QuietHours => {
            Word { en: "it is night where the customer is", zh: "客户所在地是休息时间" }
        }
        ContactRefusalReason::FrequencyCap => {
            Word { en: "there were enough contacts lately", zh: "近期联系已经够多" }
        }
        ContactRefusalReason::CustomerSuspended => Word { en: "service is suspended", zh: "服务已暂停" },
        ContactRefusalReason::Unspecified => Word { en: "the policy is against it", zh: "联系规则不允许" },
    }
}
