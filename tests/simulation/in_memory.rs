//! The whole runtime on a journal in memory: the same businesses, with no disk under the records.

use madang::{
    actors::{Outcome, Page, Request, Runtime, Settings, ViewQuery},
    declarations::Declarations,
    domain::kernel::{Method, Place},
    store::journal::{Journal as _, MemoryJournal},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);

/// The number of this resource, and of the command that creates one.
fn creation(runtime: &Runtime, name: &str) -> (usize, usize) {
    let resources = runtime.resources();
    let resource = resources.iter().position(|known| known.name == name).unwrap();
    let mut command_routes = resources[resource].command_routes.iter();
    let creates = command_routes
        .position(|known| known.place == Place::Collection && known.method == Method::Post);
    (resource, creates.unwrap())
}

#[test]
fn an_order_is_paid_and_found_with_a_journal_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let journal = MemoryJournal::new();
    actix::System::new().block_on(async {
        let (data, only) = (folder.path().to_owned(), vec!["taxi".to_owned()]);
        let settings = Settings { data, only, ..Settings::default() };
        let install = |host: &mut _| Declarations::of(madang::shipped).install(host);
        let on = Arc::clone(&journal) as Arc<_>;
        let runtime = Runtime::start_on(on, settings, install).unwrap();

        let (resource, command_route) = creation(&runtime, "orders");
        let body = br#"{"orderType":"basic","name":"Jung"}"#.to_vec();
        let (number, key, if_match, wait_max) = (None, None, None, MINUTE);
        let order = Request { resource, command_route, number, body, key, if_match, wait_max };
        let order = runtime.submit(order).await.unwrap();
        let shown: Value = serde_json::from_slice(&order.body).unwrap();
        assert_eq!((order.outcome, &shown["status"]), (Outcome::Created, &Value::from("Paid")));

        let view = runtime.views().iter().position(|known| known.name == "mypages").unwrap();
        let (page, at_least) = (Page { number: 0, size: 9, sort: vec![] }, Some(order.position));
        let query = ViewQuery { conditions: vec![], page, at_least, wait_max: MINUTE };
        let rows = runtime.search(view, query).await.unwrap();
        assert_eq!((rows.total, rows.items[0].number), (1, order.number));
        runtime.stop().await;
    });
    assert!(!folder.path().join("journal").exists(), "nothing is on disk but the views");
    let kinds = journal.kinds();
    let orders = kinds.iter().find(|(_, name)| name == "taxi/orders").unwrap().0;
    assert_eq!(journal.count(orders), 1);
}
