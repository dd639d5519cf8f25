//! `rapport import ratings`: each row is an interaction and how the customer rated it. The interaction is recorded first,
//! unless it is there already; its id is what the rating needs.

use anyhow::{Context as _, anyhow};
use jiff::tz::TimeZone;
use tonic::Code;
use uuid::Uuid;

use super::{
    Run,
    days::{Day, day_of},
    ledger::Ledger,
    reading::Reading,
    upsert::{self, Creation, Reach},
};
use rapport_import::{
    mapping::{RatingMapping, TemplateMapping},
    rows,
    table::RawRow,
};

use crate::{
    api::v1::{
        BatchRecordInteractionsRequest, BatchSubmitRatingsRequest, CreateTemplateRequest, GetTemplateRequest,
        PublishTemplateRequest, RecordInteractionRequest, Recording, SubmitRatingRequest, record_item_result,
        submit_rating_result,
    },
    cli::client::{Client, explain, reasons},
    clock::Clock,
    interaction::reader::violations,
};

/// A rating to be sent, with its row and where it counts.
type Rated = (RawRow, SubmitRatingRequest, Option<Day>);

type Requests = (RecordInteractionRequest, SubmitRatingRequest);

/// Runs the import.
pub(super) async fn run(mut run: Run, mapping: &RatingMapping) -> anyhow::Result<()> {
    let clock = Clock::system();
    let table = run.source.open_table(&run.zone)?;
    let mut reading = Reading::new(table, &run.bar, |row| {
        rows::rating(mapping, &run.zone, row, |request| violations(request, clock.now_micros()))
    });
    let outcome = send_all((&run.client, run.patience), &run.zone, mapping, &mut reading, &mut run.ledger).await;
    drop(reading);
    run.finish(outcome)
}

async fn send_all(
    reach: Reach<'_>,
    zone: &TimeZone,
    mapping: &RatingMapping,
    reading: &mut Reading<'_, Requests>,
    ledger: &mut Ledger,
) -> anyhow::Result<()> {
    ensure_template(reach.0, &mapping.template).await?;
    let mut creation = Creation::new(mapping.interaction.unknown);
    while let Some(chunk) = reading.next_chunk(ledger)? {
        let (teams, staff, customers) = creation.needed(chunk.iter().map(|(_, (interaction, _))| interaction));
        let mut warnings = Vec::new();
        upsert::create(reach, teams, &mut warnings).await?;
        upsert::create(reach, staff, &mut warnings).await?;
        upsert::create(reach, customers, &mut warnings).await?;
        upsert::note(ledger, warnings);
        let rated = record(reach, zone, chunk, ledger).await?;
        submit(reach, rated, ledger).await?;
    }
    Ok(())
}

/// Publishes the mapping's template where the server has none of that name.
async fn ensure_template(client: &Client, template: &TemplateMapping) -> anyhow::Result<()> {
    let wanted = GetTemplateRequest { template_id: template.id().to_owned(), version: 0 };
    match client.surveys.clone().get_template(wanted).await {
        Ok(_) => return Ok(()),
        Err(status) if status.code() == Code::NotFound => {}
        Err(status) => return Err(explain(&status)),
    }
    let refused = |status: tonic::Status| {
        explain(&status).context(format!("template {:?} is not there and cannot be created", template.id()))
    };
    let request_id = || Uuid::new_v4().to_string();
    let create = CreateTemplateRequest { request_id: request_id(), template: Some(template.message.clone()) };
    let created = client.surveys.clone().create_template(create).await.map_err(refused)?.into_inner();
    let version = created.template.context("the server created no template")?.version;
    let template_id = template.id().to_owned();
    let publish = PublishTemplateRequest { request_id: request_id(), template_id, version, ..Default::default() };
    client.surveys.clone().publish_template(publish).await.map_err(refused)?;
    Ok(())
}

/// Records the interactions of a chunk; gives the ratings of those that are on record, with their ids.
async fn record(
    (client, patience): Reach<'_>,
    zone: &TimeZone,
    chunk: Vec<(RawRow, Requests)>,
    ledger: &mut Ledger,
) -> anyhow::Result<Vec<Rated>> {
    if chunk.is_empty() {
        return Ok(Vec::new());
    }
    let requests: Vec<_> = chunk.iter().map(|(_, (interaction, _))| interaction.clone()).collect();
    let call = async || {
        let batch = BatchRecordInteractionsRequest { requests: requests.clone() };
        client.interactions.clone().batch_record_interactions(batch).await
    };
    let results = patience.call(call).await?.into_inner().results;
    anyhow::ensure!(results.len() == chunk.len(), "the server answered {} of {} rows", results.len(), chunk.len());
    let mut rated = Vec::with_capacity(chunk.len());
    for ((row, (interaction, mut request)), result) in chunk.into_iter().zip(results) {
        match result.result {
            Some(record_item_result::Result::Recorded(recorded)) => {
                if let Some(rating) = &mut request.rating {
                    rating.interaction_id = recorded.interaction_id;
                }
                let day = interaction.interaction.and_then(|one| day_of(&one, zone));
                rated.push((row, request, day));
            }
            Some(record_item_result::Result::Error(error)) => ledger.reject(&row, &reasons(&error))?,
            None => return Err(anyhow!("the server said nothing of line {}", row.line)),
        }
    }
    Ok(rated)
}

async fn submit((client, patience): Reach<'_>, rated: Vec<Rated>, ledger: &mut Ledger) -> anyhow::Result<()> {
    if rated.is_empty() {
        return Ok(());
    }
    let requests: Vec<_> = rated.iter().map(|(_, request, _)| request.clone()).collect();
    let call = async || {
        client.ratings.clone().batch_submit_ratings(BatchSubmitRatingsRequest { requests: requests.clone() }).await
    };
    let results = patience.call(call).await?.into_inner().results;
    anyhow::ensure!(results.len() == rated.len(), "the server answered {} of {} rows", results.len(), rated.len());
    for ((row, _, day), result) in rated.into_iter().zip(results) {
        match result.result {
            Some(submit_rating_result::Result::Submitted(submitted)) => {
                ledger.days.add(day);
                match submitted.recording() {
                    Recording::AlreadyPresent => ledger.counts.already_present += 1,
                    Recording::Recorded | Recording::Unspecified => ledger.counts.accepted += 1,
                }
            }
            Some(submit_rating_result::Result::Error(error)) => ledger.reject(&row, &reasons(&error))?,
            None => return Err(anyhow!("the server said nothing of line {}", row.line)),
        }
    }
    Ok(())
}
