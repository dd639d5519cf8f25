//! Everything that can be asked: the requests of every method, made from the contract's descriptors.
//!
//! A method that is added is asked without anybody thinking of it, with every filter that its request has.

#![allow(clippy::wildcard_enum_match_arm, reason = "kinds of fields that the contract has none of are not asked")]

use std::collections::BTreeMap;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ReflectMessage as _, Value, prost::Message as _,
};
use rapport::api::{DESCRIPTOR_SET, v1::Role};
use tonic::Status;

use super::{Caller, raw};

/// Fields that together say when.
const WINDOWS: [(&str, &str); 3] = [("first_day", "last_day"), ("from_time", "to_time"), ("start_time", "end_time")];
const TOKENS: [&str; 2] = ["page_token", "resume_cursor"];

/// What stands in fields: by the field's name, or by how it ends.
#[derive(Default)]
pub(crate) struct Known {
    /// Texts by name.
    pub(crate) texts: BTreeMap<&'static str, Vec<String>>,
    /// Days, YYYY-MM-DD.
    pub(crate) days: Vec<String>,
    /// Seconds since 1970: from and to.
    pub(crate) spans: Vec<(i64, i64)>,
    /// What no field alone makes, by method.
    pub(crate) requests: BTreeMap<&'static str, serde_json::Value>,
}

/// A method of the contract.
#[derive(Clone)]
pub(crate) struct Method(MethodDescriptor);

pub(crate) fn methods() -> Vec<Method> {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
    let services: Vec<_> = pool.services().filter(|service| service.package_name() == "rapport.v1").collect();
    services.into_iter().flat_map(|service| service.methods().map(Method).collect::<Vec<_>>()).collect()
}

impl Method {
    /// `Service/Method`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.0.parent_service().name(), self.0.name())
    }

    fn path(&self) -> &'static str {
        // There are as many as the contract has methods, in a process that ends with its tests.
        let path = format!("/{}/{}", self.0.parent_service().full_name(), self.0.name());
        Box::leak(path.into_boxed_str())
    }

    /// Whether it changes something: such a request has an id, or holds some that have.
    pub(crate) fn writes(&self) -> bool {
        let input = self.0.input();
        let inner = |field: FieldDescriptor| match field.kind() {
            Kind::Message(message) => message.get_field_by_name("request_id").is_some(),
            _ => false,
        };
        input.get_field_by_name("request_id").is_some() || input.fields().any(inner)
    }

    /// The roles that it is granted to.
    pub(crate) fn is_granted(&self, role: Role) -> bool {
        let pool = self.0.parent_pool();
        let access = pool.get_extension_by_name("rapport.v1.access").unwrap();
        let options = self.0.options();
        let rule = options.get_extension(&access);
        let grants = rule.as_message().unwrap().get_field_by_name("grants").unwrap();
        let is_of = |grant: &Value| {
            let granted = grant.as_message().unwrap().get_field_by_name("role").unwrap();
            granted.as_enum_number() == Some(role as i32)
        };
        grants.as_list().unwrap().iter().any(is_of)
    }

    /// The field of the request by which a caller goes on where an earlier answer ended.
    pub(crate) fn token_field(&self) -> Option<FieldDescriptor> {
        TOKENS.iter().find_map(|name| self.0.input().get_field_by_name(name))
    }

    /// Every request worth asking: one plain, one for each value of each field, and one for each period with each value of
    /// an enum.
    pub(crate) fn requests(&self, known: &Known) -> Vec<DynamicMessage> {
        let input = self.0.input();
        let mut plain = DynamicMessage::new(input.clone());
        fill_required(&mut plain, known);
        let dimensions = dimensions(&input, known, &mut Vec::new());
        let mut requests = vec![plain.clone()];
        if let Some(told) = known.requests.get(self.name().as_str()) {
            requests.push(DynamicMessage::deserialize(input.clone(), told).unwrap());
        }
        for (at, one) in dimensions.iter().enumerate() {
            for value in &one.values {
                let mut request = plain.clone();
                value.iter().for_each(|(path, value)| set(&mut request, path, value.clone()));
                for other in dimensions.iter().skip(at + 1).filter(|other| one.kind.combines(other.kind)) {
                    for more in &other.values {
                        let mut both = request.clone();
                        more.iter().for_each(|(path, value)| set(&mut both, path, value.clone()));
                        requests.push(both);
                    }
                }
                requests.push(request);
            }
        }
        requests
    }

    /// What is answered, as bytes: of a stream, its first answer.
    pub(crate) async fn ask(&self, caller: &Caller, request: &DynamicMessage) -> Result<Vec<u8>, Status> {
        let message = request.encode_to_vec();
        if self.0.is_server_streaming() {
            raw::first_streamed(caller, self.path(), message).await
        } else {
            raw::unary(caller, self.path(), message).await
        }
    }

    /// The token by which what was answered goes on.
    pub(crate) fn token_in(&self, answer: &[u8]) -> Option<String> {
        let answer = DynamicMessage::decode(self.0.output(), answer).ok()?;
        let found = ["next_page_token", "resume_cursor"].iter().find_map(|name| answer.get_field_by_name(name))?;
        found.as_str().map(str::to_owned).filter(|token| !token.is_empty())
    }
}

/// A field, or two that say when, with all that may stand there.
struct Dimension {
    values: Vec<Vec<(Vec<FieldDescriptor>, Value)>>,
    kind: Sort,
}

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Period,
    Choice,
    Other,
}

impl Sort {
    fn combines(self, other: Self) -> bool {
        matches!((self, other), (Self::Choice, Self::Period) | (Self::Period, Self::Choice))
    }
}

fn dimensions(message: &MessageDescriptor, known: &Known, path: &mut Vec<FieldDescriptor>) -> Vec<Dimension> {
    let mut found = Vec::new();
    let at = |field: &FieldDescriptor, path: &[FieldDescriptor]| [path, std::slice::from_ref(field)].concat();
    for (first, last) in WINDOWS {
        if let (Some(first), Some(last)) = (message.get_field_by_name(first), message.get_field_by_name(last)) {
            let values = match first.kind() {
                Kind::String => {
                    known.days.iter().map(|day| (Value::String(day.clone()), Value::String(day.clone()))).collect()
                }
                _ => known
                    .spans
                    .iter()
                    .map(|(from, to)| (instant(&first, *from), instant(&last, *to)))
                    .collect::<Vec<_>>(),
            };
            let both = |(from, to)| vec![(at(&first, path), from), (at(&last, path), to)];
            found.push(Dimension { values: values.into_iter().map(both).collect(), kind: Sort::Period });
        }
    }
    for field in message.fields() {
        let is_window = WINDOWS.iter().any(|(first, last)| [*first, *last].contains(&field.name()));
        if is_window || field.is_map() || TOKENS.contains(&field.name()) {
            continue;
        }
        let listed = |value: Value| if field.is_list() { Value::List(vec![value]) } else { value };
        let values: Vec<Value> = match field.kind() {
            Kind::Enum(kind) => {
                let numbers = kind.values().map(|value| value.number()).filter(|number| *number != 0);
                numbers.map(|number| listed(Value::EnumNumber(number))).collect()
            }
            Kind::Bool => vec![Value::Bool(true)],
            Kind::Int32 if field.name() == "page_size" => vec![Value::I32(1)],
            Kind::String => texts(&field, known).into_iter().map(|text| listed(Value::String(text))).collect(),
            Kind::Message(inner) if inner.package_name() == "rapport.v1" && path.len() < 2 && !field.is_list() => {
                path.push(field);
                found.extend(dimensions(&inner, known, path));
                path.pop();
                continue;
            }
            _ => Vec::new(),
        };
        let kind = match field.kind() {
            Kind::Enum(_) => Sort::Choice,
            _ => Sort::Other,
        };
        let values = values.into_iter().map(|value| vec![(at(&field, path), value)]).collect();
        found.push(Dimension { values, kind });
    }
    found
}

/// What must be there for a request to be understood.
fn fill_required(message: &mut DynamicMessage, known: &Known) {
    let pool = message.descriptor().parent_pool().clone();
    let rules = pool.get_extension_by_name("buf.validate.field").unwrap();
    for field in message.descriptor().fields() {
        let options = field.options();
        let rule = options.get_extension(&rules);
        let is_required =
            rule.as_message().unwrap().get_field_by_name("required").is_some_and(|set| set.as_bool() == Some(true));
        if !is_required {
            continue;
        }
        match field.kind() {
            Kind::Enum(_) => message.set_field(&field, Value::EnumNumber(1)),
            Kind::String if field.cardinality() != Cardinality::Repeated => {
                if let Some(text) = texts(&field, known).first() {
                    message.set_field(&field, Value::String(text.clone()));
                }
            }
            _ => {}
        }
    }
}

fn texts(field: &FieldDescriptor, known: &Known) -> Vec<String> {
    let of = |name: &&&str| field.name() == **name || field.name().ends_with(&format!("_{name}"));
    let name = known.texts.keys().filter(of).max_by_key(|name| name.len());
    name.map(|name| known.texts[name].clone()).unwrap_or_default()
}

fn instant(field: &FieldDescriptor, seconds: i64) -> Value {
    let Kind::Message(kind) = field.kind() else { panic!("{} is no instant", field.full_name()) };
    let mut instant = DynamicMessage::new(kind);
    instant.set_field_by_name("seconds", Value::I64(seconds));
    Value::Message(instant)
}

fn set(message: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) {
    match path {
        [] => {}
        [field] => message.set_field(field, value),
        [field, rest @ ..] => {
            if let Value::Message(inner) = message.get_field_mut(field) {
                set(inner, rest, value);
            }
        }
    }
}

/// The same request, from where a token says.
pub(crate) fn with_token(request: &DynamicMessage, method: &Method, token: &str) -> DynamicMessage {
    let mut request = request.clone();
    request.set_field(&method.token_field().unwrap(), Value::String(token.to_owned()));
    request
}
