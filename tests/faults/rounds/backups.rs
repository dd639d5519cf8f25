//! Backups are taken while callers work, and put back.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use rapport::{
    api::v1::{GetCustomerRequest, GetInteractionRequest},
    cli::client::Client,
};

use super::{Load, Task};
use crate::{
    ledger::Ledger,
    operations, organisation,
    places::{Backend, Place},
    process::{self, Server},
};

/// So many of what a backup must have are asked for.
const ASKED: usize = 200;

/// Each backup is verified and restored elsewhere: what was acknowledged before it began is there, and who was erased until it was
/// restored is not.
pub(super) async fn restored_backups(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut server = Server::start(&place).await?;
    organisation::enrol(&server.client).await?;
    let ledger = Arc::new(Ledger::new(&place.directory)?);
    let (mut acknowledged, mut again) = (0, 0);
    for number in 0..task.size {
        let load = Load::go_on(&ledger, &server);
        pause(&mut random).await;
        let recorded = ledger.recorded();
        let folder = place.beside(&format!("backup-{number}"));
        let folder = folder.to_str().context("a path in UTF-8")?;
        run(&place, &["backup", "--to", folder, "--with-keys"])?;
        pause(&mut random).await;
        load.stop().await;
        acknowledged += recorded.len();
        again += restored(&place, folder, recorded, &ledger, &mut random).await?;
        std::fs::remove_dir_all(folder)?;
    }
    server.terminate().await?;
    Ok(format!("{} backups, {acknowledged} interactions in them, {again} customers erased again", task.size))
}

async fn pause(random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
}

fn run(place: &Place, arguments: &[&str]) -> anyhow::Result<String> {
    let (status, said) = tokio::task::block_in_place(|| process::run(place, arguments))?;
    ensure!(status.success(), "{}: {said}", arguments.join(" "));
    Ok(said)
}

async fn restored(
    place: &Place,
    folder: &str,
    mut recorded: Vec<String>,
    ledger: &Ledger,
    random: &mut StdRng,
) -> anyhow::Result<u64> {
    let (scratch, elsewhere) = (place.another().await?, place.another().await?);
    let verified = run(&scratch, &["verify-backup", folder])?;
    ensure!(verified.matches("good").count() >= 5 && !verified.contains("not checked"), "{verified}");
    let erasures = match place.backend() {
        Backend::Sqlite => format!("sqlite:{}", place.sqlite().display()),
        Backend::Postgres => place.url.clone().context("no PostgreSQL here")?,
    };
    let told = run(&elsewhere, &["restore", folder, "--erasures-from", &erasures, "--json"])?;
    let told: serde_json::Value = serde_json::from_str(told.trim()).with_context(|| told.clone())?;
    let mut server = Server::start(&elsewhere).await?;
    recorded.shuffle(random);
    for id in recorded.iter().take(ASKED) {
        let request = GetInteractionRequest { interaction_id: id.clone() };
        let there = server.client.interactions.clone().get_interaction(request).await;
        there.with_context(|| format!("interaction {id} was acknowledged before the backup began"))?;
    }
    for n in ledger.erased() {
        ensure!(!is_there(&server.client, n).await?, "{} was erased, and is back", operations::guest(n));
    }
    server.terminate().await?;
    told["erased_again"].as_u64().context("a number of customers")
}

async fn is_there(client: &Client, n: u64) -> anyhow::Result<bool> {
    let request = GetCustomerRequest { customer_id: operations::guest(n), ..Default::default() };
    match client.directory.clone().get_customer(request).await {
        Ok(_) => Ok(true),
        Err(status) if matches!(status.code(), tonic::Code::NotFound | tonic::Code::FailedPrecondition) => Ok(false),
        Err(status) => Err(status.into()),
    }
}
