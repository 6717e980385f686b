//! The figures of those that follow the journal: sagas, ports, lookups, views, and the subscriptions
//! of other programs.

use super::Runtime;
use crate::metrics::Families;

impl Runtime {
    pub(super) fn add_subscribers(&self, families: &mut Families) {
        let durable = self.parts.journal.durable();
        let subscribers = || {
            self.parts.subscribers.iter().map(|progress| {
                let (part, name) = progress.name().split_once(' ').unwrap_or_default();
                ([("part", part), ("name", name)], progress)
            })
        };
        let family = families.gauge(
            "madang_subscriber_lag_records",
            "Durable records after the last one that a saga, port, lookup or view has finished",
        );
        for (labels, progress) in subscribers() {
            family.add(labels, durable.saturating_sub(progress.position(durable)));
        }
        let family = families.gauge(
            "madang_subscriber_unfinished",
            "Items that a saga, port, lookup or view has begun or put aside",
        );
        for (labels, progress) in subscribers() {
            family.add(labels, progress.waiting());
        }
        let family = families.gauge(
            "madang_subscriber_failing",
            "Whether a saga, port, lookup or view retries after an error (1) or not (0)",
        );
        for (labels, progress) in subscribers() {
            family.add(labels, progress.error().is_some());
        }
    }

    /// Clients name their subscriptions, so there are figures of all of them together.
    pub(super) fn add_subscriptions(&self, families: &mut Families) {
        let durable = self.parts.journal.durable();
        let all = self.parts.subscriptions.all();
        let figures: Vec<_> = all.iter().map(|subscription| subscription.figures()).collect();
        let lags = figures.iter().map(|figures| durable.saturating_sub(figures.position));
        families
            .gauge("madang_subscriptions", "Subscriptions of other programs")
            .add([], figures.len());
        families
            .gauge(
                "madang_subscription_lag_records_max",
                "Records after the position of the subscription that is farthest behind",
            )
            .add([], lags.max().unwrap_or_default());
        let events = [
            ("waiting", figures.iter().map(|figures| figures.waiting).sum::<usize>()),
            ("claimed", figures.iter().map(|figures| figures.claimed).sum()),
            ("parked", figures.iter().map(|figures| figures.parked).sum()),
        ];
        let family = families
            .gauge("madang_subscription_events", "Events of all subscriptions by their state");
        for (state, count) in events {
            family.add([("state", state)], count);
        }
    }
}
