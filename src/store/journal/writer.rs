//! The writer thread. It moves the queue into one commit, makes the commit durable and notifies the
//! callers. When the disk fails, it reopens the store.
//!
//! ```text
//!        ┌────────────── take ◀── queue ◀── submit
//!        ▼
//!     one batch ──▶ flush ──▶ fsync ──▶ watermark ──▶ done, wake          (again)
//!        │ any error
//!        ▼
//!   refuse submissions ──▶ CommitError ──▶ recover ──▶ accept submissions
//! ```

use super::{
    answer_expiry::Expiry,
    commit_batch,
    commit_queue::{Chains, CommitBatch, Intake, SideWrite, tell},
    owner_lists::Slice,
    recovery,
    shared::Shared,
    submission::{Checkpoint, CommitError},
};
use crate::store::{
    codec::{self, Frame},
    disk::{Answers, Batch, Failure, Mark, Totals, keys},
    types::{Payload, Record, Stream, interested_kind},
};
use crate::sync;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Interval of checks whether the file system accepts writes, while the queue is empty.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The same interval while the file system accepts none.
const LOOK_AGAIN_EVERY: Duration = Duration::from_millis(100);

/// Pause of the writer thread before the next commit while the journal is busy. Fewer and larger
/// commits save more thread switches than the pause costs time.
const GATHERING_PAUSE: Duration = Duration::from_micros(500);

/// The journal counts as busy after a commit of at least this many submissions.
const BUSY_SUBMISSIONS: usize = 8;

/// Runs the writer thread until the journal is closed.
pub(in crate::store) fn run(shared: &Shared) {
    let mut frame = Frame::default();
    let mut expiry = Expiry::new(&shared.options);
    let mut is_busy = false;
    loop {
        if is_busy {
            group_commit_pause();
        }
        let Some(load) = next_load(shared, &expiry) else { break };
        is_busy = load.callbacks.len() >= BUSY_SUBMISSIONS;
        let (timing, begun) = (shared.watch.start(), Instant::now());
        recovery::look(shared);
        // sled panics on some inconsistencies instead of returning them.
        let commit = || commit(shared, &mut frame, &mut expiry, &load);
        let committed = catch_unwind(AssertUnwindSafe(commit))
            .unwrap_or_else(|_| Err(Failure::Broken("the store panicked".to_owned())));
        drop(timing);
        match committed.map(|state| shared.files.check().map(|()| state)) {
            Ok(Ok(state)) => {
                measure(shared, &load, begun.elapsed());
                acknowledge(shared, load, state);
            }
            Ok(Err(reason)) => recovery::stop(shared, load, &reason),
            Err(Failure::Refused(refusal)) => recovery::refuse(shared, load, refusal),
            Err(Failure::Broken(reason)) => recovery::recover(shared, load, &reason),
            Err(Failure::Damaged(reason)) => recovery::stop_damaged(shared, load, &reason),
        }
    }
    // The remaining callbacks wait for a position that was never assigned.
    let waiting = {
        let mut front = sync::lock(&shared.front);
        let waiting = front.fail(Intake::Closed);
        front.intake = Intake::Closed;
        shared.publish(&front);
        waiting
    };
    tell(waiting, &Err(CommitError::InDoubt(Arc::from("the journal is closed"))));
    shared.abandon();
    shared.files.unlock();
}

/// Measures a commit that has taken this time. A commit of checkpoints alone has no records.
fn measure(shared: &Shared, load: &CommitBatch, elapsed: Duration) {
    let figures = &shared.options.figures;
    if !load.records.is_empty() {
        figures.commits.observe_time(elapsed);
        figures.records.observe(load.records.len() as u64);
    }
}

#[expect(clippy::disallowed_methods, reason = "only the writer thread is paused")]
fn group_commit_pause() {
    thread::sleep(GATHERING_PAUSE);
}

/// Waits until the queue holds an item or answers have expired. In the latter case the batch is
/// empty. `None` once the journal is closing and the queue is empty.
fn next_load(shared: &Shared, expiry: &Expiry) -> Option<CommitBatch> {
    let mut front = sync::lock(&shared.front);
    while front.is_idle() {
        if matches!(front.intake, Intake::Closing) {
            return None;
        }
        front.writer_sleeps = true;
        let is_refusing = matches!(front.intake, Intake::Refusing(_));
        let pause = if is_refusing { LOOK_AGAIN_EVERY } else { LOOK_EVERY };
        let woken = shared.writer_wakeup.wait_timeout(front, pause);
        let (locked, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
        front = locked;
        front.writer_sleeps = false;
        if timeout.timed_out() {
            drop(front);
            recovery::look(shared);
            let has_expired = !is_refusing && expiry.is_due(shared);
            front = sync::lock(&shared.front);
            if has_expired && matches!(front.intake, Intake::Open) {
                break;
            }
        }
    }
    Some(front.take(shared.options.commit_records_max))
}

/// Totals and checksums after a commit, and what it has written of the lists of owners.
struct Committed {
    totals: Totals,
    chains: Chains,
    owners: Slice,
}

fn commit(
    shared: &Shared,
    frame: &mut Frame,
    expiry: &mut Expiry,
    load: &CommitBatch,
) -> Result<Committed, Failure> {
    let disk = shared.disk().map_err(Failure::Broken)?;
    let (mut totals, mut chains, durable) = {
        let front = sync::lock(&shared.front);
        (front.durable_totals.clone(), front.chains, front.durable)
    };
    let mut batch = Batch::default();
    expiry.begin();
    for extra in &load.extras {
        write_extra(&mut batch, expiry, extra);
    }
    expiry.finish(&disk.db, &mut batch).map_err(|error| Failure::Broken(error.to_string()))?;
    let is_acknowledged = |extra: &SideWrite| !matches!(extra, SideWrite::Checkpoint(_));
    if load.records.is_empty() && load.extras.iter().any(is_acknowledged) {
        let Answers { commits, chain } = chains.answers;
        chains.answers = Answers { commits: commits + 1, chain: batch.chained(chain, &[]) };
        batch.insert(keys::ANSWERS_ALONE, codec::frame(&chains.answers));
    }
    let records = &load.records;
    let owners = if records.is_empty() {
        Slice::default()
    } else {
        shared.owner_lists.write(&mut batch, load.created.len(), durable)
    };
    commit_batch::write_records(&mut batch, frame, records, &mut totals, &mut chains.records);
    // An empty batch may have found no expired answer.
    if batch.is_empty() {
        return Ok(Committed { totals, chains, owners });
    }
    disk.commit(batch)?;
    let marked = shared.mark.write(|mark| raise_mark(mark, load, chains));
    marked.map_err(|error| Failure::Broken(format!("the mark of the journal: {error}")))?;
    Ok(Committed { totals, chains, owners })
}

/// Raises the mark to the commit that is about to be acknowledged.
fn raise_mark(mark: &mut Mark, load: &CommitBatch, chains: Chains) {
    (mark.chain, mark.answers) = (chains.records, chains.answers);
    if let Some(last) = load.records.last() {
        mark.position = last.position;
    }
    for Record { stream, payload, .. } in load.records.iter().map(AsRef::as_ref) {
        let kind = usize::from(stream.kind.0);
        if matches!(payload, Payload::Event(_)) {
            if mark.heads.len() <= kind {
                mark.heads.resize(kind + 1, 0);
            }
            mark.heads[kind] = mark.heads[kind].max(stream.number);
        }
    }
}

fn write_extra(batch: &mut Batch, expiry: &mut Expiry, extra: &SideWrite) {
    match extra {
        SideWrite::Submitted { stream, answer, snapshot } => {
            if let Some(answers) = answer {
                expiry.write(batch, answers);
            }
            if let Some(snapshot) = snapshot {
                batch.insert(&keys::snapshot(*stream), codec::frame(snapshot));
            }
        }
        SideWrite::Checkpoint(checkpoint) => write_checkpoint(batch, checkpoint),
        SideWrite::Kind(kind, name) => {
            batch.insert(&keys::kind_name(*kind), codec::frame(name));
        }
    }
}

fn write_checkpoint(batch: &mut Batch, checkpoint: &Checkpoint) {
    let Checkpoint { subscriber: kind, position, conversations, .. } = checkpoint;
    batch.insert(&keys::subscriber(*kind), codec::frame(position));
    for (number, state) in conversations {
        let key = keys::conversation(Stream { kind: *kind, number: *number });
        match state {
            Some(state) => batch.insert(&key, codec::frame(state)),
            None => batch.remove(&key),
        }
    }
}

fn acknowledge(shared: &Shared, load: CommitBatch, committed: Committed) {
    let Committed { totals, chains, owners } = committed;
    // Before the callbacks: a client that is told of a new aggregate finds it in its list.
    shared.owner_lists.written(owners);
    shared.owner_lists.add(load.created);
    let reached = load.records.last().map(|record| record.position);
    let before = shared.durable();
    let waiting = {
        let mut front = sync::lock(&shared.front);
        (front.durable_totals, front.chains) = (totals, chains);
        let durable = reached.unwrap_or(front.durable);
        let waiting = front.advance(durable, shared.options.feed_records_max);
        shared.publish(&front);
        waiting
    };
    tell(load.callbacks, &Ok(()));
    tell(waiting, &Ok(()));
    if let Some(durable) = reached {
        let interested_kind =
            |record: &Arc<Record>| interested_kind(record.stream, &record.payload, record.cause);
        let concerned = load.records.iter().map(interested_kind).collect();
        shared.subscribers.wake_durable(&concerned, before, durable);
    }
}
