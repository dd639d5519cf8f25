//! Trials of two service plans: laid down, frozen, assigned, watched, and what they say (E3).

use std::{collections::BTreeMap, time::Duration};

use rapport::{
    api::v1::{
        self, Interaction, InteractionKind, Resolution, Role, Trial, TrialArm, TrialAssignment, TrialConclusion,
        TrialMetric, TrialOutcome, TrialState, TrialStopCause, TrialSubject, TrialUnit,
    },
    clock::Clock,
};
use rapport_trial::assign::{Arm, Seed};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Response, Status};

use crate::{
    cli::{last_line, rapport},
    commitments::within,
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both,
        refusal::{verdict, violations},
        refused,
        sample::{call, customer, participant, staff, team},
    },
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_trial_is_laid_down_started_and_stopped,
        what_was_laid_down_is_frozen_at_the_start,
        everything_wrong_with_a_trial_is_named,
        whoever_asks_at_whatever_time_hears_the_same_plan,
        nobody_gets_a_plan_after_their_outcome,
        assignments_are_those_of_the_seed,
        those_who_serve_hear_of_plans,
        the_hundred_students_alarm_on_the_first_day,
        a_sealed_trial_tells_its_numbers_alone,
        fewer_than_five_units_are_not_told_of,
        numbers_that_do_not_fit_alarm,
        supervisors_have_trials_of_their_teams,
        a_trial_ends_as_it_was_planned,
        teams_are_units,
        weeks_of_teams_are_units,
        what_happened_to_customers_counts_once,
        plans_follow_merges_and_erasures,
        a_plan_against_itself_does_not_alarm,
        the_program_runs_a_trial,
    ]
}

const DAY: i64 = 86_400_000;

fn outcome(metric: TrialMetric) -> TrialOutcome {
    TrialOutcome { metric: metric.into(), smallest_effect: 0.0 }
}

pub(crate) fn large_classes(team_ids: &[&str]) -> Trial {
    Trial {
        display_name: "大班课".to_owned(),
        hypothesis: "一百名学员配十位老师，成本更低，效果相同".to_owned(),
        plan_a: "10 名学员，1 位老师".to_owned(),
        plan_b: "100 名学员，10 位老师".to_owned(),
        unit: TrialUnit::Customer.into(),
        team_ids: team_ids.iter().map(|&team| team.to_owned()).collect(),
        primary: Some(outcome(TrialMetric::Rating)),
        guardrails: vec![outcome(TrialMetric::Complaint), outcome(TrialMetric::FollowUp)],
        planned_end_time: within(14 * DAY),
        ..Trial::default()
    }
}

pub(crate) async fn create(caller: &Caller, trial: Trial) -> Result<Trial, Status> {
    let request = v1::CreateTrialRequest { request_id: request_id(), trial: Some(trial) };
    Ok(caller.trials().create_trial(request).await?.into_inner().trial.unwrap())
}

pub(crate) async fn update(caller: &Caller, before: &Trial, trial: Trial) -> Result<Trial, Status> {
    let (trial_id, etag) = (before.trial_id.clone(), before.etag.clone());
    let request = v1::UpdateTrialRequest { request_id: request_id(), trial_id, trial: Some(trial), etag };
    Ok(caller.trials().update_trial(request).await?.into_inner().trial.unwrap())
}

pub(crate) async fn start(caller: &Caller, trial: &Trial) -> Result<Trial, Status> {
    let (trial_id, etag) = (trial.trial_id.clone(), trial.etag.clone());
    let request = v1::StartTrialRequest { request_id: request_id(), trial_id, etag };
    Ok(caller.trials().start_trial(request).await?.into_inner().trial.unwrap())
}

pub(crate) async fn stop(caller: &Caller, trial_id: &str) -> Result<Trial, Status> {
    let (trial_id, reason) = (trial_id.to_owned(), "学期结束".to_owned());
    let request = v1::StopTrialRequest { request_id: request_id(), trial_id, reason };
    Ok(caller.trials().stop_trial(request).await?.into_inner().trial.unwrap())
}

async fn get(caller: &Caller, trial_id: &str) -> Result<Trial, Status> {
    let request = v1::GetTrialRequest { trial_id: trial_id.to_owned() };
    Ok(caller.trials().get_trial(request).await?.into_inner().trial.unwrap())
}

pub(crate) fn of_customer(id: &str) -> TrialSubject {
    TrialSubject { customer_id: id.to_owned(), ..TrialSubject::default() }
}

pub(crate) async fn assign(caller: &Caller, id: &str, subject: TrialSubject) -> Result<TrialAssignment, Status> {
    let request = v1::AssignTrialRequest { request_id: request_id(), trial_id: id.to_owned(), subject: Some(subject) };
    Ok(caller.trials().assign_trial(request).await?.into_inner().assignment.unwrap())
}

pub(crate) async fn given(caller: &Caller, id: &str, subject: TrialSubject) -> Result<TrialAssignment, Status> {
    let request = v1::GetTrialAssignmentRequest { trial_id: id.to_owned(), subject: Some(subject) };
    Ok(caller.trials().get_trial_assignment(request).await?.into_inner().assignment.unwrap())
}

pub(crate) async fn report(caller: &Caller, id: &str) -> Result<v1::GetTrialReportResponse, Status> {
    let request = v1::GetTrialReportRequest { trial_id: id.to_owned() };
    caller.trials().get_trial_report(request).await.map(Response::into_inner)
}

async fn all_given(caller: &Caller, id: &str) -> Result<Vec<TrialAssignment>, Status> {
    let request = v1::ListTrialAssignmentsRequest { trial_id: id.to_owned(), ..Default::default() };
    Ok(caller.trials().list_trial_assignments(request).await?.into_inner().assignments)
}

/// A trial that runs.
async fn running(server: &Server, trial: Trial) -> Trial {
    let admin = server.admin();
    start(&admin, &create(&admin, trial).await.unwrap()).await.unwrap()
}

/// So many customers of the directory.
async fn customers(server: &Server, count: usize) -> Vec<String> {
    let ids: Vec<_> = (0..count).map(|number| format!("学员{number:03}")).collect();
    for id in &ids {
        server.app().upsert_customer(customer(id)).await.unwrap();
    }
    ids
}

/// A contact that is over by now.
fn contact(customer_id: &str) -> Interaction {
    let now = within(0);
    Interaction { requested_time: now, connected_time: now, ended_time: now, ..call("nora", customer_id) }
}

fn complaint(customer_id: &str) -> Interaction {
    Interaction { kind: InteractionKind::Complaint.into(), ..contact(customer_id) }
}

/// The customer rates a contact; `level` from 1, the worst.
async fn rate(server: &Server, interaction: Interaction, level: i32) {
    rate_as(server, interaction, level, Resolution::Unspecified).await;
}

/// The same, with whether it is resolved; gives the rating's id.
async fn rate_as(server: &Server, interaction: Interaction, level: i32, resolved: Resolution) -> String {
    let interaction_id = server.app().record(interaction).await.unwrap().interaction_id;
    let rating = v1::Rating {
        interaction_id,
        template_id: "csat".to_owned(),
        score: level,
        answers: Some(v1::RatingAnswers { resolved: resolved.into(), ..Default::default() }),
        answered_time: within(0),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap().into_inner().rating_id
}

/// Waits until a trial is as it should be.
async fn becomes(server: &Server, id: &str, is: impl Fn(&Trial) -> bool) -> Trial {
    let waiting = async {
        loop {
            let trial = get(&server.app(), id).await.unwrap();
            if is(&trial) {
                return trial;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.expect("it becomes so in time")
}

async fn a_trial_is_laid_down_started_and_stopped(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let draft = create(&admin, large_classes(&[])).await.unwrap();
    assert_eq!((draft.state(), draft.share_of_b, draft.alarm_per_mille), (TrialState::Draft, 50, 50));
    assert_eq!((draft.seed_commitment.as_str(), draft.seed.as_str(), draft.author.as_str()), ("", "", "ada"));
    let told = Trial { share_of_b: 20, topics: vec!["课程".to_owned()], sealed: true, ..large_classes(&["north"]) };
    let changed = update(&admin, &draft, told).await.unwrap();
    assert_eq!((changed.share_of_b, changed.sealed, changed.team_ids.len()), (20, true, 1));
    // Somebody else has changed it since.
    for refusal in [update(&admin, &draft, large_classes(&[])).await, start(&admin, &draft).await] {
        assert_eq!(verdict(&refused(refusal)), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    }
    let started = start(&admin, &changed).await.unwrap();
    assert_eq!((started.state(), started.seed_commitment.len(), started.seed.as_str()), (TrialState::Running, 64, ""));
    let trial_id = started.trial_id.clone();
    let listed = v1::ListTrialsRequest { states: vec![TrialState::Running.into()], ..Default::default() };
    let listed = server.app().trials().list_trials(listed).await.unwrap().into_inner().trials;
    assert_eq!(listed, std::slice::from_ref(&started));
    let early = refused(all_given(&admin, &trial_id).await);
    assert_eq!(verdict(&early), (Code::FailedPrecondition, "TRIAL_NOT_OVER".to_owned()));
    let stopped = stop(&admin, &trial_id).await.unwrap();
    assert_eq!((stopped.state(), stopped.stop_cause()), (TrialState::Stopped, TrialStopCause::ByHand));
    assert_eq!((stopped.stop_reason.as_str(), &stopped.seed_commitment), ("学期结束", &started.seed_commitment));
    // What was told at the start is the hash of what is told now.
    assert_eq!(Seed::read(&stopped.seed).unwrap().commitment(&trial_id), started.seed_commitment);
    let twice = refused(stop(&admin, &trial_id).await);
    assert_eq!(verdict(&twice), (Code::FailedPrecondition, "TRIAL_NOT_RUNNING".to_owned()));
    assert_eq!(server.number("SELECT count(*) FROM timer").await, 0);
    assert_eq!(server.number("SELECT count(*) FROM audit_event WHERE action IN (90, 91)").await, 2);
    assert_eq!(server.number("SELECT count(*) FROM trial_event").await, 2);
}

async fn what_was_laid_down_is_frozen_at_the_start(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let started = running(&server, large_classes(&[])).await;
    let friendlier = Trial { primary: Some(outcome(TrialMetric::Resolved)), ..large_classes(&[]) };
    for refusal in [update(&admin, &started, friendlier).await, start(&admin, &started).await] {
        assert_eq!(verdict(&refused(refusal)), (Code::FailedPrecondition, "TRIAL_STARTED".to_owned()));
    }
    assert_eq!(get(&admin, &started.trial_id).await.unwrap(), started);
    let stopped = stop(&admin, &started.trial_id).await.unwrap();
    let late = refused(update(&admin, &stopped, large_classes(&[])).await);
    assert_eq!(verdict(&late), (Code::FailedPrecondition, "TRIAL_STARTED".to_owned()));
}

async fn everything_wrong_with_a_trial_is_named(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let good = || large_classes(&[]);
    let effect = |metric: TrialMetric, smallest_effect| TrialOutcome { metric: metric.into(), smallest_effect };
    for (wrong, field) in [
        (Trial { planned_end_time: within(-1_000), ..good() }, "trial.planned_end_time"),
        (Trial { planned_end_time: within(400 * DAY), ..good() }, "trial.planned_end_time"),
        (Trial { planned_end_time: None, ..good() }, "trial.planned_end_time"),
        (Trial { unit: 0, ..good() }, "trial.unit"),
        (Trial { share_of_b: 100, ..good() }, "trial.share_of_b"),
        (Trial { hypothesis: String::new(), ..good() }, "trial.hypothesis"),
        (Trial { primary: None, ..good() }, "trial.primary"),
        (Trial { primary: Some(outcome(TrialMetric::Complaint)), ..good() }, "trial.guardrails[0].metric"),
        (Trial { primary: Some(effect(TrialMetric::Resolved, 2.0)), ..good() }, "trial.primary.smallest_effect"),
        (Trial { primary: Some(effect(TrialMetric::Rating, f64::NAN)), ..good() }, "trial.primary.smallest_effect"),
        (Trial { team_ids: vec!["nowhere".to_owned()], ..good() }, "trial.team_ids[0]"),
        (
            Trial {
                unit: TrialUnit::Week.into(),
                window: Some(prost_types::Duration { seconds: 7_200, nanos: 0 }),
                ..good()
            },
            "trial.window",
        ),
    ] {
        let status = refused(create(&admin, wrong).await);
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(violations(&status)[0].0, field);
    }
    assert_eq!(server.number("SELECT count(*) FROM trial").await, 0);
    let nobody = uuid::Uuid::new_v4().to_string();
    assert_eq!(refused(get(&admin, &nobody).await).code(), Code::NotFound);
}

async fn whoever_asks_at_whatever_time_hears_the_same_plan(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, large_classes(&[])).await;
    let mut asked = JoinSet::new();
    for _ in 0..24 {
        let (app, id) = (server.app(), trial.trial_id.clone());
        asked.spawn(async move { assign(&app, &id, of_customer("carla")).await.unwrap() });
    }
    let answers = asked.join_all().await;
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    assert_eq!(server.number("SELECT count(*) FROM trial_unit").await, 1);
    let plan = if answers[0].arm() == TrialArm::B { &trial.plan_b } else { &trial.plan_a };
    assert_eq!((answers[0].unit.as_str(), &answers[0].plan), ("carla", plan));
    assert_eq!(given(&server.admin(), &trial.trial_id, of_customer("carla")).await.unwrap(), answers[0]);
    // It is said after the end as well, and to nobody new.
    stop(&server.admin(), &trial.trial_id).await.unwrap();
    assert_eq!(assign(&server.app(), &trial.trial_id, of_customer("carla")).await.unwrap(), answers[0]);
    let late = refused(assign(&server.app(), &trial.trial_id, of_customer("dora")).await);
    assert_eq!(verdict(&late), (Code::FailedPrecondition, "TRIAL_NOT_RUNNING".to_owned()));
}

async fn nobody_gets_a_plan_after_their_outcome(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let draft = create(&server.admin(), large_classes(&["north"])).await.unwrap();
    // What was known before the start chooses nothing.
    rate(&server, contact("carla"), 1).await;
    let early = refused(assign(&app, &draft.trial_id, of_customer("carla")).await);
    assert_eq!(verdict(&early), (Code::FailedPrecondition, "TRIAL_NOT_RUNNING".to_owned()));
    let trial = start(&server.admin(), &draft).await.unwrap();
    assign(&app, &trial.trial_id, of_customer("carla")).await.unwrap();
    rate(&server, contact("dora"), 5).await;
    app.record(complaint("dmitri")).await.unwrap();
    for id in ["dora", "dmitri"] {
        let known = refused(assign(&app, &trial.trial_id, of_customer(id)).await);
        assert_eq!(verdict(&known), (Code::FailedPrecondition, "TRIAL_OUTCOME_KNOWN".to_owned()), "{id}");
    }
    // Another team's work is no outcome of this trial, and a contact alone is none of any.
    let [elsewhere, unrated] = <[String; 2]>::try_from(customers(&server, 2).await).unwrap();
    rate(&server, Interaction { participants: vec![participant("sam")], ..contact(&elsewhere) }, 1).await;
    app.record(contact(&unrated)).await.unwrap();
    for id in [&elsewhere, &unrated] {
        assign(&app, &trial.trial_id, of_customer(id)).await.unwrap();
    }
    let of_team = TrialSubject { team_id: "north".to_owned(), ..TrialSubject::default() };
    for (wrong, field, reason) in [
        (of_team, "subject.customer_id", "TRIAL_UNIT_MISMATCH"),
        (TrialSubject::default(), "subject.customer_id", "TRIAL_UNIT_MISMATCH"),
        (of_customer("nobody"), "subject.customer_id", "UNKNOWN_CUSTOMER"),
    ] {
        let found = violations(&refused(assign(&app, &trial.trial_id, wrong).await));
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (field, reason));
    }
}

async fn assignments_are_those_of_the_seed(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, Trial { share_of_b: 30, ..large_classes(&[]) }).await;
    let ids = customers(&server, 40).await;
    let mut arms = BTreeMap::new();
    for id in &ids {
        arms.insert(id.clone(), assign(&server.app(), &trial.trial_id, of_customer(id)).await.unwrap().arm());
    }
    let seed = Seed::read(&stop(&server.admin(), &trial.trial_id).await.unwrap().seed).unwrap();
    let listed = all_given(&server.admin(), &trial.trial_id).await.unwrap();
    assert_eq!(listed.iter().map(|one| &one.unit).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    for one in &listed {
        let is_b = seed.arm(&trial.trial_id, &one.unit, 30) == Arm::B;
        assert_eq!((one.arm() == TrialArm::B, arms[&one.unit]), (is_b, one.arm()), "{}", one.unit);
    }
    assert_eq!(server.number("SELECT count(*) FROM audit_event WHERE action = 93").await, 1);
}

async fn those_who_serve_hear_of_plans(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, large_classes(&["north"])).await;
    let plan = assign(&server.app(), &trial.trial_id, of_customer("carla")).await.unwrap();
    let nora = server.staff("nora");
    let ask = |caller: Caller, id: &'static str| {
        let trial_id = trial.trial_id.clone();
        async move { given(&caller, &trial_id, of_customer(id)).await }
    };
    assert_eq!(refused(ask(nora.clone(), "carla").await).code(), Code::NotFound, "nobody served her");
    server.app().record(contact("carla")).await.unwrap();
    assert_eq!(ask(nora.clone(), "carla").await.unwrap(), plan);
    assert_eq!(ask(server.supervisor("petra", &["north"]), "carla").await.unwrap(), plan);
    for caller in [server.staff("sam"), server.supervisor("lena", &["south"])] {
        assert_eq!(refused(ask(caller, "carla").await).code(), Code::NotFound);
    }
    // Nothing was given to her, and nothing is by asking.
    server.app().record(contact("dora")).await.unwrap();
    assert_eq!(refused(ask(nora, "dora").await).code(), Code::NotFound);
    assert_eq!(server.number("SELECT count(*) FROM trial_unit").await, 1);
}

/// A hundred customers get plans; those of plan B complain, every second of them, and rate badly.
async fn a_hundred_students(server: &Server, trial: &Trial) -> [usize; 2] {
    let mut plans = Vec::new();
    for id in customers(server, 100).await {
        let is_b = assign(&server.app(), &trial.trial_id, of_customer(&id)).await.unwrap().arm() == TrialArm::B;
        plans.push((id, is_b));
    }
    let mut counts = [0; 2];
    for (number, (id, is_b)) in plans.into_iter().enumerate() {
        let nth = &mut counts[usize::from(is_b)];
        *nth += 1;
        if is_b && *nth % 2 == 0 || !is_b && *nth == 7 {
            // A hotline of another team hears of it.
            let hotline = Interaction { participants: vec![participant("sam")], ..complaint(&id) };
            server.app().record(hotline).await.unwrap();
        }
        if number % 2 == 0 {
            rate(server, contact(&id), if is_b { 2 } else { 5 }).await;
        }
    }
    counts
}

async fn the_hundred_students_alarm_on_the_first_day(server: Server) {
    let server = server.with_organization().await;
    let told = Trial {
        sealed: true,
        stop_on_alarm: true,
        primary: Some(outcome(TrialMetric::Complaint)),
        guardrails: vec![outcome(TrialMetric::RepeatContact)],
        ..large_classes(&["north"])
    };
    let trial = running(&server, told).await;
    let counts = a_hundred_students(&server, &trial).await;
    // It comes by itself: nobody has looked.
    let stopped = becomes(&server, &trial.trial_id, |trial| trial.state() == TrialState::Stopped).await;
    assert_eq!(stopped.stop_cause(), TrialStopCause::Alarm);
    let alarmed: Vec<_> = stopped.alarmed_metrics().collect();
    assert_eq!(alarmed, [TrialMetric::Complaint]);
    let after = stopped.alarm_time.unwrap().seconds - trial.start_time.unwrap().seconds;
    assert!(after < 86_400, "{after} seconds");
    assert_eq!(server.number("SELECT count(*) FROM trial_event WHERE kind = 2").await, 1);
    // The seal is broken.
    let told = report(&server.admin(), &trial.trial_id).await.unwrap();
    assert_eq!(told.conclusion(), TrialConclusion::Worse);
    assert_eq!([told.unit_count_a, told.unit_count_b], counts.map(|count| i64::try_from(count).unwrap()));
    let complaints = &told.findings[0];
    assert!(complaints.alarmed && complaints.worse_evidence >= told.alarm_limit, "{complaints:?}");
    assert!(complaints.times_low.unwrap() > 1.0 && complaints.value_b > complaints.value_a, "{complaints:?}");
    // Of another team's hotline the customers' complaints count all the same.
    let counted = usize::try_from(complaints.value_count_b).unwrap();
    assert!(counted >= 8 && counted <= counts[1] / 2, "{counted} of {counts:?}");
}

async fn a_sealed_trial_tells_its_numbers_alone(server: Server) {
    let server = server.with_organization().await;
    let quiet = Trial { sealed: true, guardrails: vec![], ..large_classes(&[]) };
    let trial = running(&server, quiet).await;
    for id in customers(&server, 40).await {
        assign(&server.app(), &trial.trial_id, of_customer(&id)).await.unwrap();
        rate(&server, contact(&id), 4).await;
    }
    let admin = server.admin();
    let sealed = report(&admin, &trial.trial_id).await.unwrap();
    assert_eq!(sealed.unit_count_a + sealed.unit_count_b, 40);
    assert_eq!((sealed.findings.len(), sealed.conclusion, sealed.mismatch_evidence), (0, None, None));
    stop(&admin, &trial.trial_id).await.unwrap();
    let open = report(&admin, &trial.trial_id).await.unwrap();
    let ratings = &open.findings[0];
    assert_eq!((ratings.value_count_a + ratings.value_count_b, ratings.alarmed), (40, false));
    assert_eq!((ratings.value_a, ratings.value_b, ratings.difference), (Some(4.0), Some(4.0), Some(0.0)));
    assert!(ratings.difference_low.unwrap() < 0.0 && ratings.difference_high.unwrap() > 0.0);
    assert_eq!(open.conclusion(), TrialConclusion::Open);
    assert_eq!(server.number("SELECT count(*) FROM audit_event WHERE action = 92").await, 2);
}

async fn fewer_than_five_units_are_not_told_of(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, Trial { guardrails: vec![], ..large_classes(&[]) }).await;
    let (admin, ids) = (server.admin(), customers(&server, 22).await);
    for id in &ids[..4] {
        assign(&server.app(), &trial.trial_id, of_customer(id)).await.unwrap();
        rate(&server, contact(id), 1).await;
    }
    let few = report(&admin, &trial.trial_id).await.unwrap();
    assert_eq!((few.findings.len(), few.conclusion), (0, None));
    for id in &ids[4..] {
        assign(&server.app(), &trial.trial_id, of_customer(id)).await.unwrap();
    }
    // Eleven each, whatever chance said, of whom the first four and seven more have rated.
    server.execute("UPDATE trial_unit SET arm = 1").await;
    server.execute("UPDATE trial_unit SET arm = 2 WHERE customer_id >= '学员011'").await;
    for id in &ids[4..7] {
        rate(&server, contact(id), 5).await;
    }
    let told = report(&admin, &trial.trial_id).await.unwrap();
    let ratings = &told.findings[0];
    // While it runs they count by fives: nobody sees what the seventh customer said.
    assert_eq!((ratings.value_count_a, ratings.value_count_b), (5, 0));
    assert_eq!((ratings.value_a, ratings.value_b, ratings.difference), (Some(1.8), None, None));
    stop(&admin, &trial.trial_id).await.unwrap();
    assert_eq!(report(&admin, &trial.trial_id).await.unwrap().findings[0].value_count_a, 7);
}

async fn numbers_that_do_not_fit_alarm(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, large_classes(&[])).await;
    for id in customers(&server, 60).await {
        assign(&server.app(), &trial.trial_id, of_customer(&id)).await.unwrap();
    }
    // Somewhere units of plan B are lost.
    server.execute("DELETE FROM trial_unit WHERE arm = 2").await;
    let alarmed = becomes(&server, &trial.trial_id, |trial| trial.alarm_time.is_some()).await;
    assert_eq!((alarmed.state(), alarmed.alarmed_metrics.len()), (TrialState::Running, 0));
    let told = report(&server.admin(), &trial.trial_id).await.unwrap();
    assert!(told.mismatch_evidence.unwrap() >= told.mismatch_limit, "{told:?}");
}

async fn supervisors_have_trials_of_their_teams(server: Server) {
    let server = server.with_organization().await;
    let (petra, lena) = (server.supervisor("petra", &["north"]), server.supervisor("lena", &["south"]));
    for teams in [&[][..], &["south"], &["north", "south"]] {
        let status = refused(create(&petra, large_classes(teams)).await);
        assert_eq!(verdict(&status), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()), "{teams:?}");
    }
    let draft = create(&petra, large_classes(&["north"])).await.unwrap();
    let wider = refused(update(&petra, &draft, large_classes(&["north", "south"])).await);
    assert_eq!(verdict(&wider), (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned()));
    let trial = start(&petra, &draft).await.unwrap();
    let of_both = create(&server.admin(), large_classes(&["north", "south"])).await.unwrap();
    for (caller, id) in [(&lena, &trial.trial_id), (&petra, &of_both.trial_id)] {
        assert_eq!(refused(get(caller, id).await).code(), Code::NotFound);
        assert_eq!(refused(report(caller, id).await).code(), Code::NotFound);
        assert_eq!(refused(stop(caller, id).await).code(), Code::NotFound);
    }
    let list = async |caller: &Caller| {
        let listed = caller.trials().list_trials(v1::ListTrialsRequest::default()).await.unwrap().into_inner();
        listed.trials.into_iter().map(|one| one.trial_id).collect::<Vec<_>>()
    };
    assert_eq!(list(&petra).await, std::slice::from_ref(&trial.trial_id));
    assert_eq!(list(&lena).await, Vec::<String>::new());
    assert_eq!(list(&server.admin()).await, [of_both.trial_id, trial.trial_id.clone()]);
    assert_eq!(stop(&petra, &trial.trial_id).await.unwrap().stop_cause(), TrialStopCause::ByHand);
}

async fn a_trial_ends_as_it_was_planned(server: Server) {
    let server = server.with_organization().await;
    let trial = running(&server, Trial { planned_end_time: within(3_000), ..large_classes(&[]) }).await;
    let over = becomes(&server, &trial.trial_id, |trial| trial.state() == TrialState::Stopped).await;
    assert_eq!((over.stop_cause(), over.alarm_time), (TrialStopCause::PlannedEnd, None));
    assert!(over.stop_time.unwrap().seconds >= trial.planned_end_time.unwrap().seconds);
    let late = refused(assign(&server.app(), &trial.trial_id, of_customer("carla")).await);
    assert_eq!(verdict(&late), (Code::FailedPrecondition, "TRIAL_NOT_RUNNING".to_owned()));
}

async fn weeks_of_teams_are_units(server: Server) {
    let server = server.with_organization().await;
    let (app, admin) = (server.app(), server.admin());
    let told = Trial {
        unit: TrialUnit::Week.into(),
        guardrails: vec![outcome(TrialMetric::Complaint)],
        planned_end_time: within(28 * DAY),
        ..large_classes(&[])
    };
    let trial = running(&server, told).await;
    let week = |team: &str, days: i64| TrialSubject {
        team_id: team.to_owned(),
        time: within(days * DAY),
        ..TrialSubject::default()
    };
    let this = assign(&app, &trial.trial_id, week("north", 0)).await.unwrap();
    let next = assign(&app, &trial.trial_id, week("north", 7)).await.unwrap();
    assert!(this.unit.starts_with("team north week ") && next.unit != this.unit, "{this:?} {next:?}");
    assert_eq!(
        (next.from_time, assign(&app, &trial.trial_id, week("north", 7)).await.unwrap()),
        (this.until_time, next.clone())
    );
    for (wrong, field) in [
        (week("north", -8), "subject.time"),
        (week("north", 60), "subject.time"),
        (of_customer("carla"), "subject.team_id"),
    ] {
        assert_eq!(violations(&refused(assign(&app, &trial.trial_id, wrong).await))[0].0, field);
    }
    assert_eq!(given(&server.staff("nora"), &trial.trial_id, week("north", 0)).await.unwrap(), this);
    assert_eq!(refused(given(&server.staff("sam"), &trial.trial_id, week("north", 0)).await).code(), Code::NotFound);
    server.execute("DELETE FROM trial_unit").await;
    // Ten teams have worked for a week, the last five of them by plan B.
    for number in 0..10 {
        let (team_id, staff_id) = (format!("t{number}"), format!("s{number}"));
        app.upsert_team(team(&team_id)).await.unwrap();
        app.upsert_staff(staff(&staff_id, &team_id)).await.unwrap();
        assign(&app, &trial.trial_id, week(&team_id, 0)).await.unwrap();
        let served = |told: Interaction| Interaction { participants: vec![participant(&staff_id)], ..told };
        rate(&server, served(contact("carla")), if number < 5 { 5 } else { 2 }).await;
        rate(&server, served(contact("dora")), if number < 5 { 4 } else { 1 }).await;
        if number == 9 {
            app.record(served(complaint("dmitri"))).await.unwrap();
        }
    }
    server.execute("UPDATE trial_unit SET arm = 1").await;
    server.execute("UPDATE trial_unit SET arm = 2 WHERE team_id >= 't5'").await;
    let early = report(&admin, &trial.trial_id).await.unwrap();
    assert_eq!((early.unit_count_a, early.unit_count_b), (5, 5));
    assert_eq!(early.findings[0].value_count_a, 0, "the week is not over");
    // Nine days pass.
    let nine = 9 * 86_400_000_000_i64;
    for sql in [
        format!("UPDATE trial_unit SET from_at = from_at - {nine}, until_at = until_at - {nine}"),
        format!("UPDATE interaction SET occurred_at = occurred_at - {nine}, recorded_at = recorded_at - {nine}"),
        format!("UPDATE interaction_participant SET occurred_at = occurred_at - {nine}"),
        format!("UPDATE rating SET received_at = received_at - {nine}"),
    ] {
        server.execute(&sql).await;
    }
    let told = report(&admin, &trial.trial_id).await.unwrap();
    let [ratings, complaints] = &told.findings[..] else { panic!("{told:?}") };
    assert_eq!((ratings.value_count_a, ratings.value_count_b), (5, 5));
    assert_eq!((ratings.value_a, ratings.value_b, ratings.difference), (Some(4.5), Some(1.5), Some(-3.0)));
    // One of three contacts of one of five teams.
    let of_b = complaints.value_b.unwrap();
    assert!(complaints.value_a == Some(0.0) && (of_b - 1.0 / 15.0).abs() < 1e-9, "{complaints:?}");
}

async fn teams_are_units(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let of_team = |team: &str| TrialSubject { team_id: team.to_owned(), ..TrialSubject::default() };
    let told = || Trial { unit: TrialUnit::Team.into(), ..large_classes(&["north"]) };
    let trial = running(&server, told()).await;
    let north = assign(&app, &trial.trial_id, of_team("north")).await.unwrap();
    assert_eq!(north.unit, "team north");
    let window = north.until_time.unwrap().seconds - north.from_time.unwrap().seconds;
    assert_eq!(window, 7 * DAY / 1_000);
    let elsewhere = violations(&refused(assign(&app, &trial.trial_id, of_team("south")).await));
    assert_eq!((elsewhere[0].0.as_str(), elsewhere[0].1.as_str()), ("subject.team_id", "CONTRADICTION"));
    // Of another trial the team's plan is asked for too late.
    let late = running(&server, told()).await;
    rate(&server, contact("carla"), 1).await;
    let known = refused(assign(&app, &late.trial_id, of_team("north")).await);
    assert_eq!(verdict(&known), (Code::FailedPrecondition, "TRIAL_OUTCOME_KNOWN".to_owned()));
    assert_eq!(assign(&app, &trial.trial_id, of_team("north")).await.unwrap(), north);
}

async fn what_happened_to_customers_counts_once(server: Server) {
    let server = server.with_organization().await;
    let watched = [TrialMetric::Complaint, TrialMetric::FollowUp, TrialMetric::RepeatContact, TrialMetric::Resolved];
    let told = Trial {
        guardrails: watched.map(outcome).to_vec(),
        topics: vec!["Returns".to_owned()],
        ..large_classes(&["north"])
    };
    let trial = running(&server, told).await;
    let app = server.app();
    let ids = customers(&server, 20).await;
    for id in &ids {
        assign(&app, &trial.trial_id, of_customer(id)).await.unwrap();
    }
    server.execute("UPDATE trial_unit SET arm = 1").await;
    server.execute("UPDATE trial_unit SET arm = 2 WHERE customer_id >= '学员010'").await;
    let mut first = Vec::new();
    for id in &ids[10..15] {
        let inbound = Interaction { direction: v1::Direction::Inbound.into(), ..contact(id) };
        first.push(rate_as(&server, inbound.clone(), 2, Resolution::Unresolved).await);
        rate_as(&server, inbound, 5, Resolution::Resolved).await;
        // Two complaints, of which one follow-up for each customer comes at least.
        for _ in 0..2 {
            app.record(complaint(id)).await.unwrap();
        }
    }
    // Out of scope: another topic, another team.
    let elsewhere = Interaction { topic: "Delivery".to_owned(), ..contact(&ids[15]) };
    rate(&server, elsewhere, 1).await;
    app.record(Interaction { topic: "Delivery".to_owned(), ..complaint(&ids[15]) }).await.unwrap();
    rate(&server, Interaction { participants: vec![participant("sam")], ..contact(&ids[16]) }, 1).await;
    let told = report(&server.admin(), &trial.trial_id).await.unwrap();
    let counts: Vec<_> = told.findings.iter().map(|one| (one.metric(), one.value_count_a, one.value_count_b)).collect();
    let expected = [
        (TrialMetric::Rating, 0, 5),
        (TrialMetric::Complaint, 0, 5),
        (TrialMetric::FollowUp, 0, 5),
        (TrialMetric::RepeatContact, 0, 5),
        (TrialMetric::Resolved, 0, 5),
    ];
    assert_eq!(counts, expected);
    let values = [0, 1, 4].map(|at| told.findings[at].value_b.unwrap());
    assert_eq!(values, [2.0, 0.5, 0.0], "the first rating of each");
    // A wrong key was pressed: what was meant stands where the first answer stood.
    let correct = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id: first[4].clone(),
        score: 4,
        answered_time: within(0),
        ..Default::default()
    };
    app.ratings().correct_rating(correct).await.unwrap();
    let corrected = report(&server.admin(), &trial.trial_id).await.unwrap();
    let ratings = &corrected.findings[0];
    assert_eq!((ratings.value_count_b, ratings.value_b), (5, Some(2.4)));
}

async fn plans_follow_merges_and_erasures(server: Server) {
    let server = server.with_organization().await;
    let (app, admin) = (server.app(), server.admin());
    let trial = running(&server, large_classes(&[])).await;
    let first = assign(&app, &trial.trial_id, of_customer("dora")).await.unwrap();
    let merge = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: "carla".to_owned(),
        absorbed_customer_id: "dora".to_owned(),
        reason: "one person".to_owned(),
    };
    admin.identity().merge_customers(merge).await.unwrap();
    for id in ["carla", "dora"] {
        assert_eq!(assign(&app, &trial.trial_id, of_customer(id)).await.unwrap(), first, "{id}");
    }
    app.record(complaint("carla")).await.unwrap();
    assign(&app, &trial.trial_id, of_customer("dmitri")).await.unwrap();
    let export = v1::ExportCustomerRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let records = admin.privacy().export_customer(export).await.unwrap().into_inner().json_lines;
    assert!(records.iter().any(|record| record.contains(r#""table":"trial_unit""#)), "{records:?}");
    let erase = v1::EraseCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "she asked".to_owned(),
    };
    admin.privacy().erase_customer(erase).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM trial_unit WHERE customer_id IS NULL").await, 1);
    stop(&admin, &trial.trial_id).await.unwrap();
    let left = all_given(&admin, &trial.trial_id).await.unwrap();
    assert_eq!(left.iter().map(|one| one.unit.as_str()).collect::<Vec<_>>(), ["dmitri"]);
    let told = report(&admin, &trial.trial_id).await.unwrap();
    assert_eq!(told.unit_count_a + told.unit_count_b, 2, "numbers go on to fit");
}

async fn a_plan_against_itself_does_not_alarm(server: Server) {
    let server = server.with_organization().await;
    for (number, id) in customers(&server, 30).await.iter().enumerate() {
        rate(&server, contact(id), if number % 5 == 0 { 1 } else { 5 }).await;
        if number % 6 == 0 {
            server.app().record(complaint(id)).await.unwrap();
        }
    }
    for unit in [TrialUnit::Customer, TrialUnit::Team, TrialUnit::Week] {
        let told = Trial { unit: unit.into(), ..large_classes(&["north"]) };
        let draft = create(&server.admin(), told).await.unwrap();
        let check = v1::CheckTrialRequest { trial_id: draft.trial_id };
        let found = server.admin().trials().check_trial(check.clone()).await.unwrap().into_inner();
        assert_eq!(found.run_count, 200);
        assert!(found.alarm_count <= 20, "{found:?}");
        let again = server.admin().trials().check_trial(check).await.unwrap().into_inner();
        assert_eq!((again.alarm_count, again.outcomes.clone()), (found.alarm_count, found.outcomes.clone()));
        if unit == TrialUnit::Customer {
            let counts: Vec<_> = found.outcomes.iter().map(|one| one.value_count).collect();
            assert_eq!((found.unit_count, counts[0], counts[1]), (30, 30, 5));
            assert!((found.outcomes[0].mean.unwrap() - 4.2).abs() < 1e-9, "{found:?}");
        }
    }
}

async fn the_program_runs_a_trial(server: Server) {
    let server = server.with_organization().await;
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["trial"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let until =
        jiff::Timestamp::from_microsecond(Clock::system().now_micros() + 14 * 86_400_000_000).unwrap().to_string();
    let laid_down = [
        "create",
        "大班课",
        "--until",
        &until,
        "--hypothesis",
        "一样好",
        "--plan-a",
        "小班",
        "--plan-b",
        "大班",
        "--primary",
        "rating=0.5",
        "--guardrail",
        "complaint=0.02",
        "--guardrail",
        "repeat-contact",
        "--json",
    ];
    let draft = last_line(&run(&laid_down).await);
    assert_eq!((&draft["primary"]["metric"], &draft["primary"]["smallest_effect"]), (&"rating".into(), &0.5.into()));
    let id = draft["id"].as_str().unwrap();
    assert_eq!(last_line(&run(&["check", id, "--json"]).await)["runs"], 200);
    assert!(text(run(&["check", id]).await).contains("of 200 trials of a plan against itself alarm"));
    assert!(text(run(&["start", id]).await).contains("the seed's hash is "));
    assert!(text(run(&["list"]).await).contains("running"));
    // What an application does, here by an administrator's program, is refused.
    let refused = rapport(&server, &["trial", "assign", id, "--customer", "carla", "--endpoint", &endpoint]).await;
    assert!(!refused.status.success());
    let as_app = async |arguments: &[&str]| {
        let arguments = [&["trial"], arguments, &["--endpoint", &endpoint]].concat();
        crate::cli::rapport_as(&server, Role::App, "shop", &arguments).await
    };
    assert!(text(as_app(&["assign", id, "--customer", "carla"]).await).starts_with("carla: plan "));
    for customer in customers(&server, 40).await {
        assign(&server.app(), id, of_customer(&customer)).await.unwrap();
    }
    server.execute("UPDATE trial_unit SET arm = 1").await;
    server.execute("UPDATE trial_unit SET arm = 2 WHERE customer_id >= '学员020'").await;
    for number in 0..40 {
        rate(&server, contact(&format!("学员{number:03}")), if number < 20 { 5 } else { 1 }).await;
    }
    let told = last_line(&run(&["report", id, "--json"]).await);
    assert_eq!((&told["conclusion"], &told["findings"][0]["values"]), (&"worse".into(), &serde_json::json!([20, 20])));
    let shown = text(run(&["report", id]).await);
    assert!(shown.contains("Plan B does harm: rating. Go back to plan A.") && shown.contains("-4.00 ("), "{shown}");
    run(&["stop", id, "学期结束"]).await;
    // Somebody has changed who got what.
    let found = rapport(&server, &["trial", "verify", id, "--json", "--endpoint", &endpoint]).await;
    assert!(!found.status.success());
    let seed = Seed::read(&get(&server.admin(), id).await.unwrap().seed).unwrap();
    for one in all_given(&server.admin(), id).await.unwrap() {
        let arm = if seed.arm(id, &one.unit, 50) == Arm::B { 2 } else { 1 };
        server.execute(&format!("UPDATE trial_unit SET arm = {arm} WHERE customer_id = '{}'", one.unit)).await;
    }
    let verified = last_line(&run(&["verify", id, "--json"]).await);
    assert_eq!((&verified["seed_is_that_committed_to"], &verified["assignments"]), (&true.into(), &41.into()));
    assert!(text(run(&["verify", id]).await).contains("41 assignments, 0 of them other than by the seed"));
}
