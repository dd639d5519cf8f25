//! `rapport import ratings`: each row is an interaction and how the customer rated it. The interaction is recorded first,
//! unless it is there already; its id is what the rating needs.

use anyhow::{Context as _, anyhow};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::tz::TimeZone;
use tonic::Code;
use uuid::Uuid;

use super::{
    Run,
    completing::{self, Completion},
    days::{Day, day_of},
    ledger::Ledger,
    reading::Reading,
    upsert::{self, Reach},
};
use rapport_import::{
    mapping::{RatingMapping, TemplateMapping},
    people::Creation,
    rows,
    table::RawRow,
};

use crate::{
    api::v1::{
        BatchRecordInteractionsRequest, BatchSubmitRatingsRequest, CreateTemplateRequest, GetTemplateRequest,
        PublishTemplateRequest, RecordInteractionRequest, RecordItemResult, Recording, SubmitRatingRequest,
        record_item_result, submit_rating_result,
    },
    cli::client::{Client, explain, reasons},
    clock::Clock,
    interaction::reader::violations,
};

/// A rating to be sent, with its row, where it counts, and whether its interaction was completed.
type Rated = (RawRow, SubmitRatingRequest, Option<Day>, bool);

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

/// Records the interactions of a chunk, or completes them; gives the ratings of those that are on record, with their ids.
async fn record(
    reach: Reach<'_>,
    zone: &TimeZone,
    chunk: Vec<(RawRow, Requests)>,
    ledger: &mut Ledger,
) -> anyhow::Result<Vec<Rated>> {
    if chunk.is_empty() {
        return Ok(Vec::new());
    }
    let (client, patience) = reach;
    let requests: Vec<_> = chunk.iter().map(|(_, (interaction, _))| interaction.clone()).collect();
    let call = async || {
        let batch = BatchRecordInteractionsRequest { requests: requests.clone() };
        client.interactions.clone().batch_record_interactions(batch).await
    };
    let results = patience.call(call).await?.into_inner().results;
    anyhow::ensure!(results.len() == chunk.len(), "the server answered {} of {} rows", results.len(), chunk.len());
    let settle = async |((row, requests), result): ((RawRow, Requests), RecordItemResult)| {
        let result = result.result.with_context(|| format!("the server said nothing of line {}", row.line))?;
        let on_record = on_record(reach, &requests.0, result).await?;
        anyhow::Ok((row, requests, on_record))
    };
    let mut settled = stream::iter(chunk.into_iter().zip(results)).map(settle).buffered(completing::AT_ONCE);
    let mut rated = Vec::new();
    while let Some((row, (interaction, mut request), on_record)) = settled.try_next().await? {
        match on_record {
            Ok((id, is_completed)) => {
                if let Some(rating) = &mut request.rating {
                    rating.interaction_id = id;
                }
                let day = interaction.interaction.and_then(|one| day_of(&one, zone));
                rated.push((row, request, day, is_completed));
            }
            Err(reasons) => ledger.reject(&row, &reasons)?,
        }
    }
    Ok(rated)
}

/// The id of a row's interaction and whether it was completed, or why it is not on record.
async fn on_record(
    reach: Reach<'_>,
    request: &RecordInteractionRequest,
    result: record_item_result::Result,
) -> anyhow::Result<Result<(String, bool), Vec<String>>> {
    let error = match result {
        record_item_result::Result::Recorded(recorded) => return Ok(Ok((recorded.interaction_id, false))),
        record_item_result::Result::Error(error) => error,
    };
    let Some(id) = completing::recorded_as(&error) else { return Ok(Err(reasons(&error))) };
    Ok(match completing::complete(reach, request, &id).await? {
        Completion::Completed => Ok((id, true)),
        Completion::Complete => Ok((id, false)),
        Completion::Refused(reasons) => Err(reasons),
    })
}

async fn submit((client, patience): Reach<'_>, rated: Vec<Rated>, ledger: &mut Ledger) -> anyhow::Result<()> {
    if rated.is_empty() {
        return Ok(());
    }
    let requests: Vec<_> = rated.iter().map(|(_, request, ..)| request.clone()).collect();
    let call = async || {
        client.ratings.clone().batch_submit_ratings(BatchSubmitRatingsRequest { requests: requests.clone() }).await
    };
    let results = patience.call(call).await?.into_inner().results;
    anyhow::ensure!(results.len() == rated.len(), "the server answered {} of {} rows", results.len(), rated.len());
    for ((row, _, day, is_completed), result) in rated.into_iter().zip(results) {
        match result.result {
            Some(submit_rating_result::Result::Submitted(submitted)) => {
                ledger.days.add(day);
                match submitted.recording() {
                    Recording::AlreadyPresent if is_completed => ledger.counts.completed += 1,
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
