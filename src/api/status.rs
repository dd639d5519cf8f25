//! The only place where a domain error becomes a gRPC status.

use std::collections::HashMap;

use rapport_contract::refusal::{self, detail};
pub use rapport_contract::refusal::{DOMAIN, reason_name};
use tonic::{Code, Status};
use tonic_types::pb;

use super::v1::{self, ItemError};
use crate::{
    error::{Error, Reason, Violation},
    telemetry::request_id,
};

/// When a caller may try again after [`Code::Unavailable`].
const RETRY_AFTER: prost_types::Duration = prost_types::Duration { seconds: 1, nanos: 0 };

/// The status of an error, with its details. Internal causes are logged here and stay here.
pub fn of(error: Error) -> Status {
    let recorded = interaction_id(&error).map(|id| ("interaction_id".to_owned(), id));
    with_metadata(error, recorded.into_iter().collect())
}

/// The status that ends a stream which may be resumed: like [`of`], with the cursor in `ErrorInfo.metadata`.
pub fn of_end(error: Error, resume_cursor: String) -> Status {
    with_metadata(error, HashMap::from([("resume_cursor".to_owned(), resume_cursor)]))
}

fn with_metadata(error: Error, metadata: HashMap<String, String>) -> Status {
    let (code, reason) = classify(&error);
    log_cause(&error);
    let mut more = Vec::new();
    let retry_after = if let Error::RateLimited { retry_after } = error {
        prost_types::Duration::try_from(retry_after).ok()
    } else {
        (code == Code::Unavailable).then_some(RETRY_AFTER)
    };
    if retry_after.is_some() {
        more.push(detail("google.rpc.RetryInfo", &pb::RetryInfo { retry_delay: retry_after }));
    }
    if code == Code::FailedPrecondition {
        more.push(detail(
            "google.rpc.PreconditionFailure",
            &pb::PreconditionFailure {
                violations: vec![pb::precondition_failure::Violation {
                    r#type: reason_name(reason),
                    subject: String::new(),
                    description: error.to_string(),
                }],
            },
        ));
    }
    let message = message(&error);
    refusal::status((code, reason), message, metadata, more, violations(error))
}

/// The error of one item of a batch or stream.
pub fn of_item(error: Error) -> ItemError {
    let (code, reason) = classify(&error);
    log_cause(&error);
    let message = message(&error);
    let interaction_id = interaction_id(&error).unwrap_or_default();
    let violations = violations(error).into_iter().map(field_violation).collect();
    ItemError { code: code as i32, reason: reason.into(), message, violations, interaction_id }
}

/// Code and reason of an error: every variant by name, so that a new one must be placed here.
pub fn classify(error: &Error) -> (Code, Reason) {
    match error {
        Error::Invalid(violations) => {
            (Code::InvalidArgument, violations.first().map_or(Reason::Unspecified, |first| first.reason))
        }
        Error::MessageTooLarge(_) => (Code::ResourceExhausted, Reason::LengthOutOfRange),
        Error::EnvelopeCompressed => (Code::Internal, Reason::Malformed),
        Error::NotOneMessage => (Code::Unimplemented, Reason::Malformed),
        Error::TokenRejected => (Code::Unauthenticated, Reason::TokenRejected),
        Error::RoleNotAllowed => (Code::PermissionDenied, Reason::RoleNotAllowed),
        Error::CallerInactive => (Code::PermissionDenied, Reason::CallerInactive),
        Error::FieldNotYours(_) => (Code::PermissionDenied, Reason::FieldNotYours),
        Error::CreditNotYours(_) => (Code::PermissionDenied, Reason::CreditNotYours),
        Error::ParticipationNotTold => (Code::FailedPrecondition, Reason::ParticipationNotTold),
        Error::ReattributionSettled => (Code::FailedPrecondition, Reason::ReattributionSettled),
        Error::NotFound(_) => (Code::NotFound, Reason::NotFound),
        Error::RequestIdReused | Error::RecordedOtherwise(_) => (Code::AlreadyExists, Reason::RequestIdReused),
        Error::AliasTaken => (Code::AlreadyExists, Reason::AliasTaken),
        Error::CommitmentSettled => (Code::FailedPrecondition, Reason::CommitmentSettled),
        Error::NoBudget => (Code::FailedPrecondition, Reason::NoBudget),
        Error::BudgetSpent => (Code::FailedPrecondition, Reason::BudgetSpent),
        Error::GrantNeedsApproval => (Code::FailedPrecondition, Reason::GrantNeedsApproval),
        Error::BudgetBelowTaken => (Code::FailedPrecondition, Reason::BudgetBelowTaken),
        Error::GrantStateMismatch(_) => (Code::FailedPrecondition, Reason::GrantStateMismatch),
        Error::FollowUpClaimed => (Code::FailedPrecondition, Reason::FollowUpClaimed),
        Error::FollowUpClaimStale => (Code::FailedPrecondition, Reason::FollowUpClaimStale),
        Error::FollowUpSettled => (Code::FailedPrecondition, Reason::FollowUpSettled),
        Error::FollowUpPointsOpen => (Code::FailedPrecondition, Reason::FollowUpPointsOpen),
        Error::AlreadyAnswered => (Code::FailedPrecondition, Reason::AlreadyAnswered),
        Error::IncidentChanged => (Code::FailedPrecondition, Reason::IncidentChanged),
        Error::ConcernSettled => (Code::FailedPrecondition, Reason::ConcernSettled),
        Error::IncidentSettled => (Code::FailedPrecondition, Reason::IncidentSettled),
        Error::JourneyTooLarge => (Code::FailedPrecondition, Reason::JourneyTooLarge),
        Error::NoticeSettled => (Code::FailedPrecondition, Reason::NoticeSettled),
        Error::CallbackOpen => (Code::AlreadyExists, Reason::CallbackOpen),
        Error::CallbackClaimLost => (Code::FailedPrecondition, Reason::CallbackClaimLost),
        Error::CallbackStateMismatch(_) => (Code::FailedPrecondition, Reason::CallbackStateMismatch),
        Error::CallbackCapacityExceeded(_) => (Code::FailedPrecondition, Reason::CallbackCapacityExceeded),
        Error::CallbackSlotUnavailable => (Code::FailedPrecondition, Reason::CallbackSlotUnavailable),
        Error::CallbackNoOpening => (Code::FailedPrecondition, Reason::CallbackNoOpening),
        Error::EtagMismatch => (Code::Aborted, Reason::EtagMismatch),
        Error::AlreadyRated => (Code::AlreadyExists, Reason::AlreadyRated),
        Error::RatingSuperseded => (Code::FailedPrecondition, Reason::RatingSuperseded),
        Error::CorrectionTooLate => (Code::FailedPrecondition, Reason::CorrectionTooLate),
        Error::AlreadyContested => (Code::AlreadyExists, Reason::AlreadyContested),
        Error::NotCounted(_) => (Code::FailedPrecondition, Reason::NotCounted),
        Error::ContestTooLate => (Code::FailedPrecondition, Reason::ContestTooLate),
        Error::InterestedParty | Error::PartyTo(_) => (Code::FailedPrecondition, Reason::InterestedParty),
        Error::SameReviewer => (Code::FailedPrecondition, Reason::SameReviewer),
        Error::ContestSettled => (Code::FailedPrecondition, Reason::ContestSettled),
        Error::NotAppealable => (Code::FailedPrecondition, Reason::NotAppealable),
        Error::NotExempt => (Code::FailedPrecondition, Reason::NotExempt),
        Error::TookPart => (Code::FailedPrecondition, Reason::TookPart),
        Error::NothingToShare => (Code::FailedPrecondition, Reason::NothingToShare),
        Error::AlreadyShared => (Code::AlreadyExists, Reason::AlreadyShared),
        Error::NothingStated => (Code::FailedPrecondition, Reason::NothingStated),
        Error::NotSuspended => (Code::FailedPrecondition, Reason::NotSuspended),
        Error::TemplateNotDraft => (Code::FailedPrecondition, Reason::TemplateNotDraft),
        Error::TemplateNotPublished => (Code::FailedPrecondition, Reason::TemplateNotPublished),
        Error::WrongDirection(_) => (Code::FailedPrecondition, Reason::WrongDirection),
        Error::ChannelNotCovered => (Code::FailedPrecondition, Reason::ChannelNotCovered),
        Error::InteractionNotOver => (Code::FailedPrecondition, Reason::InteractionNotOver),
        Error::NobodyToInvite => (Code::FailedPrecondition, Reason::NobodyToInvite),
        Error::AlreadyInvited => (Code::FailedPrecondition, Reason::AlreadyInvited),
        Error::InvitedRecently => (Code::FailedPrecondition, Reason::InvitedRecently),
        Error::ContactRefused(_) => (Code::FailedPrecondition, Reason::ContactRefused),
        Error::InvitationExpired => (Code::FailedPrecondition, Reason::InvitationExpired),
        Error::InvitationSettled => (Code::FailedPrecondition, Reason::InvitationSettled),
        Error::SurveyTokenInvalid => (Code::NotFound, Reason::SurveyTokenInvalid),
        Error::ReplySettled => (Code::FailedPrecondition, Reason::ReplySettled),
        Error::MasterKeyMissing => (Code::FailedPrecondition, Reason::MasterKeyMissing),
        Error::VotingOpened => (Code::FailedPrecondition, Reason::VotingOpened),
        Error::SubmissionOver => (Code::FailedPrecondition, Reason::SubmissionOver),
        Error::EntryExists => (Code::AlreadyExists, Reason::EntryExists),
        Error::CannotOpen(_) => (Code::FailedPrecondition, Reason::CannotOpen),
        Error::VotingNotOpen => (Code::FailedPrecondition, Reason::VotingNotOpen),
        Error::NotOnRoll => (Code::PermissionDenied, Reason::NotOnRoll),
        Error::NoBallot(_) => (Code::FailedPrecondition, Reason::NoBallot),
        Error::MutualVote => (Code::FailedPrecondition, Reason::MutualVote),
        Error::ResultNotOut => (Code::FailedPrecondition, Reason::ResultNotOut),
        Error::ResultNotProvisional => (Code::FailedPrecondition, Reason::ResultNotProvisional),
        Error::MergeNotUndoable => (Code::FailedPrecondition, Reason::MergeNotUndoable),
        Error::BallotTokenInvalid => (Code::NotFound, Reason::BallotTokenInvalid),
        Error::ReviewerCompetes => (Code::FailedPrecondition, Reason::ReviewerCompetes),
        Error::DisputeOver => (Code::FailedPrecondition, Reason::DisputeOver),
        Error::FlagSettled => (Code::FailedPrecondition, Reason::FlagSettled),
        Error::FlagWithinChance => (Code::FailedPrecondition, Reason::FlagWithinChance),
        Error::VotingClosed => (Code::FailedPrecondition, Reason::VotingClosed),
        Error::CustomerErased => (Code::FailedPrecondition, Reason::CustomerErased),
        Error::SlowReader => (Code::ResourceExhausted, Reason::SlowReader),
        Error::Overloaded => (Code::Unavailable, Reason::Overloaded),
        Error::Stopping => (Code::Unavailable, Reason::ServerStopping),
        Error::StreamLifeOver => (Code::Unavailable, Reason::StreamLifeOver),
        Error::RateLimited { .. } => (Code::ResourceExhausted, Reason::RateLimited),
        Error::TooManyStreams => (Code::ResourceExhausted, Reason::TooManyStreams),
        Error::TimedOut => (Code::DeadlineExceeded, Reason::TimedOut),
        Error::OriginNotAllowed => (Code::PermissionDenied, Reason::OriginNotAllowed),
        Error::SessionTokenUnfit => (Code::FailedPrecondition, Reason::SessionTokenUnfit),
        Error::LinkUsed => (Code::FailedPrecondition, Reason::LinkUsed),
        Error::SessionOver => (Code::Unauthenticated, Reason::SessionOver),
        Error::SigningKeyMissing => (Code::FailedPrecondition, Reason::SigningKeyMissing),
        Error::TrialStarted => (Code::FailedPrecondition, Reason::TrialStarted),
        Error::TrialNotRunning => (Code::FailedPrecondition, Reason::TrialNotRunning),
        Error::TrialOutcomeKnown => (Code::FailedPrecondition, Reason::TrialOutcomeKnown),
        Error::TrialNotOver => (Code::FailedPrecondition, Reason::TrialNotOver),
        Error::StoreUnavailable(_) => (Code::Unavailable, Reason::StoreUnavailable),
        Error::Internal(_) => (Code::Internal, Reason::Internal),
    }
}

fn message(error: &Error) -> String {
    if let Error::Invalid(violations) | Error::CreditNotYours(violations) = error {
        refusal::rules(violations)
    } else {
        error.to_string()
    }
}

fn violations(error: Error) -> Vec<Violation> {
    if let Error::Invalid(violations) | Error::CreditNotYours(violations) = error { violations } else { Vec::new() }
}

/// The interaction that stands in the way.
fn interaction_id(error: &Error) -> Option<String> {
    if let Error::RecordedOtherwise(id) = error { Some(id.to_string()) } else { None }
}

fn log_cause(error: &Error) {
    if let Error::Internal(cause) = error {
        tracing::error!(%cause, request_id = request_id(), "internal error");
    } else if let Error::StoreUnavailable(cause) = error {
        tracing::warn!(%cause, request_id = request_id(), "store unavailable");
    }
}

fn field_violation(violation: Violation) -> v1::FieldViolation {
    v1::FieldViolation { field: violation.field, reason: violation.reason.into(), description: violation.rule }
}
