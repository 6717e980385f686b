//! Tests of a projector that rebuilds its rows, on a journal in memory.

use super::*;
use crate::{
    actors::{
        api::ViewInfo,
        dispatch::Registry,
        operations::OperationsLog,
        subscription::testing::services_on,
        view::{Queries, projection::Change, testing::Filled, view_path},
    },
    domain::kernel::{Field, Readers},
    store::{KindSet, read_model::Layout},
};
use futures_util::poll;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::Path,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
};

/// A position that no record has.
const NONE: u64 = 0;

/// The number of records of each stream, and the last of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    records: u64,
    last: u64,
}

#[derive(Clone)]
struct Counting {
    kind: KindSet,
    /// The fold of the record at this position panics once.
    panics_at: Arc<AtomicU64>,
}

impl Projection for Counting {
    type Row = Row;
    type Event = ();

    fn layout() -> Layout {
        const FIELDS: &[Field] = &[Field::key("id"), Field::number("last")];
        Layout { name: "test/rows", fields: FIELDS, columns: &["id", "records", "last"], shape: 0 }
    }

    fn kinds(&self, _: &Registry) -> KindSet {
        self.kind.clone()
    }

    fn decode(&self, _: &Registry, record: &Record) -> Result<Option<Change<()>>, String> {
        let concerns = self.kind.contains(record.stream.kind);
        Ok(concerns.then(|| (vec![record.stream.number], ())))
    }

    fn fold(&self, id: u64, row: Option<Row>, (): (), record: &Record) -> Option<Row> {
        let at = record.position;
        let panics =
            self.panics_at.compare_exchange(at, NONE, Ordering::Relaxed, Ordering::Relaxed);
        assert!(panics.is_err(), "a bad record");
        let records = row.map_or(0, |row| row.records) + 1;
        Some(Row { id, records, last: at })
    }
}

/// A view of a journal, in a folder of its own.
struct View {
    filled: Filled,
    reads: Arc<SharedReads>,
    rows: ViewReader,
    counting: Counting,
    projector: Projector<Counting>,
    folder: tempfile::TempDir,
}

fn storage(filled: &Filled, folder: &Path) -> (Arc<ViewStorage>, Arc<ReadModel>) {
    let operations_log = Arc::new(OperationsLog::open(&filled.journal).expect("a log"));
    let place = view_path(folder, Counting::layout().name);
    let around = (operations_log, filled.journal.durable());
    ViewStorage::open(place, Counting::layout(), around).expect("a folder that can be written")
}

fn reader(filled: &Filled, storage: Arc<ViewStorage>) -> ViewReader {
    let info = ViewInfo {
        business: "test",
        name: "rows",
        aliases: &[],
        fields: Counting::layout().fields,
        links: &[],
        newest_first: false,
        readers: Readers::Staff,
    };
    let components = services_on(&filled.journal).components;
    let progress = Progress::new("view", &components.with("test/rows", "view"));
    ViewReader::new(info, storage, progress, Arc::new(Queries::new(Duration::from_secs(60))))
}

impl View {
    /// A view whose rows have to be rebuilt from this journal.
    fn of(filled: Filled, panics_at: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (storage, model) = storage(&filled, folder.path());
        let rows = reader(&filled, storage);
        let reads = SharedReads::new(Arc::clone(&filled.journal), Arc::default());
        let kind = [filled.kind].into_iter().collect();
        let counting = Counting { kind, panics_at: Arc::new(AtomicU64::new(panics_at)) };
        let projector = Projector::new(counting.clone(), (&rows, model), Arc::clone(&reads), None);
        let projector = projector.expect("a projector");
        Self { filled, reads, rows, counting, projector, folder }
    }

    /// Replaces the projector, as after a crash of it.
    fn restart(&mut self) {
        let model = self.rows.model(self.filled.journal.durable()).expect("a read model");
        let (counting, reads) = (self.counting.clone(), Arc::clone(&self.reads));
        let projector = Projector::new(counting, (&self.rows, model), reads, None);
        self.projector = projector.expect("a projector");
    }

    /// Runs turns until the rows are in place and include everything.
    fn catch_up(&mut self) {
        while self.rows.storage().readable().is_err()
            || self.projector.cursor < self.filled.journal.durable()
        {
            if self.projector.turn().is_err() {
                self.projector.start_over();
            }
        }
    }

    /// The rows in the file.
    fn found(&self) -> BTreeMap<u64, Row> {
        let mut found = BTreeMap::new();
        let model = self.rows.storage().readable().expect("rows in place");
        let each = model.each(&mut |row| {
            let of = serde_json::from_slice(&row.body).expect("a row");
            found.insert(row.number, of);
        });
        each.expect("is readable");
        found
    }

    /// The rows as a replay of the journal gives them.
    fn replayed(&self) -> BTreeMap<u64, Row> {
        let mut rows = BTreeMap::<u64, Row>::new();
        let durable = usize::try_from(self.filled.journal.durable()).expect("fits");
        let records = self.filled.journal.read(0, durable, ReadLevel::Durable);
        for record in records.expect("is readable") {
            if record.stream.kind == self.filled.kind {
                let (id, last) = (record.stream.number, record.position);
                let row = rows.entry(id).or_insert(Row { id, records: 0, last });
                (row.records, row.last) = (row.records + 1, last);
            }
        }
        rows
    }

    #[track_caller]
    fn assert_equal_to_a_replay(&self) {
        assert!(self.found() == self.replayed(), "the rows differ from a replay");
    }
}

/// Records of some streams in turn, about a batch and a half.
fn some(filled: &Filled) {
    for nth in 0..BATCH_RECORDS_MAX as u64 / 4 {
        filled.add(nth % 300 + 1, 6);
    }
}

fn some_records() -> Filled {
    let filled = Filled::empty();
    some(&filled);
    some(&filled);
    filled
}

#[test]
fn rebuilt_rows_equal_a_replay() {
    let mut view = View::of(some_records(), NONE);
    view.catch_up();
    view.assert_equal_to_a_replay();
    some(&view.filled);
    view.catch_up();
    view.assert_equal_to_a_replay();
}

#[test]
fn a_rebuild_goes_on_after_a_panic_with_the_rows_that_are_written() {
    let batch = BATCH_RECORDS_MAX as u64;
    for panics_at in [2, batch, batch + 2, batch * 2 + 700] {
        let mut view = View::of(some_records(), panics_at);
        view.catch_up();
        view.assert_equal_to_a_replay();
    }
}

#[test]
fn a_projector_that_replaces_one_in_the_middle_of_a_rebuild_begins_anew() {
    let mut view = View::of(some_records(), NONE);
    assert_eq!(view.projector.turn(), Ok(Turn::GoOn));
    assert!(view.projector.cursor > 0 && view.rows.storage().is_rebuilding());
    view.restart();
    assert_eq!(view.projector.cursor, 0);
    view.catch_up();
    view.assert_equal_to_a_replay();
}

#[test]
fn a_process_that_ends_in_the_middle_of_a_rebuild_leaves_no_rows() {
    let mut view = View::of(some_records(), NONE);
    assert_eq!(view.projector.turn(), Ok(Turn::GoOn));
    let place = view.rows.storage().place().to_owned();
    assert!(!place.exists(), "the rows are not in place");
    let (storage, model) = storage(&view.filled, view.folder.path());
    assert!(storage.is_rebuilding() && model.cursor().expect("is readable") == 0);
    view.rows = reader(&view.filled, storage);
    view.restart();
    view.catch_up();
    view.assert_equal_to_a_replay();
    assert!(place.exists());
}

#[test]
fn records_that_come_during_a_rebuild_are_in_its_rows() {
    let mut view = View::of(some_records(), NONE);
    for _ in 0..3 {
        assert_eq!(view.projector.turn(), Ok(Turn::GoOn));
        some(&view.filled);
    }
    view.catch_up();
    view.assert_equal_to_a_replay();
}

#[test]
fn a_short_batch_that_another_view_has_read_earlier_does_not_end_a_rebuild() {
    let filled = Filled::empty();
    filled.add(1, 100);
    let mut view = View::of(filled, NONE);
    let other = view.reads.join(KindSet::default(), 0);
    let read = other.read(0).expect("is readable").expect("does not wait");
    some(&view.filled);
    assert_eq!(view.projector.turn(), Ok(Turn::GoOn));
    assert_eq!(view.projector.cursor, read.last().expect("a record").position);
    assert!(view.rows.storage().readable().is_err(), "the rows are those of half of the journal");
    view.catch_up();
    view.assert_equal_to_a_replay();
}

#[test]
fn more_rows_than_there_may_be_in_memory_are_rebuilt_in_several_transactions() {
    let filled = Filled::empty();
    // The even numbers come after the odd ones, and the first rows change again at the end.
    for number in (1..=20_000).step_by(2).chain((2..=20_000).step_by(2)).chain(1..=100) {
        filled.add(number, 1);
    }
    let mut view = View::of(filled, NONE);
    let mut writes = BTreeMap::new();
    while view.rows.storage().readable().is_err() {
        view.projector.turn().expect("no error");
        writes.insert(view.projector.committed, view.projector.cursor);
    }
    assert!(writes.len() > 2, "the rows were written after {writes:?}");
    view.assert_equal_to_a_replay();
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_reader_that_begins_to_wait_ends_the_pause_of_the_projector() {
    let mut view = View::of(Filled::with(1), NONE);
    view.catch_up();
    let mut rest = pin!(view.projector.waiting.pause(HOUR));
    assert_eq!(poll!(rest.as_mut()), Poll::Pending);
    view.filled.add(1, 1);
    let mut reading = pin!(view.rows.reach_within(Some(view.filled.journal.durable()), HOUR));
    assert!(poll!(reading.as_mut()).is_pending(), "the record is not in the rows");
    assert_eq!(poll!(rest), Poll::Ready(()));
}

#[tokio::test]
async fn a_reader_that_began_to_wait_during_a_turn_ends_the_next_pause() {
    let mut view = View::of(Filled::with(1), NONE);
    view.catch_up();
    view.filled.add(1, 1);
    let mut reading = pin!(view.rows.reach_within(Some(view.filled.journal.durable()), HOUR));
    assert!(poll!(reading.as_mut()).is_pending(), "the record is not in the rows");
    assert_eq!(poll!(pin!(view.projector.waiting.pause(HOUR))), Poll::Ready(()));
}

#[tokio::test]
async fn a_reader_of_rows_that_are_reached_does_not_end_a_pause() {
    let mut view = View::of(Filled::with(1), NONE);
    view.catch_up();
    let durable = view.filled.journal.durable();
    assert_eq!(view.rows.reach_within(Some(durable), HOUR).await.ok(), Some(()));
    assert_eq!(poll!(pin!(view.projector.waiting.pause(HOUR))), Poll::Pending);
}

#[test]
fn a_projector_that_stops_writes_the_position_of_records_that_do_not_concern_it() {
    let mut view = View::of(Filled::with(1), NONE);
    view.catch_up();
    let written = view.projector.committed;
    let kind = view.filled.journal.kind("test/others").expect("a kind");
    let others = Filled { journal: Arc::clone(&view.filled.journal), kind };
    others.add(1, 3);
    assert!(matches!(view.projector.turn(), Ok(Turn::Rest(read)) if read >= 3));
    assert_eq!(view.projector.committed, written, "a few records are not worth a transaction");
    let durable = view.filled.journal.durable();
    view.projector.finish();
    let (storage, model) = storage(&view.filled, view.folder.path());
    assert!(!storage.is_rebuilding() && model.cursor().expect("is readable") >= durable);
}

#[test]
fn a_projector_that_stops_folds_the_last_records() {
    let mut view = View::of(Filled::with(1), NONE);
    view.catch_up();
    some(&view.filled);
    view.projector.finish();
    view.assert_equal_to_a_replay();
}

#[test]
fn a_projector_that_stops_during_a_rebuild_leaves_it() {
    let mut view = View::of(some_records(), NONE);
    assert_eq!(view.projector.turn(), Ok(Turn::GoOn));
    let cursor = view.projector.cursor;
    view.projector.finish();
    assert_eq!((view.projector.cursor, view.projector.committed), (cursor, 0));
}
