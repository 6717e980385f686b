//! The pure state machine of a persistent subscription: which events are open, claimed or parked.
//!
//! ```text
//!            offer            claim             acknowledge
//! journal ──────────▶ waiting ─────▶ claimed ───────────────▶ settled
//!                      ▲   ▲           │  │
//!                      │   └───────────┘  │ park, or too many attempts
//!               replay │  release, expire ▼
//!                      └──────────────── parked ────▶ settled
//!                                               drop
//! ```
//! An event is open while it is waiting or claimed. Of each aggregate, an event is given only when
//! no earlier one is open, except in the same claim, and none is parked. So the events of an
//! aggregate are acknowledged in their order. An event behind a parked one is parked as well.
//!
//! Time comes in as a value, and so do the numbers of claims.

mod claims;
mod parking;
mod settling;
mod stored;

#[cfg(test)]
mod properties;

pub use parking::ParkedEvent;
pub use settling::{Acknowledged, Freed};
pub use stored::{Changes, Progress};

use crate::store::Stream;
use claims::{Claim, EndedClaims};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The reason of an event that is parked because of an earlier one.
const BEHIND: &str = "an earlier event of the aggregate is parked";

/// The number of a claim: the name of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(pub u64);

/// The limits of one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "each is an upper bound, with its unit")]
pub struct Bounds {
    /// The most events that are waiting or claimed.
    pub open_events_max: usize,
    /// The most parked events.
    pub parked_events_max: usize,
    /// The most claims at once.
    pub claims_max: usize,
    /// The deliveries of an event after which it is parked; `None` when it is delivered again and
    /// again.
    pub attempts_max: Option<u32>,
}

/// A wish for events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The number of the claim. The caller gives each number once.
    pub id: ClaimId,
    /// The most events of the claim.
    pub events_max: usize,
    /// The time until the lease runs out, in milliseconds.
    pub lease_ms: u64,
    /// What the consumer calls itself.
    pub consumer: Option<String>,
}

/// An event of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The position of the event.
    pub position: u64,
    /// How often the event was given to a consumer since the start, with this time.
    pub attempts: u32,
}

/// The reason why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lease ran out, or was never given, or all its events were settled long ago.
    #[error("this lease is over, or was never given; its events go to the next claim")]
    LeaseLost,
    /// The event is not part of the claim.
    #[error("the event is not part of this claim, or was given back")]
    NotClaimed(u64),
    /// An earlier event of the same aggregate is not acknowledged.
    #[error("an earlier event of the same aggregate is not acknowledged")]
    OutOfOrder(u64),
    /// The event is not parked.
    #[error("the event is not parked")]
    NotParked(u64),
    /// An earlier event of the same aggregate stays parked.
    #[error("an earlier event of the same aggregate is parked; replay or drop that first")]
    BehindParked(u64),
    /// There is no room for further parked events.
    #[error("as many events are parked as there may be; replay or drop some")]
    TooManyParked,
    /// There is no room for further open events.
    #[error("as many events are open as there may be; acknowledge some")]
    TooManyOpen,
    /// There is no room for further claims.
    #[error("as many claims are open as there may be")]
    TooManyClaims,
}

/// An event that is not settled.
#[derive(Clone, Copy, Debug)]
struct Open {
    stream: Stream,
    attempts: u32,
    status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// It waits for a consumer, from this time on, in milliseconds.
    Waiting { not_before_ms: u64 },
    /// A consumer has it.
    Claimed(ClaimId),
}

/// The state of one subscription.
#[derive(Clone, Debug)]
pub struct Machine {
    bounds: Bounds,
    /// The position up to which the journal was looked at.
    reached: u64,
    /// The last position of an event that was acknowledged or parked.
    last_settled: u64,
    open: BTreeMap<u64, Open>,
    waiting: BTreeSet<u64>,
    /// The positions of the open events of each aggregate.
    open_of: HashMap<Stream, BTreeSet<u64>>,
    parked: BTreeMap<u64, ParkedEvent>,
    /// The positions of the parked events of each aggregate.
    parked_of: HashMap<Stream, BTreeSet<u64>>,
    claims: BTreeMap<ClaimId, Claim>,
    ended: EndedClaims,
    /// Rises with each change that has to be stored.
    version: u64,
    /// The parked events that changed, each with the version of its last change, until that is
    /// stored.
    changed: BTreeMap<u64, u64>,
}

/// Figures of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// All events up to this position are acknowledged, parked, dropped or not wanted. A replay
    /// sets it back.
    pub position: u64,
    /// The position up to which the journal was looked at.
    pub reached: u64,
    /// The events that wait for a consumer.
    pub waiting: usize,
    /// The events that consumers have.
    pub claimed: usize,
    /// The parked events.
    pub parked: usize,
    /// The claims, oldest first: what the consumer calls itself, its events, and the end of its
    /// lease in milliseconds since the epoch.
    pub claims: Vec<(Option<String>, usize, u64)>,
}

impl Machine {
    /// The state of a subscription that starts after this position.
    pub fn starting_after(position: u64, bounds: Bounds) -> Self {
        Self {
            bounds,
            reached: position,
            last_settled: position,
            open: BTreeMap::new(),
            waiting: BTreeSet::new(),
            open_of: HashMap::new(),
            parked: BTreeMap::new(),
            parked_of: HashMap::new(),
            claims: BTreeMap::new(),
            ended: EndedClaims::default(),
            version: 0,
            changed: BTreeMap::new(),
        }
    }

    /// The position up to which the journal was looked at.
    pub const fn reached(&self) -> u64 {
        self.reached
    }

    /// The events that may be offered now.
    pub fn room(&self) -> usize {
        self.bounds.open_events_max.saturating_sub(self.open.len())
    }

    /// All events up to this position are settled or parked.
    pub fn position(&self) -> u64 {
        self.open.first_key_value().map_or(self.reached, |(first, _)| first.saturating_sub(1))
    }

    /// Takes the wanted events of the next stretch of the journal, which ends at `reached`, in
    /// order. A stretch that was taken already is ignored.
    pub fn offer(&mut self, events: &[(u64, Stream)], after: u64, reached: u64) {
        if after != self.reached || reached <= after {
            return;
        }
        self.reached = reached;
        for (position, stream) in events {
            self.open_event(*position, *stream);
        }
    }

    /// Claims up to so many waiting events.
    ///
    /// # Errors
    /// When there are too many claims.
    pub fn claim(&mut self, now_ms: u64, wish: &Wish) -> Result<Vec<Given>, Refusal> {
        self.expire(now_ms);
        let given = self.free_events(now_ms, wish.events_max);
        if given.is_empty() {
            return Ok(given);
        }
        if !self.claims.contains_key(&wish.id) && self.claims.len() >= self.bounds.claims_max {
            return Err(Refusal::TooManyClaims);
        }
        let until_ms = now_ms.saturating_add(wish.lease_ms);
        let claim = self
            .claims
            .entry(wish.id)
            .or_insert_with(|| Claim::new(until_ms, wish.consumer.clone()));
        let mut events = Vec::with_capacity(given.len());
        for position in given.iter().map(|given| given.position) {
            self.waiting.remove(&position);
            claim.events.insert(position);
            if let Some(open) = self.open.get_mut(&position) {
                open.attempts = open.attempts.saturating_add(1);
                open.status = Status::Claimed(wish.id);
                events.push(Given { position, attempts: open.attempts });
            }
        }
        Ok(events)
    }

    /// The waiting events that may be given now. Events behind a parked one are parked on the way.
    fn free_events(&mut self, now_ms: u64, events_max: usize) -> Vec<Given> {
        let (mut given, mut behind) = (Vec::new(), Vec::new());
        let (mut taken, mut blocked) = (HashSet::new(), HashSet::new());
        for position in &self.waiting {
            if given.len() >= events_max {
                break;
            }
            let Some(Open { stream, attempts, status }) = self.open.get(position) else { continue };
            if blocked.contains(stream) {
                continue;
            }
            if self.is_behind_parked(*position, *stream) {
                blocked.insert(*stream);
                behind.push((*position, *stream));
                continue;
            }
            let first = self.open_of.get(stream).and_then(BTreeSet::first);
            let is_next = first == Some(position) || taken.contains(stream);
            let is_due =
                matches!(status, Status::Waiting { not_before_ms } if *not_before_ms <= now_ms);
            if is_next && is_due {
                taken.insert(*stream);
                given.push(Given { position: *position, attempts: *attempts });
            } else {
                blocked.insert(*stream);
            }
        }
        for (position, stream) in behind {
            self.park_waiting_from(position, stream);
        }
        given
    }

    /// Makes an event wait, or parks it behind another one.
    fn open_event(&mut self, position: u64, stream: Stream) {
        if self.is_behind_parked(position, stream) && self.has_room_to_park(1) {
            return self.store_parked(position, ParkedEvent::new(stream, 0, BEHIND));
        }
        let status = Status::Waiting { not_before_ms: 0 };
        self.open.insert(position, Open { stream, attempts: 0, status });
        self.open_of.entry(stream).or_default().insert(position);
        self.waiting.insert(position);
    }

    /// Removes an event from the open ones.
    fn close_event(&mut self, position: u64) -> Option<Open> {
        let open = self.open.remove(&position)?;
        self.last_settled = self.last_settled.max(position);
        self.waiting.remove(&position);
        if let Some(of_stream) = self.open_of.get_mut(&open.stream) {
            of_stream.remove(&position);
            if of_stream.is_empty() {
                self.open_of.remove(&open.stream);
            }
        }
        Some(open)
    }

    /// The figures of the subscription at this time.
    pub fn figures(&mut self, now_ms: u64) -> Figures {
        self.expire(now_ms);
        let claims = self.claims.values();
        let claims: Vec<_> = claims
            .map(|claim| (claim.consumer.clone(), claim.events.len(), claim.until_ms))
            .collect();
        Figures {
            position: self.position(),
            reached: self.reached,
            waiting: self.waiting.len(),
            claimed: self.open.len() - self.waiting.len(),
            parked: self.parked.len(),
            claims,
        }
    }

    /// The next time at which an event may become free by itself, in milliseconds since the epoch.
    pub fn next_due_ms(&self, now_ms: u64) -> Option<u64> {
        let ends = self.claims.values().map(|claim| claim.until_ms);
        let starts =
            self.waiting.iter().filter_map(|position| match self.open.get(position)?.status {
                Status::Waiting { not_before_ms } => Some(not_before_ms).filter(|at| *at > now_ms),
                Status::Claimed(_) => None,
            });
        ends.chain(starts).min()
    }
}
