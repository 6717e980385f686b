//! The commands `backup`, `restore`, `export` and `import`.
//!
//! ```text
//! backup    journal in a folder, or the server that has it open ─▶ folder of the backup
//! restore   folder of the backup ─▶ new data folder
//! export    journal, or the server ─▶ a file with one event a line, in JSON
//! import    such a file ─▶ new data folder
//! ```

mod export;
mod import;
mod keys;
mod line;
mod source;

pub use export::{Options as ExportOptions, run as export, stored_types, upcasting};
pub use import::{Options as ImportOptions, run as import};
pub use source::Source;

use crate::{
    actors::{SUBSCRIPTIONS, clock, fitting_subscription},
    console::{Progress, print_first, say},
    counted::counted,
    domain::kernel::Timestamp,
    files,
    inbound::position_token::PositionToken,
    store::{
        backup::{Backup, BackupError, Manifest, back_up},
        journal::{Cut, Restore, Stage, restore},
        permissions::check_owner,
        persons,
    },
};
use clap::Args;
use std::{error::Error, io, path::Path, path::PathBuf};

/// The files of keys in the data folder that a backup holds. The secrets of webhooks in the journal
/// are encrypted with them.
const KEY_FILES: [&str; 1] = ["webhooks.key"];

/// The options of `backup`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The folder of the backup; it is made when it does not exist
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Read every byte of the backup and check it, with `--keys` that copy as well; exit code 1 when
    /// a flaw is found
    #[arg(long, conflicts_with_all = ["data", "config", "url", "token_file"])]
    pub check: bool,
    /// Copy the keys of personal texts into this folder, which is brought up to date in its place;
    /// keep it apart from the backup
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// The journal that is backed up.
    #[command(flatten)]
    pub source: Source,
}

/// The options of `restore`.
#[derive(Args, Clone, Debug)]
pub struct RestoreOptions {
    /// The folder of the backup
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// The data folder; it must be empty, or not exist
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The folder with the copy of the keys of personal texts
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Restore the records up to this position, as a number or as clients get it
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub to_position: Option<u64>,
    /// Restore the records before the first one that is later than this, in the form of RFC 3339
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "to_position")]
    pub to_time: Option<Timestamp>,
    /// Leave out so many numbers of each kind: they may have been given after the backup; 0 when
    /// the server has taken no command since
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub skip_numbers: u64,
}

fn position(text: &str) -> Result<u64, String> {
    let number = text.parse::<PositionToken>().map(|token| token.0).or_else(|_| text.parse());
    number.map_err(|_| "this is no position".to_owned())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let read = Timestamp::from_rfc3339(text);
    read.ok_or_else(|| "this is no time such as 2026-11-29T12:00:00Z".to_owned())
}

/// Makes a backup, or checks one. The result is whether everything is in order.
///
/// # Errors
/// When the journal cannot be read, or the backup cannot be written.
pub fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    if options.check {
        return Ok(check(&options.folder, options.keys.as_deref())?);
    }
    apart(options)?;
    let manifest = made(options)?;
    if let Some(to) = &options.keys {
        // It is done after the records, which need no later keys.
        keys::copy(&options.source.data.join(persons::FOLDER), to)?;
    }
    say!(
        "{}: position {}, {} in {}",
        options.folder.display(),
        manifest.position,
        counted(manifest.bytes(), "byte"),
        counted(manifest.files.len(), "file")
    );
    Ok(true)
}

/// Refuses folders that are one in another: a backup would then hold keys or other files that are no
/// part of it, and a copy of keys over those of a server would destroy new ones. Also refuses root in
/// the folder of another user.
fn apart(options: &Options) -> Result<(), String> {
    let (folder, data) = (&options.folder, &options.source.data);
    let mut pairs = vec![(folder, "the backup", data, "the data folder")];
    if let Some(keys) = &options.keys {
        pairs.push((keys, "the copy of the keys", data, "the data folder"));
        pairs.push((keys, "the copy of the keys", folder, "the backup"));
        check_owner(keys)?;
    }
    check_owner(folder)?;
    for (inner, what, outer, of) in pairs {
        let inside = |inner, outer| files::resolved(inner).starts_with(files::resolved(outer));
        if inside(inner, outer) || inside(outer, inner) {
            let (inner, outer) = (inner.display(), outer.display());
            return Err(format!("{inner}: {what} must be apart from {of}, {outer}"));
        }
    }
    Ok(())
}

fn made(options: &Options) -> Result<Manifest, Box<dyn Error>> {
    let keys = key_files(&options.source.data)?;
    options.source.with_pages(|pages| {
        let mut progress = Progress::begin();
        let time = || clock::now().to_rfc3339();
        let made = back_up(&options.folder, pages, &keys, &time, &mut |done, total| {
            progress.show("records", done, total);
        });
        progress.end();
        Ok(made?)
    })
}

fn key_files(data: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut found = Vec::new();
    for name in KEY_FILES {
        let path = data.join(name);
        match files::read(&path) {
            Ok(content) => found.push((name.to_owned(), content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!("{}: {}", path.display(), files::denied(&path, error)));
            }
        }
    }
    Ok(found)
}

/// Checks a backup and the copy of its keys, and prints their flaws.
fn check(folder: &Path, keys: Option<&Path>) -> Result<bool, BackupError> {
    let backup = Backup::open(folder)?;
    let total = backup.manifest().bytes();
    let mut progress = Progress::begin();
    let mut flaws = backup.check(&mut |done| progress.show("bytes", done, total));
    progress.end();
    if let Some(keys) = keys {
        flaws.extend(keys::flaws(&backup, keys).unwrap_or_else(|error| vec![error.0]));
    }
    print_first(&flaws, "flaw");
    let Manifest { position, time, .. } = backup.manifest();
    if flaws.is_empty() {
        say!("{}: sound, position {position}, made at {time}", folder.display());
        return Ok(true);
    }
    say!("{}: damaged; flaws: {}", folder.display(), flaws.len());
    Ok(false)
}

/// Restores a backup into a new data folder.
///
/// # Errors
/// When the backup is damaged, or the folder is not empty or cannot be written.
pub fn restored(options: &RestoreOptions) -> Result<bool, Box<dyn Error>> {
    let backup = Backup::open(&options.folder)?;
    options.keys.as_ref().map_or(Ok(()), |from| keys::check_usable(&backup, from))?;
    let cut = match (options.to_position, options.to_time) {
        (Some(position), _) => Cut::Position(position),
        (None, Some(time)) => Cut::Time(time),
        (None, None) => Cut::End,
    };
    let how = Restore { cut, skipped_numbers: options.skip_numbers };
    let mut progress = Progress::begin();
    let mut show = |stage, done, total| {
        let what = match stage {
            Stage::Checking => "bytes checked",
            Stage::Writing => "records written",
        };
        progress.show(what, done, total);
    };
    let restored = restore(&backup, &options.data, &how, &fitting, &mut show);
    progress.end();
    let restored = restored?;
    let folder = options.data.join(persons::FOLDER);
    match &options.keys {
        Some(from) => keys::copy(from, &folder)?,
        None => say!("copy the keys of personal texts to {} as well", folder.display()),
    }
    say!(
        "{}: restored to position {}, with {} to keys; check it with `madang verify`",
        options.data.display(),
        restored.position,
        counted(restored.answers, "answer")
    );
    Ok(true)
}

/// Fits a stored state to a journal that ends at a position.
fn fitting(subscriber: &str, number: u64, state: Vec<u8>, end: u64) -> Option<Vec<u8>> {
    if subscriber == SUBSCRIPTIONS { fitting_subscription(number, state, end) } else { Some(state) }
}
