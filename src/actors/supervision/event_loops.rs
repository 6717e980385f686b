//! The event loops of the runtime, each a thread, with their heartbeats.
//!
//! A blocked loop cannot be ended from outside. A blocked shard loop is replaced by another one.
//! The old loop gets no more messages, and runs until it wakes up or the process ends.

use super::heartbeat::{BEAT_EVERY, Heartbeat};
use crate::actors::{api::WAIT_MAX, support::name_this_thread};
use actix::{Arbiter, ArbiterHandle};
use std::time::{Duration, Instant};

/// Loops that also read from disk, foreign loops and the disk itself may be silent this many times
/// longer than a shard.
const LENIENCE: u32 = 10;

/// The interval of the heartbeats of these loops: each one wakes a thread of an idle server.
const LENIENT_BEAT_EVERY: Duration = Duration::from_secs(1);

/// Upper bound of replaced event loops that are still blocked. Beyond it, no shard is replaced.
const GONE_MAX: usize = 8;

/// The time that a replaced loop runs after it has woken up. After that time it has forwarded all
/// of its messages.
const ENDS_AFTER: Duration = WAIT_MAX;

/// The role of an event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopRole {
    /// It runs the aggregates of the shard of this number.
    Shard(u32),
    /// It runs subscribers or projectors, or the gate driver.
    Subscribers,
}

/// An event loop of the runtime.
struct Loop {
    name: String,
    lives: LoopRole,
    arbiter: Arbiter,
    heartbeat: Heartbeat,
}

/// A foreign event loop, such as one of the HTTP server: monitored here, started and ended
/// elsewhere.
struct ForeignLoop {
    name: String,
    heartbeat: Heartbeat,
}

/// All event loops.
pub struct EventLoops {
    all: Vec<Loop>,
    /// Replaced loops that have not woken up.
    gone: Vec<(String, Arbiter, Heartbeat)>,
    guests: Vec<ForeignLoop>,
    blocked_after: Duration,
}

impl EventLoops {
    /// Creates an empty set. A shard without a heartbeat for `blocked_after` is blocked.
    pub const fn new(blocked_after: Duration) -> Self {
        Self { all: Vec::new(), gone: Vec::new(), guests: Vec::new(), blocked_after }
    }

    /// Starts a loop and returns its index.
    pub fn add(&mut self, name: String, lives: LoopRole) -> usize {
        let arbiter = arbiter(&name);
        let heartbeat = Heartbeat::of(&arbiter, beat_every(lives));
        self.all.push(Loop { name, lives, arbiter, heartbeat });
        self.all.len() - 1
    }

    /// Monitors a foreign loop. The returned future produces its heartbeat and has to run there
    /// until the loop ends.
    pub fn add_foreign_loop(&mut self, name: String) -> impl Future<Output = ()> + Send + use<> {
        let (heartbeat, heart) = Heartbeat::with_heart(LENIENT_BEAT_EVERY);
        self.guests.push(ForeignLoop { name, heartbeat });
        heart
    }

    /// Returns the handle of a loop.
    pub fn handle(&self, index: usize) -> ArbiterHandle {
        self.all[index].arbiter.handle()
    }

    /// Returns the index of this shard's loop.
    pub fn of_shard(&self, shard: u32) -> Option<usize> {
        self.all.iter().position(|one| one.lives == LoopRole::Shard(shard))
    }

    /// Returns the number of shards.
    pub fn shards(&self) -> usize {
        self.all.iter().filter(|one| matches!(one.lives, LoopRole::Shard(_))).count()
    }

    /// Reads all heartbeats. Removes replaced loops that have woken up and foreign loops that have
    /// ended.
    pub fn check(&mut self) {
        for one in &mut self.all {
            one.heartbeat.check();
        }
        self.gone.retain_mut(|(name, _, heartbeat)| {
            heartbeat.check();
            let is_asleep = heartbeat.looks > 0;
            if !is_asleep {
                tracing::warn!(name, "a replaced event loop has woken up");
            }
            is_asleep
        });
        self.guests.retain_mut(|foreign_loop| {
            foreign_loop.heartbeat.check();
            !foreign_loop.heartbeat.is_over()
        });
    }

    /// Returns whether this loop is blocked.
    pub fn is_blocked(&self, index: usize) -> bool {
        let Loop { lives, heartbeat, .. } = &self.all[index];
        heartbeat.is_silent_for(match lives {
            LoopRole::Shard(_) => self.blocked_after,
            LoopRole::Subscribers => self.leniently(),
        })
    }

    /// Returns how long a loop other than a shard may be silent, and how long a commit may take.
    pub fn leniently(&self) -> Duration {
        self.blocked_after * LENIENCE
    }

    /// Returns the names of all blocked loops, replaced or not.
    pub fn blocked(&self) -> Vec<String> {
        let blocked = (0..self.all.len()).filter(|index| self.is_blocked(*index));
        let mut names: Vec<_> = blocked.map(|index| self.all[index].name.clone()).collect();
        let guests = self
            .guests
            .iter()
            .filter(|foreign_loop| foreign_loop.heartbeat.is_silent_for(self.leniently()));
        names.extend(guests.map(|foreign_loop| foreign_loop.name.clone()));
        for (name, ..) in &self.gone {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Returns the blocked shards that may be replaced: index, number, and time of the last beat.
    pub fn replaceable(&self) -> Vec<(usize, u32, Instant)> {
        let left = GONE_MAX.saturating_sub(self.gone.len());
        let shards = self.all.iter().enumerate().filter_map(|(index, one)| match one.lives {
            LoopRole::Shard(shard) => Some((index, shard, one.heartbeat.last_beat)),
            LoopRole::Subscribers => None,
        });
        shards.filter(|(index, ..)| self.is_blocked(*index)).take(left).collect()
    }

    /// Replaces a blocked loop by a new one.
    pub fn replace(&mut self, index: usize) {
        let one = &mut self.all[index];
        let arbiter = arbiter(&one.name);
        let heartbeat = Heartbeat::of(&arbiter, beat_every(one.lives));
        let old = std::mem::replace(&mut one.arbiter, arbiter);
        let heartbeat = std::mem::replace(&mut one.heartbeat, heartbeat);
        old.spawn(async {
            tokio::time::sleep(ENDS_AFTER).await;
            Arbiter::current().stop();
        });
        self.gone.push((one.name.clone(), old, heartbeat));
    }

    /// Takes the loops of the subscribers, or those of the shards, out of the set.
    pub fn take(&mut self, of_subscribers: bool) -> Vec<Arbiter> {
        let is_wanted = |one: &mut Loop| (one.lives == LoopRole::Subscribers) == of_subscribers;
        self.all.extract_if(.., is_wanted).map(|one| one.arbiter).collect()
    }
}

/// The interval of the heartbeat of a loop with this role.
const fn beat_every(lives: LoopRole) -> Duration {
    match lives {
        LoopRole::Shard(_) => BEAT_EVERY,
        LoopRole::Subscribers => LENIENT_BEAT_EVERY,
    }
}

/// Starts an event loop on a thread of this name.
pub(super) fn arbiter(name: &str) -> Arbiter {
    let (arbiter, name) = (Arbiter::new(), name.to_owned());
    arbiter.spawn_fn(move || name_this_thread(&name));
    arbiter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::supervision::heartbeat::LOOK_EVERY;

    #[tokio::test]
    async fn a_foreign_loop_is_blocked_while_it_is_silent_and_removed_when_it_has_ended() {
        let mut loops = EventLoops::new(LOOK_EVERY);
        let heart = loops.add_foreign_loop("http 0".to_owned());
        (0..LENIENCE).for_each(|_| loops.check());
        assert_eq!(loops.blocked(), ["http 0"]);
        let beating = tokio::spawn(heart);
        let seen_to_beat = async {
            while !loops.blocked().is_empty() {
                tokio::task::yield_now().await;
                loops.check();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen_to_beat).await.expect("a beat");
        beating.abort();
        assert!(beating.await.is_err_and(|ended| ended.is_cancelled()));
        (0..LENIENCE).for_each(|_| loops.check());
        assert!(loops.blocked().is_empty(), "it has ended");
    }
}
