//! What colleagues may give to customers without a script, and what it buys (E2).

use futures::StreamExt as _;
use rapport::api::v1::{
    self, Budget, BudgetScope, BudgetStanding, DecideGrantRequest, DiscretionGrant, EstimateGrantEffectRequest,
    GetGrantRequest, GiveGrantRequest, GrantState, GrantVerdict, Interaction, InteractionKind, ListBudgetsRequest,
    ListGrantsRequest, MakeGrantRequest, RequestGrantRequest, Resolution, SetBudgetRequest, SummarizeGrantsRequest,
    WithdrawGrantRequest,
};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::{
    cli::{last_line, rapport, rapport_as},
    support::{
        Backend, Caller, Server, Test,
        client::request_id,
        on_both,
        refusal::{verdict, violations},
        refused,
        sample::{call, customer, participant},
    },
    surveys::ago,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_colleague_gives_within_the_limit_and_asks_above_it,
        nobody_gives_what_is_not_theirs_to_give,
        nobody_approves_their_own_or_takes_back_what_they_gave,
        what_is_approved_expires,
        budgets_are_set_by_those_above,
        everything_wrong_with_a_budget_is_named,
        a_budget_stands_from_its_month_on,
        many_servers_never_overdraw_a_budget,
        what_is_approved_is_set_aside_from_races,
        grants_follow_merges_and_erasures,
        grants_stand_in_brief_and_export,
        who_gives_nothing_though_there_was_cause_is_shown,
        what_grants_buy_is_compared_with_customers_alike,
        the_program_gives_and_lists,
    ];
    tests.extend(on_both![ten_thousand_races].into_iter().map(Test::by_hand));
    tests
}

pub(crate) fn team_budget(team_id: &str, unit: &str, total: i64, grant_limit: i64) -> Budget {
    let scope = BudgetScope::Team.into();
    Budget { scope, team_id: team_id.into(), unit: unit.into(), total, grant_limit, ..Budget::default() }
}

fn own_budget(staff_id: &str, unit: &str, total: i64, grant_limit: i64) -> Budget {
    let scope = BudgetScope::Colleague.into();
    Budget { scope, staff_id: staff_id.into(), unit: unit.into(), total, grant_limit, ..Budget::default() }
}

pub(crate) async fn set(caller: &Caller, budget: Budget) -> Result<BudgetStanding, Status> {
    let request = SetBudgetRequest { request_id: request_id(), budget: Some(budget), reason: "this year".to_owned() };
    Ok(caller.discretion().set_budget(request).await?.into_inner().budget.unwrap())
}

/// An interaction of an hour ago.
pub(crate) fn lately(staff_id: &str, customer_id: &str) -> Interaction {
    let (requested_time, connected_time, ended_time) = (ago(3_600), ago(3_590), ago(3_000));
    Interaction { requested_time, connected_time, ended_time, ..call(staff_id, customer_id) }
}

pub(crate) async fn served(server: &Server, staff_id: &str, customer_id: &str) -> String {
    server.app().record(lately(staff_id, customer_id)).await.unwrap().interaction_id
}

pub(crate) fn gift(interaction_id: &str, staff_id: &str, unit: &str, quantity: i64) -> DiscretionGrant {
    DiscretionGrant {
        interaction_id: interaction_id.to_owned(),
        staff_id: staff_id.to_owned(),
        unit: unit.to_owned(),
        quantity,
        reason: "等了太久".to_owned(),
        ..DiscretionGrant::default()
    }
}

pub(crate) async fn give(caller: &Caller, grant: DiscretionGrant) -> Result<DiscretionGrant, Status> {
    let request = MakeGrantRequest { request_id: request_id(), grant: Some(grant) };
    Ok(caller.discretion().make_grant(request).await?.into_inner().grant.unwrap())
}

pub(crate) async fn ask(caller: &Caller, grant: DiscretionGrant) -> Result<DiscretionGrant, Status> {
    let request = RequestGrantRequest { request_id: request_id(), grant: Some(grant) };
    Ok(caller.discretion().request_grant(request).await?.into_inner().grant.unwrap())
}

pub(crate) async fn decide(caller: &Caller, id: &str, verdict: GrantVerdict) -> Result<DiscretionGrant, Status> {
    let request = DecideGrantRequest {
        request_id: request_id(),
        grant_id: id.to_owned(),
        verdict: verdict.into(),
        note: "for once".to_owned(),
        valid_for: None,
    };
    Ok(caller.discretion().decide_grant(request).await?.into_inner().grant.unwrap())
}

pub(crate) async fn hand_over(caller: &Caller, id: &str) -> Result<DiscretionGrant, Status> {
    let request = GiveGrantRequest { request_id: request_id(), grant_id: id.to_owned() };
    Ok(caller.discretion().give_grant(request).await?.into_inner().grant.unwrap())
}

async fn withdraw(caller: &Caller, id: &str) -> Result<DiscretionGrant, Status> {
    let reason = "it never arrived".to_owned();
    let request = WithdrawGrantRequest { request_id: request_id(), grant_id: id.to_owned(), reason };
    Ok(caller.discretion().withdraw_grant(request).await?.into_inner().grant.unwrap())
}

async fn get(caller: &Caller, id: &str) -> Result<DiscretionGrant, Status> {
    let request = GetGrantRequest { grant_id: id.to_owned() };
    Ok(caller.discretion().get_grant(request).await?.into_inner().grant.unwrap())
}

async fn budgets(caller: &Caller, team_id: &str) -> Vec<BudgetStanding> {
    let request = ListBudgetsRequest { team_id: team_id.to_owned(), ..ListBudgetsRequest::default() };
    caller.discretion().list_budgets(request).await.unwrap().into_inner().budgets
}

/// Of one that stands alone in a list: what was given, approved and is left.
async fn standing(caller: &Caller, staff_id: &str, unit: &str) -> (i64, i64, Option<i64>) {
    let found = budgets(caller, "north").await;
    let one = found.iter().find(|one| one.staff_id == staff_id && one.unit == unit).unwrap();
    (one.given, one.approved, one.left)
}

fn reason(status: &Status) -> String {
    verdict(status).1
}

const BOX: &str = "榴莲一箱";

async fn a_colleague_gives_within_the_limit_and_asks_above_it(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", "CNY", 10_000, 2_000)).await.unwrap();
    let (nora, petra) = (server.staff("nora"), server.supervisor("petra", &["north"]));
    let (first, second) = (served(&server, "nora", "carla").await, served(&server, "nora", "dora").await);
    let request = MakeGrantRequest { request_id: request_id(), grant: Some(gift(&first, "", "CNY", 2_000)) };
    let given = nora.discretion().make_grant(request.clone()).await.unwrap().into_inner().grant.unwrap();
    let again = nora.discretion().make_grant(request).await.unwrap().into_inner().grant.unwrap();
    assert_eq!(given, again);
    let said = [&given.customer_id, &given.staff_id, &given.team_id, &given.reason];
    assert_eq!(said, ["carla", "nora", "north", "等了太久"]);
    assert_eq!((given.state(), given.quantity), (GrantState::Given, 2_000));
    assert_eq!(standing(&nora, "nora", "CNY").await, (2_000, 0, Some(8_000)));

    let above = refused(give(&nora, gift(&second, "", "CNY", 2_001)).await);
    assert_eq!(verdict(&above), (Code::FailedPrecondition, "GRANT_NEEDS_APPROVAL".to_owned()));
    // A second one to the same customer, however small.
    assert_eq!(reason(&refused(give(&nora, gift(&first, "", "CNY", 1)).await)), "GRANT_NEEDS_APPROVAL");
    let asked = ask(&nora, gift(&second, "", "CNY", 6_000)).await.unwrap();
    assert_eq!(asked.state(), GrantState::Requested);
    // Nothing is set aside for what is only asked for.
    assert_eq!(standing(&nora, "nora", "CNY").await, (2_000, 0, Some(8_000)));
    assert_eq!(reason(&refused(hand_over(&nora, &asked.grant_id).await)), "GRANT_STATE_MISMATCH");
    let approved = decide(&petra, &asked.grant_id, GrantVerdict::Approve).await.unwrap();
    assert_eq!((approved.state(), approved.decided_by.as_str()), (GrantState::Approved, "petra"));
    assert_eq!(standing(&nora, "nora", "CNY").await, (2_000, 6_000, Some(2_000)));
    let given = hand_over(&nora, &asked.grant_id).await.unwrap();
    assert_eq!((given.state(), given.note.as_str()), (GrantState::Given, "for once"));
    assert_eq!(standing(&nora, "nora", "CNY").await, (8_000, 0, Some(2_000)));
    assert_eq!(reason(&refused(hand_over(&nora, &asked.grant_id).await)), "GRANT_STATE_MISMATCH");

    let declined = ask(&nora, gift(&second, "", "CNY", 2_000)).await.unwrap();
    let declined = decide(&petra, &declined.grant_id, GrantVerdict::Decline).await.unwrap();
    assert_eq!(declined.state(), GrantState::Declined);
    assert_eq!(reason(&refused(ask(&nora, gift(&second, "", "CNY", 2_001)).await)), "BUDGET_SPENT");
    assert_eq!(reason(&refused(give(&nora, gift(&second, "", BOX, 1)).await)), "NO_BUDGET");

    let listed = |states: Vec<GrantState>| {
        let states = states.into_iter().map(Into::into).collect();
        ListGrantsRequest { states, ..ListGrantsRequest::default() }
    };
    let of = async |states| {
        let found = petra.discretion().list_grants(listed(states)).await.unwrap().into_inner().grants;
        found.into_iter().map(|one| one.quantity).collect::<Vec<_>>()
    };
    assert_eq!(of(vec![]).await, [2_000, 6_000, 2_000]);
    assert_eq!(of(vec![GrantState::Given]).await, [6_000, 2_000]);
    assert_eq!(of(vec![GrantState::Declined, GrantState::Expired]).await, [2_000]);
}

async fn nobody_gives_what_is_not_theirs_to_give(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 5, 1)).await.unwrap();
    let (nora, app) = (server.staff("nora"), server.app());
    let of_nils = served(&server, "nils", "carla").await;
    // In a colleague's name, or for work that they had no part in.
    assert_eq!(reason(&refused(give(&nora, gift(&of_nils, "nils", BOX, 1)).await)), "FIELD_NOT_YOURS");
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(reason(&refused(give(&petra, gift(&of_nils, "nils", BOX, 1)).await)), "FIELD_NOT_YOURS");
    assert_eq!(refused(give(&nora, gift(&of_nils, "", BOX, 1)).await).code(), Code::NotFound);
    let not_there = uuid::Uuid::new_v4().to_string();
    assert_eq!(refused(give(&nora, gift(&not_there, "", BOX, 1)).await).code(), Code::NotFound);
    let named = violations(&refused(give(&app, gift(&of_nils, "nora", BOX, 1)).await));
    assert_eq!(named, [("grant.staff_id".to_owned(), "UNKNOWN_STAFF".to_owned())]);
    let named = violations(&refused(give(&app, gift(&of_nils, "", BOX, 1)).await));
    assert_eq!(named, [("grant.staff_id".to_owned(), "FIELD_REQUIRED".to_owned())]);
    // Of long ago, or with nobody.
    let old = app.record(call("nora", "carla")).await.unwrap().interaction_id;
    let named = violations(&refused(give(&nora, gift(&old, "", BOX, 1)).await));
    assert_eq!(named, [("grant.interaction_id".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);
    let stranger = app.record(lately("nora", "")).await.unwrap().interaction_id;
    let named = violations(&refused(give(&nora, gift(&stranger, "", BOX, 1)).await));
    assert_eq!(named, [("grant.interaction_id".to_owned(), "UNKNOWN_CUSTOMER".to_owned())]);
    // Of another team's budget.
    let of_sam = served(&server, "sam", "dmitri").await;
    assert_eq!(reason(&refused(give(&server.staff("sam"), gift(&of_sam, "", BOX, 1)).await)), "NO_BUDGET");
    assert_eq!(standing(&server.admin(), "", BOX).await, (0, 0, Some(5)));
    // Colleagues see what they gave, not what others did.
    let given = give(&server.staff("nils"), gift(&of_nils, "", BOX, 1)).await.unwrap();
    assert_eq!(refused(get(&nora, &given.grant_id).await).code(), Code::NotFound);
    assert_eq!(get(&petra, &given.grant_id).await.unwrap(), given);
    assert_eq!(refused(get(&server.supervisor("sam", &["south"]), &given.grant_id).await).code(), Code::NotFound);
}

async fn nobody_approves_their_own_or_takes_back_what_they_gave(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 5, 1)).await.unwrap();
    let (petra, nora) = (server.supervisor("petra", &["north"]), server.staff("nora"));
    let of_petra = served(&server, "petra", "carla").await;
    let asked = ask(&petra, gift(&of_petra, "", BOX, 2)).await.unwrap();
    assert_eq!(
        verdict(&refused(decide(&petra, &asked.grant_id, GrantVerdict::Approve).await)),
        (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned())
    );
    // Nor in another role, nor for work that they had a part in.
    let petra_as_admin = server.caller(v1::Role::Admin, "petra", &[]);
    let refusal = refused(decide(&petra_as_admin, &asked.grant_id, GrantVerdict::Approve).await);
    assert_eq!(reason(&refusal), "INTERESTED_PARTY");
    let both = Interaction { participants: vec![participant("nora"), participant("petra")], ..lately("nora", "dora") };
    let mut both = both;
    both.participants[0].involvement = v1::Involvement::Primary.into();
    let both = server.app().record(both).await.unwrap().interaction_id;
    let joint = ask(&nora, gift(&both, "", BOX, 2)).await.unwrap();
    let refusal = refused(decide(&petra, &joint.grant_id, GrantVerdict::Approve).await);
    assert_eq!(reason(&refusal), "INTERESTED_PARTY");
    decide(&server.admin(), &joint.grant_id, GrantVerdict::Approve).await.unwrap();

    let of_nora = served(&server, "nora", "carla").await;
    let given = give(&nora, gift(&of_nora, "", BOX, 1)).await.unwrap();
    assert_eq!(reason(&refused(withdraw(&nora, &given.grant_id).await)), "INTERESTED_PARTY");
    assert_eq!(standing(&petra, "", BOX).await, (1, 2, Some(2)));
    let back = withdraw(&petra, &given.grant_id).await.unwrap();
    assert_eq!((back.state(), back.note.as_str()), (GrantState::Withdrawn, "it never arrived"));
    assert_eq!(standing(&petra, "", BOX).await, (0, 2, Some(3)));
    assert_eq!(reason(&refused(withdraw(&petra, &given.grant_id).await)), "GRANT_STATE_MISMATCH");
    // What was not given yet is given up by who asked.
    assert_eq!(withdraw(&nora, &joint.grant_id).await.unwrap().state(), GrantState::Withdrawn);
    assert_eq!(standing(&petra, "", BOX).await, (0, 0, Some(5)));
    let actions = "SELECT count(*) FROM audit_event WHERE action IN (85, 86, 87, 88)";
    assert_eq!(server.number(actions).await, 5);
}

async fn what_is_approved_expires(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 3, 1)).await.unwrap();
    let (nora, petra) = (server.staff("nora"), server.supervisor("petra", &["north"]));
    let id = served(&server, "nora", "carla").await;
    let approved = ask(&nora, gift(&id, "", BOX, 3)).await.unwrap();
    let waiting = ask(&nora, gift(&id, "", BOX, 2)).await.unwrap();
    decide(&petra, &approved.grant_id, GrantVerdict::Approve).await.unwrap();
    assert_eq!(standing(&petra, "", BOX).await, (0, 3, Some(0)));
    // Both deadlines pass.
    server.execute("UPDATE discretion_grant SET expires_at = made_at").await;
    assert_eq!(standing(&petra, "", BOX).await, (0, 0, Some(3)));
    for id in [&approved.grant_id, &waiting.grant_id] {
        let expired = get(&nora, id).await.unwrap();
        assert_eq!((expired.state(), expired.expire_time), (GrantState::Expired, None));
        assert_eq!(reason(&refused(hand_over(&nora, id).await)), "GRANT_STATE_MISMATCH");
        assert_eq!(reason(&refused(decide(&petra, id, GrantVerdict::Approve).await)), "GRANT_STATE_MISMATCH");
        assert_eq!(reason(&refused(withdraw(&nora, id).await)), "GRANT_STATE_MISMATCH");
    }
    let expired = ListGrantsRequest { states: vec![GrantState::Expired.into()], ..ListGrantsRequest::default() };
    assert_eq!(nora.discretion().list_grants(expired).await.unwrap().into_inner().grants.len(), 2);
}

async fn budgets_are_set_by_those_above(server: Server) {
    let server = server.with_organization().await;
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(reason(&refused(set(&petra, team_budget("north", "CNY", 10_000, 10)).await)), "FIELD_NOT_YOURS");
    set(&server.app(), team_budget("north", "CNY", 10_000, 2_000)).await.unwrap();
    let each = |team: &str, total| Budget { scope: BudgetScope::Each.into(), ..team_budget(team, "CNY", total, total) };
    set(&petra, each("north", 1_000)).await.unwrap();
    assert_eq!(reason(&refused(set(&petra, each("south", 1_000)).await)), "FIELD_NOT_YOURS");
    set(&petra, own_budget("nils", "CNY", 3_000, 500)).await.unwrap();
    assert_eq!(reason(&refused(set(&petra, own_budget("petra", "CNY", 9_000, 9_000)).await)), "FIELD_NOT_YOURS");
    assert_eq!(reason(&refused(set(&petra, own_budget("sam", "CNY", 3_000, 500)).await)), "FIELD_NOT_YOURS");
    assert_eq!(
        refused(set(&server.staff("nora"), own_budget("nora", "CNY", 9, 9)).await).code(),
        Code::PermissionDenied
    );

    let shown = budgets(&petra, "north").await;
    let shown: Vec<_> = shown.iter().map(|one| (one.staff_id.as_str(), one.total, one.grant_limit)).collect();
    let each = Some(1_000);
    assert_eq!(
        shown,
        [("", Some(10_000), 2_000), ("nils", Some(3_000), 500), ("nora", each, 1_000), ("petra", each, 1_000)]
    );
    // A colleague sees their own.
    let own = budgets(&server.staff("nora"), "").await;
    assert_eq!(own.iter().map(|one| one.staff_id.as_str()).collect::<Vec<_>>(), ["nora"]);
    assert!(budgets(&server.staff("sam"), "").await.is_empty());
    let elsewhere = ListBudgetsRequest { team_id: "south".to_owned(), ..ListBudgetsRequest::default() };
    assert_eq!(refused(petra.discretion().list_budgets(elsewhere).await).code(), Code::NotFound);
    // Pages of one, in the same order.
    let mut request = ListBudgetsRequest { team_id: "north".into(), page_size: 1, ..ListBudgetsRequest::default() };
    let mut paged = Vec::new();
    loop {
        let page = petra.discretion().list_budgets(request.clone()).await.unwrap().into_inner();
        paged.extend(page.budgets.into_iter().map(|one| one.staff_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(paged, ["", "nils", "nora", "petra"]);

    // Their own budget holds, and so does the team's.
    let id = served(&server, "nils", "carla").await;
    assert_eq!(reason(&refused(give(&server.staff("nils"), gift(&id, "", "CNY", 501)).await)), "GRANT_NEEDS_APPROVAL");
    assert_eq!(reason(&refused(ask(&server.staff("nils"), gift(&id, "", "CNY", 3_001)).await)), "BUDGET_SPENT");
    give(&server.staff("nils"), gift(&id, "", "CNY", 500)).await.unwrap();
    assert_eq!(standing(&petra, "nils", "CNY").await, (500, 0, Some(2_500)));
    assert_eq!(standing(&petra, "nora", "CNY").await, (0, 0, Some(1_000)));
    assert_eq!(standing(&petra, "", "CNY").await, (500, 0, Some(9_500)));
}

async fn everything_wrong_with_a_budget_is_named(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let wrong = Budget { staff_id: "nora".to_owned(), ..team_budget("", "RMB", 10, 11) };
    let mut named = violations(&refused(set(&admin, wrong).await));
    named.sort();
    let found = |field: &str, reason: &str| (format!("budget.{field}"), reason.to_owned());
    assert_eq!(
        named,
        [
            found("grant_limit", "VALUE_OUT_OF_RANGE"),
            found("staff_id", "CONTRADICTION"),
            found("team_id", "FIELD_REQUIRED"),
            found("unit", "MALFORMED"),
        ]
    );
    let unknown = violations(&refused(set(&admin, team_budget("nowhere", BOX, 1, 1)).await));
    assert_eq!(unknown, [found("team_id", "UNKNOWN_TEAM")]);
    let unknown = violations(&refused(set(&admin, own_budget("nobody", BOX, 1, 1)).await));
    assert_eq!(unknown, [found("staff_id", "UNKNOWN_STAFF")]);
    for month in ["2026-13", "November", "0"] {
        let wrong = Budget { from_month: month.to_owned(), ..team_budget("north", BOX, 1, 1) };
        assert!(matches!(refused(set(&admin, wrong).await).code(), Code::InvalidArgument), "{month}");
    }
    let past = Budget { from_month: "2020-01".to_owned(), ..team_budget("north", BOX, 1, 1) };
    assert_eq!(violations(&refused(set(&admin, past).await)), [found("from_month", "IMPOSSIBLE_INSTANTS")]);
}

async fn a_budget_stands_from_its_month_on(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    set(&admin, team_budget("north", BOX, 5, 2)).await.unwrap();
    let later = Budget { from_month: "2030-02".to_owned(), ..team_budget("north", BOX, 9, 3) };
    assert_eq!(set(&admin, later).await.unwrap().month, "2030-02");
    let of = async |month: &str| {
        let request = ListBudgetsRequest { month: month.to_owned(), ..ListBudgetsRequest::default() };
        let found = admin.discretion().list_budgets(request).await.unwrap().into_inner().budgets;
        found.into_iter().map(|one| (one.total, one.grant_limit)).collect::<Vec<_>>()
    };
    assert_eq!(of("").await, [(Some(5), 2)]);
    assert_eq!(of("2030-01").await, [(Some(5), 2)]);
    assert_eq!(of("2030-02").await, [(Some(9), 3)]);
    assert!(of("2020-01").await.is_empty());
    let id = served(&server, "nora", "carla").await;
    give(&server.staff("nora"), gift(&id, "", BOX, 2)).await.unwrap();
    // Less than was given is no budget.
    let less = refused(set(&admin, team_budget("north", BOX, 1, 1)).await);
    assert_eq!(verdict(&less), (Code::FailedPrecondition, "BUDGET_BELOW_TAKEN".to_owned()));
    let each = Budget { scope: BudgetScope::Each.into(), ..team_budget("north", BOX, 1, 1) };
    assert_eq!(reason(&refused(set(&admin, each.clone()).await)), "BUDGET_BELOW_TAKEN");
    // Who has their own is not held to what each may.
    set(&admin, own_budget("nora", BOX, 4, 1)).await.unwrap();
    set(&admin, each).await.unwrap();
    assert_eq!(set(&admin, team_budget("north", BOX, 2, 1)).await.unwrap().left, Some(0));
}

/// So many at once, by two servers of one database where there can be two.
async fn race(server: &Server, sibling: Option<&Server>, staff: &[&str], count: usize, quantity: i64) -> usize {
    let mut giving = JoinSet::new();
    for number in 0..count {
        let staff_id = staff[number % staff.len()];
        let by = sibling.filter(|_| number % 2 == 1).unwrap_or(server);
        let customer_id = format!("c{number}");
        server.app().upsert_customer(customer(&customer_id)).await.unwrap();
        let id = served(server, staff_id, &customer_id).await;
        let (caller, grant) = (by.app(), gift(&id, staff_id, BOX, quantity));
        giving.spawn(async move { give(&caller, grant).await.is_ok() });
    }
    giving.join_all().await.into_iter().filter(|given| *given).count()
}

async fn many_servers_never_overdraw_a_budget(server: Server) {
    let server = server.with_organization().await;
    let sibling = match server.backend() {
        Backend::Sqlite => None,
        Backend::Postgres => Some(server.sibling().await),
    };
    set(&server.admin(), team_budget("north", BOX, 50, 3)).await.unwrap();
    set(&server.admin(), own_budget("nora", BOX, 10, 3)).await.unwrap();
    let given = race(&server, sibling.as_ref(), &["nora", "nils", "petra"], 60, 3).await;
    // Nora's three, and of the others' forty as many as are left: 16 in all.
    assert_eq!(given, 16);
    let sum = |whose: &str| format!("SELECT CAST(sum(quantity) AS bigint) FROM discretion_grant WHERE {whose}");
    assert_eq!(server.number(&sum("team_id = 'north'")).await, 48);
    assert_eq!(server.number(&sum("staff_id = 'nora'")).await, 9);
    assert_eq!(standing(&server.admin(), "nora", BOX).await, (9, 0, Some(1)));
}

/// Of a hundred budgets, a hundred grants each, 64 at once, by two servers where there can be two.
async fn ten_thousand_races(server: Server) {
    const EACH: usize = 100;
    let server = server.with_organization().await;
    let sibling = match server.backend() {
        Backend::Sqlite => None,
        Backend::Postgres => Some(server.sibling().await),
    };
    let (mut given, mut refused_count) = (0, 0);
    let begun = std::time::Instant::now();
    for round in 0..100 {
        let unit = format!("unit {round}");
        set(&server.admin(), team_budget("north", &unit, 60, 3)).await.unwrap();
        set(&server.admin(), own_budget("nora", &unit, 10, 3)).await.unwrap();
        let mut wishes = Vec::new();
        for number in 0..EACH {
            let customer_id = format!("c{round}-{number}");
            server.app().upsert_customer(customer(&customer_id)).await.unwrap();
            let staff_id = ["nora", "nils", "petra"][number % 3];
            let id = served(&server, staff_id, &customer_id).await;
            wishes.push(gift(&id, staff_id, &unit, i64::try_from(number % 3).unwrap() + 1));
        }
        let racing = futures::stream::iter(wishes.into_iter().enumerate().map(|(number, wish)| {
            let by = sibling.as_ref().filter(|_| number % 2 == 1).unwrap_or(&server);
            let caller = by.app();
            async move { give(&caller, wish).await.map_err(|status| reason(&status)) }
        }));
        for outcome in racing.buffer_unordered(64).collect::<Vec<_>>().await {
            match outcome {
                Ok(_) => given += 1,
                Err(reason) => {
                    assert_eq!(reason, "BUDGET_SPENT");
                    refused_count += 1;
                }
            }
        }
    }
    let most = |by: &str, whose: &str| {
        format!(
            "SELECT CAST(max(sum) AS bigint) FROM (SELECT sum(quantity) AS sum FROM discretion_grant WHERE {whose} GROUP BY {by}) one"
        )
    };
    let (team, nora) = (most("unit", "team_id = 'north'"), most("unit", "staff_id = 'nora'"));
    let (team, nora) = (server.number(&team).await, server.number(&nora).await);
    assert_eq!(given + refused_count, 10_000);
    assert!(team <= 60 && nora <= 10, "{team} {nora}");
    println!(
        "{given} given, {refused_count} refused in {:.0} s; at most {team} of 60 and {nora} of 10",
        begun.elapsed().as_secs_f64()
    );
}

async fn what_is_approved_is_set_aside_from_races(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 10, 1)).await.unwrap();
    let (nora, petra) = (server.staff("nora"), server.supervisor("petra", &["north"]));
    let id = served(&server, "nora", "carla").await;
    let mut asked = Vec::new();
    for _ in 0..8 {
        asked.push(ask(&nora, gift(&id, "", BOX, 3)).await.unwrap().grant_id);
    }
    let mut deciding = JoinSet::new();
    for id in asked {
        let petra = petra.clone();
        deciding.spawn(async move { decide(&petra, &id, GrantVerdict::Approve).await });
    }
    let decided = deciding.join_all().await;
    assert_eq!(decided.iter().filter(|one| one.is_ok()).count(), 3);
    let spent = decided.into_iter().filter_map(Result::err).all(|status| reason(&status) == "BUDGET_SPENT");
    assert!(spent);
    assert_eq!(standing(&petra, "", BOX).await, (0, 9, Some(1)));
    assert_eq!(race(&server, None, &["nora", "nils"], 8, 1).await, 1);
}

async fn grants_follow_merges_and_erasures(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 9, 2)).await.unwrap();
    let (nora, admin) = (server.staff("nora"), server.admin());
    let id = served(&server, "nora", "dora").await;
    let given = give(&nora, gift(&id, "", BOX, 1)).await.unwrap();
    let asked = ask(&nora, gift(&id, "", BOX, 1)).await.unwrap();
    let merge = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: "carla".to_owned(),
        absorbed_customer_id: "dora".to_owned(),
        reason: "one person".to_owned(),
    };
    let merged = admin.identity().merge_customers(merge).await.unwrap().into_inner().merge.unwrap();
    assert_eq!(get(&nora, &given.grant_id).await.unwrap().customer_id, "carla");
    let of = async |customer_id: &str| {
        let request = ListGrantsRequest { customer_id: customer_id.to_owned(), ..ListGrantsRequest::default() };
        admin.discretion().list_grants(request).await.unwrap().into_inner().grants.len()
    };
    assert_eq!((of("carla").await, of("dora").await), (2, 2));
    let undo = v1::UndoMergeRequest { request_id: request_id(), merge_id: merged.merge_id, reason: "two".to_owned() };
    admin.identity().undo_merge(undo).await.unwrap();
    assert_eq!((of("carla").await, of("dora").await), (0, 2));

    let erase = v1::EraseCustomerRequest {
        request_id: request_id(),
        customer_id: "dora".to_owned(),
        reason: "asked for it".to_owned(),
    };
    admin.privacy().erase_customer(erase).await.unwrap();
    let kept = get(&nora, &given.grant_id).await.unwrap();
    assert_eq!((kept.state(), kept.customer_id.as_str(), kept.reason.as_str()), (GrantState::Given, "", ""));
    // There is nobody to whom the other could be given.
    assert_eq!(get(&nora, &asked.grant_id).await.unwrap().state(), GrantState::Withdrawn);
    assert_eq!(standing(&admin, "", BOX).await, (1, 0, Some(8)));
}

async fn grants_stand_in_brief_and_export(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", "CNY", 90_000, 9_000)).await.unwrap();
    let id = served(&server, "nora", "carla").await;
    let given = give(&server.staff("nora"), gift(&id, "", "CNY", 8_850)).await.unwrap();
    let request = v1::BriefCustomerRequest {
        customer_id: "carla".to_owned(),
        purpose: v1::ReadingPurpose::Serving.into(),
        language: "zh".to_owned(),
        ..Default::default()
    };
    let brief = server.staff("nora").preferences().brief_customer(request).await.unwrap().into_inner();
    let line = brief.lines.iter().find(|line| line.text.contains("88.50 CNY")).expect("a line of it");
    assert!(line.text.contains("等了太久") && line.text.contains("赠予"), "{line:?}");
    let evidence = line.evidence.first().unwrap();
    assert_eq!((evidence.kind(), &evidence.id), (v1::BriefEvidenceKind::Grant, &given.grant_id));
    let request = v1::ExportCustomerRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let export = server.admin().privacy().export_customer(request).await.unwrap().into_inner();
    let export = format!("{export:?}");
    assert!(export.contains("discretion_grant") && export.contains("等了太久"), "{export}");
    assert!(!export.contains("decided_by"), "who decided is about colleagues: {export}");
}

async fn who_gives_nothing_though_there_was_cause_is_shown(server: Server) {
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 9, 2)).await.unwrap();
    for (staff_id, count) in [("nora", 5), ("nils", 4), ("petra", 6)] {
        for _ in 0..count {
            let unresolved = Resolution::Unresolved.into();
            // Of this month, also in its first hour.
            let (requested_time, connected_time, ended_time) = (ago(2), ago(1), ago(1));
            let of_now = Interaction { requested_time, connected_time, ended_time, ..call(staff_id, "carla") };
            let told = Interaction { staff_resolution: unresolved, ..of_now };
            server.app().record(told).await.unwrap();
        }
    }
    let of = async |caller: &Caller| {
        let request = SummarizeGrantsRequest { team_id: "north".to_owned(), ..SummarizeGrantsRequest::default() };
        let found = caller.discretion().summarize_grants(request).await.unwrap().into_inner().summaries;
        let seen = |one: v1::GrantSummary| (one.staff_id, one.grant_count, one.cause_count, one.gives_nothing);
        found.into_iter().map(seen).collect::<Vec<_>>()
    };
    let row = |id: &str, grants, causes, nothing| (id.to_owned(), grants, causes, nothing);
    assert_eq!(
        of(&server.admin()).await,
        [row("nils", 0, None, false), row("nora", 0, Some(5), true), row("petra", 0, Some(6), true)]
    );
    // Of themselves nobody is told.
    let petra = server.supervisor("petra", &["north"]);
    assert_eq!(of(&petra).await, [row("nils", 0, None, false), row("nora", 0, Some(5), true)]);
    let id = served(&server, "nora", "carla").await;
    give(&server.staff("nora"), gift(&id, "", BOX, 2)).await.unwrap();
    assert_eq!(of(&petra).await, [row("nils", 0, None, false), row("nora", 1, Some(5), false)]);
}

async fn what_grants_buy_is_compared_with_customers_alike(server: Server) {
    const DAY: i64 = 86_400;
    let server = server.with_organization().await;
    set(&server.admin(), team_budget("north", BOX, 99, 2)).await.unwrap();
    let app = server.app();
    let at = |days: i64, told: Interaction| {
        let (requested_time, ended_time) = (ago(days * DAY), ago(days * DAY - 300));
        Interaction { requested_time, connected_time: None, ended_time, ..told }
    };
    // Six who were given something after a call of forty days ago, and ten like them who were not: of those who were, five
    // order again and none complains; of the others one orders and eight complain.
    for number in 0..16 {
        let (id, is_given) = (format!("g{number:02}"), number < 6);
        app.upsert_customer(customer(&id)).await.unwrap();
        app.record(at(40, Interaction { topic: "Late".to_owned(), ..call("nora", &id) })).await.unwrap();
        let kind = match number {
            0..5 | 6 => InteractionKind::Ordered,
            5 | 7 => InteractionKind::Service,
            _ => InteractionKind::Complaint,
        };
        let direction = v1::Direction::Inbound.into();
        app.record(at(30, Interaction { kind: kind.into(), direction, ..call("nils", &id) })).await.unwrap();
        if is_given {
            let fresh = served(&server, "nora", &id).await;
            give(&server.staff("nora"), gift(&fresh, "", BOX, 1)).await.unwrap();
        }
    }
    // Another kind of call, which nobody is like.
    let request = EstimateGrantEffectRequest {
        from_month: month_of(&server).await,
        to_month: month_of(&server).await,
        ..EstimateGrantEffectRequest::default()
    };
    let found = async || server.admin().discretion().estimate_grant_effect(request.clone()).await.unwrap().into_inner();
    assert_eq!((found().await.pending_count, found().await.matched_count), (6, 0));
    // As if it had been given for the calls of forty days ago.
    server
        .execute(
            "UPDATE discretion_grant SET interaction_id = (SELECT i.id FROM interaction i
                WHERE i.customer_id = discretion_grant.customer_id AND i.topic = 'Late')",
        )
        .await;
    let effect = found().await;
    assert_eq!((effect.matched_count, effect.unmatched_count, effect.pending_count), (6, 0, 0));
    assert_eq!(effect.control_count, 10);
    let complaints = effect.complaint_rate.unwrap();
    assert_eq!((complaints.given_mean, complaints.control_mean), (Some(0.0), Some(0.8)));
    assert!(complaints.difference_high.unwrap() < 0.0, "{complaints:?}");
    let returned = effect.return_rate.unwrap();
    let close = |one: Option<f64>, other: f64| assert!((one.unwrap() - other).abs() < 1e-9, "{returned:?}");
    close(returned.given_mean, 5.0 / 6.0);
    close(returned.control_mean, 0.1);
    assert!(returned.difference_low.unwrap() > 0.0);
    // Nobody was rated: there is nothing to say.
    assert_eq!(effect.satisfaction.unwrap(), v1::GrantEffect::default());
    let wrong = EstimateGrantEffectRequest { to_month: "2020-01".to_owned(), ..request.clone() };
    let refusal = refused(server.admin().discretion().estimate_grant_effect(wrong).await);
    assert_eq!(violations(&refusal), [("to_month".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);
}

async fn month_of(server: &Server) -> String {
    budgets(&server.admin(), "").await[0].month.clone()
}

async fn the_program_gives_and_lists(server: Server) {
    let server = server.with_organization().await;
    let endpoint = server.endpoint();
    let run_as = async |role: v1::Role, subject: &str, arguments: &[&str]| {
        let arguments = [&["discretion"], arguments, &["--endpoint", &endpoint]].concat();
        let output = rapport_as(&server, role, subject, &arguments).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let run = async |arguments: &[&str]| run_as(v1::Role::Admin, "ops", arguments).await;
    let nora = async |arguments: &[&str]| run_as(v1::Role::Staff, "nora", arguments).await;
    let text = |output: &std::process::Output| String::from_utf8(output.stdout.clone()).unwrap();
    let budget =
        ["set-budget", "--team", "north", "--unit", "CNY", "--total", "200", "--limit", "20.5", "--reason", "new"];
    let shown = text(&run(&budget).await);
    assert!(shown.contains("200.00 CNY") && shown.contains("20.50 CNY"), "{shown}");
    let id = served(&server, "nora", "carla").await;
    let what = ["--interaction", &id, "--unit", "CNY", "--reason", "等了太久"];
    let given = text(&nora(&[&["give", "--amount", "12.5"], &what[..]].concat()).await);
    assert!(given.contains("12.50 CNY") && given.contains("given") && given.contains("等了太久"), "{given}");
    let asked = last_line(&nora(&[&["ask", "--amount", "50", "--json"], &what[..]].concat()).await);
    let grant = asked["id"].as_str().unwrap();
    assert_eq!(last_line(&run(&["approve", grant, "--json"]).await)["state"], "approved");
    assert_eq!(last_line(&nora(&["hand-over", grant, "--json"]).await)["state"], "given");
    assert_eq!(last_line(&run(&["withdraw", grant, "--reason", "lost", "--json"]).await)["state"], "withdrawn");
    let listed = last_line(&run(&["list", "--customer", "carla", "--state", "given", "--json"]).await);
    assert_eq!((&listed["quantity"], &listed["unit"]), (&1_250.into(), &"CNY".into()));
    let standing = last_line(&run(&["budgets", "--json"]).await);
    assert_eq!((&standing["given"], &standing["left"]), (&1_250.into(), &18_750.into()));
    assert!(text(&run(&["budgets", "--team", "north"]).await).contains("the team's"));
    assert!(text(&run(&["summary"]).await).contains("below 5"));
    let month = standing["month"].as_str().unwrap();
    assert!(text(&run(&["effect", "--from", month, "--to", month]).await).contains("no proof"));
    let wrong = [&["give", "--amount", "12.505"], &what[..], &["--endpoint", &endpoint]].concat();
    let output = rapport(&server, &[&["discretion"], &wrong[..]].concat()).await;
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("--amount"), "{output:?}");
}
