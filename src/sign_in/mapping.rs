//! From what a provider says of somebody to who they are here. Pure.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    api::v1::Role,
    auth::{has_pages, role_named},
    config::Oidc,
};

/// Which claims make a person.
pub(super) struct Mapping {
    subject: Claim,
    teams: Option<Claim>,
    /// The first that fits counts.
    roles: Vec<Rule>,
}

struct Rule {
    role: Role,
    claim: Claim,
    value: String,
}

/// Somebody with a role here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) role: Role,
    pub(super) teams: Vec<String>,
}

impl Mapping {
    /// # Errors
    /// A role that there is not, or that has no pages.
    pub(super) fn new(oidc: &Oidc) -> anyhow::Result<Self> {
        let mut roles = Vec::new();
        for rule in &oidc.roles {
            let role = role_named(&rule.role).with_context(|| format!("there is no role {:?}", rule.role))?;
            ensure!(has_pages(role), "the console has no pages for role {}", rule.role);
            roles.push(Rule { role, claim: Claim(rule.claim.clone()), value: rule.value.clone() });
        }
        let teams = oidc.teams_claim.clone().map(Claim);
        Ok(Self { subject: Claim(oidc.subject_claim.clone()), teams, roles })
    }

    /// Whether something that it asks for is not among some claims.
    pub(super) fn misses(&self, claims: &Value) -> bool {
        let mut asked = self.roles.iter().map(|rule| &rule.claim).chain(&self.teams).chain([&self.subject]);
        asked.any(|claim| claim.of(claims).is_none())
    }

    /// # Errors
    /// Why it is nobody here; without naming them.
    pub(super) fn person(&self, claims: &Value) -> Result<Person, String> {
        let subject = match self.subject.of(claims) {
            Some(Value::String(subject)) => subject.clone(),
            // A number of a colleague may come as one.
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(format!("the claim {} names nobody", self.subject.0)),
        };
        let fits = |rule: &&Rule| rule.claim.texts(claims).any(|text| text == rule.value);
        let rule = self.roles.iter().find(fits).ok_or("no line of oidc.roles fits")?;
        let teams = self.teams.iter().flat_map(|claim| claim.texts(claims)).map(str::to_owned).collect();
        Ok(Person { subject, role: rule.role, teams })
    }
}

/// The name of a claim, or, where it begins with a slash, its place in one (RFC 6901).
struct Claim(String);

impl Claim {
    fn of<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) }
    }

    /// The text that it is, or the texts that it holds.
    fn texts<'a>(&self, claims: &'a Value) -> impl Iterator<Item = &'a str> {
        let all = match self.of(claims) {
            Some(Value::Array(all)) => all.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        all.iter().filter_map(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::RoleRule;

    fn mapping(subject: &str, teams: Option<&str>, roles: &[(&str, &str, &str)]) -> anyhow::Result<Mapping> {
        let rule = |(role, claim, value): &(&str, &str, &str)| RoleRule {
            role: (*role).to_owned(),
            claim: (*claim).to_owned(),
            value: (*value).to_owned(),
        };
        Mapping::new(&Oidc {
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: None,
            public_url: String::new(),
            scopes: String::new(),
            subject_claim: subject.to_owned(),
            teams_claim: teams.map(str::to_owned),
            roles: roles.iter().map(rule).collect(),
        })
    }

    #[test]
    fn the_first_line_that_fits_gives_the_role() {
        let roles = [
            ("admin", "groups", "leads, all"),
            ("supervisor", "/realm_access/roles", "lead"),
            ("staff", "dept", "desk"),
        ];
        let mapping = mapping("employee", Some("teams"), &roles).unwrap();
        let role = |claims: Value| mapping.person(&claims).map(|person| person.role);
        assert_eq!(role(json!({"employee": "e", "groups": ["x", "leads, all"], "dept": "desk"})), Ok(Role::Admin));
        assert_eq!(role(json!({"employee": "e", "realm_access": {"roles": ["lead"]}})), Ok(Role::Supervisor));
        assert_eq!(role(json!({"employee": "e", "dept": "desk"})), Ok(Role::Staff));
        for nobody in
            [json!("leads"), json!(["Leads, All"]), json!([["leads, all"]]), json!(true), json!({"leads, all": 1})]
        {
            let refused = role(json!({"employee": "e", "groups": nobody})).unwrap_err();
            assert_eq!(refused, "no line of oidc.roles fits");
        }
    }

    #[test]
    fn a_person_has_an_id_and_teams() {
        let mapping = mapping("employee", Some("teams"), &[("staff", "dept", "desk")]).unwrap();
        let person = |claims: Value| mapping.person(&claims).map(|one| (one.subject, one.teams));
        let teams = vec!["north".to_owned(), "south".to_owned()];
        let found = person(json!({"employee": "li.na", "dept": "desk", "teams": ["north", 7, "south"]}));
        assert_eq!(found, Ok(("li.na".to_owned(), teams)));
        assert_eq!(person(json!({"employee": 1017, "dept": "desk"})), Ok(("1017".to_owned(), Vec::new())));
        for employee in [json!(null), json!(["li.na"]), json!({})] {
            let refused = person(json!({"employee": employee, "sub": "s", "dept": "desk"})).unwrap_err();
            assert!(refused.contains("employee") && !refused.contains("li.na"), "{refused}");
        }
        assert!(!mapping.misses(&json!({"employee": "e", "dept": "d", "teams": []})));
        assert!(mapping.misses(&json!({"employee": "e", "dept": "d"})));
    }

    #[test]
    fn a_role_is_one_that_has_pages() {
        for (role, rule) in [("boss", "there is no role"), ("app", "has no pages"), ("customer", "has no pages")] {
            let error = mapping("sub", None, &[(role, "groups", "x")]).err().unwrap().to_string();
            assert!(error.contains(rule), "{error}");
        }
    }
}
