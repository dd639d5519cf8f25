//! The tally PAIRWISE_CONSENSUS over the network: what is counted, shown, recorded and destroyed; results of few judge teams.

use rapport::{
    api::v1::{
        self, AcceptResultRequest, AuditAction, CompetitionRules, CompetitionState, FlagKind, OpeningWarningKind,
        RecordAudience, ResultStatus, Role, TallyMethod,
    },
    clock::Clock,
};
use rapport_vote::{Entry, Method, count::Votes, tally::scores};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    record::{check, export, reviewer},
    results::{all_vote, close, leaderboard, prizes, standings},
    support::{
        Backend, Caller, Server, Test,
        client::request_id,
        competition::{Vote, chosen, dealt, enrol, member},
        on, on_both,
        refusal::verdict,
        refused,
        sample::MONDAY_NINE,
        violations,
    },
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        strengths_are_those_of_the_ballots,
        ballots_without_voters_are_there_until_the_result_is_final,
        few_judges_make_a_provisional_result_that_the_organiser_accepts,
        a_tally_that_does_not_fit_is_refused,
        the_opening_says_how_many_votes_a_result_needs,
        a_canvassed_entry_is_shown_to_reviewers,
    ];
    tests.extend(on!(&[Backend::Sqlite]; voting_goes_on_once_where_the_rules_announced_it));
    tests
}

const DAY: i64 = 86_400_000_000;

fn entries(vote: &Vote) -> Vec<Entry> {
    vote.entries.iter().map(|(team, id)| Entry { id: id.clone(), team: team.clone() }).collect()
}

fn expected(vote: &Vote, votes: &Votes) -> Vec<(String, Option<f64>)> {
    let scores = scores(Method::PairwiseConsensus, &entries(vote), votes).into_iter();
    let shown =
        |score: &rapport_vote::tally::Score| Some(rapport_vote::exact::nanos(score.exact.as_ref()?) as f64 / 1e9);
    scores.map(|score| (score.entry.clone(), shown(&score))).collect()
}

async fn strengths_are_those_of_the_ballots(server: Server) {
    enrol(&server, &[3; 9]).await;
    let vote = Vote::opened(&server, 9, prizes(dealt())).await;
    let votes = all_vote(&server, &vote, 9, 3).await;
    let closed = close(&server, &vote).await.unwrap();
    assert_eq!(closed.rules.unwrap().tally(), TallyMethod::PairwiseConsensus, "the default");
    let result = leaderboard(&server, &vote).await.unwrap();
    assert_eq!(result.result_status(), ResultStatus::Judged);
    let found = result.standings;
    let mut by_entry: Vec<(String, Option<f64>)> = found.iter().map(|one| (one.entry_id.clone(), one.score)).collect();
    by_entry.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(by_entry, expected(&vote, &votes), "bit for bit");
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score && pair[0].place <= pair[1].place));
    assert_eq!((found[0].place, found[0].prize.as_str(), found[1].prize.as_str()), (1, "a trip", "a book"));
    for one in &found {
        let (best, worst) = (one.best_place.unwrap(), one.worst_place.unwrap());
        assert!(1 <= best && best <= one.place && one.place <= worst && worst <= 9, "{one:?}");
        assert_eq!(one.judge_teams, 8);
    }

    let request = v1::ExplainStandingRequest { entry_id: found[1].entry_id.clone() };
    let told = server.staff(&member(0, 0)).competitions().explain_standing(request).await.unwrap().into_inner();
    assert_eq!((told.voices.len(), told.trimmed, told.untrimmed_score), (8, 0, None));
    assert!(told.voices.windows(2).all(|pair| pair[0].advantage <= pair[1].advantage));
    assert!(told.voices[0].counted < 1.0 && told.voices[3].counted > 0.999, "{told:?}");
    assert!(told.text.contains("extreme 25 %") && told.text.contains("Place 1 would have needed"), "{}", told.text);
    assert!(!(0..9).any(|team| told.text.contains(&format!("t{team}"))), "no team is named: {}", told.text);
}

async fn ballots_without_voters_are_there_until_the_result_is_final(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    let votes = all_vote(&server, &vote, 6, 3).await;
    close(&server, &vote).await.unwrap();
    let rita = reviewer(&server, "rita");
    let public = export(&server.app(), &vote.id, RecordAudience::Public).await.unwrap();
    let (code, report) = check(&server, &public, &[]).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report["checked"].to_string().contains("strengths follow from what judge teams said"), "{report}");
    let closed: Value = serde_json::from_str(public["revisions"][1]["body"].as_str().unwrap()).unwrap();
    let round = closed["last_round"].to_string();
    assert!(!round.contains("\"t0\"") && !public.to_string().contains("\"ballots\":\"["), "{round}");

    let record = export(&rita, &vote.id, RecordAudience::Auditor).await.unwrap();
    let ballots: Value = serde_json::from_str(record["auditor"]["ballots"].as_str().unwrap()).unwrap();
    assert_eq!(ballots.as_array().unwrap().len(), votes.rankings.len());
    assert!(!ballots.to_string().contains("-s"), "nobody is named");
    let (code, report) = check(&server, &record, &[]).await;
    assert_eq!(code, Some(0), "{report}");
    assert!(report["checked"].to_string().contains("follow from the ballots"), "{report}");
    // One ballot exchanged for another: the hash that was signed, and what follows.
    let mut altered = record.clone();
    let text = record["auditor"]["ballots"].as_str().unwrap();
    let (one, other) = (&vote.entries["t1"], &vote.entries["t2"]);
    altered["auditor"]["ballots"] = json!(text.replace(one, "x").replace(other, one).replace('x', other));
    let (code, report) = check(&server, &altered, &[]).await;
    assert_eq!((code, &report["failures"][0]["where"]), (Some(1), &json!("auditor's ballots")), "{report}");
    assert_eq!(server.number("SELECT count(*) FROM counted_ballots").await, 1);

    server.execute("UPDATE competition SET dispute_until = closed_at").await;
    let request = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
    let found = server.app().competitions().get_competition(request).await.unwrap().into_inner();
    assert_eq!(found.competition.unwrap().state(), CompetitionState::Final);
    assert_eq!(server.number("SELECT count(*) FROM counted_ballots").await, 0);
    let last = export(&rita, &vote.id, RecordAudience::Auditor).await.unwrap();
    assert!(last["auditor"]["ballots"].is_null() && last["auditor"]["sums"].is_string());
    // The dispute window that the record tells was cut short by hand, which it says; nothing else is wrong.
    let (_, report) = check(&server, &last, &[]).await;
    let failures = report["failures"].as_array().unwrap();
    assert!(failures.iter().all(|one| one["what"].as_str().unwrap().starts_with("final_at")), "{report}");
    assert!(report["not_checked"].to_string().contains("they take the ballots"), "{report}");
}

async fn accept(caller: &Caller, vote: &Vote) -> Result<i32, Status> {
    let competition_id = vote.id.clone();
    let request =
        AcceptResultRequest { request_id: request_id(), competition_id, reason: "All were asked twice".into() };
    Ok(caller.competitions().accept_result(request).await?.into_inner().result_revision)
}

async fn few_judges_make_a_provisional_result_that_the_organiser_accepts(server: Server) {
    for tally in [TallyMethod::PairwiseConsensus, TallyMethod::TrimmedTeamMean] {
        enrol(&server, &[3; 5]).await;
        let rules = CompetitionRules { tally: tally.into(), ..prizes(dealt()) };
        let vote = Vote::opened(&server, 5, rules).await;
        assert_eq!(verdict(&refused(accept(&server.admin(), &vote).await)).1, "RESULT_NOT_OUT");
        // The last two teams stay silent.
        all_vote(&server, &vote, 3, 3).await;
        close(&server, &vote).await.unwrap();
        let result = leaderboard(&server, &vote).await.unwrap();
        assert_eq!((result.result_status(), result.result_revision), (ResultStatus::Provisional, 1));
        assert!(result.standings.iter().all(|one| one.prize.is_empty() && one.score.is_some()), "{result:?}");
        assert_eq!(result.standings.iter().filter(|one| one.judge_teams == 2).count(), 3, "those who voted");
        let entry_id = result.standings[4].entry_id.clone();
        let request = v1::ExplainStandingRequest { entry_id };
        let told = server.app().competitions().explain_standing(request).await.unwrap().into_inner();
        assert!(told.text.contains("provisional"), "{}", told.text);

        for caller in [server.caller(Role::Admin, &member(4, 0), &[]), server.caller(Role::Admin, "chief", &["t4"])] {
            let status = refused(accept(&caller, &vote).await);
            assert_eq!(verdict(&status), (Code::FailedPrecondition, "REVIEWER_COMPETES".to_owned()));
        }
        assert_eq!(refused(accept(&server.app(), &vote).await).code(), Code::PermissionDenied);
        let chief = server.caller(Role::Admin, "chief", &[]);
        assert_eq!(accept(&chief, &vote).await.unwrap(), 2);
        let again = refused(accept(&chief, &vote).await);
        assert_eq!(verdict(&again), (Code::FailedPrecondition, "RESULT_NOT_PROVISIONAL".to_owned()));
        let accepted = leaderboard(&server, &vote).await.unwrap();
        assert_eq!((accepted.result_status(), accepted.result_revision), (ResultStatus::Accepted, 2));
        assert_eq!(accepted.standings[0].prize, "a trip");
        let before = |one: &v1::Standing| (one.place, one.score, one.team_id.clone());
        let places = |all: &[v1::Standing]| all.iter().map(before).collect::<Vec<_>>();
        assert_eq!(places(&accepted.standings), places(&result.standings), "nothing else moves");

        let record = export(&reviewer(&server, "rita"), &vote.id, RecordAudience::Auditor).await.unwrap();
        let (code, report) = check(&server, &record, &[]).await;
        assert_eq!(code, Some(0), "{report}");
        let last: Value = serde_json::from_str(record["revisions"][2]["body"].as_str().unwrap()).unwrap();
        let named = (&last["kind"], &last["by"], &last["reason"]);
        assert_eq!(named, (&json!("ACCEPTED"), &json!("chief"), &json!("All were asked twice")));
        let trail = v1::ListAuditEventsRequest { action: AuditAction::ResultAccepted.into(), ..Default::default() };
        let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
        assert!(events.iter().any(|event| event.object_id == vote.id && event.actor == "chief"));
    }
}

async fn a_tally_that_does_not_fit_is_refused(server: Server) {
    let create = async |rules: CompetitionRules| {
        let now = Clock::system().now_micros();
        let competition = Some(crate::support::competition::announcement(now, rules));
        let request = v1::CreateCompetitionRequest { request_id: request_id(), competition };
        server.admin().competitions().create_competition(request).await
    };
    let consensus = TallyMethod::PairwiseConsensus.into();
    let open = CompetitionRules { tally: consensus, ..chosen(1, v1::SwapRule::None) };
    assert_eq!(violations(&refused(create(open).await))[0].0, "competition.rules.tally");
    let trim = Some(v1::Trim { basis_points: 2_500 });
    let trimmed = CompetitionRules { tally: consensus, trim, ..dealt() };
    assert_eq!(violations(&refused(create(trimmed).await))[0].0, "competition.rules.trim");
    let tally = async |rules| create(rules).await.unwrap().into_inner().competition.unwrap().rules.unwrap().tally();
    assert_eq!(tally(dealt()).await, TallyMethod::PairwiseConsensus);
    assert_eq!(tally(CompetitionRules { trim, ..dealt() }).await, TallyMethod::TrimmedTeamMean);
    assert_eq!(tally(chosen(1, v1::SwapRule::None)).await, TallyMethod::TrimmedTeamMean);
}

async fn the_opening_says_how_many_votes_a_result_needs(server: Server) {
    enrol(&server, &[3; 6]).await;
    let open = async |vote: &Vote| {
        crate::support::competition::end_submission(&server.admin(), &vote.id).await;
        let request =
            v1::OpenVotingRequest { request_id: request_id(), competition_id: vote.id.clone(), ..Default::default() };
        server.admin().competitions().open_voting(request).await.unwrap().into_inner()
    };
    let vote = Vote::announce(&server, 6, dealt()).await;
    let opened = open(&vote).await;
    // Each entry is dealt to five of six judge teams: of four that vote one may be its own.
    assert_eq!((opened.judge_teams, opened.judge_teams_needed, opened.ballots_needed), (6, 4, 12));
    let warning = &opened.warnings[0];
    assert_eq!((warning.kind(), warning.neutral_teams_proposed), (OpeningWarningKind::FewEntries, 4));
    // Exactly so many are enough.
    all_vote(&server, &vote, 4, 3).await;
    close(&server, &vote).await.unwrap();
    assert_eq!(leaderboard(&server, &vote).await.unwrap().result_status(), ResultStatus::Judged);

    enrol(&server, &[3; 12]).await;
    let opened = open(&Vote::announce(&server, 12, dealt()).await).await;
    assert!(opened.warnings.is_empty(), "{:?}", opened.warnings);
}

/// A quarter of all outsiders put the worst entry first.
async fn a_canvassed_entry_is_shown_to_reviewers(server: Server) {
    enrol(&server, &[4; 9]).await;
    let vote = Vote::opened(&server, 9, dealt()).await;
    let best_first: Vec<String> = (0..9).map(|team| vote.entry(team)).collect();
    for team in 0..9 {
        for number in 0..4 {
            let voter = server.staff(&member(team, number));
            let panel = vote.panel(&voter).await;
            let mut ranking: Vec<String> = best_first.iter().filter(|entry| panel.contains(entry)).cloned().collect();
            if number == 0 && panel.contains(&best_first[8]) {
                ranking.retain(|entry| *entry != best_first[8]);
                ranking.insert(0, best_first[8].clone());
            }
            vote.cast(&voter, &ranking, 0).await.unwrap();
        }
    }
    close(&server, &vote).await.unwrap();
    let found = standings(&server, &vote).await;
    assert!(found.iter().find(|one| one.team_id == "t8").unwrap().place >= 8, "{found:?}");
    let request = v1::ListFlagsRequest { competition_id: vote.id.clone(), ..Default::default() };
    let flags = reviewer(&server, "rita").competitions().list_flags(request).await.unwrap().into_inner().flags;
    let spike = flags.iter().find(|flag| flag.kind() == FlagKind::Spike && flag.team_ids == ["t8"]).unwrap();
    assert_eq!(spike.strength(), v1::FlagStrength::MoreThanChance);
    assert!(spike.share.unwrap() > 0.1, "{spike:?}");
    assert!(flags.iter().all(|flag| flag.team_ids.iter().all(|team| !team.contains("-s"))), "no voter is named");
}

async fn voting_goes_on_once_where_the_rules_announced_it(server: Server) {
    let start = MONDAY_NINE * 1_000_000;
    let clock = Clock::fixed(start);
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    enrol(&server, &[3; 6]).await;
    let extension = Some(prost_types::Duration { seconds: 2 * 86_400, nanos: 0 });
    let rules = CompetitionRules { extension, ..dealt() };
    let state = async |vote: &Vote| {
        let request = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
        let found = server.app().competitions().get_competition(request).await.unwrap();
        found.into_inner().competition.unwrap()
    };
    let silent = Vote::announce_at(&server, start, 6, rules.clone()).await;
    silent.open(&server).await.unwrap();
    let judged = Vote::announce_at(&server, start, 6, rules).await;
    judged.open(&server).await.unwrap();
    all_vote(&server, &silent, 3, 3).await;
    all_vote(&server, &judged, 4, 3).await;
    let deadline = start + 10 * DAY;
    clock.set(deadline);
    assert_eq!(state(&judged).await.state(), CompetitionState::Closed);
    let extended = state(&silent).await;
    assert_eq!(extended.state(), CompetitionState::Voting);
    assert_eq!(extended.voting_deadline.unwrap().seconds, (deadline + 2 * DAY) / 1_000_000);
    clock.set(deadline + DAY);
    for number in 0..3 {
        let voter = server.staff(&member(4, number));
        let panel = silent.panel(&voter).await;
        silent.cast(&voter, &panel, 0).await.unwrap();
    }
    clock.set(deadline + 2 * DAY);
    assert_eq!(state(&silent).await.state(), CompetitionState::Closed);
    assert_eq!(leaderboard(&server, &silent).await.unwrap().result_status(), ResultStatus::Judged);
    let record = export(&server.app(), &silent.id, RecordAudience::Public).await.unwrap();
    assert_eq!(check(&server, &record, &[]).await.0, Some(0));
    let second: Value = serde_json::from_str(record["revisions"][1]["body"].as_str().unwrap()).unwrap();
    assert_eq!(second["kind"], "EXTENDED");
}
