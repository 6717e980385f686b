//! The commit queue between the submitting threads and the writer thread, under one short lock.

use super::{
    feed::RecentRecords,
    submission::{Checkpoint, CommitError, Done, Positions, Submission, SubmitError},
};
use crate::store::{
    disk::{Answers as AnswersMark, Head, Refusal, Totals},
    types::{Answers, KindId, Lease, Record, Snapshot, Stream, Subject},
};
use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Whether the journal accepts submissions.
#[derive(Clone, Debug)]
pub(in crate::store) enum Intake {
    Open,
    /// The file system accepts no writes. Items queued before are still written if possible. Reads
    /// continue.
    Refusing(Refusal),
    /// The disk failed; the writer thread is reopening the store.
    Recovering(Arc<str>),
    /// The store must not be written to any more, for this reason. Reads continue until it is
    /// closed.
    Stopped(Arc<str>),
    /// No submission is accepted; queued items are still written.
    Closing,
    /// The journal is closed for good.
    Closed,
}

impl Intake {
    /// Checks whether a submission is accepted now; otherwise returns the reason.
    pub(in crate::store) fn pass(&self) -> Result<(), SubmitError> {
        match self {
            Self::Open => Ok(()),
            Self::Refusing(refusal) => Err(SubmitError::Refused(*refusal)),
            Self::Recovering(reason) | Self::Stopped(reason) => {
                Err(SubmitError::Closed(Arc::clone(reason)))
            }
            Self::Closing | Self::Closed => {
                Err(SubmitError::Closed(Arc::from("the journal is closed")))
            }
        }
    }
}

/// The state under the lock.
pub(in crate::store) struct CommitQueue {
    pub(in crate::store) intake: Intake,
    pub(in crate::store) generation: u64,
    /// The last position assigned.
    pub(in crate::store) head: u64,
    /// The last position on disk.
    pub(in crate::store) durable: u64,
    pub(in crate::store) ring: RecentRecords,
    pub(in crate::store) submitted_totals: Totals,
    pub(in crate::store) durable_totals: Totals,
    /// The running checksums of the content on disk.
    pub(in crate::store) chains: Chains,
    pub(in crate::store) writer_sleeps: bool,
    queue: VecDeque<Queued>,
    queued_records: VecDeque<Arc<Record>>,
    /// Callbacks that wait for a position, besides those of its submission.
    waiting: BTreeMap<u64, Vec<Done>>,
}

/// The running checksums after a commit.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Chains {
    /// The checksum of the commits with records; none while the last one is of an older format.
    pub(in crate::store) records: Option<u64>,
    /// The checksum and number of the commits that held answers and no records.
    pub(in crate::store) answers: AnswersMark,
}

/// One item that waits for a commit.
struct Queued {
    records: usize,
    /// Whether its stream begins.
    is_creation: bool,
    extra: Option<Box<SideWrite>>,
    done: Option<Done>,
}

/// A write that a commit may hold besides records.
pub(in crate::store) enum SideWrite {
    Submitted { stream: Stream, answer: Option<Answers>, snapshot: Option<Snapshot> },
    Checkpoint(Checkpoint),
    Kind(KindId, String),
}

/// The content of one commit.
#[derive(Default)]
pub(in crate::store) struct CommitBatch {
    pub(in crate::store) records: Vec<Arc<Record>>,
    /// The streams that begin and have an owner.
    pub(in crate::store) created: Vec<(Stream, Subject)>,
    pub(in crate::store) extras: Vec<SideWrite>,
    pub(in crate::store) callbacks: Vec<Done>,
}

impl CommitQueue {
    pub(in crate::store) fn new(head: Head) -> Self {
        let Head { position: durable, totals, chain: records, answers } = head;
        Self {
            intake: Intake::Open,
            generation: 0,
            head: durable,
            durable,
            ring: RecentRecords::default(),
            submitted_totals: totals.clone(),
            durable_totals: totals,
            chains: Chains { records, answers },
            writer_sleeps: false,
            queue: VecDeque::new(),
            queued_records: VecDeque::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Assigns positions and versions to a submission, and queues it.
    pub(in crate::store) fn place(
        &mut self,
        submission: Submission,
        queue_records_max: usize,
    ) -> Result<Positions, SubmitError> {
        self.admit(submission.generation, queue_records_max)?;
        if submission.leases.iter().flatten().any(Lease::is_over) {
            return Err(SubmitError::Replaced);
        }
        let Submission { stream, after_version, time, correlation, cause, .. } = submission;
        let first_position = self.head + 1;
        let records = submission.entries.len();
        let mut version = after_version;
        for entry in submission.entries {
            self.head += 1;
            version += 1;
            self.submitted_totals.add(stream, version);
            let (position, payload, typed) = (self.head, entry.payload, entry.typed);
            let principals = submission.principals.clone();
            let trace = submission.trace.clone();
            let record = Arc::new(Record {
                position,
                stream,
                version,
                time,
                correlation,
                cause,
                principals,
                trace,
                payload,
                typed,
            });
            self.ring.push(Arc::clone(&record));
            self.queued_records.push_back(record);
        }
        let (mut answer, snapshot) = (submission.answer, submission.snapshot);
        if let Some(answers) = &mut answer {
            answers.place(self.head, records > 0);
        }
        let has_extra = answer.is_some() || snapshot.is_some();
        let extra = has_extra.then(|| Box::new(SideWrite::Submitted { stream, answer, snapshot }));
        let (is_creation, done) = (submission.is_creation, submission.done);
        self.queue.push_back(Queued { records, is_creation, extra, done });
        Ok(Positions { first_position, last_position: self.head })
    }

    /// Queues a write that is not a record; [`Self::admit`] must have succeeded.
    pub(in crate::store) fn enqueue(&mut self, extra: SideWrite, done: Option<Done>) {
        let extra = Some(Box::new(extra));
        self.queue.push_back(Queued { records: 0, is_creation: false, extra, done });
    }

    /// Checks that the journal is open, the generation is current and the queue has room.
    pub(in crate::store) fn admit(
        &self,
        generation: u64,
        queue_records_max: usize,
    ) -> Result<(), SubmitError> {
        self.intake.pass()?;
        if generation != self.generation {
            return Err(SubmitError::Stale);
        }
        // Each item counts as one at least, so that items without records are bounded too.
        if self.queue.len().max(self.queued_records.len()) >= queue_records_max {
            return Err(SubmitError::Full);
        }
        Ok(())
    }

    /// Removes the items of the next commit from the queue; submissions stay whole.
    pub(in crate::store) fn take(&mut self, commit_records_max: usize) -> CommitBatch {
        let mut load = CommitBatch::default();
        let (mut items, mut records) = (0, 0);
        for queued in &self.queue {
            if items > 0 && items.max(records + queued.records) > commit_records_max {
                break;
            }
            items += 1;
            records += queued.records;
        }
        load.records.extend(self.queued_records.drain(..records));
        load.callbacks.reserve(items);
        let mut first = 0;
        for queued in self.queue.drain(..items) {
            if queued.is_creation {
                load.created.extend(load.records.get(first).and_then(owned));
            }
            first += queued.records;
            load.extras.extend(queued.extra.map(|extra| *extra));
            load.callbacks.extend(queued.done);
        }
        load
    }

    pub(in crate::store) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Registers a callback for a position; returns it with its outcome when there is nothing to
    /// wait for.
    pub(in crate::store) fn wait_for(
        &mut self,
        position: u64,
        done: Done,
    ) -> Result<(), (Done, Answered)> {
        if position <= self.durable {
            return Err((done, Ok(())));
        }
        match &self.intake {
            Intake::Recovering(reason) | Intake::Stopped(reason) => {
                Err((done, Err(CommitError::InDoubt(Arc::clone(reason)))))
            }
            Intake::Closed => {
                Err((done, Err(CommitError::InDoubt(Arc::from("the journal is closed")))))
            }
            Intake::Refusing(refusal) if position > self.head => {
                Err((done, Err(CommitError::Refused(*refusal))))
            }
            Intake::Open | Intake::Refusing(_) | Intake::Closing => {
                self.waiting.entry(position).or_default().push(done);
                Ok(())
            }
        }
    }

    /// Moves the watermark, and returns the callbacks that waited for it.
    pub(in crate::store) fn advance(&mut self, durable: u64, records_max: usize) -> Vec<Done> {
        self.durable = self.durable.max(durable);
        self.ring.trim(records_max, self.durable);
        if self.waiting.first_key_value().is_none_or(|(position, _)| *position > self.durable) {
            return Vec::new();
        }
        let still_waiting = self.waiting.split_off(&(self.durable + 1));
        std::mem::replace(&mut self.waiting, still_waiting).into_values().flatten().collect()
    }

    /// Sets this intake if the journal was open or refusing, and discards everything above the
    /// watermark. Returns the callbacks of the discarded items.
    pub(in crate::store) fn fail(&mut self, intake: Intake) -> Vec<Done> {
        if matches!(self.intake, Intake::Open | Intake::Refusing(_)) {
            self.intake = intake;
        }
        self.generation += 1;
        self.head = self.durable;
        self.submitted_totals = self.durable_totals.clone();
        self.ring.clear();
        self.queued_records.clear();
        let waiting = std::mem::take(&mut self.waiting);
        let mut lost: Vec<Done> = self.queue.drain(..).filter_map(|queued| queued.done).collect();
        lost.extend(waiting.into_values().flatten());
        lost
    }

    /// Restarts from the head that the disk holds after the reopening.
    pub(in crate::store) fn recover(&mut self, head: Head) {
        let Head { position: durable, totals, chain: records, answers } = head;
        self.chains = Chains { records, answers };
        // More records may be on disk than were known: decisions made since the failure are stale
        // too.
        self.generation += 1;
        self.head = durable;
        self.durable = durable;
        self.submitted_totals = totals.clone();
        self.durable_totals = totals;
        self.intake = Intake::Open;
    }
}

/// The stream of a record with its owner, if it has one.
fn owned(record: &Arc<Record>) -> Option<(Stream, Subject)> {
    Some((record.stream, record.principals.as_ref()?.owner.clone()?))
}

/// The outcome that a waiting callback receives.
pub(in crate::store) type Answered = Result<(), CommitError>;

/// Calls each callback and catches a panic, so that neither the journal nor the other callbacks
/// fail.
pub(in crate::store) fn tell(callbacks: Vec<Done>, answer: &Answered) {
    for done in callbacks {
        let answer = answer.clone();
        let _ = catch_unwind(AssertUnwindSafe(move || done(answer)));
    }
}
