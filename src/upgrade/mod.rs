//! The command `check-upgrade`: this binary proves itself on the history of a server.
//!
//! ```text
//! server at work ── pages of its journal ──▶ a copy in a folder ──▶ the checks of `verify`
//! its views ──────── copies of their files ──▶        │
//!                                                     └─ removed at the end
//! ```
//! Nothing of the server changes. What cannot be copied is named as not checked.

mod scratch;
mod views;

use crate::{
    actors::{Findings, Installation, Settings},
    backup::{Source, stored_types, upcasting},
    console::{Progress, say},
    declarations::Declarations,
    remote::ServerOptions,
    store::{
        backup::{BackupError, Pages, Part, State},
        journal::{copy, copy_files},
        persons,
    },
    verify,
};
use clap::Args;
use scratch::Scratch;
use std::{
    error::Error,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// What the copy of a running server's journal never holds.
const NEVER_COPIED: [&str; 2] = [
    "the states of sagas, ports and lookups at work, except for their types",
    "the checksums, totals and lists of owners on the disk of the server",
];

/// The options of `check-upgrade`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The store that is checked.
    #[command(flatten)]
    pub source: Source,
    /// Make the copy in this folder, which must not exist [default: check-upgrade in the data folder]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}

/// Checks the stored history with this binary, and prints what it finds; true when this binary can
/// serve it.
///
/// # Errors
/// When the history cannot be read or copied, or this binary cannot read a type of it.
pub fn run(options: &Options, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    let data = &options.source.data;
    let findings = found(options, declarations)?;
    verify::print(&findings);
    let (data, version) = (data.display(), env!("CARGO_PKG_VERSION"));
    let flaws = findings.flaws.len();
    match flaws {
        0 => say!("{data}: version {version} can serve it"),
        _ => say!("{data}: version {version} cannot serve it; flaws: {flaws}"),
    }
    Ok(flaws == 0)
}

/// Checks the history in this data folder with these businesses, also while a server has it open.
///
/// # Errors
/// As [`run`].
pub fn check(data: &Path, declarations: &Declarations) -> Result<Findings, Box<dyn Error>> {
    let source = Source { data: data.to_owned(), server: ServerOptions::default() };
    found(&Options { source, scratch: None }, declarations)
}

/// Verifies the data of a running server: a copy of it is checked. Prints what it finds; true when
/// there is no flaw.
///
/// # Errors
/// As [`run`].
pub fn verify_served(of: &Source, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    let findings = found(&Options { source: of.clone(), scratch: None }, declarations)?;
    Ok(verify::print_result(&of.data, &findings))
}

fn found(options: &Options, declarations: &Declarations) -> Result<Findings, Box<dyn Error>> {
    let data = &options.source.data;
    let scratch = Scratch::begin(data, options.scratch.as_deref())?;
    if options.source.is_served() {
        options.source.with_pages(|pages| of_pages(pages, data, &scratch, declarations))
    } else {
        of_files(data, &scratch, declarations)
    }
}

/// Checks the history of a running server, whose pages these are.
fn of_pages(
    pages: &mut dyn Pages,
    data: &Path,
    scratch: &Scratch,
    declarations: &Declarations,
) -> Result<Findings, Box<dyn Error>> {
    refuse_other_types(&pages.page(Part::State)?, declarations)?;
    // A view is never ahead of the journal, so its copy comes first.
    let mut unchecked = views::copy_all(&data.join("views"), &scratch.views())?;
    let mut progress = Progress::begin();
    let copied = copy(pages, scratch.data(), &mut |done, total| {
        progress.show("records copied", done, total);
    });
    progress.end();
    let copied = copied?;
    if scratch.views().exists() {
        fs::rename(scratch.views(), scratch.data().join("views"))?;
    }
    if let Some(reason) = copied.without_snapshots {
        unchecked.push(format!("the snapshots ({reason})"));
    }
    unchecked.extend(NEVER_COPIED.map(str::to_owned));
    let mut findings = audited(data, scratch, declarations)?;
    findings.unchecked.extend(unchecked);
    Ok(findings)
}

/// Checks a stopped server's data folder, on a copy of its files.
fn of_files(
    data: &Path,
    scratch: &Scratch,
    declarations: &Declarations,
) -> Result<Findings, Box<dyn Error>> {
    if !data.join("journal").is_dir() {
        return Err(format!("{}: there is no journal here", data.display()).into());
    }
    let mut progress = Progress::begin();
    let copied = copy_files(data, scratch.data(), &mut |done, total| {
        progress.show("bytes copied", done, total);
    });
    progress.end();
    copied?;
    audited(data, scratch, declarations)
}

/// Refuses a store with a type that this binary cannot read, before anything is copied.
fn refuse_other_types(page: &[u8], declarations: &Declarations) -> Result<(), BackupError> {
    let state = State::of_page(page)?;
    let compared = upcasting(&state, stored_types(declarations));
    compared.map(drop).map_err(|error| BackupError(error.to_string()))
}

/// The checks of `verify` on the copy. The keys of persons stay where they are.
fn audited(
    data: &Path,
    scratch: &Scratch,
    declarations: &Declarations,
) -> Result<Findings, Box<dyn Error>> {
    let keys = data.join(persons::FOLDER);
    if keys.is_dir() {
        symlink(fs::canonicalize(keys)?, scratch.data().join(persons::FOLDER))?;
    }
    let settings = Settings { data: scratch.data().to_owned(), ..Settings::default() };
    let mut progress = Progress::begin();
    let mut progressing = |what: &str, done, total| progress.show(what, done, total);
    let install = |installation: &mut Installation| declarations.install(installation);
    let audited = Installation::audit(settings, install, &mut progressing);
    progress.end();
    audited.map_err(Into::into)
}
