//! stub
use crate::api::v1::{Reach, Role};
use std::sync::Arc;
/// Who calls.
#[derive(Clone, Debug)]
pub struct Principal {
    /// s
    pub subject: String,
    /// r
    pub role: Role,
    /// t
    pub teams: Vec<String>,
}
/// Who calls, and how far.
#[derive(Clone, Debug)]
pub struct Caller {
    /// p
    pub principal: Arc<Principal>,
    /// r
    pub reach: Reach,
}
