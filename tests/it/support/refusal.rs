//! The parts of an error.

use prost::Message;
use rapport::api::v1::{ErrorReason, ItemError};
use tonic::{Code, Status};
use tonic_types::pb;

/// The status of a call that must fail.
pub(crate) fn refused<T>(answer: Result<T, Status>) -> Status {
    match answer {
        Ok(_) => panic!("the call should have been refused"),
        Err(status) => status,
    }
}

/// `google.rpc.ErrorInfo.reason`; empty if there is none.
pub(crate) fn reason(status: &Status) -> String {
    let info: Option<pb::ErrorInfo> = detail(status, "google.rpc.ErrorInfo");
    info.map(|info| {
        assert_eq!(info.domain, "rapport");
        info.reason
    })
    .unwrap_or_default()
}

/// `resume_cursor` in `google.rpc.ErrorInfo.metadata`; empty if there is none.
pub(crate) fn resume_cursor(status: &Status) -> String {
    let info: Option<pb::ErrorInfo> = detail(status, "google.rpc.ErrorInfo");
    info.and_then(|mut info| info.metadata.remove("resume_cursor")).unwrap_or_default()
}

/// `outcome` in `google.rpc.ErrorInfo.metadata`; empty if there is none.
pub(crate) fn outcome(status: &Status) -> String {
    let info: Option<pb::ErrorInfo> = detail(status, "google.rpc.ErrorInfo");
    info.and_then(|mut info| info.metadata.remove("outcome")).unwrap_or_default()
}

/// Code and reason.
pub(crate) fn verdict(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

/// Field and reason of every violation in `google.rpc.BadRequest`, in order.
pub(crate) fn violations(status: &Status) -> Vec<(String, String)> {
    let bad: Option<pb::BadRequest> = detail(status, "google.rpc.BadRequest");
    bad.into_iter().flat_map(|bad| bad.field_violations).map(|one| (one.field, one.reason)).collect()
}

/// `google.rpc.PreconditionFailure`: the type of each violation.
pub(crate) fn preconditions(status: &Status) -> Vec<String> {
    let failure: Option<pb::PreconditionFailure> = detail(status, "google.rpc.PreconditionFailure");
    failure.into_iter().flat_map(|failure| failure.violations).map(|one| one.r#type).collect()
}

/// Whether `google.rpc.RetryInfo` says when to come back.
pub(crate) fn may_be_retried(status: &Status) -> bool {
    let retry: Option<pb::RetryInfo> = detail(status, "google.rpc.RetryInfo");
    retry.is_some_and(|retry| retry.retry_delay.is_some())
}

/// Code and reason of an item's error, and field and reason of its violations.
pub(crate) fn item(error: &ItemError) -> (Code, ErrorReason, Vec<(String, ErrorReason)>) {
    let violations = error.violations.iter().map(|one| (one.field.clone(), one.reason())).collect();
    (Code::from_i32(error.code), error.reason(), violations)
}

fn detail<M: Message + Default>(status: &Status, name: &str) -> Option<M> {
    let details = pb::Status::decode(status.details()).unwrap().details;
    let detail = details.iter().find(|detail| detail.type_url == format!("type.googleapis.com/{name}"))?;
    Some(M::decode(detail.value.as_slice()).unwrap())
}
