//! The disk fails several times under load. Every request gets a clear answer, and the runtime
//! recovers by itself.

use madang::{
    actors::{
        Caller, IdempotencyKey, Installation, Outcome, Page, Reply, Request, RequestError, Runtime,
        Settings,
    },
    declarations::Declarations,
    store::{faults::Faults, journal::JournalOptions},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    path::Path,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

const CLIENTS: u64 = 32;
const ORDERS_PER_CLIENT: u64 = 25;

/// The first few of every period of syncs fail, up to a total.
const SYNCS_PER_FAILURE: u32 = 30;
const FAILURES_IN_A_ROW: u32 = 2;
const FAILURES: u32 = 6;

/// Longer than any step of a test; it only ends a test that fails.
pub const HANG: Duration = Duration::from_secs(60);

#[actix::test]
async fn orders_placed_while_the_disk_fails_are_there_once_and_paid() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), failing_now_and_then());
    let troubles = Rc::new(Cell::new(0_u32));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| actix::spawn(order_all(runtime.clone(), client, Rc::clone(&troubles))))
        .collect();
    let mut orders = BTreeMap::new();
    for client in clients {
        let placed = tokio::time::timeout(HANG, client).await.expect("no request hangs").unwrap();
        orders.extend(placed);
    }
    println!("{} orders, {} requests failed because of the disk", orders.len(), troubles.get());
    let twice_each = (2 * FAILURES).to_string();
    assert_eq!(generation(&runtime), twice_each, "the journal failed and recovered by itself");
    assert!(troubles.get() > 0, "no request failed");
    each_is_there_once(&runtime, &orders).await;
    runtime.stop().await;

    let runtime = start(folder.path(), JournalOptions::default());
    each_is_there_once(&runtime, &orders).await;
    runtime.stop().await;
    drop(runtime);
    let settings = settings(folder.path(), JournalOptions::default());
    let findings = Installation::audit(settings, shipped, &mut |_, _, _| {});
    assert_eq!(findings.unwrap().flaws, Vec::<String>::new());
}

fn failing_now_and_then() -> JournalOptions {
    let (syncs, failures) = (AtomicU32::new(0), AtomicU32::new(0));
    let faults = Faults::before_each_sync(move || {
        let nth = syncs.fetch_add(1, Ordering::SeqCst);
        let is_due = nth >= SYNCS_PER_FAILURE && nth % SYNCS_PER_FAILURE < FAILURES_IN_A_ROW;
        if is_due && failures.fetch_add(1, Ordering::SeqCst) < FAILURES {
            return Err(io::Error::other("the disk failed on purpose"));
        }
        Ok(())
    });
    JournalOptions { faults, ..JournalOptions::default() }
}

pub fn settings(data: &Path, journal: JournalOptions) -> Settings {
    Settings { data: data.to_owned(), journal, only: vec!["taxi".into()], ..Settings::default() }
}

pub fn start(data: &Path, journal: JournalOptions) -> Runtime {
    Runtime::start(settings(data, journal), shipped).unwrap()
}

/// Places orders under keys of its own. Each is retried until it is created and paid.
async fn order_all(runtime: Runtime, client: u64, troubles: Rc<Cell<u32>>) -> Vec<(u64, Vec<u8>)> {
    let mut placed = Vec::new();
    for order in 0..ORDERS_PER_CLIENT {
        loop {
            match runtime.submit(ordering(&runtime, client, order)).await {
                Ok(Reply { outcome: Outcome::Created, number, body, .. }) => {
                    placed.push((number, body));
                    break;
                }
                // The order is stored and waits for the payment. Its representation shows the
                // outcome.
                Ok(reply) => {
                    assert_eq!(reply.outcome, Outcome::Pending);
                    placed.push((reply.number, paid(&runtime, reply.number).await));
                    break;
                }
                Err(
                    RequestError::Failed(_) | RequestError::Busy { .. } | RequestError::NotYet(_),
                ) => {
                    troubles.set(troubles.get() + 1);
                }
                Err(other) => panic!("an unclear answer: {other:?}"),
            }
            tokio::task::yield_now().await;
        }
    }
    placed
}

/// The representation of an order after it is paid.
pub async fn paid(runtime: &Runtime, number: u64) -> Vec<u8> {
    loop {
        let shown = runtime.show(resource(runtime, "orders"), number, &Caller::Trusted).await;
        let body = shown.map(|reply| reply.body).unwrap_or_default();
        if String::from_utf8_lossy(&body).contains(r#""status":"Paid""#) {
            return body;
        }
        tokio::task::yield_now().await;
    }
}

pub fn ordering(runtime: &Runtime, client: u64, order: u64) -> Request {
    let resource = resource(runtime, "orders");
    let command_routes = &runtime.resources()[resource].command_routes;
    let key = u128::from(client) << 64 | u128::from(order);
    Request {
        caller: Caller::Trusted,
        resource,
        command_route: command_routes
            .iter()
            .position(|command_route| command_route.name == "call")
            .unwrap(),
        number: None,
        body: format!(r#"{{"orderType":"basic","name":"{client}-{order}"}}"#).into_bytes(),
        key: Some(IdempotencyKey { key, fingerprint: key }),
        if_match: None,
        is_async: false,
        trace: None,
        wait_max: Duration::from_secs(10),
    }
}

pub fn resource(runtime: &Runtime, name: &str) -> usize {
    runtime.resources().iter().position(|resource| resource.name == name).unwrap()
}

fn generation(runtime: &Runtime) -> String {
    let parts = runtime.health().parts;
    let journal = parts.into_iter().find(|part| part.name == "journal").unwrap();
    journal.details.into_iter().find(|(name, _)| *name == "generation").unwrap().1
}

/// Checks that each key has one order, one payment and one reservation, with the first answer.
async fn each_is_there_once(runtime: &Runtime, orders: &BTreeMap<u64, Vec<u8>>) {
    let keys = CLIENTS * ORDERS_PER_CLIENT;
    assert_eq!(orders.len() as u64, keys, "two keys share an order");
    for name in ["orders", "paymentHistories", "reservations"] {
        // The saga continues after the answer, so the last reservations may be incomplete.
        let all = async {
            while total(runtime, name).await < keys {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANG, all).await.unwrap_or_else(|_| panic!("{name} are missing"));
        assert_eq!(total(runtime, name).await, keys, "{name}");
    }
    for (number, body) in orders {
        let shown =
            runtime.show(resource(runtime, "orders"), *number, &Caller::Trusted).await.unwrap();
        assert_eq!(&shown.body, body, "order {number}");
    }
}

pub async fn total(runtime: &Runtime, name: &str) -> u64 {
    let page = Page { number: 0, size: 1, sort: Vec::new() };
    runtime.list(resource(runtime, name), page, &Caller::Trusted).await.unwrap().total
}

pub fn shipped(catalogue: &mut Installation) {
    Declarations::of(madang::shipped).install(catalogue);
}
