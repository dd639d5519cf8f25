//! The RPCs of discretion.

use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Grant,
    effect::{self, Effects},
    message,
    month::Month,
    rules,
    standing::{self, Place, Seen, Standing},
    store::{self as rows, Acting},
    summary::{self, Summary},
};
use crate::{
    api::{
        convert::{duration_micros, normal, optional},
        v1::{self, GrantState, discretion_service_server::DiscretionService},
    },
    auth::Caller,
    call::{Call, actor, id, mutation, page_size, respond},
    config::Zone,
    context::Context,
    directory::store::{find_staff, kept_id},
    error::{Error, Reason, Result},
    page::Query,
    reach::{Oneself, Scope, Sight},
    store::{Store, request},
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;
/// Months of which an effect is estimated at most.
const MONTHS: i32 = 12;

/// Serves [`DiscretionService`].
#[derive(Clone, Debug)]
pub struct DiscretionApi {
    store: Store,
    zone: Zone,
}

/// What is done to a grant; gives its id.
enum Change {
    Make(super::Wish, GrantState),
    Decide(Uuid, v1::GrantVerdict, String, i64),
    Give(Uuid),
    Withdraw(Uuid, String),
}

impl DiscretionApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone(), zone: context.zone.clone() }
    }

    fn now(&self) -> i64 {
        self.store.clock().now_micros()
    }

    fn month(&self, text: &str, field: &'static str) -> Result<Month> {
        Month::read(field, text, Month::of(self.now(), &self.zone.rules))
    }

    async fn change(
        &self,
        (caller, scope): (&Caller, Scope),
        mutation: request::Request,
        change: Change,
    ) -> Result<Option<v1::DiscretionGrant>> {
        let (store, actor, sight) = (self.store.clone(), actor(caller), Sight::of(caller, scope));
        let (zone, within, change) = (self.zone.clone(), sight.clone(), std::sync::Arc::new(change));
        let changed = self.store.change(mutation, move |tx, _| {
            let (store, actor, sight) = (store.clone(), actor.clone(), within.clone());
            let (zone, change) = (zone.clone(), change.clone());
            Box::pin(async move {
                let acting = Acting { actor: &actor, sight: &sight, zone: &zone };
                match &*change {
                    Change::Make(wish, becomes) => rows::make(tx, &store, &acting, (wish, *becomes)).await,
                    Change::Decide(id, verdict, note, valid_for) => {
                        rows::decide(tx, &store, &acting, (*id, *verdict), (note, *valid_for)).await
                    }
                    Change::Give(id) => rows::give(tx, &store, &acting, *id).await,
                    Change::Withdraw(id, reason) => rows::withdraw(tx, &store, &acting, *id, reason).await,
                }
            })
        });
        let id: Uuid = changed.await?;
        self.shown(&sight, id).await
    }

    async fn shown(&self, sight: &Sight, id: Uuid) -> Result<Option<v1::DiscretionGrant>> {
        Ok(rows::find(self.store.reader(), sight, id, self.now()).await?.map(message::write))
    }

    async fn standings(&self, sight: &Sight, team_id: &str, month: Month) -> Result<Vec<Standing>> {
        let (reader, scope) = (self.store.reader(), &sight.scope);
        let seen = Seen { by: &sight.oneself, month, now: self.now() };
        let found = match scope {
            Scope::Staff(id) => {
                let team = find_staff(reader, id).await?.and_then(|one| one.team_id);
                match team.filter(|team| team_id.is_empty() || team == team_id) {
                    Some(team) => standing::of_colleagues(reader, &team, Some(id), seen).await?,
                    None => Vec::new(),
                }
            }
            Scope::All | Scope::Teams { .. } if !team_id.is_empty() => {
                if !scope.has_team(team_id) {
                    return Err(Error::NotFound("team"));
                }
                let teams = [team_id.to_owned()];
                let mut found = standing::of_teams(reader, Some(&teams), seen).await?;
                found.extend(standing::of_colleagues(reader, team_id, None, seen).await?);
                found
            }
            Scope::All => standing::of_teams(reader, None, seen).await?,
            Scope::Teams { teams, .. } => standing::of_teams(reader, Some(teams), seen).await?,
            Scope::Customer(_) => Vec::new(),
        };
        Ok(found)
    }
}

#[tonic::async_trait]
impl DiscretionService for DiscretionApi {
    async fn set_budget(&self, request: Request<v1::SetBudgetRequest>) -> Answer<v1::SetBudgetResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetBudget", id, &message);
            let told = message.budget.unwrap_or_default();
            let (budget, from_month) = (message::read_budget(&told)?, told.from_month);
            let (store, actor, reason) = (self.store.clone(), actor(&caller), message.reason);
            let (zone, sight, set) = (self.zone.clone(), Sight::of(&caller, scope), budget.clone());
            let month: i32 = self
                .store
                .change(mutation, move |tx, _| {
                    let (store, actor, sight) = (store.clone(), actor.clone(), sight.clone());
                    let (zone, set, reason) = (zone.clone(), set.clone(), reason.clone());
                    let from_month = from_month.clone();
                    Box::pin(async move {
                        let acting = Acting { actor: &actor, sight: &sight, zone: &zone };
                        rows::set_budget(tx, &store, &acting, (&set, &from_month), &reason).await
                    })
                })
                .await?;
            let seen = Seen { by: &Oneself::of(&caller), month: Month(month), now: self.now() };
            let standing = standing::of_owner(self.store.reader(), &budget, seen).await?;
            Ok(v1::SetBudgetResponse { budget: Some(message::write_standing(standing)) })
        })
        .await
    }

    async fn list_budgets(&self, request: Request<v1::ListBudgetsRequest>) -> Answer<v1::ListBudgetsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let month = self.month(&message.month, "month")?;
            let team_id = normal(message.team_id);
            let bound = v1::ListBudgetsRequest {
                month: month.to_string(),
                team_id: team_id.clone(),
                ..v1::ListBudgetsRequest::default()
            };
            let query = Query::new("ListBudgets", &scope.binding(&caller), &bound.encode_to_vec());
            let sight = Sight::of(&caller, scope);
            let after = query.position(&message.page_token)?.map(read_place).transpose()?;
            let mut found = self.standings(&sight, &team_id, month).await?;
            found.retain(|one| after.as_ref().is_none_or(|after| one.place() > *after));
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page_of(found, limit, |last| write_place(&last.place()));
            let budgets = found.into_iter().map(message::write_standing).collect();
            Ok(v1::ListBudgetsResponse { budgets, next_page_token })
        })
        .await
    }

    async fn make_grant(&self, request: Request<v1::MakeGrantRequest>) -> Answer<v1::MakeGrantResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "MakeGrant", id, &message);
            let wish = message::read_wish(message.grant.unwrap_or_default(), &caller)?;
            let grant = self.change((&caller, scope), mutation, Change::Make(wish, GrantState::Given)).await?;
            Ok(v1::MakeGrantResponse { grant })
        })
        .await
    }

    async fn request_grant(&self, request: Request<v1::RequestGrantRequest>) -> Answer<v1::RequestGrantResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RequestGrant", id, &message);
            let wish = message::read_wish(message.grant.unwrap_or_default(), &caller)?;
            let grant = self.change((&caller, scope), mutation, Change::Make(wish, GrantState::Requested)).await?;
            Ok(v1::RequestGrantResponse { grant })
        })
        .await
    }

    async fn decide_grant(&self, request: Request<v1::DecideGrantRequest>) -> Answer<v1::DecideGrantResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DecideGrant", request_id, &message);
            let valid_for = message.valid_for.as_ref().map_or(rules::APPROVAL, duration_micros);
            let verdict = message.verdict();
            let change = Change::Decide(id(&message.grant_id)?, verdict, message.note, valid_for);
            Ok(v1::DecideGrantResponse { grant: self.change((&caller, scope), mutation, change).await? })
        })
        .await
    }

    async fn give_grant(&self, request: Request<v1::GiveGrantRequest>) -> Answer<v1::GiveGrantResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "GiveGrant", request_id, &message);
            let change = Change::Give(id(&message.grant_id)?);
            Ok(v1::GiveGrantResponse { grant: self.change((&caller, scope), mutation, change).await? })
        })
        .await
    }

    async fn withdraw_grant(&self, request: Request<v1::WithdrawGrantRequest>) -> Answer<v1::WithdrawGrantResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "WithdrawGrant", request_id, &message);
            let change = Change::Withdraw(id(&message.grant_id)?, message.reason);
            Ok(v1::WithdrawGrantResponse { grant: self.change((&caller, scope), mutation, change).await? })
        })
        .await
    }

    async fn get_grant(&self, request: Request<v1::GetGrantRequest>) -> Answer<v1::GetGrantResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let found = self.shown(&Sight::of(&caller, scope), id(&message.grant_id)?).await?;
            Ok(v1::GetGrantResponse { grant: Some(found.ok_or(Error::NotFound("grant"))?) })
        })
        .await
    }

    async fn list_grants(&self, request: Request<v1::ListGrantsRequest>) -> Answer<v1::ListGrantsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListGrantsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListGrants", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.id_position(&message.page_token)?;
            let mut filter = message::read_filter(&message)?;
            if let Some(customer) = filter.customer_id.take() {
                filter.customer_id = Some(kept_id(self.store.reader(), customer).await?);
            }
            let (sight, now) = (Sight::of(&caller, scope), self.now());
            let read = |before, count| rows::list(self.store.reader(), &sight, &filter, (before, count), now);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, before, read, |last: &Grant| last.id, Into::into).await?;
            Ok(v1::ListGrantsResponse { grants: found.into_iter().map(message::write).collect(), next_page_token })
        })
        .await
    }

    async fn summarize_grants(
        &self,
        request: Request<v1::SummarizeGrantsRequest>,
    ) -> Answer<v1::SummarizeGrantsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let month = self.month(&message.month, "month")?;
            let team_id = optional(normal(message.team_id));
            let bound = v1::SummarizeGrantsRequest {
                month: month.to_string(),
                team_id: team_id.clone().unwrap_or_default(),
                ..v1::SummarizeGrantsRequest::default()
            };
            let query = Query::new("SummarizeGrants", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.name_position(&message.page_token)?;
            let sight = Sight::of(&caller, scope);
            let when = (month, month.span(&self.zone.rules), self.now());
            let read = |after, count| summary::page(&self.store, &sight, (team_id.clone(), after, count), when);
            let limit = page_size(message.page_size, PAGE);
            let place = |last: &Summary| last.staff_id.clone();
            let (mut found, next_page_token) = query.page(limit, after, read, place, String::into_bytes).await?;
            // Of themselves nobody learns how often customers had cause (R12).
            found.retain(|one| !sight.oneself.is(Some(&one.staff_id)));
            let summaries = found.into_iter().map(message::write_summary).collect();
            Ok(v1::SummarizeGrantsResponse { summaries, next_page_token })
        })
        .await
    }

    async fn estimate_grant_effect(
        &self,
        request: Request<v1::EstimateGrantEffectRequest>,
    ) -> Answer<v1::EstimateGrantEffectResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let from = self.month(&message.from_month, "from_month")?;
            let to = self.month(&message.to_month, "to_month")?;
            if to < from || to.0 - from.0 >= MONTHS {
                let rule = "must not be before from_month, nor twelve months or more after it";
                return Err(Error::invalid("to_month", Reason::ImpossibleInstants, rule));
            }
            let sight = Sight::of(&caller, scope);
            let team_id = optional(normal(message.team_id));
            let zone = &self.zone.rules;
            let span_of = |at| Month::of(at, zone).span(zone);
            let work = effect::estimate(&self.store, &sight, (from, to), team_id.as_deref(), span_of);
            let found: Effects = Box::pin(work).await?;
            Ok(message::write_effects(found))
        })
        .await
    }
}

/// A place in a list of budgets as page tokens carry it.
fn write_place(place: &Place) -> Vec<u8> {
    serde_json::to_vec(place).unwrap_or_default()
}

fn read_place(bytes: Vec<u8>) -> Result<Place> {
    serde_json::from_slice(&bytes).map_err(|_| Query::malformed())
}
