//! The accused once more: every answer is the same whether somebody has complained or not, so they take the time of it.
//!
//! `cargo test --test it -- --ignored stopwatch`. Four servers before copies of one database: in two of them there is
//! the complaint and all that came of it, in two there is not. Every read of the contract is asked of all four in
//! random order, again and again. The two that have the same in them say what noise is.

use std::time::Instant;

use prost_reflect::DynamicMessage;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::oneself::{ROLES, accused, at_one_time, caller, history, unsay};
use crate::support::{
    Backend, Caller, Server, Test,
    asking::{Method, methods},
    on,
};

pub(super) fn tests() -> Vec<Test> {
    on!(&[Backend::Sqlite]; a_complaint_takes_no_time_of_the_accused).into_iter().map(Test::by_hand).collect()
}

/// Of each question: so many that what stands out is asked again, and so many then.
const FIRST: usize = 15;
const THEN: usize = 200;
/// Standard errors from which a question is asked again, and from which it differs: of thousands none by chance.
const SUSPECT: f64 = 2.0;
const CERTAIN: f64 = 5.0;

/// Servers with the complaint, and those without.
const WITH: [usize; 2] = [0, 1];
const WITHOUT: [usize; 2] = [2, 3];

/// Seconds that answers took, of each server.
type Times = [Vec<f64>; 4];

async fn time(callers: &[Caller; 4], (method, request): (&Method, &DynamicMessage), count: usize) -> Times {
    let mut random = StdRng::seed_from_u64(7);
    let mut times = Times::default();
    let mut order = [0, 1, 2, 3];
    // The first answer fills caches.
    for round in 0..=count {
        order.shuffle(&mut random);
        for server in order {
            let begun = Instant::now();
            drop(method.ask(&callers[server], request).await);
            let took = begun.elapsed().as_secs_f64();
            if round > 0 {
                times[server].push(took);
            }
        }
    }
    times
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// By how many standard errors the one sample is greater than the other: Mann and Whitney (1947), without ties.
fn greater(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let wins: usize = one.iter().map(|a| other.iter().filter(|b| a > b).count()).sum();
    (wins as f64 - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

/// The least by which a server with the complaint is slower than one without, or faster, in standard errors; 0 where
/// they do not agree.
fn agreed(times: &Times) -> f64 {
    let pairs = WITH.iter().flat_map(|one| WITHOUT.iter().map(|other| greater(&times[*one], &times[*other])));
    let pairs: Vec<f64> = pairs.collect();
    let (least, most) = pairs.iter().fold((f64::MAX, f64::MIN), |(a, b), one| (a.min(*one), b.max(*one)));
    if least > 0.0 {
        least
    } else if most < 0.0 {
        most
    } else {
        0.0
    }
}

/// Microseconds by which those with the complaint are slower, and by which two that have the same in them differ.
fn differences(times: &Times) -> (f64, f64) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|server| median(&times[server]) * 1e6);
    ((a + b - c - d) / 2.0, f64::max((a - b).abs(), (c - d).abs()))
}

async fn a_complaint_takes_no_time_of_the_accused(server: Server) {
    let server = crate::surveys::awake(at_one_time(server).await).await;
    let mut known = history(&server).await;
    for ids in known.texts.values_mut().filter(|ids| ids.len() > 3) {
        ids.truncate(3);
    }
    accused(&server, &mut known).await;
    let servers: [Server; 4] = server.copies().await;
    for one in WITHOUT {
        unsay(&servers[one], &known).await;
    }
    for (name, role) in ROLES {
        let (mut asked, mut suspects, mut certain, mut signals, mut noises) = (0, 0, 0, Vec::new(), Vec::new());
        let callers = [0, 1, 2, 3].map(|one| caller(&servers[one], role, "nora"));
        for method in methods().into_iter().filter(|method| !method.writes() && method.is_granted(role)) {
            for request in method.requests(&known) {
                asked += 1;
                let times = time(&callers, (&method, &request), FIRST).await;
                let (signal, noise) = differences(&times);
                signals.push(signal.abs());
                noises.push(noise);
                if agreed(&times).abs() < SUSPECT {
                    continue;
                }
                suspects += 1;
                let times = time(&callers, (&method, &request), THEN).await;
                let (errors, (signal, noise)) = (agreed(&times), differences(&times));
                let differs = errors.abs() > CERTAIN && signal.abs() > noise;
                certain += i32::from(differs);
                if errors.abs() > SUSPECT {
                    println!(
                        "{} {name:10} {:45} {errors:+6.1} standard errors, {signal:+8.1} µs of {:8.1}, noise {noise:6.1}: {}",
                        if differs { "DIFFERS" } else { "       " },
                        method.name(),
                        median(&times[2]) * 1e6,
                        serde_json::to_string(&request).unwrap(),
                    );
                }
            }
            for one in &servers {
                one.execute("DELETE FROM audit_event").await;
            }
        }
        println!(
            "{name}: {asked} questions, {suspects} asked again, {certain} differ; medians of the first {FIRST}: {:.1} µs \
             between with and without, {:.1} µs between equal ones",
            median(&signals),
            median(&noises)
        );
    }
}
