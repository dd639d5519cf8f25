//! What can go wrong in the domain. Knows neither gRPC nor the database: `api::status` turns these into statuses, and
//! `store` turns database errors into these.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

pub use rapport_contract::{Reason, Violation};

/// Result with the domain's error, unless another one is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request break rules; every one of them is named.
    #[error("the request breaks {} rule(s)", .0.len())]
    Invalid(Vec<Violation>),
    /// No acceptable token.
    #[error("a valid token is needed")]
    TokenRejected,
    /// The role may not call the method.
    #[error("the caller's role may not call this method")]
    RoleNotAllowed,
    /// The directory says that the person is not active.
    #[error("the directory does not list the caller as active")]
    CallerInactive,
    /// The caller may not set a field.
    #[error("the caller may not set {0}")]
    FieldNotYours(&'static str),
    /// Who served is not for the caller to say.
    #[error("who served is not for the caller to say")]
    CreditNotYours(Vec<Violation>),
    /// Nobody else named the caller as assisting.
    #[error("nobody else named the caller as assisting")]
    ParticipationNotTold,
    /// The re-attribution does not wait any more.
    #[error("the re-attribution was approved or rejected before")]
    ReattributionSettled,
    /// Not there, or not the caller's to see.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A request id came back with another body.
    #[error("the request id was used before with another body")]
    RequestIdReused,
    /// A request id came back with another body, and this interaction was recorded under it.
    #[error("the request id was used before with another body")]
    RecordedOtherwise(Uuid),
    /// An alias belongs to another customer.
    #[error("an alias belongs to another customer")]
    AliasTaken,
    /// The commitment does not wait any more.
    #[error("the commitment was kept or released before")]
    CommitmentSettled,
    /// The colleague's team has no budget of this unit.
    #[error("the colleague's team has no budget of this unit")]
    NoBudget,
    /// Less is left of a budget than is to be given.
    #[error("less is left of this month's budget")]
    BudgetSpent,
    /// A grant is above the limit, or the second one to a customer.
    #[error("it is above the limit of one grant, or the customer was given something this month already; ask for it")]
    GrantNeedsApproval,
    /// A budget would be less than what was taken from it.
    #[error("more was given or approved this month than the budget would be")]
    BudgetBelowTaken,
    /// The grant is in another state.
    #[error("the grant is {0}")]
    GrantStateMismatch(&'static str),
    /// Somebody else holds the follow-up.
    #[error("somebody else holds the follow-up")]
    FollowUpClaimed,
    /// The claim is not the one that holds.
    #[error("the claim has lapsed, or was never the caller's")]
    FollowUpClaimStale,
    /// The follow-up does not wait for this any more.
    #[error("the follow-up was answered, confirmed or closed before")]
    FollowUpSettled,
    /// There are points without an answer.
    #[error("the follow-up has points without an answer")]
    FollowUpPointsOpen,
    /// There is an answer already, which stays.
    #[error("it was answered before")]
    AlreadyAnswered,
    /// A message by the Connect protocol is longer than the bytes that its method takes.
    #[error("the request must have at most {0} bytes")]
    MessageTooLarge(usize),
    /// An envelope of the Connect protocol is compressed.
    #[error("the envelope is compressed, which was not agreed on")]
    EnvelopeCompressed,
    /// A request by the Connect protocol has no message, or more than one.
    #[error("the request must be one message in one envelope")]
    NotOneMessage,
    /// The rule finds something else than it did.
    #[error("the rule does not find what was previewed any more; preview it again")]
    IncidentChanged,
    /// The incident waits for nothing like this any more.
    #[error("the incident was resolved or taken back, or its customers are told already")]
    IncidentSettled,
    /// The concern waits for nothing like this any more.
    #[error("the concern was acknowledged, mended, declined or told before, or is not mended yet")]
    ConcernSettled,
    /// There are more interactions than a summary of journeys reads.
    #[error("more than 2,000,000 interactions are in the period and the window after it: ask for a shorter one")]
    JourneyTooLarge,
    /// The notice waits for no report.
    #[error("the notice was reported or dropped before")]
    NoticeSettled,
    /// The contact point has an open callback.
    #[error("there is an open callback for this contact point")]
    CallbackOpen,
    /// Another claim of the callback is the present one, or none is.
    #[error("the claim of the callback lapsed or is somebody else's")]
    CallbackClaimLost,
    /// The callback is in another state.
    #[error("the callback is {0}")]
    CallbackStateMismatch(&'static str),
    /// Nobody takes a callback beyond what they said they would.
    #[error("the colleague {0}")]
    CallbackCapacityExceeded(&'static str),
    /// A slot cannot be promised.
    #[error("the slot has no room for another callback, or is none that is offered")]
    CallbackSlotUnavailable,
    /// Nobody works any more.
    #[error("the team's calendar has no more working time")]
    CallbackNoOpening,
    /// Somebody else changed the record first.
    #[error("the record was changed since it was read")]
    EtagMismatch,
    /// Nothing stated or refuted is there to be withdrawn.
    #[error("nothing of the kind is stated or refuted")]
    NothingStated,
    /// The customer is not suspended.
    #[error("the customer is not suspended")]
    NotSuspended,
    /// The version of a survey template is immutable.
    #[error("the version of the survey template was published before")]
    TemplateNotDraft,
    /// The version of a survey template is not in use.
    #[error("the version of the survey template is not published")]
    TemplateNotPublished,
    /// The other end of the scale is the good one.
    #[error("the other end of the scale is the good one on {}", .0.join(", "))]
    WrongDirection(Vec<String>),
    /// A survey template is for other channels.
    #[error("the survey template is not for interactions by this channel")]
    ChannelNotCovered,
    /// The interaction goes on.
    #[error("the interaction is not over")]
    InteractionNotOver,
    /// The interaction does not say with whom it was.
    #[error("the interaction has neither a customer nor an alias")]
    NobodyToInvite,
    /// The interaction has an invitation.
    #[error("there is an invitation for the interaction already")]
    AlreadyInvited,
    /// The customer was invited not long ago.
    #[error("the customer was invited within the template's interval")]
    InvitedRecently,
    /// The contact policy stands against it.
    #[error("the customer must not be contacted now: {}", .0.join(", "))]
    ContactRefused(Vec<String>),
    /// An invitation was not delivered in time.
    #[error("the invitation was not delivered in time")]
    InvitationExpired,
    /// Something else became of an invitation.
    #[error("the invitation was settled before")]
    InvitationSettled,
    /// No invitation has this token, or it is not good any more.
    #[error("no invitation can be answered with this token")]
    SurveyTokenInvalid,
    /// A reply does not wait for a person.
    #[error("the reply does not wait for a person")]
    ReplySettled,
    /// A stream's reader took nothing for too long.
    #[error("the reader is too slow")]
    SlowReader,
    /// The interaction is rated already.
    #[error("the interaction is rated already")]
    AlreadyRated,
    /// Another rating has taken its place.
    #[error("the rating was corrected before")]
    RatingSuperseded,
    /// The customer may not correct it any more.
    #[error("a rating may be corrected for 30 minutes after it was given")]
    CorrectionTooLate,
    /// The rating is or was contested.
    #[error("the rating was contested before")]
    AlreadyContested,
    /// The rating does not count for staff, for this reason.
    #[error("the rating does not count for staff anyway: it is {0}")]
    NotCounted(String),
    /// The time to contest or to appeal is over.
    #[error("the time to contest or to appeal, 7 days, is over")]
    ContestTooLate,
    /// The caller has a stake in what they would decide.
    #[error("the caller has a stake in it")]
    InterestedParty,
    /// The caller took part in what it is about.
    #[error("the caller took part in {0}: another person has to do it")]
    PartyTo(&'static str),
    /// The caller has judged the contest before.
    #[error("the caller has judged the contest before")]
    SameReviewer,
    /// The contest is decided.
    #[error("the contest is decided")]
    ContestSettled,
    /// The contest was not refused, or was appealed before.
    #[error("only a refused contest may be appealed, once")]
    NotAppealable,
    /// The rating is not exempt.
    #[error("the rating is not exempt")]
    NotExempt,
    /// Nobody assesses their own work.
    #[error("the caller took part in the interaction")]
    TookPart,
    /// A rating is no praise of anybody.
    #[error("the rating has no comment, or is of nobody in particular")]
    NothingToShare,
    /// Praise is passed on once.
    #[error("the rating was shared as praise before")]
    AlreadyShared,
    /// The server lacks the master key under which a secret was sealed.
    #[error("the server lacks the master key under which this was sealed")]
    MasterKeyMissing,
    /// Voting has opened, or is over: rules, entries, roll and deadlines do not change any more.
    #[error("rules, entries, roll and deadlines do not change once voting has opened")]
    VotingOpened,
    /// The submission deadline has passed.
    #[error("the time to submit entries is over")]
    SubmissionOver,
    /// A team has one entry in a competition.
    #[error("the team has an entry in this competition")]
    EntryExists,
    /// Voting cannot open; the message says all that is missing.
    #[error("voting cannot open: {}", .0.join(", "))]
    CannotOpen(Vec<String>),
    /// Voting has not opened yet, or is over.
    #[error("voting is not open")]
    VotingNotOpen,
    /// The caller is not on the roll: excluded, joined later, or of no judging team.
    #[error("the caller is not on the roll of this competition")]
    NotOnRoll,
    /// The voter is on the roll without a ballot; the message says why.
    #[error("the voter has no ballot: {}", .0)]
    NoBallot(&'static str),
    /// The swap rule refuses the ballot: one of that team supports the voter's own.
    #[error("a ballot of that team supports the voter's own")]
    MutualVote,
    /// There is no result before voting has closed.
    #[error("there is no result before voting has closed")]
    ResultNotOut,
    /// Every entry was judged by enough judge teams, or the result was accepted before.
    #[error("the result is not provisional, or was accepted before")]
    ResultNotProvisional,
    /// The merge was undone, is too old, or another one came on top.
    #[error("the merge was undone, is more than 30 days old, or must wait until a later one is undone")]
    MergeNotUndoable,
    /// No invited judge has this ballot token, or it is void.
    #[error("no invited judge has this token")]
    BallotTokenInvalid,
    /// The reviewer is on the roll or of a competing team.
    #[error("the reviewer is on the roll or of a competing team")]
    ReviewerCompetes,
    /// The dispute window is over: the result stands.
    #[error("the dispute window is over")]
    DisputeOver,
    /// The flag is decided, or this reviewer has decided it before.
    #[error("the flag is decided, or the reviewer has decided it before")]
    FlagSettled,
    /// What was flagged is no more than chance makes.
    #[error("what was flagged is no more than chance makes, and cannot be confirmed")]
    FlagWithinChance,
    /// Voting has closed, or the competition was cancelled.
    #[error("voting has closed")]
    VotingClosed,
    /// The customer, or the owner of an alias, was erased.
    #[error("the customer, or the owner of an alias, was erased")]
    CustomerErased,
    /// The server has as much to do as it takes on.
    #[error("the server is busy")]
    Overloaded,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The stream has lived as long as a stream may.
    #[error("the stream has lived as long as a stream may; open another one")]
    StreamLifeOver,
    /// The caller makes more calls than they may.
    #[error("too many calls; the next may come in {} ms", .retry_after.as_millis())]
    RateLimited {
        /// When the next call may come.
        retry_after: Duration,
    },
    /// The caller has as many streams open as they may.
    #[error("too many streams are open already")]
    TooManyStreams,
    /// The call took too long.
    #[error("the call took too long")]
    TimedOut,
    /// A page of another origin than those that may call.
    #[error("pages of this origin may not call")]
    OriginNotAllowed,
    /// A session is started by a link and renewed by its own token.
    #[error("a session is started by the token of a link, and renewed by its renewal token")]
    SessionTokenUnfit,
    /// The link was used before.
    #[error("the one-time link was used before; make another one")]
    LinkUsed,
    /// The session is over.
    #[error("the session is over; sign in again")]
    SessionOver,
    /// The server signs no tokens.
    #[error("the server signs no tokens: it has an identity provider's public keys only")]
    SigningKeyMissing,
    /// What was laid down stays.
    #[error("a trial that has started is not changed any more")]
    TrialStarted,
    /// It has not started, or is over.
    #[error("the trial does not run")]
    TrialNotRunning,
    /// Who asks could choose by it.
    #[error("an outcome was known before the plan was asked for: it would be chosen by it")]
    TrialOutcomeKnown,
    /// Assignments are told afterwards.
    #[error("the trial is not over")]
    TrialNotOver,
    /// The database does not answer, or refuses after several attempts.
    #[error("the store does not answer")]
    StoreUnavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// A fault of the server's own.
    #[error("internal error")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One field at fault.
    pub fn invalid(field: impl Into<String>, reason: Reason, rule: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, reason, rule)])
    }

    /// The same error about a message that stands in a field of another.
    #[must_use]
    pub fn inside(self, field: &str) -> Self {
        if let Self::Invalid(found) = self {
            Self::Invalid(found.into_iter().map(|one| one.inside(field)).collect())
        } else {
            self
        }
    }

    /// A fault of the server's own, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// Ok if nothing was found.
    pub fn unless_empty(violations: Vec<Violation>) -> Result<()> {
        if violations.is_empty() { Ok(()) } else { Err(Self::Invalid(violations)) }
    }
}
