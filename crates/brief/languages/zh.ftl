# A brief in Chinese. What the names mean is said in en.ftl.

## Sections of a brief

heading-who = 客户
heading-owed = 未了事项
heading-preferences = 偏好
heading-avoid = 注意避免
heading-conclusions = 近期结论
heading-contact-points = 联系方式
heading-contact-policy = 现在能否联系
heading-talking-points = 谈话要点
heading-opener = 开场白

## Facts

known-nowhere = 尚未建档，只知道{ $known_as }。
known = { $name ->
        [none] { $known_as }
       *[other] { $name }（{ $known_as }）
    }，{ $standing }。
met = { $extent ->
        [more] 联系至少{ $count }次
        [since] { $first }以来联系{ $count }次
       *[all] 联系过{ $count }次
    }，最近一次是{ $last }：{ $how }。
suspended = 服务自{ $since }起暂停，{ $until ->
        [none] 直到解除
       *[other] 至{ $until }
    }：{ $reason }。投诉仍照常受理。
matter = { $matter }，{ $since }以来联系{ $count }次，{ $because }。{ $word ->
        [none] {""}
       *[other] { $day }的说法：{ $word }。
    }
missed = { $day }客户通过{ $channel }找过我们{ $waited ->
        [none] {""}
       *[other] ，等了{ $waited }
    }，没有接通，此后还没有人为其服务。
callback = 客户要求的回电还没有打通：试过{ $count }次，最近一次是{ $moment }。
commitment = 我们答应过{ $what }，最晚{ $moment }{ $state ->
        [broken] ，至今没有兑现
       *[open] {""}
    }，由{ $owner }负责。
given = { $day }曾赠予{ $what }：{ $reason }。
follow-up = { $state ->
        [answered] 客户{ $day }表示的不满已经答复，客户还没有说是否满意。
       *[other] 客户{ $day }表示不满，还在等我们答复{ $moment ->
            [none] {""}
           *[other] ，期限{ $moment }
        }{ $state ->
            [overdue] ，已经过期
           *[other] {""}
        }。
    }
not-to-assign = 客户的不满涉及以下同事，目前不要安排他们接待：{ $people }。
prefers = { $what }（把握{ $percent }%，依据{ $count }次联系{ $tied ->
        [none] {""}
       *[other] ，同样可能：{ $tied }
    }）。
stated = { $what }（{ $day }说明：{ $source }）。
nothing-certain = 还不清楚这位客户喜欢怎样联系。
refuted = { $what }（{ $day }记录：{ $note }）。
do-not-contact = 不希望我们{ $channels ->
        [none] {""}
       *[other] 通过{ $channels }
    }{ $purposes ->
        [none] {""}
       *[other] 为{ $purposes }
    }联系{ $until ->
        [none] {""}
       *[other] ，至{ $until }
    }：{ $reason }。
in-vain = 通过{ $channel }联系过{ $count }次都没有成功，最近一次是{ $day }，最好换一种方式。
concluded = { $day }，{ $how }：{ $text }。
point = { $kind }{ $value }：来自{ $source }{ $obtained ->
        [none] {""}
       *[other] ，{ $obtained }
    }；{ $consent }。
may = 现在可以通过{ $channel }联系，事由：{ $purposes }。
may-not = 现在不可通过{ $channel }联系的事由：{ $purposes }，因为{ $reasons }；{ $from ->
        [none] 除非情况有变
       *[other] { $from }之后可以
    }。
on-record = 不必再问，{ $day }已经说过：{ $parts }。
did = 客户主动：{ $deeds }。
long-wait = { $day }等了{ $waited }才接通，应当致歉。

## How to begin

opener = “{ $name ->
        [none] 您好！
       *[other] { $name }，您好！
    }{ $rest }”
opener-matter = 关于{ $day }我们谈到的{ $topic ->
        [none] 事情
       *[other] { $topic }问题
    }，我来向您说明现在的进展，也听听还有什么没有办好。
opener-missed = { $day }您联系我们没有接通，非常抱歉。请问现在有什么可以帮您？
opener-callback = 您要求我们回电，{ $day }没有联系上您。请问现在方便吗？
opener-last = { $topic ->
        [none] { $day }之后一切都顺利吗？
       *[other] { $day }我们谈过{ $topic }，请问现在一切都顺利吗？
    }
opener-nothing = 请问有什么可以帮您？
opener-attended = 感谢您{ $day }参加{ $what ->
        [none] 我们的活动
       *[other] { $what }
    }。您有哪些收获，还想了解什么？
opener-ordered = 感谢您{ $day }的订单{ $what ->
        [none] {""}
       *[other] { $what }
    }。关于它您还想了解什么？
opener-visited = { $day }您关注过{ $what ->
        [none] 我们的服务
       *[other] { $what }
    }，有什么想了解的吗？
opener-downloaded = { opener-visited }

## Parts of sentences

how-met = { $what }{ $people ->
        [none] {""}
       *[other] （{ $people }）
    }{ $served ->
        [yes] {""}
       *[no] ，未接通
    }
matter-called = { $kind ->
        [complaint] 未了的投诉
       *[other] 未了的事项
    }{ $topic ->
        [none] {""}
       *[other] ：{ $topic }
    }{ $names ->
        [none] {""}
       *[other] （{ $names }）
    }
matter-case = 案号{ $text }
matter-order = 订单{ $text }
part-order = 订单{ $text }
part-product = 产品{ $text }
part-page = 页面{ $text }
part-seen = 客户看到的{ $text }
deed = { $day }{ $activity }
activity-visited = 浏览了{ $what ->
        [none] 我们的内容
       *[other] { $what }
    }
activity-downloaded = 下载了{ $what ->
        [none] 我们的内容
       *[other] { $what }
    }
activity-attended = 参加了{ $what ->
        [none] 我们的内容
       *[other] { $what }
    }
activity-ordered = 订购了{ $what ->
        [none] 我们的内容
       *[other] { $what }
    }

## Lists

list-next = { $list }、{ $item }
list-last = { $list }、{ $item }
deeds-next = { $list }，{ $item }
deeds-last = { $list }，{ $item }
names-next = { $list }，{ $item }
names-last = { $list }，{ $item }

## Numbers and times

contacts = { $count }次联系
attempts = { $count }次
seconds = { $count }秒
minutes = { $count }分钟
day = { $month }{ $day }日
day-of-year = { $year }年{ $month }{ $day }日
moment = { $day }{ $time }
month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月
weekday-1 = 星期一
weekday-2 = 星期二
weekday-3 = 星期三
weekday-4 = 星期四
weekday-5 = 星期五
weekday-6 = 星期六
weekday-7 = 星期日
value-hour = { $hour }点至{ $end }点

## What the customer is like

prefers-unspecified = 常谈{ $value }
prefers-channel = 常通过{ $value }联系
prefers-hour = 常在当地时间{ $value }联系
prefers-weekday = 常在{ $value }联系
prefers-topic = 常谈{ $value }
prefers-kind = 常为{ $value }而来
prefers-product = 常与产品{ $value }有关
prefers-language = 常说{ $value }
prefers-colleague = 常由{ $value }服务
prefers-salutation = 常称{ $value }
prefers-hours = 常在{ $value }接电话

stated-unspecified = 关心{ $value }
stated-channel = 希望通过{ $value }联系
stated-hour = 希望在当地时间{ $value }联系
stated-weekday = 希望在{ $value }联系
stated-topic = 关心{ $value }
stated-kind = 多为{ $value }而来
stated-product = 关心产品{ $value }
stated-language = 希望说{ $value }
stated-colleague = 希望由{ $value }服务
stated-salutation = 希望被称为{ $value }
stated-hours = { $value }可以打电话
stated-hours-between = 当地时间{ $from }至{ $until }可以打电话

refuted-unspecified = 并不关心{ $value }
refuted-channel = 不喜欢通过{ $value }联系
refuted-hour = 不要在当地时间{ $value }联系
refuted-weekday = 不要在{ $value }联系
refuted-topic = 并不关心{ $value }
refuted-kind = 并非为{ $value }而来
refuted-product = 并不关心产品{ $value }
refuted-language = 不喜欢说{ $value }
refuted-colleague = 不要由{ $value }服务
refuted-salutation = 不要称为{ $value }
refuted-hours = 不要在{ $value }打电话

## Why a matter is open

because-customer-says = 客户表示没有解决
because-staff-say = 我们记录为没有解决
because-came-back = 说过已经解决，客户又来联系
because-nobody-said = 还没有人记录已经解决

## Languages

language-ar = 阿拉伯语
language-de = 德语
language-en = 英语
language-es = 西班牙语
language-fr = 法语
language-he = 希伯来语
language-ja = 日语
language-ko = 韩语
language-pt = 葡萄牙语
language-ru = 俄语
language-yue = 粤语
language-zh = 中文

## What has a name in the contract

standing-unspecified = 潜在客户
standing-prospect = 潜在客户
standing-active = 现有客户
standing-lapsed = 流失客户
standing-suspended = 已暂停服务的客户

channel-unspecified = 其他方式
channel-inbound-call = 来电
channel-outbound-call = 去电
channel-callback = 回电
channel-email = 邮件
channel-online-chat = 在线聊天
channel-group-chat = 群聊
channel-bot = 机器人
channel-sms = 短信
channel-visit = 上门
channel-counter = 柜台
channel-delivery = 配送
channel-self-service = 自助服务
channel-social-media = 社交媒体
channel-event = 活动
channel-other = 其他方式

meeting-unspecified = { channel-unspecified }
meeting-inbound-call = { channel-inbound-call }
meeting-outbound-call = { channel-outbound-call }
meeting-callback = { channel-callback }
meeting-email = { channel-email }
meeting-online-chat = { channel-online-chat }
meeting-group-chat = { channel-group-chat }
meeting-bot = { channel-bot }
meeting-sms = { channel-sms }
meeting-visit = { channel-visit }
meeting-counter = { channel-counter }
meeting-delivery = { channel-delivery }
meeting-self-service = { channel-self-service }
meeting-social-media = { channel-social-media }
meeting-event = { channel-event }
meeting-other = { channel-other }

kind-unspecified = 服务
kind-service = 服务
kind-inquiry = 咨询
kind-complaint = 投诉
kind-order = 下单
kind-fulfilment = 履约
kind-repair = 维修
kind-sales = 销售
kind-follow-up = 回访
kind-visited = 浏览页面
kind-downloaded = 下载资料
kind-attended = 参加活动
kind-ordered = 自行下单

point-unspecified = 联系方式
point-phone = 电话
point-email = 邮箱
point-chat = 聊天账号
point-post = 地址
point-other = 联系方式

consent-unspecified = 是否同意联系不详
consent-granted = 客户同意联系
consent-denied = 客户不同意联系
consent-withdrawn = 客户已撤回同意

purpose-unspecified = 任何事由
purpose-campaign = 营销
purpose-follow-up = 回访
purpose-requested-callback = 客户要求的回电
purpose-complaint-answer = 答复投诉
purpose-incident-notice = 故障通知
purpose-survey = 满意度调查

reason-unspecified = 联系规则不允许
reason-do-not-contact = 客户不希望
reason-consent-denied = 客户不同意用这个联系方式
reason-quiet-hours = 客户所在地是休息时间
reason-frequency-cap = 近期联系已经够多
reason-customer-suspended = 服务已暂停
