//! `rapport health`: whether a server serves. What a container's health check, a script and a person ask; needs no token.

use std::{io::Write as _, path::PathBuf, time::Duration};

use anyhow::{anyhow, bail};
use serde_json::json;
use tokio::time::Instant;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use super::{
    client::{self, explain},
    out::{self, one_line},
};
use crate::config;

/// A server that says nothing for so long is not well.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two questions while it is waited for.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// Flags of `rapport health`.
#[derive(Debug, clap::Args)]
pub struct HealthArgs {
    /// One service, such as rapport.v1.RatingService, or `liveness`: whether the process is alive. Without it: whether it serves
    #[arg(default_value = "", hide_default_value = true)]
    pub service: String,
    /// Address of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub endpoint: String,
    /// PEM file with the certificate that vouches for an https server; without it those of this machine do
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Wait so long for it to serve, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = config::duration)]
    pub wait: Option<Duration>,
    /// Print one JSON object: service, status
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// The server does not answer, or says that it does not serve.
pub async fn run(args: HealthArgs) -> anyhow::Result<()> {
    let until = Instant::now() + args.wait.unwrap_or_default();
    let status = loop {
        let asked = tokio::time::timeout(ANSWER, ask(&args)).await;
        let status = asked.unwrap_or_else(|_| Err(anyhow!("no server answers at {}", one_line(&args.endpoint))));
        if matches!(status, Ok(ServingStatus::Serving)) || Instant::now() + ASK_AGAIN > until {
            break status?;
        }
        tokio::time::sleep(ASK_AGAIN).await;
    };
    let words = match status {
        ServingStatus::Serving => "serving",
        ServingStatus::NotServing => "not serving",
        ServingStatus::Unknown | ServingStatus::ServiceUnknown => "unknown",
    };
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", json!({ "service": args.service, "status": status.as_str_name() }))?;
    } else {
        writeln!(out, "{words}")?;
    }
    if status != ServingStatus::Serving {
        bail!("the server at {} does not serve: the log and /readyz say why", one_line(&args.endpoint));
    }
    Ok(())
}

async fn ask(args: &HealthArgs) -> anyhow::Result<ServingStatus> {
    let channel = client::channel(&args.endpoint, args.ca.as_deref()).await?;
    let request = HealthCheckRequest { service: args.service.clone() };
    match HealthClient::new(channel).check(request).await {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) if status.code() == Code::NotFound => {
            Err(anyhow!("the server has no service {}", one_line(&args.service)))
        }
        Err(status) => Err(explain(&status)),
    }
}
