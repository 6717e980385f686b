//! What other customers and the staff of other businesses see of a business: only what all clients
//! see. Every address is tried at which an aggregate, its past, a row or a conversation is read, and
//! the feed and a subscription.

use super::{
    callers::{Caller, Cast, EVENT_STREAM},
    support::process::Server,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The client and the server.
type Site<'a> = (&'a Client, &'a Server);

const JSON: &str = "application/json";

/// The numbers that are read of each resource and view.
const NUMBERS: u64 = 4;

/// The forms in which an aggregate is read, besides its page: the address after its number, and the
/// content type.
const FORMS: [(&str, &str); 5] =
    [("", JSON), ("?at=1", JSON), ("/history", JSON), ("", "text/html"), ("", EVENT_STREAM)];

/// Checks that the wrong callers see nothing of a business that is not public.
pub(super) async fn see_nothing(site: Site<'_>, business: &str, cast: &Cast) {
    let mut hidden = 0;
    for (path, accept) in addresses(site, business, cast).await {
        hidden += u32::from(is_hidden(site, (&path, accept), cast).await);
    }
    assert!(hidden > 20, "{business} has hidden {hidden} addresses");
    for caller in &cast.wrong {
        let events = events(site, business, caller).await;
        let name = &caller.name;
        for event in events {
            let source = event["source"].as_str().expect("a source");
            let (status, _) =
                Caller::anonymous().ask(site, (Method::GET, source, JSON), None).await;
            assert_eq!(status, 200, "{name} hears of {source}, which is not public");
        }
    }
}

/// All addresses of a business that can be read.
async fn addresses(site: Site<'_>, business: &str, cast: &Cast) -> Vec<(String, &'static str)> {
    let staff = cast.right.last().expect("the staff");
    let (_, index) = staff.ask(site, (Method::GET, &format!("/{business}"), JSON), None).await;
    let mut addresses = Vec::new();
    for list in ["resources", "views"] {
        for one in index[list].as_array().expect("a list") {
            let path = one["_links"]["self"]["href"].as_str().expect("a link");
            addresses.push((path.to_owned(), JSON));
            for number in 1..=NUMBERS {
                let forms = FORMS.iter().filter(|(rest, _)| list == "resources" || rest.is_empty());
                addresses.extend(
                    forms.map(|(rest, accept)| (format!("{path}/{number}{rest}"), *accept)),
                );
            }
        }
    }
    for number in 1..=NUMBERS {
        addresses.push((format!("/{business}/conversations/{number}"), JSON));
    }
    addresses
}

/// Checks one address. Returns whether a right caller sees something there that is not public.
async fn is_hidden(site: Site<'_>, (path, accept): (&str, &str), cast: &Cast) -> bool {
    let plain = (Method::GET, path, JSON);
    if Caller::anonymous().ask(site, plain.clone(), None).await.0 == 200 {
        return false;
    }
    let mut is_shown = false;
    for caller in &cast.right {
        let (status, body) = caller.ask(site, plain.clone(), None).await;
        is_shown |= status == 200 && body["page"]["totalElements"] != 0;
    }
    for caller in &cast.wrong {
        let (status, body) = caller.ask(site, (Method::GET, path, accept), None).await;
        let is_empty = status == 200 && body["page"]["totalElements"] == 0;
        let sees_nothing = is_empty || matches!(status, 403 | 404);
        assert!(sees_nothing, "GET {path} as {accept} by {}: {status} {body}", caller.name);
    }
    is_shown
}

/// The events of a business that a caller gets from the feed and from a subscription.
async fn events(site: Site<'_>, business: &str, caller: &Caller) -> Vec<Value> {
    let path = format!("/events?after=beginning&business={business}");
    let (_, feed) = caller.ask(site, (Method::GET, &path, JSON), None).await;
    let mut events = feed["events"].as_array().cloned().unwrap_or_default();
    let subscription = format!("/subscriptions/{business}-{}", caller.name.len());
    let terms = json!({ "start": "beginning", "filter": { "business": business } });
    let (status, made) = caller.ask(site, (Method::PUT, &subscription, JSON), Some(terms)).await;
    assert_eq!(status, 201, "{made}");
    let claim = format!("{subscription}/claim");
    let (status, claimed) =
        caller.ask(site, (Method::POST, &claim, JSON), Some(json!({ "batch": 1_000 }))).await;
    assert_eq!(status, 200, "{claimed}");
    events.extend(claimed["events"].as_array().cloned().unwrap_or_default());
    events
}
