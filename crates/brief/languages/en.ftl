# A brief in English. Copy this file under the tag of another language, such as de.ftl, and translate what stands behind the
# equals signs: nothing else is needed. Names in braces are filled in; a name that may be missing is `none` then.
# Whatever somebody else wrote comes in quotation marks already. The syntax is Fluent's: https://projectfluent.org/fluent/guide

## Sections of a brief

heading-who = Who
heading-owed = What we owe
heading-preferences = Preferences
heading-avoid = To avoid
heading-conclusions = Lately
heading-contact-points = Contact points
heading-contact-policy = Contact now
heading-talking-points = To talk about
heading-opener = How to begin

## Facts: one sentence or more each

known-nowhere = Nobody that the directory knows, only { $known_as }.
known = { $name ->
        [none] { $known_as }
       *[other] { $name } ({ $known_as })
    }, { $standing }.
met = { $extent ->
        [more] { $count } contacts or more
        [since] { contacts } since { $first }
       *[all] { contacts }
    }; the last on { $last }: { $how }.
suspended = Service is suspended since { $since }, { $until ->
        [none] until lifted
       *[other] until { $until }
    }: { $reason }. Complaints stay open.
matter = { $matter }: { contacts } since { $since }; { $because }.{ $word ->
        [none] {""}
       *[other] {" "}Last word, { $day }: { $word }.
    }
missed = Tried to reach us by { $channel } on { $day } and did not get through{ $waited ->
        [none] {""}
       *[other] {" "}after waiting { $waited }
    }; nobody has served this customer since.
callback = A callback that the customer asked for has not got through: { attempts }, the last on { $moment }.
commitment = We promised { $what } by { $moment }{ $state ->
        [broken] , and have not kept it yet
       *[open] {""}
    }; { $owner } answers for it.
given = Was given { $what } on { $day }: { $reason }.
follow-up = { $state ->
        [answered] What the customer was not satisfied with on { $day } has been answered; they have not said yet whether that will do.
       *[other] The customer was not satisfied on { $day } and waits for our answer{ $moment ->
            [none] {""}
           *[other] , due { $moment }
        }{ $state ->
            [overdue] {" "}and late
           *[other] {""}
        }.
    }
not-to-assign = Not to be assigned to this customer now, since a complaint is about them: { $people }.
prefers = { $what } ({ $percent } % sure, from { contacts }{ $tied ->
        [none] {""}
       *[other] ; just as likely: { $tied }
    }).
stated = { $what } (said on { $day }: { $source }).
nothing-certain = How this customer likes to be met is not known yet.
refuted = { $what } (noted on { $day }: { $note }).
do-not-contact = Does not wish to be contacted{ $channels ->
        [none] {""}
       *[other] {" "}by { $channels }
    }{ $purposes ->
        [none] {""}
       *[other] {" "}for { $purposes }
    }{ $until ->
        [none] {""}
       *[other] {" "}until { $until }
    }: { $reason }.
in-vain = { attempts } by { $channel } and none got through, the last on { $day }: another way may be better.
concluded = { $day }, { $how }: { $text }.
point = { $kind } { $value }: from { $source }{ $obtained ->
        [none] {""}
       *[other] , { $obtained }
    }; { $consent }.
may = May be contacted by { $channel } now for { $purposes }.
may-not = Not by { $channel } now for { $purposes }: { $reasons }; { $from ->
        [none] not before somebody changes that
       *[other] from { $from } on
    }.
on-record = Need not be asked again, told on { $day }: { $parts }.
did = Of the customer's own accord: { $deeds }.
long-wait = Waited { $waited } on { $day } before being served: an apology is due.

## How to begin: what a colleague may say, in quotation marks

opener = “{ $name ->
        [none] Hello
       *[other] Hello { $name }
    }, { $rest }”
opener-matter = this is about { $topic ->
        [none] your matter
       *[other] { $topic }
    }, of which we spoke on { $day }. Let me tell you how it stands, and whether anything is still missing.
opener-missed = you tried to reach us on { $day } and did not get through. I am sorry about that. What can I do for you?
opener-callback = you asked us to call you back, and on { $day } we did not reach you. Is this a good moment?
opener-last = { $topic ->
        [none] we were last in touch on { $day }. Has everything been all right since?
       *[other] last time, on { $day }, it was about { $topic }. Is everything as it should be?
    }
opener-nothing = what can I do for you?
opener-attended = thank you for coming to{ $what ->
        [none] {""}
       *[other] {" "}{ $what }
    } on { $day }. What did you take home from it, and what can I add?
opener-ordered = thank you for your order{ $what ->
        [none] {""}
       *[other] {" "}{ $what }
    } of { $day }. Is there anything you would like to know about it?
opener-visited = on { $day } you took an interest in{ $what ->
        [none] {""}
       *[other] {" "}{ $what }
    }. Is there anything that I can tell you about it?
opener-downloaded = { opener-visited }

## Parts of sentences

# How we met, and with whom.
how-met = { $what }{ $people ->
        [none] {""}
       *[other] {" "}with { $people }
    }{ $served ->
        [yes] {""}
       *[no] , in vain
    }
# What a matter is called.
matter-called = { $kind ->
        [complaint] Open complaint
       *[other] Open matter
    }{ $topic ->
        [none] {""}
       *[other] {" "}about { $topic }
    }{ $names ->
        [none] {""}
       *[other] {" "}({ $names })
    }
matter-case = case { $text }
matter-order = order { $text }
part-order = order { $text }
part-product = product { $text }
part-page = page { $text }
part-seen = what was seen there, { $text }
deed = { $activity } on { $day }
activity-visited = looked at { $what ->
        [none] something of ours
       *[other] { $what }
    }
activity-downloaded = downloaded { $what ->
        [none] something of ours
       *[other] { $what }
    }
activity-attended = came to { $what ->
        [none] something of ours
       *[other] { $what }
    }
activity-ordered = ordered { $what ->
        [none] something of ours
       *[other] { $what }
    }

## Lists: each item after the one before, and the last one

list-next = { $list }, { $item }
list-last = { $list } and { $item }
deeds-next = { $list }, { $item }
deeds-last = { $list } and { $item }
names-next = { $list }, { $item }
names-last = { $list }, { $item }

## Numbers and times

contacts = { $count ->
        [one] 1 contact
       *[other] { $count } contacts
    }
attempts = { $count ->
        [one] 1 attempt
       *[other] { $count } attempts
    }
seconds = { $count ->
        [one] 1 second
       *[other] { $count } seconds
    }
minutes = { $count } minutes
day = { $day } { $month }
day-of-year = { $day } { $month } { $year }
moment = { $day } at { $time }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
# From $from to $until, of two digits; as numbers, $hour and $end.
value-hour = between { $from }:00 and { $until }:00

## What the customer is like

prefers-unspecified = Often about { $value }
prefers-channel = Often in touch by { $value }
prefers-hour = Often in touch { $value }, local time
prefers-weekday = Often in touch on { $value }s
prefers-topic = Often about { $value }
prefers-kind = Often comes with { $value }
prefers-product = Often about the product { $value }
prefers-language = Often speaks { $value }
prefers-colleague = Often served by { $value }
prefers-salutation = Often addressed as { $value }
prefers-hours = Often called { $value }

stated-unspecified = Cares about { $value }
stated-channel = Wishes to be met by { $value }
stated-hour = Wishes to be met { $value }, local time
stated-weekday = Wishes to be met on { $value }s
stated-topic = Cares about { $value }
stated-kind = Mostly comes for { $value }
stated-product = Cares about the product { $value }
stated-language = Wishes to speak { $value }
stated-colleague = Wishes to be served by { $value }
stated-salutation = Wishes to be addressed as { $value }
stated-hours = May be called { $value }
stated-hours-between = May be called between { $from } and { $until }, local time

refuted-unspecified = Does not care about { $value }
refuted-channel = Does not like to be met by { $value }
refuted-hour = Not { $value }, local time
refuted-weekday = Not on { $value }s
refuted-topic = Does not care about { $value }
refuted-kind = Does not come for { $value }
refuted-product = Does not care about the product { $value }
refuted-language = Does not like to speak { $value }
refuted-colleague = Not to be served by { $value }
refuted-salutation = Not to be addressed as { $value }
refuted-hours = Not to be called { $value }

## Why a matter is open

because-customer-says = the customer says that it is not resolved
because-staff-say = we noted that it is not resolved
because-came-back = the customer came back after it had been called resolved
because-nobody-said = nobody has noted that it is resolved

## Languages that customers often speak, by tag; others are told as their tag

language-ar = Arabic
language-de = German
language-en = English
language-es = Spanish
language-fr = French
language-he = Hebrew
language-ja = Japanese
language-ko = Korean
language-pt = Portuguese
language-ru = Russian
language-yue = Cantonese
language-zh = Chinese

## What has a name in the contract: the part behind the dash is the value's

# The customer's standing.
standing-unspecified = a prospect
standing-prospect = a prospect
standing-active = an active customer
standing-lapsed = a lapsed customer
standing-suspended = a suspended customer

# A way to meet, after "by".
channel-unspecified = another way
channel-inbound-call = calling us
channel-outbound-call = telephone
channel-callback = a callback
channel-email = email
channel-online-chat = online chat
channel-group-chat = group chat
channel-bot = the bot
channel-sms = text message
channel-visit = a visit
channel-counter = coming to the counter
channel-delivery = delivery
channel-self-service = self-service
channel-social-media = social media
channel-event = events
channel-other = another way

# What it was that we met by.
meeting-unspecified = a contact
meeting-inbound-call = a call to us
meeting-outbound-call = a call by us
meeting-callback = a callback
meeting-email = an email
meeting-online-chat = an online chat
meeting-group-chat = a group chat
meeting-bot = a chat with the bot
meeting-sms = a text message
meeting-visit = a visit
meeting-counter = a talk at the counter
meeting-delivery = a delivery
meeting-self-service = self-service
meeting-social-media = a message on social media
meeting-event = an event
meeting-other = a contact

# What it was about.
kind-unspecified = a service
kind-service = a service
kind-inquiry = an inquiry
kind-complaint = a complaint
kind-order = an order
kind-fulfilment = a fulfilment
kind-repair = a repair
kind-sales = a sales talk
kind-follow-up = a follow-up
kind-visited = a look at our pages
kind-downloaded = a download
kind-attended = coming to an event
kind-ordered = an order placed

# A kind of contact point.
point-unspecified = Contact
point-phone = Telephone
point-email = Email
point-chat = Chat account
point-post = Address
point-other = Contact

# Whether the customer agreed.
consent-unspecified = whether the customer agreed is not known
consent-granted = the customer agreed
consent-denied = the customer did not agree
consent-withdrawn = the customer does not agree any more

# What for we reach out.
purpose-unspecified = anything
purpose-campaign = a campaign
purpose-follow-up = a follow-up
purpose-requested-callback = a callback that was asked for
purpose-complaint-answer = an answer to a complaint
purpose-incident-notice = a notice of an incident
purpose-survey = a survey

# Why not to.
reason-unspecified = the policy is against it
reason-do-not-contact = the customer does not wish it
reason-consent-denied = the customer does not agree to be contacted there
reason-quiet-hours = it is night where the customer is
reason-frequency-cap = there were enough contacts lately
reason-customer-suspended = service is suspended
