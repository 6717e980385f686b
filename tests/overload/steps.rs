//! The gates in front of awaited steps: one aggregate acts for another while a client waits.

use crate::site::{Site, is_problem, set_gate, until};
use reqwest::Method;
use serde_json::{Value, json};

/// An aggregate whose cancellation waits for another component.
struct Step {
    gate: &'static str,
    /// The component that takes the step.
    component: &'static str,
    settings: (&'static str, Value),
    /// The collection, the body that creates an aggregate, and the body that cancels it.
    collection: &'static str,
    create: Value,
    cancel: Value,
    /// The status before the cancellation.
    stands: &'static str,
}

fn claims() -> Step {
    Step {
        gate: "claims/review",
        component: "claims/reviews",
        settings: ("claims", json!({"cancel_within_ms": 50})),
        collection: "/claims/claims",
        create: json!({"customerId": 1, "price": 500}),
        cancel: json!({"status": "Canceled Claim"}),
        stands: "UnderReview",
    }
}

fn phone() -> Step {
    Step {
        gate: "phone/reward",
        component: "phone/rewards",
        settings: ("phone", json!({"auto_ship": false, "cancel_within_ms": 50})),
        collection: "/phone/orders",
        create: json!({"item": "GX Note99", "qty": 2, "price": 990_000}),
        cancel: json!({"status": "cancel"}),
        stands: "Paid",
    }
}

impl Step {
    /// Starts an application with this many aggregates, and suspends the component.
    async fn suspended(&self, count: u64, gate: Value) -> Site {
        let (business, settings) = self.settings.clone();
        let site = Site::of(madang::shipped, |config| {
            config.only = vec![business.into()];
            config.businesses.insert(business.into(), settings);
            set_gate(config, self.gate, gate);
        });
        for number in 1..=count {
            assert_eq!(site.post(self.collection, &self.create).await.status(), 201);
            let path = self.path(number);
            let stands = || async { site.shown(&path).await["status"] == self.stands };
            until(async || stands().await.then_some(())).await;
        }
        self.turn(&site, "suspend").await;
        site
    }

    fn path(&self, number: u64) -> String {
        format!("{}/{number}", self.collection)
    }

    async fn turn(&self, site: &Site, turn: &str) {
        let path = format!("/admin/components/{}/{turn}", self.component);
        assert_eq!(site.post(&path, &Value::Null).await.status(), 200);
    }

    /// The first cancellations get no answer in time. Then all others are refused at once and change
    /// nothing.
    async fn opens(&self) {
        let gate = json!({"consecutive_failures": 2, "open_ms": 600_000, "open_ms_max": 600_000});
        let site = self.suspended(3, gate).await;
        for number in 1..=2 {
            let waited = site.send(Method::PATCH, &self.path(number), &self.cancel).await;
            is_problem(waited, 503, "unavailable").await;
        }
        let before = site.version(&self.path(3)).await;
        for _ in 0..5 {
            let told = site.send(Method::PATCH, &self.path(3), &self.cancel).await;
            let told = is_problem(told, 503, "gate-open").await;
            assert_eq!(told["gate"], self.gate);
        }
        assert_eq!(site.version(&self.path(3)).await, before, "a refused command was written");
        assert_eq!(site.shown(&self.path(3)).await["status"], self.stands);
        // The gate does not delay commands that do not need the step.
        assert_eq!(site.post(self.collection, &self.create).await.status(), 201);
        let unknown = site.send(Method::PATCH, &self.path(999), &self.cancel).await;
        assert!(matches!(unknown.status().as_u16(), 404 | 409), "{}", unknown.status());
    }

    /// When the component is back, the gate closes by itself.
    async fn closes(&self) {
        let gate = json!({"consecutive_failures": 1, "open_ms": 1, "open_ms_max": 1,
            "probes_per_s": 1000.0, "trial_calls": 1});
        let site = self.suspended(2, gate).await;
        let waited = site.send(Method::PATCH, &self.path(1), &self.cancel).await;
        is_problem(waited, 503, "unavailable").await;
        self.turn(&site, "resume").await;
        for number in 1..=2 {
            until(async || {
                let answered = site.send(Method::PATCH, &self.path(number), &self.cancel).await;
                (answered.status() == 200).then_some(())
            })
            .await;
            assert_eq!(site.shown(&self.path(number)).await["status"], "Cancelled");
        }
    }
}

#[tokio::test]
async fn the_first_cancellations_wait_and_the_others_are_refused_at_once_while_reviews_are_down() {
    claims().opens().await;
}

#[tokio::test]
async fn claims_are_cancelled_again_when_reviews_are_back() {
    claims().closes().await;
}

#[tokio::test]
async fn the_first_cancellations_wait_and_the_others_are_refused_at_once_while_rewards_are_down() {
    phone().opens().await;
}

#[tokio::test]
async fn orders_of_phones_are_cancelled_again_when_rewards_are_back() {
    phone().closes().await;
}
