//! Messages to customers while their service does not answer.

use crate::support::{client, inside::Running, suspension::HANG};
use madang::{actors::PortSettings, config::Config};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

/// Their messages are more than may be in progress at once.
const ORDERS: usize = 600;

#[tokio::test]
async fn a_message_without_a_phone_number_is_recorded_at_once_while_all_others_wait() {
    let taxi = Running::start(|config: &mut Config| {
        let hour_ms = 3_600_000;
        let settings = PortSettings {
            latency_ms_min: hour_ms,
            latency_ms_max: hour_ms,
            ..PortSettings::default()
        };
        config.ports.insert("taxi/sms".into(), settings);
    });
    let client = client();
    let order = |phone: &str| {
        let call = json!({"orderType": "basic", "name": "Jung", "phone": phone});
        client.post(format!("http://{}/taxi/orders", taxi.address)).json(&call).send()
    };
    for _ in 0..ORDERS / 100 {
        let mut orders: JoinSet<_> = (0..100).map(|_| order("010")).collect();
        while let Some(answer) = orders.join_next().await {
            assert_eq!(answer.expect("no panic").expect("an answer").status(), 201);
        }
    }
    let last = order("").await.expect("an answer");
    let last: Value = last.json().await.expect("json");
    let url = format!("http://{}/taxi/notices/{}", taxi.address, last["id"]);
    let is_recorded = async {
        loop {
            let answer = client.get(&url).send().await.expect("an answer");
            let notice: Value = answer.json().await.expect("json");
            if notice["told"] == json!(["Requested", "Paid"]) {
                break;
            }
        }
    };
    timeout(HANG, is_recorded).await.expect("its messages are recorded as failed");
}
