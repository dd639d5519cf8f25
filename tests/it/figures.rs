//! What scorecards tell beside the ratings: who was invited and answered, what came of it, and who was not invited.

use prost_types::Timestamp;
use rapport::api::v1::{
    self, DeliveryOutcome, GetScorecardRequest, Interaction, Involvement, Rating, Scorecard, ScorecardUnit,
    SubmitSurveyRequest,
};
use tonic::Status;

use crate::{
    support::{
        Caller, Server, Test,
        client::request_id,
        differing_counters, on_both,
        sample::{call, participant},
    },
    surveys::{ago, awake, ended, ended_by, issue, record, report},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        responses_are_of_those_invited,
        invitations_that_are_not_known_are_absent,
        credit_that_moves_takes_its_invitation_along,
        counters_of_invitations_are_what_the_record_says,
    ]
}

/// A call to a colleague by somebody known by his number only, a minute ago.
fn call_by(staff_id: &str, number: &str) -> Interaction {
    Interaction { participants: vec![participant(staff_id)], ..ended_by(number, 60) }
}

/// Invites after an interaction: id and token.
async fn invited(server: &Server, interaction: Interaction) -> (String, String) {
    let sent = issue(server, &record(server, interaction).await).await.unwrap();
    (sent.invitation.unwrap().invitation_id, sent.token)
}

async fn answer(server: &Server, token: &str, score: i32) -> Result<String, Status> {
    let request =
        SubmitSurveyRequest { request_id: request_id(), survey_token: token.to_owned(), score, ..Default::default() };
    Ok(server.app().surveys().submit_survey(request).await?.into_inner().rating_id)
}

async fn rate(server: &Server, interaction_id: &str, answered_time: Option<Timestamp>) {
    let rating = Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score: 4,
        answered_time,
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap();
}

async fn cards(caller: &Caller, request: GetScorecardRequest) -> Vec<Scorecard> {
    caller.ratings().get_scorecard(request).await.unwrap().into_inner().groups
}

async fn cards_of(caller: &Caller, unit: ScorecardUnit) -> Vec<Scorecard> {
    cards(caller, GetScorecardRequest { unit: unit.into(), ..Default::default() }).await
}

/// Key, invited, delivered, responded.
fn responses(cards: &[Scorecard]) -> Vec<(&str, Option<i64>, Option<i64>, Option<i64>)> {
    cards.iter().map(|card| (card.key.as_str(), card.invited, card.delivered, card.responded)).collect()
}

async fn reattribute(server: &Server, interaction_id: &str, staff_id: &str) {
    let primary = v1::Participant { involvement: Involvement::Primary.into(), ..participant(staff_id) };
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: interaction_id.to_owned(),
        participants: vec![primary],
        reason: "it was booked on the wrong colleague".to_owned(),
        ..Default::default()
    };
    server.admin().interactions().reattribute_interaction(request).await.unwrap();
}

async fn responses_are_of_those_invited(server: Server) {
    let server = awake(server).await;
    let (delivered, _) = invited(&server, call_by("nora", "+1")).await;
    report(&server, &delivered, DeliveryOutcome::Delivered, None).await.unwrap();
    report(&server, &delivered, DeliveryOutcome::Delivered, None).await.unwrap();
    let (failed, _) = invited(&server, call_by("nora", "+2")).await;
    report(&server, &failed, DeliveryOutcome::Failed, None).await.unwrap();
    // An answer says that it was delivered.
    let (_, token) = invited(&server, call_by("sam", "+3")).await;
    answer(&server, &token, 5).await.unwrap();
    invited(&server, call_by("petra", "+4")).await;
    // Invited a minute ago: the rules withhold it.
    issue(&server, &record(&server, call_by("nora", "+1")).await).await.unwrap_err();
    // Ratings by another way are no responses.
    for number in ["+5", "+6"] {
        rate(&server, &record(&server, call_by("sam", number)).await, ago(1)).await;
    }

    let app = server.app();
    let organization = cards_of(&app, ScorecardUnit::Organization).await;
    assert_eq!(responses(&organization), [("", Some(4), Some(2), Some(1))]);
    assert_eq!((organization[0].answered, organization[0].response_rate), (3, Some(0.25)));
    for (unit, key) in [
        (ScorecardUnit::Role, "agent"),
        (ScorecardUnit::Channel, "inbound_call"),
        (ScorecardUnit::Kind, "service"),
        (ScorecardUnit::Topic, "Returns"),
        (ScorecardUnit::Template, "csat/1"),
    ] {
        assert_eq!(responses(&cards_of(&app, unit).await), [(key, Some(4), Some(2), Some(1))]);
    }
    let (north, south) = (("north", Some(3), Some(1), Some(0)), ("south", Some(1), Some(1), Some(1)));
    assert_eq!(responses(&cards_of(&app, ScorecardUnit::Team).await), [north, south]);
    let (nora, petra) = (("nora", Some(2), Some(1), Some(0)), ("petra", Some(1), Some(0), Some(0)));
    let staff = cards_of(&app, ScorecardUnit::Staff).await;
    assert_eq!(responses(&staff), [nora, petra, ("sam", Some(1), Some(1), Some(1))]);
    assert_eq!((staff[0].answered, staff[0].response_rate), (0, Some(0.0)), "nobody answered is not unknown");
    assert_eq!((staff[2].answered, staff[2].response_rate), (3, Some(1.0)));

    let supervisor = server.supervisor("petra", &["north"]);
    assert_eq!(responses(&cards_of(&supervisor, ScorecardUnit::Team).await), [north]);
    assert_eq!(responses(&cards_of(&supervisor, ScorecardUnit::Staff).await), [nora], "not her own");
    // A page at a time, of those without a rating too.
    let page = async |page_token: String| {
        let request =
            GetScorecardRequest { unit: ScorecardUnit::Staff.into(), page_size: 2, page_token, ..Default::default() };
        app.ratings().get_scorecard(request).await.unwrap().into_inner()
    };
    let first = page(String::new()).await;
    let second = page(first.next_page_token.clone()).await;
    assert_eq!((first.groups.len(), second.groups[0].key.as_str(), second.next_page_token.as_str()), (2, "sam", ""));
    assert_eq!(differing_counters(&server).await, 0);
}

async fn invitations_that_are_not_known_are_absent(server: Server) {
    let server = awake(server).await;
    rate(&server, &record(&server, ended("carla", 60)).await, ago(1)).await;
    let card = cards_of(&server.app(), ScorecardUnit::Organization).await.pop().unwrap();
    assert_eq!((card.answered, card.invited, card.delivered, card.responded), (1, None, None, None));
    assert_eq!(card.response_rate, None, "not 100 %");
    // They belong to the day of the interaction, as its rating does.
    let long_ago = call("nora", "dora");
    issue(&server, &record(&server, long_ago).await).await.unwrap();
    let request = |last_day: &str| GetScorecardRequest {
        unit: ScorecardUnit::Organization.into(),
        last_day: last_day.to_owned(),
        ..Default::default()
    };
    let found = cards(&server.app(), request("2025-03-03")).await;
    assert_eq!((responses(&found), found[0].answered), (vec![("", Some(1), Some(0), Some(0))], 0));
    assert!(cards(&server.app(), request("2025-03-02")).await.is_empty());
}

async fn credit_that_moves_takes_its_invitation_along(server: Server) {
    let server = awake(server).await;
    let interaction_id = record(&server, call_by("nora", "+1")).await;
    let sent = issue(&server, &interaction_id).await.unwrap();
    reattribute(&server, &interaction_id, "sam").await;
    answer(&server, &sent.token, 3).await.unwrap();
    let teams = cards_of(&server.app(), ScorecardUnit::Team).await;
    assert_eq!(responses(&teams), [("north", None, None, None), ("south", Some(1), Some(1), Some(1))]);
    reattribute(&server, &interaction_id, "nils").await;
    let staff = cards_of(&server.app(), ScorecardUnit::Staff).await;
    let answered: Vec<_> = staff.iter().map(|card| (card.key.as_str(), card.answered, card.responded)).collect();
    assert_eq!(answered, [("nils", 1, Some(1)), ("nora", 0, None), ("sam", 0, None)]);
    assert_eq!(differing_counters(&server).await, 0);
}

/// Any sequence of inviting, reporting, answering, rating, correcting and re-attributing, drawn from a printed seed.
async fn counters_of_invitations_are_what_the_record_says(server: Server) {
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
    const STAFF: [&str; 4] = ["nora", "nils", "sam", "petra"];
    let server = awake(server).await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut interactions, mut sent, mut ratings) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..120 {
        match random.random_range(0..10) {
            0..4 => {
                let number = format!("+{}", random.random_range(0..80));
                let id = record(&server, call_by(STAFF.choose(&mut random).unwrap(), &number)).await;
                // Who was invited lately is not invited again.
                sent.extend(issue(&server, &id).await.map(|one| (one.invitation.unwrap().invitation_id, one.token)));
                interactions.push(id);
            }
            4..6 if !sent.is_empty() => {
                let (id, _) = sent.choose(&mut random).unwrap();
                let outcome = *[DeliveryOutcome::Delivered, DeliveryOutcome::Failed].choose(&mut random).unwrap();
                // What was settled otherwise stays as it is.
                let _ = report(&server, id, outcome, None).await;
            }
            6..8 if !sent.is_empty() => {
                let (_, token) = sent.choose(&mut random).unwrap();
                ratings.extend(answer(&server, token, random.random_range(1..=5)).await);
            }
            8 if !ratings.is_empty() => {
                let request = v1::CorrectRatingRequest {
                    request_id: request_id(),
                    rating_id: ratings.choose(&mut random).unwrap().clone(),
                    score: random.random_range(1..=5),
                    answered_time: ago(-2),
                    ..Default::default()
                };
                // One that was corrected before is not corrected again.
                let corrected = server.app().ratings().correct_rating(request).await;
                ratings.extend(corrected.map(|answer| answer.into_inner().rating.unwrap().rating_id));
            }
            _ if !interactions.is_empty() => {
                let id = interactions.choose(&mut random).unwrap().clone();
                reattribute(&server, &id, STAFF.choose(&mut random).unwrap()).await;
            }
            _ => {}
        }
    }
    assert_eq!(differing_counters(&server).await, 0);
    let card = cards_of(&server.app(), ScorecardUnit::Organization).await.pop().unwrap();
    assert_eq!(card.invited, Some(i64::try_from(sent.len()).unwrap()));
    assert!(card.responded <= card.delivered && card.delivered <= card.invited);
    // The check can fail.
    server.execute("UPDATE invitation_counter SET responded = responded + 1 WHERE unit = 1").await;
    assert!(differing_counters(&server).await > 0);
}
