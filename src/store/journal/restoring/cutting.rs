//! The cut of a restore: the last position, at the end of a whole submission.

use crate::{
    domain::kernel::Timestamp,
    store::{backup::BackupError, types::Record},
};

/// The end of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// All of the backup.
    End,
    /// The records up to this position.
    Position(u64),
    /// The records before the first one that is later than this.
    Time(Timestamp),
}

/// Finds the cut while the records are passed in order.
pub(super) struct Cutter {
    cut: Cut,
    /// The position of the last record of the backup.
    end: u64,
    /// The last record before the cut, or of the last chunk.
    last: Option<Record>,
    /// The position before the submission that this record belongs to.
    whole: u64,
    found: Option<u64>,
}

impl Cutter {
    pub(super) const fn new(cut: Cut, end: u64) -> Self {
        Self { cut, end, last: None, whole: 0, found: None }
    }

    /// Passes further records.
    pub(super) fn pass(&mut self, records: &[Record]) {
        if self.found.is_some() || self.cut == Cut::End {
            return;
        }
        let mut last = self.last.take();
        for record in records {
            let continues = last.as_ref().is_some_and(|last| is_of_same_submission(last, record));
            if self.is_past(record) {
                self.found = Some(if continues { self.whole } else { record.position - 1 });
                return;
            }
            if !continues {
                self.whole = record.position - 1;
            }
            last = Some(record.clone());
        }
        self.last = last;
    }

    /// The position of the cut, once all records were passed.
    pub(super) fn position(&self) -> u64 {
        self.found.unwrap_or(self.end)
    }

    /// The position of the cut.
    ///
    /// # Errors
    /// When the backup ends before the position that was asked for.
    pub(super) fn checked(&self) -> Result<u64, BackupError> {
        match self.cut {
            Cut::Position(position) if position > self.end => Err(BackupError(format!(
                "the backup ends at position {}, before {position}",
                self.end
            ))),
            _ => Ok(self.position()),
        }
    }

    const fn is_past(&self, record: &Record) -> bool {
        match self.cut {
            Cut::End => false,
            Cut::Position(position) => record.position > position,
            Cut::Time(time) => record.time.0 > time.0,
        }
    }
}

/// Whether two adjacent records may belong to one submission, which is never divided. Two requests
/// to one aggregate within a millisecond count as one as well.
fn is_of_same_submission(one: &Record, next: &Record) -> bool {
    let of = |record: &Record| (record.stream, record.time, record.correlation, record.cause);
    of(one) == of(next) && one.version.checked_add(1) == Some(next.version)
}
