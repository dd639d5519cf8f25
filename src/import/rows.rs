//! A row becomes a message, or is skipped or rejected with every reason.

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    field::{Field, InstantField},
    instant,
    mapping::{
        AliasFields, Common, ContextFields, CustomerFields, DirectoryMapping, INSTANTS, InteractionFields,
        InteractionMapping, MessageCountFields, ParticipantFields, StaffFields, TeamFields, Times,
    },
    names::FromText,
    section::Column,
    table::Row,
};
use crate::api::{
    rules::{Check, Violations},
    v1::{
        ContactPoint, Customer, CustomerAlias, Interaction, InteractionContext, MessageCounts, Participant,
        RecordInteractionRequest, StaffMember, Team,
    },
};

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement<T> {
    /// To be sent.
    Send(T),
    /// Left out, as the mapping says.
    Skip,
    /// Wrong in these ways.
    Reject(Vec<String>),
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

/// Judges a row of interactions. `zone` is that of local times.
pub fn interaction(
    mapping: &InteractionMapping,
    zone: &TimeZone,
    row: &Row<'_>,
) -> Judgement<RecordInteractionRequest> {
    if skipped(&mapping.common, row) {
        return Judgement::Skip;
    }
    let mut reader = Reader { row, zone, reasons: Vec::new() };
    let request = RecordInteractionRequest {
        request_id: reader.request_id(&mapping.common.source, &mapping.key),
        interaction: Some(reader.interaction(&mapping.fields)),
    };
    reader.judge(request, |request, reader| reader.check(request))
}

/// Judges a row of a directory file.
pub fn directory(mapping: &DirectoryMapping, zone: &TimeZone, row: &Row<'_>) -> Judgement<Records> {
    if skipped(&mapping.common, row) {
        return Judgement::Skip;
    }
    let mut reader = Reader { row, zone, reasons: Vec::new() };
    let records = Records {
        team: mapping.team.as_ref().filter(|fields| fields.when.hold(row)).map(|fields| reader.team(fields)),
        staff_member: mapping
            .staff_member
            .as_ref()
            .filter(|fields| fields.when.hold(row))
            .map(|fields| reader.staff_member(fields)),
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
    common.skip.iter().any(|skip| skip.values.iter().any(|value| value == row.cell(&skip.column)))
}

/// Reads one row and keeps every reason against it. A value that cannot be read is left out of the message, which is
/// not sent then.
struct Reader<'a> {
    row: &'a Row<'a>,
    zone: &'a TimeZone,
    reasons: Vec<String>,
}

impl Reader<'_> {
    fn judge<T>(mut self, message: T, check: impl FnOnce(&T, &mut Self)) -> Judgement<T> {
        check(&message, &mut self);
        if self.reasons.is_empty() { Judgement::Send(message) } else { Judgement::Reject(self.reasons) }
    }

    /// Adds the field rules that a message breaks.
    fn check(&mut self, message: &impl Check) {
        self.reasons.extend(Violations::of(message).into_iter().map(|one| format!("{} {}", one.field, one.rule)));
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

    fn text(&mut self, field: &Field<String>) -> String {
        self.value(field).unwrap_or_default()
    }

    /// An enum value as messages carry it.
    fn number<T: FromText + Into<i32>>(&mut self, field: &Field<T>) -> i32 {
        self.value(field).map(Into::into).unwrap_or_default()
    }

    fn instant(&mut self, field: &InstantField) -> Option<prost_types::Timestamp> {
        self.kept(field.value(self.row, self.zone)).map(timestamp)
    }

    fn request_id(&mut self, source: &str, key: &[Column]) -> String {
        let parts: Vec<_> = key.iter().map(|column| self.row.cell(column)).collect();
        for (column, _) in key.iter().zip(&parts).filter(|(_, part)| part.is_empty()) {
            self.reasons.push(format!("{:?} is empty but belongs to the row's key", column.name));
        }
        request_id(source, &parts).to_string()
    }

    fn interaction(&mut self, fields: &InteractionFields) -> Interaction {
        let [arrived_time, requested_time, connected_time, ended_time] = self.times(&fields.times);
        Interaction {
            channel: self.number(&fields.channel),
            kind: self.number(&fields.kind),
            direction: self.number(&fields.direction),
            outcome: self.number(&fields.outcome),
            topic: self.text(&fields.topic),
            arrived_time,
            requested_time,
            connected_time,
            ended_time,
            hold: self.value(&fields.hold),
            after_call_work: self.value(&fields.after_call_work),
            customer_id: self.text(&fields.customer_id),
            customer_alias: fields.customer_alias.as_ref().and_then(|alias| self.alias(alias)),
            participants: fields.participants.iter().filter_map(|one| self.participant(one)).collect(),
            case_id: self.text(&fields.case_id),
            context: self.context(&fields.context),
            message_counts: self.message_counts(&fields.message_counts),
            conclusion: self.text(&fields.conclusion),
            staff_resolution: self.number(&fields.staff_resolution),
            customer_resolution: self.number(&fields.customer_resolution),
            ..Default::default()
        }
    }

    fn times(&mut self, times: &Times) -> [Option<prost_types::Timestamp>; 4] {
        let mut readings = [None; 4];
        for (reading, (name, field)) in readings.iter_mut().zip(INSTANTS.iter().zip(&times.fields)) {
            let read = field.from.reading(self.row).map_err(|reason| format!("{name}: {reason}"));
            *reading = self.kept(read);
        }
        if times.roll_over_at_midnight {
            instant::roll_over(&mut readings);
        }
        let mut known: [Option<Timestamp>; 4] = [None; 4];
        for (known, (name, reading)) in known.iter_mut().zip(INSTANTS.iter().zip(readings)) {
            let resolved = reading.map(|reading| instant::resolve(reading, self.zone)).transpose();
            *known = self.kept(resolved.map_err(|reason| format!("{name}: {reason}")));
        }
        // Judged on the instants as they were read: one that is dropped still speaks against another.
        let mut kept = [None; 4];
        for ((kept, field), instant) in kept.iter_mut().zip(&times.fields).zip(known) {
            let other = |place: Option<usize>| place.and_then(|place| known[place]);
            let earlier =
                other(field.missing_if_earlier_than).is_some_and(|other| instant.is_some_and(|at| at < other));
            let later = other(field.missing_if_later_than).is_some_and(|other| instant.is_some_and(|at| at > other));
            *kept = instant.filter(|_| !earlier && !later).map(timestamp);
        }
        kept
    }

    fn alias(&mut self, fields: &AliasFields) -> Option<CustomerAlias> {
        let value = self.value(&fields.value)?;
        Some(CustomerAlias { kind: self.number(&fields.kind), value })
    }

    fn participant(&mut self, fields: &ParticipantFields) -> Option<Participant> {
        let staff_id = self.value(&fields.staff_id)?;
        Some(Participant {
            staff_id,
            role: self.number(&fields.role),
            team_id: self.text(&fields.team_id),
            involvement: self.number(&fields.involvement),
        })
    }

    fn context(&mut self, fields: &ContextFields) -> Option<InteractionContext> {
        let attributes = fields.attributes.iter();
        let context = InteractionContext {
            order_id: self.text(&fields.order_id),
            product_id: self.text(&fields.product_id),
            page: self.text(&fields.page),
            seen: self.text(&fields.seen),
            attributes: attributes.filter_map(|(name, field)| Some((name.clone(), self.value(field)?))).collect(),
        };
        (context != InteractionContext::default()).then_some(context)
    }

    fn message_counts(&mut self, fields: &MessageCountFields) -> Option<MessageCounts> {
        let [customer, staff, bot] = [&fields.customer, &fields.staff, &fields.bot].map(|field| self.value(field));
        let known = customer.is_some() || staff.is_some() || bot.is_some();
        known.then(|| MessageCounts {
            customer: customer.unwrap_or_default(),
            staff: staff.unwrap_or_default(),
            bot: bot.unwrap_or_default(),
        })
    }

    fn team(&mut self, fields: &TeamFields) -> Team {
        Team {
            team_id: self.text(&fields.team_id),
            display_name: self.text(&fields.display_name),
            state: self.number(&fields.state),
            ..Default::default()
        }
    }

    fn staff_member(&mut self, fields: &StaffFields) -> StaffMember {
        StaffMember {
            staff_id: self.text(&fields.staff_id),
            display_name: self.text(&fields.display_name),
            role: self.number(&fields.role),
            team_id: self.text(&fields.team_id),
            state: self.number(&fields.state),
            ..Default::default()
        }
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
            })
        });
        let contact_points = contact_points.collect();
        Customer {
            customer_id: self.text(&fields.customer_id),
            salutation: self.text(&fields.salutation),
            standing: self.number(&fields.standing),
            locale: self.text(&fields.locale),
            time_zone: self.text(&fields.time_zone),
            contact_points,
            aliases: fields.aliases.iter().filter_map(|alias| self.alias(alias)).collect(),
            ..Default::default()
        }
    }
}

fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    // Protobuf counts nanoseconds forward from the second before; jiff towards zero.
    let nanos = instant.subsec_nanosecond();
    let (seconds, nanos) =
        if nanos < 0 { (instant.as_second() - 1, nanos + 1_000_000_000) } else { (instant.as_second(), nanos) };
    prost_types::Timestamp { seconds, nanos }
}
