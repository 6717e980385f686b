//! The journal that a backup or an export reads: in a data folder, or of a running server.

use crate::{
    remote::{Server, ServerOptions},
    store::{
        StoreId,
        backup::{BackupError, Pages, Part, State},
        journal::{Journal as _, JournalOptions, SledJournal, is_in_use, store_in},
    },
    takeover,
};
use clap::Args;
use std::{error::Error, path::PathBuf, time::Duration};

/// The longest time that the server may take for one page. A page waits for a busy disk.
const PAGE_WITHIN: Duration = Duration::from_secs(120);

/// The priority (`nice`) of a command that reads the journal of a running server.
const BESIDE_A_SERVER: i32 = 10;

/// The options that name the journal.
#[derive(Args, Clone, Debug)]
pub struct Source {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The server that has it open.
    #[command(flatten)]
    pub server: ServerOptions,
}

impl Source {
    /// Whether the pages come from a server: one is named, or one has the data folder open.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.server.url.is_some() || is_in_use(&self.data.join("journal"))
    }

    /// Does this work with the pages of the journal. While a server has the data folder open, they
    /// come from the server.
    ///
    /// # Errors
    /// When there is no journal, or it cannot be opened; also any error of the work.
    pub fn with_pages<T>(
        &self,
        work: impl FnOnce(&mut dyn Pages) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        let dir = self.data.join("journal");
        // The owner of the data folder needs no token.
        if self.server.url.is_none()
            && self.server.token_file.is_none()
            && let Some(mut pages) = takeover::pages_of(&self.data)
        {
            let_the_server_come_first();
            return work(&mut pages);
        }
        if self.is_served() {
            let_the_server_come_first();
            let server = Server::of(&self.server, Some(&self.data), PAGE_WITHIN)?;
            let here = store_in(&dir);
            return work(&mut |part| {
                let page = page_of(&server, part)?;
                if part == Part::State {
                    self.check_store(here, State::of_page(&page)?.store)?;
                }
                Ok(page)
            });
        }
        if !dir.is_dir() {
            return Err(format!("{}: there is no journal here", self.data.display()).into());
        }
        let journal = SledJournal::open(&dir, JournalOptions::default())?;
        let done = work(&mut |part: Part| {
            journal.backup_page(part).map_err(|error| BackupError(error.to_string()))
        });
        journal.close();
        done
    }

    /// Refuses a server that has another store than the one in the data folder.
    fn check_store(
        &self,
        here: Option<StoreId>,
        served: Option<StoreId>,
    ) -> Result<(), BackupError> {
        if here.is_none() || here == served {
            return Ok(());
        }
        let data = self.data.display();
        Err(BackupError(format!(
            "the server that was asked does not serve {data}: name the address of its server with \
             --url or --config, or the folder of the server with --data (a new one when it is on \
             another machine)"
        )))
    }
}

/// Lowers the priority of this thread, and so of the threads that it starts, below that of a server
/// on the same machine. Where that is not possible, it keeps its own.
fn let_the_server_come_first() {
    let _ = rustix::process::setpriority_process(None, BESIDE_A_SERVER);
}

/// Asks a server for one page.
fn page_of(server: &Server, part: Part) -> Result<Vec<u8>, BackupError> {
    let page = server.get(&format!("/admin/backup?{part}"));
    page.map_err(|reason| BackupError(format!("the server at {}: {reason}", server.url())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_command_beside_a_server_has_a_lower_priority() {
        let lowered = thread::spawn(|| {
            let_the_server_come_first();
            rustix::process::getpriority_process(None)
        });
        assert_eq!(lowered.join().expect("no panic"), Ok(BESIDE_A_SERVER));
    }
}
