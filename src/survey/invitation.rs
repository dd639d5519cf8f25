//! Inviting customers: types and rules, without I/O.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::entity::prelude::Uuid;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    api::{
        kinds::is_activity,
        v1::{Channel, ContactKind, ContactPurpose, InvitationState, IssueMode, Outcome, SuppressionReason},
    },
    clock::Micros,
    contact::{Attempt, Policy, Reasons, Situation, can_reach_by},
    directory::{Alias, Party, store::Reachable},
    error::{Error, Result},
    interaction::Facts,
    survey::response::{About, Responses},
    template::{DAY, MINUTE, Template, store::Direction},
};

/// How long an invitation waits for its delivery (R2).
const DELIVERY: Micros = 10 * MINUTE;
/// How long after its issue an invitation can be answered by its token or from where it was sent to.
pub(crate) const ANSWERABLE: Micros = 7 * DAY;
/// An interaction that ended longer ago is of the past: an import, or an afterthought.
pub(super) const JUST_ENDED: Micros = 10 * MINUTE;
/// Clocks of calling systems differ by at most this much.
pub(crate) const SKEW: Micros = 5 * MINUTE;

/// An invitation, or the record that there was none.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: Uuid,
    pub(crate) interaction_id: Uuid,
    /// Id and version.
    pub(crate) template: (String, i32),
    /// As it was written; see [`Self::state_at`].
    pub(crate) state: InvitationState,
    pub(crate) issue_mode: IssueMode,
    /// Of the interaction.
    pub(crate) channel: Channel,
    pub(crate) customer_id: Option<String>,
    pub(crate) contact_point: Option<Alias>,
    /// Empty: not known.
    pub(crate) locale: String,
    pub(crate) issued_at: Micros,
    pub(crate) expire_at: Micros,
    pub(crate) delivered_at: Option<Micros>,
    /// Answers up to here count for staff.
    pub(crate) answer_until: Option<Micros>,
    pub(crate) suppression: SuppressionReason,
    pub(crate) contact_refusals: Reasons,
    /// For as long as it is to be sent.
    pub(crate) token: Option<String>,
    /// With which it was answered first.
    pub(crate) rating_id: Option<Uuid>,
    /// None: it was issued before figures told of invitations.
    pub(crate) about: Option<About>,
}

impl Invitation {
    /// What it is at `now`: nobody needs to write down that it expired.
    pub(crate) fn state_at(&self, now: Micros) -> InvitationState {
        let expired = self.state == InvitationState::Issued && now > self.expire_at;
        if expired { InvitationState::Expired } else { self.state }
    }

    /// What becomes of it by a report; none: nothing new.
    ///
    /// # Errors
    /// [`Error::InvitationExpired`] for a delivery too late, [`Error::InvitationSettled`] for what cannot follow.
    pub(crate) fn settle(&self, told: Report, template: &Template) -> Result<Option<Settled>> {
        use InvitationState::{Answered, Delivered, Expired, Failed, Issued, Suppressed, Unspecified};
        match (self.state, told) {
            (Suppressed | Unspecified, _) | (Delivered | Answered, Report::Failed) => Err(Error::InvitationSettled),
            (Delivered | Answered, Report::Delivered(_)) | (Failed, Report::Failed) => Ok(None),
            (Issued | Expired, Report::Failed) => Ok(Some(Settled { state: Failed, delivered: None })),
            (Issued | Expired | Failed, Report::Delivered(at)) => {
                // The gateway's clock may lag behind the one that issued it.
                let at = at.max(self.issued_at);
                if at > self.expire_at {
                    return Err(Error::InvitationExpired);
                }
                Ok(Some(Settled { state: Delivered, delivered: Some((at, at + template.answer_window)) }))
            }
        }
    }

    /// Whether something that the customer says at `at` can answer it. A customer who answers in time has it, whatever
    /// was told of its delivery.
    pub(crate) fn is_answerable(&self, at: Micros) -> bool {
        use InvitationState::{Answered, Delivered, Expired, Failed, Issued, Suppressed, Unspecified};
        match self.state {
            Delivered | Answered => true,
            Issued | Expired | Failed => at <= self.expire_at,
            Suppressed | Unspecified => false,
        }
    }

    /// Whether there was anything to send.
    pub(crate) fn was_issued(&self) -> bool {
        self.suppression == SuppressionReason::Unspecified
    }

    /// What it adds to the figures; none: it is in none of them.
    pub(crate) fn responses(&self) -> Option<(&About, Responses)> {
        let about = self.about.as_ref().filter(|_| self.was_issued())?;
        let (delivered, responded) = (self.delivered_at.is_some(), self.rating_id.is_some());
        Some((about, Responses { invited: 1, delivered: delivered.into(), responded: responded.into() }))
    }

    /// When the customer had it: where nobody says when, no earlier than it was issued.
    pub(crate) fn asked_at(&self) -> Micros {
        self.delivered_at.unwrap_or(self.issued_at)
    }

    /// Whether it reached the customer, or may still at `now`: then it counts where they were invited lately.
    pub(crate) fn counts_at(&self, now: Micros) -> bool {
        use InvitationState::{Answered, Delivered, Expired, Failed, Issued, Suppressed, Unspecified};
        match self.state_at(now) {
            Issued | Delivered | Answered => true,
            Expired | Failed | Suppressed | Unspecified => false,
        }
    }
}

/// What the gateway says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Report {
    Delivered(Micros),
    Failed,
}

/// What a report makes of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) state: InvitationState,
    /// When, and until when answers count for staff.
    pub(crate) delivered: Option<(Micros, Micros)>,
}

/// Whether a delivery can be told of at `now`: clocks differ by so much.
pub(crate) fn is_plausible(delivered_at: Micros, issued_at: Micros, now: Micros) -> bool {
    (issued_at - SKEW..=now + SKEW).contains(&delivered_at)
}

/// Why somebody is not invited.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Why {
    Nobody,
    Recently,
    Policy(Reasons),
}

impl Why {
    pub(crate) fn reason(self) -> SuppressionReason {
        match self {
            Self::Nobody => SuppressionReason::NobodyToInvite,
            Self::Recently => SuppressionReason::InvitedRecently,
            Self::Policy(_) => SuppressionReason::ContactPolicy,
        }
    }

    pub(crate) fn refusals(self) -> Reasons {
        match self {
            Self::Policy(reasons) => reasons,
            Self::Nobody | Self::Recently => Reasons::default(),
        }
    }

    /// The reason on record; none: it was not suppressed.
    pub(crate) fn on_record(reason: SuppressionReason, refusals: Reasons) -> Option<Self> {
        match reason {
            SuppressionReason::NobodyToInvite => Some(Self::Nobody),
            SuppressionReason::InvitedRecently => Some(Self::Recently),
            SuppressionReason::ContactPolicy => Some(Self::Policy(refusals)),
            SuppressionReason::Unspecified => None,
        }
    }
}

impl From<Why> for Error {
    fn from(why: Why) -> Self {
        let name = |reason: crate::api::v1::ContactRefusalReason| reason.plain_name().replace('_', " ");
        match why {
            Why::Nobody => Self::NobodyToInvite,
            Why::Recently => Self::InvitedRecently,
            Why::Policy(reasons) => Self::ContactRefused(reasons.iter().map(name).collect()),
        }
    }
}

/// What is known of a party that may be invited.
pub(crate) struct Prospect<'a> {
    pub(crate) party: &'a Party,
    /// How the interaction was recorded.
    pub(crate) alias: Option<&'a Alias>,
    pub(crate) reachable: &'a Reachable,
    pub(crate) situation: &'a Situation,
    /// When the customer was invited last, as far as it counts.
    pub(crate) invited_at: Option<Micros>,
}

impl Prospect<'_> {
    /// Where to invite the customer: as they reached us, unless they object, else where the directory says.
    pub(crate) fn contact_point(&self) -> Option<&Alias> {
        let objects = |alias: &&Alias| self.situation.denied_points.contains(alias);
        let directory = self.reachable.points.iter().find(|point| point.kind != ContactKind::Post);
        let own = match self.party {
            Party::Alias(alias) => Some(alias),
            Party::Customer(_) => self.alias,
        };
        own.filter(|alias| !objects(alias)).or(directory).or(own)
    }

    /// Why the customer is not invited at `now`, after an interaction by `channel`.
    pub(crate) fn judge(&self, policy: &Policy, interval: Micros, channel: Channel, now: Micros) -> Result<(), Why> {
        if self.invited_at.is_some_and(|at| now - at < interval) {
            return Err(Why::Recently);
        }
        let point = self.contact_point();
        let attempt = Attempt {
            purpose: ContactPurpose::Survey,
            channel: point.map_or(channel, |point| channel_to(point.kind)),
            points: point.cloned().into_iter().collect(),
            at: now,
        };
        let refusals: Reasons =
            policy.refusals(self.situation, &attempt).into_iter().map(|refusal| refusal.reason).collect();
        if refusals.is_empty() { Ok(()) } else { Err(Why::Policy(refusals)) }
    }
}

/// By which channel a survey goes to a contact point.
fn channel_to(kind: ContactKind) -> Channel {
    match kind {
        ContactKind::Phone => Channel::Sms,
        ContactKind::Email => Channel::Email,
        ContactKind::Chat => Channel::OnlineChat,
        ContactKind::Post | ContactKind::Other | ContactKind::Unspecified => Channel::Other,
    }
}

/// By which channel a survey is shown where no contact point is known.
pub(crate) fn shown_by(channel: Channel) -> Channel {
    if can_reach_by(channel) { channel } else { Channel::Other }
}

/// Whether the server invites to rate an interaction by itself, once it is known at `now`.
pub(crate) fn invites_itself(facts: &Facts, now: Micros) -> bool {
    facts.outcome == Outcome::Answered
        && facts.instants.ended.is_some_and(|ended| now - ended <= JUST_ENDED)
        && !is_activity(facts.kind)
        // To be asked about being asked would never end.
        && facts.contact_purpose != Some(ContactPurpose::Survey)
}

/// Of templates that invite without being asked, the one for a channel.
pub(crate) fn automatic(templates: &[Template], channel: Channel, direction: Option<Direction>) -> Option<&Template> {
    let fits = |template: &&Template| template.covers(channel) && runs_as(template, direction);
    templates.iter().filter(fits).max_by_key(|template| (!template.channels.is_empty(), template.published_at))
}

/// Whether a template's good end is that of the channel.
pub(crate) fn runs_as(template: &Template, direction: Option<Direction>) -> bool {
    direction.is_none_or(|known| known.direction == template.direction)
}

/// When an invitation issued at `now` expires.
pub(crate) fn expires(now: Micros) -> Micros {
    now + DELIVERY
}

/// A new token: 128 random bits.
pub(crate) fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

/// By which a token is recognised.
pub(crate) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::v1::ScaleDirection, contact::Channels, template::tests::template};

    fn invitation(state: InvitationState) -> Invitation {
        Invitation {
            id: Uuid::nil(),
            interaction_id: Uuid::nil(),
            template: ("t".into(), 1),
            state,
            issue_mode: IssueMode::Manual,
            channel: Channel::InboundCall,
            customer_id: None,
            contact_point: None,
            locale: String::new(),
            issued_at: 0,
            expire_at: expires(0),
            delivered_at: None,
            answer_until: None,
            suppression: SuppressionReason::Unspecified,
            contact_refusals: Reasons::default(),
            token: None,
            rating_id: None,
            about: None,
        }
    }

    #[test]
    fn ten_minutes_are_the_limit_of_a_delivery() {
        let issued = invitation(InvitationState::Issued);
        assert_eq!(issued.state_at(DELIVERY), InvitationState::Issued);
        assert_eq!(issued.state_at(DELIVERY + 1), InvitationState::Expired);
        let settle = |at| issued.settle(Report::Delivered(at), &template());
        let delivered =
            |at| Settled { state: InvitationState::Delivered, delivered: Some((at, at + template().answer_window)) };
        assert_eq!(settle(DELIVERY).unwrap(), Some(delivered(DELIVERY)));
        assert!(matches!(settle(DELIVERY + 1), Err(Error::InvitationExpired)));
        assert_eq!(settle(-1).unwrap(), Some(delivered(0)), "another clock");
    }

    #[test]
    fn an_answer_in_time_says_that_it_was_delivered() {
        use InvitationState::{Answered, Delivered, Expired, Failed, Issued, Suppressed};
        let answerable = |state| [DELIVERY, DELIVERY + 1].map(|at| invitation(state).is_answerable(at));
        for state in [Issued, Expired, Failed] {
            assert_eq!(answerable(state), [true, false]);
        }
        assert_eq!([Delivered, Answered, Suppressed].map(answerable), [[true; 2], [true; 2], [false; 2]]);
    }

    #[test]
    fn the_first_delivery_holds() {
        let told = |state, report| invitation(state).settle(report, &template()).map_err(|error| error.to_string());
        let settled = Err(Error::InvitationSettled.to_string());
        assert_eq!(told(InvitationState::Delivered, Report::Delivered(5)), Ok(None));
        assert_eq!(told(InvitationState::Delivered, Report::Failed), settled);
        assert_eq!(told(InvitationState::Suppressed, Report::Delivered(5)), settled);
        assert_eq!(told(InvitationState::Failed, Report::Failed), Ok(None));
        assert!(
            told(InvitationState::Failed, Report::Delivered(5)).unwrap().is_some(),
            "the second attempt got through"
        );
    }

    #[test]
    fn what_names_the_channel_goes_first_then_what_is_new() {
        let one = |id: &str, channels: &[Channel], published_at| Template {
            id: id.into(),
            channels: channels.iter().copied().collect::<Channels>(),
            published_at: Some(published_at),
            ..template()
        };
        let templates = [one("a", &[], 3), one("b", &[Channel::Sms], 1), one("c", &[Channel::Sms], 2)];
        let found = |channel| automatic(&templates, channel, None).map(|one| one.id.as_str());
        assert_eq!([found(Channel::Sms), found(Channel::Email)], [Some("c"), Some("a")]);
        let turned = Direction { direction: ScaleDirection::LowBest, turned_at: None };
        assert_eq!(automatic(&templates, Channel::Sms, Some(turned)), None);
    }

    #[test]
    fn a_token_is_new_and_long() {
        let (one, other) = (new_token(), new_token());
        assert_eq!((one.len(), token_hash(&one).len()), (22, 43));
        assert!(one != other && token_hash(&one) != token_hash(&other));
    }
}
