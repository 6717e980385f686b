//! What stands between those who submit and the one hand that writes, under one short lock.

use super::{
    feed::RecentRecords,
    submission::{Checkpoint, CommitError, Done, Positions, Submission, SubmitError},
};
use crate::store::{
    disk::{Answers as AnswersMark, Head, Refusal, Totals},
    types::{Answers, KindId, Lease, Record, Snapshot, Stream},
};
use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Whether anything is taken.
#[derive(Clone, Debug)]
pub(in crate::store) enum Intake {
    Open,
    /// The file system takes no writes. What was taken before is still written if it can be; the
    /// store stays open for those who read.
    Refusing(Refusal),
    /// The disk failed; it opens again.
    Healing(Arc<str>),
    /// The store must not be written to any more, for this reason; it stays open for those who
    /// read, until it is closed.
    Stopped(Arc<str>),
    /// Nothing more is taken; what waits is still written.
    Closing,
    /// For good.
    Closed,
}

impl Intake {
    /// Whether whoever comes now is let in.
    pub(in crate::store) fn pass(&self) -> Result<(), SubmitError> {
        match self {
            Self::Open => Ok(()),
            Self::Refusing(refusal) => Err(SubmitError::Refused(*refusal)),
            Self::Healing(because) | Self::Stopped(because) => {
                Err(SubmitError::Closed(Arc::clone(because)))
            }
            Self::Closing | Self::Closed => {
                Err(SubmitError::Closed(Arc::from("the journal is closed")))
            }
        }
    }
}

/// Everything under the lock.
pub(in crate::store) struct CommitQueue {
    pub(in crate::store) door: Intake,
    pub(in crate::store) generation: u64,
    /// The last position given away.
    pub(in crate::store) head: u64,
    /// The last position on disk.
    pub(in crate::store) durable: u64,
    pub(in crate::store) ring: RecentRecords,
    pub(in crate::store) submitted_totals: Totals,
    pub(in crate::store) durable_totals: Totals,
    /// The running checksums of what is on disk.
    pub(in crate::store) chains: Chains,
    pub(in crate::store) hand_sleeps: bool,
    queue: VecDeque<Queued>,
    queued_records: VecDeque<Arc<Record>>,
    /// Who waits for a position, besides those who submitted it.
    waiting: BTreeMap<u64, Vec<Done>>,
}

/// The running checksums after a commit.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Chains {
    /// Of the commits with records; none while the last one is of an older format.
    pub(in crate::store) records: Option<u64>,
    /// Of those that held answers alone.
    pub(in crate::store) answers: AnswersMark,
}

/// One thing that waits for a commit.
struct Queued {
    records: usize,
    extra: Option<Box<SideWrite>>,
    done: Option<Done>,
}

/// What a commit may hold besides records.
pub(in crate::store) enum SideWrite {
    Submitted { stream: Stream, answer: Option<Answers>, snapshot: Option<Snapshot> },
    Checkpoint(Checkpoint),
    Kind(KindId, String),
}

/// What goes into one commit.
#[derive(Default)]
pub(in crate::store) struct CommitBatch {
    pub(in crate::store) records: Vec<Arc<Record>>,
    pub(in crate::store) extras: Vec<SideWrite>,
    pub(in crate::store) dones: Vec<Done>,
}

impl CommitQueue {
    pub(in crate::store) fn new(head: Head) -> Self {
        let Head { position: durable, totals, chain: records, answers } = head;
        Self {
            door: Intake::Open,
            generation: 0,
            head: durable,
            durable,
            ring: RecentRecords::default(),
            submitted_totals: totals.clone(),
            durable_totals: totals,
            chains: Chains { records, answers },
            hand_sleeps: false,
            queue: VecDeque::new(),
            queued_records: VecDeque::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Gives a submission its positions and versions, and queues it.
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
            let record =
                Record { position, stream, version, time, correlation, cause, payload, typed };
            let record = Arc::new(record);
            self.ring.push(Arc::clone(&record));
            self.queued_records.push_back(record);
        }
        let (mut answer, snapshot) = (submission.answer, submission.snapshot);
        if let Some(answers) = &mut answer {
            answers.place(self.head, records > 0);
        }
        let has_extra = answer.is_some() || snapshot.is_some();
        let extra = has_extra.then(|| Box::new(SideWrite::Submitted { stream, answer, snapshot }));
        self.queue.push_back(Queued { records, extra, done: submission.done });
        Ok(Positions { first_position, last_position: self.head })
    }

    /// Queues something that is not a record and was admitted.
    pub(in crate::store) fn enqueue(&mut self, extra: SideWrite, done: Option<Done>) {
        self.queue.push_back(Queued { records: 0, extra: Some(Box::new(extra)), done });
    }

    /// Whether there is room for what was made in this generation.
    pub(in crate::store) fn admit(
        &self,
        generation: u64,
        queue_records_max: usize,
    ) -> Result<(), SubmitError> {
        self.door.pass()?;
        if generation != self.generation {
            return Err(SubmitError::Stale);
        }
        // Each thing counts as one at least, so that the empty ones are bounded too.
        if self.queue.len().max(self.queued_records.len()) >= queue_records_max {
            return Err(SubmitError::Full);
        }
        Ok(())
    }

    /// Takes what goes into the next commit; submissions stay whole.
    pub(in crate::store) fn take(&mut self, commit_records_max: usize) -> CommitBatch {
        let mut load = CommitBatch::default();
        let (mut things, mut records) = (0, 0);
        for queued in &self.queue {
            if things > 0 && things.max(records + queued.records) > commit_records_max {
                break;
            }
            things += 1;
            records += queued.records;
        }
        load.records.extend(self.queued_records.drain(..records));
        load.dones.reserve(things);
        for queued in self.queue.drain(..things) {
            load.extras.extend(queued.extra.map(|extra| *extra));
            load.dones.extend(queued.done);
        }
        load
    }

    pub(in crate::store) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Remembers who waits for a position; gives it back when there is nothing to wait for.
    pub(in crate::store) fn wait_for(
        &mut self,
        position: u64,
        done: Done,
    ) -> Result<(), (Done, Answered)> {
        if position <= self.durable {
            return Err((done, Ok(())));
        }
        match &self.door {
            Intake::Healing(because) | Intake::Stopped(because) => {
                Err((done, Err(CommitError::InDoubt(Arc::clone(because)))))
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

    /// Moves the watermark, and hands over those who waited for that.
    pub(in crate::store) fn advance(&mut self, durable: u64, records_max: usize) -> Vec<Done> {
        self.durable = self.durable.max(durable);
        self.ring.trim(records_max, self.durable);
        if self.waiting.first_key_value().is_none_or(|(position, _)| *position > self.durable) {
            return Vec::new();
        }
        let still_waiting = self.waiting.split_off(&(self.durable + 1));
        std::mem::replace(&mut self.waiting, still_waiting).into_values().flatten().collect()
    }

    /// Shuts the door like this, unless it is for good, and gives up everything above the
    /// watermark.
    pub(in crate::store) fn fail(&mut self, door: Intake) -> Vec<Done> {
        if matches!(self.door, Intake::Open | Intake::Refusing(_)) {
            self.door = door;
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

    /// Starts again from what the disk turned out to hold.
    pub(in crate::store) fn recover(&mut self, head: Head) {
        let Head { position: durable, totals, chain: records, answers } = head;
        self.chains = Chains { records, answers };
        // More may be on disk than was known: what was read since the failure is stale too.
        self.generation += 1;
        self.head = durable;
        self.durable = durable;
        self.submitted_totals = totals.clone();
        self.durable_totals = totals;
        self.door = Intake::Open;
    }
}

/// What is said to whoever waited.
pub(in crate::store) type Answered = Result<(), CommitError>;

/// One listener that panics must take neither the journal nor the others with it.
pub(in crate::store) fn tell(dones: Vec<Done>, answer: &Answered) {
    for done in dones {
        let answer = answer.clone();
        let _ = catch_unwind(AssertUnwindSafe(move || done(answer)));
    }
}
