//! The command `import`: a new data folder from lines of JSON.

use super::{
    export::{stored_types, types_of},
    line::{Line, Types},
};
use crate::{
    console::{Progress, say},
    counted::counted,
    declarations::Declarations,
    store::{
        KindId, Payload, Stream,
        journal::{Entry, Journal, JournalOptions, SledJournal, Submission, SubmitError, Target},
    },
};
use clap::Args;
use std::{
    collections::HashMap,
    error::Error,
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// The longest wait for the disk.
const SETTLED_WITHIN: Duration = Duration::from_secs(600);

/// The options of `import`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The file that `export` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The data folder; it must be empty, or not exist
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
}

/// Makes a new data folder from the file.
///
/// # Errors
/// When a line is wrong, or the folder is not empty or cannot be written. The folder is then
/// refused by everything but a further import or restore.
pub fn run(options: &Options, declarations: &Declarations) -> Result<bool, Box<dyn Error>> {
    let shown = options.file.display();
    let file = File::open(&options.file).map_err(|error| format!("{shown}: {error}"))?;
    let bytes = file.metadata()?.len();
    let types = types_of(declarations)?;
    let target = Target::begin(&options.data)?;
    let unfinished = JournalOptions { is_unfinished: true, ..JournalOptions::default() };
    let disk = SledJournal::open(&options.data.join("journal"), unfinished)?;
    let types_in_clear = stored_types(declarations).with_keys_in(&options.data);
    let (journal, _) = types_in_clear.remember(disk)?;
    let mut importer = Importer::new(Arc::clone(&journal), types);
    let mut progress = Progress::begin();
    let (mut done, mut number) = (0, 0_u64);
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut text = String::new();
    while input.read_line(&mut text)? > 0 {
        number += 1;
        done += text.len() as u64;
        let line = serde_json::from_str(&text).map_err(|error| error.to_string());
        let added = line.and_then(|line| importer.add(line));
        added.map_err(|reason| format!("{shown}, line {number}: {reason}"))?;
        if number % 1_024 == 0 {
            progress.show("bytes", done, bytes);
        }
        text.clear();
    }
    let records = importer.finish()?;
    progress.end();
    journal.close();
    target.end()?;
    let (data, records) = (options.data.display(), counted(records, "record"));
    say!("{data}: {records}; check it with `madang verify`");
    Ok(true)
}

/// Submits records to a new journal.
struct Importer {
    journal: Arc<dyn Journal>,
    types: Types,
    kinds: HashMap<String, KindId>,
    /// The last version of each stream, and whether it has an event.
    streams: HashMap<Stream, (u32, bool)>,
    position: u64,
    /// Records of one submission.
    open: Option<Submission>,
}

impl Importer {
    fn new(journal: Arc<dyn Journal>, types: Types) -> Self {
        let (kinds, streams) = (HashMap::new(), HashMap::new());
        Self { journal, types, kinds, streams, position: 0, open: None }
    }

    fn add(&mut self, line: Line) -> Result<(), String> {
        let position = line.position()?;
        if position != self.position + 1 {
            return Err(format!("position {} is missing", self.position + 1));
        }
        let stream = Stream { kind: self.kind(&line.aggregate)?, number: line.number()? };
        let (last, has_event) = self.streams.get(&stream).copied().unwrap_or_default();
        if line.aggregateversion != last + 1 {
            return Err(format!("version {} of {} is missing", last + 1, line.aggregate));
        }
        let (time, correlation) = (line.time()?, line.correlation()?);
        let cause = line.cause(&mut |name| self.kind(name))?;
        let (principals, trace) = (line.principals(), line.trace()?);
        let payload = line.payload(&self.types)?;
        let is_event = matches!(payload, Payload::Event(_));
        self.streams.insert(stream, (last + 1, has_event || is_event));
        self.position = position;
        let entry = Entry { payload, typed: None };
        let continues = self.open.as_ref().is_some_and(|open| {
            let of = (open.stream, open.time, open.correlation, open.cause);
            of == (stream, time, correlation, cause)
                && open.principals == principals
                && open.trace == trace
        });
        if continues && let Some(open) = &mut self.open {
            open.entries.push(entry);
            open.is_creation |= is_event && !has_event;
            return Ok(());
        }
        self.submit()?;
        self.open = Some(Submission {
            after_version: last,
            entries: vec![entry],
            correlation,
            cause,
            principals,
            trace,
            is_creation: is_event && !has_event,
            ..Submission::of(stream, self.journal.generation(), time)
        });
        Ok(())
    }

    fn kind(&mut self, name: &str) -> Result<KindId, String> {
        if let Some(kind) = self.kinds.get(name) {
            return Ok(*kind);
        }
        if name.is_empty() {
            return Err("the name of a kind is missing".to_owned());
        }
        let kind = self.journal.kind(name).map_err(|error| error.to_string())?;
        self.kinds.insert(name.to_owned(), kind);
        Ok(kind)
    }

    fn submit(&mut self) -> Result<(), String> {
        let Some(submission) = self.open.take() else { return Ok(()) };
        // A full queue refuses the submission and does not return it.
        self.make_room()?;
        match self.journal.submit(submission) {
            Ok(_) => Ok(()),
            Err(SubmitError::Full) => Err("the queue of the journal is full".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits when much is not on disk yet.
    fn make_room(&self) -> Result<(), String> {
        let waiting = self.journal.submitted() - self.journal.durable();
        let room = JournalOptions::default().queue_records_max as u64 / 2;
        if waiting < room || self.journal.settle(SETTLED_WITHIN) {
            return Ok(());
        }
        Err("the disk does not take the records".to_owned())
    }

    fn finish(mut self) -> Result<u64, String> {
        self.submit()?;
        let is_settled = self.journal.settle(SETTLED_WITHIN);
        if is_settled && self.journal.durable() == self.position {
            return Ok(self.position);
        }
        Err("not all records are on the disk".to_owned())
    }
}
