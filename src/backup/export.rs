//! The command `export`: all records as lines of JSON.

use super::{
    line::{Line, Types},
    source::Source,
};
use crate::{
    actors::StoredTypes,
    console::{Progress, say},
    counted::counted,
    declarations::Declarations,
    store::{
        KindId,
        backup::{Chunk, Pages, Part, State},
        evolution::{KINDS_NAME, Upcasting},
        journal::{Checkpoint, Journal, MemoryJournal},
    },
};
use clap::Args;
use std::{
    error::Error,
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// The longest wait for a journal in memory.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// The options of `export`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The file; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The journal that is exported.
    #[command(flatten)]
    pub source: Source,
}

/// Writes all records into the file. The file has its name when it is complete.
///
/// # Errors
/// When the journal cannot be read, or the file exists or cannot be written.
pub fn run(options: &Options, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    let shown = options.file.display();
    if options.file.exists() {
        return Err(format!("{shown}: the file exists").into());
    }
    let mut draft = options.file.clone().into_os_string();
    draft.push(".new");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let file = file.map_err(|error| format!("{}: {error}", draft.display()))?;
    let mut output = BufWriter::with_capacity(1 << 20, file);
    let data = &options.source.data;
    let records =
        options.source.with_pages(|pages| export((pages, data), declarations, &mut output))?;
    let finish = || -> std::io::Result<()> {
        output.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&draft, &options.file)?;
        let folder = options.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(std::path::Path::new(".")))?.sync_all()
    };
    finish().map_err(|error| format!("{shown}: {error}"))?;
    say!("{shown}: {}", counted(records, "record"));
    Ok(true)
}

fn export(
    (pages, data): (&mut dyn Pages, &Path),
    declarations: &Declarations,
    output: &mut impl Write,
) -> Result<u64, Box<dyn Error>> {
    let state = State::of_page(&pages.page(Part::State)?)?;
    let types = types_of(declarations)?;
    let types_in_clear = stored_types(declarations).with_keys_in(data);
    let upcasting = upcasting(&state, types_in_clear)?;
    let mut progress = Progress::begin();
    let mut after = 0;
    while after < state.position {
        let page = pages.page(Part::Records { after, to: state.position })?;
        let before = after;
        for record in Chunk::records_of(&page)? {
            after = record.position;
            let at = |reason: String| format!("record {after}: {reason}");
            let today = upcasting.record(&record).map_err(|error| at(error.to_string()))?;
            let line = Line::of(&today, &types, |kind| state.name_of(kind)).map_err(at)?;
            serde_json::to_writer(&mut *output, &line)?;
            output.write_all(b"\n")?;
        }
        if after == before {
            return Err(format!("the journal returns no record after {after}").into());
        }
        progress.show("records", after, state.position);
    }
    progress.end();
    Ok(after)
}

/// The types of this binary.
pub(super) fn types_of(declarations: &Declarations) -> Result<Types, String> {
    stored_types(declarations).by_place()
}

/// The declared types, to be compared with a store.
pub fn stored_types(declarations: &Declarations) -> StoredTypes {
    let mut types = StoredTypes::of(|_| true);
    declarations.store(&mut types);
    types
}

/// The conversion of values of earlier shapes to these types, as the store remembers them.
///
/// # Errors
/// One sentence for each type that this binary cannot read.
pub fn upcasting(state: &State, types: StoredTypes) -> Result<Upcasting, Box<dyn Error>> {
    let journal = MemoryJournal::new();
    for name in &state.kinds {
        let _: KindId = journal.kind(name)?;
    }
    let shapes = state.conversations_of(KINDS_NAME);
    let conversations = shapes.map(|(key, shapes)| (key, Some(shapes.to_vec()))).collect();
    let (subscriber, generation) = (journal.kind(KINDS_NAME)?, journal.generation());
    let checkpoint = Checkpoint { subscriber, generation, position: 0, conversations };
    journal.checkpoint(checkpoint).map_err(|(error, _)| error.to_string())?;
    if !journal.settle(SETTLED_WITHIN) {
        return Err("the shapes of stored types cannot be read".into());
    }
    Ok(types.compare(journal)?)
}
