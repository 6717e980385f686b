//! Recovery of the writer thread when it cannot write: refuse, discard the queue, wait, reopen the
//! store.
//!
//! ```text
//!            no space, read-only                    space is back
//! open ──────────────────────────▶ refusing ──────────────────────────▶ open
//!   │ a commit failed                                                     ▲
//!   └──▶ give up what waits ──▶ wait until the disk works ──▶ let go of ──┘
//!                               (reads go on up to the       the store, settle,
//!                               watermark)                   reopen, verify
//! ```

use super::{
    commit_queue::{CommitBatch, Intake, tell},
    integrity,
    shared::Shared,
    submission::CommitError,
};
use crate::store::{
    disk::{Disk, Refusal, reading, synced},
    sync::lock,
};
use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

/// The pause before the first attempt to reopen; each further one doubles it.
const REOPEN_PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest pause between two attempts to reopen.
const REOPEN_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Opens or refuses the intake according to the current state of the file system. Stops for good
/// when files of the store were deleted or replaced.
pub(in crate::store) fn look(shared: &Shared) {
    if matches!(lock(&shared.front).door, Intake::Stopped(_)) {
        return;
    }
    if let Err(because) = shared.files.check() {
        stop(shared, CommitBatch::default(), &because);
        return;
    }
    let Ok(disk) = shared.disk() else { return };
    let is_refusing = matches!(lock(&shared.front).door, Intake::Refusing(_));
    let found = disk.space.look(is_refusing);
    let mut front = lock(&shared.front);
    match (&front.door, found) {
        (Intake::Open | Intake::Refusing(_), Err(refusal)) => {
            front.door = Intake::Refusing(refusal);
            shared.publish(&front);
            drop(front);
            shared.turns.broke(&Arc::from(refusal.to_string()));
        }
        (Intake::Refusing(_), Ok(())) => {
            front.door = Intake::Open;
            shared.publish(&front);
            drop(front);
            shared.turns.healed();
            shared.subscribers.wake_all(shared.durable());
        }
        _ => {}
    }
}

/// Discards the queue, because the file system takes no writes. The store is untouched.
pub(in crate::store) fn refuse(shared: &Shared, load: CommitBatch, refusal: Refusal) {
    lose(shared, load, Intake::Refusing(refusal), CommitError::Refused(refusal));
    shared.turns.broke(&Arc::from(refusal.to_string()));
}

/// Discards the queue, and writes nothing until another process opens the store. Reads go on.
pub(in crate::store) fn stop(shared: &Shared, load: CommitBatch, because: &str) {
    let because: Arc<str> = Arc::from(because);
    {
        let mut front = lock(&shared.front);
        if matches!(front.door, Intake::Healing(_)) {
            front.door = Intake::Stopped(Arc::clone(&because));
        }
    }
    lose(
        shared,
        load,
        Intake::Stopped(Arc::clone(&because)),
        CommitError::InDoubt(Arc::clone(&because)),
    );
    shared.turns.broke(&because);
}

/// Stops as [`stop`] does, after a commit that found the files damaged. What sled still holds of
/// that commit in memory must not reach the files.
pub(in crate::store) fn stop_damaged(shared: &Shared, load: CommitBatch, because: &str) {
    // From here on reads end at the watermark: records above it are going to disappear.
    shared.is_in_doubt.store(true, Ordering::Release);
    if let Some(disk) = shared.kept_disk() {
        disk.db.abandon();
    }
    stop(shared, load, because);
}

/// Discards the queue, and reopens the store until it holds at least what was acknowledged, or the
/// journal is closed.
pub(in crate::store) fn heal(shared: &Shared, load: CommitBatch, because: &str) {
    // From here on reads end at the watermark: records above it may disappear.
    shared.is_in_doubt.store(true, Ordering::Release);
    let because: Arc<str> = Arc::from(because);
    lose(
        shared,
        load,
        Intake::Healing(Arc::clone(&because)),
        CommitError::InDoubt(Arc::clone(&because)),
    );
    shared.turns.broke(&because);
    let mut pause = REOPEN_PAUSE_MIN;
    while !pause_or_close(shared, pause) {
        if let Err(because) = shared.files.check() {
            return stop(shared, CommitBatch::default(), &because);
        }
        match mend(shared) {
            Ok(()) => {
                shared.turns.healed();
                return;
            }
            Err(door) => {
                let mut front = lock(&shared.front);
                if matches!(front.door, Intake::Healing(_) | Intake::Refusing(_)) {
                    front.door = door;
                }
            }
        }
        pause = (pause * 2).min(REOPEN_PAUSE_MAX);
    }
}

/// Reopens the store once the disk works again; until then the open one serves reads.
fn mend(shared: &Shared) -> Result<(), Intake> {
    let healing = |because: String| Intake::Healing(Arc::from(because));
    if let Some(disk) = shared.kept_disk() {
        disk.space.look(true).map_err(Intake::Refusing)?;
        disk.space.probe().map_err(|error| match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Intake::Refusing(Refusal::ReadOnly),
            io::ErrorKind::QuotaExceeded => Intake::Refusing(Refusal::Quota),
            _ => healing(error.to_string()),
        })?;
    }
    shared.let_go();
    reopen(shared).map_err(healing)
}

/// Discards everything above the watermark, and notifies all waiting callbacks and subscribers.
fn lose(shared: &Shared, load: CommitBatch, door: Intake, lost: CommitError) {
    let queued = {
        let mut front = lock(&shared.front);
        let queued = front.fail(door);
        shared.publish(&front);
        queued
    };
    let lost = Err(lost);
    tell(load.dones, &lost);
    tell(queued, &lost);
    // A subscriber may wait for a record that was discarded; waking it makes it read again.
    shared.subscribers.wake_all(shared.durable());
}

/// Waits for this pause; true when the journal is closing.
fn pause_or_close(shared: &Shared, pause: Duration) -> bool {
    let front = lock(&shared.front);
    let (front, _) = shared
        .hand_wakes
        .wait_timeout_while(front, pause, |front| !matches!(front.door, Intake::Closing))
        .unwrap_or_else(PoisonError::into_inner);
    matches!(front.door, Intake::Closing)
}

fn reopen(shared: &Shared) -> Result<(), String> {
    let acknowledged = shared.durable();
    synced::settle(&shared.dir).map_err(|error| error.to_string())?;
    let disk = Disk::open(&shared.dir, &shared.options).map_err(|error| error.because)?;
    let head = reading::head(&disk.db).map_err(|error| error.to_string())?;
    let durable = head.position;
    if durable < acknowledged {
        return Err(format!(
            "the disk holds {durable} records, but {acknowledged} were acknowledged"
        ));
    }
    if let Some(because) = integrity::behind(&disk.db, &head, &shared.mark.mark())? {
        return Err(because);
    }
    *shared.slot.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(disk));
    {
        let mut front = lock(&shared.front);
        if matches!(front.door, Intake::Closing) {
            return Ok(());
        }
        front.recover(head);
        shared.publish(&front);
        shared.is_in_doubt.store(false, Ordering::Release);
    }
    shared.subscribers.wake_all(durable);
    Ok(())
}
