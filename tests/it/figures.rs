//! What scorecards tell beside the ratings: who was invited and answered, what came of it, and who was not invited.

use futures::future::join_all;
use prost_types::Timestamp;
use rapport::api::v1::{
    self, Channel, DeliveryOutcome, GetInvitationBiasRequest, GetInvitationBiasResponse, GetScorecardRequest,
    Interaction, InteractionKind, InvitationBiasFinding as Finding, InvitationBiasGround as Ground,
    InvitationBiasUnit as BiasUnit, Involvement, Rating, Resolution, Scorecard, ScorecardUnit, ScorecardView,
    SubmitSurveyRequest, SurveyTemplate,
};
use tonic::{Code, Status};

use crate::{
    support::{
        Caller, Server, Test,
        client::request_id,
        differing_counters, on_both,
        refusal::verdict,
        refused,
        sample::{MONDAY_NINE, call, participant, phone, staff},
        violations,
    },
    surveys::{ago, awake, ended, ended_by, issue, published, record, report, template},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        responses_are_of_those_invited,
        invitations_that_are_not_known_are_absent,
        credit_that_moves_takes_its_invitation_along,
        counters_of_invitations_are_what_the_record_says,
        invitations_at_once_are_all_counted,
        what_came_of_it_is_told_when_asked_for,
        choosing_whom_to_invite_is_found,
        neither_a_channel_nor_an_hour_nor_the_choice_of_others_accuses,
        what_the_rules_withhold_is_nobodys_choice,
    ]
}

/// A call to a colleague by somebody known by their number only, a minute ago.
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
type Responses<'a> = (&'a str, Option<i64>, Option<i64>, Option<i64>);

fn responses(cards: &[Scorecard]) -> Vec<Responses<'_>> {
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
    server.reattribute(request).await;
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
    let without_her = ("north", Some(2), Some(1), Some(0));
    assert_eq!(responses(&cards_of(&supervisor, ScorecardUnit::Team).await), [without_her]);
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

/// Invited by themselves, answered, reported on and moved to others at the same time.
async fn invitations_at_once_are_all_counted(server: Server) {
    let server = awake(server).await;
    published(&server, SurveyTemplate { issue_mode: v1::IssueMode::Automatic.into(), ..template("by_itself") }).await;
    let numbers: Vec<_> = (0..24).map(|number| format!("+49 {number}")).collect();
    let ids = join_all(numbers.iter().map(|number| record(&server, call_by("nora", number)))).await;
    let card = cards_of(&server.app(), ScorecardUnit::Staff).await.pop().unwrap();
    assert_eq!(responses(std::slice::from_ref(&card)), [("nora", Some(24), Some(0), Some(0))]);
    let invitations = v1::ListInvitationsRequest { page_size: 100, ..Default::default() };
    let sent = server.app().surveys().list_invitations(invitations).await.unwrap().into_inner().invitations;
    let reports = sent.iter().map(|one| report(&server, &one.invitation_id, DeliveryOutcome::Delivered, None));
    let replies = numbers.iter().map(|number| async {
        let request = v1::ReceiveReplyRequest {
            request_id: request_id(),
            contact_point: Some(phone(number)),
            text: "5".to_owned(),
            ..Default::default()
        };
        server.app().surveys().receive_reply(request).await.unwrap();
    });
    let moves = ids.iter().map(|id| reattribute(&server, id, "sam"));
    let more = (0..12).map(|number| record(&server, call_by("nils", &format!("+50 {number}"))));
    let (reports, ..) = tokio::join!(join_all(reports), join_all(replies), join_all(moves), join_all(more));
    assert!(reports.into_iter().all(|report| report.is_ok()));
    let staff = cards_of(&server.app(), ScorecardUnit::Staff).await;
    let (nils, sam) = (("nils", Some(12), Some(0), Some(0)), ("sam", Some(24), Some(24), Some(24)));
    assert_eq!(responses(&staff), [nils, ("nora", None, None, None), sam]);
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
                // A customer who was invited lately is not invited again.
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

const DAY: i64 = 86_400;

/// A call of so many days after the first Monday of March 2025.
fn call_on(day: i64, staff_id: &str, customer_id: &str) -> Interaction {
    let at = |seconds| Some(Timestamp { seconds: MONDAY_NINE + day * DAY + seconds, nanos: 0 });
    Interaction {
        requested_time: at(0),
        connected_time: at(30),
        ended_time: at(300),
        topic: String::new(),
        case_id: format!("{customer_id}-{day}"),
        ..call(staff_id, customer_id)
    }
}

async fn what_came_of_it_is_told_when_asked_for(server: Server) {
    let server = awake(server).await;
    let complaint = |day, staff: &str, customer: &str| Interaction {
        kind: InteractionKind::Complaint.into(),
        staff_resolution: Resolution::Resolved.into(),
        ..call_on(day, staff, customer)
    };
    // carla orders 20 days later, with somebody else and after the period; dora never comes back; dmitri comes back
    // with the same matter, and says that it is not resolved.
    record(&server, complaint(0, "nora", "carla")).await;
    let order = Interaction { kind: InteractionKind::Order.into(), ..call_on(20, "sam", "carla") };
    record(&server, order).await;
    record(&server, complaint(1, "nora", "dora")).await;
    let again = Interaction { case_id: "dmitri-2".to_owned(), ..call_on(5, "nora", "dmitri") };
    let unresolved = Interaction {
        customer_resolution: Resolution::Unresolved.into(),
        kind: InteractionKind::Complaint.into(),
        staff_resolution: Resolution::Resolved.into(),
        ..call_on(2, "sam", "dmitri")
    };
    record(&server, unresolved).await;
    record(&server, again).await;

    let full = |unit: ScorecardUnit| GetScorecardRequest {
        unit: unit.into(),
        view: ScorecardView::Full.into(),
        first_day: "2025-03-03".to_owned(),
        last_day: "2025-03-12".to_owned(),
        ..Default::default()
    };
    let app = server.app();
    let card = cards(&app, full(ScorecardUnit::Organization)).await.pop().unwrap();
    let readings = card.first_contact_resolution.unwrap();
    let counts = |reading: Option<v1::ResolutionReading>| {
        let one = reading.unwrap();
        (one.resolved_count, one.unresolved_count, one.unknown_count)
    };
    assert_eq!(counts(readings.recorded_by_staff), (3, 0, 0), "the second call of dmitri is no first contact");
    assert_eq!(counts(readings.declared_by_customer), (0, 1, 2));
    assert_eq!(counts(readings.derived), (2, 1, 0));
    let returns = card.return_after_failure.unwrap();
    assert_eq!((returns.came_back_count, returns.stayed_away_count, returns.pending_count), (1, 1, 0));
    assert_eq!((returns.rate, returns.unknown_count), (Some(0.5), 0));
    assert!(returns.rate_low < returns.rate && returns.rate < returns.rate_high);
    // The same as a summary says.
    let day = |day| Some(Timestamp { seconds: MONDAY_NINE - 9 * 3_600 + day * DAY, nanos: 0 });
    let request = v1::SummarizeInteractionsRequest {
        filter: Some(v1::InteractionFilter { from_time: day(0), to_time: day(10), ..Default::default() }),
        group_by: v1::SummaryGrouping::Staff.into(),
        ..Default::default()
    };
    let summary = app.interactions().summarize_interactions(request).await.unwrap().into_inner();
    assert_eq!(summary.total.unwrap().first_contact_resolution, Some(readings));

    let seen = |cards: &[Scorecard]| -> Vec<_> {
        let told = |card: &Scorecard| {
            let first = card.first_contact_resolution.unwrap().derived.unwrap();
            let back = card.return_after_failure.unwrap();
            let returns = (back.came_back_count, back.stayed_away_count);
            (card.key.clone(), (first.resolved_count, first.unresolved_count), returns)
        };
        cards.iter().map(told).collect()
    };
    let nora = ("nora".to_owned(), (2, 0), (1, 1));
    let staff = cards(&app, full(ScorecardUnit::Staff)).await;
    assert_eq!(seen(&staff), [nora.clone(), ("sam".to_owned(), (0, 1), (0, 0))], "without a rating too");
    assert_eq!(seen(&cards(&app, full(ScorecardUnit::Role)).await), [("agent".to_owned(), (2, 1), (1, 1))]);
    let supervisor = server.supervisor("petra", &["north"]);
    assert_eq!(seen(&cards(&supervisor, full(ScorecardUnit::Staff)).await), [nora]);
    let teams = cards(&supervisor, full(ScorecardUnit::Team)).await;
    assert_eq!(seen(&teams), [("north".to_owned(), (2, 0), (1, 1))]);
    let one = GetScorecardRequest { page_size: 1, ..full(ScorecardUnit::Staff) };
    let first = app.ratings().get_scorecard(one.clone()).await.unwrap().into_inner();
    let second = GetScorecardRequest { page_token: first.next_page_token, ..one };
    let second = app.ratings().get_scorecard(second).await.unwrap().into_inner();
    assert_eq!((second.groups[0].key.as_str(), second.next_page_token.as_str()), ("sam", ""));

    // The first failure of a customer whose 30 days are not over is neither.
    record(&server, Interaction { kind: InteractionKind::Repair.into(), staff_resolution: 1, ..ended("carla", 60) })
        .await;
    let ever = GetScorecardRequest {
        first_day: "2025-03-13".to_owned(),
        last_day: String::new(),
        ..full(ScorecardUnit::Organization)
    };
    let card = cards(&app, ever).await.pop().unwrap();
    assert_eq!(card.return_after_failure.unwrap().pending_count, 1);
    let plain = cards_of(&app, ScorecardUnit::Organization).await;
    assert!(plain.iter().all(|card| card.first_contact_resolution.is_none() && card.return_after_failure.is_none()));
    let status = refused(app.ratings().get_scorecard(full(ScorecardUnit::Template)).await);
    assert_eq!(violations(&status), [("view".to_owned(), "CONTRADICTION".to_owned())]);
}

async fn bias(caller: &Caller, unit: BiasUnit) -> GetInvitationBiasResponse {
    let request = GetInvitationBiasRequest { unit: unit.into(), ..Default::default() };
    caller.ratings().get_invitation_bias(request).await.unwrap().into_inner()
}

/// Key, eligible, invited.
fn shares(answer: &GetInvitationBiasResponse) -> Vec<(&str, i64, i64)> {
    answer.groups.iter().map(|one| (one.key.as_str(), one.eligible_count, one.invited_count)).collect()
}

async fn choosing_whom_to_invite_is_found(server: Server) {
    let server = awake(server).await;
    // sam invites those who were satisfied; the others invite all.
    for (at, (staff, invites)) in [("nora", 12), ("nils", 12), ("sam", 4), ("petra", 2)].into_iter().enumerate() {
        let (count, channel) = if staff == "petra" { (2, Channel::Email) } else { (12, Channel::InboundCall) };
        for number in 0..count {
            let invites = number < invites;
            let resolution = if invites { Resolution::Resolved } else { Resolution::Unresolved };
            let told = Interaction {
                channel: channel.into(),
                direction: v1::Direction::Inbound.into(),
                staff_resolution: resolution.into(),
                ..call_by(staff, &format!("{at}{number:02}"))
            };
            let id = record(&server, told).await;
            if invites {
                let sent = issue(&server, &id).await.unwrap();
                if number == 0 {
                    answer(&server, &sent.token, 5).await.unwrap();
                }
            }
        }
    }
    let app = server.app();
    let found = bias(&app, BiasUnit::Staff).await;
    assert_eq!(shares(&found), [("sam", 12, 4), ("nils", 12, 12), ("nora", 12, 12), ("petra", 2, 2)], "alarms first");
    assert_eq!(found.alarm_count, 1);
    let sam = &found.groups[0];
    assert_eq!((sam.finding(), sam.grounds().collect::<Vec<_>>()), (Finding::Fewer, vec![Ground::Outcome]));
    assert_eq!((sam.others_share, sam.responded_count, sam.response_rate), (Some(1.0), 1, Some(0.25)));
    // Of 12, just the four that were resolved: one of 495 ways. Three colleagues are too few to say what is usual.
    assert!((sam.outcome_p_value.unwrap() - 1.0 / 495.0).abs() < 1e-9);
    assert_eq!((sam.p_value, sam.share_p_value, sam.expected_share), (sam.outcome_p_value, None, None));
    assert_eq!((sam.unresolved_eligible_count, sam.unresolved_invited_count), (8, 0));
    assert_eq!(found.groups[1].finding(), Finding::Unspecified, "nothing to compare");
    let outcomes = bias(&app, BiasUnit::Outcome).await;
    assert_eq!(shares(&outcomes), [("unresolved", 8, 0), ("resolved", 30, 30)]);
    assert_eq!(
        outcomes.groups.iter().map(|one| one.finding()).collect::<Vec<_>>(),
        [Finding::Fewer, Finding::ByChance]
    );
    assert_eq!(shares(&bias(&app, BiasUnit::Channel).await), [("email", 2, 2), ("inbound_call", 36, 28)]);

    // A supervisor compares within what their teams did, and sees neither themselves nor what they make of the sums.
    let supervisor = server.supervisor("petra", &["north"]);
    assert_eq!(shares(&bias(&supervisor, BiasUnit::Staff).await), [("nils", 12, 12), ("nora", 12, 12)]);
    let channels = bias(&supervisor, BiasUnit::Channel).await;
    assert_eq!(shares(&channels), [("inbound_call", 24, 24)]);
    let only = &channels.groups[0];
    assert_eq!((only.finding(), only.others_share, only.p_value), (Finding::Unspecified, None, None));

    let page = async |page_token: String| {
        let request =
            GetInvitationBiasRequest { unit: BiasUnit::Staff.into(), page_size: 3, page_token, ..Default::default() };
        app.ratings().get_invitation_bias(request).await.unwrap().into_inner()
    };
    let first = page(String::new()).await;
    let second = page(first.next_page_token.clone()).await;
    assert_eq!((shares(&second), second.alarm_count), (vec![("petra", 2, 2)], found.alarm_count));
    assert!(second.next_page_token.is_empty());
}

/// A colleague serves so many, of whom every third is not helped, at the hour that it is now or so many hours before, and
/// invites whom `invites` says, of their number and whether they were helped.
async fn serve(
    server: &Server,
    staff_id: &str,
    (channel, hours_ago): (Channel, i64),
    count: usize,
    invites: impl Fn(usize, bool) -> bool,
) {
    server.app().upsert_staff(staff(staff_id, "north")).await.unwrap();
    for number in 0..count {
        let resolved = number % 3 != 2;
        let told = Interaction {
            channel: channel.into(),
            direction: v1::Direction::Inbound.into(),
            staff_resolution: if resolved { Resolution::Resolved } else { Resolution::Unresolved }.into(),
            // Over just now, however long it took.
            requested_time: ago(120 + hours_ago * 3_600),
            ..call_by(staff_id, &format!("{staff_id} {number}"))
        };
        let id = record(server, told).await;
        if invites(number, resolved) {
            issue(server, &id).await.unwrap();
        }
    }
}

async fn neither_a_channel_nor_an_hour_nor_the_choice_of_others_accuses(server: Server) {
    let server = awake(server).await;
    let (call, email) = (Channel::InboundCall, Channel::Email);
    // On the telephone all but every fifth are invited, by e-mail and at another hour every fourth. No harm is meant.
    for at in 0..6 {
        serve(&server, &format!("phone-{at}"), (call, 0), 20, |number, _| (number + at) % 5 != 0).await;
        serve(&server, &format!("watch-{at}"), (call, 3), 20, |number, _| (number + at) % 4 == 0).await;
        serve(&server, &format!("write-{at}"), (email, 0), 20, |number, _| (number + at) % 4 == 0).await;
    }
    assert_eq!(bias(&server.app(), BiasUnit::Staff).await.alarm_count, 0);
    // Two of nine on the telephone invite just whom they made happy, and one everybody.
    for staff in ["nora", "nils"] {
        serve(&server, staff, (call, 0), 30, |_, resolved| resolved).await;
    }
    serve(&server, "sam", (call, 0), 30, |_, _| true).await;
    let found = bias(&server.app(), BiasUnit::Staff).await;
    let alarmed: Vec<_> = found.groups.iter().filter(|one| one.finding() == Finding::Fewer).collect();
    assert_eq!(alarmed.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["nils", "nora"]);
    assert!(alarmed.iter().all(|one| one.grounds().eq([Ground::Outcome])));
    let write = found.groups.iter().find(|one| one.key == "write-0").unwrap();
    assert!((0.2..0.3).contains(&write.expected_share.unwrap()), "{write:?}");
}

async fn what_the_rules_withhold_is_nobodys_choice(server: Server) {
    let server = awake(server).await;
    let tallied = async || {
        let found = bias(&server.app(), BiasUnit::Staff).await;
        let one = found.groups.into_iter().find(|one| one.key == "nora").unwrap_or_default();
        (one.invited_count, one.eligible_count, one.withheld_count, one.recorded_late_count)
    };
    let (id, _) = invited(&server, ended("carla", 120)).await;
    report(&server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
    assert_eq!(tallied().await, (1, 1, 0, 0));
    // Within 30 days nobody is asked again, whether somebody tries or not.
    issue(&server, &record(&server, ended("carla", 60)).await).await.unwrap_err();
    assert_eq!(tallied().await, (1, 1, 1, 0));
    // Ended after the invitation was issued.
    record(&server, ended("carla", -1)).await;
    assert_eq!(tallied().await, (1, 1, 2, 0));
    record(&server, ended("", 60)).await;
    assert_eq!(tallied().await, (1, 1, 3, 0), "nobody to invite");
    record(&server, ended("dora", 60)).await;
    assert_eq!(tallied().await, (1, 2, 3, 0), "passed over");
    // What was delivered to nobody bars nobody.
    let (id, _) = invited(&server, ended("dmitri", 120)).await;
    report(&server, &id, DeliveryOutcome::Failed, None).await.unwrap();
    record(&server, ended("dmitri", -1)).await;
    assert_eq!(tallied().await, (2, 4, 3, 0));
    // Of the past; not served; not over; something that the customer did; a survey itself.
    record(&server, ended("dora", 3_600)).await;
    assert_eq!(tallied().await, (2, 4, 3, 1));
    let abandoned = v1::Outcome::Abandoned.into();
    record(&server, Interaction { outcome: abandoned, connected_time: None, ..ended("dora", 60) }).await;
    record(&server, Interaction { ended_time: None, ..ended("dora", 60) }).await;
    record(&server, Interaction { kind: InteractionKind::Visited.into(), ..ended("dora", 60) }).await;
    let survey = Interaction {
        channel: Channel::OutboundCall.into(),
        contact_purpose: v1::ContactPurpose::Survey.into(),
        ..ended("dora", 60)
    };
    record(&server, survey).await;
    assert_eq!(tallied().await, (2, 4, 3, 1));

    let ask = async |first_day: &str, last_day: &str| {
        let request = GetInvitationBiasRequest {
            unit: BiasUnit::Staff.into(),
            first_day: first_day.to_owned(),
            last_day: last_day.to_owned(),
            ..Default::default()
        };
        server.app().ratings().get_invitation_bias(request).await
    };
    let answer = ask("", "2025-03-31").await.unwrap().into_inner();
    assert_eq!(
        (answer.first_day.as_str(), answer.last_day.as_str(), answer.groups.len()),
        ("2025-03-02", "2025-03-31", 0)
    );
    let wrong = async |first: &str, last: &str| violations(&refused(ask(first, last).await));
    let field = |field: &str, reason: &str| vec![(field.to_owned(), reason.to_owned())];
    assert_eq!(wrong("2024-01-01", "2025-01-01").await, field("first_day", "VALUE_OUT_OF_RANGE"));
    assert_eq!(ask("2024-01-02", "2025-01-01").await.unwrap().into_inner().groups.len(), 0);
    assert_eq!(wrong("9999-01-01", "").await, field("first_day", "IMPOSSIBLE_INSTANTS"));
    assert_eq!(wrong("yesterday", "").await, field("first_day", "MALFORMED"));
    let status = refused(server.app().ratings().get_invitation_bias(GetInvitationBiasRequest::default()).await);
    assert_eq!(violations(&status), field("unit", "FIELD_REQUIRED"));
    let request = GetInvitationBiasRequest { unit: BiasUnit::Staff.into(), ..Default::default() };
    let status = refused(server.staff("nora").ratings().get_invitation_bias(request).await);
    assert_eq!(verdict(&status).0, Code::PermissionDenied);
}
