//! The reading of events for the claims of subscriptions, and their count.

use super::Runtime;
use crate::{
    actors::{
        api::{AggregateEvent, Caller, EventFilter, ReadLimits, RequestError, Sights},
        persistent_subscription::{Ahead, Given, Subscription, SubscriptionError, Wish},
        support::{now, run_blocking},
    },
    sync::CountGuard,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// The records that are read at once.
const RECORDS_AT_ONCE: usize = 1_024;

/// The events that are claimed and shown at once.
const EVENTS_AT_ONCE: usize = 256;

/// The bytes of the events of a claim after which it takes no further ones.
const CLAIM_BYTES: usize = 4 << 20;

/// The fewest records that are read at once.
const RECORDS_MIN: usize = 64;

/// The records that one look for wanted events passes.
const RECORDS_PER_LOOK: usize = 65_536;

/// The longest time that a claim without a wait looks through unwanted records.
const LOOKING_MAX: Duration = Duration::from_secs(2);

/// The shortest time between two looks of a waiting consumer, so that one look takes many events
/// under load.
const PACE: Duration = Duration::from_millis(5);

/// The records that one question for the lag counts.
const COUNTED_RECORDS_MAX: usize = 16_384;

/// A function that shows an event to consumers.
pub type ShowEvent = fn(&AggregateEvent) -> String;

/// An event of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedEvent {
    /// Its position.
    pub position: u64,
    /// How often it was given to a consumer since the start of the server, with this time.
    pub attempts: u32,
    /// The path of its aggregate as it is shown, for the order: equal for events of one aggregate.
    pub aggregate: (u16, u64),
    /// The event as it is shown.
    pub shown: String,
}

/// The events of a claim, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The events.
    pub events: Vec<ClaimedEvent>,
    /// The end of the lease, in milliseconds since the epoch.
    pub until_ms: u64,
}

/// The events of a claim that is being made: those without a text are read at the end.
pub(super) type Texts = BTreeMap<u64, (Given, Option<ClaimedEvent>)>;

impl Runtime {
    /// Claims events for a consumer, and waits for them at most so long. When it is dropped while
    /// events are read, the claim may be made; its events come again when the lease is over.
    ///
    /// # Errors
    /// When there is no such subscription, or the journal cannot be read now.
    pub async fn claim(
        &self,
        name: &str,
        wish: Wish,
        (wait, show): (Duration, ShowEvent),
        caller: &Caller,
    ) -> Result<Claimed, SubscriptionError> {
        let subscription = self.parts.subscriptions.get(name, caller)?;
        let begun = Instant::now();
        let (mut arrivals, mut freed) = (self.parts.subscriptions.arrivals(), subscription.freed());
        let _waiting = CountGuard::new(&self.parts.subscriptions.waiting);
        loop {
            arrivals.borrow_and_update();
            freed.borrow_and_update();
            let turn = subscription.turn().await;
            let (runtime, of, wish) = (self.clone(), Arc::clone(&subscription), wish.clone());
            let looked = run_blocking(move || {
                let looked = runtime.look(&of, &wish, show);
                drop(turn);
                looked
            });
            let (claimed, is_at_end) = looked.await.map_err(RequestError::Failed)??;
            if !claimed.events.is_empty() {
                return Ok(claimed);
            }
            let left = if is_at_end { wait } else { wait.max(LOOKING_MAX) };
            let Some(left) = left.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())
            else {
                return Ok(claimed);
            };
            if is_at_end {
                let due = subscription.due_within()?.unwrap_or(left);
                tokio::select! {
                    changed = arrivals.changed() => drop(changed),
                    changed = freed.changed() => drop(changed),
                    () = sleep(left.min(due)) => {}
                }
                sleep(PACE.min(left)).await;
            }
        }
    }

    /// Claims events that are there. Returns whether all records were looked at. Blocking.
    fn look(
        &self,
        subscription: &Subscription,
        wish: &Wish,
        show: ShowEvent,
    ) -> Result<(Claimed, bool), SubscriptionError> {
        let definition = subscription.definition();
        let sights = self.sights(&definition.reader());
        let wanted = (&definition.filter, &sights);
        let until_ms = now().0.saturating_add(wish.lease_ms);
        let mut texts = Texts::new();
        let gathered = self.gather(subscription, wanted, (wish, show), &mut texts);
        // An error after some events were found does not take them away.
        let is_at_end = match gathered {
            Ok(is_at_end) => is_at_end,
            Err(error) if texts.is_empty() => return Err(error),
            Err(_) => false,
        };
        if let Err(error) = self.read_missing(wanted, show, &mut texts) {
            subscription.give_back(wish.id);
            return Err(error.into());
        }
        // What the owner may no longer see is not delivered: its rights have changed.
        let hidden = texts.iter().filter(|(_, (_, event))| event.is_none());
        subscription.pass_over(wish.id, &hidden.map(|(position, _)| *position).collect::<Vec<_>>());
        let events = texts.into_values().filter_map(|(given, event)| {
            event.map(|event| ClaimedEvent { attempts: given.attempts, ..event })
        });
        let claimed = Claimed { events: events.collect(), until_ms };
        Ok((claimed, is_at_end))
    }

    /// Claims waiting events, and then those of the next records.
    fn gather(
        &self,
        subscription: &Subscription,
        wanted: (&EventFilter, &Sights),
        (wish, show): (&Wish, ShowEvent),
        texts: &mut Texts,
    ) -> Result<bool, SubscriptionError> {
        let mut looked_at = 0;
        let mut fresh: BTreeMap<u64, ClaimedEvent> = BTreeMap::new();
        loop {
            let events_max = (wish.events_max - texts.len()).min(EVENTS_AT_ONCE);
            let (given, after, room) = subscription.claim(&Wish { events_max, ..wish.clone() })?;
            let is_filled = given.len() == events_max;
            for given in given {
                texts.insert(given.position, (given, fresh.remove(&given.position)));
            }
            self.read_missing(wanted, show, texts)?;
            let shown_events = texts.values().filter_map(|(_, event)| event.as_ref());
            let bytes: usize = shown_events.map(|event| event.shown.len()).sum();
            if texts.len() == wish.events_max || bytes > CLAIM_BYTES {
                return Ok(true);
            }
            if is_filled {
                continue;
            }
            let missing = (wish.events_max - texts.len()).min(room).min(EVENTS_AT_ONCE);
            if missing == 0 || after >= self.durable() {
                return Ok(true);
            }
            if looked_at >= RECORDS_PER_LOOK {
                return Ok(false);
            }
            let records = missing.clamp(RECORDS_MIN, RECORDS_AT_ONCE);
            let limits = ReadLimits { events: missing, records, bytes: CLAIM_BYTES };
            let batch = self.filtered_events(wanted, after, limits)?;
            looked_at += records;
            let streams = batch.events.iter().map(|it| (it.header.position, it.header.stream));
            subscription.offer(&streams.collect::<Vec<_>>(), after, batch.reached);
            let events = batch.events.iter();
            fresh = events.map(|event| (event.header.position, shown(event, show))).collect();
        }
    }

    /// Reads the events that were looked at for an earlier claim.
    pub(super) fn read_missing(
        &self,
        (filter, sights): (&EventFilter, &Sights),
        show: ShowEvent,
        texts: &mut Texts,
    ) -> Result<(), RequestError> {
        let missing = texts.iter().filter(|(_, (_, event))| event.is_none());
        let mut missing: BTreeSet<u64> = missing.map(|(position, _)| *position).collect();
        while let Some(first) = missing.first().copied() {
            let reach = first + RECORDS_AT_ONCE as u64;
            let last = missing.range(..reach).next_back().copied().unwrap_or(first);
            let records = usize::try_from(last - first + 1).unwrap_or(RECORDS_AT_ONCE);
            let is_missing = |position: &u64| missing.contains(position);
            let batch = self.events(first - 1, records, &|header| is_missing(&header.position))?;
            if batch.reached < first {
                let reason = format!("the journal has no record at {first}");
                return Err(RequestError::Failed(reason));
            }
            for event in &batch.events {
                let position = event.header.position;
                let is_seen = filter.admits(&event.header, sights);
                if let Some((_, text)) = texts.get_mut(&position).filter(|_| is_seen) {
                    *text = Some(shown(event, show));
                }
            }
            missing = missing.split_off(&(batch.reached + 1));
        }
        Ok(())
    }

    /// Counts the wanted events that no claim has looked at, as far as the limit of records. What
    /// is counted is remembered. Blocking.
    pub(super) fn counted_ahead(&self, subscription: &Subscription) -> Result<Ahead, RequestError> {
        let definition = subscription.definition();
        let sights = self.sights(&definition.reader());
        let mut counted_records = 0;
        while counted_records < COUNTED_RECORDS_MAX {
            let after = subscription.ahead().up_to;
            if after >= self.durable() {
                break;
            }
            let limits =
                ReadLimits { events: usize::MAX, records: RECORDS_AT_ONCE, bytes: CLAIM_BYTES };
            let batch = self.filtered_events((&definition.filter, &sights), after, limits)?;
            let counted = Ahead { up_to: batch.reached, events: batch.events.len() as u64 };
            subscription.count_ahead(after, counted);
            counted_records += RECORDS_AT_ONCE;
        }
        Ok(subscription.ahead())
    }
}

fn shown(event: &AggregateEvent, show: ShowEvent) -> ClaimedEvent {
    let stream = event.header.stream;
    ClaimedEvent {
        position: event.header.position,
        attempts: 0,
        aggregate: (stream.kind.0, stream.number),
        shown: show(event),
    }
}
