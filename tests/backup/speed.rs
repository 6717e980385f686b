//! The speed of a backup and of a restore; run with `cargo test --release --test backup -- --ignored
//! --nocapture`. `RECORDS` sets the number of records, a million by default.

use madang::{
    domain::kernel::Timestamp,
    store::{
        Cause, Payload, Stream,
        backup::{Backup, BackupError, back_up},
        journal::{
            Cut, Entry, Journal, JournalOptions, Restore, SledJournal, Submission, SubmitError,
            restore,
        },
    },
};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);

/// The kinds of an order, and the records of each: as those of a taxi that is called and paid.
const KINDS: [(&str, usize); 4] =
    [("taxi/orders", 4), ("taxi/paymentHistories", 2), ("taxi/reservations", 3), ("taxi/sms", 3)];

#[test]
#[ignore = "it writes a million records, and takes minutes without optimisation"]
fn a_million_records_are_backed_up_and_restored_within_a_minute_each() {
    let records = std::env::var("RECORDS").map_or(1_000_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let journal = SledJournal::open(&path("data/journal"), JournalOptions::default()).unwrap();
    let placed = place(&journal, records);
    println!("{records} records written in {placed:.1?}");
    let (begun, backup) = (Instant::now(), path("backup"));
    let mut pages =
        |part| journal.backup_page(part).map_err(|error| BackupError(error.to_string()));
    let manifest = back_up(&backup, &mut pages, &[], &String::new, &mut |_, _| ()).unwrap();
    let backed_up = begun.elapsed();
    println!("backed up in {backed_up:.1?}: {} bytes", manifest.bytes());
    let begun = Instant::now();
    assert_eq!(Backup::open(&backup).unwrap().check(&mut |_| ()), Vec::<String>::new());
    println!("checked in {:.1?}", begun.elapsed());
    let begun = Instant::now();
    let restored = restored(&backup, &path("new"));
    let took = begun.elapsed();
    println!("restored in {took:.1?}");
    assert_eq!(restored, records);
    assert!(backed_up < MINUTE && took < MINUTE, "{backed_up:.1?} {took:.1?}");
}

fn restored(backup: &Path, data: &Path) -> u64 {
    let how = Restore { cut: Cut::End, skipped_numbers: 0 };
    let keep = |_: &str, _: u64, state: Vec<u8>, _: u64| Some(state);
    let backup = Backup::open(backup).unwrap();
    restore(&backup, data, &how, &keep, &mut |_, _, _| ()).unwrap().position
}

/// Writes so many records of orders.
fn place(journal: &Arc<SledJournal>, records: u64) -> Duration {
    let begun = Instant::now();
    let kinds = KINDS.map(|(name, entries)| (journal.kind(name).unwrap(), entries));
    let mut written = 0;
    for number in 1.. {
        for (kind, entries) in kinds {
            let left = usize::try_from(records - written).unwrap();
            let stream = Stream { kind, number };
            let entry = |_| Entry { payload: Payload::Event(vec![7; 60]), typed: None };
            let (cause, key) = (Cause::Request(None), u128::from(number));
            let cause = if kind.0 == 0 { Cause::Request(Some(key)) } else { cause };
            let entries = entries.min(left);
            let submit = || {
                journal.submit(Submission {
                    entries: (0..entries).map(entry).collect(),
                    cause,
                    ..Submission::of(stream, 0, Timestamp(number))
                })
            };
            while let Err(SubmitError::Full) = submit() {
                assert!(journal.settle(MINUTE) || journal.check_accepting().is_ok());
            }
            written += entries as u64;
            if written == records {
                assert!(journal.settle(MINUTE));
                return begun.elapsed();
            }
        }
    }
    unreachable!("the numbers do not end")
}
