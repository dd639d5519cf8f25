//! The public page of an invited judge's ballot, by the token of their invitation: a form without script.
//!
//! It does what `GetMyBallot` and `CastBallot` do for an application that has the token. Opening it records nothing, since mail scanners
//! open links.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use http::StatusCode;
use sea_orm::entity::prelude::Uuid;
use tokio::sync::Semaphore;

use super::{
    CompetitionApi,
    store::ballots::{Command, Who},
};
use crate::{
    api::{
        status,
        v1::{self, CompetitionState, NoBallotReason},
    },
    console::html::{Frame, Page, escape, is_chinese},
    error::{Error, Result},
    store::request,
    survey::token_hash,
};

/// Pages that are looked up at once; strangers wait for nobody.
const AT_ONCE: usize = 32;
/// Longest token; the contract's limit.
const LONGEST_TOKEN: usize = 64;

/// Answers for the pages of invited judges.
#[derive(Clone)]
pub(crate) struct BallotPages {
    api: CompetitionApi,
    places: Arc<Semaphore>,
}

/// What a form says: places by entry, and which ballot it replaces.
#[derive(Debug, Default, PartialEq, Eq)]
struct Form {
    places: BTreeMap<Uuid, usize>,
    chosen: Vec<Uuid>,
    revision: i64,
}

impl BallotPages {
    pub(crate) fn new(api: CompetitionApi) -> Self {
        Self { api, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The ballot, or a kind sentence. `link`: the competition's id and the token, as the path has them.
    pub(crate) async fn show(&self, link: &str, language: &str) -> Page {
        let words = words(language);
        let Ok(_place) = self.places.try_acquire() else { return busy(words) };
        let shown = self.ballot(link).await.map(|ballot| page(&ballot, words, None));
        shown.unwrap_or_else(|error| refused(error, words))
    }

    /// Takes what a form says.
    pub(crate) async fn take(&self, link: &str, form: &[u8], language: &str) -> Page {
        let words = words(language);
        let Ok(_place) = self.places.try_acquire() else { return busy(words) };
        self.taken(link, form, words).await.unwrap_or_else(|error| refused(error, words))
    }

    async fn taken(&self, link: &str, form: &[u8], words: &Words) -> Result<Page> {
        let (ballot, told) = (self.ballot(link).await?, read(form));
        let named = match named(&ballot, &told, words) {
            Ok(named) => named,
            Err(wrong) => return Ok(page(&ballot, words, Some((&wrong, &told)))),
        };
        match self.cast(link, named, told.revision, form).await {
            Ok(receipt) => Ok(Page::told(StatusCode::OK, &cast(words, &receipt))),
            Err(Error::EtagMismatch) => Ok(page(&self.ballot(link).await?, words, Some((words.changed, &told)))),
            Err(error) => Err(error),
        }
    }

    async fn ballot(&self, link: &str) -> Result<v1::GetMyBallotResponse> {
        let (competition, who) = read_link(link)?;
        let ballot = self.api.ballot_of(competition, &who).await?;
        if self.api.state(competition).await? != CompetitionState::Voting {
            return Err(Error::VotingNotOpen);
        }
        Ok(ballot)
    }

    async fn cast(&self, link: &str, named: Vec<Uuid>, revision: i64, form: &[u8]) -> Result<v1::BallotReceipt> {
        let (competition, who) = read_link(link)?;
        // A second press of the button is the same ballot; another order is another one.
        let request_id = request::hash(&[link.as_bytes(), form]).to_string();
        self.api.cast(competition, who, Command::Cast { request_id, named, revision }).await
    }
}

fn read_link(link: &str) -> Result<(Uuid, Who)> {
    let (competition, token) = link.split_once('/').ok_or(Error::BallotTokenInvalid)?;
    if token.is_empty() || token.len() > LONGEST_TOKEN {
        return Err(Error::BallotTokenInvalid);
    }
    let competition = Uuid::try_parse(competition).map_err(|_| Error::BallotTokenInvalid)?;
    Ok((competition, Who::Invited(token_hash(token))))
}

/// What is no number or no entry of ours is as if it were not there.
fn read(form: &[u8]) -> Form {
    let mut told = Form::default();
    for (name, value) in form_urlencoded::parse(form) {
        match name.as_ref() {
            "revision" => told.revision = value.parse().unwrap_or_default(),
            "choice" => told.chosen.extend(Uuid::try_parse(&value)),
            name => {
                if let (Ok(entry), Ok(place)) = (Uuid::try_parse(name), value.parse()) {
                    told.places.insert(entry, place);
                }
            }
        }
    }
    told
}

/// What a ballot that was cast says, as a form would.
fn form_of(ballot: &v1::GetMyBallotResponse) -> Form {
    let chosen: Vec<Uuid> = ballot.entry_ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect();
    Form { places: chosen.iter().copied().zip(1..).collect(), chosen, revision: ballot.revision }
}

/// The entries in the order of their places, or those chosen; or what is wrong.
fn named(ballot: &v1::GetMyBallotResponse, told: &Form, words: &Words) -> Result<Vec<Uuid>, String> {
    if ballot.most_chosen > 0 {
        let most = usize::try_from(ballot.most_chosen).unwrap_or_default();
        return match told.chosen.len() {
            0 => Err(words.choose.to_owned()),
            count if count > most => Err(words.at_most.replace("{}", &most.to_string())),
            _ => Ok(told.chosen.clone()),
        };
    }
    let mut ranked: Vec<(usize, Uuid)> = told.places.iter().map(|(entry, place)| (*place, *entry)).collect();
    ranked.sort_unstable();
    if ranked.windows(2).any(|two| two[0].0 == two[1].0) {
        return Err(words.twice.to_owned());
    }
    let fewest = usize::try_from(ballot.fewest_ranked).unwrap_or_default();
    if ranked.len() < fewest {
        return Err(words.at_least.replace("{}", &fewest.to_string()));
    }
    Ok(ranked.into_iter().map(|(_, entry)| entry).collect())
}

/// `wrong`: what is wrong with a form, and what it said.
fn page(ballot: &v1::GetMyBallotResponse, words: &Words, wrong: Option<(&str, &Form)>) -> Page {
    if ballot.no_ballot_reason() != NoBallotReason::Unspecified {
        return Page::told(StatusCode::OK, &words.frame.sentence(words.nothing));
    }
    let code = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::told(code, &form(ballot, words, wrong))
}

fn form(ballot: &v1::GetMyBallotResponse, words: &Words, wrong: Option<(&str, &Form)>) -> String {
    let cast = form_of(ballot);
    let shown = wrong.map_or(&cast, |(_, told)| told);
    let mut html = words.frame.begin();
    let is_choice = ballot.most_chosen > 0;
    let lead = if is_choice {
        words.lead_choice.replace("{}", &ballot.most_chosen.to_string())
    } else {
        words.lead_rank.to_owned()
    };
    _ = write!(html, "<h1>{}</h1><p>{lead}</p>", words.frame.title);
    if !ballot.entry_ids.is_empty() {
        _ = write!(html, "<p>{}</p>", words.again);
    }
    if let Some((wrong, _)) = wrong {
        _ = write!(html, "<p class=\"wrong\" role=\"alert\">{}</p>", escape(wrong));
    }
    _ = write!(html, "<form method=\"post\"><input type=\"hidden\" name=\"revision\" value=\"{}\">", ballot.revision);
    for entry in &ballot.panel {
        let known = Uuid::try_parse(&entry.entry_id).unwrap_or_default();
        let (title, id) = (escape(&entry.title), &entry.entry_id);
        _ = write!(html, "<article><h2>{title}</h2><p>{}</p>", escape(&entry.what));
        if !entry.why.is_empty() {
            _ = write!(html, "<p>{}</p>", escape(&entry.why));
        }
        if is_choice {
            let checked = if shown.chosen.contains(&known) { " checked" } else { "" };
            _ = write!(
                html,
                "<label><input type=\"checkbox\" name=\"choice\" value=\"{id}\"{checked}> {}<span class=\"hidden\"> {title}</span></label>",
                words.choice
            );
        } else {
            _ = write!(
                html,
                "<label class=\"field\">{}<span class=\"hidden\"> {title}</span><select name=\"{id}\"><option value=\"\">–</option>",
                words.place
            );
            for option in 1..=ballot.panel.len() {
                let selected = if shown.places.get(&known) == Some(&option) { " selected" } else { "" };
                _ = write!(html, "<option{selected}>{option}</option>");
            }
            html.push_str("</select></label>");
        }
        html.push_str("</article>");
    }
    let send = if ballot.revision > 0 { words.replace } else { words.send };
    _ = write!(html, "<button>{send}</button></form></main></html>");
    html
}

fn cast(words: &Words, receipt: &v1::BallotReceipt) -> String {
    format!(
        "{}<h1>{}</h1><p>{}</p><p>{} <code>{}</code></p></main></html>",
        words.frame.begin(),
        words.cast,
        words.may_change,
        words.receipt,
        escape(&receipt.ballot_hash)
    )
}

fn busy(words: &Words) -> Page {
    Page::told(StatusCode::SERVICE_UNAVAILABLE, &words.frame.sentence(words.later))
}

fn refused(error: Error, words: &Words) -> Page {
    if matches!(error, Error::BallotTokenInvalid | Error::NotOnRoll | Error::NotFound(_)) {
        return Page::guess(&words.frame.sentence(words.unknown));
    }
    if matches!(error, Error::VotingNotOpen | Error::VotingClosed) {
        return Page::told(StatusCode::GONE, &words.frame.sentence(words.closed));
    }
    // A fault of ours, whose cause goes to the log.
    _ = status::of(error);
    busy(words)
}

/// The page's words in one language.
struct Words {
    frame: Frame,
    lead_rank: &'static str,
    /// `{}`: how many.
    lead_choice: &'static str,
    again: &'static str,
    place: &'static str,
    choice: &'static str,
    send: &'static str,
    replace: &'static str,
    twice: &'static str,
    at_least: &'static str,
    at_most: &'static str,
    choose: &'static str,
    changed: &'static str,
    cast: &'static str,
    may_change: &'static str,
    receipt: &'static str,
    nothing: &'static str,
    closed: &'static str,
    unknown: &'static str,
    later: &'static str,
}

const ENGLISH: Words = Words {
    frame: Frame { language: "en", title: "Your ballot", root: "../.." },
    lead_rank: "Read the plans and give each a place; 1 is the best.",
    lead_choice: "Read the plans and choose at most {}.",
    again: "You have cast a ballot. What you send now replaces it.",
    place: "Place of",
    choice: "Choose",
    send: "Cast the ballot",
    replace: "Replace the ballot",
    twice: "Two plans have the same place: give each another one.",
    at_least: "Give places to at least {} plans.",
    at_most: "Choose at most {}.",
    choose: "Choose at least one plan.",
    changed: "The ballot was changed elsewhere in the meantime. Look at your places and send them again.",
    cast: "Your ballot is cast. Thank you!",
    may_change: "Until voting closes you may open the link again and change it.",
    receipt: "Receipt:",
    nothing: "There is nothing for you to judge in this competition. Thank you all the same.",
    closed: "Voting is not open.",
    unknown: "This link leads to no ballot. It may have been cut short on the way.",
    later: "That did not work just now. Please try again in a minute.",
};

const CHINESE: Words = Words {
    frame: Frame { language: "zh", title: "您的选票", root: "../.." },
    lead_rank: "请阅读各方案，并为每个方案选一个名次，1 为最好。",
    lead_choice: "请阅读各方案，最多选择 {} 个。",
    again: "您已经投过票。现在提交的内容会替换原来的选票。",
    place: "名次：",
    choice: "选择",
    send: "投票",
    replace: "替换选票",
    twice: "有两个方案名次相同，请分别选择不同的名次。",
    at_least: "请至少为 {} 个方案选择名次。",
    at_most: "最多选择 {} 个。",
    choose: "请至少选择一个方案。",
    changed: "选票刚才在别处被修改过。请核对名次后再次提交。",
    cast: "您的选票已投出，谢谢！",
    may_change: "投票结束之前，可以再次打开链接修改。",
    receipt: "回执：",
    nothing: "这次评选中没有需要您评判的方案，仍然感谢您。",
    closed: "现在不在投票时间。",
    unknown: "这个链接没有对应的选票，可能在传递中不完整。",
    later: "刚才没有成功，请过一分钟再试。",
};

fn words(language: &str) -> &'static Words {
    if is_chinese(language) { &CHINESE } else { &ENGLISH }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn ranked(form: &str, fewest: i32) -> Result<Vec<Uuid>, String> {
        let ballot = v1::GetMyBallotResponse { fewest_ranked: fewest, ..Default::default() };
        named(&ballot, &read(form.as_bytes()), &ENGLISH)
    }

    #[test]
    fn places_become_an_order() {
        let [a, b, c] = [1, 2, 3].map(entry);
        assert_eq!(ranked(&format!("{a}=3&{b}=1&{c}=2"), 2).unwrap(), [b, c, a]);
        assert_eq!(ranked(&format!("{a}=&{b}=1&{c}=3&x=1&revision=2"), 2).unwrap(), [b, c]);
        assert_eq!(ranked(&format!("{a}=1&{b}=1"), 2).unwrap_err(), ENGLISH.twice);
        assert_eq!(ranked(&format!("{a}=1&{b}="), 2).unwrap_err(), "Give places to at least 2 plans.");
        assert_eq!(read(b"revision=7").revision, 7);
    }

    #[test]
    fn choices_are_counted() {
        let ballot = v1::GetMyBallotResponse { most_chosen: 2, ..Default::default() };
        let chosen = |count: u128| {
            let form: Vec<_> = (0..count).map(|number| format!("choice={}", entry(number))).collect();
            named(&ballot, &read(form.join("&").as_bytes()), &CHINESE)
        };
        assert_eq!(chosen(2).unwrap(), [entry(0), entry(1)]);
        assert_eq!(chosen(0).unwrap_err(), CHINESE.choose);
        assert_eq!(chosen(3).unwrap_err(), "最多选择 2 个。");
    }

    #[test]
    fn a_link_is_a_competition_and_a_token() {
        assert!(read_link(&format!("{}/token", entry(1))).is_ok());
        for bad in
            ["", "/", "x/token", &entry(1).to_string(), &format!("{}/", entry(1)), &format!("{}/{:065}", entry(1), 0)]
        {
            assert!(matches!(read_link(bad), Err(Error::BallotTokenInvalid)), "{bad}");
        }
    }
}
