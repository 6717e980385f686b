//! The order of all records of a set of journals: which partition holds which position.

use crate::store::{
    disk::Head,
    journal::{
        commit_queue::{Answered, CommitQueue, Intake},
        submission::{Done, Positions, ReadLevel, Submission, SubmitError},
    },
    types::{KindId, KindSet, StoreError},
};

/// Where the record of a position is stored.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The partition that holds it.
    pub partition: usize,
    /// Its position in the journal of that partition.
    pub position: u64,
    /// The kind whose subscribers it concerns.
    concerns: KindId,
}

/// The merged order. Positions are assigned under its lock, so that the records of each partition
/// keep their own order in it.
pub struct MergedOrder {
    /// Watermark, generation and callbacks, as in one journal. Its records stay in the partitions.
    queue: CommitQueue,
    /// All places, by position from 1.
    places: Vec<Place>,
    /// The merged positions of each partition's records, by their own position from 1.
    merged: Vec<Vec<u64>>,
}

impl MergedOrder {
    /// An empty order of so many partitions.
    pub fn new(partitions: usize) -> Self {
        let queue = CommitQueue::new(Head::default());
        Self { queue, places: Vec::new(), merged: vec![Vec::new(); partitions] }
    }

    pub const fn submitted(&self) -> u64 {
        self.queue.head
    }

    pub const fn durable(&self) -> u64 {
        self.queue.durable
    }

    pub const fn generation(&self) -> u64 {
        self.queue.generation
    }

    pub fn check_accepting(&self) -> Result<(), SubmitError> {
        self.queue.intake.pass()
    }

    /// Checks that the set is open and the generation is current. The journal of the partition
    /// checks the leases.
    pub fn admit(&self, generation: u64) -> Result<(), SubmitError> {
        self.queue.admit(generation, usize::MAX)
    }

    /// Fills the merged position into the answers of a submission with so many records, and returns
    /// it. The journal of the partition does not change it.
    pub fn place_answers(&self, submission: &mut Submission, records: usize) -> u64 {
        let position = self.queue.head + records as u64;
        if let Some(answers) = &mut submission.answer {
            answers.place(position, records > 0);
            answers.forget_position_cell();
        }
        position
    }

    /// Adds the records that a partition accepted at these positions of its own.
    pub fn push(
        &mut self,
        partition: usize,
        own: Positions,
        concerned: Vec<KindId>,
        done: Option<Done>,
    ) -> Positions {
        let first_position = self.queue.head + 1;
        for (position, concerns) in (own.first_position..).zip(concerned) {
            self.places.push(Place { partition, position, concerns });
            self.queue.head += 1;
            self.merged[partition].push(self.queue.head);
        }
        let last_position = self.queue.head;
        if let Some(done) = done {
            // No callback is due: the watermark is below the new positions.
            drop(self.queue.wait_for(last_position, done));
        }
        Positions { first_position, last_position }
    }

    pub fn wait_for(&mut self, position: u64, done: Done) -> Result<(), (Done, Answered)> {
        self.queue.wait_for(position, done)
    }

    /// Moves the watermark up to the first record that its partition has not made durable. Returns
    /// the watermark before and after with the kinds of the records between, and the callbacks that
    /// waited for it.
    pub fn advance(&mut self, durable: &[u64]) -> (Option<(u64, u64, KindSet)>, Vec<Done>) {
        let before = self.queue.durable;
        let from = self.places.get(index(before)..).unwrap_or_default();
        let is_durable = |place: &&Place| place.position <= durable[place.partition];
        let reached: Vec<KindId> =
            from.iter().take_while(is_durable).map(|place| place.concerns).collect();
        if reached.is_empty() {
            return (None, Vec::new());
        }
        let after = before + reached.len() as u64;
        let callbacks = self.queue.advance(after, 0);
        (Some((before, after, reached.into_iter().collect())), callbacks)
    }

    /// Stops the order for good, and discards everything above the watermark. Returns the callbacks
    /// that waited, or nothing when it was stopped before.
    pub fn fail(&mut self, intake: Intake) -> Option<Vec<Done>> {
        let is_first = matches!(self.queue.intake, Intake::Open);
        is_first.then(|| {
            self.places.truncate(index(self.queue.durable));
            for merged in &mut self.merged {
                merged.truncate(merged.partition_point(|position| *position <= self.queue.durable));
            }
            self.queue.fail(intake)
        })
    }

    /// The places after a position, none past the level's limit.
    pub fn places(&self, after: u64, records_max: usize, level: ReadLevel) -> Vec<Place> {
        let limit = match level {
            ReadLevel::Submitted => self.queue.head,
            ReadLevel::Durable => self.queue.durable,
        };
        let wanted = index(limit.saturating_sub(after)).min(records_max);
        self.places.iter().skip(index(after)).take(wanted).copied().collect()
    }

    /// The position of a partition's record in the merged order.
    pub fn merged(&self, partition: usize, position: u64) -> Result<u64, StoreError> {
        let merged = self.merged[partition].get(index(position.saturating_sub(1))).copied();
        let unknown = || format!("position {position} of partition {partition} has no place");
        merged.ok_or_else(|| StoreError::Failed(unknown()))
    }
}

/// An index of this size, or one past all places.
fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
