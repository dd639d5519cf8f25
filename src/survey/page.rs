//! The public page of a survey, by the token of its invitation: a form without script, for the person who was sent the link.
//!
//! Opening it records nothing, since mail scanners open links; the form's submission does, as `SubmitSurvey` would. It tells nobody
//! anything but the question: no name, no colleague, nothing of the interaction.

use std::{fmt::Write as _, sync::Arc};

use http::StatusCode;
use jiff::tz::TimeZone;
use prost::Message as _;
use tokio::sync::Semaphore;

use super::{
    invitation::{ANSWERABLE, Invitation, token_hash},
    invitations, message,
    replies::{self, Taking},
};
use crate::{
    api::{
        kinds::POINTS,
        rules::Violations,
        status,
        v1::{self, Attribution, RatingQuestion, Resolution},
    },
    console::html::{Frame, Page, escape, is_chinese},
    context::Context,
    error::{Error, Result},
    rating::Reactions,
    store::{
        Store,
        request::{self, Request},
    },
    template::{Template, store as templates, wording},
};

/// Pages that are looked up at once; strangers wait for nobody.
const AT_ONCE: usize = 32;
/// Longest token; the contract's limit.
const LONGEST_TOKEN: usize = 64;

/// Answers for the pages of surveys.
#[derive(Clone)]
pub(crate) struct SurveyPages {
    store: Store,
    zone: TimeZone,
    reactions: Reactions,
    places: Arc<Semaphore>,
}

/// What a token leads to.
enum Found {
    Open(Box<(Invitation, Template)>),
    Answered(&'static Words),
    Late(&'static Words),
    Unknown,
}

impl SurveyPages {
    /// `reactions`: what ratings set off in other domains.
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        let (store, zone) = (context.store.clone(), context.zone.rules.clone());
        Self { store, zone, reactions, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The form, or a kind sentence. `language`: for those who are not known by their token.
    pub(crate) async fn show(&self, token: &str, language: &str) -> Page {
        let words = words(language);
        let Ok(_place) = self.places.try_acquire() else { return busy(words) };
        match self.find(token).await {
            Ok(found) => page(found, words, false),
            Err(error) => failed(error, words),
        }
    }

    /// Takes what a form says.
    pub(crate) async fn take(&self, token: &str, form: &[u8], language: &str) -> Page {
        let words = words(language);
        let Ok(_place) = self.places.try_acquire() else { return busy(words) };
        let taken = match read(token, form) {
            Ok(given) => self.submit(given).await,
            Err(error) => Err(error),
        };
        match taken {
            // In the template's words; the frame around them is in the same language.
            Ok(answer) => {
                let frame = if let Ok(Found::Answered(words)) = self.find(token).await { words } else { words };
                Page::told(StatusCode::OK, &frame.frame.sentence(&answer))
            }
            // The form again, with what is wrong, if it is one still.
            Err(Error::Invalid(_)) => match self.find(token).await {
                Ok(found) => page(found, words, true),
                Err(error) => failed(error, words),
            },
            Err(Error::AlreadyRated | Error::RequestIdReused | Error::SurveyTokenInvalid) => {
                match self.find(token).await {
                    Ok(found) => page(found, words, false),
                    Err(error) => failed(error, words),
                }
            }
            Err(error) => failed(error, words),
        }
    }

    async fn submit(&self, message: v1::SubmitSurveyRequest) -> Result<String> {
        // One submission for one token: a second press of the button is the same one.
        let request = Request {
            scope: "survey page".to_owned(),
            id: message.request_id.clone(),
            method: "SubmitSurvey",
            body_hash: request::hash(&[&message.encode_to_vec()]),
        };
        let given = message::read_given(message);
        let (store, zone, reactions, by) = (self.store.clone(), self.zone.clone(), self.reactions, request.clone());
        let taken = self.store.change(request, move |tx, _| {
            let (store, zone, by, given) = (store.clone(), zone.clone(), by.clone(), given.clone());
            Box::pin(
                async move { replies::take(tx, Taking { store: &store, zone: &zone, reactions }, &by, given).await },
            )
        });
        Ok(taken.await?.answer)
    }

    async fn find(&self, token: &str) -> Result<Found> {
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Ok(Found::Unknown);
        }
        let reader = self.store.reader();
        let Some(invitation) = invitations::by_token(reader, token).await? else { return Ok(Found::Unknown) };
        let (id, version) = &invitation.template;
        let template = templates::template(reader, id, *version).await?.ok_or(Error::NotFound("survey template"))?;
        let now = self.store.clock().now_micros();
        if invitation.rating_id.is_some() {
            return Ok(Found::Answered(words_for(&invitation, &template)));
        }
        if !invitation.is_answerable(now) || now - invitation.issued_at > ANSWERABLE {
            return Ok(Found::Late(words_for(&invitation, &template)));
        }
        Ok(Found::Open(Box::new((invitation, template))))
    }
}

fn busy(words: &Words) -> Page {
    Page::told(StatusCode::SERVICE_UNAVAILABLE, &words.frame.sentence(words.later))
}

/// A fault of ours, whose cause goes to the log.
fn failed(error: Error, words: &Words) -> Page {
    _ = status::of(error);
    busy(words)
}

fn page(found: Found, asked: &Words, is_wrong: bool) -> Page {
    match found {
        Found::Open(open) => {
            let (invitation, template) = *open;
            let code = if is_wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            Page::told(code, &form(&invitation, &template, is_wrong))
        }
        Found::Answered(words) => Page::told(StatusCode::OK, &words.frame.sentence(words.answered)),
        Found::Late(words) => Page::told(StatusCode::GONE, &words.frame.sentence(words.late)),
        Found::Unknown => Page::guess(&asked.frame.sentence(asked.unknown)),
    }
}

/// What a form says, as the contract has it.
fn read(token: &str, form: &[u8]) -> Result<v1::SubmitSurveyRequest> {
    let mut answers = v1::RatingAnswers::default();
    let mut message =
        v1::SubmitSurveyRequest { request_id: token_hash(token), survey_token: token.to_owned(), ..Default::default() };
    for (name, value) in form_urlencoded::parse(form) {
        // What is no number is none of ours, and as if it were not there.
        let number = value.parse().unwrap_or_default();
        match name.as_ref() {
            "score" => message.score = number,
            "about" => message.attribution = number,
            "comment" => message.comment = value.replace("\r\n", "\n").trim().to_owned(),
            "resolved" => answers.resolved = number,
            "affinity" => answers.affinity = number,
            "carefulness" => answers.carefulness = number,
            "knowledge" => answers.knowledge = number,
            "clarity" => answers.clarity = number,
            "effort" => answers.effort = number,
            "expected" => answers.expected = number,
            "perceived" => answers.perceived = number,
            _ => {}
        }
    }
    message.answers = Some(answers);
    Error::unless_empty(Violations::of(&message))?;
    Ok(message)
}

fn form(invitation: &Invitation, template: &Template, is_wrong: bool) -> String {
    let words = words_for(invitation, template);
    let wording = template.wording(&invitation.locale);
    // Shipped questions ask for a number to be written back, which is no way to fill in a form.
    let own = wording.map(|one| one.question.as_str()).filter(|one| !wording::is_shipped_question(one));
    let labels = wording.map(|one| one.labels.as_slice()).unwrap_or_default();
    let mut scores: Vec<(i32, &str)> = (1..=POINTS).zip(labels.iter().map(String::as_str)).collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(template.direction.level(*score)));

    let mut html = words.frame.begin();
    let question = own.unwrap_or(words.question);
    _ = write!(html, "<form method=\"post\"><fieldset class=\"score\"><legend><h1>{}</h1></legend>", escape(question));
    if is_wrong {
        _ = write!(html, "<p class=\"wrong\" role=\"alert\">{}</p>", words.choose);
    }
    for (score, label) in scores {
        _ = write!(
            html,
            "<label><input type=\"radio\" name=\"score\" value=\"{score}\" required> <b>{score}</b> {}</label>",
            escape(label)
        );
    }
    html.push_str("</fieldset>");
    _ = write!(html, "<label class=\"field\">{}<select name=\"about\">", words.about);
    for (cause, name) in (i32::from(Attribution::Staff)..).zip(words.causes) {
        _ = write!(html, "<option value=\"{cause}\">{name}</option>");
    }
    html.push_str("</select></label>");
    for asked in template.questions.iter() {
        ask(&mut html, asked, words);
    }
    _ = write!(html, "<button>{}</button></form></main></html>", words.send);
    html
}

/// One of the other questions, all of which may be left out.
fn ask(html: &mut String, asked: RatingQuestion, words: &Words) {
    let [affinity, carefulness, knowledge, clarity, effort, expected, perceived] = words.points;
    let points = match asked {
        RatingQuestion::Unspecified => return,
        RatingQuestion::Resolved => {
            let (yes, no) = (i32::from(Resolution::Resolved), i32::from(Resolution::Unresolved));
            let [question, resolved, unresolved] = words.resolved;
            _ = write!(
                html,
                "<fieldset><legend>{question}</legend>\
                 <label><input type=\"radio\" name=\"resolved\" value=\"{yes}\"> {resolved}</label>\
                 <label><input type=\"radio\" name=\"resolved\" value=\"{no}\"> {unresolved}</label></fieldset>"
            );
            return;
        }
        RatingQuestion::Comment => {
            _ = write!(
                html,
                "<label class=\"field\">{}<textarea name=\"comment\" rows=\"3\" maxlength=\"4000\"></textarea></label>",
                words.comment
            );
            return;
        }
        RatingQuestion::Affinity => ("affinity", affinity),
        RatingQuestion::Carefulness => ("carefulness", carefulness),
        RatingQuestion::Knowledge => ("knowledge", knowledge),
        RatingQuestion::Clarity => ("clarity", clarity),
        RatingQuestion::Effort => ("effort", effort),
        RatingQuestion::Expected => ("expected", expected),
        RatingQuestion::Perceived => ("perceived", perceived),
    };
    let (name, question) = points;
    _ = write!(html, "<fieldset class=\"points\"><legend>{question}</legend>");
    for point in 1..=POINTS {
        _ = write!(html, "<label><input type=\"radio\" name=\"{name}\" value=\"{point}\"> {point}</label>");
    }
    html.push_str("</fieldset>");
}

/// The page's own words in one language; question and labels are the template's.
struct Words {
    frame: Frame,
    question: &'static str,
    choose: &'static str,
    about: &'static str,
    /// In the order of [`Attribution`], from STAFF on.
    causes: [&'static str; 6],
    /// The question, yes and no.
    resolved: [&'static str; 3],
    /// From AFFINITY to PERCEIVED.
    points: [&'static str; 7],
    comment: &'static str,
    send: &'static str,
    answered: &'static str,
    late: &'static str,
    unknown: &'static str,
    later: &'static str,
}

const ENGLISH: Words = Words {
    frame: Frame { language: "en", title: "How was it?", root: ".." },
    question: "How satisfied were you with our service?",
    choose: "Please choose one of these, and write plain text.",
    about: "Your answer is mostly about",
    causes: ["our colleague", "our rules", "the product", "our systems", "the delivery", "something else"],
    resolved: ["Was your matter resolved?", "Yes", "No"],
    points: [
        "Friendly, from 1 to 5",
        "Careful, from 1 to 5",
        "Knew the subject, from 1 to 5",
        "Explained clearly, from 1 to 5",
        "How hard was it for you? 5 is the hardest",
        "What you had expected, from 1 to 5",
        "What you got, from 1 to 5",
    ],
    comment: "In your own words, if you like",
    send: "Send",
    answered: "You have answered already. Thank you!",
    late: "It is too late to answer this one. Thank you all the same.",
    unknown: "This link leads to no survey. It may have been cut short on the way.",
    later: "That did not work just now. Please try again in a minute.",
};

const CHINESE: Words = Words {
    frame: Frame { language: "zh", title: "服务评价", root: ".." },
    question: "您对这次服务满意吗？",
    choose: "请选择其中一项；留言请用普通文字。",
    about: "您的评价主要针对",
    causes: ["服务人员", "规定", "产品", "系统", "物流", "其他"],
    resolved: ["您的问题解决了吗？", "解决了", "没有"],
    points: [
        "态度亲切，1 至 5 分",
        "认真细致，1 至 5 分",
        "熟悉业务，1 至 5 分",
        "讲解清楚，1 至 5 分",
        "您费了多少力？5 分最费力",
        "您原来的期望，1 至 5 分",
        "您的实际感受，1 至 5 分",
    ],
    comment: "还想说的话（可不填）",
    send: "提交",
    answered: "您已经评价过了，谢谢！",
    late: "这次评价的时间已过，仍然感谢您。",
    unknown: "这个链接没有对应的评价，可能在传递中不完整。",
    later: "刚才没有成功，请过一分钟再试。",
};

/// Those beside which the template's words stand: where it has none in the customer's language, it has its first.
fn words_for(invitation: &Invitation, template: &Template) -> &'static Words {
    words(template.wording(&invitation.locale).map_or(&invitation.locale, |wording| &wording.locale))
}

/// Of a locale, or of what a browser accepts: Chinese where that comes first, else English.
fn words(language: &str) -> &'static Words {
    if is_chinese(language) { &CHINESE } else { &ENGLISH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_the_contract_has_it() {
        let read = |form: &str| read("t", form.as_bytes());
        let told = read("score=4&about=3&resolved=2&clarity=5&comment=a%0D%0Ab%3C&unknown=1").unwrap();
        assert_eq!((told.score, told.attribution, told.comment.as_str()), (4, 3, "a\nb<"));
        let answers = told.answers.unwrap();
        assert_eq!((answers.resolved, answers.clarity, answers.affinity), (2, 5, 0));
        for bad in ["", "score=6", "score=0", "score=x", "score=3&clarity=6", "score=3&about=99"] {
            assert!(matches!(read(bad), Err(Error::Invalid(_))), "{bad}");
        }
    }
}
