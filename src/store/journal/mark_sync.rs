//! The thread that makes the mark of a journal durable, so that no reply waits for this sync.

use crate::store::disk::MarkFile;
use crate::sync;
use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// After a power loss the mark is behind the journal by no more than this and one sync.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// Thread that syncs the mark at intervals, and once more at the end.
pub(in crate::store) struct MarkSync {
    mark: Arc<MarkFile>,
    end: Arc<(Mutex<bool>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl MarkSync {
    pub(in crate::store) fn start(mark: Arc<MarkFile>) -> Result<Self, String> {
        let end: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let (of_thread, ends) = (Arc::clone(&mark), Arc::clone(&end));
        let thread = thread::Builder::new().name("journal-mark".to_owned());
        let thread = thread.spawn(move || {
            while !ended_within(&ends, SYNC_EVERY) {
                sync(&of_thread);
            }
        });
        let thread = Mutex::new(Some(thread.map_err(|error| error.to_string())?));
        Ok(Self { mark, end, thread })
    }

    /// Ends the thread, and makes the mark durable.
    pub(in crate::store) fn end(&self) {
        let thread = sync::lock(&self.thread).take();
        let Some(thread) = thread else { return };
        *sync::lock(&self.end.0) = true;
        self.end.1.notify_all();
        let _ = thread.join();
        sync(&self.mark);
    }
}

fn sync(mark: &MarkFile) {
    if let Err(error) = mark.sync() {
        tracing::warn!(%error, "the mark of the journal could not be made durable");
    }
}

/// Waits this long; true when the end was requested by then.
fn ended_within((has_ended, ends): &(Mutex<bool>, Condvar), pause: Duration) -> bool {
    let waited = ends.wait_timeout_while(sync::lock(has_ended), pause, |has_ended| !*has_ended);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}
