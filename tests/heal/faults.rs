//! Injected faults: refused unless allowed, named when unknown, recorded in the operations log.

use crate::{drill::Drill, support::process::Server};
use serde_json::json;
use std::process::Command;

#[tokio::test]
async fn no_fault_is_injected_unless_the_server_allows_it() {
    let taxi = Drill::taxi(|config| config.allow_faults = false);
    let (status, said) = taxi.fault(&json!({"fault": "fail-fsync", "times": 1})).await;
    assert_eq!((status.as_u16(), &said["type"]), (403, &json!("/problems/faults-not-allowed")));
    assert!(said["detail"].as_str().is_some_and(|why| why.contains("--allow-faults")), "{said}");
    assert_eq!(taxi.ask("/admin/faults").await.status(), 405);
    taxi.ends_well();
}

#[tokio::test]
async fn the_command_line_allows_faults() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--allow-faults", "--business", "taxi"]);
    let fault = json!({"fault": "slow-journal", "by_ms": 1, "for_ms": 1});
    let request = crate::support::client().post(server.url("/admin/faults")).json(&fault);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(server.terminate().success());
}

#[tokio::test]
async fn a_fault_of_an_unknown_target_is_refused_with_the_list_of_targets() {
    let taxi = Drill::taxi(|_| {});
    for (fault, listed) in [
        (json!({"fault": "panic", "resource": "taxi/nobody", "number": 1}), "taxi/orders"),
        (json!({"fault": "block-shard", "shard": 7, "for_ms": 1}), "shard 0, shard 1"),
        (json!({"fault": "break", "part": "saga taxi/nobody"}), "saga taxi/ride"),
        (json!({"fault": "flood"}), "block-shard"),
        (json!({"fault": "fail-fsync"}), "times"),
    ] {
        let (status, said) = taxi.fault(&fault).await;
        let detail = said["detail"].as_str().unwrap_or_default();
        assert_eq!(status, 422, "{fault}: {said}");
        assert!(detail.contains(listed), "{fault}: {detail}");
    }
    taxi.ends_well();
}

#[tokio::test]
async fn a_poisoned_aggregate_is_quarantined_alone_and_works_again_once_released() {
    let taxi = Drill::taxi(|config| config.actors.crashes_max = 3);
    let order = json!({"orderType": "basic", "name": "Jung"});
    for _ in 0..3 {
        assert_eq!(taxi.post("/taxi/orders", &order).await.status(), 201);
    }
    let cancel = async |number: u64| {
        let path = format!("/taxi/orders/{number}");
        let body = json!({"status": "cancel"});
        let said = taxi.client.patch(taxi.url(&path)).json(&body).send().await.expect("an answer");
        let status = said.status().as_u16();
        (status, said.json::<serde_json::Value>().await.expect("json"))
    };
    taxi.breaks(&json!({"fault": "panic", "resource": "taxi/orders", "number": 1})).await;
    let (status, said) = cancel(1).await;
    assert_eq!((status, &said["type"]), (503, &json!("/problems/failed")), "{said}");
    assert_eq!(taxi.get("/taxi/orders/1").await["status"], "Paid", "it is back");

    taxi.breaks(&json!({"fault": "poison", "resource": "taxi/orders", "number": 2})).await;
    for _ in 0..3 {
        assert_eq!(cancel(2).await.0, 503);
    }
    let (status, said) = cancel(2).await;
    assert_eq!((status, &said["type"]), (503, &json!("/problems/quarantined")), "{said}");
    assert_eq!(taxi.get("/taxi/orders/3").await["status"], "Paid", "other aggregates work");
    let restarted = taxi.post("/admin/components/taxi/orders/restart", &json!(null)).await;
    assert_eq!(restarted.status(), 200);
    assert_eq!(cancel(2).await.1["type"], "/problems/quarantined", "the same after a restart");
    let release = "/admin/quarantine/taxi%2Forders/2/release";
    assert_eq!(taxi.post(release, &json!(null)).await.status(), 200);
    let (status, said) = cancel(2).await;
    assert!(matches!(status, 200 | 202), "{said}");

    // Operations events are written asynchronously.
    let is_told = async |what: &str, numbers: &[u64]| {
        let is_so = || async {
            let notes = taxi.noted(what).await;
            notes.iter().map(|note| note["number"].as_u64()).eq(numbers.iter().copied().map(Some))
        };
        taxi.until(&format!("{what} is recorded for {numbers:?}"), is_so).await;
    };
    is_told("Quarantined", &[2]).await;
    is_told("Released", &[2]).await;
    // The instances that crashed without being quarantined.
    is_told("Rebuilt", &[2, 2, 1]).await;
    taxi.until("the faults are recorded", || async { taxi.noted("Broken").await.len() == 2 }).await;
    taxi.ends_well();
}

#[tokio::test]
async fn a_panic_is_one_line_of_the_log_without_the_delay_of_a_backtrace() {
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("log");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>\"$LOG\"", "sh"]).env("LOG", &log);
    shell.env("RUST_BACKTRACE", "1").env("MADANG_ALLOW_FAULTS", "true");
    let server = Server::start_under(shell, data.path());
    let client = crate::support::client();
    let said = async |path: &str, body: serde_json::Value| {
        client.post(server.url(path)).json(&body).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(said("/taxi/orders", json!({"orderType": "basic", "name": "Jung"})).await, 201);
    let panic = json!({"fault": "panic", "resource": "taxi/orders", "number": 1});
    assert_eq!(said("/admin/faults", panic).await, 200);
    assert_eq!(said("/taxi/orders/1/cancel", json!({})).await, 503);
    assert!(server.terminate().success());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("panicked thread=") && log.contains("broken on purpose"), "{log}");
    assert!(!log.contains("stack backtrace") && !log.contains("catch_unwind"), "{log}");
}
