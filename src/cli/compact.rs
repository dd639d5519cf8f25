//! `rapport compact`: rewrites the database without what was deleted.

use super::{database::DatabaseArgs, out::say};

/// Flags of `rapport compact`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompactArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The database cannot be opened, or somebody else uses it.
pub async fn run(args: CompactArgs) -> anyhow::Result<()> {
    let (_, store) = args.database.open(None).await?;
    let compacted = store.compact().await;
    store.close().await;
    compacted.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => anyhow::anyhow!("{error}: {cause}"),
        None => error.into(),
    })?;
    Ok(say!("compacted")?)
}
