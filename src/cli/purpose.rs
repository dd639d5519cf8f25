//! Why a customer's record is opened: an argument of every command that does so.

use clap::ValueEnum;

use crate::api::v1::ReadingPurpose;

/// Why a customer's record is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Purpose {
    Serving,
    Callback,
    Complaint,
    FollowUp,
    Quality,
}

impl From<Purpose> for ReadingPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Serving => Self::Serving,
            Purpose::Callback => Self::Callback,
            Purpose::Complaint => Self::Complaint,
            Purpose::FollowUp => Self::FollowUp,
            Purpose::Quality => Self::Quality,
        }
    }
}
