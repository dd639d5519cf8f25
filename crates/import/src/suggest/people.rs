//! A mapping for a file of customers, or of staff and teams.

use super::{
    clocks::{Columns, said},
    draft::{Draft, Line, list, quoted},
    values::meanings,
};

/// Writes the records that a row makes.
pub(super) fn write(columns: &Columns<'_>, draft: &mut Draft) {
    if is_staff(columns) { staff(columns, draft) } else { customers(columns, draft) }
}

/// Whether the rows are colleagues rather than customers.
fn is_staff(columns: &Columns<'_>) -> bool {
    let speaks_of_staff = columns.profile.columns.iter().any(|column| {
        let words = column.phrase.words();
        words.iter().any(|word| {
            matches!(word.as_str(), "agent" | "employee" | "staff" | "mitarbeiter" | "agente" | "empleado")
                || word.contains("员工")
                || word.contains("坐席")
                || word.contains("工号")
        })
    });
    columns.get("staff").is_some() || columns.get("staff_role").is_some() || speaks_of_staff
}

fn value(column: &str) -> String {
    format!("{{ column = {column} }}")
}

fn staff(columns: &Columns<'_>, draft: &mut Draft) {
    let id =
        ["id", "staff", "customer_id", "customer_email", "person_name"].into_iter().find_map(|role| columns.get(role));
    if let Some(id) = id {
        draft
            .add("staff_member", Line::new("staff_id", value(&quoted(&id.name))).saying(said(id, "names a colleague")));
    }
    if let Some(name) = columns.get("person_name") {
        draft.add("staff_member", Line::new("display_name", value(&quoted(&name.name))).saying(said(name, "a name")));
    }
    let role = match columns.get("staff_role") {
        Some(role) => {
            let pairs: Vec<_> = meanings(role, "staff_role")
                .iter()
                .map(|(word, one)| format!("{} = \"{one}\"", super::draft::key(word)))
                .collect();
            let value = format!(
                "[{{ column = {}, values = {{ {} }}, default = \"other\" }}, {{ constant = \"agent\" }}]",
                quoted(&role.name),
                pairs.join(", ")
            );
            Line::new("role", value).saying(said(role, "what they do"))
        }
        None => Line::new("role", "{ constant = \"agent\" }")
            .saying("QUESTION: no column says what they do; all are taken for agents."),
    };
    draft.add("staff_member", role);
    if let Some(team) = columns.get("team") {
        draft.add("staff_member", Line::new("team_id", value(&quoted(&team.name))).saying(said(team, "their team")));
        draft.add("team", Line::new("team_id", value(&quoted(&team.name))));
    }
    if let Some(active) = columns.get("active") {
        let pairs: Vec<_> = meanings(active, "active")
            .iter()
            .map(|(word, one)| format!("{} = \"{one}\"", super::draft::key(word)))
            .collect();
        let text = format!("{{ column = {}, values = {{ {} }} }}", quoted(&active.name), pairs.join(", "));
        draft.add("staff_member", Line::new("state", text).saying(said(active, "whether they still work here")));
    }
    draft.sections.sort_by_key(|section| section.name != "team");
}

fn customers(columns: &Columns<'_>, draft: &mut Draft) {
    let id = ["customer_id", "id", "customer_email", "customer_phone", "person_name"]
        .into_iter()
        .find_map(|role| columns.get(role));
    if let Some(id) = id {
        draft.add("customer", Line::new("customer_id", value(&quoted(&id.name))).saying(said(id, "names a customer")));
    }
    if let Some(name) = columns.get("person_name").filter(|name| name.longest <= 100) {
        draft.add(
            "customer",
            Line::new("salutation", value(&quoted(&name.name))).saying(said(name, "how to address them")),
        );
    }
    if let Some(locale) = columns.get("locale").filter(|locale| locale.longest <= 10) {
        draft.add("customer", Line::new("locale", value(&quoted(&locale.name))).saying(said(locale, "their language")));
    }
    if let Some(zone) = columns.get("zone") {
        draft.add("customer", Line::new("time_zone", value(&quoted(&zone.name))).saying(said(zone, "their time zone")));
    }
    for (role, kind) in [("customer_phone", "phone"), ("customer_email", "email")] {
        let Some(point) = columns.get(role) else { continue };
        let comment = format!(
            "{} Whether they agreed to be contacted is not known, which counts as no.",
            said(point, "where they can be reached.")
        );
        draft.add_list(
            "customer.contact_points",
            vec![
                Line::new("kind", format!("{{ constant = \"{kind}\" }}")).saying(comment),
                Line::new("value", value(&quoted(&point.name))),
                Line::new("source", format!("{{ constant = {} }}", list(&["imported file".to_owned()]))),
            ],
        );
        draft.add_list(
            "customer.aliases",
            vec![
                Line::new("kind", format!("{{ constant = \"{kind}\" }}")),
                Line::new("value", value(&quoted(&point.name))),
            ],
        );
    }
}
