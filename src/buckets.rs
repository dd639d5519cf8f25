//! How often values fell into each of some ranges, to be read back: Prometheus' histograms tell themselves as text only.

use std::{
    iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::metrics::histogram::Histogram;

/// Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Buckets(Arc<Ranges>);

#[derive(Debug)]
struct Ranges {
    /// Upper bounds, inclusive, growing.
    bounds: Vec<f64>,
    /// One more: of what is above all of them.
    counts: Vec<AtomicU64>,
}

impl Buckets {
    pub(crate) fn new(bounds: impl Iterator<Item = f64>) -> Self {
        let bounds: Vec<f64> = bounds.collect();
        let counts = iter::repeat_with(AtomicU64::default).take(bounds.len() + 1).collect();
        Self(Arc::new(Ranges { bounds, counts }))
    }

    pub(crate) fn observe(&self, value: f64) {
        let place = self.0.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.0.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Upper bounds, and one count more than there are bounds, each of its own range.
    pub(crate) fn read(&self) -> (Vec<f64>, Vec<u64>) {
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        (self.0.bounds.clone(), counts)
    }
}

/// Interactions that shared a transaction, for Prometheus and to be read back.
#[derive(Clone, Debug)]
pub(crate) struct GroupSizes {
    pub(crate) histogram: Histogram,
    pub(crate) buckets: Buckets,
}

impl GroupSizes {
    pub(crate) fn new<I: Iterator<Item = f64>>(bounds: impl Fn() -> I) -> Self {
        Self { histogram: Histogram::new(bounds()), buckets: Buckets::new(bounds()) }
    }

    /// For groups that are no interactions.
    pub(crate) fn uncounted() -> Self {
        Self::new(std::iter::empty)
    }

    pub(crate) fn observe(&self, size: f64) {
        self.histogram.observe(size);
        self.buckets.observe(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_once_and_a_bound_belongs_to_its_range() {
        let buckets = Buckets::new([1.0, 2.0, 4.0].into_iter());
        for value in [0.5, 1.0, 1.5, 2.0, 4.0, 4.1, 100.0] {
            buckets.observe(value);
        }
        assert_eq!(buckets.read(), (vec![1.0, 2.0, 4.0], vec![2, 2, 1, 2]));
    }
}
