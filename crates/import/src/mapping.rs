//! The mapping file: what the columns of a file mean. See the module's docs for its keys.

use std::{collections::BTreeMap, path::Path};

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use prost_types::Duration;
use toml::Table as Toml;

use super::{
    chat::Order,
    conversation::ConversationMapping,
    field::{Conditions, Field, Missing, Shared},
    moment::InstantField,
    names::FromText,
    number::Mark,
    section::{self, Column, Problems, Section},
    table::{Dialect, Header, Row, Shape},
    values::Values,
    zone,
};
use rapport_contract::v1::{
    Consent, ContactKind, Customer, CustomerStanding, Interaction, InteractionContext, Involvement, MessageCounts,
    Rating, ScaleDirection, StaffMember, StaffRole, SurveyTemplate, Team, UpsertMode,
};

/// A mapping file that is TOML; what it says is read when the header of the data is known.
#[derive(Debug, Clone)]
pub struct MappingFile {
    root: Toml,
}

impl MappingFile {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let root = text.parse().map_err(|error: toml::de::Error| Problems(vec![error.to_string()]))?;
        Ok(Self { root })
    }

    /// How a data file separates its cells. What is wrong here is reported together with the rest.
    pub fn dialect(&self, data: &Path) -> Dialect {
        let plain = Dialect::of(data);
        let delimiter = self.root.get("delimiter").and_then(|value| value.as_str()).and_then(delimiter);
        let quoting = self.root.get("quoting").and_then(|value| value.as_bool());
        Dialect { delimiter: delimiter.unwrap_or(plain.delimiter), quoting: quoting.unwrap_or(plain.quoting) }
    }

    /// How the data file is to be read. What is wrong here is reported together with the rest.
    pub fn shape(&self) -> Shape {
        let text = |key| self.root.get(key).and_then(|value| value.as_str());
        let header = match (self.root.get("header"), self.root.get("header_line").and_then(toml::Value::as_integer)) {
            (Some(toml::Value::Boolean(false)), _) => Header::None,
            (_, Some(line)) => u64::try_from(line).map_or(Header::Found, Header::Line),
            (_, None) => Header::Found,
        };
        Shape {
            delimiter: text("delimiter").and_then(delimiter),
            quoting: self.root.get("quoting").and_then(toml::Value::as_bool),
            encoding: text("encoding").and_then(|name| Encoding::for_label(name.as_bytes())),
            header,
            sheet: text("sheet").map(str::to_owned),
            records: text("records").map(str::to_owned),
            dates: text("dates").and_then(Order::named),
        }
    }

    /// The mapping for `import interactions`, or every mistake in it.
    pub fn interactions(&self, header: &[String]) -> Result<InteractionMapping, Problems> {
        let (mut mapping, used) = if self.root.contains_key(CONVERSATION) {
            section::read(&self.without(OF_MESSAGES), header, InteractionMapping::of)?
        } else {
            section::read(&self.root, header, InteractionMapping::of)?
        };
        mapping.common.used = used;
        Ok(mapping)
    }

    /// How messages become conversations, if the mapping says so: what it says of the columns of messages. What it says of
    /// conversations, [`Self::interactions`] reads.
    pub fn conversations(&self, header: &[String]) -> Result<Option<ConversationMapping>, Problems> {
        if !self.root.contains_key(CONVERSATION) {
            return Ok(None);
        }
        let mut root = self.root.clone();
        root.retain(|key, _| OF_MESSAGES.contains(&key) || OF_BOTH.contains(&key));
        let (mapping, used) = section::read(&root, header, |root| {
            let zone = zone_of(root);
            let shared = Shared { zone, ..shared(root) };
            let choices = (Choice::all_of(root, "skip"), Choice::all_of(root, "keep"));
            root.table(CONVERSATION, |section| ConversationMapping::of(section, &shared, choices))
        })?;
        Ok(mapping.map(|mut mapping| {
            mapping.used = used;
            mapping
        }))
    }

    fn without(&self, keys: &[&str]) -> Toml {
        let mut root = self.root.clone();
        root.retain(|key, _| !keys.contains(&key));
        root
    }

    /// The mapping for `import ratings`, or every mistake in it.
    pub fn ratings(&self, header: &[String]) -> Result<RatingMapping, Problems> {
        let (mut mapping, used) = section::read(&self.root, header, RatingMapping::of)?;
        mapping.interaction.common.used = used;
        Ok(mapping)
    }

    /// The mapping for `import directory`, or every mistake in it.
    pub fn directory(&self, header: &[String]) -> Result<DirectoryMapping, Problems> {
        let (mut mapping, used) = section::read(&self.root, header, DirectoryMapping::of)?;
        mapping.common.used = used;
        Ok(mapping)
    }
}

const CONVERSATION: &str = "conversation";

/// Keys that are about messages where a mapping makes conversations of them.
const OF_MESSAGES: &[&str] = &[CONVERSATION, "skip", "keep"];

/// Keys that are about messages and conversations.
const OF_BOTH: &[&str] = &["missing", "decimal", "time_zone"];

fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] if !b"\"\r\n".contains(byte) && byte.is_ascii() => Some(*byte),
        _ => None,
    }
}

/// What every mapping has.
#[derive(Debug, Clone)]
pub struct Common {
    /// Name of the file's system.
    pub source: String,
    /// Zone of local times. None: the organisation's.
    pub zone: Option<TimeZone>,
    /// Rows to leave out.
    pub skip: Vec<Choice>,
    /// The only rows to take, if any are named.
    pub keep: Vec<Choice>,
    /// Texts that mean "no value" in every column.
    pub missing: Missing,
    /// The columns that the mapping reads, by place, from 0.
    pub used: BTreeMap<usize, String>,
}

/// Rows to leave out or to keep: a column has one of some values.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Which column.
    pub column: Column,
    /// Which values.
    pub values: Vec<String>,
    /// Why, for people.
    pub reason: String,
}

impl Common {
    fn of(root: &Section<'_>) -> (Self, Shared) {
        let zone = zone_of(root);
        check_shape(root);
        let source = root.required_text("source").unwrap_or_default();
        let shared = Shared { zone: zone.clone(), ..shared(root) };
        let (skip, keep) = (Choice::all_of(root, "skip"), Choice::all_of(root, "keep"));
        let common = Self { source, zone, skip, keep, missing: shared.missing.clone(), used: BTreeMap::new() };
        (common, shared)
    }
}

/// The zone of local times that the mapping names.
fn zone_of(root: &Section<'_>) -> Option<TimeZone> {
    let name = root.text("time_zone")?;
    let zone = zone::named(&name);
    if zone.is_none() {
        root.problem("time_zone", format!("{name:?} is not an IANA time zone"));
    }
    zone
}

/// Notes what is wrong with the keys that [`MappingFile::shape`] reads.
fn check_shape(root: &Section<'_>) {
    if root.text("delimiter").is_some_and(|text| delimiter(&text).is_none()) {
        root.problem("delimiter", "must be one character, and not a quotation mark or line end");
    }
    if root.flag("quoting") == Some(false) && !root.has("delimiter") {
        // The rejects file may have another extension, and cells would not survive another delimiter unquoted.
        root.problem("quoting", "can be false only where delimiter is given");
    }
    if let Some(name) = root.text("encoding").filter(|name| Encoding::for_label(name.as_bytes()).is_none()) {
        root.problem(
            "encoding",
            format!("{name:?} is no encoding that is known, like \"utf-8\", \"utf-16le\" or \"gb18030\""),
        );
    }
    if root.text("dates").is_some_and(|text| Order::named(&text).is_none()) {
        root.problem("dates", "must be \"day first\", \"month first\" or \"year first\"");
    }
    let none = root.flag("header") == Some(false);
    if root.text("header_line").is_some_and(|text| !text.parse().is_ok_and(|line: u64| line > 0)) {
        root.problem("header_line", "must be a whole number from 1");
    } else if none && root.has("header_line") {
        root.problem("header_line", "cannot be given where header is false");
    }
    for key in ["sheet", "records"] {
        if root.text(key).is_some_and(|text| text.is_empty()) {
            root.problem(key, "must not be empty");
        }
    }
}

impl Choice {
    fn all_of(root: &Section<'_>, key: &'static str) -> Vec<Self> {
        let choices = root.tables(key, |choice| {
            let reason = choice.required_text("reason");
            let values = choice.texts("values");
            if !choice.has("column") {
                choice.problem("column", "must be given");
            }
            if values.is_empty() {
                choice.problem("values", "must be given");
            }
            Some(Self { column: choice.column("column")?, values, reason: reason? })
        });
        choices.into_iter().flatten().collect()
    }

    /// Whether it is the row's.
    pub fn holds(&self, row: &Row<'_>) -> bool {
        self.values.iter().any(|value| value == row.cell(&self.column))
    }
}

/// What holds of every rule.
fn shared(root: &Section<'_>) -> Shared {
    let mark = match root.text("decimal").as_deref() {
        None | Some(".") => Mark::Point,
        Some(",") => Mark::Comma,
        Some(_) => {
            root.problem("decimal", "must be \".\" or \",\"");
            Mark::Point
        }
    };
    Shared { missing: Missing::default().and_of(root), mark, zone: None }
}

/// What is created when the directory does not know it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Teams that participants belong to.
    pub create_teams: bool,
    /// Participants.
    pub create_staff: bool,
    /// Customers.
    pub create_customers: bool,
    /// Standing of customers created.
    pub customer_standing: CustomerStanding,
}

impl Unknown {
    fn of(section: &Section<'_>) -> Self {
        let create = |key| match section.text(key).as_deref() {
            None | Some("reject") => false,
            Some("create") => true,
            Some(_) => {
                section.problem(key, "must be \"create\" or \"reject\"");
                false
            }
        };
        let standing = section.text("customer_standing").and_then(|text| {
            CustomerStanding::from_mapping(&text).map_err(|rule| section.problem("customer_standing", rule)).ok()
        });
        Self {
            create_teams: create("teams"),
            create_staff: create("staff"),
            create_customers: create("customers"),
            customer_standing: standing.unwrap_or_default(),
        }
    }
}

/// What the columns of a file of interactions mean.
#[derive(Debug, Clone)]
pub struct InteractionMapping {
    /// What every mapping has.
    pub common: Common,
    /// The columns that identify a row.
    pub key: Vec<Column>,
    /// What is created when the directory does not know it.
    pub unknown: Unknown,
    /// The fields of the message.
    pub fields: InteractionFields,
}

impl InteractionMapping {
    fn of(root: &Section<'_>) -> Self {
        let (common, shared) = Common::of(root);
        let key = root.columns("key");
        if !root.has("key") {
            root.problem("key", "must be given: the column or columns that identify a row");
        }
        let unknown = root.table("unknown", Unknown::of).unwrap_or_default();
        let fields = root.table("interaction", |section| InteractionFields::of(section, &shared, unknown));
        if !root.has("interaction") {
            root.problem("interaction", "must be given");
        }
        Self { common, key, unknown, fields: fields.unwrap_or_default() }
    }
}

/// What the columns of a file of ratings mean: each row is an interaction and how the customer rated it.
#[derive(Debug, Clone)]
pub struct RatingMapping {
    /// What was rated.
    pub interaction: InteractionMapping,
    /// By what survey.
    pub template: TemplateMapping,
    /// The fields of the rating.
    pub fields: RatingFields,
}

impl RatingMapping {
    fn of(root: &Section<'_>) -> Self {
        let shared = shared(root);
        for key in ["template", "rating"].into_iter().filter(|key| !root.has(key)) {
            root.problem(key, "must be given");
        }
        Self {
            template: root.table("template", TemplateMapping::of).unwrap_or_default(),
            fields: root.table("rating", |section| RatingFields::of(section, &shared)).unwrap_or_default(),
            interaction: InteractionMapping::of(root),
        }
    }
}

/// The survey by which customers were asked; published where the server does not have it.
#[derive(Debug, Clone, Default)]
pub struct TemplateMapping {
    /// As it would be created.
    pub message: SurveyTemplate,
}

impl TemplateMapping {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.message.template_id
    }

    fn of(section: &Section<'_>) -> Self {
        let direction = section.text("direction").and_then(|text| {
            ScaleDirection::from_mapping(&text).map_err(|rule| section.problem("direction", rule)).ok()
        });
        let window = section
            .text("answer_window")
            .and_then(|text| Duration::from_mapping(&text).map_err(|rule| section.problem("answer_window", rule)).ok());
        Self {
            message: SurveyTemplate {
                template_id: section.required_text("template_id").unwrap_or_default(),
                display_name: section.text("display_name").unwrap_or_default(),
                direction: direction.unwrap_or(ScaleDirection::HighBest).into(),
                answer_window: window,
                ..Default::default()
            },
        }
    }
}

/// The fields of a rating.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct RatingFields {
    /// What is one value each.
    pub values: Values<Rating>,
    pub answered_time: InstantField,
    pub delivered_time: InstantField,
}

impl RatingFields {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        let values = Values::of(section, shared)
            .required("score", |rating: &mut Rating, score| rating.score = score)
            .value("attribution", Rating::set_attribution)
            .value("comment", |rating, comment| rating.comment = comment);
        if !section.has("answered_time") {
            section.problem("answered_time", "must be given");
        }
        Self {
            values: values.all(),
            answered_time: InstantField::of(section, "answered_time", shared, &INSTANTS),
            delivered_time: InstantField::of(section, "delivered_time", shared, &INSTANTS),
        }
    }
}

/// The fields of an interaction.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct InteractionFields {
    /// What is one value each.
    pub values: Values<Interaction>,
    pub times: Times,
    pub customer_alias: Option<AliasFields>,
    pub participants: Vec<ParticipantFields>,
    pub context: ContextFields,
    pub message_counts: Values<MessageCounts>,
}

impl InteractionFields {
    fn of(section: &Section<'_>, shared: &Shared, unknown: Unknown) -> Self {
        let participants = section.tables("participants", |one| {
            let fields = ParticipantFields {
                staff_id: Field::of(one, "staff_id", shared),
                role: Field::of(one, "role", shared),
                team_id: Field::of(one, "team_id", shared),
                involvement: Field::of(one, "involvement", shared),
                separator: one.text("separator").filter(|separator| !separator.is_empty()),
            };
            if !one.has("staff_id") {
                one.problem("staff_id", "must be given");
            }
            if unknown.create_staff && !one.has("role") {
                one.problem("role", "must be given, because unknown staff are created");
            }
            fields
        });
        let values = Values::of(section, shared)
            .required("channel", Interaction::set_channel)
            .value("kind", Interaction::set_kind)
            .value("direction", Interaction::set_direction)
            .value("outcome", Interaction::set_outcome)
            .value("topic", |told, topic| told.topic = topic)
            .value("hold", |told, hold| told.hold = Some(hold))
            .value("after_call_work", |told, work| told.after_call_work = Some(work))
            .value("customer_id", |told, id| told.customer_id = id)
            .value("case_id", |told, id| told.case_id = id)
            .value("conclusion", |told, text| told.conclusion = text)
            .value("staff_resolution", Interaction::set_staff_resolution)
            .value("customer_resolution", Interaction::set_customer_resolution);
        let counts = |section: &Section<'_>| {
            Values::of(section, shared)
                .value("customer", |counts: &mut MessageCounts, count| counts.customer = count)
                .value("staff", |counts, count| counts.staff = count)
                .value("bot", |counts, count| counts.bot = count)
                .all()
        };
        Self {
            values: values.all(),
            times: Times::of(section, shared),
            customer_alias: section.table("customer_alias", |alias| AliasFields::of(alias, shared)),
            participants,
            context: section.table("context", |context| ContextFields::of(context, shared)).unwrap_or_default(),
            message_counts: section.table("message_counts", counts).unwrap_or_default(),
        }
    }
}

/// The instants of an interaction, in the order in which they follow one another.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// Whether a time of day may be of the day after the file's date.
    pub roll_over_at_midnight: bool,
    /// The mapping's own zone of local times.
    pub zone: Option<TimeZone>,
    /// Arrived, requested, connected, ended.
    pub fields: [TimeField; 4],
}

/// The keys of [`Times::fields`].
pub const INSTANTS: [&str; 4] = ["arrived_time", "requested_time", "connected_time", "ended_time"];

/// One instant and when it counts as missing.
#[derive(Debug, Clone, Default)]
pub struct TimeField {
    /// Where it comes from.
    pub from: InstantField,
    /// Place of the instant before which it is missing.
    pub missing_if_earlier_than: Option<usize>,
    /// Place of the instant after which it is missing.
    pub missing_if_later_than: Option<usize>,
}

impl Times {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        let fields = INSTANTS.map(|key| section.table(key, |instant| TimeField::of(instant, shared)));
        if INSTANTS.iter().all(|key| !section.has(key)) {
            section.own_problem(format!("needs at least one of {}", INSTANTS.join(", ")));
        }
        let fields = fields.map(Option::unwrap_or_default);
        for place in groundless(&fields) {
            section.problem(INSTANTS[place], "is told by another instant only, which is not told by itself");
        }
        let roll_over_at_midnight = section.flag("roll_over_at_midnight").unwrap_or_default();
        Self { roll_over_at_midnight, zone: shared.zone.clone(), fields }
    }
}

/// Instants that are told by one another, of which none is told by the file.
fn groundless(fields: &[TimeField; 4]) -> Vec<usize> {
    let mut grounded = [false; 4];
    for _ in fields {
        for (place, field) in fields.iter().enumerate() {
            let by_others = |others: Vec<usize>| others.into_iter().any(|other| grounded[other]);
            grounded[place] = field.from.needs().is_none_or(by_others);
        }
    }
    let told = |place: &usize| fields[*place].from.needs().is_some_and(|others| !others.is_empty());
    (0..fields.len()).filter(told).filter(|place| !grounded[*place]).collect()
}

impl TimeField {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        let place = |key| {
            let name = section.text(key)?;
            let place = INSTANTS.iter().position(|instant| *instant == name);
            if place.is_none() {
                section.problem(key, format!("must be one of {}", INSTANTS.join(", ")));
            }
            place
        };
        if !section.has("from") {
            section.problem("from", "must be given");
        }
        Self {
            from: InstantField::of(section, "from", shared, &INSTANTS),
            missing_if_earlier_than: place("missing_if_earlier_than"),
            missing_if_later_than: place("missing_if_later_than"),
        }
    }
}

/// A name under which a customer came.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct AliasFields {
    pub kind: Field<ContactKind>,
    pub value: Field<String>,
}

impl AliasFields {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        for key in ["kind", "value"].into_iter().filter(|key| !section.has(key)) {
            section.problem(key, "must be given");
        }
        Self { kind: Field::of(section, "kind", shared), value: Field::of(section, "value", shared) }
    }
}

/// Who served; left out where `staff_id` is missing.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct ParticipantFields {
    pub staff_id: Field<String>,
    pub role: Field<StaffRole>,
    pub team_id: Field<String>,
    pub involvement: Field<Involvement>,
    /// What stands between the ids of several, if one text has them.
    pub separator: Option<String>,
}

/// What the interaction was about.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct ContextFields {
    /// What is one value each.
    pub values: Values<InteractionContext>,
    pub attributes: Vec<(String, Field<String>)>,
}

impl ContextFields {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        let values = Values::of(section, shared)
            .value("order_id", |context: &mut InteractionContext, id| context.order_id = id)
            .value("product_id", |context, id| context.product_id = id)
            .value("page", |context, page| context.page = page)
            .value("seen", |context, seen| context.seen = seen);
        Self { values: values.all(), attributes: Field::all_of(section, "attributes", shared) }
    }
}

/// What the columns of a file of teams, staff and customers mean. A row may make one record of each kind.
#[derive(Debug, Clone)]
pub struct DirectoryMapping {
    /// What every mapping has.
    pub common: Common,
    /// What to do where a record exists.
    pub mode: UpsertMode,
    /// Teams.
    pub team: Option<RecordFields<Team>>,
    /// Staff.
    pub staff_member: Option<RecordFields<StaffMember>>,
    /// Customers.
    pub customer: Option<CustomerFields>,
}

impl DirectoryMapping {
    fn of(root: &Section<'_>) -> Self {
        let (common, shared) = Common::of(root);
        let mode = root
            .text("mode")
            .and_then(|text| UpsertMode::from_mapping(&text).map_err(|rule| root.problem("mode", rule)).ok());
        if ["team", "staff_member", "customer"].iter().all(|key| !root.has(key)) {
            root.own_problem("needs at least one of team, staff_member, customer");
        }
        Self {
            common,
            mode: mode.unwrap_or(UpsertMode::Merge),
            team: root.table("team", |section| team(section, &shared)),
            staff_member: root.table("staff_member", |section| staff_member(section, &shared)),
            customer: root.table("customer", |customer| CustomerFields::of(customer, &shared)),
        }
    }
}

/// A team, or a colleague.
#[derive(Debug, Clone)]
pub struct RecordFields<M> {
    /// Of which rows it is.
    pub when: Conditions,
    /// What is one value each.
    pub values: Values<M>,
}

fn team(section: &Section<'_>, shared: &Shared) -> RecordFields<Team> {
    let values = Values::of(section, shared)
        .required("team_id", |team: &mut Team, id| team.team_id = id)
        .value("display_name", |team, name| team.display_name = name)
        .value("state", Team::set_state);
    RecordFields { when: Conditions::of(section), values: values.all() }
}

fn staff_member(section: &Section<'_>, shared: &Shared) -> RecordFields<StaffMember> {
    let values = Values::of(section, shared)
        .required("staff_id", |staff: &mut StaffMember, id| staff.staff_id = id)
        .value("display_name", |staff, name| staff.display_name = name)
        .required("role", StaffMember::set_role)
        .value("team_id", |staff, id| staff.team_id = id)
        .value("state", StaffMember::set_state);
    RecordFields { when: Conditions::of(section), values: values.all() }
}

/// A customer. Contact points and aliases are left out where their value is missing.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct CustomerFields {
    pub when: Conditions,
    /// What is one value each.
    pub values: Values<Customer>,
    pub contact_points: Vec<ContactPointFields>,
    pub aliases: Vec<AliasFields>,
}

/// A way to reach a customer.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of the message")]
pub struct ContactPointFields {
    pub kind: Field<ContactKind>,
    pub value: Field<String>,
    pub source: Field<String>,
    pub obtained_time: InstantField,
    pub consent: Field<Consent>,
    pub consent_time: InstantField,
}

impl CustomerFields {
    fn of(section: &Section<'_>, shared: &Shared) -> Self {
        let values = Values::of(section, shared)
            .required("customer_id", |customer: &mut Customer, id| customer.customer_id = id)
            .value("salutation", |customer, text| customer.salutation = text)
            .value("standing", Customer::set_standing)
            .value("locale", |customer, locale| customer.locale = locale)
            .value("time_zone", |customer, zone| customer.time_zone = zone);
        Self {
            when: Conditions::of(section),
            values: values.all(),
            contact_points: section.tables("contact_points", |point| ContactPointFields {
                kind: required(point, "kind", shared),
                value: required(point, "value", shared),
                source: required(point, "source", shared),
                obtained_time: InstantField::of(point, "obtained_time", shared, &[]),
                consent: Field::of(point, "consent", shared),
                consent_time: InstantField::of(point, "consent_time", shared, &[]),
            }),
            aliases: section.tables("aliases", |alias| AliasFields::of(alias, shared)),
        }
    }
}

fn required<T: FromText>(section: &Section<'_>, key: &'static str, shared: &Shared) -> Field<T> {
    if !section.has(key) {
        section.problem(key, "must be given");
    }
    Field::of(section, key, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let header = ["id", "when", "channel"].map(str::to_owned);
        MappingFile::parse(text).and_then(|file| file.interactions(&header).map(drop)).unwrap_err().0
    }

    #[test]
    fn every_mistake_of_a_mapping_is_reported() {
        let text = r#"
            delimiter = "||"
            quoting = "no"
            time_zone = "Mars/Olympus"
            colour = "red"
            key = ["id", "nr"]
            [[skip]]
            column = "id"
            values = []
            [unknown]
            staff = "ask"
            teams = "create"
            [interaction]
            channel = [{ column = "channel", values = { a = "telex" } }, { constant = "email", default = "x" }]
            topic = { }
            hold = { constant = "1:2" }
            outcome = { column = "channel", default = "answered" }
            [interaction.requested_time]
            from = { columns = ["when"], format = ["%d/%m", "%d.%m.%Y"] }
            missing_if_later_than = "yesterday"
            [interaction.ended_time]
            [[interaction.participants]]
            role = { constant = "pilot" }
        "#;
        let found = mistakes(text);
        let expected = [
            "delimiter: must be one character",
            "quoting: must be true or false",
            "time_zone: \"Mars/Olympus\" is not an IANA time zone",
            "skip[0].reason: must be given",
            "skip[0].values: must be given",
            "source: must be given",
            "key: the file has no column \"nr\"",
            "unknown.staff: must be \"create\" or \"reject\"",
            "interaction.participants[0].staff_id: must be given",
            "interaction.participants[0].role.constant: must be one of agent",
            "interaction.channel[0].values: must be one of inbound_call",
            "interaction.channel[1].default: is not known here",
            "interaction.topic: needs either column or constant",
            "interaction.hold.constant: must be seconds or h:mm:ss",
            "interaction.outcome.default: is for words that values does not have",
            "interaction.requested_time.from.format: format \"%d/%m\" cannot be used",
            "interaction.requested_time.missing_if_later_than: must be one of arrived_time",
            "interaction.ended_time.from: must be given",
            "colour: is not known here",
        ];
        for problem in expected {
            assert!(found.iter().any(|one| one.starts_with(problem)), "{problem} is not in {found:#?}");
        }
    }

    #[test]
    fn broken_toml_is_one_mistake() {
        assert_eq!(mistakes("key = [").len(), 1);
    }

    #[test]
    fn created_staff_need_a_role() {
        let text = r#"
            source = "s"
            key = "id"
            unknown = { staff = "create" }
            [interaction]
            channel = { constant = "email" }
            requested_time.from = { column = "when" }
            participants = { staff_id = { column = "id" } }
        "#;
        let expected = "interaction.participants.role: must be given, because unknown staff are created";
        assert_eq!(mistakes(text), [expected]);
    }

    #[test]
    fn the_dialect_follows_mapping_and_extension() {
        let dialect = |text: &str, path: &str| MappingFile::parse(text).unwrap().dialect(Path::new(path));
        assert_eq!(dialect("", "a.csv"), Dialect { delimiter: b',', quoting: true });
        assert_eq!(dialect("", "a.tsv"), Dialect { delimiter: b'\t', quoting: true });
        let explicit = dialect("delimiter = ';'\nquoting = false", "a.tsv");
        assert_eq!(explicit, Dialect { delimiter: b';', quoting: false });
    }
}
