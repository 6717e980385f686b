//! Damage to a backup: every flipped bit, and every file that is cut, missing or foreign, is found.

use super::backing_up::{ALL, Bench, answer, keep, place, placed, rejected, submitted};
use crate::store::{
    backup::{Backup, BackupWriter},
    journal::{Submission, restore},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// All files of a folder, by name.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

/// Whether the damage to the backup is found by a check, and by a restore.
fn is_found(bench: &Bench) -> [bool; 2] {
    let Ok(backup) = Backup::open(&bench.path("backup")) else { return [true; 2] };
    let target = bench.path("damaged");
    let flaws = backup.check(&mut |_| ());
    let restored = restore(&backup, &target, &ALL, &keep, &mut |_, _, _| ());
    assert!(!target.exists() || restored.is_ok(), "a damaged backup changes nothing");
    [!flaws.is_empty(), restored.is_err()]
}

#[test]
fn a_run_on_a_backup_whose_files_are_missing_or_cut_is_refused() {
    for cut in [None, Some(100)] {
        let bench = Bench::new();
        place(&bench.journal, 1..=4);
        let _ = bench.backup();
        drop(BackupWriter::open(&bench.path("backup")).unwrap());
        let records = files_of(&bench.path("backup")).remove(1);
        match cut {
            Some(bytes) => fs::File::options().write(true).open(&records).unwrap().set_len(bytes),
            None => fs::remove_file(&records),
        }
        .unwrap();
        let refused = BackupWriter::open(&bench.path("backup")).err().unwrap().to_string();
        let name = records.file_name().unwrap().to_string_lossy();
        assert!(refused.contains(&format!("{name} is missing or has another size")), "{refused}");
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let bench = Bench::new();
    place(&bench.journal, 1..=4);
    submitted(&bench.journal, Submission { answer: Some(answer(5, rejected("x"))), ..placed(5) });
    let _ = bench.backup();
    place(&bench.journal, 6..=7);
    let _ = bench.backup();
    assert_eq!(files_of(&bench.path("backup")).len(), 6);
    for path in files_of(&bench.path("backup")) {
        let intact = fs::read(&path).unwrap();
        for at in 0..intact.len() {
            let mut damaged = intact.clone();
            damaged[at] ^= 1 << (at % 8);
            fs::write(&path, &damaged).unwrap();
            assert_eq!(is_found(&bench), [true; 2], "{} at {at}", path.display());
        }
        fs::write(&path, &intact).unwrap();
    }
    assert_eq!(is_found(&bench), [false; 2]);
}

#[test]
fn a_file_that_is_cut_missing_or_of_another_backup_is_found() {
    let bench = Bench::new();
    place(&bench.journal, 1..=4);
    let _ = bench.backup();
    for path in files_of(&bench.path("backup")) {
        let intact = fs::read(&path).unwrap();
        for length in [0, 1, intact.len() / 2, intact.len() - 1] {
            fs::write(&path, &intact[..length]).unwrap();
            assert_eq!(is_found(&bench), [true; 2], "{} cut at {length}", path.display());
        }
        fs::write(&path, [&intact[..], b"x"].concat()).unwrap();
        assert_eq!(is_found(&bench), [true; 2], "{} longer", path.display());
        fs::remove_file(&path).unwrap();
        assert_eq!(is_found(&bench), [true; 2], "{} missing", path.display());
        fs::write(&path, &intact).unwrap();
    }
    let other = Bench::new();
    place(&other.journal, 1..=4);
    let _ = other.backup();
    let records = "backup/records-00000001.part";
    fs::copy(other.path(records), bench.path(records)).unwrap();
    assert_eq!(is_found(&bench), [true; 2]);
}
