//! The rules of a competition, as they are announced, kept and written into its manifest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Form, Method, Micros,
    ballot::MOST_DEALT,
    dealing::{Directions, OneWay, Terms},
    tally::FEWEST_JUDGES_OF_AN_ENTRY,
};

/// A quarter of an entry's judges on each side.
pub const TRIM_BP: u32 = 2_500;

/// Whether a ballot is refused that returns another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SwapRule {
    /// Never.
    None,
    /// While a ballot of that team supports the voter's.
    RejectMutual,
}

/// The rules of a competition, as they are kept and stand in its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How ballots are filled in.
    pub form: Form,
    /// How they become a score.
    pub tally: Tally,
    /// Judge teams left out on each side, in basis points of them.
    pub trim_bp: u32,
    /// Entries dealt to a voter.
    pub panel_size: usize,
    /// Whether two teams may judge each other.
    pub one_way: OneWay,
    /// Entries that a voter may choose, where they choose among all.
    pub choices: usize,
    /// Whether a ballot is refused that returns another.
    pub swap_rule: SwapRule,
    /// Weight of customers' ratings, in basis points of the result.
    pub blend_bp: u32,
    /// Days of the ratings that are blended in, YYYY-MM-DD, both included.
    pub blend_days: Option<(String, String)>,
    /// Whether voters do not see whose an entry is.
    pub hides_teams: bool,
    /// Teams that judge and do not compete.
    pub neutral_teams: BTreeSet<String>,
    /// People who vote beside the members of those teams.
    pub additional_voters: BTreeSet<String>,
    /// People who do not vote.
    pub excluded: BTreeSet<String>,
    /// From the first place on.
    pub prizes: Vec<String>,
    /// How long a result may be disputed.
    pub dispute_window: Micros,
    /// Where a draw comes from that nobody here can foresee; empty: none is used.
    pub public_draw_source: String,
    /// What becomes of a result in which an entry was judged by fewer than [`FEWEST_JUDGES_OF_AN_ENTRY`] judge teams.
    #[serde(default)]
    pub few_judges: FewJudges,
    /// For how long voting goes on, once, where at its deadline an entry has fewer. 0: it does not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extension: Micros,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(micros: &Micros) -> bool {
    *micros == 0
}

/// What becomes of a result in which an entry was judged by few judge teams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FewJudges {
    /// It stands, and such an entry has no score and the last place: so it was until teams were found to win by not voting.
    #[default]
    Last,
    /// Every judged entry has a score, and the result is provisional: no prize is won until the organiser accepts it.
    Provisional,
}

/// How ballots become a score, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tally {
    /// See [`Method::TrimmedTeamMean`].
    TrimmedTeamMean,
    /// See [`Method::Plurality`].
    Plurality,
    /// See [`Method::PairwiseConsensus`].
    PairwiseConsensus,
}

impl Tally {
    /// Of a competition that names none.
    pub fn default_of(form: Form) -> Self {
        match form {
            Form::RankedPanel => Self::PairwiseConsensus,
            Form::OpenChoice => Self::TrimmedTeamMean,
        }
    }

    fn method(self, trim_bp: u32, few_judges: FewJudges) -> Method {
        let fewest_judges = match few_judges {
            FewJudges::Last => FEWEST_JUDGES_OF_AN_ENTRY,
            FewJudges::Provisional => 1,
        };
        match self {
            Self::TrimmedTeamMean => Method::TrimmedTeamMean { trim_bp, fewest_judges },
            Self::Plurality => Method::Plurality,
            Self::PairwiseConsensus => Method::PairwiseConsensus,
        }
    }
}

impl Rules {
    /// With how much is left out.
    pub fn method(&self) -> Method {
        self.tally.method(self.trim_bp, self.few_judges)
    }

    /// What dealing depends on.
    pub fn dealing(&self, earlier: Directions) -> Terms {
        let panel_size = self.panel_size.min(MOST_DEALT);
        Terms { form: self.form, panel_size, one_way: self.one_way, earlier }
    }

    /// Whether ballots are refused that return another.
    pub fn rejects_mutual(&self) -> bool {
        self.form == Form::OpenChoice && self.swap_rule == SwapRule::RejectMutual
    }
}
