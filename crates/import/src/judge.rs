//! What the rows of a whole file become, whatever they are: for those who show it before anything is sent.

use jiff::tz::TimeZone;
use rapport_contract::v1::{RecordInteractionRequest, SubmitRatingRequest, SurveyTemplate, UpsertMode};

use crate::{
    mapping::{DirectoryMapping, InteractionMapping, MappingFile, RatingMapping, Unknown},
    rows::{self, Judgement, Records},
    section::Problems,
    seen::Keys,
    suggest::{Kind, Rules},
    table::{RawRow, Table},
};

/// What a row becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// An interaction.
    Interaction(Box<RecordInteractionRequest>),
    /// An interaction and how it was rated.
    Rating(Box<(RecordInteractionRequest, SubmitRatingRequest)>),
    /// Records of the directory.
    Records(Box<Records>),
}

/// A mapping that fits a file.
#[derive(Debug, Clone)]
pub enum Mapping {
    /// Of interactions.
    Interactions(Box<InteractionMapping>),
    /// Of ratings.
    Ratings(Box<RatingMapping>),
    /// Of teams, staff and customers.
    Directory(Box<DirectoryMapping>),
}

impl Mapping {
    /// Reads it for a file with such columns.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn read(kind: Kind, file: &MappingFile, header: &[String]) -> Result<Self, Problems> {
        Ok(match kind {
            Kind::Interactions => Self::Interactions(Box::new(file.interactions(header)?)),
            Kind::Ratings => Self::Ratings(Box::new(file.ratings(header)?)),
            Kind::Directory => Self::Directory(Box::new(file.directory(header)?)),
        })
    }

    /// Who is created when the directory does not know them.
    pub fn unknown(&self) -> Unknown {
        match self {
            Self::Interactions(mapping) => mapping.unknown,
            Self::Ratings(mapping) => mapping.interaction.unknown,
            Self::Directory(_) => Unknown::default(),
        }
    }

    /// What becomes of a record of the directory that is there.
    pub fn mode(&self) -> UpsertMode {
        match self {
            Self::Directory(mapping) => mapping.mode,
            Self::Interactions(_) | Self::Ratings(_) => UpsertMode::CreateOnly,
        }
    }

    /// The survey by which customers were asked.
    pub fn template(&self) -> Option<&SurveyTemplate> {
        match self {
            Self::Ratings(mapping) => Some(&mapping.template.message),
            Self::Interactions(_) | Self::Directory(_) => None,
        }
    }

    /// The zone of local times, if it names one.
    pub fn zone(&self) -> Option<&TimeZone> {
        let common = match self {
            Self::Interactions(mapping) => &mapping.common,
            Self::Ratings(mapping) => &mapping.interaction.common,
            Self::Directory(mapping) => &mapping.common,
        };
        common.zone.as_ref()
    }
}

/// Judges the rows of one file, in their order.
pub struct Judge<'a> {
    mapping: &'a Mapping,
    zone: TimeZone,
    rules: &'a Rules<'a>,
    keys: Keys,
}

impl<'a> Judge<'a> {
    /// Local times are of `zone`, unless the mapping names one; `rules` are those for whole messages, as the server has them.
    pub fn new(mapping: &'a Mapping, zone: &TimeZone, rules: &'a Rules<'a>) -> Self {
        let zone = mapping.zone().unwrap_or(zone).clone();
        Self { mapping, zone, rules, keys: Keys::default() }
    }

    /// What a row of the table becomes.
    pub fn row(&mut self, table: &Table<'_>, raw: &RawRow) -> Judgement<Made> {
        let row = match raw.texts(table.header()) {
            Ok(row) => row,
            Err(reasons) => return Judgement::Reject(reasons),
        };
        let (zone, rules) = (&self.zone, self.rules);
        match self.mapping {
            Mapping::Interactions(mapping) => {
                let judgement = rows::interaction(mapping, zone, &row, rules);
                self.keys.judge(judgement, table.unit(), raw.line).map(|made| Made::Interaction(Box::new(made)))
            }
            Mapping::Ratings(mapping) => {
                let judgement = rows::rating(mapping, zone, &row, rules);
                self.keys.judge(judgement, table.unit(), raw.line).map(|made| Made::Rating(Box::new(made)))
            }
            Mapping::Directory(mapping) => {
                rows::directory(mapping, zone, &row).map(|made| Made::Records(Box::new(made)))
            }
        }
    }
}
