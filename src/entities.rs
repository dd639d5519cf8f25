//! Every table, by its entity: what the live schema of both databases is compared with.

use crate::{
    audit, competition, contact, contest, directory, interaction, master_keys, preference, privacy, quality, rating,
    store::{self, Shape},
    survey, template,
};

macro_rules! shapes {
    ($($($part:ident)::+),* $(,)?) => { vec![$(Shape::of::<$($part)::+::Entity>()),*] };
}

/// All tables. A new one is added here beside its entity.
pub fn all() -> Vec<Shape> {
    shapes![
        audit::entity,
        competition::entity::ballot,
        competition::entity::ballot_request,
        competition::entity::change,
        competition::entity::competition,
        competition::entity::conflict,
        competition::entity::counted_ballots,
        competition::entity::entry,
        competition::entity::flag,
        competition::entity::flag_review,
        competition::entity::invitee,
        competition::entity::reminder,
        competition::entity::revision,
        competition::entity::sum,
        competition::entity::voter,
        contact::entity::contact_policy,
        contact::entity::do_not_contact,
        contact::entity::outbound_contact,
        contest::entity::coaching_rating,
        contest::entity::contest,
        contest::entity::review,
        directory::entity::contact_point,
        directory::entity::customer,
        directory::entity::customer_alias,
        directory::entity::id_skeleton,
        directory::entity::staff_member,
        directory::entity::team,
        directory::entity::tombstone,
        interaction::store::entity::about,
        interaction::store::entity::as_rated,
        interaction::store::entity::change,
        interaction::store::entity::interaction,
        interaction::store::entity::participant,
        interaction::store::entity::reattributed,
        interaction::store::entity::reattribution,
        master_keys::entity::lost_master_key,
        master_keys::entity::master_key,
        preference::entity::fit,
        preference::entity::fitted,
        preference::entity::statement,
        privacy::entity::erasure,
        quality::entity::assessment,
        quality::entity::praise,
        rating::store::entity::correction,
        rating::store::entity::counter,
        rating::store::entity::rating,
        store::entity::commit_mark,
        store::entity::housekeeping,
        store::entity::request_memory,
        store::entity::stream,
        survey::entity::counter,
        survey::entity::invitation,
        survey::entity::reply,
        template::entity::direction,
        template::entity::template,
    ]
}
