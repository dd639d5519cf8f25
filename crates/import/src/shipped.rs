//! The mappings that come with the program, by name.

/// A mapping that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name: `--mapping` takes it in the place of a file.
    pub name: &'static str,
    /// What its rows are.
    pub kind: &'static str,
    /// The mapping's text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($kind:ident $name:literal),+ $(,)?) => {
        /// All of them, in the order of their names.
        pub const ALL: &[Shipped] = &[$(Shipped {
            name: $name,
            kind: stringify!($kind),
            text: include_str!(concat!("../../../examples/mappings/", $name, ".toml")),
        }),+];
    };
}

shipped! {
    interactions "amazon-connect",
    interactions "asterisk",
    interactions "chatwoot",
    interactions "cisco-cucm",
    ratings "formbricks",
    interactions "freeswitch",
    interactions "freshdesk",
    interactions "genesys-cloud",
    interactions "jira-service-management",
    ratings "qualtrics",
    interactions "servicenow",
    ratings "surveymonkey",
    interactions "twilio-calls",
    ratings "zendesk-csat",
    interactions "zendesk-tickets",
}

impl Shipped {
    /// The one of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|one| one.name == name)
    }

    /// What it is for: the first line of its comment.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ").trim_end_matches(':')
    }
}
