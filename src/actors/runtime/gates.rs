//! The gates of a running runtime, and the changes of their settings.

use super::{Runtime, operations::completed, parts::RuntimeParts};
use crate::actors::{
    api::{Caller, RequestError},
    gate::Gates,
    operations::OperationsEvent,
};
use serde_json::{Map, Value};
use std::sync::Arc;

impl Runtime {
    /// Returns the gates, which limit access to services and steps that can be slow, broken or
    /// busy.
    #[must_use]
    pub fn gates(&self) -> &Gates {
        &self.parts.shared.gates
    }

    /// Changes these keys of the gate of this name until the next start, as this operator. A null
    /// resets its key to the default. `None` when there is no such gate.
    ///
    /// # Errors
    /// A sentence that names the key that is unknown or has an invalid value.
    pub fn set_gate(
        &self,
        name: &str,
        changes: &Map<String, Value>,
        caller: &Caller,
    ) -> Result<Option<()>, String> {
        let set = self.gates().reconfigure(name, changes)?;
        Ok(set.map(|()| self.parts.record_gate((name, "until the next start"), changes, caller)))
    }

    /// Changes these keys of the gate of this name now and for every start, as this operator. A null
    /// resets its key to the default. The change is durable when this returns. `None` when there is
    /// no such gate.
    ///
    /// # Errors
    /// When a key is unknown or has an invalid value, or the journal does not take the change now.
    pub async fn persist_gate(
        &self,
        name: &str,
        changes: Map<String, Value>,
        caller: &Caller,
    ) -> Result<Option<()>, RequestError> {
        let (parts, name, caller) = (Arc::clone(&self.parts), name.to_owned(), caller.clone());
        completed(async move {
            let gates = &parts.shared.gates;
            let set = parts.gate_settings.persist(gates, &name, &changes, &caller).await?;
            Ok(set.map(|()| parts.record_gate((&name, "for every start"), &changes, &caller)))
        })
        .await
    }

    /// Forgets what was set for the gate of this name, persisted or not, as this operator. The
    /// change is durable when this returns. `None` when there is nothing to forget and no such gate.
    ///
    /// # Errors
    /// When the journal does not take the change now.
    pub async fn forget_gate(
        &self,
        name: &str,
        caller: &Caller,
    ) -> Result<Option<()>, RequestError> {
        let (parts, name, caller) = (Arc::clone(&self.parts), name.to_owned(), caller.clone());
        completed(async move {
            let reset = parts.gate_settings.forget(&parts.shared.gates, &name, &caller).await?;
            Ok(reset.map(|()| parts.record_gate((&name, "as configured"), &Map::new(), &caller)))
        })
        .await
    }
}

impl RuntimeParts {
    /// Records in the operations log that an operator changed a gate, and how long that holds.
    fn record_gate(
        &self,
        (gate, hold): (&str, &str),
        changes: &Map<String, Value>,
        caller: &Caller,
    ) {
        self.shared.operations_log.record(OperationsEvent::GateSet {
            gate: gate.to_owned(),
            changes: serde_json::to_string(changes).unwrap_or_default(),
            hold: hold.to_owned(),
            by: caller.subject().map(str::to_owned),
        });
    }
}
