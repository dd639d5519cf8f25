//! Reads the annotations of the contract and writes the Rust that enforces them.
//!
//! Every method must say who may call it, every field that a caller can fill must have a limit, and every rule must be
//! one that a check exists for; anything else is an error here, so that it stops the build and never reaches a server.

use std::{collections::BTreeSet, fmt::Write as _};

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage as _, Value,
};

type Result<T> = std::result::Result<T, String>;

/// A compiled set of proto files, seen as the rules that one package declares.
pub(crate) struct Contract {
    pool: DescriptorPool,
    package: String,
    rules: ExtensionDescriptor,
    field_use: ExtensionDescriptor,
    access: ExtensionDescriptor,
}

#[derive(PartialEq)]
enum FieldUse {
    Plain,
    OutputOnly,
    CheckedByHandler,
    FreeText,
}

impl Contract {
    /// Reads an encoded FileDescriptorSet.
    pub(crate) fn read(descriptor_set: &[u8], package: &str) -> Result<Self> {
        let pool = DescriptorPool::decode(descriptor_set).map_err(|error| error.to_string())?;
        let extension =
            |name: &str| pool.get_extension_by_name(name).ok_or_else(|| format!("the contract lacks extension {name}"));
        Ok(Self {
            rules: extension("buf.validate.field")?,
            field_use: extension("rapport.v1.use")?,
            access: extension("rapport.v1.access")?,
            package: package.to_owned(),
            pool,
        })
    }

    /// `impl Check` for every message that a caller can send, and an empty one for every answer.
    pub(crate) fn checks(&self) -> Result<String> {
        let mut reachable = BTreeSet::new();
        let mut answers = BTreeSet::new();
        for service in self.pool.services().filter(|service| service.package_name() == self.package) {
            for method in service.methods() {
                self.reach(&method.input(), &mut reachable);
                answers.insert(method.output().full_name().to_owned());
            }
        }
        let mut out = String::new();
        for name in &reachable {
            let message = self.message(name)?;
            let mut body = String::new();
            for field in message.fields() {
                self.field_check(&field, &mut body).map_err(|error| format!("{}: {error}", field.full_name()))?;
            }
            let one_to_handler =
                |field: FieldDescriptor| !field.is_list() && self.field_use(&field) == FieldUse::CheckedByHandler;
            write_impl(&mut out, message.name(), message.fields().any(one_to_handler), &body);
        }
        for name in answers.difference(&reachable) {
            write_impl(&mut out, self.message(name)?.name(), false, "");
        }
        Ok(out)
    }

    /// `ACCESS`: the path of every method with its grants.
    pub(crate) fn access_table(&self) -> Result<String> {
        let mut out = String::from("pub static ACCESS: &[(&str, &[(Role, Reach)])] = &[\n");
        for service in self.pool.services().filter(|service| service.package_name() == self.package) {
            for method in service.methods() {
                let options = method.options();
                let rule = options.get_extension(&self.access);
                let grants = as_list(as_message(&rule)?.get_field_by_name("grants").as_deref())?;
                if grants.is_empty() {
                    return Err(format!("{}: no access rule: say who may call it", method.full_name()));
                }
                write!(out, "    (\"/{}/{}\", &[", service.full_name(), method.name()).map_err(|e| e.to_string())?;
                let mut seen = BTreeSet::new();
                for grant in &grants {
                    let grant = as_message(grant)?;
                    let role = self.enum_variant(grant, "role")?;
                    let reach = self.enum_variant(grant, "reach")?;
                    if role == "Unspecified" || reach == "Unspecified" {
                        return Err(format!("{}: a grant needs a role and a reach", method.full_name()));
                    }
                    if !seen.insert(role.clone()) {
                        return Err(format!("{}: role {role} is granted twice", method.full_name()));
                    }
                    write!(out, "(Role::{role}, Reach::{reach}), ").map_err(|e| e.to_string())?;
                }
                out.push_str("]),\n");
            }
        }
        out.push_str("];\n");
        Ok(out)
    }

    /// Plain names of the values of every enum.
    pub(crate) fn names(&self) -> Result<String> {
        let mut out = String::new();
        for kind in self.pool.all_enums().filter(|kind| kind.package_name() == self.package) {
            let zero = kind.default_value();
            let Some(prefix) = zero.name().strip_suffix("UNSPECIFIED").filter(|_| kind.parent_message().is_none())
            else {
                return Err(format!(
                    "{}: an enum stands by itself, and its value 0 ends in UNSPECIFIED",
                    kind.full_name()
                ));
            };
            let (mut values, mut names) = (String::new(), String::new());
            for value in kind.values() {
                let bare =
                    value.name().strip_prefix(prefix).ok_or_else(|| format!("{}: no {prefix}", value.full_name()))?;
                let (variant, name) =
                    (camel_case(bare), if value.number() == 0 { String::new() } else { bare.to_lowercase() });
                names += &format!("Self::{variant} => {name:?},");
                if value.number() != 0 {
                    values += &format!("Self::{variant},");
                }
            }
            let name = kind.name();
            write!(
                out,
                "impl {name} {{ pub const fn plain_name(self) -> &'static str {{ match self {{ {names} }} }} }}
                impl Named for {name} {{
                    const VALUES: &'static [Self] = &[{values}];
                    fn plain_name(self) -> &'static str {{ self.plain_name() }}
                }}\n"
            )
            .map_err(|error| error.to_string())?;
        }
        Ok(out)
    }

    /// Variant name of an enum field without the enum's prefix, as prost writes it.
    fn enum_variant(&self, message: &DynamicMessage, field: &str) -> Result<String> {
        let descriptor = message.descriptor().get_field_by_name(field).ok_or("no such field")?;
        let Kind::Enum(kind) = descriptor.kind() else { return Err(format!("{field} is no enum")) };
        let number = message.get_field(&descriptor).as_enum_number().unwrap_or_default();
        let value = kind.get_value(number).ok_or_else(|| format!("{field}: unknown value {number}"))?;
        let name = value.name().split_once('_').map_or(value.name(), |(_, rest)| rest);
        Ok(camel_case(name))
    }

    fn message(&self, name: &str) -> Result<MessageDescriptor> {
        self.pool.get_message_by_name(name).ok_or_else(|| format!("no message {name}"))
    }

    fn reach(&self, message: &MessageDescriptor, seen: &mut BTreeSet<String>) {
        if message.package_name() != self.package || message.is_map_entry() || !seen.insert(message.full_name().into())
        {
            return;
        }
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                self.reach(&inner, seen);
            }
        }
    }

    fn field_use(&self, field: &FieldDescriptor) -> FieldUse {
        match field.options().get_extension(&self.field_use).as_enum_number() {
            Some(1) => FieldUse::OutputOnly,
            Some(2) => FieldUse::CheckedByHandler,
            Some(3) => FieldUse::FreeText,
            _ => FieldUse::Plain,
        }
    }

    fn field_check(&self, field: &FieldDescriptor, out: &mut String) -> Result<()> {
        let usage = self.field_use(field);
        if usage == FieldUse::OutputOnly {
            return Ok(());
        }
        let options = field.options();
        let rules = options.get_extension(&self.rules);
        let rules = Rules { set: as_message(&rules)?.clone() };
        let name = field.name();
        let member = if is_keyword(name) { format!("r#{name}") } else { name.to_owned() };
        let at = format!("&at.field({name:?})");

        if field.is_map() {
            let of_map = rules.typed("map", &["max_pairs", "keys", "values"])?;
            rules.cannot_be_required()?;
            let max = of_map.required_count("max_pairs")?;
            let Kind::Message(entry) = field.kind() else { return Err("a map without an entry".into()) };
            let keys = text_limits(&of_map.nested("keys")?, &FieldUse::Plain)?;
            let values = match entry.map_entry_value_field().kind() {
                Kind::String => text_limits(&of_map.nested("values")?, &usage)?,
                other => return Err(format!("maps of {other:?} have no check")),
            };
            line(out, &format!("rules::map(&self.{member}, {max}, {keys}, {values}, {at}, found);"));
        } else if field.cardinality() == Cardinality::Repeated {
            let of_list = rules.typed("repeated", &["min_items", "max_items", "items"])?;
            let max = of_list.required_count("max_items")?;
            let min = of_list.count("min_items").unwrap_or(0).max(rules.required()?.into());
            line(out, &format!("rules::count(self.{member}.len(), {min}, {max}, {at}, found);"));
            if usage == FieldUse::CheckedByHandler {
                return Ok(());
            }
            let item_rules = of_list.nested("items")?;
            item_rules.cannot_be_required()?;
            let item = value_check(field, (&item_rules, &usage), "item", "&at.field(NAME).item(index)", true)?;
            if !item.is_empty() {
                line(out, &format!("for (index, item) in self.{member}.iter().enumerate() {{"));
                line(out, &item.replace("NAME", &format!("{name:?}")));
                line(out, "}");
            }
        } else if let Kind::Message(_) = field.kind() {
            if rules.required()? {
                line(out, &format!("rules::present(self.{member}.is_some(), {at}, found);"));
            }
            if usage == FieldUse::CheckedByHandler {
                return Ok(());
            }
            let inner = value_check(field, (&rules, &usage), "value", &at, true)?;
            line(out, &format!("if let Some(value) = &self.{member} {{ {inner} }}"));
        } else if field.containing_oneof().is_some() {
            return Err("scalars in a oneof have no check".into());
        } else {
            line(out, &value_check(field, (&rules, &usage), &format!("self.{member}"), &at, false)?);
        }
        Ok(())
    }
}

/// The check of one value; `by_ref`: `expr` is a reference.
fn value_check(
    field: &FieldDescriptor,
    (rules, usage): (&Rules, &FieldUse),
    expr: &str,
    at: &str,
    by_ref: bool,
) -> Result<String> {
    if *usage == FieldUse::FreeText && !matches!(field.kind(), Kind::String) {
        return Err("only a text can be free text".into());
    }
    let copied = if by_ref { format!("*{expr}") } else { expr.to_owned() };
    let borrowed = if by_ref { expr.to_owned() } else { format!("&{expr}") };
    Ok(match field.kind() {
        Kind::String => format!("rules::text({borrowed}, {}, {at}, found);", text_limits(rules, usage)?),
        Kind::Bytes => {
            let max = rules.typed("bytes", &["max_len"])?.required_count("max_len")?;
            format!("rules::bytes({borrowed}, {}, {max}, {at}, found);", rules.required()?)
        }
        Kind::Int32 => format!("rules::integer(i64::from({copied}), {}, {at}, found);", rules.integer_range("int32")?),
        Kind::Int64 => format!("rules::integer({copied}, {}, {at}, found);", rules.integer_range("int64")?),
        Kind::Double => format!("rules::number({copied}, {}, {at}, found);", rules.number_range()?),
        Kind::Enum(kind) => {
            let required = rules.required()? || rules.excludes_zero()?;
            format!("rules::enumeration::<super::{}>({copied}, {required}, {at}, found);", kind.name())
        }
        Kind::Bool => {
            rules.only(&[])?;
            rules.cannot_be_required()?;
            String::new()
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => {
                rules.only(&[])?;
                format!("rules::timestamp({borrowed}, {at}, found);")
            }
            "google.protobuf.Duration" => {
                let (gte, lte) = rules.duration_range()?;
                format!("rules::duration({borrowed}, {gte}, {lte}, {at}, found);")
            }
            "google.protobuf.FieldMask" => {
                rules.only(&[])?;
                format!("rules::field_mask({borrowed}, {at}, found);")
            }
            _ => {
                rules.only(&[])?;
                format!("{expr}.check({at}, found);")
            }
        },
        other => return Err(format!("fields of {other:?} have no check")),
    })
}

fn text_limits(rules: &Rules, usage: &FieldUse) -> Result<String> {
    let of_text = rules.typed("string", &["min_len", "max_len", "uuid"])?;
    let required = rules.required()?;
    if of_text.flag("uuid") {
        if *usage == FieldUse::FreeText {
            return Err("a UUID is no free text".into());
        }
        return Ok(format!("rules::Text::uuid({required})"));
    }
    let (min, max) = (of_text.count("min_len").unwrap_or(0), of_text.required_count("max_len")?);
    let form = if *usage == FieldUse::FreeText { "Free" } else { "Line" };
    Ok(format!("rules::Text {{ required: {required}, min: {min}, max: {max}, form: rules::Form::{form} }}"))
}

/// `buf.validate.FieldRules` of one field, or of the items of one.
struct Rules {
    set: DynamicMessage,
}

impl Rules {
    fn required(&self) -> Result<bool> {
        Ok(self.set.get_field_by_name("required").and_then(|value| value.as_bool()).unwrap_or(false))
    }

    /// Whether an enum may be anything but its zero: how the items of a list say that they are required.
    fn excludes_zero(&self) -> Result<bool> {
        self.only(&["enum"])?;
        if !self.set.has_field_by_name("enum") {
            return Ok(false);
        }
        let of_enum = self.typed("enum", &["not_in"])?;
        match of_enum.value("not_in") {
            Some(Value::List(none)) if none == [Value::I32(0)] => Ok(true),
            _ => Err("rule enum.not_in has a check for [0] only".into()),
        }
    }

    /// For fields where there is no telling whether they were set.
    fn cannot_be_required(&self) -> Result<()> {
        if self.required()? { Err("rule required has no check here".into()) } else { Ok(()) }
    }

    /// Refuses rules of another type than those named.
    fn only(&self, types: &[&str]) -> Result<()> {
        match self.set.fields().find(|(field, _)| field.name() != "required" && !types.contains(&field.name())) {
            Some((field, _)) => Err(format!("rule {} does not fit the field's type", field.name())),
            None => Ok(()),
        }
    }

    fn typed(&self, kind: &str, known: &[&str]) -> Result<TypedRules> {
        self.only(&[kind])?;
        // A rule that was not set would read as one whose bounds are all 0.
        let set = self.set.get_field_by_name(kind).filter(|_| self.set.has_field_by_name(kind));
        let Some(Value::Message(set)) = set.map(|value| value.into_owned()) else {
            return Err(format!("no {kind} rule: every field needs its limits (max_len, max_items, max_pairs, lte)"));
        };
        let unknown = set.fields().map(|(field, _)| field).find(|field| !known.contains(&field.name()));
        match unknown {
            Some(field) => Err(format!("rule {kind}.{} has no check", field.name())),
            None => Ok(TypedRules { set }),
        }
    }

    fn integer_range(&self, kind: &str) -> Result<String> {
        let of_integer = self.typed(kind, &["gte", "lte"])?;
        self.cannot_be_required()?;
        let bound = |name| of_integer.integer(name).ok_or_else(|| format!("no {kind}.{name}"));
        let (gte, lte) = ordered(kind, bound("gte")?, bound("lte")?)?;
        Ok(format!("{gte}, {lte}"))
    }

    fn number_range(&self) -> Result<String> {
        let of_number = self.typed("double", &["gte", "lte"])?;
        self.cannot_be_required()?;
        let bound = |name| of_number.number(name).ok_or_else(|| format!("no double.{name}"));
        let (gte, lte) = ordered("double", bound("gte")?, bound("lte")?)?;
        Ok(format!("{gte:?}, {lte:?}"))
    }

    /// Bounds in whole seconds.
    fn duration_range(&self) -> Result<(i64, i64)> {
        let of_duration = self.typed("duration", &["gte", "lte"])?;
        let bound = |name| of_duration.seconds(name).ok_or_else(|| format!("no duration.{name}"));
        ordered("duration", bound("gte")?, bound("lte")?)
    }
}

/// An upper bound that was left out reads as 0; then nothing, or only 0, would be within the bounds.
fn ordered<T: PartialOrd>(kind: &str, gte: T, lte: T) -> Result<(T, T)> {
    if gte < lte { Ok((gte, lte)) } else { Err(format!("{kind}.lte is missing, or not above {kind}.gte")) }
}

struct TypedRules {
    set: DynamicMessage,
}

impl TypedRules {
    fn value(&self, name: &str) -> Option<Value> {
        let field = self.set.descriptor().get_field_by_name(name)?;
        // Proto3 cannot tell a bound of 0 from none, and 0 is what a lower bound means when left out.
        Some(self.set.get_field(&field).into_owned())
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.value(name)?.as_u64().filter(|count| *count > 0)
    }

    fn required_count(&self, name: &str) -> Result<u64> {
        self.count(name).ok_or_else(|| format!("no {name}: every field needs its limits"))
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(|value| value.as_bool()).unwrap_or(false)
    }

    fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Value::I32(value) => Some(value.into()),
            Value::I64(value) => Some(value),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    fn seconds(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_message()?.get_field_by_name("seconds")?.as_i64()
    }

    fn nested(&self, name: &str) -> Result<Rules> {
        match self.value(name) {
            Some(Value::Message(set)) => Ok(Rules { set }),
            _ => Err(format!("no {name} rules")),
        }
    }
}

fn as_message(value: &Value) -> Result<&DynamicMessage> {
    value.as_message().ok_or_else(|| "an option that is no message".to_owned())
}

fn as_list(value: Option<&Value>) -> Result<Vec<Value>> {
    value.and_then(|value| value.as_list()).map(<[Value]>::to_vec).ok_or_else(|| "an option that is no list".to_owned())
}

fn is_keyword(name: &str) -> bool {
    matches!(name, "type" | "use" | "ref" | "match" | "in" | "move")
}

fn line(out: &mut String, text: &str) {
    out.push_str("        ");
    out.push_str(text);
    out.push('\n');
}

/// As prost names the variants of enums.
fn camel_case(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect()
}

fn write_impl(out: &mut String, message: &str, left_to_handler: bool, body: &str) {
    out.push_str(&format!(
        "impl Check for super::{message} {{\n    const LEFT_TO_HANDLER: bool = {left_to_handler};\n\n    \
         #[allow(unused_variables)]\n    fn check(&self, at: &At<'_>, found: &mut Violations) {{\n{body}    }}\n}}\n"
    ));
}
