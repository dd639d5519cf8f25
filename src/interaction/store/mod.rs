//! Rows of interactions, one file each for what is done with them.

pub(crate) mod alike;
mod as_rated;
mod breaches;
mod change;
mod changes;
mod decline;
pub(crate) mod entity;
mod find;
pub(crate) mod incident;
pub(crate) mod journey;
mod lines;
mod reattribute;
mod reattributions;
mod record;
mod rows;
mod served;
pub(crate) mod voice;

pub(crate) use as_rated::AsRated;
pub(crate) use breaches::{BreachFilter, breaches};
pub(crate) use change::{Changing, lock, update};
pub(crate) use changes::{Change, Changes, shown};
pub(crate) use decline::decline;
pub(crate) use find::{
    InteractionFilter, accusing, all_of, among, find, hidden_from, hidden_ids, list, not_about_sql, of_case,
    of_cases_hidden_from, of_customer, of_nothing_about, read_position, with_part_of, write_position,
};
pub(crate) use lines::{contacts, contacts_on_matters, lines, primary_roles};
pub(crate) use reattribute::{Deciding, approve, reattribute, reject};
pub(crate) use reattributions::waiting;
pub(crate) use record::{NewInteraction, RecordReceipt, Recorder, unknown_ids};
pub use rows::recorded;
pub(crate) use served::{check_no_part, served};
