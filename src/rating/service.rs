//! The RPCs of ratings.

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_statistics::{
    bias::{self, Tally},
    ranking::Standing,
};
use sea_orm::ConnectionTrait;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Rating, Reactions,
    compare::{self, Compared, Comparison},
    figures::{SEPARATOR, Unit},
    message,
    rules::{day_of, hour_of, midnight},
    store::{self as rows, Correction, NewRating, Period, RatingReceipt, Submitter, Wanted},
};
use crate::{
    api::{
        convert::{micros, normal},
        rules::Violations,
        status,
        v1::{
            self, ScorecardUnit, ScorecardView, TrendStep, rating_service_server::RatingService, submit_rating_result,
        },
    },
    audit::{Reading, Trail},
    auth::Caller,
    call::{Call, mutation, page_size, request_scope, respond},
    clock::DAY,
    context::Context,
    correction,
    error::{Error, Reason, Result},
    interaction::store::{read_position, write_position},
    offload,
    page::Query,
    reach::{Oneself, Scope, Sight},
    scorecard,
    store::{Store, group::GroupCommit, memo::Memo, request, sequence},
    survey,
    survey::responses::responses,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;
const SCORECARD_PAGE: u64 = 1_000;

/// Serves [`RatingService`].
#[derive(Clone)]
pub struct RatingApi {
    store: Store,
    time_zone: TimeZone,
    submitter: GroupCommit<Submitter>,
    reactions: Reactions,
    scorecards: Memo<v1::GetScorecardResponse>,
    ranks: Memo<Ranked>,
    trail: Trail,
}

/// A comparison, and what came of it.
type Ranked = Arc<(Comparison, Vec<Standing>)>;

/// The streams that number every change of a counter.
const COUNTED: &[&str] = &[sequence::INVITATIONS, sequence::RATINGS];

impl std::fmt::Debug for RatingApi {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RatingApi").finish_non_exhaustive()
    }
}

impl RatingApi {
    /// `reactions`: what ratings set off in other domains.
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        let Context { store, zone, recording, group_sizes, trail, .. } = context.clone();
        let writer = Submitter::new(store.clone(), zone.rules.clone(), reactions);
        let submitter = GroupCommit::start(store.clone(), writer, recording.group_max, recording.queue, group_sizes);
        let scorecards = Memo::new(COUNTED, prost::Message::encoded_len);
        let ranks = Memo::new(COUNTED, |ranked: &Ranked| ranked.0.bytes() + size_of_val(ranked.1.as_slice()));
        Self { store, time_zone: zone.rules, submitter, reactions, scorecards, ranks, trail }
    }

    async fn ranked(
        &self,
        (caller, scope): (&Caller, &Scope),
        compared: Compared,
        terms: &v1::RankTerms,
    ) -> Result<(Ranked, Vec<Standing>)> {
        let oneself = Oneself::of(caller);
        let question = format!("{compared:?} {terms:?} {oneself:?}");
        let rank = async {
            let read = Comparison::read(&self.store, compared, terms, oneself).await?;
            Ok(Arc::new(read.rank().await?))
        };
        let ranked = self.ranks.answer(&self.store, question, Box::pin(rank)).await?;
        let within = ranked.0.within(&self.store, scope, compared, ranked.1.clone()).await?;
        Ok((ranked, within))
    }

    /// The interactions of a period by what became of them, as far as the caller may know.
    async fn invited(&self, (caller, scope): (&Caller, &Scope), period: Period) -> Result<BTreeMap<bias::Cell, Tally>> {
        let begin = |day: i32| midnight(day, &self.time_zone);
        let bounds = (begin(period.first).unwrap_or(i64::MIN), begin(period.last + 1).unwrap_or(i64::MAX));
        let (mut cells, oneself): (BTreeMap<bias::Cell, Tally>, _) = (BTreeMap::new(), Oneself::of(caller));
        survey::eligible(self.store.reader(), oneself.id(), bounds, |one| {
            let is_within = match scope {
                Scope::All => true,
                Scope::Teams { teams, .. } => one.team_id.as_ref().is_some_and(|team| teams.contains(team)),
                Scope::Staff(_) | Scope::Customer(_) => false,
            };
            if is_within && !oneself.is(one.staff_id.as_deref()) {
                let cell = bias::Cell {
                    channel: one.channel.plain_name().to_owned(),
                    hour: hour_of(one.occurred_at, &self.time_zone),
                    staff: one.staff_id.unwrap_or_default(),
                    outcome: message::recorded_outcome(one.resolution),
                };
                cells.entry(cell).or_default().add(one.fate);
            }
        })
        .await?;
        Ok(cells)
    }

    /// A request as an entry for the record, or everything that is wrong with its fields.
    fn entry(&self, caller: &Caller, request: v1::SubmitRatingRequest) -> Result<NewRating> {
        let mut found = Violations::of(&request);
        let rating = request.rating.unwrap_or_default();
        let inner: Vec<_> =
            Violations::of(&rating).into_iter().filter_map(|one| one.inside("rating").besides(&found)).collect();
        found.extend(inner);
        Error::unless_empty(found)?;
        let scope = request_scope(caller);
        Ok(NewRating {
            request_key: self.store.keys().key([b"SubmitRating", scope.as_bytes()], &request.request_id),
            body_hash: request::hash(&[&rating.encode_to_vec()]),
            told: message::read(rating)?,
            by: caller.person().map(str::to_owned),
        })
    }

    async fn scorecard(&self, call: Call<v1::GetScorecardRequest>) -> Result<v1::GetScorecardResponse> {
        let Call { caller, scope, message } = call;
        let bound = v1::GetScorecardRequest { page_size: 0, page_token: String::new(), ..message.clone() };
        let query = Query::new("GetScorecard", &scope.binding(&caller), &bound.encode_to_vec());
        let after = query.name_position(&message.page_token)?;
        let (first, last) = super::message::period("", &message.first_day, &message.last_day)?;
        let (asked, view, step) = (message.unit(), message.view(), message.trend());
        let Reachable { unit, keys, within } = Reachable::of(&scope, asked, &normal(message.key))?;
        let limit = page_size(message.page_size, SCORECARD_PAGE);
        let period = Period { first, last };
        let reader = self.store.reader();
        let oneself = Oneself::of(&caller);
        let wanted = Wanted { unit, keys, within, after, period, besides: oneself.clone() };
        let mut keys = scorecard::keys(reader, &wanted, limit + 1).await?;
        let mut outcomes = match view {
            ScorecardView::Unspecified => None,
            ScorecardView::Full if asked == ScorecardUnit::Template => {
                let rule = "must be left out for templates, which interactions have none of";
                return Err(Error::invalid("view", Reason::Contradiction, rule));
            }
            ScorecardView::Full => Some(rows::outcomes(&self.store, &self.time_zone, &wanted).await?),
        };
        if let Some(found) = &outcomes {
            keys.extend(found.keys().cloned());
            keys.sort_unstable();
            keys.dedup();
        }
        let (keys, next_page_token) = query.page_of(keys, limit, |last| last.clone().into_bytes());
        let wanted =
            Wanted { unit, keys: Some(keys.clone()), within: None, after: None, period, besides: oneself.clone() };
        let mut figures = rows::figures(reader, &wanted, step != TrendStep::Unspecified).await?;
        let mut responses = responses(reader, &wanted).await?;
        let mut groups = Vec::with_capacity(keys.len());
        for key in keys {
            // Of a colleague within a team, only they are shown.
            let whose = if unit == Unit::TeamStaff { key.rsplit(SEPARATOR).next().unwrap_or_default() } else { &key };
            if asked == ScorecardUnit::Staff && oneself.is(Some(whose)) {
                continue;
            }
            let shown = message::shown_key(asked, whose);
            let days = figures.remove(&key).unwrap_or_default();
            let responses = responses.remove(&key).unwrap_or_default();
            let outcomes = outcomes.as_mut().map(|found| found.remove(&key).unwrap_or_default());
            groups.push(message::write_scorecard(shown, days, responses, outcomes, step));
        }
        Ok(v1::GetScorecardResponse { groups, next_page_token, without_staff_id: without(&caller) })
    }

    async fn note_reading(&self, caller: &Caller, ratings: &str, about: Option<&str>) -> Result<()> {
        let reading = Reading { action: v1::AuditAction::RatingsRead, object: ratings, about, why: "" };
        self.trail.note(caller, reading).await
    }
}

/// Ratings as those see them who may read them one by one.
pub(crate) async fn shown(connection: &impl ConnectionTrait, ratings: Vec<Rating>) -> Result<Vec<v1::Rating>> {
    let ids: Vec<Uuid> = ratings.iter().map(|rating| rating.id).collect();
    let links = rows::links(connection, &ids).await?;
    let write = |rating: Rating| {
        let links = links.get(&rating.id).copied().unwrap_or_default();
        message::write(rating, links)
    };
    Ok(ratings.into_iter().map(write).collect())
}

fn receipt(receipt: RatingReceipt) -> v1::SubmitRatingResponse {
    let recording = match receipt.already_present {
        true => v1::Recording::AlreadyPresent,
        false => v1::Recording::Recorded,
    };
    v1::SubmitRatingResponse {
        rating_id: receipt.id.to_string(),
        recording: recording.into(),
        standing: receipt.standing.into(),
    }
}

/// What a caller may see of a scorecard: where in the counters it stands, and which of their keys are theirs.
struct Reachable {
    unit: Unit,
    keys: Option<Vec<String>>,
    within: Option<Vec<String>>,
}

impl Reachable {
    fn of(scope: &Scope, asked: ScorecardUnit, key: &str) -> Result<Self> {
        let key = Some(key).filter(|key| !key.is_empty()).map(|key| message::kept_key(asked, key));
        match (scope, asked) {
            (Scope::All, _) => Ok(Self { unit: Unit::Shown(asked), keys: key.map(|key| vec![key]), within: None }),
            (Scope::Teams { teams, .. }, ScorecardUnit::Team) => {
                let keys = teams.iter().filter(|team| key.as_ref().is_none_or(|key| key == *team)).cloned();
                Ok(Self { unit: Unit::Shown(asked), keys: Some(keys.collect()), within: None })
            }
            (Scope::Teams { teams, .. }, ScorecardUnit::Staff) => {
                let keys = key.map(|staff| teams.iter().map(|team| format!("{team}{SEPARATOR}{staff}")).collect());
                Ok(Self { unit: Unit::TeamStaff, keys, within: Some(teams.clone()) })
            }
            // Figures across teams would tell of other teams by what is missing in one's own.
            _ => Err(Error::FieldNotYours("unit")),
        }
    }
}

#[tonic::async_trait]
impl RatingService for RatingApi {
    async fn submit_rating(&self, request: Request<v1::SubmitRatingRequest>) -> Answer<v1::SubmitRatingResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let answer = self.submitter.submit(vec![self.entry(&caller, message)?]).await?.pop();
            Ok(receipt(answer.ok_or(Error::Overloaded)??))
        })
        .await
    }

    async fn batch_submit_ratings(
        &self,
        request: Request<v1::BatchSubmitRatingsRequest>,
    ) -> Answer<v1::BatchSubmitRatingsResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let mut good = Vec::with_capacity(message.requests.len());
            let read = message.requests.into_iter().map(|one| self.entry(&caller, one).map(|entry| good.push(entry)));
            let read: Vec<Result<()>> = read.collect();
            let mut answers = match good.is_empty() {
                true => Vec::new().into_iter(),
                false => self.submitter.submit(good).await?.into_iter(),
            };
            let results = read.into_iter().map(|result| {
                use submit_rating_result::Result as Item;
                let item = match result.and_then(|()| answers.next().unwrap_or(Err(Error::Overloaded))) {
                    Ok(answer) => Item::Submitted(receipt(answer)),
                    Err(error) => Item::Error(status::of_item(error)),
                };
                v1::SubmitRatingResult { result: Some(item) }
            });
            Ok(v1::BatchSubmitRatingsResponse { results: results.collect() })
        })
        .await
    }

    async fn correct_rating(&self, request: Request<v1::CorrectRatingRequest>) -> Answer<v1::CorrectRatingResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let correction = Correction {
                request: mutation(&caller, "CorrectRating", id, &message),
                rating_id: Uuid::try_parse(&message.rating_id).map_err(|_| Error::NotFound("rating"))?,
                score: message.score,
                attribution: message.attribution(),
                answered_at: message.answered_time.as_ref().map(micros).unwrap_or_default(),
                comment: Some(message.comment).filter(|text| !text.is_empty()),
                by: caller.person().map(str::to_owned),
            };
            let id = correction::correct((&self.store, self.reactions), correction).await?;
            let found = rows::find(self.store.reader(), &Sight::of(&caller, scope), id).await?;
            let found = found.ok_or(Error::NotFound("rating"))?;
            Ok(v1::CorrectRatingResponse { rating: shown(self.store.reader(), vec![found]).await?.pop() })
        })
        .await
    }

    async fn get_rating(&self, request: Request<v1::GetRatingRequest>) -> Answer<v1::GetRatingResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let id = Uuid::try_parse(&message.rating_id).map_err(|_| Error::NotFound("rating"))?;
            let found = rows::find(self.store.reader(), &Sight::of(&caller, scope), id).await?;
            let found = found.ok_or(Error::NotFound("rating"))?;
            let about = found.rated.as_ref().map(|rated| rated.staff_id.as_str());
            self.note_reading(&caller, &id.to_string(), about).await?;
            Ok(v1::GetRatingResponse { rating: shown(self.store.reader(), vec![found]).await?.pop() })
        })
        .await
    }

    async fn list_ratings(&self, request: Request<v1::ListRatingsRequest>) -> Answer<v1::ListRatingsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let filter = message.filter.unwrap_or_default();
            let query = Query::new("ListRatings", &scope.binding(&caller), &filter.encode_to_vec());
            let filter = message::read_filter(filter)?;
            let limit = page_size(message.page_size, PAGE);
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let sight = Sight::of(&caller, scope);
            let read = |after, count| rows::list(self.store.reader(), &sight, &filter, after, count);
            let place = |last: &Rating| (last.occurred_at, last.id);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            self.note_reading(&caller, &filter.described(), None).await?;
            Ok(v1::ListRatingsResponse { ratings: shown(self.store.reader(), found).await?, next_page_token })
        })
        .await
    }

    async fn get_scorecard(&self, request: Request<v1::GetScorecardRequest>) -> Answer<v1::GetScorecardResponse> {
        respond(async {
            let call = Call::admit(&self.store, request).await?;
            if call.message.view() == ScorecardView::Full {
                return Box::pin(self.scorecard(call)).await;
            }
            // Its page token is good until the end of the next day.
            let today = self.store.clock().now_micros().div_euclid(DAY);
            let question = format!("{today} {} {:?}", call.scope.binding(&call.caller).text, call.message);
            self.scorecards.answer(&self.store, question, Box::pin(self.scorecard(call))).await
        })
        .await
    }

    async fn rank_teams(&self, request: Request<v1::RankTeamsRequest>) -> Answer<v1::RankTeamsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let terms = message.terms.unwrap_or_default();
            let query = Query::new("RankTeams", &scope.binding(&caller), &terms.encode_to_vec());
            let (_, ranked) = self.ranked((&caller, &scope), Compared::Teams, &terms).await?;
            let (ranks, next_page_token) = page_of(ranked, &query, message.page_size, &message.page_token)?;
            Ok(v1::RankTeamsResponse {
                ranks: ranks.into_iter().map(compare::write).collect(),
                next_page_token,
                without_staff_id: without(&caller),
            })
        })
        .await
    }

    async fn rank_staff(&self, request: Request<v1::RankStaffRequest>) -> Answer<v1::RankStaffResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let terms = message.terms.unwrap_or_default();
            let query = Query::new("RankStaff", &scope.binding(&caller), &terms.encode_to_vec());
            let (_, ranked) = self.ranked((&caller, &scope), Compared::Staff, &terms).await?;
            let (ranks, next_page_token) = page_of(ranked, &query, message.page_size, &message.page_token)?;
            Ok(v1::RankStaffResponse {
                ranks: ranks.into_iter().map(compare::write).collect(),
                next_page_token,
                without_staff_id: without(&caller),
            })
        })
        .await
    }

    async fn explain_rank(&self, request: Request<v1::ExplainRankRequest>) -> Answer<v1::ExplainRankResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let compared = Compared::of(message.unit())?;
            let key = normal(message.key);
            let terms = message.terms.unwrap_or_default();
            let (comparison, within) = self.ranked((&caller, &scope), compared, &terms).await?;
            let found = within.into_iter().find(|one| one.key == key).ok_or(Error::NotFound("rank"))?;
            let explanation = offload::run(move || comparison.0.explain(&key)).await?;
            let explained = compare::write_explanation(compare::write(found), explanation);
            Ok(v1::ExplainRankResponse { without_staff_id: without(&caller), ..explained })
        })
        .await
    }

    async fn get_invitation_bias(
        &self,
        request: Request<v1::GetInvitationBiasRequest>,
    ) -> Answer<v1::GetInvitationBiasResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::GetInvitationBiasRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("GetInvitationBias", &scope.binding(&caller), &bound.encode_to_vec());
            let today = day_of(self.store.clock().now_micros(), &self.time_zone);
            let (first, last) = message::recent_period(&message.first_day, &message.last_day, today)?;
            let cells = self.invited((&caller, &scope), Period { first, last }).await?;
            let unit = message::bias_unit(message.unit());
            let mut compared = offload::run(move || bias::compare(&cells, unit)).await?;
            compared.sort_by_key(|bias| !bias.flagged());
            let alarms = compared.iter().filter(|bias| bias.flagged()).count();
            let (found, next_page_token) = page_of(compared, &query, message.page_size, &message.page_token)?;
            Ok(v1::GetInvitationBiasResponse {
                groups: found.into_iter().map(message::write_bias).collect(),
                next_page_token,
                first_day: message::date_of(first).to_string(),
                last_day: message::date_of(last).to_string(),
                alarm_count: i64::try_from(alarms).unwrap_or(i64::MAX),
                without_staff_id: without(&caller),
            })
        })
        .await
    }
}

/// Whose ratings are left out of figures, as their answers say it.
fn without(caller: &Caller) -> String {
    Oneself::of(caller).id().unwrap_or_default().to_owned()
}

/// A page of what has an order of its own: a token says how far the page before went.
fn page_of<T>(ranked: Vec<T>, query: &Query, size: i32, token: &str) -> Result<(Vec<T>, String)> {
    let first = query.position(token)?.map(|bytes| <[u8; 8]>::try_from(bytes).map_err(|_| Query::malformed()));
    let first = usize::try_from(first.transpose()?.map_or(0, u64::from_be_bytes)).unwrap_or(usize::MAX);
    let limit = usize::try_from(page_size(size, SCORECARD_PAGE)).unwrap_or(usize::MAX);
    let end = first.saturating_add(limit);
    let next = if end < ranked.len() { query.token(&(end as u64).to_be_bytes()) } else { String::new() };
    Ok((ranked.into_iter().skip(first).take(limit).collect(), next))
}
