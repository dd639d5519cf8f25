//! Contests: what the rated person sees, who may contest and who may judge, and what it does to the figures.

use futures::future::join_all;
use prost::Message as _;
use rapport::api::v1::{
    self, AppealContestRequest, Attribution, CoachingBlock, Contest, ContestGrounds, ContestRatingRequest,
    ContestState, ContestVerdict, DecideContestRequest, GetCoachingViewRequest, GetRatingRequest, ListContestsRequest,
    ListExemptionsRequest, MaskedRating, Rating, RatingAnswers, RatingStanding, RestoreRatingRequest, Role, Scorecard,
    rating_service_client::RatingServiceClient,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Backend, Caller, Server, Test,
    client::request_id,
    differing_counters, on_both, on_postgres,
    refusal::{preconditions, verdict},
    refused,
    sample::{at, call, participant, staff},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![a_server_that_starts_grants_what_is_overdue];
    tests.extend(on_both![
        ratings_are_shown_in_blocks_of_five,
        a_released_block_never_changes,
        the_rated_person_contests_what_they_see,
        a_supervisor_contests_for_their_team,
        everything_wrong_with_a_contest_is_named,
        no_interested_party_decides,
        a_sampled_contest_takes_two_reviewers,
        a_refusal_may_be_appealed_once,
        what_nobody_decides_is_granted_provisionally,
        what_was_exempted_is_restored,
        the_record_decides_where_it_says_enough,
        a_contest_follows_a_correction,
        who_the_customer_is_changes_no_byte,
        the_same_history_of_others_reads_the_same,
        an_interaction_does_not_tell_that_it_was_rated,
        many_at_once_make_one,
        counters_are_what_the_record_says_with_contests,
    ]);
    tests
}

const DAY: i64 = 86_400_000_000;

fn ratings(caller: &Caller) -> RatingServiceClient<crate::support::client::Authorized> {
    RatingServiceClient::new(caller.service())
}

fn told(interaction_id: &str, score: i32) -> Rating {
    Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        answered_time: at(600),
        ..Default::default()
    }
}

async fn submit(server: &Server, rating: Rating) -> String {
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    ratings(&server.app()).submit_rating(request).await.unwrap().into_inner().rating_id
}

/// A rating of a new interaction.
async fn rate(server: &Server, staff_id: &str, customer_id: &str, score: i32) -> String {
    let interaction = server.app().record(call(staff_id, customer_id)).await.unwrap().interaction_id;
    submit(server, told(&interaction, score)).await
}

async fn rate_five(server: &Server, staff_id: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for (customer, score) in [("carla", 1), ("dora", 2), ("carla", 3), ("dmitri", 4), ("dora", 5)] {
        ids.push(rate(server, staff_id, customer, score).await);
    }
    ids
}

async fn a_day_passes(server: &Server) {
    server.execute(&format!("UPDATE rating SET received_at = received_at - {DAY}")).await;
}

async fn standing(server: &Server, rating_id: &str) -> RatingStanding {
    let request = GetRatingRequest { rating_id: rating_id.to_owned() };
    ratings(&server.app()).get_rating(request).await.unwrap().into_inner().rating.unwrap().standing()
}

async fn view(caller: &Caller) -> Vec<CoachingBlock> {
    caller.contests().get_coaching_view(GetCoachingViewRequest::default()).await.unwrap().into_inner().blocks
}

/// Five ratings of nora, released: the masked one of level 1, and its rating's id.
async fn released(server: &Server) -> (MaskedRating, String) {
    let ids = rate_five(server, "nora").await;
    a_day_passes(server).await;
    let block = view(&server.staff("nora")).await.remove(0);
    let worst = block.ratings.into_iter().find(|one| one.level == 1).unwrap();
    (worst, ids[0].clone())
}

fn masked(masked_id: &str) -> ContestRatingRequest {
    ContestRatingRequest {
        request_id: request_id(),
        masked_id: masked_id.to_owned(),
        grounds: ContestGrounds::Other.into(),
        evidence: "He meant the queue, and said so on the phone.".to_owned(),
        ..Default::default()
    }
}

fn open(rating_id: &str) -> ContestRatingRequest {
    ContestRatingRequest { masked_id: String::new(), rating_id: rating_id.to_owned(), ..masked("") }
}

async fn contest(caller: &Caller, request: ContestRatingRequest) -> Result<Contest, Status> {
    Ok(caller.contests().contest_rating(request).await?.into_inner().contest.unwrap())
}

fn reviewer(server: &Server, subject: &str) -> Caller {
    server.caller(Role::Reviewer, subject, &[])
}

async fn decide(caller: &Caller, contest_id: &str, verdict: ContestVerdict) -> Result<Contest, Status> {
    let request = DecideContestRequest {
        request_id: request_id(),
        contest_id: contest_id.to_owned(),
        verdict: verdict.into(),
        reason: "as the recording says".to_owned(),
    };
    Ok(caller.contests().decide_contest(request).await?.into_inner().contest.unwrap())
}

/// The verdict of as many reviewers as it takes.
async fn settle(server: &Server, contest_id: &str, verdict: ContestVerdict) -> Contest {
    let first = decide(&reviewer(server, "rita"), contest_id, verdict).await.unwrap();
    if first.state() != ContestState::SecondReview {
        return first;
    }
    decide(&reviewer(server, "rolf"), contest_id, verdict).await.unwrap()
}

async fn appeal(caller: &Caller, contest_id: &str) -> Result<Contest, Status> {
    let (request_id, contest_id) = (request_id(), contest_id.to_owned());
    let request = AppealContestRequest { request_id, contest_id, reason: "The recording says more.".to_owned() };
    Ok(caller.contests().appeal_contest(request).await?.into_inner().contest.unwrap())
}

async fn restore(caller: &Caller, rating_id: &str) -> Result<v1::RestoreRatingResponse, Status> {
    let (request_id, rating_id) = (request_id(), rating_id.to_owned());
    let request = RestoreRatingRequest { request_id, rating_id, reason: "granted by mistake".to_owned() };
    caller.contests().restore_rating(request).await.map(Response::into_inner)
}

async fn list(caller: &Caller, state: ContestState) -> Vec<Contest> {
    let request = ListContestsRequest { state: state.into(), ..Default::default() };
    caller.contests().list_contests(request).await.unwrap().into_inner().contests
}

async fn exemptions(caller: &Caller) -> Vec<Contest> {
    caller.contests().list_exemptions(ListExemptionsRequest::default()).await.unwrap().into_inner().contests
}

async fn card(server: &Server) -> Scorecard {
    let request = v1::GetScorecardRequest { unit: v1::ScorecardUnit::Organization.into(), ..Default::default() };
    ratings(&server.app()).get_scorecard(request).await.unwrap().into_inner().groups.remove(0)
}

/// Gives a contest that has not been reviewed an id of the sample, or outside it.
async fn draw(server: &Server, sampled: bool) -> String {
    let id = if sampled { SAMPLED } else { UNSAMPLED };
    let literal = match server.backend() {
        Backend::Sqlite => format!("x'{}'", id.replace('-', "")),
        Backend::Postgres => format!("'{id}'"),
    };
    server.execute(&format!("UPDATE contest SET contest_id = {literal}")).await;
    id.to_owned()
}

const UNSAMPLED: &str = "00000000-0000-4000-8000-000000000000";
const SAMPLED: &str = "00000000-0000-4000-8000-000000000003";

async fn ratings_are_shown_in_blocks_of_five(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let interaction = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let answers = RatingAnswers { clarity: 4, resolved: v1::Resolution::Resolved.into(), ..Default::default() };
    let comment = "Carla from the bakery says thanks".to_owned();
    submit(&server, Rating { answers: Some(answers), comment, ..told(&interaction, 1) }).await;
    for _ in 0..3 {
        rate(&server, "nora", "carla", 4).await;
    }
    let other = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    submit(&server, Rating { attribution: Attribution::Policy.into(), ..told(&other, 1) }).await;
    rate(&server, "sam", "carla", 1).await;
    a_day_passes(&server).await;
    assert!(view(&nora).await.is_empty(), "four count for her");
    rate(&server, "nora", "carla", 4).await;
    assert!(view(&nora).await.is_empty(), "who keeps asking must not see when the fifth arrives");
    a_day_passes(&server).await;
    let blocks = view(&nora).await;
    assert_eq!((blocks.len(), blocks[0].number, blocks[0].ratings.len()), (1, 1, 5));
    let worst = blocks[0].ratings.iter().find(|one| one.level == 1).unwrap();
    assert!(blocks[0].ratings.iter().all(|one| one.masked_id.as_bytes()[14] == b'4'), "an id's time would tell");
    assert_eq!((worst.answers, worst.topic.as_str()), (Some(answers), "Returns"));
    let shown = blocks[0].encode_to_vec();
    for secret in ["Carla", "carla", &interaction] {
        assert!(!shown.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    // A page is whole blocks.
    rate_five(&server, "nora").await;
    a_day_passes(&server).await;
    let page = async |token: &str| {
        let request = GetCoachingViewRequest { page_size: 1, page_token: token.to_owned() };
        nora.contests().get_coaching_view(request).await.unwrap().into_inner()
    };
    let first = page("").await;
    let second = page(&first.next_page_token).await;
    assert_eq!((first.blocks[0].number, second.blocks[0].number), (2, 1));
    assert_eq!((first.blocks.len(), second.blocks, second.next_page_token.as_str()), (1, blocks, ""));
    // A supervisor sees their own, not their team's.
    assert!(view(&server.supervisor("petra", &["north"])).await.is_empty());
}

async fn a_released_block_never_changes(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let (worst, rating_id) = released(&server).await;
    let before = view(&nora).await;
    // The customer corrects it, it is contested and exempted, and it moves to somebody else.
    let request = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id: rating_id.clone(),
        score: 2,
        answered_time: at(700),
        ..Default::default()
    };
    let corrected = ratings(&server.app()).correct_rating(request).await.unwrap().into_inner().rating.unwrap();
    let contested = contest(&nora, masked(&worst.masked_id)).await.unwrap();
    settle(&server, &contested.contest_id, ContestVerdict::Granted).await;
    reattribute(&server, &corrected.interaction_id, "sam").await;
    for _ in 0..4 {
        rate(&server, "nora", "dora", 5).await;
    }
    a_day_passes(&server).await;
    assert_eq!(view(&nora).await, before, "the correction is no new rating, and four more are no block");
}

async fn reattribute(server: &Server, interaction_id: &str, staff_id: &str) {
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        participants: vec![v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant(staff_id) }],
        reason: "booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    server.reattribute(request).await;
}

async fn the_rated_person_contests_what_they_see(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let (worst, rating_id) = released(&server).await;
    let request = masked(&worst.masked_id);
    let contested = contest(&nora, request.clone()).await.unwrap();
    assert_eq!((contested.state(), contested.masked_id.as_str()), (ContestState::Open, worst.masked_id.as_str()));
    assert_eq!((contested.rating_id.as_str(), contested.rated_staff_id.as_str()), ("", ""));
    assert_eq!(contest(&nora, request).await.unwrap(), contested, "the same request is the same contest");
    let twice = refused(contest(&nora, masked(&worst.masked_id)).await);
    assert_eq!(verdict(&twice), (Code::AlreadyExists, "ALREADY_CONTESTED".to_owned()));
    // Masked ids are their owner's, and the ids of ratings nobody's who is rated.
    for caller in [server.staff("nils"), server.supervisor("petra", &["north"])] {
        assert_eq!(refused(contest(&caller, masked(&worst.masked_id)).await).code(), Code::NotFound);
    }
    assert_eq!(refused(contest(&nora, open(&rating_id)).await).code(), Code::NotFound);

    let settled = settle(&server, &contested.contest_id, ContestVerdict::Granted).await;
    assert_eq!((settled.state(), settled.rating_id.as_str()), (ContestState::Granted, rating_id.as_str()));
    assert_eq!((settled.masked_id.as_str(), settled.rated_staff_id.as_str()), ("", "nora"));
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Exempt);
    // Both ledgers, side by side.
    let card = card(&server).await;
    assert_eq!((card.answered, card.counted, card.exempt), (5, 4, 1));
    assert_eq!((card.staff.unwrap().mean, card.customer.unwrap().mean), (Some(3.5), Some(3.0)));
    assert_eq!(differing_counters(&server).await, 0);
    let own = list(&nora, ContestState::Unspecified).await.remove(0);
    assert_eq!(
        (own.state(), own.masked_id.as_str(), own.rating_id.as_str()),
        (ContestState::Granted, worst.masked_id.as_str(), "")
    );
    assert!(own.reviews.iter().all(|review| review.reviewer.is_empty() && !review.reason.is_empty()));
    assert!(list(&server.staff("nils"), ContestState::Unspecified).await.is_empty());
    let trail = "SELECT count(*) FROM audit_event WHERE action IN (12, 13)";
    assert!(server.number(trail).await >= 2);
}

async fn a_supervisor_contests_for_their_team(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    let (nora, sam, own) = (
        rate(&server, "nora", "carla", 1).await,
        rate(&server, "sam", "carla", 1).await,
        rate(&server, "petra", "carla", 1).await,
    );
    let contested = contest(&petra, open(&nora)).await.unwrap();
    assert_eq!((contested.rating_id.as_str(), contested.rated_team_id.as_str()), (nora.as_str(), "north"));
    assert_eq!(refused(contest(&petra, open(&sam)).await).code(), Code::NotFound);
    assert_eq!(refused(contest(&petra, open(&own)).await).code(), Code::NotFound, "through one's own view only");
    // Others who lead the team see it; a supervisor of another one does not.
    assert_eq!(list(&server.supervisor("paul", &["north"]), ContestState::Open).await.len(), 1);
    assert!(list(&server.supervisor("paul", &["south"]), ContestState::Open).await.is_empty());
    // Nor does a reviewer who is the rated person.
    assert!(list(&reviewer(&server, "nora"), ContestState::Open).await.is_empty());
    assert_eq!(list(&reviewer(&server, "rita"), ContestState::Open).await.len(), 1);
    // Nor does nora, who has not seen that rating.
    assert!(list(&server.staff("nora"), ContestState::Unspecified).await.is_empty());
    let late = rate(&server, "nora", "carla", 2).await;
    server.execute(&format!("UPDATE rating SET received_at = received_at - {}", 7 * DAY)).await;
    let too_late = refused(contest(&petra, open(&late)).await);
    assert_eq!(preconditions(&too_late), ["CONTEST_TOO_LATE"]);
}

async fn everything_wrong_with_a_contest_is_named(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let wrong = async |request| violations(&refused(contest(&nora, request).await));
    let field = |field: &str, reason: &str| (field.to_owned(), reason.to_owned());
    let empty = ContestRatingRequest { request_id: String::new(), grounds: 0, ..masked("17") };
    assert_eq!(
        wrong(empty).await,
        [field("request_id", "FIELD_REQUIRED"), field("masked_id", "MALFORMED"), field("grounds", "FIELD_REQUIRED")]
    );
    let bare =
        ContestRatingRequest { grounds: ContestGrounds::SecondReply.into(), evidence: "  ".to_owned(), ..masked("") };
    assert_eq!(wrong(bare).await, [field("evidence", "FIELD_REQUIRED"), field("masked_id", "CONTRADICTION")]);
    let both = ContestRatingRequest { rating_id: SAMPLED.to_owned(), ..masked(UNSAMPLED) };
    assert_eq!(wrong(both).await, [field("masked_id", "CONTRADICTION")]);

    // Pointless ones are refused with their reason.
    let petra = server.supervisor("petra", &["north"]);
    let interaction = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let late = submit(&server, Rating { answered_time: at(9_000), ..told(&interaction, 1) }).await;
    let interaction = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let policy = submit(&server, Rating { attribution: Attribution::Policy.into(), ..told(&interaction, 1) }).await;
    for (rating_id, why) in [(late, "late"), (policy, "non_staff")] {
        let status = refused(contest(&petra, open(&rating_id)).await);
        assert_eq!(preconditions(&status), ["NOT_COUNTED"]);
        assert!(status.message().ends_with(why), "{}", status.message());
    }
    let (worst, _) = released(&server).await;
    let a_week = format!("UPDATE coaching_rating SET released_at = released_at - {}", 7 * DAY);
    server.execute(&a_week).await;
    let status = refused(contest(&nora, masked(&worst.masked_id)).await);
    assert_eq!(preconditions(&status), ["CONTEST_TOO_LATE"]);
    assert_eq!(server.number("SELECT count(*) FROM contest").await, 0);
}

async fn no_interested_party_decides(server: Server) {
    let server = server.with_organization().await;
    server.app().upsert_staff(staff("rita", "south")).await.unwrap();
    server.app().upsert_staff(staff("rosa", "north")).await.unwrap();
    let rating_id = rate(&server, "nora", "carla", 1).await;
    let contested = contest(&server.supervisor("petra", &["north"]), open(&rating_id)).await.unwrap().contest_id;
    for (role, subject, teams) in [
        (Role::Reviewer, "nora", &[][..]),
        (Role::Admin, "petra", &[]),
        (Role::Reviewer, "rolf", &["north"]),
        (Role::Reviewer, "rosa", &[]),
    ] {
        let caller = server.caller(role, subject, teams);
        let status = refused(decide(&caller, &contested, ContestVerdict::Granted).await);
        assert_eq!(verdict(&status), (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned()), "{subject}");
    }
    // Nora changes teams: her new one is as near to her.
    server.app().upsert_staff(staff("nora", "south")).await.unwrap();
    let status = refused(decide(&reviewer(&server, "rita"), &contested, ContestVerdict::Granted).await);
    assert_eq!(preconditions(&status), ["INTERESTED_PARTY"]);
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Counted);
    let missing = refused(decide(&server.admin(), SAMPLED, ContestVerdict::Granted).await);
    assert_eq!(missing.code(), Code::NotFound);
    let contested = draw(&server, false).await;
    assert_eq!(
        decide(&server.admin(), &contested, ContestVerdict::Granted).await.unwrap().state(),
        ContestState::Granted
    );
    let settled = refused(decide(&reviewer(&server, "rolf"), &contested, ContestVerdict::Refused).await);
    assert_eq!(preconditions(&settled), ["CONTEST_SETTLED"]);
    // Nor does one of them take it back.
    let caller = server.caller(Role::Reviewer, "rolf", &["north"]);
    assert_eq!(preconditions(&refused(restore(&caller, &rating_id).await)), ["INTERESTED_PARTY"]);
}

async fn a_sampled_contest_takes_two_reviewers(server: Server) {
    let server = server.with_organization().await;
    let rating_id = rate(&server, "nora", "carla", 1).await;
    contest(&server.supervisor("petra", &["north"]), open(&rating_id)).await.unwrap();
    let id = draw(&server, true).await;
    let (rita, rolf) = (reviewer(&server, "rita"), reviewer(&server, "rolf"));
    let first = decide(&rita, &id, ContestVerdict::Refused).await.unwrap();
    assert_eq!((first.state(), first.decision_time), (ContestState::SecondReview, None));
    let same = refused(decide(&rita, &id, ContestVerdict::Refused).await);
    assert_eq!(preconditions(&same), ["SAME_REVIEWER"]);
    let second = decide(&rolf, &id, ContestVerdict::Granted).await.unwrap();
    assert_eq!(second.state(), ContestState::Granted);
    let verdicts: Vec<_> = second.reviews.iter().map(|one| (one.reviewer.as_str(), one.verdict())).collect();
    assert_eq!(verdicts, [("rita", ContestVerdict::Refused), ("rolf", ContestVerdict::Granted)]);
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Exempt);
}

async fn a_refusal_may_be_appealed_once(server: Server) {
    let server = server.with_organization().await;
    let (petra, rita, rolf) =
        (server.supervisor("petra", &["north"]), reviewer(&server, "rita"), reviewer(&server, "rolf"));
    let rating_id = rate(&server, "nora", "carla", 1).await;
    contest(&petra, open(&rating_id)).await.unwrap();
    let id = draw(&server, false).await;
    assert_eq!(preconditions(&refused(appeal(&petra, &id).await)), ["NOT_APPEALABLE"]);
    let refusal = decide(&rita, &id, ContestVerdict::Refused).await.unwrap();
    assert_eq!(refusal.state(), ContestState::Refused);
    assert_eq!(refused(appeal(&server.supervisor("paul", &["north"]), &id).await).code(), Code::NotFound);
    server.execute(&format!("UPDATE contest SET decided_at = decided_at - {}", 7 * DAY)).await;
    assert_eq!(preconditions(&refused(appeal(&petra, &id).await)), ["CONTEST_TOO_LATE"]);
    server.execute(&format!("UPDATE contest SET decided_at = decided_at + {}", 7 * DAY)).await;
    let appealed = appeal(&petra, &id).await.unwrap();
    assert_eq!(
        (appealed.state(), appealed.appeal_reason.as_str()),
        (ContestState::SecondReview, "The recording says more.")
    );
    assert_eq!(preconditions(&refused(decide(&rita, &id, ContestVerdict::Granted).await)), ["SAME_REVIEWER"]);
    assert_eq!(decide(&rolf, &id, ContestVerdict::Refused).await.unwrap().state(), ContestState::Refused);
    assert_eq!(preconditions(&refused(appeal(&petra, &id).await)), ["NOT_APPEALABLE"]);
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Counted);
}

async fn what_nobody_decides_is_granted_provisionally(server: Server) {
    let server = server.with_organization().await;
    let (petra, rita) = (server.supervisor("petra", &["north"]), reviewer(&server, "rita"));
    let rating_id = rate(&server, "nora", "carla", 1).await;
    contest(&petra, open(&rating_id)).await.unwrap();
    let id = draw(&server, false).await;
    assert!(exemptions(&rita).await.is_empty());
    server.execute(&format!("UPDATE contest SET decide_by = decide_by - {}", 5 * DAY)).await;
    for caller in [&rita, &petra] {
        let found = exemptions(caller).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].state(), ContestState::ProvisionallyGranted);
        assert_eq!((found[0].rating_id.as_str(), found[0].exemption_time.is_some()), (rating_id.as_str(), true));
    }
    assert!(exemptions(&server.supervisor("paul", &["south"])).await.is_empty());
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Exempt);
    assert_eq!(list(&rita, ContestState::ProvisionallyGranted).await.len(), 1);
    // A reviewer may still say no.
    let refusal = decide(&rita, &id, ContestVerdict::Refused).await.unwrap();
    assert_eq!((refusal.state(), refusal.exemption_time), (ContestState::Refused, None));
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Counted);
    assert!(exemptions(&rita).await.is_empty());
    assert_eq!(server.number("SELECT count(*) FROM audit_event WHERE action = 15 AND actor = 'rapport'").await, 1);
    assert_eq!(differing_counters(&server).await, 0);
}

async fn what_was_exempted_is_restored(server: Server) {
    let server = server.with_organization().await;
    let rating_id = rate(&server, "nora", "carla", 1).await;
    assert_eq!(preconditions(&refused(restore(&server.admin(), &rating_id).await)), ["NOT_EXEMPT"]);
    assert_eq!(refused(restore(&server.admin(), SAMPLED).await).code(), Code::NotFound);
    let petra = server.supervisor("petra", &["north"]);
    let id = contest(&petra, open(&rating_id)).await.unwrap().contest_id;
    settle(&server, &id, ContestVerdict::Granted).await;
    let restored = restore(&server.admin(), &rating_id).await.unwrap();
    assert_eq!(restored.standing(), RatingStanding::Counted);
    assert_eq!(restored.contest.unwrap().state(), ContestState::Refused);
    assert_eq!(preconditions(&refused(restore(&server.admin(), &rating_id).await)), ["NOT_EXEMPT"]);
    let card = card(&server).await;
    assert_eq!((card.counted, card.exempt), (1, 0));
    // The person who took it back does not judge the appeal.
    appeal(&petra, &id).await.unwrap();
    let same = refused(decide(&server.admin(), &id, ContestVerdict::Refused).await);
    assert_eq!(preconditions(&same), ["SAME_REVIEWER"]);
    assert_eq!(differing_counters(&server).await, 0);
}

async fn the_record_decides_where_it_says_enough(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    let grounds = |rating_id: &str| ContestRatingRequest {
        grounds: ContestGrounds::NotAboutStaff.into(),
        evidence: String::new(),
        ..open(rating_id)
    };
    let alone = rate(&server, "nora", "carla", 1).await;
    assert_eq!(contest(&petra, grounds(&alone)).await.unwrap().state(), ContestState::Open);
    // The same customer says of the same call that it was the logistics.
    let both = v1::Interaction {
        participants: vec![
            v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant("nora") },
            v1::Participant { involvement: v1::Involvement::Assisting.into(), ..participant("nils") },
        ],
        ..call("nora", "carla")
    };
    let interaction = server.app().record(both).await.unwrap().interaction_id;
    let rating_id = submit(&server, told(&interaction, 1)).await;
    let named = Rating {
        rated_staff_id: "nils".to_owned(),
        attribution: Attribution::Logistics.into(),
        ..told(&interaction, 1)
    };
    submit(&server, named).await;
    let granted = contest(&petra, grounds(&rating_id)).await.unwrap();
    assert_eq!((granted.state(), granted.reviews.len()), (ContestState::Granted, 0));
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Exempt);
}

async fn a_contest_follows_a_correction(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    let first = rate(&server, "nora", "carla", 1).await;
    let id = contest(&petra, open(&first)).await.unwrap().contest_id;
    let correct = async |rating_id: &str, attribution: Attribution| {
        let request = v1::CorrectRatingRequest {
            request_id: request_id(),
            rating_id: rating_id.to_owned(),
            score: 2,
            attribution: attribution.into(),
            answered_time: at(700),
            ..Default::default()
        };
        ratings(&server.app()).correct_rating(request).await.unwrap().into_inner().rating.unwrap().rating_id
    };
    let second = correct(&first, Attribution::Staff).await;
    let again = refused(contest(&petra, open(&second)).await);
    assert_eq!(verdict(&again).1, "ALREADY_CONTESTED");
    assert_eq!(settle(&server, &id, ContestVerdict::Granted).await.rating_id, second);
    assert_eq!(standing(&server, &second).await, RatingStanding::Exempt);
    let third = correct(&second, Attribution::Policy).await;
    assert_eq!(standing(&server, &third).await, RatingStanding::Exempt);
    let restored = restore(&server.admin(), &third).await.unwrap();
    assert_eq!(restored.standing(), RatingStanding::NonStaff, "what the customer said last");
    assert_eq!(differing_counters(&server).await, 0);
}

/// Everything about ratings that the rated person may ask for, as it comes.
async fn everything_told(caller: &Caller) -> Vec<Vec<u8>> {
    let contests = caller.contests().list_contests(ListContestsRequest::default()).await.unwrap().into_inner();
    let view = caller.contests().get_coaching_view(GetCoachingViewRequest::default()).await.unwrap().into_inner();
    let praise = caller.quality().list_praise(v1::ListPraiseRequest::default()).await.unwrap().into_inner();
    let request = v1::ListAssessmentsRequest::default();
    let assessments = caller.quality().list_assessments(request).await.unwrap().into_inner();
    assert_eq!((praise.praise.len(), assessments.assessments.len()), (1, 1));
    vec![view.encode_to_vec(), contests.encode_to_vec(), praise.encode_to_vec(), assessments.encode_to_vec()]
}

/// The rating of an interaction is passed on as praise, and the interaction assessed.
async fn praise_and_assess(server: &Server, rating_id: &str) {
    let rita = reviewer(server, "rita");
    let share = v1::SharePraiseRequest {
        request_id: request_id(),
        rating_id: rating_id.to_owned(),
        text: "thank you".to_owned(),
    };
    rita.quality().share_praise(share).await.unwrap();
    let get = GetRatingRequest { rating_id: rating_id.to_owned() };
    let rating = ratings(&server.app()).get_rating(get).await.unwrap().into_inner().rating.unwrap();
    let assess = v1::AssessInteractionRequest {
        request_id: request_id(),
        interaction_id: rating.interaction_id,
        overall: 2,
        note: "Did not ask for the order.".to_owned(),
        ..Default::default()
    };
    rita.quality().assess_interaction(assess).await.unwrap();
}

/// "Swapping the identity of the customer behind a rating changes no byte of anything the rated person can read."
async fn who_the_customer_is_changes_no_byte(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let (worst, _) = released(&server).await;
    let request = masked(&worst.masked_id);
    let contested = contest(&nora, request.clone()).await.unwrap();
    settle(&server, &contested.contest_id, ContestVerdict::Refused).await;
    let appeal = AppealContestRequest {
        request_id: request_id(),
        contest_id: contested.contest_id.clone(),
        reason: "The recording says more.".to_owned(),
    };
    nora.contests().appeal_contest(appeal.clone()).await.unwrap();
    let interaction = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let comment = "Carla from the bakery says thank you".to_owned();
    let praised = submit(&server, Rating { comment, ..told(&interaction, 5) }).await;
    praise_and_assess(&server, &praised).await;
    // More than a block, so that something waits for its release.
    rate_five(&server, "nora").await;
    let ask = async || {
        let mut told = everything_told(&nora).await;
        told.push(nora.contests().contest_rating(request.clone()).await.unwrap().into_inner().encode_to_vec());
        told.push(nora.contests().appeal_contest(appeal.clone()).await.unwrap().into_inner().encode_to_vec());
        told
    };
    let before = ask().await;
    let swapped = server.number("SELECT count(*) FROM interaction WHERE customer_id IN ('carla', 'dora')").await;
    assert!(swapped > 0);
    server
        .execute(
            "UPDATE interaction SET customer_id = CASE customer_id WHEN 'carla' THEN 'dora' ELSE 'carla' END
             WHERE customer_id IN ('carla', 'dora')",
        )
        .await;
    assert_eq!(ask().await, before);
    // The words the rated person may not read, and the instants.
    server.execute("UPDATE rating SET comment = 'written by dora', answered_at = answered_at - 1000000").await;
    assert_eq!(ask().await, before);
    // What is released after the swap says nothing either.
    a_day_passes(&server).await;
    let after = view(&nora).await;
    let shown: Vec<u8> = after.iter().flat_map(CoachingBlock::encode_to_vec).collect();
    assert_eq!(after.len(), 2);
    for secret in ["carla", "dora", "dmitri"] {
        assert!(!shown.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    // Nothing else about ratings answers them.
    let rating_id = rate(&server, "nora", "carla", 1).await;
    let get = ratings(&nora).get_rating(GetRatingRequest { rating_id }).await;
    assert_eq!(refused(get).code(), Code::PermissionDenied);
    let list = ratings(&nora).list_ratings(v1::ListRatingsRequest::default()).await;
    assert_eq!(refused(list).code(), Code::PermissionDenied);
    let unit = v1::ScorecardUnit::Staff.into();
    let card = ratings(&nora).get_scorecard(v1::GetScorecardRequest { unit, ..Default::default() }).await;
    assert_eq!(refused(card).code(), Code::PermissionDenied);
    let exempt = nora.contests().list_exemptions(ListExemptionsRequest::default()).await;
    assert_eq!(refused(exempt).code(), Code::PermissionDenied);
    let mismatches = nora.quality().list_mismatches(v1::ListMismatchesRequest::default()).await;
    assert_eq!(refused(mismatches).code(), Code::PermissionDenied);
}

/// What nora reads after five ratings by these customers, of which she contests one, goes to the second reviewer and is
/// granted, and another is passed on as praise, its interaction assessed; without ids drawn at random and without instants,
/// which no two histories share.
async fn history(server: &Server, customers: [&str; 5]) -> (Vec<CoachingBlock>, Vec<Contest>, Vec<Vec<u8>>) {
    let mut last = String::new();
    for (score, customer) in (1..).zip(customers) {
        let interaction = server.app().record(call("nora", customer)).await.unwrap().interaction_id;
        let comment = format!("{customer} writes: thank you");
        last = submit(server, Rating { comment, ..told(&interaction, score) }).await;
    }
    praise_and_assess(server, &last).await;
    a_day_passes(server).await;
    let nora = server.staff("nora");
    let mut blocks = view(&nora).await;
    let worst = blocks[0].ratings.iter().find(|one| one.level == 1).unwrap().masked_id.clone();
    contest(&nora, masked(&worst)).await.unwrap();
    let id = draw(server, true).await;
    settle(server, &id, ContestVerdict::Granted).await;
    for block in &mut blocks {
        block.contest_until_time = None;
        block.ratings.iter_mut().for_each(|one| one.masked_id.clear());
        block.ratings.sort_by_key(|one| one.level);
    }
    let mut contests = list(&nora, ContestState::Unspecified).await;
    for one in &mut contests {
        one.masked_id.clear();
        one.reviews.iter_mut().for_each(|review| review.review_time = None);
        (one.contest_time, one.decide_by_time, one.decision_time, one.exemption_time) = (None, None, None, None);
    }
    let mut praise = nora.quality().list_praise(v1::ListPraiseRequest::default()).await.unwrap().into_inner();
    praise.praise[0].praise_id.clear();
    let request = v1::ListAssessmentsRequest::default();
    let mut assessments = nora.quality().list_assessments(request).await.unwrap().into_inner();
    assessments.assessments[0].assessment_id.clear();
    (blocks, contests, vec![praise.encode_to_vec(), assessments.encode_to_vec()])
}

async fn the_same_history_of_others_reads_the_same(server: Server) {
    let other = Server::start(server.backend()).await.unwrap().with_organization().await;
    let server = server.with_organization().await;
    let carla = history(&server, ["carla", "dora", "dora", "carla", "carla"]).await;
    let dmitri = history(&other, ["dmitri", "carla", "dmitri", "dora", "dmitri"]).await;
    assert_eq!(carla, dmitri);
    assert_eq!((carla.0[0].ratings.len(), carla.1[0].reviews.len()), (5, 2));
}

/// What a colleague may read of an interaction is the same before and after it is rated, corrected and contested.
async fn an_interaction_does_not_tell_that_it_was_rated(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let interaction_id = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    let told = async || {
        let mut interactions = nora.interactions();
        let get = v1::GetInteractionRequest { interaction_id: interaction_id.clone() };
        let timeline = v1::ReadCustomerTimelineRequest {
            customer_id: "carla".to_owned(),
            purpose: v1::ReadingPurpose::Serving.into(),
            ..Default::default()
        };
        let summary =
            v1::SummarizeInteractionsRequest { group_by: v1::SummaryGrouping::Staff.into(), ..Default::default() };
        let list = v1::ListInteractionsRequest::default();
        let customer = v1::GetCustomerRequest { customer_id: "carla".to_owned(), alias: None };
        [
            interactions.get_interaction(get).await.unwrap().into_inner().encode_to_vec(),
            interactions.list_interactions(list).await.unwrap().into_inner().encode_to_vec(),
            interactions.read_customer_timeline(timeline).await.unwrap().into_inner().encode_to_vec(),
            interactions.summarize_interactions(summary).await.unwrap().into_inner().encode_to_vec(),
            nora.directory().get_customer(customer).await.unwrap().into_inner().encode_to_vec(),
        ]
    };
    let before = told().await;
    let rating_id = submit(&server, told_with_answers(&interaction_id)).await;
    let id = contest(&server.supervisor("petra", &["north"]), open(&rating_id)).await.unwrap().contest_id;
    settle(&server, &id, ContestVerdict::Granted).await;
    assert!(told().await == before);
}

fn told_with_answers(interaction_id: &str) -> Rating {
    let answers = RatingAnswers { resolved: v1::Resolution::Unresolved.into(), ..Default::default() };
    Rating { answers: Some(answers), comment: "no".to_owned(), ..told(interaction_id, 1) }
}

async fn many_at_once_make_one(server: Server) {
    let server = server.with_organization().await;
    rate_five(&server, "nora").await;
    a_day_passes(&server).await;
    let nora = server.staff("nora");
    let views = join_all((0..8).map(|_| view(&nora))).await;
    assert!(views.iter().all(|seen| seen.len() == 1 && *seen == views[0]), "one release");
    let masked_id = &views[0][0].ratings[0].masked_id;
    let answers = join_all((0..8).map(|_| contest(&nora, masked(masked_id)))).await;
    let opened: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(opened.len(), 1);
    assert!(answers.iter().filter_map(|one| one.as_ref().err()).all(|status| verdict(status).1 == "ALREADY_CONTESTED"));
    draw(&server, false).await;
    let judges: Vec<_> = (0..8).map(|number| reviewer(&server, &format!("rita-{number}"))).collect();
    let verdicts = judges.iter().map(|judge| decide(judge, UNSAMPLED, ContestVerdict::Granted));
    let verdicts = join_all(verdicts).await;
    assert_eq!(verdicts.iter().flatten().count(), 1);
    let refusals: Vec<_> = verdicts.iter().filter_map(|one| one.as_ref().err()).flat_map(preconditions).collect();
    assert_eq!(refusals, ["CONTEST_SETTLED"; 7]);
    assert_eq!(card(&server).await.exempt, 1);
    assert_eq!(differing_counters(&server).await, 0);
}

async fn a_server_that_starts_grants_what_is_overdue(server: Server) {
    let server = server.with_organization().await;
    let rating_id = rate(&server, "nora", "carla", 1).await;
    contest(&server.supervisor("petra", &["north"]), open(&rating_id)).await.unwrap();
    server.execute(&format!("UPDATE contest SET decide_by = decide_by - {}", 5 * DAY)).await;
    assert_eq!(standing(&server, &rating_id).await, RatingStanding::Counted);
    let _sibling = server.sibling().await;
    for _ in 0..100 {
        if standing(&server, &rating_id).await == RatingStanding::Exempt {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nobody granted it");
}

/// Any sequence of submitting, late too, correcting, re-attributing, contesting, deciding, missing the deadline,
/// appealing and restoring, drawn from a printed seed.
async fn counters_are_what_the_record_says_with_contests(server: Server) {
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
    const STAFF: [&str; 4] = ["nora", "nils", "sam", "petra"];
    let server = server.with_organization().await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut interactions, mut submitted, mut contests) = (Vec::new(), Vec::<String>::new(), Vec::<String>::new());
    let leads = server.supervisor("lena", &["north", "south"]);
    let reviewers = ["rita", "rolf", "ruth"].map(|subject| reviewer(&server, subject));
    for _ in 0..150 {
        let pick = submitted.choose(&mut random).cloned().unwrap_or_default();
        let chosen = contests.choose(&mut random).cloned().unwrap_or_default();
        match random.random_range(0..14) {
            0..5 => {
                let id = server.app().record(call(STAFF.choose(&mut random).unwrap(), "carla")).await.unwrap();
                let rating = Rating {
                    answered_time: at(random.random_range(400..6_000)),
                    attribution: *[0, 0, 0, 1, 2, 5].choose(&mut random).unwrap(),
                    ..told(&id.interaction_id, random.random_range(1..=5))
                };
                submitted.push(submit(&server, rating).await);
                interactions.push(id.interaction_id);
            }
            5 if !submitted.is_empty() => {
                let request = v1::CorrectRatingRequest {
                    request_id: request_id(),
                    rating_id: pick,
                    score: random.random_range(1..=5),
                    attribution: *[0, 2].choose(&mut random).unwrap(),
                    answered_time: at(random.random_range(600..6_000)),
                    ..Default::default()
                };
                if let Ok(answer) = ratings(&server.app()).correct_rating(request).await {
                    submitted.push(answer.into_inner().rating.unwrap().rating_id);
                }
            }
            6 if !interactions.is_empty() => {
                let id = interactions.choose(&mut random).unwrap().clone();
                reattribute(&server, &id, STAFF.choose(&mut random).unwrap()).await;
            }
            7..9 if !submitted.is_empty() => {
                contests.extend(contest(&leads, open(&pick)).await.ok().map(|one| one.contest_id));
            }
            9..11 if !contests.is_empty() => {
                let verdict = *[ContestVerdict::Granted, ContestVerdict::Refused].choose(&mut random).unwrap();
                _ = decide(reviewers.choose(&mut random).unwrap(), &chosen, verdict).await;
            }
            11 if !contests.is_empty() => _ = appeal(&leads, &chosen).await,
            12 if !submitted.is_empty() => _ = restore(reviewers.choose(&mut random).unwrap(), &pick).await,
            13 if !contests.is_empty() => {
                server.execute(&format!("UPDATE contest SET decide_by = decide_by - {}", 2 * DAY)).await;
                exemptions(&server.admin()).await;
            }
            _ => {}
        }
    }
    assert_eq!(differing_counters(&server).await, 0);
    let exempt = i64::try_from(exemptions(&server.admin()).await.len()).unwrap();
    assert_eq!(card(&server).await.exempt, exempt, "every exemption is listed, and nothing else");
}
