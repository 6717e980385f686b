//! The pages of a backup of the running system.

use super::Runtime;
use crate::{
    actors::{api::RequestError, support::catch_panic},
    store::backup::Part,
};
use std::{sync::Arc, thread};
use tokio::sync::{Semaphore, oneshot};

/// One page is read at a time, by all backups together.
static PAGES: Semaphore = Semaphore::const_new(1);

/// The lowest priority of a thread. Such a page is read while no other thread wants the processor.
const LOWEST_PRIORITY: i32 = 19;

impl Runtime {
    /// Reads one page of the journal for a backup, on a thread of its own. The query is that of a
    /// [`Part`].
    ///
    /// # Errors
    /// When the query is no part, or the journal cannot be read.
    pub async fn backup_page(&self, query: &str) -> Result<Vec<u8>, RequestError> {
        let part = Part::parse(query).ok_or_else(|| {
            let reason = "the query must be a part of a backup, as `madang backup` asks for it";
            RequestError::BadQuery(reason.to_owned())
        })?;
        let failed = |reason: String| RequestError::Failed(reason);
        let turn = PAGES.acquire().await.map_err(|error| failed(error.to_string()))?;
        let journal = Arc::clone(&self.parts.journal);
        let (sender, page) = oneshot::channel();
        let read = move || {
            // The thread has the turn: a client that leaves does not start a second one.
            let _turn = turn;
            // Commits wait for the state, so it is not read at a low priority.
            if part != Part::State {
                yield_to_others();
            }
            let page = catch_panic(|| journal.backup_page(part).map_err(|error| error.to_string()));
            // A client that is gone needs no page.
            let _ = sender.send(page.and_then(|page| page));
        };
        let thread = thread::Builder::new().name("backup".to_owned()).spawn(read);
        thread.map_err(|error| failed(error.to_string()))?;
        page.await.map_err(|error| failed(error.to_string()))?.map_err(failed)
    }
}

/// Gives this thread the lowest priority. Where that is not possible, it keeps its own.
fn yield_to_others() {
    let thread = rustix::thread::gettid();
    let _ = rustix::process::setpriority_process(Some(thread), LOWEST_PRIORITY);
}
