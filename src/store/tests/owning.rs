//! Tests that the list of an owner's streams is right at every moment: in memory, while it is
//! written, on disk, and after an opening of what a killed process left.

use super::{open, order, said, submit};
use crate::store::{
    codec,
    disk::{FORMAT, keys},
    faults::Faults,
    journal::{Entry, Flaw, Journal, SledJournal, Submission},
    types::{Cause, JournalOptions, KindId, Origin, Payload, Principals, Stream},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);
const PAYMENTS: KindId = KindId(1);

fn owned_by(owner: &str, submission: Submission) -> Submission {
    let principals = Some(Arc::new(Principals { issuer: None, owner: Some(owner.into()) }));
    let is_creation = submission.after_version == 0;
    Submission { principals, is_creation, ..submission }
}

fn listed(journal: &SledJournal, kind: KindId, owner: &str) -> Vec<u64> {
    journal.owned(kind, owner).expect("readable")
}

/// The numbers of the keys of lists, and of single streams in format 6.
fn keys_on_disk(journal: &SledJournal) -> (usize, usize) {
    let disk = journal.disk().expect("open");
    (disk.db.scan_prefix([keys::OWNED]).count(), disk.db.scan_prefix([keys::OWNED_SINGLY]).count())
}

/// What a process that is killed now would leave, opened.
fn after_a_kill(data: &Path) -> (tempfile::TempDir, Arc<SledJournal>) {
    let copy = tempfile::tempdir().expect("a folder");
    copy_all(data, copy.path());
    let journal = open(&copy.path().join("journal"));
    (copy, journal)
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

fn assert_sound(journal: &SledJournal) {
    assert_eq!(flaws(journal), [""; 0]);
}

fn flaws(journal: &SledJournal) -> Vec<String> {
    let flaws = journal.audit(&mut ()).expect("is readable");
    flaws.iter().map(Flaw::to_string).collect()
}

/// A journal with streams of many owners, and what belongs to whom.
struct Town {
    journal: Arc<SledJournal>,
    owned: BTreeMap<(KindId, String), Vec<u64>>,
    last: u64,
}

impl Town {
    /// Lets each of these owners begin an order and a payment, and waits until they are durable.
    fn order(&mut self, owners: u64) {
        for owner in 0..owners {
            self.last += 1;
            let (number, owner) = (self.last, format!("owner {owner}"));
            for kind in [order(0).kind, PAYMENTS] {
                let stream = Stream { kind, number };
                let submission = Submission { stream, ..said(number, 0, &["requested", "paid"]) };
                self.journal.submit(owned_by(&owner, submission)).expect("is taken");
                self.owned.entry((kind, owner.clone())).or_default().push(number);
            }
        }
        assert!(self.journal.settle(MINUTE));
    }

    fn assert_listed_in(&self, journal: &SledJournal) {
        for ((kind, owner), numbers) in &self.owned {
            assert_eq!(&listed(journal, *kind, owner), numbers, "{owner}");
        }
        assert_eq!(listed(journal, order(0).kind, "owner"), [0; 0]);
    }
}

#[test]
fn lists_are_right_while_they_leave_the_memory_and_after_a_kill_at_any_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("journal");
    let mut town = Town { journal: open(&path), owned: BTreeMap::new(), last: 0 };
    let mut keys_seen = Vec::new();
    for owners in [3, 1_500, 600, 1, 1, 40, 700] {
        town.order(owners);
        town.assert_listed_in(&town.journal);
        let (_copy, killed) = after_a_kill(dir.path());
        town.assert_listed_in(&killed);
        assert_sound(&killed);
        keys_seen.push(keys_on_disk(&killed).0);
    }
    assert_eq!(keys_seen[..2], [0, 0], "nothing is written before 4,096 streams");
    let streams = town.owned.values().map(Vec::len).sum::<usize>();
    let last = *keys_seen.last().expect("some");
    assert!((1..streams / 2).contains(&last), "{last} keys for {streams} streams");
    town.journal.close();
    let again = open(&path);
    town.assert_listed_in(&again);
    assert_sound(&again);
}

#[test]
fn an_opening_reads_only_the_records_that_the_lists_do_not_cover() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let long = vec!["said"; 16_400];
    submit(&journal, owned_by("kim", said(7, 0, &long))).1.expect("durable");
    submit(&journal, owned_by("lee", said(8, 0, &["said"]))).1.expect("durable");
    assert_eq!(keys_on_disk(&journal).0, 1, "the first stream has left the memory");
    let covered = journal.disk().expect("open").db.get(keys::OWNED_UP_TO).expect("readable");
    assert_eq!(codec::unframe::<u64>(&covered.expect("there")), Ok(16_400));
    assert_eq!((listed(&journal, order(7).kind, "kim")), [7]);
    journal.close();
    let again = open(dir.path());
    assert_eq!((listed(&again, order(7).kind, "kim")), [7]);
    assert_eq!((listed(&again, order(7).kind, "lee")), [8]);
    assert_sound(&again);
}

#[test]
fn a_stream_whose_first_event_follows_refused_commands_is_listed_after_an_opening() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    let origin = Origin { by: KindId(9), conversation: 1, position: 1, nth: 0 };
    let refused = Submission {
        entries: vec![Entry {
            payload: Payload::Unchanged { command: "Pay".to_owned() },
            typed: None,
        }],
        cause: Cause::Dispatch(origin),
        ..said(7, 0, &[])
    };
    submit(&journal, refused).1.expect("durable");
    let begins = Submission { is_creation: true, ..owned_by("kim", said(7, 1, &["requested"])) };
    submit(&journal, begins).1.expect("durable");
    submit(&journal, owned_by("kim", said(7, 2, &["paid"]))).1.expect("durable");
    assert_eq!(listed(&journal, order(7).kind, "kim"), [7]);
    journal.close();
    let again = open(dir.path());
    assert_eq!(listed(&again, order(7).kind, "kim"), [7]);
    assert_sound(&again);
}

#[test]
fn the_lists_of_a_store_of_format_6_are_read_and_continued() {
    let dir = tempfile::tempdir().expect("a folder");
    {
        let journal = open(dir.path());
        for number in [7, 9] {
            submit(&journal, owned_by("kim", said(number, 0, &["requested"]))).1.expect("durable");
            let disk = journal.disk().expect("open");
            let prefix = keys::owned_singly_by(order(0).kind, "kim").expect("is short");
            let key = [&prefix, number.to_be_bytes().as_slice()].concat();
            disk.db.insert(key, Vec::new()).expect("written");
        }
        let disk = journal.disk().expect("open");
        disk.db.insert(keys::FORMAT, codec::frame(&6_u32)).expect("written");
    }
    let journal = open(dir.path());
    assert_eq!(listed(&journal, order(0).kind, "kim"), [7, 9]);
    assert_eq!(
        (listed(&journal, PAYMENTS, "kim"), listed(&journal, order(0).kind, "ki")),
        (vec![], vec![])
    );
    let mut in_memory = 0;
    journal.shared.owner_lists.each(&mut |_, _| in_memory += 1);
    assert_eq!(in_memory, 0, "nothing is listed twice");
    submit(&journal, owned_by("kim", said(8, 0, &["requested"]))).1.expect("durable");
    journal.close();
    let again = open(dir.path());
    assert_eq!(listed(&again, order(0).kind, "kim"), [7, 8, 9]);
    assert_eq!(keys_on_disk(&again), (0, 2), "no key of its own");
    assert_sound(&again);
    let format = again.disk().expect("open").db.get(keys::FORMAT).expect("readable");
    assert_eq!(
        codec::unframe::<u32>(&format.expect("there")),
        Ok(FORMAT),
        "older binaries refuse it"
    );
}

#[test]
fn what_a_failed_commit_creates_is_listed_only_when_it_was_on_disk_after_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let broken = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&broken);
    let faults_of_disk = Faults::before_each_sync(move || {
        if asked.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is gone"));
        }
        Ok(())
    });
    let options = JournalOptions { faults: faults_of_disk, ..JournalOptions::default() };
    let journal = SledJournal::open(dir.path(), options).expect("opens");
    submit(&journal, owned_by("kim", said(7, 0, &["requested"]))).1.expect("durable");
    broken.store(true, Ordering::SeqCst);
    let begins = owned_by("kim", said(8, 0, &["requested"]));
    submit(&journal, begins).1.expect_err("the disk is gone");
    broken.store(false, Ordering::SeqCst);
    while journal.check_accepting().is_err() {
        std::thread::yield_now();
    }
    let is_kept = journal.last_version(order(8)).expect("readable") > 0;
    let expected = if is_kept { vec![7, 8] } else { vec![7] };
    assert_eq!(listed(&journal, order(0).kind, "kim"), expected);
    assert_sound(&journal);
}

#[test]
fn a_list_that_differs_from_the_records_is_a_flaw() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = open(dir.path());
    submit(&journal, owned_by("kim", said(7, 0, &vec!["said"; 16_400]))).1.expect("durable");
    submit(&journal, owned_by("lee", said(8, 0, &["said"]))).1.expect("durable");
    let disk = journal.disk().expect("open");
    let (key, value) = disk.db.scan_prefix([keys::OWNED]).next().expect("one").expect("readable");
    disk.db.remove(&key).expect("removed");
    let found = flaws(&journal);
    assert!(
        found.len() == 1 && found[0].contains("missing among the streams of its owner"),
        "{found:?}"
    );
    disk.db.insert(&key, &value).expect("written");
    assert_sound(&journal);
    let of_another = keys::owned("lee", 16_400, 0);
    disk.db.insert(&of_another, &value).expect("written");
    let found = flaws(&journal);
    assert!(
        found.len() == 1
            && found[0].contains("listed under owners to whom they do not belong: 1 stream"),
        "{found:?}"
    );
    disk.db.insert(&of_another, b"torn".to_vec()).expect("written");
    let found = flaws(&journal);
    assert!(
        found.iter().any(|flaw| flaw.contains("the streams of an owner up to 16400")),
        "{found:?}"
    );
    assert!(journal.owned(order(0).kind, "lee").is_err(), "it is not taken as empty");
}
