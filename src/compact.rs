//! `madang compact`: writes the journal into new files without the space that its old values took.

use crate::{
    console::{Progress, say},
    counted::counted,
    store::journal::{Compacted, JournalOptions, compact, is_in_use},
};
use indicatif::BinaryBytes;
use std::{error::Error, path::Path};

/// Compacts the journal in this data folder, and prints what that gave back.
///
/// # Errors
/// When there is no journal, a server has it open, it is damaged, or the new files cannot be
/// written.
pub fn run(data: &Path) -> Result<bool, Box<dyn Error>> {
    let (journal, shown) = (data.join("journal"), data.display());
    if !journal.is_dir() {
        return Err(format!("{shown}: there is no journal here").into());
    }
    if is_in_use(&journal) {
        return Err(format!("{shown}: a server has it open; stop the server first").into());
    }
    let options = JournalOptions { views: Some(data.join("views")), ..JournalOptions::default() };
    let mut progress = Progress::begin();
    let compacted = compact(&journal, &options, &mut |what, done, total| {
        progress.show(what, done, total);
    });
    progress.end();
    let Compacted { entries, bytes_before, bytes_after } = compacted?;
    say!(
        "{shown}: the journal has {}; {} before, {} now",
        counted(entries, "entry"),
        BinaryBytes(bytes_before),
        BinaryBytes(bytes_after)
    );
    Ok(true)
}
