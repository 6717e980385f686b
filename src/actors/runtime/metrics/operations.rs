//! The figures of operation: components, quarantine, restarts, and blocked loops.

use super::Runtime;
use crate::metrics::Families;

impl Runtime {
    pub(super) fn add_operations(&self, families: &mut Families) {
        let components = self.parts.components.all();
        let family =
            families.gauge("madang_component_suspended", "Whether a component is suspended (1)");
        for component in &components {
            family.add([("component", component.name)], component.is_suspended());
        }
        let family = families.gauge(
            "madang_component_waiting_commands",
            "Commands of other parts that wait for a suspended component",
        );
        for component in &components {
            family.add([("component", component.name)], component.waiting());
        }
        let family = families.gauge("madang_quarantine_entries", "Instances in quarantine");
        for (name, count) in self.parts.shared.quarantine.counts() {
            family.add([("name", name)], count);
        }
        let family = families
            .counter("madang_operations_events", "Events of the operations log by their name");
        for (event, count) in self.parts.shared.operations_log.counts() {
            family.add([("event", event)], count);
        }
        families
            .gauge("madang_blocked_loops", "Event loops and commits that are blocked")
            .add([], self.blocked().len());
        families
            .counter("madang_supervisor_checks", "Checks of the supervisor")
            .add([], self.looks());
    }
}
