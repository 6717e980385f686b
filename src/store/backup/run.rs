//! One run of a backup: the order in which the parts of a journal are read.
//!
//! ```text
//! state ─▶ records up to its position ─▶ state ─▶ the records since ─▶ answers ─▶ state ─▶ manifest
//! ```
//! The second state and the records end at one position. An answer that was stored since has the
//! position of its record, so a restore recognises it.

use super::{BackupError, State, folder::BackupWriter, manifest::Manifest, page::Part};
use std::path::Path;

/// Reads the pages of a journal, here or in another process.
pub trait Pages {
    /// Reads one page.
    ///
    /// # Errors
    /// When the journal cannot be reached or read.
    fn page(&mut self, part: Part) -> Result<Vec<u8>, BackupError>;
}

impl<F: FnMut(Part) -> Result<Vec<u8>, BackupError>> Pages for F {
    fn page(&mut self, part: Part) -> Result<Vec<u8>, BackupError> {
        self(part)
    }
}

/// Writes a backup into this folder, or what is new since the last one. `keys` are the files of
/// keys of the data folder, by name. `progress` receives the position reached and the position at
/// the end.
///
/// # Errors
/// When the folder holds something else than a backup of this store, or anything cannot be read or
/// written. The last backup in the folder is then unchanged.
pub fn back_up(
    folder: &Path,
    pages: &mut dyn Pages,
    keys: &[(String, Vec<u8>)],
    time: &dyn Fn() -> String,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    let mut writer = BackupWriter::open(folder)?;
    let begun = State::of_page(&pages.page(Part::State)?)?;
    writer.begin(&begun)?;
    let after = writer.position();
    if after > 0 {
        writer.check_last(&pages.page(Part::Records { after: after - 1, to: after })?)?;
    }
    copy_records(&mut writer, pages, begun.position, progress)?;
    let page = pages.page(Part::State)?;
    let state = State::of_page(&page)?;
    if state.store != begun.store {
        return Err(BackupError("the store was replaced during the backup".to_owned()));
    }
    copy_records(&mut writer, pages, state.position, progress)?;
    writer.state(&page)?;
    let mut after = None;
    loop {
        let last = writer.answers(&pages.page(Part::Answers { after })?)?;
        if last.is_none() {
            break;
        }
        if last <= after {
            return Err(BackupError("the journal returns answers again".to_owned()));
        }
        after = last;
    }
    // While no record follows, an answer without a record is one of this state.
    let is_quiet = State::of_page(&pages.page(Part::State)?)?.position == state.position;
    let answers_up_to = state.position + u64::from(is_quiet);
    for (name, content) in keys {
        writer.key(name, content)?;
    }
    writer.finish(time(), answers_up_to)
}

fn copy_records(
    writer: &mut BackupWriter,
    pages: &mut dyn Pages,
    to: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    progress(writer.position(), to);
    while writer.position() < to {
        let after = writer.position();
        if writer.records(&pages.page(Part::Records { after, to })?)? == after {
            return Err(BackupError(format!("the journal returns no record after {after}")));
        }
        progress(writer.position(), to);
    }
    Ok(())
}
