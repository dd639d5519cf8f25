//! What is usual among colleagues, and how far they differ without fault, when some of them do not play fair.
//!
//! A mean and a variance would be moved by the very ones who are looked for. The centre is Huber's M-estimate: beyond
//! 1.345 standard errors nobody pulls harder (Huber (1964), Ann. Math. Stat. 35:73-101). The scatter is found in two steps.
//! A first one is what the *median* squared distance from the centre has beyond chance, so that up to half may lie
//! anywhere. Those further out than 3.25 of it are left out, and the scatter of the rest is that of Paule and
//! Mandel (1982), J. Res. Natl. Bureau Standards 87:377-385: the one by which squared distances sum up to what they should.
//! On overdispersion as random effects: Spiegelhalter (2005), Statistics in Medicine 24:1185-1202.

use std::collections::BTreeMap;

use crate::table::Spread;

/// Huber's constant: as good as the mean, to 95 %, where nobody strays.
const PULL: f64 = 1.345;
/// The median of the squared standard normal distribution.
const MEDIAN_SQUARE: f64 = 0.454_936_423_119_572_7;
/// Those further out, in standard deviations, do not tell what is usual.
const CUT: f64 = 3.25;
/// The variance of a standard normal distribution that is cut there.
const VARIANCE_WITHIN_CUT: f64 = 0.986_797;
/// What is left of the degrees of freedom when who is usual had to be found first: by simulation (`examples/bias`).
const PART_OF_FREEDOM: f64 = 0.5;
/// In which centres and those who are usual are found from one another.
const ROUNDS: usize = 6;
/// With less information an effect is so coarse that its median square says nothing.
const LEAST_INFORMATION: f64 = 1.0;
/// No log odds ratio is looked for further out.
const FARTHEST: f64 = 20.0;

/// One colleague's effect on the scale of log odds: its score at 0 and the information there, so that `excess /
/// information` is the effect, up to its sampling variance of `1 / information`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Effect {
    pub(crate) excess: f64,
    /// Positive.
    pub(crate) information: f64,
}

impl Effect {
    fn less(self, centre: f64) -> Self {
        Self { excess: self.excess - centre * self.information, ..self }
    }

    /// In standard errors, where colleagues scatter with this variance around `centre`.
    fn distance(self, centre: f64, scatter: f64) -> f64 {
        (self.excess - centre * self.information) / self.deviation(scatter)
    }

    fn deviation(self, scatter: f64) -> f64 {
        (self.information + scatter * self.information * self.information).sqrt()
    }
}

/// What is usual in each of several groups of effects.
pub(crate) struct Usual<K> {
    /// Around what the effects of a group lie.
    pub(crate) centres: BTreeMap<K, f64>,
    /// The variance of true effects around it.
    scatter: f64,
    /// The sampling variance of the least certain centre.
    unsure: f64,
    /// Of the estimate of scatter.
    freedom: f64,
}

impl<K: Ord + Copy> Usual<K> {
    /// Scatter is one for all groups.
    pub(crate) fn of(groups: &BTreeMap<K, Vec<Effect>>) -> Self {
        let (mut usual, mut scatter) = (groups.clone(), 0.0);
        let centres = |usual: &BTreeMap<K, Vec<Effect>>, scatter: f64| -> BTreeMap<K, f64> {
            usual.iter().map(|(group, all)| (*group, centre(all, scatter))).collect()
        };
        let centred = |usual: &BTreeMap<K, Vec<Effect>>, centres: &BTreeMap<K, f64>| -> Vec<Effect> {
            usual.iter().flat_map(|(group, all)| all.iter().map(|one| one.less(centres[group]))).collect()
        };
        for _ in 0..ROUNDS {
            let around = centres(&usual, scatter);
            let mut fine = centred(&usual, &around);
            fine.retain(|effect| effect.information >= LEAST_INFORMATION);
            scatter = rough_scatter(&fine);
            usual.clone_from(groups);
            for (group, all) in &mut usual {
                all.retain(|one| one.less(around[group]).distance(0.0, scatter).abs() <= CUT);
            }
        }
        let rest = centred(&usual, &centres(&usual, scatter));
        let scatter = self::scatter(&rest, groups.len());
        Self {
            centres: centres(&usual, scatter),
            scatter,
            unsure: usual.values().map(|all| variance_of_centre(all, scatter)).fold(0.0, f64::max),
            freedom: PART_OF_FREEDOM * freedom(rest.len(), groups.len()),
        }
    }

    /// How far effects lie apart.
    pub(crate) fn spread(&self) -> Spread {
        Spread { scale: self.scatter.sqrt(), freedom: self.freedom }
    }

    /// How far effects lie from where their centre was found.
    pub(crate) fn spread_around_centre(&self) -> Spread {
        Spread { scale: (self.scatter + self.unsure).sqrt(), freedom: self.freedom }
    }
}

/// Around what the effects lie, if they scatter with this variance: the effect by which the clipped distances cancel.
fn centre(effects: &[Effect], scatter: f64) -> f64 {
    let pull = |centre: f64| -> f64 {
        let pulls = effects.iter().map(|effect| {
            let weight = effect.information / effect.deviation(scatter);
            weight * effect.distance(centre, scatter).clamp(-PULL, PULL)
        });
        pulls.sum()
    };
    falling_root(-FARTHEST, FARTHEST, pull)
}

/// The sampling variance of [`centre`].
fn variance_of_centre(effects: &[Effect], scatter: f64) -> f64 {
    let weights: f64 = effects.iter().map(|effect| 1.0 / (1.0 / effect.information + scatter)).sum();
    if weights > 0.0 { 1.0 / weights } else { 0.0 }
}

/// The variance of true effects whatever half of them do, from effects less their centre: that by which the median squared
/// distance is what chance gives.
fn rough_scatter(centred: &[Effect]) -> f64 {
    variance_by(centred, |squares| {
        let mut squares: Vec<f64> = squares.collect();
        squares.sort_unstable_by(f64::total_cmp);
        f64::midpoint(squares[(squares.len() - 1) / 2], squares[squares.len() / 2]) / MEDIAN_SQUARE
    })
}

/// The variance of true effects, from those that are usual, less `centres` that were found from them.
fn scatter(usual: &[Effect], centres: usize) -> f64 {
    let expected = freedom(usual.len(), centres) * VARIANCE_WITHIN_CUT;
    variance_by(usual, |squares| squares.sum::<f64>() / expected)
}

fn freedom(usual: usize, centres: usize) -> f64 {
    usual.saturating_sub(centres).max(1) as f64
}

/// The variance by which a mean of squared distances, of whatever kind, is 1; 0 where it is less without.
fn variance_by(centred: &[Effect], mean: impl Fn(&mut dyn Iterator<Item = f64>) -> f64) -> f64 {
    if centred.is_empty() {
        return 0.0;
    }
    let surplus = |scatter: f64| mean(&mut centred.iter().map(|effect| effect.distance(0.0, scatter).powi(2))) - 1.0;
    if surplus(0.0) <= 0.0 { 0.0 } else { falling_root(0.0, FARTHEST * FARTHEST, surplus) }
}

fn falling_root(mut low: f64, mut high: f64, falling: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if falling(middle) > 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(values: &[f64], information: f64) -> Vec<Effect> {
        values.iter().map(|value| Effect { excess: value * information, information }).collect()
    }

    #[test]
    fn equal_effects_have_a_centre_and_no_scatter() {
        let same = effects(&[0.3; 7], 25.0);
        assert!((centre(&same, 0.0) - 0.3).abs() < 1e-9);
        assert_eq!((rough_scatter(&effects(&[0.0; 7], 25.0)), rough_scatter(&[])), (0.0, 0.0));
        assert_eq!((scatter(&effects(&[0.0; 7], 25.0), 1), scatter(&[], 1)), (0.0, 0.0));
    }

    #[test]
    fn those_who_stray_hardly_move_the_centre() {
        let mut all = vec![-0.2, -0.1, 0.0, 0.1, 0.2, -0.15, 0.15, 0.05, -0.05];
        let clean = centre(&effects(&all, 25.0), 0.0);
        assert!(clean.abs() < 1e-9);
        all.extend([-3.0, -4.0, -30.0]);
        let moved = centre(&effects(&all, 25.0), 0.0);
        assert!((-0.2..0.0).contains(&moved), "{moved}");
    }

    #[test]
    fn scatter_is_what_chance_does_not_give() {
        // Quantiles of a normal distribution with the variance 0.5² + 1/25.
        let quantiles = [-1.534, -0.887, -0.489, -0.157, 0.157, 0.489, 0.887, 1.534];
        let deviation = (0.25_f64 + 0.04).sqrt();
        let mut values: Vec<f64> = quantiles.iter().map(|quantile| quantile * deviation).collect();
        let clean = [rough_scatter(&effects(&values, 25.0)), scatter(&effects(&values, 25.0), 1)];
        assert!(clean.iter().all(|one| (0.15..0.35).contains(one)), "{clean:?}");
        values.extend([-40.0, -50.0]);
        let rough = rough_scatter(&effects(&values, 25.0));
        assert!(rough < 3.0 * clean[0], "{rough}");
        let [usual, all] = [8, 10].map(|count| Usual::of(&[("call", effects(&values[..count], 25.0))].into()));
        assert_eq!((&usual.centres, usual.spread()), (&all.centres, all.spread()), "they are found, and left out");
    }

    #[test]
    fn few_contacts_do_not_pull_the_centre_to_the_commonest_result() {
        // Of 95 % who say yes, most have five of five, and some four: the mean effect is none.
        let mut all = vec![Effect { excess: 0.25, information: 0.24 }; 15];
        all.extend([Effect { excess: -0.75, information: 0.24 }; 5]);
        assert!(centre(&all, 0.0).abs() < 0.3, "{}", centre(&all, 0.0));
    }
}
