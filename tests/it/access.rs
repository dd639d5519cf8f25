//! Every cell of `access_matrix.txt`, asked of a running server.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::DescriptorPool;
use rapport::{
    api::{
        DESCRIPTOR_SET,
        v1::{
            self, Channel, ContactPurpose, Interaction, InteractionUpdate, ReadingPurpose, RecordInteractionRequest,
            Resolution, Role, SummaryGrouping, record_item_result, upsert_item_result,
        },
    },
    clock::Clock,
};
use tokio_stream::StreamExt as _;
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::{Bearer, request_id},
    competition::{announcement, chosen, end_submission, enrol, plan},
    on_both,
    sample::{at, call, customer, participant, phone, staff, team},
};

const MATRIX: &str = include_str!("access_matrix.txt");
const CALLERS: [&str; 7] = ["app", "staff", "supervisor", "reviewer", "admin", "customer", "nobody"];

pub(crate) fn tests() -> Vec<Test> {
    on_both![every_method_is_in_the_matrix, the_server_agrees_with_every_cell]
}

/// A line of the matrix.
struct Row {
    method: &'static str,
    about: About,
    /// In the order of [`CALLERS`].
    expected: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Own,
    Team,
    Other,
    Any,
}

fn matrix() -> Vec<Row> {
    let lines = MATRIX.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &'static str| {
        let mut cells = line.split_whitespace();
        let (method, about) = (cells.next().unwrap(), cells.next().unwrap());
        let about = match about {
            "own" => About::Own,
            "team" => About::Team,
            "other" => About::Other,
            "any" => About::Any,
            unknown => panic!("{method}: about {unknown}?"),
        };
        let expected: Vec<_> = cells.collect();
        assert_eq!(expected.len(), CALLERS.len(), "{line}");
        Row { method, about, expected }
    };
    lines.map(row).collect()
}

async fn every_method_is_in_the_matrix(_: Server) {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
    let methods: BTreeSet<String> = pool
        .services()
        .filter(|service| service.package_name() == "rapport.v1")
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| format!("{}/{}", method.parent_service().name(), method.name()))
        .collect();
    let mut rows: BTreeMap<String, BTreeSet<About>> = BTreeMap::new();
    for row in matrix() {
        assert!(rows.entry(row.method.to_owned()).or_default().insert(row.about), "{} is there twice", row.method);
    }
    assert_eq!(methods, rows.keys().cloned().collect(), "methods of the contract, and of the matrix");
    for (method, about) in rows {
        let complete = about == [About::Any].into() || about.is_superset(&[About::Own, About::Other].into());
        assert!(complete, "{method}: needs its own and other's, or any");
    }
}

async fn the_server_agrees_with_every_cell(server: Server) {
    let server = server.with_organization().await;
    let world = World::new(&server).await;
    let mut wrong = Vec::new();
    for row in matrix() {
        for (who, expected) in CALLERS.into_iter().zip(row.expected) {
            let found = world.ask(row.method, who, row.about).await;
            if found != expected {
                wrong.push(format!("{} {:?} by {who}: expected {expected}, found {found}", row.method, row.about));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

struct World {
    callers: BTreeMap<&'static str, Caller>,
    /// Ids of interactions, by who took part.
    interactions: BTreeMap<&'static str, String>,
    /// In the same way, contacts of ours that broke the policy.
    breaches: BTreeMap<&'static str, String>,
    /// Leads both teams and contests what has to be contested.
    leads: Caller,
    /// Two who judge what has to be judged.
    judges: [Caller; 2],
}

/// A competition, what it takes to change it, and the token of a judge.
struct Competition {
    id: String,
    etag: String,
    /// By team.
    entries: BTreeMap<&'static str, String>,
    entry_etag: String,
    token: String,
}

fn vote_rules() -> v1::CompetitionRules {
    v1::CompetitionRules {
        neutral_team_ids: vec!["t2".to_owned(), "t3".to_owned()],
        ..chosen(1, v1::SwapRule::Unspecified)
    }
}

/// What a call is about, by the ids of the organisation.
struct Thing {
    team: &'static str,
    staff: &'static str,
    customer: &'static str,
}

impl World {
    async fn new(server: &Server) -> Self {
        let callers = BTreeMap::from([
            ("app", server.app()),
            ("staff", server.staff("nora")),
            ("supervisor", server.supervisor("petra", &["north"])),
            ("reviewer", server.caller(Role::Reviewer, "rita", &[])),
            ("admin", server.admin()),
            ("customer", server.customer("carla")),
            ("nobody", Caller::new(server.channel(), Bearer::none())),
        ]);
        // In force when the samples took place, which is at night for those that break it.
        let policy = v1::ContactPolicy {
            effective_time: at(-24 * 3_600),
            quiet_hours: Some(v1::QuietHours { start_time: "21:00".to_owned(), end_time: "08:00".to_owned() }),
            quiet_hours_purposes: vec![ContactPurpose::Campaign.into()],
            ..Default::default()
        };
        server.admin().contacts().set_contact_policy(policy_request(policy)).await.unwrap();
        enrol(server, &[3; 4]).await;
        let (mut interactions, mut breaches) = (BTreeMap::new(), BTreeMap::new());
        for (staff, customer) in [("nora", "carla"), ("petra", "carla"), ("nils", "dora"), ("sam", "dmitri")] {
            let recorded = server.app().record(call(staff, customer)).await.unwrap();
            interactions.insert(staff, recorded.interaction_id);
            let at_night = Interaction {
                channel: Channel::OutboundCall.into(),
                contact_purpose: ContactPurpose::Campaign.into(),
                requested_time: at(-6 * 3_600),
                ..call(staff, customer)
            };
            breaches.insert(staff, server.app().record(at_night).await.unwrap().interaction_id);
            // Leaves its trace for the audit.
            let reading = timeline(customer);
            server.admin().interactions().read_customer_timeline(reading).await.unwrap();
        }
        Self {
            callers,
            interactions,
            breaches,
            leads: server.supervisor("lena", &["north", "south"]),
            judges: ["rolf", "ruth"].map(|subject| server.caller(Role::Reviewer, subject, &[])),
        }
    }

    fn thing(&self, who: &str, about: About) -> Thing {
        match (about, who) {
            (About::Own | About::Any, "supervisor") => Thing { team: "north", staff: "petra", customer: "carla" },
            (About::Own | About::Any, _) => Thing { team: "north", staff: "nora", customer: "carla" },
            (About::Team, _) => Thing { team: "north", staff: "nils", customer: "dora" },
            (About::Other, _) => Thing { team: "south", staff: "sam", customer: "dmitri" },
        }
    }

    fn statement(request_id: String, customer_id: &str) -> v1::StatePreferenceRequest {
        v1::StatePreferenceRequest {
            request_id,
            customer_id: customer_id.to_owned(),
            dimension: v1::PreferenceDimension::Channel.into(),
            value: "email".to_owned(),
            source: "he said so".to_owned(),
            note: String::new(),
        }
    }

    /// One call and its outcome in the words of the matrix.
    async fn ask(&self, method: &str, who: &str, about: About) -> &'static str {
        let caller = &self.callers[who];
        let (mut directory, mut interactions, mut contacts) =
            (caller.directory(), caller.interactions(), caller.contacts());
        let (mut surveys, mut ratings) = (caller.surveys(), caller.ratings());
        let Thing { team: team_id, staff: staff_id, customer: customer_id } = self.thing(who, about);
        let interaction_id = self.interactions[staff_id].clone();
        let (mut contests, mut quality, mut preferences) = (caller.contests(), caller.quality(), caller.preferences());
        let (request_id, reason) = (request_id(), "as agreed".to_owned());
        let (mode, etag) = (0, String::new());
        match method {
            "DirectoryService/GetOrganization" => word(directory.get_organization(v1::GetOrganizationRequest {}).await),
            "DirectoryService/UpsertTeam" => {
                let request = v1::UpsertTeamRequest { request_id, team: Some(team(team_id)), mode, etag };
                word(directory.upsert_team(request).await)
            }
            "DirectoryService/BatchUpsertTeams" => {
                let request = v1::BatchUpsertTeamsRequest { request_id, teams: vec![team(team_id)], mode };
                let answer = directory.batch_upsert_teams(request).await;
                upserted(answer.map(|answer| answer.into_inner().results))
            }
            "DirectoryService/GetTeam" => {
                word(directory.get_team(v1::GetTeamRequest { team_id: team_id.to_owned() }).await)
            }
            "DirectoryService/ListTeams" => {
                let answer = directory.list_teams(v1::ListTeamsRequest::default()).await;
                listed(answer, |answer| answer.teams.iter().any(|one| one.team_id == team_id))
            }
            "DirectoryService/UpsertStaffMember" => {
                let member = Some(staff(staff_id, team_id));
                let request = v1::UpsertStaffMemberRequest { request_id, staff_member: member, mode, etag };
                word(directory.upsert_staff_member(request).await)
            }
            "DirectoryService/BatchUpsertStaffMembers" => {
                let staff_members = vec![staff(staff_id, team_id)];
                let request = v1::BatchUpsertStaffMembersRequest { request_id, staff_members, mode };
                let answer = directory.batch_upsert_staff_members(request).await;
                upserted(answer.map(|answer| answer.into_inner().results))
            }
            "DirectoryService/GetStaffMember" => {
                let request = v1::GetStaffMemberRequest { staff_id: staff_id.to_owned() };
                word(directory.get_staff_member(request).await)
            }
            "DirectoryService/ListStaffMembers" => {
                let answer = directory.list_staff_members(v1::ListStaffMembersRequest::default()).await;
                listed(answer, |answer| answer.staff_members.iter().any(|one| one.staff_id == staff_id))
            }
            "DirectoryService/UpsertCustomer" => {
                let customer = Some(customer(customer_id));
                let request = v1::UpsertCustomerRequest { request_id, customer, mode, etag };
                word(directory.upsert_customer(request).await)
            }
            "DirectoryService/BatchUpsertCustomers" => {
                let customers = vec![customer(customer_id)];
                let request = v1::BatchUpsertCustomersRequest { request_id, customers, mode };
                let answer = directory.batch_upsert_customers(request).await;
                upserted(answer.map(|answer| answer.into_inner().results))
            }
            "DirectoryService/GetCustomer" => {
                let request = v1::GetCustomerRequest { customer_id: customer_id.to_owned(), alias: None };
                word(directory.get_customer(request).await)
            }
            "DirectoryService/ListCustomers" => {
                let answer = directory.list_customers(v1::ListCustomersRequest::default()).await;
                listed(answer, |answer| answer.customers.iter().any(|one| one.customer_id == customer_id))
            }
            "DirectoryService/SuspendCustomer" => word(self.suspend(caller, customer_id).await),
            "DirectoryService/LiftSuspension" => {
                // Or there is nothing to lift.
                self.suspend(&self.callers["admin"], customer_id).await.unwrap();
                let customer_id = customer_id.to_owned();
                let request = v1::LiftSuspensionRequest { request_id, customer_id, reason };
                word(directory.lift_suspension(request).await)
            }
            "InteractionService/RecordInteraction" => {
                word(interactions.record_interaction(recording(staff_id, customer_id)).await)
            }
            "InteractionService/BatchRecordInteractions" => {
                let requests = vec![recording(staff_id, customer_id)];
                let request = v1::BatchRecordInteractionsRequest { requests };
                match interactions.batch_record_interactions(request).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => match answer.into_inner().results.remove(0).result.unwrap() {
                        record_item_result::Result::Recorded(_) => "OK",
                        record_item_result::Result::Error(error) => code(Code::from_i32(error.code)),
                    },
                }
            }
            "InteractionService/RecordInteractions" => {
                let request = v1::RecordInteractionsRequest { request: Some(recording(staff_id, customer_id)) };
                match interactions.record_interactions(tokio_stream::iter([request])).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        let settled = answer.into_inner().message().await.unwrap().unwrap();
                        settled.failures.first().map_or("OK", |one| code(Code::from_i32(item_code(one))))
                    }
                }
            }
            "InteractionService/GetInteraction" => {
                word(interactions.get_interaction(v1::GetInteractionRequest { interaction_id }).await)
            }
            "InteractionService/UpdateInteraction" => {
                // Of what may change, a customer may say one thing only.
                let path = if who == "customer" { "customer_resolution" } else { "conclusion" };
                let change = InteractionUpdate {
                    conclusion: "sent a new one".to_owned(),
                    customer_resolution: Resolution::Resolved.into(),
                    ..Default::default()
                };
                let request = v1::UpdateInteractionRequest {
                    request_id,
                    interaction_id,
                    interaction: Some(change),
                    update_mask: Some(prost_types::FieldMask { paths: vec![path.to_owned()] }),
                    etag,
                };
                word(interactions.update_interaction(request).await)
            }
            "InteractionService/ReattributeInteraction" => {
                // To the same person, so that the interaction stays whose it is.
                let participants = vec![participant(staff_id)];
                let request =
                    v1::ReattributeInteractionRequest { request_id, interaction_id, participants, reason, etag };
                word(interactions.reattribute_interaction(request).await)
            }
            "InteractionService/ApproveReattribution" => {
                let reattribution_id = self.asked(staff_id).await;
                let request = v1::ApproveReattributionRequest { request_id, reattribution_id };
                word(interactions.approve_reattribution(request).await)
            }
            "InteractionService/RejectReattribution" => {
                let reattribution_id = self.asked(staff_id).await;
                let request = v1::RejectReattributionRequest { request_id, reattribution_id, reason };
                word(interactions.reject_reattribution(request).await)
            }
            "InteractionService/ListReattributions" => {
                let asked = self.asked(staff_id).await;
                let answer = interactions.list_reattributions(v1::ListReattributionsRequest::default()).await;
                listed(answer, |answer| answer.reattributions.iter().any(|one| one.reattribution_id == asked))
            }
            "InteractionService/DeclineParticipation" => {
                let primary = if staff_id == "sam" { "nils" } else { "sam" };
                let told = with_primary(Interaction {
                    participants: vec![participant(primary), participant(staff_id)],
                    ..call(primary, customer_id)
                });
                let interaction_id = self.leads.record(told).await.unwrap().interaction_id;
                let request = v1::DeclineParticipationRequest { request_id, interaction_id, reason };
                word(interactions.decline_participation(request).await)
            }
            "InteractionService/ListInteractions" => {
                let answer = interactions.list_interactions(v1::ListInteractionsRequest::default()).await;
                listed(answer, |answer| answer.interactions.iter().any(|one| one.interaction_id == interaction_id))
            }
            "InteractionService/ReadCustomerTimeline" => {
                let answer = interactions.read_customer_timeline(timeline(customer_id)).await;
                listed(answer, |answer| answer.interactions.iter().any(|one| one.interaction_id == interaction_id))
            }
            "InteractionService/WatchInteractions" => {
                let request = v1::WatchInteractionsRequest { staff_id: staff_id.to_owned(), ..Default::default() };
                match interactions.watch_interactions(request).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        let mut shown = answer.into_inner();
                        self.touch(&interaction_id).await;
                        // In this one everybody has a part, so that it comes whatever else does.
                        let told = v1::Interaction {
                            participants: [staff_id, "nora", "petra"]
                                .into_iter()
                                .collect::<BTreeSet<_>>()
                                .into_iter()
                                .map(participant)
                                .collect(),
                            ..call(staff_id, "carla")
                        };
                        let told = with_primary(told);
                        let last = self.callers["app"].record(told).await.unwrap().interaction_id;
                        let mut has = false;
                        loop {
                            let event = shown.message().await.unwrap().unwrap().event;
                            let id = event.map(|event| event.interaction.unwrap().interaction_id).unwrap_or_default();
                            has |= id == interaction_id;
                            if id == last {
                                break if has { "has" } else { "none" };
                            }
                        }
                    }
                }
            }
            "InteractionService/WatchCustomerTimeline" => {
                let request = v1::WatchCustomerTimelineRequest {
                    customer_id: customer_id.to_owned(),
                    purpose: ReadingPurpose::Serving.into(),
                    ..Default::default()
                };
                match interactions.watch_customer_timeline(request).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        self.touch(&interaction_id).await;
                        let shown = answer.into_inner().filter_map(|shown| shown.unwrap().event);
                        let event = std::pin::pin!(shown).next().await.unwrap();
                        if event.interaction.unwrap().interaction_id == interaction_id { "has" } else { "none" }
                    }
                }
            }
            "InteractionService/SummarizeInteractions" => {
                let group_by = SummaryGrouping::Staff.into();
                let request = v1::SummarizeInteractionsRequest { group_by, ..Default::default() };
                let answer = interactions.summarize_interactions(request).await;
                listed(answer, |answer| answer.groups.iter().any(|group| group.key == staff_id && group.count > 0))
            }
            "ContactService/CheckContact" => {
                let request = v1::CheckContactRequest {
                    customer_id: customer_id.to_owned(),
                    purpose: ContactPurpose::FollowUp.into(),
                    channel: Channel::OutboundCall.into(),
                    ..Default::default()
                };
                word(contacts.check_contact(request).await)
            }
            "ContactService/GetContactPolicy" => {
                word(contacts.get_contact_policy(v1::GetContactPolicyRequest::default()).await)
            }
            "ContactService/SetContactPolicy" => {
                word(contacts.set_contact_policy(policy_request(v1::ContactPolicy::default())).await)
            }
            "ContactService/SetDoNotContact" => word(contacts.set_do_not_contact(wish(customer_id)).await),
            "ContactService/LiftDoNotContact" => {
                // Or there is nothing to lift.
                let mut admin = self.callers["admin"].contacts();
                let noted = admin.set_do_not_contact(wish(customer_id)).await.unwrap().into_inner();
                let do_not_contact_id = noted.do_not_contact.unwrap().do_not_contact_id;
                let request = v1::LiftDoNotContactRequest { request_id, do_not_contact_id, reason };
                word(contacts.lift_do_not_contact(request).await)
            }
            "ContactService/ListDoNotContact" => {
                self.callers["admin"].contacts().set_do_not_contact(wish(customer_id)).await.unwrap();
                let request = v1::ListDoNotContactRequest { customer_id: customer_id.to_owned(), ..Default::default() };
                let answer = contacts.list_do_not_contact(request).await;
                listed(answer, |answer| answer.entries.iter().any(|one| one.customer_id == customer_id))
            }
            "ContactService/ListContactBreaches" => {
                let breach = &self.breaches[staff_id];
                let answer = contacts.list_contact_breaches(v1::ListContactBreachesRequest::default()).await;
                listed(answer, |answer| answer.breaches.iter().any(|one| one.interaction_id == *breach))
            }
            "RatingService/SubmitRating" => word(ratings.submit_rating(self.rating(staff_id).await).await),
            "RatingService/BatchSubmitRatings" => {
                let requests = vec![self.rating(staff_id).await];
                word(ratings.batch_submit_ratings(v1::BatchSubmitRatingsRequest { requests }).await)
            }
            "RatingService/CorrectRating" => {
                let rating_id = self.rated(staff_id).await;
                let answered_time = at(700);
                let request =
                    v1::CorrectRatingRequest { request_id, rating_id, score: 5, answered_time, ..Default::default() };
                word(ratings.correct_rating(request).await)
            }
            "RatingService/GetRating" => {
                let rating_id = self.rated(staff_id).await;
                word(ratings.get_rating(v1::GetRatingRequest { rating_id }).await)
            }
            "RatingService/ListRatings" => {
                let rating_id = self.rated(staff_id).await;
                let request = v1::ListRatingsRequest { page_size: 500, ..Default::default() };
                listed(ratings.list_ratings(request).await, |answer| {
                    answer.ratings.iter().any(|one| one.rating_id == rating_id)
                })
            }
            "RatingService/GetScorecard" => {
                self.rated(staff_id).await;
                let unit = v1::ScorecardUnit::Team.into();
                let answer = ratings.get_scorecard(v1::GetScorecardRequest { unit, ..Default::default() }).await;
                listed(answer, |answer| answer.groups.iter().any(|one| one.key == team_id))
            }
            "RatingService/RankTeams" => {
                self.rated(staff_id).await;
                let answer = ratings.rank_teams(v1::RankTeamsRequest::default()).await;
                listed(answer, |answer| answer.ranks.iter().any(|one| one.key == team_id))
            }
            "RatingService/RankStaff" => {
                self.rated(staff_id).await;
                let answer = ratings.rank_staff(v1::RankStaffRequest::default()).await;
                listed(answer, |answer| answer.ranks.iter().any(|one| one.key == staff_id))
            }
            "RatingService/GetInvitationBias" => {
                self.rated(staff_id).await;
                let request = v1::GetInvitationBiasRequest {
                    unit: v1::InvitationBiasUnit::Staff.into(),
                    first_day: "2025-03-03".to_owned(),
                    last_day: "2025-03-03".to_owned(),
                    ..Default::default()
                };
                let answer = ratings.get_invitation_bias(request).await;
                listed(answer, |answer| answer.groups.iter().any(|one| one.key == staff_id))
            }
            "RatingService/ExplainRank" => {
                self.rated(staff_id).await;
                let (terms, unit, key) = (None, v1::ScorecardUnit::Staff.into(), staff_id.to_owned());
                word(ratings.explain_rank(v1::ExplainRankRequest { terms, unit, key }).await)
            }
            "SurveyService/CreateTemplate" => {
                let request = v1::CreateTemplateRequest { request_id, template: Some(template("nps")) };
                word(surveys.create_template(request).await)
            }
            "SurveyService/UpdateTemplate" => {
                let version = self.draft().await;
                let template = Some(template("nps"));
                word(surveys.update_template(v1::UpdateTemplateRequest { request_id, template, version, etag }).await)
            }
            "SurveyService/PublishTemplate" => {
                let (template_id, version) = ("nps".to_owned(), self.draft().await);
                let direction_override_reason = String::new();
                let request =
                    v1::PublishTemplateRequest { request_id, template_id, version, direction_override_reason, etag };
                word(surveys.publish_template(request).await)
            }
            "SurveyService/RetireTemplate" => {
                let (template_id, version) = ("nps".to_owned(), self.draft().await);
                let publish = v1::PublishTemplateRequest {
                    request_id: crate::support::client::request_id(),
                    template_id: template_id.clone(),
                    version,
                    ..Default::default()
                };
                self.callers["admin"].surveys().publish_template(publish).await.unwrap();
                word(surveys.retire_template(v1::RetireTemplateRequest { request_id, template_id, version }).await)
            }
            "SurveyService/GetTemplate" => {
                let request = v1::GetTemplateRequest { template_id: "csat".to_owned(), version: 0 };
                word(surveys.get_template(request).await)
            }
            "SurveyService/ListTemplates" => word(surveys.list_templates(v1::ListTemplatesRequest::default()).await),
            "SurveyService/IssueSurvey" => {
                let request = self.issuing(staff_id).await;
                word(surveys.issue_survey(request).await)
            }
            "SurveyService/ReportDelivery" => {
                let invitation_id = self.invitation(staff_id).await;
                let outcome = v1::DeliveryOutcome::Delivered.into();
                let request = v1::ReportDeliveryRequest { request_id, invitation_id, outcome, delivery_time: None };
                word(surveys.report_delivery(request).await)
            }
            "SurveyService/GetInvitation" => {
                let invitation_id = self.invitation(staff_id).await;
                word(surveys.get_invitation(v1::GetInvitationRequest { invitation_id }).await)
            }
            "SurveyService/ListInvitations" => {
                let invitation_id = self.invitation(staff_id).await;
                let answer = surveys.list_invitations(v1::ListInvitationsRequest::default()).await;
                listed(answer, |answer| answer.invitations.iter().any(|one| one.invitation_id == invitation_id))
            }
            "SurveyService/WatchInvitations" => {
                word(surveys.watch_invitations(v1::WatchInvitationsRequest::default()).await)
            }
            "ContestService/GetCoachingView" => {
                word(contests.get_coaching_view(v1::GetCoachingViewRequest::default()).await)
            }
            "ContestService/ContestRating" => {
                let request = contesting(self.contestable(staff_id).await);
                word(contests.contest_rating(request).await)
            }
            "ContestService/DecideContest" => {
                let (contest_id, _) = self.contested(&self.leads, staff_id).await;
                word(contests.decide_contest(deciding(&contest_id, v1::ContestVerdict::Granted)).await)
            }
            "ContestService/AppealContest" => {
                // Nobody contests their own under its id.
                let (by, staff_id) = match about {
                    About::Own | About::Team | About::Any => (&self.callers["supervisor"], "nora"),
                    About::Other => (&self.leads, staff_id),
                };
                let (contest_id, _) = self.contested(by, staff_id).await;
                self.settle(&contest_id, v1::ContestVerdict::Refused).await;
                word(contests.appeal_contest(v1::AppealContestRequest { request_id, contest_id, reason }).await)
            }
            "ContestService/RestoreRating" => {
                let (contest_id, rating_id) = self.contested(&self.leads, staff_id).await;
                self.settle(&contest_id, v1::ContestVerdict::Granted).await;
                word(contests.restore_rating(v1::RestoreRatingRequest { request_id, rating_id, reason }).await)
            }
            "ContestService/ListContests" => {
                let (contest_id, _) = self.contested(&self.leads, staff_id).await;
                let answer = contests.list_contests(v1::ListContestsRequest::default()).await;
                listed(answer, |answer| answer.contests.iter().any(|one| one.contest_id == contest_id))
            }
            "ContestService/ListExemptions" => {
                let (contest_id, _) = self.contested(&self.leads, staff_id).await;
                self.settle(&contest_id, v1::ContestVerdict::Granted).await;
                let answer = contests.list_exemptions(v1::ListExemptionsRequest::default()).await;
                listed(answer, |answer| answer.contests.iter().any(|one| one.contest_id == contest_id))
            }
            "SurveyService/ReceiveReply" => word(surveys.receive_reply(reply("5")).await),
            "SurveyService/ListReplies" => word(surveys.list_replies(v1::ListRepliesRequest::default()).await),
            "SurveyService/SettleReply" => {
                let received = self.callers["app"].surveys().receive_reply(reply("who are you?")).await.unwrap();
                let reply_id = received.into_inner().reply.unwrap().reply_id;
                let reason = "a question".to_owned();
                let request = v1::SettleReplyRequest { request_id, reply_id, reason, ..Default::default() };
                word(surveys.settle_reply(request).await)
            }
            "SurveyService/SubmitSurvey" => {
                let issued = self.callers["app"].surveys().issue_survey(self.issuing(staff_id).await).await.unwrap();
                let survey_token = issued.into_inner().to_send.unwrap().token;
                let request = v1::SubmitSurveyRequest { request_id, survey_token, score: 5, ..Default::default() };
                word(surveys.submit_survey(request).await)
            }
            "AuditService/ListAuditEvents" => {
                let answer = caller.audit().list_audit_events(v1::ListAuditEventsRequest::default()).await;
                listed(answer, |answer| answer.audit_events.iter().any(|one| one.object_id == customer_id))
            }
            "QualityService/AssessInteraction" => {
                let overall = 5;
                let request =
                    v1::AssessInteractionRequest { request_id, interaction_id, overall, ..Default::default() };
                word(quality.assess_interaction(request).await)
            }
            "QualityService/ListAssessments" => {
                let (assessment_id, _) = self.mismatch(staff_id).await;
                let request = v1::ListAssessmentsRequest { page_size: 500, ..Default::default() };
                listed(quality.list_assessments(request).await, |answer| {
                    answer.assessments.iter().any(|one| one.assessment_id == assessment_id)
                })
            }
            "QualityService/ListMismatches" => {
                let (_, rating_id) = self.mismatch(staff_id).await;
                let request = v1::ListMismatchesRequest { page_size: 500, ..Default::default() };
                let is_it =
                    |one: &v1::Mismatch| one.rating.as_ref().is_some_and(|rating| rating.rating_id == rating_id);
                listed(quality.list_mismatches(request).await, |answer| answer.mismatches.iter().any(is_it))
            }
            "QualityService/SharePraise" => {
                let rating_id = self.praise(staff_id).await;
                word(quality.share_praise(v1::SharePraiseRequest { request_id, rating_id, ..Default::default() }).await)
            }
            "QualityService/ListPraise" => {
                let rating_id = self.praise(staff_id).await;
                let share = v1::SharePraiseRequest { request_id, rating_id, ..Default::default() };
                let shared = self.judges[0].quality().share_praise(share).await.unwrap().into_inner();
                let praise_id = shared.praise.unwrap().praise_id;
                let request = v1::ListPraiseRequest { page_size: 500, ..Default::default() };
                listed(quality.list_praise(request).await, |answer| {
                    answer.praise.iter().any(|one| one.praise_id == praise_id)
                })
            }
            competing if competing.starts_with("CompetitionService/") => {
                self.ask_of_competition(competing, who, about).await
            }
            "PreferenceService/GetPreferences" => {
                let customer_id = customer_id.to_owned();
                let request = v1::GetPreferencesRequest { customer_id, dimensions: vec![] };
                word(preferences.get_preferences(request).await)
            }
            "PreferenceService/StatePreference" => {
                word(preferences.state_preference(Self::statement(request_id, customer_id)).await)
            }
            "PreferenceService/WithdrawPreference" => {
                // Or there is nothing to withdraw.
                let stated = Self::statement(request_id.clone(), customer_id);
                self.callers["app"].preferences().state_preference(stated).await.unwrap();
                let request = v1::WithdrawPreferenceRequest {
                    request_id: format!("{request_id}-withdrawn"),
                    customer_id: customer_id.to_owned(),
                    dimension: v1::PreferenceDimension::Channel.into(),
                    value: String::new(),
                };
                word(preferences.withdraw_preference(request).await)
            }
            "PreferenceService/RefutePreference" => {
                let request = v1::RefutePreferenceRequest {
                    request_id,
                    customer_id: customer_id.to_owned(),
                    dimension: v1::PreferenceDimension::Channel.into(),
                    value: "email".to_owned(),
                    note: reason,
                    source: String::new(),
                };
                word(preferences.refute_preference(request).await)
            }
            "PreferenceService/BriefCustomer" => {
                let request = v1::BriefCustomerRequest {
                    customer_id: customer_id.to_owned(),
                    purpose: ReadingPurpose::Serving.into(),
                    ..Default::default()
                };
                word(preferences.brief_customer(request).await)
            }
            "PreferenceService/FindCustomers" => {
                let criterion = v1::PreferenceCriterion {
                    dimension: v1::PreferenceDimension::Channel.into(),
                    values: vec!["inbound_call".to_owned()],
                    min_share: 0.1,
                };
                let request = v1::FindCustomersRequest { criteria: vec![criterion], ..Default::default() };
                word(preferences.find_customers(request).await)
            }
            "PrivacyService/SetConsent" => {
                let point = v1::ContactPoint {
                    kind: v1::ContactKind::Phone.into(),
                    value: "+49 30 1".to_owned(),
                    source: "order form".to_owned(),
                    ..Default::default()
                };
                let told = v1::Customer { contact_points: vec![point], ..customer(customer_id) };
                self.callers["app"].upsert_customer(told).await.unwrap();
                let request = v1::SetConsentRequest {
                    request_id,
                    customer_id: customer_id.to_owned(),
                    kind: v1::ContactKind::Phone.into(),
                    value: "+49 30 1".to_owned(),
                    consent: v1::Consent::Granted.into(),
                    source: "by telephone".to_owned(),
                    ..Default::default()
                };
                word(caller.privacy().set_consent(request).await)
            }
            "PrivacyService/ExportCustomer" => {
                let request = v1::ExportCustomerRequest { customer_id: customer_id.to_owned(), ..Default::default() };
                word(caller.privacy().export_customer(request).await)
            }
            "PrivacyService/EraseCustomer" => {
                let customer_id = format!("{who} erases");
                self.callers["app"].upsert_customer(customer(&customer_id)).await.unwrap();
                word(
                    caller.privacy().erase_customer(v1::EraseCustomerRequest { request_id, customer_id, reason }).await,
                )
            }
            "IdentityService/MergeCustomers" => {
                let (kept_customer_id, absorbed_customer_id) = self.two_records(who, "merges").await;
                let request = v1::MergeCustomersRequest { request_id, kept_customer_id, absorbed_customer_id, reason };
                word(caller.identity().merge_customers(request).await)
            }
            "IdentityService/UndoMerge" => {
                let (kept_customer_id, absorbed_customer_id) = self.two_records(who, "parts").await;
                let request = v1::MergeCustomersRequest {
                    request_id: self::request_id(),
                    kept_customer_id,
                    absorbed_customer_id,
                    reason: reason.clone(),
                };
                let merged = self.callers["admin"].identity().merge_customers(request).await.unwrap().into_inner();
                let merge_id = merged.merge.unwrap().merge_id;
                word(caller.identity().undo_merge(v1::UndoMergeRequest { request_id, merge_id, reason }).await)
            }
            "IdentityService/ListMerges" => word(caller.identity().list_merges(v1::ListMergesRequest::default()).await),
            "IdentityService/SuggestDuplicates" => {
                word(caller.identity().suggest_duplicates(v1::SuggestDuplicatesRequest::default()).await)
            }
            "IdentityService/ReleaseAlias" => {
                let alias = v1::CustomerAlias { kind: v1::ContactKind::Chat.into(), value: who.to_owned() };
                let known = v1::Customer { aliases: vec![alias.clone()], ..customer(&format!("{who} released")) };
                self.callers["app"].upsert_customer(known).await.unwrap();
                let request = v1::ReleaseAliasRequest { request_id, alias: Some(alias), reason };
                word(caller.identity().release_alias(request).await)
            }
            "EventService/WatchEvents" => word(caller.events().watch_events(v1::WatchEventsRequest::default()).await),
            "EventService/ListWebhooks" => {
                word(caller.events().list_webhooks(v1::ListWebhooksRequest::default()).await)
            }
            "EventService/ListDeadLetters" => {
                let request = v1::ListDeadLettersRequest { webhook: "desk".to_owned(), ..Default::default() };
                word(caller.events().list_dead_letters(request).await)
            }
            "EventService/ReplayEvents" => {
                let scope = v1::ReplayScope::DeadLetters.into();
                let webhook = "desk".to_owned();
                let request = v1::ReplayEventsRequest { request_id, webhook, scope, ..Default::default() };
                word(caller.events().replay_events(request).await)
            }
            method if method.starts_with("DiscretionService/") => self.ask_of_discretion(method, who, about).await,
            method if method.starts_with("CallbackService/") => self.ask_of_callback(method, who, about).await,
            "PresenceService/SetPresence" => {
                let state = v1::PresenceState::OnDuty;
                word(crate::callbacks::presence(caller, staff_id, state, 20).await.map(Response::new))
            }
            "PresenceService/ListPresence" => {
                crate::callbacks::on_duty(&self.callers["app"], staff_id, 20).await;
                let answer = caller.presence().list_presence(v1::ListPresenceRequest::default()).await;
                listed(answer, |answer| answer.presences.iter().any(|one| one.staff_id == staff_id))
            }
            "ImportService/SuggestMapping" => {
                let file = v1::SuggestMappingRequest {
                    file_name: "calls.csv".to_owned(),
                    content: crate::imports::CALLS.into(),
                    ..Default::default()
                };
                word(caller.imports().suggest_mapping(file).await)
            }
            "ImportService/ReadFile" => word(caller.imports().read_file(crate::imports::read_calls()).await),
            "OperationsService/GetServerStatus" => {
                word(caller.operations().get_server_status(v1::GetServerStatusRequest {}).await)
            }
            "SessionService/StartSession" => word(caller.sessions().start_session(v1::StartSessionRequest {}).await),
            "SessionService/RenewSession" => word(caller.sessions().renew_session(v1::RenewSessionRequest {}).await),
            "SessionService/ListSessions" => word(caller.sessions().list_sessions(v1::ListSessionsRequest {}).await),
            "SessionService/EndSessions" => {
                let request = v1::EndSessionsRequest { request_id, session_id: String::new() };
                word(caller.sessions().end_sessions(request).await)
            }
            method if method.starts_with("CommitmentService/") => self.ask_of_commitment(method, who, about).await,
            method if method.starts_with("IncidentService/") => self.ask_of_incident(method, who).await,
            method if method.starts_with("TrialService/") => self.ask_of_trial(method, who, about).await,
            method if method.starts_with("JourneyService/") => self.ask_of_journey(method, who, about).await,
            method if method.starts_with("VoiceService/") => self.ask_of_voice(method, who, about).await,
            method if method.starts_with("FollowUpService/") => self.ask_of_follow_up(method, who, about).await,
            "CalendarService/PutCalendar" => {
                let calendar = Some(crate::calendars::desk(who));
                let request = v1::PutCalendarRequest { request_id, calendar, etag };
                word(caller.calendars().put_calendar(request).await)
            }
            "CalendarService/GetCalendar" => {
                let request = v1::GetCalendarRequest { calendar_id: self.calendar().await, version: 0 };
                word(caller.calendars().get_calendar(request).await)
            }
            "CalendarService/ListCalendars" => {
                let calendar = self.calendar().await;
                let answer = caller.calendars().list_calendars(v1::ListCalendarsRequest::default()).await;
                listed(answer, |answer| answer.calendars.iter().any(|one| one.calendar_id == calendar))
            }
            "CalendarService/AssignCalendar" => {
                let (team_id, calendar_id) = (team_id.to_owned(), self.calendar().await);
                let request = v1::AssignCalendarRequest { request_id, team_id, calendar_id };
                word(caller.calendars().assign_calendar(request).await)
            }
            "CalendarService/PreviewHolidays" => {
                let ics = crate::calendars::ICS.to_owned();
                let (from_date, to_date) = ("2026-01-01".to_owned(), "2026-12-31".to_owned());
                word(caller.calendars().preview_holidays(v1::PreviewHolidaysRequest { ics, from_date, to_date }).await)
            }
            "CalendarService/ExplainDue" => {
                let request = v1::ExplainDueRequest {
                    calendar_id: self.calendar().await,
                    start_time: at(0),
                    working: Some(prost_types::Duration::default()),
                    ..Default::default()
                };
                word(caller.calendars().explain_due(request).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    /// Two customers made for one caller.
    async fn two_records(&self, who: &str, what: &str) -> (String, String) {
        let both = (format!("{who} {what} one"), format!("{who} {what} another"));
        for id in [&both.0, &both.1] {
            self.callers["app"].upsert_customer(customer(id)).await.unwrap();
        }
        both
    }

    async fn ask_of_callback(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::callbacks::{claim_one, connect, dial, fail, on_duty, request, set_desk, wanted};
        let (app, caller) = (&self.callers["app"], &self.callers[who]);
        let Thing { team, staff, customer } = self.thing(who, about);
        let number = || format!("+8613{:09}", uuid::Uuid::new_v4().as_u128() % 1_000_000_000);
        let told = async || {
            // Another cell may have left them suspended.
            let (request_id, customer_id) = (request_id(), customer.to_owned());
            let lift = v1::LiftSuspensionRequest { request_id, customer_id, reason: "as before".to_owned() };
            drop(self.callers["admin"].directory().lift_suspension(lift).await);
            let number = number();
            v1::Callback { customer_id: customer.to_owned(), ..wanted(team, &number) }
        };
        match method {
            "CallbackService/QuoteCallback" => {
                let request = v1::QuoteCallbackRequest { team_id: team.to_owned() };
                return word(caller.callbacks().quote_callback(request).await);
            }
            "CallbackService/RequestCallback" => {
                let told = told().await;
                if who == "customer" {
                    crate::callbacks::with_number(app, customer, &told.contact_point).await;
                }
                let made = request(caller, told).await;
                if let Ok(made) = &made {
                    crate::callbacks::cancel(app, &made.callback_id).await.unwrap();
                }
                return word(made.map(Response::new));
            }
            "CallbackService/SetCallbackDesk" => {
                return word(set_desk(caller, team, 5).await.map(Response::new));
            }
            "CallbackService/ListCallbackDesks" => {
                set_desk(&self.callers["admin"], team, 5).await.unwrap();
                let answer = caller.callbacks().list_callback_desks(v1::ListCallbackDesksRequest::default()).await;
                return listed(answer, |answer| answer.desks.iter().any(|one| one.team_id == team));
            }
            _ => {}
        }
        on_duty(app, staff, 20).await;
        let made = async || request(app, told().await).await.unwrap().callback_id;
        let id = made().await;
        let claimed = async || claim_one(app, staff, &id).await.unwrap().unwrap().1;
        let request_id = request_id();
        let answer = match method {
            "CallbackService/ClaimCallback" => word(claim_one(caller, staff, &id).await.map(Response::new)),
            "CallbackService/RenewCallbackClaim" => {
                let (callback_id, fencing_number) = (id.clone(), claimed().await);
                let request = v1::RenewCallbackClaimRequest { request_id, callback_id, fencing_number, lease: None };
                word(caller.callbacks().renew_callback_claim(request).await)
            }
            "CallbackService/DialCallback" => {
                let fence = claimed().await;
                word(dial(caller, &id, fence).await.map(Response::new))
            }
            "CallbackService/ConnectCallback" => {
                let fence = claimed().await;
                dial(app, &id, fence).await.unwrap();
                word(connect(caller, &id, fence).await.map(Response::new))
            }
            "CallbackService/CompleteCallback" => {
                let fence = claimed().await;
                dial(app, &id, fence).await.unwrap();
                connect(app, &id, fence).await.unwrap();
                word(crate::callbacks::complete(caller, &id, fence).await.map(Response::new))
            }
            "CallbackService/FailCallback" => {
                let fence = claimed().await;
                dial(app, &id, fence).await.unwrap();
                word(fail(caller, (&id, fence), v1::CallbackFailureReason::Other).await.map(Response::new))
            }
            "CallbackService/CancelCallback" => word(crate::callbacks::cancel(caller, &id).await.map(Response::new)),
            "CallbackService/GetCallback" => {
                word(caller.callbacks().get_callback(v1::GetCallbackRequest { callback_id: id.clone() }).await)
            }
            "CallbackService/ListCallbacks" => {
                let states = vec![v1::CallbackState::Waiting.into()];
                let request = v1::ListCallbacksRequest { states, page_size: 500, ..Default::default() };
                let answer = caller.callbacks().list_callbacks(request).await;
                listed(answer, |answer| answer.callbacks.iter().any(|one| one.callback_id == id))
            }
            "CallbackService/SummarizeCallbacks" => {
                let answer = caller.callbacks().summarize_callbacks(v1::SummarizeCallbacksRequest::default()).await;
                listed(answer, |answer| answer.summaries.iter().any(|one| one.team_id == team))
            }
            "CallbackService/WatchCallbacks" => {
                match caller.callbacks().watch_callbacks(v1::WatchCallbacksRequest::default()).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        let mut shown = answer.into_inner();
                        let other = made().await;
                        // Of the caller's own team, so that it comes whatever else does.
                        let last = request(app, wanted("north", &number())).await.unwrap().callback_id;
                        let mut has = false;
                        let found = loop {
                            let event = shown.message().await.unwrap().unwrap().event;
                            let id = event.map(|event| event.callback.unwrap().callback_id).unwrap_or_default();
                            has |= id == other;
                            if id == last {
                                break if has { "has" } else { "none" };
                            }
                        };
                        for id in [other, last] {
                            crate::callbacks::cancel(app, &id).await.unwrap();
                        }
                        found
                    }
                }
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        };
        // What it left open would keep the colleague busy.
        if crate::callbacks::cancel(app, &id).await.is_err() {
            for fence in [1, 2] {
                drop(fail(app, (&id, fence), v1::CallbackFailureReason::Other).await);
            }
        }
        answer
    }

    async fn ask_of_discretion(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::discretion as sample;
        let (caller, app, admin) = (&self.callers[who], &self.callers["app"], &self.callers["admin"]);
        let mut discretion = caller.discretion();
        let Thing { team, staff, .. } = self.thing(who, about);
        let (request_id, reason) = (request_id(), "as agreed".to_owned());
        sample::set(admin, sample::team_budget(team, "tea", 1_000_000, 1)).await.unwrap();
        // Somebody new each time: a second grant to a customer takes an approval.
        let customer_id = format!("given {request_id}");
        app.upsert_customer(customer(&customer_id)).await.unwrap();
        let interaction = app.record(sample::lately(staff, &customer_id)).await.unwrap().interaction_id;
        let gift = |quantity| sample::gift(&interaction, staff, "tea", quantity);
        let asked = async || sample::ask(app, gift(2)).await.unwrap().grant_id;
        match method {
            "DiscretionService/SetBudget" => {
                let scope = v1::BudgetScope::Each.into();
                let budget = v1::Budget { scope, ..sample::team_budget(team, "tea", 1_000_000, 1) };
                let request = v1::SetBudgetRequest { request_id, budget: Some(budget), reason };
                word(discretion.set_budget(request).await)
            }
            "DiscretionService/ListBudgets" => {
                let each = v1::BudgetScope::Each.into();
                let each = v1::Budget { scope: each, ..sample::team_budget(team, "tea", 1_000_000, 1) };
                sample::set(admin, each).await.unwrap();
                let request = v1::ListBudgetsRequest { team_id: team.to_owned(), ..Default::default() };
                let answer = discretion.list_budgets(request).await;
                listed(answer, |answer| answer.budgets.iter().any(|one| one.staff_id == staff))
            }
            "DiscretionService/MakeGrant" => {
                word(discretion.make_grant(v1::MakeGrantRequest { request_id, grant: Some(gift(1)) }).await)
            }
            "DiscretionService/RequestGrant" => {
                word(discretion.request_grant(v1::RequestGrantRequest { request_id, grant: Some(gift(2)) }).await)
            }
            "DiscretionService/DecideGrant" => {
                let (grant_id, verdict) = (asked().await, v1::GrantVerdict::Approve.into());
                let request = v1::DecideGrantRequest { request_id, grant_id, verdict, note: reason, valid_for: None };
                word(discretion.decide_grant(request).await)
            }
            "DiscretionService/GiveGrant" => {
                let grant_id = asked().await;
                sample::decide(admin, &grant_id, v1::GrantVerdict::Approve).await.unwrap();
                word(discretion.give_grant(v1::GiveGrantRequest { request_id, grant_id }).await)
            }
            "DiscretionService/WithdrawGrant" => {
                let grant_id = asked().await;
                word(discretion.withdraw_grant(v1::WithdrawGrantRequest { request_id, grant_id, reason }).await)
            }
            "DiscretionService/GetGrant" => {
                word(discretion.get_grant(v1::GetGrantRequest { grant_id: asked().await }).await)
            }
            "DiscretionService/ListGrants" => {
                let id = asked().await;
                let answer = discretion.list_grants(v1::ListGrantsRequest::default()).await;
                listed(answer, |answer| answer.grants.iter().any(|one| one.grant_id == id))
            }
            "DiscretionService/SummarizeGrants" => {
                let answer = discretion.summarize_grants(v1::SummarizeGrantsRequest::default()).await;
                listed(answer, |answer| answer.summaries.iter().any(|one| one.staff_id == staff))
            }
            "DiscretionService/EstimateGrantEffect" => {
                let (from_month, to_month) = ("2026-01".to_owned(), "2026-03".to_owned());
                let request = v1::EstimateGrantEffectRequest { from_month, to_month, team_id: String::new() };
                word(discretion.estimate_grant_effect(request).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_commitment(&self, method: &str, who: &str, about: About) -> &'static str {
        let mut caller = self.callers[who].commitments();
        let Thing { team, staff, customer } = self.thing(who, about);
        let promise = crate::commitments::promise(staff, customer);
        let (request_id, note) = (request_id(), "as agreed".to_owned());
        if method == "CommitmentService/MakeCommitment" {
            let request = v1::MakeCommitmentRequest { request_id, commitment: Some(promise) };
            return word(caller.make_commitment(request).await);
        }
        let made =
            async || crate::commitments::make(&self.callers["app"], promise.clone()).await.unwrap().commitment_id;
        let commitment_id = made().await;
        match method {
            "CommitmentService/KeepCommitment" => {
                word(caller.keep_commitment(v1::KeepCommitmentRequest { request_id, commitment_id, note }).await)
            }
            "CommitmentService/ReleaseCommitment" => {
                let request = v1::ReleaseCommitmentRequest { request_id, commitment_id, reason: note };
                word(caller.release_commitment(request).await)
            }
            "CommitmentService/GetCommitment" => {
                word(caller.get_commitment(v1::GetCommitmentRequest { commitment_id }).await)
            }
            "CommitmentService/ListCommitments" => {
                let request = v1::ListCommitmentsRequest { page_size: 500, ..Default::default() };
                let answer = caller.list_commitments(request).await;
                listed(answer, |answer| answer.commitments.iter().any(|one| one.commitment_id == commitment_id))
            }
            "CommitmentService/SummarizeCommitments" => {
                let answer = caller.summarize_commitments(v1::SummarizeCommitmentsRequest::default()).await;
                listed(answer, |answer| answer.summaries.iter().any(|one| one.team_id == team))
            }
            "CommitmentService/WatchCommitments" => {
                match caller.watch_commitments(v1::WatchCommitmentsRequest::default()).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        let mut shown = answer.into_inner();
                        let wanted = made().await;
                        // Of the caller's own team, so that it comes whatever else does.
                        let last = crate::commitments::promise("nora", "carla");
                        let last = crate::commitments::make(&self.callers["app"], last).await.unwrap().commitment_id;
                        let mut has = false;
                        loop {
                            let event = shown.message().await.unwrap().unwrap().event;
                            let id = event.map(|event| event.commitment.unwrap().commitment_id).unwrap_or_default();
                            has |= id == wanted;
                            if id == last {
                                break if has { "has" } else { "none" };
                            }
                        }
                    }
                }
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_follow_up(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::follow_ups as sample;
        let mut caller = self.callers[who].follow_ups();
        let Thing { team, staff, customer } = self.thing(who, about);
        let app = &self.callers["app"];
        let interaction_id = app.record(call(staff, customer)).await.unwrap().interaction_id;
        let request_id = request_id();
        if method == "FollowUpService/OpenFollowUp" {
            return word(caller.open_follow_up(sample::opening(&interaction_id)).await);
        }
        let opened = async |accused: &[&str]| {
            let about_staff_ids = accused.iter().map(|&id| id.to_owned()).collect();
            let opening = v1::OpenFollowUpRequest { about_staff_ids, ..sample::opening(&interaction_id) };
            sample::open(app, opening).await.unwrap()
        };
        let mut one = opened(&[]).await;
        let follow_up_id = one.follow_up_id.clone();
        let holder = match (about, who) {
            (About::Own | About::Any, "supervisor") => "petra",
            (About::Own | About::Any, _) => "nora",
            (About::Team, _) => "nils",
            (About::Other, _) => "sam",
        };
        let held = async || {
            let request = v1::ClaimFollowUpRequest { staff_id: holder.to_owned(), ..sample::claiming(&follow_up_id) };
            app.follow_ups().claim_follow_up(request).await.unwrap().into_inner().follow_up.unwrap()
        };
        if ["Return", "Hold", "Resume", "AnswerPoint", "Confirm", "Close"].iter().any(|name| method.contains(name)) {
            one = held().await;
        }
        if ["Confirm", "Reopen", "Close"].iter().any(|name| method.contains(name)) {
            one = held().await;
            for number in 1..=2 {
                sample::answer(app, &one, number).await.unwrap();
            }
        }
        let claim_number = one.claim_number;
        match method {
            "FollowUpService/RaisePoint" => {
                let words = "and one more".to_owned();
                word(caller.raise_point(v1::RaisePointRequest { request_id, follow_up_id, words }).await)
            }
            "FollowUpService/ClaimFollowUp" => {
                let staff_id = if who == "app" { holder.to_owned() } else { String::new() };
                let request = v1::ClaimFollowUpRequest { staff_id, ..sample::claiming(&follow_up_id) };
                word(caller.claim_follow_up(request).await)
            }
            "FollowUpService/ReturnFollowUp" => {
                let request = v1::ReturnFollowUpRequest { request_id, follow_up_id, claim_number };
                word(caller.return_follow_up(request).await)
            }
            "FollowUpService/HoldFollowUp" => {
                word(caller.hold_follow_up(sample::waiting(&one, v1::FollowUpWait::Customer, 600)).await)
            }
            "FollowUpService/ResumeFollowUp" => {
                let request = v1::ResumeFollowUpRequest { request_id, follow_up_id, claim_number };
                word(caller.resume_follow_up(request).await)
            }
            "FollowUpService/AnswerPoint" => {
                let (point_number, answer) = (1, "as it was".to_owned());
                let request = v1::AnswerPointRequest { request_id, follow_up_id, claim_number, point_number, answer };
                word(caller.answer_point(request).await)
            }
            "FollowUpService/ConfirmFollowUp" => {
                let note = String::new();
                word(caller.confirm_follow_up(v1::ConfirmFollowUpRequest { request_id, follow_up_id, note }).await)
            }
            "FollowUpService/ReopenFollowUp" => {
                let points = vec![v1::Point { words: "not yet".to_owned(), ..Default::default() }];
                word(caller.reopen_follow_up(v1::ReopenFollowUpRequest { request_id, follow_up_id, points }).await)
            }
            "FollowUpService/AssignFollowUp" => {
                let (team_id, staff_id) = (team.to_owned(), holder.to_owned());
                let request = v1::AssignFollowUpRequest { request_id, follow_up_id, team_id, staff_id, lease: None };
                word(caller.assign_follow_up(request).await)
            }
            "FollowUpService/CloseFollowUp" => {
                let (reason, note) = (v1::FollowUpCloseReason::NoReply.into(), "no answer".to_owned());
                let request = v1::CloseFollowUpRequest { request_id, follow_up_id, reason, note };
                word(caller.close_follow_up(request).await)
            }
            "FollowUpService/GetFollowUp" => word(caller.get_follow_up(v1::GetFollowUpRequest { follow_up_id }).await),
            "FollowUpService/ListFollowUps" => {
                let request = v1::ListFollowUpsRequest { page_size: 500, ..Default::default() };
                let answer = caller.list_follow_ups(request).await;
                listed(answer, |answer| answer.follow_ups.iter().any(|one| one.follow_up_id == follow_up_id))
            }
            "FollowUpService/SummarizeFollowUps" => {
                let answer = caller.summarize_follow_ups(v1::SummarizeFollowUpsRequest::default()).await;
                listed(answer, |answer| answer.summaries.iter().any(|one| one.team_id == team))
            }
            "FollowUpService/ExplainFollowUp" => {
                word(caller.explain_follow_up(v1::ExplainFollowUpRequest { follow_up_id }).await)
            }
            "FollowUpService/WatchFollowUps" => {
                match caller.watch_follow_ups(v1::WatchFollowUpsRequest::default()).await {
                    Err(status) => code(status.code()),
                    Ok(answer) => {
                        let mut shown = answer.into_inner();
                        let wanted = opened(&[]).await.follow_up_id;
                        // Of the caller's own team, so that it comes whatever else does.
                        let last = app.record(call("nora", "carla")).await.unwrap().interaction_id;
                        let last = sample::open(app, sample::opening(&last)).await.unwrap().follow_up_id;
                        let mut has = false;
                        loop {
                            let event = shown.message().await.unwrap().unwrap().event;
                            let id = event.map(|event| event.follow_up.unwrap().follow_up_id).unwrap_or_default();
                            has |= id == wanted;
                            if id == last {
                                break if has { "has" } else { "none" };
                            }
                        }
                    }
                }
            }
            "FollowUpService/ReleaseStatement" => {
                let follow_up_id = opened(&["nils"]).await.follow_up_id;
                let (staff_id, words) = ("nils".to_owned(), "Somebody says that you hung up.".to_owned());
                let request = v1::ReleaseStatementRequest { request_id, follow_up_id, staff_id, words };
                word(caller.release_statement(request).await)
            }
            "FollowUpService/ListStatements" => {
                word(caller.list_statements(v1::ListStatementsRequest::default()).await)
            }
            "FollowUpService/AnswerStatement" => {
                let follow_up_id = opened(&[holder]).await.follow_up_id;
                let words = "Somebody says that you hung up.".to_owned();
                let staff_id = holder.to_owned();
                let release = v1::ReleaseStatementRequest {
                    request_id: format!("{request_id}-r"),
                    follow_up_id,
                    staff_id,
                    words,
                };
                let released =
                    self.callers["admin"].follow_ups().release_statement(release).await.unwrap().into_inner();
                let statement_id = released.statement.unwrap().statement_id;
                let answer = "the line was cut".to_owned();
                word(caller.answer_statement(v1::AnswerStatementRequest { request_id, statement_id, answer }).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    /// Of a trial of the thing's team.
    async fn ask_of_trial(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::trials as sample;
        let (caller, app, admin) = (&self.callers[who], &self.callers["app"], &self.callers["admin"]);
        let Thing { team, staff, .. } = self.thing(who, about);
        // Nobody else has served them.
        let customer_id = format!("{team}-{}", request_id());
        app.upsert_customer(customer(&customer_id)).await.unwrap();
        app.record(call(staff, &customer_id)).await.unwrap();
        let laid_down = || sample::large_classes(&[team]);
        let draft = sample::create(admin, laid_down()).await.unwrap();
        let trial_id = draft.trial_id.clone();
        let subject = || sample::of_customer(&customer_id);
        match method {
            "TrialService/CreateTrial" => return word(sample::create(caller, laid_down()).await.map(Response::new)),
            "TrialService/UpdateTrial" => {
                return word(sample::update(caller, &draft, laid_down()).await.map(Response::new));
            }
            "TrialService/CheckTrial" => {
                return word(caller.trials().check_trial(v1::CheckTrialRequest { trial_id }).await);
            }
            "TrialService/StartTrial" => return word(sample::start(caller, &draft).await.map(Response::new)),
            _ => sample::start(admin, &draft).await.unwrap(),
        };
        match method {
            "TrialService/AssignTrial" => word(sample::assign(caller, &trial_id, subject()).await.map(Response::new)),
            "TrialService/GetTrialAssignment" => {
                sample::assign(app, &trial_id, subject()).await.unwrap();
                word(sample::given(caller, &trial_id, subject()).await.map(Response::new))
            }
            "TrialService/StopTrial" => word(sample::stop(caller, &trial_id).await.map(Response::new)),
            "TrialService/GetTrial" => word(caller.trials().get_trial(v1::GetTrialRequest { trial_id }).await),
            "TrialService/ListTrials" => {
                let answer = caller.trials().list_trials(v1::ListTrialsRequest::default()).await;
                listed(answer, |answer| answer.trials.iter().any(|one| one.trial_id == trial_id))
            }
            "TrialService/GetTrialReport" => word(sample::report(caller, &trial_id).await.map(Response::new)),
            "TrialService/ListTrialAssignments" => {
                sample::stop(admin, &trial_id).await.unwrap();
                let request = v1::ListTrialAssignmentsRequest { trial_id, ..Default::default() };
                word(caller.trials().list_trial_assignments(request).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_journey(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::journeys as sample;
        let (caller, customer) = (&self.callers[who], self.thing(who, about).customer);
        // Some version is there, no matter who asks first.
        let version = v1::GetJourneyRequest::default();
        if self.callers["admin"].journeys().get_journey(version).await.is_err() {
            sample::declare(&self.callers["admin"], sample::stages()).await.unwrap();
        }
        let request_id = crate::support::client::request_id();
        match method {
            "JourneyService/DeclareJourney" => word(sample::declare(caller, sample::stages()).await.map(Response::new)),
            "JourneyService/GetJourney" => word(caller.journeys().get_journey(version).await),
            "JourneyService/ListJourneys" => {
                let answer = caller.journeys().list_journeys(v1::ListJourneysRequest::default()).await;
                listed(answer, |answer| !answer.journeys.is_empty())
            }
            "JourneyService/SummarizeJourney" => {
                word(caller.journeys().summarize_journey(v1::SummarizeJourneyRequest::default()).await)
            }
            "JourneyService/GetCustomerJourney" => word(sample::customer(caller, customer).await.map(Response::new)),
            "JourneyService/LearnAnticipations" => {
                let request = v1::LearnAnticipationsRequest { request_id, ..Default::default() };
                word(caller.journeys().learn_anticipations(request).await)
            }
            "JourneyService/ListAnticipations" => {
                word(caller.journeys().list_anticipations(v1::ListAnticipationsRequest::default()).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_voice(&self, method: &str, who: &str, about: About) -> &'static str {
        use crate::voice as sample;
        let caller = &self.callers[who];
        let (app, team) = (&self.callers["app"], self.thing(who, about).team);
        // A department of the caller's team, or of another one.
        let department_id = format!("dept of {team}");
        let department = sample::department(&department_id, team, vec![]);
        sample::set(&self.callers["admin"], department.clone()).await.unwrap();
        let raised = sample::raise(app, sample::concern(&department_id, "an unknown topic")).await.unwrap();
        let concern_id = raised.concern_id;
        let id = concern_id.as_str();
        match method {
            "VoiceService/SetDepartment" => word(sample::set(caller, department).await.map(Response::new)),
            "VoiceService/ListDepartments" => {
                let answer = caller.voice().list_departments(v1::ListDepartmentsRequest::default()).await;
                listed(answer, |answer| answer.departments.iter().any(|one| one.department_id == department_id))
            }
            "VoiceService/SummarizeVoice" => {
                word(caller.voice().summarize_voice(v1::SummarizeVoiceRequest::default()).await)
            }
            "VoiceService/ListVoiceExamples" => {
                word(caller.voice().list_voice_examples(v1::ListVoiceExamplesRequest::default()).await)
            }
            "VoiceService/RaiseConcern" => {
                word(sample::raise(caller, sample::concern(&department_id, "another")).await.map(Response::new))
            }
            "VoiceService/AcknowledgeConcern" => word(sample::acknowledge(caller, id, 3_600).await.map(Response::new)),
            "VoiceService/MoveFixTime" => {
                sample::acknowledge(app, id, 3_600).await.unwrap();
                word(sample::move_fix(caller, id, 7_200).await.map(Response::new))
            }
            "VoiceService/MendConcern" => word(sample::mend(caller, id).await.map(Response::new)),
            "VoiceService/TellConcern" => {
                sample::mend(app, id).await.unwrap();
                word(sample::tell(caller, id).await.map(Response::new))
            }
            "VoiceService/DeclineConcern" => word(sample::decline(caller, id).await.map(Response::new)),
            "VoiceService/GetConcern" => word(caller.voice().get_concern(v1::GetConcernRequest { concern_id }).await),
            "VoiceService/ListConcerns" => {
                let answer = caller.voice().list_concerns(v1::ListConcernsRequest::default()).await;
                listed(answer, |answer| answer.concerns.iter().any(|one| one.concern_id == concern_id))
            }
            "VoiceService/SummarizeConcerns" => {
                let answer = caller.voice().summarize_concerns(v1::SummarizeConcernsRequest::default()).await;
                listed(answer, |answer| answer.summaries.iter().any(|one| one.department_id == department_id))
            }
            "VoiceService/ReviewConcern" => {
                word(caller.voice().review_concern(v1::ReviewConcernRequest { concern_id }).await)
            }
            "VoiceService/ExplainConcern" => {
                word(caller.voice().explain_concern(v1::ExplainConcernRequest { concern_id }).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_incident(&self, method: &str, who: &str) -> &'static str {
        let mut caller = self.callers[who].incidents();
        let mut app = self.callers["app"].incidents();
        let request_id = request_id();
        // Of a topic of its own, so that no two have to do with each other.
        let topic = format!("Outage {request_id}");
        let interaction = v1::Interaction { topic: topic.clone(), ..crate::surveys::ended("carla", 60) };
        self.callers["app"].record(interaction).await.unwrap();
        let rule =
            Some(v1::IncidentRule { from_time: crate::surveys::ago(600), topics: vec![topic], ..Default::default() });
        let preview = v1::PreviewIncidentRequest { rule: rule.clone() };
        if method == "IncidentService/PreviewIncident" {
            return word(caller.preview_incident(preview).await);
        }
        let fingerprint = app.preview_incident(preview).await.unwrap().into_inner().fingerprint;
        let (title, department) = ("An outage".to_owned(), String::new());
        let request = v1::DeclareIncidentRequest { request_id, title, department, rule, fingerprint };
        if method == "IncidentService/DeclareIncident" {
            return word(caller.declare_incident(request).await);
        }
        let declared = app.declare_incident(request).await.unwrap().into_inner().incident.unwrap();
        let (request_id, incident_id) = (crate::support::client::request_id(), declared.incident_id);
        let words = "it is the provider".to_owned();
        match method {
            "IncidentService/PostIncidentUpdate" => {
                let request = v1::PostIncidentUpdateRequest { request_id, incident_id, words };
                word(caller.post_incident_update(request).await)
            }
            "IncidentService/NotifyIncident" => {
                let request = v1::NotifyIncidentRequest { request_id, incident_id, words, per_minute: 0 };
                word(caller.notify_incident(request).await)
            }
            "IncidentService/ResolveIncident" => {
                let request = v1::ResolveIncidentRequest { request_id, incident_id, mended_words: words };
                word(caller.resolve_incident(request).await)
            }
            "IncidentService/CancelIncident" => {
                word(caller.cancel_incident(v1::CancelIncidentRequest { request_id, incident_id, reason: words }).await)
            }
            "IncidentService/GetIncident" => word(caller.get_incident(v1::GetIncidentRequest { incident_id }).await),
            "IncidentService/ListIncidents" => word(caller.list_incidents(v1::ListIncidentsRequest::default()).await),
            "IncidentService/ReviewIncident" => {
                word(caller.review_incident(v1::ReviewIncidentRequest { incident_id }).await)
            }
            "IncidentService/TakeNotices" => {
                let request = v1::TakeNoticesRequest { request_id, channel: Channel::Sms.into(), count: 1 };
                word(caller.take_notices(request).await)
            }
            "IncidentService/ReportNotice" => {
                let notice_id = uuid::Uuid::new_v4().to_string();
                let outcome = v1::NoticeOutcome::Failed.into();
                word(caller.report_notice(v1::ReportNoticeRequest { request_id, notice_id, outcome }).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    async fn ask_of_competition(&self, method: &str, who: &str, about: About) -> &'static str {
        let mut caller = self.callers[who].competitions();
        let Thing { team: team_id, staff: staff_id, .. } = self.thing(who, about);
        let (request_id, staff_id, reason) = (request_id(), staff_id.to_owned(), "as agreed".to_owned());
        let vote = self.announced().await;
        let (competition_id, entry_id) = (vote.id.clone(), vote.entries[team_id].clone());
        // A colleague votes for themselves, an application for the judge whose token it has.
        let ballot_token = if who == "app" { vote.token.clone() } else { String::new() };
        let entry_ids = vec![vote.entries["t0"].clone()];
        let competition = Some(announcement(Clock::system().now_micros(), vote_rules()));
        let etag = vote.etag.clone();
        match method {
            "CompetitionService/CreateCompetition" => {
                word(caller.create_competition(v1::CreateCompetitionRequest { request_id, competition }).await)
            }
            "CompetitionService/UpdateCompetition" => {
                let request = v1::UpdateCompetitionRequest { request_id, competition_id, competition, etag };
                word(caller.update_competition(request).await)
            }
            "CompetitionService/CancelCompetition" => {
                let request = v1::CancelCompetitionRequest { request_id, competition_id, reason };
                word(caller.cancel_competition(request).await)
            }
            "CompetitionService/GetCompetition" => {
                word(caller.get_competition(v1::GetCompetitionRequest { competition_id }).await)
            }
            "CompetitionService/ListCompetitions" => {
                let answer = caller.list_competitions(v1::ListCompetitionsRequest::default()).await;
                listed(answer, |answer| answer.competitions.iter().any(|one| one.competition_id == competition_id))
            }
            "CompetitionService/SubmitEntry" => {
                self.withdraw_entry(&entry_id).await;
                let request = v1::SubmitEntryRequest { request_id, entry: Some(plan(&competition_id, team_id)) };
                word(caller.submit_entry(request).await)
            }
            "CompetitionService/ReviseEntry" => {
                let (entry, etag) = (Some(plan(&competition_id, team_id)), vote.entry_etag);
                word(caller.revise_entry(v1::ReviseEntryRequest { request_id, entry_id, entry, etag }).await)
            }
            "CompetitionService/WithdrawEntry" => {
                word(caller.withdraw_entry(v1::WithdrawEntryRequest { request_id, entry_id }).await)
            }
            "CompetitionService/ListEntries" => {
                let request = v1::ListEntriesRequest { competition_id, ..Default::default() };
                let answer = caller.list_entries(request).await;
                listed(answer, |answer| answer.entries.iter().any(|one| one.entry_id == entry_id))
            }
            "CompetitionService/DeclareConflict" => {
                let team_id = "t1".to_owned();
                let request = v1::DeclareConflictRequest { request_id, competition_id, staff_id, team_id };
                word(caller.declare_conflict(request).await)
            }
            "CompetitionService/InviteJudges" => {
                let (team_id, judge_ids) = ("learners".to_owned(), vec!["lia".to_owned()]);
                let request = v1::InviteJudgesRequest { request_id, competition_id, team_id, judge_ids };
                word(caller.invite_judges(request).await)
            }
            "CompetitionService/OpenVoting" => {
                end_submission(&self.callers["admin"], &competition_id).await;
                let public_draw = String::new();
                word(caller.open_voting(v1::OpenVotingRequest { request_id, competition_id, public_draw }).await)
            }
            "CompetitionService/GetMyBallot" => {
                self.open(&vote).await;
                word(caller.get_my_ballot(v1::GetMyBallotRequest { competition_id, ballot_token }).await)
            }
            "CompetitionService/SaveDraft" => {
                self.open(&vote).await;
                word(caller.save_draft(v1::SaveDraftRequest { competition_id, ballot_token, entry_ids }).await)
            }
            "CompetitionService/CastBallot" => {
                self.open(&vote).await;
                let revision = 0;
                let request = v1::CastBallotRequest { request_id, competition_id, ballot_token, entry_ids, revision };
                word(caller.cast_ballot(request).await)
            }
            "CompetitionService/WithdrawBallot" => {
                self.open(&vote).await;
                let casting = v1::CastBallotRequest {
                    request_id: request_id.clone(),
                    competition_id: competition_id.clone(),
                    ballot_token: ballot_token.clone(),
                    entry_ids,
                    revision: 0,
                };
                // Those who may not cast one have none to withdraw, and are refused all the same.
                _ = caller.cast_ballot(casting).await;
                let request_id = format!("{request_id}-withdraw");
                let request = v1::WithdrawBallotRequest { request_id, competition_id, ballot_token, revision: 1 };
                word(caller.withdraw_ballot(request).await)
            }
            "CompetitionService/CloseVoting" => {
                self.open(&vote).await;
                word(caller.close_voting(v1::CloseVotingRequest { request_id, competition_id }).await)
            }
            "CompetitionService/AcceptResult" => {
                self.open(&vote).await;
                let reason = "all were asked".to_owned();
                word(caller.accept_result(v1::AcceptResultRequest { request_id, competition_id, reason }).await)
            }
            "CompetitionService/GetLeaderboard" => {
                self.open(&vote).await;
                let request = v1::GetLeaderboardRequest { competition_id, ..Default::default() };
                word(caller.get_leaderboard(request).await)
            }
            "CompetitionService/WatchLeaderboard" => {
                let request = v1::WatchLeaderboardRequest { competition_id, ..Default::default() };
                word(caller.watch_leaderboard(request).await)
            }
            "CompetitionService/WatchReminders" => {
                word(caller.watch_reminders(v1::WatchRemindersRequest::default()).await)
            }
            "CompetitionService/ExplainStanding" => {
                self.open(&vote).await;
                word(caller.explain_standing(v1::ExplainStandingRequest { entry_id }).await)
            }
            "CompetitionService/ListTeamStandings" => {
                let request = v1::ListTeamStandingsRequest { team_id: team_id.to_owned(), ..Default::default() };
                word(caller.list_team_standings(request).await)
            }
            "CompetitionService/ListFlags" => {
                self.open(&vote).await;
                let request = v1::ListFlagsRequest { competition_id, ..Default::default() };
                word(caller.list_flags(request).await)
            }
            "CompetitionService/DecideFlag" => {
                let request = v1::DecideFlagRequest {
                    request_id,
                    flag_id: entry_id,
                    verdict: v1::FlagVerdict::Dismissed.into(),
                    reason,
                    disqualified_team_ids: Vec::new(),
                };
                word(caller.decide_flag(request).await)
            }
            "CompetitionService/ExportRecord" => {
                self.open(&vote).await;
                let request = v1::ExportRecordRequest { competition_id, ..Default::default() };
                word(caller.export_record(request).await)
            }
            "CompetitionService/EraseVoter" => {
                let voter_id = "gone".to_owned();
                word(caller.erase_voter(v1::EraseVoterRequest { request_id, voter_id }).await)
            }
            unknown => panic!("the matrix has {unknown}, and nobody here knows how to call it"),
        }
    }

    /// A competition that takes entries: of north, south, t0 and t1; t2, t3 and invited customers judge.
    async fn announced(&self) -> Competition {
        let mut admin = self.callers["admin"].competitions();
        let competition = Some(announcement(Clock::system().now_micros(), vote_rules()));
        let request = v1::CreateCompetitionRequest { request_id: request_id(), competition };
        let created = admin.create_competition(request).await.unwrap().into_inner().competition.unwrap();
        let id = created.competition_id;
        let (mut entries, mut entry_etag) = (BTreeMap::new(), String::new());
        for team_id in ["north", "south", "t0", "t1"] {
            let request = v1::SubmitEntryRequest { request_id: request_id(), entry: Some(plan(&id, team_id)) };
            let entry = admin.submit_entry(request).await.unwrap().into_inner().entry.unwrap();
            entries.insert(team_id, entry.entry_id);
            entry_etag = entry.etag;
        }
        let request = v1::InviteJudgesRequest {
            request_id: request_id(),
            competition_id: id.clone(),
            team_id: "customers".to_owned(),
            judge_ids: ["carla", "dora", "dmitri"].map(str::to_owned).into(),
        };
        let invited = admin.invite_judges(request).await.unwrap().into_inner().invitations;
        let token = invited[0].ballot_token.clone();
        Competition { id, etag: created.etag, entries, entry_etag, token }
    }

    async fn open(&self, vote: &Competition) {
        end_submission(&self.callers["admin"], &vote.id).await;
        let request = v1::OpenVotingRequest {
            request_id: request_id(),
            competition_id: vote.id.clone(),
            public_draw: String::new(),
        };
        self.callers["admin"].competitions().open_voting(request).await.unwrap();
    }

    async fn withdraw_entry(&self, entry_id: &str) {
        let request = v1::WithdrawEntryRequest { request_id: request_id(), entry_id: entry_id.to_owned() };
        self.callers["admin"].competitions().withdraw_entry(request).await.unwrap();
    }

    /// A request to invite to rate a new interaction, with somebody of whom nothing else is known: the customers of the
    /// organisation are suspended, or do not wish to be asked, by the time.
    async fn issuing(&self, staff: &str) -> v1::IssueSurveyRequest {
        let stranger = Interaction { customer_alias: Some(phone(&request_id())), ..call(staff, "") };
        let interaction = self.callers["app"].record(stranger).await.unwrap();
        v1::IssueSurveyRequest {
            request_id: request_id(),
            interaction_id: interaction.interaction_id,
            template_id: "csat".to_owned(),
            template_version: 0,
        }
    }

    /// A new invitation.
    async fn invitation(&self, staff: &str) -> String {
        let request = self.issuing(staff).await;
        let issued = self.callers["app"].surveys().issue_survey(request).await.unwrap().into_inner();
        issued.to_send.unwrap().invitation.unwrap().invitation_id
    }

    /// A rating that may be submitted: of a new interaction.
    async fn rating(&self, staff: &str) -> v1::SubmitRatingRequest {
        let interaction = self.callers["app"].record(call(staff, "carla")).await.unwrap();
        let rating = v1::Rating {
            interaction_id: interaction.interaction_id,
            template_id: "csat".to_owned(),
            score: 4,
            answered_time: at(600),
            ..Default::default()
        };
        v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) }
    }

    /// A new rating: its id.
    async fn rated(&self, staff: &str) -> String {
        let request = self.rating(staff).await;
        self.callers["app"].ratings().submit_rating(request).await.unwrap().into_inner().rating_id
    }

    /// A new re-attribution of something rated, which waits: its id.
    async fn asked(&self, staff: &str) -> String {
        let rating = self.rating(staff).await;
        let interaction_id = rating.rating.as_ref().unwrap().interaction_id.clone();
        self.callers["app"].ratings().submit_rating(rating).await.unwrap();
        let request = v1::ReattributeInteractionRequest {
            request_id: request_id(),
            interaction_id,
            participants: vec![participant(if staff == "nils" { "sam" } else { "nils" })],
            reason: "as agreed".to_owned(),
            ..Default::default()
        };
        let answer = self.leads.interactions().reattribute_interaction(request).await.unwrap().into_inner();
        answer.reattribution.unwrap().reattribution_id
    }

    /// A calendar that is there: its id.
    async fn calendar(&self) -> String {
        let calendar = Some(crate::calendars::desk("berlin"));
        let request = v1::PutCalendarRequest { request_id: request_id(), calendar, etag: String::new() };
        self.callers["admin"].calendars().put_calendar(request).await.unwrap();
        "berlin".to_owned()
    }

    /// A new draft of a survey template: its version.
    async fn draft(&self) -> i32 {
        let request = v1::CreateTemplateRequest { request_id: request_id(), template: Some(template("nps")) };
        let created = self.callers["admin"].surveys().create_template(request).await.unwrap();
        created.into_inner().template.unwrap().version
    }

    /// Changes an interaction, so that its watchers are told.
    async fn touch(&self, interaction_id: &str) {
        let request = v1::UpdateInteractionRequest {
            request_id: request_id(),
            interaction_id: interaction_id.to_owned(),
            interaction: Some(InteractionUpdate { conclusion: "looked into it".to_owned(), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["conclusion".to_owned()] }),
            etag: String::new(),
        };
        self.callers["app"].interactions().update_interaction(request).await.unwrap();
    }

    /// A new rating of a colleague.
    async fn contestable(&self, staff: &str) -> String {
        let interaction = self.callers["app"].record(call(staff, "carla")).await.unwrap();
        let rating = v1::Rating {
            interaction_id: interaction.interaction_id,
            template_id: "csat".to_owned(),
            score: 1,
            answered_time: at(600),
            ..Default::default()
        };
        let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        let mut ratings = v1::rating_service_client::RatingServiceClient::new(self.callers["app"].service());
        ratings.submit_rating(request).await.unwrap().into_inner().rating_id
    }

    /// A new interaction that a reviewer assesses well and its customer rates badly: the assessment and the rating.
    async fn mismatch(&self, staff: &str) -> (String, String) {
        let mut rating = self.rating(staff).await;
        let told = rating.rating.as_mut().unwrap();
        told.score = 1;
        let request = v1::AssessInteractionRequest {
            request_id: request_id(),
            interaction_id: told.interaction_id.clone(),
            overall: 5,
            ..Default::default()
        };
        let assessed = self.judges[0].quality().assess_interaction(request).await.unwrap().into_inner();
        let rated = self.callers["app"].ratings().submit_rating(rating).await.unwrap().into_inner();
        (assessed.assessment.unwrap().assessment_id, rated.rating_id)
    }

    /// A new rating with a comment.
    async fn praise(&self, staff: &str) -> String {
        let mut rating = self.rating(staff).await;
        rating.rating.as_mut().unwrap().comment = "thank you".to_owned();
        self.callers["app"].ratings().submit_rating(rating).await.unwrap().into_inner().rating_id
    }

    /// A new contest, and the rating it is about.
    async fn contested(&self, by: &Caller, staff: &str) -> (String, String) {
        let rating_id = self.contestable(staff).await;
        let answer = by.contests().contest_rating(contesting(rating_id.clone())).await.unwrap();
        (answer.into_inner().contest.unwrap().contest_id, rating_id)
    }

    /// Decides a contest, by as many as it takes.
    async fn settle(&self, contest_id: &str, verdict: v1::ContestVerdict) {
        for judge in &self.judges {
            let answer = judge.contests().decide_contest(deciding(contest_id, verdict)).await.unwrap();
            if answer.into_inner().contest.unwrap().state() != v1::ContestState::SecondReview {
                return;
            }
        }
    }

    async fn suspend(
        &self,
        caller: &Caller,
        customer_id: &str,
    ) -> Result<Response<v1::SuspendCustomerResponse>, Status> {
        let request = v1::SuspendCustomerRequest {
            request_id: request_id(),
            customer_id: customer_id.to_owned(),
            reason: "threatened the driver".to_owned(),
            end_time: None,
        };
        caller.directory().suspend_customer(request).await
    }
}

fn template(template_id: &str) -> v1::SurveyTemplate {
    v1::SurveyTemplate {
        template_id: template_id.to_owned(),
        direction: v1::ScaleDirection::HighBest.into(),
        ..Default::default()
    }
}

fn contesting(rating_id: String) -> v1::ContestRatingRequest {
    v1::ContestRatingRequest {
        request_id: request_id(),
        rating_id,
        grounds: v1::ContestGrounds::Incident.into(),
        ..Default::default()
    }
}

/// A reply from a number of which nothing is known.
fn reply(text: &str) -> v1::ReceiveReplyRequest {
    v1::ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(phone("+999")),
        text: text.to_owned(),
        ..Default::default()
    }
}

fn deciding(contest_id: &str, verdict: v1::ContestVerdict) -> v1::DecideContestRequest {
    v1::DecideContestRequest {
        request_id: request_id(),
        contest_id: contest_id.to_owned(),
        verdict: verdict.into(),
        reason: "as agreed".to_owned(),
    }
}

fn timeline(customer_id: &str) -> v1::ReadCustomerTimelineRequest {
    v1::ReadCustomerTimelineRequest {
        customer_id: customer_id.to_owned(),
        purpose: ReadingPurpose::Serving.into(),
        ..Default::default()
    }
}

fn policy_request(policy: v1::ContactPolicy) -> v1::SetContactPolicyRequest {
    v1::SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "as agreed".to_owned(),
        etag: String::new(),
    }
}

fn wish(customer_id: &str) -> v1::SetDoNotContactRequest {
    v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        reason: "too many calls".to_owned(),
        ..Default::default()
    }
}

fn with_primary(mut told: v1::Interaction) -> v1::Interaction {
    told.participants[0].involvement = v1::Involvement::Primary.into();
    told
}

fn recording(staff_id: &str, customer_id: &str) -> RecordInteractionRequest {
    RecordInteractionRequest { request_id: request_id(), interaction: Some(call(staff_id, customer_id)) }
}

fn item_code(failure: &v1::RecordFailure) -> i32 {
    failure.error.as_ref().map_or(0, |error| error.code)
}

fn word<T>(answer: Result<Response<T>, Status>) -> &'static str {
    answer.map_or_else(|status| code(status.code()), |_| "OK")
}

fn listed<T>(answer: Result<Response<T>, Status>, has: impl Fn(&T) -> bool) -> &'static str {
    match answer {
        Err(status) => code(status.code()),
        Ok(answer) if has(answer.get_ref()) => "has",
        Ok(_) => "none",
    }
}

fn upserted(answer: Result<Vec<v1::UpsertItemResult>, Status>) -> &'static str {
    match answer {
        Err(status) => code(status.code()),
        Ok(mut results) => match results.remove(0).result.unwrap() {
            upsert_item_result::Result::Upserted(_) => "OK",
            upsert_item_result::Result::Error(error) => code(Code::from_i32(error.code)),
        },
    }
}

fn code(code: Code) -> &'static str {
    if code == Code::NotFound {
        "NOT_FOUND"
    } else if code == Code::PermissionDenied {
        "DENIED"
    } else if code == Code::Unauthenticated {
        "UNAUTH"
    } else if code == Code::FailedPrecondition {
        "REFUSED"
    } else {
        // Nothing that the matrix would say.
        code.description()
    }
}
