//! Tests of opening a store, by the content of its folder.

use super::*;
use crate::store::{
    codec,
    disk::{FORMAT, files, keys},
};

#[test]
fn a_store_keeps_its_unique_identity() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let ids = || folders.each_ref().map(|dir| open(dir.path()).id().expect("it has an identity"));
    let first = ids();
    assert_ne!(first[0], first[1]);
    assert_eq!(ids(), first);
}

#[test]
fn a_store_of_another_format_is_refused_with_the_reason() {
    for (format, sentence) in [(FORMAT + 1, "use a newer binary"), (0, "use an older binary")] {
        let dir = tempfile::tempdir().expect("a folder");
        let journal = open(dir.path());
        let disk = journal.disk().expect("open");
        disk.db.insert(keys::FORMAT, codec::frame(&format)).expect("written");
        drop(disk);
        journal.close();
        let refused = SledJournal::open(dir.path(), JournalOptions::default());
        let refused = refused.err().expect("is refused").to_string();
        assert!(refused.contains(sentence), "{refused}");
    }
}

#[test]
fn a_folder_in_use_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let _holder = open(dir.path());
    let refused = SledJournal::open(dir.path(), JournalOptions::default());
    let refused = refused.err().expect("is refused").to_string();
    assert!(refused.contains("the data folder is in use by another process"), "{refused}");
}

#[test]
fn a_store_of_an_older_format_is_read_and_upgraded_to_the_current_format() {
    let dir = tempfile::tempdir().expect("a folder");
    {
        let journal = open(dir.path());
        submit(&journal, said(1, 0, &["called"])).1.expect("durable");
        let disk = journal.disk().expect("open");
        disk.db.insert(keys::FORMAT, codec::frame(&1_u32)).expect("written");
        disk.db.remove(keys::STORE_ID).expect("removed");
    }
    // That format had no marks.
    std::fs::remove_file(files::mark_path(dir.path())).expect("removed");
    let journal = SledJournal::open(dir.path(), JournalOptions::default()).expect("opens");
    assert_eq!(words(&journal.history(order(1)).expect("readable").records), ["called"]);
    let format = journal.disk().expect("open").db.get(keys::FORMAT).expect("readable");
    assert_eq!(codec::unframe::<u32>(&format.expect("there")), Ok(FORMAT));
    assert_eq!(journal.id(), None, "calls under way have keys without an identity");
}
