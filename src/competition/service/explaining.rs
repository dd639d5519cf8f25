//! Why an entry stands where it stands (C2): what it was shown to, what was left out, what the next place needed. Never who voted
//! how, nor which judge team.

use rapport_vote::{
    consensus::{Voice, against_average, counted, left_out},
    result::Placing,
    rules::Tally,
};

use super::super::message::{self, small};
use crate::api::v1::{self, ResultStatus};

/// One entry of a result.
pub(super) struct Explained<'a> {
    /// Best first.
    pub(super) placings: &'a [Placing],
    /// Which of them.
    pub(super) at: usize,
    pub(super) tally: Tally,
    /// Under pairwise consensus, the least favourable first.
    pub(super) voices: &'a [Voice],
    pub(super) status: ResultStatus,
}

impl Explained<'_> {
    fn own(&self) -> &Placing {
        &self.placings[self.at]
    }

    /// The next better place, with the entry that has it.
    fn above(&self) -> Option<&Placing> {
        let better = self.placings.iter().filter(|one| one.place > 0 && one.place < self.own().place);
        better.max_by_key(|one| one.place)
    }

    /// How much more the next better place took, in billionths.
    fn needed(&self) -> Option<i64> {
        Some(self.above()?.result.as_ref()?.nanos - self.own().result.as_ref()?.nanos)
    }

    /// As it is told; `title`: of the entry.
    pub(super) fn write(&self, title: String) -> v1::ExplainStandingResponse {
        let own = self.own();
        let voice =
            |(voice, counted): (&Voice, f64)| v1::JudgeVoice { advantage: voice.value, weight: voice.weight, counted };
        v1::ExplainStandingResponse {
            text: self.in_words(),
            standing: Some(message::write_placing(own, title)),
            ballots: i32::try_from(own.ballots).unwrap_or(i32::MAX),
            judge_teams: small(own.judges),
            trimmed: small(own.trimmed),
            untrimmed_score: own.untrimmed.map(|nanos| nanos as f64 / 1e9),
            next_place: self.above().map_or(0, |above| small(above.place)),
            needed: self.needed().map(|nanos| nanos as f64 / 1e9),
            voices: self.voices.iter().zip(counted(self.voices)).map(voice).collect(),
        }
    }

    fn in_words(&self) -> String {
        let own = self.own();
        let mut text = self.place();
        text.push_str(&match (&own.score, self.tally) {
            (None, _) => {
                format!(" It was on {} ballots of {} judge teams, too few for a score.", own.ballots, own.judges)
            }
            (Some(score), Tally::PairwiseConsensus) => self.strength(score.nanos),
            (Some(score), Tally::TrimmedTeamMean | Tally::Plurality) => self.mean(score.nanos),
        });
        if let Some(outcome) = &own.outcome {
            text.push_str(&format!(" Its customers put the team at {} between 0 and 1.", shown(outcome.nanos)));
        }
        if let (Some(above), Some(needed)) = (self.above(), self.needed()) {
            text.push_str(&format!(" Place {} would have needed {} more.", above.place, shown(needed)));
        }
        if let Some(prize) = own.prize.as_ref().filter(|prize| prize.by_lot) {
            text.push_str(&format!(" A lot drawn by the published seed gave it the prize, {}.", prize.name));
        }
        if self.status == ResultStatus::Provisional {
            text.push_str(
                " The result is provisional: an entry was judged by fewer than 3 judge teams. Prizes are won once the organiser \
                 accepts it.",
            );
        }
        text
    }

    fn place(&self) -> String {
        let (own, placed) = (self.own(), || self.placings.iter().filter(|one| one.place > 0));
        if own.place == 0 {
            return "Disqualified.".to_owned();
        }
        let equals = placed().filter(|one| one.place == own.place).count();
        let shared = if equals > 1 { format!(", shared by {equals}") } else { String::new() };
        let surely =
            own.best_place.zip(own.worst_place).map_or_else(String::new, |(best, worst)| match best == worst {
                true => " It hardly depends on which colleagues of each team voted.".to_owned(),
                false => {
                    format!(" With other colleagues of the same teams it would have been between {best} and {worst}.")
                }
            });
        format!("Place {} of {}{shared}.{surely}", own.place, placed().count())
    }

    /// Of a strength, in pairs.
    fn strength(&self, nanos: i64) -> String {
        let own = self.own();
        let of_hundred = 100.0 * against_average(nanos as f64 / 1e9);
        let mut text = format!(
            " It was on {} ballots of {} judge teams. Against an average entry it would be preferred {of_hundred:.0} times of 100 \
             (strength {}).",
            own.ballots,
            own.judges,
            shown(nanos)
        );
        if !self.voices.is_empty() {
            let more = self.voices.iter().filter(|voice| voice.value > 0.0).count();
            let cut = 100.0 * left_out(self.voices.len());
            text.push_str(&format!(
                " In the last round {more} of these teams preferred it more often than its strength expects, {} less often; the \
                 extreme {cut:.0} % of their weight on either side were left out, so that no team alone decides.",
                self.voices.len() - more
            ));
        }
        text
    }

    /// Of a mean or a sum.
    fn mean(&self, nanos: i64) -> String {
        let own = self.own();
        let mut text = format!(" It was on {} ballots of {} judge teams", own.ballots, own.judges);
        if own.trimmed > 0 {
            text.push_str(&format!("; the {0} lowest and the {0} highest teams were left out", own.trimmed));
        }
        text.push_str(&format!(", which leaves a score of {}", shown(nanos)));
        if let (Some(low), Some(high)) = (own.low, own.high) {
            text.push_str(&format!(" (with other judge teams between {} and {})", shown(low), shown(high)));
        }
        text.push('.');
        if let Some(untrimmed) = own.untrimmed {
            text.push_str(&format!(" With all teams it would be {}.", shown(untrimmed)));
        }
        text
    }
}

fn shown(nanos: i64) -> String {
    format!("{:.4}", nanos as f64 / 1e9)
}
