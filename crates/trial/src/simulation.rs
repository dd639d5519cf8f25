//! Made-up trials: how often an alarm is false, and when a true one comes. Everything comes back from its seed.

use rapport_statistics::random::SplitMix;

use crate::{
    assign::Arm,
    look::{Measure, Outcome, Rules, Watcher},
    ratio::Counts,
};

/// A plan as customers live through it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The probabilities of the levels 1 to 5 of those who rate.
    pub levels: [f64; 5],
    /// Of a complaint.
    pub complaint: f64,
    /// Of a customer who says so that it is resolved.
    pub resolved: f64,
}

impl Plan {
    /// A service with which most are satisfied.
    pub const TODAY: Self = Self { levels: [0.02, 0.03, 0.05, 0.2, 0.7], complaint: 0.02, resolved: 0.9 };

    /// The same with more complaints, and with so many of those who would have rated 5 rating 2.
    #[must_use]
    pub fn worse(self, complaint: f64, disappointed: f64) -> Self {
        let [one, two, three, four, five] = self.levels;
        Self { levels: [one, two + disappointed, three, four, five - disappointed], complaint, ..self }
    }

    /// Mean of the levels.
    pub fn mean(&self) -> f64 {
        self.levels.iter().zip([1.0, 2.0, 3.0, 4.0, 5.0]).map(|(share, level)| share * level).sum()
    }
}

/// A trial whose units are customers.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Plans A and B.
    pub plans: [Plan; 2],
    /// In percent.
    pub share_of_b: u8,
    /// Customers who come each day.
    pub per_day: usize,
    /// How long it runs at most.
    pub days: usize,
    /// The part of the customers who rate.
    pub answering: f64,
}

/// The rules of made-up trials: ratings first, complaints and what is resolved as guardrails, a false alarm in 20
/// trials.
pub fn rules(share_of_b: u8) -> Rules {
    let outcome = |measure, matters| Outcome { measure, matters };
    let outcomes =
        vec![outcome(Measure::HighIsGood, 0.05), outcome(Measure::BadEvent, 0.02), outcome(Measure::HighIsGood, 0.05)];
    Rules { share_of_b, alpha: 0.05, outcomes }
}

/// The customers, counted from 1, after whom the alarm came, if it came.
pub fn alarm(story: &Story, random: &mut SplitMix) -> Option<usize> {
    let rules = rules(story.share_of_b);
    let mut watcher = Watcher::new(&rules);
    let mut assigned = Counts::default();
    for day in 0..story.days {
        for _ in 0..story.per_day {
            let arm = draw(random, story.share_of_b);
            match arm {
                Arm::A => assigned.a += 1,
                Arm::B => assigned.b += 1,
            }
            let plan = &story.plans[arm as usize];
            if random.fraction() < story.answering {
                watcher.add(0, (arm, level(plan, random)));
                watcher.add(2, (arm, happens(random, plan.resolved)));
            }
            if random.fraction() < plan.complaint {
                watcher.add(1, (arm, 1.0));
            }
        }
        // Evidence is the most that ever was: a look at the end of the day finds what any look in it would have found.
        if !watcher.alarms(assigned).is_empty() {
            return Some((day + 1) * story.per_day);
        }
    }
    None
}

/// Whether a trial alarms whose units are weeks of teams that differ from one another, and whose values are means of
/// few contacts.
pub fn alarms_by_week((teams, weeks): (usize, usize), random: &mut SplitMix) -> bool {
    let outcomes = [Measure::HighIsGood, Measure::LowIsGood].map(|measure| Outcome { measure, matters: 0.05 });
    let rules = Rules { share_of_b: 50, alpha: 0.05, outcomes: outcomes.to_vec() };
    let mut watcher = Watcher::new(&rules);
    let mut assigned = Counts::default();
    let skills: Vec<f64> = (0..teams).map(|_| 0.7 + 0.1 * random.normal()).collect();
    (0..weeks).any(|_| {
        let mood = 0.05 * random.normal();
        for skill in &skills {
            let arm = draw(random, 50);
            match arm {
                Arm::A => assigned.a += 1,
                Arm::B => assigned.b += 1,
            }
            let contacts = 1 + random.below(8);
            let good = (0..contacts).map(|_| happens(random, (skill + mood).clamp(0.0, 1.0))).sum::<f64>();
            watcher.add(0, (arm, good / contacts as f64));
            watcher.add(1, (arm, happens(random, 0.05)));
        }
        !watcher.alarms(assigned).is_empty()
    })
}

/// Whether a trial alarms that counts every contact of a customer as if it were another customer's: each has
/// `contacts`, all alike.
pub fn alarms_by_contact(customers: usize, contacts: usize, random: &mut SplitMix) -> bool {
    let rules = rules(50);
    let mut watcher = Watcher::new(&rules);
    let mut assigned = Counts::default();
    for _ in 0..customers {
        let arm = draw(random, 50);
        assigned.a += u64::from(arm == Arm::A);
        assigned.b += u64::from(arm == Arm::B);
        let value = level(&Plan::TODAY, random);
        (0..contacts).for_each(|_| watcher.add(0, (arm, value)));
    }
    !watcher.alarms(assigned).is_empty()
}

/// Whether somebody who looks every day, and goes by the usual test of two means at 5 %, one-sided, calls plan B worse.
pub fn usual_test_alarms(story: &Story, random: &mut SplitMix) -> bool {
    // Number, sum and sum of squares by arm.
    let mut sums = [[0.0; 3]; 2];
    (0..story.days).any(|_| {
        for _ in 0..story.per_day {
            let arm = draw(random, story.share_of_b);
            if random.fraction() < story.answering {
                let value = level(&story.plans[arm as usize], random);
                let [n, sum, squares] = &mut sums[arm as usize];
                *n += 1.0;
                *sum += value;
                *squares += value * value;
            }
        }
        let [a, b] = sums.map(|[n, sum, squares]| (n, sum / n, (squares - sum * sum / n) / (n - 1.0)));
        a.0 > 2.0 && b.0 > 2.0 && (a.1 - b.1) / (a.2 / a.0 + b.2 / b.0).sqrt() > 1.645
    })
}

/// The story that trials are for: 100 customers are taught in one class of 100 with 10 teachers (plan B), and 100 as
/// before by one teacher in ten classes of 10. Of those in the large class one in five complains.
pub fn hundred_students() -> Story {
    let plans = [Plan::TODAY, Plan::TODAY.worse(0.2, 0.4)];
    Story { plans, share_of_b: 50, per_day: 200, days: 14, answering: 0.4 }
}

/// How often and when the alarm comes, as the documentation shows it: a row of a table for each plan B.
pub fn table(trials: usize) -> Vec<String> {
    let plans = [(0.02, 0.0), (0.04, 0.05), (0.06, 0.1), (0.1, 0.2), (0.2, 0.4)];
    let row = |(complaint, disappointed)| {
        let plan = Plan::TODAY.worse(complaint, disappointed);
        let cells = [20, 50, 200].map(|per_day| {
            let story = Story { plans: [Plan::TODAY, plan], per_day, ..hundred_students() };
            let mut random = SplitMix(per_day as u64);
            let mut days: Vec<usize> =
                (0..trials).filter_map(|_| alarm(&story, &mut random)).map(|customers| customers / per_day).collect();
            days.sort_unstable();
            let alarming = 100.0 * days.len() as f64 / trials as f64;
            // The day by which half of all trials have alarmed.
            let half = days.get(trials / 2).map_or_else(|| "–".to_owned(), |day| format!("day {day}"));
            format!("{alarming:.1} %, {half}")
        });
        format!("| {:.0} % | {:.2} | {} |", 1e2 * complaint, plan.mean(), cells.join(" | "))
    };
    plans.map(row).to_vec()
}

fn draw(random: &mut SplitMix, share_of_b: u8) -> Arm {
    if random.below(100) < usize::from(share_of_b) { Arm::B } else { Arm::A }
}

fn happens(random: &mut SplitMix, probability: f64) -> f64 {
    f64::from(u8::from(random.fraction() < probability))
}

/// A rating, as a value between 0 and 1.
fn level(plan: &Plan, random: &mut SplitMix) -> f64 {
    let mut left = random.fraction();
    let found = plan.levels.iter().position(|share| {
        left -= share;
        left < 0.0
    });
    found.unwrap_or(4) as f64 / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIALS: usize = 2_000;

    /// Which part of so many trials alarms.
    fn alarming(seed: u64, one: impl Fn(&mut SplitMix) -> bool) -> f64 {
        let mut random = SplitMix(seed);
        (0..TRIALS).filter(|_| one(&mut random)).count() as f64 / TRIALS as f64
    }

    fn alike(plan: Plan, share_of_b: u8) -> Story {
        Story { plans: [plan; 2], share_of_b, per_day: 20, days: 28, answering: 0.4 }
    }

    #[test]
    fn of_trials_of_a_plan_against_itself_looked_at_daily_one_in_twenty_alarms_at_most() {
        let rare = Plan { complaint: 0.002, ..Plan::TODAY };
        let skewed = Plan { levels: [0.01, 0.0, 0.0, 0.0, 0.99], complaint: 0.3, resolved: 0.99 };
        for (seed, plan, share) in
            [(1, Plan::TODAY, 50), (2, rare, 50), (3, skewed, 50), (4, Plan::TODAY, 10), (5, skewed, 80)]
        {
            let part = alarming(seed, |random| alarm(&alike(plan, share), random).is_some());
            assert!(part <= 0.05, "{plan:?} {share}: {part}");
        }
        for (seed, size) in [(6, (10, 26)), (7, (2, 52)), (8, (60, 4))] {
            let part = alarming(seed, |random| alarms_by_week(size, random));
            assert!(part <= 0.05, "{size:?}: {part}");
        }
    }

    #[test]
    fn what_is_guarded_against_would_happen() {
        let usual = alarming(9, |random| usual_test_alarms(&alike(Plan::TODAY, 50), random));
        assert!(usual > 0.15, "the usual test, looked at daily: {usual}");
        let by_contact = alarming(10, |random| alarms_by_contact(200, 8, random));
        assert!(by_contact > 0.15, "a customer's many contacts as if they were many customers': {by_contact}");
    }

    #[test]
    fn the_story_of_the_hundred_students_alarms_on_the_first_day() {
        let story = hundred_students();
        let mut random = SplitMix(11);
        let on_the_first = (0..TRIALS).filter(|_| alarm(&story, &mut random).is_some_and(|customers| customers <= 200));
        assert!(on_the_first.count() as f64 / TRIALS as f64 > 0.95);
    }

    #[test]
    fn the_page_says_what_is_found() {
        let page = include_str!("../../../docs/trials.md");
        for line in table(TRIALS) {
            assert!(page.contains(&line), "docs/trials.md lacks: {line}");
        }
    }
}
