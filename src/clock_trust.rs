//! Whether what the server does by itself may go by the clock. Pure: it gets its readings.
//!
//! A machine that boots with a clock days ahead would decide contests, close votes and let invitations expire, and
//! nothing of that is undone when the clock is put right. So a clock counts once it agrees with the last time that did;
//! where it is ahead but runs evenly for an hour, the long silence was real.
//!
//! A clock that is behind may be gone by all the same: what is due by it was due by the last time, too. Only it is not
//! trusted, so that it agrees at once when it is put right.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How far the clock may be behind the last time that was trusted, and differ from its own course.
const SLIP: i64 = 5 * 60 * 1_000_000;
/// How far it may be ahead of it.
const LEAP: i64 = crate::clock::DAY;
/// How long a doubted clock must run evenly to be believed.
const PROOF: Duration = Duration::from_secs(3_600);

/// What a reading of the clock is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It agrees.
    Agrees,
    /// It is behind the last time. `news`: this was not said before.
    Behind {
        /// To be told.
        news: bool,
    },
    /// It is ahead of what can be. `news`: this was not said before.
    Doubted {
        /// To be told.
        news: bool,
    },
    /// It did not agree, and ran evenly for so long that it is believed.
    Believed,
}

impl Verdict {
    /// Whether what is due by this reading may be done.
    pub(crate) fn may_act(self) -> bool {
        match self {
            Self::Agrees | Self::Behind { .. } | Self::Believed => true,
            Self::Doubted { .. } => false,
        }
    }

    /// Whether this reading is the last time that was trusted.
    pub(crate) fn is_trusted(self) -> bool {
        match self {
            Self::Agrees | Self::Believed => true,
            Self::Behind { .. } | Self::Doubted { .. } => false,
        }
    }
}

/// Judges readings of a clock.
#[derive(Debug, Default)]
pub(crate) struct ClockTrust {
    /// The reading at which doubt began, and when that was by a clock that nobody sets.
    doubt: Option<(i64, Instant)>,
}

impl ClockTrust {
    /// Judges `now`, read at `at`. `last`: the last time that was trusted; none: there is nothing yet to disagree with.
    pub(crate) fn judge(&mut self, last: Option<i64>, now: i64, at: Instant) -> Verdict {
        let agrees = last.is_none_or(|last| (last.saturating_sub(SLIP)..=last.saturating_add(LEAP)).contains(&now));
        if agrees {
            self.doubt = None;
            return Verdict::Agrees;
        }
        let is_behind = last.is_some_and(|last| now < last);
        let disagrees = |news| if is_behind { Verdict::Behind { news } } else { Verdict::Doubted { news } };
        let Some((reading, since)) = self.doubt else {
            self.doubt = Some((now, at));
            return disagrees(true);
        };
        let ran = at.saturating_duration_since(since);
        let expected = reading.saturating_add(crate::clock::micros(ran));
        if now.abs_diff(expected) > SLIP.unsigned_abs() {
            // It was set: another clock, whose proof begins again.
            self.doubt = Some((now, at));
            return disagrees(true);
        }
        if ran < PROOF {
            return disagrees(false);
        }
        self.doubt = None;
        Verdict::Believed
    }
}

/// Whether what is due by the clock may be done. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trusted(watch::Receiver<bool>);

impl Trusted {
    /// As told by what judges the clock.
    pub(crate) fn told(by: watch::Receiver<bool>) -> Self {
        Self(by)
    }

    /// Waits until it may.
    pub(crate) async fn wait(&mut self) {
        // Where nobody judges the clock any more the server is stopping, and nothing is to be done.
        if self.0.wait_for(|trusted| *trusted).await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_740_000_000_000_000;
    const MINUTE: i64 = 60_000_000;
    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn a_clock_near_the_last_time_agrees_at_once() {
        let at = Instant::now();
        for now in [NOON, NOON - 5 * MINUTE, NOON + 24 * HOUR] {
            assert_eq!(ClockTrust::default().judge(Some(NOON), now, at), Verdict::Agrees, "{now}");
        }
        assert_eq!(ClockTrust::default().judge(None, -5, at), Verdict::Agrees);
        for now in [NOON + 24 * HOUR + 1, i64::MAX] {
            assert_eq!(ClockTrust::default().judge(Some(NOON), now, at), Verdict::Doubted { news: true }, "{now}");
        }
    }

    #[test]
    fn a_clock_that_is_put_right_agrees() {
        let (mut trust, at) = (ClockTrust::default(), Instant::now());
        assert!(!trust.judge(Some(NOON), NOON + 72 * HOUR, at).may_act());
        assert_eq!(trust.judge(Some(NOON), NOON + MINUTE, at + Duration::from_secs(60)), Verdict::Agrees);
    }

    #[test]
    fn a_clock_that_was_put_back_is_gone_by_and_not_trusted_until_it_has_run_evenly() {
        let at = Instant::now();
        for now in [NOON - 5 * MINUTE - 1, -5, i64::MIN] {
            let mut trust = ClockTrust::default();
            let verdict = trust.judge(Some(NOON), now, at);
            assert_eq!(verdict, Verdict::Behind { news: true }, "{now}");
            assert!(verdict.may_act() && !verdict.is_trusted());
            assert_eq!(trust.judge(Some(NOON), NOON + MINUTE, at + Duration::from_secs(60)), Verdict::Agrees);
        }
        let mut trust = ClockTrust::default();
        trust.judge(Some(NOON), NOON - HOUR, at);
        assert_eq!(trust.judge(Some(NOON), NOON, at + PROOF), Verdict::Agrees);
        trust.judge(Some(NOON), NOON - 3 * HOUR, at);
        let verdict = trust.judge(Some(NOON), NOON - 2 * HOUR, at + PROOF);
        assert!(verdict == Verdict::Believed && verdict.is_trusted());
    }

    #[test]
    fn a_clock_that_runs_evenly_for_an_hour_is_believed() {
        let (mut trust, at) = (ClockTrust::default(), Instant::now());
        let ahead = NOON + 72 * HOUR;
        assert_eq!(trust.judge(Some(NOON), ahead, at), Verdict::Doubted { news: true });
        for minute in 1..60_u32 {
            let verdict =
                trust.judge(Some(NOON), ahead + i64::from(minute) * MINUTE, at + Duration::from_secs(60) * minute);
            assert_eq!(verdict, Verdict::Doubted { news: false });
        }
        assert_eq!(trust.judge(Some(NOON), ahead + HOUR, at + PROOF), Verdict::Believed);
    }

    #[test]
    fn a_clock_that_is_set_meanwhile_proves_itself_anew() {
        let (mut trust, at) = (ClockTrust::default(), Instant::now());
        let half = at + PROOF / 2;
        trust.judge(Some(NOON), NOON + 72 * HOUR, at);
        assert_eq!(trust.judge(Some(NOON), NOON + 90 * HOUR, half), Verdict::Doubted { news: true });
        assert!(!trust.judge(Some(NOON), NOON + 90 * HOUR + HOUR / 2, at + PROOF).may_act());
        assert_eq!(trust.judge(Some(NOON), NOON + 91 * HOUR, half + PROOF), Verdict::Believed);
    }
}
