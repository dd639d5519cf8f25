//! The contract as a page to read: services, messages and enums with their comments, limits and who may call what.

use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, MethodDescriptor, Value,
};

use super::methods::{PACKAGE, grants, stream};

/// The page, in Markdown.
pub(super) fn reference(pool: &DescriptorPool) -> String {
    let mut out = String::from(
        "# The contract\n\nPackage `rapport.v1`. Written by `rapport call --reference` from the contract: change `proto/`, not this \
         page.\n",
    );
    for service in pool.services().filter(|service| service.package_name() == PACKAGE) {
        section(&mut out, 2, service.name(), &comment(&service.parent_file(), service.path()));
        for method in service.methods() {
            method_section(&mut out, &method);
        }
    }
    out += "\n## Messages\n";
    for message in pool.all_messages().filter(|one| one.package_name() == PACKAGE && !one.is_map_entry()) {
        section(&mut out, 3, message.name(), &comment(&message.parent_file(), message.path()));
        field_table(&mut out, &message);
    }
    out += "\n## Enums\n";
    for kind in pool.all_enums().filter(|one| one.package_name() == PACKAGE) {
        section(&mut out, 3, kind.name(), &comment(&kind.parent_file(), kind.path()));
        value_table(&mut out, &kind);
    }
    out
}

// Writing to a text cannot fail: what it returns is left alone throughout.

fn section(out: &mut String, level: usize, name: &str, comment: &str) {
    _ = write!(out, "\n{} {name}\n", "#".repeat(level));
    if !comment.is_empty() {
        _ = write!(out, "\n{comment}\n");
    }
}

fn method_section(out: &mut String, method: &MethodDescriptor) {
    section(out, 3, method.name(), &comment(&method.parent_service().parent_file(), method.path()));
    let (input, output) = (method.input(), method.output());
    _ = write!(
        out,
        "\nTakes {}, answers {}{}. May be called by: {}.\n",
        link(input.name()),
        link(output.name()),
        stream(method),
        grants(method).join(", "),
    );
}

fn field_table(out: &mut String, message: &MessageDescriptor) {
    if message.fields().len() == 0 {
        return;
    }
    *out += "\n| field | type | limits | |\n|---|---|---|---|\n";
    for field in message.fields() {
        let told = cell(&comment(&message.parent_file(), field.path()));
        _ = writeln!(
            out,
            "| `{}` | {} | {} | {told} |",
            field.name(),
            type_name(&field),
            cell(&limits(&field).join(", "))
        );
    }
}

fn value_table(out: &mut String, kind: &EnumDescriptor) {
    *out += "\n| number | value | |\n|---|---|---|\n";
    for value in kind.values() {
        let told = cell(&comment(&kind.parent_file(), value.path()));
        _ = writeln!(out, "| {} | `{}` | {told} |", value.number(), value.name());
    }
}

fn link(name: &str) -> String {
    format!("[`{name}`](#{})", name.to_lowercase())
}

fn type_name(field: &FieldDescriptor) -> String {
    if field.is_map() {
        return "map".to_owned();
    }
    let kind = field.kind();
    let of = (kind.as_message().map(|of| (of.package_name(), of.name())))
        .or_else(|| kind.as_enum().map(|of| (of.package_name(), of.name())));
    let name = match of {
        Some((PACKAGE, name)) => link(name),
        Some((_, name)) => name.to_owned(),
        None => format!("{kind:?}").to_lowercase(),
    };
    if field.cardinality() == Cardinality::Repeated { format!("list of {name}") } else { name }
}

/// What is declared of a field, as in `required` and `string.max_len 128`.
pub(super) fn limits(field: &FieldDescriptor) -> Vec<String> {
    let mut found = Vec::new();
    let pool = field.parent_pool();
    if let Some(rules) = pool.get_extension_by_name("buf.validate.field")
        && let Value::Message(rules) = &*field.options().get_extension(&rules)
    {
        collect(rules, "", &mut found);
        // That it must be there comes first.
        found.sort_by_key(|rule| rule.contains('.'));
    }
    if let Some(used) = pool.get_extension_by_name("rapport.v1.use")
        && let Some(number) = field.options().get_extension(&used).as_enum_number()
        && let Kind::Enum(kind) = used.kind()
        && let Some(value) = kind.get_value(number).filter(|value| value.number() != 0)
    {
        found.push(value.name().trim_start_matches("FIELD_USE_").to_lowercase().replace('_', " "));
    }
    found
}

fn collect(rules: &DynamicMessage, within: &str, found: &mut Vec<String>) {
    for (field, value) in rules.fields() {
        let name = format!("{within}{}", field.name());
        if let Some(inner) = value.as_message() {
            collect(inner, &format!("{name}."), found);
        } else if value.as_bool() == Some(true) {
            found.push(name);
        } else if let Some(text) = value.as_str() {
            found.push(format!("{name} `{text}`"));
        } else {
            found.push(format!("{name} {value}"));
        }
    }
}

/// The comment before what stands at a path of a file, its lines joined.
pub(super) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let places = file.file_descriptor_proto().source_code_info.iter().flat_map(|info| &info.location);
    let comment = places.filter(|place| place.path == path).find_map(|place| place.leading_comments.clone());
    let paragraphs = comment.unwrap_or_default();
    let paragraphs = paragraphs.split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n").replace('<', "&lt;").trim().to_owned()
}

/// A text within a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("\n\n", "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pool;

    #[test]
    fn the_page_is_that_of_the_contract() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md")).unwrap_or_default();
        assert!(
            page == reference(pool()),
            "docs/reference.md is not that of proto/: cargo run -- call --reference > docs/reference.md"
        );
    }

    #[test]
    fn it_tells_comments_limits_and_grants() {
        let page = reference(pool());
        for told in [
            "### EraseCustomer\n\nErases a customer's identity",
            "May be called by: admin.",
            "| `customer_id` | string | required, string.max_len 128 |",
            "| `reason` | string | required, string.min_len 3, string.max_len 1000, free text |",
            "| 3 | `ERROR_REASON_CALLER_INACTIVE` |",
        ] {
            assert!(page.contains(told), "{told}");
        }
    }
}
