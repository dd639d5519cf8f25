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
    interactions "wecom",
    interactions "whatsapp",
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;
    use rapport_contract::{Violation, rules::Violations, v1::RecordInteractionRequest};

    use super::*;
    use crate::{
        conversation,
        mapping::MappingFile,
        rows::{self, Judgement},
    };

    fn rules(request: &RecordInteractionRequest) -> Vec<Violation> {
        Violations::of(request.interaction.as_ref().unwrap())
    }

    /// Rows of the sample of each: to be sent, skipped.
    const ROWS: &[(&str, usize, usize)] = &[
        ("amazon-connect", 3, 0),
        ("asterisk", 3, 0),
        ("chatwoot", 3, 0),
        ("cisco-cucm", 3, 1),
        ("formbricks", 2, 1),
        ("freeswitch", 3, 0),
        ("freshdesk", 3, 0),
        ("genesys-cloud", 3, 0),
        ("jira-service-management", 3, 0),
        ("qualtrics", 2, 3),
        ("servicenow", 3, 0),
        ("surveymonkey", 2, 2),
        ("twilio-calls", 3, 0),
        ("wecom", 4, 0),
        ("whatsapp", 3, 0),
        ("zendesk-csat", 2, 1),
        ("zendesk-tickets", 3, 0),
    ];

    #[test]
    fn each_reads_its_sample() {
        let names: Vec<_> = ALL.iter().map(|one| one.name).collect();
        assert_eq!(names, ROWS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data"));
        for (shipped, (name, sent, skipped)) in ALL.iter().zip(ROWS) {
            let extension = match *name {
                "wecom" => "jsonl",
                "whatsapp" => "txt",
                _ => "csv",
            };
            let file = MappingFile::parse(shipped.text).unwrap();
            let mut table =
                conversation::open(&folder.join(format!("{name}.{extension}")), &file, &TimeZone::UTC).unwrap();
            let header = table.header().to_vec();
            let mut counts = (0, 0);
            while let Some(raw) = table.next_row().unwrap() {
                let row = raw.texts(&header).unwrap();
                let judgement = match shipped.kind {
                    "ratings" => {
                        let mapping = file.ratings(&header).unwrap_or_else(|problems| panic!("{name}: {problems}"));
                        rows::rating(&mapping, &TimeZone::UTC, &row, rules).map(drop)
                    }
                    _ => {
                        let mapping =
                            file.interactions(&header).unwrap_or_else(|problems| panic!("{name}: {problems}"));
                        rows::interaction(&mapping, &TimeZone::UTC, &row, rules).map(drop)
                    }
                };
                match judgement {
                    Judgement::Send((), _) => counts.0 += 1,
                    Judgement::Skip => counts.1 += 1,
                    Judgement::Reject(reasons) => panic!("{name}, line {}: {reasons:?}", raw.line),
                }
            }
            assert_eq!(counts, (*sent, *skipped), "{name}");
        }
    }
}
