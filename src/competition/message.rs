//! Messages of the contract as domain types, and back.

use std::collections::BTreeSet;

use rapport_vote::{
    Form,
    ballot::{FEWEST_DEALT, MOST_DEALT},
    dealing::OneWay,
    result::Placing,
    rules::{FewJudges, Rules, SwapRule, TRIM_BP, Tally},
};
use sea_orm::entity::prelude::Uuid;

use super::terms::{Announcement, Case, Competition, DISPUTE_WINDOW, Plan, PlanText};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        v1::{self, BallotForm, OneWayPanels, PrizeDecision, SwapRule as WireSwapRule, TallyMethod, TeamNames, Trim},
    },
    clock::Micros,
    directory::etag,
    error::{Error, Reason, Result, Violation},
    rating::read_days,
};

/// An id of the contract; what is none is of nothing that is there.
pub(super) fn id(text: &str, what: &'static str) -> Result<Uuid> {
    Uuid::try_parse(text).map_err(|_| Error::NotFound(what))
}

/// What an organiser announces at `now`, or everything that is wrong with it.
pub(super) fn read_announcement(told: v1::Competition, now: Micros) -> Result<Announcement> {
    let mut found = Vec::new();
    let submission_deadline = told.submission_deadline.as_ref().map(micros).unwrap_or_default();
    let voting_deadline = told.voting_deadline.as_ref().map(micros).unwrap_or_default();
    if voting_deadline <= submission_deadline {
        let rule = "must be after submission_deadline";
        found.push(Violation::new("competition.voting_deadline", Reason::ImpossibleInstants, rule));
    } else if voting_deadline <= now {
        found.push(Violation::new("competition.voting_deadline", Reason::ImpossibleInstants, "must be in the future"));
    }
    let rules = read_rules(told.rules.unwrap_or_default(), &mut found);
    Error::unless_empty(found)?;
    Ok(Announcement { title: normal(told.title), rules, submission_deadline, voting_deadline })
}

fn read_rules(told: v1::CompetitionRules, found: &mut Vec<Violation>) -> Rules {
    let mut wrong = |field: &str, reason, rule: &str| {
        found.push(Violation::new(format!("competition.rules.{field}"), reason, rule));
    };
    let form = match told.form() {
        BallotForm::Unspecified | BallotForm::RankedPanel => Form::RankedPanel,
        BallotForm::OpenChoice => Form::OpenChoice,
    };
    let tally = match (told.tally(), form) {
        // What is left out belongs to one tally only.
        (TallyMethod::Unspecified, _) if told.trim.is_some() => Tally::TrimmedTeamMean,
        (TallyMethod::Unspecified, _) => Tally::default_of(form),
        (TallyMethod::TrimmedTeamMean, _) => Tally::TrimmedTeamMean,
        (TallyMethod::Plurality, _) => Tally::Plurality,
        (TallyMethod::PairwiseConsensus, Form::RankedPanel) => Tally::PairwiseConsensus,
        (TallyMethod::PairwiseConsensus, Form::OpenChoice) => {
            wrong("tally", Reason::ValueOutOfRange, "must not be PAIRWISE_CONSENSUS where nothing is ranked");
            Tally::PairwiseConsensus
        }
    };
    if tally != Tally::TrimmedTeamMean && told.trim.is_some() {
        wrong("trim", Reason::ValueOutOfRange, "must not be set but under TRIMMED_TEAM_MEAN");
    }
    let one_way = match told.one_way() {
        OneWayPanels::Unspecified => OneWay::Auto,
        OneWayPanels::Always => OneWay::Always,
        OneWayPanels::Never => OneWay::Never,
    };
    let panel_size = match usize::try_from(told.panel_size).unwrap_or_default() {
        0 => MOST_DEALT,
        size => size,
    };
    if panel_size < FEWEST_DEALT {
        wrong("panel_size", Reason::ValueOutOfRange, "must be 0 or 2 to 8");
    }
    let choices = usize::try_from(told.choices).unwrap_or_default().max(1);
    let swap_rule = match (told.swap_rule(), form) {
        (WireSwapRule::RejectMutual, Form::RankedPanel) => {
            wrong("swap_rule", Reason::ValueOutOfRange, "must not be set where panels are dealt");
            SwapRule::None
        }
        (WireSwapRule::RejectMutual, Form::OpenChoice) => SwapRule::RejectMutual,
        (WireSwapRule::Unspecified, Form::OpenChoice) if choices == 1 => SwapRule::RejectMutual,
        (WireSwapRule::Unspecified | WireSwapRule::None, _) => SwapRule::None,
    };
    let blend_bp = u32::try_from(told.blend_bp).unwrap_or_default();
    let (first, last) = (&told.blend_first_day, &told.blend_last_day);
    if blend_bp > 0 && (first.is_empty() || last.is_empty()) {
        wrong("blend_first_day", Reason::FieldRequired, "must be set, as must blend_last_day, where blend_bp is");
    }
    if let Err(Error::Invalid(days)) = read_days("competition.rules.blend_", first, last) {
        found.extend(days);
    }
    let names = |list: Vec<String>| list.into_iter().map(normal).collect::<BTreeSet<_>>();
    Rules {
        form,
        tally,
        trim_bp: told.trim.map_or(TRIM_BP, |trim| u32::try_from(trim.basis_points).unwrap_or_default()),
        panel_size,
        one_way,
        choices,
        swap_rule,
        blend_bp,
        blend_days: (blend_bp > 0).then(|| (first.clone(), last.clone())),
        hides_teams: told.team_names() == TeamNames::Hidden,
        neutral_teams: names(told.neutral_team_ids.clone()),
        additional_voters: names(told.additional_voter_ids.clone()),
        excluded: names(told.excluded_staff_ids.clone()),
        prizes: told.prizes.iter().cloned().map(normal).collect(),
        dispute_window: told.dispute_window.as_ref().map_or(DISPUTE_WINDOW, duration_micros),
        public_draw_source: normal(told.public_draw_source.clone()),
        few_judges: FewJudges::Provisional,
        extension: told.extension.as_ref().map_or(0, duration_micros),
    }
}

fn write_rules(rules: Rules) -> v1::CompetitionRules {
    let form = match rules.form {
        Form::RankedPanel => BallotForm::RankedPanel,
        Form::OpenChoice => BallotForm::OpenChoice,
    };
    let tally = match rules.tally {
        Tally::TrimmedTeamMean => TallyMethod::TrimmedTeamMean,
        Tally::Plurality => TallyMethod::Plurality,
        Tally::PairwiseConsensus => TallyMethod::PairwiseConsensus,
    };
    let trimmed = rules.tally == Tally::TrimmedTeamMean;
    let one_way = match rules.one_way {
        OneWay::Auto => OneWayPanels::Unspecified,
        OneWay::Always => OneWayPanels::Always,
        OneWay::Never => OneWayPanels::Never,
    };
    let swap_rule = match rules.swap_rule {
        SwapRule::None => WireSwapRule::None,
        SwapRule::RejectMutual => WireSwapRule::RejectMutual,
    };
    let (blend_first_day, blend_last_day) = rules.blend_days.unwrap_or_default();
    v1::CompetitionRules {
        form: form.into(),
        tally: tally.into(),
        panel_size: small(rules.panel_size),
        one_way: one_way.into(),
        trim: trimmed.then(|| Trim { basis_points: rules.trim_bp.cast_signed() }),
        choices: small(rules.choices),
        swap_rule: swap_rule.into(),
        blend_bp: rules.blend_bp.cast_signed(),
        blend_first_day,
        blend_last_day,
        team_names: if rules.hides_teams { TeamNames::Hidden } else { TeamNames::Shown }.into(),
        neutral_team_ids: rules.neutral_teams.into_iter().collect(),
        additional_voter_ids: rules.additional_voters.into_iter().collect(),
        excluded_staff_ids: rules.excluded.into_iter().collect(),
        prizes: rules.prizes,
        dispute_window: Some(duration(rules.dispute_window)),
        public_draw_source: rules.public_draw_source,
        extension: (rules.extension > 0).then(|| duration(rules.extension)),
    }
}

/// A number as the contract has it.
pub(super) fn small(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A competition as it is told.
pub(super) fn write(competition: Competition) -> v1::Competition {
    let hex = |hash: &Vec<u8>| rapport_vote::hex::hex(hash);
    let Competition { announced, .. } = competition;
    v1::Competition {
        competition_id: competition.id.to_string(),
        title: announced.title,
        rules: Some(write_rules(announced.rules)),
        submission_deadline: Some(timestamp(announced.submission_deadline)),
        voting_deadline: Some(timestamp(announced.voting_deadline)),
        state: competition.state.into(),
        seed_commitment: hex(&competition.seed_commitment),
        manifest_hash: competition.manifest_hash.as_ref().map(hex).unwrap_or_default(),
        opened_time: competition.opened_at.map(timestamp),
        closed_time: competition.closed_at.map(timestamp),
        dispute_deadline: competition.dispute_until.map(timestamp),
        etag: etag(competition.revision),
    }
}

/// What an entry says, or everything that is wrong with it.
pub(super) fn read_plan(told: &v1::Entry) -> Result<PlanText> {
    let mut found = Vec::new();
    let mut cases = Vec::with_capacity(told.cases.len());
    for (index, case) in told.cases.iter().enumerate() {
        let interaction_id = match case.interaction_id.as_str() {
            "" => None,
            text => {
                let id = Uuid::try_parse(text).ok();
                if id.is_none() {
                    let field = format!("entry.cases[{index}].interaction_id");
                    found.push(Violation::new(field, Reason::Malformed, "must be a UUID"));
                }
                id
            }
        };
        let text = optional(case.text.clone());
        if interaction_id.is_none() && text.is_none() {
            let field = format!("entry.cases[{index}]");
            found.push(Violation::new(field, Reason::FieldRequired, "must name an interaction or hold a text"));
        }
        cases.push(Case { interaction_id, text });
    }
    Error::unless_empty(found)?;
    Ok(PlanText {
        title: normal(told.title.clone()),
        what: normal(told.what.clone()),
        why: normal(told.why.clone()),
        cases,
    })
}

/// How much of an entry a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) team: bool,
    pub(super) interactions: bool,
}

/// An entry as it is told.
pub(super) fn write_plan(plan: Plan, view: View) -> v1::Entry {
    let case = |case: Case| v1::EntryCase {
        interaction_id: case.interaction_id.filter(|_| view.interactions).map(|id| id.to_string()).unwrap_or_default(),
        text: case.text.unwrap_or_default(),
    };
    v1::Entry {
        entry_id: plan.id.to_string(),
        competition_id: plan.competition_id.to_string(),
        team_id: if view.team { plan.team_id } else { String::new() },
        title: plan.text.title,
        what: plan.text.what,
        why: plan.text.why,
        cases: plan.text.cases.into_iter().map(case).collect(),
        submitted_time: Some(timestamp(plan.submitted_at)),
        revised_time: Some(timestamp(plan.revised_at)),
        etag: etag(plan.revision),
    }
}

/// A place on the leaderboard; `title` is that of the entry.
pub(super) fn write_placing(placing: &Placing, title: String) -> v1::Standing {
    let shown = |nanos: i64| nanos as f64 / 1e9;
    let prize = placing.prize.clone();
    let decision = match &prize {
        None => PrizeDecision::Unspecified,
        Some(prize) if prize.by_lot => PrizeDecision::ByLot,
        Some(_) => PrizeDecision::ByPlace,
    };
    v1::Standing {
        entry_id: placing.entry.clone(),
        team_id: placing.team.clone(),
        title,
        place: small(placing.place),
        result: placing.result.as_ref().map(|one| one.shown()),
        score: placing.score.as_ref().map(|one| one.shown()),
        low: placing.low.map(shown),
        high: placing.high.map(shown),
        outcome: placing.outcome.as_ref().map(|one| one.shown()),
        prize: prize.map(|prize| prize.name).unwrap_or_default(),
        prize_decision: decision.into(),
        best_place: placing.best_place.map(small),
        worst_place: placing.worst_place.map(small),
        judge_teams: small(placing.judges),
    }
}
