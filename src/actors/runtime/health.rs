//! The health of a runtime's parts: the journal, subscribers, views, components and gates.

use super::Runtime;
use crate::actors::{
    api::{Health, Part, Status},
    gate::GateInfo,
    operations::Context,
    subscription::Progress,
    supervision::hanging,
    view::ViewReader,
};
use std::sync::atomic::Ordering;

impl Runtime {
    /// Returns the health of all parts. Never waits.
    #[must_use]
    pub fn health(&self) -> Health {
        let durable = self.parts.journal.durable();
        let mut parts = vec![self.journal_part()];
        let followers = self.parts.followers.iter();
        parts.extend(followers.map(|progress| subscriber_part(progress, durable)));
        parts.extend(self.parts.rows.iter().map(|rows| view_part(rows, durable)));
        parts.push(view_part(&self.parts.conversations.index, durable));
        let contexts = self.parts.contexts.all();
        let suspended = contexts.iter().filter(|context| context.is_suspended());
        parts.extend(suspended.filter_map(|context| suspended_part(context)));
        parts.extend(self.gates().infos().iter().filter_map(gate_part));
        Health { parts }
    }

    fn journal_part(&self) -> Part {
        let (journal, shared) = (&self.parts.journal, &self.parts.shared);
        let living = shared.living.load(Ordering::Relaxed);
        let trouble = journal.takes().err().map(|error| error.to_string());
        let trouble = trouble.or_else(|| hanging(journal));
        let status = if trouble.is_none() { Status::Up } else { Status::Down };
        let mut details = vec![
            ("durable", journal.durable().to_string()),
            ("submitted", journal.submitted().to_string()),
            ("generation", journal.generation().to_string()),
            ("recordsRead", journal.records_read().to_string()),
            ("livingAggregates", living.to_string()),
        ];
        details.extend(trouble.map(|because| ("because", because)));
        Part { name: "journal".into(), status, details }
    }
}

/// Returns the health of a suspended aggregate kind; subscribers report their own suspension.
fn suspended_part(context: &Context) -> Option<Part> {
    context.parts().contains(&"aggregate").then(|| Part {
        name: format!("aggregate {}", context.name),
        status: Status::OutOfService,
        details: vec![("commandsWaiting", context.waiting().to_string())],
    })
}

/// Returns the health of a gate that is not closed.
fn gate_part(gate: &GateInfo) -> Option<Part> {
    let status = match gate.state {
        "closed" => return None,
        "open" => Status::OutOfService,
        _ => Status::Up,
    };
    let details = vec![("state", gate.state.to_owned()), ("because", gate.because.clone())];
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
    let status = match (&error, progress.context().is_suspended()) {
        (Some(_), _) => Status::Down,
        (None, true) => Status::OutOfService,
        (None, false) => Status::Up,
    };
    details.extend(error.map(|because| ("because", because)));
    Part { name: progress.name().to_owned(), status, details }
}

fn view_part(rows: &ViewReader, durable: u64) -> Part {
    let mut part = subscriber_part(&rows.progress, durable);
    let storage = rows.storage();
    if let Some(percent) = storage.checked_percent() {
        if part.status == Status::Up {
            part.status = Status::OutOfService;
            let because = "its file is compared with what was written to it";
            part.details.push(("because", because.to_owned()));
        }
        part.details.push(("checkedPercent", percent.to_string()));
    }
    if let Some((because, percent)) = storage.rebuild() {
        if part.status == Status::Up {
            part.status = Status::OutOfService;
            part.details.push(("because", because));
        }
        part.details.push(("madeAnewPercent", percent.to_string()));
    }
    part
}
