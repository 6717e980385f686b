//! The folds of the whole journal in global order, spread over threads.
//!
//! ```text
//!                       ┌─▶ worker: sagas, ports, lookups, views
//! journal ──▶ batches ──┤
//!                       └─▶ worker: the others
//! ```
//!
//! Every worker receives every record, and passes it to those of its folds that it concerns.

use super::parallel::{ENDED_EARLY, spawn};
use crate::{
    actors::{dispatch::Registry, support::catch_panic},
    store::{Cause, KindId, KindSet, Record},
};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// The records in one batch.
const BATCH_RECORDS: usize = 256;

/// The batches that may wait for a worker.
const BATCHES_AHEAD: usize = 16;

/// A part of a business to which the journal is passed in global order.
pub trait Fold: Send + Sync {
    /// Returns its name.
    fn name(&self) -> &'static str;

    /// Returns the kinds whose records concern it.
    fn kinds(&self, registry: &Registry) -> KindSet;

    /// Returns the kind that it dispatches under: the outcomes of its commands concern it too.
    fn issuer(&self) -> Option<KindId> {
        None
    }

    /// Processes one record.
    ///
    /// # Errors
    /// The flaw, as a sentence.
    fn fold(&mut self, registry: &Registry, record: &Record) -> Result<(), String>;
}

/// A flaw at a position of the journal.
pub type FlawAt = (u64, String);

/// A worker with its folds, and the flaws that they found.
struct Worker<'a> {
    registry: &'a Registry,
    folds: Vec<(KindSet, Option<KindId>, &'a mut dyn Fold)>,
    flaws: Vec<FlawAt>,
}

impl Worker<'_> {
    fn take(&mut self, record: &Record) {
        let by = match record.cause {
            Cause::Dispatch(origin) => Some(origin.by),
            _ => None,
        };
        for (kinds, issuer, fold) in &mut self.folds {
            if !kinds.contains(record.stream.kind) && (by.is_none() || by != *issuer) {
                continue;
            }
            let folded = catch_panic(|| fold.fold(self.registry, record)).and_then(|done| done);
            if let Err(reason) = folded {
                let (at, name) = (record.position, fold.name());
                self.flaws.push((at, format!("record {at}: {name}: {reason}")));
            }
        }
    }
}

/// The end of the channels to the workers, with the batch that is being filled.
pub struct Batches {
    senders: Vec<SyncSender<Arc<[Arc<Record>]>>>,
    batch: Vec<Arc<Record>>,
}

impl Batches {
    /// Passes the next record to all workers.
    pub fn push(&mut self, record: Arc<Record>) {
        self.batch.push(record);
        if self.batch.len() == BATCH_RECORDS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch: Arc<[Arc<Record>]> = self.batch.drain(..).collect();
        for sender in &self.senders {
            // A worker ends before its channel only by a panic, which its end reports.
            let _ = sender.send(Arc::clone(&batch));
        }
    }
}

/// Runs `read`, which passes all records, and folds them meanwhile. Returns its result, and the
/// flaws of the folds in order of position.
///
/// # Errors
/// When a thread cannot be started or has ended early.
pub fn fold_all<'a, T>(
    registry: &'a Registry,
    folds: impl Iterator<Item = &'a mut dyn Fold>,
    read: impl FnOnce(&mut Batches) -> T,
) -> Result<(T, Vec<FlawAt>), String> {
    let workers = workers(registry, folds);
    thread::scope(|scope| {
        let (mut senders, mut running) = (Vec::new(), Vec::new());
        for worker in workers {
            let (sender, receiver) = sync_channel(BATCHES_AHEAD);
            let started = spawn(scope, move || run(worker, &receiver));
            running.push(started.map_err(|error| error.to_string())?);
            senders.push(sender);
        }
        let mut batches = Batches { senders, batch: Vec::with_capacity(BATCH_RECORDS) };
        let found = read(&mut batches);
        batches.flush();
        drop(batches);
        let mut flaws = Vec::new();
        for worker in running {
            flaws.extend(worker.join().map_err(|_| ENDED_EARLY.to_owned())?);
        }
        flaws.sort_by_key(|(at, _)| *at);
        Ok((found, flaws))
    })
}

/// As many workers as there are processors. The folds are dealt to them in turn, so that those of
/// one business are on several.
fn workers<'a>(
    registry: &'a Registry,
    folds: impl Iterator<Item = &'a mut dyn Fold>,
) -> Vec<Worker<'a>> {
    let worker = || Worker { registry, folds: Vec::new(), flaws: Vec::new() };
    let mut workers: Vec<_> = (0..super::parallel::threads()).map(|_| worker()).collect();
    for (nth, fold) in folds.enumerate() {
        let worker = nth % workers.len();
        workers[worker].folds.push((fold.kinds(registry), fold.issuer(), fold));
    }
    workers
}

fn run(mut worker: Worker<'_>, batches: &Receiver<Arc<[Arc<Record>]>>) -> Vec<FlawAt> {
    for batch in batches {
        for record in &*batch {
            worker.take(record);
        }
    }
    worker.flaws
}
