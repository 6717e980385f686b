//! The one hand that writes: it takes all that waits into one commit, makes it durable, says so,
//! and when the disk fails, heals the journal.
//!
//! ```text
//!        ┌────────────── take ◀── queue ◀── submit
//!        ▼
//!     one batch ──▶ flush ──▶ fsync ──▶ watermark ──▶ done, wake          (again)
//!        │ any error
//!        ▼
//!   shut the door ──▶ Lost ──▶ let go of the store ──▶ settle, reopen, verify ──▶ open the door
//! ```

use super::{
    codec,
    codec::Frame,
    disk,
    disk::Disk,
    front::{Answered, Door, Extra, Load},
    journal::{Checkpoint, Done, Lost, Shared},
    keys,
    kinds::concern,
    layout,
    layout::Totals,
    reading,
    record::{Record, Stream},
    sync::lock,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};

/// The pause before the first attempt to reopen; each further one doubles it.
const REOPEN_PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest pause between two attempts to reopen.
const REOPEN_PAUSE_MAX: Duration = Duration::from_secs(2);

/// In busy times the hand waits so long before it takes the next load: fewer and larger commits
/// cost everybody fewer changes of context than the wait costs time.
const GATHERING_PAUSE: Duration = Duration::from_micros(250);

/// A commit of so many submissions makes the times busy.
const BUSY_SUBMISSIONS: usize = 32;

/// Writes until the journal is closed.
pub(super) fn run(shared: &Shared) {
    let mut frame = Frame::default();
    let mut is_busy = false;
    loop {
        if is_busy {
            gather();
        }
        let Some(load) = next_load(shared) else { break };
        is_busy = load.dones.len() >= BUSY_SUBMISSIONS;
        // sled panics on some inconsistencies instead of returning them.
        let committed = catch_unwind(AssertUnwindSafe(|| commit(shared, &mut frame, &load)))
            .unwrap_or_else(|_| Err("the store panicked".to_owned()));
        match committed {
            Ok(totals) => acknowledge(shared, load, totals),
            Err(because) => {
                // Nobody may read what was lost and take it for what is there afterwards.
                shared.let_go();
                lose(shared, load, &because);
                heal(shared);
            }
        }
    }
    // Whoever still waits, waits for a position that was never given away.
    let waiting = {
        let mut front = lock(&shared.front);
        let waiting = front.fail(Arc::from("the journal is closed"));
        front.door = Door::Closed;
        waiting
    };
    tell(waiting, &Err(Lost(Arc::from("the journal is closed"))));
    shared.let_go();
}

#[expect(clippy::disallowed_methods, reason = "the hand has a thread of its own")]
fn gather() {
    thread::sleep(GATHERING_PAUSE);
}

/// Sleeps until something waits; `None` once the journal is closing and nothing does.
fn next_load(shared: &Shared) -> Option<Load> {
    let mut front = lock(&shared.front);
    while front.is_idle() {
        if matches!(front.door, Door::Closing) {
            return None;
        }
        front.hand_sleeps = true;
        front = shared.hand_wakes.wait(front).unwrap_or_else(PoisonError::into_inner);
        front.hand_sleeps = false;
    }
    Some(front.take(shared.options.commit_records_max))
}

fn commit(shared: &Shared, frame: &mut Frame, load: &Load) -> Result<Totals, String> {
    let disk = shared.disk()?;
    let mut totals = lock(&shared.front).durable_totals.clone();
    let mut batch = sled::Batch::default();
    layout::write_records(&mut batch, frame, &load.records, &mut totals);
    for extra in &load.extras {
        write_extra(&mut batch, extra);
    }
    disk.commit(batch)?;
    Ok(totals)
}

fn write_extra(batch: &mut sled::Batch, extra: &Extra) {
    match extra {
        Extra::Submitted { stream, answer, snapshot } => {
            if let Some((hash, answer)) = answer {
                batch.insert(&keys::answer(*hash), codec::frame(answer));
            }
            if let Some(snapshot) = snapshot {
                batch.insert(&keys::snapshot(*stream), codec::frame(snapshot));
            }
        }
        Extra::Checkpoint(checkpoint) => write_checkpoint(batch, checkpoint),
        Extra::Kind(kind, name) => {
            batch.insert(&keys::kind_name(*kind), codec::frame(name));
        }
    }
}

fn write_checkpoint(batch: &mut sled::Batch, checkpoint: &Checkpoint) {
    let Checkpoint { follower: kind, position, conversations, .. } = checkpoint;
    batch.insert(&keys::follower(*kind), codec::frame(position));
    for (number, state) in conversations {
        let key = keys::conversation(Stream { kind: *kind, number: *number });
        match state {
            Some(state) => batch.insert(&key, codec::frame(state)),
            None => batch.remove(&key),
        }
    }
}

fn acknowledge(shared: &Shared, load: Load, totals: Totals) {
    let reached = load.records.last().map(|record| record.position);
    let before = shared.durable();
    let waiting = {
        let mut front = lock(&shared.front);
        front.durable_totals = totals;
        let durable = reached.unwrap_or(front.durable);
        let waiting = front.advance(durable, shared.options.feed_records_max);
        shared.publish(&front);
        waiting
    };
    tell(load.dones, &Ok(()));
    tell(waiting, &Ok(()));
    if let Some(durable) = reached {
        let concern = |record: &Arc<Record>| concern(record.stream, &record.payload, record.cause);
        let concerned = load.records.iter().map(concern).collect();
        shared.subscribers.wake_durable(&concerned, before, durable);
    }
}

/// Nothing above the watermark stands any more, and everybody concerned is told.
fn lose(shared: &Shared, load: Load, because: &str) {
    let because: Arc<str> = Arc::from(because);
    let queued = {
        let mut front = lock(&shared.front);
        let queued = front.fail(Arc::clone(&because));
        shared.publish(&front);
        queued
    };
    let lost = Err(Lost(because));
    tell(load.dones, &lost);
    tell(queued, &lost);
}

/// Reopens the store until it holds at least what was acknowledged, or the journal is closed.
fn heal(shared: &Shared) {
    let mut pause = REOPEN_PAUSE_MIN;
    while !pause_or_close(shared, pause) {
        match reopen(shared) {
            Ok(()) => return,
            Err(because) => {
                let mut front = lock(&shared.front);
                if matches!(front.door, Door::Healing(_)) {
                    front.door = Door::Healing(Arc::from(because));
                }
            }
        }
        pause = (pause * 2).min(REOPEN_PAUSE_MAX);
    }
}

/// True when the journal is closing.
fn pause_or_close(shared: &Shared, pause: Duration) -> bool {
    let front = lock(&shared.front);
    let (front, _) = shared
        .hand_wakes
        .wait_timeout_while(front, pause, |front| !matches!(front.door, Door::Closing))
        .unwrap_or_else(PoisonError::into_inner);
    matches!(front.door, Door::Closing)
}

fn reopen(shared: &Shared) -> Result<(), String> {
    let acknowledged = shared.durable();
    disk::settle(&shared.dir).map_err(|error| error.to_string())?;
    let disk = Disk::open(&shared.dir, &shared.options).map_err(|error| error.because)?;
    let (durable, totals) = reading::last_commit(&disk.db).map_err(|error| error.to_string())?;
    if durable < acknowledged {
        return Err(format!(
            "the disk holds {durable} records, but {acknowledged} were acknowledged"
        ));
    }
    *shared.slot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(disk));
    {
        let mut front = lock(&shared.front);
        if matches!(front.door, Door::Closing) {
            return Ok(());
        }
        front.recover(durable, totals);
        shared.publish(&front);
    }
    shared.subscribers.wake_all(durable);
    Ok(())
}

/// One listener that panics must take neither the journal nor the others with it.
pub(super) fn tell(dones: Vec<Done>, answer: &Answered) {
    for done in dones {
        let answer = answer.clone();
        let _ = catch_unwind(AssertUnwindSafe(move || done(answer)));
    }
}
