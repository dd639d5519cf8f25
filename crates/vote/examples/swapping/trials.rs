//! Many months at once, and the mean of what they show.

use std::thread;

use rapport_vote::{
    draw::{Purpose, Seed, sha256},
    simulation::{Chance, Size, Society},
};

/// How many months, and what their chance comes from.
#[derive(Clone, Copy)]
pub(crate) struct Trials<'a> {
    pub(crate) count: usize,
    pub(crate) seed: &'a str,
}

/// Sums over trials, for a mean and its standard error.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figure {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Figure {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }

    /// The half width of the mean's interval of 95 %.
    pub(crate) fn half(&self) -> f64 {
        let count = self.count.max(1.0);
        1.96 * ((self.squares / count - self.mean().powi(2)).max(0.0) / count).sqrt()
    }
}

impl Trials<'_> {
    /// Means over all months of what `figures` finds in each; the same months for all who ask for the same size.
    pub(crate) fn means<const N: usize>(
        self,
        size: Size,
        figures: impl Fn(&Society, &Seed) -> anyhow::Result<[Option<f64>; N]> + Sync,
    ) -> anyhow::Result<[Figure; N]> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let part = |first: usize| {
            let mut sums = [Figure::default(); N];
            for trial in (first..self.count).step_by(threads) {
                let seed = self.month(trial);
                let society = Society::draw(size, &mut Chance::new(seed.stream(Purpose::Bootstrap)));
                for (sum, found) in sums.iter_mut().zip(figures(&society, &seed)?) {
                    found.into_iter().for_each(|found| sum.add(found));
                }
            }
            Ok::<_, anyhow::Error>(sums)
        };
        let parts: Vec<_> = thread::scope(|scope| {
            let started: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
            started
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread broke off"))))
                .collect()
        });
        let mut all = [Figure::default(); N];
        for part in parts {
            all.iter_mut().zip(&part?).for_each(|(all, part)| all.merge(part));
        }
        Ok(all)
    }

    /// What `work` finds in each trial, in order.
    pub(crate) fn spread<T: Send>(self, work: impl Fn(usize) -> anyhow::Result<T> + Sync) -> anyhow::Result<Vec<T>> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let work = &work;
        let part = |first: usize| (first..self.count).step_by(threads).map(work).collect::<anyhow::Result<Vec<T>>>();
        thread::scope(|scope| {
            let started: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
            let joined = started
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread broke off"))));
            Ok(joined.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }

    /// What the chance of one month comes from.
    pub(crate) fn month(self, trial: usize) -> Seed {
        Seed::from_bytes(sha256(format!("{} {trial}", self.seed).as_bytes()).to_vec())
    }
}

/// The head of a table.
pub(crate) fn head(title: &str, heads: &[&str]) {
    println!("| {title} | {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len() + 1));
}

/// A gain in percentage points.
pub(crate) fn points(figure: &Figure) -> String {
    format!("{:+.1} ± {:.1}", 100.0 * figure.mean(), 100.0 * figure.half())
}

/// A share from 0 to 1, or any other mean.
pub(crate) fn plain(figure: &Figure) -> String {
    format!("{:.3} ± {:.3}", figure.mean(), figure.half())
}
