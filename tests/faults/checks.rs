//! What every round ends with: nothing acknowledged is missing, nothing is there twice, every figure is what the record
//! comes to.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use rapport::{
    api::v1::{SummarizeInteractionsRequest, SummaryGrouping},
    cli::client::explain,
};

use crate::{
    ledger::Ledger,
    operations,
    places::Place,
    process::{self, Server},
};

/// Sends everything again, then counts in three ways; gives how many operations had been acknowledged. The server is
/// stopped for the last of them.
///
/// # Errors
/// Whatever does not agree.
pub(crate) async fn all(place: &Place, mut server: Server, ledger: &Arc<Ledger>) -> anyhow::Result<u64> {
    let check = ledger.check(&server.client).await?;
    ensure!(check.differing == 0, "{} of {} acknowledged operations differ", check.differing, check.acknowledged);
    let again = ledger.check(&server.client).await?;
    ensure!(again.differing == 0, "sent a third time, {} operations differ", again.differing);
    ledger.require_honest_errors()?;

    let expected = operations::interactions(ledger.sent());
    let request = SummarizeInteractionsRequest { group_by: SummaryGrouping::Channel.into(), ..Default::default() };
    let answer = server.client.interactions.clone().summarize_interactions(request).await;
    let total = answer.map_err(|status| explain(&status))?.into_inner().total.context("a summary without a total")?;
    ensure!(total.count == i64::try_from(expected)?, "{} interactions are counted, not {expected}", total.count);
    let rows = place.number("SELECT count(*) FROM interaction").await?;
    ensure!(rows == total.count, "{rows} interactions are there, {} are counted", total.count);
    let twice = "SELECT count(*) FROM (SELECT request_key FROM interaction GROUP BY request_key HAVING count(*) > 1) t";
    ensure!(place.number(twice).await? == 0, "an interaction is there twice");
    let unannounced = "SELECT count(*) FROM interaction i WHERE NOT EXISTS
        (SELECT 1 FROM interaction_change c WHERE c.interaction_id = i.id)";
    ensure!(place.number(unannounced).await? == 0, "an interaction is in no watch");
    server.terminate().await?;

    let (status, said) = process::run(place, &["recompute", "--check", "--json"])?;
    ensure!(status.success(), "the counters are not what the record comes to: {said}");
    Ok(check.acknowledged)
}
