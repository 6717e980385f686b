//! The health of a runtime's parts: the journal, subscribers, views, components and gates.

use super::Runtime;
use crate::actors::{
    api::{Health, Part, Status},
    gate::GateInfo,
    operations::Component,
    subscription::Progress,
    supervision::stalled_commit,
    view::ViewReader,
};
use std::sync::atomic::Ordering;

impl Runtime {
    /// Returns the health of all parts. Never waits.
    #[must_use]
    pub fn health(&self) -> Health {
        let durable = self.parts.journal.durable();
        let mut parts = vec![self.journal_part()];
        let subscribers = self.parts.subscribers.iter();
        parts.extend(subscribers.map(|progress| subscriber_part(progress, durable)));
        parts.extend(self.parts.rows.iter().map(|rows| view_part(rows, durable)));
        parts.push(view_part(&self.parts.conversations.index, durable));
        let components = self.parts.components.all();
        let suspended = components.iter().filter(|component| component.is_suspended());
        parts.extend(suspended.filter_map(|component| suspended_part(component)));
        parts.extend(self.gates().infos().iter().filter_map(gate_part));
        Health { parts }
    }

    fn journal_part(&self) -> Part {
        let (journal, shared) = (&self.parts.journal, &self.parts.shared);
        let active = shared.active.load(Ordering::Relaxed);
        let failure = journal.check_accepting().err().map(|error| error.to_string());
        let failure = failure.or_else(|| stalled_commit(&**journal));
        let status = if failure.is_none() { Status::Up } else { Status::Down };
        let mut details = vec![
            ("durable", journal.durable().to_string()),
            ("submitted", journal.submitted().to_string()),
            ("generation", journal.generation().to_string()),
            ("recordsRead", journal.records_read().to_string()),
            ("activeAggregates", active.to_string()),
        ];
        details.extend(failure.map(|reason| ("reason", reason)));
        Part { name: "journal".into(), status, details }
    }
}

/// Returns the health of a suspended aggregate kind; subscribers report their own suspension.
fn suspended_part(component: &Component) -> Option<Part> {
    component.parts().contains(&"aggregate").then(|| Part {
        name: format!("aggregate {}", component.name),
        status: Status::OutOfService,
        details: vec![("commandsWaiting", component.waiting().to_string())],
    })
}

/// Returns the health of a gate that is not closed.
fn gate_part(gate: &GateInfo) -> Option<Part> {
    let status = match gate.state {
        "closed" => return None,
        "open" => Status::OutOfService,
        _ => Status::Up,
    };
    let details = vec![("state", gate.state.to_owned()), ("reason", gate.reason.clone())];
    Some(Part { name: format!("gate {}", gate.name), status, details })
}

fn subscriber_part(progress: &Progress, durable: u64) -> Part {
    let error = progress.error();
    let position = progress.position(durable);
    let mut details = vec![
        ("position", position.to_string()),
        ("behind", durable.saturating_sub(position).to_string()),
        ("underWay", progress.waiting().to_string()),
    ];
    let status = match (&error, progress.component().is_suspended()) {
        (Some(_), _) => Status::Down,
        (None, true) => Status::OutOfService,
        (None, false) => Status::Up,
    };
    details.extend(error.map(|reason| ("reason", reason)));
    Part { name: progress.name().to_owned(), status, details }
}

fn view_part(rows: &ViewReader, durable: u64) -> Part {
    let mut part = subscriber_part(&rows.progress, durable);
    let storage = rows.storage();
    if let Some(percent) = storage.checked_percent() {
        if part.status == Status::Up {
            part.status = Status::OutOfService;
            let reason = "its file is compared with what was written to it";
            part.details.push(("reason", reason.to_owned()));
        }
        part.details.push(("checkedPercent", percent.to_string()));
    }
    if let Some((reason, percent)) = storage.rebuild() {
        if part.status == Status::Up {
            part.status = Status::OutOfService;
            part.details.push(("reason", reason));
        }
        part.details.push(("rebuildPercent", percent.to_string()));
    }
    part
}
