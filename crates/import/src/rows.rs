//! A row becomes a message, or is skipped or rejected with every reason.

use std::{collections::BTreeMap, fmt::Debug};

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

pub use super::times::Remark;
use super::{
    field::Field,
    mapping::{
        AliasFields, Common, ContextFields, CustomerFields, DirectoryMapping, InteractionFields, InteractionMapping,
        ParticipantFields, RatingMapping, Times,
    },
    moment::InstantField,
    names::FromText,
    section::Column,
    table::Row,
    times,
    values::Values,
};
use rapport_contract::{
    Reason, Violation,
    rules::{Check, Violations},
    v1::{
        ContactPoint, Customer, CustomerAlias, Interaction, InteractionContext, Participant, Rating,
        RecordInteractionRequest, StaffMember, SubmitRatingRequest, Team,
    },
};

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement<T> {
    /// To be sent; with what is to be said of it all the same.
    Send(T, Vec<Remark>),
    /// Left out, as the mapping says.
    Skip,
    /// Wrong in these ways.
    Reject(Vec<String>),
}

impl<T> Judgement<T> {
    /// With another message.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Judgement<U> {
        match self {
            Self::Send(message, remarks) => Judgement::Send(with(message), remarks),
            Self::Skip => Judgement::Skip,
            Self::Reject(reasons) => Judgement::Reject(reasons),
        }
    }
}

/// What is to be said of rows that are taken all the same: each remark with its rows and the first line of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Remarks(BTreeMap<Remark, (u64, u64)>);

impl Remarks {
    /// Counts a row.
    pub fn note(&mut self, line: u64, remarks: &[Remark]) {
        for remark in remarks {
            self.0.entry(*remark).or_insert((0, line)).0 += 1;
        }
    }

    /// For people, a line each.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(remark, (rows, line))| format!("{rows} rows, first in line {line}: {}", remark.text()))
    }
}

/// The records of one row of a directory file.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the kinds of record")]
pub struct Records {
    pub team: Option<Team>,
    pub staff_member: Option<StaffMember>,
    pub customer: Option<Customer>,
}

/// Name space of the request ids of rows; only this importer uses it.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d0f_5a1e_6f5b_4c0e_9a53_1f1d_7f0c_2b64);

/// The request id of a row: the same row gets the same one in every run, so that it is recorded once.
pub fn request_id(source: &str, key: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for part in std::iter::once(&source).chain(key) {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

/// Judges a row of interactions by every rule that needs no database. `zone` is that of local times, `rules` says which
/// rules a whole request breaks.
pub fn interaction(
    mapping: &InteractionMapping,
    zone: &TimeZone,
    row: &Row<'_>,
    rules: impl Fn(&RecordInteractionRequest) -> Vec<Violation>,
) -> Judgement<RecordInteractionRequest> {
    if skipped(&mapping.common, row) {
        return Judgement::Skip;
    }
    let mut reader = RowReader::new(&mapping.common, row, zone);
    let request = RecordInteractionRequest {
        request_id: reader.request_id(&mapping.common.source, &mapping.key),
        interaction: Some(reader.interaction(&mapping.fields)),
    };
    reader.judge(request, |request, reader| reader.object(rules(request)))
}

/// Judges a row of ratings: the interaction, and how the customer rated it. The rating's interaction_id is filled in when
/// the interaction is on record.
pub fn rating(
    mapping: &RatingMapping,
    zone: &TimeZone,
    row: &Row<'_>,
    rules: impl Fn(&RecordInteractionRequest) -> Vec<Violation>,
) -> Judgement<(RecordInteractionRequest, SubmitRatingRequest)> {
    if skipped(&mapping.interaction.common, row) {
        return Judgement::Skip;
    }
    let mut reader = RowReader::new(&mapping.interaction.common, row, zone);
    let request_id = reader.request_id(&mapping.interaction.common.source, &mapping.interaction.key);
    let record = RecordInteractionRequest {
        request_id: request_id.clone(),
        interaction: Some(reader.interaction(&mapping.interaction.fields)),
    };
    let rating = SubmitRatingRequest { request_id, rating: Some(reader.rating(mapping)) };
    reader.judge((record, rating), |(record, rating), reader| {
        reader.object(rules(record));
        rating.rating.iter().for_each(|rating| reader.check(rating));
    })
}

/// Judges a row of a directory file.
pub fn directory(mapping: &DirectoryMapping, zone: &TimeZone, row: &Row<'_>) -> Judgement<Records> {
    if skipped(&mapping.common, row) {
        return Judgement::Skip;
    }
    let mut reader = RowReader::new(&mapping.common, row, zone);
    let records = Records {
        team: mapping.team.as_ref().filter(|fields| fields.when.hold(row)).map(|fields| reader.values(&fields.values)),
        staff_member: mapping
            .staff_member
            .as_ref()
            .filter(|fields| fields.when.hold(row))
            .map(|fields| reader.values(&fields.values)),
        customer: mapping
            .customer
            .as_ref()
            .filter(|fields| fields.when.hold(row))
            .map(|fields| reader.customer(fields)),
    };
    if records == Records::default() {
        reader.reasons.push("the mapping does not say what kind of record this is".to_owned());
    }
    reader.judge(records, |records, reader| {
        records.team.iter().for_each(|team| reader.check(team));
        records.staff_member.iter().for_each(|staff| reader.check(staff));
        records.customer.iter().for_each(|customer| reader.check(customer));
    })
}

fn skipped(common: &Common, row: &Row<'_>) -> bool {
    common.skip.iter().any(|skip| skip.holds(row)) || !common.keep.iter().all(|keep| keep.holds(row))
}

/// Cells that the mapping reads and nobody can, each with its reason.
fn unread(common: &Common, row: &Row<'_>) -> Vec<String> {
    let unread = common.used.iter().filter_map(|(&index, name)| {
        let column = Column { index, name: name.clone() };
        let fault =
            row.unread(index).filter(|_| row.cell(&column).is_empty() || !common.missing.has(row.cell(&column)));
        fault.map(|fault| format!("{name:?} {fault}"))
    });
    unread.collect()
}

/// Reads one row and keeps every reason against it. A value that cannot be read is left out of the message, which is
/// not sent then.
struct RowReader<'a> {
    row: &'a Row<'a>,
    zone: &'a TimeZone,
    /// The interaction's instants as they were read.
    instants: [Option<Timestamp>; 4],
    reasons: Vec<String>,
    remarks: Vec<Remark>,
}

impl<'a> RowReader<'a> {
    fn new(common: &Common, row: &'a Row<'a>, zone: &'a TimeZone) -> Self {
        Self { row, zone, instants: [None; 4], reasons: unread(common, row), remarks: Vec::new() }
    }

    fn judge<T>(mut self, message: T, check: impl FnOnce(&T, &mut Self)) -> Judgement<T> {
        check(&message, &mut self);
        if self.reasons.is_empty() { Judgement::Send(message, self.remarks) } else { Judgement::Reject(self.reasons) }
    }

    /// Adds the field rules that a message breaks.
    fn check(&mut self, message: &impl Check) {
        self.object(Violations::of(message));
    }

    fn object(&mut self, found: Vec<Violation>) {
        // A value that could not be read is missing from the message; that it is missing is no second reason.
        let all_read = self.reasons.is_empty();
        let of_absence = |one: &Violation| matches!(one.reason, Reason::FieldRequired | Reason::ImpossibleInstants);
        let found = found.into_iter().filter(|one| all_read || !of_absence(one));
        self.reasons.extend(found.map(|one| format!("{} {}", one.field, one.rule)));
    }

    fn kept<T>(&mut self, read: Result<Option<T>, String>) -> Option<T> {
        read.unwrap_or_else(|reason| {
            self.reasons.push(reason);
            None
        })
    }

    fn value<T: FromText>(&mut self, field: &Field<T>) -> Option<T> {
        self.kept(field.value(self.row))
    }

    /// A message with the values that the row has.
    fn values<M: Debug + Default + 'static>(&mut self, values: &Values<M>) -> M {
        self.values_if_any(values).unwrap_or_default()
    }

    /// The same. None: the row has none of them.
    fn values_if_any<M: Debug + Default + 'static>(&mut self, values: &Values<M>) -> Option<M> {
        let mut message = M::default();
        let (is_there, reasons) = values.put(self.row, &mut message);
        self.reasons.extend(reasons);
        is_there.then_some(message)
    }

    fn text(&mut self, field: &Field<String>) -> String {
        self.value(field).unwrap_or_default()
    }

    /// An enum value as messages carry it.
    fn number<T: FromText + Into<i32>>(&mut self, field: &Field<T>) -> i32 {
        self.value(field).map(Into::into).unwrap_or_default()
    }

    /// An instant by itself or by those of the interaction.
    fn instant(&mut self, field: &InstantField) -> Option<prost_types::Timestamp> {
        self.kept(field.value(self.row, self.zone, &self.instants)).map(timestamp)
    }

    fn times(&mut self, times: &Times) -> [Option<Timestamp>; 4] {
        let read = times::read(times, self.zone, self.row);
        self.reasons.extend(read.reasons);
        self.remarks.extend(read.remarks);
        self.instants = read.known;
        read.kept
    }

    fn request_id(&mut self, source: &str, key: &[Column]) -> String {
        let parts: Vec<_> = key.iter().map(|column| self.row.cell(column)).collect();
        for (column, _) in key.iter().zip(&parts).filter(|(_, part)| part.is_empty()) {
            self.reasons.push(format!("{:?} is empty but belongs to the row's key", column.name));
        }
        request_id(source, &parts).to_string()
    }

    fn interaction(&mut self, fields: &InteractionFields) -> Interaction {
        let [arrived_time, requested_time, connected_time, ended_time] =
            self.times(&fields.times).map(|at| at.map(timestamp));
        let told = self.values(&fields.values);
        Interaction {
            arrived_time,
            requested_time,
            connected_time,
            ended_time,
            customer_alias: fields.customer_alias.as_ref().and_then(|alias| self.alias(alias)),
            participants: fields.participants.iter().flat_map(|one| self.participants(one)).collect(),
            context: self.context(&fields.context),
            message_counts: self.values_if_any(&fields.message_counts),
            ..told
        }
    }

    fn rating(&mut self, mapping: &RatingMapping) -> Rating {
        let fields = &mapping.fields;
        let rating = self.values(&fields.values);
        Rating {
            interaction_id: Uuid::nil().to_string(),
            template_id: mapping.template.id().to_owned(),
            answered_time: self.instant(&fields.answered_time),
            delivered_time: self.instant(&fields.delivered_time),
            ..rating
        }
    }

    fn alias(&mut self, fields: &AliasFields) -> Option<CustomerAlias> {
        let value = self.value(&fields.value)?;
        Some(CustomerAlias { kind: self.number(&fields.kind), value })
    }

    fn participants(&mut self, fields: &ParticipantFields) -> Vec<Participant> {
        let Some(text) = self.value(&fields.staff_id) else { return Vec::new() };
        let ids = match &fields.separator {
            Some(separator) => text.split(separator.as_str()).map(|id| id.trim().to_owned()).collect(),
            None => vec![text],
        };
        let (role, team_id, involvement) =
            (self.number(&fields.role), self.text(&fields.team_id), self.number(&fields.involvement));
        let one =
            |staff_id| Participant { staff_id, role, team_id: team_id.clone(), involvement, told_by: String::new() };
        ids.into_iter().filter(|id| !id.is_empty()).map(one).collect()
    }

    fn context(&mut self, fields: &ContextFields) -> Option<InteractionContext> {
        let mut context: InteractionContext = self.values(&fields.values);
        let attributes = fields.attributes.iter();
        context.attributes = attributes.filter_map(|(name, field)| Some((name.clone(), self.value(field)?))).collect();
        (context != InteractionContext::default()).then_some(context)
    }

    fn customer(&mut self, fields: &CustomerFields) -> Customer {
        let contact_points = fields.contact_points.iter().filter_map(|point| {
            let value = self.value(&point.value)?;
            Some(ContactPoint {
                kind: self.number(&point.kind),
                value,
                source: self.text(&point.source),
                obtained_time: self.instant(&point.obtained_time),
                consent: self.number(&point.consent),
                consent_time: self.instant(&point.consent_time),
            })
        });
        let contact_points = contact_points.collect();
        let aliases = fields.aliases.iter().filter_map(|alias| self.alias(alias)).collect();
        Customer { contact_points, aliases, ..self.values(&fields.values) }
    }
}

fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    // Protobuf counts nanoseconds forward from the second before; jiff towards zero.
    let nanos = instant.subsec_nanosecond();
    let (seconds, nanos) =
        if nanos < 0 { (instant.as_second() - 1, nanos + 1_000_000_000) } else { (instant.as_second(), nanos) };
    prost_types::Timestamp { seconds, nanos }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mapping::MappingFile,
        table::{Dialect, Table},
    };
    use rapport_contract::v1::{
        Channel, Consent, ContactKind, CustomerStanding, Direction, Involvement, Outcome, StaffRole,
    };

    const DESK: &str = include_str!("../../../examples/mappings/service_desk.toml");
    const BANK: &str = include_str!("../../../examples/mappings/bank_calls.toml");
    const STAFF: &str = include_str!("../../../examples/mappings/staff_directory.toml");

    /// Field rules only; the server's own come from its crate.
    fn rules(request: &RecordInteractionRequest) -> Vec<Violation> {
        let inner = request.interaction.iter().flat_map(Violations::of);
        Violations::of(request).into_iter().chain(inner.map(|one| one.inside("interaction"))).collect()
    }

    const DESK_HEADER: &str = "Unique id,channel_name,category,Sub-category,Order_id,order_date_time,Issue_reported at,\
                               issue_responded,Customer_City,Product_category,Item_price,connected_handling_time,\
                               Agent_name,Supervisor,Manager,Tenure Bucket,Agent Shift";
    const BANK_HEADER: &str = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tq_start\tq_exit\t\
                               outcome\tser_start\tser_exit\tserver";

    fn judge(mapping: &str, delimiter: u8, zone: &TimeZone, text: &str) -> Vec<Judgement<RecordInteractionRequest>> {
        let mut table = Table::new(text.as_bytes(), Dialect { delimiter, quoting: true }).unwrap();
        let mapping = MappingFile::parse(mapping).unwrap().interactions(table.header()).unwrap();
        let rows = std::iter::from_fn(|| table.next_row().unwrap()).collect::<Vec<_>>();
        rows.iter().map(|row| interaction(&mapping, zone, &row.texts(table.header()).unwrap(), rules)).collect()
    }

    fn desk(row: &str) -> Judgement<RecordInteractionRequest> {
        judge(DESK, b',', &TimeZone::UTC, &format!("{DESK_HEADER}\n{row}\n")).remove(0)
    }

    fn bank(row: &str) -> Judgement<RecordInteractionRequest> {
        judge(BANK, b'\t', &TimeZone::UTC, &format!("{BANK_HEADER}\n{}\n", row.replace(' ', "\t"))).remove(0)
    }

    fn sent(judgement: Judgement<RecordInteractionRequest>) -> Interaction {
        let Judgement::Send(request, _) = judgement else { panic!("{judgement:?}") };
        request.interaction.unwrap()
    }

    fn reasons<T: std::fmt::Debug>(judgement: Judgement<T>) -> Vec<String> {
        let Judgement::Reject(reasons) = judgement else { panic!("{judgement:?}") };
        reasons
    }

    /// Arrived, requested, connected, ended as UTC.
    fn times(interaction: &Interaction) -> [String; 4] {
        let Interaction { arrived_time, requested_time, connected_time, ended_time, .. } = interaction;
        [arrived_time, requested_time, connected_time, ended_time].map(|time| {
            let shown = |time: &prost_types::Timestamp| Timestamp::new(time.seconds, time.nanos).unwrap().to_string();
            time.as_ref().map(shown).unwrap_or_default()
        })
    }

    #[test]
    fn a_contact_of_the_service_desk() {
        let contact = sent(desk(
            "id-1,Email,Returns,Pickup,order-1,09/08/2023 11:15,14/08/2023 00:32,14/08/2023 00:37,MUMBAI,Books,156.0,,\
             Jacqueline,Ethan,Emily,0-30,Evening",
        ));
        assert_eq!(contact.channel(), Channel::Email);
        assert_eq!(contact.direction(), Direction::Inbound);
        assert_eq!(contact.outcome(), Outcome::Answered);
        assert_eq!(contact.topic, "Returns");
        assert_eq!(times(&contact), ["", "2023-08-14T00:32:00Z", "2023-08-14T00:37:00Z", ""]);
        let one = &contact.participants[0];
        assert_eq!((one.staff_id.as_str(), one.team_id.as_str()), ("Jacqueline", "Ethan"));
        assert_eq!((one.role(), one.involvement()), (StaffRole::Agent, Involvement::Primary));
        let context = contact.context.unwrap();
        assert_eq!(context.order_id, "order-1");
        assert_eq!(context.attributes["city"], "MUMBAI");
        assert!(!context.attributes.contains_key("connected_handling_time"));
    }

    #[test]
    fn answered_before_it_was_reported_means_unknown() {
        let row = "id-1,Inbound,Returns,Pickup,,,23/08/2023 15:54,23/08/2023 00:00,,,,,Craig,Brayden,John,>90,Evening";
        let contact = sent(desk(row));
        assert_eq!(times(&contact), ["", "2023-08-23T15:54:00Z", "", ""]);
        assert_eq!(contact.direction(), Direction::Unspecified);
    }

    #[test]
    fn a_bad_row_names_every_reason() {
        let long = "x".repeat(129);
        let row = format!(",Fax,{long},,,,31/02/2023 15:54,soon,,,,,Craig,Brayden,John,>90,Evening");
        assert_eq!(
            reasons(desk(&row)),
            [
                "\"Unique id\" is empty but belongs to the row's key",
                "requested_time: \"Issue_reported at\": \"31/02/2023 15:54\" does not have the form \"%d/%m/%Y %H:%M\"",
                "connected_time: \"issue_responded\": \"soon\" does not have the form \"%d/%m/%Y %H:%M\"",
                "\"channel_name\" is \"Fax\", which the mapping does not know",
                "interaction.topic must have 1 to 128 characters, has 129",
            ]
        );
    }

    #[test]
    fn calls_of_the_bank() {
        let queued = sent(bank("L1 7 29466273 2 PS 990201 8:55:02 8:55:07 8:55:19 AGENT 8:55:17 9:01:33 MICHAL"));
        let expected = ["1999-02-01T08:55:02Z", "1999-02-01T08:55:07Z", "1999-02-01T08:55:17Z", "1999-02-01T09:01:33Z"];
        assert_eq!(times(&queued), expected);
        assert_eq!((queued.customer_id.as_str(), queued.participants.len()), ("29466273", 1));

        let at_once = sent(bank("L1 7 0 0 PS 990201 7:31:45 0:00:00 0:00:00 AGENT 7:31:54 7:31:59 NO_SERVER"));
        let expected = ["1999-02-01T07:31:45Z", "1999-02-01T07:31:54Z", "1999-02-01T07:31:54Z", "1999-02-01T07:31:59Z"];
        assert_eq!(times(&at_once), expected);
        assert_eq!((at_once.customer_id.as_str(), at_once.participants.len()), ("", 0));

        let gave_up = sent(bank("L1 7 0 0 PS 990201 8:09:16 8:09:22 8:09:27 HANG 0:00:00 0:00:00 NO_SERVER"));
        assert_eq!(gave_up.outcome(), Outcome::Abandoned);
        assert_eq!(times(&gave_up), ["1999-02-01T08:09:16Z", "1999-02-01T08:09:22Z", "", "1999-02-01T08:09:27Z"]);

        let before_queue = sent(bank("L1 7 0 0 PS 990201 8:09:16 8:09:22 8:09:27 AGENT 8:09:20 8:10:00 TOVA"));
        assert_eq!(times(&before_queue), ["1999-02-01T08:09:16Z", "", "1999-02-01T08:09:20Z", "1999-02-01T08:10:00Z"]);

        let midnight = sent(bank("L1 7 0 0 PS 990228 23:59:54 0:00:00 0:00:00 AGENT 0:00:26 0:03:00 TOVA"));
        let expected = ["1999-02-28T23:59:54Z", "1999-03-01T00:00:26Z", "1999-03-01T00:00:26Z", "1999-03-01T00:03:00Z"];
        assert_eq!(times(&midnight), expected);

        let phantom = bank("L1 7 0 0 PS 990201 13:13:33 13:13:42 13:14:12 PHANTOM 13:13:40 13:14:18 NO_SERVER");
        assert_eq!(phantom, Judgement::Skip);
    }

    #[test]
    fn local_times_follow_the_zone() {
        let row = "L1\t7\t0\t0\tPS\t990201\t8:09:16\t0:00:00\t0:00:00\tHANG\t0:00:00\t0:00:00\tNO_SERVER";
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let call = sent(judge(BANK, b'\t', &zone, &format!("{BANK_HEADER}\n{row}\n")).remove(0));
        assert_eq!(times(&call)[0], "1999-02-01T00:09:16Z");
    }

    #[test]
    fn a_row_keeps_its_request_id() {
        assert_eq!(request_id("bank", &["1", "990201"]), request_id("bank", &["1", "990201"]));
        let ids = [
            request_id("bank", &["1", "990201"]),
            request_id("bank", &["19", "90201"]),
            request_id("bank1", &["990201"]),
            request_id("desk", &["1", "990201"]),
        ];
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[place + 1..].contains(id));
        }
        // Another id for the same row would record everything again: this value must never change.
        assert_eq!(request_id("bank", &["1", "990201"]).to_string(), "a868a54a-8e62-5211-b820-6cbe40816f14");
    }

    #[test]
    fn teams_staff_and_customers_of_one_file() {
        let text = include_str!("../../../examples/data/staff_directory.csv");
        let mut table = Table::new(text.as_bytes(), Dialect { delimiter: b',', quoting: true }).unwrap();
        let mapping = MappingFile::parse(STAFF).unwrap().directory(table.header()).unwrap();
        let rows: Vec<_> = std::iter::from_fn(|| table.next_row().unwrap()).collect();
        let judged = rows.iter().map(|row| directory(&mapping, &TimeZone::UTC, &row.texts(table.header()).unwrap()));
        let records: Vec<_> = judged
            .map(|judgement| {
                let Judgement::Send(records, _) = judgement else { panic!("{judgement:?}") };
                records
            })
            .collect();
        let staff: Vec<_> = records.iter().filter_map(|row| row.staff_member.as_ref()).collect();
        assert_eq!(records.iter().filter(|row| row.team.is_some()).count(), 3);
        assert_eq!(staff.len(), 6);
        assert_eq!((staff[0].display_name.as_str(), staff[0].role()), ("张伟", StaffRole::Agent));
        let customers: Vec<_> = records.iter().filter_map(|row| row.customer.as_ref()).collect();
        assert_eq!(customers.len(), 3);
        let point = &customers[0].contact_points[0];
        assert_eq!((point.kind(), point.consent()), (ContactKind::Phone, Consent::Granted));
        assert_eq!(point.obtained_time.as_ref().unwrap().seconds, 1_773_446_400);
        assert_eq!(customers[1].contact_points[0].consent(), Consent::Denied);
        assert_eq!(customers[2].standing(), CustomerStanding::Lapsed);
        assert!(customers[2].contact_points.is_empty() && customers[2].aliases.is_empty());
    }

    #[test]
    fn a_directory_row_of_no_kind_is_rejected() {
        let header = include_str!("../../../examples/data/staff_directory.csv").lines().next().unwrap();
        let text = format!("{header}\nshop,1,,,,,,,,,,\nstaff,2,,pilot,,yes,,,,,,\n");
        let mut table = Table::new(text.as_bytes(), Dialect { delimiter: b',', quoting: true }).unwrap();
        let mapping = MappingFile::parse(STAFF).unwrap().directory(table.header()).unwrap();
        let mut next = || {
            let row = table.next_row().unwrap().unwrap();
            reasons(directory(&mapping, &TimeZone::UTC, &row.texts(table.header()).unwrap()))
        };
        assert_eq!(next(), ["the mapping does not say what kind of record this is"]);
        let wrong_role = next();
        assert!(wrong_role[0].starts_with("\"role\" is \"pilot\" and must be one of agent, sales"), "{wrong_role:?}");
    }

    #[test]
    fn instants_before_1970_have_forward_nanoseconds() {
        let at = timestamp("1969-12-31T23:59:58.25Z".parse().unwrap());
        assert_eq!((at.seconds, at.nanos), (-2, 250_000_000));
    }

    proptest::proptest! {
        /// Whatever a cell holds, the row is sent, or rejected with a reason.
        #[test]
        fn no_row_panics(cells in proptest::collection::vec("[ -~é王]{0,12}|[0-9]{1,2}:[0-9]{2}:[0-9]{2}", 13)) {
            let header: Vec<_> = BANK_HEADER.split('\t').map(str::to_owned).collect();
            let mapping = MappingFile::parse(BANK).unwrap().interactions(&header).unwrap();
            let row = Row::new(cells.iter().map(|cell| cell.trim()).collect());
            if let Judgement::Reject(reasons) = interaction(&mapping, &TimeZone::UTC, &row, rules) {
                proptest::prop_assert!(!reasons.is_empty());
            }
        }
    }
}
