//! Clients that wait for a pending outcome, and the steps that they wait for.

use crate::actors::{
    aggregate::envelope::{Keyed, ReplyTo},
    api::{Outcome, RequestError},
    gate::{CallOutcome, Permit},
};
use std::mem;

/// The clients that wait for one instance.
#[derive(Default)]
pub(super) struct Waiting {
    clients: Vec<Client>,
}

/// A waiting client.
pub(super) struct Client {
    /// The kind of success to reply with.
    pub outcome: Outcome,
    /// The channel for its reply.
    pub to: ReplyTo,
    /// Its idempotency key, under which the answer is stored.
    pub keyed: Option<Box<Keyed>>,
    /// Held while another aggregate takes the step that the client waits for.
    step: Option<Permit>,
}

impl Waiting {
    pub(super) const fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Adds a client. Before the list grows, clients that are gone are removed.
    pub(super) fn push(
        &mut self,
        outcome: Outcome,
        to: ReplyTo,
        keyed: Option<Box<Keyed>>,
        step: Option<Permit>,
    ) {
        if self.clients.len() == self.clients.capacity() {
            self.clients.retain(|client| !client.to.is_closed());
        }
        self.clients.push(Client { outcome, to, keyed, step });
    }

    /// Refuses the client that was added last.
    pub(super) fn refuse_last(&mut self, request_error: RequestError) {
        if let Some(client) = self.clients.pop() {
            client.to.send(Err(request_error));
        }
    }

    /// Refuses all waiting clients with this error.
    pub(super) fn refuse_all(&mut self, request_error: &RequestError) {
        for client in self.take() {
            client.to.send(Err(request_error.clone()));
        }
    }

    /// Takes all waiting clients out, to be answered.
    pub(super) fn take(&mut self) -> Vec<Client> {
        mem::take(&mut self.clients)
    }

    /// Whether a client waits for a step.
    pub(super) fn is_for_step(&self) -> bool {
        self.clients.iter().any(|client| client.step.is_some())
    }

    /// Reports the outcome of the step to its gate.
    pub(super) fn step_went(&mut self, outcome: CallOutcome) {
        for permit in self.clients.iter_mut().filter_map(|client| client.step.take()) {
            permit.report(outcome);
        }
    }

    /// Removes clients that are gone. A step that they waited for was not taken in time.
    pub(super) fn give_up_gone(&mut self) {
        for client in self.clients.extract_if(.., |client| client.to.is_closed()) {
            if let Some(permit) = client.step {
                permit.report(CallOutcome::Failed);
            }
        }
    }
}
