//! Tests of the reads that views share, on a journal in memory.

use super::*;
use crate::actors::view::testing::Filled;

const FOREVER: Duration = Duration::from_secs(3_600);

/// The reads of a journal with this many full batches, in a window of two.
fn reads(batches: usize, stopped_after: Duration) -> Arc<SharedReads> {
    let bounds = Bounds { records_max: 2 * BATCH_RECORDS_MAX, stopped_after, ..Bounds::default() };
    let filled = Filled::with(batches * BATCH_RECORDS_MAX);
    SharedReads::within(bounds, filled.journal, Arc::default())
}

fn joined(reads: &Arc<SharedReads>, after: u64) -> SharedReader {
    reads.join(KindSet::default(), after)
}

fn batch(reader: &SharedReader, after: u64) -> Batch {
    reader.read(after).expect("is readable").expect("does not wait")
}

/// Reads everything between these positions, which must come in order.
fn read_all(reader: &SharedReader, mut after: u64, end: u64) {
    while after < end {
        for record in batch(reader, after).iter() {
            after += 1;
            assert_eq!(record.position, after);
        }
    }
}

fn nth(batch: usize) -> u64 {
    (batch * BATCH_RECORDS_MAX) as u64
}

#[test]
fn views_that_read_side_by_side_get_the_same_batches() {
    let reads = reads(5, FOREVER);
    let (one, other) = (joined(&reads, 0), joined(&reads, 0));
    for after in (0..5).map(nth) {
        let found = [batch(&one, after), batch(&other, after)];
        assert!(Arc::ptr_eq(&found[0], &found[1]), "the records after {after} are read twice");
        assert_eq!(found[0][0].position, after + 1);
    }
    assert!(batch(&one, nth(5)).is_empty() && batch(&other, nth(5)).is_empty());
}

#[test]
fn a_fast_view_waits_for_a_slow_one_until_that_moves_on_or_leaves() {
    let reads = reads(5, FOREVER);
    let (fast, slow) = (joined(&reads, 0), joined(&reads, 0));
    batch(&fast, 0);
    batch(&fast, nth(1));
    assert!(fast.read(nth(2)).expect("is readable").is_none(), "the window is full");
    batch(&slow, 0);
    assert!(fast.read(nth(2)).expect("is readable").is_none(), "the batch is not finished yet");
    batch(&slow, nth(1));
    assert_eq!(batch(&fast, nth(2)).len(), BATCH_RECORDS_MAX);
    assert!(fast.read(nth(3)).expect("is readable").is_none());
    assert_eq!(sync::lock(&reads.window).records, 2 * BATCH_RECORDS_MAX);
    drop(slow);
    read_all(&fast, nth(3), nth(5));
    drop(fast);
    assert!(sync::lock(&reads.window).batches.is_empty(), "nothing stays in memory");
}

#[test]
fn records_that_are_forgotten_are_read_again() {
    let reads = reads(3, FOREVER);
    let (one, other) = (joined(&reads, 0), joined(&reads, 0));
    batch(&one, 0);
    batch(&one, nth(1));
    reads.forget();
    assert!(sync::lock(&reads.window).batches.is_empty());
    read_all(&one, nth(2), nth(3));
    read_all(&other, 0, nth(3));
}

#[test]
fn a_view_that_has_stopped_to_read_is_not_waited_for_and_misses_nothing() {
    let reads = reads(5, Duration::ZERO);
    let (going, stopped) = (joined(&reads, 0), joined(&reads, 0));
    read_all(&going, 0, nth(5));
    read_all(&stopped, 0, nth(5));
}

#[test]
fn a_view_that_begins_later_reads_everything_and_holds_no_other_up() {
    let reads = reads(6, FOREVER);
    let first = joined(&reads, 0);
    read_all(&first, 0, nth(3));
    let late = joined(&reads, 0);
    assert_eq!(batch(&first, nth(3)).len(), BATCH_RECORDS_MAX);
    // The late view is in the window by its third batch, and is waited for from then on.
    read_all(&late, 0, nth(3));
    assert!(first.read(nth(4)).expect("is readable").is_none());
    read_all(&late, nth(3), nth(6));
    read_all(&first, nth(4), nth(6));
}

#[test]
fn a_read_from_the_middle_of_a_batch_gets_the_rest_of_it() {
    let reads = reads(2, FOREVER);
    let (first, other) = (joined(&reads, 0), joined(&reads, 100));
    batch(&first, 0);
    assert_eq!(batch(&other, 100).len(), BATCH_RECORDS_MAX - 100);
    read_all(&other, 100, nth(2));
}

#[test]
fn views_on_threads_of_their_own_read_everything_in_order() {
    let reads = reads(40, FOREVER);
    let readers: Vec<_> = (0..4).map(|_| joined(&reads, 0)).collect();
    std::thread::scope(|scope| {
        for reader in readers {
            scope.spawn(move || {
                let mut after = 0;
                while after < nth(40) {
                    let Some(batch) = reader.read(after).expect("is readable") else { continue };
                    for record in batch.iter() {
                        after += 1;
                        assert_eq!(record.position, after);
                    }
                }
            });
        }
    });
    assert!(sync::lock(&reads.window).batches.is_empty());
}
