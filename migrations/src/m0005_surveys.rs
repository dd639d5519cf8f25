//! Survey templates, which end of each channel's scale is the good one, and invitations.

use sea_orm_migration::{async_trait, prelude::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::execute(manager, STATEMENTS).await
    }
}

const STATEMENTS: &[&str] = &[
    // Channels and questions are sets: a bit at the place of each number.
    "CREATE TABLE survey_template (
        template_id {text} NOT NULL,
        version {count} NOT NULL,
        state {code} NOT NULL,
        display_name {text} NOT NULL,
        direction {code} NOT NULL,
        channels {int} NOT NULL,
        questions {int} NOT NULL,
        wordings {text} NOT NULL,
        answer_window {int} NOT NULL,
        issue_mode {code} NOT NULL,
        invite_interval {int} NOT NULL,
        label_until {int},
        published_at {int},
        retired_at {int},
        revision {int} NOT NULL,
        PRIMARY KEY (template_id, version)
    ) {strict}",
    // Published and automatic: every recording asks whether there is one.
    "CREATE INDEX survey_template_automatic ON survey_template (template_id) WHERE state = 2 AND issue_mode = 2",
    // What customers of a channel are used to, whichever templates come and go.
    "CREATE TABLE survey_direction (
        channel {code} PRIMARY KEY,
        direction {code} NOT NULL,
        turned_at {int}
    ) {strict}",
    "INSERT INTO survey_direction (channel, direction) VALUES
        (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1),
        (9, 1), (10, 1), (11, 1), (12, 1), (13, 1), (14, 1), (15, 1)",
    // Published: high is best, any channel, all questions, one hour, by hand, one invitation in 30 days.
    "INSERT INTO survey_template (template_id, version, state, display_name, direction, channels, questions, wordings,
            answer_window, issue_mode, invite_interval, published_at, revision)
        VALUES ('csat', 1, 2, 'Customer satisfaction', 1, 0, 1022, '[
            {\"locale\":\"zh\",
            \"question\":\"请您为本次服务评分，直接回复数字：5 非常满意，4 满意，3 一般，2 不满意，1 非常不满意。如果不是服务人员的原因，请在后面加 0，例如：3 0\",
            \"labels\":[\"非常不满意\",\"不满意\",\"一般\",\"满意\",\"非常满意\"]},
            {\"locale\":\"en\",
            \"question\":\"How satisfied were you with our service? Reply with a number: 5 very satisfied, 4 satisfied, 3 neutral, 2 dissatisfied, 1 very dissatisfied. If it was not our colleague''s fault, add 0, for example: 3 0\",
            \"labels\":[\"very dissatisfied\",\"dissatisfied\",\"neutral\",\"satisfied\",\"very satisfied\"]}
        ]', 3600000000, 1, 2592000000000, {now}, 1)",
    // One per interaction, even if suppressed: then without sequence, and there is nothing to send. The token itself is
    // here only for as long as it is to be sent; to recognise it its hash is enough.
    "CREATE TABLE survey_invitation (
        id {id} PRIMARY KEY,
        interaction_id {id} NOT NULL,
        sequence {int},
        template_id {text} NOT NULL,
        template_version {count} NOT NULL,
        state {code} NOT NULL,
        issue_mode {code} NOT NULL,
        channel {code} NOT NULL,
        customer_id {text},
        contact_kind {code},
        contact_value {text},
        locale {text},
        issued_at {int} NOT NULL,
        expire_at {int} NOT NULL,
        delivered_at {int},
        answer_until {int},
        suppression {code},
        contact_refusals {int} NOT NULL,
        token {text},
        token_hash {text}
    ) {strict}",
    "CREATE UNIQUE INDEX survey_invitation_interaction ON survey_invitation (interaction_id)",
    "CREATE UNIQUE INDEX survey_invitation_sequence ON survey_invitation (sequence) WHERE sequence IS NOT NULL",
    "CREATE UNIQUE INDEX survey_invitation_token ON survey_invitation (token_hash) WHERE token_hash IS NOT NULL",
    "CREATE INDEX survey_invitation_time ON survey_invitation (issued_at, id)",
    "CREATE INDEX survey_invitation_customer ON survey_invitation (customer_id, issued_at) WHERE customer_id IS NOT NULL",
    "CREATE INDEX survey_invitation_contact ON survey_invitation (contact_value, issued_at)
        WHERE contact_value IS NOT NULL",
    // Those whose token is to be forgotten when they expire.
    "CREATE INDEX survey_invitation_open ON survey_invitation (expire_at) WHERE state = 1",
    "INSERT INTO stream (name, last_sequence) VALUES ('invitations', 0)",
];
