//! The whole runtime in memory, on one journal and on a set of them: the same businesses, with no
//! disk under the records.

use madang::{
    actors::{Caller, Outcome, Page, Reply, Request, Row, Runtime, Settings, ViewQuery},
    declarations::Declarations,
    domain::kernel::{Method, Place},
    store::journal::{Journal, MemoryJournal, Partitions},
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);

/// The orders of a day; so many that each of four partitions gets as many.
const ORDERS: u64 = 12;

/// The indices of a resource and of its command with this method at this place.
fn route(runtime: &Runtime, name: &str, method: Method, place: Place) -> (usize, usize) {
    let resources = runtime.resources();
    let resource = resources.iter().position(|known| known.name == name).unwrap();
    let mut command_routes = resources[resource].command_routes.iter();
    let command = command_routes.position(|known| known.place == place && known.method == method);
    (resource, command.unwrap())
}

/// Journals in memory, and the journal that a runtime starts on: the only one, or a set of several.
fn in_memory(partitions: usize) -> (Vec<Arc<MemoryJournal>>, Arc<dyn Journal>) {
    let journals: Vec<_> = (0..partitions).map(|_| MemoryJournal::new()).collect();
    if let [only] = &journals[..] {
        let only = Arc::clone(only);
        return (journals, only);
    }
    let set = journals.iter().map(|journal| Arc::clone(journal) as Arc<dyn Journal>).collect();
    (journals, Partitions::of(set).unwrap())
}

/// Creates an order, or changes the one with this number.
async fn send(runtime: &Runtime, number: Option<u64>, body: &Value) -> Reply {
    let (method, place) = match number {
        None => (Method::Post, Place::Collection),
        Some(_) => (Method::Patch, Place::Item),
    };
    let (resource, command_route) = route(runtime, "orders", method, place);
    let (body, key, if_match) = (body.to_string().into_bytes(), None, None);
    let wait_max = MINUTE;
    let request = Request {
        caller: Caller::Trusted,
        resource,
        command_route,
        number,
        body,
        key,
        if_match,
        wait_max,
        is_async: false,
        trace: None,
    };
    runtime.submit(request).await.unwrap()
}

/// The fields of a customer's row that are decided when the order is answered.
const DECIDED: [&str; 4] = ["id", "name", "status", "paymentStatus"];

/// Places orders and cancels every third. Returns the orders as they are shown at the end, and the
/// decided fields of the customers' rows.
fn a_day_of_taxis(folder: &Path, journal: Arc<dyn Journal>) -> (Vec<Value>, Vec<Value>) {
    actix::System::new().block_on(async {
        let (data, only) = (folder.to_owned(), vec!["taxi".to_owned()]);
        let settings = Settings { data, only, ..Settings::default() };
        let install = |host: &mut _| Declarations::of(madang::shipped).install(host);
        let runtime = Runtime::start_on(journal, settings, install).unwrap();

        let mut orders = Vec::new();
        let mut position = 0;
        for nth in 1..=ORDERS {
            let body = json!({"orderType": "basic", "name": format!("Jung {nth}")});
            let mut order = send(&runtime, None, &body).await;
            assert_eq!((order.outcome, order.number), (Outcome::Created, nth));
            if nth % 3 == 0 {
                order = send(&runtime, Some(nth), &json!({"status": "cancelled"})).await;
            }
            position = position.max(order.position);
            orders.push(serde_json::from_slice(&order.body).unwrap());
        }
        let view = runtime.views().iter().position(|known| known.name == "mypages").unwrap();
        let page = Page { number: 0, size: 99, sort: vec![] };
        let at_least = Some(position);
        let query = ViewQuery { owner: None, conditions: vec![], page, at_least, wait_max: MINUTE };
        let rows = runtime.search(view, query, &Caller::Trusted).await.unwrap();
        let decided = |row: &Row| {
            let row: Value = serde_json::from_slice(&row.body).unwrap();
            DECIDED.map(|field| row[field].clone()).into_iter().collect()
        };
        let rows = rows.items.iter().map(decided).collect();
        runtime.stop().await;
        (orders, rows)
    })
}

#[test]
fn a_day_in_four_partitions_ends_as_in_one() {
    let [one, four] = [1, 4].map(|partitions| {
        let folder = tempfile::tempdir().unwrap();
        let (journals, journal) = in_memory(partitions);
        let day = a_day_of_taxis(folder.path(), journal);
        assert!(!folder.path().join("journal").exists(), "nothing is on disk but the views");
        let orders = journals[0].kinds();
        let orders = orders.iter().find(|(_, name)| name == "taxi/orders").unwrap().0;
        for journal in &journals {
            assert_eq!(journal.count(orders), ORDERS / partitions as u64);
        }
        day
    });
    let statuses = |status| one.0.iter().filter(|order| order["status"] == status).count();
    assert_eq!((statuses("Paid"), statuses("Cancelled")), (8, 4));
    assert_eq!(one.1.len() as u64, ORDERS);
    assert_eq!(one, four);
}
