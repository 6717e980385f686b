//! What stands between those who submit and the one hand that writes, under one short lock.

use super::{
    Lease, Record,
    answers::Answers,
    feed::Ring,
    journal::{Checkpoint, Done, Lost, Placed, Snapshot, Submission, SubmitError},
    layout::Totals,
    mark::Answers as AnswersMark,
    reading::Head,
    record::{KindId, Stream},
    space::Refusal,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Whether anything is taken.
#[derive(Clone, Debug)]
pub(super) enum Door {
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

impl Door {
    /// Whether whoever comes now is let in.
    pub(super) fn pass(&self) -> Result<(), SubmitError> {
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
pub(super) struct Front {
    pub(super) door: Door,
    pub(super) generation: u64,
    /// The last position given away.
    pub(super) head: u64,
    /// The last position on disk.
    pub(super) durable: u64,
    pub(super) ring: Ring,
    pub(super) submitted_totals: Totals,
    pub(super) durable_totals: Totals,
    /// The running checksums of what is on disk.
    pub(super) chains: Chains,
    pub(super) hand_sleeps: bool,
    queue: VecDeque<Queued>,
    queued_records: VecDeque<Arc<Record>>,
    /// Who waits for a position, besides those who submitted it.
    waiting: BTreeMap<u64, Vec<Done>>,
}

/// The running checksums after a commit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chains {
    /// Of the commits with records; none while the last one is of an older format.
    pub(super) records: Option<u64>,
    /// Of those that held answers alone.
    pub(super) answers: AnswersMark,
}

/// One thing that waits for a commit.
struct Queued {
    records: usize,
    extra: Option<Box<Extra>>,
    done: Option<Done>,
}

/// What a commit may hold besides records.
pub(super) enum Extra {
    Submitted { stream: Stream, answer: Option<Answers>, snapshot: Option<Snapshot> },
    Checkpoint(Checkpoint),
    Kind(KindId, String),
}

/// What goes into one commit.
#[derive(Default)]
pub(super) struct Load {
    pub(super) records: Vec<Arc<Record>>,
    pub(super) extras: Vec<Extra>,
    pub(super) dones: Vec<Done>,
}

impl Front {
    pub(super) fn new(head: Head) -> Self {
        let Head { position: durable, totals, chain: records, answers } = head;
        Self {
            door: Door::Open,
            generation: 0,
            head: durable,
            durable,
            ring: Ring::default(),
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
    pub(super) fn place(
        &mut self,
        submission: Submission,
        queue_records_max: usize,
    ) -> Result<Placed, SubmitError> {
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
        let extra = has_extra.then(|| Box::new(Extra::Submitted { stream, answer, snapshot }));
        self.queue.push_back(Queued { records, extra, done: submission.done });
        Ok(Placed { first_position, last_position: self.head })
    }

    /// Queues something that is not a record and was admitted.
    pub(super) fn enqueue(&mut self, extra: Extra, done: Option<Done>) {
        self.queue.push_back(Queued { records: 0, extra: Some(Box::new(extra)), done });
    }

    /// Whether there is room for what was made in this generation.
    pub(super) fn admit(
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
    pub(super) fn take(&mut self, commit_records_max: usize) -> Load {
        let mut load = Load::default();
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

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Remembers who waits for a position; gives it back when there is nothing to wait for.
    pub(super) fn wait_for(&mut self, position: u64, done: Done) -> Result<(), (Done, Answered)> {
        if position <= self.durable {
            return Err((done, Ok(())));
        }
        match &self.door {
            Door::Healing(because) | Door::Stopped(because) => {
                Err((done, Err(Lost::InDoubt(Arc::clone(because)))))
            }
            Door::Closed => Err((done, Err(Lost::InDoubt(Arc::from("the journal is closed"))))),
            Door::Refusing(refusal) if position > self.head => {
                Err((done, Err(Lost::Refused(*refusal))))
            }
            Door::Open | Door::Refusing(_) | Door::Closing => {
                self.waiting.entry(position).or_default().push(done);
                Ok(())
            }
        }
    }

    /// Moves the watermark, and hands over those who waited for that.
    pub(super) fn advance(&mut self, durable: u64, records_max: usize) -> Vec<Done> {
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
    pub(super) fn fail(&mut self, door: Door) -> Vec<Done> {
        if matches!(self.door, Door::Open | Door::Refusing(_)) {
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
    pub(super) fn recover(&mut self, head: Head) {
        let Head { position: durable, totals, chain: records, answers } = head;
        self.chains = Chains { records, answers };
        // More may be on disk than was known: what was read since the failure is stale too.
        self.generation += 1;
        self.head = durable;
        self.durable = durable;
        self.submitted_totals = totals.clone();
        self.durable_totals = totals;
        self.door = Door::Open;
    }
}

/// What is said to whoever waited.
pub(super) type Answered = Result<(), Lost>;
