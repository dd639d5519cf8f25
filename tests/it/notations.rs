//! Notations of one telephone number or e-mail address are one wherever the server compares them.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use rapport::{
    api::v1::{
        self, Consent, ContactKind, ContactRefusalReason as Refused, Customer, CustomerAlias, DuplicateEvidenceKind,
        Interaction, ReplyOutcome,
    },
    clock::Clock,
};
use rapport_identity::Country;

use crate::{
    identity::{by_alias, check, erase, get, merge, point, refusals, sees_wishes, suggestions, timeline},
    support::{Caller, Server, Test, client::request_id, on_both, reason, refused, sample::customer},
    surveys::{awake, ended, issue, report},
};

#[path = "../../crates/identity/src/notations.rs"]
mod table;

pub(crate) fn tests() -> Vec<Test> {
    on_both![notations_of_one_number_meet_everywhere, notations_of_one_address_meet_everywhere]
}

async fn notations_of_one_number_meet_everywhere(server: Server) {
    let mut countries: BTreeMap<&str, Vec<&[&str]>> = BTreeMap::new();
    for (country, _, written) in table::NUMBERS {
        countries.entry(country).or_default().push(written);
    }
    let backend = server.backend();
    let in_country = async |(country, numbers): (&str, Vec<_>)| {
        let country = Country::of(country);
        let server = Server::start_with(backend, Clock::system(), |config| config.default_country = country).await;
        meet_everywhere(server.unwrap(), ContactKind::Phone, &numbers).await;
    };
    // A server for each of them; some at a time, since what is waited for is their work.
    futures::stream::iter(countries).for_each_concurrent(4, in_country).await;
}

async fn notations_of_one_address_meet_everywhere(server: Server) {
    let addresses: Vec<_> = table::ADDRESSES.iter().map(|(_, written)| *written).collect();
    meet_everywhere(server, ContactKind::Email, &addresses).await;
}

/// Each of the points in all of its notations, none of which is known to the server.
async fn meet_everywhere(server: Server, kind: ContactKind, points: &[&[&str]]) {
    let server = sees_wishes(awake(server).await).await;
    let test = Meeting { app: server.app(), server, kind };
    for (number, written) in points.iter().enumerate() {
        test.invited_and_answering(written).await;
        test.known_and_refusing(number, written).await;
    }
    test.told_again(0, points[0]).await;
    // None of them met another one.
    let known = test.server.number("SELECT count(*) FROM customer_alias").await;
    assert_eq!(usize::try_from(known).unwrap(), points.len());
    for (number, written) in points.iter().enumerate() {
        test.merged(number, written).await;
    }
    for (number, written) in points.iter().enumerate() {
        test.forgotten(number, written).await;
        if let Some(next) = points.get(number + 1) {
            assert!(by_alias(&test.server, test.alias(next[0])).await.is_ok(), "{next:?} is somebody else's");
        }
    }
}

/// A server and a caller who has its token verified once.
struct Meeting {
    server: Server,
    app: Caller,
    kind: ContactKind,
}

fn own(number: usize) -> String {
    format!("own {number}")
}

fn other(number: usize) -> String {
    format!("other {number}")
}

impl Meeting {
    fn alias(&self, value: &str) -> CustomerAlias {
        CustomerAlias { kind: self.kind.into(), value: value.to_owned() }
    }

    /// The id of a call by somebody of whom only this is known.
    async fn call(&self, written: &str) -> String {
        let interaction = Interaction { customer_alias: Some(self.alias(written)), ..ended("", 60) };
        self.app.record(interaction).await.unwrap().interaction_id
    }

    async fn is_refused(&self, customer_id: &str, alias: Option<CustomerAlias>, written: &str) -> bool {
        refusals(&self.app, check(customer_id, alias, written)).await.contains(&Refused::ConsentDenied)
    }

    /// A stranger is invited at one notation and answers from another.
    async fn invited_and_answering(&self, written: &[&str]) {
        let sent = issue(&self.server, &self.call(written[0]).await).await.unwrap();
        assert_eq!(sent.contact_point, Some(self.alias(written[0])));
        let invitation = sent.invitation.unwrap().invitation_id;
        report(&self.server, &invitation, v1::DeliveryOutcome::Delivered, None).await.unwrap();
        let reply = v1::ReceiveReplyRequest {
            request_id: request_id(),
            contact_point: Some(self.alias(written[written.len() - 1])),
            text: "5".to_owned(),
            ..Default::default()
        };
        let reply = self.app.surveys().receive_reply(reply).await.unwrap().into_inner().reply.unwrap();
        assert_eq!((reply.outcome(), reply.invitation_id), (ReplyOutcome::Scored, invitation), "{written:?}");
    }

    /// Two customers have the point, one of whom said no to being contacted there.
    async fn known_and_refusing(&self, number: usize, written: &[&str]) {
        let (own, other, shown) = (own(number), other(number), written[0]);
        let known = |id: &str, shown: &str, consent| Customer {
            contact_points: vec![point(self.kind, shown, consent)],
            ..customer(id)
        };
        let owner = Customer { aliases: vec![self.alias(shown)], ..known(&own, shown, Consent::Granted) };
        self.app.upsert_customer(owner).await.unwrap();
        self.app.upsert_customer(known(&other, written[written.len() - 1], Consent::Denied)).await.unwrap();
        for one in written {
            assert!(self.is_refused(&other, None, one).await, "{one:?}");
            self.call(one).await;
        }
        // All of their calls, the one before they were known included.
        let last = written[written.len() - 1];
        assert_eq!(timeline(&self.app, "", Some(self.alias(last))).await.len(), written.len() + 1, "{written:?}");
    }

    /// The same point in another notation adds nothing to a record; a no there is the same no.
    async fn told_again(&self, number: usize, written: &[&str]) {
        let (own, shown, again) = (own(number), written[0], written[written.len() / 2]);
        let told = Customer {
            aliases: vec![self.alias(again)],
            contact_points: vec![point(self.kind, again, Consent::Unspecified)],
            ..customer(&own)
        };
        self.app.upsert_customer(told).await.unwrap();
        let kept = get(&self.server, &own).await.unwrap();
        assert_eq!((kept.aliases.len(), kept.contact_points.len()), (1, 1));
        assert!(!self.is_refused(&own, None, again).await, "{again:?}");
        let no = v1::SetConsentRequest {
            request_id: request_id(),
            customer_id: own.clone(),
            kind: self.kind.into(),
            value: again.to_owned(),
            consent: Consent::Withdrawn.into(),
            source: "by telephone".to_owned(),
            consent_time: None,
        };
        let set = self.app.privacy().set_consent(no).await.unwrap().into_inner().contact_point.unwrap();
        assert_eq!((set.value.as_str(), set.consent()), (shown, Consent::Withdrawn));
        assert!(self.is_refused(&own, None, shown).await, "{shown:?}");
    }

    /// The two are suggested to be one person, and are one afterwards.
    async fn merged(&self, number: usize, written: &[&str]) {
        let (own, other) = (own(number), other(number));
        let suggested = suggestions(&self.server, &own).await;
        assert_eq!(suggested.len(), 1, "{written:?}");
        assert_eq!(suggested[0].evidence[0].kind(), DuplicateEvidenceKind::ContactPoint);
        merge(&self.server, &own, &other).await.unwrap();
        let one = get(&self.server, &other).await.unwrap();
        assert_eq!((one.customer_id.as_str(), one.contact_points.len()), (own.as_str(), 1));
        let (first, last) = (written[0], written[written.len() - 1]);
        assert!(self.is_refused("", Some(self.alias(first)), last).await, "{written:?}");
    }

    /// Erased, they are recognised by any notation.
    async fn forgotten(&self, number: usize, written: &[&str]) {
        erase(&self.server, &own(number)).await;
        for one in written {
            let somebody = Customer { aliases: vec![self.alias(one)], ..customer("somebody") };
            assert_eq!(reason(&refused(self.app.upsert_customer(somebody).await)), "CUSTOMER_ERASED", "{one:?}");
        }
        self.call(written[written.len() - 1]).await;
        let own = own(number);
        let known = format!(
            "SELECT count(*) FROM interaction WHERE customer_id = '{own}' OR customer_id IS NULL AND alias_value IS NOT NULL"
        );
        assert_eq!(self.server.number(&known).await, 0, "{written:?}");
    }
}
