//! The answers of a sound server, for comparison with those of a server on damaged files.

use reqwest::{Client, StatusCode, header::LOCATION};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// All lists: aggregates, then views.
pub const LISTED: [&str; 12] = [
    "taxi/orders",
    "taxi/paymentHistories",
    "taxi/reservations",
    "phone/orders",
    "phone/payments",
    "phone/storeManages",
    "phone/rewards",
    "education/eduApplications",
    "education/payments",
    "taxi/mypages",
    "phone/customers",
    "education/mypages",
];

/// The last of [`LISTED`] are views.
pub const VIEWS: usize = 3;

const PAGE: usize = 200;

/// Longer than any step of a test.
const HANG: Duration = Duration::from_secs(120);

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub status: StatusCode,
    pub location: String,
    pub body: Value,
}

/// The answers to all clients.
#[derive(Clone, Default)]
pub struct Acknowledged {
    /// The path and the first answer, by key.
    pub answers: BTreeMap<String, (&'static str, Answered)>,
    /// All listed rows by their own address, when no effect was pending any more.
    pub listed: BTreeMap<&'static str, BTreeMap<String, Value>>,
}

/// The body of the request for a key.
fn body_of(path: &str, key: &str) -> Value {
    match path {
        "taxi/orders" => json!({ "orderType": "basic", "name": key }),
        "phone/orders" => json!({ "item": key, "qty": 2, "price": 1_000 }),
        _ => json!({ "userId": key, "eduName": "MSA", "eduId": 1, "status": "EduApplied" }),
    }
}

/// The path of the request with this number: its business.
pub fn path_of(nth: usize) -> &'static str {
    match nth % 8 {
        3 | 6 => "phone/orders",
        5 => "education/eduApplications",
        _ => "taxi/orders",
    }
}

/// # Errors
/// When the server does not answer.
pub async fn send(
    client: &Client,
    url: &str,
    path: &str,
    key: &str,
) -> Result<Answered, reqwest::Error> {
    let request = client.post(format!("{url}/{path}")).header("Idempotency-Key", key);
    let response = request.json(&body_of(path, key)).timeout(HANG).send().await?;
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let (status, location) = (response.status(), location.unwrap_or_default().to_owned());
    Ok(Answered { status, location, body: response.json().await? })
}

/// # Errors
/// When the server does not answer.
pub async fn get(client: &Client, url: &str) -> Result<(StatusCode, Value), reqwest::Error> {
    let response = client.get(url).timeout(HANG).send().await?;
    let status = response.status();
    Ok((status, response.json().await?))
}

/// The readable part of a list: its rows by their own address, and the first error.
pub async fn list(
    client: &Client,
    url: &str,
    name: &str,
) -> Result<BTreeMap<String, Value>, (StatusCode, Value)> {
    let resource = name.split_once('/').map_or(name, |(_, resource)| resource);
    let mut rows = BTreeMap::new();
    for page in 0.. {
        let read = get(client, &format!("{url}/{name}?page={page}&size={PAGE}")).await;
        let (status, body) =
            read.map_err(|error| (StatusCode::BAD_GATEWAY, json!(error.to_string())))?;
        if status != StatusCode::OK {
            return Err((status, body));
        }
        let found = body["_embedded"][resource].as_array().cloned().unwrap_or_default();
        let is_last = found.len() < PAGE;
        for row in found {
            let own = row["_links"]["self"]["href"].as_str().unwrap_or_default().to_owned();
            rows.insert(own, row);
        }
        if is_last {
            break;
        }
    }
    Ok(rows)
}

/// Waits until no effect is pending.
///
/// # Panics
/// When that takes too long.
pub async fn settled(client: &Client, url: &str) {
    let mut before = Value::Null;
    let mut text = String::new();
    let settling = async {
        let mut same = 0;
        while same < 5 {
            let (_, components) = get(client, &format!("{url}/admin/components")).await.unwrap();
            let (_, health) = get(client, &format!("{url}/actuator/health")).await.unwrap();
            text = components.to_string();
            let is_busy = ["recordsBehind", "underWay", "commandsWaiting"].iter().any(|figure| {
                let zero = format!("\"{figure}\":0");
                text.matches(&format!("\"{figure}\":")).count()
                    != text.matches(&format!("{zero},")).count()
                        + text.matches(&format!("{zero}}}")).count()
            });
            let now = health["components"]["journal"]["details"]["durable"].clone();
            same = if !is_busy && now == before { same + 1 } else { 0 };
            before = now;
        }
    };
    let settled = tokio::time::timeout(HANG, settling).await;
    assert!(settled.is_ok(), "at {before}: {text}");
}
