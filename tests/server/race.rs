//! Thirty-two clients order the last ten of something at once: ten get one, all others get the
//! money back, and none is left over.

use crate::support::inside::Running;
use madang::config::Config;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{net::SocketAddr, ops::RangeInclusive};
use tokio::task::JoinSet;

const ROUNDS: u64 = 100;
const CLIENTS: u64 = 32;
const LAST: usize = 10;
/// The clients that get none.
const OTHERS: usize = 22;

#[tokio::test]
async fn the_last_ten_taxis_are_given_to_ten_of_thirty_two() {
    let app = Running::start(patient);
    let street = Street { client: crate::support::client(), at: app.address };
    for round in 1..=ROUNDS {
        let fleet =
            json!({"taxiName": "k5", "companyName": "tmap", "stockCnt": LAST, "itemPrice": 1});
        assert_eq!(street.send(Method::POST, "/taxis", fleet).await.0, 201);
        let orders = (round - 1) * CLIENTS + 1..=round * CLIENTS;
        let called = street
            .all(
                orders.clone(),
                |_| "/orders".into(),
                Method::POST,
                &json!({"orderType": "basic", "name": "Jung"}),
            )
            .await;
        assert!(called.iter().all(|(status, order)| *status == 201 && order["status"] == "Paid"));
        for order in orders.clone() {
            street.becomes(&format!("/reservations/{order}"), "Reservation Complete").await;
        }
        let confirm = json!({"status": "confirmed", "taxiId": round});
        let reservation = |order| format!("/reservations/{order}");
        let answers = street.all(orders.clone(), reservation, Method::PATCH, &confirm).await;
        let got = answers.iter().filter(|(status, _)| *status == 200).count();
        let refused = answers
            .iter()
            .filter(|(status, why)| *status == 409 && why["detail"] == "the taxi is out of stock");
        assert_eq!((got, refused.count()), (LAST, OTHERS), "{answers:?}");
        assert_eq!(street.get(&format!("/taxis/{round}")).await["stockCnt"], 0);
        street.go_home(orders).await;
        assert_eq!(street.get(&format!("/taxis/{round}")).await["stockCnt"], 0);
    }
}

#[tokio::test]
async fn the_last_ten_cars_are_rented_by_ten_of_thirty_two() {
    let app = Running::start(|config| {
        config.only = vec!["rental".into()];
        patient(config);
    });
    let street = Street { client: crate::support::client(), at: app.address };
    for round in 1..=ROUNDS {
        let cars = json!({"name": "k5", "status": "...", "cnt": LAST});
        assert_eq!(street.send(Method::POST, "/cars", cars).await.0, 201);
        let orders = (round - 1) * CLIENTS + 1..=round * CLIENTS;
        let order = json!({"carId": round});
        let paid = street.all(orders.clone(), |_| "/orders".into(), Method::POST, &order).await;
        // An order that is rejected quickly enough is answered 409 at once.
        assert!(paid.iter().all(|(status, _)| [201, 409].contains(status)), "{paid:?}");
        let mut rented = 0;
        for order in orders {
            let status = street.settled(&format!("/orders/{order}")).await;
            rented += usize::from(status == "Confirmed");
            let pay = if status == "Confirmed" { "Paid" } else { "Refunded" };
            assert_eq!(street.get(&format!("/pays/{order}")).await["status"], pay);
        }
        assert_eq!(rented, LAST);
        let car = street.get(&format!("/cars/{round}")).await;
        assert_eq!((&car["cnt"], &car["registeredCnt"]), (&json!(0), &json!(LAST)));
    }
}

/// Long enough that no client is answered 202 on a slow machine.
fn patient(config: &mut Config) {
    config.http.wait_max_ms = 30_000;
}

/// A client and the address of the server.
struct Street {
    client: Client,
    at: SocketAddr,
}

impl Street {
    async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        said(self.client.clone(), method, format!("http://{}{path}", self.at), body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer =
            self.client.get(format!("http://{}{path}", self.at)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Sends the same command for each of these numbers concurrently.
    async fn all(
        &self,
        numbers: impl IntoIterator<Item = u64>,
        path: impl Fn(u64) -> String,
        method: Method,
        body: &Value,
    ) -> Vec<(u16, Value)> {
        let mut answers = JoinSet::new();
        for number in numbers {
            let url = format!("http://{}{}", self.at, path(number));
            answers.spawn(said(self.client.clone(), method.clone(), url, body.clone()));
        }
        answers.join_all().await
    }

    /// Polls until the order has this status.
    async fn becomes(&self, path: &str, status: &str) {
        while self.get(path).await["status"] != status {
            tokio::task::yield_now().await;
        }
    }

    /// Polls until the order is confirmed or rejected; returns the status.
    async fn settled(&self, path: &str) -> String {
        loop {
            let order = self.get(path).await;
            let status = order["status"].as_str().expect("a status");
            if ["Confirmed", "Rejected"].contains(&status) {
                return status.to_owned();
            }
            tokio::task::yield_now().await;
        }
    }

    /// Each winner has paid. All others cancel concurrently and are refunded.
    async fn go_home(&self, orders: RangeInclusive<u64>) {
        let mut without = vec![];
        for order in orders {
            if self.get(&format!("/reservations/{order}")).await["status"] == "Confirmed" {
                self.becomes(&format!("/orders/{order}"), "Confirmed").await;
                assert_eq!(self.get(&format!("/payments/{order}")).await["status"], "Approved");
            } else {
                without.push(order);
            }
        }
        let order = |number| format!("/orders/{number}");
        let cancel = json!({"status": "cancelled"});
        let answers = self.all(without.clone(), order, Method::PATCH, &cancel).await;
        assert_eq!(answers.len(), OTHERS);
        assert!(
            answers.iter().all(|(status, order)| *status == 200 && order["status"] == "Cancelled")
        );
        for number in without {
            assert_eq!(self.get(&format!("/payments/{number}")).await["status"], "Refunded");
        }
    }
}

async fn said(client: Client, method: Method, url: String, body: Value) -> (u16, Value) {
    let answer = client.request(method, url).json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}
