//! Ends leases, and waits until everything submitted under them is durable or lost.

use super::{
    Journal,
    submission::{Submission, SubmitError},
};
use crate::{
    domain::kernel::Timestamp,
    store::{
        sync::lock,
        types::{Cause, KindId, Lease, Stream},
    },
};
use std::{sync::mpsc, time::Duration};

impl Journal {
    /// Ends a lease: no further submission is taken under it, and every submission taken before has
    /// its position.
    pub fn end(&self, lease: &Lease) {
        lease.end();
        // Taking the lock waits for any submission that checked the lease before this.
        drop(lock(&self.shared.front));
    }

    /// Waits, at most `within`, until every submission and checkpoint taken so far is durable or
    /// lost. Returns whether all of them are.
    #[must_use]
    pub fn settle(&self, within: Duration) -> bool {
        let (said, settled) = mpsc::sync_channel(1);
        let nothing = Submission {
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
                let _ = said.send(());
            })),
        };
        match self.submit(nothing) {
            Ok(_) => settled.recv_timeout(within).is_ok(),
            // With a full queue much is still waiting. After all other errors nothing waits any
            // more.
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
            entries: vec![Entry { payload: Payload::Woken, typed: None }],
            time: Timestamp(0),
            correlation: 1,
            cause: Cause::Alarm,
            answer: None,
            snapshot: None,
            leases: [None, Some(lease.clone())],
            done: None,
        }
    }

    #[test]
    fn nothing_is_taken_from_whoever_has_been_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), JournalOptions::default()).unwrap();
        let (old, new) = (Lease::default(), Lease::default());
        journal.submit(under(&old, &journal)).unwrap();
        journal.end(&old);
        assert!(journal.settle(Duration::from_secs(60)), "it settles");
        assert_eq!(journal.durable(), 1, "what was taken before is durable");
        assert!(matches!(journal.submit(under(&old, &journal)), Err(SubmitError::Replaced)));
        assert_eq!(journal.submit(under(&new, &journal)).unwrap().first_position, 2);
        journal.close();
    }
}
