//! Messages as people write them: canonical protobuf JSON (<https://protobuf.dev/programming-guides/json/>), with names as in the
//! proto or in lowerCamelCase. What has no place in a message is refused and named: passed over, it would be lost.

use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, MessageDescriptor};
use serde_json::{Deserializer, Value};

use crate::error::{Reason, Violation};

/// What is longer is not read a second time to find all that is wrong with it.
const EXPLAINED: usize = 256 * 1024;
/// So many things wrong with one text are named at most.
const NAMED: usize = 20;

/// Reads one message.
///
/// # Errors
/// The fields and enum values that the message does not have, and what they may have meant; or why it is no such message at all.
pub(crate) fn read(descriptor: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, Vec<Violation>> {
    let mut json = Deserializer::from_slice(text);
    let message = DynamicMessage::deserialize(descriptor.clone(), &mut json);
    message.and_then(|message| json.end().map(|()| message)).map_err(|error| {
        let found = if text.len() <= EXPLAINED { misfits(descriptor, text) } else { Vec::new() };
        if !found.is_empty() {
            return found;
        }
        let what = if error.is_data() { format!("a {} in JSON", descriptor.name()) } else { "JSON".to_owned() };
        vec![Violation::new("", Reason::Malformed, format!("the request must be {what}: {error}"))]
    })
}

/// Writes one message, in one line.
pub(crate) fn write(message: &DynamicMessage) -> Vec<u8> {
    // Fails for a type URL that is not of the contract; none has a field for one.
    serde_json::to_vec(message).unwrap_or_default()
}

fn misfits(descriptor: &MessageDescriptor, text: &[u8]) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_slice(text) {
        check(descriptor, &value, "", &mut found);
    }
    found
}

fn check(descriptor: &MessageDescriptor, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let Some(object) = value.as_object() else { return };
    for (name, value) in object {
        if found.len() == NAMED {
            return;
        }
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let field = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
        let Some(field) = field else {
            let fields: Vec<_> = descriptor.fields().collect();
            let meant = meant(near(name, fields.iter().map(FieldDescriptor::json_name)));
            let rule = format!("is no field of {}{meant}", descriptor.name());
            found.push(Violation::new(path, Reason::Malformed, rule));
            continue;
        };
        match value.as_array().filter(|_| field.cardinality() == Cardinality::Repeated) {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    check_value(&field, item, &format!("{path}[{index}]"), found);
                }
            }
            None if field.is_list() => fits(&field, value.clone(), &path, found),
            None => check_value(&field, value, &path, found),
        }
    }
}

fn check_value(field: &FieldDescriptor, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let kind = field.kind();
    // The keys of a map are the caller's; times and the like have a JSON form of their own.
    let is_ours = |inner: &&MessageDescriptor| !field.is_map() && inner.package_name() != "google.protobuf";
    if let Some(inner) = kind.as_message().filter(is_ours).filter(|_| value.is_object()) {
        return check(inner, value, path, found);
    }
    if found.len() == NAMED {
        return;
    }
    if let (Some(values), Some(name)) = (kind.as_enum(), value.as_str()) {
        if values.get_value_by_name(name).is_none() {
            let names: Vec<_> = values.values().map(|value| value.name().to_owned()).collect();
            // Most leave the prefix out.
            let whole = names.iter().find(|full| full.to_lowercase().ends_with(&format!("_{}", name.to_lowercase())));
            let likely = whole.map_or_else(|| near(name, names.iter().map(String::as_str)), |whole| vec![whole]);
            let rule = format!("must be a value of {}{}", values.name(), meant(likely));
            found.push(Violation::new(path, Reason::UnknownEnumValue, rule));
        }
        return;
    }
    let whole = if field.is_list() { Value::from(vec![value.clone()]) } else { value.clone() };
    fits(field, whole, path, found);
}

fn fits(field: &FieldDescriptor, whole: Value, path: &str, found: &mut Vec<Violation>) {
    let message = Value::from_iter([(field.json_name(), whole)]);
    if let Err(error) = DynamicMessage::deserialize(field.parent_message().clone(), message) {
        found.push(Violation::new(path, Reason::Malformed, format!("does not fit: {error}")));
    }
}

/// Names that a misspelt one may have meant, the likeliest first.
pub(crate) fn near<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wrong = wrong.to_lowercase();
    let mut likely: Vec<_> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wrong, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    likely.sort_by(|one, other| other.0.total_cmp(&one.0));
    likely.into_iter().map(|(_, name)| name).take(3).collect()
}

/// The end of a sentence that says what is wrong: what may have been meant, if anything may.
pub(crate) fn meant(likely: Vec<&str>) -> String {
    if likely.is_empty() { String::new() } else { format!("; did you mean {}?", likely.join(" or ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pool;

    fn record() -> MessageDescriptor {
        pool().get_message_by_name("rapport.v1.RecordInteractionRequest").unwrap()
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_was_meant() {
        let said = |text: &str| {
            let found = read(&record(), text.as_bytes()).unwrap_err();
            found.iter().map(|one| format!("{} {}", one.field, one.rule)).collect::<Vec<_>>()
        };
        let text = r#"{"interaction": {"topik": "Returns", "channel": "email", "participants": [{}, {"staff": "n"}]}}"#;
        let mut found = said(text);
        found.sort();
        let channel = "interaction.channel must be a value of Channel; did you mean CHANNEL_EMAIL?";
        let topic = "interaction.topik is no field of Interaction; did you mean topic?";
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], channel);
        assert!(found[1].starts_with("interaction.participants[1].staff is no field of Participant"), "{found:?}");
        assert_eq!(found[2], topic);
        let together = |text: &str| said(text).concat();
        assert!(
            together(r#"{"interaction": {"requestedTime": "today"}}"#).starts_with("interaction.requestedTime does")
        );
        assert!(together(r#"{"requestId": 4}"#).starts_with("requestId does not fit: invalid type: integer"));
        assert!(together(r#"{"interaction": {"participants": {}}}"#).starts_with("interaction.participants does"));
        for text in ["", "{", "{} {}", "[]", "\u{feff}{}"] {
            assert!(together(text).contains("the request must be "), "{text}: {}", together(text));
        }
        let many: Vec<_> = (0..1_000).map(|number| format!("\"x{number}\": 1")).collect();
        assert_eq!(said(&format!("{{{}}}", many.join(","))).len(), NAMED);
    }

    #[test]
    fn both_spellings_of_a_name_are_read() {
        for text in [r#"{"request_id": "1"}"#, r#"{"requestId": "1"}"#] {
            let message = read(&record(), text.as_bytes()).unwrap();
            assert_eq!(message.get_field_by_name("request_id").unwrap().as_str(), Some("1"));
            assert_eq!(write(&message), br#"{"requestId":"1"}"#);
        }
    }
}
