//! Whom the invitation bias accuses (R10): prints the table of docs/ratings.md.
//!
//! `cargo run --release -p rapport-statistics --example bias [TRIALS] [SEED]`; the same seed prints the same table.
//! Beside it stands what came before: Fisher's exact test, two-sided, of each colleague against all others.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

use std::collections::BTreeMap;

use rapport_statistics::{
    bias::{Bias, Cell, Disposition, Outcome, Tally, Unit, compare},
    interval::largest_rejected,
    random::SplitMix,
};

/// How a colleague decides whom to invite, beyond what is usual for them.
#[derive(Clone, Copy, PartialEq)]
enum Habit {
    /// By nothing that matters.
    Honest,
    /// Exactly the resolved.
    ResolvedOnly,
    /// Half of the others are left out.
    HalfTheUnresolved,
    /// Half of all, by something that is not on record.
    HalfOfAll,
    /// Everybody, to look good.
    Everybody,
}

impl Habit {
    /// To look for: all but the honest and the eager.
    fn is_choice(self) -> bool {
        match self {
            Self::Honest | Self::Everybody => false,
            Self::ResolvedOnly | Self::HalfTheUnresolved | Self::HalfOfAll => true,
        }
    }
}

/// A month of an organisation.
#[derive(Clone, Copy)]
struct Month {
    title: &'static str,
    colleagues: usize,
    contacts: usize,
    /// The first so many have the habit.
    strange: usize,
    habit: Habit,
    /// The standard deviation of honest log odds of inviting between colleagues, and of how far the outcome moves them.
    scatter: f64,
    by_outcome: f64,
    /// Half of the colleagues write e-mails, after which 40 instead of 75 of 100 are invited.
    by_email: bool,
}

const MONTH: Month = Month {
    title: "",
    colleagues: 20,
    contacts: 100,
    strange: 0,
    habit: Habit::Honest,
    scatter: 0.3,
    by_outcome: 0.0,
    by_email: false,
};

fn months() -> Vec<Month> {
    let quarter = Month { strange: 5, ..MONTH };
    vec![
        Month { title: "nobody chooses, no scatter", scatter: 0.0, ..MONTH },
        Month { title: "nobody chooses", ..MONTH },
        Month { title: "nobody chooses, scatter 0.6", scatter: 0.6, ..MONTH },
        Month { title: "nobody chooses, 1,000 contacts", contacts: 1_000, ..MONTH },
        Month { title: "nobody chooses, 1,000 contacts, outcome scatters", contacts: 1_000, by_outcome: 0.3, ..MONTH },
        Month { title: "nobody chooses, 6 colleagues", colleagues: 6, ..MONTH },
        Month { title: "nobody chooses, 6 colleagues, 1,000 contacts", colleagues: 6, contacts: 1_000, ..MONTH },
        Month { title: "nobody chooses, e-mail and telephone", by_email: true, ..MONTH },
        Month { title: "a quarter: resolved only", habit: Habit::ResolvedOnly, ..quarter },
        Month { title: "a quarter: resolved only, scatter 0.6", habit: Habit::ResolvedOnly, scatter: 0.6, ..quarter },
        Month { title: "a quarter: resolved only, e-mail too", habit: Habit::ResolvedOnly, by_email: true, ..quarter },
        Month {
            title: "a quarter: resolved only, 1,000 contacts",
            habit: Habit::ResolvedOnly,
            contacts: 1_000,
            ..quarter
        },
        Month { title: "a quarter: half the unresolved", habit: Habit::HalfTheUnresolved, ..quarter },
        Month {
            title: "a quarter: half the unresolved, 1,000 contacts",
            habit: Habit::HalfTheUnresolved,
            contacts: 1_000,
            ..quarter
        },
        Month { title: "a quarter: half of all, unseen", habit: Habit::HalfOfAll, ..quarter },
        Month {
            title: "a quarter: half of all, unseen, 1,000 contacts",
            habit: Habit::HalfOfAll,
            contacts: 1_000,
            ..quarter
        },
        Month { title: "a quarter invites everybody", habit: Habit::Everybody, ..quarter },
        Month { title: "one: resolved only", habit: Habit::ResolvedOnly, strange: 1, ..MONTH },
        Month {
            title: "one: resolved only, 30 contacts",
            habit: Habit::ResolvedOnly,
            strange: 1,
            contacts: 30,
            ..MONTH
        },
        Month { title: "one of 3: resolved only", habit: Habit::ResolvedOnly, strange: 1, colleagues: 3, ..MONTH },
        Month { title: "one: half of all, unseen", habit: Habit::HalfOfAll, strange: 1, ..MONTH },
    ]
}

impl Month {
    fn habit(&self, colleague: usize) -> Habit {
        if colleague < self.strange { self.habit } else { Habit::Honest }
    }

    fn draw(&self, chance: &mut SplitMix) -> BTreeMap<Cell, Tally> {
        let mut cells: BTreeMap<Cell, Tally> = BTreeMap::new();
        for colleague in 0..self.colleagues {
            // Those with the habit are on both channels.
            let by_email = self.by_email && colleague % 2 == 1;
            let usual = if by_email { -0.4 } else { 1.1 } + self.scatter * chance.normal();
            let for_outcome = self.by_outcome * chance.normal();
            for _ in 0..self.contacts {
                let hour = 8 + (chance.fraction() * 10.0) as i8;
                let resolved = chance.fraction() < 0.7;
                // In the evening fewer are invited, no matter who serves.
                let log_odds = usual - if hour > 15 { 0.7 } else { 0.0 } + if resolved { for_outcome } else { 0.0 };
                let honest = chance.fraction() < 1.0 / (1.0 + (-log_odds).exp());
                let half = chance.fraction() < 0.5;
                let invited = match self.habit(colleague) {
                    Habit::Honest => honest,
                    Habit::ResolvedOnly => resolved,
                    Habit::HalfTheUnresolved => honest && (resolved || half),
                    Habit::HalfOfAll => honest && half,
                    Habit::Everybody => true,
                };
                let fate = if invited { Disposition::Invited { responded: false } } else { Disposition::PassedOver };
                let cell = Cell {
                    channel: if by_email { "email" } else { "call" }.to_owned(),
                    hour,
                    staff: format!("{colleague:03}"),
                    outcome: if resolved { Outcome::Resolved } else { Outcome::Unresolved },
                };
                cells.entry(cell).or_default().add(fate);
            }
        }
        cells
    }
}

/// How alarms fell.
#[derive(Default)]
struct Alarms {
    innocent: usize,
    on_innocent: usize,
    choosing: usize,
    on_choosing: usize,
}

impl Alarms {
    fn add(&mut self, month: &Month, flagged: impl Fn(usize) -> bool) {
        for colleague in 0..month.colleagues {
            let alarm = usize::from(flagged(colleague));
            if month.habit(colleague).is_choice() {
                (self.choosing, self.on_choosing) = (self.choosing + 1, self.on_choosing + alarm);
            } else {
                (self.innocent, self.on_innocent) = (self.innocent + 1, self.on_innocent + alarm);
            }
        }
    }

    fn show(&self) -> String {
        let share = |part: usize, whole: usize| match whole {
            0 => "-".to_owned(),
            _ => format!("{:.1} %", 100.0 * part as f64 / whole as f64),
        };
        let alarms = self.on_innocent + self.on_choosing;
        let columns = [
            share(self.on_innocent, self.innocent),
            if self.choosing == 0 { "-".to_owned() } else { share(self.on_innocent, alarms) },
            share(self.on_choosing, self.choosing),
        ];
        columns.join(" | ")
    }
}

/// As it was before: whom Fisher's exact test, two-sided, against all others together calls different.
fn by_fisher(listing: &[Bias]) -> Vec<bool> {
    let counts = |bias: &Bias| [bias.tally.eligible.invited, bias.tally.eligible.count()].map(|count| count as f64);
    let [all_invited, all] = listing.iter().map(counts).fold([0.0, 0.0], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
    let log_choose = |n: f64, k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let p_value = |bias: &Bias| {
        let [invited, count] = counts(bias);
        let log =
            |k: f64| log_choose(all_invited, k) + log_choose(all - all_invited, count - k) - log_choose(all, count);
        let least = (count + all_invited - all).max(0.0) as u64;
        let possible = (least..=count.min(all_invited) as u64).map(|k| log(k as f64));
        possible.filter(|one| *one <= log(invited) + 1e-7).map(f64::exp).sum::<f64>()
    };
    let p_values: Vec<f64> = listing.iter().map(p_value).collect();
    let limit = largest_rejected(&p_values, 0.05);
    p_values.iter().map(|p| limit.is_some_and(|limit| *p <= limit)).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let trials: usize = arguments.next().map_or(500, |told| told.parse().expect("a number of trials"));
    let seed: u64 = arguments.next().map_or(15, |told| told.parse().expect("a seed"));
    println!(
        "{trials} months each, seed {seed}. Columns: innocents flagged, alarms that hit innocents, choosers found.\n"
    );
    println!("| month | before | | | after | | |\n|---|--:|--:|--:|--:|--:|--:|");
    for month in months() {
        let mut chance = SplitMix(seed);
        let (mut before, mut after) = (Alarms::default(), Alarms::default());
        for _ in 0..trials {
            let listing = compare(&month.draw(&mut chance), Unit::Staff);
            let fisher = by_fisher(&listing);
            before.add(&month, |colleague| fisher[colleague]);
            after.add(&month, |colleague| listing[colleague].flagged());
        }
        println!("| {} | {} | {} |", month.title, before.show(), after.show());
    }
}
