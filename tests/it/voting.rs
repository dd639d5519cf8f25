//! Competitions until voting closes: ballots, who may cast them, what cannot be changed any more, and what nobody learns.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rapport::{
    api::v1::{
        self, AuditAction, BallotReceipt, CompetitionRules, NoBallotReason, Role, StaffState, SwapRule, TeamNames,
        TeamState,
    },
    clock::Clock,
    config::Config,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Backend, Caller, Server, Test,
    client::request_id,
    competition::{Vote, announcement, cast, chosen, dealt, enrol, member, plan},
    http, on, on_both, on_postgres, reason,
    refusal::verdict,
    refused,
    sample::{MONDAY_NINE, staff, team},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_ballot_is_cast_replaced_and_withdrawn,
        a_request_is_answered_once,
        a_draft_is_kept_beside_the_ballot,
        everything_wrong_with_a_ranking_is_named,
        everything_wrong_with_a_choice_is_named,
        those_not_on_the_roll_do_not_vote,
        of_parallel_ballots_of_a_voter_one_wins,
        what_was_altered_or_copied_does_not_open,
        of_two_mutual_ballots_one_wins,
        the_second_of_two_is_free_once_the_first_is_gone,
        nothing_changes_once_voting_has_opened,
        an_inactive_team_begins_nothing,
        members_of_small_teams_are_pooled_or_have_no_ballot,
        voting_does_not_open_with_too_little,
        an_erased_voter_leaves_their_ballot,
        the_database_alone_tells_nothing_of_a_ballot,
        teams_are_hidden_where_the_rules_say_so,
        a_token_is_good_for_one_ballot,
        those_who_have_not_voted_are_reminded,
        operations_tell_nothing_of_a_vote,
    ];
    tests.extend(
        on!(&[Backend::Sqlite]; ballots_are_taken_from_the_opening_to_the_deadline, reminders_come_at_their_time),
    );
    tests.extend(on_postgres![two_servers_take_one_ballot_of_a_voter, another_master_key_opens_nothing]);
    tests
}

/// Six teams of three.
async fn six_teams(server: &Server, rules: CompetitionRules) -> Vote {
    enrol(server, &[3; 6]).await;
    Vote::opened(server, 6, rules).await
}

fn verdict_of<T>(answer: Result<T, Status>) -> (Code, String) {
    verdict(&refused(answer))
}

fn is(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

async fn a_ballot_is_cast_replaced_and_withdrawn(server: Server) {
    let vote = six_teams(&server, dealt()).await;
    let voter = server.staff("t0-s0");
    let before = vote.ballot(&voter).await.unwrap();
    assert_eq!((before.panel.len(), before.fewest_ranked, before.revision), (5, 3, 0));
    assert!(before.entry_ids.is_empty() && before.panel.iter().all(|entry| entry.team_id != "t0"));

    let mut ranking = vote.panel(&voter).await;
    ranking.reverse();
    let first = vote.cast(&voter, &ranking, 0).await.unwrap();
    assert_eq!((first.revision, first.ballot_hash.len(), first.signature.len()), (1, 64, 64));
    let mine = vote.ballot(&voter).await.unwrap();
    assert_eq!((&mine.entry_ids, mine.revision), (&ranking, 1));

    let second = vote.cast(&voter, &ranking[..3], 1).await.unwrap();
    assert_eq!(second.revision, 2);
    assert_eq!(verdict_of(vote.cast(&voter, &ranking, 1).await), is(Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(vote.ballot(&voter).await.unwrap().entry_ids, ranking[..3]);

    assert_eq!(verdict_of(vote.withdraw(&voter, 1).await), is(Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(vote.withdraw(&voter, 2).await.unwrap(), 3);
    assert_eq!(vote.withdraw(&voter, 3).await.unwrap_err().code(), Code::NotFound);
    assert!(vote.ballot(&voter).await.unwrap().entry_ids.is_empty());
    assert_eq!(vote.cast(&voter, &ranking, 3).await.unwrap().revision, 4);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 1);
}

async fn a_request_is_answered_once(server: Server) {
    let vote = six_teams(&server, dealt()).await;
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    let request = vote.casting(&panel, 0);
    let first = cast(&voter, request.clone()).await.unwrap();
    assert_eq!(cast(&voter, request.clone()).await.unwrap(), first);
    vote.cast(&voter, &panel[1..], 1).await.unwrap();
    // After further ballots too, and without bringing the first one back.
    assert_eq!(cast(&voter, request.clone()).await.unwrap(), first);
    assert_eq!(vote.ballot(&voter).await.unwrap().entry_ids, panel[1..]);
    let other = v1::CastBallotRequest { entry_ids: panel[..3].to_vec(), ..request.clone() };
    assert_eq!(verdict_of(cast(&voter, other).await), is(Code::AlreadyExists, "REQUEST_ID_REUSED"));
    // Request ids are each voter's own.
    let colleague = server.staff("t1-s0");
    let own = v1::CastBallotRequest { entry_ids: vote.panel(&colleague).await, ..request.clone() };
    assert_eq!(cast(&colleague, own).await.unwrap().revision, 1);
    // Nor is one kept as it came.
    let kept = server.texts("SELECT request_id FROM ballot_request").await;
    assert!(kept.len() == 3 && !kept.contains(&request.request_id), "{kept:?}");

    let (request_id, competition_id) = (request_id(), vote.id.clone());
    let request = v1::WithdrawBallotRequest { request_id, competition_id, revision: 2, ..Default::default() };
    for _ in 0..2 {
        let withdrawn = voter.competitions().withdraw_ballot(request.clone()).await.unwrap().into_inner();
        assert_eq!(withdrawn.revision, 3);
    }
}

async fn a_draft_is_kept_beside_the_ballot(server: Server) {
    let vote = six_teams(&server, dealt()).await;
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    vote.draft(&voter, &panel[..1]).await.unwrap();
    let mine = vote.ballot(&voter).await.unwrap();
    assert_eq!((mine.draft_entry_ids.as_slice(), mine.entry_ids.len(), mine.revision), (&panel[..1], 0, 0));
    let status = refused(vote.draft(&voter, &[vote.entry(0), panel[0].clone()]).await);
    assert_eq!(violations(&status), [("entry_ids[0]".to_owned(), "OWN_ENTRY".to_owned())]);
    vote.cast(&voter, &panel, 0).await.unwrap();
    assert!(vote.ballot(&voter).await.unwrap().draft_entry_ids.is_empty());
    vote.draft(&voter, &panel[2..]).await.unwrap();
    let mine = vote.ballot(&voter).await.unwrap();
    assert_eq!((mine.draft_entry_ids, mine.entry_ids), (panel[2..].to_vec(), panel));
}

fn named(found: &[(&str, &str)]) -> Vec<(String, String)> {
    found.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}

async fn everything_wrong_with_a_ranking_is_named(server: Server) {
    let vote = six_teams(&server, CompetitionRules { panel_size: 4, ..dealt() }).await;
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    let own = vote.entry(0);
    let not_dealt = vote.entries.values().find(|id| **id != own && !panel.contains(id)).unwrap().clone();
    let unknown = "0195b1c0-0000-4000-8000-000000000000".to_owned();
    let ranking = [panel[0].clone(), own, not_dealt, unknown, panel[0].clone()];
    let status = refused(vote.cast(&voter, &ranking, 0).await);
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        violations(&status),
        named(&[
            ("entry_ids[1]", "OWN_ENTRY"),
            ("entry_ids[2]", "ENTRY_NOT_DEALT"),
            ("entry_ids[3]", "UNKNOWN_ENTRY"),
            ("entry_ids[4]", "DUPLICATE_ENTRY"),
        ])
    );
    let status = refused(vote.cast(&voter, &panel[..2], 0).await);
    assert_eq!(violations(&status), named(&[("entry_ids", "TOO_FEW_RANKED")]));
    let status = refused(vote.cast(&voter, &["x".to_owned()], 0).await);
    assert_eq!(violations(&status).len(), 1);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 0);
}

async fn everything_wrong_with_a_choice_is_named(server: Server) {
    let vote = six_teams(&server, chosen(2, SwapRule::None)).await;
    let voter = server.staff("t0-s0");
    let mine = vote.ballot(&voter).await.unwrap();
    assert_eq!((mine.panel.len(), mine.most_chosen, mine.fewest_ranked), (5, 2, 0));
    let choice = [vote.entry(1), vote.entry(0), vote.entry(1)];
    let status = refused(vote.cast(&voter, &choice, 0).await);
    let expected =
        named(&[("entry_ids[1]", "OWN_ENTRY"), ("entry_ids[2]", "DUPLICATE_ENTRY"), ("entry_ids", "TOO_MANY_CHOSEN")]);
    assert_eq!(violations(&status), expected);
    assert_eq!(vote.cast(&voter, &[vote.entry(1), vote.entry(2)], 0).await.unwrap().revision, 1);
    // Without the swap rule nobody is told who supports them.
    vote.cast(&server.staff("t1-s0"), &[vote.entry(0)], 0).await.unwrap();
}

async fn those_not_on_the_roll_do_not_vote(server: Server) {
    enrol(&server, &[3; 6]).await;
    server.app().upsert_staff(staff("principal", "t0")).await.unwrap();
    let rules = CompetitionRules { excluded_staff_ids: vec!["principal".to_owned()], ..dealt() };
    let vote = Vote::announce(&server, 6, rules).await;
    let early = vote.cast(&server.staff("t0-s0"), &[vote.entry(1)], 0).await;
    assert_eq!(verdict_of(early), is(Code::FailedPrecondition, "VOTING_NOT_OPEN"));
    assert_eq!(verdict_of(vote.ballot(&server.staff("t0-s0")).await), is(Code::FailedPrecondition, "VOTING_NOT_OPEN"));
    vote.open(&server).await.unwrap();
    server.app().upsert_staff(staff("late", "t0")).await.unwrap();
    let choice = [vote.entry(1), vote.entry(2), vote.entry(3)];
    for who in ["principal", "late", "nobody"] {
        let caller = server.staff(who);
        assert_eq!(
            verdict_of(vote.cast(&caller, &choice, 0).await),
            is(Code::PermissionDenied, "NOT_ON_ROLL"),
            "{who}"
        );
        assert_eq!(verdict_of(vote.ballot(&caller).await), is(Code::PermissionDenied, "NOT_ON_ROLL"), "{who}");
        assert_eq!(verdict_of(vote.draft(&caller, &choice).await), is(Code::PermissionDenied, "NOT_ON_ROLL"), "{who}");
        assert_eq!(verdict_of(vote.withdraw(&caller, 1).await), is(Code::PermissionDenied, "NOT_ON_ROLL"), "{who}");
    }
    // Those who left do not vote any more; what they cast stands.
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    vote.cast(&voter, &panel, 0).await.unwrap();
    let left = v1::StaffMember { state: StaffState::Inactive.into(), ..staff("t0-s0", "t0") };
    server.app().upsert_staff(left).await.unwrap();
    assert_eq!(verdict_of(vote.withdraw(&voter, 1).await), is(Code::PermissionDenied, "CALLER_INACTIVE"));
    assert_eq!(server.number("SELECT count(*) FROM ballot WHERE sealed IS NOT NULL").await, 1);
    let nowhere = Vote { id: "0195b1c0-0000-7000-8000-000000000000".to_owned(), entries: vote.entries.clone() };
    assert_eq!(nowhere.cast(&server.staff("t1-s0"), &choice, 0).await.unwrap_err().code(), Code::NotFound);
}

async fn ballots_are_taken_from_the_opening_to_the_deadline(server: Server) {
    let clock = Clock::fixed(MONDAY_NINE * 1_000_000);
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce_at(&server, clock.now_micros(), 6, dealt()).await;
    vote.open(&server).await.unwrap();
    let deadline = clock.now_micros() + 10 * 86_400_000_000;
    let panel = vote.panel(&server.staff("t0-s0")).await;
    clock.set(deadline - 1);
    // Tokens do not live that long.
    let voter = server.staff("t0-s0");
    let request = vote.casting(&panel, 0);
    let receipt = cast(&voter, request.clone()).await.unwrap();
    vote.draft(&voter, &panel).await.unwrap();
    clock.set(deadline);
    let over = is(Code::FailedPrecondition, "VOTING_NOT_OPEN");
    assert_eq!(verdict_of(vote.cast(&voter, &panel, 1).await), over);
    assert_eq!(verdict_of(vote.withdraw(&voter, 1).await), over);
    assert_eq!(verdict_of(vote.draft(&voter, &panel).await), over);
    let colleague = server.staff("t1-s0");
    assert_eq!(verdict_of(vote.cast(&colleague, &panel, 0).await), over);
    // The voter's panel stays, their ballot is seen by nobody any more; a voter who did not get the answer gets it
    // again.
    let after = vote.ballot(&voter).await.unwrap();
    assert_eq!((after.panel.len(), after.entry_ids.len(), after.draft_entry_ids.len(), after.revision), (5, 0, 0, 0));
    assert_eq!(cast(&voter, request).await.unwrap(), receipt);
}

/// A server before a new database, before which a voter may have many calls in flight.
async fn patient(server: &Server) -> Server {
    Server::start_with(server.backend(), Clock::system(), be_patient).await.unwrap()
}

fn be_patient(config: &mut Config) {
    // A race has a hundred ballots of one voter in flight.
    config.limits.max_calls_per_subject = 200;
}

/// So many ballots at once, all of them the voter's first, at these servers in turns.
async fn race(vote: &Vote, voters: &[Caller], panel: &[String]) -> Vec<Result<BallotReceipt, Status>> {
    let ballots = (0..100).map(|n| {
        let mut ranking = panel.to_vec();
        ranking.rotate_left(n % panel.len());
        let voter = &voters[n % voters.len()];
        async move { vote.cast(voter, &ranking, 0).await }
    });
    futures::future::join_all(ballots).await
}

fn one_wins(answers: Vec<Result<BallotReceipt, Status>>) {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert_eq!(verdict_of(answer), is(Code::Aborted, "ETAG_MISMATCH"));
    }
}

async fn of_parallel_ballots_of_a_voter_one_wins(server: Server) {
    let server = patient(&server).await;
    let vote = six_teams(&server, dealt()).await;
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    one_wins(race(&vote, std::slice::from_ref(&voter), &panel).await);
    assert_eq!(vote.ballot(&voter).await.unwrap().revision, 1);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 1);
}

async fn two_servers_take_one_ballot_of_a_voter(server: Server) {
    let server = patient(&server).await;
    let vote = six_teams(&server, dealt()).await;
    let other = server.sibling_with(be_patient).await;
    let voters = [server.staff("t0-s0"), other.staff("t0-s0")];
    let panel = vote.panel(&voters[0]).await;
    one_wins(race(&vote, &voters, &panel).await);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 1);
    // One request sent to both is one.
    let request = vote.casting(&panel, 1);
    let (here, there) = tokio::join!(cast(&voters[0], request.clone()), cast(&voters[1], request));
    assert_eq!(here.unwrap(), there.unwrap());
    assert_eq!(vote.ballot(&voters[1]).await.unwrap().revision, 2);
}

async fn what_was_altered_or_copied_does_not_open(server: Server) {
    let vote = six_teams(&server, dealt()).await;
    let (voter, colleague) = (server.staff("t0-s0"), server.staff("t0-s1"));
    let panel = vote.panel(&voter).await;
    // Whose slot is whose is seen by nobody but those who watch it being taken.
    let slots = "SELECT pseudonym FROM ballot ORDER BY 1";
    vote.cast(&voter, &panel, 0).await.unwrap();
    let own = server.texts(slots).await;
    vote.cast(&colleague, &vote.panel(&colleague).await, 0).await.unwrap();
    let mut others = server.texts(slots).await;
    others.retain(|slot| !own.contains(slot));
    let of = BTreeMap::from([("t0-s0", own[0].clone()), ("t0-s1", others[0].clone())]);
    server.execute("CREATE TABLE saved AS SELECT * FROM ballot").await;
    let restore = |from: &str, to: &str| {
        let sealed = format!("(SELECT sealed FROM saved WHERE pseudonym = '{}')", of[from]);
        format!("UPDATE ballot SET sealed = {sealed} WHERE pseudonym = '{}'", of[to])
    };
    server.execute(&restore("t0-s1", "t0-s0")).await;
    assert_eq!(vote.ballot(&voter).await.unwrap_err().code(), Code::Internal, "another's");
    // A voter who casts again needs nothing of what is there.
    assert_eq!(vote.cast(&voter, &panel[1..], 1).await.unwrap().revision, 2);
    server.execute(&restore("t0-s0", "t0-s0")).await;
    assert_eq!(vote.ballot(&voter).await.unwrap_err().code(), Code::Internal, "the earlier one");
    assert_eq!(vote.withdraw(&voter, 2).await.unwrap(), 3);
    server.execute(&restore("t0-s0", "t0-s0")).await;
    assert_eq!(vote.ballot(&voter).await.unwrap_err().code(), Code::Internal, "the withdrawn one");
    assert!(vote.ballot(&colleague).await.is_ok());
}

/// The number of races that somebody wants, or 100.
fn races() -> usize {
    std::env::var("RAPPORT_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

async fn of_two_mutual_ballots_one_wins(server: Server) {
    let server = patient(&server).await;
    let vote = six_teams(&server, chosen(1, SwapRule::Unspecified)).await;
    let other = match server.backend() {
        Backend::Sqlite => None,
        Backend::Postgres => Some(server.sibling_with(be_patient).await),
    };
    let voters = [server.staff("t0-s0"), other.as_ref().unwrap_or(&server).staff("t1-s0")];
    let choices = [[vote.entry(1)], [vote.entry(0)]];
    let (mut revisions, mut won) = ([0, 0], [0, 0]);
    let mut seed: u64 = 7;
    for race in 0..races() {
        // Who begins, and by how much.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (first, head_start) = ((seed >> 40) as usize % 2, Duration::from_micros((seed >> 48) % 400));
        let cast = |who: usize| {
            let (vote, voter, choice, revision) = (&vote, &voters[who], &choices[who], revisions[who]);
            async move {
                if who != first {
                    tokio::time::sleep(head_start).await;
                }
                vote.cast(voter, choice, revision).await
            }
        };
        let answers = <[_; 2]>::from(tokio::join!(cast(0), cast(1)));
        let winner = answers.iter().position(Result::is_ok).unwrap_or_else(|| panic!("race {race}: both lost"));
        let [loser] = answers.into_iter().filter_map(Result::err).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(verdict(&loser), is(Code::FailedPrecondition, "MUTUAL_VOTE"), "race {race}");
        assert_eq!(server.number("SELECT count(*) FROM ballot WHERE sealed IS NOT NULL").await, 1, "race {race}");
        won[winner] += 1;
        revisions[winner] = vote.withdraw(&voters[winner], revisions[winner] + 1).await.unwrap();
    }
    assert!(won.iter().all(|won| *won > 0), "{won:?}");
}

async fn the_second_of_two_is_free_once_the_first_is_gone(server: Server) {
    let vote = six_teams(&server, chosen(1, SwapRule::Unspecified)).await;
    let (here, there) = (server.staff("t0-s0"), server.staff("t1-s0"));
    let refused = is(Code::FailedPrecondition, "MUTUAL_VOTE");
    let request = vote.casting(&[vote.entry(1)], 0);
    let receipt = cast(&here, request.clone()).await.unwrap();
    assert_eq!(verdict_of(vote.cast(&there, &[vote.entry(0)], 0).await), refused);
    // A colleague's ballot is their team's.
    assert_eq!(verdict_of(vote.cast(&server.staff("t1-s1"), &[vote.entry(0)], 0).await), refused);
    vote.cast(&here, &[vote.entry(2)], 1).await.unwrap();
    vote.cast(&there, &[vote.entry(0)], 0).await.unwrap();
    assert_eq!(verdict_of(vote.cast(&here, &[vote.entry(1)], 2).await), refused);
    vote.withdraw(&there, 1).await.unwrap();
    assert_eq!(vote.cast(&here, &[vote.entry(1)], 2).await.unwrap().revision, 3);
    // A retry is answered as before, whatever has been cast since.
    assert_eq!(cast(&here, request).await.unwrap(), receipt);
    // The rule knows no third team.
    vote.cast(&there, &[vote.entry(2)], 2).await.unwrap();
    // What cannot be read refuses rather than lets pass.
    server.execute("UPDATE ballot SET sealed = (SELECT sealed_secret FROM competition)").await;
    assert_eq!(vote.cast(&server.staff("t1-s1"), &[vote.entry(0)], 0).await.unwrap_err().code(), Code::Internal);
}

async fn audited(server: &Server, action: AuditAction) -> Vec<v1::AuditEvent> {
    let request = v1::ListAuditEventsRequest { action: action.into(), ..Default::default() };
    server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events
}

async fn an_inactive_team_begins_nothing(server: Server) {
    enrol(&server, &[3; 7]).await;
    let vote = Vote::announce(&server, 5, dealt()).await;
    let dissolved = |id| v1::Team { state: TeamState::Inactive.into(), ..team(id) };
    server.app().upsert_team(dissolved("t4")).await.unwrap();
    server.app().upsert_team(dissolved("t5")).await.unwrap();
    let refusal = |field: &str| vec![(field.to_owned(), "TEAM_INACTIVE".to_owned())];

    let joins = server.app().upsert_staff(staff("eve", "t5")).await;
    assert_eq!(violations(&refused(joins)), refusal("staff_member.team_id"));
    let moves = server.app().upsert_staff(staff("t0-s0", "t5")).await;
    assert_eq!(violations(&refused(moves)), refusal("staff_member.team_id"));
    let entry = Some(plan(&vote.id, "t5"));
    let submit = v1::SubmitEntryRequest { request_id: request_id(), entry };
    assert_eq!(
        violations(&refused(server.admin().competitions().submit_entry(submit).await)),
        refusal("entry.team_id")
    );
    let neutral_team_ids = vec!["t5".to_owned(), "t6".to_owned()];
    let rules = CompetitionRules { neutral_team_ids, ..dealt() };
    let competition = Some(announcement(Clock::system().now_micros(), rules));
    let create = v1::CreateCompetitionRequest { request_id: request_id(), competition };
    let refused_there = refused(server.admin().competitions().create_competition(create).await);
    assert_eq!(violations(&refused_there), refusal("competition.rules.neutral_team_ids"));

    // What it began goes on; those who were in it stay, and somebody who has left may be listed in it.
    server.app().upsert_staff(staff("t5-s0", "t5")).await.unwrap();
    let left = v1::StaffMember { state: StaffState::Inactive.into(), ..staff("eve", "t5") };
    server.app().upsert_staff(left).await.unwrap();
    server.app().upsert_staff(staff("eve", "t6")).await.unwrap();
    let opened = vote.open(&server).await.unwrap();
    assert_eq!(opened.judge_teams, 5, "the entry of t4 stands, and its members judge");
}

async fn nothing_changes_once_voting_has_opened(server: Server) {
    enrol(&server, &[3; 7]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let mut admin = server.admin().competitions();
    let get = v1::GetCompetitionRequest { competition_id: vote.id.clone() };
    let read = admin.get_competition(get).await.unwrap().into_inner().competition.unwrap();
    vote.open(&server).await.unwrap();

    let now = Clock::system().now_micros();
    let competition_id = || vote.id.clone();
    let competition = Some(announcement(now, dealt()));
    let (request_id, etag) = (request_id, read.etag);
    let update =
        v1::UpdateCompetitionRequest { request_id: request_id(), competition_id: competition_id(), competition, etag };
    let submit = v1::SubmitEntryRequest { request_id: request_id(), entry: Some(plan(&vote.id, "t6")) };
    let entry = Some(plan(&vote.id, "t0"));
    let revise =
        v1::ReviseEntryRequest { request_id: request_id(), entry_id: vote.entry(0), entry, etag: "1".to_owned() };
    let withdraw = v1::WithdrawEntryRequest { request_id: request_id(), entry_id: vote.entry(0) };
    let declare = v1::DeclareConflictRequest {
        request_id: request_id(),
        competition_id: competition_id(),
        staff_id: "t0-s0".to_owned(),
        team_id: "t1".to_owned(),
    };
    let invite = v1::InviteJudgesRequest {
        request_id: request_id(),
        competition_id: competition_id(),
        team_id: "customers".to_owned(),
        judge_ids: vec!["carla".to_owned()],
    };
    let refusals = [
        refused(admin.update_competition(update).await),
        refused(admin.submit_entry(submit).await),
        refused(admin.revise_entry(revise).await),
        refused(admin.withdraw_entry(withdraw).await),
        refused(admin.declare_conflict(declare).await),
        refused(admin.invite_judges(invite).await),
        refused(vote.open(&server).await),
    ];
    for status in &refusals {
        assert_eq!(verdict(status), is(Code::FailedPrecondition, "VOTING_OPENED"), "{status:?}");
    }
    let events = audited(&server, AuditAction::FrozenChangeRefused).await;
    assert!(events.iter().all(|event| event.object_id == vote.id && event.actor == "ada"), "{events:?}");
    let tried: BTreeSet<&str> = events.iter().map(|event| event.reason.as_str()).collect();
    assert_eq!((events.len(), tried.len()), (7, 7), "{tried:?}");
}

async fn members_of_small_teams_are_pooled_or_have_no_ballot(server: Server) {
    enrol(&server, &[3, 3, 3, 3, 3, 1, 1]).await;
    let vote = Vote::announce(&server, 7, dealt()).await;
    let opened = vote.open(&server).await.unwrap();
    let left_out: BTreeSet<&str> = opened.no_ballots.iter().map(|one| one.voter_id.as_str()).collect();
    assert_eq!((opened.voters, opened.judge_teams, left_out), (17, 5, ["t5-s0", "t6-s0"].into()));
    assert!(opened.no_ballots.iter().all(|one| one.reason() == NoBallotReason::NoPool));
    let single = server.staff("t5-s0");
    let mine = vote.ballot(&single).await.unwrap();
    assert_eq!((mine.no_ballot_reason(), mine.panel.len(), mine.fewest_ranked), (NoBallotReason::NoPool, 0, 0));
    let choice = [vote.entry(0), vote.entry(1), vote.entry(2)];
    let status = refused(vote.cast(&single, &choice, 0).await);
    assert_eq!(verdict(&status), is(Code::FailedPrecondition, "NO_BALLOT"));
    assert!(status.message().contains("too small"), "{}", status.message());

    // Five of them are a pool, and none judges their own.
    for n in 7..10 {
        server.app().upsert_team(team(&format!("t{n}"))).await.unwrap();
        server.app().upsert_staff(staff(&member(n, 0), &format!("t{n}"))).await.unwrap();
    }
    let vote = Vote::announce(&server, 10, dealt()).await;
    let opened = vote.open(&server).await.unwrap();
    assert_eq!((opened.voters, opened.judge_teams, opened.no_ballots.len()), (20, 6, 0));
    for n in 5..10 {
        let voter = server.staff(&member(n, 0));
        let panel = vote.panel(&voter).await;
        assert!(panel.len() == 8 && !panel.contains(&vote.entry(n)), "{n}");
        vote.cast(&voter, &panel, 0).await.unwrap();
    }
}

async fn voting_does_not_open_with_too_little(server: Server) {
    enrol(&server, &[3; 4]).await;
    let vote = Vote::announce(&server, 2, dealt()).await;
    let status = refused(vote.open(&server).await);
    assert_eq!(verdict(&status), is(Code::FailedPrecondition, "CANNOT_OPEN"));
    for missing in ["2 entries are too few", "0 judge teams are too few"] {
        assert!(status.message().contains(missing), "{}", status.message());
    }
    let vote = Vote::announce(&server, 4, dealt()).await;
    let status = refused(vote.open(&server).await);
    assert!(status.message().contains("4 judge teams are too few"), "{}", status.message());
    assert!(!status.message().contains("entries"), "{}", status.message());
}

async fn erase(server: &Server, voter_id: &str) -> i32 {
    let request = v1::EraseVoterRequest { request_id: request_id(), voter_id: voter_id.to_owned() };
    server.admin().competitions().erase_voter(request).await.unwrap().into_inner().rolls
}

async fn an_erased_voter_leaves_their_ballot(server: Server) {
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let declared = v1::DeclareConflictRequest {
        request_id: request_id(),
        competition_id: vote.id.clone(),
        staff_id: "t0-s0".to_owned(),
        team_id: "t1".to_owned(),
    };
    server.admin().competitions().declare_conflict(declared).await.unwrap();
    vote.open(&server).await.unwrap();
    Vote::opened(&server, 6, dealt()).await;
    let voter = server.staff("t0-s0");
    let panel = vote.panel(&voter).await;
    assert_eq!(panel.len(), 4, "not the one of the conflict");
    vote.cast(&voter, &panel, 0).await.unwrap();
    let before = server.texts("SELECT pseudonym FROM ballot WHERE sealed IS NOT NULL").await;

    assert_eq!(
        (erase(&server, "t0-s0").await, erase(&server, "t0-s0").await, erase(&server, "nobody").await),
        (2, 0, 0)
    );
    assert_eq!(server.texts("SELECT pseudonym FROM ballot WHERE sealed IS NOT NULL").await, before);
    assert_eq!(verdict_of(vote.ballot(&voter).await), is(Code::PermissionDenied, "NOT_ON_ROLL"));
    assert_eq!(verdict_of(vote.cast(&voter, &panel, 1).await), is(Code::PermissionDenied, "NOT_ON_ROLL"));
    for (table, column) in
        [("competition_voter", "voter_id"), ("competition_reminder", "voter_id"), ("competition_conflict", "staff_id")]
    {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = 't0-s0'");
        assert_eq!(server.number(&sql).await, 0, "{table}");
    }
    assert_eq!(server.number("SELECT count(*) FROM competition_voter").await, 36);
    let events = audited(&server, AuditAction::VoterErased).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].object_id.len() == 64 && !format!("{events:?}").contains("t0-s0"), "{events:?}");
}

/// Rows of every table.
async fn sizes(server: &Server) -> Vec<String> {
    let tables = match server.backend() {
        Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
        Backend::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    };
    let count = |table| format!("SELECT '{table} ' || CAST(count(*) AS TEXT) FROM {table}");
    let counts: Vec<String> = server.texts(tables).await.into_iter().map(count).collect();
    server.texts(&counts.join(" UNION ALL ")).await
}

async fn the_database_alone_tells_nothing_of_a_ballot(server: Server) {
    const VOTERS: usize = 200;
    enrol(&server, &[VOTERS / 10; 10]).await;
    let vote = Vote::opened(&server, 10, dealt()).await;
    // Voters are told of the opening in the background; what changes behind that is the ballots'.
    for _ in 0..500 {
        if server.number("SELECT count(*) FROM competition_reminder").await == VOTERS as i64 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut seed: u64 = 11;
    let mut draw = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    // Those who watch every single ballot come know in which slot each lies; a copy of the database does not tell.
    let (mut first_choices, mut slots): (BTreeMap<String, String>, BTreeMap<String, String>) = Default::default();
    for n in 0..VOTERS {
        let id = member(n % 10, n / 10);
        let voter = server.staff(&id);
        let mut panel = vote.panel(&voter).await;
        panel.rotate_left(draw(8));
        let before = if n % 50 == 0 { sizes(&server).await } else { Vec::new() };
        // Some rank all, some three.
        vote.cast(&voter, &panel[..if n % 3 == 0 { 3 } else { 8 }], 0).await.unwrap();
        if n % 50 == 0 {
            let after = sizes(&server).await;
            let changed: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
            assert_eq!(changed, [&format!("ballot {}", n + 1), &format!("ballot_request {}", n + 1)]);
        }
        let taken = server.texts("SELECT pseudonym FROM ballot").await;
        let slot = taken.into_iter().find(|slot| !slots.contains_key(slot)).unwrap();
        slots.insert(slot, id.clone());
        first_choices.insert(id, panel[0].clone());
    }
    // Nothing varies that could.
    for (column, table) in [("sealed", "ballot"), ("mac", "ballot_request"), ("answer", "ballot_request")] {
        let lengths = format!("SELECT DISTINCT CAST(length({column}) AS TEXT) FROM {table}");
        assert_eq!(server.texts(&lengths).await.len(), 1, "{column}");
    }
    assert_eq!(server.texts("SELECT DISTINCT CAST(revision AS TEXT) FROM ballot").await, ["1"]);
    assert_eq!(server.number("SELECT count(DISTINCT sealed) FROM ballot").await, VOTERS as i64);
    assert_eq!(server.number("SELECT count(DISTINCT mac) FROM ballot_request").await, VOTERS as i64);

    // An attacker guesses from whatever a row holds, and from where it stands.
    let hex = |column: &str| match server.backend() {
        Backend::Sqlite => format!("lower(hex({column}))"),
        Backend::Postgres => format!("encode({column}, 'hex')"),
    };
    let known = "SELECT count(*) FROM ballot b JOIN competition_voter v ON v.pseudonym = b.pseudonym";
    assert_eq!(server.number(known).await, 0, "who has voted");
    let panels = server.texts("SELECT voter_id || ' ' || panel FROM competition_voter").await;
    let panels: BTreeMap<&str, &str> = panels.iter().filter_map(|row| row.split_once(' ')).collect();
    let sql = format!(
        "SELECT b.pseudonym || ' ' || {} || ' ' || r.request_id || ' ' || {} || ' ' || {}
         FROM ballot b JOIN ballot_request r ON r.pseudonym = b.pseudonym",
        hex("b.sealed"),
        hex("r.mac"),
        hex("r.answer")
    );
    let rows = server.texts(&sql).await;
    assert_eq!(rows.len(), VOTERS);
    let mut hits = vec![0; 17];
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<&str> = row.split(' ').collect();
        let voter_id = slots[cells[0]].as_str();
        let panel: Vec<String> = serde_json::from_str(panels[voter_id]).unwrap();
        let number = |cell: &str, at: usize| usize::from_str_radix(&cell[at..at + 2], 16).unwrap();
        let mut guesses: Vec<usize> = (0..8).collect();
        guesses.push(place);
        for cell in &cells {
            guesses.push(number(cell, 0));
        }
        // The first entries of the sealed text, behind the nonce.
        guesses.extend([number(cells[1], 24), number(cells[1], 26), number(cells[1], 58)]);
        assert_eq!(guesses.len(), hits.len());
        for (hit, guess) in hits.iter_mut().zip(guesses) {
            *hit += usize::from(panel[guess % 8] == first_choices[voter_id]);
        }
    }
    // Chance is 1 in 8; 17 guesses are made, so that 4 deviations are the bound at which one in 2,000 such tests fails.
    let (mean, deviation) = (VOTERS as f64 / 8.0, (VOTERS as f64 * 7.0 / 64.0).sqrt());
    assert!(hits.iter().all(|hit| (*hit as f64) < mean + 4.0 * deviation), "{hits:?}");
    let raw = rows.join("\n");
    assert!(first_choices.values().all(|id| !raw.contains(&id.replace('-', ""))));
}

async fn another_master_key_opens_nothing(server: Server) {
    let vote = six_teams(&server, dealt()).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("master.keys");
    std::fs::write(&file, format!("other {}\n", "A".repeat(43))).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let with_another_key = |config: &mut Config| {
        config.master_key_file = Some(file);
        // Without this it would not even start before a database with seals of a key that it lacks.
        config.accept_new_master_key = true;
    };
    let other = server.sibling_with(with_another_key).await;
    let panel = vote.panel(&server.staff("t0-s0")).await;
    let voter = other.staff("t0-s0");
    for status in [refused(vote.cast(&voter, &panel, 0).await), refused(vote.ballot(&voter).await)] {
        assert_eq!(reason(&status), "MASTER_KEY_MISSING");
    }
    vote.cast(&server.staff("t0-s0"), &panel, 0).await.unwrap();
}

async fn teams_are_hidden_where_the_rules_say_so(server: Server) {
    let vote = six_teams(&server, CompetitionRules { team_names: TeamNames::Hidden.into(), ..dealt() }).await;
    let panel = vote.ballot(&server.staff("t0-s0")).await.unwrap().panel;
    assert!(panel.len() == 5 && panel.iter().all(|entry| entry.team_id.is_empty()));
    let vote = Vote::opened(&server, 6, dealt()).await;
    let panel = vote.ballot(&server.staff("t0-s0")).await.unwrap().panel;
    assert!(panel.len() == 5 && panel.iter().all(|entry| !entry.team_id.is_empty()));
}

pub(crate) async fn invite(server: &Server, vote: &Vote, judges: &[&str]) -> Vec<String> {
    let request = v1::InviteJudgesRequest {
        request_id: request_id(),
        competition_id: vote.id.clone(),
        team_id: "customers".to_owned(),
        judge_ids: judges.iter().map(|id| (*id).to_owned()).collect(),
    };
    let invited = server.admin().competitions().invite_judges(request).await.unwrap().into_inner().invitations;
    invited.into_iter().map(|one| one.ballot_token).collect()
}

async fn a_token_is_good_for_one_ballot(server: Server) {
    enrol(&server, &[3; 6]).await;
    let rules = CompetitionRules { team_names: TeamNames::Hidden.into(), ..dealt() };
    let vote = Vote::announce(&server, 6, rules).await;
    // One of them has the id of a colleague, and is another person.
    let void = invite(&server, &vote, &["t0-s0", "carla", "dora"]).await;
    let tokens = invite(&server, &vote, &["t0-s0", "carla", "dora"]).await;
    vote.open(&server).await.unwrap();
    let other = Vote::opened(&server, 6, dealt()).await;

    let app = server.app();
    let mine = vote.ballot_of(&app, &tokens[0]).await.unwrap();
    assert!(mine.panel.len() == 6 && mine.panel.iter().all(|entry| entry.team_id.is_empty()));
    let entries: Vec<String> = mine.panel.into_iter().map(|entry| entry.entry_id).collect();
    let casting = |token: &str, revision| {
        let ballot_token = token.to_owned();
        v1::CastBallotRequest { ballot_token, ..vote.casting(&entries, revision) }
    };
    assert_eq!(cast(&app, casting(&tokens[0], 0)).await.unwrap().revision, 1);
    assert_eq!(verdict_of(cast(&app, casting(&tokens[0], 0)).await), is(Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(cast(&app, casting(&tokens[0], 1)).await.unwrap().revision, 2);
    assert_eq!(vote.ballot_of(&app, &tokens[0]).await.unwrap().entry_ids, entries);
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 1);
    assert_eq!(vote.ballot(&server.staff("t0-s0")).await.unwrap().revision, 0);

    let invalid = is(Code::NotFound, "BALLOT_TOKEN_INVALID");
    for token in ["", void[1].as_str(), "unknown"] {
        assert_eq!(verdict_of(cast(&app, casting(token, 0)).await), invalid, "{token:?}");
        assert_eq!(verdict_of(vote.ballot_of(&app, token).await), invalid, "{token:?}");
    }
    assert_eq!(verdict_of(other.ballot_of(&app, &tokens[1]).await), invalid);
    let elsewhere = v1::CastBallotRequest { competition_id: other.id.clone(), ..casting(&tokens[1], 0) };
    assert_eq!(verdict_of(cast(&app, elsewhere).await), invalid);
    // A colleague votes for themselves only.
    let by_staff = cast(&server.staff("t0-s0"), casting(&tokens[1], 0)).await;
    assert_eq!(by_staff.unwrap_err().code(), Code::PermissionDenied);
    // Erased, it is void too.
    assert_eq!(erase(&server, "dora").await, 1);
    assert_eq!(verdict_of(cast(&app, casting(&tokens[2], 0)).await), invalid);
}

/// Reminders as they come, from the beginning of the watch.
struct Watching {
    stream: tonic::Streaming<v1::WatchRemindersResponse>,
    cursor: String,
}

impl Watching {
    async fn begin(caller: &Caller, cursor: &str) -> Self {
        let request = v1::WatchRemindersRequest { resume_cursor: cursor.to_owned() };
        let stream = caller.competitions().watch_reminders(request).await.unwrap().into_inner();
        let mut begun = Self { stream, cursor: String::new() };
        begun.cursor = begun.stream.message().await.unwrap().unwrap().resume_cursor;
        begun
    }

    /// Those to so many, by voter.
    async fn next(&mut self, count: usize) -> BTreeSet<String> {
        let mut found = Vec::new();
        let all = async {
            while found.len() < count {
                let response = self.stream.message().await.unwrap().unwrap();
                found.extend(response.reminder.map(|reminder| reminder.voter_id));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("reminders in time");
        found.into_iter().collect()
    }
}

async fn those_who_have_not_voted_are_reminded(server: Server) {
    enrol(&server, &[3; 6]).await;
    let mut all = Watching::begin(&server.app(), "").await;
    let before = all.cursor.clone();
    let mut own = Watching::begin(&server.staff("t0-s0"), "").await;
    let vote = Vote::opened(&server, 6, dealt()).await;
    let told = all.next(18).await;
    assert!(told.len() == 18 && told.contains("t5-s2"), "{told:?}");
    assert_eq!(own.next(1).await, ["t0-s0".to_owned()].into());

    // Those who have voted since are not bothered, nor those who were erased.
    for id in ["t0-s0", "t1-s0"] {
        let voter = server.staff(id);
        vote.cast(&voter, &vote.panel(&voter).await, 0).await.unwrap();
    }
    erase(&server, "t2-s0").await;
    let told = Watching::begin(&server.app(), &before).await.next(15).await;
    assert!(!["t0-s0", "t1-s0", "t2-s0"].iter().any(|id| told.contains(*id)), "{told:?}");
    // Another's are never theirs.
    let mut colleague = Watching::begin(&server.staff("t3-s0"), "").await;
    Vote::opened(&server, 6, dealt()).await;
    assert_eq!(colleague.next(1).await, ["t3-s0".to_owned()].into());
    assert_eq!(server.number("SELECT count(*) FROM competition_reminder").await, 18 - 1 + 18);
}

async fn reminders_come_at_their_time(server: Server) {
    const DAY: i64 = 86_400_000_000;
    let clock = Clock::fixed(MONDAY_NINE * 1_000_000);
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    enrol(&server, &[3; 6]).await;
    let begin = clock.now_micros();
    let vote = Vote::announce_at(&server, begin, 6, dealt()).await;
    let written = async |expected: i64| {
        let sql = format!("SELECT count(*) FROM competition_reminder WHERE reminded_at = {}", clock.now_micros());
        let seen = async {
            while server.number(&sql).await != expected {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.expect("reminders in time");
    };
    vote.open(&server).await.unwrap();
    written(18).await;
    let panel = vote.panel(&server.staff("t0-s0")).await;
    vote.cast(&server.staff("t0-s0"), &panel, 0).await.unwrap();
    // Another opening makes the server look again.
    for (at, expected) in [(5 * DAY - 1, 18), (5 * DAY, 17 + 18), (9 * DAY - 1, 18), (9 * DAY, 17 + 18)] {
        clock.set(begin + at);
        // Those that were opened before and have an occasion of their own are closed by hand.
        server.execute("UPDATE competition SET state = 5 WHERE id <> (SELECT min(id) FROM competition)").await;
        let other = Vote::announce_at(&server, clock.now_micros(), 6, dealt()).await;
        other.open(&server).await.unwrap();
        written(expected).await;
    }
}

/// What the servers of this process log from the first call on.
fn log() -> &'static std::sync::Mutex<Vec<u8>> {
    use std::{
        io,
        sync::{Mutex, OnceLock},
    };
    #[derive(Clone, Copy)]
    struct Writer(&'static Mutex<Vec<u8>>);
    impl io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    static LOG: OnceLock<&'static Mutex<Vec<u8>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || Writer(log)).init();
        log
    })
}

async fn operations_tell_nothing_of_a_vote(server: Server) {
    let log = log();
    let listen = Some(([127, 0, 0, 1], 0).into());
    let server = Server::start_with(server.backend(), Clock::system(), |config| config.operations_listen = listen)
        .await
        .unwrap();
    enrol(&server, &[3; 6]).await;
    server.app().upsert_staff(staff("zacharias", "t0")).await.unwrap();
    let vote = Vote::opened(&server, 6, chosen(1, SwapRule::Unspecified)).await;
    let voter = server.staff("zacharias");
    vote.ballot(&voter).await.unwrap();
    vote.draft(&voter, &[vote.entry(2)]).await.unwrap();
    vote.cast(&voter, &[vote.entry(1)], 0).await.unwrap();
    vote.cast(&server.staff("t1-s0"), &[vote.entry(0)], 0).await.unwrap_err();
    vote.withdraw(&voter, 1).await.unwrap();

    let figures = http::request(server.operations_address(), "GET", "/metrics", &[], b"").await.body;
    let figures = String::from_utf8(figures).unwrap();
    let counted = "rapport_calls_total{method=\"/rapport.v1.CompetitionService/Ballot\",code=\"OK\"} 4";
    assert!(figures.lines().any(|line| line == counted), "{figures}");
    let logged = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("CompetitionService/Ballot"), "the log is read");
    for text in [&figures, &logged] {
        for told in ["CastBallot", "SaveDraft", "WithdrawBallot", "GetMyBallot", "MUTUAL_VOTE", "zacharias"] {
            assert!(!text.contains(told), "{told}");
        }
        assert!(vote.entries.values().all(|entry| !text.contains(entry.as_str())));
    }
    assert!(figures.contains("rapport_write_group_size_count 0"), "groups of ballots are not counted");
    // Nor does the trail name any of it.
    let request = v1::ListAuditEventsRequest { actor: "zacharias".to_owned(), ..Default::default() };
    let trail =
        server.caller(Role::Admin, "ada", &[]).audit().list_audit_events(request).await.map(Response::into_inner);
    assert!(trail.unwrap().audit_events.is_empty());
}
