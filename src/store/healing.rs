//! What the hand does when it cannot write: refuse, give up what waits, wait, open the store again.
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
    disk,
    disk::Disk,
    front::{Door, Load},
    integrity,
    journal::Lost,
    reading,
    shared::Shared,
    space::Refusal,
    sync::lock,
    writer::tell,
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

/// Opens the door, or lets it be shut, as the file system is now; stops for good when files of the
/// store were deleted or replaced.
pub(super) fn look(shared: &Shared) {
    if matches!(lock(&shared.front).door, Door::Stopped(_)) {
        return;
    }
    if let Err(because) = shared.files.check() {
        stop(shared, Load::default(), &because);
        return;
    }
    let Ok(disk) = shared.disk() else { return };
    let is_refusing = matches!(lock(&shared.front).door, Door::Refusing(_));
    let found = disk.space.look(is_refusing);
    let mut front = lock(&shared.front);
    match (&front.door, found) {
        (Door::Open | Door::Refusing(_), Err(refusal)) => {
            front.door = Door::Refusing(refusal);
            shared.publish(&front);
            drop(front);
            shared.turns.broke(&Arc::from(refusal.to_string()));
        }
        (Door::Refusing(_), Ok(())) => {
            front.door = Door::Open;
            shared.publish(&front);
            drop(front);
            shared.turns.healed();
            shared.subscribers.wake_all(shared.durable());
        }
        _ => {}
    }
}

/// Gives up what waits, because the file system takes none of it. The store is untouched.
pub(super) fn refuse(shared: &Shared, load: Load, refusal: Refusal) {
    lose(shared, load, Door::Refusing(refusal), Lost::Refused(refusal));
    shared.turns.broke(&Arc::from(refusal.to_string()));
}

/// Gives up what waits, and writes nothing any more until the store is opened by another process.
/// What is open stays open for those who read.
pub(super) fn stop(shared: &Shared, load: Load, because: &str) {
    let because: Arc<str> = Arc::from(because);
    {
        let mut front = lock(&shared.front);
        if matches!(front.door, Door::Healing(_)) {
            front.door = Door::Stopped(Arc::clone(&because));
        }
    }
    lose(shared, load, Door::Stopped(Arc::clone(&because)), Lost::InDoubt(Arc::clone(&because)));
    shared.turns.broke(&because);
}

/// As [`stop`], after a commit that found the files damaged: what it wrote of itself by then must
/// not reach them.
pub(super) fn stop_damaged(shared: &Shared, load: Load, because: &str) {
    // From now on nobody reads above the watermark: what is there will be gone afterwards.
    shared.is_in_doubt.store(true, Ordering::Release);
    if let Some(disk) = shared.kept_disk() {
        disk.db.abandon();
    }
    stop(shared, load, because);
}

/// Gives up what waits, and reopens the store until it holds at least what was acknowledged, or
/// the journal is closed.
pub(super) fn heal(shared: &Shared, load: Load, because: &str) {
    // From now on nobody reads above the watermark: what is there may be gone afterwards.
    shared.is_in_doubt.store(true, Ordering::Release);
    let because: Arc<str> = Arc::from(because);
    lose(shared, load, Door::Healing(Arc::clone(&because)), Lost::InDoubt(Arc::clone(&because)));
    shared.turns.broke(&because);
    let mut pause = REOPEN_PAUSE_MIN;
    while !pause_or_close(shared, pause) {
        if let Err(because) = shared.files.check() {
            return stop(shared, Load::default(), &because);
        }
        match mend(shared) {
            Ok(()) => {
                shared.turns.healed();
                return;
            }
            Err(door) => {
                let mut front = lock(&shared.front);
                if matches!(front.door, Door::Healing(_) | Door::Refusing(_)) {
                    front.door = door;
                }
            }
        }
        pause = (pause * 2).min(REOPEN_PAUSE_MAX);
    }
}

/// Reopens the store once the disk works again; until then it stays open for those who read.
fn mend(shared: &Shared) -> Result<(), Door> {
    let healing = |because: String| Door::Healing(Arc::from(because));
    if let Some(disk) = shared.kept_disk() {
        disk.space.look(true).map_err(Door::Refusing)?;
        disk.space.probe().map_err(|error| match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Door::Refusing(Refusal::ReadOnly),
            io::ErrorKind::QuotaExceeded => Door::Refusing(Refusal::Quota),
            _ => healing(error.to_string()),
        })?;
    }
    shared.let_go();
    reopen(shared).map_err(healing)
}

/// Nothing above the watermark stands any more, and everybody concerned is told.
fn lose(shared: &Shared, load: Load, door: Door, lost: Lost) {
    let queued = {
        let mut front = lock(&shared.front);
        let queued = front.fail(door);
        shared.publish(&front);
        queued
    };
    let lost = Err(lost);
    tell(load.dones, &lost);
    tell(queued, &lost);
    // Whoever waits for what somebody else submitted is to look again.
    shared.subscribers.wake_all(shared.durable());
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
        if matches!(front.door, Door::Closing) {
            return Ok(());
        }
        front.recover(head);
        shared.publish(&front);
        shared.is_in_doubt.store(false, Ordering::Release);
    }
    shared.subscribers.wake_all(durable);
    Ok(())
}
