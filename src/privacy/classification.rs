//! What every column of every table holds: whose data it is, how the rows of one customer are found, and what becomes of
//! them when that customer is erased. Export and erasure are walks over this table and know no other; a test compares it with the live
//! schema, so that a new column is classified before it ships.
//!
//! Conditions and expressions are SQL for both databases: `$1` is the customer's id, `{theirs}` lists the ids of their
//! interactions, `{their_ratings}`, `{their_replies}` and `{their_follow_ups}` those of their ratings, replies and
//! follow-ups, `{their_objects}` what the audit trail calls them. `{reader}` is who reads an export, if it is a person.

use Class::{Fact, Identity, Note, Organization, Partly, Pseudonym, Staff, Technical};

/// Whose data a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Who the customer is, or what they said: exported; erased to this expression.
    Identity(&'static str),
    /// The customer's in some rows, about others in the rest: exported as the first expression, erased to the second.
    Partly(&'static str, &'static str),
    /// Names a matter of theirs in a calling system: exported; erased to a number that still tells their matters apart, since
    /// resolution is counted by them.
    Pseudonym,
    /// What happened with them: exported; stays, without them.
    Fact,
    /// What others wrote about their work with the customer, whom it may name: not exported; erased to this expression.
    Note(&'static str),
    /// About colleagues.
    Staff,
    /// About the organisation: its settings, competitions and aggregates.
    Organization,
    /// About nobody: ids, hashes, revisions, sequences.
    Technical,
}

/// What becomes of a customer's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// They are deleted.
    Deleted,
    /// They stay, and their columns become what their class says.
    Blanked,
    /// Their own module erases them.
    Elsewhere,
}

/// How a customer's rows are found.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// The condition.
    pub which: &'static str,
    /// The UUID by which they are paged. None: there are few.
    pub key: Option<&'static str>,
    /// What becomes of them.
    pub fate: Disposition,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// None: it holds nothing of customers.
    pub rows: Option<Rows>,
    /// Every column, by class.
    pub columns: &'static [(Class, &'static [&'static str])],
}

impl Table {
    /// Every column with its class.
    pub fn classified(&self) -> impl Iterator<Item = (Class, &'static str)> {
        self.columns.iter().flat_map(|(class, names)| names.iter().map(|name| (*class, *name)))
    }

    const fn of_customer(name: &'static str, rows: Rows, columns: &'static [(Class, &'static [&'static str])]) -> Self {
        Self { name, rows: Some(rows), columns }
    }

    const fn of_others(name: &'static str, columns: &'static [(Class, &'static [&'static str])]) -> Self {
        Self { name, rows: None, columns }
    }
}

const NULL: Class = Identity("NULL");
const EMPTY: Class = Identity("''");
/// Of a row that is deleted, which needs no expression.
const GONE: Class = Identity("");

const OF_INTERACTIONS: &str = "interaction_id IN {theirs}";
const fn blanked(which: &'static str, key: &'static str) -> Rows {
    Rows { which, key: Some(key), fate: Disposition::Blanked }
}

const fn few(which: &'static str) -> Rows {
    Rows { which, key: None, fate: Disposition::Blanked }
}

const fn deleted(which: &'static str) -> Rows {
    Rows { which, key: None, fate: Disposition::Deleted }
}

/// Every table, in the order in which a customer is erased: first what is found by their interactions, then these, then what
/// they are found by.
pub const TABLES: &[Table] = &[
    Table::of_customer(
        "audit_event",
        blanked(
            "(object_id IN {their_ids} AND action IN (1, 3, 4, 5, 6, 40, 41, 42, 45, 46, 50, 51, 52))
                OR object_id IN {their_objects} OR (actor IN {their_ids} AND actor_role = 6)",
            "id",
        ),
        &[
            (Fact, &["id", "event_at", "action", "actor_role"]),
            (Identity("CASE WHEN object_id IN {their_ids} THEN '' ELSE object_id END"), &["object_id"]),
            (Partly("CASE WHEN action IN (1, 3, 4, 5, 6, 45, 46) THEN reason ELSE '' END", "''"), &["reason"]),
            // Details of the others name colleagues only.
            (
                Partly(
                    "CASE WHEN action = 45 THEN detail ELSE NULL END",
                    "CASE WHEN action IN (3, 4, 5, 6, 45, 46, 50, 51) THEN NULL ELSE detail END",
                ),
                &["detail"],
            ),
            // The customer's own name stands under object_id.
            (Note("CASE WHEN actor_role = 6 THEN '' ELSE actor END"), &["actor"]),
            (Staff, &["about_staff_id"]),
        ],
    ),
    Table::of_customer(
        "request_memory",
        deleted("scope IN (SELECT 'customer ' || id FROM {their_ids} AS theirs)"),
        &[(GONE, &["scope"]), (Technical, &["request_id", "method", "body_hash", "answer", "created_at", "tick"])],
    ),
    Table::of_customer(
        "survey_reply",
        blanked("id IN {their_replies}", "id"),
        &[
            (Fact, &["id", "invitation_id", "replied_at", "received_at", "outcome", "rating_id", "standing"]),
            (NULL, &["customer_id", "contact_kind", "contact_value", "contact_written"]),
            (EMPTY, &["text"]),
        ],
    ),
    Table::of_customer(
        "survey_invitation",
        blanked(OF_INTERACTIONS, "id"),
        &[
            (Fact, &["id", "interaction_id", "template_id", "template_version", "issue_mode", "channel", "issued_at"]),
            (Fact, &["expire_at", "delivered_at", "answer_until", "suppression", "contact_refusals", "rating_id"]),
            (Fact, &["kind", "topic", "day"]),
            // There is nobody any more to whom it could be sent.
            (Identity("CASE WHEN state = 1 THEN 4 ELSE state END"), &["state"]),
            (NULL, &["customer_id", "contact_kind", "contact_value", "contact_written", "locale"]),
            (Note("NULL"), &["token", "token_hash"]),
            (Staff, &["staff_id", "team_id", "role"]),
            (Technical, &["sequence"]),
        ],
    ),
    Table::of_customer(
        "contest_review",
        few("contest_id IN (SELECT contest_id FROM contest WHERE rating_id IN {their_ratings})"),
        &[(Note("''"), &["reason"]), (Staff, &["contest_id", "number", "reviewer", "verdict", "reviewed_at"])],
    ),
    Table::of_customer(
        "contest",
        blanked("rating_id IN {their_ratings}", "contest_id"),
        &[
            (Note("NULL"), &["evidence", "appeal_reason"]),
            (Staff, &["contest_id", "rating_id", "masked_id", "contester", "grounds", "contested_at", "state"]),
            (Staff, &["decide_by", "decided_at", "appealed_at", "exempted_at", "former_standing"]),
        ],
    ),
    Table::of_customer(
        "praise",
        blanked("rating_id IN {their_ratings}", "id"),
        &[
            (EMPTY, &["text"]),
            (Fact, &["rating_id", "shared_at"]),
            (Staff, &["id", "staff_id", "team_id", "shared_by"]),
        ],
    ),
    Table::of_customer(
        "assessment",
        blanked(OF_INTERACTIONS, "id"),
        &[
            (Note("NULL"), &["note"]),
            (Staff, &["id", "interaction_id", "author", "author_role", "overall", "criteria", "assessed_at"]),
            (Staff, &["superseded_at"]),
        ],
    ),
    Table::of_customer(
        "rating",
        blanked(OF_INTERACTIONS, "id"),
        &[
            (Fact, &["id", "interaction_id", "template_id", "template_version", "score", "level", "resolved"]),
            (Fact, &["affinity", "carefulness", "knowledge", "clarity", "effort", "expected", "perceived"]),
            (Fact, &["attribution", "answered_at", "delivered_at", "received_at", "channel", "kind", "topic"]),
            (Fact, &["occurred_at", "day", "standing"]),
            (NULL, &["comment"]),
            (Staff, &["rated_staff_id", "rated_team_id", "rated_role"]),
            (Technical, &["request_key", "body_hash"]),
        ],
    ),
    Table::of_customer(
        "follow_up_point",
        few("follow_up_id IN {their_follow_ups}"),
        &[
            (Fact, &["follow_up_id", "number", "raised_at", "answered_at"]),
            (EMPTY, &["words"]),
            (NULL, &["answer"]),
            (Staff, &["answered_by"]),
        ],
    ),
    Table::of_customer(
        "follow_up_statement",
        few("follow_up_id IN {their_follow_ups}"),
        &[
            // It was written so that it names nobody, and may come close.
            (Note("''"), &["words"]),
            (Note("NULL"), &["answer"]),
            (Staff, &["id", "follow_up_id", "staff_id", "released_at", "released_by", "answered_at"]),
        ],
    ),
    Table::of_customer(
        "follow_up",
        blanked("id IN {their_follow_ups}", "id"),
        &[
            (Fact, &["id", "source", "interaction_id", "state", "waits_for", "waits_until", "due_at", "opened_at"]),
            (Fact, &["settled_at", "close_reason"]),
            (NULL, &["note"]),
            (Note("NULL"), &["next_action"]),
            // A customer who confirmed it is named by their own id.
            (Note("CASE WHEN settled_by IN {their_ids} THEN '' ELSE settled_by END"), &["settled_by"]),
            (Staff, &["team_id", "level", "holder_staff_id", "claim_number", "leased_until", "author"]),
            (Technical, &["origin_id"]),
        ],
    ),
    Table::of_customer(
        "outbound_contact",
        blanked(OF_INTERACTIONS, "interaction_id"),
        &[
            (Fact, &["interaction_id", "purpose", "contact_at", "breaches", "policy_version"]),
            (NULL, &["customer_id", "alias_kind", "alias_value"]),
        ],
    ),
    Table::of_others("interaction_incident", &[(Technical, &["interaction_id", "incident_id", "linked_at"])]),
    Table::of_customer(
        "notice",
        blanked("customer_id IN {their_ids}", "id"),
        &[
            (Fact, &["id", "subject_id", "kind", "state", "not_before", "taken_at", "channel", "reported_at"]),
            (Fact, &["interaction_id"]),
            (NULL, &["customer_id", "alias_kind", "alias_value"]),
        ],
    ),
    Table::of_others("notice_text", &[(Organization, &["subject_id", "kind", "words", "per_minute"])]),
    Table::of_others("department", &[(Organization, &["id", "display_name", "team_id", "acknowledge_within"])]),
    Table::of_others("department_owned", &[(Organization, &["cause", "topic", "department_id"])]),
    Table::of_others(
        "concern",
        &[
            (Organization, &["id", "department_id", "title", "what", "since", "state", "level", "raised_at"]),
            (Organization, &["acknowledge_due_at", "acknowledged_at", "fix_at", "fixes", "settled_at"]),
            (Organization, &["decline_reason", "told_until"]),
            (Staff, &["author", "settled_by"]),
        ],
    ),
    Table::of_others(
        "concern_event",
        &[(Organization, &["sequence", "concern_id", "kind", "happened_at", "late_by"]), (Staff, &["actor"])],
    ),
    Table::of_others("incident_event", &[(Organization, &["sequence", "incident_id", "kind", "happened_at"])]),
    Table::of_others(
        "incident",
        &[
            (Organization, &["id", "title", "department", "rule", "state", "declared_at", "found_count"]),
            (Organization, &["linked_count", "linked_until", "linked_until_id", "moved_count", "updates"]),
            (Organization, &["noticed_until", "resolved_at", "mended_until"]),
            (Organization, &["cancel_reason"]),
            (Staff, &["author"]),
        ],
    ),
    Table::of_customer(
        "interaction_as_rated",
        blanked(OF_INTERACTIONS, "interaction_id"),
        &[
            (Fact, &["interaction_id", "topic", "outcome", "staff_resolution"]),
            // Under another pseudonym than the other matters of the customer it would tell nothing.
            (NULL, &["case_id"]),
        ],
    ),
    Table::of_customer(
        "reattribution_request",
        blanked(OF_INTERACTIONS, "id"),
        &[
            (Note("''"), &["reason"]),
            (Note("NULL"), &["rejection"]),
            (Staff, &["id", "interaction_id", "state", "requested_by", "requested_at", "decided_by", "decided_at"]),
        ],
    ),
    Table::of_customer(
        "competition_invitee",
        // Ids of customers and of colleagues may be the same text; a roll has both.
        Rows {
            which: "judge_id IN {their_ids} AND NOT EXISTS (SELECT 1 FROM staff_member s WHERE s.staff_id = judge_id)",
            key: None,
            fate: Disposition::Elsewhere,
        },
        &[(GONE, &["judge_id"]), (Fact, &["competition_id", "team_id"]), (Technical, &["token_hash"])],
    ),
    Table::of_customer(
        "competition_voter",
        Rows {
            which: "voter_id IN {their_ids} AND NOT EXISTS (SELECT 1 FROM staff_member s WHERE s.staff_id = voter_id)",
            key: None,
            fate: Disposition::Elsewhere,
        },
        &[
            (GONE, &["voter_id"]),
            (Fact, &["competition_id", "invited", "team_id", "judge", "no_ballot"]),
            (Organization, &["conflicts", "panel"]),
            (Technical, &["pseudonym", "token_hash"]),
        ],
    ),
    Table::of_customer(
        "competition_reminder",
        Rows {
            which: "voter_id IN {their_ids} AND NOT EXISTS (SELECT 1 FROM staff_member s WHERE s.staff_id = voter_id)",
            key: None,
            fate: Disposition::Elsewhere,
        },
        &[(GONE, &["voter_id"]), (Fact, &["competition_id", "reminded_at"]), (Technical, &["sequence"])],
    ),
    Table::of_customer(
        "interaction",
        blanked("id IN {theirs}", "id"),
        &[
            (Fact, &["id", "channel", "kind", "direction", "outcome", "topic", "arrived_at", "requested_at"]),
            (Fact, &["connected_at", "ended_at", "occurred_at", "hold", "after_call_work", "product_id"]),
            (Fact, &["transfer_count", "customer_messages", "staff_messages", "bot_messages", "staff_resolution"]),
            (Fact, &["customer_resolution", "recorded_at"]),
            (
                NULL,
                &[
                    "customer_id",
                    "given_customer_id",
                    "alias_kind",
                    "alias_value",
                    "alias_written",
                    "context",
                    "conclusion",
                ],
            ),
            (Pseudonym, &["case_id", "order_id"]),
            (Staff, &["transfers", "primary_staff_id", "primary_team_id", "recorded_by"]),
            (Technical, &["request_key", "body_hash", "revision", "about_count"]),
        ],
    ),
    Table::of_customer(
        "callback",
        // To one who reads, callbacks of complaints about them are not the customer's.
        blanked(
            "(customer_id IN {their_ids} OR (customer_id IS NULL AND EXISTS (SELECT 1 FROM contact_point p
                    WHERE p.customer_id = $1 AND p.kind = callback.point_kind AND p.value = callback.point_value)))
                AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                    AND (h.id = callback.interaction_id OR h.case_id = callback.case_id))
                OR interaction_id IN {theirs}",
            "id",
        ),
        &[
            (Fact, &["id", "topic", "interaction_id", "slot_at", "quoted_at", "quote_basis", "caller_number"]),
            (Fact, &["requested_at", "attempts", "first_dialled_at", "dialled_at", "connected_at", "ended_at"]),
            (Fact, &["breached_at", "failure", "call_interaction_id"]),
            // There is nobody any more who could be rung.
            (Identity("CASE WHEN state IN (1, 2, 3, 4) THEN 7 ELSE state END"), &["state"]),
            (NULL, &["customer_id", "point_kind", "point_value", "point_written", "context", "note"]),
            (Pseudonym, &["case_id", "order_id"]),
            (Fact, &["product_id"]),
            // A customer who asked is named by their own id.
            (Note("CASE WHEN author_role = 6 THEN '' ELSE author END"), &["author"]),
            (Staff, &["author_role", "team_id", "claimed_by", "claimed_at", "breach_reason", "level"]),
            (Technical, &["place_at", "place", "ready_at", "fence", "lapses", "lease_until", "escalate_at"]),
        ],
    ),
    Table::of_customer(
        "refused_point",
        deleted(
            "EXISTS (SELECT 1 FROM contact_point p WHERE p.customer_id = $1 AND p.kind = refused_point.kind
                    AND p.value = refused_point.value)
                OR EXISTS (SELECT 1 FROM customer_alias a WHERE a.customer_id = $1 AND a.kind = refused_point.kind
                    AND a.value = refused_point.value)",
        ),
        &[(GONE, &["kind", "value", "written", "refused_at"])],
    ),
    Table::of_customer(
        "contact_point",
        deleted("customer_id = $1"),
        &[(
            GONE,
            &["customer_id", "position", "kind", "value", "written", "source", "obtained_at", "consent", "consent_at"],
        )],
    ),
    Table::of_customer(
        "do_not_contact",
        deleted("customer_id = $1"),
        &[
            (GONE, &["customer_id", "id", "channels", "purposes", "reason", "source", "set_at", "end_at", "lifted_at"]),
            (Staff, &["author"]),
        ],
    ),
    Table::of_customer(
        "preference_statement",
        deleted("customer_id = $1"),
        &[
            (GONE, &["customer_id", "id", "dimension", "value", "origin", "source", "note", "stated_at", "ended_at"]),
            (Staff, &["author", "author_role", "withdrawn_by"]),
        ],
    ),
    Table::of_customer(
        "id_skeleton",
        deleted("kind = 3 AND id IN {their_ids}"),
        // The id again, and what it looks like: nothing to export.
        &[(Technical, &["kind", "skeleton", "id"])],
    ),
    Table::of_customer(
        "alias_coincidence",
        deleted("customer_id IN {their_ids}"),
        &[(GONE, &["customer_id", "kind", "value", "written"])],
    ),
    Table::of_customer(
        "customer_alias",
        deleted("customer_id = $1"),
        &[(GONE, &["customer_id", "kind", "value", "written"])],
    ),
    Table::of_customer(
        "customer_merge_row",
        deleted(
            "merge_id IN (SELECT id FROM customer_merge WHERE kept_id IN {their_ids} OR absorbed_id IN {their_ids})",
        ),
        // What moved: their interactions and wishes tell it better.
        &[(Technical, &["merge_id", "kind", "row_id"])],
    ),
    Table::of_customer(
        "customer_merge",
        deleted("kept_id IN {their_ids} OR absorbed_id IN {their_ids}"),
        &[
            (GONE, &["id", "kept_id", "absorbed_id", "reason", "merged_at", "undone_at"]),
            // Both records as they were: what they are now is exported by itself.
            (Staff, &["author", "undone_by"]),
            (Technical, &["state"]),
        ],
    ),
    Table::of_customer(
        "merged_customer",
        deleted("kept_id = $1"),
        &[(GONE, &["customer_id", "kept_id"]), (Technical, &["merge_id"])],
    ),
    Table::of_customer(
        "customer",
        deleted("customer_id = $1"),
        &[
            (GONE, &["customer_id", "salutation", "standing", "locale", "time_zone", "suspension_reason"]),
            (GONE, &["suspended_at", "suspended_until"]),
            (Staff, &["suspension_author"]),
            (Technical, &["revision"]),
        ],
    ),
    // What holds nothing of customers.
    Table::of_others("team", &[(Organization, &["team_id", "display_name", "state", "revision"])]),
    Table::of_others("staff_member", &[(Staff, &["staff_id", "display_name", "role", "team_id", "state", "revision"])]),
    Table::of_others("stream", &[(Technical, &["name", "last_sequence"])]),
    Table::of_others(
        "interaction_participant",
        &[(
            Staff,
            &["interaction_id", "position", "staff_id", "role", "team_id", "involvement", "occurred_at", "told_by"],
        )],
    ),
    Table::of_others("interaction_about", &[(Staff, &["interaction_id", "position", "staff_id"])]),
    Table::of_others(
        "reattribution_participant",
        &[(Staff, &["reattribution_id", "side", "position", "staff_id", "role", "team_id", "involvement", "told_by"])],
    ),
    Table::of_others("interaction_change", &[(Technical, &["sequence", "interaction_id", "kind", "changed_at"])]),
    Table::of_others(
        "contact_policy",
        &[(Organization, &["version", "effective_at", "settings"]), (Staff, &["author"])],
    ),
    Table::of_others(
        "survey_template",
        &[
            (Organization, &["template_id", "version", "state", "display_name", "direction", "channels", "questions"]),
            (Organization, &["wordings", "answer_window", "issue_mode", "invite_interval", "label_until"]),
            (Organization, &["published_at", "retired_at", "revision", "follow_up_level", "follow_up_within"]),
        ],
    ),
    Table::of_others("follow_up_about", &[(Staff, &["follow_up_id", "staff_id"])]),
    Table::of_others(
        "follow_up_event",
        &[(Technical, &["sequence", "follow_up_id", "kind", "happened_at", "late_by"]), (Staff, &["actor"])],
    ),
    Table::of_others(
        "clock",
        &[(Technical, &["subject_id", "number", "team_id", "target", "started_at", "stopped_at", "due_at"])],
    ),
    Table::of_others(
        "clock_stretch",
        &[
            (Technical, &["subject_id", "number", "position", "from_at", "to_at", "runs", "reason"]),
            (Organization, &["calendar_id", "calendar_version"]),
            (Staff, &["author"]),
        ],
    ),
    Table::of_customer(
        "commitment",
        // To one who reads, commitments for complaints about them are not the customer's.
        blanked(
            "customer_id IN {their_ids}
                AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                    AND (h.id = commitment.interaction_id OR h.case_id = commitment.case_id))
                OR interaction_id IN {theirs}",
            "id",
        ),
        &[
            (Fact, &["id", "interaction_id", "due_at", "remind_before", "worth", "currency", "state", "level"]),
            (Fact, &["made_at", "settled_at", "incident_id"]),
            (EMPTY, &["what"]),
            (NULL, &["customer_id", "note"]),
            (Pseudonym, &["case_id"]),
            (Staff, &["owner_staff_id", "team_id"]),
            // A customer who released it is named by their own id.
            (Note("CASE WHEN settled_by IN {their_ids} THEN '' ELSE settled_by END"), &["settled_by"]),
            (Staff, &["author"]),
        ],
    ),
    Table::of_others(
        "commitment_event",
        &[(Technical, &["sequence", "commitment_id", "kind", "happened_at", "late_by"])],
    ),
    Table::of_others("callback_event", &[(Technical, &["sequence", "callback_id", "kind", "happened_at", "late_by"])]),
    Table::of_others(
        "callback_desk",
        &[(Organization, &["team_id", "caller_number", "slot_capacity", "revision", "set_at"]), (Staff, &["author"])],
    ),
    Table::of_others("presence", &[(Staff, &["staff_id", "team_id", "state", "capacity", "set_at", "lapse_at"])]),
    Table::of_others(
        "session",
        &[(Technical, &["id", "link_id"]), (Staff, &["subject", "role", "started_at", "renewed_at", "ends_at"])],
    ),
    Table::of_others("timer", &[(Technical, &["kind", "subject_id", "step", "due_at"])]),
    Table::of_others(
        "webhook",
        &[
            (Organization, &["name"]),
            (Technical, &["position", "last_place", "holder", "lease_until", "fence", "held_until"]),
            (Technical, &["last_success_at", "last_failure_at", "last_error"]),
        ],
    ),
    Table::of_others(
        "webhook_delivery",
        &[
            (Organization, &["webhook"]),
            (Technical, &["log", "sequence", "state", "place", "ahead", "happened_at", "attempts", "next_at"]),
            (Technical, &["failed_at", "error"]),
        ],
    ),
    Table::of_others(
        "calendar_version",
        &[
            (Organization, &["calendar_id", "version", "display_name", "time_zone", "week", "dated", "created_at"]),
            (Staff, &["author"]),
        ],
    ),
    Table::of_others("calendar_of_team", &[(Organization, &["team_id", "calendar_id"])]),
    Table::of_others("survey_direction", &[(Organization, &["channel", "direction", "turned_at"])]),
    Table::of_others("rating_correction", &[(Technical, &["earlier_id", "later_id", "first_answered_at"])]),
    Table::of_others(
        "rating_counter",
        &[
            (Organization, &["unit", "unit_key", "day", "standing", "level_1", "level_2", "level_3", "level_4"]),
            (Organization, &["level_5", "resolved", "unresolved", "affinity_n", "affinity_sum", "carefulness_n"]),
            (Organization, &["carefulness_sum", "knowledge_n", "knowledge_sum", "clarity_n", "clarity_sum"]),
            (Organization, &["effort_n", "effort_sum", "expected_n", "expected_sum", "perceived_n", "perceived_sum"]),
            (Organization, &["both_n", "both_expected_sum", "both_perceived_sum", "about_staff", "about_policy"]),
            (Organization, &["about_product", "about_system", "about_logistics", "about_other"]),
        ],
    ),
    Table::of_others(
        "invitation_counter",
        &[(Organization, &["unit", "unit_key", "day", "invited", "delivered", "responded"])],
    ),
    // As they were released to the colleague, without a word of the customer.
    Table::of_others(
        "coaching_rating",
        &[
            (Staff, &["masked_id", "staff_id", "block", "rating_id", "released_at", "level", "resolved", "affinity"]),
            (Staff, &["carefulness", "knowledge", "clarity", "effort", "expected", "perceived", "attribution"]),
            (Staff, &["topic"]),
        ],
    ),
    Table::of_others(
        "competition",
        &[
            (Organization, &["id", "title", "rules", "submission_deadline", "voting_deadline", "state", "revision"]),
            (Organization, &["public_draw", "manifest", "manifest_hash", "created_at", "opened_at", "closed_at"]),
            (Organization, &["dispute_until", "result_revision"]),
            (
                Technical,
                &[
                    "key_id",
                    "sealed_secret",
                    "seed_commitment",
                    "sealed_ballot_key",
                    "sealed_roll_salt",
                    "hides_voters",
                ],
            ),
        ],
    ),
    Table::of_others(
        "competition_entry",
        &[
            (Organization, &["id", "competition_id", "team_id", "title", "what", "why", "cases", "submitted_at"]),
            (Organization, &["revised_at", "withdrawn_at", "revision"]),
        ],
    ),
    Table::of_others("competition_conflict", &[(Staff, &["competition_id", "staff_id", "team_id"])]),
    Table::of_others("ballot", &[(Technical, &["competition_id", "pseudonym", "revision", "sealed", "draft"])]),
    Table::of_others("ballot_request", &[(Technical, &["competition_id", "pseudonym", "request_id", "mac", "answer"])]),
    Table::of_others(
        "competition_sum",
        &[(Organization, &["competition_id", "judge", "entry_id", "ballots", "shares", "top"])],
    ),
    Table::of_others(
        "competition_revision",
        &[(Organization, &["competition_id", "number", "body", "hash", "key_id", "signature"])],
    ),
    Table::of_others(
        "competition_flag",
        &[
            (Organization, &["id", "competition_id", "position", "kind", "teams", "p_value", "strength", "verdict"]),
            (Organization, &["share"]),
        ],
    ),
    Table::of_others("counted_ballots", &[(Technical, &["competition_id", "sealed"])]),
    Table::of_others(
        "competition_flag_review",
        &[(Staff, &["flag_id", "reviewer", "verdict", "reason", "disqualified", "decided_at"])],
    ),
    Table::of_others(
        "competition_change",
        &[(Organization, &["sequence", "competition_id", "state", "result_revision", "changed_at"])],
    ),
    Table::of_others("normal_form", &[(Technical, &["id", "rules", "made_at"])]),
    Table::of_others("preference_model", &[(Organization, &["dimension", "fitted", "fitted_at"])]),
    Table::of_others("preference_fit", &[(Technical, &["id", "began_at", "sequence"])]),
    Table::of_others("commit_mark", &[(Technical, &["id", "committed"])]),
    Table::of_others("erasure", &[(Technical, &["id", "erased_at", "receipt", "key_id", "signature"])]),
    Table::of_others("erasure_tombstone", &[(Technical, &["mac", "key_id", "erasure_id"])]),
    Table::of_others("housekeeping", &[(Technical, &["id", "tick", "last_time", "timed_keys_from"])]),
    Table::of_others("master_key", &[(Technical, &["key_id", "check_value"])]),
    Table::of_others("lost_master_key", &[(Technical, &["key_id", "accepted_at"])]),
    Table::of_others("seaql_migrations", &[(Technical, &["version", "applied_at"])]),
];
