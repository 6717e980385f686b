//! Backups: a run beside commits, further runs, and what a restore of them holds.

use super::{event, open, order, read_all, submit, under, word};
use crate::{
    domain::kernel::{RejectionKind, Timestamp},
    store::{
        backup::{Backup, BackupError, Manifest, Part, back_up},
        codec,
        journal::{Cut, Entry, Journal, ReadLevel, Restore, SledJournal, Submission, restore},
        types::{
            Answers, Cause, KindId, Payload, Principals, Record, StoredAnswer, StoredOutcome,
            Stream,
        },
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) const ALL: Restore = Restore { cut: Cut::End, skipped_numbers: 0 };

/// A data folder with an open journal, and a folder for its backup.
pub(super) struct Bench {
    folder: tempfile::TempDir,
    pub(super) journal: Arc<SledJournal>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(&folder.path().join("data/journal"));
        for name in ["orders", "madang/types", "saga/ride", "madang/subscriptions"] {
            journal.kind(name).unwrap();
        }
        Self { folder, journal }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn backup(&self) -> Manifest {
        backup_of(&*self.journal, &self.path("backup"))
    }

    /// Restores the backup into a new folder, and opens it.
    pub(super) fn restored(&self, name: &str, how: &Restore) -> Arc<SledJournal> {
        let backup = Backup::open(&self.path("backup")).unwrap();
        restore(&backup, &self.path(name), how, &keep, &mut |_, _, _| ()).unwrap();
        open(&self.path(name).join("journal"))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a caller may leave a state out")]
pub(super) fn keep(_: &str, _: u64, state: Vec<u8>, _: u64) -> Option<Vec<u8>> {
    Some(state)
}

fn backup_of(journal: &dyn Journal, folder: &Path) -> Manifest {
    let mut pages =
        |part| journal.backup_page(part).map_err(|error| BackupError(error.to_string()));
    let keys = [("webhooks.key".to_owned(), vec![7; 32])];
    back_up(folder, &mut pages, &keys, &|| "now".to_owned(), &mut |_, _| ()).unwrap()
}

/// Orders as they are placed: some words each, at times that follow on each other.
pub(super) fn place(journal: &SledJournal, numbers: std::ops::RangeInclusive<u64>) {
    for number in numbers {
        submitted(journal, placed(number));
    }
}

/// Submits, and waits until it is durable.
#[track_caller]
pub(super) fn submitted(journal: &SledJournal, submission: Submission) {
    submit(journal, submission).1.expect("is durable");
}

pub(super) fn placed(number: u64) -> Submission {
    let entries = ["placed", "paid"].map(|word| Entry { payload: event(word), typed: None });
    let owner = Some(format!("customer {}", number % 3).into());
    Submission {
        entries: entries.into(),
        cause: Cause::Request(Some(u128::from(number))),
        principals: Some(Arc::new(Principals { issuer: None, owner })),
        is_creation: true,
        ..Submission::of(order(number), 0, Timestamp(1_000 * number))
    }
}

pub(super) fn answer(number: u64, outcome: StoredOutcome) -> Answers {
    under(u128::from(number), StoredAnswer { fingerprint: 9, stream: order(number), outcome })
}

pub(super) fn rejected(reason: &str) -> StoredOutcome {
    StoredOutcome::Rejected { kind: RejectionKind::Conflict, reason: reason.to_owned() }
}

pub(super) type Content = (u64, Stream, u32, u64, u64, Cause, Option<String>, Payload);

pub(super) fn content(journal: &SledJournal) -> Vec<Content> {
    let of = |record: &Arc<Record>| {
        let Record { position, stream, version, time, correlation, cause, payload, .. } =
            (**record).clone();
        let owner = record.owner().map(str::to_owned);
        (position, stream, version, time.0, correlation, cause, owner, payload)
    };
    read_all(journal, ReadLevel::Durable).iter().map(of).collect()
}

#[track_caller]
pub(super) fn assert_sound(journal: &SledJournal) {
    let flaws = journal.audit(&mut ()).unwrap();
    assert_eq!(flaws, []);
}

#[test]
fn a_restored_journal_holds_what_the_backup_was_made_of() {
    let bench = Bench::new();
    place(&bench.journal, 1..=700);
    let manifest = bench.backup();
    assert_eq!((manifest.position, manifest.time.as_str()), (1_400, "now"));
    let restored = bench.restored("new", &ALL);
    assert_eq!(content(&restored), content(&bench.journal));
    assert_eq!(restored.id(), bench.journal.id());
    assert_eq!(restored.kinds(), bench.journal.kinds());
    for owner in ["customer 0", "customer 1", "customer 2", "customer 3"] {
        let owned = |journal: &SledJournal| journal.owned(KindId(0), owner).unwrap();
        assert_eq!(owned(&restored), owned(&bench.journal), "{owner}");
    }
    assert_eq!(fs::read(bench.path("new/webhooks.key")).unwrap(), [7; 32]);
    assert_sound(&restored);
    submitted(&restored, placed(701));
    restored.close();
    assert_sound(&open(&bench.path("new/journal")));
}

#[test]
fn a_second_run_adds_what_is_new_and_equals_a_full_backup() {
    let bench = Bench::new();
    place(&bench.journal, 1..=5);
    let first = bench.backup();
    let untouched = fs::read(bench.path("backup/records-00000001.part")).unwrap();
    place(&bench.journal, 6..=9);
    let second = bench.backup();
    assert_eq!((first.position, second.position), (10, 18));
    assert_eq!(fs::read(bench.path("backup/records-00000001.part")).unwrap(), untouched);
    let names = second.files.iter().map(|file| (file.name.as_str(), file.after, file.last));
    let expected = [
        ("records-00000001.part", 0, 10),
        ("records-00000002.part", 10, 18),
        ("state-00000002.part", 0, 0),
        ("answers-00000002.part", 0, 0),
        ("keys-00000002.part", 0, 0),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert_eq!(fs::read_dir(bench.path("backup")).unwrap().count(), 6, "old files are deleted");
    let restored = bench.restored("new", &ALL);
    assert_eq!(content(&restored), content(&bench.journal));
    // A run without anything new writes no file of records.
    assert_eq!(bench.backup().files.len(), 5);
    assert_eq!(content(&bench.restored("again", &ALL)), content(&bench.journal));
}

#[test]
fn a_backup_is_only_continued_by_the_history_that_it_holds() {
    let bench = Bench::new();
    place(&bench.journal, 1..=5);
    let _ = bench.backup();
    let error = |journal: &SledJournal| {
        let mut pages = |part| Ok(journal.backup_page(part).unwrap());
        let run = back_up(&bench.path("backup"), &mut pages, &[], &String::new, &mut |_, _| ());
        run.unwrap_err().to_string()
    };
    let earlier = bench.restored("earlier", &Restore { cut: Cut::Position(4), ..ALL });
    assert!(error(&earlier).contains("ends at position 10, but the store ends at 4"));
    for number in 13..=17 {
        submitted(&earlier, placed(number));
    }
    assert!(error(&earlier).contains("another record at position 10"), "{}", error(&earlier));
    let other = open(&bench.path("other/journal"));
    assert!(error(&other).contains("another store"));
    let foreign = bench.path("foreign");
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join("photo.jpg"), "").unwrap();
    let mut pages = |part| Ok(bench.journal.backup_page(part).unwrap());
    let run = back_up(&foreign, &mut pages, &[], &String::new, &mut |_, _| ());
    assert!(run.unwrap_err().to_string().contains("holds photo.jpg"));
}

#[test]
fn records_of_a_run_are_read_beside_commits_and_end_at_one_position() {
    let bench = Bench::new();
    place(&bench.journal, 1..=40);
    let mut number = 40;
    let mut pages = |part| {
        // Between any two pages, another order is placed.
        number += 1;
        submitted(&bench.journal, placed(number));
        Ok(bench.journal.backup_page(part).unwrap())
    };
    let folder = bench.path("backup");
    let run = back_up(&folder, &mut pages, &[], &String::new, &mut |_, _| ());
    let position = run.unwrap().position;
    assert!(position > 80 && position < bench.journal.durable(), "{position}");
    let restored = bench.restored("new", &ALL);
    let expected: Vec<_> =
        content(&bench.journal).into_iter().take_while(|record| record.0 <= position).collect();
    assert_eq!(content(&restored), expected);
    assert_sound(&restored);
}

#[test]
fn an_interrupted_run_leaves_the_last_backup_as_it_was() {
    let bench = Bench::new();
    place(&bench.journal, 1..=4);
    let first = bench.backup();
    place(&bench.journal, 5..=8);
    for pages_max in 0..5 {
        let mut pages_read = 0;
        let mut pages = |part| {
            pages_read += 1;
            if pages_read > pages_max {
                return Err(BackupError("killed".to_owned()));
            }
            Ok(bench.journal.backup_page(part).unwrap())
        };
        let folder = bench.path("backup");
        let run = back_up(&folder, &mut pages, &[], &String::new, &mut |_, _| ());
        assert_eq!(run.unwrap_err().to_string(), "killed");
        let backup = Backup::open(&folder).unwrap();
        assert_eq!((backup.manifest(), backup.check(&mut |_| ())), (&first, Vec::new()));
    }
    assert_eq!(bench.backup().position, 16);
    assert_eq!(content(&bench.restored("new", &ALL)), content(&bench.journal));
}

#[test]
fn a_part_is_read_from_its_own_text_only() {
    for part in [
        Part::State,
        Part::Records { after: 7, to: 9 },
        Part::Answers { after: None },
        Part::Answers { after: Some(u128::MAX) },
    ] {
        assert_eq!(Part::parse(&part.to_string()), Some(part));
    }
    for text in ["", "part=all", "part=records", "part=records&after=+1&to=2", "part=state&x=1"] {
        assert_eq!(Part::parse(text), None, "{text}");
    }
}

#[test]
fn the_stored_form_of_a_page_never_changes() {
    let bench = Bench::new();
    submitted(&bench.journal, placed(1));
    let page = bench.journal.backup_page(Part::Records { after: 0, to: 1 }).unwrap();
    let (length, frame) = page.split_at(4);
    assert_eq!(u32::from_le_bytes(length.try_into().unwrap()) as usize, frame.len());
    let content = codec::checked(frame).unwrap();
    assert_eq!(content[..4], [b'R', 0, 1, 1], "letter, kind, number, version");
    assert_eq!(word(&event("placed")), "placed");
}
