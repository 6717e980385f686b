//! Times are RFC 3339 in representations, and both forms are read.

use crate::{Taxi, header, json_of, sent, support::inside::Running};
use madang::domain::kernel::Timestamp;
use serde_json::{Value, json};

fn time(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
    assert_eq!((text.len(), text.ends_with('Z')), (24, true), "{text}");
    Timestamp::from_rfc3339(text).unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn a_row_shows_its_times_as_rfc_3339_and_is_found_by_both_forms() {
    let taxi = Taxi::start(|_| ());
    let order = sent(taxi.order()).await;
    let position = header(&order, "x-madang-position").expect("a position").to_owned();
    let row = json_of(taxi.get(&format!("/taxi/mypages/1?at-least={position}")).await).await;
    let called_at = time(&row["calledAt"]);
    assert!(time(&row["changedAt"]) >= called_at);

    let total = async |condition: String| {
        let found = json_of(taxi.get(&format!("/taxi/mypages?{condition}")).await).await;
        found["page"]["totalElements"].clone()
    };
    let (text, ms) = (called_at.to_rfc3339(), called_at.0);
    for condition in [format!("calledAt={text}"), format!("calledAt={ms}")] {
        assert_eq!(total(condition.clone()).await, 1, "{condition}");
    }
    let later = Timestamp(ms + 1).to_rfc3339();
    for condition in [format!("calledAt_from={later}"), format!("calledAt_from={}", ms + 1)] {
        assert_eq!(total(condition.clone()).await, 0, "{condition}");
    }
    assert_eq!(total(format!("calledAt_to={text}")).await, 1);
}

#[tokio::test]
async fn answers_to_operators_and_conversations_show_times_as_rfc_3339() {
    let taxi = Taxi::start(|_| ());
    sent(taxi.order()).await;
    let suspended = sent(taxi.request("POST", "/admin/components/taxi/sms/suspend")).await;
    time(&json_of(suspended).await["since"]);
    time(&json_of(taxi.get("/admin/gates/taxi/payment").await).await["since"]);
    let conversation = json_of(taxi.get("/taxi/conversations/1").await).await;
    time(&conversation["_embedded"]["records"][0]["at"]);
}

#[tokio::test]
async fn a_date_that_older_clients_know_as_a_number_stays_one_and_is_read_in_both_forms() {
    let data = tempfile::tempdir().expect("a folder");
    let only_claims = |config: &mut madang::config::Config| config.only = vec!["claims".into()];
    let running = Running::serve(data.path(), only_claims, madang::shipped);
    let client = crate::support::client();
    for date in [json!(1_622_635_791_863_u64), json!("2021-06-02T21:09:51.863+09:00")] {
        let claim = json!({ "customerId": 1, "price": 500, "claimDt": date });
        let url = format!("http://{}/claims/claims", running.address);
        let answer = sent(client.post(url).json(&claim)).await;
        assert_eq!(answer.status(), 201, "{date}");
        assert_eq!(json_of(answer).await["claimDt"], 1_622_635_791_863_u64, "{date}");
    }
    let claim = json!({ "customerId": 1, "price": 500, "claimDt": "soon" });
    let url = format!("http://{}/claims/claims", running.address);
    let refused = json_of(sent(client.post(url).json(&claim)).await).await;
    assert_eq!(refused["status"], 422);
    assert_eq!(refused["errors"][0]["pointer"], "#/claimDt", "{refused}");
}
