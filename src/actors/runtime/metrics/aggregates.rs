//! The figures of aggregates: instances in memory, mailboxes and quarantine.

use super::Runtime;
use crate::{actors::aggregate::KindFigures, metrics::Families};

impl Runtime {
    pub(super) fn add_aggregates(&self, families: &mut Families) {
        let endpoints = self.parts.endpoints.iter();
        let kinds: Vec<([_; 2], KindFigures, u64)> = endpoints
            .map(|endpoint| {
                let info = endpoint.info();
                let labels = [("business", info.business), ("kind", info.name)];
                (labels, endpoint.figures(), self.parts.journal.count(endpoint.kind()))
            })
            .collect();
        let family = families.gauge("madang_aggregates", "Aggregates in the journal");
        for (labels, _, stored) in &kinds {
            family.add(*labels, *stored);
        }
        let family = families.gauge("madang_aggregates_active", "Aggregates in memory");
        for (labels, figures, _) in &kinds {
            family.add(*labels, figures.activations.saturating_sub(figures.passivations));
        }
        let family = families.counter("madang_aggregate_activations", "Aggregates activated");
        for (labels, figures, _) in &kinds {
            family.add(*labels, figures.activations);
        }
        let family = families.counter("madang_aggregate_passivations", "Aggregates passivated");
        for (labels, figures, _) in &kinds {
            family.add(*labels, figures.passivations);
        }
        let family = families.gauge(
            "madang_mailbox_messages",
            "Messages on their way to the shards of an aggregate kind",
        );
        for (labels, figures, _) in &kinds {
            family.add(*labels, figures.queued);
        }
        let settings = &self.parts.shared.settings;
        families
            .gauge("madang_mailbox_messages_max", "The most messages of one kind on their way")
            .add([], settings.mailbox_messages_max);
        families
            .gauge("madang_aggregates_active_max", "The most aggregates in memory")
            .add([], settings.instances_max);
    }
}
