//! The disk is full, read-only or failing for a while. Writes are refused with the reason, reads go
//! on, and the runtime recovers by itself.

use crate::disk::{HANG, ordering, paid, resource, settings, shipped, start, total};
use madang::{
    actors::{Caller, Installation, Outcome, Reply, RequestError, Runtime, Status},
    store::{
        faults::{Faults, SimulatedDiskState},
        journal::JournalOptions,
    },
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

const CLIENTS: u64 = 16;
const ROUNDS: usize = 2;

/// The number of answers between two changes of the disk.
const ANSWERS_BETWEEN: u32 = 100;

fn start_with(data: &Path, faults: &Faults) -> Runtime {
    start(data, JournalOptions { faults: faults.clone(), ..JournalOptions::default() })
}

/// Waits until the journal has this status; returns the reason if there is one.
async fn journal_is(runtime: &Runtime, status: Status) -> Option<String> {
    let looking = async {
        loop {
            let parts = runtime.health().parts;
            let journal = parts.into_iter().find(|part| part.name == "journal").unwrap();
            if journal.status == status {
                let mut details = journal.details.into_iter();
                return details.find(|(name, _)| *name == "reason").map(|(_, reason)| reason);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANG, looking).await.expect("the journal changes its status by itself")
}

#[track_caller]
fn assert_sound(data: &Path) {
    let settings = settings(data, JournalOptions::default());
    let findings = Installation::audit(settings, shipped, &mut |_, _, _| {});
    assert_eq!(findings.unwrap().flaws, Vec::<String>::new());
}

async fn all_can_be_read(runtime: &Runtime, known: &Reply) {
    let orders = resource(runtime, "orders");
    assert_eq!(
        runtime.show(orders, known.number, &Caller::Trusted).await.unwrap().body,
        known.body
    );
    assert!(total(runtime, "orders").await >= 1);
    let view = runtime.views().iter().position(|view| view.name == "mypages").unwrap();
    runtime.row(view, known.number, (Some(known.position), HANG), &Caller::Trusted).await.unwrap();
}

#[actix::test]
async fn a_full_disk_refuses_orders_with_the_reason_and_reads_go_on() {
    for (pretence, expected) in [
        (SimulatedDiskState::NoSpace, "no space left"),
        (SimulatedDiskState::ReadOnly, "only be read"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let runtime = start_with(folder.path(), &faults);
        let first = runtime.submit(ordering(&runtime, 1, 1)).await.unwrap();
        assert_eq!(first.outcome, Outcome::Created);

        faults.pretend(pretence, None);
        let reason = journal_is(&runtime, Status::Down).await.expect("a reason");
        assert!(reason.contains(expected), "{reason}");
        let refused = runtime.submit(ordering(&runtime, 1, 2)).await.unwrap_err();
        let is_told = match pretence {
            SimulatedDiskState::NoSpace => {
                matches!(&refused, RequestError::NoSpace(told) if *told == reason)
            }
            _ => matches!(&refused, RequestError::ReadOnly(told) if *told == reason),
        };
        assert!(is_told, "{refused:?}");
        all_can_be_read(&runtime, &first).await;
        let again = runtime.submit(ordering(&runtime, 1, 1)).await.unwrap();
        assert_eq!(again.body, first.body, "the first answer is repeated");

        faults.stop_pretending();
        let since = Instant::now();
        journal_is(&runtime, Status::Up).await;
        let second = runtime.submit(ordering(&runtime, 1, 2)).await.unwrap();
        println!("{pretence:?}: an order is accepted {:?} after", since.elapsed());
        assert_eq!(second.number, first.number + 1, "a refused command uses up no number");
        runtime.stop().await;
        drop(runtime);
        assert_sound(folder.path());
    }
}

#[actix::test]
async fn acknowledged_records_can_be_read_while_the_disk_fails() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let runtime = start_with(folder.path(), &faults);
    let first = runtime.submit(ordering(&runtime, 1, 1)).await.unwrap();
    all_can_be_read(&runtime, &first).await;
    faults.pretend(SimulatedDiskState::Failing, None);
    let lost = runtime.submit(ordering(&runtime, 1, 2)).await.unwrap_err();
    assert!(matches!(lost, RequestError::Failed(_)), "the outcome is unknown: {lost:?}");
    all_can_be_read(&runtime, &first).await;
    assert_eq!(total(&runtime, "orders").await, 1, "a record in doubt is not shown");
    let refused = runtime.submit(ordering(&runtime, 1, 3)).await.unwrap_err();
    assert!(matches!(refused, RequestError::Failed(_)), "{refused:?}");

    faults.stop_pretending();
    journal_is(&runtime, Status::Up).await;
    let again = runtime.submit(ordering(&runtime, 1, 2)).await.unwrap();
    assert_ne!(again.number, first.number);
    assert_eq!(total(&runtime, "orders").await, 2, "the retry under the same key succeeds");
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

/// The counters of all clients together.
#[derive(Default)]
struct Watch {
    is_over: Cell<bool>,
    answers: Cell<u32>,
    refused: Cell<u32>,
}

/// Places orders under keys of its own. Each is retried until it is created and paid.
async fn order_on_and_on(
    runtime: Runtime,
    client: u64,
    watch: Rc<Watch>,
) -> BTreeMap<u64, Vec<u8>> {
    let mut placed = BTreeMap::new();
    for order in 1.. {
        loop {
            match runtime.submit(ordering(&runtime, client, order)).await {
                Ok(Reply { outcome: Outcome::Created, number, body, .. }) => {
                    assert!(placed.insert(number, body).is_none(), "two keys share {number}");
                    break;
                }
                Ok(reply) => {
                    assert_eq!(reply.outcome, Outcome::Pending);
                    let body = paid(&runtime, reply.number).await;
                    assert!(placed.insert(reply.number, body).is_none(), "two keys share one");
                    break;
                }
                Err(RequestError::NoSpace(_) | RequestError::ReadOnly(_)) => {
                    watch.refused.set(watch.refused.get() + 1);
                }
                Err(
                    RequestError::Failed(_) | RequestError::Busy { .. } | RequestError::NotYet(_),
                ) => {}
                Err(other) => panic!("an unclear answer: {other:?}"),
            }
            tokio::task::yield_now().await;
        }
        watch.answers.set(watch.answers.get() + 1);
        if watch.is_over.get() {
            break;
        }
    }
    placed
}

#[actix::test]
async fn orders_placed_while_the_disk_fills_and_empties_are_there_once_and_paid() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let runtime = start_with(folder.path(), &faults);
    let first = runtime.submit(ordering(&runtime, CLIENTS, 0)).await.unwrap();
    let watch = Rc::<Watch>::default();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| actix::spawn(order_on_and_on(runtime.clone(), client, Rc::clone(&watch))))
        .collect();
    let mut slowest = Duration::ZERO;
    for pretence in
        [SimulatedDiskState::NoSpace, SimulatedDiskState::ReadOnly, SimulatedDiskState::Failing]
            .repeat(ROUNDS)
    {
        let before = watch.answers.get();
        while watch.answers.get() < before + ANSWERS_BETWEEN {
            tokio::task::yield_now().await;
        }
        faults.pretend(pretence, None);
        journal_is(&runtime, Status::Down).await;
        all_can_be_read(&runtime, &first).await;
        faults.stop_pretending();
        let since = Instant::now();
        journal_is(&runtime, Status::Up).await;
        slowest = slowest.max(since.elapsed());
    }
    watch.is_over.set(true);
    let mut orders = BTreeMap::from([(first.number, first.body)]);
    for client in clients {
        orders.extend(tokio::time::timeout(HANG, client).await.expect("no client hangs").unwrap());
    }
    println!("{} orders, {} refused, back within {slowest:?}", orders.len(), watch.refused.get());
    assert!(watch.refused.get() > 0, "no request was refused");
    each_is_there_once(&runtime, &orders).await;
    runtime.stop().await;
    let runtime = start_with(folder.path(), &Faults::default());
    each_is_there_once(&runtime, &orders).await;
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

/// Checks that there are as many orders and payments as acknowledged, each with its first answer.
async fn each_is_there_once(runtime: &Runtime, orders: &BTreeMap<u64, Vec<u8>>) {
    for name in ["orders", "paymentHistories"] {
        assert_eq!(total(runtime, name).await, orders.len() as u64, "{name}");
    }
    for (number, body) in orders {
        let shown =
            runtime.show(resource(runtime, "orders"), *number, &Caller::Trusted).await.unwrap();
        assert_eq!(&shown.body, body, "order {number}");
    }
}
