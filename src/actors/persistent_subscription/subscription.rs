//! One subscription: its machine behind a short lock, and the writes of its state.

use super::{
    definition::Definition,
    error::SubscriptionError,
    machine::{ClaimId, Figures, Given, Machine, ParkedEvent, Wish},
    sealing::Sealer,
    stored::{self, Loaded, Write},
};
use crate::{
    actors::{
        api::{RequestError, WAIT_MAX},
        support::now,
    },
    store::{
        KindId, Stream,
        journal::{Checkpoint, CommitError, Journal, Submission, SubmitError},
    },
    sync,
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedMutexGuard, oneshot, watch},
    time::timeout,
};

/// The attempts to write while the journal is being recovered.
const WRITES_MAX: usize = 3;

/// Positions that were passed without a wanted event before that is written.
const PASSED_MAX: u64 = 16_384;

/// A write under way: the receiver of its outcome.
type Writing = oneshot::Receiver<Result<(), CommitError>>;

/// One subscription.
pub struct Subscription {
    pub(super) id: u16,
    kind: KindId,
    journal: Arc<dyn Journal>,
    sealer: Arc<Sealer>,
    state: Mutex<State>,
    /// The version of the state that is on disk.
    stored: Arc<AtomicU64>,
    /// Held while events are read for a claim, so that each is read once.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// Rises when events may have become free.
    freed: watch::Sender<u64>,
}

struct State {
    definition: Arc<Definition>,
    machine: Machine,
    /// The version of the state in which the definition changed.
    defined: u64,
    /// The version of the state that was written last.
    written: u64,
    /// The position of the last write.
    written_position: u64,
    /// Whether it is deleted, or is being deleted.
    is_gone: bool,
    ahead: Ahead,
}

/// The wanted events that were counted and not looked at for a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// The position up to which they were counted.
    pub up_to: u64,
    /// Their number.
    pub events: u64,
}

impl Subscription {
    pub(super) fn new(
        loaded: Loaded,
        kind: KindId,
        (journal, sealer): (Arc<dyn Journal>, Arc<Sealer>),
    ) -> Self {
        let Loaded { id, definition, machine } = loaded;
        let reached = machine.reached();
        let state = State {
            definition: Arc::new(definition),
            defined: 0,
            written: 0,
            written_position: reached,
            is_gone: false,
            ahead: Ahead { up_to: reached, events: 0 },
            machine,
        };
        Self {
            id,
            kind,
            journal,
            sealer,
            state: Mutex::new(state),
            stored: Arc::default(),
            reading: Arc::default(),
            freed: watch::Sender::new(0),
        }
    }

    /// The definition.
    pub fn definition(&self) -> Arc<Definition> {
        Arc::clone(&sync::lock(&self.state).definition)
    }

    /// A receiver that changes when events may have become free.
    pub fn freed(&self) -> watch::Receiver<u64> {
        self.freed.subscribe()
    }

    /// Waits for the turn to read events for a claim.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.reading).lock_owned().await
    }

    /// Claims waiting events. Also returns the position up to which the journal was looked at, and
    /// how many events may be offered.
    ///
    /// # Errors
    /// When the subscription is deleted, or there are too many claims.
    pub fn claim(&self, wish: &Wish) -> Result<(Vec<Given>, u64, usize), SubscriptionError> {
        let mut state = sync::lock(&self.state);
        state.check_exists()?;
        let given = state.machine.claim(now().0, wish)?;
        Ok((given, state.machine.reached(), state.machine.room()))
    }

    /// Gives all events of a claim back that did not reach its consumer.
    pub fn give_back(&self, id: ClaimId) {
        let _ = sync::lock(&self.state).machine.release(now().0, id, None, (0, false));
        self.free();
    }

    /// Settles events of a claim that its consumer does not get. No caller waits until that is
    /// on disk.
    pub fn pass_over(&self, id: ClaimId, events: &[u64]) {
        let _ = sync::lock(&self.state).machine.acknowledge(now().0, id, Some(events));
    }

    /// The time until an event may become free by itself.
    ///
    /// # Errors
    /// When the subscription is deleted.
    pub fn due_within(&self) -> Result<Option<Duration>, SubscriptionError> {
        let state = sync::lock(&self.state);
        state.check_exists()?;
        let now_ms = now().0;
        let due = state.machine.next_due_ms(now_ms);
        Ok(due.map(|due| Duration::from_millis(due.saturating_sub(now_ms).max(1))))
    }

    /// The parked events after a position, at most so many.
    pub fn parked_after(&self, position: u64, events_max: usize) -> Vec<(u64, ParkedEvent)> {
        sync::lock(&self.state).machine.parked_after(position, events_max)
    }

    /// Uses the machine, and returns when its state is on disk. One write is enough for all changes.
    ///
    /// # Errors
    /// When the subscription is deleted, `use_it` returns an error, or the disk does not take it.
    pub async fn change<T, E>(
        &self,
        use_it: impl FnOnce(&mut Machine, u64) -> Result<T, E>,
    ) -> Result<T, SubscriptionError>
    where
        SubscriptionError: From<E>,
    {
        let (outcome, writing) = {
            let mut state = sync::lock(&self.state);
            state.check_exists()?;
            let outcome = use_it(&mut state.machine, now().0)?;
            let is_stored = state.machine.version() <= self.stored.load(Ordering::Acquire);
            let writing = if is_stored { None } else { Some(self.write(&mut state)?) };
            (outcome, writing)
        };
        self.free();
        if let Some(writing) = writing {
            written(writing).await?;
        }
        Ok(outcome)
    }

    /// Tells waiting consumers that events may have become free.
    pub fn free(&self) {
        self.freed.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Takes events of the next stretch of the journal, and writes the position when that is due.
    pub fn offer(&self, events: &[(u64, Stream)], after: u64, reached: u64) {
        let mut state = sync::lock(&self.state);
        if after != state.machine.reached() || state.is_gone {
            return;
        }
        state.machine.offer(events, after, reached);
        let ahead = &mut state.ahead;
        if reached >= ahead.up_to {
            *ahead = Ahead { up_to: reached, events: 0 };
        } else {
            ahead.events = ahead.events.saturating_sub(events.len() as u64);
        }
        let passed = state.machine.position().saturating_sub(state.written_position);
        if state.machine.version() > state.written || passed > PASSED_MAX {
            // No caller waits for it. It is written again with the next change when it fails.
            let _ = self.write(&mut state);
        }
    }

    /// The wanted events that were counted ahead of the claims.
    pub fn ahead(&self) -> Ahead {
        sync::lock(&self.state).ahead
    }

    /// Adds events that were counted between two positions, unless others were counted meanwhile.
    pub fn count_ahead(&self, after: u64, counted: Ahead) {
        let ahead = &mut sync::lock(&self.state).ahead;
        if ahead.up_to == after {
            *ahead = Ahead { up_to: counted.up_to, events: ahead.events + counted.events };
        }
    }

    /// Stores another definition.
    ///
    /// # Errors
    /// When the subscription is deleted, or the disk does not take it.
    pub async fn redefine(&self, definition: Definition) -> Result<(), SubscriptionError> {
        let writing = {
            let mut state = sync::lock(&self.state);
            state.check_exists()?;
            state.machine.set_attempts_max(definition.attempts_max);
            state.definition = Arc::new(definition);
            state.machine.touch();
            state.defined = state.machine.version();
            self.write(&mut state)?
        };
        written(writing).await
    }

    /// Stores the definition again with the next write.
    pub(super) fn renew(&self) {
        let mut state = sync::lock(&self.state);
        state.machine.touch();
        state.defined = state.machine.version();
        // It is written again with the next change when this fails.
        let _ = self.write(&mut state);
    }

    /// Removes the subscription from the disk.
    ///
    /// # Errors
    /// When it is deleted already, or the disk does not take it. Then it goes on.
    pub(super) async fn remove(&self) -> Result<(), SubscriptionError> {
        let writing = {
            let mut state = sync::lock(&self.state);
            state.check_exists()?;
            state.is_gone = true;
            let parked = state.machine.parked_or_changed();
            self.submit(&stored::removal(self.id, parked), None)
        };
        let removed = match writing {
            Ok(writing) => written(writing).await,
            Err(error) => Err(error),
        };
        if removed.is_err() {
            // It is in doubt what is on disk: all of it is written again.
            let mut state = sync::lock(&self.state);
            state.is_gone = false;
            state.machine.touch_all();
            state.defined = state.machine.version();
        }
        self.free();
        removed
    }

    /// Writes everything that is not on disk yet.
    fn write(&self, state: &mut State) -> Result<Writing, SubscriptionError> {
        let stored = self.stored.load(Ordering::Acquire);
        let changes = state.machine.changes_since(stored);
        let (version, position) = (changes.version, changes.progress.reached);
        let sealed = (state.defined > stored).then(|| self.sealer.sealed(&state.definition));
        let sealed = sealed.transpose().map_err(RequestError::Failed)?;
        let writes = stored::writes(self.id, sealed.as_ref(), changes);
        let writing = self.submit(&writes, Some(version))?;
        (state.written, state.written_position) = (version, position);
        Ok(writing)
    }

    /// Submits values. They are written in one commit, and `version` is then on disk.
    fn submit(&self, writes: &[Write], version: Option<u64>) -> Result<Writing, SubscriptionError> {
        let mut failed = SubmitError::Stale;
        for _ in 0..WRITES_MAX {
            let generation = self.journal.generation();
            let (sender, writing) = oneshot::channel();
            let stored = Arc::clone(&self.stored);
            let done = Box::new(move |outcome: Result<(), CommitError>| {
                if let (Ok(()), Some(version)) = (&outcome, version) {
                    stored.fetch_max(version, Ordering::AcqRel);
                }
                let _ = sender.send(outcome);
            });
            // The submission has no records. It tells when the checkpoint before it is on disk, and
            // its number leads to the partition of the checkpoint.
            let stream = Stream { kind: self.kind, number: u64::from(self.kind.0) };
            let submission =
                Submission { done: Some(done), ..Submission::of(stream, generation, now()) };
            let conversations = writes.to_vec();
            let checkpoint =
                Checkpoint { subscriber: self.kind, generation, position: 0, conversations };
            let queued = self.journal.checkpoint(checkpoint).map_err(|(error, _)| error);
            match queued.and_then(|()| self.journal.submit(submission)) {
                Ok(_) => return Ok(writing),
                Err(SubmitError::Stale) => failed = SubmitError::Stale,
                Err(error) => return Err(error.into()),
            }
        }
        Err(failed.into())
    }

    /// The figures, at this moment.
    pub fn figures(&self) -> Figures {
        sync::lock(&self.state).machine.figures(now().0)
    }
}

impl State {
    fn check_exists(&self) -> Result<(), SubscriptionError> {
        if self.is_gone {
            return Err(SubscriptionError::Unknown(self.definition.name.clone()));
        }
        Ok(())
    }
}

/// Waits until a write is on disk.
async fn written(writing: Writing) -> Result<(), SubscriptionError> {
    let late = |_| RequestError::Failed("the journal did not store it in time".to_owned());
    let outcome = timeout(WAIT_MAX, writing).await.map_err(late)?;
    let closed = |_| RequestError::Failed("the journal is closed".to_owned());
    Ok(outcome.map_err(closed)?.map_err(RequestError::from)?)
}
