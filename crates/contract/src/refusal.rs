//! How a refusal is told: which fields are at fault, and a status with the details that every error carries.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

pub use crate::v1::ErrorReason as Reason;

/// `google.rpc.ErrorInfo.domain` of every error.
pub const DOMAIN: &str = "rapport";

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path from the request, for example `interaction.participants[1].staff_id`.
    pub field: String,
    /// Which kind of rule it broke.
    pub reason: Reason,
    /// The rule, for people; completes "the field ...".
    pub rule: String,
}

impl Violation {
    /// A violation at a path.
    pub fn new(field: impl Into<String>, reason: Reason, rule: impl Into<String>) -> Self {
        Self { field: field.into(), reason, rule: rule.into() }
    }

    /// What domain rules found after field rules, without what is wrong with a field that breaks a field rule already: the
    /// value of such a field means nothing.
    pub fn besides(self, fields: &[Violation]) -> Option<Self> {
        let below = |field: &str| {
            self.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        (!fields.iter().any(|one| below(&one.field))).then_some(self)
    }

    /// The same violation of a message that stands in a field of another.
    #[must_use]
    pub fn inside(self, field: &str) -> Self {
        Self { field: format!("{field}.{}", self.field), ..self }
    }
}

/// A status with its details: `more` stand between `google.rpc.ErrorInfo` and the fields at fault.
pub fn status(
    (code, reason): (Code, Reason),
    message: String,
    metadata: HashMap<String, String>,
    more: Vec<Any>,
    violations: Vec<Violation>,
) -> Status {
    let mut details = vec![detail(
        "google.rpc.ErrorInfo",
        &pb::ErrorInfo { reason: reason_name(reason), domain: DOMAIN.to_owned(), metadata },
    )];
    details.extend(more);
    if !violations.is_empty() {
        details.push(detail(
            "google.rpc.BadRequest",
            &pb::BadRequest { field_violations: violations.into_iter().map(bad_field).collect() },
        ));
    }
    let status = pb::Status { code: code as i32, message: message.clone(), details };
    Status::with_details(code, message, status.encode_to_vec().into())
}

/// The status of a message that breaks field rules; its reason is that of the first.
pub fn invalid(violations: Vec<Violation>) -> Status {
    let reason = violations.first().map_or(Reason::Unspecified, |first| first.reason);
    status((Code::InvalidArgument, reason), rules(&violations), HashMap::new(), Vec::new(), violations)
}

/// What is wrong, in one line.
pub fn rules(violations: &[Violation]) -> String {
    // A rule of the whole message names no field.
    let rule = |one: &Violation| format!("{} {}", one.field, one.rule).trim_start().to_owned();
    let rules: Vec<_> = violations.iter().map(rule).collect();
    rules.join("; ")
}

/// A reason's name as `ErrorInfo` carries it.
pub fn reason_name(reason: Reason) -> String {
    reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned()
}

fn bad_field(violation: Violation) -> pb::bad_request::FieldViolation {
    pb::bad_request::FieldViolation {
        field: violation.field,
        description: violation.rule,
        reason: reason_name(violation.reason),
        localized_message: None,
    }
}

/// One detail of a status, by the full name of its message.
pub fn detail(name: &str, message: &impl prost::Message) -> Any {
    Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}
