//! Benchmarks appends to the journal with fsync, by 1, 8, 64 and 256 concurrent writers, and the
//! encryption of the personal texts of one event.
//!
//! Each writer submits one event of 150 bytes to a stream of its own. It submits the next event
//! when the first is durable. The folder is below `target`: a temporary folder may be in memory,
//! where an fsync costs nothing.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use madang::{
    domain::{
        kernel::{Money, Timestamp},
        taxi::{
            grade::Grade,
            order::{Customer, Event},
        },
    },
    store::{
        KindId, Payload, Stream, codec,
        journal::{Entry, Journal, JournalOptions, SledJournal, Submission},
        persons::{BusinessKeys, KeyFolder, Place, Whose, open, seal},
        shape::trace,
    },
};
use std::{
    hint::black_box,
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

const EVENT_BYTES: usize = 150;

fn append(criterion: &mut Criterion) {
    let dir = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder");
    let journal = SledJournal::open(dir.path(), JournalOptions::default()).expect("opens");
    let kind = journal.kind("bench/orders").expect("named");
    let mut next_number = 1;
    let mut group = criterion.benchmark_group("append with fsync");
    group.throughput(Throughput::Elements(1)).sample_size(20);
    group.measurement_time(Duration::from_secs(5));
    for writers in [1_u64, 8, 64, 256] {
        group.bench_with_input(
            BenchmarkId::new("waiting writers", writers),
            &writers,
            |b, &writers| {
                b.iter_custom(|submissions| {
                    keep_waiting(&*journal, kind, writers, submissions, &mut next_number)
                });
            },
        );
    }
    group.finish();
}

/// Measures `times` durable submissions with a fixed number of concurrent writers.
fn keep_waiting(
    journal: &dyn Journal,
    kind: KindId,
    writers: u64,
    submissions: u64,
    next_number: &mut u64,
) -> Duration {
    let (durable, wait) = mpsc::channel();
    let begin = Instant::now();
    for nth in 0..submissions {
        if nth >= writers {
            wait.recv().expect("the journal runs");
        }
        let durable = durable.clone();
        let mut submission = requested(Stream { kind, number: *next_number });
        submission.done = Some(Box::new(move |outcome| {
            outcome.expect("durable");
            durable.send(()).unwrap_or_default();
        }));
        black_box(journal.submit(submission).expect("is taken"));
        *next_number += 1;
    }
    for _ in 0..writers.min(submissions) {
        wait.recv().expect("the journal runs");
    }
    begin.elapsed()
}

fn requested(stream: Stream) -> Submission {
    Submission {
        entries: vec![Entry { payload: Payload::Event(vec![7; EVENT_BYTES]), typed: None }],
        ..Submission::of(stream, 0, Timestamp(1_700_000_000_000))
    }
}

/// Encrypts and decrypts the name, the phone number and the card number of an order.
fn personal_texts(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = Arc::new(KeyFolder::begin(folder.path()).expect("a folder of keys"));
    let keys = BusinessKeys::of(keys, "taxi".to_owned());
    let shape = trace::<Event>().expect("a stored type");
    let customer = Customer { name: "Jung".into(), phone: "010-1234".into() };
    let (card_no, fare) = ("383824245656".into(), Money(5_000));
    let event = codec::encode(&Event::Called { grade: Grade::Prime, customer, card_no, fare });
    let at = |number| Place { stream: Stream { kind: KindId(1), number }, version: 1, role: 0 };
    let sealed = |number| seal(&event, (&shape, Whose::Number(number)), at(number), &keys);
    criterion.bench_function("seal: an order whose key is in memory", |bench| {
        bench.iter(|| sealed(black_box(1)).expect("sealed"));
    });
    let mut number = 0;
    criterion.bench_function("seal: a new order", |bench| {
        bench.iter(|| {
            number += 1;
            sealed(number).expect("sealed")
        });
    });
    let one = sealed(1).expect("sealed").expect("personal texts");
    criterion.bench_function("open: an order", |bench| {
        bench.iter(|| open(black_box(&one), at(1), Some(&keys)).expect("opened"));
    });
}

criterion_group!(benches, append, personal_texts);
criterion_main!(benches);
