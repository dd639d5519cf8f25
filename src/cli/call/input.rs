//! Requests from a command line, a file or standard input.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read as _},
};

use anyhow::Context as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rapport_contract::refusal;
use tokio::sync::{mpsc, oneshot};

use super::one_line;
use crate::api::json;

/// Where the JSON comes from.
pub(super) struct Input(Box<dyn BufRead + Send>);

/// Messages as they are read, and why reading stopped before the end, if it did.
pub(super) struct Messages {
    pub(super) receiver: mpsc::Receiver<DynamicMessage>,
    pub(super) failure: oneshot::Receiver<anyhow::Error>,
}

impl Input {
    /// The text itself, `@FILE`, or `-` for standard input.
    pub(super) fn open(argument: &str) -> anyhow::Result<Self> {
        Ok(Self(if argument == "-" {
            Box::new(BufReader::new(std::io::stdin()))
        } else if let Some(path) = argument.strip_prefix('@') {
            Box::new(BufReader::new(File::open(path).with_context(|| format!("cannot read {path}"))?))
        } else {
            Box::new(Cursor::new(argument.to_owned().into_bytes()))
        }))
    }

    /// All of it.
    pub(super) fn read(mut self) -> anyhow::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text).context("cannot read the request")?;
        Ok(text)
    }

    /// A message per line, read as they come; empty lines are passed over.
    pub(super) fn messages(self, descriptor: MessageDescriptor) -> Messages {
        let (sender, receiver) = mpsc::channel(64);
        let (failed, failure) = oneshot::channel();
        // A thread of its own: one of the runtime's would keep the program from ending while nobody types.
        std::thread::spawn(move || {
            for (number, line) in self.0.lines().enumerate() {
                let parsed = match line {
                    Ok(line) if line.trim().is_empty() => continue,
                    Ok(line) => parse(&descriptor, &line),
                    Err(error) => Err(error.into()),
                };
                match parsed.with_context(|| format!("line {}", number + 1)) {
                    Ok(message) => {
                        // Nobody listens any more: the server has ended the call.
                        if sender.blocking_send(message).is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        _ = failed.send(error);
                        return;
                    }
                }
            }
        });
        Messages { receiver, failure }
    }
}

/// Reads one message.
///
/// # Errors
/// Everything that does not fit the message, with its path and what was meant.
pub(super) fn parse(descriptor: &MessageDescriptor, text: &str) -> anyhow::Result<DynamicMessage> {
    let message = json::read(descriptor, text.as_bytes());
    message.map_err(|found| anyhow::anyhow!("{}", one_line(&refusal::rules(&found))))
}
