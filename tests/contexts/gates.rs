//! The gates as operators see and configure them.

use crate::site::Site;
use madang::{
    app::App,
    config::{Config, Flags},
    declarations::Declarations,
};
use reqwest::Method;
use serde_json::{Value, json};

const PAYMENT: &str = "/admin/gates/taxi/payment";

impl Site {
    /// Sends this with `PUT`; returns the status and the body.
    async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(Method::PUT, path, body).await;
        (answer.status().as_u16(), answer.json().await.expect("json"))
    }
}

#[tokio::test]
async fn every_port_and_every_resource_has_a_gate_that_is_closed_at_first() {
    let taxi = Site::taxi(|_| {});
    let listed = taxi.get("/admin/gates").await;
    let gates = listed["_embedded"]["gates"].as_array().expect("gates");
    let guards = |name: &str| {
        gates.iter().find(|gate| gate["name"] == name).map(|gate| gate["guards"].clone())
    };
    assert_eq!(guards("taxi/payment"), Some(json!("port")));
    assert_eq!(guards("taxi/orders"), Some(json!("admission")));
    for gate in gates {
        assert_eq!((&gate["state"], &gate["reason"]), (&json!("closed"), &json!("initial state")));
        let itself = gate["_links"]["self"]["href"].as_str().expect("itself");
        assert_eq!(taxi.get(itself).await["settings"], gate["settings"]);
    }
    assert_eq!(taxi.get("/").await["_links"]["admin/gates"]["href"], "/admin/gates");
}

#[tokio::test]
async fn a_client_may_encode_the_slash_of_a_name_once() {
    let taxi = Site::taxi(|_| {});
    let gate = "/admin/gates/taxi%2Fpayment";
    assert_eq!(taxi.get(gate).await["name"], "taxi/payment");
    let (status, set) = taxi.put(gate, &json!({"open_ms": 9})).await;
    assert_eq!((status, &set["settings"]["open_ms"]), (200, &json!(9)));
    let component = "/admin/components/taxi%2fsms";
    assert_eq!(taxi.get(component).await["name"], "taxi/sms");
    for (turn, state) in [("suspend", "SUSPENDED"), ("resume", "RUNNING")] {
        let turned = taxi.send(Method::POST, &format!("{component}/{turn}"), &Value::Null).await;
        assert_eq!(turned.status(), 200);
        assert_eq!(taxi.get("/admin/components/taxi/sms").await["state"], state);
    }
    for path in ["gates/taxi%252Fpayment", "gates/taxi%FFpayment", "components/taxi%252Fsms"] {
        let answer = taxi.send(Method::GET, &format!("/admin/{path}"), &Value::Null).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_gate_is_set_while_it_is_in_use_and_set_back() {
    let taxi = Site::taxi(|_| {});
    let before = taxi.get(PAYMENT).await["settings"].clone();
    let (status, gate) = taxi.put(PAYMENT, &json!({"concurrency_max": 7, "open_ms": 9})).await;
    assert_eq!((status, &gate["limit"]), (200, &json!(7)));
    assert_eq!(gate["settingsHold"], "until the next start");
    assert_eq!(taxi.get(PAYMENT).await["settings"]["open_ms"], 9);
    let (status, gate) =
        taxi.put(PAYMENT, &json!({"concurrency_max": null, "open_ms": null})).await;
    assert_eq!((status, &gate["settings"]), (200, &before));
}

#[tokio::test]
async fn invalid_settings_are_refused_with_a_reason_and_change_nothing() {
    let taxi = Site::taxi(|_| {});
    let before = taxi.get(PAYMENT).await["settings"].clone();
    for (nonsense, detail) in [
        (json!({"failure_rate": 7}), "failure_rate is above 0 and at most 1, not 7"),
        (json!({"concurrency_max": 0}), "concurrency_max must be from 1 to 4294967295, not 0"),
        (json!([]), "the body must be an object of settings"),
    ] {
        let (status, problem) = taxi.put(PAYMENT, &nonsense).await;
        assert_eq!((status, &problem["detail"]), (422, &json!(detail)));
    }
    let (status, problem) = taxi.put(PAYMENT, &json!({"colour": 7})).await;
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(status == 422 && detail.starts_with("colour: unknown field `colour`"), "{detail}");
    assert_eq!(taxi.get(PAYMENT).await["settings"], before);
    assert_eq!(taxi.put("/admin/gates/taxi/nobody", &json!({})).await.0, 404);
    assert_eq!(taxi.put("/admin/gates", &json!({})).await.0, 405);
    assert_eq!(taxi.send(Method::POST, PAYMENT, &json!({})).await.status(), 405);
}

#[tokio::test]
async fn a_gate_is_set_for_every_start_and_reset() {
    let taxi = Site::taxi(|_| {});
    let before = taxi.get(PAYMENT).await;
    assert_eq!(before["persisted"], Value::Null);
    let persist = "/admin/gates/taxi%2Fpayment?persist=true";
    let (status, gate) = taxi.put(persist, &json!({"concurrency_max": 7, "open_ms": null})).await;
    assert_eq!((status, &gate["settingsHold"]), (200, &json!("for every start")));
    let persisted = &taxi.get(PAYMENT).await["persisted"];
    assert_eq!(persisted["settings"], json!({"concurrency_max": 7, "open_ms": null}));
    assert_eq!((&persisted["by"], &persisted["problem"]), (&Value::Null, &Value::Null));
    assert!(persisted["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{persisted}");
    assert_eq!(taxi.send(Method::DELETE, PAYMENT, &Value::Null).await.status(), 204);
    let after = taxi.get(PAYMENT).await;
    assert_eq!((&after["settings"], &after["persisted"]), (&before["settings"], &Value::Null));
    assert_eq!(taxi.send(Method::DELETE, "/admin/gates/taxi/none", &json!({})).await.status(), 404);
}

#[tokio::test]
async fn the_operations_log_shows_who_set_a_gate_to_what_and_for_how_long() {
    let taxi = Site::taxi(|_| {});
    assert_eq!(taxi.put(PAYMENT, &json!({"open_ms": 9})).await.0, 200);
    assert_eq!(taxi.put(PAYMENT, &json!({"open_ms": "x"})).await.0, 422);
    let persist = format!("{PAYMENT}?persist=true");
    assert_eq!(taxi.put(&persist, &json!({"concurrency_max": 7})).await.0, 200);
    assert_eq!(taxi.send(Method::DELETE, PAYMENT, &Value::Null).await.status(), 204);
    let entry = |changes: &str, hold: &str| json!({ "gate": "taxi/payment", "changes": changes, "hold": hold, "by": null });
    let expected = [
        entry("{}", "as configured"),
        entry(r#"{"concurrency_max":7}"#, "for every start"),
        entry(r#"{"open_ms":9}"#, "until the next start"),
    ];
    loop {
        let log = taxi.get("/admin/log?size=50").await;
        let all = log["_embedded"]["log"].as_array().expect("entries").iter();
        let set: Vec<_> = all.filter(|entry| entry["what"] == "GateSet").collect();
        if set.len() == expected.len() {
            assert!(set.iter().zip(&expected).all(|(it, entry)| it["details"] == *entry), "{log}");
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_wrong_value_of_persist_is_refused_and_changes_nothing() {
    let taxi = Site::taxi(|_| {});
    let before = taxi.get(PAYMENT).await["settings"].clone();
    for query in ["persist=yes", "persist", "persist=true&persist=false", "keep=true"] {
        let (status, problem) =
            taxi.put(&format!("{PAYMENT}?{query}"), &json!({"open_ms": 9})).await;
        assert_eq!((status, &problem["type"]), (400, &json!("/problems/bad-query")), "{query}");
    }
    let (status, _) = taxi.put(&format!("{PAYMENT}?persist=true"), &json!({"open_ms": "x"})).await;
    assert_eq!(status, 422);
    let after = taxi.get(PAYMENT).await;
    assert_eq!((&after["settings"], &after["persisted"]), (&before, &Value::Null));
    let (status, gate) =
        taxi.put(&format!("{PAYMENT}?persist=false"), &json!({"open_ms": 9})).await;
    assert_eq!((status, &gate["settingsHold"]), (200, &json!("until the next start")));
}

#[test]
fn a_section_of_an_unknown_gate_or_with_an_invalid_setting_prevents_the_start() {
    let start = |name: &str, settings: Value| {
        let data = tempfile::tempdir().expect("a temporary folder");
        let listen = Some("127.0.0.1:0".parse().expect("an address"));
        let flags = Flags { data: Some(data.path().into()), listen, ..Flags::default() };
        let mut config = Config::read(flags).expect("a usable configuration");
        config.only = vec!["taxi".into()];
        let settings = serde_json::from_value(settings).expect("settings");
        config.gates.insert(name.into(), settings);
        let system = actix::System::new();
        let app =
            system.block_on(async { App::build(config, &Declarations::of(madang::shipped)).await });
        app.err().expect("the server does not start").to_string()
    };
    let nonsense = start("taxi/payment", json!({"slow_call_rate": 2.0}));
    let reason = "gates.\"taxi/payment\": slow_call_rate is above 0 and at most 1, not 2";
    assert!(nonsense.contains(reason), "{nonsense}");
    let unknown = start("taxi/nobody", json!({}));
    let reason = "gates.\"taxi/nobody\": there is no such gate; there are taxi/";
    assert!(unknown.contains(reason), "{unknown}");
}
