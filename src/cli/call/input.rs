//! Requests as people write them: canonical protobuf JSON, with names as in the proto or in lowerCamelCase.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read as _},
};

use anyhow::Context as _;
use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, MessageDescriptor};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{one_line, unknown};

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
/// Names the first field or enum value that the message does not have, and those it may have meant.
pub(super) fn parse(descriptor: &MessageDescriptor, text: &str) -> anyhow::Result<DynamicMessage> {
    let value: Value = serde_json::from_str(text).context("the request is not JSON")?;
    check(descriptor, &value, "")?;
    DynamicMessage::deserialize(descriptor.clone(), value)
        .with_context(|| format!("the request is no {}", descriptor.name()))
}

fn check(descriptor: &MessageDescriptor, value: &Value, path: &str) -> anyhow::Result<()> {
    // Those have a JSON form of their own.
    let Some(object) = value.as_object().filter(|_| descriptor.package_name() != "google.protobuf") else {
        return Ok(());
    };
    for (name, value) in object {
        let found = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let Some(field) = found else {
            let fields: Vec<_> = descriptor.fields().collect();
            let what = format!("{} has no field {path}", descriptor.name());
            return Err(unknown(&what, fields.iter().map(FieldDescriptor::json_name), name));
        };
        if let Some(items) = value.as_array().filter(|_| field.cardinality() == Cardinality::Repeated) {
            for (index, item) in items.iter().enumerate() {
                check_value(&field, item, &format!("{path}[{index}]"))?;
            }
        } else if !field.is_map() {
            // The keys of a map are the caller's.
            check_value(&field, value, &path)?;
        }
    }
    Ok(())
}

fn check_value(field: &FieldDescriptor, value: &Value, path: &str) -> anyhow::Result<()> {
    let kind = field.kind();
    if let Some(inner) = kind.as_message() {
        return check(inner, value, path);
    }
    let (Some(values), Some(name)) = (kind.as_enum(), value.as_str()) else { return Ok(()) };
    if values.get_value_by_name(name).is_some() {
        return Ok(());
    }
    let names: Vec<_> = values.values().map(|value| value.name().to_owned()).collect();
    let what = format!("{path}: {} has no value {name}", values.name());
    // Most leave the prefix out.
    let whole = names.iter().find(|full| full.to_lowercase().ends_with(&format!("_{}", name.to_lowercase())));
    Err(match whole {
        Some(whole) => anyhow::anyhow!("{}; did you mean {whole}?", one_line(&what)),
        None => unknown(&what, names.iter().map(String::as_str), name),
    })
}
