//! The alarms of saga instances. An alarm is durable, and becomes a record when it goes off.

use super::SagaRunner;
use crate::{
    actors::{
        saga::{Cursor, RETRY_PAUSE},
        support::now,
    },
    domain::kernel::{Saga, Timestamp},
    store::{
        Cause, Payload, Stream,
        journal::{Entry, Submission},
    },
};
use actix::{AsyncContext, Context as ActixContext};
use std::{collections::BTreeSet, time::Duration};

/// The longest time between two checks whether the next alarm is due. The wall clock may have been
/// set forward meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The bit that marks the key of an alarm; the other bits are the instance's number.
pub(super) const ALARM_BIT: u64 = 1 << 63;

impl<S: Saga> SagaRunner<S> {
    /// Replaces the alarm of an instance.
    pub(super) fn set_alarm(
        &mut self,
        number: u64,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
        ctx: &mut ActixContext<Self>,
    ) {
        if before == after {
            return;
        }
        if let Some(time) = before {
            self.alarms.remove(&(time, number));
            self.put_off.remove(&(time, number));
        }
        if let Some(time) = after {
            self.alarms.insert((time, number));
            self.arm(ctx);
        }
        self.alarms_changed.insert(number, after);
    }

    /// Arms the timer for the next alarm.
    pub(super) fn arm(&mut self, ctx: &mut ActixContext<Self>) {
        let Some((time, _)) = self.alarms.first().copied() else { return };
        if self.armed.is_some_and(|(armed, _)| armed <= time) {
            return;
        }
        let pause = Duration::from_millis(time.0.saturating_sub(now().0));
        self.arm_in(pause.min(LOOK_EVERY), time, ctx);
    }

    fn arm_in(&mut self, pause: Duration, time: Timestamp, ctx: &mut ActixContext<Self>) {
        let handle = ctx.run_later(pause, Self::go_off);
        if let Some((_, earlier)) = self.armed.replace((time, handle)) {
            ctx.cancel_future(earlier);
        }
    }

    /// Writes a record for every alarm that is due. The instance takes it from the journal like any
    /// other.
    fn go_off(&mut self, ctx: &mut ActixContext<Self>) {
        self.armed = None;
        // Some alarms may have gone off already, as records that are still to be read.
        let Cursor { is_started, after, .. } = self.following;
        if !is_started || after < self.recovered_head || self.is_suspended() {
            return self.arm_in(RETRY_PAUSE, Timestamp(0), ctx);
        }
        while let Some((time, number)) = self.alarms.first().copied() {
            if time > now() {
                break;
            }
            if self.stops.holds(number) {
                self.put_off.extend(self.alarms.pop_first());
                continue;
            }
            match self.write_woken(number) {
                Ok(()) => drop(self.alarms.pop_first()),
                Err(because) => {
                    tracing::warn!(saga = S::NAME, number, because, "an alarm is late");
                    return self.arm_in(RETRY_PAUSE, Timestamp(0), ctx);
                }
            }
        }
        self.arm(ctx);
    }

    /// Makes postponed alarms due again, unless their instance is still parked.
    pub(super) fn let_alarms_go_off(&mut self, ctx: &mut ActixContext<Self>) {
        let (put_off, due) = std::mem::take(&mut self.put_off)
            .into_iter()
            .partition(|(_, number)| self.stops.holds(*number));
        self.put_off = put_off;
        self.alarms.extend::<BTreeSet<_>>(due);
        self.arm(ctx);
    }

    fn write_woken(&mut self, number: u64) -> Result<(), String> {
        let stream = Stream { kind: self.following.me, number };
        let after_version = if let Some(version) = self.versions.get(&number) {
            *version
        } else {
            self.following.journal.last_version(stream).map_err(|error| error.to_string())?
        };
        let submission = Submission {
            stream,
            after_version,
            generation: self.following.generation,
            entries: vec![Entry { payload: Payload::Woken, typed: None }],
            time: now(),
            correlation: number,
            cause: Cause::Alarm,
            answer: None,
            snapshot: None,
            leases: [Some(self.following.lease.clone()), None],
            done: None,
        };
        self.following.journal.submit(submission).map_err(|error| error.to_string())?;
        self.versions.insert(number, after_version + 1);
        Ok(())
    }
}
