//! What is announced, as flags.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::super::{choice::choice, client::Client};
use crate::api::{
    convert::timestamp,
    v1::{
        BallotForm, Competition, CompetitionRules, CreateCompetitionRequest, OneWayPanels, SwapRule, TallyMethod,
        TeamNames, Trim,
    },
};

const DAY: i64 = 86_400;

/// Arguments of `rapport competition create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What it is called
    #[arg(long)]
    pub title: String,
    /// Until when entries are taken: 2026-12-10T18:00:00+08:00, or 2026-12-10T18:00 in the organisation's zone
    #[arg(long, value_name = "TIME")]
    pub entries_until: String,
    /// Until when ballots are taken, in the same form
    #[arg(long, value_name = "TIME")]
    pub votes_until: String,
    /// How ballots are filled in
    #[arg(long, value_parser = choice::<BallotForm>(), default_value = "ranked-panel")]
    pub form: BallotForm,
    /// How ballots become a score [default: pairwise-consensus; trimmed-team-mean for an open choice, and with --trim]
    #[arg(long, value_parser = choice::<TallyMethod>())]
    pub tally: Option<TallyMethod>,
    /// Entries that each voter is dealt
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(i32).range(2..=8))]
    pub panel_size: i32,
    /// Whether of two teams at most one judges the other; auto: from 17 entries on
    #[arg(long, value_enum, default_value = "auto")]
    pub one_way: OneWay,
    /// Percent of an entry's judge teams that trimmed-team-mean leaves out on each side [default: 25]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(i32).range(0..=50))]
    pub trim: Option<i32>,
    /// Entries that an open choice may name
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=20))]
    pub choices: i32,
    /// Whether an open choice is refused that returns another; auto: where one entry is chosen
    #[arg(long, value_enum, default_value = "auto")]
    pub swap_rule: Swap,
    /// Percent of the result that customers' ratings make, from 0 to 50; needs --ratings-from and --ratings-to
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..=50))]
    pub blend: i32,
    /// From this day on, such as 2026-11-01; days are those on which customers were served
    #[arg(long, value_name = "DAY", default_value = "")]
    pub ratings_from: String,
    /// To this day, which is included
    #[arg(long, value_name = "DAY", default_value = "")]
    pub ratings_to: String,
    /// Show entries to voters without their teams
    #[arg(long)]
    pub hide_teams: bool,
    /// A team that judges and does not compete; repeat it for more
    #[arg(long = "neutral", value_name = "TEAM")]
    pub neutral_teams: Vec<String>,
    /// A colleague who votes though they are of none of these teams; repeat it for more
    #[arg(long = "voter", value_name = "ID")]
    pub voters: Vec<String>,
    /// A colleague who does not vote, such as the principal; repeat it for more
    #[arg(long = "exclude", value_name = "ID")]
    pub excluded: Vec<String>,
    /// What a place wins, from the first on; repeat it for the next
    #[arg(long = "prize", value_name = "TEXT")]
    pub prizes: Vec<String>,
    /// Days after the close in which flags are decided
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(i64).range(0..=90))]
    pub dispute: i64,
    /// Days for which voting goes on, once, where at its deadline an entry was judged by fewer than 3 judge teams
    #[arg(long, value_name = "DAYS", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=30))]
    pub extension: i64,
    /// The public number that will go into the draw, such as "first number of the state lottery of 1 December"
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub public_draw_source: String,
}

/// Whether two teams judge each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OneWay {
    Auto,
    Always,
    Never,
}

/// Whether a ballot is refused that returns another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Swap {
    Auto,
    None,
    RejectMutual,
}

impl CreateArgs {
    /// As the contract has it; times without a zone are the organisation's.
    pub(super) async fn request(self, client: &Client, request_id: String) -> anyhow::Result<CreateCompetitionRequest> {
        let zone = client.organization_zone().await?;
        let one_way = match self.one_way {
            OneWay::Auto => OneWayPanels::Unspecified,
            OneWay::Always => OneWayPanels::Always,
            OneWay::Never => OneWayPanels::Never,
        };
        let swap_rule = match self.swap_rule {
            Swap::Auto => SwapRule::Unspecified,
            Swap::None => SwapRule::None,
            Swap::RejectMutual => SwapRule::RejectMutual,
        };
        let rules = CompetitionRules {
            form: self.form.into(),
            tally: self.tally.unwrap_or_default().into(),
            panel_size: self.panel_size,
            one_way: one_way.into(),
            trim: self.trim.map(|percent| Trim { basis_points: 100 * percent }),
            choices: self.choices,
            swap_rule: swap_rule.into(),
            blend_bp: 100 * self.blend,
            blend_first_day: self.ratings_from,
            blend_last_day: self.ratings_to,
            team_names: if self.hide_teams { TeamNames::Hidden } else { TeamNames::Shown }.into(),
            neutral_team_ids: self.neutral_teams,
            additional_voter_ids: self.voters,
            excluded_staff_ids: self.excluded,
            prizes: self.prizes,
            dispute_window: Some(prost_types::Duration { seconds: DAY * self.dispute, nanos: 0 }),
            public_draw_source: self.public_draw_source,
            extension: (self.extension > 0).then(|| prost_types::Duration { seconds: DAY * self.extension, nanos: 0 }),
        };
        let competition = Competition {
            title: self.title,
            rules: Some(rules),
            submission_deadline: Some(instant("--entries-until", &self.entries_until, &zone)?),
            voting_deadline: Some(instant("--votes-until", &self.votes_until, &zone)?),
            ..Default::default()
        };
        Ok(CreateCompetitionRequest { request_id, competition: Some(competition) })
    }
}

fn instant(flag: &str, text: &str, zone: &TimeZone) -> anyhow::Result<prost_types::Timestamp> {
    let told: Option<Timestamp> = text.parse().ok();
    let local = || -> Option<Timestamp> {
        let local: DateTime = text.parse().ok()?;
        // A time that there is twice, or not at all, must be told with its offset.
        zone.to_ambiguous_timestamp(local).unambiguous().ok()
    };
    let at = told.or_else(local).with_context(|| {
        format!(
            "{flag} {text:?} is neither a time such as 2026-12-10T18:00 that the organisation's zone has once, nor one \
                 with its offset such as 2026-12-10T18:00:00+08:00"
        )
    })?;
    Ok(timestamp(at.as_microsecond()))
}
