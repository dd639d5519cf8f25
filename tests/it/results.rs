//! Competitions from the close on: what is told and to whom, that the result does not depend on who counts, and what nobody learns
//! before it.

use std::collections::BTreeMap;

use futures::{StreamExt as _, future::join_all};
use rapport::{
    api::v1::{
        self, CompetitionRules, CompetitionState, PrizeDecision, RecordAudience, Role, Standing, SwapRule, TallyMethod,
    },
    clock::Clock,
};
use rapport_vote::{
    Entry, Form, Method,
    count::{Count, Votes},
    draw::Seed,
    exact::nanos,
    tally::scores,
};
use serde_json::{Value, json};
use tonic::{Code, Response, Status, Streaming};

use crate::support::{
    Backend, Server, Test,
    client::request_id,
    competition::{Vote, chosen, dealt, enrol, member},
    on, on_both, on_postgres,
    refusal::verdict,
    refused,
    sample::MONDAY_NINE,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        nothing_is_told_before_the_close,
        the_result_is_what_the_ballots_say,
        the_order_of_ballots_changes_nothing,
        two_who_close_at_once_find_one_result,
        a_close_that_was_cut_short_is_finished,
        ties_and_abstentions_share_places,
        what_is_counted_is_gone,
        the_leaderboard_is_paged_and_shown_around_a_team,
        a_team_sees_its_history,
        phases_and_results_are_watched,
        server_dry_run_and_auditor_agree,
    ];
    tests.extend(on!(&[Backend::Sqlite]; voting_closes_at_its_deadline_and_the_result_stands_after_the_dispute));
    tests.extend(on_postgres![any_server_closes]);
    tests
}

const DAY: i64 = 86_400_000_000;

fn trimmed() -> CompetitionRules {
    CompetitionRules { tally: TallyMethod::TrimmedTeamMean.into(), ..dealt() }
}

pub(crate) fn prizes(rules: CompetitionRules) -> CompetitionRules {
    CompetitionRules { prizes: vec!["a trip".to_owned(), "a book".to_owned()], ..rules }
}

pub(crate) async fn close(server: &Server, vote: &Vote) -> Result<v1::Competition, Status> {
    let request = v1::CloseVotingRequest { request_id: request_id(), competition_id: vote.id.clone() };
    Ok(server.admin().competitions().close_voting(request).await?.into_inner().competition.unwrap())
}

pub(crate) async fn leaderboard(server: &Server, vote: &Vote) -> Result<v1::GetLeaderboardResponse, Status> {
    let request = v1::GetLeaderboardRequest { competition_id: vote.id.clone(), ..Default::default() };
    server.staff(&member(0, 0)).competitions().get_leaderboard(request).await.map(Response::into_inner)
}

pub(crate) async fn standings(server: &Server, vote: &Vote) -> Vec<Standing> {
    leaderboard(server, vote).await.unwrap().standings
}

/// A ranking that follows from nothing but the voter's number.
fn shuffled(mut panel: Vec<String>, team: usize, number: usize) -> Vec<String> {
    panel.sort_unstable();
    let by = (3 * team + 5 * number) % panel.len();
    panel.rotate_left(by);
    panel.swap(0, number % 2);
    panel
}

async fn nothing_is_told_before_the_close(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    let voter = server.staff(&member(0, 0));
    let panel = vote.panel(&voter).await;
    vote.cast(&voter, &panel, 0).await.unwrap();
    let not_out = (Code::FailedPrecondition, "RESULT_NOT_OUT".to_owned());
    assert_eq!(verdict(&refused(leaderboard(&server, &vote).await)), not_out);
    for caller in [server.admin(), server.caller(Role::Reviewer, "reviewer", &[]), server.staff(&member(1, 1))] {
        let mut service = caller.competitions();
        let explain = v1::ExplainStandingRequest { entry_id: vote.entry(2) };
        assert_eq!(verdict(&refused(service.explain_standing(explain).await)), not_out);
        let history = v1::ListTeamStandingsRequest { team_id: "t2".to_owned(), ..Default::default() };
        assert!(service.list_team_standings(history).await.unwrap().into_inner().standings.is_empty());
    }
    // Who asks learns the same whether one has voted or all have.
    let told = || async {
        let request = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
        server.admin().competitions().get_competition(request).await.unwrap().into_inner()
    };
    let record = || async {
        let request =
            v1::ExportRecordRequest { competition_id: vote.id.clone(), audience: RecordAudience::Public.into() };
        server.admin().competitions().export_record(request).await.unwrap().into_inner().record
    };
    let before = (told().await, record().await);
    for number in 0..3 {
        let voter = server.staff(&member(3, number));
        let panel = vote.panel(&voter).await;
        vote.cast(&voter, &panel, 0).await.unwrap();
    }
    assert_eq!((told().await, record().await), before);
}

/// Casts the ballots of all members, and counts them as an outsider would.
pub(crate) async fn all_vote(server: &Server, vote: &Vote, teams: usize, size: usize) -> Votes {
    let mut count = Count::new(Form::RankedPanel, Method::PairwiseConsensus);
    for team in 0..teams {
        for number in 0..size {
            let voter = server.staff(&member(team, number));
            let panel = vote.panel(&voter).await;
            let ranking = shuffled(panel.clone(), team, number);
            let named = &ranking[..ranking.len() - number % 2];
            vote.cast(&voter, named, 0).await.unwrap();
            count.add(&format!("t{team}"), &panel, named);
        }
    }
    count.whole()
}

async fn the_result_is_what_the_ballots_say(server: Server) {
    let (teams, size) = (9, 3);
    enrol(&server, &[size; 9]).await;
    let vote = Vote::opened(&server, teams, prizes(trimmed())).await;
    let votes = all_vote(&server, &vote, teams, size).await;
    let closed = close(&server, &vote).await.unwrap();
    assert_eq!(closed.state(), CompetitionState::Closed);

    let entries: Vec<Entry> =
        vote.entries.iter().map(|(team, id)| Entry { id: id.clone(), team: team.clone() }).collect();
    let expected: BTreeMap<String, f64> =
        scores(Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 1 }, &entries, &votes)
            .into_iter()
            .map(|score| (score.entry, nanos(&score.exact.unwrap()) as f64 / 1e9))
            .collect();
    let found = standings(&server, &vote).await;
    assert_eq!(found.len(), teams);
    for standing in &found {
        let expected = expected[&standing.entry_id];
        assert_eq!((standing.score, standing.result), (Some(expected), Some(expected)), "bit for bit");
        let (low, high) = (standing.low.unwrap(), standing.high.unwrap());
        assert!(low <= expected && expected <= high, "{standing:?}");
    }
    assert!(found.windows(2).all(|pair| pair[0].result >= pair[1].result && pair[0].place <= pair[1].place));
    assert_eq!((found[0].place, found[0].prize.as_str()), (1, "a trip"));
    assert!(found[2..].iter().all(|one| one.prize.is_empty()));

    let request = v1::ExplainStandingRequest { entry_id: found[1].entry_id.clone() };
    let told = server.staff(&member(0, 0)).competitions().explain_standing(request).await.unwrap().into_inner();
    assert_eq!((told.judge_teams, told.trimmed), (8, 2));
    if found[1].place > 1 {
        let needed = told.needed.unwrap();
        assert!((needed - (found[0].result.unwrap() - found[1].result.unwrap())).abs() < 1e-8);
        assert!(told.text.contains("Place 1 would have needed"), "{}", told.text);
    }
    assert!(told.untrimmed_score.is_some(), "eight judge teams and more than ten ballots");
}

/// Chooses by team; an open choice, so that the same ballots can be cast again.
async fn choose(server: &Server, vote: &Vote, order: &[usize]) {
    for voter in order {
        let (team, number) = (voter / 3, voter % 3);
        let choice = (team + 1 + (voter * voter) % 5) % 6;
        let choice = vote.entry(choice);
        vote.cast(&server.staff(&member(team, number)), &[choice], 0).await.unwrap();
    }
}

/// Place and score of each team.
async fn by_team(server: &Server, vote: &Vote) -> BTreeMap<String, (i32, Option<f64>)> {
    standings(server, vote).await.into_iter().map(|one| (one.team_id, (one.place, one.score))).collect()
}

async fn the_order_of_ballots_changes_nothing(server: Server) {
    enrol(&server, &[3; 6]).await;
    let mut results = Vec::new();
    let forwards: Vec<usize> = (0..18).collect();
    let backwards: Vec<usize> = (0..18).rev().collect();
    let mixed: Vec<usize> = (0..18).map(|at| at * 7 % 18).collect();
    for order in [forwards, backwards, mixed] {
        let vote = Vote::opened(&server, 6, chosen(1, SwapRule::None)).await;
        choose(&server, &vote, &order).await;
        close(&server, &vote).await.unwrap();
        results.push(by_team(&server, &vote).await);
    }
    assert_eq!(results[0].len(), 6);
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
}

async fn two_who_close_at_once_find_one_result(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    all_vote(&server, &vote, 6, 3).await;
    let closers = join_all((0..8).map(|_| close(&server, &vote))).await;
    let closed: Vec<v1::Competition> = closers.into_iter().collect::<Result<_, _>>().unwrap();
    assert!(closed.iter().all(|one| *one == closed[0]));
    assert_eq!(server.number("SELECT count(*) FROM competition_revision").await, 2, "opened and closed");
    assert_eq!(leaderboard(&server, &vote).await.unwrap().result_revision, 1);
}

/// What a server leaves that ended between the end of a vote and its count.
async fn a_close_that_was_cut_short_is_finished(server: Server) {
    enrol(&server, &[3; 6]).await;
    let all_but_one: Vec<usize> = (0..17).collect();
    let whole = Vote::opened(&server, 6, chosen(1, SwapRule::None)).await;
    choose(&server, &whole, &all_but_one).await;
    close(&server, &whole).await.unwrap();

    let vote = Vote::opened(&server, 6, chosen(1, SwapRule::None)).await;
    choose(&server, &vote, &all_but_one).await;
    server.execute("UPDATE competition SET closed_at = opened_at + 7 WHERE closed_at IS NULL").await;
    let late = vote.cast(&server.staff(&member(5, 2)), &[vote.entry(1)], 0).await;
    assert_eq!(verdict(&refused(late)), (Code::FailedPrecondition, "VOTING_NOT_OPEN".to_owned()));
    let reason = "late".to_owned();
    let request = v1::CancelCompetitionRequest { request_id: request_id(), competition_id: vote.id.clone(), reason };
    let cancelled = server.admin().competitions().cancel_competition(request).await;
    assert_eq!(verdict(&refused(cancelled)), (Code::FailedPrecondition, "VOTING_CLOSED".to_owned()));
    // Nobody has to ask: a reader of the result finds it counted, as of the end.
    assert_eq!(by_team(&server, &vote).await, by_team(&server, &whole).await);
    assert_eq!(server.number("SELECT min(closed_at - opened_at) FROM competition").await, 7);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 0);
}

async fn ties_and_abstentions_share_places(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, prizes(dealt())).await;
    close(&server, &vote).await.unwrap();
    let found = standings(&server, &vote).await;
    assert!(found.iter().all(|one| one.place == 1 && one.score.is_none() && one.prize.is_empty()), "{found:?}");

    // Every entry is chosen by as many of as many teams.
    let vote = Vote::opened(&server, 6, prizes(chosen(1, SwapRule::None))).await;
    for team in 0..6 {
        for number in 0..3 {
            let choice = vote.entry((team + number + 1) % 6);
            vote.cast(&server.staff(&member(team, number)), &[choice], 0).await.unwrap();
        }
    }
    close(&server, &vote).await.unwrap();
    let found = standings(&server, &vote).await;
    assert!(found.iter().all(|one| one.place == 1 && one.score == found[0].score), "{found:?}");
    let won: Vec<&Standing> = found.iter().filter(|one| !one.prize.is_empty()).collect();
    assert_eq!(won.len(), 2);
    assert!(won.iter().all(|one| one.prize_decision() == PrizeDecision::ByLot));
}

async fn what_is_counted_is_gone(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    all_vote(&server, &vote, 6, 3).await;
    let voter = server.staff(&member(0, 0));
    vote.draft(&voter, &vote.panel(&voter).await[..2]).await.unwrap();
    close(&server, &vote).await.unwrap();
    for table in ["ballot", "ballot_request"] {
        assert_eq!(server.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    let keys = "SELECT count(*) FROM competition WHERE sealed_ballot_key IS NOT NULL";
    assert_eq!(server.number(keys).await, 0);
    let mine = vote.ballot(&voter).await.unwrap();
    assert!(mine.entry_ids.is_empty() && mine.draft_entry_ids.is_empty());
    let panel = vote.panel(&voter).await;
    let late = vote.cast(&voter, &panel, 1).await;
    assert_eq!(verdict(&refused(late)), (Code::FailedPrecondition, "VOTING_NOT_OPEN".to_owned()));
}

async fn the_leaderboard_is_paged_and_shown_around_a_team(server: Server) {
    enrol(&server, &[3; 9]).await;
    let vote = Vote::opened(&server, 9, dealt()).await;
    all_vote(&server, &vote, 9, 3).await;
    close(&server, &vote).await.unwrap();
    let all = standings(&server, &vote).await;
    let mut service = server.app().competitions();
    let (mut pages, mut page_token) = (Vec::new(), String::new());
    loop {
        let competition_id = vote.id.clone();
        let request = v1::GetLeaderboardRequest { competition_id, page_size: 4, page_token, ..Default::default() };
        let page = service.get_leaderboard(request).await.unwrap().into_inner();
        pages.extend(page.standings);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, all);
    let around = |team: &str| {
        let (competition_id, around_team_id) = (vote.id.clone(), team.to_owned());
        let request = v1::GetLeaderboardRequest { competition_id, around_team_id, around: 1, ..Default::default() };
        let mut service = service.clone();
        async move { service.get_leaderboard(request).await.map(|page| page.into_inner().standings) }
    };
    assert_eq!(around(&all[4].team_id).await.unwrap(), all[3..6]);
    assert_eq!(around(&all[0].team_id).await.unwrap(), all[..2]);
    assert_eq!(around(&all[8].team_id).await.unwrap(), all[7..]);
    assert_eq!(around("nobody").await.unwrap_err().code(), Code::NotFound);
}

async fn a_team_sees_its_history(server: Server) {
    enrol(&server, &[3; 6]).await;
    let mut months = Vec::new();
    for _ in 0..3 {
        let vote = Vote::opened(&server, 6, chosen(1, SwapRule::None)).await;
        choose(&server, &vote, &(0..18).collect::<Vec<_>>()).await;
        close(&server, &vote).await.unwrap();
        months.push(vote);
    }
    let open = Vote::opened(&server, 6, dealt()).await;
    let mut service = server.staff(&member(5, 0)).competitions();
    let request = v1::ListTeamStandingsRequest { team_id: "t1".to_owned(), page_size: 2, ..Default::default() };
    let first = service.list_team_standings(request.clone()).await.unwrap().into_inner();
    let page_token = first.next_page_token.clone();
    let second = service.list_team_standings(v1::ListTeamStandingsRequest { page_token, ..request }).await.unwrap();
    let found: Vec<v1::TeamStanding> = first.standings.into_iter().chain(second.into_inner().standings).collect();
    let ids: Vec<String> = found.iter().map(|one| one.competition.as_ref().unwrap().competition_id.clone()).collect();
    let newest_first: Vec<String> = months.iter().rev().map(|vote| vote.id.clone()).collect();
    assert_eq!(ids, newest_first);
    assert!(!ids.contains(&open.id));
    for (one, vote) in found.iter().zip(months.iter().rev()) {
        let own = standings(&server, vote).await.into_iter().find(|one| one.team_id == "t1");
        assert_eq!((one.standing.clone(), one.entries), (own, 6));
    }
}

async fn next(watch: &mut Streaming<v1::WatchLeaderboardResponse>) -> (v1::LeaderboardChange, String) {
    loop {
        let response = watch.next().await.unwrap().unwrap();
        if let Some(change) = response.change {
            return (change, response.resume_cursor);
        }
    }
}

async fn phases_and_results_are_watched(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let mut service = server.staff(&member(2, 0)).competitions();
    let request = v1::WatchLeaderboardRequest { competition_id: vote.id.clone(), ..Default::default() };
    let mut watch = service.watch_leaderboard(request.clone()).await.unwrap().into_inner();
    // It is open once it says so.
    watch.next().await.unwrap().unwrap();
    vote.open(&server).await.unwrap();
    let (announced, _) = next(&mut watch).await;
    assert_eq!(announced.state(), CompetitionState::Submitting, "another deadline is announced");
    let (opened, resume_cursor) = next(&mut watch).await;
    assert_eq!((opened.state(), opened.result_revision, opened.standings.len()), (CompetitionState::Voting, 0, 0));
    drop(watch);
    all_vote(&server, &vote, 6, 3).await;
    close(&server, &vote).await.unwrap();
    let resumed = v1::WatchLeaderboardRequest { resume_cursor, ..request };
    let mut watch = service.watch_leaderboard(resumed).await.unwrap().into_inner();
    let (closed, _) = next(&mut watch).await;
    assert_eq!((closed.state(), closed.result_revision), (CompetitionState::Closed, 1));
    assert_eq!(closed.standings, standings(&server, &vote).await);
}

async fn voting_closes_at_its_deadline_and_the_result_stands_after_the_dispute(server: Server) {
    let start = MONDAY_NINE * 1_000_000;
    let clock = Clock::fixed(start);
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce_at(&server, start, 6, dealt()).await;
    vote.open(&server).await.unwrap();
    all_vote(&server, &vote, 6, 3).await;
    let state = async |server: &Server| {
        let request = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
        let found = server.app().competitions().get_competition(request).await.unwrap();
        found.into_inner().competition.unwrap()
    };
    let deadline = start + 10 * DAY;
    clock.set(deadline - 1);
    assert_eq!(state(&server).await.state(), CompetitionState::Voting);
    // Late: the result is that of the deadline all the same.
    clock.set(deadline + 5_000_000);
    let closed = state(&server).await;
    assert_eq!(closed.state(), CompetitionState::Closed);
    assert_eq!(closed.closed_time.unwrap().seconds, deadline / 1_000_000);
    assert_eq!(closed.dispute_deadline.unwrap().seconds, (deadline + 14 * DAY) / 1_000_000);
    clock.set(deadline + 14 * DAY - 1);
    assert_eq!(state(&server).await.state(), CompetitionState::Closed);
    clock.set(deadline + 14 * DAY);
    assert_eq!(state(&server).await.state(), CompetitionState::Final);
    assert_eq!(server.number("SELECT count(*) FROM competition_revision").await, 3, "opened, closed, final");
}

async fn any_server_closes(server: Server) {
    enrol(&server, &[3; 6]).await;
    let other = server.sibling().await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    all_vote(&other, &vote, 6, 3).await;
    let closers = join_all((0..8).map(|at| close(if at % 2 == 0 { &server } else { &other }, &vote))).await;
    assert!(closers.iter().all(Result::is_ok), "{closers:?}");
    assert_eq!(standings(&server, &vote).await, standings(&other, &vote).await);
    assert_eq!(server.number("SELECT count(*) FROM competition_revision").await, 2);
}

/// Runs the program; its standard output.
fn rapport(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rapport")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Ballots that were cast over the network, counted by the server, by the dry-run and by those who check the record.
async fn server_dry_run_and_auditor_agree(server: Server) {
    enrol(&server, &[3; 9]).await;
    for tally in [TallyMethod::TrimmedTeamMean, TallyMethod::PairwiseConsensus] {
        all_agree(&server, tally).await;
    }
}

async fn all_agree(server: &Server, tally: TallyMethod) {
    // Long enough to export the record while it lasts.
    let dispute_window = Some(prost_types::Duration { seconds: 5, nanos: 0 });
    let rules = CompetitionRules { tally: tally.into(), dispute_window, ..prizes(dealt()) };
    let vote = Vote::opened(server, 9, rules).await;
    let mut lines = String::new();
    for team in 0..9 {
        for number in 0..3 {
            let voter = server.staff(&member(team, number));
            let panel = vote.panel(&voter).await;
            let ranking = shuffled(panel.clone(), team, number);
            vote.cast(&voter, &ranking[..4 + number], 0).await.unwrap();
            let line = json!({
                "voter": member(team, number), "team": format!("t{team}"), "panel": panel,
                "ranking": &ranking[..4 + number],
            });
            lines.push_str(&format!("{line}\n"));
        }
    }
    close(server, &vote).await.unwrap();
    let found = standings(server, &vote).await;
    let request = v1::ExportRecordRequest { competition_id: vote.id.clone(), audience: RecordAudience::Auditor.into() };
    let auditor = server.caller(Role::Reviewer, "auditor", &[]);
    let export = async || auditor.competitions().export_record(request.clone()).await.unwrap().into_inner().record;
    let before = export().await;
    let request_state = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
    let state = async || {
        let found = server.app().competitions().get_competition(request_state.clone()).await.unwrap();
        found.into_inner().competition.unwrap().state()
    };
    while state().await != CompetitionState::Final {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let record = export().await;

    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (path, before) = (file("record.json", &record), file("before.json", &before));
    let record: Value = serde_json::from_slice(&record).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = format!("{}={}", text(&record["keys"][0]["id"]), text(&record["keys"][0]["public_key"]));
    let mut arguments = vec!["verify", &path, "--key", &key, "--json"];
    if tally == TallyMethod::PairwiseConsensus {
        arguments.extend(["--before", &before]);
    }
    let verified: Value = serde_json::from_str(&rapport(&arguments)).unwrap();
    assert_eq!((verified["ok"].as_bool(), &verified["not_checked"]), (Some(true), &json!([])), "{verified}");
    let body =
        |at: usize| -> Value { serde_json::from_str(record["revisions"][at]["body"].as_str().unwrap()).unwrap() };
    let hash = |text: &Value| -> [u8; 32] { from_hex(text.as_str().unwrap()).try_into().unwrap() };
    let seed = Seed::of(&hash(&body(2)["secret"]), &hash(&body(0)["manifest_hash"]), "");
    let seed: String = seed.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let entries: Vec<Value> = vote.entries.iter().map(|(team, entry)| json!({"entry": entry, "team": team})).collect();
    let rules =
        json!({"tally": tally.as_str_name().trim_start_matches("TALLY_METHOD_"), "seed": seed, "entries": entries});
    let rules = file("rules.json", rules.to_string().as_bytes());
    let ballots = file("ballots.jsonl", lines.as_bytes());
    let tallied: Value = serde_json::from_str(&rapport(&["tally", "--rules", &rules, &ballots, "--json"])).unwrap();
    assert_eq!(tallied["refused"], json!([]));
    let told = |one: &Value| {
        let figure = |name: &str| one[name].as_f64();
        (one["place"].as_i64(), figure("score"), figure("low"), figure("high"))
    };
    let tallied: BTreeMap<String, _> = tallied["standings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["entry"].as_str().unwrap().to_owned(), told(one)))
        .collect();
    let by_server: BTreeMap<String, _> = found
        .into_iter()
        .map(|one| (one.entry_id, (Some(i64::from(one.place)), one.score, one.low, one.high)))
        .collect();
    assert_eq!(tallied, by_server, "bit for bit");
}
