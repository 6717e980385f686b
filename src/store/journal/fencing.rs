//! The end of leases, and the wait until everything submitted under them is durable or lost.

use super::{
    Journal,
    submission::{Submission, SubmitError},
};
use crate::sync;
use crate::{
    domain::kernel::Timestamp,
    store::types::{Cause, KindId, Lease, Stream},
};
use std::{sync::mpsc, time::Duration};

impl Journal {
    /// Ends a lease. No further submission is accepted under it, and every submission accepted
    /// before has its position.
    pub fn end(&self, lease: &Lease) {
        lease.end();
        // Taking the lock waits for any submission that checked the lease before this.
        drop(sync::lock(&self.shared.front));
    }

    /// Waits, at most `within`, until every submission and checkpoint accepted so far is durable or
    /// lost. Returns whether all of them are.
    #[must_use]
    pub fn settle(&self, within: Duration) -> bool {
        let (sender, settled) = mpsc::sync_channel(1);
        let empty = Submission {
            stream: Stream { kind: KindId::default(), number: 0 },
            after_version: 0,
            generation: self.generation(),
            entries: Vec::new(),
            time: Timestamp(0),
            correlation: 0,
            cause: Cause::Request(None),
            answer: None,
            snapshot: None,
            leases: [None, None],
            done: Some(Box::new(move |_| {
                let _ = sender.send(());
            })),
        };
        match self.submit(empty) {
            Ok(_) => settled.recv_timeout(within).is_ok(),
            // A full queue holds items that are not settled. After all other errors the queue holds
            // none.
            Err(error) => !matches!(error, SubmitError::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        journal::Entry,
        types::{JournalOptions, Payload},
    };

    fn under(lease: &Lease, journal: &Journal) -> Submission {
        Submission {
            stream: Stream { kind: KindId(7), number: 1 },
            after_version: 0,
            generation: journal.generation(),
            entries: vec![Entry { payload: Payload::TimerFired, typed: None }],
            time: Timestamp(0),
            correlation: 1,
            cause: Cause::Timer,
            answer: None,
            snapshot: None,
            leases: [None, Some(lease.clone())],
            done: None,
        }
    }

    #[test]
    fn submissions_under_an_ended_lease_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), JournalOptions::default()).unwrap();
        let (old, new) = (Lease::default(), Lease::default());
        journal.submit(under(&old, &journal)).unwrap();
        journal.end(&old);
        assert!(journal.settle(Duration::from_secs(60)), "all submissions are settled");
        assert_eq!(journal.durable(), 1, "the earlier submission is durable");
        assert!(matches!(journal.submit(under(&old, &journal)), Err(SubmitError::Replaced)));
        assert_eq!(journal.submit(under(&new, &journal)).unwrap().first_position, 2);
        journal.close();
    }
}
