//! What callers do, numbered: the same number is the same operation with the same request ids.

use prost_types::Timestamp;
use rapport::{
    api::v1::{
        BatchRecordInteractionsRequest, Consent, ContactKind, ContactPoint, CorrectRatingRequest, Customer,
        EraseCustomerRequest, Rating, SetConsentRequest, SubmitRatingRequest, UpsertCustomerRequest,
        record_item_result::Result as Item,
    },
    cli::client::Client,
};
use tonic::{Code, Status};

use crate::organisation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Record,
    /// Three recordings; of numbers that nobody else has.
    Batch,
    Upsert,
    Rate,
    Correct,
    Consent,
    Erase,
    /// A correction of a rating that is not there: refused, and nothing else.
    Refused,
}

fn kind(n: u64) -> Kind {
    match n % 16 {
        0..7 => Kind::Record,
        7 | 8 => Kind::Refused,
        9 | 10 => Kind::Batch,
        11 => Kind::Upsert,
        12 => Kind::Rate,
        13 => Kind::Correct,
        14 => Kind::Consent,
        _ => Kind::Erase,
    }
}

pub(crate) fn name(n: u64) -> String {
    format!("{:?}", kind(n)).to_lowercase()
}

pub(crate) fn is_recording(n: u64) -> bool {
    kind(n) == Kind::Record
}

pub(crate) fn is_erasure(n: u64) -> bool {
    kind(n) == Kind::Erase
}

/// How many interactions `sent` operations record.
pub(crate) fn interactions(sent: u64) -> u64 {
    (0..sent)
        .map(|n| match kind(n) {
            Kind::Record | Kind::Rate | Kind::Correct => 1,
            Kind::Batch => 3,
            Kind::Upsert | Kind::Consent | Kind::Erase | Kind::Refused => 0,
        })
        .sum()
}

/// Does the `n`th operation; gives what must be the same every time.
pub(crate) async fn send(client: &Client, n: u64) -> Result<String, Status> {
    match kind(n) {
        Kind::Record => record(client, n).await,
        Kind::Batch => {
            let requests = (0..3).map(|part| organisation::request(batched(n, part))).collect();
            let request = BatchRecordInteractionsRequest { requests };
            let answer = client.interactions.clone().batch_record_interactions(request).await?.into_inner();
            let ids = answer.results.into_iter().map(|result| match result.result {
                Some(Item::Recorded(recorded)) => Ok(recorded.interaction_id),
                Some(Item::Error(error)) => Err(Status::new(Code::from(error.code), error.message)),
                None => Err(Status::internal("an empty answer")),
            });
            Ok(ids.collect::<Result<Vec<_>, _>>()?.join(" "))
        }
        Kind::Upsert => upsert(client, n).await,
        Kind::Rate => rate(client, n).await,
        Kind::Correct => {
            let rating_id = rate(client, n).await?;
            let request = CorrectRatingRequest { rating_id, ..correction(n) };
            let answer = client.ratings.clone().correct_rating(request).await?.into_inner();
            Ok(answer.rating.map(|rating| rating.rating_id).unwrap_or_default())
        }
        Kind::Consent => {
            upsert(client, n).await?;
            let request = SetConsentRequest {
                request_id: format!("consent-{n}"),
                customer_id: guest(n),
                kind: ContactKind::Phone.into(),
                value: number(n),
                consent: Consent::Withdrawn.into(),
                source: "by telephone".to_owned(),
                ..Default::default()
            };
            let answer = client.privacy.clone().set_consent(request).await?.into_inner();
            Ok(answer.contact_point.map(|point| point.consent().as_str_name().to_owned()).unwrap_or_default())
        }
        Kind::Erase => {
            upsert(client, n).await?;
            let (request_id, reason) = (format!("erase-{n}"), "as asked".to_owned());
            let request = EraseCustomerRequest { request_id, customer_id: guest(n), reason };
            let answer = client.privacy.clone().erase_customer(request).await?.into_inner();
            Ok(answer.receipt.map(|receipt| receipt.erasure_id).unwrap_or_default())
        }
        Kind::Refused => match client.ratings.clone().correct_rating(correction(n)).await {
            Err(status) if status.code() == Code::NotFound => Ok("refused".to_owned()),
            Err(status) => Err(status),
            Ok(_) => Ok("taken".to_owned()),
        },
    }
}

fn batched(n: u64, part: u64) -> u64 {
    5_000_000 + n * 3 + part
}

/// The customer of an operation about one.
pub(crate) fn guest(n: u64) -> String {
    format!("guest-{n}")
}

fn number(n: u64) -> String {
    format!("+49 30 {n:07}")
}

async fn record(client: &Client, n: u64) -> Result<String, Status> {
    let answer = client.interactions.clone().record_interaction(organisation::request(n)).await?;
    Ok(answer.into_inner().interaction_id)
}

async fn upsert(client: &Client, n: u64) -> Result<String, Status> {
    let point = ContactPoint {
        kind: ContactKind::Phone.into(),
        value: number(n),
        source: "order form".to_owned(),
        consent: Consent::Granted.into(),
        ..Default::default()
    };
    let customer = Customer { customer_id: guest(n), contact_points: vec![point], ..Default::default() };
    let request =
        UpsertCustomerRequest { request_id: format!("guest-{n}"), customer: Some(customer), ..Default::default() };
    match client.directory.clone().upsert_customer(request).await {
        Ok(answer) => Ok(answer.into_inner().outcome().as_str_name().to_owned()),
        // Sent again after the erasure that followed it.
        Err(status) if status.code() == Code::FailedPrecondition || status.code() == Code::NotFound => {
            Ok("UPSERT_OUTCOME_CREATED".to_owned())
        }
        Err(status) => Err(status),
    }
}

async fn rate(client: &Client, n: u64) -> Result<String, Status> {
    let rating = Rating {
        interaction_id: record(client, n).await?,
        template_id: "csat".to_owned(),
        score: 5,
        answered_time: Some(Timestamp { seconds: 1_700_100_000, nanos: 0 }),
        ..Default::default()
    };
    let request = SubmitRatingRequest { request_id: format!("rating-{n}"), rating: Some(rating) };
    let answer = client.ratings.clone().submit_rating(request).await?.into_inner();
    Ok(answer.rating_id)
}

/// Of a rating that is not there, unless another is named.
fn correction(n: u64) -> CorrectRatingRequest {
    CorrectRatingRequest {
        request_id: format!("correction-{n}"),
        rating_id: "0195b1c0-0000-4000-8000-000000000000".to_owned(),
        score: 4,
        answered_time: Some(Timestamp { seconds: 1_700_100_060, nanos: 0 }),
        ..Default::default()
    }
}
