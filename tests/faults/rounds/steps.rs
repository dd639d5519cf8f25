//! Servers are killed while what is due comes: two that share a PostgreSQL, in turns, or the one before its SQLite.
//! Clocks are stepped meanwhile.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::clock::Clock;
use tokio::task::JoinSet;

use super::{
    Task,
    subjects::{self, ALL},
};
use crate::{
    inject::WallClock,
    places::{Backend, Place},
    process::{Server, With},
};

/// Between two looks of a server at what is due: one that is killed sooner may not have looked.
const LOOK: Duration = Duration::from_secs(1);
/// That, and what the machine takes for it.
const IN_TIME: Duration = Duration::from_secs(2);
/// The longest lease or wait that must be over in the end, and a look.
const SOON: i64 = 70_000_000;
/// Seconds by which a clock is wrong at most.
const WRONG: i64 = 3 * 3_600;
/// Seconds ahead at which everything has been due, and what was broken or overdue was escalated.
const LATER: i64 = 20 * 3_600;

/// SIGKILL at random moments while commitments, callbacks and follow-ups are made and their steps come: each step comes
/// once, and none later than the time without a server and two seconds. The clocks of servers that share a database are
/// stepped both ways.
pub(super) async fn killed_while_steps_come(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let clocks = match task.backend {
        Backend::Sqlite => vec![None],
        Backend::Postgres => vec![Some(WallClock::new()?), Some(WallClock::new()?)],
    };
    let mut run = Run::start(place, task.seed, clocks, None).await?;
    run.kill(task.size).await?;
    run.settle(Clock::system().now_micros() + SOON).await?;
    run.report().await
}

/// The same while the clock by which they come is stepped both ways: each step comes once by whatever clock, and what
/// is due by the right one has come two seconds after it was put right.
pub(super) async fn killed_while_the_clock_is_stepped(task: Task) -> anyhow::Result<String> {
    let (place, clock) = Place::at_own_clock(task.backend)?;
    let clocks = match task.backend {
        Backend::Sqlite => vec![Some(clock.clone())],
        Backend::Postgres => vec![None, None],
    };
    let mut run = Run::start(place, task.seed, clocks, Some(clock.clone())).await?;
    run.kill(task.size).await?;
    run.step(&clock, 0)?;
    tokio::time::sleep(IN_TIME).await;
    let due = clock.now_micros() - i64::try_from(IN_TIME.as_micros())?;
    let left = run.place.number(&format!("SELECT count(*) FROM timer WHERE due_at <= {due}")).await?;
    ensure!(left == 0, "{left} steps are not there two seconds after the clock was put right");
    run.step(&clock, LATER)?;
    run.settle(clock.now_micros()).await?;
    run.report().await
}

struct Run {
    place: Place,
    random: StdRng,
    /// Of each server; none: the machine's.
    clocks: Vec<Option<WallClock>>,
    /// Of the database, if it is the one that is stepped.
    clock: Option<WallClock>,
    servers: Vec<Server>,
    /// Since when a server has answered without a break, and since when none had that looked.
    up_since: Instant,
    down_since: Instant,
    /// The longest time without a server that looked.
    outage: Duration,
    /// The longest step forward of the database's clock.
    forward: Duration,
    steps: u64,
    made: usize,
    acknowledged: [i64; ALL.len()],
}

impl Run {
    async fn start(
        place: Place,
        seed: u64,
        clocks: Vec<Option<WallClock>>,
        clock: Option<WallClock>,
    ) -> anyhow::Result<Self> {
        let mut servers = Vec::new();
        for clock in &clocks {
            servers.push(Server::start_with(&place, with(clock)).await?);
        }
        subjects::prepare(&servers[0].client).await?;
        Ok(Self {
            place,
            random: StdRng::seed_from_u64(seed),
            clocks,
            clock,
            servers,
            up_since: Instant::now(),
            down_since: Instant::now(),
            outage: Duration::ZERO,
            forward: Duration::ZERO,
            steps: 0,
            made: 0,
            acknowledged: [0; ALL.len()],
        })
    }

    /// Kills servers so many times, each time while something is made or becomes due.
    async fn kill(&mut self, times: u64) -> anyhow::Result<()> {
        for _ in 0..times {
            let mut makers = self.make();
            self.pause(1_200).await;
            if self.random.random_bool(0.4) {
                self.step_one()?;
            }
            self.pause(1_200).await;
            let victim = self.random.random_range(0..self.servers.len());
            self.servers[victim].kill()?;
            if self.up_since.elapsed() >= LOOK {
                self.down_since = Instant::now();
            }
            self.pause(300).await;
            self.servers[victim] = Server::start_with(&self.place, with(&self.clocks[victim])).await?;
            self.up_since = Instant::now();
            // Where another server runs, nothing is an outage.
            if self.servers.len() == 1 {
                self.outage = self.outage.max(self.down_since.elapsed());
            }
            while let Some(made) = makers.join_next().await {
                let (kind, is_acknowledged) = made?;
                self.acknowledged[kind] += i64::from(is_acknowledged);
            }
        }
        Ok(())
    }

    async fn pause(&mut self, longest: u64) {
        tokio::time::sleep(Duration::from_millis(self.random.random_range(0..longest))).await;
    }

    /// Some of each kind, each by a server of its own choice; gives which kind, and whether it was acknowledged.
    fn make(&mut self) -> JoinSet<(usize, bool)> {
        let now = self.clock.as_ref().map_or_else(|| Clock::system().now_micros(), WallClock::now_micros);
        let mut makers = JoinSet::new();
        for (place, kind) in ALL.into_iter().enumerate() {
            for _ in 0..kind.at_once {
                self.made += 1;
                let (n, app) = (self.made, self.servers[self.random.random_range(0..self.servers.len())].app.clone());
                makers.spawn(async move { (place, (kind.make)(&app, n, now).await.is_ok()) });
            }
        }
        makers
    }

    /// Steps the clock of the database, or else one of the servers', if they have clocks of their own.
    fn step_one(&mut self) -> anyhow::Result<()> {
        let of_server = self.clocks[self.random.random_range(0..self.clocks.len())].clone();
        match self.clock.clone().or(of_server) {
            Some(clock) => {
                let ahead = self.random.random_range(-WRONG..=WRONG);
                self.step(&clock, ahead)
            }
            None => Ok(()),
        }
    }

    fn step(&mut self, clock: &WallClock, ahead: i64) -> anyhow::Result<()> {
        self.steps += 1;
        if self.clock.is_some() {
            let forward = Duration::from_secs(u64::try_from(ahead - clock.ahead()).unwrap_or(0));
            self.forward = self.forward.max(forward);
        }
        clock.step_to(ahead)?;
        self.servers.iter_mut().try_for_each(Server::sign_again)
    }

    /// Waits until everything has come that is due by then, by the database's clock.
    async fn settle(&self, until: i64) -> anyhow::Result<()> {
        let begun = Instant::now();
        let due = format!("SELECT count(*) FROM timer WHERE due_at <= {until}");
        while self.place.number(&due).await? > 0 {
            ensure!(begun.elapsed() < Duration::from_secs(100), "steps do not come that are due");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Looks at everything.
    async fn report(mut self) -> anyhow::Result<String> {
        let mut told = String::new();
        for (kind, acknowledged) in ALL.iter().zip(self.acknowledged) {
            let (made, steps, latest) = kind.check(&self.place, acknowledged).await?;
            ensure!(steps > 0, "none of {made} {} came to a step", kind.name);
            let latest = Duration::from_micros(u64::try_from(latest)?);
            let limit = self.outage + self.forward + IN_TIME;
            ensure!(latest <= limit, "{}: a step came {latest:?} late, and {limit:?} were the limit", kind.name);
            told += &format!("{made} {} ({acknowledged} acknowledged), {steps} steps, each once, ", kind.name);
            told += &format!("at most {} ms late; ", latest.as_millis());
        }
        for server in &mut self.servers {
            server.terminate().await?;
        }
        Ok(format!(
            "{told}outages to {} ms, {} clock steps, forward to {} s",
            self.outage.as_millis(),
            self.steps,
            self.forward.as_secs()
        ))
    }
}

fn with(clock: &Option<WallClock>) -> With {
    With { clock: clock.clone(), ..With::default() }
}
