//! The contract as OpenAPI 3.1, for tools that read it: the methods that answer once, with JSON (`docs/clients.md`).

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};
use serde_json::{Map, Value, json};

use super::{
    methods::{PACKAGE, grants},
    reference::{comment, limits},
};

/// The description, as one JSON object.
pub(super) fn openapi(pool: &DescriptorPool) -> Value {
    let services = || pool.services().filter(|service| service.package_name() == PACKAGE);
    let methods = services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let unary = methods.filter(|method| !method.is_client_streaming() && !method.is_server_streaming());
    let paths: Map<String, Value> =
        unary.map(|method| (path(&method), json!({ "post": operation(&method) }))).collect();
    let tags: Vec<_> = services()
        .map(|service| {
            let told = comment(&service.parent_file(), service.path());
            json!({ "name": service.name(), "description": told })
        })
        .collect();
    let ours = |message: &MessageDescriptor| message.package_name() == PACKAGE && !message.is_map_entry();
    let messages = pool.all_messages().filter(ours).map(|one| (one.name().to_owned(), message(&one)));
    let enums =
        pool.all_enums().filter(|one| one.package_name() == PACKAGE).map(|one| (one.name().to_owned(), values(&one)));
    let schemas: Map<String, Value> = messages.chain(enums).chain([("Error".to_owned(), error())]).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Methods of package rapport.v1 by the Connect protocol. Those that stream are not described here: they are called by \
                            gRPC, gRPC-Web or Connect.",
        },
        "security": [{ "token": [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": schemas,
        },
    })
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn operation(method: &MethodDescriptor) -> Value {
    let service = method.parent_service();
    let told = comment(&service.parent_file(), method.path());
    let content = |message: &MessageDescriptor| json!({ "application/json": { "schema": reference(message.name()) } });
    let timeout = json!({
        "name": "connect-timeout-ms", "in": "header", "schema": { "type": "integer", "minimum": 0 },
        "description": "How long the call may take, in milliseconds.",
    });
    json!({
        "operationId": format!("{}_{}", service.name(), method.name()),
        "tags": [service.name()],
        "summary": told.split("\n\n").next().unwrap_or_default().split(". ").next(),
        "description": format!("{told}\n\nMay be called by: {}.", grants(method).join(", ")),
        "parameters": [timeout],
        "requestBody": { "required": true, "content": content(&method.input()) },
        "responses": {
            "200": { "description": "The answer.", "content": content(&method.output()) },
            "default": {
                "description": "Why not. The HTTP status is that of the code.",
                "content": { "application/json": { "schema": reference("Error") } },
            },
        },
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn message(message: &MessageDescriptor) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in message.fields() {
        let limits = limits(&field);
        if limits.iter().any(|limit| limit == "required") {
            required.push(field.json_name().to_owned());
        }
        properties.insert(field.json_name().to_owned(), property(message, &field, &limits));
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    let told = comment(&message.parent_file(), message.path());
    if !told.is_empty() {
        schema["description"] = told.into();
    }
    schema
}

fn property(message: &MessageDescriptor, field: &FieldDescriptor, limits: &[String]) -> Value {
    let kind = field.kind();
    let entry = kind.as_message().filter(|_| field.is_map());
    let mut schema = match entry {
        Some(entry) => json!({ "type": "object", "additionalProperties": one(&entry.map_entry_value_field()) }),
        None if field.cardinality() == Cardinality::Repeated => json!({ "type": "array", "items": one(field) }),
        None => one(field),
    };
    let number = |name: &str| limits.iter().find_map(|limit| limit.strip_prefix(name)?.trim().parse::<u64>().ok());
    for (limit, keyword) in [
        ("string.min_len ", "minLength"),
        ("string.max_len ", "maxLength"),
        ("repeated.min_items ", "minItems"),
        ("repeated.max_items ", "maxItems"),
    ] {
        if let Some(number) = number(limit) {
            schema[keyword] = number.into();
        }
    }
    if limits.iter().any(|limit| limit == "output only") {
        schema["readOnly"] = true.into();
    }
    let others = field.containing_oneof().filter(|one| one.fields().len() > 1);
    let one_of = others.map(|one| {
        format!(
            "One of {} only.",
            one.fields().map(|field| field.json_name().to_owned()).collect::<Vec<_>>().join(", ")
        )
    });
    let limits = (!limits.is_empty()).then(|| format!("Limits: {}.", limits.join(", ")));
    let told = [Some(comment(&message.parent_file(), field.path())), one_of, limits];
    let told: Vec<_> = told.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    if !told.is_empty() {
        schema["description"] = told.join("\n\n").into();
    }
    schema
}

/// One value of a field, as protobuf's JSON has it.
fn one(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
            "google.protobuf.Duration" => json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$" }),
            "google.protobuf.FieldMask" => json!({ "type": "string" }),
            _ => reference(message.name()),
        },
        Kind::Enum(values) => reference(values.name()),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Double | Kind::Float => json!({ "type": ["number", "string"] }),
        // Numbers of 64 bits are told as text, since JavaScript's have 53.
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint64 | Kind::Fixed64 => {
            json!({ "type": ["string", "integer"], "format": "int64" })
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
            json!({ "type": "integer", "format": "int32" })
        }
    }
}

fn values(kind: &EnumDescriptor) -> Value {
    let told = |value: &prost_reflect::EnumValueDescriptor| {
        let told = comment(&kind.parent_file(), value.path());
        if told.is_empty() { format!("- {}", value.name()) } else { format!("- {}: {told}", value.name()) }
    };
    let names: Vec<_> = kind.values().map(|value| value.name().to_owned()).collect();
    let told: Vec<_> = kind.values().map(|value| told(&value)).collect();
    let described = format!("{}\n\n{}", comment(&kind.parent_file(), kind.path()), told.join("\n"));
    json!({ "type": "string", "enum": names, "description": described.trim() })
}

/// An error as the Connect protocol writes it.
fn error() -> Value {
    let text = |told: &str| json!({ "type": "string", "description": told });
    json!({
        "type": "object",
        "required": ["code"],
        "properties": {
            "code": text("A code of gRPC, such as invalid_argument."),
            "message": text("What is wrong, for people."),
            "details": { "type": "array", "items": {
                "type": "object",
                "required": ["type", "value"],
                "properties": {
                    "type": text("Such as google.rpc.BadRequest."),
                    "value": { "type": "string", "contentEncoding": "base64", "description": "The detail as protobuf." },
                    "debug": { "type": "object", "description": "The same to be read." },
                },
            } },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::pool;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        if let Some(name) = value.get("$ref").and_then(Value::as_str) {
            found.insert(name.rsplit('/').next().unwrap_or_default().to_owned());
        }
        value.as_object().into_iter().flat_map(|object| object.values()).for_each(|inner| references(inner, found));
        value.as_array().into_iter().flatten().for_each(|inner| references(inner, found));
    }

    #[test]
    fn every_method_that_answers_once_is_described_with_all_that_it_names() {
        let told = openapi(pool());
        let unary = pool().services().filter(|service| service.package_name() == PACKAGE).flat_map(|service| {
            service.methods().filter(|one| !one.is_client_streaming() && !one.is_server_streaming()).collect::<Vec<_>>()
        });
        assert_eq!(told["paths"].as_object().unwrap().len(), unary.count());
        let mut named = BTreeSet::new();
        references(&told, &mut named);
        assert!(named.iter().all(|name| told["components"]["schemas"].get(name).is_some()), "{named:?}");
        let record = &told["paths"]["/rapport.v1.InteractionService/RecordInteraction"]["post"];
        assert_eq!(record["operationId"], "InteractionService_RecordInteraction");
        assert!(record["description"].as_str().unwrap().contains("May be called by: app"), "{record}");
    }

    #[test]
    fn limits_are_told_as_tools_understand_them() {
        let schemas = openapi(pool())["components"]["schemas"].clone();
        let reason = &schemas["EraseCustomerRequest"]["properties"]["reason"];
        assert_eq!((&reason["minLength"], &reason["maxLength"]), (&json!(3), &json!(1_000)));
        assert!(schemas["EraseCustomerRequest"]["required"].as_array().unwrap().contains(&json!("reason")));
        let interaction = &schemas["Interaction"]["properties"];
        assert_eq!(interaction["requestedTime"]["format"], "date-time");
        assert_eq!(interaction["recordedTime"]["readOnly"], true);
        assert_eq!(interaction["participants"]["items"]["$ref"], "#/components/schemas/Participant");
        let attributes = &schemas["InteractionContext"]["properties"]["attributes"];
        assert_eq!(attributes["additionalProperties"]["type"], "string");
        assert!(schemas["Channel"]["enum"].as_array().unwrap().contains(&json!("CHANNEL_EMAIL")));
    }
}
