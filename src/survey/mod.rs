//! Who is invited to answer a template after an interaction, and what customers write back. Types and rules, without I/O: of
//! invitations in `invitation`, of replies in `reply`. Rows of invitations are in `invitations`, their counters in
//! `responses`; `issue` issues them, `eligible` finds who might have been invited; `replies` keeps replies and makes ratings of
//! them, `silence` says when nothing is written back. RPCs are in `service`, the public page is in
//! `page`.

mod eligible;
pub(crate) mod entity;
mod invitation;
mod invitations;
mod issue;
mod message;
mod page;
mod replies;
mod reply;
pub(crate) mod response;
pub(crate) mod responses;
pub mod service;
mod silence;
mod watch;

pub(crate) use eligible::eligible;
pub(crate) use invitation::{invites_itself, token_hash};
pub(crate) use invitations::{count_anew, follow};
pub(crate) use issue::invite_themselves;
pub(crate) use page::SurveyPages;
