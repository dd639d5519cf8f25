//! The methods of the contract: finding one, listing all, showing how a request looks.

use std::fmt::Write as _;

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use serde_json::{Map, Value, json};

use super::unknown;
use crate::api::v1::{self, Reach, Role};

pub(super) const PACKAGE: &str = "rapport.v1";

fn all(pool: &DescriptorPool) -> impl Iterator<Item = MethodDescriptor> {
    let services = pool.services().filter(|service| service.package_name() == PACKAGE);
    services.flat_map(|service| service.methods().collect::<Vec<_>>())
}

fn short_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

/// Finds a method by its full name, without the package, or by its last name alone.
pub(super) fn find(pool: &DescriptorPool, name: &str) -> anyhow::Result<MethodDescriptor> {
    let wanted = name.trim_start_matches('/');
    let wanted = wanted.strip_prefix(PACKAGE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(wanted);
    let named = |method: &MethodDescriptor| short_name(method) == wanted || method.name() == wanted;
    let mut found: Vec<_> = all(pool).filter(named).collect();
    match (found.pop(), found.pop()) {
        (Some(method), None) => Ok(method),
        (Some(one), Some(other)) => {
            Err(anyhow::anyhow!("{name} may be {} or {}: name the service too", short_name(&other), short_name(&one)))
        }
        (None, _) => {
            let names: Vec<_> = all(pool).map(|method| short_name(&method)).collect();
            // Judged by the part that was given: services share most of their name.
            let by_part = |name: &String| if wanted.contains('/') { 0 } else { name.find('/').map_or(0, |at| at + 1) };
            Err(unknown(&format!("there is no method {name}"), names.iter().map(|name| &name[by_part(name)..]), wanted))
        }
    }
}

/// Every method with the roles that may call it and how far they reach.
pub(super) fn list(pool: &DescriptorPool) -> String {
    let names: Vec<_> = all(pool).map(|method| (short_name(&method), method)).collect();
    let width = names.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (name, method) in names {
        // Writing to a text cannot fail.
        _ = writeln!(out, "{name:width$}  {}{}", grants(&method).join(" "), stream(&method));
    }
    out
}

/// The roles that may call a method, with how far they reach.
pub(super) fn grants(method: &MethodDescriptor) -> Vec<String> {
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let grants = v1::ACCESS.iter().find(|(of, _)| *of == path).map(|(_, grants)| *grants).unwrap_or_default();
    grants.iter().map(|(role, reach)| grant(*role, *reach)).collect()
}

/// Whether a method takes or answers more than one message.
pub(super) fn stream(method: &MethodDescriptor) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "",
        (true, false) => " (takes a stream)",
        (false, true) => " (answers a stream)",
        (true, true) => " (takes and answers a stream)",
    }
}

fn grant(role: Role, reach: Reach) -> String {
    let role = role.plain_name().to_owned();
    match reach {
        Reach::All | Reach::Unspecified => role,
        Reach::Team => format!("{role}(team)"),
        Reach::Own => format!("{role}(own)"),
    }
}

/// A message with all that a caller may set, as JSON.
pub(super) fn example(message: &MessageDescriptor) -> Value {
    Value::Object(message.fields().filter(|field| !is_output(field)).map(field_example).collect::<Map<_, _>>())
}

fn field_example(field: FieldDescriptor) -> (String, Value) {
    let value = if field.is_map() {
        json!({})
    } else if field.cardinality() == Cardinality::Repeated {
        json!([value_example(&field)])
    } else {
        value_example(&field)
    };
    (field.json_name().to_owned(), value)
}

fn value_example(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!("2026-01-31T09:30:00Z"),
            "google.protobuf.Duration" => json!("90s"),
            "google.protobuf.FieldMask" => json!("conclusion"),
            // No message of the contract holds itself.
            _ => example(&message),
        },
        Kind::Enum(values) => {
            // The first says that nothing was said.
            let value = values.values().nth(1).unwrap_or_else(|| values.default_value());
            json!(value.name())
        }
        Kind::Bool => json!(false),
        Kind::String if field.name().ends_with("_day") => json!("2026-01-31"),
        Kind::String => json!(""),
        Kind::Bytes => json!(""),
        Kind::Double | Kind::Float => json!(0.0),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => json!("0"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => json!(0),
    }
}

fn is_output(field: &FieldDescriptor) -> bool {
    let usage = field.parent_pool().get_extension_by_name("rapport.v1.use");
    let number = usage.and_then(|usage| field.options().get_extension(&usage).as_enum_number());
    number == Some(v1::FieldUse::OutputOnly as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::pool, cli::call::input};

    #[test]
    fn a_method_is_found_by_any_of_its_names() {
        let names = [
            "GetInteraction",
            "InteractionService/GetInteraction",
            "rapport.v1.InteractionService/GetInteraction",
            "/rapport.v1.InteractionService/GetInteraction",
        ];
        for name in names {
            assert_eq!(find(pool(), name).unwrap().full_name(), "rapport.v1.InteractionService.GetInteraction");
        }
        let said = |name: &str| find(pool(), name).unwrap_err().to_string();
        assert!(said("GetInteractions").contains("did you mean GetInteraction"));
        assert_eq!(said("Zzz"), "there is no method Zzz");
        assert!(said("InteractionService/GetInteractoin").contains("InteractionService/GetInteraction"));
    }

    #[test]
    fn every_example_is_a_request() {
        for method in all(pool()) {
            let text = example(&method.input()).to_string();
            input::parse(&method.input(), &text).unwrap_or_else(|error| panic!("{}: {error:#}", method.full_name()));
        }
    }
}
