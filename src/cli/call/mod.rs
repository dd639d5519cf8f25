//! `rapport call`: any method of the contract, with JSON in and out, for people without a gRPC client.

mod codec;
mod input;
mod methods;
mod openapi;
mod reference;

use std::io::Write as _;

use anyhow::anyhow;
use clap::Args;
use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, client::Grpc};

use self::{codec::DynamicCodec, input::Input};
use super::{
    client::{ClientArgs, Connection, explain},
    out::{self, one_line, say},
};
use crate::api::{json, pool};

/// Arguments of `rapport call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// Method, for example InteractionService/GetInteraction, or GetInteraction alone
    #[arg(required_unless_present_any = ["list", "describe", "reference", "openapi"])]
    pub method: Option<String>,
    /// The request as JSON; @FILE reads it from a file, - from standard input. A method that takes a stream takes one
    /// message per line. Left out: an empty request, or standard input where the method takes a stream
    #[arg(allow_hyphen_values = true)]
    pub json: Option<String>,
    /// List the methods and who may call them, and do nothing else
    #[arg(long, conflicts_with_all = ["method", "describe"])]
    pub list: bool,
    /// Print an example of a method's request, and do nothing else
    #[arg(long, value_name = "METHOD", conflicts_with = "method")]
    pub describe: Option<String>,
    /// Print the whole contract as a page to read, and do nothing else
    #[arg(long, conflicts_with_all = ["method", "list", "describe"])]
    pub reference: bool,
    /// Print the methods that answer once as OpenAPI 3.1, and do nothing else
    #[arg(long, conflicts_with_all = ["method", "list", "describe", "reference"])]
    pub openapi: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Runs the command.
///
/// # Errors
/// A method or field that the contract does not have, JSON that does not fit, and whatever the server answers.
pub async fn run(args: CallArgs) -> anyhow::Result<()> {
    let pool = pool();
    if args.list {
        return Ok(write!(out::stdout(), "{}", methods::list(pool))?);
    }
    if args.reference {
        return Ok(write!(out::stdout(), "{}", reference::reference(pool))?);
    }
    if args.openapi {
        return Ok(say!("{}", serde_json::to_string_pretty(&openapi::openapi(pool))?)?);
    }
    if let Some(name) = &args.describe {
        let example = methods::example(&methods::find(pool, name)?.input());
        return Ok(say!("{}", serde_json::to_string_pretty(&example)?)?);
    }
    let method = methods::find(pool, args.method.as_deref().unwrap_or_default())?;
    let unsaid = if method.is_client_streaming() { "-" } else { "{}" };
    let input = Input::open(args.json.as_deref().unwrap_or(unsaid))?;
    if method.is_client_streaming() {
        let (connection, messages) = (args.client.connection().await?, input.messages(method.input()));
        return call(connection, &method, ReceiverStream::new(messages.receiver), Some(messages.failure)).await;
    }
    // Read before the server is called: what is wrong here needs no server.
    let message = input::parse(&method.input(), &input.read()?)?;
    call(args.client.connection().await?, &method, tokio_stream::iter([message]), None).await
}

/// Calls a method and prints what it answers: one message over several lines, several with a line each.
async fn call(
    connection: Connection,
    method: &MethodDescriptor,
    messages: impl tokio_stream::Stream<Item = DynamicMessage> + Send + 'static,
    failure: Option<tokio::sync::oneshot::Receiver<anyhow::Error>>,
) -> anyhow::Result<()> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = PathAndQuery::try_from(path)?;
    let mut client = Grpc::new(connection);
    client.ready().await.map_err(|error| anyhow!(error))?;
    // A unary call is a stream of one on either side, as far as the wire can tell.
    let answers = client.streaming(Request::new(messages), path, DynamicCodec::new(method.output())).await;
    let mut answers = answers.map_err(|status| explain(&status))?.into_inner();
    let mut out = out::stdout();
    while let Some(answer) = answers.message().await.map_err(|status| explain(&status))? {
        let text = match method.is_server_streaming() {
            true => serde_json::to_string(&answer)?,
            false => serde_json::to_string_pretty(&answer)?,
        };
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    match failure {
        Some(mut failure) => failure.try_recv().map_or(Ok(()), Err),
        None => Ok(()),
    }
}

/// Says that there is no such thing, and what may have been meant.
fn unknown<'n>(what: &str, names: impl IntoIterator<Item = &'n str>, wrong: &str) -> anyhow::Error {
    anyhow!("{}{}", one_line(what), json::meant(json::near(wrong, names)))
}
