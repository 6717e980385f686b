//! The figures of the journal and of the data folder.

use super::Runtime;
use crate::{
    actors::supervision::stalled_commit,
    metrics::{Families, bytes_of, bytes_of_view, file_system},
    store::journal::JournalFigures,
};

impl Runtime {
    pub(super) fn add_journal(&self, families: &mut Families) {
        let journal = &*self.parts.journal;
        let is_accepting = journal.check_accepting().is_ok() && stalled_commit(journal).is_none();
        let (submitted, durable) = (journal.submitted(), journal.durable());
        families
            .counter("madang_journal_records", "Durable records of the journal")
            .add([], durable);
        families
            .gauge("madang_journal_accepting", "Whether the journal accepts writes (1) or not (0)")
            .add([], is_accepting);
        families
            .gauge("madang_journal_unsynced_records", "Records that are submitted and not durable")
            .add([], submitted.saturating_sub(durable));
        families
            .gauge("madang_journal_commit_age_seconds", "Time since the present commit began")
            .add([], journal.committing().unwrap_or_default().as_secs_f64());
        families
            .counter("madang_journal_failures", "Times that the journal lost submitted records")
            .add([], journal.generation());
        families
            .counter("madang_journal_records_read", "Records of single aggregates read from disk")
            .add([], journal.records_read());
        if let Some(figures) = journal.figures() {
            add_commits(figures, families);
        }
        self.add_files(families);
    }

    fn add_files(&self, families: &mut Families) {
        let data = &self.parts.data;
        let family = families.gauge("madang_file_bytes", "Bytes of the files of the journal");
        for (part, bytes) in bytes_of(&data.join("journal")) {
            family.add([("part", part)], bytes);
        }
        let family = families.gauge("madang_view_file_bytes", "Bytes of the files of a view");
        let index = &self.parts.conversations.index;
        for rows in self.parts.rows.iter().chain([index]) {
            let name = rows.progress.component().name;
            family.add([("view", name)], bytes_of_view(rows.storage().place()));
        }
        let Some(found) = file_system(data) else { return };
        families
            .gauge("madang_filesystem_free_bytes", "Free bytes of the file system of the data")
            .add([], found.free_bytes);
        families
            .gauge("madang_filesystem_size_bytes", "Bytes of the file system of the data")
            .add([], found.size_bytes);
    }
}

fn add_commits(figures: &JournalFigures, families: &mut Families) {
    families
        .histogram(
            "madang_journal_commit_duration_seconds",
            "Time of a commit, from its first record to its acknowledgement",
        )
        .add([], figures.commits.buckets());
    families
        .histogram("madang_journal_sync_duration_seconds", "Time of a sync of the write-ahead log")
        .add([], figures.syncs.buckets());
    families
        .histogram("madang_journal_commit_records", "Records of a commit")
        .add([], figures.records.buckets());
    families
        .histogram(
            "madang_journal_write_back_duration_seconds",
            "Time of a write-back of the write-ahead log into the store",
        )
        .add([], figures.write_backs.buckets());
}
