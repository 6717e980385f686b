//! The recovery of the journal when the writer thread cannot write to the disk.
//!
//! ```text
//!            no space, read-only                    space is back
//! open ──────────────────────────▶ refusing ──────────────────────────▶ open
//!   │ a commit failed                                                     ▲
//!   └──▶ discard the queue ──▶ wait until the disk works ──▶ close the ───┘
//!                              (reads continue up to the    store, rewrite its
//!                              watermark)                   pages, reopen, verify
//! ```

use super::{
    commit_queue::{CommitBatch, Intake, tell},
    integrity,
    owner_lists::OwnerLists,
    shared::Shared,
    submission::CommitError,
};
use crate::store::disk::{Disk, Refusal, reading, synced};
use crate::sync;
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
    if matches!(sync::lock(&shared.front).intake, Intake::Stopped(_)) {
        return;
    }
    if let Err(reason) = shared.files.check() {
        stop(shared, CommitBatch::default(), &reason);
        return;
    }
    let Ok(disk) = shared.disk() else { return };
    let is_refusing = matches!(sync::lock(&shared.front).intake, Intake::Refusing(_));
    let found = disk.space.look(is_refusing);
    let mut front = sync::lock(&shared.front);
    match (&front.intake, found) {
        (Intake::Open | Intake::Refusing(_), Err(refusal)) => {
            front.intake = Intake::Refusing(refusal);
            shared.publish(&front);
            drop(front);
            shared.availability.unavailable(&Arc::from(refusal.to_string()));
        }
        (Intake::Refusing(_), Ok(())) => {
            front.intake = Intake::Open;
            shared.publish(&front);
            drop(front);
            shared.availability.recovered();
            shared.subscribers.wake_all(shared.durable());
        }
        _ => {}
    }
}

/// Discards the queue, because the file system accepts no writes. The store is unchanged.
pub(in crate::store) fn refuse(shared: &Shared, load: CommitBatch, refusal: Refusal) {
    lose(shared, load, Intake::Refusing(refusal), CommitError::Refused(refusal));
    shared.availability.unavailable(&Arc::from(refusal.to_string()));
}

/// Discards the queue, and writes nothing until another process opens the store. Reads continue.
pub(in crate::store) fn stop(shared: &Shared, load: CommitBatch, reason: &str) {
    let reason: Arc<str> = Arc::from(reason);
    {
        let mut front = sync::lock(&shared.front);
        if matches!(front.intake, Intake::Recovering(_)) {
            front.intake = Intake::Stopped(Arc::clone(&reason));
        }
    }
    lose(
        shared,
        load,
        Intake::Stopped(Arc::clone(&reason)),
        CommitError::InDoubt(Arc::clone(&reason)),
    );
    shared.availability.unavailable(&reason);
}

/// Stops as [`stop`] does, after a commit that found the files damaged. The data of that commit in
/// sled's memory must not reach the files.
pub(in crate::store) fn stop_damaged(shared: &Shared, load: CommitBatch, reason: &str) {
    // After this, reads end at the watermark, because records above it are going to disappear.
    shared.is_in_doubt.store(true, Ordering::Release);
    if let Some(disk) = shared.kept_disk() {
        disk.db.abandon();
    }
    stop(shared, load, reason);
}

/// Discards the queue, and reopens the store until it holds all acknowledged records, or the
/// journal is closed.
pub(in crate::store) fn recover(shared: &Shared, load: CommitBatch, reason: &str) {
    // After this, reads end at the watermark, because records above it may disappear.
    shared.is_in_doubt.store(true, Ordering::Release);
    // Deleted files make a commit fail, too. The reason is then that they were deleted.
    if let Err(reason) = shared.files.check() {
        return stop(shared, load, &reason);
    }
    let reason: Arc<str> = Arc::from(reason);
    lose(
        shared,
        load,
        Intake::Recovering(Arc::clone(&reason)),
        CommitError::InDoubt(Arc::clone(&reason)),
    );
    shared.availability.unavailable(&reason);
    let mut pause = REOPEN_PAUSE_MIN;
    while !pause_or_close(shared, pause) {
        if let Err(reason) = shared.files.check() {
            return stop(shared, CommitBatch::default(), &reason);
        }
        match try_reopen(shared) {
            Ok(()) => {
                shared.availability.recovered();
                return;
            }
            Err(intake) => {
                let mut front = sync::lock(&shared.front);
                if matches!(front.intake, Intake::Recovering(_) | Intake::Refusing(_)) {
                    front.intake = intake;
                }
            }
        }
        pause = (pause * 2).min(REOPEN_PAUSE_MAX);
    }
}

/// Reopens the store once the disk works again. Until then the open store serves reads.
fn try_reopen(shared: &Shared) -> Result<(), Intake> {
    let recovering = |reason: String| Intake::Recovering(Arc::from(reason));
    if let Some(disk) = shared.kept_disk() {
        disk.space.look(true).map_err(Intake::Refusing)?;
        disk.space.probe().map_err(|error| match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Intake::Refusing(Refusal::ReadOnly),
            io::ErrorKind::QuotaExceeded => Intake::Refusing(Refusal::Quota),
            _ => recovering(error.to_string()),
        })?;
    }
    shared.abandon();
    reopen(shared).map_err(recovering)
}

/// Discards everything above the watermark, and notifies all waiting callbacks and subscribers.
fn lose(shared: &Shared, load: CommitBatch, intake: Intake, lost: CommitError) {
    let queued = {
        let mut front = sync::lock(&shared.front);
        let queued = front.fail(intake);
        shared.publish(&front);
        queued
    };
    let lost = Err(lost);
    tell(load.callbacks, &lost);
    tell(queued, &lost);
    // A subscriber may wait for a record that was discarded. The wake makes it read again.
    shared.subscribers.wake_all(shared.durable());
}

/// Waits for this pause; true when the journal is closing.
fn pause_or_close(shared: &Shared, pause: Duration) -> bool {
    let front = sync::lock(&shared.front);
    let (front, _) = shared
        .writer_wakeup
        .wait_timeout_while(front, pause, |front| !matches!(front.intake, Intake::Closing))
        .unwrap_or_else(PoisonError::into_inner);
    matches!(front.intake, Intake::Closing)
}

fn reopen(shared: &Shared) -> Result<(), String> {
    let acknowledged = shared.durable();
    synced::settle(&shared.dir).map_err(|error| error.to_string())?;
    let disk = Disk::open(&shared.dir, &shared.options).map_err(|error| error.reason)?;
    let head = reading::head(&disk.db).map_err(|error| error.to_string())?;
    let durable = head.position;
    if durable < acknowledged {
        return Err(format!(
            "the disk holds {durable} records, but {acknowledged} were acknowledged"
        ));
    }
    if let Some(reason) = integrity::behind(&disk.db, &head, &shared.mark.mark())? {
        return Err(reason);
    }
    shared.owner_lists.replace(OwnerLists::read(&disk.db, durable));
    *sync::write(&shared.slot) = Some(Arc::new(disk));
    {
        let mut front = sync::lock(&shared.front);
        if matches!(front.intake, Intake::Closing) {
            return Ok(());
        }
        front.recover(head);
        shared.publish(&front);
        shared.is_in_doubt.store(false, Ordering::Release);
    }
    shared.subscribers.wake_all(durable);
    Ok(())
}
