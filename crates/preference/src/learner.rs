//! Finds what a dimension is inferred with, from contacts in the order of time.
//!
//! Half-life, concentration and the width of the neighbourhood are never chosen by hand: of a grid, those are followed that have
//! the least logarithmic loss on all contacts so far, each foretold as of its instant before it was known (prequential: Dawid,
//! Statistical theory, the prequential approach, 1984).

use crate::{
    calibration::Calibration,
    figures::Gain,
    model::{Beliefs, Evidence, Fitted, HALF_LIVES, Kernel, Parameters, decay},
    prior::{Prior, Value},
};

const CONCENTRATIONS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
/// Standard deviations, in steps of the circle. Dimensions without a circle have one width: none.
const WIDTHS: [f64; 3] = [0.0, 0.6, 1.0];
/// How much worse than the default the others start: of equals, the default is followed.
const HANDICAP: f64 = 1e-6;
/// Values of a dimension of which a fit keeps the frequencies.
const KEPT: usize = 200;

/// From so many earlier contacts on, an answer is compared with what the customer did most often.
pub(crate) const ENOUGH: usize = 4;

/// What evidence has faded to under each half-life.
pub(crate) type Fading = [f64; HALF_LIVES.len()];

/// What is left under each half-life after so many days.
pub(crate) fn fading(days: f64) -> Fading {
    HALF_LIVES.map(|half_life| decay(days, half_life))
}

/// Learns one dimension.
#[derive(Clone, Debug)]
pub struct Learner {
    pub(crate) prior: Prior,
    /// One for each width.
    kernels: Vec<Kernel>,
    /// By half-life, width and concentration, in this order.
    choices: Vec<Choice>,
    /// Of the answers that were served.
    gain: Gain,
}

/// One choice of the grid, and how it would have done.
#[derive(Clone, Debug)]
struct Choice {
    parameters: Parameters,
    /// Sum of -ln p of what came.
    loss: f64,
    calibration: Calibration,
    /// How many first guesses came less how many most frequent values of the customer's own did.
    gain: i64,
}

impl Learner {
    /// `known` and `circle` as [`crate::model::Model::new`] has them.
    pub fn new(known: impl Iterator<Item = String>, circle: Option<u32>) -> Self {
        let widths = if circle.is_some() { &WIDTHS[..] } else { &WIDTHS[..1] };
        let default = Parameters::default_for(circle);
        let mut choices = Vec::new();
        for half_life in 0..HALF_LIVES.len() {
            for width in widths.iter().copied() {
                for concentration in CONCENTRATIONS {
                    let parameters = Parameters { half_life, concentration, width };
                    let loss = if parameters == default { 0.0 } else { HANDICAP };
                    choices.push(Choice { parameters, loss, calibration: Calibration::default(), gain: 0 });
                }
            }
        }
        let kernels = widths.iter().map(|width| Kernel::new(circle, *width)).collect();
        Self { prior: Prior::of(known), kernels, choices, gain: Gain::default() }
    }

    /// The number of a value.
    pub fn number(&mut self, name: &str) -> Value {
        self.prior.number(name)
    }

    /// Counts what somebody did.
    pub fn add(&mut self, value: Value) {
        self.prior.add(value, 1);
    }

    /// Lets every choice of the grid answer for what it would have said at the instant `now`, in days since 1970, of what came
    /// then, `actual`; with the `prior` that was served, whose numbers the values have.
    pub fn judge(&mut self, prior: &Prior, evidence: &[Evidence], now: f64, actual: Value) {
        let compared = (evidence.len() >= ENOUGH).then(|| own_mode(prior, evidence) == Some(actual));
        self.judge_faded(prior, evidence.iter().map(|one| (*one, fading(now - one.day))), compared, actual);
    }

    /// The same of evidence with what is left of it. `compared`: whether what the customer did most often came, if that counts.
    pub(crate) fn judge_faded(
        &mut self,
        prior: &Prior,
        evidence: impl Iterator<Item = (Evidence, Fading)>,
        compared: Option<bool>,
        actual: Value,
    ) {
        let mut own: Vec<(Value, Fading)> = Vec::new();
        for (one, left) in evidence {
            let index = own.iter().position(|(value, _)| *value == one.value).unwrap_or_else(|| {
                own.push((one.value, Fading::default()));
                own.len() - 1
            });
            for (sum, left) in own[index].1.iter_mut().zip(left) {
                *sum += one.weight * left;
            }
        }
        let mut choices = self.choices.iter_mut();
        for half_life in 0..HALF_LIVES.len() {
            let own: Vec<_> = own.iter().map(|(value, weights)| (*value, weights[half_life])).collect();
            for kernel in &self.kernels {
                let beliefs = Beliefs::new(prior, &own, kernel);
                for choice in choices.by_ref().take(CONCENTRATIONS.len()) {
                    let concentration = choice.parameters.concentration;
                    choice.loss -= beliefs.p(actual, concentration).ln();
                    let Some(first) = beliefs.first(concentration) else { continue };
                    let came = first.value == actual;
                    choice.calibration.note(first.p, came);
                    choice.gain += compared.map_or(0, |own_mode_came| i64::from(came) - i64::from(own_mode_came));
                }
            }
        }
    }

    /// Notes how an answer that was served changed what a customer's first guesses gained, and over how many answers.
    pub(crate) fn compare(&mut self, was: (i64, i64), is: (i64, i64)) {
        self.gain.replace(was, is);
    }

    /// What is followed: the choice with the least loss of those whose first guesses came at least as often as the customers'
    /// own most frequent values. If there is none, of all.
    fn leader(&self) -> &Choice {
        let loses = |choice: &Choice| choice.gain < 0;
        let order = |one: &&Choice, other: &&Choice| {
            loses(one).cmp(&loses(other)).then_with(|| one.loss.total_cmp(&other.loss))
        };
        // The grid is not empty.
        self.choices.iter().min_by(order).unwrap_or(&self.choices[0])
    }

    /// What was found so far.
    pub fn fit(&self) -> Fitted {
        let values = self.prior.most_frequent(KEPT);
        let listed: u64 = values.iter().map(|(_, count)| count).sum();
        let chosen = self.prior.chosen() as u64;
        let leader = self.leader();
        Fitted {
            parameters: leader.parameters,
            calibration: leader.calibration.clone(),
            rest: (self.prior.total() - listed, chosen - values.len() as u64),
            values,
            is_silent: self.gain.is_loss(),
        }
    }
}

/// What a customer did most often; of equals the smaller name.
pub(crate) fn own_mode(prior: &Prior, evidence: &[Evidence]) -> Option<Value> {
    let mut times: Vec<(Value, u32)> = Vec::new();
    for one in evidence {
        match times.iter_mut().find(|(value, _)| *value == one.value) {
            Some((_, times)) => *times += 1,
            None => times.push((one.value, 1)),
        }
    }
    let name = |value| prior.name(value);
    let most = times.into_iter().max_by(|one, other| one.1.cmp(&other.1).then_with(|| name(other.0).cmp(name(one.0))));
    most.map(|(value, _)| value)
}
